//! 指标: a number, its parts, its list and what was frozen of it never say different things.

use crate::cases;
use crate::house::{House, MORNING};
use buting::days::Days;
use buting::oversight::metric::desk::{self, Asked};
use buting::oversight::metric::{By, Key, Part};
use buting::time::Day;
use serde_json::{Value as Json, json};

fn day(text: &str) -> Day {
    Day::read(text).expect("a day")
}

/// Holds every figure over the days against its lists, its parts and theirs.
pub async fn agree(house: &House, account: &str, days: Days) {
    let (app, who) = (&house.app, house.who(account).await);
    let list = async |key: Key, part: Part, group: Option<(By, String)>| {
        let (mut rows, mut cursor, mut total) = (0, None, None);
        loop {
            let asked = Asked { key, days, part, group: group.clone(), sort: None, cursor, limit: 7 };
            let page = desk::list(app, &who, &asked).await.unwrap();
            rows += page.items.len() as i64;
            assert_eq!(*total.get_or_insert(page.total), page.total, "{key}: the total stays");
            assert!(
                part == Part::Whole || page.items.iter().all(|one| one.counts == (part == Part::Hit)),
                "{key} {part}"
            );
            cursor = page.next_cursor;
            if cursor.is_none() {
                assert_eq!(total.flatten(), Some(rows), "{key} {part}: the total is what there is");
                return rows;
            }
        }
    };
    for key in Key::ALL {
        let whole = desk::counted(app, &who, *key, days, None).await.unwrap().figure;
        assert_eq!(list(*key, Part::Whole, None).await, whole.denominator, "{key}");
        assert_eq!(list(*key, Part::Hit, None).await, whole.numerator, "{key}");
        assert_eq!(list(*key, Part::Rest, None).await, whole.rest(), "{key}");
        for by in key.splits() {
            let parts = desk::counted(app, &who, *key, days, Some(*by)).await.unwrap().groups;
            let sum = parts.iter().fold((0, 0), |(n, d), part| (n + part.numerator, d + part.denominator));
            assert_eq!(sum, (whole.numerator, whole.denominator), "{key} by {by}: the parts are the whole");
            for part in &parts {
                let of = || Some((*by, part.asked()));
                assert_eq!(list(*key, Part::Hit, of()).await, part.numerator, "{key} by {by}: {part:?}");
                assert_eq!(list(*key, Part::Whole, of()).await, part.denominator, "{key} by {by}: {part:?}");
            }
        }
        for by in By::ALL.iter().filter(|by| !key.splits().contains(by)) {
            let path = format!("/api/v1/metrics/{key}?by={by}");
            house.call(account, "GET", &path, Json::Null).await.expect(422);
        }
    }
}

#[tokio::test]
async fn a_number_its_parts_and_its_list_say_the_same() {
    for house in House::both().await {
        let days = Days { from: day("2026-11-01"), to: day("2026-11-30") };
        for _ in 0..3 {
            cases::signed(&house).await;
        }
        cases::raise(&house).await;
        let visit = json!({"enterprise_id": house.enterprise, "blocks": [],
            "happened_at": "2026-11-24T01:00:00Z", "channel": "onsite"});
        house.call("officer", "POST", "/api/v1/visits", visit).await.expect(201);
        for account in ["leader", "oversight", "dispatcher"] {
            agree(&house, account, days).await;
        }
        let metric = house.call("leader", "GET", "/api/v1/metrics/appeal_count?from=2026-11-01&by=carrier", Json::Null);
        let metric = metric.await.expect(200).json();
        assert_eq!((&metric["numerator"], &metric["rate"]), (&json!(4), &Json::Null), "a count has no rate");
        let link = metric["link"].as_str().unwrap().to_owned();
        assert!(house.page("leader", &link).await.expect(200).text().contains("SQ-"), "the link opens the records");
        let catalogue = house.page("leader", "/figures?from=2026-11-01&to=2026-11-24").await.expect(200).text();
        let counted = "/figures/appeal_count/list?from=2026-11-01&#38;to=2026-11-24&#38;part=hit";
        assert!(catalogue.contains(counted), "every number opens its list");
        for path in ["/figures", "/figures/appeal_count", "/api/v1/metrics/appeal_count/records"] {
            let answer = if path.starts_with("/api") {
                house.call("officer", "GET", path, Json::Null).await
            } else {
                house.page("officer", path).await
            };
            answer.expect(403);
        }
        house.page("leader", "/figures/no_such").await.expect(404);
        let svg = house.page("leader", "/figures/appeal_count/chart.svg").await.expect(200).text();
        assert!(svg.starts_with("<svg xmlns="), "a picture of its own");
    }
}

#[tokio::test]
async fn what_was_told_stays_told_and_a_correction_says_why() {
    for house in House::both().await {
        let id = cases::signed(&house).await;
        cases::raise(&house).await;
        let new = json!({"key": "appeal_count", "from": "2026-11-01", "to": "2026-11-24", "reason": "第12期简报"});
        let told = house.call("oversight", "POST", "/api/v1/metric-freezes", new).await.expect(201).json();
        assert_eq!((&told["numerator"], &told["corrected"]), (&json!(2), &json!(0)));
        let path = format!("/api/v1/metric-freezes/{}", told["id"].as_str().unwrap());

        house.clock.set(MORNING.plus(60_000));
        // One turns out to be the same as the other.
        let other = cases::raise(&house).await;
        cases::done(cases::act(&house, "dispatcher", other, json!({"action": "merge", "into": id})).await);
        let now = house.call("leader", "GET", &path, Json::Null).await.expect(200).json();
        assert_eq!((&now["numerator"], &now["now"]["numerator"]), (&json!(2), &json!(3)), "was 2, now 3");
        let why = &now["corrections"][0];
        assert_eq!(
            (&why["was"], &why["now"], &why["because"]),
            (&json!("absent"), &json!("hit"), &json!("appeal.merge"))
        );
        assert!(
            house
                .page("leader", &path.replace("/api/v1/metric-freezes", "/figures/frozen"))
                .await
                .expect(200)
                .text()
                .contains("第12期简报")
        );
        assert!(house.page("dispatcher", "/figures/frozen").await.expect(200).text().contains("2026-11-24"));

        for (body, field) in [
            (json!({"key": "appeal_count", "from": "2026-11-24", "to": "2026-11-01"}), "/from"),
            (json!({"key": "appeal_count", "from": "2026-11-01", "to": "2027-01-01"}), "/to"),
        ] {
            let refused = house.call("leader", "POST", "/api/v1/metric-freezes", body).await.expect(422).json();
            assert_eq!(refused["errors"][0]["pointer"], field, "{refused}");
        }
        house.call("officer", "GET", &path, Json::Null).await.expect(403);
        house.call("leader@zone2", "GET", &path, Json::Null).await.expect(404);
    }
}
