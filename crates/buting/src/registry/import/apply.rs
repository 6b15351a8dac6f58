//! Working a file off: rows are planned while readers read, then written with
//! their batch.

use super::plan::{self, Line, Op, Planned, Run, Verdict, What};
use super::store;
use super::{
    Choices, Fate, Head, Heading, Import, KeptRow, Kind, Notice, PREVIEW, Previewed, SaidColumns, State, columns, read,
    undo,
};
use crate::actor::Actor;
use crate::app::{App, Change, Subject, Work};
use crate::assignment::desk as assignment;
use crate::error::{Conflict, Error, Result};
use crate::organisation::desk as organisation;
use crate::patch::Patch;
use crate::project::desk as project;
use crate::registry::fact::{Said, Source};
use crate::registry::{ContactPatch, Enterprise, NewContact, desk, store as register};
use crate::search;
use paper::{Headings, Limits, ReadError, Record, Skip, Table, column_letter, plain_heading};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Rows that go in together: few enough that nobody waits long for the writer.
const BATCH: usize = 250;
/// Cells that are shown below a heading.
const SAMPLES: usize = 3;
/// Rows that one notice names.
const NAMED: usize = 50;

/// A file as it was understood.
struct Reading {
    tables: Vec<Table>,
    headings: Vec<Heading>,
    notices: Vec<Notice>,
    /// Why no row can be worked.
    failure: Option<&'static str>,
}

/// Works an import off, from the row at which it stands.
pub async fn work_off(app: &App, who: &Actor, id: Uuid) -> Result<()> {
    let zone = who.zone_id;
    let (mut import, file, said) = {
        let mut tx = app.read().await?;
        let import = store::import(&mut tx, zone, id).await?.ok_or(Error::NotFound)?;
        // What was said when it was first read holds to the end, whoever goes on with it.
        let said: SaidColumns = match import.said() {
            Some(said) => said,
            None => {
                let department = who.department_id.unwrap_or_default();
                store::remembered(&mut tx, zone, department, import.kind).await?.into_iter().collect()
            }
        };
        (import, store::file(&mut tx, zone, id).await?, said)
    };
    if !matches!(import.state, State::Queued | State::Running) {
        return Ok(());
    }
    let Some(file) = file else { return fail(app, zone, import, "file_gone").await };
    let kind = import.kind;
    import.said = Some(json!(said));
    let said: Headings = said
        .into_iter()
        .filter(|(_, field)| field.is_empty() || columns::key(kind, field).is_some())
        .map(|(heading, field)| (heading, columns::key(kind, &field)))
        .collect();
    let reading = tokio::task::spawn_blocking(move || read_file(kind, &file, &said)).await;
    let reading = match reading.map_err(|e| Error::Internal(e.to_string()))? {
        Ok(reading) => reading,
        Err(code) => return fail(app, zone, import, code).await,
    };
    let heads: Vec<Head> =
        reading.tables.iter().map(|table| Head { sheet: table.sheet.clone(), head: table.head.clone() }).collect();
    import.columns = json!(reading.headings);
    import.sheets = Some(json!(heads));
    import.notices = Some(json!(reading.notices));
    if let Some(code) = reading.failure {
        return fail(app, zone, import, code).await;
    }
    let rows =
        reading.tables.iter().enumerate().flat_map(|(sheet, table)| table.records.iter().map(move |row| (sheet, row)));
    let lines: Vec<Line<'_>> = (0_i64..).zip(rows).map(|(n, (sheet, record))| Line { n, sheet, record }).collect();
    import.total = lines.len() as i64;
    import.state = State::Running;
    let choices: Choices = read(import.choices.as_ref());
    let names = heads.into_iter().map(|head| head.sheet).collect();
    let mut run = Run::new(app, who, kind, &import.file_name, names, choices).await?;
    let (done, rest) = lines.split_at(usize::try_from(import.position).unwrap_or_default().min(lines.len()));
    done.iter().for_each(|line| run.pass(*line));
    for batch in rest.chunks(BATCH) {
        let mut planned = run.plan(batch).await?;
        if kind == Kind::Assignments && !import.dry_run {
            settle(app, who, &import, &mut planned).await?;
        }
        let mut work = app.work(who).await?;
        if !keep(&mut work, &mut import, planned).await? {
            // Another worker has gone on with it.
            return Ok(());
        }
        work.commit(id).await?;
    }
    import.state = State::Done;
    import.finished_at = Some(app.now());
    let mut work = app.work(who).await?;
    if !store::save(&mut work, zone, &import).await? {
        return Ok(());
    }
    // A preview's file waits a day: to be taken in, or read with other columns.
    if !import.dry_run {
        store::forget_file(&mut work, zone, id).await?;
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
    if store::save(&mut tx, zone, &import).await? && !(import.dry_run && code == "no_columns") {
        store::forget_file(&mut tx, zone, import.id).await?;
    }
    Ok(tx.commit().await?)
}

/// Leaves an import failed whose job failed again and again. What was written
/// stays, and can be taken back.
pub async fn give_up(app: &App, zone: Uuid, id: Uuid) -> Result<()> {
    let import = store::import(&mut app.read().await?, zone, id).await?.ok_or(Error::NotFound)?;
    if import.state == State::Undoing {
        return undo::give_up(app, zone, import).await;
    }
    fail(app, zone, import, "gave_up").await
}

// ---- reading the file ----------------------------------------------------------

fn read_file(kind: Kind, file: &[u8], said: &Headings) -> Result<Reading, &'static str> {
    let sheets = paper::read(file, Limits::default()).map_err(|error: ReadError| error.code())?;
    let columns = columns::of(kind);
    let mut notices = Vec::new();
    let mut tables = Vec::new();
    for sheet in sheets {
        if !sheet.visible {
            notices.push(Notice { sheet: sheet.name, code: "hidden_sheet".into(), rows: Vec::new() });
        } else if !sheet.rows.is_empty() {
            tables.push(paper::table(sheet, &columns, said));
        }
    }
    let headings = headings_of(&tables, said);
    let (mut whole, partial): (Vec<Table>, Vec<Table>) = tables.into_iter().partition(|table| table.missing.is_empty());
    if whole.is_empty() {
        return Ok(Reading { tables: partial, headings, notices, failure: Some("no_columns") });
    }
    // Columns are asked about for the sheets that are read.
    let headings = headings_of(&whole, said);
    notices.extend(partial.into_iter().map(|table| Notice {
        sheet: table.sheet,
        code: "no_columns".into(),
        rows: Vec::new(),
    }));
    for table in &mut whole {
        let mut passed: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (row, why) in &table.skipped {
            passed.entry(Skip::word(*why)).or_default().push(*row);
        }
        let template =
            table.records.extract_if(.., |record| columns::of_template(kind, record)).map(|record| record.row);
        let template: Vec<usize> = template.collect();
        if !template.is_empty() {
            passed.insert("template", template);
        }
        for (code, mut rows) in passed {
            rows.truncate(NAMED);
            notices.push(Notice { sheet: table.sheet.clone(), code: code.to_owned(), rows });
        }
    }
    let failure = whole.iter().all(|table| table.records.is_empty()).then_some("no_rows");
    Ok(Reading { tables: whole, headings, notices, failure })
}

/// Each heading once, as it was understood, with the first cells below it.
fn headings_of(tables: &[Table], said: &Headings) -> Vec<Heading> {
    let mut headings: Vec<Heading> = Vec::new();
    for table in tables {
        for (i, heading) in table.head.iter().enumerate().filter(|(_, heading)| !heading.is_empty()) {
            if headings.iter().any(|known| plain_heading(&known.heading) == plain_heading(heading)) {
                continue;
            }
            let field = table.found.iter().find(|(_, at)| **at == i).map(|(key, _)| (*key).to_owned());
            let cells = table.records.iter().filter_map(|record| record.cells().get(i)).filter(|cell| !cell.is_empty());
            headings.push(Heading {
                heading: heading.clone(),
                field,
                letter: column_letter(i),
                samples: cells.take(SAMPLES).map(|cell| cell.chars().take(40).collect()).collect(),
                said: said.contains_key(&plain_heading(heading)),
            });
        }
    }
    headings
}

// ---- writing -------------------------------------------------------------------

/// Writes a batch with the count so far; false when another worker did.
async fn keep(work: &mut Work, import: &mut Import, mut planned: Vec<Planned<'_>>) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let mut made = Made::new();
    if !import.dry_run {
        write(work, import, &mut planned, &mut made).await?;
    }
    let mut preview: Vec<Previewed> = read(Some(&import.preview));
    let mut rows = Vec::new();
    import.position += planned.len() as i64;
    for Planned { line, name, verdict } in planned {
        let outcome = match &verdict {
            Verdict::Take(what, _) => {
                match what {
                    What::Create => import.created += 1,
                    What::Update => import.updated += 1,
                    What::Same => import.unchanged += 1,
                }
                what.word()
            }
            Verdict::Reject(_) => Fate::Reject.word(),
            Verdict::Doubt(..) => Fate::Doubt.word(),
            Verdict::Skip => Fate::Skip.word(),
        };
        if preview.len() < PREVIEW {
            preview.push(Previewed { row: line.record.row, name, outcome: outcome.to_owned() });
        }
        let (outcome, faults, candidate) = match verdict {
            Verdict::Take(..) => continue,
            Verdict::Reject(faults) => (Fate::Reject, faults, None),
            Verdict::Doubt(candidate, faults) => (Fate::Doubt, faults, Some(json!(candidate))),
            Verdict::Skip => (Fate::Skip, Vec::new(), None),
        };
        if outcome != Fate::Skip {
            import.rejected += 1;
        }
        rows.push(KeptRow {
            n: line.n,
            sheet: line.sheet as i64,
            line: line.record.row as i64,
            outcome,
            cells: json!(line.record.cells()),
            faults: json!(faults),
            candidate,
        });
    }
    import.preview = json!(preview);
    store::keep_rows(work, zone, import.id, &rows).await?;
    store::note(work, zone, import.id, &made, now).await?;
    let saved = store::save(work, zone, import).await?;
    import.version += 1;
    Ok(saved)
}

/// What was written: table, record, and whether it is new.
type Made = Vec<(&'static str, Uuid, bool)>;

/// Carries out what was planned. What the register no longer allows turns the
/// verdict of its row.
async fn write(work: &mut Work, import: &Import, planned: &mut [Planned<'_>], made: &mut Made) -> Result<()> {
    let mut fresh: Vec<(usize, Enterprise, Option<NewContact>)> = Vec::new();
    let mut changes = Vec::new();
    for (i, one) in planned.iter_mut().enumerate() {
        let Verdict::Take(_, op) = &mut one.verdict else { continue };
        match op.take().map(|op| *op) {
            Some(Op::Enterprise(one, contact)) => fresh.push((i, *one, contact)),
            Some(op) => changes.push((i, op)),
            None => {}
        }
    }
    enter(work, fresh, planned, made).await?;
    let zone = work.zone();
    let known: Vec<Uuid> = changes
        .iter()
        .filter_map(|(_, op)| if let Op::ChangeEnterprise(id, ..) = op { Some(*id) } else { None })
        .collect();
    let known = register::enterprises_of(work, zone, &known).await?;
    let known: HashMap<Uuid, Enterprise> = known.into_iter().map(|one| (one.id, one)).collect();
    for (i, op) in changes {
        let record: &Record = planned[i].line.record;
        // A row goes in as a whole or comes back as a whole, and the others go on.
        let already = made.len();
        work.begin_part().await?;
        match carry_out(work, import, &known, op, made).await {
            Ok(wrote) => {
                work.keep_part().await?;
                if !wrote {
                    planned[i].verdict = Verdict::Take(What::Same, None);
                }
            }
            Err(error) => {
                planned[i].verdict = Verdict::Reject(plan::refused(import.kind, record, error)?);
                work.drop_part().await?;
                made.truncate(already);
            }
        }
    }
    Ok(())
}

/// Assigns row by row, each in a transaction of its own: who answers for one subject
/// is settled as a whole or left alone. What was opened is noted with it.
async fn settle(app: &App, who: &Actor, import: &Import, planned: &mut [Planned<'_>]) -> Result<()> {
    for one in planned {
        let Verdict::Take(_, op) = &mut one.verdict else { continue };
        let Some(Op::Assign(bulk)) = op.take().map(|op| *op) else { continue };
        let mut work = app.work(who).await?;
        match assignment::bulk_in(&mut work, bulk).await {
            Ok((batch, opened)) => {
                let made: Made = opened.into_iter().map(|(id, new)| ("assignment", id, new)).collect();
                let (zone, now) = (work.zone(), work.now);
                store::note(&mut work, zone, import.id, &made, now).await?;
                work.commit(batch).await?;
            }
            Err(error) => {
                one.verdict = Verdict::Reject(plan::refused(import.kind, one.line.record, error)?);
            }
        }
    }
    Ok(())
}

/// Enters new enterprises with few statements.
async fn enter(
    work: &mut Work,
    fresh: Vec<(usize, Enterprise, Option<NewContact>)>,
    planned: &mut [Planned<'_>],
    made: &mut Made,
) -> Result<()> {
    if fresh.is_empty() {
        return Ok(());
    }
    let (zone, now) = (work.zone(), work.now);
    // Somebody may have entered one by hand while the rows were planned.
    let codes: Vec<&str> = fresh.iter().filter_map(|(_, one, _)| one.uscc.as_deref()).collect();
    let names: Vec<&str> = fresh.iter().map(|(_, one, _)| one.name.as_str()).collect();
    let (codes, names) = store::taken(work, zone, &codes, &names).await?;
    let mut all = Vec::with_capacity(fresh.len());
    let mut contacts = Vec::new();
    for (i, one, contact) in fresh {
        let code = one.uscc.as_ref().is_some_and(|code| codes.contains(code));
        if code || names.contains(&one.name) {
            let error = Error::Conflict(Conflict::Taken(if code { "uscc" } else { "name" }));
            planned[i].verdict = Verdict::Reject(plan::refused(Kind::Enterprises, planned[i].line.record, error)?);
            continue;
        }
        contacts.extend(contact.map(|contact| (one.id, contact)));
        all.push(one);
    }
    if all.is_empty() {
        return Ok(());
    }
    register::insert_enterprises(work, zone, &all).await?;
    let texts: Vec<search::Text> = all
        .iter()
        .map(|one| search::Text { id: one.id, about: Some(one.id), at: now, text: one.search_text() })
        .collect();
    search::put_all(work, desk::ENTERPRISE, &texts).await?;
    let entries =
        all.iter().map(|one| (Subject::about("enterprise", one.id, one.id), Change::made(one.facts()))).collect();
    work.log_all("enterprise.create", entries).await?;
    made.extend(all.iter().map(|one| ("enterprise", one.id, true)));
    for (enterprise, contact) in contacts {
        let id = desk::add_contact_in(work, enterprise, contact).await?;
        made.push(("person", id, true));
    }
    Ok(())
}

/// Writes one row; false when there was nothing to write.
async fn carry_out(
    work: &mut Work,
    import: &Import,
    known: &HashMap<Uuid, Enterprise>,
    op: Op,
    made: &mut Made,
) -> Result<bool> {
    let zone = work.zone();
    match op {
        Op::Enterprise(..) => return Err(Error::Internal("entered with its batch".into())),
        Op::ChangeEnterprise(id, patch, contact) => {
            let old = known.get(&id).ok_or(Error::NotFound)?;
            let changed =
                desk::change_in(work, old, *patch, Some(import.file_name.clone()), Said::Now(Source::Import)).await?;
            if changed {
                made.push(("enterprise", id, false));
            }
            let talked = match contact {
                Some(contact) => keep_contact(work, id, contact, made).await?,
                None => false,
            };
            return Ok(changed || talked);
        }
        Op::Carrier(new) => made.push(("carrier", desk::create_carrier_in(work, new).await?, true)),
        Op::ChangeCarrier(id, patch) => {
            let old = register::carrier(work, zone, id).await?.ok_or(Error::NotFound)?;
            if !desk::change_carrier_in(work, &old, patch).await? {
                return Ok(false);
            }
            made.push(("carrier", id, false));
        }
        Op::Contact(enterprise, contact) => return keep_contact(work, enterprise, contact, made).await,
        Op::Department(new) => made.push(("department", organisation::add_department_in(work, new).await?, true)),
        Op::ChangeDepartment(id, change) => {
            if !organisation::change_department_in(work, id, change).await? {
                return Ok(false);
            }
            made.push(("department", id, false));
        }
        Op::Person(new) => made.push(("person", organisation::add_person_in(work, new).await?, true)),
        Op::ChangePerson(id, change) => {
            if !organisation::change_person_in(work, id, change).await? {
                return Ok(false);
            }
            made.push(("person", id, false));
        }
        Op::Project(new) => made.push(("project", project::create_in(work, *new).await?, true)),
        Op::ChangeProject(id, patch) => {
            let old = project::by_id(work, zone, id).await?;
            if !project::change_in(work, &old, *patch, None).await? {
                return Ok(false);
            }
            made.push(("project", id, false));
        }
        Op::Assign(_) => return Err(Error::Internal("settled before its batch".into())),
    }
    Ok(true)
}

/// Adds a contact, or corrects the one of that name; false when all was known.
async fn keep_contact(work: &mut Work, enterprise: Uuid, contact: NewContact, made: &mut Made) -> Result<bool> {
    let zone = work.zone();
    let known = register::contacts(work, zone, &[enterprise]).await?;
    let Some(old) = known.iter().find(|one| one.name == contact.name.trim()) else {
        let id = desk::add_contact_in(work, enterprise, contact).await?;
        made.push(("person", id, true));
        return Ok(true);
    };
    if !plan::differs(old, &contact) {
        return Ok(false);
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
    made.push(("person", old.id, false));
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(text: &str, said: &[(&str, Option<&'static str>)]) -> Reading {
        let said: Headings = said.iter().map(|(heading, key)| ((*heading).to_owned(), *key)).collect();
        read_file(Kind::Enterprises, text.as_bytes(), &said).expect("reads")
    }

    #[test]
    fn what_is_shown_of_a_file() {
        let reading = reading("台账,,\n企业名称,法人,人数\n北辰机电有限公司,李,12\n合计,,12\n", &[]);
        assert_eq!(reading.failure, None);
        let headings: Vec<_> =
            reading.headings.iter().map(|h| (h.heading.as_str(), h.field.as_deref(), h.letter.as_str())).collect();
        assert_eq!(headings, [("企业名称", Some("name"), "A"), ("法人", None, "B"), ("人数", Some("headcount"), "C")]);
        assert_eq!(reading.headings[0].samples, ["北辰机电有限公司"]);
        assert_eq!(reading.notices, [Notice { sheet: "CSV".into(), code: "total".into(), rows: vec![4] }]);
    }

    #[test]
    fn a_sheet_that_is_not_understood_is_still_shown() {
        let text = "商户,人头\n北辰机电有限公司,12\n";
        let first = reading(text, &[]);
        assert_eq!((first.failure, first.headings.len()), (Some("no_columns"), 2));
        let said = reading(text, &[("商户", Some("name"))]);
        assert_eq!((said.failure, said.tables[0].records.len()), (None, 1));
        assert!(said.headings[0].said && !said.headings[1].said);
    }
}
