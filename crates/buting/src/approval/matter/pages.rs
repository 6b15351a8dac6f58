use super::desk::{self, ACTORS, Filter, KEEPERS, KEYS, READERS};
use super::{Asks, Content, Level, Material, Matter, MatterAct, MatterKind, Need, NewMatter, Question, Source};
use crate::actor::{OFFICE, Role, Roles};
use crate::approval::Channel;
use crate::error::{Error, FieldError, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::table::{self, Cell, Piece, Table};
use crate::list::{Column, Walk};
use crate::registry::fact;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let keepers = Access::only(KEEPERS);
    routes
        .get("/matters", readers, index)
        .get("/matters/export", readers, export)
        .get("/matters/new", keepers, new_page)
        .post("/matters/new", keepers, new)
        .get("/matters/{id}", readers, show)
        .get("/matters/{id}/edit", keepers, edit_page)
        .post("/matters/{id}/edit", keepers, edit)
        .post("/matters/{id}", Access::only(ACTORS), act);
}

/// The columns of the list.
const COLUMNS: &[Column] = &[
    Column::new("title", "matter", "事项").sorted(),
    Column::new("level", "field-level", "不见面").plain(),
    Column::new("promised", "matter-promised", "承诺时限").sorted(),
    Column::new("statutory", "matter-statutory", "法定时限").class("nowrap"),
    Column::new("specialist", "matter-specialist", "专员"),
    Column::new("deputy", "matter-deputy", "替补").hidden(),
    Column::new("department", "matter-department", "实施部门").plain(),
    Column::new("kind", "matter-kind", "类型").hidden(),
    Column::new("open", "matter-open-cases", "在办").number(),
    Column::new("edition", "matter-edition", "版本").hidden().number(),
    Column::new("code", "matter-code", "事项编码").sorted().hidden().class("wide nowrap"),
];

/// A limit as people say it.
pub fn days(s: &Shell, n: i64) -> String {
    if n == 0 { s.t("limit-same-day").into_owned() } else { s.with("limit-working-days", "n", n) }
}

impl table::Row for Matter {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.title
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "title" => {
                let green = self.green.then(|| Piece::State(s.t("matter-green").into_owned(), false));
                let closed = self.closed_at.map(|_| Piece::State(s.t("matter-closed").into_owned(), true));
                Cell::from(Piece::Link(format!("/matters/{}", self.id), self.title.clone())).and(green).and(closed)
            }
            "level" => s.word("matter-level", self.level).into(),
            "promised" if self.instant => {
                Cell::from(days(s, self.promised_days)).beside(Some(Piece::Quiet(s.t("matter-instant").into_owned())))
            }
            "promised" => days(s, self.promised_days).into(),
            "statutory" => days(s, self.said().statutory_days).into(),
            "specialist" => {
                let stands_in = self.stands_in(&s.now).then(|| Piece::Quiet(s.t("matter-stands-in").into_owned()));
                Cell::from(self.acting_name(&s.now).cloned()).and(stands_in)
            }
            "deputy" => self.deputy_name.clone().into(),
            "department" => self.department_name.clone().into(),
            "kind" => s.word("matter-kind", self.kind).into(),
            // What others have at work is the office's affair.
            "open" if !s.in_office() => Cell::default(),
            "open" => Piece::Count(format!("/applications?matter={}", self.id), self.open).into(),
            "edition" => self.edition.into(),
            "code" => Piece::Fixed(self.code.clone()).into(),
            _ => Cell::default(),
        }
    }
}

#[derive(Template)]
#[template(path = "approval/matters.html")]
struct Index {
    s: Shell,
    page: Page<Matter>,
    table: Table,
    keeps: bool,
}

fn asked(cx: &Cx) -> (Filter, Form) {
    let query = Form::parse(cx.request.query.as_bytes());
    let show = query.value("show");
    let filter = Filter {
        open: Some(show != "closed"),
        green: show == "green",
        kind: query.opt("kind").and_then(MatterKind::parse),
        level: query.opt("level").and_then(Level::parse),
        person: cx.who.person_id.filter(|_| show == "mine"),
        q: query.opt_text("q"),
    };
    (filter, query)
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let (filter, query) = asked(&cx);
        let walk = Walk::read(KEYS, "code", query.opt("sort"), query.opt("cursor"), 20)?;
        let page = desk::matters(&cx.app, &cx.who, &filter, &walk).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "matters", &page.items);
        html(&Index { table, page, keeps: cx.who.is(KEEPERS), s })
    })
    .await
}

async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let (filter, query) = asked(&cx);
        let sort = query.opt_text("sort");
        let page = |cursor: Option<String>| {
            let (cx, filter, sort) = (&cx, &filter, &sort);
            async move {
                let walk = Walk::read(KEYS, "code", sort.as_deref(), cursor.as_deref(), MAX_LIMIT)?;
                desk::matters(&cx.app, &cx.who, filter, &walk).await
            }
        };
        table::exported::<Matter, _>(&cx, "事项清单", "matter", page).await
    })
    .await
}

// ---- the guide ----

#[derive(Template)]
#[template(path = "approval/matter.html")]
struct Show {
    s: Shell,
    matter: Matter,
    said: Content,
    phone: Option<String>,
    keeps: bool,
    /// Whether the reader may say that the specialist is absent.
    away: bool,
    applies: bool,
    form: Form,
    failed: String,
}

impl Show {
    fn days(&self, n: &i64) -> String {
        days(&self.s, *n)
    }
}

/// Who begins an application: enterprises, and the office for them.
const APPLICANTS: Roles = OFFICE.and(Roles::of(&[Role::Enterprise]));

async fn shown(cx: &Cx, id: Uuid, form: Form) -> Result<Show> {
    let matter = desk::matter(&cx.app, &cx.who, id).await?;
    let open = matter.closed_at.is_none();
    Ok(Show {
        phone: desk::phone(&cx.app, &cx.who, &matter).await?,
        said: matter.said(),
        keeps: open && cx.who.is(KEEPERS),
        away: open && cx.who.is(ACTORS) && desk::may_stand_in(&cx.who, &matter),
        applies: open && cx.who.is(APPLICANTS),
        failed: form.text("action"),
        form,
        s: Shell::of(cx).await?,
        matter,
    })
}

async fn show(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&shown(&cx, id_of(&id)?, Form::default()).await?) }).await
}

async fn act(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let act = match form.value("action") {
            "away" => MatterAct::Away { until: form.day("until") },
            "close" => MatterAct::Close { reason: form.text("reason") },
            _ => return Err(Error::NotFound),
        };
        if !form.failed() && made(desk::act(&cx.app, &cx.who, id, act).await, &mut form)?.is_some() {
            return Ok(go(&format!("/matters/{id}"), "flash-matter-saved"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, form).await?)
    })
    .await
}

// ---- the form of the dispatcher ----

/// Rows that are offered beyond those that are filled in.
const SPARE: usize = 3;

#[derive(Template)]
#[template(path = "approval/matter_form.html")]
struct FormPage {
    s: Shell,
    form: Form,
    /// The matter that gets another edition; none for a new one.
    of: Option<Matter>,
    departments: Vec<(Uuid, String)>,
    people: Vec<(Uuid, String)>,
    materials: Vec<usize>,
    questions: Vec<usize>,
    /// Where it leads without saving.
    back: String,
}

impl FormPage {
    async fn of(cx: &Cx, form: Form, of: Option<Matter>) -> Result<Self> {
        let (departments, people) = desk::choices(&cx.app, &cx.who).await?;
        let rows = |name: &str| {
            let typed = form.all(name).iter().rposition(|text| !text.trim().is_empty()).map_or(0, |last| last + 1);
            (0..(typed + SPARE).min(super::MOST)).collect()
        };
        let (materials, questions) = (rows("material"), rows("question"));
        let back = of.as_ref().map_or_else(|| "/matters".into(), |m| format!("/matters/{}", m.id));
        Ok(Self { s: Shell::of(cx).await?, form, of, departments, people, materials, questions, back })
    }

    fn action(&self) -> String {
        self.of.as_ref().map_or_else(|| "/matters/new".into(), |m| format!("/matters/{}/edit", m.id))
    }

    /// Words of a family with an empty one first, for rows that may stay empty.
    fn pairs(&self, family: &str, all: &[impl std::fmt::Display]) -> Vec<(String, String)> {
        let none = (String::new(), self.s.t("matter-row-none").into_owned());
        let rest = all.iter().map(|word| (word.to_string(), self.s.word(family, word).into_owned()));
        std::iter::once(none).chain(rest).collect()
    }

    fn sources(&self) -> Vec<(String, String)> {
        self.pairs("matter-source", Source::ALL)
    }

    fn needs(&self) -> Vec<(String, String)> {
        self.pairs("matter-need", Need::ALL)
    }

    fn asks(&self) -> Vec<(String, String)> {
        self.pairs("matter-asks", Asks::ALL)
    }

    fn knowns(&self) -> Vec<(String, String)> {
        self.pairs("fact", KNOWN)
    }

    fn must(&self) -> Vec<(String, String)> {
        ["no", "yes"].map(|word| (word.to_owned(), self.s.word("matter-must", word).into_owned())).into()
    }

    fn channels(&self) -> Vec<(Channel, String)> {
        Channel::ALL.iter().map(|word| (*word, self.s.word("touch-channel", word).into_owned())).collect()
    }
}

/// Facts of the register that answer a question.
pub const KNOWN: &[fact::Key] = &[
    fact::Key::Name,
    fact::Key::Uscc,
    fact::Key::Carrier,
    fact::Key::Industry,
    fact::Key::Headcount,
    fact::Key::Address,
    fact::Key::Contacts,
];

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut form = Form::filled([
            ("kind", MatterKind::Licence.word().to_owned()),
            ("level", Level::Full.word().to_owned()),
            ("statutory_days", "20".to_owned()),
            ("promised_days", "5".to_owned()),
            ("green", "on".to_owned()),
        ]);
        form.fill("channels", Channel::Web.word().to_owned());
        html(&FormPage::of(&cx, form, None).await?)
    })
    .await
}

/// A matter as its form shows it.
fn filled(m: &Matter) -> Form {
    let said = m.said();
    let mut all: Vec<(&str, String)> = vec![
        ("code", m.code.clone()),
        ("title", m.title.clone()),
        ("kind", m.kind.word().to_owned()),
        ("level", m.level.word().to_owned()),
        ("department_id", m.department_id.to_string()),
        ("owner_id", m.owner_id.to_string()),
        ("deputy_id", m.deputy_id.to_string()),
        ("basis", said.basis),
        ("conditions", said.conditions),
        ("statutory_days", said.statutory_days.to_string()),
        ("promised_days", said.promised_days.to_string()),
        ("fee", said.fee.unwrap_or_default()),
    ];
    all.extend(
        [("green", m.green), ("instant", m.instant)].into_iter().filter(|f| f.1).map(|f| (f.0, "on".to_owned())),
    );
    all.extend(said.channels.iter().map(|channel| ("channels", channel.word().to_owned())));
    for material in said.materials {
        all.push(("material", material.name));
        all.push(("material_source", material.source.word().to_owned()));
        all.push(("material_need", material.need.word().to_owned()));
        all.push(("material_days", material.days.map(|n| n.to_string()).unwrap_or_default()));
    }
    for question in said.questions {
        all.push(("question", question.label));
        all.push(("question_key", question.key));
        all.push(("question_asks", question.asks.word().to_owned()));
        all.push(("question_must", if question.required { "yes" } else { "no" }.to_owned()));
        all.push(("question_options", question.options.join("、")));
        all.push(("question_known", question.known.map(|key| key.word().to_owned()).unwrap_or_default()));
    }
    Form::of_pairs(all.into_iter().map(|(name, value)| (name.to_owned(), value)))
}

async fn edit_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let m = desk::matter(&cx.app, &cx.who, id_of(&id)?).await?;
        html(&FormPage::of(&cx, filled(&m), Some(m)).await?)
    })
    .await
}

fn materials(form: &mut Form) -> Vec<Material> {
    let mut all = Vec::new();
    for (n, name) in form.all("material").to_vec().into_iter().enumerate() {
        if name.trim().is_empty() {
            continue;
        }
        let days = form.nth("material_days", &n).trim().to_owned();
        let read: Option<i64> = days.parse().ok();
        if !days.is_empty() && read.is_none() {
            form.add(FieldError::new("materials", "matter_days"));
        }
        all.push(Material {
            name,
            source: Source::parse(form.nth("material_source", &n)).unwrap_or(Source::Own),
            need: Need::parse(form.nth("material_need", &n)).unwrap_or(Need::Required),
            days: read,
        });
    }
    all
}

fn questions(form: &Form) -> Vec<Question> {
    let mut all: Vec<Question> = Vec::new();
    for (n, label) in form.all("question").iter().enumerate() {
        if label.trim().is_empty() {
            continue;
        }
        let known = fact::Key::parse(form.nth("question_known", &n));
        let mut key = form.nth("question_key", &n).trim().to_owned();
        if key.is_empty() {
            // A key of its own that no other question of the matter has.
            let taken = |key: &str| all.iter().any(|q| q.key == key) || form.is("question_key", key);
            key = (1..=super::MOST * 2).map(|i| format!("q{i}")).find(|key| !taken(key)).unwrap_or_default();
        }
        let options = form.nth("question_options", &n).split(['、', '，', ',', '\n']);
        all.push(Question {
            key,
            label: label.clone(),
            asks: Asks::parse(form.nth("question_asks", &n)).unwrap_or(Asks::Text),
            required: form.nth("question_must", &n) == "yes",
            options: options.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect(),
            known,
        });
    }
    all
}

fn read(form: &mut Form) -> NewMatter {
    let (statutory, promised) = (form.number("statutory_days"), form.number("promised_days"));
    NewMatter {
        id: None,
        code: form.text("code"),
        title: form.text("title"),
        kind: form.word("kind", MatterKind::parse).unwrap_or(MatterKind::Other),
        level: form.word("level", Level::parse).unwrap_or(Level::Full),
        green: form.on("green"),
        instant: form.on("instant"),
        department_id: form.id("department_id"),
        owner_id: form.id("owner_id"),
        deputy_id: form.id("deputy_id"),
        content: Content {
            basis: form.text("basis"),
            conditions: form.text("conditions"),
            materials: materials(form),
            questions: questions(form),
            statutory_days: statutory.unwrap_or_default(),
            promised_days: promised.unwrap_or(-1),
            fee: form.opt_text("fee"),
            channels: form.all("channels").iter().filter_map(|word| Channel::parse(word)).collect(),
        },
    }
}

async fn new(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let new = read(&mut form);
        if !form.failed()
            && let Some(id) = made(desk::make(&cx.app, &cx.who, new).await, &mut form)?
        {
            return Ok(go(&format!("/matters/{id}"), "flash-matter-saved"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &FormPage::of(&cx, form, None).await?)
    })
    .await
}

async fn edit(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let act = MatterAct::Revise { matter: Box::new(read(&mut form)) };
        if !form.failed() && made(desk::act(&cx.app, &cx.who, id, act).await, &mut form)?.is_some() {
            return Ok(go(&format!("/matters/{id}"), "flash-matter-saved"));
        }
        let m = desk::matter(&cx.app, &cx.who, id).await?;
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &FormPage::of(&cx, form, Some(m)).await?)
    })
    .await
}
