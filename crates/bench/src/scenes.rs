//! What is measured.

use crate::load::{COMMON, Loaded, RARE, Size, load};
use crate::measure::{Found, bare, cpu_seconds, head, over_http};
use anyhow::{Context, Result};
use buting::actor::{Actor, Via};
use buting::app::{App, Config, SystemClock};
use buting::http::server;
use buting::http::session::actor_of;
use buting::migrations::MIGRATIONS;
use buting::organisation::desk;
use buting::registry::import::{self, Kind};
use identifiers::Uscc;
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;
use store::{Db, Options, Tx, sql};
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
    let bench = Bench { app, loaded, address, part, only };
    head();
    bench.all().await?;
    server.abort();
    Ok(())
}

struct Bench {
    app: Arc<App>,
    loaded: Loaded,
    address: String,
    part: usize,
    only: Option<String>,
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

        if self.wants("create") {
            let (commits, acknowledged) = self.app.db.commits();
            let found = self.create(&dispatcher).await?;
            let (commits_after, acknowledged_after) = self.app.db.commits();
            found.print();
            let shared = (commits_after - commits) as f64 / (acknowledged_after - acknowledged).max(1) as f64;
            println!("{:<44} {shared:>9.3}", "  fsyncs per acknowledged write");
            self.create_bare().await?.print();
        }
        if self.wants("my open appeals") {
            let mine = format!("/api/v1/appeals?handler_id={me}&status=working&sort=due&limit=20");
            self.get("my open appeals, by due, 20 rows and total", &officer, &[mine]).await?.print();
            self.mine_bare(me).await?.print();
        }
        if self.wants("one appeal") {
            let one = format!("/api/v1/appeals/{}", self.loaded.long_history);
            self.get("one appeal with 30 rows of history", &dispatcher, &[one]).await?.print();
            self.one_bare().await?.print();
        }
        for (name, word) in [("search, four rare characters", RARE), ("search, two common characters", COMMON)] {
            if self.wants(name) {
                let path = format!("/api/v1/appeals?q={}&sort=-created&limit=20", buting::http::page::encode(word));
                self.get(name, &dispatcher, &[path]).await?.print();
            }
        }
        if self.wants("counts") {
            let counts = "/api/v1/appeals/counts?by=department,status".to_owned();
            self.get("counts by department and status", &dispatcher, &[counts]).await?.print();
            self.counts_bare().await?.print();
            self.counts_agree().await?;
        }
        let cookie = self.cookie(self.loaded.dispatcher).await?;
        // The board shows the whole zone on one page: 10,000 enterprises are asked for seldom.
        for (name, path, times) in
            [("page: list of appeals", "/appeals", 2_000), ("page: board of lights, whole zone", "/board", 40)]
        {
            if self.wants(name) {
                self.page(name, &cookie, path, times).await?.print();
            }
        }
        if self.wants("import") { self.import().await } else { Ok(()) }
    }
    /// A register as an office sends it, through every check and into the ledger.
    async fn import(&self) -> Result<()> {
        let rows = 10_000 / self.part;
        let mut sheet = String::from("企业名称,简称,统一社会信用代码,职工人数,是否重点,地址\n");
        for n in 0..rows {
            let code = Uscc::complete(&format!("91370199MA{n:07}")).context("seventeen characters make a code")?;
            writeln!(sheet, "第{n}号机械制造有限公司,号{n},{code},{},否,西岭路 {n} 号", n % 900)?;
        }
        let began = Instant::now();
        let read = sheet.lines().map(|line| line.split(',').count()).sum::<usize>();
        let plain = began.elapsed();

        let mut tx = self.read().await?;
        let who = actor_of(&mut tx, self.loaded.zone, self.loaded.dispatcher).await?;
        drop(tx);
        let (began, used) = (Instant::now(), cpu_seconds()?);
        let report = import::run(&self.app, &who, Kind::Enterprises, sheet.into_bytes(), "企业.csv", false).await?;
        let (took, used) = (began.elapsed().as_secs_f64(), cpu_seconds()? - used);
        anyhow::ensure!(
            usize::try_from(report.created).is_ok_and(|n| n == rows) && read == rows * 6 + 6,
            "{} of {rows} rows were taken: {:?}",
            report.created,
            report.errors.first().map(|error| &error.message)
        );
        println!(
            "{:<44} {:>9.0} rows/s, {took:.2} s and {used:.2} s of CPU for {rows} rows (reading alone {:.0} ms)",
            "import of enterprises, checked, in the ledger",
            rows as f64 / took,
            plain.as_secs_f64() * 1000.0
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

    async fn create_bare(&self) -> Result<Found> {
        let zone = self.loaded.zone;
        bare("  bare: one row, durable, one after another", 500 / self.part, async |n| {
            let mut tx = self.app.db.write().await?;
            tx.run(sql!("INSERT INTO series (zone_id, name, n) VALUES ($1, $2, 1)", zone, format!("bare-{n}"))).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn mine_bare(&self, me: Uuid) -> Result<Found> {
        let zone = self.loaded.zone;
        bare("  bare", 2_000 / self.part, async |_| {
            let mut tx = self.read().await?;
            tx.all(sql!(
                "SELECT a.id, a.number, a.title, a.status, a.due_at, e.name, d.short_name
                 FROM appeal a JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
                 LEFT JOIN department d ON d.zone_id = a.zone_id AND d.id = a.lead_department_id
                 WHERE a.zone_id = $1 AND a.handler_id = $2 AND a.status = 'working' AND a.open AND a.open = TRUE
                 ORDER BY a.due_key, a.id LIMIT 20",
                zone,
                me
            ))
            .await?;
            tx.all(sql!(
                "SELECT count(*) FROM (SELECT 1 AS one FROM appeal a WHERE a.zone_id = $1 AND a.handler_id = $2
                   AND a.status = 'working' AND a.open AND a.open = TRUE LIMIT 1001) AS some",
                zone,
                me
            ))
            .await?;
            Ok(())
        })
        .await
    }

    async fn one_bare(&self) -> Result<Found> {
        let (zone, id) = (self.loaded.zone, self.loaded.long_history);
        bare("  bare", 2_000 / self.part, async |_| {
            let mut tx = self.read().await?;
            tx.all(sql!(
                "SELECT a.*, e.name FROM appeal a JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
                 WHERE a.zone_id = $1 AND a.id = $2",
                zone,
                id
            ))
            .await?;
            tx.all(sql!("SELECT * FROM work_order WHERE zone_id = $1 AND appeal_id = $2", zone, id)).await?;
            tx.all(sql!("SELECT * FROM clock WHERE zone_id = $1 AND owner_id = $2", zone, id)).await?;
            tx.all(sql!("SELECT * FROM ledger WHERE zone_id = $1 AND subject_id = $2 ORDER BY id", zone, id)).await?;
            Ok(())
        })
        .await
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
