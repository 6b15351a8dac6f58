//! What a receiver reads: one line and one link for each notice.

use crate::text::Lang;
use crate::time::Time;
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// One notice of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The sentence.
    pub text: String,
    /// The page of what it is about; none while the zone has said no address of its site.
    pub href: Option<String>,
    /// The department that is told, for groups.
    pub unit: Option<String>,
    /// The kind of notice.
    pub kind: String,
    /// What it is about: table and record.
    pub subject: (String, Uuid),
    /// When it was made.
    pub at: Time,
}

/// A message: of one notice, or of all that waited together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its key; the same when it is tried again.
    pub id: Uuid,
    /// The reader's language.
    pub lang: Lang,
    /// Who sends it: the name of the zone.
    pub zone: String,
    /// What it says.
    pub lines: Vec<Line>,
    /// Whether it breaks digest and quiet hours.
    pub urgent: bool,
}

impl Message {
    /// The subject of a mail.
    pub fn subject(&self) -> String {
        match &self.lines[..] {
            [one] => one.text.clone(),
            lines => self.lang.with("delivery-digest", &[("n", &lines.len())]),
        }
    }

    /// The text of a mail or of a group.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if self.lines.len() > 1 {
            text.push_str(&self.subject());
            text.push('\n');
        }
        for line in &self.lines {
            if self.lines.len() > 1 {
                text.push_str("· ");
            }
            if let Some(unit) = &line.unit {
                text.push_str(&format!("【{unit}】"));
            }
            text.push_str(&line.text);
            text.push('\n');
            if let Some(href) = &line.href {
                text.push_str(href);
                text.push('\n');
            }
        }
        text
    }

    /// The text of a mail, which says where it comes from and how to be left alone.
    pub fn mail(&self) -> String {
        format!("{}\n-- \n{}\n", self.text(), self.lang.with("delivery-mail-foot", &[("zone", &self.zone)]))
    }

    /// The text of a message to a telephone: short, one line.
    pub fn short(&self) -> String {
        let href = match &self.lines[..] {
            [one] => one.href.as_deref().unwrap_or_default(),
            _ => "",
        };
        format!("{} {href}", self.subject()).trim().to_owned()
    }

    /// The body of a webhook (Standard Webhooks: `type`, `timestamp`, `data`).
    pub fn event(&self) -> Json {
        let Some(line) = self.lines.first() else { return Json::Null };
        json!({
            "type": line.kind,
            "timestamp": line.at,
            "data": {
                "id": self.id,
                "title": line.text,
                "url": line.href,
                "subject": line.subject.0,
                "subject_id": line.subject.1,
                "department": line.unit,
                "urgent": self.urgent,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, unit: Option<&str>, href: Option<&str>) -> Line {
        Line {
            text: text.into(),
            href: href.map(str::to_owned),
            unit: unit.map(str::to_owned),
            kind: "appeal.urge".into(),
            subject: ("appeal".into(), Uuid::nil()),
            at: Time::from_ms(0),
        }
    }

    fn message(lines: Vec<Line>) -> Message {
        Message { id: Uuid::nil(), lang: Lang::Zh, zone: "测试区管委会".into(), lines, urgent: false }
    }

    #[test]
    fn one_notice_is_said_as_it_is_and_several_are_listed() {
        let one = message(vec![line("已超期：SQ-1", Some("企服部"), Some("https://b.example/appeals/1"))]);
        assert_eq!(one.subject(), "已超期：SQ-1");
        assert_eq!(one.text(), "【企服部】已超期：SQ-1\nhttps://b.example/appeals/1\n");
        assert_eq!(one.short(), "已超期：SQ-1 https://b.example/appeals/1");
        let two = message(vec![line("甲", None, None), line("乙", None, Some("https://b.example/2"))]);
        assert_eq!(two.subject(), "您有 2 条新通知");
        assert_eq!(two.text(), "您有 2 条新通知\n· 甲\n· 乙\nhttps://b.example/2\n");
        assert_eq!(two.short(), "您有 2 条新通知");
        assert!(two.mail().contains("测试区管委会"));
    }

    #[test]
    fn a_webhook_tells_title_and_link_and_no_more() {
        let event = message(vec![line("已超期：SQ-1", Some("企服部"), None)]).event();
        assert_eq!(event["type"], "appeal.urge");
        assert_eq!(event["timestamp"], "1970-01-01T00:00:00.000Z");
        let keys: Vec<&str> = event["data"].as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["department", "id", "subject", "subject_id", "title", "urgent", "url"]);
    }
}
