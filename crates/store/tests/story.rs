//! What the store promises, on both databases.

use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::testing::{Scratch, both, sqlite};
use store::vault::keyring::Keyring;
use store::{Dialect, Entry, Error, FOUNDATION, Migration, Options, Queue, Seal, sql};
use uuid::Uuid;

async fn each(test: impl AsyncFn(&Scratch)) {
    for scratch in both(&[FOUNDATION]).await.expect("databases") {
        test(&scratch).await;
    }
}

fn entry(zone_id: Uuid, action: &'static str) -> Entry {
    Entry {
        zone_id,
        at: 1,
        actor_id: Some(Uuid::now_v7()),
        behalf_of: None,
        via: "page",
        action,
        subject: "appeal",
        subject_id: Uuid::now_v7(),
        about_id: None,
        before: None,
        after: Some(json!({"title": "货车进不去"})),
        note: None,
    }
}

async fn fill(scratch: &Scratch, zone: Uuid, n: usize) {
    for _ in 0..n {
        let mut tx = scratch.db.write().await.expect("a transaction");
        tx.record(entry(zone, "appeal.register")).await.expect("a row");
        tx.commit().await.expect("durable");
    }
    Seal::new(scratch.db.clone()).run(5).await.expect("sealed");
}

async fn tamper(scratch: &Scratch, statement: store::Sql) {
    let mut tx = scratch.db.write().await.expect("a transaction");
    assert!(tx.run(statement).await.expect("it runs") > 0, "the tampering changed nothing");
    tx.commit().await.expect("durable");
}

async fn faults(scratch: &Scratch) -> Vec<(&'static str, Option<i64>)> {
    let report = scratch.db.verify(&[]).await.expect("verified");
    report.faults.iter().map(|fault| (fault.kind, fault.seq)).collect()
}

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    each(async |scratch| {
        let mut tx = scratch.db.write().await.expect("a transaction");
        let (zone, id) = (Uuid::now_v7(), Uuid::now_v7());
        tx.run(sql!(
            "INSERT INTO job (zone_id, id, kind, args, unique_key, run_at, attempts, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, 0, 0)",
            zone,
            id,
            "种类",
            json!({"a": ["甲", 1]}),
            None::<String>,
            42_i64
        ))
        .await
        .expect("inserted");
        let row = tx.all(sql!("SELECT * FROM job WHERE id = $1", id)).await.expect("read").remove(0);
        assert_eq!(row.get::<Uuid>("zone_id").expect("uuid"), zone);
        assert_eq!(row.get::<String>("kind").expect("text"), "种类");
        assert_eq!(row.get::<serde_json::Value>("args").expect("json"), json!({"a": ["甲", 1]}));
        assert_eq!(row.get::<Option<String>>("unique_key").expect("null"), None);
        assert_eq!(row.get::<i64>("run_at").expect("number"), 42);
        assert!(matches!(row.get::<i64>("kind"), Err(Error::Shape(_))));
    })
    .await;
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing_and_harms_nobody() {
    each(async |scratch| {
        let zone = Uuid::now_v7();
        let count = async || -> i64 {
            let mut tx = scratch.db.read().await.expect("a reader");
            tx.value(sql!("SELECT count(*) FROM series WHERE zone_id = $1", zone)).await.expect("a count")
        };
        let insert = |name: &'static str| sql!("INSERT INTO series (zone_id, name, n) VALUES ($1, $2, 1)", zone, name);
        let mut dropped = scratch.db.write().await.expect("a transaction");
        dropped.run(insert("dropped")).await.expect("inserted");
        drop(dropped);
        let mut kept = scratch.db.write().await.expect("a transaction");
        kept.run(insert("kept")).await.expect("inserted");
        kept.commit().await.expect("durable");
        assert_eq!(count().await, 1);

        let mut failed = scratch.db.write().await.expect("a transaction");
        assert!(matches!(failed.run(insert("kept")).await, Err(Error::Duplicate(_))));
        drop(failed);
        assert_eq!(count().await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_that_arrive_together_share_a_commit() {
    let scratch = sqlite(&[FOUNDATION]).await.expect("a database");
    let (before, _) = scratch.db.commits();
    let zone = Uuid::now_v7();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let db = scratch.db.clone();
            tokio::spawn(async move {
                for n in 0..50_i64 {
                    let mut tx = db.write().await.expect("a transaction");
                    let insert = "INSERT INTO series (zone_id, name, n) VALUES ($1, $2, $3)";
                    tx.run(sql!(insert, zone, format!("{writer}-{n}"), n)).await.expect("inserted");
                    tx.commit().await.expect("durable");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    let (after, acknowledged) = scratch.db.commits();
    let mut tx = scratch.db.read().await.expect("a reader");
    let rows: i64 = tx.value(sql!("SELECT count(*) FROM series WHERE zone_id = $1", zone)).await.expect("a count");
    assert_eq!(rows, 400);
    assert!(acknowledged >= 400);
    assert!(after - before <= 200, "{} commits for 400 writes: they do not share", after - before);
}

#[tokio::test]
async fn a_whole_ledger_verifies_and_every_row_can_be_proved() {
    each(async |scratch| {
        let zone = Uuid::now_v7();
        fill(scratch, zone, 13).await;
        let report = scratch.db.verify(&[]).await.expect("verified");
        assert_eq!((report.rows, report.unsealed, report.faults.len()), (13, 0, 0));
        for seq in 0..13 {
            let proof = scratch.db.ledger_proof(zone, seq).await.expect("read").expect("a proof");
            let size = proof.head.size;
            assert!(vault::merkle::verify_inclusion(&proof.leaf, seq as u64, size, &proof.path, &proof.head.root));
            assert!(proof.head.verify(&proof.signed, scratch.db.keyring().public_keys()));
        }
        assert!(scratch.db.ledger_proof(zone, 13).await.expect("read").is_none());
    })
    .await;
}

#[tokio::test]
async fn every_kind_of_tampering_is_named() {
    each(async |scratch| {
        let tampered = async |statement: fn(Uuid) -> store::Sql| {
            let zone = Uuid::now_v7();
            fill(scratch, zone, 9).await;
            tamper(scratch, statement(zone)).await;
            let found = scratch.db.verify(&[]).await.expect("verified");
            let found: Vec<_> = found.faults.iter().filter(|f| f.zone_id == zone).map(|f| (f.kind, f.seq)).collect();
            found
        };
        let altered = tampered(|zone| sql!("UPDATE ledger SET after = '{}' WHERE zone_id = $1 AND seq = 4", zone));
        assert_eq!(altered.await, [("altered", Some(4))]);
        let removed = tampered(|zone| sql!("DELETE FROM ledger WHERE zone_id = $1 AND seq = 4", zone));
        assert_eq!(removed.await, [("removed", Some(4))]);
        let inserted = tampered(|zone| {
            sql!(
                "INSERT INTO ledger (zone_id, id, at, actor_id, via, action, subject, subject_id, mac)
                 SELECT zone_id, subject_id, at, actor_id, via, action, subject, subject_id, mac
                 FROM ledger WHERE zone_id = $1 AND seq = 4",
                zone
            )
        });
        assert_eq!(inserted.await, [("inserted", None)]);
        let beyond = tampered(|zone| {
            sql!(
                "INSERT INTO ledger (zone_id, id, at, actor_id, via, action, subject, subject_id, mac, seq)
                 SELECT zone_id, subject_id, at, actor_id, via, action, subject, subject_id, mac, 9
                 FROM ledger WHERE zone_id = $1 AND seq = 4",
                zone
            )
        });
        assert_eq!(beyond.await, [("inserted", Some(9))]);
        let reordered = tampered(|zone| {
            sql!("UPDATE ledger SET seq = CASE seq WHEN 3 THEN -1 ELSE seq END WHERE zone_id = $1 AND seq = 3", zone)
        });
        assert!(reordered.await.contains(&("removed", Some(3))));
        let tree = tampered(|zone| sql!("UPDATE ledger_head SET root = signature WHERE zone_id = $1", zone));
        assert!(tree.await.iter().any(|(kind, _)| *kind == "head"));
    })
    .await;
}

#[tokio::test]
async fn a_rebuilt_ledger_is_found_by_a_head_kept_outside() {
    each(async |scratch| {
        let zone = Uuid::now_v7();
        fill(scratch, zone, 6).await;
        let kept = scratch.db.ledger_head(zone).await.expect("read").expect("a head");
        // An insider with database and keys removes a row and seals all anew.
        for table in ["ledger_tree", "ledger_node", "ledger_head"] {
            let statement = match table {
                "ledger_tree" => sql!("DELETE FROM ledger_tree WHERE zone_id = $1", zone),
                "ledger_node" => sql!("DELETE FROM ledger_node WHERE zone_id = $1", zone),
                _ => sql!("DELETE FROM ledger_head WHERE zone_id = $1", zone),
            };
            tamper(scratch, statement).await;
        }
        tamper(scratch, sql!("DELETE FROM ledger WHERE zone_id = $1 AND seq = 2", zone)).await;
        tamper(scratch, sql!("UPDATE ledger SET seq = NULL WHERE zone_id = $1", zone)).await;
        Seal::new(scratch.db.clone()).run(9).await.expect("sealed anew");
        assert!(faults(scratch).await.is_empty(), "from inside it looks whole");
        let report = scratch.db.verify(&[kept]).await.expect("verified");
        assert!(report.faults.iter().any(|fault| fault.kind == "outside_head"));
    })
    .await;
}

#[tokio::test]
async fn keys_of_another_installation_are_found_out() {
    each(async |scratch| {
        let foreign = scratch.with_keyring(Arc::new(Keyring::ephemeral())).await.expect("opens");
        let fit = async |db: &store::Db| db.keys_fit().await.expect("asked");
        assert!(fit(&foreign).await, "an empty ledger takes any keys");
        let zone = Uuid::now_v7();
        let mut tx = scratch.db.write().await.expect("a transaction");
        tx.record(entry(zone, "appeal.register")).await.expect("a row");
        tx.commit().await.expect("durable");
        assert!(fit(&scratch.db).await && !fit(&foreign).await, "before it is sealed");
        fill(scratch, zone, 30).await;
        assert!(fit(&scratch.db).await && !fit(&foreign).await);
        // Rows that a program with other keys left behind do not lock the right one out.
        for _ in 0..25 {
            let mut tx = foreign.write().await.expect("a transaction");
            tx.record(entry(zone, "appeal.register")).await.expect("a row");
            tx.commit().await.expect("durable");
        }
        assert!(fit(&scratch.db).await && !fit(&foreign).await);
        tamper(scratch, sql!("UPDATE ledger SET note = 'x' WHERE zone_id = $1 AND seq = $2", zone, 30_i64)).await;
        assert!(fit(&scratch.db).await, "an altered row is for `verify` to name");
    })
    .await;
}

#[tokio::test]
async fn a_destroyed_key_erases_what_it_sealed_and_the_proof_stays() {
    each(async |scratch| {
        let (zone, owner) = (Uuid::now_v7(), Uuid::now_v7());
        let mut tx = scratch.db.write().await.expect("a transaction");
        let sealed = tx.seal(zone, owner, 1, "13900000001").await.expect("sealed");
        assert!(!sealed.to_string().contains("13900000001"));
        let mut row = entry(zone, "person.create");
        row.after = Some(json!({"phone": sealed}));
        tx.record(row).await.expect("a row");
        tx.commit().await.expect("durable");
        Seal::new(scratch.db.clone()).run(5).await.expect("sealed");
        let mut tx = scratch.db.write().await.expect("a transaction");
        assert_eq!(tx.open(zone, &sealed).await.expect("read").as_deref(), Some("13900000001"));
        assert!(tx.destroy_key(zone, owner).await.expect("destroyed"));
        assert_eq!(tx.open(zone, &sealed).await.expect("read"), None);
        tx.commit().await.expect("durable");
        assert!(faults(scratch).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_job_is_claimed_once_and_comes_back_after_its_lease() {
    each(async |scratch| {
        let zone = Uuid::now_v7();
        let mut tx = scratch.db.write().await.expect("a transaction");
        for n in 0..60 {
            assert!(tx.enqueue(zone, "count", &json!({"n": n}), 10, Some(&n.to_string())).await.expect("queued"));
        }
        assert!(!tx.enqueue(zone, "count", &json!({}), 10, Some("7")).await.expect("queued"), "one per key");
        tx.commit().await.expect("durable");

        let workers: Vec<_> = (0..4)
            .map(|n| {
                let queue = Queue::new(scratch.db.clone(), format!("worker-{n}"));
                tokio::spawn(async move {
                    let mut mine = Vec::new();
                    loop {
                        let claimed = queue.claim(7, 20, 100).await.expect("claimed");
                        if claimed.is_empty() {
                            return mine;
                        }
                        for job in claimed {
                            assert!(queue.finish(&job, 21).await.expect("finished"));
                            mine.push(job.id);
                        }
                    }
                })
            })
            .collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.await.expect("a worker"));
        }
        assert_eq!(all.len(), 60);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 60, "none twice");

        let mut tx = scratch.db.write().await.expect("a transaction");
        tx.enqueue(zone, "fragile", &json!({}), 10, None).await.expect("queued");
        tx.commit().await.expect("durable");
        let (first, second) = (Queue::new(scratch.db.clone(), "a".into()), Queue::new(scratch.db.clone(), "b".into()));
        let lost = first.claim(1, 100, 50).await.expect("claimed").remove(0);
        assert!(second.claim(1, 120, 50).await.expect("claimed").is_empty(), "under lease");
        assert!(first.keep(&lost, 150).await.expect("asked"), "who is still at it says so");
        let again = second.claim(1, 151, 50).await.expect("claimed").remove(0);
        assert_eq!((again.id, again.attempts), (lost.id, 2));
        assert!(!first.keep(&lost, 300).await.expect("asked"), "too late");
        assert!(!first.finish(&lost, 152).await.expect("asked"), "the lease is another's");
        second.fail(&again, "no line", 152).await.expect("failed");
        assert!(second.claim(1, 153, 50).await.expect("claimed").is_empty(), "it waits before the next try");
    })
    .await;
}

#[tokio::test]
async fn a_schema_that_is_not_ours_is_refused_in_plain_words() {
    let add = |version, name, text| Migration { version, name, text };
    let second = add(2, "second", "CREATE TABLE extra (\n  id uuid NOT NULL\n);\n");
    let broken = add(2, "broken", "CREATE TABLE extra (nonsense;\n");
    for scratch in both(&[FOUNDATION]).await.expect("databases") {
        let refused = async |steps: &[Migration]| match scratch.db.migrate(steps, async |_| Ok(())).await {
            Err(Error::Schema(text)) => text,
            other => panic!("expected a refusal, got {other:?}"),
        };
        let backed_up = std::cell::Cell::new(None);
        let steps = [FOUNDATION, second];
        let done = scratch.db.migrate(&steps, async |from| {
            backed_up.set(Some(from));
            Ok(())
        });
        assert_eq!(done.await.expect("migrated"), 1);
        assert_eq!(backed_up.get(), Some(1), "a backup comes first");
        assert!(scratch.db.is_migrated(&steps).await.expect("asked"));

        assert!(refused(&[FOUNDATION]).await.contains("newer program"));
        let other = add(2, "second", "CREATE TABLE other (\n  id uuid\n);\n");
        assert!(refused(&[FOUNDATION, other]).await.contains("not the one of this program"));
        tamper_schema(&scratch).await;
        assert!(refused(&steps).await.contains("altered by hand"));
    }
    for scratch in both(&[FOUNDATION]).await.expect("databases") {
        let steps = [FOUNDATION, broken];
        assert!(scratch.db.migrate(&steps, async |_| Ok(())).await.is_err());
        match scratch.db.migrate(&steps, async |_| Ok(())).await {
            Err(Error::Schema(text)) => {
                assert!(text.contains("did not finish") && text.contains("restore FILE --force"), "{text}");
            }
            other => panic!("a half-applied schema was accepted: {other:?}"),
        }
        // The tables are those of the step before, so what is there can be backed up and taken away.
        assert_eq!(scratch.db.schema_version().await.expect("asked"), 1);
        assert!(scratch.db.is_begun().await.expect("asked"));
        scratch.db.wipe(&steps).await.expect("wiped");
        assert!(!scratch.db.is_begun().await.expect("asked"));
        assert_eq!(scratch.db.migrate(&[FOUNDATION], async |_| Ok(())).await.expect("made anew"), 1);
    }
}

#[tokio::test]
async fn a_digest_in_the_order_of_a_servers_locale_is_still_known() {
    for scratch in both(&[FOUNDATION]).await.expect("databases") {
        if scratch.db.dialect() == Dialect::Sqlite {
            continue;
        }
        // As the program wrote it before it sorted the lines itself.
        let mut tx = scratch.db.write().await.expect("a transaction");
        let lines: Vec<(String,)> = tx
            .list(
                "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)::text AS line
                   FROM information_schema.columns WHERE table_schema = current_schema()
                 UNION ALL
                 SELECT indexdef::text FROM pg_indexes WHERE schemaname = current_schema()
                 ORDER BY 1",
            )
            .await
            .expect("lines");
        let lines: Vec<String> = lines.into_iter().map(|(line,)| line).collect();
        let then = store::vault::hash::hex(&store::vault::hash::sha256(lines.join("\n").as_bytes()));
        tx.run(sql!("UPDATE migration SET schema_digest = $1", then)).await.expect("written");
        tx.commit().await.expect("durable");
        assert_eq!(scratch.db.migrate(&[FOUNDATION], async |_| Ok(())).await.expect("known"), 0);
    }
}

#[tokio::test]
async fn a_part_that_is_refused_leaves_the_rest() {
    for scratch in both(&[FOUNDATION]).await.expect("databases") {
        let (zone, one, other) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
        let insert = |owner: Uuid| {
            sql!(
                "INSERT INTO field_key (zone_id, owner_id, wrapped, created_at) VALUES ($1, $2, $3, 1)",
                zone,
                owner,
                vec![1_u8]
            )
        };
        let mut tx = scratch.db.write().await.expect("a transaction");
        tx.begin_part().await.expect("begun");
        tx.run(insert(one)).await.expect("taken");
        tx.keep_part().await.expect("kept");
        tx.begin_part().await.expect("begun");
        tx.run(insert(other)).await.expect("taken");
        assert!(matches!(tx.run(insert(one)).await, Err(Error::Duplicate(_))));
        tx.drop_part().await.expect("dropped");
        tx.commit().await.expect("durable");
        let mut tx = scratch.db.read().await.expect("reads");
        let left: Vec<(Uuid,)> =
            tx.list(sql!("SELECT owner_id FROM field_key WHERE zone_id = $1", zone)).await.expect("rows");
        assert_eq!(left, [(one,)], "what the second part began went with it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_at_once_migrate_one_after_the_other() {
    let second = Migration { version: 2, name: "second", text: "CREATE TABLE extra (\n  id uuid NOT NULL\n);\n" };
    // From nothing, and from a database that holds data and is backed up first.
    for start in [&[][..], &[FOUNDATION][..]] {
        for scratch in both(start).await.expect("databases") {
            let steps = [FOUNDATION, second];
            let mut starts = Vec::new();
            for _ in 0..4 {
                // A database opened anew, as each process does.
                let db = scratch.with_keyring(Arc::new(Keyring::ephemeral())).await.expect("opens");
                starts.push(tokio::spawn(async move {
                    // While a backup is made another one comes.
                    db.migrate(&steps, async |_| {
                        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                        Ok(())
                    })
                    .await
                }));
            }
            let mut done = Vec::new();
            for start in starts {
                done.push(start.await.expect("no panic").expect("no process fails"));
            }
            done.sort_unstable();
            assert_eq!(done, [0, 0, 0, 2 - start.len()], "one did it all");
            assert!(scratch.db.is_migrated(&steps).await.expect("asked"));
        }
    }
}

async fn tamper_schema(scratch: &Scratch) {
    let mut tx = scratch.db.write().await.expect("a transaction");
    tx.run("ALTER TABLE extra ADD COLUMN smuggled text").await.expect("altered");
    tx.commit().await.expect("durable");
}

#[tokio::test]
async fn a_full_database_refuses_writes_and_keeps_what_it_has() {
    let scratch = sqlite(&[FOUNDATION]).await.expect("a database");
    let zone = Uuid::now_v7();
    let insert =
        |name: String, n: i64| sql!("INSERT INTO series (zone_id, name, n) VALUES ($1, $2, $3)", zone, name, n);
    let mut tx = scratch.db.write().await.expect("a transaction");
    tx.run(insert("before".into(), 1)).await.expect("inserted");
    tx.commit().await.expect("durable");
    let mut tx = scratch.db.write().await.expect("a transaction");
    let pages: i64 = tx.value("PRAGMA page_count").await.expect("a count");
    tx.commit().await.expect("durable");
    let mut tx = scratch.db.write().await.expect("a transaction");
    // As small as it may be: the next page does not fit.
    assert!(pages > 0);
    tx.all("PRAGMA max_page_count = 1").await.expect("limited");
    let mut result = Ok(0);
    for n in 0..5_000 {
        result = tx.run(insert("x".repeat(200) + &n.to_string(), n)).await;
        if result.is_err() {
            break;
        }
    }
    assert!(matches!(result, Err(Error::Full)), "{result:?}");
    drop(tx);
    let mut tx = scratch.db.write().await.expect("a transaction after the full disk");
    tx.all("PRAGMA max_page_count = 1000000").await.expect("room again");
    tx.run(insert("after".into(), 2)).await.expect("inserted");
    tx.commit().await.expect("durable");
    let mut tx = scratch.db.read().await.expect("a reader");
    let names: Vec<(String,)> = tx.list("SELECT name FROM series ORDER BY n").await.expect("read");
    assert_eq!(names, [("before".to_owned(),), ("after".to_owned(),)]);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = Options { url: format!("sqlite:{}", dir.path().join("buting.db").display()), connections: 2 };
    let keys = Arc::new(vault::keyring::Keyring::ephemeral());
    let zone = Uuid::now_v7();
    {
        let db = store::Db::open(&options, Arc::clone(&keys)).await.expect("opened");
        db.migrate(&[FOUNDATION], async |_| Ok(())).await.expect("migrated");
        let mut tx = db.write().await.expect("a transaction");
        tx.record(entry(zone, "appeal.register")).await.expect("a row");
        tx.commit().await.expect("durable");
        // No close: the process ends here without a word.
    }
    let db = store::Db::open(&options, keys).await.expect("opened again");
    let report = db.verify(&[]).await.expect("verified");
    assert_eq!((report.unsealed, report.faults.len()), (1, 0));
}
