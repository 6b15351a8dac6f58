//! The proposal against a solver of another kind: a table of all counts that
//! officers can come to, filled subject by subject. It reckons costs anew from what
//! the documentation says, and knows nothing of flows.

use allotment::{Case, Cost, Nobody, Officer, Place, Proposal, Step, Subject, Weights, propose};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Unplaced load, points, moved subjects: less is better in that order.
type Best = (i64, i64, i64);

/// Points of a subject with an officer, without load.
fn points(case: &Case, appointed: &BTreeMap<u32, Vec<usize>>, i: usize, o: usize) -> i64 {
    let (s, officer, weights) = (&case.subjects[i], &case.officers[o], case.weights);
    let mut points = 0;
    if s.industry.is_some_and(|industry| !officer.industries.contains(&industry)) {
        points += i64::from(weights.duty);
    }
    if s.today.is_some_and(|today| today != o) {
        points += i64::from(weights.change);
    }
    if let Some(carrier) = s.carrier {
        let own = case.officers.iter().any(|officer| officer.carriers.contains(&carrier));
        let neighbours = || {
            let all = case.subjects.iter().enumerate().filter(move |(j, _)| *j != i);
            all.map(|(_, s)| s).filter(move |s| s.carrier == Some(carrier) && s.today.is_some())
        };
        let of: i64 = neighbours().map(|s| i64::from(s.load)).sum();
        let with_him: i64 = neighbours().filter(|s| s.today == Some(o)).map(|s| i64::from(s.load)).sum();
        if own {
            points += if officer.carriers.contains(&carrier) { 0 } else { i64::from(weights.carrier) };
        } else if let Some(appointed) = appointed.get(&carrier) {
            points += if appointed.contains(&o) { 0 } else { i64::from(weights.carrier) };
        } else if of > 0 {
            points += i64::from(weights.carrier) * (of - with_him) / of;
        }
    }
    points
}

/// The price of all the load that an officer has, by his counts of subjects of at
/// least that load.
fn price(case: &Case, o: usize, counts: &[u32]) -> i64 {
    let posts: i64 = case.officers.iter().map(|officer| i64::from(officer.post)).sum();
    let post = i64::from(case.officers[o].post);
    let mut price = 0;
    for (k, n) in counts.iter().enumerate() {
        let all = case.subjects.iter().filter(|s| usize::from(s.load) > k).count() as i64;
        for nth in 1..=i64::from(*n) {
            price += i64::from(case.weights.load) * posts * nth / (all * post).max(posts);
        }
    }
    price
}

fn may(case: &Case, i: usize, o: usize) -> bool {
    let s = &case.subjects[i];
    match s.pinned {
        Some(pin) => pin == o,
        None => !s.excluded.contains(&o) && s.candidates.as_ref().is_none_or(|c| c.contains(&o)),
    }
}

/// The cheapest of all assignments within the capacities.
fn cheapest(case: &Case, appointed: &BTreeMap<u32, Vec<usize>>) -> Best {
    let levels = case.subjects.iter().map(|s| usize::from(s.load)).max().unwrap_or(1);
    let mut table: HashMap<Vec<u32>, Best> = HashMap::from([(vec![0; levels * case.officers.len()], (0, 0, 0))]);
    for (i, s) in case.subjects.iter().enumerate() {
        let mut next: HashMap<Vec<u32>, Best> = HashMap::new();
        let mut put = |counts: Vec<u32>, best: Best| {
            let place = next.entry(counts).or_insert(best);
            *place = best.min(*place);
        };
        for (counts, (unplaced, sum, moved)) in &table {
            if s.pinned.is_none() {
                put(counts.clone(), (unplaced + i64::from(s.load), *sum, *moved));
            }
            for o in (0..case.officers.len()).filter(|o| may(case, i, *o)) {
                let mut counts = counts.clone();
                counts[o * levels..o * levels + usize::from(s.load)].iter_mut().for_each(|n| *n += 1);
                let moves = i64::from(s.today.is_some_and(|today| today != o));
                put(counts, (*unplaced, sum + points(case, appointed, i, o), moved + moves));
            }
        }
        table = next;
    }
    let by_hand =
        |o: usize| -> u32 { case.subjects.iter().filter(|s| s.pinned == Some(o)).map(|s| u32::from(s.load)).sum() };
    let ends = table.into_iter().filter_map(|(counts, (unplaced, mut sum, moved))| {
        for (o, officer) in case.officers.iter().enumerate() {
            let his = &counts[o * levels..(o + 1) * levels];
            if officer.capacity.is_some_and(|capacity| his.iter().sum::<u32>() > capacity.max(by_hand(o))) {
                return None;
            }
            sum += price(case, o, his);
        }
        Some((unplaced, sum, moved))
    });
    ends.min().expect("everybody may stay with nobody")
}

fn moved(proposal: &Proposal) -> i64 {
    proposal.places.iter().filter(|place| place.step == Step::Moved).count() as i64
}

fn found(proposal: &Proposal) -> Best {
    (proposal.cost.unplaced, proposal.cost.points, moved(proposal))
}

fn subject(officers: usize, heaviest: u8) -> impl Strategy<Value = Subject> {
    let number = || proptest::option::of(0_u32..2);
    let one = || 0..officers;
    (
        1..=heaviest,
        number(),
        number(),
        proptest::option::of(one()),
        proptest::option::weighted(0.3, proptest::collection::vec(one(), 0..=officers)),
        proptest::collection::vec(one(), 0..2),
        proptest::option::weighted(0.15, one()),
    )
        .prop_map(|(load, industry, carrier, today, candidates, mut excluded, pinned)| {
            excluded.retain(|officer| Some(*officer) != pinned);
            Subject { load, industry, carrier, today, candidates, excluded, pinned }
        })
}

fn officer(capacities: bool) -> impl Strategy<Value = Officer> {
    let numbers = || proptest::collection::vec(0_u32..2, 0..2);
    let capacity = proptest::option::weighted(0.8, 0_u32..7);
    let post = prop_oneof![3 => Just(100_u32), 1 => Just(50), 1 => 1_u32..300];
    let carriers = proptest::collection::vec(0_u32..2, 0..2);
    (numbers(), carriers, capacity, post).prop_map(move |(industries, carriers, capacity, post)| Officer {
        industries,
        carriers,
        capacity: capacity.filter(|_| capacities),
        post,
    })
}

/// Small cases: loads up to that, with capacities or without.
fn cases(heaviest: u8, capacities: bool) -> impl Strategy<Value = Case> {
    let weight = || prop_oneof![3 => 0_u32..500, 1 => Just(0_u32), 1 => Just(100)];
    let weights = (weight(), weight(), weight(), weight());
    (1_usize..4, weights).prop_flat_map(move |(officers, (duty, carrier, change, load))| {
        let weights = Weights { duty, carrier, change, load };
        (
            proptest::collection::vec(subject(officers, heaviest), 0..7),
            proptest::collection::vec(officer(capacities), officers),
        )
            .prop_map(move |(subjects, officers)| Case { subjects, officers, weights })
    })
}

/// Whether what is set by hand alone is more than somebody may have.
fn overfull(case: &Case) -> bool {
    case.officers.iter().enumerate().any(|(o, officer)| {
        let by_hand: u32 = case.subjects.iter().filter(|s| s.pinned == Some(o)).map(|s| u32::from(s.load)).sum();
        officer.capacity.is_some_and(|capacity| by_hand > capacity)
    })
}

/// Order of numbers, shuffled.
fn shuffled(n: usize) -> impl Strategy<Value = Vec<usize>> {
    Just((0..n).collect::<Vec<_>>()).prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn nothing_is_cheaper_without_capacities(case in cases(4, false)) {
        let proposal = propose(&case).expect("sound");
        prop_assert_eq!(found(&proposal), cheapest(&case, &proposal.appointed()));
        prop_assert_eq!(proposal.cost, proposal.bound);
    }

    #[test]
    fn nothing_is_cheaper_with_capacities_of_equal_loads(case in cases(1, true)) {
        let proposal = propose(&case).expect("sound");
        prop_assert_eq!(found(&proposal), cheapest(&case, &proposal.appointed()));
        prop_assert_eq!(proposal.cost, proposal.bound);
    }

    #[test]
    fn with_capacities_of_unequal_loads_the_bound_is_honest(case in cases(3, true)) {
        let proposal = propose(&case).expect("sound");
        let best = cheapest(&case, &proposal.appointed());
        let bound = (proposal.bound.unplaced, proposal.bound.points);
        prop_assert!(bound <= (best.0, best.1));
        prop_assert!((best.0, best.1) <= (proposal.cost.unplaced, proposal.cost.points));
    }

    #[test]
    fn no_capacity_is_exceeded_and_nobody_is_left_out_who_has_room(case in cases(4, true)) {
        let proposal = propose(&case).expect("sound");
        for (o, share) in proposal.shares.iter().enumerate() {
            let mine = |place: &&(usize, &Place)| place.1.officer == Some(o);
            let places: Vec<_> = proposal.places.iter().enumerate().collect();
            let load: u32 = places.iter().filter(mine).map(|(i, _)| u32::from(case.subjects[*i].load)).sum();
            prop_assert_eq!(load, share.load_after);
            if let Some(capacity) = share.capacity.filter(|capacity| load > *capacity) {
                prop_assert!(places.iter().filter(mine).all(|(_, place)| place.pinned), "{} above {}", load, capacity);
            }
        }
        for (i, place) in proposal.places.iter().enumerate() {
            let could: Vec<usize> = (0..case.officers.len()).filter(|o| may(&case, i, *o)).collect();
            match place.officer {
                Some(officer) => prop_assert!(could.contains(&officer)),
                None if could.is_empty() => prop_assert_eq!(place.step, Step::Nobody(Nobody::NoCandidate)),
                None => {
                    prop_assert_eq!(place.step, Step::Nobody(Nobody::Full));
                    for share in could.iter().map(|o| proposal.shares[*o]) {
                        prop_assert!(share.capacity.is_some_and(|capacity| share.load_after + u32::from(case.subjects[i].load) > capacity));
                    }
                }
            }
        }
    }

    #[test]
    fn equal_questions_have_equal_answers(case in cases(4, true)) {
        let (one, other) = (propose(&case).expect("sound"), propose(&case).expect("sound"));
        prop_assert_eq!(&one.places, &other.places);
        let all: Vec<usize> = (0..case.subjects.len()).collect();
        prop_assert_eq!(one.alternatives(&all), other.alternatives(&all));
    }

    #[test]
    fn the_order_of_subjects_does_not_matter(
        (case, order) in cases(4, false).prop_flat_map(|case| { let n = case.subjects.len(); (Just(case), shuffled(n)) })
    ) {
        let subjects = order.iter().map(|i| case.subjects[*i].clone()).collect();
        let other = Case { subjects, ..case.clone() };
        prop_assert_eq!(found(&propose(&case).expect("sound")), found(&propose(&other).expect("sound")));
    }

    /// Where officers are appointed, their order decides between equals.
    #[test]
    fn the_order_of_officers_does_not_matter(
        (case, order) in cases(4, false).prop_flat_map(|case| { let n = case.officers.len(); (Just(case), shuffled(n)) })
    ) {
        let place = |o: usize| order.iter().position(|at| *at == o).expect("an order of all");
        let mut other = Case { officers: order.iter().map(|o| case.officers[*o].clone()).collect(), ..case.clone() };
        for s in &mut other.subjects {
            s.today = s.today.map(place);
            s.pinned = s.pinned.map(place);
            s.excluded.iter_mut().for_each(|o| *o = place(*o));
            s.candidates.iter_mut().flatten().for_each(|o| *o = place(*o));
        }
        let proposal = propose(&case).expect("sound");
        prop_assume!(proposal.appointed().is_empty());
        prop_assert_eq!(found(&proposal), found(&propose(&other).expect("sound")));
    }

    /// What an alternative would cost is what it costs when it is set by hand.
    #[test]
    fn alternatives_cost_what_they_say(case in prop_oneof![cases(4, false), cases(1, true)]) {
        prop_assume!(!overfull(&case));
        let proposal = propose(&case).expect("sound");
        let all: Vec<usize> = (0..case.subjects.len()).collect();
        for (i, others) in proposal.alternatives(&all).into_iter().enumerate() {
            if case.subjects[i].pinned.is_some() {
                prop_assert!(others.is_empty());
                continue;
            }
            prop_assert_eq!(others.first().copied(), proposal.next_best(i));
            for o in (0..case.officers.len()).filter(|o| may(&case, i, *o) && proposal.places[i].officer != Some(*o)) {
                let mut pinned = case.clone();
                pinned.subjects[i].pinned = Some(o);
                let alternative = others.iter().find(|other| other.officer == o);
                if overfull(&pinned) {
                    prop_assert!(alternative.is_none(), "full by hand");
                    continue;
                }
                let cost = propose(&pinned).expect("sound").cost;
                let more = Cost {
                    unplaced: cost.unplaced - proposal.cost.unplaced,
                    points: cost.points - proposal.cost.points,
                };
                prop_assert_eq!(alternative.map(|other| other.more), Some(more));
            }
        }
    }

    /// The next best is what comes when the proposed officer is excluded.
    #[test]
    fn the_next_best_comes_when_the_best_may_not(case in cases(4, false)) {
        let proposal = propose(&case).expect("sound");
        prop_assume!(proposal.appointed().is_empty());
        for (i, place) in proposal.places.iter().enumerate().filter(|(_, place)| !place.pinned) {
            let Some(officer) = place.officer else { continue };
            let mut without = case.clone();
            without.subjects[i].excluded.push(officer);
            let other = propose(&without).expect("sound");
            match proposal.next_best(i) {
                None => prop_assert_eq!(other.places[i].step, Step::Nobody(Nobody::NoCandidate)),
                Some(next) => {
                    prop_assert_eq!(next.more.points, other.cost.points - proposal.cost.points);
                    prop_assert_eq!(next.more.unplaced, 0);
                }
            }
        }
    }

    #[test]
    fn the_dearer_a_change_the_fewer_there_are(case in cases(4, false), more in 1_u32..300) {
        let mut dearer = case.clone();
        dearer.weights.change += more;
        prop_assert!(moved(&propose(&dearer).expect("sound")) <= moved(&propose(&case).expect("sound")));
    }

    /// An accepted proposal is proposed again, unless the carrier now pulls elsewhere.
    #[test]
    fn who_accepts_is_asked_for_nothing_more(case in cases(4, false)) {
        let mut accepted = Case { weights: Weights { carrier: 0, ..case.weights }, ..case };
        let first: Vec<_> = propose(&accepted).expect("sound").places.iter().map(|place| place.officer).collect();
        accepted.subjects.iter_mut().zip(&first).for_each(|(s, officer)| s.today = *officer);
        let again = propose(&accepted).expect("sound");
        prop_assert_eq!(again.difference().moved, 0);
    }

    #[test]
    fn the_parts_add_up(case in cases(4, true)) {
        let proposal = propose(&case).expect("sound");
        let levels = case.subjects.iter().map(|s| usize::from(s.load)).max().unwrap_or(1);
        let mut counts = vec![vec![0_u32; levels]; case.officers.len()];
        let (mut sum, mut unplaced) = (0, 0);
        for (i, place) in proposal.places.iter().enumerate() {
            match place.officer {
                Some(officer) => {
                    let why = proposal.why(i, officer);
                    sum += why.parts.points() - why.parts.load;
                    counts[officer][..usize::from(case.subjects[i].load)].iter_mut().for_each(|n| *n += 1);
                }
                None => unplaced += i64::from(case.subjects[i].load),
            }
        }
        sum += counts.iter().enumerate().map(|(o, counts)| price(&case, o, counts)).sum::<i64>();
        prop_assert_eq!(proposal.cost, Cost { unplaced, points: sum });
        let difference = proposal.difference();
        prop_assert_eq!(difference.kept + difference.moved + difference.new + difference.nobody, case.subjects.len());
    }
}
