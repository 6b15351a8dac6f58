//! One action on one appeal: who acts, what the rule book says, what changes,
//! what is written down, who is told. Every action is one [`Step`].

use super::act::Act;
use super::limits::{self, Profile};
use super::policy;
use super::record::{Appeal, FAR, Message, WorkOrder};
use super::{
    Action, Confirmation, Facts, Hat, Hats, MessageKind, OrderKind, OrderStatus, Refusal, ResultKind, Status, Turn,
    Verdict, WentOn, cause, checklist, contact, guard, land, result, store, turn,
};
use crate::actor::{Actor, OFFICE, Role, Roles, Scope, Via};
use crate::app::{Change, Subject, Work};
use crate::assignment::reach;
use crate::clock::{self, Clock, ClockKind, Holder, NewClock, Told};
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::organisation::DepartmentKind;
use crate::privacy::Basis;
use crate::privacy::desk::{NewDisclosure, disclose_in};
use crate::subject::{self, SubjectKind};
use crate::text::Lang;
use crate::time::{Day, Time};
use ::store::Tx;
use almanac::{Calendar, Limit};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// Those who handle orders.
const WORKERS: Roles = Roles::of(&[Role::Officer, Role::Specialist]);
/// Those who supervise.
pub const OVERSEERS: Roles = Roles::of(&[Role::Leader, Role::Oversight]);
/// Longest text of a message.
pub const LONG: usize = 5000;
/// Longest reason.
const SHORT: usize = 500;
/// Hours for which production stood still, at most: ten years.
const MOST_HOURS: i64 = 87_600;

/// An appeal as somebody sees it who may.
pub struct Seen {
    /// The appeal.
    pub appeal: Appeal,
    /// Its work orders.
    pub orders: Vec<WorkOrder>,
    /// What the reader is towards it.
    pub hats: Hats,
    /// Whether the reader must not learn whose it is.
    pub masked: bool,
}

/// Looks an appeal up for somebody; what he may not know of is not found.
pub async fn see(tx: &mut Tx, who: &Actor, id: Uuid, to_change: bool) -> Result<Seen> {
    let appeal = if to_change {
        store::appeal_to_change(tx, who.zone_id, id).await?
    } else {
        store::appeal(tx, who.zone_id, id).await?
    };
    let appeal = appeal.ok_or(Error::NotFound)?;
    let orders = store::orders(tx, who.zone_id, id).await?;
    let mut reached = false;
    if who.is(OFFICE) {
        for subject in [appeal.enterprise_id, appeal.project_id].into_iter().flatten() {
            reached = reached || reach::reaches(tx, who, subject).await?;
        }
    }
    let hats = hats_of(who, &appeal, &orders, reached);
    let author = match appeal.created_by {
        Some(person) if appeal.registered_at.is_none() => store::department_of(tx, who.zone_id, person).await?,
        _ => None,
    };
    if !is_visible(who, &appeal, &orders, hats, (reached, author)) {
        return Err(Error::NotFound);
    }
    let masked = appeal.accused_department_id.is_some()
        && !hats.any(&[Hat::Author, Hat::Owner])
        && (is_accused(who, &appeal) || who.via == Via::Link || who.has(Role::Agency));
    Ok(Seen { appeal, orders, hats, masked })
}

/// Whether the complaint is about a department that the person is of.
pub fn is_accused(who: &Actor, appeal: &Appeal) -> bool {
    appeal.accused_department_id.is_some_and(|accused| store::units_of(who).contains(&accused))
}

/// What somebody is towards an appeal. `reached` says whether his scope holds
/// its enterprise or project.
pub fn hats_of(who: &Actor, appeal: &Appeal, orders: &[WorkOrder], reached: bool) -> Hats {
    if who.is_rule() {
        return Hats::of(&[Hat::Rule]);
    }
    let mut hats = Hats::default();
    let mut wear = |hat, worn: bool| {
        if worn {
            hats = hats.with(hat);
        }
    };
    let departments = store::departments_of(who);
    let orders_of = |kind: OrderKind| {
        orders
            .iter()
            .any(|w| w.kind == kind && w.status != OrderStatus::Cancelled && departments.contains(&w.department_id))
    };
    let fair = !is_accused(who, appeal);
    let me = who.person_id;
    let works = !who.is_rule() && who.roles.meets(WORKERS);
    let owner = match who.scope {
        Scope::Enterprise(id) => appeal.enterprise_id == Some(id),
        Scope::Project(id) => appeal.project_id == Some(id),
        _ => false,
    };
    wear(Hat::Author, me.is_some() && appeal.created_by == me);
    wear(Hat::Owner, owner);
    wear(Hat::Keeper, works && reached && fair);
    // A complaint about a department may be about the coordination office itself:
    // then those who supervise send it on its way.
    let oversees = who.roles.meets(OVERSEERS) && fair;
    wear(Hat::Desk, who.has(Role::Dispatcher) && fair || oversees && appeal.accused_department_id.is_some());
    wear(Hat::Overseer, oversees);
    let leads = appeal.lead_department_id.is_some_and(|lead| departments.contains(&lead));
    wear(Hat::Lead, works && (leads || me.is_some() && appeal.handler_id == me));
    wear(Hat::Assist, works && orders_of(OrderKind::Assist));
    let by_link = matches!(who.scope, Scope::WorkOrder(id) if orders.iter().any(|w| w.id == id));
    wear(Hat::Partner, by_link || who.has(Role::Agency) && orders_of(OrderKind::Partner));
    hats
}

/// `author` is the department of who wrote a draft, none where he is of the
/// enterprise or project itself. [`store::visible`] says the same for lists.
fn is_visible(
    who: &Actor,
    appeal: &Appeal,
    orders: &[WorkOrder],
    hats: Hats,
    (reached, author): (bool, Option<Uuid>),
) -> bool {
    if hats.any(&[Hat::Rule, Hat::Author]) {
        return true;
    }
    let departments = store::departments_of(who);
    // Until it is registered, what an officer writes is his department's alone.
    if appeal.registered_at.is_none() {
        return match author {
            Some(author) => who.is(OFFICE) && departments.contains(&author) && !is_accused(who, appeal),
            None => hats.has(Hat::Owner),
        };
    }
    if hats.has(Hat::Owner) {
        return true;
    }
    let ordered = orders.iter().any(|w| w.status != OrderStatus::Cancelled && departments.contains(&w.department_id));
    let may_hold_orders = who.is(OFFICE) || who.has(Role::Agency);
    if hats.has(Hat::Partner) || may_hold_orders && ordered {
        return true;
    }
    if is_accused(who, appeal) || !who.is(OFFICE) {
        return false;
    }
    who.scope == Scope::All || reached || hats.has(Hat::Lead)
}

/// An action at work. Changes are made to `a` and `orders`; [`Step::finish`]
/// saves them, keeps the counters, and writes the ledger's one row.
pub struct Step<'w> {
    work: &'w mut Work,
    before: Appeal,
    orders_before: Vec<WorkOrder>,
    /// The appeal as it is becoming.
    pub a: Appeal,
    /// Its orders as they are becoming.
    pub orders: Vec<WorkOrder>,
    hats: Hats,
    profile: Profile,
    calendar: Arc<Calendar>,
    clocks: Vec<Clock>,
    entry: &'static str,
    after: Map<String, Json>,
    note: String,
    said: Option<Said>,
    /// Whether the office hears of it otherwise: see [`Step::of_many`].
    of_many: bool,
}

/// What an action said: the message, what it is, and the work order that it is about.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// The message.
    pub message_id: Uuid,
    /// What it is.
    pub kind: MessageKind,
    /// The work order.
    pub work_order_id: Option<Uuid>,
}

impl<'w> Step<'w> {
    /// Begins an action of the work's actor on an appeal.
    pub async fn begin(work: &'w mut Work, id: Uuid) -> Result<Self> {
        let who = work.who.clone();
        let seen = see(work, &who, id, true).await?;
        who.saw(seen.appeal.version)?;
        Self::on(work, seen).await
    }

    /// Begins a step that is taken for several appeals at once: whoever takes it tells the
    /// office once, and each enterprise hears of its own.
    pub async fn of_many(work: &'w mut Work, id: Uuid) -> Result<Self> {
        let mut step = Self::begin(work, id).await?;
        step.of_many = true;
        Ok(step)
    }

    /// Begins on an appeal that was just made.
    pub async fn on(work: &'w mut Work, seen: Seen) -> Result<Self> {
        let profile = limits::desk::profile_of(work, &seen.appeal).await?;
        let zone = work.zone();
        let calendar = clock::calendar(work, zone).await?;
        let owners: Vec<Uuid> = std::iter::once(seen.appeal.id).chain(seen.orders.iter().map(|w| w.id)).collect();
        let clocks = clock::of(work, zone, &owners).await?;
        Ok(Self {
            before: seen.appeal.clone(),
            orders_before: seen.orders.clone(),
            a: seen.appeal,
            orders: seen.orders,
            hats: seen.hats,
            work,
            profile,
            calendar,
            clocks,
            entry: "",
            after: Map::new(),
            note: String::new(),
            said: None,
            of_many: false,
        })
    }

    /// Carries out an action, on the appeal or on one of its work orders.
    pub async fn take(&mut self, act: Act) -> Result<()> {
        match self.order_of(&act)? {
            Some(i) => self.order_act(i, act).await,
            None => self.appeal_act(act).await,
        }
    }

    /// The work order that an action is about. Whoever only assists need not say
    /// which when he has just one.
    fn order_of(&self, act: &Act) -> Result<Option<usize>> {
        if let Some(id) = act.work_order() {
            let i = self.orders.iter().position(|w| w.id == id).ok_or(Error::NotFound)?;
            // The leading department's order moves with the appeal itself.
            return Ok((self.orders[i].kind != OrderKind::Lead).then_some(i));
        }
        let action = act.action();
        if !matches!(action, Action::Sign | Action::Answer | Action::Reply | Action::Extend)
            || !self.hats.any(&[Hat::Assist, Hat::Partner])
        {
            return Ok(None);
        }
        let mut others = Hats::default();
        for hat in Hat::ALL.iter().filter(|hat| !matches!(hat, Hat::Assist | Hat::Partner) && self.hats.has(**hat)) {
            others = others.with(*hat);
        }
        if turn(self.a.status, action, others).is_ok() {
            return Ok(None);
        }
        let mine: Vec<usize> =
            (0..self.orders.len()).filter(|i| self.orders[*i].open && self.is_my_order(*i)).collect();
        match mine[..] {
            [i] => Ok(Some(i)),
            [] if turn(self.a.status, action, others) == Err(Refusal::NotYours) => Err(Error::state("order_status")),
            [] => Ok(None),
            _ => Err(Error::field("work_order_id", "required")),
        }
    }

    /// Whether the actor answers for a work order.
    fn is_my_order(&self, i: usize) -> bool {
        is_order_of(&self.work.who, &self.orders[i])
    }

    fn clock(&self, owner: Uuid, kind: ClockKind) -> Option<&Clock> {
        self.clocks.iter().find(|clock| clock.owner_id == owner && clock.kind == kind)
    }

    /// What the guards look at.
    pub fn facts(&self) -> Facts {
        facts(&self.a, &self.orders, &self.clocks, &self.profile, &self.work.who, self.work.now, &self.calendar)
    }

    async fn appeal_act(&mut self, act: Act) -> Result<()> {
        let action = act.action();
        let turn = turn(self.a.status, action, self.hats).map_err(|refusal| match refusal {
            Refusal::NotYours => Error::Forbidden,
            Refusal::NotNow => Error::state("appeal_status"),
        })?;
        guard(action, &self.facts()).map_err(Error::state)?;
        // What ends by itself waits for nobody's tick.
        if !self.work.who.is_rule() {
            checklist::desk::must_be_ticked(self.work, &self.a, action).await?;
        }
        let under_way = matches!(
            self.a.status,
            Status::Signed
                | Status::Working
                | Status::WaitingEnterprise
                | Status::WithPartner
                | Status::Planned
                | Status::Suspended
        );
        if under_way && self.a.handler_id.is_none() && self.hats.has(Hat::Lead) {
            // Its handler has gone: whoever of the department goes on with it takes it up.
            self.a.handler_id = self.work.who.person_id;
        }
        match act {
            Act::Register {} => self.register(turn).await,
            Act::Dispatch { department_id, assist, instruction, grade } => {
                self.dispatch(turn, department_id, assist, instruction, grade).await
            }
            Act::Reject { reason, right_channel } => self.reject(turn, &reason, &right_channel).await,
            Act::Merge { into } => self.merge(turn, into).await,
            Act::Sign { .. } => self.sign(turn).await,
            Act::Object { reason, department_id } => self.object(turn, &reason, department_id).await,
            Act::Rule { department_id, reason } => self.rule(turn, department_id, &reason).await,
            Act::Ask { text } => self.ask(turn, &text).await,
            Act::Reply { text, .. } => self.reply(turn, &text).await,
            Act::PassPartner { department_id, text, obligatory } => {
                self.pass_partner(turn, department_id, &text, obligatory).await
            }
            Act::Plan { planned_for, text } => self.plan(turn, planned_for, &text).await,
            Act::Extend { days, reason, .. } => self.extend(days, &reason).await,
            Act::Grant { granted, reason, .. } => self.grant(granted, reason.as_deref()).await,
            Act::Suspend { ground, until, reason } => self.suspend(turn, ground.word(), until, &reason).await,
            Act::Resume { reason } => self.resume(turn, reason.as_deref()).await,
            Act::Answer { result, text, production_continued, basis, right_channel, review_on, .. } => {
                let outcome = Outcome { result, text, went_on: production_continued, basis, right_channel, review_on };
                self.answer(turn, outcome).await
            }
            Act::Review { ok, reason, .. } => self.review(turn, ok, reason.as_deref()).await,
            Act::Confirm { rating, text } => self.confirm(turn, rating, text.as_deref()).await,
            Act::Dispute { reason } => self.dispute(turn, &reason).await,
            Act::ReturnVisit { verdict, rating, text } => {
                self.return_visit(turn, verdict, rating, text.as_deref()).await
            }
            Act::Close { reason, production_continued, stopped_hours } => {
                self.close(turn, reason.as_deref(), production_continued, stopped_hours).await
            }
            Act::Reopen { reason } => self.reopen(turn, &reason).await,
            Act::Withdraw { reason } => self.withdraw(turn, &reason).await,
        }
    }

    // ---- the actions ----

    /// The clocks of an enterprise's appeal begin here.
    pub async fn register(&mut self, turn: Turn) -> Result<()> {
        self.go(turn, true);
        self.a.registered_at = Some(self.work.now);
        // What is in force now is what it keeps, however long ago it was written down.
        let (zone, now) = (self.a.zone_id, self.work.now);
        let (key, version) = limits::desk::choice(self.work, zone, &limits::desk::case_of(&self.a), now).await?;
        (self.a.profile, self.a.profile_version) = (key, version);
        self.profile = limits::desk::profile_of(self.work, &self.a).await?;
        let profile = self.profile.clone();
        let limits = [
            (ClockKind::Dispatch, profile.dispatch),
            (ClockKind::Verify, profile.verify),
            (ClockKind::Answer, profile.answer),
            (ClockKind::Finish, Some(profile.finish)),
        ];
        self.start(self.a.id, &limits, Told::Office).await?;
        self.write("appeal.register");
        let mut desk = self.people(Roles::of(&[Role::Dispatcher])).await?;
        if self.a.accused_department_id.is_some() {
            desk.extend(self.people(Roles::of(&[Role::Oversight])).await?);
        }
        self.tell(desk, "appeal.registered").await
    }

    async fn dispatch(
        &mut self,
        turn: Turn,
        lead: Option<Uuid>,
        assist: Vec<Uuid>,
        instruction: Option<String>,
        grade: Option<String>,
    ) -> Result<()> {
        let mut check = Check::new();
        let instruction = check.opt_text("instruction", instruction.as_deref(), LONG).unwrap_or_default();
        check.done()?;
        let first = turn != Turn::Same;
        if first {
            let routed = store::categories(self.work, self.a.zone_id).await?;
            let routed = routed.into_iter().find(|c| c.key == self.a.category).and_then(|c| c.lead_department_id);
            let lead = lead.or(routed).ok_or_else(|| Error::field("department_id", "required"))?;
            if !self.department("department_id", lead).await?.is_own() {
                return Err(Error::field("department_id", "not_own"));
            }
            if let Some(grade) = grade {
                self.graded(grade).await?;
            }
            self.lead_by(lead, &instruction, true).await?;
            self.stop(self.a.id, ClockKind::Dispatch).await?;
            self.go(turn, true);
        } else if grade.is_some_and(|grade| Some(grade) != self.a.grade) {
            return Err(Error::state("grade_is_set"));
        } else if lead.is_some_and(|lead| Some(lead) != self.a.lead_department_id) {
            return Err(Error::state("lead_is_set"));
        } else if assist.is_empty() {
            return Err(Error::field("assist", "required"));
        }
        let mut asked = BTreeSet::new();
        for department in assist {
            let already = self.orders.iter().any(|w| w.open && w.department_id == department);
            if Some(department) == self.a.lead_department_id || already || !asked.insert(department) {
                return Err(Error::field("assist", "asked_twice"));
            }
            let kind = self.department("assist", department).await?;
            let kind = if kind.is_own() { OrderKind::Assist } else { OrderKind::Partner };
            if kind == OrderKind::Partner {
                self.keeps_contact("instruction", &instruction).await?;
            }
            self.order(kind, department, &instruction, true).await?;
        }
        self.after.insert("assist".into(), json!(asked));
        if !instruction.is_empty() {
            self.say(MessageKind::Instruction, true, &instruction, None).await?;
        }
        self.write(if first { "appeal.dispatch" } else { "appeal.add_assist" });
        Ok(())
    }

    /// Gives it the limits of a grade that somebody chose, from the same beginning.
    async fn graded(&mut self, grade: String) -> Result<()> {
        if !self.profile.choices().any(|known| known.key == grade) {
            return Err(Error::field("grade", "unknown"));
        }
        self.after.insert("grade".into(), json!(grade));
        self.a.grade = Some(grade);
        self.profile = limits::desk::profile_of(self.work, &self.a).await?;
        for kind in [ClockKind::Verify, ClockKind::Answer, ClockKind::Finish] {
            if let Some(limit) = self.profile.limit_of(kind) {
                clock::retarget(self.work, self.a.id, kind, limit).await?;
            }
        }
        Ok(())
    }

    async fn reject(&mut self, turn: Turn, reason: &str, right_channel: &str) -> Result<()> {
        let mut check = Check::new();
        let reason = check.text("reason", reason, SHORT);
        let channel = check.text("right_channel", right_channel, SHORT);
        check.done()?;
        self.say(MessageKind::Told, false, &format!("{reason}\n{channel}"), None).await?;
        self.go(turn, true);
        self.write("appeal.reject");
        self.tell_owner("appeal.rejected").await
    }

    async fn merge(&mut self, turn: Turn, into: Uuid) -> Result<()> {
        let who = self.work.who.clone();
        let other = match see(self.work, &who, into, true).await {
            Ok(seen) => seen.appeal,
            Err(Error::NotFound) => return Err(Error::field("into", "unknown")),
            Err(error) => return Err(error),
        };
        // A complaint goes into no case of the department that it is about: its words would be read there.
        let same = |a: &Appeal| (a.enterprise_id, a.project_id, a.accused_department_id);
        if other.id == self.a.id || same(&other) != same(&self.a) {
            return Err(Error::field("into", "other_subject"));
        }
        if !other.open {
            return Err(Error::state("merge_into_open"));
        }
        self.a.merged_into = Some(other.id);
        self.a.result = Some(ResultKind::Duplicate);
        self.after.insert("into".into(), json!(other.number));
        let kept = Message {
            id: Uuid::now_v7(),
            work_order_id: None,
            kind: MessageKind::Reply,
            internal: false,
            author_id: self.a.created_by,
            author: self.a.number.clone(),
            text: format!("{}\n{}", self.a.title, self.a.body),
            at: self.work.now,
        };
        store::insert_message(self.work, other.zone_id, other.id, &kept).await?;
        let made = json!({"from": self.a.number, "message_id": kept.id});
        self.work.log("appeal.take_in", subject_of(&other), Change::made(made)).await?;
        self.go(turn, true);
        self.write("appeal.merge");
        self.tell_owner("appeal.merged").await
    }

    async fn sign(&mut self, turn: Turn) -> Result<()> {
        let (now, me) = (self.work.now, self.work.who.person()?);
        self.a.handler_id = Some(me);
        if let Some(i) = self.lead_order() {
            let order = &mut self.orders[i];
            (order.status, order.signed_at, order.handler_id) = (OrderStatus::Signed, Some(now), Some(me));
            let id = order.id;
            self.stop(id, ClockKind::Sign).await?;
            self.stop(id, ClockKind::Objection).await?;
        }
        self.stop(self.a.id, ClockKind::Verify).await?;
        self.go(turn, true);
        self.write("appeal.sign");
        self.tell_owner("appeal.signed").await
    }

    async fn object(&mut self, turn: Turn, reason: &str, whose: Option<Uuid>) -> Result<()> {
        let mut check = Check::new();
        let reason = check.text("reason", reason, SHORT);
        check.done()?;
        if let Some(department) = whose {
            self.department("department_id", department).await?;
            self.after.insert("proposed".into(), json!(department));
        }
        self.a.objected_by = self.work.who.person_id;
        if let Some(i) = self.lead_order() {
            let id = self.orders[i].id;
            clock::pause(self.work, id, ClockKind::Sign, Holder::Desk, &reason).await?;
            self.stop(id, ClockKind::Objection).await?;
        }
        self.start(self.a.id, &[(ClockKind::Ruling, Some(self.profile.ruling))], Told::Office).await?;
        self.say(MessageKind::Note, true, &reason, None).await?;
        self.go(turn, true);
        self.write("appeal.object");
        let desk = self.people(Roles::of(&[Role::Dispatcher])).await?;
        self.tell(desk, "appeal.objected").await
    }

    /// Gives it to another department to lead, as a ruling does without an objection: for
    /// the coordination office, when the common cause that it belongs to is another's.
    /// Its own clocks go on; the other department signs anew.
    pub async fn pass_on(&mut self, to: Uuid, instruction: &str, reason: &str) -> Result<()> {
        if !self.hats.has(Hat::Desk) {
            return Err(Error::Forbidden);
        }
        if !matches!(self.a.status, Status::Dispatched | Status::Signed | Status::Working) {
            return Err(Error::state("cause_not_passed"));
        }
        if !self.department("department_id", to).await?.is_own() {
            return Err(Error::field("department_id", "not_own"));
        }
        // What the new leader was asked as an assistant is now his own, and more time is his to ask for.
        for i in 0..self.orders.len() {
            let order = &self.orders[i];
            if order.open && (order.kind == OrderKind::Lead || order.department_id == to) {
                self.cancel_order(i).await?;
            }
        }
        (self.a.extension_days, self.a.extension_by) = (None, None);
        self.lead_by(to, instruction, false).await?;
        self.a.status = Status::Dispatched;
        self.note = reason.to_owned();
        self.write("appeal.pass_on");
        Ok(())
    }

    async fn rule(&mut self, turn: Turn, to: Option<Uuid>, reason: &str) -> Result<()> {
        let mut check = Check::new();
        let reason = check.text("reason", reason, SHORT);
        check.done()?;
        let to = to.filter(|to| Some(*to) != self.a.lead_department_id);
        self.a.objection_final = true;
        self.stop(self.a.id, ClockKind::Ruling).await?;
        self.note = reason;
        match to {
            Some(department) => {
                if !self.department("department_id", department).await?.is_own() {
                    return Err(Error::field("department_id", "not_own"));
                }
                if let Some(i) = self.lead_order() {
                    self.cancel_order(i).await?;
                }
                self.lead_by(department, "", false).await?;
                self.after.insert("upheld".into(), json!(true));
            }
            None => {
                if let Some(i) = self.lead_order() {
                    let (id, department) = (self.orders[i].id, self.orders[i].department_id);
                    clock::resume(self.work, id, ClockKind::Sign).await?;
                    let people = store::of_department(self.work, self.a.zone_id, department).await?;
                    self.tell(people, "appeal.ruled").await?;
                }
                self.after.insert("upheld".into(), json!(false));
            }
        }
        self.go(turn, true);
        self.write("appeal.rule");
        Ok(())
    }

    async fn ask(&mut self, turn: Turn, text: &str) -> Result<()> {
        let text = said(text)?;
        self.wait();
        self.say(MessageKind::Question, false, &text, None).await?;
        // A question is the first word to the enterprise, and begins verifying.
        self.stop(self.a.id, ClockKind::Verify).await?;
        self.stop(self.a.id, ClockKind::Answer).await?;
        for kind in [ClockKind::Finish, ClockKind::Dispatch] {
            clock::pause(self.work, self.a.id, kind, Holder::Enterprise, &short(&text)).await?;
        }
        self.go(turn, true);
        self.write("appeal.ask");
        self.tell_owner("appeal.asked").await
    }

    async fn reply(&mut self, turn: Turn, text: &str) -> Result<()> {
        let text = said(text)?;
        let status = self.a.status;
        let for_enterprise = match (status, turn) {
            (Status::WaitingEnterprise, _) => true,
            (_, Turn::Same) => self.hats.any(&[Hat::Owner, Hat::Keeper]) && !self.hats.any(&[Hat::Lead, Hat::Desk]),
            _ => false,
        };
        if for_enterprise {
            self.say(MessageKind::Reply, false, &text, None).await?;
            if status == Status::WaitingEnterprise {
                for kind in [ClockKind::Finish, ClockKind::Dispatch] {
                    clock::resume(self.work, self.a.id, kind).await?;
                }
            }
            self.go(turn, true);
            self.write("appeal.reply");
            if !self.hats.has(Hat::Owner) {
                self.after.insert("noted_for_enterprise".into(), json!(true));
            }
            let people = self.workers().await?;
            self.tell(people, "appeal.replied").await
        } else {
            self.say(MessageKind::Told, false, &text, None).await?;
            self.stop(self.a.id, ClockKind::Answer).await?;
            self.go(turn, true);
            self.write("appeal.tell");
            self.tell_owner("appeal.told").await
        }
    }

    async fn pass_partner(&mut self, turn: Turn, agency: Uuid, text: &str, obligatory: bool) -> Result<()> {
        let text = said(text)?;
        if self.department("department_id", agency).await?.is_own() {
            return Err(Error::field("department_id", "not_partner"));
        }
        if self.orders.iter().any(|w| w.open && w.department_id == agency) {
            return Err(Error::field("department_id", "asked_twice"));
        }
        self.keeps_contact("text", &text).await?;
        if self.a.status != Status::WithPartner {
            self.wait();
        }
        let i = self.order(OrderKind::Partner, agency, &text, obligatory).await?;
        let id = self.orders[i].id;
        self.say(MessageKind::Instruction, true, &text, Some(id)).await?;
        self.go(turn, true);
        self.write("appeal.pass_partner");
        Ok(())
    }

    async fn plan(&mut self, turn: Turn, day: Day, text: &str) -> Result<()> {
        let text = said(text)?;
        if day < self.today() {
            return Err(Error::field("planned_for", "past"));
        }
        if self.a.due_at.is_some_and(|due| day > due.day(self.calendar.time_zone())) {
            return Err(Error::state("plan_past_due"));
        }
        self.a.planned_for = Some(day);
        self.after.insert("planned_for".into(), json!(day));
        self.say(MessageKind::Told, false, &format!("{day}　{text}"), None).await?;
        self.stop(self.a.id, ClockKind::Answer).await?;
        self.go(turn, true);
        self.write("appeal.plan");
        self.tell_owner("appeal.planned").await
    }

    async fn extend(&mut self, days: i64, reason: &str) -> Result<()> {
        let mut check = Check::new();
        let reason = check.text("reason", reason, SHORT);
        let most = self.profile.days_left(self.a.extended_days);
        if !(1..=most).contains(&days) {
            check.add(FieldError::new("days", "range").with("min", 1).with("max", most));
        }
        check.done()?;
        self.a.extension_days = Some(days);
        self.a.extension_by = self.work.who.person_id;
        self.after.insert("days".into(), json!(days));
        self.note = reason;
        self.write("appeal.extend");
        let approvers = self.people(Roles::of(&self.profile.approvers)).await?;
        self.tell(approvers, "appeal.extension_asked").await
    }

    async fn grant(&mut self, granted: bool, reason: Option<&str>) -> Result<()> {
        if !self.profile.approves(self.work.who.roles) {
            return Err(Error::Forbidden);
        }
        let mut check = Check::new();
        let reason = check.opt_text("reason", reason, SHORT);
        check.that(granted || reason.is_some(), "reason", "required");
        check.done()?;
        let days = self.a.extension_days.take().unwrap_or_default();
        let asked_by = self.a.extension_by.take();
        self.after.insert("days".into(), json!(days));
        self.note = reason.unwrap_or_default();
        if granted {
            let n = u32::try_from(days).unwrap_or_default();
            self.a.extensions += 1;
            self.a.extended_days += days;
            clock::extend(self.work, self.a.id, ClockKind::Finish, n).await?;
            self.tell_owner("appeal.extended").await?;
        }
        self.write(if granted { "appeal.grant" } else { "appeal.refuse_extension" });
        let kind = if granted { "appeal.extension_granted" } else { "appeal.extension_refused" };
        self.tell(asked_by.into_iter().collect(), kind).await
    }

    async fn suspend(&mut self, turn: Turn, ground: &'static str, until: Day, reason: &str) -> Result<()> {
        let mut check = Check::new();
        let reason = check.text("reason", reason, SHORT);
        check.that(until > self.today(), "until", "past");
        check.done()?;
        self.wait();
        self.a.suspend_until = Some(until);
        self.after.insert("ground".into(), json!(ground));
        self.after.insert("until".into(), json!(until));
        for kind in [ClockKind::Finish, ClockKind::Answer] {
            clock::pause(self.work, self.a.id, kind, Holder::Law, &short(&reason)).await?;
        }
        self.say(MessageKind::Told, false, &reason, None).await?;
        self.go(turn, true);
        self.write("appeal.suspend");
        self.tell_owner("appeal.suspended").await
    }

    async fn resume(&mut self, turn: Turn, reason: Option<&str>) -> Result<()> {
        let mut check = Check::new();
        self.note = check.opt_text("reason", reason, SHORT).unwrap_or_default();
        check.done()?;
        if self.a.status == Status::WithPartner {
            // Taken back: what partners have not answered is not waited for.
            for i in 0..self.orders.len() {
                if self.orders[i].kind == OrderKind::Partner && self.orders[i].open {
                    self.cancel_order(i).await?;
                }
            }
        }
        for kind in [ClockKind::Finish, ClockKind::Answer, ClockKind::Dispatch] {
            clock::resume(self.work, self.a.id, kind).await?;
        }
        if self.a.status == Status::LongTerm {
            self.work_again().await?;
        }
        self.a.suspend_until = None;
        self.go(turn, true);
        self.write("appeal.resume");
        Ok(())
    }

    async fn answer(&mut self, turn: Turn, outcome: Outcome) -> Result<()> {
        let today = self.today();
        let given = outcome.checked(today)?;
        self.a.result = Some(given.result);
        self.a.production_continued = Some(given.went_on);
        self.a.review_on = given.review_on;
        self.a.answer = Some(given.text.clone());
        self.a.answered_by = self.work.who.person_id;
        self.a.answered_at = Some(self.work.now);
        for kind in [ClockKind::Dispatch, ClockKind::Verify, ClockKind::Answer, ClockKind::Finish] {
            self.stop(self.a.id, kind).await?;
        }
        if let Some(i) = self.lead_order() {
            let now = self.work.now;
            let order = &mut self.orders[i];
            (order.status, order.open, order.answered_at) = (OrderStatus::Answered, false, Some(now));
            order.answer = Some(given.text.clone());
        }
        self.a.extension_days = None;
        // It becomes readable for the enterprise when it was reviewed.
        self.say(MessageKind::Answer, true, &given.text, None).await?;
        self.after.insert("result".into(), json!(given.result));
        self.after.insert("production_continued".into(), json!(given.went_on));
        self.go(turn, true);
        self.write("appeal.answer");
        let desk = self.people(Roles::of(&[Role::Dispatcher])).await?;
        self.tell(desk, "appeal.answered").await
    }

    async fn review(&mut self, turn: Turn, ok: bool, reason: Option<&str>) -> Result<()> {
        let mut check = Check::new();
        self.note = check.opt_text("reason", reason, SHORT).unwrap_or_default();
        check.that(ok || !self.note.is_empty(), "reason", "required");
        check.done()?;
        if ok {
            self.a.reviewed_by = self.work.who.person_id;
            self.a.reviewed_at = Some(self.work.now);
            let since = self.a.answered_at.unwrap_or_default();
            store::publish_answer(self.work, self.a.zone_id, self.a.id, since).await?;
            self.go(turn, true);
            self.write("appeal.review");
            self.tell_owner("appeal.reviewed").await
        } else {
            self.a.sent_back += 1;
            self.work_again().await?;
            self.go(turn, false);
            self.write("appeal.send_back");
            let people = self.workers().await?;
            self.tell(people, "appeal.sent_back").await
        }
    }

    async fn confirm(&mut self, turn: Turn, rating: i64, text: Option<&str>) -> Result<()> {
        let mut check = Check::new();
        let text = check.opt_text("text", text, SHORT);
        if !(1..=5).contains(&rating) {
            check.add(FieldError::new("rating", "range").with("min", 1).with("max", 5));
        }
        check.done()?;
        self.a.confirmation =
            Some(if self.hats.has(Hat::Owner) { Confirmation::Enterprise } else { Confirmation::Phone });
        self.a.rating = Some(rating);
        self.a.rating_text = text;
        self.a.confirmed_by = self.work.who.person_id;
        self.a.confirmed_at = Some(self.work.now);
        self.after.insert("rating".into(), json!(rating));
        self.after.insert("confirmation".into(), json!(self.a.confirmation));
        self.go(turn, true);
        self.write("appeal.confirm");
        let bad = rating <= result::BAD;
        let mut contact_due = None;
        if bad {
            // 差评: somebody calls within one working day.
            let due_at = self.start_again(ClockKind::Contact, Limit::working_days(1), Told::Office).await?;
            contact_due = Some(due_at);
        }
        let name = (self.work.who.via == Via::Link).then(|| self.work.who.name.clone());
        result::desk::rated(self.work, &self.a, name.as_deref(), contact_due).await?;
        result::desk::accepted(self.work, &self.a).await?;
        if bad {
            let people = self.people(Roles::of(&[Role::Dispatcher, Role::Oversight])).await?;
            self.tell(people, "appeal.bad_rating").await?;
        }
        let people = self.workers().await?;
        self.tell(people, "appeal.confirmed").await
    }

    async fn dispute(&mut self, turn: Turn, reason: &str) -> Result<()> {
        let reason = said(reason)?;
        self.a.sent_back += 1;
        self.say(MessageKind::Reply, false, &reason, None).await?;
        self.work_again().await?;
        self.go(turn, true);
        self.write("appeal.dispute");
        let mut people = self.workers().await?;
        people.extend(self.people(Roles::of(&[Role::Dispatcher])).await?);
        self.tell(people, "appeal.disputed").await
    }

    async fn return_visit(
        &mut self,
        turn: Turn,
        verdict: Verdict,
        level: Option<i64>,
        text: Option<&str>,
    ) -> Result<()> {
        let mut check = Check::new();
        let text = check.opt_text("text", text, LONG);
        if level.is_some_and(|level| !(1..=5).contains(&level)) {
            check.add(FieldError::new("rating", "range").with("min", 1).with("max", 5));
        }
        check.done()?;
        self.after.insert("verdict".into(), json!(verdict));
        if let Some(level) = level {
            self.after.insert("rating".into(), json!(level));
        }
        if let Some(text) = &text {
            self.say(MessageKind::Note, true, text, None).await?;
        }
        self.write("appeal.return_visit");
        result::desk::called(self.work, &self.a, verdict, level, text.as_deref()).await?;
        if matches!(verdict, Verdict::NotReached | Verdict::Refused) {
            return Ok(());
        }
        self.a.verdict = Some(verdict);
        self.a.visited_level = level;
        self.a.visited_by = self.work.who.person_id;
        self.a.visited_at = Some(self.work.now);
        self.stop(self.a.id, ClockKind::Contact).await?;
        if verdict == Verdict::NotSolved {
            self.forget_confirmation();
            self.a.reopened += 1;
            self.work_again().await?;
            self.go(turn, false);
            let people = self.workers().await?;
            return self.tell(people, "appeal.reopened").await;
        }
        if self.a.status == Status::Reviewed {
            self.a.confirmation = Some(Confirmation::Phone);
            self.a.confirmed_by = self.work.who.person_id;
            self.a.confirmed_at = Some(self.work.now);
        }
        self.go(turn, true);
        Ok(())
    }

    async fn close(
        &mut self,
        turn: Turn,
        reason: Option<&str>,
        went_on: Option<WentOn>,
        stopped_hours: Option<i64>,
    ) -> Result<()> {
        let mut check = Check::new();
        self.note = check.opt_text("reason", reason, SHORT).unwrap_or_default();
        // What the answer said holds, unless whoever closes it knows better.
        let went_on = went_on.or(self.a.production_continued);
        let stood_still = matches!(went_on, Some(WentOn::No | WentOn::Partly));
        if stopped_hours.is_some_and(|hours| !(1..=MOST_HOURS).contains(&hours)) {
            check.add(FieldError::new("stopped_hours", "range").with("min", 1).with("max", MOST_HOURS));
        }
        check.that(stood_still || stopped_hours.is_none(), "stopped_hours", "not_stopped");
        let asked = went_on != self.a.production_continued && went_on == Some(WentOn::No);
        check.that(!asked || stopped_hours.is_some(), "stopped_hours", "required");
        check.done()?;
        if went_on != self.a.production_continued || stopped_hours.is_some() {
            self.after.insert("production_continued".into(), json!(went_on));
            self.after.insert("stopped_hours".into(), json!(stopped_hours));
        }
        self.a.production_continued = went_on;
        self.a.stopped_hours = stopped_hours.or(self.a.stopped_hours).filter(|_| stood_still);
        let silent = self.hats.has(Hat::Rule);
        if silent {
            self.a.confirmation = Some(Confirmation::Silent);
            result::desk::accepted(self.work, &self.a).await?;
        }
        let stays_listed = self.a.result == Some(ResultKind::LongTerm) && matches!(turn, Turn::Either(..));
        self.go(turn, !stays_listed);
        self.write(match (self.a.status, silent) {
            (Status::LongTerm, _) => "appeal.list_long_term",
            (_, true) => "appeal.close_silent",
            _ => "appeal.close",
        });
        let people = self.workers().await?;
        self.tell(people, "appeal.closed").await?;
        self.tell_owner("appeal.closed").await
    }

    async fn reopen(&mut self, turn: Turn, reason: &str) -> Result<()> {
        let reason = said(reason)?;
        self.a.reopened += 1;
        self.a.closed_at = None;
        self.forget_confirmation();
        self.say(MessageKind::Reply, false, &reason, None).await?;
        self.work_again().await?;
        self.go(turn, true);
        self.write("appeal.reopen");
        let mut people = self.workers().await?;
        people.extend(self.people(Roles::of(&[Role::Dispatcher])).await?);
        self.tell(people, "appeal.reopened").await
    }

    async fn withdraw(&mut self, turn: Turn, reason: &str) -> Result<()> {
        let mut check = Check::new();
        self.note = check.text("reason", reason, SHORT);
        check.done()?;
        let people = self.workers().await?;
        self.a.result = Some(ResultKind::Withdrawn);
        self.go(turn, true);
        self.write("appeal.withdraw");
        if self.before.status != Status::Draft {
            self.tell(people, "appeal.withdrawn").await?;
        }
        Ok(())
    }

    // ---- work orders ----

    async fn order_act(&mut self, i: usize, act: Act) -> Result<()> {
        let mine = self.is_my_order(i);
        let leads = self.hats.any(&[Hat::Lead, Hat::Desk]);
        let must = |allowed: bool| if allowed { Ok(()) } else { Err(Error::Forbidden) };
        let order = self.orders[i].clone();
        let now_if = |right: bool| if right { Ok(()) } else { Err(Error::state("order_status")) };
        if !self.a.open {
            return Err(Error::state("appeal_status"));
        }
        self.after.insert("work_order_id".into(), json!(order.id));
        self.after.insert("department".into(), json!(order.department_name));
        match act {
            Act::Sign { .. } => {
                must(mine)?;
                now_if(order.status == OrderStatus::Sent)?;
                self.order_signed(i).await?;
                self.write("appeal.order_sign");
                Ok(())
            }
            Act::Answer { text, .. } | Act::Reply { text, .. } => {
                must(mine)?;
                now_if(order.open)?;
                let text = said(&text)?;
                if order.status == OrderStatus::Sent {
                    self.order_signed(i).await?;
                }
                let now = self.work.now;
                let becoming = &mut self.orders[i];
                (becoming.status, becoming.open) = (OrderStatus::Answered, false);
                (becoming.answered_at, becoming.answer) = (Some(now), Some(text.clone()));
                (becoming.asked_days, becoming.asked_reason) = (None, None);
                self.stop(order.id, ClockKind::Assist).await?;
                self.say(MessageKind::OrderAnswer, true, &text, Some(order.id)).await?;
                self.write("appeal.order_answer");
                let waits = self.orders.iter().any(|w| w.kind == OrderKind::Partner && w.open);
                if self.a.status == Status::WithPartner && !waits {
                    self.go(Turn::Back, true);
                }
                let people = self.workers().await?;
                self.tell(people, "appeal.order_answered").await
            }
            Act::Extend { days, reason, .. } => {
                must(mine)?;
                now_if(order.open)?;
                self.order_may_ask(&order).await?;
                let mut check = Check::new();
                let reason = check.text("reason", &reason, SHORT);
                let most = self.profile.days_left(self.a.extended_days) + i64::from(self.profile.finish.n);
                if !(1..=most.max(1)).contains(&days) {
                    check.add(FieldError::new("days", "range").with("min", 1).with("max", most));
                }
                check.done()?;
                self.orders[i].asked_days = Some(days);
                self.orders[i].asked_reason = Some(reason.clone());
                self.after.insert("days".into(), json!(days));
                self.note = reason;
                self.write("appeal.order_extend");
                let people = self.workers().await?;
                self.tell(people, "appeal.order_asked").await
            }
            Act::Grant { granted, reason, .. } => {
                must(leads)?;
                let days = order.asked_days.filter(|_| order.open).ok_or(Error::state("extension_none"))?;
                if mine {
                    return Err(Error::state("own_request"));
                }
                let mut check = Check::new();
                self.note = check.opt_text("reason", reason.as_deref(), SHORT).unwrap_or_default();
                check.that(granted || !self.note.is_empty(), "reason", "required");
                check.done()?;
                (self.orders[i].asked_days, self.orders[i].asked_reason) = (None, None);
                if granted {
                    let n = u32::try_from(days).unwrap_or_default();
                    if let Some(clock) = clock::extend(self.work, order.id, ClockKind::Assist, n).await? {
                        self.orders[i].due_at = clock.due_at;
                    }
                }
                self.after.insert("days".into(), json!(days));
                self.write(if granted { "appeal.order_grant" } else { "appeal.order_refuse" });
                let people = store::of_department(self.work, self.a.zone_id, order.department_id).await?;
                self.tell(people, if granted { "appeal.order_granted" } else { "appeal.order_refused" }).await
            }
            Act::Review { ok, reason, .. } => {
                must(leads)?;
                now_if(order.status == OrderStatus::Answered)?;
                let mut check = Check::new();
                self.note = check.opt_text("reason", reason.as_deref(), SHORT).unwrap_or_default();
                check.that(ok || !self.note.is_empty(), "reason", "required");
                check.done()?;
                if ok {
                    self.orders[i].ended_at = Some(self.work.now);
                    self.write("appeal.order_accept");
                    return Ok(());
                }
                (self.orders[i].status, self.orders[i].open) = (OrderStatus::Back, true);
                if let Some(clock) = clock::restart(self.work, order.id, ClockKind::Assist).await? {
                    self.orders[i].due_at = clock.due_at;
                }
                self.write("appeal.order_back");
                let people = store::of_department(self.work, self.a.zone_id, order.department_id).await?;
                self.tell(people, "appeal.order_back").await
            }
            _ => Err(Error::Forbidden),
        }
    }

    /// Whether more time may be asked for a work order: in its time, once at a time,
    /// and as often as the profile lets the appeal itself.
    async fn order_may_ask(&mut self, order: &WorkOrder) -> Result<()> {
        if order.asked_days.is_some() {
            return Err(Error::state("extension_pending"));
        }
        let Some(clock) = self.clock(order.id, ClockKind::Assist).cloned() else { return Ok(()) };
        if clock.is_late(self.work.now) {
            return Err(Error::state("extension_too_late"));
        }
        if asked_late(clock.due_at, &self.profile, self.work.now, &self.calendar) {
            return Err(Error::state("extension_ask_before"));
        }
        let granted = clock::extensions(self.work, self.a.zone_id, clock.id).await?;
        if i64::try_from(granted).unwrap_or(i64::MAX) >= self.profile.extensions {
            return Err(Error::state("extension_used_up"));
        }
        Ok(())
    }

    async fn order_signed(&mut self, i: usize) -> Result<()> {
        let (now, me) = (self.work.now, self.work.who.person_id);
        let order = &mut self.orders[i];
        (order.status, order.signed_at, order.handler_id) = (OrderStatus::Signed, Some(now), me);
        let id = order.id;
        self.stop(id, ClockKind::Sign).await
    }

    /// Makes a department lead, with its order and clocks.
    async fn lead_by(&mut self, department: Uuid, instruction: &str, may_object: bool) -> Result<()> {
        self.a.lead_department_id = Some(department);
        self.a.handler_id = None;
        let i = self.order(OrderKind::Lead, department, instruction, true).await?;
        if may_object {
            let (id, limit) = (self.orders[i].id, self.profile.objection);
            self.start(id, &[(ClockKind::Objection, Some(limit))], Told::Office).await?;
        }
        self.after.insert("lead".into(), json!(department));
        self.after.insert("department".into(), json!(self.orders[i].department_name));
        Ok(())
    }

    /// Sends a work order; answers its place.
    /// Refuses a text for a partner agency that names a contact who did not agree
    /// to that.
    async fn keeps_contact(&mut self, field: &'static str, text: &str) -> Result<()> {
        match contact::of(self.work, &self.a).await? {
            Some(contact) if !contact.partner && contact.is_named_in(text) => {
                Err(Error::field(field, "contact_withheld"))
            }
            _ => Ok(()),
        }
    }

    /// The contact whom a partner agency is told of, if he agrees; that he was is noted.
    async fn disclosed_to(&mut self, agency: &str) -> Result<Option<Uuid>> {
        let Some(contact) = contact::of(self.work, &self.a).await?.filter(|contact| contact.partner) else {
            return Ok(None);
        };
        let given = NewDisclosure {
            person_id: Some(contact.person_id),
            to_org: agency.to_owned(),
            basis: Basis::Consent,
            fields: Lang::Zh.t("disclosure-name-phone").into_owned(),
            occasion: Lang::Zh.with("disclosure-of-appeal", &[("number", &self.a.number)]),
        };
        disclose_in(self.work, given).await?;
        Ok(Some(contact.person_id))
    }

    async fn order(&mut self, kind: OrderKind, department: Uuid, instruction: &str, obligatory: bool) -> Result<usize> {
        let now = self.work.now;
        let day = now.day(self.calendar.time_zone()).compact();
        let name =
            store::department(self.work, self.a.zone_id, department).await?.map(|(name, _)| name).unwrap_or_default();
        let contact_id = if kind == OrderKind::Partner { self.disclosed_to(&name).await? } else { None };
        let mut order = WorkOrder {
            id: Uuid::now_v7(),
            appeal_id: self.a.id,
            number: self.work.next_number("JB", &day).await?,
            kind,
            department_id: department,
            obligatory,
            status: OrderStatus::Sent,
            open: true,
            instruction: instruction.to_owned(),
            handler_id: None,
            due_at: self.a.due_at,
            sent_at: now,
            signed_at: None,
            answered_at: None,
            answer: None,
            asked_days: None,
            asked_reason: None,
            link_serial: 1,
            ended_at: None,
            contact_id,
            department_name: name,
            handler_name: None,
        };
        let (zone, profile) = (self.a.zone_id, self.profile.clone());
        let assist = (kind != OrderKind::Lead).then_some(profile.assist);
        let limits = [(ClockKind::Assist, assist), (ClockKind::Sign, profile.sign)];
        let clocks = self.start(order.id, &limits, Told::Office).await?;
        if let Some(assist) = clocks.iter().find(|clock| clock.kind == ClockKind::Assist) {
            order.due_at = assist.due_at;
        }
        store::insert_order(self.work, zone, &order).await?;
        let people = store::of_department(self.work, zone, department).await?;
        self.orders_before.push(order.clone());
        self.orders.push(order);
        self.tell(people, if kind == OrderKind::Lead { "appeal.dispatched" } else { "appeal.ordered" }).await?;
        Ok(self.orders.len() - 1)
    }

    async fn cancel_order(&mut self, i: usize) -> Result<()> {
        let now = self.work.now;
        let order = &mut self.orders[i];
        (order.status, order.open, order.ended_at) = (OrderStatus::Cancelled, false, Some(now));
        order.link_serial += 1;
        let id = order.id;
        clock::stop_all(self.work, id).await
    }

    /// The order of the department that leads now.
    fn lead_order(&self) -> Option<usize> {
        self.orders.iter().rposition(|w| w.kind == OrderKind::Lead && w.status != OrderStatus::Cancelled)
    }

    /// The old clock goes on, and the leading department has its order again.
    async fn work_again(&mut self) -> Result<()> {
        clock::restart(self.work, self.a.id, ClockKind::Finish).await?;
        // Whoever has the link rates the next answer, not this one again.
        self.a.link_serial += 1;
        result::desk::worked_again(self.work, &self.a).await?;
        if let Some(i) = self.lead_order() {
            (self.orders[i].status, self.orders[i].open) = (OrderStatus::Signed, true);
        }
        cause::desk::came_back(self.work, self.a.id).await
    }

    fn forget_confirmation(&mut self) {
        self.a.closed_at = None;
        (self.a.confirmation, self.a.confirmed_by, self.a.confirmed_at) = (None, None, None);
        (self.a.rating, self.a.rating_text) = (None, None);
    }

    // ---- common to all ----

    /// Moves to where the rule book says; `good` chooses between two outcomes.
    fn go(&mut self, turn: Turn, good: bool) {
        let to = match turn {
            Turn::To(status) => status,
            Turn::Either(yes, no) => {
                if good {
                    yes
                } else {
                    no
                }
            }
            Turn::SameOr(no) => {
                if good {
                    self.a.status
                } else {
                    no
                }
            }
            Turn::Same => self.a.status,
            Turn::Back => self.a.back_to.take().unwrap_or(Status::Working),
        };
        self.a.status = land(to, self.a.lead_department_id.is_some());
    }

    /// Remembers where it goes on after a wait.
    fn wait(&mut self) {
        self.a.back_to = Some(match self.a.status {
            Status::Signed => Status::Working,
            status => status,
        });
    }

    fn write(&mut self, entry: &'static str) {
        self.entry = entry;
    }

    fn today(&self) -> Day {
        self.work.now.day(self.calendar.time_zone())
    }

    /// Starts the clocks that have a limit.
    async fn start(&mut self, owner_id: Uuid, limits: &[(ClockKind, Option<Limit>)], told: Told) -> Result<Vec<Clock>> {
        let owner = if owner_id == self.a.id { "appeal" } else { "work_order" };
        let mode = self.a.clock_mode;
        let new = limits
            .iter()
            .filter_map(|(kind, limit)| Some(NewClock { owner, owner_id, kind: *kind, limit: (*limit)?, mode, told }))
            .collect();
        clock::start(self.work, &self.calendar, new).await
    }

    /// Starts a clock that the appeal may have had before; answers when it is due. One that
    /// was used up has its whole time again.
    async fn start_again(&mut self, kind: ClockKind, limit: Limit, told: Told) -> Result<Option<Time>> {
        if self.clock(self.a.id, kind).is_some() {
            clock::restart(self.work, self.a.id, kind).await?;
            let again = clock::extend(self.work, self.a.id, kind, limit.n).await?;
            return Ok(again.and_then(|clock| clock.due_at));
        }
        let started = self.start(self.a.id, &[(kind, Some(limit))], told).await?;
        Ok(started.first().and_then(|clock| clock.due_at))
    }

    async fn stop(&mut self, owner: Uuid, kind: ClockKind) -> Result<()> {
        clock::stop(self.work, owner, kind).await?;
        Ok(())
    }

    /// A department that exists and is not the one complained about (回避).
    async fn department(&mut self, field: &'static str, id: Uuid) -> Result<DepartmentKind> {
        if self.a.accused_department_id == Some(id) {
            return Err(Error::state("recusal"));
        }
        let found = store::department(self.work, self.a.zone_id, id).await?;
        found.and_then(|(_, kind)| DepartmentKind::parse(&kind)).ok_or_else(|| Error::field(field, "unknown"))
    }

    async fn say(&mut self, kind: MessageKind, internal: bool, text: &str, order: Option<Uuid>) -> Result<()> {
        let message = Message {
            id: Uuid::now_v7(),
            work_order_id: order,
            kind,
            internal,
            author_id: self.work.who.person_id,
            author: self.work.who.name.clone(),
            text: text.to_owned(),
            at: self.work.now,
        };
        store::insert_message(self.work, self.a.zone_id, self.a.id, &message).await?;
        self.after.insert("message_id".into(), json!(message.id));
        self.said = Some(Said { message_id: message.id, kind, work_order_id: order });
        Ok(())
    }

    async fn people(&mut self, roles: Roles) -> Result<Vec<Uuid>> {
        Ok(store::with_role(self.work, self.a.zone_id, roles).await?)
    }

    /// Who works on it: the handler, or the department's people, or the
    /// coordination office when it has none yet.
    async fn workers(&mut self) -> Result<Vec<Uuid>> {
        workers_of(self.work, &self.a).await
    }

    async fn tell_owner(&mut self, kind: &'static str) -> Result<()> {
        let people = owners(self.work, &self.a).await?;
        self.tell_all(people, kind).await
    }

    /// Tells people of the office.
    async fn tell(&mut self, people: Vec<Uuid>, kind: &'static str) -> Result<()> {
        if self.of_many { Ok(()) } else { self.tell_all(people, kind).await }
    }

    async fn tell_all(&mut self, people: Vec<Uuid>, kind: &'static str) -> Result<()> {
        let args = told_of(&self.a);
        let subject = subject_of(&self.a);
        for person in not_accused(self.work, &self.a, people).await? {
            self.work.notify(person, kind, subject, args.clone()).await?;
        }
        Ok(())
    }

    /// Saves everything, keeps the counters, writes the ledger. Answers what was said.
    pub async fn finish(mut self) -> Result<Option<Said>> {
        let (zone, now) = (self.a.zone_id, self.work.now);
        let (was, is) = (self.before.status, self.a.status);
        self.a.open = is.is_open();
        self.a.changed_at = now;
        if was != is || self.before.planned_for != self.a.planned_for {
            self.a.remind_on = self.remind_on();
        }
        if !is.is_open() && is != Status::Draft && (was.is_open() || was == Status::Draft) {
            self.a.closed_at = Some(now);
            self.a.extension_days = None;
            for i in 0..self.orders.len() {
                if self.orders[i].open {
                    self.cancel_order(i).await?;
                }
            }
            clock::stop_all(self.work, self.a.id).await?;
        }
        let finish = clock::find(self.work, zone, self.a.id, ClockKind::Finish).await?;
        self.a.due_at = finish.as_ref().and_then(|clock| clock.due_at);
        // What was late when it began to wait stays late while it waits.
        let done = finish.as_ref().is_none_or(|clock| clock.state == clock::ClockState::Stopped);
        self.a.due_key = self.a.due_at.filter(|_| !done && self.a.open).map_or(FAR, Time::ms);
        self.set_holder();
        if (self.a.holder, self.a.holder_id) != (self.before.holder, self.before.holder_id) || was == Status::Draft {
            let (holder, id) = (self.a.holder, self.a.holder_id);
            if self.a.open {
                clock::hand_over(self.work, self.a.id, holder, id).await?;
            }
        }
        for i in 0..self.orders.len() {
            if self.orders[i].kind == OrderKind::Lead && self.orders[i].open {
                self.orders[i].due_at = self.a.due_at;
            }
            let order = self.orders[i].clone();
            if self.orders_before.get(i) != Some(&order) {
                store::save_order(self.work, zone, &order).await?;
            }
        }
        self.keep_count().await?;
        if !store::save(self.work, &self.a).await? {
            return Err(Error::Conflict(Conflict::Stale(self.a.version)));
        }
        if was == Status::Answered && is == Status::Reviewed {
            super::desk::index_again(self.work, self.a.id).await?;
        }
        let before = (was != is).then(|| json!({"status": was}));
        if was != is {
            self.after.insert("status".into(), json!(is));
        }
        let change = Change { before, after: Some(Json::Object(self.after)), note: None }.because(self.note);
        self.work.log(self.entry, subject_of(&self.a), change).await?;
        Ok(self.said)
    }

    /// The day on which what only waits comes back to mind.
    fn remind_on(&self) -> Option<Day> {
        match self.a.status {
            Status::LongTerm => self.a.review_on,
            Status::Suspended => self.a.suspend_until,
            Status::Planned => self.a.planned_for,
            Status::WaitingEnterprise => Some(Day(self.calendar.add_working_days(self.today().0, policy::ASKED_AGAIN))),
            _ => None,
        }
    }

    fn set_holder(&mut self) {
        let Some(holder) = self.a.status.holder() else { return };
        let partner =
            || self.orders.iter().rev().find(|w| w.kind == OrderKind::Partner && w.open).map(|w| w.department_id);
        (self.a.holder, self.a.holder_id) = match holder {
            Holder::Department if self.a.lead_department_id.is_none() => (Holder::Desk, None),
            Holder::Department => (holder, self.a.lead_department_id),
            Holder::Partner => (holder, partner()),
            other => (other, None),
        };
    }

    async fn keep_count(&mut self) -> Result<()> {
        let key = |a: &Appeal| {
            let counted = a.status.is_counted() && a.registered_at.is_some();
            counted.then(|| (a.lead_department_id.unwrap_or_default(), a.status.word()))
        };
        let (from, to) = (key(&self.before), key(&self.a));
        if from == to {
            return Ok(());
        }
        // Always in the order of the keys, so that two steps never wait for each other.
        let mut changes: Vec<_> = from.map(|key| (key, -1)).into_iter().chain(to.map(|key| (key, 1))).collect();
        changes.sort();
        for ((department, status), by) in changes {
            store::count(self.work, self.a.zone_id, department, status, by).await?;
        }
        Ok(())
    }
}

/// Whether somebody answers for a work order: his department's own, or the one
/// his link is for. The lead's order moves with the appeal.
pub fn is_order_of(who: &Actor, order: &WorkOrder) -> bool {
    if let Scope::WorkOrder(id) = who.scope {
        return id == order.id;
    }
    let hands = if order.kind == OrderKind::Partner { Roles::of(&[Role::Agency]) } else { WORKERS };
    order.kind != OrderKind::Lead && who.roles.meets(hands) && store::departments_of(who).contains(&order.department_id)
}

/// What somebody can do with a work order now, as [`Step`] would allow it.
pub fn order_actions(who: &Actor, hats: Hats, appeal: &Appeal, order: &WorkOrder) -> Vec<Action> {
    let mut all = Vec::new();
    if !appeal.open || order.kind == OrderKind::Lead {
        return all;
    }
    if is_order_of(who, order) && order.open {
        if order.status == OrderStatus::Sent {
            all.push(Action::Sign);
        }
        all.push(Action::Answer);
        if order.asked_days.is_none() {
            all.push(Action::Extend);
        }
    }
    if hats.any(&[Hat::Lead, Hat::Desk]) {
        if order.open && order.asked_days.is_some() && !is_order_of(who, order) {
            all.push(Action::Grant);
        }
        if order.status == OrderStatus::Answered {
            all.push(Action::Review);
        }
    }
    all
}

/// What the guards look at, for a page as for an action.
pub fn facts(
    a: &Appeal,
    orders: &[WorkOrder],
    clocks: &[Clock],
    profile: &Profile,
    who: &Actor,
    now: Time,
    calendar: &Calendar,
) -> Facts {
    let clock = |owner: Uuid, kind: ClockKind| clocks.iter().find(|c| c.owner_id == owner && c.kind == kind);
    let lead = orders.iter().rfind(|w| w.kind == OrderKind::Lead && w.status != OrderStatus::Cancelled);
    let me = who.person_id;
    let is_me = |person: Option<Uuid>| me.is_some() && person == me;
    let days_since = |time: Time| calendar.remaining(calendar.local_day(time.stamp()), calendar.local_day(now.stamp()));
    Facts {
        objection_final: a.objection_final,
        objection_over: lead.and_then(|w| clock(w.id, ClockKind::Objection)).is_some_and(|c| c.is_late(now)),
        orders_open: orders.iter().filter(|w| w.holds_up(now)).count(),
        extension_pending: a.extension_days.is_some(),
        extensions_used_up: a.extensions >= profile.extensions,
        days_left: profile.days_left(a.extended_days),
        overdue: clock(a.id, ClockKind::Finish).is_some_and(|c| c.is_late(now)),
        asked_late: asked_late(clock(a.id, ClockKind::Finish).and_then(|c| c.due_at), profile, now, calendar),
        own_work: is_me(a.answered_by) || is_me(a.handler_id),
        own_department: a.lead_department_id.is_some_and(|lead| who.departments().contains(&lead)),
        own_request: is_me(a.extension_by),
        bad_rating_open: a.rating.is_some_and(|rating| rating <= result::BAD)
            && clock(a.id, ClockKind::Contact).is_some_and(|c| c.stopped_at.is_none()),
        reopen_over: a.closed_at.is_some_and(|closed| days_since(closed) > i64::from(profile.reopen)),
    }
}

/// These people, each once, without those of the department complained about:
/// they are not told that there is a complaint.
pub async fn not_accused(tx: &mut Tx, a: &Appeal, people: Vec<Uuid>) -> Result<BTreeSet<Uuid>> {
    let mut all: BTreeSet<Uuid> = people.into_iter().collect();
    if let Some(accused) = a.accused_department_id {
        for person in store::everybody_of(tx, a.zone_id, accused).await? {
            if Some(person) != a.created_by {
                all.remove(&person);
            }
        }
    }
    Ok(all)
}

/// Who works on it: the handler, or the department's people, or the coordination
/// office when it has none yet.
pub async fn workers_of(tx: &mut Tx, a: &Appeal) -> Result<Vec<Uuid>> {
    match (a.handler_id, a.lead_department_id) {
        (Some(handler), _) => Ok(vec![handler]),
        (None, Some(department)) => Ok(store::of_department(tx, a.zone_id, department).await?),
        (None, None) => Ok(store::with_role(tx, a.zone_id, Roles::of(&[Role::Dispatcher])).await?),
    }
}

/// Whether fewer working days are left than an extension must be asked for ahead.
fn asked_late(due_at: Option<Time>, profile: &Profile, now: Time, calendar: &Calendar) -> bool {
    let left = |due: Time| calendar.remaining(calendar.local_day(now.stamp()), calendar.local_day(due.stamp()));
    due_at.is_some_and(|due| left(due) < i64::from(profile.ask_before))
}

/// Whose appeal it is: who wrote it down, and the accounts of its enterprise and project.
pub async fn owners(tx: &mut Tx, a: &Appeal) -> Result<Vec<Uuid>> {
    let mut people: Vec<Uuid> = a.created_by.into_iter().collect();
    for (kind, id) in [(SubjectKind::Enterprise, a.enterprise_id), (SubjectKind::Project, a.project_id)] {
        if let Some(id) = id {
            people.extend(subject::accounts(tx, a.zone_id, kind, id).await?);
        }
    }
    Ok(people)
}

/// The ledger's and the notices' name for an appeal. What was not registered is
/// on no timeline.
pub fn subject_of(a: &Appeal) -> Subject {
    Subject { kind: "appeal", id: a.id, about: a.about().filter(|_| a.registered_at.is_some()) }
}

/// What a notice about an appeal says of it. `hidden` keeps the title of a complaint in
/// the house, `urgency` lets what is critical out at once.
pub fn told_of(a: &Appeal) -> Json {
    let mut told = json!({"number": a.number, "title": a.title, "urgency": a.urgency});
    if a.accused_department_id.is_some() {
        told["hidden"] = json!(true);
    }
    told
}

fn said(text: &str) -> Result<String> {
    let mut check = Check::new();
    let text = check.text("text", text, LONG);
    check.done()?;
    Ok(text)
}

/// A reason as it stands in the explanation of a deadline.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut out: String = line.chars().take(40).collect();
    if line.chars().count() > 40 {
        out.push('…');
    }
    out
}

/// A result as it was typed.
struct Outcome {
    result: Option<ResultKind>,
    text: String,
    went_on: Option<WentOn>,
    basis: Option<String>,
    right_channel: Option<String>,
    review_on: Option<Day>,
}

/// A result that holds.
struct Given {
    result: ResultKind,
    text: String,
    went_on: WentOn,
    review_on: Option<Day>,
}

impl Outcome {
    /// A result names what it rests on: a refusal its provision, a referral its
    /// way, a long-term matter its day.
    fn checked(self, today: Day) -> Result<Given> {
        let mut check = Check::new();
        let mut text = check.text("text", &self.text, LONG);
        let basis = check.opt_text("basis", self.basis.as_deref(), SHORT);
        let channel = check.opt_text("right_channel", self.right_channel.as_deref(), SHORT);
        let result = self.result.filter(|result| result.can_be_answered());
        check.that(self.result.is_some(), "result", "required");
        check.that(self.result.is_none() || result.is_some(), "result", "not_an_answer");
        check.that(self.went_on.is_some(), "production_continued", "required");
        let needs = |kind| result == Some(kind);
        check.that(!needs(ResultKind::PolicyDoesNotAllow) || basis.is_some(), "basis", "required");
        check.that(
            !(needs(ResultKind::NotOurs) || needs(ResultKind::Referred)) || channel.is_some(),
            "right_channel",
            "required",
        );
        check.that(!needs(ResultKind::LongTerm) || self.review_on.is_some(), "review_on", "required");
        check.that(self.review_on.is_none_or(|day| day > today), "review_on", "past");
        let (Some(result), Some(went_on)) = (result, self.went_on) else {
            check.done()?;
            return Err(Error::field("result", "required"));
        };
        check.done()?;
        for more in [basis, channel].into_iter().flatten() {
            text.push('\n');
            text.push_str(&more);
        }
        Ok(Given { result, text, went_on, review_on: self.review_on.filter(|_| result == ResultKind::LongTerm) })
    }
}

#[cfg(test)]
mod tests {
    use crate::text::Lang;

    /// Entries of the ledger and notices that the sources name, whole words such
    /// as `"appeal.sign"`.
    fn named(source: &str) -> Vec<String> {
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        let words = source.split('"').filter(|word| word.starts_with("appeal.") && !word.contains(char::is_whitespace));
        words.map(|word| word.replace('.', "-")).collect()
    }

    #[test]
    fn whatever_is_written_down_or_told_has_its_words() {
        let sources =
            [include_str!("step.rs"), include_str!("desk.rs"), include_str!("limits/desk.rs")].map(named).concat();
        assert!(sources.len() > 60, "the sources were read");
        for word in sources {
            let known = ["ledger", "notice"].iter().any(|family| Lang::Zh.has(&format!("{family}-{word}")));
            assert!(known, "{word} is neither a step of the ledger nor a notice");
        }
    }

    #[test]
    fn every_word_of_an_appeal_has_its_label() {
        use crate::appeal::*;
        fn all<T: std::fmt::Display>(family: &str, words: &[T]) {
            for word in words {
                assert!(Lang::Zh.has(&format!("{family}-{word}")), "{family}-{word}");
            }
        }
        all("appeal-status", Status::ALL);
        all("appeal-action", Action::ALL);
        all("appeal-kind", Kind::ALL);
        all("urgency", Urgency::ALL);
        all("channel", Channel::ALL);
        all("category", policy::CATEGORIES);
        all("result", ResultKind::ALL);
        all("went-on", WentOn::ALL);
        all("verdict", Verdict::ALL);
        all("confirmation", Confirmation::ALL);
        all("ground", SuspendGround::ALL);
        all("order-kind", OrderKind::ALL);
        all("order-status", OrderStatus::ALL);
        all("clock", crate::clock::ClockKind::ALL);
        all("holder", crate::clock::Holder::ALL);
        let guards = include_str!("mod.rs").split("pub fn guard(").nth(1).unwrap_or_default();
        let guards = guards.split("/// What happens").next().unwrap_or_default();
        for code in guards.split('"').skip(1).step_by(2) {
            assert!(Lang::Zh.has(&format!("conflict-{code}")), "conflict-{code}");
        }
    }
}
