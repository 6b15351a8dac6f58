//! A durable queue on the application's own database.
//!
//! A job is enqueued inside the transaction whose work it follows up. A worker
//! claims it under a lease, not a held lock: when the worker dies, the job comes
//! back. Jobs must therefore be idempotent. A schedule is a unique key per
//! period that every process tries to insert; the index lets one win.

use crate::{Db, Doing, Result, Sql, Tx, from_row, sql};
use serde_json::Value as Json;
use uuid::Uuid;

/// After so many failures a job rests until an administrator retries it.
pub const MAX_ATTEMPTS: i64 = 12;

/// A job as an administrator sees it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct JobRow {
    pub zone_id: Uuid,
    pub id: Uuid,
    pub kind: String,
    pub args: Json,
    pub run_at: i64,
    pub attempts: i64,
    pub locked_until: Option<i64>,
    pub locked_by: Option<String>,
    pub done_at: Option<i64>,
    pub error: Option<String>,
    pub created_at: i64,
}

from_row!(JobRow { zone_id, id, kind, args, run_at, attempts, locked_until, locked_by, done_at, error, created_at });

/// A job that this worker holds until its lease ends.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Claimed {
    pub zone_id: Uuid,
    pub id: Uuid,
    pub kind: String,
    pub args: Json,
    pub attempts: i64,
}

from_row!(Claimed { zone_id, id, kind, args, attempts });

/// When a scheduled job runs again, in the zone's own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Every so many minutes.
    EveryMinutes(i64),
    /// Once a day at that minute after midnight.
    DailyAt(i64),
}

/// How long a failed job waits: 10 s, doubled each time, at most an hour.
pub fn back_off_ms(attempts: i64) -> i64 {
    let doubled = 10_000_i64.saturating_mul(1 << attempts.clamp(0, 20));
    doubled.min(3_600_000)
}

impl Tx {
    /// Puts a job in the queue; false when one with that unique key is there.
    pub fn enqueue<'a>(
        &'a mut self,
        zone_id: Uuid,
        kind: &'a str,
        args: &'a Json,
        run_at: i64,
        unique_key: Option<&'a str>,
    ) -> Doing<'a, bool> {
        Box::pin(async move {
            let n = self
                .run(sql!(
                    "INSERT INTO job (zone_id, id, kind, args, unique_key, run_at, attempts, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, 0, $7)
                     ON CONFLICT (zone_id, kind, unique_key) DO NOTHING",
                    zone_id,
                    Uuid::now_v7(),
                    kind,
                    args,
                    unique_key,
                    run_at,
                    run_at
                ))
                .await?;
            Ok(n == 1)
        })
    }
}

/// The queue as a worker uses it.
#[derive(Clone)]
pub struct Queue {
    db: Db,
    worker: String,
    kinds: Kinds,
}

/// Which jobs a worker takes.
#[derive(Clone, Copy, Debug)]
pub enum Kinds {
    /// Of every kind.
    All,
    /// Of these.
    Only(&'static [&'static str]),
    /// Of all but these.
    Except(&'static [&'static str]),
}

impl Kinds {
    /// The condition, with its ` AND`.
    fn condition(self) -> Sql {
        let mut query = Sql::from("");
        match self {
            Self::All => {}
            Self::Only(kinds) => _ = query.push(" AND kind IN ").list(kinds.iter().copied()),
            Self::Except(kinds) => _ = query.push(" AND kind NOT IN ").list(kinds.iter().copied()),
        }
        query
    }
}

impl Queue {
    /// A worker of that name; names must differ between processes.
    pub fn new(db: Db, worker: String) -> Self {
        Self { db, worker, kinds: Kinds::All }
    }

    /// The same worker for some kinds of jobs.
    pub fn for_kinds(mut self, kinds: Kinds) -> Self {
        self.kinds = kinds;
        self
    }

    /// Takes up to `limit` jobs that are due, each for `lease_ms`.
    pub async fn claim(&self, limit: i64, now: i64, lease_ms: i64) -> Result<Vec<Claimed>> {
        let mut due = sql!(
            "SELECT count(*) FROM (SELECT 1 FROM job WHERE done_at IS NULL AND run_at <= $1
               AND (locked_until IS NULL OR locked_until < $1) AND attempts < $2",
            now,
            MAX_ATTEMPTS
        );
        due.append(self.kinds.condition()).push(" LIMIT 1) AS due");
        let waiting: i64 = self.db.read().await?.value(due).await?;
        if waiting == 0 {
            return Ok(Vec::new());
        }
        let mut tx = self.db.write().await?;
        let mut claim = sql!(
            "UPDATE job SET locked_until = $1, locked_by = $2, attempts = attempts + 1
             WHERE (zone_id, id) IN (
               SELECT zone_id, id FROM job
               WHERE done_at IS NULL AND run_at <= $3 AND (locked_until IS NULL OR locked_until < $3)
                 AND attempts < $4",
            now + lease_ms,
            self.worker,
            now,
            MAX_ATTEMPTS
        );
        claim.append(self.kinds.condition()).push(" ORDER BY run_at, id LIMIT ").arg(limit);
        claim.push(tx.dialect().pick("", " FOR UPDATE SKIP LOCKED"));
        claim.push(") RETURNING zone_id, id, kind, args, attempts");
        let mut claimed: Vec<Claimed> = tx.list(claim).await?;
        tx.commit().await?;
        // A database answers changed rows in the order that suits it; keys are in that of their making.
        claimed.sort_unstable_by_key(|job| job.id);
        Ok(claimed)
    }

    /// Holds a job that is still being worked for longer. False when the lease
    /// had ended and another has it.
    pub async fn keep(&self, job: &Claimed, until: i64) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let n = tx
            .run(sql!(
                "UPDATE job SET locked_until = $1
                 WHERE zone_id = $2 AND id = $3 AND locked_by = $4 AND done_at IS NULL",
                until,
                job.zone_id,
                job.id,
                self.worker
            ))
            .await?;
        tx.commit().await?;
        Ok(n == 1)
    }

    /// The job is done. False when the lease had ended and another has it.
    pub async fn finish(&self, job: &Claimed, now: i64) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let n = tx
            .run(sql!(
                "UPDATE job SET done_at = $1, locked_until = NULL, error = NULL
                 WHERE zone_id = $2 AND id = $3 AND locked_by = $4 AND done_at IS NULL",
                now,
                job.zone_id,
                job.id,
                self.worker
            ))
            .await?;
        tx.commit().await?;
        Ok(n == 1)
    }

    /// The job failed; it comes back after a pause.
    pub async fn fail(&self, job: &Claimed, error: &str, now: i64) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.run(sql!(
            "UPDATE job SET run_at = $1, locked_until = NULL, error = $2
             WHERE zone_id = $3 AND id = $4 AND locked_by = $5",
            now + back_off_ms(job.attempts),
            error,
            job.zone_id,
            job.id,
            self.worker
        ))
        .await?;
        tx.commit().await
    }
}
