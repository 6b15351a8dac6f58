//! The cheapest flow, by cost scaling.
//!
//! The net has a node for every subject, one for every officer and level, and one
//! drain. A subject of load w sends one unit to level w of one of its officers;
//! from there it runs down through the levels w, w − 1, … 1 to the drain, and pays
//! on each what the n-th unit on that level costs. Since these prices do not fall
//! with n, the cheapest flow is found exactly (Ahuja, Magnanti, Orlin: Network
//! Flows, 1993, chapters 10 and 14).
//!
//! Each node has a height. A unit falls along an arc whose cost is below the
//! difference of heights; where there is none, the node is raised. Arcs may be
//! wrong by ε, which shrinks eightfold from pass to pass; costs are multiplied by
//! more than twice the number of officers' nodes, so that at ε = 1 no cycle can be
//! cheaper (Goldberg, Tarjan 1990; with subjects bidding as in Bertsekas' auction).
//! At the end heights are rounded to whole costs that prove it: see [`Flow::proof`].

use crate::price::Level;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// No officer.
pub(crate) const NONE: u32 = u32::MAX;

/// How much smaller ε is from pass to pass.
const SHRINK: i64 = 8;

/// Stands for an arc that is not there.
const FAR: i64 = i64::MAX / 4;

/// A net. Its last officer is nobody: he takes everything at a prohibitive price.
pub(crate) struct Net {
    /// How many levels each officer has.
    pub levels: usize,
    /// How many officers, nobody included.
    pub officers: usize,
    /// Load by subject, 1 to `levels`.
    pub load: Vec<u8>,
    /// Of subject `i` the arcs `start[i]..start[i + 1]`; at least one each.
    pub start: Vec<usize>,
    /// By arc: to which officer.
    pub to: Vec<u32>,
    /// By arc: what it costs.
    pub cost: Vec<i64>,
    /// By officer and level: the price of the n-th.
    pub level: Vec<Level>,
    /// By officer and level: how many there may be.
    pub quota: Vec<u32>,
    /// By what prices of levels are multiplied to be costs.
    pub unit: i64,
}

impl Net {
    /// How many nodes the officers and the drain have.
    pub fn nodes(&self) -> usize {
        self.officers * self.levels + 1
    }

    /// The drain.
    pub fn drain(&self) -> usize {
        self.officers * self.levels
    }

    /// The node where a load enters an officer.
    pub fn node(&self, officer: u32, load: u8) -> usize {
        officer as usize * self.levels + usize::from(load) - 1
    }

    /// The node below.
    pub fn below(&self, node: usize) -> usize {
        if node.is_multiple_of(self.levels) { self.drain() } else { node - 1 }
    }

    /// The node above in the same officer.
    pub fn above(&self, node: usize) -> Option<usize> {
        (node < self.drain() && !(node + 1).is_multiple_of(self.levels)).then_some(node + 1)
    }

    /// The cost of the n-th unit on a level.
    pub fn nth(&self, node: usize, n: u32) -> i64 {
        self.level[node].nth(n) * self.unit
    }

    /// The arcs of a subject: to which officer at which cost.
    pub fn arcs(&self, subject: usize) -> impl Iterator<Item = (u32, i64)> {
        let stretch = self.start[subject]..self.start[subject + 1];
        self.to[stretch.clone()].iter().copied().zip(self.cost[stretch].iter().copied())
    }
}

/// A flow through a net.
pub(crate) struct Flow {
    /// By subject: its officer.
    pub at: Vec<u32>,
    /// By node: units on its level.
    pub count: Vec<u32>,
    /// By node: the height that proves the flow cheapest, in costs of the net.
    pub proof: Vec<i64>,
    /// By subject: what its arc costs.
    pub arc_cost: Vec<i64>,
    height: Vec<i64>,
    excess: Vec<i64>,
    held: Vec<BinaryHeap<Reverse<(i64, u32)>>>,
    waiting: VecDeque<u32>,
}

/// The best offer that a subject has, and the second best.
struct Best {
    officer: u32,
    cost: i64,
    value: i64,
    second: i64,
}

impl Flow {
    /// No flow yet.
    pub fn new(net: &Net) -> Self {
        let nodes = net.nodes();
        let mut excess = vec![0; nodes];
        excess[net.drain()] = -(net.load.len() as i64);
        Self {
            at: vec![NONE; net.load.len()],
            count: vec![0; nodes],
            proof: vec![0; nodes],
            arc_cost: vec![0; net.load.len()],
            height: vec![0; nodes],
            excess,
            held: (0..nodes).map(|_| BinaryHeap::new()).collect(),
            waiting: (0..net.load.len() as u32).collect(),
        }
    }

    /// By how much costs are multiplied within.
    pub fn scale(nodes: usize) -> i64 {
        2 * nodes as i64 + 1
    }

    /// Makes it a cheapest flow of the net, from whatever it was. `dearest` bounds
    /// the cost of any arc.
    pub fn solve(&mut self, net: &Net, dearest: i64) {
        let scale = Self::scale(net.nodes());
        let ground = self.height[net.drain()];
        self.height.iter_mut().for_each(|height| *height -= ground);
        // In one pass no height rises by more than this many times the nodes' arcs.
        let safe = i64::MAX / (64 * net.nodes() as i64);
        let mut epsilon = dearest.saturating_mul(scale).min(safe).max(1);
        loop {
            self.pass(net, scale, epsilon);
            if epsilon == 1 {
                break;
            }
            epsilon = (epsilon / SHRINK).max(1);
        }
        self.proof = whole(&self.height, scale);
    }

    /// Makes every arc right up to ε.
    fn pass(&mut self, net: &Net, scale: i64, epsilon: i64) {
        self.level_off(net, scale, epsilon);
        self.held.iter_mut().for_each(BinaryHeap::clear);
        for subject in 0..net.load.len() {
            self.reconsider(net, scale, epsilon, subject);
        }
        for node in 0..net.drain() {
            self.settle(net, scale, epsilon, node);
        }
        loop {
            if let Some(subject) = self.waiting.pop_front() {
                self.bid(net, scale, epsilon, subject as usize);
            } else if self.excess[net.drain()] > 0 {
                self.give_back(net, scale, epsilon);
            } else {
                break;
            }
        }
    }

    /// Takes off what is above a quota, and sets heights so that all levels are right.
    fn level_off(&mut self, net: &Net, scale: i64, epsilon: i64) {
        for node in 0..net.drain() {
            let below = net.below(node);
            let too_many = self.count[node].saturating_sub(net.quota[node]);
            self.count[node] -= too_many;
            self.excess[node] += i64::from(too_many);
            self.excess[below] -= i64::from(too_many);
            let (count, base) = (self.count[node], self.height[below]);
            if count < net.quota[node] {
                let next = base + net.nth(node, count + 1) * scale;
                self.height[node] = self.height[node].min(next + epsilon);
            }
            if count > 0 {
                let last = base + net.nth(node, count) * scale;
                self.height[node] = self.height[node].max(last - epsilon);
            }
        }
    }

    /// A subject stays where it is unless something is better by more than ε.
    fn reconsider(&mut self, net: &Net, scale: i64, epsilon: i64, subject: usize) {
        let at = self.at[subject];
        if at == NONE {
            return;
        }
        let node = net.node(at, net.load[subject]);
        let best = self.best(net, scale, subject);
        let here = self.arc_cost[subject] * scale + self.height[node];
        if here > best.value + epsilon {
            self.excess[node] -= 1;
            self.at[subject] = NONE;
            self.waiting.push_back(subject as u32);
        } else {
            let other = if best.officer == at { best.second } else { best.value };
            self.hold(node, subject, other + epsilon - self.arc_cost[subject] * scale);
        }
    }

    fn best(&self, net: &Net, scale: i64, subject: usize) -> Best {
        let entry = usize::from(net.load[subject]) - 1;
        let mut best = Best { officer: NONE, cost: 0, value: FAR, second: FAR };
        for (officer, cost) in net.arcs(subject) {
            let value = cost * scale + self.height[officer as usize * net.levels + entry];
            if value < best.value {
                best = Best { officer, cost, value, second: best.value };
            } else if value < best.second {
                best.second = value;
            }
        }
        best
    }

    /// A subject is held until its node is raised above that. With one officer only
    /// it is held for good.
    fn hold(&mut self, node: usize, subject: usize, until: i64) {
        if until < FAR / 2 {
            self.held[node].push(Reverse((until, subject as u32)));
        }
    }

    /// A subject goes to its best officer, and bids as much as the second best is worse.
    fn bid(&mut self, net: &Net, scale: i64, epsilon: i64, subject: usize) {
        let best = self.best(net, scale, subject);
        let node = net.node(best.officer, net.load[subject]);
        self.at[subject] = best.officer;
        self.arc_cost[subject] = best.cost;
        self.hold(node, subject, best.second + epsilon - best.cost * scale);
        self.excess[node] += 1;
        self.settle(net, scale, epsilon, node);
    }

    /// Lets fall what an officer's node has too much, and raises it where nothing falls.
    fn settle(&mut self, net: &Net, scale: i64, epsilon: i64, node: usize) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            let (below, above) = (net.below(node), net.above(node));
            while self.excess[node] > 0 {
                let count = self.count[node];
                let down =
                    if count < net.quota[node] { net.nth(node, count + 1) * scale + self.height[below] } else { FAR };
                let out = self.held[node].peek().map_or(FAR, |Reverse((until, _))| *until);
                let up = match above.filter(|above| self.count[*above] > 0) {
                    Some(above) => self.height[above] - net.nth(above, self.count[above]) * scale,
                    None => FAR,
                };
                let least = down.min(out).min(up);
                if least >= self.height[node] {
                    self.height[node] = least + epsilon;
                }
                self.excess[node] -= 1;
                if down == least {
                    self.count[node] += 1;
                    self.excess[below] += 1;
                    if below != net.drain() && self.excess[below] > 0 {
                        open.push(below);
                    }
                } else if out == least {
                    let Some(Reverse((_, subject))) = self.held[node].pop() else { break };
                    self.at[subject as usize] = NONE;
                    self.waiting.push_back(subject);
                } else if let Some(above) = above {
                    self.count[above] -= 1;
                    self.excess[above] += 1;
                    open.push(above);
                }
            }
        }
    }

    /// The drain gives a unit back to the officer for whom that saves most.
    fn give_back(&mut self, net: &Net, scale: i64, epsilon: i64) {
        let drain = net.drain();
        let first_levels = (0..net.officers).map(|officer| officer * net.levels).filter(|node| self.count[*node] > 0);
        let back = first_levels.map(|node| (self.height[node] - net.nth(node, self.count[node]) * scale, node)).min();
        let Some((value, node)) = back else { return };
        if value >= self.height[drain] {
            self.height[drain] = value + epsilon;
        }
        self.excess[drain] -= 1;
        self.count[node] -= 1;
        self.excess[node] += 1;
        self.settle(net, scale, epsilon, node);
    }

    /// What an arc of an assigned subject, or a level, still lacks to be cheapest:
    /// 0 when [`Flow::proof`] holds everywhere.
    #[cfg(test)]
    pub fn flaw(&self, net: &Net) -> i64 {
        let mut flaw = 0;
        for subject in 0..net.load.len() {
            let load = net.load[subject];
            let value = |officer: u32, cost: i64| cost + self.proof[net.node(officer, load)];
            let here = value(self.at[subject], self.arc_cost[subject]);
            for (officer, cost) in net.arcs(subject) {
                flaw = flaw.max(here - value(officer, cost));
            }
        }
        for node in 0..net.drain() {
            let fall = self.proof[node] - self.proof[net.below(node)];
            if self.count[node] < net.quota[node] {
                flaw = flaw.max(fall - net.nth(node, self.count[node] + 1));
            }
            if self.count[node] > 0 {
                flaw = flaw.max(net.nth(node, self.count[node]) - fall);
            }
        }
        flaw
    }
}

/// Heights in whole costs. Every way between two nodes is right up to 2, and there
/// are fewer than `scale / 2` nodes, so heights can be shifted to where none lies on
/// or one above a multiple of `scale`; rounded down there, every way is right.
fn whole(heights: &[i64], scale: i64) -> Vec<i64> {
    let mut taken: Vec<i64> = heights.iter().map(|height| height.rem_euclid(scale)).collect();
    taken.sort_unstable();
    taken.dedup();
    // A shift of -r brings the remainders r and r + 1 to 0 and 1.
    let is_free = |r: &i64| {
        let next = (r + 1) % scale;
        taken.binary_search(r).is_err() && taken.binary_search(&next).is_err()
    };
    let r = (0..scale).find(is_free).unwrap_or(0);
    heights.iter().map(|height| (height - r).div_euclid(scale)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn heights_are_rounded_where_none_lies() {
        // Remainders by 7: 0, 1 and 6; free from 2 on with its next.
        assert_eq!(whole(&[0, 1, 6, 14], 7), [-1, -1, 0, 1]);
        assert_eq!(whole(&[3], 3), [0], "r = 1");
    }

    proptest! {
        /// Two nodes whose way is wrong by at most 2 are right when rounded.
        #[test]
        fn rounding_mends_ways(heights in proptest::collection::vec(-10_000_i64..10_000, 1..40)) {
            let scale = Flow::scale(heights.len());
            let rounded = whole(&heights, scale);
            for (i, u) in heights.iter().enumerate() {
                for (j, v) in heights.iter().enumerate() {
                    // The cheapest way in whole costs that is wrong by at most 2.
                    let cost = (u - v - 2).div_euclid(scale) + i64::from((u - v - 2).rem_euclid(scale) != 0);
                    prop_assert!(cost + rounded[j] - rounded[i] >= 0);
                }
            }
        }
    }
}
