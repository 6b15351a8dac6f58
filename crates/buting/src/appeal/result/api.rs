use super::desk::{self, CALLERS, CASE_READERS, CallFilter, DECIDERS, Decision, NewExclusion};
use super::rates::{Group, Measure, Rate, Split};
use super::{Call, CallState, Case, CaseState, Exclusion, ExclusionState, Logged, Verified};
use crate::actor::OFFICE;
use crate::error::{Error, Result};
use crate::http::api::{Page, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::link::Handed;
use crate::time::Day;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (office, callers, readers) = (Access::only(OFFICE), Access::only(CALLERS), Access::only(CASE_READERS));
    routes
        .api_get("/api/v1/return_calls", callers, calls)
        .summary("Return calls that one may make or made")
        .owner_scoped();
    routes
        .api_act("/api/v1/return_calls/{id}/log", callers, log, call)
        .summary("Write a return call down: what it found, or that nobody answered")
        .owner_scoped();
    routes
        .api_get("/api/v1/bad_ratings", readers, cases)
        .summary("Bad ratings and what is done about them")
        .owner_scoped();
    routes
        .api_act("/api/v1/bad_ratings/{id}/verify", readers, verify, case)
        .summary("Write down what a bad rating was found to be, and by when it is put right")
        .owner_scoped();
    routes
        .api_act("/api/v1/bad_ratings/{id}/fixed", readers, fixed, case)
        .summary("Say that what was rated badly was put right")
        .owner_scoped();
    routes
        .api_get("/api/v1/exclusions", office, exclusions)
        .summary("Requests to leave appeals out of the rates")
        .owner_scoped();
    routes
        .api_create("/api/v1/exclusions", office, ask, exclusion)
        .summary("Ask to leave an appeal out of the rates, with ground and proof")
        .owner_scoped();
    routes
        .api_act("/api/v1/exclusions/{id}/decide", Access::only(DECIDERS), decide, exclusion)
        .summary("Decide on such a request, for another unit")
        .owner_scoped();
    routes
        .api_post("/api/v1/appeals/confirm_links", office, StatusCode::OK, link)
        .summary("The link and the code by which an enterprise confirms and rates without account; new ones, if asked")
        .owner_scoped();
    routes.api_get("/api/v1/appeals/rates", office, rates).summary(
        "Solved, satisfied, called back, rated badly, put right in time, silent: with and without what was left out",
    );
}

/// What the list of calls is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct CallsQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// `call` (the default) or `made`; with `-` the latest first.
    sort: Option<String>,
    /// Where they stand; `open` when absent.
    state: Option<CallState>,
    /// Only those to be made by today.
    today: bool,
}

async fn calls(cx: Cx, query: CallsQuery) -> Result<Page<Call>> {
    let filter = CallFilter {
        today: query.today,
        state: query.state,
        sort: query.sort,
        cursor: query.cursor,
        limit: limit(query.limit)?,
    };
    desk::calls(&cx.app, &cx.who, &filter).await
}

async fn log(cx: Cx, id: Uuid, said: Logged) -> Result<Uuid> {
    desk::log(&cx.app, &cx.who, id, said).await
}

async fn call(cx: Cx, id: Uuid) -> Result<Call> {
    Ok(desk::call(&cx.app, &cx.who, id, cx.request.address).await?.call)
}

/// What the list of bad ratings is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct CasesQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// Where they stand; what is not done when absent.
    state: Option<CaseState>,
    /// Only those past their due time.
    overdue: bool,
}

async fn cases(cx: Cx, query: CasesQuery) -> Result<Page<Case>> {
    let most = limit(query.limit)?;
    desk::cases(&cx.app, &cx.who, query.state, query.overdue, query.cursor.as_deref(), most).await
}

async fn case(cx: Cx, id: Uuid) -> Result<Case> {
    Ok(desk::case(&cx.app, &cx.who, id).await?.case)
}

async fn verify(cx: Cx, id: Uuid, said: Verified) -> Result<Uuid> {
    desk::verify(&cx.app, &cx.who, id, said).await
}

/// What was put right.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Fixed {
    /// What was done.
    note: String,
}

async fn fixed(cx: Cx, id: Uuid, said: Fixed) -> Result<Uuid> {
    desk::fixed(&cx.app, &cx.who, id, &said.note).await
}

/// What the list of exclusions is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct ExclusionsQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// Where they stand; all when absent.
    state: Option<ExclusionState>,
}

async fn exclusions(cx: Cx, query: ExclusionsQuery) -> Result<Page<Exclusion>> {
    let most = limit(query.limit)?;
    desk::exclusions(&cx.app, &cx.who, query.state, query.cursor.as_deref(), most).await
}

async fn ask(cx: Cx, new: NewExclusion) -> Result<Uuid> {
    desk::ask(&cx.app, &cx.who, new).await
}

async fn exclusion(cx: Cx, id: Uuid) -> Result<Exclusion> {
    desk::exclusion(&cx.app, &cx.who, id).await
}

async fn decide(cx: Cx, id: Uuid, decision: Decision) -> Result<Uuid> {
    desk::decide(&cx.app, &cx.who, id, decision).await
}

/// Whose link is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LinkAsked {
    /// The appeal.
    appeal_id: Uuid,
    /// Makes a new one, and the old one worthless.
    #[serde(default)]
    renew: bool,
}

/// A link to confirm.
#[derive(Serialize, JsonSchema)]
struct LinkOut {
    #[serde(flatten)]
    handed: Handed,
    /// The last day on which it works.
    until: Day,
}

async fn link(cx: Cx, asked: LinkAsked) -> Result<LinkOut> {
    if asked.renew {
        desk::renew(&cx.app, &cx.who, asked.appeal_id).await?;
    }
    let (handed, until) = desk::link_of(&cx.app, &cx.who, asked.appeal_id).await?;
    Ok(LinkOut { handed, until })
}

/// What the rates are asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RatesAsked {
    /// The first day; thirty days before the last when absent.
    #[schemars(with = "Option<String>")]
    from: Option<Day>,
    /// The last day; today when absent.
    #[schemars(with = "Option<String>")]
    to: Option<Day>,
    /// By what they are split: `department` when absent.
    by: Option<String>,
}

/// A rate.
#[derive(Serialize, JsonSchema)]
struct RateOut {
    /// Which.
    measure: Measure,
    /// The whole.
    #[serde(flatten)]
    rate: Rate,
    /// Its parts.
    groups: Vec<Group>,
}

/// The rates of a period.
#[derive(Serialize, JsonSchema)]
struct RatesOut {
    /// The first day.
    from: Day,
    /// The last day.
    to: Day,
    /// The lowest level that counts as satisfied.
    satisfied_from: i64,
    /// Each rate.
    items: Vec<RateOut>,
}

async fn rates(cx: Cx, asked: RatesAsked) -> Result<RatesOut> {
    let split = match asked.by.as_deref() {
        None => Split::Department,
        Some(word) => Split::parse(word).ok_or_else(|| Error::field("by", "unknown"))?,
    };
    let query = desk::RatesQuery { from: asked.from, to: asked.to, split };
    let found = desk::rates(&cx.app, &cx.who, &query).await?;
    let items = found.all.into_iter().map(|(measure, rate, groups)| RateOut { measure, rate, groups }).collect();
    Ok(RatesOut { from: found.from, to: found.to, satisfied_from: found.policy.satisfied_from, items })
}
