//! 批量交办: several registered appeals are sent to a department at once. Each goes by
//! the same step as one alone.

mod api;
pub mod desk;
mod pages;

use super::policy::Category;
use super::step::Seen;
use super::{Action, Turn, turn};
use crate::http::bulk::{Pick, Planned, Step};
use crate::http::routes::Routes;
use serde_json::json;
use uuid::Uuid;

pub use pages::offer;

/// What is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dispatch {
    /// Who leads; without it, whom the routing of each category names.
    pub department_id: Option<Uuid>,
    /// What is asked of it.
    pub instruction: Option<String>,
}

impl Dispatch {
    /// Who would lead an appeal of that category.
    fn lead(&self, categories: &[Category], category: &str) -> Option<Uuid> {
        let routed = || categories.iter().find(|one| one.key == category)?.lead_department_id;
        self.department_id.or_else(routed)
    }

    /// What becomes of an appeal. `lead` is who would lead it, where there is one that
    /// exists and is the committee's own.
    fn judge(pick: Pick, seen: &Seen, lead: Option<Uuid>) -> Planned {
        let appeal = &seen.appeal;
        let here = Pick { id: appeal.id, version: Some(appeal.version) };
        let name = format!("{} {}", appeal.number, appeal.title);
        let refused = |why| Planned::left(here, name.as_str(), Step::Refused, Some(why));
        if pick.version.is_some_and(|version| version != appeal.version) {
            return Planned::left(here, name, Step::Stale, None);
        }
        match turn(appeal.status, Action::Dispatch, seen.hats) {
            Err(super::Refusal::NotYours) => return refused("not_yours"),
            // On its way already: more departments are asked to assist one by one.
            Err(super::Refusal::NotNow) | Ok(Turn::Same) => return refused("appeal_status"),
            Ok(_) => {}
        }
        let Some(lead) = lead else { return refused("no_routing") };
        if appeal.accused_department_id == Some(lead) {
            return refused("recusal");
        }
        Planned {
            before: json!({"status": appeal.status}),
            after: json!({"lead_department_id": lead}),
            ..Planned::left(here, name, Step::Change, None)
        }
    }
}

pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(key: &str, lead: Option<u128>) -> Category {
        Category {
            key: key.into(),
            name: None,
            lead_department_id: lead.map(Uuid::from_u128),
            assist: Vec::new(),
            retired: false,
        }
    }

    #[test]
    fn who_leads_is_who_was_chosen_or_whom_the_category_names() {
        let categories = [category("land", Some(1)), category("other", None)];
        let chosen = Some(Uuid::from_u128(2));
        for (department_id, key, lead) in [
            (None, "land", Some(Uuid::from_u128(1))),
            (None, "other", None),
            (None, "unknown", None),
            (chosen, "land", chosen),
            (chosen, "other", chosen),
        ] {
            let dispatch = Dispatch { department_id, instruction: None };
            assert_eq!(dispatch.lead(&categories, key), lead, "{key}");
        }
    }
}
