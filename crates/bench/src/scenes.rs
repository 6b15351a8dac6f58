//! What is measured.

use crate::load::{COMMON, Loaded, RARE, Size, load};
use crate::measure::{Aims, Found, bare, cpu_seconds, head, over_http};
use anyhow::{Context, Result};
use buting::actor::{Actor, Via};
use buting::app::{App, Change, Config, Subject, SystemClock};
use buting::http::page::encode;
use buting::http::server;
use buting::http::session::actor_of;
use buting::migrations::MIGRATIONS;
use buting::organisation::desk;
use buting::registry::import::{self, Kind};
use buting::search;
use identifiers::Uscc;
use paper::Cell;
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;
use store::{Db, Options, Sql, Tx, sql};
use tokio::net::TcpListener;
use uuid::Uuid;
use vault::keyring::Keyring;

/// Connections that ask at once.
const CONNECTIONS: usize = 8;

/// Loads, serves, measures, prints.
pub async fn run(database: Option<String>, size: Size, part: usize, only: Option<String>) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let url = database.unwrap_or_else(|| format!("sqlite:{}", scratch.path().join("buting.db").display()));
    let keyring = Arc::new(Keyring::open_or_create(&scratch.path().join("keys"))?);
    let db = Db::open(&Options { url, connections: 8 }, keyring).await?;
    db.migrate(MIGRATIONS, async |_| Ok(())).await?;
    let config = Config { data_dir: scratch.path().to_owned(), ..Config::default() };
    let app = App::new(db, config, Arc::new(SystemClock));
    let began = Instant::now();
    let loaded = load(&app, size).await?;
    // What the program does every hour.
    app.db.optimize().await?;
    eprintln!("loaded in {:.0} s", began.elapsed().as_secs_f64());

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let router = server::router(&app, buting::routes(&app), None);
    let server = tokio::spawn(server::serve(listener, router, std::future::pending()));
    let bench = Bench { app, loaded, address, part, only, aims: Aims::default() };
    head();
    bench.all().await?;
    bench.aims.sum_up();
    server.abort();
    Ok(())
}

struct Bench {
    app: Arc<App>,
    loaded: Loaded,
    address: String,
    part: usize,
    only: Option<String>,
    aims: Aims,
}

impl Bench {
    /// Whether a measurement is wanted.
    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }

    async fn all(&self) -> Result<()> {
        let officer = self.token(self.loaded.officer).await?;
        let dispatcher = self.token(self.loaded.dispatcher).await?;
        let me = self.loaded.officer;

        if self.wants("my open appeals") {
            let mine = format!("/api/v1/appeals?handler_id={me}&status=working&sort=due&limit=20");
            let found = self.get("my open appeals, by due, 20 rows and total", &officer, &[mine]).await?;
            self.aims.beside(&found, &self.mine_bare(me).await?);
        }
        if self.wants("one appeal") {
            let one = format!("/api/v1/appeals/{}", self.loaded.long_history);
            let found = self.get("one appeal with 30 rows of history", &dispatcher, &[one]).await?;
            self.aims.beside(&found, &self.one_bare().await?);
        }
        for (name, word) in [("search, four rare characters", RARE), ("search, two common characters", COMMON)] {
            if self.wants(name) {
                let path = format!("/api/v1/appeals?q={}&sort=-created&limit=20", encode(word));
                self.aims.print(&self.get(name, &dispatcher, &[path]).await?, 2.0);
            }
        }
        for (name, word) in [
            ("search box: four rare characters", RARE),
            ("search box: two common characters", COMMON),
            ("search box: a number", "SQ-BENCH-0000077"),
            ("search box: a name", "00077号机械"),
            ("search box: a name with a slip", "第00077号机戒制造"),
        ] {
            if self.wants(name) {
                let path = format!("/api/v1/search?q={}&limit=20", encode(word));
                self.aims.print(&self.get(name, &dispatcher, &[path]).await?, 20.0);
            }
        }
        if self.wants("counts") {
            let counts = "/api/v1/appeals/counts?by=department,status".to_owned();
            self.aims.print(&self.get("counts by department and status", &dispatcher, &[counts]).await?, 0.5);
            self.counts_bare().await?.print();
            self.counts_agree().await?;
        }
        let cookie = self.cookie(self.loaded.dispatcher).await?;
        // The board shows the whole zone on one page: 10,000 enterprises are asked for seldom.
        for (name, path, times, aim) in [
            ("page: list of appeals", "/appeals", 2_000, Some(1.0)),
            ("page: board of lights, whole zone", "/board", 40, None),
        ] {
            if self.wants(name) {
                let found = self.page(name, &cookie, path, times).await?;
                aim.map_or_else(|| found.print(), |aim| self.aims.print(&found, aim));
            }
        }
        if self.wants("proposal") {
            let found = self.proposal().await?;
            println!("{found}{}", self.aims.hold(&found.name, found.p50 / 1000.0, 2.0, "s"));
        }
        // What writes comes last: two thousand new appeals without the words that are
        // looked for would stand in the way of the search.
        if self.wants("create") {
            let (commits, acknowledged) = self.app.db.commits();
            let found = self.create(&dispatcher).await?;
            let (commits_after, acknowledged_after) = self.app.db.commits();
            found.print();
            let shared = (commits_after - commits) as f64 / (acknowledged_after - acknowledged).max(1) as f64;
            let name = "  fsyncs per acknowledged write";
            println!("{name:<44} {shared:>9.3}{}", self.aims.hold(name, shared, 0.25, "each"));
            self.create_bare().await?.print();
        }
        if self.wants("import") { self.import().await } else { Ok(()) }
    }

    /// Officers for every enterprise, proposed with reasons.
    async fn proposal(&self) -> Result<Found> {
        let leader = self.token(self.loaded.leader).await?;
        let mut arguments = self.arguments(format!("authorization: Bearer {leader}"), 0);
        let body = json!({"role": "officer", "steadiness": "even"}).to_string();
        for (name, value) in [("--method", "POST"), ("--path", "/api/v1/assignments/plans"), ("--body", &body)] {
            arguments.extend([name.to_owned(), value.to_owned()]);
        }
        over_http("proposal: an officer for each enterprise", arguments).await
    }

    /// A register as an office sends it, through every check and into the ledger.
    async fn import(&self) -> Result<()> {
        let rows = 10_000 / self.part;
        let mut cells = Vec::with_capacity(rows);
        for n in 0..rows {
            let code = Uscc::complete(&format!("91370199MA{n:07}")).context("seventeen characters make a code")?;
            let (name, short, at) = (format!("新{n}号机械制造有限公司"), format!("新号{n}"), format!("西岭路 {n} 号"));
            let headcount = (n % 900).to_string();
            cells.push([name, short, code.to_string(), headcount, "否".to_owned(), at].map(Cell::Text).to_vec());
        }
        let head = ["企业名称", "简称", "统一社会信用代码", "职工人数", "是否重点", "地址"];
        let sheet = paper::xlsx("企业", &head, &cells)?;
        let began = Instant::now();
        let read = paper::read(&sheet, paper::Limits::default())?;
        let plain = began.elapsed().as_secs_f64();
        let read: usize = read.iter().map(|sheet| sheet.rows.len()).sum();

        let mut tx = self.read().await?;
        let who = actor_of(&mut tx, self.loaded.zone, self.loaded.dispatcher).await?;
        drop(tx);
        let (began, used) = (Instant::now(), cpu_seconds()?);
        let report = import::run(&self.app, &who, Kind::Enterprises, sheet, "企业.xlsx", false).await?;
        let (took, used) = (began.elapsed().as_secs_f64(), cpu_seconds()? - used);
        anyhow::ensure!(
            usize::try_from(report.created).is_ok_and(|n| n == rows) && read == rows + 1,
            "{} of {rows} rows were taken: {:?}",
            report.created,
            report.errors.first().map(|error| &error.message)
        );
        let name = "import of enterprises, checked, in the ledger";
        println!(
            "{name:<44} {:>9.0} rows/s, {took:.2} s and {used:.2} s of CPU for {rows} rows (reading the XLSX alone: {:.0} rows/s){}",
            rows as f64 / took,
            rows as f64 / plain,
            self.aims.hold(name, took, 3.0, "s")
        );
        Ok(())
    }

    async fn token(&self, account: Uuid) -> Result<String> {
        let mut who = Actor::rule(self.loaded.zone);
        who.via = Via::Command;
        Ok(desk::create_token(&self.app, &who, account, "bench", "*", None).await?)
    }

    async fn cookie(&self, account: Uuid) -> Result<String> {
        let (token, digest) = vault::token::new("");
        let now = self.app.now();
        let mut tx = self.app.db.write().await?;
        tx.run(sql!(
            "INSERT INTO session (zone_id, digest, account_id, created_at, seen_at, expires_at, address, agent, stage)
             VALUES ($1, $2, $3, $4, $4, $5, '127.0.0.1', 'bench', 'full')",
            self.loaded.zone,
            digest,
            account,
            now,
            now.plus(buting::http::session::LIFE_MS)
        ))
        .await?;
        tx.commit().await?;
        Ok(format!("sid={token}"))
    }

    fn arguments(&self, header: String, requests: usize) -> Vec<String> {
        let requests = (requests / self.part).max(CONNECTIONS);
        [
            "--address",
            &self.address,
            "--header",
            &header,
            "--requests",
            &requests.to_string(),
            "--connections",
            &CONNECTIONS.to_string(),
        ]
        .map(str::to_owned)
        .to_vec()
    }

    async fn get(&self, name: &str, token: &str, paths: &[String]) -> Result<Found> {
        let mut arguments = self.arguments(format!("authorization: Bearer {token}"), 4_000);
        for path in paths {
            arguments.extend(["--path".to_owned(), path.clone()]);
        }
        over_http(name, arguments).await
    }

    async fn page(&self, name: &str, cookie: &str, path: &str, times: usize) -> Result<Found> {
        let mut arguments = self.arguments(format!("cookie: {cookie}"), times);
        arguments.extend(["--path".to_owned(), path.to_owned()]);
        over_http(name, arguments).await
    }

    async fn create(&self, token: &str) -> Result<Found> {
        let mut arguments = self.arguments(format!("authorization: Bearer {token}"), 2_000);
        let body = json!({
            "enterprise_id": self.loaded.enterprises[0],
            "title": "货车进不了园区（{n}）",
            "body": "园区东门限高，原料车无法进入，影响生产。",
            "category": "logistics",
            "urgency": "normal",
        });
        for (name, value) in [("--method", "POST"), ("--path", "/api/v1/appeals"), ("--body", &body.to_string())] {
            arguments.extend([name.to_owned(), value.to_owned()]);
        }
        over_http("create an appeal, durable", arguments).await
    }

    async fn read(&self) -> Result<Tx> {
        Ok(self.app.db.read().await?)
    }

    /// The rows that a new appeal makes and what is read for it and of it, without
    /// anybody who checks, reckons or answers: one after another, each durable.
    async fn create_bare(&self) -> Result<Found> {
        let (zone, by, enterprise) = (self.loaded.zone, self.loaded.dispatcher, self.loaded.enterprises[0]);
        let mut tx = self.read().await?;
        let who = actor_of(&mut tx, zone, by).await?;
        drop(tx);
        bare("  bare, one after another", 500 / self.part, async |n| {
            let (id, now) = (Uuid::now_v7(), self.app.now());
            let mut work = self.app.work(&who).await?;
            work.all(sql!("SELECT * FROM appeal WHERE zone_id = $1 AND id = $2", zone, id)).await?;
            for kind in ["category", "limit_profile"] {
                let policy = "SELECT key, version, body FROM policy_data WHERE zone_id = $1 AND kind = $2 AND valid_to IS NULL";
                work.all(sql!(policy, zone, kind)).await?;
            }
            work.all(sql!("SELECT name, short_name FROM enterprise WHERE zone_id = $1 AND id = $2", zone, enterprise)).await?;
            work.all(sql!("SELECT * FROM zone WHERE zone_id = $1", zone)).await?;
            let number = work.next_number("SQ", "bare").await?;
            work.run(sql!(
                "INSERT INTO appeal (zone_id, id, number, enterprise_id, title, body, kind, category, urgency, channel,
                   created_by, created_at, registered_at, profile, profile_version, clock_mode, status, open, holder,
                   due_at, due_key, objection_final, extensions, extended_days, sent_back, reopened, changed_at, version)
                 VALUES ($1, $2, $3, $4, '货车进不了园区', '园区东门限高，原料车无法进入。', 'help', 'logistics', 'normal',
                   'web', $5, $6, $6, 'shandong_enterprise', 0, 'office', 'registered', TRUE, 'desk', $6, $6, FALSE, 0, 0,
                   0, 0, $6, 1)",
                zone,
                id,
                number,
                enterprise,
                by,
                now
            ))
            .await?;
            search::put(&mut work, "appeal", id, Some(enterprise), now, &format!("{n} 货车进不了园区 园区东门限高，原料车无法进入。")).await?;
            work.all(sql!("SELECT * FROM clock WHERE zone_id = $1 AND owner_id = $2", zone, id)).await?;
            let mut clocks = Sql::from(
                "INSERT INTO clock (zone_id, id, owner, owner_id, kind, target, mode, told, state, started_at, due_at,
                   provisional, cycle, calendar_version) VALUES ",
            );
            for (i, kind) in ["verify", "answer", "finish"].into_iter().enumerate() {
                clocks.push(if i == 0 { "(" } else { ", (" }).arg(zone).push(", ").arg(Uuid::now_v7());
                clocks.push(", 'appeal', ").arg(id).push(", ").arg(kind).push(", ").arg(json!({"n": 1}));
                clocks.push(", 'office', 'office', 'running', ").arg(now).push(", ").arg(now);
                clocks.push(", FALSE, 0, 'built-in')");
            }
            work.run(clocks).await?;
            for action in ["appeal.create", "appeal.register"] {
                let made = json!({"number": number, "status": "registered", "category": "logistics"});
                work.log(action, Subject::about("appeal", id, enterprise), Change::made(made)).await?;
            }
            work.run(sql!(
                "INSERT INTO holding (zone_id, owner_id, n, at, holder) VALUES ($1, $2, 0, $3, 'desk')",
                zone,
                id,
                now
            ))
            .await?;
            work.run(sql!(
                "INSERT INTO appeal_count (zone_id, department_id, status, n) VALUES ($1, $2, 'registered', 1)
                 ON CONFLICT (zone_id, department_id, status) DO UPDATE SET n = appeal_count.n + 1",
                zone,
                Uuid::nil()
            ))
            .await?;
            work.run(sql!(
                "UPDATE appeal SET version = 2, status = 'registered', due_at = $3, due_key = $3, changed_at = $3
                 WHERE zone_id = $1 AND id = $2 AND version = 1",
                zone,
                id,
                now
            ))
            .await?;
            work.commit(id).await?;
            self.one_bare_of(id).await
        })
        .await
    }

    /// The list's two statements: with the names that it shows, and what decides
    /// whether this officer may see a line.
    async fn mine_bare(&self, me: Uuid) -> Result<Found> {
        let (zone, department) = (self.loaded.zone, self.loaded.department);
        bare("  bare", 2_000 / self.part, async |_| {
            let mut tx = self.read().await?;
            tx.all(sql!(
                "SELECT a.id, a.number, a.title, a.status, a.kind, a.category, a.urgency, a.channel, a.enterprise_id,
                   e.short_name, a.project_id, p.short_name, a.lead_department_id, d.short_name, a.handler_id, h.name,
                   a.holder, hd.short_name, a.accused_department_id, a.created_by, a.created_at, a.registered_at,
                   a.due_at, a.due_key, a.answered_at, a.closed_at, a.result, a.rating, a.version
                 FROM appeal a
                 LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
                 LEFT JOIN project p ON p.zone_id = a.zone_id AND p.id = a.project_id
                 LEFT JOIN department d ON d.zone_id = a.zone_id AND d.id = a.lead_department_id
                 LEFT JOIN person h ON h.zone_id = a.zone_id AND h.id = a.handler_id
                 LEFT JOIN department hd ON hd.zone_id = a.zone_id AND hd.id = a.holder_id
                 WHERE a.zone_id = $1 AND (a.registered_at IS NOT NULL OR a.created_by = $2)
                   AND (a.accused_department_id IS NULL OR a.accused_department_id <> $3 OR a.created_by = $2)
                   AND (a.handler_id = $2 OR a.created_by = $2 OR EXISTS (SELECT 1 FROM work_order w
                     WHERE w.zone_id = a.zone_id AND w.appeal_id = a.id AND w.department_id = $3))
                   AND a.handler_id = $2 AND a.status = 'working' AND a.open AND a.open = TRUE
                 ORDER BY a.due_key, a.id LIMIT 20",
                zone,
                me,
                department
            ))
            .await?;
            tx.all(sql!(
                "SELECT count(*) FROM (SELECT 1 AS one FROM appeal a
                 WHERE a.zone_id = $1 AND (a.registered_at IS NOT NULL OR a.created_by = $2)
                   AND (a.accused_department_id IS NULL OR a.accused_department_id <> $3 OR a.created_by = $2)
                   AND (a.handler_id = $2 OR a.created_by = $2 OR EXISTS (SELECT 1 FROM work_order w
                     WHERE w.zone_id = a.zone_id AND w.appeal_id = a.id AND w.department_id = $3))
                   AND a.handler_id = $2 AND a.status = 'working' AND a.open AND a.open = TRUE LIMIT 1001) AS some",
                zone,
                me,
                department
            ))
            .await?;
            Ok(())
        })
        .await
    }

    async fn one_bare(&self) -> Result<Found> {
        bare("  bare", 2_000 / self.part, async |_| self.one_bare_of(self.loaded.long_history).await).await
    }

    /// What an appeal is shown with.
    async fn one_bare_of(&self, id: Uuid) -> Result<()> {
        let zone = self.loaded.zone;
        let mut tx = self.read().await?;
        tx.all(sql!(
            "SELECT a.*, e.name FROM appeal a JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
             WHERE a.zone_id = $1 AND a.id = $2",
            zone,
            id
        ))
        .await?;
        for text in [
            "SELECT * FROM work_order WHERE zone_id = $1 AND appeal_id = $2",
            "SELECT * FROM clock WHERE zone_id = $1 AND owner_id = $2",
            "SELECT * FROM appeal_message WHERE zone_id = $1 AND appeal_id = $2 ORDER BY id",
            "SELECT * FROM holding WHERE zone_id = $1 AND owner_id = $2 ORDER BY n",
            "SELECT l.*, p.name FROM ledger l LEFT JOIN person p ON p.zone_id = l.zone_id AND p.id = l.actor_id
             WHERE l.zone_id = $1 AND l.subject_id = $2 ORDER BY l.id",
        ] {
            tx.all(sql!(text, zone, id)).await?;
        }
        Ok(())
    }

    async fn counts_bare(&self) -> Result<Found> {
        let zone = self.loaded.zone;
        bare("  bare", 2_000 / self.part, async |_| {
            let mut tx = self.read().await?;
            tx.all(sql!("SELECT department_id, status, n FROM appeal_count WHERE zone_id = $1", zone)).await?;
            Ok(())
        })
        .await
    }

    /// The kept counters are what a recount gives.
    async fn counts_agree(&self) -> Result<()> {
        let mut tx = self.read().await?;
        let wrong: i64 = tx
            .value(sql!(
                "SELECT count(*) FROM (
                   SELECT coalesce(lead_department_id, $2) AS department_id, status, count(*) AS n FROM appeal
                     WHERE zone_id = $1 AND status <> 'draft' GROUP BY 1, 2
                   EXCEPT SELECT department_id, status, n FROM appeal_count WHERE zone_id = $1 AND n > 0) AS differing",
                self.loaded.zone,
                Uuid::nil()
            ))
            .await?;
        anyhow::ensure!(wrong == 0, "{wrong} counters differ from a recount");
        println!("{:<44} {:>9}", "  counters equal to a recount", "yes");
        Ok(())
    }
}
