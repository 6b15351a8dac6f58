//! Style, scripts and icons, built into the binary. The URL holds a digest of
//! the content, so that browsers keep a file for good and never an old one.

use crate::text::Lang;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use serde_json::json;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
struct Dist;

static URLS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    Dist::iter()
        .filter_map(|name| {
            let file = Dist::get(&name)?;
            let digest = vault::hash::hex(&file.metadata.sha256_hash()[..6]);
            Some((name.to_string(), format!("/assets/{digest}/{name}")))
        })
        .collect()
});

/// The URL of an asset.
pub fn url(name: &str) -> String {
    URLS.get(name).cloned().unwrap_or_else(|| {
        tracing::error!(name, "an asset is missing from the build");
        format!("/assets/0/{name}")
    })
}

/// `GET /sw.js`: the service worker, after a digest of the build. It stands at the
/// root, since a worker answers only for what is below it. A build with another
/// asset is another text, by which browsers know that the kept page is to be renewed.
pub async fn worker() -> Response {
    let Some(file) = Dist::get("sw.js") else { return StatusCode::NOT_FOUND.into_response() };
    let mut assets: Vec<&str> = URLS.values().map(String::as_str).collect();
    assets.sort_unstable();
    let digest = vault::hash::hex(&vault::hash::sha256(assets.concat().as_bytes())[..6]);
    let mut text = format!("// build {digest}\n").into_bytes();
    text.extend_from_slice(&file.data);
    let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
    // Asked for again each time; the browser compares.
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))], text)
        .into_response()
}

/// `GET /app.webmanifest?lang=…`: what the product is called and looks like when
/// it is put on a home screen. Browsers ask for it without cookies, so the page
/// says the language.
pub async fn manifest(RawQuery(query): RawQuery) -> Response {
    let asked = query.as_deref().and_then(|query| query.strip_prefix("lang="));
    let lang = asked.and_then(Lang::of_tag).unwrap_or_default();
    let icon = |name: &str, size: &str, kind: &str, purpose: &str| json!({"src": url(name), "sizes": size, "type": kind, "purpose": purpose});
    let body = json!({
        "id": "/",
        "name": lang.t("app-name"),
        "short_name": lang.t("product"),
        "description": lang.t("app-about"),
        "lang": lang.tag(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f8f7f3",
        "theme_color": "#1d4f7c",
        "icons": [
            icon("icon-192.png", "192x192", "image/png", "any"),
            icon("icon-512.png", "512x512", "image/png", "any"),
            icon("icon-maskable.png", "512x512", "image/png", "maskable"),
            icon("favicon.svg", "any", "image/svg+xml", "any"),
        ],
        "shortcuts": [{"name": lang.t("offline"), "url": "/visits/offline"}],
    });
    let kind = HeaderValue::from_static("application/manifest+json");
    let keep = HeaderValue::from_static("public, max-age=3600");
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep)], body.to_string()).into_response()
}

/// `GET /assets/{digest}/{name}`.
pub async fn serve(Path((_, name)): Path<(String, String)>) -> Response {
    let Some(file) = Dist::get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = match name.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    };
    let mut response = file.data.into_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}
