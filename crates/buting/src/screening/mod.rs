//! 应检尽检 (R-TST): staff with a medical background are trained by a partner and take
//! samples at the enterprise's own point; everybody on a list must have been sampled by a
//! time. The same list serves whatever everybody must have done: safety training, health
//! checks; then nobody needs a tube and people are ticked.

mod api;
pub mod desk;
pub mod pages;
pub mod roster;
mod store;

use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::subject::SubjectKind;
use crate::time::{Day, HOUR_MS, Time};
use crate::words;
use crate::worker;
use ::store::{Schedule, from_row};
use jiff::ToSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

// ---- numbers of the manual (7.3) --------------------------------------------------------

/// People that one sampler takes in the 24 hours of a round: samplers = people ÷ 360
/// (区域核酸检测组织实施指南 第三版).
const PER_SAMPLER: i64 = 360;
/// People for one desk; the guide says 600 to 800.
const PER_DESK: i64 = 700;
/// People for one point; the guide says 2,000 to 3,000.
const PER_POINT: i64 = 3000;
/// Person-times that one team of a point takes in 24 hours.
const PER_TEAM_DAY: i64 = 1800;
/// Milliseconds of a minute.
const MINUTE_MS: i64 = HOUR_MS / 60;
/// Minutes of a day.
pub const DAY_MINUTES: i64 = 24 * 60;
/// People in one tube: alone, or mixed.
pub const POOLS: &[i64] = &[1, 5, 10, 20];
/// Days without a word after which an open point is warned, and after which it is paused.
const SILENT_DAYS: [i64; 2] = [3, 7];
/// How long a certificate holds when nothing else is said, in months.
pub const VALID_MONTHS: i64 = 12;

/// So many of `per` for `n`, rounded up.
const fn parts(n: i64, per: i64) -> i64 {
    if n <= 0 { 0 } else { (n + per - 1) / per }
}

/// What a number of people needs by the formulas of the guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Needs {
    /// Samplers: people ÷ 360, rounded up.
    pub samplers: i64,
    /// Desks: people ÷ 700, rounded up.
    pub desks: i64,
    /// Points: people ÷ 3,000, rounded up.
    pub points: i64,
    /// Tubes: people ÷ people in one tube, rounded up.
    pub tubes: i64,
}

impl Needs {
    /// What so many people need when so many share a tube.
    pub const fn of(people: i64, pool: i64) -> Self {
        Self {
            samplers: parts(people, PER_SAMPLER),
            desks: parts(people, PER_DESK),
            points: parts(people, PER_POINT),
            tubes: parts(people, if pool < 1 { 1 } else { pool }),
        }
    }
}

/// Person-times that a point of so many teams takes in so many minutes.
pub const fn capacity(teams: i64, minutes: i64) -> i64 {
    teams * PER_TEAM_DAY * minutes / DAY_MINUTES
}

/// Minutes that so many teams need for so many people, rounded up.
pub const fn minutes_for(people: i64, teams: i64) -> i64 {
    if teams <= 0 { 0 } else { parts(people * DAY_MINUTES, teams * PER_TEAM_DAY) }
}

/// When each of `n` people comes: as many at a time as the teams take in one slot.
pub fn slots(n: usize, teams: i64, start: Time, minutes: i64) -> Vec<Time> {
    let at_a_time = usize::try_from(capacity(teams, minutes)).unwrap_or(1).max(1);
    let slot = |i: usize| i64::try_from(i / at_a_time).unwrap_or_default();
    (0..n).map(|i| start.plus(slot(i) * minutes * MINUTE_MS)).collect()
}

// ---- people who take samples -------------------------------------------------------------

words! {
    /// What somebody knows of medicine.
    pub enum Background {
        /// 医师
        Doctor = "doctor",
        /// 护士
        Nurse = "nurse",
        /// 药师
        Pharmacist = "pharmacist",
        /// 检验
        Tester = "tester",
        /// 医学类专业毕业
        Studied = "studied",
        /// 其他
        Other = "other",
    }
}

words! {
    /// How far a candidate is.
    pub enum CandidateState {
        /// 已推荐
        Nominated = "nominated",
        /// 已报名
        Enrolled = "enrolled",
        /// 培训合格
        Passed = "passed",
        /// 未通过
        Failed = "failed",
        /// 已退出
        Withdrawn = "withdrawn",
    }
}

words! {
    /// How a certificate stands on a day.
    pub enum Standing {
        /// 未取得
        None = "none",
        /// 未到生效日
        NotYet = "not_yet",
        /// 有效
        Valid = "valid",
        /// 已过期
        Expired = "expired",
    }
}

/// Somebody who takes samples, or is to learn it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Candidate {
    /// Key.
    pub id: Uuid,
    /// Enterprise or project whose staff he is.
    pub subject_kind: SubjectKind,
    /// Its key.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject_name: Option<String>,
    /// His name.
    pub name: String,
    /// What he knows of medicine.
    pub background: Background,
    /// More about that.
    pub background_note: Option<String>,
    /// The day on which he agreed.
    pub consented_on: Day,
    /// How far he is.
    pub state: CandidateState,
    /// The training that he is enrolled in or has taken.
    pub training_id: Option<Uuid>,
    /// Its number.
    pub training_number: Option<String>,
    /// Whether he was there.
    pub attended: Option<bool>,
    /// What he reached in the test, of 100.
    pub score: Option<i64>,
    /// Number of his certificate.
    pub certificate_no: Option<String>,
    /// First day on which it holds.
    pub valid_from: Option<Day>,
    /// Last day on which it holds.
    pub valid_to: Option<Day>,
    /// Why he failed or withdrew.
    pub reason: Option<String>,
    /// When he was proposed.
    pub made_at: Time,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Candidate {
    id,
    subject_kind,
    subject_id,
    subject_name,
    name,
    background,
    background_note,
    consented_on,
    state,
    training_id,
    training_number,
    attended,
    score,
    certificate_no,
    valid_from,
    valid_to,
    reason,
    made_at,
    version,
});

impl Candidate {
    /// How his certificate stands on a day. Only who passed and has not withdrawn has one.
    pub fn standing(&self, day: Day) -> Standing {
        match (self.state, self.valid_from, self.valid_to) {
            (CandidateState::Passed, Some(from), _) if day < from => Standing::NotYet,
            (CandidateState::Passed, Some(_), Some(to)) if day > to => Standing::Expired,
            (CandidateState::Passed, Some(_), Some(_)) => Standing::Valid,
            _ => Standing::None,
        }
    }
}

impl Versioned for Candidate {
    fn version(&self) -> i64 {
        self.version
    }
}

/// The last day of a certificate: so many months from its first day, less a day.
pub fn valid_to(from: Day, months: i64) -> Day {
    let end = from.0.saturating_add(months.clamp(1, 60).months());
    Day(end.yesterday().unwrap_or(end))
}

/// A new candidate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCandidate {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Enterprise whose staff he is.
    pub enterprise_id: Option<Uuid>,
    /// Or the project.
    pub project_id: Option<Uuid>,
    /// His name.
    pub name: String,
    /// What he knows of medicine.
    pub background: Background,
    /// More about that.
    pub background_note: Option<String>,
    /// Whether he agreed to be named and trained; without it nobody is.
    pub consent: bool,
    /// The disruption that asks for it.
    pub disruption_id: Option<Uuid>,
}

// ---- trainings ----------------------------------------------------------------------------

words! {
    /// How a training stands.
    pub enum TrainingState {
        /// 已商请
        Asked = "asked",
        /// 已排期
        Planned = "planned",
        /// 已举办
        Held = "held",
        /// 已取消
        Cancelled = "cancelled",
    }
}

/// A training that a partner is asked for and gives.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Training {
    /// Key.
    pub id: Uuid,
    /// Its number, such as PX-20261130-0001.
    pub number: String,
    /// What is taught.
    pub topic: String,
    /// Who is asked and teaches.
    pub department_id: Uuid,
    /// Its short name.
    pub department_name: Option<String>,
    /// How it stands.
    pub state: TrainingState,
    /// When it is or was held.
    pub held_at: Option<Time>,
    /// How many hours it takes.
    pub hours: Option<i64>,
    /// Where.
    pub place: Option<String>,
    /// What is to be known about it.
    pub note: Option<String>,
    /// The disruption that asks for it.
    pub disruption_id: Option<Uuid>,
    /// Its name.
    pub disruption_name: Option<String>,
    /// How many are enrolled or took part.
    pub people: i64,
    /// How many of them passed.
    pub passed: i64,
    /// When it was asked for.
    pub made_at: Time,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Training {
    id,
    number,
    topic,
    department_id,
    department_name,
    state,
    held_at,
    hours,
    place,
    note,
    disruption_id,
    disruption_name,
    people,
    passed,
    made_at,
    version,
});

impl Training {
    /// Whether people can still be enrolled.
    pub fn is_open(&self) -> bool {
        matches!(self.state, TrainingState::Asked | TrainingState::Planned)
    }
}

/// A training with those who take part, as far as the reader may know them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FullTraining {
    /// The training.
    #[serde(flatten)]
    pub training: Training,
    /// Those who are enrolled or took part.
    pub candidates: Vec<Candidate>,
    /// Whether the reader plans it and writes down what came of it.
    pub teaches: bool,
    /// Whether the reader enrols people and may cancel it.
    pub keeps: bool,
}

impl Versioned for FullTraining {
    fn version(&self) -> i64 {
        self.training.version
    }
}

/// A training that is asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTraining {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// What is to be taught.
    pub topic: String,
    /// Who is asked: a partner such as the street health centre.
    pub department_id: Option<Uuid>,
    /// What is to be known about it.
    pub note: Option<String>,
    /// The disruption that asks for it.
    pub disruption_id: Option<Uuid>,
    /// Candidates who are enrolled at once.
    #[serde(default)]
    pub candidates: Vec<Uuid>,
}

/// What is done with a training.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum TrainingAct {
    /// Candidates are enrolled.
    Enrol {
        /// Who.
        candidates: Vec<Uuid>,
    },
    /// Time and place are said.
    Plan {
        /// When.
        held_at: Time,
        /// How many hours.
        hours: Option<i64>,
        /// Where.
        place: String,
    },
    /// What came of it for one who was enrolled.
    Result {
        /// Who.
        candidate_id: Uuid,
        /// Whether he was there.
        attended: bool,
        /// Whether he passed.
        passed: bool,
        /// What he reached, of 100.
        score: Option<i64>,
        /// Number of his certificate.
        certificate_no: Option<String>,
        /// How many months it holds; 12 when absent.
        months: Option<i64>,
        /// Why he did not pass.
        reason: Option<String>,
    },
    /// It does not take place.
    Cancel {
        /// Why.
        reason: String,
    },
}

/// What somebody who was enrolled becomes: none where that does not fit together.
pub const fn result_of(attended: bool, passed: bool) -> Option<CandidateState> {
    match (attended, passed) {
        (true, true) => Some(CandidateState::Passed),
        (_, false) => Some(CandidateState::Failed),
        (false, true) => None,
    }
}

// ---- points --------------------------------------------------------------------------------

words! {
    /// How a sampling point stands.
    pub enum PointState {
        /// 建议
        Suggested = "suggested",
        /// 已申请
        Applied = "applied",
        /// 已批准
        Approved = "approved",
        /// 开放
        Open = "open",
        /// 暂停
        Paused = "paused",
        /// 已关闭
        Closed = "closed",
    }
}

words! {
    /// What is done with a point.
    pub enum PointMove {
        /// 申请
        Apply = "apply",
        /// 批准
        Approve = "approve",
        /// 退回
        SendBack = "send_back",
        /// 开放
        Open = "open",
        /// 今日报告
        Report = "report",
        /// 暂停
        Pause = "pause",
        /// 恢复
        Resume = "resume",
        /// 关闭
        Close = "close",
    }
}

words! {
    /// What a point has to show before it is approved: its areas (manual 7.3), and what
    /// becomes of waste and samples.
    pub enum Evidence {
        /// 登记区
        Register = "register",
        /// 等候区
        Wait = "wait",
        /// 采样区
        Sample = "sample",
        /// 缓冲区
        Buffer = "buffer",
        /// 保障区
        Support = "support",
        /// 医疗废物处置
        Waste = "waste",
        /// 样本交接转运
        Transport = "transport",
    }
}

words! {
    /// On which side of a point somebody stands.
    pub enum Side {
        /// The enterprise or project itself, and its officer for it.
        Site = "site",
        /// Who decides in the committee.
        Decider = "decider",
    }
}

use PointState as P;
/// From which states a move goes, to which it leads, and whose it is.
const POINT_MOVES: &[(PointMove, &[P], P, &[Side])] = &[
    (PointMove::Apply, &[P::Suggested], P::Applied, &[Side::Site, Side::Decider]),
    (PointMove::Approve, &[P::Applied], P::Approved, &[Side::Decider]),
    (PointMove::SendBack, &[P::Applied], P::Suggested, &[Side::Decider]),
    (PointMove::Open, &[P::Approved], P::Open, &[Side::Site, Side::Decider]),
    (PointMove::Report, &[P::Open], P::Open, &[Side::Site]),
    (PointMove::Pause, &[P::Open], P::Paused, &[Side::Site, Side::Decider]),
    (PointMove::Resume, &[P::Paused], P::Open, &[Side::Decider]),
    (PointMove::Close, &[P::Suggested, P::Approved, P::Open, P::Paused], P::Closed, &[Side::Decider]),
];

/// Where a move leads from a state, for who stands on one of these sides.
pub fn point_moved(from: PointState, does: PointMove, sides: &[Side]) -> Option<PointState> {
    POINT_MOVES.iter().find_map(|(known, froms, to, by)| {
        (*known == does && froms.contains(&from) && by.iter().any(|side| sides.contains(side))).then_some(*to)
    })
}

/// Which evidence a point still lacks.
pub fn lacking(given: &[Evidence]) -> Vec<Evidence> {
    Evidence::ALL.iter().copied().filter(|kind| !given.contains(kind)).collect()
}

/// What is to be done about an open point that was last heard of on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Silence {
    /// Nothing.
    None,
    /// Who runs it is warned.
    Warn,
    /// It is paused.
    Pause,
}

/// What is to be done about an open point that was last heard of on that day.
pub fn silence(heard: Day, today: Day) -> Silence {
    let days = i64::from(heard.0.until(today.0).map_or(0, |span| span.get_days()));
    match days {
        n if n >= SILENT_DAYS[1] => Silence::Pause,
        n if n >= SILENT_DAYS[0] => Silence::Warn,
        _ => Silence::None,
    }
}

/// Minutes of a day as a clock shows them, `07:30`.
pub fn clock(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Reads `07:30` as minutes of a day.
pub fn read_clock(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once([':', '：'])?;
    let (hours, minutes): (i64, i64) = (hours.trim().parse().ok()?, minutes.trim().parse().ok()?);
    if !(0..=24).contains(&hours) || !(0..60).contains(&minutes) {
        return None;
    }
    Some(hours * 60 + minutes).filter(|all| *all <= DAY_MINUTES)
}

/// A sampling point of an enterprise or a project.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Point {
    /// Key.
    pub id: Uuid,
    /// Its number, such as CY-20261130-0001.
    pub number: String,
    /// What it is called.
    pub name: String,
    /// Whose it is.
    pub subject_kind: SubjectKind,
    /// Its key.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject_name: Option<String>,
    /// Where it stands.
    pub place: String,
    /// How many people it is to serve.
    pub people: i64,
    /// Sampling teams.
    pub teams: i64,
    /// When it opens: minutes of the day.
    pub opens_at: i64,
    /// When it closes.
    pub closes_at: i64,
    /// How it stands.
    pub state: PointState,
    /// Why it was sent back, paused or closed.
    pub reason: Option<String>,
    /// When it was approved.
    pub approved_at: Option<Time>,
    /// When it opened.
    pub opened_at: Option<Time>,
    /// When it was last heard of: a sample, or its word.
    pub heard_at: Option<Time>,
    /// What was done about its silence: 1 it was warned.
    pub silent_step: i64,
    /// The disruption that it belongs to.
    pub disruption_id: Option<Uuid>,
    /// Its name.
    pub disruption_name: Option<String>,
    /// People who were sampled at it.
    pub sampled: i64,
    /// Samplers of its enterprise or project whose certificate holds today.
    pub samplers: i64,
    /// When it was suggested.
    pub made_at: Time,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Point {
    id,
    number,
    name,
    subject_kind,
    subject_id,
    subject_name,
    place,
    people,
    teams,
    opens_at,
    closes_at,
    state,
    reason,
    approved_at,
    opened_at,
    heard_at,
    silent_step,
    disruption_id,
    disruption_name,
    sampled,
    samplers,
    made_at,
    version,
});

impl Point {
    /// Person-times that it takes on a day.
    pub fn capacity(&self) -> i64 {
        capacity(self.teams, self.closes_at - self.opens_at)
    }

    /// What its people need, one tube for ten.
    pub fn needs(&self) -> Needs {
        Needs::of(self.people, 10)
    }

    /// Its hours, `07:30–11:30`.
    pub fn hours(&self) -> String {
        format!("{}–{}", clock(self.opens_at), clock(self.closes_at))
    }
}

/// Evidence that was given.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Given {
    /// Of what.
    pub kind: Evidence,
    /// What was seen, or where the paper is kept.
    pub text: String,
    /// When.
    pub given_at: Time,
    /// By whom.
    pub giver: Option<String>,
}

from_row!(Given { kind, text, given_at, giver });

/// A point with everything about it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FullPoint {
    /// The point.
    #[serde(flatten)]
    pub point: Point,
    /// What it has shown.
    pub evidence: Vec<Given>,
    /// What it still has to show.
    pub lacking: Vec<Evidence>,
    /// Person-times that it takes on a day.
    pub capacity: i64,
    /// What its people need.
    pub needs: Needs,
    /// Who takes samples there, as far as the reader may know.
    pub candidates: Vec<Candidate>,
    /// What the reader can do now.
    pub possible: Vec<PointMove>,
    /// Whether the reader gives evidence and changes its facts.
    pub keeps: bool,
}

impl Versioned for FullPoint {
    fn version(&self) -> i64 {
        self.point.version
    }
}

/// A point that is suggested.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPoint {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Enterprise whose point it is.
    pub enterprise_id: Option<Uuid>,
    /// Or the project.
    pub project_id: Option<Uuid>,
    /// What it is called.
    pub name: String,
    /// Where it stands.
    pub place: String,
    /// How many people it is to serve.
    pub people: Option<i64>,
    /// Sampling teams.
    pub teams: Option<i64>,
    /// When it opens, `07:30`.
    pub opens: String,
    /// When it closes, `11:30`.
    pub closes: String,
    /// The disruption that it belongs to.
    pub disruption_id: Option<Uuid>,
}

/// What is done with a point.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum PointAct {
    /// It is applied for.
    Apply {},
    /// It is approved on its evidence.
    Approve {},
    /// It is sent back.
    SendBack {
        /// Why.
        reason: String,
    },
    /// It opens.
    Open {},
    /// It says that it is there, also on a day without samples.
    Report {},
    /// It is paused.
    Pause {
        /// Why.
        reason: String,
    },
    /// It goes on.
    Resume {},
    /// It is closed for good.
    Close {
        /// Why.
        reason: String,
    },
    /// It shows something.
    Show {
        /// Of what.
        kind: Evidence,
        /// What was seen, or where the paper is kept.
        text: String,
    },
    /// Its facts change. Where the site itself changes them, an approval falls.
    Change {
        /// Where it stands.
        place: String,
        /// How many people it is to serve.
        people: i64,
        /// Sampling teams.
        teams: i64,
        /// When it opens, `07:30`.
        opens: String,
        /// When it closes, `11:30`.
        closes: String,
    },
}

impl PointAct {
    /// The move that it is; none for what leaves the state to the desk.
    pub const fn does(&self) -> Option<PointMove> {
        Some(match self {
            Self::Apply {} => PointMove::Apply,
            Self::Approve {} => PointMove::Approve,
            Self::SendBack { .. } => PointMove::SendBack,
            Self::Open {} => PointMove::Open,
            Self::Report {} => PointMove::Report,
            Self::Pause { .. } => PointMove::Pause,
            Self::Resume {} => PointMove::Resume,
            Self::Close { .. } => PointMove::Close,
            Self::Show { .. } | Self::Change { .. } => return None,
        })
    }
}

// ---- rounds --------------------------------------------------------------------------------

words! {
    /// What everybody on the list has to do.
    pub enum RoundKind {
        /// 采样检测
        Screening = "screening",
        /// 安全培训
        SafetyTraining = "safety_training",
        /// 健康检查
        HealthCheck = "health_check",
    }
}

impl RoundKind {
    /// Whether it is done by samples in tubes; otherwise people are ticked.
    pub const fn has_tubes(self) -> bool {
        matches!(self, Self::Screening)
    }
}

words! {
    /// How a round stands.
    pub enum RoundState {
        /// 进行中
        Open = "open",
        /// 已结束
        Closed = "closed",
    }
}

words! {
    /// How somebody on a list stands, without what came of his sample.
    pub enum PersonState {
        /// 应检
        Due = "due",
        /// 免检
        Exempt = "exempt",
        /// 已预约
        Booked = "booked",
        /// 已检
        Done = "done",
    }
}

impl PersonState {
    /// Whether he still has to come.
    pub const fn is_missing(self) -> bool {
        matches!(self, Self::Due | Self::Booked)
    }

    /// Whether he can be exempted, booked or ticked: who was sampled stays so.
    pub const fn may_become(self, next: Self) -> bool {
        match next {
            Self::Due => matches!(self, Self::Exempt | Self::Booked),
            Self::Exempt | Self::Done => self.is_missing(),
            Self::Booked => matches!(self, Self::Due | Self::Booked),
        }
    }
}

words! {
    /// What the laboratory says of a tube.
    pub enum TubeResult {
        /// 阴性
        Negative = "negative",
        /// 阳性
        Positive = "positive",
        /// 结果不明
        Unclear = "unclear",
        /// 未检
        NotDone = "not_done",
    }
}

words! {
    /// What that means for somebody whose sample was in it.
    pub enum Outcome {
        /// 阴性
        Negative = "negative",
        /// 阳性
        Positive = "positive",
        /// 待复核
        Recheck = "recheck",
    }
}

/// What a tube's result means for each of so many people in it: a mixed tube that is not
/// negative calls each for a tube of his own, and so does one that says nothing.
pub const fn outcome(result: TubeResult, people: i64) -> Outcome {
    match result {
        TubeResult::Negative => Outcome::Negative,
        TubeResult::Positive if people == 1 => Outcome::Positive,
        TubeResult::Positive | TubeResult::Unclear | TubeResult::NotDone => Outcome::Recheck,
    }
}

words! {
    /// How a tube stands.
    pub enum TubeState {
        /// 采样中
        Filling = "filling",
        /// 已交接
        Handed = "handed",
        /// 已出结果
        Resulted = "resulted",
    }
}

/// Whether so many more fit into a tube.
pub const fn fits(filled: i64, more: i64, pool: i64) -> bool {
    more > 0 && filled + more <= pool
}

/// Done out of those who must, with both numbers kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Share {
    /// Done.
    pub done: i64,
    /// On the list less exempt.
    pub of: i64,
}

impl Share {
    /// In percent to one place, cut and never rounded up to 100; none without a denominator.
    pub fn percent(self) -> Option<String> {
        let tenths = (self.done * 1000).checked_div(self.of)?;
        Some(format!("{}.{}%", tenths / 10, tenths % 10))
    }

    /// Whether nobody is missing.
    pub const fn is_whole(self) -> bool {
        self.done >= self.of
    }
}

/// Coverage at the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DayShare {
    /// The day.
    pub day: Day,
    /// Done on that day alone.
    pub on_day: i64,
    /// Done until its end, out of those who must.
    pub share: Share,
}

/// Coverage by day: each day on which something was done, and how far the round was by its
/// end. `of` is the list less who is exempt.
pub fn by_day(mut days: Vec<Day>, of: i64) -> Vec<DayShare> {
    days.sort_unstable();
    let mut all: Vec<DayShare> = Vec::new();
    for (n, day) in (1..).zip(days) {
        match all.last_mut() {
            Some(last) if last.day == day => {
                last.on_day += 1;
                last.share.done = n;
            }
            _ => all.push(DayShare { day, on_day: 1, share: Share { done: n, of } }),
        }
    }
    all
}

/// A round: everybody on a list must have done something by a time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Round {
    /// Key.
    pub id: Uuid,
    /// Its number, such as LC-20261130-0001.
    pub number: String,
    /// What everybody has to do.
    pub kind: RoundKind,
    /// What it is called.
    pub title: String,
    /// When it begins.
    pub starts_at: Time,
    /// By when everybody must have done it.
    pub ends_at: Time,
    /// People in one tube, usually.
    pub pool_size: i64,
    /// Where the tubes go.
    pub lab: Option<String>,
    /// How it stands.
    pub state: RoundState,
    /// When it was closed.
    pub closed_at: Option<Time>,
    /// Why it was closed though people were missing.
    pub reason: Option<String>,
    /// The disruption that it belongs to.
    pub disruption_id: Option<Uuid>,
    /// Its name.
    pub disruption_name: Option<String>,
    /// Whether that is an exercise.
    pub exercise: Option<bool>,
    /// People on the list, as far as the reader reaches.
    pub people: i64,
    /// Of them exempt.
    pub exempt: i64,
    /// Of them done.
    pub done: i64,
    /// When it was made.
    pub made_at: Time,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Round {
    id,
    number,
    kind,
    title,
    starts_at,
    ends_at,
    pool_size,
    lab,
    state,
    closed_at,
    reason,
    disruption_id,
    disruption_name,
    exercise,
    people,
    exempt,
    done,
    made_at,
    version,
});

impl Round {
    /// How far it is.
    pub const fn share(&self) -> Share {
        Share { done: self.done, of: self.people - self.exempt }
    }

    /// Who is missing.
    pub const fn missing(&self) -> i64 {
        self.people - self.exempt - self.done
    }

    /// Whether it runs.
    pub fn is_open(&self) -> bool {
        self.state == RoundState::Open
    }

    /// What its list needs.
    pub const fn needs(&self) -> Needs {
        Needs::of(self.people - self.exempt, self.pool_size)
    }

    /// By when, as a due time is shown.
    pub fn due(&self) -> Option<Time> {
        Some(self.ends_at)
    }
}

/// The list of one enterprise, project or subcontractor in a round, in numbers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Part {
    /// Whose people they are.
    pub subject_kind: SubjectKind,
    /// Its key.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject_name: Option<String>,
    /// Their subcontractor (分包单位), if they are not of the subject itself.
    pub unit: Option<String>,
    /// On the list.
    pub people: i64,
    /// Exempt.
    pub exempt: i64,
    /// Done.
    pub done: i64,
    /// Sampled at its own point: so many trips were not made.
    pub on_site: i64,
}

from_row!(Part { subject_kind, subject_id, subject_name, unit, people, exempt, done, on_site });

impl Part {
    /// How far it is.
    pub const fn share(&self) -> Share {
        Share { done: self.done, of: self.people - self.exempt }
    }
}

/// A tube, without what the laboratory said of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Tube {
    /// Key.
    pub id: Uuid,
    /// The code on it.
    pub code: String,
    /// The point.
    pub point_id: Uuid,
    /// Its name.
    pub point_name: Option<String>,
    /// How many may be in it.
    pub pool_size: i64,
    /// How many are in it.
    pub filled: i64,
    /// How it stands.
    pub state: TubeState,
    /// When it was begun.
    pub made_at: Time,
    /// To whom it was handed over.
    pub handed_to: Option<String>,
    /// When.
    pub handed_at: Option<Time>,
    /// When the laboratory answered.
    pub result_at: Option<Time>,
}

from_row!(Tube { id, code, point_id, point_name, pool_size, filled, state, made_at, handed_to, handed_at, result_at });

/// A round with everything that the reader may know.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FullRound {
    /// The round.
    #[serde(flatten)]
    pub round: Round,
    /// Its lists in numbers.
    pub parts: Vec<Part>,
    /// Coverage by day.
    pub days: Vec<DayShare>,
    /// Its newest tubes.
    pub tubes: Vec<Tube>,
    /// What the list needs.
    pub needs: Needs,
    /// People sampled where they work: trips that were not made.
    pub on_site: i64,
    /// Whether the reader adds to lists and fills tubes.
    pub keeps: bool,
    /// Whether the reader writes down results and closes it.
    pub leads: bool,
}

impl Versioned for FullRound {
    fn version(&self) -> i64 {
        self.round.version
    }
}

/// Somebody who is missing, as his own enterprise and its officer are told.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Missing {
    /// Key on the list.
    pub id: Uuid,
    /// His name, and the number that he goes by.
    pub name: String,
    /// Number at work, if the list has one.
    pub no: Option<String>,
    /// Short name of his enterprise or project.
    pub subject_name: String,
    /// His subcontractor.
    pub unit: Option<String>,
    /// When he is to come.
    pub slot_at: Option<Time>,
    /// Whether he is called again, for a tube of his own.
    pub recheck: bool,
}

/// Somebody on a list with what came of it, for who gave a reason.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Named {
    /// Key on the list.
    pub id: Uuid,
    /// His name.
    pub name: String,
    /// Number at work.
    pub no: Option<String>,
    /// Short name of his enterprise or project.
    pub subject_name: String,
    /// His subcontractor.
    pub unit: Option<String>,
    /// How he stands.
    pub state: PersonState,
    /// Why he is exempt.
    pub reason: Option<String>,
    /// When he is to come.
    pub slot_at: Option<Time>,
    /// When it was done.
    pub done_at: Option<Time>,
    /// What came of it.
    pub outcome: Option<Outcome>,
}

/// A new round.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRound {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// What everybody has to do.
    pub kind: RoundKind,
    /// What it is called.
    pub title: String,
    /// When it begins; now when absent.
    pub starts_at: Option<Time>,
    /// By when everybody must have done it.
    pub ends_at: Option<Time>,
    /// People in one tube, usually: 1, 5, 10 or 20; 10 when absent.
    pub pool_size: Option<i64>,
    /// Where the tubes go.
    pub lab: Option<String>,
    /// The disruption that it belongs to.
    pub disruption_id: Option<Uuid>,
}

/// What is done with a round.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum RoundAct {
    /// Somebody is exempt.
    Exempt {
        /// Whose list.
        enterprise_id: Option<Uuid>,
        /// Or the project's.
        project_id: Option<Uuid>,
        /// Name or number.
        person: String,
        /// Why.
        reason: String,
    },
    /// All of a list who are due are given a time.
    Book {
        /// Whose list.
        enterprise_id: Option<Uuid>,
        /// Or the project's.
        project_id: Option<Uuid>,
        /// When the first come.
        first_at: Time,
        /// Minutes of a slot.
        minutes: i64,
        /// Teams that take samples at the same time.
        teams: i64,
    },
    /// A tube goes to the laboratory.
    HandOver {
        /// Which.
        code: String,
        /// To whom.
        to: String,
    },
    /// What the laboratory says of a tube.
    Result {
        /// Which.
        code: String,
        /// What.
        result: TubeResult,
    },
    /// The round is over.
    Close {
        /// Why, when people are missing.
        reason: Option<String>,
    },
}

/// People who were sampled, or ticked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSamples {
    /// The round.
    pub round_id: Uuid,
    /// The point at which; rounds without tubes have none.
    pub point_id: Option<Uuid>,
    /// Who took the samples: somebody whose certificate holds today.
    pub sampler_id: Option<Uuid>,
    /// How many may be in a tube that is begun; the round's usual number when absent.
    pub pool_size: Option<i64>,
    /// Of whose list they are, where two lists know the same name.
    pub enterprise_id: Option<Uuid>,
    /// Or the project's.
    pub project_id: Option<Uuid>,
    /// The code of the tube that everybody below is in. When absent each line begins with
    /// its own code.
    pub code: Option<String>,
    /// One person a line: name or number; before it the code where none is said above.
    pub lines: String,
}

/// A list of people, as it was pasted or stood in a sheet.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoster {
    /// The round.
    pub round_id: Uuid,
    /// Whose people they are.
    pub enterprise_id: Option<Uuid>,
    /// Or the project's.
    pub project_id: Option<Uuid>,
    /// The list: a head of columns (姓名, 工号, 分包单位, 免检原因) with rows, or names alone.
    pub text: String,
}

/// A row that was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fault {
    /// The row, as a spreadsheet counts it.
    pub row: i64,
    /// The column: its letter, or 0 for the whole row.
    pub column: String,
    /// Why; the text is `screening-fault-<code>`.
    pub code: &'static str,
    /// What stands there; never kept.
    pub text: String,
}

/// What came of many rows.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Taken {
    /// Rows that were taken.
    pub kept: i64,
    /// Rows that were not.
    pub faults: Vec<Fault>,
}

/// What happens by itself.
pub fn kinds() -> Vec<worker::Kind> {
    vec![worker::Kind {
        name: "screening.silence",
        schedule: Some(Schedule::DailyAt(8 * 60)),
        task: |app, zone, _| Box::pin(async move { desk::silence(&app, zone).await.map(drop) }),
    }]
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Day {
        Day::read(text).expect("a day")
    }

    #[test]
    fn what_so_many_people_need() {
        for (people, pool, samplers, desks, points, tubes) in [
            (0, 10, 0, 0, 0, 0),
            (1, 10, 1, 1, 1, 1),
            (360, 10, 1, 1, 1, 36),
            (361, 20, 2, 1, 1, 19),
            (700, 1, 2, 1, 1, 700),
            (701, 5, 2, 2, 1, 141),
            (3001, 10, 9, 5, 2, 301),
        ] {
            assert_eq!(Needs::of(people, pool), Needs { samplers, desks, points, tubes }, "{people} people");
        }
    }

    #[test]
    fn what_a_point_takes_in_its_hours() {
        for (teams, minutes, people) in [(1, DAY_MINUTES, 1800), (1, 240, 300), (2, 60, 150), (3, 0, 0)] {
            assert_eq!(capacity(teams, minutes), people, "{teams} teams, {minutes} minutes");
        }
        assert_eq!(minutes_for(300, 1), 240);
        assert_eq!(minutes_for(301, 1), 241);
        assert_eq!(minutes_for(0, 2), 0);
    }

    #[test]
    fn a_certificate_holds_from_day_to_day() {
        let mut one = Candidate {
            id: Uuid::nil(),
            subject_kind: SubjectKind::Enterprise,
            subject_id: Uuid::nil(),
            subject_name: None,
            name: "李女士".into(),
            background: Background::Studied,
            background_note: None,
            consented_on: day("2026-03-01"),
            state: CandidateState::Passed,
            training_id: None,
            training_number: None,
            attended: Some(true),
            score: None,
            certificate_no: Some("PA-1".into()),
            valid_from: Some(day("2026-03-31")),
            valid_to: Some(valid_to(day("2026-03-31"), 12)),
            reason: None,
            made_at: Time::default(),
            version: 1,
        };
        for (on, stands) in [
            ("2026-03-30", Standing::NotYet),
            ("2026-03-31", Standing::Valid),
            ("2027-03-30", Standing::Valid),
            ("2027-03-31", Standing::Expired),
        ] {
            assert_eq!(one.standing(day(on)), stands, "{on}");
        }
        one.state = CandidateState::Withdrawn;
        assert_eq!(one.standing(day("2026-05-01")), Standing::None, "who withdrew takes no samples");
        for (from, months, to) in
            [("2026-01-31", 1, "2026-02-27"), ("2026-11-30", 12, "2027-11-29"), ("2026-01-01", 0, "2026-01-31")]
        {
            assert_eq!(valid_to(day(from), months), day(to), "{months} months from {from}");
        }
    }

    #[test]
    fn who_was_not_there_does_not_pass() {
        assert_eq!(result_of(true, true), Some(CandidateState::Passed));
        assert_eq!(result_of(true, false), Some(CandidateState::Failed));
        assert_eq!(result_of(false, false), Some(CandidateState::Failed));
        assert_eq!(result_of(false, true), None);
    }

    #[test]
    fn a_point_goes_its_way() {
        let (site, decider) = (&[Side::Site][..], &[Side::Decider][..]);
        for (from, does, sides, to) in [
            (P::Suggested, PointMove::Apply, site, Some(P::Applied)),
            (P::Applied, PointMove::Approve, site, None),
            (P::Applied, PointMove::Approve, decider, Some(P::Approved)),
            (P::Applied, PointMove::SendBack, decider, Some(P::Suggested)),
            (P::Suggested, PointMove::Approve, decider, None),
            (P::Suggested, PointMove::Open, site, None),
            (P::Applied, PointMove::Open, site, None),
            (P::Approved, PointMove::Open, site, Some(P::Open)),
            (P::Open, PointMove::Report, site, Some(P::Open)),
            (P::Paused, PointMove::Report, site, None),
            (P::Open, PointMove::Pause, site, Some(P::Paused)),
            (P::Paused, PointMove::Resume, site, None),
            (P::Paused, PointMove::Resume, decider, Some(P::Open)),
            (P::Paused, PointMove::Close, decider, Some(P::Closed)),
        ] {
            assert_eq!(point_moved(from, does, sides), to, "{does} of a point that is {from}");
        }
        for does in PointMove::ALL {
            assert!(point_moved(P::Closed, *does, &[Side::Site, Side::Decider]).is_none(), "{does} of a closed point");
            assert!(P::ALL.iter().all(|from| point_moved(*from, *does, &[]).is_none()), "{does} by nobody");
        }
        assert_eq!(POINT_MOVES.len(), PointMove::ALL.len());
    }

    #[test]
    fn a_point_shows_everything_before_it_is_approved() {
        assert_eq!(lacking(Evidence::ALL), []);
        assert_eq!(lacking(&Evidence::ALL[1..]), [Evidence::Register]);
        assert_eq!(lacking(&[]).len(), 7);
    }

    #[test]
    fn a_silent_point_is_warned_and_then_paused() {
        for (heard, what) in [
            ("2026-11-30", Silence::None),
            ("2026-11-28", Silence::None),
            ("2026-11-27", Silence::Warn),
            ("2026-11-24", Silence::Warn),
            ("2026-11-23", Silence::Pause),
            ("2026-12-01", Silence::None),
        ] {
            assert_eq!(silence(day(heard), day("2026-11-30")), what, "last heard of on {heard}");
        }
    }

    #[test]
    fn what_a_tube_says_of_its_people() {
        for (result, people, means) in [
            (TubeResult::Negative, 10, Outcome::Negative),
            (TubeResult::Positive, 10, Outcome::Recheck),
            (TubeResult::Positive, 1, Outcome::Positive),
            (TubeResult::Unclear, 1, Outcome::Recheck),
            (TubeResult::NotDone, 5, Outcome::Recheck),
        ] {
            assert_eq!(outcome(result, people), means, "{result} of {people}");
        }
    }

    #[test]
    fn who_was_sampled_stays_so() {
        use PersonState as S;
        for (from, to, may) in [
            (S::Due, S::Exempt, true),
            (S::Due, S::Booked, true),
            (S::Booked, S::Booked, true),
            (S::Booked, S::Done, true),
            (S::Exempt, S::Done, false),
            (S::Exempt, S::Due, true),
            (S::Done, S::Done, false),
            (S::Done, S::Exempt, false),
            (S::Done, S::Due, false),
        ] {
            assert_eq!(from.may_become(to), may, "{from} to {to}");
        }
    }

    #[test]
    fn coverage_keeps_both_numbers() {
        for (done, of, said) in [
            (0, 0, None),
            (0, 3, Some("0.0%")),
            (1, 3, Some("33.3%")),
            (1999, 2000, Some("99.9%")),
            (3, 3, Some("100.0%")),
        ] {
            assert_eq!(Share { done, of }.percent().as_deref(), said, "{done} of {of}");
        }
        let days = ["2026-11-02", "2026-11-01", "2026-11-02"].map(day).to_vec();
        let told: Vec<_> = by_day(days, 4).into_iter().map(|d| (d.day.to_string(), d.on_day, d.share.done)).collect();
        assert_eq!(told, [("2026-11-01".to_owned(), 1, 1), ("2026-11-02".to_owned(), 2, 3)]);
    }

    #[test]
    fn hours_are_read_as_people_write_them() {
        for (text, minutes) in
            [("07:30", Some(450)), ("7：05", Some(425)), ("24:00", Some(1440)), ("7", None), ("9:60", None)]
        {
            assert_eq!(read_clock(text), minutes, "{text}");
        }
        assert_eq!(clock(450), "07:30");
    }

    #[test]
    fn a_clock_is_read_and_nothing_that_is_none() {
        for (text, minutes) in [
            ("07:30", Some(450)),
            ("7：05", Some(425)),
            ("24:00", Some(1440)),
            ("24:01", None),
            ("12:60", None),
            ("-1:00", None),
            ("999999999999999999:00", None),
            ("noon", None),
        ] {
            assert_eq!(read_clock(text), minutes, "{text}");
        }
    }

    proptest! {
        /// However people come, no tube ever holds more than it may.
        #[test]
        fn a_tube_never_overfills(pool in prop::sample::select(POOLS), groups in prop::collection::vec(-3_i64..30, 0..40)) {
            let mut filled = 0;
            for more in groups {
                if fits(filled, more, pool) {
                    filled += more;
                }
                prop_assert!((0..=pool).contains(&filled));
            }
        }

        /// Tubes of the formula hold everybody, and one less would not.
        #[test]
        fn as_many_tubes_as_are_needed(people in 1_i64..100_000, pool in prop::sample::select(POOLS)) {
            let tubes = Needs::of(people, pool).tubes;
            prop_assert!(tubes * pool >= people && (tubes - 1) * pool < people);
        }

        /// In no slot come more than the teams take, and everybody has one.
        #[test]
        fn a_slot_holds_what_the_teams_take(n in 0_usize..600, teams in 1_i64..5, minutes in 10_i64..120) {
            let all = slots(n, teams, Time::default(), minutes);
            prop_assert_eq!(all.len(), n);
            let most = capacity(teams, minutes).max(1);
            for at in &all {
                let together = all.iter().filter(|other| *other == at).count();
                prop_assert!(i64::try_from(together).unwrap_or(i64::MAX) <= most);
            }
        }

        /// Coverage never falls, ends with everybody who was done, and its days add up.
        #[test]
        fn coverage_by_day_adds_up(offsets in prop::collection::vec(0_i32..20, 0..60)) {
            let first = day("2026-11-01");
            let days: Vec<Day> = offsets.iter().map(|n| Day(first.0.saturating_add(n.days()))).collect();
            let n = i64::try_from(days.len()).unwrap_or_default();
            let all = by_day(days, n);
            prop_assert_eq!(all.iter().map(|d| d.on_day).sum::<i64>(), n);
            prop_assert!(all.windows(2).all(|two| two[0].day < two[1].day && two[0].share.done < two[1].share.done));
            prop_assert_eq!(all.last().map_or(0, |d| d.share.done), n);
        }
    }
}
