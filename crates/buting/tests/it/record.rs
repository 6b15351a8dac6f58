//! Who is due, and the record of a visit after it was saved: requirements and hazards,
//! the word of the enterprise by link, the review, the reminders.

use crate::house::House;
use buting::error::{Conflict, Error};
use buting::subject::SubjectKind;
use buting::time::{DAY_MS, Time};
use buting::visit::contact::desk::{self as contact, Whose};
use buting::visit::contact::{ContactRule, Reason, Tier};
use buting::visit::item::{ItemState, Recheck, desk as item};
use buting::visit::plan;
use buting::visit::receipt::{Receipt, desk as receipt};
use buting::visit::remind::remind;
use buting::visit::review::{Step, desk as review};
use buting::visit::{AckHow, Channel, NewItem, NewPlan, NewPromise, NewVisit, ReviewState, Rules, Visit, desk, rules};
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

/// Gives an enterprise to the officer of that account.
async fn assign(house: &House, account: &str, enterprise: Uuid) {
    let new = json!({
        "subject_kind": "enterprise", "subject_id": enterprise, "role": "officer", "person_id": house.person(account),
    });
    house.call("dispatcher", "POST", "/api/v1/assignments", new).await.expect(201);
}

fn in_days(house: &House, days: i64) -> Time {
    house.app.now().plus(days * DAY_MS)
}

/// A visit by that account so many days ago.
async fn visited(
    house: &House,
    account: &str,
    channel: Channel,
    days_ago: i64,
    change: impl FnOnce(&mut NewVisit),
) -> Uuid {
    let mut new = NewVisit {
        channel: Some(channel),
        happened_at: Some(in_days(house, -days_ago)),
        visitors: vec![house.person(account)],
        ..NewVisit::to_enterprise(house.enterprise)
    };
    change(&mut new);
    desk::save(&house.app, &house.who(account).await, new).await.unwrap()
}

async fn visit(house: &House, account: &str, id: Uuid) -> Visit {
    desk::visit(&house.app, &house.who(account).await, id).await.unwrap()
}

/// The kinds of the notices that somebody has, in order.
async fn told(house: &House, account: &str) -> Vec<String> {
    let query = sql!(
        "SELECT kind FROM notice WHERE zone_id = $1 AND person_id = $2 ORDER BY created_at, id",
        house.zone,
        house.person(account)
    );
    let rows: Vec<(String,)> = house.app.read().await.unwrap().list(query).await.unwrap();
    rows.into_iter().map(|(kind,)| kind).collect()
}

fn hazard(text: &str, due_at: Option<Time>, owner_id: Option<Uuid>) -> NewItem {
    NewItem { text: text.into(), due_at, owner_id }
}

fn state_of<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    match result {
        Err(Error::Conflict(Conflict::State(code))) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_is_due_is_told_with_the_reason() {
    for house in House::both().await {
        assign(&house, "officer", house.enterprise).await;
        let (officer, leader) = (house.who("officer").await, house.who("leader").await);
        let due = async |whose| contact::due(&house.app, &officer, whose, None, 20).await.unwrap().items;
        let own = due(Whose::Own).await;
        assert_eq!(
            own.iter().map(|one| (one.enterprise_id, one.reason)).collect::<Vec<_>>(),
            [(house.enterprise, Reason::Never)]
        );
        // Nobody looks after the other one: the leader sees both, the officer his own.
        let all = contact::due(&house.app, &leader, Whose::Reached, None, 20).await.unwrap();
        assert_eq!(all.total, Some(2));
        assert_eq!(contact::due(&house.app, &leader, Whose::Own, None, 20).await.unwrap().items.len(), 0);
        let first = contact::due(&house.app, &leader, Whose::Reached, None, 1).await.unwrap();
        let rest = contact::due(&house.app, &leader, Whose::Reached, first.next_cursor.as_deref(), 1).await.unwrap();
        assert_eq!((first.items.len(), rest.items.len(), rest.next_cursor), (1, 1, None));
        assert_ne!(first.items[0].enterprise_id, rest.items[0].enterprise_id);

        let lines = contact::lines(&house.app, &officer).await.unwrap();
        assert_eq!(lines.iter().map(|line| (line.text, line.n)).collect::<Vec<_>>(), [("home-due", 1)]);
        let home = house.page("officer", "/").await.expect(200).text();
        assert!(home.contains("/visits/due?show=own"), "{home}");

        // A call counts, and what is ninety-one days ago is due again by the rule.
        visited(&house, "officer", Channel::Phone, 91, |_| ()).await;
        let own = due(Whose::Own).await;
        assert_eq!((own[0].reason, own[0].days_ago, own[0].rule_days), (Reason::Rule, Some(91), 90));
        let page = house.page("officer", "/visits/due?show=own").await.expect(200).text();
        assert!(page.contains("上次联系是 91 天前，规定每 90 天一次"), "{page}");
        visited(&house, "officer", Channel::Phone, 10, |_| ()).await;
        assert!(due(Whose::Own).await.is_empty() && contact::lines(&house.app, &officer).await.unwrap().is_empty());

        // Where the rule wants somebody on the spot, the call is none.
        let strict = ContactRule { days: 60, counts: vec![Channel::Onsite] };
        let refused = contact::set_rule(&house.app, &officer, Tier::General, &strict).await;
        assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
        let dispatcher = house.who("dispatcher").await;
        let nothing = ContactRule { counts: Vec::new(), ..strict.clone() };
        assert!(matches!(
            contact::set_rule(&house.app, &dispatcher, Tier::General, &nothing).await,
            Err(Error::Invalid(_))
        ));
        contact::set_rule(&house.app, &dispatcher, Tier::General, &strict).await.unwrap();
        assert_eq!(due(Whose::Own).await[0].reason, Reason::Never);
        let page = house.page("dispatcher", "/settings/visits").await.expect(200).text();
        assert!(page.contains("多久联系一次") && page.contains("value=\"60\""), "{page}");
        let fields = [("once", "r"), ("tier", "general"), ("contact_days", "0"), ("contact_counts", "phone")];
        house.post("dispatcher", "/settings/visits/contact", &fields).await.expect(303);
        assert!(due(Whose::Own).await.is_empty(), "no rule");

        // What was agreed at the last talk counts without a rule; who is booked is not due.
        visited(&house, "officer", Channel::Phone, 5, |new| new.next_contact_due_at = Some(in_days(&house, -1))).await;
        assert_eq!(due(Whose::Own).await[0].reason, Reason::Agreed);
        let new = NewPlan {
            id: None,
            enterprise_id: Some(house.enterprise),
            project_id: None,
            kind: None,
            channel: Some(Channel::Phone),
            purpose: "问复产".into(),
            planned_at: in_days(&house, 2),
            despite: None,
        };
        plan::desk::plan(&house.app, &officer, new).await.unwrap();
        assert!(due(Whose::Own).await.is_empty(), "who is booked is seen to");
    }
}

#[tokio::test]
async fn the_tier_of_an_enterprise_decides() {
    for house in House::both().await {
        let rule = house.rule();
        let mut tx = house.app.db.write().await.unwrap();
        let change = async |tx: &mut store::Tx, id: Uuid, text: &'static str| {
            tx.run({
                let mut query = sql!("UPDATE enterprise SET ");
                query.push(text).push(" WHERE zone_id = ").arg(house.zone).push(" AND id = ").arg(id);
                query
            })
            .await
            .unwrap();
        };
        change(&mut tx, house.enterprise, "key = TRUE").await;
        change(&mut tx, house.other_enterprise, "tags = '[\"high_tech\", \"above_scale\"]'").await;
        tx.commit().await.unwrap();
        let mut all = contact::due(&house.app, &rule, Whose::Reached, None, 20).await.unwrap().items;
        all.sort_by_key(|one| one.tier);
        assert_eq!(
            all.iter().map(|one| (one.enterprise_id, one.tier)).collect::<Vec<_>>(),
            [(house.enterprise, Tier::Key), (house.other_enterprise, Tier::AboveScale)]
        );
    }
}

#[tokio::test]
async fn who_was_asked_too_often_is_told() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let rules = Rules { cap: 4, many_departments: 2, ..Rules::default() };
        rules::desk::set(&house.app, &house.who("dispatcher").await, &rules).await.unwrap();
        let often = async || contact::often(&house.app, &leader, Whose::Reached, 20).await.unwrap();
        visited(&house, "officer", Channel::Onsite, 9, |new| new.asked_for_material = true).await;
        visited(&house, "officer2", Channel::Phone, 8, |_| ()).await;
        assert!(often().await.is_empty(), "a call takes nobody's time on the spot");
        visited(&house, "officer2", Channel::Onsite, 3, |_| ()).await;
        let found = often().await;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].visits, found[0].departments, found[0].material, found[0].planned), (2, 2, 1, 0));
        assert_eq!(found[0].names.len(), 2);
        assert!(contact::often(&house.app, &leader, Whose::Own, 20).await.unwrap().is_empty());
        let page = house.page("leader", "/visits/due?show=often").await.expect(200).text();
        assert!(page.contains("测试机电") && page.contains("企业服务部"), "{page}");
        house.clock.set(in_days(&house, 30));
        assert!(often().await.is_empty(), "what is thirty days ago no longer counts");
    }
}

#[tokio::test]
async fn a_question_about_policy_and_the_zones_own_category() {
    for house in House::both().await {
        let category = buting::appeal::policy::Category { name: Some("出口退税".into()), ..Default::default() };
        let dispatcher = house.who("dispatcher").await;
        buting::appeal::desk::set_category(&house.app, &dispatcher, "export_refund", &category).await.unwrap();
        let id = visited(&house, "leader", Channel::Onsite, 0, |new| {
            new.note = Some("#政策 稳岗补贴怎么领\n#诉求 【出口退税】退税慢".into());
        })
        .await;
        let record = visit(&house, "leader", id).await;
        let mut found = Vec::new();
        for appeal in &record.appeals {
            let one = house
                .call("leader", "GET", &format!("/api/v1/appeals/{}", appeal.id), Json::Null)
                .await
                .expect(200)
                .json();
            found.push((one["kind"].clone(), one["category"].clone(), one["title"].clone()));
        }
        assert_eq!(
            found,
            [
                (json!("consult"), json!("policy"), json!("稳岗补贴怎么领")),
                (json!("help"), json!("export_refund"), json!("退税慢"))
            ]
        );
    }
}

#[tokio::test]
async fn a_hazard_is_seen_to_until_it_is_gone() {
    for house in House::both().await {
        let (leader, other) = (house.who("leader").await, house.who("officer2").await);
        let id = visited(&house, "leader", Channel::Onsite, 0, |new| {
            new.hazards =
                vec![hazard("配电箱未上锁", None, None), hazard("通道堆货", None, Some(house.person("officer2")))];
            new.requirements = vec![hazard("每日测温登记", None, None)];
        })
        .await;
        let record = visit(&house, "leader", id).await;
        let due = record.hazards[0].due_at;
        assert_eq!(due, Some(in_days(&house, 7)), "a hazard without a day has one");
        assert_eq!((record.hazards[0].owner_id, record.requirements[0].owner_id), (Some(house.person("leader")), None));
        assert_eq!(record.requirements[0].due_at, None);
        assert_eq!(told(&house, "officer2").await, ["visit.item_given"]);
        let mine = desk::to_do(&house.app, &other).await.unwrap();
        let todo = mine.iter().find(|one| one.action == "todo-hazard").unwrap();
        assert!(todo.href.starts_with(&format!("/visits/{id}#item-")), "{todo:?}");
        house.page("officer2", &format!("/visits/{id}")).await.expect(200);

        // Reminded a day before and when it is over, once each, the second time with the chief.
        for (days, owner, n) in
            [(5, "", 0), (6, "visit.item_near", 2), (6, "", 0), (8, "visit.item_over", 2), (9, "", 0)]
        {
            house.clock.set(crate::house::MORNING.plus(days * DAY_MS + 1));
            let before = told(&house, "officer2").await;
            assert_eq!(remind(&house.app, house.zone).await.unwrap(), n, "day {days}");
            let new = told(&house, "officer2").await.split_off(before.len());
            assert_eq!(new, if owner.is_empty() { vec![] } else { vec![owner.to_owned()] }, "day {days}");
        }
        let overdue = item::ItemFilter { overdue_at: Some(house.app.now()), ..Default::default() };
        let list = item::items(&house.app, &leader, &overdue, None, 20).await.unwrap();
        assert_eq!((list.items.len(), list.total), (2, Some(2)));
        house.page("leader", "/visits/items?show=overdue").await.expect(200);
        assert!(house.page("leader", "/visits/items").await.expect(200).text().contains("每日测温登记"));

        // It does not hold: it ends, and another begins with a new day and the same owner.
        let second = record.hazards[1].id;
        let silent = Recheck { held: false, note: None, due_at: None };
        assert!(matches!(item::check(&house.app, &other, second, silent).await, Err(Error::Invalid(_))));
        let fields = [("once", "k"), ("version", "1"), ("held", "false"), ("due_at", "2026-13-01"), ("note", "仍堆着")];
        let page = house.post("officer2", &format!("/visits/items/{second}/check"), &fields).await.expect(422).text();
        assert!(page.contains("仍堆着"), "what was typed stays");
        let found = Recheck { held: false, note: Some("仍堆着".into()), due_at: Some(in_days(&house, 3)) };
        item::check(&house.app, &other, second, found).await.unwrap();
        let record = visit(&house, "leader", id).await;
        assert_eq!(record.hazards.len(), 3);
        let again = record.hazards.iter().find(|one| one.follows_id == Some(second)).unwrap();
        assert_eq!(
            (again.state(), again.due_at, again.owner_id),
            (ItemState::Open, Some(in_days(&house, 3)), Some(house.person("officer2")))
        );
        assert_eq!(told(&house, "enterprise").await.last().map(String::as_str), Some("visit.item_again"));
        let held = Recheck { held: true, note: Some("已清走".into()), due_at: None };
        item::check(&house.app, &other, again.id, held.clone()).await.unwrap();
        assert_eq!(state_of(item::check(&house.app, &other, again.id, held).await), "item_checked");

        // Handed to a colleague; a requirement is withdrawn with the reason.
        let first = record.hazards[0].id;
        item::give(&house.app, &leader, first, house.person("specialist")).await.unwrap();
        assert!(matches!(
            item::give(&house.app, &leader, first, house.person("enterprise")).await,
            Err(Error::Invalid(_))
        ));
        let asked = record.requirements[0].id;
        assert!(matches!(item::withdraw(&house.app, &leader, asked, " ").await, Err(Error::Invalid(_))));
        item::withdraw(&house.app, &leader, asked, "防疫已降级").await.unwrap();
        let record = visit(&house, "enterprise", id).await;
        assert_eq!(
            (record.requirements[0].state(), record.requirements[0].check_note.as_deref()),
            (ItemState::Withdrawn, Some("防疫已降级"))
        );
        let open = item::ItemFilter { state: Some(ItemState::Open), ..Default::default() };
        assert_eq!(item::items(&house.app, &leader, &open, None, 20).await.unwrap().total, Some(1));
        house
            .call("enterprise", "POST", &format!("/api/v1/visits/items/{first}/withdraw"), json!({"note": "x"}))
            .await
            .expect(403);
        let outside = house.call("enterprise", "GET", "/api/v1/visits/items", Json::Null).await.expect(200).json();
        assert_eq!(outside["total"], 4);
        let stranger = house.call("enterprise2", "GET", "/api/v1/visits/items", Json::Null).await.expect(200).json();
        assert_eq!(stranger["total"], 0);
        house.call("agency", "GET", "/api/v1/visits/items", Json::Null).await.expect(403);
    }
}

#[tokio::test]
async fn the_enterprise_says_by_link_or_code_that_it_has_seen_it() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let id = visited(&house, "leader", Channel::Onsite, 0, |new| {
            new.requirements = vec![hazard("每日测温登记", None, None)];
            new.note = Some("老板说年底订单多".into());
        })
        .await;
        let number = visit(&house, "leader", id).await.number;
        let link = async || {
            let mut tx = house.app.read().await.unwrap();
            receipt::link_of(&house.app, &mut tx, &leader, id).await.unwrap().unwrap()
        };
        let old = link().await;
        let page = house.page("leader", &format!("/visits/{id}")).await.expect(200).text();
        assert!(page.contains(&old.href) && page.contains(&old.code));
        let stranger = house.page("officer2", &format!("/visits/{id}")).await;
        assert_eq!(stranger.status, 404);

        receipt::renew(&house.app, &leader, id).await.unwrap();
        let new = link().await;
        house.page("anonymous", &old.href).await.expect(404);
        let seen = house.page("anonymous", &new.href).await.expect(200).text();
        assert!(seen.contains("每日测温登记") && !seen.contains("老板说年底订单多"), "notes are the office's own");
        let code = async |number: &str, code: &str| {
            house.post("anonymous", "/record", &[("number", number), ("code", code)]).await
        };
        for (number, typed) in [(number.as_str(), old.code.as_str()), ("ZF-20200101-0001", new.code.as_str()), ("", "")]
        {
            code(number, typed).await.expect(422);
        }
        let found = code(&number.to_lowercase(), &new.code.to_lowercase()).await.expect(303);
        assert_eq!(found.headers["location"].to_str().unwrap(), new.href);

        let version = visit(&house, "leader", id).await.version.to_string();
        let fields = |once: &'static str, name: &'static str| {
            [("once", once), ("version", version.as_str()), ("name", name), ("note", "第二条已办")]
                .map(|(a, b)| (a, b.to_owned()))
        };
        let post = async |fields: [(&'static str, String); 4]| {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            house.post("anonymous", &new.href, &fields).await
        };
        post(fields("a", "")).await.expect(422);
        post(fields("b", "李女士")).await.expect(303);
        let record = visit(&house, "leader", id).await;
        assert_eq!(
            (record.ack_how, record.ack_name.as_deref(), record.ack_note.as_deref()),
            (Some(AckHow::Link), Some("李女士"), Some("第二条已办"))
        );
        assert_eq!(record.ack_at, Some(house.app.now()));
        post(fields("c", "王先生")).await.expect(412);
        assert!(house.page("anonymous", &new.href).await.expect(200).text().contains("李女士"));
        assert_eq!(state_of(receipt::withdraw(&house.app, &leader, id, "误记").await), "own_word");
        house.clock.set(in_days(&house, 181));
        house.page("anonymous", &new.href).await.expect(404);
        for altered in [new.href.replace("/record/", "/plan/"), format!("{}x", new.href), "/record/x".to_owned()] {
            assert_eq!(house.page("anonymous", &altered).await.status, 404, "{altered}");
        }
        house.page("anonymous", "/record").await.expect(200);
    }
}

#[tokio::test]
async fn what_an_officer_noted_by_mistake_is_taken_back() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let id = visited(&house, "leader", Channel::Onsite, 0, |_| ()).await;
        let by_phone = || Receipt { how: Some(AckHow::Phone), name: Some("李女士".into()), note: None };
        let as_account = Receipt { how: Some(AckHow::Account), ..Receipt::default() };
        assert!(matches!(receipt::acknowledge(&house.app, &leader, id, as_account).await, Err(Error::Invalid(_))));
        receipt::acknowledge(&house.app, &leader, id, by_phone()).await.unwrap();
        assert_eq!(state_of(receipt::acknowledge(&house.app, &leader, id, by_phone()).await), "acknowledged");
        receipt::withdraw(&house.app, &leader, id, "记错了一家").await.unwrap();
        assert_eq!(state_of(receipt::withdraw(&house.app, &leader, id, "再来").await), "not_acknowledged");
        let record = visit(&house, "leader", id).await;
        assert_eq!((record.ack_at, record.ack_how, record.ack_name), (None, None, None));
        receipt::acknowledge(&house.app, &house.who("enterprise").await, id, Receipt::default()).await.unwrap();
        let record = visit(&house, "leader", id).await;
        assert_eq!((record.ack_how, record.ack_name.as_deref()), (Some(AckHow::Account), Some("enterprise某")));
    }
}

#[tokio::test]
async fn somebody_else_looks_a_record_through() {
    for house in House::both().await {
        let (leader, officer, dispatcher) =
            (house.who("leader").await, house.who("officer").await, house.who("dispatcher").await);
        let refused =
            desk::save(&house.app, &officer, NewVisit { draft: true, ..NewVisit::to_enterprise(house.enterprise) })
                .await;
        assert!(matches!(&refused, Err(Error::Invalid(e)) if e[0].code == "review_off"), "{refused:?}");
        rules::desk::set(&house.app, &dispatcher, &Rules { review: true, ..Rules::default() }).await.unwrap();
        assert!(
            house
                .page("officer", &format!("/visits/new?enterprise={}", house.enterprise))
                .await
                .expect(200)
                .text()
                .contains("name=\"draft\"")
        );

        let id = visited(&house, "officer", Channel::Onsite, 0, |new| {
            new.visitors = vec![house.person("officer"), house.person("leader")];
            new.draft = true;
            new.requirements = vec![hazard("每日测温登记", None, None)];
            new.note = Some("#诉求 货车进不了园区".into());
        })
        .await;
        let record = visit(&house, "leader", id).await;
        assert_eq!(
            (record.review, record.appeals.len()),
            (Some(ReviewState::Draft), 1),
            "no enterprise waits for a review"
        );
        house.page("enterprise", &format!("/visits/{id}")).await.expect(404);
        assert!(told(&house, "enterprise").await.iter().all(|kind| kind != "visit.acknowledge"));
        let items = house.call("enterprise", "GET", "/api/v1/visits/items", Json::Null).await.expect(200).json();
        assert_eq!(items["total"], 0);
        let waits = async |account: &str| {
            let all = desk::to_do(&house.app, &house.who(account).await).await.unwrap();
            all.iter().map(|one| one.action).filter(|action| action.starts_with("todo-visit-")).collect::<Vec<_>>()
        };
        assert_eq!(waits("officer").await, ["todo-visit-submit"]);
        assert!(matches!(review::review(&house.app, &dispatcher, id, Step::Submit, None).await, Err(Error::Forbidden)));
        review::review(&house.app, &officer, id, Step::Submit, None).await.unwrap();
        // The leader went along: it is for somebody else.
        assert_eq!((waits("leader").await, waits("dispatcher").await), (vec![], vec!["todo-visit-review"]));
        assert!(matches!(review::review(&house.app, &leader, id, Step::Pass, None).await, Err(Error::Forbidden)));
        assert!(matches!(
            review::review(&house.app, &dispatcher, id, Step::Return, None).await,
            Err(Error::Invalid(_))
        ));
        let early =
            receipt::acknowledge(&house.app, &leader, id, Receipt { how: Some(AckHow::Phone), ..Receipt::default() })
                .await;
        assert_eq!(state_of(early), "not_reviewed");
        let page = format!("/visits/{id}/review");
        let seen = visit(&house, "dispatcher", id).await.version.to_string();
        house.post("dispatcher", &page, &[("once", "a"), ("version", &seen), ("step", "return")]).await.expect(422);
        house
            .post(
                "dispatcher",
                &page,
                &[("once", "b"), ("version", &seen), ("step", "return"), ("note", "写清谁答应的")],
            )
            .await
            .expect(303);
        assert_eq!(waits("officer").await, ["todo-visit-returned"]);
        assert_eq!(told(&house, "officer").await.last().map(String::as_str), Some("visit.returned"));
        review::review(&house.app, &officer, id, Step::Submit, Some("张经理答应的")).await.unwrap();
        let record = visit(&house, "officer", id).await;
        assert_eq!(record.note.as_deref(), Some("#诉求 货车进不了园区\n张经理答应的"));
        assert_eq!(record.review_note.as_deref(), Some("写清谁答应的"));
        let passed = house
            .call("dispatcher", "POST", &format!("/api/v1/visits/{id}/review"), json!({"step": "pass"}))
            .await
            .expect(200)
            .json();
        assert_eq!(passed["review"], "reviewed");
        assert_eq!(state_of(review::review(&house.app, &dispatcher, id, Step::Pass, None).await), "review_step");
        assert!(told(&house, "enterprise").await.contains(&"visit.acknowledge".to_owned()));
        house.page("enterprise", &format!("/visits/{id}")).await.expect(200);
        let found = house
            .call("officer", "GET", "/api/v1/visits?q=%E5%BC%A0%E7%BB%8F%E7%90%86", Json::Null)
            .await
            .expect(200)
            .json();
        assert_eq!(found["total"], 1, "what was added is found by its words");
    }
}

#[tokio::test]
async fn a_promise_says_once_that_it_is_near_and_once_that_it_is_over() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let new = NewPromise {
            id: None,
            text: "联系交警".into(),
            owner_id: Some(house.person("officer2")),
            due_at: in_days(&house, 2),
        };
        let id = desk::promise(&house.app, &leader, SubjectKind::Enterprise, house.enterprise, new).await.unwrap();
        let quick = NewPromise {
            id: None,
            text: "当天答复".into(),
            owner_id: Some(house.person("officer2")),
            due_at: in_days(&house, 10),
        };
        let kept = desk::promise(&house.app, &leader, SubjectKind::Enterprise, house.enterprise, quick).await.unwrap();
        for (days, expected) in
            [(0, vec![]), (1, vec!["promise.near"]), (1, vec![]), (3, vec!["promise.over"]), (4, vec![])]
        {
            house.clock.set(crate::house::MORNING.plus(days * DAY_MS + 1));
            let before = told(&house, "officer2").await.len();
            remind(&house.app, house.zone).await.unwrap();
            assert_eq!(told(&house, "officer2").await.split_off(before), expected, "day {days}");
        }
        // After a time without the program only the last step is said; what is kept says nothing.
        desk::end_promise(&house.app, &house.who("officer2").await, kept, true, None).await.unwrap();
        house.clock.set(in_days(&house, 30));
        assert_eq!(remind(&house.app, house.zone).await.unwrap(), 0);
        let overdue = house.page("leader", "/promises?show=overdue").await.expect(200).text();
        assert!(overdue.contains("联系交警") && !overdue.contains("当天答复"));
        let own = house.page("enterprise", "/").await.expect(200).text();
        assert!(own.contains("对我们的承诺") && own.contains("联系交警"), "{own}");
        desk::end_promise(&house.app, &leader, id, false, Some("道路改造到月底")).await.unwrap();
        let own = house.page("enterprise", "/").await.expect(200).text();
        assert!(own.contains("未兑现") && own.contains("道路改造到月底"), "{own}");
    }
}

#[tokio::test]
async fn the_brief_says_on_one_page_what_is_open() {
    for house in House::both().await {
        visited(&house, "leader", Channel::Onsite, 1, |new| {
            new.hazards = vec![hazard("配电箱未上锁", None, None)];
            new.note = Some("#诉求 货车进不了园区\n#承诺 11月30日前联系交警".into());
        })
        .await;
        let page = house.page("leader", &format!("/visits/brief/{}", house.enterprise)).await.expect(200).text();
        for word in ["货车进不了园区", "联系交警", "配电箱未上锁", "还没有责任人"] {
            assert!(page.contains(word), "{word}: {page}");
        }
        // Who does not reach it reads what the register says, and no more.
        let other = house.page("officer2", &format!("/visits/brief/{}", house.enterprise)).await.expect(200).text();
        assert!(!other.contains("货车进不了园区"));
        house.page("leader", &format!("/visits/brief/{}", house.project)).await.expect(200);
        house.page("leader", &format!("/visits/brief/{}", Uuid::now_v7())).await.expect(404);
        house.page("leader", "/visits/brief/nothing").await.expect(404);
        for (account, status) in [("enterprise", 403), ("agency", 403), ("leader@zone2", 404)] {
            house.page(account, &format!("/visits/brief/{}", house.enterprise)).await.expect(status);
        }
    }
}
