use super::super::Channel;
use super::desk::{self, KEEPERS, OrdersQuery, Outcome};
use super::store::Answer;
use super::{MOST, Order};
use crate::error::{Error, FieldError, Result};
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::problem::wrong_text;
use crate::http::routes::{Access, Routes};
use crate::time::Time;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let keepers = Access::only(KEEPERS);
    routes
        .api_get("/api/v1/outer_orders", keepers, list)
        .summary("Orders of outer platforms with their answers, in the order in which they were taken in");
    routes
        .api_post("/api/v1/outer_orders", keepers, StatusCode::OK, take)
        .summary("Take orders of an outer platform in; each once, whatever becomes of the others");
    routes
        .api_post("/api/v1/outer_orders/reported", keepers, StatusCode::OK, report)
        .summary("Write down that these were answered back on their platform");
}

/// Orders of one platform.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Orders {
    /// The platform: `hotline12345` or `upper`.
    channel: Channel,
    /// The orders, at most 100.
    orders: Vec<Order>,
}

/// What became of one order.
#[derive(Serialize, JsonSchema)]
struct Told {
    /// Its number on the platform.
    outer_number: String,
    /// The appeal that it is now, or was already.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    /// What is wrong with it.
    errors: Vec<Wrong>,
}

/// A field that is wrong.
#[derive(Serialize, JsonSchema)]
struct Wrong {
    /// JSON pointer within the body.
    pointer: String,
    /// Stable code.
    code: String,
    /// The sentence.
    detail: String,
}

/// What became of each order, in their order.
#[derive(Serialize, JsonSchema)]
struct Report {
    /// One for each.
    items: Vec<Told>,
}

async fn take(cx: Cx, body: Orders) -> Result<Report> {
    if body.orders.len() > MOST {
        return Err(Error::Invalid(vec![FieldError::new("orders", "too_many").with("max", MOST)]));
    }
    let mut items = Vec::with_capacity(body.orders.len());
    for (n, order) in body.orders.iter().enumerate() {
        let outer_number = order.outer_number.clone();
        items.push(match desk::take(&cx.app, &cx.who, body.channel, order).await {
            Ok(outcome) => Told { outer_number, outcome: Some(outcome), errors: Vec::new() },
            Err(Error::Invalid(errors)) => {
                let wrong = errors.into_iter().map(|error| Wrong {
                    pointer: format!("/orders/{n}/{}", error.field),
                    detail: wrong_text(cx.lang, &error),
                    code: error.code.to_owned(),
                });
                Told { outer_number, outcome: None, errors: wrong.collect() }
            }
            Err(other) => return Err(other),
        });
    }
    Ok(Report { items })
}

async fn list(cx: Cx, query: OrdersQuery) -> Result<Page<Answer>> {
    desk::orders(&cx.app, &cx.who, &query).await
}

/// Orders that were answered back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Reported {
    /// Keys of their appeals.
    items: Vec<Uuid>,
    /// When their answers were read, in milliseconds since 1970: what was answered later is not meant.
    seen_at: Option<Time>,
}

/// How many had an answer to give.
#[derive(Serialize, JsonSchema)]
struct Count {
    /// So many.
    reported: i64,
}

async fn report(cx: Cx, body: Reported) -> Result<Count> {
    if body.items.len() > 200 {
        return Err(Error::Invalid(vec![FieldError::new("items", "too_many").with("max", 200)]));
    }
    Ok(Count { reported: desk::report(&cx.app, &cx.who, &body.items, body.seen_at).await? })
}
