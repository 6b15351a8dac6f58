//! The light of a clock, and what is done when it comes near.

use crate::calendar::Calendar;
use crate::clock::{Reckoning, State, Unit};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How a deadline stands (亮灯). Shown with shape and word, never colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// ○ 挂起
    Suspended,
    /// ● 正常
    Normal,
    /// ◆ 临近
    Near,
    /// ▲ 滞后
    Behind,
    /// ■ 超期
    Overdue,
}

/// The light of a deadline: near when at most one working day or a fifth of the
/// limit is left, whichever is longer.
pub fn light(reckoning: &Reckoning, now: Timestamp, calendar: &Calendar) -> Light {
    let Some(due) = reckoning.due_at.filter(|_| reckoning.state != State::Paused) else { return Light::Suspended };
    if reckoning.is_late(now) {
        return Light::Overdue;
    }
    if reckoning.state == State::Stopped {
        return Light::Normal;
    }
    let days_left = calendar.remaining(calendar.local_day(now), calendar.local_day(due));
    let began = reckoning.segments.first().map_or(now, |segment| segment.from);
    let fifth = SignedDuration::from_millis(due.duration_since(began).as_millis() as i64 / 5);
    if days_left <= 1 && due.duration_since(now) <= SignedDuration::from_hours(96) || due.duration_since(now) <= fifth {
        Light::Near
    } else {
        Light::Normal
    }
}

/// Where on the way of a clock a rung stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// Working days relative to the due time: -1 is the day before, 0 the end.
    Days(i64),
    /// Percent of the time used up, 1 to 99. What was waited for is not used up.
    Share(u8),
}

/// A rung of an escalation ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Stable name; with the clock it says what was done already.
    pub key: String,
    /// Where it stands.
    pub at: Point,
    /// What to do, such as `remind` or `supervise`.
    pub action: String,
}

/// A rung that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The rule's name.
    pub key: String,
    /// What to do; none when a higher rung is reached at the same time, as after
    /// a long standstill of the program, or has acted before.
    pub action: Option<String>,
}

/// When a rung is reached: in the morning of its day, at the end of the day that
/// uses the share up, or when the time is over. None while there is no due time.
pub fn moment(point: Point, reckoning: &Reckoning, calendar: &Calendar) -> Option<Timestamp> {
    let due = reckoning.due_at?;
    let last = calendar.local_day(due);
    Some(match point {
        Point::Days(0) => due,
        Point::Days(after @ 1..) => {
            let days = u32::try_from(after).unwrap_or(u32::MAX);
            calendar.open(calendar.add_working_days(last, days)).max(due)
        }
        Point::Days(before) => {
            let began = reckoning.segments.first().map_or(due, |first| first.from);
            let (mut day, mut left) = (last, before.saturating_neg());
            while day > calendar.local_day(began) {
                left -= i64::from(calendar.is_working(day));
                if left < 0 {
                    break;
                }
                day = day.yesterday().unwrap_or(day);
            }
            calendar.open(day).min(due)
        }
        Point::Share(percent) => used_up(percent, reckoning, calendar).unwrap_or(due).min(due),
    })
}

/// When so many percent of the time are used up.
fn used_up(percent: u8, reckoning: &Reckoning, calendar: &Calendar) -> Option<Timestamp> {
    let whole: i64 = reckoning.segments.iter().map(|segment| segment.amount).sum();
    // Rounded up: of five days, half is over with the third.
    let mut wanted = (whole * i64::from(percent) + 99) / 100;
    for segment in reckoning.segments.iter().filter(|segment| segment.counted && segment.amount > 0) {
        if wanted > segment.amount {
            wanted -= segment.amount;
            continue;
        }
        return Some(match reckoning.unit {
            Unit::Day => {
                let days = jiff::Span::new().try_days((wanted - 1).max(0)).unwrap_or_default();
                calendar.close(calendar.local_day(segment.from).saturating_add(days))
            }
            _ => {
                let length = segment.to.duration_since(segment.from).as_mins();
                segment.from + SignedDuration::from_mins(length * wanted / segment.amount)
            }
        });
    }
    None
}

/// The rungs reached by now that were not acted on yet. Only the highest acts, and
/// only where no higher one has acted before: a rung that is put in below is not
/// climbed down to.
pub fn escalate(
    rules: &[Rule],
    reckoning: &Reckoning,
    now: Timestamp,
    done: &[String],
    calendar: &Calendar,
) -> Vec<Fired> {
    if reckoning.state != State::Running {
        return Vec::new();
    }
    let mut rungs: Vec<(Timestamp, &Rule)> =
        rules.iter().filter_map(|rule| Some((moment(rule.at, reckoning, calendar)?, rule))).collect();
    rungs.sort_by_key(|(at, _)| *at);
    let acted = |rule: &Rule| done.contains(&rule.key);
    // Within the time until the very end nothing is over.
    let reached = |at: Timestamp, rule: &Rule| if rule.at == Point::Days(0) { now > at } else { now >= at };
    let stood = rungs.iter().rposition(|(_, rule)| acted(rule));
    let new: Vec<usize> = (0..rungs.len())
        .filter(|i| {
            let (at, rule) = rungs[*i];
            !acted(rule) && reached(at, rule)
        })
        .collect();
    let highest = new.last().copied().filter(|i| stood.is_none_or(|stood| stood < *i));
    new.into_iter()
        .map(|i| {
            let rule = rungs[i].1;
            Fired { key: rule.key.clone(), action: (Some(i) == highest).then(|| rule.action.clone()) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, Event, Limit, due};
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().expect("a time")
    }

    fn five_days(events: &[Event]) -> Reckoning {
        // Due on Monday 2026-11-09 at 17:30.
        due(&Clock::new(Limit::working_days(5), at("2026-11-02T10:00")), events, &Calendar::built_in())
    }

    #[test]
    fn lights_of_a_week() {
        let calendar = Calendar::built_in();
        for (now, expected) in [
            ("2026-11-03T09:00", Light::Normal),
            ("2026-11-06T09:00", Light::Near),
            ("2026-11-09T17:30", Light::Near),
            ("2026-11-09T17:31", Light::Overdue),
        ] {
            assert_eq!(light(&five_days(&[]), at(now), &calendar), expected, "{now}");
        }
        let paused = five_days(&[Event::Pause { at: at("2026-11-03T09:00"), holder: "x".into(), reason: "y".into() }]);
        assert_eq!(light(&paused, at("2026-12-01T09:00"), &calendar), Light::Suspended);
        let done = five_days(&[Event::Stop { at: at("2026-11-04T09:00") }]);
        assert_eq!(light(&done, at("2026-12-01T09:00"), &calendar), Light::Normal);
    }

    fn rule(key: &str, at: Point, action: &str) -> Rule {
        Rule { key: key.into(), at, action: action.into() }
    }

    fn ladder() -> [Rule; 3] {
        [
            rule("near", Point::Days(-1), "remind"),
            rule("over", Point::Days(0), "urge"),
            rule("long", Point::Days(3), "supervise"),
        ]
    }

    #[test]
    fn when_each_rung_is_reached() {
        let calendar = Calendar::built_in();
        let waited = [
            Event::Pause { at: at("2026-11-03T09:00"), holder: "x".into(), reason: "y".into() },
            Event::Resume { at: at("2026-11-05T09:00") },
        ];
        let hours = due(&Clock::new(Limit::hours(24), at("2026-11-02T10:00")), &[], &calendar);
        for (what, point, reckoning, expected) in [
            ("the working day before the end, in the morning", Point::Days(-1), five_days(&[]), "11-06 08:30"),
            ("three working days before", Point::Days(-3), five_days(&[]), "11-04 08:30"),
            ("never before it began", Point::Days(-9), five_days(&[]), "11-02 08:30"),
            ("when it is over", Point::Days(0), five_days(&[]), "11-09 17:30"),
            ("three working days after", Point::Days(3), five_days(&[]), "11-12 08:30"),
            ("half of five days is over with the third", Point::Share(50), five_days(&[]), "11-05 17:30"),
            ("four fifths", Point::Share(80), five_days(&[]), "11-06 17:30"),
            ("what was waited for is not used up", Point::Share(50), five_days(&waited), "11-09 17:30"),
            ("of hours, the hour", Point::Share(75), hours.clone(), "11-03 04:00"),
        ] {
            let told = moment(point, &reckoning, &calendar).expect("it has a due time");
            let told = calendar.time_zone().to_datetime(told).strftime("%m-%d %H:%M").to_string();
            assert_eq!(told, expected, "{what}");
        }
    }

    #[test]
    fn a_rung_put_in_below_is_not_climbed_down_to() {
        let calendar = Calendar::built_in();
        let rules = [&ladder()[..], &[rule("early", Point::Share(50), "remind")]].concat();
        let fired =
            escalate(&rules, &five_days(&[]), at("2026-11-10T09:00"), &["near".into(), "over".into()], &calendar);
        assert_eq!(fired, [Fired { key: "early".into(), action: None }]);
    }

    proptest! {
        #[test]
        fn each_rung_fires_once_and_of_several_the_highest(
            points in proptest::collection::vec(
                prop_oneof![(-8_i64..12).prop_map(Point::Days), (1_u8..100).prop_map(Point::Share)], 1..7),
            limit in prop_oneof![(1_u32..25).prop_map(Limit::working_days), (1_u32..200).prop_map(Limit::hours)],
            start in 0_i64..400_000,
            looks in proptest::collection::vec(0_i64..9_000, 1..30),
        ) {
            let calendar = Calendar::built_in();
            let start = at("2025-01-01T00:00") + SignedDuration::from_mins(start);
            let reckoning = due(&Clock::new(limit, start), &[], &calendar);
            let rules: Vec<Rule> =
                points.iter().enumerate().map(|(i, point)| rule(&format!("r{i}"), *point, &format!("a{i}"))).collect();
            let when = |key: &str| {
                let rule = rules.iter().find(|rule| rule.key == key).expect("a rung of the ladder");
                moment(rule.at, &reckoning, &calendar).expect("a due time")
            };
            let (mut now, mut done, mut acted) = (start, Vec::<String>::new(), Vec::<String>::new());
            for wait in looks {
                // The program may have stood still for days between two looks.
                now += SignedDuration::from_mins(wait);
                let fired = escalate(&rules, &reckoning, now, &done, &calendar);
                prop_assert!(fired.iter().filter(|one| one.action.is_some()).count() <= 1, "one word for all that was missed");
                for one in &fired {
                    prop_assert!(!done.contains(&one.key), "no rung twice");
                    prop_assert!(when(&one.key) <= now, "none before its time");
                    if one.action.is_some() {
                        prop_assert!(fired.iter().chain(&[]).all(|other| when(&other.key) <= when(&one.key)), "the highest");
                        prop_assert!(!acted.contains(&one.key));
                        acted.push(one.key.clone());
                    }
                }
                done.extend(fired.into_iter().map(|one| one.key));
                let missed = rules.iter().filter(|rule| !done.contains(&rule.key)).map(|rule| when(&rule.key)).min();
                prop_assert!(missed.is_none_or(|at| at >= now), "none is left out");
            }
        }
    }

    #[test]
    fn each_rung_acts_once_and_after_a_standstill_only_the_highest() {
        let calendar = Calendar::built_in();
        let rules = ladder();
        let fired = |now: &str, done: &[&str]| {
            let done: Vec<String> = done.iter().map(|key| (*key).to_owned()).collect();
            escalate(&rules, &five_days(&[]), at(now), &done, &calendar)
                .into_iter()
                .map(|fired| (fired.key, fired.action))
                .collect::<Vec<_>>()
        };
        assert_eq!(fired("2026-11-04T09:00", &[]), []);
        assert_eq!(fired("2026-11-06T09:00", &[]), [("near".into(), Some("remind".into()))]);
        assert_eq!(fired("2026-11-06T10:00", &["near"]), []);
        assert_eq!(fired("2026-11-09T18:00", &["near"]), [("over".into(), Some("urge".into()))]);
        assert_eq!(
            fired("2026-11-30T09:00", &[]),
            [("near".into(), None), ("over".into(), None), ("long".into(), Some("supervise".into()))]
        );
        let stopped = five_days(&[Event::Stop { at: at("2026-11-04T09:00") }]);
        assert!(
            escalate(&rules, &stopped, at("2026-11-30T09:00"), &[], &calendar).is_empty(),
            "a closed case is quiet"
        );
    }
}
