//! What people do in the sixty days: visits, difficulties, their steps.

use super::life::{Agenda, Case, Event, Step};
use super::stories::SAMPLED;
use super::{World, data};
use crate::actor::{Actor, Role};
use crate::appeal::act::Act;
use crate::appeal::desk as appeal;
use crate::appeal::{Channel, NewAppeal, ResultKind, Urgency, Verdict, WentOn};
use crate::continuity::desk as continuity;
use crate::continuity::{Line, NewLight, State};
use crate::error::{Conflict, Error, Result};
use crate::readiness;
use crate::subject::SubjectKind;
use crate::time::DAY_MS;
use crate::visit::desk as visit;
use crate::visit::{BlockAnswer, NewPromise, NewVisit, Rating};
use uuid::Uuid;

impl World {
    /// The dispatcher as an actor.
    pub(super) async fn dispatcher(&self) -> Result<Actor> {
        self.actor_named("朱知远").await
    }

    pub(super) async fn actor_named(&self, name: &str) -> Result<Actor> {
        let id = self.people.get(name).copied().ok_or(Error::NotFound)?;
        self.actor(id).await
    }

    /// Somebody of a department, by turns.
    pub(super) async fn somebody(&self, department: &str, n: usize) -> Result<Actor> {
        let staff = self.staff_of(department);
        let id = staff.get(n % staff.len().max(1)).copied().ok_or(Error::NotFound)?;
        self.actor(id).await
    }

    /// A leader and the officer visit an enterprise.
    pub(super) async fn visit(&mut self, place: usize, agenda: &mut Agenda) -> Result<()> {
        let firm = &self.enterprises[place];
        let (Some(officer), id) = (firm.officer, firm.id) else { return Ok(()) };
        let leader = firm.leader.filter(|_| self.dice.percent(40));
        let who = self.actor(officer).await?;
        let mut new = NewVisit::to_enterprise(id);
        new.visitors = leader.into_iter().chain([officer]).collect();
        new.minutes = Some(self.dice.between(20, 90));
        for row in self.findings() {
            new.blocks.push(row);
        }
        if self.dice.percent(35) {
            let promises = data::promises();
            if let Some(row) = self.dice.pick(&promises) {
                let days: i64 = row.get("days").parse().unwrap_or(5);
                let due_at = self.app.now().plus(days * DAY_MS);
                new.promises.push(NewPromise {
                    id: None,
                    text: row.get("text").to_owned(),
                    owner_id: Some(officer),
                    due_at,
                });
            }
        }
        new.continuity =
            vec![NewLight::new(Line::Production, State::Running), NewLight::new(Line::Transport, State::Running)];
        if self.in_trouble(id).await? {
            new.continuity.clear();
        }
        visit::save(&self.app, &who, new).await?;
        if self.dice.percent(45) {
            let row = self.dice.below(data::appeals().len());
            agenda.put(self.app.now().plus(1_000), Event::Trouble(row, place));
        }
        Ok(())
    }

    /// Whether something of the enterprise is not running.
    async fn in_trouble(&self, id: Uuid) -> Result<bool> {
        let mut tx = self.app.read().await?;
        let subject = crate::subject::named(&mut tx, self.zone, SubjectKind::Enterprise, id).await?;
        let lights = continuity::current(&mut tx, self.zone, &subject).await?;
        Ok(lights.iter().any(|light| light.state.is_trouble()))
    }

    /// One finding a block.
    fn findings(&mut self) -> Vec<BlockAnswer> {
        let all = data::visits();
        ["prevention", "production", "safety"]
            .into_iter()
            .filter_map(|block| {
                let fitting: Vec<_> = all.iter().filter(|row| row.get("block") == block).collect();
                let row = self.dice.pick(&fitting)?;
                Some(BlockAnswer {
                    key: block.to_owned(),
                    rating: Rating::parse(row.get("rating"))?,
                    finding: Some(row.get("finding").to_owned()),
                    text: None,
                })
            })
            .collect()
    }

    /// Somebody tells a difficulty: the enterprise by its account or by
    /// telephone, an officer on a visit, the hotline.
    pub(super) async fn trouble(&mut self, row: usize, place: usize, agenda: &mut Agenda) -> Result<()> {
        let all = data::appeals();
        let (Some(told), Some(firm)) = (all.get(row), self.enterprises.get(place)) else { return Ok(()) };
        let Some(officer) = firm.officer else { return Ok(()) };
        let id = firm.id;
        let (who, channel) = match self.dice.below(10) {
            0 => (self.dispatcher().await?, Channel::Hotline12345),
            1..=3 => (self.actor(officer).await?, Channel::Visit),
            _ => (self.actor(officer).await?, Channel::Phone),
        };
        let new = NewAppeal {
            enterprise_id: Some(id),
            title: told.get("title").to_owned(),
            body: told.get("body").to_owned(),
            category: told.get("category").to_owned(),
            urgency: Urgency::parse(told.get("urgency")).unwrap_or(Urgency::Normal),
            channel,
            outer_number: (channel == Channel::Hotline12345).then(|| format!("RX{}", self.app.now().ms() / 1000)),
            ..NewAppeal::default()
        };
        let appeal_id = appeal::open(&self.app, &who, new).await?;
        let case = Case { id: appeal_id, row, enterprise: place };
        self.plan_case(case, told.opt("assist").is_some(), agenda);
        Ok(())
    }

    /// One step of a difficulty, by whoever takes it.
    pub(super) async fn step(&mut self, case: Case, step: Step) -> Result<()> {
        let all = data::appeals();
        let told = &all[case.row];
        let firm = &self.enterprises[case.enterprise];
        let keeper = firm.officer.ok_or(Error::NotFound)?;
        let lead = self.somebody(told.get("lead"), case.enterprise).await?;
        let partner = told.opt("assist");
        let (who, act) = match step {
            Step::Dispatch => {
                let assist = partner.iter().filter_map(|key| self.departments.get(key.as_str()).copied()).collect();
                let department_id = self.departments.get(told.get("lead")).copied();
                (
                    self.dispatcher().await?,
                    Act::Dispatch {
                        department_id,
                        assist,
                        instruction: Some("请先联系企业，按时限反馈。".into()),
                        grade: None,
                    },
                )
            }
            Step::Sign => (lead, Act::Sign { work_order_id: None }),
            Step::FirstReply => (
                lead,
                Act::Reply { text: "已收到，正在核实，今天会与您联系。".into(), work_order_id: None },
            ),
            Step::Ask => (lead, Act::Ask { text: "请补充现场照片和涉及的时间段。".into() }),
            Step::Supply => (
                self.actor(keeper).await?,
                Act::Reply {
                    text: "企业来电：照片已发专员，时间段为每天 8 点到 10 点。".into(), work_order_id: None
                },
            ),
            Step::PartnerSign | Step::PartnerAnswer => {
                let Some(key) = partner else { return Ok(()) };
                let who = self.somebody(&key, 0).await?;
                let Some(order) = self.order_of(case.id, &key).await? else { return Ok(()) };
                let work_order_id = Some(order);
                if step == Step::PartnerSign {
                    (who, Act::Sign { work_order_id })
                } else {
                    let text = "已到现场处理，具体情况已告知主办部门。".to_owned();
                    let answer = Act::Answer {
                        result: None,
                        text,
                        production_continued: None,
                        basis: None,
                        right_channel: None,
                        review_on: None,
                        work_order_id,
                    };
                    (who, answer)
                }
            }
            Step::Extend => (
                lead,
                Act::Extend {
                    days: 5, reason: "需等待设备到货，已与企业说明。".into(), work_order_id: None
                },
            ),
            Step::Grant => {
                (self.actor_named("邓观澜").await?, Act::Grant { granted: true, reason: None, work_order_id: None })
            }
            Step::Answer => (lead, self.answer(told)),
            Step::Review => {
                let ok = !self.dice.percent(6);
                let reason = (!ok).then(|| "答复未说明完成时间，请补充后再报。".to_owned());
                (self.dispatcher().await?, Act::Review { ok, reason, work_order_id: None })
            }
            Step::Confirm => {
                let rating = *self.dice.pick(&[5, 5, 5, 4, 4, 4, 3, 3, 2]).unwrap_or(&4);
                (self.actor(keeper).await?, Act::Confirm { rating, text: None })
            }
            Step::ReturnVisit => {
                let solved = self.dice.percent(88);
                let verdict = if solved { Verdict::Solved } else { Verdict::Partly };
                let text = Some("电话回访，企业表示知晓结果。".into());
                (self.dispatcher().await?, Act::ReturnVisit { verdict, rating: Some(if solved { 4 } else { 3 }), text })
            }
            Step::Close => {
                (self.dispatcher().await?, Act::Close { reason: None, production_continued: None, stopped_hours: None })
            }
        };
        match appeal::act(&self.app, &who, case.id, act).await {
            // A step comes too early or too late when an earlier one was refused.
            Err(Error::Conflict(Conflict::State(_)) | Error::Forbidden | Error::NotFound | Error::Invalid(_)) => Ok(()),
            done => done.map(drop),
        }
    }

    fn answer(&mut self, told: &data::Row) -> Act {
        let result = ResultKind::parse(told.get("result")).unwrap_or(ResultKind::Solved);
        let now = self.app.now();
        Act::Answer {
            result: Some(result),
            text: told.get("answer").to_owned(),
            production_continued: Some(if self.dice.percent(80) { WentOn::Yes } else { WentOn::Partly }),
            basis: (result == ResultKind::PolicyDoesNotAllow).then(|| "现行担保费率规定".to_owned()),
            right_channel: matches!(result, ResultKind::Referred | ResultKind::NotOurs)
                .then(|| "市场监督管理部门".to_owned()),
            review_on: (result == ResultKind::LongTerm)
                .then(|| now.plus(90 * DAY_MS).day(&crate::zone::default_time_zone())),
            work_order_id: None,
        }
    }

    /// The work order of a department in an appeal.
    pub(super) async fn order_of(&self, appeal_id: Uuid, department: &str) -> Result<Option<Uuid>> {
        let Some(department) = self.departments.get(department) else { return Ok(None) };
        let record = appeal::record(&self.app, &self.dispatcher().await?, appeal_id).await?;
        Ok(record.orders.iter().find(|order| order.department_id == *department).map(|order| order.id))
    }

    /// What the program does by itself: reminders, and answers on which nothing
    /// was said.
    pub(super) async fn evening(&self) -> Result<()> {
        appeal::escalate(&self.app, self.zone).await?;
        appeal::close_silent(&self.app, self.zone).await?;
        appeal::remind(&self.app, self.zone).await?;
        self.approvals_by_rule().await?;
        readiness::plan::desk::watch(&self.app, self.zone).await?;
        readiness::stay::desk::watch(&self.app, self.zone).await?;
        Ok(())
    }

    /// Enterprises say how they stand: those that something happened to are left
    /// to their story.
    pub(super) async fn daily_status(&mut self) -> Result<()> {
        for _ in 0..6 {
            let place = SAMPLED.len() + 1 + self.dice.below(self.enterprises.len() - SAMPLED.len() - 1);
            let firm = &self.enterprises[place];
            let (Some(officer), id) = (firm.officer, firm.id) else { continue };
            if self.in_trouble(id).await? {
                continue;
            }
            let who = self.actor(officer).await?;
            let news =
                vec![NewLight::new(Line::Production, State::Running), NewLight::new(Line::Transport, State::Running)];
            continuity::say_all(&self.app, &who, SubjectKind::Enterprise, id, news).await?;
        }
        Ok(())
    }
}

/// Whether somebody may act in the days: the office and its partners.
pub(super) fn acts(role: Role) -> bool {
    matches!(role, Role::Leader | Role::Officer | Role::Specialist | Role::Agency)
}
