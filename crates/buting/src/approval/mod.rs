//! 不见面审批: applications to the office (办件), from draft to the licence in the hands of
//! the applicant. The law's rules are here: an answer within five working days or the
//! application stands accepted by itself (行政许可法 §32), one correction that names
//! everything, a decision within the promised and the statutory limit, one extension by the
//! head (§42), a refusal only with reasons and remedies (§38). A matter ([`matter`]) is data;
//! a case keeps the edition that it began with. Whether anybody had to meet is counted from
//! the contacts alone ([`rate`]); the licence goes out by courier ([`courier`]).

mod api;
pub mod courier;
pub mod desk;
pub mod matter;
pub mod pages;
pub mod rate;
mod store;

use crate::clock::ClockView;
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::registry::fact;
use crate::time::Time;
use crate::words;
use crate::worker;
use ::store::{Schedule, from_row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Working days in which an application is answered; after them it stands accepted (§32).
pub const ACCEPT_DAYS: u32 = 5;
/// Working days in which a licence reaches its holder after the decision (§44).
pub const DELIVER_DAYS: u32 = 10;
/// Working days by which the head may extend, at most (§42).
pub const EXTEND_DAYS: i64 = 10;

words! {
    /// How an application stands.
    pub enum State {
        /// 草稿
        Draft = "draft",
        /// 已提交
        Submitted = "submitted",
        /// 待补正
        Correction = "correction",
        /// 已受理
        Accepted = "accepted",
        /// 视为受理: five working days went by without an answer
        DeemedAccepted = "deemed_accepted",
        /// 审查中
        InReview = "in_review",
        /// 特别程序: the clocks stand still
        Special = "special",
        /// 准予
        Granted = "granted",
        /// 附条件准予
        GrantedConditional = "granted_conditional",
        /// 已送达
        Delivered = "delivered",
        /// 不予许可
        Refused = "refused",
        /// 不予受理
        NotAccepted = "not_accepted",
        /// 已撤回
        Withdrawn = "withdrawn",
    }
}

impl State {
    /// Whether something is still to be done.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Delivered | Self::Refused | Self::NotAccepted | Self::Withdrawn)
    }

    /// Whether it was granted and waits to reach its holder.
    pub const fn is_granted(self) -> bool {
        matches!(self, Self::Granted | Self::GrantedConditional)
    }

    /// Whether it is examined, with the clocks of the decision running or standing still.
    pub const fn is_examined(self) -> bool {
        matches!(self, Self::Accepted | Self::DeemedAccepted | Self::InReview | Self::Special)
    }
}

words! {
    /// What can be done with an application.
    pub enum Move {
        /// 保存
        Save = "save",
        /// 提交
        Submit = "submit",
        /// 要求补正
        AskCorrection = "ask_correction",
        /// 补正提交
        Resubmit = "resubmit",
        /// 受理
        Accept = "accept",
        /// 不予受理
        NotAccept = "not_accept",
        /// 开始审查
        Review = "review",
        /// 进入特别程序
        Special = "special",
        /// 特别程序结束
        Resume = "resume",
        /// 延期
        Extend = "extend",
        /// 容缺材料已补
        Settle = "settle",
        /// 准予
        Grant = "grant",
        /// 不予许可
        Refuse = "refuse",
        /// 送达
        Deliver = "deliver",
        /// 撤回
        Withdraw = "withdraw",
        /// 发消息
        Message = "message",
        /// 登记接触
        Touch = "touch",
    }
}

words! {
    /// What somebody is to an application.
    pub enum Part {
        /// 申请人, or who filled it in for him
        Applicant = "applicant",
        /// 专员, or the deputy
        Specialist = "specialist",
        /// 调度
        Desk = "desk",
        /// 负责人: who may extend
        Head = "head",
    }
}

words! {
    /// A procedure that stops the clock, since the law does not count it (§45).
    pub enum Procedure {
        /// 听证
        Hearing = "hearing",
        /// 招标
        Bidding = "bidding",
        /// 拍卖
        Auction = "auction",
        /// 检验
        Inspection = "inspection",
        /// 检测
        Testing = "testing",
        /// 检疫
        Quarantine = "quarantine",
        /// 鉴定
        Appraisal = "appraisal",
        /// 专家评审
        ExpertReview = "expert_review",
    }
}

words! {
    /// The way of a contact.
    pub enum Channel {
        /// 网上
        Web = "web",
        /// 电话
        Phone = "phone",
        /// 视频
        Video = "video",
        /// 微信
        Wechat = "wechat",
        /// 邮寄
        Post = "post",
        /// 窗口
        Window = "window",
        /// 现场
        Site = "site",
        /// 会面
        Meeting = "meeting",
    }
}

impl Channel {
    /// Whether somebody is met face to face: at the window and in a meeting always, over a
    /// line or by post never, on site as it was (`met`).
    pub const fn is_face(self, met: bool) -> bool {
        match self {
            Self::Window | Self::Meeting => true,
            Self::Site => met,
            Self::Web | Self::Phone | Self::Video | Self::Wechat | Self::Post => false,
        }
    }

    /// Whether the applicant had to come (跑腿).
    pub const fn is_trip(self) -> bool {
        matches!(self, Self::Window | Self::Meeting)
    }
}

/// What decides about a move besides the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// A correction was asked for before.
    pub corrected: bool,
    /// It was extended before.
    pub extended: bool,
    /// Tolerated materials are still owed.
    pub owes: bool,
}

/// Why something cannot be done; the words are `conflict-<code>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is for others.
    Who,
    /// The case does not stand so, or it was done before.
    State(&'static str),
}

use Part::{Applicant, Desk, Head, Specialist};

/// In which states what is done by whom.
const MOVES: &[(Move, &[State], &[Part])] = &[
    (Move::Save, &[State::Draft, State::Correction], &[Applicant]),
    (Move::Submit, &[State::Draft], &[Applicant]),
    (Move::AskCorrection, &[State::Submitted], &[Specialist]),
    (Move::Resubmit, &[State::Correction], &[Applicant]),
    (Move::Accept, &[State::Submitted], &[Specialist]),
    (Move::NotAccept, &[State::Submitted], &[Specialist]),
    (Move::Review, &[State::Accepted, State::DeemedAccepted], &[Specialist]),
    (Move::Special, &[State::InReview], &[Specialist]),
    (Move::Resume, &[State::Special], &[Specialist]),
    (Move::Extend, &[State::Accepted, State::DeemedAccepted, State::InReview], &[Head]),
    (Move::Settle, &[State::Accepted, State::DeemedAccepted, State::InReview, State::Special], &[Specialist]),
    (Move::Grant, &[State::Accepted, State::DeemedAccepted, State::InReview], &[Specialist]),
    (Move::Refuse, &[State::Accepted, State::DeemedAccepted, State::InReview], &[Specialist]),
    (Move::Deliver, &[State::Granted, State::GrantedConditional], &[Specialist]),
    (
        Move::Withdraw,
        &[
            State::Draft,
            State::Submitted,
            State::Correction,
            State::Accepted,
            State::DeemedAccepted,
            State::InReview,
            State::Special,
        ],
        &[Applicant],
    ),
    (
        Move::Message,
        &[
            State::Submitted,
            State::Correction,
            State::Accepted,
            State::DeemedAccepted,
            State::InReview,
            State::Special,
            State::Granted,
            State::GrantedConditional,
        ],
        &[Applicant, Specialist, Desk],
    ),
    (
        Move::Touch,
        &[
            State::Submitted,
            State::Correction,
            State::Accepted,
            State::DeemedAccepted,
            State::InReview,
            State::Special,
            State::Granted,
            State::GrantedConditional,
        ],
        &[Specialist, Desk],
    ),
];

/// Whether somebody who is this to a case may do that with it as it stands.
pub fn may(does: Move, state: State, standing: Standing, parts: &[Part]) -> Result<(), Refusal> {
    let Some((_, states, by)) = MOVES.iter().find(|(known, ..)| *known == does) else { return Err(Refusal::Who) };
    if !by.iter().any(|part| parts.contains(part)) {
        return Err(Refusal::Who);
    }
    if !states.contains(&state) {
        return Err(Refusal::State("application_state"));
    }
    match does {
        Move::AskCorrection if standing.corrected => Err(Refusal::State("application_corrected")),
        Move::Extend if standing.extended => Err(Refusal::State("application_extended")),
        Move::Settle if !standing.owes => Err(Refusal::State("application_no_debts")),
        Move::Grant if standing.owes => Err(Refusal::State("application_debts")),
        _ => Ok(()),
    }
}

/// A fact of the register that was not asked again: what, and who said it when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Known {
    /// The question that it answers.
    pub key: String,
    /// What it is called there.
    pub label: String,
    /// The value.
    pub value: String,
    /// Who said it.
    pub source: fact::Source,
    /// When it was last found right.
    pub confirmed_at: Option<Time>,
}

/// An application.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Application {
    /// Key.
    pub id: Uuid,
    /// Its number, such as BJ-20261130-0001.
    pub number: String,
    /// The matter.
    pub matter_id: Uuid,
    /// What the matter is called.
    pub matter_title: String,
    /// The edition of the matter that it keeps.
    pub edition: i64,
    /// Whether it takes the green channel.
    pub green: bool,
    /// The enterprise that applies.
    pub enterprise_id: Uuid,
    /// Its short name.
    pub enterprise_name: String,
    /// How it stands.
    pub state: State,
    /// Whether something is still to be done.
    pub open: bool,
    /// Whether the office filled it in for the enterprise.
    pub on_behalf: bool,
    /// The specialist, from beginning to end.
    pub handler_id: Option<Uuid>,
    /// His name.
    pub handler_name: Option<String>,
    /// Who takes over while he is absent.
    pub deputy_id: Uuid,
    /// His name.
    pub deputy_name: Option<String>,
    /// Until when the specialist is absent.
    pub away_until: Option<Time>,
    /// The department of the matter.
    pub department_id: Uuid,
    /// The answers, by the key of their question.
    pub answers: Json,
    /// What the register gave, with its source.
    pub known: Json,
    /// Places of the materials that are there.
    pub papers: Json,
    /// Tolerated materials that are still owed.
    pub debts: Json,
    /// When its papers came in.
    pub received_at: Option<Time>,
    /// When it was accepted, or stood accepted.
    pub accepted_at: Option<Time>,
    /// When a correction was asked for.
    pub corrected_at: Option<Time>,
    /// What was to be corrected.
    pub correction: Option<String>,
    /// The special procedure that it is in.
    pub special: Option<Procedure>,
    /// Working days by which the head extended.
    pub extended_days: Option<i64>,
    /// When it was decided.
    pub decided_at: Option<Time>,
    /// Conditions, reasons, or the right channel.
    pub decision: Option<String>,
    /// What can be done against a refusal.
    pub remedies: Option<String>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// Who filled it in.
    pub made_by: Option<Uuid>,
    /// When.
    pub made_at: Time,
    /// The next due time; null while the clocks stand still.
    pub due_at: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Application {
    id,
    number,
    matter_id,
    matter_title,
    edition,
    green,
    enterprise_id,
    enterprise_name,
    state,
    open,
    on_behalf,
    handler_id,
    handler_name,
    deputy_id,
    deputy_name,
    away_until,
    department_id,
    answers,
    known,
    papers,
    debts,
    received_at,
    accepted_at,
    corrected_at,
    correction,
    special,
    extended_days,
    decided_at,
    decision,
    remedies,
    ended_at,
    made_by,
    made_at,
    due_at,
    version,
});

impl Application {
    /// The answers by question.
    pub fn answers(&self) -> BTreeMap<String, String> {
        serde_json::from_value(self.answers.clone()).unwrap_or_default()
    }

    /// What the register gave.
    pub fn known(&self) -> Vec<Known> {
        serde_json::from_value(self.known.clone()).unwrap_or_default()
    }

    /// The materials that are there, by place.
    pub fn papers(&self) -> Vec<usize> {
        serde_json::from_value(self.papers.clone()).unwrap_or_default()
    }

    /// Tolerated materials that are still owed, by name.
    pub fn debts(&self) -> Vec<String> {
        serde_json::from_value(self.debts.clone()).unwrap_or_default()
    }

    /// What decides about a move besides the state.
    pub fn standing(&self) -> Standing {
        Standing {
            corrected: self.corrected_at.is_some(),
            extended: self.extended_days.is_some(),
            owes: !self.debts().is_empty(),
        }
    }

    /// Who acts for the office now: the deputy while the specialist is absent.
    pub fn acting(&self, now: Time) -> Option<Uuid> {
        matter::acting(self.handler_id, self.deputy_id, self.away_until, now)
    }

    /// His name.
    pub fn acting_name(&self, now: &Time) -> Option<&String> {
        match self.acting(*now) {
            Some(id) if id == self.deputy_id && self.handler_id != Some(id) => self.deputy_name.as_ref(),
            _ => self.handler_name.as_ref(),
        }
    }

    /// Whether the deputy stands in now.
    pub fn stands_in(&self, now: &Time) -> bool {
        self.acting(*now) != self.handler_id
    }
}

/// Something that happened to an application, or was said about it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Event {
    /// Key.
    pub id: Uuid,
    /// What: a move, or `deem`.
    pub kind: String,
    /// Whether only the office reads it.
    pub internal: bool,
    /// Who; empty for the program.
    pub author: String,
    /// What was said.
    pub text: String,
    /// When.
    pub at: Time,
}

from_row!(Event { id, kind, internal, author, text, at });

/// A contact of a case.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Touch {
    /// Key.
    pub id: Uuid,
    /// When.
    pub at: Time,
    /// By what way.
    pub channel: Channel,
    /// Whether somebody was met face to face.
    pub face: bool,
    /// How long, in minutes.
    pub minutes: Option<i64>,
    /// What about.
    pub note: Option<String>,
    /// Who of the office, by name.
    pub by: Option<String>,
}

from_row!(Touch { id, at, channel, face, minutes, note, by });

/// Times that the applicant had to come.
pub fn trips(touches: &[Touch]) -> usize {
    touches.iter().filter(|touch| touch.channel.is_trip()).count()
}

/// An application with everything about it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Full {
    /// The application.
    #[serde(flatten)]
    pub application: Application,
    /// The edition of the matter that it keeps.
    pub matter: matter::Content,
    /// What happened and was said, newest first.
    pub events: Vec<Event>,
    /// Every contact, oldest first.
    pub touches: Vec<Touch>,
    /// Times that the applicant had to come.
    pub trips: usize,
    /// The ways that the licence went.
    pub deliveries: Vec<courier::Delivery>,
    /// Its clocks.
    pub clocks: Vec<ClockView>,
    /// Number to call of who acts for the office.
    pub phone: Option<String>,
    /// What the reader can do now.
    pub possible: Vec<Move>,
    /// Whether the reader may say where the licence goes.
    pub may_address: bool,
    /// Whether the reader sends it out.
    pub may_send: bool,
}

impl Versioned for Full {
    fn version(&self) -> i64 {
        self.application.version
    }
}

/// A new application.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApplication {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// The matter.
    pub matter_id: Uuid,
    /// For whom; the own enterprise when the enterprise applies.
    pub enterprise_id: Option<Uuid>,
    /// The way in which the enterprise asked for it, where the office fills it in.
    pub channel: Option<Channel>,
    /// Answers, by the key of their question.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// Places of the materials that are there, from 0.
    #[serde(default)]
    pub papers: Vec<usize>,
    /// Whether the applicant promises to bring what is tolerated to come later.
    #[serde(default)]
    pub promise: bool,
    /// Kept, and not sent yet.
    #[serde(default)]
    pub draft: bool,
    /// The key under which the form keeps its files.
    #[serde(skip)]
    pub files: Option<Uuid>,
}

/// What somebody does with an application.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Keeps what was filled in so far.
    Save {
        /// Answers, by the key of their question.
        #[serde(default)]
        answers: BTreeMap<String, String>,
        /// Places of the materials that are there.
        #[serde(default)]
        papers: Vec<usize>,
    },
    /// Sends it.
    Submit {
        /// Answers, by the key of their question.
        #[serde(default)]
        answers: BTreeMap<String, String>,
        /// Places of the materials that are there.
        #[serde(default)]
        papers: Vec<usize>,
        /// Whether the applicant promises to bring what is tolerated to come later.
        #[serde(default)]
        promise: bool,
    },
    /// Asks, once, for everything that is to be corrected.
    AskCorrection {
        /// Everything, one point a line.
        text: String,
    },
    /// Sends it again, corrected.
    Resubmit {
        /// Answers, by the key of their question.
        #[serde(default)]
        answers: BTreeMap<String, String>,
        /// Places of the materials that are there.
        #[serde(default)]
        papers: Vec<usize>,
        /// Whether the applicant promises to bring what is tolerated to come later.
        #[serde(default)]
        promise: bool,
    },
    /// Accepts it.
    Accept {},
    /// Does not accept it.
    NotAccept {
        /// Why.
        reason: String,
        /// Whose it is instead.
        right_channel: String,
    },
    /// Begins to examine it.
    Review {},
    /// Stops the clock for a procedure that the law does not count.
    Special {
        /// Which.
        procedure: Procedure,
        /// Working days that it is likely to take, which are told in writing.
        expected_days: i64,
    },
    /// The procedure is over.
    Resume {
        /// What came of it.
        result: String,
    },
    /// More time, once, by the head.
    Extend {
        /// Working days, 10 at most.
        days: i64,
        /// Why; the applicant is told.
        reason: String,
    },
    /// A tolerated material came.
    Settle {
        /// Its name.
        material: String,
    },
    /// Grants it.
    Grant {
        /// Under these conditions.
        conditions: Option<String>,
    },
    /// Refuses it.
    Refuse {
        /// Why, by which rule.
        reason: String,
        /// Where and until when it can be contested.
        remedies: String,
    },
    /// The licence was handed over.
    Deliver {
        /// By what way.
        channel: Channel,
        /// How that is proved.
        proof: String,
    },
    /// The applicant takes it back.
    Withdraw {
        /// Why.
        reason: String,
    },
    /// Says something to the other side.
    Message {
        /// What.
        text: String,
    },
    /// Writes down a contact.
    Touch {
        /// By what way.
        channel: Channel,
        /// On site: whether somebody was met.
        #[serde(default)]
        met: bool,
        /// How long, in minutes.
        minutes: Option<i64>,
        /// What about.
        note: Option<String>,
        /// When; now, when absent.
        at: Option<Time>,
    },
}

impl Act {
    /// The word for it.
    pub fn does(&self) -> Move {
        match self {
            Self::Save { .. } => Move::Save,
            Self::Submit { .. } => Move::Submit,
            Self::AskCorrection { .. } => Move::AskCorrection,
            Self::Resubmit { .. } => Move::Resubmit,
            Self::Accept {} => Move::Accept,
            Self::NotAccept { .. } => Move::NotAccept,
            Self::Review {} => Move::Review,
            Self::Special { .. } => Move::Special,
            Self::Resume { .. } => Move::Resume,
            Self::Extend { .. } => Move::Extend,
            Self::Settle { .. } => Move::Settle,
            Self::Grant { .. } => Move::Grant,
            Self::Refuse { .. } => Move::Refuse,
            Self::Deliver { .. } => Move::Deliver,
            Self::Withdraw { .. } => Move::Withdraw,
            Self::Message { .. } => Move::Message,
            Self::Touch { .. } => Move::Touch,
        }
    }
}

/// What happens to applications by itself.
pub fn kinds() -> Vec<worker::Kind> {
    vec![
        worker::Kind {
            name: "application.deem",
            schedule: Some(Schedule::EveryMinutes(5)),
            task: |app, zone, _| Box::pin(async move { desk::deem(&app, zone).await.map(drop) }),
        },
        worker::Kind {
            name: "application.remind",
            schedule: Some(Schedule::EveryMinutes(60)),
            task: |app, zone, _| Box::pin(async move { desk::remind(&app, zone).await.map(drop) }),
        },
    ]
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    matter::routes(routes);
    rate::routes(routes);
    api::routes(routes);
    pages::routes(routes);
    courier::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lang;

    const NEW: Standing = Standing { corrected: false, extended: false, owes: false };

    /// The states in which a part may do something, by the first letters of the table.
    fn states(does: Move, standing: Standing, part: Part) -> Vec<State> {
        State::ALL.iter().copied().filter(|state| may(does, *state, standing, &[part]).is_ok()).collect()
    }

    #[test]
    fn who_does_what_in_which_state() {
        use State::{
            Accepted, Correction, DeemedAccepted as Deemed, Draft, Granted, GrantedConditional as Conditional,
            InReview, Submitted,
        };
        for (does, part, expected) in [
            (Move::Save, Applicant, vec![Draft, Correction]),
            (Move::Submit, Applicant, vec![Draft]),
            (Move::AskCorrection, Specialist, vec![Submitted]),
            (Move::Resubmit, Applicant, vec![Correction]),
            (Move::Accept, Specialist, vec![Submitted]),
            (Move::NotAccept, Specialist, vec![Submitted]),
            (Move::Review, Specialist, vec![Accepted, Deemed]),
            (Move::Special, Specialist, vec![InReview]),
            (Move::Resume, Specialist, vec![State::Special]),
            (Move::Extend, Head, vec![Accepted, Deemed, InReview]),
            (Move::Grant, Specialist, vec![Accepted, Deemed, InReview]),
            (Move::Refuse, Specialist, vec![Accepted, Deemed, InReview]),
            (Move::Deliver, Specialist, vec![Granted, Conditional]),
            (Move::Withdraw, Applicant, vec![Draft, Submitted, Correction, Accepted, Deemed, InReview, State::Special]),
        ] {
            assert_eq!(states(does, NEW, part), expected, "{does} by {part}");
            for other in Part::ALL.iter().filter(|other| **other != part) {
                assert!(states(does, NEW, *other).is_empty(), "{does} by {other}");
            }
        }
        for does in [Move::Message, Move::Touch] {
            assert!(states(does, NEW, Desk).iter().all(|state| state.is_open() && *state != Draft));
        }
        assert!(states(Move::Touch, NEW, Applicant).is_empty(), "the office writes contacts down");
        assert_eq!(MOVES.len(), Move::ALL.len());
    }

    #[test]
    fn rule_2_a_correction_is_asked_for_once() {
        let again = Standing { corrected: true, ..NEW };
        assert_eq!(
            may(Move::AskCorrection, State::Submitted, again, &[Specialist]),
            Err(Refusal::State("application_corrected"))
        );
        assert_eq!(may(Move::Accept, State::Submitted, again, &[Specialist]), Ok(()));
    }

    #[test]
    fn rule_3_the_head_extends_once() {
        let again = Standing { extended: true, ..NEW };
        for (standing, expected) in [(NEW, Ok(())), (again, Err(Refusal::State("application_extended")))] {
            assert_eq!(may(Move::Extend, State::InReview, standing, &[Head]), expected);
        }
        assert_eq!(may(Move::Extend, State::InReview, NEW, &[Specialist]), Err(Refusal::Who));
    }

    #[test]
    fn rule_23_what_is_tolerated_must_be_there_before_the_licence() {
        let owes = Standing { owes: true, ..NEW };
        assert_eq!(may(Move::Grant, State::InReview, owes, &[Specialist]), Err(Refusal::State("application_debts")));
        assert_eq!(may(Move::Settle, State::InReview, owes, &[Specialist]), Ok(()));
        assert_eq!(may(Move::Refuse, State::InReview, owes, &[Specialist]), Ok(()));
        assert_eq!(may(Move::Settle, State::InReview, NEW, &[Specialist]), Err(Refusal::State("application_no_debts")));
    }

    #[test]
    fn what_is_over_stays_as_it_is() {
        for state in State::ALL.iter().copied().filter(|state| !state.is_open()) {
            for does in Move::ALL {
                assert!(may(*does, state, NEW, Part::ALL).is_err(), "{does} in {state}");
            }
        }
    }

    #[test]
    fn which_contacts_are_face_to_face() {
        for (channel, met, face, trip) in [
            (Channel::Web, true, false, false),
            (Channel::Phone, true, false, false),
            (Channel::Video, true, false, false),
            (Channel::Wechat, true, false, false),
            (Channel::Post, true, false, false),
            (Channel::Window, false, true, true),
            (Channel::Meeting, false, true, true),
            (Channel::Site, false, false, false),
            (Channel::Site, true, true, false),
        ] {
            assert_eq!((channel.is_face(met), channel.is_trip()), (face, trip), "{channel} {met}");
        }
    }

    #[test]
    fn every_word_has_its_label() {
        for lang in [Lang::Zh, Lang::En] {
            let mut keys: Vec<String> = State::ALL.iter().map(|word| format!("application-state-{word}")).collect();
            keys.extend(Move::ALL.iter().map(|word| format!("application-move-{word}")));
            keys.extend(Procedure::ALL.iter().map(|word| format!("application-special-{word}")));
            keys.extend(Channel::ALL.iter().map(|word| format!("touch-channel-{word}")));
            for key in keys {
                assert!(lang.has(&key), "{key}");
            }
        }
    }
}
