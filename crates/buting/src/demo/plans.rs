//! Visits that are planned: those of the demo's officer, each in another state, and
//! some of others, so that the calendar is one of a whole office.

use super::World;
use super::stories::OF_SOURCE;
use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::time::{DAY_MS, Day, HOUR_MS, Time};
use crate::visit::campaign::{self, NewCampaign, TargetFilter};
use crate::visit::plan::desk as plans;
use crate::visit::plan::{NewPlan, NewTime, PlanAnswer, PlanState};
use crate::visit::{Channel, VisitKind};
use crate::zone::Zone;
use jiff::ToSpan;
use uuid::Uuid;

/// Days from today, hour, by what way, what for, what the enterprise says.
type Told = (i32, i64, Channel, &'static str, Option<PlanState>);

const TOLD: &[Told] = &[
    (0, 15, Channel::Onsite, "看用工缺口补上没有", Some(PlanState::Agreed)),
    (1, 9, Channel::Onsite, "送政策上门：稳岗返还怎样申报", None),
    (2, 10, Channel::Onsite, "核对停产风险和备货天数", Some(PlanState::Countered)),
    (3, 14, Channel::Phone, "电话回访通行证办理", None),
    (6, 9, Channel::Onsite, "安全生产一起看", Some(PlanState::Agreed)),
    (8, 15, Channel::Onsite, "年底订单和用电", None),
    (9, 10, Channel::Onsite, "了解新线投产", Some(PlanState::Declined)),
    (13, 9, Channel::Meeting, "行业座谈：物流不断链", Some(PlanState::Agreed)),
];

impl World {
    /// Plans visits for the days to come and answers some of them.
    pub(super) async fn plan_visits(&self) -> Result<()> {
        let zone = Zone::get(&mut self.app.read().await?, self.zone).await?;
        let now = self.app.now();
        let invented = self.enterprises.iter().skip(OF_SOURCE);
        let firms: Vec<_> = invented.filter_map(|firm| Some((firm.id, firm.officer?))).collect();
        // The two with an account first, so that their own pages have something to answer.
        let with_account = ["云岭医药", "恒岳电子"].map(|name| self.enterprise(name));
        let (mut order, others): (Vec<_>, Vec<_>) =
            firms.into_iter().partition(|(id, _)| with_account.contains(&Some(*id)));
        order.extend(others);
        for (n, (id, officer)) in order.into_iter().take(3 * TOLD.len()).enumerate() {
            let (days, hour, channel, purpose, said) = TOLD[(n + 1) % TOLD.len()];
            let day = Day(zone.day(now).0.saturating_add(days.days()));
            let planned_at = day.start(&zone.time_zone()).plus(hour * HOUR_MS);
            let who = self.actor(officer).await?;
            let mut new = NewPlan {
                id: None,
                enterprise_id: Some(id),
                project_id: None,
                kind: purpose.contains("安全").then_some(VisitKind::Thematic),
                channel: Some(channel),
                purpose: purpose.into(),
                planned_at,
                despite: None,
            };
            let plan = match plans::plan(&self.app, &who, new.clone()).await {
                // Somebody was there a few days ago: then there is a reason to come again.
                Err(Error::Invalid(_)) => {
                    new.despite = Some("上次走访答应当面回复".into());
                    plans::plan(&self.app, &who, new).await?
                }
                made => made?,
            };
            if n % 4 == 2 {
                let companion = self.somebody("safety", n).await?;
                if companion.person_id != Some(officer) {
                    plans::join(&self.app, &companion, plan).await?;
                }
            }
            // Some are not answered yet, whatever is told of the others.
            if let Some(state) = said.filter(|_| n > 0) {
                self.answer_plan(&who, plan, state, planned_at, n % 3 == 0).await?;
            }
        }
        self.campaign().await
    }

    /// A campaign that has run for three weeks.
    async fn campaign(&self) -> Result<()> {
        let now = self.app.now();
        let new = NewCampaign {
            id: None,
            name: "稳岗稳产大走访".into(),
            purpose: "逐户了解用工、订单和物流，问清楚年底前还缺什么".into(),
            starts_at: now.plus(-21 * DAY_MS),
            ends_at: now.plus(24 * DAY_MS),
            rounds: None,
            blocks: vec!["production".into(), "safety".into()],
            filter: TargetFilter::default(),
        };
        campaign::desk::start(&self.app, &self.dispatcher().await?, new).await.map(drop)
    }

    /// The enterprise answers by its link. Where it names another day the plan is moved
    /// there, if it `moves`.
    async fn answer_plan(&self, who: &Actor, id: Uuid, state: PlanState, planned_at: Time, moves: bool) -> Result<()> {
        let plan = plans::plan_of(&mut self.app.read().await?, who, id).await?;
        let Some(token) = plans::link_of(&self.app, who, &plan) else { return Ok(()) };
        let other_at = (state == PlanState::Countered).then(|| planned_at.plus(2 * DAY_MS));
        let reason = match state {
            PlanState::Countered => Some("那天全厂盘点".to_owned()),
            PlanState::Declined => Some("月底赶货，电话联系即可".to_owned()),
            _ => None,
        };
        plans::answer_by_link(&self.app, &token, PlanAnswer { state, other_at, reason }, None, None).await?;
        if let (Some(at), true) = (other_at, moves) {
            let despite = Some("企业自己提的时间".to_owned());
            plans::move_to(&self.app, who, id, NewTime { planned_at: at, reason: None, despite }).await?;
        }
        Ok(())
    }
}
