//! 走访: one save, what comes of it, and who may see it.

use crate::house::{Answer, House};
use buting::continuity::{Line, NewLight, State};
use buting::error::{Conflict, Error};
use buting::subject::SubjectKind::Enterprise;
use buting::time::DAY_MS;
use buting::visit::desk::{self, VisitFilter};
use buting::visit::plan;
use buting::visit::plan::PlanAnswer;
use buting::visit::receipt::{self, Receipt};
use buting::visit::{BlockAnswer, NewPlan, NewPromise, NewVisit, PlanState, Rating};
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

fn location(answer: &Answer) -> &str {
    answer.headers["location"].to_str().unwrap()
}

/// How many rows of the zone a table has.
async fn count(house: &House, table: &'static str) -> i64 {
    let mut query = sql!("SELECT count(*) FROM ");
    query.push(table).push(" WHERE zone_id = ").arg(house.zone);
    house.app.read().await.unwrap().value(query).await.unwrap()
}

async fn counts(house: &House) -> [i64; 5] {
    [
        count(house, "visit").await,
        count(house, "visit_item").await,
        count(house, "promise").await,
        count(house, "continuity").await,
        count(house, "appeal").await,
    ]
}

fn full(house: &House) -> Json {
    json!({
        "enterprise_id": house.enterprise,
        "channel": "onsite",
        "visitors": [house.person("leader"), house.person("officer")],
        "hosts": [{"name": "李女士", "title": "行政主管"}],
        "blocks": [
            {"key": "prevention", "rating": "fair", "finding": "采样不便", "text": "一百多人要到街道排队"},
            {"key": "production", "rating": "good"},
        ],
        "requirements": [{"text": "每日测温登记", "due_at": "2026-12-01T00:00:00Z"}],
        "hazards": [{"text": "配电箱未上锁"}],
        "answers": [{"question": "稳岗补贴怎么领", "answer": "网上申报，十日内到账"}],
        "appeals": [{"title": "希望在厂里采样", "category": "epidemic", "urgency": "urgent"}],
        "promises": [{"text": "联系卫生院培训采样员", "due_at": "2026-11-27T10:00:00Z"}],
        "continuity": [{"line": "production", "state": "at_risk", "cause": "职工外出采样，生产线缺人", "cause_kind": "sampling"}],
        "note": "下午三点到车间\n#承诺 3日内答复培训时间\n#状态 运输正常",
        "next_contact_due_at": "2026-12-01T00:00:00Z",
    })
}

#[tokio::test]
async fn one_save_makes_everything() {
    for house in House::both().await {
        let made = house.call("leader", "POST", "/api/v1/visits", full(&house)).await.expect(201);
        let path = made.headers["location"].to_str().unwrap().to_owned();
        let visit = made.json();
        assert_eq!(visit["number"], "ZF-20261124-0001");
        assert_eq!(counts(&house).await, [1, 3, 2, 2, 1]);
        assert_eq!(visit["visitors"][0]["person_id"], json!(house.person("leader")));
        assert_eq!(visit["appeals"][0]["title"], "希望在厂里采样");
        assert_eq!(visit["appeals"][0]["status"], "registered");
        let states: Vec<_> =
            visit["continuity"].as_array().unwrap().iter().map(|l| (l["line"].clone(), l["state"].clone())).collect();
        assert_eq!(states, [(json!("production"), json!("at_risk")), (json!("transport"), json!("running"))]);
        assert_eq!(visit["continuity"][0]["source"], "visit");
        assert_eq!(visit["promises"][1]["text"], "3日内答复培训时间");
        assert_eq!(visit["promises"][1]["due_at"], "2026-11-27T15:59:59.999Z");
        assert_eq!(visit["requirements"][0]["text"], "每日测温登记");

        let own = house.call("enterprise", "GET", &path, Json::Null).await.expect(200).json();
        assert_eq!(
            (&own["note"], &own["blocks"][0]["rating"]),
            (&Json::Null, &json!("not_checked")),
            "notes and ratings are the office's own"
        );
        assert_eq!(own["blocks"][0]["finding"], "采样不便");
        house.call("officer", "GET", &path, Json::Null).await.expect(200);
        for account in ["enterprise2", "officer2", "project", "leader@zone2"] {
            house.call(account, "GET", &path, Json::Null).await.expect(404);
        }
        house.call("agency", "GET", &path, Json::Null).await.expect(403);
        let list = house.call("officer2", "GET", "/api/v1/visits", Json::Null).await.expect(200).json();
        assert_eq!(list["total"], 0);
        let list = house.call("enterprise", "GET", "/api/v1/visits", Json::Null).await.expect(200).json();
        assert_eq!(
            (
                list["items"][0]["appeals"].as_i64(),
                list["items"][0]["promises"].as_i64(),
                list["items"][0]["lights"].as_i64()
            ),
            (Some(1), Some(2), Some(2))
        );
    }
}

#[tokio::test]
async fn a_part_that_does_not_hold_undoes_all() {
    for house in House::both().await {
        for (at, part, pointer) in [
            (
                "appeals",
                json!([{"title": "可以", "category": "epidemic"}, {"title": "", "category": "epidemic"}]),
                "/appeals/1/title",
            ),
            ("appeals", json!([{"title": "可以", "category": "weather"}]), "/appeals/0/category"),
            ("promises", json!([{"text": "", "due_at": "2026-12-01T00:00:00Z"}]), "/promises/0/text"),
            ("continuity", json!([{"line": "production", "state": "stopped"}]), "/continuity/0/cause"),
            ("visitors", json!([house.person("enterprise")]), "/visitors/0"),
            ("blocks", json!([{"key": "weather", "rating": "good"}]), "/blocks/0/key"),
            ("note", json!("#承诺 尽快答复"), "/note"),
            ("note", json!("#承诺 3日内答复 @没有这个人"), "/note"),
            ("disruption_id", json!(Uuid::now_v7()), "/disruption_id"),
            ("plan_id", json!(Uuid::now_v7()), "/plan_id"),
            ("happened_at", json!("2026-11-25T00:00:00Z"), "/happened_at"),
        ] {
            let mut body = full(&house);
            body[at] = part;
            let answer = house.call("leader", "POST", "/api/v1/visits", body).await.expect(422).json();
            assert_eq!(answer["errors"][0]["pointer"], pointer, "{answer}");
        }
        assert_eq!(counts(&house).await, [0; 5], "nothing stays of what was refused");
        house
            .call("leader", "POST", "/api/v1/visits", json!({"enterprise_id": house.enterprise, "mood": "good"}))
            .await
            .expect(400);
    }
}

#[tokio::test]
async fn who_records_a_visit() {
    for house in House::both().await {
        let body = json!({"enterprise_id": house.enterprise});
        for account in ["enterprise", "project", "agency", "oversight", "sysadmin"] {
            house.call(account, "POST", "/api/v1/visits", body.clone()).await.expect(403);
        }
        house.call("leader@zone2", "POST", "/api/v1/visits", body.clone()).await.expect(404);
        // An officer tells of his own visit wherever he went, not of those of others.
        let others = json!({"enterprise_id": house.enterprise, "visitors": [house.person("leader")]});
        let refused = house.call("officer2", "POST", "/api/v1/visits", others).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], "/visitors");
        let own = house.call("officer2", "POST", "/api/v1/visits", body).await.expect(201);
        house.call("officer2", "GET", own.headers["location"].to_str().unwrap(), Json::Null).await.expect(200);
        house.call("officer", "GET", own.headers["location"].to_str().unwrap(), Json::Null).await.expect(404);
    }
}

#[tokio::test]
async fn the_same_post_again_makes_one_visit() {
    for house in House::both().await {
        let once = [("idempotency-key", "v-1")];
        let first = house.call_with("leader", "POST", "/api/v1/visits", full(&house), &once).await.expect(201).json();
        let again = house.call_with("leader", "POST", "/api/v1/visits", full(&house), &once).await.expect(200).json();
        assert_eq!(first["id"], again["id"]);
        let mut own = full(&house);
        own["id"] = first["id"].clone();
        house.call("leader", "POST", "/api/v1/visits", own).await.expect(200);
        house
            .call_with("leader", "POST", "/api/v1/visits", json!({"enterprise_id": house.enterprise}), &once)
            .await
            .expect(422);
        assert_eq!(counts(&house).await, [1, 3, 2, 2, 1]);
    }
}

fn form(house: &House) -> Vec<(&'static str, String)> {
    vec![
        ("once", "f-1".into()),
        ("subject", format!("enterprise:{}", house.enterprise)),
        ("happened_at", "2026-11-24T09:30".into()),
        ("channel", "phone".into()),
        ("visitor", house.person("leader").to_string()),
        ("rating-safety", "poor".into()),
        ("text-safety", "通道堆货".into()),
        ("appeal_title", String::new()),
        ("appeal_category", String::new()),
        ("appeal_title", "货车进不了园区".into()),
        ("appeal_category", "logistics".into()),
        ("promise_text", "协调通行".into()),
        ("promise_due", "2026-11-30".into()),
        ("note", "老板说年底订单多".into()),
    ]
}

async fn post(house: &House, fields: &[(&'static str, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    house.post("leader", "/visits", &fields).await
}

#[tokio::test]
async fn the_form_keeps_what_was_typed_until_all_holds() {
    for house in House::both().await {
        let new = format!("/visits/new?enterprise={}", house.enterprise);
        let page = house.page("leader", &new).await.expect(200).text();
        assert_eq!(page.matches("name=\"appeal_title\"").count(), 3, "three empty rows");
        assert!(page.contains("疫情防控") && page.contains("生产经营") && page.contains("安全生产"));

        let mut more = form(&house);
        more.push(("rows_appeal", "3".into()));
        more.push(("more", "appeal".into()));
        let page = post(&house, &more).await.expect(200).text();
        assert_eq!(page.matches("name=\"appeal_title\"").count(), 6);
        assert!(page.contains("货车进不了园区") && page.contains("老板说年底订单多") && page.contains("2026-11-30"));
        assert_eq!(counts(&house).await, [0; 5], "more rows save nothing");

        let mut wrong = form(&house);
        wrong.push(("state-production", "stopped".into()));
        let page = post(&house, &wrong).await.expect(422).text();
        assert!(
            page.contains("id=\"f-cause-production\"") && page.contains("货车进不了园区") && page.contains("通道堆货")
        );
        assert_eq!(counts(&house).await, [0; 5]);

        let mut bad_appeal = form(&house);
        bad_appeal[10].1 = "weather".into();
        let page = post(&house, &bad_appeal).await.expect(422).text();
        assert!(page.contains("href=\"#f-appeal_category-1\""), "the error leads to the row that was typed: {page}");

        let done = post(&house, &form(&house)).await.expect(303);
        let again = post(&house, &form(&house)).await.expect(303);
        assert_eq!(location(&done), location(&again));
        assert_eq!(counts(&house).await, [1, 0, 1, 0, 1]);
        let page = house.page("leader", location(&done)).await.expect(200).text();
        assert!(page.contains("货车进不了园区") && page.contains("通道堆货") && page.contains("协调通行"));
        house.page("leader", "/visits").await.expect(200);
        house.page("leader", "/visits?show=coverage").await.expect(200);
        house.page("leader", "/visits/new").await.expect(200);
        let brief = house.page("leader", &new).await.expect(200).text();
        assert!(
            brief.contains("未了诉求") && brief.contains("未兑现承诺"),
            "what is open stands before the next visit"
        );
    }
}

#[tokio::test]
async fn the_enterprise_acknowledges_once() {
    for house in House::both().await {
        let made = house.call("leader", "POST", "/api/v1/visits", full(&house)).await.expect(201).json();
        let page = format!("/visits/{}", made["id"].as_str().unwrap());
        let waits = desk::to_do(&house.app, &house.who("enterprise").await).await.unwrap();
        assert!(waits.iter().any(|w| w.action == "todo-visit-acknowledge"), "{waits:?}");
        let text = house.page("enterprise", &page).await.expect(200).text();
        assert!(text.contains("确认属实") && !text.contains("下午三点到车间"));
        house.post("enterprise2", &format!("{page}/acknowledge"), &[("once", "a")]).await.expect(404);
        house.post("enterprise", &format!("{page}/acknowledge"), &[("once", "b"), ("version", "9")]).await.expect(412);
        house
            .post("enterprise", &format!("{page}/acknowledge"), &[("once", "c"), ("version", "1"), ("note", "属实")])
            .await
            .expect(303);
        house.post("enterprise", &format!("{page}/acknowledge"), &[("once", "d"), ("version", "2")]).await.expect(409);
        let visit = house.call("leader", "GET", &format!("/api/v1{page}"), Json::Null).await.expect(200).json();
        assert_eq!((visit["ack_how"].as_str(), visit["ack_note"].as_str()), (Some("account"), Some("属实")));
        let without =
            receipt::desk::acknowledge(&house.app, &house.who("leader").await, Uuid::now_v7(), Receipt::default())
                .await;
        assert!(matches!(without, Err(Error::NotFound)), "{without:?}");
    }
}

#[tokio::test]
async fn requirements_and_hazards_are_looked_at_again() {
    for house in House::both().await {
        let made = house.call("leader", "POST", "/api/v1/visits", full(&house)).await.expect(201).json();
        let item = |list: &str| made[list][0]["id"].as_str().unwrap().to_owned();
        let check = async |id: String, body: Json| {
            house.call("leader", "POST", &format!("/api/v1/visits/items/{id}/check"), body).await
        };
        check(item("hazards"), json!({"held": false})).await.expect(422);
        let visit = check(item("hazards"), json!({"held": true, "note": "已上锁"})).await.expect(200).json();
        assert_eq!(
            (visit["hazards"][0]["held"].as_bool(), visit["requirements"][0]["held"].as_bool()),
            (Some(true), None)
        );
        check(item("hazards"), json!({"held": true})).await.expect(409);
        check(item("answers"), json!({"held": true})).await.expect(409);
        house
            .call(
                "enterprise",
                "POST",
                &format!("/api/v1/visits/items/{}/check", item("requirements")),
                json!({"held": true}),
            )
            .await
            .expect(403);
    }
}

#[tokio::test]
async fn promises_are_kept_or_broken_with_a_reason() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let new = |text: &str| NewPromise {
            id: None,
            text: text.into(),
            owner_id: Some(house.person("officer")),
            due_at: house.app.now().plus(DAY_MS),
        };
        let kept = desk::promise(&house.app, &leader, Enterprise, house.enterprise, new("送防汛沙袋")).await.unwrap();
        let broken =
            desk::promise(&house.app, &leader, Enterprise, house.enterprise, new("当日恢复供电")).await.unwrap();
        let officer = house.who("officer").await;
        let mine = desk::to_do(&house.app, &officer).await.unwrap();
        assert_eq!(
            mine.iter().filter(|t| t.action == "todo-promise").count(),
            2,
            "a promise in one's hands is reached"
        );
        desk::end_promise(&house.app, &officer, kept, true, None).await.unwrap();
        let silent = desk::end_promise(&house.app, &officer, broken, false, None).await;
        assert!(matches!(&silent, Err(Error::Invalid(e)) if e[0].field == "reason"), "{silent:?}");
        desk::end_promise(&house.app, &officer, broken, false, Some("变压器明天才到")).await.unwrap();
        let twice = desk::end_promise(&house.app, &officer, broken, true, None).await;
        assert!(matches!(twice, Err(Error::Conflict(Conflict::State("promise_ended")))), "{twice:?}");
        let list =
            house.call("enterprise", "GET", "/api/v1/promises?state=broken", Json::Null).await.expect(200).json();
        assert_eq!(list["items"][0]["reason"], "变压器明天才到");
        house.call("enterprise2", "GET", &format!("/api/v1/promises/{kept}"), Json::Null).await.expect(404);
        house.page("leader", "/promises").await.expect(200);
        house.page("leader", &format!("/promises/{kept}")).await.expect(200);
    }
}

fn said(state: PlanState, reason: Option<&str>) -> PlanAnswer {
    PlanAnswer { state, other_at: None, reason: reason.map(str::to_owned) }
}

fn plan_of(house: &House, days: i64) -> NewPlan {
    NewPlan {
        id: None,
        enterprise_id: Some(house.enterprise),
        project_id: None,
        kind: None,
        channel: None,
        purpose: "了解用工".into(),
        planned_at: house.app.now().plus(days * DAY_MS),
        despite: None,
    }
}

#[tokio::test]
async fn two_departments_do_not_come_unawares() {
    for house in House::both().await {
        let (officer, other) = (house.who("officer").await, house.who("officer2").await);
        let first = plan::desk::plan(&house.app, &officer, plan_of(&house, 2)).await.unwrap();
        let near = plan::desk::plan(&house.app, &other, plan_of(&house, 5)).await;
        assert!(matches!(&near, Err(Error::Invalid(e)) if e[0].code == "visited_near"), "{near:?}");
        plan::desk::plan(&house.app, &other, plan_of(&house, 20)).await.unwrap();
        let page = house
            .post(
                "officer2",
                "/visits/plans",
                &[
                    ("once", "a"),
                    ("subject", &format!("enterprise:{}", house.enterprise)),
                    ("planned_at", "2026-11-28T09:00"),
                    ("purpose", "看安全"),
                    ("kind", "routine"),
                ],
            )
            .await
            .expect(422)
            .text();
        assert!(page.contains("企业服务部") && page.contains("看安全"), "the form says who comes: {page}");
        plan::desk::plan(
            &house.app,
            &other,
            NewPlan { despite: Some("与企业服务部同去".into()), ..plan_of(&house, 5) },
        )
        .await
        .unwrap();

        let enterprise = house.who("enterprise").await;
        let wrong = plan::desk::answer(&house.app, &officer, first, said(PlanState::Agreed, None)).await;
        assert!(matches!(wrong, Err(Error::Forbidden)), "{wrong:?}");
        let foreign =
            plan::desk::answer(&house.app, &house.who("enterprise2").await, first, said(PlanState::Declined, None))
                .await;
        assert!(matches!(foreign, Err(Error::NotFound)), "{foreign:?}");
        plan::desk::answer(&house.app, &enterprise, first, said(PlanState::Declined, Some("盘点，改下周")))
            .await
            .unwrap();
        let late = plan::desk::answer(&house.app, &enterprise, first, said(PlanState::Agreed, None)).await;
        assert!(matches!(late, Err(Error::Conflict(Conflict::State("plan_ended")))), "{late:?}");
        house.page("enterprise", &format!("/visits/plans/{first}")).await.expect(200);
        house.page("officer", "/visits?show=plans").await.expect(200);
        house.page("officer", "/visits/plans/new").await.expect(200);
    }
}

#[tokio::test]
async fn a_visit_fulfils_its_plan_and_says_no_change() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let running = NewLight::new(Line::Production, State::Running);
        buting::continuity::desk::say(&house.app, &leader, Enterprise, house.enterprise, running).await.unwrap();
        let planned = plan::desk::plan(&house.app, &leader, plan_of(&house, 0)).await.unwrap();
        let today = plan::desk::to_do(&house.app, &leader).await.unwrap();
        assert!(today.iter().any(|t| t.action == "todo-visit"), "{today:?}");
        let visit = NewVisit {
            plan_id: Some(planned),
            note: Some("#状态 无变化".into()),
            ..NewVisit::to_enterprise(house.enterprise)
        };
        let visit = NewVisit {
            blocks: vec![BlockAnswer { key: "safety".into(), rating: Rating::Good, finding: None, text: None }],
            ..visit
        };
        let id = desk::save(&house.app, &leader, visit).await.unwrap();
        let record = desk::visit(&house.app, &leader, id).await.unwrap();
        assert_eq!(record.continuity.len(), 1);
        assert!(record.continuity[0].same_as.is_some());
        let mut tx = house.app.read().await.unwrap();
        let plan = plan::desk::plan_of(&mut tx, &leader, planned).await.unwrap();
        assert_eq!((plan.state, plan.visit_id), (PlanState::Done, Some(id)));
        drop(tx);
        let coverage = desk::coverage(&house.app, &leader, 10).await.unwrap();
        assert_eq!(coverage.last().unwrap().subject_id, house.enterprise, "who was never talked to comes first");
        assert!(coverage[0].last_at.is_none());
        let page = desk::visits(&house.app, &leader, &VisitFilter::default(), None, 1).await.unwrap();
        assert_eq!((page.items.len(), page.next_cursor), (1, None));
    }
}

/// What a list answers: the texts of one field.
async fn listed(house: &House, account: &str, path: &str, field: &str) -> Vec<String> {
    let answer = house.call(account, "GET", &format!("/api/v1/{path}"), Json::Null).await.expect(200).json();
    let items = answer["items"].as_array().unwrap().clone();
    items.iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn lists_run_both_ways_and_are_searched() {
    for house in House::both().await {
        house.call("leader", "POST", "/api/v1/visits", full(&house)).await.expect(201);
        house.clock.set(house.app.now().plus(DAY_MS));
        let second = json!({
            "enterprise_id": house.enterprise, "channel": "phone", "visitors": [house.person("officer")],
            "promises": [{"text": "送防汛沙袋一百只", "due_at": "2026-12-20T10:00:00Z"}],
            "continuity": [{"line": "transport", "state": "at_risk", "cause": "东门积水"}],
            "note": "电话询问库房",
        });
        house.call("leader", "POST", "/api/v1/visits", second).await.expect(201);
        for text in ["架高成品", "调两台水泵"] {
            let measure =
                json!({"enterprise_id": house.enterprise, "line": "transport", "kind": "other", "text": text});
            house.call("leader", "POST", "/api/v1/measures", measure).await.expect(201);
            house.clock.set(house.app.now().plus(60_000));
        }
        for (list, key, field) in [
            ("visits", "happened", "happened_at"),
            ("promises", "due", "due_at"),
            ("continuity", "at", "at"),
            ("measures", "created", "created_at"),
        ] {
            let up = listed(&house, "leader", &format!("{list}?sort={key}"), field).await;
            let down = listed(&house, "leader", &format!("{list}?sort=-{key}"), field).await;
            assert!(up.len() >= 2 && up.is_sorted() && up.first() < up.last(), "{list}: {up:?}");
            assert!(down.iter().rev().eq(&up), "{list}: {down:?}");
            let first = house.call("leader", "GET", &format!("/api/v1/{list}?sort={key}&limit=1"), Json::Null).await;
            let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
            let rest = listed(&house, "leader", &format!("{list}?sort={key}&limit=1&cursor={cursor}"), field).await;
            assert_eq!(rest, up[1..2], "{list} goes on");
            house.call("leader", "GET", &format!("/api/v1/{list}?sort=colour"), Json::Null).await.expect(422);
        }
        for (account, path, found) in [
            ("leader", "visits?q=%E5%BA%93%E6%88%BF", 1),     // 库房, in the note
            ("enterprise", "visits?q=%E5%BA%93%E6%88%BF", 0), // which the enterprise does not read
            ("leader", "promises?q=%E6%B2%99%E8%A2%8B", 1),   // 沙袋
            ("leader", "continuity?q=%E7%A7%AF%E6%B0%B4", 1), // 积水
            ("leader", "measures?q=%E6%B0%B4%E6%B3%B5", 1),   // 水泵
            ("leader", "measures?q=100%25", 0),
        ] {
            assert_eq!(listed(&house, account, path, "id").await.len(), found, "{account} {path}");
        }
        let name: String = {
            let mut tx = house.app.read().await.unwrap();
            tx.value(sql!(
                "SELECT short_name FROM enterprise WHERE zone_id = $1 AND id = $2",
                house.zone,
                house.enterprise
            ))
            .await
            .unwrap()
        };
        let path = format!("visits?q={}", buting::http::page::encode(&name));
        assert_eq!(listed(&house, "leader", &path, "id").await.len(), 2, "by the name of the enterprise");
    }
}
