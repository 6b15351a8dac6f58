//! The ledger as people and machines read it, the queue, and the first page.

use crate::house::House;
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

/// A record made through the API: its key.
async fn made(house: &House, path: &str, body: Json) -> String {
    let answer = house.call("dispatcher", "POST", path, body).await.expect(201).json();
    answer["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_record_leads_to_its_history_and_guards_it_as_itself() {
    for house in House::both().await {
        let (enterprise, project) = (house.enterprise, house.project);
        let contact = contact(&house).await.to_string();
        let due = "2026-12-01T08:00:00Z";
        let holder = json!({"subject_kind": "enterprise", "subject_id": enterprise, "role": "officer", "person_id": house.person("officer")});
        let assignment = made(&house, "/api/v1/assignments", holder).await;
        let carrier = made(&house, "/api/v1/carriers", json!({"name": "西岭产业园", "kind": "park"})).await;
        let visit = json!({"enterprise_id": enterprise, "requirements": [{"text": "每日测温登记"}]});
        let visit = made(&house, "/api/v1/visits", visit).await;
        let plan = json!({"enterprise_id": enterprise, "purpose": "了解用工", "planned_at": due});
        let plan = made(&house, "/api/v1/visits/plans", plan).await;
        let promise = json!({"enterprise_id": enterprise, "text": "联系卫生院", "due_at": due});
        let promise = made(&house, "/api/v1/promises", promise).await;
        let measure =
            json!({"enterprise_id": enterprise, "line": "production", "kind": "on_site_stockpile", "text": "备料"});
        let measure = made(&house, "/api/v1/measures", measure).await;
        let disruption = made(&house, "/api/v1/disruptions", json!({"name": "大雪", "kind": "snow_ice"})).await;
        let milestone = json!({"project_id": project, "name": "主体封顶", "plan_on": "2026-12-20"});
        let milestone = made(&house, "/api/v1/milestones", milestone).await;
        let force = json!({"name": "专班", "founded_on": "2026-11-20", "leader_id": house.person("leader"), "project_ids": [project]});
        let force = made(&house, "/api/v1/task-forces", force).await;
        let invited = json!({"people": [contact]});
        let invitation = house.call("dispatcher", "POST", "/api/v1/invitations", invited).await.expect(201).json();
        let invitation = invitation["items"][0]["id"].as_str().unwrap().to_owned();
        let asked = house.post("officer", "/privacy/requests", &[("kind", "see")]).await.expect(303);
        let request = asked.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let (officer, department) = (house.person("officer").to_string(), house.department.to_string());
        let (enterprise, project) = (enterprise.to_string(), project.to_string());
        // The record, its page, who reads it, and who of the committee does not.
        for (record, id, page, reads, refused) in [
            ("person", &contact, format!("/people/{contact}"), "dispatcher", "officer2"),
            ("person", &contact, format!("/contacts/{contact}/edit"), "dispatcher", "officer2"),
            ("person", &officer, format!("/people/{officer}"), "auditor", ""),
            ("department", &department, format!("/departments/{department}"), "officer2", ""),
            ("account", &officer, format!("/admin/accounts/{officer}"), "auditor", "leader"),
            ("invitation", &invitation, "/invitations".to_owned(), "auditor", "officer"),
            ("enterprise", &enterprise, format!("/enterprises/{enterprise}"), "officer2", "auditor"),
            ("carrier", &carrier, format!("/carriers/{carrier}"), "officer2", "auditor"),
            ("project", &project, format!("/projects/{project}"), "officer2", "auditor"),
            ("milestone", &milestone, format!("/milestones/{milestone}"), "officer2", "auditor"),
            ("task_force", &force, format!("/task-forces/{force}"), "officer2", "auditor"),
            ("assignment", &assignment, format!("/assignments/{assignment}"), "officer2", "auditor"),
            ("visit", &visit, format!("/visits/{visit}"), "officer", "officer2"),
            ("visit_plan", &plan, format!("/visits/plans/{plan}"), "officer", "officer2"),
            ("promise", &promise, format!("/promises/{promise}"), "officer", "officer2"),
            ("measure", &measure, format!("/measures/{measure}"), "officer", "officer2"),
            ("disruption", &disruption, format!("/disruptions/{disruption}"), "officer2", "auditor"),
            ("subject_request", &request, format!("/privacy/requests/{request}"), "secadmin", "leader"),
            ("settings", &"zone".to_owned(), "/settings/categories".to_owned(), "sysadmin", "officer"),
        ] {
            let history = format!("/history/{record}/{id}");
            let shown = house.page(reads, &page).await.expect(200).text();
            assert!(shown.contains(&format!("href=\"{history}\"")), "{page} leads {reads} to {history}");
            let text = house.page(reads, &history).await.expect(200).text();
            // The project stands in this house without having been entered.
            assert!(record == "project" || text.contains("class=\"who\""), "{history} as {reads}: {text}");
            if !refused.is_empty() {
                let status = house.page(refused, &history).await.status.as_u16();
                assert!(matches!(status, 403 | 404), "{history} as {refused}: {status}");
            }
            for outside in ["enterprise", "project", "agency"] {
                house.page(outside, &history).await.expect(403);
            }
            let status = house.page("leader@zone2", &history).await.status.as_u16();
            assert!(matches!(status, 403 | 404), "{history} as another zone's: {status}");
        }
        for nothing in ["/history/ledger/x", "/history/person/x", "/history/settings/x"] {
            house.page("leader", nothing).await.expect(404);
        }
    }
}

#[tokio::test]
async fn a_history_says_before_and_after_and_masks_as_the_page_does() {
    for house in House::both().await {
        let person = contact(&house).await;
        let change = json!({"phone": "13987654321", "title": "厂长"});
        house.call("dispatcher", "PATCH", &format!("/api/v1/people/{person}"), change).await.expect(200);
        let path = format!("/history/person/{person}");
        let text = house.page("dispatcher", &path).await.expect(200).text();
        for there in ["高厂长", "139****5678", "139****4321", "厂长", "dispatcher某", "<del"] {
            assert!(text.contains(there), "{there} is not in\n{text}");
        }
        assert!(!text.contains("13912345678") && !text.contains("13987654321"), "numbers as on the page");
        let closed = house.page("auditor", &path).await.expect(200).text();
        assert!(!closed.contains("139****5678") && closed.contains(Lang::Zh.t("log-sealed").as_ref()), "{closed}");
        let mut tx = house.app.db.write().await.unwrap();
        tx.destroy_key(house.zone, person).await.unwrap();
        tx.commit().await.unwrap();
        let gone = house.page("dispatcher", &path).await.expect(200).text();
        assert!(gone.contains(Lang::Zh.t("log-erased").as_ref()) && !gone.contains("139****5678"));

        for n in 0..60 {
            let change = json!({"title": format!("第{n}任厂长")});
            house.call("dispatcher", "PATCH", &format!("/api/v1/people/{person}"), change).await.expect(200);
        }
        let first = house.page("dispatcher", &path).await.expect(200).text();
        let next = first.split(&format!("href=\"{path}?cursor=")).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let second = house.page("dispatcher", &format!("{path}?cursor={next}")).await.expect(200).text();
        assert!(first.contains("第59任") && !first.contains("第3任") && second.contains("第3任"), "page by page");
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
