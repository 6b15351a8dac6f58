//! 三不停: disruptions, and for every enterprise and project the lights of
//! production, works and transport. At risk is not stopped.

mod api;
pub mod desk;
mod pages;
mod store;

use crate::error::{Check, FieldError, Result};
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::patch::Patch;
use crate::subject::SubjectKind;
use crate::time::{DAY_MS, Day, Time};
use crate::words;
use ::store::from_row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

words! {
    /// What may stop.
    pub enum Line {
        /// 生产（不停产）
        Production = "production",
        /// 施工（不停工）
        Works = "works",
        /// 运输（不停运）
        Transport = "transport",
    }
}

words! {
    /// How a line stands.
    pub enum State {
        /// 正常
        Running = "running",
        /// 减产、部分施工、运输受限
        Reduced = "reduced",
        /// 有停产（停工、停运）风险: still going
        AtRisk = "at_risk",
        /// 停产、停工、停运
        Stopped = "stopped",
        /// 歇业备案
        SuspendedFiled = "suspended_filed",
        /// 未报
        Unknown = "unknown",
        /// 不涉及
        NotApplicable = "not_applicable",
    }
}

impl State {
    /// The states that counts have a column for.
    pub const SHOWN: &'static [Self] =
        &[Self::Running, Self::Reduced, Self::AtRisk, Self::Stopped, Self::SuspendedFiled, Self::Unknown];

    /// How bad it is; the worst comes first on the board. What nobody has
    /// reported comes before what is known to be well.
    pub const fn severity(self) -> u8 {
        match self {
            Self::Stopped => 6,
            Self::AtRisk => 5,
            Self::Reduced => 4,
            Self::Unknown => 3,
            Self::Running => 2,
            Self::SuspendedFiled => 1,
            Self::NotApplicable => 0,
        }
    }

    /// Whether somebody has to help.
    pub const fn is_trouble(self) -> bool {
        matches!(self, Self::Reduced | Self::AtRisk | Self::Stopped)
    }

    /// Whether the line goes on, fully or in part (不停产率 counts these).
    pub const fn goes_on(self) -> bool {
        matches!(self, Self::Running | Self::Reduced)
    }

    /// Whether the line counts at all: one that was filed as suspended or does
    /// not exist can neither stop nor go on.
    pub const fn is_applicable(self) -> bool {
        !matches!(self, Self::SuspendedFiled | Self::NotApplicable)
    }

    /// Whether a step from `self` to `next` is bad news that must be told at once.
    pub const fn worsens_to(self, next: Self) -> bool {
        next.is_trouble() && next.severity() > self.severity()
    }

    /// Whether a step from `self` to `next` is a change worth showing. The first
    /// word that all is well, or that a line does not exist, is none.
    pub const fn changes_to(self, next: Self) -> bool {
        match (self, next) {
            (Self::Unknown | Self::NotApplicable, Self::Running | Self::NotApplicable | Self::Unknown) => false,
            (a, b) => a as u8 != b as u8,
        }
    }
}

impl Line {
    /// The lines a subject of that kind has, in the order of the board.
    pub const fn of(kind: SubjectKind) -> &'static [Self] {
        match kind {
            SubjectKind::Enterprise => &[Self::Production, Self::Works, Self::Transport],
            SubjectKind::Project => &[Self::Works, Self::Transport],
            SubjectKind::Carrier => &[],
        }
    }

    /// How a line stands as long as nobody has said anything: few enterprises
    /// build, so their works are not asked for.
    pub const fn unsaid(self, kind: SubjectKind) -> State {
        match (kind, self) {
            (SubjectKind::Enterprise, Self::Works) => State::NotApplicable,
            _ => State::Unknown,
        }
    }
}

words! {
    /// Who or what said how a line stands.
    pub enum Source {
        /// 企业自报
        Enterprise = "enterprise",
        /// 项目方自报
        Project = "project",
        /// 工作人员
        Officer = "officer",
        /// 走访
        Visit = "visit",
        /// A rule or import of the program.
        Rule = "rule",
    }
}

words! {
    /// Why a line is in trouble.
    pub enum Cause {
        /// 防疫要求（封闭、管控）
        ControlRule = "control_rule",
        /// 核酸检测采样不便
        Sampling = "sampling",
        /// 物流运输受阻
        Logistics = "logistics",
        /// 道路封闭
        RoadClosure = "road_closure",
        /// 人员不到位
        Staff = "staff",
        /// 原材料短缺
        RawMaterial = "raw_material",
        /// 停电、限电
        Power = "power",
        /// 停水、停气
        WaterGas = "water_gas",
        /// 设备故障
        Equipment = "equipment",
        /// 天气、积水
        Weather = "weather",
        /// 审批手续
        Permit = "permit",
        /// 订单不足
        Orders = "orders",
        /// 资金
        Funds = "funds",
        /// 安全生产
        Safety = "safety",
        /// 其他
        Other = "other",
    }
}

words! {
    /// Kinds of measures against a stop.
    pub enum MeasureKind {
        /// 自建采样点
        OwnSamplingPoint = "own_sampling_point",
        /// 上门采样
        MobileSampling = "mobile_sampling",
        /// 场内暂存
        OnSiteStockpile = "on_site_stockpile",
        /// 先用库存
        ConsumeStockFirst = "consume_stock_first",
        /// 绕行、改道
        SubstituteRoute = "substitute_route",
        /// 场外接驳
        Transfer = "transfer",
        /// 替代供应
        SubstituteSupplier = "substitute_supplier",
        /// 驻厂食宿
        OnSiteHousing = "on_site_housing",
        /// 错峰、调整工序
        Reschedule = "reschedule",
        /// 临时供电
        TemporaryPower = "temporary_power",
        /// 排水、抽水
        Pumping = "pumping",
        /// 协调部门
        Coordinate = "coordinate",
        /// 其他
        Other = "other",
    }
}

impl Cause {
    /// Measures that have helped against this cause, the likeliest first.
    /// Coordination and the open entry are always offered.
    pub fn measures(self) -> Vec<MeasureKind> {
        use MeasureKind as M;
        let own: &[M] = match self {
            Self::ControlRule => {
                &[M::OnSiteStockpile, M::ConsumeStockFirst, M::OnSiteHousing, M::Transfer, M::Reschedule]
            }
            Self::Sampling => &[M::OwnSamplingPoint, M::MobileSampling, M::OnSiteHousing],
            Self::Logistics => &[M::Transfer, M::SubstituteRoute, M::ConsumeStockFirst, M::OnSiteStockpile],
            Self::RoadClosure => &[M::SubstituteRoute, M::Transfer, M::OnSiteStockpile],
            Self::Staff => &[M::OnSiteHousing, M::Reschedule],
            Self::RawMaterial => &[M::ConsumeStockFirst, M::SubstituteSupplier, M::Reschedule],
            Self::Power => &[M::TemporaryPower, M::Reschedule],
            Self::WaterGas => &[M::SubstituteSupplier, M::Reschedule],
            Self::Equipment => &[M::SubstituteSupplier, M::Reschedule],
            Self::Weather => &[M::Pumping, M::Reschedule, M::SubstituteRoute],
            Self::Orders | Self::Funds | Self::Permit | Self::Safety | Self::Other => &[],
        };
        own.iter().copied().chain([M::Coordinate, M::Other]).collect()
    }
}

words! {
    /// How far a measure is.
    pub enum MeasureState {
        /// 拟采取
        Planned = "planned",
        /// 实施中
        InForce = "in_force",
        /// 已完成
        Done = "done",
        /// 已放弃
        Dropped = "dropped",
    }
}

words! {
    /// What a measure brought.
    pub enum Effect {
        /// 恢复正常、未停
        KeptGoing = "kept_going",
        /// 有所缓解
        Better = "better",
        /// 没有效果
        None = "none",
        /// 反而更糟
        Worse = "worse",
    }
}

words! {
    /// Kinds of disruption (manual 7.4).
    pub enum DisruptionKind {
        /// 疫情
        Epidemic = "epidemic",
        /// 洪涝
        Flood = "flood",
        /// 台风
        Typhoon = "typhoon",
        /// 雨雪冰冻
        SnowIce = "snow_ice",
        /// 地震
        Earthquake = "earthquake",
        /// 停电
        PowerCut = "power_cut",
        /// 停水停气
        WaterGasCut = "water_gas_cut",
        /// 物流受阻
        Logistics = "logistics",
        /// 道路封闭
        RoadClosure = "road_closure",
        /// 供应链中断
        SupplyChain = "supply_chain",
        /// 火灾
        Fire = "fire",
        /// 危化品事故
        Hazmat = "hazmat",
        /// 其他
        Other = "other",
    }
}

words! {
    /// How far a disruption has come.
    pub enum DisruptionState {
        /// 关注
        Watching = "watching",
        /// 预警
        Warned = "warned",
        /// 响应中
        Responding = "responding",
        /// 恢复中
        Recovering = "recovering",
        /// 已结束
        Closed = "closed",
    }
}

words! {
    /// Warning colours; red is the first level (突发事件应对法 §63).
    pub enum WarningColour {
        /// 红色（一级）
        Red = "red",
        /// 橙色（二级）
        Orange = "orange",
        /// 黄色（三级）
        Yellow = "yellow",
        /// 蓝色（四级）
        Blue = "blue",
    }
}

words! {
    /// How clocks of work under a disruption run.
    pub enum ClockMode {
        /// By working days and office hours.
        Office = "office",
        /// Day and night, rest days included.
        Hours24 = "hours24",
    }
}

impl Disruption {
    /// The hours that count for what is under it: an exercise and what has ended
    /// change none.
    pub fn hours(&self) -> crate::clock::ClockMode {
        match self.clock_mode {
            ClockMode::Hours24 if !self.exercise && self.ended_at.is_none() => crate::clock::ClockMode::Hours24,
            _ => crate::clock::ClockMode::Office,
        }
    }
}

/// How far the last word on a line can still be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// Recent.
    Fresh,
    /// Worth asking again.
    Ageing,
    /// Too old to rely on.
    Stale,
    /// Nobody has said anything yet.
    Never,
}

impl Freshness {
    /// Trouble grows old within days, calm within weeks; while a disruption runs
    /// everything within days. What was filed or does not exist stays.
    pub fn of(state: State, said_at: Option<Time>, now: Time, emergency: bool) -> Self {
        let Some(said_at) = said_at else {
            return if state == State::NotApplicable { Self::Fresh } else { Self::Never };
        };
        let (fresh, stale) = match state {
            State::NotApplicable | State::SuspendedFiled => (90, 180),
            _ if emergency || state.is_trouble() => (1, 3),
            _ => (7, 14),
        };
        match (now.ms() - said_at.ms()).max(0) / DAY_MS {
            days if days < fresh => Self::Fresh,
            days if days < stale => Self::Ageing,
            _ => Self::Stale,
        }
    }

    /// The word in class names and locale keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Ageing => "ageing",
            Self::Stale => "stale",
            Self::Never => "never",
        }
    }
}

impl std::fmt::Display for Freshness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// The word on one line of a subject at some time. Without `id` nobody has said
/// anything and `state` is what holds until then.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Light {
    /// Key of the word; null when nobody has said anything.
    pub id: Option<Uuid>,
    /// What the subject is.
    pub subject_kind: SubjectKind,
    /// The subject.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject_name: String,
    /// What may stop.
    pub line: Line,
    /// How it stands.
    pub state: State,
    /// What it was before this word.
    pub was: State,
    /// For `reduced`: to how many per cent.
    pub reduced_to: Option<i64>,
    /// Why, in words.
    pub cause: Option<String>,
    /// Why, as a class.
    pub cause_kind: Option<Cause>,
    /// Since when the line stands so.
    pub since: Option<Time>,
    /// When it is expected to run again.
    pub expected_recovery_at: Option<Time>,
    /// The measure that turned it.
    pub measure_id: Option<Uuid>,
    /// That measure in words.
    pub measure_text: Option<String>,
    /// The kind of that measure.
    pub measure_kind: Option<MeasureKind>,
    /// Days that the measure saved.
    pub days_saved: Option<i64>,
    /// The disruption it belongs to.
    pub disruption_id: Option<Uuid>,
    /// Whether that disruption is an exercise (复盘演练).
    pub exercise: bool,
    /// The appeal it belongs to.
    pub appeal_id: Option<Uuid>,
    /// The visit in which it was said.
    pub visit_id: Option<Uuid>,
    /// Who said it.
    pub source: Option<Source>,
    /// The person who said it.
    pub said_by: Option<Uuid>,
    /// When it was said.
    pub at: Option<Time>,
    /// The word that this one repeats ("no change").
    pub same_as: Option<Uuid>,
}

from_row!(Light {
    id,
    subject_kind,
    subject_id,
    subject_name,
    line,
    state,
    was,
    reduced_to,
    cause,
    cause_kind,
    since,
    expected_recovery_at,
    measure_id,
    measure_text,
    measure_kind,
    days_saved,
    disruption_id,
    exercise,
    appeal_id,
    visit_id,
    source,
    said_by,
    at,
    same_as,
});

impl Light {
    /// The light of a line on which nobody has said anything.
    pub fn unsaid(kind: SubjectKind, subject_id: Uuid, subject_name: &str, line: Line) -> Self {
        let state = line.unsaid(kind);
        Self {
            id: None,
            subject_kind: kind,
            subject_id,
            subject_name: subject_name.to_owned(),
            line,
            state,
            was: state,
            reduced_to: None,
            cause: None,
            cause_kind: None,
            since: None,
            expected_recovery_at: None,
            measure_id: None,
            measure_text: None,
            measure_kind: None,
            days_saved: None,
            disruption_id: None,
            exercise: false,
            appeal_id: None,
            visit_id: None,
            source: None,
            said_by: None,
            at: None,
            same_as: None,
        }
    }

    /// The page on which its subject's lights are.
    pub fn href(&self) -> String {
        format!("{}/lights", self.subject_kind.href(self.subject_id))
    }

    /// How far the word can still be relied on.
    pub fn freshness(&self, now: &Time, emergency: &bool) -> Freshness {
        Freshness::of(self.state, self.at, *now, *emergency)
    }

    /// Whether the line is worth showing: said, or expected to be said.
    pub fn said_or_asked(&self) -> bool {
        self.id.is_some() || self.state.is_applicable()
    }

    /// Whether a measure keeps the line going that was in trouble before.
    pub fn kept_going(&self) -> bool {
        self.measure_id.is_some() && self.state.goes_on()
    }
}

impl Versioned for Light {
    /// A word is never changed.
    fn version(&self) -> i64 {
        1
    }
}

/// A new word on one line. Everything but line and state may stay out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLight {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// What may stop.
    pub line: Line,
    /// How it stands.
    pub state: State,
    /// For `reduced`: to how many per cent (1–99).
    pub reduced_to: Option<i64>,
    /// Why; needed when the line is in trouble.
    pub cause: Option<String>,
    /// Why, as a class.
    pub cause_kind: Option<Cause>,
    /// Since when; now, when absent.
    pub since: Option<Time>,
    /// When it is expected to run again.
    pub expected_recovery_at: Option<Time>,
    /// The measure that turned it.
    pub measure_id: Option<Uuid>,
    /// The disruption it belongs to.
    pub disruption_id: Option<Uuid>,
    /// The appeal it belongs to.
    pub appeal_id: Option<Uuid>,
}

impl NewLight {
    /// A word with nothing but line and state.
    pub fn new(line: Line, state: State) -> Self {
        Self {
            id: None,
            line,
            state,
            reduced_to: None,
            cause: None,
            cause_kind: None,
            since: None,
            expected_recovery_at: None,
            measure_id: None,
            disruption_id: None,
            appeal_id: None,
        }
    }

    /// With a cause in words.
    pub fn because(mut self, kind: Cause, cause: impl Into<String>) -> Self {
        self.cause_kind = Some(kind);
        self.cause = Some(cause.into());
        self
    }

    /// The word with its texts tidied, or everything that is wrong with it.
    /// `now` is the latest possible `since`.
    pub fn checked(mut self, kind: SubjectKind, now: Time) -> Result<Self> {
        let mut check = Check::new();
        check.that(Line::of(kind).contains(&self.line), "line", "line_of_subject");
        self.cause = check.opt_text("cause", self.cause.as_deref(), 500);
        if self.state.is_trouble() && self.cause.is_none() && !check.has("cause") {
            check.add(FieldError::new("cause", "required"));
        }
        match (self.state, self.reduced_to) {
            (State::Reduced, None) => {
                check.add(FieldError::new("reduced_to", "required"));
            }
            (State::Reduced, Some(1..=99)) | (_, None) => {}
            (State::Reduced, Some(_)) => {
                check.add(FieldError::new("reduced_to", "range").with("min", 1).with("max", 99));
            }
            (_, Some(_)) => {
                check.add(FieldError::new("reduced_to", "only_reduced"));
            }
        }
        let filed_line = self.state != State::SuspendedFiled || kind == SubjectKind::Enterprise;
        check.that(filed_line, "state", "filed_enterprise_only");
        check.that(self.since.is_none_or(|since| since <= now), "since", "in_future");
        if let Some(recovery) = self.expected_recovery_at {
            check.that(self.state.is_trouble(), "expected_recovery_at", "nothing_to_recover");
            check.that(recovery >= self.since.unwrap_or(now), "expected_recovery_at", "before_start");
        }
        check.that(self.measure_id.is_none() || self.state.goes_on(), "measure_id", "measure_turns");
        check.done()?;
        Ok(self)
    }
}

/// A measure against a stop.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Measure {
    /// Key.
    pub id: Uuid,
    /// What the subject is.
    pub subject_kind: SubjectKind,
    /// The subject.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject_name: String,
    /// The line it keeps going.
    pub line: Line,
    /// The cause it answers.
    pub cause_kind: Option<Cause>,
    /// The disruption it belongs to.
    pub disruption_id: Option<Uuid>,
    /// The appeal it belongs to.
    pub appeal_id: Option<Uuid>,
    /// What kind of measure.
    pub kind: MeasureKind,
    /// What is done.
    pub text: String,
    /// Who sees to it.
    pub owner_id: Option<Uuid>,
    /// That person's name.
    pub owner_name: Option<String>,
    /// Until when it is to be in place.
    pub due_at: Option<Time>,
    /// The rule in force that it must not break, and who checked it.
    pub rule: Option<String>,
    /// Where, how much.
    pub place: Option<String>,
    /// What it brought.
    pub effect: Option<Effect>,
    /// What it brought, in words.
    pub effect_text: Option<String>,
    /// What must still be done afterwards (the soil must still leave).
    pub later_duty: Option<String>,
    /// Until when.
    pub later_due_at: Option<Time>,
    /// When that was done.
    pub later_done_at: Option<Time>,
    /// Days of standstill that it saved.
    pub days_saved: Option<i64>,
    /// How far it is.
    pub state: MeasureState,
    /// When it was written down.
    pub created_at: Time,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Measure {
    id,
    subject_kind,
    subject_id,
    subject_name,
    line,
    cause_kind,
    disruption_id,
    appeal_id,
    kind,
    text,
    owner_id,
    owner_name,
    due_at,
    rule,
    place,
    effect,
    effect_text,
    later_duty,
    later_due_at,
    later_done_at,
    days_saved,
    state,
    created_at,
    ended_at,
    version,
});

impl Versioned for Measure {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Measure {
    /// The page of its subject's lights.
    pub fn lights_href(&self) -> String {
        format!("{}/lights", self.subject_kind.href(self.subject_id))
    }

    /// Whether the duty that it left is still open.
    pub fn duty_open(&self) -> bool {
        self.later_duty.is_some() && self.later_done_at.is_none() && self.state != MeasureState::Dropped
    }
}

/// A new measure.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMeasure {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// The enterprise; this or `project_id`.
    pub enterprise_id: Option<Uuid>,
    /// The project; this or `enterprise_id`.
    pub project_id: Option<Uuid>,
    /// The line it keeps going.
    pub line: Line,
    /// The cause it answers.
    pub cause_kind: Option<Cause>,
    /// The disruption it belongs to.
    pub disruption_id: Option<Uuid>,
    /// The appeal it belongs to.
    pub appeal_id: Option<Uuid>,
    /// What kind of measure.
    pub kind: MeasureKind,
    /// What is done.
    pub text: String,
    /// Who sees to it; the one who writes it down, when absent.
    pub owner_id: Option<Uuid>,
    /// Until when it is to be in place.
    pub due_at: Option<Time>,
    /// The rule in force that it must not break, and who checked it.
    pub rule: Option<String>,
    /// Where, how much.
    pub place: Option<String>,
    /// What must still be done afterwards.
    pub later_duty: Option<String>,
    /// Until when.
    pub later_due_at: Option<Time>,
}

/// A change of a measure.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MeasureChange {
    /// What is done.
    pub text: Option<String>,
    /// How far it is; `done` and `dropped` end it by closing.
    pub state: Option<MeasureState>,
    /// Who sees to it.
    pub owner_id: Patch<Uuid>,
    /// Until when it is to be in place.
    pub due_at: Patch<Time>,
    /// The rule in force.
    pub rule: Patch<String>,
    /// Where, how much.
    pub place: Patch<String>,
    /// What must still be done afterwards.
    pub later_duty: Patch<String>,
    /// Until when.
    pub later_due_at: Patch<Time>,
    /// When that was done.
    pub later_done_at: Patch<Time>,
}

/// The end of a measure.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasureEnd {
    /// What it brought.
    pub effect: Effect,
    /// In words.
    pub effect_text: Option<String>,
    /// Days of standstill that it saved.
    pub days_saved: Option<i64>,
    /// How the line stands now; with it the light is turned by the measure.
    pub light: Option<State>,
    /// Whether it was given up.
    #[serde(default)]
    pub dropped: bool,
}

/// A disruption: what threatens to stop production, works or transport.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Disruption {
    /// Key.
    pub id: Uuid,
    /// Number, such as SJ-20261124-0001.
    pub number: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: DisruptionKind,
    /// Grade, 1 特别重大 to 4 一般.
    pub grade: Option<i64>,
    /// Response level, 1 is the highest.
    pub response_level: Option<i64>,
    /// Warning colour.
    pub warning_colour: Option<WarningColour>,
    /// Whether it is an exercise (复盘演练).
    pub exercise: bool,
    /// How clocks of work under it run.
    pub clock_mode: ClockMode,
    /// Where.
    pub area: Option<String>,
    /// The document that declared it.
    pub source: Option<String>,
    /// How far it has come.
    pub state: DisruptionState,
    /// Since when.
    pub started_at: Time,
    /// When it is expected to end.
    pub expected_end_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// What was learnt at its end.
    pub lessons: Option<String>,
    /// When it was written down.
    pub created_at: Time,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Disruption {
    id,
    number,
    name,
    kind,
    grade,
    response_level,
    warning_colour,
    exercise,
    clock_mode,
    area,
    source,
    state,
    started_at,
    expected_end_at,
    ended_at,
    lessons,
    created_at,
    version,
});

impl Versioned for Disruption {
    fn version(&self) -> i64 {
        self.version
    }
}

/// A new disruption.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDisruption {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: DisruptionKind,
    /// Grade, 1 特别重大 to 4 一般.
    pub grade: Option<i64>,
    /// Response level, 1 is the highest.
    pub response_level: Option<i64>,
    /// Warning colour.
    pub warning_colour: Option<WarningColour>,
    /// Whether it is an exercise (复盘演练).
    #[serde(default)]
    pub exercise: bool,
    /// How clocks of work under it run; by office hours when absent.
    pub clock_mode: Option<ClockMode>,
    /// Where.
    pub area: Option<String>,
    /// The document that declared it.
    pub source: Option<String>,
    /// How far it has come; `responding` when absent.
    pub state: Option<DisruptionState>,
    /// Since when; now, when absent.
    pub started_at: Option<Time>,
    /// When it is expected to end.
    pub expected_end_at: Option<Time>,
}

/// A change of a disruption.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DisruptionChange {
    /// Name.
    pub name: Option<String>,
    /// How far it has come; it is closed by its own action.
    pub state: Option<DisruptionState>,
    /// Grade.
    pub grade: Patch<i64>,
    /// Response level.
    pub response_level: Patch<i64>,
    /// Warning colour.
    pub warning_colour: Patch<WarningColour>,
    /// How clocks run.
    pub clock_mode: Option<ClockMode>,
    /// Where.
    pub area: Patch<String>,
    /// The document that declared it.
    pub source: Patch<String>,
    /// When it is expected to end.
    pub expected_end_at: Patch<Time>,
}

/// The end of a disruption.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DisruptionEnd {
    /// When it ended; now, when absent.
    pub ended_at: Option<Time>,
    /// What was learnt.
    pub lessons: Option<String>,
}

/// How many of one line stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tally {
    /// 正常
    pub running: i64,
    /// 减产
    pub reduced: i64,
    /// 有停的风险
    pub at_risk: i64,
    /// 停了
    pub stopped: i64,
    /// 歇业备案
    pub suspended_filed: i64,
    /// 未报
    pub unknown: i64,
    /// 不涉及
    pub not_applicable: i64,
    /// Of those that go on: the ones that a measure keeps going.
    pub kept_going: i64,
}

impl Tally {
    /// Counts a light.
    pub fn add(&mut self, light: &Light) {
        *self.slot(light.state) += 1;
        if light.kept_going() {
            self.kept_going += 1;
        }
    }

    /// How many stand so.
    pub fn of(&self, state: State) -> i64 {
        let mut copy = *self;
        *copy.slot(state)
    }

    /// How many stand so, for templates.
    pub fn count(&self, state: &State) -> i64 {
        self.of(*state)
    }

    /// The denominator of 不停产率: lines that exist and are not filed as suspended.
    pub fn applicable(&self) -> i64 {
        self.running + self.reduced + self.at_risk + self.stopped + self.unknown
    }

    /// Its numerator: lines that go on, fully or in part.
    pub fn going_on(&self) -> i64 {
        self.running + self.reduced
    }

    /// 不停产率 with both numbers: `96/120 · 80.0%`; a dash when nothing counts.
    pub fn rate(&self) -> String {
        let (going_on, applicable) = (self.going_on(), self.applicable());
        if applicable == 0 {
            return "—".to_owned();
        }
        // Rounded half up in whole tenths of a per cent.
        let tenths = (going_on * 2000 + applicable) / (2 * applicable);
        format!("{going_on}/{applicable} · {}.{}%", tenths / 10, tenths % 10)
    }

    fn slot(&mut self, state: State) -> &mut i64 {
        match state {
            State::Running => &mut self.running,
            State::Reduced => &mut self.reduced,
            State::AtRisk => &mut self.at_risk,
            State::Stopped => &mut self.stopped,
            State::SuspendedFiled => &mut self.suspended_filed,
            State::Unknown => &mut self.unknown,
            State::NotApplicable => &mut self.not_applicable,
        }
    }
}

/// One row of counts: a line of enterprises or of projects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Enterprises or projects.
    pub subject_kind: SubjectKind,
    /// The line.
    pub line: Line,
    /// How many stand how.
    pub tally: Tally,
}

impl Counts {
    /// The query under which the board lists those that stand so.
    pub fn query(&self, state: &State) -> String {
        format!("kind={}&line={}&state={state}", self.subject_kind, self.line)
    }
}

/// One subject on the board.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Tile {
    /// What it is.
    pub kind: SubjectKind,
    /// Its key.
    pub id: Uuid,
    /// Its short name.
    pub name: String,
    /// Whether it is a key enterprise (重点).
    pub key: bool,
    /// Whether a line changed on that day.
    pub changed: bool,
    /// Its lights, one per line.
    pub lights: Vec<Light>,
}

impl Tile {
    /// The page of the subject.
    pub fn href(&self) -> String {
        self.kind.href(self.id)
    }

    /// The worst state of its lines.
    pub fn worst(&self) -> State {
        self.lights.iter().map(|light| light.state).max_by_key(|state| state.severity()).unwrap_or(State::NotApplicable)
    }

    /// Order on the board: changed that day first, then the worst, then by name.
    fn rank(&self) -> (bool, std::cmp::Reverse<u8>, &str) {
        (!self.changed, std::cmp::Reverse(self.worst().severity()), &self.name)
    }
}

/// Tiles of one carrier, or of the enterprises that sit in none.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Group {
    /// The carrier.
    pub carrier_id: Option<Uuid>,
    /// Its short name; empty for those without.
    pub name: String,
    /// The enterprises, those that changed and the worst first.
    pub tiles: Vec<Tile>,
}

/// The board of one day.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Board {
    /// The day.
    pub day: Day,
    /// The instant it shows: the end of the day, or now.
    pub at: Time,
    /// Whether it shows today.
    pub today: bool,
    /// Enterprises by carrier; the group with the worst first.
    pub groups: Vec<Group>,
    /// Projects.
    pub projects: Vec<Tile>,
    /// Counts per line.
    pub counts: Vec<Counts>,
}

impl Board {
    /// Puts tiles in order and counts them.
    pub fn of(
        day: Day,
        at: Time,
        today: bool,
        enterprises: Vec<(Option<Uuid>, String, Tile)>,
        mut projects: Vec<Tile>,
    ) -> Self {
        let counts = [SubjectKind::Enterprise, SubjectKind::Project]
            .into_iter()
            .flat_map(|kind| Line::of(kind).iter().map(move |line| (kind, *line)))
            .map(|(subject_kind, line)| {
                let mut tally = Tally::default();
                let of_enterprises = enterprises.iter().map(|(.., tile)| tile);
                for tile in of_enterprises.chain(&projects).filter(|tile| tile.kind == subject_kind) {
                    tile.lights.iter().filter(|light| light.line == line).for_each(|light| tally.add(light));
                }
                Counts { subject_kind, line, tally }
            })
            .collect();
        let mut groups: Vec<Group> = Vec::new();
        let mut place = std::collections::HashMap::new();
        for (carrier_id, name, tile) in enterprises {
            let at = *place.entry(carrier_id).or_insert_with(|| {
                groups.push(Group { carrier_id, name, tiles: Vec::new() });
                groups.len() - 1
            });
            groups[at].tiles.push(tile);
        }
        for group in &mut groups {
            group.tiles.sort_by(|a, b| a.rank().cmp(&b.rank()));
        }
        let worst = |group: &Group| group.tiles.iter().map(|tile| tile.worst().severity()).max();
        groups.sort_by(|a, b| {
            (a.carrier_id.is_none(), std::cmp::Reverse(worst(a)), &a.name).cmp(&(
                b.carrier_id.is_none(),
                std::cmp::Reverse(worst(b)),
                &b.name,
            ))
        });
        projects.sort_by(|a, b| a.rank().cmp(&b.rank()));
        Self { day, at, today, groups, projects, counts }
    }

    /// The counts of one line.
    pub fn tally(&self, kind: SubjectKind, line: Line) -> Tally {
        let found = self.counts.iter().find(|counts| counts.subject_kind == kind && counts.line == line);
        found.map(|counts| counts.tally).unwrap_or_default()
    }

    /// Every tile, enterprises first.
    pub fn tiles(&self) -> impl Iterator<Item = &Tile> {
        self.groups.iter().flat_map(|group| &group.tiles).chain(&self.projects)
    }
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use State::{AtRisk, NotApplicable, Reduced, Running, Stopped, SuspendedFiled, Unknown};

    #[test]
    fn at_risk_is_not_stopped() {
        assert!(AtRisk.severity() < Stopped.severity());
        assert!(AtRisk.is_trouble() && AtRisk.is_applicable() && !AtRisk.goes_on());
        let order = [Stopped, AtRisk, Reduced, Unknown, Running, SuspendedFiled, NotApplicable];
        assert!(order.is_sorted_by_key(|state| std::cmp::Reverse(state.severity())));
        assert_eq!(order.len(), State::ALL.len());
    }

    #[test]
    fn bad_news_is_told_at_once_and_only_bad_news() {
        for (from, to, told) in [
            (Running, AtRisk, true),
            (Running, Reduced, true),
            (Reduced, AtRisk, true),
            (AtRisk, Stopped, true),
            (Unknown, Stopped, true),
            (NotApplicable, AtRisk, true),
            (Stopped, AtRisk, false),
            (AtRisk, Reduced, false),
            (Stopped, Stopped, false),
            (Running, Unknown, false),
            (Stopped, Running, false),
            (Running, SuspendedFiled, false),
        ] {
            assert_eq!(from.worsens_to(to), told, "{from} to {to}");
        }
    }

    #[test]
    fn the_first_word_that_all_is_well_is_no_change() {
        assert!(!Unknown.changes_to(Running) && !Running.changes_to(Running) && !Unknown.changes_to(NotApplicable));
        assert!(Unknown.changes_to(AtRisk) && Stopped.changes_to(Running) && Running.changes_to(SuspendedFiled));
    }

    #[test]
    fn lines_of_each_kind() {
        for (kind, line, unsaid) in [
            (SubjectKind::Enterprise, Line::Production, Unknown),
            (SubjectKind::Enterprise, Line::Works, NotApplicable),
            (SubjectKind::Enterprise, Line::Transport, Unknown),
            (SubjectKind::Project, Line::Works, Unknown),
            (SubjectKind::Project, Line::Transport, Unknown),
        ] {
            assert!(Line::of(kind).contains(&line));
            assert_eq!(line.unsaid(kind), unsaid, "{kind} {line}");
        }
        assert!(!Line::of(SubjectKind::Project).contains(&Line::Production));
        assert!(Line::of(SubjectKind::Carrier).is_empty());
    }

    #[test]
    fn rates_keep_both_numbers() {
        let tally = Tally { running: 2, stopped: 1, suspended_filed: 9, not_applicable: 9, ..Tally::default() };
        assert_eq!(tally.rate(), "2/3 · 66.7%");
        assert_eq!(Tally { running: 1, ..Tally::default() }.rate(), "1/1 · 100.0%");
        assert_eq!(Tally { not_applicable: 5, ..Tally::default() }.rate(), "—");
    }

    #[test]
    fn a_word_grows_old() {
        let now = Time::from_ms(100 * DAY_MS);
        let ago = |days: i64| Some(now.plus(-days * DAY_MS));
        for (state, said, emergency, expected) in [
            (Running, ago(0), false, Freshness::Fresh),
            (Running, ago(6), false, Freshness::Fresh),
            (Running, ago(7), false, Freshness::Ageing),
            (Running, ago(14), false, Freshness::Stale),
            (Running, ago(1), true, Freshness::Ageing),
            (Running, ago(3), true, Freshness::Stale),
            (Stopped, ago(1), false, Freshness::Ageing),
            (AtRisk, ago(3), false, Freshness::Stale),
            (SuspendedFiled, ago(60), true, Freshness::Fresh),
            (Unknown, None, false, Freshness::Never),
            (NotApplicable, None, true, Freshness::Fresh),
            (Running, Some(now.plus(DAY_MS)), false, Freshness::Fresh),
        ] {
            assert_eq!(Freshness::of(state, said, now, emergency), expected, "{state} {said:?} {emergency}");
        }
    }

    fn faults(kind: SubjectKind, new: NewLight) -> Vec<(String, &'static str)> {
        match new.checked(kind, Time::from_ms(1_000_000)) {
            Ok(_) => Vec::new(),
            Err(Error::Invalid(errors)) => errors.into_iter().map(|e| (e.field, e.code)).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn what_a_word_must_say() {
        use SubjectKind::{Enterprise, Project};
        let new = NewLight::new;
        let wrong = |field: &str, code| vec![(field.to_owned(), code)];
        assert_eq!(faults(Enterprise, new(Line::Production, Running)), vec![]);
        assert_eq!(faults(Enterprise, new(Line::Production, Stopped)), wrong("cause", "required"));
        assert_eq!(faults(Project, new(Line::Production, Running)), wrong("line", "line_of_subject"));
        assert_eq!(faults(Project, new(Line::Works, SuspendedFiled)), wrong("state", "filed_enterprise_only"));
        let why = |state| new(Line::Production, state).because(Cause::Power, "停电");
        assert_eq!(faults(Enterprise, why(Stopped)), vec![]);
        assert_eq!(faults(Enterprise, why(Reduced)), wrong("reduced_to", "required"));
        assert_eq!(
            faults(Enterprise, NewLight { reduced_to: Some(100), ..why(Reduced) }),
            wrong("reduced_to", "range")
        );
        assert_eq!(faults(Enterprise, NewLight { reduced_to: Some(60), ..why(Reduced) }), vec![]);
        assert_eq!(
            faults(Enterprise, NewLight { reduced_to: Some(60), ..why(Stopped) }),
            wrong("reduced_to", "only_reduced")
        );
        let later = Some(Time::from_ms(2_000_000));
        assert_eq!(faults(Enterprise, NewLight { since: later, ..why(Stopped) }), wrong("since", "in_future"));
        let early = Some(Time::from_ms(1));
        assert_eq!(
            faults(Enterprise, NewLight { expected_recovery_at: early, ..why(AtRisk) }),
            wrong("expected_recovery_at", "before_start")
        );
        assert_eq!(
            faults(Enterprise, NewLight { measure_id: Some(Uuid::nil()), ..why(Stopped) }),
            wrong("measure_id", "measure_turns")
        );
    }

    #[test]
    fn the_library_offers_what_helped() {
        assert_eq!(Cause::Sampling.measures()[0], MeasureKind::OwnSamplingPoint);
        assert_eq!(Cause::ControlRule.measures()[..2], [MeasureKind::OnSiteStockpile, MeasureKind::ConsumeStockFirst]);
        for cause in Cause::ALL {
            let offered = cause.measures();
            assert!(offered.ends_with(&[MeasureKind::Coordinate, MeasureKind::Other]), "{cause}");
            assert_eq!(offered.iter().collect::<std::collections::BTreeSet<_>>().len(), offered.len(), "{cause}");
        }
    }

    fn tile(name: &str, state: State, changed: bool) -> Tile {
        let mut light = Light::unsaid(SubjectKind::Enterprise, Uuid::nil(), name, Line::Production);
        light.state = state;
        Tile {
            kind: SubjectKind::Enterprise,
            id: Uuid::nil(),
            name: name.into(),
            key: false,
            changed,
            lights: vec![light],
        }
    }

    #[test]
    fn the_board_shows_changes_then_the_worst() {
        let park = Some(Uuid::from_u128(1));
        let garden = Some(Uuid::from_u128(2));
        let day = Day::read("2026-11-24").expect("a day");
        let enterprises = vec![
            (None, String::new(), tile("none", Stopped, false)),
            (park, "park".into(), tile("calm", Running, false)),
            (garden, "garden".into(), tile("b", AtRisk, false)),
            (garden, "garden".into(), tile("a", Stopped, false)),
            (garden, "garden".into(), tile("news", Running, true)),
        ];
        let board = Board::of(day, Time::default(), true, enterprises, vec![]);
        let names: Vec<_> = board.tiles().map(|tile| tile.name.as_str()).collect();
        assert_eq!(names, ["news", "a", "b", "calm", "none"]);
        let tally = board.tally(SubjectKind::Enterprise, Line::Production);
        assert_eq!(
            (tally.stopped, tally.at_risk, tally.running, tally.applicable(), tally.going_on()),
            (2, 1, 2, 5, 2)
        );
    }
}
