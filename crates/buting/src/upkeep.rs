//! What an installation does for itself at night: a backup that is tried out,
//! and the end of what need not be kept.

use crate::actor::Actor;
use crate::app::App;
use crate::appeal;
use crate::backup::{self, KeyBackup};
use crate::error::{Error, Result};
use crate::http::session::IDLE_MS;
use crate::migrations::MIGRATIONS;
use crate::project;
use crate::registry;
use crate::search;
use crate::time::DAY_MS;
use crate::visit;
use crate::worker::Kind;
use crate::zone::Zone;
use std::sync::Arc;
use store::{Schedule, sql};
use uuid::Uuid;

/// What the names of nightly backups end in.
const NIGHTLY: &str = "nightly.backup";
/// What the names of nightly key backups end in.
const NIGHTLY_KEYS: &str = "nightly.keys";
/// Nightly key backups that are kept: last night's and the one before. More of
/// them would open again what an erasure has closed.
const KEEP_KEYS: usize = 2;
/// Days for which a repeated post is known to be one.
const ONCE_DAYS: i64 = 7;
/// Days for which a job that is done can be looked at.
const JOB_DAYS: i64 = 90;

/// The jobs of this house-keeping.
pub fn kinds() -> Vec<Kind> {
    vec![
        Kind {
            name: "upkeep.backup",
            schedule: Some(Schedule::DailyAt(2 * 60 + 30)),
            task: |app, zone, _| Box::pin(async move { nightly_backup(&app, zone).await }),
        },
        Kind {
            name: "upkeep.optimize",
            schedule: Some(Schedule::EveryMinutes(60)),
            task: |app, zone, _| {
                Box::pin(async move {
                    if is_first(&app, zone).await? {
                        app.db.optimize().await?;
                    }
                    Ok(())
                })
            },
        },
        Kind {
            name: "upkeep.backup-keys",
            schedule: Some(Schedule::DailyAt(2 * 60 + 45)),
            task: |app, zone, _| Box::pin(async move { nightly_key_backup(&app, zone).await }),
        },
        Kind {
            name: "upkeep.clean",
            schedule: Some(Schedule::DailyAt(3 * 60 + 10)),
            task: |app, zone, _| Box::pin(async move { clean(&app, zone).await }),
        },
        // Put into the queue by an upgrade that changes what is found by words.
        Kind {
            name: "search.index",
            schedule: None,
            task: |app, zone, _| Box::pin(async move { index_zone(&app, zone).await }),
        },
    ]
}

/// Backs the installation up, restores the backup into a scratch database,
/// verifies the ledger there, and removes the oldest backups.
pub async fn nightly_backup(app: &Arc<App>, zone: Uuid) -> Result<()> {
    if app.config.keep_backups == 0 || !is_first(app, zone).await? {
        return Ok(());
    }
    let dir = app.config.data_dir.join("backups");
    let file = dir.join(backup::file_name("nightly"));
    let counts = backup::make(&app.db, MIGRATIONS, &file).await.map_err(failed)?;
    let report = backup::try_out(&file, &dir.join("trial")).await.map_err(failed)?;
    if let Some(fault) = report.faults.first() {
        return Err(Error::Internal(format!("the ledger in the backup is not whole: {}", fault.text)));
    }
    let removed = backup::remove_old(&dir, NIGHTLY, app.config.keep_backups).map_err(failed)?;
    let rows: u64 = counts.values().sum();
    tracing::info!(file = %file.display(), rows, removed, "backed up and tried out");
    metrics::gauge!("backup_last_success_seconds").set(app.now().ms() as f64 / 1000.0);
    Ok(())
}

/// Backs the keys up into the folder that the settings name for it, reads the
/// file back, and removes the older ones.
pub async fn nightly_key_backup(app: &Arc<App>, zone: Uuid) -> Result<()> {
    let Some(dir) = app.config.key_backups.as_ref() else { return Ok(()) };
    if !is_first(app, zone).await? {
        return Ok(());
    }
    let file = dir.join(format!("buting-{}-{NIGHTLY_KEYS}", backup::moment()));
    let keys = KeyBackup::collect(&app.db, &app.config.data_dir.join("keys")).await.map_err(failed)?;
    keys.write(&file).map_err(failed)?;
    if KeyBackup::read(&file).map_err(failed)?.size() != keys.size() {
        return Err(Error::Internal(format!("{} does not hold what was written", file.display())));
    }
    let removed = backup::remove_old(dir, NIGHTLY_KEYS, KEEP_KEYS).map_err(failed)?;
    tracing::info!(file = %file.display(), removed, "backed up the keys");
    metrics::gauge!("key_backup_last_success_seconds").set(app.now().ms() as f64 / 1000.0);
    Ok(())
}

fn failed(error: anyhow::Error) -> Error {
    Error::Internal(format!("{error:#}"))
}

/// Whether this is the oldest zone. Schedules run per zone; its does what is
/// done once for all.
async fn is_first(app: &App, zone: Uuid) -> Result<bool> {
    let first = Zone::first(&mut app.read().await?).await?;
    Ok(first.is_some_and(|first| first.zone_id == zone))
}

/// Removes what has ended: sessions, keys of repeated posts, counters of
/// guesses, jobs, and the log of accesses past its time.
pub async fn clean(app: &App, zone: Uuid) -> Result<()> {
    let now = app.now();
    let zones = Zone::all(&mut app.read().await?).await?;
    let months = zones.iter().find(|one| one.zone_id == zone).ok_or(Error::NotFound)?.retention().log_months;
    // What belongs to no zone (guesses at names that nobody has) is kept as long as the longest of them.
    let longest = zones.iter().map(|one| one.retention().log_months).max().unwrap_or(months);
    let mut tx = app.db.write().await?;
    let before = |days: i64| now.plus(-days * DAY_MS);
    for statement in [
        sql!(
            "DELETE FROM session WHERE zone_id = $1 AND (expires_at <= $2 OR seen_at <= $3)",
            zone,
            now,
            now.plus(-IDLE_MS)
        ),
        sql!("DELETE FROM once WHERE zone_id = $1 AND at < $2", zone, before(ONCE_DAYS)),
        sql!("DELETE FROM oidc_attempt WHERE zone_id = $1 AND created_at < $2", zone, before(1)),
        sql!("DELETE FROM job WHERE zone_id = $1 AND done_at < $2", zone, before(JOB_DAYS)),
    ] {
        tx.run(statement).await?;
    }
    for (owner, months) in [(zone, months), (Uuid::nil(), longest)] {
        // Counters that have refilled long since. Those of addresses belong to no zone.
        tx.run(sql!("DELETE FROM attempt WHERE zone_id = $1 AND at < $2", owner, before(1))).await?;
        tx.run(sql!("DELETE FROM access_log WHERE zone_id = $1 AND at < $2", owner, before(months * 31))).await?;
    }
    Ok(tx.commit().await?)
}

/// Puts the words of everything that can be searched into the index again, in every
/// zone. A backup holds no index: each database makes its own.
pub async fn index_again(app: &App) -> Result<()> {
    let zones = Zone::all(&mut app.read().await?).await?;
    for zone in zones {
        index_zone(app, zone.zone_id).await?;
    }
    Ok(())
}

/// The same for one zone, part by part: others write in between.
async fn index_zone(app: &App, zone: Uuid) -> Result<()> {
    // What came while this runs was put into the index by whoever wrote it.
    macro_rules! parts {
        ($($words:path),*) => {$({
            let mut after = Uuid::nil();
            loop {
                let mut work = app.work(&Actor::rule(zone)).await?;
                let (kind, texts) = $words(&mut work, after, search::BATCH).await?;
                let Some(last) = texts.last() else { break };
                after = last.id;
                search::put_all(&mut work, kind, &texts).await?;
                work.commit(zone).await?;
            }
        })*};
    }
    parts!(
        registry::desk::enterprise_texts,
        registry::desk::carrier_texts,
        project::desk::texts,
        appeal::desk::texts,
        visit::desk::visit_texts,
        visit::desk::promise_texts
    );
    Ok(())
}
