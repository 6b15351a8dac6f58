//! How long proposals take: `cargo run --release -p allotment --example measure`.
//!
//! The zone is invented: enterprises of 20 industries, a third of them in carriers,
//! nine in ten with an officer today, loads as `allotment::load` gives them.

use allotment::{Case, Officer, Subject, load, propose};
use std::time::Instant;

/// Numbers that look random and are always the same (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

fn zone(subjects: usize, officers: usize, candidates: Option<usize>, capacity: Option<f64>, today: u64) -> Case {
    let mut dice = Dice(7);
    let (n, m) = (subjects as u64, officers as u64);
    let mut case = Case::default();
    for _ in 0..officers {
        let industries = (0..3).map(|_| dice.below(20) as u32).collect();
        let post = if dice.below(5) == 0 { 50 } else { 100 };
        case.officers.push(Officer { industries, post, ..Officer::default() });
    }
    for _ in 0..subjects {
        let weight = load(Some(dice.below(400) as u32), dice.below(6) == 0, dice.below(4) as u32);
        let mut subject = Subject::new(weight);
        subject.industry = Some(dice.below(20) as u32);
        subject.carrier = (dice.below(3) == 0).then(|| dice.below(n / 40 + 1) as u32);
        if dice.below(100) < today {
            // Mostly somebody whose duty it is, and more often one of the first.
            let by_luck = |dice: &mut Dice| dice.below(m).min(dice.below(m)) as usize;
            let fits =
                |o: &usize| case.officers[*o].industries.iter().any(|industry| Some(*industry) == subject.industry);
            let drawn: Vec<usize> = (0..20).map(|_| by_luck(&mut dice)).collect();
            subject.today = drawn.iter().copied().find(fits).or(drawn.first().copied());
        }
        subject.candidates = candidates.map(|k| {
            let others = (1..k).map(|_| dice.below(m) as usize);
            others.chain(subject.today).collect()
        });
        if dice.below(50) == 0 {
            subject.excluded = vec![dice.below(m) as usize];
        }
        case.subjects.push(subject);
    }
    if let Some(room) = capacity {
        let total: f64 = case.subjects.iter().map(|s| f64::from(s.load)).sum();
        let posts: f64 = case.officers.iter().map(|o| f64::from(o.post)).sum();
        for officer in &mut case.officers {
            officer.capacity = Some((room * total * f64::from(officer.post) / posts) as u32);
        }
    }
    case
}

/// The most memory that the process had, in MB; only Linux tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

fn main() {
    let only: Option<usize> = std::env::args().nth(1).and_then(|n| n.parse().ok());
    for (subjects, officers, candidates, capacity, today) in [
        (1_000, 30, None, None, 90),
        (10_000, 100, None, None, 90),
        (10_000, 100, None, None, 0),
        (10_000, 100, None, Some(1.05), 90),
        (10_000, 100, None, Some(0.9), 90),
        (10_000, 100, Some(40), None, 90),
        (100_000, 1_000, Some(40), None, 90),
        (100_000, 1_000, Some(40), None, 0),
        (100_000, 1_000, Some(40), Some(1.05), 90),
        (100_000, 1_000, Some(40), Some(0.9), 90),
    ] {
        if only.is_some_and(|only| only != subjects) {
            continue;
        }
        let case = zone(subjects, officers, candidates, capacity, today);
        let began = Instant::now();
        let proposal = match propose(&case) {
            Ok(proposal) => proposal,
            Err(faults) => {
                println!("{subjects} x {officers}: {faults:?}");
                continue;
            }
        };
        let proposed = began.elapsed();
        let began = Instant::now();
        let page: Vec<usize> = (0..50).collect();
        let of_page = proposal.alternatives(&page).iter().map(Vec::len).sum::<usize>();
        let explained = began.elapsed();
        let spread = proposal.shares.iter().map(|s| s.load_after as f64 / f64::from(s.fair.max(1)));
        println!(
            "{subjects:>6} x {officers:<5} candidates {:<4} capacity {:<4} with today {today:>2} %: {:.2} s; \
             50 explained ({of_page} alternatives) in {:.3} s; {:?}; {:?}, bound {}; load {:.2} to {:.2} of fair; peak {} MB",
            candidates.map_or("all".into(), |k| k.to_string()),
            capacity.map_or("none".into(), |c| c.to_string()),
            proposed.as_secs_f64(),
            explained.as_secs_f64(),
            proposal.difference(),
            proposal.cost,
            if proposal.bound == proposal.cost { "met".into() } else { format!("{:?}", proposal.bound) },
            spread.clone().fold(f64::MAX, f64::min),
            spread.fold(0.0, f64::max),
            peak().unwrap_or(0),
        );
    }
}
