//! 常用语: texts that officers use again and again, the zone's and one's own, by what is
//! done and by category. Placeholders are filled from the record; what the record does not
//! say stays as it is, for the officer to write.

mod api;
pub mod desk;
mod pages;
mod store;

use super::Action;
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::time::Time;
use ::store::from_row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What can be filled in, as it is written in a text.
pub const PLACEHOLDERS: &[&str] = &["{企业}", "{编号}", "{期限}", "{部门}", "{经办}"];

/// What a record says for each placeholder.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// {企业}: short name of the enterprise or project; none where it is hidden.
    pub subject: Option<String>,
    /// {编号}
    pub number: Option<String>,
    /// {期限}: the day on which it is due.
    pub due: Option<String>,
    /// {部门}: the department that leads.
    pub department: Option<String>,
    /// {经办}: who writes.
    pub officer: Option<String>,
}

/// The text with every placeholder that the record has something for.
pub fn fill(text: &str, values: &Values) -> String {
    let all = [&values.subject, &values.number, &values.due, &values.department, &values.officer];
    let mut filled = text.to_owned();
    for (placeholder, value) in PLACEHOLDERS.iter().zip(all) {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            filled = filled.replace(placeholder, value);
        }
    }
    filled
}

/// The field of an action's form that a text goes into; none where it has no text.
pub fn field_of(action: Action) -> Option<&'static str> {
    Some(match action {
        Action::Ask | Action::Reply | Action::PassPartner | Action::Plan | Action::Answer | Action::ReturnVisit => {
            "text"
        }
        Action::Dispatch => "instruction",
        Action::Reject
        | Action::Object
        | Action::Rule
        | Action::Extend
        | Action::Grant
        | Action::Suspend
        | Action::Resume
        | Action::Review
        | Action::Close => "reason",
        Action::Register
        | Action::Merge
        | Action::Sign
        | Action::Confirm
        | Action::Dispute
        | Action::Reopen
        | Action::Withdraw => return None,
    })
}

/// A text module.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Phrase {
    /// Key.
    pub id: Uuid,
    /// Whose own it is; null for the zone's.
    pub person_id: Option<Uuid>,
    /// What it is called in the list.
    pub heading: String,
    /// The text, with placeholders.
    pub text: String,
    /// What it is offered for; null for everything.
    pub action: Option<Action>,
    /// The category that it is offered in; null for all.
    pub category: Option<String>,
    /// When it was written or changed.
    pub changed_at: Time,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Phrase { id, person_id, heading, text, action, category, changed_at, version });

impl Versioned for Phrase {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Phrase {
    /// Whether it is offered for an action in a category.
    pub fn fits(&self, action: Action, category: &str) -> bool {
        self.action.is_none_or(|of| of == action) && self.category.as_deref().is_none_or(|of| of == category)
    }
}

/// A text module as it is typed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// What it is called in the list.
    pub heading: String,
    /// The text, with placeholders.
    pub text: String,
    /// What it is offered for; null for everything.
    pub action: Option<Action>,
    /// The category that it is offered in; null for all.
    pub category: Option<String>,
    /// Whether it is one's own; the zone's otherwise. It stays what it was made.
    #[serde(default)]
    pub own: bool,
}

/// Adds this job's routes.
pub(super) fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_record_says_is_filled_in_and_the_rest_stays() {
        let text = |text: &str| Some(text.to_owned());
        let known = Values {
            subject: text("测试机电"),
            number: text("SQ-20261124-0001"),
            due: None,
            department: text("企服部"),
            officer: text("张三"),
        };
        for (given, filled) in [
            (
                "{企业}：您反映的事项（{编号}）由{部门}{经办}办理。",
                "测试机电：您反映的事项（SQ-20261124-0001）由企服部张三办理。",
            ),
            ("请于{期限}前补充。", "请于{期限}前补充。"),
            ("{ 企业 }{未知}", "{ 企业 }{未知}"),
            ("没有占位", "没有占位"),
        ] {
            assert_eq!(fill(given, &known), filled);
        }
    }

    #[test]
    fn a_text_is_offered_where_it_belongs() {
        let phrase = |action, category: Option<&str>| Phrase {
            id: Uuid::nil(),
            person_id: None,
            heading: String::new(),
            text: String::new(),
            action,
            category: category.map(str::to_owned),
            changed_at: Time::default(),
            version: 1,
        };
        for (action, category, fits) in [
            (None, None, true),
            (Some(Action::Answer), None, true),
            (Some(Action::Ask), None, false),
            (None, Some("logistics"), true),
            (Some(Action::Answer), Some("finance"), false),
        ] {
            assert_eq!(phrase(action, category).fits(Action::Answer, "logistics"), fits, "{action:?} {category:?}");
        }
    }
}
