//! 批量操作: one change to several enterprises. What each becomes is judged by the same
//! rule before and at the moment of doing it.

mod api;
pub mod desk;
mod pages;

use super::{Enterprise, EnterprisePatch, Tag, difference};
use crate::error::{Error, Result};
use crate::http::bulk::{Pick, Planned, Step};
use crate::http::routes::Routes;
use crate::patch::Patch;
use crate::time::Time;
use crate::words;
use serde_json::Value as Json;
use uuid::Uuid;

pub use pages::offer;

words! {
    /// What is done to several enterprises.
    pub enum Action {
        /// 列为重点
        SetKey = "set_key",
        /// 取消重点
        UnsetKey = "unset_key",
        /// 设置所在载体
        SetCarrier = "set_carrier",
        /// 加标签
        AddTag = "add_tag",
        /// 去标签
        RemoveTag = "remove_tag",
        /// 核实: the facts were found to be right today.
        Confirm = "confirm",
    }
}

/// One change to several enterprises, with what it needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// They are key enterprises, or no longer.
    Key(bool),
    /// They sit in this carrier, or in none.
    Carrier(Option<Uuid>),
    /// They have this tag.
    Add(Tag),
    /// They have it no longer.
    Remove(Tag),
    /// Their facts were found to be right.
    Confirm,
}

impl What {
    /// An action with its answers; the field that lacks is named. `carrier` is none
    /// when nothing was said, and the inner none takes enterprises out of theirs.
    pub fn of(action: Action, carrier: Option<Option<Uuid>>, tag: Option<Tag>) -> Result<Self> {
        let tag = || tag.ok_or_else(|| Error::field("tag", "required"));
        Ok(match action {
            Action::SetKey => Self::Key(true),
            Action::UnsetKey => Self::Key(false),
            Action::SetCarrier => Self::Carrier(carrier.ok_or_else(|| Error::field("carrier_id", "required"))?),
            Action::AddTag => Self::Add(tag()?),
            Action::RemoveTag => Self::Remove(tag()?),
            Action::Confirm => Self::Confirm,
        })
    }

    /// The change that makes it so.
    fn patch(self, one: &Enterprise, now: Time) -> EnterprisePatch {
        let none = EnterprisePatch::default();
        match self {
            Self::Key(key) => EnterprisePatch { key: Some(key), ..none },
            Self::Carrier(Some(carrier)) => EnterprisePatch { carrier_id: Patch::Set(carrier), ..none },
            Self::Carrier(None) => EnterprisePatch { carrier_id: Patch::Clear, ..none },
            Self::Add(tag) => {
                let mut tags = one.tags.clone();
                if !tags.contains(&tag) {
                    tags.push(tag);
                }
                EnterprisePatch { tags: Some(tags), ..none }
            }
            Self::Remove(tag) => {
                let tags = one.tags.iter().copied().filter(|other| *other != tag).collect();
                EnterprisePatch { tags: Some(tags), ..none }
            }
            Self::Confirm => EnterprisePatch { confirmed_at: Patch::Set(now), ..none },
        }
    }

    /// What becomes of an enterprise. `today` is the instant at which the day began:
    /// what was confirmed since is confirmed already.
    fn judge(self, pick: Pick, one: Option<&Enterprise>, now: Time, today: Time) -> Planned {
        let Some(one) = one else { return Planned::unknown(pick) };
        let here = Pick { id: one.id, version: Some(one.version) };
        if one.merged_into.is_some() {
            return Planned::left(here, &one.name, Step::Refused, Some("merged"));
        }
        if pick.version.is_some_and(|seen| seen != one.version) {
            return Planned::left(here, &one.name, Step::Stale, None);
        }
        if self == Self::Confirm && one.confirmed_at.is_some_and(|at| at >= today) {
            return Planned::left(here, &one.name, Step::Same, None);
        }
        // A record of before today's rules may hold what they refuse: that is set right by hand first.
        let Ok(new) = self.patch(one, now).apply(one).checked() else {
            return Planned::left(here, &one.name, Step::Refused, Some("record_wrong"));
        };
        match difference(&self.part(one), &self.part(&new.record(one.id, one.created_at))) {
            None => Planned::left(here, &one.name, Step::Same, None),
            Some((before, after)) => Planned { before, after, ..Planned::left(here, &one.name, Step::Change, None) },
        }
    }

    /// The fact that is changed.
    fn part(self, one: &Enterprise) -> Json {
        let field = match self {
            Self::Key(_) => "key",
            Self::Carrier(_) => "carrier_id",
            Self::Add(_) | Self::Remove(_) => "tags",
            Self::Confirm => "confirmed_at",
        };
        serde_json::json!({ field: one.facts()[field] })
    }
}

pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::super::{NewEnterprise, Tag};
    use super::*;
    use serde_json::json;

    fn one(new: NewEnterprise) -> Enterprise {
        let name = if new.name.is_empty() { "北辰机电设备有限公司".to_owned() } else { new.name.clone() };
        let mut one = NewEnterprise { name, ..new }.record(Uuid::from_u128(1), Time::default());
        one.version = 3;
        one
    }

    fn judged(what: What, one: &Enterprise, seen: Option<i64>) -> Planned {
        let (now, today) = (Time::from_ms(90_000_000), Time::from_ms(86_400_000));
        what.judge(Pick { id: one.id, version: seen }, Some(one), now, today)
    }

    #[test]
    fn what_becomes_of_an_enterprise() {
        let (park, tags) = (Uuid::from_u128(9), vec![Tag::ALL[0]]);
        let plain = one(NewEnterprise::default());
        let key = one(NewEnterprise { key: true, carrier_id: Some(park), tags, ..NewEnterprise::default() });
        for (what, one, step, after) in [
            (What::Key(true), &plain, Step::Change, json!({"key": true})),
            (What::Key(true), &key, Step::Same, Json::Null),
            (What::Key(false), &key, Step::Change, json!({"key": false})),
            (What::Carrier(Some(park)), &plain, Step::Change, json!({"carrier_id": park})),
            (What::Carrier(Some(park)), &key, Step::Same, Json::Null),
            (What::Carrier(None), &key, Step::Change, json!({"carrier_id": null})),
            (What::Add(Tag::ALL[0]), &key, Step::Same, Json::Null),
            (What::Add(Tag::ALL[1]), &key, Step::Change, json!({"tags": [Tag::ALL[0], Tag::ALL[1]]})),
            (What::Remove(Tag::ALL[0]), &key, Step::Change, json!({"tags": []})),
            (What::Remove(Tag::ALL[1]), &key, Step::Same, Json::Null),
        ] {
            let planned = judged(what, one, Some(3));
            assert_eq!((planned.step, planned.after), (step, after), "{what:?}");
        }
    }

    #[test]
    fn what_was_confirmed_today_is_confirmed() {
        for (at, step) in [(None, Step::Change), (Some(86_399_999), Step::Change), (Some(86_400_000), Step::Same)] {
            let confirmed_at = at.map(Time::from_ms);
            let one = one(NewEnterprise { confirmed_at, ..NewEnterprise::default() });
            assert_eq!(judged(What::Confirm, &one, None).step, step, "{at:?}");
        }
    }

    #[test]
    fn what_moved_on_was_merged_or_is_wrong_is_left_as_it_is() {
        let mut gone = one(NewEnterprise::default());
        gone.merged_into = Some(Uuid::from_u128(2));
        let wrong = one(NewEnterprise { uscc: Some("9137".into()), ..NewEnterprise::default() });
        let plain = one(NewEnterprise::default());
        for (planned, step, why) in [
            (judged(What::Key(true), &plain, Some(2)), Step::Stale, None),
            (judged(What::Key(true), &gone, None), Step::Refused, Some("merged")),
            (judged(What::Key(true), &wrong, None), Step::Refused, Some("record_wrong")),
        ] {
            assert_eq!((planned.step, planned.why), (step, why));
        }
        let none = What::Confirm.judge(Pick { id: Uuid::nil(), version: None }, None, Time::default(), Time::default());
        assert_eq!((none.step, none.why), (Step::Refused, Some("unknown")));
    }

    #[test]
    fn every_action_has_its_words() {
        for lang in [crate::text::Lang::Zh, crate::text::Lang::En] {
            assert!(Action::ALL.iter().all(|action| lang.has(&format!("enterprise-bulk-{action}"))));
        }
    }

    #[test]
    fn an_action_says_what_it_lacks() {
        for (action, wants) in [
            (Action::SetKey, None),
            (Action::SetCarrier, Some("carrier_id")),
            (Action::AddTag, Some("tag")),
            (Action::RemoveTag, Some("tag")),
            (Action::Confirm, None),
        ] {
            let lacks = match What::of(action, None, None) {
                Err(Error::Invalid(errors)) => Some(errors[0].field.clone()),
                _ => None,
            };
            assert_eq!(lacks.as_deref(), wants, "{action}");
        }
        assert_eq!(What::of(Action::SetCarrier, Some(None), None).ok(), Some(What::Carrier(None)));
    }
}
