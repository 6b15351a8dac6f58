use super::{Qr, after, done, key, with_cookie};
use crate::actor::SIGNED_IN;
use crate::error::{Conflict, Error, FieldError, Result};
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::session::set_session_cookie;
use crate::organisation::factor::{self, Setup, Standing, handle};
use crate::organisation::notices::{self, Notice};
use crate::organisation::store::accounts::{DeviceRow, TokenRow};
use crate::organisation::{Account, Person, accounts, desk};
use crate::time::{DAY_MS, Time};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

/// Rows of a list.
const ROWS: i64 = 50;

pub fn routes(routes: &mut Routes) {
    let all = Access::only(SIGNED_IN);
    routes
        .get("/account", all, account_page)
        .post("/account", all, change_own)
        .get("/account/security", all, security_page)
        .get("/account/second-factor", all, setup_page)
        .post("/account/second-factor", all, confirm)
        .post("/account/second-factor/off", all, off)
        .post("/account/recovery-codes", all, new_codes)
        .post("/account/sessions/end", all, end_session)
        .post("/account/sessions/end-others", all, end_others)
        .post("/account/devices/forget", all, forget_device)
        .post("/account/tokens", all, make_token)
        .post("/account/tokens/{id}/revoke", all, revoke_token)
        .get("/notices", all, notices_page)
        .get("/notices/{id}", all, open_notice)
        .post("/notices/read", all, read_notices);
}

#[derive(Template)]
#[template(path = "organisation/own.html")]
struct OwnPage {
    s: Shell,
    form: Form,
    person: Person,
    account: Option<Account>,
}

async fn own_page(cx: &Cx, status: StatusCode, form: Option<Form>) -> Result<Response> {
    let id = cx.who.person()?;
    let mut tx = cx.read().await?;
    let person = desk::person(&mut tx, cx.who.zone_id, id).await?;
    let account = accounts::account_of(&mut tx, cx.who.zone_id, id).await?;
    drop(tx);
    let form = form.unwrap_or_else(|| {
        Form::filled([
            ("phone", person.phone.clone().unwrap_or_default()),
            ("email", person.email.clone().unwrap_or_default()),
        ])
    });
    html_with(status, &OwnPage { s: Shell::of(cx).await?, form, person, account })
}

async fn account_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async { own_page(&cx, StatusCode::OK, None).await }).await
}

async fn change_own(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match done(desk::change_own_numbers(&cx.app, &cx.who, form.opt("phone"), form.opt("email")).await) {
            Ok(_) => Ok(go("/account", "flash-own-saved")),
            Err(error) => {
                form.refused(error)?;
                own_page(&cx, StatusCode::UNPROCESSABLE_ENTITY, Some(form)).await
            }
        }
    })
    .await
}

/// A session as the page lists it.
struct SessionLine {
    handle: String,
    here: bool,
    agent: String,
    address: String,
    created_at: Time,
    seen_at: Time,
}

#[derive(Template)]
#[template(path = "organisation/security.html")]
struct SecurityPage {
    s: Shell,
    form: Form,
    standing: Standing,
    sessions: Vec<SessionLine>,
    devices: Vec<DeviceRow>,
    tokens: Vec<TokenRow>,
    fresh: Fresh,
    provider: bool,
    /// The provider that the account is linked to, and since when.
    linked: Option<(String, Time)>,
}

/// What was just made, and is shown this once.
#[derive(Default)]
pub(super) struct Fresh {
    /// A token.
    pub token: Option<String>,
    /// The way to the provider, for who has just shown that he is the owner.
    pub journey: Option<String>,
}

impl SecurityPage {
    fn holds(&self, token: &TokenRow) -> bool {
        token.revoked_at.is_none() && token.expires_at.is_none_or(|at| at > self.s.now)
    }
}

pub(super) async fn security(cx: &Cx, status: StatusCode, form: Form, fresh: Fresh) -> Result<Response> {
    let mut tx = cx.read().await?;
    let standing = factor::standing(&mut tx, &cx.who).await?;
    let sessions = factor::sessions(&mut tx, &cx.who, cx.now()).await?;
    let sessions = sessions
        .into_iter()
        .map(|session| SessionLine {
            handle: handle(&session.digest),
            here: cx.request.session.is_some_and(|digest| session.digest == digest),
            agent: session.agent,
            address: session.address,
            created_at: session.created_at,
            seen_at: session.seen_at,
        })
        .collect();
    let devices = factor::devices(&mut tx, &cx.who).await?;
    let tokens = accounts::tokens(&mut tx, &cx.who).await?;
    let linked = accounts::own_link(&mut tx, &cx.who).await?;
    drop(tx);
    let page = SecurityPage {
        s: Shell::of(cx).await?,
        form,
        standing,
        sessions,
        devices,
        tokens,
        fresh,
        provider: super::has_provider(cx).await?,
        linked,
    };
    html_with(status, &page)
}

async fn security_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let form = Form::filled([("scopes", "read".to_owned()), ("days", "90".to_owned())]);
        security(&cx, StatusCode::OK, form, Fresh::default()).await
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/setup.html")]
struct SetupPage {
    s: Shell,
    form: Form,
    setup: Setup,
    qr: Qr,
}

async fn setup(cx: &Cx, status: StatusCode, form: Form) -> Result<Response> {
    let setup = factor::begin(&cx.app, &cx.who).await?;
    let qr = Qr::of(&setup.uri)?;
    html_with(status, &SetupPage { s: Shell::of(cx).await?, form, setup, qr })
}

async fn setup_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        match setup(&cx, StatusCode::OK, Form::default()).await {
            Err(Error::Conflict(Conflict::State("second_factor_on"))) => Ok(go("/account/security", "")),
            other => other,
        }
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/codes.html")]
struct CodesPage {
    s: Shell,
    codes: Vec<String>,
    next: String,
}

async fn confirm(headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let Some(session) = cx.request.session else { return Err(Error::Forbidden) };
        let mut who = cx.who.clone();
        // A password must not be kept for a repeated post.
        who.once = None;
        match factor::confirm(&cx.app, &who, &session, form.value("password"), form.value("code")).await {
            Ok((done, codes)) => {
                let next = after(done.stage, "/");
                let mut response = html(&CodesPage { s: Shell::of(&cx).await?, codes, next })?;
                with_cookie(&mut response, &set_session_cookie(&cx.app, &headers, &done.token))?;
                Ok(response)
            }
            Err(error) => {
                form.refused(error)?;
                setup(&cx, StatusCode::UNPROCESSABLE_ENTITY, form).await
            }
        }
    })
    .await
}

async fn off(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match factor::off(&cx.app, &cx.who, cx.request.session, form.value("password")).await {
            Ok(()) => Ok(go("/account/security", "flash-second-factor-off")),
            Err(error) => {
                form.refused(error)?;
                security(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, Fresh::default()).await
            }
        }
    })
    .await
}

async fn new_codes(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match factor::new_codes(&cx.app, &cx.who, form.value("password")).await {
            Ok(codes) => html(&CodesPage { s: Shell::of(&cx).await?, codes, next: "/account/security".to_owned() }),
            Err(Error::Replayed(_)) => Ok(go("/account/security", "flash-shown-once")),
            Err(error) => {
                form.refused(error)?;
                security(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, Fresh::default()).await
            }
        }
    })
    .await
}

/// A post that was carried out before is as good as done.
fn repeated(result: Result<()>) -> Result<()> {
    match result {
        Err(Error::Replayed(_)) => Ok(()),
        other => other,
    }
}

async fn end_session(Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        repeated(factor::end_session(&cx.app, &cx.who, form.value("session")).await)?;
        Ok(go("/account/security", "flash-sessions-ended"))
    })
    .await
}

async fn end_others(Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        repeated(factor::end_other_sessions(&cx.app, &cx.who, cx.request.session).await)?;
        Ok(go("/account/security", "flash-sessions-ended"))
    })
    .await
}

async fn forget_device(Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        repeated(factor::forget_device(&cx.app, &cx.who, key(form.value("device"))?).await)?;
        Ok(go("/account/security", "flash-device-forgotten"))
    })
    .await
}

async fn make_token(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let days = form.number("days");
        if days.is_some_and(|days| !(1..=3650).contains(&days)) {
            form.add(FieldError::new("days", "range").with("min", 1).with("max", 3650));
        }
        if !form.failed() {
            let expires = cx.now().plus(days.unwrap_or(90) * DAY_MS);
            let me = cx.who.person()?;
            let made = accounts::create_token(
                &cx.app,
                &cx.who,
                me,
                form.value("token_name"),
                form.value("scopes"),
                Some(expires),
            )
            .await;
            match made {
                Ok(token) => {
                    let fresh = Fresh { token: Some(token), ..Fresh::default() };
                    return security(&cx, StatusCode::OK, Form::default(), fresh).await;
                }
                Err(Error::Replayed(_)) => return Ok(go("/account/security", "flash-shown-once")),
                Err(error) => form.refused(super::renamed(error, &[("name", "token_name")]))?,
            }
        }
        security(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, Fresh::default()).await
    })
    .await
}

async fn revoke_token(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        done(accounts::revoke_token(&cx.app, &cx.who, key(&id)?).await)?;
        Ok(go("/account/security", "flash-token-revoked"))
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/notices.html")]
struct NoticesPage {
    s: Shell,
    page: Page<Notice>,
    unread_only: bool,
}

async fn notices_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let unread_only = query.is("show", "unread");
        let page = notices::list(&cx.app, &cx.who, cx.lang, unread_only, query.opt("cursor"), ROWS).await?;
        html(&NoticesPage { s: Shell::of(&cx).await?, page, unread_only })
    })
    .await
}

/// Goes on to what a notice is about; it counts as read from then on.
async fn open_notice(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let href = notices::open(&cx.app, &cx.who, key(&id)?).await?;
        Ok(go(href.as_deref().unwrap_or("/notices"), ""))
    })
    .await
}

async fn read_notices(Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let one = match form.opt("id") {
            Some(id) => Some(key(id)?),
            None => None,
        };
        notices::read(&cx.app, &cx.who, one).await?;
        Ok(go(page::local_path(form.opt("back").unwrap_or("/notices")), ""))
    })
    .await
}
