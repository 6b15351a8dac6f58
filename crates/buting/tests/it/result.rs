//! What came of it: confirmed by link, called back by another unit, rated badly and put
//! right, left out by another unit, and counted so that every number opens its list.

use crate::cases::{act, at, code, done, raise, signed, told, wrong};
use crate::house::House;
use buting::appeal::result::desk::{self, CallFilter, Counted, Decision, NewExclusion, RatesQuery};
use buting::appeal::result::{CallState, CaseState, Found, Ground, Logged, Measure, Part, Split, Verified, Why};
use buting::appeal::{Kind, NewAppeal, Status, Urgency, Verdict, desk as appeals};
use buting::clock::{self, ClockKind};
use buting::error::{Error, Result};
use buting::time::Day;
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// Answered and reviewed by others than who led; the enterprise is to confirm.
async fn reviewed(house: &House) -> Uuid {
    let id = signed(house).await;
    review(house, id).await;
    id
}

/// An appeal that no rule chooses for a return call, reviewed.
async fn quiet(house: &House, title: &str) -> Uuid {
    let new = NewAppeal {
        title: title.into(),
        body: "请协调。".into(),
        category: "labour".into(),
        urgency: Urgency::Normal,
        ..NewAppeal::default()
    };
    let id = appeals::open(&house.app, &house.who("enterprise").await, new).await.unwrap();
    let dispatch = json!({"action": "dispatch", "department_id": house.other_department});
    done(act(house, "dispatcher", id, dispatch).await);
    done(act(house, "officer2", id, json!({"action": "sign"})).await);
    review(house, id).await;
    id
}

async fn review(house: &House, id: Uuid) {
    let answer = json!({"action": "answer", "result": "solved", "text": "已办妥。", "production_continued": "yes"});
    done(act(house, "officer2", id, answer).await);
    done(act(house, "dispatcher", id, json!({"action": "review"})).await);
}

async fn confirm(house: &House, id: Uuid, rating: i64) {
    done(act(house, "enterprise", id, json!({"action": "confirm", "rating": rating})).await);
}

async fn appeal(house: &House, id: Uuid) -> buting::appeal::record::Appeal {
    appeals::record(&house.app, &house.rule(), id).await.unwrap().appeal
}

/// The calls that somebody sees in that state: whose, and why.
async fn calls(house: &House, who: &str, state: Option<CallState>, today: bool) -> Vec<(Uuid, Uuid, Vec<Why>)> {
    let filter = CallFilter { today, state, limit: 50, ..CallFilter::default() };
    let page = desk::calls(&house.app, &house.who(who).await, &filter).await.unwrap();
    page.items.iter().map(|call| (call.id, call.appeal_id, call.why())).collect()
}

async fn log(house: &House, who: &str, call: Uuid, verdict: Verdict, rating: Option<i64>) -> Result<Uuid> {
    desk::log(&house.app, &house.who(who).await, call, Logged { verdict, rating, note: None }).await
}

async fn percent(house: &House, percent: i64) {
    desk::set_policy(&house.app, &house.who("dispatcher").await, percent, 3).await.unwrap();
}

#[tokio::test]
async fn the_enterprise_confirms_by_a_link_without_account() {
    for house in House::both().await {
        let id = reviewed(&house).await;
        let dispatcher = house.who("dispatcher").await;
        let (first, until) = desk::link_of(&house.app, &dispatcher, id).await.unwrap();
        assert_eq!(until, Day::read("2026-12-15").unwrap(), "fifteen working days");
        let shown = house.page("dispatcher", &format!("/appeals/{id}")).await.expect(200).text();
        assert!(shown.contains(&first.href) && shown.contains("请点开查看并评价") && shown.contains(&first.code));
        assert!(!house.page("enterprise", &format!("/appeals/{id}")).await.expect(200).text().contains(&first.href));

        // A new link makes the old one worthless; the code follows.
        desk::renew(&house.app, &dispatcher, id).await.unwrap();
        house.page("anonymous", &first.href).await.expect(404);
        let (link, _) = desk::link_of(&house.app, &dispatcher, id).await.unwrap();
        let number = appeal(&house, id).await.number;
        let found = house.post("anonymous", "/record", &[("number", &number), ("code", &link.code)]).await.expect(303);
        assert_eq!(found.headers["location"], *link.href);
        house.post("anonymous", "/record", &[("number", &number), ("code", &first.code)]).await.expect(422);

        let page = house.page("anonymous", &link.href).await.expect(200).text();
        assert!(page.contains("货车进不了园区东门") && page.contains("已办妥"));
        let unnamed = house.post("anonymous", &link.href, &[("action", "confirm"), ("rating", "2")]).await.expect(422);
        assert!(unnamed.text().contains("已办妥"));
        let form = [("action", "confirm"), ("rating", "2"), ("text", "太慢"), ("name", "高厂长"), ("once", "k1")];
        house.post("anonymous", &link.href, &form).await.expect(303);
        house.post("anonymous", &link.href, &form).await.expect(303);
        let a = appeal(&house, id).await;
        assert_eq!((a.status, a.rating, a.confirmed_by), (Status::ReturnVisit, Some(2), None));
        let said = desk::of_appeal(&house.app, &dispatcher, id).await.unwrap().unwrap();
        assert!(said.link.is_none(), "what was confirmed is not asked again");
        let rated = &said.ratings[..];
        assert_eq!(rated.len(), 1, "a double click is one rating");
        assert_eq!((rated[0].how.word(), rated[0].by_name.as_deref()), ("link", Some("高厂长")));
        assert!(house.page("anonymous", &link.href).await.expect(200).text().contains("不满意"));

        // Not solved: it is worked on again, and the old link opens nothing.
        let call = calls(&house, "oversight", None, true).await[0].0;
        log(&house, "oversight", call, Verdict::NotSolved, Some(1)).await.unwrap();
        house.page("anonymous", &link.href).await.expect(404);
    }
}

#[tokio::test]
async fn a_link_ends_with_its_time_and_with_the_answer_and_hides_complaints() {
    for house in House::both().await {
        let dispatcher = house.who("dispatcher").await;
        let id = quiet(&house, "招工难").await;
        let (link, _) = desk::link_of(&house.app, &dispatcher, id).await.unwrap();
        let disputed = [("action", "dispute"), ("text", ""), ("name", "")];
        house.post("anonymous", &link.href, &disputed).await.expect(422);
        let disputed = [("action", "dispute"), ("text", "还没有办"), ("name", "")];
        house.post("anonymous", &link.href, &disputed).await.expect(303);
        assert_eq!(appeal(&house, id).await.status, Status::Working);
        house.page("anonymous", &link.href).await.expect(404);
        assert!(desk::link_of(&house.app, &dispatcher, id).await.is_err(), "nothing waits for the enterprise");

        review(&house, id).await;
        let (link, _) = desk::link_of(&house.app, &dispatcher, id).await.unwrap();
        house.clock.set(at(24 + 21, 18));
        house.page("anonymous", &link.href).await.expect(404);
        house.clock.set(at(24, 11));
        for altered in [format!("{}x", link.href), link.href.replace("/confirm/", "/record/"), "/confirm/x".into()] {
            house.page("anonymous", &altered).await.expect(404);
        }

        // Of a complaint the text says no title.
        let complaint = NewAppeal {
            title: "窗口推诿".into(),
            body: "多次往返。".into(),
            category: "approval".into(),
            kind: Kind::Complaint,
            accused_department_id: Some(house.department),
            ..NewAppeal::default()
        };
        let id = appeals::open(&house.app, &house.who("enterprise").await, complaint).await.unwrap();
        let mut oversight = house.who("oversight").await;
        oversight.department_id = None;
        oversight.posts.clear();
        let step = |json: Json| serde_json::from_value(json).unwrap();
        let dispatch = json!({"action": "dispatch", "department_id": house.other_department});
        appeals::act(&house.app, &oversight, id, step(dispatch)).await.unwrap();
        done(act(&house, "officer2", id, json!({"action": "sign"})).await);
        let answer = json!({"action": "answer", "result": "solved", "text": "已整改。", "production_continued": "yes"});
        done(act(&house, "officer2", id, answer).await);
        appeals::act(&house.app, &oversight, id, step(json!({"action": "review"}))).await.unwrap();
        assert!(desk::link_of(&house.app, &oversight, id).await.is_ok());
        let page = house.page("officer2", &format!("/appeals/{id}")).await.expect(200).text();
        let text = page.split("id=\"confirm-text\"").nth(1).unwrap().split("</textarea>").next().unwrap();
        assert!(text.contains("贵单位反映的事项") && !text.contains("窗口推诿"), "{text}");
    }
}

#[tokio::test]
async fn calls_are_chosen_by_rule_or_sample_and_made_by_another_unit() {
    for house in House::both().await {
        percent(&house, 0).await;
        let (urgent, plain) = (reviewed(&house).await, quiet(&house, "招工难").await);
        confirm(&house, urgent, 5).await;
        confirm(&house, plain, 5).await;
        let due = calls(&house, "dispatcher", None, true).await;
        assert_eq!(
            due.iter().map(|(_, id, why)| (*id, why.clone())).collect::<Vec<_>>(),
            [(urgent, vec![Why::Urgent])]
        );
        assert!(calls(&house, "officer2", None, false).await.is_empty(), "who led does not call");
        let call = due[0].0;
        assert!(log(&house, "officer2", call, Verdict::Solved, Some(5)).await.is_err());
        assert_eq!(
            wrong(log(&house, "oversight", call, Verdict::Solved, None).await),
            [("rating".to_owned(), "required")]
        );

        // Two tries in vain of one day, a third on another: it is given up and counts nowhere.
        for _ in 0..2 {
            log(&house, "oversight", call, Verdict::NotReached, None).await.unwrap();
        }
        assert!(calls(&house, "oversight", None, true).await.is_empty(), "tomorrow again");
        assert_eq!(calls(&house, "oversight", None, false).await.len(), 1);
        house.clock.set(at(25, 10));
        log(&house, "oversight", call, Verdict::NotReached, None).await.unwrap();
        assert_eq!(calls(&house, "oversight", Some(CallState::Unreached), false).await.len(), 1);
        assert_eq!(code(log(&house, "oversight", call, Verdict::Solved, Some(5)).await), "call_over");
        assert_eq!(appeal(&house, urgent).await.verdict, None);

        // All of them where the sample is everything, and the seed stays.
        percent(&house, 100).await;
        let seed = |settings: &Json| settings["return_call"]["seed"].as_str().unwrap().to_owned();
        let zone = |house: &House| {
            let (app, id) = (house.app.clone(), house.zone);
            async move { buting::zone::Zone::get(&mut app.read().await.unwrap(), id).await.unwrap().settings }
        };
        let before = seed(&zone(&house).await);
        percent(&house, 99).await;
        assert_eq!(seed(&zone(&house).await), before);
        percent(&house, 100).await;
        let other = quiet(&house, "缺操作工").await;
        confirm(&house, other, 4).await;
        assert_eq!(calls(&house, "oversight", None, true).await[0].2, [Why::Sample]);
        let call = calls(&house, "oversight", None, true).await[0].0;
        let form = [("verdict", "partly"), ("rating", "3"), ("note", "还差两人")];
        house.post("oversight", &format!("/appeals/calls/{call}"), &form).await.expect(303);
        let a = appeal(&house, other).await;
        assert_eq!((a.verdict, a.visited_level), (Some(Verdict::Partly), Some(3)));

        let refused = desk::set_policy(&house.app, &house.who("dispatcher").await, 101, 5).await;
        assert_eq!(wrong(refused).len(), 2);
        assert!(matches!(desk::set_policy(&house.app, &house.who("officer").await, 1, 3).await, Err(Error::Forbidden)));
    }
}

async fn verify(house: &House, who: &str, id: Uuid, found: Found, fix_on: Option<&str>) -> Result<Uuid> {
    let rectification = fix_on.map(|_| "换人重新对接".to_owned());
    let said = Verified { found, reason: "已电话核实".into(), rectification, fix_on: fix_on.and_then(Day::read) };
    desk::verify(&house.app, &house.who(who).await, id, said).await
}

#[tokio::test]
async fn a_bad_rating_is_called_about_put_right_by_a_day_and_called_back() {
    for house in House::both().await {
        percent(&house, 0).await;
        let id = quiet(&house, "招工难").await;
        confirm(&house, id, 1).await;
        let open = desk::cases(&house.app, &house.who("oversight").await, None, false, None, 20).await.unwrap().items;
        let case = open[0].clone();
        assert_eq!((case.level, case.state), (1, Some(CaseState::Contact)));
        assert_eq!(told(case.contact_due_at), "11-25 17:30", "one working day");
        assert_eq!(code(act(&house, "dispatcher", id, json!({"action": "close"})).await), "bad_rating_open");

        assert!(matches!(verify(&house, "officer2", case.id, Found::Malicious, None).await, Err(Error::Forbidden)));
        let no_day = verify(&house, "dispatcher", case.id, Found::Valid, None).await;
        assert_eq!(wrong(no_day), [("rectification".to_owned(), "required"), ("fix_on".to_owned(), "required")]);
        for (day, why) in [("2026-11-28", "rest_day"), ("2026-11-24", "fix_within"), ("2027-01-29", "fix_within")] {
            assert_eq!(wrong(verify(&house, "dispatcher", case.id, Found::Valid, Some(day)).await)[0].1, why, "{day}");
        }
        verify(&house, "dispatcher", case.id, Found::Valid, Some("2026-11-27")).await.unwrap();
        assert_eq!(code(verify(&house, "dispatcher", case.id, Found::Mistaken, None).await), "case_verified");
        let mut tx = house.app.read().await.unwrap();
        let fix = clock::find(&mut tx, house.zone, case.id, ClockKind::Fix).await.unwrap().unwrap();
        drop(tx);
        assert_eq!(told(fix.due_at), "11-27 17:30");

        // What is not put right in time climbs the ladder like every deadline.
        house.clock.set(at(30, 10));
        assert!(appeals::escalate(&house.app, house.zone).await.unwrap() > 0);
        let late = desk::cases(&house.app, &house.who("oversight").await, None, true, None, 20).await.unwrap().items;
        assert_eq!(late.len(), 1);
        desk::fixed(&house.app, &house.who("officer2").await, case.id, "已重新对接三人").await.unwrap();
        let call = calls(&house, "oversight", None, true).await;
        assert_eq!(call[0].2, [Why::BadRating]);
        let view = desk::case(&house.app, &house.who("oversight").await, case.id).await.unwrap();
        assert_eq!(view.case.state, Some(CaseState::Call));
        log(&house, "oversight", call[0].0, Verdict::Solved, Some(4)).await.unwrap();
        let view = desk::case(&house.app, &house.who("oversight").await, case.id).await.unwrap();
        assert_eq!(view.case.state, Some(CaseState::Done));
        done(act(&house, "dispatcher", id, json!({"action": "close"})).await);

        // A mistaken one is done once it was verified.
        let id = quiet(&house, "缺操作工").await;
        confirm(&house, id, 2).await;
        let open = desk::cases(&house.app, &house.who("oversight").await, None, false, None, 20).await.unwrap().items;
        verify(&house, "oversight", open[0].id, Found::Mistaken, None).await.unwrap();
        done(act(&house, "dispatcher", id, json!({"action": "close"})).await);
        for (who, path) in [("oversight", "/appeals/ratings"), ("officer2", "/appeals/ratings?state=done")] {
            house.page(who, path).await.expect(200);
        }
    }
}

async fn exclude(house: &House, who: &str, id: Uuid) -> Result<Uuid> {
    let new =
        NewExclusion { appeal_id: id, ground: Ground::PrivateDispute, proof: "法院已立案".into(), files: None };
    desk::ask(&house.app, &house.who(who).await, new).await
}

async fn decide(house: &House, who: &str, id: Uuid, granted: bool) -> Result<Uuid> {
    desk::decide(&house.app, &house.who(who).await, id, Decision { granted, reason: "已核对".into() }).await
}

#[tokio::test]
async fn another_unit_decides_what_is_left_out() {
    for house in House::both().await {
        let id = raise(&house).await;
        let dispatch = json!({"action": "dispatch", "department_id": house.other_department});
        done(act(&house, "dispatcher", id, dispatch).await);
        assert_eq!(code(exclude(&house, "officer2", id).await), "exclusion_no_result");
        done(act(&house, "officer2", id, json!({"action": "sign"})).await);
        review(&house, id).await;
        assert!(exclude(&house, "leader", id).await.is_err(), "who neither led nor coordinates does not ask");

        // The coordination office asks: nobody of its department decides.
        let own = exclude(&house, "dispatcher", id).await.unwrap();
        assert_eq!(code(exclude(&house, "officer2", id).await), "exclusion_twice");
        for who in ["dispatcher", "oversight", "leader"] {
            assert_eq!(code(decide(&house, who, own, true).await), "exclusion_own_unit", "{who}");
        }
        assert!(matches!(decide(&house, "officer", own, true).await, Err(Error::Forbidden)));

        let id = quiet(&house, "招工难").await;
        let asked = exclude(&house, "officer2", id).await.unwrap();
        decide(&house, "oversight", asked, false).await.unwrap();
        assert_eq!(code(decide(&house, "oversight", asked, true).await), "exclusion_decided");
        let again = exclude(&house, "officer2", id).await.unwrap();
        let form = [("granted", "true"), ("reason", "属民事纠纷")];
        house.post("oversight", &format!("/appeals/exclusions/{again}"), &form).await.expect(303);
        let page = house.page("leader", "/appeals/exclusions?state=granted").await.expect(200).text();
        assert!(page.contains("招工难") && page.contains("民事纠纷"));
    }
}

/// Everything of a list behind a number.
async fn listed(house: &House, who: &str, measure: Measure, part: Part, without: bool) -> (i64, usize) {
    let mut asked = Counted {
        measure,
        part,
        without,
        from: Day::read("2026-11-01"),
        to: Day::read("2026-12-31"),
        department: None,
        category: None,
        cursor: None,
        limit: 2,
    };
    let (mut rows, mut total) = (0, 0);
    loop {
        let page = desk::counted(&house.app, &house.who(who).await, &asked).await.unwrap();
        rows += page.items.len();
        total = total.max(page.total.unwrap());
        asked.cursor = page.next_cursor;
        if asked.cursor.is_none() {
            return (total, rows);
        }
    }
}

#[tokio::test]
async fn every_number_opens_a_list_of_that_length() {
    for house in House::both().await {
        percent(&house, 100).await;
        let query = RatesQuery { from: Day::read("2026-11-01"), to: Day::read("2026-12-31"), split: Split::Department };
        let none = desk::rates(&house.app, &house.who("leader").await, &query).await.unwrap();
        assert!(none.all.iter().all(|(_, rate, groups)| rate.denominator == 0 && groups.is_empty()));
        assert!(
            house.page("leader", "/appeals/results").await.expect(200).text().contains('—'),
            "nought gives no rate"
        );

        // verdict, level, rating of each; whether it is closed, left out.
        let cases = [
            (Some((Verdict::Solved, 5)), Some(5), true, false),
            (Some((Verdict::Solved, 4)), Some(4), true, false),
            (Some((Verdict::Partly, 3)), Some(3), true, true),
            (Some((Verdict::NotSolved, 1)), Some(2), false, false),
            (Some((Verdict::Refused, 0)), Some(5), true, false),
            (None, Some(1), false, true),
            (None, None, false, false),
        ];
        for (n, (call, rating, closes, out)) in cases.into_iter().enumerate() {
            let id = quiet(&house, &format!("诉求{n}")).await;
            let Some(rating) = rating else { continue };
            confirm(&house, id, rating).await;
            if let Some((verdict, level)) = call {
                let due = calls(&house, "oversight", None, true).await;
                let one = due.iter().find(|(_, of, _)| *of == id).unwrap().0;
                log(&house, "oversight", one, verdict, (level > 0).then_some(level)).await.unwrap();
            }
            if closes {
                done(act(&house, "dispatcher", id, json!({"action": "close"})).await);
            }
            if out {
                let asked = exclude(&house, "officer2", id).await.unwrap();
                decide(&house, "leader", asked, true).await.unwrap();
            }
        }
        house.clock.set(at(24 + 10, 9));
        assert_eq!(appeals::close_silent(&house.app, house.zone).await.unwrap(), 1);

        let found = desk::rates(&house.app, &house.who("leader").await, &query).await.unwrap();
        let table: Vec<_> = found
            .all
            .iter()
            .map(|(measure, r, _)| {
                (measure.word(), r.numerator, r.denominator, r.numerator_without(), r.denominator_without())
            })
            .collect();
        assert_eq!(
            table,
            [
                ("solve_rate", 2, 4, 2, 3),
                ("satisfaction", 3, 4, 2, 3),
                ("return_visit_rate", 3, 5, 2, 4),
                ("bad_rating_rate", 2, 6, 1, 4),
                ("bad_fix_rate", 0, 0, 0, 0),
                ("silent_rate", 1, 5, 1, 4),
            ]
        );
        // Whoever looks, by whatever it is split: the list holds as many rows as the number says.
        for who in ["leader", "officer2", "officer"] {
            for split in Split::ALL {
                let query = RatesQuery { split: *split, ..query.clone() };
                let found = desk::rates(&house.app, &house.who(who).await, &query).await.unwrap();
                for (measure, r, groups) in found.all {
                    let sum = groups.iter().fold((0, 0), |(n, d), g| (n + g.rate.numerator, d + g.rate.denominator));
                    assert_eq!(sum, (r.numerator, r.denominator), "{who} {measure}");
                    for (part, without, n) in [
                        (Part::Whole, false, r.denominator),
                        (Part::Hit, false, r.numerator),
                        (Part::Whole, true, r.denominator_without()),
                        (Part::Hit, true, r.numerator_without()),
                        (Part::Excluded, false, r.excluded),
                    ] {
                        let (total, rows) = listed(&house, who, measure, part, without).await;
                        assert_eq!((total, rows as i64), (n, n), "{who} {measure} {part} {without}");
                    }
                }
            }
        }
        for page in [
            "/appeals/results?by=category",
            "/appeals/results/list?measure=solve_rate&part=hit&from=2026-11-01",
            "/settings/results",
            "/appeals/calls",
            "/appeals/calls?show=reached",
        ] {
            house.page("dispatcher", page).await.expect(200);
        }
        let calls = house.page("dispatcher", "/appeals/calls").await.expect(200).text();
        assert_eq!(calls.matches("class=\"chip\" href=\"/appeals/calls\" aria-current=\"true\"").count(), 1, "{calls}");
        let metric =
            house.call("leader", "GET", "/api/v1/metrics/solve_rate?from=2026-11-01&to=2026-12-31", Json::Null);
        let metric = metric.await.expect(200).json();
        assert_eq!((&metric["numerator"], &metric["denominator"]), (&json!(2), &json!(4)), "one definition everywhere");
        house.page("enterprise", "/appeals/results").await.expect(403);
        assert_eq!(
            desk::rates(&house.app, &house.who("leader@zone2").await, &query).await.unwrap().all[0].1.denominator,
            0
        );
    }
}

#[tokio::test]
async fn an_enterprise_reports_in_a_minute_and_sees_all_of_its_own() {
    for house in House::both().await {
        let unknown = [("title", "想见领导"), ("body", "请安排。"), ("channel", "web")];
        house.post("enterprise", "/appeals/new", &unknown).await.expect(422);
        let form = [("title", "夜班缺人"), ("body", "夜班缺六名操作工，请帮助招工。"), ("channel", "web")];
        let made = house.post("enterprise", "/appeals/new", &form).await.expect(303);
        let path = made.headers["location"].to_str().unwrap().split('?').next().unwrap().to_owned();
        let id: Uuid = path.rsplit('/').next().unwrap().parse().unwrap();
        assert_eq!(appeal(&house, id).await.category, "labour", "proposed by its words");
        let again = format!("{path}/category");
        assert!(house.page("enterprise", &path).await.expect(200).text().contains(&again));
        house.post("enterprise", &again, &[("category", "tech_talent")]).await.expect(303);
        house.post("enterprise", &again, &[("category", "no_such")]).await.expect(303);
        assert_eq!(appeal(&house, id).await.category, "tech_talent", "corrected");
        house.post("enterprise2", &again, &[("category", "labour")]).await.expect(404);

        let dispatch = json!({"action": "dispatch", "department_id": house.other_department});
        done(act(&house, "dispatcher", id, dispatch).await);
        house.post("enterprise", &again, &[("category", "labour")]).await.expect(409);
        done(act(&house, "officer2", id, json!({"action": "sign"})).await);
        done(act(&house, "officer2", id, json!({"action": "ask", "text": "缺哪些工种？"})).await);
        done(act(&house, "enterprise", id, json!({"action": "reply", "text": "车工和钳工。"})).await);
        let all = house.page("enterprise", "/appeals/messages").await.expect(200).text();
        let place = |text: &str| all.find(text).unwrap_or_else(|| panic!("{text}"));
        assert!(place("车工和钳工") < place("缺哪些工种"), "newest first");
        assert!(!house.page("enterprise2", "/appeals/messages").await.expect(200).text().contains("缺哪些工种"));
        house.page("officer", "/appeals/messages").await.expect(403);
        let own = house.page("enterprise", "/").await.expect(200).text();
        assert!(own.contains("officer2某") && own.contains("办理中"), "who answers, and where it stands");
    }
}
