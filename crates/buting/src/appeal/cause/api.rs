use super::desk::{self, ACTORS, CausesQuery, KEEPERS, READERS, Record};
use super::{Act, Cause, Member, NewCause, Note, Reason};
use crate::error::Result;
use crate::http::api::{NoQuery, Page, Versioned};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (readers, keepers, actors) = (Access::only(READERS), Access::only(KEEPERS), Access::only(ACTORS));
    routes.api_get("/api/v1/causes", readers, list).summary("Common causes of many appeals, newest first");
    routes.api_create("/api/v1/causes", keepers, open, show).summary("Open a common cause of appeals");
    routes
        .api_get("/api/v1/causes/proposals", keepers, proposals)
        .summary("Open appeals that may have one cause, with reasons");
    routes.api_read("/api/v1/causes/{id}", readers, show).summary("A common cause with its appeals and notes");
    routes
        .api_act("/api/v1/causes/{id}/actions", actors, act, show)
        .summary("Take appeals in or out, pass it to another department, note, answer all, review all, close");
}

/// A cause with what belongs to it.
#[derive(Serialize, JsonSchema)]
struct CauseOut {
    #[serde(flatten)]
    cause: Cause,
    /// Its appeals, as far as the reader may see them.
    members: Vec<Member>,
    /// How many the reader may not see.
    hidden: i64,
    /// What was written down on the way, oldest first.
    notes: Vec<Note>,
}

impl Versioned for CauseOut {
    fn version(&self) -> i64 {
        self.cause.version
    }
}

/// Appeals that may have one cause.
#[derive(Serialize, JsonSchema)]
struct Proposal {
    /// Their category.
    category: String,
    /// The appeals, earliest first.
    appeals: Vec<Proposed>,
    /// How many enterprises and projects speak.
    subjects: usize,
    /// Why they are proposed together.
    reasons: Vec<Reason>,
}

/// An appeal of a proposal.
#[derive(Serialize, JsonSchema)]
struct Proposed {
    /// Key.
    id: Uuid,
    /// Number.
    number: String,
    /// Title.
    title: String,
    /// Whose it is.
    subject: String,
}

async fn list(cx: Cx, query: CausesQuery) -> Result<Page<Cause>> {
    desk::list(&cx.app, &cx.who, &query).await
}

async fn open(cx: Cx, new: NewCause) -> Result<Uuid> {
    desk::open(&cx.app, &cx.who, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<CauseOut> {
    let Record { cause, members, hidden, notes } = desk::cause(&cx.app, &cx.who, id).await?;
    Ok(CauseOut { cause, members, hidden, notes })
}

async fn act(cx: Cx, id: Uuid, act: Act) -> Result<Uuid> {
    desk::act(&cx.app, &cx.who, id, act).await
}

async fn proposals(cx: Cx, _: NoQuery) -> Result<Page<Proposal>> {
    let (cries, found) = desk::proposals(&cx.app, &cx.who).await?;
    let proposed = |i: &usize| {
        let cry = &cries[*i];
        Proposed { id: cry.id, number: cry.number.clone(), title: cry.title.clone(), subject: cry.subject.clone() }
    };
    let items: Vec<Proposal> = found
        .iter()
        .map(|cluster| Proposal {
            category: cries[cluster.members[0]].category.clone(),
            appeals: cluster.members.iter().map(proposed).collect(),
            subjects: cluster.subjects,
            reasons: cluster.reasons.clone(),
        })
        .collect();
    let total = items.len() as i64;
    Ok(Page::new(items, None, total))
}
