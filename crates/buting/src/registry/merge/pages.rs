use super::desk::{self, Preview};
use super::{Candidate, Fact, NewMerge};
use crate::error::{Error, Result};
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::registry::Enterprise;
use crate::registry::desk::KEEPERS;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let keepers = Access::only(KEEPERS);
    routes
        .get("/enterprises/duplicates", keepers, duplicates)
        .post("/enterprises/duplicates", keepers, look)
        .post("/enterprises/duplicates/distinct", keepers, distinct)
        .get("/enterprises/{id}/merge", keepers, merge_page)
        .post("/enterprises/{id}/merge", keepers, merge)
        .post("/merges/{id}/undo", keepers, undo);
}

#[derive(Template)]
#[template(path = "registry/duplicates.html")]
struct Duplicates {
    s: Shell,
    page: Page<Candidate>,
}

impl Duplicates {
    fn percent(&self, one: &Candidate) -> i64 {
        one.score / 10
    }
}

async fn duplicates(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let page = desk::candidates(&cx.app, &cx.who, query.opt("cursor"), Some(50)).await?;
        html(&Duplicates { page, s: Shell::of(&cx).await? })
    })
    .await
}

async fn look(Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        desk::look_now(&cx.app, &cx.who).await?;
        Ok(go("/enterprises/duplicates", "flash-duplicates-looked"))
    })
    .await
}

async fn distinct(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let (Some(a), Some(b)) = (form.id("a"), form.id("b")) else { return Err(Error::NotFound) };
        match desk::distinct(&cx.app, &cx.who, a, b, None).await {
            // Somebody else decided in the meantime: the list tells.
            Ok(_) | Err(Error::Replayed(_) | Error::NotFound) => {
                Ok(go("/enterprises/duplicates", "flash-duplicates-distinct"))
            }
            Err(error) => Err(error),
        }
    })
    .await
}

#[derive(Template)]
#[template(path = "registry/merge.html")]
struct MergePage {
    s: Shell,
    form: Form,
    p: Preview,
    version: i64,
}

impl MergePage {
    /// The facts of both records, side by side: label, of the one that stays, of
    /// the one that goes, and the field when one of them may be chosen.
    fn facts(&self) -> Vec<(&'static str, String, String, Option<Fact>)> {
        let choice = |fact: Fact| self.p.differing.contains(&fact).then_some(fact);
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let number = |one: &Enterprise| one.headcount.map(|n| n.to_string()).unwrap_or_default();
        let status = |one: &Enterprise| self.s.word("enterprise-status", one.status).into_owned();
        let (into, from) = (&self.p.into, &self.p.from);
        let names = |one: &Enterprise| one.short_names.join(&self.s.t("comma"));
        vec![
            ("field-short_names", names(into), names(from), None),
            ("field-uscc", text(&into.uscc), text(&from.uscc), None),
            ("field-status", status(into), status(from), None),
            ("field-carrier_id", text(&into.carrier), text(&from.carrier), choice(Fact::Carrier)),
            ("field-industry_code", text(&into.industry_code), text(&from.industry_code), choice(Fact::Industry)),
            ("field-headcount", number(into), number(from), choice(Fact::Headcount)),
            ("field-address", text(&into.address), text(&from.address), choice(Fact::Address)),
            ("field-source", text(&into.source), text(&from.source), choice(Fact::Source)),
        ]
    }
}

async fn page_of(cx: &Cx, into: Uuid, form: Form) -> Result<MergePage> {
    let from = form.opt("with").and_then(|text| Uuid::parse_str(text).ok()).ok_or(Error::NotFound)?;
    let p = desk::preview(&cx.app, &cx.who, from, into).await?;
    let version = form.value("version").parse().unwrap_or(p.into.version);
    Ok(MergePage { s: Shell::of(cx).await?, form, p, version })
}

async fn merge_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let form = Form::parse(cx.request.query.as_bytes());
        html(&page_of(&cx, id_of(&id)?, form).await?)
    })
    .await
}

async fn merge(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let into = id_of(&id)?;
        let from = form.id("with").ok_or(Error::NotFound)?;
        let take = Fact::ALL.iter().copied().filter(|fact| form.is(&format!("take_{fact}"), "from")).collect();
        let new = NewMerge { from, take, reason: form.text("reason") };
        if made(desk::merge(&cx.app, &cx.who, into, new).await, &mut form)?.is_some() {
            return Ok(go(&format!("/enterprises/{into}"), "flash-merged"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &page_of(&cx, into, form).await?)
    })
    .await
}

async fn undo(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let merge = desk::one(&cx.app, &cx.who, id).await?;
        match desk::undo(&cx.app, &cx.who, id).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go(&format!("/enterprises/{}", merge.into_id), "flash-unmerged")),
            Err(error) => Err(error),
        }
    })
    .await
}
