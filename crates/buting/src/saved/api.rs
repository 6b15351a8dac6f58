use super::{List, NewView, View, desk};
use crate::actor::OFFICE;
use crate::error::{Error, Result};
use crate::http::api::{Page, id_of};
use crate::http::cx::Cx;
use crate::http::openapi::Operation;
use crate::http::routes::{Access, Routes};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::HashMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let office = Access::only(OFFICE);
    routes.api_get("/api/v1/views", office, views).summary("Kept views of lists: one's own and the department's");
    routes.api_create("/api/v1/views", office, keep, show).summary("Keep filter, order and columns of a list");
    routes.api_read("/api/v1/views/{id}", office, show).summary("A kept view");
    let end = Operation::new("/api/v1/views/{id}", Method::DELETE, office).output::<()>("204");
    routes.api_raw(Method::DELETE, "/api/v1/views/{id}", office, end, delete).summary("Delete a view of one's own");
}

/// What the list of views is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ViewsQuery {
    /// Of this list.
    list: Option<List>,
}

async fn views(cx: Cx, query: ViewsQuery) -> Result<Page<View>> {
    let views = desk::views(&mut cx.read().await?, &cx.who, query.list).await?;
    let n = views.len() as i64;
    Ok(Page::new(views, None, n))
}

async fn keep(cx: Cx, new: NewView) -> Result<Uuid> {
    desk::keep(&cx.app, &cx.who, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<View> {
    desk::view(&cx.app, &cx.who, id).await
}

async fn delete(cx: Cx, path: HashMap<String, String>, _: Request) -> Result<Response> {
    match desk::delete(&cx.app, &cx.who, id_of(&path)?).await {
        Ok(_) | Err(Error::Replayed(_)) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(error) => Err(error),
    }
}
