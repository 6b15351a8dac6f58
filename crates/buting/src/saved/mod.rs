//! 我的视图: filter, order and columns of a list, kept under a name, for oneself or
//! for the whole department.

mod api;
pub mod desk;
mod pages;
mod store;

use crate::error::Check;
use crate::http::api::Versioned;
use crate::http::page::{Shell, encode};
use crate::http::routes::Routes;
use crate::words;
use ::store::from_row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

words! {
    /// A list of which views are kept.
    pub enum List {
        /// 企业
        Enterprises = "enterprises",
        /// 诉求
        Appeals = "appeals",
        /// 包联
        Assignments = "assignments",
        /// 项目
        Projects = "projects",
        /// 载体
        Carriers = "carriers",
        /// 人员
        People = "people",
        /// 部门
        Departments = "departments",
        /// 走访
        Visits = "visits",
        /// 承诺
        Promises = "promises",
        /// 三不停
        Lights = "lights",
        /// 措施
        Measures = "measures",
        /// 项目节点
        Milestones = "milestones",
    }
}

impl List {
    /// The page of the list.
    pub const fn href(self) -> &'static str {
        match self {
            Self::Enterprises => "/enterprises",
            Self::Appeals => "/appeals",
            Self::Assignments => "/assignments",
            Self::Projects => "/projects",
            Self::Carriers => "/carriers",
            Self::People => "/people",
            Self::Departments => "/departments",
            Self::Visits => "/visits",
            Self::Promises => "/promises",
            Self::Lights => "/board",
            Self::Measures => "/measures",
            Self::Milestones => "/milestones",
        }
    }
}

/// The longest query that is kept (bytes).
const LONGEST: usize = 2_000;
/// What of an address is no part of a view: where one stood in the list, and what
/// an export was asked for.
const PASSING: &[&str] = &["cursor", "limit", "before", "format"];

/// A kept view.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct View {
    /// Key.
    pub id: Uuid,
    /// The list that it is of.
    pub list: List,
    /// Its name.
    pub name: String,
    /// The query of the list's address: filters, `sort`, `columns`.
    pub query: String,
    /// Whose it is.
    pub person_id: Uuid,
    /// His name.
    pub person: String,
    /// The department that it is shared with.
    pub department_id: Option<Uuid>,
    /// Counts the changes, from 1.
    pub version: i64,
}

from_row!(View { id, list, name, query, person_id, person, department_id, version });

impl View {
    /// The list as the view shows it.
    pub fn href(&self) -> String {
        if self.query.is_empty() { self.list.href().to_owned() } else { format!("{}?{}", self.list.href(), self.query) }
    }
}

impl Versioned for View {
    fn version(&self) -> i64 {
        self.version
    }
}

/// A view to keep.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewView {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// The list that it is of.
    pub list: List,
    /// Its name, one's own.
    pub name: String,
    /// The query of the list's address: filters, `sort`, `columns`.
    #[serde(default)]
    pub query: String,
    /// `true`: the whole department sees it.
    #[serde(default)]
    pub shared: bool,
}

impl NewView {
    /// Name and query trimmed and measured; what is only passing is left out.
    pub fn checked(mut self) -> crate::error::Result<Self> {
        let mut check = Check::new();
        self.name = check.text("name", &self.name, 30);
        self.query = kept(&self.query);
        let plain = self.query.bytes().all(|byte| byte.is_ascii_graphic());
        check.that(plain && self.query.len() <= LONGEST, "query", "unreadable");
        check.done()?;
        Ok(self)
    }
}

/// What of a query makes a view: every parameter that says something and is not
/// passing, in the order in which it stands.
pub fn kept(query: &str) -> String {
    let pairs = query.trim_start_matches('?').split('&').filter(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        !value.is_empty() && !PASSING.contains(&name)
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// What the ledger keeps of a query: everything but the words that were looked for,
/// since those may be somebody's name or number.
pub fn logged(query: &str) -> String {
    query.split('&').filter(|pair| pair.split('=').next() != Some("q")).collect::<Vec<_>>().join("&")
}

/// The views that a list offers to its reader.
#[derive(Clone, Debug)]
pub struct Offered {
    /// The list.
    pub list: List,
    /// One's own first, then those that the department shares.
    pub views: Vec<View>,
}

impl Offered {
    /// Whether a view is what the page shows now.
    pub fn shows(&self, view: &View, s: &Shell) -> bool {
        view.query == kept(&s.query)
    }

    /// Where the list as it stands is kept as a view.
    pub fn keep_href(&self, s: &Shell) -> String {
        format!("/views/new?list={}&query={}", self.list, encode(&kept(&s.query)))
    }
}

pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_keeps_what_narrows_and_orders_a_list() {
        for (query, view) in [
            ("", ""),
            ("key=true&cursor=abc&sort=-headcount", "key=true&sort=-headcount"),
            ("?q=%E8%B4%A7&status=&format=csv", "q=%E8%B4%A7"),
            ("columns=name&columns=uscc&limit=5&before=x", "columns=name&columns=uscc"),
            ("&&a", ""),
        ] {
            assert_eq!(kept(query), view, "{query}");
        }
    }

    #[test]
    fn the_ledger_keeps_no_words_that_were_looked_for() {
        for (query, logged_so) in [
            ("", ""),
            ("q=13800000000", ""),
            ("key=true&q=%E6%9D%8E%E5%A5%B3%E5%A3%AB&sort=name", "key=true&sort=name"),
            ("quick=1", "quick=1"),
        ] {
            assert_eq!(logged(query), logged_so);
        }
    }

    #[test]
    fn a_view_has_a_name_and_a_query_that_an_address_can_hold() {
        let new = |name: &str, query: &str| NewView {
            id: None,
            list: List::Projects,
            name: name.into(),
            query: query.into(),
            shared: false,
        };
        assert!(new("重点企业", "key=true").checked().is_ok());
        assert!(new(" ", "key=true").checked().is_err());
        assert!(new("重点企业", "q=\n<script>").checked().is_err());
        assert!(new("重点企业", &format!("q={}", "a".repeat(LONGEST))).checked().is_err());
    }
}
