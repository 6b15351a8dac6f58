//! Personal data: notice, consent, requests, erasure, the end of what need not be kept.

use crate::house::House;
use axum::body::Body;
use axum::http::Request;
use buting::actor::Role;
use buting::error::{Conflict, Error};
use buting::organisation::NewPerson;
use buting::organisation::desk::{add_person, disable_account};
use buting::privacy::desk::{self, Decision, NewRequest};
use buting::privacy::{ConsentKind, Ground, Keep, PERSON_DAYS, RequestKind, RequestState};
use buting::text::Lang;
use buting::time::DAY_MS;
use buting::zone::Retention;
use serde_json::{Value as Json, json};
use store::sql;
use uuid::Uuid;

async fn ask(house: &House, account: &str, kind: RequestKind) -> Uuid {
    let new = NewRequest { person_id: None, kind, body: "请处理".into(), identity_check: String::new() };
    desk::ask(&house.app, &house.who(account).await, new).await.unwrap()
}

async fn phone(house: &House, person: Uuid) -> Option<String> {
    let mut tx = house.app.db.read().await.unwrap();
    tx.value(sql!("SELECT phone FROM person WHERE zone_id = $1 AND id = $2", house.zone, person)).await.unwrap()
}

fn done(answer: &str) -> Decision {
    Decision { ground: None, answer: answer.into() }
}

#[tokio::test]
async fn the_notice_is_open_to_everybody_and_complete() {
    for house in House::both().await {
        for account in ["anonymous", "enterprise", "officer"] {
            let page = house.page(account, "/privacy").await.expect(200).text();
            for kind in buting::privacy::catalogue::CATALOGUE {
                for text in [
                    Lang::Zh.word("personal", kind.key),
                    kind.keep.text(&Lang::Zh, &Retention::of(&Json::Null)).into(),
                    Lang::Zh.word("basis", kind.basis.word()),
                ] {
                    assert!(page.contains(text.as_ref()), "{account}: {text}");
                }
            }
        }
        let fields = [("require_totp", "false"), ("person_days", "90"), ("access_log_months", "24")];
        house.post("secadmin", "/settings/protection", &fields).await.expect(303);
        for (account, page) in [("enterprise", "/privacy"), ("secadmin", "/admin/privacy")] {
            let text = house.page(account, page).await.expect(200).text();
            for keep in [Keep::Post, Keep::Log] {
                let said = keep.text(&Lang::Zh, &Retention { person_days: 90, log_months: 24 });
                assert!(text.contains(&said), "{page} says what the zone has set: {said}");
            }
        }
    }
}

#[tokio::test]
async fn a_contact_who_is_erased_leaves_as_any_other_does() {
    for house in House::both().await {
        let keeper = house.who("dispatcher").await;
        let new = |name: &str| NewPerson {
            name: name.into(),
            phone: Some("13911112222".into()),
            enterprise_id: Some(house.enterprise),
            ..NewPerson::default()
        };
        let invited = add_person(&house.app, &keeper, new("老李")).await.unwrap();
        let card = json!({"people": [invited]});
        let card = house.call("dispatcher", "POST", "/api/v1/invitations", card).await.expect(201).json();
        let code = card["items"][0]["code"].as_str().unwrap().to_owned();
        let member = house.person("enterprise");
        let cookie = house.cookie("enterprise").await;
        let token = house.token("enterprise").await;
        for (account, person) in [("enterprise", member), ("secadmin", invited)] {
            let mut who = house.who(account).await;
            who.once = None;
            let person_id = (account == "secadmin").then_some(person);
            let identity_check = "查看身份证件".into();
            let new = NewRequest { person_id, kind: RequestKind::Erase, body: String::new(), identity_check };
            let id = desk::ask(&house.app, &who, new).await.unwrap();
            desk::decide(&house.app, &house.who("secadmin").await, id, done("已删除")).await.unwrap();
        }
        let mut tx = house.app.db.read().await.unwrap();
        for table in [
            "SELECT count(*) FROM session WHERE zone_id = $1 AND account_id = $2",
            "SELECT count(*) FROM api_token WHERE zone_id = $1 AND account_id = $2",
            "SELECT count(*) FROM notice WHERE zone_id = $1 AND person_id = $2",
            "SELECT count(*) FROM contact WHERE zone_id = $1 AND person_id = $2",
        ] {
            assert_eq!(tx.value::<i64>(sql!(table, house.zone, member)).await.unwrap(), 0, "{table}");
        }
        drop(tx);
        let left = house.call("auditor", "GET", &format!("/api/v1/ledger?subject_id={member}"), Json::Null).await;
        let left = left.expect(200).json();
        let actions: Vec<&str> =
            left["items"].as_array().unwrap().iter().filter_map(|row| row["action"].as_str()).collect();
        for action in ["person.leave", "account.disable", "privacy.erase"] {
            assert!(actions.contains(&action), "{action} is not in {actions:?}");
        }
        let request = |name: &str, value: String| {
            Request::builder().uri("/api/v1/session").header(name, value).body(Body::empty()).unwrap()
        };
        assert_eq!(house.send(request("cookie", cookie)).await.status, 401);
        assert_eq!(house.send(request("authorization", format!("Bearer {token}"))).await.status, 401);
        let accept = json!({"code": code, "user_name": "laoli", "password": "Buting-2026-test"});
        let refused = house.call("anonymous", "POST", "/api/v1/invitations/accept", accept).await;
        assert!(refused.status.is_client_error(), "{}", refused.text());
    }
}

#[tokio::test]
async fn an_officer_asks_for_a_contact_who_cannot_sign_in() {
    for house in House::both().await {
        let new = NewPerson {
            name: "老李".into(),
            phone: Some("13911112222".into()),
            enterprise_id: Some(house.enterprise),
            ..NewPerson::default()
        };
        let contact = add_person(&house.app, &house.who("dispatcher").await, new).await.unwrap();
        let path = format!("/privacy/requests/for/{contact}");
        assert!(house.page("dispatcher", &format!("/people/{contact}")).await.expect(200).text().contains(&path));
        for (account, status) in [("officer2", 404), ("enterprise", 403), ("auditor", 403), ("secadmin", 200)] {
            house.page(account, &path).await.expect(status);
        }
        house.give_password("enterprise").await;
        let with_account = format!("/privacy/requests/for/{}", house.person("enterprise"));
        house.page("dispatcher", &with_account).await.expect(409);
        house.page("dispatcher", &format!("/privacy/requests/for/{}", house.person("officer"))).await.expect(403);
        house.page("dispatcher", &path).await.expect(200);
        house.post("dispatcher", &path, &[("kind", "see")]).await.expect(422);
        let fields = [("kind", "see"), ("identity_check", "回拨登记的电话"), ("once", "k")];
        house.post("officer2", &path, &fields).await.expect(404);
        let made = house.post("dispatcher", &path, &fields).await.expect(303);
        let request = made.headers["location"].to_str().unwrap().to_owned();
        for (account, status) in [("dispatcher", 200), ("secadmin", 200), ("leader", 404), ("enterprise", 404)] {
            let shown = house.page(account, &request).await.expect(status).text();
            assert_eq!(shown.contains("回拨登记的电话") && shown.contains("dispatcher某"), status == 200, "{account}");
        }
        house.page("dispatcher", &format!("{request}/data.json")).await.expect(403);
        let data = house.page("secadmin", &format!("{request}/data.json")).await.expect(200).json();
        assert_eq!(data["data"]["person"][0]["phone"], "13911112222");
        let log = house.call("auditor", "GET", "/api/v1/access-log?kind=request_export", Json::Null).await.expect(200);
        assert_eq!(log.json()["items"][0]["subject_id"], json!(contact));
        house
            .post("secadmin", &request, &[("outcome", "done"), ("answer", "见附件"), ("version", "1")])
            .await
            .expect(303);
        let mut tx = house.app.db.read().await.unwrap();
        let told: i64 = tx
            .value(sql!(
                "SELECT count(*) FROM notice WHERE zone_id = $1 AND person_id = $2 AND kind = 'privacy.decided'",
                house.zone,
                house.person("dispatcher")
            ))
            .await
            .unwrap();
        assert_eq!(told, 1, "who took it down passes the answer on");
    }
}

#[tokio::test]
async fn consent_is_asked_once_and_withdrawn_as_easily() {
    for house in House::both().await {
        let who = house.who("enterprise").await;
        let person = house.person("enterprise");
        assert!(desk::unasked(&house.app, &who).await.unwrap());
        assert!(!desk::unasked(&house.app, &house.who("officer").await).await.unwrap(), "the office is not asked");
        let home = house.page("enterprise", "/").await.expect(200).text();
        assert!(
            home.contains("action=\"/privacy/consents\"") && home.contains("href=\"/appeals/new\""),
            "asking closes no door"
        );

        house.post("enterprise", "/privacy/consents", &[]).await.expect(422);
        house
            .post("enterprise", "/privacy/consents", &[("partner", "yes"), ("return_call", "no"), ("back", "/")])
            .await
            .expect(303);
        let holds = |kind| {
            let house = &house;
            async move {
                let mut tx = house.app.db.read().await.unwrap();
                desk::consented(&mut tx, house.zone, person, kind).await.unwrap()
            }
        };
        assert!(holds(ConsentKind::Partner).await && !holds(ConsentKind::ReturnCall).await);
        assert!(!desk::unasked(&house.app, &who).await.unwrap());
        assert!(!house.page("enterprise", "/").await.expect(200).text().contains("action=\"/privacy/consents\""));

        house.post("enterprise", "/privacy/consents", &[("partner", "no")]).await.expect(303);
        assert!(!holds(ConsentKind::Partner).await);
        // Saying again what holds writes nothing.
        house.post("enterprise", "/privacy/consents", &[("partner", "no")]).await.expect(303);
        let mut tx = house.app.db.read().await.unwrap();
        let rows: i64 = tx
            .value(sql!("SELECT count(*) FROM consent WHERE zone_id = $1 AND person_id = $2", house.zone, person))
            .await
            .unwrap();
        assert_eq!(rows, 3, "yes, no, and the withdrawal stay on record");
    }
}

#[tokio::test]
async fn a_request_has_a_receipt_and_an_answer_in_time() {
    for house in House::both().await {
        house.post("enterprise", "/privacy/requests", &[("body", "x")]).await.expect(422);
        house.post("enterprise", "/privacy/requests", &[("kind", "correct"), ("body", "")]).await.expect(422);
        let made = house
            .post("enterprise", "/privacy/requests", &[("kind", "correct"), ("body", "电话换了"), ("once", "k")])
            .await
            .expect(303);
        let path = made.headers["location"].to_str().unwrap().to_owned();
        let again = house
            .post("enterprise", "/privacy/requests", &[("kind", "correct"), ("body", "电话换了"), ("once", "k")])
            .await
            .expect(303);
        assert_eq!(again.headers["location"].to_str().unwrap(), path, "the same post twice is one request");
        let receipt = house.page("enterprise", &path).await.expect(200).text();
        assert!(receipt.contains("GX-20261124-0001"));
        // Tuesday 24 November and 15 working days: Tuesday 15 December.
        assert!(receipt.contains("2026-12-15"), "{receipt}");
        for other in ["enterprise2", "officer", "leader", "sysadmin"] {
            house.page(other, &path).await.expect(404);
        }
        house.page("auditor", &path).await.expect(200);
        house.post("auditor", &path, &[("outcome", "done"), ("answer", "x")]).await.expect(403);

        let waits = desk::to_do(&house.app, &house.who("secadmin").await).await.unwrap();
        assert_eq!(waits.len(), 1);
        assert!(house.page("secadmin", "/").await.expect(200).text().contains("GX-20261124-0001"));
        house.post("secadmin", &path, &[("outcome", "done"), ("answer", ""), ("version", "1")]).await.expect(422);
        house.post("secadmin", &path, &[("outcome", "done"), ("answer", "已改"), ("version", "7")]).await.expect(412);
        house
            .post("secadmin", &path, &[("outcome", "correct_already"), ("answer", "电话与登记一致"), ("version", "1")])
            .await
            .expect(303);
        house.post("secadmin", &path, &[("outcome", "done"), ("answer", "已改"), ("version", "2")]).await.expect(409);
        let answered = house.page("enterprise", &path).await.expect(200).text();
        assert!(
            answered.contains("电话与登记一致") && answered.contains(Lang::Zh.t("ground-correct_already").as_ref())
        );
        assert!(desk::to_do(&house.app, &house.who("secadmin").await).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn one_s_own_data_can_be_taken_along() {
    for house in House::both().await {
        let data = house.page("enterprise", "/privacy/mine.json").await.expect(200).json();
        assert_eq!(data["data"]["person"][0]["phone"], "13800000000");
        assert_eq!(data["data"]["account"][0]["user_name"], "enterprise");
        assert!(data["data"]["account"][0].get("password_hash").is_none(), "secrets stay");
        assert!(!data.to_string().contains("enterprise2"), "nobody else's data");
        let mut tx = house.app.db.read().await.unwrap();
        let noted: i64 = tx
            .value(sql!("SELECT count(*) FROM access_log WHERE zone_id = $1 AND kind = 'own_export'", house.zone))
            .await
            .unwrap();
        assert_eq!(noted, 1);
        assert!(house.page("enterprise", "/privacy/mine").await.expect(200).text().contains("13800000000"));
        house.page("anonymous", "/privacy/mine.json").await.expect(303);
    }
}

#[tokio::test]
async fn erasure_leaves_no_trace_of_the_person_and_a_whole_ledger() {
    for house in House::both().await {
        let person = house.person("enterprise");
        let other = house.person("enterprise2");
        let id = ask(&house, "enterprise", RequestKind::Erase).await;
        let secadmin = house.who("secadmin").await;
        assert!(matches!(
            desk::decide(&house.app, &house.who("sysadmin").await, id, done("x")).await,
            Err(Error::Forbidden)
        ));
        desk::decide(&house.app, &secadmin, id, done("已删除")).await.unwrap();
        assert_eq!(phone(&house, person).await, None);
        assert!(phone(&house, other).await.is_some(), "only his");
        let mut tx = house.app.db.read().await.unwrap();
        let (name, title): (String, Option<String>) = tx
            .one(sql!("SELECT name, title FROM person WHERE zone_id = $1 AND id = $2", house.zone, person))
            .await
            .unwrap();
        assert_eq!((name.as_str(), title), ("已删除", None));
        let (user, disabled): (String, Option<i64>) = tx
            .one(sql!("SELECT user_name, disabled_at FROM account WHERE zone_id = $1 AND id = $2", house.zone, person))
            .await
            .unwrap();
        assert!(user.starts_with("erased-") && disabled.is_some());
        let keys: i64 = tx
            .value(sql!("SELECT count(*) FROM field_key WHERE zone_id = $1 AND owner_id = $2", house.zone, person))
            .await
            .unwrap();
        assert_eq!(keys, 0, "what the ledger sealed cannot be read again");
        drop(tx);
        store::Seal::new(house.app.db.clone()).run(house.app.now().ms()).await.unwrap();
        assert!(house.app.db.verify(&[]).await.unwrap().faults.is_empty());
        house.page("secadmin", "/admin/privacy").await.expect(200);
    }
}

#[tokio::test]
async fn who_is_in_post_is_not_erased_and_nobody_judges_himself() {
    for house in House::both().await {
        let secadmin = house.who("secadmin").await;
        let id = ask(&house, "officer", RequestKind::Erase).await;
        let refused = desk::decide(&house.app, &secadmin, id, done("x")).await;
        assert!(matches!(refused, Err(Error::Conflict(Conflict::State("still_in_post")))), "{refused:?}");
        assert!(phone(&house, house.person("officer")).await.is_some(), "and nothing was half done");
        let refusal =
            Decision { ground: Some(Ground::DutyInProgress), answer: "在任期间须公开联系方式".into() };
        desk::decide(&house.app, &secadmin, id, refusal).await.unwrap();
        let request = desk::request(&house.app, &house.who("officer").await, id).await.unwrap();
        assert_eq!((request.state, request.ground), (RequestState::Refused, Some(Ground::DutyInProgress)));

        let own = ask(&house, "secadmin", RequestKind::See).await;
        let judged = desk::decide(&house.app, &secadmin, own, done("x")).await;
        assert!(matches!(judged, Err(Error::Conflict(Conflict::State("own_subject_request")))), "{judged:?}");
    }
}

#[tokio::test]
async fn people_who_left_long_ago_are_erased_at_night() {
    for house in House::both().await {
        let new = |name: &str| NewPerson {
            name: name.into(),
            phone: Some("13911112222".into()),
            enterprise_id: Some(house.enterprise),
            ..NewPerson::default()
        };
        let keeper = house.who("dispatcher").await;
        let long_ago = add_person(&house.app, &keeper, new("老李")).await.unwrap();
        let lately = add_person(&house.app, &keeper, new("小王")).await.unwrap();
        let now = house.app.now();
        let mut tx = house.app.db.write().await.unwrap();
        for (person, days) in [(long_ago, PERSON_DAYS + 1), (lately, PERSON_DAYS - 1)] {
            let left = now.plus(-days * DAY_MS);
            tx.run(sql!("UPDATE person SET left_at = $1 WHERE zone_id = $2 AND id = $3", left, house.zone, person))
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let done = desk::retain(&house.app, house.zone).await.unwrap();
        assert_eq!(done.people, 1);
        assert_eq!(phone(&house, long_ago).await, None);
        assert!(phone(&house, lately).await.is_some());
        assert_eq!(desk::retain(&house.app, house.zone).await.unwrap().people, 0, "a second night finds nothing");
        disable_account(&house.app, &house.rule(), house.person("enterprise2")).await.unwrap();
        assert!(
            phone(&house, house.person("enterprise2")).await.is_some(),
            "a disabled account is not a person who left"
        );
    }
}

#[tokio::test]
async fn disclosures_are_noted() {
    for house in House::both().await {
        let fields = [
            ("to_org", "区公安分局"),
            ("basis", "other_law"),
            ("fields", "姓名、电话"),
            ("occasion", "依法调取，文号〔2026〕3号"),
        ];
        house.post("auditor", "/admin/privacy/disclosures", &fields).await.expect(403);
        house.post("secadmin", "/admin/privacy/disclosures", &fields[..3]).await.expect(422);
        house.post("secadmin", "/admin/privacy/disclosures", &fields).await.expect(303);
        assert!(house.page("auditor", "/admin/privacy").await.expect(200).text().contains("区公安分局"));
        house.page("sysadmin", "/admin/privacy").await.expect(403);
        let ledger =
            house.call("auditor", "GET", "/api/v1/ledger?action=privacy.disclose", Json::Null).await.expect(200).json();
        assert_eq!(ledger["total"], 1);
        assert!(house.who("secadmin").await.has(Role::Secadmin));
    }
}
