//! How lists run: their order, the cursor of a page, the words asked for. A list
//! that runs by one time alone has an [`Order`]; one that can be sorted by several
//! columns is a [`Walk`].

use crate::error::{Error, Result};
use crate::search;
use crate::text::labelled;
use crate::time::Time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::borrow::Cow;
use store::{FromRow, Sql, Tx};
use uuid::Uuid;

/// A column that a list can be sorted by.
#[derive(Debug)]
pub struct Key {
    /// The word of `sort`.
    word: &'static str,
    /// The column or expression; never null.
    column: &'static str,
    /// Whether it holds whole numbers or times; texts otherwise.
    number: bool,
}

impl Key {
    /// A column of texts.
    pub const fn text(word: &'static str, column: &'static str) -> Self {
        Self { word, column, number: false }
    }

    /// A column of whole numbers or times.
    pub const fn number(word: &'static str, column: &'static str) -> Self {
        Self { word, column, number: true }
    }
}

/// The value that the last row of a page was sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Number(i64),
}

/// One page of a list that can be sorted by several columns: by which, which way,
/// after which row, how many. Rows of the same value follow by their id.
#[derive(Clone, Debug)]
pub struct Walk {
    key: &'static Key,
    down: bool,
    after: Option<(Value, Uuid)>,
    limit: i64,
}

impl Walk {
    /// Reads `sort` and `cursor`. `usual` is the order when nobody asks for one, with
    /// `-` the greatest first. An order that the list does not have is refused, and
    /// so is a cursor of another order.
    pub fn read(
        keys: &'static [Key],
        usual: &str,
        sort: Option<&str>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Self> {
        let sort = sort.filter(|sort| !sort.is_empty()).unwrap_or(usual);
        let (down, word) = sort.strip_prefix('-').map_or((false, sort), |word| (true, word));
        let key = keys.iter().find(|key| key.word == word).ok_or_else(|| Error::field("sort", "unknown"))?;
        let mut walk = Self { key, down, after: None, limit };
        if let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) {
            let after = walk.place(cursor).ok_or_else(|| Error::field("cursor", "unreadable"))?;
            walk.after = Some(after);
        }
        Ok(walk)
    }

    /// The first rows by the first of the keys.
    pub fn first(keys: &'static [Key], limit: i64) -> Self {
        Self { key: &keys[0], down: false, after: None, limit }
    }

    /// Whether this is the first page.
    pub fn begins(&self) -> bool {
        self.after.is_none()
    }

    fn place(&self, cursor: &str) -> Option<(Value, Uuid)> {
        // No text column holds NUL, and PostgreSQL does not take it as an argument.
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok().filter(|text| !text.contains('\0'))?;
        let mut parts = plain.splitn(3, ' ');
        if parts.next()? != self.sort() {
            return None;
        }
        let (id, value) = (Uuid::parse_str(parts.next()?).ok()?, parts.next()?);
        let value = if self.key.number { Value::Number(value.parse().ok()?) } else { Value::Text(value.to_owned()) };
        Some((value, id))
    }

    fn sort(&self) -> String {
        format!("{}{}", if self.down { "-" } else { "" }, self.key.word)
    }

    /// The column that the cursor is made from; it stands with the others of the
    /// statement, before its FROM.
    pub fn column(&self, query: &mut Sql) {
        query.push(", CAST(").push(self.key.column).push(" AS text) AS walked_by");
    }

    /// Ends the statement (`… WHERE …`), runs it, and answers the rows with the
    /// cursor of the rest. `id` is the column that tells equal ones apart.
    pub async fn list<T: FromRow>(
        &self,
        tx: &mut Tx,
        mut query: Sql,
        id: &'static str,
    ) -> store::Result<(Vec<T>, Option<String>)> {
        let column = self.key.column;
        if let Some((value, last)) = &self.after {
            query.push(" AND (").push(column).push(", ").push(id).push(if self.down { ") < (" } else { ") > (" });
            match value {
                Value::Text(text) => query.arg(text),
                Value::Number(n) => query.arg(*n),
            };
            query.push(", ").arg(*last).push(")");
        }
        let way = if self.down { " DESC" } else { "" };
        query.push(" ORDER BY ").push(column).push(way).push(", ").push(id).push(way);
        query.push(" LIMIT ").arg(self.limit + 1);
        let mut rows = tx.all(query).await?;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = match rows.last().filter(|_| more) {
            None => None,
            Some(last) => {
                let (id, value): (Uuid, String) = (last.get("id")?, last.get("walked_by")?);
                Some(URL_SAFE_NO_PAD.encode(format!("{} {id} {value}", self.sort())))
            }
        };
        Ok((rows.iter().map(store::Row::read).collect::<store::Result<_>>()?, next))
    }
}

/// A column that a list can show: on the page, in a kept view, in a file.
#[derive(Debug)]
pub struct Column {
    /// The word of `columns`; of `sort` too, where the list can be sorted by it.
    pub word: &'static str,
    /// Locale key of its head.
    pub label: &'static str,
    /// Its head in files, which stay Chinese in every language and which the import knows.
    pub head: &'static str,
    /// Whether it is shown to who has not chosen.
    pub usual: bool,
    /// Whether its head sorts the list.
    pub sorts: bool,
    /// How it is set: `num`, `nowrap`; `wide` is left out on a phone.
    pub class: &'static str,
    /// Whether a card on a phone says its label, since the value alone says too little.
    pub labelled: bool,
}

impl Column {
    /// A column that is shown to who has not chosen.
    pub const fn new(word: &'static str, label: &'static str, head: &'static str) -> Self {
        Self { word, label, head, usual: true, sorts: false, class: "", labelled: true }
    }

    /// Shown only to who chose it.
    pub const fn hidden(mut self) -> Self {
        self.usual = false;
        self
    }

    /// Its head sorts the list.
    pub const fn sorted(mut self) -> Self {
        self.sorts = true;
        self
    }

    /// Set so.
    pub const fn class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }

    /// A number.
    pub const fn number(self) -> Self {
        self.class("num")
    }

    /// Its value says by itself what it is.
    pub const fn plain(mut self) -> Self {
        self.labelled = false;
        self
    }
}

/// The columns that a reader chose, by `columns` of the address: every word a
/// parameter of its own, or several with commas between.
#[derive(Clone, Debug)]
pub struct Columns {
    all: &'static [Column],
    chosen: Vec<String>,
}

impl Columns {
    /// Reads what was chosen. The first column names the row and is always there;
    /// words that the list does not have are not asked. Chosen by hand or not, they
    /// stand in the order of the list.
    pub fn read(all: &'static [Column], asked: &[String]) -> Self {
        let words = asked.iter().flat_map(|text| text.split(',')).map(str::to_owned);
        Self { all, chosen: words.filter(|word| all.iter().any(|column| column.word == word)).collect() }
    }

    /// Whether a column is shown.
    pub fn has(&self, word: &str) -> bool {
        self.shown().any(|column| column.word == word)
    }

    /// What is shown, in the order of the list.
    pub fn shown(&self) -> impl Iterator<Item = &'static Column> + '_ {
        self.all.iter().filter(|column| {
            let asked = self.chosen.iter().any(|word| word == column.word);
            column.word == self.first() || asked || self.chosen.is_empty() && column.usual
        })
    }

    /// The word of the column that names the row. A form sends it along, so that who
    /// unticks all others is shown that one.
    pub fn first(&self) -> &'static str {
        self.all.first().map_or("", |column| column.word)
    }

    /// Every column that can be chosen, with whether it is shown.
    pub fn choices(&self) -> Vec<(&'static Column, bool)> {
        self.all.iter().skip(1).map(|column| (column, self.has(column.word))).collect()
    }

    /// Heads in files.
    pub fn heads(&self) -> Vec<Cow<'static, str>> {
        self.shown().map(|column| labelled(column.head)).collect()
    }
}

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

/// A condition that holds for rows about an enterprise, carrier or project that the
/// words of `q` find: by name, short name, pinyin, credit code, number. `column`
/// holds the subject. `own` is a kind of text that the rows have themselves, with the
/// column of their key. `None` when nothing is asked.
pub async fn subjects(
    tx: &mut Tx,
    zone: Uuid,
    column: &'static str,
    own: Option<(&'static str, &'static str)>,
    q: Option<&str>,
) -> Result<Option<Sql>> {
    let Some(q) = q.map(str::trim).filter(|q| !q.is_empty()) else { return Ok(None) };
    let mut any = Sql::from("(FALSE");
    for (kind, column) in ["enterprise", "carrier", "project"].map(|kind| (kind, column)).into_iter().chain(own) {
        if let Some(found) = search::matching(tx, zone, kind, column, q).await? {
            any.push(" OR ").append(found);
        }
    }
    any.push(")");
    Ok(Some(any))
}

/// Narrows a list to rows that have a word in one of their own texts, or are about
/// what [`subjects`] found.
pub fn about(query: &mut Sql, texts: &[&'static str], q: Option<&str>, found: Option<&Sql>) {
    let Some(q) = q.map(str::trim).filter(|q| !q.is_empty()) else { return };
    let pattern = like(q).to_lowercase();
    query.push(" AND (FALSE");
    for text in texts {
        query.push(" OR lower(").push(text).push(") LIKE ").arg(pattern.as_str());
    }
    if let Some(found) = found {
        query.push(" OR ").append(found.clone());
    }
    query.push(")");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_that_were_chosen_or_the_usual_ones() {
        const ALL: &[Column] =
            &[Column::new("name", "", ""), Column::new("uscc", "", "").hidden(), Column::new("status", "", "")];
        for (asked, shown) in [
            (vec![], vec!["name", "status"]),
            (vec!["uscc"], vec!["name", "uscc"]),
            (vec!["status,uscc"], vec!["name", "uscc", "status"]),
            (vec!["status", "uscc"], vec!["name", "uscc", "status"]),
            (vec!["secret"], vec!["name", "status"]),
            (vec!["name"], vec!["name"]),
        ] {
            let asked: Vec<String> = asked.into_iter().map(str::to_owned).collect();
            let columns = Columns::read(ALL, &asked);
            assert_eq!(columns.shown().map(|column| column.word).collect::<Vec<_>>(), shown, "{asked:?}");
        }
    }

    #[test]
    fn an_order_is_one_of_the_lists_own() {
        const KEYS: &[Key] = &[Key::text("name", "e.spelling"), Key::number("headcount", "coalesce(e.headcount, -1)")];
        let read = |sort: Option<&str>, cursor: Option<&str>| Walk::read(KEYS, "name", sort, cursor, 2);
        for (sort, order) in [
            (None, Some("name")),
            (Some(""), Some("name")),
            (Some("-name"), Some("-name")),
            (Some("headcount"), Some("headcount")),
            (Some("--name"), None),
            (Some("e.spelling"), None),
            (Some("name; DROP"), None),
        ] {
            assert_eq!(read(sort, None).ok().map(|walk| walk.sort()).as_deref(), order, "{sort:?}");
        }
        let id = Uuid::from_u128(7);
        let of = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let after = |sort, cursor: String| read(Some(sort), Some(&cursor)).ok().and_then(|walk| walk.after);
        assert_eq!(after("name", of(&format!("name {id} a b"))), Some((Value::Text("a b".into()), id)));
        assert_eq!(after("-headcount", of(&format!("-headcount {id} 5"))), Some((Value::Number(5), id)));
        for (sort, cursor) in [
            ("-name", of(&format!("name {id} a"))),
            ("headcount", of(&format!("name {id} 5"))),
            ("headcount", of(&format!("headcount {id} five"))),
            ("name", of("name 7 a")),
            ("name", of(&format!("name {id} a\0b"))),
            ("name", "%".into()),
        ] {
            assert!(read(Some(sort), Some(&cursor)).is_err(), "{cursor} of {sort}");
        }
    }

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
