//! Issuing, reading and withdrawing documents.

use super::sheet::{self, Demand};
use super::store::{self, Filter, New};
use super::{Asked, Draft, FileKind, Issued, Kind, MOST_ROWS, Numbering, SETTING, check_of};
use crate::actor::{Actor, OFFICE, Role, Roles, Scope};
use crate::app::{App, Change, Subject, Work};
use crate::appeal::rows::{category_name, listed};
use crate::appeal::{self, Hat};
use crate::assignment::reach;
use crate::error::{Check, Error, Result};
use crate::http::api::{self, Page, TOTAL_CAP};
use crate::http::page::Shell;
use crate::link::{self, Opens};
use crate::list::Walk;
use crate::organisation::desk as organisation;
use crate::readiness::plan::{ReadyKind, ReadyState, desk as plans};
use crate::settings;
use crate::text::Lang;
use crate::time::{Day, Time};
use crate::trace::{self, Trace};
use crate::visit;
use crate::zone::Zone;
use ::store::{Sql, Tx};
use paper::document::{Document, Verify};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

/// Who reads documents; what he may see of what they are about decides besides.
pub const READERS: Roles = OFFICE;
/// Who reads the ledgers that others issued, where he reaches the whole zone.
const OVERSEERS: Roles = Roles::of(&[Role::Leader, Role::Dispatcher, Role::Oversight]);
/// The longest demand.
const LONG: usize = 2000;
/// The table, as the ledger and notices name it.
const TABLE: &str = "document";
/// A link to a document never ends: who holds the sheet may ask at any time.
const SERIAL: i64 = 1;

/// What the register is asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DocumentsQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// `issued` or `n` (the place in the series); with `-` the last first.
    pub sort: Option<String>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Of this year.
    pub year: Option<i64>,
    /// Of this appeal.
    pub appeal_id: Option<Uuid>,
    /// Of this visit.
    pub visit_id: Option<Uuid>,
    /// Of this control or emergency plan.
    pub plan_id: Option<Uuid>,
}

/// Which documents `d` somebody may know of, with its ` AND`: those of plans, appeals and visits
/// that he may open (where they tell who complains about a department, not its people),
/// and ledgers that he issued, or of others where he reaches everything that they show.
fn known(who: &Actor) -> Sql {
    let me = who.person_id.unwrap_or_default();
    let mut query =
        Sql::from(" AND (EXISTS (SELECT 1 FROM appeal a WHERE a.zone_id = d.zone_id AND a.id = d.appeal_id");
    query.append(appeal::desk::visible(who)).push(" AND (d.secret = FALSE OR TRUE").append(appeal::desk::fair(who));
    query.push(")) OR EXISTS (SELECT 1 FROM visit v WHERE v.zone_id = d.zone_id AND v.id = d.visit_id");
    query.append(visit::desk::visible(who));
    query.push(") OR d.plan_id IS NOT NULL");
    if let Some(reach) = reach::subjects(who, "r.subject_id") {
        query.push(" AND EXISTS (SELECT 1 FROM readiness_plan r WHERE r.zone_id = d.zone_id AND r.id = d.plan_id AND ");
        query.append(reach).push(")");
    }
    query.push(" OR d.appeal_id IS NULL AND d.visit_id IS NULL AND d.plan_id IS NULL AND (d.issued_by = ").arg(me);
    if who.scope == Scope::All && who.is(OVERSEERS) {
        query.push(" OR d.secret = FALSE");
    }
    query.push("))");
    query
}

/// The register, what was issued last first.
pub async fn list(app: &App, who: &Actor, query: &DocumentsQuery) -> Result<Page<Issued>> {
    who.must(READERS)?;
    let limit = api::limit(query.limit)?;
    let walk = Walk::read(store::KEYS, "-issued", query.sort.as_deref(), query.cursor.as_deref(), limit)?;
    let filter = Filter {
        kind: query.kind,
        year: query.year,
        appeal_id: query.appeal_id,
        visit_id: query.visit_id,
        plan_id: query.plan_id,
        known: Some(known(who)),
    };
    let mut tx = app.read().await?;
    let (items, next) = store::list(&mut tx, who.zone_id, &filter, &walk).await?;
    let total = store::total(&mut tx, who.zone_id, &filter, TOTAL_CAP + 1).await?;
    Ok(Page::new(items, next, total))
}

/// The years that the register can be narrowed to.
pub async fn years(app: &App, who: &Actor) -> Result<Vec<i64>> {
    who.must(READERS)?;
    Ok(store::years(&mut app.read().await?, who.zone_id).await?)
}

/// One document, without what it says.
pub async fn issued(app: &App, who: &Actor, id: Uuid) -> Result<Issued> {
    seen(&mut app.read().await?, who, id).await
}

async fn seen(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Issued> {
    who.must(READERS)?;
    store::document(tx, who.zone_id, id, Some(known(who))).await?.ok_or(Error::NotFound)
}

/// One document with what it says, as it was issued.
pub async fn opened(app: &App, who: &Actor, id: Uuid) -> Result<(Issued, Document)> {
    let mut tx = app.read().await?;
    let issued = seen(&mut tx, who, id).await?;
    let content = store::content(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if vault::hash::hex(&vault::hash::sha256(content.as_bytes())) != issued.sha256 {
        return Err(Error::Internal(format!("document {id} is not as it was issued")));
    }
    let document = serde_json::from_str(&content).map_err(|e| Error::Internal(format!("document {id}: {e}")))?;
    Ok((issued, document))
}

/// The path of the page where whoever holds the sheet finds out whether it is genuine.
pub fn verify_path(app: &App, zone: Uuid, id: Uuid) -> String {
    format!("/d/{}", link::token(app.db.keyring(), Opens::Document, zone, id, SERIAL))
}

/// A file to hand out.
pub struct Printed {
    /// Its name, with its ending.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The document as a file, with the square code that leads to `origin` unless the zone has
/// an address of its own. It says the same whenever it is printed; that it was withdrawn
/// is set across it. It leaves a trace.
pub async fn print(app: &App, who: &Actor, id: Uuid, kind: FileKind, origin: &str, address: IpAddr) -> Result<Printed> {
    let (issued, mut document) = opened(app, who, id).await?;
    let zone = Zone::get(&mut app.read().await?, who.zone_id).await?;
    let site = zone.settings["site"].as_str().unwrap_or(origin);
    document.verify = Some(Verify {
        url: format!("{site}{}", verify_path(app, who.zone_id, id)),
        digest: check_of(&issued.sha256).to_owned(),
    });
    document.mark = issued.withdrawn_at.map(|_| "作废".to_owned());
    let bytes = app.printer.file(document, kind).await?;
    trace::note(app, who, address, Trace::of(trace::Kind::Export, TABLE, id)).await?;
    Ok(Printed { name: format!("{}{}.{kind}", issued.kind.title(), issued.number), bytes })
}

/// What whoever holds a sheet is told: never what it says.
pub struct Verified {
    /// The document.
    pub issued: Issued,
    /// The office that issued it.
    pub office: String,
    /// The day that it bears.
    pub day: Day,
    /// The zone.
    pub zone: Zone,
}

/// What the token of a square code stands for.
pub async fn verify(app: &App, token: &str) -> Result<Verified> {
    let (zone_id, id) = link::read(token).ok_or(Error::NotFound)?;
    if !link::genuine(app.db.keyring(), Opens::Document, token, zone_id, id, SERIAL) {
        return Err(Error::NotFound);
    }
    let mut tx = app.read().await?;
    let issued = store::document(&mut tx, zone_id, id, None).await?.ok_or(Error::NotFound)?;
    let content = store::content(&mut tx, zone_id, id).await?.ok_or(Error::NotFound)?;
    let document: Document = serde_json::from_str(&content).map_err(|e| Error::Internal(e.to_string()))?;
    let zone = Zone::get(&mut tx, zone_id).await?;
    Ok(Verified { issued, office: document.office, day: Day(document.day), zone })
}

// ---- drafts ----

/// What would be issued now.
pub async fn draft(app: &App, who: &Actor, asked: &Asked) -> Result<Draft> {
    who.must(asked.kind().issuers())?;
    let now = app.now();
    let (desk, s) = at_desk(app, who, now).await?;
    match asked {
        Asked::HandOver { appeal_id } => {
            let (record, category) = to_issue(app, who, *appeal_id).await?;
            of_appeal(Kind::HandOver, &record, None, sheet::hand_over(&s, &desk, &record, &category))
        }
        Asked::Supervision { appeal_id, demand, reply_on, demanded_by } => {
            let (record, _) = to_issue(app, who, *appeal_id).await?;
            if !record.appeal.open {
                return Err(Error::state("document_closed"));
            }
            let demand = demanded(&s, who, &record, &desk, (demand, *reply_on, demanded_by.as_deref()))?;
            let reply_on = Some(demand.reply_on);
            of_appeal(Kind::Supervision, &record, reply_on, sheet::supervision(&s, &desk, &record, &demand))
        }
        Asked::VisitRecord { visit_id } => of_visit(app, who, *visit_id, &desk, &s).await,
        Asked::ControlPlan { plan_id } | Asked::EmergencyPlan { plan_id } => {
            of_plan(app, who, asked.kind(), *plan_id, &desk, &s).await
        }
        Asked::Ledger { query } => {
            let s = Shell { query: query.clone(), ..s };
            let all = listed(app, who, &s, MOST_ROWS).await?.ok_or(Error::state("document_too_long"))?;
            if all.rows.is_empty() {
                return Err(Error::state("document_empty"));
            }
            let document = sheet::ledger(&desk, &all).ok_or(Error::state("document_too_wide"))?;
            Ok(Draft {
                kind: Kind::Ledger,
                title: format!("{} 件", all.rows.len()),
                appeal_id: None,
                visit_id: None,
                plan_id: None,
                about: None,
                secret: all.secret,
                reply_on: None,
                document,
            })
        }
    }
}

/// Who issues, and the words and times that documents are written in.
async fn at_desk(app: &App, who: &Actor, now: Time) -> Result<(sheet::Desk, Shell)> {
    let mut tx = app.read().await?;
    let zone = Zone::get(&mut tx, who.zone_id).await?;
    let phone = match who.department_id {
        Some(id) => organisation::department(&mut tx, who.zone_id, id).await?.phone,
        None => None,
    };
    let desk = sheet::Desk {
        office: Numbering::of(&zone).office,
        day: zone.day(now),
        at: now,
        person: who.name.clone(),
        phone,
    };
    let s = Shell { time_zone: zone.time_zone(), zone_name: zone.name, now, ..Shell::bare(Lang::Zh) };
    Ok((desk, s))
}

/// An appeal that somebody may issue documents of, with the name of its category: it was
/// handed over, and he sends it on its way or watches over it.
async fn to_issue(app: &App, who: &Actor, id: Uuid) -> Result<(appeal::desk::Record, String)> {
    let record = appeal::desk::record(app, who, id).await?;
    if !record.hats.any(&[Hat::Desk, Hat::Overseer]) {
        return Err(Error::Forbidden);
    }
    if sheet::lead(&record).is_none() {
        return Err(Error::state("document_no_order"));
    }
    let categories = appeal::desk::categories(&mut app.read().await?, who.zone_id).await?;
    let category = category_name(Lang::Zh, &categories, &record.appeal.category);
    Ok((record, category))
}

fn of_appeal(kind: Kind, record: &appeal::desk::Record, reply_on: Option<Day>, document: Document) -> Result<Draft> {
    let a = &record.appeal;
    let complaint = a.accused_department_id.is_some();
    Ok(Draft {
        kind,
        // What a complaint is about is for those who may open it.
        title: if complaint { a.number.clone() } else { format!("{} {}", a.number, a.title) },
        appeal_id: Some(a.id),
        visit_id: None,
        plan_id: None,
        about: a.about(),
        secret: complaint && !record.masked,
        reply_on,
        document,
    })
}

/// Reads what is demanded; tells everything that is wrong with it at once.
fn demanded(
    s: &Shell,
    who: &Actor,
    record: &appeal::desk::Record,
    desk: &sheet::Desk,
    (text, reply_on, by): (&str, Option<Day>, Option<&str>),
) -> Result<Demand> {
    let mut check = Check::new();
    let text = check.text("demand", text, LONG);
    let by = check.opt_text("demanded_by", by, 60);
    match reply_on {
        None => drop(check.that(false, "reply_on", "required")),
        Some(day) => drop(check.that(day >= desk.day, "reply_on", "past")),
    }
    let late = record.appeal.due_at.is_some_and(|due| due < record.now);
    let why = match (&by, late) {
        (Some(by), true) => format!("已超过办理时限；{by}要求督办"),
        (Some(by), false) => format!("{by}要求督办"),
        (None, true) => "已超过办理时限".to_owned(),
        (None, false) if who.has(Role::Leader) => format!("{}要求督办", who.name),
        (None, false) => {
            check.that(false, "demanded_by", "required");
            String::new()
        }
    };
    check.done()?;
    let why = match record.appeal.due_at.filter(|_| late) {
        Some(due) => format!("{why}（应于{}办结）", s.datetime(&due)),
        None => why,
    };
    Ok(Demand { why, text, reply_on: reply_on.unwrap_or(desk.day) })
}

async fn of_visit(app: &App, who: &Actor, id: Uuid, desk: &sheet::Desk, s: &Shell) -> Result<Draft> {
    let mut visit = visit::desk::visit(app, who, id).await?;
    if visit.review.is_some_and(visit::ReviewState::is_pending) {
        return Err(Error::state("document_visit_pending"));
    }
    // Who reads a visit may be of the department that a complaint is about.
    let mut raised = Vec::new();
    for one in std::mem::take(&mut visit.appeals) {
        if appeal::desk::record(app, who, one.id).await?.appeal.accused_department_id.is_none() {
            raised.push(one);
        }
    }
    visit.appeals = raised;
    let blocks = settings::desk::visit_blocks(&mut app.read().await?, who.zone_id, true).await?;
    Ok(Draft {
        kind: Kind::VisitRecord,
        title: format!("{} {}", visit.number, visit.subject_name),
        appeal_id: None,
        visit_id: Some(id),
        plan_id: None,
        about: Some(visit.subject_id),
        secret: false,
        reply_on: None,
        document: sheet::visit_record(s, desk, &visit, &blocks),
    })
}

/// A plan as it was approved: what was not cannot be issued.
async fn of_plan(app: &App, who: &Actor, kind: Kind, id: Uuid, desk: &sheet::Desk, s: &Shell) -> Result<Draft> {
    let (record, name) = plans::to_print(app, who, id).await?;
    let p = &record.plan;
    let fits = match p.kind {
        ReadyKind::Control => Kind::ControlPlan,
        ReadyKind::Emergency => Kind::EmergencyPlan,
    };
    if kind != fits {
        return Err(Error::NotFound);
    }
    if p.state != ReadyState::Approved {
        return Err(Error::state("document_plan_open"));
    }
    Ok(Draft {
        kind,
        title: p.subject_name.clone(),
        appeal_id: None,
        visit_id: None,
        plan_id: Some(id),
        about: Some(p.subject_id),
        secret: false,
        reply_on: None,
        document: sheet::plan(s, desk, kind, &record, &name),
    })
}

// ---- issuing ----

/// Issues a document under the next number of its series. What was issued before and has
/// not changed since is answered with instead; what has changed gets a number of its own,
/// and names the one before.
pub async fn issue(app: &App, who: &Actor, asked: &Asked) -> Result<Uuid> {
    let draft = draft(app, who, asked).await;
    // The same post again is answered with its document, whatever became of the record since.
    let mut work = app.work(who).await?;
    let draft = draft?;
    let (zone_id, now) = (work.zone(), work.now);
    let zone = Zone::get(&mut work, zone_id).await?;
    let year = i64::from(zone.day(now).0.year());
    // Who has the number goes on alone: until the end nobody else issues of this series,
    // and what is not issued gives it back.
    let n = work.next_of(&format!("{TABLE}-{}-{year}", draft.kind)).await?;
    let basis = draft.basis();
    let earlier = store::last(&mut work, zone_id, &draft, who.person_id).await?;
    if let Some((id, ..)) = earlier.as_ref().filter(|(.., last)| *last == basis) {
        return Ok(*id);
    }
    let number = Numbering::of(&zone).number(draft.kind, year, n);
    let earlier_number = earlier.as_ref().map(|(_, number, _)| number.clone());
    let document = Document { number: Some(number.clone()), earlier: earlier_number.clone(), ..draft.document.clone() };
    let content = serde_json::to_string(&document).map_err(|e| Error::Internal(e.to_string()))?;
    let new = New {
        id: Uuid::now_v7(),
        year,
        n,
        number,
        sha256: vault::hash::hex(&vault::hash::sha256(content.as_bytes())),
        content,
        basis,
        earlier_id: earlier.map(|(id, ..)| id),
    };
    store::insert(&mut work, zone_id, &draft, &new, who.person_id, now).await?;
    let made = json!({
        "number": new.number, "document_kind": draft.kind, "sha256": new.sha256, "earlier": earlier_number,
        "reply_on": draft.reply_on,
    });
    let subject = Subject { kind: TABLE, id: new.id, about: draft.about };
    work.log("document.issue", subject, Change::made(made)).await?;
    if let (Kind::Supervision, Some(appeal)) = (draft.kind, draft.appeal_id) {
        tell(&mut work, appeal, &new.number).await?;
    }
    work.commit(new.id).await
}

/// Tells those who lead an appeal that a supervision order was issued.
async fn tell(work: &mut Work, appeal: Uuid, document: &str) -> Result<()> {
    let (people, subject, mut args) = appeal::desk::supervised(work, appeal).await?;
    args["document"] = json!(document);
    for person in people {
        work.notify(person, "appeal.supervised", subject, args.clone()).await?;
    }
    Ok(())
}

/// Withdraws a document: its number stays its own, and the page that verifies it says that
/// it no longer holds.
pub async fn withdraw(app: &App, who: &Actor, id: Uuid, reason: &str) -> Result<Uuid> {
    who.must(READERS)?;
    let mut work = app.work(who).await?;
    let issued = seen(&mut work, who, id).await?;
    let own = issued.issued_by.is_some() && issued.issued_by == who.person_id;
    if !who.is_rule() && !issued.kind.withdrawn_by(who.roles, own) {
        return Err(Error::Forbidden);
    }
    who.saw(issued.version)?;
    let mut check = Check::new();
    let reason = check.text("reason", reason, 500);
    check.done()?;
    let (zone, now) = (work.zone(), work.now);
    if !store::withdraw(&mut work, zone, id, who.person_id, now, &reason).await? {
        return Err(Error::state("document_withdrawn"));
    }
    let about = match (issued.appeal_id, issued.visit_id, issued.plan_id) {
        (Some(appeal), ..) => appeal::desk::about(&mut work, zone, appeal).await?,
        (None, Some(visit), _) => Some(visit::desk::subject_of(&mut work, zone, visit).await?),
        (None, None, Some(plan)) => Some(plans::about_plan(&mut work, who, plan).await?.1.1),
        (None, None, None) => None,
    };
    let change = Change::made(json!({"number": issued.number, "document_kind": issued.kind})).because(reason);
    work.log("document.withdraw", Subject { kind: TABLE, id, about }, change).await?;
    work.commit(id).await
}

// ---- the setting ----

/// Sets how documents are headed and numbered. What was issued keeps its number.
pub async fn set_numbering(app: &App, who: &Actor, new: &Numbering) -> Result<Uuid> {
    who.must(settings::desk::KEEPERS)?;
    let mut check = Check::new();
    let office = check.opt_text("document_office", Some(&new.office), 60).unwrap_or_default();
    let code = check.opt_text("document_code", Some(&new.code), 20).unwrap_or_default();
    let format = check.text("document_format", &new.format, 60);
    check.that(format.is_empty() || Numbering::tells_apart(&format), "document_format", "number_format");
    check.done()?;
    let body = serde_json::to_value(Numbering { office, code, format }).map_err(|e| Error::Internal(e.to_string()))?;
    let mut work = app.work(who).await?;
    settings::desk::set_zone_in(&mut work, &[(SETTING, body)]).await?;
    let zone = work.zone();
    work.commit(zone).await
}

/// What a zone has set, as it set it.
pub async fn numbering(tx: &mut Tx, zone: Uuid) -> Result<(Numbering, i64)> {
    let zone = Zone::get(tx, zone).await?;
    let set = serde_json::from_value(zone.settings[SETTING].clone()).unwrap_or_default();
    Ok((set, zone.version))
}
