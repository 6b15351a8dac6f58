//! Visits that come from a device which had no network.

use crate::house::{Answer, House};
use buting::registry::desk as registry;
use buting::registry::merge::{NewMerge, desk as merge};
use buting::registry::{NewContact, NewEnterprise};
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

const PATH: &str = "/api/v1/visits/offline";

/// What a device sends for `officer`: fields as the form names them.
fn kept(house: &House, id: Uuid, fields: &[(&str, &str)]) -> Json {
    let fields: Vec<Json> = fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({
        "id": id, "person_id": house.person("officer"), "subject": format!("enterprise:{}", house.enterprise),
        "fields": fields, "seen": [{"line": "production", "state": "running"}],
    })
}

async fn light(house: &House, state: &str, cause: &str) {
    let body = json!({"enterprise_id": house.enterprise, "line": "production", "state": state, "cause": cause, "cause_kind": "raw_material"});
    house.call("dispatcher", "POST", "/api/v1/continuity", body).await.expect(201);
}

/// Makes the enterprise one that `officer` looks after.
async fn assign(house: &House) {
    let body = json!({"subject_kind": "enterprise", "subject_id": house.enterprise, "role": "officer",
        "person_id": house.person("officer")});
    let answer = house.call("dispatcher", "POST", "/api/v1/assignments", body).await;
    assert!(answer.status.is_success(), "{}", answer.text());
}

/// How many visits, appeals and lights the zone has.
async fn counts(house: &House) -> (i64, i64, i64) {
    let query =
        "SELECT (SELECT count(*) FROM visit WHERE zone_id = $1), (SELECT count(*) FROM appeal WHERE zone_id = $1),
                   (SELECT count(*) FROM continuity WHERE zone_id = $1)";
    house.app.read().await.unwrap().opt(sql!(query, house.zone)).await.unwrap().unwrap()
}

async fn send(house: &House, body: Json) -> Answer {
    house.call("officer", "POST", PATH, body).await
}

#[tokio::test]
async fn however_often_it_is_sent_it_is_one_visit_with_one_receipt() {
    for house in House::both().await {
        let id = Uuid::now_v7();
        let body = kept(
            &house,
            id,
            &[
                ("happened_at", "2026-11-24T09:00"),
                ("appeal_title", ""),
                ("appeal_title", "货车进不了园区"),
                ("promise_text", "联系交警"),
                ("promise_due", "2026-11-27"),
                ("state-production", "at_risk"),
                ("cause-production", "货车进不来"),
                ("hazard_text", "配电箱未上锁"),
                ("hazard_due", ""),
            ],
        );
        let first = send(&house, body.clone()).await.expect(200).json();
        assert_eq!((&first["receipt"]["id"], &first["changed"]), (&json!(id), &json!([])));
        assert_eq!(first["receipt"]["number"], "ZF-20261124-0001");
        let texts: Vec<_> = first["receipt"]["items"].as_array().unwrap().iter().map(|i| i["text"].clone()).collect();
        assert_eq!(texts, [json!("货车进不了园区"), json!("联系交警"), json!("有停产风险"), json!("配电箱未上锁")]);
        assert!(first["receipt"]["items"][0]["number"].is_string());
        let made = counts(&house).await;
        // The answer was lost. Meanwhile the light changed, and the program no longer reads one of the fields.
        light(&house, "stopped", "断料").await;
        let again = send(&house, body).await.expect(200).json();
        assert_eq!(again["receipt"]["number"], first["receipt"]["number"]);
        let unreadable = kept(&house, id, &[("minutes", "很久")]);
        assert_eq!(send(&house, unreadable).await.expect(200).json()["receipt"]["number"], first["receipt"]["number"]);
        assert_eq!(counts(&house).await, (made.0, made.1, made.2 + 1), "only the other's light is new");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_by_the_names_of_the_form() {
    let house = House::sqlite().await;
    for (fields, pointer) in [
        (&[("promise_text", "联系交警"), ("promise_due", "")][..], "/fields/promise_due-0"),
        (
            &[("appeal_title", ""), ("appeal_title", "甲"), ("appeal_category", ""), ("appeal_category", "weather")][..],
            "/fields/appeal_category-1",
        ),
        (&[("state-production", "stopped")][..], "/fields/cause-production"),
        (&[("minutes", "很久")][..], "/fields/minutes"),
        (&[("happened_at", "2026-12-24T09:00")][..], "/fields/happened_at"),
        (&[("note", "#承诺 尽快答复")][..], "/fields/note"),
    ] {
        let answer = send(&house, kept(&house, Uuid::now_v7(), fields)).await.expect(422).json();
        assert_eq!(answer["errors"][0]["pointer"], pointer, "{answer}");
        assert!(!answer["errors"][0]["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!(counts(&house).await.0, 0);
}

#[tokio::test]
async fn a_light_that_changed_meanwhile_is_asked_back() {
    for house in House::both().await {
        assign(&house).await;
        light(&house, "at_risk", "原料不足").await;
        let id = Uuid::now_v7();
        let said = |state: &str| kept(&house, id, &[("state-production", state), ("cause-production", "断电")]);
        let answer = send(&house, said("stopped")).await.expect(200).json();
        assert_eq!(answer["receipt"], Json::Null);
        let changed = &answer["changed"][0];
        assert_eq!((&changed["field"], &changed["value"]), (&json!("state-production"), &json!("at_risk")));
        assert!(changed["now"].as_str().unwrap().contains("原料不足"), "{changed}");
        assert_eq!(counts(&house).await.0, 0, "nothing is saved before it is settled");
        // The same word is no contradiction; nor is one by somebody who has seen the change.
        send(&house, kept(&house, Uuid::now_v7(), &[("note", "没有说到状态")])).await.expect(200);
        let mut settled = said("stopped");
        settled["seen"][0]["state"] = json!("at_risk");
        assert!(send(&house, settled).await.expect(200).json()["receipt"].is_object());
        let mut same = kept(&house, Uuid::now_v7(), &[("state-production", "stopped"), ("cause-production", "断电")]);
        same["seen"][0]["state"] = json!("running");
        assert!(send(&house, same).await.expect(200).json()["receipt"].is_object());
    }
}

#[tokio::test]
async fn a_marked_line_of_the_note_is_asked_back_like_a_field() {
    for house in House::both().await {
        assign(&house).await;
        light(&house, "stopped", "断料").await;
        // The second line of the note is it; the device saw the line running.
        for note in ["看了车间\n#状态 减产到70%：少一班", "看了车间\n#状态 无变化"] {
            let id = Uuid::now_v7();
            let before = counts(&house).await;
            let answer = send(&house, kept(&house, id, &[("note", note)])).await.expect(200).json();
            let changed = &answer["changed"][0];
            assert_eq!(
                (&changed["field"], &changed["value"]),
                (&json!("state-production"), &json!("stopped")),
                "{answer}"
            );
            assert_eq!(changed["note_line"], 2, "{answer}");
            assert_eq!(counts(&house).await, before, "nothing was saved");
            // Settled by what holds now: the line is a line like any other.
            let plain = note.replace('#', "");
            let receipt = send(&house, kept(&house, id, &[("note", &plain)])).await.expect(200).json();
            assert_eq!(receipt["receipt"]["id"], json!(id), "{receipt}");
        }
        // What agrees with what holds now asks nothing.
        let agreed = kept(&house, Uuid::now_v7(), &[("note", "#状态 停产：断料")]);
        let receipt = send(&house, agreed).await.expect(200).json();
        assert!(receipt["receipt"].is_object(), "{receipt}");
    }
}

#[tokio::test]
async fn a_plan_that_is_over_and_an_enterprise_that_was_merged_are_asked_back() {
    for house in House::both().await {
        let plan =
            json!({"enterprise_id": house.enterprise, "purpose": "看生产", "planned_at": "2026-11-26T01:00:00Z"});
        let plan = house.call("officer", "POST", "/api/v1/visits/plans", plan).await.expect(201).json();
        let plan = plan["id"].as_str().unwrap().to_owned();
        let cancelled = json!({"state": "cancelled", "reason": "改日"});
        house.call("officer", "POST", &format!("/api/v1/visits/plans/{plan}/answer"), cancelled).await.expect(200);
        let id = Uuid::now_v7();
        let answer = send(&house, kept(&house, id, &[("plan_id", &plan)])).await.expect(200).json();
        assert_eq!(
            (&answer["changed"][0]["field"], &answer["changed"][0]["value"]),
            (&json!("plan_id"), &json!("cancelled"))
        );
        assert!(answer["changed"][0]["now"].as_str().unwrap().contains("改日"));

        let new = NewEnterprise {
            name: "测试机电设备股份有限公司".into(),
            contacts: vec![NewContact { name: "周立".into(), ..NewContact::default() }],
            ..NewEnterprise::default()
        };
        let gone = registry::create_enterprise(&house.app, &house.rule(), new).await.unwrap();
        let who = house.who("dispatcher").await;
        let same = NewMerge { from: gone, take: Vec::new(), reason: "同一家企业".into() };
        merge::merge(&house.app, &who, house.enterprise, same).await.unwrap();
        let mut visit = kept(&house, id, &[("note", "去过了")]);
        visit["subject"] = json!(format!("enterprise:{gone}"));
        let answer = send(&house, visit.clone()).await.expect(200).json();
        let into = format!("enterprise:{}", house.enterprise);
        assert_eq!((&answer["changed"][0]["field"], &answer["changed"][0]["value"]), (&json!("subject"), &json!(into)));
        visit["subject"] = json!(into);
        assert!(send(&house, visit).await.expect(200).json()["receipt"].is_object());
        assert_eq!(counts(&house).await.0, 1);
    }
}

#[tokio::test]
async fn only_who_wrote_it_sends_it() {
    let house = House::sqlite().await;
    let id = Uuid::now_v7();
    let body = kept(&house, id, &[("note", "我写的")]);
    for account in ["leader", "officer2", "leader@zone2"] {
        let answer = house.call(account, "POST", PATH, body.clone()).await.expect(409).json();
        assert!(answer["detail"].as_str().unwrap().contains("本人"), "{answer}");
    }
    for account in ["enterprise", "agency", "auditor"] {
        house.call(account, "POST", PATH, body.clone()).await.expect(403);
    }
    send(&house, body.clone()).await.expect(200);
    // A key of somebody else's visit opens nothing.
    let mut other = body;
    other["person_id"] = json!(house.person("leader"));
    house.call("leader", "POST", PATH, other).await.expect(409);
}

#[tokio::test]
async fn the_page_takes_along_what_one_looks_after_and_no_more() {
    let house = House::sqlite().await;
    assign(&house).await;
    let page = house.page("officer", "/visits/offline").await.expect(200).text();
    assert!(page.contains(&format!("data-subject=\"enterprise:{}\"", house.enterprise)));
    assert!(page.contains("data-line=\"production\""), "with its brief");
    let page = house.page("officer2", "/visits/offline").await.expect(200).text();
    assert!(!page.contains(&house.enterprise.to_string()), "another's enterprise");
    house.page("enterprise", "/visits/offline").await.expect(403);
}
