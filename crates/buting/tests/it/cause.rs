//! Many appeals with one cause: one coordination, one answer, and each confirms for itself.

use crate::house::House;
use buting::appeal::{Kind, NewAppeal, Status, desk};
use serde_json::{Value as Json, json};
use uuid::Uuid;

const CAUSES: &str = "/api/v1/causes";

/// Who speaks for the enterprises and the project whose trucks cannot enter.
const OWNERS: [&str; 3] = ["enterprise", "enterprise2", "project"];

/// Their appeals.
async fn trucks(house: &House) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for (n, owner) in OWNERS.iter().enumerate() {
        let new = NewAppeal {
            title: format!("{n}号货车进不了园区东门"),
            body: "限高杆改造后，高栏货车无法进入。".into(),
            category: "logistics".into(),
            ..NewAppeal::default()
        };
        ids.push(desk::open(&house.app, &house.who(owner).await, new).await.unwrap());
    }
    ids
}

/// A step of one appeal, which must succeed.
async fn step(house: &House, who: &str, id: Uuid, act: Json) {
    let act = serde_json::from_value(act).expect("an action");
    desk::act(&house.app, &house.who(who).await, id, act).await.unwrap();
}

async fn gathered(house: &House, appeals: &[Uuid]) -> String {
    let new = json!({
        "title": "货车进不了园区东门", "category": "logistics", "department_id": house.other_department,
        "appeals": appeals,
    });
    let made = house.call("dispatcher", "POST", CAUSES, new).await.expect(201).json();
    format!("{CAUSES}/{}", made["id"].as_str().unwrap())
}

async fn act(house: &House, who: &str, cause: &str, act: Json) -> crate::house::Answer {
    house.call(who, "POST", &format!("{cause}/actions"), act).await
}

async fn statuses(house: &House, ids: &[Uuid]) -> Vec<Status> {
    let mut all = Vec::new();
    for id in ids {
        all.push(desk::record(&house.app, &house.rule(), *id).await.unwrap().appeal.status);
    }
    all
}

fn solved() -> Json {
    json!({"action": "answer", "result": "solved", "text": "东门限高杆已拆除。", "production_continued": "yes"})
}

#[tokio::test]
async fn one_answer_reaches_all_and_each_confirms_for_itself() {
    for house in House::both().await {
        let ids = trucks(&house).await;
        let proposals = || async {
            house.call("dispatcher", "GET", "/api/v1/causes/proposals", Json::Null).await.expect(200).json()
        };
        let proposed = proposals().await;
        assert_eq!(proposed["items"][0]["subjects"], 3);
        assert_eq!(proposed["items"][0]["reasons"], json!(["category", "text", "days"]));

        let cause = gathered(&house, &ids).await;
        assert_eq!(statuses(&house, &ids).await, [Status::Dispatched; 3], "it goes to the department of the cause");
        assert_eq!(proposals().await["items"], json!([]), "what is gathered is proposed no longer");

        for id in &ids {
            step(&house, "officer2", *id, json!({"action": "sign"})).await;
        }
        let note = json!({"action": "note", "text": "已约路政到现场。", "tell": true});
        act(&house, "officer2", &cause, note).await.expect(200);
        let own = desk::view(&house.app, &house.who("enterprise").await, ids[0]).await.unwrap();
        assert!(own.history.iter().any(|event| event.text.as_deref() == Some("已约路政到现场。")), "{:?}", own.history);

        // One waits for its owner: the answer reaches the others now, and it later.
        step(&house, "officer2", ids[2], json!({"action": "ask", "text": "车高多少？"})).await;
        act(&house, "officer", &cause, solved()).await.expect(404);
        act(&house, "officer2", &cause, json!({"action": "answer", "result": "solved", "text": ""})).await.expect(422);
        let shown = act(&house, "officer2", &cause, solved()).await.expect(200).json();
        assert_eq!(shown["status"], "answered");
        assert_eq!(statuses(&house, &ids).await, [Status::Answered, Status::Answered, Status::WaitingEnterprise]);
        assert_eq!(reached(&shown), 2);

        act(&house, "dispatcher", &cause, json!({"action": "review", "ok": true})).await.expect(200);
        step(&house, "project", ids[2], json!({"action": "reply", "text": "四米。"})).await;
        let shown = act(&house, "officer2", &cause, json!({"action": "repeat"})).await.expect(200).json();
        assert_eq!(reached(&shown), 3);
        act(&house, "dispatcher", &cause, json!({"action": "review", "ok": true})).await.expect(200);
        assert_eq!(statuses(&house, &ids).await, [Status::Reviewed; 3]);

        act(&house, "dispatcher", &cause, json!({"action": "close"})).await.expect(409);
        for (id, owner) in ids.iter().zip(OWNERS) {
            step(&house, owner, *id, json!({"action": "confirm", "rating": 5})).await;
            step(&house, "dispatcher", *id, json!({"action": "close"})).await;
        }
        let close = json!({"action": "close", "lesson": "改造前先通告。"});
        let closed = act(&house, "dispatcher", &cause, close).await.expect(200).json();
        assert_eq!((closed["status"].as_str(), closed["open_appeals"].as_i64()), (Some("closed"), Some(0)));
        act(&house, "dispatcher", &cause, json!({"action": "note", "text": "再记一笔"})).await.expect(409);
    }
}

#[tokio::test]
async fn an_answer_that_is_sent_back_is_given_anew() {
    for house in House::both().await {
        let ids = trucks(&house).await;
        let cause = gathered(&house, &ids).await;
        act(&house, "officer2", &cause, solved()).await.expect(200);
        act(&house, "dispatcher", &cause, json!({"action": "review", "ok": false})).await.expect(422);
        let back = json!({"action": "review", "ok": false, "reason": "未说明何时恢复。"});
        let shown = act(&house, "dispatcher", &cause, back).await.expect(200).json();
        assert_eq!((shown["status"].as_str(), reached(&shown)), (Some("open"), 0));
        assert_eq!(statuses(&house, &ids).await, [Status::Working; 3]);
        let shown = act(&house, "officer2", &cause, solved()).await.expect(200).json();
        assert_eq!((shown["status"].as_str(), reached(&shown)), (Some("answered"), 3));
    }
}

#[tokio::test]
async fn what_does_not_belong_together_stays_apart() {
    for house in House::both().await {
        let ids = trucks(&house).await;
        let complaint = NewAppeal {
            title: "建设部答复推诿".into(),
            body: "三次答复都让我们找别人。".into(),
            category: "logistics".into(),
            kind: Kind::Complaint,
            accused_department_id: Some(house.other_department),
            ..NewAppeal::default()
        };
        let complaint = desk::open(&house.app, &house.who("enterprise").await, complaint).await.unwrap();
        let new = |appeals: &[Uuid]| json!({"title": "东门", "category": "logistics", "department_id": house.other_department, "appeals": appeals});
        house.call("dispatcher", "POST", CAUSES, new(&[ids[0], complaint])).await.expect(409);
        house.call("dispatcher", "POST", CAUSES, new(&[ids[0], Uuid::now_v7()])).await.expect(422);
        assert_eq!(statuses(&house, &ids[..1]).await, [Status::Registered], "nothing is gathered by halves");

        let cause = gathered(&house, &ids[..2]).await;
        house.call("dispatcher", "POST", CAUSES, new(&ids[1..])).await.expect(409);
        let leave = json!({"action": "leave", "appeal_id": ids[1], "reason": "是北门的事。"});
        let shown = act(&house, "dispatcher", &cause, leave).await.expect(200).json();
        assert_eq!(shown["appeals"], 1);
        house.call("dispatcher", "POST", CAUSES, new(&ids[1..])).await.expect(201);

        for who in ["enterprise", "agency"] {
            house.call(who, "GET", &cause, Json::Null).await.expect(403);
        }
        house.call("officer@zone2", "GET", &cause, Json::Null).await.expect(404);
        let page = house.page("enterprise", &format!("/appeals/{}", ids[0])).await.expect(200).text();
        assert!(page.contains("正在一并协调") && !page.contains("GX-"), "the others are not named");
    }
}

fn reached(shown: &Json) -> usize {
    shown["members"].as_array().unwrap().iter().filter(|member| !member["reached_at"].is_null()).count()
}

#[tokio::test]
async fn what_one_enterprise_disputes_is_worked_on_alone_and_answered_anew() {
    for house in House::both().await {
        let ids = trucks(&house).await;
        let cause = gathered(&house, &ids).await;
        act(&house, "officer2", &cause, solved()).await.expect(200);
        act(&house, "officer2", &cause, solved()).await.expect(409);
        act(&house, "dispatcher", &cause, json!({"action": "review", "ok": true})).await.expect(200);
        step(&house, "enterprise", ids[0], json!({"action": "dispute", "reason": "我们的车还是进不去。"})).await;
        let shown = house.call("officer2", "GET", &cause, Json::Null).await.expect(200).json();
        assert_eq!(reached(&shown), 2, "the answer has not solved it");
        let mut other = solved();
        other["text"] = json!("给您的车单独办了通行证。");
        step(&house, "officer2", ids[0], other).await;
        act(&house, "dispatcher", &cause, json!({"action": "review", "ok": true})).await.expect(409);
        step(&house, "dispatcher", ids[0], json!({"action": "review"})).await;
        assert_eq!(statuses(&house, &ids).await, [Status::Reviewed; 3]);
    }
}

#[tokio::test]
async fn a_department_that_only_assists_is_not_answered_for() {
    for house in House::both().await {
        let ids = trucks(&house).await;
        let dispatch =
            json!({"action": "dispatch", "department_id": house.department, "assist": [house.other_department]});
        step(&house, "dispatcher", ids[0], dispatch).await;
        step(&house, "officer", ids[0], json!({"action": "sign"})).await;
        let cause = gathered(&house, &ids).await;
        let note = json!({"action": "note", "text": "已约路政到现场。", "tell": true});
        act(&house, "dispatcher", &cause, note.clone()).await.expect(403);
        let shown = act(&house, "officer2", &cause, note).await.expect(200).json();
        assert_eq!(shown["notes"][0]["told"], 0, "what is not signed yet is not told, and the note is kept");
        let shown = act(&house, "officer2", &cause, solved()).await.expect(200).json();
        assert_eq!(reached(&shown), 2);
        let record = desk::record(&house.app, &house.rule(), ids[0]).await.unwrap();
        assert!(record.orders.iter().all(|order| order.open), "{:?}", record.orders);

        let form = house.page("officer", &format!("/appeals/{}", ids[0])).await.expect(200).text();
        assert_eq!(form.matches("东门限高杆已拆除。").count(), 0, "not before it was reviewed");
    }
}

#[tokio::test]
async fn a_cause_that_was_closed_does_not_hold_what_is_opened_again() {
    for house in House::both().await {
        let ids = trucks(&house).await;
        let cause = gathered(&house, &ids).await;
        for (who, what) in [
            ("officer2", json!({"action": "join", "appeals": ids})),
            ("officer2", json!({"action": "close"})),
            ("dispatcher", solved()),
        ] {
            act(&house, who, &cause, what).await.expect(403);
        }
        act(&house, "officer2", &cause, solved()).await.expect(200);
        act(&house, "dispatcher", &cause, json!({"action": "review", "ok": true})).await.expect(200);
        for (id, owner) in ids.iter().zip(OWNERS) {
            step(&house, owner, *id, json!({"action": "confirm", "rating": 5})).await;
            step(&house, "dispatcher", *id, json!({"action": "close"})).await;
        }
        act(&house, "dispatcher", &cause, json!({"action": "close"})).await.expect(200);
        step(&house, "enterprise", ids[0], json!({"action": "reopen", "reason": "又进不去了。"})).await;
        let again = gathered(&house, &ids[..1]).await;
        let shown = house.call("dispatcher", "GET", &again, Json::Null).await.expect(200).json();
        assert_eq!(shown["appeals"], 1);
        let stale = house
            .call_with(
                "dispatcher",
                "POST",
                &format!("{again}/actions"),
                json!({"action": "note", "text": "查原因。"}),
                &[("if-match", "\"7\"")],
            )
            .await;
        stale.expect(412);
    }
}

/// How many notices of a kind somebody has.
async fn notices(house: &House, account: &str, kind: &str) -> i64 {
    let query = store::sql!(
        "SELECT count(*) FROM notice WHERE zone_id = $1 AND person_id = $2 AND kind = $3",
        house.zone,
        house.person(account),
        kind
    );
    house.app.read().await.unwrap().value(query).await.unwrap()
}

#[tokio::test]
async fn what_is_done_to_many_is_told_the_office_once() {
    for house in House::both().await {
        let ids = trucks(&house).await;
        let cause = gathered(&house, &ids[..2]).await;
        assert_eq!(
            (notices(&house, "officer2", "cause.opened").await, notices(&house, "officer2", "appeal.dispatched").await),
            (1, 0)
        );
        act(&house, "dispatcher", &cause, json!({"action": "join", "appeals": [ids[2]]})).await.expect(200);
        assert_eq!(notices(&house, "officer2", "cause.joined").await, 1);
        act(&house, "officer2", &cause, solved()).await.expect(200);
        assert_eq!(
            (
                notices(&house, "dispatcher", "cause.answered").await,
                notices(&house, "dispatcher", "appeal.answered").await
            ),
            (1, 0)
        );
        act(&house, "dispatcher", &cause, json!({"action": "review", "ok": true})).await.expect(200);
        for owner in OWNERS {
            for kind in ["appeal.signed", "appeal.reviewed"] {
                assert_eq!(notices(&house, owner, kind).await, 1, "{owner} hears of its own: {kind}");
            }
        }
    }
}

#[tokio::test]
async fn a_cause_is_passed_with_what_is_at_work() {
    for house in House::both().await {
        let ids = trucks(&house).await;
        let cause = gathered(&house, &ids).await;
        for id in &ids[1..] {
            step(&house, "officer2", *id, json!({"action": "sign"})).await;
        }
        step(&house, "officer2", ids[2], json!({"action": "ask", "text": "车高多少？"})).await;
        let due = async |id: Uuid| desk::record(&house.app, &house.rule(), id).await.unwrap().appeal.due_at;
        let before = due(ids[0]).await;
        let pass = |to: Uuid, reason: &str| json!({"action": "pass", "department_id": to, "reason": reason});
        act(&house, "officer2", &cause, pass(house.department, "路政归企服部")).await.expect(403);
        for (to, reason) in [
            (house.other_department, "同一个部门"),
            (house.agency, "不是本委的部门"),
            (Uuid::now_v7(), "没有这个部门"),
            (house.department, " "),
        ] {
            act(&house, "dispatcher", &cause, pass(to, reason)).await.expect(422);
        }
        let shown = act(&house, "dispatcher", &cause, pass(house.department, "东门归企服部")).await.expect(200).json();
        assert_eq!(shown["department_id"], json!(house.department));
        let leads = |n: usize| shown["members"][n]["lead_department_id"].clone();
        let of = |id: Uuid| (0..3).find(|n| shown["members"][*n]["id"] == json!(id)).unwrap();
        for id in &ids[..2] {
            assert_eq!(leads(of(*id)), json!(house.department));
            assert_eq!(due(*id).await, before, "the deadline stays");
        }
        assert_eq!(leads(of(ids[2])), json!(house.other_department), "what waits for its enterprise stays");
        assert_eq!(statuses(&house, &ids).await, [Status::Dispatched, Status::Dispatched, Status::WaitingEnterprise]);
        assert_eq!(notices(&house, "officer", "cause.passed").await, 1);
        assert_eq!(notices(&house, "officer2", "cause.taken").await, 1, "whose work it was is told that it is gone");
        act(&house, "officer2", &cause, solved()).await.expect(403);
        let shown = act(&house, "officer", &cause, solved()).await.expect(200).json();
        assert_eq!(reached(&shown), 2);
        act(&house, "dispatcher", &cause, pass(house.other_department, "晚了")).await.expect(409);

        // Everything that was done with it can be read, by whoever may see it.
        let id = cause.rsplit('/').next().unwrap();
        let page = house.page("dispatcher", &format!("/causes/{id}")).await.expect(200).text();
        assert!(page.contains(&format!("/history/cause/{id}")), "{page}");
        let history = house.page("dispatcher", &format!("/history/cause/{id}")).await.expect(200).text();
        for word in ["立为共性问题", "转其他部门协调", "东门归企服部", "统一答复"] {
            assert!(history.contains(word), "{word}: {history}");
        }
        house.page("enterprise", &format!("/history/cause/{id}")).await.expect(403);
    }
}
