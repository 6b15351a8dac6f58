//! 群发文本: what a chat group is told, ready to paste: what is overdue, what is urgent, one
//! appeal. Number, title, department and due time; no name and no number of anybody, and of
//! a complaint about a department not even the title.

use crate::actor::{Actor, OFFICE};
use crate::app::App;
use crate::appeal::desk::{self as appeals, Filter};
use crate::appeal::record::Line;
use crate::appeal::{Status, Urgency};
use crate::error::{Error, Result};
use crate::http::api::MAX_LIMIT;
use crate::text::Lang;
use crate::time::Time;
use crate::words;
use crate::zone::Zone;
use jiff::tz::TimeZone;
use std::fmt::Write as _;
use uuid::Uuid;

words! {
    /// What a group is told of. Its text is `group-<word>`.
    pub enum About {
        /// 超期诉求
        Overdue = "overdue",
        /// 紧急诉求
        Urgent = "urgent",
        /// 待签收诉求
        Unsigned = "unsigned",
    }
}

/// A text to paste, and how many it tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pasted {
    /// The text.
    pub text: String,
    /// How many appeals it names.
    pub named: usize,
    /// Whether there are more.
    pub more: bool,
}

/// The text of all appeals of a kind that somebody may see.
pub async fn text(app: &App, who: &Actor, lang: Lang, about: About) -> Result<Pasted> {
    who.must(OFFICE)?;
    let mut filter = Filter { open: true, limit: MAX_LIMIT, ..Filter::default() };
    let mut lines = Vec::new();
    let mut more = false;
    let wanted: &[Option<Urgency>] = match about {
        About::Urgent => &[Some(Urgency::Critical), Some(Urgency::Urgent)],
        _ => &[None],
    };
    filter.overdue = about == About::Overdue;
    if about == About::Unsigned {
        filter.status = vec![Status::Dispatched];
    }
    for urgency in wanted {
        filter.urgency = *urgency;
        let page = appeals::list(app, who, &filter).await?;
        more |= page.next_cursor.is_some();
        lines.extend(page.items);
    }
    let zone = Zone::get(&mut app.read().await?, who.zone_id).await?;
    Ok(Pasted { text: written(lang, about, &lines, &Place::of(&zone, app.now())), named: lines.len(), more })
}

/// The text of one appeal.
pub async fn of_one(app: &App, who: &Actor, lang: Lang, id: Uuid) -> Result<Pasted> {
    who.must(OFFICE)?;
    let record = appeals::record(app, who, id).await?;
    let zone = Zone::get(&mut app.read().await?, who.zone_id).await?;
    let appeal = record.appeal;
    // A draft is its writer's own.
    if appeal.status == Status::Draft {
        return Err(Error::NotFound);
    }
    let one = One {
        number: &appeal.number,
        title: appeal.accused_department_id.is_none().then_some(appeal.title.as_str()),
        urgency: appeal.urgency,
        due_at: appeal.due_at,
        href: format!("/appeals/{id}"),
    };
    Ok(Pasted { text: told(lang, &one, &Place::of(&zone, app.now())), named: 1, more: false })
}

/// Where and when the text is made.
struct Place {
    now: Time,
    time_zone: TimeZone,
    site: Option<String>,
}

impl Place {
    fn of(zone: &Zone, now: Time) -> Self {
        Self { now, time_zone: zone.time_zone(), site: zone.settings["site"].as_str().map(str::to_owned) }
    }

    fn moment(&self, at: Time) -> String {
        at.local(&self.time_zone).strftime("%m-%d %H:%M").to_string()
    }
}

/// What is told of one appeal.
struct One<'a> {
    number: &'a str,
    title: Option<&'a str>,
    urgency: Urgency,
    due_at: Option<Time>,
    href: String,
}

/// One appeal: how urgent, which, due when, where to read it.
fn told(lang: Lang, one: &One<'_>, place: &Place) -> String {
    let mut text = String::new();
    if one.urgency != Urgency::Normal {
        let _ = write!(text, "【{}】", lang.word("urgency", one.urgency.word()));
    }
    text.push_str(one.number);
    if let Some(title) = one.title {
        let _ = write!(text, " {title}");
    }
    if let Some(due) = one.due_at {
        let key = if due < place.now { "group-was-due" } else { "group-due" };
        text.push_str(&lang.with(key, &[("due", &place.moment(due))]));
    }
    if let Some(site) = &place.site {
        let _ = write!(text, "\n{site}{}", one.href);
    }
    text
}

/// All of a kind: how many, then by department in the order in which they are due.
fn written(lang: Lang, about: About, lines: &[Line], place: &Place) -> String {
    let now = place.moment(place.now);
    let mut text = lang.with(&format!("group-{about}-head"), &[("now", &now), ("n", &lines.len())]);
    let nobody = lang.t("group-no-department");
    let name = |line: &Line| line.lead_department_name.clone().unwrap_or_else(|| nobody.to_string());
    let mut departments: Vec<String> = Vec::new();
    for line in lines {
        let name = name(line);
        if !departments.contains(&name) {
            departments.push(name);
        }
    }
    for department in departments {
        let of_it: Vec<&Line> = lines.iter().filter(|line| name(line) == department).collect();
        let _ = write!(text, "\n\n{}", lang.with("group-department", &[("name", &department), ("n", &of_it.len())]));
        for (n, line) in of_it.into_iter().enumerate() {
            let one = One {
                number: &line.number,
                title: line.accused_department_id.is_none().then_some(line.title.as_str()),
                urgency: line.urgency,
                due_at: line.due_at,
                href: format!("/appeals/{}", line.id),
            };
            let _ = write!(text, "\n{}. {}", n + 1, told(lang, &one, place));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_group_is_told_of_one() {
        let place = |site: Option<&str>| Place {
            now: Time::from_ms(1_795_485_600_000),
            time_zone: crate::zone::default_time_zone(),
            site: site.map(str::to_owned),
        };
        let at = |hours: i64| Some(Time::from_ms(1_795_485_600_000 + hours * crate::time::HOUR_MS));
        for (title, urgency, due_at, site, text) in [
            (Some("货车进不来"), Urgency::Normal, at(-24), None, "SQ-1 货车进不来（应于 11-23 10:00 前办理，已超期）"),
            (
                Some("停电"),
                Urgency::Critical,
                at(2),
                Some("https://b.example"),
                "【特急】SQ-1 停电（11-24 12:00 前办理）\nhttps://b.example/appeals/1",
            ),
            // A complaint about a department.
            (None, Urgency::Normal, None, None, "SQ-1"),
        ] {
            let one = One { number: "SQ-1", title, urgency, due_at, href: "/appeals/1".into() };
            assert_eq!(told(Lang::Zh, &one, &place(site)), text);
        }
    }
}
