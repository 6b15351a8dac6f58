use clap::ValueEnum;
use std::io::stderr;
use tracing_subscriber::EnvFilter;

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line for people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Begins the log on standard error. `BUTING_LOG` chooses what is told
/// (`warn`, `buting=debug`); without it, `info`.
pub fn begin(format: Format) {
    let filter = EnvFilter::try_from_env("BUTING_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    // A second call, in tests, finds the log begun.
    let _ = match format {
        Format::Text => log.with_ansi(false).with_target(false).try_init(),
        Format::Json => log.json().flatten_event(true).with_current_span(false).try_init(),
    };
}
