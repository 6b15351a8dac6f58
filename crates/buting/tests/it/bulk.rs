//! One change to several records of a list: looked at, done, told.

use crate::house::House;
use buting::appeal::{Kind, NewAppeal, desk as appeals};
use buting::registry::desk::{create_carrier, create_enterprise};
use buting::registry::{CarrierKind, NewCarrier, NewEnterprise};
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

const ENTERPRISES: &str = "/api/v1/enterprises/bulk";
const APPEALS: &str = "/api/v1/appeals/bulk";

async fn enterprises(house: &House, n: usize) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for i in 0..n {
        let new = NewEnterprise {
            name: format!("第{i}批量机械有限公司"),
            headcount: Some(i as i64),
            ..NewEnterprise::default()
        };
        ids.push(create_enterprise(&house.app, &house.rule(), new).await.unwrap());
    }
    ids
}

async fn carrier(house: &House) -> Uuid {
    let new = NewCarrier {
        id: None,
        name: "西岭产业园".into(),
        short_name: None,
        kind: CarrierKind::Park,
        address: None,
        note: None,
    };
    create_carrier(&house.app, &house.rule(), new).await.unwrap()
}

fn items(ids: &[Uuid]) -> Json {
    ids.iter().map(|id| json!({"id": id})).collect()
}

async fn one(house: &House, id: Uuid) -> Json {
    house.call("officer", "GET", &format!("/api/v1/enterprises/{id}"), Json::Null).await.expect(200).json()
}

/// How often the ledger has an action on one of these.
async fn logged(house: &House, action: &str, ids: &[Uuid]) -> i64 {
    let mut query =
        sql!("SELECT count(*) FROM ledger WHERE zone_id = $1 AND action = $2 AND subject_id IN ", house.zone, action);
    query.list(ids.iter().copied());
    house.app.read().await.unwrap().value(query).await.unwrap()
}

fn counts(report: &Json) -> (i64, i64, i64) {
    let n = |field: &str| report[field].as_i64().unwrap();
    (n("changed"), n("same"), n("left"))
}

fn steps(report: &Json) -> Vec<String> {
    let step = |item: &Json| {
        let why = item["why"].as_str().map(|why| format!(" {why}")).unwrap_or_default();
        format!("{}{why}", item["step"].as_str().unwrap())
    };
    report["items"].as_array().unwrap().iter().map(step).collect()
}

#[tokio::test]
async fn a_look_ahead_changes_nothing_and_doing_it_changes_what_was_foreseen() {
    for house in House::both().await {
        let (ids, park) = (enterprises(&house, 4).await, carrier(&house).await);
        for (what, after) in [
            (json!({"action": "set_key"}), json!({"key": true})),
            (json!({"action": "set_carrier", "carrier_id": park}), json!({"carrier_id": park})),
            (json!({"action": "add_tag", "tag": "gazelle"}), json!({"tags": ["gazelle"]})),
            (json!({"action": "remove_tag", "tag": "gazelle"}), json!({"tags": []})),
            (json!({"action": "set_carrier", "carrier_id": null}), json!({"carrier_id": null})),
            (json!({"action": "unset_key"}), json!({"key": false})),
            (json!({"action": "confirm"}), json!({"confirmed_at": "2026-11-24T02:00:00.000Z"})),
        ] {
            let mut body = what.clone();
            body["items"] = items(&ids);
            body["dry_run"] = json!(true);
            let before = (one(&house, ids[0]).await, logged(&house, "enterprise.change", &ids).await);
            let ahead = house.call("officer", "POST", ENTERPRISES, body.clone()).await.expect(200).json();
            assert_eq!((counts(&ahead), &ahead["dry_run"]), ((4, 0, 0), &json!(true)), "{what}");
            assert_eq!(ahead["items"][0]["after"], after, "{what}");
            assert_eq!((one(&house, ids[0]).await, logged(&house, "enterprise.change", &ids).await), before, "{what}");
            body["dry_run"] = json!(false);
            let done = house.call("officer", "POST", ENTERPRISES, body.clone()).await.expect(200).json();
            assert_eq!(counts(&done), (4, 0, 0), "{what}");
            assert_eq!(logged(&house, "enterprise.change", &ids).await, before.1 + 4, "one entry a record: {what}");
            for id in &ids {
                let now = one(&house, *id).await;
                for (field, value) in after.as_object().unwrap() {
                    assert_eq!(&now[field], value, "{what}");
                }
            }
            // Done again it is so already.
            let again = house.call("officer", "POST", ENTERPRISES, body).await.expect(200).json();
            assert_eq!(counts(&again), (0, 4, 0), "{what}");
        }
    }
}

#[tokio::test]
async fn what_moved_on_is_named_and_left_and_the_same_post_is_done_once() {
    for house in House::both().await {
        let ids = enterprises(&house, 3).await;
        let moved = format!("/api/v1/enterprises/{}", ids[1]);
        house.call("officer", "PATCH", &moved, json!({"headcount": 99})).await.expect(200);
        let picks = json!([{"id": ids[0], "version": 1}, {"id": ids[1], "version": 1}, {"id": Uuid::now_v7()}, {"id": ids[2], "version": 1}]);
        let body = json!({"action": "set_key", "items": picks});
        let key = [("idempotency-key", "bulk-1")];
        let done = house.call_with("officer", "POST", ENTERPRISES, body.clone(), &key).await.expect(200).json();
        assert_eq!(steps(&done), ["change", "stale", "refused unknown", "change"]);
        assert_eq!(done["items"][1]["name"], "第1批量机械有限公司", "it is named");
        assert_eq!(one(&house, ids[1]).await["key"], false);
        let entries = logged(&house, "enterprise.change", &ids).await;
        house
            .call("officer", "PATCH", &format!("/api/v1/enterprises/{}", ids[0]), json!({"key": false}))
            .await
            .expect(200);
        let again = house.call_with("officer", "POST", ENTERPRISES, body.clone(), &key).await.expect(200).json();
        assert_eq!(again["repeated"], true);
        assert_eq!(one(&house, ids[0]).await["key"], false, "nothing is done twice");
        assert_eq!(logged(&house, "enterprise.change", &ids).await, entries + 1);
        let other = json!({"action": "unset_key", "items": picks});
        house.call_with("officer", "POST", ENTERPRISES, other, &key).await.expect(422);
    }
}

#[tokio::test]
async fn everything_that_a_filter_finds_is_done_in_parts() {
    for house in House::both().await {
        let ids = enterprises(&house, 205).await;
        let body = json!({"action": "set_key", "filter": {"headcount_min": 3}});
        let key = [("idempotency-key", "bulk-2")];
        let done = house.call_with("leader", "POST", ENTERPRISES, body.clone(), &key).await.expect(200).json();
        assert_eq!(counts(&done), (202, 0, 0));
        assert_eq!(logged(&house, "enterprise.change", &ids[200..]).await, 5, "the second part too");
        assert_eq!(logged(&house, "enterprise.change", &ids[..3]).await, 0);
        let again = house.call_with("leader", "POST", ENTERPRISES, body, &key).await.expect(200).json();
        assert_eq!((&again["repeated"], counts(&again)), (&json!(true), (0, 202, 0)));
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_field_and_by_who_asks() {
    for house in House::both().await {
        let ids = enterprises(&house, 2).await;
        let other_zone = json!({"action": "set_key", "items": items(&ids)});
        let there = house.call("officer@zone2", "POST", ENTERPRISES, other_zone).await.expect(200).json();
        assert_eq!(steps(&there), ["refused unknown", "refused unknown"], "another zone's records are none");
        for who in ["oversight", "agency", "enterprise", "project", "sysadmin", "anonymous"] {
            let status = if who == "anonymous" { 401 } else { 403 };
            house
                .call(who, "POST", ENTERPRISES, json!({"action": "set_key", "items": items(&ids)}))
                .await
                .expect(status);
        }
        for (body, field) in [
            (json!({"action": "set_key"}), "/items"),
            (json!({"action": "set_key", "items": []}), "/items"),
            (json!({"action": "set_key", "items": items(&ids), "filter": {}}), "/filter"),
            (json!({"action": "set_key", "items": items(&[ids[0], ids[0]])}), "/items/1"),
            (json!({"action": "set_key", "items": items(&vec![ids[0]; 2001])}), "/items"),
            (json!({"action": "set_carrier", "items": items(&ids)}), "/carrier_id"),
            (json!({"action": "set_carrier", "carrier_id": Uuid::nil(), "items": items(&ids)}), "/carrier_id"),
            (json!({"action": "add_tag", "items": items(&ids)}), "/tag"),
        ] {
            for dry_run in [true, false] {
                let mut body = body.clone();
                body["dry_run"] = json!(dry_run);
                let answer = house.call("officer", "POST", ENTERPRISES, body).await.expect(422).json();
                assert_eq!(answer["errors"][0]["pointer"], field);
            }
        }
        house.call("officer", "POST", ENTERPRISES, json!({"action": "destroy", "items": []})).await.expect(400);
        house.call("officer", "POST", ENTERPRISES, json!({"action": "set_key", "colour": 1})).await.expect(400);
    }
}

/// The values of the ticked boxes of a page.
fn boxes(page: &str) -> Vec<String> {
    let head = "type=\"checkbox\" name=\"item\" value=\"";
    page.match_indices(head).map(|(at, _)| page[at + head.len()..].split('"').next().unwrap().to_owned()).collect()
}

fn hidden(page: &str, name: &str) -> String {
    let head = format!("type=\"hidden\" name=\"{name}\" value=\"");
    let value = page.split(&head).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    value.replace("&#38;", "&").replace("&amp;", "&")
}

#[tokio::test]
async fn a_page_goes_from_ticks_by_the_preview_to_the_report() {
    for house in House::both().await {
        let (ids, park) = (enterprises(&house, 3).await, carrier(&house).await);
        let path = "/enterprises?headcount_max=5&sort=headcount";
        let list = house.page("officer", path).await.expect(200).text();
        assert_eq!(boxes(&list), ids.iter().map(Uuid::to_string).collect::<Vec<_>>());
        assert!(list.contains("value=\"set_key\"") && !list.contains("value=\"assign\""), "{list}");
        assert!(house.page("leader", path).await.expect(200).text().contains("value=\"assign\""));
        assert!(
            boxes(&house.page("oversight", path).await.expect(200).text()).is_empty(),
            "who only reads ticks nothing"
        );

        // Nothing ticked, an action that wants to know more, then the preview.
        let post = async |fields: &[(&str, &str)]| house.post("officer", "/enterprises/bulk", fields).await;
        let none = post(&[("action", "set_key"), ("step", "preview"), ("query", "key=true")]).await.expect(303);
        assert_eq!(none.headers["location"], "/enterprises?key=true");
        let (a, b, park) = (ids[0].to_string(), ids[1].to_string(), park.to_string());
        let ticked = [
            ("action", "set_carrier"),
            ("step", "preview"),
            ("scope", "ticked"),
            ("item", a.as_str()),
            ("item", b.as_str()),
        ];
        let asks = post(&ticked).await.expect(200).text();
        assert!(
            asks.contains("name=\"carrier_id\"") && asks.contains("已选 2 条") && boxes(&asks).is_empty(),
            "{asks}"
        );
        let rest = hidden(&asks, "rest");
        let preview =
            [("action", "set_carrier"), ("step", "preview"), ("rest", rest.as_str()), ("carrier_id", park.as_str())];
        let preview = post(&preview).await.expect(200).text();
        assert!(preview.contains("西岭产业园") && preview.contains("将变更 2 条"), "{preview}");
        let seen = boxes(&preview);
        assert_eq!(seen, [format!("{a}.1"), format!("{b}.1")]);
        assert_eq!(one(&house, ids[0]).await["carrier_id"], Json::Null, "a preview changes nothing");

        // One is unticked, the other was changed meanwhile by somebody else: it is named.
        let moved = format!("/api/v1/enterprises/{b}");
        house.call("officer", "PATCH", &moved, json!({"headcount": 4})).await.expect(200);
        let previewed = hidden(&preview, "previewed");
        let mut fields = vec![
            ("once", "bulk-page-1"),
            ("action", "set_carrier"),
            ("step", "do"),
            ("carrier_id", park.as_str()),
            ("previewed", previewed.as_str()),
            ("query", "headcount_max=5"),
        ];
        fields.extend(seen.iter().map(|item| ("item", item.as_str())));
        let report = post(&fields).await.expect(200).text();
        assert!(
            report.contains("已变更 1 条") && report.contains("刚被别人改过") && report.contains("第1批量机械有限公司"),
            "{report}"
        );
        assert!(report.contains("href=\"/enterprises?headcount_max=5\""), "{report}");
        assert_eq!(one(&house, ids[0]).await["carrier_id"], json!(park));
        let again = post(&fields).await.expect(200).text();
        assert!(again.contains("先前已经执行过"), "{again}");

        // Who changes his mind about the carrier is shown what that would do first.
        let other = [
            ("action", "set_carrier"),
            ("step", "do"),
            ("carrier_id", "none"),
            ("previewed", previewed.as_str()),
            ("item", a.as_str()),
        ];
        let shown = post(&other).await.expect(200).text();
        assert!(shown.contains("将变更 1 条") && shown.contains("西岭产业园"), "{shown}");
        assert_eq!(one(&house, ids[0]).await["carrier_id"], json!(park));

        // Everything that the filter finds, wherever the page ended.
        let all = [("action", "set_key"), ("step", "preview"), ("scope", "all"), ("query", "headcount_max=2&cursor=x")];
        let all = post(&all).await.expect(200).text();
        assert_eq!(boxes(&all).len(), 2, "those with two people or fewer: {all}");
        post(&[("action", "destroy"), ("item", a.as_str())]).await.expect(422);
        house.post("oversight", "/enterprises/bulk", &[("action", "set_key"), ("item", a.as_str())]).await.expect(403);
        let assign = [("action", "assign"), ("step", "preview"), ("item", a.as_str())];
        house.post("officer", "/enterprises/bulk", &assign).await.expect(403);
        let assign = house.post("leader", "/enterprises/bulk", &assign).await.expect(200).text();
        assert!(
            assign.contains(&format!("value=\"enterprise:{a}\"")) && assign.contains("action=\"/assignments/bulk\"")
        );
    }
}

async fn appeal(house: &House, title: &str, category: &str, accused: Option<Uuid>) -> Uuid {
    let kind = if accused.is_some() { Kind::Complaint } else { Kind::Help };
    let new = NewAppeal {
        kind,
        title: title.into(),
        body: "请协调".into(),
        category: category.into(),
        accused_department_id: accused,
        ..NewAppeal::default()
    };
    appeals::open(&house.app, &house.who("enterprise").await, new).await.unwrap()
}

async fn status(house: &House, id: Uuid) -> String {
    let path = format!("/api/v1/appeals/{id}");
    let one = house.call("dispatcher", "GET", &path, Json::Null).await.expect(200).json();
    one["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn registered_appeals_are_sent_to_a_department_together() {
    for house in House::both().await {
        let mut ids = Vec::new();
        for title in ["货车进不了场", "停水", "停电"] {
            ids.push(appeal(&house, title, "logistics", None).await);
        }
        let body = |dry_run: bool, items: Json| {
            json!({"action": "dispatch", "department_id": house.other_department, "instruction": "三日内答复",
                "items": items, "dry_run": dry_run})
        };
        let ahead = house.call("dispatcher", "POST", APPEALS, body(true, items(&ids))).await.expect(200).json();
        assert_eq!((counts(&ahead), status(&house, ids[0]).await.as_str()), ((3, 0, 0), "registered"));
        let key = [("idempotency-key", "send-1")];
        let done = house.call_with("dispatcher", "POST", APPEALS, body(false, items(&ids)), &key).await.expect(200);
        assert_eq!(counts(&done.json()), (3, 0, 0));
        for id in &ids {
            assert_eq!(status(&house, *id).await, "dispatched");
        }
        assert_eq!(logged(&house, "appeal.dispatch", &ids).await, 3, "one entry each");
        assert!(appeals::recount(&mut house.app.read().await.unwrap(), house.zone).await.unwrap());
        let again = house.call_with("dispatcher", "POST", APPEALS, body(false, items(&ids)), &key).await.expect(200);
        assert_eq!(again.json()["repeated"], true);
        assert_eq!(logged(&house, "appeal.dispatch", &ids).await, 3, "nothing is sent twice");
        let late = house.call("dispatcher", "POST", APPEALS, body(false, items(&ids))).await.expect(200).json();
        assert_eq!(steps(&late), ["refused appeal_status"; 3]);
    }
}

#[tokio::test]
async fn an_appeal_that_cannot_be_sent_says_why_and_holds_no_other_up() {
    for house in House::both().await {
        let good = appeal(&house, "货车进不了场", "logistics", None).await;
        let about = appeal(&house, "办事拖延", "other", Some(house.other_department)).await;
        let picks = json!([{"id": good, "version": 1}, {"id": good, "version": 7}]);
        house
            .call(
                "dispatcher",
                "POST",
                APPEALS,
                json!({"action": "dispatch", "department_id": house.department, "items": picks}),
            )
            .await
            .expect(422);
        let picks = json!([{"id": about}, {"id": Uuid::now_v7()}, {"id": good}]);
        let unrouted = json!({"action": "dispatch", "items": picks, "dry_run": true});
        let unrouted = house.call("dispatcher", "POST", APPEALS, unrouted).await.expect(200).json();
        assert_eq!(steps(&unrouted)[1..], ["refused unknown", "refused no_routing"]);
        let body = json!({"action": "dispatch", "department_id": house.other_department, "items": picks});
        let done = house.call("dispatcher", "POST", APPEALS, body).await.expect(200).json();
        assert_eq!(steps(&done), ["refused recusal", "refused unknown", "change"]);
        assert_eq!(
            (status(&house, about).await.as_str(), status(&house, good).await.as_str()),
            ("registered", "dispatched")
        );
        let wrong = json!({"action": "dispatch", "department_id": house.agency, "items": picks});
        let wrong = house.call("dispatcher", "POST", APPEALS, wrong).await.expect(422).json();
        assert_eq!(wrong["errors"][0]["pointer"], "/department_id");
        for who in ["leader", "officer", "specialist", "oversight", "agency", "enterprise", "sysadmin"] {
            house.call(who, "POST", APPEALS, json!({"action": "dispatch", "items": []})).await.expect(403);
            house.post(who, "/appeals/bulk", &[("action", "dispatch")]).await.expect(403);
        }
        let there = json!({"action": "dispatch", "department_id": null, "items": picks});
        let there = house.call("dispatcher@zone2", "POST", APPEALS, there).await.expect(200).json();
        assert_eq!(counts(&there), (0, 0, 3));
    }
}

#[tokio::test]
async fn the_queue_is_sent_from_its_page() {
    for house in House::both().await {
        let ids = [appeal(&house, "停水", "logistics", None).await, appeal(&house, "停电", "logistics", None).await];
        let list = house.page("dispatcher", "/appeals?view=queue").await.expect(200).text();
        assert_eq!(boxes(&list).len(), 2);
        let department = house.other_department.to_string();
        let first = [("action", "dispatch"), ("step", "preview"), ("scope", "all"), ("query", "view=queue")];
        let first = house.post("dispatcher", "/appeals/bulk", &first).await.expect(200).text();
        assert!(first.contains("该分类没有指定主办部门") && boxes(&first).is_empty(), "{first}");
        // Both are looked at again with a department.
        let others = hidden(&first, "others");
        let with =
            [("action", "dispatch"), ("step", "preview"), ("department_id", department.as_str()), ("others", &others)];
        let with = house.post("dispatcher", "/appeals/bulk", &with).await.expect(200).text();
        assert!(with.contains("将变更 2 条"), "{with}");
        let mut rows = Vec::new();
        for id in ids {
            let path = format!("/api/v1/appeals/{id}");
            let one = house.call("dispatcher", "GET", &path, Json::Null).await.expect(200).json();
            rows.push(format!("{id}.{}", one["version"]));
        }
        let rest = rows.join("_");
        let mut fields = vec![
            ("action", "dispatch"),
            ("step", "preview"),
            ("department_id", department.as_str()),
            ("rest", rest.as_str()),
        ];
        let preview = house.post("dispatcher", "/appeals/bulk", &fields).await.expect(200).text();
        assert!(preview.contains("将变更 2 条") && preview.contains("建设管理部"), "{preview}");
        let previewed = hidden(&preview, "previewed");
        fields[1] = ("step", "do");
        fields.extend([("previewed", previewed.as_str()), ("once", "queue-1")]);
        let report = house.post("dispatcher", "/appeals/bulk", &fields).await.expect(200).text();
        assert!(report.contains("已变更 2 条"), "{report}");
        assert_eq!(status(&house, ids[1]).await, "dispatched");
    }
}
