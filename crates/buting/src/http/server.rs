//! The process that listens: layers around the routes, and a clean end.

use super::openapi;
use super::problem::Problem;
use super::routes::{Routes, problem_page, template};
use super::{page, session};
use crate::app::App;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use metrics_exporter_prometheus::PrometheusHandle;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError, ResponseForProtectionError};
use tower_http::limit::RequestBodyLimitLayer;

/// The largest request at all (bytes): a form with files.
const MAX_BODY: usize = super::form::MAX_UPLOAD;
/// How long a request may take.
const REQUEST_TIME: Duration = Duration::from_secs(30);
/// How much longer one may take that brings files: at the edge of a building site a
/// telephone sends some hundred kilobytes in a second.
const FILES_LONGER: u32 = 10;
/// How long a client may take to send its head.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long requests at work are waited for when the process ends.
const DRAIN_TIME: Duration = Duration::from_secs(7);
/// How long nothing is accepted after the system refused; twice as long when it
/// refuses again, up to the second.
const REST: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The content security policy: nothing inline, nothing from elsewhere.
const CSP: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                   object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Everything that is served, with its layers.
pub fn router(app: &Arc<App>, routes: Routes, metrics: Option<PrometheusHandle>) -> Router {
    let (router, _, operations) = routes.finish();
    let document = Arc::new(LazyLock::new(move || openapi::document(&operations).to_string()));
    let open = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(async move || metrics.map(|m| m.render()).unwrap_or_default()))
        .route("/assets/{digest}/{name}", get(super::assets::serve))
        .route("/sw.js", get(super::assets::worker))
        .route("/app.webmanifest", get(super::assets::manifest))
        .route(
            "/api/openapi.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], document.as_str().to_owned())),
        );
    let origins = app.config.trusted_origins.iter().fold(CsrfLayer::new(), |layer, origin| {
        layer.clone().add_trusted_origin(origin.as_str()).unwrap_or_else(|error| {
            tracing::error!(origin, ?error, "a trusted origin is not one; it is left out");
            layer
        })
    });
    let router = router
        .merge(open)
        .fallback(missing)
        .method_not_allowed_fallback(wrong_method)
        .with_state(Arc::clone(app))
        .layer(CompressionLayer::new())
        .layer(origins.with_rejection_response(CrossSite));
    bounded(router, REQUEST_TIME).layer(from_fn_with_state(app.config.https, headers)).layer(from_fn(observe))
}

/// The bounds of every request: its size, its time, and that a handler may
/// break without the process.
fn bounded(router: Router, time: Duration) -> Router {
    router
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(from_fn(move |request, next| in_time(time, request, next)))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(in_form))
}

/// Where a handler says that it reads files, which take longer on their way.
#[derive(Clone, Default)]
pub struct Patience(Arc<AtomicBool>);

impl Patience {
    /// Gives this request the time that files take. Said by what reads them, so that
    /// nobody gets it by the look of his request alone.
    pub fn longer(request: &Request) {
        if let Some(Self(longer)) = request.extensions().get() {
            longer.store(true, Ordering::Relaxed);
        }
    }
}

/// Ends a request that takes too long.
async fn in_time(time: Duration, mut request: Request, next: Next) -> Response {
    let patience = Patience::default();
    request.extensions_mut().insert(patience.clone());
    let mut run = std::pin::pin!(next.run(request));
    if let Ok(done) = tokio::time::timeout(time, &mut run).await {
        return done;
    }
    let rest = if patience.0.load(Ordering::Relaxed) { time * (FILES_LONGER - 1) } else { Duration::ZERO };
    let done = tokio::time::timeout(rest, run).await;
    done.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.db.is_migrated(crate::migrations::MIGRATIONS).await {
        Ok(true) => "ready\n".into_response(),
        Ok(false) => (StatusCode::SERVICE_UNAVAILABLE, "migrations are not complete\n").into_response(),
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database is not reachable\n").into_response()
        }
    }
}

/// Whether a program asks, which reads problem+json.
fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

async fn answer(app: &Arc<App>, request: Request, status: StatusCode) -> Response {
    let lang = session::language(request.headers());
    let problem = Problem::bare(status, lang);
    if is_api(request.uri().path()) {
        return problem.into_json();
    }
    // A body cannot be shared between threads, and nobody reads it.
    let (parts, _) = request.into_parts();
    problem_page(app, &parts, lang, problem).await
}

async fn missing(State(app): State<Arc<App>>, request: Request) -> Response {
    answer(&app, request, StatusCode::NOT_FOUND).await
}

async fn wrong_method(State(app): State<Arc<App>>, request: Request) -> Response {
    answer(&app, request, StatusCode::METHOD_NOT_ALLOWED).await
}

/// Puts into words what layers and extractors refuse with a status alone. No
/// frame is set around it: that would ask the database, which may be what the
/// time ran out on.
async fn in_form(request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let api = is_api(request.uri().path());
    // What watches over the program reads plain text.
    let watched = matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics");
    let response = next.run(request).await;
    let status = response.status();
    let refused = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let wordless = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if watched || !refused || !wordless {
        return response;
    }
    let lang = session::language(&headers);
    let problem = Problem::bare(status, lang);
    if api { problem.into_json() } else { page::problem_of(problem, lang, &headers) }
}

/// Refuses a post from another site; [`in_form`] says so.
#[derive(Clone)]
struct CrossSite;

impl ResponseForProtectionError<Body> for CrossSite {
    fn response_for_protection_error(&mut self, _: ProtectionError) -> Response {
        StatusCode::FORBIDDEN.into_response()
    }
}

fn panicked(what: Box<dyn std::any::Any + Send>) -> Response {
    let text = what
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| what.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words");
    tracing::error!(what = text, "a fault of the program");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Security headers on every answer that does not set its own.
async fn headers(State(https): State<bool>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "geolocation=(), camera=(), microphone=()"),
        ("x-frame-options", "DENY"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if https {
        headers
            .entry("strict-transport-security")
            .or_insert(HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
    response
}

/// Gives the request an id, logs its end, counts it. The query never enters
/// the log: it may hold names.
async fn observe(mut request: Request, next: Next) -> Response {
    let id = uuid::Uuid::now_v7().to_string();
    if let Ok(value) = HeaderValue::from_str(&id) {
        request.headers_mut().insert(REQUEST_ID, value);
    }
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let matched = Arc::new(std::sync::OnceLock::new());
    request.extensions_mut().insert(Matched(Arc::clone(&matched)));
    let began = Instant::now();
    let mut response = next.run(request).await;
    let elapsed = began.elapsed();
    let status = response.status().as_u16();
    let route = matched.get().cloned().unwrap_or_else(|| "other".to_owned());
    metrics::counter!("http_requests_total", "method" => method_name(&method), "route" => route.clone(), "status" => status.to_string()).increment(1);
    metrics::histogram!("http_request_seconds", "route" => route).record(elapsed.as_secs_f64());
    let ms = elapsed.as_millis() as u64;
    if status >= 500 {
        tracing::error!(%id, %method, path, status, ms, "request failed");
    } else {
        tracing::debug!(%id, %method, path, status, ms, "request");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Where the guard of a route leaves the route's template for the counters.
#[derive(Clone)]
pub struct Matched(Arc<std::sync::OnceLock<String>>);

impl Matched {
    /// Notes the template of the route that was matched.
    pub fn note(request: &axum::http::request::Parts) {
        if let Some(matched) = request.extensions.get::<Self>() {
            let _ = matched.0.set(template(request));
        }
    }
}

/// A known method's name; all others count as one.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

/// How long to rest after a connection could not be accepted. What one client
/// did ends with it; what the machine lacks (file handles, memory) is not there
/// the moment after either.
fn rest_after(error: &std::io::Error, refused: u32) -> Option<Duration> {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    let (first, longest) = REST;
    let of_client = matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted);
    (!of_client).then(|| longest.min(first * 2_u32.pow(refused.min(10))))
}

/// Serves until `stop` resolves; then answers what is at work and returns.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    let mut refused = 0;
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => {
                refused = 0;
                accepted
            }
            Err(error) => {
                let Some(rest) = rest_after(&error, refused) else { continue };
                tracing::warn!(%error, "connections cannot be accepted; trying again in {} ms", rest.as_millis());
                refused += 1;
                tokio::select! {
                    () = &mut stop => break,
                    () = tokio::time::sleep(rest) => continue,
                }
            }
        };
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = tower::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
            router.clone().oneshot(request.map(Body::new))
        });
        let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(64 * 1024);
        let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIME, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still at work after {} s", DRAIN_TIME.as_secs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderMap;
    use axum::routing::post;

    async fn ask(path: &str, body: &str, accepted: &str) -> (StatusCode, HeaderMap, String) {
        let broken = async || -> StatusCode { panic!("a defect") };
        let slow = async || std::future::pending::<StatusCode>().await;
        let read = async |_: axum::body::Bytes| StatusCode::OK;
        let files = async |request: Request| {
            Patience::longer(&request);
            tokio::time::sleep(Duration::from_millis(60)).await;
            StatusCode::OK
        };
        let wordless = async || StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let mut router = Router::new().route("/healthz", post(async || StatusCode::SERVICE_UNAVAILABLE));
        for base in ["", "/api/v1"] {
            router = router
                .route(&format!("{base}/broken"), post(broken))
                .route(&format!("{base}/slow"), post(slow))
                .route(&format!("{base}/read"), post(read))
                .route(&format!("{base}/files"), post(files))
                .route(&format!("{base}/wordless"), post(wordless));
        }
        let mut request = Request::builder().method(Method::POST).uri(path).header(header::ACCEPT_LANGUAGE, accepted);
        if body == "parts" {
            request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        }
        if body == "large" {
            request = request.header(header::CONTENT_LENGTH, MAX_BODY + 1);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        let response = bounded(router, Duration::from_millis(20)).oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, MAX_BODY).await.expect("a body");
        (parts.status, parts.headers, String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn a_machine_without_file_handles_is_not_asked_without_pause() {
        let lacking = std::io::Error::from_raw_os_error(24);
        for (refused, ms) in [(0, 10), (1, 20), (3, 80), (7, 1000), (u32::MAX, 1000)] {
            assert_eq!(rest_after(&lacking, refused), Some(Duration::from_millis(ms)), "{refused}");
        }
        assert_eq!(rest_after(&std::io::ErrorKind::ConnectionAborted.into(), 3), None, "the next one may come at once");
    }

    #[tokio::test]
    async fn only_what_reads_files_is_waited_for_longer() {
        for (path, status) in [("/files", 200), ("/slow", 408)] {
            assert_eq!(ask(path, "parts", "zh-CN").await.0.as_u16(), status, "{path}");
        }
    }

    #[tokio::test]
    async fn what_a_layer_refuses_is_said_in_words() {
        for (path, body, status, code, words) in [
            ("/broken", "", 500, "internal", "系统出错了"),
            ("/slow", "", 408, "timeout", "办理时间太长"),
            ("/read", "large", 413, "too_large", "太大"),
            ("/wordless", "", 415, "media_type", "格式"),
        ] {
            let (answered, headers, page) = ask(path, body, "zh-CN").await;
            assert_eq!(answered.as_u16(), status, "{path}");
            assert!(headers[header::CONTENT_TYPE].to_str().is_ok_and(|kind| kind.starts_with("text/html")), "{path}");
            assert!(page.contains("<html lang=\"zh-CN\"") && page.contains(words), "{path}: {page}");
            let (answered, headers, problem) = ask(&format!("/api/v1{path}"), body, "en").await;
            assert_eq!(answered.as_u16(), status, "{path}");
            assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
            let problem: serde_json::Value = serde_json::from_str(&problem).expect("JSON");
            assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()), "{path}");
        }
        let (answered, _, body) = ask("/healthz", "", "zh-CN").await;
        assert_eq!((answered, body.as_str()), (StatusCode::SERVICE_UNAVAILABLE, ""), "programs watch this one");
    }
}
