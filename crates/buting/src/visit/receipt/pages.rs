use super::Receipt;
use super::desk::{self, Shown};
use crate::actor::{OUTSIDE, Roles};
use crate::appeal;
use crate::error::{Error, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::visit::desk::RECORDERS;
use crate::visit::pages::{Typed, visit_page};
use crate::visit::{AckHow, Item, Visit};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use std::sync::Arc;

pub fn routes(routes: &mut Routes) {
    let recorders = Access::only(RECORDERS);
    routes
        .post("/visits/{id}/acknowledge", Access::only(RECORDERS.and(OUTSIDE)), acknowledge)
        .post("/visits/{id}/unacknowledge", recorders, withdraw)
        .post("/visits/{id}/link", recorders, renew)
        .get("/record", Access::everybody(), ask)
        .post("/record", Access::everybody(), find)
        .get("/record/{token}", Access::everybody(), record)
        .post("/record/{token}", Access::everybody(), acknowledge_record);
}

/// What a form says of a record.
fn said(form: &mut Form) -> Receipt {
    Receipt { how: form.word("how", AckHow::parse), name: form.opt_text("name"), note: form.opt_text("note") }
}

async fn acknowledge(Path(id): Path<String>, headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let receipt = said(&mut form);
        if !form.failed() && made(desk::acknowledge(&cx.app, &cx.who, id, receipt).await, &mut form)?.is_some() {
            return Ok(go(&format!("/visits/{id}"), "flash-visit-acknowledged"));
        }
        let typed = Typed { receipt: form, ..Typed::default() };
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &visit_page(&cx, &headers, id, typed).await?)
    })
    .await
}

async fn withdraw(Path(id): Path<String>, headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        if made(desk::withdraw(&cx.app, &cx.who, id, &form.text("note")).await, &mut form)?.is_some() {
            return Ok(go(&format!("/visits/{id}"), "flash-visit-unacknowledged"));
        }
        let typed = Typed { receipt: form, ..Typed::default() };
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &visit_page(&cx, &headers, id, typed).await?)
    })
    .await
}

async fn renew(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match desk::renew(&cx.app, &cx.who, id_of(&id)?).await {
            Ok(id) | Err(Error::Replayed(id)) => Ok(go(&format!("/visits/{id}#link"), "flash-visit-link")),
            Err(error) => Err(error),
        }
    })
    .await
}

// Without account

#[derive(Template)]
#[template(path = "visit/record_find.html")]
struct FindPage {
    s: Shell,
    form: Form,
}

async fn ask(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&FindPage { s: Shell::of(&cx).await?, form: Form::default() }) }).await
}

async fn find(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let (number, code) = (form.text("number"), form.text("code"));
        if let Ok(token) = desk::by_code(&cx.app, &number, &code).await {
            return Ok(go(&format!("/record/{token}"), ""));
        }
        // The same page opens the answer to an appeal.
        match appeal::result::desk::by_code(&cx.app, &number, &code).await {
            Ok(token) => return Ok(go(&format!("/confirm/{token}"), "")),
            Err(error) => form.refused(error)?,
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &FindPage { s: Shell::of(&cx).await?, form })
    })
    .await
}

#[derive(Template)]
#[template(path = "visit/record.html")]
struct RecordPage {
    s: Shell,
    token: String,
    x: Visit,
    sentence: String,
    items: Vec<(String, Vec<Item>)>,
    form: Form,
}

async fn record_page(cx: &Cx, token: String, form: Form) -> Result<RecordPage> {
    let (who, Shown { mut visit, zone }) = desk::by_link(&cx.app, &token).await?;
    let seen = Cx { app: Arc::clone(&cx.app), who, lang: cx.lang, label: cx.label, request: Arc::clone(&cx.request) };
    let mut s = Shell::of(&seen).await?;
    s.nav.clear();
    s.person.clear();
    s.roles = Roles::NONE;
    s.zone_name.clone_from(&zone.name);
    let items = vec![
        (s.t("visit-requirements").into_owned(), std::mem::take(&mut visit.requirements)),
        (s.t("visit-hazards").into_owned(), std::mem::take(&mut visit.hazards)),
        (s.t("visit-answers").into_owned(), std::mem::take(&mut visit.answers)),
    ];
    let sentence = s.with2("receipt-line", "zone", zone.name.as_str(), "number", visit.number.as_str());
    Ok(RecordPage { s, token, x: visit, sentence, items, form })
}

async fn record(cx: Cx, Path(token): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&record_page(&cx, token, Form::default()).await?) }).await
}

async fn acknowledge_record(Path(token): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let receipt = said(&mut form);
        if !form.failed() {
            let (once, seen) = (cx.who.once.clone(), cx.who.seen_version);
            let done = desk::acknowledge_by_link(&cx.app, &token, receipt, once, seen).await;
            if made(done, &mut form)?.is_some() {
                return Ok(go(&format!("/record/{token}"), "flash-visit-acknowledged"));
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &record_page(&cx, token, form).await?)
    })
    .await
}
