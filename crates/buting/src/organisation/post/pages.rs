use super::super::Person;
use super::super::desk::{self as organisation, KEEPERS};
use super::super::pages::renamed;
use super::desk::{self, READERS};
use super::{NewPost, Post, PostEnd, reordered};
use crate::error::{Error, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html_with};
use crate::http::routes::{Access, Routes};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

/// What fields of the desk are called on these pages.
const NAMES: &[(&str, &str)] = &[("title", "person_title")];

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let keepers = Access::only(KEEPERS);
    routes
        .get("/leadership", readers, leadership)
        .post("/leadership", keepers, set_order)
        .get("/people/{id}/posts/new", keepers, new_page)
        .post("/people/{id}/posts/new", keepers, new)
        .get("/posts/{id}/end", keepers, end_page)
        .post("/posts/{id}/end", keepers, end)
        .post("/posts/{id}/main", keepers, make_main);
}

#[derive(Template)]
#[template(path = "organisation/leadership.html")]
struct Leadership {
    s: Shell,
    form: Form,
    /// With the number in the order.
    all: Vec<(usize, Post)>,
    keeper: bool,
    /// The day that is shown; empty for today.
    day: String,
}

impl Leadership {
    /// The number beside somebody: what was typed, or his place.
    fn typed(&self, post: &Post, n: &usize) -> String {
        let typed = self.form.value(&format!("place-{}", post.person_id));
        if typed.is_empty() { n.to_string() } else { typed.to_owned() }
    }
}

async fn leadership_page(cx: &Cx, status: StatusCode, form: Form) -> Result<Response> {
    let s = Shell::of(cx).await?;
    let mut query = Form::parse(cx.request.query.as_bytes());
    let at = query.day("day").map_or(s.now, |day| day.last(&s.time_zone));
    let all = desk::leadership(&mut cx.read().await?, &cx.who, at).await?;
    let keeper = cx.who.is(KEEPERS);
    let all = (1..).zip(all).collect();
    html_with(status, &Leadership { day: query.text("day"), s, form, all, keeper })
}

async fn leadership(cx: Cx) -> PageResult {
    page::show(cx.lang, async { leadership_page(&cx, StatusCode::OK, Form::default()).await }).await
}

async fn set_order(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let people: Vec<Uuid> = form.all("people").iter().filter_map(|id| Uuid::parse_str(id).ok()).collect();
        let mut typed = Vec::with_capacity(people.len());
        for id in &people {
            let name = format!("place-{id}");
            let number = form.number(&name);
            typed.push(form.need(&name, number));
        }
        if !form.failed() {
            let order: Vec<Uuid> = reordered(&typed).into_iter().filter_map(|n| people.get(n).copied()).collect();
            if made(desk::set_order(&cx.app, &cx.who, &order).await, &mut form)?.is_some() {
                return Ok(go("/leadership", "flash-leadership-ordered"));
            }
        }
        leadership_page(&cx, StatusCode::UNPROCESSABLE_ENTITY, form).await
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/post_new.html")]
struct NewPage {
    s: Shell,
    form: Form,
    person: Person,
    departments: Vec<(String, String)>,
}

async fn new_form(cx: &Cx, status: StatusCode, form: Form, person: Uuid) -> Result<Response> {
    let mut tx = cx.read().await?;
    let (person, _) = organisation::person_for(&mut tx, &cx.who, person).await?;
    if person.left_at.is_some() {
        return Err(Error::state("person_left"));
    }
    let all = organisation::departments(&mut tx, cx.who.zone_id).await?;
    let held = desk::departments(&mut tx, cx.who.zone_id, person.id).await?;
    drop(tx);
    let main = all.iter().find(|d| Some(d.id) == person.department_id).ok_or(Error::NotFound)?;
    let side = main.kind.is_own();
    let free = all.iter().filter(|d| d.valid_to.is_none() && d.kind.is_own() == side && !held.contains(&d.id));
    let departments = free.map(|d| (d.id.to_string(), d.name.clone())).collect();
    html_with(status, &NewPage { s: Shell::of(cx).await?, form, person, departments })
}

async fn new_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let form = Form::filled([("valid_from", today(&cx).await?)]);
        new_form(&cx, StatusCode::OK, form, id_of(&id)?).await
    })
    .await
}

/// Today, as a field of days holds it.
async fn today(cx: &Cx) -> Result<String> {
    let s = Shell::of(cx).await?;
    Ok(s.now.day(&s.time_zone).to_string())
}

async fn new(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let person_id = id_of(&id)?;
        let s = Shell::of(&cx).await?;
        let department = form.id("department_id");
        let department_id = form.need("department_id", department);
        let from = form.day("valid_from");
        if !form.failed() {
            let new = NewPost {
                id: None,
                person_id,
                department_id,
                title: form.opt_text("person_title"),
                main: form.on("main"),
                valid_from: from.map(|day| day.first(&s.time_zone, s.now)),
                basis: form.opt_text("basis"),
            };
            let taken = desk::take(&cx.app, &cx.who, new).await.map_err(|error| renamed(error, NAMES));
            if made(taken, &mut form)?.is_some() {
                return Ok(go(&format!("/people/{person_id}"), "flash-post-begun"));
            }
        }
        new_form(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, person_id).await
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/post_end.html")]
struct EndPage {
    s: Shell,
    form: Form,
    post: Post,
    /// How many cases of the department the person has in hand.
    cases: usize,
}

async fn end_form(cx: &Cx, status: StatusCode, form: Form, id: Uuid) -> Result<Response> {
    let mut tx = cx.read().await?;
    let post = desk::post(&mut tx, &cx.who, id).await?;
    let cases = crate::handover::cases_in(&mut tx, cx.who.zone_id, post.person_id, post.department_id).await?;
    drop(tx);
    html_with(status, &EndPage { s: Shell::of(cx).await?, form, post, cases })
}

async fn end_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let form = Form::filled([("valid_to", today(&cx).await?)]);
        end_form(&cx, StatusCode::OK, form, id_of(&id)?).await
    })
    .await
}

async fn end(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let s = Shell::of(&cx).await?;
        let to = form.day("valid_to");
        if !form.failed() {
            let end =
                PostEnd { valid_to: to.map(|day| day.first(&s.time_zone, s.now)), reason: form.opt_text("reason") };
            if made(desk::end(&cx.app, &cx.who, id, &end).await, &mut form)?.is_some() {
                let post = desk::post(&mut cx.read().await?, &cx.who, id).await?;
                return Ok(go(&format!("/people/{}", post.person_id), "flash-post-ended"));
            }
        }
        end_form(&cx, StatusCode::UNPROCESSABLE_ENTITY, form, id).await
    })
    .await
}

async fn make_main(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = match desk::make_main(&cx.app, &cx.who, id_of(&id)?).await {
            Ok(id) | Err(Error::Replayed(id)) => id,
            Err(error) => return Err(error),
        };
        let post = desk::post(&mut cx.read().await?, &cx.who, id).await?;
        Ok(go(&format!("/people/{}", post.person_id), "flash-post-main"))
    })
    .await
}
