use super::{List, NewView, View, desk};
use crate::actor::OFFICE;
use crate::error::{Error, FieldError, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;

pub fn routes(routes: &mut Routes) {
    let office = Access::only(OFFICE);
    routes.get("/views", office, index).get("/views/new", office, new_page).post("/views/new", office, new).post(
        "/views/{id}/delete",
        office,
        delete,
    );
}

#[derive(Template)]
#[template(path = "saved/index.html")]
struct Index {
    s: Shell,
    /// Views, and whether they are one's own.
    views: Vec<(View, bool)>,
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let views = desk::views(&mut cx.read().await?, &cx.who, None).await?;
        let own = |view: View| {
            let own = Some(view.person_id) == cx.who.person_id;
            (view, own)
        };
        html(&Index { s: Shell::of(&cx).await?, views: views.into_iter().map(own).collect() })
    })
    .await
}

#[derive(Template)]
#[template(path = "saved/new.html")]
struct NewPage {
    s: Shell,
    form: Form,
    list: Option<List>,
    /// Whether there is a department to share it with.
    shares: bool,
    /// The list as it stood.
    back: String,
}

async fn form_page(cx: &Cx, status: StatusCode, form: Form) -> Result<axum::response::Response> {
    let list = List::parse(form.value("list"));
    let back = match (list.map_or("/", List::href), form.value("query")) {
        (list, "") => list.to_owned(),
        (list, query) => format!("{list}?{query}"),
    };
    let page = NewPage { list, back, shares: cx.who.department_id.is_some(), s: Shell::of(cx).await?, form };
    html_with(status, &page)
}

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let form = Form::parse(cx.request.query.as_bytes());
        if List::parse(form.value("list")).is_none() {
            return Err(Error::NotFound);
        }
        form_page(&cx, StatusCode::OK, form).await
    })
    .await
}

async fn new(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match form.word("list", List::parse) {
            None => form.add(FieldError::new("list", "required")),
            Some(list) => {
                let (name, query) = (form.text("name"), form.text("query"));
                let view = NewView { id: None, list, name, query, shared: form.on("shared") };
                if let Some(id) = made(desk::keep(&cx.app, &cx.who, view).await, &mut form)? {
                    let view = desk::view(&cx.app, &cx.who, id).await?;
                    return Ok(go(&view.href(), "flash-view-kept"));
                }
            }
        }
        form_page(&cx, StatusCode::UNPROCESSABLE_ENTITY, form).await
    })
    .await
}

async fn delete(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match desk::delete(&cx.app, &cx.who, id_of(&id)?).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go("/views", "flash-view-deleted")),
            Err(error) => Err(error),
        }
    })
    .await
}
