//! What can be done with personal data: consent, requests, erasure, retention.

use super::{
    ANSWER_DAYS, CONSENT_TEXT, Consent, ConsentKind, Disclosure, Ground, NOTICE_DAYS, REQUEST_DAYS, Request,
    RequestKind, RequestState, Standing, store,
};
use crate::actor::{Actor, OFFICE, OUTSIDE, Role, Roles};
use crate::app::{App, Change, Subject, Work};
use crate::clock;
use crate::delivery;
use crate::error::{Check, Error, Result};
use crate::organisation::desk::Standing as Tie;
use crate::organisation::{self, AccountState};
use crate::registry;
use crate::text::Lang;
use crate::time::{DAY_MS, Time};
use crate::todo::ToDo;
use crate::trace::{self, Trace};
use crate::zone::Zone;
use ::store::Tx;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::net::IpAddr;
use uuid::Uuid;

/// Who decides requests.
pub const DECIDERS: Roles = Roles::of(&[Role::Secadmin]);
/// Who takes them down for somebody who cannot sign in.
pub const TAKERS: Roles = OFFICE.and(DECIDERS);
/// Who sees them.
pub const READERS: Roles = Roles::of(&[Role::Secadmin, Role::Auditor]);
/// People erased in one night at most, so that the writer is never held long.
const ERASE_BATCH: i64 = 200;

// Consent

/// How a person stands to every use that needs his consent.
pub async fn consents(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Vec<Standing>> {
    let said = store::consents(tx, zone, person).await?;
    let last = |kind: ConsentKind| said.iter().find(|consent| consent.kind == kind).cloned();
    Ok(ConsentKind::ALL.iter().map(|kind| Standing { kind: *kind, last: last(*kind) }).collect())
}

/// Whether a person agrees to a use now. Jobs ask before they use data so.
pub async fn consented(tx: &mut Tx, zone: Uuid, person: Uuid, kind: ConsentKind) -> Result<bool> {
    let last = store::last_consent(tx, zone, person, kind).await?;
    Ok(Standing { kind, last }.holds())
}

/// Whether somebody of an enterprise or project has yet to be asked.
pub async fn unasked(app: &App, who: &Actor) -> Result<bool> {
    let (Some(person), true) = (who.person_id, who.roles.meets(OUTSIDE)) else { return Ok(false) };
    Ok(consents(&mut app.read().await?, who.zone_id, person).await?.iter().any(Standing::unasked))
}

/// A person says yes or no to uses of his data; withdrawing is saying no. Saying
/// again what holds writes nothing.
pub async fn decide_consents(app: &App, who: &Actor, lang: Lang, decisions: &[(ConsentKind, bool)]) -> Result<()> {
    let person = who.person()?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    for (kind, given) in decisions {
        let last = store::last_consent(&mut work, zone, person, *kind).await?;
        if last.is_some_and(|last| last.given == *given && last.text_version == CONSENT_TEXT) {
            continue;
        }
        let consent = Consent { kind: *kind, text_version: CONSENT_TEXT.to_owned(), given: *given, at: now };
        let id = Uuid::now_v7();
        store::insert_consent(&mut work, zone, id, person, &consent, lang.tag()).await?;
        let made = json!({"consent": kind, "text_version": CONSENT_TEXT, "given": given});
        if *given {
            work.log("consent.give", Subject::new("consent", id), Change::made(made)).await?;
        } else {
            work.log("consent.withdraw", Subject::new("consent", id), Change::made(made)).await?;
        }
    }
    work.commit(person).await?;
    Ok(())
}

// Requests

/// A request that comes in.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Whose data; the actor's own unless he takes it down for another.
    pub person_id: Option<Uuid>,
    /// What is asked.
    pub kind: RequestKind,
    /// In the person's words.
    pub body: String,
    /// For another: how the actor made sure that it is he who asks.
    pub identity_check: String,
}

/// Whom somebody may ask for: an officer for contacts whom he looks after and
/// who cannot sign in to ask themselves, the security administrator for anybody.
pub async fn may_ask_for(tx: &mut Tx, who: &Actor, person: Uuid) -> Result<organisation::Person> {
    let person = organisation::desk::person(tx, who.zone_id, person).await?;
    if who.is(DECIDERS) {
        return Ok(person);
    }
    let tie = organisation::desk::standing(tx, who, &person).await?;
    let contact = person.enterprise_id.or(person.project_id).is_some();
    if !who.is(OFFICE) || tie != Tie::Keeper || !contact {
        return Err(Error::Forbidden);
    }
    let account = organisation::accounts::account_of(tx, who.zone_id, person.id).await?;
    if account.is_some_and(|account| account.state == AccountState::Active) {
        return Err(Error::state("asks_himself"));
    }
    Ok(person)
}

/// Receives a request: it has a number, and a day by which it is answered.
pub async fn ask(app: &App, who: &Actor, new: NewRequest) -> Result<Uuid> {
    let own = who.person()?;
    let person = new.person_id.unwrap_or(own);
    if person != own {
        may_ask_for(&mut app.read().await?, who, person).await?;
    }
    let mut check = Check::new();
    let identity = (person != own).then(|| check.text("identity_check", &new.identity_check, 200));
    let body = check.opt_text("body", Some(&new.body), 2000).unwrap_or_default();
    check.that(!body.is_empty() || matches!(new.kind, RequestKind::See | RequestKind::Erase), "body", "required");
    check.done()?;
    let mut work = app.work(who).await?;
    let (zone, now, id) = (work.zone(), work.now, Uuid::now_v7());
    if store::in_post(&mut work, zone, person).await?.is_none() {
        return Err(Error::NotFound);
    }
    let calendar = clock::calendar(&mut work, zone).await?;
    let day = calendar.add_working_days(calendar.local_day(now.stamp()), ANSWER_DAYS);
    let due_at = Time::of(calendar.close(day));
    let number = work.next_number("GX", &now.day(calendar.time_zone()).compact()).await?;
    let request = store::NewRequest {
        id,
        number: &number,
        person_id: person,
        kind: new.kind,
        body: &body,
        at: now,
        received_by: who.person_id,
        identity_check: identity.as_deref(),
        due_at,
    };
    store::insert_request(&mut work, zone, &request).await?;
    let made = json!({
        "number": number, "kind": new.kind, "person_id": person, "due_at": due_at,
        "identity_checked": identity.is_some().then_some(true),
    });
    let subject = Subject::new("subject_request", id);
    work.log("privacy.ask", subject, Change::made(made)).await?;
    for keeper in store::accounts_with(&mut work, zone, Role::Secadmin).await? {
        work.notify(keeper, "privacy.asked", subject, json!({"number": number})).await?;
    }
    work.commit(id).await
}

/// One request: for the person himself, for who took it down, and for those who
/// look after requests.
pub async fn request(app: &App, who: &Actor, id: Uuid) -> Result<Request> {
    let found = store::request(&mut app.read().await?, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let his = who.person_id.is_some() && [Some(found.person_id), found.received_by].contains(&who.person_id);
    if his || who.is(READERS) { Ok(found) } else { Err(Error::NotFound) }
}

/// The requests of the person himself.
pub async fn own_requests(app: &App, who: &Actor) -> Result<Vec<Request>> {
    Ok(store::requests(&mut app.read().await?, who.zone_id, Some(who.person()?), false, 50).await?)
}

/// Requests of everybody, open ones first.
pub async fn requests(app: &App, who: &Actor, open: bool) -> Result<Vec<Request>> {
    who.must(READERS)?;
    Ok(store::requests(&mut app.read().await?, who.zone_id, None, open, 200).await?)
}

/// What is decided about a request.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Done, or refused on a ground.
    pub ground: Option<Ground>,
    /// The answer in words.
    pub answer: String,
}

/// Decides a request. Done on one to erase erases at once: the columns are
/// emptied and the key of what the ledger holds is destroyed.
pub async fn decide(app: &App, who: &Actor, id: Uuid, decision: Decision) -> Result<Uuid> {
    who.must(DECIDERS)?;
    let mut check = Check::new();
    let answer = check.text("answer", &decision.answer, 2000);
    check.done()?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let request = store::request(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    who.saw(request.version)?;
    if request.decided_at.is_some() {
        return Err(Error::state("request_decided"));
    }
    // Nobody is judge in his own cause.
    if who.person_id == Some(request.person_id) {
        return Err(Error::state("own_subject_request"));
    }
    let state = if decision.ground.is_some() { RequestState::Refused } else { RequestState::Done };
    if !store::decide(&mut work, zone, &request, state, (&answer, decision.ground), who.person_id, now).await? {
        return Err(Error::state("request_decided"));
    }
    let subject = Subject::new("subject_request", id);
    let change = Change::from_to(json!({"state": request.state}), json!({"state": state, "ground": decision.ground}));
    work.log("privacy.decide", subject, change).await?;
    let erased = state == RequestState::Done && request.kind == RequestKind::Erase;
    if erased {
        erase_in(&mut work, request.person_id).await?;
    }
    // Who took it down passes the answer on.
    let told = [(!erased).then_some(request.person_id), request.received_by];
    let told: BTreeSet<Uuid> = told.into_iter().flatten().filter(|id| !erased || *id != request.person_id).collect();
    for person in told {
        work.notify(person, "privacy.decided", subject, json!({"number": request.number})).await?;
    }
    work.commit(id).await
}

/// Erases a person within a piece of work. Who is still in post is not erased:
/// the committee's duty needs to say who acts. A contact leaves first, so that
/// account, sessions and invitations end as with any other leave.
pub async fn erase_in(work: &mut Work, person: Uuid) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    match store::in_post(work, zone, person).await? {
        None => return Err(Error::NotFound),
        Some(true) => return Err(Error::state("still_in_post")),
        Some(false) => {}
    }
    if organisation::desk::person(work, zone, person).await?.left_at.is_none() {
        registry::desk::leave_in(work, person).await?;
    }
    let rows = store::erase(work, zone, person, now).await?;
    let key = work.destroy_key(zone, person).await?;
    let made = json!({"rows": rows, "key_destroyed": key});
    work.log("privacy.erase", Subject::new("person", person), Change::made(made)).await
}

/// A person's own data as one document, to read or to take along. That it was
/// taken is noted.
pub async fn export(app: &App, who: &Actor, address: IpAddr) -> Result<Json> {
    let person = who.person()?;
    export_of(app, who, person, address, trace::Kind::OwnExport).await
}

/// The data of somebody who asked to see it and cannot sign in, for the security
/// administrator to hand over. That it was taken is noted.
pub async fn export_for(app: &App, who: &Actor, request: Uuid, address: IpAddr) -> Result<Json> {
    who.must(DECIDERS)?;
    let request = self::request(app, who, request).await?;
    if request.kind != RequestKind::See {
        return Err(Error::NotFound);
    }
    export_of(app, who, request.person_id, address, trace::Kind::RequestExport).await
}

async fn export_of(app: &App, who: &Actor, person: Uuid, address: IpAddr, kind: trace::Kind) -> Result<Json> {
    let mut tx = app.read().await?;
    let zone = Zone::get(&mut tx, who.zone_id).await?;
    let data = store::data_of(&mut tx, who.zone_id, person).await?;
    let consents: Vec<Json> = store::consents(&mut tx, who.zone_id, person)
        .await?
        .into_iter()
        .map(|c| json!({"kind": c.kind, "text_version": c.text_version, "given": c.given, "at": c.at}))
        .collect();
    let disclosures: Vec<Json> = store::disclosures(&mut tx, who.zone_id, Some(person), 1000)
        .await?
        .into_iter()
        .map(|d| json!({"at": d.at, "to": d.to_org, "basis": d.basis, "fields": d.fields, "occasion": d.occasion}))
        .collect();
    drop(tx);
    trace::note(app, who, address, Trace::of(kind, "person", person)).await?;
    Ok(json!({
        "zone": zone.name,
        "at": app.now(),
        "person_id": person,
        "data": data,
        "consents": consents,
        "disclosures": disclosures,
    }))
}

/// What is held about the person himself: table, column, value.
pub async fn own_data(app: &App, who: &Actor) -> Result<Vec<(String, String, String)>> {
    let data = store::data_of(&mut app.read().await?, who.zone_id, who.person()?).await?;
    let mut all = Vec::new();
    for (table, rows) in &data {
        for row in rows.as_array().into_iter().flatten().take(20) {
            for (column, value) in row.as_object().into_iter().flatten() {
                if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
                    all.push((table.clone(), column.clone(), text.to_owned()));
                }
            }
        }
    }
    Ok(all)
}

// Disclosures

/// Personal data given to another body.
#[derive(Clone, Debug)]
pub struct NewDisclosure {
    /// Whose data, when it is one person's.
    pub person_id: Option<Uuid>,
    /// To whom.
    pub to_org: String,
    /// On what basis.
    pub basis: super::Basis,
    /// Which fields.
    pub fields: String,
    /// On what occasion.
    pub occasion: String,
}

/// Notes a disclosure.
pub async fn disclose(app: &App, who: &Actor, new: NewDisclosure) -> Result<Uuid> {
    who.must(DECIDERS)?;
    let mut work = app.work(who).await?;
    let id = disclose_in(&mut work, new).await?;
    work.commit(id).await
}

/// Notes a disclosure within a piece of work that gives the data.
pub async fn disclose_in(work: &mut Work, new: NewDisclosure) -> Result<Uuid> {
    let mut check = Check::new();
    let to_org = check.text("to_org", &new.to_org, 100);
    let fields = check.text("fields", &new.fields, 200);
    let occasion = check.text("occasion", &new.occasion, 500);
    check.done()?;
    let (zone, at, by, id) = (work.zone(), work.now, work.who.person_id, Uuid::now_v7());
    if let Some(person) = new.person_id
        && store::in_post(work, zone, person).await?.is_none()
    {
        return Err(Error::field("person_id", "unknown"));
    }
    let made = json!({"to_org": to_org, "basis": new.basis, "fields": fields, "person_id": new.person_id});
    let disclosure = Disclosure { at, person: None, to_org, basis: new.basis, fields, occasion, made_by: None };
    store::insert_disclosure(work, zone, id, new.person_id, by, &disclosure).await?;
    work.log("privacy.disclose", Subject::new("disclosure", id), Change::made(made)).await?;
    Ok(id)
}

/// Disclosures, newest first.
pub async fn disclosures(app: &App, who: &Actor) -> Result<Vec<Disclosure>> {
    who.must(READERS)?;
    Ok(store::disclosures(&mut app.read().await?, who.zone_id, None, 200).await?)
}

// Retention

/// What one night of retention did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// People who left long ago and were erased.
    pub people: u64,
    /// Old notices that went.
    pub notices: u64,
    /// Old requests whose words went.
    pub requests: u64,
}

/// Ends what need not be kept longer.
pub async fn retain(app: &App, zone_id: Uuid) -> Result<Retained> {
    let zone = Zone::get(&mut app.read().await?, zone_id).await?;
    let mut work = app.work(&Actor::rule(zone_id)).await?;
    let now = work.now;
    let before = |days: i64| now.plus(-days * DAY_MS);
    let mut done = Retained::default();
    for person in store::left_before(&mut work, zone_id, before(zone.retention().person_days), ERASE_BATCH).await? {
        erase_in(&mut work, person).await?;
        done.people += 1;
    }
    done.notices = store::delete_notices(&mut work, zone_id, before(NOTICE_DAYS)).await?;
    done.notices += delivery::desk::clean(&mut work, before(NOTICE_DAYS)).await?;
    done.requests = store::blank_requests(&mut work, zone_id, before(REQUEST_DAYS)).await?;
    if done != Retained::default() {
        let made = json!({"people": done.people, "notices": done.notices, "requests": done.requests});
        work.log("privacy.retain", Subject::new("zone", zone_id), Change::made(made)).await?;
    }
    work.commit(zone_id).await?;
    Ok(done)
}

/// What waits for the security administrator.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    if !who.roles.meets(DECIDERS) {
        return Ok(Vec::new());
    }
    let mut tx = app.read().await?;
    let calendar = clock::calendar(&mut tx, who.zone_id).await?;
    let now = app.now();
    let open = store::requests(&mut tx, who.zone_id, None, true, 100).await?;
    let item = |request: Request| ToDo {
        action: "todo-privacy-decide",
        title: request.number,
        about: request.person,
        href: format!("/privacy/requests/{}", request.id),
        due_at: Some(request.due_at),
        light: clock::light_of(request.received_at, Some(request.due_at), None, now, &calendar),
    };
    Ok(open.into_iter().map(item).collect())
}
