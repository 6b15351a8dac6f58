//! 走访前先看: what a visitor should know, on one screen of a phone and one sheet of paper.

use super::Promise;
use super::desk::{self, Brief};
use super::plan::{self, PlanRecord};
use crate::actor::OFFICE;
use crate::assignment::{self, Answerable};
use crate::continuity::desk::urgency;
use crate::error::{Error, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, id_of};
use crate::http::page::{self, PageResult, Shell, html};
use crate::http::routes::{Access, Routes};
use crate::registry::fact::{Fact, Key};
use crate::subject::SubjectKind;
use crate::time::Time;
use almanac::Light;
use askama::Template;
use axum::extract::Path;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    routes.get("/visits/brief/{id}", Access::only(OFFICE), brief);
}

/// Of each list the brief shows so many; the rest is on its page.
const FEW: usize = 3;

#[derive(Template)]
#[template(path = "visit/brief.html")]
struct BriefPage {
    s: Shell,
    b: Brief,
    answers: Answerable,
    planned: Option<PlanRecord>,
    recorder: bool,
    sentence: String,
    home: String,
}

impl BriefPage {
    /// The day on which a fact was last confirmed.
    fn confirmed(&self, key: &str) -> Option<Time> {
        self.fact(key)?.confirmed_at
    }

    fn fact(&self, key: &str) -> Option<&Fact> {
        let key = Key::parse(key)?;
        self.b.known.iter().find(|fact| fact.key == key)
    }

    /// The first few of a list.
    fn few<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        &all[..all.len().min(FEW)]
    }

    /// How many more there are.
    fn more<T>(&self, all: &[T]) -> usize {
        all.len().saturating_sub(FEW)
    }

    fn light_of(&self, promise: &Promise) -> Light {
        urgency(promise.due(), self.s.now)
    }

    fn light(&self, at: &Option<Time>) -> Light {
        urgency(*at, self.s.now)
    }
}

/// What the key names: an enterprise, or else a project.
async fn page_of(cx: &Cx, id: Uuid) -> Result<BriefPage> {
    let b = match desk::brief(&cx.app, &cx.who, SubjectKind::Enterprise, id).await {
        Err(Error::NotFound) => desk::brief(&cx.app, &cx.who, SubjectKind::Project, id).await?,
        other => other?,
    };
    let s = Shell::of(cx).await?;
    let query = Form::parse(cx.request.query.as_bytes());
    let mut tx = cx.read().await?;
    let answers = assignment::desk::current(&cx.app, &mut tx, cx.who.zone_id, b.subject.kind, id).await?;
    let planned = match Uuid::parse_str(query.value("plan")) {
        Ok(plan) => match plan::desk::record(&mut tx, &cx.who, plan).await {
            Ok(record) if record.plan.subject_id == id => Some(record),
            Ok(_) | Err(Error::NotFound) => None,
            Err(error) => return Err(error),
        },
        Err(_) => None,
    };
    drop(tx);
    let sentence = s.with("brief-line", "at", s.moment(&s.now));
    let home = b.subject.kind.href(b.subject.id);
    Ok(BriefPage { home, s, b, answers, planned, recorder: cx.who.is(desk::RECORDERS), sentence })
}

async fn brief(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&page_of(&cx, id_of(&id)?).await?) }).await
}
