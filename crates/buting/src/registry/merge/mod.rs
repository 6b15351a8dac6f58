//! 合并重复企业: two records of the register that are one enterprise.
//!
//! The rules:
//!
//! 1. Pairs are found by what they share, and each says why: the name without its
//!    legal form, a short name, a telephone, an address, the old registration
//!    number, or a name that is nearly the same. Two credit codes that both check
//!    and differ are two enterprises, however alike their names.
//! 2. A person decides. Who says that they are two is not asked again.
//! 3. The record that stays keeps its facts. What it lacks it takes from the other;
//!    where both say something, who merges chooses. Names of the other become short
//!    names, so that it is still found by them.
//! 4. Everything that belonged to the other record belongs to the one that stays:
//!    appeals, visits, promises, lights, measures, contacts, projects. Where both have
//!    what there is once (an officer, a light, a first contact), the one that stays
//!    keeps its own, but the newer light counts.
//! 5. Who answers is told by day: what held for the other record ends that instant and
//!    begins for the one that stays, unless somebody holds the place there. What had
//!    ended stays with the old record. So both show on any past day who answered then;
//!    moved rows would say that two officers had the one, and that nobody had the other.
//!    Each end and beginning is an entry of its own, and those concerned are told.
//! 6. Within thirty days it can be undone: what moved goes back, what came since
//!    stays. Every line of both has its last word as the current one.
//! 7. The old record leads to the new one; its history stands where it was written.

mod api;
pub mod desk;
mod pages;
mod store;

use super::{Enterprise, EnterprisePatch, MOST_NAMES, Tag};
use crate::http::routes::Routes;
use crate::patch::Patch;
use crate::time::{DAY_MS, Time};
use crate::words;
use crate::worker;
use ::store::Schedule;
use hanzi::similarity;
use identifiers::Uscc;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Adds the routes of duplicates and merges.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

/// What looks for duplicates by itself.
pub fn kinds() -> Vec<worker::Kind> {
    vec![worker::Kind {
        name: "registry.duplicates",
        schedule: Some(Schedule::DailyAt(210)),
        task: |app, zone, _| Box::pin(async move { desk::look(&app, zone).await.map(drop) }),
    }]
}

/// For so long a merge can be undone.
pub const UNDO_MS: i64 = 30 * DAY_MS;
/// Names at least so alike (Dice, 0 to 1) are nearly the same.
const NEAR: f64 = 0.75;
/// What more than so many records share tells none of them apart.
const COMMON: usize = 40;

words! {
    /// Why two records may be one enterprise.
    pub enum Reason {
        /// 名称相同（不计组织形式）
        SameName = "same_name",
        /// 旧注册号相同
        SameOldNumber = "same_old_number",
        /// 联系电话相同
        SamePhone = "same_phone",
        /// 简称相同
        SameShortName = "same_short_name",
        /// 名称相近
        NearName = "near_name",
        /// 地址相同
        SameAddress = "same_address",
    }
}

impl Reason {
    /// How much it weighs among reasons, in thousandths.
    fn weight(self) -> i64 {
        match self {
            Self::SameName => 900,
            Self::SameOldNumber => 850,
            Self::SamePhone => 500,
            Self::SameShortName => 400,
            Self::NearName => 450,
            Self::SameAddress => 200,
        }
    }
}

/// What is compared of a record.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The record.
    pub id: Uuid,
    /// Full name.
    pub name: String,
    /// The name as it is compared ([`hanzi::name_key`]).
    pub name_key: String,
    /// Credit code.
    pub uscc: Option<String>,
    /// Old registration number.
    pub legacy_reg_no: Option<String>,
    /// Where it is.
    pub address: Option<String>,
    /// What it is called besides.
    pub short_names: Vec<String>,
    /// Telephones of its contacts.
    pub phones: Vec<String>,
}

/// Two records that may be one; `a` is the older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The older record.
    pub a: Uuid,
    /// The younger record.
    pub b: Uuid,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// How likely, in thousandths.
    pub score: i64,
}

/// Whether two credit codes say that these are two enterprises.
fn two_codes(a: Option<&str>, b: Option<&str>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a != b && Uscc::findings(a).is_empty() && Uscc::findings(b).is_empty())
}

/// Why two records may be one; empty when nothing says so. An address alone is
/// shared by a whole building and says nothing.
pub fn reasons(a: &Known, b: &Known) -> Vec<Reason> {
    if two_codes(a.uscc.as_deref(), b.uscc.as_deref()) {
        return Vec::new();
    }
    let both = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
    let share = |a: &[String], b: &[String]| a.iter().any(|one| b.contains(one));
    let same_name = !a.name_key.is_empty() && a.name_key == b.name_key;
    let mut all = Vec::new();
    for (reason, holds) in [
        (Reason::SameName, same_name),
        (Reason::SameOldNumber, both(&a.legacy_reg_no, &b.legacy_reg_no)),
        (Reason::SamePhone, share(&a.phones, &b.phones)),
        (Reason::NearName, !same_name && similarity(&a.name, &b.name) >= NEAR),
        (Reason::SameShortName, share(&a.short_names, &b.short_names)),
        (Reason::SameAddress, both(&a.address, &b.address)),
    ] {
        if holds {
            all.push(reason);
        }
    }
    if all == [Reason::SameAddress] { Vec::new() } else { all }
}

/// How likely two records are one, from the reasons: each takes its share of the
/// doubt that the others left.
fn score(reasons: &[Reason]) -> i64 {
    1000 - reasons.iter().fold(1000, |doubt, reason| doubt * (1000 - reason.weight()) / 1000)
}

/// The pieces of a name that [`similarity`] counts, each with how often it stood
/// there before.
fn pieces(name_key: &str) -> Vec<String> {
    let chars: Vec<char> = name_key.chars().collect();
    let mut seen: HashMap<&[char], usize> = HashMap::new();
    let pieces = chars.windows(if chars.len() < 3 { 1 } else { 2 }).map(|piece| {
        let n = seen.entry(piece).or_default();
        *n += 1;
        format!("{}{n}", piece.iter().collect::<String>())
    });
    pieces.collect()
}

/// The pairs of a register that may be one, most likely first. Only records that
/// share something are compared, so the work grows with the register and not with
/// its square: a name, a short name, a telephone, an old number, or one of the
/// rarest pieces of their names. Two names that are alike by `NEAR` share a piece
/// among that part of each (the prefix filter of Chaudhuri, Ganti and Kaushik,
/// "A primitive operator for similarity joins", 2006).
pub fn pairs(all: &[Known]) -> Vec<Pair> {
    let mut often: HashMap<String, usize> = HashMap::new();
    for one in all {
        for piece in pieces(&one.name_key) {
            *often.entry(piece).or_default() += 1;
        }
    }
    let mut rooms: HashMap<(u8, String), Vec<usize>> = HashMap::new();
    for (i, one) in all.iter().enumerate() {
        let mut rare = pieces(&one.name_key);
        rare.sort_by(|a, b| (often[a], a).cmp(&(often[b], b)));
        rare.truncate(rare.len() - (rare.len() as f64 * NEAR / (2.0 - NEAR)).ceil() as usize + 1);
        let whole = (!one.name_key.is_empty()).then(|| one.name_key.clone());
        let keys = [
            (0, whole.into_iter().collect()),
            (1, one.short_names.clone()),
            (2, one.phones.clone()),
            (3, one.legacy_reg_no.clone().into_iter().collect()),
            (4, rare),
        ];
        for (kind, texts) in keys {
            for text in texts.into_iter().collect::<BTreeSet<_>>() {
                rooms.entry((kind, text)).or_default().push(i);
            }
        }
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for room in rooms.values().filter(|room| room.len() <= COMMON) {
        for (n, &i) in room.iter().enumerate() {
            for &j in &room[n + 1..] {
                if !seen.insert((i, j)) {
                    continue;
                }
                let reasons = reasons(&all[i], &all[j]);
                if !reasons.is_empty() {
                    let (a, b) = (all[i].id.min(all[j].id), all[i].id.max(all[j].id));
                    found.push(Pair { a, b, score: score(&reasons), reasons });
                }
            }
        }
    }
    found.sort_by_key(|pair| (-pair.score, pair.a, pair.b));
    found
}

words! {
    /// A fact that may be taken from the record that goes.
    pub enum Fact {
        /// 所在载体
        Carrier = "carrier_id",
        /// 行业代码
        Industry = "industry_code",
        /// 职工人数
        Headcount = "headcount",
        /// 地址
        Address = "address",
        /// 资料来源
        Source = "source",
    }
}

/// Merge another record into this one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMerge {
    /// The record that goes.
    pub from: Uuid,
    /// Facts to take from it although this one has its own.
    #[serde(default)]
    pub take: Vec<Fact>,
    /// Why they are one.
    pub reason: String,
}

/// What forbids to merge two records, as the code of a conflict.
pub fn refusal(from: &Enterprise, into: &Enterprise) -> Option<&'static str> {
    if from.id == into.id {
        return Some("merge_itself");
    }
    if from.merged_into.is_some() || into.merged_into.is_some() {
        return Some("merge_merged");
    }
    two_codes(from.uscc.as_deref(), into.uscc.as_deref()).then_some("merge_two_codes")
}

/// What of the record that stays changes when the other joins it.
pub fn joined(from: &Enterprise, into: &Enterprise, take: &[Fact]) -> EnterprisePatch {
    /// The other's value, where it has one and it is missing here or was chosen.
    fn take_over<T: Clone + PartialEq>(from: &Option<T>, into: &Option<T>, chosen: bool) -> Patch<T> {
        match from {
            Some(value) if (into.is_none() || chosen) && into.as_ref() != Some(value) => Patch::Set(value.clone()),
            _ => Patch::Keep,
        }
    }
    let chosen = |fact| take.contains(&fact);
    let mut names = into.short_names.clone();
    let full =
        (from.name != into.name && from.name.chars().count() <= super::LONGEST_SHORT_NAME).then(|| from.name.clone());
    if names.is_empty() {
        // What tables call it stays the first.
        names.push(into.short_name.clone());
    }
    for name in from.short_names.iter().cloned().chain([from.short_name.clone()]).chain(full) {
        if names.len() < MOST_NAMES && !names.contains(&name) && name != into.name {
            names.push(name);
        }
    }
    let tags: BTreeSet<Tag> = into.tags.iter().chain(&from.tags).copied().collect();
    let checks = |code: &Option<String>| code.as_deref().is_some_and(|code| Uscc::findings(code).is_empty());
    let code_here = into.uscc.is_some() && (checks(&into.uscc) || !checks(&from.uscc));
    EnterprisePatch {
        short_names: (names != into.short_names).then_some(names),
        uscc: if code_here { Patch::Keep } else { take_over(&from.uscc, &into.uscc, true) },
        uscc_note: if code_here { Patch::Keep } else { take_over(&from.uscc_note, &into.uscc_note, true) },
        legacy_reg_no: take_over(&from.legacy_reg_no, &into.legacy_reg_no, false),
        carrier_id: take_over(&from.carrier_id, &into.carrier_id, chosen(Fact::Carrier)),
        industry_code: take_over(&from.industry_code, &into.industry_code, chosen(Fact::Industry)),
        headcount: take_over(&from.headcount, &into.headcount, chosen(Fact::Headcount)),
        address: take_over(&from.address, &into.address, chosen(Fact::Address)),
        source: take_over(&from.source, &into.source, chosen(Fact::Source)),
        key: (from.key && !into.key).then_some(true),
        tags: (tags.len() > into.tags.len()).then(|| tags.into_iter().collect()),
        note: match (&from.note, &into.note) {
            (Some(other), Some(own)) if other != own => {
                Patch::Set(format!("{own}\n{other}").chars().take(2000).collect())
            }
            (other, own) => take_over(other, own, false),
        },
        ..EnterprisePatch::default()
    }
}

/// What undoing a merge changes of the record that stayed: facts that the merge
/// gave it and that nobody has changed since. `gave` holds `was` and `is` by field.
pub fn parted(gave: &Json, now: &Json) -> Map<String, Json> {
    let fields = gave["was"].as_object().into_iter().flatten();
    fields
        .filter(|(field, _)| gave["is"][*field] == now[*field])
        .map(|(field, was)| (field.clone(), was.clone()))
        .collect()
}

/// Two records that may be one, as a list shows them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Candidate {
    /// The older record.
    pub a_id: Uuid,
    /// Its name.
    pub a_name: String,
    /// The younger record.
    pub b_id: Uuid,
    /// Its name.
    pub b_name: String,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// How likely, in thousandths.
    pub score: i64,
    /// Whether the reader answers for both, and so may decide.
    pub reachable: bool,
}

/// A merge that was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Merge {
    /// Key.
    pub id: Uuid,
    /// The record that went.
    pub from_id: Uuid,
    /// Its name.
    pub from_name: String,
    /// The record that stayed.
    pub into_id: Uuid,
    /// Its name.
    pub into_name: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Time,
    /// Who, by name.
    pub made_by: Option<String>,
    /// When it was undone; null while it holds.
    pub undone_at: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

impl Merge {
    /// Whether it can still be undone.
    pub fn can_be_undone(&self, now: &Time) -> bool {
        self.undone_at.is_none() && now.ms() - self.at.ms() <= UNDO_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::NewEnterprise;
    use proptest::prelude::*;
    use serde_json::json;

    fn known(n: u128, name: &str) -> Known {
        Known { id: Uuid::from_u128(n), name: name.into(), name_key: hanzi::name_key(name), ..Known::default() }
    }

    #[test]
    fn what_makes_two_records_one() {
        let plain = known(1, "北辰机电设备有限公司");
        let with = |change: fn(&mut Known)| {
            let mut one = plain.clone();
            change(&mut one);
            one
        };
        for (what, a, b, expected) in [
            (
                "only the legal form differs",
                plain.clone(),
                known(2, "北辰机电设备股份有限公司"),
                vec![Reason::SameName],
            ),
            ("one character was typed wrong", plain.clone(), known(2, "北晨机电设备有限公司"), vec![]),
            ("the place was left out", plain.clone(), known(2, "山东北辰机电设备有限公司"), vec![Reason::NearName]),
            ("other names altogether", plain.clone(), known(2, "佳禾食品有限公司"), vec![]),
            (
                "the same number answers",
                with(|one| one.phones = vec!["13800000001".into()]),
                Known { phones: vec!["13800000001".into()], ..known(2, "佳禾食品有限公司") },
                vec![Reason::SamePhone],
            ),
            (
                "neighbours in one building are two",
                with(|one| one.address = Some("西岭路 1 号".into())),
                Known { address: Some("西岭路 1 号".into()), ..known(2, "佳禾食品有限公司") },
                vec![],
            ),
            (
                "two codes that check are two enterprises",
                with(|one| one.uscc = Some("91370000588768482Y".into())),
                Known { uscc: Some("91110000600037341L".into()), ..known(2, "北辰机电设备有限公司") },
                vec![],
            ),
            (
                "a code with a misprint proves nothing",
                with(|one| one.uscc = Some("91370000588768482Y".into())),
                Known { uscc: Some("91370000588768482X".into()), ..known(2, "北辰机电设备有限公司") },
                vec![Reason::SameName],
            ),
        ] {
            assert_eq!(reasons(&a, &b), expected, "{what}");
        }
    }

    #[test]
    fn more_reasons_are_likelier_and_never_certain() {
        let one = score(&[Reason::SamePhone]);
        let two = score(&[Reason::SamePhone, Reason::NearName]);
        assert!(one < two && two < 1000, "{one} {two}");
        assert_eq!(score(&[]), 0);
    }

    fn enterprise(name: &str) -> Enterprise {
        NewEnterprise { name: name.into(), ..NewEnterprise::default() }
            .checked()
            .expect("holds")
            .record(Uuid::from_u128(name.len() as u128), Time::default())
    }

    #[test]
    fn the_record_that_stays_keeps_its_facts_and_takes_what_it_lacks() {
        let mut from = enterprise("北辰机电设备股份有限公司");
        (from.headcount, from.address, from.uscc) =
            (Some(210), Some("西岭路 1 号".into()), Some("91370000588768482Y".into()));
        from.tags = vec![Tag::HighTech];
        let mut into = enterprise("北辰机电设备有限公司");
        (into.headcount, into.tags) = (Some(200), vec![Tag::Leading]);
        let usual = joined(&from, &into, &[]);
        assert_eq!((usual.headcount, usual.address), (Patch::Keep, Patch::Set("西岭路 1 号".into())));
        assert_eq!(usual.uscc, Patch::Set("91370000588768482Y".into()));
        assert_eq!(usual.tags.map(|tags| tags.len()), Some(2));
        assert!(usual.short_names.is_some_and(|names| names.contains(&"北辰机电设备股份有限公司".into())));
        assert_eq!(joined(&from, &into, &[Fact::Headcount]).headcount, Patch::Set(210));
        into.uscc = Some("91370000588768482Y".into());
        assert_eq!(joined(&from, &into, &[]).uscc, Patch::Keep);
    }

    #[test]
    fn what_was_changed_since_is_not_undone() {
        let gave = json!({"was": {"headcount": null, "address": null}, "is": {"headcount": 210, "address": "甲"}});
        let back = parted(&gave, &json!({"headcount": 210, "address": "乙", "name": "丙"}));
        assert_eq!(Json::Object(back), json!({"headcount": null}));
    }

    proptest! {
        /// Looking only where something is shared misses no pair that looking
        /// everywhere finds.
        #[test]
        fn no_pair_is_missed(names in prop::collection::vec("[北辰佳禾机电食品山东鲁]{3,9}", 2..12)) {
            let all: Vec<Known> = (1..).zip(&names).map(|(n, name)| known(n, name)).collect();
            let found: BTreeSet<(Uuid, Uuid)> = pairs(&all).into_iter().map(|pair| (pair.a, pair.b)).collect();
            for (i, a) in all.iter().enumerate() {
                for b in &all[i + 1..] {
                    if !reasons(a, b).is_empty() {
                        prop_assert!(found.contains(&(a.id, b.id)), "{} {}", a.name, b.name);
                    }
                }
            }
        }
    }
}
