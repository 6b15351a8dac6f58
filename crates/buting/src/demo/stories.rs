//! What the sixty days tell: the epidemic of the news item, replayed as an
//! exercise, and a flood that is under way. The firms and the project of the
//! item carry only what it says of them; trouble that is invented befalls
//! invented firms.

use super::World;
use super::firms::PROJECT;
use crate::appeal::act::Act;
use crate::appeal::solution::Bearer;
use crate::appeal::{self, Action, Channel, NewAppeal, ResultKind, Status, Urgency, WentOn, cause, phrase, solution};
use crate::continuity::desk;
use crate::continuity::{
    Cause, ClockMode, DisruptionKind, DisruptionState, Effect, Line, MeasureEnd, MeasureKind, NewDisruption, NewLight,
    NewMeasure, State, WarningColour,
};
use crate::error::Result;
use crate::project::{NewMember, NewTaskForce, desk as project};
use crate::subject::SubjectKind;
use crate::task::{self, NewTask};
use crate::time::DAY_MS;
use crate::visit::{NewItem, NewVisit, VisitAppeal, desk as visit};
use crate::zone::Zone;
use uuid::Uuid;

/// The five of the news item whose staff could not be sampled without trouble.
pub const SAMPLED: [&str; 5] = ["重汽橡塑件", "济柴", "北辰", "艺高", "佳宝"];

/// So many firms stand in the news item, and first in the register.
pub const OF_SOURCE: usize = SAMPLED.len() + 1;

/// A step of a story, by name and, where it has several subjects, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// The exercise is opened.
    Epidemic,
    /// The committee founds its task force for key projects.
    TaskForce,
    /// One of the five says in a visit that sampling disturbs production.
    SamplingTrouble(usize),
    /// What the five say is coordinated as one.
    SamplingGathered,
    /// The street health centre is asked to train the staff that was chosen.
    TrainingAsked,
    /// It has trained them.
    Trained,
    /// One answer to the five.
    SamplingAnswered,
    /// The answer goes to them.
    SamplingReviewed,
    /// Its own sampling point is decided on.
    SamplingPoint(usize),
    /// The point is open, production goes on.
    SamplingSolved(usize),
    /// 山水重工 has sent managers into the plant ahead of time.
    ClosedLoop,
    /// The project's trucks cannot pass: works are about to stop.
    TrucksBlocked,
    /// The soil is to be piled where nobody builds yet.
    Stockpile,
    /// There is room to work: works go on.
    WorksGoOn,
    /// The flood is declared.
    Flood,
    /// Water reaches invented firms.
    Water(usize),
    /// Pumps and detours.
    Pumping(usize),
    /// One of them runs again.
    Dry(usize),
    /// Trucks of several firms stand before one flooded gate.
    Gate(usize),
    /// What they report is coordinated as one.
    GateGathered,
    /// Two ways are proposed, one is chosen.
    GateSolutions,
    /// The gate is to be made dry for good; something stands in the way.
    GateTask,
    /// The first of them is closed, and what solved it is kept.
    GateKept,
    /// The office writes down what it writes every day.
    Phrases,
    /// It is told how it goes on.
    GateProgress,
    /// One answer to all of them.
    GateAnswered,
    /// The answer goes to the firms.
    GateReviewed,
    /// One of the firms accepts it.
    GateConfirmed(usize),
    /// Several firms ask for the same, and nobody has gathered it yet.
    Damp(usize),
    /// A firm asks in a visit how a policy works.
    Policy,
    /// A step of the sampling at the five firms' own points, by number.
    Screening(usize),
    /// Firms write their control and emergency plans, the office reviews them.
    Plans,
    /// A fact changes that one of them was approved for.
    PlanChanged,
    /// Who 山水重工 sent into the plant is in the register.
    Inside,
    /// An invented firm keeps people in the plant.
    FloodInside,
}

/// What a story has to remember.
#[derive(Default)]
pub struct Remembered {
    epidemic: Option<Uuid>,
    flood: Option<Uuid>,
    points: [Option<Uuid>; 5],
    sampling: Vec<Uuid>,
    sampling_cause: Option<Uuid>,
    stockpile: Option<Uuid>,
    pumps: Vec<Option<Uuid>>,
    gate: Vec<Uuid>,
    gate_cause: Option<Uuid>,
    gate_solution: Option<Uuid>,
}

/// Firms that the flood reaches: short name, line, state, percentage, cause.
const FLOODED: [(&str, Line, State, Option<i64>, &str); 8] = [
    ("禾润物流", Line::Transport, State::Stopped, None, "园区西门路口积水四十厘米，货车不能通行"),
    ("恒岳电子", Line::Production, State::AtRisk, None, "配电室外积水上涨，距门槛不足二十厘米"),
    ("启澜包装", Line::Production, State::Reduced, Some(60), "原料仓进水，只能用成品库存维持一条线"),
    ("晟源新材", Line::Production, State::AtRisk, None, "地下料仓排水泵故障"),
    ("云岭医药", Line::Transport, State::Reduced, Some(50), "冷链车辆绕行，趟次减半"),
    ("腾屿铸造", Line::Production, State::Stopped, None, "变压器跳闸，等待供电部门检查"),
    ("博森供应链", Line::Transport, State::AtRisk, None, "仓库门前道路一侧封闭"),
    ("卓衡机械", Line::Production, State::Reduced, Some(70), "夜班人员到岗困难"),
];

/// Firms whose trucks do not get through the flooded gate, and what they say.
const GATE: [(&str, &str); 4] = [
    ("禾润物流", "西门路口积水，货车进不了园区"),
    ("博森供应链", "园区西门积水，送货货车进不了园区"),
    ("云岭医药", "西门路口积水，冷链货车进不了园区"),
    ("启澜包装", "西门路口积水，原料货车进不了园区"),
];

/// Firms whose stores are damp after the rain.
const DAMP: [(&str, &str); 3] = [
    ("晟源新材", "雨后仓库返潮，急需借用除湿设备"),
    ("启澜包装", "纸板仓库返潮，急需除湿设备"),
    ("恒岳电子", "元件仓库返潮，需要借用除湿设备"),
];

/// The steps of the stories: days before the first start, hour, step.
pub fn steps() -> Vec<(i64, i64, Story)> {
    let mut steps = vec![
        (38, 9, Story::Epidemic),
        (38, 10, Story::TaskForce),
        (37, 8, Story::ClosedLoop),
        (37, 13, Story::SamplingGathered),
        (37, 15, Story::TrainingAsked),
        (36, 10, Story::TrucksBlocked),
        (35, 11, Story::Trained),
        (31, 17, Story::SamplingAnswered),
        (30, 10, Story::SamplingReviewed),
        (5, 10, Story::Policy),
        (20, 10, Story::Plans),
        (4, 9, Story::PlanChanged),
        (37, 9, Story::Inside),
        (1, 9, Story::FloodInside),
    ];
    for n in 0..SAMPLED.len() {
        let n_days = i64::try_from(n).unwrap_or_default();
        steps.push((37, 9 + n_days % 3, Story::SamplingTrouble(n)));
        steps.push((36, 14 + n_days % 3, Story::SamplingPoint(n)));
        steps.push((33 - n_days % 3, 16, Story::SamplingSolved(n)));
    }
    let screening = [
        (37, 15),
        (35, 12),
        (34, 9),
        (33, 18),
        (32, 7),
        (32, 12),
        (31, 12),
        (30, 9),
        (27, 8),
        (24, 8),
        (2, 7),
        (2, 11),
        (1, 11),
        (1, 16),
    ];
    steps.extend(screening.into_iter().enumerate().map(|(n, (days, hour))| (days, hour, Story::Screening(n))));
    steps.push((36, 15, Story::Stockpile));
    steps.push((35, 17, Story::WorksGoOn));
    steps.push((3, 6, Story::Flood));
    for n in 0..FLOODED.len() {
        let hour = 7 + i64::try_from(n).unwrap_or_default();
        steps.push((3 - hour % 2, hour, Story::Water(n)));
        if n != 6 {
            steps.push((2, hour.min(17), Story::Pumping(n)));
        }
        if n % 3 == 1 {
            steps.push((1, hour, Story::Dry(n)));
        }
    }
    for (n, hour) in (0..GATE.len()).zip(8..) {
        steps.push((3, hour, Story::Gate(n)));
        steps.push((1, hour + 3, Story::GateConfirmed(n)));
    }
    steps.extend([(3, 14, Story::GateGathered), (2, 9, Story::GateProgress)]);
    steps.extend([
        (39, 9, Story::Phrases),
        (3, 15, Story::GateSolutions),
        (3, 16, Story::GateTask),
        (1, 13, Story::GateKept),
    ]);
    steps.extend([(2, 16, Story::GateAnswered), (2, 17, Story::GateReviewed)]);
    steps.extend((0..DAMP.len()).zip(13..).map(|(n, hour)| (1, hour, Story::Damp(n))));
    steps
}

impl World {
    /// Lives one step of a story.
    pub(super) async fn tell(&mut self, story: Story) -> Result<()> {
        match story {
            Story::Epidemic => self.open_epidemic().await,
            Story::TaskForce => self.task_force().await,
            Story::SamplingTrouble(n) => self.sampling_trouble(n).await,
            Story::SamplingGathered => self.sampling_gathered().await,
            Story::TrainingAsked => self.training_asked().await,
            Story::Trained => self.trained().await,
            Story::SamplingAnswered => {
                let answer = cause::Answer {
                    result: Some(ResultKind::Solved),
                    text: "在企业内挑选具备一定医学背景的职工，平安街道卫生院为其提供专业培训，企业自建核酸检测点，\
                           方便职工检测，保障企业正常生产。"
                        .into(),
                    production_continued: Some(WentOn::Yes),
                    ..cause::Answer::default()
                };
                self.cause_step(self.remembered.sampling_cause, false, cause::Act::Answer(answer)).await
            }
            Story::SamplingReviewed => {
                let act = cause::Act::Review { ok: true, reason: None };
                self.cause_step(self.remembered.sampling_cause, true, act).await
            }
            Story::Policy => self.policy_asked().await,
            Story::Screening(n) => self.screening(n).await,
            Story::Plans => self.ready_plans().await,
            Story::PlanChanged => self.ready_changed().await,
            Story::Inside => self.source_inside(self.remembered.epidemic).await,
            Story::FloodInside => self.flood_inside(self.remembered.flood).await,
            Story::SamplingPoint(n) => self.sampling_point(n).await,
            Story::SamplingSolved(n) => self.sampling_solved(n).await,
            Story::ClosedLoop => self.closed_loop().await,
            Story::TrucksBlocked => self.trucks_blocked().await,
            Story::Stockpile => self.stockpile().await,
            Story::WorksGoOn => self.works_go_on().await,
            Story::Flood => self.open_flood().await,
            Story::Water(n) => self.water(n).await,
            Story::Pumping(n) => self.pumping(n).await,
            Story::Dry(n) => self.dry(n).await,
            Story::Gate(n) => self.gate(n).await,
            Story::GateGathered => self.gate_gathered().await,
            Story::GateProgress => {
                let text = "路政已调移动泵车抽排西门路口积水，交警大队疏导货车经北门进出，预计明天上午恢复通行。";
                let act = cause::Act::Note { text: text.into(), tell: true };
                self.cause_step(self.remembered.gate_cause, false, act).await
            }
            Story::GateSolutions => self.gate_solutions().await,
            Story::GateTask => self.gate_task().await,
            Story::GateKept => self.gate_kept().await,
            Story::Phrases => self.phrases().await,
            Story::GateAnswered => self.gate_answered().await,
            Story::GateReviewed => {
                let act = cause::Act::Review { ok: true, reason: None };
                self.cause_step(self.remembered.gate_cause, true, act).await
            }
            Story::GateConfirmed(n) => self.gate_confirmed(n).await,
            Story::Damp(n) => {
                let (firm, title) = DAMP[n];
                let body = "连日降雨，库内湿度超过百分之八十，物料受潮，想借用或租用工业除湿机三五天。";
                self.phoned(firm, title, body, "safety_env").await.map(drop)
            }
        }
    }

    /// A firm telephones; the coordination office writes it down.
    async fn phoned(&mut self, firm: &str, title: &str, body: &str, category: &str) -> Result<Option<Uuid>> {
        let Some(enterprise) = self.enterprise(firm) else { return Ok(None) };
        let new = NewAppeal {
            enterprise_id: Some(enterprise),
            title: title.into(),
            body: body.into(),
            category: category.into(),
            urgency: Urgency::Urgent,
            channel: Channel::Phone,
            disruption_id: self.remembered.flood,
            ..NewAppeal::default()
        };
        appeal::desk::open(&self.app, &self.dispatcher().await?, new).await.map(Some)
    }

    async fn gate(&mut self, n: usize) -> Result<()> {
        let (firm, title) = GATE[n];
        let body = "西门路口积水四十厘米，货车无法通行，原料和成品都压在门外，请尽快排水或安排绕行。";
        let id = self.phoned(firm, title, body, "logistics").await?;
        self.remembered.gate.extend(id);
        Ok(())
    }

    async fn gate_gathered(&mut self) -> Result<()> {
        let new = cause::NewCause {
            id: None,
            title: "西门路口积水，货车进不了园区".into(),
            body: "西门路口地势低，强降雨后积水，多家企业货车受阻。".into(),
            category: "logistics".into(),
            department_id: self.departments.get("enterprise").copied(),
            appeals: self.remembered.gate.clone(),
        };
        self.remembered.gate_cause = Some(cause::desk::open(&self.app, &self.dispatcher().await?, new).await?);
        Ok(())
    }

    /// The coordination office, or the department that coordinates it, carries a common cause on.
    async fn cause_step(&self, id: Option<Uuid>, by_desk: bool, act: cause::Act) -> Result<()> {
        let Some(id) = id else { return Ok(()) };
        let who = if by_desk { self.dispatcher().await? } else { self.somebody("enterprise", 0).await? };
        cause::desk::act(&self.app, &who, id, act).await.map(drop)
    }

    async fn gate_answered(&mut self) -> Result<()> {
        let answer = cause::Answer {
            result: Some(ResultKind::Solved),
            text: "西门路口积水已排除，货车恢复通行；汛期内泵车在路口值守，再次积水时改由北门进出，短信提前告知。"
                .into(),
            production_continued: Some(WentOn::Partly),
            ..cause::Answer::default()
        };
        self.cause_step(self.remembered.gate_cause, false, cause::Act::Answer(answer)).await
    }

    /// Two ways to get trucks through the flooded gate; the one that is there at once is chosen.
    async fn gate_solutions(&mut self) -> Result<()> {
        let Some(appeal) = self.remembered.gate.first().copied() else { return Ok(()) };
        let who = self.somebody("enterprise", 0).await?;
        let draft = |method: &str, measures: &str, limits: &str| solution::SolutionDraft {
            method: method.into(),
            measures: measures.into(),
            bearer: Bearer::Office,
            pros: None,
            limits: Some(limits.into()),
            basis: Some("汛期交通组织预案".into()),
        };
        let pumps = draft(
            "泵车抽排、交警疏导，货车改走备用门",
            "调移动泵车抽排积水；交警现场疏导，货车经备用门进出；恢复通行后短信告知企业。",
            "积水超过半米时备用门也不能走",
        );
        let wall = draft("抬高路面", "路口路面整体抬高三十厘米，增设雨水箅。", "工期两个月，当季来不及");
        let chosen = solution::desk::act(&self.app, &who, appeal, solution::Act::Propose(pumps)).await?;
        solution::desk::act(&self.app, &who, appeal, solution::Act::Propose(wall)).await?;
        let reason = "当天见效，不影响生产".to_owned();
        let choose = solution::Act::Choose { solution_id: chosen, reason };
        solution::desk::act(&self.app, &who, appeal, choose).await?;
        self.remembered.gate_solution = Some(chosen);
        Ok(())
    }

    /// Due the day before the first start, and blocked.
    async fn gate_task(&mut self) -> Result<()> {
        let who = self.somebody("enterprise", 0).await?;
        let zone = crate::zone::default_time_zone();
        let new = NewTask {
            title: "西门路口加装强排泵".into(),
            body: Some("汛期前完成，避免再次积水。".into()),
            due_on: Some(self.app.now().plus(2 * DAY_MS).day(&zone)),
            doers: self.staff_of("enterprise").into_iter().take(2).collect(),
            appeal_id: self.remembered.gate.get(3).copied(),
            objectives: vec!["泵位和电源到位".into(), "试运行".into()],
            ..NewTask::default()
        };
        let id = task::desk::make(&self.app, &who, new).await?;
        let full = task::desk::full(&self.app, &who, id).await?;
        if let Some(objective) = full.objectives.first() {
            let block = task::Act::Block {
                objective_id: objective.id,
                blocker: "临时用电接入没有批复".into(),
                since: None,
                lifter: "供电公司".into(),
            };
            task::desk::act(&self.app, &who, id, block).await?;
        }
        Ok(())
    }

    async fn gate_kept(&mut self) -> Result<()> {
        let (Some(appeal), Some(solution_id)) = (self.remembered.gate.first().copied(), self.remembered.gate_solution)
        else {
            return Ok(());
        };
        let who = self.dispatcher().await?;
        if appeal::desk::record(&self.app, &who, appeal).await?.appeal.status != Status::ReturnVisit {
            return Ok(());
        }
        let close = Act::Close { reason: None, production_continued: Some(WentOn::Partly), stopped_hours: Some(20) };
        appeal::desk::act(&self.app, &who, appeal, close).await?;
        let kept = solution::Kept {
            solution_id,
            method: "泵车抽排、交警疏导，货车改走备用门".into(),
            measures: "调移动泵车抽排积水；交警现场疏导，货车经备用门进出；恢复通行后短信告知企业。".into(),
            pros: Some("当天见效".into()),
            limits: Some("积水超过半米时备用门也不能走".into()),
            basis: Some("汛期交通组织预案".into()),
        };
        solution::desk::act(&self.app, &who, appeal, solution::Act::Keep(kept)).await.map(drop)
    }

    async fn phrases(&mut self) -> Result<()> {
        let who = self.dispatcher().await?;
        for (heading, action, text) in [
            ("已办结", Action::Answer, "{企业}：您反映的事项（{编号}）已办结，办理结果如下。经办人：{经办}。"),
            ("请补充材料", Action::Ask, "{企业}：为办理您反映的事项（{编号}），请补充以下材料。"),
            ("暂不具备条件", Action::Suspend, "经{部门}核实，目前不具备办理条件，待条件具备后继续办理。"),
        ] {
            let draft = phrase::Draft {
                heading: heading.into(),
                text: text.into(),
                action: Some(action),
                category: None,
                own: false,
            };
            phrase::desk::add(&self.app, &who, draft).await?;
        }
        Ok(())
    }

    /// All accept the answer but the last, which has not said anything yet.
    async fn gate_confirmed(&mut self, n: usize) -> Result<()> {
        let Some(id) = self.remembered.gate.get(n).copied().filter(|_| n + 1 < GATE.len()) else { return Ok(()) };
        let keeper = self.enterprise(GATE[n].0).and_then(|id| self.keeper_of(id));
        let Some(keeper) = keeper else { return Ok(()) };
        let act = Act::Confirm { rating: 5 - i64::from(n == 1), text: None };
        appeal::desk::act(&self.app, &self.actor(keeper).await?, id, act).await.map(drop)
    }

    async fn open_epidemic(&mut self) -> Result<()> {
        let new = NewDisruption {
            id: None,
            name: "疫情防控（复盘演练）".into(),
            kind: DisruptionKind::Epidemic,
            grade: Some(3),
            response_level: Some(3),
            warning_colour: None,
            exercise: true,
            clock_mode: Some(ClockMode::Office),
            area: Some("大学城全域".into()),
            source: Some("按公开报道复盘，检验“三不停”机制".into()),
            state: Some(DisruptionState::Responding),
            started_at: None,
            expected_end_at: None,
        };
        let id = desk::open(&self.app, &self.dispatcher().await?, new).await?;
        self.remembered.epidemic = Some(id);
        Ok(())
    }

    async fn task_force(&self) -> Result<()> {
        let leader = self.staff_of("leadership").get(2).copied();
        let (Some(leader_id), Some(project)) = (leader, self.project(PROJECT)) else { return Ok(()) };
        let members = self.staff_of("construction").into_iter().map(|person_id| NewMember { person_id, duty: None });
        let today = Zone::get(&mut self.app.read().await?, self.zone).await?.day(self.app.now());
        let new = NewTaskForce {
            id: None,
            name: "重点项目服务专班".into(),
            leader_id,
            founded_on: today,
            members: members.collect(),
            project_ids: vec![project],
            note: Some("对重点项目实行“点对点”服务联络".into()),
        };
        project::found(&self.app, &self.dispatcher().await?, new).await.map(drop)
    }

    async fn sampling_trouble(&mut self, n: usize) -> Result<()> {
        let Some(firm) = self.enterprises.iter().find(|firm| firm.short_name == SAMPLED[n]) else { return Ok(()) };
        let (Some(officer), leader) = (firm.officer, firm.leader) else { return Ok(()) };
        let mut light = NewLight::new(Line::Production, State::AtRisk)
            .because(Cause::Sampling, "员工较多，核酸检测采样不便，影响生产运营");
        light.disruption_id = self.remembered.epidemic;
        let id = Uuid::now_v7();
        let mut new = NewVisit::to_enterprise(firm.id);
        new.visitors = leader.into_iter().chain([officer]).collect();
        new.disruption_id = self.remembered.epidemic;
        new.continuity = vec![light];
        new.appeals = vec![VisitAppeal {
            id: Some(id),
            title: "员工较多，核酸检测采样不便".into(),
            body: Some("员工较多的重点企业面临核酸检测采样不便、影响生产运营等问题。".into()),
            category: Some("epidemic".into()),
            urgency: Some(Urgency::Urgent.to_string()),
            kind: None,
        }];
        new.requirements = vec![NewItem {
            text: "强度不减、做到疫情防控不松懈；统筹兼顾，做好员工生产生活保障，确保安全生产".into(),
            due_at: None,
            owner_id: None,
        }];
        visit::save(&self.app, &self.actor(officer).await?, new).await?;
        self.remembered.sampling.push(id);
        Ok(())
    }

    async fn sampling_gathered(&mut self) -> Result<()> {
        let new = cause::NewCause {
            id: None,
            title: "员工较多的重点企业核酸检测采样不便".into(),
            body: "五家重点企业员工较多，采样不便，影响生产运营。".into(),
            category: "epidemic".into(),
            department_id: self.departments.get("enterprise").copied(),
            appeals: self.remembered.sampling.clone(),
        };
        self.remembered.sampling_cause = Some(cause::desk::open(&self.app, &self.dispatcher().await?, new).await?);
        Ok(())
    }

    async fn training_asked(&mut self) -> Result<()> {
        let (Some(id), Some(health)) = (self.remembered.sampling.first(), self.departments.get("health")) else {
            return Ok(());
        };
        let lead = self.somebody("enterprise", 0).await?;
        appeal::desk::act(&self.app, &lead, *id, Act::Sign { work_order_id: None }).await?;
        let ask = Act::PassPartner {
            department_id: *health,
            text: "请为企业内挑选的具备一定医学背景的职工提供核酸采样专业培训。".into(),
            obligatory: true,
        };
        appeal::desk::act(&self.app, &lead, *id, ask).await.map(drop)
    }

    async fn trained(&mut self) -> Result<()> {
        let Some(id) = self.remembered.sampling.first().copied() else { return Ok(()) };
        let Some(order) = self.order_of(id, "health").await? else { return Ok(()) };
        let done = Act::Answer {
            result: None,
            text: "已为这些职工提供专业培训。".into(),
            production_continued: None,
            basis: None,
            right_channel: None,
            review_on: None,
            work_order_id: Some(order),
        };
        appeal::desk::act(&self.app, &self.somebody("health", 0).await?, id, done).await.map(drop)
    }

    async fn policy_asked(&mut self) -> Result<()> {
        let firm = self.enterprises.iter().skip(OF_SOURCE).find_map(|firm| Some((firm.id, firm.officer?)));
        let Some((id, officer)) = firm else { return Ok(()) };
        let mut new = NewVisit::to_enterprise(id);
        new.note = Some("#政策 无还本续贷怎样申请，需要哪些材料".into());
        visit::save(&self.app, &self.actor(officer).await?, new).await.map(drop)
    }

    /// The sampling at the firms' own points, step by step.
    async fn screening(&mut self, n: usize) -> Result<()> {
        let epidemic = self.remembered.epidemic;
        match n {
            0 => self.samplers_proposed(epidemic).await,
            1 => self.samplers_trained().await,
            2 => self.points_applied(epidemic).await,
            3 => self.points_opened().await,
            4 => self.round_begun("第一轮应检尽检（演练）", 6, epidemic).await,
            5 => self.sampled_on_day(0, 9).await,
            6 => self.sampled_on_day(9, 14).await,
            7 => self.tubes_answered(true).await,
            8 | 9 => self.points_silent().await,
            10 => {
                self.points_resumed().await?;
                self.round_begun("复工复测（演练）", 4, epidemic).await
            }
            11 => self.sampled_on_day(0, 8).await,
            12 => self.sampled_on_day(8, 12).await,
            _ => self.flood_training(self.remembered.flood).await,
        }
    }

    async fn sampling_point(&mut self, n: usize) -> Result<()> {
        let mut measure = self.measure(SAMPLED[n], Line::Production, Cause::Sampling, MeasureKind::OwnSamplingPoint);
        measure.disruption_id = self.remembered.epidemic;
        measure.text = "在企业内挑选具备一定医学背景的职工，协调平安街道卫生院提供专业培训，企业自建核酸检测点".into();
        measure.rule = Some("采样人员培训合格后上岗".into());
        let id = desk::add_measure(&self.app, &self.dispatcher().await?, measure).await?;
        self.remembered.points[n] = Some(id);
        Ok(())
    }

    async fn sampling_solved(&mut self, n: usize) -> Result<()> {
        let Some(id) = self.remembered.points[n] else { return Ok(()) };
        let end = MeasureEnd {
            effect: Effect::KeptGoing,
            effect_text: Some("方便职工检测，缩小人员流动范围，降低传播风险，生产正常".into()),
            days_saved: None,
            light: Some(State::Running),
            dropped: false,
        };
        desk::end_measure(&self.app, &self.dispatcher().await?, id, end).await?;
        Ok(())
    }

    async fn closed_loop(&mut self) -> Result<()> {
        let mut measure = self.measure("山水重工", Line::Production, Cause::ControlRule, MeasureKind::OnSiteHousing);
        measure.disruption_id = self.remembered.epidemic;
        measure.text = "提前安排两名副总及一名总经理助理驻厂，带领管理技术骨干和部分职工坚守生产一线".into();
        let who = self.dispatcher().await?;
        let id = desk::add_measure(&self.app, &who, measure).await?;
        let end = MeasureEnd {
            effect: Effect::KeptGoing,
            effect_text: Some("近 20 家水泥生产企业的维修制作订单继续进行".into()),
            days_saved: None,
            light: Some(State::Running),
            dropped: false,
        };
        desk::end_measure(&self.app, &who, id, end).await?;
        Ok(())
    }

    async fn trucks_blocked(&mut self) -> Result<()> {
        let who = self.dispatcher().await?;
        let Some(project) = self.project(PROJECT) else { return Ok(()) };
        let mut trucks = NewLight::new(Line::Transport, State::Stopped)
            .because(Cause::ControlRule, "因防疫要求封闭施工，车辆无法进出施工现场");
        trucks.disruption_id = self.remembered.epidemic;
        let mut works =
            NewLight::new(Line::Works, State::AtRisk).because(Cause::ControlRule, "土方不能外运，项目面临停工");
        works.disruption_id = self.remembered.epidemic;
        desk::say_all(&self.app, &who, SubjectKind::Project, project, vec![trucks, works]).await?;
        Ok(())
    }

    async fn stockpile(&mut self) -> Result<()> {
        let Some(project) = self.project(PROJECT) else { return Ok(()) };
        let who = self.dispatcher().await?;
        let measure = NewMeasure {
            id: None,
            enterprise_id: None,
            project_id: Some(project),
            line: Line::Works,
            cause_kind: Some(Cause::ControlRule),
            disruption_id: self.remembered.epidemic,
            appeal_id: None,
            kind: MeasureKind::OnSiteStockpile,
            text: "与相关部门沟通防疫政策后，将土方先行放置于厂区未施工位置，留出作业面".into(),
            owner_id: None,
            due_at: Some(self.app.now().plus(DAY_MS)),
            rule: Some("封闭施工：车辆不进出现场".into()),
            place: Some("厂区未施工位置".into()),
            later_duty: Some("管控解除后土方外运".into()),
            later_due_at: Some(self.app.now().plus(40 * DAY_MS)),
        };
        let id = desk::add_measure(&self.app, &who, measure).await?;
        self.remembered.stockpile = Some(id);
        Ok(())
    }

    async fn works_go_on(&mut self) -> Result<()> {
        let Some(id) = self.remembered.stockpile else { return Ok(()) };
        let end = MeasureEnd {
            effect: Effect::KeptGoing,
            effect_text: Some("留出作业面，项目不停工".into()),
            days_saved: None,
            light: Some(State::Running),
            dropped: false,
        };
        desk::end_measure(&self.app, &self.dispatcher().await?, id, end).await?;
        Ok(())
    }

    async fn open_flood(&mut self) -> Result<()> {
        let new = NewDisruption {
            id: None,
            name: "强降雨积水".into(),
            kind: DisruptionKind::Flood,
            grade: Some(4),
            response_level: Some(4),
            warning_colour: Some(WarningColour::Yellow),
            exercise: false,
            clock_mode: Some(ClockMode::Hours24),
            area: Some("西岭片区、平川片区低洼路段".into()),
            source: Some("区防汛抗旱指挥部通知".into()),
            state: Some(DisruptionState::Responding),
            started_at: None,
            expected_end_at: Some(self.app.now().plus(6 * DAY_MS)),
        };
        let id = desk::open(&self.app, &self.dispatcher().await?, new).await?;
        self.remembered.flood = Some(id);
        self.remembered.pumps = vec![None; FLOODED.len()];
        Ok(())
    }

    async fn water(&mut self, n: usize) -> Result<()> {
        let (firm, line, state, reduced_to, cause) = FLOODED[n];
        let mut light = NewLight::new(line, state).because(Cause::Weather, cause);
        light.reduced_to = reduced_to;
        light.disruption_id = self.remembered.flood;
        light.expected_recovery_at = Some(self.app.now().plus(3 * DAY_MS));
        self.say(firm, light).await
    }

    async fn pumping(&mut self, n: usize) -> Result<()> {
        let (firm, line, ..) = FLOODED[n];
        let kind = if line == Line::Transport { MeasureKind::SubstituteRoute } else { MeasureKind::Pumping };
        let mut measure = self.measure(firm, line, Cause::Weather, kind);
        measure.disruption_id = self.remembered.flood;
        measure.text = match line {
            Line::Transport => "经文渊街绕行，交警大队现场疏导，夜间集中放行",
            _ => "调派移动泵车两台排水，垒沙袋保护配电设施，安排专人值守",
        }
        .into();
        measure.due_at = Some(self.app.now().plus(DAY_MS));
        let id = desk::add_measure(&self.app, &self.dispatcher().await?, measure).await?;
        self.remembered.pumps[n] = Some(id);
        Ok(())
    }

    async fn dry(&mut self, n: usize) -> Result<()> {
        let Some(id) = self.remembered.pumps[n] else { return Ok(()) };
        let end = MeasureEnd {
            effect: Effect::KeptGoing,
            effect_text: Some("积水排除，恢复正常".into()),
            days_saved: Some(2),
            light: Some(State::Running),
            dropped: false,
        };
        desk::end_measure(&self.app, &self.dispatcher().await?, id, end).await?;
        Ok(())
    }

    async fn say(&mut self, firm: &str, light: NewLight) -> Result<()> {
        let who = self.dispatcher().await?;
        if let Some(id) = self.enterprise(firm) {
            desk::say(&self.app, &who, SubjectKind::Enterprise, id, light).await?;
        }
        Ok(())
    }

    fn measure(&self, firm: &str, line: Line, cause: Cause, kind: MeasureKind) -> NewMeasure {
        NewMeasure {
            id: None,
            enterprise_id: self.enterprise(firm),
            project_id: None,
            line,
            cause_kind: Some(cause),
            disruption_id: None,
            appeal_id: None,
            kind,
            text: String::new(),
            owner_id: None,
            due_at: None,
            rule: None,
            place: None,
            later_duty: None,
            later_due_at: None,
        }
    }
}
