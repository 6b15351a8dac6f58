//! A zone of the size of a city: rows written in bulk, with the same tables,
//! counters, texts and ledger that the desks would have left.

use anyhow::Result;
use buting::actor::{Actor, Role, Via};
use buting::app::App;
use buting::organisation::desk::{self, NewAccount};
use buting::organisation::{DepartmentKind, Grant, NewDepartment, NewPerson};
use buting::search::{self, Text};
use buting::time::{DAY_MS, Time};
use serde_json::json;
use std::sync::Arc;
use store::{Entry, Sql, sql};
use uuid::Uuid;

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Enterprises.
    pub enterprises: usize,
    /// Appeals.
    pub appeals: usize,
    /// Rows of history in the ledger.
    pub history: usize,
}

/// What was loaded, as far as the measurements need it.
pub struct Loaded {
    /// The zone.
    pub zone: Uuid,
    /// The officer who asks.
    pub officer: Uuid,
    /// The department of all who ask.
    pub department: Uuid,
    /// A dispatcher, who reaches everything.
    pub dispatcher: Uuid,
    /// A leader, who decides who looks after whom.
    pub leader: Uuid,
    /// Every enterprise.
    pub enterprises: Vec<Uuid>,
    /// The appeal with thirty rows of history.
    pub long_history: Uuid,
}

const DEPARTMENTS: usize = 12;
const COLLEAGUES: usize = 100;
/// Rows in one statement; SQLite takes 32,766 arguments.
const ROWS: usize = 400;
const STATUSES: [(&str, bool); 6] = [
    ("closed", false),
    ("working", true),
    ("dispatched", true),
    ("answered", true),
    ("closed", false),
    ("registered", true),
];
const TITLES: [&str; 8] = [
    "货车进不了园区东门",
    "三号线路频繁跳闸",
    "流动资金贷款到期续贷",
    "一线操作工缺口",
    "技改补贴兑现进度",
    "雨污管网接错整改",
    "员工子女入学材料",
    "厂房扩建的规划条件",
];
/// Four characters that few texts hold, and two that most hold.
pub const RARE: &str = "篦冷机轴";
/// See [`RARE`].
pub const COMMON: &str = "协调";

fn command(zone: Uuid) -> Actor {
    let mut who = Actor::rule(zone);
    who.via = Via::Command;
    who
}

/// The columns that a statement fills and how one row's values are appended.
struct Bulk {
    head: &'static str,
    rows: usize,
    statement: Sql,
}

impl Bulk {
    fn new(head: &'static str) -> Self {
        Self { head, rows: 0, statement: Sql::from(head) }
    }

    /// Begins a row; `fill` appends its values, separated by commas.
    async fn row(&mut self, work: &mut store::Tx, fill: impl FnOnce(&mut Sql)) -> Result<()> {
        self.statement.push(if self.rows == 0 { "(" } else { ", (" });
        fill(&mut self.statement);
        self.statement.push(")");
        self.rows += 1;
        if self.rows == ROWS {
            self.flush(work).await?;
        }
        Ok(())
    }

    async fn flush(&mut self, work: &mut store::Tx) -> Result<()> {
        if self.rows > 0 {
            work.run(std::mem::replace(&mut self.statement, Sql::from(self.head))).await?;
            self.rows = 0;
        }
        Ok(())
    }
}

macro_rules! values {
    ($sql:expr, $first:expr $(, $more:expr)* $(,)?) => {{
        $sql.arg($first);
        $($sql.push(", ").arg($more);)*
    }};
}

/// Loads everything; tells how far it is on standard error.
pub async fn load(app: &Arc<App>, size: Size) -> Result<Loaded> {
    let zone = desk::create_zone(app, "bench", "压测区管委会", json!({})).await?;
    let who = command(zone);
    let mut departments = Vec::new();
    for n in 0..DEPARTMENTS {
        let new = NewDepartment {
            id: None,
            name: format!("第{n}服务部"),
            short_name: None,
            kind: DepartmentKind::Department,
            parent_id: None,
            position: None,
            phone: None,
            industries: None,
            valid_from: None,
        };
        departments.push(desk::add_department(app, &who, new).await?);
    }
    let officer = account(app, zone, "officer", Role::Officer, departments[0]).await?;
    let dispatcher = account(app, zone, "dispatcher", Role::Dispatcher, departments[0]).await?;
    let leader = account(app, zone, "leader", Role::Leader, departments[0]).await?;
    // Officers among whom enterprises are shared out.
    for n in 0..COLLEAGUES {
        let department_id = Some(departments[n % departments.len()]);
        let new = NewPerson { name: format!("干事{n}"), department_id, ..NewPerson::default() };
        desk::add_person(app, &who, new).await?;
    }
    let now = app.now();
    let enterprises = enterprises(app, &who, size.enterprises, now).await?;
    assignments(app, &who, &enterprises, &departments, officer, now).await?;
    eprintln!("{} enterprises", enterprises.len());
    let appeals = appeals(app, &who, size.appeals, &enterprises, &departments, officer, now).await?;
    eprintln!("{} appeals", appeals.len());
    let long_history = appeals[appeals.len() / 2];
    history(app, &who, size.history, &appeals, long_history, now).await?;
    eprintln!("{} rows of history", size.history);
    Ok(Loaded { zone, officer, department: departments[0], dispatcher, leader, enterprises, long_history })
}

async fn account(app: &App, zone: Uuid, user_name: &str, role: Role, department: Uuid) -> Result<Uuid> {
    let who = command(zone);
    let new = NewPerson { name: user_name.to_owned(), department_id: Some(department), ..NewPerson::default() };
    let person_id = desk::add_person(app, &who, new).await?;
    let grants = [Grant::usual(role)];
    let new = NewAccount { person_id, user_name, password: None, must_change: false, grants: &grants };
    Ok(desk::add_account(app, &who, &new).await?)
}

async fn enterprises(app: &App, who: &Actor, n: usize, now: Time) -> Result<Vec<Uuid>> {
    let mut work = app.work(who).await?;
    let mut texts = Vec::with_capacity(n);
    let mut bulk = Bulk::new(
        "INSERT INTO enterprise (zone_id, id, name, short_name, key, status, tags, spelling, name_key, created_at,
           changed_at, version) VALUES ",
    );
    let mut ids = Vec::with_capacity(n);
    for i in 0..n {
        let id = Uuid::now_v7();
        let (name, short) = (format!("第{i:05}号机械制造有限公司"), format!("{i:05}号机械"));
        bulk.row(&mut work, |sql| {
            values!(
                sql,
                who.zone_id,
                id,
                name.clone(),
                short.clone(),
                i % 20 == 0,
                "active",
                json!([]),
                "",
                name.clone(),
                now,
                now,
                1_i64
            );
        })
        .await?;
        texts.push(Text {
            id,
            about: Some(id),
            at: now,
            text: format!("{name}\n{short}\n{}", hanzi::spelling_keys(&name)),
        });
        ids.push(id);
    }
    bulk.flush(&mut work).await?;
    search::put_all(&mut work, "enterprise", &texts).await?;
    work.commit(who.zone_id).await?;
    Ok(ids)
}

/// A department answers for each enterprise, and for those of the first one the officer.
async fn assignments(
    app: &App,
    who: &Actor,
    enterprises: &[Uuid],
    departments: &[Uuid],
    officer: Uuid,
    now: Time,
) -> Result<()> {
    let mut work = app.work(who).await?;
    let mut bulk = Bulk::new(
        "INSERT INTO assignment (zone_id, id, subject_kind, subject_id, role, department_id, person_id, valid_from,
           created_at, version) VALUES ",
    );
    for (i, enterprise) in enterprises.iter().enumerate() {
        let department = departments[i % departments.len()];
        let holders = [("lead_dept", Some(department), None), ("officer", None, Some(officer))];
        for (role, department, person) in holders.into_iter().take(if i % departments.len() == 0 { 2 } else { 1 }) {
            bulk.row(&mut work, |sql| {
                values!(
                    sql,
                    who.zone_id,
                    Uuid::now_v7(),
                    "enterprise",
                    *enterprise,
                    role,
                    department,
                    person,
                    now,
                    now,
                    1_i64
                );
            })
            .await?;
        }
    }
    bulk.flush(&mut work).await?;
    work.commit(who.zone_id).await?;
    Ok(())
}

/// The texts of an appeal: one in ten thousand holds the rare word, two in five
/// hold the common one.
fn words(n: usize) -> (String, String) {
    let title = format!("{}（{n}）", TITLES[n % TITLES.len()]);
    let rare = if n % 10_000 == 7 { RARE } else { "" };
    let common = if n % 5 < 2 { COMMON } else { "说明" };
    (title, format!("企业反映第{n}次情况，影响生产安排，希望管委会{common}有关部门尽快处理{rare}，以免耽误交货。"))
}

async fn appeals(
    app: &App,
    who: &Actor,
    n: usize,
    enterprises: &[Uuid],
    departments: &[Uuid],
    officer: Uuid,
    now: Time,
) -> Result<Vec<Uuid>> {
    let mut ids = Vec::with_capacity(n);
    for from in (0..n).step_by(5_000) {
        let mut work = app.work(who).await?;
        let mut rows = Bulk::new(
            "INSERT INTO appeal (zone_id, id, number, enterprise_id, title, body, kind, category, urgency, channel,
               created_by, created_at, registered_at, profile, profile_version, clock_mode, status, open,
               lead_department_id, handler_id, holder, due_at, due_key, objection_final, extensions, extended_days,
               sent_back, reopened, changed_at, version) VALUES ",
        );
        let mut clocks = Bulk::new(
            "INSERT INTO clock (zone_id, id, owner, owner_id, kind, target, mode, told, state, started_at, due_at,
               provisional, cycle, calendar_version) VALUES ",
        );
        let mut texts = Vec::new();
        for i in from..(from + 5_000).min(n) {
            let id = Uuid::now_v7();
            let enterprise = enterprises[i % enterprises.len()];
            let (title, body) = words(i);
            let (status, open) = STATUSES[i % STATUSES.len()];
            // Status and department go round in steps of their own, so that each department has every status.
            let department = (status != "registered").then(|| departments[i / STATUSES.len() % departments.len()]);
            let handler = (open && department == Some(departments[0])).then_some(officer);
            // Spread over two years, the newest last.
            let at = now.plus(-((n - i) as i64) * (730 * DAY_MS / n as i64));
            let due = at.plus(21 * DAY_MS);
            texts.push(Text { id, about: Some(enterprise), at, text: format!("{title}\n{body}") });
            rows.row(&mut work, |sql| {
                values!(
                    sql,
                    who.zone_id,
                    id,
                    format!("SQ-BENCH-{i:07}"),
                    enterprise,
                    title,
                    body,
                    "help",
                    "logistics",
                    "normal",
                    "web",
                    officer,
                    at,
                    at,
                    "shandong_enterprise",
                    0_i64,
                    "office",
                    status,
                    open,
                    department,
                    handler,
                    "department",
                    due,
                    due,
                    false,
                    0_i64,
                    0_i64,
                    0_i64,
                    0_i64,
                    at,
                    1_i64
                );
            })
            .await?;
            let state = if open { "running" } else { "stopped" };
            let limit = json!({"n": 15, "unit": "day", "count": "working"});
            clocks
                .row(&mut work, |sql| {
                    values!(
                        sql,
                        who.zone_id,
                        Uuid::now_v7(),
                        "appeal",
                        id,
                        "finish",
                        limit,
                        "office",
                        "office",
                        state,
                        at,
                        due,
                        false,
                        0_i64,
                        "built-in"
                    );
                })
                .await?;
            ids.push(id);
        }
        rows.flush(&mut work).await?;
        clocks.flush(&mut work).await?;
        search::put_all(&mut work, "appeal", &texts).await?;
        work.commit(who.zone_id).await?;
    }
    let mut work = app.work(who).await?;
    work.run(sql!(
        "INSERT INTO appeal_count (zone_id, department_id, status, n)
         SELECT zone_id, coalesce(lead_department_id, $2), status, count(*) FROM appeal WHERE zone_id = $1
         GROUP BY 1, 2, 3",
        who.zone_id,
        Uuid::nil()
    ))
    .await?;
    work.commit(who.zone_id).await?;
    Ok(ids)
}

async fn history(app: &App, who: &Actor, n: usize, appeals: &[Uuid], long: Uuid, now: Time) -> Result<()> {
    for from in (0..n).step_by(10_000) {
        let mut work = app.work(who).await?;
        for i in from..(from + 10_000).min(n) {
            let subject_id = if i < 30 { long } else { appeals[i % appeals.len()] };
            work.record(Entry {
                zone_id: who.zone_id,
                at: now.ms(),
                actor_id: None,
                behalf_of: None,
                via: "rule",
                action: "appeal.reply",
                subject: "appeal",
                subject_id,
                about_id: None,
                before: Some(json!({"status": "signed"})),
                after: Some(json!({"status": "working"})),
                note: None,
            })
            .await?;
        }
        work.commit(who.zone_id).await?;
    }
    Ok(())
}
