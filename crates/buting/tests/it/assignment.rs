//! 包联: who answers for whom, over the desk and the API.

use crate::house::House;
use axum::http::header;
use buting::actor::Actor;
use buting::app::App;
use buting::assignment::desk::{self, NewHandover};
use buting::assignment::{Bulk, Duty, EndReason, GapKind, Item, NewAssignment, NewEnd, NewHolder, Warning, reach};
use buting::error::{Conflict, Error};
use buting::subject::SubjectKind;
use buting::time::{DAY_MS, HOUR_MS};
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

fn new(house: &House, role: Duty, holder: Uuid) -> NewAssignment {
    NewAssignment {
        id: None,
        subject_kind: SubjectKind::Enterprise,
        subject_id: house.enterprise,
        role,
        department_id: (!role.is_personal()).then_some(holder),
        person_id: role.is_personal().then_some(holder),
        valid_from: None,
        until: None,
        basis: Some("〔2026〕3号".into()),
        reason: None,
    }
}

async fn assign(house: &House, role: Duty, holder: Uuid) -> Uuid {
    desk::assign(&house.app, &house.who("dispatcher").await, new(house, role, holder)).await.unwrap()
}

async fn all_three(house: &House) -> [Uuid; 3] {
    [
        assign(house, Duty::LeadLeader, house.person("leader")).await,
        assign(house, Duty::LeadDept, house.department).await,
        assign(house, Duty::Officer, house.person("officer")).await,
    ]
}

async fn read(app: &App) -> store::Tx {
    app.read().await.unwrap()
}

async fn notices(house: &House, account: &str) -> Vec<(String, Json)> {
    let mut tx = read(&house.app).await;
    let query = sql!(
        "SELECT kind, args FROM notice WHERE zone_id = $1 AND person_id = $2 ORDER BY id",
        house.zone,
        house.person(account)
    );
    tx.list(query).await.unwrap()
}

async fn add_carrier(house: &House, name: &str, enterprises: &[Uuid]) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = house.app.db.write().await.unwrap();
    tx.run(sql!(
        "INSERT INTO carrier (zone_id, id, name, short_name, kind, spelling, created_at, version)
         VALUES ($1, $2, $3, $3, 'incubator', '', $4, 1)",
        house.zone,
        id,
        name,
        house.app.now()
    ))
    .await
    .unwrap();
    for enterprise in enterprises {
        let update =
            sql!("UPDATE enterprise SET carrier_id = $1 WHERE zone_id = $2 AND id = $3", id, house.zone, enterprise);
        tx.run(update).await.unwrap();
    }
    tx.commit().await.unwrap();
    id
}

async fn leave(house: &House, person: Uuid) {
    let mut tx = house.app.db.write().await.unwrap();
    let update =
        sql!("UPDATE person SET left_at = $1 WHERE zone_id = $2 AND id = $3", house.app.now(), house.zone, person);
    tx.run(update).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn three_answer_and_everybody_concerned_hears_of_it() {
    for house in House::both().await {
        all_three(&house).await;
        let mut tx = read(&house.app).await;
        let answer =
            desk::current(&house.app, &mut tx, house.zone, SubjectKind::Enterprise, house.enterprise).await.unwrap();
        assert_eq!(answer.leader.as_ref().map(|h| h.name.as_str()), Some("leader某"));
        assert_eq!(
            answer.department.as_ref().map(|h| (h.name.as_str(), h.phone.as_deref())),
            Some(("企业服务部", Some("053112345678")))
        );
        let officer = answer.officer.clone().unwrap();
        assert_eq!((officer.phone.as_deref(), officer.inherited), (Some("13800000000"), false));
        assert_eq!(answer.gaps(), []);
        drop(tx);
        let own = notices(&house, "enterprise").await;
        assert_eq!(own.len(), 3, "{own:?}");
        assert_eq!(own[2].0, "assignment.answers");
        assert_eq!(own[2].1["name"], "officer某");
        assert!(
            notices(&house, "officer")
                .await
                .iter()
                .any(|(kind, args)| kind == "assignment.assigned" && args["role"] == "officer")
        );
        assert_eq!(notices(&house, "enterprise2").await, []);
    }
}

#[tokio::test]
async fn a_place_has_one_holder_even_when_two_are_named_at_once() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        let (one, two) =
            (new(&house, Duty::Officer, house.person("officer")), new(&house, Duty::Officer, house.person("officer2")));
        let (a, b) = tokio::join!(desk::assign(&house.app, &who, one), desk::assign(&house.app, &who, two));
        let (won, lost) = if a.is_ok() { (a, b) } else { (b, a) };
        won.unwrap();
        assert!(matches!(lost, Err(Error::Conflict(Conflict::State("assignment_held")))), "{lost:?}");
        let mut tx = read(&house.app).await;
        let query = sql!(
            "SELECT count(*) FROM assignment WHERE zone_id = $1 AND role = 'officer' AND valid_to IS NULL",
            house.zone
        );
        assert_eq!(tx.value::<i64>(query).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_change_keeps_what_was() {
    for house in House::both().await {
        let first = assign(&house, Duty::Officer, house.person("officer")).await;
        let began = house.app.now();
        house.clock.set(began.plus(10 * DAY_MS));
        let who = house.who("leader").await;
        let holder = NewHolder { person_id: Some(house.person("officer2")), ..NewHolder::default() };
        let missing = desk::change(&house.app, &who, first, holder.clone()).await.unwrap_err();
        assert!(matches!(missing, Error::Invalid(ref e) if e[0].field == "reason"), "{missing:?}");
        let holder = NewHolder { reason: Some("分工调整".into()), ..holder };
        let second = desk::change(&house.app, &who, first, holder.clone()).await.unwrap();
        let mut tx = read(&house.app).await;
        let kind = SubjectKind::Enterprise;
        for (day, expected) in [
            (-1, None),
            (0, Some("officer某")),
            (9, Some("officer某")),
            (10, Some("officer2某")),
            (20, Some("officer2某")),
        ] {
            let then =
                desk::as_of(&mut tx, house.zone, kind, house.enterprise, began.plus(day * DAY_MS)).await.unwrap();
            assert_eq!(then.officer.as_ref().map(|h| h.name.as_str()), expected, "day {day}");
        }
        let history = desk::history(&house.app, &mut tx, house.zone, house.enterprise).await.unwrap();
        assert_eq!(history.iter().map(|row| row.id).collect::<Vec<_>>(), [second, first]);
        assert_eq!((history[1].end_reason, history[1].successor_id), (Some(EndReason::Changed), Some(second)));
        assert_eq!(history[1].valid_to, Some(history[0].valid_from));
        drop(tx);
        let again = desk::change(&house.app, &who, first, holder).await;
        assert!(matches!(again, Err(Error::Conflict(Conflict::State("assignment_ended")))), "{again:?}");
        let told = notices(&house, "officer").await;
        assert!(told.iter().any(|(kind, _)| kind == "assignment.relieved"), "{told:?}");
        let logged = sql!(
            "SELECT before, after, note FROM ledger WHERE zone_id = $1 AND action = 'assignment.change' AND about_id = $2",
            house.zone,
            house.enterprise
        );
        let (before, after, note): (Json, Json, String) = read(&house.app).await.one(logged).await.unwrap();
        assert_eq!(
            (before["holder"].as_str(), after["holder"].as_str(), note.as_str()),
            (Some("officer某"), Some("officer2某"), "分工调整")
        );
    }
}

#[tokio::test]
async fn two_changes_at_once_are_one() {
    for house in House::both().await {
        let id = assign(&house, Duty::Officer, house.person("officer")).await;
        let mut who = house.who("dispatcher").await;
        who.seen_version = Some(1);
        let to = |account| NewHolder {
            person_id: Some(house.person(account)),
            reason: Some("轮岗".into()),
            ..NewHolder::default()
        };
        let (a, b) = tokio::join!(
            desk::change(&house.app, &who, id, to("officer2")),
            desk::change(&house.app, &who, id, to("specialist"))
        );
        assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|ok| **ok).count(), 1, "{a:?} {b:?}");
        let lost = if a.is_ok() { b } else { a };
        assert!(matches!(lost, Err(Error::Conflict(Conflict::Stale(2)))), "{lost:?}");
    }
}

#[tokio::test]
async fn back_dating_stops_at_the_last_holder() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        let began = house.app.now();
        let id = assign(&house, Duty::Officer, house.person("officer")).await;
        house.clock.set(began.plus(10 * DAY_MS));
        let end = NewEnd { reason: EndReason::Moved, note: None, at: Some(began.plus(5 * DAY_MS)) };
        desk::end(&house.app, &who, id, end).await.unwrap();
        for (from, field) in [(4, Some("overlap")), (11, Some("future")), (5, None)] {
            let next = NewAssignment {
                valid_from: Some(began.plus(from * DAY_MS)),
                ..new(&house, Duty::Officer, house.person("officer2"))
            };
            match (desk::assign(&house.app, &who, next).await, field) {
                (Ok(_), None) => {}
                (Err(Error::Invalid(errors)), Some(code)) => {
                    assert_eq!((errors[0].field.as_str(), errors[0].code), ("valid_from", code))
                }
                (other, _) => panic!("{from}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn only_people_of_the_office_answer() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        for (role, holder, field, code) in [
            (Duty::Officer, house.person("enterprise"), "person_id", "person_outside"),
            (Duty::Officer, house.person("agency"), "person_id", "person_outside"),
            (Duty::Officer, Uuid::now_v7(), "person_id", "unknown"),
            (Duty::Officer, house.person("officer@zone2"), "person_id", "unknown"),
            (Duty::LeadDept, house.agency, "department_id", "department_partner"),
        ] {
            match desk::assign(&house.app, &who, new(&house, role, holder)).await {
                Err(Error::Invalid(errors)) => assert_eq!((errors[0].field.as_str(), errors[0].code), (field, code)),
                other => panic!("{role} {code}: {other:?}"),
            }
        }
        leave(&house, house.person("officer2")).await;
        let left = desk::assign(&house.app, &who, new(&house, Duty::Officer, house.person("officer2"))).await;
        assert!(matches!(left, Err(Error::Invalid(ref e)) if e[0].code == "person_left"), "{left:?}");
        assign(&house, Duty::AssistDept, house.agency).await;
        let twice = desk::assign(&house.app, &who, new(&house, Duty::AssistDept, house.agency)).await;
        assert!(matches!(twice, Err(Error::Conflict(Conflict::State("assignment_same")))), "{twice:?}");
    }
}

#[tokio::test]
async fn a_lent_officer_is_a_warning_and_no_error() {
    for house in House::both().await {
        assign(&house, Duty::LeadDept, house.department).await;
        let id = assign(&house, Duty::Officer, house.person("officer2")).await;
        let shown = desk::get(&house.app, &house.who("officer").await, id).await.unwrap();
        assert_eq!(shown.warnings, [Warning::OfficerOutsideLeadDept]);
    }
}

#[tokio::test]
async fn an_enterprise_inherits_from_its_carrier() {
    for house in House::both().await {
        let carrier = add_carrier(&house, "创业孵化器", &[house.enterprise]).await;
        let who = house.who("dispatcher").await;
        for (role, holder) in [
            (Duty::LeadLeader, house.person("leader")),
            (Duty::LeadDept, house.department),
            (Duty::Officer, house.person("officer")),
        ] {
            let place =
                NewAssignment { subject_kind: SubjectKind::Carrier, subject_id: carrier, ..new(&house, role, holder) };
            desk::assign(&house.app, &who, place).await.unwrap();
        }
        let kind = SubjectKind::Enterprise;
        let mut tx = read(&house.app).await;
        let answer = desk::current(&house.app, &mut tx, house.zone, kind, house.enterprise).await.unwrap();
        let officer = answer.officer.unwrap();
        assert_eq!(
            (officer.name.as_str(), officer.inherited, officer.inherited_from.as_deref()),
            ("officer某", true, Some("创业孵化器"))
        );
        drop(tx);
        assert_eq!(notices(&house, "enterprise").await.len(), 3, "the carrier's enterprises hear of it");
        // It moves out and in again a day later; who answered yesterday still did.
        let there = house.app.now();
        for (day, to) in [(1, Json::Null), (2, json!(carrier))] {
            house.clock.set(there.plus(day * DAY_MS));
            let path = format!("/api/v1/enterprises/{}", house.enterprise);
            house.call("dispatcher", "PATCH", &path, json!({"carrier_id": to})).await.expect(200);
        }
        let mut tx = read(&house.app).await;
        for (hours, officer) in [(1, Some("officer某")), (30, None), (50, Some("officer某"))] {
            let at = there.plus(hours * HOUR_MS);
            let answer = desk::as_of(&mut tx, house.zone, kind, house.enterprise, at).await.unwrap();
            assert_eq!(answer.officer.map(|holder| holder.name).as_deref(), officer, "{hours} hours on");
        }
        drop(tx);
        assign(&house, Duty::Officer, house.person("officer2")).await;
        let mut tx = read(&house.app).await;
        let answer = desk::current(&house.app, &mut tx, house.zone, kind, house.enterprise).await.unwrap();
        assert_eq!(answer.officer.map(|h| (h.name, h.inherited)), Some(("officer2某".into(), false)));
        assert!(answer.leader.unwrap().inherited);
    }
}

#[tokio::test]
async fn reach_follows_the_assignment() {
    for house in House::both().await {
        let carrier = add_carrier(&house, "创业孵化器", &[house.other_enterprise]).await;
        let officer2 = house.who("officer2").await;
        let specialist = house.who("specialist").await;
        let reached = async |who: &Actor, id: Uuid| reach::reaches(&mut read(&house.app).await, who, id).await.unwrap();
        assert!(!reached(&officer2, house.enterprise).await);
        let id = assign(&house, Duty::LeadDept, house.other_department).await;
        assert!(reached(&officer2, house.enterprise).await);
        assert!(!reached(&officer2, house.other_enterprise).await);
        assert!(!reached(&specialist, house.enterprise).await);
        let stand_in = assign(&house, Duty::StandIn, house.person("specialist")).await;
        assert!(reached(&specialist, house.enterprise).await);
        let place = NewAssignment {
            subject_kind: SubjectKind::Carrier,
            subject_id: carrier,
            ..new(&house, Duty::LeadDept, house.other_department)
        };
        let dispatcher = house.who("dispatcher").await;
        desk::assign(&house.app, &dispatcher, place).await.unwrap();
        assert!(reached(&officer2, house.other_enterprise).await, "through the carrier");
        assert!(reached(&officer2, carrier).await);
        for row in [id, stand_in] {
            let end = NewEnd { reason: EndReason::Changed, note: None, at: None };
            desk::end(&house.app, &dispatcher, row, end).await.unwrap();
        }
        assert!(!reached(&officer2, house.enterprise).await, "ended with the assignment");
        assert!(!reached(&specialist, house.enterprise).await);
        for (account, own, other) in [
            ("enterprise", true, false),
            ("leader", true, true),
            ("agency", false, false),
            ("sysadmin", false, false),
            ("leader@zone2", true, true),
        ] {
            let who = house.who(account).await;
            assert_eq!(reached(&who, house.enterprise).await, own, "{account}");
            assert_eq!(reached(&who, house.other_enterprise).await, other, "{account}");
        }
    }
}

#[tokio::test]
async fn gaps_name_what_is_missing() {
    for house in House::both().await {
        let leader = house.who("leader").await;
        let carrier = add_carrier(&house, "创业孵化器", &[house.enterprise]).await;
        let gaps = async || {
            let page = desk::gaps(&house.app, &leader, None, 50).await.unwrap();
            assert_eq!(page.total, Some(page.items.len() as i64));
            page.items.into_iter().map(|gap| (gap.subject.id, gap.missing)).collect::<Vec<_>>()
        };
        let of = |gaps: Vec<(Uuid, Vec<GapKind>)>, id: Uuid| gaps.into_iter().find(|gap| gap.0 == id).map(|gap| gap.1);
        let none = vec![GapKind::NoLeader, GapKind::NoDepartment, GapKind::NoOfficer];
        let all = gaps().await;
        assert_eq!(all.len(), 4, "{all:?}");
        assert_eq!(all[0].0, house.project, "key subjects first");
        assert!(all.iter().all(|gap| gap.1 == none));
        let [_, _, officer] = all_three(&house).await;
        assert_eq!(of(gaps().await, house.enterprise), None);
        leave(&house, house.person("officer")).await;
        assert_eq!(of(gaps().await, house.enterprise), Some(vec![GapKind::OfficerLeft]));
        let who = house.who("dispatcher").await;
        desk::end(&house.app, &who, officer, NewEnd { reason: EndReason::Left, note: None, at: None }).await.unwrap();
        assert_eq!(of(gaps().await, house.enterprise), Some(vec![GapKind::NoOfficer]));
        // The carrier's officer fills the place; when his order runs out it is empty again.
        let until = house.app.now().plus(DAY_MS);
        let place = NewAssignment {
            subject_kind: SubjectKind::Carrier,
            subject_id: carrier,
            until: Some(until),
            ..new(&house, Duty::Officer, house.person("officer2"))
        };
        let row = desk::assign(&house.app, &who, place).await.unwrap();
        assert_eq!(of(gaps().await, house.enterprise), None);
        house.clock.set(until);
        assert_eq!(of(gaps().await, house.enterprise), Some(vec![GapKind::Expired]));
        desk::renew(&house.app, &who, row, Some(until.plus(DAY_MS)), Some("〔2026〕9号")).await.unwrap();
        assert_eq!(of(gaps().await, house.enterprise), None);
        let first = desk::gaps(&house.app, &leader, None, 1).await.unwrap();
        let second = desk::gaps(&house.app, &leader, first.next_cursor.as_deref(), 10).await.unwrap();
        assert_eq!((first.items.len(), second.items.len()), (1, 2));
        assert!(second.items.iter().all(|gap| gap.subject.id != first.items[0].subject.id));
    }
}

#[tokio::test]
async fn everything_is_handed_over_in_one_step() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        assign(&house, Duty::Officer, house.person("officer")).await;
        assign(&house, Duty::StandIn, house.person("officer2")).await;
        let second =
            NewAssignment { subject_id: house.other_enterprise, ..new(&house, Duty::Officer, house.person("officer")) };
        desk::assign(&house.app, &who, second).await.unwrap();
        let third = NewAssignment {
            subject_kind: SubjectKind::Project,
            subject_id: house.project,
            ..new(&house, Duty::StandIn, house.person("officer"))
        };
        desk::assign(&house.app, &who, third).await.unwrap();
        house.clock.set(house.app.now().plus(HOUR_MS));
        let over = NewHandover {
            from_person: house.person("officer"),
            to_person: house.person("officer2"),
            note: "调任，已面交台账".into(),
            reason: EndReason::Moved,
        };
        let batch = desk::handover(&house.app, &who, over.clone()).await.unwrap();
        let done = desk::done(&house.app, &who, batch).await.unwrap();
        assert_eq!((done.opened, done.changed), (3, 3));
        assert_eq!(desk::held(&house.app, &who, house.person("officer")).await.unwrap().len(), 0);
        let held = desk::held(&house.app, &who, house.person("officer2")).await.unwrap();
        assert_eq!(held.iter().filter(|row| row.role == Duty::Officer).count(), 2);
        assert_eq!(
            held.iter().filter(|row| row.role == Duty::StandIn).count(),
            1,
            "who became officer no longer stands in there"
        );
        for account in ["enterprise", "enterprise2", "project"] {
            let told = notices(&house, account).await;
            assert_eq!(
                told.last().map(|(kind, args)| (kind.as_str(), args["name"].as_str())),
                Some(("assignment.answers", Some("officer2某"))),
                "{account}"
            );
        }
        let told = notices(&house, "officer2").await;
        assert!(told.iter().any(|(kind, args)| kind == "assignment.assigned_many" && args["n"] == 3), "{told:?}");
        let again = desk::handover(&house.app, &who, over).await;
        assert!(matches!(again, Err(Error::Conflict(Conflict::State("nothing_to_hand_over")))), "{again:?}");
    }
}

#[tokio::test]
async fn many_at_once_are_all_or_nothing() {
    for house in House::both().await {
        assign(&house, Duty::LeadDept, house.department).await;
        let who = house.who("dispatcher").await;
        let item = |subject_id, role: Duty, holder| Item {
            subject_kind: SubjectKind::Enterprise,
            subject_id,
            role,
            department_id: (!role.is_personal()).then_some(holder),
            person_id: role.is_personal().then_some(holder),
            seen: None,
        };
        let bulk = Bulk {
            items: vec![
                item(house.enterprise, Duty::LeadDept, house.other_department),
                item(house.other_enterprise, Duty::LeadDept, house.other_department),
                item(house.enterprise, Duty::Officer, house.person("officer")),
            ],
            replace: true,
            basis: Some("〔2026〕5号".into()),
            reason: Some("年度分工".into()),
        };
        let preview = desk::preview(&house.app, &who, &bulk).await.unwrap();
        assert_eq!(
            preview.places.iter().map(|place| place.step.word()).collect::<Vec<_>>(),
            ["change", "open", "open"]
        );
        assert_eq!(preview.places[0].before.as_deref(), Some("企业服务部"));
        assert!(preview.places[2].lent, "the officer is not of the new lead department");
        let bad = Bulk {
            items: [bulk.items.clone(), vec![item(Uuid::now_v7(), Duty::LeadDept, house.department)]].concat(),
            ..bulk.clone()
        };
        assert!(matches!(desk::bulk(&house.app, &who, bad).await, Err(Error::Invalid(_))));
        let unchanged = desk::preview(&house.app, &who, &bulk).await.unwrap();
        let seen = |preview: &desk::Preview| preview.places.iter().map(|place| place.seen.clone()).collect::<Vec<_>>();
        assert_eq!(seen(&unchanged), seen(&preview), "nothing was kept of the batch that failed");
        let items =
            preview.places.iter().map(|place| Item { seen: Some(place.seen.clone()), ..place.item.clone() }).collect();
        let bulk = Bulk { items, ..bulk };
        let batch = desk::bulk(&house.app, &who, bulk.clone()).await.unwrap();
        let done = desk::done(&house.app, &who, batch).await.unwrap();
        assert_eq!((done.opened, done.changed), (3, 1));
        let stale = desk::bulk(&house.app, &who, bulk).await;
        assert!(matches!(stale, Err(Error::Conflict(Conflict::State("assignment_moved_on")))), "{stale:?}");
        let load = desk::load(&house.app, &who, Duty::LeadDept).await.unwrap();
        let of = |id| load.iter().find(|load| load.id == id).map(|load| (load.enterprises, load.weight));
        assert_eq!((of(house.department), of(house.other_department)), (Some((0, 0)), Some((2, 2))));
    }
}

#[tokio::test]
async fn the_api_keeps_its_contract() {
    for house in House::both().await {
        let body = json!({"subject_kind": "enterprise", "subject_id": house.enterprise, "role": "officer", "person_id": house.person("officer")});
        for (account, status) in [
            ("anonymous", 401),
            ("officer", 403),
            ("oversight", 403),
            ("enterprise", 403),
            ("agency", 403),
            ("sysadmin", 403),
        ] {
            house.call(account, "POST", "/api/v1/assignments", body.clone()).await.expect(status);
        }
        house.call("dispatcher@zone2", "POST", "/api/v1/assignments", body.clone()).await.expect(422);
        let key = [("idempotency-key", "once-1")];
        let made = house.call_with("dispatcher", "POST", "/api/v1/assignments", body.clone(), &key).await.expect(201);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let again = house.call_with("dispatcher", "POST", "/api/v1/assignments", body.clone(), &key).await.expect(200);
        assert_eq!(again.json()["id"], id.as_str());
        house.call("dispatcher", "POST", "/api/v1/assignments", body).await.expect(409);
        let path = format!("/api/v1/assignments/{id}");
        let etag = made.headers[header::ETAG].to_str().unwrap().to_owned();
        for (account, status) in [
            ("officer2", 200),
            ("enterprise", 200),
            ("enterprise2", 404),
            ("project", 404),
            ("leader@zone2", 404),
            ("agency", 403),
        ] {
            house.call(account, "GET", &path, Json::Null).await.expect(status);
        }
        let unknown = house.call("dispatcher", "PATCH", &path, json!({"end_resaon": "left"})).await.expect(400);
        assert_eq!(unknown.json()["errors"][0]["pointer"], "/end_resaon");
        let change = json!({"person_id": house.person("officer2"), "reason": "轮岗"});
        let next = house
            .call_with("dispatcher", "PATCH", &path, change.clone(), &[("if-match", etag.as_str())])
            .await
            .expect(200)
            .json();
        assert_eq!((next["person"].as_str(), next["version"].as_i64()), (Some("officer2某"), Some(1)));
        assert_eq!(
            house.call_with("dispatcher", "PATCH", &path, change, &[("if-match", etag.as_str())]).await.status,
            412
        );
        let path = format!("/api/v1/assignments/{}", next["id"].as_str().unwrap());
        let ended = house
            .call("leader", "PATCH", &path, json!({"end_reason": "moved", "reason": "借调"}))
            .await
            .expect(200)
            .json();
        assert_eq!((ended["end_reason"].as_str(), ended["valid_to"].is_string()), (Some("moved"), true));
        let list = house
            .call(
                "officer",
                "GET",
                &format!("/api/v1/assignments?subject_id={}&current=true", house.enterprise),
                Json::Null,
            )
            .await;
        assert_eq!(list.expect(200).json()["total"], 0);
        let list = house
            .call("officer", "GET", &format!("/api/v1/assignments?subject_id={}&limit=1", house.enterprise), Json::Null)
            .await
            .expect(200)
            .json();
        assert_eq!((list["total"].as_i64(), list["items"][0]["id"].as_str()), (Some(2), Some(id.as_str())));
        let rest = format!(
            "/api/v1/assignments?subject_id={}&cursor={}",
            house.enterprise,
            list["next_cursor"].as_str().unwrap()
        );
        assert_eq!(
            house.call("officer", "GET", &rest, Json::Null).await.expect(200).json()["items"].as_array().unwrap().len(),
            1
        );
        let own = house.call("enterprise2", "GET", "/api/v1/assignments", Json::Null).await.expect(200).json();
        assert_eq!(own["total"], 0, "an enterprise sees its own only");
        house.call("officer", "GET", "/api/v1/assignments?nonsense=1", Json::Null).await.expect(400);
        house.call("officer", "GET", "/api/v1/assignments?cursor=x", Json::Null).await.expect(422);
        house.call("officer", "GET", "/api/v1/assignments?q=a%00b", Json::Null).await.expect(400);
    }
}

#[tokio::test]
async fn proposals_are_explained_and_accepted_in_one_step() {
    for house in House::both().await {
        let proposed =
            house.call("dispatcher", "POST", "/api/v1/assignments/proposals", json!({})).await.expect(200).json();
        let items = proposed["items"].as_array().unwrap();
        assert_eq!(items.len(), 9, "three roles of three subjects: {proposed}");
        assert!(items.iter().all(|item| !item["explanation"].as_str().unwrap().is_empty()));
        let accepted: Vec<Json> = items
            .iter()
            .map(|item| {
                json!({"subject_kind": item["subject_kind"], "subject_id": item["subject_id"], "role": item["role"],
                    "person_id": item["person_id"], "department_id": item["department_id"], "seen": item["seen"]})
            })
            .collect();
        let stored = sql!("SELECT count(*) FROM assignment WHERE zone_id = $1", house.zone);
        assert_eq!(read(&house.app).await.value::<i64>(stored).await.unwrap(), 0, "a proposal is not stored");
        let done = house
            .call("dispatcher", "POST", "/api/v1/assignments/bulk", json!({"items": accepted}))
            .await
            .expect(200)
            .json();
        assert_eq!(done["opened"], 9);
        let gaps = house.call("officer", "GET", "/api/v1/assignments/gaps", Json::Null).await.expect(200).json();
        assert_eq!(gaps["total"], 0);
        house.call("officer", "POST", "/api/v1/assignments/proposals", json!({})).await.expect(403);
    }
}

#[tokio::test]
async fn pages_show_who_answers() {
    for house in House::both().await {
        let gaps = house.page("dispatcher", "/assignments").await.expect(200).text();
        assert!(
            gaps.contains("测试机电设备有限公司") && gaps.contains("无经办人") && gaps.contains("批量指定"),
            "{gaps}"
        );
        let [leader, ..] = all_three(&house).await;
        let gaps = house.page("oversight", "/assignments").await.expect(200).text();
        assert!(
            !gaps.contains("测试机电设备有限公司") && !gaps.contains("批量指定"),
            "oversight looks, but does not assign"
        );
        let leaders = house.page("officer", "/assignments?view=leaders").await.expect(200).text();
        let link = format!(
            "/assignments?view=list&#38;person_id={}&#38;role=lead_leader&#38;subject_kind=enterprise\">1</a>",
            house.person("leader")
        );
        assert!(leaders.contains(&link), "{leaders}");
        for view in ["departments", "officers", "list", "mine"] {
            let page = house.page("officer", &format!("/assignments?view={view}")).await.expect(200).text();
            assert!(page.contains("企业服务部") || page.contains("officer某"), "{view}: {page}");
        }
        let mine = house.page("officer", "/assignments?mine=1").await.expect(200).text();
        assert!(mine.contains("测试机电") && mine.contains("tel:13800000000") && mine.contains("leader某"), "{mine}");
        let none = house.page("specialist", "/assignments?mine=1&q=另一家").await.expect(200).text();
        assert!(none.contains("没有符合条件的记录"), "{none}");
        let narrowed = house
            .page("officer", &format!("/assignments?person_id={}", house.person("leader")))
            .await
            .expect(200)
            .text();
        assert!(narrowed.contains("<strong>leader某</strong>") && !narrowed.contains("<td>officer某"), "{narrowed}");
        let record = house.page("leader", &format!("/assignments/{leader}")).await.expect(200).text();
        assert!(record.contains("终止责任关系"));
        let record = house.page("officer", &format!("/assignments/{leader}")).await.expect(200).text();
        assert!(!record.contains("终止责任关系") && record.contains("由领导或总协调室调整"));
        let of = format!("/assignments/of/enterprise/{}", house.enterprise);
        let history = house.page("officer", &of).await.expect(200).text();
        assert!(history.contains("tel:053112345678") && history.contains("现任"), "{history}");
        let before = house.page("officer", &format!("{of}?day=2026-11-23")).await.expect(200).text();
        assert!(before.contains("无包联领导"), "{before}");
        for (account, path, status) in [
            ("enterprise", "/assignments", 403),
            ("agency", "/assignments", 403),
            ("officer", "/assignments/new", 403),
            ("leader@zone2", of.as_str(), 404),
            ("officer", "/assignments/of/enterprise/none", 404),
            ("officer", "/assignments/none", 404),
        ] {
            house.page(account, path).await.expect(status);
        }
        let sheet = house.page("officer", "/assignments/export?view=list").await.expect(200);
        assert!(sheet.bytes.starts_with(b"PK"));
        let logged = sql!("SELECT count(*) FROM access_log WHERE zone_id = $1 AND kind = 'export'", house.zone);
        assert_eq!(read(&house.app).await.value::<i64>(logged).await.unwrap(), 1);
    }
}

/// The values of the ticked boxes of that name in a page.
fn boxes(page: &str, name: &str) -> Vec<String> {
    let head = format!("name=\"{name}\" value=\"");
    page.match_indices(&head).map(|(at, _)| page[at + head.len()..].split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn forms_keep_what_was_typed_and_go_on_to_the_record() {
    for house in House::both().await {
        let id = house.enterprise.to_string();
        let officer = house.person("officer").to_string();
        let found = house.page("dispatcher", "/assignments/new?q=测试机电").await.expect(200).text();
        assert!(found.contains(&id), "{found}");
        let form = house
            .page("dispatcher", &format!("/assignments/new?subject_kind=enterprise&subject_id={id}&role=officer"))
            .await
            .expect(200)
            .text();
        assert!(
            form.contains(&officer) && !form.contains(&house.person("agency").to_string()),
            "only the committee's own people are offered"
        );
        let fields = [
            ("subject_kind", "enterprise"),
            ("subject_id", id.as_str()),
            ("role", "officer"),
            ("basis", "〔2026〕3号"),
        ];
        let again = house.post("dispatcher", "/assignments/new", &fields).await.expect(422).text();
        assert!(again.contains("〔2026〕3号") && again.contains("责任人：请填写"), "{again}");
        let mut typed = fields.to_vec();
        typed.extend([
            ("holder", officer.as_str()),
            ("valid_from", "2026-11-20"),
            ("until", "2026-12-31"),
            ("once", "form-1"),
        ]);
        house.post("dispatcher", "/assignments/new", &typed).await.expect(303);
        house.post("dispatcher", "/assignments/new", &typed).await.expect(303);
        let row = house.call("officer", "GET", "/api/v1/assignments?current=true", Json::Null).await.expect(200).json();
        assert_eq!(row["total"], 1, "a repeated post is one assignment");
        let row = &row["items"][0];
        assert_eq!(
            (row["valid_from"].as_str(), row["until"].as_str()),
            (Some("2026-11-19T16:00:00.000Z"), Some("2026-12-31T16:00:00.000Z"))
        );
        let path = format!("/assignments/{}", row["id"].as_str().unwrap());
        let shown = house.page("dispatcher", &path).await.expect(200).text();
        assert!(shown.contains("2026-12-31"), "{shown}");
        let same = [("version", "1"), ("holder", officer.as_str()), ("reason", "无")];
        let same = house.post("dispatcher", &format!("{path}/change"), &same).await.expect(422).text();
        assert!(same.contains("与现责任人相同"), "{same}");
        let officer2 = house.person("officer2").to_string();
        let change = [("version", "1"), ("holder", officer2.as_str()), ("reason", "轮岗"), ("once", "form-2")];
        house.post("dispatcher", &format!("{path}/change"), &change).await.expect(303);
        let stale = [("version", "1"), ("end_reason", "moved")];
        assert_eq!(house.post("dispatcher", &format!("{path}/end"), &stale).await.status, 412);
        house.post("officer", &format!("{path}/end"), &stale).await.expect(403);
        let handover = house.page("leader", &format!("/assignments/handover?from={officer2}")).await.expect(200).text();
        assert!(handover.contains("测试机电"), "{handover}");
        let fields = [("from_person", officer2.as_str()), ("to_person", officer2.as_str()), ("note", "调任")];
        let wrong = house.post("leader", "/assignments/handover", &fields).await.expect(422).text();
        assert!(wrong.contains("交接双方是同一人") && wrong.contains("调任"), "{wrong}");
        let fields = [
            ("from_person", officer2.as_str()),
            ("to_person", officer.as_str()),
            ("note", "调任"),
            ("reason", "moved"),
        ];
        house.post("leader", "/assignments/handover", &fields).await.expect(303);
        assert_eq!(desk::held(&house.app, &house.who("leader").await, house.person("officer")).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_is_ticked_is_previewed_and_then_done() {
    for house in House::both().await {
        let page = house.page("dispatcher", "/assignments").await.expect(200).text();
        let subjects = boxes(&page, "subject");
        assert_eq!(subjects.len(), 3, "{page}");
        let department = house.department.to_string();
        let mut fields: Vec<(&str, &str)> = subjects.iter().map(|value| ("subject", value.as_str())).collect();
        fields.extend([("lead_dept", department.as_str()), ("step", "preview")]);
        let preview = house.post("dispatcher", "/assignments/bulk", &fields).await.expect(200).text();
        assert!(preview.contains("新增 3 项，调整 0 项"), "{preview}");
        let items = boxes(&preview, "item");
        // One is unticked before it is confirmed.
        let mut fields: Vec<(&str, &str)> = items.iter().take(2).map(|value| ("item", value.as_str())).collect();
        fields.extend([("step", "do"), ("basis", "〔2026〕3号"), ("once", "bulk-1")]);
        house.post("dispatcher", "/assignments/bulk", &fields).await.expect(303);
        house.post("dispatcher", "/assignments/bulk", &fields).await.expect(303);
        let list =
            house.call("officer", "GET", "/api/v1/assignments?role=lead_dept", Json::Null).await.expect(200).json();
        assert_eq!(list["total"], 2, "{list}");
        fields.retain(|(name, _)| *name != "once");
        assert_eq!(
            house.post("dispatcher", "/assignments/bulk", &fields).await.status,
            409,
            "the places have changed since the preview"
        );
        let proposals = house.post("dispatcher", "/assignments/bulk", &[("step", "propose")]).await.expect(200).text();
        let items = boxes(&proposals, "item");
        assert_eq!(items.len(), 7, "{proposals}");
        assert!(proposals.contains("目前负担最轻"), "{proposals}");
        let mut fields: Vec<(&str, &str)> = items.iter().map(|value| ("item", value.as_str())).collect();
        fields.push(("step", "do"));
        house.post("dispatcher", "/assignments/bulk", &fields).await.expect(303);
        let page = house.page("dispatcher", "/assignments").await.expect(200).text();
        assert!(page.contains("均已落实"), "{page}");
        house.post("officer", "/assignments/bulk", &fields).await.expect(403);
    }
}

#[tokio::test]
async fn whoever_leaves_hands_over_first_and_cases_stay_in_their_department() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        let api = async |account: &str, path: &str, body: Json| {
            let answer = house.call(account, "POST", path, body).await;
            assert!(answer.status.is_success(), "{path}: {}", answer.text());
            answer.json()["id"].as_str().unwrap_or_default().to_owned()
        };
        let appeal = api(
            "enterprise",
            "/api/v1/appeals",
            json!({"enterprise_id": house.enterprise, "title": "停电",
            "body": "三号线停电", "category": "power_water_gas"}),
        )
        .await;
        let actions = format!("/api/v1/appeals/{appeal}/actions");
        api("dispatcher", &actions, json!({"action": "dispatch", "department_id": house.department})).await;
        api("officer", &actions, json!({"action": "sign"})).await;
        let measure = json!({"enterprise_id": house.enterprise, "line": "production", "cause_kind": "power",
            "kind": "other", "text": "调发电车", "owner_id": house.person("officer"), "due_at": "2026-11-26T02:00:00Z"});
        api("dispatcher", "/api/v1/measures", measure).await;
        let held = desk::in_hands(&house.app, &who, house.person("officer")).await.unwrap();
        let kinds: Vec<_> = held.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, ["appeal", "work_order", "measure"]);
        assert!(held[0].href.is_some());

        // Leaving without handing over is refused, until somebody has seen what stays behind.
        let leave = format!("/api/v1/people/{}/leave", house.person("officer"));
        let refused = house.call("dispatcher", "POST", &leave, json!({"reason": "调任"})).await.expect(409).json();
        assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("请先交接")), "{refused}");
        let page = house.page("dispatcher", &format!("/assignments/handover?from={}", house.person("officer"))).await;
        let page = page.expect(200).text();
        assert!(page.contains("停电") && page.contains("调发电车"));

        let over = |to: &str| NewHandover {
            from_person: house.person("officer"),
            to_person: house.person(to),
            note: "调任".into(),
            reason: EndReason::Moved,
        };
        for outsider in ["enterprise", "agency"] {
            assert!(matches!(desk::handover(&house.app, &who, over(outsider)).await, Err(Error::Invalid(_))));
        }
        // The successor is of another department: the case stays where it is, the measure goes along.
        desk::handover(&house.app, &who, over("officer2")).await.unwrap();
        let now =
            house.call("dispatcher", "GET", &format!("/api/v1/appeals/{appeal}"), Json::Null).await.expect(200).json();
        assert_eq!((&now["handler_id"], &now["lead_department_id"]), (&Json::Null, &json!(house.department)));
        let held = desk::in_hands(&house.app, &who, house.person("officer2")).await.unwrap();
        assert_eq!(held.iter().map(|one| one.kind).collect::<Vec<_>>(), ["measure"]);
        assert!(
            notices(&house, "officer2").await.iter().any(|(kind, args)| kind == "handover.taken" && args["n"] == 1)
        );
        house.call("dispatcher", "POST", &leave, json!({"reason": "调任"})).await.expect(200);
    }
}

#[tokio::test]
async fn the_list_of_gaps_shows_what_is_still_with_those_who_are_gone() {
    for house in House::both().await {
        let leavers = async || desk::leavers(&house.app, &house.who("dispatcher").await).await.unwrap();
        assign(&house, Duty::StandIn, house.person("officer2")).await;
        let measure = json!({"enterprise_id": house.enterprise, "line": "production", "cause_kind": "power",
            "kind": "other", "text": "调发电车", "owner_id": house.person("specialist"), "due_at": "2026-11-26T02:00:00Z"});
        assert!(house.call("dispatcher", "POST", "/api/v1/measures", measure).await.status.is_success());
        assert!(leavers().await.is_empty(), "who is there is no leaver");

        // One has left and stands in somewhere; the other's account was disabled. Who holds nothing is not named.
        let leave = format!("/api/v1/people/{}/leave", house.person("officer2"));
        let body = json!({"reason": "调任", "hand_over_later": true});
        assert!(house.call("dispatcher", "POST", &leave, body).await.status.is_success());
        for account in ["specialist", "oversight"] {
            let sysadmin = house.who("sysadmin").await;
            let id = house.person(account);
            buting::organisation::accounts::disable(&house.app, &sysadmin, id, "长期病假").await.unwrap();
        }
        let found = leavers().await;
        let told: Vec<_> =
            found.iter().map(|one| (one.person.name.as_str(), one.person.assignments, one.matters)).collect();
        assert_eq!(told, [("officer2某", 1, 0), ("specialist某", 0, 1)]);
        assert!(found[0].person.left_at.is_some() && found[1].person.left_at.is_none());
        let page = house.page("leader", "/assignments?view=gaps").await.expect(200).text();
        assert!(page.contains("离岗、停用人员名下未交接") && page.contains("specialist某"), "{page}");
        assert!(page.contains(&format!("/assignments/handover?from={}", house.person("officer2"))));
        let page = house.page("officer", "/assignments?view=gaps").await.expect(200).text();
        assert!(page.contains("specialist某") && !page.contains("/assignments/handover?from="), "{page}");

        let over = |from: &str| NewHandover {
            from_person: house.person(from),
            to_person: house.person("officer"),
            note: "接手".into(),
            reason: EndReason::Left,
        };
        for from in ["officer2", "specialist"] {
            desk::handover(&house.app, &house.who("dispatcher").await, over(from)).await.unwrap();
        }
        assert!(leavers().await.is_empty());
        assert!(!house.page("leader", "/assignments?view=gaps").await.text().contains("未交接"));
    }
}

#[tokio::test]
async fn an_order_that_is_handed_over_beside_an_action_stays_handed_over() {
    for house in House::both().await {
        let who = house.who("dispatcher").await;
        let api = async |account: &str, path: &str, body: Json| {
            let answer = house.call(account, "POST", path, body).await;
            assert!(answer.status.is_success(), "{path}: {}", answer.text());
            answer.json()["id"].as_str().unwrap_or_default().to_owned()
        };
        let appeal = json!({"enterprise_id": house.enterprise, "title": "停电", "body": "三号线停电",
            "category": "power_water_gas"});
        let appeal = api("enterprise", "/api/v1/appeals", appeal).await;
        let actions = format!("/api/v1/appeals/{appeal}/actions");
        api("dispatcher", &actions, json!({"action": "dispatch", "department_id": house.department})).await;
        api("officer", &actions, json!({"action": "sign"})).await;
        let appeal: Uuid = appeal.parse().unwrap();

        // An action has read the order, and writes it as a whole when it ends.
        let mut action =
            house.hold(sql!("SELECT id FROM appeal WHERE zone_id = $1 AND id = $2", house.zone, appeal)).await;
        let over = NewHandover {
            from_person: house.person("officer"),
            to_person: house.person("specialist"),
            note: "休假".into(),
            reason: EndReason::Changed,
        };
        let (handed, ()) = tokio::join!(desk::handover(&house.app, &who, over), async {
            house.somebody_waits().await;
            let write = "UPDATE work_order SET handler_id = $1, due_at = due_at WHERE zone_id = $2 AND appeal_id = $3";
            action.run(sql!(write, house.person("officer"), house.zone, appeal)).await.unwrap();
            action.commit().await.unwrap();
        });
        handed.unwrap();
        let mut tx = house.app.read().await.unwrap();
        let handler =
            sql!("SELECT handler_id FROM work_order WHERE zone_id = $1 AND appeal_id = $2", house.zone, appeal);
        let handlers: Vec<(Option<Uuid>,)> = tx.list(handler).await.unwrap();
        assert_eq!(handlers, [(Some(house.person("specialist")),)]);
    }
}
