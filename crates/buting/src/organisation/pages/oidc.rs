use super::own::{Fresh, security};
use super::{after, done, signed_in, with_cookie};
use crate::actor::SIGNED_IN;
use crate::error::{Error, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted};
use crate::http::page::{self, PageResult, Shell, go, html_with, local_path};
use crate::http::routes::{Access, Routes};
use crate::http::session::{cookie, origin};
use crate::organisation::oidc::{self, Arrived, Journey, PROTECTORS, ProviderChange};
use crate::zone::Zone;
use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

pub fn routes(routes: &mut Routes) {
    routes
        .get("/sign-in/provider", Access::everybody(), leave)
        .get("/sign-in/provider/back", Access::everybody(), back)
        .post("/account/provider", Access::only(SIGNED_IN), link)
        .post("/account/provider/remove", Access::only(SIGNED_IN), unlink)
        .get("/settings/sign-in", Access::only(PROTECTORS), provider)
        .post("/settings/sign-in", Access::only(PROTECTORS), configure)
        .post("/settings/sign-in/try", Access::only(PROTECTORS), try_out);
}

#[derive(Template)]
#[template(path = "organisation/provider.html")]
struct ProviderPage {
    s: Shell,
    form: Form,
    version: i64,
    on: bool,
    has_secret: bool,
    redirect: String,
    /// What a trial came to: where people would be sent, or why it failed.
    tried: Option<std::result::Result<String, String>>,
}

async fn shown(
    cx: &Cx,
    headers: &HeaderMap,
    status: StatusCode,
    form: Option<Form>,
    tried: Option<std::result::Result<String, String>>,
) -> Result<Response> {
    let zone = Zone::get(&mut cx.read().await?, cx.who.zone_id).await?;
    let set = &zone.settings["oidc"];
    let text = |name: &str| set[name].as_str().unwrap_or_default().to_owned();
    let form = form.unwrap_or_else(|| Form::filled([("issuer", text("issuer")), ("client_id", text("client_id"))]));
    let page = ProviderPage {
        form,
        version: zone.version,
        on: oidc::is_on(&zone),
        has_secret: set["secret"].is_object(),
        redirect: redirect_of(cx, headers),
        tried,
        s: Shell::of(cx).await?,
    };
    html_with(status, &page)
}

async fn provider(headers: HeaderMap, cx: Cx) -> PageResult {
    page::show(cx.lang, shown(&cx, &headers, StatusCode::OK, None, None)).await
}

async fn configure(headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let change = ProviderChange {
            issuer: form.text("issuer"),
            client_id: form.text("client_id"),
            secret: form.text("client_password"),
            forget_secret: form.on("forget_secret"),
        };
        match oidc::configure(&cx.app, &cx.who, &change).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go("/settings/sign-in", "flash-settings-kept")),
            Err(error) => {
                form.refused(error)?;
                shown(&cx, &headers, StatusCode::UNPROCESSABLE_ENTITY, Some(form), None).await
            }
        }
    })
    .await
}

async fn try_out(headers: HeaderMap, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let tried = oidc::try_out(&cx.app, &cx.who).await?;
        shown(&cx, &headers, StatusCode::OK, None, Some(tried)).await
    })
    .await
}

fn redirect_of(cx: &Cx, headers: &HeaderMap) -> String {
    format!("{}/sign-in/provider/back", origin(&cx.app, headers))
}

/// The way to the provider, with the cookie that ties it to this browser.
fn away(cx: &Cx, journey: &Journey) -> Result<Response> {
    with_state(cx, journey, go(&journey.url, ""))
}

fn with_state(cx: &Cx, journey: &Journey, mut response: Response) -> Result<Response> {
    let state = page::encode(&journey.state);
    let secure = if cx.app.config.https { " Secure;" } else { "" };
    with_cookie(&mut response, &format!("provider={state}; Path=/; HttpOnly;{secure} SameSite=Lax; Max-Age=600"))?;
    Ok(response)
}

async fn leave(headers: HeaderMap, cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let zones = Zone::all(&mut cx.read().await?).await?;
        let zone = match query.opt("zone") {
            Some(handle) => zones.into_iter().find(|zone| zone.handle == handle),
            None => zones.into_iter().next(),
        };
        let zone = zone.ok_or(Error::NotFound)?;
        let next = local_path(query.value("next"));
        away(&cx, &oidc::begin(&cx.app, zone.zone_id, &redirect_of(&cx, &headers), None, next).await?)
    })
    .await
}

/// The answer is a page with the way to the provider, and no redirect: browsers follow
/// none to another site after a form (`form-action 'self'`).
async fn link(headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let (password, code) = (form.value("password"), form.value("code"));
        let begun =
            oidc::begin_link(&cx.app, &cx.who, &redirect_of(&cx, &headers), password, code, cx.request.address).await;
        match begun {
            Ok(journey) => {
                let fresh = Fresh { journey: Some(journey.url.clone()), ..Fresh::default() };
                with_state(&cx, &journey, security(&cx, StatusCode::OK, Form::default(), fresh).await?)
            }
            Err(error) => {
                form.refused(error)?;
                security(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, Fresh::default()).await
            }
        }
    })
    .await
}

async fn unlink(Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        done(oidc::unlink(&cx.app, &cx.who).await)?;
        Ok(go("/account/security", "flash-provider-unlinked"))
    })
    .await
}

async fn back(headers: HeaderMap, cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let (code, state) = (query.value("code"), query.value("state"));
        let kept = cookie(&headers, "provider").unwrap_or_default();
        if state.is_empty() || code.is_empty() || kept != page::encode(state) {
            return Err(Error::state("provider_failed"));
        }
        let redirect = redirect_of(&cx, &headers);
        let arrived =
            oidc::finish(&cx.app, &cx.who, &redirect, code, state, cx.request.address, &cx.request.agent).await?;
        match arrived {
            Arrived::In(done, next) => signed_in(&cx, &headers, &done, go(&after(done.stage, &next), "")),
            Arrived::Linked => Ok(go("/account/security", "flash-provider-linked")),
        }
    })
    .await
}
