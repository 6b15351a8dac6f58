//! 应检尽检 in the demo: the five firms' own points and the people whom the street health
//! centre trained, two rounds of the exercise, and a safety training for the flood. Whoever
//! stands on a list is invented.

use super::World;
use super::firms::PROJECT;
use super::stories::SAMPLED;
use crate::actor::Actor;
use crate::error::Result;
use crate::screening::desk;
use crate::screening::{
    Background, Evidence, NewCandidate, NewPoint, NewRoster, NewRound, NewSamples, NewTraining, PointAct, RoundAct,
    RoundKind, TrainingAct, TubeResult,
};
use crate::subject::SubjectKind;
use crate::time::{DAY_MS, HOUR_MS};
use uuid::Uuid;

/// What this story has to remember.
#[derive(Default)]
pub struct Screened {
    training: Option<Uuid>,
    /// Point and sampler by place in [`World::sampled`].
    points: Vec<Uuid>,
    samplers: Vec<Uuid>,
    rounds: Vec<Uuid>,
}

/// Who was trained: as the item says of one of them, by surname alone; the others are invented.
const TRAINED: [(&str, Background); 6] = [
    ("周映川", Background::Nurse),
    ("方晓岚", Background::Pharmacist),
    ("李女士", Background::Studied),
    ("卢听雨", Background::Tester),
    ("程素心", Background::Nurse),
    ("贺远山", Background::Studied),
];

/// People of one list in the demo.
const PEOPLE: usize = 16;
const SURNAMES: [&str; 16] =
    ["安", "柏", "岑", "戴", "费", "甘", "霍", "季", "柯", "厉", "明", "宁", "齐", "荣", "尚", "谭"];
const GIVEN: [&str; 7] = ["一帆", "初晴", "知行", "立夏", "望舒", "怀瑾", "南星"];

/// The n-th invented person of a list.
fn invented(list: usize, n: usize) -> (String, String) {
    let name = format!("{}{}", SURNAMES[n % SURNAMES.len()], GIVEN[(list * 3 + n) % GIVEN.len()]);
    (name, format!("{}{:03}", char::from(b'A' + u8::try_from(list).unwrap_or_default()), n + 1))
}

/// The list of one place as it is pasted; of a project with subcontractors.
fn list(place: usize, project: bool) -> String {
    let mut text = String::from("姓名,工号,分包单位,免检原因\n");
    for n in 0..PEOPLE {
        let (name, no) = invented(place, n);
        let unit = match (project, n % 3) {
            (true, 1) => "土方分包队",
            (true, 2) => "钢筋分包队",
            _ => "",
        };
        let exempt = if n == PEOPLE - 1 { "产假" } else { "" };
        text.push_str(&format!("{name},{no},{unit},{exempt}\n"));
    }
    text
}

impl World {
    /// The five firms, and the project.
    fn sampled(&self) -> Vec<(SubjectKind, Uuid)> {
        let firms = SAMPLED.iter().filter_map(|name| self.enterprise(name)).map(|id| (SubjectKind::Enterprise, id));
        firms.chain(self.project(PROJECT).map(|id| (SubjectKind::Project, id))).collect()
    }

    /// Staff with a medical background is chosen, and the street health centre asked.
    pub(super) async fn samplers_proposed(&mut self, epidemic: Option<Uuid>) -> Result<()> {
        let who = self.dispatcher().await?;
        for ((kind, id), (name, background)) in self.sampled().into_iter().zip(TRAINED) {
            let (enterprise_id, project_id) = split(kind, id);
            let new = NewCandidate {
                id: None,
                enterprise_id,
                project_id,
                name: name.into(),
                background,
                background_note: (background == Background::Studied).then(|| "学医专业，懂一些医药方面知识".into()),
                consent: true,
                disruption_id: epidemic,
            };
            self.screened.samplers.push(desk::nominate(&self.app, &who, new).await?);
        }
        let new = NewTraining {
            id: None,
            topic: "核酸采样专业培训".into(),
            department_id: self.departments.get("health").copied(),
            note: Some("采样规范、生物安全防护、样本交接".into()),
            disruption_id: epidemic,
            candidates: self.screened.samplers.clone(),
        };
        let id = desk::ask(&self.app, &who, new).await?;
        let held_at = self.app.now().plus(2 * DAY_MS - 6 * HOUR_MS);
        let plan = TrainingAct::Plan { held_at, hours: Some(2), place: "平安街道卫生院二楼会议室".into() };
        desk::act_training(&self.app, &self.somebody("health", 0).await?, id, plan).await?;
        self.screened.training = Some(id);
        Ok(())
    }

    /// The health centre writes down who passed.
    pub(super) async fn samplers_trained(&mut self) -> Result<()> {
        let Some(training) = self.screened.training else { return Ok(()) };
        let who = self.somebody("health", 0).await?;
        for (n, candidate_id) in self.screened.samplers.clone().into_iter().enumerate() {
            let act = TrainingAct::Result {
                candidate_id,
                attended: true,
                passed: true,
                score: Some(88 + i64::try_from(n).unwrap_or_default()),
                certificate_no: Some(format!("PA-CY-{:03}", n + 1)),
                months: Some(12),
                reason: None,
            };
            desk::act_training(&self.app, &who, training, act).await?;
        }
        Ok(())
    }

    /// Every point is suggested, shows what it has, and is applied for.
    pub(super) async fn points_applied(&mut self, epidemic: Option<Uuid>) -> Result<()> {
        let who = self.dispatcher().await?;
        for (n, (kind, id)) in self.sampled().into_iter().enumerate() {
            let (enterprise_id, project_id) = split(kind, id);
            let name = SAMPLED.get(n).map_or_else(|| "项目流动采样点".to_owned(), |name| format!("{name}自建采样点"));
            let new = NewPoint {
                id: None,
                enterprise_id,
                project_id,
                name,
                place: if kind == SubjectKind::Project {
                    "项目部东侧空地"
                } else {
                    "厂区一号门内停车场"
                }
                .into(),
                people: Some(800 - 100 * i64::try_from(n).unwrap_or_default()),
                teams: Some(1),
                opens: "07:30".into(),
                closes: "11:30".into(),
                disruption_id: epidemic,
            };
            let point = desk::suggest(&self.app, &who, new).await?;
            for kind in Evidence::ALL {
                let text = match kind {
                    Evidence::Waste => "与有资质单位签订医疗废物清运协议",
                    Evidence::Transport => "样本箱专人专车送检，交接登记",
                    _ => "现场查看，已按图布置",
                };
                let show = PointAct::Show { kind: *kind, text: text.into() };
                desk::act_point(&self.app, &who, point, show).await?;
            }
            desk::act_point(&self.app, &who, point, PointAct::Apply {}).await?;
            self.screened.points.push(point);
        }
        Ok(())
    }

    /// The points are approved and open.
    pub(super) async fn points_opened(&mut self) -> Result<()> {
        let who = self.dispatcher().await?;
        for point in self.screened.points.clone() {
            desk::act_point(&self.app, &who, point, PointAct::Approve {}).await?;
            desk::act_point(&self.app, &who, point, PointAct::Open {}).await?;
        }
        Ok(())
    }

    /// A round of the exercise with the lists of the first so many places.
    pub(super) async fn round_begun(&mut self, title: &str, places: usize, epidemic: Option<Uuid>) -> Result<()> {
        let who = self.dispatcher().await?;
        let new = NewRound {
            id: None,
            kind: RoundKind::Screening,
            title: title.into(),
            starts_at: None,
            ends_at: Some(self.app.now().plus(3 * DAY_MS)),
            pool_size: Some(10),
            lab: Some("区疾控中心实验室".into()),
            disruption_id: epidemic,
        };
        let round = desk::begin(&self.app, &who, new).await?;
        for (n, subject) in self.sampled().into_iter().enumerate().take(places) {
            self.roster(&who, round, n, subject).await?;
        }
        self.screened.rounds.push(round);
        Ok(())
    }

    async fn roster(&self, who: &Actor, round: Uuid, n: usize, (kind, id): (SubjectKind, Uuid)) -> Result<()> {
        let (enterprise_id, project_id) = split(kind, id);
        let text = list(n, kind == SubjectKind::Project);
        let new = NewRoster { round_id: round, enterprise_id, project_id, text };
        desk::add_people(&self.app, who, &new).await.map(drop)
    }

    /// On a day of the last round so many of each place are sampled, in tubes of ten.
    pub(super) async fn sampled_on_day(&mut self, from: usize, to: usize) -> Result<()> {
        let Some(round) = self.screened.rounds.last().copied() else { return Ok(()) };
        let who = self.dispatcher().await?;
        let nth = self.screened.rounds.len();
        let all = desk::round(&self.app, &who, round).await?;
        for (n, (kind, id)) in self.sampled().into_iter().enumerate() {
            if !all.parts.iter().any(|part| part.subject_id == id) {
                continue;
            }
            // One place is a little behind the others.
            let to = if n == 3 { to.saturating_sub(2) } else { to };
            let lines: Vec<String> = (from..to.min(PEOPLE - 1)).map(|m| invented(n, m).1).collect();
            let (enterprise_id, project_id) = split(kind, id);
            for (m, ten) in lines.chunks(10).enumerate() {
                let code = format!("CY{nth}{:02}{from:02}{m}", n + 1);
                let new = NewSamples {
                    round_id: round,
                    point_id: self.screened.points.get(n).copied(),
                    sampler_id: self.screened.samplers.get(n).copied(),
                    pool_size: Some(10),
                    enterprise_id,
                    project_id,
                    code: Some(code.clone()),
                    lines: ten.join("\n"),
                };
                desk::fill(&self.app, &who, new).await?;
                let hand = RoundAct::HandOver { code, to: "区疾控中心实验室".into() };
                desk::act_round(&self.app, &who, round, hand).await?;
            }
        }
        Ok(())
    }

    /// The laboratory answers for every tube of the last round that it has.
    pub(super) async fn tubes_answered(&mut self, ends: bool) -> Result<()> {
        let Some(round) = self.screened.rounds.last().copied() else { return Ok(()) };
        let who = self.dispatcher().await?;
        for tube in desk::round(&self.app, &who, round).await?.tubes {
            if tube.result_at.is_none() && tube.handed_at.is_some() {
                let act = RoundAct::Result { code: tube.code, result: TubeResult::Negative };
                desk::act_round(&self.app, &who, round, act).await?;
            }
        }
        if ends {
            let reason = Some("出差在外人员返岗后补检".to_owned());
            desk::act_round(&self.app, &who, round, RoundAct::Close { reason }).await?;
        }
        Ok(())
    }

    /// The rule looks for points that were not heard of.
    pub(super) async fn points_silent(&self) -> Result<()> {
        desk::silence(&self.app, self.zone).await.map(drop)
    }

    /// The points go on for another round, but for one.
    pub(super) async fn points_resumed(&mut self) -> Result<()> {
        let who = self.dispatcher().await?;
        for point in self.screened.points.iter().take(4) {
            desk::act_point(&self.app, &who, *point, PointAct::Resume {}).await?;
        }
        Ok(())
    }

    /// Everybody of the firms that the water reaches is told how to go through it safely.
    pub(super) async fn flood_training(&mut self, flood: Option<Uuid>) -> Result<()> {
        let who = self.dispatcher().await?;
        let new = NewRound {
            id: None,
            kind: RoundKind::SafetyTraining,
            title: "防汛安全培训".into(),
            starts_at: None,
            ends_at: Some(self.app.now().plus(4 * DAY_MS)),
            pool_size: None,
            lab: None,
            disruption_id: flood,
        };
        let round = desk::begin(&self.app, &who, new).await?;
        for (n, name) in ["云岭医药", "恒岳电子", "禾润物流"].into_iter().enumerate() {
            let Some(id) = self.enterprise(name) else { continue };
            self.roster(&who, round, 6 + n, (SubjectKind::Enterprise, id)).await?;
            let done: Vec<String> = (0..PEOPLE - 3 - n).map(|m| invented(6 + n, m).1).collect();
            let lines = done.join("\n");
            let new = NewSamples { round_id: round, enterprise_id: Some(id), lines, ..NewSamples::default() };
            desk::fill(&self.app, &who, new).await?;
        }
        Ok(())
    }
}

/// Enterprise or project, each in its place.
fn split(kind: SubjectKind, id: Uuid) -> (Option<Uuid>, Option<Uuid>) {
    match kind {
        SubjectKind::Project => (None, Some(id)),
        _ => (Some(id), None),
    }
}
