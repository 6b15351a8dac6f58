//! 诉求: what an enterprise needs or suffers from, from the first word to the
//! day it says that it is solved. Who may move it where is the table
//! [`TRANSITIONS`]; under which conditions is [`guard`].

pub mod act;
mod api;
pub mod bulk;
pub mod cause;
pub mod checklist;
pub mod contact;
pub mod desk;
pub mod limits;
pub mod outer;
mod pages;
pub mod phrase;
pub mod policy;
pub mod propose;
pub mod record;
pub mod result;
pub mod rows;
pub mod solution;
mod step;
mod store;

use crate::clock::Holder;
use crate::http::routes::Routes;
use crate::words;
use crate::worker;
use ::store::Schedule;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

words! {
    /// Where an appeal stands (contract: `appeal.status`).
    pub enum Status {
        /// 草稿
        Draft = "draft",
        /// 待梳理交办
        Registered = "registered",
        /// 已交办，待签收
        Dispatched = "dispatched",
        /// 异议待裁定
        Objected = "objected",
        /// 已签收
        Signed = "signed",
        /// 办理中
        Working = "working",
        /// 待企业补充
        WaitingEnterprise = "waiting_enterprise",
        /// 协同单位办理中
        WithPartner = "with_partner",
        /// 已定办结计划
        Planned = "planned",
        /// 依法挂起
        Suspended = "suspended",
        /// 已反馈，待审核
        Answered = "answered",
        /// 审核通过，待企业确认
        Reviewed = "reviewed",
        /// 待回访销号
        ReturnVisit = "return_visit",
        /// 持续跟踪（挂账）
        LongTerm = "long_term",
        /// 已销号
        Closed = "closed",
        /// 不予受理
        Rejected = "rejected",
        /// 已并入
        Merged = "merged",
        /// 企业撤回
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What can be done with an appeal (contract: `appeal` actions).
    pub enum Action {
        /// 登记
        Register = "register",
        /// 交办
        Dispatch = "dispatch",
        /// 不予受理
        Reject = "reject",
        /// 并入
        Merge = "merge",
        /// 签收
        Sign = "sign",
        /// 提出异议
        Object = "object",
        /// 裁定异议
        Rule = "rule",
        /// 请企业补充
        Ask = "ask",
        /// 回复
        Reply = "reply",
        /// 转协同单位
        PassPartner = "pass_partner",
        /// 定计划
        Plan = "plan",
        /// 申请延期
        Extend = "extend",
        /// 审批延期
        Grant = "grant",
        /// 挂起
        Suspend = "suspend",
        /// 恢复办理
        Resume = "resume",
        /// 反馈结果
        Answer = "answer",
        /// 审核
        Review = "review",
        /// 确认并评价
        Confirm = "confirm",
        /// 不认可
        Dispute = "dispute",
        /// 回访
        ReturnVisit = "return_visit",
        /// 销号
        Close = "close",
        /// 重启
        Reopen = "reopen",
        /// 撤回
        Withdraw = "withdraw",
    }
}

words! {
    /// What somebody is towards one appeal.
    pub enum Hat {
        /// Who wrote it down.
        Author = "author",
        /// The enterprise or project owner it belongs to.
        Owner = "owner",
        /// An officer or specialist whose enterprise it is (包联): speaks for it by telephone.
        Keeper = "keeper",
        /// The coordination office.
        Desk = "desk",
        /// The department that leads.
        Lead = "lead",
        /// A department that assists.
        Assist = "assist",
        /// A partner agency with a work order.
        Partner = "partner",
        /// A leader, or the oversight office.
        Overseer = "overseer",
        /// A rule of the program.
        Rule = "rule",
    }
}

words! {
    /// How quickly help is needed.
    pub enum Urgency {
        /// 一般
        Normal = "normal",
        /// 紧急
        Urgent = "urgent",
        /// 特急
        Critical = "critical",
    }
}

words! {
    /// What kind of matter it is (manual 3.2).
    pub enum Kind {
        /// 咨询
        Consult = "consult",
        /// 求助
        Help = "help",
        /// 投诉
        Complaint = "complaint",
        /// 举报
        Report = "report",
        /// 建议
        Suggestion = "suggestion",
        /// 表扬
        Praise = "praise",
    }
}

words! {
    /// The way it came (manual 16).
    pub enum Channel {
        /// 网页
        Web = "web",
        /// 电话
        Phone = "phone",
        /// 视频
        Video = "video",
        /// 微信
        Wechat = "wechat",
        /// 窗口
        Window = "window",
        /// 邮件
        Email = "email",
        /// 快递
        Courier = "courier",
        /// 走访
        Visit = "visit",
        /// 座谈
        Meeting = "meeting",
        /// 12345 热线
        Hotline12345 = "hotline12345",
        /// 上级交办
        Upper = "upper",
        /// 媒体
        Media = "media",
    }
}

words! {
    /// What came of it (anchors 5.4, manual 1.5).
    pub enum ResultKind {
        /// 已解决
        Solved = "solved",
        /// 以其他方式解决
        SolvedOtherwise = "solved_otherwise",
        /// 阶段性解决
        Partly = "partly",
        /// 已解释
        Explained = "explained",
        /// 政策不允许
        PolicyDoesNotAllow = "policy_does_not_allow",
        /// 引导法定途径
        Referred = "referred",
        /// 非本单位职责
        NotOurs = "not_ours",
        /// 长期事项，挂账
        LongTerm = "long_term",
        /// 企业撤回
        Withdrawn = "withdrawn",
        /// 重复
        Duplicate = "duplicate",
        /// 无法联系
        NoAnswer = "no_answer",
    }
}

impl ResultKind {
    /// Whether a department may give it as its answer; the others come about by
    /// withdrawal and merging.
    pub fn can_be_answered(self) -> bool {
        !matches!(self, Self::Withdrawn | Self::Duplicate)
    }

    /// Whether production, works and transport could go on because of it.
    pub fn is_solved(self) -> bool {
        matches!(self, Self::Solved | Self::SolvedOtherwise)
    }
}

words! {
    /// Whether production went on while it was dealt with; closing asks for it.
    pub enum WentOn {
        /// 未受影响
        Yes = "yes",
        /// 部分受影响
        Partly = "partly",
        /// 曾停
        No = "no",
        /// 不涉及
        NotAffected = "not_affected",
    }
}

words! {
    /// What a return call found (manual 3.5).
    pub enum Verdict {
        /// 已解决
        Solved = "solved",
        /// 部分解决
        Partly = "partly",
        /// 未解决
        NotSolved = "not_solved",
        /// 无法接通
        NotReached = "not_reached",
        /// 不愿答复
        Refused = "refused",
    }
}

words! {
    /// How an answer came to be accepted.
    pub enum Confirmation {
        /// The enterprise said so itself.
        Enterprise = "enterprise",
        /// An officer wrote down what it said on the telephone.
        Phone = "phone",
        /// It said nothing within the time; counted apart.
        Silent = "silent",
    }
}

words! {
    /// Legal grounds on which time may stand still.
    pub enum SuspendGround {
        /// 诉讼
        Litigation = "litigation",
        /// 仲裁
        Arbitration = "arbitration",
        /// 行政复议
        AdministrativeReview = "administrative_review",
        /// 鉴定检测、专家评审
        Appraisal = "appraisal",
        /// 报上级批准
        HigherApproval = "higher_approval",
        /// 不可抗力
        ForceMajeure = "force_majeure",
    }
}

words! {
    /// What a department is to a work order.
    pub enum OrderKind {
        /// 主办
        Lead = "lead",
        /// 协办
        Assist = "assist",
        /// 协同单位
        Partner = "partner",
    }
}

words! {
    /// Where a work order stands.
    pub enum OrderStatus {
        /// 待签收
        Sent = "sent",
        /// 办理中
        Signed = "signed",
        /// 已反馈
        Answered = "answered",
        /// 退回重办
        Back = "back",
        /// 已取消
        Cancelled = "cancelled",
    }
}

impl OrderStatus {
    /// Whether something is still to be done.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Sent | Self::Signed | Self::Back)
    }
}

words! {
    /// What a message is.
    pub enum MessageKind {
        /// A question to the enterprise.
        Question = "question",
        /// What the enterprise said.
        Reply = "reply",
        /// What the office told the enterprise.
        Told = "told",
        /// The result.
        Answer = "answer",
        /// What a work order asks.
        Instruction = "instruction",
        /// What an assisting department or a partner answered.
        OrderAnswer = "order_answer",
        /// A note for the office alone.
        Note = "note",
    }
}

/// A new appeal. An enterprise gives title, body and category; an officer also
/// says for whom.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppeal {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Whose it is; an enterprise's own account may leave it out.
    pub enterprise_id: Option<Uuid>,
    /// The project it concerns; the owner's own account may leave it out.
    pub project_id: Option<Uuid>,
    /// What it is about, in one line.
    pub title: String,
    /// What happened, in its own words.
    pub body: String,
    /// Kind of difficulty: a key of the zone's categories, such as `logistics`.
    pub category: String,
    /// How quickly help is needed.
    #[serde(default = "normal")]
    pub urgency: Urgency,
    /// What kind of matter it is; `help` when absent.
    #[serde(default = "help")]
    pub kind: Kind,
    /// The way it came; `web` when absent.
    #[serde(default = "web")]
    pub channel: Channel,
    /// Its number on the platform that it came from.
    pub outer_number: Option<String>,
    /// The department that a complaint is about; it never learns by whom.
    pub accused_department_id: Option<Uuid>,
    /// The disruption that it belongs to; it may count the hours around the clock.
    pub disruption_id: Option<Uuid>,
    /// Kept as a draft: an officer's is seen by his department, an enterprise's by the enterprise.
    #[serde(default)]
    pub draft: bool,
    /// The visit that it was written down in.
    #[serde(skip)]
    pub visit_id: Option<Uuid>,
    /// The form whose uploads are handed in with it.
    #[serde(skip)]
    pub files: Option<Uuid>,
    /// What the outer platform said that it came from.
    #[serde(skip)]
    pub outer: Option<outer::Outer>,
}

impl Default for NewAppeal {
    fn default() -> Self {
        Self {
            id: None,
            enterprise_id: None,
            project_id: None,
            title: String::new(),
            body: String::new(),
            category: String::new(),
            urgency: Urgency::Normal,
            kind: Kind::Help,
            channel: Channel::Web,
            outer_number: None,
            accused_department_id: None,
            disruption_id: None,
            draft: false,
            visit_id: None,
            files: None,
            outer: None,
        }
    }
}

fn normal() -> Urgency {
    Urgency::Normal
}

fn help() -> Kind {
    Kind::Help
}

fn web() -> Channel {
    Channel::Web
}

impl Status {
    /// Whether something is still to be done about it.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Draft | Self::Closed | Self::Rejected | Self::Merged | Self::Withdrawn)
    }

    /// Whether it is counted on the board.
    pub fn is_counted(self) -> bool {
        self != Self::Draft
    }

    /// In whose hands it is. `None` for what nobody holds any more.
    pub fn holder(self) -> Option<Holder> {
        Some(match self {
            Self::Draft | Self::WaitingEnterprise | Self::Reviewed => Holder::Enterprise,
            Self::Registered | Self::Objected | Self::Answered | Self::ReturnVisit => Holder::Desk,
            Self::Dispatched | Self::Signed | Self::Working | Self::Planned | Self::LongTerm => Holder::Department,
            Self::WithPartner => Holder::Partner,
            Self::Suspended => Holder::Law,
            Self::Closed | Self::Rejected | Self::Merged | Self::Withdrawn => return None,
        })
    }
}

/// Where an action leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// To this status.
    To(Status),
    /// It stays where it is.
    Same,
    /// To where it was before the wait.
    Back,
    /// To the first when the outcome is good, else to the second.
    Either(Status, Status),
    /// It stays when the outcome is good, else to this status.
    SameOr(Status),
}

/// One row of the rule book: in these states, these may do this; it leads there.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    /// In which states.
    pub from: &'static [Status],
    /// What is done.
    pub action: Action,
    /// By whom.
    pub hats: &'static [Hat],
    /// Where it leads.
    pub turn: Turn,
}

const fn row(from: &'static [Status], action: Action, hats: &'static [Hat], turn: Turn) -> Transition {
    Transition { from, action, hats, turn }
}

/// The rule book. The first row that fits counts.
pub const TRANSITIONS: &[Transition] = {
    use Action as A;
    use Hat::{Author, Desk, Keeper, Lead, Overseer, Owner, Partner, Rule};
    use Status as S;
    use Turn::{Back, Either, Same, SameOr, To};
    &[
        row(&[S::Draft], A::Register, &[Author, Owner, Keeper, Desk], To(S::Registered)),
        row(&[S::Registered], A::Dispatch, &[Desk], To(S::Dispatched)),
        // More departments may be asked to assist later (吹哨报到).
        row(&[S::Dispatched, S::Signed, S::Working, S::Planned, S::LongTerm], A::Dispatch, &[Desk], Same),
        row(&[S::Registered, S::Objected], A::Reject, &[Desk], To(S::Rejected)),
        row(&[S::Registered, S::Objected, S::Dispatched], A::Merge, &[Desk], To(S::Merged)),
        row(&[S::Dispatched], A::Sign, &[Lead], To(S::Signed)),
        row(&[S::Dispatched], A::Object, &[Lead], To(S::Objected)),
        row(&[S::Objected], A::Rule, &[Desk, Overseer], To(S::Dispatched)),
        row(&[S::Registered], A::Ask, &[Desk], To(S::WaitingEnterprise)),
        row(&[S::Signed, S::Working, S::Planned], A::Ask, &[Lead], To(S::WaitingEnterprise)),
        // The first word to the enterprise begins the work.
        row(&[S::Signed, S::Working], A::Reply, &[Lead], To(S::Working)),
        row(&[S::Planned, S::Suspended, S::LongTerm], A::Reply, &[Lead], Same),
        row(&[S::WithPartner], A::Reply, &[Partner], Back),
        row(&[S::WithPartner], A::Reply, &[Lead], Same),
        row(&[S::WaitingEnterprise], A::Reply, &[Owner, Keeper], Back),
        row(&[S::Registered], A::Reply, &[Desk], Same),
        row(
            &[
                S::Registered,
                S::Dispatched,
                S::Objected,
                S::Signed,
                S::Working,
                S::WithPartner,
                S::Planned,
                S::Suspended,
                S::LongTerm,
                S::Answered,
            ],
            A::Reply,
            &[Owner, Keeper],
            Same,
        ),
        row(&[S::Signed, S::Working, S::Planned, S::WithPartner], A::PassPartner, &[Lead], To(S::WithPartner)),
        row(&[S::Signed, S::Working, S::Planned], A::Plan, &[Lead], To(S::Planned)),
        row(&[S::Signed, S::Working, S::WaitingEnterprise, S::WithPartner, S::Planned], A::Extend, &[Lead], Same),
        row(
            &[S::Signed, S::Working, S::WaitingEnterprise, S::WithPartner, S::Planned, S::Suspended],
            A::Grant,
            &[Overseer],
            Same,
        ),
        row(&[S::Signed, S::Working, S::Planned], A::Suspend, &[Lead, Desk], To(S::Suspended)),
        row(&[S::Suspended, S::WithPartner, S::WaitingEnterprise], A::Resume, &[Lead, Desk], Back),
        row(&[S::Planned, S::LongTerm], A::Resume, &[Lead, Desk], To(S::Working)),
        row(&[S::Registered], A::Answer, &[Desk], To(S::Answered)),
        row(&[S::Signed, S::Working, S::Planned, S::LongTerm], A::Answer, &[Lead], To(S::Answered)),
        row(&[S::Answered], A::Review, &[Desk, Overseer], Either(S::Reviewed, S::Working)),
        row(&[S::Reviewed], A::Confirm, &[Owner, Keeper], To(S::ReturnVisit)),
        row(&[S::Reviewed], A::Dispute, &[Owner, Keeper], To(S::Working)),
        row(&[S::Reviewed], A::ReturnVisit, &[Desk, Overseer, Keeper], Either(S::ReturnVisit, S::Working)),
        row(&[S::ReturnVisit, S::Closed], A::ReturnVisit, &[Desk, Overseer, Keeper], SameOr(S::Working)),
        row(&[S::ReturnVisit], A::Close, &[Desk, Overseer], Either(S::Closed, S::LongTerm)),
        row(&[S::LongTerm], A::Close, &[Desk, Overseer], To(S::Closed)),
        // An enterprise that says nothing within its time has accepted; counted apart.
        row(&[S::Reviewed], A::Close, &[Rule], Either(S::Closed, S::LongTerm)),
        row(&[S::Closed], A::Reopen, &[Owner, Keeper, Desk, Overseer], To(S::Working)),
        row(&[S::Draft], A::Withdraw, &[Owner, Author, Desk], To(S::Withdrawn)),
        // Who wrote it down for the enterprise may be who must answer it.
        row(
            &[
                S::Registered,
                S::Dispatched,
                S::Objected,
                S::Signed,
                S::Working,
                S::WaitingEnterprise,
                S::WithPartner,
                S::Planned,
                S::Suspended,
                S::Answered,
                S::Reviewed,
                S::LongTerm,
            ],
            A::Withdraw,
            &[Owner, Desk],
            To(S::Withdrawn),
        ),
    ]
};

/// A set of hats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hats(u16);

impl Hats {
    /// These hats.
    pub fn of(hats: &[Hat]) -> Self {
        hats.iter().fold(Self(0), |all, hat| all.with(*hat))
    }

    /// One hat more.
    pub fn with(self, hat: Hat) -> Self {
        Self(self.0 | 1 << hat as u16)
    }

    /// Whether the hat is worn.
    pub fn has(self, hat: Hat) -> bool {
        self.0 & (1 << hat as u16) != 0
    }

    /// Whether any of these is worn.
    pub fn any(self, hats: &[Hat]) -> bool {
        hats.iter().any(|hat| self.has(*hat))
    }

    /// Whether none is worn.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Why a move is not in the rule book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This is never for somebody with these hats.
    NotYours,
    /// For others in this state, or for you in another.
    NotNow,
}

/// Looks a move up.
pub fn turn(status: Status, action: Action, hats: Hats) -> Result<Turn, Refusal> {
    let rows = || TRANSITIONS.iter().filter(|row| row.action == action);
    match rows().find(|row| row.from.contains(&status) && hats.any(row.hats)) {
        Some(row) => Ok(row.turn),
        None if rows().any(|row| hats.any(row.hats)) => Err(Refusal::NotNow),
        None => Err(Refusal::NotYours),
    }
}

/// What somebody with these hats can do in this state, in the order of the actions.
pub fn possible(status: Status, hats: Hats) -> Vec<Action> {
    Action::ALL.iter().copied().filter(|action| turn(status, *action, hats).is_ok()).collect()
}

/// Work without a leading department goes on where departments are chosen.
pub fn land(status: Status, has_lead: bool) -> Status {
    if status == Status::Working && !has_lead { Status::Registered } else { status }
}

/// What the guards look at, gathered by the desk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// An objection was ruled on: it stays with whom the arbiter chose.
    pub objection_final: bool,
    /// The time for an objection is over.
    pub objection_over: bool,
    /// Obligatory work orders that neither ended nor are overdue.
    pub orders_open: usize,
    /// An extension was asked for and not decided.
    pub extension_pending: bool,
    /// No further extension: the profile's number of them is used up.
    pub extensions_used_up: bool,
    /// Working days that may still be granted.
    pub days_left: i64,
    /// The finish clock is past its end.
    pub overdue: bool,
    /// An extension had to be asked for earlier (manual 1.5: before the last working day).
    pub asked_late: bool,
    /// The person answered it, or handles it.
    pub own_work: bool,
    /// The person belongs to the leading department.
    pub own_department: bool,
    /// The person asked for the pending extension.
    pub own_request: bool,
    /// The enterprise rated it 1 or 2 (差评), and nobody has called back since.
    pub bad_rating_open: bool,
    /// The time in which it may be opened again is over.
    pub reopen_over: bool,
}

/// The conditions of a move that the rule book allows. An error is the stable
/// code of the reason; its sentence is `conflict-<code>`.
pub fn guard(action: Action, facts: &Facts) -> Result<(), &'static str> {
    let not = |bad: bool, code| if bad { Err(code) } else { Ok(()) };
    match action {
        Action::Object => {
            not(facts.objection_final, "objection_final")?;
            not(facts.objection_over, "objection_over")
        }
        Action::Extend => {
            not(facts.extension_pending, "extension_pending")?;
            not(facts.overdue, "extension_too_late")?;
            not(facts.asked_late, "extension_ask_before")?;
            not(facts.extensions_used_up || facts.days_left <= 0, "extension_used_up")
        }
        Action::Grant => {
            not(!facts.extension_pending, "extension_none")?;
            not(facts.own_request, "own_request")
        }
        Action::Answer => not(facts.orders_open > 0, "orders_open"),
        // Who did the work does not say for the enterprise that it is content.
        Action::Review | Action::Confirm => not(facts.own_work, "own_work"),
        Action::ReturnVisit => not(facts.own_work || facts.own_department, "own_work"),
        Action::Close => not(facts.bad_rating_open, "bad_rating_open"),
        Action::Reopen => not(facts.reopen_over, "reopen_over"),
        _ => Ok(()),
    }
}

/// What happens to appeals by itself.
pub fn kinds() -> Vec<worker::Kind> {
    vec![
        worker::Kind {
            name: "appeal.escalate",
            schedule: Some(Schedule::EveryMinutes(10)),
            task: |app, zone, _| Box::pin(async move { desk::escalate(&app, zone).await.map(drop) }),
        },
        worker::Kind {
            name: "appeal.remind",
            schedule: Some(Schedule::EveryMinutes(60)),
            task: |app, zone, _| Box::pin(async move { desk::remind(&app, zone).await.map(drop) }),
        },
        worker::Kind {
            name: "appeal.silence",
            schedule: Some(Schedule::EveryMinutes(60)),
            task: |app, zone, _| Box::pin(async move { desk::close_silent(&app, zone).await.map(drop) }),
        },
    ]
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
    bulk::routes(routes);
    cause::routes(routes);
    limits::routes(routes);
    outer::routes(routes);
    result::routes(routes);
    solution::routes(routes);
    phrase::routes(routes);
    checklist::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Who may do what in which state, and where it leads. What is not here is
    /// forbidden.
    const RULE_BOOK: &str = "
        author owner keeper desk  register      draft                                                  -> registered
        desk                      dispatch      registered                                             -> dispatched
        desk                      dispatch      dispatched signed working planned long_term            -> same
        desk                      reject        registered objected                                    -> rejected
        desk                      merge         registered objected dispatched                         -> merged
        lead                      sign          dispatched                                             -> signed
        lead                      object        dispatched                                             -> objected
        desk overseer             rule          objected                                               -> dispatched
        desk                      ask           registered                                             -> waiting_enterprise
        lead                      ask           signed working planned                                 -> waiting_enterprise
        lead                      reply         signed working                                         -> working
        lead                      reply         planned suspended long_term with_partner               -> same
        partner                   reply         with_partner                                           -> back
        owner keeper              reply         waiting_enterprise                                     -> back
        owner keeper              reply         registered dispatched objected signed working          -> same
        owner keeper              reply         with_partner planned suspended long_term answered      -> same
        desk                      reply         registered                                             -> same
        lead                      pass_partner  signed working planned with_partner                    -> with_partner
        lead                      plan          signed working planned                                 -> planned
        lead                      extend        signed working waiting_enterprise with_partner planned -> same
        overseer                  grant         signed working waiting_enterprise with_partner planned -> same
        overseer                  grant         suspended                                              -> same
        lead desk                 suspend       signed working planned                                 -> suspended
        lead desk                 resume        suspended with_partner waiting_enterprise              -> back
        lead desk                 resume        planned long_term                                      -> working
        desk                      answer        registered                                             -> answered
        lead                      answer        signed working planned long_term                       -> answered
        desk overseer             review        answered                                               -> reviewed|working
        owner keeper              confirm       reviewed                                               -> return_visit
        owner keeper              dispute       reviewed                                               -> working
        desk overseer keeper      return_visit  reviewed                                               -> return_visit|working
        desk overseer keeper      return_visit  return_visit closed                                    -> same|working
        desk overseer             close         return_visit                                           -> closed|long_term
        desk overseer             close         long_term                                              -> closed
        rule                      close         reviewed                                               -> closed|long_term
        owner keeper desk overseer  reopen      closed                                                 -> working
        owner author desk         withdraw      draft                                                  -> withdrawn
        owner desk                withdraw      registered dispatched objected signed working          -> withdrawn
        owner desk                withdraw      waiting_enterprise with_partner planned suspended      -> withdrawn
        owner desk                withdraw      answered reviewed long_term                            -> withdrawn
    ";

    type Move = (&'static str, &'static str, &'static str, String);

    fn written_down() -> BTreeSet<Move> {
        let mut all = BTreeSet::new();
        for line in RULE_BOOK.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (left, to) = line.split_once(" -> ").expect("an arrow");
            let columns: Vec<&'static str> =
                left.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect();
            let [hats, action, statuses] = columns[..] else { panic!("three columns: {line}") };
            assert!(Action::parse(action).is_some(), "{action} is no action");
            for status in statuses.split(' ') {
                assert!(Status::parse(status).is_some(), "{status} is no status");
                for hat in hats.split(' ') {
                    assert!(Hat::parse(hat).is_some(), "{hat} is no hat");
                    let new = all.insert((hat, action, status, to.trim().to_owned()));
                    assert!(new, "twice in the book: {hat} {action} {status}");
                }
            }
        }
        all
    }

    fn told(turn: Turn) -> String {
        match turn {
            Turn::To(status) => status.to_string(),
            Turn::Same => "same".into(),
            Turn::Back => "back".into(),
            Turn::Either(good, bad) => format!("{good}|{bad}"),
            Turn::SameOr(bad) => format!("same|{bad}"),
        }
    }

    #[test]
    fn every_move_is_allowed_or_forbidden_as_the_rule_book_says() {
        let mut found = BTreeSet::new();
        for status in Status::ALL {
            for action in Action::ALL {
                for hat in Hat::ALL {
                    if let Ok(turn) = turn(*status, *action, Hats::of(&[*hat])) {
                        found.insert((hat.word(), action.word(), status.word(), told(turn)));
                    }
                }
            }
        }
        let book = written_down();
        let forbidden: Vec<_> = found.difference(&book).collect();
        let missing: Vec<_> = book.difference(&found).collect();
        assert!(
            forbidden.is_empty() && missing.is_empty(),
            "allowed but not written: {forbidden:?}\nwritten but not allowed: {missing:?}"
        );
        assert_eq!(found.len(), book.len());
    }

    #[test]
    fn every_status_is_reached_from_a_draft_and_an_end_is_an_end() {
        let mut reached: BTreeSet<Status> = [Status::Draft].into();
        loop {
            let before = reached.len();
            for row in TRANSITIONS {
                if !row.from.iter().any(|from| reached.contains(from)) {
                    continue;
                }
                match row.turn {
                    Turn::To(status) | Turn::SameOr(status) => drop(reached.insert(status)),
                    Turn::Either(good, bad) => reached.extend([good, bad]),
                    Turn::Same | Turn::Back => {}
                }
            }
            if reached.len() == before {
                break;
            }
        }
        assert_eq!(reached.len(), Status::ALL.len());
        for status in Status::ALL {
            let out = TRANSITIONS.iter().any(|row| row.from.contains(status));
            let is_end = matches!(status, Status::Rejected | Status::Merged | Status::Withdrawn);
            assert_eq!(out, !is_end, "{status}");
            assert_eq!(status.holder().is_some(), status.is_open() || *status == Status::Draft, "{status}");
        }
    }

    #[test]
    fn a_refusal_says_whether_it_is_the_person_or_the_moment() {
        let lead = Hats::of(&[Hat::Lead]);
        assert_eq!(turn(Status::Working, Action::Sign, lead), Err(Refusal::NotNow));
        assert_eq!(turn(Status::Dispatched, Action::Sign, Hats::of(&[Hat::Owner])), Err(Refusal::NotYours));
        assert_eq!(turn(Status::Reviewed, Action::Close, Hats::of(&[Hat::Desk])), Err(Refusal::NotNow));
        assert_eq!(turn(Status::Dispatched, Action::Sign, Hats::default()), Err(Refusal::NotYours));
    }

    #[test]
    fn guards_name_their_reason() {
        let free = Facts { days_left: 15, ..Facts::default() };
        let refused = |action, facts: Facts| guard(action, &facts).err();
        for action in Action::ALL.iter().filter(|action| **action != Action::Grant) {
            assert_eq!(refused(*action, free), None, "{action} without hindrance");
        }
        for (action, facts, code) in [
            (Action::Object, Facts { objection_over: true, ..free }, "objection_over"),
            (Action::Object, Facts { objection_final: true, objection_over: true, ..free }, "objection_final"),
            (Action::Extend, Facts { overdue: true, ..free }, "extension_too_late"),
            (Action::Extend, Facts { extension_pending: true, ..free }, "extension_pending"),
            (Action::Extend, Facts { days_left: 0, ..free }, "extension_used_up"),
            (Action::Extend, Facts { extensions_used_up: true, ..free }, "extension_used_up"),
            (Action::Grant, free, "extension_none"),
            (Action::Grant, Facts { extension_pending: true, own_request: true, ..free }, "own_request"),
            (Action::Answer, Facts { orders_open: 1, ..free }, "orders_open"),
            (Action::Review, Facts { own_work: true, ..free }, "own_work"),
            (Action::Confirm, Facts { own_work: true, ..free }, "own_work"),
            (Action::ReturnVisit, Facts { own_work: true, ..free }, "own_work"),
            (Action::ReturnVisit, Facts { own_department: true, ..free }, "own_work"),
            (Action::Close, Facts { bad_rating_open: true, ..free }, "bad_rating_open"),
            (Action::Reopen, Facts { reopen_over: true, ..free }, "reopen_over"),
        ] {
            assert_eq!(refused(action, facts), Some(code), "{action}");
        }
        assert_eq!(refused(Action::Grant, Facts { extension_pending: true, ..free }), None);
    }

    #[test]
    fn work_without_a_department_goes_back_to_the_coordination_office() {
        assert_eq!(land(Status::Working, false), Status::Registered);
        assert_eq!(land(Status::Working, true), Status::Working);
        assert_eq!(land(Status::Closed, false), Status::Closed);
    }
}
