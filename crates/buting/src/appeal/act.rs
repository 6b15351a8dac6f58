//! What somebody wants to do with an appeal: one of the contract's actions with
//! what it needs.

use super::{Action, ResultKind, SuspendGround, Verdict, WentOn};
use crate::time::Day;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

fn yes() -> bool {
    true
}

/// An action with its details. Those who hold a work order act on it by the
/// same words: `sign`, `answer`, `extend`; whoever leads reviews or grants it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Hand a draft in.
    Register {},
    /// Give it to a leading department and any number of assisting ones, partner
    /// agencies among them. Later: ask more departments to assist.
    Dispatch {
        /// Who leads; without it, whom the category's routing names.
        #[serde(alias = "lead_department_id")]
        department_id: Option<Uuid>,
        /// Who assists.
        #[serde(default, alias = "assist_department_ids")]
        assist: Vec<Uuid>,
        /// What is asked of them.
        instruction: Option<String>,
        /// How hard it is, where its limits have grades to choose; not later.
        grade: Option<String>,
    },
    /// Not accepted, with the reason and the right way.
    Reject {
        /// Why.
        reason: String,
        /// Where to turn instead.
        right_channel: String,
    },
    /// Into another open appeal of the same enterprise.
    Merge {
        /// Which one.
        into: Uuid,
    },
    /// Sign for it.
    Sign {
        /// The work order, for those who assist.
        work_order_id: Option<Uuid>,
    },
    /// Say that it is another department's; once, within its time.
    Object {
        /// Why.
        reason: String,
        /// Whose it is.
        department_id: Option<Uuid>,
    },
    /// Decide on an objection; that stands.
    Rule {
        /// Another department; without it, it stays where it is.
        department_id: Option<Uuid>,
        /// Why.
        reason: String,
    },
    /// Ask the enterprise; the finish clock stands still.
    Ask {
        /// What is asked.
        text: String,
    },
    /// Say something: to the enterprise, or as the enterprise, or as a partner.
    Reply {
        /// What is said.
        text: String,
        /// The work order, for partners.
        work_order_id: Option<Uuid>,
    },
    /// Ask a partner agency; the finish clock goes on.
    PassPartner {
        /// The agency.
        department_id: Uuid,
        /// What is asked.
        text: String,
        /// Whether the answer waits for it.
        #[serde(default = "yes")]
        obligatory: bool,
    },
    /// Set the day on which it will be done.
    Plan {
        /// The day.
        planned_for: Day,
        /// What will be done by then.
        text: String,
    },
    /// Ask for more time, before the time is over.
    Extend {
        /// Working days more.
        days: i64,
        /// Why.
        reason: String,
        /// The work order, for those who assist.
        work_order_id: Option<Uuid>,
    },
    /// Decide on a request for more time.
    Grant {
        /// Whether it is granted.
        #[serde(default = "yes")]
        granted: bool,
        /// Why.
        reason: Option<String>,
        /// The work order whose time it is.
        work_order_id: Option<Uuid>,
    },
    /// Let time stand still on a legal ground.
    Suspend {
        /// The ground.
        ground: SuspendGround,
        /// Until about when.
        until: Day,
        /// What exactly.
        reason: String,
    },
    /// Go on.
    Resume {
        /// Why.
        reason: Option<String>,
    },
    /// Give the result.
    Answer {
        /// The result; not for work orders.
        result: Option<ResultKind>,
        /// What was done and what came of it.
        text: String,
        /// Whether production went on meanwhile; not for work orders.
        production_continued: Option<WentOn>,
        /// The provision, when policy does not allow it.
        basis: Option<String>,
        /// Where to turn, when it is not ours or belongs before a court.
        right_channel: Option<String>,
        /// When a long-term matter is looked at again.
        review_on: Option<Day>,
        /// The work order, for those who assist.
        work_order_id: Option<Uuid>,
    },
    /// Check an answer, by somebody else.
    Review {
        /// Whether it goes to the enterprise.
        #[serde(default = "yes")]
        ok: bool,
        /// Why not.
        reason: Option<String>,
        /// The work order that is sent back.
        work_order_id: Option<Uuid>,
    },
    /// Accept the answer and rate it.
    Confirm {
        /// From 1, very dissatisfied, to 5, very satisfied.
        rating: i64,
        /// In words.
        text: Option<String>,
    },
    /// Do not accept the answer.
    Dispute {
        /// Why.
        reason: String,
    },
    /// Write down a return call.
    ReturnVisit {
        /// What it found.
        verdict: Verdict,
        /// How satisfied who was called said he is, 1 to 5.
        #[serde(default)]
        rating: Option<i64>,
        /// What was said.
        text: Option<String>,
    },
    /// Strike it off the list.
    Close {
        /// A remark.
        reason: Option<String>,
        /// Whether production went on meanwhile; as the answer said, when absent.
        production_continued: Option<WentOn>,
        /// For how many hours it stood still, where it did.
        stopped_hours: Option<i64>,
    },
    /// Open it again, within its time.
    Reopen {
        /// What is new.
        reason: String,
    },
    /// Take it back.
    Withdraw {
        /// Why.
        reason: String,
    },
}

impl Act {
    /// The word for it.
    pub fn action(&self) -> Action {
        match self {
            Self::Register {} => Action::Register,
            Self::Dispatch { .. } => Action::Dispatch,
            Self::Reject { .. } => Action::Reject,
            Self::Merge { .. } => Action::Merge,
            Self::Sign { .. } => Action::Sign,
            Self::Object { .. } => Action::Object,
            Self::Rule { .. } => Action::Rule,
            Self::Ask { .. } => Action::Ask,
            Self::Reply { .. } => Action::Reply,
            Self::PassPartner { .. } => Action::PassPartner,
            Self::Plan { .. } => Action::Plan,
            Self::Extend { .. } => Action::Extend,
            Self::Grant { .. } => Action::Grant,
            Self::Suspend { .. } => Action::Suspend,
            Self::Resume { .. } => Action::Resume,
            Self::Answer { .. } => Action::Answer,
            Self::Review { .. } => Action::Review,
            Self::Confirm { .. } => Action::Confirm,
            Self::Dispute { .. } => Action::Dispute,
            Self::ReturnVisit { .. } => Action::ReturnVisit,
            Self::Close { .. } => Action::Close,
            Self::Reopen { .. } => Action::Reopen,
            Self::Withdraw { .. } => Action::Withdraw,
        }
    }

    /// The work order it is about, if it says so.
    pub fn work_order(&self) -> Option<Uuid> {
        match self {
            Self::Sign { work_order_id }
            | Self::Reply { work_order_id, .. }
            | Self::Extend { work_order_id, .. }
            | Self::Grant { work_order_id, .. }
            | Self::Answer { work_order_id, .. }
            | Self::Review { work_order_id, .. } => *work_order_id,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::api::parse;

    #[test]
    fn an_action_takes_its_own_fields_and_no_others() {
        let act: Act = parse(br#"{"action":"dispatch"}"#).expect("it reads");
        assert_eq!(act.action(), Action::Dispatch);
        for wrong in [
            r#"{"action":"register","reason":"x"}"#,
            r#"{"action":"sign","status":"closed"}"#,
            r#"{"action":"close","rating":5}"#,
            r#"{"action":"confirm"}"#,
            r#"{"action":"destroy"}"#,
            r#"{"reason":"x"}"#,
        ] {
            assert!(parse::<Act>(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_action_of_the_contract_can_be_asked_for() {
        let schema = serde_json::to_string(&schemars::schema_for!(Act)).expect("JSON");
        for action in Action::ALL {
            assert!(schema.contains(&format!("\"const\":\"{action}\"")), "{action}");
        }
    }
}
