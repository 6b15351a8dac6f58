//! Documents of the last days, as an office has them in its register.

use super::World;
use crate::appeal::desk::{self as appeals, Filter};
use crate::appeal::{OrderKind, Status};
use crate::document::{Asked, Numbering, desk};
use crate::error::Result;
use crate::oversight::metric::Key;
use crate::oversight::metric::freeze::{self, NewFreeze};
use crate::time::{DAY_MS, Day};
use crate::visit::ReviewState;
use crate::visit::desk as visits;
use crate::visit::desk::VisitFilter;
use crate::zone::default_time_zone;

impl World {
    /// Keeps what the last month's report said.
    pub(super) async fn keep_figures(&self) -> Result<()> {
        let who = self.dispatcher().await?;
        let first = self.app.now().day(&default_time_zone()).0.first_of_month();
        let last = first.yesterday().unwrap_or(first);
        for key in [Key::AppealCount, Key::OnTimeRate] {
            let (from, to) = (Day(last.first_of_month()), Day(last));
            let reason = Some(format!("{}月情况报送", last.month()));
            freeze::freeze(&self.app, &who, NewFreeze { id: None, key, from, to, reason }).await?;
        }
        Ok(())
    }

    /// Issues two hand-over sheets, a supervision order, the record of a visit, and a ledger
    /// that is withdrawn.
    pub(super) async fn issue_documents(&self) -> Result<()> {
        let (app, who) = (&*self.app, self.dispatcher().await?);
        let numbering =
            Numbering {
                office: "大学城管委会办公室".into(), code: "大管办".into(), ..Numbering::default()
            };
        desk::set_numbering(app, &who, &numbering).await?;
        let filter = Filter { status: vec![Status::Working, Status::Signed], limit: 20, ..Filter::default() };
        let mut sheets = 0;
        for line in appeals::list(app, &who, &filter).await?.items {
            let record = appeals::record(app, &who, line.id).await?;
            if sheets == 2 || !record.orders.iter().any(|order| order.kind == OrderKind::Lead) {
                continue;
            }
            sheets += 1;
            desk::issue(app, &who, &Asked::HandOver { appeal_id: line.id }).await?;
            if sheets == 1 {
                let reply_on: Day = app.now().plus(3 * DAY_MS).day(&default_time_zone());
                let asked = Asked::Supervision {
                    appeal_id: line.id,
                    demand: "明确责任人和完成时间，每日报告进展，按期办结并向企业反馈。".into(),
                    reply_on: Some(reply_on),
                    demanded_by: Some("管委会主任".into()),
                };
                desk::issue(app, &who, &asked).await?;
            }
        }
        let page = visits::visits(app, &who, &VisitFilter::default(), None, 20).await?;
        let passed = page.items.iter().find(|visit| !visit.review.is_some_and(ReviewState::is_pending));
        if let Some(visit) = passed {
            desk::issue(app, &who, &Asked::VisitRecord { visit_id: visit.id }).await?;
        }
        let ledger = desk::issue(app, &who, &Asked::Ledger { query: String::new() }).await?;
        desk::withdraw(app, &who, ledger, "筛选范围有误，另行出具").await?;
        Ok(())
    }
}
