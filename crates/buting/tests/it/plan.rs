//! A plan of who looks after whom: computed, adjusted by hand, accepted.

use crate::house::House;
use buting::assignment::plan::{Choice, Question, Steadiness, desk};
use buting::assignment::{Duty, desk as assignments};
use buting::error::{Conflict, Error};
use buting::registry::{NewEnterprise, desk as registry};
use buting::text::Lang;
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

/// Eight more enterprises, all with the first officer.
async fn uneven(house: &House) -> Vec<Uuid> {
    let mut all = Vec::new();
    for n in 0..8 {
        let new =
            NewEnterprise { name: format!("第{n}食品厂"), headcount: Some(20 + n), ..NewEnterprise::default() };
        let id = registry::create_enterprise(&house.app, &house.rule(), new).await.unwrap();
        let body = json!({"subject_kind": "enterprise", "subject_id": id, "role": "officer",
            "person_id": house.person("officer")});
        let answer = house.call("dispatcher", "POST", "/api/v1/assignments", body).await;
        assert!(answer.status.is_success(), "{}", answer.text());
        all.push(id);
    }
    all
}

fn question(steadiness: Steadiness) -> Question {
    Question {
        role: Duty::Officer,
        carrier_id: None,
        department_id: None,
        steadiness: Some(steadiness),
        capacity: None,
        pinned: Vec::new(),
        excluded: Vec::new(),
    }
}

#[tokio::test]
async fn a_plan_is_computed_adjusted_and_accepted_in_one_step() {
    for house in House::both().await {
        let firms = uneven(&house).await;
        let who = house.who("dispatcher").await;
        let gaps = desk::plan(&house.app, &who, &question(Steadiness::Gaps), Lang::Zh).await.unwrap();
        assert_eq!((gaps.kept, gaps.moved, gaps.new), (8, 0, 2), "only who has nobody gets somebody");
        let even = desk::plan(&house.app, &who, &question(Steadiness::Even), Lang::Zh).await.unwrap();
        assert!(even.moved > 0 && even.cheapest);
        let share = |name: &str| even.shares.iter().find(|share| share.unit == name).unwrap();
        assert_eq!(share("officer某").subjects_before, 8);
        assert!(share("officer某").load_after < 8 && share("officer2某").load_after > 0);
        assert!(even.moves.iter().all(|one| !one.why.is_empty() && one.why.iter().all(|why| !why.contains("plan-"))));

        // By hand: this one stays, and the other must not have that one.
        let mut mine = question(Steadiness::Even);
        mine.pinned = vec![Choice { subject_id: firms[0], unit_id: house.person("officer") }];
        let recused: Vec<Choice> = [house.enterprise, house.other_enterprise]
            .map(|subject_id| Choice { subject_id, unit_id: house.person("officer2") })
            .to_vec();
        mine.excluded = recused;
        let plan = desk::plan(&house.app, &who, &mine, Lang::Zh).await.unwrap();
        assert!(plan.moves.iter().all(|one| one.subject_id != firms[0]));
        let of_house =
            plan.moves.iter().filter(|one| [house.enterprise, house.other_enterprise].contains(&one.subject_id));
        assert!(
            of_house.clone().count() == 2 && of_house.clone().all(|one| one.unit_id != Some(house.person("officer2")))
        );

        // Somebody changed something in between: the plan that was seen is not carried out.
        let stale = desk::accept(&house.app, &who, &mine, "0", None, Some("均衡".into())).await;
        assert!(matches!(stale, Err(Error::Conflict(Conflict::State("plan_moved_on")))), "{stale:?}");
        desk::accept(&house.app, &who, &mine, &plan.mark, None, Some("均衡工作量".into())).await.unwrap();
        for one in &plan.moves {
            let path = format!("/api/v1/assignments?subject_id={}&role=officer", one.subject_id);
            let rows = house.call("dispatcher", "GET", &path, Json::Null).await.expect(200).json();
            let holds = rows["items"].as_array().unwrap().iter().any(|row| row["person_id"] == json!(one.unit_id));
            assert!(holds, "{rows}");
        }
        let after = desk::plan(&house.app, &who, &mine, Lang::Zh).await.unwrap();
        assert_eq!(after.moves.len(), 0, "what was accepted needs no change");
        let again = desk::accept(&house.app, &who, &mine, &after.mark, None, Some("再来".into())).await;
        assert!(matches!(again, Err(Error::Conflict(Conflict::State("plan_empty")))), "{again:?}");
        assert!(assignments::held(&house.app, &who, house.person("officer")).await.unwrap().len() < 8);
    }
}

#[tokio::test]
async fn the_page_computes_keeps_what_was_chosen_and_accepts() {
    for house in House::both().await {
        let firms = uneven(&house).await;
        let page = house.page("dispatcher", "/assignments/plan").await.expect(200).text();
        assert!(page.contains("生成方案") && !page.contains("采纳方案"));
        let asked =
            format!("/assignments/plan?role=officer&steadiness=even&pin={}%3A{}", firms[0], house.person("officer"));
        let page = house.page("dispatcher", &asked).await.expect(200).text();
        assert!(page.contains("第1食品厂") && page.contains("采纳方案") && page.contains("officer2某"), "{page}");
        let pin = format!("{}:{}", firms[0], house.person("officer"));
        assert!(page.contains(&format!("value=\"{pin}\"")), "what was chosen goes along");
        let mark = page.split("name=\"mark\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let form = [("role", "officer"), ("steadiness", "even"), ("pin", pin.as_str()), ("mark", mark.as_str())];
        house.post("dispatcher", "/assignments/plan", &form).await.expect(422);
        let form = [&form[..], &[("reason", "均衡工作量")]].concat();
        house.post("dispatcher", "/assignments/plan", &form).await.expect(303);
        for account in ["officer", "enterprise", "agency", "anonymous"] {
            let answer = house.page(account, "/assignments/plan").await;
            assert!(answer.status.as_u16() == 403 || answer.status.is_redirection(), "{account}: {}", answer.status);
        }
        let wrong = json!({"role": "assist_dept"});
        house.call("dispatcher", "POST", "/api/v1/assignments/plans", wrong).await.expect(422);
    }
}

#[tokio::test]
async fn a_department_has_its_industries() {
    for house in House::both().await {
        let path = format!("/api/v1/departments/{}", house.department);
        let changed = house.call("sysadmin", "PATCH", &path, json!({"industries": "C34、35"})).await.expect(200).json();
        assert_eq!(changed["industries"], "34 35");
        house.call("sysadmin", "PATCH", &path, json!({"industries": "机械"})).await.expect(422);
        let form = house.page("sysadmin", &format!("/departments/{}/edit", house.department)).await.expect(200).text();
        assert!(form.contains("34 35"));
    }
}

#[tokio::test]
async fn who_holds_a_place_by_decision_keeps_it_though_nobody_would_propose_him() {
    for house in House::both().await {
        let body = json!({"subject_kind": "enterprise", "subject_id": house.enterprise, "role": "officer",
            "person_id": house.person("dispatcher")});
        assert!(house.call("dispatcher", "POST", "/api/v1/assignments", body).await.status.is_success());
        let who = house.who("dispatcher").await;
        for steadiness in [Steadiness::Gaps, Steadiness::Even] {
            let plan = desk::plan(&house.app, &who, &question(steadiness), Lang::Zh).await.unwrap();
            assert!(plan.moves.iter().all(|one| one.subject_id != house.enterprise), "{:?}", plan.moves);
        }
    }
}

/// A zone that has never had anybody: what the plan gives out is more than one form takes.
#[tokio::test]
async fn a_whole_register_is_given_out_at_once() {
    const FIRMS: i64 = 2_100;
    for house in House::both().await {
        let mut tx = house.app.db.write().await.unwrap();
        for n in 0..FIRMS {
            tx.run(sql!(
                "INSERT INTO enterprise (zone_id, id, name, short_name, tags, status, key, spelling, name_key, created_at,
                   changed_at, version)
                 VALUES ($1, $2, $3, $3, $4, 'active', FALSE, '', '', $5, $5, 1)",
                house.zone,
                Uuid::now_v7(),
                format!("第{n:04}号机械厂"),
                json!([]),
                house.app.now()
            ))
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
        let who = house.who("dispatcher").await;
        let whole = question(Steadiness::Gaps);
        let plan = desk::plan(&house.app, &who, &whole, Lang::Zh).await.unwrap();
        let batch = desk::accept(&house.app, &who, &whole, &plan.mark, None, Some("首次分工".into())).await.unwrap();
        let done = assignments::done(&house.app, &who, batch).await.unwrap();
        assert_eq!((done.opened, done.changed), (FIRMS + 2, 0));
    }
}
