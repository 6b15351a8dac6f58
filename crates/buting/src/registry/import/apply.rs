//! Working a sheet off: each row is understood, then written with its batch.

use super::store::{self, Known};
use super::{Import, Kind, MOST_ERRORS, PREVIEW, Previewed, RowError, State, columns};
use crate::actor::Actor;
use crate::app::{App, Change, Subject, Work};
use crate::assignment::desk as assignment;
use crate::assignment::{Bulk, Duty, Item, Step};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::patch::Patch;
use crate::registry::{
    CarrierKind, CarrierPatch, ContactPatch, Enterprise, EnterprisePatch, NewCarrier, NewContact, NewEnterprise,
    Status, Tag, desk, store as register,
};
use crate::search;
use crate::subject::SubjectKind;
use crate::text::Lang;
use hanzi::{short_name_match, similarity};
use identifiers::{Uscc, half_width};
use paper::{Cell, Limits, ReadError, Record, SheetOut, Table};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Rows that go in together.
const BATCH: usize = 500;
/// Names this much alike may be meant for each other.
const NEAR: f64 = 0.45;

/// Works an import off, from the row at which it stands.
pub async fn work_off(app: &App, who: &Actor, id: Uuid) -> Result<()> {
    let zone = who.zone_id;
    let (mut import, file) = {
        let mut tx = app.read().await?;
        let import = store::import(&mut tx, zone, id).await?.ok_or(Error::NotFound)?;
        (import, store::file(&mut tx, zone, id).await?)
    };
    if matches!(import.state, State::Done | State::Failed) {
        return Ok(());
    }
    let Some(file) = file else { return fail(app, zone, import, "file_gone").await };
    let kind = import.kind;
    let read = tokio::task::spawn_blocking(move || read_tables(kind, &file)).await;
    let tables = match read.map_err(|e| Error::Internal(e.to_string()))? {
        Ok(tables) => tables,
        Err(code) => return fail(app, zone, import, code).await,
    };
    let lines: Vec<(&Table, &Record)> =
        tables.iter().flat_map(|table| table.records.iter().map(move |row| (table, row))).collect();
    import.columns = columns_of(&tables);
    import.total = lines.len() as i64;
    import.state = State::Running;
    let known = Register::read(app, zone).await?;
    let mut errors: Vec<RowError> = serde_json::from_value(import.errors.clone()).unwrap_or_default();
    let mut preview: Vec<Previewed> = serde_json::from_value(import.preview.clone()).unwrap_or_default();
    let mut run = Run {
        app,
        who,
        kind,
        known,
        seen: HashMap::new(),
        file_name: import.file_name.clone(),
        dry_run: import.dry_run,
    };
    let done = usize::try_from(import.position).unwrap_or_default();
    // What was worked before is only looked at, so that doubles are still found.
    for (table, line) in &lines[..done.min(lines.len())] {
        let _ = run.doubles(table, line);
    }
    for batch in lines[done.min(lines.len())..].chunks(BATCH) {
        // Assignments are transactions of their own, which must not wait for ours.
        let settled = if kind == Kind::Assignments { run.assignments(batch).await? } else { Vec::new() };
        let mut work = app.work(who).await?;
        let rows = if kind == Kind::Assignments { &[][..] } else { batch };
        for outcome in settled.into_iter().chain(run.batch(&mut work, rows).await?) {
            match outcome.result {
                Ok(what) => {
                    match what {
                        What::Create => import.created += 1,
                        What::Update => import.updated += 1,
                        What::Same => import.unchanged += 1,
                    }
                    if preview.len() < PREVIEW {
                        preview.push(Previewed { row: outcome.row, name: outcome.name, outcome: what.word().into() });
                    }
                }
                Err(wrong) => {
                    import.rejected += 1;
                    if preview.len() < PREVIEW {
                        preview.push(Previewed { row: outcome.row, name: outcome.name, outcome: "reject".into() });
                    }
                    errors.extend(wrong);
                    errors.truncate(MOST_ERRORS);
                }
            }
        }
        import.position += batch.len() as i64;
        import.errors = json!(errors);
        import.preview = json!(preview);
        store::save(&mut work, zone, &import).await?;
        work.commit(id).await?;
    }
    let rejects = rejects(&tables, &errors)?;
    import.state = State::Done;
    import.finished_at = Some(app.now());
    let mut work = app.work(who).await?;
    store::save(&mut work, zone, &import).await?;
    store::finish(&mut work, zone, id, rejects.as_deref(), import.dry_run && import.rejected < import.total).await?;
    if !import.dry_run {
        let made = json!({
            "kind": kind, "file_name": import.file_name, "created": import.created, "updated": import.updated,
            "unchanged": import.unchanged, "rejected": import.rejected,
        });
        work.log("import.run", Subject::new("import", id), Change::made(made)).await?;
    }
    work.commit(id).await?;
    Ok(())
}

async fn fail(app: &App, zone: Uuid, mut import: Import, code: &str) -> Result<()> {
    import.state = State::Failed;
    import.failure = Some(code.to_owned());
    import.finished_at = Some(app.now());
    let mut tx = app.db.write().await?;
    store::save(&mut tx, zone, &import).await?;
    store::finish(&mut tx, zone, import.id, None, false).await?;
    Ok(tx.commit().await?)
}

/// The sheets of a file that have the columns we cannot do without.
fn read_tables(kind: Kind, file: &[u8]) -> Result<Vec<Table>, &'static str> {
    let sheets = paper::read(file, Limits::default()).map_err(|error: ReadError| error.code())?;
    let tables: Vec<Table> = sheets.iter().map(|sheet| paper::table(sheet, columns::of(kind))).collect();
    let tables: Vec<Table> =
        tables.into_iter().filter(|table| table.missing.is_empty() && !table.records.is_empty()).collect();
    if tables.is_empty() { Err("no_columns") } else { Ok(tables) }
}

/// How the headings of the first sheet were understood.
fn columns_of(tables: &[Table]) -> serde_json::Value {
    let Some(table) = tables.first() else { return json!([]) };
    let field = |i: usize| table.found.iter().find(|(_, at)| **at == i).map(|(key, _)| *key);
    let columns: Vec<_> =
        table.head.iter().enumerate().filter(|(_, head)| !head.is_empty()).map(|(i, head)| (head, field(i))).collect();
    json!(columns)
}

/// The rows that were not taken, sheet by sheet as they came, with a remark.
fn rejects(tables: &[Table], errors: &[RowError]) -> Result<Option<Vec<u8>>> {
    let mut remarks: HashMap<(&str, usize), Vec<String>> = HashMap::new();
    for error in errors {
        let place = if error.column.is_empty() { String::new() } else { format!("{}列：", error.column) };
        remarks.entry((&error.sheet, error.row)).or_default().push(format!("{place}{}", error.message(Lang::Zh)));
    }
    if remarks.is_empty() {
        return Ok(None);
    }
    let mut sheets = Vec::new();
    for table in tables {
        let wrong: Vec<_> = table
            .records
            .iter()
            .filter_map(|line| Some((line, remarks.get(&(table.sheet.as_str(), line.row))?)))
            .collect();
        if wrong.is_empty() {
            continue;
        }
        let width = wrong.iter().map(|(line, _)| line.cells().len()).max().unwrap_or(0).max(table.head.len());
        let mut head: Vec<&str> = table.head.iter().map(String::as_str).collect();
        head.resize(width, "");
        head.push("问题");
        let rows = wrong
            .into_iter()
            .map(|(line, remarks)| {
                let mut cells: Vec<Cell> = line.cells().iter().map(|cell| Cell::from(cell.as_str())).collect();
                cells.resize(width, Cell::Empty);
                cells.push(remarks.join("；").into());
                cells
            })
            .collect();
        sheets.push(SheetOut { name: &table.sheet, head, rows });
    }
    paper::workbook(&sheets).map(Some).map_err(|e| Error::Internal(format!("a workbook cannot be written: {e}")))
}

/// What became of a row.
struct Outcome {
    row: usize,
    name: String,
    result: Result<What, Vec<RowError>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Create,
    Update,
    Same,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Same => "same",
        }
    }
}

/// What rows are compared with: the register as it stood when the run began,
/// and what the run has added since.
struct Register {
    by_uscc: HashMap<String, Uuid>,
    by_name: HashMap<String, Vec<Uuid>>,
    by_short: HashMap<String, BTreeSet<Uuid>>,
    names: HashMap<Uuid, (String, Option<String>)>,
    carriers: Vec<(Uuid, String, String)>,
    departments: Vec<(Uuid, String, String)>,
    staff: HashMap<String, Vec<Uuid>>,
}

impl Register {
    async fn read(app: &App, zone: Uuid) -> Result<Self> {
        let mut tx = app.db.snapshot().await?;
        let mut known = Self {
            by_uscc: HashMap::new(),
            by_name: HashMap::new(),
            by_short: HashMap::new(),
            names: HashMap::new(),
            carriers: store::carriers(&mut tx, zone).await?,
            departments: store::departments(&mut tx, zone).await?,
            staff: HashMap::new(),
        };
        for (id, name) in store::staff(&mut tx, zone).await? {
            known.staff.entry(name).or_default().push(id);
        }
        for Known { id, name, name_key, uscc } in store::enterprises(&mut tx, zone).await? {
            known.add(id, &name, name_key, uscc, &[]);
        }
        for (id, name) in store::short_names(&mut tx, zone).await? {
            known.by_short.entry(name).or_default().insert(id);
        }
        tx.commit().await?;
        Ok(known)
    }

    fn add(&mut self, id: Uuid, name: &str, name_key: String, uscc: Option<String>, short_names: &[String]) {
        if let Some(uscc) = &uscc {
            self.by_uscc.insert(uscc.clone(), id);
        }
        self.by_name.entry(name_key).or_default().push(id);
        for short in short_names {
            self.by_short.entry(short.clone()).or_default().insert(id);
        }
        self.names.insert(id, (name.to_owned(), uscc));
    }

    /// The enterprise that a name means: the full name, or a short name that only one has.
    fn enterprise(&self, name: &str, uscc: Option<&str>) -> Option<Uuid> {
        if let Some(id) = uscc.and_then(|uscc| self.by_uscc.get(&Uscc::normalise(uscc))) {
            return Some(*id);
        }
        if let Some([id]) = self.by_name.get(&store::key_of(name)).map(Vec::as_slice) {
            return Some(*id);
        }
        self.by_short.get(name.trim()).filter(|ids| ids.len() == 1).and_then(|ids| ids.first().copied())
    }

    /// The name in the register that is most like this one.
    fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.names.values().map(|(name, _)| name.as_str()))
    }
}

fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|other| (similarity(name, other).max(short_name_match(name, other).unwrap_or(0.0)), other))
        .filter(|(score, _)| *score >= NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// A place in a list of bodies by full or short name.
fn find(bodies: &[(Uuid, String, String)], name: &str) -> Option<Uuid> {
    let name = name.trim();
    bodies
        .iter()
        .find(|(_, full, _)| full == name)
        .or_else(|| bodies.iter().find(|(_, _, short)| short == name))
        .map(|(id, ..)| *id)
}

/// One run over a sheet.
struct Run<'a> {
    app: &'a App,
    who: &'a Actor,
    kind: Kind,
    known: Register,
    /// Where a code or name stood first in this file.
    seen: HashMap<String, usize>,
    file_name: String,
    dry_run: bool,
}

/// Something wrong with a cell.
fn wrong(table: &Table, line: &Record, column: &str, error: FieldError) -> RowError {
    RowError {
        sheet: table.sheet.clone(),
        row: line.row,
        column: line.letter(column),
        code: error.code.to_owned(),
        args: error.args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

/// A refusal of the register as errors of the row; what is no refusal goes on.
fn refused(table: &Table, line: &Record, error: Error) -> Result<Vec<RowError>> {
    let column = |field: &str| match field {
        "contacts/0/name" | "contact_name" => "contact",
        "contacts/0/phone" => "phone",
        "contacts/0/title" => "title",
        "person_id" => "officer",
        "department_id" => "lead_dept",
        field => columns_key(field.split('/').next().unwrap_or_default()),
    };
    match error {
        Error::Invalid(errors) => Ok(errors
            .into_iter()
            .map(|error| {
                let key = column(&error.field);
                wrong(table, line, key, error)
            })
            .collect()),
        Error::Conflict(Conflict::Taken(field)) => {
            Ok(vec![wrong(table, line, column(field), FieldError::new(field, "taken"))])
        }
        Error::Conflict(Conflict::State(_)) => Ok(vec![wrong(table, line, "", FieldError::new("row", "import_state"))]),
        other => Err(other),
    }
}

/// The column of a field, where one has that name in any kind of sheet.
fn columns_key(field: &str) -> &'static str {
    Kind::ALL
        .iter()
        .flat_map(|kind| columns::of(*kind))
        .map(|column| column.key)
        .find(|key| *key == field)
        .unwrap_or("")
}

/// A whole number as offices write it: `1,200人`, `１２`. The error is a text.
fn number(text: &str) -> Option<i64> {
    let plain = half_width(text).replace([',', '，'], "");
    plain.trim_end_matches(['人', '名']).parse().ok()
}

/// Yes or no as offices write it.
fn truth(text: &str) -> Option<bool> {
    match half_width(text).to_lowercase().as_str() {
        "是" | "√" | "✓" | "1" | "y" | "yes" | "true" | "重点" | "重点企业" | "首要" => Some(true),
        "" | "否" | "×" | "0" | "n" | "no" | "false" | "非重点" | "一般" => Some(false),
        _ => None,
    }
}

/// The word whose Chinese label this is.
fn labelled<T: Copy>(all: &[T], family: &str, word: impl Fn(T) -> &'static str, text: &str) -> Option<T> {
    all.iter().copied().find(|one| word(*one) == text || Lang::Zh.word(family, word(*one)) == text)
}

fn list_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(['、', '，', ',', '；', ';', '/', ' ']).map(str::trim).filter(|part| !part.is_empty())
}

impl Run<'_> {
    async fn batch(&mut self, work: &mut Work, lines: &[(&Table, &Record)]) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(lines.len());
        let mut fresh: Vec<(Enterprise, Vec<NewContact>)> = Vec::new();
        for (table, line) in lines {
            let name = line.opt("name").or(line.opt("enterprise")).unwrap_or_default().to_owned();
            let result = match self.doubles(table, line) {
                Some(error) => Err(vec![error]),
                None => match self.kind {
                    Kind::Enterprises => self.enterprise(work, table, line, &mut fresh).await?,
                    Kind::Carriers => self.carrier(work, table, line).await?,
                    Kind::Contacts | Kind::Assignments => self.contact(work, table, line).await?,
                },
            };
            outcomes.push(Outcome { row: line.row, name, result });
        }
        if !self.dry_run {
            enter(work, fresh).await?;
        }
        Ok(outcomes)
    }

    async fn assignments(&mut self, lines: &[(&Table, &Record)]) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(lines.len());
        for (table, line) in lines {
            let result = match self.doubles(table, line) {
                Some(error) => Err(vec![error]),
                None => self.assignment(table, line).await?,
            };
            outcomes.push(Outcome { row: line.row, name: line.get("subject").to_owned(), result });
        }
        Ok(outcomes)
    }

    /// A row that says again what stood above in the same file.
    fn doubles(&mut self, table: &Table, line: &Record) -> Option<RowError> {
        let mut keys: Vec<(String, &str)> = Vec::new();
        match self.kind {
            Kind::Enterprises => {
                keys.extend(line.opt("uscc").map(|code| (format!("u{}", Uscc::normalise(code)), "uscc")));
                keys.extend(line.opt("name").map(|name| (format!("n{}", store::key_of(name)), "name")));
            }
            Kind::Carriers => keys.extend(line.opt("name").map(|name| (format!("n{name}"), "name"))),
            Kind::Contacts => {
                let whom = format!("c{} {}", line.get("enterprise"), line.get("contact"));
                keys.push((whom, "contact"));
            }
            Kind::Assignments => {
                keys.extend(line.opt("subject").map(|name| (format!("n{}", store::key_of(name)), "subject")))
            }
        }
        for (key, column) in &keys {
            if let Some(first) = self.seen.get(key) {
                let error = FieldError::new(*column, "import_twice").with("row", first);
                return Some(wrong(table, line, column, error));
            }
        }
        for (key, _) in keys {
            self.seen.insert(key, line.row);
        }
        None
    }

    async fn enterprise(
        &mut self,
        work: &mut Work,
        table: &Table,
        line: &Record,
        fresh: &mut Vec<(Enterprise, Vec<NewContact>)>,
    ) -> Result<Result<What, Vec<RowError>>> {
        let mut errors = Vec::new();
        let mut note = |column: &str, error: FieldError| errors.push(wrong(table, line, column, error));
        let text = |key: &str| line.opt(key).map(str::to_owned);
        let carrier_id = line.opt("carrier_id").and_then(|name| {
            let found = find(&self.known.carriers, name);
            if found.is_none() {
                let names = self.known.carriers.iter().flat_map(|(_, full, short)| [full.as_str(), short.as_str()]);
                match nearest(name, names) {
                    Some(near) => {
                        note("carrier_id", FieldError::new("carrier_id", "import_carrier_near").with("name", near))
                    }
                    None => note("carrier_id", FieldError::new("carrier_id", "import_carrier")),
                }
            }
            found
        });
        let headcount = line.opt("headcount").and_then(|text| {
            let n = number(text);
            if n.is_none() {
                note("headcount", FieldError::new("headcount", "import_number").with("text", text));
            }
            n
        });
        let key = line.opt("key").and_then(|text| {
            let key = truth(text);
            if key.is_none() {
                note("key", FieldError::new("key", "import_truth").with("text", text));
            }
            key
        });
        let status = line.opt("status").and_then(|text| {
            let status = labelled(Status::ALL, "enterprise-status", Status::word, text);
            if status.is_none() {
                note("status", FieldError::new("status", "import_word").with("text", text));
            }
            status
        });
        let mut tags = Vec::new();
        for text in line.opt("tags").into_iter().flat_map(list_of) {
            match labelled(Tag::ALL, "enterprise-tag", Tag::word, text) {
                Some(tag) => tags.push(tag),
                None => note("tags", FieldError::new("tags", "import_word").with("text", text)),
            }
        }
        let contact = line.opt("contact").or(line.opt("phone")).map(|_| NewContact {
            name: line.get("contact").to_owned(),
            title: text("title"),
            phone: text("phone"),
            ..NewContact::default()
        });
        if let Some(contact) = &contact {
            if contact.name.is_empty() {
                note("contact", FieldError::new("contact", "import_contact"));
            }
            // All that the register would refuse: it is asked when the row can no longer be given back.
            let (title, phone) = (contact.title.as_deref(), contact.phone.as_deref());
            for error in crate::organisation::desk::wrong_person(&contact.name, title, phone) {
                match error.field.as_ref() {
                    "name" if contact.name.is_empty() => {}
                    "name" => note("contact", error),
                    "title" => note("title", error),
                    _ => note("phone", error),
                }
            }
        }
        let new = NewEnterprise {
            name: line.get("name").to_owned(),
            short_names: line
                .opt("short_names")
                .into_iter()
                .flat_map(|text| text.split(['、', '，', ',', ';', '；']))
                .map(str::to_owned)
                .collect(),
            uscc: text("uscc"),
            uscc_note: text("uscc_note"),
            legacy_reg_no: text("legacy_reg_no"),
            carrier_id,
            industry_code: text("industry_code"),
            headcount,
            key: key.unwrap_or_default(),
            status,
            address: text("address"),
            tags,
            note: text("note"),
            source: Some(self.file_name.chars().take(60).collect()),
            confirmed_at: Some(work.now),
            ..NewEnterprise::default()
        };
        let new = match new.checked() {
            Ok(new) => new,
            Err(error) => {
                errors.extend(refused(table, line, error)?);
                return Ok(Err(errors));
            }
        };
        let found = match self.same(&new) {
            Ok(found) => found,
            Err((column, error)) => {
                errors.push(wrong(table, line, column, error));
                None
            }
        };
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
        let Some(id) = found else {
            let one = new.record(Uuid::now_v7(), work.now);
            self.known.add(one.id, &one.name, store::key_of(&one.name), one.uscc.clone(), &one.short_names);
            fresh.push((one, contact.into_iter().collect()));
            return Ok(Ok(What::Create));
        };
        if let Some(at) = fresh.iter().position(|(one, _)| one.id == id) {
            // Known only since this batch: the row is a second one of the same enterprise.
            let name = fresh[at].0.name.clone();
            return Ok(Err(vec![wrong(
                table,
                line,
                "name",
                FieldError::new("name", "import_other_name").with("name", name),
            )]));
        }
        match self.update(work, id, new, key, contact).await {
            Ok(what) => Ok(Ok(what)),
            Err(error) => Ok(Err(refused(table, line, error)?)),
        }
    }

    /// The enterprise of the register that a row speaks of; an error when code
    /// and name speak of two.
    fn same(&self, new: &NewEnterprise) -> Result<Option<Uuid>, (&'static str, FieldError)> {
        let by_name = self.known.by_name.get(&store::key_of(&new.name)).map_or(&[][..], Vec::as_slice);
        let by_code = new.uscc.as_ref().and_then(|code| self.known.by_uscc.get(code));
        match (by_code, by_name) {
            (Some(id), names) => {
                let known = self.known.names.get(id).map(|(name, _)| name.as_str()).unwrap_or_default();
                let same = names.contains(id)
                    || similarity(known, &new.name) >= NEAR
                    || short_name_match(&new.name, known).is_some();
                if same {
                    Ok(Some(*id))
                } else {
                    Err(("uscc", FieldError::new("uscc", "import_other_name").with("name", known)))
                }
            }
            (None, []) => Ok(None),
            (None, [id]) => {
                let known = self.known.names.get(id).and_then(|(_, uscc)| uscc.as_ref());
                match (known, &new.uscc) {
                    (Some(known), Some(_)) => {
                        Err(("uscc", FieldError::new("uscc", "import_other_uscc").with("uscc", known)))
                    }
                    _ => Ok(Some(*id)),
                }
            }
            (None, [_, _, ..]) => Err(("name", FieldError::new("name", "import_two_named"))),
        }
    }

    /// Changes what the row says otherwise; empty cells change nothing.
    async fn update(
        &mut self,
        work: &mut Work,
        id: Uuid,
        new: NewEnterprise,
        key: Option<bool>,
        contact: Option<NewContact>,
    ) -> Result<What> {
        let zone = work.zone();
        let old = register::enterprise(work, zone, id).await?.ok_or(Error::NotFound)?;
        let mut short_names = old.short_names.clone();
        short_names.extend(new.short_names.iter().filter(|name| !old.short_names.contains(name)).cloned());
        let set = |value: Option<String>| value.map_or(Patch::Keep, Patch::Set);
        let patch = EnterprisePatch {
            // The name in the register is the registered one and stays.
            name: None,
            short_names: (short_names.len() > old.short_names.len()).then_some(short_names),
            uscc: set(new.uscc),
            uscc_note: set(new.uscc_note),
            legacy_reg_no: set(new.legacy_reg_no),
            carrier_id: new.carrier_id.map_or(Patch::Keep, Patch::Set),
            industry_code: set(new.industry_code),
            headcount: new.headcount.map_or(Patch::Keep, Patch::Set),
            key,
            status: new.status,
            address: set(new.address),
            tags: (!new.tags.is_empty()).then_some(new.tags),
            note: set(new.note),
            ..EnterprisePatch::default()
        };
        if self.dry_run {
            let mut after = patch.apply(&old).checked()?.record(id, old.created_at);
            after.source.clone_from(&old.source);
            let same = after.facts() == old.facts() && !self.contact_differs(work, id, contact.as_ref()).await?;
            return Ok(if same { What::Same } else { What::Update });
        }
        let changed = desk::change_in(work, &old, patch, Some(self.file_name.clone())).await?;
        let talked = match contact {
            Some(contact) => keep_contact(work, id, contact).await? != What::Same,
            None => false,
        };
        Ok(if changed || talked { What::Update } else { What::Same })
    }

    async fn contact_differs(&self, work: &mut Work, enterprise: Uuid, contact: Option<&NewContact>) -> Result<bool> {
        let Some(contact) = contact else { return Ok(false) };
        let zone = work.zone();
        let known = register::contacts(work, zone, &[enterprise]).await?;
        Ok(known.iter().find(|one| one.name == contact.name.trim()).is_none_or(|one| differs(one, contact)))
    }

    async fn carrier(&mut self, work: &mut Work, table: &Table, line: &Record) -> Result<Result<What, Vec<RowError>>> {
        let text = |key: &str| line.opt(key).map(str::to_owned);
        let Some(kind) = labelled(CarrierKind::ALL, "carrier-kind", CarrierKind::word, line.get("kind")) else {
            let error = FieldError::new("kind", "import_word").with("text", line.get("kind"));
            return Ok(Err(vec![wrong(table, line, "kind", error)]));
        };
        let (zone, name) = (work.zone(), line.get("name").trim().to_owned());
        let new = NewCarrier {
            id: None,
            name,
            short_name: text("short_name"),
            kind,
            address: text("address"),
            note: text("note"),
        };
        let new = match new.checked() {
            Ok(new) => new,
            Err(error) => return Ok(Err(refused(table, line, error)?)),
        };
        let done = match register::carrier_named(work, zone, &new.name, Uuid::nil()).await? {
            None if self.dry_run => Ok(What::Create),
            None => desk::create_carrier_in(work, new).await.map(|_| What::Create),
            Some(id) => {
                let old = register::carrier(work, zone, id).await?.ok_or(Error::NotFound)?;
                let patch = CarrierPatch {
                    short_name: new.short_name,
                    kind: Some(kind),
                    address: new.address.map_or(Patch::Keep, Patch::Set),
                    note: new.note.map_or(Patch::Keep, Patch::Set),
                    ..CarrierPatch::default()
                };
                if self.dry_run {
                    let differs = patch.short_name.as_ref().is_some_and(|s| *s != old.short_name)
                        || kind != old.kind
                        || patch.address.clone().apply(old.address.clone()) != old.address
                        || patch.note.clone().apply(old.note.clone()) != old.note;
                    Ok(if differs { What::Update } else { What::Same })
                } else {
                    desk::change_carrier_in(work, &old, patch)
                        .await
                        .map(|changed| if changed { What::Update } else { What::Same })
                }
            }
        };
        match done {
            Ok(what) => Ok(Ok(what)),
            Err(error) => Ok(Err(refused(table, line, error)?)),
        }
    }

    /// The enterprise that a cell names, or what is wrong with it.
    fn named(&self, table: &Table, line: &Record, column: &'static str) -> Result<Uuid, Vec<RowError>> {
        let name = line.get(column);
        self.known.enterprise(name, line.opt("uscc")).ok_or_else(|| {
            let error = match self.known.nearest(name) {
                Some(near) => FieldError::new(column, "import_enterprise_near").with("name", near),
                None => FieldError::new(column, "import_enterprise"),
            };
            vec![wrong(table, line, column, error)]
        })
    }

    async fn contact(&mut self, work: &mut Work, table: &Table, line: &Record) -> Result<Result<What, Vec<RowError>>> {
        let enterprise = match self.named(table, line, "enterprise") {
            Ok(id) => id,
            Err(errors) => return Ok(Err(errors)),
        };
        let text = |key: &str| line.opt(key).map(str::to_owned);
        let contact = NewContact {
            id: None,
            name: line.get("contact").to_owned(),
            title: text("title"),
            phone: text("phone"),
            email: text("email"),
            primary: truth(line.get("primary")).unwrap_or_default(),
        };
        if contact.name.trim().is_empty() {
            return Ok(Err(vec![wrong(table, line, "contact", FieldError::new("contact", "required"))]));
        }
        if contact.phone.as_deref().is_some_and(|phone| identifiers::phone::parse(phone).is_err()) {
            return Ok(Err(vec![wrong(table, line, "phone", FieldError::new("phone", "phone"))]));
        }
        if self.dry_run {
            let zone = work.zone();
            let known = register::contacts(work, zone, &[enterprise]).await?;
            return Ok(Ok(match known.iter().find(|one| one.name == contact.name.trim()) {
                None => What::Create,
                Some(one) if differs(one, &contact) => What::Update,
                Some(_) => What::Same,
            }));
        }
        match keep_contact(work, enterprise, contact).await {
            Ok(what) => Ok(Ok(what)),
            Err(error) => Ok(Err(refused(table, line, error)?)),
        }
    }

    /// Each row of an assignment is a transaction of its own: who answers for one
    /// subject is settled or left alone as a whole.
    async fn assignment(&mut self, table: &Table, line: &Record) -> Result<Result<What, Vec<RowError>>> {
        let carrier = find(&self.known.carriers, line.get("subject"));
        let (subject_kind, subject_id) = match (self.named(table, line, "subject"), carrier) {
            (Ok(id), _) => (SubjectKind::Enterprise, id),
            (Err(_), Some(id)) => (SubjectKind::Carrier, id),
            (Err(errors), None) => return Ok(Err(errors)),
        };
        let (mut items, mut errors) = (Vec::new(), Vec::new());
        for (column, role) in
            [("lead_leader", Duty::LeadLeader), ("lead_dept", Duty::LeadDept), ("officer", Duty::Officer)]
        {
            let Some(name) = line.opt(column) else { continue };
            let mut item = Item { subject_kind, subject_id, role, department_id: None, person_id: None, seen: None };
            let found = if role == Duty::LeadDept {
                item.department_id = find(&self.known.departments, name);
                item.department_id.map(drop).ok_or(FieldError::new(column, "import_department"))
            } else {
                match self.known.staff.get(name).map_or(&[][..], Vec::as_slice) {
                    [one] => {
                        item.person_id = Some(*one);
                        Ok(())
                    }
                    [] => Err(FieldError::new(column, "import_person")),
                    _ => Err(FieldError::new(column, "import_two_people")),
                }
            };
            match found {
                Ok(()) => items.push(item),
                Err(error) => errors.push(wrong(table, line, column, error)),
            }
        }
        if items.is_empty() && errors.is_empty() {
            errors.push(wrong(table, line, "subject", FieldError::new("subject", "import_nobody")));
        }
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
        let basis = line.opt("basis").map(str::to_owned);
        let bulk = Bulk { items, replace: true, basis, reason: Some(self.file_name.clone()) };
        let preview = match assignment::preview(self.app, self.who, &bulk).await {
            Ok(preview) => preview,
            Err(error) => return Ok(Err(refused(table, line, error)?)),
        };
        let what = match (preview.count(Step::Change), preview.count(Step::Open)) {
            (0, 0) => What::Same,
            (0, _) => What::Create,
            _ => What::Update,
        };
        if !self.dry_run && what != What::Same {
            return match assignment::bulk(self.app, self.who, bulk).await {
                Ok(_) => Ok(Ok(what)),
                Err(error) => Ok(Err(refused(table, line, error)?)),
            };
        }
        Ok(Ok(what))
    }
}

/// Enters new enterprises with few statements.
async fn enter(work: &mut Work, fresh: Vec<(Enterprise, Vec<NewContact>)>) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let (all, contacts): (Vec<Enterprise>, Vec<Vec<NewContact>>) = fresh.into_iter().unzip();
    if all.is_empty() {
        return Ok(());
    }
    register::insert_enterprises(work, zone, &all).await?;
    let texts: Vec<search::Text> = all
        .iter()
        .map(|one| search::Text { id: one.id, about: Some(one.id), at: now, text: one.search_text() })
        .collect();
    search::put_all(work, desk::ENTERPRISE, &texts).await?;
    let made =
        all.iter().map(|one| (Subject::about("enterprise", one.id, one.id), Change::made(one.facts()))).collect();
    work.log_all("enterprise.create", made).await?;
    for (one, contacts) in all.iter().zip(contacts) {
        for contact in contacts {
            desk::add_contact_in(work, one.id, contact).await?;
        }
    }
    Ok(())
}

/// Whether a row says of a contact what is not known yet.
fn differs(known: &crate::registry::Contact, contact: &NewContact) -> bool {
    let phone =
        contact.phone.as_deref().and_then(|phone| identifiers::phone::parse(phone).ok()).map(|phone| phone.to_string());
    let other = |new: &Option<String>, old: &Option<String>| new.is_some() && new != old;
    other(&phone, &known.phone)
        || other(&contact.title, &known.title)
        || other(&contact.email, &known.email)
        || (contact.primary && !known.primary)
}

/// Adds a contact, or corrects the one of that name.
async fn keep_contact(work: &mut Work, enterprise: Uuid, contact: NewContact) -> Result<What> {
    let zone = work.zone();
    let known = register::contacts(work, zone, &[enterprise]).await?;
    let Some(old) = known.iter().find(|one| one.name == contact.name.trim()) else {
        desk::add_contact_in(work, enterprise, contact).await?;
        return Ok(What::Create);
    };
    if !differs(old, &contact) {
        return Ok(What::Same);
    }
    let set = |value: Option<String>| value.map_or(Patch::Keep, Patch::Set);
    let patch = ContactPatch {
        title: set(contact.title),
        phone: set(contact.phone),
        email: set(contact.email),
        primary: contact.primary.then_some(true),
        ..ContactPatch::default()
    };
    desk::change_contact_in(work, old, patch).await?;
    Ok(What::Update)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn numbers_and_truth_as_offices_write_them() {
        for (text, n) in [
            ("120", Some(120)),
            ("1,200人", Some(1200)),
            ("１２", Some(12)),
            ("一百多人", None),
            ("12.5", None),
            ("", None),
        ] {
            assert_eq!(number(text), n, "{text}");
        }
        for (text, yes) in
            [("是", Some(true)), ("√", Some(true)), ("否", Some(false)), ("", Some(false)), ("大概", None)]
        {
            assert_eq!(truth(text), yes, "{text}");
        }
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        let names = ["西岭产业园", "平川智造园"];
        assert_eq!(nearest("西岭园", names.into_iter()), Some("西岭产业园"));
        assert_eq!(nearest("火星基地", names.into_iter()), None);
    }

    #[test]
    fn words_are_read_by_their_labels() {
        assert_eq!(labelled(Tag::ALL, "enterprise-tag", Tag::word, "专精特新"), Some(Tag::Specialised));
        assert_eq!(labelled(Status::ALL, "enterprise-status", Status::word, "在区"), Some(Status::Active));
        assert_eq!(labelled(Status::ALL, "enterprise-status", Status::word, "在火星"), None);
        assert_eq!(list_of("规上、专精特新，保供").collect::<Vec<_>>(), ["规上", "专精特新", "保供"]);
    }

    #[test]
    fn every_column_of_an_error_exists() {
        let used: BTreeMap<&str, Kind> = BTreeMap::from([
            ("carrier_id", Kind::Enterprises),
            ("contact", Kind::Contacts),
            ("subject", Kind::Assignments),
        ]);
        for (key, kind) in used {
            assert!(!columns::heading(kind, key).is_empty(), "{key}");
        }
        assert_eq!(columns_key("headcount"), "headcount");
        assert_eq!(columns_key("nonsense"), "");
    }
}
