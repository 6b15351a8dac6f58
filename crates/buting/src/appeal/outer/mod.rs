//! Orders of outer platforms, such as the 12345 hotline and upper levels: read from
//! their sheets or from pasted text, taken in once each, answered back in a sheet that
//! they take. Nothing is typed twice (manual 3.3, 3.4).

mod api;
pub mod desk;
mod pages;
mod store;

pub use store::{Answer, Outer};

use super::{Channel, Urgency, propose};
use crate::http::routes::Routes;
use crate::registry::import::day;
use crate::time::Day;
use paper::{Column, Headings, Limits, ReadError, plain_heading};
use schemars::JsonSchema;
use serde::Deserialize;

/// Orders that are read at once, at most: what a person can look through.
pub const MOST: usize = 100;
/// A title that is made of the text has at most so many characters.
const TITLE: usize = 40;

/// The channels of outer platforms.
pub const CHANNELS: &[Channel] = &[Channel::Hotline12345, Channel::Upper];

/// An order as the platform gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Its number on the platform.
    pub outer_number: String,
    /// In one line; made of the text when it is absent.
    pub title: Option<String>,
    /// What was said.
    pub body: String,
    /// Whose it is: full or short name, or credit code.
    pub subject: String,
    /// The platform's own category, or a key of the zone's.
    pub category: Option<String>,
    /// How quickly help is needed: `normal` when absent.
    pub urgency: Option<Urgency>,
    /// Who called.
    pub caller: Option<String>,
    /// Whom to call back.
    pub caller_phone: Option<String>,
    /// The day on which the platform says it is due.
    #[schemars(with = "Option<String>")]
    pub due_on: Option<Day>,
}

/// What platforms call the parts of an order, the usual word first.
const COLUMNS: &[Column] = &[
    column("outer_number", &["工单编号", "工单号", "受理编号", "诉求编号", "事项编号", "编号", "outer_number"], true),
    column("title", &["诉求标题", "工单标题", "标题", "title"], false),
    column("body", &["诉求内容", "工单内容", "来电内容", "问题描述", "诉求描述", "内容", "body"], true),
    column("subject", &["企业名称", "单位名称", "诉求企业", "来电单位", "涉及企业", "subject"], false),
    column("uscc", &["统一社会信用代码", "信用代码", "uscc"], false),
    column("category", &["诉求类别", "问题类别", "诉求分类", "工单分类", "类别", "category"], false),
    column("urgency", &["紧急程度", "urgency"], false),
    column("caller", &["诉求人", "来电人", "反映人", "联系人", "姓名", "caller"], false),
    column("caller_phone", &["联系电话", "来电号码", "联系方式", "手机号码", "电话", "caller_phone"], false),
    column("due_on", &["办理时限", "办结时限", "截止时间", "截止日期", "要求办结时间", "due_on"], false),
];

const fn column(key: &'static str, titles: &'static [&'static str], required: bool) -> Column {
    Column { key, titles, required }
}

/// Why nothing was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The file is none that is read.
    File(ReadError),
    /// No order was found: neither columns nor labels with a number and a text.
    NoOrders,
    /// More than [`MOST`].
    TooMany(usize),
}

/// The orders of a sheet, or of text that was copied from a platform's page: rows
/// under a head, or lines `工单编号：…` that begin anew with each number.
pub fn read(bytes: &[u8]) -> Result<Vec<Order>, Unread> {
    let sheets = paper::read(bytes, Limits::default()).map_err(Unread::File)?;
    let text = std::str::from_utf8(bytes).ok();
    let mut orders = Vec::new();
    for sheet in sheets.into_iter().filter(|sheet| sheet.visible) {
        let lines: Vec<String> = sheet.rows.iter().map(|row| row.cells.join(" ")).collect();
        let table = paper::table(sheet, COLUMNS, &Headings::new());
        match text {
            _ if table.missing.is_empty() => {
                orders.extend(table.records.iter().map(|record| order_of(|key| record.get(key))));
            }
            // A comma in a sentence is no border between cells.
            Some(text) => orders.extend(labelled(text)),
            None => orders.extend(labelled(&lines.join("\n"))),
        }
    }
    orders.retain(|order| !order.outer_number.is_empty() || !order.body.is_empty());
    match orders.len() {
        0 => Err(Unread::NoOrders),
        n if n > MOST => Err(Unread::TooMany(n)),
        _ => Ok(orders),
    }
}

/// Orders of lines with labels. A line without one goes on with the part before it.
fn labelled(text: &str) -> Vec<Order> {
    let mut all: Vec<Vec<(&'static str, String)>> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match label(line) {
            Some((key, value)) => {
                let begins = match all.last() {
                    None => true,
                    Some(parts) => key == "outer_number" && parts.iter().any(|(known, _)| *known == key),
                };
                if begins {
                    all.push(Vec::new());
                }
                if let Some(parts) = all.last_mut() {
                    parts.push((key, value.to_owned()));
                }
            }
            None => {
                if let Some((_, value)) = all.last_mut().and_then(|parts| parts.last_mut()) {
                    value.push('\n');
                    value.push_str(line);
                }
            }
        }
    }
    let part = |parts: &[(&'static str, String)], key: &str| {
        parts.iter().find(|(known, _)| *known == key).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let held = all.iter().map(|parts| {
        let values: Vec<(&str, String)> = COLUMNS.iter().map(|column| (column.key, part(parts, column.key))).collect();
        order_of(|key| values.iter().find(|(known, _)| *known == key).map_or("", |(_, value)| value.as_str()))
    });
    held.filter(|order| !order.outer_number.is_empty() || !order.body.is_empty()).collect()
}

/// The part that a line begins, and what stands behind its label: `工单编号：…`,
/// `【工单编号】…`.
fn label(line: &str) -> Option<(&'static str, &str)> {
    let (head, rest) = match line.strip_prefix('【').and_then(|rest| rest.split_once('】')) {
        Some((head, rest)) => (head, rest.trim_start_matches(['：', ':'])),
        None => line.split_once(['：', ':'])?,
    };
    let head = plain_heading(head);
    let found = COLUMNS.iter().find(|column| column.titles.contains(&head.as_str()))?;
    Some((found.key, rest.trim()))
}

fn order_of<'a>(get: impl Fn(&str) -> &'a str) -> Order {
    let opt = |key: &str| Some(get(key).trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    Order {
        outer_number: get("outer_number").trim().to_owned(),
        title: opt("title"),
        body: get("body").trim().to_owned(),
        subject: opt("uscc").or_else(|| opt("subject")).unwrap_or_default(),
        category: opt("category"),
        urgency: urgency_of(get("urgency")),
        caller: opt("caller"),
        caller_phone: opt("caller_phone"),
        due_on: day(get("due_on")),
    }
}

/// What platforms call an urgency.
fn urgency_of(text: &str) -> Option<Urgency> {
    match text.trim() {
        "特急" | "特别紧急" | "重大" => Some(Urgency::Critical),
        "紧急" | "加急" | "急" => Some(Urgency::Urgent),
        "" => None,
        other => Some(Urgency::parse(other).unwrap_or(Urgency::Normal)),
    }
}

/// A title for a text without one: its first sentence, cut where it is long.
pub fn title_of(body: &str) -> String {
    let first = body.split(['。', '；', '！', '？', '\n', ';']).map(str::trim).find(|part| !part.is_empty());
    let first = first.unwrap_or_default();
    match first.char_indices().nth(TITLE) {
        Some((at, _)) => format!("{}…", &first[..at]),
        None => first.to_owned(),
    }
}

/// The category that a platform's words name: a key, a name, or a name that stands in
/// them; `names` are keys with what offices call them.
pub fn category_of(said: Option<&str>, names: &[(String, String)]) -> Option<String> {
    let said = said?.trim();
    let exact = names.iter().find(|(key, name)| key == said || name == said);
    let within = || names.iter().find(|(_, name)| said.contains(name.as_str()) || name.contains(said));
    let usual = || propose::by_label(said, &[]).filter(|key| names.iter().any(|(known, _)| known == key));
    exact.or_else(within).map(|(key, _)| key.clone()).or_else(usual)
}

/// Where it is found in the program.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASTED: &str = "【工单编号】JN2026112400017
来电人：赵某某
联系电话：13900000001
企业名称：北辰机电
诉求内容：园区东门限高，原料车无法进入。
已影响明天的生产，请协调。
办理时限：2026-12-01 17:00
工单编号：JN2026112400018
诉求内容：夜间停水";

    #[test]
    fn what_is_pasted_is_read_by_its_labels() {
        let orders = read(PASTED.as_bytes()).expect("two orders");
        assert_eq!(orders.len(), 2);
        assert_eq!(
            orders[0],
            Order {
                outer_number: "JN2026112400017".into(),
                body: "园区东门限高，原料车无法进入。\n已影响明天的生产，请协调。".into(),
                subject: "北辰机电".into(),
                caller: Some("赵某某".into()),
                caller_phone: Some("13900000001".into()),
                due_on: Day::read("2026-12-01"),
                ..Order::default()
            }
        );
        assert_eq!((orders[1].outer_number.as_str(), orders[1].body.as_str()), ("JN2026112400018", "夜间停水"));
    }

    #[test]
    fn a_sheet_is_read_by_its_head_and_a_copied_piece_of_it_too() {
        let sheet = "12345热线转办工单,,,\n工单编号,诉求内容,企业名称,紧急程度\nA1,停电,甲厂,紧急\nA2,停水,乙厂,一般\n";
        for text in [sheet.to_owned(), sheet.replace(',', "\t")] {
            let orders = read(text.as_bytes()).expect("orders");
            let told: Vec<_> =
                orders.iter().map(|o| (o.outer_number.as_str(), o.subject.as_str(), o.urgency)).collect();
            assert_eq!(told, [("A1", "甲厂", Some(Urgency::Urgent)), ("A2", "乙厂", Some(Urgency::Normal))]);
        }
    }

    #[test]
    fn an_order_that_is_read_in_part_is_shown_for_completion() {
        let text = "工单编号：A1\n诉求内容：停电\n工单编号：A2\n反映的事：停水\n工单编号：A3\n诉求内容：停气";
        let orders = read(text.as_bytes()).expect("orders");
        assert_eq!(
            orders.iter().map(|o| o.outer_number.lines().next()).collect::<Vec<_>>(),
            [Some("A1"), Some("A2"), Some("A3")]
        );
    }

    #[test]
    fn what_is_no_order_is_said_to_be_none() {
        assert_eq!(read("今天天气很好".as_bytes()), Err(Unread::NoOrders));
        assert_eq!(read(b""), Err(Unread::File(ReadError::Empty)));
        let many: String = (0..=MOST).map(|n| format!("工单编号：{n}\n诉求内容：停电\n")).collect();
        assert_eq!(read(many.as_bytes()), Err(Unread::TooMany(MOST + 1)));
    }

    #[test]
    fn a_title_is_the_first_sentence() {
        for (body, title) in [
            ("园区停电。请协调", "园区停电"),
            ("\n  停水；停气", "停水"),
            ("", ""),
            (&"长".repeat(41), &format!("{}…", "长".repeat(40))),
        ] {
            assert_eq!(title_of(body), title);
        }
    }

    #[test]
    fn a_category_is_known_by_key_name_or_a_part_of_it() {
        let names = [("logistics".to_owned(), "物流运输".to_owned()), ("labour".to_owned(), "用工".to_owned())];
        for (said, key) in [
            (Some("logistics"), Some("logistics")),
            (Some("物流运输"), Some("logistics")),
            (Some("企业用工困难"), Some("labour")),
            (Some("招工"), Some("labour")),
            (Some("市容"), None),
            (None, None),
        ] {
            assert_eq!(category_of(said, &names).as_deref(), key);
        }
    }
}
