//! The ledger as people and machines read it, the queue, and the first page.

use crate::house::House;
use buting::http::page::Shell;
use buting::organisation::NewPerson;
use buting::organisation::desk::add_person;
use buting::oversight::desk;
use buting::text::Lang;
use buting::trace::BULK;
use serde_json::{Value as Json, json};
use store::{Queue, Seal, sql};
use uuid::Uuid;

/// A person of the enterprise, whose name and number the ledger seals.
async fn contact(house: &House) -> Uuid {
    let new = NewPerson {
        name: "高厂长".into(),
        phone: Some("13912345678".into()),
        enterprise_id: Some(house.enterprise),
        ..NewPerson::default()
    };
    add_person(&house.app, &house.who("dispatcher").await, new).await.unwrap()
}

async fn seal(house: &House) {
    Seal::new(house.app.db.clone()).run(house.app.now().ms()).await.unwrap();
}

#[tokio::test]
async fn the_ledger_is_for_its_readers() {
    for house in House::both().await {
        for account in
            ["leader", "officer", "specialist", "dispatcher", "agency", "enterprise", "project", "sysadmin", "secadmin"]
        {
            house.call(account, "GET", "/api/v1/ledger", Json::Null).await.expect(403);
            house.page(account, "/ledger").await.expect(403);
        }
        for account in ["auditor", "oversight"] {
            house.call(account, "GET", "/api/v1/ledger", Json::Null).await.expect(200);
            house.page(account, "/ledger").await.expect(200);
        }
    }
}

#[tokio::test]
async fn filters_and_pages() {
    for house in House::both().await {
        let person = contact(&house).await;
        let of = |path: String| {
            let house = &house;
            async move { house.call("auditor", "GET", &path, Json::Null).await.expect(200).json() }
        };
        let all = of(format!("/api/v1/ledger?about_id={}", house.enterprise)).await;
        assert!(all["items"].as_array().unwrap().iter().any(|row| row["subject_id"] == json!(person)), "{all}");
        assert!(all["items"].as_array().unwrap().iter().all(|row| row["about_id"] == json!(house.enterprise)));

        let dispatcher = house.person("dispatcher");
        let by = of(format!("/api/v1/ledger?actor_id={dispatcher}&action=person.create&day=2026-11-24")).await;
        assert_eq!(by["total"], 1);
        assert_eq!(by["items"][0]["actor_name"], "dispatcher某");
        assert_eq!(of(format!("/api/v1/ledger?actor_id={dispatcher}&day=2026-11-23")).await["total"], 0);

        let (mut seen, mut path) = (Vec::new(), "/api/v1/ledger?limit=4&action=person.".to_owned());
        loop {
            let page = of(path.clone()).await;
            seen.extend(page["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("/api/v1/ledger?limit=4&action=person.&cursor={next}");
        }
        let total = of("/api/v1/ledger?action=person.".to_owned()).await["total"].as_u64().unwrap();
        assert_eq!(seen.len() as u64, total);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len() as u64, total, "no row comes twice");

        house.call("auditor", "GET", "/api/v1/ledger?nonsense=1", Json::Null).await.expect(400);
        house.call("auditor", "GET", "/api/v1/ledger?cursor=x", Json::Null).await.expect(422);
        house.call("auditor", "GET", "/api/v1/ledger?limit=201", Json::Null).await.expect(422);
    }
}

#[tokio::test]
async fn personal_values_stay_closed_until_somebody_who_may_opens_them() {
    for house in House::both().await {
        let person = contact(&house).await;
        let listed = house
            .call("oversight", "GET", &format!("/api/v1/ledger?subject_id={person}"), Json::Null)
            .await
            .expect(200);
        assert!(!listed.text().contains("13912345678") && !listed.text().contains("高厂长"));
        let row = listed.json()["items"][0].clone();
        assert_eq!(row["after"]["phone"], json!({"sealed": true}));
        let path = format!("/ledger/{}", row["id"].as_str().unwrap());

        let opened = |house: &House| {
            let zone = house.zone;
            let db = house.app.db.clone();
            async move {
                let mut tx = db.read().await.unwrap();
                tx.value::<i64>(sql!(
                    "SELECT count(*) FROM access_log WHERE zone_id = $1 AND kind = 'ledger_open'",
                    zone
                ))
                .await
                .unwrap()
            }
        };
        let closed = house.page("auditor", &path).await.expect(200).text();
        assert!(!closed.contains("13912345678"), "an auditor sees that, not what");
        assert_eq!(opened(&house).await, 0);
        let open = house.page("oversight", &path).await.expect(200).text();
        assert!(open.contains("13912345678"));
        assert_eq!(opened(&house).await, 1, "that it was opened is noted");

        let mut tx = house.app.db.write().await.unwrap();
        tx.destroy_key(house.zone, person).await.unwrap();
        tx.commit().await.unwrap();
        let gone = house.page("oversight", &path).await.expect(200).text();
        assert!(!gone.contains("13912345678") && gone.contains(Lang::Zh.t("log-erased").as_ref()));
    }
}

#[tokio::test]
async fn the_log_of_accesses_is_for_auditor_and_security_administrator() {
    for house in House::both().await {
        let contact = contact(&house).await;
        let shown = format!("/api/v1/people/{contact}/numbers");
        house.call("dispatcher", "POST", &shown, json!({})).await.expect(200);
        house.page("dispatcher", "/assignments/export").await.expect(200);
        for account in [
            "leader",
            "officer",
            "specialist",
            "dispatcher",
            "oversight",
            "agency",
            "enterprise",
            "project",
            "sysadmin",
        ] {
            house.call(account, "GET", "/api/v1/access-log", Json::Null).await.expect(403);
            house.page(account, "/admin/access").await.expect(403);
        }
        for account in ["auditor", "secadmin"] {
            let log = house.call(account, "GET", "/api/v1/access-log", Json::Null).await.expect(200);
            assert_eq!(log.json()["total"], 2, "{}", log.text());
            let page = house.page(account, "/admin/access").await.expect(200).text();
            for text in [Lang::Zh.t("access-kind-show_numbers"), Lang::Zh.t("access-kind-export"), "高厂长".into()] {
                assert!(page.contains(text.as_ref()), "{account} reads {text}");
            }
            assert!(!page.contains("13912345678") && !log.text().contains("13912345678"), "that, not what");
            assert!(house.page(account, "/admin/privacy").await.expect(200).text().contains("href=\"/admin/access\""));
        }
        assert!(house.page("auditor", "/ledger").await.expect(200).text().contains("href=\"/admin/access\""));

        let of = |query: &str| {
            let (house, path) = (&house, format!("/api/v1/access-log?{query}"));
            async move { house.call("auditor", "GET", &path, Json::Null).await.expect(200).json() }
        };
        let dispatcher = house.person("dispatcher");
        for (query, total) in [
            ("kind=show_numbers".to_owned(), 1),
            (format!("actor_id={dispatcher}"), 2),
            (format!("actor_id={}", house.person("leader")), 0),
            (format!("subject=person&subject_id={contact}"), 1),
            ("day=2026-11-24".to_owned(), 2),
            ("day=2026-11-23".to_owned(), 0),
            ("q=dispatcher".to_owned(), 2),
            ("q=nobody".to_owned(), 0),
        ] {
            assert_eq!(of(&query).await["total"], total, "{query}");
        }
        let first = of("limit=1").await;
        assert_eq!(
            (&first["items"][0]["actor_name"], &first["items"][0]["count"]),
            (&json!("dispatcher某"), &json!(0))
        );
        let second = of(&format!("limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await;
        assert_eq!((&second["items"][0]["subject_id"], &second["next_cursor"]), (&json!(contact), &Json::Null));
        house.call("auditor", "GET", "/api/v1/access-log?kind=nonsense", Json::Null).await.expect(400);
        house.call("auditor", "GET", "/api/v1/access-log?cursor=x", Json::Null).await.expect(422);
    }
}

#[tokio::test]
async fn a_bulk_read_through_the_api_leaves_one_row() {
    for house in House::both().await {
        for n in 0..BULK {
            let name = format!("联系人{n}");
            let new = NewPerson { name, enterprise_id: Some(house.enterprise), ..NewPerson::default() };
            add_person(&house.app, &house.rule(), new).await.unwrap();
        }
        let of = house.enterprise;
        let next = house.call("dispatcher", "GET", "/api/v1/accounts?limit=1", Json::Null).await;
        assert_eq!(next.status, 403, "who is refused reads nothing");
        let accounts = house.call("sysadmin", "GET", "/api/v1/accounts?limit=2", Json::Null).await.expect(200).json();
        let cursor = accounts["next_cursor"].as_str().unwrap();
        for (account, path, table, people) in [
            ("dispatcher", "/api/v1/people?limit=19".to_owned(), "", 0),
            ("dispatcher", format!("/api/v1/people?enterprise_id={of}&limit=200"), "person", BULK + 1),
            ("dispatcher", "/api/v1/enterprises".to_owned(), "contact", BULK + 2),
            ("dispatcher", format!("/api/v1/enterprises/{of}/contacts"), "contact", BULK + 1),
            ("sysadmin", format!("/api/v1/accounts?limit=2&cursor={cursor}"), "account", 2),
            ("enterprise", "/api/v1/enterprises".to_owned(), "", 0),
        ] {
            house.clock.set(house.app.now().plus(1000));
            let since = house.app.now();
            house.call(account, "GET", &path, Json::Null).await.expect(200);
            let mut tx = house.app.db.read().await.unwrap();
            let rows: Vec<(Uuid, String, Json)> = tx
                .list(sql!(
                    "SELECT actor_id, subject, detail FROM access_log WHERE zone_id = $1 AND kind = 'bulk_read' AND at >= $2",
                    house.zone,
                    since
                ))
                .await
                .unwrap();
            let expected: Vec<_> = (people > 0)
                .then(|| (house.person(account), table.to_owned(), json!({"count": people})))
                .into_iter()
                .collect();
            assert_eq!(rows, expected, "{account} {path}");
        }
    }
}

#[tokio::test]
async fn a_records_history_is_for_the_office() {
    for house in House::both().await {
        let person = contact(&house).await;
        let s = Shell::bare(Lang::Zh);
        let mut tx = house.app.db.read().await.unwrap();
        let history = desk::history(&mut tx, &s, &house.who("dispatcher").await, person).await.unwrap();
        assert_eq!(history.len(), 1);
        assert!(history[0].fields.iter().any(|field| field.after.as_deref() == Some("13912345678")));
        // Somebody of the office whose scope does not hold the enterprise sees the change, not the number.
        let far = desk::history(&mut tx, &s, &house.who("officer2").await, person).await.unwrap();
        assert!(far[0].fields.iter().all(|field| field.after.as_deref() != Some("13912345678")));
        assert!(desk::history(&mut tx, &s, &house.who("enterprise").await, person).await.unwrap().is_empty());
        assert!(desk::history(&mut tx, &s, &house.who("officer@zone2").await, person).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_row_is_proved_to_be_in_the_signed_tree() {
    for house in House::both().await {
        house.call("auditor", "GET", "/api/v1/ledger/head", Json::Null).await.expect(404);
        contact(&house).await;
        seal(&house).await;
        let head = house.call("auditor", "GET", "/api/v1/ledger/head", Json::Null).await.expect(200).json();
        let size = head["size"].as_u64().unwrap();
        for seq in 0..size {
            let proof = house
                .call("auditor", "GET", &format!("/api/v1/ledger/{seq}/proof"), Json::Null)
                .await
                .expect(200)
                .json();
            let hash = |value: &Json| -> [u8; 32] {
                let text = value.as_str().unwrap();
                std::array::from_fn(|i| u8::from_str_radix(&text[i * 2..i * 2 + 2], 16).unwrap())
            };
            let path: Vec<[u8; 32]> = proof["path"].as_array().unwrap().iter().map(hash).collect();
            assert!(vault::merkle::verify_inclusion(&hash(&proof["leaf"]), seq, size, &path, &hash(&head["root"])));
        }
        house.call("auditor", "GET", &format!("/api/v1/ledger/{size}/proof"), Json::Null).await.expect(404);
        house.call("auditor", "GET", "/api/v1/ledger/-1/proof", Json::Null).await.expect(404);
        let text = house.page("auditor", "/ledger/head.txt").await.expect(200).text();
        assert_eq!(text, head["text"].as_str().unwrap());
    }
}

/// Carries out what was asked for, as the worker does.
async fn work_off(house: &House) {
    let queue = Queue::new(house.app.db.clone(), "test".into());
    for job in queue.claim(8, house.app.now().ms(), 60_000).await.unwrap() {
        let kind = buting::worker::kinds().into_iter().find(|kind| kind.name == job.kind).unwrap();
        (kind.task)(house.app.clone(), job.zone_id, job.args.clone()).await.unwrap();
        queue.finish(&job, house.app.now().ms()).await.unwrap();
    }
}

#[tokio::test]
async fn a_check_finds_what_was_altered() {
    for house in House::both().await {
        contact(&house).await;
        seal(&house).await;
        let kept = house.page("auditor", "/ledger/head.txt").await.expect(200).text();
        house.post("officer", "/admin/verify", &[]).await.expect(403);
        house.post("auditor", "/admin/verify", &[("outside", "no head at all")]).await.expect(422);
        house.post("auditor", "/admin/verify", &[("outside", kept.as_str()), ("once", "a")]).await.expect(303);
        house.post("auditor", "/admin/verify", &[("outside", kept.as_str()), ("once", "a")]).await.expect(303);
        let who = house.who("auditor").await;
        let mut tx = house.app.db.read().await.unwrap();
        let waiting = desk::verifications(&mut tx, &who).await.unwrap();
        assert_eq!((waiting.len(), waiting[0].state()), (1, "waiting"), "the same post twice asks once");
        drop(tx);
        work_off(&house).await;
        let mut tx = house.app.db.read().await.unwrap();
        let done = desk::verifications(&mut tx, &who).await.unwrap();
        assert!(done[0].whole() && done[0].checked.is_some_and(|n| n > 10));
        drop(tx);
        assert!(house.page("auditor", "/admin/verify").await.expect(200).text().contains("完整"));

        let mut tx = house.app.db.write().await.unwrap();
        tx.run(sql!("UPDATE ledger SET note = 'x' WHERE zone_id = $1 AND seq = 2", house.zone)).await.unwrap();
        tx.commit().await.unwrap();
        desk::verify_by_rule(&house.app, house.zone).await.unwrap();
        let mut tx = house.app.db.read().await.unwrap();
        let found = desk::verifications(&mut tx, &who).await.unwrap();
        let broken = found.iter().find(|check| check.state() == "broken").unwrap();
        let faults = broken.faults();
        assert_eq!(
            faults.iter().map(|fault| (fault.kind.as_str(), fault.seq)).collect::<Vec<_>>(),
            [("altered", Some(2))]
        );
        let waits = desk::to_do(&house.app, &who).await.unwrap();
        assert!(waits.iter().any(|item| item.action == "todo-ledger-broken"), "{waits:?}");
    }
}

#[tokio::test]
async fn a_job_that_failed_is_tried_again_by_hand() {
    for house in House::both().await {
        let mut tx = house.app.db.write().await.unwrap();
        tx.enqueue(house.zone, "no.such", &json!({"secret": "高厂长"}), house.app.now().ms(), None).await.unwrap();
        tx.commit().await.unwrap();
        let queue = Queue::new(house.app.db.clone(), "test".into());
        let list = || async { house.call("sysadmin", "GET", "/api/v1/jobs", Json::Null).await.expect(200) };
        assert_eq!(list().await.json()["items"][0]["state"], "waiting");
        let id = list().await.json()["items"][0]["id"].as_str().unwrap().to_owned();
        let retry = format!("/api/v1/jobs/{id}/retry");
        house.call("sysadmin", "POST", &retry, json!({})).await.expect(409);

        let job = queue.claim(1, house.app.now().ms(), 60_000).await.unwrap().remove(0);
        assert_eq!(list().await.json()["items"][0]["state"], "running");
        house.call("sysadmin", "POST", &retry, json!({})).await.expect(409);
        queue.fail(&job, "it broke", house.app.now().ms()).await.unwrap();
        let failed = list().await;
        assert_eq!(failed.json()["items"][0]["state"], "retrying");
        assert!(!failed.text().contains("高厂长"), "what a job works on stays out");
        assert!(house.page("sysadmin", "/admin/jobs").await.expect(200).text().contains("it broke"));
        assert!(house.page("sysadmin", "/").await.expect(200).text().contains("/admin/jobs?state=retrying"));

        house.call("secadmin", "POST", &retry, json!({})).await.expect(403);
        house.call("sysadmin", "POST", &format!("/api/v1/jobs/{}/retry", Uuid::now_v7()), json!({})).await.expect(404);
        house.call("sysadmin", "POST", &retry, json!({})).await.expect(200);
        let again = queue.claim(1, house.app.now().ms(), 60_000).await.unwrap();
        assert_eq!(again.len(), 1, "it is due at once");
        queue.finish(&again[0], house.app.now().ms()).await.unwrap();
        assert_eq!(list().await.json()["items"][0]["state"], "done");
    }
}

#[tokio::test]
async fn everybody_has_a_first_page() {
    for house in House::both().await {
        for account in
            ["leader", "dispatcher", "officer", "specialist", "oversight", "agency", "sysadmin", "secadmin", "auditor"]
        {
            let page = house.page(account, "/").await.expect(200).text();
            assert!(page.contains("<h1>"), "{account}");
        }
        for account in ["enterprise", "project"] {
            let page = house.page(account, "/").await.expect(200);
            assert!(page.bytes.len() < 60 * 1024);
            let text = page.text();
            for link in ["href=\"/appeals/new\"", "href=\"/appeals\"", "/lights\""] {
                assert!(text.contains(link), "{account}: {link}");
            }
        }
        assert_eq!(house.page("anonymous", "/").await.status.as_u16(), 303);
    }
}
