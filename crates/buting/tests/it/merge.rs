//! Two records that are one enterprise: found, compared, merged, undone.

use crate::house::{House, MORNING};
use buting::appeal::{NewAppeal, desk as appeal};
use buting::error::{Conflict, Error, Result};
use buting::registry::merge::{Fact, NewMerge, Reason, desk};
use buting::registry::{NewContact, NewEnterprise, Status, desk as registry};
use buting::time::{DAY_MS, HOUR_MS, Time};
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

/// A second record of the house's enterprise, as another office entered it.
async fn twin(house: &House) -> Uuid {
    let new = NewEnterprise {
        name: "测试机电设备股份有限公司".into(),
        short_names: vec!["测试机电股份".into()],
        uscc: Some("91370000588768482Y".into()),
        headcount: Some(210),
        address: Some("西岭路 1 号".into()),
        contacts: vec![NewContact {
            name: "周立".into(), phone: Some("13800001111".into()), ..NewContact::default()
        }],
        ..NewEnterprise::default()
    };
    registry::create_enterprise(&house.app, &house.rule(), new).await.unwrap()
}

fn same(from: Uuid) -> NewMerge {
    NewMerge { from, take: Vec::new(), reason: "同一家企业，两个部门各登记了一次".into() }
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    match result {
        Err(Error::Conflict(Conflict::State(code))) => code,
        other => panic!("not refused by state: {other:?}"),
    }
}

async fn light(house: &House, enterprise: Uuid, state: &str) {
    let body = json!({"enterprise_id": enterprise, "line": "production", "state": state, "cause": "原料不足",
        "cause_kind": "raw_material"});
    let answer = house.call("dispatcher", "POST", "/api/v1/continuity", body).await;
    assert!(answer.status.is_success(), "{}", answer.text());
}

async fn lights(house: &House, enterprise: Uuid) -> Vec<String> {
    let mut tx = house.app.read().await.unwrap();
    let query = "SELECT state FROM continuity WHERE zone_id = $1 AND subject_id = $2 AND current ORDER BY line";
    let rows: Vec<(String,)> = tx.list(sql!(query, house.zone, enterprise)).await.unwrap();
    rows.into_iter().map(|(state,)| state).collect()
}

async fn assign(house: &House, enterprise: Uuid, person: &str) {
    let body = json!({"subject_kind": "enterprise", "subject_id": enterprise, "role": "officer",
        "person_id": house.person(person)});
    let answer = house.call("dispatcher", "POST", "/api/v1/assignments", body).await;
    assert!(answer.status.is_success(), "{}", answer.text());
}

#[tokio::test]
async fn pairs_are_found_and_decided_once() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        // The two of the house are called on one number.
        assert_eq!(desk::look_now(&house.app, &who).await.unwrap(), 1);
        let twin = twin(&house).await;
        assert_eq!(desk::look_now(&house.app, &who).await.unwrap(), 2);
        let page = desk::candidates(&house.app, &who, None, None).await.unwrap();
        let found = &page.items[0];
        assert_eq!((found.a_id, found.b_id, &found.reasons[..]), (house.enterprise, twin, &[Reason::SameName][..]));
        assert!(house.page("dispatcher", "/enterprises/duplicates").await.expect(200).text().contains("名称相同"));

        assert!(matches!(
            desk::distinct(&house.app, &house.who("officer").await, twin, house.enterprise, None).await,
            Err(Error::Forbidden)
        ));
        desk::distinct(&house.app, &who, twin, house.enterprise, Some("母公司与子公司")).await.unwrap();
        assert_eq!(desk::look_now(&house.app, &who).await.unwrap(), 1, "who decided is not asked again");
        assert!(matches!(
            desk::candidates(&house.app, &house.who("enterprise").await, None, None).await,
            Err(Error::Forbidden)
        ));
    }
}

#[tokio::test]
async fn everything_of_the_one_belongs_to_the_other() {
    for house in House::both().await {
        let (who, kept) = (house.who("dispatcher").await, house.enterprise);
        let gone = twin(&house).await;
        light(&house, kept, "running").await;
        house.clock.set(MORNING.plus(60_000));
        light(&house, gone, "at_risk").await;
        assign(&house, kept, "officer").await;
        assign(&house, gone, "officer2").await;
        let new = NewAppeal {
            enterprise_id: Some(gone),
            title: "停电".into(),
            body: "三号线停电".into(),
            category: "power_water_gas".into(),
            ..NewAppeal::default()
        };
        let difficulty = appeal::open(&house.app, &who, new).await.unwrap();

        let preview = desk::preview(&house.app, &who, gone, kept).await.unwrap();
        assert_eq!(preview.refusal, None);
        assert!(
            preview.moves.contains(&("appeal", 1)) && preview.moves.contains(&("contact", 1)),
            "{:?}",
            preview.moves
        );
        let page = house.page("dispatcher", &format!("/enterprises/{kept}/merge?with={gone}")).await.expect(200).text();
        assert!(page.contains("测试机电设备股份有限公司") && page.contains("西岭路 1 号"));

        let id = desk::merge(&house.app, &who, kept, same(gone)).await.unwrap();
        let one = registry::enterprise(&house.app, &who, kept).await.unwrap();
        assert_eq!((one.headcount, one.uscc.as_deref()), (Some(210), Some("91370000588768482Y")));
        assert!(one.short_names.contains(&"测试机电设备股份有限公司".into()), "{:?}", one.short_names);
        assert!(one.contacts.iter().any(|contact| contact.name == "周立"));
        let moved = appeal::record(&house.app, &who, difficulty).await.unwrap();
        assert_eq!(moved.appeal.enterprise_id, Some(kept));
        assert_eq!(lights(&house, kept).await, ["at_risk"], "the newer light counts");
        let held = house.call("dispatcher", "GET", &format!("/api/v1/assignments?subject_id={kept}"), Json::Null).await;
        let officers: Vec<Json> = held.expect(200).json()["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["role"] == "officer" && row["valid_to"].is_null())
            .map(|row| row["person_id"].clone())
            .collect();
        assert_eq!(officers, [json!(house.person("officer"))], "the one that stays keeps its officer");

        // The old record leads to the new one and is found under its name.
        let old = house.page("dispatcher", &format!("/enterprises/{gone}")).await.expect(307);
        assert_eq!(old.headers["location"], format!("/enterprises/{kept}"));
        let old = registry::enterprise(&house.app, &who, gone).await.unwrap();
        assert_eq!((old.status, old.merged_into), (Status::Merged, Some(kept)));
        let found = house
            .call("dispatcher", "GET", "/api/v1/enterprises?q=%E8%82%A1%E4%BB%BD", Json::Null)
            .await
            .expect(200)
            .json();
        assert_eq!((found["total"].as_i64(), &found["items"][0]["id"]), (Some(1), &json!(kept)));
        let page = house.page("dispatcher", &format!("/enterprises/{kept}")).await.expect(200).text();
        assert!(page.contains("撤销合并") && page.contains("三号线") || page.contains("停电"));
        assert_eq!(
            code(registry::change_enterprise(&house.app, &who, gone, Default::default()).await),
            "enterprise_merged"
        );
        assert_eq!(code(desk::merge(&house.app, &who, kept, same(gone)).await), "merge_merged");

        // Undone: what moved goes back, what came since stays, what was changed since stays.
        let later = appeal::open(
            &house.app,
            &house.who("enterprise").await,
            NewAppeal {
                title: "缺水".into(),
                body: "二楼缺水".into(),
                category: "power_water_gas".into(),
                ..NewAppeal::default()
            },
        )
        .await
        .unwrap();
        let patch = serde_json::from_value(json!({"headcount": 220})).unwrap();
        registry::change_enterprise(&house.app, &who, kept, patch).await.unwrap();
        desk::undo(&house.app, &who, id).await.unwrap();
        let (one, other) = (
            registry::enterprise(&house.app, &who, kept).await.unwrap(),
            registry::enterprise(&house.app, &who, gone).await.unwrap(),
        );
        assert_eq!((one.headcount, one.uscc, one.address), (Some(220), None, None));
        assert_eq!(
            (other.status, other.uscc.as_deref(), other.merged_into),
            (Status::Active, Some("91370000588768482Y"), None)
        );
        assert_eq!(appeal::record(&house.app, &who, difficulty).await.unwrap().appeal.enterprise_id, Some(gone));
        assert_eq!(appeal::record(&house.app, &who, later).await.unwrap().appeal.enterprise_id, Some(kept));
        assert_eq!(
            (lights(&house, kept).await, lights(&house, gone).await),
            (vec!["running".into()], vec!["at_risk".into()])
        );
        let held = house.call("dispatcher", "GET", &format!("/api/v1/assignments?subject_id={gone}"), Json::Null).await;
        assert!(held.expect(200).text().contains(&house.person("officer2").to_string()));
        assert_eq!(code(desk::undo(&house.app, &who, id).await), "merge_undone");
        house.page("dispatcher", &format!("/enterprises/{gone}")).await.expect(200);
    }
}

#[tokio::test]
async fn who_merges_chooses_where_both_say_something() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        let gone = twin(&house).await;
        let patch = serde_json::from_value(json!({"headcount": 200, "address": "东岭路 9 号"})).unwrap();
        registry::change_enterprise(&house.app, &who, house.enterprise, patch).await.unwrap();
        let preview = desk::preview(&house.app, &who, gone, house.enterprise).await.unwrap();
        assert_eq!(preview.differing, [Fact::Headcount, Fact::Address]);
        let path = format!("/enterprises/{}/merge", house.enterprise);
        let with = gone.to_string();
        let typed = [("with", with.as_str()), ("take_headcount", "from"), ("take_address", "into"), ("reason", "")];
        let again = house.post("dispatcher", &path, &typed).await.expect(422).text();
        assert!(again.contains("wrong-summary") && again.contains("name=\"take_headcount\" value=\"from\" checked"));
        let typed = [("with", with.as_str()), ("take_headcount", "from"), ("reason", "重复登记")];
        house.post("dispatcher", &path, &typed).await.expect(303);
        let one = registry::enterprise(&house.app, &who, house.enterprise).await.unwrap();
        assert_eq!((one.headcount, one.address.as_deref()), (Some(210), Some("东岭路 9 号")));
    }
}

#[tokio::test]
async fn what_is_not_merged_and_not_undone() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        let gone = twin(&house).await;
        assert_eq!(code(desk::merge(&house.app, &who, gone, same(gone)).await), "merge_itself");
        let unknown = desk::merge(&house.app, &who, house.enterprise, same(Uuid::now_v7())).await;
        assert!(matches!(unknown, Err(Error::Invalid(_))), "{unknown:?}");
        for (account, status) in [("enterprise", 403), ("officer", 403), ("agency", 403), ("dispatcher@zone2", 404)] {
            let body = json!({"from": gone, "reason": "x"});
            let path = format!("/api/v1/enterprises/{}/merges", house.enterprise);
            house.call(account, "POST", &path, body).await.expect(status);
        }
        let patch = serde_json::from_value(json!({"uscc": "91110000600037341L"})).unwrap();
        registry::change_enterprise(&house.app, &who, house.other_enterprise, patch).await.unwrap();
        assert_eq!(code(desk::merge(&house.app, &who, house.other_enterprise, same(gone)).await), "merge_two_codes");

        // A chain is undone from its end.
        let first = desk::merge(&house.app, &who, house.enterprise, same(gone)).await.unwrap();
        let third = NewEnterprise { name: "测试机电".into(), ..NewEnterprise::default() };
        let third = registry::create_enterprise(&house.app, &who, third).await.unwrap();
        let second = desk::merge(&house.app, &who, third, same(house.enterprise)).await.unwrap();
        let led = house.page("dispatcher", &format!("/enterprises/{gone}")).await.expect(307);
        assert_eq!(led.headers["location"], format!("/enterprises/{third}"));
        assert_eq!(code(desk::undo(&house.app, &who, first).await), "merge_undo_later_first");
        desk::undo(&house.app, &who, second).await.unwrap();
        let old = registry::enterprise(&house.app, &who, gone).await.unwrap();
        assert_eq!(old.merged_into, Some(house.enterprise));
        house.clock.set(MORNING.plus(31 * DAY_MS));
        assert_eq!(code(desk::undo(&house.app, &who, first).await), "merge_undo_over");
    }
}

#[tokio::test]
async fn several_who_assist_come_back_together_and_nothing_new_goes_to_what_is_gone() {
    for house in House::both().await {
        let (who, kept) = (house.who("dispatcher").await, house.enterprise);
        let gone = twin(&house).await;
        let assist = async |enterprise: Uuid, department: Uuid| {
            let body = json!({"subject_kind": "enterprise", "subject_id": enterprise, "role": "assist_dept",
                "department_id": department});
            house.call("dispatcher", "POST", "/api/v1/assignments", body).await
        };
        for (enterprise, department) in
            [(kept, house.department), (gone, house.department), (gone, house.other_department)]
        {
            assert!(assist(enterprise, department).await.status.is_success());
        }
        let id = desk::merge(&house.app, &who, kept, same(gone)).await.unwrap();
        assert_eq!(registry::enterprise(&house.app, &who, kept).await.unwrap().short_name, "测试机电");
        assist(gone, house.other_department).await.expect(422);
        let contact = json!({"name": "周立"});
        let path = format!("/api/v1/enterprises/{gone}/contacts");
        house.call("dispatcher", "POST", &path, contact).await.expect(404);
        desk::undo(&house.app, &who, id).await.unwrap();
        let path = format!("/api/v1/assignments?subject_id={gone}&role=assist_dept");
        let rows = house.call("dispatcher", "GET", &path, Json::Null).await.expect(200).json();
        let open = rows["items"].as_array().unwrap().iter().filter(|row| row["valid_to"].is_null()).count();
        assert_eq!(open, 2, "{rows}");
    }
}

async fn notices(house: &House, account: &str) -> Vec<(String, Json)> {
    let mut tx = house.app.read().await.unwrap();
    let query = "SELECT kind, args FROM notice WHERE zone_id = $1 AND person_id = $2 ORDER BY id";
    tx.list(sql!(query, house.zone, house.person(account))).await.unwrap()
}

/// Who was the officer of an enterprise at that instant, as the rows say.
async fn officers(house: &House, enterprise: Uuid, at: Time) -> Vec<Uuid> {
    let mut tx = house.app.read().await.unwrap();
    let query = sql!(
        "SELECT person_id FROM assignment WHERE zone_id = $1 AND subject_id = $2 AND role = 'officer'
           AND valid_from <= $3 AND (valid_to IS NULL OR valid_to > $3) ORDER BY id",
        house.zone,
        enterprise,
        at
    );
    tx.list::<(Uuid,)>(query).await.unwrap().into_iter().map(|(id,)| id).collect()
}

async fn entries(house: &House, action: &str, about: Uuid) -> i64 {
    let mut tx = house.app.read().await.unwrap();
    let query = "SELECT count(*) FROM ledger WHERE zone_id = $1 AND action = $2 AND about_id = $3";
    tx.value(sql!(query, house.zone, action, about)).await.unwrap()
}

#[tokio::test]
async fn who_answered_on_a_past_day_is_the_same_after_a_merge_and_after_its_undo() {
    for house in House::both().await {
        let (who, kept) = (house.who("dispatcher").await, house.enterprise);
        let gone = twin(&house).await;
        let at = |hours: i64| MORNING.plus(hours * HOUR_MS);
        let (one, two, three) = (house.person("officer"), house.person("officer2"), house.person("specialist"));
        // At the record that goes: the specialist for an hour, then officer2. At the other: the officer.
        assign(&house, gone, "specialist").await;
        house.clock.set(at(1));
        let rows = house.call("dispatcher", "GET", &format!("/api/v1/assignments?subject_id={gone}"), Json::Null).await;
        let first = rows.json()["items"][0]["id"].as_str().unwrap().to_owned();
        let change = json!({"person_id": two, "reason": "轮岗"});
        let path = format!("/api/v1/assignments/{first}");
        assert!(house.call("dispatcher", "PATCH", &path, change).await.status.is_success());
        assign(&house, kept, "officer").await;
        let lead = json!({"subject_kind": "enterprise", "subject_id": gone, "role": "lead_leader",
            "person_id": house.person("leader")});
        assert!(house.call("dispatcher", "POST", "/api/v1/assignments", lead).await.status.is_success());

        house.clock.set(at(2));
        let told = notices(&house, "officer2").await.len();
        let preview = desk::preview(&house.app, &who, gone, kept).await.unwrap();
        assert!(preview.moves.contains(&("assignment", 2)), "what holds: {:?}", preview.moves);
        let id = desk::merge(&house.app, &who, kept, same(gone)).await.unwrap();
        let past = async || {
            assert_eq!(officers(&house, gone, at(0)).await, [three], "an ended one stays with the old record");
            assert_eq!(officers(&house, gone, at(2).plus(-1)).await, [two]);
            assert_eq!(officers(&house, kept, at(2).plus(-1)).await, [one], "the other had one officer, not two");
            assert!(officers(&house, kept, at(0)).await.is_empty());
        };
        past().await;
        assert!(officers(&house, gone, at(2)).await.is_empty());
        assert_eq!(officers(&house, kept, at(2)).await, [one]);
        assert_eq!(entries(&house, "assignment.end", gone).await, 2, "each end is an entry of its own");
        let new = notices(&house, "officer2").await.split_off(told);
        assert!(
            new.iter().any(|(kind, args)| kind == "assignment.relieved" && args["subject"] == "测试机电股份"),
            "{new:?}"
        );
        let new = notices(&house, "leader").await;
        assert!(
            new.iter().any(|(kind, args)| kind == "assignment.assigned" && args["subject"] == "测试机电"),
            "{new:?}"
        );

        house.clock.set(at(3));
        desk::undo(&house.app, &who, id).await.unwrap();
        past().await;
        assert_eq!((officers(&house, gone, at(3)).await, officers(&house, kept, at(3)).await), (vec![two], vec![one]));
        assert!(
            officers(&house, gone, at(3).plus(-1)).await.is_empty(),
            "while it was merged nobody answered for it alone"
        );
        let mut tx = house.app.read().await.unwrap();
        let leaders = sql!(
            "SELECT subject_id FROM assignment WHERE zone_id = $1 AND role = 'lead_leader' AND valid_to IS NULL",
            house.zone
        );
        assert_eq!(tx.list::<(Uuid,)>(leaders).await.unwrap(), [(gone,)], "the leader goes back");
    }
}

#[tokio::test]
async fn after_an_undo_every_line_has_one_current_light() {
    for house in House::both().await {
        let (who, kept) = (house.who("dispatcher").await, house.enterprise);
        let gone = twin(&house).await;
        let at = |minutes: i64| house.clock.set(MORNING.plus(minutes * 60_000));
        light(&house, kept, "running").await;
        at(1);
        light(&house, gone, "at_risk").await;
        at(2);
        let id = desk::merge(&house.app, &who, kept, same(gone)).await.unwrap();
        // A newer word puts the light out that came from the other record.
        at(3);
        light(&house, kept, "stopped").await;
        desk::undo(&house.app, &who, id).await.unwrap();
        assert_eq!(
            (lights(&house, kept).await, lights(&house, gone).await),
            (vec!["stopped".into()], vec!["at_risk".into()])
        );
    }
}

#[tokio::test]
async fn nothing_is_attached_to_a_record_while_it_is_merged_away() {
    for house in House::both().await {
        let gone = twin(&house).await;
        let officer = house.who("dispatcher").await;
        let opened = |title: &str| NewAppeal {
            enterprise_id: Some(gone),
            title: title.into(),
            body: "三号线停电".into(),
            category: "power_water_gas".into(),
            ..NewAppeal::default()
        };
        let contact = NewContact { name: "后来人".into(), ..NewContact::default() };
        // The merge is at work: it holds the record and has marked it, and has not ended.
        let held = "SELECT id FROM enterprise WHERE zone_id = $1 AND id = $2";
        let mut merge = house.hold(sql!(held, house.zone, gone)).await;
        let mark = "UPDATE enterprise SET merged_into = $1 WHERE zone_id = $2 AND id = $3";
        merge.run(sql!(mark, house.enterprise, house.zone, gone)).await.unwrap();
        let (appeal, person, ()) = tokio::join!(
            appeal::open(&house.app, &officer, opened("停电")),
            registry::add_contact(&house.app, &officer, gone, contact),
            async {
                house.somebody_waits().await;
                merge.commit().await.unwrap();
            }
        );
        assert!(matches!(appeal, Err(Error::Invalid(_))), "{appeal:?}");
        assert!(matches!(person, Err(Error::NotFound)), "{person:?}");
    }
}
