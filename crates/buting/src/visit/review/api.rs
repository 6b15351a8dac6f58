use super::Step;
use super::desk;
use crate::error::Result;
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::visit::Visit;
use crate::visit::desk::RECORDERS;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    routes
        .api_act("/api/v1/visits/{id}/review", Access::only(RECORDERS), review, show)
        .summary("Hand the record of a visit in, pass it, or return it, where the zone reviews records")
        .owner_scoped();
}

/// A step of the review.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReviewStep {
    /// `submit`, `pass` or `return`.
    step: Step,
    /// What is added to the record (`submit`), or what is to be mended (`return`).
    note: Option<String>,
}

async fn review(cx: Cx, id: Uuid, said: ReviewStep) -> Result<Uuid> {
    desk::review(&cx.app, &cx.who, id, said.step, said.note.as_deref()).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Visit> {
    crate::visit::desk::visit(&cx.app, &cx.who, id).await
}
