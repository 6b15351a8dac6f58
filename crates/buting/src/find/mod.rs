//! 搜索: one box for everything: names, short names, pinyin and initials, codes,
//! numbers, telephones, words in texts. Everybody finds what he may see.
//!
//! A name that was typed with a slip is found by what it sounds like and by the
//! characters that it shares ([`hanzi::meant`]), once nothing is called what was typed.

mod api;
mod desk;
mod pages;

pub use desk::find;

use crate::http::routes::Routes;
use crate::words;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// Adds the routes of the search.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

/// The longest question (characters).
pub const LONGEST: usize = 100;
/// Hits of a kind on the page.
pub const HITS: i64 = 10;
/// A name with less of what was typed is another one.
const LIKE: f64 = 0.6;

words! {
    /// What was found.
    pub enum Kind {
        /// 企业
        Enterprise = "enterprise",
        /// 载体
        Carrier = "carrier",
        /// 项目
        Project = "project",
        /// 诉求
        Appeal = "appeal",
        /// 走访
        Visit = "visit",
        /// 承诺
        Promise = "promise",
        /// 措施
        Measure = "measure",
        /// 共性问题
        Cause = "cause",
        /// 突发事件
        Disruption = "disruption",
        /// 大走访
        Campaign = "campaign",
        /// 专班
        TaskForce = "task_force",
        /// 部门、协作单位
        Department = "department",
        /// 人员
        Person = "person",
    }
}

impl Kind {
    /// The page of its list.
    fn list(self) -> &'static str {
        match self {
            Self::Enterprise => "/enterprises",
            Self::Carrier => "/carriers",
            Self::Project => "/projects",
            Self::Appeal => "/appeals",
            Self::Visit => "/visits",
            Self::Promise => "/promises",
            Self::Measure => "/measures",
            Self::Cause => "/causes",
            Self::Disruption => "/disruptions",
            Self::Campaign => "/visits/campaigns",
            Self::TaskForce => "/task-forces",
            Self::Department => "/departments",
            Self::Person => "/people",
        }
    }
}

/// What was found of one kind.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Group {
    /// The kind.
    pub kind: Kind,
    /// Whether these are only called nearly so: nothing is called what was typed.
    pub near: bool,
    /// The first of them.
    pub items: Vec<Hit>,
    /// How many there are in all; null above 1,000, and for names that are nearly so.
    pub total: Option<i64>,
    /// Above 1,000: at least so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_at_least: Option<i64>,
}

/// Something that was found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Hit {
    /// Its key.
    pub id: Uuid,
    /// Its name or title.
    pub title: String,
    /// What tells it from others: a number, a place, a department.
    pub more: String,
    /// Its page.
    pub href: String,
}

/// How likely a record is the one that was meant, from 0 to 1, by the names that it
/// goes by: 1 when one of them sounds like what was typed.
fn likeness<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> f64 {
    let sound = hanzi::pinyin::spellings(typed).into_iter().next().unwrap_or_default();
    let chinese = typed.chars().any(hanzi::is_han);
    let one = |name: &str| {
        if !chinese {
            // A name may go on where the typing ended.
            let reach = typed.chars().count() + 1;
            let keys = hanzi::spelling_keys(name);
            return keys
                .split(' ')
                .map(|key| hanzi::share(typed, &key.chars().take(reach).collect::<String>()))
                .fold(0.0, f64::max);
        }
        let sounds = !sound.is_empty() && hanzi::pinyin::spellings(name).iter().any(|spelt| spelt.contains(&sound));
        if sounds { 1.0 } else { hanzi::share(typed, name) }
    };
    names.map(one).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_were_meant() {
        for (typed, name, meant) in [
            ("北晨机电", "北辰机电设备有限公司", true),
            ("北晨", "北辰机电设备有限公司", true),
            ("北辰机申", "北辰机电设备有限公司", true),
            ("bcjf", "北辰机电", true),
            ("beichne", "北辰机电设备有限公司", true),
            ("佳合食品", "佳禾食品有限公司", true),
            ("北辰机电", "平安街道卫生院", false),
            ("机电城", "西岭机床厂", false),
            ("xyzw", "北辰机电", false),
        ] {
            let likeness = likeness(typed, std::iter::once(name));
            assert_eq!(likeness >= LIKE, meant, "{typed} for {name}: {likeness}");
        }
    }
}
