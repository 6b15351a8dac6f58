//! Who gets in, who does not, and who may do what to whom.

use crate::house::{Answer, House, MORNING, PASSWORD};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use buting::actor::{Actor, Role, ScopeKind};
use buting::app::{App, Config, SetClock};
use buting::error::{Conflict, Error};
use buting::http::page::encode;
use buting::http::server;
use buting::migrations::MIGRATIONS;
use buting::organisation::accounts;
use buting::organisation::desk::{self, Leaving, NewAccount};
use buting::organisation::factor;
use buting::organisation::first_run::{self, FIRST, FirstRun};
use buting::organisation::invitations::{self, Acceptance, Key};
use buting::organisation::signin::{self, Attempt};
use buting::organisation::{Card, DepartmentChange, Grant, Invite, NewPerson, PersonChange, Purpose, Right};
use buting::patch::Patch;
use buting::time::{DAY_MS, HOUR_MS};
use serde_json::{Value as Json, json};
use std::net::IpAddr;
use std::sync::Arc;
use store::sql;
use tower::ServiceExt as _;
use uuid::Uuid;

fn leaving(reason: &str, last_contact: bool) -> Leaving {
    Leaving { reason: Some(reason.into()), last_contact, ..Leaving::default() }
}

const HOME: &str = "192.0.2.10";
const ELSEWHERE: &str = "198.51.100.20";

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn attempt<'a>(user: &'a str, password: &'a str, from: &str, device: Option<&'a str>) -> Attempt<'a> {
    Attempt { user, password, address: address(from), agent: "test", device, session: None }
}

/// The value of a cookie that an answer sets.
fn cookie_of(answer: &Answer, name: &str) -> Option<String> {
    answer.headers.get_all(header::SET_COOKIE).iter().find_map(|value| {
        let (key, rest) = value.to_str().ok()?.split_once('=')?;
        (key == name).then(|| rest.split(';').next().unwrap_or_default().to_owned())
    })
}

fn location(answer: &Answer) -> String {
    answer.headers.get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// A browser's request, with the cookies it holds.
fn request(method: &str, path: &str, cookies: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(path)
        .header(header::HOST, "127.0.0.1");
    if !cookies.is_empty() {
        request = request.header(header::COOKIE, cookies);
    }
    if method == "POST" {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    request.body(Body::from(body.join("&"))).unwrap()
}

async fn browse(house: &House, method: &str, path: &str, cookies: &str, fields: &[(&str, &str)]) -> Answer {
    house.send(request(method, path, cookies, fields)).await
}

async fn sign_in(house: &House, user: &str, password: &str) -> Answer {
    browse(house, "POST", "/sign-in", "", &[("user", user), ("password", password)]).await
}

/// Signs in and answers the session cookie.
async fn session(house: &House, user: &str, password: &str) -> String {
    let answer = sign_in(house, user, password).await.expect(303);
    format!("sid={}", cookie_of(&answer, "sid").unwrap())
}

async fn count(house: &House, statement: store::Sql) -> i64 {
    house.app.read().await.unwrap().value(statement).await.unwrap()
}

fn state_of(error: Error) -> &'static str {
    match error {
        Error::Conflict(Conflict::State(code)) => code,
        other => panic!("{other:?}"),
    }
}

/// The desk refuses, and this is the code of the refused field.
fn field_code(error: Error) -> &'static str {
    match error {
        Error::Invalid(errors) => errors[0].code,
        other => panic!("{other:?}"),
    }
}

// ---- signing in ------------------------------------------------------------

#[tokio::test]
async fn who_signs_in_and_what_is_still_asked() {
    for house in House::both().await {
        house.give_password("officer").await;
        house.give_password("leader@zone2").await;
        let right = sign_in(&house, "officer", PASSWORD).await.expect(303);
        assert_eq!(location(&right), "/");
        let sid = right
            .headers
            .get_all(header::SET_COOKIE)
            .iter()
            .find_map(|v| v.to_str().ok().filter(|v| v.starts_with("sid=")));
        let sid = sid.unwrap();
        assert!(sid.contains("HttpOnly") && sid.contains("SameSite=Lax") && sid.contains("Path=/"), "{sid}");
        sign_in(&house, " officer@zone ", PASSWORD).await.expect(303);
        sign_in(&house, "leader@zone2", PASSWORD).await.expect(303);

        let mut texts = Vec::new();
        for (user, password) in [
            ("officer", "wrong password 1"),
            ("nobody-at-all", PASSWORD),
            // The account has no password yet.
            ("specialist", PASSWORD),
            ("officer@zone2", PASSWORD),
            ("officer@no-such-zone", PASSWORD),
            ("", ""),
        ] {
            let refused = sign_in(&house, user, password).await.expect(401);
            assert!(cookie_of(&refused, "sid").is_none(), "{user}");
            texts.push(refused.text().replace(&format!("value=\"{user}\""), "value=\"\""));
        }
        assert!(texts.iter().all(|text| *text == texts[0]), "every refusal reads alike");

        desk::disable_account(&house.app, &house.rule(), house.person("officer")).await.unwrap();
        let refused = sign_in(&house, "officer", PASSWORD).await.expect(401);
        assert_eq!(refused.text().replace("value=\"officer\"", "value=\"\""), texts[0]);
    }
}

#[tokio::test]
async fn a_given_password_is_changed_before_anything_else() {
    for house in House::both().await {
        let officer = house.person("officer");
        desk::reset_password(&house.app, &house.rule(), officer, PASSWORD, true).await.unwrap();
        let first = sign_in(&house, "officer", PASSWORD).await.expect(303);
        assert_eq!(location(&first), "/account/password");
        let old = format!("sid={}", cookie_of(&first, "sid").unwrap());
        for path in ["/people", "/account", "/notices"] {
            let away = browse(&house, "GET", path, &old, &[]).await.expect(303);
            assert_eq!(location(&away), "/account/password");
        }
        let mut api = request("GET", "/api/v1/people", &old, &[]);
        api.headers_mut().remove(header::CONTENT_TYPE);
        assert_eq!(house.send(api).await.expect(401).json()["code"], "change_password");

        let new = "a quiet garden wall";
        for (fields, code) in [
            ([("old", "not it"), ("new", new), ("again", new)], 422),
            ([("old", PASSWORD), ("new", new), ("again", "another")], 422),
            ([("old", PASSWORD), ("new", "short"), ("again", "short")], 422),
            ([("old", PASSWORD), ("new", PASSWORD), ("again", PASSWORD)], 422),
        ] {
            browse(&house, "POST", "/account/password", &old, &fields).await.expect(code);
        }
        let fields = [("old", PASSWORD), ("new", new), ("again", new)];
        let changed = browse(&house, "POST", "/account/password", &old, &fields).await.expect(303);
        let fresh = format!("sid={}", cookie_of(&changed, "sid").unwrap());
        assert_ne!(fresh, old, "the token changes with the privilege");
        browse(&house, "GET", "/people", &fresh, &[]).await.expect(200);
        let away = browse(&house, "GET", "/people", &old, &[]).await.expect(303);
        assert!(location(&away).starts_with("/sign-in?"), "the old token is dead");
        sign_in(&house, "officer", PASSWORD).await.expect(401);
    }
}

#[tokio::test]
async fn a_session_set_by_a_stranger_does_not_become_ours() {
    let house = House::sqlite().await;
    house.give_password("officer").await;
    let planted = house.cookie("officer2").await;
    let fields = [("user", "officer"), ("password", PASSWORD)];
    let answer = browse(&house, "POST", "/sign-in", &planted, &fields).await.expect(303);
    let ours = format!("sid={}", cookie_of(&answer, "sid").unwrap());
    assert_ne!(ours, planted);
    browse(&house, "GET", "/account", &ours, &[]).await.expect(200);
    let away = browse(&house, "GET", "/account", &planted, &[]).await.expect(303);
    assert!(location(&away).starts_with("/sign-in?"), "the session that was brought along has ended");
    let made_up = "sid=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let answer = browse(&house, "POST", "/sign-in", made_up, &fields).await.expect(303);
    assert_ne!(format!("sid={}", cookie_of(&answer, "sid").unwrap()), made_up);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_another_site_cannot_do_it() {
    for house in House::both().await {
        let sid = house.cookie("officer").await;
        let mut foreign = request("POST", "/sign-out", &sid, &[]);
        foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        foreign.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
        house.send(foreign).await.expect(403);
        browse(&house, "GET", "/account", &sid, &[]).await.expect(200);
        let out = browse(&house, "POST", "/sign-out", &sid, &[]).await.expect(303);
        assert_eq!(cookie_of(&out, "sid").as_deref(), Some(""));
        let away = browse(&house, "GET", "/account", &sid, &[]).await.expect(303);
        assert!(location(&away).starts_with("/sign-in?"));
        assert_eq!(count(&house, "SELECT count(*) FROM session".into()).await, 0);
    }
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let house = House::sqlite().await;
    let sid = house.cookie("officer").await;
    house.clock.set(MORNING.plus(buting::http::session::IDLE_MS - 1));
    browse(&house, "GET", "/account", &sid, &[]).await.expect(200);
    // Used now, so the idle time begins again; the whole life does not.
    house.clock.set(MORNING.plus(2 * buting::http::session::IDLE_MS));
    browse(&house, "GET", "/account", &sid, &[]).await.expect(303);
    let sid = house.cookie("officer").await;
    let begun = house.app.now();
    for step in 1..12 {
        house.clock.set(begun.plus(step * HOUR_MS));
        browse(&house, "GET", "/account", &sid, &[]).await.expect(200);
    }
    house.clock.set(begun.plus(buting::http::session::LIFE_MS));
    browse(&house, "GET", "/account", &sid, &[]).await.expect(303);
}

#[tokio::test]
async fn guesses_slow_the_guesser_and_nobody_else() {
    for house in House::both().await {
        house.give_password("officer").await;
        let app = &house.app;
        // The owner has signed in once from this browser.
        let known = signin::sign_in(app, &attempt("officer", PASSWORD, HOME, None)).await.unwrap().device;
        for user in ["officer", "unknown-name"] {
            for _ in 0..6 {
                let refused = signin::sign_in(app, &attempt(user, "a wrong password", ELSEWHERE, None)).await;
                assert!(matches!(refused, Err(Error::Unauthenticated("wrong_credentials"))), "{user}");
            }
            let slowed = signin::sign_in(app, &attempt(user, "a wrong password", ELSEWHERE, None)).await;
            assert!(matches!(slowed, Err(Error::TooMany(_))), "{user} answers alike whether or not it exists");
        }
        // Even the right password waits there …
        let slowed = signin::sign_in(app, &attempt("officer", PASSWORD, ELSEWHERE, None)).await;
        assert!(matches!(slowed, Err(Error::TooMany(_))));
        // … but not at home, not from the known browser behind the guesser's own address.
        signin::sign_in(app, &attempt("officer", PASSWORD, HOME, None)).await.unwrap();
        signin::sign_in(app, &attempt("officer", PASSWORD, ELSEWHERE, Some(&known))).await.unwrap();
        // A made-up device is nobody's, and another's device opens no other account's bucket.
        let slowed = signin::sign_in(app, &attempt("officer", PASSWORD, ELSEWHERE, Some("0123"))).await;
        assert!(matches!(slowed, Err(Error::TooMany(_))));
        // Time heals it.
        house.clock.set(app.now().plus(31_000));
        signin::sign_in(app, &attempt("officer", PASSWORD, ELSEWHERE, None)).await.unwrap();
    }
}

#[tokio::test]
async fn a_crowd_behind_one_address_does_not_shut_a_known_browser_out() {
    let house = House::sqlite().await;
    house.give_password("officer").await;
    let app = &house.app;
    let known = signin::sign_in(app, &attempt("officer", PASSWORD, ELSEWHERE, None)).await.unwrap().device;
    let mut slowed = false;
    for n in 0..70 {
        let user = format!("guess-{n}");
        slowed |= matches!(signin::sign_in(app, &attempt(&user, "x", ELSEWHERE, None)).await, Err(Error::TooMany(_)));
    }
    assert!(slowed, "one address cannot try names without end");
    let stranger = signin::sign_in(app, &attempt("officer", PASSWORD, ELSEWHERE, None)).await;
    assert!(matches!(stranger, Err(Error::TooMany(_))));
    signin::sign_in(app, &attempt("officer", PASSWORD, ELSEWHERE, Some(&known))).await.unwrap();
}

#[tokio::test]
async fn a_forgotten_browser_is_a_stranger_again() {
    let house = House::sqlite().await;
    house.give_password("officer").await;
    let app = &house.app;
    let done = signin::sign_in(app, &attempt("officer", PASSWORD, HOME, None)).await.unwrap();
    let who = house.who("officer").await;
    let mut tx = app.read().await.unwrap();
    let devices = factor::devices(&mut tx, &who).await.unwrap();
    drop(tx);
    assert_eq!(devices.len(), 1);
    factor::forget_device(app, &who, devices[0].id).await.unwrap();
    let sid = format!("sid={}", done.token);
    browse(&house, "GET", "/account", &sid, &[]).await.expect(303);
    for _ in 0..6 {
        signin::sign_in(app, &attempt("officer", "wrong wrong wrong", HOME, Some(&done.device)))
            .await
            .map(|_| ())
            .unwrap_err();
    }
    let slowed = signin::sign_in(app, &attempt("officer", PASSWORD, HOME, None)).await;
    assert!(matches!(slowed, Err(Error::TooMany(_))), "its guesses count against the address again");
    let foreign = factor::forget_device(app, &house.who("officer2").await, devices[0].id).await;
    assert!(matches!(foreign, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_disabled_accounts_sessions_and_tokens_die_at_once() {
    for house in House::both().await {
        let sid = house.cookie("officer").await;
        let token = house.token("officer").await;
        let bearer = |token: &str| {
            let mut request = request("GET", "/api/v1/session", "", &[]);
            request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
            request
        };
        browse(&house, "GET", "/account", &sid, &[]).await.expect(200);
        house.send(bearer(&token)).await.expect(200);
        let sysadmin = house.who("sysadmin").await;
        accounts::disable(&house.app, &sysadmin, house.person("officer"), "手机遗失").await.unwrap();
        browse(&house, "GET", "/account", &sid, &[]).await.expect(303);
        house.send(bearer(&token)).await.expect(401);
        accounts::enable(&house.app, &sysadmin, house.person("officer")).await.unwrap();
        browse(&house, "GET", "/account", &sid, &[]).await.expect(303);
        house.send(bearer(&token)).await.expect(401);
    }
}

// ---- the second factor -----------------------------------------------------

/// The secret of a set-up page, read as an app would read it.
fn secret_of(setup: &factor::Setup) -> Vec<u8> {
    let text: String = setup.typed.chars().filter(|c| !c.is_whitespace()).collect();
    let mut bits = 0_u32;
    let mut n = 0;
    let mut out = Vec::new();
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            other => panic!("{other} is not base32"),
        };
        bits = bits << 5 | u32::from(value);
        n += 5;
        if n >= 8 {
            n -= 8;
            out.push(u8::try_from(bits >> n & 0xff).unwrap());
        }
    }
    out
}

pub fn code_now(house: &House, secret: &[u8]) -> String {
    vault::totp::code_at(secret, u64::try_from(house.app.now().ms() / 1000).unwrap()).unwrap()
}

/// Turns the second factor of an account on; answers secret and recovery codes.
pub async fn turn_on(house: &House, account: &str) -> (Vec<u8>, Vec<String>) {
    house.give_password(account).await;
    let who = house.who(account).await;
    let done = signin::sign_in(&house.app, &attempt(account, PASSWORD, HOME, None)).await.unwrap();
    let setup = factor::begin(&house.app, &who).await.unwrap();
    assert!(setup.uri.starts_with("otpauth://totp/"));
    let secret = secret_of(&setup);
    let digest = vault::token::digest(&done.token);
    let wrong = factor::confirm(&house.app, &who, &digest, PASSWORD, "000000").await.map(|_| ()).unwrap_err();
    assert_eq!(field_code(wrong), "wrong_code");
    let wrong = factor::confirm(&house.app, &who, &digest, "not it at all", &code_now(house, &secret))
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(field_code(wrong), "wrong_password");
    let (completed, codes) =
        factor::confirm(&house.app, &who, &digest, PASSWORD, &code_now(house, &secret)).await.unwrap();
    assert_ne!(completed.token, done.token);
    assert_eq!(codes.len(), factor::RECOVERY_CODES);
    (secret, codes)
}

#[tokio::test]
async fn each_code_of_the_second_factor_works_once() {
    for house in House::both().await {
        let (secret, codes) = turn_on(&house, "officer").await;
        let setup_code = code_now(&house, &secret);
        let first = sign_in(&house, "officer", PASSWORD).await.expect(303);
        assert!(location(&first).starts_with("/sign-in/second"));
        let half = format!("sid={}", cookie_of(&first, "sid").unwrap());
        let away = browse(&house, "GET", "/people", &half, &[]).await.expect(303);
        assert_eq!(location(&away), "/sign-in/second");
        browse(&house, "GET", "/account/second-factor", &half, &[]).await.expect(303);
        // The code that confirmed the set-up is used up.
        browse(&house, "POST", "/sign-in/second", &half, &[("code", &setup_code)]).await.expect(401);
        house.clock.set(house.app.now().plus(30_000));
        let code = code_now(&house, &secret);
        let done = browse(&house, "POST", "/sign-in/second", &half, &[("code", &code)]).await.expect(303);
        let full = format!("sid={}", cookie_of(&done, "sid").unwrap());
        assert_ne!(full, half, "the token changes with the privilege");
        browse(&house, "GET", "/people", &full, &[]).await.expect(200);
        browse(&house, "GET", "/people", &half, &[]).await.expect(303);
        // A replay, from another sign-in in the same half minute.
        let half = session(&house, "officer", PASSWORD).await;
        browse(&house, "POST", "/sign-in/second", &half, &[("code", &code)]).await.expect(401);
        // A recovery code, however it is typed; then never again.
        let typed = codes[0].to_lowercase().replace('-', " ");
        browse(&house, "POST", "/sign-in/second", &half, &[("code", &typed)]).await.expect(303);
        let half = session(&house, "officer", PASSWORD).await;
        browse(&house, "POST", "/sign-in/second", &half, &[("code", &codes[0])]).await.expect(401);
        // Guessing is slowed per account.
        let mut slowed = false;
        for _ in 0..8 {
            slowed |= browse(&house, "POST", "/sign-in/second", &half, &[("code", "123456")]).await.status == 429;
        }
        assert!(slowed);
    }
}

#[tokio::test]
async fn the_second_factor_through_the_api() {
    let house = House::sqlite().await;
    let (secret, _) = turn_on(&house, "officer").await;
    house.clock.set(house.app.now().plus(60_000));
    let body = json!({"user": "officer", "password": PASSWORD});
    let half = house.call("anonymous", "POST", "/api/v1/session", body.clone()).await.expect(200);
    assert_eq!(half.json()["stage"], "second_factor");
    let mut body = body;
    body["totp"] = json!(code_now(&house, &secret));
    let full =
        house.call_with("anonymous", "POST", "/api/v1/session", body, &[("host", "127.0.0.1")]).await.expect(200);
    assert_eq!(full.json()["stage"], "full");
    let sid = format!("sid={}", cookie_of(&full, "sid").unwrap());
    let me = browse(&house, "GET", "/api/v1/session", &sid, &[]).await.expect(200);
    assert_eq!(me.json()["roles"], json!(["officer"]));
    browse(&house, "DELETE", "/api/v1/session", &sid, &[]).await.expect(204);
    browse(&house, "GET", "/api/v1/session", &sid, &[]).await.expect(401);
}

#[tokio::test]
async fn a_zone_may_ask_administrators_and_approvers_for_it() {
    for house in House::both().await {
        house.give_password("leader").await;
        house.give_password("officer").await;
        let mut tx = house.app.db.write().await.unwrap();
        tx.run(sql!("UPDATE zone SET settings = $1 WHERE zone_id = $2", json!({"require_totp": true}), house.zone))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let officer = sign_in(&house, "officer", PASSWORD).await.expect(303);
        assert_eq!(location(&officer), "/");
        let leader = sign_in(&house, "leader", PASSWORD).await.expect(303);
        assert_eq!(location(&leader), "/account/second-factor");
        let sid = format!("sid={}", cookie_of(&leader, "sid").unwrap());
        let away = browse(&house, "GET", "/people", &sid, &[]).await.expect(303);
        assert_eq!(location(&away), "/account/second-factor");
        let page = browse(&house, "GET", "/account/second-factor", &sid, &[]).await.expect(200).text();
        assert!(page.contains("<svg class=\"qr"));
        let setup = factor::begin(&house.app, &house.who("leader").await).await.unwrap();
        let secret = secret_of(&setup);
        let code = code_now(&house, &secret);
        let fields = [("code", code.as_str()), ("password", PASSWORD)];
        let done = browse(&house, "POST", "/account/second-factor", &sid, &fields).await.expect(200);
        assert_eq!(done.text().matches("<li class=\"code\">").count(), factor::RECOVERY_CODES);
        let full = format!("sid={}", cookie_of(&done, "sid").unwrap());
        browse(&house, "GET", "/people", &full, &[]).await.expect(200);
        let refused = factor::off(&house.app, &house.who("leader").await, None, PASSWORD).await.unwrap_err();
        assert_eq!(state_of(refused), "second_factor_required");
    }
}

#[tokio::test]
async fn a_second_factor_is_turned_off_by_its_owner_or_reset_by_the_system_administrator() {
    let house = House::sqlite().await;
    turn_on(&house, "officer").await;
    let who = house.who("officer").await;
    assert_eq!(field_code(factor::off(&house.app, &who, None, "not it").await.unwrap_err()), "wrong_password");
    let codes = factor::new_codes(&house.app, &who, PASSWORD).await.unwrap();
    assert_eq!(codes.len(), factor::RECOVERY_CODES);
    factor::off(&house.app, &who, None, PASSWORD).await.unwrap();
    assert_eq!(location(&sign_in(&house, "officer", PASSWORD).await.expect(303)), "/");

    let (_, _) = turn_on(&house, "officer2").await;
    let id = house.person("officer2");
    for wrong in ["secadmin", "auditor", "leader"] {
        let who = house.who(wrong).await;
        assert!(matches!(accounts::reset_second_factor(&house.app, &who, id).await, Err(Error::Forbidden)), "{wrong}");
    }
    accounts::reset_second_factor(&house.app, &house.who("sysadmin").await, id).await.unwrap();
    assert_eq!(location(&sign_in(&house, "officer2", PASSWORD).await.expect(303)), "/");
}

#[tokio::test]
async fn no_administrator_comes_into_anothers_account_alone() {
    for house in House::both().await {
        let (sysadmin, secadmin) = (house.who("sysadmin").await, house.who("secadmin").await);
        turn_on(&house, "auditor").await;
        let auditor = house.person("auditor");
        let refused = |code: &'static str| move |error: Error| assert_eq!(state_of(error), code);
        let wanted = refused("reset_needs_consent");
        // Alone: neither password nor second factor, neither page nor API.
        wanted(invitations::reset(&house.app, &sysadmin, auditor).await.unwrap_err());
        wanted(accounts::reset_second_factor(&house.app, &sysadmin, auditor).await.unwrap_err());
        wanted(accounts::reset_password(&house.app, &sysadmin, auditor, PASSWORD, true).await.unwrap_err());
        let path = format!("/admin/accounts/{auditor}");
        assert!(!house.page("sysadmin", &path).await.expect(200).text().contains("/reset\""));
        // The security administrator carries nothing out, and allows nothing that needs no consent.
        assert!(matches!(invitations::reset(&house.app, &secadmin, auditor).await, Err(Error::Forbidden)));
        let officer = house.person("officer");
        refused("reset_needs_no_consent")(accounts::allow_reset(&house.app, &secadmin, officer).await.unwrap_err());
        refused("own_account")(
            accounts::allow_reset(&house.app, &secadmin, house.person("secadmin")).await.unwrap_err(),
        );
        for other in ["sysadmin", "auditor", "leader"] {
            let who = house.who(other).await;
            assert!(matches!(accounts::allow_reset(&house.app, &who, auditor).await, Err(Error::Forbidden)), "{other}");
        }
        // Together: one reset, within a day.
        assert!(house.page("secadmin", &path).await.expect(200).text().contains("allow-reset"));
        house.post("secadmin", &format!("{path}/allow-reset"), &[]).await.expect(303);
        assert!(house.page("sysadmin", &path).await.expect(200).text().contains("/reset\""));
        accounts::reset_second_factor(&house.app, &sysadmin, auditor).await.unwrap();
        wanted(invitations::reset(&house.app, &sysadmin, auditor).await.unwrap_err());
        accounts::allow_reset(&house.app, &secadmin, auditor).await.unwrap();
        house.clock.set(MORNING.plus(DAY_MS));
        wanted(invitations::reset(&house.app, &sysadmin, auditor).await.unwrap_err());
        house.call("secadmin", "POST", &format!("/api/v1/accounts/{auditor}/allow-reset"), json!({})).await.expect(200);
        invitations::reset(&house.app, &sysadmin, auditor).await.unwrap();
        // An administrator who never came in gets no second card without it either.
        let never = Invite { people: vec![house.person("secadmin")], ..Invite::default() };
        wanted(invitations::invite(&house.app, &sysadmin, &never).await.unwrap_err());
        // The server's own command line lets in where nobody is left to ask.
        accounts::reset_password(&house.app, &house.rule(), house.person("secadmin"), PASSWORD, true).await.unwrap();
    }
}

#[tokio::test]
async fn a_second_factor_that_is_demanded_holds_for_those_who_are_signed_in() {
    for house in House::both().await {
        turn_on(&house, "dispatcher").await;
        let mut sessions = std::collections::BTreeMap::new();
        for account in ["leader", "dispatcher", "officer", "secadmin"] {
            sessions.insert(account, house.cookie(account).await);
        }
        let demand = |on: &'static str| [("require_totp", on), ("person_days", "365"), ("access_log_months", "12")];
        browse(&house, "POST", "/settings/protection", &sessions["secadmin"], &demand("true")).await.expect(303);
        for (account, restricted) in [("leader", true), ("secadmin", true), ("dispatcher", false), ("officer", false)] {
            let page = browse(&house, "GET", "/account", &sessions[account], &[]).await;
            let led = location(&page) == "/account/second-factor";
            assert_eq!(led, restricted, "{account}: {}", page.status);
        }
        // Taken back, those who waited go on.
        house.post("secadmin", "/settings/protection", &demand("false")).await.expect(303);
        browse(&house, "GET", "/account", &sessions["leader"], &[]).await.expect(200);
    }
}

// ---- invitations -----------------------------------------------------------

async fn add_contact(house: &House, name: &str) -> Uuid {
    let new = NewPerson {
        name: name.into(),
        enterprise_id: Some(house.enterprise),
        phone: Some("13900000001".into()),
        ..NewPerson::default()
    };
    desk::add_person(&house.app, &house.rule(), new).await.unwrap()
}

async fn invite(house: &House, as_account: &str, person: Uuid) -> Card {
    let who = house.who(as_account).await;
    let wanted = Invite { people: vec![person], ..Invite::default() };
    invitations::invite(&house.app, &who, &wanted).await.unwrap().remove(0)
}

async fn accept(house: &House, key: Key<'_>, user_name: &str) -> Result<Purpose, Error> {
    let acceptance = Acceptance {
        key,
        user_name: Some(user_name),
        password: "three quiet words",
        address: address(HOME),
        agent: "test",
    };
    invitations::accept(&house.app, &acceptance).await.map(|(offer, _)| offer.purpose)
}

#[tokio::test]
async fn an_invitation_works_once_by_link_or_by_code() {
    for house in House::both().await {
        let person = add_contact(&house, "王新来").await;
        let card = invite(&house, "dispatcher", person).await;
        let stored =
            count(&house, sql!("SELECT count(*) FROM invitation WHERE digest = $1", vault::token::digest(&card.token)))
                .await;
        assert_eq!(stored, 1, "only the digest is stored");

        // The page tells whom it is for and proposes a name; looking uses nothing up.
        let page = browse(&house, "GET", &format!("/join?t={}", card.token), "", &[]).await.expect(200).text();
        assert!(page.contains("王新来") && page.contains("wangxinlai"), "{page}");
        let page =
            browse(&house, "POST", "/join/code", "", &[("code", &card.code.to_lowercase())]).await.expect(200).text();
        assert!(page.contains("王新来"));

        let weak = [("t", card.token.as_str()), ("user_name", "wang"), ("new", "short"), ("again", "short")];
        browse(&house, "POST", "/join", "", &weak).await.expect(422);
        let taken = [
            ("t", card.token.as_str()),
            ("user_name", "officer"),
            ("new", "three quiet words"),
            ("again", "three quiet words"),
        ];
        browse(&house, "POST", "/join", "", &taken).await.expect(422);
        let good = [
            ("t", card.token.as_str()),
            ("user_name", "wang.xl"),
            ("new", "three quiet words"),
            ("again", "three quiet words"),
        ];
        let done = browse(&house, "POST", "/join", "", &good).await.expect(303);
        assert_eq!(location(&done), "/");
        let sid = format!("sid={}", cookie_of(&done, "sid").unwrap());
        let me = browse(&house, "GET", "/api/v1/session", &sid, &[]).await.expect(200).json();
        assert_eq!(me["roles"], json!(["enterprise"]), "the role follows from the place");

        for key in [Key::Link(&card.token), Key::Code(&card.code)] {
            assert_eq!(state_of(accept(&house, key, "again").await.unwrap_err()), "invitation_used");
        }
        sign_in(&house, "wang.xl", "three quiet words").await.expect(303);
        let who = house.who("dispatcher").await;
        let again = invitations::invite(&house.app, &who, &Invite { people: vec![person], ..Invite::default() }).await;
        assert_eq!(state_of(again.map(|_| ()).unwrap_err()), "has_account");
    }
}

#[tokio::test]
async fn an_invitation_expires_and_is_taken_back() {
    for house in House::both().await {
        let person = add_contact(&house, "李到期").await;
        let first = invite(&house, "dispatcher", person).await;
        let second = invite(&house, "dispatcher", person).await;
        let old = accept(&house, Key::Link(&first.token), "li").await.unwrap_err();
        assert_eq!(state_of(old), "invitation_revoked", "a new card ends the one before");
        let who = house.who("dispatcher").await;
        invitations::revoke(&house.app, &who, second.id).await.unwrap();
        assert_eq!(state_of(accept(&house, Key::Code(&second.code), "li").await.unwrap_err()), "invitation_revoked");
        assert_eq!(state_of(invitations::revoke(&house.app, &who, second.id).await.unwrap_err()), "invitation_over");
        let third = invitations::renew(&house.app, &who, second.id).await.unwrap();
        house.clock.set(house.app.now().plus(7 * DAY_MS));
        assert_eq!(state_of(accept(&house, Key::Link(&third.token), "li").await.unwrap_err()), "invitation_expired");
        assert_eq!(state_of(accept(&house, Key::Link("no such token"), "li").await.unwrap_err()), "invitation_unknown");
        let days = Invite { people: vec![person], days: Some(31), ..Invite::default() };
        assert_eq!(field_code(invitations::invite(&house.app, &who, &days).await.map(|_| ()).unwrap_err()), "range");
    }
}

#[tokio::test]
async fn of_two_who_use_one_card_at_once_one_is_told() {
    for house in House::both().await {
        let person = add_contact(&house, "赵同时").await;
        let card = invite(&house, "dispatcher", person).await;
        let (a, b) = tokio::join!(
            accept(&house, Key::Link(&card.token), "zhao.a"),
            accept(&house, Key::Code(&card.code), "zhao.b")
        );
        let used = [a, b].into_iter().filter_map(Result::err).map(state_of).collect::<Vec<_>>();
        assert_eq!(used, ["invitation_used"]);
    }
}

#[tokio::test]
async fn typed_codes_are_slowed_per_address() {
    let house = House::sqlite().await;
    let mut slowed = false;
    for n in 0..30 {
        let code = format!("ABCD-{n:04}");
        let answer = browse(&house, "POST", "/join/code", "", &[("code", &code)]).await;
        assert!(matches!(answer.status.as_u16(), 409 | 429), "{}", answer.status);
        slowed |= answer.status == 429;
    }
    assert!(slowed);
}

#[tokio::test]
async fn who_may_invite_whom() {
    for house in House::both().await {
        let contact = add_contact(&house, "孙某某").await;
        let staff =
            NewPerson { name: "新同事".into(), department_id: Some(house.department), ..NewPerson::default() };
        let staff = desk::add_person(&house.app, &house.rule(), staff).await.unwrap();
        let partner = NewPerson { name: "交警某".into(), department_id: Some(house.agency), ..NewPerson::default() };
        let partner = desk::add_person(&house.app, &house.rule(), partner).await.unwrap();
        // enterprise holds the right to manage: it was the first account there.
        for (account, person, allowed) in [
            ("sysadmin", contact, true),
            ("dispatcher", contact, true),
            ("leader", contact, true),
            ("officer", contact, false), // not assigned
            ("enterprise", contact, true),
            ("enterprise2", contact, false),
            ("project", contact, false),
            ("secadmin", contact, false),
            ("auditor", contact, false),
            ("agency", contact, false),
            ("leader@zone2", contact, false),
            ("sysadmin", staff, true),
            ("dispatcher", staff, true),
            ("officer", staff, false),
            ("enterprise", staff, false),
            ("officer", partner, true),
            ("specialist", partner, true),
            ("enterprise", partner, false),
        ] {
            let who = house.who(account).await;
            let done =
                invitations::invite(&house.app, &who, &Invite { people: vec![person], ..Invite::default() }).await;
            assert_eq!(done.is_ok(), allowed, "{account}: {:?}", done.err());
        }
        let foreign = house.who("leader@zone2").await;
        let refused =
            invitations::invite(&house.app, &foreign, &Invite { people: vec![contact], ..Invite::default() }).await;
        assert!(matches!(refused, Err(Error::NotFound)), "another zone's people do not exist");
    }
}

#[tokio::test]
async fn a_whole_department_and_a_whole_register_are_invited_at_once() {
    for house in House::both().await {
        for n in 0..12 {
            add_contact(&house, &format!("联系人{n}")).await;
        }
        let gone = add_contact(&house, "已走").await;
        desk::leave(&house.app, &house.rule(), gone, leaving("", false)).await.unwrap();
        let who = house.who("dispatcher").await;
        let wanted = Invite { enterprise_ids: vec![house.enterprise], ..Invite::default() };
        let cards = invitations::invite(&house.app, &who, &wanted).await.unwrap();
        // The account of the house itself has no password yet, so it is invited too.
        assert_eq!(cards.len(), 13);
        let codes: std::collections::HashSet<_> = cards.iter().map(|card| &card.code).collect();
        assert_eq!(codes.len(), cards.len());
        let wanted = Invite { department_id: Some(house.agency), ..Invite::default() };
        assert_eq!(invitations::invite(&house.app, &who, &wanted).await.unwrap().len(), 1);
        // The same post again is not carried out twice, and shows no code again.
        let once = house.who_once("dispatcher", "bulk-1").await;
        let wanted = Invite { department_id: Some(house.other_department), ..Invite::default() };
        invitations::invite(&house.app, &once, &wanted).await.unwrap();
        assert!(matches!(invitations::invite(&house.app, &once, &wanted).await, Err(Error::Replayed(_))));
        // On paper: one slip each, with its own picture.
        let people: Vec<String> = cards.iter().map(|card| card.person_id.to_string()).collect();
        let mut fields: Vec<(&str, &str)> = people.iter().map(|id| ("people", id.as_str())).collect();
        fields.push(("days", "3"));
        let sheet = house.post("dispatcher", "/invitations/new", &fields).await.expect(200).text();
        assert_eq!(sheet.matches("<li class=\"slip\">").count(), 13);
        assert_eq!(sheet.matches("<svg class=\"qr\"").count(), 13);
    }
}

#[tokio::test]
async fn a_lost_password_is_mended_by_a_code() {
    for house in House::both().await {
        let (secret, _) = turn_on(&house, "enterprise").await;
        let id = house.person("enterprise");
        for (account, allowed) in [
            ("sysadmin", true),
            ("dispatcher", true),
            ("officer", false),
            ("enterprise2", false),
            ("secadmin", false),
            ("leader@zone2", false),
        ] {
            let who = house.who(account).await;
            assert_eq!(invitations::reset(&house.app, &who, id).await.is_ok(), allowed, "{account}");
        }
        house.give_password("officer").await;
        let dispatcher = house.who("dispatcher").await;
        let staff = invitations::reset(&house.app, &dispatcher, house.person("officer")).await;
        assert!(matches!(staff, Err(Error::Forbidden)), "staff go to the system administrator");

        let sid = house.cookie("enterprise").await;
        let card = invitations::reset(&house.app, &dispatcher, id).await.unwrap();
        // Until it is used the old password holds.
        assert!(location(&sign_in(&house, "enterprise", PASSWORD).await.expect(303)).starts_with("/sign-in/second"));
        let new = "a new and quiet word";
        let fields = [("code", card.code.as_str()), ("new", new), ("again", new)];
        let done = browse(&house, "POST", "/join", "", &fields).await.expect(303);
        assert_eq!(location(&done), "/sign-in");
        assert!(cookie_of(&done, "sid").is_none(), "a reset does not step over the second factor");
        browse(&house, "GET", "/account", &sid, &[]).await.expect(303);
        sign_in(&house, "enterprise", PASSWORD).await.expect(401);
        let half = session(&house, "enterprise", new).await;
        house.clock.set(house.app.now().plus(60_000));
        browse(&house, "POST", "/sign-in/second", &half, &[("code", &code_now(&house, &secret))]).await.expect(303);
        let expired = invitations::reset(&house.app, &dispatcher, id).await.unwrap();
        house.clock.set(house.app.now().plus(DAY_MS));
        assert_eq!(state_of(accept(&house, Key::Code(&expired.code), "x").await.unwrap_err()), "invitation_expired");
    }
}

// ---- administrators --------------------------------------------------------

#[tokio::test]
async fn three_administrators_keep_each_other_in_check() {
    for house in House::both().await {
        let app = &house.app;
        let (sysadmin, secadmin, auditor) =
            (house.who("sysadmin").await, house.who("secadmin").await, house.who("auditor").await);
        let new = NewPerson { name: "新干部".into(), department_id: Some(house.department), ..NewPerson::default() };
        let person = desk::add_person(app, &sysadmin, new).await.unwrap();
        let account =
            NewAccount { person_id: person, user_name: "new", password: None, must_change: false, grants: &[] };
        for who in [&secadmin, &auditor] {
            assert!(matches!(desk::add_account(app, who, &account).await, Err(Error::Forbidden)));
        }
        let with_role = [Grant::usual(Role::Officer)];
        let with_role = NewAccount {
            grants: &with_role,
            ..NewAccount { person_id: person, user_name: "new", password: None, must_change: false, grants: &[] }
        };
        assert!(
            matches!(desk::add_account(app, &sysadmin, &with_role).await, Err(Error::Forbidden)),
            "who opens does not give roles"
        );
        desk::add_account(app, &sysadmin, &account).await.unwrap();
        let told = count(
            &house,
            sql!(
                "SELECT count(*) FROM notice WHERE person_id = $1 AND kind = 'account.roles_wanted'",
                house.person("secadmin")
            ),
        )
        .await;
        assert_eq!(told, 1);

        let grants = [Grant::usual(Role::Officer)];
        for who in [&sysadmin, &auditor] {
            assert!(matches!(accounts::set_roles(app, who, person, &grants).await, Err(Error::Forbidden)));
        }
        for (grants, code) in [
            (vec![Grant::usual(Role::Sysadmin), Grant::usual(Role::Secadmin)], "three_administrators"),
            (vec![Grant::usual(Role::Auditor), Grant::usual(Role::Officer)], "three_administrators"),
            (vec![Grant::usual(Role::Enterprise)], "role_place"),
            (vec![Grant { role: Role::Officer, scope: ScopeKind::Departments, departments: vec![] }], "role_scope"),
            (
                vec![Grant { role: Role::Officer, scope: ScopeKind::Departments, departments: vec![Uuid::now_v7()] }],
                "unknown",
            ),
        ] {
            assert_eq!(field_code(accounts::set_roles(app, &secadmin, person, &grants).await.unwrap_err()), code);
        }
        accounts::set_roles(app, &secadmin, person, &grants).await.unwrap();
        let own = accounts::set_roles(app, &secadmin, house.person("secadmin"), &grants).await.unwrap_err();
        assert_eq!(state_of(own), "own_roles");
        for admin in ["auditor", "sysadmin"] {
            let last = accounts::set_roles(app, &secadmin, house.person(admin), &grants).await.unwrap_err();
            assert_eq!(state_of(last), "last_administrator");
        }
        let last = accounts::disable(app, &sysadmin, house.person("secadmin"), "").await.unwrap_err();
        assert_eq!(state_of(last), "last_administrator");
        let last = desk::leave(app, &sysadmin, house.person("auditor"), leaving("", false)).await.unwrap_err();
        assert_eq!(state_of(last), "last_administrator");
        assert_eq!(
            state_of(accounts::disable(app, &sysadmin, house.person("sysadmin"), "").await.unwrap_err()),
            "own_account"
        );
    }
}

#[tokio::test]
async fn new_roles_begin_with_a_new_sign_in() {
    let house = House::sqlite().await;
    let sid = house.cookie("officer").await;
    let secadmin = house.who("secadmin").await;
    let grants =
        [Grant { role: Role::Officer, scope: ScopeKind::Departments, departments: vec![house.other_department] }];
    accounts::set_roles(&house.app, &secadmin, house.person("officer"), &grants).await.unwrap();
    browse(&house, "GET", "/people", &sid, &[]).await.expect(303);
    let who = house.who("officer").await;
    assert_eq!(who.scope, buting::actor::Scope::Departments(vec![house.other_department]));
    // A stale form is refused.
    let mut stale = secadmin.clone();
    stale.seen_version = Some(1);
    let refused = accounts::set_roles(&house.app, &stale, house.person("officer"), &grants).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::Stale(2)))));
}

#[tokio::test]
async fn accounts_through_the_api_and_the_pages() {
    for house in House::both().await {
        let id = house.person("officer");
        for (account, status) in [
            ("sysadmin", 200),
            ("secadmin", 200),
            ("auditor", 200),
            ("leader", 403),
            ("enterprise", 403),
            ("anonymous", 401),
        ] {
            house.call(account, "GET", &format!("/api/v1/accounts/{id}"), Json::Null).await.expect(status);
        }
        let list =
            house.call("auditor", "GET", "/api/v1/accounts?role=officer&limit=1", Json::Null).await.expect(200).json();
        assert_eq!(list["total"], 2);
        assert_eq!(list["items"][0]["user_name"], "officer");
        let cursor = list["next_cursor"].as_str().unwrap().to_owned();
        let next = house
            .call("auditor", "GET", &format!("/api/v1/accounts?role=officer&limit=1&cursor={cursor}"), Json::Null)
            .await
            .expect(200)
            .json();
        assert_eq!(next["items"][0]["user_name"], "officer2");
        assert_eq!(next["next_cursor"], Json::Null);
        house
            .call("sysadmin", "POST", &format!("/api/v1/accounts/{id}/disable"), json!({"reason": "调离"}))
            .await
            .expect(200);
        let seen =
            house.call("sysadmin", "GET", &format!("/api/v1/accounts/{id}"), Json::Null).await.expect(200).json();
        assert_eq!(seen["state"], "disabled");
        house.call("secadmin", "POST", &format!("/api/v1/accounts/{id}/enable"), json!({})).await.expect(403);
        house.call("sysadmin", "POST", &format!("/api/v1/accounts/{id}/enable"), json!({})).await.expect(200);
        let roles = json!({"grants": [{"role": "specialist", "scope": "assignments", "departments": []}]});
        house.call("sysadmin", "POST", &format!("/api/v1/accounts/{id}/roles"), roles.clone()).await.expect(403);
        let set =
            house.call("secadmin", "POST", &format!("/api/v1/accounts/{id}/roles"), roles).await.expect(200).json();
        assert_eq!(set["grants"][0]["role"], "specialist");
        let form = [("role", "officer"), ("scope-officer", "department")];
        house.post("secadmin", &format!("/admin/accounts/{id}/roles"), &form).await.expect(303);
        assert_eq!(house.who("officer").await.roles.iter().collect::<Vec<_>>(), [Role::Officer]);
        house
            .post("secadmin", &format!("/admin/accounts/{id}/roles"), &[("role", "sysadmin"), ("role", "officer")])
            .await
            .expect(422);
        house.post("sysadmin", &format!("/admin/accounts/{id}/roles"), &form).await.expect(403);
    }
}

// ---- people and departments ------------------------------------------------

#[tokio::test]
async fn numbers_are_masked_and_every_view_is_logged() {
    for house in House::both().await {
        let id = house.person("officer2");
        let seen = house.call("leader", "GET", &format!("/api/v1/people/{id}"), Json::Null).await.expect(200).json();
        assert_eq!(seen["phone"], "138****0000");
        let page = house.page("leader", &format!("/people/{id}")).await.expect(200).text();
        assert!(page.contains("138****0000") && !page.contains("13800000000"));
        let list = house.call("leader", "GET", "/api/v1/people?limit=200", Json::Null).await.expect(200);
        // The reader's own number is his own; everybody else's is masked.
        assert_eq!(list.text().matches("13800000000").count(), 1);
        let views = "SELECT count(*) FROM access_log WHERE kind = 'show_numbers'";
        assert_eq!(count(&house, views.into()).await, 0);
        let shown =
            house.call("leader", "POST", &format!("/api/v1/people/{id}/numbers"), Json::Null).await.expect(200).json();
        assert_eq!(shown["phone"], "13800000000");
        let page = house.post("leader", &format!("/people/{id}/numbers"), &[]).await.expect(200).text();
        assert!(page.contains("tel:13800000000"));
        assert_eq!(count(&house, views.into()).await, 2);
        // One's own are one's own.
        let own = house.call("officer2", "GET", &format!("/api/v1/people/{id}"), Json::Null).await.expect(200).json();
        assert_eq!(own["phone"], "13800000000");
        // Contacts are for those who reach them.
        let contact = house.person("enterprise");
        house.call("leader", "GET", &format!("/api/v1/people/{contact}"), Json::Null).await.expect(200);
        for (account, status) in [("officer", 404), ("enterprise2", 404), ("project", 404), ("leader@zone2", 404)] {
            house.call(account, "GET", &format!("/api/v1/people/{contact}"), Json::Null).await.expect(status);
            house.call(account, "POST", &format!("/api/v1/people/{contact}/numbers"), Json::Null).await.expect(status);
        }
        for (account, status) in [("auditor", 403), ("secadmin", 403)] {
            house.call(account, "POST", &format!("/api/v1/people/{contact}/numbers"), Json::Null).await.expect(status);
        }
    }
}

#[tokio::test]
async fn people_are_found_changed_and_leave() {
    for house in House::both().await {
        let new =
            json!({"name": "欧阳修远", "title": "科员", "phone": "139 0000 0018", "department_id": house.department});
        house.call("officer", "POST", "/api/v1/people", new.clone()).await.expect(403);
        let made = house.call("dispatcher", "POST", "/api/v1/people", new).await.expect(201).json();
        let id = made["id"].as_str().unwrap().to_owned();
        assert_eq!(made["phone"], "139****0018");
        for q in ["欧阳", "ouyang", "OYXY"] {
            let found = house
                .call("officer", "GET", &format!("/api/v1/people?q={}", encode(q)), Json::Null)
                .await
                .expect(200)
                .json();
            assert_eq!(found["items"][0]["id"], json!(id), "{q}");
        }
        let path = format!("/api/v1/people/{id}");
        house.call("officer", "PATCH", &path, json!({"title": "副科长"})).await.expect(403);
        let changed = house
            .call("dispatcher", "PATCH", &path, json!({"title": "副科长", "phone": null}))
            .await
            .expect(200)
            .json();
        assert_eq!((&changed["title"], &changed["phone"]), (&json!("副科长"), &Json::Null));
        let stale = [("if-match", "\"v1\"")];
        house.call_with("dispatcher", "PATCH", &path, json!({"title": "x"}), &stale).await.expect(412);
        house.call("dispatcher", "PATCH", &path, json!({"department_id": Uuid::now_v7()})).await.expect(422);
        house.call("dispatcher", "PATCH", &path, json!({"nonsense": 1})).await.expect(400);
        house.call("leader@zone2", "PATCH", &path, json!({"title": "x"})).await.expect(404);
        // The ledger holds that it changed, not the number.
        let rows = house
            .app
            .read()
            .await
            .unwrap()
            .all(sql!(
                "SELECT before, after FROM ledger WHERE subject = 'person' AND subject_id = $1",
                Uuid::parse_str(&id).unwrap()
            ))
            .await
            .unwrap();
        assert_eq!(rows.len(), 2);
        for row in rows {
            let text = format!(
                "{:?}{:?}",
                row.get::<Option<String>>("before").unwrap(),
                row.get::<Option<String>>("after").unwrap()
            );
            assert!(!text.contains("13900000018") && !text.contains("欧阳修远"), "{text}");
        }
        house.call("dispatcher", "POST", &format!("{path}/leave"), json!({"reason": "调离"})).await.expect(200);
        let there = house.call("officer", "GET", "/api/v1/people?q=ouyang", Json::Null).await.expect(200).json();
        assert_eq!(there["total"], 0);
        let left = house.call("officer", "GET", "/api/v1/people?group=left", Json::Null).await.expect(200).json();
        assert_eq!(left["items"][0]["id"], json!(id));
        house.call("dispatcher", "POST", &format!("{path}/leave"), json!({})).await.expect(409);
        desk::come_back(&house.app, &house.who("dispatcher").await, Uuid::parse_str(&id).unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn a_person_does_not_move_to_where_the_roles_do_not_fit() {
    let house = House::sqlite().await;
    let who = house.who("dispatcher").await;
    let change = PersonChange { department_id: Patch::Set(house.agency), ..PersonChange::default() };
    let refused = desk::change_person(&house.app, &who, house.person("officer"), change).await.unwrap_err();
    assert_eq!(state_of(refused), "roles_do_not_fit");
    let change = PersonChange { department_id: Patch::Set(house.other_department), ..PersonChange::default() };
    desk::change_person(&house.app, &who, house.person("officer"), change).await.unwrap();
}

#[tokio::test]
async fn an_enterprise_keeps_its_own_people() {
    for house in House::both().await {
        let app = &house.app;
        let (manager, manager_id) = (house.who("enterprise").await, house.person("enterprise"));
        let mut tx = app.read().await.unwrap();
        assert!(desk::manages(&mut tx, &manager).await.unwrap(), "the first account of an enterprise manages it");
        drop(tx);
        // A colleague, invited, without the right.
        let new = NewPerson { name: "小张".into(), enterprise_id: Some(house.enterprise), ..NewPerson::default() };
        let colleague = desk::add_person(app, &manager, new).await.unwrap();
        let card = invite(&house, "enterprise", colleague).await;
        accept(&house, Key::Link(&card.token), "xiaozhang").await.unwrap();
        let mut tx = app.read().await.unwrap();
        let who = buting::http::session::actor_of(&mut tx, house.zone, colleague).await.unwrap();
        drop(tx);
        let new = NewPerson { name: "小李".into(), enterprise_id: Some(house.enterprise), ..NewPerson::default() };
        assert!(matches!(desk::add_person(app, &who, new.clone()).await, Err(Error::Forbidden)));
        assert!(matches!(desk::leave(app, &who, manager_id, leaving("", false)).await, Err(Error::Forbidden)));
        let foreign = NewPerson { enterprise_id: Some(house.other_enterprise), ..new };
        assert_eq!(field_code(desk::add_person(app, &manager, foreign).await.unwrap_err()), "unknown");
        // The only manager cannot drop the right, but passes it on by leaving.
        let refused = accounts::set_right(app, &house.rule(), manager_id, Right::Manage, false).await.unwrap_err();
        assert_eq!(state_of(refused), "last_manager");
        desk::leave(app, &house.who("dispatcher").await, manager_id, leaving("离职", false)).await.unwrap();
        let mut tx = app.read().await.unwrap();
        assert!(desk::manages(&mut tx, &who).await.unwrap());
        drop(tx);
        // Now the last contact: only with open eyes, and the office is told.
        let leader = house.person("leader");
        let mut tx = app.db.write().await.unwrap();
        tx.run(sql!(
            "INSERT INTO assignment (zone_id, id, subject_kind, subject_id, role, person_id, valid_from, created_at, version)
             VALUES ($1, $2, 'enterprise', $3, 'lead_leader', $4, $5, $5, 1)",
            house.zone, Uuid::now_v7(), house.enterprise, leader, house.app.now()
        ))
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let dispatcher = house.who("dispatcher").await;
        assert_eq!(
            state_of(desk::leave(app, &dispatcher, colleague, leaving("", false)).await.unwrap_err()),
            "last_contact"
        );
        let page = house.page("dispatcher", &format!("/people/{colleague}/leave")).await.expect(200).text();
        assert!(page.contains("last_contact"));
        desk::leave(app, &dispatcher, colleague, leaving("", true)).await.unwrap();
        sign_in(&house, "xiaozhang", "three quiet words").await.expect(401);
        let told = count(
            &house,
            sql!("SELECT count(*) FROM notice WHERE person_id = $1 AND kind = 'person.last_contact'", leader),
        )
        .await;
        assert_eq!(told, 1);
    }
}

#[tokio::test]
async fn departments_change_and_close() {
    for house in House::both().await {
        let new = json!({"name": "投资促进部", "kind": "department", "short_name": "投促"});
        house.call("officer", "POST", "/api/v1/departments", new.clone()).await.expect(403);
        let made = house.call("sysadmin", "POST", "/api/v1/departments", new).await.expect(201).json();
        let id = made["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/departments/{id}");
        let changed = house
            .call("dispatcher", "PATCH", &path, json!({"short_name": "投资促进", "parent_id": house.department}))
            .await
            .expect(200)
            .json();
        assert_eq!((&changed["short_name"], &changed["version"]), (&json!("投资促进"), &json!(2)));
        // Not under itself, nor under what comes under it.
        let parent = format!("/api/v1/departments/{}", house.department);
        for parent_id in [json!(house.department), json!(id)] {
            house.call("dispatcher", "PATCH", &parent, json!({"parent_id": parent_id})).await.expect(422);
        }
        house.call("dispatcher", "PATCH", &parent, json!({"kind": "bank"})).await.expect(422);
        house.call("dispatcher", "POST", &format!("{parent}/close"), json!({})).await.expect(409);
        house.call("dispatcher", "POST", &format!("{path}/close"), json!({"reason": "机构改革"})).await.expect(200);
        house.call("dispatcher", "PATCH", &path, json!({"name": "x"})).await.expect(409);
        house
            .call("dispatcher", "POST", "/api/v1/people", json!({"name": "某人", "department_id": id}))
            .await
            .expect(422);
        house.call("dispatcher@zone2", "PATCH", &path, json!({"name": "x"})).await.expect(404);
        let who = house.who("officer").await;
        let refused = desk::change_department(&house.app, &who, house.department, DepartmentChange::default()).await;
        assert!(matches!(refused, Err(Error::Forbidden)));
    }
}

// ---- tokens, notices, pages ------------------------------------------------

#[tokio::test]
async fn tokens_are_made_listed_and_revoked() {
    for house in House::both().await {
        let made = house
            .call("officer", "POST", "/api/v1/tokens", json!({"name": "报表", "scopes": "people:read"}))
            .await
            .expect(201)
            .json();
        let (id, token) = (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned());
        let with = |method: &str, path: &str| {
            let mut request = request(method, path, "", &[]);
            request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
            request
        };
        house.send(with("GET", "/api/v1/people")).await.expect(200);
        house.send(with("GET", "/api/v1/departments")).await.expect(403);
        let list = house.call("officer", "GET", "/api/v1/tokens", Json::Null).await.expect(200);
        assert!(
            list.json()["items"].as_array().unwrap().iter().any(|t| t["id"] == json!(id) && !t["seen_at"].is_null())
        );
        assert!(!list.text().contains(&token));
        house.call("officer2", "POST", &format!("/api/v1/tokens/{id}/revoke"), json!({})).await.expect(404);
        house.call("officer", "POST", &format!("/api/v1/tokens/{id}/revoke"), json!({})).await.expect(200);
        house.send(with("GET", "/api/v1/people")).await.expect(401);
        house.call("officer", "POST", "/api/v1/tokens", json!({"name": "x", "scopes": "everything"})).await.expect(422);
        let page = house
            .post("officer", "/account/tokens", &[("token_name", "脚本"), ("scopes", "read"), ("days", "30")])
            .await
            .expect(200)
            .text();
        assert!(page.contains("<code>bt_"));
    }
}

#[tokio::test]
async fn notices_are_read_one_by_one_or_all() {
    for house in House::both().await {
        let who = house.who("leader").await;
        let mut work = house.app.work(&who).await.unwrap();
        for n in 0..3 {
            let subject = buting::app::Subject::new("person", house.person("officer2"));
            work.notify(house.person("officer"), "invitation.accepted", subject, json!({"name": format!("第{n}人")}))
                .await
                .unwrap();
        }
        work.commit(house.zone).await.unwrap();
        let page = house.page("officer", "/notices").await.expect(200).text();
        assert_eq!(page.matches("已启用账号").count(), 3);
        let unread =
            sql!("SELECT count(*) FROM notice WHERE person_id = $1 AND read_at IS NULL", house.person("officer"));
        let one: Uuid = house
            .app
            .read()
            .await
            .unwrap()
            .value(sql!("SELECT id FROM notice WHERE person_id = $1 LIMIT 1", house.person("officer")))
            .await
            .unwrap();
        house.page("officer2", &format!("/notices/{one}")).await.expect(404);
        let there = house.page("officer", &format!("/notices/{one}")).await.expect(303);
        assert_eq!(location(&there), format!("/people/{}", house.person("officer2")));
        assert_eq!(count(&house, unread.clone()).await, 2);
        house.post("officer2", "/notices/read", &[]).await.expect(303);
        assert_eq!(count(&house, unread.clone()).await, 2);
        house.post("officer", "/notices/read", &[]).await.expect(303);
        assert_eq!(count(&house, unread).await, 0);
        assert!(house.page("officer", "/notices?show=unread").await.expect(200).text().contains("没有未读消息"));
    }
}

#[tokio::test]
async fn every_page_opens_for_whom_it_is_and_for_nobody_else() {
    let house = House::sqlite().await;
    let officer2 = house.person("officer2");
    let contact = house.person("enterprise");
    let department = house.department;
    let pages: Vec<(String, &[&str])> = vec![
        (
            "/people".into(),
            &["leader", "dispatcher", "officer", "specialist", "oversight", "sysadmin", "secadmin", "auditor"],
        ),
        ("/people?group=left&q=x".into(), &["officer"]),
        ("/people/new".into(), &["dispatcher", "officer", "sysadmin"]),
        (format!("/people/new?enterprise={}", house.enterprise), &["dispatcher"]),
        (format!("/people/{officer2}"), &["leader", "sysadmin", "officer2"]),
        (format!("/people/{officer2}/edit"), &["dispatcher", "sysadmin"]),
        (format!("/people/{officer2}/leave"), &["dispatcher", "sysadmin"]),
        (format!("/people/{contact}"), &["leader", "enterprise", "sysadmin"]),
        (format!("/people/{contact}/leave"), &["leader"]),
        ("/colleagues".into(), &["enterprise", "project"]),
        ("/departments".into(), &["officer", "auditor"]),
        ("/departments/new".into(), &["dispatcher", "sysadmin"]),
        (format!("/departments/{department}"), &["officer", "dispatcher"]),
        (format!("/departments/{department}/edit"), &["dispatcher", "sysadmin"]),
        ("/admin/accounts".into(), &["sysadmin", "secadmin", "auditor"]),
        ("/admin/accounts?q=off&state=invited&role=officer".into(), &["sysadmin"]),
        ("/admin/accounts?role=none".into(), &["secadmin"]),
        ("/admin/accounts/new".into(), &["sysadmin"]),
        (format!("/admin/accounts/{officer2}"), &["sysadmin", "secadmin", "auditor"]),
        ("/invitations".into(), &["dispatcher", "officer", "sysadmin", "auditor", "enterprise"]),
        ("/invitations/new".into(), &["dispatcher", "officer", "sysadmin", "enterprise"]),
        (format!("/invitations/new?department={department}"), &["dispatcher"]),
        ("/invitations/new?of=enterprises&q=测试".into(), &["dispatcher"]),
        (format!("/invitations/new?person={contact}"), &["dispatcher"]),
        ("/account".into(), &["leader", "agency", "enterprise", "auditor"]),
        ("/account/security".into(), &["leader", "agency", "enterprise", "auditor"]),
        ("/account/second-factor".into(), &["leader"]),
        ("/account/password".into(), &["leader"]),
        ("/notices".into(), &["leader", "agency", "enterprise", "auditor"]),
        ("/join".into(), &["anonymous"]),
        ("/forgot".into(), &["anonymous"]),
        ("/sign-in".into(), &["anonymous"]),
    ];
    for (path, accounts) in pages {
        let path = path.replace("测试", "%E6%B5%8B%E8%AF%95");
        for account in accounts {
            for lang in ["zh-CN", "en"] {
                let mut request = request("GET", &path, "", &[]);
                let mut cookies = format!("lang={lang}");
                if *account != "anonymous" {
                    cookies = format!("{cookies}; {}", house.cookie(account).await);
                }
                request.headers_mut().insert(header::COOKIE, cookies.parse().unwrap());
                let page = house.send(request).await.expect(200).text();
                assert!(page.contains(&format!("<html lang=\"{lang}\"")), "{path} as {account}");
                assert!(page.contains("<h1"), "{path} as {account}");
                for missing in ["conflict-", "invalid-", "org-", "scope-all", "account-state-", "notice-"] {
                    let text =
                        page.replace("name=\"scope-", "").replace("id=\"f-scope-", "").replace("for=\"f-scope-", "");
                    assert!(
                        !text.contains(&format!(">{missing}")),
                        "{path} as {account} in {lang} lacks a text: {missing}"
                    );
                }
            }
        }
    }
    for (account, path, status) in [
        ("enterprise", "/people".to_owned(), 403),
        ("agency", "/people".to_owned(), 403),
        ("officer", "/admin/accounts".to_owned(), 403),
        ("enterprise2", format!("/people/{contact}"), 404),
        ("officer", format!("/people/{contact}"), 404),
        ("officer", format!("/people/{officer2}/edit"), 403),
        ("leader@zone2", format!("/people/{officer2}"), 404),
        ("leader@zone2", format!("/departments/{department}"), 404),
        ("officer", "/people/no-uuid".to_owned(), 404),
        ("anonymous", "/people".to_owned(), 303),
    ] {
        house.page(account, &path).await.expect(status);
    }
}

#[tokio::test]
async fn forms_change_what_they_say() {
    let house = House::sqlite().await;
    let department = house.department.to_string();
    let fields = [
        ("name", "周表单"),
        ("person_title", "科长"),
        ("phone", "13900000077"),
        ("department_id", department.as_str()),
    ];
    let added = house.post("dispatcher", "/people/new", &fields).await.expect(303);
    let path = location(&added);
    assert!(house.page("leader", &path).await.expect(200).text().contains("周表单"));
    let wrong = [("name", ""), ("phone", "12"), ("department_id", department.as_str())];
    let again = house.post("dispatcher", "/people/new", &wrong).await.expect(422).text();
    assert!(
        again.contains("value=\"12\"") && again.contains("href=\"#f-phone\""),
        "what was typed is kept and what is wrong is named"
    );
    let edited =
        [("name", "周表单"), ("person_title", "处长"), ("version", "1"), ("department_id", department.as_str())];
    house.post("dispatcher", &format!("{path}/edit"), &edited).await.expect(303);
    house.post("dispatcher", &format!("{path}/edit"), &edited).await.expect(412);
    house.post("dispatcher", &format!("{path}/leave"), &[("reason", "调离"), ("version", "2")]).await.expect(303);
    house.post("dispatcher", &format!("{path}/back"), &[("version", "3")]).await.expect(303);
    let body = [("name", "宣传部"), ("body_kind", "department")];
    let made = house.post("dispatcher", "/departments/new", &body).await.expect(303);
    let path = location(&made);
    house
        .post(
            "dispatcher",
            &format!("{path}/edit"),
            &[("name", "宣传文化部"), ("body_kind", "department"), ("version", "1")],
        )
        .await
        .expect(303);
    house.post("dispatcher", &format!("{path}/close"), &[("version", "2")]).await.expect(303);
    house.post("officer", "/account", &[("phone", "13900000099"), ("version", "1")]).await.expect(303);
    house.post("officer", "/account", &[("phone", "not a phone"), ("version", "2")]).await.expect(422);
    house
        .post("officer", "/preferences", &[("theme", "dark"), ("text", "large"), ("lang", "en"), ("back", "/account")])
        .await
        .expect(303);
    let shown = house.page("officer", "/account").await.expect(200).text();
    assert!(shown.contains("<html lang=\"en\""), "the language goes with the account");
}

// ---- the first run ---------------------------------------------------------

struct Bare {
    app: Arc<App>,
    router: Router,
    _scratch: store::testing::Scratch,
}

impl Bare {
    async fn both() -> Vec<Self> {
        let scratches = store::testing::both(MIGRATIONS).await.unwrap();
        scratches
            .into_iter()
            .map(|scratch| {
                let app = App::new(scratch.db.clone(), Config::default(), Arc::new(SetClock::at(MORNING)));
                Self { router: server::router(&app, buting::routes(&app), None), app, _scratch: scratch }
            })
            .collect()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 4 * 1024 * 1024).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }
}

fn first_form(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("code", code),
        ("name", "新区管委会"),
        ("handle", "xinqu"),
        ("label", "包挂"),
        ("department", "综合办公室"),
        ("sysadmin", "甲一"),
        ("secadmin", "乙二"),
        ("auditor", "丙三"),
        ("dispatcher", "丁四"),
        ("require_totp", "true"),
    ]
}

#[tokio::test]
async fn the_first_run_makes_the_zone_once() {
    for bare in Bare::both().await {
        for path in ["/", "/people", "/sign-in", "/join"] {
            let away = bare.send(request("GET", path, "", &[])).await.expect(303);
            assert_eq!(location(&away), "/first-run", "{path}");
        }
        bare.send(request("GET", "/first-run", "", &[])).await.expect(200);
        let code = first_run::code(&bare.app).await.unwrap().expect("a code while there is no zone");
        bare.send(request("POST", "/first-run", "", &first_form("ABCD-EFGH-2345-6789"))).await.expect(422);
        let mut twice = first_form(&code);
        twice[7] = ("auditor", "甲一");
        let refused = bare.send(request("POST", "/first-run", "", &twice)).await.expect(422).text();
        assert!(refused.contains("三员"), "three administrators are three people");

        let done =
            bare.send(request("POST", "/first-run", "", &first_form(&code.to_lowercase()))).await.expect(200).text();
        assert_eq!(done.matches("<li class=\"slip\">").count(), 4);
        assert!(first_run::code(&bare.app).await.unwrap().is_none());
        bare.send(request("POST", "/first-run", "", &first_form(&code))).await.expect(422);
        let away = bare.send(request("GET", "/people", "", &[])).await.expect(303);
        assert!(location(&away).starts_with("/sign-in?"));

        // Each of the four comes in by the own card, the administrators through the second factor.
        let links: Vec<&str> = done.split("/join?t=").skip(1).step_by(2).map(|rest| &rest[..64]).collect();
        assert_eq!(links.len(), 4);
        for (role, link) in FIRST.iter().zip(links) {
            let page = bare.send(request("GET", &format!("/join?t={link}"), "", &[])).await.expect(200).text();
            assert!(page.contains(role.word()), "the role's own name is proposed");
            let fields =
                [("t", link), ("user_name", role.word()), ("new", "three quiet words"), ("again", "three quiet words")];
            let joined = bare.send(request("POST", "/join", "", &fields)).await.expect(303);
            assert_eq!(location(&joined), "/account/second-factor", "{role}");
            let sid = format!("sid={}", cookie_of(&joined, "sid").unwrap());
            bare.send(request("GET", "/api/v1/session", &sid, &[])).await.expect(401);
            let held: Vec<(Role,)> = bare
                .app
                .read()
                .await
                .unwrap()
                .list(sql!(
                    "SELECT r.role FROM account a JOIN account_role r ON r.zone_id = a.zone_id AND r.account_id = a.id
                     WHERE a.user_name = $1 AND a.password_hash IS NOT NULL",
                    role.word()
                ))
                .await
                .unwrap();
            assert_eq!(held, [(*role,)]);
        }
    }
}

#[tokio::test]
async fn of_two_first_runs_one_makes_the_zone() {
    for bare in Bare::both().await {
        let codes =
            [first_run::code(&bare.app).await.unwrap().unwrap(), first_run::code(&bare.app).await.unwrap().unwrap()];
        let run = |code: &str, handle: &str| FirstRun {
            code: code.into(),
            name: "新区管委会".into(),
            handle: handle.into(),
            label: "联系".into(),
            department: "办公室".into(),
            people: ["甲".into(), "乙".into(), "丙".into(), "丁".into()],
            require_totp: false,
        };
        let (one, two) = (run(&codes[0], "one"), run(&codes[1], "two"));
        let (a, b) = tokio::join!(
            first_run::make(&bare.app, &one, address(HOME)),
            first_run::make(&bare.app, &two, address(ELSEWHERE))
        );
        assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|ok| **ok).count(), 1);
        let zones: i64 = bare.app.read().await.unwrap().value("SELECT count(*) FROM zone").await.unwrap();
        assert_eq!(zones, 1);
    }
}

#[tokio::test]
async fn an_old_set_up_code_does_not_work() {
    let scratch = store::testing::sqlite(MIGRATIONS).await.unwrap();
    let clock = Arc::new(SetClock::at(MORNING));
    let app = App::new(scratch.db.clone(), Config::default(), Arc::clone(&clock) as _);
    let code = first_run::code(&app).await.unwrap().unwrap();
    clock.set(MORNING.plus(DAY_MS + 1));
    let first = FirstRun { code, ..FirstRun::default() };
    assert_eq!(field_code(first_run::make(&app, &first, address(HOME)).await.map(|_| ()).unwrap_err()), "setup_code");
}

#[tokio::test]
async fn the_desk_itself_checks_roles() {
    let house = House::sqlite().await;
    let mut visitor = Actor::rule(house.zone);
    visitor.via = buting::actor::Via::Page;
    let wanted = Invite { people: vec![house.person("enterprise")], ..Invite::default() };
    assert!(matches!(invitations::invite(&house.app, &visitor, &wanted).await, Err(Error::Forbidden)));
    assert!(matches!(
        accounts::set_roles(&house.app, &visitor, house.person("officer"), &[]).await,
        Err(Error::Forbidden)
    ));
    assert!(matches!(
        desk::leave(&house.app, &visitor, house.person("officer"), leaving("", false)).await,
        Err(Error::NotFound)
    ));
}

#[tokio::test]
async fn a_secret_is_shown_once_and_a_repeated_post_says_so() {
    for house in House::both().await {
        house.give_password("officer").await;
        let reset = format!("/api/v1/accounts/{}/reset", house.person("officer"));
        let token = json!({"name": "bi", "scopes": "read"});
        for (account, path, body, status, key) in [
            ("officer", "/api/v1/tokens", token.clone(), 201, "t-1"),
            ("sysadmin", reset.as_str(), Json::Null, 200, "r-1"),
        ] {
            let once = [("idempotency-key", key)];
            house.call_with(account, "POST", path, body.clone(), &once).await.expect(status);
            let again = house.call_with(account, "POST", path, body, &once).await.expect(409).json();
            assert_eq!(again["code"], "done_before", "{path}: {again}");
        }
        // A key stands for one content at one place.
        house.give_password("leader").await;
        let leader = format!("/api/v1/accounts/{}/reset", house.person("leader"));
        for (account, path, body, key) in [
            ("officer", "/api/v1/tokens", json!({"name": "bi", "scopes": "*"}), "t-1"),
            ("sysadmin", leader.as_str(), Json::Null, "r-1"),
        ] {
            let refused = house.call_with(account, "POST", path, body, &[("idempotency-key", key)]).await.expect(422);
            assert_eq!(refused.json()["code"], "key_reused", "{path}");
        }
        assert_eq!(count(&house, "SELECT count(*) FROM api_token WHERE name = 'bi'".into()).await, 1);
    }
}

#[tokio::test]
async fn a_form_that_was_carried_out_does_not_swallow_other_words() {
    let house = House::sqlite().await;
    let form = |name| [("name", name), ("body_kind", "department"), ("once", "d-1")];
    house.post("sysadmin", "/departments/new", &form("综合办")).await.expect(303);
    house.post("sysadmin", "/departments/new", &form("综合办")).await.expect(303);
    let refused = house.post("sysadmin", "/departments/new", &form("财 政 局")).await.expect(422).text();
    assert!(refused.contains("财 政 局") && refused.contains("已经提交并办理过"), "{refused}");
}
