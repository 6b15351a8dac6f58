//! 分配方案: who should look after whom in the whole zone, proposed by the crate
//! `allotment`, compared with today, adjusted by hand, accepted in one step.
//!
//! The rules:
//!
//! 1. One question is about one duty: leader, lead department or officer. Every
//!    active enterprise that somebody holds counts in the load, also those outside
//!    the carrier or department that is asked about; only those inside move.
//! 2. An officer comes from the lead department, if that has officers.
//! 3. Nothing is stored. The same question on the same register gives the same
//!    plan; who accepts it sends back the plan's mark, and a plan that has become
//!    another is refused.
//! 4. What a carrier's holder gives to those who sit in it (inherited) counts as
//!    theirs today: to keep it costs nothing and writes nothing.

mod api;
pub mod desk;
mod pages;
mod store;

use super::{Duty, Item, standing};
use crate::http::routes::Routes;
use crate::subject::SubjectKind;
use crate::words;
use allotment::{Case, Officer, Subject, Together, Weights, Why, load};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Adds the routes of plans.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

words! {
    /// How much may change.
    pub enum Steadiness {
        /// 只补缺口，已有责任人的不动
        Gaps = "gaps",
        /// 尽量不动，明显不均才调整
        Steady = "steady",
        /// 重新均衡
        Even = "even",
    }
}

/// A subject and who is to have it, or is not to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The enterprise.
    pub subject_id: Uuid,
    /// The person or department.
    pub unit_id: Uuid,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// `lead_leader`, `lead_dept` or `officer`.
    pub role: Duty,
    /// Only enterprises in this carrier move.
    pub carrier_id: Option<Uuid>,
    /// Only enterprises that this department leads move.
    pub department_id: Option<Uuid>,
    /// How much may change.
    pub steadiness: Option<Steadiness>,
    /// The heaviest load that anybody may have.
    pub capacity: Option<u32>,
    /// Set by hand.
    #[serde(default)]
    pub pinned: Vec<Choice>,
    /// Who must not (回避).
    #[serde(default)]
    pub excluded: Vec<Choice>,
}

impl Question {
    /// How much may change; little unless told.
    fn steadiness(&self) -> Steadiness {
        self.steadiness.unwrap_or(Steadiness::Steady)
    }

    fn weights(&self) -> Weights {
        match self.steadiness() {
            Steadiness::Gaps | Steadiness::Steady => Weights::default(),
            Steadiness::Even => Weights { change: 100, ..Weights::default() },
        }
    }
}

/// An enterprise as a plan needs it.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Key.
    pub id: Uuid,
    /// Short name.
    pub name: String,
    /// The carrier that it sits in.
    pub carrier_id: Option<Uuid>,
    /// Its industry (GB/T 4754), if known.
    pub industry_code: Option<String>,
    /// People employed.
    pub headcount: Option<i64>,
    /// Whether it is a key enterprise.
    pub key: bool,
    /// The assignment that is its own: key and version.
    pub assignment: Option<(Uuid, i64)>,
    /// Who holds that.
    pub held: Option<Uuid>,
    /// Who holds its carrier.
    pub inherited: Option<Uuid>,
    /// The department that leads, its own or its carrier's.
    pub lead: Option<Uuid>,
    /// Whether whoever has it today has left, or the department is closed.
    pub gone: bool,
    /// Its open appeals.
    pub open_appeals: i64,
}

impl Known {
    /// Who answers for it today.
    pub fn today(&self) -> Option<Uuid> {
        self.held.or(self.inherited)
    }

    /// How heavy it weighs.
    pub fn load(&self) -> u8 {
        let n = |n: i64| u32::try_from(n).unwrap_or(0);
        load(self.headcount.map(n), self.key, n(self.open_appeals))
    }

    /// The division of its industry: the first two digits of its code.
    fn division(&self) -> Option<u32> {
        let code = self.industry_code.as_deref()?;
        let digits = code.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        digits.get(..2)?.parse().ok()
    }
}

/// Somebody who can hold the duty.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Person or department.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// A person's department; a department's own key.
    pub department_id: Option<Uuid>,
    /// The divisions of industry in the duty of that department.
    pub industries: Vec<u8>,
    /// The carriers that it holds in this duty.
    pub carriers: Vec<Uuid>,
}

/// The question as `allotment` takes it, with whom its indices mean. Enterprises
/// outside the scope stand fast with whoever has them, and those that nobody has
/// are left out.
pub struct Asked {
    /// The enterprises, by index.
    pub subjects: Vec<Known>,
    /// The holders, by index.
    pub holders: Vec<Holder>,
    /// The case.
    pub case: Case,
}

/// Puts the question in terms of the crate.
pub fn ask(question: &Question, subjects: Vec<Known>, holders: Vec<Holder>) -> Asked {
    let index: HashMap<Uuid, usize> = holders.iter().enumerate().map(|(i, holder)| (holder.id, i)).collect();
    let mut numbers: BTreeMap<Uuid, u32> = BTreeMap::new();
    let mut number = |id: Uuid| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(id).or_insert(next)
    };
    let officers: Vec<Officer> = holders
        .iter()
        .map(|holder| Officer {
            industries: holder.industries.iter().copied().map(u32::from).collect(),
            carriers: holder.carriers.iter().copied().map(&mut number).collect(),
            capacity: question.capacity,
            ..Officer::default()
        })
        .collect();
    let mut of_department: HashMap<Uuid, Vec<usize>> = HashMap::new();
    for (i, holder) in holders.iter().enumerate() {
        if let Some(department) = holder.department_id {
            of_department.entry(department).or_default().push(i);
        }
    }
    let by_hand: HashMap<Uuid, usize> =
        question.pinned.iter().filter_map(|choice| Some((choice.subject_id, *index.get(&choice.unit_id)?))).collect();
    let inside = |known: &Known| {
        question.carrier_id.is_none_or(|carrier| known.carrier_id == Some(carrier))
            && question.department_id.is_none_or(|department| known.lead == Some(department))
    };
    let (mut kept, mut cases) = (Vec::new(), Vec::new());
    for known in subjects {
        let today = known.today().and_then(|id| index.get(&id).copied());
        let moves = inside(&known);
        // Whoever holds it by a decision of his own, though none who would be proposed, keeps it.
        let lent = known.today().is_some() && today.is_none() && !known.gone;
        if !moves && today.is_none() || lent && !by_hand.contains_key(&known.id) {
            continue;
        }
        let stands = today.filter(|_| !moves || question.steadiness() == Steadiness::Gaps);
        let own = known.lead.filter(|_| question.role == Duty::Officer).and_then(|lead| of_department.get(&lead));
        let excluded: Vec<usize> = question
            .excluded
            .iter()
            .filter(|choice| choice.subject_id == known.id)
            .filter_map(|choice| index.get(&choice.unit_id).copied())
            .collect();
        cases.push(Subject {
            industry: known.division(),
            carrier: known.carrier_id.map(&mut number),
            today,
            candidates: own.cloned(),
            pinned: by_hand.get(&known.id).copied().or(stands).filter(|one| !excluded.contains(one)),
            excluded,
            ..Subject::new(known.load())
        });
        kept.push(known);
    }
    Asked { subjects: kept, holders, case: Case { subjects: cases, officers, weights: question.weights() } }
}

/// What a plan does with one enterprise.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Move {
    /// The enterprise.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject: String,
    /// How heavy it weighs.
    pub load: u8,
    /// Who has it today.
    pub before_id: Option<Uuid>,
    /// By name.
    pub before: Option<String>,
    /// Who is proposed; null when nobody may or has room.
    pub unit_id: Option<Uuid>,
    /// By name.
    pub unit: Option<String>,
    /// Whether that was set by hand.
    pub pinned: bool,
    /// Why, in sentences.
    pub why: Vec<String>,
    /// Others, the cheapest first, and by how much they would cost more.
    pub others: Vec<Other>,
    /// How the place stands, for the assignment.
    #[serde(skip)]
    seen: String,
}

/// Another who could have it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Other {
    /// Who.
    pub unit_id: Uuid,
    /// By name.
    pub unit: String,
    /// By how many points the whole would cost more, with all exchanges that follow.
    pub more: i64,
}

/// What somebody has, today and by the plan.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Share {
    /// Who.
    pub unit_id: Uuid,
    /// By name.
    pub unit: String,
    /// How many enterprises today.
    pub subjects_before: u32,
    /// How many by the plan.
    pub subjects_after: u32,
    /// Their load today.
    pub load_before: u32,
    /// Their load by the plan.
    pub load_after: u32,
    /// The load that would be fair.
    pub fair: u32,
}

/// A plan: the answer to a question on the register as it stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Plan {
    /// What changes, the heaviest first.
    pub moves: Vec<Move>,
    /// Enterprises that stay where they are.
    pub kept: usize,
    /// Enterprises that go to somebody else.
    pub moved: usize,
    /// Enterprises that had nobody.
    pub new: usize,
    /// Enterprises for which nobody is found.
    pub nobody: usize,
    /// Who has how much, before and after.
    pub shares: Vec<Share>,
    /// Whether it is proven that no other plan costs less.
    pub cheapest: bool,
    /// What the plan is recognised by when it is accepted.
    pub mark: String,
}

impl Plan {
    /// The assignments that carry it out.
    pub fn items(&self, role: Duty) -> Vec<Item> {
        let personal = role.is_personal();
        let places = self.moves.iter().filter_map(|one| Some((one, one.unit_id?)));
        places
            .map(|(one, unit)| Item {
                subject_kind: SubjectKind::Enterprise,
                subject_id: one.subject_id,
                role,
                department_id: (!personal).then_some(unit),
                person_id: personal.then_some(unit),
                seen: Some(one.seen.clone()),
            })
            .collect()
    }
}

/// How the place of an enterprise stands now.
fn seen(known: &Known) -> String {
    standing(known.assignment)
}

/// A reason in words: the locale key and its number, if it has one.
pub fn sentences(why: &Why) -> Vec<(&'static str, Option<i64>)> {
    let mut all = Vec::new();
    if why.pinned {
        all.push(("plan-why-pinned", None));
    }
    match why.duty {
        Some(true) => all.push(("plan-why-duty", None)),
        Some(false) => all.push(("plan-why-not-duty", None)),
        None => {}
    }
    match why.together {
        Together::Own(true) => all.push(("plan-why-carrier", None)),
        Together::Own(false) | Together::Appointed(false) => all.push(("plan-why-not-carrier", None)),
        Together::Appointed(true) => all.push(("plan-why-appointed", None)),
        Together::Neighbours { with_him, of } if with_him > 0 => {
            all.push(("plan-why-neighbours", Some(with_him * 100 / of.max(1))));
        }
        Together::Neighbours { .. } | Together::Alone => {}
    }
    if why.today {
        all.push(("plan-why-today", None));
    }
    if all.is_empty() {
        all.push(("plan-why-load", None));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use allotment::{Step, propose};

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn question(role: Duty, steadiness: Steadiness) -> Question {
        Question {
            role,
            carrier_id: None,
            department_id: None,
            steadiness: Some(steadiness),
            capacity: None,
            pinned: Vec::new(),
            excluded: Vec::new(),
        }
    }

    fn officer(n: u128, department: u128) -> Holder {
        Holder {
            id: id(n),
            name: format!("经办{n}"),
            department_id: Some(id(department)),
            industries: Vec::new(),
            carriers: Vec::new(),
        }
    }

    fn firm(n: u128, held: Option<u128>) -> Known {
        Known { id: id(n), name: format!("企业{n}"), held: held.map(id), ..Known::default() }
    }

    fn who_has(asked: &Asked) -> Vec<Option<Uuid>> {
        let plan = propose(&asked.case).expect("a case");
        plan.places.iter().map(|place| place.officer.map(|i| asked.holders[i].id)).collect()
    }

    #[test]
    fn gaps_are_filled_and_nothing_moves() {
        let firms = (10..16).map(|n| firm(n, (n < 15).then_some(1))).collect();
        let asked = ask(&question(Duty::Officer, Steadiness::Gaps), firms, vec![officer(1, 7), officer(2, 7)]);
        let has = who_has(&asked);
        assert!(has[..5].iter().all(|who| *who == Some(id(1))), "{has:?}");
        assert_eq!(has[5], Some(id(2)), "the one who has nothing takes the new one");
    }

    #[test]
    fn what_is_uneven_is_evened_out() {
        let firms: Vec<Known> = (10..20).map(|n| firm(n, Some(1))).collect();
        let officers = || vec![officer(1, 7), officer(2, 7)];
        let even = who_has(&ask(&question(Duty::Officer, Steadiness::Even), firms.clone(), officers()));
        let of_first = even.iter().filter(|who| **who == Some(id(1))).count();
        assert!((4..=6).contains(&of_first), "{even:?}");
        let steady = who_has(&ask(&question(Duty::Officer, Steadiness::Steady), firms, officers()));
        assert!(steady.iter().filter(|who| **who == Some(id(1))).count() >= of_first);
    }

    #[test]
    fn an_officer_comes_from_the_lead_department_that_has_officers() {
        let led = |n, lead: u128| Known { lead: Some(id(lead)), ..firm(n, None) };
        let firms = vec![led(10, 7), led(11, 8), led(12, 9)];
        let asked = ask(&question(Duty::Officer, Steadiness::Steady), firms, vec![officer(1, 7), officer(2, 8)]);
        let has = who_has(&asked);
        assert_eq!(has[..2], [Some(id(1)), Some(id(2))]);
        assert!(has[2].is_some(), "a department without officers borrows one");
    }

    #[test]
    fn by_hand_beats_all_and_recusal_beats_by_hand() {
        let mut asked = question(Duty::Officer, Steadiness::Steady);
        asked.pinned =
            vec![Choice { subject_id: id(10), unit_id: id(2) }, Choice { subject_id: id(11), unit_id: id(2) }];
        asked.excluded = vec![Choice { subject_id: id(11), unit_id: id(2) }];
        let firms = vec![firm(10, Some(1)), firm(11, None)];
        assert_eq!(who_has(&ask(&asked, firms, vec![officer(1, 7), officer(2, 7)])), [Some(id(2)), Some(id(1))]);
    }

    #[test]
    fn outside_the_scope_nothing_moves_and_everything_counts() {
        let mut asked = question(Duty::Officer, Steadiness::Even);
        asked.carrier_id = Some(id(50));
        let mut firms: Vec<Known> = (10..18).map(|n| firm(n, Some(1))).collect();
        firms.push(firm(18, None));
        firms.push(Known { carrier_id: Some(id(50)), ..firm(19, None) });
        let asked = ask(&asked, firms, vec![officer(1, 7), officer(2, 7)]);
        assert_eq!(asked.subjects.len(), 9, "who has nobody and is not asked about is left out");
        let has = who_has(&asked);
        assert!(has[..8].iter().all(|who| *who == Some(id(1))));
        assert_eq!(has[8], Some(id(2)));
    }

    #[test]
    fn what_comes_from_the_carrier_is_kept() {
        let firms = vec![Known { inherited: Some(id(1)), carrier_id: Some(id(50)), ..firm(10, None) }];
        let holder = Holder { carriers: vec![id(50)], ..officer(1, 7) };
        let asked = ask(&question(Duty::Officer, Steadiness::Steady), firms, vec![holder, officer(2, 7)]);
        let plan = propose(&asked.case).expect("a case");
        assert_eq!(plan.places[0].step, Step::Kept);
    }

    #[test]
    fn industry_codes_name_their_division() {
        for (code, division) in [("C34", Some(34)), ("3412", Some(34)), ("A0111", Some(1)), ("C", None)] {
            let known = Known { industry_code: Some(code.into()), ..Known::default() };
            assert_eq!(known.division(), division, "{code}");
        }
    }
}
