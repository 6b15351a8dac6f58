//! Figures with numerator, denominator and the way to their records (manual 17).
//! A denominator of nought gives no rate, never 100 %.

use super::store::{self, Part};
use crate::actor::{Actor, Role, Roles};
use crate::app::App;
use crate::appeal::{self, result::Measure};
use crate::continuity::{self, Line, Tally};
use crate::error::{Error, FieldError, Result};
use crate::subject::SubjectKind;
use crate::time::{Day, Time};
use crate::words;
use crate::zone::Zone;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// Who asks for figures of the whole zone.
pub const READERS: Roles = Roles::of(&[Role::Leader, Role::Oversight, Role::Dispatcher]);

words! {
    /// A figure.
    pub enum Key {
        /// 诉求件数
        AppealCount = "appeal_count",
        /// 按时办结率
        OnTimeRate = "on_time_rate",
        /// 解决率
        SolveRate = "solve_rate",
        /// 满意率
        Satisfaction = "satisfaction",
        /// 回访率
        ReturnVisitRate = "return_visit_rate",
        /// 差评率
        BadRatingRate = "bad_rating_rate",
        /// 差评整改率
        BadFixRate = "bad_fix_rate",
        /// 包联覆盖率
        AssignmentCoverage = "assignment_coverage",
        /// 不停产率
        ProductionRunningRate = "production_running_rate",
        /// 不停工率
        ConstructionRunningRate = "construction_running_rate",
        /// 不停运率
        TransportRunningRate = "transport_running_rate",
    }
}

words! {
    /// By what a figure is split.
    pub enum By {
        /// 牵头部门
        Department = "department",
    }
}

/// A figure for one part.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Group {
    /// The department; null for what nobody leads.
    pub id: Option<Uuid>,
    /// Its short name.
    pub name: Option<String>,
    /// What counts.
    pub numerator: i64,
    /// Of what.
    pub denominator: i64,
    /// The one by the other; null when the denominator is nought.
    pub rate: Option<f64>,
}

/// A figure.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Metric {
    /// Which.
    pub key: Key,
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// What counts.
    pub numerator: i64,
    /// Of what.
    pub denominator: i64,
    /// The one by the other; null when the denominator is nought, and for a plain count.
    pub rate: Option<f64>,
    /// The list of the records.
    pub link: String,
    /// The parts, when asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

/// The one by the other.
pub fn rate(numerator: i64, denominator: i64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

/// Reckons a figure over days (both counted; the last thirty days when not said).
/// Figures of a state (coverage, lights) are those of the last day.
pub async fn metric(
    app: &App,
    who: &Actor,
    key: Key,
    from: Option<Day>,
    to: Option<Day>,
    by: Option<By>,
) -> Result<Metric> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    let zone = Zone::get(&mut tx, who.zone_id).await?;
    let now = app.now();
    let to = to.unwrap_or_else(|| zone.day(now));
    let from = from.unwrap_or_else(|| zone.day(to.start(&zone.time_zone()).plus(-29 * crate::time::DAY_MS)));
    if from > to {
        return Err(Error::Invalid(vec![FieldError::new("from", "after_to")]));
    }
    let end = Day(to.0.tomorrow().map_err(|_| Error::field("to", "unreadable"))?).start(&zone.time_zone());
    let start = from.start(&zone.time_zone());
    let id = who.zone_id;
    let ((numerator, denominator), parts, link) = match key {
        Key::AppealCount => with(store::appeal_count(&mut tx, id, start, end).await?, "/appeals?sort=-created"),
        Key::OnTimeRate => with(store::on_time(&mut tx, id, start, end).await?, "/appeals?sort=due"),
        Key::SolveRate | Key::Satisfaction | Key::ReturnVisitRate | Key::BadRatingRate | Key::BadFixRate => {
            drop(tx);
            let measure = Measure::parse(key.word()).ok_or(Error::NotFound)?;
            let groups = appeal::result::desk::figure(app, who, measure, from, to).await?;
            let part = |group: appeal::result::Group| -> Part {
                let department = group.key.and_then(|key| Uuid::parse_str(&key).ok());
                (department, group.name, group.rate.numerator, group.rate.denominator)
            };
            with(groups.into_iter().map(part).collect(), "/appeals/results")
        }
        Key::AssignmentCoverage => {
            let at = Time::from_ms(end.ms().min(now.ms()));
            (store::covered(&mut tx, id, at).await?, Vec::new(), "/assignments")
        }
        Key::ProductionRunningRate | Key::ConstructionRunningRate | Key::TransportRunningRate => {
            drop(tx);
            let board = continuity::desk::board(app, who, Some(to)).await?;
            let tally = match key {
                Key::ProductionRunningRate => board.tally(SubjectKind::Enterprise, Line::Production),
                Key::ConstructionRunningRate => board.tally(SubjectKind::Project, Line::Works),
                _ => both(
                    board.tally(SubjectKind::Enterprise, Line::Transport),
                    board.tally(SubjectKind::Project, Line::Transport),
                ),
            };
            ((tally.going_on(), tally.applicable()), Vec::new(), "/board")
        }
    };
    let groups = match by {
        Some(By::Department) => parts
            .into_iter()
            .map(|(id, name, numerator, denominator)| Group {
                id,
                name,
                numerator,
                denominator,
                rate: rate(numerator, denominator),
            })
            .collect(),
        None => Vec::new(),
    };
    let rate = if key == Key::AppealCount { None } else { rate(numerator, denominator) };
    let link = match link {
        "/board" => format!("/board?day={to}"),
        "/appeals/results" => format!("/appeals/results/list?measure={key}&part=whole&from={from}&to={to}"),
        other => other.to_owned(),
    };
    Ok(Metric { key, from, to, numerator, denominator, rate, link, groups })
}

fn with(parts: Vec<Part>, link: &'static str) -> ((i64, i64), Vec<Part>, &'static str) {
    (sum(&parts), parts, link)
}

fn sum(parts: &[Part]) -> (i64, i64) {
    parts.iter().fold((0, 0), |(n, d), part| (n + part.2, d + part.3))
}

fn both(a: Tally, b: Tally) -> Tally {
    Tally {
        running: a.running + b.running,
        reduced: a.reduced + b.reduced,
        at_risk: a.at_risk + b.at_risk,
        stopped: a.stopped + b.stopped,
        suspended_filed: a.suspended_filed + b.suspended_filed,
        unknown: a.unknown + b.unknown,
        not_applicable: a.not_applicable + b.not_applicable,
        kept_going: a.kept_going + b.kept_going,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nought_gives_no_rate() {
        assert_eq!(rate(0, 0), None);
        assert_eq!(rate(3, 4), Some(0.75));
        assert_eq!(rate(0, 5), Some(0.0));
    }
}
