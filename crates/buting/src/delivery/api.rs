use super::desk::{self, Asked, KEEPERS};
use super::{Delivery, Preference, State};
use crate::actor::SIGNED_IN;
use crate::error::{Error, Result};
use crate::http::api::{Page, limit, record};
use crate::http::cx::Cx;
use crate::http::openapi::Operation;
use crate::http::routes::{Access, Routes};
use axum::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let keepers = Access::only(KEEPERS);
    routes
        .api_get("/api/v1/notice-deliveries", keepers, list)
        .summary("Notices that went out or are to go out, newest first");
    routes.api_read("/api/v1/notice-deliveries/{id}", keepers, show).summary("One delivery");
    routes
        .api_act("/api/v1/notice-deliveries/{id}/resend", keepers, resend, show)
        .summary("Send a delivery now; one that was acknowledged goes out as another, which is answered");
    let own = Access::only(SIGNED_IN);
    const OWN: &str = "/api/v1/notice-preferences";
    let about = Operation::new(OWN, Method::GET, own).output::<Preference>("200");
    routes
        .api_raw(Method::GET, OWN, own, about, |cx, _, _| async move {
            Ok(record(StatusCode::OK, None, &desk::preference(&cx.app, &cx.who).await?))
        })
        .summary("Which notices one wants by mail and message, and when");
    routes.api_post(OWN, own, StatusCode::OK, prefer).summary("Say which notices one wants, and when");
}

/// Which deliveries.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// Those that stand so.
    state: Option<State>,
    /// Those of this channel.
    channel_id: Option<Uuid>,
    /// `-created` when nothing is said; else `created`, `due`, `-due`.
    sort: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many, 200 at most.
    limit: Option<i64>,
}

async fn list(cx: Cx, query: ListQuery) -> Result<Page<Delivery>> {
    let asked = Asked {
        state: query.state,
        channel_id: query.channel_id,
        sort: query.sort,
        cursor: query.cursor,
        limit: limit(query.limit)?,
    };
    desk::deliveries(&cx.app, &cx.who, &asked).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Delivery> {
    desk::delivery(&cx.app, &cx.who, id).await
}

/// Nothing is said with it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn resend(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    desk::resend(&cx.app, &cx.who, id).await
}

async fn prefer(cx: Cx, new: Preference) -> Result<Preference> {
    match desk::prefer(&cx.app, &cx.who, new).await {
        Ok(_) | Err(Error::Replayed(_)) => desk::preference(&cx.app, &cx.who).await,
        Err(error) => Err(error),
    }
}
