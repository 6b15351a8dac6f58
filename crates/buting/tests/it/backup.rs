//! Backups: one file, either database; never the keys of personal fields.

use crate::house::{House, MORNING};
use buting::app::{App, Config, SetClock};
use buting::backup::{self, Backup, KeyBackup};
use buting::migrations::MIGRATIONS;
use buting::{search, upkeep};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::sync::Arc;
use store::dump::{columns_of, tables};
use store::testing::{self, Scratch};
use store::{Db, Options, sql};
use vault::keyring::Keyring;

/// Every row of every table that a backup holds, as text.
async fn content(db: &Db) -> String {
    let mut kept = tables(MIGRATIONS).unwrap();
    kept.retain(|table| !["field_key", "session", "attempt"].contains(&table.name.as_str()));
    let (send, mut received) = tokio::sync::mpsc::channel(8);
    let dumping = {
        let db = db.clone();
        tokio::spawn(async move { db.dump(&kept, send).await })
    };
    let mut text = String::new();
    while let Some(piece) = received.recv().await {
        text.push_str(&piece);
    }
    dumping.await.unwrap().unwrap();
    text
}

/// Empty databases that keys can be brought to: SQLite, and PostgreSQL where there is one.
async fn targets(keys: &Path) -> Vec<(Db, Option<Scratch>)> {
    let keyring = Arc::new(Keyring::open_or_create(keys).unwrap());
    let url = format!("sqlite:{}", keys.join("target.db").display());
    let mut all = vec![(Db::open(&Options { url, connections: 2 }, Arc::clone(&keyring)).await.unwrap(), None)];
    if let Some(scratch) = testing::postgres(&[]).await.unwrap() {
        all.push((scratch.with_keyring(keyring).await.unwrap(), Some(scratch)));
    }
    all
}

#[tokio::test]
async fn the_migrations_are_read_as_the_databases_made_them() {
    for scratch in testing::both(MIGRATIONS).await.unwrap() {
        let mut tx = scratch.db.read().await.unwrap();
        for table in tables(MIGRATIONS).unwrap() {
            let told: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(columns_of(&mut tx, &table.name).await.unwrap(), told, "{}", table.name);
        }
    }
}

#[tokio::test]
async fn a_backup_moves_between_both_databases_and_its_ledger_stays_whole() {
    for house in House::both().await {
        let appeal = json!({
            "enterprise_id": house.enterprise, "title": "货车进不了园区", "body": "门口的卡口不认通行证", "category": "logistics",
        });
        house.call("officer", "POST", "/api/v1/appeals", appeal).await.expect(201);
        let large = include_bytes!("backup.rs").repeat(90);
        let id = house.call("officer", "GET", "/api/v1/appeals", Json::Null).await.json()["items"][0]["id"].clone();
        let fields = [("owner", "appeal"), ("owner_id", id.as_str().unwrap()), ("purpose", "note")];
        house.upload("officer", "/api/v1/attachments", &fields, &[("台账.txt", &large)]).await.expect(201);
        store::Seal::new(house.app.db.clone()).run(house.app.now().ms()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.backup");
        backup::make(&house.app.db, MIGRATIONS, &file).await.unwrap();
        assert!(backup::make(&house.app.db, MIGRATIONS, &file).await.is_err(), "a file is never written over");
        let before = content(&house.app.db).await;

        let keys = dir.path().join("keys");
        Backup::open(&file).await.unwrap().restore_keys(&keys).unwrap();
        for (target, _scratch) in targets(&keys).await {
            Backup::open(&file).await.unwrap().fill(&target).await.unwrap();
            assert_eq!(content(&target).await, before, "from {:?} to {:?}", house.app.db.dialect(), target.dialect());
            let report = target.verify(&[]).await.unwrap();
            assert!(report.rows > 10 && report.heads > 0);
            assert_eq!(report.faults, []);

            let app = App::new(target, Config::default(), Arc::new(SetClock::at(MORNING)));
            let found = async |q| search::count(&mut app.read().await.unwrap(), house.zone, "appeal", q).await.unwrap();
            assert_eq!(found("卡口").await, 0, "no index is in a backup");
            upkeep::index_again(&app).await.unwrap();
            upkeep::index_again(&app).await.unwrap();
            assert_eq!((found("卡口").await, found("货车").await, found("轮船").await), (1, 1, 0));
        }
    }
}

#[tokio::test]
async fn sealed_names_need_the_key_backup() {
    let house = House::sqlite().await;
    let owner = house.person("officer");
    let at = house.app.now().ms();
    let mut tx = house.app.db.write().await.unwrap();
    let sealed = tx.seal(house.zone, owner, at, "高书衡的住址").await.unwrap();
    tx.commit().await.unwrap();

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.backup");
    backup::make(&house.app.db, MIGRATIONS, &file).await.unwrap();
    let keys = dir.path().join("keys");
    let opened = Backup::open(&file).await.unwrap();
    opened.restore_keys(&keys).unwrap();
    let names: Vec<String> =
        std::fs::read_dir(&keys).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert!(names.iter().all(|name| name == "ledger-mac.key" || name.starts_with("ledger-public-")), "{names:?}");

    let url = format!("sqlite:{}", dir.path().join("target.db").display());
    let keyring = Arc::new(Keyring::open_or_create(&keys).unwrap());
    let target = Db::open(&Options { url, connections: 2 }, keyring).await.unwrap();
    opened.fill(&target).await.unwrap();
    let mut tx = target.read().await.unwrap();
    assert_eq!(tx.open(house.zone, &sealed).await.unwrap(), None);
    let left_out: i64 =
        tx.value("SELECT (SELECT count(*) FROM field_key) + (SELECT count(*) FROM session)").await.unwrap();
    assert_eq!(left_out, 0);
}

#[tokio::test]
async fn a_key_backup_brings_sealed_names_back() {
    let dir = tempfile::tempdir().unwrap();
    let open = async |name: &str, keys: &Path| {
        let url = format!("sqlite:{}", dir.path().join(name).display());
        let db =
            Db::open(&Options { url, connections: 2 }, Arc::new(Keyring::open_or_create(keys).unwrap())).await.unwrap();
        db.migrate(MIGRATIONS, async |_| Ok(())).await.unwrap();
        db
    };
    let (zone, owner) = (uuid::Uuid::now_v7(), uuid::Uuid::now_v7());
    let first = open("first.db", &dir.path().join("keys1")).await;
    let mut tx = first.write().await.unwrap();
    let sealed: Json = tx.seal(zone, owner, 1, "李女士").await.unwrap();
    tx.commit().await.unwrap();
    let file = dir.path().join("keys.backup");
    KeyBackup::collect(&first, &dir.path().join("keys1")).await.unwrap().write(&file).unwrap();

    let keys = KeyBackup::read(&file).unwrap();
    keys.restore_files(&dir.path().join("keys2")).unwrap();
    let second = open("second.db", &dir.path().join("keys2")).await;
    keys.restore_field_keys(&second).await.unwrap();
    let read = second.read().await.unwrap().open(zone, &sealed).await.unwrap();
    assert_eq!(read.as_deref(), Some("李女士"));

    // One letter of the file is another: refused.
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let damaged = dir.path().join("damaged.backup");
    std::fs::write(&damaged, bytes).unwrap();
    assert!(KeyBackup::read(&damaged).is_err());
}

#[tokio::test]
async fn every_damaged_backup_is_refused() {
    let house = House::sqlite().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.backup");
    backup::make(&house.app.db, MIGRATIONS, &file).await.unwrap();
    let whole = std::fs::read(&file).unwrap();
    let damaged = dir.path().join("damaged.backup");
    let step = whole.len() / 120 + 1;
    for at in (0..whole.len()).step_by(step) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&damaged, &bytes).unwrap();
        assert!(Backup::open(&damaged).await.is_err(), "one bit of byte {at} flipped");
        std::fs::write(&damaged, &whole[..at]).unwrap();
        assert!(Backup::open(&damaged).await.is_err(), "cut after {at} bytes");
    }
    assert!(Backup::open(&dir.path().join("none")).await.is_err());
    Backup::open(&file).await.expect("the whole one opens");
}

#[tokio::test]
async fn a_backup_is_tried_out_and_old_ones_go() {
    let house = House::sqlite().await;
    let dir = tempfile::tempdir().unwrap();
    for day in 1..=4 {
        let file = dir.path().join(format!("buting-2026112{day}-023000-nightly.backup"));
        backup::make(&house.app.db, MIGRATIONS, &file).await.unwrap();
    }
    std::fs::write(dir.path().join("buting-20200101-000000-before-upgrade-from-1.backup"), "kept").unwrap();
    std::fs::write(dir.path().join("buting-20261120-023000-nightly.backup.part"), "half").unwrap();
    assert_eq!(backup::remove_old(dir.path(), "nightly.backup", 3).unwrap(), 1);
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 4);
    let newest = dir.path().join("buting-20261124-023000-nightly.backup");
    let scratch = dir.path().join("scratch");
    let report = backup::try_out(&newest, &scratch).await.unwrap();
    assert_eq!(report.faults, []);
    assert!(!scratch.exists());

    // A row that was altered by hand is in the backup too, and the trial says so.
    let mut tx = house.app.db.write().await.unwrap();
    tx.run(sql!("UPDATE ledger SET note = $1 WHERE action = 'zone.create'", "x")).await.unwrap();
    tx.commit().await.unwrap();
    let altered = dir.path().join("altered.backup");
    backup::make(&house.app.db, MIGRATIONS, &altered).await.unwrap();
    let report = backup::try_out(&altered, &scratch).await.unwrap();
    assert!(!report.faults.is_empty());
    assert_eq!(json!(report.faults.iter().all(|fault| fault.id.is_some())), json!(true));
}
