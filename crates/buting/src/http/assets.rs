//! Style, scripts and icons, built into the binary. The URL holds a digest of
//! the content, so that browsers keep a file for good and never an old one.

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
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
