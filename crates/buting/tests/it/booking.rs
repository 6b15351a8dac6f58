//! 约访: who comes when, together or not, and what the enterprise says to it.

use crate::house::House;
use buting::actor::Actor;
use buting::error::{Conflict, Error};
use buting::registry::{NewEnterprise, desk as registry};
use buting::text::Lang;
use buting::time::{DAY_MS, Time};
use buting::visit::plan::desk::{self, PlanFilter};
use buting::visit::plan::{NewPlan, NewTime, PlanAnswer, PlanRecord, PlanState};
use buting::visit::{Channel, NewVisit, Rules, VisitKind, rules};
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

fn new(house: &House, days: i64) -> NewPlan {
    NewPlan {
        id: None,
        enterprise_id: Some(house.enterprise),
        project_id: None,
        kind: None,
        channel: None,
        purpose: "了解用工".into(),
        planned_at: in_days(house, days),
        despite: None,
    }
}

fn in_days(house: &House, days: i64) -> Time {
    house.app.now().plus(days * DAY_MS)
}

fn said(state: PlanState) -> PlanAnswer {
    PlanAnswer { state, other_at: None, reason: None }
}

async fn record(house: &House, account: &str, id: Uuid) -> Result<PlanRecord, Error> {
    let who = house.who(account).await;
    desk::record(&mut house.app.read().await.unwrap(), &who, id).await
}

/// The codes of what does not hold.
fn codes<T: std::fmt::Debug>(result: Result<T, Error>) -> Vec<(String, &'static str)> {
    match result {
        Err(Error::Invalid(errors)) => errors.into_iter().map(|e| (e.field, e.code)).collect(),
        other => panic!("{other:?}"),
    }
}

fn despite(code: &'static str) -> Vec<(String, &'static str)> {
    vec![("despite".to_owned(), code)]
}

/// The kinds of the notices that somebody has, in order.
async fn told(house: &House, account: &str) -> Vec<String> {
    let query = store::sql!(
        "SELECT kind FROM notice WHERE zone_id = $1 AND person_id = $2 ORDER BY created_at, id",
        house.zone,
        house.person(account)
    );
    let rows: Vec<(String,)> = house.app.read().await.unwrap().list(query).await.unwrap();
    rows.into_iter().map(|(kind,)| kind).collect()
}

#[tokio::test]
async fn a_second_department_goes_along() {
    for house in House::both().await {
        let (officer, other) = (house.who("officer").await, house.who("officer2").await);
        let id = desk::plan(&house.app, &officer, new(&house, 2)).await.unwrap();
        assert_eq!(codes(desk::plan(&house.app, &other, new(&house, 5)).await), despite("visited_near"));
        // Whoever plans sees that somebody comes, but not the plan, before he goes along.
        assert!(matches!(record(&house, "officer2", id).await, Err(Error::NotFound)));
        let near = desk::near(&house.app, &other, house.enterprise, in_days(&house, 5)).await.unwrap();
        assert_eq!(near.iter().map(|n| n.plan_id).collect::<Vec<_>>(), [Some(id)]);
        desk::join(&house.app, &other, id).await.unwrap();
        let joint = record(&house, "officer2", id).await.unwrap();
        assert!(joint.goes(Some(house.person("officer2"))) && joint.companions.len() == 1);
        let refused = desk::answer(&house.app, &other, id, said(PlanState::Cancelled)).await;
        assert!(matches!(refused, Err(Error::Forbidden)), "going along is no say in it: {refused:?}");
        let twice = desk::join(&house.app, &other, id).await;
        assert!(matches!(twice, Err(Error::Conflict(Conflict::State("plan_joined")))), "{twice:?}");
        let own = desk::join(&house.app, &officer, id).await;
        assert!(matches!(own, Err(Error::Conflict(Conflict::State("plan_joined")))), "{own:?}");
        assert_eq!(told(&house, "officer").await, ["visit.joined"]);
        assert_eq!(told(&house, "enterprise").await, ["visit.planned", "visit.joining"]);
        for (account, wants) in [("enterprise", 403), ("agency", 403), ("oversight", 403), ("leader@zone2", 404)] {
            let path = format!("/api/v1/visits/plans/{id}/join");
            house.call(account, "POST", &path, json!({})).await.expect(wants);
        }

        // Those who go are the team of the record, without typing it again.
        let page = format!("/visits/new?plan={id}&enterprise={}", house.enterprise);
        let text = house.page("officer", &page).await.expect(200).text();
        for account in ["officer", "officer2"] {
            let chosen = format!("value=\"{}\" selected", house.person(account));
            assert!(text.contains(&chosen), "{account} is chosen: {text}");
        }
        let visit = NewVisit {
            plan_id: Some(id),
            visitors: vec![house.person("officer"), house.person("officer2")],
            kind: Some(VisitKind::Joint),
            ..NewVisit::to_enterprise(house.enterprise)
        };
        house_at(&house, 2).await;
        buting::visit::desk::save(&house.app, &officer, visit).await.unwrap();
        assert_eq!(record(&house, "officer2", id).await.unwrap().plan.state, PlanState::Done);
        let written = sql!(
            "SELECT count(*) FROM ledger WHERE zone_id = $1 AND action = 'visit.fulfil' AND subject_id = $2",
            house.zone,
            id
        );
        assert_eq!(house.app.read().await.unwrap().value::<i64>(written).await.unwrap(), 1);
        let late = desk::leave(&house.app, &other, id).await;
        assert!(matches!(late, Err(Error::Conflict(Conflict::State("plan_ended")))), "{late:?}");
    }
}

/// Moves the clock of the house on by days.
async fn house_at(house: &House, days: i64) {
    house.clock.set(in_days(house, days));
}

#[tokio::test]
async fn who_left_sees_the_plan_no_longer() {
    for house in House::both().await {
        let other = house.who("officer2").await;
        let id = desk::plan(&house.app, &house.who("officer").await, new(&house, 2)).await.unwrap();
        let not = desk::leave(&house.app, &house.who("officer").await, id).await;
        assert!(matches!(not, Err(Error::Conflict(Conflict::State("plan_not_joined")))), "{not:?}");
        desk::join(&house.app, &other, id).await.unwrap();
        desk::leave(&house.app, &other, id).await.unwrap();
        assert!(matches!(record(&house, "officer2", id).await, Err(Error::NotFound)));
        assert_eq!(told(&house, "officer").await, ["visit.joined", "visit.left"]);
    }
}

#[tokio::test]
async fn no_enterprise_is_visited_over_and_over() {
    for house in House::both().await {
        let (leader, officer) = (house.who("leader").await, house.who("officer").await);
        let strict = Rules { cap: 1, cap_days: 30, ..Rules::default() };
        let none = Rules { cap_days: 0, ..strict.clone() };
        let wrong = rules::desk::set(&house.app, &house.who("sysadmin").await, &none).await;
        assert_eq!(codes(wrong), [("cap_days".to_owned(), "range")]);
        let refused = rules::desk::set(&house.app, &leader, &strict).await;
        assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
        rules::desk::set(&house.app, &house.who("dispatcher").await, &strict).await.unwrap();

        desk::plan(&house.app, &officer, new(&house, 1)).await.unwrap();
        // Farther than a week away, but the second within thirty days.
        assert_eq!(codes(desk::plan(&house.app, &officer, new(&house, 15)).await), despite("over_cap"));
        desk::plan(&house.app, &officer, new(&house, 40)).await.unwrap();
        let phone = NewPlan { channel: Some(Channel::Phone), ..new(&house, 15) };
        desk::plan(&house.app, &officer, phone).await.unwrap();
        // An emergency goes beyond the bound, with a reason that stays to be read.
        let urgent = NewPlan { kind: Some(VisitKind::Emergency), ..new(&house, 16) };
        assert_eq!(codes(desk::plan(&house.app, &officer, urgent.clone()).await), despite("over_cap_urgent"));
        let urgent = NewPlan { despite: Some("夜里漏水".into()), ..urgent };
        let urgent = desk::plan(&house.app, &officer, urgent).await.unwrap();
        assert!(record(&house, "officer", urgent).await.unwrap().plan.over_cap);
        let written = sql!(
            "SELECT after FROM ledger WHERE zone_id = $1 AND action = 'visit.plan' AND subject_id = $2",
            house.zone,
            urgent
        );
        let after: Json = house.app.read().await.unwrap().value(written).await.unwrap();
        assert_eq!((&after["over_cap"], &after["despite"]), (&json!(true), &json!("夜里漏水")));
        // Who is refused by the bound sees whom he can join, be it weeks before.
        let query = [
            ("once", "x"),
            ("subject", &*format!("enterprise:{}", house.enterprise)),
            ("kind", "routine"),
            ("channel", "onsite"),
            ("purpose", "看看"),
            ("planned_at", "2026-12-16T10:00"),
        ];
        let text = house.post("officer2", "/visits/plans", &query).await.expect(422).text();
        assert!(text.contains("/join"), "the one of fifteen days before: {text}");
        let reason = NewPlan { despite: Some("企业来电请去".into()), ..new(&house, 15) };
        let over = desk::plan(&house.app, &officer, reason).await.unwrap();

        let list = "/api/v1/visits/plans?over_cap=true";
        let seen = house.call("oversight", "GET", list, Json::Null).await.expect(200).json();
        let items = seen["items"].as_array().unwrap();
        assert_eq!(items.len(), 2, "only what is over the bound: {seen}");
        assert_eq!((&items[0]["id"], &items[0]["despite"]), (&json!(over), &json!("企业来电请去")));
        assert_eq!(items[1]["id"], json!(urgent));
        let page = house.page("oversight", "/visits?show=over-cap").await.expect(200).text();
        assert!(page.contains("企业来电请去"), "{page}");
        // The enterprise does not read why the office comes all the same.
        let own = format!("/visits/plans/{over}");
        for path in [own.as_str(), "/visits?show=plans", "/visits?show=over-cap", "/visits/calendar"] {
            let page = house.page("enterprise", path).await.expect(200).text();
            assert!(!page.contains("企业来电请去"), "{path}");
        }
        for path in ["/api/v1/visits/plans", "/api/v1/visits/plans?over_cap=true", &format!("/api/v1{own}")] {
            let answer = house.call("enterprise", "GET", path, Json::Null).await.expect(200);
            assert!(!answer.text().contains("企业来电请去"), "{path}");
            assert!(!answer.text().contains("\"over_cap\":true"), "{path}");
        }
    }
}

#[tokio::test]
async fn another_day_is_named_and_taken() {
    for house in House::both().await {
        let (officer, enterprise) = (house.who("officer").await, house.who("enterprise").await);
        let id = desk::plan(&house.app, &officer, new(&house, 2)).await.unwrap();
        let counter = |days: Option<i64>| PlanAnswer {
            other_at: days.map(|days| in_days(&house, days)),
            ..said(PlanState::Countered)
        };
        for (days, code) in [(None, "required"), (Some(-1), "in_past")] {
            let refused = desk::answer(&house.app, &enterprise, id, counter(days)).await;
            assert_eq!(codes(refused), [("other_at".to_owned(), code)]);
        }
        desk::answer(&house.app, &enterprise, id, counter(Some(4))).await.unwrap();
        let waits = desk::to_do(&house.app, &officer).await.unwrap();
        assert!(waits.iter().any(|w| w.action == "todo-plan-countered"), "{waits:?}");
        let to = |days: i64| NewTime { planned_at: in_days(&house, days), reason: None, despite: None };
        assert_eq!(
            codes(desk::move_to(&house.app, &officer, id, to(2)).await),
            [("planned_at".to_owned(), "same_time")]
        );
        desk::move_to(&house.app, &officer, id, to(4)).await.unwrap();
        let plan = record(&house, "enterprise", id).await.unwrap().plan;
        assert_eq!((plan.state, plan.other_at), (PlanState::Agreed, None), "the day that it named itself");
        desk::move_to(&house.app, &officer, id, to(6)).await.unwrap();
        assert_eq!(record(&house, "enterprise", id).await.unwrap().plan.state, PlanState::Proposed, "asked again");
        assert_eq!(told(&house, "enterprise").await, ["visit.planned", "visit.moved", "visit.moved"]);
        let foreign = desk::move_to(&house.app, &house.who("officer2").await, id, to(8)).await;
        assert!(matches!(foreign, Err(Error::NotFound)), "{foreign:?}");
        let outside = desk::move_to(&house.app, &enterprise, id, to(8)).await;
        assert!(matches!(outside, Err(Error::Forbidden)), "{outside:?}");
        let stale = format!("/visits/plans/{id}/move");
        let old = [("once", "a"), ("version", "1"), ("planned_at", "2026-12-02T09:00")];
        house.post("officer", &stale, &old).await.expect(412);
        desk::answer(&house.app, &officer, id, said(PlanState::Cancelled)).await.unwrap();
        assert_eq!(told(&house, "enterprise").await.last().unwrap(), "visit.cancelled");
        let ended = desk::move_to(&house.app, &officer, id, to(8)).await;
        assert!(matches!(ended, Err(Error::Conflict(Conflict::State("plan_ended")))), "{ended:?}");
    }
}

#[tokio::test]
async fn silence_is_listed_for_the_planner() {
    for house in House::both().await {
        let officer = house.who("officer").await;
        let id = desk::plan(&house.app, &officer, new(&house, 20)).await.unwrap();
        let list = "/api/v1/visits/plans?unanswered=true";
        let count = async |house: &House| {
            house.call("officer", "GET", list, Json::Null).await.expect(200).json()["total"].as_i64().unwrap()
        };
        let waits = async |house: &House| {
            let all = desk::to_do(&house.app, &officer).await.unwrap();
            all.iter().filter(|w| w.action == "todo-plan-unanswered").count()
        };
        house_at(&house, 3).await;
        assert_eq!((count(&house).await, waits(&house).await), (0, 0), "three days are not over");
        house.clock.set(house.app.now().plus(1));
        assert_eq!((count(&house).await, waits(&house).await), (1, 1));
        house.page("officer", "/visits?show=unanswered").await.expect(200);
        desk::answer(&house.app, &house.who("enterprise").await, id, said(PlanState::Agreed)).await.unwrap();
        assert_eq!((count(&house).await, waits(&house).await), (0, 0));
    }
}

#[tokio::test]
async fn an_enterprise_without_account_answers_by_link() {
    for house in House::both().await {
        let officer = house.who("officer").await;
        let id = desk::plan(&house.app, &officer, new(&house, 2)).await.unwrap();
        let plan = record(&house, "officer", id).await.unwrap().plan;
        let token = desk::link_of(&house.app, &officer, &plan).expect("a link");
        assert!(desk::link_of(&house.app, &house.who("enterprise").await, &plan).is_none());
        let path = format!("/plan/{token}");
        let page = house.page("anonymous", &path).await.expect(200).text();
        assert!(page.contains("了解用工") && page.contains("企业服务部"));
        for wrong in ["/plan/x".to_owned(), format!("/plan/{}", &token[..token.len() - 2]), format!("/w/{token}")] {
            house.page("anonymous", &wrong).await.expect(404);
        }
        house.post("anonymous", &path, &[("once", "a"), ("version", "9"), ("state", "agreed")]).await.expect(412);
        let missing = [("once", "b"), ("version", "1"), ("state", "countered"), ("reason", "盘点")];
        let page = house.post("anonymous", &path, &missing).await.expect(422).text();
        assert!(page.contains("盘点"), "what was typed stays: {page}");
        house.post("anonymous", &path, &[("once", "c"), ("version", "1"), ("state", "cancelled")]).await.expect(403);
        let other = [("once", "d"), ("version", "1"), ("state", "countered"), ("other_at", "2026-11-30T10:00")];
        house.post("anonymous", &path, &other).await.expect(303);
        house.post("anonymous", &path, &other).await.expect(303);
        let plan = record(&house, "officer", id).await.unwrap().plan;
        assert_eq!((plan.state, plan.version), (PlanState::Countered, 2), "once");
        assert_eq!(told(&house, "officer").await, ["visit.countered"]);
        house.post("anonymous", &path, &[("once", "e"), ("version", "2"), ("state", "declined")]).await.expect(303);
        let page = house.page("anonymous", &path).await.expect(200).text();
        assert!(page.contains("无需答复"), "what is settled asks nothing: {page}");
        house_at(&house, 40).await;
        house.page("anonymous", &path).await.expect(404);
    }
}

#[tokio::test]
async fn a_calendar_program_reads_what_one_goes_to() {
    for house in House::both().await {
        let (officer, other) = (house.who("officer").await, house.who("officer2").await);
        let id = desk::plan(&house.app, &officer, new(&house, 2)).await.unwrap();
        assert!(desk::feed_of(&house.app, &officer).await.unwrap().is_none());
        let open = json!({"open": true});
        let href = async |house: &House, account: &str| {
            let answer = house.call(account, "POST", "/api/v1/visits/calendar-feed", open.clone()).await.expect(200);
            answer.json()["href"].as_str().unwrap().to_owned()
        };
        let (mine, others) = (href(&house, "officer").await, href(&house, "officer2").await);
        let answer = house.page("anonymous", &mine).await.expect(200);
        assert_eq!(answer.headers["content-type"], "text/calendar; charset=utf-8");
        let text = answer.text();
        assert!(text.contains(&format!("UID:{id}@buting\r\n")) && text.contains("SEQUENCE:0\r\n"), "{text}");
        assert!(!text.contains(&officer.name), "no names: {text}");
        assert!(
            !house.page("anonymous", &others).await.expect(200).text().contains("BEGIN:VEVENT"),
            "only what one goes to"
        );

        desk::join(&house.app, &other, id).await.unwrap();
        assert!(house.page("anonymous", &others).await.expect(200).text().contains("SEQUENCE:1\r\n"));
        desk::answer(&house.app, &officer, id, said(PlanState::Cancelled)).await.unwrap();
        let text = house.page("anonymous", &mine).await.expect(200).text();
        assert!(text.contains("STATUS:CANCELLED\r\n") && text.contains("SEQUENCE:2\r\n"), "{text}");

        let theirs = href(&house, "enterprise").await;
        assert!(house.page("anonymous", &theirs).await.expect(200).text().contains(&format!("UID:{id}@buting")));
        let renewed = href(&house, "officer").await;
        house.page("anonymous", &mine).await.expect(404);
        house.page("anonymous", &renewed).await.expect(200);
        assert!(desk::feed(&house.app, "junk", Lang::Zh).await.is_err());
        house.post("officer", "/visits/calendar/feed", &[("once", "r"), ("open", "false")]).await.expect(303);
        house.page("anonymous", &renewed).await.expect(404);
    }
}

#[tokio::test]
async fn the_calendar_shows_what_one_reaches() {
    for house in House::both().await {
        let officer = house.who("officer").await;
        let id = desk::plan(&house.app, &officer, new(&house, 2)).await.unwrap();
        let href = format!("/visits/plans/{id}");
        for (account, path, seen) in [
            ("officer", "/visits/calendar?day=2026-11-26", true),
            ("officer", "/visits/calendar?day=2026-11-26&view=week", true),
            ("officer", "/visits/calendar?day=2027-03-01", false),
            ("officer2", "/visits/calendar?day=2026-11-26", false),
            ("leader", "/visits/calendar?day=2026-11-26", true),
            ("enterprise", "/visits/calendar?day=2026-11-26", true),
            ("enterprise2", "/visits/calendar?day=2026-11-26", false),
        ] {
            let text = house.page(account, path).await.expect(200).text();
            assert_eq!(text.contains(&href), seen, "{account} {path}");
        }
        let of = |filter: PlanFilter| {
            let (app, leader) = (&house.app, house.who("leader"));
            async move { desk::calendar(app, &leader.await, &filter).await.unwrap().0.len() }
        };
        let person = |account: &str| PlanFilter { person_id: Some(house.person(account)), ..PlanFilter::default() };
        assert_eq!((of(person("officer")).await, of(person("officer2")).await), (1, 0));
        let department =
            PlanFilter { department_id: house.who("officer2").await.department_id, ..PlanFilter::default() };
        let before = of(department.clone()).await;
        desk::join(&house.app, &house.who("officer2").await, id).await.unwrap();
        assert_eq!((before, of(person("officer2")).await, of(department).await), (0, 1, 1), "a joint visit is in both");
        for junk in ["/visits/calendar?day=x&view=y&person=z&subject=q", "/visits/calendar?day=9999-12-31"] {
            house.page("officer", junk).await.expect(200);
        }
    }
}

/// Runs two at the same time while the enterprise is held; both wait for it.
async fn at_once<A, B>(house: &House, one: A, other: B) -> Vec<Result<Uuid, Error>>
where
    A: Future<Output = Result<Uuid, Error>> + Send + 'static,
    B: Future<Output = Result<Uuid, Error>> + Send + 'static,
{
    let row = sql!("SELECT id FROM enterprise WHERE zone_id = $1 AND id = $2", house.zone, house.enterprise);
    let held = house.hold(row).await;
    let both = [tokio::spawn(one), tokio::spawn(other)];
    house.wait_for(2).await;
    drop(held);
    let mut results = Vec::new();
    for task in both {
        results.push(task.await.unwrap());
    }
    results
}

/// A plan that is about to be made.
fn planning(house: &House, who: &Actor, days: i64) -> impl Future<Output = Result<Uuid, Error>> + Send + use<> {
    let (app, who, new) = (house.app.clone(), who.clone(), new(house, days));
    async move { desk::plan(&app, &who, new).await }
}

#[tokio::test]
async fn of_two_who_plan_at_once_the_second_counts_the_first() {
    for house in House::both().await {
        let strict = Rules { cap: 1, cap_days: 30, ..Rules::default() };
        rules::desk::set(&house.app, &house.who("dispatcher").await, &strict).await.unwrap();
        let (officer, other) = (house.who("officer").await, house.who("officer2").await);
        let both = at_once(&house, planning(&house, &officer, 10), planning(&house, &other, 30)).await;
        assert_eq!(both.iter().filter(|made| made.is_ok()).count(), 1, "{both:?}");
        assert!(matches!(&both[..], [Err(Error::Invalid(_)), Ok(_)] | [Ok(_), Err(Error::Invalid(_))]), "{both:?}");

        // One that is moved counts what is planned in the same instant, too.
        let far = desk::plan(&house.app, &officer, new(&house, 100)).await.unwrap();
        let (app, who) = (house.app.clone(), officer.clone());
        let to = NewTime { planned_at: in_days(&house, 160), reason: None, despite: None };
        let moves = async move { desk::move_to(&app, &who, far, to).await };
        let both = at_once(&house, moves, planning(&house, &other, 170)).await;
        assert_eq!(both.iter().filter(|made| made.is_ok()).count(), 1, "{both:?}");
    }
}

#[tokio::test]
async fn what_nobody_wrote_down_lapses_and_counts_no_longer() {
    for house in House::both().await {
        let (officer, other) = (house.who("officer").await, house.who("officer2").await);
        let strict = Rules { cap: 1, cap_days: 30, ..Rules::default() };
        rules::desk::set(&house.app, &house.who("dispatcher").await, &strict).await.unwrap();
        let id = desk::plan(&house.app, &officer, new(&house, 1)).await.unwrap();
        desk::join(&house.app, &other, id).await.unwrap();
        house_at(&house, 8).await;
        assert_eq!(desk::lapse(&house.app, house.zone).await.unwrap(), 0, "a week is not over");
        house.clock.set(house.app.now().plus(1));
        assert_eq!(desk::lapse(&house.app, house.zone).await.unwrap(), 1);
        assert_eq!(desk::lapse(&house.app, house.zone).await.unwrap(), 0, "once");
        assert_eq!(record(&house, "officer", id).await.unwrap().plan.state, PlanState::Lapsed);
        for account in ["officer", "officer2"] {
            assert_eq!(told(&house, account).await.last().unwrap(), "visit.lapsed", "{account}");
        }
        assert!(desk::to_do(&house.app, &officer).await.unwrap().is_empty());
        let page = house.page("officer", &format!("/visits/plans/{id}")).await.expect(200).text();
        assert!(page.contains("逾期未走访") && page.contains("可以补记"), "{page}");
        desk::plan(&house.app, &officer, new(&house, 2)).await.expect("it counts no longer");
        // Whoever was there after all writes it down late.
        let visit = NewVisit {
            plan_id: Some(id),
            happened_at: Some(in_days(&house, -7)),
            ..NewVisit::to_enterprise(house.enterprise)
        };
        buting::visit::desk::save(&house.app, &officer, visit).await.unwrap();
        assert_eq!(record(&house, "officer", id).await.unwrap().plan.state, PlanState::Done);
    }
}

#[tokio::test]
async fn a_link_that_went_astray_is_withdrawn() {
    for house in House::both().await {
        let officer = house.who("officer").await;
        let id = desk::plan(&house.app, &officer, new(&house, 2)).await.unwrap();
        let link = async || {
            let plan = record(&house, "officer", id).await.unwrap().plan;
            format!("/plan/{}", desk::link_of(&house.app, &officer, &plan).expect("a link"))
        };
        let old = link().await;
        let path = format!("/api/v1/visits/plans/{id}/link");
        for (account, wants) in [("enterprise", 403), ("officer2", 404), ("leader@zone2", 404)] {
            house.call(account, "POST", &path, json!({})).await.expect(wants);
        }
        house
            .post("officer", &format!("/visits/plans/{id}/link"), &[("once", "a"), ("version", "9")])
            .await
            .expect(412);
        house
            .post("officer", &format!("/visits/plans/{id}/link"), &[("once", "b"), ("version", "1")])
            .await
            .expect(303);
        house.page("anonymous", &old).await.expect(404);
        house.post("anonymous", &old, &[("once", "c"), ("version", "2"), ("state", "agreed")]).await.expect(404);
        house.page("anonymous", &link().await).await.expect(200);
        desk::answer(&house.app, &officer, id, said(PlanState::Cancelled)).await.unwrap();
        let late = desk::withdraw_link(&house.app, &officer, id).await;
        assert!(matches!(late, Err(Error::Conflict(Conflict::State("plan_ended")))), "{late:?}");
    }
}

#[tokio::test]
async fn who_joins_or_leaves_has_seen_the_plan_as_it_is() {
    for house in House::both().await {
        let id = desk::plan(&house.app, &house.who("officer").await, new(&house, 2)).await.unwrap();
        let seen = async |version: i64| {
            let mut who = house.who("officer2").await;
            who.seen_version = Some(version);
            who
        };
        let stale = desk::join(&house.app, &seen(7).await, id).await;
        assert!(matches!(stale, Err(Error::Conflict(Conflict::Stale(1)))), "{stale:?}");
        desk::join(&house.app, &seen(1).await, id).await.unwrap();
        let stale = desk::leave(&house.app, &seen(1).await, id).await;
        assert!(matches!(stale, Err(Error::Conflict(Conflict::Stale(2)))), "{stale:?}");
        desk::leave(&house.app, &seen(2).await, id).await.unwrap();
    }
}

#[tokio::test]
async fn an_enterprise_is_found_by_a_part_of_its_name() {
    for house in House::both().await {
        let fields = |text: &'static str, more: &[(&'static str, String)]| {
            let mut all: Vec<(&str, String)> = vec![
                ("once", Uuid::now_v7().to_string()),
                ("subject_text", text.to_owned()),
                ("kind", "routine".into()),
                ("channel", "phone".into()),
                ("purpose", "问问".into()),
                ("planned_at", "2026-12-16T10:00".into()),
            ];
            all.extend(more.iter().cloned());
            all
        };
        let send = async |all: Vec<(&str, String)>| {
            let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
            house.post("officer", "/visits/plans", &all).await
        };
        let page = house.page("officer", "/visits/plans/new").await.expect(200).text();
        assert!(!page.contains("测试机电设备有限公司"), "no page carries the register");
        for nobody in ["没有这一家", ""] {
            let text = send(fields(nobody, &[])).await.expect(422).text();
            assert!(text.contains("e-subject"), "{text}");
        }
        send(fields("测试机电", &[])).await.expect(303);
        // Two are called so: it is asked back, and the answer is taken.
        let new = NewEnterprise { name: "测试食品有限公司".into(), ..NewEnterprise::default() };
        let second = registry::create_enterprise(&house.app, &house.rule(), new).await.unwrap();
        let text = send(fields("测试", &[])).await.expect(422).text();
        let key = format!("enterprise:{second}");
        assert!(text.contains(&format!("type=\"radio\" name=\"subject\" value=\"{key}\"")), "{text}");
        let chosen = [("subject_for", "测试".to_owned()), ("subject", key.clone())];
        send(fields("测试", &chosen)).await.expect(303);
        // A name that was changed by hand is looked for anew.
        let text = send(fields("没有这一家", &chosen)).await.expect(422).text();
        assert!(text.contains("没有找到"), "{text}");
        let calendar =
            format!("/visits/calendar?day=2026-12-16&subject_text=测试机电&subject_for=另一家&subject={key}");
        let calendar = calendar.replace("测试机电", "%E6%B5%8B%E8%AF%95%E6%9C%BA%E7%94%B5").replace("另一家", "x");
        let text = house.page("officer", &calendar).await.expect(200).text();
        assert_eq!(text.matches("/visits/plans/0").count(), 1, "only those to this one: {text}");
    }
}

#[tokio::test]
async fn a_calendar_that_does_not_show_everything_says_so() {
    for house in House::both().await {
        let mut tx = house.app.db.write().await.unwrap();
        for n in 0..501_i64 {
            tx.run(sql!(
                "INSERT INTO visit_plan (zone_id, id, subject_kind, subject_id, kind, purpose, planned_at, planned_by,
                   state, created_at, version)
                 VALUES ($1, $2, 'enterprise', $3, 'routine', '看看', $4, $5, 'agreed', $6, 1)",
                house.zone,
                Uuid::now_v7(),
                house.enterprise,
                in_days(&house, 1).plus(n),
                house.person("officer"),
                house.app.now()
            ))
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
        let page = house.page("leader", "/visits/calendar?day=2026-11-26").await.expect(200).text();
        assert!(page.contains("501 次约访") && page.contains("最早的 500 次"), "{page}");
        let page = house.page("leader", "/visits/calendar?day=2026-12-26").await.expect(200).text();
        assert!(!page.contains("最早的"), "nothing is left out");
    }
}
