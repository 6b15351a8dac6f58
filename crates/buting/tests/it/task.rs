//! Tasks of several people, objectives with what stands in their way, follow-ups of
//! assisting departments.

use crate::cases::{act, at, code, done, signed, wrong};
use crate::house::House;
use buting::error::{Error, Result};
use buting::task::{self, Act, NewTask, TaskState};
use serde_json::{Value as Json, json};
use uuid::Uuid;

async fn make(house: &House, who: &str, new: Json) -> Result<Uuid> {
    let new: NewTask = serde_json::from_value(new).expect("a task");
    task::desk::make(&house.app, &house.who(who).await, new).await
}

async fn do_with(house: &House, who: &str, id: Uuid, act: Json) -> Result<Uuid> {
    let act: Act = serde_json::from_value(act).expect("an act");
    task::desk::act(&house.app, &house.who(who).await, id, act).await
}

async fn full(house: &House, who: &str, id: Uuid) -> Result<task::Full> {
    task::desk::full(&house.app, &house.who(who).await, id).await
}

async fn notices(house: &House, who: &str, kind: &str) -> i64 {
    let mut tx = house.app.read().await.unwrap();
    let query = store::sql!("SELECT count(*) FROM notice WHERE person_id = $1 AND kind = $2", house.person(who), kind);
    tx.value(query).await.unwrap()
}

/// What waits for somebody, of tasks.
async fn waits(house: &House, who: &str) -> Vec<&'static str> {
    let all = task::desk::to_do(&house.app, &house.who(who).await).await.unwrap();
    all.into_iter().map(|item| item.action).collect()
}

#[tokio::test]
async fn several_people_do_it_and_what_stands_in_the_way_is_seen() {
    for house in House::both().await {
        let people = [house.person("officer"), house.person("officer2")];
        let new = json!({"title": "迁移东门管线", "due_on": "2026-11-26", "doers": people, "objectives": ["管线迁改", "限高杆拆除"]});
        let id = make(&house, "dispatcher", new).await.unwrap();
        let shown = full(&house, "officer", id).await.unwrap();
        assert_eq!((shown.people.len(), shown.objectives.len()), (2, 2));
        assert!(shown.task.number.starts_with("RW-20261124-"));
        assert_eq!(notices(&house, "officer2", "task.given").await, 1);
        assert_eq!(waits(&house, "officer").await, ["todo-task"]);
        let [first, second] = [shown.objectives[0].id, shown.objectives[1].id];

        let block = json!({"action": "block", "objective_id": first, "blocker": "燃气公司未到场", "lifter": "燃气公司", "since": "2026-11-23"});
        done(do_with(&house, "officer", id, block).await);
        assert_eq!(waits(&house, "officer2").await, ["todo-task-blocked"]);
        assert_eq!(notices(&house, "dispatcher", "task.blocked").await, 1);
        let blocked = full(&house, "dispatcher", id).await.unwrap();
        let objective = &blocked.objectives[0];
        assert_eq!(
            (objective.blocker.as_deref(), objective.lifter.as_deref()),
            (Some("燃气公司未到场"), Some("燃气公司"))
        );
        assert_eq!(code(do_with(&house, "officer", id, json!({"action": "done"})).await), "task_objectives_open");
        done(do_with(&house, "officer", id, json!({"action": "lift", "objective_id": first})).await);
        assert_eq!(
            code(do_with(&house, "officer", id, json!({"action": "lift", "objective_id": first})).await),
            "task_not_blocked"
        );
        for objective in [first, second] {
            done(do_with(&house, "officer2", id, json!({"action": "reach", "objective_id": objective})).await);
        }
        assert_eq!(
            code(do_with(&house, "officer2", id, json!({"action": "reach", "objective_id": first})).await),
            "task_reached"
        );
        done(do_with(&house, "officer2", id, json!({"action": "done", "outcome": "已通车"})).await);
        assert_eq!(full(&house, "officer", id).await.unwrap().task.state, TaskState::Done);
        assert_eq!(code(do_with(&house, "officer2", id, json!({"action": "done"})).await), "task_over");
        assert_eq!(notices(&house, "dispatcher", "task.ended").await, 1);
        assert!(waits(&house, "officer").await.is_empty());
    }
}

#[tokio::test]
async fn a_follow_up_is_owed_by_an_assisting_department() {
    for house in House::both().await {
        let appeal = signed(&house).await;
        let new = |department: Uuid| json!({"title": "报限高杆拆除方案", "due_on": "2026-11-27", "appeal_id": appeal, "department_id": department});
        assert_eq!(
            wrong(make(&house, "officer2", new(house.department)).await),
            [("department_id".to_owned(), "not_assisting")]
        );
        done(act(&house, "dispatcher", appeal, json!({"action": "dispatch", "assist": [house.department]})).await);
        let id = make(&house, "officer2", new(house.department)).await.unwrap();
        assert_eq!(waits(&house, "officer").await, ["todo-follow-up"]);
        assert_eq!(notices(&house, "officer", "task.given").await, 1);
        let listed = house
            .call("officer", "GET", &format!("/api/v1/tasks?record_id={appeal}"), Json::Null)
            .await
            .expect(200)
            .json();
        assert_eq!((listed["total"].as_i64(), listed["items"][0]["kind"].as_str()), (Some(1), Some("follow_up")));
        let page = house.page("officer2", &format!("/appeals/{appeal}")).await.expect(200).text();
        assert!(page.contains(&format!("/tasks/{id}")), "it stands on the page of the appeal");
        assert!(
            !house
                .page("enterprise", &format!("/appeals/{appeal}"))
                .await
                .expect(200)
                .text()
                .contains("报限高杆拆除方案")
        );

        // A day before, and when its day is over; each once.
        let remind = || async { task::desk::remind(&house.app, house.zone).await.unwrap() };
        assert_eq!(remind().await, 0);
        house.clock.set(at(27, 9));
        assert_eq!((remind().await, remind().await), (1, 0));
        house.clock.set(at(29, 9));
        assert_eq!((remind().await, remind().await), (1, 0));
        assert_eq!(
            (notices(&house, "officer", "task.near").await, notices(&house, "officer", "task.over").await),
            (1, 1)
        );
        assert_eq!(notices(&house, "officer2", "task.over").await, 1, "who gave it hears of it");
        let overdue = house.call("officer2", "GET", "/api/v1/tasks?overdue=true", Json::Null).await.expect(200).json();
        assert_eq!(overdue["total"], 1);
        // A new day is reminded of anew.
        let later = json!({"action": "extend", "due_on": "2026-11-30", "reason": "等设计院图纸"});
        assert!(matches!(do_with(&house, "officer", id, later.clone()).await, Err(Error::Forbidden)));
        done(do_with(&house, "officer2", id, later).await);
        house.clock.set(at(31, 9));
        assert_eq!(remind().await, 1);
        done(do_with(&house, "officer", id, json!({"action": "not_done", "reason": "设计院未出图"})).await);
    }
}

#[tokio::test]
async fn a_task_is_known_to_those_whom_it_concerns() {
    for house in House::both().await {
        let new = json!({"title": "写半年总结", "due_on": "2026-12-30"});
        let id = make(&house, "officer", new).await.unwrap();
        assert_eq!(full(&house, "officer", id).await.unwrap().people.len(), 1, "nobody named: one's own");
        assert!(matches!(full(&house, "officer2", id).await, Err(Error::NotFound)));
        assert!(full(&house, "leader", id).await.is_ok(), "who reaches the whole zone");
        let path = format!("/api/v1/tasks/{id}");
        house.call("officer@zone2", "GET", &path, Json::Null).await.expect(404);
        house.call("enterprise", "GET", &path, Json::Null).await.expect(403);
        let stale = [("If-Match", "\"v9\"")];
        house
            .call_with("officer", "POST", &format!("{path}/actions"), json!({"action": "done"}), &stale)
            .await
            .expect(412);
        for (field, code, new) in [
            ("due_on", "required", json!({"title": "x"})),
            ("due_on", "past", json!({"title": "x", "due_on": "2026-11-01"})),
            ("title", "required", json!({"title": " ", "due_on": "2026-12-01"})),
            ("doers", "unknown", json!({"title": "x", "due_on": "2026-12-01", "doers": [house.person("enterprise")]})),
            ("doers", "unknown", json!({"title": "x", "due_on": "2026-12-01", "doers": [house.person("agency")]})),
            ("project_id", "unknown", json!({"title": "x", "due_on": "2026-12-01", "project_id": house.enterprise})),
        ] {
            assert_eq!(wrong(make(&house, "officer", new).await), [(field.to_owned(), code)]);
        }
        done(do_with(&house, "officer", id, json!({"action": "staff", "doers": [house.person("officer2")]})).await);
        assert!(full(&house, "officer2", id).await.is_ok());
        // Once by its key.
        let key = Uuid::now_v7();
        let again = json!({"id": key, "title": "巡查泵站", "due_on": "2026-12-01", "project_id": house.project});
        house.call("officer", "POST", "/api/v1/tasks", again.clone()).await.expect(201);
        house.call("officer", "POST", "/api/v1/tasks", again).await.expect(200);
        let page = house.page("leader", &format!("/projects/{}", house.project)).await.expect(200).text();
        assert!(page.contains(&format!("/tasks/{key}")));
    }
}

#[tokio::test]
async fn nobody_of_the_unit_complained_about_is_given_a_task_of_it() {
    let house = House::sqlite().await;
    let new = buting::appeal::NewAppeal {
        kind: buting::appeal::Kind::Complaint,
        accused_department_id: Some(house.other_department),
        ..crate::cases::trucks()
    };
    let appeal = buting::appeal::desk::open(&house.app, &house.who("enterprise").await, new).await.unwrap();
    let new =
        json!({"title": "核查", "due_on": "2026-12-01", "appeal_id": appeal, "doers": [house.person("officer2")]});
    assert_eq!(code(make(&house, "leader", new).await), "recusal");
    let new = json!({"title": "核查", "due_on": "2026-12-01", "appeal_id": appeal, "doers": [house.person("officer")]});
    let id = make(&house, "leader", new).await.unwrap();
    assert!(matches!(full(&house, "officer2", id).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn the_pages_take_a_task_and_keep_what_was_typed() {
    for house in House::both().await {
        let officer = house.person("officer").to_string();
        let half = [("title", "巡查泵站"), ("due_on", ""), ("doers", officer.as_str()), ("objectives", "水位正常")];
        let page = house.post("officer", "/tasks/new", &half).await.expect(422).text();
        assert!(page.contains("value=\"巡查泵站\"") && page.contains("value=\"水位正常\""));
        let whole =
            [("title", "巡查泵站"), ("due_on", "2026-11-26"), ("doers", officer.as_str()), ("objectives", "水位正常")];
        house.post("officer", "/tasks/new", &whole).await.expect(303);
        for path in [
            "/tasks",
            "/tasks?show=mine",
            "/tasks?show=overdue",
            "/tasks?show=blocked",
            "/tasks/new",
            "/tasks/export?format=csv",
        ] {
            house.page("officer", path).await.expect(200);
            house.page("enterprise", path).await.expect(403);
        }
        let listed = house.call("officer", "GET", "/api/v1/tasks?mine=true", Json::Null).await.expect(200).json();
        let id = listed["items"][0]["id"].as_str().unwrap();
        let page = house.page("officer", &format!("/tasks/{id}")).await.expect(200).text();
        assert!(page.contains("水位正常") && page.contains("/history/task/"));
        house.page("officer", &format!("/history/task/{id}")).await.expect(200);
    }
}
