//! What is kept of an appeal, and how lists and the API show it.

use super::checklist::CheckStanding;
use super::contact::{Contact, Told};
use super::{
    Channel, Confirmation, Kind, MessageKind, OrderKind, OrderStatus, ResultKind, Status, Urgency, Verdict, WentOn,
};
use crate::clock::{ClockMode, ClockView, Holder, light_of, light_word};
use crate::http::api::Versioned;
use crate::time::{Day, Time};
use almanac::{Calendar, Light};
use schemars::JsonSchema;
use serde::Serialize;
use store::from_row;
use uuid::Uuid;

/// What sorts last: a deadline that stands still, or none.
pub const FAR: i64 = 9_007_199_254_740_991;

/// An appeal as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of the table, which the migration explains")]
pub struct Appeal {
    pub zone_id: Uuid,
    pub id: Uuid,
    pub number: String,
    pub enterprise_id: Option<Uuid>,
    pub project_id: Option<Uuid>,
    pub title: String,
    pub body: String,
    pub kind: Kind,
    pub category: String,
    pub urgency: Urgency,
    pub channel: Channel,
    pub outer_number: Option<String>,
    pub accused_department_id: Option<Uuid>,
    pub visit_id: Option<Uuid>,
    pub disruption_id: Option<Uuid>,
    pub created_by: Option<Uuid>,
    pub created_at: Time,
    pub registered_at: Option<Time>,
    pub profile: String,
    pub profile_version: i64,
    pub grade: Option<String>,
    pub clock_mode: ClockMode,
    pub status: Status,
    pub open: bool,
    pub back_to: Option<Status>,
    pub lead_department_id: Option<Uuid>,
    pub handler_id: Option<Uuid>,
    pub holder: Holder,
    pub holder_id: Option<Uuid>,
    pub due_at: Option<Time>,
    pub due_key: i64,
    pub objected_by: Option<Uuid>,
    pub objection_final: bool,
    pub extension_days: Option<i64>,
    pub extension_by: Option<Uuid>,
    pub extensions: i64,
    pub extended_days: i64,
    pub planned_for: Option<Day>,
    pub suspend_until: Option<Day>,
    pub merged_into: Option<Uuid>,
    pub result: Option<ResultKind>,
    pub answer: Option<String>,
    pub production_continued: Option<WentOn>,
    pub stopped_hours: Option<i64>,
    pub review_on: Option<Day>,
    pub remind_on: Option<Day>,
    pub answered_by: Option<Uuid>,
    pub answered_at: Option<Time>,
    pub reviewed_by: Option<Uuid>,
    pub reviewed_at: Option<Time>,
    pub sent_back: i64,
    pub reopened: i64,
    pub confirmation: Option<Confirmation>,
    pub rating: Option<i64>,
    pub rating_text: Option<String>,
    pub confirmed_by: Option<Uuid>,
    pub confirmed_at: Option<Time>,
    pub verdict: Option<Verdict>,
    pub visited_by: Option<Uuid>,
    pub visited_at: Option<Time>,
    pub visited_level: Option<i64>,
    pub link_serial: i64,
    pub closed_at: Option<Time>,
    pub changed_at: Time,
    pub version: i64,
}

from_row!(Appeal {
    zone_id,
    id,
    number,
    enterprise_id,
    project_id,
    title,
    body,
    kind,
    category,
    urgency,
    channel,
    outer_number,
    accused_department_id,
    visit_id,
    disruption_id,
    created_by,
    created_at,
    registered_at,
    profile,
    profile_version,
    grade,
    clock_mode,
    status,
    open,
    back_to,
    lead_department_id,
    handler_id,
    holder,
    holder_id,
    due_at,
    due_key,
    objected_by,
    objection_final,
    extension_days,
    extension_by,
    extensions,
    extended_days,
    planned_for,
    suspend_until,
    merged_into,
    result,
    answer,
    production_continued,
    stopped_hours,
    review_on,
    remind_on,
    answered_by,
    answered_at,
    reviewed_by,
    reviewed_at,
    sent_back,
    reopened,
    confirmation,
    rating,
    rating_text,
    confirmed_by,
    confirmed_at,
    verdict,
    visited_by,
    visited_at,
    visited_level,
    link_serial,
    closed_at,
    changed_at,
    version,
});

impl Appeal {
    /// The enterprise or project that it belongs to.
    pub fn subject_id(&self) -> Option<Uuid> {
        self.enterprise_id.or(self.project_id)
    }

    /// On whose timeline it shows. A complaint about a department shows on none,
    /// since that department's people may be reading there.
    pub fn about(&self) -> Option<Uuid> {
        if self.accused_department_id.is_some() { None } else { self.subject_id() }
    }

    /// Whether the answer may be shown to the enterprise: it was reviewed.
    pub fn answer_is_out(&self) -> bool {
        self.answer.is_some()
            && matches!(self.status, Status::Reviewed | Status::ReturnVisit | Status::Closed | Status::LongTerm)
    }
}

/// A work order as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of the table, which the migration explains")]
pub struct WorkOrder {
    pub id: Uuid,
    pub appeal_id: Uuid,
    pub number: String,
    pub kind: OrderKind,
    pub department_id: Uuid,
    pub obligatory: bool,
    pub status: OrderStatus,
    pub open: bool,
    pub instruction: String,
    pub handler_id: Option<Uuid>,
    pub due_at: Option<Time>,
    pub sent_at: Time,
    pub signed_at: Option<Time>,
    pub answered_at: Option<Time>,
    pub answer: Option<String>,
    pub asked_days: Option<i64>,
    pub asked_reason: Option<String>,
    pub link_serial: i64,
    pub ended_at: Option<Time>,
    pub contact_id: Option<Uuid>,
    pub department_name: String,
    pub handler_name: Option<String>,
}

from_row!(WorkOrder {
    id,
    appeal_id,
    number,
    kind,
    department_id,
    obligatory,
    status,
    open,
    instruction,
    handler_id,
    due_at,
    sent_at,
    signed_at,
    answered_at,
    answer,
    asked_days,
    asked_reason,
    link_serial,
    ended_at,
    contact_id,
    department_name,
    handler_name,
});

impl WorkOrder {
    /// Whether an answer has to wait for it: it is asked for, not done, and its
    /// own time is not over. A silent assistant blocks nobody for ever.
    pub fn holds_up(&self, now: Time) -> bool {
        self.kind != OrderKind::Lead && self.obligatory && self.open && self.due_at.is_none_or(|due| now <= due)
    }
}

/// Something that was said.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Message {
    pub id: Uuid,
    pub work_order_id: Option<Uuid>,
    pub kind: MessageKind,
    pub internal: bool,
    pub author_id: Option<Uuid>,
    pub author: String,
    pub text: String,
    pub at: Time,
}

from_row!(Message { id, work_order_id, kind, internal, author_id, author, text, at });

/// A message with the appeal that it is about, as an enterprise reads all of its own.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of the query")]
pub struct Spoken {
    pub id: Uuid,
    pub appeal_id: Uuid,
    pub number: String,
    pub title: String,
    pub kind: MessageKind,
    pub author: String,
    pub text: String,
    pub at: Time,
}

from_row!(Spoken { id, appeal_id, number, title, kind, author, text, at });

/// An appeal as a line of a list.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of the query")]
pub struct Line {
    pub id: Uuid,
    pub number: String,
    pub title: String,
    pub status: Status,
    pub kind: Kind,
    pub category: String,
    pub urgency: Urgency,
    pub channel: Channel,
    pub enterprise_id: Option<Uuid>,
    pub enterprise_name: Option<String>,
    pub project_id: Option<Uuid>,
    pub project_name: Option<String>,
    pub lead_department_id: Option<Uuid>,
    pub lead_department_name: Option<String>,
    pub handler_id: Option<Uuid>,
    pub handler_name: Option<String>,
    pub holder: Holder,
    pub holder_name: Option<String>,
    pub accused_department_id: Option<Uuid>,
    pub created_by: Option<Uuid>,
    pub created_at: Time,
    pub registered_at: Option<Time>,
    pub due_at: Option<Time>,
    pub due_key: i64,
    pub answered_at: Option<Time>,
    pub closed_at: Option<Time>,
    pub result: Option<ResultKind>,
    pub rating: Option<i64>,
    pub version: i64,
}

from_row!(Line {
    id,
    number,
    title,
    status,
    kind,
    category,
    urgency,
    channel,
    enterprise_id,
    enterprise_name,
    project_id,
    project_name,
    lead_department_id,
    lead_department_name,
    handler_id,
    handler_name,
    holder,
    holder_name,
    accused_department_id,
    created_by,
    created_at,
    registered_at,
    due_at,
    due_key,
    answered_at,
    closed_at,
    result,
    rating,
    version,
});

impl Line {
    /// The light of its finish.
    pub fn light(&self, now: Time, calendar: &Calendar) -> Light {
        let done = match self.status {
            Status::Answered | Status::Reviewed | Status::ReturnVisit => self.answered_at,
            status if !status.is_open() => self.answered_at.or(self.closed_at),
            _ => None,
        };
        light_of(self.registered_at.unwrap_or(self.created_at), self.due_at, done, now, calendar)
    }

    /// The subject's short name; none when it is hidden from the reader.
    pub fn subject_name(&self) -> Option<&str> {
        self.enterprise_name.as_deref().or(self.project_name.as_deref())
    }

    /// Takes back a result that nobody has reviewed yet.
    pub fn withhold(&mut self) {
        if self.status.is_open() && !matches!(self.status, Status::Reviewed | Status::ReturnVisit | Status::LongTerm) {
            self.result = None;
        }
    }

    /// Hides whose it is.
    pub fn mask(&mut self) {
        (self.enterprise_id, self.enterprise_name, self.project_id, self.project_name) = (None, None, None, None);
        self.created_by = None;
    }
}

/// An appeal in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Item {
    /// Key.
    pub id: Uuid,
    /// Its number, such as SQ-20261124-0001.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// What kind of matter it is.
    pub kind: Kind,
    /// Kind of difficulty.
    pub category: String,
    /// How quickly help is needed.
    pub urgency: Urgency,
    /// The way it came.
    pub channel: Channel,
    /// Whose it is; null when it is a project's, or hidden from the reader.
    pub enterprise_id: Option<Uuid>,
    /// Its short name.
    pub enterprise_name: Option<String>,
    /// The project it concerns.
    pub project_id: Option<Uuid>,
    /// The project's short name.
    pub project_name: Option<String>,
    /// The department that leads.
    pub lead_department_id: Option<Uuid>,
    /// Its short name.
    pub lead_department_name: Option<String>,
    /// Who handles it.
    pub handler_id: Option<Uuid>,
    /// His or her name.
    pub handler_name: Option<String>,
    /// In whose hands it is: `desk`, `department`, `enterprise`, `partner`, `law`.
    pub holder: Holder,
    /// When it was registered.
    pub registered_at: Option<Time>,
    /// When it is due; null while its time stands still.
    pub due_at: Option<Time>,
    /// `suspended`, `normal`, `near`, `behind` or `overdue`.
    pub light: &'static str,
    /// What came of it.
    pub result: Option<ResultKind>,
    /// The enterprise's rating, 1 to 5.
    pub rating: Option<i64>,
    /// When it was written down.
    pub created_at: Time,
    /// When it ended.
    pub closed_at: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

impl Item {
    /// A line as the API shows it.
    pub fn of(line: Line, now: Time, calendar: &Calendar) -> Self {
        let light = light_word(line.light(now, calendar));
        Self {
            id: line.id,
            number: line.number,
            title: line.title,
            status: line.status,
            kind: line.kind,
            category: line.category,
            urgency: line.urgency,
            channel: line.channel,
            enterprise_id: line.enterprise_id,
            enterprise_name: line.enterprise_name,
            project_id: line.project_id,
            project_name: line.project_name,
            lead_department_id: line.lead_department_id,
            lead_department_name: line.lead_department_name,
            handler_id: line.handler_id,
            handler_name: line.handler_name,
            holder: line.holder,
            registered_at: line.registered_at,
            due_at: line.due_at,
            light,
            result: line.result,
            rating: line.rating,
            created_at: line.created_at,
            closed_at: line.closed_at,
            version: line.version,
        }
    }
}

/// A work order as the API shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OrderView {
    /// Key.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// Lead, assisting, or partner.
    pub kind: OrderKind,
    /// Whom it was sent to.
    pub department_id: Uuid,
    /// The short name.
    pub department_name: String,
    /// Where it stands.
    pub status: OrderStatus,
    /// Whether the answer waits for it.
    pub obligatory: bool,
    /// What is asked.
    pub instruction: String,
    /// Who handles it there.
    pub handler_name: Option<String>,
    /// When it is due.
    pub due_at: Option<Time>,
    /// When it was sent.
    pub sent_at: Time,
    /// When it was signed for.
    pub signed_at: Option<Time>,
    /// When it was answered.
    pub answered_at: Option<Time>,
    /// What was answered.
    pub answer: Option<String>,
    /// Whom of the enterprise to call, where he agreed to that; for the agency alone.
    pub contact: Option<Told>,
}

impl From<WorkOrder> for OrderView {
    fn from(order: WorkOrder) -> Self {
        Self {
            id: order.id,
            number: order.number,
            kind: order.kind,
            department_id: order.department_id,
            department_name: order.department_name,
            status: order.status,
            obligatory: order.obligatory,
            instruction: order.instruction,
            handler_name: order.handler_name,
            due_at: order.due_at,
            sent_at: order.sent_at,
            signed_at: order.signed_at,
            answered_at: order.answered_at,
            answer: order.answer,
            contact: None,
        }
    }
}

/// One line of an appeal's history.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HistoryView {
    /// When.
    pub at: Time,
    /// What was done, such as `appeal.sign`.
    pub action: String,
    /// Who, by name; null when a rule acted or the name is hidden.
    pub by: Option<String>,
    /// The department or agency it went to or came from.
    pub department: Option<String>,
    /// The status that it led to, when it changed.
    pub status: Option<String>,
    /// The reason, or what was said.
    pub text: Option<String>,
    /// Whether this stays in the office.
    pub internal: bool,
}

/// One appeal with everything about it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct View {
    /// What lists show.
    #[serde(flatten)]
    pub item: Item,
    /// What happened, in its own words.
    pub body: String,
    /// Its number on the platform that it came from.
    pub outer_number: Option<String>,
    /// The visit that it was written down in.
    pub visit_id: Option<Uuid>,
    /// The disruption that it belongs to.
    pub disruption_id: Option<Uuid>,
    /// The limits that it began with.
    pub profile: String,
    /// The day that it is planned for.
    pub planned_for: Option<Day>,
    /// The day until which it is suspended.
    pub suspend_until: Option<Day>,
    /// The day on which a long-term matter is looked at again.
    pub review_on: Option<Day>,
    /// The appeal that it was merged into.
    pub merged_into: Option<Uuid>,
    /// What was answered; the enterprise sees it once it was reviewed.
    pub answer: Option<String>,
    /// Whether production went on meanwhile.
    pub production_continued: Option<WentOn>,
    /// For how many hours it stood still, where it did.
    pub stopped_hours: Option<i64>,
    /// How the answer was accepted.
    pub confirmation: Option<Confirmation>,
    /// What the enterprise added to its rating.
    pub rating_text: Option<String>,
    /// What a return call found.
    pub verdict: Option<Verdict>,
    /// Days of a pending request for more time.
    pub extension_asked: Option<i64>,
    /// Days granted so far.
    pub extended_days: i64,
    /// How often its answer was sent back.
    pub sent_back: i64,
    /// How often it was opened again.
    pub reopened: i64,
    /// The actions that the reader can take now.
    pub possible: Vec<super::Action>,
    /// Everything that happened, oldest first.
    pub history: Vec<HistoryView>,
    /// What has to be looked at before it is answered or closed; for the office alone.
    pub checks: Vec<CheckStanding>,
    /// Whom of the enterprise to talk to, and what he agreed to; for the office alone.
    pub contact: Option<Contact>,
    /// What departments and partners are asked.
    pub work_orders: Vec<OrderView>,
    /// Every deadline.
    pub clocks: Vec<ClockView>,
}

impl Versioned for View {
    fn version(&self) -> i64 {
        self.item.version
    }
}

/// How many appeals stand where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Count {
    /// The leading department; null for appeals that have none yet.
    pub department_id: Option<Uuid>,
    /// Its short name.
    pub department_name: Option<String>,
    /// Where they stand.
    pub status: Status,
    /// How many.
    pub count: i64,
}
