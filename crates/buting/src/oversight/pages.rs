use super::desk::{
    self, ACCESS_READERS, HISTORY_READERS, History, JobsAsked, LEDGER_READERS, QUEUE_KEEPERS, VERIFIERS,
};
use super::docs::{self, Collection};
use super::home::{self, Own};
use super::reading::{Shown, table_text};
use super::record::Record;
use super::view::{self, Overview, Week};
use super::{Access as Read, AccessFilter, Filter, Job, JobState, Verification, api};
use crate::actor::Role;
use crate::continuity::{Line, State, Tile};
use crate::error::{Error, Result};
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::list::Order;
use crate::subject::SubjectKind;
use crate::time::Day;
use crate::todo::{self, ToDo};
use crate::trace;
use crate::zone::Zone;
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

/// Rows of a list on a page.
const ROWS: i64 = 50;
/// Items of the list of what needs me now.
const ITEMS: usize = 100;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(LEDGER_READERS);
    let verifiers = Access::only(VERIFIERS);
    let keepers = Access::only(QUEUE_KEEPERS);
    routes
        .get("/", Access::signed_in(), home_page)
        .get("/overview", Access::only(view::READERS), overview)
        .get("/api/docs", Access::everybody(), api_docs)
        .get("/ledger", readers, ledger)
        .get("/ledger/head.txt", verifiers, head)
        .get("/ledger/{id}", readers, entry)
        .get("/history/{record}/{id}", Access::only(HISTORY_READERS), history)
        .get("/admin/access", Access::only(ACCESS_READERS), accesses)
        .get("/admin/verify", verifiers, verify_page)
        .post("/admin/verify", verifiers, verify)
        .get("/admin/jobs", keepers, jobs)
        .post("/admin/jobs/{id}/retry", keepers, retry);
}

// Home

#[derive(Template)]
#[template(path = "oversight/home.html")]
struct HomePage {
    s: Shell,
    items: Vec<ToDo>,
    more: usize,
    why_empty: &'static str,
    lines: Vec<todo::Line>,
}

#[derive(Template)]
#[template(path = "oversight/own.html")]
struct OwnPage {
    s: Shell,
    own: Own,
    items: Vec<ToDo>,
}

async fn home_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut items = home::to_do(&cx.app, &cx.who).await?;
        let more = items.len().saturating_sub(ITEMS);
        items.truncate(ITEMS);
        let s = Shell::of(&cx).await?;
        if let Some(own) = home::own(&cx.app, &cx.who).await? {
            return html(&OwnPage { s, own, items });
        }
        let lines = home::lines(&cx.app, &cx.who).await?;
        html(&HomePage { why_empty: why_empty(&cx.who.roles, lines.is_empty()), s, items, more, lines })
    })
    .await
}

/// Why nothing waits, by what somebody is, and whether nothing is to be seen to besides.
fn why_empty(roles: &crate::actor::Roles, all_well: bool) -> &'static str {
    let is = |role| roles.has(role);
    if is(Role::Agency) {
        "home-empty-agency"
    } else if is(Role::Sysadmin) || is(Role::Secadmin) || is(Role::Auditor) {
        "home-empty-admin"
    } else if is(Role::Dispatcher) || is(Role::Leader) || is(Role::Oversight) {
        if all_well { "home-empty-whole" } else { "home-empty-but" }
    } else {
        "home-empty"
    }
}

// The overview

#[derive(Template)]
#[template(path = "oversight/overview.html")]
struct OverviewPage {
    s: Shell,
    v: Overview,
}

/// A bar of the chart, in its units: 1 wide, 1 high.
struct Bar {
    x: f64,
    y: f64,
    height: f64,
}

impl OverviewPage {
    /// Height of the chart of the trend.
    const HIGH: f64 = 96.0;
    /// Width of a week in it.
    const WIDE: f64 = 56.0;

    /// The greatest number of the trend, at least 1.
    fn top(&self) -> i64 {
        self.v.trend.iter().map(|week| week.opened.max(week.closed)).max().unwrap_or(0).max(1)
    }

    /// The bar of a number in a week, the second beside the first.
    fn bar(&self, week: &usize, n: &i64, second: bool) -> Bar {
        let height = *n as f64 / self.top() as f64 * Self::HIGH;
        let x = *week as f64 * Self::WIDE + if second { 30.0 } else { 8.0 };
        Bar { x, y: Self::HIGH - height, height }
    }

    fn label_x(&self, week: &usize) -> f64 {
        *week as f64 * Self::WIDE + 28.0
    }

    fn month_day(&self, week: &Week) -> String {
        week.from.0.strftime("%m-%d").to_string()
    }

    fn tile_href(&self, tile: &Tile) -> String {
        tile.kind.href(tile.id)
    }

    fn days(&self, days: &f64) -> String {
        format!("{days:.1}")
    }

    fn percent(&self, numerator: i64, denominator: i64) -> String {
        match super::metric::rate(numerator, denominator) {
            Some(rate) => format!("{:.1}%", rate * 100.0),
            None => self.s.t("dash").into_owned(),
        }
    }
}

async fn overview(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let v = view::overview(&cx.app, &cx.who).await?;
        html(&OverviewPage { s: Shell::of(&cx).await?, v })
    })
    .await
}

// The description of the API

#[derive(Template)]
#[template(path = "oversight/api_docs.html")]
struct DocsPage {
    s: Shell,
    collections: &'static [Collection],
}

async fn api_docs(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let collections = docs::collections(&cx.app);
        html(&DocsPage { s: Shell::of(&cx).await?, collections })
    })
    .await
}

// The ledger

/// Tables that the ledger is filtered by.
const TABLES: &[&str] = &[
    "appeal",
    "work_order",
    "cause",
    "remedy",
    "task",
    "visit",
    "promise",
    "enterprise",
    "carrier",
    "project",
    "contact",
    "assignment",
    "continuity",
    "measure",
    "disruption",
    "person",
    "department",
    "account",
    "policy_data",
    "subject_request",
    "consent",
    "zone",
    "document",
    "metric_freeze",
    "screening_candidate",
    "screening_training",
    "screening_point",
    "screening_round",
    "application",
    "matter",
    "readiness_plan",
    "closed_loop",
];

#[derive(Template)]
#[template(path = "oversight/ledger.html")]
struct LedgerPage {
    s: Shell,
    page: Page<()>,
    rows: Vec<Shown>,
    tables: Vec<(String, String)>,
    wrong_day: bool,
    action: Option<String>,
}

async fn ledger(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let query = Form::parse(cx.request.query.as_bytes());
        let day = query.opt("day").map(Day::read);
        let bounds = day.flatten().and_then(|day| api::bounds(day, &s.time_zone));
        let id =
            |name: &str| query.opt(name).map(|text| Uuid::parse_str(text).map_err(|_| Error::NotFound)).transpose();
        let filter = Filter {
            actor_id: id("actor_id")?,
            actor: query.opt_text("q"),
            action: query.opt_text("action"),
            subject: query.opt_text("subject"),
            subject_ids: id("subject_id")?.into_iter().collect(),
            about_id: id("about_id")?,
            from: bounds.map(|(from, _)| from),
            to: bounds.map(|(_, to)| to),
            order: Order::read(query.opt("sort"), "-at")?,
        };
        let page = desk::list(&cx.app, &cx.who, &filter, query.opt("cursor"), ROWS).await?;
        let rows = desk::in_words(&mut cx.read().await?, cx.who.zone_id, &s, &page.items).await?;
        let tables = TABLES.iter().map(|table| ((*table).to_owned(), table_text(s.lang, table))).collect();
        let action = filter.action.as_deref().map(|action| super::reading::action_text(s.lang, action));
        html(&LedgerPage { page: page.map(|_| ()), rows, tables, wrong_day: day == Some(None), action, s })
    })
    .await
}

#[derive(Template)]
#[template(path = "oversight/entry.html")]
struct EntryPage {
    s: Shell,
    row: Shown,
}

async fn entry(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let entry = desk::entry(&cx.app, &cx.who, cx.request.address, id).await?;
        let s = Shell::of(&cx).await?;
        let rows = desk::in_words(&mut cx.read().await?, cx.who.zone_id, &s, std::slice::from_ref(&entry)).await?;
        let row = rows.into_iter().next().ok_or(Error::NotFound)?;
        html(&EntryPage { s, row })
    })
    .await
}

// The history of one record

#[derive(Template)]
#[template(path = "oversight/history.html")]
struct HistoryPage {
    s: Shell,
    history: History,
}

/// `/history/settings/zone` is the history of the zone's settings.
async fn history(cx: Cx, Path((record, id)): Path<(String, String)>) -> PageResult {
    page::show(cx.lang, async {
        let record = Record::parse(&record).ok_or(Error::NotFound)?;
        let id = if record == Record::Settings && id == "zone" { cx.who.zone_id } else { id_of(&id)? };
        let s = Shell::of(&cx).await?;
        let query = Form::parse(cx.request.query.as_bytes());
        let history = desk::history(&cx.app, &cx.who, &s, (record, id), query.opt("cursor"), ROWS).await?;
        html(&HistoryPage { s, history })
    })
    .await
}

// The log of accesses

#[derive(Template)]
#[template(path = "oversight/access.html")]
struct AccessPage {
    s: Shell,
    page: Page<Read>,
    kinds: &'static [trace::Kind],
    wrong_day: bool,
    months: i64,
}

impl AccessPage {
    fn table(&self, read: &Read) -> String {
        table_text(self.s.lang, &read.subject)
    }
}

async fn accesses(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let query = Form::parse(cx.request.query.as_bytes());
        let day = query.opt("day").map(Day::read);
        let bounds = day.flatten().and_then(|day| api::bounds(day, &s.time_zone));
        let id =
            |name: &str| query.opt(name).map(|text| Uuid::parse_str(text).map_err(|_| Error::NotFound)).transpose();
        let filter = AccessFilter {
            actor_id: id("actor_id")?,
            actor: query.opt_text("q"),
            kind: query.opt("kind").and_then(trace::Kind::parse),
            subject: query.opt_text("subject"),
            subject_id: id("subject_id")?,
            from: bounds.map(|(from, _)| from),
            to: bounds.map(|(_, to)| to),
        };
        let page = desk::accesses(&cx.app, &cx.who, &filter, query.opt("cursor"), ROWS).await?;
        let zone = Zone::get(&mut cx.read().await?, cx.who.zone_id).await?;
        let months = zone.retention().log_months;
        html(&AccessPage { page, kinds: trace::Kind::ALL, wrong_day: day == Some(None), months, s })
    })
    .await
}

async fn head(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let (head, signed) = desk::head(&cx.app, &cx.who).await?;
        let mut response = head.to_text(&signed).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let name = format!("attachment; filename=\"ledger-head-{}.txt\"", head.size);
        let name = HeaderValue::from_str(&name).map_err(|e| Error::Internal(e.to_string()))?;
        headers.insert(header::CONTENT_DISPOSITION, name);
        Ok(response)
    })
    .await
}

#[derive(Template)]
#[template(path = "oversight/verify.html")]
struct VerifyPage {
    s: Shell,
    form: Form,
    checks: Vec<Verification>,
    busy: bool,
    sealed: Option<i64>,
}

async fn verify_shown(cx: &Cx, form: Form, status: StatusCode) -> Result<Response> {
    let s = Shell::of(cx).await?;
    let checks = desk::verifications(&mut cx.read().await?, &cx.who).await?;
    let busy = checks.first().is_some_and(|check| check.ended_at.is_none());
    let sealed = match desk::head(&cx.app, &cx.who).await {
        Ok((head, _)) => i64::try_from(head.size).ok(),
        Err(Error::NotFound) => None,
        Err(error) => return Err(error),
    };
    html_with(status, &VerifyPage { s, form, checks, busy, sealed })
}

async fn verify_page(cx: Cx) -> PageResult {
    page::show(cx.lang, verify_shown(&cx, Form::default(), StatusCode::OK)).await
}

async fn verify(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match desk::ask_verification(&cx.app, &cx.who, form.value("outside")).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go("/admin/verify", "flash-verify-asked")),
            Err(error) => {
                form.refused(error)?;
                verify_shown(&cx, form, StatusCode::UNPROCESSABLE_ENTITY).await
            }
        }
    })
    .await
}

// The queue

#[derive(Template)]
#[template(path = "oversight/jobs.html")]
struct JobsPage {
    s: Shell,
    page: Page<Job>,
}

impl JobsPage {
    /// What a kind of job is called: key `job-<kind>`.
    fn kind(&self, job: &Job) -> String {
        let key = format!("job-{}", job.kind.replace('.', "-"));
        if self.s.lang.has(&key) { self.s.t(&key).into_owned() } else { job.kind.clone() }
    }

    fn can_retry(&self, job: &Job) -> bool {
        matches!(job.state, JobState::Failed | JobState::Retrying)
    }
}

async fn jobs(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let asked = JobsAsked {
            state: query.opt("state").and_then(JobState::parse),
            q: query.opt_text("q"),
            sort: query.opt_text("sort"),
            cursor: query.opt_text("cursor"),
        };
        let page = desk::jobs(&cx.app, &cx.who, &asked, ROWS).await?;
        html(&JobsPage { s: Shell::of(&cx).await?, page })
    })
    .await
}

async fn retry(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        match desk::retry(&cx.app, &cx.who, id).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go("/admin/jobs", "flash-job-retried")),
            Err(error) => Err(error),
        }
    })
    .await
}
