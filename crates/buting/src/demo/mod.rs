//! The demo zone: the facts of the news item, invented firms and people, and
//! sixty days of activity made by running the desks themselves, so that ledger,
//! clocks and counts are genuine. A fixed seed makes it the same every time.

mod approvals;
mod cases;
mod data;
pub mod dice;
mod firms;
mod life;
mod papers;
mod people;
mod plans;
mod readiness;
mod screening;
mod stories;

use crate::actor::{Actor, Via};
use crate::app::{App, SetClock};
use crate::error::Result;
use crate::http::session::actor_of;
use crate::organisation::desk as organisation;
use crate::time::{DAY_MS, Time};
use approvals::Approvals;
use dice::Dice;
use firms::Firm;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use stories::Remembered;
use uuid::Uuid;

/// Days of activity before the first start.
const DAYS: i64 = 60;
/// The seed of everything that happens.
const SEED: u64 = 20_220_331;

/// An account of the demo, as it is printed at the start.
#[derive(Clone, Debug)]
pub struct Account {
    /// What to sign in with.
    pub user: String,
    /// Who it is.
    pub person: String,
    /// The role's word.
    pub role: &'static str,
}

/// What the demo is made with.
pub struct Plan<'a> {
    /// The password of every account.
    pub password: &'a str,
    /// The instant of the first start: the end of the sixty days.
    pub now: Time,
    /// Told how far the making has come, in percent.
    pub progress: &'a (dyn Fn(i64) + Sync),
}

/// Makes the demo in an empty database. `app` must run on `clock`, which is left
/// standing at `plan.now`. Answers the accounts.
pub async fn build(app: &Arc<App>, clock: &SetClock, plan: &Plan<'_>) -> Result<Vec<Account>> {
    clock.set(plan.now.plus(-DAYS * DAY_MS));
    let zone = organisation::create_zone(app, "demo", "大学城管委会", json!({"assignment_label": "包联"})).await?;
    let mut world = World {
        app: Arc::clone(app),
        zone,
        dice: Dice::new(SEED),
        departments: HashMap::new(),
        people: HashMap::new(),
        staff: HashMap::new(),
        carriers: Vec::new(),
        enterprises: Vec::new(),
        projects: BTreeMap::new(),
        remembered: Remembered::default(),
        screened: screening::Screened::default(),
        approvals: Approvals::default(),
        accounts: Vec::new(),
    };
    world.open_office(plan.password).await?;
    world.open_register(plan.password).await?;
    world.assign_all().await?;
    world.open_zone2(plan.password).await?;
    world.open_matters().await?;
    world.live(clock, plan.now, plan.progress).await?;
    clock.set(plan.now);
    world.enter_twice().await?;
    world.correct_facts().await?;
    world.plan_visits().await?;
    world.issue_documents().await?;
    world.keep_figures().await?;
    (plan.progress)(100);
    Ok(world.accounts)
}

/// The zone while it is being made.
struct World {
    app: Arc<App>,
    zone: Uuid,
    dice: Dice,
    departments: HashMap<&'static str, Uuid>,
    people: HashMap<String, Uuid>,
    /// Those who act, by department.
    staff: HashMap<&'static str, Vec<Uuid>>,
    carriers: Vec<Uuid>,
    enterprises: Vec<Firm>,
    projects: BTreeMap<String, Uuid>,
    remembered: Remembered,
    screened: screening::Screened,
    approvals: Approvals,
    accounts: Vec<Account>,
}

impl World {
    /// The program as a command, which may do what several people do together.
    fn command(&self) -> Actor {
        command(self.zone)
    }

    /// Those of a department who act, in order.
    fn staff_of(&self, department: &str) -> Vec<Uuid> {
        self.staff.get(department).cloned().unwrap_or_default()
    }

    /// A person as an actor on a page.
    async fn actor(&self, person: Uuid) -> Result<Actor> {
        actor_of(&mut self.app.read().await?, self.zone, person).await
    }
}

fn command(zone: Uuid) -> Actor {
    let mut who = Actor::rule(zone);
    who.via = Via::Command;
    who
}
