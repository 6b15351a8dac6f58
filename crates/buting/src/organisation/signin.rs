//! Signing in, changing the password, signing out.
//!
//! Guessing is slowed per account *and* client, so that a stranger's guesses
//! never lock the owner out: a browser that has signed in to an account before
//! holds a device cookie and has a bucket of its own.

use super::store::{self, Credentials, NewSession};
use crate::actor::Actor;
use crate::app::{App, Change, Subject};
use crate::error::{Error, Result};
use crate::http::session::{LIFE_MS, actor_of};
use crate::time::Time;
use crate::zone::Zone;
use ::store::{Tx, sql};
use serde_json::json;
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
}

/// A sign-in that succeeded, at least its first step.
pub struct SignedIn {
    /// The session token, for the cookie.
    pub token: String,
    /// The device cookie.
    pub device: String,
    /// `full`, `second_factor` or `change_password`.
    pub stage: &'static str,
    /// Who it is.
    pub actor: Actor,
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

/// Checks user name and password and begins a session.
pub async fn sign_in(app: &App, attempt: &Attempt<'_>) -> Result<SignedIn> {
    let now = app.now();
    let found = {
        let mut tx = app.read().await?;
        find(&mut tx, attempt.user).await?
    };
    let zone_id = found.as_ref().map_or(Uuid::nil(), |account| account.zone_id);
    let account_bucket = bucket(app, found.as_ref(), attempt);
    slow_down(app, zone_id, &account_bucket, attempt.address, now).await?;

    let genuine = check_password(found.as_ref(), attempt.password).await?;
    let Some(account) = found.filter(|account| genuine && account.disabled_at.is_none()) else {
        note_access(app, zone_id, None, attempt, "sign_in_failed").await?;
        return Err(Error::Unauthenticated("wrong_credentials"));
    };

    let stage = match &account {
        a if a.totp_secret.is_some() => "second_factor",
        a if a.must_change => "change_password",
        _ => "full",
    };
    let (token, digest) = vault::token::new("");
    let mut tx = app.db.write().await?;
    store::refill(&mut tx, zone_id, &account_bucket).await?;
    let session = NewSession {
        digest,
        account_id: account.id,
        at: now,
        expires_at: now.plus(LIFE_MS),
        address: &attempt.address.to_string(),
        agent: attempt.agent,
        stage,
    };
    store::insert_session(&mut tx, zone_id, &session).await?;
    let actor = actor_of(&mut tx, zone_id, account.id).await.map_err(|_| Error::Unauthenticated("wrong_credentials"))?;
    tx.commit().await?;
    note_access(app, zone_id, Some(account.id), attempt, "sign_in").await?;
    Ok(SignedIn { token, device: device_cookie(app, account.id), stage, actor })
}

/// The bucket of guesses: of a known device, or of the address.
fn bucket(app: &App, found: Option<&Credentials>, attempt: &Attempt<'_>) -> String {
    let who = found.map_or_else(
        // Unknown names have buckets too, so that they answer alike.
        || hex(&vault::field::blind_index(app.db.keyring(), attempt.user)[..8]),
        |account| account.id.to_string(),
    );
    let known = found.is_some_and(|account| attempt.device == Some(device_cookie(app, account.id).as_str()));
    if known { format!("signin:{who}:device") } else { format!("signin:{who}:{}", network(attempt.address)) }
}

/// What a browser that has signed in to this account holds.
fn device_cookie(app: &App, account: Uuid) -> String {
    hex(&vault::field::blind_index(app.db.keyring(), &format!("device:{account}")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The address without its last part, which one client can vary.
fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => v6.segments()[..4].iter().map(|s| format!("{s:x}")).collect::<Vec<_>>().join(":"),
    }
}

async fn slow_down(app: &App, zone: Uuid, account_bucket: &str, address: IpAddr, now: Time) -> Result<()> {
    let mut tx = app.db.write().await?;
    let address_bucket = format!("address:{}", network(address));
    let by_address = store::take_token(&mut tx, Uuid::nil(), &address_bucket, ADDRESS_ATTEMPTS, 1.0, now).await?;
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

async fn note_access(app: &App, zone: Uuid, account: Option<Uuid>, attempt: &Attempt<'_>, kind: &str) -> Result<()> {
    let mut tx = app.db.write().await?;
    access(&mut tx, zone, account, attempt.address, kind, Subject::new("account", account.unwrap_or_default()), app.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Notes a read that must leave a trace (sign-in, export, unmasking).
pub async fn access(tx: &mut Tx, zone: Uuid, actor: Option<Uuid>, address: IpAddr, kind: &str, subject: Subject, at: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO access_log (zone_id, id, at, actor_id, address, kind, subject, subject_id, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        zone,
        Uuid::now_v7(),
        at,
        actor,
        address.to_string(),
        kind,
        subject.kind,
        subject.id,
        json!({})
    ))
    .await?;
    Ok(())
}

/// Ends a session.
pub async fn sign_out(app: &App, zone: Uuid, digest: &[u8; 32]) -> Result<()> {
    let mut tx = app.db.write().await?;
    store::delete_session(&mut tx, zone, digest).await?;
    tx.commit().await?;
    Ok(())
}

/// Sets a new password after checking the old one. Every other session ends,
/// and this one gets a new token.
pub async fn change_password(app: &App, who: &Actor, old: &str, new: &str, session: Option<[u8; 32]>) -> Result<String> {
    let account_id = who.person()?;
    let account = {
        let mut tx = app.read().await?;
        store::credentials_of(&mut tx, who.zone_id, account_id).await?.ok_or(Error::NotFound)?
    };
    if !check_password(Some(&account), old).await? {
        return Err(Error::field("old", "wrong_password"));
    }
    if old == new {
        return Err(Error::field("new", "same_password"));
    }
    vault::password::check_policy(new, &account.user_name).map_err(|e| policy_error("new", &e))?;
    let hash = hash_password(new).await?;
    let (token, digest) = vault::token::new("");
    let mut work = app.work(who).await?;
    store::set_password(&mut work, who.zone_id, account_id, &hash, false).await?;
    store::delete_other_sessions(&mut work, who.zone_id, account_id, None).await?;
    if session.is_some() {
        let now = work.now;
        let session = NewSession {
            digest,
            account_id,
            at: now,
            expires_at: now.plus(LIFE_MS),
            address: "",
            agent: "",
            stage: "full",
        };
        store::insert_session(&mut work, who.zone_id, &session).await?;
    }
    work.log("account.change_password", Subject::new("account", account_id), Change::default()).await?;
    work.commit(account_id).await?;
    Ok(token)
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
    /// `full` or `change_password`.
    pub stage: &'static str,
}

/// Checks the second factor (a code of the app, or a recovery code) and
/// completes the session. Each code works once.
pub async fn second_factor(app: &App, who: &Actor, session: &[u8; 32], code: &str) -> Result<Completed> {
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
    let Some(sealed) = &account.totp_secret else { return Err(Error::NotFound) };
    let key = tx.data_key(who.zone_id, account_id, now.ms()).await?;
    let secret = key.open(&totp_aad(account_id), sealed).map_err(|_| Error::Internal("a second factor does not open".into()))?;
    let last = account.totp_last_step.and_then(|step| u64::try_from(step).ok());
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let seconds = u64::try_from(now.ms() / 1000).unwrap_or_default();
    let genuine = match vault::totp::verify(&secret, &code, seconds, last) {
        Some(step) => store::use_totp_step(&mut tx, who.zone_id, account_id, step as i64).await?,
        None => store::use_recovery_code(&mut tx, who.zone_id, account_id, &vault::token::code_digest(&code), now).await?,
    };
    if !genuine {
        // The bucket keeps the attempt.
        tx.commit().await?;
        return Err(Error::Unauthenticated("wrong_code"));
    }
    store::refill(&mut tx, who.zone_id, &bucket).await?;
    let stage = if account.must_change { "change_password" } else { "full" };
    let (token, digest) = vault::token::new("");
    store::renew_session(&mut tx, who.zone_id, session, &digest, stage).await?;
    tx.commit().await?;
    Ok(Completed { token, stage })
}

/// What the secret of a second factor is sealed for.
pub fn totp_aad(account: Uuid) -> String {
    format!("account.totp_secret:{account}")
}
