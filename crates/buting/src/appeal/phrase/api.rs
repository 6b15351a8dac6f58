use super::desk::{self, READERS};
use super::{Draft, Phrase};
use crate::error::Result;
use crate::http::api::{NoQuery, Page};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    routes.api_get("/api/v1/phrases", readers, list).summary("Text modules: the zone's and one's own");
    routes.api_create("/api/v1/phrases", readers, add, show).summary("Write a text module; a keeper also the zone's");
    routes.api_change("/api/v1/phrases/{id}", readers, change, show).summary("Change a text module");
    routes.api_act("/api/v1/phrases/{id}/retire", readers, retire, gone).summary("Take a text module out");
}

async fn list(cx: Cx, _: NoQuery) -> Result<Page<Phrase>> {
    let items = desk::list(&mut cx.read().await?, &cx.who).await?;
    let total = items.len() as i64;
    Ok(Page::new(items, None, total))
}

async fn add(cx: Cx, draft: Draft) -> Result<Uuid> {
    desk::add(&cx.app, &cx.who, draft).await
}

async fn change(cx: Cx, id: Uuid, draft: Draft) -> Result<Uuid> {
    desk::change(&cx.app, &cx.who, id, draft).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Phrase> {
    desk::phrase(&mut cx.read().await?, &cx.who, id).await
}

/// Nothing is said with it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn retire(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    desk::retire(&cx.app, &cx.who, id).await
}

/// What was taken out is answered as a mark that it is gone.
#[derive(serde::Serialize, JsonSchema)]
struct Gone {
    /// Key.
    id: Uuid,
}

impl crate::http::api::Versioned for Gone {
    fn version(&self) -> i64 {
        0
    }
}

async fn gone(_: Cx, id: Uuid) -> Result<Gone> {
    Ok(Gone { id })
}
