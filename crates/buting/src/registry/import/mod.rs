//! Sheets that offices hand in: enterprises, carriers, contacts, assignments.
//!
//! 1. A sheet is taken as it is: columns are guessed from their headings, titles
//!    above the head and columns of no use to us do not disturb.
//! 2. A preview does everything but the writing. What it says of each row is
//!    what the import does.
//! 3. Good rows are kept, bad ones come back as the same sheet with a remark. An
//!    error names the row and column that the spreadsheet shows.
//! 4. A row is known again by its credit code, then by its name without the
//!    legal form. Empty cells change nothing, so the same sheet twice is once.
//! 5. Rows go in by hundreds, each batch durable with the count so far: a process
//!    that dies goes on where it stopped.

mod apply;
mod columns;
pub mod pages;
mod store;

use crate::actor::{Actor, Role, Roles, Via};
use crate::app::App;
use crate::assignment;
use crate::error::{Check, Error, Result};
use crate::http::session::actor_of;
use crate::registry::desk::KEEPERS;
use crate::text::{Arg, Lang};
use crate::time::{DAY_MS, Time};
use crate::words;
use crate::worker;
use ::store::{Schedule, from_row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use uuid::Uuid;

pub use columns::template;

words! {
    /// What a sheet holds.
    pub enum Kind {
        /// 企业
        Enterprises = "enterprises",
        /// 载体
        Carriers = "carriers",
        /// 联系人
        Contacts = "contacts",
        /// 包联分工
        Assignments = "assignments",
    }
}

words! {
    /// How far an import has come.
    pub enum State {
        /// Waits for its turn.
        Queued = "queued",
        /// Rows are being worked.
        Running = "running",
        /// All rows were worked.
        Done = "done",
        /// The sheet could not be read.
        Failed = "failed",
    }
}

impl Kind {
    /// Who may hand in such a sheet.
    pub fn importers(self) -> Roles {
        match self {
            Self::Assignments => assignment::desk::DECIDERS,
            _ => KEEPERS,
        }
    }
}

/// Everybody who may hand in some sheet.
pub const IMPORTERS: Roles = KEEPERS;
/// Errors that are kept; more are only counted.
const MOST_ERRORS: usize = 20_000;
/// Errors that an answer lists.
const SHOWN_ERRORS: usize = 1_000;
/// Rows that a preview shows.
const PREVIEW: usize = 20;
/// How long a file is kept whose rows did not go in: of a preview, of an import
/// that waits or broke off. The night after, it goes.
pub const KEPT_MS: i64 = DAY_MS;

/// What is wrong with a row, as it is kept: the sentence is made when it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RowError {
    sheet: String,
    row: usize,
    column: String,
    code: String,
    args: BTreeMap<String, String>,
}

impl RowError {
    fn message(&self, lang: Lang) -> String {
        let args: Vec<(&str, &dyn Arg)> =
            self.args.iter().map(|(name, value)| (name.as_str(), value as &dyn Arg)).collect();
        lang.with(&format!("invalid-{}", self.code), &args)
    }
}

/// What an import does to one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Previewed {
    row: usize,
    name: String,
    outcome: String,
}

/// An import as it is kept.
#[derive(Clone, Debug)]
struct Import {
    id: Uuid,
    kind: Kind,
    file_name: String,
    dry_run: bool,
    state: State,
    failure: Option<String>,
    total: i64,
    position: i64,
    created: i64,
    updated: i64,
    unchanged: i64,
    rejected: i64,
    columns: Json,
    errors: Json,
    preview: Json,
    made_by: Option<Uuid>,
    created_at: Time,
    finished_at: Option<Time>,
    version: i64,
}

from_row!(Import {
    id,
    kind,
    file_name,
    dry_run,
    state,
    failure,
    total,
    position,
    created,
    updated,
    unchanged,
    rejected,
    columns,
    errors,
    preview,
    made_by,
    created_at,
    finished_at,
    version,
});

/// What is wrong with a row, in words.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Wrong {
    /// The sheet.
    pub sheet: String,
    /// The row as the spreadsheet numbers it.
    pub row: usize,
    /// The letter of the column; empty when it is about the whole row.
    pub column: String,
    /// What is wrong, with a suggestion where there is one.
    pub message: String,
}

/// How an import has gone so far.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Key.
    pub id: Uuid,
    /// What the sheet holds.
    pub kind: Kind,
    /// Name of the file.
    pub file_name: String,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// How far it has come.
    pub state: State,
    /// Why the sheet could not be read.
    pub failure: Option<String>,
    /// Rows in all.
    pub total: i64,
    /// Rows worked so far.
    pub position: i64,
    /// New records.
    pub created: i64,
    /// Changed records.
    pub updated: i64,
    /// Rows that say what is known already.
    pub unchanged: i64,
    /// Rows that were not taken.
    pub rejected: i64,
    /// What is wrong with them; at most 1,000 are listed.
    pub errors: Vec<Wrong>,
    /// How the columns were understood, and which were not: heading and field.
    pub columns: Vec<(String, Option<String>)>,
    /// The first rows and what becomes of them: row, name, outcome.
    pub preview: Vec<(usize, String, String)>,
    /// When it was handed in.
    pub created_at: Time,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// Counts the steps.
    pub version: i64,
}

impl Report {
    fn of(import: Import, lang: Lang) -> Self {
        let errors: Vec<RowError> = serde_json::from_value(import.errors).unwrap_or_default();
        let preview: Vec<Previewed> = serde_json::from_value(import.preview).unwrap_or_default();
        Self {
            id: import.id,
            kind: import.kind,
            file_name: import.file_name,
            dry_run: import.dry_run,
            state: import.state,
            failure: import.failure.map(|code| lang.t(&format!("import-failure-{code}")).into_owned()),
            total: import.total,
            position: import.position,
            created: import.created,
            updated: import.updated,
            unchanged: import.unchanged,
            rejected: import.rejected,
            errors: errors
                .iter()
                .take(SHOWN_ERRORS)
                .map(|e| Wrong {
                    sheet: e.sheet.clone(),
                    row: e.row,
                    column: e.column.clone(),
                    message: e.message(lang),
                })
                .collect(),
            columns: serde_json::from_value(import.columns).unwrap_or_default(),
            preview: preview.into_iter().map(|p| (p.row, p.name, p.outcome)).collect(),
            created_at: import.created_at,
            finished_at: import.finished_at,
            version: import.version,
        }
    }

    /// Percent of the rows that were worked.
    pub fn percent(&self) -> i64 {
        if self.total == 0 { 0 } else { self.position * 100 / self.total }
    }

    /// Whether it still goes on.
    pub fn runs(&self) -> bool {
        matches!(self.state, State::Queued | State::Running)
    }
}

/// Hands in a sheet and works it off at once (commands, small files in tests).
pub async fn run(app: &App, who: &Actor, kind: Kind, bytes: Vec<u8>, file_name: &str, dry_run: bool) -> Result<Report> {
    let id = take(app, who, kind, bytes, file_name, dry_run, false).await?;
    apply::work_off(app, &as_import(who.clone()), id).await?;
    report(app, who, id, Lang::Zh).await
}

/// Hands in a sheet; the queue works it off.
pub async fn submit(
    app: &App,
    who: &Actor,
    kind: Kind,
    bytes: Vec<u8>,
    file_name: &str,
    dry_run: bool,
) -> Result<Uuid> {
    who.person()?;
    take(app, who, kind, bytes, file_name, dry_run, true).await
}

async fn take(
    app: &App,
    who: &Actor,
    kind: Kind,
    bytes: Vec<u8>,
    file_name: &str,
    dry_run: bool,
    queue: bool,
) -> Result<Uuid> {
    who.must(kind.importers())?;
    let mut check = Check::new();
    let name: String = file_name.chars().filter(|c| !c.is_control()).take(120).collect();
    check.that(!bytes.is_empty(), "file", "required");
    check.done()?;
    let mut work = app.work(who).await?;
    let id = Uuid::now_v7();
    let (zone, now) = (who.zone_id, work.now);
    store::insert(&mut work, zone, id, kind, &name, &bytes, dry_run, who.person_id, now).await?;
    if queue {
        work.enqueue(zone, JOB, &json!({"id": id}), now.ms(), None).await?;
    }
    work.commit(id).await
}

/// Takes a previewed sheet in for good: the same file again, this time written.
pub async fn accept(app: &App, who: &Actor, preview: Uuid) -> Result<Uuid> {
    let import = own(app, who, preview).await?;
    who.must(import.kind.importers())?;
    if !import.dry_run || import.state != State::Done {
        return Err(Error::state("import_not_previewed"));
    }
    let mut work = app.work(who).await?;
    let (zone, now, id) = (who.zone_id, work.now, Uuid::now_v7());
    let file = store::take_file(&mut work, zone, preview).await?.ok_or(Error::state("import_file_gone"))?;
    store::insert(&mut work, zone, id, import.kind, &import.file_name, &file, false, who.person_id, now).await?;
    work.enqueue(zone, JOB, &json!({"id": id}), now.ms(), None).await?;
    work.commit(id).await
}

/// An import that this person may look at: his own; those who steer see all.
async fn own(app: &App, who: &Actor, id: Uuid) -> Result<Import> {
    let import = store::import(&mut app.read().await?, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let own = import.made_by.is_some() && import.made_by == who.person_id;
    if own || who.is(Roles::of(&[Role::Dispatcher])) { Ok(import) } else { Err(Error::NotFound) }
}

/// How an import has gone.
pub async fn report(app: &App, who: &Actor, id: Uuid, lang: Lang) -> Result<Report> {
    Ok(Report::of(own(app, who, id).await?, lang))
}

/// The last imports of this person.
pub async fn recent(app: &App, who: &Actor, lang: Lang) -> Result<Vec<Report>> {
    let imports = store::recent(&mut app.read().await?, who.zone_id, who.person()?).await?;
    Ok(imports.into_iter().map(|import| Report::of(import, lang)).collect())
}

/// The rows that were not taken, as a workbook with a remark column.
pub async fn rejects(app: &App, who: &Actor, id: Uuid) -> Result<Vec<u8>> {
    own(app, who, id).await?;
    store::rejects(&mut app.read().await?, who.zone_id, id).await?.ok_or(Error::NotFound)
}

/// The kind of job that works an import off.
const JOB: &str = "registry.import";

/// The jobs of this folder.
pub fn kinds() -> Vec<worker::Kind> {
    vec![
        worker::Kind {
            name: JOB,
            schedule: None,
            task: |app, zone, args| {
                Box::pin(async move {
                    let id = args["id"].as_str().and_then(|id| Uuid::parse_str(id).ok()).ok_or(Error::NotFound)?;
                    work_off(&app, zone, id).await
                })
            },
        },
        worker::Kind {
            name: "registry.forget_files",
            schedule: Some(Schedule::DailyAt(150)),
            task: |app, zone, _| {
                Box::pin(async move {
                    let mut tx = app.db.write().await?;
                    store::forget_files(&mut tx, zone, app.now()).await?;
                    Ok(tx.commit().await?)
                })
            },
        },
    ]
}

/// Works an import off in the name of whoever handed it in.
pub async fn work_off(app: &App, zone: Uuid, id: Uuid) -> Result<()> {
    let mut tx = app.read().await?;
    let import = store::import(&mut tx, zone, id).await?.ok_or(Error::NotFound)?;
    let who = match import.made_by {
        Some(person) => actor_of(&mut tx, zone, person).await?,
        None => Actor::rule(zone),
    };
    drop(tx);
    apply::work_off(app, &as_import(who), id).await
}

/// Somebody through whose sheet a change comes. A command stays one: it may do
/// what no single person may.
fn as_import(mut who: Actor) -> Actor {
    if who.person_id.is_some() {
        who.via = Via::Import;
    }
    (who.once, who.seen_version) = (None, None);
    who
}
