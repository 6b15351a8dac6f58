use super::cards_page;
use crate::error::{Error, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted};
use crate::http::page::{self, PageResult, Shell, go, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::session::origin;
use crate::organisation::first_run::{self, FIRST, FirstRun};
use crate::text::LABELS;
use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

pub fn routes(routes: &mut Routes) {
    routes.get("/first-run", Access::everybody(), show).post("/first-run", Access::everybody(), make);
}

#[derive(Template)]
#[template(path = "organisation/first_run.html")]
struct FirstRunPage {
    s: Shell,
    form: Form,
    labels: Vec<(String, String)>,
    people: Vec<FirstPerson>,
}

/// One of the four who are made: the name of the field and its texts.
struct FirstPerson {
    field: &'static str,
    label: String,
    help: String,
}

async fn form_page(cx: &Cx, status: StatusCode, form: Form) -> Result<Response> {
    let labels = LABELS.iter().map(|label| ((*label).to_owned(), (*label).to_owned())).collect();
    let people = FIRST
        .iter()
        .map(|role| FirstPerson {
            field: role.word(),
            label: format!("role-{role}"),
            help: format!("first-run-help-{role}"),
        })
        .collect();
    html_with(status, &FirstRunPage { s: Shell::of(cx).await?, form, labels, people })
}

async fn show(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        if !first_run::is_wanted(&cx.app).await? {
            return Ok(go("/", ""));
        }
        let form = Form::filled([
            ("label", LABELS[0].to_owned()),
            ("department", cx.lang.t("first-run-department").into_owned()),
            ("require_totp", "true".to_owned()),
        ]);
        form_page(&cx, StatusCode::OK, form).await
    })
    .await
}

async fn make(headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let first = FirstRun {
            code: form.text("code"),
            name: form.text("name"),
            handle: form.text("handle"),
            label: form.text("label"),
            department: form.text("department"),
            people: FIRST.map(|role| form.text(role.word())),
            require_totp: form.on("require_totp"),
        };
        match first_run::make(&cx.app, &first, cx.request.address).await {
            Ok((_, cards)) => {
                let s = Shell::of(&cx).await?;
                cards_page(s, &origin(&cx.app, &headers), first.name, cards, false, String::new())
            }
            Err(error @ Error::Invalid(_)) => {
                form.refused(error)?;
                form_page(&cx, StatusCode::UNPROCESSABLE_ENTITY, form).await
            }
            Err(error) => Err(error),
        }
    })
    .await
}
