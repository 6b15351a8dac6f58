use super::place::Place;
use crate::zone::Zone;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::PathBuf;
use store::VerifyReport;
use vault::head::TreeHead;

#[derive(Args)]
pub struct Verify {
    /// A file with heads that were kept outside (see `buting head`); may be repeated.
    #[arg(long, value_name = "FILE")]
    head: Vec<PathBuf>,
}

impl Verify {
    pub async fn run(self, place: &Place) -> Result<()> {
        let mut outside = Vec::new();
        for file in &self.head {
            let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            outside.extend(TreeHead::from_text(&text).with_context(|| format!("{} holds no heads", file.display()))?);
        }
        let app = place.settings()?.app().await?;
        tell(&app.db.verify(&outside).await?)
    }
}

/// Tells what was found; an error when the ledger does not hold.
pub fn tell(report: &VerifyReport) -> Result<()> {
    for fault in &report.faults {
        println!("{}: {}", fault.kind, fault.text);
    }
    println!(
        "{} rows, {} of them not sealed yet; {} signed heads.",
        report.rows + report.unsealed,
        report.unsealed,
        report.heads
    );
    match report.faults.len() {
        0 => {
            println!("The ledger is whole.");
            Ok(())
        }
        1 => bail!("the ledger is not whole: 1 fault"),
        n => bail!("the ledger is not whole: {n} faults"),
    }
}

/// Prints the last signed head of every zone.
pub async fn head(place: &Place) -> Result<()> {
    let app = place.settings()?.app().await?;
    let zones = Zone::all(&mut app.read().await?).await?;
    for zone in zones {
        if let Some((head, signed)) = app.db.ledger_head(zone.zone_id).await? {
            print!("{}", head.to_text(&signed));
        }
    }
    Ok(())
}
