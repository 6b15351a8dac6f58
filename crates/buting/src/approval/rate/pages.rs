use super::desk::{self, READERS};
use super::{OfMatter, Rates};
use crate::approval::Application;
use crate::approval::desk::{self as cases, Filter, KEYS};
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::form::Form;
use crate::http::page::{self, PageResult, Shell, html};
use crate::http::routes::{Access, Routes};
use crate::http::table::Table;
use crate::list::Walk;
use askama::Template;

pub fn routes(routes: &mut Routes) {
    routes.get("/applications/rate", Access::only(READERS), index);
}

#[derive(Template)]
#[template(path = "approval/rate.html")]
struct Index {
    s: Shell,
    form: Form,
    rates: Rates,
    /// The decided cases of the period: all, or those with a meeting.
    page: Page<Application>,
    table: Table,
}

impl Index {
    fn list_href(&self, face: &str) -> String {
        format!("/applications/rate?from={}&to={}&face={face}", self.rates.from, self.rates.to)
    }

    fn matter_href(&self, one: &OfMatter) -> String {
        format!("/applications?show=decided&matter={}", one.matter_id)
    }
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut form = Form::parse(cx.request.query.as_bytes());
        let (from, to) = (form.day("from"), form.day("to"));
        let asked = if form.failed() { (None, None) } else { (from, to) };
        let rates = match desk::rates(&cx.app, &cx.who, asked.0, asked.1).await {
            Ok(rates) => rates,
            Err(error) => {
                form.refused(error)?;
                desk::rates(&cx.app, &cx.who, None, None).await?
            }
        };
        form.set("from", rates.from.to_string());
        form.set("to", rates.to.to_string());
        let (.., begins, ends) = desk::period(&cx.app, &cx.who, Some(rates.from), Some(rates.to)).await?;
        let face = match form.value("face") {
            "met" => Some(true),
            "without" => Some(false),
            _ => None,
        };
        let filter = Filter { decided: Some((begins, ends)), face, ..Filter::default() };
        let walk = Walk::read(KEYS, "-decided", form.opt("sort"), form.opt("cursor"), 20)?;
        let page = cases::applications(&cx.app, &cx.who, &filter, &walk).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "applications", &page.items);
        html(&Index { s, form, rates, page, table })
    })
    .await
}
