use super::{Group, HITS, LONGEST, desk};
use crate::actor::OFFICE;
use crate::error::{Check, Result};
use crate::http::api;
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub fn routes(routes: &mut Routes) {
    routes.api_get("/api/v1/search", Access::only(OFFICE), search).summary(
        "Everything that is called so or has the words, within one's reach; names nearly so when nothing is called so",
    );
}

/// What the search is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SearchQuery {
    /// A name, its beginning, pinyin or initials, a code, a number, a telephone, or words of a text; up to 100 characters.
    q: String,
    /// At most so many of a kind, up to 200; 10 when absent.
    limit: Option<i64>,
}

/// What was found, kind by kind.
#[derive(Serialize, JsonSchema)]
struct Found {
    /// Kinds of which something was found: what is called so, then texts.
    groups: Vec<Group>,
}

async fn search(cx: Cx, query: SearchQuery) -> Result<Found> {
    let mut check = Check::new();
    let q = check.text("q", &query.q, LONGEST);
    check.done()?;
    let limit = api::limit(Some(query.limit.unwrap_or(HITS)))?;
    Ok(Found { groups: desk::find(&cx.app, &cx.who, &q, limit).await? })
}
