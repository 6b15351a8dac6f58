//! 重点项目: the register, the pair, milestones and task forces, over pages and the API.

use crate::house::House;
use axum::http::header;
use buting::assignment::desk::assign;
use buting::assignment::{Duty, NewAssignment};
use buting::error::{Conflict, Error};
use buting::patch::Patch;
use buting::project::{Level, MilestonePatch, NewMilestone, NewPair, NewProject, Stage, desk};
use buting::subject::SubjectKind;
use buting::time::{DAY_MS, Day};
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

async fn give(house: &House, project: Uuid, department: Uuid) {
    let new = NewAssignment {
        id: None,
        subject_kind: SubjectKind::Project,
        subject_id: project,
        role: Duty::LeadDept,
        department_id: Some(department),
        person_id: None,
        valid_from: None,
        until: None,
        basis: None,
        reason: None,
    };
    assign(&house.app, &house.who("dispatcher").await, new).await.unwrap();
}

fn soil() -> NewProject {
    NewProject {
        id: None,
        name: "北航天汇项目".into(),
        short_name: Some("北航天汇".into()),
        code: None,
        level: Level::Province,
        level_text: Some("省市重点项目".into()),
        owner_name: None,
        contractor: None,
        enterprise_id: None,
        carrier_id: None,
        site: None,
        stage: Stage::Construction,
        works: Some("土方外运".into()),
    }
}

fn pair(house: &House) -> NewPair {
    NewPair {
        our_person_id: house.person("officer"),
        their_person_id: Some(house.person("project")),
        ..NewPair::default()
    }
}

fn day(text: &str) -> Day {
    Day::read(text).unwrap()
}

async fn notices(house: &House, account: &str, kind: &str) -> Vec<Json> {
    let mut tx = house.app.read().await.unwrap();
    let query = sql!(
        "SELECT args FROM notice WHERE zone_id = $1 AND person_id = $2 AND kind = $3 ORDER BY id",
        house.zone,
        house.person(account),
        kind
    );
    tx.list::<(Json,)>(query).await.unwrap().into_iter().map(|row| row.0).collect()
}

#[tokio::test]
async fn the_register_keeps_its_contract() {
    for house in House::both().await {
        let body =
            json!({"name": "智能制造产业园", "level": "city", "stage": "permit", "code": "12345", "works": "场地平整"});
        for (account, status) in [
            ("anonymous", 401),
            ("oversight", 403),
            ("enterprise", 403),
            ("project", 403),
            ("agency", 403),
            ("sysadmin", 403),
        ] {
            house.call(account, "POST", "/api/v1/projects", body.clone()).await.expect(status);
        }
        let made = house
            .call_with("officer", "POST", "/api/v1/projects", body.clone(), &[("idempotency-key", "p-1")])
            .await
            .expect(201);
        let again = house
            .call_with("officer", "POST", "/api/v1/projects", body.clone(), &[("idempotency-key", "p-1")])
            .await
            .expect(200);
        let etag = made.headers[header::ETAG].to_str().unwrap().to_owned();
        let made = made.json();
        assert_eq!(again.json()["id"], made["id"]);
        assert!(made["code_warning"].is_string(), "an odd code is kept and remarked on: {made}");
        assert_eq!(made["short_name"], "智能制造产业园");
        house.call("dispatcher", "POST", "/api/v1/projects", body).await.expect(409);
        let path = format!("/api/v1/projects/{}", made["id"].as_str().unwrap());
        for (account, status) in
            [("officer2", 200), ("oversight", 200), ("project", 404), ("enterprise", 403), ("leader@zone2", 404)]
        {
            house.call(account, "GET", &path, Json::Null).await.expect(status);
        }
        house.call("officer2", "PATCH", &path, json!({"works": "土方开挖"})).await.expect(403);
        house.call("leader@zone2", "PATCH", &path, json!({"works": "土方开挖"})).await.expect(404);
        let unknown = house.call("dispatcher", "PATCH", &path, json!({"wroks": "x"})).await.expect(400).json();
        assert_eq!(unknown["errors"][0]["pointer"], "/wroks");
        let changed = house
            .call_with(
                "dispatcher",
                "PATCH",
                &path,
                json!({"stage": "started", "code": null}),
                &[("if-match", etag.as_str())],
            )
            .await;
        let changed = changed.expect(200).json();
        assert_eq!(
            (changed["stage"].as_str(), changed["code"].is_null(), changed["version"].as_i64()),
            (Some("started"), true, Some(2))
        );
        assert_eq!(
            house
                .call_with("dispatcher", "PATCH", &path, json!({"works": "x"}), &[("if-match", etag.as_str())])
                .await
                .status,
            412
        );
        let found = house.call("officer", "GET", "/api/v1/projects?q=平整", Json::Null).await.expect(200).json();
        assert_eq!((found["total"].as_i64(), found["items"][0]["id"].as_str()), (Some(1), made["id"].as_str()));
        let own = house.call("project", "GET", "/api/v1/projects", Json::Null).await.expect(200).json();
        assert_eq!(
            (own["total"].as_i64(), own["items"][0]["id"].as_str()),
            (Some(1), Some(house.project.to_string().as_str()))
        );
        let first = house.call("officer", "GET", "/api/v1/projects?limit=1", Json::Null).await.expect(200).json();
        let rest = format!(
            "/api/v1/projects?limit=1&cursor={}",
            buting::http::page::encode(first["next_cursor"].as_str().unwrap())
        );
        let rest = house.call("officer", "GET", &rest, Json::Null).await.expect(200).json();
        assert!(rest["next_cursor"].is_null() && rest["items"][0]["id"] != first["items"][0]["id"]);
        let wrong = house
            .call(
                "officer",
                "POST",
                "/api/v1/projects",
                json!({"name": " ", "level": "city", "stage": "permit", "carrier_id": Uuid::now_v7()}),
            )
            .await;
        assert_eq!(wrong.expect(422).json()["errors"][0]["pointer"], "/name");
    }
}

#[tokio::test]
async fn one_of_us_for_one_of_them() {
    for house in House::both().await {
        give(&house, house.project, house.department).await;
        let lonely = "/api/v1/projects?without_pair=true";
        assert_eq!(house.call("leader", "GET", lonely, Json::Null).await.expect(200).json()["total"], 1);
        let todo = desk::to_do(&house.app, &house.who("officer").await).await.unwrap();
        assert_eq!(todo.iter().map(|item| item.action).collect::<Vec<_>>(), ["todo-project-pair"]);
        let officer = house.who("officer").await;
        let strangers = desk::set_pair(&house.app, &house.who("officer2").await, house.project, pair(&house)).await;
        assert!(matches!(strangers, Err(Error::Forbidden)), "{strangers:?}");
        for (new, field, code) in [
            (NewPair { our_person_id: house.person("enterprise"), ..pair(&house) }, "our_person_id", "person_outside"),
            (
                NewPair { backup_person_id: Some(house.person("officer")), ..pair(&house) },
                "backup_person_id",
                "same_person",
            ),
            (
                NewPair { their_person_id: Some(house.person("enterprise")), ..pair(&house) },
                "their_person_id",
                "not_of_project",
            ),
            (NewPair { their_person_id: None, ..pair(&house) }, "their_name", "required"),
        ] {
            match desk::set_pair(&house.app, &officer, house.project, new).await {
                Err(Error::Invalid(errors)) => assert_eq!((errors[0].field.as_str(), errors[0].code), (field, code)),
                other => panic!("{field} {code}: {other:?}"),
            }
        }
        desk::set_pair(&house.app, &officer, house.project, pair(&house)).await.unwrap();
        assert_eq!(house.call("leader", "GET", lonely, Json::Null).await.expect(200).json()["total"], 0);
        assert_eq!(notices(&house, "project", "project.pair_theirs").await[0]["name"], "officer某");
        let shown = desk::pair(&house.app, &house.who("leader").await, house.project).await.unwrap().unwrap();
        assert_eq!(shown.theirs.phone.as_deref(), Some("13800000000"));
        let masked = desk::pair(&house.app, &house.who("officer2").await, house.project).await.unwrap().unwrap();
        assert_eq!(
            (masked.theirs.phone.as_deref(), masked.ours.phone.as_deref()),
            (Some("138****0000"), Some("13800000000"))
        );
        // Somebody new on their side, and a reason, since there is a pair already.
        let new = NewPair {
            their_person_id: None,
            their_name: Some("周工".into()),
            their_phone: Some("13900000000".into()),
            wechat: Some("zhougong".into()),
            backup_person_id: Some(house.person("specialist")),
            ..pair(&house)
        };
        let silent = desk::set_pair(&house.app, &officer, house.project, new.clone()).await;
        assert!(matches!(silent, Err(Error::Invalid(ref e)) if e[0].field == "reason"), "{silent:?}");
        house.clock.set(house.app.now().plus(DAY_MS));
        let new = NewPair { reason: Some("原联系人调走".into()), ..new };
        desk::set_pair(&house.app, &officer, house.project, new).await.unwrap();
        let shown = desk::pair(&house.app, &officer, house.project).await.unwrap().unwrap();
        assert_eq!((shown.theirs.name.as_str(), shown.wechat.as_deref()), ("周工", Some("zhougong")));
        let rows = sql!("SELECT count(*), count(valid_to) FROM project_contact WHERE zone_id = $1", house.zone);
        let (all, ended): (i64, i64) = house.app.read().await.unwrap().one(rows).await.unwrap();
        assert_eq!((all, ended), (2, 1), "the old pair is kept");
        // When both of ours have left, the project is without a pair again.
        let mut tx = house.app.db.write().await.unwrap();
        for account in ["officer", "specialist"] {
            tx.run(sql!(
                "UPDATE person SET left_at = 1 WHERE zone_id = $1 AND id = $2",
                house.zone,
                house.person(account)
            ))
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(house.call("leader", "GET", lonely, Json::Null).await.expect(200).json()["total"], 1);
    }
}

#[tokio::test]
async fn two_pairs_at_once_are_one() {
    for house in House::both().await {
        let mut who = house.who("dispatcher").await;
        who.seen_version = Some(1);
        let other = NewPair { our_person_id: house.person("officer2"), ..pair(&house) };
        let (a, b) = tokio::join!(
            desk::set_pair(&house.app, &who, house.project, pair(&house)),
            desk::set_pair(&house.app, &who, house.project, other)
        );
        let lost = if a.is_ok() { b } else { a };
        assert!(matches!(lost, Err(Error::Conflict(Conflict::Stale(2)))), "{lost:?}");
    }
}

#[tokio::test]
async fn the_first_date_of_a_milestone_stays() {
    for house in House::both().await {
        give(&house, house.project, house.department).await;
        let (officer, leader) = (house.who("officer").await, house.who("leader").await);
        let new = NewMilestone {
            id: None,
            project_id: house.project,
            name: "主体封顶".into(),
            plan_on: day("2026-11-30"),
            owner_id: Some(house.person("officer")),
            note: None,
        };
        let stranger = desk::add_milestone(&house.app, &house.who("officer2").await, new.clone()).await;
        assert!(matches!(stranger, Err(Error::Forbidden)), "{stranger:?}");
        let id = desk::add_milestone(&house.app, &officer, new).await.unwrap();
        let todo = desk::to_do(&house.app, &officer).await.unwrap();
        assert!(todo.iter().any(|item| item.action == "todo-milestone" && item.title == "主体封顶"), "{todo:?}");
        let later = MilestonePatch { plan_on: Some(day("2026-12-20")), ..MilestonePatch::default() };
        let by_officer = desk::change_milestone(&house.app, &officer, id, later.clone()).await;
        assert!(matches!(by_officer, Err(Error::Forbidden)), "{by_officer:?}");
        let silent = desk::change_milestone(&house.app, &leader, id, later.clone()).await;
        assert!(matches!(silent, Err(Error::Invalid(ref e)) if e[0].field == "reason"), "{silent:?}");
        let later = MilestonePatch { reason: Some("暴雨停工".into()), ..later };
        desk::change_milestone(&house.app, &leader, id, later).await.unwrap();
        let path = format!("/api/v1/milestones/{id}");
        let shown = house.call("project", "GET", &path, Json::Null).await.expect(200).json();
        assert_eq!(
            (shown["original_on"].as_str(), shown["plan_on"].as_str(), shown["moves"].as_i64()),
            (Some("2026-11-30"), Some("2026-12-20"), Some(1))
        );
        house.call("project", "PATCH", &path, json!({"done_on": "2026-11-24"})).await.expect(403);
        house.call("leader@zone2", "GET", &path, Json::Null).await.expect(404);
        house.call("officer", "PATCH", &path, json!({"done_on": "2026-11-25"})).await.expect(422);
        let stale = house.call_with("officer", "PATCH", &path, json!({"note": "x"}), &[("if-match", "\"v1\"")]).await;
        assert_eq!(stale.status, 412);
        house.clock.set(house.app.now().plus(30 * DAY_MS));
        let late = house.call("officer", "GET", "/api/v1/milestones?state=late", Json::Null).await.expect(200).json();
        assert_eq!((late["total"].as_i64(), late["items"][0]["state"].as_str()), (Some(1), Some("late")));
        let done = MilestonePatch { done_on: Patch::Set(day("2026-12-18")), ..MilestonePatch::default() };
        desk::change_milestone(&house.app, &officer, id, done).await.unwrap();
        let shown = desk::milestone(&house.app, &leader, id).await.unwrap();
        assert_eq!((shown.state.word(), shown.slip()), ("done_late", 18), "judged by the first date");
        for (state, total) in [("late", 0), ("near", 0), ("not_due", 0), ("done", 0), ("done_late", 1)] {
            let list = house
                .call("officer", "GET", &format!("/api/v1/milestones?state={state}"), Json::Null)
                .await
                .expect(200)
                .json();
            assert_eq!(list["total"], total, "{state}");
        }
    }
}

#[tokio::test]
async fn a_task_force_is_dated() {
    for house in House::both().await {
        let body = json!({"name": "重点项目服务专班", "leader_id": house.person("leader"), "founded_on": "2026-11-20",
            "members": [{"person_id": house.person("officer"), "duty": "联络"}], "project_ids": [house.project]});
        house.call("officer", "POST", "/api/v1/task-forces", body.clone()).await.expect(403);
        let made = house.call("dispatcher", "POST", "/api/v1/task-forces", body).await.expect(201).json();
        assert_eq!(
            (made["members"][0]["duty"].as_str(), made["projects"][0]["name"].as_str()),
            (Some("联络"), Some("测试产业园项目"))
        );
        assert_eq!(notices(&house, "officer", "task_force.joined").await.len(), 1);
        let path = format!("/api/v1/task-forces/{}", made["id"].as_str().unwrap());
        house.call("leader@zone2", "GET", &path, Json::Null).await.expect(404);
        house.clock.set(house.app.now().plus(DAY_MS));
        let outside = json!({"members": [{"person_id": house.person("enterprise")}]});
        house.call("dispatcher", "PATCH", &path, outside).await.expect(422);
        let change = json!({"members": [{"person_id": house.person("officer2")}]});
        let changed = house.call("dispatcher", "PATCH", &path, change).await.expect(200).json();
        assert_eq!(changed["members"].as_array().unwrap().len(), 1);
        assert_eq!(changed["members"][0]["name"], "officer2某");
        let rows = sql!("SELECT count(*), count(valid_to) FROM task_force_member WHERE zone_id = $1", house.zone);
        let (all, ended): (i64, i64) = house.app.read().await.unwrap().one(rows).await.unwrap();
        assert_eq!((all, ended), (2, 1), "who left is kept with his time");
        house.call("dispatcher", "PATCH", &path, json!({"closed": true})).await.expect(200);
        let list = house.call("officer", "GET", "/api/v1/task-forces", Json::Null).await.expect(200).json();
        assert_eq!(list["total"], 0);
    }
}

#[tokio::test]
async fn pages_of_a_project() {
    for house in House::both().await {
        let dispatcher = house.who("dispatcher").await;
        let id = desk::create(&house.app, &dispatcher, soil()).await.unwrap();
        give(&house, id, house.department).await;
        let list = house.page("officer", "/projects").await.expect(200).text();
        assert!(
            list.contains("北航天汇项目") && list.contains("还没有点对点联系人") && list.contains("省市重点项目"),
            "{list}"
        );
        let path = format!("/projects/{id}");
        let shown = house.page("officer", &path).await.expect(200).text();
        assert!(
            shown.contains("正在进行土方外运") && shown.contains("企业服务部") && shown.contains("项目入库"),
            "{shown}"
        );
        let stranger = house.page("officer2", &path).await.expect(200).text();
        assert!(
            !stranger.contains("/edit\"") && stranger.contains("项目入库"),
            "the register's facts are open to the office"
        );
        house.page("officer2", &format!("{path}/edit")).await.expect(403);
        house.page("project", &path).await.expect(404);
        house.page("leader@zone2", &path).await.expect(404);
        let own = house.page("project", "/projects").await.expect(303);
        assert_eq!(own.headers[header::LOCATION].to_str().unwrap(), format!("/projects/{}", house.project));
        house.page("project", &format!("/projects/{}", house.project)).await.expect(200);
        let officer = house.person("officer").to_string();
        let form = house.page("officer", &format!("{path}/pair")).await.expect(200).text();
        assert!(form.contains(&officer), "{form}");
        let wrong = house
            .post("officer", &format!("{path}/pair"), &[("our_person_id", &officer), ("their_name", "周工")])
            .await
            .expect(422)
            .text();
        assert!(wrong.contains("周工"), "what was typed is kept: {wrong}");
        let typed = [
            ("our_person_id", officer.as_str()),
            ("their_name", "周工"),
            ("their_phone", "13900000000"),
            ("version", "1"),
            ("once", "k1"),
        ];
        house.post("officer", &format!("{path}/pair"), &typed).await.expect(303);
        house.post("officer", &format!("{path}/pair"), &typed).await.expect(303);
        let shown = house.page("officer", &path).await.expect(200).text();
        assert!(shown.contains("tel:13900000000") && shown.contains("确定点对点联系人"), "{shown}");
        let appeal = json!({"project_id": id, "title": "土方车辆进不了场", "body": "封闭施工，车辆无法进出", "category": "other", "urgency": "urgent"});
        house.call("dispatcher", "POST", "/api/v1/appeals", appeal).await.expect(201);
        let with_appeal = house.page("officer", &path).await.expect(200).text();
        assert!(with_appeal.contains("在办诉求") && with_appeal.contains("土方车辆进不了场"), "{with_appeal}");
        let stranger = house.page("officer2", &path).await.expect(200).text();
        assert!(!stranger.contains("土方车辆进不了场"), "appeals are for those who reach the project");
        assert!(stranger.contains("139****0000") && !stranger.contains("13900000000"), "{stranger}");
        let stale = [("name", "x"), ("level", "city"), ("stage", "permit"), ("version", "1")];
        assert_eq!(house.post("officer", &format!("{path}/edit"), &stale).await.status, 412);
        let mut fields = vec![("level", "city"), ("stage", "permit"), ("version", "2"), ("works", "桩基")];
        let wrong = house.post("officer", &format!("{path}/edit"), &fields).await.expect(422).text();
        assert!(wrong.contains("桩基"), "{wrong}");
        fields.push(("name", "北航天汇项目"));
        house.post("officer", &format!("{path}/edit"), &fields).await.expect(303);
        let milestone = [("name", "桩基完成"), ("plan_on", "2026-12-01"), ("owner_id", officer.as_str())];
        house.post("officer", &format!("{path}/milestones/new"), &milestone).await.expect(303);
        let list = house.page("oversight", "/milestones?state=near").await.expect(200).text();
        assert!(list.contains("桩基完成") && list.contains("七日内到期"), "{list}");
        let at = list.find("/milestones/").map(|at| &list[at..]).unwrap();
        let milestone = at.split('"').next().unwrap().to_owned();
        let page = house.page("officer", &milestone).await.expect(200).text();
        assert!(page.contains("调整日期由领导或总协调室办理"), "{page}");
        let wrong =
            house.post("leader", &milestone, &[("plan_on", "2026-12-09"), ("version", "1")]).await.expect(422).text();
        assert!(wrong.contains("2026-12-09"), "{wrong}");
        house
            .post("leader", &milestone, &[("plan_on", "2026-12-09"), ("reason", "降雨"), ("version", "1")])
            .await
            .expect(303);
        let page = house.page("leader", &milestone).await.expect(200).text();
        assert!(page.contains("2026-12-01") && page.contains("调整过 1 次，比原定晚 8 天"), "{page}");
        house.page("enterprise", "/projects").await.expect(403);
        house.page("officer", "/task-forces/new").await.expect(403);
        let leader = house.person("leader").to_string();
        let id = id.to_string();
        let force = [
            ("name", "重点项目服务专班"),
            ("leader_id", leader.as_str()),
            ("founded_on", "2026-11-20"),
            ("members", officer.as_str()),
            ("project_ids", id.as_str()),
        ];
        let to = house.post("leader", "/task-forces/new", &force).await.expect(303);
        let to = to.headers[header::LOCATION].to_str().unwrap().to_owned();
        let page = house.page("officer", &to).await.expect(200).text();
        assert!(page.contains("officer某") && page.contains("北航天汇"), "{page}");
        assert!(house.page("officer", &path).await.expect(200).text().contains("重点项目服务专班"));
        let made = house.page("dispatcher", "/projects/new").await.expect(200).text();
        assert!(made.contains("省重点"), "{made}");
        let kept = house
            .post("dispatcher", "/projects/new", &[("name", "新能源项目"), ("code", "12345")])
            .await
            .expect(422)
            .text();
        assert!(kept.contains("新能源项目") && kept.contains("位数不对"), "{kept}");
    }
}
