use super::desk::{self, Invitation, PlanFilter};
use super::{Near, NewPlan, NewTime, PlanAnswer, PlanRecord, PlanState, View};
use crate::actor::{OFFICE, OUTSIDE, Roles};
use crate::error::{Error, FieldError, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::seek::{Seek, VISITED};
use crate::http::session;
use crate::organisation;
use crate::subject::SubjectKind;
use crate::time::{Day, Time};
use crate::visit::desk::{READERS, RECORDERS};
use crate::visit::pages::asked_subject;
use crate::visit::{Channel, VisitKind};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use std::sync::Arc;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let recorders = Access::only(RECORDERS);
    let both = Access::only(RECORDERS.and(OUTSIDE));
    routes
        .get("/visits/plans/new", recorders, new_plan)
        .post("/visits/plans", recorders, add_plan)
        .get("/visits/plans/{id}", readers, plan)
        .post("/visits/plans/{id}/answer", both, answer)
        .post("/visits/plans/{id}/move", recorders, move_to)
        .post("/visits/plans/{id}/join", recorders, join)
        .post("/visits/plans/{id}/leave", recorders, leave)
        .post("/visits/plans/{id}/link", recorders, withdraw_link)
        .get("/visits/calendar", readers, calendar)
        .post("/visits/calendar/feed", readers, set_feed)
        .get("/calendar/{file}", Access::everybody(), feed)
        .get("/plan/{token}", Access::everybody(), invitation)
        .post("/plan/{token}", Access::everybody(), answer_invitation);
}

// A new plan

#[derive(Template)]
#[template(path = "visit/plan/new.html")]
struct NewPlanPage {
    s: Shell,
    form: Form,
    subject: Seek,
    /// Within how many days these come, when the bound on visits was met; else a week
    /// before and after.
    bound: Option<i64>,
    near: Vec<Near>,
}

async fn new_plan_page(cx: &Cx, form: Form, subject: Seek, at: Option<Time>) -> Result<NewPlanPage> {
    let s = Shell::of(cx).await?;
    let met = form.has_code("despite", "over_cap");
    let (bound, near) = match (subject.key(), at) {
        (Some((_, id)), Some(at)) if met => {
            let (near, days) = desk::counted(&cx.app, &cx.who, id, at).await?;
            (Some(days), near)
        }
        (Some((_, id)), Some(at)) => (None, desk::near(&cx.app, &cx.who, id, at).await?),
        _ => (None, Vec::new()),
    };
    Ok(NewPlanPage { s, form, subject, bound, near })
}

async fn new_plan(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let mut form = Form::filled([
            ("subject", asked_subject(&query).unwrap_or_default()),
            ("kind", VisitKind::Routine.to_string()),
            ("channel", Channel::Onsite.to_string()),
            ("planned_at", query.text("at")),
        ]);
        // Whoever comes with a subject sees at once who else comes these days.
        let now = cx.now();
        let subject = Seek::of(&cx, &mut form, "subject", VISITED).await?;
        html(&new_plan_page(&cx, form, subject, Some(now)).await?)
    })
    .await
}

async fn add_plan(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let zone = Shell::of(&cx).await?.time_zone;
        let subject = Seek::of(&cx, &mut form, "subject", VISITED).await?;
        let named = subject.need(&mut form);
        let read = form.time("planned_at", &zone);
        let planned_at = form.need("planned_at", read);
        let (kind, id) = named.unwrap_or((SubjectKind::Enterprise, Uuid::nil()));
        let new = NewPlan {
            id: None,
            enterprise_id: (kind == SubjectKind::Enterprise).then_some(id),
            project_id: (kind == SubjectKind::Project).then_some(id),
            kind: form.word("kind", VisitKind::parse),
            channel: form.word("channel", Channel::parse),
            purpose: form.text("purpose"),
            planned_at,
            despite: form.opt_text("despite"),
        };
        if !form.failed()
            && let Some(id) = made(desk::plan(&cx.app, &cx.who, new).await, &mut form)?
        {
            return Ok(go(&format!("/visits/plans/{id}"), "flash-plan-sent"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &new_plan_page(&cx, form, subject, Some(planned_at)).await?)
    })
    .await
}

// One plan

#[derive(Template)]
#[template(path = "visit/plan/plan.html")]
struct PlanPage {
    s: Shell,
    r: PlanRecord,
    sentence: String,
    home: String,
    link: Option<String>,
    outside: bool,
    recorder: bool,
    settles: bool,
    goes: bool,
    mine: bool,
    answer: Form,
    moving: Form,
}

async fn plan_page(cx: &Cx, headers: &HeaderMap, id: Uuid, answer: Form, mut moving: Form) -> Result<PlanPage> {
    let s = Shell::of(cx).await?;
    let mut tx = cx.read().await?;
    let r = desk::record(&mut tx, &cx.who, id).await?;
    let plan = &r.plan;
    let settles = desk::settles(&mut tx, &cx.who, plan).await?;
    drop(tx);
    let site = session::origin(&cx.app, headers);
    // The day that the enterprise names is the first to be thought of.
    moving.fill("planned_at", s.field_time(&plan.other_at.unwrap_or(plan.planned_at)));
    Ok(PlanPage {
        sentence: format!("{} · {}", plan.subject_name, s.word("plan-state", plan.state)),
        home: plan.subject_kind.href(plan.subject_id),
        link: desk::link_of(&cx.app, &cx.who, plan).filter(|_| settles).map(|token| format!("{site}/plan/{token}")),
        outside: cx.who.roles.meets(OUTSIDE),
        recorder: cx.who.is(RECORDERS),
        settles,
        goes: r.goes(cx.who.person_id),
        mine: plan.planned_by == cx.who.person_id,
        s,
        r,
        answer,
        moving,
    })
}

async fn plan(cx: Cx, headers: HeaderMap, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&plan_page(&cx, &headers, id_of(&id)?, Form::default(), Form::default()).await?) })
        .await
}

/// What a form says to a plan.
fn said(form: &mut Form, s: &Shell) -> PlanAnswer {
    let state = form.word("state", PlanState::parse);
    if state.is_none() && !form.has_error("state") {
        form.add(FieldError::new("state", "required"));
    }
    let state = state.unwrap_or(PlanState::Agreed);
    // Who agrees or declines has not named another day, whatever the field holds.
    let other_at = if state == PlanState::Countered { form.time("other_at", &s.time_zone) } else { None };
    PlanAnswer { state, other_at, reason: form.opt_text("reason") }
}

async fn answer(Path(id): Path<String>, headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let said = said(&mut form, &Shell::of(&cx).await?);
        if !form.failed() && made(desk::answer(&cx.app, &cx.who, id, said).await, &mut form)?.is_some() {
            return Ok(go(&format!("/visits/plans/{id}"), "flash-plan-answered"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &plan_page(&cx, &headers, id, form, Form::default()).await?)
    })
    .await
}

async fn move_to(Path(id): Path<String>, headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let zone = Shell::of(&cx).await?.time_zone;
        let read = form.time("planned_at", &zone);
        let new = NewTime {
            planned_at: form.need("planned_at", read),
            reason: form.opt_text("reason"),
            despite: form.opt_text("despite"),
        };
        if !form.failed() && made(desk::move_to(&cx.app, &cx.who, id, new).await, &mut form)?.is_some() {
            return Ok(go(&format!("/visits/plans/{id}"), "flash-plan-moved"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &plan_page(&cx, &headers, id, Form::default(), form).await?)
    })
    .await
}

async fn join(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match desk::join(&cx.app, &cx.who, id_of(&id)?).await {
            Ok(id) | Err(Error::Replayed(id)) => Ok(go(&format!("/visits/plans/{id}"), "flash-plan-joined")),
            Err(error) => Err(error),
        }
    })
    .await
}

async fn leave(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match desk::leave(&cx.app, &cx.who, id_of(&id)?).await {
            // Who no longer goes along may no longer see the plan.
            Ok(_) | Err(Error::Replayed(_)) => Ok(go("/visits?show=plans", "flash-plan-left")),
            Err(error) => Err(error),
        }
    })
    .await
}

async fn withdraw_link(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match desk::withdraw_link(&cx.app, &cx.who, id_of(&id)?).await {
            Ok(id) | Err(Error::Replayed(id)) => Ok(go(&format!("/visits/plans/{id}"), "flash-plan-link")),
            Err(error) => Err(error),
        }
    })
    .await
}

// The calendar

/// A day of the page with what is on it.
struct Square {
    day: Day,
    /// The day of the month.
    number: i8,
    /// Whether it is of the month that is shown.
    inside: bool,
    today: bool,
    plans: Vec<PlanRecord>,
}

#[derive(Template)]
#[template(path = "visit/plan/calendar.html")]
struct CalendarPage {
    s: Shell,
    title: String,
    before: Day,
    after: Day,
    today: Day,
    weeks: Vec<Vec<Square>>,
    sentence: String,
    none: bool,
    /// How many are shown, where there are more.
    first: Option<usize>,
    month: bool,
    departments: Vec<(String, String)>,
    people: Vec<(String, String)>,
    form: Form,
    subject: Seek,
    me: String,
    recorder: bool,
    office: bool,
    /// The person's calendar link, whole.
    feed: Option<String>,
}

/// The path of a calendar link.
pub(super) fn feed_href(token: &str) -> String {
    format!("/calendar/{token}.ics")
}

async fn calendar(cx: Cx, headers: HeaderMap) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let mut query = Form::parse(cx.request.query.as_bytes());
        let subject = Seek::of(&cx, &mut query, "subject", VISITED).await?;
        let today = cx.now().day(&s.time_zone);
        let site = session::origin(&cx.app, &headers);
        let view = View::parse(query.value("view")).unwrap_or(View::Month);
        let day = query.opt("day").and_then(Day::read).unwrap_or(today);
        let (from, to) = view.span(day, &s.time_zone);
        let key = |name: &str| Uuid::parse_str(query.value(name)).ok();
        let filter = PlanFilter {
            happening: true,
            from: Some(from),
            to: Some(to),
            subject_id: subject.key().map(|(_, id)| id),
            department_id: key("department"),
            person_id: key("person"),
            ..PlanFilter::default()
        };
        let (mut plans, all) = desk::calendar(&cx.app, &cx.who, &filter).await?;
        let (none, sentence) = (plans.is_empty(), s.with("calendar-count", "n", all));
        let first = Some(plans.len()).filter(|n| (*n as i64) < all);
        let mut squares = Vec::new();
        for week in view.weeks(day) {
            let mut row = Vec::new();
            for of in week {
                let here = |record: &PlanRecord| record.plan.planned_at.day(&s.time_zone) == of;
                let (on, rest) = plans.into_iter().partition(here);
                plans = rest;
                row.push(Square {
                    day: of,
                    number: of.0.day(),
                    inside: view == View::Week || of.0.month() == day.0.month(),
                    today: of == today,
                    plans: on,
                });
            }
            squares.push(row);
        }
        let office = cx.who.is(OFFICE);
        let (mut departments, mut people) = (Vec::new(), Vec::new());
        if office {
            let mut tx = cx.read().await?;
            let all = organisation::desk::departments(&mut tx, cx.who.zone_id).await?;
            departments = all.into_iter().map(|one| (one.id.to_string(), one.short_name)).collect();
            drop(tx);
            let staff = organisation::desk::staff(&cx.app, &cx.who, None, None, 200).await?;
            people = staff.items.into_iter().map(|one| (one.id.to_string(), one.name)).collect();
        }
        let title = match view {
            View::Month => {
                s.with2("calendar-month", "year", i64::from(day.0.year()), "month", i64::from(day.0.month()))
            }
            View::Week => {
                let first = view.weeks(day)[0][0];
                s.with("calendar-week", "day", first.to_string())
            }
        };
        html(&CalendarPage {
            title,
            before: view.before(day),
            after: view.after(day),
            today,
            weeks: squares,
            none,
            first,
            month: view == View::Month,
            sentence,
            departments,
            people,
            form: query,
            subject,
            me: cx.who.person_id.map(|id| id.to_string()).unwrap_or_default(),
            recorder: cx.who.is(RECORDERS),
            office,
            feed: desk::feed_of(&cx.app, &cx.who).await?.map(|token| format!("{site}{}", feed_href(&token))),
            s,
        })
    })
    .await
}

async fn set_feed(Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match desk::set_feed(&cx.app, &cx.who, form.on("open")).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go("/visits/calendar#feed", "flash-feed-set")),
            Err(error) => Err(error),
        }
    })
    .await
}

async fn feed(cx: Cx, Path(file): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let token = file.strip_suffix(".ics").unwrap_or(&file);
        let text = desk::feed(&cx.app, token, cx.lang).await?;
        let mut response = text.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    })
    .await
}

// The page behind a link

#[derive(Template)]
#[template(path = "visit/plan/invitation.html")]
struct InvitationPage {
    s: Shell,
    token: String,
    i: Invitation,
    sentence: String,
    form: Form,
}

async fn invitation_page(cx: &Cx, token: String, form: Form) -> Result<InvitationPage> {
    let (who, i) = desk::by_link(&cx.app, &token).await?;
    let seen = Cx { app: Arc::clone(&cx.app), who, lang: cx.lang, label: cx.label, request: Arc::clone(&cx.request) };
    let mut s = Shell::of(&seen).await?;
    s.nav.clear();
    s.person.clear();
    s.roles = Roles::NONE;
    s.zone_name.clone_from(&i.zone.name);
    let sentence =
        s.with2("invitation-line", "zone", i.zone.name.as_str(), "subject", i.record.plan.subject_name.as_str());
    Ok(InvitationPage { s, token, i, sentence, form })
}

async fn invitation(cx: Cx, Path(token): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&invitation_page(&cx, token, Form::default()).await?) }).await
}

async fn answer_invitation(Path(token): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let shown = invitation_page(&cx, token.clone(), Form::default()).await?;
        let said = said(&mut form, &shown.s);
        if !form.failed() {
            let (once, seen) = (cx.who.once.clone(), cx.who.seen_version);
            if made(desk::answer_by_link(&cx.app, &token, said, once, seen).await, &mut form)?.is_some() {
                return Ok(go(&format!("/plan/{token}"), "flash-plan-answered"));
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &invitation_page(&cx, token, form).await?)
    })
    .await
}
