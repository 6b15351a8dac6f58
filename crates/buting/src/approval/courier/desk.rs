//! What can be done with deliveries.

use super::store;
use super::{Delivery, DeliveryAct, DeliveryState, NewDelivery, may_address, may_send};
use crate::actor::{Actor, OFFICE};
use crate::app::{App, Change, Subject, Work};
use crate::approval::desk::{self as cases, PARTIES};
use crate::approval::{Application, Part};
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::Page;
use crate::list::{self, cut, read_cursor};
use ::store::Tx;
use identifiers::ParcelNumber;
use serde_json::json;
use uuid::Uuid;

pub use super::store::Filter;

/// Longest address or proof.
const LONG: usize = 300;

/// Keeps who receives it and where from those who do not send it: it is his alone.
fn masked(mut one: Delivery, sends: bool) -> Delivery {
    if !sends {
        one.recipient.clear();
        one.phone.clear();
        one.address.clear();
    }
    one
}

/// The deliveries of a case, for its page.
pub(in crate::approval) async fn of(
    tx: &mut Tx,
    zone: Uuid,
    application: Uuid,
    parts: &[Part],
) -> Result<Vec<Delivery>> {
    let all = store::of(tx, zone, application).await?;
    let sends = parts.iter().any(|part| matches!(part, Part::Applicant | Part::Specialist | Part::Desk));
    Ok(all.into_iter().map(|one| masked(one, sends)).collect())
}

/// Where the licence of a case goes.
pub async fn address(app: &App, who: &Actor, mut new: NewDelivery) -> Result<Uuid> {
    who.must(PARTIES)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::is_there(&mut work, zone, id).await? {
        return Err(Error::Replayed(id));
    }
    let (a, parts) = match cases::for_delivery(&mut work, who, new.application_id).await {
        Err(Error::NotFound) => return Err(Error::field("application_id", "unknown")),
        found => found?,
    };
    let all = store::of(&mut work, zone, a.id).await?;
    if !may_address(&a, &all, &parts) {
        return Err(Error::state("delivery_state"));
    }
    let mut check = Check::new();
    (new.recipient, new.phone, new.address) = place(&mut check, &new.recipient, &new.phone, &new.address);
    check.that(new.consent, "consent", "delivery_consent");
    check.done()?;
    store::insert(&mut work, id, &new).await?;
    // Who receives it and where is kept with the delivery, not in the ledger for ever.
    let made = Change::made(json!({"number": a.number, "state": DeliveryState::ToPack}));
    work.log("delivery.address", subject_of(&a), made).await?;
    if !who.is(OFFICE) {
        cases::tell_office(&mut work, &a, "application.address").await?;
    }
    work.commit(id).await
}

fn place(check: &mut Check, recipient: &str, phone: &str, address: &str) -> (String, String, String) {
    let recipient = check.text("recipient", recipient, 50);
    let address = check.text("address", address, LONG);
    let phone = check.text("phone", phone, 30);
    match identifiers::phone::parse(&phone) {
        Ok(_) => {}
        Err(_) if check.has("phone") => {}
        Err(_) => drop(check.add(FieldError::new("phone", "delivery_phone"))),
    }
    (recipient, phone, address)
}

fn subject_of(a: &Application) -> Subject {
    cases::subject_of(a)
}

/// Does something with a delivery. Answers it.
pub async fn act(app: &App, who: &Actor, id: Uuid, act: DeliveryAct) -> Result<Uuid> {
    who.must(PARTIES)?;
    let mut work = app.work(who).await?;
    let mut one = store::one(&mut work, who, id).await?.ok_or(Error::NotFound)?;
    who.saw(one.version)?;
    let (a, parts) = cases::for_delivery(&mut work, who, one.application_id).await?;
    let (now, before) = (work.now, one.state);
    let mut check = Check::new();
    let next = match &act {
        DeliveryAct::Address { .. } => one.state,
        DeliveryAct::Dispatch { .. } => DeliveryState::Dispatched,
        DeliveryAct::Arrive { .. } => DeliveryState::Delivered,
        DeliveryAct::Refused { .. } => DeliveryState::Refused,
        DeliveryAct::Returned { .. } => DeliveryState::Returned,
        DeliveryAct::Lost { .. } => DeliveryState::Lost,
    };
    let addresses = matches!(act, DeliveryAct::Address { .. });
    let by = match addresses {
        true => parts.contains(&Part::Applicant) || parts.contains(&Part::Specialist),
        false => parts.contains(&Part::Specialist) || parts.contains(&Part::Desk),
    };
    if !by {
        return Err(Error::Forbidden);
    }
    let fits = if addresses { before == DeliveryState::ToPack } else { before.becomes(next) && may_send(&a, &parts) };
    if !fits {
        return Err(Error::state("delivery_state"));
    }
    let entry = match act {
        DeliveryAct::Address { recipient, phone, address } => {
            (one.recipient, one.phone, one.address) = place(&mut check, &recipient, &phone, &address);
            check.done()?;
            "delivery.address"
        }
        DeliveryAct::Dispatch { carrier, parcel_no, licences } => {
            one.carrier = Some(check.text("carrier", &carrier, 50));
            one.licences = Some(check.text("licences", &licences, LONG));
            let typed = check.text("parcel_no", &parcel_no, 40);
            match typed.parse::<ParcelNumber>() {
                Ok(number) => one.parcel_no = Some(number.as_str().to_owned()),
                Err(_) if check.has("parcel_no") => {}
                Err(findings) => {
                    let check_digit = findings.iter().any(|finding| finding.code == "parcel.check_digit");
                    let code = if check_digit { "parcel_check_digit" } else { "parcel_number" };
                    check.add(FieldError::new("parcel_no", code));
                }
            }
            check.done()?;
            one.dispatched_at = Some(now);
            let said = format!("{} {}", carrier.trim(), one.parcel_no.clone().unwrap_or_default());
            cases::posted_in(&mut work, a.id, &said).await?;
            cases::tell_applicant(&mut work, &a, "application.sent").await?;
            "delivery.dispatch"
        }
        DeliveryAct::Arrive { proof } => {
            let proof = check.text("proof", &proof, LONG);
            check.done()?;
            (one.ended_at, one.proof) = (Some(now), Some(proof.clone()));
            cases::delivered_in(&mut work, a.id, &proof).await?;
            "delivery.arrive"
        }
        DeliveryAct::Refused { proof } | DeliveryAct::Returned { proof } | DeliveryAct::Lost { proof } => {
            let proof = check.text("proof", &proof, LONG);
            check.done()?;
            (one.ended_at, one.proof) = (Some(now), Some(proof));
            cases::tell_applicant(&mut work, &a, "application.not_arrived").await?;
            cases::tell_office(&mut work, &a, "application.not_arrived").await?;
            "delivery.fail"
        }
    };
    one.state = next;
    save(&mut work, &one).await?;
    let change = Change::from_to(
        json!({"state": before}),
        json!({"state": next, "carrier": one.carrier, "parcel_no": one.parcel_no}),
    );
    work.log(entry, subject_of(&a), change).await?;
    work.commit(id).await
}

async fn save(work: &mut Work, one: &Delivery) -> Result<()> {
    if store::save(work, one).await? { Ok(()) } else { Err(Error::Conflict(Conflict::Stale(one.version))) }
}

/// One delivery, for whom it concerns.
pub async fn delivery(app: &App, who: &Actor, id: Uuid) -> Result<Delivery> {
    who.must(PARTIES)?;
    let mut tx = app.read().await?;
    let one = store::one(&mut tx, who, id).await?.ok_or(Error::NotFound)?;
    let sends = sends(app, who, &mut tx, one.application_id).await?;
    Ok(masked(one, sends))
}

async fn sends(app: &App, who: &Actor, tx: &mut Tx, application: Uuid) -> Result<bool> {
    let parts = cases::parts_of(tx, who, application, app.now()).await?;
    Ok(parts.iter().any(|part| matches!(part, Part::Applicant | Part::Specialist | Part::Desk)))
}

/// Deliveries that concern somebody, the newest first.
pub async fn deliveries(
    app: &App,
    who: &Actor,
    filter: &Filter,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Delivery>> {
    who.must(PARTIES)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let found = list::subjects(&mut tx, who.zone_id, "a.enterprise_id", None, filter.q.as_deref()).await?;
    let filter = &Filter { found, ..filter.clone() };
    let counted = store::count(&mut tx, who, filter).await?;
    let mut items = store::list(&mut tx, who, filter, after, limit + 1).await?;
    let next = cut(&mut items, limit, |one| Some((one.made_at, one.id)));
    let mut shown = Vec::with_capacity(items.len());
    for one in items {
        let sends = sends(app, who, &mut tx, one.application_id).await?;
        shown.push(masked(one, sends));
    }
    Ok(Page::new(shown, next, counted))
}
