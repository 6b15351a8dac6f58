use super::desk::{self, KEEPERS, LIBRARY, LibraryQuery, READERS};
use super::{Act, Remedy, RemedyAct, Solution, WentOnCount};
use crate::error::{Error, Result};
use crate::http::api::{NoQuery, Page};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use std::collections::HashMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (readers, library) = (Access::only(READERS), Access::only(LIBRARY));
    routes
        .api_under("/api/v1/appeals/{id}/solutions", readers, of_appeal)
        .summary("What was proposed for an appeal; the enterprise reads what it is asked about")
        .owner_scoped();
    routes
        .api_act("/api/v1/appeals/{id}/solutions", readers, act, solution)
        .summary(
            "Propose, adopt from the library, offer, prefer, choose, drop, keep in the library; answers the solution",
        )
        .owner_scoped();
    routes.api_get("/api/v1/solutions", library, list).summary("The library of solutions, what solved most first");
    routes
        .api_get("/api/v1/solutions/production", library, went_on)
        .summary("Closed appeals by whether production went on meanwhile");
    routes.api_read("/api/v1/solutions/{id}", library, show).summary("An entry of the library, with its uses");
    routes
        .api_act("/api/v1/solutions/{id}/actions", Access::only(KEEPERS), change, show)
        .summary("Change an entry of the library, take it out, offer it again");
}

async fn of_appeal(cx: Cx, path: HashMap<String, String>, _: NoQuery) -> Result<Page<Solution>> {
    let id = path.get("id").and_then(|id| Uuid::parse_str(id).ok()).ok_or(Error::NotFound)?;
    let items: Vec<Solution> =
        desk::of_appeal(&cx.app, &cx.who, id).await?.all.into_iter().map(|(solution, _)| solution).collect();
    let total = items.len() as i64;
    Ok(Page::new(items, None, total))
}

async fn act(cx: Cx, id: Uuid, act: Act) -> Result<Uuid> {
    desk::act(&cx.app, &cx.who, id, act).await
}

async fn solution(cx: Cx, id: Uuid) -> Result<Solution> {
    desk::solution(&cx.app, &cx.who, id).await
}

async fn list(cx: Cx, query: LibraryQuery) -> Result<Page<Remedy>> {
    desk::library(&cx.app, &cx.who, &query).await
}

async fn went_on(cx: Cx, _: NoQuery) -> Result<Page<WentOnCount>> {
    let items = desk::went_on(&cx.app, &cx.who).await?;
    let total = items.len() as i64;
    Ok(Page::new(items, None, total))
}

async fn show(cx: Cx, id: Uuid) -> Result<Remedy> {
    desk::remedy(&cx.app, &cx.who, id).await
}

async fn change(cx: Cx, id: Uuid, act: RemedyAct) -> Result<Uuid> {
    desk::change(&cx.app, &cx.who, id, act).await
}
