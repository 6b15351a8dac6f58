//! How much time there is, as those who keep the rules and those who work by them meet it.

use crate::cases::{act, at, code, due, raise, signed, told, trucks, wrong};
use crate::house::House;
use almanac::{Limit, Point};
use buting::appeal::limits::desk::{self as limits, Proposal};
use buting::appeal::limits::{Deed, Profile, Reach, Rule, Rung, shipped};
use buting::appeal::{Channel, Kind, NewAppeal, desk};
use buting::clock::{self, ClockKind, ClockMode, NewClock, Told};
use buting::continuity::{self, DisruptionEnd, DisruptionKind, NewDisruption};
use buting::error::{Error, Result};
use buting::settings::desk::{OfficeChange, set_office};
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

const SHANDONG: &str = "shandong_enterprise";

fn in_ten_days() -> Profile {
    let profile = shipped(SHANDONG).unwrap().profile.clone();
    Profile { finish: Limit::working_days(10), longest: 20, ..profile }
}

fn proposal(profile: Profile) -> Proposal {
    Proposal { key: SHANDONG.into(), profile, from: None, retime: false }
}

/// Looks ahead and confirms.
async fn set(house: &House, proposal: &Proposal) -> Result<Uuid> {
    let who = house.who("dispatcher").await;
    let preview = limits::preview(&house.app, &who, proposal).await?;
    limits::set_profile(&house.app, &who, proposal, "试行提速", &preview.seen).await
}

async fn choose_usual(house: &House, key: &str) {
    let change = OfficeChange { label: "包联".into(), limit_profile: key.into(), ..OfficeChange::default() };
    set_office(&house.app, &house.who("dispatcher").await, change).await.unwrap();
}

async fn notices(house: &House, kind: &str, account: &str) -> i64 {
    let mut tx = house.app.read().await.unwrap();
    let person = house.person(account);
    let query = sql!(
        "SELECT count(*) FROM notice WHERE zone_id = $1 AND kind = $2 AND person_id = $3",
        house.zone,
        kind,
        person
    );
    tx.value(query).await.unwrap()
}

async fn entries(house: &House, action: &str) -> Vec<Json> {
    let mut tx = house.app.read().await.unwrap();
    let query = sql!("SELECT after FROM ledger WHERE zone_id = $1 AND action = $2 ORDER BY at, id", house.zone, action);
    let rows = tx.list::<(Option<String>,)>(query).await.unwrap();
    rows.into_iter().map(|(after,)| serde_json::from_str(&after.unwrap_or_default()).unwrap_or_default()).collect()
}

#[tokio::test]
async fn the_version_at_registration_is_the_one_that_is_kept() {
    for house in House::both().await {
        let before = raise(&house).await;
        let draft = NewAppeal { draft: true, ..trucks() };
        let draft = desk::open(&house.app, &house.who("enterprise").await, draft).await.unwrap();
        set(&house, &proposal(in_ten_days())).await.unwrap();
        act(&house, "enterprise", draft, json!({"action": "register"})).await.unwrap();
        let after = raise(&house).await;
        for (what, id, expected, longest) in [
            ("what began before", before, "12-15 17:30", 30),
            ("what was only written down before", draft, "12-08 17:30", 20),
            ("what comes after", after, "12-08 17:30", 20),
        ] {
            assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some(expected), "{what}");
            let record = desk::record(&house.app, &house.rule(), id).await.unwrap();
            assert_eq!(record.profile.longest, longest, "{what}");
        }
        let written = entries(&house, "settings.set").await;
        assert_eq!((&written[0]["key"], &written[0]["version"]), (&json!(SHANDONG), &json!(1)));
    }
}

#[tokio::test]
async fn a_version_may_begin_later_and_be_replaced_before() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        let later = Proposal { from: Some(at(32, 9)), ..proposal(in_ten_days()) };
        set(&house, &later).await.unwrap();
        let now = raise(&house).await;
        assert_eq!(due(&house, now, ClockKind::Finish).await.as_deref(), Some("12-15 17:30"), "not yet");
        let standing = async || {
            let mut tx = house.app.read().await.unwrap();
            let all = limits::standing(&mut tx, &who, house.app.now()).await.unwrap();
            let one = all.into_iter().find(|one| one.shipped.key == SHANDONG).unwrap();
            (
                one.version,
                told(one.until),
                one.planned.iter().map(|(n, from)| (*n, told(Some(*from)))).collect::<Vec<_>>(),
            )
        };
        assert_eq!(standing().await, (0, "12-02 09:00".into(), vec![(1, "12-02 09:00".into())]));
        house.clock.set(at(32, 10));
        let then = raise(&house).await;
        assert_eq!(due(&house, then, ClockKind::Finish).await.as_deref(), Some("12-16 17:30"), "now it holds");
        assert_eq!(standing().await, (1, "standing still".into(), vec![]));
        // One that was to come is replaced by one that holds at once.
        set(&house, &Proposal { from: Some(at(60, 9)), ..proposal(in_ten_days()) }).await.unwrap();
        let at_once = proposal(Profile { finish: Limit::working_days(12), longest: 20, ..in_ten_days() });
        let preview = limits::preview(&house.app, &who, &at_once).await.unwrap();
        assert_eq!(preview.replaced.iter().map(|one| one.version).collect::<Vec<_>>(), [2]);
        set(&house, &at_once).await.unwrap();
        house.clock.set(at(65, 9));
        assert_eq!(standing().await, (3, "standing still".into(), vec![]), "the one in between never began");

        assert_eq!(
            wrong(set(&house, &Proposal { from: Some(at(24, 9)), ..at_once.clone() }).await),
            [("from".into(), "past")]
        );
        let both = Proposal { from: Some(at(90, 9)), retime: true, ..at_once };
        assert_eq!(wrong(set(&house, &both).await), [("retime".into(), "only_at_once")]);
    }
}

#[tokio::test]
async fn a_preview_changes_nothing_and_only_what_was_seen_is_confirmed() {
    for house in House::both().await {
        let id = raise(&house).await;
        let who = house.who("dispatcher").await;
        let change = Proposal { retime: true, ..proposal(in_ten_days()) };
        let preview = limits::preview(&house.app, &who, &change).await.unwrap();
        assert_eq!(preview.open.into_iter().collect::<Vec<_>>(), [(0, 1)]);
        let names: Vec<&str> = preview.differences.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["finish", "longest"]);
        let moves: Vec<_> = preview.shifts.iter().map(|one| (one.kind, told(one.from), told(one.to))).collect();
        assert_eq!(moves, [(ClockKind::Finish, "12-15 17:30".into(), "12-08 17:30".into())]);
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-15 17:30"), "nothing has moved");
        assert!(entries(&house, "settings.set").await.is_empty());

        raise(&house).await;
        let stale = limits::set_profile(&house.app, &who, &change, "试行提速", &preview.seen).await;
        assert_eq!(wrong(stale), [("seen".into(), "preview_old")], "one more came meanwhile");
        let silent = limits::set_profile(&house.app, &who, &change, " ", &preview.seen).await;
        assert_eq!(wrong(silent), [("reason".into(), "required")]);
        let officer = house.who("officer").await;
        assert!(matches!(limits::preview(&house.app, &officer, &change).await.err(), Some(Error::Forbidden)));
        let short = Proposal { profile: Profile { longest: 5, ..in_ten_days() }, ..change };
        assert_eq!(wrong(set(&house, &short).await), [("longest".into(), "length")]);
    }
}

#[tokio::test]
async fn open_appeals_are_timed_anew_where_that_was_chosen() {
    for house in House::both().await {
        let id = signed(&house).await;
        act(&house, "officer2", id, json!({"action": "ask", "text": "请补充车型"})).await.unwrap();
        house.clock.set(at(26, 10));
        act(&house, "enterprise", id, json!({"action": "reply", "text": "高栏六轴"})).await.unwrap();
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-16 17:30"), "a day was waited for");
        // Time that was told to an enterprise does not come nearer.
        let mut work = house.app.work(&house.rule()).await.unwrap();
        let given = NewClock {
            owner: "appeal",
            owner_id: id,
            kind: ClockKind::Dispatch,
            limit: Limit::working_days(9),
            mode: ClockMode::Office,
            told: Told::Enterprise,
        };
        let calendar = clock::calendar(&mut work, house.zone).await.unwrap();
        clock::start(&mut work, &calendar, vec![given]).await.unwrap();
        work.commit(id).await.unwrap();

        let profile = Profile { dispatch: Some(Limit::working_days(2)), ..in_ten_days() };
        let change = Proposal { retime: true, ..proposal(profile) };
        let preview = limits::preview(&house.app, &house.who("dispatcher").await, &change).await.unwrap();
        let moves: Vec<_> =
            preview.shifts.iter().map(|one| (one.kind, told(one.from), told(one.to), one.told)).collect();
        let of = |kind, from: &str, to: &str, told| (kind, from.to_owned(), to.to_owned(), told);
        assert_eq!(
            moves,
            [
                of(ClockKind::Finish, "12-16 17:30", "12-09 17:30", false),
                of(ClockKind::Dispatch, "12-09 17:30", "12-09 17:30", true),
            ]
        );
        set(&house, &change).await.unwrap();
        for (kind, _, to, _) in moves {
            assert_eq!(due(&house, id, kind).await, Some(to), "{kind} is as it was looked at");
        }
        let record = desk::record(&house.app, &house.who("officer2").await, id).await.unwrap();
        assert_eq!((record.appeal.profile_version, record.profile.longest), (1, 20));
        assert_eq!(told(record.line.due_at), "12-09 17:30", "lists show the same");
        assert_eq!(told(record.orders[0].due_at), "12-09 17:30", "and the leading department's order");
        assert_eq!(entries(&house, "appeal.retime").await.len(), 1);
        assert_eq!(notices(&house, "appeal.retimed", "officer2").await, 1);
        assert_eq!(notices(&house, "appeal.retimed", "enterprise").await, 0, "it comes sooner");
        let page = house.page("officer2", &format!("/appeals/{id}")).await.expect(200).text();
        assert!(page.contains("11-26 时限改为10 个工作日"), "the due time says so");
    }
}

#[tokio::test]
async fn rules_send_appeals_to_their_profiles() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        let rule = |channel, kind, category: Option<&str>, profile: &str| Rule {
            channel,
            kind,
            category: category.map(str::to_owned),
            profile: profile.into(),
        };
        let rules = [
            rule(Some(Channel::Hotline12345), None, None, "shandong_12345"),
            rule(None, Some(Kind::Consult), Some("policy"), "shenzhen_2020"),
            rule(None, None, Some("land"), "xuchang_2011"),
        ];
        limits::set_rules(&house.app, &who, &rules).await.unwrap();
        for (new, profile, kind, expected) in [
            (
                NewAppeal { channel: Channel::Hotline12345, ..trucks() },
                "shandong_12345",
                ClockKind::Finish,
                "12-01 17:30",
            ),
            (
                NewAppeal { kind: Kind::Consult, category: "policy".into(), ..trucks() },
                "shenzhen_2020",
                ClockKind::Answer,
                "11-25 10:00",
            ),
            (NewAppeal { category: "land".into(), ..trucks() }, "xuchang_2011", ClockKind::Dispatch, "11-27 17:30"),
            (trucks(), SHANDONG, ClockKind::Finish, "12-15 17:30"),
        ] {
            let new = NewAppeal { enterprise_id: Some(house.enterprise), ..new };
            let id = desk::open(&house.app, &who, new).await.unwrap();
            let record = desk::record(&house.app, &who, id).await.unwrap();
            assert_eq!(record.appeal.profile, profile);
            assert_eq!(due(&house, id, kind).await.as_deref(), Some(expected), "{profile}");
            if kind == ClockKind::Dispatch {
                // What the desk has to send does so once.
                let dispatch = json!({"action": "dispatch", "department_id": house.other_department});
                act(&house, "dispatcher", id, dispatch).await.unwrap();
                let mut tx = house.app.read().await.unwrap();
                let clock = clock::find(&mut tx, house.zone, id, kind).await.unwrap().unwrap();
                assert_eq!(clock.state, clock::ClockState::Stopped);
            }
        }
        let bad = [
            rule(None, None, None, SHANDONG),
            rule(None, None, Some("no_such"), SHANDONG),
            rule(None, Some(Kind::Help), None, "no_such"),
        ];
        assert_eq!(
            wrong(limits::set_rules(&house.app, &who, &bad).await),
            [("profile-0".into(), "rule_for_all"), ("category-1".into(), "unknown"), ("profile-2".into(), "unknown")]
        );
        let officer = house.who("officer").await;
        assert!(matches!(limits::set_rules(&house.app, &officer, &rules).await, Err(Error::Forbidden)));
    }
}

#[tokio::test]
async fn a_grade_is_chosen_at_dispatch() {
    for house in House::both().await {
        choose_usual(&house, "xuchang_2025").await;
        let (plain, hard) = (raise(&house).await, raise(&house).await);
        let dispatch =
            |grade: Json| json!({"action": "dispatch", "department_id": house.other_department, "grade": grade});
        assert_eq!(
            wrong(act(&house, "dispatcher", hard, dispatch(json!("no_such"))).await),
            [("grade".into(), "unknown")]
        );
        act(&house, "dispatcher", plain, dispatch(Json::Null)).await.unwrap();
        house.clock.set(at(25, 10));
        act(&house, "dispatcher", hard, dispatch(json!("historic"))).await.unwrap();
        assert_eq!(due(&house, plain, ClockKind::Finish).await.as_deref(), Some("12-01 17:30"));
        assert_eq!(
            due(&house, hard, ClockKind::Finish).await.as_deref(),
            Some("12-24 17:30"),
            "a month from registration"
        );
        let again = json!({"action": "dispatch", "assist": [house.department], "grade": "cross_department"});
        assert_eq!(code(act(&house, "dispatcher", hard, again).await), "grade_is_set");
        let page = house.page("dispatcher", &format!("/appeals/{hard}")).await.expect(200).text();
        assert!(page.contains("11-25 时限改为1 个月"));
        let new = raise(&house).await;
        let page = house.page("dispatcher", &format!("/appeals/{new}")).await.expect(200).text();
        assert!(page.contains("办理难度") && page.contains("A 类（历史遗留）"));
    }
}

#[tokio::test]
async fn a_ladder_of_the_zone_is_climbed_once() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        let rung =
            |key: &str, at, deed, reaches: &[Reach]| Rung { key: key.into(), at, deed, reaches: reaches.to_vec() };
        let half = rung("half", Point::Share(50), Deed::Remind, &[Reach::Leader]);
        let over = rung("over", Point::Days(0), Deed::Urge, &[Reach::Handler]);
        let start =
            limits::preview_ladder(&house.app, &who, &[half.clone(), over.clone()], at(24, 10), 3).await.unwrap();
        assert_eq!(told(start.due), "11-27 17:30");
        assert_eq!(start.reached.into_iter().map(told).collect::<Vec<_>>(), ["11-26 17:30", "11-27 17:30"]);
        limits::set_ladder(&house.app, &who, &[half.clone(), over.clone()], "委务会定").await.unwrap();

        signed(&house).await;
        let escalate = async || desk::escalate(&house.app, house.zone).await.unwrap();
        house.clock.set(at(26, 17));
        assert_eq!(escalate().await, 0, "the second day of three is not over");
        house.clock.set(at(26, 18));
        assert_eq!(escalate().await, 1);
        assert_eq!(
            (notices(&house, "appeal.remind", "leader").await, notices(&house, "appeal.remind", "officer2").await),
            (1, 0)
        );
        assert_eq!(escalate().await, 0, "once");
        // A step that is put in below is not climbed down to.
        let near = rung("near", Point::Days(-1), Deed::Remind, &[Reach::Handler]);
        limits::set_ladder(&house.app, &who, &[near, half, over], "加一级").await.unwrap();
        assert_eq!(escalate().await, 0);
        // After a long standstill each deadline is told once, by its highest step.
        house.clock.set(at(24 + 40, 9));
        assert_eq!(escalate().await, 2, "the first answer and the result");
        assert_eq!(notices(&house, "appeal.urge", "officer2").await, 2);
        assert_eq!(notices(&house, "appeal.remind", "leader").await, 1);
        house.clock.set(at(24 + 41, 9));
        assert_eq!(escalate().await, 0);

        let nobody = rung("x", Point::Days(99), Deed::Urge, &[]);
        assert_eq!(
            wrong(limits::set_ladder(&house.app, &who, &[nobody], "x").await),
            [("n-0".into(), "range"), ("reaches-0".into(), "required")]
        );
        let officer = house.who("officer").await;
        assert!(matches!(limits::set_ladder(&house.app, &officer, &[], "x").await, Err(Error::Forbidden)));
    }
}

async fn declare(house: &House, exercise: bool) -> Uuid {
    let new = NewDisruption {
        id: None,
        name: "寒潮".into(),
        kind: DisruptionKind::SnowIce,
        grade: None,
        response_level: None,
        warning_colour: None,
        exercise,
        clock_mode: Some(continuity::ClockMode::Hours24),
        area: None,
        source: None,
        state: None,
        started_at: None,
        expected_end_at: None,
    };
    continuity::desk::open(&house.app, &house.who("leader").await, new).await.unwrap()
}

#[tokio::test]
async fn an_emergency_changes_the_hours_and_its_end_changes_them_back() {
    for house in House::both().await {
        let id = signed(&house).await;
        let number = desk::record(&house.app, &house.rule(), id).await.unwrap().appeal.number;
        let leader = house.who("leader").await;
        house.clock.set(at(26, 10));
        let exercise = declare(&house, true).await;
        limits::join(&house.app, &leader, exercise, &number, "演练").await.unwrap();
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-15 17:30"), "an exercise is none");

        let disruption = declare(&house, false).await;
        limits::join(&house.app, &leader, disruption, &number, "管道冻裂").await.unwrap();
        // One working day was used; fourteen are left, of 24 hours each.
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-10 10:00"));
        assert_eq!(due(&house, id, ClockKind::Answer).await.as_deref(), Some("11-27 17:30"), "nothing becomes later");
        let drill = declare(&house, true).await;
        let moved = limits::join(&house.app, &leader, drill, &number, "演练").await;
        assert_eq!(wrong(moved), [("numbers".into(), "under_another")], "an exercise takes nothing from a real one");
        let record = desk::record(&house.app, &house.who("officer2").await, id).await.unwrap();
        assert_eq!(told(record.line.due_at), "12-10 10:00", "lists show the same");
        assert_eq!(record.appeal.clock_mode, ClockMode::Hours24);
        let page = house.page("officer2", &format!("/appeals/{id}")).await.expect(200).text();
        assert!(page.contains("进入应急计时（寒潮：管道冻裂）") && page.contains("336 小时"), "and why");
        assert_eq!(notices(&house, "appeal.hours24", "officer2").await, 1);
        let page = house.page("leader", &format!("/disruptions/{disruption}")).await.expect(200).text();
        assert!(page.contains(&number), "the disruption lists it");
        // What begins now begins in the hours of the emergency.
        let assist = json!({"action": "dispatch", "assist": [house.department]});
        act(&house, "dispatcher", id, assist).await.unwrap();
        let order = desk::record(&house.app, &house.rule(), id).await.unwrap().orders[1].id;
        assert_eq!(due(&house, order, ClockKind::Sign).await.as_deref(), Some("11-27 10:00"));

        house.clock.set(at(30, 10));
        continuity::desk::close(&house.app, &leader, disruption, DisruptionEnd::default()).await.unwrap();
        // Four times 24 hours were used; ten working days are left from Monday.
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-14 17:30"));
        let record = desk::record(&house.app, &house.who("officer2").await, id).await.unwrap();
        assert_eq!(record.appeal.clock_mode, ClockMode::Office);
        let page = house.page("officer2", &format!("/appeals/{id}")).await.expect(200).text();
        assert!(page.contains("应急计时结束（寒潮）"));
        assert_eq!(
            notices(&house, "appeal.office_hours", "enterprise").await,
            1,
            "its result comes later than it stood"
        );

        for (numbers, field) in [("", "required"), ("SQ-no-such", "unknown_number")] {
            let open = declare(&house, false).await;
            assert_eq!(wrong(limits::join(&house.app, &leader, open, numbers, "x").await), [("numbers".into(), field)]);
        }
        let ended = limits::join(&house.app, &leader, disruption, &number, "x").await;
        assert_eq!(wrong(ended), [("disruption_id".into(), "disruption_closed")]);
        let officer = house.who("officer").await;
        assert!(matches!(limits::join(&house.app, &officer, disruption, &number, "x").await, Err(Error::Forbidden)));
    }
}

#[tokio::test]
async fn what_was_closed_in_an_emergency_goes_on_in_office_hours() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let disruption = declare(&house, false).await;
        let new = NewAppeal { enterprise_id: Some(house.enterprise), disruption_id: Some(disruption), ..trucks() };
        let id = desk::open(&house.app, &house.who("dispatcher").await, new).await.unwrap();
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-09 10:00"), "fifteen times 24 hours");
        let dispatch = json!({"action": "dispatch", "department_id": house.other_department});
        act(&house, "dispatcher", id, dispatch).await.unwrap();
        act(&house, "officer2", id, json!({"action": "sign"})).await.unwrap();
        let answer = json!({"action": "answer", "result": "solved", "text": "已抢通", "production_continued": "yes"});
        act(&house, "officer2", id, answer).await.unwrap();
        house.clock.set(at(26, 10));
        continuity::desk::close(&house.app, &leader, disruption, DisruptionEnd::default()).await.unwrap();
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-09 10:00"), "what is done stays");
        house.clock.set(at(27, 10));
        let back = json!({"action": "review", "ok": false, "reason": "未核实"});
        act(&house, "dispatcher", id, back).await.unwrap();
        // Nothing was used: fifteen working days from Friday the 27th on.
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-17 17:30"));
    }
}

#[tokio::test]
async fn more_time_for_a_work_order_is_asked_in_time_and_not_too_often() {
    for house in House::both().await {
        let of = async |channel| {
            let new = NewAppeal { enterprise_id: Some(house.enterprise), channel, ..trucks() };
            let id = desk::open(&house.app, &house.who("dispatcher").await, new).await.unwrap();
            let dispatch =
                json!({"action": "dispatch", "department_id": house.other_department, "assist": [house.department]});
            act(&house, "dispatcher", id, dispatch).await.unwrap();
            act(&house, "officer2", id, json!({"action": "sign"})).await.unwrap();
            (id, desk::record(&house.app, &house.rule(), id).await.unwrap().orders[1].id)
        };
        let (id, order) = of(Channel::Visit).await;
        let ask = |order: Uuid| json!({"action": "extend", "days": 1, "reason": "待检测", "work_order_id": order});
        let grant = |order: Uuid| json!({"action": "grant", "work_order_id": order});
        act(&house, "officer", id, ask(order)).await.unwrap();
        assert_eq!(code(act(&house, "officer", id, ask(order)).await), "extension_pending");
        let refuse = json!({"action": "grant", "granted": false, "work_order_id": order});
        assert_eq!(wrong(act(&house, "officer2", id, refuse).await), [("reason".into(), "required")]);
        act(&house, "officer2", id, grant(order)).await.unwrap();
        act(&house, "officer", id, ask(order)).await.unwrap();
        act(&house, "officer2", id, grant(order)).await.unwrap();
        assert_eq!(due(&house, order, ClockKind::Assist).await.as_deref(), Some("12-01 17:30"));
        assert_eq!(
            code(act(&house, "officer", id, ask(order)).await),
            "extension_used_up",
            "twice, as the appeal itself"
        );
        // The hotline's ordinance knows no extension, for whoever assists neither.
        let (hotline, of_hotline) = of(Channel::Hotline12345).await;
        assert_eq!(code(act(&house, "officer", hotline, ask(of_hotline)).await), "extension_used_up");
        let (late, of_late) = of(Channel::Visit).await;
        house.clock.set(at(24 + 10, 9));
        assert_eq!(code(act(&house, "officer", late, ask(of_late)).await), "extension_too_late");
    }
}

#[tokio::test]
async fn where_the_rule_says_so_more_time_is_asked_for_a_day_ahead() {
    for house in House::both().await {
        choose_usual(&house, "quanzhou_2022").await;
        let id = signed(&house).await;
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-03 17:30"));
        let ask = json!({"action": "extend", "days": 2, "reason": "需上级批复"});
        house.clock.set(at(33, 9));
        assert_eq!(code(act(&house, "officer2", id, ask.clone()).await), "extension_ask_before", "on the last day");
        house.clock.set(at(32, 9));
        act(&house, "officer2", id, ask).await.unwrap();
    }
}

#[tokio::test]
async fn a_year_without_official_days_is_told_loudly_where_it_matters() {
    for house in House::both().await {
        let banner = async |account: &str, path: &str| {
            let page = house.page(account, path).await.expect(200).text();
            let (all, hidden) = (page.matches(" data-year").count(), page.matches(" data-year hidden>").count());
            assert_eq!(all, 1, "{path} has the banner's place once");
            hidden == 0
        };
        let near = raise(&house).await;
        assert!(!banner("dispatcher", "/appeals").await, "nothing reaches into 2027 yet");
        assert!(!banner("dispatcher", &format!("/appeals/{near}")).await);
        house.clock.set(at(24 + 20, 10));
        let far = raise(&house).await;
        let path = format!("/appeals/{far}");
        for (account, path) in [
            ("dispatcher", "/appeals"),
            ("dispatcher", path.as_str()),
            ("enterprise", path.as_str()),
            ("enterprise", "/"),
        ] {
            assert!(banner(account, path).await, "{account} {path}");
        }
        let page = house.page("dispatcher", &path).await.expect(200).text();
        assert!(page.contains("2027 年放假安排尚未公布") && page.contains("/settings/calendar?year=2027"));
        assert!(!house.page("enterprise", &path).await.expect(200).text().contains("/settings/calendar"));
        let official = "2027-01-01\toff\t元旦";
        desk::load_official_days(&house.app, &house.who("dispatcher").await, official).await.unwrap();
        let page = house.page("dispatcher", &path).await.expect(200).text();
        assert!(!page.contains("2027 年放假安排尚未公布") && !page.contains("data-provisional"), "it is in");
    }
}

#[tokio::test]
async fn the_pages_of_limits() {
    for house in House::both().await {
        raise(&house).await;
        let page = house.page("auditor", "/settings/limits").await.expect(200).text();
        for text in
            ["济南市12345市民服务热线条例", "许昌市 2025（分级）", "A 类（历史遗留）", "1 个月", "24 小时", "其余诉求"]
        {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("name=\"finish\""), "who only reads has no form");
        let form = |finish: &'static str, step: &'static str, seen: &str| {
            let fields = [
                ("key", SHANDONG),
                ("verify", "1"),
                ("answer", "3"),
                ("finish", finish),
                ("longest", "30"),
                ("extensions", "2"),
                ("ask_before", "0"),
                ("sign", "1"),
                ("objection", "1"),
                ("assist", "3"),
                ("silence", "5"),
                ("reopen", "10"),
                ("approvers", "leader"),
                ("approvers", "oversight"),
                ("retime", "true"),
                ("reason", "试行"),
                ("step", step),
            ];
            let mut fields: Vec<(String, String)> =
                fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            fields.push(("seen".into(), seen.into()));
            fields
        };
        let post = async |fields: Vec<(String, String)>| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            house.post("dispatcher", "/settings/limits", &fields).await
        };
        post(form("zwanzig", "preview", "")).await.expect(422);
        let page = post(form("12", "preview", "")).await.expect(200).text();
        assert!(page.contains("12-15 17:30") && page.contains("12-10 17:30"), "from when to when");
        let seen =
            page.split("name=\"seen\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        raise(&house).await;
        let page = post(form("12", "save", &seen)).await.expect(422).text();
        assert!(page.contains("预览之后情况有变"));
        let seen =
            page.split("name=\"seen\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        post(form("12", "save", &seen)).await.expect(303);
        assert!(house.page("dispatcher", "/settings/limits").await.expect(200).text().contains("第 1 版"));
        house.post("officer", "/settings/limits", &[("key", SHANDONG)]).await.expect(403);
        house.post("dispatcher", "/settings/limits", &[("key", "no_such")]).await.expect(404);

        let rules = [("kind-0", "consult"), ("profile-0", "bureau_example"), ("kind-1", "help")];
        house.post("dispatcher", "/settings/limits/rules", &rules).await.expect(303);
        assert!(house.page("auditor", "/settings/limits").await.expect(200).text().contains("咨询：某局热线（示例）"));
        house.post("dispatcher", "/settings/limits/rules", &[("profile-0", SHANDONG)]).await.expect(422);

        let page = house.page("auditor", "/settings/ladder").await.expect(200).text();
        assert!(page.contains("到期前 1 个工作日") && !page.contains("name=\"point-0\""));
        let rung = |n: &'static str, step: &'static str| {
            [
                ("key-0", "near"),
                ("point-0", "before"),
                ("n-0", n),
                ("deed-0", "remind"),
                ("reaches-0", "handler"),
                ("start", "2026-11-24T10:00"),
                ("days", "15"),
                ("reason", "提前两天"),
                ("step", step),
            ]
        };
        house.post("dispatcher", "/settings/ladder", &rung("0", "preview")).await.expect(422);
        let page = house.post("dispatcher", "/settings/ladder", &rung("2", "preview")).await.expect(200).text();
        assert!(page.contains("2026-12-11 08:30") && page.contains("2026-12-15 17:30"));
        house.post("dispatcher", "/settings/ladder", &rung("2", "save")).await.expect(303);
        assert!(house.page("auditor", "/settings/ladder").await.expect(200).text().contains("到期前 2 个工作日"));
        house.post("officer", "/settings/ladder", &rung("2", "save")).await.expect(403);
    }
}
