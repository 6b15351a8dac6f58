use super::desk::{self, ACTORS, CausesQuery, KEEPERS, READERS, Record};
use super::{Act, Answer, Cause, Cluster, Cry, NewCause};
use crate::appeal::policy::Category;
use crate::appeal::rows::category_name;
use crate::appeal::{ResultKind, WentOn, desk as appeals, store};
use crate::error::{Error, FieldError, Result};
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Rows of a list: a screen without scrolling.
const ROWS: i64 = 20;

pub fn routes(routes: &mut Routes) {
    let (readers, keepers) = (Access::only(READERS), Access::only(KEEPERS));
    routes
        .get("/causes", readers, index)
        .get("/causes/new", keepers, new_page)
        .post("/causes/new", keepers, new)
        .get("/causes/{id}", readers, show)
        .post("/causes/{id}", Access::only(ACTORS), act);
}

/// A choice: value and text.
type Choice = (String, String);

// ---- the list ---------------------------------------------------------------------

/// Appeals that may have one cause, as the page sets them.
struct Proposal {
    title: String,
    category: String,
    reasons: String,
    subjects: usize,
    members: Vec<Cry>,
    /// The form with these appeals chosen.
    href: String,
}

#[derive(Template)]
#[template(path = "appeal/causes.html")]
struct Index {
    s: Shell,
    page: Page<Cause>,
    proposals: Vec<Proposal>,
    categories: Vec<Category>,
    keeps: bool,
}

impl Index {
    fn category(&self, key: &str) -> String {
        category_name(self.s.lang, &self.categories, key)
    }
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let asked = CausesQuery {
            limit: Some(ROWS),
            cursor: query.opt_text("cursor"),
            sort: query.opt_text("sort"),
            closed: match query.value("closed") {
                "true" => Some(true),
                "all" => None,
                // Who looks for a word looks everywhere.
                "" if query.opt("q").is_some() => None,
                _ => Some(false),
            },
            department_id: None,
            q: query.opt_text("q"),
        };
        let page = desk::list(&cx.app, &cx.who, &asked).await?;
        let categories = store::categories(&mut cx.read().await?, cx.who.zone_id).await?;
        let s = Shell::of(&cx).await?;
        let keeps = cx.who.is(KEEPERS);
        let proposals = match keeps && asked.cursor.is_none() {
            true => {
                let (cries, found) = desk::proposals(&cx.app, &cx.who).await?;
                found.into_iter().map(|cluster| proposal(&s, &categories, &cries, cluster)).collect()
            }
            false => Vec::new(),
        };
        html(&Index { s, page, proposals, categories, keeps })
    })
    .await
}

fn proposal(s: &Shell, categories: &[Category], cries: &[Cry], cluster: Cluster) -> Proposal {
    let members: Vec<Cry> = cluster.members.iter().map(|i| cries[*i].clone()).collect();
    let reasons: Vec<_> = cluster.reasons.iter().map(|reason| s.word("cause-reason", reason)).collect();
    let chosen: Vec<String> = members.iter().map(|cry| format!("appeals={}", cry.id)).collect();
    Proposal {
        title: members.first().map(|cry| cry.title.clone()).unwrap_or_default(),
        category: members.first().map(|cry| category_name(s.lang, categories, &cry.category)).unwrap_or_default(),
        reasons: reasons.join(&s.t("comma")),
        subjects: cluster.subjects,
        href: format!("/causes/new?{}", chosen.join("&")),
        members,
    }
}

// ---- a new one --------------------------------------------------------------------

#[derive(Template)]
#[template(path = "appeal/cause_new.html")]
struct New {
    s: Shell,
    form: Form,
    candidates: Vec<Choice>,
    categories: Vec<Choice>,
    departments: Vec<Choice>,
}

async fn new_shown(cx: &Cx, form: Option<Form>) -> Result<New> {
    let mut tx = cx.read().await?;
    let query = Form::parse(cx.request.query.as_bytes());
    let asked = form.as_ref().unwrap_or(&query);
    let chosen: Vec<Uuid> = asked.all("appeals").iter().filter_map(|id| Uuid::parse_str(id).ok()).collect();
    let candidates = desk::candidates(&mut tx, &cx.who, &chosen, asked.opt("category")).await?;
    let all = store::categories(&mut tx, cx.who.zone_id).await?;
    let departments = own_departments(&appeals::departments(&mut tx, cx.who.zone_id).await?);
    drop(tx);
    let form = form.unwrap_or_else(|| {
        let first = candidates.iter().find(|cry| chosen.contains(&cry.id));
        let category = first.map(|cry| cry.category.clone()).unwrap_or_default();
        let routed = all.iter().find(|c| c.key == category).and_then(|c| c.lead_department_id);
        let mut values = vec![
            ("title", first.map(|cry| cry.title.clone()).unwrap_or_default()),
            ("category", category),
            ("department_id", routed.map(|id| id.to_string()).unwrap_or_default()),
        ];
        values.extend(chosen.iter().map(|id| ("appeals", id.to_string())));
        Form::filled(values)
    });
    let categories = all
        .iter()
        .filter(|category| !category.retired)
        .map(|category| (category.key.clone(), category_name(cx.lang, &all, &category.key)))
        .collect();
    Ok(New { s: Shell::of(cx).await?, form, candidates: choices(&candidates), categories, departments })
}

/// Appeals to choose from: number, whose it is, title.
fn choices(cries: &[Cry]) -> Vec<Choice> {
    cries.iter().map(|cry| (cry.id.to_string(), format!("{} {} {}", cry.number, cry.subject, cry.title))).collect()
}

fn own_departments(all: &[crate::organisation::Department]) -> Vec<Choice> {
    all.iter().filter(|d| d.kind.is_own()).map(|d| (d.id.to_string(), d.short_name.clone())).collect()
}

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&new_shown(&cx, None).await?) }).await
}

async fn new(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let new = NewCause {
            id: None,
            title: form.text("title"),
            body: form.text("body"),
            category: form.text("category"),
            department_id: form.id("department_id"),
            appeals: form.ids("appeals"),
        };
        if !form.failed()
            && let Some(id) = made(desk::open(&cx.app, &cx.who, new).await, &mut form)?
        {
            return Ok(go(&format!("/causes/{id}"), "flash-cause-opened"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &new_shown(&cx, Some(form)).await?)
    })
    .await
}

// ---- one of them ------------------------------------------------------------------

#[derive(Template)]
#[template(path = "appeal/cause.html")]
struct Show {
    s: Shell,
    r: Record,
    category: String,
    possible: BTreeMap<&'static str, bool>,
    /// What was typed, by action.
    forms: BTreeMap<String, Form>,
    empty: Form,
    candidates: Vec<Choice>,
    /// Departments that it can be passed to.
    departments: Vec<Choice>,
    results: Vec<Choice>,
    went_on: &'static [WentOn],
    yes_no: Vec<Choice>,
}

impl Show {
    fn can(&self, action: &str) -> bool {
        self.possible.get(action).copied().unwrap_or_default()
    }

    /// Whether something can be done at all, beside taking an appeal out.
    fn can_act(&self) -> bool {
        self.possible.iter().any(|(action, can)| *can && *action != "leave")
    }

    fn form(&self, action: &str) -> &Form {
        self.forms.get(action).unwrap_or(&self.empty)
    }

    /// What tells the fields of one appeal's form from those of another's.
    fn pre(&self, id: &Uuid) -> String {
        format!("-{}", id.simple())
    }

    /// Whether the form of an action comes back with what is wrong.
    fn open(&self, action: &str) -> bool {
        self.forms.contains_key(action)
    }
}

async fn shown(cx: &Cx, id: Uuid, forms: BTreeMap<String, Form>) -> Result<Show> {
    let r = desk::cause(&cx.app, &cx.who, id).await?;
    let possible = desk::possible(&cx.who, &r);
    let mut tx = cx.read().await?;
    let categories = store::categories(&mut tx, cx.who.zone_id).await?;
    let candidates = match possible.get("join") {
        Some(true) => choices(&desk::candidates(&mut tx, &cx.who, &[], Some(&r.cause.category)).await?),
        _ => Vec::new(),
    };
    let mut departments = own_departments(&appeals::departments(&mut tx, cx.who.zone_id).await?);
    departments.retain(|(id, _)| *id != r.cause.department_id.to_string());
    drop(tx);
    let s = Shell::of(cx).await?;
    let results = ResultKind::ALL
        .iter()
        .filter(|result| result.can_be_answered())
        .map(|result| (result.word().to_owned(), s.word("result", result).into_owned()))
        .collect();
    let choice = |value: &str, text: &str| (value.to_owned(), s.t(text).into_owned());
    let yes_no = vec![choice("yes", "review-ok"), choice("no", "review-back")];
    let category = category_name(cx.lang, &categories, &r.cause.category);
    let went_on = WentOn::ALL;
    let empty = Form::default();
    Ok(Show { s, r, category, possible, forms, empty, candidates, departments, results, went_on, yes_no })
}

async fn show(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&shown(&cx, id_of(&id)?, BTreeMap::new()).await?) }).await
}

async fn act(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let action = form.text("action");
        let act = read(&mut form, &action)?;
        if let (false, Some(act)) = (form.failed(), act)
            && made(desk::act(&cx.app, &cx.who, id, act).await, &mut form)?.is_some()
        {
            return Ok(go(&format!("/causes/{id}"), "flash-cause-done"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, BTreeMap::from([(action, form)])).await?)
    })
    .await
}

/// What a form asks for; none where something that it needs is missing.
fn read(form: &mut Form, action: &str) -> Result<Option<Act>> {
    Ok(Some(match action {
        "join" => Act::Join { appeals: form.ids("appeals") },
        "leave" => {
            let appeal_id = form.id("appeal_id");
            let appeal_id = form.need("appeal_id", appeal_id);
            Act::Leave { appeal_id, reason: form.text("reason") }
        }
        "pass" => {
            let department_id = form.id("department_id");
            let department_id = form.need("department_id", department_id);
            Act::Pass { department_id, reason: form.text("reason") }
        }
        "note" => Act::Note { text: form.text("text"), tell: form.on("tell") },
        "answer" => Act::Answer(Answer {
            result: form.word("result", ResultKind::parse),
            text: form.text("text"),
            production_continued: form.word("production_continued", WentOn::parse),
            basis: form.opt_text("basis"),
            right_channel: form.opt_text("right_channel"),
            review_on: form.day("review_on"),
        }),
        "repeat" => Act::Repeat {},
        "review" => match form.value("ok") {
            "yes" => Act::Review { ok: true, reason: form.opt_text("reason") },
            "no" => Act::Review { ok: false, reason: form.opt_text("reason") },
            _ => {
                form.add(FieldError::new("ok", "required"));
                return Ok(None);
            }
        },
        "close" => Act::Close { lesson: form.opt_text("lesson") },
        _ => return Err(Error::NotFound),
    }))
}
