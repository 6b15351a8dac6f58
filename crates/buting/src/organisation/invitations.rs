//! How people get in: by a link, a short code or a printed QR code, each of which
//! works once and not for long. A lost password is mended the same way.

use super::accounts::{NewAccount, add_account_in, check_user_name};
use super::desk::{KEEPERS, Standing, kept, manages, person, standing};
use super::signin::{self, SignedIn, hash_password, network, policy_error};
use super::store;
use super::store::accounts as account_rows;
use super::store::invitations::{self as rows, Candidate, Filter, Found, NewInvitation, Wanted};
use super::{Card, Invitation, InvitationState, Invite, Person, Purpose};
use crate::actor::{ADMINS, Actor, OFFICE, OUTSIDE, Role, Roles, Scope, Via};
use crate::app::{App, Change, Subject, Work};
use crate::assignment::reach;
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::{Page, TOTAL_CAP, limit};
use crate::list::Walk;
use crate::time::{DAY_MS, Time};
use crate::zone::Zone;
use ::store::Tx;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

/// Who may invite at all; whom is decided person by person.
pub const INVITERS: Roles = OFFICE.and(OUTSIDE).and(Roles::of(&[Role::Sysadmin]));
/// At most so many people at once.
pub const MOST: usize = 500;
/// Days that an invitation works unless told.
pub const DAYS: i64 = 7;
/// Days that a reset works.
const RESET_DAYS: i64 = 1;
/// Codes that one address may try at once, and then one every so many seconds.
const CODE_TRIES: f64 = 20.0;
const CODE_SECONDS: f64 = 20.0;

/// The secret that somebody holds.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    /// From a link or a QR code.
    Link(&'a str),
    /// A short code, typed.
    Code(&'a str),
}

/// Where the actor's reach ends, for contacts.
fn reach_of(who: &Actor) -> Option<::store::Sql> {
    if who.is(Roles::of(&[Role::Sysadmin])) {
        return None;
    }
    reach::subjects(who, "COALESCE(p.enterprise_id, p.project_id)")
}

/// People who could be invited, of those that are wanted and that the actor may
/// invite.
pub async fn candidates(
    tx: &mut Tx,
    who: &Actor,
    wanted: &Invite,
    all_enterprises: bool,
    key_only: bool,
    q: Option<&str>,
) -> Result<Vec<Candidate>> {
    who.must(INVITERS)?;
    if who.is(OUTSIDE) && !who.is_rule() && !manages(tx, who).await? {
        return Err(Error::Forbidden);
    }
    let wanted = Wanted {
        people: &wanted.people,
        department: wanted.department_id,
        enterprises: &wanted.enterprise_ids,
        carrier: wanted.carrier_id,
        key_only,
        q,
        every_enterprise: all_enterprises,
        staff: who.is(KEEPERS),
        partners: who.is(OFFICE.and(KEEPERS)),
    };
    let limit = i64::try_from(MOST).unwrap_or(i64::MAX) + 1;
    Ok(rows::candidates(tx, who, &wanted, reach_of(who), limit).await?)
}

/// Carriers by short name, to choose from.
pub async fn carriers(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String)>> {
    Ok(rows::carriers(tx, zone).await?)
}

/// Invites everybody who is named or matched and has no account in use. Each
/// gets a link and a code, shown this once; an earlier open invitation of the
/// same person ends.
pub async fn invite(app: &App, who: &Actor, wanted: &Invite) -> Result<Vec<Card>> {
    who.must(INVITERS)?;
    let days = wanted.days.unwrap_or(DAYS);
    if !(1..=30).contains(&days) {
        return Err(Error::Invalid(vec![FieldError::new("days", "range").with("min", 1).with("max", 30)]));
    }
    let mut work = app.work(who).await?;
    let mut people = wanted.people.clone();
    for found in candidates(&mut work, who, wanted, false, false, None).await? {
        if !people.contains(&found.id) {
            people.push(found.id);
        }
    }
    if people.is_empty() {
        return Err(Error::field("people", "nobody_to_invite"));
    }
    if people.len() > MOST {
        return Err(Error::Invalid(vec![FieldError::new("people", "too_many_people").with("max", MOST)]));
    }
    let expires_at = work.now.plus(days * DAY_MS);
    let mut cards = Vec::with_capacity(people.len());
    for id in people {
        match super::accounts::take_consent(&mut work, id).await {
            Ok(()) => {}
            // Who was named is spoken of; who was only matched is passed over.
            Err(error) if wanted.people.contains(&id) => return Err(error),
            Err(_) => continue,
        }
        let person = invitable(&mut work, who, id).await?;
        cards.push(card_in(&mut work, &person, Purpose::Join, expires_at).await?);
    }
    let first = cards.first().map_or(who.zone_id, |card| card.id);
    work.commit(first).await?;
    Ok(cards)
}

/// A person whom the actor may invite, with an account that waits.
async fn invitable(work: &mut Work, who: &Actor, id: Uuid) -> Result<Person> {
    let zone = who.zone_id;
    let person = kept(work, who, id).await?;
    if person.left_at.is_some() {
        return Err(Error::state("person_left"));
    }
    match store::credentials_of(work, zone, id).await? {
        None => open_account(work, &person).await?,
        Some(account) if account.disabled_at.is_some() => return Err(Error::state("account_disabled")),
        Some(account) if account.password_hash.is_some() => return Err(Error::state("has_account")),
        Some(_) => {}
    }
    Ok(person)
}

/// Opens the account that an invitation leads to. Its name is a proposal made
/// from the person's name, which the person changes at will when accepting.
pub(super) async fn open_account(work: &mut Work, person: &Person) -> Result<()> {
    let zone = work.zone();
    let spelling = hanzi::pinyin::spellings(&person.name).into_iter().next().unwrap_or_default();
    let stem: String = spelling.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    let stem = if stem.is_empty() { "user".to_owned() } else { stem };
    let mut user_name = stem.clone();
    let mut n = 2;
    while account_rows::user_name_taken(work, zone, &user_name, person.id).await? {
        // Namesakes are few; after some the name takes a part of the key.
        user_name =
            if n < 20 { format!("{stem}{n}") } else { format!("{stem}-{}", &person.id.simple().to_string()[24..]) };
        n += 1;
    }
    let new =
        NewAccount { person_id: person.id, user_name: &user_name, password: None, must_change: false, grants: &[] };
    add_account_in(work, &new, None).await.map(drop)
}

/// Makes link and code for a person within a piece of work.
pub(super) async fn card_in(work: &mut Work, person: &Person, purpose: Purpose, expires_at: Time) -> Result<Card> {
    let (zone, now) = (work.zone(), work.now);
    rows::revoke_open(work, zone, person.id, Some(purpose), now).await?;
    let (token, digest) = vault::token::new("");
    let code = vault::token::code();
    let new = NewInvitation {
        id: Uuid::now_v7(),
        person_id: person.id,
        purpose,
        digest,
        code_digest: vault::token::code_digest(&code),
        made_by: work.who.person_id,
        at: now,
        expires_at,
    };
    rows::insert(work, zone, &new).await?;
    let subject = match person.enterprise_id.or(person.project_id) {
        Some(about) => Subject::about("invitation", new.id, about),
        None => Subject::new("invitation", new.id),
    };
    let made = json!({"person_id": person.id, "purpose": purpose, "expires_at": expires_at});
    work.log("invitation.create", subject, Change::made(made)).await?;
    let filter = Filter { id: Some(new.id), ..Filter::default() };
    let place = rows::one(work, zone, &filter, now).await?.and_then(|row| row.place);
    Ok(Card { id: new.id, person_id: person.id, name: person.name.clone(), place, token, code, expires_at })
}

/// Gives somebody a one-time link and code to set a new password. The old
/// password holds until then, the second factor beyond. The system administrator
/// does it for everybody else, with the security administrator's
/// consent for administrators; the officer for the contacts he reaches; who
/// manages an enterprise's accounts for colleagues.
pub async fn reset(app: &App, who: &Actor, account: Uuid) -> Result<Card> {
    who.must(INVITERS)?;
    if who.person_id == Some(account) {
        return Err(Error::state("own_account"));
    }
    let mut work = app.work(who).await?;
    let person = may_reset(&mut work, who, account).await?;
    super::accounts::take_consent(&mut work, account).await?;
    let expires_at = work.now.plus(RESET_DAYS * DAY_MS);
    let card = card_in(&mut work, &person, Purpose::Reset, expires_at).await?;
    work.commit(card.id).await?;
    Ok(card)
}

async fn may_reset(work: &mut Work, who: &Actor, account: Uuid) -> Result<Person> {
    let person = person(work, who.zone_id, account).await?;
    let standing = standing(work, who, &person).await?;
    let outside = person.enterprise_id.or(person.project_id).is_some();
    let may = who.is(Roles::of(&[Role::Sysadmin])) || (outside && standing == Standing::Keeper);
    if !may {
        return Err(Error::Forbidden);
    }
    match account_rows::grants(work, who.zone_id, account).await? {
        grants if grants.iter().any(|g| ADMINS.has(g.role)) && !who.is(Roles::of(&[Role::Sysadmin])) => {
            return Err(Error::Forbidden);
        }
        _ => {}
    }
    match store::credentials_of(work, who.zone_id, account).await? {
        None => Err(Error::state("no_account")),
        Some(account) if account.disabled_at.is_some() => Err(Error::state("account_disabled")),
        Some(account) if account.password_hash.is_none() => Err(Error::state("account_invited")),
        Some(_) => Ok(person),
    }
}

/// What a list of invitations is asked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InvitationsQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// How they stand.
    pub state: Option<InvitationState>,
    /// Of people with their main post in this department or agency.
    pub department_id: Option<Uuid>,
    /// A part of the name of the person, the enterprise or the department.
    pub q: Option<String>,
    /// `-created` (newest first), `expires`, `name` (by pinyin), `place`; with `-` the greatest first.
    pub sort: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Which invitations the actor sees: those who keep the organisation and the
/// audit administrator all, officers their own, enterprises those of colleagues.
async fn seen<'a>(tx: &mut Tx, who: &Actor, q: Option<&'a str>) -> Result<Filter<'a>> {
    let mut filter = Filter { q, ..Filter::default() };
    if who.is(KEEPERS.and(Roles::of(&[Role::Auditor]))) {
        return Ok(filter);
    }
    match who.scope {
        Scope::Enterprise(id) | Scope::Project(id) if manages(tx, who).await? => filter.subject = Some(id),
        _ if who.is(INVITERS) => filter.made_by = Some(who.person()?),
        _ => return Err(Error::Forbidden),
    }
    Ok(filter)
}

/// A page of invitations and resets, without their secrets.
pub async fn list(app: &App, who: &Actor, query: &InvitationsQuery) -> Result<Page<Invitation>> {
    let limit = limit(query.limit)?;
    let mut tx = app.read().await?;
    let mut filter = seen(&mut tx, who, query.q.as_deref()).await?;
    filter.state = query.state;
    filter.department = query.department_id;
    let walk = Walk::read(rows::KEYS, "-created", query.sort.as_deref(), query.cursor.as_deref(), limit)?;
    let now = app.now();
    let (items, next) = rows::list(&mut tx, who.zone_id, &filter, now, &walk).await?;
    let total = rows::count(&mut tx, who.zone_id, &filter, now, TOTAL_CAP + 1).await?;
    Ok(Page::new(items, next, total))
}

/// One invitation, for those who see it.
pub async fn get(tx: &mut Tx, who: &Actor, id: Uuid, now: Time) -> Result<Invitation> {
    let mut filter = seen(tx, who, None).await.map_err(|_| Error::NotFound)?;
    filter.id = Some(id);
    rows::one(tx, who.zone_id, &filter, now).await?.ok_or(Error::NotFound)
}

/// Takes an invitation back.
pub async fn revoke(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(INVITERS)?;
    let mut work = app.work(who).await?;
    let now = work.now;
    let old = get(&mut work, who, id, now).await?;
    who.saw(old.version)?;
    if !rows::revoke(&mut work, who.zone_id, id, now).await? {
        return Err(Error::state("invitation_over"));
    }
    let change = Change::from_to(json!({"state": old.state}), json!({"state": InvitationState::Revoked}));
    work.log("invitation.revoke", Subject::new("invitation", id), change).await?;
    work.commit(id).await
}

/// Puts a new link and code in the place of one that was lost or has expired.
pub async fn renew(app: &App, who: &Actor, id: Uuid) -> Result<Card> {
    who.must(INVITERS)?;
    let mut work = app.work(who).await?;
    let now = work.now;
    let old = get(&mut work, who, id, now).await?;
    if old.state == InvitationState::Used {
        return Err(Error::state("invitation_over"));
    }
    // A card of an administrator is made by two, be it the first or the next.
    super::accounts::take_consent(&mut work, old.person_id).await?;
    let card = match old.purpose {
        Purpose::Join => {
            let person = invitable(&mut work, who, old.person_id).await?;
            card_in(&mut work, &person, Purpose::Join, now.plus(DAYS * DAY_MS)).await?
        }
        Purpose::Reset => {
            let person = may_reset(&mut work, who, old.person_id).await?;
            card_in(&mut work, &person, Purpose::Reset, now.plus(RESET_DAYS * DAY_MS)).await?
        }
    };
    work.commit(card.id).await?;
    Ok(card)
}

/// What somebody who holds a key is shown before using it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The invitation.
    pub id: Uuid,
    /// The zone.
    pub zone_id: Uuid,
    /// Name of the zone.
    pub zone_name: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Name of the person.
    pub name: String,
    /// The person.
    pub person_id: Uuid,
    /// The user name: a proposal when joining, the fixed one when resetting.
    pub user_name: String,
    /// Until when.
    pub expires_at: Time,
}

/// Reads a link or code without using it up. Typed codes are slowed per address.
pub async fn look(app: &App, key: Key<'_>, address: IpAddr) -> Result<Offer> {
    if let Key::Code(_) = key {
        let mut tx = app.db.write().await?;
        let bucket = format!("code:{}", network(address));
        let left = store::take_token(&mut tx, Uuid::nil(), &bucket, CODE_TRIES, 1.0 / CODE_SECONDS, app.now()).await?;
        tx.commit().await?;
        if left < 0.0 {
            return Err(Error::TooMany(CODE_SECONDS as i64));
        }
    }
    let mut tx = app.read().await?;
    let found = open(&mut tx, key, app.now()).await?;
    let account = store::credentials_of(&mut tx, found.zone_id, found.person_id).await?;
    let account = account.filter(|a| a.disabled_at.is_none()).ok_or(Error::state("invitation_over"))?;
    let owner = person(&mut tx, found.zone_id, found.person_id).await?;
    if owner.left_at.is_some() {
        return Err(Error::state("invitation_over"));
    }
    let zone = Zone::get(&mut tx, found.zone_id).await?;
    Ok(Offer {
        id: found.id,
        zone_id: found.zone_id,
        zone_name: zone.name,
        purpose: found.purpose,
        name: owner.name,
        person_id: owner.id,
        user_name: account.user_name,
        expires_at: found.expires_at,
    })
}

async fn open(tx: &mut Tx, key: Key<'_>, now: Time) -> Result<Found> {
    let found = match key {
        Key::Link(token) => rows::by_digest(tx, &vault::token::digest(token), false).await?,
        Key::Code(code) => rows::by_digest(tx, &vault::token::code_digest(code), true).await?,
    };
    match found {
        None => Err(Error::state("invitation_unknown")),
        Some(found) if found.used_at.is_some() => Err(Error::state("invitation_used")),
        Some(found) if found.revoked_at.is_some() => Err(Error::state("invitation_revoked")),
        Some(found) if found.expires_at <= now => Err(Error::state("invitation_expired")),
        Some(found) => Ok(found),
    }
}

/// How an invitation is accepted.
pub struct Acceptance<'a> {
    /// The secret.
    pub key: Key<'a>,
    /// The name to sign in with; only when joining.
    pub user_name: Option<&'a str>,
    /// The password.
    pub password: &'a str,
    /// From where.
    pub address: IpAddr,
    /// The client program.
    pub agent: &'a str,
}

/// Uses a link or code: sets user name and password. Who joins is signed in;
/// who had lost the password signs in afterwards, second factor and all. Of two
/// who use the same key at once, one is told that it was used.
pub async fn accept(app: &App, acceptance: &Acceptance<'_>) -> Result<(Offer, Option<SignedIn>)> {
    let offer = look(app, acceptance.key, acceptance.address).await?;
    let joining = offer.purpose == Purpose::Join;
    let mut check = Check::new();
    let user_name = match acceptance.user_name {
        Some(name) if joining => check_user_name(&mut check, "user_name", name),
        _ => offer.user_name.clone(),
    };
    if let Err(error) = vault::password::check_policy(acceptance.password, &user_name)
        && let Error::Invalid(errors) = policy_error("password", &error)
    {
        errors.into_iter().for_each(|error| _ = check.add(error));
    }
    check.done()?;
    let hash = hash_password(acceptance.password).await?;

    let mut who = Actor::rule(offer.zone_id);
    who.via = Via::Link;
    who.person_id = Some(offer.person_id);
    let mut work = app.work(&who).await?;
    let (zone, now, id) = (offer.zone_id, work.now, offer.person_id);
    if !rows::use_up(&mut work, zone, offer.id, now).await? {
        return Err(Error::state("invitation_used"));
    }
    if joining {
        if account_rows::user_name_taken(&mut work, zone, &user_name, id).await? {
            return Err(Error::Conflict(Conflict::Taken("user_name")));
        }
        account_rows::set_user_name(&mut work, zone, id, &user_name)
            .await
            .map_err(|e| super::desk::taken(e, "user_name"))?;
    }
    store::set_password(&mut work, zone, id, &hash, false).await?;
    if !joining {
        // Whoever had the old password may have made himself a token with it.
        super::accounts::cut_off(&mut work, id).await?;
    }
    let owner = person(&mut work, zone, id).await?;
    let subject = match owner.enterprise_id.or(owner.project_id) {
        Some(about) => Subject::about("invitation", offer.id, about),
        None => Subject::new("invitation", offer.id),
    };
    let after = json!({"purpose": offer.purpose, "user_name": user_name});
    work.log("invitation.accept", subject, Change::made(after)).await?;
    let filter = Filter { id: Some(offer.id), ..Filter::default() };
    let maker = rows::one(&mut work, zone, &filter, now).await?.and_then(|row| row.made_by);
    if let Some(maker) = maker.filter(|_| joining) {
        let args = json!({"name": offer.name});
        work.notify(maker, "invitation.accepted", Subject::new("person", id), args).await?;
    }
    work.commit(offer.id).await?;
    let signed_in =
        if joining { Some(signin::begin(app, zone, id, acceptance.address, acceptance.agent).await?) } else { None };
    Ok((offer, signed_in))
}
