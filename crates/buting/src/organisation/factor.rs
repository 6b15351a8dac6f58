//! The second factor: an app's codes (TOTP) with recovery codes on paper. Set up
//! and confirmed by its owner, taken off with the password, reset by the system
//! administrator when the phone is gone.

use super::desk::requires_second_factor;
use super::must_have_second_factor;
use super::signin::{Completed, next_stage, own_password};
use super::store;
use super::store::accounts::{self as rows, DeviceRow, SessionRow};
use crate::actor::Actor;
use crate::app::{App, Change, Subject};
use crate::error::{Error, Result};
use crate::time::{HOUR_MS, Time};
use ::store::Tx;
use uuid::Uuid;

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
/// A secret that was shown is forgotten after so long without a code.
const SETUP_MS: i64 = HOUR_MS;

/// What the secret of a second factor is sealed for.
fn aad(account: Uuid) -> String {
    format!("account.totp_secret:{account}")
}

/// Opens the sealed secret of an account.
pub(super) async fn open_secret(tx: &mut Tx, zone: Uuid, account: Uuid, sealed: &[u8], now: Time) -> Result<Vec<u8>> {
    let key = tx.data_key(zone, account, now.ms()).await?;
    key.open(&aad(account), sealed).map_err(|_| Error::Internal("a second factor does not open".into()))
}

/// Seconds since 1970, as codes count.
pub(super) fn seconds(now: Time) -> u64 {
    u64::try_from(now.ms() / 1000).unwrap_or_default()
}

/// A secret to be taken into an app.
pub struct Setup {
    /// As people type it, in groups of four.
    pub typed: String,
    /// The address in the QR code.
    pub uri: String,
}

/// How the second factor of an account stands.
pub struct Standing {
    /// Whether it is set up.
    pub on: bool,
    /// Recovery codes not used yet.
    pub codes_left: i64,
    /// Whether the zone asks it of this person.
    pub required: bool,
}

/// How one's own second factor stands.
pub async fn standing(tx: &mut Tx, who: &Actor) -> Result<Standing> {
    let id = who.person()?;
    let account = store::credentials_of(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let required = requires_second_factor(tx, who.zone_id).await? && must_have_second_factor(who.roles);
    let codes_left = rows::recovery_codes_left(tx, who.zone_id, id).await?;
    Ok(Standing { on: account.totp_secret.is_some(), codes_left, required })
}

/// Shows the secret to take into an app: the one under way, or a new one.
pub async fn begin(app: &App, who: &Actor) -> Result<Setup> {
    let id = who.person()?;
    let now = app.now();
    let mut tx = app.db.write().await?;
    let account = store::credentials_of(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if account.totp_secret.is_some() {
        return Err(Error::state("second_factor_on"));
    }
    let under_way = rows::totp_setup(&mut tx, who.zone_id, id).await?.filter(|(_, at)| now < at.plus(SETUP_MS));
    let secret = match under_way {
        Some((sealed, _)) => open_secret(&mut tx, who.zone_id, id, &sealed, now).await?,
        None => {
            let secret = vault::totp::secret();
            let key = tx.data_key(who.zone_id, id, now.ms()).await?;
            rows::begin_totp(&mut tx, who.zone_id, id, &key.seal(&aad(id), &secret), now).await?;
            secret.to_vec()
        }
    };
    tx.commit().await?;
    let plain: Vec<char> = vault::totp::base32(&secret).chars().collect();
    let typed = plain.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ");
    let uri = vault::totp::uri(&secret, &account.user_name).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Setup { typed, uri })
}

/// Turns the second factor on: the password and a first code of the app. Other
/// sessions end, this one gets a new token; the recovery codes are shown once.
pub async fn confirm(
    app: &App,
    who: &Actor,
    session: &[u8; 32],
    password: &str,
    code: &str,
) -> Result<(Completed, Vec<String>)> {
    let account = own_password(app, who, "password", password).await?;
    if account.totp_secret.is_some() {
        return Err(Error::state("second_factor_on"));
    }
    let (zone, id) = (who.zone_id, account.id);
    let mut work = app.work(who).await?;
    let now = work.now;
    let Some((sealed, at)) = rows::totp_setup(&mut work, zone, id).await? else {
        return Err(Error::state("second_factor_again"));
    };
    if now >= at.plus(SETUP_MS) {
        return Err(Error::state("second_factor_again"));
    }
    let secret = open_secret(&mut work, zone, id, &sealed, now).await?;
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let Some(step) = vault::totp::verify(&secret, &code, seconds(now), None) else {
        return Err(Error::field("code", "wrong_code"));
    };
    // The code that was typed counts as used.
    rows::set_totp(&mut work, zone, id, Some(&sealed), i64::try_from(step).ok()).await?;
    let (codes, digests): (Vec<_>, Vec<_>) = vault::totp::recovery_codes(RECOVERY_CODES).into_iter().unzip();
    rows::replace_recovery_codes(&mut work, zone, id, &digests).await?;
    store::delete_other_sessions(&mut work, zone, id, Some(*session)).await?;
    let (token, digest) = vault::token::new("");
    let stage = next_stage(true, true, account.must_change, true, who.roles);
    store::renew_session(&mut work, zone, session, &digest, stage).await?;
    work.log("account.second_factor_on", Subject::new("account", id), Change::default()).await?;
    work.commit(id).await?;
    Ok((Completed { token, stage }, codes))
}

/// New recovery codes in the place of the old ones, against the password.
pub async fn new_codes(app: &App, who: &Actor, password: &str) -> Result<Vec<String>> {
    let account = own_password(app, who, "password", password).await?;
    if account.totp_secret.is_none() {
        return Err(Error::state("second_factor_off"));
    }
    let mut work = app.work(who).await?;
    let (codes, digests): (Vec<_>, Vec<_>) = vault::totp::recovery_codes(RECOVERY_CODES).into_iter().unzip();
    rows::replace_recovery_codes(&mut work, who.zone_id, account.id, &digests).await?;
    work.log("account.recovery_codes", Subject::new("account", account.id), Change::default()).await?;
    work.commit(account.id).await?;
    Ok(codes)
}

/// Turns the second factor off, against the password; not where the zone asks it.
pub async fn off(app: &App, who: &Actor, session: Option<[u8; 32]>, password: &str) -> Result<()> {
    let account = own_password(app, who, "password", password).await?;
    if account.totp_secret.is_none() {
        return Err(Error::state("second_factor_off"));
    }
    let mut work = app.work(who).await?;
    if requires_second_factor(&mut work, who.zone_id).await? && must_have_second_factor(who.roles) {
        return Err(Error::state("second_factor_required"));
    }
    rows::set_totp(&mut work, who.zone_id, account.id, None, None).await?;
    rows::replace_recovery_codes(&mut work, who.zone_id, account.id, &[]).await?;
    store::delete_other_sessions(&mut work, who.zone_id, account.id, session).await?;
    work.log("account.second_factor_off", Subject::new("account", account.id), Change::default()).await?;
    work.commit(account.id).await?;
    Ok(())
}

/// One's own sessions, last used first. Those that have ended are left out.
pub async fn sessions(tx: &mut Tx, who: &Actor, now: Time) -> Result<Vec<SessionRow>> {
    let all = rows::sessions(tx, who.zone_id, who.person()?).await?;
    let idle = crate::http::session::IDLE_MS;
    Ok(all.into_iter().filter(|s| s.expires_at > now && s.seen_at.plus(idle) > now).collect())
}

/// The browsers that one has signed in with.
pub async fn devices(tx: &mut Tx, who: &Actor) -> Result<Vec<DeviceRow>> {
    Ok(rows::devices(tx, who.zone_id, who.person()?).await?)
}

/// The name under which a page speaks of a session: enough of its digest to
/// tell sessions apart, nothing that opens one.
pub fn handle(digest: &[u8]) -> String {
    vault::hash::hex(&digest[..digest.len().min(8)])
}

/// Ends one of one's own sessions.
pub async fn end_session(app: &App, who: &Actor, wanted: &str) -> Result<()> {
    let id = who.person()?;
    let mut work = app.work(who).await?;
    let all = rows::sessions(&mut work, who.zone_id, id).await?;
    let session = all.into_iter().find(|s| handle(&s.digest) == wanted).ok_or(Error::NotFound)?;
    let digest: [u8; 32] = session.digest.try_into().map_err(|_| Error::NotFound)?;
    store::delete_session(&mut work, who.zone_id, &digest).await?;
    work.log("account.end_session", Subject::new("account", id), Change::default()).await?;
    work.commit(id).await?;
    Ok(())
}

/// Ends every session of one's own but this one.
pub async fn end_other_sessions(app: &App, who: &Actor, session: Option<[u8; 32]>) -> Result<()> {
    let id = who.person()?;
    let mut work = app.work(who).await?;
    store::delete_other_sessions(&mut work, who.zone_id, id, session).await?;
    work.log("account.end_sessions", Subject::new("account", id), Change::default()).await?;
    work.commit(id).await?;
    Ok(())
}

/// Forgets a browser: its sessions end, and its next sign-in is a stranger's.
pub async fn forget_device(app: &App, who: &Actor, device: Uuid) -> Result<()> {
    let id = who.person()?;
    let mut work = app.work(who).await?;
    if !rows::delete_device(&mut work, who.zone_id, id, device).await? {
        return Err(Error::NotFound);
    }
    work.log("account.forget_device", Subject::new("account", id), Change::default()).await?;
    work.commit(id).await?;
    Ok(())
}
