//! What runs beside the requests: the sealer of the ledger, the job queue, the
//! schedules. Any number of processes may run it.

use crate::app::App;
use crate::error::Result;
use crate::zone::Zone;
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;
use store::{Claimed, Queue, Schedule, Seal};
use tokio::sync::watch;
use uuid::Uuid;

/// How often the ledger is sealed and the queue looked at.
const STEP: Duration = Duration::from_secs(1);
/// How long a worker holds a job.
const LEASE_MS: i64 = 5 * 60 * 1000;

/// What a job does: a function of the application, the zone and the arguments.
pub type Task = fn(Arc<App>, Uuid, Json) -> std::pin::Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// A kind of job, and when it runs by itself.
pub struct Kind {
    /// Its name in the queue.
    pub name: &'static str,
    /// Its schedule, if it has one.
    pub schedule: Option<Schedule>,
    /// What it does.
    pub task: Task,
}

/// Every kind of job of every folder.
pub fn kinds() -> Vec<Kind> {
    Vec::new()
}

/// Runs until `stop` turns true; finishes the job at hand.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let sealer = Seal::new(app.db.clone());
    let queue = Queue::new(app.db.clone(), format!("{}-{}", std::process::id(), Uuid::now_v7()));
    let kinds = kinds();
    let mut ticks = tokio::time::interval(STEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !*stop.borrow() {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => break,
        }
        if let Err(error) = sealer.run(app.now().ms()).await {
            tracing::error!(%error, "the ledger could not be sealed");
        }
        if let Err(error) = turn(&app, &queue, &kinds).await {
            tracing::error!(%error, "the queue could not be read");
        }
    }
    // Whoever stops the program finds every row sealed.
    if let Err(error) = sealer.run(app.now().ms()).await {
        tracing::error!(%error, "the ledger could not be sealed at the end");
    }
}

/// One look at schedules and queue.
async fn turn(app: &Arc<App>, queue: &Queue, kinds: &[Kind]) -> Result<()> {
    schedule(app, kinds).await?;
    for job in queue.claim(8, app.now().ms(), LEASE_MS).await? {
        work(app, queue, kinds, &job).await?;
    }
    Ok(())
}

/// Carries out one job.
async fn work(app: &Arc<App>, queue: &Queue, kinds: &[Kind], job: &Claimed) -> Result<()> {
    let Some(kind) = kinds.iter().find(|kind| kind.name == job.kind) else {
        queue.fail(job, "this program does not know this kind of job", app.now().ms()).await?;
        return Ok(());
    };
    match (kind.task)(Arc::clone(app), job.zone_id, job.args.clone()).await {
        Ok(()) => {
            queue.finish(job, app.now().ms()).await?;
        }
        Err(error) => {
            tracing::warn!(job = %job.id, kind = job.kind, %error, attempt = job.attempts, "a job failed");
            queue.fail(job, &error.to_string(), app.now().ms()).await?;
        }
    }
    Ok(())
}

/// Enqueues what is due by schedule. The unique key lets one process win.
async fn schedule(app: &Arc<App>, kinds: &[Kind]) -> Result<()> {
    let scheduled: Vec<_> = kinds.iter().filter_map(|kind| Some((kind, kind.schedule?))).collect();
    if scheduled.is_empty() {
        return Ok(());
    }
    let now = app.now();
    let zones = Zone::all(&mut app.read().await?).await?;
    for zone in zones {
        for (kind, schedule) in &scheduled {
            let Some(period) = period(&zone, *schedule, now) else { continue };
            let known: i64 = app
                .read()
                .await?
                .value(store::sql!(
                    "SELECT count(*) FROM job WHERE zone_id = $1 AND kind = $2 AND unique_key = $3",
                    zone.zone_id,
                    kind.name,
                    period
                ))
                .await?;
            if known > 0 {
                continue;
            }
            let mut tx = app.db.write().await?;
            tx.enqueue(zone.zone_id, kind.name, &Json::Object(serde_json::Map::new()), now.ms(), Some(&period)).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// The name of the period that is due now, if one is.
fn period(zone: &Zone, schedule: Schedule, now: crate::time::Time) -> Option<String> {
    let local = now.local(&zone.time_zone());
    let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
    match schedule {
        Schedule::EveryMinutes(n) => Some(format!("{}", now.ms() / (n.max(1) * 60_000))),
        Schedule::DailyAt(at) => (minute >= at).then(|| local.date().to_string()),
    }
}
