//! Approvals without a meeting: a dozen matters with their specialists, and sixty days of
//! applications by invented firms, so that every state is there.

use super::life::{Agenda, Event};
use super::stories::OF_SOURCE;
use super::{DAYS, World, data};
use crate::actor::Actor;
use crate::approval::courier::{DeliveryAct, NewDelivery, desk as courier};
use crate::approval::matter::{
    Asks, Content, Level, Material, MatterKind, Need, NewMatter, Question, Source, desk as matters,
};
use crate::approval::{Act, Channel, NewApplication, Procedure, desk};
use crate::error::{Conflict, Error, Result};
use crate::registry::fact;
use crate::subject::{self, SubjectKind};
use crate::time::{DAY_MS, Day, HOUR_MS, Time};
use almanac::Calendar;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Applications of the sixty days.
const CASES: usize = 66;

/// What happens to an application next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// 申请
    Apply,
    /// 要求补正
    AskCorrection,
    /// 补正
    Resubmit,
    /// 受理
    Accept,
    /// 到窗口面谈
    Meet,
    /// 电话沟通
    Call,
    /// 审查
    Review,
    /// 听证、专家评审
    Special,
    /// 特别程序结束
    Resume,
    /// 延期
    Extend,
    /// 容缺材料补齐
    Settle,
    /// 准予
    Grant,
    /// 不予许可
    Refuse,
    /// 不予受理
    NotAccept,
    /// 撤回
    Withdraw,
    /// 填写地址
    Address,
    /// 交寄
    Dispatch,
    /// 签收
    Arrive,
    /// 退回
    Return,
}

use Approval as A;

/// A step of a case: what is done, how many working days after the first, at which hour.
type Step = (A, u32, i64);

/// The usual way: step, working days after the application, hour.
const USUAL: &[Step] = &[
    (A::Apply, 0, 9),
    (A::Address, 0, 10),
    (A::Accept, 1, 10),
    (A::Call, 1, 14),
    (A::Review, 1, 15),
    (A::Grant, 3, 11),
    (A::Dispatch, 4, 15),
    (A::Arrive, 6, 10),
];

/// Other ways, by the place of the application: every so many, which one, its steps.
const OTHER: &[(usize, usize, &[Step])] = &[
    // 视为受理: nobody answers in time.
    (
        33,
        14,
        &[
            (A::Apply, 0, 9),
            (A::Review, 8, 10),
            (A::Grant, 9, 10),
            (A::Address, 9, 11),
            (A::Dispatch, 10, 15),
            (A::Arrive, 12, 9),
        ],
    ),
    // 有人到窗口.
    (
        22,
        5,
        &[
            (A::Apply, 0, 9),
            (A::Accept, 1, 9),
            (A::Meet, 2, 10),
            (A::Review, 2, 14),
            (A::Grant, 5, 11),
            (A::Address, 5, 14),
            (A::Dispatch, 6, 15),
            (A::Arrive, 8, 10),
        ],
    ),
    (
        11,
        3,
        &[
            (A::Apply, 0, 9),
            (A::AskCorrection, 1, 10),
            (A::Resubmit, 3, 9),
            (A::Accept, 4, 10),
            (A::Review, 4, 15),
            (A::Grant, 6, 10),
            (A::Address, 6, 14),
            (A::Dispatch, 7, 15),
            (A::Arrive, 9, 10),
        ],
    ),
    (17, 8, &[(A::Apply, 0, 9), (A::Accept, 1, 9), (A::Review, 1, 15), (A::Refuse, 4, 10)]),
    (19, 10, &[(A::Apply, 0, 9), (A::Withdraw, 1, 16)]),
    (21, 12, &[(A::Apply, 0, 9), (A::NotAccept, 1, 10)]),
    (
        16,
        11,
        &[
            (A::Apply, 0, 9),
            (A::Accept, 1, 9),
            (A::Review, 1, 14),
            (A::Special, 2, 10),
            (A::Resume, 12, 10),
            (A::Grant, 14, 10),
            (A::Address, 14, 14),
            (A::Dispatch, 15, 15),
            (A::Arrive, 17, 9),
        ],
    ),
    (
        13,
        6,
        &[
            (A::Apply, 0, 9),
            (A::Address, 0, 11),
            (A::Accept, 1, 9),
            (A::Settle, 4, 10),
            (A::Review, 4, 14),
            (A::Grant, 5, 10),
            (A::Dispatch, 6, 15),
            (A::Arrive, 8, 9),
        ],
    ),
    (
        20,
        9,
        &[
            (A::Apply, 0, 9),
            (A::Accept, 1, 9),
            (A::Review, 2, 9),
            (A::Extend, 3, 10),
            (A::Grant, 9, 10),
            (A::Address, 9, 14),
            (A::Dispatch, 10, 15),
            (A::Return, 13, 9),
            (A::Address, 14, 9),
            (A::Dispatch, 14, 15),
            (A::Arrive, 16, 9),
        ],
    ),
];

/// The applications of the demo while they are made.
#[derive(Default)]
pub struct Approvals {
    matters: Vec<Uuid>,
    cases: BTreeMap<usize, Uuid>,
}

/// Puts the steps of every application in their places.
pub fn plan(agenda: &mut Agenda, now: Time, calendar: &Calendar) {
    for n in 0..CASES {
        let ago = (DAYS - 3) - i64::try_from(n).unwrap_or_default() * (DAYS - 3) / i64::try_from(CASES).unwrap_or(1);
        let mut first = now.plus(-ago * DAY_MS).day(calendar.time_zone()).0;
        if !calendar.is_working(first) {
            first = calendar.add_working_days(first, 1);
        }
        let steps = OTHER.iter().find(|(every, which, _)| n % every == *which).map_or(USUAL, |(.., steps)| steps);
        for (step, days, hour) in steps {
            let day = if *days == 0 { first } else { calendar.add_working_days(first, *days) };
            let minutes = i64::try_from(n * 7 % 50).unwrap_or_default();
            let at = Day(day).start(calendar.time_zone()).plus(hour * HOUR_MS + minutes * 60_000);
            agenda.put(at, Event::Approval(n, *step));
        }
    }
}

impl World {
    /// The matters of the office, with a specialist and a deputy each.
    pub(super) async fn open_matters(&mut self) -> Result<()> {
        let who = self.dispatcher().await?;
        let department_id = self.departments.get("approval").copied();
        let staff = self.staff_of("approval");
        for (n, row) in data::matters().iter().enumerate() {
            let turn = |i: usize| staff.get((n + i) % staff.len().max(1)).copied();
            let days = |column: &str| row.get(column).parse().unwrap_or(20);
            let new = NewMatter {
                id: None,
                code: row.get("code").to_owned(),
                title: row.get("title").to_owned(),
                kind: MatterKind::parse(row.get("kind")).unwrap_or(MatterKind::Other),
                level: Level::parse(row.get("level")).unwrap_or(Level::Full),
                green: true,
                instant: row.get("instant") == "yes",
                department_id,
                owner_id: turn(1),
                deputy_id: turn(2),
                content: Content {
                    basis: row.get("basis").to_owned(),
                    conditions: row.get("conditions").to_owned(),
                    materials: row.get("materials").split('；').map(material).collect(),
                    questions: questions(row.get("questions")),
                    statutory_days: days("statutory"),
                    promised_days: days("promised"),
                    fee: None,
                    channels: vec![Channel::Web, Channel::Phone, Channel::Video, Channel::Wechat, Channel::Post],
                },
            };
            self.approvals.matters.push(matters::make(&self.app, &who, new).await?);
        }
        Ok(())
    }

    /// One step of an application.
    pub(super) async fn approve(&mut self, n: usize, step: Approval) -> Result<()> {
        let Some(matter) = self.approvals.matters.get(n * 5 % self.approvals.matters.len().max(1)).copied() else {
            return Ok(());
        };
        if step == A::Apply {
            return self.begin(n, matter).await;
        }
        let Some(id) = self.approvals.cases.get(&n).copied() else { return Ok(()) };
        let full = match desk::full(&self.app, &self.dispatcher().await?, id).await {
            // What is still a draft is its writer's alone.
            Err(Error::NotFound) => return Ok(()),
            full => full?,
        };
        let (Some(handler), Some(applicant)) = (full.application.handler_id, full.application.made_by) else {
            return Ok(());
        };
        let (specialist, applicant) = (self.actor(handler).await?, self.actor(applicant).await?);
        let text = str::to_owned;
        let (who, act) = match step {
            A::AskCorrection => (
                specialist,
                Act::AskCorrection { text: text("平面图缺少尺寸标注；经营项目与申请书不一致。") },
            ),
            A::Resubmit => {
                let (answers, papers) = (full.application.answers(), full.application.papers());
                (applicant, Act::Resubmit { answers, papers, promise: true })
            }
            A::Accept => (specialist, Act::Accept {}),
            A::NotAccept => (
                specialist,
                Act::NotAccept {
                    reason: text("该路段由市级管理，不属于本区受理范围。"),
                    right_channel: text("市城市管理局政务服务窗口"),
                },
            ),
            A::Meet => (
                specialist,
                Act::Touch {
                    channel: Channel::Window,
                    met: true,
                    minutes: Some(25),
                    note: Some(text("申请人到窗口核对原件。")),
                    at: None,
                },
            ),
            A::Call => {
                let channel = [Channel::Phone, Channel::Video, Channel::Wechat][n % 3];
                let note = Some(text("说明办理进度和还需注意的事。"));
                (specialist, Act::Touch { channel, met: false, minutes: Some(8), note, at: None })
            }
            A::Review => (specialist, Act::Review {}),
            A::Special => (specialist, Act::Special { procedure: Procedure::ExpertReview, expected_days: 10 }),
            A::Resume => (specialist, Act::Resume { result: text("专家评审已通过。") }),
            A::Extend => {
                (self.actor_named("魏书衡").await?, Act::Extend { days: 5, reason: text("需与外地主管部门核实材料。") })
            }
            A::Settle => match full.application.debts().pop() {
                Some(material) => (specialist, Act::Settle { material }),
                None => return Ok(()),
            },
            A::Grant => (specialist, Act::Grant { conditions: None }),
            A::Refuse => (
                specialist,
                Act::Refuse {
                    reason: text("场所条件不符合规定，经核查无法整改。"),
                    remedies: text("可在收到决定之日起六十日内申请行政复议，或者在六个月内提起行政诉讼。"),
                },
            ),
            A::Withdraw => (applicant, Act::Withdraw { reason: text("项目计划有变，暂不办理。") }),
            A::Address => {
                let new = NewDelivery {
                    id: None,
                    application_id: id,
                    recipient: text("办公室收"),
                    phone: format!("1390000{n:04}"),
                    address: format!("大学城{}路{}号", ["创新", "学府", "科苑"][n % 3], n + 10),
                    consent: true,
                };
                return courier::address(&self.app, &applicant, new).await.map(drop);
            }
            A::Dispatch | A::Arrive | A::Return => {
                return self.send(n, &specialist, &full.deliveries, step).await;
            }
            A::Apply => return Ok(()),
        };
        match desk::act(&self.app, &who, id, act, None).await {
            // A step comes too late when another was quicker.
            Err(Error::Conflict(Conflict::State(_)) | Error::Forbidden) => Ok(()),
            done => done.map(drop),
        }
    }

    /// A parcel goes, arrives or comes back.
    async fn send(
        &self,
        n: usize,
        who: &Actor,
        all: &[crate::approval::courier::Delivery],
        step: Approval,
    ) -> Result<()> {
        let Some(one) = all.iter().find(|one| one.state.is_open()) else { return Ok(()) };
        let act = match step {
            A::Dispatch => DeliveryAct::Dispatch {
                carrier: "EMS".into(),
                parcel_no: format!("10{:011}", 47_000_000_000_u64 + u64::try_from(n * 7919).unwrap_or_default()),
                licences: format!("{}证照 1 份", one.matter_title),
            },
            A::Arrive => DeliveryAct::Arrive { proof: "前台签收".into() },
            _ => DeliveryAct::Returned { proof: "收件人外出，逾期退回".into() },
        };
        courier::act(&self.app, who, one.id, act).await.map(drop)
    }

    /// A firm applies: by its account where it has one, otherwise by telephone, video or
    /// WeChat, and the specialist writes it down.
    async fn begin(&mut self, n: usize, matter: Uuid) -> Result<()> {
        let invented = self.enterprises.len() - OF_SOURCE;
        let place = OF_SOURCE + n * 13 % invented.max(1);
        let with_account = ["云岭医药", "恒岳电子"].map(|name| self.enterprise(name));
        let firm = match (n % 4, with_account) {
            (1, [Some(one), _]) | (3, [_, Some(one)]) => one,
            _ => self.enterprises[place].id,
        };
        let of = matters::matter(&self.app, &self.dispatcher().await?, matter).await?;
        let said = of.said();
        let people = subject::accounts(&mut self.app.read().await?, self.zone, SubjectKind::Enterprise, firm).await?;
        let (who, enterprise_id, channel) = match people.first() {
            Some(person) => (self.actor(*person).await?, None, None),
            None => {
                let channel = [Channel::Phone, Channel::Video, Channel::Wechat][n % 3];
                (self.actor(of.owner_id).await?, Some(firm), Some(channel))
            }
        };
        let today = self.app.now().day(&crate::zone::default_time_zone()).to_string();
        let asked = said.questions.iter().filter(|q| q.known.is_none());
        let answer = |q: &Question| match q.asks {
            Asks::Number => (n * 37 % 400 + 20).to_string(),
            Asks::Day => today.clone(),
            Asks::Choice => q.options.get(n % q.options.len().max(1)).cloned().unwrap_or_default(),
            Asks::Text | Asks::Long => format!("{}，详见附件", q.label),
        };
        // Some leave to later what may come later.
        let tolerates = n % 13 == 6;
        let there = |(i, m): (usize, &Material)| (!(tolerates && m.need == Need::Tolerable)).then_some(i);
        let new = NewApplication {
            id: None,
            matter_id: matter,
            enterprise_id,
            channel,
            answers: asked.map(|q| (q.key.clone(), answer(q))).collect(),
            papers: said.materials.iter().enumerate().filter_map(there).collect(),
            promise: true,
            draft: n + 2 == CASES,
            files: None,
        };
        let id = desk::apply(&self.app, &who, new).await?;
        self.approvals.cases.insert(n, id);
        Ok(())
    }

    /// What stands accepted because nobody answered, and what is reminded of.
    pub(super) async fn approvals_by_rule(&self) -> Result<()> {
        desk::deem(&self.app, self.zone).await?;
        desk::remind(&self.app, self.zone).await.map(drop)
    }
}

/// `名称=来源=必要性=天数`.
fn material(text: &str) -> Material {
    let mut parts = text.split('=');
    let mut next = || parts.next().unwrap_or_default();
    Material {
        name: next().to_owned(),
        source: Source::parse(next()).unwrap_or(Source::Own),
        need: Need::parse(next()).unwrap_or(Need::Required),
        days: next().parse().ok(),
    }
}

/// What the register knows first, then `问题=类型=选项、选项`.
fn questions(text: &'static str) -> Vec<Question> {
    let known = [
        ("name", "企业名称", fact::Key::Name),
        ("uscc", "统一社会信用代码", fact::Key::Uscc),
        ("address", "地址", fact::Key::Address),
    ];
    let mut all: Vec<Question> = known
        .into_iter()
        .map(|(key, label, fact)| Question {
            key: key.to_owned(),
            label: label.to_owned(),
            asks: Asks::Text,
            required: key == "name",
            options: Vec::new(),
            known: Some(fact),
        })
        .collect();
    for (n, one) in (1..).zip(text.split('；').filter(|one| !one.is_empty())) {
        let mut parts = one.split('=');
        let label = parts.next().unwrap_or_default().to_owned();
        let asks = parts.next().and_then(Asks::parse).unwrap_or(Asks::Text);
        let options = parts.next().unwrap_or_default().split('、').filter(|text| !text.is_empty());
        all.push(Question {
            key: format!("q{n}"),
            label,
            asks,
            required: true,
            options: options.map(str::to_owned).collect(),
            known: None,
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Check;

    #[test]
    fn the_matters_hold_and_every_way_is_taken() {
        let rows = data::matters();
        assert!(rows.len() >= 12);
        for row in &rows {
            let mut content = Content {
                basis: row.get("basis").into(),
                conditions: row.get("conditions").into(),
                materials: row.get("materials").split('；').map(material).collect(),
                questions: questions(row.get("questions")),
                statutory_days: row.get("statutory").parse().expect("days"),
                promised_days: row.get("promised").parse().expect("days"),
                ..Content::default()
            };
            let mut check = Check::new();
            content.check(&mut check);
            assert!(check.done().is_ok(), "{}", row.get("title"));
        }
        for (every, which, _) in OTHER {
            assert!((0..CASES).any(|n| n % every == *which), "{every} {which}");
        }
    }
}
