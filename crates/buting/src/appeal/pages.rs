use super::act::Act;
use super::contact::Told;
use super::desk::{self, Filter, PartnerOrder, Record};
use super::policy::Category;
use super::record::{HistoryView, Line, Spoken, WorkOrder};
use super::rows::{self, Shown, category_name};
use super::{Action, Channel, Hat, Kind, NewAppeal, ResultKind, Status, SuspendGround, Urgency, Verdict, WentOn};
use super::{bulk, cause, checklist, outer, phrase, result, solution};
use crate::actor::{Actor, OFFICE, OUTSIDE, Role, Roles};
use crate::attachment::pages::{Files, Uploads, file_answer, may_bring, picture_answer, take};
use crate::attachment::{self, Owner};
use crate::clock::{self, ClockKind, Explanation};
use crate::document::Links;
use crate::error::{Conflict, Error, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::bulk::Offer;
use crate::http::cx::Cx;
use crate::http::form::{AfterResult, Form, Posted, PostedFiles, id_of};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::sheet::Format;
use crate::http::table::{self, File, Row as _, Table};
use crate::organisation::{Department, desk as organisation};
use crate::oversight::view::PREVENTION;
use crate::saved::{self, List, Offered};
use crate::subject::{SubjectKind, named};
use crate::task;
use crate::text::Lang;
use crate::time::Day;
use almanac::Light;
use askama::Template;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use paper::Cell;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

/// Rows of a list: a screen without scrolling.
const ROWS: i64 = 20;

pub fn routes(routes: &mut Routes) {
    let parties = Access::only(OFFICE.and(OUTSIDE).and(Roles::of(&[Role::Agency])));
    let writers = Access::only(desk::WRITERS);
    routes
        .get("/appeals", parties, index)
        .get("/appeals/export", Access::only(OFFICE), export)
        .get("/appeals/ledger/export", Access::only(OFFICE), ledger)
        .get("/appeals/new", writers, new_page)
        .post("/appeals/new", writers, new)
        .get("/appeals/{id}", parties, show)
        .post("/appeals/{id}", parties, act)
        .post("/appeals/{id}/note", Access::only(OFFICE), note)
        .post("/appeals/{id}/category", writers, recategorise)
        .get("/appeals/messages", Access::only(OUTSIDE), messages)
        .get("/w/{token}", Access::everybody(), partner_page)
        .post("/w/{token}", Access::everybody(), partner)
        .get("/w/{token}/attachments/{id}", Access::everybody(), partner_file)
        .get("/w/{token}/attachments/{id}/thumbnail", Access::everybody(), partner_picture);
}

fn category_options(lang: Lang, categories: &[Category]) -> Vec<(String, String)> {
    categories.iter().map(|c| (c.key.clone(), category_name(lang, categories, &c.key))).collect()
}

fn department_options(departments: &[Department], own: bool) -> Vec<(String, String)> {
    departments.iter().filter(|d| d.kind.is_own() == own).map(|d| (d.id.to_string(), d.short_name.clone())).collect()
}

// ---- lists ----

#[derive(Template)]
#[template(path = "appeal/index.html")]
struct Index {
    s: Shell,
    page: Page<Line>,
    table: Table,
    view: String,
    outside: bool,
    can_write: bool,
    views: Vec<(&'static str, &'static str)>,
    departments: Vec<(String, String)>,
    categories: Vec<(String, String)>,
    statuses: &'static [Status],
    bulk: Offer,
    offered: Offered,
    /// What narrows the list that no field of the filter shows: what it is, the address without it.
    narrowed: Vec<(String, String)>,
}

impl Index {
    /// What narrows the list that no field of the filter shows; a new filter leaves it.
    fn kept(&self) -> Vec<(&'static str, String)> {
        let all = ["remedy", "ended", "went_on"].map(|name| (name, self.s.param(name)));
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// The filter that the query of a page asks for. What cannot be read is left
/// out: a shared link must not end in an error because a department is gone.
pub(super) fn filter_of(who: &Actor, query: &str) -> Filter {
    let mut query = Form::parse(query.as_bytes());
    let view = query.text("view");
    let mut filter = Filter {
        status: query.all("status").iter().filter_map(|word| Status::parse(word)).collect(),
        department_id: query.id("department_id"),
        handler_id: query.id("handler_id"),
        category: query.opt_text("category"),
        kind: query.word("kind", Kind::parse),
        urgency: query.word("urgency", Urgency::parse),
        remedy: query.id("remedy").map(|id| (id, query.word("ended", solution::Ended::parse))),
        went_on: query.word("went_on", WentOn::parse),
        enterprise_id: query.id("enterprise_id"),
        project_id: query.id("project_id"),
        q: query.opt_text("q"),
        sort: query.opt_text("sort").filter(|sort| desk::is_order(sort)),
        cursor: query.opt_text("cursor"),
        limit: ROWS,
        ..Filter::default()
    };
    match view.as_str() {
        "mine" => filter.handler_id = who.person_id,
        "department" => filter.department_id = who.department_id,
        "overdue" => filter.overdue = true,
        "business" => filter.without = PREVENTION,
        "extension" => filter.extension_asked = true,
        "queue" if filter.status.is_empty() => {
            filter.status = vec![Status::Registered, Status::Objected, Status::Answered, Status::ReturnVisit];
        }
        _ => {}
    }
    // An enterprise looks at everything of its own; the office at what is open.
    let outside = !who.is(OFFICE);
    filter.open = filter.status.is_empty() && view != "all" && !outside;
    filter
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let view = Form::parse(cx.request.query.as_bytes()).text("view");
        let mut filter = filter_of(&cx.who, &cx.request.query);
        let page = match desk::list(&cx.app, &cx.who, &filter).await {
            // A cursor of another order, kept in a bookmark: begin anew.
            Err(Error::Invalid(_)) if filter.cursor.take().is_some() => desk::list(&cx.app, &cx.who, &filter).await?,
            other => other?,
        };
        let mut tx = cx.read().await?;
        let zone = cx.who.zone_id;
        let categories = desk::categories(&mut tx, zone).await?;
        let departments = desk::departments(&mut tx, zone).await?;
        drop(tx);
        let (lang, outside) = (cx.lang, !cx.who.is(OFFICE));
        let mut views = vec![("", "appeal-chip-open")];
        if cx.who.is(Roles::of(&[Role::Officer, Role::Specialist])) {
            views.push(("mine", "appeal-chip-mine"));
        }
        if cx.who.department_id.is_some() {
            views.push(("department", "appeal-chip-department"));
        }
        if cx.who.is(Roles::of(&[Role::Dispatcher])) {
            views.push(("queue", "appeal-queue"));
        }
        views.push(("overdue", "appeal-chip-overdue"));
        if cx.who.is(Roles::of(&[Role::Leader, Role::Oversight, Role::Dispatcher])) {
            views.push(("extension", "appeal-chip-extension"));
            views.push(("business", "appeal-chip-business"));
        }
        views.push(("all", "appeal-chip-all"));
        let offered = saved::desk::offered(&cx.app, &cx.who, List::Appeals).await?;
        let s = Shell::of(&cx).await?;
        let narrowed = narrowed(&cx, &s, &filter).await?;
        let columns = if outside { rows::outside() } else { table::columns::<Shown>(&s) };
        let extras = !outside && rows::wants_extras(&columns);
        let lines = rows::shown(&cx.app, &cx.who, page.items.clone(), extras).await?;
        let bulk = bulk::offer(&s, &cx.who, page.total);
        html(&Index {
            table: Table::with(&s, "appeal-list", columns, &lines).ticked(bulk.is_there()),
            page,
            view,
            outside,
            can_write: cx.who.is(desk::WRITERS),
            views,
            departments: department_options(&departments, true),
            categories: category_options(lang, &categories),
            statuses: Status::ALL,
            bulk,
            offered,
            narrowed,
            s,
        })
    })
    .await
}

/// What narrows a list that no field of its filter shows, with the address without it.
async fn narrowed(cx: &Cx, s: &Shell, filter: &Filter) -> Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    if let Some((remedy, _)) = filter.remedy {
        let name = solution::desk::name_of(&mut cx.read().await?, &cx.who, remedy).await?;
        all.push((name.unwrap_or_else(|| s.t("unknown").into_owned()), s.link("remedy", "")));
    }
    if let Some(went_on) = filter.went_on {
        let text = format!("{}{}{}", s.t("appeal-went-on"), s.t("colon"), s.word("went-on", went_on));
        all.push((text, s.link("went_on", "")));
    }
    Ok(all)
}

/// Everything that the filters of the page find.
async fn all(cx: &Cx) -> Result<Vec<Line>> {
    let filter = Filter { limit: MAX_LIMIT, ..filter_of(&cx.who, &cx.request.query) };
    let page = |cursor| {
        let filter = Filter { cursor, ..filter.clone() };
        async move { desk::list(&cx.app, &cx.who, &filter).await }
    };
    table::every(page).await
}

/// What the page shows, as a file.
async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut file = File::of::<Shown>(Shell::of(&cx).await?);
        let extras = rows::wants_extras(file.columns());
        file.add(&rows::shown(&cx.app, &cx.who, all(&cx).await?, extras).await?);
        file.answer(&cx, "诉求清单", "appeal").await
    })
    .await
}

/// The same appeals as the problem ledger that offices file.
async fn ledger(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut s = Shell::of(&cx).await?;
        s.lang = Lang::Zh;
        let lines = rows::shown(&cx.app, &cx.who, all(&cx).await?, true).await?;
        let cells = |(n, line): (i64, &Shown)| -> Vec<Cell> {
            let held = rows::LEDGER.iter().skip(1).map(|(_, column)| line.cell(column, &s).of_file(&s));
            std::iter::once(n.into()).chain(held).collect()
        };
        let cells: Vec<Vec<Cell>> = (1_i64..).zip(&lines).map(cells).collect();
        let format = Format::read(Form::parse(cx.request.query.as_bytes()).value("format"));
        let heads: Vec<&str> = rows::LEDGER.iter().map(|(head, _)| *head).collect();
        let bytes = format.write("问题台账", &heads, &cells)?;
        desk::note_export(&cx.app, &cx.who, cx.request.address, lines.len()).await?;
        format.answer(&format!("问题台账-{}", s.date(&s.now)), bytes)
    })
    .await
}

// ---- writing one down ----

#[derive(Template)]
#[template(path = "appeal/new.html")]
struct NewPage {
    s: Shell,
    form: Form,
    /// Whether an officer writes for others.
    office: bool,
    /// For whom, once that is chosen: field, key, name.
    subject: Option<(&'static str, Uuid, String)>,
    q: String,
    found: Vec<(Uuid, String, String)>,
    categories: Vec<(String, String)>,
    urgencies: &'static [Urgency],
    kinds: &'static [Kind],
    channels: &'static [Channel],
    departments: Vec<(String, String)>,
    uploads: Uploads,
}

impl NewPage {
    async fn of(cx: &Cx, mut form: Form) -> Result<Self> {
        let query = Form::parse(cx.request.query.as_bytes());
        let office = cx.who.is(OFFICE);
        let zone = cx.who.zone_id;
        let mut subject = None;
        let mut tx = cx.read().await?;
        for (field, kind) in [("enterprise_id", SubjectKind::Enterprise), ("project_id", SubjectKind::Project)] {
            let asked = form.id(field).or_else(|| Uuid::parse_str(query.value(field)).ok());
            if let Some(id) = asked.filter(|_| office && subject.is_none()) {
                match named(&mut tx, zone, kind, id).await {
                    Ok(found) => subject = Some((field, id, found.name)),
                    Err(Error::NotFound) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let categories = desk::categories(&mut tx, zone).await?;
        let departments = desk::departments(&mut tx, zone).await?;
        drop(tx);
        let q = query.text("q");
        let found =
            if office && subject.is_none() { desk::find_enterprises(&cx.app, &cx.who, &q).await? } else { Vec::new() };
        Ok(Self {
            s: Shell::of(cx).await?,
            uploads: Uploads::of(cx, &cx.who, &form).await?,
            form,
            office,
            subject,
            q,
            found,
            categories: category_options(cx.lang, &categories),
            urgencies: Urgency::ALL,
            kinds: Kind::ALL,
            channels: Channel::ALL,
            departments: department_options(&departments, true),
        })
    }
}

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let channel = if cx.who.is(OFFICE) { Channel::Phone } else { Channel::Web };
        let form = Form::filled([
            ("urgency", Urgency::Normal.word().to_owned()),
            ("kind", Kind::Help.word().to_owned()),
            ("channel", channel.word().to_owned()),
        ]);
        html(&NewPage::of(&cx, form).await?)
    })
    .await
}

async fn new(PostedFiles { cx, mut form, files }: PostedFiles) -> PageResult {
    page::show(cx.lang, async {
        let files = take(&cx, &cx.who, &mut form, files).await?;
        let draft = form.is("as", "draft");
        // Whoever does not choose a category has it proposed by his words, and may correct it.
        let mut proposed = false;
        let mut category = form.text("category");
        if category.is_empty() && !cx.who.is(OFFICE) {
            let said = format!("{}\n{}", form.value("title"), form.value("body"));
            let mut tx = cx.read().await?;
            let offered = category_options(Lang::Zh, &desk::categories(&mut tx, cx.who.zone_id).await?);
            if let Some(found) = super::propose::of_text(&said, &offered) {
                (category, proposed) = (found, true);
            }
        }
        let new = NewAppeal {
            enterprise_id: form.id("enterprise_id"),
            project_id: form.id("project_id"),
            title: form.text("title"),
            body: form.text("body"),
            category,
            urgency: form.word("urgency", Urgency::parse).unwrap_or(Urgency::Normal),
            kind: form.word("kind", Kind::parse).unwrap_or(Kind::Help),
            channel: form.word("channel", Channel::parse).unwrap_or(Channel::Web),
            outer_number: form.opt_text("outer_number"),
            accused_department_id: form.id("accused_department_id"),
            draft,
            files,
            ..NewAppeal::default()
        };
        if !form.failed() {
            let made = match desk::open(&cx.app, &cx.who, new).await {
                Ok(id) | Err(Error::Replayed(id)) => Some(id),
                Err(error) => {
                    form.refused(error)?;
                    None
                }
            };
            if let Some(id) = made {
                let to = format!("/appeals/{id}");
                return Ok(go(
                    &to,
                    match (draft, proposed) {
                        (true, _) => "flash-appeal-draft",
                        (_, true) => "flash-appeal-proposed",
                        _ => "flash-appeal-saved",
                    },
                ));
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &NewPage::of(&cx, form).await?)
    })
    .await
}

// ---- the record ----

/// The form of one action, on the appeal or on a work order.
struct Doing {
    action: Action,
    /// What this is for: locale key.
    about: &'static str,
    /// The work order, if it is about one.
    order: Option<Uuid>,
    /// Why it cannot be done yet: a whole sentence.
    why_not: Option<String>,
    /// Whether it is shown opened.
    open: bool,
    form: Form,
    /// The files that it keeps; none where it takes none.
    uploads: Option<Uploads>,
    /// Texts that can be put into it: key and title.
    phrases: Vec<(Uuid, String)>,
    /// What makes ids of this form differ from others on the page.
    pre: String,
    once: Uuid,
}

impl Doing {
    fn is(&self, word: &str) -> bool {
        self.action.word() == word
    }
}

/// A work order with what can be done about it.
struct OrderRow {
    order: WorkOrder,
    light: Light,
    doings: Vec<Doing>,
    link: Option<String>,
    /// Whom the agency may call.
    contact: Option<Told>,
}

/// A line of the timeline.
struct Event {
    what: String,
    who: String,
    shown: HistoryView,
}

#[derive(Template)]
#[template(path = "appeal/show.html")]
struct Show {
    s: Shell,
    r: Record,
    light: Light,
    outside: bool,
    category: String,
    held_by: String,
    doings: Vec<Doing>,
    orders: Vec<OrderRow>,
    events: Vec<Event>,
    finish: Option<usize>,
    answer: Option<String>,
    merged_into: Option<(Uuid, String)>,
    /// The department that is complained about, for whoever may know whose complaint it is.
    accused: Option<String>,
    own_departments: Vec<(String, String)>,
    grades: Vec<(String, String)>,
    all_departments: Vec<(String, String)>,
    partners: Vec<(String, String)>,
    merge_into: Vec<(String, String)>,
    results: Vec<(String, String)>,
    ratings: Vec<(String, String)>,
    went_on: &'static [WentOn],
    grounds: &'static [SuspendGround],
    verdicts: &'static [Verdict],
    /// The common cause that it belongs to: key, number, title, status, and how many share it.
    cause: Option<(Uuid, String, String, cause::Status, i64)>,
    /// What the platform said that it came from, and whether the reader may see whom to call.
    from_outer: Option<(outer::Outer, bool)>,
    /// Whether the reader may gather it with others into a common cause.
    can_gather: bool,
    yes_no_review: Vec<(String, String)>,
    yes_no_grant: Vec<(String, String)>,
    note: Option<(Form, Uploads)>,
    note_once: Uuid,
    files: Files,
    solutions: solution::pages::Section,
    tasks: task::pages::Section,
    /// Whether the reader ticks the checklists.
    ticks: bool,
    documents: Links,
    /// The page of the contact, for whoever may open it.
    contact_href: Option<String>,
    /// What the enterprise said of the result, and the link by which it says so.
    outcome: Option<result::pages::Panel>,
    /// Categories to choose another from, for whoever may.
    categories: Vec<(String, String)>,
    category_form: Form,
}

impl Show {
    /// `failed` is a form that was refused, and the action it was for; it is
    /// shown again with everything that was typed.
    async fn of(cx: &Cx, id: Uuid, failed: Option<(&str, Form)>, headers: &HeaderMap) -> Result<Self> {
        let r = desk::record(&cx.app, &cx.who, id).await?;
        let s = Shell::of(cx).await?;
        let (lang, zone) = (cx.lang, cx.who.zone_id);
        let mut tx = cx.read().await?;
        let categories = desk::categories(&mut tx, zone).await?;
        let departments = desk::departments(&mut tx, zone).await?;
        let can = |action: Action| r.possible.iter().any(|(possible, _)| *possible == action);
        let merge_into =
            if can(Action::Merge) { desk::merge_targets(&mut tx, &cx.who, &r.appeal).await? } else { Vec::new() };
        let cause = cause::desk::of_appeal(&mut tx, zone, id).await?;
        let shared_answer = match &cause {
            Some(_) if can(Action::Answer) => cause::desk::answer_for(&mut tx, zone, id).await?,
            _ => None,
        };
        drop(tx);
        let contact_href = match &r.contact {
            Some(contact) => {
                let known = organisation::person_for(&mut cx.read().await?, &cx.who, contact.person_id).await;
                known.is_ok().then(|| format!("/people/{}", contact.person_id))
            }
            None => None,
        };
        let merged_into = match r.appeal.merged_into {
            Some(other) => {
                desk::record(&cx.app, &cx.who, other).await.ok().map(|other| (other.appeal.id, other.appeal.number))
            }
            None => None,
        };
        let shown = Form::parse(cx.request.query.as_bytes()).on("caller").then_some(cx.request.address);
        let from_outer = outer::desk::of_appeal(&cx.app, &cx.who, &r.appeal, shown).await?;
        let solutions =
            solution::pages::Section::of(cx, id, failed.as_ref().map(|(action, form)| (*action, form))).await?;
        let open = r.appeal.open && r.appeal.registered_at.is_some();
        let tasks = task::pages::Section::of(cx, task::RecordKind::Appeal, id, open).await?;
        let outside = !cx.who.is(OFFICE);
        let phrases = if outside { Vec::new() } else { phrase::desk::list(&mut cx.read().await?, &cx.who).await? };
        let held_by = held_by(&s, &r);
        let routed = categories.iter().find(|c| c.key == r.appeal.category).cloned().unwrap_or_default();
        let files = Files::of(cx, Owner::Appeal, id).await?;
        let documents = Links::of_appeal(cx, &r).await?;
        let kept = match &failed {
            Some((_, form)) => Uploads::of(cx, &cx.who, form).await?,
            None => Uploads::new(cx),
        };
        // Each form keeps its own.
        let uploads = |action: Action, failed: bool| {
            takes_files(action).then(|| if failed { kept.clone() } else { Uploads::new(cx) })
        };
        let offered_for = |action: Action| -> Vec<(Uuid, String)> {
            let fits = |h: &&phrase::Phrase| phrase::field_of(action).is_some() && h.fits(action, &r.appeal.category);
            phrases.iter().filter(fits).map(|h| (h.id, h.heading.clone())).collect()
        };
        let refused = |action: Action, order: Option<Uuid>| {
            failed.as_ref().filter(|(name, form)| {
                *name == action.word() && Uuid::parse_str(form.value("work_order_id")).ok() == order
            })
        };
        let mut doings: Vec<Doing> = r
            .possible
            .iter()
            .map(|(action, why_not)| {
                let mut form = Form::default();
                if *action == Action::Dispatch && r.appeal.lead_department_id.is_none() {
                    let lead = routed.lead_department_id.iter().map(|id| ("department_id", id.to_string()));
                    form = Form::filled(lead.chain(routed.assist.iter().map(|id| ("assist", id.to_string()))));
                }
                if *action == Action::PassPartner {
                    form = Form::filled([("obligatory", "true".to_owned())]);
                }
                if let (Action::Answer, Some(answer)) = (*action, &shared_answer) {
                    form = Form::filled(answer.fields());
                }
                if *action == Action::Close {
                    let went_on = r.appeal.production_continued.map(|went| went.word().to_owned());
                    let hours = r.appeal.stopped_hours.map(|hours| hours.to_string());
                    form = Form::filled([
                        ("production_continued", went_on.unwrap_or_default()),
                        ("stopped_hours", hours.unwrap_or_default()),
                    ]);
                }
                let failed = refused(*action, None);
                Doing {
                    action: *action,
                    about: about(*action, &r),
                    order: None,
                    why_not: why_not.map(|code| {
                        let why = lang.t(&format!("conflict-{code}")).into_owned();
                        match code {
                            "checks_open" => {
                                format!("{why}{}", checklist::open_for(&r.checks, *action).join(&lang.t("comma")))
                            }
                            _ => why,
                        }
                    }),
                    phrases: offered_for(*action),
                    open: failed.is_some(),
                    uploads: uploads(*action, failed.is_some()),
                    form: failed.map_or(form, |(_, form)| form.clone()),
                    pre: format!("-{action}"),
                    once: Uuid::now_v7(),
                }
            })
            .collect();
        doings.sort_by_key(|doing| order_of(doing.action));
        if failed.is_none()
            && let Some(first) = doings.iter_mut().find(|doing| doing.why_not.is_none())
        {
            first.open = leads(first.action);
        }
        let place = place(headers, cx.config.https);
        let outcome = result::pages::panel(cx, &s, &place, &r.appeal).await?;
        let may_link = r.hats.any(&[Hat::Lead, Hat::Desk]);
        let orders = r
            .orders
            .iter()
            .map(|order| {
                let possible = r.order_possible.iter().find(|(id, _)| *id == order.id).map_or(&[][..], |(_, all)| all);
                let doings = possible.iter().map(|action| {
                    let failed = refused(*action, Some(order.id));
                    Doing {
                        action: *action,
                        about: "",
                        order: Some(order.id),
                        why_not: None,
                        open: failed.is_some(),
                        uploads: uploads(*action, failed.is_some()),
                        phrases: Vec::new(),
                        form: failed.map(|(_, form)| form.clone()).unwrap_or_default(),
                        pre: format!("-{action}-{}", order.id.simple()),
                        once: Uuid::now_v7(),
                    }
                });
                OrderRow {
                    light: clock::light_of(
                        order.sent_at,
                        order.due_at,
                        // An order that was returned runs on, though it was answered once.
                        order.answered_at.or(order.ended_at).filter(|_| !order.open),
                        r.now,
                        &r.calendar,
                    ),
                    doings: doings.collect(),
                    link: desk::link_of(&cx.app, zone, order)
                        .filter(|_| may_link && r.appeal.open)
                        .map(|token| format!("{place}/w/{token}")),
                    contact: r.told.get(&order.id).cloned(),
                    order: order.clone(),
                }
            })
            .collect();
        let events = r
            .history
            .iter()
            .rev()
            .map(|shown| Event {
                what: what_of(lang, shown),
                who: shown
                    .by
                    .clone()
                    .or(shown.department.clone())
                    .unwrap_or_else(|| lang.t("appeal-rule").into_owned()),
                shown: shown.clone(),
            })
            .collect();
        let answer = r
            .appeal
            .answer
            .clone()
            .filter(|_| !outside || r.hats.any(&[Hat::Owner, Hat::Author]) && r.appeal.answer_is_out());
        let labels = |family: &str, words: &[&str]| -> Vec<(String, String)> {
            words.iter().map(|word| ((*word).to_owned(), lang.word(family, word).into_owned())).collect()
        };
        let pair = |yes: &str, no: &str| {
            vec![("true".to_owned(), lang.t(yes).into_owned()), ("false".to_owned(), lang.t(no).into_owned())]
        };
        let results: Vec<&str> =
            ResultKind::ALL.iter().filter(|kind| kind.can_be_answered()).map(|kind| kind.word()).collect();
        let note = (!outside).then(|| match &failed {
            Some(("note", form)) => (form.clone(), kept.clone()),
            _ => (Form::default(), Uploads::new(cx)),
        });
        let is_accused = |w: &Department| Some(w.id) == r.appeal.accused_department_id;
        let accused = departments.iter().find(|w| is_accused(w) && !r.masked).map(|w| w.short_name.clone());
        let offered: Vec<Department> = departments.into_iter().filter(|w| !is_accused(w)).collect();
        Ok(Self {
            light: r.line.light(r.now, &r.calendar),
            category: category_name(lang, &categories, &r.appeal.category),
            held_by,
            doings,
            orders,
            events,
            finish: r.dues.iter().position(|due| due.clock.kind == ClockKind::Finish),
            answer,
            cause,
            from_outer,
            can_gather: cx.who.is(cause::desk::KEEPERS)
                && cause::can_join(r.appeal.status)
                && r.appeal.accused_department_id.is_none(),
            merged_into,
            accused,
            contact_href,
            outcome,
            categories: match desk::recategorises(r.appeal.status, r.hats) {
                true => category_options(lang, &categories),
                false => Vec::new(),
            },
            category_form: Form::filled([("category", r.appeal.category.clone())]),
            own_departments: department_options(&offered, true),
            grades: r
                .profile
                .choices()
                .map(|grade| (grade.key.clone(), cx.lang.word("limit-grade", &grade.key).into_owned()))
                .collect(),
            all_departments: offered.iter().map(|d| (d.id.to_string(), d.short_name.clone())).collect(),
            partners: department_options(&offered, false),
            merge_into: merge_into
                .into_iter()
                .map(|line| (line.id.to_string(), format!("{} {}", line.number, line.title)))
                .collect(),
            results: labels("result", &results),
            ratings: labels("rating", &["5", "4", "3", "2", "1"]),
            went_on: WentOn::ALL,
            grounds: SuspendGround::ALL,
            verdicts: Verdict::ALL,
            yes_no_review: pair("review-ok", "review-back"),
            yes_no_grant: pair("grant-yes", "grant-no"),
            note,
            note_once: Uuid::now_v7(),
            files,
            solutions,
            tasks,
            ticks: !outside && checklist::desk::may_tick(r.hats, &r.appeal),
            documents,
            outside,
            s,
            r,
        })
    }
}

/// Scheme and host of this request, for an address that is sent to somebody.
fn place(headers: &HeaderMap, https: bool) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b".:-[]".contains(&b));
    if host.is_empty() || !plain {
        return String::new();
    }
    format!("{}://{host}", if https { "https" } else { "http" })
}

/// Which action comes first on the page: what carries the matter on, then what
/// asks or waits, then what ends it.
fn order_of(action: Action) -> usize {
    const ORDER: &[Action] = &[
        Action::Register,
        Action::Dispatch,
        Action::Sign,
        Action::Rule,
        Action::Review,
        Action::Confirm,
        Action::Close,
        Action::Grant,
        Action::Answer,
        Action::Reply,
        Action::Ask,
        Action::PassPartner,
        Action::Plan,
        Action::Resume,
        Action::Extend,
        Action::Suspend,
        Action::ReturnVisit,
        Action::Object,
        Action::Dispute,
        Action::Merge,
        Action::Reject,
        Action::Reopen,
        Action::Withdraw,
    ];
    ORDER.iter().position(|a| *a == action).unwrap_or(ORDER.len())
}

/// Whether the form of an action takes files: where something is said or shown.
fn takes_files(action: Action) -> bool {
    matches!(action, Action::Ask | Action::Reply | Action::Answer | Action::PassPartner | Action::Dispute)
}

/// Whether an action is the next step, so that its form stands open.
fn leads(action: Action) -> bool {
    matches!(
        action,
        Action::Register
            | Action::Dispatch
            | Action::Sign
            | Action::Rule
            | Action::Review
            | Action::Confirm
            | Action::Close
            | Action::Grant
    )
}

fn about(action: Action, r: &Record) -> &'static str {
    match action {
        Action::Register => "appeal-about-register",
        Action::Dispatch if r.appeal.lead_department_id.is_some() => "appeal-about-add",
        Action::Dispatch => "appeal-about-dispatch",
        Action::Reject => "appeal-about-reject",
        Action::Merge => "appeal-about-merge",
        Action::Sign => "appeal-about-sign",
        Action::Object => "appeal-about-object",
        Action::Rule => "appeal-about-rule",
        Action::Ask => "appeal-about-ask",
        Action::Reply if r.hats.any(&[Hat::Lead, Hat::Desk]) && r.appeal.status != Status::WaitingEnterprise => {
            "appeal-about-reply"
        }
        Action::Reply => "appeal-about-reply-owner",
        Action::PassPartner => "appeal-about-pass_partner",
        Action::Plan => "appeal-about-plan",
        Action::Extend => "appeal-about-extend",
        Action::Grant => "appeal-about-grant",
        Action::Suspend => "appeal-about-suspend",
        Action::Resume => "appeal-about-resume",
        Action::Answer => "appeal-about-answer",
        Action::Review => "appeal-about-review",
        Action::Confirm if r.hats.has(Hat::Owner) => "appeal-about-confirm",
        Action::Confirm => "appeal-about-confirm-phone",
        Action::Dispute => "appeal-about-dispute",
        Action::ReturnVisit => "appeal-about-return_visit",
        Action::Close => "appeal-about-close",
        Action::Reopen => "appeal-about-reopen",
        Action::Withdraw => "appeal-about-withdraw",
    }
}

/// Who holds it, in words.
fn held_by(s: &Shell, r: &Record) -> String {
    use crate::clock::Holder;
    if !r.appeal.open && r.appeal.status != Status::Draft {
        return s.t("appeal-held-nobody").into_owned();
    }
    let name = r.line.holder_name.clone().unwrap_or_default();
    match (r.appeal.holder, &r.line.handler_name) {
        (Holder::Desk, _) => s.t("appeal-held-desk").into_owned(),
        (Holder::Department, Some(person)) => s.with2("appeal-held-handler", "name", name, "person", person.as_str()),
        (Holder::Department, None) => s.with("appeal-held-department", "name", name),
        (Holder::Enterprise, _) => s.t("appeal-held-enterprise").into_owned(),
        (Holder::Partner, _) => s.with("appeal-held-partner", "name", name),
        (Holder::Law, _) => {
            let day = r.appeal.suspend_until.map(|day| day.to_string()).unwrap_or_default();
            s.with("appeal-held-law", "day", day)
        }
    }
}

/// What happened, and where or to which end.
fn what_of(lang: Lang, shown: &HistoryView) -> String {
    let mut what = lang.t(&format!("ledger-{}", shown.action.replace('.', "-"))).into_owned();
    if let Some(department) = shown.department.as_ref().filter(|_| shown.by.is_some()) {
        what.push(' ');
        what.push_str(department);
    }
    what
}

async fn show(cx: Cx, headers: HeaderMap, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&Show::of(&cx, id_of(&id)?, None, &headers).await?) }).await
}

/// What a form says, as an action. Fields that are empty are not given.
fn act_of(form: &mut Form) -> Result<Act> {
    let mut fields = Map::new();
    for name in [
        "action",
        "instruction",
        "grade",
        "reason",
        "right_channel",
        "text",
        "ground",
        "result",
        "production_continued",
        "basis",
        "verdict",
        "department_id",
        "into",
        "work_order_id",
        "planned_for",
        "until",
        "review_on",
    ] {
        if let Some(value) = form.opt(name) {
            fields.insert(name.to_owned(), json!(value));
        }
    }
    for name in ["days", "rating", "stopped_hours"] {
        if let Some(n) = form.number(name) {
            fields.insert(name.to_owned(), json!(n));
        }
    }
    for name in ["granted", "ok"] {
        if !form.value(name).is_empty() {
            fields.insert(name.to_owned(), json!(form.on(name)));
        }
    }
    // A box that is not ticked sends nothing, which here means no.
    if form.is("action", "pass_partner") {
        fields.insert("obligatory".to_owned(), json!(form.on("obligatory")));
    }
    let assist: Vec<&String> = form.all("assist").iter().filter(|id| !id.is_empty()).collect();
    if !assist.is_empty() {
        fields.insert("assist".to_owned(), json!(assist));
    }
    // What a form must have and was left empty is told by its field.
    let needed: &[&str] = match form.value("action") {
        "reject" => &["reason", "right_channel"],
        "merge" => &["into"],
        "object" | "rule" | "dispute" | "reopen" | "withdraw" => &["reason"],
        "ask" | "reply" | "answer" => &["text"],
        "pass_partner" => &["department_id", "text"],
        "plan" => &["planned_for", "text"],
        "extend" => &["days", "reason"],
        "suspend" => &["ground", "until", "reason"],
        "confirm" => &["rating"],
        "return_visit" => &["verdict"],
        "close" => &["production_continued"],
        "review" => &["ok"],
        "grant" => &["granted"],
        _ => &[],
    };
    for field in needed {
        if !fields.contains_key(*field) && !form.has_error(field) {
            form.add(crate::error::FieldError::new(*field, "required"));
        }
    }
    for field in ["planned_for", "until", "review_on"] {
        if fields.get(field).and_then(Json::as_str).is_some_and(|text| Day::read(text).is_none()) {
            form.add(crate::error::FieldError::new(field, "unreadable"));
        }
    }
    if form.failed() {
        return Err(Error::Invalid(Vec::new()));
    }
    serde_json::from_value(Json::Object(fields)).map_err(|e| Error::Malformed {
        code: "form",
        detail: e.to_string(),
        pointer: None,
    })
}

async fn act(headers: HeaderMap, Path(id): Path<String>, request: Request) -> AfterResult {
    let PostedFiles { cx, mut form, files } = PostedFiles::after(request, may_bring(Owner::Appeal, id.clone())).await?;
    Ok(page::show(cx.lang, async {
        let id = id_of(&id)?;
        let files = take(&cx, &cx.who, &mut form, files).await?;
        if form.on("insert") {
            return insert(&cx, id, form, &headers).await;
        }
        let done = match act_of(&mut form) {
            Ok(act) => desk::act_with(&cx.app, &cx.who, id, act, files).await,
            Err(error) => Err(error),
        };
        let to = format!("/appeals/{id}");
        match done {
            Ok(_) | Err(Error::Replayed(_)) => {
                // What takes it out of somebody's sight must not end in an error.
                let still = desk::record(&cx.app, &cx.who, id).await.is_ok();
                Ok(go(if still { &to } else { "/appeals" }, "flash-appeal-done"))
            }
            Err(error) => refused(&cx, id, form, error, &headers).await,
        }
    })
    .await)
}

/// The page of an appeal with a text module put into the form that asked for it, after
/// what was typed there.
async fn insert(cx: &Cx, id: Uuid, mut form: Form, headers: &HeaderMap) -> Result<Response> {
    let record = desk::record(&cx.app, &cx.who, id).await?;
    let (action, chosen) = (Action::parse(form.value("action")), form.id("phrase"));
    if let (Some(action), Some(chosen)) = (action, chosen) {
        let filled = phrase::desk::filled(&mut cx.read().await?, &cx.who, chosen, action, &record).await?;
        if let Some((field, text)) = filled {
            let typed = form.text(field);
            let both = if typed.is_empty() { text } else { format!("{typed}\n{text}") };
            form.set(field, both);
        }
    }
    // Nothing was judged yet.
    form.faults();
    let action = form.text("action");
    html(&Show::of(cx, id, Some((action.as_str(), form)), headers).await?)
}

/// The page of an appeal after something was refused there: with what was typed and what
/// is wrong with it; or, where the record has moved on, as it is now and why.
pub(super) async fn refused(cx: &Cx, id: Uuid, mut form: Form, error: Error, headers: &HeaderMap) -> Result<Response> {
    if let Error::Conflict(Conflict::State(code)) = error {
        let mut page = Show::of(cx, id, None, headers).await?;
        page.s.flash = Some(cx.lang.t(&format!("conflict-{code}")).into_owned());
        return html_with(StatusCode::CONFLICT, &page);
    }
    form.refused(error)?;
    let action = form.text("action");
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &Show::of(cx, id, Some((action.as_str(), form)), headers).await?)
}

async fn note(headers: HeaderMap, Path(id): Path<String>, request: Request) -> AfterResult {
    let PostedFiles { cx, mut form, files } = PostedFiles::after(request, may_bring(Owner::Appeal, id.clone())).await?;
    Ok(page::show(cx.lang, async {
        let id = id_of(&id)?;
        let files = take(&cx, &cx.who, &mut form, files).await?;
        let done = match form.failed() {
            true => Err(Error::Invalid(Vec::new())),
            false => desk::note(&cx.app, &cx.who, id, form.value("text"), files).await,
        };
        match done {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go(&format!("/appeals/{id}"), "flash-appeal-noted")),
            Err(error) => {
                form.refused(error)?;
                let page = Show::of(&cx, id, Some(("note", form)), &headers).await?;
                html_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
            }
        }
    })
    .await)
}

/// Puts it under another category, while nobody has been given it yet.
async fn recategorise(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        match desk::recategorise(&cx.app, &cx.who, id, &form.text("category")).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go(&format!("/appeals/{id}"), "flash-appeal-category")),
            Err(error) => {
                form.refused(error)?;
                Ok(go(&format!("/appeals/{id}"), "flash-appeal-category-none"))
            }
        }
    })
    .await
}

// ---- everything that was said to an enterprise ----

#[derive(Template)]
#[template(path = "appeal/messages.html")]
struct Messages {
    s: Shell,
    page: Page<Spoken>,
}

async fn messages(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let page = desk::messages(&cx.app, &cx.who, query.opt("cursor"), ROWS).await?;
        html(&Messages { s: Shell::of(&cx).await?, page })
    })
    .await
}

// ---- the partner's page ----

#[derive(Template)]
#[template(path = "appeal/partner.html")]
struct Partner {
    s: Shell,
    token: String,
    p: PartnerOrder,
    light: Light,
    answer: Form,
    extend: Form,
    once: Uuid,
    uploads: Uploads,
    files: Files,
}

impl Partner {
    async fn of(cx: &Cx, token: String, answer: Form, extend: Form) -> Result<Self> {
        let (who, p) = desk::by_link(&cx.app, &token).await?;
        let mut s = Shell::of(&visiting(cx, &who)).await?;
        s.nav.clear();
        s.person.clear();
        s.zone_name = p.zone.name.clone();
        s.time_zone = p.zone.time_zone();
        let calendar = clock::calendar(&mut cx.read().await?, who.zone_id).await?;
        let answered = p.order.answered_at.filter(|_| !p.order.open);
        let light = clock::light_of(p.order.sent_at, p.order.due_at, answered, cx.now(), &calendar);
        let uploads = Uploads::of(cx, &who, &answer).await?;
        let files = Files::by_link(cx, &who, p.order.appeal_id, &format!("/w/{token}")).await?;
        Ok(Self { s, token, p, light, answer, extend, once: Uuid::now_v7(), uploads, files })
    }

    /// The deadline's explanation, for the part of the page that shows it.
    fn due(&self) -> Option<&Explanation> {
        self.p.due.as_ref()
    }
}

/// The request as of nobody in the partner's zone.
fn visiting(cx: &Cx, who: &Actor) -> Cx {
    let mut cx = cx.clone();
    cx.who = who.clone();
    cx
}

async fn partner_page(cx: Cx, Path(token): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&Partner::of(&cx, token, Form::default(), Form::default()).await?) }).await
}

async fn partner_file(cx: Cx, Path((token, id)): Path<(String, String)>) -> PageResult {
    page::show(cx.lang, async {
        let (who, _) = desk::by_link(&cx.app, &token).await?;
        let (file, bytes) = attachment::desk::content(&cx.app, &who, id_of(&id)?, cx.request.address).await?;
        file_answer(&file, bytes)
    })
    .await
}

async fn partner_picture(cx: Cx, headers: HeaderMap, Path((token, id)): Path<(String, String)>) -> PageResult {
    page::show(cx.lang, async {
        let (who, _) = desk::by_link(&cx.app, &token).await?;
        Ok(picture_answer(&headers, attachment::desk::thumbnail(&cx.app, &who, id_of(&id)?).await?))
    })
    .await
}

async fn partner(Path(token): Path<String>, request: Request) -> AfterResult {
    let link = token.clone();
    let may = async move |cx: Cx| desk::by_link(&cx.app, &link).await.map(drop);
    let PostedFiles { cx, mut form, files } = PostedFiles::after(request, may).await?;
    Ok(page::show(cx.lang, async {
        let (who, shown) = desk::by_link(&cx.app, &token).await?;
        let files = take(&cx, &who, &mut form, files).await?;
        let order = Some(shown.order.id);
        let act = match form.value("action") {
            "extend" => {
                let days = form.number("days");
                let days = form.need("days", days);
                Act::Extend { days, reason: form.text("reason"), work_order_id: order }
            }
            "sign" => Act::Sign { work_order_id: order },
            _ => Act::Answer {
                result: None,
                text: form.text("text"),
                production_continued: None,
                basis: None,
                right_channel: None,
                review_on: None,
                work_order_id: order,
            },
        };
        let extending = form.is("action", "extend");
        let done = match form.failed() {
            true => Err(Error::Invalid(Vec::new())),
            false => desk::act_by_link(&cx.app, &token, act, cx.who.once.clone(), files).await,
        };
        match done {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go(&format!("/w/{token}"), "partner-answered")),
            Err(error @ Error::Invalid(_)) => {
                form.refused(error)?;
                let (answer, extend) = if extending { (Form::default(), form) } else { (form, Form::default()) };
                html_with(StatusCode::UNPROCESSABLE_ENTITY, &Partner::of(&cx, token, answer, extend).await?)
            }
            Err(error) => Err(error),
        }
    })
    .await)
}
