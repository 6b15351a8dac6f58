use super::desk::{self, Incoming, NewAttachment, PARTIES};
use super::pages::{file_answer, picture_answer};
use super::{Owner, Purpose, View};
use crate::actor::Once;
use crate::error::{Error, Result};
use crate::http::api::{Page, id_of, record};
use crate::http::cx::Cx;
use crate::http::form::{Form, May, read_multipart};
use crate::http::openapi::Operation;
use crate::http::routes::{Access, Routes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use uuid::Uuid;

/// What an upload says beside its file.
const FIELDS: &[&str] = &["id", "owner", "owner_id", "purpose", "work_order_id"];

pub fn routes(routes: &mut Routes) {
    let parties = Access::only(PARTIES);
    const ALL: &str = "/api/v1/attachments";
    const ONE: &str = "/api/v1/attachments/{id}";
    routes.api_get(ALL, parties, list).summary("The files of a record that one may see, oldest first").owner_scoped();
    let about = Operation::new(ALL, Method::POST, parties).upload(beside).output::<View>("201");
    routes
        .api_raw(Method::POST, ALL, parties, about, |cx, _, request| add(cx, request))
        .summary("Add a file to a record; what it is, is found by its content. The file comes last: who may not know of the record is refused before it is read")
        .owner_scoped();
    routes.api_read(ONE, parties, show).summary("One file without its content").owner_scoped();
    let path = "/api/v1/attachments/{id}/content";
    routes
        .api_raw(Method::GET, path, parties, Operation::new(path, Method::GET, parties), |cx, path, _| {
            content(cx, path)
        })
        .summary("The content of a file; 409 while it waits for the scanner")
        .owner_scoped();
    let path = "/api/v1/attachments/{id}/thumbnail";
    routes
        .api_raw(Method::GET, path, parties, Operation::new(path, Method::GET, parties), |cx, path, request| {
            let headers = request.headers().clone();
            small(cx, path, headers)
        })
        .summary("The small picture of a file, as JPEG; 404 while there is none")
        .owner_scoped();
    let about = Operation::new(ONE, Method::DELETE, parties).query(crate::http::openapi::schema::<RemoveQuery>);
    routes
        .api_raw(Method::DELETE, ONE, parties, about.output::<()>("204"), remove)
        .summary(
            "Remove the content of a file: who brought it while nothing rests on it, else the dispatcher with a reason",
        )
        .owner_scoped();
}

fn beside() -> Json {
    let words = |words: Vec<&str>| json!({"type": "string", "enum": words});
    json!({
        "id": {"type": "string", "format": "uuid"},
        "owner": words(Owner::ALL.iter().map(|word| word.word()).collect()),
        "owner_id": {"type": "string", "format": "uuid"},
        "purpose": words(Purpose::ALL.iter().map(|word| word.word()).collect()),
        "work_order_id": {"type": "string", "format": "uuid"},
    })
}

/// Of which record.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// What kind of record it is.
    owner: Owner,
    /// The record.
    owner_id: Uuid,
}

async fn list(cx: Cx, query: ListQuery) -> Result<Page<View>> {
    let items = desk::views(&cx.app, &cx.who, query.owner, query.owner_id).await?;
    let n = items.len() as i64;
    Ok(Page::new(items, None, n))
}

async fn show(cx: Cx, id: Uuid) -> Result<View> {
    desk::view(&cx.app, &cx.who, id).await
}

/// A field that must be there, as what it says.
fn field<T>(form: &Form, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
    let Some(text) = form.opt(name) else { return Ok(None) };
    read(text).map(Some).ok_or_else(|| Error::field(name, "unreadable"))
}

/// Looks whether the record may be known of, where it is named before the file.
async fn may_bring(cx: &Cx, form: &Form) -> Result<()> {
    let owner = field(form, "owner", Owner::parse)?;
    match (owner, field(form, "owner_id", |text| Uuid::parse_str(text).ok())?) {
        (Some(owner), Some(id)) => desk::may_bring(&cx.app, &cx.who, owner, id).await,
        _ => Ok(()),
    }
}

async fn add(mut cx: Cx, request: Request) -> Result<Response> {
    let asker = cx.clone();
    let may: May = Box::new(move |form: Form| Box::pin(async move { may_bring(&asker, &form).await }));
    let (form, files) = read_multipart(request, cx.app.config.files.bytes, Some(may)).await?;
    for name in form.pairs().map(|(name, _)| name).chain(files.iter().map(|file| file.field.as_str())) {
        if name != "file" && !FIELDS.contains(&name) {
            let pointer = Some(format!("/{name}"));
            return Err(Error::Malformed { code: "multipart", detail: format!("unknown field `{name}`"), pointer });
        }
    }
    let uuid = |text: &str| Uuid::parse_str(text).ok();
    let required = |name: &str| Error::field(name, "required");
    let mut files = files.into_iter().filter(|file| file.field == "file");
    let file = files.next().ok_or_else(|| required("file"))?;
    if files.next().is_some() {
        return Err(Error::field("file", "one_file"));
    }
    let most = cx.app.config.files.bytes;
    let bytes = file.bytes.ok_or(Error::TooLarge(most))?;
    let new = NewAttachment {
        id: field(&form, "id", uuid)?,
        owner: field(&form, "owner", Owner::parse)?.ok_or_else(|| required("owner"))?,
        owner_id: field(&form, "owner_id", uuid)?.ok_or_else(|| required("owner_id"))?,
        purpose: field(&form, "purpose", Purpose::parse)?.unwrap_or(Purpose::Report),
        work_order_id: field(&form, "work_order_id", uuid)?,
        file: Incoming { name: file.name, bytes },
    };
    if let Some(Once { fingerprint, .. }) = &mut cx.who.once {
        let digest = vault::hash::hex(&vault::hash::sha256(&new.file.bytes));
        let (owner, id, purpose) = (new.owner, new.owner_id, new.purpose);
        fingerprint.push_str(&format!(" {owner} {id} {purpose} {:?} {digest}", new.work_order_id));
    }
    let id = match desk::add(&cx.app, &cx.who, new).await {
        Ok(id) | Err(Error::Replayed(id)) => id,
        Err(error) => return Err(error),
    };
    let view = desk::view(&cx.app, &cx.who, id).await?;
    Ok(record(StatusCode::CREATED, Some(format!("/api/v1/attachments/{id}")), &view))
}

async fn content(cx: Cx, path: HashMap<String, String>) -> Result<Response> {
    let (file, bytes) = desk::content(&cx.app, &cx.who, id_of(&path)?, cx.request.address).await?;
    file_answer(&file, bytes)
}

async fn small(cx: Cx, path: HashMap<String, String>, headers: HeaderMap) -> Result<Response> {
    Ok(picture_answer(&headers, desk::thumbnail(&cx.app, &cx.who, id_of(&path)?).await?))
}

/// Why a file is removed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RemoveQuery {
    /// Needed where something rests on it.
    reason: Option<String>,
}

async fn remove(cx: Cx, path: HashMap<String, String>, _: Request) -> Result<Response> {
    let query: RemoveQuery = crate::http::api::read_query(Some(&cx.request.query))?;
    match desk::remove(&cx.app, &cx.who, id_of(&path)?, query.reason.as_deref()).await {
        Ok(_) | Err(Error::Replayed(_)) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(error) => Err(error),
    }
}
