//! 走访: booking, and the record that one save writes: the visit, the appeals it
//! raised, the promises made, the lights seen. No location, no photo as proof,
//! no ranking (manual 2).

mod api;
mod brief;
pub mod campaign;
pub mod contact;
pub mod desk;
pub mod item;
mod marks;
mod offline;
mod pages;
pub mod plan;
pub mod receipt;
pub mod remind;
pub mod review;
pub mod rules;
mod store;

pub use item::{Item, ItemKind};
pub use marks::{Mark, MarkError, marks};
pub use plan::{Near, NewPlan, Plan, PlanState};
pub use review::ReviewState;
pub use rules::Rules;

use crate::appeal;
use crate::continuity::{Light, NewLight};
use crate::error::{Check, FieldError};
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::settings::VisitBlock;
use crate::subject::SubjectKind;
use crate::time::Time;
use crate::words;
use crate::worker;
use ::store::{Schedule, from_row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

words! {
    /// Why somebody comes.
    pub enum VisitKind {
        /// 日常走访
        Routine = "routine",
        /// 专题走访
        Thematic = "thematic",
        /// 应急走访
        Emergency = "emergency",
        /// 回访
        Return = "return",
        /// 联合走访
        Joint = "joint",
        /// 企业邀请
        Invited = "invited",
    }
}

words! {
    /// By what way. A call counts as contact as much as a journey.
    pub enum Channel {
        /// 上门
        Onsite = "onsite",
        /// 电话
        Phone = "phone",
        /// 视频
        Video = "video",
        /// 微信
        Wechat = "wechat",
        /// 网上
        Online = "online",
        /// 座谈
        Meeting = "meeting",
    }
}

impl Channel {
    /// Whether somebody's time on the spot is taken: only that can be too much.
    pub const fn is_on_site(self) -> bool {
        matches!(self, Self::Onsite | Self::Meeting)
    }
}

words! {
    /// How it came out. Not to find anybody is a finding too.
    pub enum Outcome {
        /// 已走访
        Done = "done",
        /// 未找到
        NotFound = "not_found",
        /// 失联
        ContactLost = "contact_lost",
        /// 僵尸企业
        Zombie = "zombie",
        /// 婉拒
        Declined = "declined",
    }
}

words! {
    /// How a block of the form was found.
    pub enum Rating {
        /// 好
        Good = "good",
        /// 一般
        Fair = "fair",
        /// 差
        Poor = "poor",
        /// 未了解
        NotChecked = "not_checked",
    }
}

words! {
    /// How a promise stands.
    pub enum PromiseState {
        /// 待兑现
        Open = "open",
        /// 已兑现
        Kept = "kept",
        /// 未兑现
        Broken = "broken",
    }
}

words! {
    /// How the enterprise acknowledged a record.
    pub enum AckHow {
        /// 企业账号
        Account = "account",
        /// 签字
        Signature = "signature",
        /// 电话
        Phone = "phone",
        /// 企业链接
        Link = "link",
    }
}

/// What was found in one block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockAnswer {
    /// Key of the block.
    pub key: String,
    /// How it was found.
    pub rating: Rating,
    /// In a few words.
    pub finding: Option<String>,
    /// In full.
    pub text: Option<String>,
}

/// Somebody of the enterprise who received the visitors. No telephone: the
/// register has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Name, or what is known of it (李女士).
    pub name: String,
    /// Post.
    pub title: Option<String>,
}

/// One of those who went.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Visitor {
    /// The person.
    pub person_id: Uuid,
    /// Name.
    pub name: String,
    /// Post.
    pub title: Option<String>,
    /// The department of that time.
    pub department_id: Option<Uuid>,
    /// Its short name.
    pub department_name: Option<String>,
}

from_row!(Visitor { person_id, name, title, department_id, department_name });

/// What the office promised.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Promise {
    /// Key.
    pub id: Uuid,
    /// What the subject is.
    pub subject_kind: SubjectKind,
    /// The subject.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject_name: String,
    /// The visit in which it was made.
    pub visit_id: Option<Uuid>,
    /// What.
    pub text: String,
    /// Who keeps it.
    pub owner_id: Option<Uuid>,
    /// That person's name.
    pub owner_name: Option<String>,
    /// Until when.
    pub due_at: Time,
    /// How it stands.
    pub state: PromiseState,
    /// When it was kept or broken.
    pub ended_at: Option<Time>,
    /// What came of it, or why it could not be kept.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Promise {
    id,
    subject_kind,
    subject_id,
    subject_name,
    visit_id,
    text,
    owner_id,
    owner_name,
    due_at,
    state,
    ended_at,
    reason,
    created_at,
    version,
});

impl Promise {
    /// Until when, as something that may be due.
    pub fn due(&self) -> Option<Time> {
        Some(self.due_at)
    }
}

impl Versioned for Promise {
    fn version(&self) -> i64 {
        self.version
    }
}

/// A visit as lists show it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Row {
    /// Key.
    pub id: Uuid,
    /// Number, such as ZF-20261124-0001.
    pub number: String,
    /// What the subject is.
    pub subject_kind: SubjectKind,
    /// The subject.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject_name: String,
    /// Why somebody came.
    pub kind: VisitKind,
    /// By what way.
    pub channel: Channel,
    /// How it came out.
    pub outcome: Outcome,
    /// When.
    pub happened_at: Time,
    /// The leader of the team.
    pub leader_name: Option<String>,
    /// How many went.
    pub visitors: i64,
    /// How many appeals, promises and lights it made.
    pub appeals: i64,
    /// How many promises.
    pub promises: i64,
    /// How many lights.
    pub lights: i64,
    /// When the enterprise acknowledged it.
    pub ack_at: Option<Time>,
    /// How far its review is; null where there is none.
    pub review: Option<ReviewState>,
}

from_row!(Row {
    id,
    number,
    subject_kind,
    subject_id,
    subject_name,
    kind,
    channel,
    outcome,
    happened_at,
    leader_name,
    visitors,
    appeals,
    promises,
    lights,
    ack_at,
    review,
});

/// An appeal that a visit raised, by name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Raised {
    /// Key.
    pub id: Uuid,
    /// Number.
    pub number: String,
    /// Title.
    pub title: String,
    /// Status.
    pub status: String,
    /// When it is due.
    pub due_at: Option<Time>,
}

/// The record of a visit.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Visit {
    /// Key.
    pub id: Uuid,
    /// Number, such as ZF-20261124-0001.
    pub number: String,
    /// What the subject is.
    pub subject_kind: SubjectKind,
    /// The subject.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject_name: String,
    /// The disruption it belongs to.
    pub disruption_id: Option<Uuid>,
    /// The plan it fulfils.
    pub plan_id: Option<Uuid>,
    /// Why somebody came.
    pub kind: VisitKind,
    /// By what way.
    pub channel: Channel,
    /// How it came out.
    pub outcome: Outcome,
    /// When.
    pub happened_at: Time,
    /// How long, in minutes.
    pub minutes: Option<i64>,
    /// Who went, the leader first.
    pub visitors: Vec<Visitor>,
    /// Who received them.
    pub hosts: Vec<Host>,
    /// What was found. Ratings are for the office.
    pub blocks: Vec<BlockAnswer>,
    /// Notes; for the office.
    pub note: Option<String>,
    /// Requirements.
    pub requirements: Vec<Item>,
    /// Hazards.
    pub hazards: Vec<Item>,
    /// Answers on the spot.
    pub answers: Vec<Item>,
    /// Appeals that it raised.
    pub appeals: Vec<Raised>,
    /// Promises that were made.
    pub promises: Vec<Promise>,
    /// Lights that were seen.
    pub continuity: Vec<Light>,
    /// Whether the enterprise was asked to prepare material (a burden).
    pub asked_for_material: bool,
    /// When somebody should ask again.
    pub next_contact_due_at: Option<Time>,
    /// When the enterprise acknowledged it.
    pub ack_at: Option<Time>,
    /// How.
    pub ack_how: Option<AckHow>,
    /// Who of the enterprise did, by name.
    pub ack_name: Option<String>,
    /// What it said.
    pub ack_note: Option<String>,
    /// How far its review is; null where there is none.
    pub review: Option<ReviewState>,
    /// When it was last reviewed.
    pub reviewed_at: Option<Time>,
    /// By whom.
    pub reviewed_by_name: Option<String>,
    /// What was found then.
    pub review_note: Option<String>,
    /// Who wrote it down.
    pub recorded_by: Option<Uuid>,
    /// When it was written down.
    pub created_at: Time,
    /// Counts the changes.
    pub version: i64,
}

impl Versioned for Visit {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Visit {
    /// What was found in one block.
    pub fn block(&self, key: &str) -> Option<&BlockAnswer> {
        self.blocks.iter().find(|answer| answer.key == key)
    }
}

/// An appeal in the save of a visit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitAppeal {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// In one line.
    pub title: String,
    /// In full; the title, when absent.
    pub body: Option<String>,
    /// Category (manual 3.2); `other`, when absent.
    pub category: Option<String>,
    /// `normal`, `urgent` or `critical`; `normal`, when absent.
    pub urgency: Option<String>,
    /// What is wanted, such as `consult` for a question about policy; `help`, when absent.
    pub kind: Option<appeal::Kind>,
}

/// A promise in the save of a visit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPromise {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// What.
    pub text: String,
    /// Who keeps it; the one who writes it down, when absent.
    pub owner_id: Option<Uuid>,
    /// Until when.
    pub due_at: Time,
}

/// A requirement or a hazard in the save of a visit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    /// What is required, or what is dangerous.
    pub text: String,
    /// Until when. A hazard without it is due after the days of the zone's rules.
    pub due_at: Option<Time>,
    /// Who of the office sees to it; of a hazard who writes it down, when absent.
    pub owner_id: Option<Uuid>,
}

/// An answer on the spot in the save of a visit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnswer {
    /// What was asked.
    pub question: String,
    /// What was answered.
    pub answer: String,
}

/// A visit with everything that came of it: one save.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVisit {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// The enterprise; this or `project_id`.
    pub enterprise_id: Option<Uuid>,
    /// The project; this or `enterprise_id`.
    pub project_id: Option<Uuid>,
    /// When; now, when absent.
    pub happened_at: Option<Time>,
    /// How long, in minutes.
    pub minutes: Option<i64>,
    /// By what way; `onsite`, when absent.
    pub channel: Option<Channel>,
    /// Why somebody came; `routine`, when absent.
    pub kind: Option<VisitKind>,
    /// How it came out; `done`, when absent.
    pub outcome: Option<Outcome>,
    /// Who went, the leader first; the one who writes it down, when empty.
    #[serde(default)]
    pub visitors: Vec<Uuid>,
    /// Who received them.
    #[serde(default)]
    pub hosts: Vec<Host>,
    /// What was found.
    #[serde(default)]
    pub blocks: Vec<BlockAnswer>,
    /// Requirements to the enterprise.
    #[serde(default)]
    pub requirements: Vec<NewItem>,
    /// Hazards.
    #[serde(default)]
    pub hazards: Vec<NewItem>,
    /// Answers on the spot.
    #[serde(default)]
    pub answers: Vec<NewAnswer>,
    /// Notes. Lines that begin with #诉求, #政策, #承诺 or #状态 become records.
    pub note: Option<String>,
    /// Appeals.
    #[serde(default)]
    pub appeals: Vec<VisitAppeal>,
    /// Promises.
    #[serde(default)]
    pub promises: Vec<NewPromise>,
    /// Lights.
    #[serde(default)]
    pub continuity: Vec<NewLight>,
    /// Whether the enterprise was asked to prepare material.
    #[serde(default)]
    pub asked_for_material: bool,
    /// When somebody should ask again.
    pub next_contact_due_at: Option<Time>,
    /// The disruption it belongs to.
    pub disruption_id: Option<Uuid>,
    /// The plan it fulfils.
    pub plan_id: Option<Uuid>,
    /// Whether it is not yet handed in for review, where the zone reviews.
    #[serde(default)]
    pub draft: bool,
}

impl NewVisit {
    /// An empty record of a visit to an enterprise, for those who fill it step by step.
    pub fn to_enterprise(enterprise_id: Uuid) -> Self {
        Self {
            id: None,
            enterprise_id: Some(enterprise_id),
            project_id: None,
            happened_at: None,
            minutes: None,
            channel: None,
            kind: None,
            outcome: None,
            visitors: Vec::new(),
            hosts: Vec::new(),
            blocks: Vec::new(),
            requirements: Vec::new(),
            hazards: Vec::new(),
            answers: Vec::new(),
            note: None,
            appeals: Vec::new(),
            promises: Vec::new(),
            continuity: Vec::new(),
            asked_for_material: false,
            next_contact_due_at: None,
            disruption_id: None,
            plan_id: None,
            draft: false,
        }
    }

    /// An empty record of a visit to a project.
    pub fn to_project(project_id: Uuid) -> Self {
        Self { enterprise_id: None, project_id: Some(project_id), ..Self::to_enterprise(project_id) }
    }

    /// Tidies the texts and notes what is wrong. Appeals, promises and lights are
    /// checked by their own desks.
    pub(crate) fn check(&mut self, check: &mut Check, blocks: &[VisitBlock], now: Time) {
        let happened_at = self.happened_at.unwrap_or(now);
        check.that(happened_at <= now, "happened_at", "in_future");
        if self.minutes.is_some_and(|minutes| !(0..=1440).contains(&minutes)) {
            check.add(FieldError::new("minutes", "range").with("min", 0).with("max", 1440));
        }
        check.that(self.visitors.len() <= 30, "visitors", "too_many");
        check.that(self.hosts.len() <= 30, "hosts", "too_many");
        for (n, host) in self.hosts.iter_mut().enumerate() {
            host.name = check.text(&format!("hosts/{n}/name"), &host.name, 60);
            host.title = check.opt_text(&format!("hosts/{n}/title"), host.title.as_deref(), 60);
        }
        let mut seen = std::collections::BTreeSet::new();
        for (n, answer) in self.blocks.iter_mut().enumerate() {
            let known = blocks.iter().any(|block| block.key == answer.key);
            check.that(known, &format!("blocks/{n}/key"), "unknown");
            check.that(seen.insert(answer.key.clone()), &format!("blocks/{n}/key"), "twice");
            answer.finding = check.opt_text(&format!("blocks/{n}/finding"), answer.finding.as_deref(), 200);
            answer.text = check.opt_text(&format!("blocks/{n}/text"), answer.text.as_deref(), 2000);
        }
        for (name, items) in [("requirements", &mut self.requirements), ("hazards", &mut self.hazards)] {
            check.that(items.len() <= 50, name, "too_many");
            for (n, item) in items.iter_mut().enumerate() {
                item.text = check.text(&format!("{name}/{n}/text"), &item.text, 500);
                let after = item.due_at.is_none_or(|due| due >= happened_at);
                check.that(after, &format!("{name}/{n}/due_at"), "before_start");
            }
        }
        check.that(self.answers.len() <= 50, "answers", "too_many");
        for (n, answer) in self.answers.iter_mut().enumerate() {
            answer.question = check.text(&format!("answers/{n}/question"), &answer.question, 500);
            answer.answer = check.text(&format!("answers/{n}/answer"), &answer.answer, 1000);
        }
        for (name, count) in
            [("appeals", self.appeals.len()), ("promises", self.promises.len()), ("continuity", self.continuity.len())]
        {
            check.that(count <= 20, name, "too_many");
        }
        self.note = check.opt_text("note", self.note.as_deref(), 10_000);
        check.that(
            self.next_contact_due_at.is_none_or(|due| due >= happened_at),
            "next_contact_due_at",
            "before_start",
        );
    }
}

/// When a subject was last talked to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Coverage {
    /// What the subject is.
    pub subject_kind: SubjectKind,
    /// The subject.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject_name: String,
    /// Whether it is a key enterprise.
    pub key: bool,
    /// The last contact of any kind; null for never.
    pub last_at: Option<Time>,
    /// Contacts within the last 30 days.
    pub recent: i64,
}

from_row!(Coverage { subject_kind, subject_id, subject_name, key, last_at, recent });

impl Coverage {
    /// The page of the subject.
    pub fn href(&self) -> String {
        self.subject_kind.href(self.subject_id)
    }
}

/// The name of one of several fields of a form: `appeal_title-0`, `state-works`.
pub(crate) fn at(name: impl std::fmt::Display, which: impl std::fmt::Display) -> String {
    format!("{name}-{which}")
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    offline::routes(routes);
    pages::routes(routes);
    plan::routes(routes);
    campaign::routes(routes);
    contact::routes(routes);
    brief::routes(routes);
    item::routes(routes);
    receipt::routes(routes);
    review::routes(routes);
}

/// What visits do by themselves.
pub fn kinds() -> Vec<worker::Kind> {
    vec![worker::Kind {
        name: "visit.remind",
        schedule: Some(Schedule::EveryMinutes(60)),
        task: |app, zone, _| Box::pin(async move { remind::remind(&app, zone).await.map(drop) }),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Vec<VisitBlock> {
        let block = |key: &&str| VisitBlock { key: (*key).to_owned(), ..VisitBlock::default() };
        crate::settings::VISIT_BLOCKS.iter().map(block).collect()
    }

    fn faults(change: impl FnOnce(&mut NewVisit)) -> Vec<(String, &'static str)> {
        let now = Time::from_ms(1_000_000_000);
        let mut new = NewVisit::to_enterprise(Uuid::nil());
        change(&mut new);
        let mut check = Check::new();
        new.check(&mut check, &shipped(), now);
        match check.done() {
            Ok(()) => Vec::new(),
            Err(crate::error::Error::Invalid(errors)) => errors.into_iter().map(|e| (e.field, e.code)).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_record_may_be_short_but_not_wrong() {
        let answer = |key: &str| BlockAnswer { key: key.into(), rating: Rating::Good, finding: None, text: None };
        let wrong = |field: &str, code| vec![(field.to_owned(), code)];
        assert_eq!(faults(|_| ()), vec![]);
        assert_eq!(faults(|v| v.happened_at = Some(Time::from_ms(1_000_000_001))), wrong("happened_at", "in_future"));
        assert_eq!(faults(|v| v.minutes = Some(-1)), wrong("minutes", "range"));
        assert_eq!(faults(|v| v.blocks = vec![answer("prevention"), answer("safety")]), vec![]);
        assert_eq!(faults(|v| v.blocks = vec![answer("weather")]), wrong("blocks/0/key", "unknown"));
        assert_eq!(faults(|v| v.blocks = vec![answer("safety"), answer("safety")]), wrong("blocks/1/key", "twice"));
        assert_eq!(
            faults(|v| v.hosts = vec![Host { name: " ".into(), title: None }]),
            wrong("hosts/0/name", "required")
        );
        let late = Some(Time::from_ms(1));
        assert_eq!(
            faults(|v| v.hazards = vec![NewItem { text: "电线老化".into(), due_at: late, owner_id: None }]),
            wrong("hazards/0/due_at", "before_start")
        );
    }
}
