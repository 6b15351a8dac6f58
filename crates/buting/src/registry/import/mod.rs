//! Sheets that offices hand in: enterprises, carriers, contacts, departments,
//! people, projects, assignments.
//!
//! 1. A sheet is taken as it is: columns are guessed from their headings, titles
//!    above the head and columns of no use to us do not disturb.
//! 2. A preview does everything but the writing. What it says of each row is
//!    what the import does.
//! 3. Good rows are kept, bad ones come back as the same sheet with a remark. An
//!    error names the row and column that the spreadsheet shows.
//! 4. A row is known again by its credit code, then by its name without the
//!    legal form. Empty cells change nothing, so the same sheet twice is once.
//! 5. Rows are understood before the writer is asked for; they go in by hundreds,
//!    each batch durable with the count so far: a process that dies goes on where
//!    it stopped.
//! 6. How a heading is understood can be set right; a department's word is kept. A
//!    preview is taken in with the columns that it showed, whoever takes it in.
//! 7. A new name that is like a known one is no record of its own until somebody
//!    says so: it comes back unless the officer chose to update, add or leave out.
//! 8. An import is taken back as a whole or not at all, by who asks for it: while
//!    nothing rests on what it made, and while what it changed can be as it was. What
//!    was changed since stays as it was changed. One that broke off is taken back too.

mod apply;
mod cells;
mod columns;
mod matching;
pub mod pages;
mod plan;
mod store;
mod undo;

pub use cells::day;

use self::matching::Reason;
use crate::actor::{Actor, Role, Roles, Via};
use crate::app::App;
use crate::assignment;
use crate::error::{Check, Error, FieldError, Result};
use crate::http::session::actor_of;
use crate::registry::desk::KEEPERS;
use crate::text::{Arg, Lang};
use crate::time::{DAY_MS, Time};
use crate::words;
use crate::worker;
use ::store::{Schedule, from_row};
use paper::{Cell, SheetOut, plain_heading};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub use columns::template;
pub use undo::{Depends, Undoing, undo, undoing};

words! {
    /// What a sheet holds.
    pub enum Kind {
        /// 企业
        Enterprises = "enterprises",
        /// 载体
        Carriers = "carriers",
        /// 联系人
        Contacts = "contacts",
        /// 部门
        Departments = "departments",
        /// 人员
        Staff = "staff",
        /// 重点项目
        Projects = "projects",
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
        /// The sheet could not be read, or not be worked off.
        Failed = "failed",
        /// What it wrote is being taken back.
        Undoing = "undoing",
        /// What it wrote was taken back.
        Undone = "undone",
    }
}

words! {
    /// What is done with a row that may be an enterprise of the register.
    pub enum Choice {
        /// It changes that one.
        Update = "update",
        /// It is a new one.
        New = "new",
        /// It is left out.
        Skip = "skip",
    }
}

words! {
    /// What became of a row that was not simply taken.
    pub enum Fate {
        /// It came back with what is wrong.
        Reject = "reject",
        /// It came back because it may be somebody known.
        Doubt = "doubt",
        /// The officer left it out.
        Skip = "skip",
    }
}

impl Kind {
    /// Who may hand in such a sheet.
    pub fn importers(self) -> Roles {
        match self {
            Self::Enterprises | Self::Carriers | Self::Contacts => KEEPERS,
            Self::Departments | Self::Staff => Roles::of(&[Role::Dispatcher, Role::Sysadmin]),
            Self::Projects | Self::Assignments => assignment::desk::DECIDERS,
        }
    }
}

/// Everybody who may hand in some sheet.
pub const IMPORTERS: Roles = KEEPERS.and(Roles::of(&[Role::Sysadmin]));
/// Errors that an answer lists.
const SHOWN_ERRORS: i64 = 1_000;
/// Doubtful rows that a page lets choose about one by one.
const SHOWN_DOUBTS: i64 = 200;
/// Rows that a preview shows.
const PREVIEW: usize = 20;
/// How long a file is kept whose rows did not go in, of a preview, of an import
/// that waits or broke off, and rows that came back. The night after, they go.
pub const KEPT_MS: i64 = DAY_MS;
/// How often a job is begun before the import is given up.
const ATTEMPTS: i64 = 5;
/// The column that rows come back with. Not 备注, which is a column of its own.
const REMARK: &str = "问题";

/// What is wrong with a cell, as it is kept: the sentence is made when it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fault {
    column: String,
    code: String,
    args: BTreeMap<String, String>,
}

impl Fault {
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

/// An enterprise that a row may be meant for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Key, when it is in the register.
    pub id: Option<Uuid>,
    /// The row of the same file, when it is not.
    pub row: Option<usize>,
    /// Full name.
    pub name: String,
    /// Why it may be the same.
    pub reasons: Vec<Reason>,
}

impl Candidate {
    fn why(&self, lang: Lang) -> String {
        let words: Vec<_> = self.reasons.iter().map(|reason| lang.word("import-reason", reason.word())).collect();
        words.join(&lang.t("comma"))
    }
}

/// How a column was understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Heading {
    /// The heading as it stands in the sheet.
    pub heading: String,
    /// The field that it is read as; null when it is not read.
    pub field: Option<String>,
    /// The letter of the column in the first sheet that has it.
    pub letter: String,
    /// The first cells below it.
    pub samples: Vec<String>,
    /// Whether the office said so, rather than the program guessed.
    pub said: bool,
}

/// Rows that were passed over, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Notice {
    sheet: String,
    code: String,
    rows: Vec<usize>,
}

/// Row numbers as people write them: `5–7、12`.
fn ranges(rows: &[usize], comma: &str) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for row in rows {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *row => *last = *row,
            _ => parts.push((*row, *row)),
        }
    }
    let texts: Vec<String> =
        parts.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}–{b}") }).collect();
    texts.join(comma)
}

impl Notice {
    fn message(&self, lang: Lang) -> String {
        let rows = ranges(&self.rows, &lang.t("comma"));
        let args: [(&str, &dyn Arg); 3] = [("sheet", &self.sheet), ("rows", &rows), ("n", &self.rows.len())];
        lang.with(&format!("import-notice-{}", self.code), &args)
    }
}

/// Name and head of a sheet.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Head {
    sheet: String,
    head: Vec<String>,
}

/// What the officer chose: row by row, and for all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Choices {
    /// By the number of the doubtful row, see `doubts`.
    pub rows: BTreeMap<i64, Choice>,
    /// For every other doubtful row; without it such a row comes back.
    pub others: Option<Choice>,
}

impl Choices {
    fn of(&self, n: i64) -> Option<Choice> {
        self.rows.get(&n).copied().or(self.others)
    }
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
    /// What was said of headings when it was first read.
    said: Option<Json>,
    preview: Json,
    sheets: Option<Json>,
    notices: Option<Json>,
    choices: Option<Json>,
    kept: Option<Json>,
    attempts: Option<i64>,
    made_by: Option<Uuid>,
    created_at: Time,
    finished_at: Option<Time>,
    undone_at: Option<Time>,
    undone_by: Option<Uuid>,
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
    said,
    preview,
    sheets,
    notices,
    choices,
    kept,
    attempts,
    made_by,
    created_at,
    finished_at,
    undone_at,
    undone_by,
    version,
});

/// What an office says of headings, by the plain heading: a field, or empty for a
/// column that is not read.
type SaidColumns = BTreeMap<String, String>;

/// A document of a row of the table; what cannot be read is as if it were absent.
fn read<T: for<'a> Deserialize<'a> + Default>(value: Option<&Json>) -> T {
    value.and_then(|value| T::deserialize(value).ok()).unwrap_or_default()
}

impl Import {
    fn heads(&self) -> Vec<Head> {
        read(self.sheets.as_ref())
    }

    fn headings(&self) -> Vec<Heading> {
        read(Some(&self.columns))
    }

    /// What was said of its headings; none before it was read.
    fn said(&self) -> Option<SaidColumns> {
        SaidColumns::deserialize(self.said.as_ref()?).ok()
    }
}

/// A row that was not simply taken, as it is kept.
#[derive(Clone, Debug)]
struct KeptRow {
    n: i64,
    sheet: i64,
    line: i64,
    outcome: Fate,
    cells: Json,
    faults: Json,
    candidate: Option<Json>,
}

from_row!(KeptRow { n, sheet, line, outcome, cells, faults, candidate });

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

/// A row that may be an enterprise that is known already.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Doubt {
    /// Its number, by which it is chosen about.
    pub n: i64,
    /// The sheet.
    pub sheet: String,
    /// The row as the spreadsheet numbers it.
    pub row: usize,
    /// The name in the row.
    pub name: String,
    /// Whom it may be.
    pub candidate: Candidate,
    /// Why, in words.
    pub why: String,
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
    /// Why the sheet could not be read or worked off.
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
    /// Rows that were not taken; they come back with a remark for a day.
    pub rejected: i64,
    /// Rows that the officer left out.
    pub skipped: i64,
    /// What is wrong with them; at most 1,000 are listed.
    pub errors: Vec<Wrong>,
    /// Rows that may be an enterprise that is known; at most 200 are listed.
    pub doubts: Vec<Doubt>,
    /// How many of them there are.
    pub doubtful: i64,
    /// How the columns were understood.
    pub columns: Vec<Heading>,
    /// Rows and sheets that were passed over, in words.
    pub notices: Vec<String>,
    /// The first rows and what becomes of them: row, name, outcome.
    pub preview: Vec<(usize, String, String)>,
    /// What an undo left as it was, in words. While the import is not undone: what
    /// stood in the way, and nothing was taken back.
    pub kept: Vec<String>,
    /// Whether there is anything that could be taken back.
    pub may_undo: bool,
    /// When it was handed in.
    pub created_at: Time,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// When it was taken back.
    pub undone_at: Option<Time>,
    /// Counts the steps.
    pub version: i64,
}

/// Rows of an import that a report lists.
#[derive(Default)]
struct Rows {
    wrong: Vec<KeptRow>,
    doubts: Vec<KeptRow>,
    doubtful: i64,
    skipped: i64,
    /// Records that the import wrote and that were not taken back.
    written: i64,
}

impl Report {
    fn of(import: Import, rows: Rows, lang: Lang) -> Self {
        let heads = import.heads();
        let sheet = |row: &KeptRow| {
            let head = usize::try_from(row.sheet).ok().and_then(|at| heads.get(at));
            head.map(|head| head.sheet.clone()).unwrap_or_default()
        };
        let line = |row: &KeptRow| usize::try_from(row.line).unwrap_or_default();
        let errors = rows.wrong.iter().flat_map(|row| {
            read::<Vec<Fault>>(Some(&row.faults)).into_iter().map(|fault| Wrong {
                sheet: sheet(row),
                row: line(row),
                message: fault.message(lang),
                column: fault.column,
            })
        });
        let doubts = rows.doubts.iter().filter_map(|row| {
            let candidate = Candidate::deserialize(row.candidate.as_ref()?).ok()?;
            let faults: Vec<Fault> = read(Some(&row.faults));
            Some(Doubt {
                n: row.n,
                sheet: sheet(row),
                row: line(row),
                name: faults.first().and_then(|fault| fault.args.get("own").cloned()).unwrap_or_default(),
                why: candidate.why(lang),
                candidate,
            })
        });
        let notices: Vec<Notice> = read(import.notices.as_ref());
        let kept: Vec<undo::Kept> = read(import.kept.as_ref());
        let preview: Vec<Previewed> = read(Some(&import.preview));
        Self {
            errors: errors.collect(),
            doubts: doubts.collect(),
            doubtful: rows.doubtful,
            columns: import.headings(),
            notices: notices.iter().map(|notice| notice.message(lang)).collect(),
            kept: kept.iter().map(|kept| kept.message(lang)).collect(),
            preview: preview.into_iter().map(|p| (p.row, p.name, p.outcome)).collect(),
            may_undo: undo::may_begin(&import) && rows.written > 0,
            id: import.id,
            kind: import.kind,
            file_name: import.file_name,
            dry_run: import.dry_run,
            state: import.state,
            failure: import
                .failure
                .filter(|_| import.state == State::Failed)
                .map(|code| lang.t(&format!("import-failure-{code}")).into_owned()),
            total: import.total,
            position: import.position,
            created: import.created,
            updated: import.updated,
            unchanged: import.unchanged,
            rejected: import.rejected,
            skipped: rows.skipped,
            created_at: import.created_at,
            finished_at: import.finished_at,
            undone_at: import.undone_at,
            version: import.version,
        }
    }

    /// Percent of the rows that were worked.
    pub fn percent(&self) -> i64 {
        if self.total == 0 { 0 } else { self.position * 100 / self.total }
    }

    /// Whether it still goes on.
    pub fn runs(&self) -> bool {
        matches!(self.state, State::Queued | State::Running | State::Undoing)
    }

    /// Whether the columns may still be set right: in a preview that has ended.
    pub fn may_set_columns(&self) -> bool {
        self.dry_run && !self.runs() && !self.columns.is_empty()
    }
}

/// Hands in a sheet and works it off at once (commands, small files in tests).
pub async fn run(app: &App, who: &Actor, kind: Kind, bytes: Vec<u8>, file_name: &str, dry_run: bool) -> Result<Report> {
    run_with(app, who, Sheet { kind, bytes, file_name, dry_run, choices: Choices::default() }).await
}

/// A sheet that is handed in.
#[derive(Clone, Debug)]
pub struct Sheet<'a> {
    /// What it holds.
    pub kind: Kind,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its name.
    pub file_name: &'a str,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// What is done with rows that may be known already.
    pub choices: Choices,
}

/// Like [`run`], with what is chosen for doubtful rows.
pub async fn run_with(app: &App, who: &Actor, sheet: Sheet<'_>) -> Result<Report> {
    let id = take(app, who, sheet, false).await?;
    apply::work_off(app, &as_import(who.clone()), id).await?;
    report(app, who, id, Lang::Zh).await
}

/// Hands in a sheet; the queue works it off.
pub async fn submit(app: &App, who: &Actor, sheet: Sheet<'_>) -> Result<Uuid> {
    who.person()?;
    take(app, who, sheet, true).await
}

async fn take(app: &App, who: &Actor, sheet: Sheet<'_>, queue: bool) -> Result<Uuid> {
    who.must(sheet.kind.importers())?;
    let mut check = Check::new();
    let name: String = sheet.file_name.chars().filter(|c| !c.is_control()).take(120).collect();
    check.that(!sheet.bytes.is_empty(), "file", "required");
    check.done()?;
    let mut work = app.work(who).await?;
    let id = Uuid::now_v7();
    let (zone, now) = (who.zone_id, work.now);
    let new = store::New {
        id,
        kind: sheet.kind,
        file_name: &name,
        file: &sheet.bytes,
        dry_run: sheet.dry_run,
        choices: json!(sheet.choices),
        said: None,
        made_by: who.person_id,
    };
    store::insert(&mut work, zone, new, now).await?;
    if queue {
        work.enqueue(zone, JOB, &json!({"id": id}), now.ms(), None).await?;
    }
    work.commit(id).await
}

/// Takes a previewed sheet in for good: the same file again, this time written, its
/// columns understood as the preview showed them.
pub async fn accept(app: &App, who: &Actor, preview: Uuid, choices: Choices) -> Result<Uuid> {
    let import = own(app, who, preview).await?;
    who.must(import.kind.importers())?;
    if !import.dry_run || import.state != State::Done {
        return Err(Error::state("import_not_previewed"));
    }
    let mut work = app.work(who).await?;
    let (zone, now, id) = (who.zone_id, work.now, Uuid::now_v7());
    let file = store::take_file(&mut work, zone, preview).await?.ok_or(Error::state("import_file_gone"))?;
    let new = store::New {
        id,
        kind: import.kind,
        file_name: &import.file_name,
        file: &file,
        dry_run: false,
        choices: json!(choices),
        said: import.said,
        made_by: who.person_id,
    };
    store::insert(&mut work, zone, new, now).await?;
    work.enqueue(zone, JOB, &json!({"id": id}), now.ms(), None).await?;
    work.commit(id).await
}

/// Sets right how the headings of a previewed sheet are understood, remembers it
/// for the department, and previews again. By heading: the field, or none for a
/// column that is not read. What is not mentioned stays.
pub async fn set_columns(app: &App, who: &Actor, id: Uuid, said: BTreeMap<String, Option<String>>) -> Result<Uuid> {
    let mut import = own(app, who, id).await?;
    who.must(import.kind.importers())?;
    if !import.dry_run || matches!(import.state, State::Queued | State::Running) {
        return Err(Error::state("import_not_previewed"));
    }
    let kind = import.kind;
    let mut headings = import.headings();
    let mut errors = Vec::new();
    for (heading, field) in &said {
        let Some(known) = headings.iter_mut().find(|known| known.heading == *heading) else {
            errors.push(FieldError::new("columns", "import_no_heading").with("heading", heading));
            continue;
        };
        match field.as_deref().map(|field| (field, columns::key(kind, field))) {
            Some((_, None)) => errors.push(FieldError::new("columns", "unknown")),
            Some((field, Some(_))) => known.field = Some(field.to_owned()),
            None => known.field = None,
        }
    }
    let mut taken = BTreeSet::new();
    for heading in &headings {
        if let Some(field) = &heading.field
            && !taken.insert(field.clone())
        {
            let field = columns::heading(kind, field);
            errors.push(FieldError::new("columns", "import_column_twice").with("field", field));
        }
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let mut work = app.work(who).await?;
    let (zone, now) = (who.zone_id, work.now);
    if store::file(&mut work, zone, id).await?.is_none() {
        return Err(Error::state("import_file_gone"));
    }
    let department = who.department_id.unwrap_or_default();
    let mut all = import.said().unwrap_or_default();
    for heading in &headings {
        let plain = plain_heading(&heading.heading);
        let field = heading.field.as_deref();
        let usual = columns::usual(kind, &heading.heading);
        // Only what differs from the usual meaning is worth remembering.
        let said = (field != usual).then(|| field.unwrap_or_default());
        store::remember(&mut work, zone, department, kind, &plain, said, now).await?;
        match said {
            Some(said) => all.insert(plain, said.to_owned()),
            None => all.remove(&plain),
        };
    }
    import.said = Some(json!(all));
    import.state = State::Queued;
    (import.failure, import.finished_at, import.attempts) = (None, None, Some(0));
    (import.position, import.total) = (0, 0);
    (import.created, import.updated, import.unchanged, import.rejected) = (0, 0, 0, 0);
    import.preview = json!([]);
    store::forget_rows(&mut work, zone, id).await?;
    if !store::save(&mut work, zone, &import).await? {
        return Err(Error::Conflict(crate::error::Conflict::Stale(import.version + 1)));
    }
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
    let import = own(app, who, id).await?;
    let mut tx = app.read().await?;
    let zone = who.zone_id;
    let rows = Rows {
        wrong: store::rows(&mut tx, zone, id, &[Fate::Reject, Fate::Doubt], -1, SHOWN_ERRORS).await?,
        doubts: store::rows(&mut tx, zone, id, &[Fate::Doubt], -1, SHOWN_DOUBTS).await?,
        doubtful: store::count_rows(&mut tx, zone, id, Fate::Doubt).await?,
        skipped: store::count_rows(&mut tx, zone, id, Fate::Skip).await?,
        written: {
            let (made, changed) = store::written_counts(&mut tx, zone, id).await?;
            made + changed
        },
    };
    Ok(Report::of(import, rows, lang))
}

/// The last imports of this person.
pub async fn recent(app: &App, who: &Actor, lang: Lang) -> Result<Vec<Report>> {
    let imports = store::recent(&mut app.read().await?, who.zone_id, who.person()?).await?;
    Ok(imports.into_iter().map(|import| Report::of(import, Rows::default(), lang)).collect())
}

/// Rows that are read at once when they are given back.
const GIVEN_AT_ONCE: i64 = 5_000;

/// The rows that were not taken, sheet by sheet as they came, with what is wrong
/// in a last column: a workbook, or CSV.
pub async fn rejects(app: &App, who: &Actor, id: Uuid, csv: bool) -> Result<Vec<u8>> {
    let heads = own(app, who, id).await?.heads();
    let mut sheets: Vec<Vec<Vec<String>>> = vec![Vec::new(); heads.len()];
    let mut after = -1;
    loop {
        let mut tx = app.read().await?;
        let fates = [Fate::Reject, Fate::Doubt];
        let rows = store::rows(&mut tx, who.zone_id, id, &fates, after, GIVEN_AT_ONCE).await?;
        drop(tx);
        let Some(last) = rows.last() else { break };
        after = last.n;
        for row in rows {
            let Some(sheet) = usize::try_from(row.sheet).ok().and_then(|at| sheets.get_mut(at)) else { continue };
            let remarks = read::<Vec<Fault>>(Some(&row.faults)).into_iter().map(|fault| {
                let place = if fault.column.is_empty() { String::new() } else { format!("{}列：", fault.column) };
                format!("{place}{}", fault.message(Lang::Zh))
            });
            let mut cells: Vec<String> = read(Some(&row.cells));
            cells.insert(0, remarks.collect::<Vec<_>>().join("；"));
            sheet.push(cells);
        }
    }
    if sheets.iter().all(Vec::is_empty) {
        return Err(Error::NotFound);
    }
    let written = tokio::task::spawn_blocking(move || given_back(&heads, sheets, csv)).await;
    written.map_err(|e| Error::Internal(e.to_string()))?
}

/// Writes rows back under their heads; the first text of each is the remark.
fn given_back(heads: &[Head], sheets: Vec<Vec<Vec<String>>>, csv: bool) -> Result<Vec<u8>> {
    let mut out: Vec<SheetOut<'_>> = Vec::new();
    for (head, rows) in heads.iter().zip(sheets).filter(|(_, rows)| !rows.is_empty()) {
        let mut titles: Vec<&str> = head.head.iter().map(String::as_str).collect();
        // A sheet that came back before has the column already.
        if titles.last() == Some(&REMARK) {
            titles.pop();
        }
        let old = head.head.len() > titles.len();
        let widest = rows.iter().map(|row| row.len() - 1).max().unwrap_or_default();
        let width = if old { titles.len() } else { widest.max(titles.len()) };
        titles.resize(width, "");
        titles.push(REMARK);
        let rows = rows.into_iter().map(|row| {
            let mut texts = row.into_iter();
            let remark = texts.next().unwrap_or_default();
            let mut cells: Vec<Cell> =
                texts.take(width).map(|text| if text.is_empty() { Cell::Empty } else { text.into() }).collect();
            cells.resize(width, Cell::Empty);
            cells.push(remark.into());
            cells
        });
        out.push(SheetOut { name: &head.sheet, head: titles, rows: rows.collect() });
    }
    if csv {
        return Ok(paper::csv_of(&out));
    }
    paper::workbook(&out).map_err(|e| Error::Internal(format!("a workbook cannot be written: {e}")))
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

/// Works an import off: takes its rows in, in the name of whoever handed it in, or
/// takes back what it wrote, in the name of whoever asked for that. A job that fails again and again leaves the import
/// failed, with a reason, and not waiting.
pub async fn work_off(app: &App, zone: Uuid, id: Uuid) -> Result<()> {
    let begun = begin(app, zone, id).await?;
    let Some((import, attempt)) = begun else { return Ok(()) };
    // A worker that dies leaves no error, only the count.
    if attempt > ATTEMPTS {
        return apply::give_up(app, zone, id).await;
    }
    let Err(error) = carry_out(app, zone, &import).await else { return Ok(()) };
    tracing::warn!(import = %id, %error, attempt, "an import failed");
    if attempt < ATTEMPTS {
        return Err(error);
    }
    apply::give_up(app, zone, id).await
}

/// Counts that the job begins; none when there is nothing to do.
async fn begin(app: &App, zone: Uuid, id: Uuid) -> Result<Option<(Import, i64)>> {
    let mut tx = app.db.write().await?;
    let import = store::import(&mut tx, zone, id).await?.ok_or(Error::NotFound)?;
    if !matches!(import.state, State::Queued | State::Running | State::Undoing) {
        return Ok(None);
    }
    let attempt = import.attempts.unwrap_or_default() + 1;
    store::attempt(&mut tx, zone, id, attempt).await?;
    tx.commit().await?;
    Ok(Some((import, attempt)))
}

async fn carry_out(app: &App, zone: Uuid, import: &Import) -> Result<()> {
    let mut tx = app.read().await?;
    let by = match import.state {
        State::Undoing => import.undone_by,
        _ => import.made_by,
    };
    let who = match by {
        Some(person) => actor_of(&mut tx, zone, person).await?,
        None => Actor::rule(zone),
    };
    drop(tx);
    let who = as_import(who);
    match import.state {
        State::Undoing => undo::work_off(app, &who, import.id).await,
        _ => apply::work_off(app, &who, import.id).await,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_as_people_do() {
        for (rows, text) in [(&[5, 6, 7, 12][..], "5–7、12"), (&[3], "3"), (&[], ""), (&[1, 3, 5], "1、3、5")] {
            assert_eq!(ranges(rows, "、"), text);
        }
    }

    #[test]
    fn what_is_chosen_for_a_row_comes_before_what_is_chosen_for_all() {
        let choices = Choices { rows: BTreeMap::from([(3, Choice::Skip)]), others: Some(Choice::New) };
        assert_eq!((choices.of(3), choices.of(4)), (Some(Choice::Skip), Some(Choice::New)));
        assert_eq!(Choices::default().of(3), None);
    }

    #[test]
    fn rows_come_back_under_their_own_heads() {
        let texts = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let heads = [
            Head { sheet: "一".into(), head: texts(&["企业名称", "人数", REMARK]) },
            Head { sheet: "二".into(), head: texts(&["单位", "电话"]) },
        ];
        let rows = vec![
            vec![texts(&["新的问题", "甲", "很多", "旧的问题"])],
            vec![texts(&["电话不对", "乙", "12", "多出来的一格"])],
        ];
        let back = paper::read(&given_back(&heads, rows.clone(), false).expect("written"), paper::Limits::default());
        let back = back.expect("read");
        let cells = |sheet: &paper::Sheet| sheet.rows.iter().map(|row| row.cells.clone()).collect::<Vec<_>>();
        assert_eq!(cells(&back[0]), [texts(&["企业名称", "人数", REMARK]), texts(&["甲", "很多", "新的问题"])]);
        assert_eq!(
            cells(&back[1]),
            [texts(&["单位", "电话", "", REMARK]), texts(&["乙", "12", "多出来的一格", "电话不对"])]
        );
        let text = String::from_utf8(given_back(&heads, rows, true).expect("written")).expect("UTF-8");
        assert!(text.starts_with("\u{feff}一\r\n企业名称,人数,问题\r\n甲,很多,新的问题\r\n二\r\n"), "{text}");
    }
}
