use super::desk::{self, KEEPERS, LIBRARY, LibraryQuery, READERS, Sight};
use super::{Act, Bearer, Ended, Kept, Move, Remedy, RemedyAct, SolutionDraft, WentOnCount};
use crate::actor::OFFICE;
use crate::appeal::policy::Category;
use crate::appeal::rows::category_name;
use crate::appeal::{desk as appeals, pages as appeal_pages};
use crate::error::{Error, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::part::Html;
use crate::http::routes::{Access, Routes};
use crate::http::table::{self, Cell, Piece, Table};
use crate::list::Column;
use askama::Template;
use askama::filters::HtmlSafeOutput;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let library = Access::only(LIBRARY);
    routes
        .post("/appeals/{id}/solutions", Access::only(READERS), act)
        .get("/solutions", library, index)
        .get("/solutions/export", library, export)
        .get("/solutions/{id}", library, show)
        .post("/solutions/{id}", Access::only(KEEPERS), change);
}

/// A choice: value and text.
type Choice = (String, String);

// ---- on the page of an appeal ------------------------------------------------------

/// The solutions of an appeal as its page sets them.
pub(in crate::appeal) struct Section {
    appeal: Uuid,
    sight: Sight,
    office: bool,
    /// The form that came back, what it was for and which solution.
    failed: Option<(Move, Uuid, Form)>,
    /// The form of a new one.
    proposal: Form,
}

impl Section {
    /// For whoever may see solutions; empty for all others. `failed` is a form of the page
    /// that was refused, and the action that it was for.
    pub async fn of(cx: &Cx, appeal: Uuid, failed: Option<(&str, &Form)>) -> Result<Self> {
        let sight = match cx.who.is(READERS) {
            true => desk::of_appeal(&cx.app, &cx.who, appeal).await?,
            false => Sight::default(),
        };
        let moved = failed.and_then(|(action, form)| {
            let id = Uuid::parse_str(form.value("solution_id")).ok()?;
            Some((Move::parse(action)?, id, form.clone()))
        });
        let proposal = failed.filter(|(action, _)| *action == "propose").map(|(_, form)| form.clone());
        Ok(Self { appeal, sight, office: cx.who.is(OFFICE), failed: moved, proposal: proposal.unwrap_or_default() })
    }

    /// The section, or nothing where there is nothing to see or do.
    pub fn draw<'a>(&'a self, s: &'a Shell) -> Html<Drawn<'a>> {
        let rows = self.sight.all.iter().map(|(x, can)| Shown {
            x,
            forms: [Move::Choose, Move::Drop, Move::Keep]
                .into_iter()
                .filter(|does| can.contains(does))
                .map(|does| self.form(does, x))
                .collect(),
            buttons: can
                .iter()
                .copied()
                .filter(|does| !matches!(does, Move::Choose | Move::Drop | Move::Keep))
                .collect(),
        });
        HtmlSafeOutput(Drawn { s, section: self, rows: rows.collect(), bearers: Bearer::ALL })
    }

    fn form(&self, does: Move, x: &super::Solution) -> MoveForm {
        let back = self.failed.as_ref().filter(|(failed, id, _)| *failed == does && *id == x.id);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let form = match back {
            Some((.., form)) => form.clone(),
            None if does == Move::Keep => Form::filled([
                ("method", x.method.clone()),
                ("measures", x.measures.clone()),
                ("pros", text(&x.pros)),
                ("limits", text(&x.limits)),
                ("basis", text(&x.basis)),
            ]),
            None => Form::default(),
        };
        MoveForm { does, open: back.is_some(), form, pre: format!("-{does}-{}", x.id.simple()) }
    }

    fn is_empty(&self) -> bool {
        self.sight.all.is_empty() && !self.sight.proposes
    }
}

/// A form that moves a solution.
struct MoveForm {
    does: Move,
    open: bool,
    form: Form,
    pre: String,
}

impl MoveForm {
    fn keeps(&self) -> bool {
        self.does == Move::Keep
    }
}

/// A solution with what can be done about it.
struct Shown<'a> {
    x: &'a super::Solution,
    forms: Vec<MoveForm>,
    buttons: Vec<Move>,
}

/// The section, drawn.
#[derive(Template)]
#[template(path = "solution/section.html")]
pub(in crate::appeal) struct Drawn<'a> {
    s: &'a Shell,
    section: &'a Section,
    rows: Vec<Shown<'a>>,
    bearers: &'static [Bearer],
}

/// What a form asks for; none where something that it needs is missing.
fn read(form: &mut Form) -> Result<Option<Act>> {
    let action = form.text("action");
    Ok(Some(match action.as_str() {
        "propose" => match draft(form) {
            Some(draft) => Act::Propose(draft),
            None => return Ok(None),
        },
        "adopt" => {
            let id = form.id("remedy_id");
            Act::Adopt { remedy_id: form.need("remedy_id", id) }
        }
        other => {
            let id = form.id("solution_id");
            let solution_id = form.need("solution_id", id);
            match Move::parse(other).ok_or(Error::NotFound)? {
                Move::Offer => Act::Offer { solution_id },
                Move::Prefer => Act::Prefer { solution_id },
                Move::Choose => Act::Choose { solution_id, reason: form.text("reason") },
                Move::Drop => Act::Drop { solution_id, reason: form.text("reason") },
                Move::Again => Act::Again { solution_id },
                Move::PassOver => Act::PassOver { solution_id },
                Move::Keep => Act::Keep(Kept {
                    solution_id,
                    method: form.text("method"),
                    measures: form.text("measures"),
                    pros: form.opt_text("pros"),
                    limits: form.opt_text("limits"),
                    basis: form.opt_text("basis"),
                }),
            }
        }
    }))
}

fn draft(form: &mut Form) -> Option<SolutionDraft> {
    let bearer = form.word("bearer", Bearer::parse);
    if bearer.is_none() {
        form.need::<String>("bearer", None);
    }
    Some(SolutionDraft {
        method: form.text("method"),
        measures: form.text("measures"),
        bearer: bearer?,
        pros: form.opt_text("pros"),
        limits: form.opt_text("limits"),
        basis: form.opt_text("basis"),
    })
}

async fn act(headers: HeaderMap, Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let act = read(&mut form)?;
        let done = match act {
            Some(act) if !form.failed() => desk::act(&cx.app, &cx.who, id, act).await,
            _ => Err(Error::Invalid(Vec::new())),
        };
        match done {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go(&format!("/appeals/{id}#solutions"), "flash-solution-done")),
            Err(error) => appeal_pages::refused(&cx, id, form, error, &headers).await,
        }
    })
    .await
}

// ---- the library ---------------------------------------------------------------------

/// An entry with the name of its category.
struct Entry {
    remedy: Remedy,
    category: String,
}

/// The columns of the library.
const COLUMNS: &[Column] = &[
    Column::new("method", "field-method", "办法"),
    Column::new("category", "field-category", "问题类别").plain(),
    Column::new("bearer", "field-bearer", "由谁承担"),
    Column::new("used", "solution-used", "选用").number().sorted(),
    Column::new("solved", "solution-solved", "已解决").number().sorted(),
    Column::new("unsolved", "solution-unsolved", "未解决").number(),
    Column::new("at_work", "solution-at-work", "办理中").number(),
    Column::new("kept", "solution-kept-at", "入库日期").sorted().class("wide nowrap"),
    Column::new("state", "field-status", "状态").hidden(),
    Column::new("number", "field-number", "编号").hidden().class("nowrap"),
    Column::new("measures", "field-measures", "具体措施").hidden().class("wide"),
    Column::new("pros", "field-pros", "好处").hidden().class("wide"),
    Column::new("limits", "field-limits", "局限").hidden().class("wide"),
    Column::new("basis", "solution-basis", "依据").hidden().class("wide"),
];

/// The list that a number of an entry counts.
fn list_of(id: Uuid, end: Option<Ended>) -> String {
    match end {
        None => format!("/appeals?view=all&remedy={id}"),
        Some(end) => format!("/appeals?view=all&remedy={id}&ended={end}"),
    }
}

impl table::Row for Entry {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn id(&self) -> Uuid {
        self.remedy.id
    }

    fn name(&self) -> &str {
        &self.remedy.method
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        let r = &self.remedy;
        let count = |end, n: i64| if n == 0 { Cell::from(n) } else { Piece::Count(list_of(r.id, end), n).into() };
        match column {
            "method" => Piece::Link(format!("/solutions/{}", r.id), r.method.clone()).into(),
            "category" => self.category.clone().into(),
            "bearer" => s.word("bearer", r.bearer).into(),
            "used" => count(None, r.used),
            "solved" => count(Some(Ended::Solved), r.solved),
            "unsolved" => count(Some(Ended::Unsolved), r.unsolved),
            "at_work" => count(Some(Ended::AtWork), r.at_work),
            "kept" => s.date(&r.kept_at).into(),
            "state" => state(s, r).into(),
            "number" => r.number.clone().into(),
            "measures" => r.measures.clone().into(),
            "pros" => r.pros.clone().into(),
            "limits" => r.limits.clone().into(),
            "basis" => r.basis.clone().into(),
            _ => Cell::default(),
        }
    }
}

fn state(s: &Shell, remedy: &Remedy) -> Piece {
    let retired = remedy.retired_at.is_some();
    Piece::State(s.t(if retired { "solution-retired" } else { "solution-in-use" }).into_owned(), retired)
}

#[derive(Template)]
#[template(path = "solution/library.html")]
struct Library {
    s: Shell,
    page: Page<Remedy>,
    table: Table,
    categories: Vec<Choice>,
    /// Appeals whose solution waits to be kept or left out.
    to_keep: Vec<(Uuid, String, String, String)>,
    went_on: Vec<WentOnCount>,
}

/// What the query of the page asks.
fn asked(cx: &Cx, limit: i64) -> LibraryQuery {
    let query = Form::parse(cx.request.query.as_bytes());
    LibraryQuery {
        limit: Some(limit),
        cursor: query.opt_text("cursor"),
        sort: query.opt_text("sort"),
        category: query.opt_text("category"),
        retired: match query.value("show") {
            "retired" => Some(true),
            "all" => None,
            _ => Some(false),
        },
        q: query.opt_text("q"),
    }
}

async fn categories_of(cx: &Cx) -> Result<Vec<Category>> {
    appeals::categories(&mut cx.read().await?, cx.who.zone_id).await
}

fn entries(cx: &Cx, categories: &[Category], page: Page<Remedy>) -> Page<Entry> {
    page.map(|remedy| Entry { category: category_name(cx.lang, categories, &remedy.category), remedy })
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let page = desk::library(&cx.app, &cx.who, &asked(&cx, 20)).await?;
        let categories = categories_of(&cx).await?;
        let rows = entries(&cx, &categories, page.clone()).items;
        let s = Shell::of(&cx).await?;
        html(&Library {
            table: Table::of(&s, "solutions", &rows),
            page,
            categories: categories
                .iter()
                .map(|c| (c.key.clone(), category_name(cx.lang, &categories, &c.key)))
                .collect(),
            to_keep: desk::to_keep(&cx.app, &cx.who).await?,
            went_on: desk::went_on(&cx.app, &cx.who).await?,
            s,
        })
    })
    .await
}

/// What the page shows, as a file.
async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let categories = categories_of(&cx).await?;
        let page = |cursor: Option<String>| {
            let (cx, categories) = (&cx, &categories);
            async move {
                let query = LibraryQuery { cursor, ..asked(cx, MAX_LIMIT) };
                Ok(entries(cx, categories, desk::library(&cx.app, &cx.who, &query).await?))
            }
        };
        table::exported::<Entry, _>(&cx, "方案库", "remedy", page).await
    })
    .await
}

#[derive(Template)]
#[template(path = "solution/remedy.html")]
struct RemedyPage {
    s: Shell,
    r: Remedy,
    category: String,
    /// What each number counts: label, how many, its list.
    counts: Vec<(&'static str, i64, String)>,
    keeps: bool,
    /// What was typed, and the action that it was for.
    form: Form,
    retire: Form,
    failed: String,
    bearers: &'static [Bearer],
}

async fn shown(cx: &Cx, id: Uuid, failed: Option<(String, Form)>) -> Result<RemedyPage> {
    let r = desk::remedy(&cx.app, &cx.who, id).await?;
    let categories = categories_of(cx).await?;
    let (failed, typed) = failed.unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let known = Form::filled([
        ("method", r.method.clone()),
        ("measures", r.measures.clone()),
        ("bearer", r.bearer.to_string()),
        ("pros", text(&r.pros)),
        ("limits", text(&r.limits)),
        ("basis", text(&r.basis)),
    ]);
    let (form, retire) = match failed.as_str() {
        "change" => (typed, Form::default()),
        _ => (known, typed),
    };
    Ok(RemedyPage {
        s: Shell::of(cx).await?,
        category: category_name(cx.lang, &categories, &r.category),
        counts: vec![
            ("solution-used", r.used, list_of(id, None)),
            ("solution-solved", r.solved, list_of(id, Some(Ended::Solved))),
            ("solution-unsolved", r.unsolved, list_of(id, Some(Ended::Unsolved))),
            ("solution-at-work", r.at_work, list_of(id, Some(Ended::AtWork))),
        ],
        keeps: cx.who.is(KEEPERS),
        form,
        retire,
        failed,
        bearers: Bearer::ALL,
        r,
    })
}

async fn show(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&shown(&cx, id_of(&id)?, None).await?) }).await
}

async fn change(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let action = form.text("action");
        let act = match action.as_str() {
            "change" => draft(&mut form).map(RemedyAct::Change),
            "retire" => Some(RemedyAct::Retire { reason: form.text("reason") }),
            "restore" => Some(RemedyAct::Restore {}),
            _ => return Err(Error::NotFound),
        };
        if let (false, Some(act)) = (form.failed(), act)
            && made(desk::change(&cx.app, &cx.who, id, act).await, &mut form)?.is_some()
        {
            return Ok(go(&format!("/solutions/{id}"), "flash-solution-done"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, Some((action, form))).await?)
    })
    .await
}
