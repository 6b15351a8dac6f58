//! Lines of a visit's notes that become records. The officer writes as he
//! speaks: `#诉求 【物流】货车进不了园区`, `#政策 稳岗补贴怎么领`,
//! `#承诺 11月30日前 联系交警办证 @张三`, `#状态 停产：变压器进水`. Everything else
//! stays text.

use crate::appeal::propose::by_label;
use crate::continuity::{Line, NewLight, State};
use crate::time::Day;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

/// A line that becomes a record.
#[derive(Clone, Debug)]
pub enum Mark {
    /// `#诉求`, or `#政策`: a question about policy
    Appeal {
        /// In one line.
        title: String,
        /// In full, when the line is longer than a title.
        body: Option<String>,
        /// Category, when the line names one.
        category: Option<String>,
        /// Urgency, when the line names one.
        urgency: Option<&'static str>,
        /// Whether it asks and wants nothing done.
        consult: bool,
    },
    /// `#承诺`
    Promise {
        /// What.
        text: String,
        /// Until which day.
        due: Day,
        /// Who keeps it, by name.
        owner: Option<String>,
    },
    /// `#状态`
    Light(NewLight),
    /// `#状态 无变化`
    Same,
}

/// A marked line that cannot be read. `code` is also the key of the explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is missing.
    pub code: &'static str,
}

/// A title has at most so many characters.
const TITLE: usize = 60;

/// The records that the lines of a note ask for, with their line numbers, and
/// the marked lines that cannot be read. `today` is the day of the visit, `own` the
/// categories that the zone has given a name: key and name.
pub fn marks(note: &str, today: Day, own: &[(String, String)]) -> (Vec<(usize, Mark)>, Vec<MarkError>) {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for (n, line) in note.lines().enumerate() {
        let line = line.trim();
        let Some(rest) = line.strip_prefix(['#', '＃']) else { continue };
        let read = if let Some(text) = rest.strip_prefix("诉求") {
            appeal(plain(text), own, false)
        } else if let Some(text) = rest.strip_prefix("政策") {
            appeal(plain(text), own, true)
        } else if let Some(text) = rest.strip_prefix("承诺") {
            promise(plain(text), today)
        } else if let Some(text) = rest.strip_prefix("状态") {
            light(plain(text))
        } else {
            continue;
        };
        match read {
            Ok(mark) => found.push((n + 1, mark)),
            Err(code) => errors.push(MarkError { line: n + 1, code }),
        }
    }
    (found, errors)
}

/// The text after a mark, without the colon that some put there.
fn plain(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '：')).trim_end()
}

fn appeal(text: &str, own: &[(String, String)], consult: bool) -> Result<Mark, &'static str> {
    // A question about policy is one of its category, unless the line names another.
    let (mut category, mut urgency, mut text) = (consult.then(|| "policy".to_owned()), None, text);
    while let Some((label, rest)) = bracketed(text) {
        match label {
            "紧急" | "急" => urgency = Some("urgent"),
            "特急" => urgency = Some("critical"),
            label => match by_label(label, own) {
                Some(key) => category = Some(key),
                None => break,
            },
        }
        text = rest;
    }
    if text.is_empty() {
        return Err("mark_empty");
    }
    if text.chars().count() <= TITLE {
        return Ok(Mark::Appeal { title: text.to_owned(), body: None, category, urgency, consult });
    }
    let first = text.split(['。', '；', ';', '，', ',']).next().unwrap_or(text);
    let title: String = first.chars().take(TITLE).collect();
    Ok(Mark::Appeal { title, body: Some(text.to_owned()), category, urgency, consult })
}

/// A label in brackets at the beginning, and what follows it.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let close = match text.chars().next()? {
        '【' => '】',
        '[' => ']',
        '（' => '）',
        '(' => ')',
        _ => return None,
    };
    let inner = &text[text.chars().next()?.len_utf8()..];
    let (label, rest) = inner.split_once(close)?;
    Some((label.trim(), rest.trim_start()))
}

fn promise(text: &str, today: Day) -> Result<Mark, &'static str> {
    let (owner, text) = match text.split_once('@') {
        Some((before, after)) => {
            let end = after.find(|c: char| !c.is_alphanumeric() && c != '·').unwrap_or(after.len());
            let name = (end > 0).then(|| after[..end].to_owned());
            (name, format!("{}{}", before.trim_end(), &after[end..]))
        }
        None => (None, text.to_owned()),
    };
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Err("mark_empty");
    }
    let due = due_in(&text, today).ok_or("promise_due")?;
    Ok(Mark::Promise { text, due, owner })
}

/// The day until which something is promised, as people write it.
fn due_in(text: &str, today: Day) -> Option<Day> {
    let from = today.0;
    dated(text, from)
        .or_else(|| {
            number_before(text, &["日内", "天内", "天之内", "日之内"]).and_then(|n| from.checked_add(n.days()).ok())
        })
        .or_else(|| relative(text, from))
        .map(Day)
}

/// `2026-11-30`, `2026年11月30日`, `11月30日`; without a year the next such day.
fn dated(text: &str, from: Date) -> Option<Date> {
    let at = |i: usize| text.get(i..i + 10).and_then(|t| t.parse::<Date>().ok());
    if let Some(date) = text.char_indices().find_map(|(i, _)| at(i)) {
        return Some(date);
    }
    let month_at = text.find('月')?;
    let month = trailing_number(&text[..month_at])?;
    let rest = &text[month_at + '月'.len_utf8()..];
    let day = leading_number(rest)?;
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let year = text[..month_at].find('年').and_then(|y| trailing_number(&text[..y]));
    match year {
        Some(year) => Date::new(i16::try_from(year).ok()?, month, day).ok(),
        None => {
            let date = Date::new(from.year(), month, day).ok()?;
            if date >= from { Some(date) } else { Date::new(from.year() + 1, month, day).ok() }
        }
    }
}

fn trailing_number(text: &str) -> Option<i64> {
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    text[text.len() - digits..].parse().ok()
}

fn leading_number(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().ok()
}

fn number_before(text: &str, units: &[&str]) -> Option<i64> {
    units.iter().find_map(|unit| trailing_number(&text[..text.find(unit)?])).filter(|n| (0..=3660).contains(n))
}

/// 今天, 明天, 后天, 本周五, 下周一, 月底.
fn relative(text: &str, from: Date) -> Option<Date> {
    for (word, days) in [("今天", 0), ("当天", 0), ("明天", 1), ("后天", 2)] {
        if text.contains(word) {
            return from.checked_add(days.days()).ok();
        }
    }
    for (word, weeks) in [("下周", 1_i64), ("本周", 0), ("这周", 0)] {
        let Some(at) = text.find(word) else { continue };
        let day = match text[at + word.len()..].chars().next()? {
            '一' => Weekday::Monday,
            '二' => Weekday::Tuesday,
            '三' => Weekday::Wednesday,
            '四' => Weekday::Thursday,
            '五' => Weekday::Friday,
            '六' => Weekday::Saturday,
            '日' | '天' | '末' | '内' => Weekday::Sunday,
            _ => return None,
        };
        let monday = from.checked_sub(i64::from(from.weekday().to_monday_zero_offset()).days()).ok()?;
        let date = monday.checked_add((i64::from(day.to_monday_zero_offset()) + 7 * weeks).days()).ok()?;
        return (date >= from).then_some(date);
    }
    (text.contains("月底") || text.contains("月末")).then(|| from.last_of_month())
}

/// Reads how a line stands. A risk of a stop is not a stop, and a negated stop
/// is not read at all: it is left to the officer to say what it means.
fn light(text: &str) -> Result<Mark, &'static str> {
    let whole: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if ["无变化", "没有变化", "没变化", "不变"].contains(&whole.trim_end_matches('。')) {
        return Ok(Mark::Same);
    }
    let (mut line, mut state, mut percent, mut cause) = (None, None, None, Vec::new());
    let separators = [' ', '\u{3000}', '，', ',', '：', ':', '；', ';', '。'];
    for part in text.split(separators).filter(|part| !part.is_empty()) {
        if state.is_some() {
            cause.push(part);
            continue;
        }
        line = line.or_else(|| line_of(part));
        state = state_of(part)?;
        percent = percent_of(part);
        if state.is_none() && line.is_none() {
            return Err("light_unclear");
        }
    }
    let (Some(line), Some(state)) = (line, state) else { return Err("light_unclear") };
    let mut new = NewLight::new(line, state);
    new.reduced_to = percent;
    new.cause = (!cause.is_empty()).then(|| cause.join("，"));
    if state == State::Reduced && percent.is_none() {
        return Err("light_percent");
    }
    if state.is_trouble() && new.cause.is_none() {
        return Err("light_cause");
    }
    Ok(Mark::Light(new))
}

fn line_of(part: &str) -> Option<Line> {
    let first = [
        (Line::Production, ["生产", "停产", "减产", "限产", "歇业"].as_slice()),
        (Line::Works, ["施工", "停工"].as_slice()),
        (Line::Transport, ["运输", "停运", "物流"].as_slice()),
    ];
    first
        .iter()
        .filter_map(|(line, words)| Some((words.iter().filter_map(|word| part.find(word)).min()?, *line)))
        .min()
        .map(|(_, line)| line)
}

fn state_of(part: &str) -> Result<Option<State>, &'static str> {
    let has = |words: &[&str]| words.iter().any(|word| part.contains(word));
    let stop = has(&["停产", "停工", "停运", "已停", "停了"]);
    if stop && has(&["未停", "没停", "没有停", "不停", "没有已停"]) {
        return Err("light_unclear");
    }
    Ok(Some(match () {
        () if has(&["风险", "面临", "可能停", "快要停", "濒临"]) => State::AtRisk,
        () if has(&["歇业"]) => State::SuspendedFiled,
        () if has(&["恢复", "正常"]) && !has(&["不正常", "未恢复", "没恢复"]) => State::Running,
        () if stop => State::Stopped,
        () if has(&["减产", "限产", "受限", "部分施工", "降到", "减到"]) => State::Reduced,
        () => return Ok(None),
    }))
}

fn percent_of(part: &str) -> Option<i64> {
    let at = part.find(['%', '％'])?;
    trailing_number(&part[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Tuesday.
    fn day() -> Day {
        Day::read("2026-11-24").expect("a day")
    }

    fn one(line: &str) -> Result<Mark, &'static str> {
        let own = [("export".to_owned(), "出口退税".to_owned()), ("logistics".to_owned(), "车辆通行".to_owned())];
        let (found, errors) = marks(line, day(), &own);
        match (found.into_iter().next(), errors.first()) {
            (Some((_, mark)), None) => Ok(mark),
            (None, Some(error)) => Err(error.code),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn only_marked_lines_become_records() {
        let note = "下午到车间看了\n#诉求 货车进不了园区\n  ＃承诺：明天答复 \n#政策 稳岗补贴怎么领\n# 标题\n#状态 停产：变压器进水\n#承诺 尽快答复";
        let (found, errors) = marks(note, day(), &[]);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 6]);
        assert_eq!(errors, [MarkError { line: 7, code: "promise_due" }]);
    }

    #[test]
    fn an_appeal_names_category_and_urgency_in_brackets() {
        for (line, title, category, urgency) in [
            ("#诉求 货车进不了园区", "货车进不了园区", None, None),
            ("#诉求 【物流】货车进不了园区", "货车进不了园区", Some("logistics"), None),
            ("#诉求（用电）[紧急] 明天停电", "明天停电", Some("power_water_gas"), Some("urgent")),
            ("#诉求 【北厂区】缺保洁", "【北厂区】缺保洁", None, None),
            ("#诉求 【出口退税】退税慢", "退税慢", Some("export"), None),
            ("#诉求 【车辆通行】货车进不了园区", "货车进不了园区", Some("logistics"), None),
        ] {
            let Ok(Mark::Appeal { title: t, category: c, urgency: u, body: None, consult: false }) = one(line) else {
                panic!("{line}")
            };
            assert_eq!((t.as_str(), c.as_deref(), u), (title, category, urgency), "{line}");
        }
        assert!(matches!(one("#诉求"), Err("mark_empty")));
        assert!(matches!(one("#诉求 【物流】"), Err("mark_empty")));
        let long = format!("#诉求 货车进不了园区，{}", "原因很多".repeat(20));
        let Ok(Mark::Appeal { title, body: Some(body), .. }) = one(&long) else { panic!("{long}") };
        assert_eq!(title, "货车进不了园区");
        assert!(body.ends_with("原因很多"));
    }

    #[test]
    fn a_question_about_policy_wants_an_answer_and_nothing_done() {
        for (line, title, category) in [
            ("#政策 稳岗补贴怎么领", "稳岗补贴怎么领", "policy"),
            ("#政策：【用工】实习生算不算职工人数", "实习生算不算职工人数", "labour"),
        ] {
            let Ok(Mark::Appeal { title: t, category: Some(c), consult: true, .. }) = one(line) else {
                panic!("{line}")
            };
            assert_eq!((t.as_str(), c.as_str()), (title, category), "{line}");
        }
        assert!(matches!(one("#政策"), Err("mark_empty")));
    }

    #[test]
    fn a_promise_needs_a_day() {
        for (line, due, owner) in [
            ("#承诺 11月30日前联系交警", "2026-11-30", None),
            ("#承诺 3月1日前办好", "2027-03-01", None),
            ("#承诺 2026年12月5日前答复 @张三", "2026-12-05", Some("张三")),
            ("#承诺 2026-12-05 答复", "2026-12-05", None),
            ("#承诺 3日内答复", "2026-11-27", None),
            ("#承诺 10天内协调通行证", "2026-12-04", None),
            ("#承诺 明天送来，@李四 负责", "2026-11-25", Some("李四")),
            ("#承诺 本周五前答复", "2026-11-27", None),
            ("#承诺 下周一答复", "2026-11-30", None),
            ("#承诺 月底前答复", "2026-11-30", None),
        ] {
            let Ok(Mark::Promise { due: d, owner: o, .. }) = one(line) else { panic!("{line}") };
            assert_eq!((d.to_string().as_str(), o.as_deref()), (due, owner), "{line}");
        }
        for line in ["#承诺 尽快答复", "#承诺 5个工作日内答复", "#承诺 本周一答复", "#承诺 13月1日"]
        {
            assert!(matches!(one(line), Err("promise_due")), "{line}");
        }
    }

    #[test]
    fn at_risk_is_not_read_as_stopped() {
        for (line, expected, state, cause) in [
            ("#状态 停产：变压器进水", Line::Production, State::Stopped, Some("变压器进水")),
            ("#状态 有停产风险，货车进不来", Line::Production, State::AtRisk, Some("货车进不来")),
            ("#状态 面临停工 封闭施工，车辆不能进出", Line::Works, State::AtRisk, Some("封闭施工，车辆不能进出")),
            ("#状态 运输 停运 道路封闭", Line::Transport, State::Stopped, Some("道路封闭")),
            ("#状态 生产 减产到60% 缺人", Line::Production, State::Reduced, Some("缺人")),
            ("#状态 运输正常", Line::Transport, State::Running, None),
            ("#状态 恢复生产", Line::Production, State::Running, None),
            ("#状态：施工 恢复", Line::Works, State::Running, None),
            ("#状态 歇业备案", Line::Production, State::SuspendedFiled, None),
        ] {
            let Ok(Mark::Light(new)) = one(line) else { panic!("{line}") };
            assert_eq!((new.line, new.state, new.cause.as_deref()), (expected, state, cause), "{line}");
        }
        let Ok(Mark::Light(reduced)) = one("#状态 减产60% 缺人") else { panic!() };
        assert_eq!(reduced.reduced_to, Some(60));
        assert!(matches!(one("#状态 无变化"), Ok(Mark::Same)));
        for (line, code) in [
            ("#状态 没有停产", "light_unclear"),
            ("#状态 不停产", "light_unclear"),
            ("#状态 还行", "light_unclear"),
            ("#状态 正常", "light_unclear"),
            ("#状态 停产", "light_cause"),
            ("#状态 减产 缺人", "light_percent"),
        ] {
            assert!(matches!(one(line), Err(found) if found == code), "{line}: {:?}", one(line));
        }
    }
}
