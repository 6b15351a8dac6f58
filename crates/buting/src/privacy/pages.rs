use super::catalogue::{CATALOGUE, Kind};
use super::desk::{self, DECIDERS, Decision, NewDisclosure, NewRequest, READERS, TAKERS};
use super::{Basis, ConsentKind, Disclosure, Ground, Request, RequestKind, Standing};
use crate::actor::Role;
use crate::error::{Error, FieldError, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::organisation::Person;
use crate::zone::{Retention, Zone};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    routes
        .get("/privacy", Access::everybody(), notice)
        .get("/privacy/mine", Access::signed_in(), mine)
        .get("/privacy/mine.json", Access::signed_in(), export)
        .post("/privacy/consents", Access::signed_in(), consents)
        .post("/privacy/requests", Access::signed_in(), ask)
        .get("/privacy/requests/{id}", Access::signed_in(), request)
        .post("/privacy/requests/{id}", Access::only(DECIDERS), decide)
        .get("/privacy/requests/{id}/data.json", Access::only(DECIDERS), export_for)
        .get("/privacy/requests/for/{person}", Access::only(TAKERS), ask_for_page)
        .post("/privacy/requests/for/{person}", Access::only(TAKERS), ask_for)
        .get("/admin/privacy", Access::only(READERS), admin)
        .post("/admin/privacy/disclosures", Access::only(DECIDERS), disclose);
}

/// Whom to ask about personal data, as the zone says in its settings.
struct Contact {
    name: String,
    phone: String,
    address: String,
}

impl Contact {
    fn of(zone: &Zone) -> Self {
        let text = |name: &str| zone.settings["privacy_contact"][name].as_str().unwrap_or_default().to_owned();
        Self { name: text("name"), phone: text("phone"), address: text("address") }
    }
}

#[derive(Template)]
#[template(path = "privacy/notice.html")]
struct NoticePage {
    s: Shell,
    kinds: &'static [Kind],
    contact: Option<Contact>,
    kept: Retention,
}

async fn notice(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut tx = cx.read().await?;
        let zone =
            if cx.visitor() { Zone::only(&mut tx).await? } else { Some(Zone::get(&mut tx, cx.who.zone_id).await?) };
        drop(tx);
        let contact = zone.as_ref().map(Contact::of).filter(|contact| !contact.name.is_empty());
        let kept = zone.as_ref().map_or_else(|| Retention::of(&Json::Null), Zone::retention);
        html(&NoticePage { s: Shell::of(&cx).await?, kinds: CATALOGUE, contact, kept })
    })
    .await
}

#[derive(Template)]
#[template(path = "privacy/mine.html")]
struct MinePage {
    s: Shell,
    form: Form,
    data: Vec<(String, String, String)>,
    consents: Vec<Standing>,
    requests: Vec<Request>,
}

impl MinePage {
    fn label(&self, column: &str) -> String {
        let key = format!("log-field-{column}");
        if self.s.lang.has(&key) { self.s.t(&key).into_owned() } else { column.to_owned() }
    }
}

async fn mine_shown(cx: &Cx, form: Form, status: StatusCode) -> Result<Response> {
    let person = cx.who.person()?;
    let page = MinePage {
        s: Shell::of(cx).await?,
        form,
        data: desk::own_data(&cx.app, &cx.who).await?,
        consents: desk::consents(&mut cx.read().await?, cx.who.zone_id, person).await?,
        requests: desk::own_requests(&cx.app, &cx.who).await?,
    };
    html_with(status, &page)
}

async fn mine(cx: Cx) -> PageResult {
    page::show(cx.lang, mine_shown(&cx, Form::default(), StatusCode::OK)).await
}

async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let data = desk::export(&cx.app, &cx.who, cx.request.address).await?;
        download(&data, "attachment; filename=\"my-data.json\"")
    })
    .await
}

async fn export_for(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let data = desk::export_for(&cx.app, &cx.who, id_of(&id)?, cx.request.address).await?;
        download(&data, "attachment; filename=\"data.json\"")
    })
    .await
}

fn download(data: &Json, disposition: &'static str) -> Result<Response> {
    let text = serde_json::to_string_pretty(data).map_err(|e| Error::Internal(e.to_string()))?;
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    Ok(response)
}

/// Fields are named like the uses; each says `yes` or `no`. What is not said
/// stays as it is.
async fn consents(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let mut decisions = Vec::new();
        for kind in ConsentKind::ALL {
            match form.value(kind.word()) {
                "yes" => decisions.push((*kind, true)),
                "no" => decisions.push((*kind, false)),
                "" => {}
                _ => form.add(FieldError::new(kind.word(), "unreadable")),
            }
        }
        if decisions.is_empty() && !form.failed() {
            form.add(FieldError::new(ConsentKind::Partner.word(), "required"));
        }
        if form.failed() {
            return mine_shown(&cx, form, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        match desk::decide_consents(&cx.app, &cx.who, cx.lang, &decisions).await {
            Ok(()) | Err(Error::Replayed(_)) => {}
            Err(error) => return Err(error),
        }
        let back = if form.value("back") == "/" { "/" } else { "/privacy/mine" };
        Ok(go(back, "flash-consent-kept"))
    })
    .await
}

async fn ask(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let kind = form.word("kind", RequestKind::parse);
        let Some(kind) = kind else {
            if !form.has_error("kind") {
                form.add(FieldError::new("kind", "required"));
            }
            return mine_shown(&cx, form, StatusCode::UNPROCESSABLE_ENTITY).await;
        };
        let new = NewRequest { person_id: None, kind, body: form.text("body"), identity_check: String::new() };
        match desk::ask(&cx.app, &cx.who, new).await {
            Ok(id) | Err(Error::Replayed(id)) => Ok(go(&format!("/privacy/requests/{id}"), "flash-request-received")),
            Err(error) => {
                form.refused(error)?;
                mine_shown(&cx, form, StatusCode::UNPROCESSABLE_ENTITY).await
            }
        }
    })
    .await
}

#[derive(Template)]
#[template(path = "privacy/ask.html")]
struct AskPage {
    s: Shell,
    form: Form,
    person: Person,
}

async fn ask_for_shown(cx: &Cx, person: Uuid, form: Form, status: StatusCode) -> Result<Response> {
    let person = desk::may_ask_for(&mut cx.read().await?, &cx.who, person).await?;
    html_with(status, &AskPage { s: Shell::of(cx).await?, form, person })
}

async fn ask_for_page(cx: Cx, Path(person): Path<String>) -> PageResult {
    page::show(cx.lang, async { ask_for_shown(&cx, id_of(&person)?, Form::default(), StatusCode::OK).await }).await
}

async fn ask_for(Path(person): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let person = id_of(&person)?;
        let kind = form.word("kind", RequestKind::parse);
        let kind = match kind {
            Some(kind) => kind,
            None => {
                if !form.has_error("kind") {
                    form.add(FieldError::new("kind", "required"));
                }
                return ask_for_shown(&cx, person, form, StatusCode::UNPROCESSABLE_ENTITY).await;
            }
        };
        let new = NewRequest {
            person_id: Some(person),
            kind,
            body: form.text("body"),
            identity_check: form.text("identity_check"),
        };
        match desk::ask(&cx.app, &cx.who, new).await {
            Ok(id) | Err(Error::Replayed(id)) => Ok(go(&format!("/privacy/requests/{id}"), "flash-request-received")),
            Err(error) => {
                form.refused(error)?;
                ask_for_shown(&cx, person, form, StatusCode::UNPROCESSABLE_ENTITY).await
            }
        }
    })
    .await
}

#[derive(Template)]
#[template(path = "privacy/request.html")]
struct RequestPage {
    s: Shell,
    form: Form,
    request: Request,
    can_decide: bool,
    own: bool,
    /// Whether the reader has the list of requests to go back to.
    keeps: bool,
}

async fn request_shown(cx: &Cx, id: Uuid, form: Form, status: StatusCode) -> Result<Response> {
    let request = desk::request(&cx.app, &cx.who, id).await?;
    let own = cx.who.person_id == Some(request.person_id);
    let can_decide = cx.who.has(Role::Secadmin) && request.decided_at.is_none() && !own;
    html_with(
        status,
        &RequestPage { s: Shell::of(cx).await?, form, request, can_decide, own, keeps: cx.who.is(READERS) },
    )
}

async fn request(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        request_shown(&cx, id, Form::default(), StatusCode::OK).await
    })
    .await
}

async fn decide(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let ground = match form.value("outcome") {
            "done" => None,
            other => match Ground::parse(other) {
                Some(ground) => Some(ground),
                None => {
                    form.add(FieldError::new("outcome", "required"));
                    return request_shown(&cx, id, form, StatusCode::UNPROCESSABLE_ENTITY).await;
                }
            },
        };
        match desk::decide(&cx.app, &cx.who, id, Decision { ground, answer: form.text("answer") }).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go("/admin/privacy", "flash-request-decided")),
            Err(error) => {
                form.refused(error)?;
                request_shown(&cx, id, form, StatusCode::UNPROCESSABLE_ENTITY).await
            }
        }
    })
    .await
}

#[derive(Template)]
#[template(path = "privacy/admin.html")]
struct AdminPage {
    s: Shell,
    form: Form,
    requests: Vec<Request>,
    disclosures: Vec<Disclosure>,
    kinds: &'static [Kind],
    kept: Retention,
    can_disclose: bool,
}

impl AdminPage {
    fn columns(&self, kind: &Kind) -> String {
        let names: Vec<String> = kind.fields.iter().map(|field| format!("{}.{}", field.table, field.column)).collect();
        names.join("、")
    }
}

async fn admin_shown(cx: &Cx, form: Form, status: StatusCode) -> Result<Response> {
    let zone = Zone::get(&mut cx.read().await?, cx.who.zone_id).await?;
    let page = AdminPage {
        s: Shell::of(cx).await?,
        form,
        requests: desk::requests(&cx.app, &cx.who, false).await?,
        disclosures: desk::disclosures(&cx.app, &cx.who).await?,
        kinds: CATALOGUE,
        kept: zone.retention(),
        can_disclose: cx.who.has(Role::Secadmin),
    };
    html_with(status, &page)
}

async fn admin(cx: Cx) -> PageResult {
    page::show(cx.lang, admin_shown(&cx, Form::default(), StatusCode::OK)).await
}

async fn disclose(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let read = form.word("basis", Basis::parse);
        let basis = match read {
            Some(basis) => basis,
            None => {
                if !form.has_error("basis") {
                    form.add(FieldError::new("basis", "required"));
                }
                return admin_shown(&cx, form, StatusCode::UNPROCESSABLE_ENTITY).await;
            }
        };
        let new = NewDisclosure {
            person_id: None,
            to_org: form.text("to_org"),
            basis,
            fields: form.text("fields"),
            occasion: form.text("occasion"),
        };
        match desk::disclose(&cx.app, &cx.who, new).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go("/admin/privacy", "flash-disclosed")),
            Err(error) => {
                form.refused(error)?;
                admin_shown(&cx, form, StatusCode::UNPROCESSABLE_ENTITY).await
            }
        }
    })
    .await
}
