//! Visits that are written down without network: the page that a device keeps,
//! and the place where it sends what was written. The device keeps fields as they
//! were typed, so that one place reads them, be there network or not.

use super::desk::{self, Brief, Meanwhile, RECORDERS, Received};
use super::pages::{VisitForm, subject_of, told};
use super::{PlanState, Visit, at};
use crate::assignment;
use crate::continuity::desk as continuity;
use crate::continuity::{Line, State};
use crate::error::{Error, FieldError, Result};
use crate::http::cx::Cx;
use crate::http::form::Form;
use crate::http::page::{self, PageResult, Shell, html};
use crate::http::routes::{Access, Routes};
use crate::settings;
use crate::subject::SubjectKind;
use crate::zone::Zone;
use askama::Template;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let recorders = Access::only(RECORDERS);
    routes.get("/visits/offline", recorders, offline);
    routes
        .api_post("/api/v1/visits/offline", recorders, StatusCode::OK, receive)
        .summary("Record a visit that was written down without network, once; answers a receipt, or what has changed meanwhile")
        .owner_scoped();
}

/// So many subjects are taken along with everything that a visitor should know.
const BRIEFS: usize = 60;
/// Days after which a device drops what it took along, and receipts.
const KEPT_DAYS: i64 = 7;
/// Days after which it drops what was never sent.
const UNSENT_DAYS: i64 = 30;

/// Texts of the page that its script sets; each is a locale key after `offline-`.
const WORDS: &[&str] = &[
    "state-editing",
    "state-queued",
    "state-sending",
    "state-sent",
    "state-refused",
    "state-conflict",
    "open",
    "correct",
    "take-back",
    "delete",
    "hide",
    "download",
    "copy",
    "copied",
    "ask-delete",
    "there-is-network",
    "no-network",
    "preparing",
    "ready",
    "not-kept",
    "saved",
    "no-room",
    "no-store",
    "cleared",
    "signed-out",
    "sign-in",
    "unsure",
    "tried",
    "elsewhere",
    "busy",
    "until",
    "none-found",
    "no-brief",
    "mine",
    "theirs",
    "keep-mine",
    "keep-theirs",
    "drop-plan",
    "to-merged",
    "merged",
    "visit",
    "seen-then",
    "plan-then",
    "wrong-summary",
    "old",
];

/// A subject that can be visited, with what is taken along about it.
struct Taken {
    subject: String,
    name: String,
    brief: Option<Brief>,
}

#[derive(Template)]
#[template(path = "visit/offline.html")]
struct OfflinePage {
    s: Shell,
    zone: String,
    subjects: Vec<Taken>,
    forms: Vec<VisitForm>,
    words: Vec<(&'static str, String)>,
    kept_days: i64,
    unsent_days: i64,
}

async fn offline(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let subjects = taken(&cx).await?;
        let mut forms = Vec::new();
        for kind in [SubjectKind::Enterprise, SubjectKind::Project] {
            forms.push(VisitForm::of(&cx, &s, kind, VisitForm::begun(&cx, &s, None)).await?);
        }
        let words = WORDS.iter().map(|word| (*word, s.t(&format!("offline-{word}")).into_owned())).collect();
        let zone = s.time_zone.iana_name().unwrap_or_default().to_owned();
        html(&OfflinePage { s, zone, subjects, forms, words, kept_days: KEPT_DAYS, unsent_days: UNSENT_DAYS })
    })
    .await
}

/// Everything within reach by name; with its brief what this person looks after.
async fn taken(cx: &Cx) -> Result<Vec<Taken>> {
    let mut own = BTreeSet::new();
    if let Some(person) = cx.who.person_id {
        own.extend(assignment::desk::held(&cx.app, &cx.who, person).await?.into_iter().map(|held| held.subject_id));
    }
    let mut all = Vec::new();
    let mut briefs = 0;
    for (subject, name) in continuity::subjects(&cx.app, &cx.who).await? {
        let brief = match subject_of(&subject) {
            Some((kind, id)) if briefs < BRIEFS && own.contains(&id) => {
                briefs += 1;
                Some(desk::brief(&cx.app, &cx.who, kind, id).await?)
            }
            _ => None,
        };
        all.push(Taken { subject, name, brief });
    }
    // Whom one looks after comes first.
    all.sort_by_key(|taken| taken.brief.is_none());
    Ok(all)
}

/// A field of the form as it was typed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Typed {
    /// Its name on the page.
    name: String,
    /// What it holds.
    value: String,
}

/// How a line stood when the visitor last saw it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Seen {
    /// The line.
    line: Line,
    /// How it stood.
    state: State,
}

/// A visit as a device kept it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Client-chosen key of the visit: the same however often it is sent.
    id: Uuid,
    /// Who wrote it down. Nobody else can send it.
    person_id: Uuid,
    /// Whom it is about: `enterprise:id` or `project:id`.
    subject: String,
    /// The fields, in the order of the page; several may have one name.
    fields: Vec<Typed>,
    /// How lines stood that the visitor saw. A word on another state is asked back.
    #[serde(default)]
    seen: Vec<Seen>,
}

/// What became of it: a receipt, or what has changed meanwhile, in which case
/// nothing was saved.
#[derive(Serialize, JsonSchema)]
struct Became {
    /// What was saved.
    receipt: Option<Receipt>,
    /// What has changed; each is to be settled by the visitor.
    changed: Vec<Changed>,
}

/// What a visit became, piece by piece.
#[derive(Serialize, JsonSchema)]
struct Receipt {
    /// Key of the visit.
    id: Uuid,
    /// Its number.
    number: String,
    /// Everything that came of it.
    items: Vec<Piece>,
}

/// A record that a visit made.
#[derive(Serialize, JsonSchema)]
struct Piece {
    /// What it is, in the reader's language.
    what: String,
    /// Its number, where it has one.
    number: Option<String>,
    /// What it says.
    text: String,
    /// Its page.
    href: String,
}

/// Something that is no longer as the visitor saw it.
#[derive(Serialize, JsonSchema)]
struct Changed {
    /// The field of the form: `state-production`, `plan_id` or `subject`.
    field: String,
    /// What it is, in the reader's language.
    what: String,
    /// How it is now, in the reader's language.
    now: String,
    /// How it is now: a state, the state of a plan, or `enterprise:id`.
    value: String,
    /// The line of the note, from 1, that says otherwise; null where a field does.
    note_line: Option<usize>,
}

async fn receive(cx: Cx, kept: Kept) -> Result<Became> {
    if cx.who.person_id != Some(kept.person_id) {
        return Err(Error::state("other_person"));
    }
    let (kind, id) = subject_of(&kept.subject).ok_or_else(|| Error::field("subject", "unknown"))?;
    let mut tx = cx.read().await?;
    let zone = Zone::get(&mut tx, cx.who.zone_id).await?.time_zone();
    let blocks = settings::desk::visit_blocks(&mut tx, cx.who.zone_id, false).await?;
    drop(tx);
    let mut form = Form::of_pairs(kept.fields.into_iter().map(|field| (field.name, field.value)));
    let mut told = told(&mut form, kind, id, &blocks, &zone);
    told.visit.id = Some(kept.id);
    let places = std::mem::take(&mut told.places);
    let seen: Vec<(Line, State)> = kept.seen.iter().map(|seen| (seen.line, seen.state)).collect();
    let faults = form.faults();
    // What cannot be read may have been sent, and saved, before the program was upgraded.
    let received = if faults.is_empty() {
        desk::receive(&cx.app, &cx.who, told.visit, &seen).await
    } else {
        match desk::was_received(&cx.app, &cx.who, kept.id).await? {
            true => Err(Error::Replayed(kept.id)),
            false => Err(Error::Invalid(faults)),
        }
    };
    match received {
        Ok(Received::Saved(id)) | Err(Error::Replayed(id)) => {
            let visit = desk::visit(&cx.app, &cx.who, id).await?;
            Ok(Became { receipt: Some(receipt(&Shell::bare(cx.lang), visit)), changed: Vec::new() })
        }
        Ok(Received::Changed(changed)) => {
            let mut s = Shell::bare(cx.lang);
            (s.time_zone, s.now) = (zone, cx.now());
            Ok(Became { receipt: None, changed: changed.iter().map(|one| changed_of(&s, one)).collect() })
        }
        Err(Error::Invalid(errors)) => {
            let field = |place: &str| super::pages::field_of(&places, place);
            let under = |error: FieldError| FieldError { field: format!("fields/{}", field(&error.field)), ..error };
            Err(Error::Invalid(errors.into_iter().map(under).collect()))
        }
        Err(other) => Err(other),
    }
}

fn receipt(s: &Shell, visit: Visit) -> Receipt {
    let href = format!("/visits/{}", visit.id);
    let mut items = Vec::new();
    for one in visit.appeals {
        items.push(Piece {
            what: s.t("visit-appeals").into_owned(),
            number: Some(one.number),
            text: one.title,
            href: format!("/appeals/{}", one.id),
        });
    }
    for one in visit.promises {
        items.push(Piece {
            what: s.t("visit-promises").into_owned(),
            number: None,
            text: one.text,
            href: format!("/promises/{}", one.id),
        });
    }
    for one in visit.continuity {
        items.push(Piece {
            what: s.word("line", one.line).into_owned(),
            number: None,
            text: s.line_light(one.line, one.state),
            href: one.subject_kind.href(one.subject_id),
        });
    }
    for one in visit.requirements.into_iter().chain(visit.hazards).chain(visit.answers) {
        items.push(Piece {
            what: s.word("visit-item", one.kind).into_owned(),
            number: None,
            text: one.text,
            href: href.clone(),
        });
    }
    Receipt { id: visit.id, number: visit.number, items }
}

fn changed_of(s: &Shell, changed: &Meanwhile) -> Changed {
    let joined = |parts: Vec<Option<String>>| parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    match changed {
        Meanwhile::Light(light, note_line) => Changed {
            field: at("state", light.line),
            what: s.word("line", light.line).into_owned(),
            now: joined(vec![
                Some(s.line_light(light.line, light.state)),
                light.cause.clone(),
                light.at.map(|at| s.moment(&at)),
            ]),
            value: light.state.to_string(),
            note_line: *note_line,
        },
        Meanwhile::Plan(plan) => Changed {
            field: "plan_id".into(),
            what: s.t("visit-plans").into_owned(),
            now: joined(vec![
                Some(plan.purpose.clone()),
                Some(s.word("plan-state", plan.state).into_owned()),
                plan.reason.clone().filter(|_| plan.state != PlanState::Done),
            ]),
            value: plan.state.to_string(),
            note_line: None,
        },
        Meanwhile::Merged(into) => Changed {
            field: "subject".into(),
            what: s.t("continuity-subject").into_owned(),
            now: into.name.clone(),
            value: format!("{}:{}", into.kind, into.id),
            note_line: None,
        },
    }
}
