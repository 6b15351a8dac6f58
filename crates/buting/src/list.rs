//! Lists that run by one time: their order, the cursor of a page, the words asked for.

use crate::error::{Error, Result};
use crate::time::Time;
use store::Sql;
use uuid::Uuid;

/// A place in such a list: the time that it runs by, and the id.
pub type Place = (Time, Uuid);

/// Which way a list runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As people want it when they ask for nothing.
    #[default]
    Usual,
    /// The other way round.
    Reversed,
}

impl Order {
    /// Reads `sort`. `usual` is what the list does anyway: `due`, or `-happened`
    /// for the newest first.
    pub fn read(sort: Option<&str>, usual: &str) -> Result<Self> {
        let Some(sort) = sort.filter(|sort| !sort.is_empty() && *sort != usual) else { return Ok(Self::Usual) };
        match (sort.strip_prefix('-'), usual.strip_prefix('-')) {
            (Some(key), None) if key == usual => Ok(Self::Reversed),
            (None, Some(key)) if key == sort => Ok(Self::Reversed),
            _ => Err(Error::field("sort", "unknown")),
        }
    }
}

/// Ends the statement of a page: what comes after a place, in order, at most so
/// many. `at` and `id` are the columns of the place; `down` says that the list
/// usually begins with the newest.
pub fn page(query: &mut Sql, [at, id]: [&'static str; 2], down: bool, order: Order, after: Option<Place>, limit: i64) {
    let down = down == (order == Order::Usual);
    if let Some((time, key)) = after {
        query.push(" AND (").push(at).push(", ").push(id).push(if down { ") < (" } else { ") > (" });
        query.arg(time).push(", ").arg(key).push(")");
    }
    let way = if down { " DESC" } else { "" };
    query.push(" ORDER BY ").push(at).push(way).push(", ").push(id).push(way).push(" LIMIT ").arg(limit);
}

/// Reads a cursor.
pub fn read_cursor(cursor: Option<&str>) -> Result<Option<Place>> {
    let read = |text: &str| {
        let (at, id) = text.split_once('.')?;
        Some((Time::from_ms(at.parse().ok()?), Uuid::parse_str(id).ok()?))
    };
    cursor.map(|text| read(text).ok_or_else(|| Error::field("cursor", "unreadable"))).transpose()
}

/// Cuts a list that was read one row too far; answers the cursor of the rest.
pub fn cut<T>(items: &mut Vec<T>, limit: i64, place: impl Fn(&T) -> Option<Place>) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if items.len() <= limit {
        return None;
    }
    items.truncate(limit);
    let (at, id) = items.last().and_then(place)?;
    Some(format!("{}.{id}", at.ms()))
}

/// The pattern of LIKE for a text with that word in it. Wildcards are dropped:
/// nobody who types `50%` means one.
pub fn like(q: &str) -> String {
    format!("%{}%", q.trim().replace(['%', '_', '\\'], ""))
}

/// Narrows a list to rows that have a word in one of their own texts, or in the
/// name of the enterprise or project that they are about. `row` is the alias of
/// the table with its dot (`v.`).
pub fn about(query: &mut Sql, row: &'static str, texts: &[&'static str], q: Option<&str>) {
    let Some(q) = q.map(str::trim).filter(|q| !q.is_empty()) else { return };
    let pattern = like(q).to_lowercase();
    query.push(" AND (FALSE");
    for text in texts {
        query.push(" OR lower(").push(text).push(") LIKE ").arg(pattern.as_str());
    }
    for table in ["enterprise", "project"] {
        query.push(" OR EXISTS (SELECT 1 FROM ").push(table).push(" s WHERE s.zone_id = ").push(row).push("zone_id");
        query.push(" AND s.id = ").push(row).push("subject_id AND (lower(s.name) LIKE ").arg(pattern.as_str());
        query.push(" OR lower(s.short_name) LIKE ").arg(pattern.as_str()).push("))");
    }
    query.push(")");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_runs_as_usual_or_the_other_way() {
        for (sort, usual, order) in [
            (None, "-happened", Some(Order::Usual)),
            (Some(""), "-happened", Some(Order::Usual)),
            (Some("-happened"), "-happened", Some(Order::Usual)),
            (Some("happened"), "-happened", Some(Order::Reversed)),
            (Some("due"), "due", Some(Order::Usual)),
            (Some("-due"), "due", Some(Order::Reversed)),
            (Some("name"), "due", None),
            (Some("--due"), "due", None),
            (Some("due; DROP"), "due", None),
        ] {
            assert_eq!(Order::read(sort, usual).ok(), order, "{sort:?} of {usual}");
        }
    }

    #[test]
    fn a_page_goes_on_after_its_place() {
        let at = |down, order| {
            let mut query = Sql::from("");
            page(&mut query, ["v.at", "v.id"], down, order, Some((Time::default(), Uuid::nil())), 5);
            query.text().to_owned()
        };
        assert_eq!(at(true, Order::Usual), " AND (v.at, v.id) < ($1, $2) ORDER BY v.at DESC, v.id DESC LIMIT $3");
        assert_eq!(at(false, Order::Usual), " AND (v.at, v.id) > ($1, $2) ORDER BY v.at, v.id LIMIT $3");
        assert_eq!(at(true, Order::Reversed), at(false, Order::Usual));
        assert_eq!(at(false, Order::Reversed), at(true, Order::Usual));
    }

    #[test]
    fn a_cursor_comes_back() {
        let place = (Time::from_ms(5), Uuid::from_u128(7));
        let mut items = vec![place, place, place];
        let cursor = cut(&mut items, 2, |place| Some(*place)).expect("there is more");
        assert_eq!(items.len(), 2);
        assert_eq!(read_cursor(Some(&cursor)).expect("a cursor"), Some(place));
        assert!(read_cursor(Some("1.2.3")).is_err());
        assert_eq!(cut(&mut items, 2, |place| Some(*place)), None);
    }
}
