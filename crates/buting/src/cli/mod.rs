//! The commands. Exit codes: 0 done, 1 failed, 2 wrong usage.

use clap::{Parser, Subcommand};
use std::process::ExitCode;

mod serve;

/// Buting 不停
#[derive(Parser)]
#[command(name = "buting", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the application.
    Serve(serve::Serve),
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(command) => command.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("buting: {error:#}");
            ExitCode::FAILURE
        }
    }
}
