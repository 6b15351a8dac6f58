//! 共性问题: many appeals with one cause. Fourteen enterprises say that trucks cannot
//! enter: one coordination, one answer that reaches each of them, and each still
//! confirms for itself (manual 3.3: repeated and clustered appeals need a study of
//! their own). An appeal belongs to at most one open cause; it keeps its own clocks.

mod api;
pub mod desk;
mod pages;
mod store;

use super::act::Act as AppealAct;
use super::{Action, Hat, Hats, ResultKind, Status as AppealStatus, WentOn, turn};
use crate::http::routes::Routes;
use crate::time::{DAY_MS, Day, Time};
use crate::words;
use ::store::{FromValue, Value, from_row};
use hanzi::Shape;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

words! {
    /// Where a common cause stands.
    pub enum Status {
        /// 协调中
        Open = "open",
        /// 已统一答复
        Answered = "answered",
        /// 已办结
        Closed = "closed",
    }
}

words! {
    /// Why appeals are proposed as one cause.
    pub enum Reason {
        /// 诉求类别相同
        Category = "category",
        /// 位于同一载体
        Place = "place",
        /// 集中在数日之内
        Days = "days",
        /// 内容相近
        Text = "text",
    }
}

/// A common cause.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Cause {
    /// Key.
    pub id: Uuid,
    /// Its number, such as `GX-20260901-0001`.
    pub number: String,
    /// What it is, in a line.
    pub title: String,
    /// What is known of it.
    pub body: String,
    /// The category that its appeals share.
    pub category: String,
    /// The department that coordinates it and answers.
    pub department_id: Uuid,
    /// Its name.
    pub department: String,
    /// Where it stands.
    pub status: Status,
    /// When it was opened.
    pub opened_at: Time,
    /// The answer that went to all, once there is one.
    pub answer: Option<Answer>,
    /// When that was given.
    pub answered_at: Option<Time>,
    /// When it was closed.
    pub closed_at: Option<Time>,
    /// What keeps it from coming back.
    pub lesson: Option<String>,
    /// Appeals that belong to it.
    pub appeals: i64,
    /// Those of them that are open.
    pub open_appeals: i64,
    /// Counts changes.
    pub version: i64,
    #[serde(skip)]
    answered_by: Option<Uuid>,
}

from_row!(Cause {
    id,
    number,
    title,
    body,
    category,
    department_id,
    department,
    status,
    opened_at,
    answer,
    answered_at,
    closed_at,
    lesson,
    appeals,
    open_appeals,
    version,
    answered_by,
});

/// One answer for every appeal of a cause, as the appeal's own action `answer` takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The result.
    pub result: Option<ResultKind>,
    /// What was done and what came of it.
    pub text: String,
    /// Whether production went on meanwhile.
    pub production_continued: Option<WentOn>,
    /// The provision, when policy does not allow it.
    pub basis: Option<String>,
    /// Where to turn, when it is not ours or belongs before a court.
    pub right_channel: Option<String>,
    /// When a long-term matter is looked at again.
    pub review_on: Option<Day>,
}

impl FromValue for Answer {
    fn from_value(value: Value) -> ::store::Result<Self> {
        let body = serde_json::Value::from_value(value)?;
        serde_json::from_value(body).map_err(|e| ::store::Error::Shape(format!("answer of a cause: {e}")))
    }
}

impl Answer {
    /// The fields of a form that takes it over for one appeal.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let given = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            ("result", self.result.map(|result| result.word().to_owned()).unwrap_or_default()),
            ("text", self.text.clone()),
            ("production_continued", self.production_continued.map(|w| w.word().to_owned()).unwrap_or_default()),
            ("basis", given(&self.basis)),
            ("right_channel", given(&self.right_channel)),
            ("review_on", self.review_on.map(|day| day.to_string()).unwrap_or_default()),
        ]
    }

    /// The action that gives it to one appeal.
    fn act(&self) -> AppealAct {
        let Self { result, text, production_continued, basis, right_channel, review_on } = self.clone();
        AppealAct::Answer { result, text, production_continued, basis, right_channel, review_on, work_order_id: None }
    }
}

/// An appeal of a cause, as far as the reader may see it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Member {
    /// The appeal.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub status: AppealStatus,
    /// The enterprise or project it belongs to.
    pub subject: String,
    /// The department that leads it.
    pub lead_department_id: Option<Uuid>,
    /// Its name.
    pub lead_department: Option<String>,
    /// When it is due.
    pub due_at: Option<Time>,
    /// How the enterprise rated it.
    pub rating: Option<i64>,
    /// When it joined.
    pub joined_at: Time,
    /// When the common answer reached it; null when it did not.
    pub reached_at: Option<Time>,
    /// Whether it is open.
    pub open: bool,
}

from_row!(Member {
    id,
    number,
    title,
    status,
    subject,
    lead_department_id,
    lead_department,
    due_at,
    rating,
    joined_at,
    reached_at,
    open,
});

/// What was written down while a cause was coordinated.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Note {
    /// Key.
    pub id: Uuid,
    /// What was done or agreed.
    pub text: String,
    /// How many appeals it was told in, too.
    pub told: i64,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at: Time,
}

from_row!(Note { id, text, told, author, at });

/// A common cause to open.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCause {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// What it is, in a line.
    pub title: String,
    /// What is known of it.
    #[serde(default)]
    pub body: String,
    /// The category.
    pub category: String,
    /// The department that coordinates it.
    pub department_id: Option<Uuid>,
    /// Appeals that belong to it; at least one.
    #[serde(default)]
    pub appeals: Vec<Uuid>,
}

/// What can be done with a common cause.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// More appeals belong to it. What is not dispatched yet goes to its department.
    Join {
        /// Which ones.
        appeals: Vec<Uuid>,
    },
    /// An appeal does not belong to it after all.
    Leave {
        /// Which one.
        appeal_id: Uuid,
        /// Why.
        reason: String,
    },
    /// Another department coordinates it, and leads its appeals that the one before leads
    /// and works on.
    Pass {
        /// Which one.
        department_id: Uuid,
        /// Why.
        reason: String,
    },
    /// Write down how it goes on; and tell the enterprises, where that is wanted.
    Note {
        /// What was done or agreed.
        text: String,
        /// Whether every enterprise is told.
        #[serde(default)]
        tell: bool,
    },
    /// One answer to all.
    Answer(Answer),
    /// The same answer to those whom it has not reached.
    Repeat {},
    /// Check the answer, for all at once.
    Review {
        /// Whether it goes to the enterprises.
        ok: bool,
        /// Why not.
        reason: Option<String>,
    },
    /// It is done: every appeal of it is closed.
    Close {
        /// What keeps it from coming back.
        lesson: Option<String>,
    },
}

pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

/// Appeals of one cause, at most.
pub const MOST: usize = 100;

/// Whether an appeal that stands there may join a cause: what is answered already
/// needs no common answer.
pub fn can_join(status: AppealStatus) -> bool {
    matches!(
        status,
        AppealStatus::Registered
            | AppealStatus::Dispatched
            | AppealStatus::Objected
            | AppealStatus::Signed
            | AppealStatus::Working
            | AppealStatus::WaitingEnterprise
            | AppealStatus::WithPartner
            | AppealStatus::Planned
            | AppealStatus::Suspended
    )
}

/// Whether the department that leads may answer an appeal that stands there, once it
/// has signed for it.
fn can_answer(status: AppealStatus) -> bool {
    status == AppealStatus::Dispatched || lead_can(status, Action::Answer)
}

/// Whether the department that leads speaks to the enterprise for itself there: what
/// it writes while the enterprise is asked would be taken for the enterprise's reply.
fn can_tell(status: AppealStatus) -> bool {
    lead_can(status, Action::Reply)
}

fn lead_can(status: AppealStatus, action: Action) -> bool {
    turn(status, action, Hats::of(&[Hat::Lead])).is_ok()
}

// ---- proposals ----------------------------------------------------------------

/// The same need of so many enterprises or projects is one matter (anchors 9.6).
pub const MANY: usize = 3;
/// Appeals further apart than so many days are not proposed together.
pub const WITHIN_DAYS: i64 = 14;
/// Texts this much alike speak of one thing.
const ALIKE: f64 = 0.3;
/// The same, of subjects in one carrier.
const ALIKE_THERE: f64 = 0.18;
/// So many characters of an appeal are compared.
const READ: usize = 160;

/// An open appeal as proposals look at it.
#[derive(Clone, Debug)]
pub struct Cry {
    /// The appeal.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Its words.
    pub body: String,
    /// Its category.
    pub category: String,
    /// The enterprise or project it belongs to.
    pub subject_id: Uuid,
    /// That one's name.
    pub subject: String,
    /// Where that one sits.
    pub carrier_id: Option<Uuid>,
    /// When it was registered.
    pub at: Time,
}

from_row!(Cry { id, number, title, body, category, subject_id, subject, carrier_id, at });

/// Appeals that may have one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Places in the list that was looked at, earliest appeal first.
    pub members: Vec<usize>,
    /// Why they are proposed together.
    pub reasons: Vec<Reason>,
    /// How many enterprises and projects speak.
    pub subjects: usize,
}

/// Which of these open appeals may have one cause: of one category, within some
/// days, alike in text, less alike where they sit in one carrier; from at least
/// [`MANY`] enterprises or projects. The largest first.
pub fn clusters(cries: &[Cry]) -> Vec<Cluster> {
    let shapes: Vec<Shape> = cries
        .iter()
        .map(|cry| Shape::of(&format!("{}{}", cry.title, cry.body).chars().take(READ).collect::<String>()))
        .collect();
    let mut roots: Vec<usize> = (0..cries.len()).collect();
    // By category and time, so that nobody is compared with what is too far away.
    let mut order = roots.clone();
    order.sort_by(|i, j| (&cries[*i].category, cries[*i].at).cmp(&(&cries[*j].category, cries[*j].at)));
    for (n, i) in order.iter().enumerate() {
        let one = &cries[*i];
        for j in &order[n + 1..] {
            let other = &cries[*j];
            if one.category != other.category || other.at.ms() - one.at.ms() > WITHIN_DAYS * DAY_MS {
                break;
            }
            let there = one.carrier_id.is_some() && one.carrier_id == other.carrier_id;
            if shapes[*i].similarity(&shapes[*j]) >= if there { ALIKE_THERE } else { ALIKE } {
                let (a, b) = (root(&roots, *i), root(&roots, *j));
                roots[a.max(b)] = a.min(b);
            }
        }
    }
    let mut groups: std::collections::BTreeMap<usize, Vec<usize>> = std::collections::BTreeMap::new();
    for i in 0..cries.len() {
        groups.entry(root(&roots, i)).or_default().push(i);
    }
    let mut found: Vec<Cluster> = groups.into_values().filter_map(|members| cluster(cries, members)).collect();
    found.sort_by_key(|cluster| std::cmp::Reverse((cluster.subjects, cluster.members.len())));
    found
}

fn root(roots: &[usize], mut i: usize) -> usize {
    while roots[i] != i {
        i = roots[i];
    }
    i
}

fn cluster(cries: &[Cry], mut members: Vec<usize>) -> Option<Cluster> {
    let mut subjects: Vec<Uuid> = members.iter().map(|i| cries[*i].subject_id).collect();
    subjects.sort_unstable();
    subjects.dedup();
    if subjects.len() < MANY {
        return None;
    }
    members.sort_by_key(|i| (cries[*i].at, *i));
    members.truncate(MOST);
    let mut reasons = vec![Reason::Category, Reason::Text];
    let carrier = cries[members[0]].carrier_id;
    if carrier.is_some() && members.iter().all(|i| cries[*i].carrier_id == carrier) {
        reasons.push(Reason::Place);
    }
    let (first, last) = (members.first()?, members.last()?);
    if cries[*last].at.ms() - cries[*first].at.ms() <= WITHIN_DAYS * DAY_MS {
        reasons.push(Reason::Days);
    }
    Some(Cluster { members, reasons, subjects: subjects.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cry(n: u128, title: &str, category: &str, carrier: Option<u128>, day: i64) -> Cry {
        Cry {
            id: Uuid::from_u128(100 + n),
            number: format!("SQ-{n}"),
            title: title.into(),
            body: String::new(),
            category: category.into(),
            subject_id: Uuid::from_u128(n),
            subject: format!("企业{n}"),
            carrier_id: carrier.map(Uuid::from_u128),
            at: Time::from_ms(day * DAY_MS),
        }
    }

    fn found(cries: &[Cry]) -> Vec<(Vec<usize>, Vec<Reason>)> {
        clusters(cries).into_iter().map(|cluster| (cluster.members, cluster.reasons)).collect()
    }

    #[test]
    fn trucks_of_three_enterprises_that_cannot_enter_have_one_cause() {
        let cries = [
            cry(1, "货车无法进入园区北门", "logistics", None, 1),
            cry(2, "原料货车无法进入园区", "logistics", None, 2),
            cry(3, "招不到夜班操作工", "labour", None, 2),
            cry(4, "送货货车无法进入园区", "logistics", None, 5),
        ];
        assert_eq!(found(&cries), [(vec![0, 1, 3], vec![Reason::Category, Reason::Text, Reason::Days])]);
    }

    #[test]
    fn what_does_not_belong_together_is_not_proposed() {
        for (what, cries) in [
            (
                "two are not many",
                vec![
                    cry(1, "货车无法进入园区", "logistics", None, 1),
                    cry(2, "货车无法进入园区", "logistics", None, 1),
                ],
            ),
            (
                "one enterprise that asks three times is one",
                vec![
                    cry(1, "货车无法进入园区", "logistics", None, 1),
                    cry(1, "货车无法进入园区", "logistics", None, 2),
                    cry(1, "货车无法进入园区", "logistics", None, 3),
                ],
            ),
            (
                "other categories",
                vec![
                    cry(1, "货车无法进入园区", "logistics", None, 1),
                    cry(2, "货车无法进入园区", "traffic", None, 1),
                    cry(3, "货车无法进入园区", "epidemic", None, 1),
                ],
            ),
            (
                "a month lies between",
                vec![
                    cry(1, "货车无法进入园区", "logistics", None, 1),
                    cry(2, "货车无法进入园区", "logistics", None, 31),
                    cry(3, "货车无法进入园区", "logistics", None, 61),
                ],
            ),
            (
                "other matters of one category",
                vec![
                    cry(1, "变压器容量不足需扩容", "power_water_gas", None, 1),
                    cry(2, "冬季供暖管道压力偏低", "power_water_gas", None, 1),
                    cry(3, "申请天然气开口接入", "power_water_gas", None, 1),
                ],
            ),
        ] {
            assert_eq!(found(&cries), [], "{what}");
        }
    }

    #[test]
    fn neighbours_need_fewer_words_in_common() {
        let titles = ["叉车库外路口积水很深", "门口积水车辆进不来", "积水漫过台阶叉车停用"];
        let at = |carrier| {
            let cries: Vec<Cry> = (1..).zip(titles).map(|(n, title)| cry(n, title, "traffic", carrier, 1)).collect();
            found(&cries).len()
        };
        assert_eq!((at(Some(9)), at(None)), (1, 0));
    }
}
