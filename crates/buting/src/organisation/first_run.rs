//! The first run: while there is no zone, one page makes it, with its three
//! administrators and a first dispatcher. Whoever opens it must have the code
//! that the console of the server shows.

use super::accounts::{NewAccount, add_account_in};
use super::desk::{add_department_in, add_person_in, create_zone_in};
use super::invitations::{DAYS, card_in};
use super::signin::network;
use super::store;
use super::{Card, DepartmentKind, Grant, NewDepartment, NewPerson, Purpose};
use crate::actor::{Actor, Role};
use crate::app::App;
use crate::error::{Check, Error, FieldError, Result};
use crate::text::LABELS;
use crate::time::{DAY_MS, Time};
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

/// How long a set-up code works; a restart makes a new one.
const CODE_MS: i64 = DAY_MS;
/// Who is made: three administrators, three people, and who gives work out.
pub const FIRST: [Role; 4] = [Role::Sysadmin, Role::Secadmin, Role::Auditor, Role::Dispatcher];

/// Whether there is no zone yet.
pub async fn is_wanted(app: &App) -> Result<bool> {
    let mut tx = app.read().await?;
    Ok(!store::any_zone(&mut tx).await?)
}

/// A set-up code for the console, while there is no zone. Call it once at start.
pub async fn code(app: &App) -> Result<Option<String>> {
    if !is_wanted(app).await? {
        return Ok(None);
    }
    let code = format!("{}-{}", vault::token::code(), vault::token::code());
    let mut tx = app.db.write().await?;
    store::insert_setup_code(&mut tx, &vault::token::code_digest(&code), app.now()).await?;
    tx.commit().await?;
    Ok(Some(code))
}

/// What the first run is told.
#[derive(Clone, Debug, Default)]
pub struct FirstRun {
    /// The code from the console.
    pub code: String,
    /// The committee's name.
    pub name: String,
    /// The name in `user@handle`.
    pub handle: String,
    /// One of [`crate::text::LABELS`].
    pub label: String,
    /// The department that the four belong to.
    pub department: String,
    /// Names of the four, in the order of [`FIRST`].
    pub people: [String; 4],
    /// Whether administrators and approvers need a second factor.
    pub require_totp: bool,
}

/// Makes the zone. Each of the four gets a link and a code to set his own
/// password, so that nobody knows another's. Works once: of two who try at the
/// same time, one is told that the zone is there.
pub async fn make(app: &App, first: &FirstRun, address: IpAddr) -> Result<(Uuid, Vec<Card>)> {
    let digest = vault::token::code_digest(&first.code);
    let since = Time::from_ms(app.now().ms() - CODE_MS);
    {
        let mut tx = app.db.write().await?;
        let bucket = format!("setup:{}", network(address));
        let left = store::take_token(&mut tx, Uuid::nil(), &bucket, 10.0, 1.0 / 30.0, app.now()).await?;
        let known = store::has_setup_code(&mut tx, &digest, since).await?;
        tx.commit().await?;
        if left < 0.0 {
            return Err(Error::TooMany(30));
        }
        if !known {
            return Err(Error::field("code", "setup_code"));
        }
    }
    let mut check = Check::new();
    check.that(LABELS.contains(&first.label.as_str()), "label", "unknown");
    check.text("department", &first.department, 60);
    for (role, name) in FIRST.iter().zip(&first.people) {
        check.text(role.word(), name, 60);
    }
    let mut admins: Vec<&str> =
        first.people[..3].iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    admins.sort_unstable();
    if admins.windows(2).any(|pair| pair[0] == pair[1]) {
        check.add(FieldError::new("auditor", "three_administrators"));
    }
    check.done()?;
    let mut work = app.work(&Actor::rule(Uuid::now_v7())).await?;
    let zone = work.zone();
    if !store::take_setup_codes(&mut work, &digest, since).await? || store::any_zone(&mut work).await? {
        return Err(Error::state("zone_there"));
    }
    let settings = json!({"assignment_label": first.label, "require_totp": first.require_totp});
    create_zone_in(&mut work, first.handle.trim(), &first.name, &settings).await?;
    let department = NewDepartment {
        id: None,
        name: first.department.clone(),
        short_name: None,
        kind: DepartmentKind::Department,
        parent_id: None,
        position: Some(1),
        phone: None,
        industries: None,
        valid_from: None,
    };
    let department_id = add_department_in(&mut work, department).await?;
    let mut cards = Vec::new();
    for (role, name) in FIRST.into_iter().zip(&first.people) {
        let new = NewPerson { name: name.clone(), department_id: Some(department_id), ..NewPerson::default() };
        let id = add_person_in(&mut work, new).await?;
        let grants = [Grant::usual(role)];
        let account =
            NewAccount { person_id: id, user_name: role.word(), password: None, must_change: false, grants: &grants };
        add_account_in(&mut work, &account, None).await?;
        let person = super::desk::person(&mut work, zone, id).await?;
        let expires_at = work.now.plus(DAYS * DAY_MS);
        cards.push(card_in(&mut work, &person, Purpose::Join, expires_at).await?);
    }
    work.commit(zone).await?;
    Ok((zone, cards))
}
