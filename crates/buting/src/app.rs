//! What every desk is handed: the database, the time, the settings.

use crate::actor::{Actor, Once, Via};
use crate::delivery::desk as delivery;
use crate::document::print::Printer;
use crate::error::{Conflict, Error, Result};
use crate::time::Time;
use serde_json::Value as Json;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use store::{Db, Entry, Tx, sql};
use uuid::Uuid;

/// Where the time comes from. The program reads it here and nowhere else, so
/// that clock jumps can be tested and the demo can live sixty days at once.
pub trait Now: Send + Sync {
    /// This instant.
    fn now(&self) -> Time;
}

/// The machine's clock.
pub struct SystemClock;

impl Now for SystemClock {
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that is set by hand.
#[derive(Default)]
pub struct SetClock(AtomicI64);

impl SetClock {
    /// Stands at that time.
    pub fn at(time: Time) -> Self {
        Self(AtomicI64::new(time.ms()))
    }

    /// Moves to that time.
    pub fn set(&self, time: Time) {
        self.0.store(time.ms(), Ordering::Relaxed);
    }
}

impl Now for SetClock {
    fn now(&self) -> Time {
        Time::from_ms(self.0.load(Ordering::Relaxed))
    }
}

/// How this process was started.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where keys, backups and files live.
    pub data_dir: PathBuf,
    /// Whether the site is reached over https (cookie names and flags).
    pub https: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Origins other than its own that may post (behind a proxy).
    pub trusted_origins: Vec<String>,
    /// Whether this is the demo zone.
    pub demo: bool,
    /// How many nightly backups are kept; with 0 none are made.
    pub keep_backups: usize,
    /// Where the keys are backed up every night, apart from the backups.
    pub key_backups: Option<PathBuf>,
    /// How many files are taken, and how large.
    pub files: crate::attachment::Limits,
    /// Whom to ask about each file before anybody opens it.
    pub scanner: Option<crate::attachment::scan::Scanner>,
    /// Internal networks that notices may be sent into.
    pub outgoing: crate::delivery::address::Networks,
}

/// The application. Cheap to share: `Arc<App>`.
pub struct App {
    /// The database.
    pub db: Db,
    /// How this process was started.
    pub config: Config,
    /// What makes files of documents.
    pub printer: Printer,
    clock: Arc<dyn Now>,
}

impl App {
    /// An application on a database that is open and migrated.
    pub fn new(db: Db, config: Config, clock: Arc<dyn Now>) -> Arc<Self> {
        Arc::new(Self { db, printer: Printer::new(&config.data_dir), config, clock })
    }

    /// This instant.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Tx> {
        Ok(self.db.read().await?)
    }

    /// Begins a piece of work: one transaction, in which each change is written
    /// to the ledger. Refuses a post whose one-time key was carried out before.
    pub async fn work(&self, who: &Actor) -> Result<Work> {
        let tx = self.db.write().await?;
        let mut work = Work { tx, who: who.clone(), now: self.now(), files: self.config.files, outlets: None };
        work.claim_once().await?;
        Ok(work)
    }
}

/// One transaction of one actor. Dropping it undoes everything.
pub struct Work {
    tx: Tx,
    /// Who acts.
    pub who: Actor,
    /// When this began: the time of everything it does.
    pub now: Time,
    /// How many files are taken.
    pub files: crate::attachment::Limits,
    /// By which channels notices leave the house, once one was given.
    pub(crate) outlets: Option<Arc<delivery::Outlets>>,
}

impl Deref for Work {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl DerefMut for Work {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}

/// What a change was made to.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// The table.
    pub kind: &'static str,
    /// The record.
    pub id: Uuid,
    /// The enterprise, carrier or project on whose timeline it shows.
    pub about: Option<Uuid>,
}

impl Subject {
    /// A record that belongs to no enterprise, carrier or project.
    pub fn new(kind: &'static str, id: Uuid) -> Self {
        Self { kind, id, about: None }
    }

    /// A record that shows on the timeline of `about`.
    pub fn about(kind: &'static str, id: Uuid, about: Uuid) -> Self {
        Self { kind, id, about: Some(about) }
    }
}

/// The fields of a change: before, after, and the reason.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Changed fields as they were.
    pub before: Option<Json>,
    /// Changed fields as they are now.
    pub after: Option<Json>,
    /// The reason that was given.
    pub note: Option<String>,
}

impl Change {
    /// A new record.
    pub fn made(after: Json) -> Self {
        Self { after: Some(after), ..Self::default() }
    }

    /// A changed record.
    pub fn from_to(before: Json, after: Json) -> Self {
        Self { before: Some(before), after: Some(after), note: None }
    }

    /// With the reason.
    pub fn because(mut self, note: impl Into<String>) -> Self {
        let note = note.into();
        self.note = (!note.is_empty()).then_some(note);
        self
    }
}

impl Work {
    /// The zone.
    pub fn zone(&self) -> Uuid {
        self.who.zone_id
    }

    /// Writes the ledger row of a change. `action` is `job.verb`.
    pub async fn log(&mut self, action: &'static str, subject: Subject, change: Change) -> Result<()> {
        let entry = self.entry(action, subject, change);
        self.tx.record(entry).await?;
        Ok(())
    }

    /// Writes the ledger rows of many changes of one kind (imports).
    pub async fn log_all(&mut self, action: &'static str, changes: Vec<(Subject, Change)>) -> Result<()> {
        let entries = changes.into_iter().map(|(subject, change)| self.entry(action, subject, change)).collect();
        Ok(self.tx.record_all(entries).await?)
    }

    fn entry(&self, action: &'static str, subject: Subject, change: Change) -> Entry {
        Entry {
            zone_id: self.who.zone_id,
            at: self.now.ms(),
            actor_id: self.who.person_id,
            behalf_of: self.who.behalf_of,
            via: self.who.via.word(),
            action,
            subject: subject.kind,
            subject_id: subject.id,
            about_id: subject.about,
            before: change.before,
            after: change.after,
            note: change.note,
        }
    }

    /// Tells a person. The text is made when it is read: key `notice-<kind>`
    /// (dots in `kind` become hyphens) with `args`. What leaves the house of it is put out too.
    pub async fn notify(&mut self, person_id: Uuid, kind: &str, subject: Subject, args: Json) -> Result<()> {
        if self.who.person_id == Some(person_id) {
            return Ok(());
        }
        let id = Uuid::now_v7();
        self.tx
            .run(sql!(
                "INSERT INTO notice (zone_id, id, person_id, kind, subject, subject_id, args, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                self.who.zone_id,
                id,
                person_id,
                kind,
                subject.kind,
                subject.id,
                args,
                self.now
            ))
            .await?;
        let told = delivery::Told { id, person_id, kind, subject, args: &args };
        // Boxed, since everything that tells somebody comes through here.
        Box::pin(delivery::put_out(self, told)).await
    }

    /// The next number of a series: `SQ-20261123-0042`, at least four digits.
    pub async fn next_number(&mut self, prefix: &str, day: &str) -> Result<String> {
        let series = format!("{prefix}-{day}");
        let n = self.next_of(&series).await?;
        Ok(format!("{series}-{n:04}"))
    }

    /// The next place in a series, from 1. What does not commit gives it back, so that none is
    /// left out; until then nobody else gets one of this series.
    pub async fn next_of(&mut self, series: &str) -> Result<i64> {
        Ok(self
            .tx
            .value(sql!(
                "INSERT INTO series (zone_id, name, n) VALUES ($1, $2, 1)
                 ON CONFLICT (zone_id, name) DO UPDATE SET n = series.n + 1 RETURNING n",
                self.who.zone_id,
                series
            ))
            .await?)
    }

    /// Makes everything durable. `made` is the record that the post made, which
    /// a repeated post is answered with.
    pub async fn commit(mut self, made: Uuid) -> Result<Uuid> {
        if let (Some(Once { key, .. }), Some(poster)) = (&self.who.once, self.who.poster()) {
            let update = sql!(
                "UPDATE once SET subject_id = $1 WHERE zone_id = $2 AND actor_id = $3 AND key = $4",
                made,
                self.who.zone_id,
                poster,
                key
            );
            self.tx.run(update).await?;
        }
        self.tx.commit().await?;
        Ok(made)
    }

    async fn claim_once(&mut self) -> Result<()> {
        let (Some(once), Some(poster)) = (self.who.once.clone(), self.who.poster()) else {
            return Ok(());
        };
        let taken = self
            .tx
            .run(sql!(
                "INSERT INTO once (zone_id, actor_id, key, fingerprint, at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (zone_id, actor_id, key) DO NOTHING",
                self.who.zone_id,
                poster,
                once.key,
                once.fingerprint,
                self.now
            ))
            .await?;
        if taken == 1 {
            return Ok(());
        }
        let (fingerprint, subject_id): (String, Option<Uuid>) = self
            .tx
            .one(sql!(
                "SELECT fingerprint, subject_id FROM once WHERE zone_id = $1 AND actor_id = $2 AND key = $3",
                self.who.zone_id,
                poster,
                once.key
            ))
            .await?;
        match subject_id {
            _ if fingerprint != once.fingerprint => Err(Error::Conflict(Conflict::KeyReused)),
            Some(id) => Err(Error::Replayed(id)),
            None => Err(Error::state("in_progress")),
        }
    }
}

/// Whether `who` came through a person's own hands (page or API).
pub fn by_hand(who: &Actor) -> bool {
    matches!(who.via, Via::Page | Via::Api | Via::Link)
}
