//! The frame holds before any job is tested.

use crate::house::House;
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
