/// Which of the two databases a connection speaks to. Most statements are the
/// same text in both; ask for the dialect only where they really differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded database: one file.
    Sqlite,
    /// A server, for cities.
    Postgres,
}

impl Dialect {
    /// Chooses between two fragments of SQL.
    pub fn pick<T>(self, sqlite: T, postgres: T) -> T {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }
}
