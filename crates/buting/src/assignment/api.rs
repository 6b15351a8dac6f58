use super::desk::{self, Asked, DECIDERS, Proposal};
use super::{Answerable, Because, Bulk, Duty, EndReason, GapKind, NewAssignment, NewEnd, NewHolder, Shown};
use crate::actor::{OFFICE, OUTSIDE};
use crate::error::{Error, Result};
use crate::http::api::{Page, Versioned, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::patch::Patch;
use crate::subject::SubjectKind;
use crate::time::Time;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(OFFICE.and(OUTSIDE));
    let deciders = Access::only(DECIDERS);
    routes.api_get("/api/v1/assignments", readers, list).summary("Who answers for whom").owner_scoped();
    routes
        .api_create("/api/v1/assignments", deciders, add, show)
        .summary("Assign a leader, department or officer to a free place");
    routes.api_get("/api/v1/assignments/gaps", Access::only(OFFICE), gaps).summary("Subjects that want somebody");
    routes
        .api_post("/api/v1/assignments/proposals", deciders, StatusCode::OK, proposals)
        .summary("Propose, with reasons, who could fill the gaps; nothing is stored");
    routes
        .api_post("/api/v1/assignments/bulk", deciders, StatusCode::OK, bulk)
        .summary("Assign many places at once, all or nothing");
    routes
        .api_post("/api/v1/assignments/handovers", deciders, StatusCode::OK, handover)
        .summary("Hand over everything that a person holds");
    routes.api_read("/api/v1/assignments/{id}", readers, show).summary("An assignment").owner_scoped();
    routes
        .api_change("/api/v1/assignments/{id}", deciders, change, show)
        .summary("End an assignment, put somebody else in its place, or let its order run on");
}

impl Versioned for Shown {
    fn version(&self) -> i64 {
        self.version
    }
}

/// What the list is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// `created`, `subject`, `role`, `holder` (names by pinyin), `from`; with `-` the greatest first.
    sort: Option<String>,
    /// What the subject is.
    subject_kind: Option<SubjectKind>,
    /// The enterprise, carrier or project.
    subject_id: Option<Uuid>,
    /// Held by this person.
    person_id: Option<Uuid>,
    /// Held by this department.
    department_id: Option<Uuid>,
    /// In this role.
    role: Option<Duty>,
    /// `true`: only those that hold now; `false`: only those that have ended.
    current: Option<bool>,
    /// Only those that held at that instant.
    as_of: Option<Time>,
    /// Words of the subject: name, short name, pinyin, credit code.
    q: Option<String>,
}

async fn list(cx: Cx, query: ListQuery) -> Result<Page<Shown>> {
    let asked = Asked {
        subject_kind: query.subject_kind,
        subject_id: query.subject_id,
        person_id: query.person_id,
        department_id: query.department_id,
        role: query.role,
        current: query.current,
        as_of: query.as_of,
        q: query.q,
        held_by: None,
        sort: query.sort,
        cursor: query.cursor,
    };
    desk::list(&cx.app, &cx.who, asked, limit(query.limit)?).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Shown> {
    desk::get(&cx.app, &cx.who, id).await
}

async fn add(cx: Cx, new: NewAssignment) -> Result<Uuid> {
    desk::assign(&cx.app, &cx.who, new).await
}

/// A change of an assignment. With `end_reason` it ends; with `person_id` or
/// `department_id` somebody else follows, and the new assignment is answered;
/// otherwise `until` and `basis` are set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChangeBody {
    /// Who follows.
    person_id: Option<Uuid>,
    /// Which department follows.
    department_id: Option<Uuid>,
    /// Since when the new one holds it; now when absent.
    valid_from: Option<Time>,
    /// To when the order runs.
    #[serde(default)]
    until: Patch<Time>,
    /// The document that orders it.
    basis: Option<String>,
    /// Why; needed when somebody follows.
    reason: Option<String>,
    /// Why it ends.
    end_reason: Option<EndReason>,
    /// When it ends; now when absent.
    valid_to: Option<Time>,
}

async fn change(cx: Cx, id: Uuid, body: ChangeBody) -> Result<Uuid> {
    let follows = body.person_id.is_some() || body.department_id.is_some();
    match (body.end_reason, follows) {
        (Some(_), true) => Err(Error::field("end_reason", "either_or")),
        (None, false) if body.valid_to.is_some() => Err(Error::field("end_reason", "required")),
        (Some(reason), false) => {
            desk::end(&cx.app, &cx.who, id, NewEnd { reason, note: body.reason, at: body.valid_to }).await
        }
        (None, true) => {
            let new = NewHolder {
                department_id: body.department_id,
                person_id: body.person_id,
                valid_from: body.valid_from,
                until: body.until.apply(None),
                basis: body.basis,
                reason: body.reason,
            };
            desk::change(&cx.app, &cx.who, id, new).await
        }
        (None, false) if body.until.is_set() || body.basis.is_some() => {
            let until = match body.until {
                Patch::Keep => desk::get(&cx.app, &cx.who, id).await?.until,
                patch => patch.apply(None),
            };
            desk::renew(&cx.app, &cx.who, id, until, body.basis.as_deref()).await
        }
        (None, false) => Err(Error::field("end_reason", "required")),
    }
}

/// What the list of gaps is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GapQuery {
    limit: Option<i64>,
    cursor: Option<String>,
}

/// A subject that wants somebody.
#[derive(Serialize, JsonSchema)]
struct GapOut {
    /// What it is.
    subject_kind: SubjectKind,
    /// Its key.
    subject_id: Uuid,
    /// Its name.
    name: String,
    /// Its short name.
    short_name: String,
    /// Whether it is a key one (重点).
    key: bool,
    /// The carrier it sits in.
    carrier_id: Option<Uuid>,
    /// What is missing.
    missing: Vec<GapKind>,
    /// Who answers as far as anybody does.
    answerable: Answerable,
}

async fn gaps(cx: Cx, query: GapQuery) -> Result<Page<GapOut>> {
    let page = desk::gaps(&cx.app, &cx.who, query.cursor.as_deref(), limit(query.limit)?).await?;
    Ok(page.map(|gap| GapOut {
        subject_kind: gap.subject.kind,
        subject_id: gap.subject.id,
        name: gap.subject.name,
        short_name: gap.subject.short_name,
        key: gap.subject.key,
        carrier_id: gap.subject.carrier_id,
        missing: gap.missing,
        answerable: gap.answerable,
    }))
}

/// What is to be proposed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProposalsBody {
    /// For these subjects; for every gap when absent.
    subject_ids: Option<Vec<Uuid>>,
    /// Only these roles; all three when absent.
    #[serde(default)]
    roles: Vec<Duty>,
}

/// Proposals for the gaps.
#[derive(Serialize, JsonSchema)]
struct Proposals {
    /// Place by place, heaviest subject first. Send what is accepted to
    /// `POST /api/v1/assignments/bulk`.
    items: Vec<ProposalOut>,
}

/// A proposal for one place.
#[derive(Serialize, JsonSchema)]
struct ProposalOut {
    /// What the subject is.
    subject_kind: SubjectKind,
    /// The subject.
    subject_id: Uuid,
    /// Its short name.
    subject: String,
    /// As what.
    role: Duty,
    /// The person proposed.
    person_id: Option<Uuid>,
    /// The department proposed.
    department_id: Option<Uuid>,
    /// Name of who is proposed.
    name: String,
    /// Why, as a word.
    because: Because,
    /// Why, in a sentence.
    explanation: String,
    /// The load before (weights added up).
    load_before: i64,
    /// The load with this subject.
    load_after: i64,
    /// Who holds the place now, though he has left.
    replaces: Option<String>,
    /// How the place stands; send it with the item, so that a place that has
    /// changed meanwhile is refused.
    seen: String,
}

async fn proposals(cx: Cx, body: ProposalsBody) -> Result<Proposals> {
    let proposed = desk::proposals(&cx.app, &cx.who, body.subject_ids.as_deref(), &body.roles).await?;
    let lang = cx.lang;
    let out = |proposal: Proposal| {
        let (item, p) = (proposal.item(), &proposal.proposed);
        ProposalOut {
            subject_kind: p.kind,
            subject_id: p.subject_id,
            subject: p.subject.clone(),
            role: p.role,
            person_id: item.person_id,
            department_id: item.department_id,
            name: p.unit.clone(),
            because: p.because,
            explanation: super::pages::explain(lang, p),
            load_before: p.load_before,
            load_after: p.load_after,
            replaces: proposal.before.clone(),
            seen: proposal.seen,
        }
    };
    Ok(Proposals { items: proposed.into_iter().map(out).collect() })
}

/// What a bulk assignment or handover did.
#[derive(Serialize, JsonSchema)]
pub struct BatchOut {
    /// The batch; its assignments carry it as `batch_id`.
    id: Uuid,
    /// Assignments opened.
    opened: i64,
    /// Of these, assignments that followed somebody else's.
    changed: i64,
}

pub async fn batch(cx: &Cx, id: Result<Uuid>) -> Result<BatchOut> {
    let id = match id {
        Ok(id) | Err(Error::Replayed(id)) => id,
        Err(error) => return Err(error),
    };
    let done = desk::done(&cx.app, &cx.who, id).await?;
    Ok(BatchOut { id, opened: done.opened, changed: done.changed })
}

async fn bulk(cx: Cx, body: Bulk) -> Result<BatchOut> {
    let id = desk::bulk(&cx.app, &cx.who, body).await;
    batch(&cx, id).await
}

/// Everything that one person hands over to another.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HandoverBody {
    /// Who leaves.
    from_person: Uuid,
    /// Who takes over.
    to_person: Uuid,
    /// Why, and what the other should know.
    note: String,
    /// `changed` when absent.
    reason: Option<EndReason>,
}

async fn handover(cx: Cx, body: HandoverBody) -> Result<BatchOut> {
    let new = desk::NewHandover {
        from_person: body.from_person,
        to_person: body.to_person,
        note: body.note,
        reason: body.reason.unwrap_or(EndReason::Changed),
    };
    let id = desk::handover(&cx.app, &cx.who, new).await;
    batch(&cx, id).await
}
