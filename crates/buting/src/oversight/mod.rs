//! 督办、简报: what a leader reads, what needs me now, and the ledger as people
//! and machines read it.

mod api;
pub mod desk;
mod docs;
pub mod home;
pub mod metric;
mod pages;
pub mod reading;
pub mod record;
mod store;
pub mod view;

use crate::http::routes::Routes;
use crate::list::Order;
use crate::time::Time;
use crate::trace;
use crate::words;
use crate::worker::Kind;
use ::store::{Schedule, from_row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

/// A row of the ledger, with the names that it is read with.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Entry {
    /// Key.
    pub id: Uuid,
    /// Its place in the tree; null for the few seconds until it is sealed.
    pub seq: Option<i64>,
    /// When.
    pub at: Time,
    /// Who; null when a rule of the program acted.
    pub actor_id: Option<Uuid>,
    /// Name of who.
    pub actor_name: Option<String>,
    /// For whom, when not for himself.
    pub behalf_of: Option<Uuid>,
    /// Name of for whom.
    pub behalf_name: Option<String>,
    /// Through what: `page`, `api`, `link`, `import`, `rule`, `command`.
    pub via: String,
    /// What was done, as `job.verb`.
    pub action: String,
    /// The table of the record.
    pub subject: String,
    /// The record.
    pub subject_id: Uuid,
    /// The enterprise, carrier or project whose timeline shows it.
    pub about_id: Option<Uuid>,
    /// Short name of that.
    pub about_name: Option<String>,
    /// `enterprise`, `carrier` or `project`.
    pub about_kind: Option<String>,
    /// The changed fields before. Personal values stand as `{"sealed": true}`
    /// unless the reader may open them, and as `{"erased": true}` when their key
    /// was destroyed.
    pub before: Json,
    /// The changed fields after, likewise.
    pub after: Json,
    /// The reason that was given.
    pub note: Option<String>,
}

/// What the ledger is asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Changes by this person.
    pub actor_id: Option<Uuid>,
    /// Changes by people whose name holds this.
    pub actor: Option<String>,
    /// Changes of this kind, such as `appeal.dispatch`; `appeal.` for all of a job.
    pub action: Option<String>,
    /// Changes to records of this table.
    pub subject: Option<String>,
    /// Changes to these records; to all when empty.
    pub subject_ids: Vec<Uuid>,
    /// Changes on the timeline of this enterprise, carrier or project.
    pub about_id: Option<Uuid>,
    /// From this instant.
    pub from: Option<Time>,
    /// To before this instant.
    pub to: Option<Time>,
    /// Newest first, or the other way round.
    pub order: Order,
}

/// A read that left a trace, as the log of accesses shows it: who, what, when,
/// from where; never what was read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Access {
    /// Key.
    pub id: Uuid,
    /// When.
    pub at: Time,
    /// Who; null where nobody proved who he is.
    pub actor_id: Option<Uuid>,
    /// Name of who.
    pub actor_name: Option<String>,
    /// The address of the client.
    pub address: String,
    /// What was done.
    pub kind: trace::Kind,
    /// The table that was read.
    pub subject: String,
    /// The record, when it was one.
    pub subject_id: Option<Uuid>,
    /// Name of the record, when it is a person or an enterprise.
    pub subject_name: Option<String>,
    /// How many rows, people or values.
    pub count: Option<i64>,
}

/// What the log of accesses is asked for.
#[derive(Clone, Debug, Default)]
pub struct AccessFilter {
    /// Reads by this person.
    pub actor_id: Option<Uuid>,
    /// Reads by people whose name holds this.
    pub actor: Option<String>,
    /// Reads of this kind.
    pub kind: Option<trace::Kind>,
    /// Reads of this table.
    pub subject: Option<String>,
    /// Reads of this record.
    pub subject_id: Option<Uuid>,
    /// From this instant.
    pub from: Option<Time>,
    /// To before this instant.
    pub to: Option<Time>,
}

words! {
    /// How a job of the queue stands.
    pub enum JobState {
        /// 等待
        Waiting = "waiting",
        /// 进行中
        Running = "running",
        /// 失败，稍后重试
        Retrying = "retrying",
        /// 失败，等待处理
        Failed = "failed",
        /// 完成
        Done = "done",
    }
}

/// A job of the queue as an administrator sees it. What it works on stays out:
/// it may name people.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Job {
    /// Key.
    pub id: Uuid,
    /// What it does, such as `upkeep.backup`.
    pub kind: String,
    /// How it stands.
    pub state: JobState,
    /// When it runs next, or ran.
    pub run_at: Time,
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last try failed.
    pub error: Option<String>,
    /// When it was put into the queue.
    pub created_at: Time,
    /// When it was done.
    pub done_at: Option<Time>,
}

/// One check of the whole ledger.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Key.
    pub id: Uuid,
    /// Who asked for it; none when the schedule did.
    pub asked_by: Option<String>,
    /// When.
    pub asked_at: Time,
    /// How many rows there were to check.
    pub to_check: i64,
    /// When it began.
    pub began_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// Rows that were checked.
    pub checked: Option<i64>,
    /// Rows without a place in the tree yet.
    pub unsealed: Option<i64>,
    /// Signed heads that were checked.
    pub heads: Option<i64>,
    faults: Option<Json>,
}

from_row!(Verification { id, asked_by, asked_at, to_check, began_at, ended_at, checked, unsealed, heads, faults });

/// Something that does not hold, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptFault {
    /// What is wrong; its text is `fault-<kind>`.
    pub kind: String,
    /// The row's place.
    pub seq: Option<i64>,
    /// The row.
    pub id: Option<Uuid>,
}

impl Verification {
    /// What does not hold.
    pub fn faults(&self) -> Vec<KeptFault> {
        self.faults.clone().and_then(|faults| serde_json::from_value(faults).ok()).unwrap_or_default()
    }

    /// Rows that were checked, or are to be.
    pub fn rows(&self) -> i64 {
        self.checked.unwrap_or(self.to_check)
    }

    /// Whether everything was checked and holds.
    pub fn whole(&self) -> bool {
        self.ended_at.is_some() && self.faults().is_empty()
    }

    /// `waiting`, `running`, `whole` or `broken`.
    pub fn state(&self) -> &'static str {
        match (self.began_at, self.ended_at) {
            (_, Some(_)) if self.faults().is_empty() => "whole",
            (_, Some(_)) => "broken",
            (Some(_), None) => "running",
            (None, None) => "waiting",
        }
    }
}

/// The jobs of this folder: the nightly check of the whole ledger, and the one
/// that somebody asks for.
pub fn kinds() -> Vec<Kind> {
    vec![
        Kind {
            name: "ledger.verify",
            schedule: None,
            task: |app, zone, args| Box::pin(async move { desk::run_verification(&app, zone, &args).await }),
        },
        Kind {
            name: "ledger.verify_nightly",
            schedule: Some(Schedule::DailyAt(4 * 60 + 10)),
            task: |app, zone, _| Box::pin(async move { desk::verify_by_rule(&app, zone).await }),
        },
    ]
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    metric::routes(routes);
    pages::routes(routes);
}
