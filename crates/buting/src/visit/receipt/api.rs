use super::Receipt;
use super::desk;
use crate::actor::OUTSIDE;
use crate::error::{Error, Result};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::link::Handed;
use crate::visit::desk::RECORDERS;
use crate::visit::{AckHow, Visit};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let recorders = Access::only(RECORDERS);
    let both = Access::only(RECORDERS.and(OUTSIDE));
    routes
        .api_act("/api/v1/visits/{id}/acknowledge", both, acknowledge, show)
        .summary("Acknowledge the record of a visit")
        .owner_scoped();
    routes
        .api_act("/api/v1/visits/{id}/unacknowledge", recorders, withdraw, show)
        .summary("Take back an acknowledgement that was noted by mistake, with the reason")
        .owner_scoped();
    routes
        .api_post("/api/v1/visits/links", recorders, StatusCode::OK, link)
        .summary(
            "The link and the code by which an enterprise acknowledges a record without account; new ones, if asked",
        )
        .owner_scoped();
}

/// An acknowledgement.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Acknowledge {
    /// For an officer: `signature` or `phone`.
    how: Option<AckHow>,
    /// For an officer: who of the enterprise did.
    name: Option<String>,
    /// What the enterprise says.
    note: Option<String>,
}

async fn acknowledge(cx: Cx, id: Uuid, said: Acknowledge) -> Result<Uuid> {
    let receipt = Receipt { how: said.how, name: said.name, note: said.note };
    desk::acknowledge(&cx.app, &cx.who, id, receipt).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Visit> {
    crate::visit::desk::visit(&cx.app, &cx.who, id).await
}

/// Why it is taken back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Mistaken {
    /// What was wrong.
    note: String,
}

async fn withdraw(cx: Cx, id: Uuid, why: Mistaken) -> Result<Uuid> {
    desk::withdraw(&cx.app, &cx.who, id, &why.note).await
}

/// Whose link is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LinkAsked {
    /// The visit.
    visit_id: Uuid,
    /// Makes a new one, and the old one worthless.
    #[serde(default)]
    renew: bool,
}

async fn link(cx: Cx, asked: LinkAsked) -> Result<Handed> {
    if asked.renew {
        desk::renew(&cx.app, &cx.who, asked.visit_id).await?;
    }
    let mut tx = cx.read().await?;
    desk::link_of(&cx.app, &mut tx, &cx.who, asked.visit_id).await?.ok_or(Error::Forbidden)
}
