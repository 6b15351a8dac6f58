//! 设置: policy as data. What the committee may decide for itself (categories
//! and where they go, limits, official days, the blocks of a visit) stands in
//! `policy_data`: a new version never changes an old one, so a running case keeps
//! what it began with. What the zone has not set is what the program ships.

pub mod desk;
pub(crate) mod pages;
mod store;

use crate::http::routes::Routes;
use crate::time::Time;
use ::store::from_row;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// The kind of `policy_data` that holds the blocks of a visit's record.
pub const VISIT_BLOCK: &str = "visit_block";

/// One block of a visit's record (requirement VIS-6): what is looked at on the spot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VisitBlock {
    /// Its stable word.
    #[serde(skip)]
    pub key: String,
    /// The name of a block that the zone made itself; those of the program have
    /// theirs in the locale files (`visit-block-<key>`).
    pub name: Option<String>,
    /// Place in the form.
    pub position: i64,
    /// Whether it is offered no longer.
    pub retired: bool,
}

/// The three blocks that the program ships: 疫情防控, 生产经营, 安全生产.
pub const VISIT_BLOCKS: &[&str] = &["prevention", "production", "safety"];

/// One version of one piece of policy.
#[derive(Clone, Debug)]
pub struct Version {
    /// Counts up from 1 per kind and key.
    pub version: i64,
    /// Since when it holds.
    pub valid_from: Time,
    /// Until when; none while it holds.
    pub valid_to: Option<Time>,
    /// What it says.
    pub body: Json,
}

from_row!(Version { version, valid_from, valid_to, body });

/// Somebody's account and what it may do, for the overview of roles.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The account.
    pub account_id: uuid::Uuid,
    /// Name of the person.
    pub name: String,
    /// Short name of the department.
    pub department: Option<String>,
    /// The role.
    pub role: crate::actor::Role,
    /// How far it reaches.
    pub scope: crate::actor::ScopeKind,
    /// Whether the account is disabled.
    pub disabled: bool,
}

/// Reads office hours as they are typed: `08:30-12:00 13:30-17:30`. In order,
/// without overlap.
pub fn read_hours(text: &str) -> Option<Vec<[String; 2]>> {
    let text =
        text.replace(['，', '、', '；', ',', ';'], " ").replace(['—', '–', '－', '~', '至'], "-").replace('：', ":");
    let mut pairs = Vec::new();
    let mut last: Option<jiff::civil::Time> = None;
    for part in text.split_whitespace() {
        let (from, to) = part.split_once('-')?;
        let read = |text: &str| text.trim().parse::<jiff::civil::Time>().ok();
        let (from, to) = (read(from)?, read(to)?);
        if from >= to || last.is_some_and(|last| last > from) {
            return None;
        }
        last = Some(to);
        pairs.push([from.strftime("%H:%M").to_string(), to.strftime("%H:%M").to_string()]);
    }
    (!pairs.is_empty()).then_some(pairs)
}

/// Reads single days of the place as they are typed, one a line:
/// `2026-11-05 休 停电检修` or `2026-11-07 班`. The number of the first line that
/// does not read is the error.
pub fn read_days(text: &str) -> Result<Json, usize> {
    let mut days = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let mut parts = line.split_whitespace();
        let date = parts.next().and_then(|text| text.parse::<jiff::civil::Date>().ok()).ok_or(n + 1)?;
        let works = match parts.next() {
            Some("休" | "off") => false,
            Some("班" | "work") => true,
            _ => return Err(n + 1),
        };
        let name = parts.collect::<Vec<_>>().join(" ");
        days.push(json!({"date": date.to_string(), "works": works, "name": name}));
    }
    Ok(json!({ "days": days }))
}

/// What the program ships for a kind: key and body, in order.
pub fn shipped(kind: &str) -> Vec<(String, Json)> {
    match kind {
        VISIT_BLOCK => {
            VISIT_BLOCKS.iter().zip(1..).map(|(key, n)| ((*key).to_owned(), json!({ "position": n }))).collect()
        }
        _ => Vec::new(),
    }
}

/// What is shipped, with what a zone stored over it; the zone's own comes last.
pub fn overlay(shipped: Vec<(String, Json)>, mut stored: Vec<(String, Json)>) -> Vec<(String, Json)> {
    let mut all: Vec<(String, Json)> = shipped
        .into_iter()
        .map(|(key, body)| match stored.iter().position(|(own, _)| *own == key) {
            Some(at) => stored.remove(at),
            None => (key, body),
        })
        .collect();
    all.append(&mut stored);
    all
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_sets_its_own_over_what_is_shipped() {
        let own = |key: &str, body: Json| (key.to_owned(), body);
        let all = overlay(
            shipped(VISIT_BLOCK),
            vec![own("flood", json!({"name": "防汛", "position": 4})), own("prevention", json!({"retired": true}))],
        );
        let keys: Vec<&str> = all.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["prevention", "production", "safety", "flood"]);
        assert_eq!(all[0].1, json!({"retired": true}));
    }

    #[test]
    fn hours_are_read_as_people_type_them() {
        let pair = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        assert_eq!(read_hours("8:30-12:00，13:30—17:30"), None, "hours have two digits");
        assert_eq!(read_hours("08:30-12:00，13:30—17:30"), Some(vec![pair("08:30", "12:00"), pair("13:30", "17:30")]));
        for wrong in ["", "08:30", "12:00-08:30", "08:30-12:00 11:00-17:00", "08:30-25:00"] {
            assert_eq!(read_hours(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_of_the_place_are_read_line_by_line() {
        let days = read_days("2026-11-05 休 停电 检修\n\n2026-11-07 班").expect("they read");
        assert_eq!(days["days"][0], json!({"date": "2026-11-05", "works": false, "name": "停电 检修"}));
        assert_eq!(days["days"][1]["works"], true);
        assert_eq!(read_days("2026-11-05 休\n5 November off"), Err(2));
        assert_eq!(read_days("2026-11-05"), Err(1));
        assert_eq!(read_days("").expect("nothing is fine")["days"], json!([]));
    }

    #[test]
    fn every_shipped_body_reads() {
        for (key, body) in shipped(VISIT_BLOCK) {
            let block: VisitBlock = serde_json::from_value(body).expect("a block");
            assert!(!block.retired && block.position > 0, "{key}");
        }
        assert!(shipped("no_such_kind").is_empty());
    }
}
