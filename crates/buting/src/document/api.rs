use super::desk::{self, DocumentsQuery, READERS};
use super::{Asked, Issued};
use crate::error::{Error, Result};
use crate::http::api::{self, Page};
use crate::http::cx::Cx;
use crate::http::form::id_of;
use crate::http::openapi::Operation;
use crate::http::routes::{Access, Routes};
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::HashMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    routes.api_get("/api/v1/documents", readers, list).summary("The register of issued documents, the last first");
    routes
        .api_create("/api/v1/documents", readers, issue, show)
        .summary("Issue a document: hand-over sheet, supervision order, record of a visit, ledger of appeals");
    routes.api_read("/api/v1/documents/{id}", readers, show).summary("An issued document, without what it says");
    let path = "/api/v1/documents/{id}/file";
    let about = Operation::new(path, Method::GET, readers);
    routes
        .api_raw(Method::GET, path, readers, about, file)
        .summary("An issued document as a file, `format` pdf or docx");
    routes
        .api_act("/api/v1/documents/{id}/actions", readers, act, show)
        .summary("Withdraw an issued document, with the reason");
}

async fn list(cx: Cx, query: DocumentsQuery) -> Result<Page<Issued>> {
    desk::list(&cx.app, &cx.who, &query).await
}

async fn issue(cx: Cx, asked: Asked) -> Result<Uuid> {
    desk::issue(&cx.app, &cx.who, &asked).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Issued> {
    desk::issued(&cx.app, &cx.who, id).await
}

/// What is done with a document.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    /// It no longer holds; its number stays its own.
    Withdraw {
        /// Why.
        reason: String,
    },
}

async fn act(cx: Cx, id: Uuid, act: Act) -> Result<Uuid> {
    let Act::Withdraw { reason } = act;
    desk::withdraw(&cx.app, &cx.who, id, &reason).await
}

/// As what it is wanted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileQuery {
    /// `pdf` or `docx`; PDF when absent.
    format: Option<String>,
}

async fn file(cx: Cx, path: HashMap<String, String>, request: Request) -> Result<Response> {
    let query: FileQuery = api::read_query(Some(&cx.request.query))?;
    let id = path.get("id").ok_or(Error::NotFound)?;
    super::pages::file_answer(&cx, request.headers(), id_of(id)?, query.format.as_deref().unwrap_or_default()).await
}
