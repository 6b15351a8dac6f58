//! What it costs that an officer answers for a subject, and why.

use crate::case::{Case, Weights};
use std::collections::{BTreeMap, HashMap};

/// What a proposal costs as a whole. Less unplaced load is better, whatever the
/// points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// Load that nobody answers for.
    pub unplaced: i64,
    /// Points, by the weights of the case.
    pub points: i64,
}

/// The points of one subject with one officer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// That its industry is not his duty.
    pub duty: i64,
    /// That it is apart from its carrier.
    pub carrier: i64,
    /// That it loses today's officer.
    pub change: i64,
    /// What it adds to the price of his load: what would be saved if he had one
    /// such subject less; for an officer who does not have it, what one more costs.
    pub load: i64,
}

impl Parts {
    /// Their sum.
    pub fn points(self) -> i64 {
        self.duty + self.carrier + self.change + self.load
    }
}

/// How an officer stands to the carrier of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// It sits in none, or alone.
    Alone,
    /// The carrier has officers of its own. Whether he is one of them.
    Own(bool),
    /// Nobody has it yet, so officers are appointed for it. Whether he is one of them.
    Appointed(bool),
    /// Load of its neighbours in the carrier that he has today.
    Neighbours {
        /// What he has.
        with_him: i64,
        /// What there is.
        of: i64,
    },
}

/// Why an officer would answer for a subject, and at which price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Why {
    /// Whether its industry is his duty; nothing when it has none.
    pub duty: Option<bool>,
    /// How he stands to its carrier.
    pub together: Together,
    /// Whether he has it today.
    pub today: bool,
    /// Whether he was set by hand.
    pub pinned: bool,
    /// What each counts.
    pub parts: Parts,
}

/// The price of an officer's n-th subject on one level: `by * n / over`, rounded
/// down, so that it never falls.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Level {
    by: i64,
    over: i64,
}

impl Level {
    /// The price of a level without price.
    pub const FREE: Self = Self { by: 0, over: 1 };

    /// The price of the n-th.
    pub fn nth(self, n: u32) -> i64 {
        self.by * i64::from(n) / self.over
    }

    /// The price of the first n together.
    pub fn first(self, n: u32) -> i64 {
        (1..=n).map(|n| self.nth(n)).sum()
    }
}

/// Who speaks for a carrier.
enum Face {
    Own(Vec<u32>),
    Appointed(Vec<u32>),
    Today { held: HashMap<u32, i64>, total: i64 },
    Nobody,
}

/// The prices of a case.
pub(crate) struct Prices<'a> {
    case: &'a Case,
    industries: Vec<Vec<u32>>,
    faces: BTreeMap<u32, Face>,
    /// The heaviest load of the case, and so how many levels there are.
    pub levels: usize,
    /// By officer and level.
    pub level: Vec<Level>,
}

impl<'a> Prices<'a> {
    /// The prices of a case whose candidates are those: of subject `i` the stretch
    /// `start[i]..start[i + 1]` of `to`.
    pub fn new(case: &'a Case, start: &[usize], to: &[u32]) -> Self {
        let levels = case.subjects.iter().map(|s| usize::from(s.load)).max().unwrap_or(1);
        let industries = case.officers.iter().map(|o| sorted(&o.industries)).collect();
        let mut prices = Self { case, industries, faces: BTreeMap::new(), levels, level: Vec::new() };
        prices.level = prices.of_levels();
        prices.faces = prices.of_carriers(start, to);
        prices
    }

    fn of_levels(&self) -> Vec<Level> {
        let posts: i64 = self.case.officers.iter().map(|o| i64::from(o.post)).sum();
        let mut counts = vec![0_i64; self.levels];
        for s in &self.case.subjects {
            counts[..usize::from(s.load)].iter_mut().for_each(|n| *n += 1);
        }
        let level = |post: u32, count: i64| Level {
            by: i64::from(self.case.weights.load) * posts,
            // A fair share of less than one subject is one.
            over: (count * i64::from(post)).max(posts).max(1),
        };
        self.case.officers.iter().flat_map(|o| counts.iter().map(move |n| level(o.post, *n))).collect()
    }

    fn of_carriers(&self, start: &[usize], to: &[u32]) -> BTreeMap<u32, Face> {
        let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut today = vec![0_i64; self.case.officers.len()];
        for (i, s) in self.case.subjects.iter().enumerate() {
            if let Some(carrier) = s.carrier {
                members.entry(carrier).or_default().push(i);
            }
            if let Some(o) = s.today {
                today[o] += i64::from(s.load);
            }
        }
        let mut own: HashMap<u32, Vec<u32>> = HashMap::new();
        for (o, officer) in self.case.officers.iter().enumerate() {
            officer.carriers.iter().for_each(|carrier| own.entry(*carrier).or_default().push(o as u32));
        }
        let mut faces = BTreeMap::new();
        let mut without = Vec::new();
        for (carrier, members) in &members {
            let mut held: HashMap<u32, i64> = HashMap::new();
            for s in members.iter().map(|i| &self.case.subjects[*i]) {
                if let Some(o) = s.today {
                    *held.entry(o as u32).or_default() += i64::from(s.load);
                }
            }
            let face = match own.remove(carrier) {
                Some(own) => Face::Own(own),
                None if !held.is_empty() => Face::Today { total: held.values().sum(), held },
                None if members.len() < 2 => Face::Nobody,
                None => {
                    let load: i64 = members.iter().map(|i| i64::from(self.case.subjects[*i].load)).sum();
                    without.push((std::cmp::Reverse(load), *carrier));
                    continue;
                }
            };
            faces.insert(*carrier, face);
        }
        without.sort_unstable();
        for (std::cmp::Reverse(load), carrier) in without {
            let appointed = self.appoint(load, &members[&carrier], &mut today, start, to);
            faces.insert(carrier, if appointed.is_empty() { Face::Nobody } else { Face::Appointed(appointed) });
        }
        faces
    }

    /// Appoints as many officers for a carrier as its load asks for at a fair share
    /// each: those who may take most of it, whose duty it is, who have least.
    fn appoint(&self, load: i64, members: &[usize], taken: &mut [i64], start: &[usize], to: &[u32]) -> Vec<u32> {
        let Weights { duty, carrier, load: price, .. } = self.case.weights;
        let mut may: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
        for &i in members {
            let weight = i64::from(self.case.subjects[i].load);
            for &o in &to[start[i]..start[i + 1]] {
                let (all, fitting) = may.entry(o).or_default();
                *all += weight;
                *fitting += if self.duty(i, o as usize) == Some(false) { 0 } else { weight };
            }
        }
        let total: i64 = self.case.subjects.iter().map(|s| i64::from(s.load)).sum();
        let posts: i64 = self.case.officers.iter().map(|o| i64::from(o.post)).sum();
        let fair = (total / self.case.officers.len().max(1) as i64).max(1);
        let faces = ((load + fair / 2) / fair).max(1);
        let part = load / faces;
        let mut appointed: Vec<u32> = Vec::new();
        for _ in 0..faces {
            let score = |o: u32, (all, fitting): (i64, i64)| {
                let his_share = (total * i64::from(self.case.officers[o as usize].post) / posts).max(1);
                i64::from(duty) * (load - fitting) / load
                    + i64::from(carrier) * (load - all) / load
                    + i64::from(price) * (taken[o as usize] + part) / his_share
            };
            let free = may.iter().filter(|(o, _)| !appointed.contains(o));
            let Some(best) = free.map(|(o, may)| (score(*o, *may), *o)).min() else { break };
            taken[best.1 as usize] += part;
            appointed.push(best.1);
        }
        appointed
    }

    fn duty(&self, subject: usize, officer: usize) -> Option<bool> {
        let industry = self.case.subjects[subject].industry?;
        Some(self.industries[officer].binary_search(&industry).is_ok())
    }

    fn together(&self, subject: usize, officer: usize) -> Together {
        let s = &self.case.subjects[subject];
        let Some(face) = s.carrier.and_then(|carrier| self.faces.get(&carrier)) else { return Together::Alone };
        let o = officer as u32;
        match face {
            Face::Nobody => Together::Alone,
            Face::Own(own) => Together::Own(own.contains(&o)),
            Face::Appointed(appointed) => Together::Appointed(appointed.contains(&o)),
            Face::Today { held, total } => {
                let itself = |is_it: bool| if is_it { i64::from(s.load) } else { 0 };
                let of = total - itself(s.today.is_some());
                let with_him = held.get(&o).copied().unwrap_or(0) - itself(s.today == Some(officer));
                if of == 0 { Together::Alone } else { Together::Neighbours { with_him, of } }
            }
        }
    }

    /// Why an officer would answer for a subject; the part of load is left at 0.
    pub fn why(&self, subject: usize, officer: usize) -> Why {
        let s = &self.case.subjects[subject];
        let Weights { duty, carrier, change, .. } = self.case.weights;
        let fits = self.duty(subject, officer);
        let together = self.together(subject, officer);
        let parts = Parts {
            duty: if fits == Some(false) { i64::from(duty) } else { 0 },
            carrier: match together {
                Together::Own(false) | Together::Appointed(false) => i64::from(carrier),
                Together::Neighbours { with_him, of } => i64::from(carrier) * (of - with_him) / of,
                _ => 0,
            },
            change: if s.today.is_some_and(|today| today != officer) { i64::from(change) } else { 0 },
            load: 0,
        };
        let (today, pinned) = (s.today == Some(officer), s.pinned == Some(officer));
        Why { duty: fits, together, today, pinned, parts }
    }

    /// The officers appointed for carriers that nobody has yet.
    pub fn appointed(&self) -> impl Iterator<Item = (u32, &[u32])> {
        self.faces.iter().filter_map(|(carrier, face)| match face {
            Face::Appointed(appointed) => Some((*carrier, appointed.as_slice())),
            _ => None,
        })
    }
}

fn sorted(numbers: &[u32]) -> Vec<u32> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted
}
