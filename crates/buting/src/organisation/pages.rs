//! The pages of signing in. Those of people, accounts, invitations and one's own
//! account are beside this file.

mod accounts;
mod first_run;
mod invitations;
#[cfg(feature = "oidc")]
mod oidc;
mod own;
mod people;

use super::Card;
use super::signin::{self, Attempt, SignedIn};
use crate::error::{Error, FieldError};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted};
use crate::http::page::{self, PageResult, Shell, encode, go, html, html_with, local_path};
use crate::http::routes::{Access, Routes};
use crate::http::session::{device_cookie, origin, session_digest, set_device_cookie, set_session_cookie};
use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use std::fmt::Write as _;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    routes
        .get("/sign-in", Access::everybody(), sign_in_page)
        .post("/sign-in", Access::everybody(), sign_in)
        .get("/sign-in/second", Access::signed_in(), second_page)
        .post("/sign-in/second", Access::signed_in(), second)
        .post("/sign-out", Access::everybody(), sign_out)
        .get("/account/password", Access::signed_in(), password_page)
        .post("/account/password", Access::signed_in(), password)
        .post("/preferences", Access::everybody(), preferences);
    first_run::routes(routes);
    people::routes(routes);
    accounts::routes(routes);
    invitations::routes(routes);
    own::routes(routes);
    #[cfg(feature = "oidc")]
    oidc::routes(routes);
}

#[derive(Template)]
#[template(path = "organisation/sign_in.html")]
struct SignInPage {
    s: Shell,
    form: Form,
    next: String,
    failed: Option<String>,
    /// Whether a provider can be signed in at.
    provider: bool,
}

/// Whether this program and the first zone have a provider to sign in at.
#[cfg(feature = "oidc")]
async fn has_provider(cx: &Cx) -> Result<bool, Error> {
    Ok(crate::zone::Zone::first(&mut cx.read().await?).await?.is_some_and(|zone| super::oidc::is_on(&zone)))
}

/// This program was built without sign-in at a provider.
#[cfg(not(feature = "oidc"))]
async fn has_provider(_: &Cx) -> Result<bool, Error> {
    Ok(false)
}

async fn sign_in_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let next = local_path(query.value("next")).to_owned();
        if !cx.visitor() {
            return Ok(go(&next, ""));
        }
        let provider = has_provider(&cx).await?;
        html(&SignInPage { s: Shell::of(&cx).await?, form: Form::default(), next, failed: None, provider })
    })
    .await
}

async fn sign_in(headers: HeaderMap, Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let next = local_path(form.value("next")).to_owned();
        let attempt = Attempt {
            user: form.value("user"),
            password: form.value("password"),
            address: cx.request.address,
            agent: &cx.request.agent,
            device: device_cookie(&headers),
            session: session_digest(&headers),
        };
        match signin::sign_in(&cx.app, &attempt).await {
            Ok(done) => {
                let to = after(done.stage, &next);
                signed_in(&cx, &headers, &done, go(&to, ""))
            }
            Err(error @ (Error::Unauthenticated(_) | Error::TooMany(_))) => {
                let (status, text) = match error {
                    Error::TooMany(seconds) => (
                        StatusCode::TOO_MANY_REQUESTS,
                        cx.lang.with("problem-too_many-detail", &[("seconds", &seconds)]),
                    ),
                    _ => (StatusCode::UNAUTHORIZED, cx.lang.t("sign-in-failed").into_owned()),
                };
                let form = Form::filled([("user", form.text("user"))]);
                let provider = has_provider(&cx).await?;
                html_with(status, &SignInPage { s: Shell::of(&cx).await?, form, next, failed: Some(text), provider })
            }
            Err(error) => Err(error),
        }
    })
    .await
}

/// Where a sign-in goes on, by what it still needs.
fn after(stage: &str, next: &str) -> String {
    match stage {
        "second_factor" => format!("/sign-in/second?next={}", encode(next)),
        "change_password" => "/account/password".to_owned(),
        "set_up_second_factor" => "/account/second-factor".to_owned(),
        _ => next.to_owned(),
    }
}

/// The answer with the cookies of a sign-in.
fn signed_in(cx: &Cx, headers: &HeaderMap, done: &SignedIn, mut response: Response) -> Result<Response, Error> {
    with_cookie(&mut response, &set_session_cookie(&cx.app, headers, &done.token))?;
    with_cookie(&mut response, &set_device_cookie(&cx.app, headers, &done.device))?;
    // The display goes with the account, unless this browser has a choice of its own.
    if cx.request.theme.is_none()
        && let Some(theme) = done.theme.as_deref()
    {
        with_cookie(&mut response, &format!("theme={theme}; Path=/; Max-Age=31536000; SameSite=Lax"))?;
    }
    if done.large_text {
        with_cookie(&mut response, "text=large; Path=/; Max-Age=31536000; SameSite=Lax")?;
    }
    Ok(response)
}

/// The id in a path; what is no id is no record.
fn key(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_| Error::NotFound)
}

/// A post that was carried out before is as good as done.
fn done(result: Result<Uuid, Error>) -> Result<Uuid, Error> {
    match result {
        Err(Error::Replayed(id)) => Ok(id),
        other => other,
    }
}

/// An error whose fields are called otherwise on the page, where a name alone
/// would speak of something else.
pub(super) fn renamed(error: Error, names: &[(&str, &str)]) -> Error {
    match error {
        Error::Invalid(errors) => Error::Invalid(
            errors
                .into_iter()
                .map(|mut error| {
                    if let Some((_, to)) = names.iter().find(|(from, _)| *from == error.field) {
                        error.field = (*to).to_owned();
                    }
                    error
                })
                .collect(),
        ),
        other => other,
    }
}

/// A QR code as the path of an SVG picture, one unit a module, with its margin.
struct Qr {
    size: usize,
    path: String,
}

impl Qr {
    fn of(text: &str) -> Result<Self, Error> {
        const MARGIN: usize = 4;
        let code = fast_qr::QRBuilder::new(text)
            .ecl(fast_qr::ECL::M)
            .build()
            .map_err(|error| Error::Internal(format!("a QR code cannot be made: {error:?}")))?;
        let mut path = String::new();
        for y in 0..code.size {
            let row = &code[y][..code.size];
            let mut x = 0;
            while x < code.size {
                let run = row[x..].iter().take_while(|module| module.value()).count();
                if run > 0 {
                    // Writing to a String cannot fail.
                    let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + MARGIN, y + MARGIN);
                }
                x += run.max(1);
            }
        }
        Ok(Self { size: code.size + 2 * MARGIN, path })
    }
}

/// One card of the sheet: link, picture and code.
struct Printed {
    card: Card,
    url: String,
    qr: Qr,
}

#[derive(Template)]
#[template(path = "organisation/cards.html")]
struct CardsPage {
    s: Shell,
    cards: Vec<Printed>,
    join_url: String,
    zone_name: String,
    reset: bool,
    first_run: bool,
    back: String,
}

/// The sheet of cards. The secrets are on this page and nowhere else.
fn cards_page(
    s: Shell,
    origin: &str,
    zone_name: String,
    cards: Vec<Card>,
    reset: bool,
    back: String,
) -> Result<Response, Error> {
    let printed = |card: Card| {
        let url = format!("{origin}/join?t={}", card.token);
        Ok(Printed { qr: Qr::of(&url)?, url, card })
    };
    let cards = cards.into_iter().map(printed).collect::<Result<Vec<_>, Error>>()?;
    let join_url = format!("{origin}/join");
    let first_run = back.is_empty();
    html(&CardsPage { s, cards, join_url, zone_name, reset, first_run, back })
}

/// A new way in for somebody who has lost the password: a card, shown this once.
/// `back` is the page on which it was asked for.
async fn reset_page(cx: &Cx, headers: &HeaderMap, id: Uuid, back: String) -> Result<Response, Error> {
    match super::invitations::reset(&cx.app, &cx.who, id).await {
        Ok(card) => {
            let s = Shell::of(cx).await?;
            let zone = s.zone_name.clone();
            cards_page(s, &origin(&cx.app, headers), zone, vec![card], true, back)
        }
        Err(Error::Replayed(_)) => Ok(go(&back, "flash-shown-once")),
        Err(error) => Err(error),
    }
}

fn with_cookie(response: &mut Response, cookie: &str) -> Result<(), Error> {
    let value = HeaderValue::from_str(cookie).map_err(|e| Error::Internal(e.to_string()))?;
    response.headers_mut().append(header::SET_COOKIE, value);
    Ok(())
}

#[derive(Template)]
#[template(path = "organisation/second_factor.html")]
struct SecondPage {
    s: Shell,
    form: Form,
    next: String,
}

async fn second_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let next = local_path(query.value("next")).to_owned();
        html(&SecondPage { s: Shell::of(&cx).await?, form: Form::default(), next })
    })
    .await
}

async fn second(headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let next = local_path(form.value("next")).to_owned();
        let Some(session) = cx.request.session else { return Err(Error::Forbidden) };
        match signin::second_factor(&cx.app, &cx.who, &session, form.value("code"), cx.request.address).await {
            Ok(done) => {
                let mut response = go(&after(done.stage, &next), "");
                with_cookie(&mut response, &set_session_cookie(&cx.app, &headers, &done.token))?;
                Ok(response)
            }
            Err(Error::Unauthenticated(_)) => {
                form.add(FieldError::new("code", "wrong_code"));
                html_with(StatusCode::UNAUTHORIZED, &SecondPage { s: Shell::of(&cx).await?, form, next })
            }
            Err(error) => Err(error),
        }
    })
    .await
}

async fn sign_out(headers: HeaderMap, Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        if let Some(session) = cx.request.session {
            signin::sign_out(&cx.app, cx.who.zone_id, &session).await?;
        }
        let mut response = go("/sign-in", "flash-signed-out");
        with_cookie(&mut response, &set_session_cookie(&cx.app, &headers, ""))?;
        // What a worker kept after the page had cleared the device goes, too. Visits that
        // were never sent would go with it: the page says so once its reader agreed.
        if form.on("clear") {
            let what = HeaderValue::from_static("\"cache\", \"storage\"");
            response.headers_mut().insert("clear-site-data", what);
        }
        Ok(response)
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/password.html")]
struct PasswordPage {
    s: Shell,
    form: Form,
}

async fn password_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&PasswordPage { s: Shell::of(&cx).await?, form: Form::default() }) }).await
}

async fn password(headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        if form.value("new") != form.value("again") {
            form.add(FieldError::new("again", "not_the_same"));
        } else {
            let mut who = cx.who.clone();
            // A password must not be fingerprinted or kept for a repeated post.
            who.once = None;
            let changed =
                signin::change_password(&cx.app, &who, form.value("old"), form.value("new"), cx.request.session);
            match changed.await {
                Ok(done) => {
                    let mut response = go(&after(done.stage, "/"), "flash-password-changed");
                    with_cookie(&mut response, &set_session_cookie(&cx.app, &headers, &done.token))?;
                    return Ok(response);
                }
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &PasswordPage { s: Shell::of(&cx).await?, form })
    })
    .await
}

/// Language, theme and large text: kept in cookies for a year.
async fn preferences(Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let mut response = go(local_path(form.value("back")), "");
        for (name, allowed) in
            [("lang", &["zh-CN", "en"][..]), ("theme", &["light", "dark", "auto"]), ("text", &["large", "normal"])]
        {
            let Some(value) = form.opt(name) else { continue };
            if allowed.contains(&value) {
                with_cookie(&mut response, &format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax"))?;
            }
        }
        if let Some(person) = cx.who.person_id {
            if let Some(lang) = form.opt("lang").filter(|tag| crate::text::Lang::of_tag(tag).is_some()) {
                super::desk::set_locale(&cx.app, cx.who.zone_id, person, lang).await?;
            }
            let theme = form.opt("theme").filter(|theme| matches!(*theme, "light" | "dark" | "auto"));
            let large = form.opt("text").map(|text| text == "large");
            if theme.is_some() || large.is_some() {
                super::accounts::set_display(&cx.app, cx.who.zone_id, person, theme, large).await?;
            }
        }
        Ok(response)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_is_a_square_of_runs() {
        let qr = Qr::of("https://example.com/join?t=0123456789abcdef").expect("a code");
        assert!(qr.size >= 21 + 8);
        // The finder pattern: seven modules in the first row, at the margin.
        assert!(qr.path.starts_with("M4 4h7v1h-7z"), "{}", &qr.path[..40]);
    }
}
