//! 设置: policy as data. What the committee may decide for itself (categories
//! and where they go, limits, official days, the blocks of a visit) stands in
//! `policy_data`: a new version never changes an old one, so a running case keeps
//! what it began with. What the zone has not set is what the program ships.

pub mod desk;
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

/// What the program ships for a kind: key and body, in order.
pub fn shipped(kind: &str) -> Vec<(String, Json)> {
    match kind {
        VISIT_BLOCK => VISIT_BLOCKS.iter().zip(1..).map(|(key, n)| ((*key).to_owned(), json!({ "position": n }))).collect(),
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
pub fn routes(_routes: &mut Routes) {}

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
    fn every_shipped_body_reads() {
        for (key, body) in shipped(VISIT_BLOCK) {
            let block: VisitBlock = serde_json::from_value(body).expect("a block");
            assert!(!block.retired && block.position > 0, "{key}");
        }
        assert!(shipped("no_such_kind").is_empty());
    }
}
