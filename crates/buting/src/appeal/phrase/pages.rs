use super::desk::{self, READERS};
use super::{Draft, PLACEHOLDERS, Phrase, field_of};
use crate::actor::OFFICE;
use crate::appeal::rows::category_name;
use crate::appeal::{Action, desk as appeals};
use crate::error::{Error, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::settings::desk::{KEEPERS, READERS as SETTINGS};
use crate::settings::pages::TABS;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    routes.get("/phrases", readers, index).post("/phrases", readers, put).post("/phrases/{id}/retire", readers, retire);
}

/// A choice: value and text.
type Choice = (String, String);

/// A text module as the page lists it.
struct Row {
    phrase: Phrase,
    action: String,
    category: String,
    can: bool,
}

#[derive(Template)]
#[template(path = "phrase/phrases.html")]
struct Index {
    s: Shell,
    /// The pages of settings, for who sees them.
    tabs: &'static [(&'static str, &'static str)],
    rows: Vec<Row>,
    form: Form,
    /// The one that is changed; a new one otherwise.
    changed: Option<(Uuid, i64)>,
    actions: Vec<Choice>,
    categories: Vec<Choice>,
    /// Whose a new one is: own, the zone's, or a choice.
    kinds: Vec<Choice>,
    placeholders: String,
}

async fn shown(cx: &Cx, form: Option<Form>) -> Result<Index> {
    let query = Form::parse(cx.request.query.as_bytes());
    let mut tx = cx.read().await?;
    let all = desk::list(&mut tx, &cx.who).await?;
    let known = appeals::categories(&mut tx, cx.who.zone_id).await?;
    drop(tx);
    let s = Shell::of(cx).await?;
    let asked = form.as_ref().unwrap_or(&query).opt("id").and_then(|id| Uuid::parse_str(id).ok());
    let changed = asked.and_then(|id| all.iter().find(|h| h.id == id && desk::may_change(&cx.who, h))).cloned();
    let form = form.unwrap_or_else(|| match &changed {
        None => Form::filled([("own", if cx.who.is(OFFICE) { "true" } else { "false" }.to_owned())]),
        Some(h) => Form::filled([
            ("heading", h.heading.clone()),
            ("text", h.text.clone()),
            ("action", h.action.map(|action| action.word().to_owned()).unwrap_or_default()),
            ("category", h.category.clone().unwrap_or_default()),
        ]),
    });
    let rows = all
        .into_iter()
        .map(|phrase| Row {
            action: phrase.action.map_or_else(|| s.t("all"), |action| s.word("appeal-action", action)).into_owned(),
            category: match &phrase.category {
                Some(key) => category_name(cx.lang, &known, key),
                None => s.t("all").into_owned(),
            },
            can: desk::may_change(&cx.who, &phrase),
            phrase,
        })
        .collect();
    let actions = Action::ALL
        .iter()
        .filter(|action| field_of(**action).is_some())
        .map(|action| (action.word().to_owned(), s.word("appeal-action", action).into_owned()))
        .collect();
    let mut kinds = Vec::new();
    if cx.who.is(OFFICE) {
        kinds.push(("true".to_owned(), s.t("phrase-own").into_owned()));
    }
    if cx.who.is(KEEPERS) {
        kinds.push(("false".to_owned(), s.t("phrase-zone").into_owned()));
    }
    Ok(Index {
        tabs: if cx.who.is(SETTINGS) { TABS } else { &[] },
        rows,
        form,
        changed: changed.map(|h| (h.id, h.version)),
        actions,
        categories: known.iter().map(|c| (c.key.clone(), category_name(cx.lang, &known, &c.key))).collect(),
        kinds,
        placeholders: PLACEHOLDERS.join(" "),
        s,
    })
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&shown(&cx, None).await?) }).await
}

async fn put(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let draft = Draft {
            heading: form.text("heading"),
            text: form.text("text"),
            action: form.word("action", Action::parse),
            category: form.opt_text("category"),
            own: form.on("own"),
        };
        let id = form.id("id");
        if !form.failed() {
            let done = match id {
                Some(id) => desk::change(&cx.app, &cx.who, id, draft).await,
                None => desk::add(&cx.app, &cx.who, draft).await,
            };
            if made(done, &mut form)?.is_some() {
                return Ok(go("/phrases", "flash-phrase-kept"));
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, Some(form)).await?)
    })
    .await
}

async fn retire(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match desk::retire(&cx.app, &cx.who, id_of(&id)?).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go("/phrases", "flash-phrase-gone")),
            Err(error) => Err(error),
        }
    })
    .await
}
