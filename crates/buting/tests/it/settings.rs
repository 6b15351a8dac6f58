//! Policy as data: what the committee sets for itself.

use crate::house::House;
use buting::clock;
use buting::settings::desk;
use buting::settings::{VISIT_BLOCK, VisitBlock};
use buting::zone::Zone;
use serde_json::{Value as Json, json};

const PAGES: &[&str] = &[
    "/settings",
    "/settings/categories",
    "/settings/limits",
    "/settings/ladder",
    "/settings/calendar",
    "/settings/visit-blocks",
    "/settings/roles",
    "/settings/categories?key=traffic",
    "/settings/limits?key=shandong_enterprise",
    "/settings/calendar?year=2027",
];

#[tokio::test]
async fn settings_are_for_those_who_keep_them() {
    for house in House::both().await {
        for path in PAGES {
            for account in ["sysadmin", "dispatcher", "secadmin", "auditor"] {
                house.page(account, path).await.expect(200);
            }
            for account in ["officer", "leader", "enterprise", "agency", "project", "specialist"] {
                house.page(account, path).await.expect(403);
            }
        }
        house.post("auditor", "/settings/office", &[]).await.expect(403);
        house.post("dispatcher", "/settings/protection", &[]).await.expect(403);
    }
}

#[tokio::test]
async fn a_new_version_leaves_the_old_one_as_it_was() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        for name in ["防汛", "防汛防台"] {
            let block = VisitBlock { key: "flood".into(), name: Some(name.into()), position: 4, retired: false };
            desk::set_visit_block(&house.app, &who, &block).await.unwrap();
        }
        let mut tx = house.app.db.read().await.unwrap();
        let versions = desk::versions(&mut tx, house.zone, VISIT_BLOCK, "flood").await.unwrap();
        let told: Vec<(i64, Json, bool)> =
            versions.iter().map(|v| (v.version, v.body["name"].clone(), v.valid_to.is_none())).collect();
        assert_eq!(told, [(2, json!("防汛防台"), true), (1, json!("防汛"), false)]);
        let keys: Vec<String> =
            desk::visit_blocks(&mut tx, house.zone, false).await.unwrap().into_iter().map(|b| b.key).collect();
        assert_eq!(keys, ["prevention", "production", "safety", "flood"]);
        let zone2 = house.who("officer@zone2").await.zone_id;
        assert_eq!(desk::visit_blocks(&mut tx, zone2, false).await.unwrap().len(), 3, "another zone has its own");
    }
}

#[tokio::test]
async fn a_visit_keeps_one_block_at_least() {
    for house in House::both().await {
        let retire = |key: &'static str| [("key", key), ("position", "1"), ("retired", "true")];
        house.post("dispatcher", "/settings/visit-blocks", &retire("prevention")).await.expect(303);
        house.post("dispatcher", "/settings/visit-blocks", &retire("production")).await.expect(303);
        house.post("dispatcher", "/settings/visit-blocks", &retire("safety")).await.expect(409);
        house
            .post("dispatcher", "/settings/visit-blocks", &[("key", "Flood!"), ("name", "x"), ("position", "1")])
            .await
            .expect(422);
        house.post("dispatcher", "/settings/visit-blocks", &[("key", "flood"), ("position", "1")]).await.expect(422);
    }
}

#[tokio::test]
async fn labels_and_protection_of_the_zone() {
    for house in House::both().await {
        let office = [
            ("label", "包挂"),
            ("limit_profile", "zaozhuang_enterprise"),
            ("contact_name", "综合部"),
            ("contact_phone", "0531-88888888"),
            ("version", "1"),
        ];
        house
            .post("dispatcher", "/settings/office", &[("label", "盯防"), ("limit_profile", "shandong_enterprise")])
            .await
            .expect(422);
        house.post("dispatcher", "/settings/office", &office).await.expect(303);
        house
            .post(
                "dispatcher",
                "/settings/office",
                &[("label", "联系"), ("limit_profile", "zaozhuang_enterprise"), ("version", "1")],
            )
            .await
            .expect(412);
        assert!(house.page("enterprise", "/privacy").await.expect(200).text().contains("综合部"));

        for (days, months, status) in [("29", "12", 422), ("730", "5", 422), ("x", "12", 422), ("400", "8", 303)] {
            let fields = [("require_totp", "true"), ("person_days", days), ("access_log_months", months)];
            house.post("secadmin", "/settings/protection", &fields).await.expect(status);
        }
        let mut tx = house.app.db.read().await.unwrap();
        let zone = Zone::get(&mut tx, house.zone).await.unwrap();
        assert_eq!(zone.label().word(), "包挂");
        assert_eq!((&zone.settings["require_totp"], &zone.settings["person_days"]), (&json!(true), &json!(400)));
        assert_eq!(zone.settings["limit_profile"], "zaozhuang_enterprise", "what another form set stays");
        drop(tx);
        // The word is that of the zone wherever it stands, in files too.
        for path in ["/enterprises", "/assignments", "/visits/due", "/enterprises/export?format=csv"] {
            let text = house.page("officer", path).await.expect(200).text();
            assert!(text.contains("包挂") && !text.contains("包联"), "{path}");
        }
        let neighbour = house.page("officer@zone2", "/assignments").await.expect(200).text();
        assert!(neighbour.contains("包联") && !neighbour.contains("包挂"), "the neighbours keep theirs");
    }
}

#[tokio::test]
async fn the_next_year_is_asked_for_until_it_is_loaded() {
    for house in House::both().await {
        let year = || async {
            desk::year_to_load(&mut house.app.db.read().await.unwrap(), house.zone, house.app.now()).await.unwrap()
        };
        assert_eq!(year().await, Some(2027), "it is November");
        assert!(house.page("dispatcher", "/").await.expect(200).text().contains("href=\"/settings/calendar\""));
        assert!(house.page("dispatcher", "/settings/calendar").await.expect(200).text().contains("2027"));
        house.post("dispatcher", "/settings/calendar/year", &[("official", "")]).await.expect(422);
        house
            .post("dispatcher", "/settings/calendar/year", &[("official", "2027-01-01\tfrei\tNeujahr")])
            .await
            .expect(422);
        house.post("leader", "/settings/calendar/year", &[("official", "x")]).await.expect(403);
        let days = r#"{"year": 2027, "papers": [], "days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": true}, {"name": "元旦", "date": "2027-01-03", "isOffDay": false}]}"#;
        house.post("dispatcher", "/settings/calendar/year", &[("official", days)]).await.expect(303);
        assert_eq!(year().await, None);
        let calendar = clock::calendar(&mut house.app.db.read().await.unwrap(), house.zone).await.unwrap();
        assert!(calendar.is_working("2027-01-03".parse().unwrap()), "a Sunday that is worked");
    }
}

#[tokio::test]
async fn hours_and_days_of_the_place() {
    for house in House::both().await {
        house.post("dispatcher", "/settings/calendar/hours", &[("hours", "08:30")]).await.expect(422);
        house.post("dispatcher", "/settings/calendar/hours", &[("hours", "09:00-12:00 14:00-18:00")]).await.expect(303);
        house
            .post("dispatcher", "/settings/calendar/days", &[("days", "2026-12-03 休 停电检修\nnonsense")])
            .await
            .expect(422);
        house.post("dispatcher", "/settings/calendar/days", &[("days", "2026-12-03 休 停电检修")]).await.expect(303);
        let page = house.page("dispatcher", "/settings/calendar").await.expect(200).text();
        assert!(page.contains("09:00-12:00 14:00-18:00") && page.contains("停电检修"));
        let calendar = clock::calendar(&mut house.app.db.read().await.unwrap(), house.zone).await.unwrap();
        let day = "2026-12-03".parse().unwrap();
        assert!(!calendar.is_working(day));
        house.post("dispatcher", "/settings/calendar/days", &[("days", "")]).await.expect(303);
        let calendar = clock::calendar(&mut house.app.db.read().await.unwrap(), house.zone).await.unwrap();
        assert!(calendar.is_working(day), "a line left out is taken back");
    }
}

#[tokio::test]
async fn categories_and_where_they_go() {
    for house in House::both().await {
        let department = house.department.to_string();
        let agency = house.agency.to_string();
        let category = [("key", "traffic"), ("lead_department_id", department.as_str()), ("assist", agency.as_str())];
        house.post("dispatcher", "/settings/categories", &category).await.expect(303);
        house.post("dispatcher", "/settings/categories", &[("key", "drones")]).await.expect(422);
        house.post("dispatcher", "/settings/categories", &[("key", "drones"), ("name", "低空物流")]).await.expect(303);
        let page = house.page("dispatcher", "/settings/categories").await.expect(200).text();
        assert!(page.contains("企业服务部") && page.contains("交警大队") && page.contains("低空物流"));
    }
}

#[tokio::test]
async fn the_overview_the_figures_and_the_description_of_the_api() {
    for house in House::both().await {
        for account in ["leader", "oversight", "dispatcher"] {
            house.page(account, "/overview").await.expect(200);
        }
        house.page("officer", "/overview").await.expect(403);
        for key in [
            "appeal_count",
            "on_time_rate",
            "solve_rate",
            "satisfaction",
            "assignment_coverage",
            "production_running_rate",
            "construction_running_rate",
            "transport_running_rate",
        ] {
            let metric = house
                .call("leader", "GET", &format!("/api/v1/metrics/{key}?by=department"), Json::Null)
                .await
                .expect(200)
                .json();
            assert!(
                metric["numerator"].is_i64() && metric["denominator"].is_i64() && metric["link"].is_string(),
                "{metric}"
            );
            if metric["denominator"] == 0 {
                assert_eq!(metric["rate"], Json::Null, "nought gives no rate");
            }
        }
        house.call("leader", "GET", "/api/v1/metrics/no_such", Json::Null).await.expect(404);
        house
            .call("leader", "GET", "/api/v1/metrics/appeal_count?from=2026-11-24&to=2026-11-01", Json::Null)
            .await
            .expect(422);
        house.call("officer", "GET", "/api/v1/metrics/appeal_count", Json::Null).await.expect(403);
        let docs = house.page("anonymous", "/api/docs").await.expect(200).text();
        assert!(
            docs.contains("/api/v1/ledger/{seq}/proof") && !docs.contains("https://"),
            "nothing is fetched from elsewhere"
        );
    }
}
