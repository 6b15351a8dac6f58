use super::super::Tag;
use super::super::desk::{self as register, KEEPERS};
use super::super::pages::query_of;
use super::{Action, What, desk};
use crate::actor::Actor;
use crate::assignment::Duty;
use crate::assignment::desk::{self as assignment, DECIDERS};
use crate::error::{Error, Result};
use crate::http::bulk::{About, Ask, Chosen, Offer, Pick, chosen, preview_page, report_page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted};
use crate::http::page::{self, PageResult, Shell, go, html};
use crate::http::routes::{Access, Routes};
use crate::time::Time;
use askama::Template;
use axum::response::Response;
use serde_json::Value as Json;
use uuid::Uuid;

/// Where it is posted to.
const HREF: &str = "/enterprises/bulk";
/// The answer that takes enterprises out of their carrier.
const NONE: &str = "none";
/// The action that the desk of assignments carries out.
const ASSIGN: &str = "assign";

pub fn routes(routes: &mut Routes) {
    routes.get(HREF, Access::only(KEEPERS), list).post(HREF, Access::only(KEEPERS), bulk);
}

/// Who comes without a post, by another language or an old tab, begins at the list.
async fn list(_: Cx) -> PageResult {
    Ok(go("/enterprises", ""))
}

/// What the list offers to its reader.
pub fn offer(s: &Shell, who: &Actor, total: Option<i64>) -> Offer {
    let mut actions = Vec::new();
    if who.roles.meets(KEEPERS) {
        let said = |action: &Action| (action.to_string(), s.word("enterprise-bulk", action).into_owned());
        actions.extend(Action::ALL.iter().map(said));
        if who.roles.meets(DECIDERS) {
            actions.push((ASSIGN.to_owned(), s.word("enterprise-bulk", ASSIGN).into_owned()));
        }
    }
    Offer { href: HREF, actions, total }
}

/// One address for all steps: what is chosen is shown, what the action wants to know
/// is asked, what will happen is previewed, and it is done.
async fn bulk(Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let picks = match chosen(&form) {
            Chosen::Some(picks) => picks,
            Chosen::All(query) => desk::picks(&cx.app, &cx.who, &query_of(&query)).await?,
        };
        if picks.is_empty() {
            return Ok(go(&back(&form), "flash-bulk-none"));
        }
        if form.is("action", ASSIGN) {
            return assign(&cx, form, &picks).await;
        }
        let action = Action::parse(form.value("action")).ok_or_else(|| Error::field("action", "unknown"))?;
        change(&cx, form, action, picks).await
    })
    .await
}

fn back(form: &Form) -> String {
    match form.value("query") {
        "" => "/enterprises".to_owned(),
        query => format!("/enterprises?{query}"),
    }
}

async fn carriers(cx: &Cx) -> Result<Vec<(Uuid, String)>> {
    let mut tx = cx.read().await?;
    let all = register::carrier_names(&mut tx, cx.who.zone_id).await?;
    Ok(all.into_iter().map(|(id, name, _)| (id, name)).collect())
}

/// A changed fact in words.
fn said(s: &Shell, carriers: &[(Uuid, String)], fact: &Json) -> String {
    let Some((field, value)) = fact.as_object().and_then(|facts| facts.iter().next()) else { return String::new() };
    let named = |id: &str| {
        let id = Uuid::parse_str(id).ok()?;
        Some(carriers.iter().find(|(carrier, _)| *carrier == id)?.1.clone())
    };
    match (field.as_str(), value) {
        ("key", Json::Bool(key)) => s.t(if *key { "yes" } else { "no" }).into_owned(),
        // A carrier that was closed since has no name among the open ones.
        ("carrier_id", Json::String(id)) => named(id).unwrap_or_else(|| s.t("carrier-closed").into_owned()),
        ("tags", Json::Array(tags)) if !tags.is_empty() => {
            let words = tags.iter().filter_map(Json::as_str).map(|tag| s.word("enterprise-tag", tag));
            words.collect::<Vec<_>>().join(&s.t("comma"))
        }
        ("confirmed_at", value) => {
            serde_json::from_value::<Time>(value.clone()).map_or_else(|_| s.t("dash").into_owned(), |at| s.date(&at))
        }
        _ => s.t("dash").into_owned(),
    }
}

async fn change(cx: &Cx, mut form: Form, action: Action, picks: Vec<Pick>) -> Result<Response> {
    let (s, carriers) = (Shell::of(cx).await?, carriers(cx).await?);
    let ask = match action {
        Action::SetCarrier => {
            let mut options = vec![(NONE.to_owned(), s.t("bulk-no-carrier").into_owned())];
            options.extend(carriers.iter().map(|(id, name)| (id.to_string(), name.clone())));
            Some(Ask::OneOf { field: ("carrier_id", "field-carrier_id"), options, optional: false })
        }
        Action::AddTag | Action::RemoveTag => {
            let options = Tag::ALL.iter().map(|tag| (tag.to_string(), s.word("enterprise-tag", tag).into_owned()));
            Some(Ask::OneOf { field: ("tag", "field-tags"), options: options.collect(), optional: false })
        }
        _ => None,
    };
    let about = About {
        list: s.t("nav-enterprises").into_owned(),
        list_href: "/enterprises",
        href: HREF,
        action: action.to_string(),
        title: s.word("enterprise-bulk", action).into_owned(),
        asks: ask.into_iter().collect(),
    };
    let picks = &about.picks(&form, picks);
    let words = s.clone();
    let say = move |fact: &Json| said(&words, &carriers, fact);
    if !about.is_answered(&form) {
        return preview_page(s, about, form, picks, None, &say);
    }
    let carrier = match form.is("carrier_id", NONE) {
        true => Some(None),
        false => form.id("carrier_id").map(Some),
    };
    let tag = form.word("tag", Tag::parse);
    let report = match What::of(action, carrier, tag) {
        Ok(what) if about.carries_out(&form) => match desk::carry_out(&cx.app, &cx.who, what, picks).await {
            Ok(report) => return report_page(s, about, &form.text("query"), report, &say),
            Err(error) => Err(error),
        },
        Ok(what) => desk::preview(&cx.app, &cx.who, what, picks).await,
        Err(error) => Err(error),
    };
    match report {
        Ok(report) => preview_page(s, about, form, picks, Some(report), &say),
        Err(error) => {
            form.refused(error)?;
            preview_page(s, about, form, picks, None, &say)
        }
    }
}

#[derive(Template)]
#[template(path = "bulk/assign.html")]
struct AssignPage {
    s: Shell,
    title: String,
    back: String,
    ids: Vec<Uuid>,
    holders: [(Duty, Vec<(String, String)>); 3],
}

/// Who is to answer for what was chosen; the desk of assignments previews and does it.
async fn assign(cx: &Cx, form: Form, picks: &[Pick]) -> Result<Response> {
    cx.who.must(DECIDERS)?;
    crate::http::bulk::checked(picks)?;
    let mut holders = [Duty::LeadLeader, Duty::LeadDept, Duty::Officer].map(|duty| (duty, Vec::new()));
    for (duty, options) in &mut holders {
        for holder in assignment::choices(&cx.app, &cx.who, *duty).await? {
            let id = if duty.is_personal() { holder.person_id } else { holder.department_id };
            let text = match holder.department.filter(|_| duty.is_personal()) {
                Some(department) => format!("{}（{department}）", holder.name),
                None => holder.name,
            };
            options.push((id.unwrap_or_default().to_string(), text));
        }
    }
    let s = Shell::of(cx).await?;
    let title = s.word("enterprise-bulk", ASSIGN).into_owned();
    html(&AssignPage { s, title, back: back(&form), ids: picks.iter().map(|pick| pick.id).collect(), holders })
}
