use super::desk::{self, CandidateFilter, LEADS, LEARNERS, PointFilter, READERS, RoundFilter, TEACHERS, WRITERS};
use super::{
    Background, Candidate, FullPoint, FullRound, FullTraining, Missing, Named, NewCandidate, NewPoint, NewRoster,
    NewRound, NewSamples, NewTraining, Point, PointAct, PointState, Round, RoundAct, RoundKind, RoundState, Taken,
    Training, TrainingAct,
};
use crate::actor::OFFICE;
use crate::error::Result;
use crate::http::api::{Page, PageQuery, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::list::Order;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (readers, writers) = (Access::only(READERS), Access::only(WRITERS));
    let (leads, learners) = (Access::only(LEADS), Access::only(LEARNERS));
    let teachers = Access::only(TEACHERS);
    routes
        .api_get("/api/v1/screening/points", readers, points)
        .summary("Sampling points, the newest first")
        .owner_scoped();
    routes
        .api_create("/api/v1/screening/points", writers, suggest, point)
        .summary("Suggest a sampling point")
        .owner_scoped();
    routes
        .api_read("/api/v1/screening/points/{id}", readers, point)
        .summary("A sampling point with its evidence")
        .owner_scoped();
    routes
        .api_act("/api/v1/screening/points/{id}/actions", writers, act_point, point)
        .summary("Apply, approve, send back, open, report, pause, resume, close; show evidence, change facts")
        .owner_scoped();
    routes
        .api_get("/api/v1/screening/rounds", readers, rounds)
        .summary("Rounds, those that end last first")
        .owner_scoped();
    routes
        .api_create("/api/v1/screening/rounds", leads, begin, round)
        .summary("Begin a round over lists of people")
        .owner_scoped();
    routes
        .api_read("/api/v1/screening/rounds/{id}", readers, round)
        .summary("A round with its lists in numbers, coverage by day and tubes")
        .owner_scoped();
    routes
        .api_act("/api/v1/screening/rounds/{id}/actions", writers, act_round, round)
        .summary("Exempt, book, hand a tube over, write its result down, close")
        .owner_scoped();
    routes
        .api_post("/api/v1/screening/people", writers, StatusCode::OK, people)
        .summary("Add people to a list: good rows are kept, the others told by row and column")
        .owner_scoped();
    routes
        .api_post("/api/v1/screening/samples", writers, StatusCode::OK, samples)
        .summary("Put people into tubes, or tick them: good lines are kept, the others told")
        .owner_scoped();
    routes
        .api_get("/api/v1/screening/missing", readers, missing)
        .summary("Who is missing, by name for his own enterprise and its officer alone")
        .owner_scoped();
    routes
        .api_post("/api/v1/screening/names", readers, StatusCode::OK, names)
        .summary("A list by name with results: asks for a reason, which is written down")
        .owner_scoped();
    let asking = Access::only(OFFICE.and(TEACHERS));
    routes.api_get("/api/v1/screening/trainings", asking, trainings).summary("Trainings, the newest first");
    routes.api_create("/api/v1/screening/trainings", leads, ask, training).summary("Ask a partner for a training");
    routes.api_read("/api/v1/screening/trainings/{id}", learners, training).summary("A training with its people");
    routes
        .api_act("/api/v1/screening/trainings/{id}/actions", teachers, act_training, training)
        .summary("Enrol, plan, write a result down, cancel");
    routes
        .api_get("/api/v1/screening/samplers", learners, samplers)
        .summary("Who takes samples or is to learn it")
        .owner_scoped();
    routes
        .api_create("/api/v1/screening/samplers", writers, nominate, sampler)
        .summary("Propose somebody who agreed")
        .owner_scoped();
    routes
        .api_act("/api/v1/screening/samplers/{id}/withdraw", writers, withdraw, sampler)
        .summary("Somebody no longer takes samples")
        .owner_scoped();
}

/// What the list of points is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct PointsQuery {
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// With this word in name, number or the name of whose it is.
    q: Option<String>,
    /// How it stands.
    state: Option<PointState>,
    /// Of this enterprise or project.
    subject_id: Option<Uuid>,
}

async fn points(cx: Cx, query: PointsQuery) -> Result<Page<Point>> {
    let filter = PointFilter { state: query.state, subject_id: query.subject_id, id: None, q: query.q };
    desk::points(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit(query.limit)?).await
}

async fn suggest(cx: Cx, new: NewPoint) -> Result<Uuid> {
    desk::suggest(&cx.app, &cx.who, new).await
}

async fn point(cx: Cx, id: Uuid) -> Result<FullPoint> {
    desk::point(&cx.app, &cx.who, id).await
}

async fn act_point(cx: Cx, id: Uuid, act: PointAct) -> Result<Uuid> {
    desk::act_point(&cx.app, &cx.who, id, act).await
}

/// What the list of rounds is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RoundsQuery {
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// With this word in title or number.
    q: Option<String>,
    /// How it stands.
    state: Option<RoundState>,
    /// What everybody has to do.
    kind: Option<RoundKind>,
    /// With people of this enterprise or project.
    subject_id: Option<Uuid>,
    /// Under this disruption.
    disruption_id: Option<Uuid>,
}

async fn rounds(cx: Cx, query: RoundsQuery) -> Result<Page<Round>> {
    let filter = RoundFilter {
        state: query.state,
        kind: query.kind,
        subject_id: query.subject_id,
        disruption_id: query.disruption_id,
        id: None,
        q: query.q,
        order: Order::Usual,
    };
    desk::rounds(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit(query.limit)?).await
}

async fn begin(cx: Cx, new: NewRound) -> Result<Uuid> {
    desk::begin(&cx.app, &cx.who, new).await
}

async fn round(cx: Cx, id: Uuid) -> Result<FullRound> {
    desk::round(&cx.app, &cx.who, id).await
}

async fn act_round(cx: Cx, id: Uuid, act: RoundAct) -> Result<Uuid> {
    desk::act_round(&cx.app, &cx.who, id, act).await
}

async fn people(cx: Cx, new: NewRoster) -> Result<Taken> {
    desk::add_people(&cx.app, &cx.who, &new).await
}

async fn samples(cx: Cx, new: NewSamples) -> Result<Taken> {
    desk::fill(&cx.app, &cx.who, new).await
}

/// Of which round.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MissingQuery {
    /// The round.
    round_id: Uuid,
}

/// Who is missing.
#[derive(Serialize, JsonSchema)]
struct MissingList {
    /// Those of whom the reader is told.
    items: Vec<Missing>,
}

async fn missing(cx: Cx, query: MissingQuery) -> Result<MissingList> {
    Ok(MissingList { items: desk::missing(&cx.app, &cx.who, query.round_id).await? })
}

/// Whose list is opened, and why.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NamesAsked {
    /// The round.
    round_id: Uuid,
    /// Enterprise or project.
    subject_id: Uuid,
    /// Why it must be seen.
    reason: String,
}

/// A list by name.
#[derive(Serialize, JsonSchema)]
struct NamesList {
    /// Everybody on it.
    items: Vec<Named>,
}

async fn names(cx: Cx, asked: NamesAsked) -> Result<NamesList> {
    let items = desk::names(&cx.app, &cx.who, asked.round_id, asked.subject_id, &asked.reason).await?;
    Ok(NamesList { items })
}

async fn trainings(cx: Cx, query: PageQuery) -> Result<Page<Training>> {
    desk::trainings(&cx.app, &cx.who, query.cursor.as_deref(), limit(query.limit)?).await
}

async fn ask(cx: Cx, new: NewTraining) -> Result<Uuid> {
    desk::ask(&cx.app, &cx.who, new).await
}

async fn training(cx: Cx, id: Uuid) -> Result<FullTraining> {
    desk::training(&cx.app, &cx.who, id).await
}

async fn act_training(cx: Cx, id: Uuid, act: TrainingAct) -> Result<Uuid> {
    desk::act_training(&cx.app, &cx.who, id, act).await
}

/// What the list of samplers is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct SamplersQuery {
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// With this word in name, number of the certificate or the name of whose staff he is.
    q: Option<String>,
    /// What he knows of medicine.
    background: Option<Background>,
    /// Of this enterprise or project.
    subject_id: Option<Uuid>,
    /// Of this training.
    training_id: Option<Uuid>,
}

async fn samplers(cx: Cx, query: SamplersQuery) -> Result<Page<Candidate>> {
    let filter = CandidateFilter {
        background: query.background,
        subject_id: query.subject_id,
        training_id: query.training_id,
        q: query.q,
        ..CandidateFilter::default()
    };
    desk::candidates(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit(query.limit)?).await
}

async fn nominate(cx: Cx, new: NewCandidate) -> Result<Uuid> {
    desk::nominate(&cx.app, &cx.who, new).await
}

async fn sampler(cx: Cx, id: Uuid) -> Result<Candidate> {
    desk::candidate(&mut cx.read().await?, &cx.who, id).await
}

/// Why somebody no longer takes samples.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Withdrawn {
    /// Why.
    reason: String,
}

async fn withdraw(cx: Cx, id: Uuid, asked: Withdrawn) -> Result<Uuid> {
    desk::withdraw(&cx.app, &cx.who, id, &asked.reason).await
}
