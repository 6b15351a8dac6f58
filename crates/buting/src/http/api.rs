//! The JSON API: reading input, answering, one-time keys, ETags. A job writes
//! plain functions of `Cx` and typed input; this turns them into routes and
//! into their description.

use super::cx::Cx;
use super::openapi::{Operation, schema};
use super::problem::Problem;
use super::routes::{Access, Routes};
use crate::app::App;
use crate::error::{Error, FieldError, Result};
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::future::Future;
use uuid::Uuid;

/// The largest JSON body (bytes).
const MAX_JSON: usize = 2 * 1024 * 1024;
/// A list never gives more.
pub const MAX_LIMIT: i64 = 200;
/// A list gives so many unless told.
pub const DEFAULT_LIMIT: i64 = 50;
/// Totals above this are not counted out.
pub const TOTAL_CAP: i64 = 1000;

/// A page of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Page<T> {
    /// The records.
    pub items: Vec<T>,
    /// Give this as `cursor` to get the next page; null at the end.
    pub next_cursor: Option<String>,
    /// How many there are in all; null above 1,000.
    pub total: Option<i64>,
    /// Above 1,000: at least so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_at_least: Option<i64>,
}

impl<T> Page<T> {
    /// A page with a total counted up to the cap.
    pub fn new(items: Vec<T>, next_cursor: Option<String>, counted: i64) -> Self {
        let over = counted > TOTAL_CAP;
        Self { items, next_cursor, total: (!over).then_some(counted), total_at_least: over.then_some(TOTAL_CAP + 1) }
    }

    /// The same page with other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next_cursor: self.next_cursor,
            total: self.total,
            total_at_least: self.total_at_least,
        }
    }
}

/// Checks `limit` of a list query.
pub fn limit(asked: Option<i64>) -> Result<i64> {
    match asked.unwrap_or(DEFAULT_LIMIT) {
        n @ 1..=MAX_LIMIT => Ok(n),
        _ => Err(Error::Invalid(vec![FieldError::new("limit", "range").with("min", 1).with("max", MAX_LIMIT)])),
    }
}

/// A record with a version, which becomes its ETag.
pub trait Versioned {
    /// Counts the changes, from 1.
    fn version(&self) -> i64;
}

/// An answer that is only accepted work: 202 with the id to ask for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Accepted {
    /// Ask for the state under this id.
    pub id: Uuid,
}

impl Routes {
    /// `GET` of a list or a computed answer, its query read as `Q`.
    pub fn api_get<Q, O, F, R>(&mut self, path: &'static str, access: Access, handler: F) -> &mut Operation
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + 'static,
        F: Fn(Cx, Q) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<O>> + Send + 'static,
    {
        let run = move |cx: Cx, RawQuery(query): RawQuery| async move {
            let lang = cx.lang;
            let result = async { handler(cx, read_query::<Q>(query.as_deref())?).await }.await;
            answer(result.map(|out| json(StatusCode::OK, &out)), lang)
        };
        self.operation(
            path,
            access,
            Method::GET,
            run,
            Operation::new(path, Method::GET, access).query(schema::<Q>).output::<O>("200"),
        )
    }

    /// `GET` of one record by the id in the path.
    pub fn api_read<O, F, R>(&mut self, path: &'static str, access: Access, handler: F) -> &mut Operation
    where
        O: Serialize + JsonSchema + Versioned + 'static,
        F: Fn(Cx, Uuid) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<O>> + Send + 'static,
    {
        let run = move |cx: Cx, Path(path): Path<HashMap<String, String>>| async move {
            let lang = cx.lang;
            let result = async { handler(cx, id_of(&path)?).await }.await;
            answer(result.map(|out| record(StatusCode::OK, None, &out)), lang)
        };
        self.operation(path, access, Method::GET, run, Operation::new(path, Method::GET, access).output::<O>("200"))
    }

    /// `GET` of something under one record, by the id in the path.
    pub fn api_under<Q, O, F, R>(&mut self, path: &'static str, access: Access, handler: F) -> &mut Operation
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + 'static,
        F: Fn(Cx, HashMap<String, String>, Q) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<O>> + Send + 'static,
    {
        let run = move |cx: Cx, Path(path): Path<HashMap<String, String>>, RawQuery(query): RawQuery| async move {
            let lang = cx.lang;
            let result = async { handler(cx, path, read_query::<Q>(query.as_deref())?).await }.await;
            answer(result.map(|out| json(StatusCode::OK, &out)), lang)
        };
        self.operation(
            path,
            access,
            Method::GET,
            run,
            Operation::new(path, Method::GET, access).query(schema::<Q>).output::<O>("200"),
        )
    }

    /// `POST` that makes a record: `make` answers its id, `show` the record. The
    /// same one-time key, or the same client-chosen id, is answered with the
    /// record that is there.
    pub fn api_create<B, O, F, R, G, S>(
        &mut self,
        path: &'static str,
        access: Access,
        make: F,
        show: G,
    ) -> &mut Operation
    where
        B: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + Versioned + 'static,
        F: Fn(Cx, B) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Uuid>> + Send + 'static,
        G: Fn(Cx, Uuid) -> S + Clone + Send + Sync + 'static,
        S: Future<Output = Result<O>> + Send + 'static,
    {
        let run = move |cx: Cx, request: Request| async move {
            let lang = cx.lang;
            let base = cx.request.path.clone();
            let result = async {
                let (cx, body) = read_body::<B>(cx, request).await?;
                let (status, id) = match make(cx.clone(), body).await {
                    Ok(id) => (StatusCode::CREATED, id),
                    Err(Error::Replayed(id)) => (StatusCode::OK, id),
                    Err(error) => return Err(error),
                };
                let out = show(cx, id).await?;
                Ok(record(status, Some(format!("{base}/{id}")), &out))
            };
            answer(result.await, lang)
        };
        let about = Operation::new(path, Method::POST, access).body(schema::<B>).output::<O>("201");
        self.operation(path, access, Method::POST, run, about)
    }

    /// `PATCH` of one record. `If-Match` refuses a stale change.
    pub fn api_change<B, O, F, R, G, S>(
        &mut self,
        path: &'static str,
        access: Access,
        change: F,
        show: G,
    ) -> &mut Operation
    where
        B: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + Versioned + 'static,
        F: Fn(Cx, Uuid, B) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Uuid>> + Send + 'static,
        G: Fn(Cx, Uuid) -> S + Clone + Send + Sync + 'static,
        S: Future<Output = Result<O>> + Send + 'static,
    {
        let run = acting(change, show);
        let about = Operation::new(path, Method::PATCH, access).body(schema::<B>).output::<O>("200");
        self.operation(path, access, Method::PATCH, run, about)
    }

    /// `POST` of an action on one record; answers the record.
    pub fn api_act<B, O, F, R, G, S>(&mut self, path: &'static str, access: Access, act: F, show: G) -> &mut Operation
    where
        B: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + Versioned + 'static,
        F: Fn(Cx, Uuid, B) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Uuid>> + Send + 'static,
        G: Fn(Cx, Uuid) -> S + Clone + Send + Sync + 'static,
        S: Future<Output = Result<O>> + Send + 'static,
    {
        let run = acting(act, show);
        let about = Operation::new(path, Method::POST, access).body(schema::<B>).output::<O>("200");
        self.operation(path, access, Method::POST, run, about)
    }

    /// `POST` whose answer is not a stored record (a computed proposal, a token).
    pub fn api_post<B, O, F, R>(
        &mut self,
        path: &'static str,
        access: Access,
        status: StatusCode,
        handler: F,
    ) -> &mut Operation
    where
        B: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + 'static,
        F: Fn(Cx, B) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<O>> + Send + 'static,
    {
        let run = move |cx: Cx, request: Request| async move {
            let lang = cx.lang;
            let result = async {
                let (cx, body) = read_body::<B>(cx, request).await?;
                handler(cx, body).await
            };
            answer(result.await.map(|out| json(status, &out)), lang)
        };
        let about = Operation::new(path, Method::POST, access).body(schema::<B>).output::<O>(status.as_str());
        self.operation(path, access, Method::POST, run, about)
    }

    /// An operation that reads its request by itself (uploads, cookies).
    pub fn api_raw<F, R>(
        &mut self,
        method: Method,
        path: &'static str,
        access: Access,
        about: Operation,
        handler: F,
    ) -> &mut Operation
    where
        F: Fn(Cx, HashMap<String, String>, Request) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Response>> + Send + 'static,
    {
        let run = move |cx: Cx, Path(path): Path<HashMap<String, String>>, request: Request| async move {
            let lang = cx.lang;
            answer(handler(cx, path, request).await, lang)
        };
        self.operation(path, access, method, run, about)
    }

    fn operation<H, T>(
        &mut self,
        path: &'static str,
        access: Access,
        method: Method,
        handler: H,
        about: Operation,
    ) -> &mut Operation
    where
        H: axum::handler::Handler<T, std::sync::Arc<crate::app::App>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method).unwrap_or(MethodFilter::GET);
        self.add(path, access, true, on(filter, handler));
        self.operations.push(about);
        let last = self.operations.len() - 1;
        &mut self.operations[last]
    }
}

type Answering = std::pin::Pin<Box<dyn Future<Output = Response> + Send>>;

/// A handler that changes the record in the path and shows it.
fn acting<B, O, F, R, G, S>(
    act: F,
    show: G,
) -> impl Fn(Cx, Path<HashMap<String, String>>, Request) -> Answering + Clone + Send + Sync + 'static
where
    B: DeserializeOwned + Send + 'static,
    O: Serialize + Versioned + 'static,
    F: Fn(Cx, Uuid, B) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Uuid>> + Send + 'static,
    G: Fn(Cx, Uuid) -> S + Clone + Send + Sync + 'static,
    S: Future<Output = Result<O>> + Send + 'static,
{
    move |cx: Cx, Path(path): Path<HashMap<String, String>>, request: Request| {
        let (act, show) = (act.clone(), show.clone());
        Box::pin(async move {
            let lang = cx.lang;
            let result = async {
                let (cx, body) = read_body::<B>(cx, request).await?;
                let id = id_of(&path)?;
                let id = match act(cx.clone(), id, body).await {
                    Ok(id) | Err(Error::Replayed(id)) => id,
                    Err(error) => return Err(error),
                };
                let out = show(cx, id).await?;
                Ok(record(StatusCode::OK, None, &out))
            };
            answer(result.await, lang)
        })
    }
}

/// The id in the path; what is no id is no record.
pub fn id_of(path: &HashMap<String, String>) -> Result<Uuid> {
    path.get("id").and_then(|id| Uuid::parse_str(id).ok()).ok_or(Error::NotFound)
}

fn answer(result: Result<Response>, lang: crate::text::Lang) -> Response {
    result.unwrap_or_else(|error| Problem::of(&error, lang).into_json())
}

/// A JSON answer.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = (status, bytes).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A record as a JSON answer, with its version as ETag.
pub fn record<O: Serialize + Versioned>(status: StatusCode, location: Option<String>, out: &O) -> Response {
    let mut response = json(status, out);
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&format!("\"v{}\"", out.version())) {
        headers.insert(header::ETAG, etag);
    }
    if let Some(location) = location.and_then(|l| HeaderValue::from_str(&l).ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// Reads a query string. Unknown parameters are refused by name.
pub fn read_query<Q: DeserializeOwned>(query: Option<&str>) -> Result<Q> {
    let query = query.unwrap_or_default();
    if query.contains("%00") {
        return Err(Error::Malformed { code: "nul", detail: "a query must not contain NUL".into(), pointer: None });
    }
    let uri: axum::http::Uri = format!("/?{query}").parse().map_err(|_| Error::Malformed {
        code: "query",
        detail: "the query cannot be read".into(),
        pointer: None,
    })?;
    axum::extract::Query::<Q>::try_from_uri(&uri).map(|q| q.0).map_err(|rejection| {
        let detail = rejection.body_text();
        let name = detail.split('`').nth(1).map(|name| format!("/{name}"));
        Error::Malformed { code: "query", pointer: name, detail }
    })
}

/// Reads the JSON body; fingerprints it for the one-time key.
async fn read_body<B: DeserializeOwned>(mut cx: Cx, request: Request) -> Result<(Cx, B)> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != "application/json" && !kind.ends_with("+json") {
        return Err(Error::MediaType("application/json"));
    }
    let method = request.method().clone();
    let bytes = read_bytes(request, MAX_JSON).await?;
    if let Some(once) = &mut cx.who.once {
        once.fingerprint = fingerprint(&cx.app, &method, &cx.request.path, &bytes);
    }
    parse(&bytes).map(|body| (cx, body))
}

/// By what the same post is known again: method, path and body. Keyed, since a
/// body may hold a password, which nobody must find out by trying.
pub fn fingerprint(app: &App, method: &Method, path: &str, body: &[u8]) -> String {
    let mut all = format!("{method} {path}\n").into_bytes();
    all.extend_from_slice(body);
    let digest = vault::hash::hex(&vault::hash::sha256(&all));
    vault::hash::hex(&vault::field::blind_index(app.db.keyring(), &digest))
}

/// The whole body, up to a limit in bytes.
pub async fn read_bytes(request: Request, max: usize) -> Result<Bytes> {
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|n| n > max) {
        return Err(Error::TooLarge(max));
    }
    axum::body::to_bytes(request.into_body(), max).await.map_err(|error| {
        let text = format!("{error:?}");
        if text.contains("LengthLimit") {
            Error::TooLarge(max)
        } else {
            Error::Malformed { code: "body", detail: "the body was cut off".into(), pointer: None }
        }
    })
}

/// Parses JSON and says where it does not fit. A NUL character, which no text
/// column holds, is refused here for all.
pub fn parse<B: DeserializeOwned>(bytes: &[u8]) -> Result<B> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let body = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let pointer = (path != ".").then(|| format!("/{}", path.replace(['.', '['], "/").replace(']', "")));
        let detail = error.into_inner().to_string();
        let unknown = detail.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        let pointer = match (pointer, unknown) {
            (Some(pointer), Some(name)) if !pointer.ends_with(name) => Some(format!("{pointer}/{name}")),
            (None, Some(name)) => Some(format!("/{name}")),
            (pointer, _) => pointer,
        };
        Error::Malformed { code: "json", detail, pointer }
    })?;
    reader.end().map_err(|e| Error::Malformed { code: "json", detail: e.to_string(), pointer: None })?;
    if bytes.windows(6).any(|w| w == b"\\u0000") || bytes.contains(&0) {
        return Err(Error::Malformed { code: "nul", detail: "text must not contain NUL".into(), pointer: None });
    }
    Ok(body)
}

/// No parameters at all.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoQuery {}

/// What a list is asked that is neither narrowed nor sorted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PageQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Which part of a list that can be searched by words.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WordsQuery {
    /// With this word in a name or text.
    pub q: Option<String>,
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// The body of an action that takes no input.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Inner {
        phone: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Outer {
        contacts: Vec<Inner>,
    }

    #[test]
    fn the_place_of_a_fault_is_a_json_pointer() {
        for (body, pointer) in [
            (r#"{"contacts":[{"phone":1}]}"#, "/contacts/0/phone"),
            (r#"{"contacts":[{"phone":"1","x":2}]}"#, "/contacts/0/x"),
            (r#"{"contacts":[],"name":1}"#, "/name"),
        ] {
            let Err(Error::Malformed { pointer: Some(found), .. }) = parse::<Outer>(body.as_bytes()) else {
                panic!("{body} should be refused with a pointer");
            };
            assert_eq!(found, pointer);
        }
    }

    #[test]
    fn totals_are_capped() {
        let page = Page::<i64>::new(vec![], None, 1000);
        assert_eq!((page.total, page.total_at_least), (Some(1000), None));
        let page = Page::<i64>::new(vec![], None, 1001);
        assert_eq!((page.total, page.total_at_least), (None, Some(1001)));
    }
}
