//! Control plans and emergency plans of invented firms, in every state; the closed loop of
//! the news item with what it says of it, and that of an invented firm with people.

use super::World;
use crate::actor::Actor;
use crate::error::Result;
use crate::readiness::plan::{
    DrillKind, NewReadyGap, NewReadyPlan, ReadyAct, ReadyAnswer, ReadyItem, ReadyItemKind, ReadyKind, ReviewMode, desk,
};
use crate::readiness::stay::{LoopAct, LoopGroup, NewLoop, NewMember, Supplies, desk as stay};
use crate::subject::{self, SubjectKind};
use crate::time::{DAY_MS, Day, HOUR_MS};
use crate::zone::default_time_zone;
use uuid::Uuid;

/// How far a plan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Far {
    Draft,
    Submitted,
    Returned,
    Reviewed,
    Approved,
    /// Approved, filed and drilled.
    Drilled,
    /// Approved for a few days only.
    Short,
}

/// Firm, plan, how far it goes, and whether its trade is dangerous or crowded.
const PLANS: &[(&str, ReadyKind, Far, bool)] = &[
    ("云岭医药", ReadyKind::Control, Far::Returned, false),
    ("云岭医药", ReadyKind::Emergency, Far::Drilled, false),
    ("禾润物流", ReadyKind::Control, Far::Approved, false),
    ("禾润物流", ReadyKind::Emergency, Far::Approved, false),
    ("启澜包装", ReadyKind::Control, Far::Approved, false),
    ("启澜包装", ReadyKind::Emergency, Far::Submitted, false),
    ("晟源新材", ReadyKind::Control, Far::Submitted, false),
    ("朗坤器械", ReadyKind::Control, Far::Reviewed, false),
    ("卓衡机械", ReadyKind::Control, Far::Draft, false),
    ("腾屿铸造", ReadyKind::Control, Far::Short, false),
    ("腾屿铸造", ReadyKind::Emergency, Far::Drilled, true),
    ("嘉砺汽配", ReadyKind::Control, Far::Approved, false),
    ("嘉砺汽配", ReadyKind::Emergency, Far::Drilled, false),
    ("明岫建工", ReadyKind::Emergency, Far::Approved, true),
];

/// People of the plans; invented, like their numbers.
const PEOPLE: [(&str, &str); 4] =
    [("江望舒", "13900007701"), ("白砚秋", "13900007702"), ("秦以宁", "13900007703"), ("沈见山", "13900007704")];

fn answer(item: &ReadyItem, n: usize) -> ReadyAnswer {
    let mut answer = ReadyAnswer { key: item.key.clone(), ..ReadyAnswer::default() };
    match item.kind {
        ReadyItemKind::Person => {
            let (name, phone) = PEOPLE[n % PEOPLE.len()];
            (answer.name, answer.phone) = (Some(name.into()), Some(phone.into()));
        }
        ReadyItemKind::Stock => answer.quantity = Some(if item.key == "masks" { 4200 } else { 12 }),
        ReadyItemKind::Roster => answer.text = Some("江望舒\n白砚秋\n秦以宁\n沈见山".into()),
        ReadyItemKind::Place | ReadyItemKind::Text => answer.text = Some(words(&item.key).into()),
        ReadyItemKind::File => {}
    }
    answer
}

/// What a plan says of an item.
fn words(key: &str) -> &'static str {
    match key {
        "zones" => "门岗、生产区、生活区分开，通道单向，物理隔离到顶。",
        "isolation" => "综合楼一层东侧两间，独立通风，专用卫生间。",
        "lodging" => "厂内宿舍楼二至四层，同班组同宿舍。",
        "checks" => "早晚各测体温一次，异常即报，由班组长登记。",
        "shifts" => "两班错开四十分钟上下班；分批就餐，同向就座。",
        "goods" => "货车走北门专用道，货物在北门货场交接并消毒。",
        "response" => "发现异常立即报管委会和街道，封控车间，按街道指令转运。",
        "risks" => "配电室积水、叉车伤害、仓库火灾三类风险，已逐项评估。",
        "duties" => "总指挥下设抢险、疏散、后勤三组，职责到人。",
        "procedure" => "先断电、再疏散、后抢险；十分钟内报管委会。",
        "reporting" => "值班电话全天有人，班组、车间、公司三级报告。",
        "assembly" => "南门停车场。",
        "exits" => "每个车间两个出口，疏散图贴在出口旁。",
        "drills" => "每年六月综合演练一次，每季度车间疏散一次。",
        _ => "由综合部负责。",
    }
}

impl World {
    /// Firms write their plans; the office reviews them.
    pub(super) async fn ready_plans(&self) -> Result<()> {
        for (firm, kind, far, hazard) in PLANS {
            let Some(id) = self.enterprise(firm) else { continue };
            let Some(officer) = self.keeper_of(id) else { continue };
            let officer = self.actor(officer).await?;
            let own = subject::accounts(&mut self.app.read().await?, self.zone, SubjectKind::Enterprise, id).await?;
            // A firm without an account is helped by its officer; then another looks at it.
            let (writer, checker) = match own.first() {
                Some(person) => (self.actor(*person).await?, officer),
                None => (officer, self.dispatcher().await?),
            };
            let plan = self.ready_plan((&writer, &checker), (id, *kind), *far, *hazard).await?;
            if *far == Far::Drilled {
                self.ready_drill(&writer, plan, *hazard).await?;
            }
        }
        Ok(())
    }

    async fn ready_plan(
        &self,
        (writer, checker): (&Actor, &Actor),
        (enterprise, kind): (Uuid, ReadyKind),
        far: Far,
        hazard: bool,
    ) -> Result<Uuid> {
        let new = NewReadyPlan { kind: Some(kind), enterprise_id: Some(enterprise), ..NewReadyPlan::default() };
        let id = desk::begin(&self.app, writer, new).await?;
        let items = desk::record(&self.app, writer, id, None).await?.items;
        let wanted = items
            .iter()
            .enumerate()
            .filter(|(n, item)| item.kind != ReadyItemKind::File && (far != Far::Draft || n % 3 == 0));
        let answers = wanted.map(|(n, item)| answer(item, n)).collect();
        let act = |who: &Actor, act: ReadyAct| {
            let (app, who) = (self.app.clone(), who.clone());
            async move { desk::act(&app, &who, id, act).await }
        };
        act(writer, ReadyAct::Write { answers, hazard: Some(hazard), published_on: None }).await?;
        if far == Far::Draft {
            return Ok(id);
        }
        act(writer, ReadyAct::Submit).await?;
        match far {
            Far::Draft | Far::Submitted => return Ok(id),
            Far::Returned => {
                let gap = |key: &str, text: &str| NewReadyGap { item_key: key.into(), text: text.into() };
                let gaps = vec![
                    gap("isolation", "没有写明专用通道"),
                    gap("goods", "司乘人员不下车怎样签收，没有写"),
                    gap("response", "缺夜间值守电话"),
                ];
                act(checker, ReadyAct::Return { gaps, late_reason: None }).await?;
                return Ok(id);
            }
            _ => {}
        }
        let (mode, note) = match kind {
            ReadyKind::Control => (ReviewMode::Video, "视频逐项看过门岗、宿舍和物资，与清单一致。"),
            ReadyKind::Emergency => (ReviewMode::OnSite, "到厂看过集合点、出口和器材，与清单一致。"),
        };
        act(checker, ReadyAct::Review { mode, note: note.into() }).await?;
        if far == Far::Reviewed {
            return Ok(id);
        }
        let soon = self.app.now().plus(14 * DAY_MS).day(&default_time_zone());
        act(checker, ReadyAct::Approve { valid_until: (far == Far::Short).then_some(soon) }).await?;
        Ok(id)
    }

    /// An emergency plan is filed and drilled; what the drill found becomes tasks. Where
    /// drills are due twice a year, the last one is too long ago.
    async fn ready_drill(&self, writer: &Actor, plan: Uuid, hazard: bool) -> Result<()> {
        let day = |ago: i64| -> Day { self.app.now().plus(-ago * DAY_MS).day(&default_time_zone()) };
        let file = ReadyAct::File {
            filed_on: day(0),
            filing_no: format!("应急备〔2026〕{}号", if hazard { 37 } else { 41 }),
        };
        desk::act(&self.app, writer, plan, file).await?;
        let drill = ReadyAct::Drill {
            kind: if hazard { DrillKind::Desk } else { DrillKind::Live },
            held_on: day(if hazard { 190 } else { 1 }),
            people: if hazard { 24 } else { 62 },
            scenario: "夜间配电室积水，断电后疏散和抢险".into(),
            outcome: Some("七分钟内全部到达集合点，点名无误。".into()),
            findings: if hazard {
                Vec::new()
            } else {
                vec!["二号出口堆放托盘".into(), "夜间广播在东车间听不清".into()]
            },
            revise: false,
        };
        desk::act(&self.app, writer, plan, drill).await?;
        Ok(())
    }

    /// A fact changes that a plan was approved for: it falls back by itself.
    pub(super) async fn ready_changed(&self) -> Result<()> {
        let Some(id) = self.enterprise("启澜包装") else { return Ok(()) };
        let Some(officer) = self.keeper_of(id) else { return Ok(()) };
        let who = self.actor(officer).await?;
        let asked = desk::Asked { kind: Some(ReadyKind::Control), subject_id: Some(id), state: None };
        let plans = desk::plans(&self.app, &who, &asked, None, None, 1).await?;
        let Some(plan) = plans.items.first() else { return Ok(()) };
        let answer = ReadyAnswer {
            key: "lodging".into(),
            text: Some("厂内宿舍检修，改住园区公寓三号楼。".into()),
            ..ReadyAnswer::default()
        };
        let act = ReadyAct::Write { answers: vec![answer], hazard: None, published_on: None };
        desk::act(&self.app, &who, plan.id, act).await?;
        Ok(())
    }

    /// 山水重工 sends two deputies and an assistant of the general manager into the plant
    /// ahead of time. The item names nobody and no other number.
    pub(super) async fn source_inside(&self, epidemic: Option<Uuid>) -> Result<()> {
        let Some(id) = self.enterprise("山水重工") else { return Ok(()) };
        let who = match self.keeper_of(id) {
            Some(officer) => self.actor(officer).await?,
            None => self.command(),
        };
        let new = NewLoop {
            enterprise_id: Some(id),
            disruption_id: epidemic,
            reason: "按防疫要求实行闭环管理，提前安排人员驻厂保产".into(),
            ..NewLoop::default()
        };
        let closed = stay::begin(&self.app, &who, new).await?;
        let several = |job: &str, number| NewMember {
            job: job.into(),
            crew: Some(LoopGroup::Management),
            number: Some(number),
            responsible: true,
            ..NewMember::default()
        };
        let members = vec![several("副总", 2), several("总经理助理", 1)];
        stay::act(&self.app, &who, closed, LoopAct::Enlist { members }).await?;
        let member_ids = stay::roster(&self.app, &who, closed, None).await?.members.iter().map(|one| one.id).collect();
        stay::act(&self.app, &who, closed, LoopAct::Enter { member_ids, area: None, at: None }).await?;
        stay::act(&self.app, &who, closed, LoopAct::Close).await?;
        Ok(())
    }

    /// An invented firm keeps people in the plant while the water stands; one of its shifts
    /// lacks people and who leads.
    pub(super) async fn flood_inside(&self, flood: Option<Uuid>) -> Result<()> {
        let Some(id) = self.enterprise("云岭医药") else { return Ok(()) };
        let own = subject::accounts(&mut self.app.read().await?, self.zone, SubjectKind::Enterprise, id).await?;
        let Some(person) = own.first() else { return Ok(()) };
        let who = self.actor(*person).await?;
        let new = NewLoop {
            enterprise_id: Some(id),
            disruption_id: flood,
            reason: "汛期道路积水，关键岗位留厂值守".into(),
            supplies: Supplies {
                areas: Some("生产区\n生活区\n冷库".into()),
                beds: Some(12),
                meals: Some(40),
                medicine_days: Some(7),
                party: Some(3),
            },
            ..NewLoop::default()
        };
        let closed = stay::begin(&self.app, &who, new).await?;
        let one = |name: &str, job: &str, crew, responsible| NewMember {
            name: Some(name.into()),
            job: job.into(),
            crew: Some(crew),
            responsible,
            ..NewMember::default()
        };
        let members = vec![
            one("江望舒", "生产副总", LoopGroup::Management, true),
            one("白砚秋", "设备主管", LoopGroup::Technician, false),
            one("秦以宁", "制冷工", LoopGroup::Technician, false),
            NewMember {
                job: "包装工".into(), crew: Some(LoopGroup::Worker), number: Some(6), ..NewMember::default()
            },
        ];
        stay::act(&self.app, &who, closed, LoopAct::Enlist { members }).await?;
        let all: Vec<Uuid> =
            stay::roster(&self.app, &who, closed, None).await?.members.iter().map(|one| one.id).collect();
        let enter = LoopAct::Enter { member_ids: all.clone(), area: Some("生活区".into()), at: None };
        stay::act(&self.app, &who, closed, enter).await?;
        stay::act(&self.app, &who, closed, LoopAct::Close).await?;
        let leave = LoopAct::Leave {
            member_ids: all.iter().skip(1).take(1).copied().collect(),
            at: Some(self.app.now().plus(HOUR_MS / 20)),
            reason: Some("家中进水".into()),
        };
        stay::act(&self.app, &who, closed, leave).await?;
        let zone = default_time_zone();
        for (ahead, label, least, crew) in
            [(2, "白班", 5, &all[..]), (2, "夜班", 3, &all[all.len() - 2..all.len() - 1])]
        {
            let begins = self.app.now().plus(ahead * DAY_MS).day(&zone).start(&zone);
            let from = begins.plus(if label == "白班" { 8 } else { 20 } * HOUR_MS);
            let shift = LoopAct::Shift {
                label: label.into(),
                starts_at: from,
                ends_at: from.plus(12 * HOUR_MS),
                least,
                member_ids: crew.to_vec(),
            };
            stay::act(&self.app, &who, closed, shift).await?;
        }
        Ok(())
    }
}
