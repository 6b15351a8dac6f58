use super::signin::{self, Attempt};
use crate::error::{Error, FieldError};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted};
use crate::http::page::{self, PageResult, Shell, encode, go, html, html_with, local_path};
use crate::http::routes::{Access, Routes};
use crate::http::session::{cookie, set_session_cookie};
use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

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
}

#[derive(Template)]
#[template(path = "organisation/sign_in.html")]
struct SignInPage {
    s: Shell,
    form: Form,
    next: String,
    failed: Option<String>,
}

async fn sign_in_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let next = local_path(query.value("next")).to_owned();
        if !cx.visitor() {
            return Ok(go(&next, ""));
        }
        html(&SignInPage { s: Shell::of(&cx).await?, form: Form::default(), next, failed: None })
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
            device: cookie(&headers, "device"),
        };
        match signin::sign_in(&cx.app, &attempt).await {
            Ok(done) => {
                let to = match done.stage {
                    "second_factor" => format!("/sign-in/second?next={}", encode(&next)),
                    "change_password" => "/account/password".to_owned(),
                    _ => next,
                };
                let mut response = go(&to, "");
                with_cookie(&mut response, &set_session_cookie(&cx.app, &headers, &done.token))?;
                with_cookie(&mut response, &format!("device={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000", done.device))?;
                Ok(response)
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
                html_with(status, &SignInPage { s: Shell::of(&cx).await?, form, next, failed: Some(text) })
            }
            Err(error) => Err(error),
        }
    })
    .await
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
        match signin::second_factor(&cx.app, &cx.who, &session, form.value("code")).await {
            Ok(done) => {
                let mut response = go(if done.stage == "full" { &next } else { "/account/password" }, "");
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

async fn sign_out(headers: HeaderMap, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        if let Some(session) = cx.request.session {
            signin::sign_out(&cx.app, cx.who.zone_id, &session).await?;
        }
        let mut response = go("/sign-in", "flash-signed-out");
        with_cookie(&mut response, &set_session_cookie(&cx.app, &headers, ""))?;
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
            let changed = signin::change_password(&cx.app, &who, form.value("old"), form.value("new"), cx.request.session);
            match changed.await {
                Ok(token) => {
                    let mut response = go("/", "flash-password-changed");
                    with_cookie(&mut response, &set_session_cookie(&cx.app, &headers, &token))?;
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
        if let (Some(person), Some(lang)) = (cx.who.person_id, form.opt("lang")) {
            super::desk::set_locale(&cx.app, cx.who.zone_id, person, lang).await?;
        }
        Ok(response)
    })
    .await
}
