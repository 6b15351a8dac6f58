//! A zone with its people, ready to be acted in.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use buting::actor::{Actor, Role, Via};
use buting::app::{App, Config, SetClock};
use buting::http::server;
use buting::http::session::actor_of;
use buting::migrations::MIGRATIONS;
use buting::organisation::desk::{self, NewAccount};
use buting::organisation::{DepartmentKind, Grant, NewDepartment, NewPerson};
use buting::registry::{NewEnterprise, desk as registry};
use buting::time::Time;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::testing::{Scratch, Template};
use store::{Db, sql};
use tower::ServiceExt as _;
use uuid::Uuid;

/// The password of every account.
pub const PASSWORD: &str = "Buting-2026-test";

/// Tuesday 2026-11-24, 10:00 in Shanghai: a working day like many.
pub const MORNING: Time = Time::from_ms(1_795_485_600_000);

/// A zone, its people, and a second zone beside it.
pub struct House {
    /// The application.
    pub app: Arc<App>,
    /// Its clock, to be moved by hand.
    pub clock: Arc<SetClock>,
    /// The zone.
    pub zone: Uuid,
    /// The department of `officer`.
    pub department: Uuid,
    /// The department of `officer2`.
    pub other_department: Uuid,
    /// The partner agency of `agency`.
    pub agency: Uuid,
    /// The enterprise of `enterprise`.
    pub enterprise: Uuid,
    /// The enterprise of `enterprise2`.
    pub other_enterprise: Uuid,
    /// The project of `project`.
    pub project: Uuid,
    accounts: BTreeMap<&'static str, (Uuid, Uuid)>,
    router: Router,
    _scratch: Scratch,
}

/// An answer of the application.
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: axum::http::HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The answer, when it has this status; otherwise the test ends here with
    /// what was answered instead.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text().chars().take(1500).collect::<String>());
        self
    }
}

impl House {
    /// One house on SQLite, and one on PostgreSQL when `BUTING_TEST_POSTGRES` is set.
    pub async fn both() -> Vec<Self> {
        Self::both_with(Config::default()).await
    }

    /// The same with these settings.
    pub async fn both_with(config: Config) -> Vec<Self> {
        let mut houses = Vec::new();
        for scratch in TEMPLATE.both().await.unwrap() {
            houses.push(Self::open(scratch, config.clone()).await);
        }
        houses
    }

    /// One house on SQLite.
    pub async fn sqlite() -> Self {
        Self::set_up(Config::default()).await
    }

    /// One house on SQLite with these settings.
    pub async fn set_up(config: Config) -> Self {
        Self::open(TEMPLATE.sqlite().await.unwrap(), config).await
    }

    /// Moves into a database that [`furnish`] has filled.
    async fn open(scratch: Scratch, config: Config) -> Self {
        let clock = Arc::new(SetClock::at(MORNING));
        let app = App::new(scratch.db.clone(), config, Arc::clone(&clock) as _);
        let mut tx = scratch.db.read().await.unwrap();
        let zones: Vec<(Uuid, String)> = tx.list("SELECT zone_id, handle FROM zone").await.unwrap();
        let zone_of = |handle: &str| zones.iter().find(|z| z.1 == handle).expect("a zone").0;
        let (zone, zone2) = (zone_of("zone"), zone_of("zone2"));
        let named: Vec<(String, Uuid)> = tx
            .list(sql!(
                "SELECT name, id FROM department WHERE zone_id = $1
                 UNION ALL SELECT name, id FROM enterprise WHERE zone_id = $1
                 UNION ALL SELECT name, id FROM project WHERE zone_id = $1",
                zone
            ))
            .await
            .unwrap();
        let names: BTreeMap<String, Uuid> = named.into_iter().collect();
        let people: Vec<(Uuid, String, Uuid)> = tx.list("SELECT zone_id, user_name, id FROM account").await.unwrap();
        drop(tx);
        let person_of = |(key, zone): (&'static str, Uuid)| {
            let name = key.split('@').next();
            let found = people.iter().find(|p| p.0 == zone && Some(&*p.1) == name).expect("an account");
            (key, (zone, found.2))
        };
        let accounts = ACCOUNTS
            .iter()
            .map(|account| (account.0, zone))
            .chain(NEIGHBOURS.iter().map(|account| (account.0, zone2)))
            .map(person_of)
            .collect();
        Self {
            router: server::router(&app, buting::routes(&app), None),
            app,
            clock,
            zone,
            department: names[DEPARTMENT],
            other_department: names[OTHER_DEPARTMENT],
            agency: names[AGENCY],
            enterprise: names[ENTERPRISE],
            other_enterprise: names[OTHER_ENTERPRISE],
            project: names[PROJECT],
            accounts,
            _scratch: scratch,
        }
    }

    /// The person of an account.
    pub fn person(&self, account: &str) -> Uuid {
        self.accounts[account].1
    }

    /// The actor of an account, as if it had come through a page.
    pub async fn who(&self, account: &str) -> Actor {
        let (zone, id) = self.accounts[account];
        let mut tx = self.app.db.read().await.unwrap();
        actor_of(&mut tx, zone, id).await.unwrap()
    }

    /// The actor of an account with a one-time key.
    pub async fn who_once(&self, account: &str, key: &str) -> Actor {
        let mut who = self.who(account).await;
        who.once = Some(buting::actor::Once { key: key.into(), fingerprint: "test".into() });
        who
    }

    /// The program itself, acting in the zone.
    pub fn rule(&self) -> Actor {
        command(self.zone)
    }

    /// Gives an account the password of all tests.
    pub async fn give_password(&self, account: &str) {
        let (zone, id) = self.accounts[account];
        desk::reset_password(&self.app, &command(zone), id, PASSWORD, false).await.unwrap();
    }

    /// A token of an account, with every scope.
    pub async fn token(&self, account: &str) -> String {
        let (zone, id) = self.accounts[account];
        desk::create_token(&self.app, &command(zone), id, "test", "*", None).await.unwrap()
    }

    /// Calls the API as an account (`anonymous` for nobody), with a JSON body.
    pub async fn call(&self, account: &str, method: &str, path: &str, body: Json) -> Answer {
        self.call_with(account, method, path, body, &[]).await
    }

    /// Like [`House::call`], with headers.
    pub async fn call_with(
        &self,
        account: &str,
        method: &str,
        path: &str,
        body: Json,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        if account != "anonymous" {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token(account).await));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = match body {
            Json::Null => request.body(Body::empty()),
            body => request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())),
        };
        self.send(request.unwrap()).await
    }

    /// A session cookie of an account, made without a password.
    pub async fn cookie(&self, account: &str) -> String {
        let (zone, id) = self.accounts[account];
        let (token, digest) = vault::token::new("");
        let now = self.app.now();
        let mut tx = self.app.db.write().await.unwrap();
        tx.run(sql!(
            "INSERT INTO session (zone_id, digest, account_id, created_at, seen_at, expires_at, address, agent, stage)
             VALUES ($1, $2, $3, $4, $4, $5, '127.0.0.1', 'test', 'full')",
            zone,
            digest,
            id,
            now,
            now.plus(buting::http::session::LIFE_MS)
        ))
        .await
        .unwrap();
        tx.commit().await.unwrap();
        format!("sid={token}")
    }

    /// Opens a page as an account.
    pub async fn page(&self, account: &str, path: &str) -> Answer {
        let mut request = Request::builder().uri(path).header(header::HOST, "127.0.0.1");
        if account != "anonymous" {
            request = request.header(header::COOKIE, self.cookie(account).await);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Posts a form as an account.
    pub async fn post(&self, account: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", buting::http::page::encode(name), buting::http::page::encode(value)))
            .collect();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, "127.0.0.1")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if account != "anonymous" {
            request = request.header(header::COOKIE, self.cookie(account).await);
        }
        self.send(request.body(Body::from(body.join("&"))).unwrap()).await
    }

    /// Posts a form with files as an account; a path of the API with its token.
    pub async fn upload(&self, account: &str, path: &str, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Answer {
        const EDGE: &str = "edge-of-a-part";
        let api = path.starts_with("/api/");
        let mut body = Vec::new();
        for (name, value) in fields {
            let part = format!("--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend(part.as_bytes());
        }
        let field = if api { "file" } else { "files" };
        for (name, bytes) in files {
            let head = format!("--{EDGE}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n");
            body.extend(head.as_bytes());
            // What a browser says of a file is not believed.
            body.extend(b"Content-Type: text/html\r\n\r\n");
            body.extend(*bytes);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{EDGE}--\r\n").as_bytes());
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, "127.0.0.1")
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={EDGE}"));
        if account != "anonymous" {
            request = match api {
                true => request.header(header::AUTHORIZATION, format!("Bearer {}", self.token(account).await)),
                false => request.header(header::COOKIE, self.cookie(account).await),
            };
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Holds rows against other writers, as a desk does that is at work on them:
    /// `query` is completed by the lock. SQLite's writer holds everything.
    pub async fn hold(&self, mut query: store::Sql) -> store::Tx {
        let mut tx = self.app.db.write().await.unwrap();
        query.push(tx.dialect().pick("", " FOR UPDATE"));
        assert!(!tx.all(query).await.unwrap().is_empty(), "there is something to hold");
        tx
    }

    /// Returns when somebody waits for rows that another holds (on SQLite everybody
    /// waits for the writer anyway), or after a second when nobody does.
    pub async fn somebody_waits(&self) {
        self.wait_for(1).await;
    }

    /// The same for so many.
    pub async fn wait_for(&self, waiters: i64) {
        if self.app.db.dialect() == store::Dialect::Sqlite {
            return;
        }
        for _ in 0..100 {
            let waiting: i64 = self
                .app
                .db
                .read()
                .await
                .unwrap()
                .value(
                    "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'",
                )
                .await
                .unwrap();
            if waiting >= waiters {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// Sends any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 64 * 1024 * 1024).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }
}

const DEPARTMENT: &str = "企业服务部";
const OTHER_DEPARTMENT: &str = "建设管理部";
const AGENCY: &str = "交警大队";
const ENTERPRISE: &str = "测试机电设备有限公司";
const OTHER_ENTERPRISE: &str = "另一家食品有限公司";
const PROJECT: &str = "测试产业园项目";

/// Who has an account in the zone, as what, and where.
const ACCOUNTS: [(&str, Role, &str); 13] = [
    ("leader", Role::Leader, DEPARTMENT),
    ("dispatcher", Role::Dispatcher, DEPARTMENT),
    ("officer", Role::Officer, DEPARTMENT),
    ("officer2", Role::Officer, OTHER_DEPARTMENT),
    ("specialist", Role::Specialist, DEPARTMENT),
    ("oversight", Role::Oversight, DEPARTMENT),
    ("agency", Role::Agency, AGENCY),
    ("enterprise", Role::Enterprise, ENTERPRISE),
    ("enterprise2", Role::Enterprise, OTHER_ENTERPRISE),
    ("project", Role::Project, PROJECT),
    ("sysadmin", Role::Sysadmin, DEPARTMENT),
    ("secadmin", Role::Secadmin, DEPARTMENT),
    ("auditor", Role::Auditor, DEPARTMENT),
];

/// Who has an account in the second zone; there the name ends before the `@`.
const NEIGHBOURS: [(&str, Role); 3] =
    [("leader@zone2", Role::Leader), ("officer@zone2", Role::Officer), ("dispatcher@zone2", Role::Dispatcher)];

/// The zones and people that every house begins with.
const TEMPLATE: Template = Template { name: "house", migrations: MIGRATIONS, fill: |db| Box::pin(furnish(db)) };

async fn furnish(db: Db) {
    let app = App::new(db, Config::default(), Arc::new(SetClock::at(MORNING)));
    let zone = desk::create_zone(&app, "zone", "测试区管委会", json!({})).await.unwrap();
    let zone2 = desk::create_zone(&app, "zone2", "邻区管委会", json!({})).await.unwrap();
    let rule = Actor::rule(zone);
    let places = BTreeMap::from([
        (DEPARTMENT, Place::Department(add_department(&app, &rule, DEPARTMENT, DepartmentKind::Department).await)),
        (
            OTHER_DEPARTMENT,
            Place::Department(add_department(&app, &rule, OTHER_DEPARTMENT, DepartmentKind::Department).await),
        ),
        (AGENCY, Place::Department(add_department(&app, &rule, AGENCY, DepartmentKind::Traffic).await)),
        (ENTERPRISE, Place::Enterprise(add_enterprise(&app, zone, ENTERPRISE, "测试机电").await)),
        (OTHER_ENTERPRISE, Place::Enterprise(add_enterprise(&app, zone, OTHER_ENTERPRISE, "另一家").await)),
        (PROJECT, Place::Project(add_project(&app, zone, PROJECT).await)),
    ]);
    let department2 = add_department(&app, &Actor::rule(zone2), "邻区服务部", DepartmentKind::Department).await;
    for (key, role, place) in ACCOUNTS {
        add_account(&app, zone, key, role, places[place]).await;
    }
    for (key, role) in NEIGHBOURS {
        add_account(&app, zone2, key, role, Place::Department(department2)).await;
    }
}

async fn add_account(app: &Arc<App>, zone: Uuid, key: &str, role: Role, place: Place) {
    let command = command(zone);
    let mut new = NewPerson { name: format!("{key}某"), phone: Some("13800000000".into()), ..NewPerson::default() };
    match place {
        Place::Department(id) => new.department_id = Some(id),
        Place::Enterprise(id) => new.enterprise_id = Some(id),
        Place::Project(id) => new.project_id = Some(id),
    }
    let person_id = desk::add_person(app, &command, new).await.unwrap();
    let grants = [Grant::usual(role)];
    let user_name = key.split('@').next().unwrap_or(key);
    // A hash takes long on purpose: tests that sign in set a password themselves.
    let account = NewAccount { person_id, user_name, password: None, must_change: false, grants: &grants };
    desk::add_account(app, &command, &account).await.unwrap();
}

#[derive(Clone, Copy)]
enum Place {
    Department(Uuid),
    Enterprise(Uuid),
    Project(Uuid),
}

fn command(zone: Uuid) -> Actor {
    let mut who = Actor::rule(zone);
    who.via = Via::Command;
    who
}

async fn add_department(app: &App, who: &Actor, name: &str, kind: DepartmentKind) -> Uuid {
    let new = NewDepartment {
        id: None,
        name: name.into(),
        short_name: None,
        kind,
        parent_id: None,
        position: None,
        phone: Some("053112345678".into()),
        industries: None,
        valid_from: None,
    };
    desk::add_department(app, who, new).await.unwrap()
}

async fn add_enterprise(app: &App, zone: Uuid, name: &str, short_name: &str) -> Uuid {
    let new = NewEnterprise { name: name.into(), short_names: vec![short_name.into()], ..NewEnterprise::default() };
    registry::create_enterprise(app, &command(zone), new).await.unwrap()
}

async fn add_project(app: &App, zone: Uuid, name: &str) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = app.db.write().await.unwrap();
    tx.run(sql!(
        "INSERT INTO project (zone_id, id, name, short_name, level, stage, spelling, created_at, version)
         VALUES ($1, $2, $3, $3, 'zone', 'construction', '', $4, 1)",
        zone,
        id,
        name,
        app.now()
    ))
    .await
    .unwrap();
    tx.commit().await.unwrap();
    id
}
