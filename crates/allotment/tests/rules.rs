//! The rule book: who is proposed, with the weights as they come.

use allotment::{
    Alternative, Case, Cost, Difference, Nobody, Officer, Parts, Proposal, Step, Subject, Together, Why, propose,
};
use std::collections::BTreeMap;

const MACHINES: u32 = 1;
const FOOD: u32 = 2;
const INCUBATOR: u32 = 5;

fn case(subjects: Vec<Subject>, officers: Vec<Officer>) -> Case {
    Case { subjects, officers, ..Case::default() }
}

fn answer(case: &Case) -> Proposal<'_> {
    propose(case).expect("a sound case")
}

fn who(case: &Case) -> Vec<Option<usize>> {
    answer(case).places.iter().map(|place| place.officer).collect()
}

fn loads(case: &Case) -> Vec<u32> {
    answer(case).shares.iter().map(|share| share.load_after).collect()
}

fn idle() -> Officer {
    Officer::default()
}

fn up_to(capacity: u32) -> Officer {
    Officer { capacity: Some(capacity), ..idle() }
}

fn held_by(officer: usize, n: usize) -> Vec<Subject> {
    vec![Subject { today: Some(officer), ..Subject::new(1) }; n]
}

#[test]
fn who_gets_one_enterprise() {
    // 0 is of the department for machines; 1 of that for food, and answers for the incubator.
    let officers = vec![
        Officer { industries: vec![MACHINES], ..idle() },
        Officer { industries: vec![FOOD], carriers: vec![INCUBATOR], ..idle() },
    ];
    let new = || Subject::new(1);
    let (machines, food, incubator) = (Some(MACHINES), Some(FOOD), Some(INCUBATOR));
    for (what, subject, expected) in [
        ("nothing speaks for anybody: the first", new(), Some(0)),
        ("whose duty its industry is", Subject { industry: food, ..new() }, Some(1)),
        ("whose carrier it sits in", Subject { carrier: incubator, ..new() }, Some(1)),
        ("duty comes before carrier", Subject { industry: machines, carrier: incubator, ..new() }, Some(0)),
        ("today's officer", Subject { today: Some(1), ..new() }, Some(1)),
        ("today's, though it is another's duty", Subject { today: Some(0), industry: food, ..new() }, Some(0)),
        ("today's, though it is another's carrier", Subject { today: Some(0), carrier: incubator, ..new() }, Some(0)),
        ("both together move it", Subject { today: Some(0), industry: food, carrier: incubator, ..new() }, Some(1)),
        ("today's must not any more", Subject { today: Some(0), excluded: vec![0], ..new() }, Some(1)),
        ("only one may", Subject { candidates: Some(vec![1]), industry: machines, ..new() }, Some(1)),
        ("set by hand, against all reasons", Subject { pinned: Some(0), industry: food, ..new() }, Some(0)),
        ("nobody may", Subject { candidates: Some(vec![]), ..new() }, None),
        ("the only candidate must not", Subject { candidates: Some(vec![0]), excluded: vec![0], ..new() }, None),
    ] {
        assert_eq!(who(&case(vec![subject], officers.clone())), [expected], "{what}");
    }
}

#[test]
fn load_is_shared_out() {
    let new = |loads: &[u8]| loads.iter().map(|load| Subject::new(*load)).collect::<Vec<_>>();
    let half = Officer { post: 50, ..idle() };
    let machines = |capacity| Officer { industries: vec![MACHINES], capacity, ..idle() };
    let of_machines = vec![Subject { industry: Some(MACHINES), ..Subject::new(1) }; 4];
    for (what, subjects, officers, expected) in [
        ("evenly", new(&[1; 6]), vec![idle(), idle(), idle()], vec![2, 2, 2]),
        ("half a post has half the load", new(&[1; 6]), vec![idle(), half], vec![4, 2]),
        ("the heavy ones as well", new(&[3, 3, 1, 1]), vec![idle(), idle()], vec![4, 4]),
        ("duty gives way when it is too much", of_machines.clone(), vec![machines(None), idle()], vec![3, 1]),
        ("a capacity holds", of_machines, vec![machines(Some(2)), idle()], vec![2, 2]),
        ("a capacity of nothing takes nothing", new(&[1; 3]), vec![up_to(0), idle()], vec![0, 3]),
        ("heavy and light within tight capacities", new(&[3, 1, 1, 1]), vec![up_to(3), up_to(3)], vec![3, 3]),
        ("a newcomer takes over what makes a difference", held_by(0, 12), vec![idle(), idle()], vec![8, 4]),
        ("small differences move nobody", [held_by(0, 7), held_by(1, 5)].concat(), vec![idle(), idle()], vec![7, 5]),
    ] {
        assert_eq!(loads(&case(subjects, officers)), expected, "{what}");
    }
}

#[test]
fn nobody_is_dropped_in_silence() {
    let full = Step::Nobody(Nobody::Full);
    for (what, subjects, officers, steps) in [
        ("the lighter waits", vec![Subject::new(1), Subject::new(2)], vec![up_to(2)], vec![full, Step::New]),
        (
            "what is set by hand comes first",
            vec![Subject::new(2), Subject { pinned: Some(0), ..Subject::new(1) }],
            vec![up_to(2)],
            vec![full, Step::New],
        ),
        (
            "the hand goes above the capacity, nobody else does",
            vec![Subject { pinned: Some(0), ..Subject::new(2) }, Subject { today: Some(0), ..Subject::new(1) }],
            vec![up_to(1)],
            vec![Step::New, full],
        ),
        (
            "room is made where another can go elsewhere",
            vec![
                Subject { today: Some(0), ..Subject::new(1) },
                Subject { candidates: Some(vec![0]), ..Subject::new(1) },
            ],
            vec![up_to(1), idle()],
            vec![Step::Moved, Step::New],
        ),
        ("there are no officers", vec![Subject::new(1)], vec![], vec![Step::Nobody(Nobody::NoCandidate)]),
        ("there is nothing to do", vec![], vec![idle()], vec![]),
    ] {
        let case = case(subjects, officers);
        let found: Vec<_> = answer(&case).places.iter().map(|place| place.step).collect();
        assert_eq!(found, steps, "{what}");
    }
}

#[test]
fn a_carrier_has_one_face() {
    let inside = |today| Subject { carrier: Some(INCUBATOR), today, ..Subject::new(1) };
    let neighbours = vec![inside(Some(0)), inside(Some(0)), inside(None)];
    let with_others = [neighbours.clone(), held_by(1, 3)].concat();
    let two = vec![idle(), idle()];
    assert_eq!(who(&case(with_others, two.clone()))[2], Some(0), "the neighbours' officer takes the newcomer");
    assert_eq!(who(&case(neighbours, two))[2], Some(1), "unless he has too much then");

    let new = [vec![inside(None); 3], vec![Subject::new(1); 9]].concat();
    let fresh = case(new, vec![idle(); 4]);
    let proposal = answer(&fresh);
    let face = proposal.appointed()[&INCUBATOR].clone();
    assert_eq!(face.len(), 1, "one suffices for three enterprises");
    assert!(proposal.places[..3].iter().all(|place| place.officer == Some(face[0])), "and he gets all three");
    assert_eq!(loads(&fresh), [3, 3, 3, 3]);

    let large = case(vec![inside(None); 12], vec![idle(); 4]);
    assert_eq!(answer(&large).appointed()[&INCUBATOR].len(), 4, "a large one has as many as its load asks for");
}

/// Two departments, four enterprises, all where they belong.
fn at_rest() -> Case {
    let of = |industry, officer| Subject { industry: Some(industry), today: Some(officer), ..Subject::new(1) };
    let duty = |industry| Officer { industries: vec![industry], ..idle() };
    case(vec![of(MACHINES, 0), of(MACHINES, 0), of(FOOD, 1), of(FOOD, 1)], vec![duty(MACHINES), duty(FOOD)])
}

#[test]
fn every_place_is_explained() {
    let case = at_rest();
    let proposal = answer(&case);
    let his = Parts { load: 600, ..Parts::default() };
    assert_eq!(
        proposal.why(0, 0),
        Why { duty: Some(true), together: Together::Alone, today: true, pinned: false, parts: his }
    );
    let anothers = Parts { duty: 400, carrier: 0, change: 450, load: 900 };
    assert_eq!(
        proposal.why(0, 1),
        Why { duty: Some(false), together: Together::Alone, today: false, pinned: false, parts: anothers }
    );
    // 1750 with the other, less the 600 that are saved with the first.
    let next = Alternative { officer: 1, more: Cost { unplaced: 0, points: 1_150 } };
    assert_eq!(proposal.next_best(0), Some(next));
}

#[test]
fn the_hand_is_obeyed_and_its_price_was_known() {
    let before = at_rest();
    let known = answer(&before).next_best(0).expect("there is another");
    let mut by_hand = before.clone();
    by_hand.subjects[0].pinned = Some(known.officer);
    let (before, after) = (answer(&before), answer(&by_hand));
    assert_eq!(after.cost.points - before.cost.points, known.more.points);
    assert_eq!(after.difference(), Difference { kept: 3, moved: 1, new: 0, nobody: 0 });
    assert_eq!(after.next_best(0), None, "what is set by hand is not questioned");
}

#[test]
fn an_alternative_that_costs_another_his_place_says_so() {
    let case = case(vec![Subject::new(2), Subject::new(1)], vec![up_to(2)]);
    let left_out = answer(&case).next_best(1);
    assert_eq!(left_out.map(|other| (other.officer, other.more.unplaced)), Some((0, 1)), "2 would lose it, 1 gain it");
}

#[test]
fn the_difference_from_today_is_shown() {
    // Somebody with three enterprises has left; the two others have four each.
    let left = [held_by(0, 4), held_by(1, 4), vec![Subject::new(1); 3]].concat();
    let case = case(left, vec![idle(), idle()]);
    let proposal = answer(&case);
    assert_eq!(proposal.difference(), Difference { kept: 8, moved: 0, new: 3, nobody: 0 });
    let mut shares: Vec<_> =
        proposal.shares.iter().map(|share| (share.load_before, share.load_after, share.fair)).collect();
    shares.sort_unstable();
    assert_eq!(shares, [(4, 5, 6), (4, 6, 6)]);
    assert_eq!(proposal.appointed(), BTreeMap::new());
}
