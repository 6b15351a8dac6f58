//! 全部经过: the one timeline of an enterprise, a carrier or a project, made from
//! the ledger. Whatever a desk logs about a subject shows here without more ado:
//! the action by its key `ledger-…`, the changed fields by `record-…` or `field-…`
//! labels (a field without label is technical and stays away), values in words.

use super::merge;
use crate::actor::{Actor, OFFICE};
use crate::app::App;
use crate::appeal;
use crate::assignment::reach;
use crate::error::Result;
use crate::http::page::Shell;
use crate::oversight::reading::word_of;
use crate::subject::href_of;
use crate::time::Time;
use ::store::{LedgerRow, Sql, Tx, sql};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Entries of a page.
const PAGE: i64 = 30;

/// What the whole office reads of a subject: facts of the register, and who answers.
const OPEN: &[&str] = &["enterprise", "carrier", "project", "assignment", "import", "correction"];
/// What an enterprise or project owner reads of its own timeline, beside what it
/// reads of its appeals ([`appeal::desk::PUBLIC`]).
const PUBLIC: &[&str] = &[
    "enterprise.create",
    "enterprise.change",
    "enterprise.status",
    "enterprise.merge",
    "enterprise.unmerge",
    "person.create",
    "person.change",
    "person.leave",
    "contact.verify",
    "contact.fail",
    "contact.primary",
    "fact.confirm",
    "correction.propose",
    "correction.replace",
    "correction.withdraw",
    "correction.accept",
    "correction.refuse",
    "assignment.open",
    "assignment.change",
    "assignment.end",
    "continuity.say",
    "continuity.same",
    "measure.add",
    "measure.end",
    "visit.save",
    "visit.plan",
    "visit.agree",
    "visit.decline",
    "visit.cancel",
    "visit.acknowledge",
    "promise.make",
    "promise.keep",
    "promise.break",
    "project.create",
    "project.change",
    "project.stage",
    "project.pair",
    "milestone.create",
    "milestone.move",
    "milestone.done",
    "milestone.change",
    "screening.suggest",
    "screening.apply",
    "screening.approve",
    "screening.send_back",
    "screening.open",
    "screening.report",
    "screening.pause",
    "screening.resume",
    "screening.close_point",
    "screening.change_point",
    "screening.approval_falls",
    "screening.silent",
    "screening.nominate",
    "screening.enrol",
    "screening.training_result",
    "screening.roster",
    "screening.sample",
    "screening.tick",
    "screening.hand_over",
    "screening.names",
    "readiness.begin",
    "readiness.write",
    "readiness.submit",
    "readiness.recall",
    "readiness.return",
    "readiness.review",
    "readiness.approve",
    "readiness.fall",
    "readiness.expire",
    "readiness.file",
    "readiness.drill",
    "loop.begin",
    "loop.change",
    "loop.close",
    "loop.end",
    "loop.enlist",
    "loop.strike",
    "loop.enter",
    "loop.leave",
    "loop.correct",
    "loop.shift",
    "loop.unshift",
];

/// The actions that those outside the office read. Whether a review has let the
/// answer out only the appeal knows, so it is told there alone.
fn public() -> impl Iterator<Item = &'static str> {
    let of_appeals = appeal::desk::PUBLIC.iter().filter(|action| **action != "appeal.review");
    PUBLIC.iter().chain(of_appeals).copied()
}

/// One entry, ready to be shown.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub at: Time,
    /// Who, by name; the program by its word.
    pub who: String,
    /// What was done.
    pub what: String,
    /// What record it was done to: title, and page if it has one.
    pub record: Option<(String, Option<String>)>,
    /// Changed fields in words: label, before, after.
    pub changes: Vec<(String, String, String)>,
    /// The reason that was given.
    pub note: Option<String>,
}

/// A page of a timeline.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Newest first.
    pub events: Vec<Event>,
    /// Give this as `before` to go on.
    pub next: Option<Uuid>,
}

/// The timeline of a subject as this person may read it. The caller has checked
/// that the person may know of the subject.
pub async fn of(app: &App, who: &Actor, s: &Shell, about: Uuid, before: Option<Uuid>) -> Result<Timeline> {
    let mut tx = app.read().await?;
    let zone = who.zone_id;
    let inside = who.is(OFFICE);
    let mut query = sql!(
        "SELECT zone_id, id, at, actor_id, behalf_of, via, action, subject, subject_id, about_id, before, after, note,
           mac, seq FROM ledger WHERE zone_id = $1 AND about_id IN ",
        zone
    );
    // The history of a record stands where it was written, also when the record was merged.
    query.list(merge::desk::with_merged(&mut tx, zone, about).await?);
    if let Some(before) = before {
        query.push(" AND id < ").arg(before);
    }
    if !inside {
        query.push(" AND action IN ").list(public());
    } else if !reach::reaches(&mut tx, who, about).await? {
        query.push(" AND subject IN ").list(OPEN.iter().copied());
    }
    query.push(" ORDER BY id DESC LIMIT ").arg(PAGE + 1);
    let mut rows: Vec<LedgerRow> = tx.list(query).await?;
    let more = rows.len() as i64 > PAGE;
    rows.truncate(PAGE as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    let names = names(&mut tx, zone, &rows).await?;
    let titles = titles(&mut tx, zone, &rows).await?;
    let mut events = Vec::with_capacity(rows.len());
    for row in &rows {
        let own = who.person_id.is_some() && row.actor_id == who.person_id;
        let changes = if inside || own || ["enterprise", "correction"].contains(&row.subject.as_str()) {
            changes(&mut tx, s, row, &names, inside).await?
        } else {
            Vec::new()
        };
        events.push(Event {
            at: Time::from_ms(row.at),
            who: match row.actor_id {
                Some(id) => names.get(&id).cloned().unwrap_or_else(|| s.t("unknown").into_owned()),
                None => s.word("via", &row.via).into_owned(),
            },
            what: s.t(&format!("ledger-{}", row.action.replace('.', "-"))).into_owned(),
            // A person's title is his post, not the name of the record.
            record: (row.subject_id != about && row.subject != "person")
                .then(|| {
                    titles.get(&row.subject_id).map(|title| (title.clone(), href_of(&row.subject, row.subject_id)))
                })
                .flatten(),
            changes,
            note: row.note.clone().filter(|_| inside || own),
        });
    }
    Ok(Timeline { events, next })
}

/// Names of everybody and everything that the rows mention.
async fn names(tx: &mut Tx, zone: Uuid, rows: &[LedgerRow]) -> Result<HashMap<Uuid, String>> {
    let mut ids: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.actor_id).collect();
    for row in rows {
        for document in [row.before(), row.after()] {
            let values = document.as_object().into_iter().flat_map(|fields| fields.values());
            ids.extend(values.filter_map(|value| Uuid::parse_str(value.as_str()?).ok()));
        }
    }
    let mut names = HashMap::new();
    if ids.is_empty() {
        return Ok(names);
    }
    for table in [
        "SELECT id, name FROM person WHERE zone_id = ",
        "SELECT id, short_name FROM department WHERE zone_id = ",
        "SELECT id, short_name FROM carrier WHERE zone_id = ",
        "SELECT id, short_name FROM enterprise WHERE zone_id = ",
        "SELECT id, short_name FROM project WHERE zone_id = ",
    ] {
        let mut query = Sql::from(table);
        query.arg(zone).push(" AND id IN ").list(ids.iter().copied());
        names.extend(tx.list::<(Uuid, String)>(query).await?);
    }
    Ok(names)
}

/// Titles of the records, from what was written when each was made.
async fn titles(tx: &mut Tx, zone: Uuid, rows: &[LedgerRow]) -> Result<HashMap<Uuid, String>> {
    let ids: BTreeSet<Uuid> = rows.iter().map(|row| row.subject_id).collect();
    let mut query =
        sql!("SELECT subject_id, after FROM ledger WHERE zone_id = $1 AND before IS NULL AND subject_id IN ", zone);
    query.list(ids).push(" ORDER BY id");
    let mut titles = HashMap::new();
    for (id, after) in tx.list::<(Uuid, Option<String>)>(query).await? {
        let made: Json = after.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let parts: Vec<&str> = ["number", "title", "text"].iter().filter_map(|key| made[*key].as_str()).collect();
        if !parts.is_empty() {
            titles.entry(id).or_insert_with(|| parts.join(" "));
        }
    }
    Ok(titles)
}

async fn changes(
    tx: &mut Tx,
    s: &Shell,
    row: &LedgerRow,
    names: &HashMap<Uuid, String>,
    inside: bool,
) -> Result<Vec<(String, String, String)>> {
    let (before, after) = (row.before(), row.after());
    let keys: BTreeSet<&String> =
        [&before, &after].into_iter().filter_map(Json::as_object).flat_map(|fields| fields.keys()).collect();
    let mut changes = Vec::new();
    if let (Some(line), Some(state)) = (after["line"].as_str(), after["state"].as_str())
        && row.subject == "continuity"
    {
        let was = before["state"].as_str().map(|state| s.line_light(line, state));
        changes.push((s.word("line", line).into_owned(), was.unwrap_or_default(), s.line_light(line, state)));
    }
    for key in keys {
        // Notes are the office's own.
        if key == "note" && !inside {
            continue;
        }
        let Some(label) = label(s, key) else { continue };
        let mut words = Vec::with_capacity(2);
        for value in [&before[key.as_str()], &after[key.as_str()]] {
            words.push(match value {
                // Names stand in the ledger sealed; numbers are shown elsewhere, with a trace.
                Json::Object(sealed) if sealed.contains_key("sealed") => match key.as_str() {
                    "name" => tx.open(row.zone_id, value).await?.unwrap_or_else(|| s.t("timeline-erased").into_owned()),
                    _ => s.t("timeline-personal").into_owned(),
                },
                value => in_words(s, &row.subject, key, value, names),
            });
        }
        if words.iter().any(|word| !word.is_empty()) {
            let after = words.pop().unwrap_or_default();
            changes.push((label, words.pop().unwrap_or_default(), after));
        }
    }
    Ok(changes)
}

fn label(s: &Shell, field: &str) -> Option<String> {
    ["record", "field"]
        .iter()
        .map(|family| format!("{family}-{field}"))
        .find(|key| s.lang.has(key))
        .map(|key| s.t(&key).into_owned())
}

/// A value as people read it; empty when there is none.
fn in_words(s: &Shell, subject: &str, field: &str, value: &Json, names: &HashMap<Uuid, String>) -> String {
    match value {
        Json::Null => String::new(),
        Json::Bool(yes) => s.t(if *yes { "yes" } else { "no" }).into_owned(),
        Json::Number(n) => n.to_string(),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| in_words(s, subject, field, item, names)).collect();
            items.join(&s.t("comma"))
        }
        Json::Object(_) => String::new(),
        Json::String(text) => {
            if let Some(name) = Uuid::parse_str(text).ok().map(|id| names.get(&id).cloned().unwrap_or_default()) {
                return name;
            }
            if let Some(at) = text.ends_with('Z').then(|| Time::read(text, &s.time_zone)).flatten() {
                return s.datetime(&at);
            }
            word_of(s, subject, field, text).unwrap_or_else(|| text.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::text::Lang;

    #[test]
    fn no_page_takes_the_names_of_fields_for_its_own_texts() {
        // `record-<field>` names a field on a timeline only where `field-<field>` says something else.
        for lang in [Lang::Zh, Lang::En] {
            for field in ["title", "name", "number", "line", "link", "code"] {
                assert!(!lang.has(&format!("record-{field}")), "{field}");
            }
        }
    }
}
