//! What is asked: who is to be looked after, who can, and what counts how much.

use std::error::Error;
use std::fmt;

/// The heaviest load that a subject may have.
pub const MAX_LOAD: u8 = 10;

/// The largest weight.
pub const MAX_WEIGHT: u32 = 10_000;

/// How heavy an enterprise weighs in the load of who answers for it: 1; one more
/// when it is a key enterprise (重点企业); one more from 300 people on; one more
/// when three or more of its appeals are open. Meant to be read aloud in a meeting.
pub fn load(headcount: Option<u32>, key: bool, open_appeals: u32) -> u8 {
    1 + u8::from(key) + u8::from(headcount.is_some_and(|n| n >= 300)) + u8::from(open_appeals >= 3)
}

/// A question: subjects and officers, who name each other by their index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    /// Who is to be looked after.
    pub subjects: Vec<Subject>,
    /// Who can look after them.
    pub officers: Vec<Officer>,
    /// What counts how much.
    pub weights: Weights,
}

/// An enterprise, carrier or project that somebody is to answer for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// How heavy it weighs: 1 to [`MAX_LOAD`]. See [`load`].
    pub load: u8,
    /// Its industry: any number that subjects and officers share. Where the lead
    /// department is settled, its number serves as well.
    pub industry: Option<u32>,
    /// The carrier that it sits in (载体), by any number.
    pub carrier: Option<u32>,
    /// Who answers for it today. Nobody when that officer is not of the case.
    pub today: Option<usize>,
    /// Who may answer for it; everybody when absent.
    pub candidates: Option<Vec<usize>>,
    /// Who must not (回避), even if named above.
    pub excluded: Vec<usize>,
    /// Who is set by hand. This stands, candidate or not, room or not.
    pub pinned: Option<usize>,
}

impl Subject {
    /// A subject of that load, about which nothing else is known.
    pub fn new(load: u8) -> Self {
        Self { load, industry: None, carrier: None, today: None, candidates: None, excluded: Vec::new(), pinned: None }
    }
}

/// Somebody who can answer for subjects: an officer, a leader, a department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Officer {
    /// The industries that are his department's duty.
    pub industries: Vec<u32>,
    /// The carriers that he answers for.
    pub carriers: Vec<u32>,
    /// The heaviest load that he may have; no bound when absent.
    pub capacity: Option<u32>,
    /// What part of a full post he has, in percent: 1 to 1,000. It sets his fair share.
    pub post: u32,
}

impl Default for Officer {
    /// A full post without bound, duty or carrier.
    fn default() -> Self {
        Self { industries: Vec::new(), carriers: Vec::new(), capacity: None, post: 100 }
    }
}

/// What counts how much, in points; each at most [`MAX_WEIGHT`]. Only their
/// proportions matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// For a subject whose industry is no duty of its officer.
    pub duty: u32,
    /// For a subject that is apart from its carrier.
    pub carrier: u32,
    /// For a subject that loses today's officer.
    pub change: u32,
    /// For a unit of load upon an officer who has just his fair share; nothing upon
    /// an empty one, double at twice the share.
    pub load: u32,
}

impl Default for Weights {
    /// Neither another's duty nor another's carrier alone moves a subject from today's
    /// officer; both together do, and so does a difference in load of more than three
    /// quarters of a fair share. A newcomer goes by duty before carrier, and by carrier
    /// until that makes half a share of difference.
    fn default() -> Self {
        Self { duty: 400, carrier: 300, change: 450, load: 600 }
    }
}

/// What is wrong with a case. Indices are those of the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A subject's load is 0 or above [`MAX_LOAD`].
    Load {
        /// The subject.
        subject: usize,
    },
    /// A subject names an officer whom the case does not have.
    NoSuchOfficer {
        /// The subject.
        subject: usize,
        /// The index that it names.
        officer: usize,
    },
    /// A subject is set by hand to an officer who must not answer for it.
    PinnedToExcluded {
        /// The subject.
        subject: usize,
        /// The officer.
        officer: usize,
    },
    /// An officer's post is out of bounds.
    Post {
        /// The officer.
        officer: usize,
    },
    /// A weight is above [`MAX_WEIGHT`].
    Weight,
    /// The case is so large and its weights and posts so far apart that costs
    /// cannot be reckoned in 64 bits.
    TooLarge,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load { subject } => write!(f, "the load of subject {subject} is not within 1 and {MAX_LOAD}"),
            Self::NoSuchOfficer { subject, officer } => {
                write!(f, "subject {subject} names officer {officer}, who is not of the case")
            }
            Self::PinnedToExcluded { subject, officer } => {
                write!(f, "subject {subject} is set to officer {officer}, who must not answer for it")
            }
            Self::Post { officer } => write!(f, "the post of officer {officer} is not within 1 and 1000 percent"),
            Self::Weight => write!(f, "a weight is above {MAX_WEIGHT}"),
            Self::TooLarge => write!(f, "the case is too large for its weights"),
        }
    }
}

impl Error for Fault {}

impl Case {
    /// Everything that is wrong with it; empty when it can be answered.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (subject, s) in self.subjects.iter().enumerate() {
            if !(1..=MAX_LOAD).contains(&s.load) {
                faults.push(Fault::Load { subject });
            }
            let named = s.candidates.iter().flatten().chain(&s.excluded).chain(&s.today).chain(&s.pinned);
            faults.extend(
                named
                    .filter(|officer| **officer >= self.officers.len())
                    .map(|&officer| Fault::NoSuchOfficer { subject, officer }),
            );
            if let Some(officer) = s.pinned.filter(|officer| s.excluded.contains(officer)) {
                faults.push(Fault::PinnedToExcluded { subject, officer });
            }
        }
        let posts = self.officers.iter().enumerate().filter(|(_, o)| !(1..=1_000).contains(&o.post));
        faults.extend(posts.map(|(officer, _)| Fault::Post { officer }));
        let Weights { duty, carrier, change, load } = self.weights;
        if [duty, carrier, change, load].iter().any(|weight| *weight > MAX_WEIGHT) {
            faults.push(Fault::Weight);
        }
        faults
    }

    /// Who may answer for a subject, in order: its candidates without those excluded.
    pub(crate) fn allowed(&self, subject: usize) -> Vec<usize> {
        let s = &self.subjects[subject];
        let mut allowed = match &s.candidates {
            Some(candidates) => candidates.clone(),
            None => (0..self.officers.len()).collect(),
        };
        allowed.retain(|officer| !s.excluded.contains(officer));
        allowed.sort_unstable();
        allowed.dedup();
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_enterprise_weighs() {
        for (what, headcount, key, appeals, expected) in [
            ("a small one", Some(20), false, 0, 1),
            ("nothing is known", None, false, 0, 1),
            ("two open appeals are daily work", Some(20), false, 2, 1),
            ("three are not", Some(20), false, 3, 2),
            ("a key enterprise", Some(299), true, 0, 2),
            ("a large one", Some(300), false, 0, 2),
            ("large, key and in need", Some(5_000), true, 9, 4),
        ] {
            assert_eq!(load(headcount, key, appeals), expected, "{what}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let case = Case {
            subjects: vec![
                Subject::new(0),
                Subject { today: Some(7), candidates: Some(vec![0, 9]), ..Subject::new(1) },
                Subject { pinned: Some(1), excluded: vec![1], ..Subject::new(MAX_LOAD) },
                Subject::new(MAX_LOAD + 1),
            ],
            officers: vec![Officer { post: 0, ..Officer::default() }, Officer::default()],
            weights: Weights { load: MAX_WEIGHT + 1, ..Weights::default() },
        };
        assert_eq!(
            case.faults(),
            [
                Fault::Load { subject: 0 },
                Fault::NoSuchOfficer { subject: 1, officer: 9 },
                Fault::NoSuchOfficer { subject: 1, officer: 7 },
                Fault::PinnedToExcluded { subject: 2, officer: 1 },
                Fault::Load { subject: 3 },
                Fault::Post { officer: 0 },
                Fault::Weight,
            ]
        );
    }

    #[test]
    fn who_is_excluded_is_no_candidate() {
        let subjects = vec![
            Subject { candidates: Some(vec![2, 0, 2, 1]), excluded: vec![0], ..Subject::new(1) },
            Subject { excluded: vec![1], ..Subject::new(1) },
        ];
        let case = Case { subjects, officers: vec![Officer::default(); 3], ..Case::default() };
        assert_eq!((case.allowed(0), case.allowed(1)), (vec![1, 2], vec![0, 2]));
    }
}
