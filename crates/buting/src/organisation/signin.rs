//! Signing in, changing the password, signing out.
//!
//! Guessing is slowed per account *and* client, so that a stranger's guesses
//! never lock the owner out: a browser that has signed in to an account before
//! holds a device cookie and has a bucket of its own, which neither guesses at
//! the account nor a crowd behind the same address can empty.

use super::must_have_second_factor;
use super::store::accounts as rows;
use super::store::{self, Credentials, NewSession};
use crate::actor::{Actor, Roles};
use crate::app::{App, Change, Subject};
use crate::error::{Error, Result};
use crate::http::session::{LIFE_MS, actor_of};
use crate::time::Time;
use crate::trace::{self, Kind, Trace};
use crate::zone::Zone;
use ::store::Tx;
use std::net::IpAddr;
use uuid::Uuid;

/// Guesses that a client may make at once at one account.
const GUESSES: f64 = 6.0;
/// And then one every so many seconds.
const GUESS_SECONDS: f64 = 30.0;
/// Attempts that one address may make at once, at any account.
const ADDRESS_ATTEMPTS: f64 = 60.0;

/// Who tries to sign in, from where.
pub struct Attempt<'a> {
    /// `name` or `name@zone`.
    pub user: &'a str,
    /// The password.
    pub password: &'a str,
    /// The address of the client.
    pub address: IpAddr,
    /// The client program.
    pub agent: &'a str,
    /// The device cookie of an earlier sign-in.
    pub device: Option<&'a str>,
    /// The session that the browser brings along: it ends when a new one begins.
    pub session: Option<[u8; 32]>,
}

/// A sign-in that succeeded, at least its first step.
pub struct SignedIn {
    /// The session token, for the cookie.
    pub token: String,
    /// The device cookie.
    pub device: String,
    /// What is still to do: see [`next_stage`].
    pub stage: &'static str,
    /// Who it is.
    pub actor: Actor,
    /// The colours that the person chose, for a browser that is new to it.
    pub theme: Option<String>,
    /// Whether the person chose the large text.
    pub large_text: bool,
}

/// Finds the account of `name[@zone]`.
pub async fn find(tx: &mut Tx, user: &str) -> Result<Option<Credentials>> {
    let user = user.trim();
    let (name, zone_id) = match user.rsplit_once('@') {
        Some((name, handle)) => (name, store::zone_by_handle(tx, handle).await?),
        None => (user, Zone::first(tx).await?.map(|zone| zone.zone_id)),
    };
    match zone_id {
        Some(zone_id) => Ok(store::credentials(tx, zone_id, name).await?),
        None => Ok(None),
    }
}

/// What a sign-in still needs, in this order: the second factor where one is set
/// up, a password that nobody else has given, a second factor where the zone asks
/// one of these roles. `full` when nothing.
pub fn next_stage(
    has_factor: bool,
    factor_done: bool,
    must_change: bool,
    required: bool,
    roles: Roles,
) -> &'static str {
    if has_factor && !factor_done {
        "second_factor"
    } else if must_change {
        "change_password"
    } else if required && !has_factor && must_have_second_factor(roles) {
        "set_up_second_factor"
    } else {
        "full"
    }
}

async fn stage_of(tx: &mut Tx, account: &Credentials, factor_done: bool) -> Result<(&'static str, Actor)> {
    let actor = actor_of(tx, account.zone_id, account.id).await?;
    let required = super::desk::requires_second_factor(tx, account.zone_id).await?;
    let stage = next_stage(account.totp_secret.is_some(), factor_done, account.must_change, required, actor.roles);
    Ok((stage, actor))
}

/// Checks user name and password and begins a session.
pub async fn sign_in(app: &App, attempt: &Attempt<'_>) -> Result<SignedIn> {
    let now = app.now();
    let (found, device) = {
        let mut tx = app.read().await?;
        let found = find(&mut tx, attempt.user).await?;
        // Looked up for unknown names too, so that they take as long.
        let device = match attempt.device {
            Some(token) => rows::device(&mut tx, &vault::token::digest(token)).await?,
            None => None,
        };
        (found, device)
    };
    let zone_id = found.as_ref().map_or(Uuid::nil(), |account| account.zone_id);
    let tried = found.as_ref().map(|account| account.id);
    let device =
        device.filter(|(owner, _)| found.as_ref().is_some_and(|account| account.id == *owner)).map(|(_, id)| id);
    let account_bucket = bucket(app, found.as_ref(), device, attempt);
    let address_bucket = format!("address:{}", network(attempt.address));
    slow_down(app, zone_id, &account_bucket, device.is_none().then_some(&address_bucket), now).await?;

    let genuine = check_password(found.as_ref(), attempt.password).await?;
    let Some(account) = found.filter(|account| genuine && account.disabled_at.is_none()) else {
        let failed = Trace { kind: Kind::SignInFailed, table: "account", id: tried, count: None };
        let mut tx = app.db.write().await?;
        trace::leave(&mut tx, zone_id, None, attempt.address, failed, now).await?;
        tx.commit().await?;
        return Err(Error::Unauthenticated("wrong_credentials"));
    };

    let mut tx = app.db.write().await?;
    store::refill(&mut tx, zone_id, &account_bucket).await?;
    if device.is_none() {
        // A crowd behind one address may sign in on one morning.
        store::give_back(&mut tx, Uuid::nil(), &address_bucket, ADDRESS_ATTEMPTS).await?;
    }
    if let Some(old) = attempt.session {
        store::end_session_of(&mut tx, &old).await?;
    }
    let (stage, actor) =
        stage_of(&mut tx, &account, false).await.map_err(|_| Error::Unauthenticated("wrong_credentials"))?;
    let opened =
        open(&mut tx, &account, device.zip(attempt.device), stage, attempt.address, attempt.agent, now).await?;
    let (_, theme, large_text) = rows::display(&mut tx, zone_id, account.id).await?.unwrap_or_default();
    let signed_in = Trace::of(Kind::SignIn, "account", account.id);
    trace::leave(&mut tx, zone_id, Some(account.id), attempt.address, signed_in, now).await?;
    tx.commit().await?;
    Ok(SignedIn { token: opened.0, device: opened.1, stage, actor, theme, large_text })
}

/// Begins a session for somebody who has just proved who he is by an invitation
/// or at another house's sign-in. A second factor is asked for all the same.
pub async fn begin(app: &App, zone: Uuid, account: Uuid, address: IpAddr, agent: &str) -> Result<SignedIn> {
    let now = app.now();
    let mut tx = app.db.write().await?;
    let account = store::credentials_of(&mut tx, zone, account).await?.ok_or(Error::NotFound)?;
    let (stage, actor) = stage_of(&mut tx, &account, false).await?;
    let (token, device) = open(&mut tx, &account, None, stage, address, agent, now).await?;
    let (_, theme, large_text) = rows::display(&mut tx, zone, account.id).await?.unwrap_or_default();
    trace::leave(&mut tx, zone, Some(account.id), address, Trace::of(Kind::SignIn, "account", account.id), now).await?;
    tx.commit().await?;
    Ok(SignedIn { token, device, stage, actor, theme, large_text })
}

/// Stores a session; answers its token and the device cookie. A known browser
/// keeps its cookie.
async fn open(
    tx: &mut Tx,
    account: &Credentials,
    known: Option<(Uuid, &str)>,
    stage: &'static str,
    address: IpAddr,
    agent: &str,
    now: Time,
) -> Result<(String, String)> {
    let zone = account.zone_id;
    let (device, cookie) = match known {
        Some((id, cookie)) => {
            rows::see_device(tx, zone, id, agent, now).await?;
            (id, cookie.to_owned())
        }
        None => {
            let (cookie, digest) = vault::token::new("");
            let id = Uuid::now_v7();
            rows::insert_device(tx, zone, id, account.id, &digest, agent, now).await?;
            (id, cookie)
        }
    };
    let (token, digest) = vault::token::new("");
    let session = NewSession {
        digest,
        account_id: account.id,
        at: now,
        expires_at: now.plus(LIFE_MS),
        address: &address.to_string(),
        agent,
        stage,
        device: Some(device),
    };
    store::insert_session(tx, zone, &session).await?;
    rows::note_sign_in(tx, zone, account.id, now).await?;
    Ok((token, cookie))
}

/// The bucket of guesses: of a known browser, or of the address.
fn bucket(app: &App, found: Option<&Credentials>, device: Option<Uuid>, attempt: &Attempt<'_>) -> String {
    let who = found.map_or_else(
        // Unknown names have buckets too, so that they answer alike.
        || vault::hash::hex(&vault::field::blind_index(app.db.keyring(), attempt.user.trim())[..8]),
        |account| account.id.to_string(),
    );
    match device {
        Some(device) => format!("signin:{who}:device:{device}"),
        None => format!("signin:{who}:{}", network(attempt.address)),
    }
}

/// The address without its last part, which one client can vary.
pub(super) fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => v6.segments()[..4].iter().map(|s| format!("{s:x}")).collect::<Vec<_>>().join(":"),
    }
}

async fn slow_down(
    app: &App,
    zone: Uuid,
    account_bucket: &str,
    address_bucket: Option<&String>,
    now: Time,
) -> Result<()> {
    let mut tx = app.db.write().await?;
    let by_address = match address_bucket {
        Some(bucket) => store::take_token(&mut tx, Uuid::nil(), bucket, ADDRESS_ATTEMPTS, 1.0, now).await?,
        None => 0.0,
    };
    let by_account = store::take_token(&mut tx, zone, account_bucket, GUESSES, 1.0 / GUESS_SECONDS, now).await?;
    tx.commit().await?;
    if by_address < 0.0 || by_account < 0.0 {
        return Err(Error::TooMany(GUESS_SECONDS as i64));
    }
    Ok(())
}

/// Checks the password on a thread of its own: it costs 20 ms on purpose.
async fn check_password(found: Option<&Credentials>, password: &str) -> Result<bool> {
    let hash = found.and_then(|account| account.password_hash.clone());
    let password = password.to_owned();
    tokio::task::spawn_blocking(move || match hash {
        Some(hash) => vault::password::verify(&password, &hash),
        None => {
            vault::password::dummy_verify(&password);
            false
        }
    })
    .await
    .map_err(|e| Error::Internal(e.to_string()))
}

/// Hashes a password on a thread of its own.
pub async fn hash_password(password: &str) -> Result<String> {
    let password = password.to_owned();
    tokio::task::spawn_blocking(move || vault::password::hash(&password))
        .await
        .map_err(|e| Error::Internal(e.to_string()))?
        .map_err(|e| Error::Internal(e.to_string()))
}

/// Ends a session.
pub async fn sign_out(app: &App, zone: Uuid, digest: &[u8; 32]) -> Result<()> {
    let mut tx = app.db.write().await?;
    store::delete_session(&mut tx, zone, digest).await?;
    tx.commit().await?;
    Ok(())
}

/// Checks the password of somebody who is signed in, before something that a
/// stranger at an open browser must not do. Guesses are slowed per account.
pub async fn own_password(app: &App, who: &Actor, field: &'static str, password: &str) -> Result<Credentials> {
    let account_id = who.person()?;
    let bucket = format!("password:{account_id}");
    let account = {
        let mut tx = app.db.write().await?;
        let left = store::take_token(&mut tx, who.zone_id, &bucket, GUESSES, 1.0 / GUESS_SECONDS, app.now()).await?;
        let account = store::credentials_of(&mut tx, who.zone_id, account_id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        if left < 0.0 {
            return Err(Error::TooMany(GUESS_SECONDS as i64));
        }
        account
    };
    if !check_password(Some(&account), password).await? {
        return Err(Error::field(field, "wrong_password"));
    }
    let mut tx = app.db.write().await?;
    store::refill(&mut tx, who.zone_id, &bucket).await?;
    tx.commit().await?;
    Ok(account)
}

/// Sets a new password after checking the old one. Every other session ends,
/// and this one gets a new token.
pub async fn change_password(
    app: &App,
    who: &Actor,
    old: &str,
    new: &str,
    session: Option<[u8; 32]>,
) -> Result<Completed> {
    let mut account = own_password(app, who, "old", old).await?;
    let account_id = account.id;
    if old == new {
        return Err(Error::field("new", "same_password"));
    }
    vault::password::check_policy(new, &account.user_name).map_err(|e| policy_error("new", &e))?;
    let hash = hash_password(new).await?;
    let (token, digest) = vault::token::new("");
    let mut work = app.work(who).await?;
    store::set_password(&mut work, who.zone_id, account_id, &hash, false).await?;
    store::delete_other_sessions(&mut work, who.zone_id, account_id, session).await?;
    account.must_change = false;
    let (stage, _) = stage_of(&mut work, &account, true).await?;
    if let Some(session) = session {
        store::renew_session(&mut work, who.zone_id, &session, &digest, stage).await?;
    }
    work.log("account.change_password", Subject::new("account", account_id), Change::default()).await?;
    work.commit(account_id).await?;
    Ok(Completed { token, stage })
}

/// What a refused password is told.
pub fn policy_error(field: &str, error: &vault::password::PolicyError) -> Error {
    use vault::password::PolicyError;
    Error::field(
        field,
        match error {
            PolicyError::TooShort => "password_short",
            PolicyError::TooLong => "password_long",
            PolicyError::Common => "password_common",
            PolicyError::ContainsName => "password_name",
        },
    )
}

/// A sign-in whose second step succeeded.
pub struct Completed {
    /// The new session token: it changes with the privilege.
    pub token: String,
    /// What is still to do: see [`next_stage`].
    pub stage: &'static str,
}

/// Whether a code is one of the account's second factor: of the app, or a recovery
/// code. Each works once.
async fn is_genuine(tx: &mut Tx, account: &Credentials, code: &str, now: Time) -> Result<bool> {
    let (zone, id) = (account.zone_id, account.id);
    let Some(sealed) = &account.totp_secret else { return Ok(false) };
    let last = account.totp_last_step.and_then(|step| u64::try_from(step).ok());
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    // First, since the secret may not open any more: its key may have been lost with a restore.
    if store::use_recovery_code(tx, zone, id, &vault::token::code_digest(&code), now).await? {
        return Ok(true);
    }
    let secret = super::factor::open_secret(tx, zone, id, sealed, now).await?;
    match vault::totp::verify(&secret, &code, super::factor::seconds(now), last) {
        Some(step) => Ok(store::use_totp_step(tx, zone, id, step as i64).await?),
        None => Ok(false),
    }
}

/// Checks the second factor of somebody who is signed in, where he has one, before
/// something that a stranger at an open browser must not do. Guesses are slowed as at
/// the sign-in, and leave the same trace.
pub async fn own_factor(app: &App, who: &Actor, field: &'static str, code: &str, address: IpAddr) -> Result<()> {
    let (account_id, now) = (who.person()?, app.now());
    let mut tx = app.db.write().await?;
    let account = store::credentials_of(&mut tx, who.zone_id, account_id).await?.ok_or(Error::NotFound)?;
    if account.totp_secret.is_none() {
        return Ok(());
    }
    let bucket = format!("totp:{account_id}");
    let left = store::take_token(&mut tx, who.zone_id, &bucket, GUESSES, 1.0 / GUESS_SECONDS, now).await?;
    if left < 0.0 {
        tx.commit().await?;
        return Err(Error::TooMany(GUESS_SECONDS as i64));
    }
    let genuine = is_genuine(&mut tx, &account, code, now).await?;
    if genuine {
        store::refill(&mut tx, who.zone_id, &bucket).await?;
    } else {
        let failed = Trace::of(Kind::SecondFactorFailed, "account", account_id);
        trace::leave(&mut tx, who.zone_id, Some(account_id), address, failed, now).await?;
    }
    tx.commit().await?;
    if genuine { Ok(()) } else { Err(Error::field(field, "wrong_code")) }
}

/// Checks the second factor (a code of the app, or a recovery code) and
/// completes the session. Each code works once.
pub async fn second_factor(
    app: &App,
    who: &Actor,
    session: &[u8; 32],
    code: &str,
    address: IpAddr,
) -> Result<Completed> {
    let account_id = who.person()?;
    let now = app.now();
    let mut tx = app.db.write().await?;
    let bucket = format!("totp:{account_id}");
    let left = store::take_token(&mut tx, who.zone_id, &bucket, GUESSES, 1.0 / GUESS_SECONDS, now).await?;
    if left < 0.0 {
        tx.commit().await?;
        return Err(Error::TooMany(GUESS_SECONDS as i64));
    }
    let account = store::credentials_of(&mut tx, who.zone_id, account_id).await?.ok_or(Error::NotFound)?;
    if account.totp_secret.is_none() {
        return Err(Error::NotFound);
    }
    if !is_genuine(&mut tx, &account, code, now).await? {
        let failed = Trace::of(Kind::SecondFactorFailed, "account", account_id);
        trace::leave(&mut tx, who.zone_id, Some(account_id), address, failed, now).await?;
        // The bucket keeps the attempt.
        tx.commit().await?;
        return Err(Error::Unauthenticated("wrong_code"));
    }
    store::refill(&mut tx, who.zone_id, &bucket).await?;
    let (stage, _) = stage_of(&mut tx, &account, true).await?;
    let (token, digest) = vault::token::new("");
    store::renew_session(&mut tx, who.zone_id, session, &digest, stage).await?;
    tx.commit().await?;
    Ok(Completed { token, stage })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Role;

    #[test]
    fn what_a_sign_in_still_needs() {
        let officer = Roles::of(&[Role::Officer]);
        let leader = Roles::of(&[Role::Leader]);
        for (has, done, change, required, roles, stage) in [
            (false, false, false, false, officer, "full"),
            (false, false, true, false, officer, "change_password"),
            (true, false, true, true, leader, "second_factor"),
            (true, true, true, true, leader, "change_password"),
            (true, true, false, true, leader, "full"),
            (false, false, true, true, leader, "change_password"),
            (false, false, false, true, leader, "set_up_second_factor"),
            (false, false, false, false, leader, "full"),
            (false, false, false, true, officer, "full"),
        ] {
            assert_eq!(next_stage(has, done, change, required, roles), stage, "{has} {done} {change} {required}");
        }
    }

    #[test]
    fn a_client_cannot_vary_its_network() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    }
}
