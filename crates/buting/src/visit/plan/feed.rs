//! What a person has planned, as a calendar program reads it (RFC 5545). It holds
//! what that person sees, and nobody else's name or number.

use super::PlanState;
use crate::time::Time;
use uuid::Uuid;

/// No line is longer, in octets, without its line break (RFC 5545 §3.1).
const LINE: usize = 75;

/// One visit in the calendar.
#[derive(Clone, Debug)]
pub struct Event {
    /// The plan: the event keeps its name for ever.
    pub id: Uuid,
    /// Counts the changes, from 0.
    pub sequence: i64,
    /// When it was last changed.
    pub changed_at: Time,
    /// When it begins.
    pub starts_at: Time,
    /// How far it is.
    pub state: PlanState,
    /// In one line.
    pub summary: String,
    /// Where.
    pub location: Option<String>,
    /// More about it.
    pub description: String,
}

/// The calendar: its name and what is in it.
pub fn document(name: &str, events: &[Event]) -> String {
    let mut out = String::new();
    let mut line = |text: &str| fold(text, &mut out);
    line("BEGIN:VCALENDAR");
    line("VERSION:2.0");
    line("PRODID:-//Buting//Buting//ZH");
    line("CALSCALE:GREGORIAN");
    line(&format!("X-WR-CALNAME:{}", text(name)));
    line("REFRESH-INTERVAL;VALUE=DURATION:PT1H");
    for event in events {
        line("BEGIN:VEVENT");
        line(&format!("UID:{}@buting", event.id));
        line(&format!("DTSTAMP:{}", utc(event.changed_at)));
        line(&format!("LAST-MODIFIED:{}", utc(event.changed_at)));
        line(&format!("SEQUENCE:{}", event.sequence));
        line(&format!("DTSTART:{}", utc(event.starts_at)));
        line("DURATION:PT1H");
        line(&format!("STATUS:{}", status(event.state)));
        line(&format!("SUMMARY:{}", text(&event.summary)));
        if let Some(place) = &event.location {
            line(&format!("LOCATION:{}", text(place)));
        }
        if !event.description.is_empty() {
            line(&format!("DESCRIPTION:{}", text(&event.description)));
        }
        line("END:VEVENT");
    }
    line("END:VCALENDAR");
    out
}

/// What a calendar calls the state (§3.8.1.11). A visit that will not be is told as
/// cancelled, so that it goes from calendars that hold it.
const fn status(state: PlanState) -> &'static str {
    match state {
        PlanState::Proposed | PlanState::Countered => "TENTATIVE",
        PlanState::Agreed | PlanState::Done => "CONFIRMED",
        PlanState::Declined | PlanState::Cancelled | PlanState::Lapsed => "CANCELLED",
    }
}

fn utc(time: Time) -> String {
    time.stamp().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A text value (§3.3.11). Other controls than line breaks have no place in one.
fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' | '\r' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A line, folded: what is too long goes on after a break and a space, and no
/// character is cut in two.
fn fold(line: &str, out: &mut String) {
    let mut used = 0;
    for c in line.chars() {
        if used + c.len_utf8() > LINE {
            out.push_str("\r\n ");
            used = 1;
        }
        out.push(c);
        used += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(state: PlanState) -> Event {
        Event {
            id: Uuid::from_u128(7),
            sequence: 2,
            changed_at: Time::from_ms(1_795_480_200_000),
            starts_at: Time::from_ms(1_795_500_000_000),
            state,
            summary: "测试机电：了解用工, 订单; 物流".into(),
            location: Some("山大路1号\n2号楼".into()),
            description: "企业服务部".repeat(30),
        }
    }

    #[test]
    fn a_calendar_is_read_by_programs() {
        let document = document("走访", &[event(PlanState::Agreed)]);
        let unfolded = document.replace("\r\n ", "");
        for line in [
            "BEGIN:VCALENDAR",
            "UID:00000000-0000-0000-0000-000000000007@buting",
            "DTSTAMP:20261124T003000Z",
            "DTSTART:20261124T060000Z",
            "SEQUENCE:2",
            "STATUS:CONFIRMED",
            "SUMMARY:测试机电：了解用工\\, 订单\\; 物流",
            "LOCATION:山大路1号\\n2号楼",
            "END:VCALENDAR",
        ] {
            assert!(unfolded.split("\r\n").any(|found| found == line), "{line} in {unfolded}");
        }
        for line in document.split("\r\n") {
            assert!(line.len() <= LINE && !line.contains(['\r', '\n']), "{line}");
        }
        assert!(unfolded.contains(&"企业服务部".repeat(30)), "folding loses nothing");
    }

    #[test]
    fn what_will_not_be_is_cancelled() {
        for (state, word) in [
            (PlanState::Proposed, "TENTATIVE"),
            (PlanState::Countered, "TENTATIVE"),
            (PlanState::Done, "CONFIRMED"),
            (PlanState::Declined, "CANCELLED"),
            (PlanState::Cancelled, "CANCELLED"),
            (PlanState::Lapsed, "CANCELLED"),
        ] {
            assert!(document("走访", &[event(state)]).contains(&format!("STATUS:{word}\r\n")), "{state}");
        }
    }

    #[test]
    fn nothing_that_is_typed_makes_a_line_of_its_own() {
        let mut typed = event(PlanState::Agreed);
        typed.summary = "a\r\nATTENDEE:x\u{0}\\".into();
        let document = document("走访", &[typed]);
        assert!(document.contains("SUMMARY:a\\nATTENDEE:x\\\\\r\n"), "{document}");
    }
}
