//! Why something is due when it is due, and who held it: as pages show it.

use super::{Clock, Holder, store};
use crate::error::Result;
use crate::http::page::Shell;
use crate::text::Lang;
use crate::time::Time;
use ::store::Tx;
use almanac::{Calendar, Count, Event, Limit, Mode, Reckoning, Unit, Why};
use uuid::Uuid;

/// A clock with everything that made its due time.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The clock.
    pub clock: Clock,
    /// The days that counted, the days that did not, and why.
    pub reckoning: Reckoning,
    /// Whether the date stands because an enterprise was told it, although the
    /// calendar would now give an earlier one.
    pub kept: bool,
    /// What happened to it, in order.
    pub events: Vec<Event>,
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whether these days counted.
    pub counted: bool,
    /// From and to: `11-24` or `11-24 – 11-28`.
    pub days: String,
    /// How much counted; empty for what did not.
    pub amount: String,
    /// Why.
    pub why: String,
}

impl Explanation {
    /// Everything about these clocks, in their order.
    pub async fn of(tx: &mut Tx, zone: Uuid, clocks: Vec<Clock>, calendar: &Calendar) -> Result<Vec<Self>> {
        let ids: Vec<Uuid> = clocks.iter().map(|clock| clock.id).collect();
        let mut events = store::events_of(tx, zone, &ids).await?;
        Ok(clocks
            .into_iter()
            .map(|clock| {
                let own = events.remove(&clock.id).unwrap_or_default();
                Self::from(clock, own, calendar)
            })
            .collect())
    }

    fn from(clock: Clock, events: Vec<Event>, calendar: &Calendar) -> Self {
        let mut reckoning = clock.reckon(&events, calendar);
        let reckoned = reckoning.due_at.map(Time::of);
        let kept = reckoned.is_some() && clock.due_at > reckoned;
        reckoning.due_at = clock.due_at.map(Time::stamp);
        Self { clock, reckoning, kept, events }
    }

    /// The stretches, each as a line.
    pub fn lines(&self, s: &Shell) -> Vec<Line> {
        let last_day = |to: jiff::Timestamp| Time::of(to).plus(-1);
        self.reckoning
            .segments
            .iter()
            .map(|segment| {
                let from = short_day(s, Time::of(segment.from));
                let to = short_day(s, last_day(segment.to).max(Time::of(segment.from)));
                let unit = self.reckoning.unit;
                let amount = if segment.counted { amount(s, unit, segment.amount) } else { String::new() };
                let days = if from == to { from } else { format!("{from} – {to}") };
                Line { counted: segment.counted, days, amount, why: why(s, &segment.why) }
            })
            .collect()
    }

    /// Extensions that were granted and limits that were set anew, each as a sentence.
    pub fn extensions(&self, s: &Shell) -> Vec<String> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Extend { at, n, by } => {
                    let day = short_day(s, Time::of(*at));
                    let more = limit_words(s.lang, &Limit { n: *n, ..self.clock.limit() });
                    Some(s.lang.with("due-extended", &[("day", &day), ("more", &more), ("by", by)]))
                }
                Event::Retarget { at, limit } => {
                    let (day, limit) = (short_day(s, Time::of(*at)), limit_words(s.lang, limit));
                    Some(s.lang.with("due-retargeted", &[("day", &day), ("limit", &limit)]))
                }
                _ => None,
            })
            .collect()
    }

    /// How much time there is in all, in words.
    pub fn total(&self, s: &Shell) -> String {
        amount(s, self.reckoning.unit, self.reckoning.total)
    }

    /// How much counted before the present standstill, in words.
    pub fn used(&self, s: &Shell) -> String {
        amount(s, self.reckoning.unit, self.reckoning.used)
    }
}

/// A limit in words: 15 个工作日, 24 小时, 当日.
pub fn limit_words(lang: Lang, limit: &Limit) -> String {
    let key = match (limit.unit, limit.count) {
        (Unit::Day, _) if limit.n == 0 => return lang.t("limit-same-day").into_owned(),
        (Unit::Day, Count::Working) => "limit-working-days",
        (Unit::Day, Count::Calendar) => "limit-calendar-days",
        (Unit::Month, _) => "limit-months",
        (Unit::Hour, Count::Calendar) => "limit-hours",
        (Unit::Hour, Count::Working) => "limit-office-hours",
        (Unit::Minute, _) => "limit-minutes",
    };
    lang.with(key, &[("n", &i64::from(limit.n))])
}

fn amount(s: &Shell, unit: Unit, n: i64) -> String {
    match unit {
        Unit::Day => s.with("due-amount-days", "n", n),
        _ if n % 60 == 0 => s.with("due-amount-hours", "n", n / 60),
        _ => s.with2("due-amount-minutes", "h", n / 60, "m", n % 60),
    }
}

fn short_day(s: &Shell, time: Time) -> String {
    let day = time.local(&s.time_zone);
    let year = s.now.local(&s.time_zone).year();
    day.strftime(if day.year() == year { "%m-%d" } else { "%Y-%m-%d" }).to_string()
}

fn why(s: &Shell, why: &Why) -> String {
    match why {
        Why::StartDay => s.t("due-start-day").into_owned(),
        Why::WorkingDay => s.t("due-working-day").into_owned(),
        Why::MakeUpDay => s.t("due-make-up-day").into_owned(),
        Why::Weekend => s.t("due-weekend").into_owned(),
        Why::Holiday { name } if name.is_empty() => s.t("due-holiday").into_owned(),
        Why::Holiday { name } => s.with("due-holiday-named", "name", name.as_str()),
        Why::Elapsed => s.t("due-elapsed").into_owned(),
        Why::OutsideHours => s.t("due-outside-hours").into_owned(),
        Why::Paused { holder, reason } => {
            s.with2("due-paused", "holder", holder_word(s.lang, holder), "reason", reason.as_str())
        }
        Why::Closed => s.t("due-closed").into_owned(),
        Why::EndMoved => s.t("due-end-moved").into_owned(),
        Why::Mode { mode: Mode::Hours24, reason } => s.with("due-hours24", "reason", reason.as_str()),
        Why::Mode { mode: Mode::Office, reason } => s.with("due-office-hours", "reason", reason.as_str()),
        Why::Bound => s.t("due-bound").into_owned(),
    }
}

fn holder_word(lang: Lang, holder: &str) -> String {
    if Holder::parse(holder).is_some() { lang.word("holder", holder).into_owned() } else { holder.to_owned() }
}

/// One part of the bar of held time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBar {
    /// What the holder is.
    pub holder: Holder,
    /// The department's or agency's short name; none for the others.
    pub name: Option<String>,
    /// Working days held.
    pub days: i64,
    /// Its part of the whole, in percent.
    pub percent: i64,
}

impl HeldBar {
    /// The holder in words.
    pub fn label(&self, lang: &Lang) -> String {
        self.name.clone().unwrap_or_else(|| lang.word("holder", self.holder.word()).into_owned())
    }

    /// How long each holder held a record, up to a time.
    pub async fn of(tx: &mut Tx, zone: Uuid, owner_id: Uuid, until: Time, calendar: &Calendar) -> Result<Vec<Self>> {
        let rows = store::holdings(tx, zone, owner_id).await?;
        let key = |row: &store::Holding| format!("{}/{}", row.holder, row.holder_id.unwrap_or_default());
        let handovers: Vec<_> = rows.iter().map(|row| (row.at.stamp(), key(row))).collect();
        let held = almanac::held(&handovers, until.stamp(), calendar);
        let whole: i64 = held.iter().map(|(_, days)| *days).sum();
        Ok(held
            .into_iter()
            .filter_map(|(of, days)| {
                let row = rows.iter().find(|row| key(row) == of)?;
                let percent = if whole > 0 { days * 100 / whole } else { 0 };
                Some(Self { holder: Holder::parse(&row.holder)?, name: row.name.clone(), days, percent })
            })
            .collect())
    }
}
