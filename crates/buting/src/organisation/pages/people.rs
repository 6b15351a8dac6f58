use super::{done, key, renamed, reset_page};
use crate::actor::{ADMINS, OFFICE, OUTSIDE, Role, Roles};
use crate::assignment::desk::DECIDERS;
use crate::error::{Conflict, Error, FieldError, Result};
use crate::handover::Held;
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::problem::held_text;
use crate::http::routes::{Access, Routes};
use crate::http::table::{self, Cell, File, Piece, Row, Table};
use crate::list::Column;
use crate::organisation::accounts;
use crate::organisation::desk::{self, DepartmentsQuery, KEEPERS, PeopleQuery, Standing};
use crate::organisation::invitations::{self, INVITERS, InvitationsQuery};
use crate::organisation::post::{Post, desk as posts};
use crate::organisation::{
    Account, AccountState, Department, DepartmentChange, DepartmentKind, DepartmentPast, Invitation, Listed,
    NewDepartment, NewPerson, Person, PersonChange, Right, Shown, tree,
};
use crate::patch::Patch;
use crate::saved::{self, List, Offered};
use crate::subject::{SubjectKind, named};
use crate::time::Day;
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Rows of a list.
const ROWS: i64 = 50;
/// What fields of the desk are called on these pages.
const NAMES: &[(&str, &str)] = &[("title", "person_title"), ("kind", "body_kind")];

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(OFFICE.and(ADMINS));
    let keepers = Access::only(KEEPERS);
    let adders = Access::only(OFFICE.and(KEEPERS));
    let all = Access::only(OFFICE.and(ADMINS).and(OUTSIDE));
    routes
        .get("/people", readers, index)
        .get("/people/export", readers, export)
        .get("/people/new", adders, new_page)
        .post("/people/new", adders, new)
        .get("/people/{id}", all, show)
        .post("/people/{id}/numbers", all, numbers)
        .get("/people/{id}/edit", all, edit_page)
        .post("/people/{id}/edit", all, edit)
        .get("/people/{id}/leave", all, leave_page)
        .post("/people/{id}/leave", all, leave)
        .post("/people/{id}/back", all, back)
        .post("/people/{id}/manage", all, manage)
        .post("/people/{id}/reset", all, reset)
        .get("/colleagues", Access::only(OUTSIDE), colleagues)
        .post("/colleagues", Access::only(OUTSIDE), add_colleague)
        .get("/departments", readers, departments)
        .get("/departments/export", readers, export_departments)
        .get("/departments/new", keepers, new_department_page)
        .post("/departments/new", keepers, new_department)
        .get("/departments/{id}", readers, show_department)
        .get("/departments/{id}/edit", keepers, edit_department_page)
        .post("/departments/{id}/edit", keepers, edit_department)
        .post("/departments/{id}/close", keepers, close_department);
}

/// Open departments as options, in the order of lists.
async fn options(cx: &Cx, keep: Option<Uuid>) -> Result<Vec<(String, String)>> {
    let mut tx = cx.read().await?;
    let all = desk::departments(&mut tx, cx.who.zone_id).await?;
    let open = all.into_iter().filter(|d| d.valid_to.is_none() || Some(d.id) == keep);
    Ok(open.map(|d| (d.id.to_string(), d.name)).collect())
}

#[derive(Template)]
#[template(path = "organisation/people.html")]
struct Index {
    s: Shell,
    page: Page<Listed>,
    table: Table,
    departments: Vec<(String, String)>,
    /// Whether the reader may add people.
    may_add: bool,
    group: String,
    offered: Offered,
}

/// What the query of the list asks.
fn asked(cx: &Cx) -> PeopleQuery {
    let mut query = Form::parse(cx.request.query.as_bytes());
    let group = query.opt("group").filter(|g| matches!(*g, "staff" | "partners" | "left")).unwrap_or_default();
    PeopleQuery {
        limit: Some(ROWS),
        group: Some(group.to_owned()),
        department_id: query.id("department"),
        q: query.opt_text("q"),
        sort: query.opt_text("sort"),
        cursor: query.opt_text("cursor"),
        ..PeopleQuery::default()
    }
}

/// The columns of the list of people.
const PEOPLE: &[Column] = &[
    Column::new("name", "org-name", "姓名").sorted(),
    Column::new("place", "org-department", "部门").sorted().plain(),
    Column::new("title", "org-title", "职务").sorted().plain(),
    Column::new("phone", "org-phone", "电话").class("nowrap").plain(),
    Column::new("email", "field-email", "邮箱").hidden().class("nowrap"),
    Column::new("account", "account-state", "账号").class("wide"),
];

impl Row for Listed {
    const COLUMNS: &'static [Column] = PEOPLE;

    fn id(&self) -> Uuid {
        self.person.id
    }

    fn name(&self) -> &str {
        &self.person.name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "name" => Piece::Link(format!("/people/{}", self.person.id), self.person.name.clone()).into(),
            "place" => self.place.clone().into(),
            "title" => self.beside.iter().fold(Cell::from(self.person.title.clone()), |cell, post| {
                let title = post.title.as_deref().map(|title| format!(" {title}")).unwrap_or_default();
                cell.and(Piece::Quiet(format!("{}{}{}{title}", s.t("post-beside"), s.t("colon"), post.department)))
            }),
            "phone" => self.person.phone.clone().into(),
            "email" => self.person.email.clone().into(),
            "account" => match (self.person.left_at, self.account) {
                (Some(at), _) => s.with("person-left-on", "date", s.date(&at)).into(),
                (None, Some(state)) => s.word("account-state", state).into(),
                (None, None) => Piece::Quiet(s.t("account-none").into_owned()).into(),
            },
            _ => Cell::default(),
        }
    }
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let asked = asked(&cx);
        let page = desk::people(&cx.app, &cx.who, &asked).await?;
        let s = Shell::of(&cx).await?;
        html(&Index {
            table: Table::of(&s, "nav-people", &page.items),
            page,
            departments: options(&cx, None).await?,
            may_add: cx.who.is(OFFICE.and(KEEPERS)),
            group: asked.group.unwrap_or_default(),
            offered: saved::desk::offered(&cx.app, &cx.who, List::People).await?,
            s,
        })
    })
    .await
}

/// What the page shows as a file, numbers masked as there.
async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let asked = PeopleQuery { limit: Some(MAX_LIMIT), ..asked(&cx) };
        let page = |cursor| {
            let asked = PeopleQuery { cursor, ..asked.clone() };
            let cx = &cx;
            async move { desk::people(&cx.app, &cx.who, &asked).await }
        };
        table::exported::<Listed, _>(&cx, "人员名单", "person", page).await
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/person_form.html")]
struct PersonForm {
    s: Shell,
    form: Form,
    departments: Vec<(String, String)>,
    /// The person that is changed; none when one is added.
    person: Option<Person>,
    action: String,
    cancel: String,
}

/// The enterprise or project that a new person is to belong to, by the query.
struct NewPlace {
    enterprise: Option<Uuid>,
    project: Option<Uuid>,
}

async fn person_form(
    cx: &Cx,
    status: StatusCode,
    form: Form,
    person: Option<Person>,
) -> Result<axum::response::Response> {
    let (action, cancel) = match &person {
        Some(person) => (format!("/people/{}/edit", person.id), format!("/people/{}", person.id)),
        None => ("/people/new".to_owned(), "/people".to_owned()),
    };
    let outside = person.as_ref().is_some_and(|p| p.enterprise_id.or(p.project_id).is_some())
        || form.opt("enterprise").is_some()
        || form.opt("project").is_some();
    let departments =
        if outside { Vec::new() } else { options(cx, person.as_ref().and_then(|p| p.department_id)).await? };
    html_with(status, &PersonForm { s: Shell::of(cx).await?, form, departments, person, action, cancel })
}

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let form = Form::parse(cx.request.query.as_bytes());
        person_form(&cx, StatusCode::OK, form, None).await
    })
    .await
}

async fn new(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let place = NewPlace { enterprise: form.id("enterprise"), project: form.id("project") };
        let department = form.id("department_id");
        let department_id = match (place.enterprise, place.project) {
            (None, None) => Some(form.need("department_id", department)),
            _ => None,
        };
        let position = form.number("position");
        if !form.failed() {
            let new = NewPerson {
                id: None,
                name: form.text("name"),
                partial: form.on("partial"),
                title: form.opt_text("person_title"),
                phone: form.opt_text("phone"),
                email: form.opt_text("email"),
                department_id,
                enterprise_id: place.enterprise,
                project_id: place.project,
                position,
            };
            match done(desk::add_person(&cx.app, &cx.who, new).await) {
                Ok(id) => return Ok(go(&format!("/people/{id}"), "flash-person-added")),
                Err(error) => form.refused(renamed(error, NAMES))?,
            }
        }
        person_form(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, None).await
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/person.html")]
struct PersonPage {
    s: Shell,
    person: Person,
    /// The posts that are held, the main one first.
    posts: Vec<Post>,
    /// The posts that were held, the last one first.
    past: Vec<Post>,
    /// Name and page of the enterprise or project.
    subject: Option<(String, String)>,
    account: Option<Account>,
    keeper: bool,
    /// Whether posts may be given and ended.
    gives_posts: bool,
    /// Whether the numbers may be asked for.
    may_call: bool,
    shown: Option<Shown>,
    may_reset: bool,
    own: bool,
    /// Whether the reader has the list of people to go back to.
    in_directory: bool,
}

impl PersonPage {
    fn waiting(&self) -> bool {
        self.account.as_ref().is_none_or(|account| account.state == AccountState::Invited)
    }

    /// Whether the reader may take down what this person asks about his data.
    fn asks_through_us(&self) -> bool {
        let active = self.account.as_ref().is_some_and(|account| account.state == AccountState::Active);
        let officer = self.s.in_office() && self.keeper && self.subject.is_some() && !active;
        !self.own && (officer || self.s.is("secadmin"))
    }

    fn manages(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.rights.contains(&Right::Manage))
    }
}

async fn person_page(cx: &Cx, id: Uuid, shown: Option<Shown>) -> Result<axum::response::Response> {
    let mut tx = cx.read().await?;
    let zone = cx.who.zone_id;
    let (person, standing) = desk::person_for(&mut tx, &cx.who, id).await?;
    let (posts, past) =
        posts::of_person(&mut tx, &cx.who, id).await?.into_iter().partition(|post| post.valid_to.is_none());
    let subject = match (person.enterprise_id, person.project_id) {
        (Some(id), _) => Some((SubjectKind::Enterprise, id)),
        (None, Some(id)) => Some((SubjectKind::Project, id)),
        (None, None) => None,
    };
    let subject = match subject {
        Some((kind, id)) => {
            let href = if cx.who.is(OFFICE) { kind.href(id) } else { String::new() };
            Some((named(&mut tx, zone, kind, id).await?.name, href))
        }
        None => None,
    };
    let account = accounts::account_of(&mut tx, zone, id).await?;
    drop(tx);
    let keeper = standing == Standing::Keeper;
    let active = account.as_ref().is_some_and(|account| account.state == AccountState::Active);
    let own = cx.who.person_id == Some(id);
    let page = PersonPage {
        keeper,
        gives_posts: keeper && !own && cx.who.is(KEEPERS) && person.left_at.is_none() && person.department_id.is_some(),
        in_directory: cx.who.is(OFFICE.and(ADMINS)),
        may_call: !own && cx.who.is(OFFICE.and(OUTSIDE).and(Roles::of(&[Role::Sysadmin]))),
        may_reset: active && !own && keeper && (subject.is_some() || cx.who.has(Role::Sysadmin)),
        s: Shell::of(cx).await?,
        person,
        posts,
        past,
        subject,
        account,
        shown,
        own,
    };
    html(&page)
}

async fn show(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { person_page(&cx, key(&id)?, None).await }).await
}

async fn numbers(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = key(&id)?;
        let shown = desk::show_numbers(&cx.app, &cx.who, id, cx.request.address).await?;
        person_page(&cx, id, Some(shown)).await
    })
    .await
}

/// The person, for somebody who may change it.
async fn kept(cx: &Cx, id: &str) -> Result<Person> {
    let mut tx = cx.read().await?;
    let id = key(id)?;
    match desk::person_for(&mut tx, &cx.who, id).await? {
        (_, Standing::Keeper) => desk::person(&mut tx, cx.who.zone_id, id).await,
        (_, Standing::Reader) => Err(Error::Forbidden),
    }
}

async fn edit_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let person = kept(&cx, &id).await?;
        let mut values = vec![
            ("name", person.name.clone()),
            ("person_title", person.title.clone().unwrap_or_default()),
            ("phone", person.phone.clone().unwrap_or_default()),
            ("email", person.email.clone().unwrap_or_default()),
            ("department_id", person.department_id.map(|id| id.to_string()).unwrap_or_default()),
            ("position", person.position.to_string()),
        ];
        if person.partial {
            values.push(("partial", "true".to_owned()));
        }
        // The form holds the numbers in full, so opening it is a view of them.
        desk::show_numbers(&cx.app, &cx.who, person.id, cx.request.address).await?;
        person_form(&cx, StatusCode::OK, Form::filled(values), Some(person)).await
    })
    .await
}

fn patch(value: Option<String>) -> Patch<String> {
    value.map_or(Patch::Clear, Patch::Set)
}

async fn edit(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let person = kept(&cx, &id).await?;
        let position = form.number("position");
        let department = form.id("department_id");
        if !form.failed() {
            let change = PersonChange {
                name: Some(form.text("name")),
                partial: Some(form.on("partial")),
                title: patch(form.opt_text("person_title")),
                phone: patch(form.opt_text("phone")),
                email: patch(form.opt_text("email")),
                department_id: department.map_or(Patch::Keep, Patch::Set),
                position,
            };
            match done(desk::change_person(&cx.app, &cx.who, person.id, change).await) {
                Ok(id) => return Ok(go(&format!("/people/{id}"), "flash-person-changed")),
                Err(error) => form.refused(renamed(error, NAMES))?,
            }
        }
        person_form(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, Some(person)).await
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/leave.html")]
struct LeavePage {
    s: Shell,
    form: Form,
    person: Person,
    account: Option<Account>,
    last: bool,
    /// What the person answers for or has in hand.
    held: Vec<Held>,
    /// The same by kind, in words.
    held_text: String,
    /// Whether the reader hands over himself.
    hands_over: bool,
}

async fn leave_form(cx: &Cx, status: StatusCode, form: Form, person: Person) -> Result<axum::response::Response> {
    let mut tx = cx.read().await?;
    let held = desk::held_by_person(&mut tx, &cx.who, person.id).await?;
    let held_text = held_text(cx.lang, &held);
    let hands_over = cx.who.is(DECIDERS);
    let last = desk::is_last_contact(&mut tx, &cx.who, &person).await?;
    let account = accounts::account_of(&mut tx, cx.who.zone_id, person.id).await?;
    drop(tx);
    html_with(status, &LeavePage { s: Shell::of(cx).await?, form, person, account, last, held, held_text, hands_over })
}

async fn leave_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let person = kept(&cx, &id).await?;
        if person.left_at.is_some() {
            return Err(Error::state("person_left"));
        }
        leave_form(&cx, StatusCode::OK, Form::default(), person).await
    })
    .await
}

async fn leave(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let person = kept(&cx, &id).await?;
        let leaving = desk::Leaving {
            reason: form.opt_text("reason"),
            last_contact: form.on("last_contact"),
            hand_over_later: form.on("hand_over_later"),
        };
        match done(desk::leave(&cx.app, &cx.who, person.id, leaving).await) {
            Ok(id) => Ok(go(&format!("/people/{id}"), "flash-person-left")),
            Err(Error::Conflict(Conflict::State("last_contact"))) => {
                form.add(FieldError::new("last_contact", "last_contact"));
                leave_form(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, person).await
            }
            Err(Error::Conflict(Conflict::Held(_))) => {
                form.add(FieldError::new("hand_over_later", "hand_over_first"));
                leave_form(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, person).await
            }
            Err(error) => {
                form.refused(error)?;
                leave_form(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, person).await
            }
        }
    })
    .await
}

async fn back(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = done(desk::come_back(&cx.app, &cx.who, key(&id)?).await)?;
        Ok(go(&format!("/people/{id}"), "flash-person-back"))
    })
    .await
}

async fn manage(Path(id): Path<String>, Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = done(accounts::set_right(&cx.app, &cx.who, key(&id)?, Right::Manage, form.on("given")).await)?;
        Ok(go(&format!("/people/{id}"), "flash-own-saved"))
    })
    .await
}

async fn reset(headers: HeaderMap, Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = key(&id)?;
        reset_page(&cx, &headers, id, format!("/people/{id}")).await
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/colleagues.html")]
struct Colleagues {
    s: Shell,
    page: Page<Listed>,
    manages: bool,
    form: Form,
    subject: String,
}

async fn colleagues_page(cx: &Cx, status: StatusCode, form: Form) -> Result<axum::response::Response> {
    let query = PeopleQuery {
        limit: Some(MAX_LIMIT),
        enterprise_id: cx.who.enterprise_id,
        project_id: if cx.who.enterprise_id.is_some() { None } else { cx.who.project_id },
        ..PeopleQuery::default()
    };
    let page = desk::people(&cx.app, &cx.who, &query).await?;
    let mut tx = cx.read().await?;
    let manages = desk::manages(&mut tx, &cx.who).await?;
    let (kind, id) = match (cx.who.enterprise_id, cx.who.project_id) {
        (Some(id), _) => (SubjectKind::Enterprise, id),
        (None, Some(id)) => (SubjectKind::Project, id),
        (None, None) => return Err(Error::NotFound),
    };
    let subject = named(&mut tx, cx.who.zone_id, kind, id).await?.name;
    drop(tx);
    html_with(status, &Colleagues { s: Shell::of(cx).await?, page, manages, form, subject })
}

async fn colleagues(cx: Cx) -> PageResult {
    page::show(cx.lang, async { colleagues_page(&cx, StatusCode::OK, Form::default()).await }).await
}

async fn add_colleague(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let new = NewPerson {
            name: form.text("name"),
            title: form.opt_text("person_title"),
            phone: form.opt_text("phone"),
            enterprise_id: cx.who.enterprise_id,
            project_id: if cx.who.enterprise_id.is_some() { None } else { cx.who.project_id },
            ..NewPerson::default()
        };
        match done(desk::add_person(&cx.app, &cx.who, new).await) {
            Ok(id) => Ok(go(&format!("/invitations/new?person={id}"), "flash-person-added")),
            Err(error) => {
                form.refused(renamed(error, NAMES))?;
                colleagues_page(&cx, StatusCode::UNPROCESSABLE_ENTITY, form).await
            }
        }
    })
    .await
}

// ---- departments -----------------------------------------------------------

#[derive(Template)]
#[template(path = "organisation/departments.html")]
struct Departments {
    s: Shell,
    own: Table,
    partners: Table,
    closed: Table,
    closed_n: usize,
    keeper: bool,
    /// The day that is shown; empty for today.
    day: String,
    offered: Offered,
}

/// A department in the list.
struct Line {
    /// How deep in the tree it stands; 0 everywhere when the list is sorted or searched.
    depth: usize,
    department: Department,
    /// Short name of the department above.
    parent: String,
}

/// The columns of the list of departments.
const DEPARTMENTS: &[Column] = &[
    Column::new("name", "org-body-name", "单位名称").sorted(),
    Column::new("short_name", "org-short-name", "简称").sorted().plain(),
    Column::new("kind", "org-kind", "类别").sorted().plain(),
    Column::new("parent", "org-parent", "上级单位").plain(),
    Column::new("phone", "org-office-phone", "办公电话").class("nowrap").plain(),
    Column::new("industries", "field-industries", "负责的行业").hidden().class("wide"),
    Column::new("since", "field-valid_from", "设立日期").hidden().class("nowrap"),
];

impl Row for Line {
    const COLUMNS: &'static [Column] = DEPARTMENTS;

    fn id(&self) -> Uuid {
        self.department.id
    }

    fn name(&self) -> &str {
        &self.department.name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        let one = &self.department;
        match column {
            "name" => {
                let link = Piece::Link(format!("/departments/{}", one.id), one.name.clone());
                match self.depth {
                    0 => link.into(),
                    depth => Cell::from(Piece::Branch(depth)).and(link),
                }
            }
            "short_name" => one.short_name.clone().into(),
            "kind" => Cell::from(s.word("department-kind", one.kind))
                .and(one.valid_to.map(|at| Piece::Quiet(s.with("department-closed-on", "date", s.date(&at))))),
            "parent" => self.parent.clone().into(),
            "phone" => one.phone.clone().into(),
            "industries" => one.industries.clone().into(),
            "since" => s.date(&one.valid_from).into(),
            _ => Cell::default(),
        }
    }
}

/// The departments that the query asks for.
struct Bodies {
    own: Vec<Line>,
    partners: Vec<Line>,
    closed: Vec<Line>,
    /// The day on which they were so; none for today.
    day: Option<Day>,
}

/// Every department that the query asks for, as the tree unless an order or words are
/// asked for.
async fn bodies(cx: &Cx, s: &Shell) -> Result<Bodies> {
    let mut query = Form::parse(cx.request.query.as_bytes());
    let day = query.day("day");
    let asked = DepartmentsQuery {
        limit: Some(MAX_LIMIT),
        sort: query.opt_text("sort"),
        q: query.opt_text("q"),
        as_of: day.map(|day| day.last(&s.time_zone)),
        ..DepartmentsQuery::default()
    };
    let page = |cursor| {
        let asked = DepartmentsQuery { cursor, ..asked.clone() };
        async move { desk::departments_by(&cx.app, &cx.who, &asked).await }
    };
    let mut all = table::every(page).await?;
    let flat = asked.sort.is_some() || asked.q.is_some();
    if !flat {
        all.sort_by(|a, b| (a.position, &a.name).cmp(&(b.position, &b.name)));
    }
    let names: BTreeMap<Uuid, String> = all.iter().map(|d| (d.id, d.short_name.clone())).collect();
    let line = |(depth, department): (usize, Department)| Line {
        depth,
        parent: department.parent_id.and_then(|id| names.get(&id).cloned()).unwrap_or_default(),
        department,
    };
    let level = |all: Vec<Department>| all.into_iter().map(|d| (0, d)).map(line).collect::<Vec<_>>();
    let shaped = |all: Vec<Department>| if flat { level(all) } else { tree(all).into_iter().map(line).collect() };
    // On a past day those that were closed since were at work.
    let (closed, open): (Vec<_>, Vec<_>) = all.into_iter().partition(|d| d.valid_to.is_some() && day.is_none());
    let (own, partners) = open.into_iter().partition(|d| d.kind.is_own());
    Ok(Bodies { own: shaped(own), partners: shaped(partners), closed: level(closed), day })
}

async fn departments(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let Bodies { own, partners, closed, day } = bodies(&cx, &s).await?;
        let table = |caption: &str, rows: &[Line]| Table::of(&s, caption, rows);
        html(&Departments {
            own: table("departments-own", &own),
            partners: table("departments-partners", &partners),
            closed_n: closed.len(),
            closed: table("departments", &closed),
            keeper: cx.who.is(KEEPERS),
            day: day.map(|day| day.to_string()).unwrap_or_default(),
            offered: saved::desk::offered(&cx.app, &cx.who, List::Departments).await?,
            s,
        })
    })
    .await
}

/// What the page shows as a file.
async fn export_departments(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let Bodies { own, partners, closed, .. } = bodies(&cx, &s).await?;
        let mut file = File::of::<Line>(s);
        for rows in [own, partners, closed] {
            file.add(&rows);
        }
        file.answer(&cx, "部门名单", "department").await
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/department.html")]
struct DepartmentPage {
    s: Shell,
    department: Department,
    parent: Option<Department>,
    /// What comes under it.
    under: Vec<Department>,
    /// What it was before.
    past: Vec<DepartmentPast>,
    page: Page<Listed>,
    /// The posts in it on the day that is shown; today's when none is asked for.
    posts: Vec<Post>,
    /// The day that is shown; empty for today.
    day: String,
    keeper: bool,
    adder: bool,
    /// What it still holds, for who may close it.
    held: Vec<Held>,
    held_text: String,
    /// Invitations of an agency's people, for who invites.
    invitations: Vec<Invitation>,
}

impl DepartmentPage {
    /// The title that a person has here, and whether it is the main post.
    fn title_here<'a>(&'a self, listed: &'a Listed) -> (&'a str, bool) {
        let here = self.posts.iter().find(|post| post.person_id == listed.person.id);
        match here {
            Some(post) => (post.title.as_deref().unwrap_or_default(), post.main),
            None => (listed.person.title.as_deref().unwrap_or_default(), true),
        }
    }
}

async fn show_department(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let (s, zone, id) = (Shell::of(&cx).await?, cx.who.zone_id, key(&id)?);
        let mut query = Form::parse(cx.request.query.as_bytes());
        let day = query.day("day");
        let keeper = cx.who.is(KEEPERS);
        let mut tx = cx.read().await?;
        let department = desk::department(&mut tx, zone, id).await?;
        let parent = match department.parent_id {
            Some(id) => Some(desk::department(&mut tx, zone, id).await?),
            None => None,
        };
        let under = desk::departments(&mut tx, zone).await?;
        let under = under.into_iter().filter(|d| d.parent_id == Some(id) && d.valid_to.is_none()).collect();
        let past = desk::department_past(&mut tx, zone, id).await?;
        let at = day.map_or(s.now, |day| day.last(&s.time_zone));
        let posts = posts::of_department(&mut tx, &cx.who, id, at).await?;
        let closable = keeper && department.valid_to.is_none();
        let held = if closable { desk::held_by_department(&mut tx, &cx.who, id).await? } else { Vec::new() };
        drop(tx);
        let invited = InvitationsQuery { department_id: Some(id), ..InvitationsQuery::default() };
        let invitations = match !department.kind.is_own() && cx.who.is(INVITERS) {
            true => invitations::list(&cx.app, &cx.who, &invited).await?.items,
            false => Vec::new(),
        };
        let query = PeopleQuery {
            limit: Some(ROWS),
            department_id: Some(id),
            sort: query.opt_text("sort"),
            cursor: query.opt_text("cursor"),
            ..PeopleQuery::default()
        };
        let page = desk::people(&cx.app, &cx.who, &query).await?;
        html(&DepartmentPage {
            department,
            parent,
            under,
            past,
            page,
            posts,
            day: day.map(|day| day.to_string()).unwrap_or_default(),
            keeper,
            adder: cx.who.is(OFFICE.and(KEEPERS)),
            held_text: held_text(cx.lang, &held),
            held,
            invitations,
            s,
        })
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/department_form.html")]
struct DepartmentForm {
    s: Shell,
    form: Form,
    department: Option<Department>,
    parents: Vec<(String, String)>,
    kinds: &'static [DepartmentKind],
    action: String,
    cancel: String,
}

async fn department_form(
    cx: &Cx,
    status: StatusCode,
    form: Form,
    department: Option<Department>,
) -> Result<axum::response::Response> {
    let parents = options(cx, department.as_ref().and_then(|d| d.parent_id)).await?;
    let own = department.as_ref().map(|d| d.id.to_string());
    let parents = parents.into_iter().filter(|(id, _)| Some(id) != own.as_ref()).collect();
    let (action, cancel) = match &department {
        Some(d) => (format!("/departments/{}/edit", d.id), format!("/departments/{}", d.id)),
        None => ("/departments/new".to_owned(), "/departments".to_owned()),
    };
    let s = Shell::of(cx).await?;
    html_with(status, &DepartmentForm { s, form, department, parents, kinds: DepartmentKind::ALL, action, cancel })
}

async fn new_department_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async { department_form(&cx, StatusCode::OK, Form::default(), None).await }).await
}

async fn new_department(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let kind = form.word("body_kind", DepartmentKind::parse);
        let (parent_id, position, since) = (form.id("parent_id"), form.number("position"), form.day("valid_from"));
        if kind.is_none() && !form.has_error("body_kind") {
            form.add(FieldError::new("body_kind", "required"));
        }
        if let (Some(kind), false) = (kind, form.failed()) {
            let new = NewDepartment {
                id: None,
                name: form.text("name"),
                short_name: form.opt_text("short_name"),
                kind,
                parent_id,
                position,
                phone: form.opt_text("phone"),
                industries: form.opt_text("industries"),
                valid_from: match since {
                    Some(day) => {
                        let s = Shell::of(&cx).await?;
                        Some(day.first(&s.time_zone, s.now))
                    }
                    None => None,
                },
            };
            match done(desk::add_department(&cx.app, &cx.who, new).await) {
                Ok(id) => return Ok(go(&format!("/departments/{id}"), "flash-department-added")),
                Err(error) => form.refused(renamed(error, NAMES))?,
            }
        }
        department_form(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, None).await
    })
    .await
}

async fn edit_department_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let mut tx = cx.read().await?;
        let d = desk::department(&mut tx, cx.who.zone_id, key(&id)?).await?;
        drop(tx);
        let form = Form::filled([
            ("name", d.name.clone()),
            ("short_name", d.short_name.clone()),
            ("body_kind", d.kind.to_string()),
            ("parent_id", d.parent_id.map(|id| id.to_string()).unwrap_or_default()),
            ("position", d.position.to_string()),
            ("phone", d.phone.clone().unwrap_or_default()),
            ("industries", d.industries.clone().unwrap_or_default()),
        ]);
        department_form(&cx, StatusCode::OK, form, Some(d)).await
    })
    .await
}

async fn edit_department(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = key(&id)?;
        let mut tx = cx.read().await?;
        let old = desk::department(&mut tx, cx.who.zone_id, id).await?;
        drop(tx);
        let kind = form.word("body_kind", DepartmentKind::parse);
        let (parent, position) = (form.id("parent_id"), form.number("position"));
        if !form.failed() {
            let change = DepartmentChange {
                name: Some(form.text("name")),
                short_name: form.opt_text("short_name"),
                kind,
                parent_id: parent.map_or(Patch::Clear, Patch::Set),
                position,
                phone: patch(form.opt_text("phone")),
                industries: patch(form.opt_text("industries")),
            };
            match done(desk::change_department(&cx.app, &cx.who, id, change).await) {
                Ok(id) => return Ok(go(&format!("/departments/{id}"), "flash-department-changed")),
                Err(error) => form.refused(renamed(error, NAMES))?,
            }
        }
        department_form(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, Some(old)).await
    })
    .await
}

async fn close_department(Path(id): Path<String>, Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = done(desk::close_department(&cx.app, &cx.who, key(&id)?, form.value("reason")).await)?;
        Ok(go(&format!("/departments/{id}"), "flash-department-closed"))
    })
    .await
}
