use super::desk::{
    self, CALLERS, CASE_READERS, CallFilter, CallView, CaseView, Counted, DECIDERS, OfAppeal, Shown, Word,
};
use super::exclusion;
use super::rates::{Group, Measure, Part, Rate, Split, percent};
use super::{Call, CallState, Case, CaseState, Exclusion, ExclusionState, Found, Ground, Logged, Policy, Verified};
use crate::actor::{OFFICE, Roles};
use crate::appeal::policy::Category;
use crate::appeal::rows::{self, category_name};
use crate::appeal::{Verdict, desk as appeals};
use crate::attachment::Owner;
use crate::attachment::pages::{Uploads, may_bring, take};
use crate::clock;
use crate::error::{Conflict, Error, Result};
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::form::{AfterResult, Form, Posted, PostedFiles, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::table::Table;
use crate::settings::desk::{KEEPERS, READERS};
use crate::settings::pages::TABS;
use crate::text::Lang;
use crate::time::Day;
use crate::zone::Zone;
use almanac::{Calendar, Light};
use askama::Template;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;
use uuid::Uuid;

/// Rows of a list: a screen without scrolling.
const ROWS: i64 = 20;

pub fn routes(routes: &mut Routes) {
    let (office, callers) = (Access::only(OFFICE), Access::only(CALLERS));
    routes
        .get("/appeals/calls", callers, calls)
        .get("/appeals/calls/{id}", callers, call)
        .post("/appeals/calls/{id}", callers, log)
        .get("/appeals/ratings", Access::only(CASE_READERS), cases)
        .get("/appeals/ratings/{id}", Access::only(CASE_READERS), case)
        .post("/appeals/ratings/{id}", Access::only(CASE_READERS), verify)
        .post("/appeals/ratings/{id}/fixed", Access::only(CASE_READERS), fixed)
        .get("/appeals/exclusions", office, exclusions)
        .post("/appeals/exclusions/{id}", Access::only(DECIDERS), decide)
        .get("/appeals/{id}/exclusion", office, exclude_page)
        .post("/appeals/{id}/exclusion", office, exclude)
        .post("/appeals/{id}/link", office, renew)
        .get("/appeals/results", office, results)
        .get("/appeals/results/list", office, counted)
        .get("/settings/results", Access::only(READERS), policy)
        .post("/settings/results", Access::only(KEEPERS), set_policy)
        .get("/confirm/{token}", Access::everybody(), confirm_page)
        .post("/confirm/{token}", Access::everybody(), confirm);
}

type Options = Vec<(String, String)>;

fn levels(lang: Lang) -> Options {
    ["5", "4", "3", "2", "1"].iter().map(|n| ((*n).to_owned(), lang.word("rating", n).into_owned())).collect()
}

/// What an action on a record came to: the form with what was wrong, or where to go.
/// A record that moved on is told in words.
fn refused(error: Error, form: &mut Form, s: Lang) -> Result<Option<String>> {
    match error {
        Error::Conflict(Conflict::State(code)) => Ok(Some(s.t(&format!("conflict-{code}")).into_owned())),
        other => form.refused(other).map(|()| None),
    }
}

// ---- return calls ----

#[derive(Template)]
#[template(path = "appeal/result/calls.html")]
struct CallsPage {
    s: Shell,
    page: Page<Call>,
    today: Day,
    /// Whether the calls of the list are still to be made.
    open: bool,
}

impl CallsPage {
    fn why(&self, call: &Call) -> String {
        why(&self.s, call)
    }
}

fn why(s: &Shell, call: &Call) -> String {
    let all: Vec<_> = call.why().iter().map(|why| s.word("call-why", why).into_owned()).collect();
    if all.is_empty() { s.t("call-why-own").into_owned() } else { all.join(&s.t("comma")) }
}

async fn calls(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let show = query.value("show");
        let state = CallState::parse(show);
        let filter = CallFilter {
            today: show.is_empty(),
            state,
            sort: query.opt_text("sort"),
            cursor: query.opt_text("cursor"),
            limit: ROWS,
        };
        let page = desk::calls(&cx.app, &cx.who, &filter).await?;
        let today = Zone::get(&mut cx.read().await?, cx.who.zone_id).await?.day(cx.now());
        html(&CallsPage {
            s: Shell::of(&cx).await?,
            page,
            today,
            open: state.is_none_or(|state| state == CallState::Open),
        })
    })
    .await
}

#[derive(Template)]
#[template(path = "appeal/result/call.html")]
struct CallPage {
    s: Shell,
    v: CallView,
    form: Form,
    verdicts: &'static [Verdict],
    levels: Options,
    reasons: String,
}

async fn call_shown(cx: &Cx, id: Uuid, form: Form, said: Option<String>, status: StatusCode) -> Result<Response> {
    let v = desk::call(&cx.app, &cx.who, id, cx.request.address).await?;
    let mut s = Shell::of(cx).await?;
    s.flash = said.or(s.flash.take());
    let reasons = why(&s, &v.call);
    html_with(status, &CallPage { v, form, verdicts: Verdict::ALL, levels: levels(s.lang), reasons, s })
}

async fn call(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { call_shown(&cx, id_of(&id)?, Form::default(), None, StatusCode::OK).await }).await
}

async fn log(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let verdict = form.word("verdict", Verdict::parse);
        let rating = form.number("rating");
        if verdict.is_none() && !form.has_error("verdict") {
            form.add(crate::error::FieldError::new("verdict", "required"));
        }
        let mut said = None;
        if let (Some(verdict), false) = (verdict, form.failed()) {
            let logged = Logged { verdict, rating, note: form.opt_text("note") };
            match desk::log(&cx.app, &cx.who, id, logged).await {
                Ok(_) | Err(Error::Replayed(_)) => return Ok(go("/appeals/calls", "flash-call-logged")),
                Err(error) => said = refused(error, &mut form, cx.lang)?,
            }
        }
        call_shown(&cx, id, form, said, StatusCode::UNPROCESSABLE_ENTITY).await
    })
    .await
}

// ---- bad ratings ----

#[derive(Template)]
#[template(path = "appeal/result/ratings.html")]
struct CasesPage {
    s: Shell,
    page: Page<Case>,
    states: &'static [CaseState],
    calendar: Arc<Calendar>,
}

impl CasesPage {
    fn light(&self, case: &Case) -> Light {
        clock::light_of(case.at, case.due_at(), None, self.s.now, &self.calendar)
    }
}

async fn cases(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let state = CaseState::parse(query.value("state"));
        let overdue = query.on("overdue");
        let page = desk::cases(&cx.app, &cx.who, state, overdue, query.opt("cursor"), ROWS).await?;
        let calendar = clock::calendar(&mut cx.read().await?, cx.who.zone_id).await?;
        html(&CasesPage { s: Shell::of(&cx).await?, page, states: CaseState::ALL, calendar })
    })
    .await
}

#[derive(Template)]
#[template(path = "appeal/result/rating.html")]
struct CasePage {
    s: Shell,
    v: CaseView,
    form: Form,
    fix: Form,
    found: &'static [Found],
}

/// `said` is why an action was refused because the record moved on.
async fn case_shown(cx: &Cx, id: Uuid, forms: [Form; 2], said: Option<String>, status: StatusCode) -> Result<Response> {
    let v = desk::case(&cx.app, &cx.who, id).await?;
    let mut s = Shell::of(cx).await?;
    s.flash = said.or(s.flash.take());
    let [form, fix] = forms;
    html_with(status, &CasePage { s, v, form, fix, found: Found::ALL })
}

async fn case(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        case_shown(&cx, id_of(&id)?, [Form::default(), Form::default()], None, StatusCode::OK).await
    })
    .await
}

async fn verify(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let found = form.word("found", Found::parse);
        let fix_on = form.day("fix_on");
        if found.is_none() && !form.has_error("found") {
            form.add(crate::error::FieldError::new("found", "required"));
        }
        let mut said = None;
        if let (Some(found), false) = (found, form.failed()) {
            let rectification = form.opt_text("rectification");
            let verified = Verified { found, reason: form.text("reason"), rectification, fix_on };
            match desk::verify(&cx.app, &cx.who, id, verified).await {
                Ok(_) | Err(Error::Replayed(_)) => {
                    return Ok(go(&format!("/appeals/ratings/{id}"), "flash-rating-verified"));
                }
                Err(error) => said = refused(error, &mut form, cx.lang)?,
            }
        }
        case_shown(&cx, id, [form, Form::default()], said, StatusCode::UNPROCESSABLE_ENTITY).await
    })
    .await
}

async fn fixed(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let said = match desk::fixed(&cx.app, &cx.who, id, &form.text("note")).await {
            Ok(_) | Err(Error::Replayed(_)) => return Ok(go(&format!("/appeals/ratings/{id}"), "flash-rating-fixed")),
            Err(error) => refused(error, &mut form, cx.lang)?,
        };
        case_shown(&cx, id, [Form::default(), form], said, StatusCode::UNPROCESSABLE_ENTITY).await
    })
    .await
}

// ---- exclusions ----

#[derive(Template)]
#[template(path = "appeal/result/exclusions.html")]
struct ExclusionsPage {
    s: Shell,
    page: Page<Exclusion>,
    /// What was typed about one of them, and refused.
    typed: Option<(Uuid, Form)>,
    none: Form,
    decides: bool,
    who: crate::actor::Actor,
}

impl ExclusionsPage {
    fn form(&self, one: &Exclusion) -> &Form {
        self.typed.as_ref().filter(|(id, _)| *id == one.id).map_or(&self.none, |(_, form)| form)
    }

    /// Why the reader does not decide this one, if he does not: a sentence.
    fn why_not(&self, one: &Exclusion) -> Option<String> {
        exclusion::not_decider(&self.who, one).map(|code| self.s.t(&format!("conflict-{code}")).into_owned())
    }

    fn answers(&self) -> Options {
        let text = |key: &str| self.s.t(key).into_owned();
        vec![("true".to_owned(), text("exclusion-grant")), ("false".to_owned(), text("exclusion-refuse"))]
    }

    fn pre(&self, one: &Exclusion) -> String {
        format!("-{}", one.id.simple())
    }
}

async fn exclusions_shown(
    cx: &Cx,
    typed: Option<(Uuid, Form)>,
    said: Option<String>,
    status: StatusCode,
) -> Result<Response> {
    let query = Form::parse(cx.request.query.as_bytes());
    let state = match query.value("state") {
        "" => Some(ExclusionState::Asked),
        word => ExclusionState::parse(word),
    };
    let page = desk::exclusions(&cx.app, &cx.who, state, query.opt("cursor"), ROWS).await?;
    let mut s = Shell::of(cx).await?;
    s.flash = said.or(s.flash.take());
    let page =
        ExclusionsPage { s, page, typed, none: Form::default(), decides: cx.who.is(DECIDERS), who: cx.who.clone() };
    html_with(status, &page)
}

async fn exclusions(cx: Cx) -> PageResult {
    page::show(cx.lang, async { exclusions_shown(&cx, None, None, StatusCode::OK).await }).await
}

async fn decide(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        if form.value("granted").is_empty() {
            form.add(crate::error::FieldError::new("granted", "required"));
        }
        let mut said = None;
        if !form.failed() {
            let decision = desk::Decision { granted: form.on("granted"), reason: form.text("reason") };
            match desk::decide(&cx.app, &cx.who, id, decision).await {
                Ok(_) | Err(Error::Replayed(_)) => return Ok(go("/appeals/exclusions", "flash-exclusion-decided")),
                Err(error) => said = refused(error, &mut form, cx.lang)?,
            }
        }
        exclusions_shown(&cx, Some((id, form)), said, StatusCode::UNPROCESSABLE_ENTITY).await
    })
    .await
}

#[derive(Template)]
#[template(path = "appeal/result/exclude.html")]
struct ExcludePage {
    s: Shell,
    id: Uuid,
    number: String,
    about: String,
    form: Form,
    grounds: &'static [Ground],
    uploads: Uploads,
}

async fn exclude_shown(cx: &Cx, id: Uuid, form: Form, said: Option<String>, status: StatusCode) -> Result<Response> {
    let may = desk::of_appeal(&cx.app, &cx.who, id).await?.is_some_and(|found| found.may_exclude);
    let record = appeals::record(&cx.app, &cx.who, id).await?;
    if !may && said.is_none() {
        return Err(Error::Forbidden);
    }
    let mut s = Shell::of(cx).await?;
    s.flash = said.or(s.flash.take());
    let uploads = Uploads::of(cx, &cx.who, &form).await?;
    let (number, about) = (record.appeal.number, record.appeal.title);
    html_with(status, &ExcludePage { s, id, number, about, form, grounds: Ground::ALL, uploads })
}

async fn exclude_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { exclude_shown(&cx, id_of(&id)?, Form::default(), None, StatusCode::OK).await }).await
}

async fn exclude(Path(id): Path<String>, request: Request) -> AfterResult {
    let PostedFiles { cx, mut form, files } = PostedFiles::after(request, may_bring(Owner::Appeal, id.clone())).await?;
    Ok(page::show(cx.lang, async {
        let id = id_of(&id)?;
        let files = take(&cx, &cx.who, &mut form, files).await?;
        let ground = form.word("ground", Ground::parse);
        if ground.is_none() && !form.has_error("ground") {
            form.add(crate::error::FieldError::new("ground", "required"));
        }
        let mut said = None;
        if let (Some(ground), false) = (ground, form.failed()) {
            let new = desk::NewExclusion { appeal_id: id, ground, proof: form.text("proof"), files };
            match desk::ask(&cx.app, &cx.who, new).await {
                Ok(_) | Err(Error::Replayed(_)) => return Ok(go(&format!("/appeals/{id}"), "flash-exclusion-asked")),
                Err(error) => said = refused(error, &mut form, cx.lang)?,
            }
        }
        exclude_shown(&cx, id, form, said, StatusCode::UNPROCESSABLE_ENTITY).await
    })
    .await)
}

// ---- the panel of an appeal ----

/// What the page of an appeal shows of its result, and the text that goes to the enterprise.
pub struct Panel {
    /// What there is.
    pub of: OfAppeal,
    /// Ready to be sent: title and link, of a complaint the link alone.
    pub text: Option<String>,
    /// The link by itself.
    pub link: Option<String>,
}

/// The panel, for the office.
pub async fn panel(cx: &Cx, s: &Shell, place: &str, a: &crate::appeal::record::Appeal) -> Result<Option<Panel>> {
    let Some(of) = desk::of_appeal(&cx.app, &cx.who, a.id).await? else { return Ok(None) };
    let link = of.link.as_ref().map(|(handed, _)| format!("{place}{}", handed.href));
    let text = of.link.as_ref().zip(link.as_ref()).map(|((_, day), link)| {
        let hidden = a.accused_department_id.is_some();
        let key = if hidden { "confirm-text-hidden" } else { "confirm-text" };
        Lang::Zh.with(key, &[("zone", &s.zone_name), ("title", &a.title), ("link", link), ("day", &day.to_string())])
    });
    Ok(Some(Panel { of, text, link }))
}

async fn renew(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match desk::renew(&cx.app, &cx.who, id_of(&id)?).await {
            Ok(id) | Err(Error::Replayed(id)) => Ok(go(&format!("/appeals/{id}#confirm-link"), "flash-confirm-link")),
            Err(error) => Err(error),
        }
    })
    .await
}

// ---- rates ----

/// A number of the page, with the list that it opens.
struct Number {
    n: i64,
    href: String,
}

/// A rate as a line of the table: before and after what was left out.
struct RateRow {
    name: String,
    all: [Number; 2],
    without: [Number; 2],
    excluded: Number,
    rate: Option<String>,
    rate_without: Option<String>,
}

#[derive(Template)]
#[template(path = "appeal/result/results.html")]
struct ResultsPage {
    s: Shell,
    from: Day,
    to: Day,
    split: Split,
    satisfied: String,
    /// Each rate, its whole and its parts.
    tables: Vec<(Measure, RateRow, Vec<RateRow>)>,
    wrong: Option<String>,
}

impl ResultsPage {
    /// By what it can be split.
    fn splits(&self) -> &'static [Split] {
        Split::ALL
    }

    /// How a rate is reckoned.
    fn line(&self, measure: &Measure) -> String {
        self.s.with(&format!("measure-line-{measure}"), "satisfied", self.satisfied.as_str())
    }
}

/// The address of the list behind a number.
fn list_href(measure: Measure, part: Part, without: bool, days: (Day, Day), of: &str) -> String {
    let (from, to) = days;
    let without = if without { "&without=true" } else { "" };
    format!("/appeals/results/list?measure={measure}&part={part}{without}&from={from}&to={to}{of}")
}

fn row(name: String, measure: Measure, rate: &Rate, days: (Day, Day), of: &str) -> RateRow {
    let number = |n, part, without| Number { n, href: list_href(measure, part, without, days, of) };
    RateRow {
        name,
        all: [number(rate.numerator, Part::Hit, false), number(rate.denominator, Part::Whole, false)],
        without: [
            number(rate.numerator_without(), Part::Hit, true),
            number(rate.denominator_without(), Part::Whole, true),
        ],
        excluded: number(rate.excluded, Part::Excluded, false),
        rate: percent(rate.numerator, rate.denominator),
        rate_without: percent(rate.numerator_without(), rate.denominator_without()),
    }
}

async fn results(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut query = Form::parse(cx.request.query.as_bytes());
        let (from, to) = (query.day("from"), query.day("to"));
        let split = Split::parse(query.value("by")).unwrap_or(Split::Department);
        let s = Shell::of(&cx).await?;
        let mut asked = desk::RatesQuery { from, to, split };
        let mut wrong = query.has_error("from") || query.has_error("to");
        let found = match desk::rates(&cx.app, &cx.who, &asked).await {
            Err(Error::Invalid(_)) => {
                wrong = true;
                (asked.from, asked.to) = (None, None);
                desk::rates(&cx.app, &cx.who, &asked).await?
            }
            other => other?,
        };
        let categories = appeals::categories(&mut cx.read().await?, cx.who.zone_id).await?;
        let days = (found.from, found.to);
        let tables = found.all.iter().map(|(measure, whole, groups)| {
            let parts = groups.iter().map(|group| {
                let key = group.key.as_deref().unwrap_or("none");
                let of = format!("&{}={key}", if split == Split::Department { "department_id" } else { "category" });
                row(group_name(&s, &categories, split, group), *measure, &group.rate, days, &of)
            });
            (*measure, row(s.t("result-all").into_owned(), *measure, whole, days, ""), parts.collect())
        });
        let tables = tables.collect();
        let satisfied = s.word("rating", found.policy.satisfied_from).into_owned();
        let wrong = wrong.then(|| s.t("result-wrong-days").into_owned());
        html(&ResultsPage { from: found.from, to: found.to, split, satisfied, tables, wrong, s })
    })
    .await
}

fn group_name(s: &Shell, categories: &[Category], split: Split, group: &Group) -> String {
    match (split, &group.name, &group.key) {
        (Split::Category, _, Some(key)) => category_name(s.lang, categories, key),
        (_, Some(name), _) => name.clone(),
        _ => s.t("appeal-nobody-yet").into_owned(),
    }
}

#[derive(Template)]
#[template(path = "appeal/result/list.html")]
struct ListPage {
    s: Shell,
    page: Page<()>,
    table: Table,
    title: String,
    line: String,
    back: String,
}

async fn counted(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut query = Form::parse(cx.request.query.as_bytes());
        let measure = Measure::parse(query.value("measure")).ok_or(Error::NotFound)?;
        let part = Part::parse(query.value("part")).unwrap_or(Part::Whole);
        let department = match query.value("department_id") {
            "" => None,
            "none" => Some(None),
            id => Some(Some(Uuid::parse_str(id).map_err(|_| Error::NotFound)?)),
        };
        let asked = Counted {
            measure,
            part,
            without: query.on("without"),
            from: query.day("from"),
            to: query.day("to"),
            department,
            category: query.opt_text("category"),
            cursor: query.opt_text("cursor"),
            limit: ROWS,
        };
        let page = desk::counted(&cx.app, &cx.who, &asked).await?;
        let s = Shell::of(&cx).await?;
        let columns = crate::http::table::columns::<rows::Shown>(&s);
        let lines = rows::shown(&cx.app, &cx.who, page.items.clone(), rows::wants_extras(&columns)).await?;
        let title = s.word("measure", measure).into_owned();
        let of = match part {
            Part::Whole => s.word("measure-whole", measure),
            Part::Hit => s.word("measure-hit", measure),
            Part::Excluded => s.t("result-excluded"),
        };
        let line = match asked.without {
            true => format!("{of}{}{}", s.t("comma"), s.t("result-without")),
            false => of.into_owned(),
        };
        let days = |name: &str| query.opt(name).map(|day| format!("&{name}={}", page::encode(day))).unwrap_or_default();
        let back = format!(
            "/appeals/results?by={}{}{}",
            if asked.category.is_some() { "category" } else { "department" },
            days("from"),
            days("to")
        );
        html(&ListPage {
            table: Table::with(&s, "appeal-list", columns, &lines),
            page: page.map(|_| ()),
            title,
            line,
            back,
            s,
        })
    })
    .await
}

// ---- settings ----

#[derive(Template)]
#[template(path = "appeal/result/policy.html")]
struct PolicyPage {
    s: Shell,
    tabs: &'static [(&'static str, &'static str)],
    form: Form,
    version: i64,
    levels: Options,
    can_keep: bool,
}

async fn policy_shown(cx: &Cx, form: Option<Form>, status: StatusCode) -> Result<Response> {
    let zone = Zone::get(&mut cx.read().await?, cx.who.zone_id).await?;
    let s = Shell::of(cx).await?;
    let stands = Policy::of(&zone.settings);
    let form = form.unwrap_or_else(|| {
        Form::filled([("percent", stands.percent.to_string()), ("satisfied_from", stands.satisfied_from.to_string())])
    });
    let levels = levels(s.lang).into_iter().filter(|(n, _)| n == "4" || n == "3").collect();
    let page = PolicyPage { s, tabs: TABS, form, version: zone.version, levels, can_keep: cx.who.is(KEEPERS) };
    html_with(status, &page)
}

async fn policy(cx: Cx) -> PageResult {
    page::show(cx.lang, policy_shown(&cx, None, StatusCode::OK)).await
}

async fn set_policy(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let [percent, satisfied] = ["percent", "satisfied_from"].map(|name| {
            let value = form.number(name);
            form.need(name, value)
        });
        if !form.failed() && made(desk::set_policy(&cx.app, &cx.who, percent, satisfied).await, &mut form)?.is_some() {
            return Ok(go("/settings/results", "flash-saved"));
        }
        policy_shown(&cx, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await
    })
    .await
}

// ---- without account ----

#[derive(Template)]
#[template(path = "appeal/result/confirm.html")]
struct ConfirmPage {
    s: Shell,
    token: String,
    x: Shown,
    sentence: String,
    form: Form,
    levels: Options,
}

async fn confirm_shown(
    cx: &Cx,
    token: String,
    form: Form,
    said: Option<String>,
    status: StatusCode,
) -> Result<Response> {
    let (who, x) = desk::by_link(&cx.app, &token).await?;
    let seen = Cx { app: Arc::clone(&cx.app), who, lang: cx.lang, label: cx.label, request: Arc::clone(&cx.request) };
    let mut s = Shell::of(&seen).await?;
    s.nav.clear();
    s.person.clear();
    s.roles = Roles::NONE;
    s.zone_name.clone_from(&x.zone.name);
    s.flash = said.or(s.flash.take());
    let sentence = s.with2("confirm-line", "subject", x.subject.as_str(), "number", x.number.as_str());
    html_with(status, &ConfirmPage { levels: levels(s.lang), s, token, x, sentence, form })
}

async fn confirm_page(cx: Cx, Path(token): Path<String>) -> PageResult {
    page::show(cx.lang, async { confirm_shown(&cx, token, Form::default(), None, StatusCode::OK).await }).await
}

async fn confirm(Path(token): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let disputes = form.is("action", "dispute");
        let word = if disputes {
            Word::Dispute { reason: form.text("text") }
        } else {
            let rating = form.number("rating");
            Word::Confirm { rating: form.need("rating", rating), text: form.opt_text("text"), name: form.text("name") }
        };
        let mut said = None;
        if !form.failed() {
            let (once, seen) = (cx.who.once.clone(), cx.who.seen_version);
            match desk::say_by_link(&cx.app, &token, word, once, seen).await {
                // What is worked on again has no page behind the link any more.
                Ok(_) | Err(Error::Replayed(_)) if disputes => return Ok(go("/record", "flash-confirm-disputed")),
                Ok(_) | Err(Error::Replayed(_)) => return Ok(go(&format!("/confirm/{token}"), "flash-confirm-rated")),
                Err(error) => said = refused(error, &mut form, cx.lang)?,
            }
        }
        confirm_shown(&cx, token, form, said, StatusCode::UNPROCESSABLE_ENTITY).await
    })
    .await
}
