use super::{after, cards_page, done, key, signed_in};
use crate::actor::{OFFICE, OUTSIDE, Role, Roles};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::session::origin;
use crate::organisation::desk;
use crate::organisation::invitations::{self, Acceptance, INVITERS, InvitationsQuery, Key, MOST, Offer};
use crate::organisation::{Invitation, InvitationState, Invite, Purpose};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use uuid::Uuid;

/// Rows of a list.
const ROWS: i64 = 50;

pub fn routes(routes: &mut Routes) {
    let inviters = Access::only(INVITERS);
    let readers = Access::only(INVITERS.and(Roles::of(&[Role::Auditor])));
    let everybody = Access::everybody();
    routes
        .get("/invitations", readers, index)
        .get("/invitations/new", inviters, new_page)
        .post("/invitations/new", inviters, new)
        .post("/invitations/{id}/revoke", inviters, revoke)
        .post("/invitations/{id}/renew", inviters, renew)
        .get("/join", everybody, join_page)
        .post("/join", everybody, join)
        .post("/join/code", everybody, join_code)
        .get("/forgot", everybody, forgot);
}

#[derive(Template)]
#[template(path = "organisation/invitations.html")]
struct Index {
    s: Shell,
    page: Page<Invitation>,
    states: &'static [InvitationState],
    inviter: bool,
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut query = Form::parse(cx.request.query.as_bytes());
        let asked = InvitationsQuery {
            limit: Some(ROWS),
            state: query.word("state", InvitationState::parse),
            department_id: query.id("department"),
            q: query.opt_text("q"),
            sort: query.opt_text("sort"),
            cursor: query.opt_text("cursor"),
        };
        let page = invitations::list(&cx.app, &cx.who, &asked).await?;
        let inviter = cx.who.is(INVITERS);
        html(&Index { s: Shell::of(&cx).await?, page, states: InvitationState::ALL, inviter })
    })
    .await
}

/// Somebody who could be invited, as the list shows.
struct Row {
    id: Uuid,
    name: String,
    title: String,
    place: String,
}

#[derive(Template)]
#[template(path = "organisation/invite.html")]
struct InvitePage {
    s: Shell,
    form: Form,
    people: Vec<Row>,
    departments: Vec<(String, String)>,
    carriers: Vec<(String, String)>,
    /// Whether anything was asked for.
    asked: bool,
    office: bool,
    too_many: bool,
    most: usize,
}

impl InvitePage {
    fn ticked(&self, id: &Uuid) -> bool {
        self.form.all("people").is_empty() || self.form.is("people", &id.to_string())
    }
}

async fn invite_page(cx: &Cx, status: StatusCode, form: Form) -> Result<Response> {
    let mut query = Form::parse(cx.request.query.as_bytes());
    let outside = cx.who.is(OUTSIDE);
    let mut people: Vec<Uuid> = query.all("person").iter().filter_map(|id| Uuid::parse_str(id).ok()).collect();
    // A form that is shown again keeps whom it was about.
    people.extend(form.all("people").iter().filter_map(|id| Uuid::parse_str(id).ok()));
    let every = query.is("of", "enterprises") || outside;
    let wanted = Invite {
        people,
        department_id: query.id("department"),
        enterprise_ids: query.id("enterprise").into_iter().collect(),
        carrier_id: query.id("carrier"),
        days: None,
    };
    let asked = every
        || !wanted.people.is_empty()
        || wanted.department_id.is_some()
        || wanted.carrier_id.is_some()
        || !wanted.enterprise_ids.is_empty();
    let mut tx = cx.read().await?;
    let narrowed = wanted.carrier_id.is_some() || !wanted.people.is_empty() || !wanted.enterprise_ids.is_empty();
    let found = if asked {
        let q = query.opt_text("q");
        invitations::candidates(&mut tx, &cx.who, &wanted, every && !narrowed, query.on("key"), q.as_deref()).await?
    } else {
        Vec::new()
    };
    let departments = desk::departments(&mut tx, cx.who.zone_id).await?;
    let keeps_staff = cx.who.is(Roles::of(&[Role::Sysadmin, Role::Dispatcher]));
    let departments = departments.into_iter().filter(|d| d.valid_to.is_none() && (keeps_staff || !d.kind.is_own()));
    let departments = departments.map(|d| (d.id.to_string(), d.name)).collect();
    let carriers = invitations::carriers(&mut tx, cx.who.zone_id).await?;
    drop(tx);
    let page = InvitePage {
        s: Shell::of(cx).await?,
        too_many: found.len() > MOST,
        people: found
            .into_iter()
            .take(MOST)
            .map(|c| Row {
                id: c.id,
                name: c.name,
                title: c.title.unwrap_or_default(),
                place: c.place.unwrap_or_default(),
            })
            .collect(),
        form,
        departments,
        carriers: carriers.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
        asked,
        office: cx.who.is(OFFICE.and(Roles::of(&[Role::Sysadmin]))),
        most: MOST,
    };
    html_with(status, &page)
}

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let form = Form::filled([("days", invitations::DAYS.to_string())]);
        invite_page(&cx, StatusCode::OK, form).await
    })
    .await
}

async fn new(headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let people = form.all("people").iter().filter_map(|id| Uuid::parse_str(id).ok()).collect();
        let days = form.number("days");
        if !form.failed() {
            let wanted = Invite { people, days, ..Invite::default() };
            match invitations::invite(&cx.app, &cx.who, &wanted).await {
                Ok(cards) => {
                    let s = Shell::of(&cx).await?;
                    let zone = s.zone_name.clone();
                    let back = if cx.who.is(OUTSIDE) { "/colleagues" } else { "/invitations" };
                    return cards_page(s, &origin(&cx.app, &headers), zone, cards, false, back.to_owned());
                }
                Err(Error::Replayed(_)) => return Ok(go("/invitations", "flash-shown-once")),
                Err(error) => form.refused(error)?,
            }
        }
        invite_page(&cx, StatusCode::UNPROCESSABLE_ENTITY, form).await
    })
    .await
}

async fn revoke(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        done(invitations::revoke(&cx.app, &cx.who, key(&id)?).await)?;
        Ok(go("/invitations", "flash-invitation-revoked"))
    })
    .await
}

async fn renew(headers: HeaderMap, Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = key(&id)?;
        let mut tx = cx.read().await?;
        let old = invitations::get(&mut tx, &cx.who, id, cx.now()).await?;
        drop(tx);
        match invitations::renew(&cx.app, &cx.who, id).await {
            Ok(card) => {
                let s = Shell::of(&cx).await?;
                let zone = s.zone_name.clone();
                let reset = old.purpose == Purpose::Reset;
                cards_page(s, &origin(&cx.app, &headers), zone, vec![card], reset, "/invitations".to_owned())
            }
            Err(Error::Replayed(_)) => Ok(go("/invitations", "flash-shown-once")),
            Err(error) => Err(error),
        }
    })
    .await
}

// ---- using an invitation ---------------------------------------------------

#[derive(Template)]
#[template(path = "organisation/join.html")]
struct JoinPage {
    s: Shell,
    form: Form,
    /// What the key opens; none while only the code is asked for.
    offer: Option<Offer>,
    /// Why the key opens nothing.
    failed: Option<String>,
    forgot: bool,
}

impl JoinPage {
    fn joining(&self) -> bool {
        self.offer.as_ref().is_some_and(|offer| offer.purpose == Purpose::Join)
    }
}

/// The key that a form or link carries.
fn key_of(form: &Form) -> Option<Key<'_>> {
    form.opt("t").map(Key::Link).or_else(|| form.opt("code").map(Key::Code))
}

/// Whether an error is about the key itself, and what to say about it.
fn about_key(cx: &Cx, error: Error) -> Result<(StatusCode, String)> {
    match error {
        Error::Conflict(Conflict::State(code)) => {
            Ok((StatusCode::CONFLICT, cx.lang.t(&format!("conflict-{code}")).into_owned()))
        }
        Error::TooMany(seconds) => {
            Ok((StatusCode::TOO_MANY_REQUESTS, cx.lang.with("problem-too_many-detail", &[("seconds", &seconds)])))
        }
        other => Err(other),
    }
}

async fn offered(cx: &Cx, form: Form, forgot: bool) -> Result<Response> {
    let s = Shell::of(cx).await?;
    let Some(key) = key_of(&form) else {
        return html(&JoinPage { s, form, offer: None, failed: None, forgot });
    };
    match invitations::look(&cx.app, key, cx.request.address).await {
        Ok(offer) => {
            let kept = if let Some(t) = form.opt("t") { ("t", t.to_owned()) } else { ("code", form.text("code")) };
            let form = Form::filled([kept, ("user_name", offer.user_name.clone())]);
            html(&JoinPage { s, form, offer: Some(offer), failed: None, forgot })
        }
        Err(error) => {
            let (status, failed) = about_key(cx, error)?;
            let form = Form::filled([("code", form.text("code"))]);
            html_with(status, &JoinPage { s, form, offer: None, failed: Some(failed), forgot })
        }
    }
}

async fn join_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let form = Form::filled(query.opt("t").map(|t| ("t", t.to_owned())));
        offered(&cx, form, false).await
    })
    .await
}

async fn forgot(cx: Cx) -> PageResult {
    page::show(cx.lang, async { offered(&cx, Form::default(), true).await }).await
}

async fn join_code(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        if form.opt("code").is_none() {
            form.add(FieldError::new("code", "required"));
            let s = Shell::of(&cx).await?;
            return html_with(
                StatusCode::UNPROCESSABLE_ENTITY,
                &JoinPage { s, form, offer: None, failed: None, forgot: false },
            );
        }
        let form = Form::filled([("code", form.text("code"))]);
        offered(&cx, form, false).await
    })
    .await
}

async fn join(headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let Some(key) = key_of(&form) else { return Err(Error::state("invitation_unknown")) };
        let refused = if form.value("new") == form.value("again") {
            let acceptance = Acceptance {
                key,
                user_name: form.opt("user_name"),
                password: form.value("new"),
                address: cx.request.address,
                agent: &cx.request.agent,
            };
            match invitations::accept(&cx.app, &acceptance).await {
                Ok((_, Some(session))) => {
                    return signed_in(&cx, &headers, &session, go(&after(session.stage, "/"), "flash-joined"));
                }
                Ok((_, None)) => return Ok(go("/sign-in", "flash-password-reset")),
                Err(error) => super::renamed(error, &[("password", "new")]),
            }
        } else {
            Error::field("again", "not_the_same")
        };
        let s = Shell::of(&cx).await?;
        match refused {
            error @ (Error::Invalid(_) | Error::Conflict(Conflict::Taken(_))) => {
                let offer = match key_of(&form) {
                    Some(key) => invitations::look(&cx.app, key, cx.request.address).await?,
                    None => return Err(error),
                };
                form.refused(error)?;
                html_with(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    &JoinPage { s, form, offer: Some(offer), failed: None, forgot: false },
                )
            }
            error => {
                let (status, failed) = about_key(&cx, error)?;
                let form = Form::default();
                html_with(status, &JoinPage { s, form, offer: None, failed: Some(failed), forgot: false })
            }
        }
    })
    .await
}
