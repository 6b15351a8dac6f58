//! 防控方案、应急预案: a plan is a checklist of named people, places, stock and rosters, not
//! only a file (manual 7.1, 7.5; anchors 5.8).
//!
//! 1. What is missing is told once and completely: handing in names every gap, and so does
//!    a return. A gap that a later return adds, of something that has not changed since,
//!    needs a reason.
//! 2. Who wrote it neither reviews nor approves it.
//! 3. An approval holds for the facts that it was given for ([`facts_hash`]): when one of
//!    them changes, be it in the register, the plan falls back by itself.
//! 4. Days of filing, drills and validity are computed, never typed: see [`drill_due`],
//!    [`filing_due`], [`valid_until`].

mod api;
pub mod desk;
pub mod pages;
mod store;
pub mod template;

use crate::actor::{Actor, OFFICE, OUTSIDE, Role, Roles};
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::subject::SubjectKind;
use crate::time::{Day, Time};
use crate::words;
use crate::worker;
use ::store::{Schedule, from_row};
use almanac::Calendar;
use jiff::ToSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

words! {
    /// Which of the two plans.
    pub enum ReadyKind {
        /// 防控方案
        Control = "control",
        /// 应急预案
        Emergency = "emergency",
    }
}

words! {
    /// How a plan stands.
    pub enum ReadyState {
        /// 编制中
        Draft = "draft",
        /// 待审查
        Submitted = "submitted",
        /// 退回补正
        Returned = "returned",
        /// 已核查, on site or by video, and not approved yet.
        Reviewed = "reviewed",
        /// 已通过
        Approved = "approved",
        /// 已失效, since facts changed that it was approved for.
        FallenBack = "fallen_back",
        /// 已过期
        Expired = "expired",
    }
}

impl ReadyState {
    /// Whether it is with the office.
    pub const fn is_in_review(self) -> bool {
        matches!(self, Self::Submitted | Self::Reviewed)
    }
}

words! {
    /// What an item asks for.
    pub enum ReadyItemKind {
        /// 责任人: somebody by name, with a telephone.
        Person = "person",
        /// 场所: a zone or place.
        Place = "place",
        /// 物资: a quantity.
        Stock = "stock",
        /// 名单: names, one a line.
        Roster = "roster",
        /// 说明
        Text = "text",
        /// 附件
        File = "file",
    }
}

words! {
    /// What is missing of an item.
    pub enum Lack {
        /// 未填写
        Empty = "empty",
        /// 没有电话
        NoPhone = "no_phone",
        /// 人员已离任
        Gone = "gone",
        /// 数量不足
        TooFew = "too_few",
    }
}

words! {
    /// How a plan was looked at.
    pub enum ReviewMode {
        /// 现场核查
        OnSite = "on_site",
        /// 视频核查
        Video = "video",
    }
}

words! {
    /// How a drill was held.
    pub enum DrillKind {
        /// 桌面推演
        Desk = "desk",
        /// 实战演练
        Live = "live",
    }
}

words! {
    /// What somebody is to a plan.
    pub enum Part {
        /// Whose plan it is, or the office that helps to write it.
        Writer = "writer",
        /// The office that looks after whose it is, and wrote nothing of it.
        Checker = "checker",
    }
}

words! {
    /// What can be done with a plan.
    pub enum ReadyMove {
        /// 填写
        Write = "write",
        /// 提交
        Submit = "submit",
        /// 撤回
        Recall = "recall",
        /// 退回补正
        Return = "return",
        /// 核查
        Review = "review",
        /// 通过
        Approve = "approve",
        /// 登记备案
        File = "file",
        /// 登记演练
        Drill = "drill",
    }
}

/// Who may do what with a plan in which state.
const MOVES: &[(ReadyMove, &[ReadyState], &[Part])] = {
    use ReadyState::{Approved, Draft, Expired, FallenBack, Returned, Reviewed, Submitted};
    &[
        (ReadyMove::Write, &[Draft, Returned, Approved, FallenBack, Expired], &[Part::Writer]),
        (ReadyMove::Submit, &[Draft, Returned, FallenBack, Expired], &[Part::Writer]),
        (ReadyMove::Recall, &[Submitted], &[Part::Writer]),
        (ReadyMove::Return, &[Submitted, Reviewed], &[Part::Checker]),
        (ReadyMove::Review, &[Submitted], &[Part::Checker]),
        (ReadyMove::Approve, &[Reviewed], &[Part::Checker]),
        (ReadyMove::File, &[Approved], &[Part::Writer, Part::Checker]),
        (ReadyMove::Drill, &[Approved, FallenBack, Expired], &[Part::Writer, Part::Checker]),
    ]
};

/// Whether somebody who is this to a plan may do that while it stands so.
pub fn may(does: ReadyMove, state: ReadyState, parts: &[Part]) -> bool {
    MOVES
        .iter()
        .any(|(known, from, by)| *known == does && from.contains(&state) && by.iter().any(|part| parts.contains(part)))
}

/// Who reads plans, each those within his reach.
pub const READERS: Roles = OFFICE.and(OUTSIDE);
/// Those of the office who write, review and approve.
pub const CHECKERS: Roles = Roles::of(&[Role::Leader, Role::Dispatcher, Role::Officer, Role::Specialist]);

/// What somebody who reaches its subject is to a plan that these people wrote.
pub fn parts(who: &Actor, authors: &[Uuid]) -> Vec<Part> {
    let mut all = Vec::new();
    if who.is(OUTSIDE.and(CHECKERS)) {
        all.push(Part::Writer);
    }
    if who.is(CHECKERS) && !who.person_id.is_some_and(|me| authors.contains(&me)) {
        all.push(Part::Checker);
    }
    all
}

/// An item of a plan with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReadyItem {
    /// The plan.
    #[serde(skip)]
    pub plan_id: Uuid,
    /// What tells it from the others, the same in every plan of the template.
    pub key: String,
    /// What it asks.
    pub title: String,
    /// What it asks for.
    pub kind: ReadyItemKind,
    /// Whether a plan must have it.
    pub required: bool,
    /// At least so many, of stock and rosters.
    pub least: Option<i64>,
    /// The contact in the register; name and telephone are the register's then.
    pub person_id: Option<Uuid>,
    /// Whether that contact has left.
    pub gone: bool,
    /// Name.
    pub name: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Text, place, or names one a line.
    pub text: Option<String>,
    /// How much there is.
    pub quantity: Option<i64>,
    /// In what unit.
    pub unit: Option<String>,
    /// The attachment.
    pub file_id: Option<Uuid>,
    /// Its name.
    pub file_name: Option<String>,
    /// Who changed it last.
    pub changed_by: Option<Uuid>,
    /// When.
    pub changed_at: Option<Time>,
}

from_row!(ReadyItem {
    plan_id,
    key,
    title,
    kind,
    required,
    least,
    person_id,
    gone,
    name,
    phone,
    text,
    quantity,
    unit,
    file_id,
    file_name,
    changed_by,
    changed_at,
});

impl ReadyItem {
    fn is_empty(&self) -> bool {
        let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
        match self.kind {
            ReadyItemKind::Person => blank(&self.name),
            ReadyItemKind::Stock => self.quantity.is_none(),
            ReadyItemKind::File => self.file_id.is_none(),
            ReadyItemKind::Place | ReadyItemKind::Roster | ReadyItemKind::Text => blank(&self.text),
        }
    }

    /// How many names a roster has.
    pub fn lines(&self) -> i64 {
        let names = self.text.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty());
        i64::try_from(names.count()).unwrap_or(i64::MAX)
    }

    /// What is missing of it; nothing of what need not be there and is not.
    pub fn lack(&self) -> Option<Lack> {
        if self.is_empty() {
            return self.required.then_some(Lack::Empty);
        }
        let least = self.least.unwrap_or(1);
        match self.kind {
            ReadyItemKind::Person if self.gone => Some(Lack::Gone),
            ReadyItemKind::Person if self.phone.is_none() => Some(Lack::NoPhone),
            ReadyItemKind::Stock if self.quantity.unwrap_or_default() < least => Some(Lack::TooFew),
            ReadyItemKind::Roster if self.lines() < least => Some(Lack::TooFew),
            _ => None,
        }
    }

    /// What an approval of it rests on.
    fn facts(&self) -> String {
        let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        let key = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let text = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
        [
            self.key.clone(),
            text(&self.name),
            text(&self.phone),
            self.gone.to_string(),
            text(&self.text),
            number(self.quantity),
            text(&self.unit),
            key(self.file_id),
        ]
        .join("\u{1f}")
    }
}

/// A digest of everything that an approval rests on, whatever the order of the items.
pub fn facts_hash(items: &[ReadyItem]) -> String {
    let mut facts: Vec<String> = items.iter().map(ReadyItem::facts).collect();
    facts.sort_unstable();
    vault::hash::hex(&vault::hash::sha256(facts.join("\u{1e}").as_bytes()))
}

/// Everything that is missing, in the order of the plan.
pub fn gaps(items: &[ReadyItem]) -> Vec<(&ReadyItem, Lack)> {
    items.iter().filter_map(|item| Some((item, item.lack()?))).collect()
}

/// Whether a return may name this item without saying why only now: it was returned
/// never before, the item was named then, or has changed since.
pub fn is_told_in_time(item: &ReadyItem, returned_at: Option<Time>, told: &[ReadyGap]) -> bool {
    returned_at.is_none_or(|at| {
        item.changed_at.is_some_and(|changed| changed > at) || told.iter().any(|gap| gap.item_key == item.key)
    })
}

/// Until when an approval of that day holds: a control plan a year, an emergency plan
/// until it must be assessed anew (应急预案管理办法: three years).
pub fn valid_until(kind: ReadyKind, from: Day) -> Day {
    Day(from.0.saturating_add(match kind {
        ReadyKind::Control => 1.year(),
        ReadyKind::Emergency => 3.years(),
    }))
}

/// Until when the next drill must be: of an emergency plan once a year, where the trade
/// is dangerous or crowded once in half a year (生产安全事故应急条例 §8).
pub fn drill_due(kind: ReadyKind, hazard: bool, last: Option<Day>) -> Option<Day> {
    let months = if hazard { 6 } else { 12 };
    let last = last.filter(|_| kind == ReadyKind::Emergency)?;
    Some(Day(last.0.saturating_add(months.months())))
}

/// Until when a published emergency plan must be filed: 20 working days.
pub fn filing_due(kind: ReadyKind, published: Option<Day>, calendar: &Calendar) -> Option<Day> {
    let published = published.filter(|_| kind == ReadyKind::Emergency)?;
    Some(Day(calendar.add_working_days(published.0, 20)))
}

/// How near a day is: 0 far, 1 within so many days, 2 over.
pub fn nearness(day: Day, today: Day, near: i64) -> i64 {
    let left = today.0.until(day.0).map_or(0, |span| i64::from(span.get_days()));
    match left {
        left if left < 0 => 2,
        left if left <= near => 1,
        _ => 0,
    }
}

/// What a return named.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReadyGap {
    /// The item.
    pub item_key: String,
    /// What the item asks.
    pub title: String,
    /// What is wrong with it.
    pub text: String,
    /// Why it was told only now.
    pub late_reason: Option<String>,
    /// When.
    pub told_at: Time,
}

from_row!(ReadyGap { item_key, title, text, late_reason, told_at });

/// What a drill found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReadyFinding {
    /// The drill.
    pub drill_id: Uuid,
    /// What.
    pub text: String,
    /// The task that it became.
    pub task_id: Option<Uuid>,
    /// How that task stands.
    pub task_state: Option<crate::task::TaskState>,
}

from_row!(ReadyFinding { drill_id, text, task_id, task_state });

/// A drill.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReadyDrill {
    /// Key.
    pub id: Uuid,
    /// How it was held.
    pub kind: DrillKind,
    /// The day.
    pub held_on: Day,
    /// How many took part.
    pub people: i64,
    /// What was played.
    pub scenario: String,
    /// How it went.
    pub outcome: Option<String>,
}

from_row!(ReadyDrill { id, kind, held_on, people, scenario, outcome });

/// A plan without its items.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReadyPlan {
    /// Key.
    pub id: Uuid,
    /// Which of the two.
    pub kind: ReadyKind,
    /// Whether it is an enterprise's or a project's.
    pub subject_kind: SubjectKind,
    /// Whose.
    pub subject_id: Uuid,
    /// By short name.
    pub subject_name: String,
    /// The disruption under which it was begun.
    pub disruption_id: Option<Uuid>,
    /// How it stands.
    pub state: ReadyState,
    /// The version of the template that its items are from; 0 is the shipped one.
    pub template_version: i64,
    /// Whether the trade is dangerous or crowded, so that drills are due twice a year.
    pub hazard: bool,
    /// When it was made known within the enterprise.
    pub published_on: Option<Day>,
    /// Until when it must be filed.
    pub filing_due: Option<Day>,
    /// When it was filed.
    pub filed_on: Option<Day>,
    /// Under which number.
    pub filing_no: Option<String>,
    /// Until when the approval holds.
    pub valid_until: Option<Day>,
    /// The day of the last drill.
    pub drilled_on: Option<Day>,
    /// Until when the next one must be.
    pub drill_due: Option<Day>,
    /// Who handed it in.
    pub submitted_by: Option<Uuid>,
    /// When.
    pub submitted_at: Option<Time>,
    /// When it was returned last.
    pub returned_at: Option<Time>,
    /// Who looked at it.
    pub reviewed_by: Option<Uuid>,
    /// By name.
    pub reviewer: Option<String>,
    /// When.
    pub reviewed_at: Option<Time>,
    /// On site or by video.
    pub review_mode: Option<ReviewMode>,
    /// What was found.
    pub review_note: Option<String>,
    /// Who approved it.
    pub approved_by: Option<Uuid>,
    /// By name.
    pub approver: Option<String>,
    /// When.
    pub approved_at: Option<Time>,
    /// Digest of the facts that it was approved for. It stays inside: who knows all the
    /// other facts could try out a masked number against it.
    #[serde(skip)]
    pub facts_hash: Option<String>,
    /// When it fell back.
    pub fell_at: Option<Time>,
    /// Because of what.
    pub fell_why: Option<String>,
    /// How far the reminders of the three days are: validity, filing, drill.
    #[serde(skip)]
    pub valid_told: i64,
    /// See above.
    #[serde(skip)]
    pub filing_told: i64,
    /// See above.
    #[serde(skip)]
    pub drill_told: i64,
    /// When it was begun.
    pub made_at: Time,
    /// When it was changed last.
    pub changed_at: Time,
    /// Counts the changes.
    pub version: i64,
}

from_row!(ReadyPlan {
    id,
    kind,
    subject_kind,
    subject_id,
    subject_name,
    disruption_id,
    state,
    template_version,
    hazard,
    published_on,
    filing_due,
    filed_on,
    filing_no,
    valid_until,
    drilled_on,
    drill_due,
    submitted_by,
    submitted_at,
    returned_at,
    reviewed_by,
    reviewer,
    reviewed_at,
    review_mode,
    review_note,
    approved_by,
    approver,
    approved_at,
    facts_hash,
    fell_at,
    fell_why,
    valid_told,
    filing_told,
    drill_told,
    made_at,
    changed_at,
    version,
});

/// A plan with everything about it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReadyRecord {
    /// The plan.
    #[serde(flatten)]
    pub plan: ReadyPlan,
    /// Its items.
    pub items: Vec<ReadyItem>,
    /// What the last return named.
    pub told: Vec<ReadyGap>,
    /// What is missing, by key.
    pub missing: Vec<(String, Lack)>,
    /// Drills, the last first.
    pub drills: Vec<ReadyDrill>,
    /// What they found.
    pub findings: Vec<ReadyFinding>,
    /// What the reader can do now.
    pub possible: Vec<ReadyMove>,
}

impl Versioned for ReadyRecord {
    fn version(&self) -> i64 {
        self.plan.version
    }
}

/// How an enterprise or a project stands with both plans.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReadyStanding {
    /// Key.
    pub id: Uuid,
    /// Enterprise or project.
    pub subject_kind: SubjectKind,
    /// Short name.
    pub name: String,
    /// Whether it is a key enterprise.
    pub key: bool,
    /// The control plan.
    pub control_id: Option<Uuid>,
    /// How that stands; null where there is none.
    pub control_state: Option<ReadyState>,
    /// Until when it holds.
    pub control_until: Option<Day>,
    /// The emergency plan.
    pub emergency_id: Option<Uuid>,
    /// How that stands; null where there is none.
    pub emergency_state: Option<ReadyState>,
    /// Until when it holds.
    pub emergency_until: Option<Day>,
    /// Until when the emergency plan must be filed, while it is not.
    pub filing_due: Option<Day>,
    /// Until when its next drill must be.
    pub drill_due: Option<Day>,
}

from_row!(ReadyStanding {
    id,
    subject_kind,
    name,
    key,
    control_id,
    control_state,
    control_until,
    emergency_id,
    emergency_state,
    emergency_until,
    filing_due,
    drill_due,
});

words! {
    /// What the list of enterprises is narrowed to.
    pub enum ReadyShow {
        /// 缺方案: one of the two was never begun.
        Missing = "missing",
        /// 待审查: handed in, or reviewed and not approved.
        Waiting = "waiting",
        /// 退回补正
        Returned = "returned",
        /// 已失效
        FallenBack = "fallen_back",
        /// 已过期
        Expired = "expired",
        /// 逾期未演练
        DrillOver = "drill_over",
        /// 逾期未备案
        FilingOver = "filing_over",
        /// 齐备: both approved.
        Complete = "complete",
    }
}

/// A new plan.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReadyPlan {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Which of the two.
    pub kind: Option<ReadyKind>,
    /// The enterprise; one's own for an enterprise.
    pub enterprise_id: Option<Uuid>,
    /// The project.
    pub project_id: Option<Uuid>,
    /// The disruption under which it is begun.
    pub disruption_id: Option<Uuid>,
}

/// The answer to one item. What is absent is emptied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReadyAnswer {
    /// The item.
    pub key: String,
    /// A contact of the enterprise; instead of name and telephone.
    pub person_id: Option<Uuid>,
    /// Name.
    pub name: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Text, place, or names one a line.
    pub text: Option<String>,
    /// How much there is.
    pub quantity: Option<i64>,
    /// In what unit.
    pub unit: Option<String>,
    /// An attachment of the plan.
    pub file_id: Option<Uuid>,
}

/// A gap that a return names.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReadyGap {
    /// The item.
    pub item_key: String,
    /// What is wrong with it.
    pub text: String,
}

/// What is done with a plan.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReadyAct {
    /// Answers items; those not named stay. An approved plan whose facts change by it falls back.
    Write {
        /// The answers.
        #[serde(default)]
        answers: Vec<ReadyAnswer>,
        /// Whether the trade is dangerous or crowded; as it was when absent.
        hazard: Option<bool>,
        /// When it was made known within the enterprise; as it was when absent.
        published_on: Option<Day>,
    },
    /// Hands it in. With anything missing it is refused, naming every gap.
    Submit,
    /// Takes it back before it was looked at.
    Recall,
    /// Returns it, with every gap at once.
    Return {
        /// The gaps.
        gaps: Vec<NewReadyGap>,
        /// Why a gap is told only now that could have been told before.
        late_reason: Option<String>,
    },
    /// Looked at on site or by video.
    Review {
        /// How.
        mode: ReviewMode,
        /// What was found.
        note: String,
    },
    /// Approves it for the facts that it has.
    Approve {
        /// Until when; when absent a year for a control plan, three for an emergency plan.
        valid_until: Option<Day>,
    },
    /// It was filed.
    File {
        /// When.
        filed_on: Day,
        /// Under which number.
        filing_no: String,
    },
    /// A drill was held.
    Drill {
        /// How.
        kind: DrillKind,
        /// When.
        held_on: Day,
        /// How many took part.
        people: i64,
        /// What was played.
        scenario: String,
        /// How it went.
        outcome: Option<String>,
        /// What it found, each in one line; each becomes a task.
        #[serde(default)]
        findings: Vec<String>,
        /// Whether it showed that the plan must be revised.
        #[serde(default)]
        revise: bool,
    },
}

impl ReadyAct {
    /// The word for it.
    pub const fn does(&self) -> ReadyMove {
        match self {
            Self::Write { .. } => ReadyMove::Write,
            Self::Submit => ReadyMove::Submit,
            Self::Recall => ReadyMove::Recall,
            Self::Return { .. } => ReadyMove::Return,
            Self::Review { .. } => ReadyMove::Review,
            Self::Approve { .. } => ReadyMove::Approve,
            Self::File { .. } => ReadyMove::File,
            Self::Drill { .. } => ReadyMove::Drill,
        }
    }
}

/// What happens to plans by itself.
pub fn kinds() -> Vec<worker::Kind> {
    vec![worker::Kind {
        name: "readiness.watch",
        schedule: Some(Schedule::EveryMinutes(60)),
        task: |app, zone, _| Box::pin(async move { desk::watch(&app, zone).await.map(drop) }),
    }]
}

/// Adds the routes of plans.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::read(text).expect("a day")
    }

    fn item(key: &str, kind: ReadyItemKind) -> ReadyItem {
        ReadyItem {
            plan_id: Uuid::nil(),
            key: key.to_owned(),
            title: key.to_owned(),
            kind,
            required: true,
            least: None,
            person_id: None,
            gone: false,
            name: None,
            phone: None,
            text: None,
            quantity: None,
            unit: None,
            file_id: None,
            file_name: None,
            changed_by: None,
            changed_at: None,
        }
    }

    #[test]
    fn who_may_do_what_in_which_state() {
        use ReadyMove as M;
        for (state, writer, checker) in [
            (ReadyState::Draft, &[M::Write, M::Submit][..], &[][..]),
            (ReadyState::Submitted, &[M::Recall], &[M::Return, M::Review]),
            (ReadyState::Returned, &[M::Write, M::Submit], &[]),
            (ReadyState::Reviewed, &[], &[M::Return, M::Approve]),
            (ReadyState::Approved, &[M::Write, M::File, M::Drill], &[M::File, M::Drill]),
            (ReadyState::FallenBack, &[M::Write, M::Submit, M::Drill], &[M::Drill]),
            (ReadyState::Expired, &[M::Write, M::Submit, M::Drill], &[M::Drill]),
        ] {
            for does in M::ALL {
                assert_eq!(may(*does, state, &[Part::Writer]), writer.contains(does), "{state}: writer {does}");
                assert_eq!(may(*does, state, &[Part::Checker]), checker.contains(does), "{state}: checker {does}");
                assert!(!may(*does, state, &[]), "{state}: nobody in particular {does}");
            }
        }
        assert_eq!(MOVES.len(), ReadyMove::ALL.len());
    }

    #[test]
    fn who_wrote_it_does_not_check_it() {
        let me = Uuid::from_u128(7);
        for (role, wrote, all) in [
            (Role::Enterprise, false, &[Part::Writer][..]),
            (Role::Project, true, &[Part::Writer]),
            (Role::Officer, false, &[Part::Writer, Part::Checker]),
            (Role::Officer, true, &[Part::Writer]),
            (Role::Leader, false, &[Part::Writer, Part::Checker]),
            (Role::Oversight, false, &[]),
            (Role::Agency, false, &[]),
        ] {
            let mut who = Actor::rule(Uuid::nil());
            (who.via, who.roles, who.person_id) = (crate::actor::Via::Page, Roles::of(&[role]), Some(me));
            let authors = if wrote { vec![me] } else { vec![] };
            assert_eq!(parts(&who, &authors), all, "{role}, wrote: {wrote}");
        }
    }

    #[test]
    fn every_gap_has_its_reason() {
        let person =
            ReadyItem { name: Some("江远".into()), phone: Some("1".into()), ..item("a", ReadyItemKind::Person) };
        let names =
            |text: &str| ReadyItem { text: Some(text.into()), least: Some(2), ..item("b", ReadyItemKind::Roster) };
        let stock = |n| ReadyItem { quantity: n, least: Some(14), ..item("c", ReadyItemKind::Stock) };
        for (one, lack) in [
            (item("a", ReadyItemKind::Person), Some(Lack::Empty)),
            (person.clone(), None),
            (ReadyItem { phone: None, ..person.clone() }, Some(Lack::NoPhone)),
            (ReadyItem { gone: true, ..person }, Some(Lack::Gone)),
            (names("江远\n"), Some(Lack::TooFew)),
            (names("江远\n白露"), None),
            (stock(None), Some(Lack::Empty)),
            (stock(Some(13)), Some(Lack::TooFew)),
            (stock(Some(14)), None),
            (ReadyItem { required: false, ..item("d", ReadyItemKind::File) }, None),
            (ReadyItem { text: Some(" ".into()), ..item("e", ReadyItemKind::Text) }, Some(Lack::Empty)),
        ] {
            assert_eq!(one.lack(), lack, "{one:?}");
        }
        let all = [item("a", ReadyItemKind::Person), names("江远\n白露"), stock(Some(1))];
        let told: Vec<_> = gaps(&all).into_iter().map(|(item, lack)| (item.key.as_str(), lack)).collect();
        assert_eq!(told, [("a", Lack::Empty), ("c", Lack::TooFew)], "all at once, in order");
    }

    #[test]
    fn a_gap_that_comes_later_has_its_reason() {
        let (before, at, after) = (Time::from_ms(1), Time::from_ms(2), Time::from_ms(3));
        let gap = ReadyGap {
            item_key: "a".into(),
            title: String::new(),
            text: String::new(),
            late_reason: None,
            told_at: at,
        };
        let with = |key: &str, changed| ReadyItem { changed_at: Some(changed), ..item(key, ReadyItemKind::Text) };
        for (one, returned_at, in_time) in [
            (with("b", before), None, true),
            (with("a", before), Some(at), true),
            (with("b", before), Some(at), false),
            (with("b", after), Some(at), true),
        ] {
            assert_eq!(is_told_in_time(&one, returned_at, std::slice::from_ref(&gap)), in_time, "{}", one.key);
        }
    }

    #[test]
    fn a_change_of_any_fact_is_seen_and_order_does_not_count() {
        let all: Vec<ReadyItem> = (0..6)
            .map(|n| ReadyItem {
                text: Some(format!("第{n}")),
                quantity: Some(n),
                ..item(&format!("k{n}"), ReadyItemKind::Text)
            })
            .collect();
        let hash = facts_hash(&all);
        // Every rotation and its reverse, with titles that say something else.
        for turn in 0..all.len() {
            let mut other = all.clone();
            other.rotate_left(turn);
            other[0].title = "改了说法".into();
            assert_eq!(facts_hash(&other), hash);
            other.reverse();
            assert_eq!(facts_hash(&other), hash);
        }
        for n in 0..all.len() {
            for change in [
                (|item: &mut ReadyItem| item.text = Some("另".into())) as fn(&mut ReadyItem),
                |item| item.quantity = Some(99),
                |item| item.name = Some("白露".into()),
                |item| item.phone = Some("139".into()),
                |item| item.gone = true,
                |item| item.unit = Some("箱".into()),
                |item| item.file_id = Some(Uuid::from_u128(1)),
            ] {
                let mut other = all.clone();
                change(&mut other[n]);
                assert_ne!(facts_hash(&other), hash, "item {n}");
            }
        }
        // What moves from one item to the next is a change too.
        let mut moved = all.clone();
        (moved[0].text, moved[1].text) = (moved[1].text.clone(), moved[0].text.clone());
        assert_ne!(facts_hash(&moved), hash);
    }

    #[test]
    fn days_follow_from_the_law() {
        let calendar = Calendar::built_in();
        let from = Some(day("2026-02-28"));
        for (kind, hazard, drill, filing) in [
            (ReadyKind::Control, true, None, None),
            (ReadyKind::Emergency, false, Some("2027-02-28"), Some("2026-03-27")),
            (ReadyKind::Emergency, true, Some("2026-08-28"), Some("2026-03-27")),
        ] {
            assert_eq!(drill_due(kind, hazard, from), drill.map(day), "{kind}");
            assert_eq!(drill_due(kind, hazard, None), None);
            assert_eq!(filing_due(kind, from, &calendar), filing.map(day), "{kind}");
        }
        assert_eq!(valid_until(ReadyKind::Control, day("2024-02-29")), day("2025-02-28"));
        assert_eq!(valid_until(ReadyKind::Emergency, day("2026-11-30")), day("2029-11-30"));
        for (due, step) in [("2026-12-31", 0), ("2026-12-14", 1), ("2026-11-30", 1), ("2026-11-29", 2)] {
            assert_eq!(nearness(day(due), day("2026-11-30"), 14), step, "{due}");
        }
    }

    #[test]
    fn every_word_has_its_name() {
        use crate::text::Lang;
        for lang in [Lang::Zh, Lang::En] {
            let names = ReadyKind::ALL.iter().map(|w| format!("ready-kind-{w}"));
            let names = names.chain(ReadyState::ALL.iter().map(|w| format!("ready-state-{w}")));
            let names = names.chain(ReadyMove::ALL.iter().map(|w| format!("ready-move-{w}")));
            let names = names.chain(ReadyItemKind::ALL.iter().map(|w| format!("ready-item-{w}")));
            let names = names.chain(Lack::ALL.iter().map(|w| format!("ready-lack-{w}")));
            let names = names.chain(ReviewMode::ALL.iter().map(|w| format!("review-mode-{w}")));
            let names = names.chain(DrillKind::ALL.iter().map(|w| format!("drill-kind-{w}")));
            let names = names.chain(ReadyShow::ALL.iter().map(|w| format!("ready-show-{w}")));
            for name in names {
                assert!(lang.has(&name), "{name}");
            }
        }
    }
}
