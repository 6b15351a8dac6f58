//! Sign-in at an OpenID Connect provider (cargo feature `oidc`): discovery, the
//! code flow with PKCE, state and nonce. Nobody gets an account this way: an
//! account that is there is linked once by its owner, who gives his password and
//! second factor for it, and from then on the provider vouches for his password. The
//! second factor is asked for all the same. Who gets a new password from an
//! administrator links anew.
//!
//! The zone's settings hold `oidc: {issuer, client_id, secret}`, set by the
//! security administrator; the client's secret is sealed under a key of the zone,
//! so that neither a backup nor the ledger gives it away.

use super::accounts::unlink_in;
use super::signin::{self, SignedIn};
use super::store::oidc::{self as rows, Away};
use crate::actor::{Actor, Role, Roles};
use crate::app::{App, Change, Subject};
use crate::error::{Check, Error, Result, whole};
use crate::settings::desk::set_zone_in;
use crate::time::{HOUR_MS, Time};
use crate::zone::Zone;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    TokenResponse, reqwest,
};
use serde_json::{Value as Json, json};
use std::net::IpAddr;
use std::time::Duration;
use uuid::Uuid;

/// How long somebody may be away at the provider.
const AWAY_MS: i64 = HOUR_MS / 6;
/// How long the provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// Who says which provider vouches for people.
pub const PROTECTORS: Roles = Roles::of(&[Role::Secadmin]);

/// What the security administrator says about the provider.
#[derive(Clone, Debug, Default)]
pub struct ProviderChange {
    /// Its address; empty turns the sign-in there off.
    pub issuer: String,
    /// By what it knows this site.
    pub client_id: String,
    /// The secret that was agreed with it; empty leaves the one that is kept, as
    /// long as provider and client are the same.
    pub secret: String,
    /// Whether the secret that is kept is to be forgotten.
    pub forget_secret: bool,
}

/// Sets the provider, or turns it off. Accounts stay linked to the issuer that
/// they were linked at.
pub async fn configure(app: &App, who: &Actor, change: &ProviderChange) -> Result<Uuid> {
    who.must(PROTECTORS)?;
    let mut check = Check::new();
    let issuer = check.opt_text("issuer", Some(&change.issuer), 200);
    let client_id = check.opt_text("client_id", Some(&change.client_id), 200);
    let secret = check.opt_text("client_password", Some(&change.secret), 500);
    if let Some(issuer) = &issuer {
        check.that(is_issuer(issuer), "issuer", "issuer");
        check.that(client_id.is_some(), "client_id", "required");
    }
    check.done()?;
    let mut work = app.work(who).await?;
    let (id, now) = (work.zone(), work.now);
    let zone = Zone::get(&mut work, id).await?;
    let old = &zone.settings["oidc"];
    let value = match issuer {
        None => Json::Null,
        Some(issuer) => {
            let same =
                old["issuer"].as_str() == Some(issuer.as_str()) && old["client_id"].as_str() == client_id.as_deref();
            let secret = match secret {
                Some(secret) => work.seal(id, id, now.ms(), &secret).await?,
                // A secret goes only to the one that it was agreed with.
                None if same && !change.forget_secret => old["secret"].clone(),
                None => Json::Null,
            };
            json!({"issuer": issuer, "client_id": client_id, "secret": secret})
        }
    };
    set_zone_in(&mut work, &[("oidc", value)]).await?;
    work.commit(id).await
}

/// An address of a provider: https, or http on this machine.
fn is_issuer(text: &str) -> bool {
    let Ok(issuer) = IssuerUrl::new(text.to_owned()) else { return false };
    let url = issuer.url();
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && here)
}

/// Asks the provider for its description, as the first step of every sign-in does:
/// where people would be sent, or why it does not work, for the administrator.
pub async fn try_out(app: &App, who: &Actor) -> Result<std::result::Result<String, String>> {
    who.must(PROTECTORS)?;
    let zone = Zone::get(&mut app.read().await?, who.zone_id).await?;
    let Some(issuer) = zone.settings["oidc"]["issuer"].as_str() else { return Err(Error::state("provider_off")) };
    let found = discover(issuer, &http()?).await;
    Ok(found.map(|metadata| metadata.authorization_endpoint().to_string()))
}

/// The description of the provider; the error is for administrators.
async fn discover(issuer: &str, http: &reqwest::Client) -> std::result::Result<CoreProviderMetadata, String> {
    let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|error| error.to_string())?;
    CoreProviderMetadata::discover_async(issuer, http).await.map_err(|error| whole(&error))
}

/// Whether the zone has a provider.
pub fn is_on(zone: &Zone) -> bool {
    zone.settings["oidc"]["issuer"].is_string() && zone.settings["oidc"]["client_id"].is_string()
}

/// The provider did not do its part; the log says why, the page does not.
fn failed(why: impl std::fmt::Display) -> Error {
    tracing::warn!(%why, "sign-in at the provider failed");
    Error::state("provider_failed")
}

fn http() -> Result<reqwest::Client> {
    // Following redirects would let the provider send us to other hosts.
    reqwest::ClientBuilder::new().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build().map_err(failed)
}

async fn client(app: &App, zone: &Zone, redirect: &str, http: &reqwest::Client) -> Result<Client> {
    let settings = &zone.settings["oidc"];
    let (Some(issuer), Some(id)) = (settings["issuer"].as_str(), settings["client_id"].as_str()) else {
        return Err(Error::state("provider_off"));
    };
    let metadata = discover(issuer, http).await.map_err(failed)?;
    let secret = match &settings["secret"] {
        Json::Null => None,
        sealed => match app.read().await?.open(zone.zone_id, sealed).await? {
            Some(secret) => Some(ClientSecret::new(secret)),
            None => return Err(failed("the client's secret does not open: set it again")),
        },
    };
    let redirect = RedirectUrl::new(redirect.to_owned()).map_err(failed)?;
    Ok(CoreClient::from_provider_metadata(metadata, ClientId::new(id.to_owned()), secret).set_redirect_uri(redirect))
}

/// A journey to the provider that begins.
pub struct Journey {
    /// Where the browser goes.
    pub url: String,
    /// What it must bring back, kept in a cookie beside the address.
    pub state: String,
}

/// Begins the linking of one's own account. It opens a way in for good, so that an
/// open browser is not enough: the password is asked for, and the second factor of
/// who has one.
pub async fn begin_link(
    app: &App,
    who: &Actor,
    redirect: &str,
    password: &str,
    code: &str,
    address: IpAddr,
) -> Result<Journey> {
    let account = signin::own_password(app, who, "password", password).await?;
    signin::own_factor(app, who, "code", code, address).await?;
    begin(app, who.zone_id, redirect, Some(account.id), "/account/security").await
}

/// Takes the link off one's own account.
pub async fn unlink(app: &App, who: &Actor) -> Result<Uuid> {
    let owner = who.person()?;
    let mut work = app.work(who).await?;
    unlink_in(&mut work, owner).await?;
    work.commit(owner).await
}

/// Begins a sign-in, or the linking of an account by its owner.
pub async fn begin(app: &App, zone_id: Uuid, redirect: &str, owner: Option<Uuid>, next: &str) -> Result<Journey> {
    let zone = Zone::get(&mut app.read().await?, zone_id).await?;
    let http = http()?;
    let client = client(app, &zone, redirect, &http).await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .set_pkce_challenge(challenge)
        .url();
    let away = Away {
        zone_id,
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
        account_id: owner,
        next: next.to_owned(),
        created_at: app.now(),
    };
    let mut tx = app.db.write().await?;
    rows::leave(&mut tx, &vault::token::digest(state.secret()), &away).await?;
    tx.commit().await?;
    Ok(Journey { url: url.to_string(), state: state.secret().clone() })
}

/// What a journey ended with.
pub enum Arrived {
    /// Somebody is signed in, and goes on to that page.
    In(Box<SignedIn>, String),
    /// The account of the actor is linked.
    Linked,
}

/// Ends a journey: the code is exchanged, the identity is checked, and the account
/// that is linked to it signs in. Each state works once.
pub async fn finish(
    app: &App,
    who: &Actor,
    redirect: &str,
    code: &str,
    state: &str,
    address: IpAddr,
    agent: &str,
) -> Result<Arrived> {
    let mut tx = app.db.write().await?;
    let away = rows::come_back(&mut tx, &vault::token::digest(state)).await?;
    tx.commit().await?;
    let since = Time::from_ms(app.now().ms() - AWAY_MS);
    let away = away.filter(|away| away.created_at >= since).ok_or(Error::state("provider_failed"))?;
    let zone = Zone::get(&mut app.read().await?, away.zone_id).await?;
    let http = http()?;
    let client = client(app, &zone, redirect, &http).await?;
    let tokens = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .map_err(failed)?
        .set_pkce_verifier(PkceCodeVerifier::new(away.verifier.clone()))
        .request_async(&http)
        .await
        .map_err(failed)?;
    let identity = tokens.id_token().ok_or_else(|| failed("no identity was sent"))?;
    let verifier = client.id_token_verifier();
    let claims = identity.claims(&verifier, &Nonce::new(away.nonce.clone())).map_err(failed)?;
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = identity.signing_alg().map_err(failed)?;
        let key = identity.signing_key(&verifier).map_err(failed)?;
        let found = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).map_err(failed)?;
        if found != *expected {
            return Err(failed("the access token is not the one of the identity"));
        }
    }
    let (issuer, subject) = (claims.issuer().as_str(), claims.subject().as_str());
    match away.account_id {
        Some(owner) => {
            if who.person_id != Some(owner) || who.zone_id != away.zone_id {
                return Err(Error::state("provider_failed"));
            }
            link(app, who, issuer, subject).await?;
            Ok(Arrived::Linked)
        }
        None => {
            let account = rows::account(&mut app.read().await?, issuer, subject).await?;
            let account = account.filter(|(zone, _)| *zone == away.zone_id);
            let Some((zone, account)) = account else { return Err(Error::state("provider_unknown")) };
            let signed_in = signin::begin(app, zone, account, address, agent).await?;
            Ok(Arrived::In(Box::new(signed_in), away.next))
        }
    }
}

async fn link(app: &App, who: &Actor, issuer: &str, subject: &str) -> Result<()> {
    let owner = who.person()?;
    let mut who = who.clone();
    who.once = None;
    let mut work = app.work(&who).await?;
    if let Some(other) = rows::account(&mut work, issuer, subject).await?
        && other != (who.zone_id, owner)
    {
        return Err(Error::state("provider_linked"));
    }
    let now = work.now;
    rows::link(&mut work, who.zone_id, owner, issuer, subject, now).await?;
    work.log("account.link_provider", Subject::new("account", owner), Change::made(json!({"issuer": issuer}))).await?;
    work.commit(owner).await?;
    Ok(())
}
