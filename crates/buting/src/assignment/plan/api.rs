use super::super::api::{BatchOut, batch};
use super::super::desk::DECIDERS;
use super::{Plan, Question, desk};
use crate::error::Result;
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    let deciders = Access::only(DECIDERS);
    routes
        .api_post("/api/v1/assignments/plans", deciders, StatusCode::OK, plan)
        .summary("Who should look after whom: computed, explained, nothing stored");
    routes
        .api_post("/api/v1/assignments/plans/accept", deciders, StatusCode::OK, accept)
        .summary("Carry out a plan in one transaction");
}

async fn plan(cx: Cx, question: Question) -> Result<Plan> {
    desk::plan(&cx.app, &cx.who, &question, cx.lang).await
}

/// A plan that is accepted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Accepted {
    /// The question, as it was asked.
    question: Question,
    /// The plan's mark.
    mark: String,
    /// The document that orders it.
    basis: Option<String>,
    /// Why.
    reason: Option<String>,
}

async fn accept(cx: Cx, body: Accepted) -> Result<BatchOut> {
    let id = desk::accept(&cx.app, &cx.who, &body.question, &body.mark, body.basis, body.reason).await;
    batch(&cx, id).await
}
