//! 指标: the catalogue of figures (manual 17). Each is a part of a whole over days, with
//! numerator, denominator and the list of the records that it counts; a denominator of
//! nought gives no rate, never 100 %.
//!
//! One statement per figure ([`records`]) says which records are its whole and which of
//! them count. The number, its parts, its trend and its list are all read from that one
//! statement, so a number cannot say anything else than its list. Officers are never
//! ranked (manual 2): the finest part is a department.

mod api;
pub mod desk;
pub mod freeze;
mod pages;
mod records;

use crate::actor::{Role, Roles};
use crate::appeal::result::{Measure, percent};
use crate::http::routes::Routes;
use crate::subject::SubjectKind;
use crate::time::{Day, Time};
use crate::words;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// Adds the routes of the figures.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

/// Who asks for figures of the whole zone.
pub const READERS: Roles = Roles::of(&[Role::Leader, Role::Oversight, Role::Dispatcher]);

words! {
    /// A figure.
    pub enum Key {
        /// 诉求件数
        AppealCount = "appeal_count",
        /// 按时办结率
        OnTimeRate = "on_time_rate",
        /// 当前超期数
        OverdueNow = "overdue_now",
        /// 按时签收率
        SignInTimeRate = "sign_in_time_rate",
        /// 销号率
        CancelRate = "cancel_rate",
        /// 延期率
        ExtensionRate = "extension_rate",
        /// 异议率
        ObjectionRate = "objection_rate",
        /// 重办率
        RedoRate = "redo_rate",
        /// 重启率
        ReopenRate = "reopen_rate",
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
        /// 未表态率
        SilentRate = "silent_rate",
        /// 走访次数
        VisitCount = "visit_count",
        /// 走访企业覆盖率
        VisitedEnterprises = "visited_enterprises",
        /// 重复走访率
        RevisitBurden = "revisit_burden",
        /// 问题发现率
        IssueFoundRate = "issue_found_rate",
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
        /// 载体
        Carrier = "carrier",
        /// 问题类别
        Category = "category",
        /// 突发事件
        Disruption = "disruption",
    }
}

words! {
    /// Which of the records of a figure.
    pub enum Part {
        /// The whole.
        Whole = "whole",
        /// Those that count.
        Hit = "hit",
        /// Those that do not.
        Rest = "rest",
    }
}

words! {
    /// Groups of the catalogue.
    pub enum Chapter {
        /// 诉求办理
        Appeals = "appeals",
        /// 办理结果
        Results = "results",
        /// 走访
        Visits = "visits",
        /// 包联与三不停
        Going = "going",
    }
}

words! {
    /// What the records of a figure are.
    pub enum Of {
        /// 诉求
        Appeal = "appeal",
        /// 办件单
        WorkOrder = "work_order",
        /// 走访
        Visit = "visit",
        /// 企业
        Enterprise = "enterprise",
        /// 项目
        Project = "project",
    }
}

impl Of {
    /// The page of a record.
    pub fn href(self, id: Uuid) -> String {
        match self {
            Self::Appeal | Self::WorkOrder => format!("/appeals/{id}"),
            Self::Visit => format!("/visits/{id}"),
            Self::Enterprise => SubjectKind::Enterprise.href(id),
            Self::Project => SubjectKind::Project.href(id),
        }
    }
}

impl Key {
    /// Where it stands in the catalogue.
    pub const fn chapter(self) -> Chapter {
        match self {
            Self::AppealCount
            | Self::OnTimeRate
            | Self::OverdueNow
            | Self::SignInTimeRate
            | Self::CancelRate
            | Self::ExtensionRate
            | Self::ObjectionRate
            | Self::RedoRate
            | Self::ReopenRate => Chapter::Appeals,
            Self::SolveRate
            | Self::Satisfaction
            | Self::ReturnVisitRate
            | Self::BadRatingRate
            | Self::BadFixRate
            | Self::SilentRate => Chapter::Results,
            Self::VisitCount | Self::VisitedEnterprises | Self::RevisitBurden | Self::IssueFoundRate => Chapter::Visits,
            Self::AssignmentCoverage
            | Self::ProductionRunningRate
            | Self::ConstructionRunningRate
            | Self::TransportRunningRate => Chapter::Going,
        }
    }

    /// Whether it is a plain number, of which there is no rate.
    pub const fn is_count(self) -> bool {
        matches!(self, Self::AppealCount | Self::VisitCount)
    }

    /// Whether it tells how things stand at the end of the last day, not what happened
    /// on the days.
    pub const fn is_state(self) -> bool {
        matches!(self, Self::OverdueNow) || matches!(self.chapter(), Chapter::Going)
    }

    /// Whether it can be reckoned for a day that is past.
    pub const fn has_past(self) -> bool {
        !matches!(self, Self::OverdueNow)
    }

    /// Whether more of it is better; none where neither is.
    pub const fn better_when_more(self) -> Option<bool> {
        match self {
            Self::AppealCount | Self::VisitCount | Self::IssueFoundRate | Self::ObjectionRate => None,
            Self::OverdueNow
            | Self::ExtensionRate
            | Self::RedoRate
            | Self::ReopenRate
            | Self::BadRatingRate
            | Self::SilentRate
            | Self::RevisitBurden => Some(false),
            _ => Some(true),
        }
    }

    /// What its records are; of those of transport, projects too.
    pub const fn of(self) -> Of {
        match self.chapter() {
            Chapter::Appeals if matches!(self, Self::SignInTimeRate) => Of::WorkOrder,
            Chapter::Appeals | Chapter::Results => Of::Appeal,
            Chapter::Visits if matches!(self, Self::VisitCount | Self::IssueFoundRate) => Of::Visit,
            Chapter::Going if matches!(self, Self::ConstructionRunningRate) => Of::Project,
            Chapter::Visits | Chapter::Going => Of::Enterprise,
        }
    }

    /// The rate of results that it is.
    pub(super) fn measure(self) -> Option<Measure> {
        Measure::parse(self.word())
    }

    /// By what it can be split: what its records have.
    pub const fn splits(self) -> &'static [By] {
        match self.chapter() {
            Chapter::Appeals | Chapter::Results => By::ALL,
            Chapter::Visits => match self {
                Self::VisitCount | Self::IssueFoundRate => &[By::Department, By::Carrier, By::Disruption],
                _ => &[By::Department, By::Carrier],
            },
            Chapter::Going => &[By::Department, By::Carrier],
        }
    }
}

/// What counts, of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Figure {
    /// What counts.
    pub numerator: i64,
    /// Of what.
    pub denominator: i64,
}

impl Figure {
    /// The one by the other; none when there is nothing to count.
    pub fn rate(self) -> Option<f64> {
        rate(self.numerator, self.denominator)
    }

    /// What does not count.
    pub const fn rest(self) -> i64 {
        self.denominator - self.numerator
    }

    /// What a chart draws of it: the number itself, or the rate in tenths of a per cent.
    pub fn height(self, key: Key) -> Option<i64> {
        if key.is_count() { Some(self.numerator) } else { self.rate().map(|rate| (rate * 1000.0).round() as i64) }
    }
}

/// A figure for one part.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Group {
    /// The department, carrier or disruption; null for what has none, and by category.
    pub id: Option<Uuid>,
    /// The word of the category.
    pub category: Option<String>,
    /// What it is called for short.
    pub name: Option<String>,
    /// What counts.
    pub numerator: i64,
    /// Of what.
    pub denominator: i64,
    /// The one by the other; null when the denominator is nought.
    pub rate: Option<f64>,
    /// The list of the records.
    pub link: String,
}

/// A figure over days.
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

/// A record that a figure counts, or does not.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Record {
    /// The record; of a work order, its appeal.
    pub id: Uuid,
    /// What it is.
    pub of: Of,
    /// Its number, where it has one.
    pub number: Option<String>,
    /// Its title or name.
    pub name: String,
    /// Whom it is about; null where a complaint hides it.
    pub subject: Option<String>,
    /// The department it counts for.
    pub department: Option<String>,
    /// The carrier it counts for.
    pub carrier: Option<String>,
    /// When what the figure asks for happened or was due.
    pub at: Time,
    /// Whether it counts.
    pub counts: bool,
}

/// The one by the other.
pub fn rate(numerator: i64, denominator: i64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

/// A rate in per cent with one digit, or a plain number; none where there is no rate.
pub fn told(key: Key, figure: Figure) -> Option<String> {
    if key.is_count() {
        return Some(figure.numerator.to_string());
    }
    percent(figure.numerator, figure.denominator).map(|rate| format!("{rate}%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nought_gives_no_rate() {
        assert_eq!(rate(0, 0), None);
        assert_eq!(rate(3, 4), Some(0.75));
        assert_eq!(told(Key::SolveRate, Figure::default()), None, "never 100 %");
        assert_eq!(told(Key::SolveRate, Figure { numerator: 2, denominator: 3 }).as_deref(), Some("66.7%"));
        assert_eq!(told(Key::AppealCount, Figure { numerator: 7, denominator: 7 }).as_deref(), Some("7"));
    }

    #[test]
    fn every_rate_of_results_is_in_the_catalogue() {
        for measure in Measure::ALL {
            let key = Key::parse(measure.word()).expect("the catalogue has it");
            assert_eq!((key.measure(), key.chapter()), (Some(*measure), Chapter::Results));
        }
        for key in Key::ALL {
            assert_eq!(key.measure().is_some(), key.chapter() == Chapter::Results, "{key}");
            assert!(key.splits().contains(&By::Department), "{key} can be told by department, never by officer");
        }
    }
}
