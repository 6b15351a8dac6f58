//! The commands. Exit codes: 0 done, 1 failed, 2 wrong usage.

use anyhow::Result;
use clap::{Parser, Subcommand};
use place::Place;
use std::process::ExitCode;
use tokio::runtime::Runtime;

mod account;
mod backup;
mod check;
mod demo;
mod keys;
mod lock;
mod logging;
mod place;
mod serve;
mod transfer;
mod verify;

/// Buting 不停: the work of a committee that keeps enterprises going.
#[derive(Parser)]
#[command(name = "buting", version, about)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the application.
    Serve(serve::Serve),
    /// Serve a demo zone.
    Demo(demo::Demo),
    /// Bring the schema up to date; a database with data is backed up first.
    Migrate,
    /// Read records from a file.
    Import(transfer::Import),
    /// Write records to a file.
    Export(transfer::Export),
    /// Back up everything but the keys, while the service runs.
    Backup(backup::Backup),
    /// Back up the keys: keep the file apart from the backups.
    BackupKeys(backup::BackupKeys),
    /// Restore a backup.
    Restore(backup::Restore),
    /// Check that nothing in the ledger was altered, removed or inserted.
    Verify(verify::Verify),
    /// Print the signed heads of the ledger, to be kept outside.
    Head,
    /// Add, disable or give a new password to an account.
    #[command(subcommand)]
    User(account::User),
    /// Make tokens for programs.
    #[command(subcommand)]
    Token(account::Token),
    /// Make zones.
    #[command(subcommand)]
    Zone(account::Zone),
    /// Replace keys.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Print the OpenAPI document.
    Openapi,
    /// Look at settings, keys, schema, disk, clock and calendar.
    Check,
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| {
        let done = runtime.block_on(carry_out(cli));
        // A thread that still computes or writes for a job must not keep the process.
        runtime.shutdown_background();
        done
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("buting: {error:#}");
            if error.chain().any(|cause| cause.is::<Usage>()) { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

async fn carry_out(Cli { place, command }: Cli) -> Result<()> {
    match command {
        Command::Serve(command) => command.run(&place).await,
        Command::Demo(command) => command.run(&place).await,
        Command::Migrate => serve::migrate_only(&place).await,
        Command::Import(command) => command.run(&place).await,
        Command::Export(command) => command.run(&place).await,
        Command::Backup(command) => command.run(&place).await,
        Command::BackupKeys(command) => command.run(&place).await,
        Command::Restore(command) => command.run(&place).await,
        Command::Verify(command) => command.run(&place).await,
        Command::Head => verify::head(&place).await,
        Command::User(command) => command.run(&place).await,
        Command::Token(command) => command.run(&place).await,
        Command::Zone(command) => command.run(&place).await,
        Command::Keys(command) => command.run(&place).await,
        Command::Openapi => check::openapi().await,
        Command::Check => check::run(&place).await,
    }
}

/// What was typed or configured cannot be meant: wrong usage, found after the
/// options were read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

fn usage(text: impl Into<String>) -> anyhow::Error {
    Usage(text.into()).into()
}

/// What a desk answered, in words for the one who typed the command.
fn plain(error: crate::error::Error) -> anyhow::Error {
    let problem = crate::http::problem::Problem::of(&error, crate::text::Lang::En);
    let mut text = match &error {
        crate::error::Error::Store(error) => return anyhow::Error::msg(error.to_string()),
        crate::error::Error::Internal(why) => return anyhow::Error::msg(why.clone()),
        _ => problem.title,
    };
    for wrong in problem.errors {
        text.push_str(&format!("; {}: {}", wrong.pointer.trim_start_matches('/'), wrong.detail));
    }
    match error {
        crate::error::Error::Invalid(_) => usage(text),
        _ => anyhow::Error::msg(text),
    }
}
