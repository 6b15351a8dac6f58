use crate::{ToValue, Value};
use std::borrow::Cow;
use std::fmt::Write as _;

/// A statement and its arguments. Only text that stands in the source
/// (`&'static str`) can become part of the statement, so a user's words never
/// can: they travel as arguments.
///
/// ```
/// # use store::sql;
/// let mut find = sql!("SELECT id FROM appeal WHERE zone_id = $1", 7_i64);
/// find.push(" AND status = ").arg("closed");
/// assert_eq!(find.text(), "SELECT id FROM appeal WHERE zone_id = $1 AND status = $2");
/// ```
#[derive(Clone, Debug)]
pub struct Sql {
    text: Cow<'static, str>,
    args: Vec<Value>,
}

impl Sql {
    /// A statement with arguments `$1…$n`. Use the [`sql!`](crate::sql!) macro.
    pub fn new(text: &'static str, args: Vec<Value>) -> Self {
        Self { text: Cow::Borrowed(text), args }
    }

    /// A statement whose text is made of names from the migrations.
    pub(crate) fn owned(text: String, args: Vec<Value>) -> Self {
        Self { text: Cow::Owned(text), args }
    }

    /// The text of the statement.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_parts(self) -> (Cow<'static, str>, Vec<Value>) {
        (self.text, self.args)
    }

    /// Appends a piece of SQL from the source.
    pub fn push(&mut self, piece: &'static str) -> &mut Self {
        self.text.to_mut().push_str(piece);
        self
    }

    /// Appends an argument and its placeholder.
    pub fn arg(&mut self, value: impl ToValue) -> &mut Self {
        self.args.push(value.to_value());
        let n = self.args.len();
        // Writing to a String cannot fail.
        let _ = write!(self.text.to_mut(), "${n}");
        self
    }

    /// Appends a parenthesised list of arguments: `($3, $4)`. An empty list
    /// becomes `(NULL)`, which matches nothing.
    pub fn list<T: ToValue>(&mut self, values: impl IntoIterator<Item = T>) -> &mut Self {
        let mut first = true;
        for value in values {
            self.push(if first { "(" } else { ", " });
            first = false;
            self.arg(value);
        }
        self.push(if first { "(NULL)" } else { ")" })
    }

    /// Appends another statement's text and arguments, with its placeholders
    /// numbered on. Placeholders of the piece must be `$1…$n` in order of use.
    pub fn append(&mut self, piece: Sql) -> &mut Self {
        let (text, args) = piece.into_parts();
        let mut rest = text.as_ref();
        let shift = self.args.len();
        while let Some(at) = rest.find('$') {
            let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
            let (before, after) = rest.split_at(at + 1);
            self.text.to_mut().push_str(before);
            match after[..digits].parse::<usize>() {
                Ok(n) => {
                    let _ = write!(self.text.to_mut(), "{}", n + shift);
                }
                Err(_) => self.text.to_mut().push_str(&after[..digits]),
            }
            rest = &after[digits..];
        }
        self.text.to_mut().push_str(rest);
        self.args.extend(args);
        self
    }
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::new(text, Vec::new())
    }
}

/// A statement with its arguments: `sql!("SELECT … WHERE id = $1", id)`.
#[macro_export]
macro_rules! sql {
    ($text:expr $(, $arg:expr)* $(,)?) => {
        $crate::Sql::new($text, vec![$($crate::ToValue::to_value(&$arg)),*])
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_piece_is_numbered_on() {
        let mut query = sql!("SELECT 1 WHERE a = $1", 1_i64);
        query.push(" AND ").append(sql!("(b = $1 OR c = $2)", 2_i64, 3_i64)).push(" AND d = ").arg(4_i64);
        assert_eq!(query.text(), "SELECT 1 WHERE a = $1 AND (b = $2 OR c = $3) AND d = $4");
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        let mut query = sql!("SELECT 1 WHERE a IN ");
        query.list(Vec::<i64>::new());
        assert_eq!(query.text(), "SELECT 1 WHERE a IN (NULL)");
    }
}
