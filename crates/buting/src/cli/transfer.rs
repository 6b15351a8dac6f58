use super::place::Place;
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum KindOfRecord {
    Enterprises,
}

#[derive(Args)]
pub struct Import {
    /// What the file holds.
    kind: KindOfRecord,
    /// A CSV or XLSX file.
    file: PathBuf,
    /// Check everything and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// The zone's handle; without it, the first zone.
    #[arg(long)]
    zone: Option<String>,
}

#[derive(Args)]
pub struct Export {
    /// What to write.
    kind: KindOfRecord,
    /// The file to make; .csv or .xlsx.
    file: PathBuf,
    /// The zone's handle; without it, the first zone.
    #[arg(long)]
    zone: Option<String>,
}
