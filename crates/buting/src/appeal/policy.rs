//! What is policy and not mechanism: limits and categories. They are data with
//! a validity (`policy_data` of kinds `limit_profile` and `category`); those of
//! the program stand behind them as version 0. An appeal keeps the version that
//! it began with.

use super::Channel;
use crate::actor::{Role, Roles};
use almanac::{Limit, Rule};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The limits of an appeal (manual 3.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Start verifying, from registration.
    pub verify: Option<Limit>,
    /// Answer the enterprise for the first time, from registration.
    pub answer: Option<Limit>,
    /// Solve it, or have the service confirmed, from registration.
    pub finish: Limit,
    /// With extensions, at most so many units in all.
    pub longest: u32,
    /// How often it may be extended.
    pub extensions: i64,
    /// Who grants an extension.
    pub approvers: Vec<Role>,
    /// Sign, from dispatch.
    pub sign: Option<Limit>,
    /// Object, from dispatch.
    pub objection: Limit,
    /// Rule on an objection; nothing means the same day.
    pub ruling: Limit,
    /// Answer as an assisting department or partner, from dispatch.
    pub assist: Limit,
    /// Working days of silence after which a reviewed answer counts as accepted.
    pub silence: u32,
    /// Working days after closing in which it may be opened again.
    pub reopen: u32,
}

impl Profile {
    /// Whether somebody with these roles may grant an extension.
    pub fn approves(&self, roles: Roles) -> bool {
        roles.meets(Roles::of(&self.approvers))
    }

    /// Days or other units that may still be granted.
    pub fn days_left(&self, extended: i64) -> i64 {
        i64::from(self.longest) - i64::from(self.finish.n) - extended
    }
}

/// The profile of enterprises' appeals unless the zone says otherwise.
pub const SHANDONG_ENTERPRISE: &str = "shandong_enterprise";
/// The profile of what comes from the 12345 hotline.
pub const JINAN_12345: &str = "jinan_12345";

/// A profile of the program, by name.
pub fn shipped_profile(key: &str) -> Option<Profile> {
    let days = Limit::working_days;
    let enterprise = Profile {
        verify: Some(days(1)),
        answer: Some(days(3)),
        finish: days(15),
        longest: 30,
        extensions: 2,
        approvers: vec![Role::Leader, Role::Oversight],
        sign: Some(days(1)),
        objection: days(1),
        ruling: days(0),
        assist: days(3),
        silence: 5,
        reopen: 10,
    };
    Some(match key {
        SHANDONG_ENTERPRISE => enterprise,
        // 济南市12345市民服务热线条例 §24: five working days; what cannot be
        // solved now needs measures and a date, not an extension.
        JINAN_12345 => Profile { verify: None, answer: None, finish: days(5), longest: 5, extensions: 0, ..enterprise },
        "jinan_biz_env" => {
            Profile { verify: None, answer: None, finish: days(5), longest: 15, extensions: 1, ..enterprise }
        }
        "zaozhuang_enterprise" => Profile { answer: Some(days(2)), finish: days(10), longest: 25, ..enterprise },
        "quanzhou_2022" => {
            Profile { verify: None, answer: Some(days(7)), finish: days(7), longest: 14, extensions: 1, ..enterprise }
        }
        _ => return None,
    })
}

/// Which profile an appeal begins with.
pub fn profile_for(channel: Channel, of_zone: Option<&str>) -> &str {
    match channel {
        Channel::Hotline12345 => JINAN_12345,
        _ => of_zone.unwrap_or(SHANDONG_ENTERPRISE),
    }
}

/// A category, and where its appeals usually go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Category {
    /// Its stable word.
    #[serde(skip)]
    pub key: String,
    /// The name of a category that the zone made itself; those of the program
    /// have theirs in the locale files.
    pub name: Option<String>,
    /// The department that is proposed to lead.
    pub lead_department_id: Option<Uuid>,
    /// The departments that are proposed to assist.
    pub assist: Vec<Uuid>,
    /// Whether it is offered no longer.
    pub retired: bool,
}

/// The categories of the program (manual 3.2), in the order of forms.
pub const CATEGORIES: &[&str] = &[
    "labour",
    "finance",
    "land",
    "power_water_gas",
    "logistics",
    "supply_chain",
    "market",
    "approval",
    "policy",
    "tax_social",
    "tech_talent",
    "safety_env",
    "legal",
    "payment",
    "traffic",
    "housing_school",
    "epidemic",
    "project",
    "other",
];

/// The categories of a zone: those of the program in their order, changed by
/// what the zone stored, then the zone's own.
pub fn categories(stored: Vec<(String, Category)>) -> Vec<Category> {
    let of = |key: &str, category: Category| Category { key: key.to_owned(), ..category };
    let mut all: Vec<Category> = CATEGORIES
        .iter()
        .map(|key| {
            let own = stored.iter().find(|(name, _)| name == key).map(|(_, category)| category.clone());
            of(key, own.unwrap_or_default())
        })
        .collect();
    all.extend(
        stored.into_iter().filter(|(key, _)| !CATEGORIES.contains(&key.as_str())).map(|(key, own)| of(&key, own)),
    );
    all
}

/// Working days after a question to the enterprise when it is asked again.
pub const ASKED_AGAIN: u32 = 3;

/// The ladder of a deadline (manual 1.6): a reminder one working day before the
/// end, a word to the chief and the coordination office after it, and to the
/// oversight office when three more days have gone.
pub fn ladder() -> Vec<Rule> {
    let rung = |key: &str, days, action: &str| Rule { key: key.into(), days, action: action.into() };
    vec![rung("near", -1, "remind"), rung("over", 0, "urge"), rung("long", 3, "supervise")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_limits_are_those_of_the_contract() {
        let profile = shipped_profile(SHANDONG_ENTERPRISE).expect("shipped");
        let days = |limit: Option<Limit>| limit.map(|l| (l.n, l == Limit::working_days(l.n)));
        assert_eq!(days(profile.verify), Some((1, true)));
        assert_eq!(days(profile.answer), Some((3, true)));
        assert_eq!((profile.finish, profile.longest), (Limit::working_days(15), 30));
        assert_eq!(days(profile.sign), Some((1, true)));
        assert_eq!((profile.objection, profile.ruling), (Limit::working_days(1), Limit::working_days(0)));
        assert_eq!(profile.assist, Limit::working_days(3));
        assert_eq!((profile.days_left(0), profile.days_left(10), profile.days_left(15)), (15, 5, 0));
    }

    #[test]
    fn the_hotline_has_its_own_limits() {
        assert_eq!(profile_for(Channel::Hotline12345, None), JINAN_12345);
        assert_eq!(profile_for(Channel::Visit, None), SHANDONG_ENTERPRISE);
        assert_eq!(profile_for(Channel::Visit, Some("zaozhuang_enterprise")), "zaozhuang_enterprise");
        assert_eq!(shipped_profile(JINAN_12345).map(|p| (p.finish.n, p.days_left(0))), Some((5, 0)));
    }

    #[test]
    fn a_zone_changes_categories_and_adds_its_own() {
        let lead = Uuid::from_u128(1);
        let stored = vec![
            ("traffic".to_owned(), Category { lead_department_id: Some(lead), ..Category::default() }),
            ("drones".to_owned(), Category { name: Some("低空物流".into()), ..Category::default() }),
        ];
        let all = categories(stored);
        assert_eq!(all.len(), CATEGORIES.len() + 1);
        assert_eq!(all.iter().find(|c| c.key == "traffic").and_then(|c| c.lead_department_id), Some(lead));
        assert_eq!(all.last().map(|c| c.key.as_str()), Some("drones"));
    }
}
