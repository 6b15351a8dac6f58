//! How quick Buting is on a city's worth of data, beside the same SQL run bare.
//!
//! `bench run` loads a scratch database, serves it from this process, lets a
//! process of its own ask over HTTP, and prints one line per measurement.

mod client;
mod load;
mod measure;
mod scenes;

use anyhow::Result;
use clap::{Parser, Subcommand};
use load::Size;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "bench", about = "Measures Buting on a city's worth of data")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Load, serve, measure, print.
    Run {
        /// `postgres://…`; without it, an embedded database in a scratch directory.
        #[arg(long)]
        database: Option<String>,
        /// Enterprises.
        #[arg(long, default_value_t = 10_000)]
        enterprises: usize,
        /// Appeals.
        #[arg(long, default_value_t = 100_000)]
        appeals: usize,
        /// Rows of history.
        #[arg(long, default_value_t = 228_000)]
        history: usize,
        /// A tenth of the data and of the requests.
        #[arg(long)]
        quick: bool,
        /// Only measurements with this in their name.
        #[arg(long)]
        only: Option<String>,
    },
    /// Ask a server and print how long each answer took (used by `run`).
    Client(client::Ask),
}

fn main() -> ExitCode {
    // A measurement that fails says why.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::ERROR)
        .init();
    match work(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn work(cli: Cli) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    match cli.command {
        Command::Client(ask) => runtime.block_on(client::run(ask)),
        Command::Run { database, enterprises, appeals, history, quick, only } => {
            let part = if quick { 10 } else { 1 };
            let size = Size { enterprises: enterprises / part, appeals: appeals / part, history: history / part };
            runtime.block_on(scenes::run(database, size, part, only))
        }
    }
}
