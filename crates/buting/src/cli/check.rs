use super::place::{FEW, Place, Settings};
use crate::app::{App, Config, Now, SystemClock};
use crate::appeal;
use crate::clock;
use crate::document::print::{FONTS, Printer};
use crate::http::openapi;
use crate::migrations::MIGRATIONS;
use crate::time::Time;
use crate::zone::Zone;
use almanac::{Calendar, Status};
use anyhow::{Context, Result, bail};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use store::{Db, Options};
use vault::keyring::Keyring;

/// Less free space than this is told (bytes).
const LITTLE_SPACE: u64 = 1 << 30;
/// Before this day the machine's clock is surely wrong: the program is younger.
const TOO_EARLY: Time = Time::from_ms(1_764_547_200_000);

/// Prints the OpenAPI document. It needs no database: the routes stand in the
/// program.
pub async fn openapi() -> Result<()> {
    let options = Options { url: "sqlite::memory:".to_owned(), connections: 1 };
    let db = Db::open(&options, Arc::new(Keyring::ephemeral())).await?;
    let app = App::new(db, Config::default(), Arc::new(SystemClock));
    let (_, _, operations) = crate::routes(&app).finish();
    let text = format!("{:#}\n", openapi::document(&operations));
    match std::io::stdout().write_all(text.as_bytes()) {
        // A pager that was closed has seen enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write the document"),
        _ => Ok(()),
    }
}

/// How much it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grade {
    Fine,
    Warning,
    Wrong,
}

struct Findings {
    warnings: usize,
    wrong: usize,
}

impl Findings {
    fn tell(&mut self, grade: Grade, what: &str, text: &str) {
        let word = match grade {
            Grade::Fine => "ok",
            Grade::Warning => {
                self.warnings += 1;
                "warning"
            }
            Grade::Wrong => {
                self.wrong += 1;
                "WRONG"
            }
        };
        println!("{word:<8} {what:<10} {text}");
    }
}

/// Looks at everything that an installation stands on.
pub async fn run(place: &Place) -> Result<()> {
    let settings = place.settings()?;
    let mut findings = Findings { warnings: 0, wrong: 0 };
    findings.tell(
        Grade::Fine,
        "settings",
        &format!("data in {}, database {}", settings.config.data_dir.display(), settings.shown_url()),
    );
    keys(&settings, &mut findings);
    disk(&settings, &mut findings);
    fonts(&settings, &mut findings);
    machine_clock(&mut findings);
    calendar(&settings, &mut findings).await;
    database(&settings, &mut findings).await;
    match findings.wrong {
        0 if findings.warnings == 0 => println!("Everything is in order."),
        0 => println!("In order, with {} warnings.", findings.warnings),
        n => bail!("{n} of these must be mended"),
    }
    Ok(())
}

fn keys(settings: &Settings, findings: &mut Findings) {
    let dir = settings.keys_dir();
    let Ok(entries) = std::fs::read_dir(&dir) else {
        return findings.tell(Grade::Wrong, "keys", &format!("{} cannot be read", dir.display()));
    };
    let mut files = 0;
    for entry in entries.flatten() {
        files += 1;
        let open = entry.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0);
        if open {
            let text = format!("{} can be read by others; chmod 600 it", entry.path().display());
            findings.tell(Grade::Wrong, "keys", &text);
        }
    }
    match files {
        0 => findings.tell(Grade::Wrong, "keys", &format!("there are none in {}", dir.display())),
        n => findings.tell(Grade::Fine, "keys", &format!("{n} files in {}", dir.display())),
    }
}

fn disk(settings: &Settings, findings: &mut Findings) {
    match free_bytes(&settings.config.data_dir) {
        Ok(free) => {
            let grade = if free < LITTLE_SPACE { Grade::Warning } else { Grade::Fine };
            findings.tell(grade, "disk", &format!("{} MiB free", free >> 20));
        }
        Err(error) => findings.tell(Grade::Warning, "disk", &format!("the free space is not known: {error:#}")),
    }
    if let Err(error) = settings.make_data_dir() {
        findings.tell(Grade::Wrong, "disk", &format!("{error:#}"));
    }
}

/// Free space as `df` tells it.
fn free_bytes(dir: &Path) -> Result<u64> {
    let out = Command::new("df").arg("-Pk").arg(dir).output().context("cannot run df")?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let available = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)).context("df says nothing")?;
    Ok(available.parse::<u64>().context("df says no number")? * 1024)
}

/// Without Chinese fonts documents are made for Word, and not as PDF.
fn fonts(settings: &Settings, findings: &mut Findings) {
    match Printer::new(&settings.config.data_dir).faces() {
        Ok(names) => findings.tell(Grade::Fine, "fonts", &format!("documents are set in {}", names.join(", "))),
        Err(why) => {
            let own = settings.config.data_dir.join(FONTS);
            let text = format!(
                "{why}: documents cannot be made as PDF, only as DOCX; install fonts-noto-cjk or put fonts into {}",
                own.display()
            );
            findings.tell(Grade::Warning, "fonts", &text);
        }
    }
}

fn machine_clock(findings: &mut Findings) {
    let now = SystemClock.now();
    if now < TOO_EARLY {
        findings.tell(Grade::Wrong, "clock", &format!("it says {now}, which is past; deadlines would be wrong"));
    } else {
        findings.tell(Grade::Fine, "clock", &now.to_string());
    }
}

/// Official days appear each November for the year after. Each zone has its own;
/// before there is one, what is built in is looked at.
async fn calendar(settings: &Settings, findings: &mut Findings) {
    // Why a database does not open is told where it is looked at.
    let of_zones = zone_calendars(settings).await.unwrap_or_default();
    if of_zones.is_empty() {
        return tell_years(findings, "", &Calendar::built_in());
    }
    for (handle, calendar) in of_zones {
        tell_years(findings, &format!("zone {handle}, "), &calendar);
    }
}

async fn zone_calendars(settings: &Settings) -> Result<Vec<(String, Arc<Calendar>)>> {
    let app = settings.app().await?;
    let mut calendars = Vec::new();
    let mut tx = app.read().await?;
    for zone in Zone::all(&mut tx).await? {
        calendars.push((zone.handle, clock::calendar(&mut tx, zone.zone_id).await?));
    }
    drop(tx);
    app.db.close().await;
    Ok(calendars)
}

fn tell_years(findings: &mut Findings, whose: &str, calendar: &Calendar) {
    let today = SystemClock.now().local(&crate::zone::default_time_zone()).date();
    let mut years = vec![today.year()];
    if today.month() == 12 {
        years.push(today.year() + 1);
    }
    for year in years {
        match calendar.year_status(year) {
            Status::Official => findings.tell(Grade::Fine, "calendar", &format!("{whose}{year}: official days")),
            Status::Provisional => {
                let text = format!(
                    "{whose}{year}: no official days; due times are provisional until they are loaded in the settings"
                );
                findings.tell(Grade::Warning, "calendar", &text);
            }
        }
    }
}

async fn database(settings: &Settings, findings: &mut Findings) {
    match look_at_database(settings).await {
        Ok((grade, text)) => findings.tell(grade, "database", &text),
        Err(error) => findings.tell(Grade::Wrong, "database", &format!("{error:#}")),
    }
}

async fn look_at_database(settings: &Settings) -> Result<(Grade, String)> {
    let db = settings.open(FEW).await?;
    let (version, own) = (db.schema_version().await?, MIGRATIONS.last().map_or(0, |step| step.version));
    if version > own {
        bail!("it is at schema {version}, newer than this program ({own})");
    }
    if version < own {
        return Ok((Grade::Warning, format!("at schema {version}; the next start brings it to {own}")));
    }
    // Explains a half-applied or altered schema; there is nothing to carry out.
    db.migrate(MIGRATIONS, async |_| Ok(())).await?;
    settings.check_keys(&db).await?;
    let faults = db.integrity().await?;
    if !faults.is_empty() {
        bail!("its file is damaged: {}", faults.join("; "));
    }
    let mut tx = db.snapshot().await?;
    for zone in Zone::all(&mut tx).await.map_err(super::plain)? {
        if !appeal::desk::recount(&mut tx, zone.zone_id).await.map_err(super::plain)? {
            bail!("the kept numbers of the board of zone {} are not those of its appeals", zone.handle);
        }
    }
    tx.commit().await?;
    let last: Option<i64> = db.read().await?.value("SELECT max(at) FROM ledger").await?;
    let now = SystemClock.now();
    if last.is_some_and(|last| last > now.plus(60_000).ms()) {
        return Ok((Grade::Warning, "the ledger holds times in the future: the clock was set back".into()));
    }
    Ok((Grade::Fine, format!("schema {version}, whole")))
}
