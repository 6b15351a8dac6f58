use super::Step;
use super::desk;
use crate::error::FieldError;
use crate::http::form::{Posted, id_of, made};
use crate::http::page::{self, PageResult, go, html_with};
use crate::http::routes::{Access, Routes};
use crate::visit::desk::RECORDERS;
use crate::visit::pages::{Typed, visit_page};
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};

pub fn routes(routes: &mut Routes) {
    routes.post("/visits/{id}/review", Access::only(RECORDERS), review);
}

async fn review(Path(id): Path<String>, headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let step = form.word("step", Step::parse);
        if step.is_none() && !form.has_error("step") {
            form.add(FieldError::new("step", "required"));
        }
        let note = form.opt_text("note");
        if let Some(step) = step
            && made(desk::review(&cx.app, &cx.who, id, step, note.as_deref()).await, &mut form)?.is_some()
        {
            return Ok(go(&format!("/visits/{id}"), "flash-visit-reviewed"));
        }
        let typed = Typed { review: form, ..Typed::default() };
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &visit_page(&cx, &headers, id, typed).await?)
    })
    .await
}
