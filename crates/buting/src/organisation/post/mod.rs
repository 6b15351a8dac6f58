//! 任职: who holds which post in which department, from when to when, and the order
//! of the leadership (班子).
//!
//! The rules:
//!
//! 1. Everybody of the office or of a partner agency has one main post (主要任职), and
//!    any number beside it (兼任), one in each department.
//! 2. A post begins today or in the past. It ends, and is not overwritten: another
//!    title or department is another post.
//! 3. All posts lie on one side: the committee's departments, or partner agencies.
//!    The roles of an account follow from the side.
//! 4. What one's own department is, for scopes, orders and recusal (回避), follows from
//!    the posts held today.
//! 5. The main post does not end by itself: another becomes the main one before, or
//!    the person leaves, and with him all posts end.
//! 6. Cases stay in their department: when a post ends, those in the person's hands
//!    go back into the department's own.

mod api;
pub mod desk;
mod pages;
mod store;

use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::time::Time;
use ::store::from_row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Adds the routes of posts.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

/// A post that somebody holds or held.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Post {
    /// Key.
    pub id: Uuid,
    /// Who.
    pub person_id: Uuid,
    /// Name of the person.
    pub person: String,
    /// Where.
    pub department_id: Uuid,
    /// Short name of the department, as it was called on the day that was asked for.
    pub department: String,
    /// Title (职务).
    pub title: Option<String>,
    /// Whether it is the main post.
    pub main: bool,
    /// The person's place in lists; leaders by rank.
    pub position: i64,
    /// Since when.
    pub valid_from: Time,
    /// Until when; null while it is held.
    pub valid_to: Option<Time>,
    /// The document that orders it.
    pub basis: Option<String>,
    /// Why it ended.
    pub end_note: Option<String>,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Post {
    id,
    person_id,
    person,
    department_id,
    department,
    title,
    main,
    position,
    valid_from,
    valid_to,
    basis,
    end_note,
    version,
});

impl Versioned for Post {
    fn version(&self) -> i64 {
        self.version
    }
}

/// A post that somebody holds beside his main one, as lists of people show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Beside {
    /// Where.
    pub department_id: Uuid,
    /// Short name of the department.
    pub department: String,
    /// Title.
    pub title: Option<String>,
}

/// A post that somebody takes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPost {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Who.
    pub person_id: Uuid,
    /// Where.
    pub department_id: Uuid,
    /// Title.
    pub title: Option<String>,
    /// Whether it is the main post from then on; the former one goes on beside it.
    #[serde(default)]
    pub main: bool,
    /// Since when; now when absent, never later than now.
    pub valid_from: Option<Time>,
    /// The document that orders it.
    pub basis: Option<String>,
}

/// The end of a post.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PostEnd {
    /// When; now when absent, never later than now.
    pub valid_to: Option<Time>,
    /// Why.
    pub reason: Option<String>,
}

/// Whether somebody who has and had the posts `all` may take one in `department` at
/// `from`: the field and code of what is wrong. A new main post makes the one that
/// is the main post today an ordinary one at that instant, so it cannot begin before it.
pub fn may_take(
    all: &[Post],
    department: Uuid,
    main: bool,
    from: Time,
    now: Time,
) -> Result<(), (&'static str, &'static str)> {
    if from > now {
        return Err(("valid_from", "future"));
    }
    let lasts = |post: &&Post| post.valid_to.is_none_or(|to| to > from);
    if all.iter().filter(lasts).any(|post| post.department_id == department) {
        return Err(("department_id", "post_there"));
    }
    let in_the_way = |post: &Post| post.main && (post.valid_to.is_some() || post.valid_from > from);
    if main && all.iter().filter(lasts).any(in_the_way) {
        return Err(("valid_from", "post_main_later"));
    }
    Ok(())
}

/// Why a post cannot end at `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEnd {
    /// The post is not one that ends: code of the state.
    State(&'static str),
    /// It cannot end on that day: code of the field.
    Day(&'static str),
}

/// Whether a post may end at `at`.
pub fn may_end(post: &Post, at: Time, now: Time) -> Result<(), NoEnd> {
    if post.valid_to.is_some() {
        return Err(NoEnd::State("post_over"));
    }
    if post.main {
        return Err(NoEnd::State("post_is_main"));
    }
    if at > now {
        return Err(NoEnd::Day("future"));
    }
    if at <= post.valid_from {
        return Err(NoEnd::Day("before_start"));
    }
    Ok(())
}

/// The order of a list after somebody typed a number beside each of its rows: whom
/// to put where, by their places today. Of two with the same number the one that
/// was moved up comes first and the one that was moved down last.
pub fn reordered(typed: &[i64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..typed.len()).collect();
    order.sort_by_key(|&place| {
        let today = i64::try_from(place).unwrap_or(i64::MAX) + 1;
        (typed[place], typed[place].cmp(&today), place)
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);
    const C: Uuid = Uuid::from_u128(3);

    fn day(n: i64) -> Time {
        Time::from_ms(n * crate::time::DAY_MS)
    }

    fn post(department_id: Uuid, main: bool, from: i64, to: Option<i64>) -> Post {
        Post {
            id: Uuid::nil(),
            person_id: Uuid::nil(),
            person: String::new(),
            department_id,
            department: String::new(),
            title: None,
            main,
            position: 0,
            valid_from: day(from),
            valid_to: to.map(day),
            basis: None,
            end_note: None,
            version: 1,
        }
    }

    #[test]
    fn a_post_is_taken_beside_the_main_one() {
        // Main post in A since day 10, before that in B from day 1; beside it C until day 5.
        let all = [post(B, true, 1, Some(10)), post(A, true, 10, None), post(C, false, 2, Some(5))];
        for (department, main, from, expected) in [
            (B, false, 20, Ok(())),
            (B, false, 21, Err(("valid_from", "future"))),
            (A, false, 20, Err(("department_id", "post_there"))),
            (A, true, 20, Err(("department_id", "post_there"))),
            // Entered late, as it was: C was free again from day 5 on.
            (C, false, 5, Ok(())),
            (C, false, 4, Err(("department_id", "post_there"))),
            (C, false, 1, Err(("department_id", "post_there"))),
            (C, true, 15, Ok(())),
            // The former main post becomes one beside it on that day, so it was there by then.
            (C, true, 10, Ok(())),
            (C, true, 9, Err(("valid_from", "post_main_later"))),
        ] {
            assert_eq!(may_take(&all, department, main, day(from), day(20)), expected, "{department} {main} {from}");
        }
    }

    #[test]
    fn a_post_ends_on_a_day_that_was() {
        for (post, at, expected) in [
            (post(A, false, 3, None), 10, Ok(())),
            (post(A, false, 3, None), 4, Ok(())),
            // It would be as if it had never been held.
            (post(A, false, 3, None), 3, Err(NoEnd::Day("before_start"))),
            (post(A, false, 3, None), 11, Err(NoEnd::Day("future"))),
            (post(A, false, 3, Some(5)), 10, Err(NoEnd::State("post_over"))),
            (post(A, true, 3, None), 10, Err(NoEnd::State("post_is_main"))),
        ] {
            assert_eq!(may_end(&post, day(at), day(10)), expected, "{at}");
        }
    }

    #[test]
    fn the_order_of_the_leadership_as_it_is_typed() {
        for (typed, order) in [
            (&[1, 2, 3, 4][..], &[0, 1, 2, 3][..]),
            // The third goes to the top, the first to the third place.
            (&[1, 2, 1, 4], &[2, 0, 1, 3]),
            (&[3, 2, 3, 4], &[1, 2, 0, 3]),
            // Numbers with gaps, and all the same.
            (&[40, 30, 20, 10], &[3, 2, 1, 0]),
            (&[1, 1, 1], &[1, 2, 0]),
            (&[0, -5], &[1, 0]),
            (&[], &[]),
        ] {
            assert_eq!(reordered(typed), order, "{typed:?}");
        }
    }
}
