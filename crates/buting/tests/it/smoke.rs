//! The frame holds before any job is tested.

use crate::house::House;
use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value as Json, json};

#[tokio::test]
async fn who_is_signed_in() {
    for house in House::both().await {
        let me = house.call("officer", "GET", "/api/v1/session", Json::Null).await.expect(200).json();
        assert_eq!(me["roles"], json!(["officer"]));
        house.call("anonymous", "GET", "/api/v1/session", Json::Null).await.expect(401);
        let page = house.page("anonymous", "/sign-in").await.expect(200).text();
        assert!(page.contains("<h1"), "{page}");
    }
}

#[tokio::test]
async fn a_missing_page_says_so_in_its_own_form() {
    let house = House::sqlite().await;
    let page = house.page("officer", "/no-such-page").await.expect(404);
    assert!(page.text().contains("<html"));
    let problem = house.call("officer", "GET", "/api/v1/no-such-thing", Json::Null).await.expect(404);
    assert_eq!(problem.headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn whatever_is_refused_before_a_handler_is_refused_in_words() {
    let house = House::sqlite().await;
    let token = house.token("officer").await;
    let sid = house.cookie("officer").await;
    let large = 21 * 1024 * 1024;
    for (method, path, kind, length, status, code) in [
        ("GET", "/nowhere", "", 0, 404, "not_found"),
        ("DELETE", "/appeals", "", 0, 405, "method_not_allowed"),
        ("POST", "/appeals/new", "text/xml", 0, 415, "media_type"),
        ("POST", "/appeals/new", "application/x-www-form-urlencoded", large, 413, "too_large"),
        ("GET", "/api/v1/nowhere", "", 0, 404, "not_found"),
        ("DELETE", "/api/v1/appeals", "", 0, 405, "method_not_allowed"),
        ("POST", "/api/v1/appeals", "text/xml", 0, 415, "media_type"),
        ("POST", "/api/v1/enterprises/import", "text/csv", 0, 415, "media_type"),
        ("POST", "/api/v1/appeals", "application/json", large, 413, "too_large"),
    ] {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path)
            .header(header::HOST, "127.0.0.1")
            .header(header::ACCEPT_LANGUAGE, "en");
        let api = path.starts_with("/api/");
        request = match api {
            true => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            false => request.header(header::COOKIE, &sid),
        };
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        if length > 0 {
            request = request.header(header::CONTENT_LENGTH, length);
        }
        let answer = house.send(request.body(Body::empty()).unwrap()).await.expect(status);
        let at = format!("{method} {path}");
        if api {
            assert_eq!(answer.headers["content-type"], "application/problem+json", "{at}");
            let problem = answer.json();
            assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{at}");
            assert!(!problem["title"].as_str().unwrap().is_empty(), "{at}");
        } else {
            let text = answer.text();
            assert!(text.contains("<html lang=\"en\"") && text.contains("data-problem"), "{at}: {text}");
        }
        if status == 405 {
            assert!(answer.headers.contains_key(header::ALLOW), "{at}");
        }
    }
}
