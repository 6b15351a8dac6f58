//! What runs beside the requests: the sealer of the ledger, the job queue, the
//! schedules. Any number of processes may run it.

use crate::app::App;
use crate::error::{Error, Result};
use crate::upkeep;
use crate::zone::Zone;
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;
use store::{Claimed, Kinds, Queue, Schedule, Seal};
use tokio::sync::watch;
use uuid::Uuid;

/// How often the ledger is sealed and the queue looked at.
const STEP: Duration = Duration::from_secs(1);
/// How long a worker holds a job without saying that it is still at it.
const LEASE_MS: i64 = 5 * 60 * 1000;
/// How often a worker says so.
const KEEP: Duration = Duration::from_secs(60);
/// Jobs in one turn.
const TURN: usize = 8;

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

/// The jobs that wait for somebody outside.
const SENDING: &[&str] = &[crate::delivery::desk::JOB];

/// Every kind of job of every folder.
pub fn kinds() -> Vec<Kind> {
    let mut kinds = Vec::new();
    kinds.extend(upkeep::kinds());
    kinds.extend(crate::appeal::kinds());
    kinds.extend(crate::oversight::kinds());
    kinds.extend(crate::privacy::kinds());
    kinds.extend(crate::registry::kinds());
    kinds.extend(crate::attachment::kinds());
    kinds.extend(crate::delivery::kinds());
    kinds.extend(crate::visit::kinds());
    kinds.extend(crate::visit::plan::kinds());
    kinds.extend(crate::task::kinds());
    kinds.extend(crate::screening::kinds());
    kinds.extend(crate::approval::kinds());
    kinds.extend(crate::readiness::kinds());
    kinds
}

/// Runs until `stop` turns true; finishes the job at hand.
pub async fn run(app: Arc<App>, stop: watch::Receiver<bool>) {
    // Tasks of their own: a backup takes minutes, a row is sealed in seconds, and
    // what breaks in one must not end the other.
    let (sealing, ending) = (Arc::clone(&app), stop.clone());
    let sealer = tokio::spawn(async move { seal(&sealing, ending).await });
    // A mail server that does not answer holds up nothing but other messages.
    let (sending, ending) = (Arc::clone(&app), stop.clone());
    let sender = tokio::spawn(async move { work_off(&sending, Kinds::Only(SENDING), ending).await });
    work_off(&app, Kinds::Except(SENDING), stop).await;
    note_failure(sender.await, "the sender broke");
    note_failure(sealer.await, "the sealer broke");
}

/// Seals what is new in the ledger, again and again.
async fn seal(app: &App, mut stop: watch::Receiver<bool>) {
    let sealer = Seal::new(app.db.clone());
    let mut refused = 0;
    while next_step(&mut stop).await {
        match sealer.run(app.now().ms()).await {
            Ok(sealed) => {
                let now_refused: i64 = sealed.iter().map(|zone| zone.refused).sum();
                if now_refused > refused {
                    tracing::error!(
                        rows = now_refused,
                        "rows of the ledger were not written by this program: run `buting verify`"
                    );
                }
                refused = now_refused;
            }
            Err(error) => tracing::error!(%error, "the ledger could not be sealed"),
        }
    }
    // Whoever stops the program finds every row sealed.
    note_failure(sealer.run(app.now().ms()).await.map(drop), "the ledger could not be sealed at the end");
}

/// Looks at schedules and queue, again and again.
async fn work_off(app: &Arc<App>, which: Kinds, mut stop: watch::Receiver<bool>) {
    let queue = Queue::new(app.db.clone(), format!("{}-{}", std::process::id(), Uuid::now_v7())).for_kinds(which);
    let kinds = kinds();
    while next_step(&mut stop).await {
        note_failure(turn(app, &queue, &kinds).await, "the queue could not be read");
    }
}

/// Waits for the next step; false when it is time to stop.
async fn next_step(stop: &mut watch::Receiver<bool>) -> bool {
    let stopped = stop.wait_for(|stopped| *stopped);
    tokio::time::timeout(STEP, stopped).await.is_err()
}

fn note_failure<E: std::fmt::Display>(done: Result<(), E>, what: &str) {
    if let Err(error) = done {
        tracing::error!(%error, "{what}");
    }
}

/// One look at schedules and queue.
async fn turn(app: &Arc<App>, queue: &Queue, kinds: &[Kind]) -> Result<()> {
    schedule(app, kinds).await?;
    for _ in 0..TURN {
        // One at a time: what is claimed waits for nothing, so its lease does not run out.
        let Some(job) = queue.claim(1, app.now().ms(), LEASE_MS).await?.pop() else { break };
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
    let label = Zone::get(&mut app.read().await?, job.zone_id).await.map(|zone| zone.label()).unwrap_or_default();
    let mut task = tokio::spawn(label.within((kind.task)(Arc::clone(app), job.zone_id, job.args.clone())));
    let done = loop {
        match tokio::time::timeout(KEEP, &mut task).await {
            Ok(done) => break done.unwrap_or_else(|broken| Err(Error::Internal(broken.to_string()))),
            Err(_) if queue.keep(job, app.now().ms() + LEASE_MS).await? => {}
            Err(_) => {
                tracing::warn!(job = %job.id, kind = job.kind, "another worker has taken this job over");
                task.abort();
                return Ok(());
            }
        }
    };
    match done {
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
