//! The answer: who looks after whom, why, and what another choice would cost.

use crate::case::{Case, Fault};
use crate::flow::{Flow, Net};
use crate::price::{Cost, Level, Prices, Why};
use crate::way::Ways;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// After so many rounds every officer with a capacity gets quotas.
const ROUNDS: usize = 8;

/// Why nobody is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nobody {
    /// Nobody may: there are no candidates, or all are excluded.
    NoCandidate,
    /// None of those who may has room for its load.
    Full,
}

/// What the proposal does with a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Today's officer stays.
    Kept,
    /// Another officer follows.
    Moved,
    /// It had nobody.
    New,
    /// Nobody is proposed; if somebody has it today, that place is his no longer.
    Nobody(Nobody),
}

/// The proposal for one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Who is proposed.
    pub officer: Option<usize>,
    /// Who has it today.
    pub before: Option<usize>,
    /// What that is.
    pub step: Step,
    /// Whether it was set by hand.
    pub pinned: bool,
}

/// What an officer has, today and by the proposal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many subjects today.
    pub subjects_before: u32,
    /// How many by the proposal.
    pub subjects_after: u32,
    /// Their load today.
    pub load_before: u32,
    /// Their load by the proposal.
    pub load_after: u32,
    /// The load that would be fair by his post, rounded.
    pub fair: u32,
    /// The heaviest load that he may have. Only what is set by hand goes above.
    pub capacity: Option<u32>,
}

/// How much changes, in subjects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Today's officer stays.
    pub kept: usize,
    /// Another officer follows.
    pub moved: usize,
    /// It had nobody.
    pub new: usize,
    /// Nobody is proposed.
    pub nobody: usize,
}

/// What it would cost that another officer had a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// Who.
    pub officer: usize,
    /// By how much the whole would cost more, all exchanges that follow included.
    pub more: Cost,
}

/// A proposal.
pub struct Proposal<'a> {
    /// By subject.
    pub places: Vec<Place>,
    /// By officer.
    pub shares: Vec<Share>,
    /// What it costs.
    pub cost: Cost,
    /// No assignment within the capacities costs less than this; the proposal is
    /// proven the cheapest of all when it costs just this.
    pub bound: Cost,
    case: &'a Case,
    prices: Prices<'a>,
    net: Net,
    flow: Flow,
    /// Points that a unit of unplaced load costs in the net.
    nobody: i64,
    ways: OnceLock<Ways>,
}

/// Proposes who looks after whom. See the page of the crate for what is cheapest.
///
/// # Errors
/// Everything that is wrong with the case.
pub fn propose(case: &Case) -> Result<Proposal<'_>, Vec<Fault>> {
    let faults = case.faults();
    if !faults.is_empty() {
        return Err(faults);
    }
    let (mut start, mut to) = (vec![0], Vec::new());
    for subject in 0..case.subjects.len() {
        to.extend(case.allowed(subject).into_iter().map(|officer| officer as u32));
        start.push(to.len());
    }
    if !fits(case) {
        return Err(vec![Fault::TooLarge]);
    }
    let prices = Prices::new(case, &start, &to);
    let (net, nobody, dearest) = net(case, &prices, &start, &to).ok_or_else(|| vec![Fault::TooLarge])?;
    let mut proposal = Proposal {
        places: Vec::new(),
        shares: Vec::new(),
        cost: Cost::default(),
        bound: Cost::default(),
        case,
        prices,
        flow: Flow::new(&net),
        net,
        nobody,
        ways: OnceLock::new(),
    };
    proposal.search(dearest);
    proposal.report();
    Ok(proposal)
}

/// Whether prices of load can be reckoned.
fn fits(case: &Case) -> bool {
    let posts: i128 = case.officers.iter().map(|o| i128::from(o.post)).sum();
    let n = case.subjects.len() as i128;
    let within = |value: i128| value <= i128::from(i64::MAX);
    n < i128::from(u32::MAX) / 16 && within(i128::from(case.weights.load) * posts * (n + 1) * 16)
}

/// The net of a case, what a unit of unplaced load costs in it, and the dearest arc;
/// nothing if that is too much for 64 bits.
fn net(case: &Case, prices: &Prices, allowed: &[usize], who: &[u32]) -> Option<(Net, i64, i64)> {
    let (levels, nobody) = (prices.levels, case.officers.len() as u32);
    let nodes = (case.officers.len() + 1) * levels + 1;
    // A way through the net passes each node once, so that it changes the number of
    // moved subjects by no more than there are nodes: those decide between equals.
    let unit = 2 * nodes as i64 + 3;
    let (mut start, mut to, mut cost) = (vec![0], Vec::new(), Vec::new());
    let mut dearest = 0;
    let mut comers = vec![0_u32; nodes];
    for (i, s) in case.subjects.iter().enumerate() {
        let pin = s.pinned.map(|pin| pin as u32);
        let officers = match &pin {
            Some(pin) => std::slice::from_ref(pin),
            None => &who[allowed[i]..allowed[i + 1]],
        };
        for officer in officers {
            let points = prices.why(i, *officer as usize).parts.points();
            dearest = dearest.max(points);
            to.push(*officer);
            cost.push(points * unit + i64::from(is_moved(case, i, *officer as usize)));
            let entry = *officer as usize * levels;
            comers[entry..entry + usize::from(s.load)].iter_mut().for_each(|n| *n += 1);
        }
        if pin.is_none() {
            to.push(nobody);
            cost.push(0);
        }
        start.push(to.len());
    }
    let mut level = prices.level.clone();
    level.resize(nodes - 1, Level::FREE);
    // Dearer than any way through the net, twice, so that both can be told apart.
    let of_levels: i128 = level.iter().zip(&comers).map(|(level, n)| i128::from(level.nth(*n))).sum();
    let way = of_levels + (nodes as i128 + 1) * i128::from(dearest) + 1;
    let price = 2 * way + 2;
    let dearest = price * i128::from(crate::case::MAX_LOAD.min(levels as u8)) * i128::from(unit);
    if dearest * i128::from(Flow::scale(nodes)) * 16 > i128::from(i64::MAX) {
        return None;
    }
    let price = i64::try_from(price).ok()?;
    for (i, s) in case.subjects.iter().enumerate().filter(|(_, s)| s.pinned.is_none()) {
        cost[start[i + 1] - 1] = price * i64::from(s.load) * unit;
    }
    let load = case.subjects.iter().map(|s| s.load).collect();
    let quota = vec![u32::MAX; nodes - 1];
    let officers = case.officers.len() + 1;
    let net = Net { levels, officers, load, start, to, cost, level, quota, unit };
    Some((net, price, i64::try_from(dearest).ok()?))
}

fn is_moved(case: &Case, subject: usize, officer: usize) -> bool {
    case.subjects[subject].today.is_some_and(|today| today != officer)
}

/// Cuts a load into quotas by level in proportion to what stands there, by the
/// largest remainder.
fn cut(counts: &[u32], load: u32) -> Vec<u32> {
    let total: u64 = counts.iter().map(|n| u64::from(*n)).sum();
    if total == 0 {
        // Any mix would do: what is left goes to the lightest.
        return counts.iter().enumerate().map(|(level, _)| if level == 0 { load } else { 0 }).collect();
    }
    let exact = |n: &u32| u64::from(*n) * u64::from(load);
    let mut quotas: Vec<u32> = counts.iter().map(|n| (exact(n) / total) as u32).collect();
    let mut by_remainder: Vec<usize> = (0..counts.len()).collect();
    by_remainder.sort_by_key(|level| std::cmp::Reverse(exact(&counts[*level]) % total));
    let left = load - quotas.iter().sum::<u32>();
    by_remainder.into_iter().take(left as usize).for_each(|level| quotas[level] += 1);
    quotas
}

impl Proposal<'_> {
    /// Finds the cheapest flow, first within what capacities allow at least, then
    /// within quotas for the officers who had too much.
    fn search(&mut self, dearest: i64) {
        let fixed = self.fixed();
        let levels = self.net.levels;
        for (officer, o) in self.case.officers.iter().enumerate() {
            let fixed = &fixed[officer * levels..(officer + 1) * levels];
            if let Some(capacity) = o.capacity {
                let room = capacity.saturating_sub(fixed.iter().sum());
                for (level, fixed) in fixed.iter().enumerate() {
                    self.net.quota[officer * levels + level] = fixed + room / (level as u32 + 1);
                }
            }
        }
        self.flow.solve(&self.net, dearest);
        self.bound = self.reckon().max(self.least_unplaced());
        for round in 1.. {
            let changed = self.tighten(&fixed, round > ROUNDS) || self.widen();
            if !changed {
                break;
            }
            self.flow.solve(&self.net, dearest);
        }
        self.cost = self.reckon();
    }

    /// What cannot be placed because all capacities together are less than all load.
    fn least_unplaced(&self) -> Cost {
        let mut by_hand = vec![0; self.case.officers.len()];
        let mut unplaced = 0;
        for s in &self.case.subjects {
            unplaced += i64::from(s.load);
            s.pinned.iter().for_each(|pin| by_hand[*pin] += u32::from(s.load));
        }
        for (o, by_hand) in self.case.officers.iter().zip(by_hand) {
            let Some(capacity) = o.capacity else { return Cost::default() };
            unplaced -= i64::from(capacity.max(by_hand));
        }
        Cost { unplaced: unplaced.max(0), points: 0 }
    }

    /// How many subjects are set by hand, by officer and level.
    fn fixed(&self) -> Vec<u32> {
        let mut fixed = vec![0; self.net.drain()];
        for s in &self.case.subjects {
            if let Some(pin) = s.pinned {
                let entry = pin * self.net.levels;
                fixed[entry..entry + usize::from(s.load)].iter_mut().for_each(|n| *n += 1);
            }
        }
        fixed
    }

    /// Gives quotas that keep the capacity to officers who have too much; with `all`
    /// to everybody if one has.
    fn tighten(&mut self, fixed: &[u32], all: bool) -> bool {
        let levels = self.net.levels;
        let mut over = Vec::new();
        for (officer, o) in self.case.officers.iter().enumerate() {
            let Some(capacity) = o.capacity else { continue };
            let his = officer * levels..(officer + 1) * levels;
            let by_hand: u32 = fixed[his.clone()].iter().sum();
            let load: u32 = self.flow.count[his.clone()].iter().sum();
            over.push((his, capacity.max(by_hand) - by_hand, load > capacity.max(by_hand)));
        }
        if !over.iter().any(|(_, _, is_over)| *is_over) {
            return false;
        }
        for (his, room, _) in over.into_iter().filter(|(_, _, is_over)| *is_over || all) {
            let above: Vec<u32> = his.clone().map(|node| self.flow.count[node] - fixed[node]).collect();
            for (node, quota) in his.zip(cut(&above, room)) {
                self.net.quota[node] = fixed[node] + quota;
            }
        }
        true
    }

    /// Cuts quotas anew where somebody has room for a subject that nobody got.
    fn widen(&mut self) -> bool {
        let (levels, nobody) = (self.net.levels, self.case.officers.len() as u32);
        let mut left: Vec<usize> = (0..self.case.subjects.len()).filter(|i| self.flow.at[*i] == nobody).collect();
        left.sort_by_key(|i| std::cmp::Reverse(self.case.subjects[*i].load));
        let mut granted: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for i in left {
            let load = self.case.subjects[i].load;
            let has_room = |officer: &u32| {
                let his = *officer as usize * levels..(*officer as usize + 1) * levels;
                let counts = granted.get(officer).map_or(&self.flow.count[his], Vec::as_slice);
                let total: u32 = counts.iter().sum();
                let capacity = self.case.officers.get(*officer as usize).and_then(|o| o.capacity);
                capacity.is_some_and(|capacity| total + u32::from(load) <= capacity)
            };
            if let Some(officer) = self.net.arcs(i).map(|(officer, _)| officer).find(has_room) {
                let his = officer as usize * levels..(officer as usize + 1) * levels;
                let counts = granted.entry(officer).or_insert_with(|| self.flow.count[his].to_vec());
                counts[..usize::from(load)].iter_mut().for_each(|n| *n += 1);
            }
        }
        for (officer, counts) in &granted {
            let entry = *officer as usize * levels;
            self.net.quota[entry..entry + levels].copy_from_slice(counts);
        }
        !granted.is_empty()
    }

    /// What the flow costs.
    fn reckon(&self) -> Cost {
        let mut cost = Cost::default();
        for (i, s) in self.case.subjects.iter().enumerate() {
            match self.officer(i) {
                Some(officer) => cost.points += self.prices.why(i, officer).parts.points(),
                None => cost.unplaced += i64::from(s.load),
            }
        }
        cost.points += self.net.level.iter().zip(&self.flow.count).map(|(level, n)| level.first(*n)).sum::<i64>();
        cost
    }

    fn officer(&self, subject: usize) -> Option<usize> {
        Some(self.flow.at[subject] as usize).filter(|officer| *officer < self.case.officers.len())
    }

    fn report(&mut self) {
        let mut shares = vec![Share::default(); self.case.officers.len()];
        let total: u64 = self.case.subjects.iter().map(|s| u64::from(s.load)).sum();
        let posts: u64 = self.case.officers.iter().map(|o| u64::from(o.post)).sum();
        for (share, o) in shares.iter_mut().zip(&self.case.officers) {
            share.fair = ((2 * total * u64::from(o.post) + posts) / (2 * posts)) as u32;
            share.capacity = o.capacity;
        }
        let mut places = Vec::with_capacity(self.case.subjects.len());
        for (i, s) in self.case.subjects.iter().enumerate() {
            let officer = self.officer(i);
            if let Some(before) = s.today {
                shares[before].subjects_before += 1;
                shares[before].load_before += u32::from(s.load);
            }
            if let Some(after) = officer {
                shares[after].subjects_after += 1;
                shares[after].load_after += u32::from(s.load);
            }
            let step = match (officer, s.today) {
                (None, _) if self.net.arcs(i).nth(1).is_none() => Step::Nobody(Nobody::NoCandidate),
                (None, _) => Step::Nobody(Nobody::Full),
                (Some(_), None) => Step::New,
                (Some(after), Some(before)) if after == before => Step::Kept,
                _ => Step::Moved,
            };
            places.push(Place { officer, before: s.today, step, pinned: s.pinned.is_some() });
        }
        self.places = places;
        self.shares = shares;
    }

    /// How much changes from today.
    pub fn difference(&self) -> Difference {
        let mut difference = Difference::default();
        for place in &self.places {
            *match place.step {
                Step::Kept => &mut difference.kept,
                Step::Moved => &mut difference.moved,
                Step::New => &mut difference.new,
                Step::Nobody(_) => &mut difference.nobody,
            } += 1;
        }
        difference
    }

    /// Why an officer has a subject, or why he would; at which price by itself. What
    /// follows for others is in [`Proposal::alternatives`].
    ///
    /// # Panics
    /// If the case has no such subject or officer.
    pub fn why(&self, subject: usize, officer: usize) -> Why {
        let mut why = self.prices.why(subject, officer);
        let more = u32::from(self.flow.at[subject] != officer as u32);
        let entry = officer * self.net.levels;
        let passed = entry..entry + usize::from(self.case.subjects[subject].load);
        why.parts.load = passed.map(|node| self.prices.level[node].nth(self.flow.count[node] + more)).sum();
        why
    }

    /// For each of those subjects everybody else who could have it, the next best
    /// first. Exact: just what the whole would cost more if he were set by hand, within the
    /// same quotas. Empty for what is set by hand. Subjects of one officer and load
    /// are answered together, so ask for many at once.
    ///
    /// # Panics
    /// If the case has no such subject.
    pub fn alternatives(&self, subjects: &[usize]) -> Vec<Vec<Alternative>> {
        let ways = self.ways.get_or_init(|| Ways::new(&self.net, &self.flow));
        let mut of_node: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (asked, subject) in subjects.iter().enumerate() {
            if self.case.subjects[*subject].pinned.is_none() {
                let node = self.net.node(self.flow.at[*subject], self.net.load[*subject]);
                of_node.entry(node).or_default().push(asked);
            }
        }
        let mut answer = vec![Vec::new(); subjects.len()];
        for (target, asked) in of_node {
            let arcs = |asked: &usize| {
                let subject = subjects[*asked];
                let load = self.net.load[subject];
                self.others(subject).map(move |(officer, cost)| (officer, cost, self.net.node(officer, load)))
            };
            let wanted: BTreeSet<usize> = asked.iter().flat_map(arcs).map(|(_, _, node)| node).collect();
            let wanted: Vec<usize> = wanted.into_iter().collect();
            let led = ways.lead(&self.net, &self.flow, target, &wanted);
            for asked in asked {
                let here = self.flow.arc_cost[subjects[asked]];
                let mut others: Vec<Alternative> = arcs(&asked)
                    .filter_map(|(officer, cost, node)| {
                        let way = led[wanted.binary_search(&node).ok()?]?;
                        Some(Alternative { officer: officer as usize, more: self.read(cost - here + way) })
                    })
                    .collect();
                others.sort_by_key(|other| (other.more, other.officer));
                answer[asked] = others;
            }
        }
        answer
    }

    /// The officers who may have a subject, without the one who has it.
    fn others(&self, subject: usize) -> impl Iterator<Item = (u32, i64)> {
        let (at, nobody) = (self.flow.at[subject], self.case.officers.len() as u32);
        self.net.arcs(subject).filter(move |(officer, _)| *officer != at && *officer != nobody)
    }

    /// The next best officer for a subject, and what he would cost more.
    ///
    /// # Panics
    /// If the case has no such subject.
    pub fn next_best(&self, subject: usize) -> Option<Alternative> {
        self.alternatives(&[subject]).concat().first().copied()
    }

    /// A cost of the net as unplaced load and points; which of equals moves less is left out.
    fn read(&self, cost: i64) -> Cost {
        let points = (cost + self.net.unit / 2).div_euclid(self.net.unit);
        let unplaced = (points + self.nobody / 2).div_euclid(self.nobody);
        Cost { unplaced, points: points - unplaced * self.nobody }
    }

    /// The officers appointed for carriers that nobody has yet, by carrier.
    pub fn appointed(&self) -> BTreeMap<u32, Vec<usize>> {
        let plain = |officers: &[u32]| officers.iter().map(|o| *o as usize).collect();
        self.prices.appointed().map(|(carrier, officers)| (carrier, plain(officers))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Officer, Subject};

    #[test]
    fn a_load_is_cut_by_what_stands_there() {
        for (what, counts, load, expected) in [
            ("one heavy and three light, one too many", vec![4, 1, 1], 5, vec![3, 1, 1]),
            ("all alike", vec![2, 2, 2], 3, vec![1, 1, 1]),
            ("equal remainders go to the lighter", vec![2, 2, 1], 4, vec![2, 1, 1]),
            ("more room than is used", vec![2, 1], 6, vec![4, 2]),
            ("nothing stands there", vec![0, 0], 4, vec![4, 0]),
            ("no room", vec![3, 1], 0, vec![0, 0]),
        ] {
            let quotas = cut(&counts, load);
            assert_eq!(quotas, expected, "{what}");
            assert_eq!(quotas.iter().sum::<u32>(), load, "{what}");
        }
    }

    /// Numbers that look random and are always the same.
    fn dice(state: &mut u64, n: u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % n
    }

    /// Heights that leave no arc wrong prove the flow cheapest, whatever the size.
    #[test]
    fn large_proposals_carry_their_proof() {
        for (seed, officers, tight) in [(1, 7, false), (2, 40, false), (3, 40, true), (4, 15, true)] {
            let mut state = seed;
            let mut roll = |n| dice(&mut state, n);
            let mut case = Case::default();
            for _ in 0..officers {
                let capacity = tight.then(|| 10 + roll(40) as u32);
                let post = 50 + 50 * roll(2) as u32;
                case.officers.push(Officer { industries: vec![roll(5) as u32], capacity, post, ..Officer::default() });
            }
            for _ in 0..600 {
                let mut subject = Subject::new(1 + roll(4) as u8);
                subject.industry = Some(roll(5) as u32);
                subject.carrier = Some(roll(30) as u32).filter(|carrier| *carrier < 20);
                subject.today = Some(roll(officers) as usize).filter(|officer| *officer % 5 > 0);
                subject.excluded = vec![roll(officers) as usize];
                subject.pinned = Some(roll(officers * 9) as usize).filter(|pin| *pin < officers as usize);
                subject.excluded.retain(|officer| Some(*officer) != subject.pinned);
                case.subjects.push(subject);
            }
            let proposal = propose(&case).expect("sound");
            assert_eq!(proposal.flow.flaw(&proposal.net), 0, "{officers} {tight}");
            assert!(proposal.bound <= proposal.cost);
            assert!(tight || proposal.bound == proposal.cost);
        }
    }
}
