use super::desk::{self, NewList, READERS, Set, Ticking};
use crate::actor::OFFICE;
use crate::appeal::desk as appeals;
use crate::appeal::record::View;
use crate::error::Result;
use crate::http::api::{NoQuery, Page};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::settings::desk::{KEEPERS, READERS as SETTINGS};
use axum::http::StatusCode;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    routes
        .api_get("/api/v1/checklists", Access::only(OFFICE.and(SETTINGS)), lists)
        .summary("Checklists that guard an action, by category");
    routes
        .api_post("/api/v1/checklists", Access::only(KEEPERS), StatusCode::OK, set)
        .summary("Set a checklist from now on; appeals at work keep theirs");
    routes
        .api_act("/api/v1/appeals/{id}/checks", Access::only(READERS), tick, show)
        .summary("Tick an item of an appeal's checklists, or take the tick back; answers the appeal");
}

async fn lists(cx: Cx, _: NoQuery) -> Result<Page<Set>> {
    let items = desk::lists(&mut cx.read().await?, &cx.who).await?;
    let total = items.len() as i64;
    Ok(Page::new(items, None, total))
}

async fn set(cx: Cx, new: NewList) -> Result<Page<Set>> {
    desk::set(&cx.app, &cx.who, new).await?;
    lists(cx, NoQuery {}).await
}

async fn tick(cx: Cx, id: Uuid, ticking: Ticking) -> Result<Uuid> {
    desk::tick(&cx.app, &cx.who, id, ticking).await
}

async fn show(cx: Cx, id: Uuid) -> Result<View> {
    appeals::view(&cx.app, &cx.who, id).await
}
