//! 闭环管理、驻厂: an enterprise shuts itself in so that it can go on, and who is inside
//! (anchors 5.8, requirements P4).
//!
//! 1. Not closed (正常) → preparing (筹备) → closed (闭环) → ended (解除), each with its reason.
//! 2. The register of who goes in and out is made of intervals. Nobody is inside twice at
//!    once, an exit closes the interval, and a correction is a new row beside the old one.
//! 3. Head-counts are computed from the intervals, of any instant.
//! 4. Somebody may be planned ahead by what he is and how many, without names.
//! 5. Names are for the enterprise and its officer; everybody else sees numbers.
//! 6. A shift has a least crew and somebody who leads; what lacks is told before it begins.

mod api;
pub mod desk;
pub mod pages;
mod store;

use crate::actor::{OFFICE, OUTSIDE, Roles};
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::subject::SubjectKind;
use crate::time::{Day, Time};
use crate::words;
use crate::worker;
use ::store::{Schedule, from_row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

words! {
    /// How a closed loop stands. An enterprise without one is not closed.
    pub enum LoopState {
        /// 筹备
        Preparing = "preparing",
        /// 闭环运行
        Closed = "closed",
        /// 已解除
        Ended = "ended",
    }
}

words! {
    /// What can be done with a closed loop.
    pub enum LoopMove {
        /// 调整保障
        Change = "change",
        /// 启动闭环
        Close = "close",
        /// 解除闭环
        End = "end",
        /// 登记名册
        Enlist = "enlist",
        /// 移出名册
        Strike = "strike",
        /// 进厂
        Enter = "enter",
        /// 出厂
        Leave = "leave",
        /// 更正进出
        Correct = "correct",
        /// 排班
        Shift = "shift",
        /// 取消班次
        Unshift = "unshift",
    }
}

/// What can be done in which state.
const MOVES: &[(LoopMove, &[LoopState])] = {
    use LoopState::{Closed, Ended, Preparing};
    &[
        (LoopMove::Change, &[Preparing, Closed]),
        (LoopMove::Close, &[Preparing]),
        (LoopMove::End, &[Preparing, Closed]),
        (LoopMove::Enlist, &[Preparing, Closed]),
        (LoopMove::Strike, &[Preparing, Closed]),
        (LoopMove::Enter, &[Preparing, Closed]),
        (LoopMove::Leave, &[Preparing, Closed]),
        // What was written down wrongly is set right afterwards too.
        (LoopMove::Correct, &[Preparing, Closed, Ended]),
        (LoopMove::Shift, &[Preparing, Closed]),
        (LoopMove::Unshift, &[Preparing, Closed]),
    ]
};

/// Whether that can be done while it stands so.
pub fn may(does: LoopMove, state: LoopState) -> bool {
    MOVES.iter().any(|(known, from)| *known == does && from.contains(&state))
}

words! {
    /// What somebody is among those inside.
    pub enum LoopGroup {
        /// 管理人员
        Management = "management",
        /// 技术骨干
        Technician = "technician",
        /// 职工
        Worker = "worker",
    }
}

impl LoopGroup {
    /// Reads it as sheets write it.
    pub fn read(text: &str) -> Option<Self> {
        match text.trim() {
            "管理" | "管理人员" | "managers" => Some(Self::Management),
            "技术" | "技术骨干" | "技术人员" => Some(Self::Technician),
            "" | "职工" | "员工" | "工人" => Some(Self::Worker),
            word => Self::parse(word),
        }
    }
}

/// Who reads closed loops: numbers within his reach.
pub const READERS: Roles = OFFICE.and(OUTSIDE);
/// Those who keep the register: the enterprise itself, and its officer.
pub const WRITERS: Roles = OUTSIDE.and(super::plan::CHECKERS);

/// From when until when a member was inside; open when he still is. `void_at` when another
/// row has taken its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "LoopStay")]
pub struct Stay {
    /// Key.
    pub id: Uuid,
    /// The member of the roster.
    pub member_id: Uuid,
    /// Zone inside the plant.
    pub area: Option<String>,
    /// When he went in.
    pub in_at: Time,
    /// When he went out.
    pub out_at: Option<Time>,
    /// Why he went out, or why the row was corrected.
    pub note: Option<String>,
    /// The row that it corrects.
    pub corrects_id: Option<Uuid>,
    /// When another row took its place.
    pub void_at: Option<Time>,
}

from_row!(Stay { id, member_id, area, in_at, out_at, note, corrects_id, void_at });

impl Stay {
    /// Whether it counts.
    pub fn holds(&self) -> bool {
        self.void_at.is_none()
    }

    /// Whether he was inside at that instant by it.
    pub fn covers(&self, at: Time) -> bool {
        self.holds() && self.in_at <= at && self.out_at.is_none_or(|out| at < out)
    }

    /// Whether two intervals share an instant.
    pub fn meets(&self, from: Time, to: Option<Time>) -> bool {
        self.out_at.is_none_or(|out| from < out) && to.is_none_or(|to| self.in_at < to)
    }
}

/// Whether a new interval of a member fits among those that hold.
pub fn fits(stays: &[Stay], member: Uuid, from: Time, to: Option<Time>) -> bool {
    to.is_none_or(|to| from < to)
        && !stays.iter().any(|stay| stay.holds() && stay.member_id == member && stay.meets(from, to))
}

/// How many are inside at an instant: everybody whose interval covers it, by his number.
pub fn head_count(stays: &[Stay], members: &[Member], at: Time) -> Count {
    let mut count = Count::default();
    for stay in stays.iter().filter(|stay| stay.covers(at)) {
        if let Some(member) = members.iter().find(|member| member.id == stay.member_id) {
            count.add(member);
        }
    }
    count
}

/// Numbers by group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "LoopCount")]
pub struct Count {
    /// Everybody.
    pub total: i64,
    /// 管理人员
    pub management: i64,
    /// 技术骨干
    pub technician: i64,
    /// 职工
    pub worker: i64,
    /// 负责人, of whatever group.
    pub responsible: i64,
}

impl Count {
    fn add(&mut self, member: &Member) {
        let n = member.number;
        self.total += n;
        match member.crew {
            LoopGroup::Management => self.management += n,
            LoopGroup::Technician => self.technician += n,
            LoopGroup::Worker => self.worker += n,
        }
        if member.responsible {
            self.responsible += n;
        }
    }

    /// Everybody of a roster.
    pub fn of(members: &[Member]) -> Self {
        let mut count = Self::default();
        members.iter().for_each(|member| count.add(member));
        count
    }

    /// How many lack a bed or a meal, of so many.
    pub fn short_of(&self, there: Option<i64>) -> Option<i64> {
        there.map(|there| self.total - there).filter(|short| *short > 0)
    }
}

/// Somebody of the roster, or several of a kind without names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "LoopMember")]
pub struct Member {
    /// Key.
    pub id: Uuid,
    /// Name; absent for unnamed ones, and for who may not read names.
    pub name: Option<String>,
    /// Telephone, likewise.
    pub phone: Option<String>,
    /// 岗位
    pub job: String,
    /// LoopGroup.
    pub crew: LoopGroup,
    /// How many; 1 of a named one.
    pub number: i64,
    /// 负责人
    pub responsible: bool,
    /// The day from which he is planned.
    pub planned_on: Option<Day>,
    /// Whether a name was given.
    pub named: bool,
}

from_row!(Member { id, name, phone, job, crew, number, responsible, planned_on, named });

words! {
    /// What lacks of a shift.
    pub enum ShiftLack {
        /// 人手不足
        Crew = "crew",
        /// 无人带班
        Leader = "leader",
    }
}

/// A shift with who is on it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "LoopShift")]
pub struct Shift {
    /// Key.
    pub id: Uuid,
    /// 班次
    pub label: String,
    /// From.
    pub starts_at: Time,
    /// To.
    pub ends_at: Time,
    /// The least crew.
    pub least: i64,
    /// How far it was told that something lacks.
    #[serde(skip)]
    pub told: i64,
}

from_row!(Shift { id, label, starts_at, ends_at, least, told });

/// What lacks of a shift with that crew.
pub fn lacks(least: i64, crew: &Count) -> Vec<ShiftLack> {
    let mut all = Vec::new();
    if crew.total < least {
        all.push(ShiftLack::Crew);
    }
    if crew.responsible == 0 && crew.management == 0 {
        all.push(ShiftLack::Leader);
    }
    all
}

/// A closed loop without who is in it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ClosedLoop {
    /// Key.
    pub id: Uuid,
    /// Enterprise or project.
    pub subject_kind: SubjectKind,
    /// Whose.
    pub subject_id: Uuid,
    /// By short name.
    pub subject_name: String,
    /// The disruption that it is under.
    pub disruption_id: Option<Uuid>,
    /// That one's name.
    pub disruption: Option<String>,
    /// How it stands.
    pub state: LoopState,
    /// Why.
    pub reason: String,
    /// Zones inside the plant, one a line.
    pub areas: Option<String>,
    /// Beds inside.
    pub beds: Option<i64>,
    /// Meals that can be made at a time.
    pub meals: Option<i64>,
    /// Days that the medicines last.
    pub medicine_days: Option<i64>,
    /// How many party members are inside: a number, no mark of a person.
    pub party: Option<i64>,
    /// When it was prepared.
    pub began_at: Time,
    /// When it was closed.
    pub closed_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// Why.
    pub end_reason: Option<String>,
    /// How many are inside now.
    pub inside: i64,
    /// How many the roster has.
    pub enlisted: i64,
    /// Counts the changes.
    pub version: i64,
}

from_row!(ClosedLoop {
    id,
    subject_kind,
    subject_id,
    subject_name,
    disruption_id,
    disruption,
    state,
    reason,
    areas,
    beds,
    meals,
    medicine_days,
    party,
    began_at,
    closed_at,
    ended_at,
    end_reason,
    inside,
    enlisted,
    version,
});

impl ClosedLoop {
    /// The zones inside, each once.
    pub fn areas(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for line in self.areas.iter().flat_map(|text| text.lines()).map(str::trim) {
            if !line.is_empty() && !all.iter().any(|known| known == line) {
                all.push(line.to_owned());
            }
        }
        all
    }
}

/// A shift as it is shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "LoopShiftShown")]
pub struct ShiftShown {
    /// The shift.
    #[serde(flatten)]
    pub shift: Shift,
    /// Who is on it, by key.
    pub members: Vec<Uuid>,
    /// By number.
    pub crew: Count,
    /// What lacks.
    pub lacks: Vec<ShiftLack>,
}

/// A closed loop with everything about it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Roster {
    /// The closed loop.
    #[serde(flatten)]
    pub closed: ClosedLoop,
    /// Whether the reader may read names.
    pub names: bool,
    /// The instant that the numbers are of.
    pub at: Time,
    /// How many are inside then.
    pub now_inside: Count,
    /// How many the roster has.
    pub planned: Count,
    /// The roster.
    pub members: Vec<Member>,
    /// Who went in and out, the last first; only for who may read names.
    pub stays: Vec<Stay>,
    /// Shifts that are not over, the next first.
    pub shifts: Vec<ShiftShown>,
    /// What the reader can do now.
    pub possible: Vec<LoopMove>,
}

impl Versioned for Roster {
    fn version(&self) -> i64 {
        self.closed.version
    }
}

impl Roster {
    /// Where a member is now.
    pub fn stay_of(&self, member: Uuid) -> Option<&Stay> {
        self.stays.iter().find(|stay| stay.member_id == member && stay.holds() && stay.out_at.is_none())
    }
}

/// A new closed loop.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLoop {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// The enterprise; one's own for an enterprise.
    pub enterprise_id: Option<Uuid>,
    /// The project.
    pub project_id: Option<Uuid>,
    /// The disruption that it is under.
    pub disruption_id: Option<Uuid>,
    /// Why.
    pub reason: String,
    /// What there is inside for those who stay.
    #[serde(default)]
    pub supplies: Supplies,
}

/// What there is inside for those who stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LoopSupplies")]
#[serde(deny_unknown_fields, default)]
pub struct Supplies {
    /// Zones inside the plant, one a line.
    pub areas: Option<String>,
    /// Beds.
    pub beds: Option<i64>,
    /// Meals that can be made at a time.
    pub meals: Option<i64>,
    /// Days that the medicines last.
    pub medicine_days: Option<i64>,
    /// How many party members are inside.
    pub party: Option<i64>,
}

/// Somebody who comes onto the roster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "NewLoopMember")]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// Name; absent for several of a kind.
    pub name: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// 岗位
    pub job: String,
    /// LoopGroup; 职工 when absent.
    pub crew: Option<LoopGroup>,
    /// How many; 1 when absent.
    pub number: Option<i64>,
    /// 负责人
    #[serde(default)]
    pub responsible: bool,
    /// The day from which he is planned.
    pub planned_on: Option<Day>,
}

/// A cell that could not be taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RowFault {
    /// The row as the sheet shows it.
    pub row: usize,
    /// The column: its word in [`ROSTER_COLUMNS`].
    pub column: &'static str,
    /// What is wrong: `roster-fault-<code>`.
    pub code: &'static str,
}

/// The columns of a roster, in order: word, heading.
pub const ROSTER_COLUMNS: &[(&str, &str)] = &[
    ("name", "姓名"),
    ("job", "岗位"),
    ("crew", "人员类别"),
    ("number", "人数"),
    ("responsible", "负责人"),
    ("phone", "电话"),
];

/// Splits what was pasted into cells: tabs where there are any, otherwise commas.
pub fn cells_of(text: &str) -> Vec<(usize, Vec<String>)> {
    let cells = |line: &str| -> Vec<String> {
        let parts: Vec<&str> =
            if line.contains('\t') { line.split('\t').collect() } else { line.split([',', '，']).collect() };
        parts.into_iter().map(|cell| cell.trim().to_owned()).collect()
    };
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).map(|(n, line)| (n, cells(line))).collect()
}

/// Reads rows of a roster. A head row says which column is which; without one they stand
/// in the order of [`ROSTER_COLUMNS`]. Good rows are kept whatever the others are.
pub fn read_roster(rows: &[(usize, Vec<String>)]) -> (Vec<NewMember>, Vec<RowFault>) {
    let head = rows.first().filter(|(_, cells)| {
        let known = |cell: &String| ROSTER_COLUMNS.iter().any(|(_, heading)| cell == heading);
        cells.iter().filter(|cell| known(cell)).count() >= 2
    });
    let place = |heading: &str, usual: usize| match head {
        Some((_, cells)) => cells.iter().position(|cell| cell == heading),
        None => Some(usual),
    };
    let places: Vec<Option<usize>> = (0..).zip(ROSTER_COLUMNS).map(|(n, (_, heading))| place(heading, n)).collect();
    let (mut members, mut faults) = (Vec::new(), Vec::new());
    for (row, cells) in &rows[usize::from(head.is_some())..] {
        let cell = |n: usize| places[n].and_then(|at| cells.get(at)).map(|text| text.trim()).unwrap_or_default();
        let text = |n: usize| Some(cell(n).to_owned()).filter(|text| !text.is_empty());
        let before = faults.len();
        let mut wrong = |column: usize, code: &'static str| {
            faults.push(RowFault { row: *row, column: ROSTER_COLUMNS[column].0, code });
        };
        let number = match cell(3) {
            "" => 1,
            typed => typed.parse::<i64>().ok().filter(|n| (1..=10_000).contains(n)).unwrap_or_else(|| {
                wrong(3, "number");
                1
            }),
        };
        let name = text(0);
        if name.as_ref().is_some_and(|name| name.chars().count() > 40) {
            wrong(0, "long");
        }
        if name.is_some() && number != 1 {
            wrong(3, "named");
        }
        if cell(1).is_empty() || cell(1).chars().count() > 60 {
            wrong(1, if cell(1).is_empty() { "empty" } else { "long" });
        }
        let crew = LoopGroup::read(cell(2));
        if crew.is_none() {
            wrong(2, "crew");
        }
        let responsible = match cell(4) {
            "" | "否" | "no" => false,
            "是" | "负责人" | "yes" => true,
            _ => {
                wrong(4, "yes_no");
                false
            }
        };
        let phone = text(5).map(|typed| identifiers::phone::parse(&typed).map(|phone| phone.to_string()));
        if matches!(phone, Some(Err(_))) {
            wrong(5, "phone");
        }
        if faults.len() == before {
            let phone = phone.and_then(Result::ok);
            let (job, number) = (cell(1).to_owned(), Some(number));
            members.push(NewMember { name, phone, job, crew, number, responsible, planned_on: None });
        }
    }
    (members, faults)
}

/// What is done with a closed loop.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum LoopAct {
    /// What there is inside for those who stay.
    Change {
        /// All of it: what is absent is emptied.
        supplies: Supplies,
    },
    /// From now on nobody passes but by the register.
    Close,
    /// It ends; who is inside goes out with it.
    End {
        /// Why.
        reason: String,
    },
    /// Puts people onto the roster.
    Enlist {
        /// Who.
        members: Vec<NewMember>,
    },
    /// Takes somebody off the roster who was never inside.
    Strike {
        /// Whom.
        member_id: Uuid,
    },
    /// Members go in.
    Enter {
        /// Who.
        member_ids: Vec<Uuid>,
        /// Zone inside the plant.
        area: Option<String>,
        /// When; now when absent.
        at: Option<Time>,
    },
    /// Members go out.
    Leave {
        /// Who.
        member_ids: Vec<Uuid>,
        /// When; now when absent.
        at: Option<Time>,
        /// Why.
        reason: Option<String>,
    },
    /// Sets an interval right: a new row takes its place.
    Correct {
        /// The interval.
        stay_id: Uuid,
        /// When he really went in.
        in_at: Time,
        /// When he really went out; absent while he is inside.
        out_at: Option<Time>,
        /// Why.
        reason: String,
    },
    /// Plans a shift.
    Shift {
        /// 班次
        label: String,
        /// From.
        starts_at: Time,
        /// To.
        ends_at: Time,
        /// The least crew.
        least: i64,
        /// Who is on it.
        #[serde(default)]
        member_ids: Vec<Uuid>,
    },
    /// Takes a shift back.
    Unshift {
        /// Which.
        shift_id: Uuid,
    },
}

impl LoopAct {
    /// The word for it.
    pub const fn does(&self) -> LoopMove {
        match self {
            Self::Change { .. } => LoopMove::Change,
            Self::Close => LoopMove::Close,
            Self::End { .. } => LoopMove::End,
            Self::Enlist { .. } => LoopMove::Enlist,
            Self::Strike { .. } => LoopMove::Strike,
            Self::Enter { .. } => LoopMove::Enter,
            Self::Leave { .. } => LoopMove::Leave,
            Self::Correct { .. } => LoopMove::Correct,
            Self::Shift { .. } => LoopMove::Shift,
            Self::Unshift { .. } => LoopMove::Unshift,
        }
    }
}

/// What happens here by itself.
pub fn kinds() -> Vec<worker::Kind> {
    vec![worker::Kind {
        name: "stay.watch",
        schedule: Some(Schedule::EveryMinutes(30)),
        task: |app, zone, _| Box::pin(async move { desk::watch(&app, zone).await.map(drop) }),
    }]
}

/// Adds the routes of closed loops.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(n: u128, crew: LoopGroup, number: i64, responsible: bool) -> Member {
        let (id, job) = (Uuid::from_u128(n), String::new());
        Member { id, name: None, phone: None, job, crew, number, responsible, planned_on: None, named: false }
    }

    fn stay(id: u128, who: u128, from: i64, to: Option<i64>) -> Stay {
        Stay {
            id: Uuid::from_u128(id),
            member_id: Uuid::from_u128(who),
            area: None,
            in_at: Time::from_ms(from),
            out_at: to.map(Time::from_ms),
            note: None,
            corrects_id: None,
            void_at: None,
        }
    }

    #[test]
    fn what_can_be_done_in_which_state() {
        use LoopMove as M;
        for does in M::ALL {
            let open = !matches!(does, M::Correct);
            assert!(may(*does, LoopState::Preparing), "{does}");
            assert_eq!(may(*does, LoopState::Closed), *does != M::Close, "{does}");
            assert_eq!(may(*does, LoopState::Ended), !open, "{does}");
        }
        assert_eq!(MOVES.len(), M::ALL.len());
    }

    /// Numbers without a source of their own: the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, n: i64) -> i64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 33) as i64) % n
        }
    }

    #[test]
    fn intervals_never_overlap_and_the_head_count_is_what_counting_gives() {
        let members: Vec<Member> =
            (0..5).map(|n| member(n, LoopGroup::ALL[n as usize % 3], 1 + n as i64 % 2, n == 1)).collect();
        for seed in 0..200 {
            let mut numbers = Numbers(seed);
            let mut stays: Vec<Stay> = Vec::new();
            for id in 0..60 {
                let who = numbers.below(5) as u128;
                let from = numbers.below(100);
                let to = (numbers.below(4) > 0).then(|| from + numbers.below(12));
                let (a, b) = (Time::from_ms(from), to.map(Time::from_ms));
                if fits(&stays, Uuid::from_u128(who), a, b) {
                    stays.push(stay(id, who, from, to));
                }
                if numbers.below(6) == 0 && !stays.is_empty() {
                    let at = numbers.below(stays.len() as i64) as usize;
                    stays[at].void_at = Some(Time::from_ms(0));
                }
            }
            for at in 0..120 {
                let at = Time::from_ms(at);
                let (mut total, mut lead) = (0, 0);
                for one in &members {
                    let inside: Vec<&Stay> = stays
                        .iter()
                        .filter(|s| s.void_at.is_none() && s.member_id == one.id)
                        .filter(|s| s.in_at <= at && (s.out_at.is_none() || s.out_at > Some(at)))
                        .collect();
                    assert!(inside.len() < 2, "nobody is inside twice: {inside:?}");
                    total += inside.len() as i64 * one.number;
                    lead += inside.len() as i64 * one.number * i64::from(one.responsible);
                }
                let count = head_count(&stays, &members, at);
                assert_eq!((count.total, count.responsible), (total, lead));
                assert_eq!(count.total, count.management + count.technician + count.worker);
            }
        }
    }

    #[test]
    fn an_interval_ends_before_the_next_begins() {
        let there = [stay(1, 7, 10, Some(20)), stay(2, 7, 30, None)];
        for (from, to, fits_in) in [
            (0, Some(10), true),
            (0, Some(11), false),
            (20, Some(30), true),
            (19, Some(25), false),
            (25, None, false),
            (40, Some(50), false),
            (5, Some(5), false),
        ] {
            let (a, b) = (Time::from_ms(from), to.map(Time::from_ms));
            assert_eq!(fits(&there, Uuid::from_u128(7), a, b), fits_in, "{from} {to:?}");
        }
        assert!(fits(&there, Uuid::from_u128(8), Time::from_ms(0), None), "another one");
    }

    #[test]
    fn a_shift_lacks_people_or_who_leads() {
        for (crew, lack) in [
            (vec![], vec![ShiftLack::Crew, ShiftLack::Leader]),
            (vec![member(1, LoopGroup::Worker, 3, false)], vec![ShiftLack::Leader]),
            (vec![member(1, LoopGroup::Worker, 1, true)], vec![ShiftLack::Crew]),
            (vec![member(1, LoopGroup::Management, 1, false), member(2, LoopGroup::Worker, 2, false)], vec![]),
        ] {
            assert_eq!(lacks(3, &Count::of(&crew)), lack, "{crew:?}");
        }
        let ten = Count { total: 10, ..Count::default() };
        for (there, short) in [(None, None), (Some(10), None), (Some(12), None), (Some(7), Some(3))] {
            assert_eq!(ten.short_of(there), short);
        }
    }

    #[test]
    fn good_rows_are_kept_and_errors_name_row_and_column() {
        let pasted = "姓名\t岗位\t人员类别\t人数\t负责人\t电话\n江远\t生产经理\t管理人员\t\t是\t13800001234\n\n\
                      \t副总\t管理\t2\t\t\n白露\t\t职工\n秦朗\t钳工\t外包\t\t也许\t12\n沈山\t焊工\t职工\t3";
        let (members, faults) = read_roster(&cells_of(pasted));
        let kept: Vec<_> =
            members.iter().map(|m| (m.name.as_deref(), m.job.as_str(), m.number, m.responsible)).collect();
        assert_eq!(kept, [(Some("江远"), "生产经理", Some(1), true), (None, "副总", Some(2), false)]);
        let told: Vec<_> = faults.iter().map(|fault| (fault.row, fault.column, fault.code)).collect();
        assert_eq!(
            told,
            [
                (5, "job", "empty"),
                (6, "crew", "crew"),
                (6, "responsible", "yes_no"),
                (6, "phone", "phone"),
                (7, "number", "named")
            ]
        );
        let (plain, none) = read_roster(&cells_of("江远，钳工\n白露,焊工,技术骨干"));
        assert_eq!(
            (plain.len(), none.len(), plain[1].crew),
            (2, 0, Some(LoopGroup::Technician)),
            "no head, in the usual order"
        );
    }

    #[test]
    fn every_word_has_its_name() {
        use crate::text::Lang;
        for lang in [Lang::Zh, Lang::En] {
            let names = LoopState::ALL.iter().map(|w| format!("loop-state-{w}"));
            let names = names.chain(LoopMove::ALL.iter().map(|w| format!("loop-move-{w}")));
            let names = names.chain(LoopGroup::ALL.iter().map(|w| format!("crew-{w}")));
            let names = names.chain(ShiftLack::ALL.iter().map(|w| format!("shift-lack-{w}")));
            let names = names.chain(ROSTER_COLUMNS.iter().map(|(word, _)| format!("roster-{word}")));
            let codes = ["number", "named", "empty", "long", "crew", "yes_no", "phone", "twice"];
            let names = names.chain(codes.iter().map(|code| format!("roster-fault-{code}")));
            for name in names {
                assert!(lang.has(&name), "{name}");
            }
        }
    }
}
