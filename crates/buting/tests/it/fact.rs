//! Facts of an enterprise: who said each, when it was last found right, how the
//! enterprise corrects them, and numbers that do not reach anybody.

use crate::house::{House, MORNING};
use buting::organisation::{PersonChange, desk as organisation};
use buting::patch::Patch;
use buting::registry::fact::Key;
use buting::registry::import::{self, Kind};
use buting::registry::merge::{self, NewMerge};
use buting::registry::{NewEnterprise, desk};
use buting::text::Lang;
use buting::time::{DAY_MS, Time};
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

const ENTERPRISES: &str = "/api/v1/enterprises";

fn on_day(house: &House, days: i64) -> Time {
    let at = MORNING.plus(days * DAY_MS);
    house.clock.set(at);
    at
}

/// An enterprise as an account reads it.
async fn read(house: &House, who: &str, id: Uuid) -> Json {
    house.call(who, "GET", &format!("{ENTERPRISES}/{id}"), Json::Null).await.expect(200).json()
}

/// How one fact stands: source, by whom, whether it should be asked again.
async fn stands(house: &House, id: Uuid, key: &str) -> (String, String, bool) {
    let one = read(house, "dispatcher", id).await;
    let fact = one["facts"].as_array().unwrap().iter().find(|fact| fact["key"] == key).cloned();
    let fact = fact.unwrap_or_else(|| panic!("no {key} in {}", one["facts"]));
    let text = |name: &str| fact[name].as_str().unwrap_or_default().to_owned();
    (text("source"), text("confirmed_by"), fact["stale"] == true)
}

fn said(source: &str, by: &str, stale: bool) -> (String, String, bool) {
    (source.to_owned(), by.to_owned(), stale)
}

/// The names that the list of old facts holds.
async fn stale_names(house: &House) -> Vec<String> {
    let page = house.call("dispatcher", "GET", &format!("{ENTERPRISES}?stale=true"), Json::Null).await;
    page.expect(200).json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn assign(house: &House, enterprise: Uuid, account: &str) {
    let body = json!({"subject_kind": "enterprise", "subject_id": enterprise, "role": "officer",
        "person_id": house.person(account)});
    house.call("dispatcher", "POST", "/api/v1/assignments", body).await.expect(201);
}

async fn notices(house: &House, account: &str) -> Vec<String> {
    let query = "SELECT kind FROM notice WHERE zone_id = $1 AND person_id = $2 ORDER BY id";
    let rows: Vec<(String,)> =
        house.app.read().await.unwrap().list(sql!(query, house.zone, house.person(account))).await.unwrap();
    rows.into_iter()
        .map(|(kind,)| kind)
        .filter(|kind| kind.starts_with("correction.") || kind == "contact.failed")
        .collect()
}

#[tokio::test]
async fn every_fact_has_its_source_and_grows_old_in_its_own_time() {
    for house in House::both().await {
        let new = json!({"name": "北辰机电设备有限公司", "headcount": 120, "address": "西岭路 1 号",
            "contacts": [{"name": "李女士", "phone": "13900000018"}]});
        let id = house.call("officer", "POST", ENTERPRISES, new).await.expect(201).json()["id"].clone();
        let id = Uuid::parse_str(id.as_str().unwrap()).unwrap();
        for key in ["name", "headcount", "address", "contacts"] {
            assert_eq!(stands(&house, id, key).await, said("officer", "officer某", false), "{key}");
        }
        let facts = read(&house, "officer", id).await["facts"].clone();
        assert_eq!(facts.as_array().unwrap().len(), 4, "what is not given has no source: {facts}");
        let fresh = MORNING.plus(Key::Headcount.fresh_ms()).to_string();
        assert_eq!(facts[1]["fresh_until"], fresh);

        on_day(&house, 181);
        assert_eq!(stands(&house, id, "headcount").await, said("officer", "officer某", true));
        assert_eq!(stands(&house, id, "address").await, said("officer", "officer某", false));
        assert!(stale_names(&house).await.contains(&"北辰机电设备有限公司".to_owned()));

        // What is changed was said now, and through whom is told.
        let path = format!("{ENTERPRISES}/{id}");
        let body = json!({"headcount": 130, "said_by": "visit"});
        house.call("officer2", "PATCH", &path, body).await.expect(200);
        assert_eq!(stands(&house, id, "headcount").await, said("visit", "officer2某", false));
        house.call("officer2", "PATCH", &path, json!({"headcount": 1, "said_by": "import"})).await.expect(422);
        house.call("dispatcher", "POST", &format!("{path}/facts/confirm"), json!({})).await.expect(200);
        assert_eq!(stands(&house, id, "contacts").await, said("officer", "dispatcher某", false));
        assert!(!stale_names(&house).await.contains(&"北辰机电设备有限公司".to_owned()));

        // A year on the address is old; it is confirmed over the version that was seen.
        on_day(&house, 366);
        assert!(stale_names(&house).await.contains(&"北辰机电设备有限公司".to_owned()));
        let (confirm, seen) = (format!("{path}/facts/confirm"), read(&house, "officer", id).await["version"].clone());
        let body = json!({"facts": ["address"]});
        let stale = [("if-match", "\"v1\"")];
        house.call_with("officer", "POST", &confirm, body.clone(), &stale).await.expect(412);
        let once = [("idempotency-key", "c1")];
        let first = house.call_with("officer", "POST", &confirm, body.clone(), &once).await.expect(200).json();
        let again = house.call_with("officer", "POST", &confirm, body, &once).await.expect(200).json();
        assert_eq!((&first["version"], &again["version"]), (&json!(seen.as_i64().unwrap() + 1), &first["version"]));
        assert_eq!(stands(&house, id, "address").await, said("officer", "officer某", false));
        // The record dated as a whole: what the change names counts, be it the same.
        let body = json!({"name": "北辰机电设备有限公司", "confirmed_at": house.app.now().to_string(),
            "said_by": "register"});
        house.call("officer", "PATCH", &path, body).await.expect(200);
        assert_eq!(stands(&house, id, "name").await, said("register", "officer某", false));

        for (who, body, status) in [
            ("officer", json!({"facts": ["uscc"]}), 422),
            ("officer", json!({"facts": ["colour"]}), 400),
            ("officer", json!({"said_by": "import"}), 422),
            ("oversight", json!({}), 403),
            ("enterprise", json!({}), 404),
            ("leader@zone2", json!({}), 404),
        ] {
            house.call(who, "POST", &confirm, body.clone()).await.expect(status);
        }
        // The office does not reach this enterprise, so it cannot say that a contact is right.
        house.call("officer", "POST", &confirm, json!({"facts": ["contacts"]})).await.expect(403);
        let page = house.page("officer", &format!("/enterprises/{id}")).await.expect(200).text();
        assert!(page.contains("走访了解") && page.contains("国家登记信息") && page.contains("久未核实"), "{page}");
    }
}

#[tokio::test]
async fn a_sheet_says_what_it_brings_and_takes_it_back() {
    for house in House::both().await {
        let who = house.who("officer").await;
        let sheet = |n: i64| format!("企业名称,职工人数,地址\n甲机械有限公司,{n},一号路\n");
        let take = async |text: String| {
            import::run(&house.app, &who, Kind::Enterprises, text.into_bytes(), "台账.csv", false).await.unwrap()
        };
        take(sheet(50)).await;
        let mut tx = house.app.read().await.unwrap();
        let id: Uuid = tx
            .value(sql!("SELECT id FROM enterprise WHERE zone_id = $1 AND name = '甲机械有限公司'", house.zone))
            .await
            .unwrap();
        let kept = "SELECT count(*) FROM subject_fact WHERE zone_id = $1 AND subject_id = $2";
        assert_eq!(tx.value::<i64>(sql!(kept, house.zone, id)).await.unwrap(), 0, "a new record needs no rows");
        drop(tx);
        assert_eq!(stands(&house, id, "headcount").await, said("import", "officer某", false));

        let path = format!("{ENTERPRISES}/{id}");
        house.call("officer2", "PATCH", &path, json!({"headcount": 55, "said_by": "enterprise"})).await.expect(200);
        on_day(&house, 10);
        let second = take(sheet(60)).await;
        assert_eq!((second.created, second.updated), (0, 1));
        assert_eq!(stands(&house, id, "headcount").await, said("import", "officer某", false));
        on_day(&house, 11);
        import::undo(&house.app, &who, second.id).await.unwrap();
        import::work_off(&house.app, house.zone, second.id).await.unwrap();
        let report = import::report(&house.app, &who, second.id, Lang::Zh).await.unwrap();
        assert!(report.kept.is_empty(), "{:?}", report.kept);
        assert_eq!(read(&house, "officer", id).await["headcount"], 55);
        assert_eq!(stands(&house, id, "headcount").await, said("enterprise", "officer2某", false), "as it stood");
        assert_eq!(stands(&house, id, "address").await, said("import", "officer某", false));
    }
}

#[tokio::test]
async fn what_a_merge_takes_over_keeps_its_source() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        let twin =
            NewEnterprise {
                name: "测试机电设备股份有限公司".into(), headcount: Some(210), ..NewEnterprise::default()
            };
        let gone = desk::create_enterprise(&house.app, &house.who("officer2").await, twin).await.unwrap();
        on_day(&house, 5);
        let new = NewMerge { from: gone, take: Vec::new(), reason: "同一家企业".into() };
        let merged = merge::desk::merge(&house.app, &who, house.enterprise, new).await.unwrap();
        assert_eq!(stands(&house, house.enterprise, "headcount").await, said("officer", "officer2某", false));
        let confirmed = read(&house, "dispatcher", house.enterprise).await["facts"][1]["confirmed_at"].clone();
        assert_eq!(confirmed, MORNING.to_string(), "the day on which it was said, not that of the merge");
        merge::desk::undo(&house.app, &who, merged).await.unwrap();
        let facts = read(&house, "dispatcher", house.enterprise).await["facts"].clone();
        assert!(facts.as_array().unwrap().iter().all(|fact| fact["key"] != "headcount"), "{facts}");
        assert_eq!(stands(&house, gone, "headcount").await, said("officer", "officer2某", false));
    }
}

#[tokio::test]
async fn what_an_enterprise_knows_best_holds_at_once_and_the_rest_waits() {
    for house in House::both().await {
        let (id, own) = (house.enterprise, format!("{ENTERPRISES}/{}/corrections", house.enterprise));
        let propose =
            async |body: Json, status: u16| house.call("enterprise", "POST", &own, body).await.expect(status).json();
        assign(&house, id, "officer").await;

        let applied = propose(json!({"headcount": 88, "address": "二号路"}), 200).await;
        assert_eq!((&applied["state"], &applied["changes"][0]["official"]), (&json!("applied"), &json!(false)));
        assert_eq!(read(&house, "officer", id).await["headcount"], 88);
        assert_eq!(stands(&house, id, "headcount").await, said("enterprise", "enterprise某", false));
        assert!(notices(&house, "officer").await.is_empty(), "nobody has to decide");

        for (body, status) in [
            (json!({"headcount": 88}), 409),
            (json!({}), 409),
            (json!({"name": "测试机电设备集团有限公司"}), 422),
            (json!({"uscc": "91370000588768482X", "reason": "换照"}), 422),
            (json!({"carrier_id": Uuid::now_v7(), "reason": "搬迁"}), 422),
            (json!({"note": "内部", "reason": "x"}), 400),
        ] {
            propose(body, status).await;
        }
        let body = json!({"name": "测试机电设备集团有限公司", "industry_code": "C34", "headcount": 90,
            "reason": "十一月变更登记"});
        let key = [("idempotency-key", "k1")];
        let waits = house.call_with("enterprise", "POST", &own, body.clone(), &key).await.expect(200).json();
        let again = house.call_with("enterprise", "POST", &own, body, &key).await.expect(200).json();
        assert_eq!((&waits["state"], &waits["id"]), (&json!("waiting"), &again["id"]));
        let one = read(&house, "officer", id).await;
        assert_eq!((&one["name"], &one["headcount"]), (&json!("测试机电设备有限公司"), &json!(90)));
        assert_eq!(notices(&house, "officer").await, ["correction.proposed"]);

        let first = format!("/api/v1/corrections/{}", waits["id"].as_str().unwrap());
        for (who, status) in [("enterprise", 200), ("officer2", 200), ("enterprise2", 404), ("leader@zone2", 404)] {
            house.call(who, "GET", &first, Json::Null).await.expect(status);
        }
        house.call("enterprise2", "POST", &own, json!({"headcount": 1})).await.expect(404);
        house.call("officer", "POST", &own, json!({"headcount": 1})).await.expect(403);
        let page = house.page("officer", "/").await.expect(200).text();
        assert!(page.contains("企业更正资料，待核实"), "what needs the officer now");
        assert!(house.page("dispatcher", "/").await.expect(200).text().contains("份企业资料更正待核实"));
        assert!(
            house.page("enterprise", &format!("/enterprises/{id}")).await.expect(200).text().contains("待核实更正")
        );

        // A new one takes the place of what waits.
        let second = propose(json!({"name": "测试机电集团有限公司", "reason": "名称写错了"}), 200).await;
        assert_eq!(house.call("officer", "GET", &first, Json::Null).await.expect(200).json()["state"], "replaced");
        let second = format!("/api/v1/corrections/{}", second["id"].as_str().unwrap());
        house.call("officer", "POST", &format!("{first}/decide"), json!({"accept": true})).await.expect(409);
        let decide = format!("{second}/decide");
        house.call("officer", "POST", &decide, json!({"accept": false})).await.expect(422);
        house.call("officer2", "POST", &decide, json!({"accept": true})).await.expect(403);
        let stale = [("if-match", "\"v7\"")];
        house.call_with("officer", "POST", &decide, json!({"accept": true}), &stale).await.expect(412);
        on_day(&house, 1);
        house.call("officer", "POST", &decide, json!({"accept": true, "answer": "已核对执照"})).await.expect(200);
        assert_eq!(read(&house, "officer", id).await["name"], "测试机电集团有限公司");
        assert_eq!(stands(&house, id, "name").await, said("enterprise", "officer某", false));
        house.call("officer", "POST", &decide, json!({"accept": true})).await.expect(409);
        assert_eq!(notices(&house, "enterprise").await, ["correction.accepted"]);

        let third = propose(json!({"key": true, "reason": "产值已过亿"}), 200).await;
        let third = format!("/api/v1/corrections/{}", third["id"].as_str().unwrap());
        let refused = json!({"accept": false, "answer": "名单每年一月统一调整"});
        let refused = house.call("officer", "POST", &format!("{third}/decide"), refused).await.expect(200).json();
        assert_eq!((&refused["state"], &refused["answer"]), (&json!("refused"), &json!("名单每年一月统一调整")));
        assert_eq!(read(&house, "officer", id).await["key"], false);
        assert!(house.page("enterprise", "/notices").await.expect(200).text().contains("名单每年一月统一调整"));

        let fourth = propose(json!({"industry_code": "C35", "reason": "主业已变"}), 200).await;
        let fourth = format!("/api/v1/corrections/{}", fourth["id"].as_str().unwrap());
        house.call("enterprise2", "POST", &format!("{fourth}/withdraw"), json!({})).await.expect(404);
        house.call("enterprise", "POST", &format!("{fourth}/withdraw"), json!({})).await.expect(200);
        house.call("officer", "POST", &format!("{fourth}/decide"), json!({"accept": true})).await.expect(409);
        let list = async |query: &str| {
            let path = format!("/api/v1/corrections{query}");
            house.call("officer", "GET", &path, Json::Null).await.expect(200).json()["total"].clone()
        };
        assert_eq!(
            (list("").await, list("?state=waiting").await, list("?state=refused").await),
            (5.into(), 0.into(), 1.into())
        );
        assert_eq!(list("?q=%E6%B5%8B%E8%AF%95").await, 5);
        assert_eq!(list("?q=%E5%8F%A6%E4%B8%80%E5%AE%B6").await, 0);
    }
}

#[tokio::test]
async fn what_was_changed_meanwhile_is_overwritten_only_knowingly() {
    for house in House::both().await {
        let (id, path) = (house.enterprise, format!("{ENTERPRISES}/{}", house.enterprise));
        let body = json!({"industry_code": "C34", "reason": "主业如此"});
        let made = house.call("enterprise", "POST", &format!("{path}/corrections"), body).await.expect(200).json();
        house.call("dispatcher", "PATCH", &path, json!({"industry_code": "C27"})).await.expect(200);
        let one = format!("/api/v1/corrections/{}", made["id"].as_str().unwrap());
        let shown = house.call("dispatcher", "GET", &one, Json::Null).await.expect(200).json();
        let change = &shown["changes"][0];
        assert_eq!((&change["was"], &change["now"], &change["to"]), (&Json::Null, &json!("C27"), &json!("C34")));
        assert_eq!(change["changed_since"], true);

        let page = format!("/corrections/{}", made["id"].as_str().unwrap());
        let html = house.page("dispatcher", &page).await.expect(200).text();
        assert!(html.contains("提出后又有改动") && html.contains("C27") && html.contains("C34"), "{html}");
        let decide = format!("{one}/decide");
        house.call("dispatcher", "POST", &decide, json!({"accept": true})).await.expect(409);
        let (once, version) = ("f1", shown["version"].to_string());
        let form = [("decision", "accept"), ("once", once), ("version", version.as_str())];
        let again = house.post("dispatcher", &page, &form).await.expect(422).text();
        assert!(again.contains("提出后又有改动，请对照后勾选再提交"), "{again}");

        let seen = shown["enterprise_version"].as_i64().unwrap();
        let body = json!({"accept": true, "overwrite": seen - 1});
        house.call("dispatcher", "POST", &decide, body).await.expect(412);
        let seen = seen.to_string();
        let form =
            [("decision", "accept"), ("overwrite", seen.as_str()), ("once", once), ("version", version.as_str())];
        house.post("dispatcher", &page, &form).await.expect(303);
        assert_eq!(read(&house, "dispatcher", id).await["industry_code"], "C34");
        house.page("enterprise", &page).await.expect(200);
        house.page("enterprise2", &page).await.expect(404);
    }
}

#[tokio::test]
async fn an_enterprise_looks_at_its_facts_and_says_what_is_right() {
    for house in House::both().await {
        let id = house.enterprise;
        let (page, record) = (format!("/enterprises/{id}/facts"), format!("/enterprises/{id}"));
        house.call("dispatcher", "PATCH", &format!("{ENTERPRISES}/{id}"), json!({"headcount": 40})).await.expect(200);
        on_day(&house, 200);
        assert!(house.page("enterprise", "/").await.expect(200).text().contains("看看登记的资料有没有变化"));
        let seen = house.page("enterprise", &page).await.expect(200).text();
        assert!(seen.contains("久未核实") && seen.contains("管委会登记"), "{seen}");
        house.page("enterprise2", &page).await.expect(404);
        house.page("officer", &page).await.expect(403);
        let version = read(&house, "enterprise", id).await["version"].to_string();
        let form = [("once", "a1"), ("version", version.as_str())];
        house.post("enterprise", &format!("{record}/facts/headcount/confirm"), &form).await.expect(303);
        assert_eq!(stands(&house, id, "headcount").await, said("enterprise", "enterprise某", false));
        house.post("enterprise", &format!("{record}/facts/colour/confirm"), &[("once", "a2")]).await.expect(404);
        // What the register decides it cannot confirm.
        house.post("enterprise", &format!("{record}/facts/name/confirm"), &[("once", "a3")]).await.expect(422);
        assert!(!house.page("enterprise", "/").await.expect(200).text().contains("看看登记的资料有没有变化"));

        let version = read(&house, "enterprise", id).await["version"].to_string();
        let typed = |name: &'static str, reason: &'static str, version: &str, once: &'static str| {
            [
                ("name", name.to_owned()),
                ("headcount", "45".to_owned()),
                ("address", "三号路".to_owned()),
                ("reason", reason.to_owned()),
                ("version", version.to_owned()),
                ("once", once.to_owned()),
            ]
        };
        let send = async |fields: [(&'static str, String); 6], status: u16| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            house.post("enterprise", &page, &fields).await.expect(status).text()
        };
        let again = send(typed("测试机电集团有限公司", "", &version, "b1"), 422).await;
        assert!(again.contains("测试机电集团有限公司") && again.contains("三号路"), "what was typed is kept");
        assert_eq!(read(&house, "enterprise", id).await["address"], Json::Null, "all or nothing");
        send(typed("测试机电集团有限公司", "变更登记", &version, "b1"), 303).await;
        let one = read(&house, "enterprise", id).await;
        assert_eq!((&one["address"], &one["name"]), (&json!("三号路"), &json!("测试机电设备有限公司")));
        let seen = house.page("enterprise", &page).await.expect(200).text();
        assert!(
            seen.contains("待核实更正") && seen.contains("value=\"测试机电集团有限公司\""),
            "what waits is in the form"
        );
        send(typed("测试机电集团有限公司", "变更登记", &version, "b2"), 412).await;
        for listed in ["/corrections", "/corrections?state=waiting&q=cs", "/enterprises?stale=true"] {
            house.page("dispatcher", listed).await.expect(200);
        }
        assert!(house.page("dispatcher", "/corrections").await.expect(200).text().contains("名称、职工人数、地址"));
        let timeline = house.page("enterprise", &record).await.expect(200).text();
        assert!(timeline.contains("企业提出更正") && timeline.contains("确认资料无变化"), "{timeline}");
    }
}

#[tokio::test]
async fn a_number_that_does_not_work_is_asked_for_again() {
    for house in House::both().await {
        let (id, contacts) = (house.enterprise, format!("{ENTERPRISES}/{}/contacts", house.enterprise));
        let new = json!({"name": "赵敏", "phone": "13900000033", "primary": true});
        let made = house.call("enterprise", "POST", &contacts, new).await.expect(200).json();
        assert_eq!((&made["source"], &made["verified_by"]), (&json!("enterprise"), &json!("enterprise某")));
        assert_eq!(stands(&house, id, "contacts").await, said("enterprise", "enterprise某", false));
        let contact = format!("/api/v1/contacts/{}", made["id"].as_str().unwrap());
        let failures = format!("{contact}/failures");
        let bounced = json!({"channel": "phone", "why": "bounced", "detail": "UNDELIV 13900000033"});
        for (who, body, status) in [
            ("officer", bounced.clone(), 403),
            ("enterprise", bounced.clone(), 403),
            ("leader@zone2", bounced.clone(), 404),
            ("dispatcher", json!({"channel": "email", "why": "bounced"}), 422),
            ("dispatcher", json!({"channel": "fax", "why": "bounced"}), 400),
        ] {
            house.call(who, "POST", &failures, body).await.expect(status);
        }
        assign(&house, id, "officer").await;
        let told = house.call("officer", "POST", &failures, bounced.clone()).await.expect(200).json();
        assert_eq!((&told["failures"][0]["why"], &told["failures"][0]["detail"]), (&json!("bounced"), &Json::Null));
        assert!(stands(&house, id, "contacts").await.2, "it should be asked again");
        assert!(stale_names(&house).await.contains(&"测试机电设备有限公司".to_owned()));
        for who in ["enterprise", "officer"] {
            assert!(house.page(who, "/").await.expect(200).text().contains("联系不上，请核对号码"), "{who}");
        }
        assert!(!house.page("officer2", "/").await.expect(200).text().contains("联系不上，请核对号码"));
        let own = house.page("enterprise", &format!("/enterprises/{id}")).await.expect(200).text();
        assert!(own.contains("UNDELIV 13900000033") && own.contains("退信或短信未送达"));
        assert!(own.contains("电话打得通"), "one click confirms it");
        assert_eq!(notices(&house, "enterprise").await, ["contact.failed"]);

        // That everything else is unchanged says nothing of it.
        let confirm = format!("{ENTERPRISES}/{id}/facts/confirm");
        house.call("dispatcher", "POST", &confirm, json!({})).await.expect(200);
        assert!(stands(&house, id, "contacts").await.2);
        // Written down again it has reached nobody yet; another number is another thing.
        house.call("enterprise", "PATCH", &contact, json!({"phone": "13900000033"})).await.expect(200);
        assert!(stands(&house, id, "contacts").await.2);
        let changed = house.call("enterprise", "PATCH", &contact, json!({"phone": "13900000044"})).await.expect(200);
        assert_eq!(changed.json()["failures"], json!([]));
        assert!(!stands(&house, id, "contacts").await.2);
        assert!(!house.page("enterprise", "/").await.expect(200).text().contains("联系不上，请核对号码"));

        // Given elsewhere, a number is as good.
        house.call("officer", "POST", &failures, bounced.clone()).await.expect(200);
        let person = Uuid::parse_str(made["id"].as_str().unwrap()).unwrap();
        let change = PersonChange { phone: Patch::Set("13900000055".into()), ..PersonChange::default() };
        organisation::change_person(&house.app, &house.who("dispatcher").await, person, change).await.unwrap();
        let given = house.call("officer", "GET", &contact, Json::Null).await.expect(200).json();
        assert_eq!((&given["failures"], &given["verified_by"]), (&json!([]), &json!("dispatcher某")));

        // An officer notes it on the page, and later that the number works.
        let edit = format!("/contacts/{}", made["id"].as_str().unwrap());
        let page = house.page("officer", &format!("{edit}/edit")).await.expect(200).text();
        assert!(page.contains("多次无人接听"));
        house.post("officer", &format!("{edit}/failed"), &[("why", "no_answer"), ("once", "d1")]).await.expect(422);
        let form = [("reached_by", "phone"), ("why", "no_answer"), ("once", "d1")];
        house.post("officer", &format!("{edit}/failed"), &form).await.expect(303);
        assert!(house.page("officer", &format!("{edit}/edit")).await.expect(200).text().contains("联系不上"));
        let verified = house.call("officer", "PATCH", &contact, json!({"verified": true})).await.expect(200).json();
        assert_eq!((&verified["failures"], &verified["verified_by"]), (&json!([]), &json!("officer某")));

        // Who leaves takes it along.
        house.call("officer", "POST", &failures, bounced).await.expect(200);
        house.call("officer", "PATCH", &contact, json!({"left": true})).await.expect(200);
        let left = "SELECT count(*) FROM contact_failure WHERE zone_id = $1";
        let left: i64 = house.app.read().await.unwrap().value(sql!(left, house.zone)).await.unwrap();
        assert_eq!(left, 0);
    }
}
