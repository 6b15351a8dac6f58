//! The tables of `demo/`, as rows of named cells.

use std::collections::HashMap;

/// A row of a table.
pub struct Row(HashMap<&'static str, &'static str>);

impl Row {
    /// The cell of a column; empty when there is none.
    pub fn get(&self, column: &str) -> &'static str {
        self.0.get(column).copied().unwrap_or_default()
    }

    /// The cell when it is not empty.
    pub fn opt(&self, column: &str) -> Option<String> {
        Some(self.get(column)).filter(|cell| !cell.is_empty()).map(str::to_owned)
    }
}

macro_rules! tables {
    ($($name:ident)*) => {$(
        #[doc = concat!("`demo/", stringify!($name), ".tsv`.")]
        pub fn $name() -> Vec<Row> {
            rows(include_str!(concat!("../../../../demo/", stringify!($name), ".tsv")))
        }
    )*};
}

tables! { appeals carriers departments enterprises matters people promises visits }

fn rows(text: &'static str) -> Vec<Row> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    lines.map(|line| Row(head.iter().copied().zip(line.split('\t')).collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_tables_fit_together() {
        let departments: HashSet<_> = departments().iter().map(|row| row.get("key")).collect();
        for person in people() {
            assert!(departments.contains(person.get("department")), "{}", person.get("name"));
            assert!(
                person.opt("beside").is_none_or(|key| departments.contains(key.as_str())),
                "{}",
                person.get("name")
            );
        }
        for appeal in appeals() {
            assert!(departments.contains(appeal.get("lead")), "{}", appeal.get("title"));
            assert!(!appeal.get("answer").is_empty(), "{}", appeal.get("title"));
        }
        let carriers: HashSet<_> = carriers().iter().map(|row| row.get("name")).collect();
        let enterprises = enterprises();
        assert!(enterprises.len() > 120);
        let names: HashSet<_> = enterprises.iter().map(|row| row.get("name")).collect();
        assert_eq!(names.len(), enterprises.len());
        for enterprise in &enterprises {
            let carrier = enterprise.get("carrier");
            assert!(carrier.is_empty() || carriers.contains(carrier), "{}", enterprise.get("name"));
        }
    }
}
