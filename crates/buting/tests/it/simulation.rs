//! A year of appeals that go every way the rule book allows, and are pushed the ways
//! that it forbids, by people who work when they work; and what must hold all the time:
//! a refusal changes nothing, one holder at a time and no time lost between two, each
//! rung of the ladder climbed once, and counts that add up.
//!
//! So many appeals as `BUTING_SIMULATION` says; `make bench` asks for 10,000.

use crate::figures;
use crate::house::{House, MORNING};
use buting::actor::Actor;
use buting::app::App;
use buting::appeal::act::Act;
use buting::appeal::{
    Action, Channel, Kind, NewAppeal, OrderKind, ResultKind, Status, SuspendGround, TRANSITIONS, Turn, Urgency,
    Verdict, WentOn, desk, land, policy,
};
use buting::clock::Holder;
use buting::days::Days;
use buting::demo::dice::Dice;
use buting::error::Error;
use buting::http::api::TOTAL_CAP;
use buting::oversight::metric::desk as metrics;
use buting::oversight::metric::{Figure, Key};
use buting::time::{DAY_MS, HOUR_MS, Time};
use serde_json::{Value as Json, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use store::{Seal, sql};
use uuid::Uuid;

/// Appeals of a run within the tests.
const FEW: usize = 40;
/// Everybody who may have a hand in an appeal.
const PEOPLE: [&str; 10] = [
    "enterprise",
    "enterprise2",
    "project",
    "officer",
    "officer2",
    "dispatcher",
    "leader",
    "oversight",
    "agency",
    "specialist",
];

/// What the books keep of an appeal, as far as a step may change it.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    status: Status,
    open: bool,
    version: i64,
    lead: Option<Uuid>,
    holder: String,
    holder_id: Option<Uuid>,
    registered_at: Option<Time>,
}

/// What came of the year.
#[derive(Debug, Default)]
struct Tally {
    done: BTreeMap<Action, usize>,
    refused: usize,
    rungs: usize,
}

struct Year<'h> {
    house: &'h House,
    dice: Dice,
    people: Vec<Actor>,
    appeals: Vec<Uuid>,
    tally: Tally,
}

#[tokio::test]
async fn a_year_of_random_appeals_keeps_every_promise_of_the_books() {
    let many = std::env::var("BUTING_SIMULATION").ok().map_or(FEW, |n| n.parse().expect("a number of appeals"));
    for house in House::both().await {
        let mut people = Vec::new();
        for name in PEOPLE {
            people.push(house.who(name).await);
        }
        let mut year =
            Year { house: &house, dice: Dice::new(20_261_124), people, appeals: Vec::new(), tally: Tally::default() };
        year.run(many).await;
        year.closing_balance(many).await;
        let tally = year.tally;
        eprintln!("{many} appeals: {tally:?}");
        // A year in which little was tried proves little; a full one leaves nothing out.
        let missing: Vec<&Action> = Action::ALL.iter().filter(|action| !tally.done.contains_key(action)).collect();
        assert!(missing.len() < if many < 1000 { 6 } else { 1 }, "never done: {missing:?}");
        assert!(tally.refused > many && tally.rungs > many, "{tally:?}");
    }
}

impl Year<'_> {
    /// Appeals come in all year, day and night; each is taken up again after minutes,
    /// hours, days or weeks. The program's own rules act in between, and now and then
    /// the program stood still for days.
    async fn run(&mut self, many: usize) {
        let (begin, end) = (MORNING.plus(-365 * DAY_MS), MORNING);
        let span = usize::try_from((end.ms() - begin.ms()) / 60_000).unwrap();
        let mut agenda = BinaryHeap::new();
        for _ in 0..many {
            agenda.push(Reverse((begin.plus(self.minutes(span)), None)));
        }
        let mut rules_at = begin;
        while let Some(Reverse((at, appeal))) = agenda.pop() {
            while rules_at < at {
                self.house.clock.set(rules_at);
                self.rules().await;
                rules_at = rules_at.plus(match self.dice.below(20) {
                    0 => self.dice.between(2, 6) * DAY_MS,
                    _ => self.dice.between(2, 20) * HOUR_MS,
                });
            }
            self.house.clock.set(at);
            let id = match appeal {
                Some(id) => id,
                None => self.report().await,
            };
            self.push(id).await;
            let next = at.plus(match self.dice.below(10) {
                0 | 1 => self.minutes(60),
                2..=5 => self.minutes(24 * 60),
                6..=8 => self.minutes(7 * 24 * 60),
                _ => self.minutes(30 * 24 * 60),
            });
            let ended = matches!(self.place(id).await.status, Status::Rejected | Status::Merged | Status::Withdrawn);
            if next < end && !ended {
                agenda.push(Reverse((next, Some(id))));
            }
        }
        self.house.clock.set(end);
        self.rules().await;
    }

    fn minutes(&mut self, most: usize) -> i64 {
        i64::try_from(self.dice.below(most)).unwrap() * 60_000 + 60_000
    }

    /// What happens by itself.
    async fn rules(&mut self) {
        let (app, zone) = (&self.house.app, self.house.zone);
        self.tally.rungs += desk::escalate(app, zone).await.unwrap();
        assert_eq!(desk::escalate(app, zone).await.unwrap(), 0, "a rung was climbed twice");
        desk::remind(app, zone).await.unwrap();
        assert_eq!(desk::remind(app, zone).await.unwrap(), 0, "reminded twice");
        desk::close_silent(app, zone).await.unwrap();
    }

    /// Somebody reports something.
    async fn report(&mut self) -> Uuid {
        let who = self.people[self.dice.below(6)].clone();
        let kind = *self.dice.pick(Kind::ALL).unwrap();
        let urgency = *self.dice.pick(Urgency::ALL).unwrap();
        let mut new = NewAppeal {
            title: "货车进不了园区东门".into(),
            body: "限高杆改造后，高栏货车无法进入，原料只能在门外倒短。".into(),
            category: (*self.dice.pick(policy::CATEGORIES).unwrap()).into(),
            kind,
            urgency,
            draft: self.dice.percent(10),
            ..NewAppeal::default()
        };
        if who.enterprise_id.is_none() && who.project_id.is_none() {
            new.enterprise_id =
                Some(if self.dice.percent(50) { self.house.enterprise } else { self.house.other_enterprise });
            new.channel = *self.dice.pick(&[Channel::Phone, Channel::Visit, Channel::Window]).unwrap();
        }
        if matches!(kind, Kind::Complaint | Kind::Report) && self.dice.percent(50) {
            new.accused_department_id = Some(self.house.other_department);
        }
        let id = desk::open(&self.house.app, &who, new).await.expect("a report is always taken in");
        self.appeals.push(id);
        id
    }

    /// Somebody does something with it: mostly what his page offers, sometimes what it does not.
    async fn push(&mut self, id: Uuid) {
        for _ in 0..4 {
            let who = self.dice.pick(&self.people).unwrap().clone();
            let record = match desk::record(&self.house.app, &who, id).await {
                Ok(record) => record,
                Err(Error::NotFound | Error::Forbidden) => {
                    let act = self.act_of(Action::Reply, None, Time::from_ms(0));
                    self.take(&who, id, act, Expect::Refusal).await;
                    continue;
                }
                Err(error) => panic!("reading failed: {error:?}"),
            };
            let mut offered: Vec<(Action, Option<Uuid>)> = record
                .possible
                .iter()
                .filter(|(_, not_yet)| not_yet.is_none())
                .map(|(action, _)| (*action, None))
                .collect();
            for (order, actions) in &record.order_possible {
                offered.extend(actions.iter().map(|action| (*action, Some(*order))));
            }
            if self.dice.percent(20) {
                // Out of turn, or out of place.
                let action = *self.dice.pick(Action::ALL).unwrap();
                let sure = offered.iter().any(|(one, _)| *one == action);
                let act = self.act_of(action, None, self.house.app.now());
                self.take(&who, id, act, if sure { Expect::Either } else { Expect::Refusal }).await;
                continue;
            }
            let Some((action, order)) = self.weighed(&offered) else { continue };
            let act = self.act_of(action, order, self.house.app.now());
            let expect = if is_sure(action) { Expect::Success } else { Expect::Either };
            self.take(&who, id, act, expect).await;
            return;
        }
    }

    /// One of what is offered; what ends an appeal early is rare.
    fn weighed(&mut self, offered: &[(Action, Option<Uuid>)]) -> Option<(Action, Option<Uuid>)> {
        let weight = |action: Action| match action {
            Action::Withdraw => 1,
            Action::Reject => 3,
            Action::Reply => 4,
            Action::Merge | Action::Suspend | Action::Object | Action::PassPartner | Action::Ask | Action::Reopen => 6,
            Action::ReturnVisit | Action::Dispute | Action::Extend => 10,
            _ => 30,
        };
        let whole: usize = offered.iter().map(|one| weight(one.0)).sum();
        let mut at = self.dice.below(whole);
        for one in offered {
            match at.checked_sub(weight(one.0)) {
                Some(rest) => at = rest,
                None => return Some(*one),
            }
        }
        None
    }

    /// Takes the step, and looks at what it did to the books.
    async fn take(&mut self, who: &Actor, id: Uuid, act: Act, expect: Expect) {
        let action = act.action();
        let for_order = act.work_order().is_some();
        // Who was not reached, or did not want to answer, has said nothing.
        let stays = matches!(act, Act::ReturnVisit { verdict: Verdict::NotReached | Verdict::Refused, .. });
        let before = self.place(id).await;
        let told = format!("{action} by {} on {before:?}", who.name);
        let result = desk::act(&self.house.app, who, id, act).await;
        let after = self.place(id).await;
        match &result {
            Ok(_) => {
                assert_ne!(expect, Expect::Refusal, "done though it was not offered: {told}");
                assert_eq!(after.version, before.version + 1, "{told}");
                *self.tally.done.entry(action).or_default() += 1;
                let as_written =
                    if stays { after.status == before.status } else { leads_there(before.status, action, &after) };
                assert!(for_order || as_written, "{told} led to {after:?}");
                self.books_of(id, &after).await;
            }
            Err(Error::Invalid(_) | Error::Conflict(_) | Error::Forbidden | Error::NotFound) => {
                assert_ne!(expect, Expect::Success, "offered, and refused: {told}: {result:?}");
                assert_eq!(after, before, "a refusal changed something: {told}");
                self.tally.refused += 1;
            }
            Err(error) => panic!("{told} failed: {error:?}"),
        }
    }

    async fn place(&self, id: Uuid) -> Place {
        let mut tx = self.house.app.read().await.unwrap();
        let (status, open, version, lead, holder, holder_id, registered_at): (
            String,
            bool,
            i64,
            Option<Uuid>,
            String,
            Option<Uuid>,
            Option<i64>,
        ) = tx
            .one(sql!(
                "SELECT status, open, version, lead_department_id, holder, holder_id, registered_at
                 FROM appeal WHERE zone_id = $1 AND id = $2",
                self.house.zone,
                id
            ))
            .await
            .unwrap();
        let status = Status::parse(&status).unwrap();
        Place { status, open, version, lead, holder, holder_id, registered_at: registered_at.map(Time::from_ms) }
    }

    /// What holds of each appeal after each step.
    async fn books_of(&self, id: Uuid, is: &Place) {
        let zone = self.house.zone;
        let mut tx = self.house.app.read().await.unwrap();
        assert_eq!(is.open, is.status.is_open(), "{is:?}");
        if let Some(holder) = is.status.holder().filter(|_| is.open) {
            let nobody_leads = holder == Holder::Department && is.lead.is_none();
            let holder = if nobody_leads { Holder::Desk } else { holder };
            assert_eq!(is.holder, holder.word(), "{is:?}");
        }
        // From hand to hand without a gap: every hand begins where the one before ended.
        let hands: Vec<(i64, i64, String, Option<Uuid>)> = tx
            .list(sql!(
                "SELECT n, at, holder, holder_id FROM holding WHERE zone_id = $1 AND owner_id = $2 ORDER BY n",
                zone,
                id
            ))
            .await
            .unwrap();
        if let (Some(began), Some(first)) = (is.registered_at, hands.first()) {
            assert_eq!(first.1, began.ms(), "held from the first minute");
        }
        assert_eq!(hands.is_empty(), is.registered_at.is_none(), "{is:?}");
        for (i, pair) in hands.windows(2).enumerate() {
            assert_eq!(pair[1].0, pair[0].0 + 1, "hand {i} is missing");
            assert!(pair[1].1 >= pair[0].1, "time runs back at hand {i}");
            assert!((&pair[1].2, pair[1].3) != (&pair[0].2, pair[0].3), "hand {i} is the same as the one before");
        }
        if let Some(last) = hands.last().filter(|_| is.open) {
            assert_eq!((&last.2, last.3), (&is.holder, is.holder_id), "who holds it is who holds it now");
        }
        // One leads at most, and of what is over nothing goes on.
        let leads: i64 = tx
            .value(sql!(
                "SELECT count(*) FROM work_order WHERE zone_id = $1 AND appeal_id = $2 AND open AND kind = $3",
                zone,
                id,
                OrderKind::Lead
            ))
            .await
            .unwrap();
        assert!(leads <= 1, "{leads} departments lead");
        if !is.open {
            let going: i64 = tx
                .value(sql!(
                    "SELECT (SELECT count(*) FROM work_order WHERE zone_id = $1 AND appeal_id = $2 AND open)
                          + (SELECT count(*) FROM clock WHERE zone_id = $1 AND state <> 'stopped' AND owner_id = $2)
                          + (SELECT count(*) FROM clock c JOIN work_order w ON w.zone_id = c.zone_id AND w.id = c.owner_id
                             WHERE c.zone_id = $1 AND w.appeal_id = $2 AND c.state <> 'stopped')",
                    zone,
                    id
                ))
                .await
                .unwrap();
            assert_eq!(going, 0, "{is:?}: something goes on");
        }
    }

    /// What holds at the end of the year of all of them together.
    async fn closing_balance(&self, many: usize) {
        let (app, zone) = (&self.house.app, self.house.zone);
        for id in &self.appeals {
            self.books_of(*id, &self.place(*id).await).await;
        }
        let mut tx = app.read().await.unwrap();
        assert!(desk::recount(&mut tx, zone).await.unwrap(), "the kept counts are those of a recount");
        let (all, numbers): (i64, i64) =
            tx.one(sql!("SELECT count(*), count(DISTINCT number) FROM appeal WHERE zone_id = $1", zone)).await.unwrap();
        assert_eq!((all, numbers), (i64::try_from(many).unwrap(), all), "each has a number of its own");
        // A rung that acted is told once in the history of its appeal, and nothing else is.
        let climbed: i64 = tx
            .value(sql!(
                "SELECT count(*) FROM clock_rung r JOIN clock c ON c.zone_id = r.zone_id AND c.id = r.clock_id
                 WHERE r.zone_id = $1 AND r.action IS NOT NULL AND c.kind <> 'objection'",
                zone
            ))
            .await
            .unwrap();
        assert_eq!(usize::try_from(climbed).unwrap(), self.tally.rungs, "rungs climbed and rungs told");
        // Nothing that is late was overlooked.
        let overlooked: Vec<(String, i64)> = tx
            .list(sql!(
                "SELECT c.kind, c.due_at FROM clock c
                 WHERE c.zone_id = $1 AND c.state = 'running' AND c.due_at < $2
                   AND NOT EXISTS (SELECT 1 FROM clock_rung r
                                   WHERE r.zone_id = c.zone_id AND r.clock_id = c.id AND r.cycle = c.cycle AND r.rule = 'over')",
                zone,
                app.now()
            ))
            .await
            .unwrap();
        assert!(overlooked.is_empty(), "late and on no rung: {overlooked:?}");
        drop(tx);
        // The counts that a leader reads are the lists that they open.
        let leader = &self.people[6];
        for count in desk::counts(app, leader).await.unwrap() {
            let Some(department_id) = count.department_id else { continue };
            let filter = desk::Filter {
                status: vec![count.status],
                department_id: Some(department_id),
                limit: 1,
                ..desk::Filter::default()
            };
            let list = desk::list(app, leader, &filter).await.unwrap();
            match list.total {
                Some(total) => assert_eq!(total, count.count, "{} of {department_id}", count.status),
                None => assert!(count.count > TOTAL_CAP, "{} of {department_id}", count.status),
            }
        }
        // So are the figures, over the whole year and over its last month; and what the ledger
        // says of every appeal is what they count.
        let today = app.now().day(&buting::zone::default_time_zone());
        let days = |back: i64| Days {
            from: app.now().plus(-back * DAY_MS).day(&buting::zone::default_time_zone()),
            to: today,
        };
        figures::agree(self.house, "leader", days(30)).await;
        let year = days(700);
        let mut tx = app.read().await.unwrap();
        for (key, action) in [(Key::ObjectionRate, "appeal.object"), (Key::ReopenRate, "appeal.reopen")] {
            let told: i64 = tx
                .value(sql!(
                    "SELECT count(*) FROM appeal a WHERE a.zone_id = $1 AND a.status = 'closed' AND EXISTS
                       (SELECT 1 FROM ledger l WHERE l.zone_id = a.zone_id AND l.subject_id = a.id AND l.action = $2)",
                    zone,
                    action
                ))
                .await
                .unwrap();
            let counted = figure_of(app, leader, key, year).await;
            assert_eq!(counted.numerator, told, "{key} and the ledger's {action}");
        }
        let created: i64 = tx
            .value(sql!(
                "SELECT count(DISTINCT l.subject_id) FROM ledger l WHERE l.zone_id = $1 AND l.action = 'appeal.register'",
                zone
            ))
            .await
            .unwrap();
        assert_eq!(figure_of(app, leader, Key::AppealCount, year).await.numerator, created, "what came in");
        drop(tx);
        Seal::new(app.db.clone()).run(app.now().ms()).await.unwrap();
        let report = app.db.verify(&[]).await.unwrap();
        assert!(report.faults.is_empty(), "{:?}", report.faults);
    }

    /// An action with what it needs.
    fn act_of(&mut self, action: Action, order: Option<Uuid>, now: Time) -> Act {
        let zone = buting::zone::default_time_zone();
        let mut later = |most: i64| {
            let days = self.dice.between(1, most);
            now.plus(days * DAY_MS).day(&zone)
        };
        let (soon, then) = (later(12), later(40));
        let departments = [self.house.department, self.house.other_department];
        let lead = *self.dice.pick(&departments).unwrap();
        let text = "已现场核实，东门限高杆本周内抬高，期间由北门进出。";
        let mut body: Json = match action {
            Action::Dispatch => {
                let other = departments.iter().find(|one| **one != lead);
                let assist: Vec<&Uuid> =
                    other.into_iter().chain([&self.house.agency]).filter(|_| self.dice.percent(30)).collect();
                json!({"department_id": lead, "assist": assist, "instruction": text})
            }
            Action::Reject => json!({"reason": text, "right_channel": "区人力资源和社会保障局"}),
            // Mostly one that may still be open.
            Action::Merge => json!({"into": self.dice.pick(&self.appeals[self.appeals.len().saturating_sub(12)..])}),
            Action::Object => json!({"reason": text, "department_id": lead}),
            Action::Rule => json!({"reason": text, "department_id": self.dice.percent(40).then_some(lead)}),
            Action::Ask => json!({"text": text}),
            Action::PassPartner => {
                json!({"department_id": self.house.agency, "text": text, "obligatory": self.dice.percent(70)})
            }
            Action::Plan => json!({"planned_for": soon, "text": text}),
            Action::Extend => json!({"days": self.dice.between(1, 5), "reason": text, "work_order_id": order}),
            Action::Grant => json!({"granted": self.dice.percent(70), "reason": text, "work_order_id": order}),
            Action::Suspend => {
                json!({"ground": self.dice.pick(SuspendGround::ALL), "until": then, "reason": text})
            }
            Action::Answer => {
                let given: Vec<ResultKind> = ResultKind::ALL.iter().copied().filter(|r| r.can_be_answered()).collect();
                let mut body = json!({"text": text, "work_order_id": order});
                if order.is_none() {
                    body["result"] = json!(self.dice.pick(&given));
                    body["production_continued"] = json!(self.dice.pick(WentOn::ALL));
                    body["basis"] = json!("《山东省优化营商环境条例》第五十条");
                    body["right_channel"] = json!("人民法院");
                    body["review_on"] = json!(then);
                }
                body
            }
            Action::Review => json!({"ok": self.dice.percent(80), "reason": text, "work_order_id": order}),
            Action::Confirm => json!({"rating": self.dice.between(1, 5), "text": text}),
            Action::ReturnVisit => json!({"verdict": self.dice.pick(Verdict::ALL), "text": text}),
            Action::Reply => json!({"text": text, "work_order_id": order}),
            Action::Sign => json!({"work_order_id": order}),
            Action::Register => json!({}),
            Action::Resume | Action::Close | Action::Reopen | Action::Withdraw | Action::Dispute => {
                json!({"reason": text})
            }
        };
        body["action"] = json!(action);
        serde_json::from_value(body).expect("an action with what it needs")
    }
}

/// What is to be expected of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expect {
    Success,
    Refusal,
    Either,
}

/// Whether what is offered succeeds with any good arguments; of the others the
/// arguments decide (another appeal, so many days, a department that is complained about).
/// A figure of the zone as somebody reads it.
async fn figure_of(app: &App, who: &Actor, key: Key, days: Days) -> Figure {
    metrics::counted(app, who, key, days, None).await.unwrap().figure
}

fn is_sure(action: Action) -> bool {
    !matches!(
        action,
        Action::Merge | Action::Extend | Action::Dispatch | Action::Rule | Action::PassPartner | Action::Plan
    )
}

/// Whether the rule book has a row that leads there.
fn leads_there(from: Status, action: Action, after: &Place) -> bool {
    let lands = |status| land(status, after.lead.is_some()) == after.status;
    TRANSITIONS.iter().filter(|row| row.action == action && row.from.contains(&from)).any(|row| match row.turn {
        Turn::To(status) => lands(status),
        Turn::Same => after.status == from,
        // Where it was before its wait is known to the appeal alone.
        Turn::Back => after.open,
        Turn::Either(good, bad) => lands(good) || lands(bad),
        Turn::SameOr(bad) => after.status == from || lands(bad),
    })
}
