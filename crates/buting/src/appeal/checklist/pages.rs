use super::desk::{self, NewList, Set, Ticking};
use super::{ACTIONS, CheckStanding, Need, Tick};
use crate::appeal::rows::category_name;
use crate::appeal::{Action, desk as appeals, pages as appeal_pages};
use crate::error::{Error, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::part::Html;
use crate::http::routes::{Access, Routes};
use crate::settings::desk::{KEEPERS, READERS as SETTINGS};
use crate::settings::pages::TABS;
use askama::Template;
use askama::filters::HtmlSafeOutput;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    routes
        .post("/appeals/{id}/checks", Access::only(desk::READERS), tick)
        .get("/settings/checklists", Access::only(SETTINGS), index)
        .post("/settings/checklists", Access::only(KEEPERS), set);
}

/// A choice: value and text.
type Choice = (String, String);

// ---- on the page of an appeal ------------------------------------------------------

/// The checklists of an appeal, drawn.
#[derive(Template)]
#[template(path = "checklist/section.html")]
pub(in crate::appeal) struct Drawn<'a> {
    s: &'a Shell,
    appeal: Uuid,
    lists: &'a [CheckStanding],
    may: bool,
}

/// The checklists of an appeal as its page sets them; `may` says that the reader ticks.
pub(in crate::appeal) fn draw<'a>(
    s: &'a Shell,
    appeal: &Uuid,
    lists: &'a [CheckStanding],
    may: &bool,
) -> Html<Drawn<'a>> {
    HtmlSafeOutput(Drawn { s, appeal: *appeal, lists, may: *may })
}

async fn tick(headers: HeaderMap, Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let item = form.number("item");
        let item = form.need("item", item);
        let ticking = Ticking { list: form.text("list"), item, state: form.word("state", Tick::parse) };
        let done = match form.failed() {
            true => Err(Error::Invalid(Vec::new())),
            false => desk::tick(&cx.app, &cx.who, id, ticking).await,
        };
        match done {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go(&format!("/appeals/{id}#checks"), "flash-checked")),
            Err(error) => appeal_pages::refused(&cx, id, form, error, &headers).await,
        }
    })
    .await
}

// ---- settings ------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "checklist/settings.html")]
struct Index {
    s: Shell,
    tabs: &'static [(&'static str, &'static str)],
    /// The lists with the names of their categories.
    lists: Vec<(Set, String)>,
    form: Form,
    version: i64,
    actions: Vec<Choice>,
    categories: Vec<Choice>,
    can_keep: bool,
}

async fn shown(cx: &Cx, form: Option<Form>) -> Result<Index> {
    let query = Form::parse(cx.request.query.as_bytes());
    let mut tx = cx.read().await?;
    let known = appeals::categories(&mut tx, cx.who.zone_id).await?;
    let lists = desk::lists(&mut tx, &cx.who).await?;
    let mut asked = form.clone().unwrap_or(query);
    let (category, action) = (asked.opt_text("category"), asked.word("action", Action::parse));
    let (list, version) = match action {
        Some(action) => desk::list_of(&mut tx, &cx.who, category.as_deref(), action).await?,
        None => Default::default(),
    };
    drop(tx);
    let s = Shell::of(cx).await?;
    let version = form.as_ref().and_then(|form| form.opt("version")?.parse().ok()).unwrap_or(version);
    let form = form.unwrap_or_else(|| {
        Form::filled([
            ("category", category.unwrap_or_default()),
            ("action", action.map(|action| action.word().to_owned()).unwrap_or_default()),
            ("required", list.lines(Need::Required)),
            ("if_applicable", list.lines(Need::IfApplicable)),
        ])
    });
    let name = |set: Set| {
        let name = match &set.category {
            Some(key) => category_name(cx.lang, &known, key),
            None => s.t("check-all-categories").into_owned(),
        };
        (set, name)
    };
    Ok(Index {
        tabs: TABS,
        lists: lists.into_iter().map(name).collect(),
        form,
        version,
        actions: ACTIONS.iter().map(|a| (a.word().to_owned(), s.word("appeal-action", a).into_owned())).collect(),
        categories: known.iter().map(|c| (c.key.clone(), category_name(cx.lang, &known, &c.key))).collect(),
        can_keep: cx.who.is(KEEPERS),
        s,
    })
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&shown(&cx, None).await?) }).await
}

async fn set(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let action = form.word("action", Action::parse);
        if action.is_none() {
            form.need::<String>("action", None);
        }
        if let (Some(action), false) = (action, form.failed()) {
            let new = NewList {
                category: form.opt_text("category"),
                action,
                required: form.text("required"),
                if_applicable: form.text("if_applicable"),
            };
            // The version belongs to the list that the form was opened with.
            let mut who = cx.who.clone();
            if !form.is("of", &super::key_of(new.category.as_deref(), action)) {
                who.seen_version = None;
            }
            match desk::set(&cx.app, &who, new).await {
                Ok(_) | Err(Error::Replayed(_)) => return Ok(go("/settings/checklists", "flash-settings-kept")),
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, Some(form)).await?)
    })
    .await
}

impl Index {
    /// The list that the form was opened with, to which its version belongs.
    fn of(&self) -> String {
        match self.form.opt("of") {
            Some(of) => of.to_owned(),
            None => {
                let action = Action::parse(self.form.value("action"));
                action.map(|action| super::key_of(self.form.opt("category"), action)).unwrap_or_default()
            }
        }
    }

    /// The address that opens a list in the form.
    fn edit(&self, set: &Set) -> String {
        format!(
            "/settings/checklists?category={}&action={}#edit",
            set.category.as_deref().unwrap_or_default(),
            set.action
        )
    }

    /// Items of one need.
    fn count(&self, set: &Set, need: &str) -> usize {
        set.list.items.iter().filter(|item| item.need.word() == need).count()
    }
}
