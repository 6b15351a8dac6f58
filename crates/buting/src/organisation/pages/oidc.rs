use super::{after, signed_in, with_cookie};
use crate::actor::SIGNED_IN;
use crate::error::{Error, Result};
use crate::http::cx::Cx;
use crate::http::form::Form;
use crate::http::page::{self, PageResult, go, local_path};
use crate::http::routes::{Access, Routes};
use crate::http::session::{cookie, origin};
use crate::organisation::oidc::{self, Arrived, Journey};
use crate::zone::Zone;
use axum::http::HeaderMap;
use axum::response::Response;

pub fn routes(routes: &mut Routes) {
    routes
        .get("/sign-in/provider", Access::everybody(), leave)
        .get("/sign-in/provider/back", Access::everybody(), back)
        .get("/account/provider", Access::only(SIGNED_IN), link);
}

fn redirect_of(cx: &Cx, headers: &HeaderMap) -> String {
    format!("{}/sign-in/provider/back", origin(&cx.app, headers))
}

/// The way to the provider, with the cookie that ties it to this browser.
fn away(journey: &Journey) -> Result<Response> {
    let mut response = go(&journey.url, "");
    let state = page::encode(&journey.state);
    with_cookie(&mut response, &format!("provider={state}; Path=/; HttpOnly; SameSite=Lax; Max-Age=600"))?;
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
        away(&oidc::begin(&cx.app, zone.zone_id, &redirect_of(&cx, &headers), None, next).await?)
    })
    .await
}

async fn link(headers: HeaderMap, cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let owner = cx.who.person()?;
        away(
            &oidc::begin(&cx.app, cx.who.zone_id, &redirect_of(&cx, &headers), Some(owner), "/account/security")
                .await?,
        )
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
