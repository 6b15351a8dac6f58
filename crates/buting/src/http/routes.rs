//! The one table of routes. A route cannot be added without saying who may call
//! it; the router, the OpenAPI document and the authorisation matrix are all
//! made from here.

use super::cx::{Cx, Request};
use super::problem::Problem;
use super::{page, session};
use crate::actor::{Actor, Once, Roles, SIGNED_IN, Via};
use crate::app::App;
use crate::error::Error;
use crate::text::{Label, Lang};
use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request as HttpRequest, State};
use axum::handler::Handler;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// These roles.
    pub roles: Roles,
    /// And everybody who is not signed in.
    pub anonymous: bool,
}

impl Access {
    /// Only these roles.
    pub const fn only(roles: Roles) -> Self {
        Self { roles, anonymous: false }
    }

    /// Everybody, signed in or not.
    pub const fn everybody() -> Self {
        Self { roles: SIGNED_IN, anonymous: true }
    }

    /// Everybody with an account.
    pub const fn signed_in() -> Self {
        Self { roles: SIGNED_IN, anonymous: false }
    }

    /// The names for `x-roles`.
    pub fn names(self) -> Vec<&'static str> {
        let anonymous = self.anonymous.then_some("anonymous");
        anonymous.into_iter().chain(self.roles.iter().map(|role| role.word())).collect()
    }
}

/// A page of the table, for tests that walk them all.
#[derive(Clone, Debug)]
pub struct PageRoute {
    /// HTTP method.
    pub method: Method,
    /// Path template.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
}

/// The table under construction.
pub struct Routes {
    app: Arc<App>,
    router: Router<Arc<App>>,
    /// Pages.
    pub pages: Vec<PageRoute>,
    /// Operations of the API.
    pub operations: Vec<super::openapi::Operation>,
}

/// What the guard of one route knows.
#[derive(Clone)]
pub(super) struct Guard {
    app: Arc<App>,
    access: Access,
    api: bool,
}

impl Routes {
    /// An empty table.
    pub fn new(app: Arc<App>) -> Self {
        Self { app, router: Router::new(), pages: Vec::new(), operations: Vec::new() }
    }

    /// A page or fragment.
    pub fn get<H, T>(&mut self, path: &'static str, access: Access, handler: H) -> &mut Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        self.page(Method::GET, MethodFilter::GET, path, access, handler)
    }

    /// The post of a form.
    pub fn post<H, T>(&mut self, path: &'static str, access: Access, handler: H) -> &mut Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        self.page(Method::POST, MethodFilter::POST, path, access, handler)
    }

    fn page<H, T>(
        &mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> &mut Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        self.pages.push(PageRoute { method, path, access });
        self.add(path, access, false, on(filter, handler))
    }

    pub(super) fn add(&mut self, path: &str, access: Access, api: bool, handler: MethodRouter<Arc<App>>) -> &mut Self {
        let guard = Guard { app: Arc::clone(&self.app), access, api };
        let router = std::mem::take(&mut self.router);
        self.router = router.route(path, handler.layer(from_fn_with_state(guard, enter)));
        self
    }

    /// The router, and what was declared.
    pub fn finish(self) -> (Router<Arc<App>>, Vec<PageRoute>, Vec<super::openapi::Operation>) {
        (self.router, self.pages, self.operations)
    }
}

/// Finds out who asks and whether the route is for him.
async fn enter(State(guard): State<Guard>, request: HttpRequest, next: Next) -> Response {
    // A body cannot be shared between threads, so it waits apart.
    let (mut parts, body) = request.into_parts();
    super::server::Matched::note(&parts);
    let lang = session::language(&parts.headers);
    match admit(&guard, &parts, lang).await {
        Ok(cx) => {
            parts.extensions.insert(cx.clone());
            let label = cx.label;
            let answer = async {
                let response = next.run(HttpRequest::from_parts(parts, body)).await;
                if guard.api { response } else { page::framed(&cx, response).await }
            };
            label.within(answer).await
        }
        Err(error) => refuse(&guard, &parts, lang, &error).await,
    }
}

/// The page of an error outside the table of routes, in the reader's own frame
/// where there is one.
pub(super) async fn problem_page(app: &Arc<App>, request: &Parts, lang: Lang, problem: Problem) -> Response {
    let open = Guard { app: Arc::clone(app), access: Access::everybody(), api: false };
    let bare = page::problem_of(problem, lang, &request.headers);
    match admit(&open, request, lang).await {
        Ok(cx) => cx.label.within(page::framed(&cx, bare)).await,
        Err(_) => bare,
    }
}

async fn admit(guard: &Guard, request: &Parts, lang: Lang) -> Result<Cx, Error> {
    let app = &guard.app;
    let headers = &request.headers;
    let path = request.uri.path();
    let address = client_address(app, request);
    let found = session::resolve(app, headers, &request.method, path).await;
    let found = match found {
        Ok(found) => found,
        // A bad credential is no credential: routes for everybody stay open.
        Err(Error::Unauthenticated(_)) if guard.access.anonymous && !guard.api => None,
        Err(error) => return Err(error),
    };
    let (mut who, lang, label, session) = match found {
        Some(found) => {
            session::stage_allows(&found, path)?;
            if !guard.access.anonymous && !found.actor.roles.meets(guard.access.roles) {
                return Err(Error::Forbidden);
            }
            (found.actor, found.lang.unwrap_or(lang), found.label, found.session)
        }
        // While there is no zone, every page leads to the one that makes it.
        None if !guard.api && path != "/first-run" && crate::organisation::first_run::is_wanted(app).await? => {
            return Err(Error::Unauthenticated("first_run"));
        }
        None if guard.access.anonymous => (visitor(), lang, Label::default(), None),
        None => return Err(Error::Unauthenticated("unauthenticated")),
    };
    who.via = if guard.api { Via::Api } else { Via::Page };
    who.seen_version = if_match(headers);
    // Who reads the body puts it into the fingerprint; the place counts at any rate.
    let fingerprint = format!("{} {path}", request.method);
    who.once = idempotency_key(headers)?.map(|key| Once { key, fingerprint });
    let request = Request {
        path: path.to_owned(),
        query: request.uri.query().unwrap_or_default().to_owned(),
        fragment: headers.get("hx-request-type").is_some_and(|v| v == "partial"),
        address,
        agent: text_header(headers, header::USER_AGENT).chars().take(200).collect(),
        session,
        theme: session::cookie(headers, "theme").map(str::to_owned),
        large_text: session::cookie(headers, "text") == Some("large"),
        flash: session::cookie(headers, "flash").map(str::to_owned),
        request_id: text_header(headers, header::HeaderName::from_static("x-request-id")).to_owned(),
        from: page::path_of(text_header(headers, header::REFERER)).to_owned(),
        typed: OnceLock::new(),
    };
    Ok(Cx { app: Arc::clone(app), who, lang, label, request: Arc::new(request) })
}

fn visitor() -> Actor {
    let mut visitor = Actor::rule(uuid::Uuid::nil());
    visitor.via = Via::Page;
    visitor.scope = crate::actor::Scope::Own;
    visitor
}

async fn refuse(guard: &Guard, request: &Parts, lang: Lang, error: &Error) -> Response {
    if guard.api {
        return Problem::of(error, lang).into_json();
    }
    match error {
        Error::Unauthenticated(stage) => {
            let target = match *stage {
                "second_factor" => "/sign-in/second".to_owned(),
                "change_password" => "/account/password".to_owned(),
                "set_up_second_factor" => "/account/second-factor".to_owned(),
                "first_run" => "/first-run".to_owned(),
                _ => {
                    let next = request.uri.path_and_query().map_or("/", |p| p.as_str());
                    let next = if request.method == Method::GET { next } else { "/" };
                    format!("/sign-in?next={}", super::page::encode(next))
                }
            };
            Redirect::to(&target).into_response()
        }
        error => problem_page(&guard.app, request, lang, Problem::of(error, lang)).await,
    }
}

fn text_header(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The version in `If-Match: "v3"`. What cannot be read matches no version:
/// whoever asks for a condition must not be given an unconditional write.
fn if_match(headers: &HeaderMap) -> Option<i64> {
    let asked = headers.get(header::IF_MATCH)?.to_str().unwrap_or_default().trim();
    if asked == "*" {
        return None;
    }
    let version = asked.trim_start_matches("W/").trim_matches('"').strip_prefix('v').and_then(|n| n.parse().ok());
    Some(version.unwrap_or(0))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim().trim_matches('"');
    if key.is_empty() || key.len() > 200 {
        return Err(Error::field("Idempotency-Key", "length"));
    }
    Ok(Some(key.to_owned()))
}

/// The client's address; a forwarded one only from a proxy that is trusted.
fn client_address(app: &App, request: &Parts) -> IpAddr {
    let peer =
        request.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
    if !app.config.trusted_proxies.contains(&peer) {
        return peer;
    }
    text_header(&request.headers, header::HeaderName::from_static("x-forwarded-for"))
        .rsplit(',')
        .find_map(|part| part.trim().parse().ok().filter(|ip| !app.config.trusted_proxies.contains(ip)))
        .unwrap_or(peer)
}

/// The template of the matched route, for logs and metrics (never the query).
pub fn template(request: &Parts) -> String {
    request.extensions.get::<MatchedPath>().map_or_else(|| "unmatched".to_owned(), |p| p.as_str().to_owned())
}
