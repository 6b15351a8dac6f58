//! Control plans and emergency plans: told once what is missing, reviewed by another,
//! approved for facts, falling back when they change.

use crate::cases::{at, code, done, wrong};
use crate::house::House;
use buting::error::{Error, Result};
use buting::organisation::desk::{self as organisation, Leaving};
use buting::readiness::plan::{self, NewReadyPlan, ReadyAct, ReadyRecord, ReadyState};
use serde_json::{Value as Json, json};
use uuid::Uuid;

async fn begin(house: &House, who: &str, new: Json) -> Result<Uuid> {
    let new: NewReadyPlan = serde_json::from_value(new).expect("a plan");
    plan::desk::begin(&house.app, &house.who(who).await, new).await
}

async fn act(house: &House, who: &str, id: Uuid, act: Json) -> Result<Uuid> {
    let act: ReadyAct = serde_json::from_value(act).expect("an act");
    plan::desk::act(&house.app, &house.who(who).await, id, act).await
}

async fn record(house: &House, who: &str, id: Uuid) -> ReadyRecord {
    plan::desk::record(&house.app, &house.who(who).await, id, None).await.unwrap()
}

async fn state(house: &House, id: Uuid) -> ReadyState {
    record(house, "leader", id).await.plan.state
}

async fn notices(house: &House, who: &str, kind: &str) -> i64 {
    let mut tx = house.app.read().await.unwrap();
    let query = store::sql!("SELECT count(*) FROM notice WHERE person_id = $1 AND kind = $2", house.person(who), kind);
    tx.value(query).await.unwrap()
}

async fn waits(house: &House, who: &str) -> Vec<&'static str> {
    let all = plan::desk::to_do(&house.app, &house.who(who).await).await.unwrap();
    all.into_iter().map(|item| item.action).collect()
}

/// The enterprise is the officer's.
async fn assigned(house: &House) {
    let body = json!({"subject_kind": "enterprise", "subject_id": house.enterprise, "role": "officer",
        "person_id": house.person("officer")});
    house.call("dispatcher", "POST", "/api/v1/assignments", body).await.expect(201);
}

/// An answer to everything that must be answered; the first person is a contact.
fn answers(record: &ReadyRecord, contact: Uuid) -> Json {
    let all = record.items.iter().filter(|item| item.required).enumerate().map(|(n, item)| match item.kind.word() {
        "person" if n == 0 => json!({"key": item.key, "person_id": contact}),
        "person" => json!({"key": item.key, "name": "江远", "phone": "13800001234"}),
        "stock" => json!({"key": item.key, "quantity": 500}),
        "roster" => json!({"key": item.key, "text": "江远\n白露\n秦朗"}),
        _ => json!({"key": item.key, "text": "按方案执行"}),
    });
    json!({"action": "write", "answers": all.collect::<Vec<_>>()})
}

/// Written by the enterprise, reviewed and approved by the officer.
async fn approved(house: &House, kind: &str) -> Uuid {
    let id = begin(house, "enterprise", json!({"kind": kind})).await.unwrap();
    let written = answers(&record(house, "enterprise", id).await, house.person("enterprise"));
    done(act(house, "enterprise", id, written).await);
    done(act(house, "enterprise", id, json!({"action": "submit"})).await);
    done(act(house, "officer", id, json!({"action": "review", "mode": "video", "note": "与清单一致"})).await);
    done(act(house, "officer", id, json!({"action": "approve"})).await);
    id
}

#[tokio::test]
async fn everything_missing_is_told_at_once_and_others_review() {
    for house in House::both().await {
        assigned(&house).await;
        let id = begin(&house, "enterprise", json!({"kind": "control"})).await.unwrap();
        assert!(
            matches!(begin(&house, "enterprise", json!({"kind": "control"})).await, Err(Error::Replayed(same)) if same == id)
        );
        let fresh = record(&house, "enterprise", id).await;
        let told = wrong(act(&house, "enterprise", id, json!({"action": "submit"})).await);
        assert_eq!(told.len(), fresh.items.iter().filter(|item| item.required).count(), "every gap in one answer");
        assert!(told.iter().all(|(_, code)| *code == "ready_empty"));

        let contact = house.person("enterprise");
        done(act(&house, "enterprise", id, answers(&fresh, contact)).await);
        let short = json!({"action": "write", "answers": [{"key": "masks", "quantity": 3}, {"key": "reporter", "name": "江远"}]});
        done(act(&house, "enterprise", id, short).await);
        let told = wrong(act(&house, "enterprise", id, json!({"action": "submit"})).await);
        assert_eq!(told, [("item_reporter".into(), "ready_no_phone"), ("item_masks".into(), "ready_too_few")]);
        let bad = json!({"action": "write", "answers": [{"key": "reporter", "name": "江远", "phone": "12"}, {"key": "no_such"}]});
        assert_eq!(
            wrong(act(&house, "enterprise", id, bad).await),
            [("phone_reporter".into(), "ready_phone"), ("answers".into(), "ready_item")]
        );
        done(act(&house, "enterprise", id, answers(&fresh, contact)).await);
        done(act(&house, "enterprise", id, json!({"action": "submit"})).await);
        assert_eq!(notices(&house, "officer", "readiness.submitted").await, 1);
        assert_eq!(waits(&house, "officer").await, ["todo-ready-review"]);
        assert_eq!(code(act(&house, "enterprise", id, answers(&fresh, contact)).await), "ready_state");
        assert!(matches!(
            act(&house, "enterprise", id, json!({"action": "review", "mode": "video", "note": "好"})).await,
            Err(Error::Forbidden)
        ));

        // A return names everything; what it did not name and did not change needs a reason later.
        let gaps = json!({"action": "return", "gaps": [{"item_key": "zones", "text": "门岗没有分开"}, {"item_key": "goods", "text": "缺交接点"}]});
        done(act(&house, "officer", id, gaps).await);
        let returned = record(&house, "enterprise", id).await;
        assert_eq!((returned.plan.state, returned.told.len()), (ReadyState::Returned, 2));
        assert_eq!(
            (waits(&house, "enterprise").await, notices(&house, "enterprise", "readiness.returned").await),
            (vec!["todo-ready-mend"], 1)
        );
        house.clock.set(at(24, 11));
        done(
            act(
                &house,
                "enterprise",
                id,
                json!({"action": "write", "answers": [{"key": "zones", "text": "门岗已分开"}]}),
            )
            .await,
        );
        done(act(&house, "enterprise", id, json!({"action": "submit"})).await);
        done(act(&house, "officer", id, json!({"action": "review", "mode": "on_site", "note": "已看"})).await);
        let late = |reason: Json| {
            json!({"action": "return", "late_reason": reason, "gaps": [
            {"item_key": "zones", "text": "还差标识"}, {"item_key": "goods", "text": "仍缺"}, {"item_key": "checks", "text": "没有早晚两次"}]})
        };
        assert_eq!(wrong(act(&house, "officer", id, late(Json::Null)).await), [("late_reason".into(), "ready_late")]);
        done(act(&house, "officer", id, late(json!("标准新下发"))).await);
        let told = record(&house, "enterprise", id).await.told;
        let reasons: Vec<bool> = told.iter().map(|gap| gap.late_reason.is_some()).collect();
        assert_eq!(reasons, [false, true, false], "zones, checks, goods");

        // Who helped to write it does not check it.
        house.clock.set(at(24, 12));
        done(
            act(
                &house,
                "officer",
                id,
                json!({"action": "write", "answers": [{"key": "checks", "text": "早晚各一次"}]}),
            )
            .await,
        );
        done(act(&house, "enterprise", id, json!({"action": "submit"})).await);
        let review = json!({"action": "review", "mode": "video", "note": "好"});
        assert_eq!(code(act(&house, "officer", id, review.clone()).await), "ready_own");
        done(act(&house, "leader", id, review).await);
        assert_eq!(
            wrong(act(&house, "leader", id, json!({"action": "approve", "valid_until": "2028-01-01"})).await),
            [("valid_until".into(), "ready_long")]
        );
        done(act(&house, "leader", id, json!({"action": "approve"})).await);
        let whole = record(&house, "officer", id).await;
        assert_eq!(whole.plan.valid_until.map(|day| day.to_string()).as_deref(), Some("2027-11-24"));
        assert!(whole.items.iter().filter_map(|item| item.phone.as_deref()).all(|phone| phone.contains('*')), "masked");
        assert_eq!(notices(&house, "enterprise", "readiness.approved").await, 1);
    }
}

#[tokio::test]
async fn an_approval_falls_back_when_its_facts_change() {
    for house in House::both().await {
        assigned(&house).await;
        let id = approved(&house, "control").await;
        let watch = || async { plan::desk::watch(&house.app, house.zone).await.unwrap() };
        assert_eq!(watch().await, 0, "nothing has changed");
        // What says the same again changes nothing.
        let same = json!({"action": "write", "answers": [{"key": "zones", "text": "按方案执行"}]});
        done(act(&house, "enterprise", id, same).await);
        assert_eq!(state(&house, id).await, ReadyState::Approved);
        let other = json!({"action": "write", "answers": [{"key": "zones", "text": "生活区搬到二号楼"}]});
        done(act(&house, "enterprise", id, other).await);
        assert_eq!(state(&house, id).await, ReadyState::FallenBack);
        assert_eq!(notices(&house, "officer", "readiness.fell").await, 1);
        assert_eq!(waits(&house, "enterprise").await, ["todo-ready-renew"]);
        done(act(&house, "enterprise", id, json!({"action": "submit"})).await);
        done(act(&house, "officer", id, json!({"action": "review", "mode": "video", "note": "已看"})).await);
        done(act(&house, "officer", id, json!({"action": "approve"})).await);

        // The named contact leaves: the plan falls back by itself.
        let leaving = Leaving { last_contact: true, ..Leaving::default() };
        organisation::leave(&house.app, &house.rule(), house.person("enterprise"), leaving).await.unwrap();
        assert_eq!((watch().await, watch().await), (1, 0));
        let fallen = record(&house, "officer", id).await;
        assert_eq!(fallen.plan.state, ReadyState::FallenBack);
        assert_eq!(
            fallen.missing.iter().map(|(key, lack)| (key.as_str(), lack.word())).collect::<Vec<_>>(),
            [("responsible", "gone")]
        );
    }
}

#[tokio::test]
async fn days_of_law_are_kept_and_findings_become_tasks() {
    for house in House::both().await {
        assigned(&house).await;
        let id = approved(&house, "emergency").await;
        let days = |r: &ReadyRecord| {
            [r.plan.filing_due, r.plan.drill_due].map(|day| day.map(|day| day.to_string()).unwrap_or_default())
        };
        assert_eq!(days(&record(&house, "officer", id).await), ["2026-12-22", "2027-11-24"]);
        done(act(&house, "enterprise", id, json!({"action": "write", "hazard": true})).await);
        assert_eq!(state(&house, id).await, ReadyState::Approved, "how often it drills is no fact of the checklist");
        assert_eq!(days(&record(&house, "officer", id).await), ["2026-12-22", "2027-05-24"]);
        let watch = || async { plan::desk::watch(&house.app, house.zone).await.unwrap() };
        house.clock.set(at(24 + 24, 9));
        assert_eq!((watch().await, watch().await), (1, 0), "filing is near");
        assert_eq!(notices(&house, "enterprise", "readiness.near_filing").await, 1);
        assert!(waits(&house, "enterprise").await.contains(&"todo-ready-file"));
        done(
            act(
                &house,
                "enterprise",
                id,
                json!({"action": "file", "filed_on": "2026-12-17", "filing_no": "济应急备〔2026〕8号"}),
            )
            .await,
        );

        let drill = json!({"action": "drill", "kind": "live", "held_on": "2026-12-17", "people": 46, "scenario": "配电室起火",
            "findings": ["二号出口堆放托盘", " ", "广播听不清"]});
        done(act(&house, "enterprise", id, drill.clone()).await);
        let shown = record(&house, "officer", id).await;
        assert_eq!((shown.drills.len(), shown.findings.len(), days(&shown)[1].as_str()), (1, 2, "2027-06-17"));
        let listed =
            house.call("officer", "GET", &format!("/api/v1/tasks?record_id={id}"), Json::Null).await.expect(200).json();
        assert_eq!(
            (listed["total"].as_i64(), listed["items"][0]["record_kind"].as_str()),
            (Some(2), Some("readiness_plan"))
        );
        let bad = json!({"action": "drill", "kind": "desk", "held_on": "2027-12-17", "people": 0, "scenario": " "});
        let fields: Vec<String> =
            wrong(act(&house, "officer", id, bad).await).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["scenario", "held_on", "people"]);
        let mut revise = drill;
        revise["revise"] = json!(true);
        done(act(&house, "officer", id, revise).await);
        assert_eq!(state(&house, id).await, ReadyState::FallenBack);

        // Half a year later nobody has drilled.
        house.clock.set(at(24 + 210, 9));
        watch().await;
        assert_eq!(notices(&house, "officer", "readiness.over_drill").await, 1);
        let late =
            house.call("leader", "GET", "/api/v1/plans/standing?show=drill_over", Json::Null).await.expect(200).json();
        assert_eq!(
            (late["total"].as_i64(), late["items"][0]["id"].as_str()),
            (Some(1), Some(&*house.enterprise.to_string()))
        );
    }
}

#[tokio::test]
async fn an_approval_expires_and_a_plan_is_issued_once() {
    for house in House::both().await {
        assigned(&house).await;
        let id = approved(&house, "control").await;
        let issue = json!({"kind": "control_plan", "plan_id": id});
        let made = house.call("officer", "POST", "/api/v1/documents", issue.clone()).await.expect(201).json();
        assert!(made["number"].as_str().is_some_and(|number| number.contains("防〔2026〕1号")), "{made}");
        let again = house.call("officer", "POST", "/api/v1/documents", issue.clone()).await;
        assert_eq!(again.json()["id"], made["id"], "what has not changed keeps its number");
        let other = json!({"kind": "emergency_plan", "plan_id": id});
        house.call("officer", "POST", "/api/v1/documents", other).await.expect(404);
        house
            .call("officer2", "GET", &format!("/api/v1/documents/{}", made["id"].as_str().unwrap()), Json::Null)
            .await
            .expect(404);
        let file = house
            .call(
                "officer",
                "GET",
                &format!("/api/v1/documents/{}/file?format=docx", made["id"].as_str().unwrap()),
                Json::Null,
            )
            .await;
        assert!(file.expect(200).bytes.starts_with(b"PK"));

        house.clock.set(at(24 + 366, 9));
        assert_eq!(plan::desk::watch(&house.app, house.zone).await.unwrap(), 1);
        assert_eq!(state(&house, id).await, ReadyState::Expired);
        house.call("officer", "POST", "/api/v1/documents", issue).await.expect(409);
        assert_eq!(notices(&house, "enterprise", "readiness.expired").await, 1);
    }
}

#[tokio::test]
async fn plans_are_known_to_those_who_reach_them() {
    for house in House::both().await {
        let new = json!({"kind": "control", "enterprise_id": house.enterprise});
        assert!(matches!(begin(&house, "enterprise2", new.clone()).await, Err(Error::NotFound)));
        assert!(matches!(begin(&house, "officer@zone2", new.clone()).await, Err(Error::NotFound)));
        assert!(matches!(begin(&house, "oversight", new.clone()).await, Err(Error::Forbidden)));
        let key = Uuid::now_v7();
        let mut with_key = new;
        with_key["id"] = json!(key);
        house.call("dispatcher", "POST", "/api/v1/plans", with_key.clone()).await.expect(201);
        house.call("dispatcher", "POST", "/api/v1/plans", with_key).await.expect(200);
        let path = format!("/api/v1/plans/{key}");
        for (who, status) in [
            ("enterprise", 200),
            ("leader", 200),
            ("oversight", 200),
            ("enterprise2", 404),
            ("officer@zone2", 404),
            ("agency", 403),
            ("project", 404),
        ] {
            house.call(who, "GET", &path, Json::Null).await.expect(status);
        }
        let stale = [("If-Match", "\"v9\"")];
        house
            .call_with(
                "enterprise",
                "POST",
                &format!("{path}/actions"),
                json!({"action": "write", "hazard": true}),
                &stale,
            )
            .await
            .expect(412);
        let own = house.call("enterprise", "GET", "/api/v1/plans", Json::Null).await.expect(200).json();
        assert_eq!(own["total"], 1);
        let missing = house
            .call("leader", "GET", "/api/v1/plans/standing?show=missing&sort=-name", Json::Null)
            .await
            .expect(200)
            .json();
        assert_eq!(missing["total"], 3, "two enterprises and the project");
        let named = house.call("leader", "GET", "/api/v1/plans/standing?q=另一家", Json::Null).await.expect(200).json();
        assert_eq!(named["total"], 1);
    }
}

#[tokio::test]
async fn the_pages_keep_what_was_typed_and_name_every_gap() {
    for house in House::both().await {
        assigned(&house).await;
        let enterprise = house.enterprise.to_string();
        let begun = [("kind", "control"), ("subject_kind", "enterprise"), ("subject_id", enterprise.as_str())];
        house.post("enterprise", "/plans", &begun).await.expect(303);
        let own = house.call("enterprise", "GET", "/api/v1/plans", Json::Null).await.expect(200).json();
        let id = own["items"][0]["id"].as_str().unwrap().to_owned();
        let typed = [("name_reporter", "江远"), ("phone_reporter", "12"), ("text_zones", "门岗分开")];
        let page = house.post("enterprise", &format!("/plans/{id}/edit"), &typed).await.expect(422).text();
        assert!(page.contains("value=\"江远\"") && page.contains("门岗分开"));
        let typed = [("name_reporter", "江远"), ("phone_reporter", "13800001234"), ("text_zones", "门岗分开")];
        house.post("enterprise", &format!("/plans/{id}/edit"), &typed).await.expect(303);
        let page = house.post("enterprise", &format!("/plans/{id}"), &[("action", "submit")]).await.expect(422).text();
        let gaps = page.matches("href=\"#f-submit-item_").count();
        assert_eq!(gaps, 11, "all of them, each with a link to its row");
        for path in
            ["/plans", "/plans?show=missing&key=true", "/plans/export?format=csv", "/plans?mine=true&sort=-drill"]
        {
            house.page("officer", path).await.expect(200);
        }
        house.page("enterprise", "/plans").await.expect(200);
        house.page("enterprise", "/plans/export").await.expect(403);
        house.page("officer", &format!("/plans/{id}?show=true")).await.expect(200);
        house.page("officer", &format!("/history/readiness_plan/{id}")).await.expect(200);
        let enterprise = house.page("officer", &format!("/enterprises/{}", house.enterprise)).await.expect(200).text();
        assert!(enterprise.contains(&format!("/plans/{id}")));
        house.page("project", "/plans").await.expect(200);
        // A file is the answer of its item.
        let uploads = Uuid::now_v7().to_string();
        let fields = [("key", "original"), ("uploads", uploads.as_str())];
        let files: [(&str, &[u8]); 1] = [("方案.pdf", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")];
        house.upload("enterprise", &format!("/plans/{id}/files"), &fields, &files).await.expect(303);
        let page = house.page("officer", &format!("/plans/{id}")).await.expect(200).text();
        assert!(page.contains("方案.pdf"));
    }
}

#[tokio::test]
async fn a_zone_sets_its_own_checklist() {
    for house in House::both().await {
        let shipped = house.call("dispatcher", "GET", "/api/v1/plans/templates", Json::Null).await.expect(200).json();
        assert_eq!(shipped["items"][0]["version"], 0);
        let new = json!({"kind": "control", "items": [
            {"key": "keeper", "title": "值守负责人", "kind": "person", "required": true, "least": null, "unit": null}]});
        house.call("officer", "POST", "/api/v1/plans/templates", new.clone()).await.expect(403);
        house.call("dispatcher", "POST", "/api/v1/plans/templates", new.clone()).await.expect(200);
        let twice = json!({"kind": "control", "items": [new["items"][0], new["items"][0]]});
        house.call("dispatcher", "POST", "/api/v1/plans/templates", twice).await.expect(422);
        let id = begin(&house, "enterprise", json!({"kind": "control"})).await.unwrap();
        let made = record(&house, "enterprise", id).await;
        assert_eq!((made.items.len(), made.plan.template_version), (1, 1));
    }
}
