//! Clocks whose hours change under way: an emergency is declared, and ends.
//!
//! What was used up stays used up; what is left is counted in the new hours, a
//! day as 24 hours, and of a day begun the office has the whole again. Two bounds
//! hold whatever the hours make of it: an emergency that begins makes nothing
//! later, and one that ends makes nothing earlier than it stood, nor later than
//! the office's hours alone would have had it, so that no limit of the law grows.

use crate::calendar::Calendar;
use crate::clock::{Clock, Count, Event, Limit, Mode, Reckoning, Segment, State, Still, Unit, Why, straight};
use jiff::Timestamp;

const DAY: i64 = 24 * 60;

/// A change of the hours.
pub(crate) struct Turn {
    at: Timestamp,
    mode: Mode,
    reason: String,
}

/// The changes that change anything, in order; none after the end.
pub(crate) fn turns(clock: &Clock, events: &[Event], stopped_at: Option<Timestamp>) -> Vec<Turn> {
    let mut all: Vec<Turn> = events
        .iter()
        .filter_map(|event| match event {
            Event::Mode { at, mode, reason } => {
                Some(Turn { at: (*at).max(clock.started_at), mode: *mode, reason: reason.clone() })
            }
            _ => None,
        })
        .filter(|turn| stopped_at.is_none_or(|end| turn.at < end))
        .collect();
    all.sort_by_key(|turn| turn.at);
    let mut now = clock.mode;
    all.retain(|turn| std::mem::replace(&mut now, turn.mode) != turn.mode);
    all
}

/// When it ends if the hours change.
pub(crate) fn in_turns(
    clock: &Clock,
    limit: Limit,
    stills: &[Still],
    turns: &[Turn],
    calendar: &Calendar,
) -> Reckoning {
    if limit.unit != Unit::Day && limit.count == Count::Calendar {
        // Hours on the wall are the same in either mode.
        return straight(clock, limit, stills, calendar);
    }
    let latest = straight(&Clock { mode: Mode::Office, ..*clock }, limit, stills, calendar).due_at;
    let total = limit.minutes();
    let (mut used, mut segments) = (0, Vec::new());
    let mut phase = straight(clock, limit, stills, calendar);
    for turn in turns {
        let standing = phase.due_at;
        let (before, counted) = until(&phase, turn.at, calendar);
        let left = total - used - counted;
        if standing.is_some_and(|due| due <= turn.at) || left <= 0 {
            break;
        }
        used += counted;
        segments.extend(before);
        segments.push(mark(turn.at, Why::Mode { mode: turn.mode, reason: turn.reason.clone() }));
        phase = rest(turn, limit, left, stills, calendar);
        if let (Some(due), Some(standing)) = (phase.due_at, standing) {
            let bounded = match turn.mode {
                Mode::Hours24 => due.min(standing),
                Mode::Office => due.min(latest.unwrap_or(due)).max(standing),
            };
            bind(&mut phase, bounded, calendar);
        }
    }
    let per = if phase.unit == Unit::Day { DAY } else { 1 };
    let paused = phase.due_at.is_none();
    let end = phase.segments.last().map_or(clock.started_at, |last| last.to);
    segments.extend(until(&phase, end, calendar).0);
    Reckoning {
        due_at: phase.due_at,
        state: if paused { State::Paused } else { State::Running },
        unit: Unit::Minute,
        total,
        used: if paused { used + phase.used * per } else { total },
        stopped_at: None,
        provisional: false,
        segments,
    }
}

/// What is left, in the hours of a turn.
fn rest(turn: &Turn, limit: Limit, left: i64, stills: &[Still], calendar: &Calendar) -> Reckoning {
    let whole = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let limit = match (turn.mode, limit.unit) {
        (Mode::Office, Unit::Day) => Limit { n: whole((left + DAY - 1) / DAY), ..limit },
        (Mode::Office, _) => Limit { n: whole(left), unit: Unit::Minute, ..limit },
        (Mode::Hours24, _) => Limit { n: whole(left), unit: Unit::Minute, count: Count::Calendar },
    };
    straight(&Clock { limit, started_at: turn.at, mode: turn.mode }, limit, stills, calendar)
}

/// What came before a time: the stretches in minutes, and how much of them counted.
fn until(phase: &Reckoning, at: Timestamp, calendar: &Calendar) -> (Vec<Segment>, i64) {
    let per = if phase.unit == Unit::Day { DAY } else { 1 };
    let mut kept: Vec<Segment> = Vec::new();
    for segment in phase.segments.iter().take_while(|segment| segment.from < at || segment.to <= at) {
        let amount = match (segment.to <= at, phase.unit) {
            (true, _) => segment.amount * per,
            // Of working days only whole ones were used.
            (false, Unit::Day) => {
                let (from, to) = (calendar.local_day(segment.from), calendar.local_day(at));
                from.until(to).map_or(0, |span| i64::from(span.get_days())) * DAY
            }
            (false, _) => at.duration_since(segment.from).as_mins(),
        };
        let amount = if segment.counted { amount } else { 0 };
        kept.push(Segment { to: segment.to.min(at), amount, ..segment.clone() });
    }
    // A pause that is not over is drawn only to the end of its first day.
    if let Some(last) = kept.last_mut().filter(|last| !last.counted && phase.due_at.is_none()) {
        last.to = at.max(last.from);
    }
    let used = kept.iter().map(|segment| segment.amount).sum();
    (kept, used)
}

/// Lets a phase end at another time than its hours make of it.
fn bind(phase: &mut Reckoning, due: Timestamp, calendar: &Calendar) {
    let Some(own) = phase.due_at.filter(|own| *own != due) else { return };
    if due < own {
        let (kept, _) = until(phase, due, calendar);
        phase.segments = kept;
        phase.segments.push(mark(due, Why::Bound));
        phase.unit = Unit::Minute;
    } else {
        let end = phase.segments.last().map_or(own, |last| last.to).min(due);
        phase.segments.push(Segment { from: end, to: due, counted: false, amount: 0, why: Why::Bound });
    }
    phase.due_at = Some(due);
}

fn mark(at: Timestamp, why: Why) -> Segment {
    Segment { from: at, to: at, counted: false, amount: 0, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::due;
    use jiff::SignedDuration;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().expect("a time")
    }

    fn to(mode: Mode, text: &str) -> Event {
        Event::Mode { at: at(text), mode, reason: "寒潮".into() }
    }

    fn emergency(text: &str) -> Event {
        to(Mode::Hours24, text)
    }

    fn over(text: &str) -> Event {
        to(Mode::Office, text)
    }

    #[test]
    fn an_emergency_comes_and_goes() {
        let calendar = Calendar::built_in();
        let pause = |text: &str| Event::Pause { at: at(text), holder: "law".into(), reason: "鉴定".into() };
        let resume = |text: &str| Event::Resume { at: at(text) };
        // Five working days from Monday 2026-11-02 10:00: due on Monday the 9th at 17:30.
        for (what, n, events, expected) in [
            ("without one", 5, vec![], Some("11-09 17:30")),
            (
                "one day was used, four are left: four times 24 hours",
                5,
                vec![emergency("2026-11-04T12:00")],
                Some("11-08 12:00"),
            ),
            ("declared at once, every day is 24 hours", 5, vec![emergency("2026-11-02T10:00")], Some("11-07 10:00")),
            (
                "it makes nothing later: the day that runs out at 17:30 still does",
                1,
                vec![emergency("2026-11-03T12:00")],
                Some("11-03 17:30"),
            ),
            (
                "over on Friday at noon: two and a half days are left, counted as three working days, but no later than without the emergency",
                5,
                vec![emergency("2026-11-04T12:00"), over("2026-11-06T00:00")],
                Some("11-09 17:30"),
            ),
            (
                "over before anything was gained: the law's day stands",
                5,
                vec![emergency("2026-11-03T09:00"), over("2026-11-03T11:00")],
                Some("11-09 17:30"),
            ),
            (
                "over on the rest day before the end: nothing comes earlier than it stood",
                5,
                vec![emergency("2026-11-04T12:00"), over("2026-11-08T08:00")],
                Some("11-09 17:30"),
            ),
            (
                "what was waited for stays out in either mode",
                5,
                vec![emergency("2026-11-04T12:00"), pause("2026-11-05T12:00"), resume("2026-11-07T12:00")],
                Some("11-10 12:00"),
            ),
            (
                "while it is waited for there is no due time",
                5,
                vec![pause("2026-11-03T09:00"), emergency("2026-11-04T12:00")],
                None,
            ),
            ("declared after the end, nothing changes", 5, vec![emergency("2026-11-10T09:00")], Some("11-09 17:30")),
            (
                "declared twice is declared once",
                5,
                vec![emergency("2026-11-04T12:00"), emergency("2026-11-05T12:00")],
                Some("11-08 12:00"),
            ),
        ] {
            let reckoning = due(&Clock::new(Limit::working_days(n), at("2026-11-02T10:00")), &events, &calendar);
            let end = reckoning.due_at.map(|t| calendar.time_zone().to_datetime(t).strftime("%m-%d %H:%M").to_string());
            assert_eq!(end.as_deref(), expected, "{what}: {:?}", reckoning.segments);
        }
    }

    #[test]
    fn a_limit_of_the_same_day_ends_with_the_day_that_has_24_hours() {
        let calendar = Calendar::built_in();
        let clock = Clock { mode: Mode::Hours24, ..Clock::new(Limit::working_days(0), at("2026-11-07T22:00")) };
        assert_eq!(due(&clock, &[], &calendar).due_at, Some(at("2026-11-08T00:00")));
    }

    #[test]
    fn hours_on_the_wall_know_no_emergency() {
        let calendar = Calendar::built_in();
        let clock = Clock::new(Limit::hours(24), at("2026-11-02T10:00"));
        let turned = due(&clock, &[emergency("2026-11-02T12:00")], &calendar);
        assert_eq!(turned.due_at, due(&clock, &[], &calendar).due_at);
    }

    #[test]
    fn the_explanation_names_the_emergency() {
        let calendar = Calendar::built_in();
        let clock = Clock::new(Limit::working_days(5), at("2026-11-02T10:00"));
        let reckoning = due(&clock, &[emergency("2026-11-04T12:00")], &calendar);
        let told: Vec<_> = reckoning.segments.iter().map(|s| (s.counted, s.amount)).collect();
        assert_eq!(told, [(false, 0), (true, 1440), (false, 0), (true, 4 * 1440)]);
        assert_eq!(reckoning.segments[2].why, Why::Mode { mode: Mode::Hours24, reason: "寒潮".into() });
        assert_eq!((reckoning.unit, reckoning.total), (Unit::Minute, 5 * 1440));
    }

    proptest! {
        #[test]
        fn nothing_is_later_for_an_emergency_and_nothing_is_earlier_for_its_end(
            n in 1_u32..30, start in 0_i64..500_000, after in 0_i64..30_000, length in 0_i64..30_000,
            waited in 0_i64..30_000, wait in 0_i64..10_000, waits in any::<bool>(),
        ) {
            let calendar = Calendar::built_in();
            let start = at("2024-06-01T00:00") + SignedDuration::from_mins(start);
            let then = |minutes: i64| start + SignedDuration::from_mins(minutes);
            let clock = Clock::new(Limit::working_days(n), start);
            let mut events = Vec::new();
            if waits {
                events.push(Event::Pause { at: then(waited), holder: "x".into(), reason: "y".into() });
                events.push(Event::Resume { at: then(waited + wait) });
            }
            let office = due(&clock, &events, &calendar).due_at;
            events.push(Event::Mode { at: then(after), mode: Mode::Hours24, reason: "x".into() });
            let during = due(&clock, &events, &calendar);
            events.push(Event::Mode { at: then(after + length), mode: Mode::Office, reason: "x".into() });
            let ended = due(&clock, &events, &calendar);
            prop_assert!(during.due_at <= office);
            prop_assert!(ended.due_at >= during.due_at && ended.due_at <= office);
            for reckoning in [during, ended] {
                for pair in reckoning.segments.windows(2) {
                    prop_assert_eq!(pair[0].to, pair[1].from);
                }
            }
        }
    }
}
