//! 政务服务事项: what can be applied for, as data with editions. A code is taken as it is
//! written; the promised limit never exceeds the statutory one; each matter has exactly one
//! specialist and a deputy, who takes over while the specialist is absent.

mod api;
pub mod desk;
pub mod pages;
pub(super) mod store;

use super::Channel;
use crate::error::{Check, FieldError};
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::registry::fact;
use crate::time::{Day, Time};
use crate::words;
use ::store::from_row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Materials and questions of a matter, at most.
pub const MOST: usize = 30;
/// The longest statutory limit that is believed, in working days.
const LONGEST: i64 = 250;

words! {
    /// What kind of matter it is.
    pub enum MatterKind {
        /// 行政许可
        Licence = "licence",
        /// 行政确认
        Confirmation = "confirmation",
        /// 行政奖励
        Reward = "reward",
        /// 行政给付
        Payment = "payment",
        /// 公共服务
        Service = "service",
        /// 其他
        Other = "other",
    }
}

words! {
    /// How far it can be done without a meeting.
    pub enum Level {
        /// 全程不见面
        Full = "full",
        /// 部分环节见面，至多一次
        Partial = "partial",
        /// 须到场
        None = "none",
    }
}

words! {
    /// Where a material comes from.
    pub enum Source {
        /// 申请人自备
        Own = "own",
        /// 政府部门核发
        Issued = "issued",
        /// 中介机构出具
        Intermediary = "intermediary",
    }
}

words! {
    /// Whether a material must be there.
    pub enum Need {
        /// 必要
        Required = "required",
        /// 视情形
        If = "if",
        /// 可容缺
        Tolerable = "tolerable",
    }
}

words! {
    /// What kind of answer a question has.
    pub enum Asks {
        /// 单行文字
        Text = "text",
        /// 多行文字
        Long = "long",
        /// 数字
        Number = "number",
        /// 日期
        Day = "day",
        /// 选择
        Choice = "choice",
    }
}

/// A material.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Material {
    /// What.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// Whether it must be there.
    pub need: Need,
    /// Tolerable: working days in which it is brought after the acceptance.
    #[serde(default)]
    pub days: Option<i64>,
}

/// A question of the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its key within the matter: small letters, digits, `_`.
    pub key: String,
    /// What is asked.
    pub label: String,
    /// What kind of answer it has.
    pub asks: Asks,
    /// Whether it must be answered.
    #[serde(default)]
    pub required: bool,
    /// The answers of a choice.
    #[serde(default)]
    pub options: Vec<String>,
    /// The fact of the register that answers it: then it is not asked.
    #[serde(default)]
    pub known: Option<fact::Key>,
}

/// What a matter says: an edition of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// 设定依据
    pub basis: String,
    /// 申请条件
    pub conditions: String,
    /// 申请材料
    #[serde(default)]
    pub materials: Vec<Material>,
    /// What the form asks.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// 法定时限, in working days.
    pub statutory_days: i64,
    /// 承诺时限, in working days; 0 for 当日.
    pub promised_days: i64,
    /// 收费: none when it costs nothing.
    #[serde(default)]
    pub fee: Option<String>,
    /// The ways in which it can be applied for; the window stays open in any case.
    #[serde(default)]
    pub channels: Vec<Channel>,
}

impl Content {
    /// Tidies it, and notes everything that is wrong with it.
    pub fn check(&mut self, check: &mut Check) {
        self.basis = check.text("basis", &self.basis, 2000);
        self.conditions = check.text("conditions", &self.conditions, 2000);
        self.fee = check.opt_text("fee", self.fee.as_deref(), 200);
        check.that((1..=LONGEST).contains(&self.statutory_days), "statutory_days", "matter_days");
        check.that((0..=LONGEST).contains(&self.promised_days), "promised_days", "matter_days");
        // 承诺 ≤ 法定 (manual 0.1, 22).
        check.that(self.promised_days <= self.statutory_days, "promised_days", "promised_longer");
        for (field, n) in [("materials", self.materials.len()), ("questions", self.questions.len())] {
            if n > MOST {
                check.add(FieldError::new(field, "too_many").with("max", MOST));
            }
        }
        let mut names = BTreeSet::new();
        for material in &mut self.materials {
            material.name = check.text("materials", &material.name, 200);
            // What is owed of one is settled by its name.
            check.that(material.name.is_empty() || names.insert(material.name.clone()), "materials", "twice");
            let days = material.days.filter(|_| material.need == Need::Tolerable);
            check.that(days.is_none_or(|days| (1..=LONGEST).contains(&days)), "materials", "matter_days");
            check.that(material.need != Need::Tolerable || days.is_some(), "materials", "tolerable_days");
            material.days = days;
        }
        let mut keys = BTreeSet::new();
        for question in &mut self.questions {
            question.label = check.text("questions", &question.label, 200);
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            let is_key = (1..=40).contains(&question.key.len()) && question.key.bytes().all(plain);
            check.that(is_key && keys.insert(question.key.clone()), "questions", "question_key");
            question.options.retain(|option| !option.trim().is_empty());
            check.that(
                question.asks != Asks::Choice || (2..=MOST).contains(&question.options.len()),
                "questions",
                "question_options",
            );
        }
        // Who wants to come keeps the window (优化营商环境条例 §37).
        if !self.channels.contains(&Channel::Window) {
            self.channels.push(Channel::Window);
        }
        self.channels.sort_unstable();
        self.channels.dedup();
    }

    /// Required materials that are not among those that are there.
    pub fn missing(&self, papers: &[usize]) -> Vec<&str> {
        self.lacking(papers, Need::Required)
    }

    /// Materials that may come later and are not there, by name.
    pub fn tolerated(&self, papers: &[usize]) -> Vec<&str> {
        self.lacking(papers, Need::Tolerable)
    }

    fn lacking(&self, papers: &[usize], need: Need) -> Vec<&str> {
        let there = |i: &usize| papers.contains(i);
        let all = self.materials.iter().enumerate();
        all.filter(|(i, m)| m.need == need && !there(i)).map(|(_, m)| m.name.as_str()).collect()
    }

    /// Working days in which these materials are brought: the longest of theirs.
    pub fn debt_days(&self, names: &[String]) -> u32 {
        let days = self.materials.iter().filter(|m| names.contains(&m.name)).filter_map(|m| m.days).max();
        u32::try_from(days.unwrap_or(1)).unwrap_or(1)
    }
}

/// Who acts for the office: the specialist, or the deputy while he is absent or gone.
pub fn acting(specialist: Option<Uuid>, deputy: Uuid, away_until: Option<Time>, now: Time) -> Option<Uuid> {
    match specialist {
        Some(id) if away_until.is_none_or(|until| until < now) => Some(id),
        _ => Some(deputy),
    }
}

/// A matter.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Matter {
    /// Key.
    pub id: Uuid,
    /// Its code, taken as it is written.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// What kind it is.
    pub kind: MatterKind,
    /// How far it can be done without a meeting.
    pub level: Level,
    /// 绿色通道
    pub green: bool,
    /// 即办件
    pub instant: bool,
    /// 承诺时限, in working days.
    pub promised_days: i64,
    /// The department that decides.
    pub department_id: Uuid,
    /// Its short name.
    pub department_name: Option<String>,
    /// The specialist.
    pub owner_id: Uuid,
    /// His name.
    pub owner_name: Option<String>,
    /// The deputy.
    pub deputy_id: Uuid,
    /// His name.
    pub deputy_name: Option<String>,
    /// Until when the specialist is absent.
    pub away_until: Option<Time>,
    /// Counts the editions.
    pub edition: i64,
    /// The edition itself.
    pub content: Json,
    /// When it was closed.
    pub closed_at: Option<Time>,
    /// Applications that are still open.
    pub open: i64,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Matter {
    id,
    code,
    title,
    kind,
    level,
    green,
    instant,
    promised_days,
    department_id,
    department_name,
    owner_id,
    owner_name,
    deputy_id,
    deputy_name,
    away_until,
    edition,
    content,
    closed_at,
    open,
    version,
});

impl Matter {
    /// What it says.
    pub fn said(&self) -> Content {
        serde_json::from_value(self.content.clone()).unwrap_or_default()
    }

    /// Whether the deputy stands in now.
    pub fn stands_in(&self, now: &Time) -> bool {
        acting(Some(self.owner_id), self.deputy_id, self.away_until, *now) != Some(self.owner_id)
    }

    /// Who acts now, by name.
    pub fn acting_name(&self, now: &Time) -> Option<&String> {
        if self.stands_in(now) { self.deputy_name.as_ref() } else { self.owner_name.as_ref() }
    }
}

impl Versioned for Matter {
    fn version(&self) -> i64 {
        self.version
    }
}

/// A new matter, or a new edition of one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMatter {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Its code, as the catalogue writes it: at most 64 characters.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// What kind it is.
    pub kind: MatterKind,
    /// How far it can be done without a meeting.
    pub level: Level,
    /// 绿色通道
    #[serde(default)]
    pub green: bool,
    /// 即办件
    #[serde(default)]
    pub instant: bool,
    /// The department that decides.
    pub department_id: Option<Uuid>,
    /// The specialist.
    pub owner_id: Option<Uuid>,
    /// The deputy.
    pub deputy_id: Option<Uuid>,
    /// What it says.
    pub content: Content,
}

/// What somebody does with a matter.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum MatterAct {
    /// A new edition; cases at work keep the one that they began with.
    Revise {
        /// How it is from now on.
        matter: Box<NewMatter>,
    },
    /// The specialist is absent until the end of this day, or is back (null); the deputy
    /// takes over in all matters of his.
    Away {
        /// Until when.
        until: Option<Day>,
    },
    /// It is no longer applied for.
    Close {
        /// Why.
        reason: String,
    },
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::text::Lang;

    fn content() -> Content {
        Content {
            basis: "《城镇燃气管理条例》第十五条".into(),
            conditions: "依法登记".into(),
            statutory_days: 20,
            promised_days: 5,
            ..Content::default()
        }
    }

    fn wrong(mut content: Content) -> Vec<(String, &'static str)> {
        let mut check = Check::new();
        content.check(&mut check);
        match check.done() {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|error| (error.field, error.code)).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn rule_22_the_promised_limit_is_within_the_statutory_one() {
        for (statutory, promised, expected) in [
            (20, 5, None),
            (20, 20, None),
            (20, 0, None),
            (5, 6, Some(("promised_days", "promised_longer"))),
            (0, 0, Some(("statutory_days", "matter_days"))),
        ] {
            let said = wrong(Content { statutory_days: statutory, promised_days: promised, ..content() });
            let expected: Vec<_> =
                expected.into_iter().map(|(field, code): (&str, _)| (field.to_owned(), code)).collect();
            assert_eq!(said, expected, "{statutory} {promised}");
        }
    }

    #[test]
    fn rule_25_the_window_stays_open() {
        let mut content = Content { channels: vec![Channel::Web], ..content() };
        content.check(&mut Check::new());
        assert_eq!(content.channels, [Channel::Web, Channel::Window]);
    }

    #[test]
    fn what_lacks_is_told_by_need() {
        let material = |name: &str, need, days| Material { name: name.into(), source: Source::Own, need, days };
        let content = Content {
            materials: vec![
                material("申请表", Need::Required, None),
                material("授权书", Need::If, None),
                material("检测报告", Need::Tolerable, Some(10)),
            ],
            ..content()
        };
        for (papers, missing, tolerated) in [
            (vec![], vec!["申请表"], vec!["检测报告"]),
            (vec![0], vec![], vec!["检测报告"]),
            (vec![0, 2], vec![], vec![]),
        ] {
            assert_eq!((content.missing(&papers), content.tolerated(&papers)), (missing, tolerated), "{papers:?}");
        }
        assert_eq!(content.debt_days(&["检测报告".into()]), 10);
        let without_days = Content { materials: vec![material("报告", Need::Tolerable, None)], ..content };
        assert_eq!(wrong(without_days), [("materials".to_owned(), "tolerable_days")]);
    }

    #[test]
    fn questions_have_keys_of_their_own() {
        let question = |key: &str, asks, options: &[&str]| Question {
            key: key.into(),
            label: "问".into(),
            asks,
            required: true,
            options: options.iter().map(|o| (*o).to_owned()).collect(),
            known: None,
        };
        for (questions, expected) in [
            (vec![question("area", Asks::Number, &[])], None),
            (vec![question("a", Asks::Text, &[]), question("a", Asks::Text, &[])], Some("question_key")),
            (vec![question("面积", Asks::Text, &[])], Some("question_key")),
            (vec![question("kind", Asks::Choice, &["一"])], Some("question_options")),
            (vec![question("kind", Asks::Choice, &["一", "二"])], None),
        ] {
            let said = wrong(Content { questions, ..content() });
            assert_eq!(said.first().map(|(_, code)| *code), expected);
        }
    }

    #[test]
    fn no_case_is_without_somebody_who_acts() {
        let [one, deputy] = [1, 2].map(Uuid::from_u128);
        let now = Time::from_ms(1000);
        for (specialist, away, acts) in [
            (Some(one), None, one),
            (Some(one), Some(Time::from_ms(2000)), deputy),
            (Some(one), Some(Time::from_ms(500)), one),
            (None, None, deputy),
        ] {
            assert_eq!(acting(specialist, deputy, away, now), Some(acts));
        }
    }

    #[test]
    fn every_word_has_its_label() {
        for lang in [Lang::Zh, Lang::En] {
            let mut keys: Vec<String> = MatterKind::ALL.iter().map(|word| format!("matter-kind-{word}")).collect();
            keys.extend(Level::ALL.iter().map(|word| format!("matter-level-{word}")));
            keys.extend(Source::ALL.iter().map(|word| format!("matter-source-{word}")));
            keys.extend(Need::ALL.iter().map(|word| format!("matter-need-{word}")));
            keys.extend(Asks::ALL.iter().map(|word| format!("matter-asks-{word}")));
            for key in keys {
                assert!(lang.has(&key), "{key}");
            }
        }
    }
}
