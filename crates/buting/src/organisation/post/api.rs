use super::super::desk::KEEPERS;
use super::desk::{self, PostsQuery, READERS};
use super::{NewPost, Post, PostEnd};
use crate::error::{Error, Result};
use crate::http::api::{Nothing, Page};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::time::Time;
use crate::trace;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let keepers = Access::only(KEEPERS);
    routes.api_get("/api/v1/posts", readers, posts).summary("Who holds or held which post in which department");
    routes
        .api_create("/api/v1/posts", keepers, take, show)
        .summary("Give somebody a post beside those he has, or another main one");
    routes.api_read("/api/v1/posts/{id}", readers, show).summary("A post");
    routes
        .api_act("/api/v1/posts/{id}/main", keepers, make_main, show)
        .summary("Make a post the main one from now on; answers the post as it goes on");
    routes
        .api_act("/api/v1/posts/{id}/end", keepers, end, show)
        .summary("End a post; cases in the person's hands go back to the department");
    routes.api_get("/api/v1/leadership", readers, leadership).summary("The leadership, in order");
    routes
        .api_post("/api/v1/leadership", keepers, StatusCode::OK, set_order)
        .summary("Put the leadership into an order");
}

async fn posts(cx: Cx, query: PostsQuery) -> Result<Page<Post>> {
    let page = desk::list(&cx.app, &cx.who, &query).await?;
    trace::bulk(&cx.app, &cx.who, cx.request.address, "person", page.items.len(), query.cursor.is_some()).await?;
    Ok(page)
}

async fn show(cx: Cx, id: Uuid) -> Result<Post> {
    desk::post(&mut cx.read().await?, &cx.who, id).await
}

async fn take(cx: Cx, new: NewPost) -> Result<Uuid> {
    desk::take(&cx.app, &cx.who, new).await
}

async fn make_main(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    desk::make_main(&cx.app, &cx.who, id).await
}

async fn end(cx: Cx, id: Uuid, end: PostEnd) -> Result<Uuid> {
    desk::end(&cx.app, &cx.who, id, &end).await
}

/// Of when.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct When {
    /// As it was at that instant; now when absent.
    as_of: Option<Time>,
}

async fn leadership(cx: Cx, query: When) -> Result<Page<Post>> {
    let at = query.as_of.unwrap_or(cx.now());
    let all = desk::leadership(&mut cx.read().await?, &cx.who, at).await?;
    let n = all.len() as i64;
    Ok(Page::new(all, None, n))
}

/// The order of the leadership.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Order {
    /// Everybody of it, the first first.
    people: Vec<Uuid>,
}

async fn set_order(cx: Cx, order: Order) -> Result<Page<Post>> {
    match desk::set_order(&cx.app, &cx.who, &order.people).await {
        Ok(_) | Err(Error::Replayed(_)) => leadership(cx, When::default()).await,
        Err(error) => Err(error),
    }
}
