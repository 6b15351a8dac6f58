use super::desk::{self, Asked, DECIDERS, Gap, Leaver, Load, NewHandover, Preview, Proposal};
use super::{Answerable, Because, Bulk, Duty, EndReason, Item, NewAssignment, NewEnd, NewHolder, Proposed, Shown};
use crate::actor::{Actor, OFFICE};
use crate::error::{Conflict, Error, Result};
use crate::handover::Held;
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::table::{self, Cell, File, Piece, Row, Table};
use crate::list::Column;
use crate::saved::{self, List, Offered};
use crate::subject::{self, Named, SubjectKind};
use crate::text::Lang;
use crate::time::Day;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use jiff::tz::TimeZone;
use uuid::Uuid;

/// Rows of a list.
const ROWS: i64 = 50;

pub fn routes(routes: &mut Routes) {
    let office = Access::only(OFFICE);
    let deciders = Access::only(DECIDERS);
    routes
        .get("/assignments", office, index)
        .get("/assignments/export", office, export)
        .get("/assignments/new", deciders, new_page)
        .post("/assignments/new", deciders, new)
        .post("/assignments/bulk", deciders, bulk)
        .get("/assignments/handover", deciders, handover_page)
        .post("/assignments/handover", deciders, handover)
        .get("/assignments/of/{kind}/{id}", office, history)
        .get("/assignments/{id}", office, show)
        .post("/assignments/{id}/change", deciders, change)
        .post("/assignments/{id}/end", deciders, end)
        .post("/assignments/{id}/renew", deciders, renew);
}

/// The reason of a proposal, in a sentence.
pub fn explain(lang: Lang, proposed: &Proposed) -> String {
    let key = match proposed.because {
        Because::Neighbours => "assignment-because-neighbours",
        Because::LeastLoaded => "assignment-because-least_loaded",
    };
    let args: [(&str, &dyn crate::text::Arg); 4] = [
        ("name", &proposed.unit),
        ("n", &proposed.neighbours),
        ("before", &proposed.load_before),
        ("after", &proposed.load_after),
    ];
    lang.with(key, &args)
}

/// The zone's word for the tie: 包联, 包挂, 挂包 or 联系.
fn label(cx: &Cx) -> String {
    match cx.lang {
        Lang::Zh => cx.label.word().to_owned(),
        Lang::En => cx.lang.t("nav-assignments").into_owned(),
    }
}

fn decides(who: &Actor) -> bool {
    who.roles.meets(DECIDERS)
}

// ---- lists -----------------------------------------------------------------

#[derive(Template)]
#[template(path = "assignment/index.html")]
struct Index {
    s: Shell,
    label: String,
    decides: bool,
    view: &'static str,
    gap_count: i64,
    gaps: Option<Page<Gap>>,
    leavers: Vec<Leaver>,
    list: Option<(Page<Shown>, Table)>,
    loads: Vec<Load>,
    role: Duty,
    duties: &'static [Duty],
    kinds: &'static [SubjectKind],
    narrowed_to: Option<String>,
    leaders: Vec<(String, String)>,
    departments: Vec<(String, String)>,
    officers: Vec<(String, String)>,
    offered: Offered,
}

impl Index {
    fn tabs(&self) -> [(&'static str, &'static str); 6] {
        [
            ("gaps", "assignment-view-gaps"),
            ("leaders", "assignment-view-leaders"),
            ("departments", "assignment-view-departments"),
            ("officers", "assignment-view-officers"),
            ("list", "assignment-view-list"),
            ("mine", "assignment-view-mine"),
        ]
    }

    /// What a holder of this view's role holds, of one kind or of all.
    fn list_of(&self, id: &Uuid, kind: &str) -> String {
        let holder = if self.role.is_personal() { "person_id" } else { "department_id" };
        format!("/assignments?view=list&{holder}={id}&role={}&subject_kind={kind}", self.role)
    }
}

/// An assignment with the others who answer for the same subject.
struct Listed {
    shown: Shown,
    answerable: Answerable,
}

/// The columns of the list.
const COLUMNS: &[Column] = &[
    Column::new("subject", "field-subject", "对象").sorted(),
    Column::new("kind", "field-subject_kind", "对象类别").hidden(),
    Column::new("role", "field-duty", "职责").sorted(),
    Column::new("holder", "field-holder", "责任人").sorted().plain(),
    Column::new("title", "field-person_title", "职务").hidden(),
    Column::new("department", "field-department", "所在部门").hidden(),
    Column::new("phone", "field-phone", "电话").plain(),
    Column::new("others", "assignment-others", "其他责任人").class("wide"),
    Column::new("from", "field-valid_from", "起始日期").sorted().class("nowrap"),
    Column::new("to", "field-valid_to", "终止日期").hidden().class("nowrap"),
    Column::new("until", "field-until", "期限").hidden().class("nowrap"),
    Column::new("basis", "field-basis", "依据文件").hidden().class("wide"),
    Column::new("reason", "field-reason", "原因").hidden().class("wide"),
    Column::new("state", "assignment-state", "状态").plain(),
];

impl Row for Listed {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn id(&self) -> Uuid {
        self.shown.id
    }

    fn name(&self) -> &str {
        &self.shown.subject
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        let one = &self.shown;
        match column {
            "subject" => Cell::from(Piece::Link(one.href(), one.subject.clone()))
                .beside(Piece::Quiet(s.word("subject", one.subject_kind).into_owned())),
            "kind" => s.word("subject", one.subject_kind).into(),
            "role" => Piece::Link(format!("/assignments/{}", one.id), s.word("duty", one.role).into_owned()).into(),
            "holder" => {
                let department = one.department.clone().filter(|_| one.person.is_some());
                Cell::from(one.holder()).beside(department.map(Piece::Quiet))
            }
            "title" => one.title.clone().into(),
            "department" => one.department.clone().into(),
            "phone" => one.phone.clone().map(Piece::Phone).into(),
            "others" => {
                let mut pieces = Vec::new();
                for (role, holder) in self.answerable.needed() {
                    let Some(holder) = holder.filter(|_| role != one.role) else { continue };
                    pieces.push(Piece::Quiet(s.word("duty", role).into_owned()));
                    pieces.push(Piece::Fixed(holder.name.clone()));
                }
                pieces.into()
            }
            "from" => Cell::from(s.date(&one.valid_from))
                .beside(one.valid_to.map(|to| Piece::Text(format!("– {}", s.date(&to))))),
            "to" => one.valid_to.map(|to| s.date(&to)).into(),
            "until" => one.last_day().map(|day| s.date(&day)).into(),
            "basis" => one.basis.clone().into(),
            "reason" => one.reason.clone().into(),
            "state" => {
                let ended = one.end_reason.map(|reason| Piece::State(s.word("end-reason", reason).into_owned(), true));
                let mut pieces: Vec<Piece> = ended.into_iter().collect();
                let doubtful = |warning| Piece::State(s.word("assignment-warning", warning).into_owned(), false);
                pieces.extend(one.warnings.iter().map(doubtful));
                let until = one.last_day().filter(|_| one.valid_to.is_none());
                pieces.extend(until.map(|day| Piece::Quiet(s.with("assignment-until", "day", s.date(&day)))));
                pieces.into()
            }
            _ => Cell::default(),
        }
    }
}

const VIEWS: [&str; 6] = ["gaps", "leaders", "departments", "officers", "list", "mine"];

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut query = Form::parse(cx.request.query.as_bytes());
        let s = Shell::of(&cx).await?;
        let view = match VIEWS.iter().find(|view| query.is("view", view)) {
            Some(view) => view,
            None if query.is("mine", "1") => "mine",
            None if query.opt("person_id").is_some() || query.opt("department_id").is_some() => "list",
            None if query.opt("q").is_some() || query.opt("role").is_some() => "list",
            None if decides(&cx.who) || cx.who.has(crate::actor::Role::Oversight) => "gaps",
            None => "mine",
        };
        let mut page = Index {
            label: label(&cx),
            decides: decides(&cx.who),
            view,
            gap_count: desk::gap_count(&cx.app, &cx.who).await?,
            gaps: None,
            leavers: Vec::new(),
            list: None,
            loads: Vec::new(),
            role: match view {
                "departments" => Duty::LeadDept,
                "officers" => Duty::Officer,
                _ => Duty::LeadLeader,
            },
            duties: Duty::ALL,
            kinds: SubjectKind::ALL,
            narrowed_to: None,
            leaders: Vec::new(),
            departments: Vec::new(),
            officers: Vec::new(),
            offered: saved::desk::offered(&cx.app, &cx.who, List::Assignments).await?,
            s,
        };
        match view {
            "gaps" => {
                page.gaps = Some(desk::gaps(&cx.app, &cx.who, query.opt("cursor"), ROWS).await?);
                page.leavers = desk::leavers(&cx.app, &cx.who).await?;
                if page.decides {
                    page.leaders = choices(&cx, Duty::LeadLeader).await?;
                    page.departments = choices(&cx, Duty::LeadDept).await?;
                    page.officers = choices(&cx, Duty::Officer).await?;
                }
            }
            "leaders" | "departments" | "officers" => page.loads = desk::load(&cx.app, &cx.who, page.role).await?,
            _ => {
                let asked = asked(&cx, &mut query, view == "mine", &page.s.time_zone)?;
                if let Some(person) = asked.person_id.filter(|_| view == "list") {
                    page.narrowed_to = name_of_person(&cx, person).await?;
                } else if let Some(department) = asked.department_id.filter(|_| view == "list") {
                    let mut tx = cx.read().await?;
                    page.narrowed_to =
                        Some(crate::organisation::desk::department(&mut tx, cx.who.zone_id, department).await?.name);
                }
                let list = desk::list(&cx.app, &cx.who, asked, ROWS).await?;
                let table = Table::of(&page.s, "assignment-view-list", &with_others(&cx, &list.items).await?);
                page.list = Some((list, table));
            }
        }
        html(&page)
    })
    .await
}

async fn name_of_person(cx: &Cx, id: Uuid) -> Result<Option<String>> {
    let mut tx = cx.read().await?;
    match crate::organisation::desk::person(&mut tx, cx.who.zone_id, id).await {
        Ok(person) => Ok(Some(person.name)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the query of a list asks. What cannot be read is as if not asked.
fn asked(cx: &Cx, query: &mut Form, mine: bool, zone: &TimeZone) -> Result<Asked> {
    // A past day is asked for as a whole: who answered at its end.
    let as_of = Day::read(query.value("day")).map(|day| day.last(zone));
    let mut asked = Asked {
        subject_kind: query.word("subject_kind", SubjectKind::parse),
        person_id: query.id("person_id"),
        department_id: query.id("department_id"),
        role: query.word("role", Duty::parse),
        current: if as_of.is_some() { None } else { Some(!query.is("current", "false")) },
        as_of,
        q: query.opt_text("q"),
        sort: query.opt_text("sort"),
        cursor: query.opt_text("cursor"),
        ..Asked::default()
    };
    if mine {
        asked.person_id = None;
        asked.department_id = None;
        asked.held_by = Some((cx.who.person()?, cx.who.departments()));
    }
    Ok(asked)
}

async fn with_others(cx: &Cx, shown: &[Shown]) -> Result<Vec<Listed>> {
    let mut answers = std::collections::BTreeMap::new();
    let mut tx = cx.read().await?;
    for kind in SubjectKind::ALL {
        let ids: Vec<Uuid> = shown.iter().filter(|row| row.subject_kind == *kind).map(|row| row.subject_id).collect();
        answers.extend(desk::current_of(&cx.app, &mut tx, cx.who.zone_id, *kind, &ids).await?);
    }
    let row = |shown: &Shown| Listed {
        answerable: answers.get(&shown.subject_id).cloned().unwrap_or_default(),
        shown: shown.clone(),
    };
    Ok(shown.iter().map(row).collect())
}

async fn choices(cx: &Cx, role: Duty) -> Result<Vec<(String, String)>> {
    let all = desk::choices(&cx.app, &cx.who, role).await?;
    Ok(all
        .into_iter()
        .map(|holder| {
            let id = if role.is_personal() { holder.person_id } else { holder.department_id };
            let place = [holder.department.as_deref(), holder.title.as_deref()];
            let place: Vec<&str> = if role.is_personal() { place.into_iter().flatten().collect() } else { Vec::new() };
            let text = if place.is_empty() { holder.name } else { format!("{}（{}）", holder.name, place.join(" ")) };
            (id.unwrap_or_default().to_string(), text)
        })
        .collect())
}

/// What the page shows as a file.
async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut query = Form::parse(cx.request.query.as_bytes());
        let mine = query.is("view", "mine");
        let s = Shell::of(&cx).await?;
        let asked = asked(&cx, &mut query, mine, &s.time_zone)?;
        let page = |cursor| desk::list(&cx.app, &cx.who, Asked { cursor, ..asked.clone() }, MAX_LIMIT);
        let all = table::every(page).await?;
        let mut file = File::of::<Listed>(s);
        for some in all.chunks(table::CHUNK) {
            file.add(&with_others(&cx, some).await?);
        }
        file.answer(&cx, &label(&cx), "assignment").await
    })
    .await
}

// ---- one place -------------------------------------------------------------

#[derive(Template)]
#[template(path = "assignment/new.html")]
struct NewPage {
    s: Shell,
    label: String,
    form: Form,
    subject: Option<Named>,
    found: Vec<Named>,
    role: Option<Duty>,
    duties: &'static [Duty],
    holders: Vec<(String, String)>,
    answerable: Answerable,
}

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut query = Form::parse(cx.request.query.as_bytes());
        let subject = subject_of(&cx, &mut query).await?;
        let form = Form::filled([
            ("subject_kind", query.text("subject_kind")),
            ("subject_id", query.text("subject_id")),
            ("role", query.text("role")),
        ]);
        html(&fill_new(&cx, form, subject, query.opt("q")).await?)
    })
    .await
}

async fn subject_of(cx: &Cx, form: &mut Form) -> Result<Option<Named>> {
    let (Some(kind), Some(id)) = (form.word("subject_kind", SubjectKind::parse), form.id("subject_id")) else {
        return Ok(None);
    };
    let mut tx = cx.read().await?;
    subject::named(&mut tx, cx.who.zone_id, kind, id).await.map(Some)
}

async fn fill_new(cx: &Cx, mut form: Form, subject: Option<Named>, q: Option<&str>) -> Result<NewPage> {
    let role = form.word("role", Duty::parse);
    let holders = match role {
        Some(role) => choices(cx, role).await?,
        None => Vec::new(),
    };
    let found = match (&subject, q) {
        (None, Some(q)) => desk::find_subjects(&cx.app, &cx.who, q).await?,
        _ => Vec::new(),
    };
    let answerable = match &subject {
        Some(subject) => {
            let mut tx = cx.read().await?;
            desk::current(&cx.app, &mut tx, cx.who.zone_id, subject.kind, subject.id).await?
        }
        None => Answerable::default(),
    };
    Ok(NewPage {
        s: Shell::of(cx).await?,
        label: label(cx),
        form,
        subject,
        found,
        role,
        duties: Duty::ALL,
        holders,
        answerable,
    })
}

/// The end of a day as the order's last instant.
fn last_of(day: Day, s: &Shell) -> crate::time::Time {
    let next = day.0.tomorrow().map(Day).unwrap_or(day);
    next.start(&s.time_zone)
}

async fn new(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let subject = subject_of(&cx, &mut form).await?.ok_or(Error::NotFound)?;
        let role = form.word("role", Duty::parse).ok_or_else(|| Error::field("role", "required"))?;
        let holder = form.id("holder");
        let holder = form.need("holder", holder);
        let (from, until) = (form.day("valid_from"), form.day("until"));
        if !form.failed() {
            let new = NewAssignment {
                id: None,
                subject_kind: subject.kind,
                subject_id: subject.id,
                role,
                department_id: (!role.is_personal()).then_some(holder),
                person_id: role.is_personal().then_some(holder),
                valid_from: from.map(|day| day.first(&s.time_zone, s.now)),
                until: until.map(|day| last_of(day, &s)),
                basis: form.opt_text("basis"),
                reason: form.opt_text("reason"),
            };
            match desk::assign(&cx.app, &cx.who, new).await {
                Ok(_) | Err(Error::Replayed(_)) => {
                    return Ok(go(&format!("/assignments/of/{}/{}", subject.kind, subject.id), "flash-assigned"));
                }
                Err(error) => refused(&mut form, error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &fill_new(&cx, form, Some(subject), None).await?)
    })
    .await
}

/// Takes up what the desk refused, under the one field for persons and departments.
fn refused(form: &mut Form, error: Error) -> Result<()> {
    let error = match error {
        Error::Invalid(errors) => Error::Invalid(
            errors
                .into_iter()
                .map(|mut error| {
                    if matches!(error.field.as_str(), "person_id" | "department_id") {
                        error.field = "holder".into();
                    }
                    error
                })
                .collect(),
        ),
        Error::Conflict(Conflict::State("assignment_same")) => Error::field("holder", "same_holder"),
        other => other,
    };
    form.refused(error)
}

#[derive(Template)]
#[template(path = "assignment/show.html")]
struct ShowPage {
    s: Shell,
    label: String,
    decides: bool,
    row: Shown,
    form: Form,
    which: &'static str,
    holders: Vec<(String, String)>,
    reasons: &'static [EndReason],
}

async fn show(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&fill_show(&cx, id_of(&id)?, Form::default(), "").await?) }).await
}

async fn fill_show(cx: &Cx, id: Uuid, form: Form, which: &'static str) -> Result<ShowPage> {
    let row = desk::get(&cx.app, &cx.who, id).await?;
    let decides = decides(&cx.who);
    let holders = if decides && row.valid_to.is_none() { choices(cx, row.role).await? } else { Vec::new() };
    Ok(ShowPage {
        s: Shell::of(cx).await?,
        label: label(cx),
        decides,
        row,
        form,
        which,
        holders,
        reasons: EndReason::ALL,
    })
}

async fn change(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let (id, s) = (id_of(&id)?, Shell::of(&cx).await?);
        let role = desk::get(&cx.app, &cx.who, id).await?.role;
        let holder = form.id("holder");
        let holder = form.need("holder", holder);
        let (from, until) = (form.day("valid_from"), form.day("until"));
        if !form.failed() {
            let new = NewHolder {
                department_id: (!role.is_personal()).then_some(holder),
                person_id: role.is_personal().then_some(holder),
                valid_from: from.map(|day| day.first(&s.time_zone, s.now)),
                until: until.map(|day| last_of(day, &s)),
                basis: form.opt_text("basis"),
                reason: form.opt_text("reason"),
            };
            match desk::change(&cx.app, &cx.who, id, new).await {
                Ok(id) | Err(Error::Replayed(id)) => {
                    return Ok(go(&format!("/assignments/{id}"), "flash-assignment-changed"));
                }
                Err(error) => refused(&mut form, error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &fill_show(&cx, id, form, "change").await?)
    })
    .await
}

async fn end(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let (id, s) = (id_of(&id)?, Shell::of(&cx).await?);
        let reason = form.word("end_reason", EndReason::parse);
        if reason.is_none() && !form.has_error("end_reason") {
            form.add(crate::error::FieldError::new("end_reason", "required"));
        }
        let day = form.day("valid_to");
        if let Some(reason) = reason.filter(|_| !form.failed()) {
            let end = NewEnd { reason, note: form.opt_text("note"), at: day.map(|day| day.first(&s.time_zone, s.now)) };
            match desk::end(&cx.app, &cx.who, id, end).await {
                Ok(id) | Err(Error::Replayed(id)) => {
                    return Ok(go(&format!("/assignments/{id}"), "flash-assignment-ended"));
                }
                Err(error) => refused(&mut form, error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &fill_show(&cx, id, form, "end").await?)
    })
    .await
}

async fn renew(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let (id, s) = (id_of(&id)?, Shell::of(&cx).await?);
        let until = form.day("until");
        if !form.failed() {
            let until = until.map(|day| last_of(day, &s));
            match desk::renew(&cx.app, &cx.who, id, until, form.opt("basis")).await {
                Ok(id) | Err(Error::Replayed(id)) => {
                    return Ok(go(&format!("/assignments/{id}"), "flash-assignment-renewed"));
                }
                Err(error) => refused(&mut form, error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &fill_show(&cx, id, form, "renew").await?)
    })
    .await
}

// ---- a subject's history -----------------------------------------------------

#[derive(Template)]
#[template(path = "assignment/history.html")]
struct HistoryPage {
    s: Shell,
    label: String,
    decides: bool,
    subject: Named,
    href: String,
    day: String,
    answerable: Answerable,
    rows: Vec<Shown>,
}

async fn history(cx: Cx, Path((kind, id)): Path<(String, String)>) -> PageResult {
    page::show(cx.lang, async {
        let (kind, id) = (SubjectKind::parse(&kind).ok_or(Error::NotFound)?, id_of(&id)?);
        let mut query = Form::parse(cx.request.query.as_bytes());
        let s = Shell::of(&cx).await?;
        let zone = cx.who.zone_id;
        let mut tx = cx.read().await?;
        let subject = subject::named(&mut tx, zone, kind, id).await?;
        let answerable = match query.day("day") {
            Some(day) => desk::as_of(&mut tx, zone, kind, id, day.last(&s.time_zone)).await?,
            None => desk::current(&cx.app, &mut tx, zone, kind, id).await?,
        };
        let rows = desk::history(&cx.app, &mut tx, zone, id).await?;
        drop(tx);
        html(&HistoryPage {
            label: label(&cx),
            decides: decides(&cx.who),
            href: kind.href(id),
            subject,
            day: query.text("day"),
            answerable,
            rows,
            s,
        })
    })
    .await
}

// ---- many places -----------------------------------------------------------

#[derive(Template)]
#[template(path = "assignment/preview.html")]
struct PreviewPage {
    s: Shell,
    label: String,
    form: Form,
    places: Vec<Place>,
    changes: usize,
    opens: usize,
    replaces: bool,
    replace: bool,
    proposed: bool,
}

impl PreviewPage {
    fn heading(&self) -> String {
        self.s.t(if self.proposed { "assignment-proposals" } else { "assignment-preview" }).into_owned()
    }
}

/// A line of the preview.
struct Place {
    value: String,
    subject: String,
    href: String,
    role: Duty,
    step: super::Step,
    before: Option<String>,
    after: String,
    lent: bool,
    why: String,
}

/// A place as a form carries it.
fn write_item(item: &Item, seen: &str) -> String {
    let holder = item.person_id.or(item.department_id).unwrap_or_default();
    format!("{}:{}:{}:{holder}:{seen}", item.subject_kind, item.subject_id, item.role)
}

fn read_item(text: &str) -> Option<Item> {
    let mut parts = text.splitn(5, ':');
    let subject_kind = SubjectKind::parse(parts.next()?)?;
    let subject_id = Uuid::parse_str(parts.next()?).ok()?;
    let role = Duty::parse(parts.next()?)?;
    let holder = Uuid::parse_str(parts.next()?).ok()?;
    Some(Item {
        subject_kind,
        subject_id,
        role,
        department_id: (!role.is_personal()).then_some(holder),
        person_id: role.is_personal().then_some(holder),
        seen: Some(parts.next()?.to_owned()),
    })
}

/// The ticked subjects of a list.
fn ticked(form: &Form) -> Vec<(SubjectKind, Uuid)> {
    let read = |value: &String| {
        let (kind, id) = value.split_once(':')?;
        Some((SubjectKind::parse(kind)?, Uuid::parse_str(id).ok()?))
    };
    form.all("subject").iter().filter_map(read).collect()
}

/// One address for the three steps of a bulk assignment: what is ticked is
/// shown (`preview`), or somebody is proposed for it (`propose`), or it is done.
async fn bulk(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match form.value("step") {
            "propose" => {
                let ids: Vec<Uuid> = ticked(&form).into_iter().map(|(_, id)| id).collect();
                let proposals = desk::proposals(&cx.app, &cx.who, (!ids.is_empty()).then_some(&ids), &[]).await?;
                if proposals.is_empty() {
                    return Ok(go("/assignments?view=gaps", "flash-nothing-to-propose"));
                }
                html(&proposed_page(&cx, form, &proposals).await?)
            }
            "preview" => {
                let subjects = ticked(&form);
                let mut items = Vec::new();
                for (field, role) in
                    [("lead_leader", Duty::LeadLeader), ("lead_dept", Duty::LeadDept), ("officer", Duty::Officer)]
                {
                    let Some(holder) = form.id(field) else { continue };
                    items.extend(subjects.iter().map(|(kind, id)| Item {
                        subject_kind: *kind,
                        subject_id: *id,
                        role,
                        department_id: (!role.is_personal()).then_some(holder),
                        person_id: role.is_personal().then_some(holder),
                        seen: None,
                    }));
                }
                if items.is_empty() {
                    return Ok(go("/assignments?view=gaps", "flash-tick-and-choose"));
                }
                let bulk = Bulk { items, replace: form.on("replace"), basis: None, reason: None };
                let preview = desk::preview(&cx.app, &cx.who, &bulk).await?;
                html(&preview_page(&cx, form, preview).await?)
            }
            _ => {
                let items: Option<Vec<Item>> = form.all("item").iter().map(|text| read_item(text)).collect();
                let items = items.ok_or_else(|| Error::field("item", "unreadable"))?;
                if items.is_empty() {
                    return Ok(go("/assignments?view=gaps", "flash-tick-and-choose"));
                }
                let bulk = Bulk {
                    items,
                    replace: form.on("replace"),
                    basis: form.opt_text("basis"),
                    reason: form.opt_text("reason"),
                };
                match desk::bulk(&cx.app, &cx.who, bulk.clone()).await {
                    Ok(_) | Err(Error::Replayed(_)) => return Ok(go("/assignments?view=gaps", "flash-assigned-many")),
                    Err(error) => form.refused(error)?,
                }
                let preview = desk::preview(&cx.app, &cx.who, &bulk).await?;
                html_with(StatusCode::UNPROCESSABLE_ENTITY, &preview_page(&cx, form, preview).await?)
            }
        }
    })
    .await
}

async fn preview_page(cx: &Cx, form: Form, preview: Preview) -> Result<PreviewPage> {
    let (changes, opens) = (preview.count(super::Step::Change), preview.count(super::Step::Open));
    let places = preview.places.into_iter().map(|place| Place {
        value: write_item(&place.item, &place.seen),
        href: place.item.subject_kind.href(place.item.subject_id),
        subject: place.subject,
        role: place.item.role,
        step: place.step,
        before: place.before,
        after: place.after,
        lent: place.lent,
        why: String::new(),
    });
    let (s, label) = (Shell::of(cx).await?, label(cx));
    let replace = form.on("replace");
    Ok(PreviewPage {
        s,
        label,
        form,
        places: places.collect(),
        changes,
        opens,
        replaces: changes > 0,
        replace,
        proposed: false,
    })
}

async fn proposed_page(cx: &Cx, form: Form, proposals: &[Proposal]) -> Result<PreviewPage> {
    let places: Vec<Place> = proposals
        .iter()
        .map(|proposal| Place {
            value: write_item(&proposal.item(), &proposal.seen),
            subject: proposal.proposed.subject.clone(),
            href: proposal.proposed.kind.href(proposal.proposed.subject_id),
            role: proposal.proposed.role,
            step: if proposal.before.is_some() { super::Step::Change } else { super::Step::Open },
            before: proposal.before.clone(),
            after: proposal.proposed.unit.clone(),
            lent: false,
            why: explain(cx.lang, &proposal.proposed),
        })
        .collect();
    let changes = places.iter().filter(|place| place.step == super::Step::Change).count();
    let opens = places.len() - changes;
    let (s, label) = (Shell::of(cx).await?, label(cx));
    Ok(PreviewPage {
        s,
        label,
        form,
        places,
        changes,
        opens,
        replaces: changes > 0,
        replace: changes > 0,
        proposed: true,
    })
}

#[derive(Template)]
#[template(path = "assignment/handover.html")]
struct HandoverPage {
    s: Shell,
    label: String,
    form: Form,
    people: Vec<(String, String)>,
    reasons: [EndReason; 4],
    from: Option<String>,
    held_count: String,
    held: Vec<Shown>,
    others: Vec<Held>,
}

async fn handover_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let form = Form::filled([("from_person", query.text("from"))]);
        html(&fill_handover(&cx, form).await?)
    })
    .await
}

async fn fill_handover(cx: &Cx, mut form: Form) -> Result<HandoverPage> {
    let (mut from, mut held, mut others) = (None, Vec::new(), Vec::new());
    if let Some(person) = form.id("from_person") {
        from = name_of_person(cx, person).await?;
        held = desk::held(&cx.app, &cx.who, person).await?;
        others = desk::in_hands(&cx.app, &cx.who, person).await?;
    }
    let reasons = [EndReason::Changed, EndReason::Moved, EndReason::Left, EndReason::Reorganised];
    let mut people = choices(cx, Duty::StandIn).await?;
    // Who has left is no longer among the staff, and just he has things to hand over.
    if let Some(name) = from.as_ref().filter(|_| !people.iter().any(|(id, _)| form.is("from_person", id))) {
        people.push((form.text("from_person"), name.clone()));
    }
    Ok(HandoverPage {
        s: Shell::of(cx).await?,
        label: label(cx),
        form,
        people,
        reasons,
        from,
        held_count: held.len().to_string(),
        held,
        others,
    })
}

async fn handover(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let (from, to) = (form.id("from_person"), form.id("to_person"));
        let (from, to) = (form.need("from_person", from), form.need("to_person", to));
        let reason = form.word("reason", EndReason::parse).unwrap_or(EndReason::Changed);
        if !form.failed() {
            let new = NewHandover { from_person: from, to_person: to, note: form.text("note"), reason };
            match desk::handover(&cx.app, &cx.who, new).await {
                Ok(_) | Err(Error::Replayed(_)) => {
                    return Ok(go(&format!("/assignments?view=list&person_id={to}"), "flash-handed-over"));
                }
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &fill_handover(&cx, form).await?)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_the_form() {
        let item = Item {
            subject_kind: SubjectKind::Project,
            subject_id: Uuid::from_u128(1),
            role: Duty::LeadDept,
            department_id: Some(Uuid::from_u128(2)),
            person_id: None,
            seen: Some("free".into()),
        };
        assert_eq!(read_item(&write_item(&item, "free")), Some(item));
        assert_eq!(read_item("project:x:lead_dept:y:free"), None);
    }
}
