use super::desk::{self, CONFIRMERS, PROPOSERS};
use super::{Confirmation, Correction, CorrectionQuery, CorrectionState, Decision, NewCorrection, NewFailure};
use crate::actor::OFFICE;
use crate::error::Result;
use crate::http::api::{Nothing, Page, id_of};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::registry::desk::{self as registry, KEEPERS, READERS};
use crate::registry::{Contact, Enterprise};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::HashMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (readers, keepers, proposers) = (Access::only(READERS), Access::only(KEEPERS), Access::only(PROPOSERS));
    routes
        .api_act("/api/v1/enterprises/{id}/facts/confirm", Access::only(CONFIRMERS), confirm, show_enterprise)
        .summary("Facts are found unchanged: those named, otherwise all that are stale")
        .owner_scoped();
    routes
        .api_under("/api/v1/enterprises/{id}/corrections", readers, corrections_of)
        .summary("Corrections of an enterprise's facts, newest first")
        .owner_scoped();
    routes
        .api_act("/api/v1/enterprises/{id}/corrections", proposers, propose, show)
        .summary("Correct facts of one's own enterprise; official ones wait for an officer")
        .owner_scoped();
    routes
        .api_get("/api/v1/corrections", Access::only(OFFICE), corrections)
        .summary("Corrections within reach, newest first")
        .owner_scoped();
    routes.api_read("/api/v1/corrections/{id}", readers, show).summary("A correction").owner_scoped();
    routes
        .api_act("/api/v1/corrections/{id}/decide", keepers, decide, show)
        .summary("Accept a correction, or refuse it and say why")
        .owner_scoped();
    routes
        .api_act("/api/v1/corrections/{id}/withdraw", proposers, withdraw, show)
        .summary("Take one's correction back before it is decided")
        .owner_scoped();
    routes
        .api_act("/api/v1/contacts/{id}/failures", keepers, not_reached, show_contact)
        .summary("A message or call did not reach a contact (for officers, and gateways for mail and messages)")
        .owner_scoped();
}

async fn confirm(cx: Cx, id: Uuid, confirmation: Confirmation) -> Result<Uuid> {
    desk::confirm(&cx.app, &cx.who, id, confirmation).await
}

async fn show_enterprise(cx: Cx, id: Uuid) -> Result<Enterprise> {
    registry::enterprise(&cx.app, &cx.who, id).await
}

/// What the corrections of an enterprise are asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OwnQuery {
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How they stand.
    state: Option<CorrectionState>,
}

async fn corrections_of(cx: Cx, path: HashMap<String, String>, query: OwnQuery) -> Result<Page<Correction>> {
    let id = id_of(&path)?;
    desk::corrections_of(&cx.app, &cx.who, id, query.state, query.cursor.as_deref(), query.limit).await
}

async fn propose(cx: Cx, enterprise: Uuid, new: NewCorrection) -> Result<Uuid> {
    desk::propose(&cx.app, &cx.who, enterprise, new).await
}

async fn corrections(cx: Cx, query: CorrectionQuery) -> Result<Page<Correction>> {
    desk::corrections(&cx.app, &cx.who, &query).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Correction> {
    desk::correction(&cx.app, &cx.who, id).await
}

async fn decide(cx: Cx, id: Uuid, decision: Decision) -> Result<Uuid> {
    desk::decide(&cx.app, &cx.who, id, decision).await
}

async fn withdraw(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    desk::withdraw(&cx.app, &cx.who, id).await
}

async fn not_reached(cx: Cx, contact: Uuid, new: NewFailure) -> Result<Uuid> {
    desk::not_reached(&cx.app, &cx.who, contact, new).await
}

async fn show_contact(cx: Cx, id: Uuid) -> Result<Contact> {
    registry::contact(&cx.app, &cx.who, id).await
}
