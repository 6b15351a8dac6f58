//! 走访记录的审核: where a zone wants it, somebody else looks through a record before the
//! enterprise is asked to confirm it (draft → submitted → reviewed or returned). What the
//! visit raised runs from the first save on: no enterprise waits for a review.

mod api;
pub mod desk;
mod pages;

use super::desk::{RECORDERS, VisitFilter};
use crate::actor::{Actor, Role, Roles};
use crate::http::routes::Routes;
use crate::words;
use uuid::Uuid;

words! {
    /// How far the review of a record is.
    pub enum ReviewState {
        /// 草稿
        Draft = "draft",
        /// 待审核
        Submitted = "submitted",
        /// 已退回
        Returned = "returned",
        /// 已审核
        Reviewed = "reviewed",
    }
}

impl ReviewState {
    /// Whether somebody has still to look through the record.
    pub const fn is_pending(self) -> bool {
        !matches!(self, Self::Reviewed)
    }

    /// The state after a step; none where the step does not fit.
    pub const fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Draft | Self::Returned, Step::Submit) => Some(Self::Submitted),
            (Self::Submitted, Step::Pass) => Some(Self::Reviewed),
            (Self::Submitted, Step::Return) => Some(Self::Returned),
            _ => None,
        }
    }
}

words! {
    /// What is done with a record under review.
    pub enum Step {
        /// 提交审核
        Submit = "submit",
        /// 审核通过
        Pass = "pass",
        /// 退回
        Return = "return",
    }
}

/// Who looks through what others wrote.
pub const REVIEWERS: Roles = Roles::of(&[Role::Leader, Role::Dispatcher]);

/// In which state a record begins: in none where the zone does not review.
pub const fn begins(reviews: bool, draft: bool) -> Result<Option<ReviewState>, &'static str> {
    match (reviews, draft) {
        (true, true) => Ok(Some(ReviewState::Draft)),
        (true, false) => Ok(Some(ReviewState::Submitted)),
        (false, false) => Ok(None),
        (false, true) => Err("review_off"),
    }
}

/// Whether somebody may take a step: who made the visit or wrote it down hands it in,
/// somebody else looks it through.
pub const fn may(step: Step, reviewer: bool, made_it: bool) -> bool {
    match step {
        Step::Submit => made_it,
        Step::Pass | Step::Return => reviewer && !made_it,
    }
}

/// Which records wait for somebody, and for what.
pub(super) fn waiting(who: &Actor, person: Uuid) -> Vec<(VisitFilter, &'static str)> {
    let of = |review| VisitFilter { review: Some(review), ..VisitFilter::default() };
    let mut all = Vec::new();
    if who.is(REVIEWERS) {
        all.push((VisitFilter { not_of: Some(person), ..of(ReviewState::Submitted) }, "todo-visit-review"));
    }
    if who.is(RECORDERS) {
        for (state, action) in
            [(ReviewState::Returned, "todo-visit-returned"), (ReviewState::Draft, "todo-visit-submit")]
        {
            all.push((VisitFilter { recorded_by: Some(person), ..of(state) }, action));
        }
    }
    all
}

/// Adds this job's routes.
pub(super) fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReviewState::*;

    #[test]
    fn from_draft_to_reviewed() {
        for (state, submit, pass, back) in [
            (Draft, Some(Submitted), None, None),
            (Submitted, None, Some(Reviewed), Some(Returned)),
            (Returned, Some(Submitted), None, None),
            (Reviewed, None, None, None),
        ] {
            let found = [Step::Submit, Step::Pass, Step::Return].map(|step| state.after(step));
            assert_eq!(found, [submit, pass, back], "{state}");
            assert_eq!(state.is_pending(), state != Reviewed);
        }
    }

    #[test]
    fn nobody_reviews_his_own() {
        for (step, reviewer, made_it, expected) in [
            (Step::Submit, false, true, true),
            (Step::Submit, true, false, false),
            (Step::Pass, true, false, true),
            (Step::Pass, true, true, false),
            (Step::Return, true, true, false),
            (Step::Return, false, false, false),
        ] {
            assert_eq!(may(step, reviewer, made_it), expected, "{step} {reviewer} {made_it}");
        }
    }

    #[test]
    fn where_the_zone_does_not_review_there_is_no_state() {
        for (reviews, draft, expected) in [
            (false, false, Ok(None)),
            (true, false, Ok(Some(Submitted))),
            (true, true, Ok(Some(Draft))),
            (false, true, Err("review_off")),
        ] {
            assert_eq!(begins(reviews, draft), expected);
        }
    }
}
