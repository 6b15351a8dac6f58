//! What an installation does for itself at night.

use crate::house::{House, MORNING};
use buting::actor::{Once, Via};
use buting::app::{App, Config, SetClock};
use buting::backup::KeyBackup;
use buting::http::session::IDLE_MS;
use buting::time::DAY_MS;
use buting::{upkeep, worker};
use serde_json::json;
use std::sync::Arc;
use store::sql;
use uuid::Uuid;

async fn count(house: &House, table: &str) -> i64 {
    let statement = match table {
        "session" => "SELECT count(*) FROM session",
        "once" => "SELECT count(*) FROM once",
        "attempt" => "SELECT count(*) FROM attempt",
        _ => "SELECT count(*) FROM access_log",
    };
    house.app.db.read().await.unwrap().value(statement).await.unwrap()
}

#[tokio::test]
async fn what_has_ended_goes_and_the_log_stays_for_its_months() {
    for house in House::both().await {
        house.cookie("officer").await;
        let mut who = house.who("dispatcher").await;
        who.via = Via::Api;
        who.once = Some(Once { key: "k".into(), fingerprint: "f".into() });
        let work = house.app.work(&who).await.unwrap();
        work.commit(Uuid::now_v7()).await.unwrap();
        // Refused, and so counted and logged.
        let _ =
            house.call("anonymous", "POST", "/api/v1/session", json!({"user": "officer", "password": "wrong"})).await;
        let all = ["session", "once", "attempt", "access_log"];
        for table in all {
            assert!(count(&house, table).await > 0, "{table}");
        }
        // Settings may ask for less than the law does; the law holds.
        let mut tx = house.app.db.write().await.unwrap();
        tx.run(sql!("UPDATE zone SET settings = $1 WHERE zone_id = $2", json!({"access_log_months": 1}), house.zone))
            .await
            .unwrap();
        tx.commit().await.unwrap();

        for (later, left) in [
            (0, [1, 1, 2, 1]),
            (IDLE_MS, [0, 1, 2, 1]),
            (2 * DAY_MS, [0, 1, 0, 1]),
            (8 * DAY_MS, [0, 0, 0, 1]),
            (180 * DAY_MS, [0, 0, 0, 1]),
            (187 * DAY_MS, [0, 0, 0, 0]),
        ] {
            house.clock.set(MORNING.plus(later));
            upkeep::clean(&house.app, house.zone).await.unwrap();
            for (table, expected) in all.iter().zip(left) {
                assert_eq!(count(&house, table).await, expected, "{table} after {} h", later / 3_600_000);
            }
        }
    }
}

#[tokio::test]
async fn guesses_at_names_that_nobody_has_are_kept_as_long_as_the_longest_zone_says() {
    for house in House::both().await {
        let guess = json!({"user": "nobody@nowhere", "password": "wrong"});
        house.call("anonymous", "POST", "/api/v1/session", guess).await.expect(401);
        let log = house.call("auditor", "GET", "/api/v1/access-log", json!(null)).await.expect(200).json();
        assert_eq!(log["total"], 0, "with two zones it is neither one's to read");
        let mut tx = house.app.db.write().await.unwrap();
        let settings = json!({"access_log_months": 24});
        tx.run(sql!("UPDATE zone SET settings = $1 WHERE handle = 'zone2'", settings)).await.unwrap();
        tx.commit().await.unwrap();
        for (months, left) in [(13, 1), (25, 0)] {
            house.clock.set(MORNING.plus(months * 31 * DAY_MS));
            upkeep::clean(&house.app, house.zone).await.unwrap();
            assert_eq!(count(&house, "access_log").await, left, "after {months} months");
        }
    }
}

#[tokio::test]
async fn the_night_makes_one_tried_backup_and_keeps_so_many() {
    for house in House::both().await {
        let dir = tempfile::tempdir().unwrap();
        let config = Config { data_dir: dir.path().to_owned(), keep_backups: 1, ..Config::default() };
        let app = App::new(house.app.db.clone(), config, Arc::new(SetClock::at(MORNING)));
        let zone2 = house.who("leader@zone2").await.zone_id;
        upkeep::nightly_backup(&app, zone2).await.unwrap();
        assert!(!dir.path().join("backups").exists(), "the first zone's job does it");

        std::fs::create_dir_all(dir.path().join("backups")).unwrap();
        std::fs::write(dir.path().join("backups/buting-20200101-023000-nightly.backup"), "old").unwrap();
        upkeep::nightly_backup(&app, house.zone).await.unwrap();
        let names: Vec<String> = std::fs::read_dir(dir.path().join("backups"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names.len(), 1, "{names:?}");
        assert!(!names[0].contains("20200101"), "{names:?}");
    }
}

#[tokio::test]
async fn the_night_backs_the_keys_up_apart_and_keeps_two() {
    for house in House::both().await {
        let dir = tempfile::tempdir().unwrap();
        let apart = dir.path().join("apart");
        vault::keyring::Keyring::open_or_create(&dir.path().join("keys")).unwrap();
        let config = Config { data_dir: dir.path().to_owned(), key_backups: Some(apart.clone()), ..Config::default() };
        let app = App::new(house.app.db.clone(), config, Arc::new(SetClock::at(MORNING)));
        let zone2 = house.who("leader@zone2").await.zone_id;
        upkeep::nightly_key_backup(&app, zone2).await.unwrap();
        assert!(!apart.exists(), "the first zone's job does it");
        let mut tx = app.db.write().await.unwrap();
        tx.seal(house.zone, house.person("officer"), 1, "住址").await.unwrap();
        tx.commit().await.unwrap();

        std::fs::create_dir_all(&apart).unwrap();
        for old in ["buting-20200101-024500-nightly.keys", "buting-20200102-024500-nightly.keys", "other.keys"] {
            std::fs::write(apart.join(old), "old").unwrap();
        }
        upkeep::nightly_key_backup(&app, house.zone).await.unwrap();
        let mut names: Vec<String> = std::fs::read_dir(&apart)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names.len(), 3, "two of the night, and what is not ours: {names:?}");
        assert!(names.contains(&"other.keys".to_owned()) && !names[0].contains("20200101"), "{names:?}");
        let (files, fields) = KeyBackup::read(&apart.join(&names[1])).unwrap().size();
        assert!(files >= 4 && fields >= 1, "{files} {fields}");
        assert!(!dir.path().join("backups").exists());
    }
}

#[test]
fn kinds_of_jobs_have_names_of_their_own() {
    let mut names: Vec<_> = worker::kinds().iter().map(|kind| kind.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
