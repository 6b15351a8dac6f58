//! Appeals as enterprises, officers, partners and leaders meet them.

use crate::cases::{act, at, code, done, due, raise, signed, trucks};
use crate::house::House;
use buting::actor::Scope;
use buting::appeal::act::Act;
use buting::appeal::record::Line;
use buting::appeal::{Kind, NewAppeal, ResultKind, Status, desk};
use buting::clock::{self, ClockKind, ClockMode, ClockState, NewClock, Told};
use buting::error::{Conflict, Error};
use buting::privacy::{Basis, desk as desk_privacy};
use buting::text::Lang;
use buting::time::HOUR_MS;
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

async fn status(house: &House, id: Uuid) -> Status {
    desk::record(&house.app, &house.rule(), id).await.unwrap().appeal.status
}

async fn state(house: &House, owner: Uuid, kind: ClockKind) -> ClockState {
    let mut tx = house.app.read().await.unwrap();
    clock::find(&mut tx, house.zone, owner, kind).await.unwrap().unwrap().state
}

fn solved() -> Json {
    json!({"action": "answer", "result": "solved", "text": "南门增设货车通道。", "production_continued": "yes"})
}

/// Answered and reviewed; the enterprise is to confirm.
async fn reviewed(house: &House) -> Uuid {
    let id = signed(house).await;
    done(act(house, "officer2", id, solved()).await);
    done(act(house, "dispatcher", id, json!({"action": "review"})).await);
    id
}

#[tokio::test]
async fn the_main_path() {
    for house in House::both().await {
        let id = raise(&house).await;
        assert_eq!(due(&house, id, ClockKind::Verify).await.as_deref(), Some("11-25 17:30"));
        assert_eq!(due(&house, id, ClockKind::Answer).await.as_deref(), Some("11-27 17:30"));
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-15 17:30"));

        let dispatch = json!({"action": "dispatch", "department_id": house.other_department, "assist": [house.department, house.agency]});
        done(act(&house, "dispatcher", id, dispatch).await);
        let record = desk::record(&house.app, &house.who("dispatcher").await, id).await.unwrap();
        let kinds: Vec<_> = record.orders.iter().map(|w| w.kind.word()).collect();
        assert_eq!(kinds, ["lead", "assist", "partner"]);
        let (lead, assist) = (record.orders[0].id, record.orders[1].id);
        assert_eq!(due(&house, lead, ClockKind::Sign).await.as_deref(), Some("11-25 17:30"));
        assert_eq!(due(&house, assist, ClockKind::Assist).await.as_deref(), Some("11-27 17:30"));

        done(act(&house, "officer2", id, json!({"action": "sign"})).await);
        assert_eq!(state(&house, id, ClockKind::Verify).await, ClockState::Stopped);
        done(act(&house, "officer2", id, json!({"action": "reply", "text": "今天下午到现场看。"})).await);
        assert_eq!(status(&house, id).await, Status::Working);
        assert_eq!(state(&house, id, ClockKind::Answer).await, ClockState::Stopped);

        // Those who assist have time; until then the answer waits for them.
        assert_eq!(code(act(&house, "officer2", id, solved()).await), "orders_open");
        done(act(&house, "officer", id, json!({"action": "sign"})).await);
        done(act(&house, "officer", id, json!({"action": "answer", "text": "已与载体协商。"})).await);
        done(act(&house, "agency", id, json!({"action": "answer", "text": "同意增设货车通道。"})).await);

        done(act(&house, "officer2", id, solved()).await);
        let own = desk::view(&house.app, &house.who("enterprise").await, id).await.unwrap();
        assert_eq!(own.answer, None, "an answer is not shown before it was reviewed");
        assert_eq!(
            code(act(&house, "officer2", id, json!({"action": "close"})).await.map_err(|error| match error {
                Error::Forbidden => Error::state("forbidden"),
                other => other,
            })),
            "forbidden"
        );
        done(act(&house, "dispatcher", id, json!({"action": "review"})).await);
        let own = desk::view(&house.app, &house.who("enterprise").await, id).await.unwrap();
        assert_eq!(own.answer.as_deref(), Some("南门增设货车通道。"));
        assert!(own.history.iter().all(|event| !event.internal), "{:?}", own.history);

        done(act(&house, "enterprise", id, json!({"action": "confirm", "rating": 5, "text": "谢谢"})).await);
        done(act(&house, "dispatcher", id, json!({"action": "close"})).await);
        let view = house.call("leader", "GET", &format!("/api/v1/appeals/{id}"), Json::Null).await.expect(200).json();
        assert_eq!((view["status"].as_str(), view["rating"].as_i64()), (Some("closed"), Some(5)));
        assert_eq!(view["production_continued"], "yes");
        let running = view["clocks"].as_array().unwrap().iter().filter(|clock| clock["state"] != "stopped").count();
        assert_eq!(running, 0, "{}", view["clocks"]);

        // Every step is one row of the ledger, and the held time adds up by holder.
        let steps: Vec<_> = view["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["action"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            steps.join(" ").replace("appeal.", ""),
            "create register dispatch sign tell order_sign order_answer order_answer answer review confirm close"
        );
    }
}

#[tokio::test]
async fn an_enterprise_writes_three_fields_and_nothing_for_others() {
    for house in House::both().await {
        let new = json!({"title": "停水", "body": "昨晚起停水", "category": "power_water_gas", "urgency": "critical"});
        let made = house.call("enterprise", "POST", "/api/v1/appeals", new).await.expect(201).json();
        assert_eq!(made["status"], "registered");
        assert_eq!(made["enterprise_id"], json!(house.enterprise));
        assert!(made["number"].as_str().unwrap().starts_with("SQ-20261124-000"), "{}", made["number"]);
        let other = json!({"title": "停水", "body": "x", "category": "other", "urgency": "normal", "enterprise_id": house.other_enterprise});
        house.call("enterprise", "POST", "/api/v1/appeals", other).await.expect(422);
        let wrong = json!({"title": " ", "body": "", "category": "weather", "urgency": "normal", "enterprise_id": house.enterprise});
        let answer = house.call("officer", "POST", "/api/v1/appeals", wrong).await.expect(422).json();
        let fields: Vec<_> =
            answer["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap().to_owned()).collect();
        assert_eq!(fields, ["/title", "/body", "/category"]);
        let mass = json!({"title": "x", "body": "x", "category": "other", "urgency": "normal", "status": "closed"});
        house.call("enterprise", "POST", "/api/v1/appeals", mass).await.expect(400);
        for nobody in ["agency", "sysadmin", "auditor"] {
            house.call(nobody, "POST", "/api/v1/appeals", json!({})).await.expect(403);
        }
        let of_project =
            json!({"title": "渣土车进不了场", "body": "路口限行", "category": "project", "urgency": "urgent"});
        let made = house.call("project", "POST", "/api/v1/appeals", of_project).await.expect(201).json();
        assert_eq!((made["project_id"].clone(), made["enterprise_id"].clone()), (json!(house.project), Json::Null));
    }
}

#[tokio::test]
async fn who_sees_what() {
    for house in House::both().await {
        let id = raise(&house).await;
        let path = format!("/api/v1/appeals/{id}");
        let sees = async |who: &str| house.call(who, "GET", &path, Json::Null).await.status.as_u16();
        for (who, code) in [
            ("enterprise", 200),
            ("leader", 200),
            ("dispatcher", 200),
            ("oversight", 200),
            ("officer", 404),
            ("officer2", 404),
            ("specialist", 404),
            ("agency", 404),
            ("enterprise2", 404),
            ("project", 404),
            ("sysadmin", 403),
            ("auditor", 403),
            ("leader@zone2", 404),
            ("anonymous", 401),
        ] {
            assert_eq!(sees(who).await, code, "{who}");
        }
        let lists = async |who: &str| {
            house.call(who, "GET", "/api/v1/appeals", Json::Null).await.expect(200).json()["total"].clone()
        };
        assert_eq!(lists("officer2").await, 0);
        done(
            act(
                &house,
                "dispatcher",
                id,
                json!({"action": "dispatch", "department_id": house.other_department, "assist": [house.agency]}),
            )
            .await,
        );
        assert_eq!((sees("officer2").await, sees("agency").await), (200, 200), "a work order opens the appeal");
        assert_eq!(
            (lists("officer2").await, lists("agency").await, lists("enterprise2").await),
            (json!(1), json!(1), json!(0))
        );
        // A partner sees his own order and nothing of the rest.
        let view = house.call("agency", "GET", &path, Json::Null).await.expect(200).json();
        let kinds: Vec<_> = view["work_orders"].as_array().unwrap().iter().map(|w| w["kind"].clone()).collect();
        assert_eq!(kinds, ["partner"]);
        // Others' actions on what they may not know of are not found, not forbidden.
        for stranger in ["enterprise2", "officer@zone2", "specialist"] {
            let answer = house
                .call(stranger, "POST", &format!("{path}/actions"), json!({"action": "withdraw", "reason": "x"}))
                .await;
            assert_eq!(answer.status.as_u16(), 404, "{stranger}");
        }
        house.call("enterprise", "POST", &format!("{path}/actions"), json!({"action": "sign"})).await.expect(403);
        house
            .call(
                "leader",
                "POST",
                &format!("{path}/actions"),
                json!({"action": "dispatch", "department_id": house.department}),
            )
            .await
            .expect(403);
        let late = house
            .call(
                "dispatcher",
                "POST",
                &format!("{path}/actions"),
                json!({"action": "reject", "reason": "x", "right_channel": "y"}),
            )
            .await;
        assert_eq!((late.status.as_u16(), late.json()["detail"].is_string()), (409, true));
    }
}

#[tokio::test]
async fn an_officers_draft_is_his_departments_until_it_is_registered() {
    for house in House::both().await {
        let draft = json!({"title": "车队进不了厂", "body": "x", "category": "other", "urgency": "normal",
            "enterprise_id": house.enterprise, "draft": true});
        let draft = |title: &str| {
            let mut body = draft.clone();
            body["title"] = json!(title);
            body
        };
        let id = house.call("officer", "POST", "/api/v1/appeals", draft("车队进不了厂")).await.expect(201).json();
        let id = id["id"].as_str().unwrap().to_owned();
        let (path, home) = (format!("/api/v1/appeals/{id}"), format!("/enterprises/{}", house.enterprise));
        let sees = |account: &'static str| {
            let (house, path) = (&house, &path);
            async move {
                let one = house.call(account, "GET", path, Json::Null).await.status == 200;
                let list = house.call(account, "GET", "/api/v1/appeals", Json::Null).await.expect(200).json();
                let listed = list["total"] == 1;
                assert_eq!(one, listed, "{account}: the list shows what can be opened");
                one
            }
        };
        let matrix = [("officer", true), ("specialist", true), ("leader", true), ("officer2", false)];
        for (account, expected) in matrix.into_iter().chain([("enterprise", false), ("enterprise2", false)]) {
            assert_eq!(sees(account).await, expected, "{account}");
        }
        let act = json!({"action": "withdraw", "reason": "x"});
        house.call("enterprise", "POST", &format!("{path}/actions"), act.clone()).await.expect(404);
        house.page("enterprise", &format!("/appeals/{id}")).await.expect(404);
        assert!(!house.page("enterprise", &home).await.expect(200).text().contains("车队进不了厂"), "on no timeline");
        assert!(desk::counts(&house.app, &house.who("leader").await).await.unwrap().is_empty());
        let home_page = house.page("enterprise", "/").await.expect(200).text();
        assert!(!home_page.contains("车队进不了厂"), "and nothing waits for the enterprise");

        let uuid = Uuid::parse_str(&id).unwrap();
        done(self::act(&house, "officer", uuid, json!({"action": "register"})).await);
        assert_eq!(due(&house, uuid, ClockKind::Finish).await.as_deref(), Some("12-15 17:30"));
        for (account, expected) in [("leader", true), ("officer2", false), ("enterprise", true), ("enterprise2", false)]
        {
            assert_eq!(sees(account).await, expected, "{account} once it is registered");
        }
        assert!(house.page("enterprise", &home).await.expect(200).text().contains("车队进不了厂"));
        assert_eq!(desk::counts(&house.app, &house.who("leader").await).await.unwrap().len(), 1);

        // What was thrown away before it was registered stays where it was written.
        let thrown = house.call("officer", "POST", "/api/v1/appeals", draft("写错了的")).await.expect(201).json();
        let thrown = format!("/api/v1/appeals/{}", thrown["id"].as_str().unwrap());
        house.call("officer", "POST", &format!("{thrown}/actions"), act).await.expect(200);
        house.call("enterprise", "GET", &thrown, Json::Null).await.expect(404);
        house.call("officer", "GET", &thrown, Json::Null).await.expect(200);
        assert!(!house.page("enterprise", &home).await.expect(200).text().contains("写错了的"));
        assert!(desk::recount(&mut house.app.read().await.unwrap(), house.zone).await.unwrap());

        // The enterprise's own draft is the enterprise's.
        let own = house.call("enterprise", "POST", "/api/v1/appeals", draft("我们自己写的")).await.expect(201).json();
        let own = format!("/api/v1/appeals/{}", own["id"].as_str().unwrap());
        for (account, status) in [("enterprise", 200), ("enterprise2", 404), ("officer", 404), ("leader", 404)] {
            house.call(account, "GET", &own, Json::Null).await.expect(status);
        }
    }
}

#[tokio::test]
async fn a_stale_form_and_a_repeated_post() {
    for house in House::both().await {
        let id = raise(&house).await;
        let mut who = house.who_once("dispatcher", "k1").await;
        who.seen_version = Some(desk::record(&house.app, &who, id).await.unwrap().appeal.version);
        let dispatch = || Act::Dispatch {
            department_id: Some(house.other_department),
            assist: vec![],
            instruction: None,
            grade: None,
        };
        desk::act(&house.app, &who, id, dispatch()).await.unwrap();
        assert!(
            matches!(desk::act(&house.app, &who, id, dispatch()).await, Err(Error::Replayed(again)) if again == id)
        );
        let mut late = house.who("dispatcher").await;
        late.seen_version = Some(1);
        let merge = Act::Reject { reason: "x".into(), right_channel: "y".into() };
        assert!(matches!(desk::act(&house.app, &late, id, merge).await, Err(Error::Conflict(Conflict::Stale(_)))));
        assert_eq!(desk::record(&house.app, &who, id).await.unwrap().orders.len(), 1, "one dispatch, one order");

        let new = json!({"id": Uuid::now_v7(), "title": "a", "body": "b", "category": "other", "urgency": "normal"});
        let first = house.call("enterprise", "POST", "/api/v1/appeals", new.clone()).await.expect(201).json();
        let again = house.call("enterprise", "POST", "/api/v1/appeals", new).await.expect(200).json();
        assert_eq!(first["number"], again["number"]);
    }
}

#[tokio::test]
async fn when_two_sign_one_wins() {
    for house in House::both().await {
        let id = raise(&house).await;
        done(act(&house, "dispatcher", id, json!({"action": "dispatch", "department_id": house.department})).await);
        let (one, two) = (house.who("officer").await, house.who("specialist").await);
        let sign = || Act::Sign { work_order_id: None };
        let (a, b) = tokio::join!(desk::act(&house.app, &one, id, sign()), desk::act(&house.app, &two, id, sign()));
        assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|ok| **ok).count(), 1, "{a:?} {b:?}");
        let loser = if a.is_ok() { b } else { a };
        assert_eq!(code(loser), "appeal_status");
    }
}

#[tokio::test]
async fn asking_the_enterprise_stops_the_clock_and_books_the_time_to_it() {
    for house in House::both().await {
        let id = signed(&house).await;
        house.clock.set(at(25, 9));
        done(act(&house, "officer2", id, json!({"action": "ask", "text": "车辆高度和轴数？"})).await);
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("standing still"));
        let waiting = house
            .call("enterprise", "GET", "/api/v1/appeals?status=waiting_enterprise", Json::Null)
            .await
            .expect(200)
            .json();
        assert_eq!(
            (waiting["items"][0]["due_at"].clone(), waiting["items"][0]["light"].clone()),
            (Json::Null, json!("suspended"))
        );
        house.clock.set(at(27, 15));
        done(act(&house, "enterprise", id, json!({"action": "reply", "text": "4.2 米，六轴"})).await);
        assert_eq!(status(&house, id).await, Status::Working);
        // Two working days were the enterprise's: the deadline moved by them.
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-17 17:30"));
        let record = desk::record(&house.app, &house.who("dispatcher").await, id).await.unwrap();
        let held: Vec<_> = record.held.iter().map(|bar| (bar.holder.word(), bar.days)).collect();
        assert_eq!(held, [("desk", 0), ("department", 1), ("enterprise", 2)]);
        let finish = record.dues.iter().find(|due| due.clock.kind == ClockKind::Finish).unwrap();
        let counted: i64 = finish.reckoning.segments.iter().filter(|s| s.counted).map(|s| s.amount).sum();
        assert_eq!((counted, finish.reckoning.total), (15, 15));
    }
}

#[tokio::test]
async fn an_objection_is_made_once_and_ruled_on_for_good() {
    for house in House::both().await {
        let id = raise(&house).await;
        let dispatch = json!({"action": "dispatch", "department_id": house.other_department});
        done(act(&house, "dispatcher", id, dispatch).await);
        done(
            act(
                &house,
                "officer2",
                id,
                json!({"action": "object", "reason": "属企业服务部职责", "department_id": house.department}),
            )
            .await,
        );
        assert_eq!(status(&house, id).await, Status::Objected);
        assert_eq!(due(&house, id, ClockKind::Ruling).await.as_deref(), Some("11-24 17:30"), "ruled on the same day");
        assert!(matches!(
            act(&house, "officer2", id, json!({"action": "rule", "reason": "x"})).await,
            Err(Error::Forbidden)
        ));
        done(
            act(
                &house,
                "dispatcher",
                id,
                json!({"action": "rule", "reason": "首接负责", "department_id": house.department}),
            )
            .await,
        );
        let record = desk::record(&house.app, &house.who("dispatcher").await, id).await.unwrap();
        assert_eq!(record.appeal.lead_department_id, Some(house.department));
        assert_eq!(record.orders.iter().map(|w| w.status.word()).collect::<Vec<_>>(), ["cancelled", "sent"]);
        assert!(
            matches!(desk::record(&house.app, &house.who("officer2").await, id).await, Err(Error::NotFound)),
            "it is no longer theirs"
        );
        assert_eq!(
            code(act(&house, "officer", id, json!({"action": "object", "reason": "再提"})).await),
            "objection_final"
        );
        done(act(&house, "officer", id, json!({"action": "sign"})).await);

        // Outside its window there is none.
        let id = raise(&house).await;
        done(
            act(&house, "dispatcher", id, json!({"action": "dispatch", "department_id": house.other_department})).await,
        );
        house.clock.set(at(26, 9));
        assert_eq!(
            code(act(&house, "officer2", id, json!({"action": "object", "reason": "晚了"})).await),
            "objection_over"
        );
    }
}

#[tokio::test]
async fn more_time_is_asked_before_the_end_and_granted_by_another() {
    for house in House::both().await {
        let id = signed(&house).await;
        let extend = |days: i64| json!({"action": "extend", "days": days, "reason": "需上级批复"});
        assert!(matches!(act(&house, "officer2", id, extend(16)).await, Err(Error::Invalid(_))), "30 in all");
        done(act(&house, "officer2", id, extend(10)).await);
        assert_eq!(code(act(&house, "officer2", id, extend(1)).await), "extension_pending");
        assert!(matches!(act(&house, "dispatcher", id, json!({"action": "grant"})).await, Err(Error::Forbidden)));
        assert!(
            matches!(
                act(&house, "leader", id, json!({"action": "grant", "granted": false})).await,
                Err(Error::Invalid(_))
            ),
            "a refusal says why"
        );
        done(act(&house, "leader", id, json!({"action": "grant"})).await);
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-29 17:30"));
        done(act(&house, "officer2", id, extend(5)).await);
        done(act(&house, "oversight", id, json!({"action": "grant", "granted": false, "reason": "不予延期"})).await);
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-29 17:30"));
        assert_eq!(code(act(&house, "leader", id, json!({"action": "grant"})).await), "extension_none");
        let late = signed(&house).await;
        house.clock.set(at(24 + 40, 9));
        assert_eq!(code(act(&house, "officer2", late, extend(1)).await), "extension_too_late");
    }
}

#[tokio::test]
async fn a_partner_is_told_of_the_contact_by_his_consent_alone() {
    for house in House::both().await {
        let path = |id: Uuid| format!("/appeals/{id}");
        let api = |id: Uuid| format!("/api/v1/appeals/{id}");
        let pass = |text: &str| json!({"action": "pass_partner", "department_id": house.agency, "text": text});
        let contact = async |account: &str, id: Uuid| {
            let view = house.call(account, "GET", &api(id), Json::Null).await.expect(200).json();
            (view["contact"].clone(), view["work_orders"].as_array().unwrap().last().unwrap()["contact"].clone())
        };
        let shown_by_link = async |id: Uuid| {
            let record = desk::record(&house.app, &house.rule(), id).await.unwrap();
            let token = desk::link_of(&house.app, house.zone, record.orders.last().unwrap()).unwrap();
            house.page("anonymous", &format!("/w/{token}")).await.expect(200).text()
        };
        let disclosed = async || desk_privacy::disclosures(&house.app, &house.who("secadmin").await).await.unwrap();

        // Nobody was asked, so nobody agreed.
        let id = signed(&house).await;
        let page = house.page("officer2", &path(id)).await.expect(200).text();
        assert!(page.contains(&*Lang::Zh.with("appeal-contact-withheld", &[("name", &"enterprise某")])), "{page}");
        for text in ["请联系 enterprise某", "电话 138-0000-0000"] {
            let refused = house.call("officer2", "POST", &format!("{}/actions", api(id)), pass(text)).await.expect(422);
            assert_eq!(refused.json()["errors"][0]["pointer"], "/text", "{text}");
        }
        done(act(&house, "officer2", id, pass("能否设货车通道？")).await);
        assert!(!shown_by_link(id).await.contains("13800000000"));
        assert_eq!(contact("agency", id).await, (Json::Null, Json::Null));
        let office = contact("dispatcher", id).await;
        assert_eq!(
            (&office.0["partner"], &office.0["return_call"], &office.1),
            (&json!(false), &json!(false), &Json::Null)
        );
        assert!(!office.0.to_string().contains("13800000000"), "numbers are looked up where that is noted");
        assert!(disclosed().await.is_empty());

        // He agrees: the next agency that is asked is told, and that is noted.
        let say = |partner: &'static str| [("partner", partner), ("return_call", partner)];
        house.post("enterprise", "/privacy/consents", &say("yes")).await.expect(303);
        assert!(!shown_by_link(id).await.contains("13800000000"), "who was not told stays so");
        let id = signed(&house).await;
        done(act(&house, "officer2", id, pass("请联系 enterprise某")).await);
        assert!(shown_by_link(id).await.contains("13800000000"));
        assert_eq!(contact("agency", id).await.1, json!({"name": "enterprise某", "phone": "13800000000"}));
        assert!(house.page("agency", &path(id)).await.expect(200).text().contains("13800000000"));
        assert!(!house.page("officer2", &path(id)).await.expect(200).text().contains("13800000000"));
        assert_eq!(contact("enterprise", id).await, (Json::Null, Json::Null));
        let noted = disclosed().await;
        assert_eq!((noted.len(), noted[0].to_org.as_str()), (1, "交警大队"));
        assert!(noted[0].person.as_deref() == Some("enterprise某") && noted[0].basis == Basis::Consent);

        // He takes it back: it ends at once.
        house.post("enterprise", "/privacy/consents", &say("no")).await.expect(303);
        assert!(!shown_by_link(id).await.contains("13800000000"));
        assert_eq!(contact("agency", id).await, (Json::Null, Json::Null));
        let page = house.page("officer2", &path(id)).await.expect(200).text();
        assert!(page.contains(&*Lang::Zh.t("appeal-contact-withdrawn")), "{page}");
    }
}

#[tokio::test]
async fn a_return_call_is_offered_to_who_agreed_to_it() {
    for house in House::both().await {
        let id = reviewed(&house).await;
        for (said, key) in
            [("no", "appeal-contact-no-call"), ("yes", "appeal-contact-call"), ("no", "appeal-contact-no-call")]
        {
            house.post("enterprise", "/privacy/consents", &[("return_call", said)]).await.expect(303);
            let page = house.page("dispatcher", &format!("/appeals/{id}")).await.expect(200).text();
            assert!(page.contains(&*Lang::Zh.with(key, &[("name", &"enterprise某")])), "{said}: {page}");
            let leads = page.contains(&format!("href=\"/people/{}\"", house.person("enterprise")));
            assert_eq!(leads, said == "yes", "the number is a page away, or not offered");
        }
        // A complaint about a department shows nobody, whatever was agreed.
        let new = json!({"title": "态度不好", "body": "x", "category": "other", "urgency": "normal", "kind": "complaint",
            "accused_department_id": house.department});
        let made = house.call("enterprise", "POST", "/api/v1/appeals", new).await.expect(201).json();
        let view = format!("/api/v1/appeals/{}", made["id"].as_str().unwrap());
        let view = house.call("oversight", "GET", &view, Json::Null).await;
        assert!(view.status == 404 || view.json()["contact"].is_null());
    }
}

#[tokio::test]
async fn a_partner_answers_by_link_and_the_link_dies_with_the_appeal() {
    for house in House::both().await {
        let id = signed(&house).await;
        done(
            act(
                &house,
                "officer2",
                id,
                json!({"action": "pass_partner", "department_id": house.agency, "text": "能否设货车通道？"}),
            )
            .await,
        );
        assert_eq!(status(&house, id).await, Status::WithPartner);
        assert_eq!(state(&house, id, ClockKind::Finish).await, ClockState::Running);
        let record = desk::record(&house.app, &house.who("officer2").await, id).await.unwrap();
        let order = record.orders.last().unwrap().clone();
        let token = desk::link_of(&house.app, house.zone, &order).unwrap();
        let (who, shown) = desk::by_link(&house.app, &token).await.unwrap();
        assert_eq!((shown.subject.as_deref(), shown.order.id), (Some("测试机电"), order.id));
        let only_this = desk::list(&house.app, &who, &desk::Filter { limit: 10, ..Default::default() }).await.unwrap();
        assert!(only_this.items.is_empty(), "a link opens no list");
        let close = Act::Withdraw { reason: "x".into() };
        assert!(matches!(desk::act_by_link(&house.app, &token, close, None, None).await, Err(Error::Forbidden)));
        let answer = |text: &str| {
            serde_json::from_value(json!({"action": "answer", "text": text, "work_order_id": order.id})).unwrap()
        };
        done(desk::act_by_link(&house.app, &token, answer("可以，南门。"), None, None).await);
        assert_eq!(status(&house, id).await, Status::Working, "the partner's word does not close it");
        assert_eq!(code(desk::act_by_link(&house.app, &token, answer("再说一次"), None, None).await), "order_status");
        let mut altered = token.clone();
        altered.replace_range(60..61, if &token[60..61] == "A" { "B" } else { "A" });
        assert!(matches!(desk::by_link(&house.app, &altered).await, Err(Error::NotFound)));
        done(act(&house, "enterprise", id, json!({"action": "withdraw", "reason": "自行解决"})).await);
        assert!(matches!(desk::by_link(&house.app, &token).await, Err(Error::NotFound)));
    }
}

#[tokio::test]
async fn a_review_is_somebody_elses_and_a_bad_answer_goes_back() {
    for house in House::both().await {
        // The coordination office answers at once, and cannot review itself.
        let id = raise(&house).await;
        done(act(&house, "dispatcher", id, json!({"action": "answer", "result": "explained", "text": "政策如下", "production_continued": "not_affected"})).await);
        assert_eq!(code(act(&house, "dispatcher", id, json!({"action": "review"})).await), "own_work");
        done(act(&house, "leader", id, json!({"action": "review", "ok": false, "reason": "没有答复诉求"})).await);
        assert_eq!(status(&house, id).await, Status::Registered, "work without a department goes back to the desk");

        let id = signed(&house).await;
        house.clock.set(at(26, 9));
        done(act(&house, "officer2", id, solved()).await);
        assert!(matches!(
            act(&house, "dispatcher", id, json!({"action": "review", "ok": false})).await,
            Err(Error::Invalid(_))
        ));
        house.clock.set(at(30, 9));
        done(act(&house, "dispatcher", id, json!({"action": "review", "ok": false, "reason": "未到现场"})).await);
        assert_eq!(status(&house, id).await, Status::Working);
        // Thursday to Monday it lay with the reviewer: two working days.
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-17 17:30"));
        let view = desk::view(&house.app, &house.who("enterprise").await, id).await.unwrap();
        assert!(
            !view.history.iter().any(|e| e.text.as_deref() == Some("未到现场")),
            "the enterprise does not read the review"
        );
        assert_eq!(view.sent_back, 1);
    }
}

#[tokio::test]
async fn results_name_what_they_rest_on() {
    for house in House::both().await {
        let id = signed(&house).await;
        let answer = |result: &str, more: Json| {
            let mut act = json!({"action": "answer", "result": result, "text": "t", "production_continued": "yes"});
            act.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            act
        };
        for (result, more, field) in [
            ("policy_does_not_allow", json!({}), "basis"),
            ("not_ours", json!({}), "right_channel"),
            ("referred", json!({}), "right_channel"),
            ("long_term", json!({}), "review_on"),
            ("long_term", json!({"review_on": "2026-11-24"}), "review_on"),
            ("duplicate", json!({}), "result"),
        ] {
            let Err(Error::Invalid(errors)) = act(&house, "officer2", id, answer(result, more)).await else {
                panic!("{result} should be refused");
            };
            assert_eq!(errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(), [field], "{result}");
        }
        let Err(Error::Invalid(errors)) = act(&house, "officer2", id, json!({"action": "answer", "text": "t"})).await
        else {
            panic!()
        };
        assert_eq!(errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(), ["result", "production_continued"]);
        done(act(&house, "officer2", id, answer("long_term", json!({"review_on": "2027-03-01"}))).await);
        done(act(&house, "dispatcher", id, json!({"action": "review"})).await);
        done(act(&house, "enterprise", id, json!({"action": "confirm", "rating": 4})).await);
        done(act(&house, "dispatcher", id, json!({"action": "close"})).await);
        assert_eq!(status(&house, id).await, Status::LongTerm, "a long-term matter stays on the list");
        done(act(&house, "officer2", id, json!({"action": "resume"})).await);
        done(act(&house, "officer2", id, solved()).await);
    }
}

#[tokio::test]
async fn the_enterprise_has_the_last_word() {
    for house in House::both().await {
        // Not accepted: it goes back, and the old clock goes on.
        let id = reviewed(&house).await;
        house.clock.set(at(26, 9));
        done(act(&house, "enterprise", id, json!({"action": "dispute", "reason": "通道还没开"})).await);
        assert_eq!(status(&house, id).await, Status::Working);
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-16 17:30"));
        done(act(&house, "officer2", id, solved()).await);
        done(act(&house, "dispatcher", id, json!({"action": "review"})).await);

        // A bad rating wants a call before it is closed, by somebody else.
        done(act(&house, "enterprise", id, json!({"action": "confirm", "rating": 2})).await);
        assert_eq!(due(&house, id, ClockKind::Contact).await.as_deref(), Some("11-27 17:30"));
        assert_eq!(code(act(&house, "dispatcher", id, json!({"action": "close"})).await), "bad_rating_open");
        done(act(&house, "oversight", id, json!({"action": "return_visit", "verdict": "not_reached"})).await);
        assert_eq!(code(act(&house, "dispatcher", id, json!({"action": "close"})).await), "bad_rating_open");
        done(
            act(&house, "oversight", id, json!({"action": "return_visit", "verdict": "solved", "text": "已开通"}))
                .await,
        );
        done(act(&house, "dispatcher", id, json!({"action": "close"})).await);
        assert_eq!(status(&house, id).await, Status::Closed);

        // Reopened within its time; the clock goes on where it stood.
        house.clock.set(at(24 + 7, 9));
        done(act(&house, "enterprise", id, json!({"action": "reopen", "reason": "通道又封了"})).await);
        assert_eq!(status(&house, id).await, Status::Working);
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-21 17:30"));
        assert_eq!(desk::record(&house.app, &house.rule(), id).await.unwrap().appeal.rating, None, "it is asked anew");
        done(act(&house, "officer2", id, solved()).await);
        done(act(&house, "dispatcher", id, json!({"action": "review"})).await);
        done(act(&house, "enterprise", id, json!({"action": "confirm", "rating": 5})).await);
        done(act(&house, "dispatcher", id, json!({"action": "close"})).await);
        house.clock.set(at(24 + 30, 9));
        assert_eq!(
            code(act(&house, "enterprise", id, json!({"action": "reopen", "reason": "太晚"})).await),
            "reopen_over"
        );
        let rating = house
            .call(
                "enterprise",
                "POST",
                &format!("/api/v1/appeals/{id}/actions"),
                json!({"action": "confirm", "rating": 9}),
            )
            .await;
        assert_eq!(rating.status.as_u16(), 409);
    }
}

#[tokio::test]
async fn silence_closes_and_is_shown_apart() {
    for house in House::both().await {
        let id = reviewed(&house).await;
        house.clock.set(at(24 + 7, 17));
        assert_eq!(
            desk::close_silent(&house.app, house.zone).await.unwrap(),
            0,
            "five working days are the enterprise's"
        );
        house.clock.set(at(24 + 8, 9));
        assert_eq!(desk::close_silent(&house.app, house.zone).await.unwrap(), 1);
        assert_eq!(desk::close_silent(&house.app, house.zone).await.unwrap(), 0);
        let view = desk::view(&house.app, &house.who("leader").await, id).await.unwrap();
        assert_eq!(
            (view.item.status, view.confirmation.map(|c| c.word()), view.item.rating),
            (Status::Closed, Some("silent"), None)
        );
        assert_eq!(
            view.history.last().map(|e| (e.action.as_str(), e.by.is_none())),
            Some(("appeal.close_silent", true))
        );
    }
}

#[tokio::test]
async fn each_rung_of_the_ladder_once() {
    for house in House::both().await {
        let id = signed(&house).await;
        let notices = async |kind: &str| -> i64 {
            let mut tx = house.app.read().await.unwrap();
            tx.value(sql!("SELECT count(*) FROM notice WHERE zone_id = $1 AND kind = $2", house.zone, kind))
                .await
                .unwrap()
        };
        assert_eq!(desk::escalate(&house.app, house.zone).await.unwrap(), 0);
        house.clock.set(at(26, 9));
        assert_eq!(desk::escalate(&house.app, house.zone).await.unwrap(), 1, "the first answer is due tomorrow");
        assert_eq!((notices("appeal.remind").await, notices("appeal.urge").await), (1, 0));
        assert_eq!(desk::escalate(&house.app, house.zone).await.unwrap(), 0);
        house.clock.set(at(27, 18));
        assert_eq!(desk::escalate(&house.app, house.zone).await.unwrap(), 1);
        assert!(notices("appeal.urge").await >= 2, "the coordination office and the department");
        done(act(&house, "officer2", id, json!({"action": "reply", "text": "已到现场"})).await);
        // After a long standstill of the program only the highest rung acts.
        house.clock.set(at(24 + 40, 9));
        assert_eq!(desk::escalate(&house.app, house.zone).await.unwrap(), 1);
        assert!(notices("appeal.supervise").await >= 1);
        assert_eq!(notices("appeal.remind").await, 1);
        done(act(&house, "officer2", id, solved()).await);
        house.clock.set(at(24 + 80, 9));
        assert_eq!(desk::escalate(&house.app, house.zone).await.unwrap(), 0, "what was answered is quiet");
    }
}

#[tokio::test]
async fn who_complains_stays_unknown_to_the_department() {
    for house in House::both().await {
        let complaint =
            NewAppeal { kind: Kind::Complaint, accused_department_id: Some(house.other_department), ..trucks() };
        let id = desk::open(&house.app, &house.who("enterprise").await, complaint).await.unwrap();
        let dispatch = |to: Uuid| json!({"action": "dispatch", "department_id": to});
        assert_eq!(code(act(&house, "dispatcher", id, dispatch(house.other_department)).await), "recusal");
        done(act(&house, "dispatcher", id, json!({"action": "dispatch", "department_id": house.department})).await);
        assert!(matches!(desk::record(&house.app, &house.who("officer2").await, id).await, Err(Error::NotFound)));
        // Nothing of it is on the enterprise's timeline, which that department may read.
        let mut tx = house.app.read().await.unwrap();
        let about: i64 = tx
            .value(sql!(
                "SELECT count(*) FROM ledger WHERE zone_id = $1 AND subject_id = $2 AND about_id IS NOT NULL",
                house.zone,
                id
            ))
            .await
            .unwrap();
        assert_eq!(about, 0);
        drop(tx);
        // A partner who is asked about it does not learn either.
        done(act(&house, "officer", id, json!({"action": "sign"})).await);
        done(
            act(
                &house,
                "officer",
                id,
                json!({"action": "pass_partner", "department_id": house.agency, "text": "请说明情况"}),
            )
            .await,
        );
        let view = house.call("agency", "GET", &format!("/api/v1/appeals/{id}"), Json::Null).await.expect(200);
        assert!(
            !view.text().contains("测试机电") && !view.text().contains(&house.enterprise.to_string()),
            "{}",
            view.text()
        );
        // About whom it is, the office reads on the page; the partner does not.
        for (who, reads) in [("dispatcher", true), ("officer", true), ("enterprise", true), ("agency", false)] {
            let page = house.page(who, &format!("/appeals/{id}")).await.expect(200).text();
            assert_eq!(page.contains("被投诉部门"), reads, "{who}: {page}");
        }
        let list = house.call("agency", "GET", "/api/v1/appeals", Json::Null).await.expect(200);
        assert!(list.json()["total"] == 1 && !list.text().contains("测试机电"), "{}", list.text());
        // Its own number is not counted where its list does not show it.
        let new = NewAppeal { kind: Kind::Report, accused_department_id: Some(house.department), ..trucks() };
        desk::open(&house.app, &house.who("enterprise2").await, new).await.unwrap();
        let counts = desk::counts(&house.app, &house.who("dispatcher").await).await.unwrap();
        assert_eq!(counts.iter().map(|c| c.count).sum::<i64>(), 1, "{counts:?}");
        let told: i64 = {
            let mut tx = house.app.read().await.unwrap();
            let of_dispatcher = sql!(
                "SELECT count(*) FROM notice WHERE zone_id = $1 AND person_id = $2 AND kind = 'appeal.registered'",
                house.zone,
                house.person("dispatcher")
            );
            tx.value(of_dispatcher).await.unwrap()
        };
        assert_eq!(told, 1, "of the complaint about his own department the dispatcher hears nothing");
        assert!(matches!(
            desk::open(
                &house.app,
                &house.who("enterprise").await,
                NewAppeal { accused_department_id: Some(house.department), ..trucks() }
            )
            .await,
            Err(Error::Invalid(_))
        ));
    }
}

#[tokio::test]
async fn the_same_matter_is_merged_and_its_words_are_kept() {
    for house in House::both().await {
        let (first, second) = (signed(&house).await, raise(&house).await);
        let foreign = desk::open(&house.app, &house.who("enterprise2").await, trucks()).await.unwrap();
        assert!(matches!(
            act(&house, "dispatcher", foreign, json!({"action": "merge", "into": first})).await,
            Err(Error::Invalid(_))
        ));
        done(act(&house, "dispatcher", second, json!({"action": "merge", "into": first})).await);
        let merged = desk::record(&house.app, &house.who("enterprise").await, second).await.unwrap();
        assert_eq!((merged.appeal.status, merged.appeal.result), (Status::Merged, Some(ResultKind::Duplicate)));
        assert_eq!(
            state(&house, second, ClockKind::Finish).await,
            ClockState::Stopped,
            "a merged case does not escalate"
        );
        let kept = desk::view(&house.app, &house.who("officer2").await, first).await.unwrap();
        assert!(kept.history.iter().any(|e| e.action == "appeal.take_in" && e.text.is_some()));
        done(
            act(
                &house,
                "dispatcher",
                foreign,
                json!({"action": "reject", "reason": "属民事纠纷", "right_channel": "向法院起诉"}),
            )
            .await,
        );
        let told = desk::view(&house.app, &house.who("enterprise2").await, foreign).await.unwrap();
        assert!(told.history.iter().any(|e| e.text.as_deref().is_some_and(|t| t.contains("向法院起诉"))));
    }
}

#[tokio::test]
async fn legal_grounds_suspend_and_plans_keep_within_the_deadline() {
    for house in House::both().await {
        let id = signed(&house).await;
        assert_eq!(
            code(
                act(&house, "officer2", id, json!({"action": "plan", "planned_for": "2026-12-31", "text": "年底"}))
                    .await
            ),
            "plan_past_due"
        );
        done(
            act(&house, "officer2", id, json!({"action": "plan", "planned_for": "2026-12-10", "text": "改造完成"}))
                .await,
        );
        done(
            act(
                &house,
                "officer2",
                id,
                json!({"action": "suspend", "ground": "appraisal", "until": "2026-12-04", "reason": "检测鉴定"}),
            )
            .await,
        );
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("standing still"));
        house.clock.set(at(26, 9));
        done(act(&house, "officer2", id, json!({"action": "resume"})).await);
        assert_eq!(status(&house, id).await, Status::Planned, "it goes on where it was");
        // The day of the start never counts, so one working day was lost.
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-16 17:30"));
    }
}

async fn told(house: &House, who: &str, kind: &str) -> i64 {
    let mut tx = house.app.read().await.unwrap();
    let person = house.person(who);
    let query = "SELECT count(*) FROM notice WHERE zone_id = $1 AND person_id = $2 AND kind = $3";
    tx.value(sql!(query, house.zone, person, kind)).await.unwrap()
}

/// The actions that wait for somebody on the first page.
async fn waits(house: &House, who: &str) -> Vec<&'static str> {
    let all = desk::to_do(&house.app, &house.who(who).await).await.unwrap();
    all.into_iter().map(|item| item.action).collect()
}

#[tokio::test]
async fn what_only_waits_comes_back_to_mind_on_its_day_and_once() {
    for house in House::both().await {
        let (planned, suspended, asked, listed) =
            (signed(&house).await, signed(&house).await, signed(&house).await, signed(&house).await);
        let plan = json!({"action": "plan", "planned_for": "2026-12-02", "text": "改造完成"});
        done(act(&house, "officer2", planned, plan).await);
        let stop = json!({"action": "suspend", "ground": "appraisal", "until": "2026-12-03", "reason": "检测鉴定"});
        done(act(&house, "officer2", suspended, stop).await);
        done(act(&house, "officer2", asked, json!({"action": "ask", "text": "请补充车辆尺寸"})).await);
        let long = json!({"action": "answer", "result": "long_term", "text": "待管网改造", "production_continued": "yes",
            "review_on": "2026-12-04"});
        done(act(&house, "officer2", listed, long).await);
        done(act(&house, "dispatcher", listed, json!({"action": "review"})).await);
        done(act(&house, "enterprise", listed, json!({"action": "confirm", "rating": 4})).await);
        done(act(&house, "dispatcher", listed, json!({"action": "close"})).await);
        assert_eq!(status(&house, listed).await, Status::LongTerm);

        let version = desk::record(&house.app, &house.rule(), suspended).await.unwrap().appeal.version;
        for (day, reminded, kind, who) in [
            (26, 0, "appeal.asked_again", "enterprise"),
            (27, 1, "appeal.asked_again", "enterprise"),
            (32, 1, "appeal.plan_due", "officer2"),
            (33, 1, "appeal.suspend_over", "officer2"),
            (34, 1, "appeal.look_again", "officer2"),
        ] {
            house.clock.set(at(day, 9));
            assert_eq!(desk::remind(&house.app, house.zone).await.unwrap(), usize::from(reminded > 0), "day {day}");
            assert_eq!(desk::remind(&house.app, house.zone).await.unwrap(), 0, "once");
            assert_eq!(told(&house, who, kind).await, reminded, "day {day}");
        }
        let open = waits(&house, "officer2").await;
        assert_eq!(open.iter().filter(|action| **action == "todo-appeal-look-again").count(), 2, "{open:?}");
        let after = desk::record(&house.app, &house.rule(), suspended).await.unwrap().appeal.version;
        assert_eq!(version, after, "a reminder makes no open form stale");
        done(act(&house, "officer2", suspended, json!({"action": "resume"})).await);
        assert_eq!(desk::record(&house.app, &house.rule(), suspended).await.unwrap().appeal.remind_on, None);
    }
}

#[tokio::test]
async fn an_enterprise_names_its_own_projects_only() {
    for house in House::both().await {
        let of = |project| NewAppeal { project_id: Some(project), ..trucks() };
        let who = house.who("enterprise").await;
        assert!(matches!(desk::open(&house.app, &who, of(house.project)).await, Err(Error::Invalid(_))));
        let mut tx = house.app.db.write().await.unwrap();
        let own = sql!("UPDATE project SET enterprise_id = $1 WHERE zone_id = $2", house.enterprise, house.zone);
        tx.run(own).await.unwrap();
        tx.commit().await.unwrap();
        desk::open(&house.app, &who, of(house.project)).await.unwrap();
    }
}

#[tokio::test]
async fn who_acts_for_several_departments_is_of_each_when_one_is_complained_about() {
    for house in House::both().await {
        let complaint = NewAppeal { kind: Kind::Complaint, accused_department_id: Some(house.agency), ..trucks() };
        let id = desk::open(&house.app, &house.who("enterprise").await, complaint).await.unwrap();
        let mut officer = house.who("officer").await;
        officer.scope = Scope::Departments(vec![house.department, house.agency]);
        let filter = desk::Filter { limit: 5, ..Default::default() };
        assert!(matches!(desk::record(&house.app, &officer, id).await, Err(Error::NotFound)));
        assert_eq!(desk::list(&house.app, &officer, &filter).await.unwrap().items.len(), 0);
    }
}

#[tokio::test]
async fn lists_are_filtered_sorted_paged_and_searched() {
    for house in House::both().await {
        let mut ids = Vec::new();
        for n in 0..5 {
            house.clock.set(at(24, 10 + n));
            let new = NewAppeal {
                title: format!("第{n}件 停电"),
                category: if n % 2 == 0 { "labour" } else { "finance" }.into(),
                ..trucks()
            };
            ids.push(desk::open(&house.app, &house.who("enterprise").await, new).await.unwrap());
        }
        let get = async |query: &str| {
            house.call("dispatcher", "GET", &format!("/api/v1/appeals{query}"), Json::Null).await.expect(200).json()
        };
        assert_eq!(get("?category=labour").await["total"], 3);
        assert_eq!(get("?q=%E5%81%9C%E7%94%B5").await["total"], 5);
        assert_eq!(get("?q=%E5%81%9C%E6%B0%B4").await["total"], 0);
        let mut seen = Vec::new();
        let mut query = "?sort=-created&limit=2".to_owned();
        loop {
            let page = get(&query).await;
            seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            query = format!("?sort=-created&limit=2&cursor={next}");
        }
        let newest: Vec<_> = ids.iter().rev().map(|id| json!(id)).collect();
        assert_eq!(seen, newest);
        done(act(&house, "dispatcher", ids[0], json!({"action": "dispatch", "department_id": house.department})).await);
        assert_eq!(get(&format!("?department_id={}", house.department)).await["total"], 1);
        assert_eq!(get("?status=registered,dispatched").await["total"], 5);
        house.clock.set(at(24 + 60, 9));
        assert_eq!(get("?overdue=true").await["total"], 5);
        assert_eq!(get("?overdue=true").await["items"][0]["light"], "overdue");
        for wrong in ["?status=lost", "?sort=title", "?limit=0", "?limit=201", "?cursor=x"] {
            house.call("dispatcher", "GET", &format!("/api/v1/appeals{wrong}"), Json::Null).await.expect(422);
        }
        house.call("dispatcher", "GET", "/api/v1/appeals?colour=red", Json::Null).await.expect(400);
    }
}

#[tokio::test]
async fn official_days_move_open_deadlines_but_never_nearer_what_an_enterprise_has() {
    for house in House::both().await {
        let id = signed(&house).await;
        // Time that an enterprise has, such as to hand something in.
        let mut work = house.app.work(&house.rule()).await.unwrap();
        let given = NewClock {
            owner: "appeal",
            owner_id: id,
            kind: ClockKind::Promise,
            limit: almanac::Limit::working_days(15),
            mode: ClockMode::Office,
            told: Told::Enterprise,
        };
        let calendar = clock::calendar(&mut work, house.zone).await.unwrap();
        clock::start(&mut work, &calendar, vec![given]).await.unwrap();
        work.commit(id).await.unwrap();
        // Invented: two more rest days in December, then one of them is worked after all.
        let off = "2026-12-03\toff\t假\n2026-12-04\toff\t假\n2026-01-01\toff\t元旦";
        desk::load_official_days(&house.app, &house.who("dispatcher").await, off).await.unwrap();
        assert_eq!(due(&house, id, ClockKind::Finish).await.as_deref(), Some("12-17 17:30"));
        let fewer = "2026-12-03\toff\t假\n2026-01-01\toff\t元旦";
        desk::load_official_days(&house.app, &house.who("dispatcher").await, fewer).await.unwrap();
        assert_eq!(
            due(&house, id, ClockKind::Finish).await.as_deref(),
            Some("12-16 17:30"),
            "the office keeps the law's"
        );
        assert_eq!(due(&house, id, ClockKind::Promise).await.as_deref(), Some("12-17 17:30"), "given is given");
        let record = desk::record(&house.app, &house.who("officer2").await, id).await.unwrap();
        assert!(record.dues.iter().any(|due| due.clock.kind == ClockKind::Promise && due.kept));
        let line: Vec<Line> = {
            let who = house.who("officer2").await;
            desk::list(&house.app, &who, &desk::Filter { limit: 5, ..Default::default() }).await.unwrap().items
        };
        assert_eq!(line[0].due_at, record.appeal.due_at, "lists show the same");
        assert!(matches!(
            desk::load_official_days(&house.app, &house.who("officer").await, off).await,
            Err(Error::Forbidden)
        ));
        assert!(matches!(
            desk::load_official_days(&house.app, &house.who("dispatcher").await, "gestern\toff").await,
            Err(Error::Invalid(_))
        ));
    }
}

#[tokio::test]
async fn what_needs_me_now() {
    for house in House::both().await {
        let id = raise(&house).await;
        let wait = async |who: &str| -> Vec<&'static str> {
            desk::to_do(&house.app, &house.who(who).await).await.unwrap().iter().map(|item| item.action).collect()
        };
        assert_eq!(wait("dispatcher").await, ["todo-appeal-dispatch"]);
        done(
            act(
                &house,
                "dispatcher",
                id,
                json!({"action": "dispatch", "department_id": house.other_department, "assist": [house.agency]}),
            )
            .await,
        );
        assert_eq!(
            (wait("dispatcher").await.len(), wait("officer2").await, wait("agency").await),
            (0, vec!["todo-appeal-sign"], vec!["todo-order-sign"])
        );
        done(act(&house, "officer2", id, json!({"action": "sign"})).await);
        assert_eq!(wait("officer2").await, ["todo-appeal-work"]);
        done(act(&house, "officer2", id, json!({"action": "ask", "text": "？"})).await);
        assert_eq!(wait("enterprise").await, ["todo-appeal-reply"]);
        assert!(wait("enterprise2").await.is_empty());
    }
}

#[tokio::test]
async fn an_assisting_department_asks_for_time_and_is_sent_back() {
    for house in House::both().await {
        let id = raise(&house).await;
        done(
            act(
                &house,
                "dispatcher",
                id,
                json!({"action": "dispatch", "department_id": house.other_department, "assist": [house.department]}),
            )
            .await,
        );
        done(act(&house, "officer2", id, json!({"action": "sign"})).await);
        let order = desk::record(&house.app, &house.rule(), id).await.unwrap().orders[1].id;
        done(act(&house, "officer", id, json!({"action": "sign", "work_order_id": order})).await);
        assert_eq!(
            code(act(&house, "officer", id, json!({"action": "sign", "work_order_id": order})).await),
            "order_status"
        );
        done(
            act(
                &house,
                "officer",
                id,
                json!({"action": "extend", "days": 2, "reason": "待检测", "work_order_id": order}),
            )
            .await,
        );
        assert!(matches!(
            act(&house, "officer", id, json!({"action": "grant", "work_order_id": order})).await,
            Err(Error::Forbidden)
        ));
        done(act(&house, "officer2", id, json!({"action": "grant", "work_order_id": order})).await);
        assert_eq!(due(&house, order, ClockKind::Assist).await.as_deref(), Some("12-01 17:30"));
        done(act(&house, "officer", id, json!({"action": "answer", "text": "数据如下", "work_order_id": order})).await);
        done(
            act(
                &house,
                "officer2",
                id,
                json!({"action": "review", "ok": false, "reason": "缺附件", "work_order_id": order}),
            )
            .await,
        );
        assert_eq!(code(act(&house, "officer2", id, solved()).await), "orders_open");
        // When its time is over it holds nobody up.
        house.clock.set(at(24 + 10, 9));
        done(act(&house, "officer2", id, solved()).await);
    }
}

// ---- pages ----

/// What a page says when a text is missing: the key itself, alone in an element.
fn missing_text(page: &str) -> Option<&str> {
    page.split('>').skip(1).filter_map(|part| part.split('<').next()).map(str::trim).find(|text| {
        let families = [
            "appeal-", "field-", "due-", "clock-", "ledger-", "help-", "held-", "light-", "partner-", "sheet-",
            "order-", "result-",
        ];
        families.iter().any(|family| text.starts_with(family)) && !text.contains(' ')
    })
}

async fn page(house: &House, who: &str, path: &str) -> String {
    let text = house.page(who, path).await.expect(200).text();
    assert_eq!(missing_text(&text), None, "{path} as {who}");
    text
}

#[tokio::test]
async fn the_path_through_pages() {
    for house in House::both().await {
        let form = page(&house, "enterprise", "/appeals/new").await;
        assert!(form.contains("name=\"title\"") && !form.contains("name=\"enterprise_id\""));
        let typed = [("title", ""), ("body", "限高杆改造后进不去"), ("category", "logistics")];
        let again = house.post("enterprise", "/appeals/new", &typed).await.expect(422).text();
        assert!(again.contains("限高杆改造后进不去") && again.contains("wrong-summary"), "what was typed is kept");
        let typed = [("title", "货车进不了场"), ("body", "限高杆"), ("category", "logistics"), ("once", "k")];
        let made = house.post("enterprise", "/appeals/new", &typed).await.expect(303);
        let path = made.headers["location"].to_str().unwrap().to_owned();
        let twice = house.post("enterprise", "/appeals/new", &typed).await.expect(303);
        assert_eq!(twice.headers["location"].to_str().unwrap(), path, "the same post again is the same appeal");
        let id = Uuid::parse_str(path.rsplit('/').next().unwrap()).unwrap();

        let own = page(&house, "enterprise", &path).await;
        assert!(own.contains("总协调室") && !own.contains("name=\"action\" value=\"dispatch\""));
        assert!(page(&house, "dispatcher", "/appeals?view=queue").await.contains("货车进不了场"));
        let shown = page(&house, "dispatcher", &path).await;
        assert!(shown.contains("value=\"dispatch\""));
        assert!(shown.contains("工作日"), "the deadline explains itself");

        let version = async || desk::record(&house.app, &house.rule(), id).await.unwrap().appeal.version.to_string();
        let other = house.other_department.to_string();
        let stale = [("action", "dispatch"), ("department_id", other.as_str()), ("version", "1")];
        house.post("dispatcher", &path, &stale).await.expect(412);
        let v = version().await;
        let go = [
            ("action", "dispatch"),
            ("department_id", other.as_str()),
            ("version", v.as_str()),
            ("instruction", "尽快"),
        ];
        house.post("dispatcher", &path, &go).await.expect(303);
        let lead = page(&house, "officer2", &path).await;
        assert!(lead.contains("value=\"sign\"") && lead.contains("value=\"object\""));
        house.post("officer2", &path, &[("action", "sign")]).await.expect(303);
        let empty = house
            .post("officer2", &path, &[("action", "answer"), ("text", "已通车"), ("result", "")])
            .await
            .expect(422)
            .text();
        assert!(empty.contains("已通车") && empty.contains("wrong-summary"));
        let agency = house.agency.to_string();
        house
            .post(
                "officer2",
                &path,
                &[
                    ("action", "pass_partner"),
                    ("department_id", agency.as_str()),
                    ("text", "请放行"),
                    ("obligatory", "true"),
                ],
            )
            .await
            .expect(303);
        let with_link = page(&house, "officer2", &path).await;
        let link = with_link.split("/w/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let link = format!("/w/{link}");

        // The partner's page needs no account and shows this one order.
        let partner = page(&house, "anonymous", &link).await;
        assert!(partner.contains("请放行") && !partner.contains("value=\"close\""));
        house.post("anonymous", &link, &[("action", "answer"), ("text", "")]).await.expect(422);
        house.post("anonymous", &link, &[("action", "extend"), ("days", "2"), ("reason", "需会商")]).await.expect(303);
        assert!(page(&house, "officer2", &path).await.contains("需会商"));
        // A double click is one answer, and shows it; another answer on the same form is none.
        let said = [("action", "answer"), ("text", "已放行"), ("once", "w-1")];
        for _ in 0..2 {
            house.post("anonymous", &link, &said).await.expect(303);
        }
        assert!(page(&house, "anonymous", &link).await.contains("已放行"));
        let other = [("action", "answer"), ("text", "又不放行了"), ("once", "w-1")];
        house.post("anonymous", &link, &other).await.expect(422);
        house.post("anonymous", &link, &[("action", "answer"), ("text", "已放行"), ("once", "w-2")]).await.expect(409);
        assert!(page(&house, "officer2", &path).await.contains("已放行"));
        assert!(!page(&house, "enterprise", &path).await.contains("已放行"), "the partner's word stays in the office");
        let other_end = if link.ends_with('A') { 'Q' } else { 'A' };
        house.page("anonymous", &format!("{}{other_end}", &link[..link.len() - 1])).await.expect(404);

        house.post("officer2", &format!("{path}/note"), &[("text", "内部：注意舆情")]).await.expect(303);
        assert!(page(&house, "dispatcher", &path).await.contains("注意舆情"));
        assert!(!page(&house, "enterprise", &path).await.contains("注意舆情"));
        let answer = [("action", "answer"), ("text", "已通车"), ("result", "solved"), ("production_continued", "yes")];
        house.post("officer2", &path, &answer).await.expect(303);
        house.post("dispatcher", &path, &[("action", "review")]).await.expect(422);
        house.post("dispatcher", &path, &[("action", "review"), ("ok", "true")]).await.expect(303);
        let confirm = page(&house, "enterprise", &path).await;
        assert!(confirm.contains("已通车") && confirm.contains("value=\"confirm\""));
        house.post("enterprise", &path, &[("action", "confirm"), ("rating", "1"), ("text", "太慢")]).await.expect(303);
        let not_yet = page(&house, "dispatcher", &path).await;
        assert!(not_yet.contains("why-not"), "what cannot be done yet says why");
        house.post("dispatcher", &path, &[("action", "close"), ("production_continued", "yes")]).await.expect(409);
        house.post("oversight", &path, &[("action", "return_visit"), ("verdict", "solved")]).await.expect(303);
        house.post("dispatcher", &path, &[("action", "close"), ("production_continued", "yes")]).await.expect(303);
        house.page("anonymous", &link).await.expect(404);
        page(&house, "leader", &format!("/documents/new/hand_over?appeal={id}")).await;
        for who in ["leader", "officer", "enterprise", "enterprise2", "agency", "project"] {
            page(&house, who, "/appeals?view=all").await;
        }
        house.page("enterprise2", &path).await.expect(404);
        house.page("leader@zone2", &path).await.expect(404);
        house.page("enterprise", "/appeals/export").await.expect(403);
        house.page("enterprise", "/appeals/ledger/export").await.expect(403);
    }
}

#[tokio::test]
async fn an_officer_picks_the_enterprise_by_name() {
    for house in House::both().await {
        let found = page(&house, "officer", "/appeals/new?q=%E6%B5%8B%E8%AF%95").await;
        assert!(found.contains(&format!("/appeals/new?enterprise_id={}", house.enterprise)));
        assert!(
            !page(&house, "officer", "/appeals/new?q=%25").await.contains("enterprise_id="),
            "a percent sign is a percent sign"
        );
        let form = page(&house, "officer", &format!("/appeals/new?enterprise_id={}", house.enterprise)).await;
        assert!(form.contains("测试机电设备有限公司") && form.contains("name=\"channel\""));
        let id = house.enterprise.to_string();
        let typed =
            [("enterprise_id", id.as_str()), ("title", "x"), ("body", "y"), ("category", "other"), ("as", "draft")];
        house.post("officer", "/appeals/new", &typed).await.expect(303);
        assert!(page(&house, "officer", "/appeals?view=all&status=draft").await.contains("草稿"));
    }
}

#[tokio::test]
async fn the_problem_ledger_goes_out_as_offices_file_it() {
    for house in House::both().await {
        let id = reviewed(&house).await;
        done(act(&house, "enterprise", id, json!({"action": "confirm", "rating": 4})).await);
        let answer = house.page("dispatcher", "/appeals/ledger/export").await.expect(200);
        let sheet = paper::read(&answer.bytes, paper::Limits::default()).unwrap().remove(0);
        assert_eq!((sheet.rows[0].cells.len(), sheet.rows[0].cells[25].as_str()), (26, "备注"));
        let row = &sheet.rows[1].cells;
        assert_eq!((row[3].as_str(), row[10].as_str(), row[22].as_str()), ("测试机电", "建设管理部", "满意"));
        let mut tx = house.app.read().await.unwrap();
        let noted: i64 = tx
            .value(sql!("SELECT count(*) FROM access_log WHERE zone_id = $1 AND kind = 'export'", house.zone))
            .await
            .unwrap();
        assert_eq!(noted, 1);
    }
}

// ---- random walks ----

/// A small generator, so that a failing walk can be walked again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.roll(all.len() as u64)).unwrap()]
    }
}

/// Any action with plausible details.
fn any_act(dice: &mut Dice, house: &House, ids: &[Uuid]) -> Json {
    let department = *dice.pick(&[house.department, house.other_department, house.agency]);
    let reason = "理由";
    match dice.roll(23) {
        0 => json!({"action": "register"}),
        1 | 2 => {
            let assist: Vec<Uuid> =
                if dice.roll(2) == 0 { vec![] } else { vec![*dice.pick(&[house.department, house.agency])] };
            json!({"action": "dispatch", "department_id": department, "assist": assist})
        }
        3 => json!({"action": "reject", "reason": reason, "right_channel": "法院"}),
        4 => json!({"action": "merge", "into": dice.pick(ids)}),
        5 | 6 => json!({"action": "sign"}),
        7 => json!({"action": "object", "reason": reason}),
        8 => json!({"action": "rule", "reason": reason, "department_id": department}),
        9 => json!({"action": "ask", "text": "？"}),
        10 => json!({"action": "reply", "text": "。"}),
        11 => {
            let whom = if dice.roll(5) > 0 { house.agency } else { department };
            json!({"action": "pass_partner", "department_id": whom, "text": "请协助"})
        }
        12 => json!({"action": "plan", "planned_for": "2026-12-08", "text": "计划"}),
        13 => json!({"action": "extend", "days": 1 + dice.roll(6), "reason": reason}),
        14 => json!({"action": "grant", "granted": dice.roll(3) > 0, "reason": reason}),
        15 => json!({"action": "suspend", "ground": "appraisal", "until": "2027-06-01", "reason": reason}),
        16 => json!({"action": "resume"}),
        17 | 18 => {
            let result = *dice.pick(&["solved", "partly", "long_term", "explained"]);
            json!({"action": "answer", "result": result, "text": "结果", "production_continued": "yes", "review_on": "2027-09-01"})
        }
        19 => json!({"action": "review", "ok": dice.roll(4) > 0, "reason": reason}),
        20 => match dice.roll(3) {
            0 => json!({"action": "dispute", "reason": reason}),
            _ => json!({"action": "confirm", "rating": 1 + dice.roll(5)}),
        },
        21 => match dice.roll(4) {
            0 => json!({"action": "withdraw", "reason": reason}),
            1 => json!({"action": "reopen", "reason": reason}),
            _ => json!({"action": "close"}),
        },
        _ => {
            json!({"action": "return_visit", "verdict": *dice.pick(&["solved", "partly", "not_solved", "not_reached"])})
        }
    }
}

/// What holds of every appeal at any time.
async fn sound(house: &House, id: Uuid, walk: &str) {
    use buting::appeal::{OrderKind, OrderStatus};
    let record = desk::record(&house.app, &house.rule(), id).await.unwrap();
    let a = &record.appeal;
    assert_eq!(a.open, a.status.is_open(), "{walk}");
    let finish = record.dues.iter().find(|due| due.clock.kind == ClockKind::Finish).map(|due| &due.clock);
    if a.registered_at.is_none() {
        assert!(matches!(a.status, Status::Draft | Status::Withdrawn), "{walk}: {} was never registered", a.status);
        assert!(record.dues.is_empty(), "{walk}: a draft has no deadline");
        return;
    }
    let finish = finish.unwrap_or_else(|| panic!("{walk}: {} without a finish clock", a.status));
    let expected = match a.status {
        Status::WaitingEnterprise | Status::Suspended => ClockState::Paused,
        Status::Answered | Status::Reviewed | Status::ReturnVisit | Status::LongTerm => ClockState::Stopped,
        status if status.is_open() => ClockState::Running,
        _ => ClockState::Stopped,
    };
    assert_eq!(finish.state, expected, "{walk}: {}", a.status);
    assert_eq!(a.due_at, finish.due_at, "{walk}");
    let sorted_last = expected == ClockState::Stopped || a.due_at.is_none();
    assert_eq!(a.due_key == buting::appeal::record::FAR, sorted_last, "{walk}");
    for due in &record.dues {
        let counted: i64 = due.reckoning.segments.iter().filter(|s| s.counted).map(|s| s.amount).sum();
        let whole = if due.reckoning.due_at.is_some() { due.reckoning.total } else { due.reckoning.used };
        assert_eq!(counted, whole, "{walk}: every explanation adds up");
        assert!(a.open || due.clock.state == ClockState::Stopped, "{walk}: {} runs on", due.clock.kind);
    }
    let lead: Vec<_> =
        record.orders.iter().filter(|w| w.kind == OrderKind::Lead && w.status != OrderStatus::Cancelled).collect();
    assert!(lead.len() <= 1, "{walk}: one department leads");
    if a.open {
        assert_eq!(lead.first().map(|w| w.department_id), a.lead_department_id, "{walk}");
    } else {
        assert!(record.orders.iter().all(|w| !w.open), "{walk}: nothing is asked about what has ended");
    }
    assert!(record.orders.iter().all(|w| w.open == w.status.is_open()), "{walk}");
    if let Some(holder) = a.status.holder() {
        let of_desk = holder == clock::Holder::Department && a.lead_department_id.is_none();
        assert_eq!(a.holder, if of_desk { clock::Holder::Desk } else { holder }, "{walk}");
    }
    assert_eq!(a.closed_at.is_some(), !a.open, "{walk}: {}", a.status);
    assert!(a.extended_days <= 15 && a.extensions <= 2, "{walk}");
}

/// The rules are the same on both databases; the second one is walked less, but by `make bench`, which says so by
/// `BUTING_SIMULATION`.
#[tokio::test]
async fn random_walks_never_reach_an_impossible_state() {
    let full = std::env::var_os("BUTING_SIMULATION").is_some();
    let mut moved = 0;
    let mut reached = std::collections::BTreeSet::new();
    for (n, house) in House::both().await.into_iter().enumerate() {
        let walks: u64 = if n == 0 || full { 8 } else { 2 };
        for seed in 1..=walks {
            let mut dice = Dice(seed);
            let draft = NewAppeal { draft: true, ..trucks() };
            let draft = desk::open(&house.app, &house.who("enterprise").await, draft).await.unwrap();
            let mut ids = vec![raise(&house).await, raise(&house).await, draft];
            for id in &ids {
                reached.insert(status(&house, *id).await.word());
            }
            let (mut now, mut last) = (at(24, 10), ids[0]);
            for n in 0..120 {
                // In one zone things happen close together and then for days nothing does; in
                // the next the days go by evenly.
                let half_hours = match (seed % 2, dice.roll(6)) {
                    (1, _) => dice.roll(30),
                    (_, 0) => dice.roll(60),
                    _ => dice.roll(4),
                };
                now = now.plus(i64::try_from(half_hours).unwrap() * HOUR_MS / 2);
                house.clock.set(now);
                if n % 15 == 14 {
                    ids.push(raise(&house).await);
                }
                // Half of the time somebody goes on with what was done last.
                let mut id = if dice.roll(3) > 0 { last } else { *dice.pick(&ids) };
                for _ in 0..3 {
                    if status(&house, id).await.is_open() {
                        break;
                    }
                    id = *dice.pick(&ids);
                }
                last = id;
                let before = status(&house, id).await;
                let who = *dice.pick(&[
                    "dispatcher",
                    "dispatcher",
                    "officer",
                    "officer2",
                    "officer2",
                    "leader",
                    "oversight",
                    "enterprise",
                    "enterprise",
                    "agency",
                    "specialist",
                ]);
                let mut wanted = any_act(&mut dice, &house, &ids);
                // Most of the time it is something that can be done, and seldom the end.
                if dice.roll(5) > 0
                    && let Ok(record) = desk::record(&house.app, &house.who(who).await, id).await
                {
                    let ends = ["withdraw", "reject", "merge"];
                    let able: Vec<_> = record
                        .possible
                        .iter()
                        .filter(|(_, why)| why.is_none())
                        .map(|(action, _)| action.word())
                        .collect();
                    // Half of the time it is something that leads where no walk has been.
                    let fresh: Vec<&str> =
                        able.iter().copied().filter(|action| leads_on(before, action, &reached)).collect();
                    let onwards = !fresh.is_empty() && dice.roll(2) == 0;
                    for _ in 0..400 {
                        let action = wanted["action"].as_str().unwrap();
                        let fits = if onwards {
                            fresh.contains(&action)
                        } else {
                            able.contains(&action) && (!ends.contains(&action) || dice.roll(6) == 0)
                        };
                        if fits {
                            break;
                        }
                        wanted = any_act(&mut dice, &house, &ids);
                    }
                }
                if wanted["action"] == "answer" && !reached.contains("long_term") {
                    wanted["result"] = json!("long_term");
                }
                let walk = format!("seed {seed} step {n}: {who} {wanted} on {before}");
                match act(&house, who, id, wanted.clone()).await {
                    Ok(_) => {
                        moved += 1;
                        let after = status(&house, id).await;
                        reached.insert(after.word());
                        assert!(may_lead(before, &wanted, after), "{walk} led to {after}");
                    }
                    Err(
                        Error::Forbidden | Error::NotFound | Error::Invalid(_) | Error::Conflict(Conflict::State(_)),
                    ) => {
                        assert_eq!(status(&house, id).await, before, "{walk}: a refusal changes nothing");
                    }
                    Err(error) => panic!("{walk}: {error:?}"),
                }
                sound(&house, id, &walk).await;
            }
            for id in &ids {
                sound(&house, *id, "at the end").await;
            }
            desk::escalate(&house.app, house.zone).await.unwrap();
            desk::close_silent(&house.app, house.zone).await.unwrap();
            let mut tx = house.app.read().await.unwrap();
            assert!(
                desk::recount(&mut tx, house.zone).await.unwrap(),
                "seed {seed}: the kept counts are those counted out"
            );
        }
    }
    assert!(moved > 120, "the walks went somewhere: {moved}");
    let missed: Vec<_> =
        Status::ALL.iter().map(|status| status.word()).filter(|word| !reached.contains(word)).collect();
    assert!(missed.is_empty(), "no walk came to {missed:?}");
}

/// Whether the rule book lets an action lead to a state that is not among these.
fn leads_on(from: Status, action: &str, reached: &std::collections::BTreeSet<&'static str>) -> bool {
    use buting::appeal::{Action, TRANSITIONS, Turn};
    let fits =
        |row: &&buting::appeal::Transition| Action::parse(action) == Some(row.action) && row.from.contains(&from);
    TRANSITIONS.iter().filter(fits).any(|row| match row.turn {
        Turn::To(status) | Turn::SameOr(status) => !reached.contains(status.word()),
        Turn::Either(good, bad) => !reached.contains(good.word()) || !reached.contains(bad.word()),
        Turn::Same | Turn::Back => false,
    })
}

/// Whether the rule book lets an action lead from one state to another.
fn may_lead(from: Status, act: &Json, to: Status) -> bool {
    use buting::appeal::{Action, TRANSITIONS, Turn, land};
    let action = Action::parse(act["action"].as_str().unwrap()).unwrap();
    // What is done with a work order leaves the appeal, or ends the wait for partners.
    let of_order = matches!(
        action,
        Action::Sign | Action::Answer | Action::Reply | Action::Extend | Action::Grant | Action::Review
    );
    let waits_for = [Status::Registered, Status::Working, Status::Planned];
    if of_order && (from == to || from == Status::WithPartner && waits_for.contains(&to)) {
        return true;
    }
    TRANSITIONS.iter().filter(|row| row.action == action && row.from.contains(&from)).any(|row| match row.turn {
        Turn::To(status) => to == status || to == land(status, false),
        Turn::Same => to == from,
        Turn::Back => waits_for.contains(&to),
        Turn::Either(good, bad) => [good, bad, land(bad, false), from].contains(&to),
        Turn::SameOr(bad) => to == from || to == bad || to == land(bad, false),
    })
}

/// What was answered is found once it is out, and not before.
#[tokio::test]
async fn an_answer_is_found_by_its_words_once_it_is_reviewed() {
    for house in House::both().await {
        let id = signed(&house).await;
        let answer = json!({
            "action": "answer", "result": "solved", "text": "已调移动泵车抽排，东门恢复通行", "production_continued": "yes"
        });
        done(act(&house, "officer2", id, answer).await);
        let found = async |account: &str| {
            let filter = desk::Filter { q: Some("泵车".into()), limit: 20, ..desk::Filter::default() };
            desk::list(&house.app, &house.who(account).await, &filter).await.unwrap().items.len()
        };
        assert_eq!(found("dispatcher").await, 0);
        done(act(&house, "dispatcher", id, json!({"action": "review", "ok": true})).await);
        assert_eq!((found("dispatcher").await, found("enterprise").await), (1, 1));
        // The same words stand in the box for everything.
        let page = house.page("officer2", "/search?q=%E6%B3%B5%E8%BD%A6").await.expect(200).text();
        assert!(page.contains(&format!("/appeals/{id}")), "{page}");
    }
}
