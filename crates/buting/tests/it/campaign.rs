//! 大走访: whom to visit, how far one is, and when it ends.

use crate::house::House;
use buting::error::{Conflict, Error};
use buting::time::DAY_MS;
use buting::visit::campaign::desk;
use buting::visit::campaign::{Counts, NewCampaign, Reached, TargetFilter};
use buting::visit::plan::{self, NewPlan, PlanAnswer, PlanState};
use buting::visit::{NewVisit, Outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

fn new(house: &House, filter: TargetFilter) -> NewCampaign {
    NewCampaign {
        id: None,
        name: "百日大走访".into(),
        purpose: "摸清用工和订单".into(),
        starts_at: house.app.now().plus(-DAY_MS),
        ends_at: house.app.now().plus(30 * DAY_MS),
        rounds: None,
        blocks: Vec::new(),
        filter,
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> (String, &'static str) {
    match result {
        Err(Error::Invalid(mut errors)) => errors.pop().map(|e| (e.field, e.code)).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn reached(house: &House, id: Uuid, enterprise: Uuid) -> Reached {
    let all = desk::targets(&house.app, &house.who("leader").await, id, None, None, 100).await.unwrap();
    all.items.into_iter().find(|target| target.enterprise_id == enterprise).expect("it is in the campaign").reached
}

#[tokio::test]
async fn its_list_is_fixed_and_each_number_opens_its_own() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let id = desk::start(&house.app, &leader, new(&house, TargetFilter::default())).await.unwrap();
        let counts = async || desk::campaign(&house.app, &leader, id).await.unwrap().counts;
        let total = counts().await.total();
        assert!(total >= 2 && counts().await.never == total, "{:?}", counts().await);
        assert_eq!(reached(&house, id, house.enterprise).await, Reached::Never);

        let plan = NewPlan {
            id: None,
            enterprise_id: Some(house.enterprise),
            project_id: None,
            kind: None,
            channel: None,
            purpose: "大走访".into(),
            planned_at: house.app.now().plus(2 * DAY_MS),
            despite: None,
        };
        let plan = plan::desk::plan(&house.app, &leader, plan).await.unwrap();
        assert_eq!(reached(&house, id, house.enterprise).await, Reached::Planned, "what is planned anyway is joined");
        let declined = PlanAnswer { state: PlanState::Declined, other_at: None, reason: None };
        plan::desk::answer(&house.app, &house.who("enterprise").await, plan, declined).await.unwrap();
        assert_eq!(reached(&house, id, house.enterprise).await, Reached::Declined);

        let lost = NewVisit { outcome: Some(Outcome::NotFound), ..NewVisit::to_enterprise(house.other_enterprise) };
        buting::visit::desk::save(&house.app, &leader, lost).await.unwrap();
        assert_eq!(reached(&house, id, house.other_enterprise).await, Reached::Never, "nobody was met");
        let met = NewVisit::to_enterprise(house.enterprise);
        buting::visit::desk::save(&house.app, &leader, met).await.unwrap();
        assert_eq!(reached(&house, id, house.enterprise).await, Reached::Visited);
        assert_eq!(counts().await, Counts { visited: 1, never: total - 1, ..Counts::default() });
        for (reached, n) in counts().await.each() {
            let list = desk::targets(&house.app, &leader, id, Some(reached), None, 100).await.unwrap();
            assert_eq!((list.items.len() as i64, list.total), (n, Some(n)), "{reached}");
        }
        let first = desk::targets(&house.app, &leader, id, None, None, 1).await.unwrap();
        let cursor = first.next_cursor.expect("there are more");
        let second = desk::targets(&house.app, &leader, id, None, Some(&cursor), 1).await.unwrap();
        assert_ne!(first.items[0].enterprise_id, second.items[0].enterprise_id);
        assert_eq!(code(desk::targets(&house.app, &leader, id, None, Some("x"), 1).await).0, "cursor");
        // Whom an officer does not look after he does not count.
        let own = desk::campaign(&house.app, &house.who("officer").await, id).await.unwrap().counts;
        assert_eq!(own, Counts::default());
    }
}

#[tokio::test]
async fn rounds_are_all_made_or_lack() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let twice = NewCampaign { rounds: Some(2), ..new(&house, TargetFilter::default()) };
        let id = desk::start(&house.app, &leader, twice).await.unwrap();
        for wants in [Reached::Begun, Reached::Visited] {
            let visit = NewVisit::to_enterprise(house.enterprise);
            buting::visit::desk::save(&house.app, &leader, visit).await.unwrap();
            assert_eq!(reached(&house, id, house.enterprise).await, wants);
        }
    }
}

#[tokio::test]
async fn who_comes_in_later_has_a_reason() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let none = TargetFilter { headcount_min: Some(900_000), ..TargetFilter::default() };
        assert_eq!(desk::matching(&house.app, &leader, &none).await.unwrap(), 0);
        assert_eq!(code(desk::start(&house.app, &leader, new(&house, none)).await).1, "campaign_empty");
        let met = NewVisit::to_enterprise(house.enterprise);
        buting::visit::desk::save(&house.app, &leader, met).await.unwrap();
        let silent = TargetFilter { silent_days: Some(30), ..TargetFilter::default() };
        let id = desk::start(&house.app, &leader, new(&house, silent)).await.unwrap();
        let add = async |enterprise: Uuid, reason: &str| desk::add(&house.app, &leader, id, enterprise, reason).await;
        assert_eq!(code(add(house.enterprise, " ").await), ("reason".to_owned(), "required"));
        assert_eq!(code(add(Uuid::now_v7(), "新落户").await), ("enterprise_id".to_owned(), "unknown"));
        add(house.enterprise, "企业主动要求").await.unwrap();
        assert_eq!(code(add(house.enterprise, "再加").await), ("enterprise_id".to_owned(), "campaign_has"));
        let all = desk::targets(&house.app, &leader, id, Some(Reached::Visited), None, 10).await.unwrap();
        assert_eq!(all.items[0].reason.as_deref(), Some("企业主动要求"));

        desk::end(&house.app, &leader, id, Some("到期")).await.unwrap();
        for late in [add(house.other_enterprise, "晚了").await, desk::end(&house.app, &leader, id, None).await] {
            assert!(matches!(late, Err(Error::Conflict(Conflict::State("campaign_ended")))), "{late:?}");
        }
    }
}

#[tokio::test]
async fn who_starts_and_who_sees_campaigns() {
    for house in House::both().await {
        let now = house.app.now();
        let body = json!({"name": "大走访", "purpose": "摸底", "starts_at": now, "ends_at": now.plus(DAY_MS)});
        for account in ["officer", "specialist", "oversight", "enterprise", "agency", "sysadmin"] {
            house.call(account, "POST", "/api/v1/visits/campaigns", body.clone()).await.expect(403);
        }
        let made = house.call("dispatcher", "POST", "/api/v1/visits/campaigns", body).await.expect(201).json();
        let path = format!("/visits/campaigns/{}", made["id"].as_str().unwrap());
        let api = format!("/api/v1{path}");
        assert_eq!(made["blocks"].as_array().unwrap().len(), 3, "nothing said: everything is asked");
        house.call("officer", "GET", &api, Json::Null).await.expect(200);
        house.call("officer", "GET", &format!("{api}/targets?reached=never"), Json::Null).await.expect(200);
        house.call("enterprise", "GET", &api, Json::Null).await.expect(403);
        house.call("leader@zone2", "GET", &api, Json::Null).await.expect(404);
        for page in ["/visits/campaigns", "/visits/campaigns/new", &path, &format!("{path}?show=never")] {
            house.page("dispatcher", page).await.expect(200);
        }
        let brief = house.page("officer", &format!("/visits/new?enterprise={}", house.enterprise)).await;
        assert!(brief.expect(200).text().contains(&path), "a visitor sees what is to be asked");
        let text = house.page("leader", "/overview").await.expect(200).text();
        assert!(text.contains(&path), "the leader sees how far it is");

        let asked = [("once", "a"), ("name", "再走访"), ("count", "1"), ("key", "true")];
        let text = house.post("leader", "/visits/campaigns", &asked).await.expect(200).text();
        assert!(text.contains("再走访"), "asking how many keeps what was typed: {text}");
        let wrong = [("once", "b"), ("name", "再走访"), ("purpose", "摸底"), ("starts_on", "2026-11-24")];
        let text = house.post("leader", "/visits/campaigns", &wrong).await.expect(422).text();
        assert!(text.contains("f-ends_on"), "{text}");
        let right = [&wrong[..], &[("ends_on", "2026-12-24"), ("rounds", "1"), ("blocks", "safety")]].concat();
        house.post("leader", "/visits/campaigns", &right).await.expect(303);
    }
}

#[tokio::test]
async fn what_comes_after_an_early_end_is_none_of_it() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let id = desk::start(&house.app, &leader, new(&house, TargetFilter::default())).await.unwrap();
        let to = |days: i64| NewPlan {
            id: None,
            enterprise_id: Some(house.enterprise),
            project_id: None,
            kind: None,
            channel: None,
            purpose: "大走访".into(),
            planned_at: house.app.now().plus(days * DAY_MS),
            despite: None,
        };
        plan::desk::plan(&house.app, &leader, to(5)).await.unwrap();
        assert_eq!(reached(&house, id, house.enterprise).await, Reached::Planned);
        house.clock.set(house.app.now().plus(DAY_MS));
        desk::end(&house.app, &leader, id, None).await.unwrap();
        house.clock.set(house.app.now().plus(DAY_MS));
        let late = NewVisit::to_enterprise(house.other_enterprise);
        buting::visit::desk::save(&house.app, &leader, late).await.unwrap();
        for enterprise in [house.enterprise, house.other_enterprise] {
            assert_eq!(reached(&house, id, enterprise).await, Reached::Never);
        }
        let listed = desk::campaigns(&house.app, &leader, None, None, 10).await.unwrap();
        assert_eq!(listed.items[0].counts.never, listed.items[0].counts.total(), "the list counts alike");
    }
}

#[tokio::test]
async fn who_answers_through_the_carrier_is_told_and_named() {
    for house in House::both().await {
        let new_carrier = json!({"name": "北园孵化器", "kind": "incubator"});
        let carrier = house.call("dispatcher", "POST", "/api/v1/carriers", new_carrier).await.expect(201).json();
        for enterprise in [house.enterprise, house.other_enterprise] {
            let path = format!("/api/v1/enterprises/{enterprise}");
            house.call("dispatcher", "PATCH", &path, json!({"carrier_id": carrier["id"]})).await.expect(200);
        }
        for (kind, id, account) in
            [("carrier", carrier["id"].clone(), "officer2"), ("enterprise", json!(house.other_enterprise), "officer")]
        {
            let body = json!({"subject_kind": kind, "subject_id": id, "role": "officer",
                "person_id": house.person(account)});
            assert!(house.call("dispatcher", "POST", "/api/v1/assignments", body).await.status.is_success());
        }
        let leader = house.who("leader").await;
        let id = desk::start(&house.app, &leader, new(&house, TargetFilter::default())).await.unwrap();
        for account in ["officer", "officer2"] {
            let query = store::sql!(
                "SELECT args FROM notice WHERE zone_id = $1 AND person_id = $2 AND kind = 'visit.campaign'",
                house.zone,
                house.person(account)
            );
            let args: Option<Json> = house.app.read().await.unwrap().opt_value(query).await.unwrap();
            assert_eq!(args.map(|args| args["n"].clone()), Some(json!(1)), "{account}");
        }
        let all = desk::targets(&house.app, &leader, id, None, None, 100).await.unwrap().items;
        let goes = |id: Uuid| all.iter().find(|one| one.enterprise_id == id).unwrap().officer_name.clone();
        assert_eq!(goes(house.enterprise).as_deref(), Some("officer2某"));
        assert_eq!(goes(house.other_enterprise).as_deref(), Some("officer某"));
        let seen = desk::campaign(&house.app, &house.who("officer2").await, id).await.unwrap().counts;
        assert_eq!(seen.total(), 2, "he sees those that he reaches through the carrier");
    }
}

#[tokio::test]
async fn a_code_of_an_industry_is_found_however_it_is_typed() {
    for house in House::both().await {
        let path = format!("/api/v1/enterprises/{}", house.enterprise);
        house.call("dispatcher", "PATCH", &path, json!({"industry_code": "C34"})).await.expect(200);
        for typed in ["C3", "c3", "c34"] {
            let filter = TargetFilter { industry: Some(typed.into()), ..TargetFilter::default() };
            assert_eq!(desk::matching(&house.app, &house.who("leader").await, &filter).await.unwrap(), 1, "{typed}");
        }
    }
}

#[tokio::test]
async fn a_long_list_is_written_whole() {
    for house in House::both().await {
        let mut tx = house.app.db.write().await.unwrap();
        for n in 0..410_i64 {
            let name = format!("第{n}家");
            tx.run(store::sql!(
                "INSERT INTO enterprise (zone_id, id, name, short_name, tags, status, key, spelling, name_key, created_at,
                   changed_at, version)
                 VALUES ($1, $2, $3, $3, $4, 'active', TRUE, '', '', $5, $5, 1)",
                house.zone,
                Uuid::now_v7(),
                name,
                json!([]),
                house.app.now()
            ))
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
        let leader = house.who("leader").await;
        let key = TargetFilter { key: true, ..TargetFilter::default() };
        let id = desk::start(&house.app, &leader, new(&house, key)).await.unwrap();
        assert_eq!(desk::campaign(&house.app, &leader, id).await.unwrap().counts.never, 410);
    }
}
