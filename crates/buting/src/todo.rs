//! What needs somebody now. Each job says so for itself; the first page sets the
//! answers in one list, most pressing first.

use crate::time::Time;
use almanac::Light;

/// One thing that waits for a person.
#[derive(Clone, Debug)]
pub struct ToDo {
    /// Locale key of what is to be done, such as `todo-appeal-sign`.
    pub action: &'static str,
    /// The title of the record.
    pub title: String,
    /// The subject it concerns, by short name.
    pub about: Option<String>,
    /// The page on which it is done.
    pub href: String,
    /// When it is due.
    pub due_at: Option<Time>,
    /// How the deadline stands.
    pub light: Light,
}

/// Something that waits for nobody in particular and not to the day: how many there
/// are, with the list that shows them.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Locale key of the sentence; `n` is the number.
    pub text: &'static str,
    /// How many, never 0.
    pub n: i64,
    /// The list.
    pub href: &'static str,
}

/// Sorts overdue first, then near, then by due time; what has none comes last.
pub fn sort(items: &mut [ToDo]) {
    items.sort_by_key(|item| (std::cmp::Reverse(item.light), item.due_at.map_or(i64::MAX, Time::ms)));
}
