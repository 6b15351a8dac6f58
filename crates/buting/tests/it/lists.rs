//! Every list in every order: read by pages of two it is the whole list, each row
//! once, and the other way round it is the same one backwards.

use crate::house::House;
use buting::registry::desk::{create_carrier, create_enterprise};
use buting::registry::{CarrierKind, NewCarrier, NewEnterprise};
use serde_json::{Value as Json, json};

/// Path, who reads it, the orders that it offers.
const LISTS: &[(&str, &str, &[&str])] = &[
    ("/api/v1/enterprises", "officer", &["name", "carrier", "industry", "headcount", "status", "changed"]),
    ("/api/v1/carriers", "officer", &["name", "kind", "enterprises"]),
    ("/api/v1/assignments", "leader", &["created", "subject", "role", "holder", "from"]),
    ("/api/v1/people", "officer", &["position", "name", "place", "title"]),
    ("/api/v1/departments", "officer", &["position", "name", "short_name", "kind"]),
    ("/api/v1/accounts", "sysadmin", &["user", "name", "place", "seen", "created"]),
    ("/api/v1/invitations", "sysadmin", &["created", "expires", "name", "place"]),
    ("/api/v1/projects", "leader", &["name", "stage", "level", "carrier", "created"]),
    ("/api/v1/milestones", "leader", &["plan", "name", "project", "owner", "moves"]),
    ("/api/v1/jobs", "sysadmin", &["open", "run", "kind", "attempts"]),
    ("/api/v1/ledger", "auditor", &["at"]),
];

/// A few records of each kind, some of them alike in what they are sorted by.
async fn fill(house: &House) {
    let who = house.rule();
    let mut carriers = Vec::new();
    for (name, kind) in
        [("崇文孵化器", CarrierKind::Incubator), ("文渊科创园", CarrierKind::Park), ("安居科创园", CarrierKind::Park)]
    {
        let new = NewCarrier { id: None, name: name.into(), short_name: None, kind, address: None, note: None };
        carriers.push(create_carrier(&house.app, &who, new).await.unwrap());
    }
    for (n, name) in ["甲机电", "乙机电", "丙商贸", "丁物流", "戊食品"].iter().enumerate() {
        let new = NewEnterprise {
            name: (*name).into(),
            headcount: (n > 0).then_some(100 * (n as i64 / 2)),
            carrier_id: (n > 2).then_some(carriers[0]),
            industry_code: (n % 2 == 0).then(|| "C34".into()),
            ..NewEnterprise::default()
        };
        create_enterprise(&house.app, &who, new).await.unwrap();
    }
    let post = async |who: &str, path: &str, body: Json| house.call(who, "POST", path, body).await;
    for (subject, role) in [(house.enterprise, "lead_leader"), (house.other_enterprise, "lead_leader")] {
        let body = json!({"subject_kind": "enterprise", "subject_id": subject, "role": role,
            "person_id": house.person("leader"), "reason": "分工"});
        post("leader", "/api/v1/assignments", body).await.expect(201);
        let body = json!({"subject_kind": "enterprise", "subject_id": subject, "role": "lead_dept",
            "department_id": house.department, "reason": "分工"});
        post("leader", "/api/v1/assignments", body).await.expect(201);
    }
    for (n, name) in ["一号厂房", "二号厂房", "三号厂房"].iter().enumerate() {
        let stage = if n == 1 { "permit" } else { "signed" };
        let body = json!({"name": name, "level": "city", "stage": stage});
        let made = post("leader", "/api/v1/projects", body).await.expect(201).json();
        for (name, day) in [("开工", "2027-03-01"), ("封顶", "2027-09-01")] {
            let body = json!({"project_id": made["id"], "name": name, "plan_on": day});
            post("leader", "/api/v1/milestones", body).await.expect(201);
        }
    }
    for name in ["周正", "郑和", "赵简"] {
        let body = json!({"name": name, "department_id": house.department});
        let made = post("sysadmin", "/api/v1/people", body).await.expect(201).json();
        post("sysadmin", "/api/v1/invitations", json!({"people": [made["id"]]})).await.expect(201);
    }
    let mut tx = house.app.db.write().await.unwrap();
    for (n, kind) in ["notice.mail", "clock.tick", "notice.mail"].iter().enumerate() {
        tx.enqueue(house.zone, kind, &json!({}), house.app.now().plus(n as i64).ms(), None).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// Every row by pages of `limit`, with a token that is made once: making one is a
/// row of the ledger.
async fn ids(house: &House, token: &str, path: &str, query: &str, limit: usize) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{path}?limit={limit}{query}{cursor}");
        let bearer = format!("Bearer {token}");
        let page = house.call_with("anonymous", "GET", &path, Json::Null, &[("authorization", &bearer)]).await;
        let page = page.expect(200).json();
        all.extend(page["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn every_order_of_every_list_runs_by_pages_as_a_whole() {
    for house in House::both().await {
        fill(&house).await;
        for (path, who, orders) in LISTS {
            let token = &house.token(who).await;
            let usual = ids(&house, token, path, "", 200).await;
            assert!(usual.len() > 2, "{path} is too short to turn a page: {}", usual.len());
            for order in *orders {
                let up = ids(&house, token, path, &format!("&sort={order}"), 200).await;
                assert!(ids(&house, token, path, &format!("&sort={order}"), 2).await == up, "{path} by {order}");
                let mut down = ids(&house, token, path, &format!("&sort=-{order}"), 2).await;
                down.reverse();
                assert!(down == up, "{path} by -{order}");
                let (mut all, mut same) = (usual.clone(), up);
                all.sort();
                same.sort();
                assert!(all == same, "{path} by {order} has every row once");
            }
        }
    }
}

#[tokio::test]
async fn an_order_that_a_list_does_not_have_is_refused_by_name() {
    let house = House::sqlite().await;
    fill(&house).await;
    for (path, who, orders) in LISTS {
        for sort in ["unknown", "--name", "id;DROP"] {
            let answer = house.call(who, "GET", &format!("{path}?sort={sort}"), Json::Null).await.expect(422).json();
            assert_eq!(answer["errors"][0]["pointer"], "/sort", "{path}");
        }
        let (first, other) = (orders[0], orders.last().unwrap());
        let page = house.call(who, "GET", &format!("{path}?limit=1&sort={first}"), Json::Null).await.expect(200).json();
        let cursor = page["next_cursor"].as_str().unwrap().to_owned();
        let turned = format!("{path}?limit=1&sort={other}&cursor={cursor}");
        house.call(who, "GET", &turned, Json::Null).await.expect(if first == *other { 200 } else { 422 });
        house.call(who, "GET", &format!("{path}?cursor=%25"), Json::Null).await.expect(422);
    }
}

#[tokio::test]
async fn lists_are_searched_by_what_a_person_types() {
    for house in House::both().await {
        fill(&house).await;
        for (path, who, q, found) in [
            ("/api/v1/departments", "officer", "没有这个单位", 0),
            ("/api/v1/milestones", "leader", "封顶", 3),
            ("/api/v1/milestones", "leader", "二号厂房", 2),
            ("/api/v1/jobs", "sysadmin", "notice.mail", 2),
            ("/api/v1/people", "officer", "zhouzheng", 1),
            ("/api/v1/invitations", "sysadmin", "赵简", 1),
        ] {
            let q = buting::http::page::encode(q);
            let page = house.call(who, "GET", &format!("{path}?q={q}"), Json::Null).await.expect(200).json();
            assert_eq!(page["items"].as_array().unwrap().len(), found, "{path} {q}");
        }
    }
}
