//! What can be done with accounts. The system administrator opens, disables and
//! resets them; the security administrator says what they may do, and allows each
//! reset of an administrator; the audit administrator reads. No one of the three
//! can let himself in alone.

use super::desk::{Changed, kept, person, taken};
use super::signin::{hash_password, policy_error};
use super::store::accounts::{self as rows, AccountFilter, TokenRow};
use super::store::{self, NewToken};
use super::{Account, AccountState, Grant, Place, Purpose, Right, must_have_second_factor, roles_fit_together};
use crate::actor::{ADMINS, Actor, Role, Roles, ScopeKind};
use crate::app::{App, Change, Subject, Work};
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::{Page, TOTAL_CAP, limit};
use crate::list::Walk;
use crate::time::{DAY_MS, Time};
use ::store::Tx;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

const SYSADMIN: Roles = Roles::of(&[Role::Sysadmin]);
const SECADMIN: Roles = Roles::of(&[Role::Secadmin]);
/// How long the security administrator's consent to a reset holds.
const CONSENT_MS: i64 = DAY_MS;

/// A new account for a person who is there already.
pub struct NewAccount<'a> {
    /// The person.
    pub person_id: Uuid,
    /// The name to sign in with.
    pub user_name: &'a str,
    /// The first password; without one the person comes in by invitation.
    pub password: Option<&'a str>,
    /// Whether the password must be changed at first sign-in.
    pub must_change: bool,
    /// What the account may do.
    pub grants: &'a [Grant],
}

/// Opens an account. Only the system administrator makes accounts, and only the
/// security administrator gives roles; the program's own commands do both.
pub async fn add_account(app: &App, who: &Actor, new: &NewAccount<'_>) -> Result<Uuid> {
    who.must(SYSADMIN)?;
    if !new.grants.is_empty() {
        who.must(SECADMIN)?;
    }
    let hash = match new.password {
        Some(password) => {
            vault::password::check_policy(password, new.user_name).map_err(|e| policy_error("password", &e))?;
            Some(hash_password(password).await?)
        }
        None => None,
    };
    let mut work = app.work(who).await?;
    let id = add_account_in(&mut work, new, hash.as_deref()).await?;
    work.commit(id).await
}

/// What a user name must be: text, digits, dot, hyphen, underscore.
pub(super) fn check_user_name(check: &mut Check, field: &str, user_name: &str) -> String {
    let name = check.text(field, user_name, 32);
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    check.that(plain, field, "user_name");
    name
}

/// Opens an account within a piece of work. Where the role follows from the
/// place (an enterprise's contact, a partner) it is given at once; who works in
/// the office waits for the security administrator, who is told.
pub(super) async fn add_account_in(work: &mut Work, new: &NewAccount<'_>, hash: Option<&str>) -> Result<Uuid> {
    let zone = work.zone();
    let id = new.person_id;
    let mut check = Check::new();
    let name = check_user_name(&mut check, "user_name", new.user_name);
    check.that(roles_fit_together(new.grants), "roles", "three_administrators");
    check.done()?;
    let owner = person(work, zone, id).await?;
    if owner.left_at.is_some() {
        return Err(Error::state("person_left"));
    }
    let place = store::place(work, zone, &owner).await?;
    if !new.grants.iter().all(|grant| place.allows(grant.role)) {
        return Err(Error::field("roles", "role_place"));
    }
    if store::credentials_of(work, zone, id).await?.is_some() {
        return Err(Error::state("has_account"));
    }
    let now = work.now;
    store::insert_account(work, zone, id, &name, hash, new.must_change, now)
        .await
        .map_err(|e| taken(e, "user_name"))?;
    let grants = if new.grants.is_empty() { place.grant().into_iter().collect() } else { new.grants.to_vec() };
    for grant in &grants {
        store::insert_grant(work, zone, id, grant).await?;
    }
    let roles: Vec<_> = grants.iter().map(|grant| grant.role.word()).collect();
    let made = json!({"user_name": name, "roles": roles});
    work.log("account.create", about(&owner, "account"), Change::made(made)).await?;
    if let Some(subject) = owner.enterprise_id.or(owner.project_id) {
        // Somebody of the enterprise must be able to let colleagues in.
        let others = rows::colleagues(work, zone, subject, id).await?;
        if !others.iter().any(|(_, manages)| *manages) {
            give_right_in(work, id, Right::Manage).await?;
        }
    }
    if grants.is_empty() && place == Place::Office {
        for secadmin in rows::holders(work, zone, Role::Secadmin).await? {
            let args = json!({"user_name": name});
            work.notify(secadmin, "account.roles_wanted", Subject::new("account", id), args).await?;
        }
    }
    Ok(id)
}

fn about(person: &super::Person, kind: &'static str) -> Subject {
    match person.enterprise_id.or(person.project_id) {
        Some(about) => Subject::about(kind, person.id, about),
        None => Subject::new(kind, person.id),
    }
}

/// What a list of accounts is asked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// A part of the user name or the person's name.
    pub q: Option<String>,
    /// How they stand.
    pub state: Option<AccountState>,
    /// With this role.
    pub role: Option<Role>,
    /// Only those without any role: a filter of the page.
    #[serde(skip)]
    pub without_role: bool,
    /// `user`, `name` (by pinyin), `place`, `seen`, `created`; with `-` the greatest first.
    pub sort: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A page of accounts.
pub async fn list(app: &App, who: &Actor, query: &AccountsQuery) -> Result<Page<Account>> {
    who.must(ADMINS)?;
    let limit = limit(query.limit)?;
    let mut tx = app.read().await?;
    let filter = AccountFilter {
        q: query.q.as_deref(),
        state: query.state,
        role: query.role,
        without_role: query.without_role,
        id: None,
    };
    let walk = Walk::read(rows::KEYS, "user", query.sort.as_deref(), query.cursor.as_deref(), limit)?;
    let (accounts, next) = rows::accounts(&mut tx, who.zone_id, &filter, &walk).await?;
    let total = rows::count_accounts(&mut tx, who.zone_id, &filter, TOTAL_CAP + 1).await?;
    Ok(Page::new(accounts, next, total))
}

/// One account.
pub async fn account(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Account> {
    who.must(ADMINS)?;
    find(tx, who.zone_id, id).await?.ok_or(Error::NotFound)
}

async fn find(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Account>> {
    let filter = AccountFilter { id: Some(id), ..AccountFilter::default() };
    Ok(rows::accounts(tx, zone, &filter, &Walk::first(rows::KEYS, 1)).await?.0.pop())
}

/// The account of a person, as those who keep the person may know of it.
pub async fn account_of(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Option<Account>> {
    find(tx, zone, person).await
}

/// Refuses what would leave the zone without one of its three administrators.
pub(super) async fn not_the_last_administrator(work: &mut Work, id: Uuid) -> Result<()> {
    let zone = work.zone();
    for grant in rows::grants(work, zone, id).await? {
        if ADMINS.has(grant.role) && rows::holders(work, zone, grant.role).await? == [id] {
            return Err(Error::state("last_administrator"));
        }
    }
    Ok(())
}

/// Ends everything that an account has open: sessions, tokens, known browsers, and
/// the link to a provider. Whoever had the account may have linked himself.
pub(super) async fn cut_off(work: &mut Work, id: Uuid) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    store::delete_other_sessions(work, zone, id, None).await?;
    rows::revoke_tokens(work, zone, id, now).await?;
    rows::delete_devices(work, zone, id).await?;
    unlink_in(work, id).await
}

/// Takes the link to a provider off an account, if it has one.
pub(super) async fn unlink_in(work: &mut Work, id: Uuid) -> Result<()> {
    let zone = work.zone();
    let Some((issuer, _)) = rows::link(work, zone, id).await? else { return Ok(()) };
    rows::unlink(work, zone, id).await?;
    let change = Change::from_to(json!({"issuer": issuer}), json!({"issuer": null}));
    work.log("account.unlink_provider", Subject::new("account", id), change).await
}

/// The provider that one's own account is linked to, and since when.
pub async fn own_link(tx: &mut Tx, who: &Actor) -> Result<Option<(String, Time)>> {
    Ok(rows::link(tx, who.zone_id, who.person()?).await?)
}

/// Disables an account: sessions, tokens, known browsers, the link to a provider and
/// open invitations end at once.
pub async fn disable_account(app: &App, who: &Actor, account: Uuid) -> Result<()> {
    disable(app, who, account, "").await.map(drop)
}

/// Disables an account, with the reason.
pub async fn disable(app: &App, who: &Actor, id: Uuid, reason: &str) -> Result<Uuid> {
    who.must(SYSADMIN)?;
    if who.person_id == Some(id) {
        return Err(Error::state("own_account"));
    }
    let mut check = Check::new();
    let reason = check.opt_text("reason", Some(reason), 200).unwrap_or_default();
    check.done()?;
    let mut work = app.work(who).await?;
    let (zone, now) = (who.zone_id, work.now);
    let old = find(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    who.saw(old.version)?;
    if !who.is_rule() {
        not_the_last_administrator(&mut work, id).await?;
    }
    if !store::disable(&mut work, zone, id, now).await? {
        return Err(Error::state("account_disabled"));
    }
    cut_off(&mut work, id).await?;
    super::store::invitations::revoke_open(&mut work, zone, id, None, now).await?;
    let owner = person(&mut work, zone, id).await?;
    let change = Change::from_to(json!({"state": old.state}), json!({"state": AccountState::Disabled})).because(reason);
    work.log("account.disable", about(&owner, "account"), change).await?;
    work.commit(id).await
}

/// Makes a disabled account usable again.
pub async fn enable(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(SYSADMIN)?;
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    let old = find(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    who.saw(old.version)?;
    let owner = person(&mut work, zone, id).await?;
    if owner.left_at.is_some() {
        return Err(Error::state("person_left"));
    }
    if !rows::enable(&mut work, zone, id).await? {
        return Err(Error::state("account_enabled"));
    }
    work.log("account.enable", about(&owner, "account"), Change::default()).await?;
    work.commit(id).await
}

/// Says what an account may do. Its sessions end, so that the new rights begin
/// with a new sign-in. Nobody changes his own roles.
pub async fn set_roles(app: &App, who: &Actor, id: Uuid, grants: &[Grant]) -> Result<Uuid> {
    who.must(SECADMIN)?;
    if who.person_id == Some(id) {
        return Err(Error::state("own_roles"));
    }
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    let old = find(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    who.saw(old.version)?;
    let owner = person(&mut work, zone, id).await?;
    let place = store::place(&mut work, zone, &owner).await?;
    let mut check = Check::new();
    check.that(roles_fit_together(grants), "grants", "three_administrators");
    let once = grants.iter().all(|grant| grants.iter().filter(|other| other.role == grant.role).count() == 1);
    check.that(once, "grants", "role_twice");
    check.that(grants.iter().all(|grant| place.allows(grant.role)), "grants", "role_place");
    check.that(grants.iter().all(Grant::holds), "grants", "role_scope");
    for department in grants.iter().flat_map(|grant| &grant.departments) {
        if store::department(&mut work, zone, *department).await?.is_none() {
            check.add(FieldError::new("departments", "unknown"));
            break;
        }
    }
    check.done()?;
    let kept_admin = |role| !ADMINS.has(role) || grants.iter().any(|grant| grant.role == role);
    if !old.grants.iter().all(|grant| kept_admin(grant.role)) {
        not_the_last_administrator(&mut work, id).await?;
    }
    if !rows::touch(&mut work, zone, id, old.version).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    rows::delete_grants(&mut work, zone, id).await?;
    for grant in grants {
        store::insert_grant(&mut work, zone, id, grant).await?;
    }
    store::delete_other_sessions(&mut work, zone, id, None).await?;
    if grants.iter().any(|grant| ADMINS.has(grant.role)) {
        // A way in that was handed out before must not lead to the new rights.
        let now = work.now;
        super::store::invitations::revoke_open(&mut work, zone, id, Some(Purpose::Reset), now).await?;
    }
    let change = Change::from_to(json!({"grants": old.grants}), json!({"grants": grants}));
    work.log("account.set_roles", about(&owner, "account"), change).await?;
    work.notify(id, "account.roles_changed", Subject::new("account", id), json!({})).await?;
    work.commit(id).await
}

/// Ends every session of an account, forgets its browsers.
pub async fn end_sessions(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(SYSADMIN)?;
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    find(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    store::delete_other_sessions(&mut work, zone, id, None).await?;
    rows::delete_devices(&mut work, zone, id).await?;
    work.log("account.end_sessions", Subject::new("account", id), Change::default()).await?;
    work.commit(id).await
}

/// The security administrator allows the next reset of an administrator's
/// account: of its password, its second factor, or a new card for who never came
/// in. The system administrator carries it out within a day. So no administrator
/// comes into another's account alone.
pub async fn allow_reset(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(SECADMIN)?;
    if who.person_id == Some(id) {
        return Err(Error::state("own_account"));
    }
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    let old = find(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    who.saw(old.version)?;
    if !old.is_administrators() {
        return Err(Error::state("reset_needs_no_consent"));
    }
    let now = work.now;
    rows::allow_reset(&mut work, zone, id, now).await?;
    work.log("account.allow_reset", Subject::new("account", id), Change::default()).await?;
    for sysadmin in rows::holders(&mut work, zone, Role::Sysadmin).await? {
        let args = json!({"user_name": old.user_name});
        work.notify(sysadmin, "account.reset_allowed", Subject::new("account", id), args).await?;
    }
    work.commit(id).await
}

/// Whether a consent to reset this account holds.
pub fn is_allowed(account: &Account, now: Time) -> bool {
    account.reset_allowed_at.is_some_and(|at| at > now.plus(-CONSENT_MS))
}

/// Uses up the consent that a reset of this account needs. Accounts of others than
/// administrators need none, nor does the one at the server's own command line,
/// which is how an installation is entered again whose administrators are all out.
pub(super) async fn take_consent(work: &mut Work, id: Uuid) -> Result<()> {
    let (zone, since) = (work.zone(), work.now.plus(-CONSENT_MS));
    let administrators = rows::grants(work, zone, id).await?.iter().any(|grant| ADMINS.has(grant.role));
    if !administrators || work.who.is_rule() || rows::take_consent(work, zone, id, since).await? {
        return Ok(());
    }
    Err(Error::state("reset_needs_consent"))
}

/// What turning the zone's demand for a second factor on or off means for those
/// who are signed in: who has none sets one up before anything else.
pub async fn demand_second_factor(work: &mut Work, demanded: bool) -> Result<()> {
    let zone = work.zone();
    if !demanded {
        rows::release_sessions(work, zone).await?;
        return Ok(());
    }
    for role in Role::ALL.iter().filter(|role| must_have_second_factor(Roles::of(&[**role]))) {
        rows::restrict_sessions(work, zone, *role).await?;
    }
    Ok(())
}

/// Takes the second factor off an account whose owner has lost it. Sessions end.
pub async fn reset_second_factor(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(SYSADMIN)?;
    if who.person_id == Some(id) {
        return Err(Error::state("own_account"));
    }
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    let old = find(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    who.saw(old.version)?;
    if !old.second_factor {
        return Err(Error::state("second_factor_off"));
    }
    take_consent(&mut work, id).await?;
    rows::set_totp(&mut work, zone, id, None, None).await?;
    rows::replace_recovery_codes(&mut work, zone, id, &[]).await?;
    store::delete_other_sessions(&mut work, zone, id, None).await?;
    work.log("account.reset_second_factor", Subject::new("account", id), Change::default()).await?;
    work.notify(id, "account.second_factor_reset", Subject::new("account", id), json!({})).await?;
    work.commit(id).await
}

pub(super) async fn give_right_in(work: &mut Work, account: Uuid, right: Right) -> Result<()> {
    let (zone, now, by) = (work.zone(), work.now, work.who.person_id);
    rows::give_right(work, zone, account, right, by, now).await?;
    work.log("account.give_right", Subject::new("account", account), Change::made(json!({"right": right}))).await
}

/// Gives or takes a right inside an enterprise or project. Those who keep the
/// person decide; who holds the right may pass it on but not drop the last one.
pub async fn set_right(app: &App, who: &Actor, id: Uuid, right: Right, given: bool) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    let owner = kept(&mut work, who, id).await?;
    let Some(subject) = owner.enterprise_id.or(owner.project_id) else {
        return Err(Error::state("right_outside_only"));
    };
    let account = find(&mut work, zone, id).await?.ok_or(Error::state("no_account"))?;
    who.saw(account.version)?;
    let has = account.rights.contains(&right);
    if given && !has {
        if account.state == AccountState::Disabled {
            return Err(Error::state("account_disabled"));
        }
        give_right_in(&mut work, id, right).await?;
    } else if !given && has {
        let others = rows::colleagues(&mut work, zone, subject, id).await?;
        if !others.iter().any(|(_, manages)| *manages) {
            return Err(Error::state("last_manager"));
        }
        rows::take_right(&mut work, zone, id, right).await?;
        let change = Change::from_to(json!({"right": right}), json!({"right": null}));
        work.log("account.take_right", about(&owner, "account"), change).await?;
    }
    work.commit(id).await
}

/// Sets a first or forgotten password; every session and token of the account ends,
/// and its link to a provider.
pub async fn reset_password(app: &App, who: &Actor, account: Uuid, password: &str, must_change: bool) -> Result<()> {
    who.must(SYSADMIN)?;
    let name = {
        let mut tx = app.read().await?;
        store::credentials_of(&mut tx, who.zone_id, account).await?.ok_or(Error::NotFound)?.user_name
    };
    vault::password::check_policy(password, &name).map_err(|e| policy_error("password", &e))?;
    let hash = hash_password(password).await?;
    let mut work = app.work(who).await?;
    let now = work.now;
    take_consent(&mut work, account).await?;
    store::set_password(&mut work, who.zone_id, account, &hash, must_change).await?;
    cut_off(&mut work, account).await?;
    super::store::invitations::revoke_open(&mut work, who.zone_id, account, Some(Purpose::Reset), now).await?;
    work.log("account.reset_password", Subject::new("account", account), Change::default()).await?;
    work.commit(account).await?;
    Ok(())
}

/// Makes an API token for an account; the text is shown once and never again.
pub async fn create_token(
    app: &App,
    who: &Actor,
    account: Uuid,
    name: &str,
    scopes: &str,
    expires_at: Option<Time>,
) -> Result<String> {
    make_token(app, who, account, name, scopes, expires_at).await.map(|(_, token)| token)
}

/// Like [`create_token`], with the id of the token.
pub async fn make_token(
    app: &App,
    who: &Actor,
    account: Uuid,
    name: &str,
    scopes: &str,
    expires_at: Option<Time>,
) -> Result<(Uuid, String)> {
    if who.person_id != Some(account) {
        who.must(SECADMIN)?;
    }
    let mut check = Check::new();
    let name = check.text("name", name, 60);
    let scopes = check.text("scopes", scopes, 200);
    let known = scopes.split_whitespace().all(is_scope);
    check.that(known, "scopes", "scope");
    check.that(expires_at.is_none_or(|at| at > app.now()), "expires_at", "past");
    check.done()?;
    let (token, digest) = vault::token::api();
    let mut work = app.work(who).await?;
    store::credentials_of(&mut work, who.zone_id, account).await?.ok_or(Error::NotFound)?;
    let new = NewToken {
        id: Uuid::now_v7(),
        digest,
        account_id: account,
        name: &name,
        scopes: &scopes,
        at: work.now,
        expires_at,
    };
    store::insert_token(&mut work, who.zone_id, &new).await?;
    let made = json!({"name": name, "scopes": scopes, "expires_at": expires_at});
    work.log("token.create", Subject::new("api_token", new.id), Change::made(made)).await?;
    let id = new.id;
    work.commit(id).await?;
    Ok((id, token))
}

/// `*`, `read`, or `collection:read|write`.
pub fn is_scope(scope: &str) -> bool {
    match scope.split_once(':') {
        None => matches!(scope, "*" | "read"),
        Some((name, right)) => {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
                && matches!(right, "read" | "write")
        }
    }
}

/// One's own API tokens, newest first.
pub async fn tokens(tx: &mut Tx, who: &Actor) -> Result<Vec<TokenRow>> {
    Ok(rows::tokens(tx, who.zone_id, who.person()?).await?)
}

/// One of one's own tokens.
pub async fn token(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<TokenRow> {
    let token = rows::token(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if Some(token.account_id) == who.person_id { Ok(token) } else { Err(Error::NotFound) }
}

/// Revokes one of one's own tokens. Revoking it again changes nothing.
pub async fn revoke_token(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    token(&mut work, who, id).await?;
    let now = work.now;
    if rows::revoke_token(&mut work, who.zone_id, id, now).await? {
        work.log("token.revoke", Subject::new("api_token", id), Change::default()).await?;
    }
    work.commit(id).await
}

/// Keeps the language that a person chose.
pub async fn set_locale(app: &App, zone: Uuid, account: Uuid, locale: &str) -> Result<()> {
    let mut tx = app.db.write().await?;
    store::set_locale(&mut tx, zone, account, locale).await?;
    Ok(tx.commit().await?)
}

/// Keeps the theme and the size of text that a person chose.
pub async fn set_display(
    app: &App,
    zone: Uuid,
    account: Uuid,
    theme: Option<&str>,
    large_text: Option<bool>,
) -> Result<()> {
    let mut tx = app.db.write().await?;
    if let Some((_, old_theme, old_text)) = rows::display(&mut tx, zone, account).await? {
        let theme = theme.or(old_theme.as_deref());
        rows::set_display(&mut tx, zone, account, theme, large_text.unwrap_or(old_text)).await?;
    }
    Ok(tx.commit().await?)
}

/// The scopes that a page offers for a role, and the roles that fit a person.
pub async fn roles_for(tx: &mut Tx, zone: Uuid, person: &super::Person) -> Result<Vec<(Role, &'static [ScopeKind])>> {
    let place = store::place(tx, zone, person).await?;
    let fitting = Role::ALL.iter().copied().filter(|role| place.allows(*role));
    Ok(fitting.map(|role| (role, Grant::scopes(role))).collect())
}

/// What waits for the administrators: accounts of the office without a role.
pub async fn without_role(tx: &mut Tx, who: &Actor) -> Result<Vec<Account>> {
    let filter = AccountFilter { without_role: true, state: None, ..AccountFilter::default() };
    let (accounts, _) = rows::accounts(tx, who.zone_id, &filter, &Walk::first(rows::KEYS, 50)).await?;
    Ok(accounts.into_iter().filter(|account| account.state != AccountState::Disabled).collect())
}

/// Gives an account another user name.
pub async fn rename(app: &App, who: &Actor, id: Uuid, user_name: &str) -> Result<Uuid> {
    who.must(SYSADMIN)?;
    let mut check = Check::new();
    let name = check_user_name(&mut check, "user_name", user_name);
    check.done()?;
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    let old = find(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    who.saw(old.version)?;
    if rows::user_name_taken(&mut work, zone, &name, id).await? {
        return Err(Error::Conflict(Conflict::Taken("user_name")));
    }
    if !rows::touch(&mut work, zone, id, old.version).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    rows::set_user_name(&mut work, zone, id, &name).await.map_err(|e| taken(e, "user_name"))?;
    let mut changed = Changed::default();
    changed.plain("user_name", &old.user_name, &name);
    work.log("account.rename", Subject::new("account", id), changed.change()).await?;
    work.commit(id).await
}
