//! What is policy and not mechanism: categories. They are data with a validity
//! (`policy_data` of kind `category`) over those of the program. Limits, and who is
//! told when they run out, are in [`super::limits`].

use serde::{Deserialize, Serialize};
use uuid::Uuid;

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

#[cfg(test)]
mod tests {
    use super::*;

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
