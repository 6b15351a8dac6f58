use super::{Group, HITS, LONGEST, desk};
use crate::actor::OFFICE;
use crate::http::cx::Cx;
use crate::http::form::Form;
use crate::http::page::{self, PageResult, Shell, encode, html};
use crate::http::routes::{Access, Routes};
use askama::Template;

pub fn routes(routes: &mut Routes) {
    routes.get("/search", Access::only(OFFICE), search);
}

#[derive(Template)]
#[template(path = "find/search.html")]
struct SearchPage {
    s: Shell,
    asked: bool,
    found: Vec<Group>,
}

impl SearchPage {
    fn sentence(&self) -> String {
        if !self.asked {
            return self.s.t("search-help").into_owned();
        }
        self.s.with("search-for", "q", self.s.param("q"))
    }

    /// Whether these are names that are only nearly what was typed.
    fn near(&self) -> bool {
        self.found.iter().any(|group| group.near)
    }

    /// The list with everything of a kind, when the page shows only a part.
    fn all(&self, group: &Group) -> Option<String> {
        let shown = group.items.len() as i64;
        let more = !group.near && group.total.is_none_or(|total| total > shown);
        more.then(|| format!("{}?q={}", group.kind.list(), encode(&self.s.param("q"))))
    }

    /// How many there are in all, in words.
    fn count(&self, group: &Group) -> String {
        match group.total {
            Some(total) => self.s.with("search-all-of", "n", total),
            None => self.s.t("search-over-thousand").into_owned(),
        }
    }
}

async fn search(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let q = Form::parse(cx.request.query.as_bytes()).text("q").chars().take(LONGEST).collect::<String>();
        let found = desk::find(&cx.app, &cx.who, &q, HITS).await?;
        html(&SearchPage { asked: !q.trim().is_empty(), found, s: Shell::of(&cx).await? })
    })
    .await
}
