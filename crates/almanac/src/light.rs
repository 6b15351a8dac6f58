//! The light of a clock, and what is done when it comes near.

use crate::calendar::Calendar;
use crate::clock::{Reckoning, State};
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

/// A rung of an escalation ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Stable name; with the clock it says what was done already.
    pub key: String,
    /// Working days relative to the due time: -1 is the day before, 0 the end.
    pub days: i64,
    /// What to do, such as `remind` or `supervise`.
    pub action: String,
}

/// A rung that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The rule's name.
    pub key: String,
    /// What to do; none when a higher rung is reached at the same time, as after
    /// a long standstill of the program.
    pub action: Option<String>,
}

/// The rungs reached by now that were not acted on yet. Only the highest acts.
pub fn escalate(
    rules: &[Rule],
    reckoning: &Reckoning,
    now: Timestamp,
    done: &[String],
    calendar: &Calendar,
) -> Vec<Fired> {
    let Some(due) = reckoning.due_at.filter(|_| reckoning.state == State::Running) else { return Vec::new() };
    let (today, last) = (calendar.local_day(now), calendar.local_day(due));
    let reached = |rule: &&Rule| match rule.days {
        before if before < 0 => calendar.remaining(today, last) <= -before,
        0 => now > due,
        after => now > due && calendar.remaining(last, today) >= after,
    };
    let mut new: Vec<&Rule> = rules.iter().filter(reached).filter(|rule| !done.contains(&rule.key)).collect();
    new.sort_by_key(|rule| rule.days);
    let highest = new.last().map(|rule| rule.key.clone());
    new.into_iter()
        .map(|rule| Fired {
            key: rule.key.clone(),
            action: (Some(&rule.key) == highest.as_ref()).then(|| rule.action.clone()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, Event, Limit, due};

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

    #[test]
    fn each_rung_acts_once_and_after_a_standstill_only_the_highest() {
        let calendar = Calendar::built_in();
        let rule = |key: &str, days, action: &str| Rule { key: key.into(), days, action: action.into() };
        let rules = [rule("near", -1, "remind"), rule("over", 0, "urge"), rule("long", 3, "supervise")];
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
