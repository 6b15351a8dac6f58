//! 任职、班子、部门沿革: posts by date, what follows from them, and what must be
//! handed over before somebody leaves or a department is closed.

use crate::house::{House, MORNING};
use buting::actor::Scope;
use buting::assignment::desk as assignment;
use buting::assignment::{Duty, NewAssignment, reach};
use buting::error::Error;
use buting::migrations::MIGRATIONS;
use buting::organisation::desk;
use buting::organisation::{DepartmentKind, NewDepartment, NewPerson};
use buting::subject::SubjectKind;
use buting::time::{DAY_MS, Time};
use serde_json::{Value as Json, json};
use store::{Migration, sql};
use uuid::Uuid;

fn later(days: i64) -> Time {
    MORNING.plus(days * DAY_MS)
}

/// The day of a time, as a page's field holds it.
fn day(at: Time) -> String {
    at.to_string()[..10].to_owned()
}

async fn get(house: &House, account: &str, path: &str) -> Json {
    house.call(account, "GET", path, Json::Null).await.expect(200).json()
}

async fn post(house: &House, account: &str, path: &str, body: Json, status: u16) -> Json {
    house.call(account, "POST", path, body).await.expect(status).json()
}

/// Gives somebody a post beside the one he has; answers its key.
async fn take(house: &House, account: &str, department: Uuid) -> String {
    let body = json!({"person_id": house.person(account), "department_id": department, "title": "兼职干部"});
    post(house, "sysadmin", "/api/v1/posts", body, 201).await["id"].as_str().unwrap().to_owned()
}

/// What was refused: field and code.
fn wrong(problem: &Json) -> (String, String) {
    let text = |key: &str| problem["errors"][0][key].as_str().unwrap_or_default().to_owned();
    (text("pointer"), text("code"))
}

/// People's main departments and titles are those of their main posts; who left holds none.
async fn fits(house: &House) {
    let mut tx = house.app.read().await.unwrap();
    let odd: i64 = tx
        .value(sql!(
            "SELECT count(*) FROM person p WHERE p.department_id IS NOT NULL AND
               (SELECT count(*) FROM post o WHERE o.zone_id = p.zone_id AND o.person_id = p.id AND o.valid_to IS NULL
                  AND o.main AND o.department_id = p.department_id AND COALESCE(o.title, '') = COALESCE(p.title, ''))
               <> CASE WHEN p.left_at IS NULL THEN 1 ELSE 0 END"
        ))
        .await
        .unwrap();
    let left: i64 = tx
        .value(sql!(
            "SELECT count(*) FROM post o JOIN person p ON p.zone_id = o.zone_id AND p.id = o.person_id
             WHERE o.valid_to IS NULL AND p.left_at IS NOT NULL"
        ))
        .await
        .unwrap();
    assert_eq!((odd, left), (0, 0));
}

#[tokio::test]
async fn posts_are_taken_made_the_main_one_and_end() {
    for house in House::both().await {
        let officer = house.person("officer");
        let body = |department: Uuid| {
            json!({"person_id": officer, "department_id": department, "title": "副部长",
            "basis": "〔2026〕5号"})
        };
        for (account, status) in [("officer", 403), ("secadmin", 403), ("enterprise", 403)] {
            post(&house, account, "/api/v1/posts", body(house.other_department), status).await;
        }
        // Nobody gives himself a post.
        let mut own = body(house.other_department);
        own["person_id"] = json!(house.person("dispatcher"));
        post(&house, "dispatcher", "/api/v1/posts", own, 409).await;
        // Where it cannot be.
        for (change, field, code) in [
            (json!({"department_id": house.department}), "/department_id", "post_there"),
            (json!({"department_id": house.agency}), "/department_id", "post_other_side"),
            (json!({"department_id": Uuid::now_v7()}), "/department_id", "unknown"),
            (json!({"person_id": Uuid::now_v7()}), "/person_id", "unknown"),
            (json!({"person_id": house.person("enterprise")}), "/person_id", "post_outside"),
            (json!({"person_id": house.person("officer@zone2")}), "/person_id", "unknown"),
            (json!({"valid_from": later(1)}), "/valid_from", "future"),
            (json!({"main": true, "valid_from": later(-1)}), "/valid_from", "post_main_later"),
        ] {
            let mut asked = body(house.other_department);
            asked.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let refused = post(&house, "dispatcher", "/api/v1/posts", asked, 422).await;
            assert_eq!(wrong(&refused), (field.to_owned(), code.to_owned()), "{refused}");
        }
        // Taken, entered late; the same again is the same post.
        let id = Uuid::now_v7();
        let mut new = body(house.other_department);
        new["id"] = json!(id);
        new["valid_from"] = json!(later(-3));
        let made = post(&house, "dispatcher", "/api/v1/posts", new.clone(), 201).await;
        assert_eq!(
            (&made["main"], &made["valid_from"], &made["valid_to"]),
            (&json!(false), &json!(later(-3)), &Json::Null)
        );
        post(&house, "sysadmin", "/api/v1/posts", new, 200).await;
        let told: i64 = house
            .app
            .read()
            .await
            .unwrap()
            .value(sql!("SELECT count(*) FROM notice WHERE person_id = $1 AND kind = 'person.post_begin'", officer))
            .await
            .unwrap();
        assert_eq!(told, 1);
        fits(&house).await;

        // The other becomes the main one; the former goes on beside it.
        house.clock.set(later(10));
        let main = format!("/api/v1/posts/{id}/main");
        post(&house, "officer", &main, json!({}), 403).await;
        let now_main = post(&house, "dispatcher", &main, json!({}), 200).await;
        assert_eq!((&now_main["main"], &now_main["valid_from"]), (&json!(true), &json!(later(10))));
        let person = get(&house, "leader", &format!("/api/v1/people/{officer}")).await;
        assert_eq!((&person["department_id"], &person["title"]), (&json!(house.other_department), &json!("副部长")));
        fits(&house).await;
        let held = get(&house, "leader", &format!("/api/v1/posts?person_id={officer}&current=true")).await;
        assert_eq!(held["total"], 2, "{held}");
        let beside = held["items"].as_array().unwrap().iter().find(|post| post["main"] == false).unwrap().clone();
        assert_eq!(beside["department_id"], json!(house.department));
        let listed = get(&house, "leader", &format!("/api/v1/people?department_id={}", house.department)).await;
        let listed =
            listed["items"].as_array().unwrap().iter().find(|one| one["id"] == json!(officer)).unwrap().clone();
        assert_eq!(listed["beside"][0]["department_id"], json!(house.department), "he is listed in both departments");

        // The main one does not end; the other does, on a day that was.
        let end = |post: &Json| format!("/api/v1/posts/{}/end", post["id"].as_str().unwrap());
        let refused = post(&house, "dispatcher", &end(&now_main), json!({}), 409).await;
        assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("主要任职")), "{refused}");
        house.clock.set(later(20));
        for (at, code) in [(later(21), "future"), (later(10), "before_start")] {
            let refused = post(&house, "dispatcher", &end(&beside), json!({"valid_to": at}), 422).await;
            assert_eq!(wrong(&refused), ("/valid_to".to_owned(), code.to_owned()));
        }
        let stale = [("if-match", "\"v7\"")];
        house.call_with("dispatcher", "POST", &end(&beside), json!({}), &stale).await.expect(412);
        post(&house, "dispatcher@zone2", &end(&beside), json!({}), 404).await;
        post(&house, "dispatcher", &end(&beside), json!({"valid_to": later(15), "reason": "分工调整"}), 200).await;
        post(&house, "dispatcher", &end(&beside), json!({}), 409).await;
        fits(&house).await;

        // Every past day as it was.
        for (at, departments) in [
            (later(-1), vec![house.other_department]),
            (later(5), vec![house.department, house.other_department]),
            (later(12), vec![house.department, house.other_department]),
            (later(16), vec![house.other_department]),
        ] {
            let then = get(&house, "leader", &format!("/api/v1/posts?person_id={officer}&as_of={at}")).await;
            let mut found: Vec<Uuid> = then["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| p["department_id"].as_str().unwrap().parse().unwrap())
                .collect();
            found.sort_unstable();
            let mut departments = departments;
            departments.sort_unstable();
            assert_eq!(found, departments, "{at}");
        }
        get(&house, "auditor", &format!("/api/v1/posts/{id}")).await;
        house.call("leader@zone2", "GET", &format!("/api/v1/posts/{id}"), Json::Null).await.expect(404);
    }
}

#[tokio::test]
async fn another_title_or_department_is_another_post() {
    for house in House::both().await {
        let officer = house.person("officer");
        let path = format!("/api/v1/people/{officer}");
        house.clock.set(later(1));
        house.call("dispatcher", "PATCH", &path, json!({"title": "副科长"})).await.expect(200);
        // What does not touch the post begins none.
        house.call("dispatcher", "PATCH", &path, json!({"phone": "13900000019"})).await.expect(200);
        house.clock.set(later(2));
        house.call("dispatcher", "PATCH", &path, json!({"department_id": house.other_department})).await.expect(200);
        // Corrected in the same instant: it was never so.
        house.call("dispatcher", "PATCH", &path, json!({"title": "科长"})).await.expect(200);
        let all = get(&house, "leader", &format!("/api/v1/posts?person_id={officer}&sort=from")).await;
        let all: Vec<_> = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| (p["department_id"].clone(), p["title"].clone(), p["valid_from"].clone(), p["valid_to"].clone()))
            .collect();
        let row = |department: Uuid, title: Json, from: Time, to: Option<Time>| {
            (json!(department), title, json!(from), json!(to))
        };
        assert_eq!(
            all,
            [
                row(house.department, Json::Null, MORNING, Some(later(1))),
                row(house.department, json!("副科长"), later(1), Some(later(2))),
                row(house.other_department, json!("科长"), later(2), None),
            ]
        );
        fits(&house).await;

        // A leave ends every post; taken back, they go on.
        take(&house, "officer", house.department).await;
        house.clock.set(later(3));
        post(&house, "dispatcher", &format!("{path}/leave"), json!({"reason": "调离"}), 200).await;
        fits(&house).await;
        let held = get(&house, "leader", &format!("/api/v1/posts?person_id={officer}&current=true")).await;
        assert_eq!(held["total"], 0);
        let refused = json!({"person_id": officer, "department_id": house.department});
        post(&house, "dispatcher", "/api/v1/posts", refused, 409).await;
        house.clock.set(later(4));
        desk::come_back(&house.app, &house.who("dispatcher").await, officer).await.unwrap();
        fits(&house).await;
        let held = get(&house, "leader", &format!("/api/v1/posts?person_id={officer}&current=true")).await;
        assert_eq!(held["total"], 2, "as if he had not left");
    }
}

#[tokio::test]
async fn what_one_reaches_follows_the_posts_held_today() {
    for house in House::both().await {
        let reaches = async || {
            let who = house.who("officer").await;
            reach::reaches(&mut house.app.read().await.unwrap(), &who, house.enterprise).await.unwrap()
        };
        let new = NewAssignment {
            id: None,
            subject_kind: SubjectKind::Enterprise,
            subject_id: house.enterprise,
            role: Duty::LeadDept,
            department_id: Some(house.other_department),
            person_id: None,
            valid_from: None,
            until: None,
            basis: None,
            reason: None,
        };
        assignment::assign(&house.app, &house.who("dispatcher").await, new).await.unwrap();
        let raised = json!({"enterprise_id": house.other_enterprise, "title": "停电", "body": "三号线停电",
            "category": "power_water_gas"});
        let appeal = post(&house, "enterprise2", "/api/v1/appeals", raised, 201).await;
        let appeal = format!("/api/v1/appeals/{}", appeal["id"].as_str().unwrap());
        let act = async |account: &str, body: Json| {
            post(&house, account, &format!("{appeal}/actions"), body, 200).await;
        };
        act("dispatcher", json!({"action": "dispatch", "department_id": house.other_department})).await;
        assert!(!reaches().await);
        house.call("officer", "GET", &appeal, Json::Null).await.expect(404);

        // A post beside the main one opens its department's cases, and no more than those.
        let beside = take(&house, "officer", house.other_department).await;
        assert!(reaches().await);
        let who = house.who("officer").await;
        assert_eq!(who.department_id, Some(house.department));
        assert!(matches!(&who.scope, Scope::Departments(all) if all.len() == 2), "{:?}", who.scope);
        assert!(!reach::reaches(&mut house.app.read().await.unwrap(), &who, house.project).await.unwrap());
        get(&house, "officer", &appeal).await;
        act("officer", json!({"action": "sign"})).await;
        let signed = get(&house, "dispatcher", &appeal).await;
        assert_eq!(signed["handler_id"], json!(house.person("officer")));
        // Other people's reach is what it was.
        let specialist = house.who("specialist").await;
        assert_eq!(specialist.departments(), [house.department]);

        // With the post the reach ends; the case stays in its department.
        house.clock.set(later(1));
        let page = house.page("dispatcher", &format!("/posts/{beside}/end")).await.expect(200).text();
        assert!(page.contains("2 件事项"), "the appeal and its order are named: {page}");
        let fields = [("valid_to", &*day(later(1))), ("reason", "分工调整"), ("version", "1")];
        house.post("dispatcher", &format!("/posts/{beside}/end"), &fields).await.expect(303);
        assert!(!reaches().await);
        house.call("officer", "GET", &appeal, Json::Null).await.expect(404);
        let back = get(&house, "officer2", &appeal).await;
        assert_eq!((&back["handler_id"], &back["lead_department_id"]), (&Json::Null, &json!(house.other_department)));
        assert_eq!(house.who("officer").await.scope, Scope::Departments(vec![house.department]));
    }
}

#[tokio::test]
async fn a_complaint_is_kept_from_everybody_with_a_post_in_the_department() {
    for house in House::both().await {
        let complaint = json!({"title": "态度不好", "body": "x", "category": "other", "urgency": "normal",
            "kind": "complaint", "accused_department_id": house.other_department});
        let made = post(&house, "enterprise", "/api/v1/appeals", complaint, 201).await;
        let path = format!("/api/v1/appeals/{}", made["id"].as_str().unwrap());
        for account in ["dispatcher", "leader", "oversight"] {
            get(&house, account, &path).await;
        }
        // The leader and the dispatcher see the whole zone, and are of that department too now.
        for account in ["leader", "dispatcher"] {
            let beside = take(&house, account, house.other_department).await;
            house.call(account, "GET", &path, Json::Null).await.expect(404);
            let list = get(&house, account, "/api/v1/appeals").await;
            assert_eq!(list["total"], 0, "{account}: {list}");
            house.clock.set(house.app.now().plus(1000));
            post(&house, "sysadmin", &format!("/api/v1/posts/{beside}/end"), json!({}), 200).await;
            get(&house, account, &path).await;
        }
    }
}

#[tokio::test]
async fn agencies_have_people_of_their_own_side() {
    for house in House::both().await {
        let water = json!({"name": "供水服务中心", "kind": "utility", "parent_id": house.agency});
        let water = post(&house, "dispatcher", "/api/v1/departments", water, 201).await;
        let water: Uuid = water["id"].as_str().unwrap().parse().unwrap();
        take(&house, "agency", water).await;
        let refused = json!({"person_id": house.person("agency"), "department_id": house.department});
        let refused = post(&house, "dispatcher", "/api/v1/posts", refused, 422).await;
        assert_eq!(wrong(&refused).1, "post_other_side");
        // He cannot move to the committee while he holds a post at an agency.
        let who = house.who("agency").await;
        assert_eq!(who.departments(), [house.agency, water]);
        // Its page: people with their titles there, the telephone, who was invited.
        let new = json!({"name": "水务员", "title": "值班长", "department_id": water});
        let person = post(&house, "officer", "/api/v1/people", new, 201).await;
        let person = person["id"].as_str().unwrap();
        post(&house, "dispatcher", "/api/v1/invitations", json!({"people": [person]}), 201).await;
        let page = house.page("dispatcher", &format!("/departments/{water}")).await.expect(200).text();
        for text in ["水务员", "值班长", "agency某", "兼职干部", "兼任", "待使用", "交警大队"] {
            assert!(page.contains(text), "{text}: {page}");
        }
        let invited = get(&house, "dispatcher", &format!("/api/v1/invitations?department_id={water}")).await;
        assert_eq!(invited["total"], 1);
        let tree = house.page("officer", "/departments").await.expect(200).text();
        let (above, under) = (tree.find(">交警大队<").unwrap(), tree.find(">供水服务中心<").unwrap());
        assert!(above < under && tree[above..under].contains("└ "), "{tree}");
    }
}

#[tokio::test]
async fn departments_keep_what_they_were() {
    for house in House::both().await {
        let mut new = json!({"name": "招商局", "short_name": "招商", "kind": "department", "valid_from": later(-30)});
        let made = post(&house, "dispatcher", "/api/v1/departments", new.clone(), 201).await;
        let path = format!("/api/v1/departments/{}", made["id"].as_str().unwrap());
        new["valid_from"] = json!(later(1));
        post(&house, "dispatcher", "/api/v1/departments", new, 422).await;
        house.clock.set(later(1));
        house.call("dispatcher", "PATCH", &path, json!({"name": "投资促进局"})).await.expect(200);
        house.clock.set(later(2));
        let change = json!({"short_name": "投促", "parent_id": house.department});
        house.call("dispatcher", "PATCH", &path, change).await.expect(200);
        house.clock.set(later(3));
        house.call("dispatcher", "PATCH", &path, json!({"phone": "053188880000"})).await.expect(200);
        let past = get(&house, "agency", &format!("{path}/past")).await;
        let rows: Vec<_> =
            past["items"].as_array().unwrap().iter().map(|p| (&p["name"], &p["valid_from"], &p["valid_to"])).collect();
        assert_eq!(
            rows,
            [
                (&json!("投资促进局"), &json!(later(1)), &json!(later(2))),
                (&json!("招商局"), &json!(later(-30)), &json!(later(1))),
            ]
        );
        for (at, found) in [
            (later(-31), None),
            (later(-1), Some(("招商局", Json::Null))),
            (later(1), Some(("投资促进局", Json::Null))),
            (later(2), Some(("投资促进局", json!(house.department)))),
        ] {
            let then = get(&house, "leader", &format!("/api/v1/departments?as_of={at}&limit=200")).await;
            let one = then["items"].as_array().unwrap().iter().find(|d| d["id"] == made["id"]);
            let found = found.map(|(name, parent)| (json!(name), parent));
            assert_eq!(one.map(|d| (d["name"].clone(), d["parent_id"].clone())), found, "{at}");
        }
        let page = house.page("officer", &format!("/departments?day={}", day(MORNING))).await.expect(200).text();
        assert!(page.contains("招商局") && !page.contains("投资促进局"), "{page}");
        let page = house.page("officer", &path.replace("/api/v1", "")).await.expect(200).text();
        assert!(page.contains("沿革") && page.contains("招商局"), "{page}");
        house.page("officer", "/departments?day=nonsense").await.expect(200);
        house.call("leader@zone2", "GET", &format!("{path}/past"), Json::Null).await.expect(404);
    }
}

#[tokio::test]
async fn a_department_that_holds_something_is_not_closed() {
    for house in House::both().await {
        let department = json!({"name": "项目办", "kind": "department"});
        let made = post(&house, "dispatcher", "/api/v1/departments", department, 201).await;
        let id: Uuid = made["id"].as_str().unwrap().parse().unwrap();
        let path = format!("/api/v1/departments/{id}");
        let under = json!({"name": "项目一科", "kind": "department", "parent_id": id});
        let under = post(&house, "dispatcher", "/api/v1/departments", under, 201).await;
        let beside = take(&house, "officer", id).await;
        let new = NewAssignment {
            id: None,
            subject_kind: SubjectKind::Enterprise,
            subject_id: house.enterprise,
            role: Duty::LeadDept,
            department_id: Some(id),
            person_id: None,
            valid_from: None,
            until: None,
            basis: None,
            reason: None,
        };
        let assigned = assignment::assign(&house.app, &house.who("dispatcher").await, new).await.unwrap();
        let raised =
            json!({"enterprise_id": house.enterprise, "title": "停电", "body": "x", "category": "power_water_gas"});
        let appeal = post(&house, "enterprise", "/api/v1/appeals", raised, 201).await;
        let actions = format!("/api/v1/appeals/{}/actions", appeal["id"].as_str().unwrap());
        post(&house, "dispatcher", &actions, json!({"action": "dispatch", "department_id": id}), 200).await;

        house.call("officer", "GET", &format!("{path}/held"), Json::Null).await.expect(403);
        let held = get(&house, "dispatcher", &format!("{path}/held")).await;
        let kinds: Vec<_> = held["items"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["post", "department", "assignment", "appeal"], "{held}");
        let refused = post(&house, "dispatcher", &format!("{path}/close"), json!({}), 409).await;
        assert_eq!(refused["held"], held["items"], "the refusal names everything: {refused}");
        assert!(
            refused["detail"].as_str().is_some_and(|d| d.contains("责任关系 1") && d.contains("诉求 1")),
            "{refused}"
        );
        // The system administrator learns how much, not what about.
        let masked = get(&house, "sysadmin", &format!("{path}/held")).await;
        let titles: Vec<_> =
            masked["items"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
        assert!(titles[2].is_empty() && !titles[3].contains("停电"), "{titles:?}");
        let page = house.page("dispatcher", &format!("/departments/{id}")).await.expect(200).text();
        assert!(page.contains("项目一科") && !page.contains(&format!("action=\"/departments/{id}/close\"")), "{page}");
        house.post("dispatcher", &format!("/departments/{id}/close"), &[("version", "1")]).await.expect(409);

        // Handed over one by one, it is closed.
        house.clock.set(later(1));
        let under = format!("/api/v1/departments/{}", under["id"].as_str().unwrap());
        post(&house, "dispatcher", &format!("{under}/close"), json!({}), 200).await;
        post(&house, "dispatcher", &format!("/api/v1/posts/{beside}/end"), json!({}), 200).await;
        let end =
            buting::assignment::NewEnd { reason: buting::assignment::EndReason::Reorganised, note: None, at: None };
        assignment::end(&house.app, &house.who("dispatcher").await, assigned, end).await.unwrap();
        let refused = post(&house, "dispatcher", &format!("{path}/close"), json!({}), 409).await;
        assert_eq!(refused["held"].as_array().map(Vec::len), Some(1), "{refused}");
        // The case is finished.
        let mut tx = house.app.db.write().await.unwrap();
        tx.run(sql!("UPDATE appeal SET open = FALSE WHERE zone_id = $1 AND lead_department_id = $2", house.zone, id))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        post(&house, "dispatcher", &format!("{path}/close"), json!({"reason": "机构改革"}), 200).await;
        fits(&house).await;
    }
}

#[tokio::test]
async fn whoever_leaves_is_told_what_to_hand_over() {
    for house in House::both().await {
        let officer = house.person("officer");
        let new = NewAssignment {
            id: None,
            subject_kind: SubjectKind::Enterprise,
            subject_id: house.enterprise,
            role: Duty::Officer,
            department_id: None,
            person_id: Some(officer),
            valid_from: None,
            until: None,
            basis: None,
            reason: None,
        };
        assignment::assign(&house.app, &house.who("dispatcher").await, new).await.unwrap();
        let path = format!("/api/v1/people/{officer}");
        let held = get(&house, "dispatcher", &format!("{path}/held")).await;
        assert_eq!((&held["items"][0]["kind"], &held["items"][0]["title"]), (&json!("assignment"), &json!("测试机电")));
        house.call("officer2", "GET", &format!("{path}/held"), Json::Null).await.expect(403);
        let refused = post(&house, "dispatcher", &format!("{path}/leave"), json!({"reason": "调任"}), 409).await;
        assert_eq!(refused["held"], held["items"]);
        assert_eq!(refused["hand_over"], json!(format!("/assignments/handover?from={officer}")));
        // The page lists it with the way to the handover; the form says so again.
        let leave = format!("/people/{officer}/leave");
        let page = house.page("dispatcher", &leave).await.expect(200).text();
        for text in ["测试机电", &format!("href=\"/assignments/handover?from={officer}\""), "责任关系 1"] {
            assert!(page.contains(text), "{text}: {page}");
        }
        let page = house.post("dispatcher", &leave, &[("reason", "调任"), ("version", "1")]).await.expect(422).text();
        assert!(page.contains("value=\"调任\"") && page.contains("hand_over_later"), "{page}");
        // Who does not decide about assignments is told who does, and reads how much it is.
        let page = house.page("sysadmin", &leave).await.expect(200).text();
        assert!(!page.contains("测试机电") && page.contains("责任关系 1") && page.contains("领导或调度员"), "{page}");
        // Disabling the account keeps him out at once, and says that it hands nothing over.
        let page = house.page("sysadmin", &format!("/admin/accounts/{officer}")).await.expect(200).text();
        assert!(page.contains("责任关系 1") && page.contains("不移交工作"), "{page}");
        // Nobody to take over: only with the reason.
        let refused = post(&house, "dispatcher", &format!("{path}/leave"), json!({"hand_over_later": true}), 422).await;
        assert_eq!(wrong(&refused), ("/reason".to_owned(), "required".to_owned()));
        let seen = json!({"hand_over_later": true, "reason": "因病离岗，接手人待定"});
        post(&house, "dispatcher", &format!("{path}/leave"), seen, 200).await;
        fits(&house).await;
    }
}

#[tokio::test]
async fn the_leadership_is_listed_in_its_order() {
    for house in House::both().await {
        let who = house.rule();
        let new = NewDepartment {
            id: None,
            name: "领导班子".into(),
            short_name: Some("班子".into()),
            kind: DepartmentKind::Leadership,
            parent_id: None,
            position: None,
            phone: None,
            industries: None,
            valid_from: None,
        };
        let team = desk::add_department(&house.app, &who, new).await.unwrap();
        let mut people = Vec::new();
        for (n, name) in (1_i64..).zip(["李书记", "杨主任", "沈副主任"]) {
            let new = NewPerson {
                name: name.into(),
                title: Some(format!("职务{n}")),
                department_id: Some(team),
                position: Some(n),
                ..NewPerson::default()
            };
            people.push(desk::add_person(&house.app, &who, new).await.unwrap());
        }
        // One of another department is of it too.
        take(&house, "leader", team).await;
        people.push(house.person("leader"));
        let names = async |account: &str| -> Vec<String> {
            let all = get(&house, account, "/api/v1/leadership").await;
            all["items"].as_array().unwrap().iter().map(|p| p["person"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names("officer").await, ["李书记", "杨主任", "沈副主任", "leader某"]);
        house.call("enterprise", "GET", "/api/v1/leadership", Json::Null).await.expect(403);

        let order = json!({"people": [people[3], people[1], people[0], people[2]]});
        post(&house, "officer", "/api/v1/leadership", order.clone(), 403).await;
        post(&house, "dispatcher", "/api/v1/leadership", json!({"people": [people[0]]}), 422).await;
        post(&house, "dispatcher", "/api/v1/leadership", order, 200).await;
        assert_eq!(names("auditor").await, ["leader某", "杨主任", "李书记", "沈副主任"]);
        // Where leaders are chosen they stand in that order.
        let choices = assignment::choices(&house.app, &house.who("dispatcher").await, Duty::LeadLeader).await.unwrap();
        let chosen: Vec<_> = choices.iter().map(|holder| holder.name.as_str()).collect();
        assert_eq!(chosen, ["leader某", "杨主任", "李书记", "沈副主任"]);

        // By the page: the last goes to the second place.
        let page = house.page("dispatcher", "/leadership").await.expect(200).text();
        assert!(page.contains("保存次序"), "{page}");
        assert!(!house.page("officer", "/leadership").await.expect(200).text().contains("保存次序"));
        let ids: Vec<String> = [3, 1, 0, 2].iter().map(|n: &usize| people[*n].to_string()).collect();
        let places: Vec<(String, &str)> =
            ids.iter().zip(["1", "2", "3", "2"]).map(|(id, n)| (format!("place-{id}"), n)).collect();
        let mut fields: Vec<(&str, &str)> = ids.iter().map(|id| ("people", id.as_str())).collect();
        fields.extend(places.iter().map(|(name, n)| (name.as_str(), *n)));
        house.post("dispatcher", "/leadership", &fields).await.expect(303);
        assert_eq!(names("leader").await, ["leader某", "沈副主任", "杨主任", "李书记"]);
        let (_, bad) = (fields.pop(), places[3].0.clone());
        fields.push((bad.as_str(), "第一"));
        let again = house.post("dispatcher", "/leadership", &fields).await.expect(422).text();
        assert!(again.contains("value=\"第一\""), "what was typed is kept: {again}");

        // As it was.
        house.clock.set(later(5));
        let beside = get(&house, "leader", &format!("/api/v1/posts?person_id={}&current=true", people[3])).await;
        let beside = beside["items"].as_array().unwrap().iter().find(|p| p["main"] == false).unwrap()["id"].clone();
        post(&house, "dispatcher", &format!("/api/v1/posts/{}/end", beside.as_str().unwrap()), json!({}), 200).await;
        assert_eq!(names("leader").await, ["沈副主任", "杨主任", "李书记"]);
        let then = get(&house, "leader", &format!("/api/v1/leadership?as_of={}", later(1))).await;
        assert_eq!(then["total"], 4);
        let page = house.page("officer", &format!("/leadership?day={}", day(later(1)))).await.expect(200).text();
        assert!(page.contains("leader某"), "{page}");
        fits(&house).await;
    }
}

#[tokio::test]
async fn posts_are_given_and_ended_on_pages() {
    let house = House::sqlite().await;
    let officer = house.person("officer");
    let new = format!("/people/{officer}/posts/new");
    let page = house.page("dispatcher", &new).await.expect(200).text();
    assert!(
        page.contains("建设管理部") && !page.contains("交警大队") && !page.contains("企业服务部</option>"),
        "{page}"
    );
    for (account, status) in [("officer", 403), ("agency", 403), ("leader@zone2", 403), ("dispatcher@zone2", 404)] {
        house.page(account, &new).await.expect(status);
    }
    let department = house.other_department.to_string();
    let empty = house.post("dispatcher", &new, &[("person_title", "副部长"), ("department_id", "")]).await.expect(422);
    assert!(empty.text().contains("value=\"副部长\""));
    let long = "长".repeat(61);
    let fields = [("department_id", department.as_str()), ("person_title", long.as_str())];
    let long = house.post("dispatcher", &new, &fields).await.expect(422).text();
    assert!(long.contains("#f-person_title"), "{long}");
    let today = day(MORNING);
    let fields = [
        ("department_id", department.as_str()),
        ("person_title", "副部长"),
        ("valid_from", today.as_str()),
        ("basis", "〔2026〕5号"),
        ("main", "true"),
        ("once", "post-1"),
    ];
    house.clock.set(MORNING.plus(1000));
    house.post("dispatcher", &new, &fields).await.expect(303);
    house.post("dispatcher", &new, &fields).await.expect(303);
    let page = house.page("leader", &format!("/people/{officer}")).await.expect(200).text();
    for text in ["建设管理部", "副部长", "主要任职", "兼任", "〔2026〕5号", "企业服务部"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("/posts/new"), "a leader reads and does not keep: {page}");
    let page = house.page("dispatcher", &format!("/people/{officer}")).await.expect(200).text();
    let at = page.find("/posts/").expect("a button") + "/posts/".len();
    let beside = page[at..at + 36].to_owned();
    house.clock.set(later(1));
    house.post("dispatcher", &format!("/posts/{beside}/main"), &[("version", "1")]).await.expect(303);
    house.post("dispatcher", &format!("/posts/{beside}/main"), &[("version", "1")]).await.expect(412);
    let then = house.page("officer", &format!("/departments/{department}?day={today}")).await.expect(200).text();
    assert!(then.contains("officer某") && then.contains("副部长"), "{then}");
    let people = house.page("officer", "/people").await.expect(200).text();
    assert!(people.contains("兼任：建设管理部 副部长"), "{people}");
    fits(&house).await;
    for who in ["anonymous", "enterprise"] {
        let answer = house.page(who, "/leadership").await;
        assert!([303, 403].contains(&answer.status.as_u16()));
    }
    let refused =
        desk::held_by_person(&mut house.app.read().await.unwrap(), &house.who("officer2").await, officer).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
}

#[tokio::test]
async fn whoever_was_of_a_department_before_there_were_posts_has_one_there() {
    let (before, all): (&[Migration], _) = (&MIGRATIONS[..21], MIGRATIONS);
    for scratch in store::testing::both(before).await.unwrap() {
        let [zone, department, enterprise] = [1, 2, 3].map(Uuid::from_u128);
        let [there, gone, contact] = [4, 5, 6].map(Uuid::from_u128);
        let mut tx = scratch.db.write().await.unwrap();
        tx.run(sql!(
            "INSERT INTO zone (zone_id, handle, name, time_zone, settings, created_at, version)
             VALUES ($1, 'zone', '测试区', 'Asia/Shanghai', $2, $3, 1)",
            zone,
            json!({}),
            MORNING
        ))
        .await
        .unwrap();
        tx.run(sql!(
            "INSERT INTO department (zone_id, id, name, short_name, kind, position, valid_from, version)
             VALUES ($1, $2, '企业服务部', '企服部', 'department', 1, $3, 1)",
            zone,
            department,
            MORNING
        ))
        .await
        .unwrap();
        for (id, of, firm, left) in [
            (there, Some(department), None, None),
            (gone, Some(department), None, Some(later(9))),
            (contact, None, Some(enterprise), None),
        ] {
            tx.run(sql!(
                "INSERT INTO person (zone_id, id, name, partial, spelling, title, department_id, enterprise_id, position,
                   left_at, created_at, version)
                 VALUES ($1, $2, '某人', FALSE, 'mouren', '科长', $3, $4, 1, $5, $6, 1)",
                zone,
                id,
                of,
                firm,
                left,
                MORNING
            ))
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
        scratch.db.migrate(all, async |_| Ok(())).await.unwrap();
        type Row = (Uuid, Uuid, Option<String>, bool, Time, Option<Time>);
        let mut tx = scratch.db.read().await.unwrap();
        let posts: Vec<Row> = tx
            .list(sql!("SELECT person_id, department_id, title, main, valid_from, valid_to FROM post ORDER BY id"))
            .await
            .unwrap();
        let post = |person, to| (person, department, Some("科长".to_owned()), true, MORNING, to);
        assert_eq!(posts, [post(there, None), post(gone, Some(later(9)))]);
    }
}
