//! 核对清单: what has to be looked at before something is done with an appeal, as a guard
//! of that step. A list belongs to an action, in one category or in all; both hold where
//! there are two. Lists are policy data (kind [`KIND`]); an appeal keeps those that were
//! in force when it was registered.

mod api;
pub mod desk;
pub(super) mod pages;
mod store;

use super::Action;
use crate::http::routes::Routes;
use crate::time::Time;
use crate::words;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of policy data that holds the lists.
pub const KIND: &str = "checklist";
/// What stands for every category in the key of a list.
const ALL: &str = "*";
/// Items of a list, at most.
pub const MOST: usize = 30;
/// Longest item.
pub const LONG: usize = 100;
/// Actions that a list can guard.
pub const ACTIONS: &[Action] = &[Action::Answer, Action::Review, Action::Close, Action::Suspend, Action::Reject];

words! {
    /// Whether an item has to be done always.
    pub enum Need {
        /// 必核
        Required = "required",
        /// 如涉及
        IfApplicable = "if_applicable",
    }
}

words! {
    /// What somebody ticked.
    pub enum Tick {
        /// 已核对
        Done = "done",
        /// 不涉及
        NotApplicable = "not_applicable",
    }
}

/// One item of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckItem {
    /// What is looked at.
    pub text: String,
    /// Whether always.
    pub need: Need,
}

/// A list as policy holds it. One without items guards nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct List {
    /// Its items, in order.
    pub items: Vec<CheckItem>,
}

impl List {
    /// Reads items as they are typed, one a line: those that are looked at always, then
    /// the others.
    pub fn read(required: &str, if_applicable: &str) -> Self {
        let items = |text: &str, need: Need| -> Vec<CheckItem> {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.map(|line| CheckItem { text: line.to_owned(), need }).collect()
        };
        let mut all = items(required, Need::Required);
        all.extend(items(if_applicable, Need::IfApplicable));
        Self { items: all }
    }

    /// The items of one need, one a line.
    pub fn lines(&self, need: Need) -> String {
        let items = self.items.iter().filter(|item| item.need == need);
        items.map(|item| item.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// The key of a list: category, or all, and action.
pub fn key_of(category: Option<&str>, action: Action) -> String {
    format!("{}.{action}", category.unwrap_or(ALL))
}

/// What a key says: the category, none for all, and the action.
pub fn read_key(key: &str) -> Option<(Option<String>, Action)> {
    let (category, action) = key.split_once('.')?;
    let action = Action::parse(action).filter(|action| ACTIONS.contains(action))?;
    Some(((category != ALL).then(|| category.to_owned()), action))
}

/// Whether an item may be ticked so: what is looked at always applies always.
pub fn takes(need: Need, tick: Tick) -> bool {
    need == Need::IfApplicable || tick == Tick::Done
}

/// An item as it stands for an appeal.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckLine {
    /// Its place in the list.
    pub item: i64,
    /// What is looked at.
    pub text: String,
    /// Whether always.
    pub need: Need,
    /// What was ticked.
    pub state: Option<Tick>,
    /// By whom.
    pub by: Option<String>,
    /// When.
    pub at: Option<Time>,
}

/// A list as it stands for an appeal.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckStanding {
    /// Key of the list.
    pub list: String,
    /// What it guards.
    pub action: Action,
    /// Its items.
    pub items: Vec<CheckLine>,
}

/// The texts of what is still open before an action.
pub fn open_for(all: &[CheckStanding], action: Action) -> Vec<&str> {
    let lists = all.iter().filter(|list| list.action == action);
    lists.flat_map(|list| &list.items).filter(|line| line.state.is_none()).map(|line| line.text.as_str()).collect()
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
    fn a_list_is_read_line_by_line() {
        let list = List::read("已联系企业\n\n 措施已落实 ", "已征求税务意见\n");
        let texts: Vec<(&str, Need)> = list.items.iter().map(|item| (item.text.as_str(), item.need)).collect();
        let (always, maybe) = (Need::Required, Need::IfApplicable);
        assert_eq!(texts, [("已联系企业", always), ("措施已落实", always), ("已征求税务意见", maybe)]);
        assert_eq!(List::read(&list.lines(always), &list.lines(maybe)), list);
        assert_eq!(List::read(" \n", ""), List::default());
    }

    #[test]
    fn a_key_says_category_and_action() {
        for (key, read) in [
            ("logistics.answer", Some((Some("logistics".to_owned()), Action::Answer))),
            ("*.close", Some((None, Action::Close))),
            ("logistics.register", None),
            ("logistics", None),
            ("", None),
        ] {
            assert_eq!(read_key(key), read, "{key}");
        }
        for category in [None, Some("finance")] {
            let key = key_of(category, Action::Answer);
            assert_eq!(read_key(&key), Some((category.map(str::to_owned), Action::Answer)));
        }
    }

    #[test]
    fn what_applies_always_cannot_be_waived() {
        for (need, tick, takes_it) in [
            (Need::Required, Tick::Done, true),
            (Need::Required, Tick::NotApplicable, false),
            (Need::IfApplicable, Tick::Done, true),
            (Need::IfApplicable, Tick::NotApplicable, true),
        ] {
            assert_eq!(takes(need, tick), takes_it, "{need} {tick}");
        }
    }

    #[test]
    fn only_what_guards_the_action_is_open_before_it() {
        let line = |item, text: &str, state| CheckLine {
            item,
            text: text.to_owned(),
            need: Need::Required,
            state,
            by: None,
            at: None,
        };
        let all = [
            CheckStanding {
                list: key_of(None, Action::Answer),
                action: Action::Answer,
                items: vec![line(0, "甲", Some(Tick::Done)), line(1, "乙", None)],
            },
            CheckStanding {
                list: key_of(None, Action::Close),
                action: Action::Close,
                items: vec![line(0, "丙", None)],
            },
        ];
        assert_eq!(open_for(&all, Action::Answer), ["乙"]);
        assert_eq!(open_for(&all, Action::Close), ["丙"]);
        assert!(open_for(&all, Action::Review).is_empty());
    }
}
