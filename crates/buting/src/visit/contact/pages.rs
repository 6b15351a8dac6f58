use super::desk::{self, Whose};
use super::{Due, Often, Reason};
use crate::actor::OFFICE;
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::form::Form;
use crate::http::page::{self, PageResult, Shell, html};
use crate::http::routes::{Access, Routes};
use crate::visit::desk::RECORDERS;
use askama::Template;

pub fn routes(routes: &mut Routes) {
    routes.get("/visits/due", Access::only(OFFICE), due);
}

#[derive(Template)]
#[template(path = "visit/due.html")]
struct DuePage {
    s: Shell,
    page: Page<Due>,
    often: Option<Vec<Often>>,
    recorder: bool,
}

impl DuePage {
    /// Why somebody should talk to it, in words.
    fn why(&self, due: &Due) -> String {
        match (due.reason, due.days_ago, due.agreed_at) {
            (Reason::Rule, Some(n), _) => self.s.with2("due-rule", "n", n, "days", due.rule_days),
            (Reason::Agreed, _, Some(at)) => self.s.with("due-agreed", "day", self.s.date(&at)),
            _ => self.s.t("due-never").into_owned(),
        }
    }
}

/// No list of who was asked too often is longer.
const MANY: i64 = 200;

async fn due(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let query = Form::parse(cx.request.query.as_bytes());
        let show = query.value("show");
        let whose = if show.starts_with("own") { Whose::Own } else { Whose::Reached };
        let (mut often, mut page) = (None, Page::new(Vec::new(), None, 0));
        if show.ends_with("often") {
            often = Some(desk::often(&cx.app, &cx.who, whose, MANY).await?);
        } else {
            page = desk::due(&cx.app, &cx.who, whose, query.opt("cursor"), 20).await?;
        }
        html(&DuePage { s, page, often, recorder: cx.who.is(RECORDERS) })
    })
    .await
}
