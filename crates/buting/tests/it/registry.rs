//! The register: who reads and keeps it, what it refuses, how it is found.

use crate::house::House;
use buting::registry::{CarrierKind, EnterpriseQuery, NewCarrier, NewEnterprise, desk};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use store::sql;
use uuid::Uuid;

const ENTERPRISES: &str = "/api/v1/enterprises";

async fn carrier(house: &House, name: &str) -> Uuid {
    let new = NewCarrier { id: None, name: name.into(), short_name: None, kind: CarrierKind::Park, address: None, note: None };
    desk::create_carrier(&house.app, &house.rule(), new).await.unwrap()
}

async fn ledger(house: &House, about: Uuid) -> Vec<String> {
    let mut tx = house.app.db.read().await.unwrap();
    let rows: Vec<(String,)> =
        tx.list(sql!("SELECT action FROM ledger WHERE zone_id = $1 AND about_id = $2 ORDER BY id", house.zone, about)).await.unwrap();
    rows.into_iter().map(|(action,)| action).collect()
}

fn names(page: &Json) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_enterprise_is_entered_read_and_changed() {
    for house in House::both().await {
        let park = carrier(&house, "西岭产业园").await;
        let new = json!({
            "name": "北辰机电设备有限公司", "short_names": ["北辰", "北辰机电"], "uscc": "91370000588768482y",
            "carrier_id": park, "industry_code": "c34", "headcount": 260, "key": true, "tags": ["supply", "above_scale"],
            "contacts": [{"name": "李女士", "title": "办公室", "phone": "139 0000 0018"}],
        });
        let made = house.call("officer", "POST", ENTERPRISES, new).await.expect(201);
        assert_eq!(made.headers["etag"], "\"v1\"");
        let made = made.json();
        let id = made["id"].as_str().unwrap().to_owned();
        assert_eq!(made["uscc"], "91370000588768482Y");
        assert_eq!((&made["short_name"], &made["industry_code"], &made["carrier"]), (&json!("北辰"), &json!("C34"), &json!("西岭产业园")));
        assert_eq!(made["tags"], json!(["above_scale", "supply"]));
        let contact = &made["contacts"][0];
        assert_eq!((&contact["phone"], &contact["partial"], &contact["primary"]), (&json!("139****0018"), &json!(true), &json!(true)));

        let path = format!("{ENTERPRISES}/{id}");
        let stale = [("if-match", "\"v9\"")];
        house.call_with("officer", "PATCH", &path, json!({"headcount": 300}), &stale).await.expect(412);
        let current = [("if-match", "\"v1\"")];
        let changed = house.call_with("officer", "PATCH", &path, json!({"headcount": null, "short_names": ["北辰"]}), &current).await.expect(200).json();
        assert_eq!((&changed["headcount"], &changed["version"], &changed["short_names"]), (&Json::Null, &json!(2), &json!(["北辰"])));
        // Nothing changed, nothing written.
        assert_eq!(house.call("officer", "PATCH", &path, json!({"short_names": ["北辰"]})).await.expect(200).json()["version"], 2);

        house.call("officer", "PATCH", &path, json!({"status": "moved"})).await.expect(422);
        house.call("officer", "PATCH", &path, json!({"status": "moved", "reason": "迁往高新区"})).await.expect(200);
        let id = Uuid::parse_str(&id).unwrap();
        assert_eq!(ledger(&house, id).await, ["enterprise.create", "person.create", "enterprise.change", "enterprise.status"]);
    }
}

#[tokio::test]
async fn what_the_register_refuses() {
    for house in House::both().await {
        let first = json!({"name": "甲机械有限公司", "uscc": "91370000588768482Y"});
        house.call("officer", "POST", ENTERPRISES, first.clone()).await.expect(201);
        for (body, status, pointer) in [
            (json!({}), 400, None),
            (json!({"name": "乙", "headcunt": 3}), 400, Some("/headcunt")),
            (json!({"name": "   "}), 422, Some("/name")),
            (json!({"name": "字".repeat(101)}), 422, Some("/name")),
            (json!({"name": "乙", "uscc": "91370000588768482X"}), 422, Some("/uscc")),
            (json!({"name": "乙", "uscc": "91370000588768482Y"}), 409, Some("/uscc")),
            (json!({"name": "甲机械有限公司"}), 409, Some("/name")),
            (json!({"name": "乙", "carrier_id": Uuid::now_v7()}), 422, Some("/carrier_id")),
            (json!({"name": "乙", "headcount": -1}), 422, Some("/headcount")),
            (json!({"name": "乙", "contacts": [{"name": "王某", "phone": "12"}]}), 422, Some("/contacts/0/phone")),
            (json!({"name": "乙", "tags": ["国企"]}), 400, Some("/tags/0")),
            (json!({"name": "乙\u{0}"}), 400, None),
        ] {
            let answer = house.call("officer", "POST", ENTERPRISES, body.clone()).await.expect(status);
            if let Some(pointer) = pointer {
                assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
            }
        }
        // A misprinted licence is kept with the reason.
        let misprint = json!({"name": "乙", "uscc": "91370000588768482X", "uscc_note": "营业执照原件如此"});
        let kept = house.call("officer", "POST", ENTERPRISES, misprint).await.expect(201).json();
        assert_eq!(kept["uscc_note"], "营业执照原件如此");
        for role in ["oversight", "agency", "enterprise", "project", "sysadmin", "auditor"] {
            house.call(role, "POST", ENTERPRISES, json!({"name": "丙"})).await.expect(403);
        }
        house.call("anonymous", "GET", ENTERPRISES, Json::Null).await.expect(401);
        house.call("agency", "GET", ENTERPRISES, Json::Null).await.expect(403);
    }
}

#[tokio::test]
async fn the_same_post_twice_makes_one() {
    for house in House::both().await {
        let body = json!({"name": "一次有限公司"});
        let key = [("idempotency-key", "k1")];
        let first = house.call_with("officer", "POST", ENTERPRISES, body.clone(), &key).await.expect(201).json();
        let second = house.call_with("officer", "POST", ENTERPRISES, body, &key).await.expect(200).json();
        assert_eq!(first["id"], second["id"]);
        let id = Uuid::now_v7();
        house.call("officer", "POST", ENTERPRISES, json!({"id": id, "name": "二次有限公司"})).await.expect(201);
        house.call("officer", "POST", ENTERPRISES, json!({"id": id, "name": "二次有限公司"})).await.expect(200);
    }
}

#[tokio::test]
async fn an_enterprise_sees_itself_and_keeps_its_contacts() {
    for house in House::both().await {
        let own = format!("{ENTERPRISES}/{}", house.enterprise);
        let other = format!("{ENTERPRISES}/{}", house.other_enterprise);
        house.call("dispatcher", "PATCH", &own, json!({"note": "内部备注"})).await.expect(200);
        let page = house.call("enterprise", "GET", ENTERPRISES, Json::Null).await.expect(200).json();
        assert_eq!(names(&page), ["测试机电设备有限公司"]);
        let seen = house.call("enterprise", "GET", &own, Json::Null).await.expect(200).json();
        assert_eq!(seen["note"], Json::Null);
        house.call("enterprise", "GET", &other, Json::Null).await.expect(404);
        house.call("enterprise", "PATCH", &own, json!({"headcount": 3})).await.expect(403);

        let contact = json!({"name": "赵敏", "phone": "13900000033", "primary": true});
        house.call("enterprise", "POST", &format!("{other}/contacts"), contact.clone()).await.expect(404);
        let made = house.call("enterprise", "POST", &format!("{own}/contacts"), contact).await.expect(200).json();
        assert_eq!(made["phone"], "13900000033");
        let contact = format!("/api/v1/contacts/{}", made["id"].as_str().unwrap());
        house.call("enterprise2", "GET", &contact, Json::Null).await.expect(404);
        house.call("enterprise2", "PATCH", &contact, json!({"phone": "13900000044"})).await.expect(404);
        house.call("leader@zone2", "GET", &contact, Json::Null).await.expect(404);
        assert_eq!(house.call("officer", "GET", &contact, Json::Null).await.expect(200).json()["phone"], "139****0033");
        // The officer does not answer for this enterprise.
        house.call("officer", "PATCH", &contact, json!({"verified": true})).await.expect(403);
        let changed = house.call("enterprise", "PATCH", &contact, json!({"phone": "１３９００００００４４"})).await.expect(200).json();
        assert_eq!((&changed["phone"], &changed["primary"]), (&json!("13900000044"), &json!(true)));
        let left = house.call("dispatcher", "PATCH", &contact, json!({"left": true})).await.expect(200).json();
        assert!(left["left_at"].is_string());
        house.call("dispatcher", "PATCH", &contact, json!({"verified": true})).await.expect(409);
        let rest = house.call("enterprise", "GET", &format!("{own}/contacts"), Json::Null).await.expect(200).json();
        assert!(!names(&rest).contains(&"赵敏".to_owned()));
    }
}

#[tokio::test]
async fn numbers_are_shown_to_those_who_answer_and_that_is_noted() {
    for house in House::both().await {
        let contacts = format!("{ENTERPRISES}/{}/contacts", house.enterprise);
        house.call("dispatcher", "POST", &contacts, json!({"name": "赵敏", "phone": "13900000033", "primary": true})).await.expect(200);
        let phone = |answer: Json| answer["items"][0]["phone"].clone();
        let masked = house.call("dispatcher", "GET", &contacts, Json::Null).await.expect(200).json();
        assert_eq!(phone(masked), "139****0033");
        let count = async || {
            let mut tx = house.app.db.read().await.unwrap();
            let shown = sql!("SELECT count(*) FROM access_log WHERE zone_id = $1 AND kind = 'contact.show'", house.zone);
            tx.value::<i64>(shown).await.unwrap()
        };
        assert_eq!(count().await, 0);
        let show = format!("{contacts}?show=true");
        house.call("officer", "GET", &show, Json::Null).await.expect(403);
        house.call("leader@zone2", "GET", &show, Json::Null).await.expect(404);
        assert_eq!(phone(house.call("dispatcher", "GET", &show, Json::Null).await.expect(200).json()), "13900000033");
        assert_eq!(count().await, 1);
        assert_eq!(phone(house.call("enterprise", "GET", &show, Json::Null).await.expect(200).json()), "13900000033");
        assert_eq!(count().await, 1);
    }
}

#[tokio::test]
async fn lists_filter_sort_and_turn_pages() {
    for house in House::both().await {
        let park = carrier(&house, "平川智造园").await;
        for n in 0..25_i64 {
            let new = NewEnterprise {
                name: format!("甲{n:02}机械有限公司"),
                headcount: (n % 5 != 0).then_some(n * 10),
                key: n % 2 == 0,
                carrier_id: (n < 10).then_some(park),
                ..NewEnterprise::default()
            };
            desk::create_enterprise(&house.app, &house.rule(), new).await.unwrap();
        }
        for sort in ["name", "-name", "headcount", "-headcount", "changed", "-changed"] {
            let (mut seen, mut cursor) = (Vec::new(), None::<String>);
            loop {
                let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
                let page = house.call("officer", "GET", &format!("{ENTERPRISES}?sort={sort}&limit=10{after}"), Json::Null).await.expect(200).json();
                assert_eq!(page["total"], 27);
                seen.extend(names(&page));
                cursor = page["next_cursor"].as_str().map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen.len(), 27, "{sort}");
            assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 27, "{sort}");
        }
        let total = async |query: &str| house.call("officer", "GET", &format!("{ENTERPRISES}?{query}"), Json::Null).await.expect(200).json()["total"].clone();
        assert_eq!(total(&format!("carrier_id={park}")).await, 10);
        assert_eq!(total("key=true").await, 13);
        assert_eq!(total("headcount_min=200").await, 4);
        assert_eq!(total("status=moved").await, 0);
        assert_eq!(total("tag=supply").await, 0);
        assert_eq!(total("mine=true").await, 0);
        for (query, pointer) in
            [("limit=0", "/limit"), ("limit=201", "/limit"), ("sort=uscc", "/sort"), ("cursor=%25", "/cursor"), ("cursor=YWJj", "/cursor")]
        {
            let answer = house.call("officer", "GET", &format!("{ENTERPRISES}?{query}"), Json::Null).await.expect(422).json();
            assert_eq!(answer["errors"][0]["pointer"], pointer, "{query}");
        }
        house.call("officer", "GET", &format!("{ENTERPRISES}?colour=red"), Json::Null).await.expect(400);
    }
}

#[tokio::test]
async fn enterprises_are_found_by_what_people_type() {
    for house in House::both().await {
        let new = NewEnterprise {
            name: "北辰机电设备有限公司".into(),
            short_names: vec!["北辰".into()],
            uscc: Some("91370000588768482Y".into()),
            ..NewEnterprise::default()
        };
        desk::create_enterprise(&house.app, &house.rule(), new).await.unwrap();
        let who = house.who("officer").await;
        for (q, found) in [
            ("北辰", true),
            ("机电设备", true),
            ("bcjd", true),
            ("BeiChen", true),
            ("9137000058", true),
            ("９１３７", true),
            ("", true),
            ("北 辰", true),
            ("辰北", false),
            ("，。", false),
            ("' OR 1=1 --", false),
            ("%", false),
        ] {
            let query = EnterpriseQuery { q: Some(q.into()), ..EnterpriseQuery::default() };
            let page = desk::enterprises(&house.app, &who, &query).await.unwrap();
            assert_eq!(page.items.iter().any(|one| one.name == "北辰机电设备有限公司"), found, "{q}");
        }
        let zone2 = house.who("officer@zone2").await;
        let query = EnterpriseQuery { q: Some("北辰".into()), ..EnterpriseQuery::default() };
        assert!(desk::enterprises(&house.app, &zone2, &query).await.unwrap().items.is_empty());
    }
}

#[tokio::test]
async fn a_carrier_with_enterprises_is_not_closed() {
    for house in House::both().await {
        let body = json!({"name": "崇文孵化器", "short_name": "崇文", "kind": "incubator"});
        let made = house.call("dispatcher", "POST", "/api/v1/carriers", body.clone()).await.expect(201).json();
        house.call("dispatcher", "POST", "/api/v1/carriers", body).await.expect(409);
        let path = format!("/api/v1/carriers/{}", made["id"].as_str().unwrap());
        let enterprise = format!("{ENTERPRISES}/{}", house.enterprise);
        house.call("dispatcher", "PATCH", &enterprise, json!({"carrier_id": made["id"]})).await.expect(200);
        assert_eq!(house.call("officer", "GET", &path, Json::Null).await.expect(200).json()["enterprises"], 1);
        house.call("dispatcher", "PATCH", &path, json!({"closed": true, "reason": "租约到期"})).await.expect(409);
        house.call("dispatcher", "PATCH", &enterprise, json!({"carrier_id": null})).await.expect(200);
        house.call("dispatcher", "PATCH", &path, json!({"closed": true})).await.expect(422);
        house.call("dispatcher", "PATCH", &path, json!({"closed": true, "reason": "租约到期"})).await.expect(200);
        house.call("dispatcher", "PATCH", &enterprise, json!({"carrier_id": made["id"]})).await.expect(422);
        let list = async |query: &str| house.call("officer", "GET", &format!("/api/v1/carriers{query}"), Json::Null).await.expect(200).json()["total"].clone();
        assert_eq!(list("").await, 0);
        assert_eq!(list("?closed=true&q=cwfhq").await, 1);
        house.call("leader@zone2", "GET", &path, Json::Null).await.expect(404);
        house.call("enterprise", "GET", &path, Json::Null).await.expect(403);
    }
}
