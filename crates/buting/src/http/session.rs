//! Who asks: a session cookie or an API token.

use crate::actor::{Actor, Role, Roles, Scope, ScopeKind, Via};
use crate::app::App;
use crate::error::{Error, Result};
use crate::text::{Label, Lang};
use axum::http::{HeaderMap, Method, header};
use serde_json::Value as Json;
use store::{FromRow, Row, Sql, Tx, sql};
use uuid::Uuid;

/// A session that was not used for so long has ended.
pub const IDLE_MS: i64 = 2 * 60 * 60 * 1000;
/// A session never lives longer.
pub const LIFE_MS: i64 = 12 * 60 * 60 * 1000;
/// How exactly the last use is kept.
const SEEN_STEP_MS: i64 = 60 * 1000;

/// How exactly the last use of a token is kept.
const TOKEN_SEEN_STEP_MS: i64 = 60 * 60 * 1000;

/// What a credential stands for.
pub struct Found {
    /// Who it is.
    pub actor: Actor,
    /// The language that the person chose.
    pub lang: Option<Lang>,
    /// What the zone calls the tie of leader, department and officer to an enterprise.
    pub label: Label,
    /// The session's digest, when it is a session.
    pub session: Option<[u8; 32]>,
    /// How far the sign-in has come: `full`, `second_factor`, `change_password`,
    /// `set_up_second_factor`.
    pub stage: String,
}

/// One row per role and post: the account, the person, the role, the department of the post.
struct AccountRow {
    zone_id: Uuid,
    account_id: Uuid,
    name: String,
    department_id: Option<Uuid>,
    enterprise_id: Option<Uuid>,
    project_id: Option<Uuid>,
    locale: Option<String>,
    disabled_at: Option<i64>,
    left_at: Option<i64>,
    role: Option<String>,
    scope: Option<String>,
    departments: Option<Json>,
    post_id: Option<Uuid>,
}

store::from_row!(AccountRow {
    zone_id,
    account_id,
    name,
    department_id,
    enterprise_id,
    project_id,
    locale,
    disabled_at,
    left_at,
    role,
    scope,
    departments,
    post_id,
});

/// Finds out who asks. `None` when no credential was sent; an error when one
/// was sent that does not hold.
pub async fn resolve(app: &App, headers: &HeaderMap, method: &Method, path: &str) -> Result<Option<Found>> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value
            .to_str()
            .ok()
            .and_then(|v| v.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| vault::token::looks_like_api(token))
            .ok_or(Error::Unauthenticated("bad_credential"))?;
        return by_token(app, token, method, path).await.map(Some);
    }
    match session_cookie(headers) {
        Some(token) => by_session(app, token).await,
        None => Ok(None),
    }
}

async fn by_token(app: &App, token: &str, method: &Method, path: &str) -> Result<Found> {
    let bad = Error::Unauthenticated("bad_credential");
    let digest = vault::token::digest(token);
    let mut tx = app.read().await?;
    let rows = tx
        .all(sql!(
            "SELECT a.zone_id, a.id AS account_id, p.name, p.department_id, p.enterprise_id, p.project_id,
               a.locale, a.disabled_at, p.left_at, r.role, r.scope, r.departments, o.department_id AS post_id, z.settings,
               t.scopes, t.expires_at, t.revoked_at, t.seen_at, t.id AS token_id
             FROM api_token t
             JOIN account a ON a.zone_id = t.zone_id AND a.id = t.account_id
             JOIN zone z ON z.zone_id = a.zone_id
             JOIN person p ON p.zone_id = a.zone_id AND p.id = a.id
             LEFT JOIN account_role r ON r.zone_id = a.zone_id AND r.account_id = a.id
             LEFT JOIN post o ON o.zone_id = p.zone_id AND o.person_id = p.id AND o.valid_to IS NULL
             WHERE t.digest = $1",
            digest
        ))
        .await?;
    let Some(first) = rows.first() else { return Err(bad) };
    let expires: Option<i64> = first.get("expires_at")?;
    let revoked: Option<i64> = first.get("revoked_at")?;
    let scopes: String = first.get("scopes")?;
    let now = app.now().ms();
    if revoked.is_some() || expires.is_some_and(|at| at <= now) {
        return Err(bad);
    }
    let (actor, lang) = assemble(&rows)?.ok_or(bad)?;
    if !scope_allows(&scopes, method, path) {
        return Err(Error::Forbidden);
    }
    let seen: Option<i64> = first.get("seen_at")?;
    if seen.is_none_or(|at| now - at > TOKEN_SEEN_STEP_MS) {
        let id: Uuid = first.get("token_id")?;
        drop(tx);
        saw(app, sql!("UPDATE api_token SET seen_at = $1 WHERE zone_id = $2 AND id = $3", now, actor.zone_id, id))
            .await;
    }
    Ok(Found { actor, lang, label: label_of(first)?, session: None, stage: "full".into() })
}

/// Writes down that a session or token was used. With a full disk or a busy
/// writer people still read; then the mark is old.
async fn saw(app: &App, update: Sql) {
    let written = async {
        let mut tx = app.db.write().await?;
        tx.run(update).await?;
        tx.commit().await
    };
    if let Err(error) = written.await {
        tracing::warn!(%error, "the time of the last use was not written down");
    }
}

/// Whether a token's scopes cover a call: `*`, `read`, `appeals:read`, `appeals:write`.
fn scope_allows(scopes: &str, method: &Method, path: &str) -> bool {
    let reading = matches!(*method, Method::GET | Method::HEAD);
    let collection = path.strip_prefix("/api/v1/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    // A token that makes tokens could give itself every other scope.
    let makes_tokens = collection == "tokens" && !reading;
    scopes.split_whitespace().any(|scope| match scope.split_once(':') {
        _ if makes_tokens => scope == "*",
        None => scope == "*" || (scope == "read" && reading),
        Some((name, right)) => name == collection && (right == "write" || (right == "read" && reading)),
    })
}

async fn by_session(app: &App, token: &str) -> Result<Option<Found>> {
    let ended = Error::Unauthenticated("session_ended");
    let digest = vault::token::digest(token);
    let now = app.now().ms();
    let mut tx = app.read().await?;
    let rows = tx
        .all(sql!(
            "SELECT a.zone_id, a.id AS account_id, p.name, p.department_id, p.enterprise_id, p.project_id,
               a.locale, a.disabled_at, p.left_at, r.role, r.scope, r.departments, o.department_id AS post_id, z.settings,
               s.seen_at, s.expires_at, s.stage
             FROM session s
             JOIN account a ON a.zone_id = s.zone_id AND a.id = s.account_id
             JOIN zone z ON z.zone_id = a.zone_id
             JOIN person p ON p.zone_id = a.zone_id AND p.id = a.id
             LEFT JOIN account_role r ON r.zone_id = a.zone_id AND r.account_id = a.id
             LEFT JOIN post o ON o.zone_id = p.zone_id AND o.person_id = p.id AND o.valid_to IS NULL
             WHERE s.digest = $1",
            digest
        ))
        .await?;
    drop(tx);
    let Some(first) = rows.first() else { return Err(ended) };
    let seen_at: i64 = first.get("seen_at")?;
    let expires_at: i64 = first.get("expires_at")?;
    let stage: String = first.get("stage")?;
    if expires_at <= now || seen_at + IDLE_MS <= now {
        return Err(ended);
    }
    let (actor, lang) = assemble(&rows)?.ok_or(ended)?;
    if now - seen_at > SEEN_STEP_MS {
        let seen =
            sql!("UPDATE session SET seen_at = $1 WHERE zone_id = $2 AND digest = $3", now, actor.zone_id, digest);
        saw(app, seen).await;
    }
    Ok(Some(Found { actor, lang, label: label_of(first)?, session: Some(digest), stage }))
}

/// The actor of an account, for commands and the demo.
pub async fn actor_of(tx: &mut Tx, zone_id: Uuid, account_id: Uuid) -> Result<Actor> {
    let rows = tx
        .all(sql!(
            "SELECT a.zone_id, a.id AS account_id, p.name, p.department_id, p.enterprise_id, p.project_id,
               a.locale, a.disabled_at, p.left_at, r.role, r.scope, r.departments, o.department_id AS post_id
             FROM account a
             JOIN person p ON p.zone_id = a.zone_id AND p.id = a.id
             LEFT JOIN account_role r ON r.zone_id = a.zone_id AND r.account_id = a.id
             LEFT JOIN post o ON o.zone_id = p.zone_id AND o.person_id = p.id AND o.valid_to IS NULL
             WHERE a.zone_id = $1 AND a.id = $2",
            zone_id,
            account_id
        ))
        .await?;
    assemble(&rows)?.map(|(actor, _)| actor).ok_or(Error::NotFound)
}

fn label_of(row: &Row) -> Result<Label> {
    Ok(Label::of(&row.get::<Json>("settings")?))
}

/// The actor of an account's rows; `None` when it is disabled or the person left.
fn assemble(rows: &[Row]) -> Result<Option<(Actor, Option<Lang>)>> {
    let Some(first) = rows.first() else { return Ok(None) };
    let person = AccountRow::from_row(first)?;
    if person.disabled_at.is_some() || person.left_at.is_some() {
        return Ok(None);
    }
    let mut roles = Vec::new();
    let mut posts = Vec::new();
    let mut scope = Scope::Own;
    for row in rows {
        let row = AccountRow::from_row(row)?;
        posts.extend(row.post_id.filter(|id| !posts.contains(id)));
        let (Some(role), Some(kind)) =
            (row.role.as_deref().and_then(Role::parse), row.scope.as_deref().and_then(ScopeKind::parse))
        else {
            continue;
        };
        roles.push(role);
        scope = wider(scope, scope_of(kind, &row));
    }
    let lang = person.locale.as_deref().and_then(Lang::of_tag);
    let actor = Actor {
        zone_id: person.zone_id,
        person_id: Some(person.account_id),
        name: person.name,
        department_id: person.department_id,
        posts,
        enterprise_id: person.enterprise_id,
        project_id: person.project_id,
        roles: Roles::of(&roles),
        scope,
        behalf_of: None,
        via: Via::Page,
        once: None,
        seen_version: None,
    };
    Ok(Some((actor, lang)))
}

fn scope_of(kind: ScopeKind, row: &AccountRow) -> Scope {
    match kind {
        ScopeKind::All => Scope::All,
        ScopeKind::Departments => {
            let ids = row.departments.as_ref().and_then(Json::as_array);
            let ids = ids.into_iter().flatten().filter_map(|id| Uuid::parse_str(id.as_str()?).ok());
            Scope::Departments(ids.collect())
        }
        // One's own department is that of every post; the rows add them up.
        ScopeKind::Department => Scope::Departments(row.post_id.or(row.department_id).into_iter().collect()),
        ScopeKind::Assignments => Scope::Assignments,
        ScopeKind::Enterprise => row.enterprise_id.map_or(Scope::Own, Scope::Enterprise),
        ScopeKind::Project => row.project_id.map_or(Scope::Own, Scope::Project),
        ScopeKind::WorkOrder => Scope::Own,
    }
}

/// The wider of two scopes.
fn wider(a: Scope, b: Scope) -> Scope {
    fn rank(scope: &Scope) -> u8 {
        match scope {
            Scope::Own => 0,
            Scope::WorkOrder(_) => 1,
            Scope::Enterprise(_) | Scope::Project(_) => 2,
            Scope::Assignments => 3,
            Scope::Departments(_) => 4,
            Scope::All => 5,
        }
    }
    match (a, b) {
        (Scope::Departments(mut a), Scope::Departments(b)) => {
            a.extend(b.into_iter().filter(|id| !a.contains(id)).collect::<Vec<_>>());
            Scope::Departments(a)
        }
        (a, b) if rank(&b) > rank(&a) => b,
        (a, _) => a,
    }
}

/// Whether a sign-in that is not complete may open this path. Signing out, the
/// display and using another invitation are always open.
pub fn stage_allows(found: &Found, path: &str) -> Result<()> {
    let own = match found.stage.as_str() {
        "full" => return Ok(()),
        "second_factor" => "/sign-in/second",
        "set_up_second_factor" => "/account/second-factor",
        _ => "/account/password",
    };
    let open = matches!(path, "/sign-out" | "/preferences" | "/join" | "/join/code" | "/forgot");
    if open || path == own {
        return Ok(());
    }
    Err(Error::Unauthenticated(match found.stage.as_str() {
        "second_factor" => "second_factor",
        "set_up_second_factor" => "set_up_second_factor",
        _ => "change_password",
    }))
}

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, "__Host-sid").or_else(|| cookie(headers, "sid").filter(|_| on_loopback(headers)))
}

/// Whether the request came to a loopback name, where plain http is fine.
pub fn on_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let name = if host.starts_with('[') {
        host.split(']').next().unwrap_or_default()
    } else {
        host.split(':').next().unwrap_or_default()
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1")
}

/// The `Set-Cookie` value for a new session token; an empty token ends it.
pub fn set_session_cookie(app: &App, headers: &HeaderMap, token: &str) -> String {
    let age = if token.is_empty() { 0 } else { LIFE_MS / 1000 };
    if on_loopback(headers) && !app.config.https {
        format!("sid={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}")
    } else {
        format!("__Host-sid={token}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age={age}")
    }
}

/// The secret by which a browser that has signed in before is known.
pub fn device_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, "__Host-device").or_else(|| cookie(headers, "device").filter(|_| on_loopback(headers)))
}

/// The `Set-Cookie` value for the secret of a known browser, kept for a year.
pub fn set_device_cookie(app: &App, headers: &HeaderMap, secret: &str) -> String {
    if on_loopback(headers) && !app.config.https {
        format!("device={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000")
    } else {
        format!("__Host-device={secret}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=31536000")
    }
}

/// The session that a request brings along, whether or not it still holds.
pub fn session_digest(headers: &HeaderMap) -> Option<[u8; 32]> {
    session_cookie(headers).map(vault::token::digest)
}

/// The address under which this site was asked for, for links on paper. On this
/// machine itself, past the proxy, there is no TLS.
pub fn origin(app: &App, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("localhost");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let past_proxy = matches!(name, "localhost" | "127.0.0.1" | "[::1]") && !headers.contains_key("x-forwarded-proto");
    format!("{}://{host}", if app.config.https && !past_proxy { "https" } else { "http" })
}

/// The language of a request: the choice kept in a cookie, then the browser's.
pub fn language(headers: &HeaderMap) -> Lang {
    cookie(headers, "lang")
        .and_then(Lang::of_tag)
        .or_else(|| Lang::accepted(headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_of_tokens() {
        let get = Method::GET;
        let post = Method::POST;
        for (scopes, method, path, allowed) in [
            ("*", &post, "/api/v1/appeals", true),
            ("read", &get, "/api/v1/appeals", true),
            ("read", &post, "/api/v1/appeals", false),
            ("appeals:read", &get, "/api/v1/appeals/1", true),
            ("appeals:read", &post, "/api/v1/appeals", false),
            ("appeals:write", &post, "/api/v1/appeals", true),
            ("appeals:write", &post, "/api/v1/visits", false),
            ("", &get, "/api/v1/appeals", false),
        ] {
            assert_eq!(scope_allows(scopes, method, path), allowed, "{scopes} {method} {path}");
        }
    }

    #[test]
    fn an_incomplete_sign_in_opens_only_what_completes_it() {
        let found = |stage: &str| Found {
            actor: Actor::rule(Uuid::nil()),
            lang: None,
            label: Label::default(),
            session: Some([0; 32]),
            stage: stage.to_owned(),
        };
        for (stage, path, open) in [
            ("full", "/appeals", true),
            ("second_factor", "/sign-in/second", true),
            ("second_factor", "/account/password", false),
            ("second_factor", "/account/second-factor", false),
            ("second_factor", "/api/v1/appeals", false),
            ("change_password", "/account/password", true),
            ("change_password", "/", false),
            ("set_up_second_factor", "/account/second-factor", true),
            ("set_up_second_factor", "/account/security", false),
            ("set_up_second_factor", "/sign-out", true),
            ("anything else", "/appeals", false),
        ] {
            assert_eq!(stage_allows(&found(stage), path).is_ok(), open, "{stage} {path}");
        }
    }

    #[test]
    fn cookies_are_matched_by_whole_name() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "xsid=1; sid=2; lang=en".parse().expect("a header"));
        assert_eq!(cookie(&headers, "sid"), Some("2"));
        assert_eq!(cookie(&headers, "lang"), Some("en"));
        assert_eq!(cookie(&headers, "theme"), None);
    }
}
