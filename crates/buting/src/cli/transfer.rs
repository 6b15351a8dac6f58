use super::account::{command, zone_of};
use super::place::Place;
use super::plain;
use crate::http::sheet::Format;
use crate::registry::import::{self, Kind, State};
use crate::registry::{EnterpriseQuery, export};
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

#[derive(Args)]
pub struct Import {
    /// What the sheet holds: enterprises, carriers, contacts, departments, staff, projects, assignments.
    #[arg(value_parser = kind)]
    kind: Kind,
    /// A CSV or XLSX file.
    file: PathBuf,
    /// Check every row and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// The zone's handle; without it, the first zone.
    #[arg(long)]
    zone: Option<String>,
}

fn kind(word: &str) -> Result<Kind, String> {
    let known = || Kind::ALL.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
    Kind::parse(word).ok_or_else(|| format!("what can be imported: {}", known()))
}

impl Import {
    pub async fn run(self, place: &Place) -> Result<()> {
        let bytes = fs::read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let app = place.settings()?.writing_app().await?;
        let who = command(zone_of(&app, self.zone.as_deref()).await?);
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let report = import::run(&app, &who, self.kind, bytes, &name, self.dry_run).await.map_err(plain)?;
        for notice in &report.notices {
            println!("{notice}");
        }
        for wrong in &report.errors {
            println!("{} {}{}: {}", wrong.sheet, wrong.column, wrong.row, wrong.message);
        }
        if report.state == State::Failed {
            bail!("{} cannot be read: {}", self.file.display(), report.failure.unwrap_or_default());
        }
        let would = if report.dry_run { "nothing written; would be: " } else { "" };
        println!(
            "{would}{} new, {} changed, {} as known, {} rejected",
            report.created, report.updated, report.unchanged, report.rejected
        );
        ensure!(report.rejected == 0, "{} rows were rejected", report.rejected);
        Ok(())
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Exported {
    Enterprises,
}

#[derive(Args)]
pub struct Export {
    /// What to write.
    kind: Exported,
    /// The file to make, .csv or .xlsx; it must not be there yet.
    file: PathBuf,
    /// The zone's handle; without it, the first zone.
    #[arg(long)]
    zone: Option<String>,
}

impl Export {
    pub async fn run(self, place: &Place) -> Result<()> {
        let ending = self.file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if !matches!(ending.as_str(), "csv" | "xlsx") {
            return Err(super::usage("the file's name must end in .csv or .xlsx"));
        }
        let app = place.settings()?.app().await?;
        let who = command(zone_of(&app, self.zone.as_deref()).await?);
        let bytes = match self.kind {
            Exported::Enterprises => {
                let (all, here) = (EnterpriseQuery::default(), IpAddr::V4(Ipv4Addr::LOCALHOST));
                let format = Format::read(&ending);
                export::enterprise_sheet(&app, &who, all, &export::importable(), format, here, export::CHUNK)
                    .await
                    .map_err(plain)?
            }
        };
        let shown = self.file.display();
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .open(&self.file)
            .with_context(|| format!("cannot make {shown}"))?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).with_context(|| format!("cannot write {shown}"))
    }
}
