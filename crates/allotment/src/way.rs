//! The cheapest ways by which places are exchanged in a flow that stands.

use crate::flow::{Flow, Net};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Stands for an exchange that nobody can make.
const NEVER: i64 = i64::MAX;

/// By officer's node, from where somebody could come in, and what that costs above
/// what the proof says it is worth: never less than nothing.
pub(crate) struct Ways {
    start: Vec<usize>,
    comers: Vec<(u32, i64)>,
}

impl Ways {
    /// Those of a flow: of all who could come from one node the cheapest.
    pub fn new(net: &Net, flow: &Flow) -> Self {
        let mut start = vec![0; net.drain() + 1];
        let arcs = |subject: usize| {
            let load = net.load[subject];
            let from = net.node(flow.at[subject], load);
            let others = net.arcs(subject).map(move |(officer, cost)| (net.node(officer, load), cost));
            others.filter(move |(node, _)| *node != from).map(move |(node, cost)| {
                let above = cost - flow.arc_cost[subject] + flow.proof[node] - flow.proof[from];
                (node, from as u32, above)
            })
        };
        for subject in 0..net.load.len() {
            arcs(subject).for_each(|(node, ..)| start[node + 1] += 1);
        }
        for node in 0..net.drain() {
            start[node + 1] += start[node];
        }
        let mut free = start.clone();
        let mut all = vec![(0, 0); start[net.drain()]];
        for subject in 0..net.load.len() {
            for (node, from, above) in arcs(subject) {
                all[free[node]] = (from, above);
                free[node] += 1;
            }
        }
        let mut least = vec![NEVER; net.nodes()];
        let (mut comers, mut ends) = (Vec::new(), vec![0]);
        for node in 0..net.drain() {
            let his = &all[start[node]..start[node + 1]];
            his.iter().for_each(|(from, above)| least[*from as usize] = least[*from as usize].min(*above));
            for (from, _) in his {
                let above = std::mem::replace(&mut least[*from as usize], NEVER);
                if above != NEVER {
                    comers.push((*from, above));
                }
            }
            ends.push(comers.len());
        }
        Self { start: ends, comers }
    }

    /// What it costs to lead one unit more from each of the wanted nodes to the
    /// target, over whatever exchanges are cheapest; nothing where there is no way
    /// (Dijkstra, backwards from the target, on costs made positive by the proof).
    pub fn lead(&self, net: &Net, flow: &Flow, target: usize, wanted: &[usize]) -> Vec<Option<i64>> {
        let proof = &flow.proof;
        let mut far = vec![NEVER; net.nodes()];
        let mut settled = vec![false; net.nodes()];
        let mut is_wanted = vec![false; net.nodes()];
        wanted.iter().for_each(|node| is_wanted[*node] = true);
        let mut left = wanted.len();
        let mut heap = BinaryHeap::from([Reverse((0_i64, target))]);
        far[target] = 0;
        while let Some(Reverse((so_far, node))) = heap.pop() {
            if std::mem::replace(&mut settled[node], true) {
                continue;
            }
            left -= usize::from(is_wanted[node]);
            if left == 0 {
                break;
            }
            let mut reach = |from: usize, above: i64| {
                if so_far + above < far[from] {
                    far[from] = so_far + above;
                    heap.push(Reverse((far[from], from)));
                }
            };
            let mut fall = |from: usize| {
                if flow.count[from] < net.quota[from] {
                    reach(from, net.nth(from, flow.count[from] + 1) + proof[node] - proof[from]);
                }
            };
            if node == net.drain() {
                (0..net.officers).for_each(|officer| fall(officer * net.levels));
                continue;
            }
            net.above(node).into_iter().for_each(&mut fall);
            if flow.count[node] > 0 {
                let below = net.below(node);
                reach(below, proof[node] - proof[below] - net.nth(node, flow.count[node]));
            }
            for (from, above) in &self.comers[self.start[node]..self.start[node + 1]] {
                reach(*from as usize, *above);
            }
        }
        let way = |node: &usize| settled[*node].then(|| far[*node] + proof[*node] - proof[target]);
        wanted.iter().map(way).collect()
    }
}
