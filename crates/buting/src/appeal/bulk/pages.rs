use super::super::desk::departments;
use super::super::pages::filter_of;
use super::Dispatch;
use super::desk::{self, DISPATCHERS};
use crate::actor::Actor;
use crate::error::Error;
use crate::http::bulk::{About, Ask, Chosen, Offer, chosen, preview_page, report_page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted};
use crate::http::page::{self, PageResult, Shell, go};
use crate::http::routes::{Access, Routes};
use serde_json::Value as Json;

/// Where it is posted to.
const HREF: &str = "/appeals/bulk";
/// The action that there is.
const DISPATCH: &str = "dispatch";

pub fn routes(routes: &mut Routes) {
    routes.get(HREF, Access::only(DISPATCHERS), list).post(HREF, Access::only(DISPATCHERS), bulk);
}

/// Who comes without a post, by another language or an old tab, begins at the list.
async fn list(_: Cx) -> PageResult {
    Ok(go("/appeals", ""))
}

/// What the list offers to its reader.
pub fn offer(s: &Shell, who: &Actor, total: Option<i64>) -> Offer {
    let dispatch = who.roles.meets(DISPATCHERS);
    let actions = dispatch.then(|| (DISPATCH.to_owned(), s.t("appeal-bulk-dispatch").into_owned()));
    Offer { href: HREF, actions: actions.into_iter().collect(), total }
}

fn back(form: &Form) -> String {
    match form.value("query") {
        "" => "/appeals".to_owned(),
        query => format!("/appeals?{query}"),
    }
}

/// One address for all steps: what is chosen is previewed and sent.
async fn bulk(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        if !form.is("action", DISPATCH) {
            return Err(Error::field("action", "unknown"));
        }
        let picks = match chosen(&form) {
            Chosen::Some(picks) => picks,
            Chosen::All(query) => desk::picks(&cx.app, &cx.who, &filter_of(&cx.who, &query)).await?,
        };
        if picks.is_empty() {
            return Ok(go(&back(&form), "flash-bulk-none"));
        }
        let s = Shell::of(&cx).await?;
        let mut tx = cx.read().await?;
        let own = departments(&mut tx, cx.who.zone_id).await?.into_iter().filter(|one| one.kind.is_own());
        let options: Vec<(String, String)> = own.map(|one| (one.id.to_string(), one.short_name)).collect();
        drop(tx);
        let named = options.clone();
        let words = s.clone();
        let say = move |fact: &Json| match (fact["status"].as_str(), fact["lead_department_id"].as_str()) {
            (Some(status), _) => words.word("appeal-status", status).into_owned(),
            (None, Some(id)) => {
                named.iter().find(|(key, _)| key == id).map_or_else(String::new, |(_, name)| name.clone())
            }
            (None, None) => words.t("dash").into_owned(),
        };
        let about = About {
            list: s.t("appeal-list").into_owned(),
            list_href: "/appeals",
            href: HREF,
            action: DISPATCH.to_owned(),
            title: s.t("appeal-bulk-dispatch").into_owned(),
            asks: vec![
                Ask::OneOf { field: ("department_id", "appeal-bulk-lead"), options, optional: true },
                Ask::Text { field: ("instruction", "field-instruction") },
            ],
        };
        let picks = about.picks(&form, picks);
        let dispatch = Dispatch { department_id: form.id("department_id"), instruction: form.opt_text("instruction") };
        let report = match about.carries_out(&form) {
            true => match desk::carry_out(&cx.app, &cx.who, &dispatch, &picks).await {
                Ok(report) => return report_page(s, about, &form.text("query"), report, &say),
                Err(error) => Err(error),
            },
            false => desk::preview(&cx.app, &cx.who, &dispatch, &picks).await,
        };
        match report {
            Ok(report) => preview_page(s, about, form, &picks, Some(report), &say),
            Err(error) => {
                form.refused(error)?;
                preview_page(s, about, form, &picks, None, &say)
            }
        }
    })
    .await
}
