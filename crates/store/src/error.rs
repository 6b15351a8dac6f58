use std::fmt;

/// What can go wrong between a desk and its database.
///
/// The texts are for logs and administrators; what a user reads is chosen at
/// the edge from the variant.
#[derive(Debug)]
pub enum Error {
    /// A row that must exist does not.
    Missing,
    /// A unique key is taken. Holds the name of the constraint or the columns,
    /// whichever the database reports.
    Duplicate(String),
    /// A referenced row does not exist or is still referenced.
    Reference(String),
    /// The disk or the quota is full: nothing was stored.
    Full,
    /// The database could not be reached or was too busy in time.
    Unavailable(String),
    /// A stored value does not have the shape that the program expects.
    Shape(String),
    /// The schema is newer, half-applied or altered; the text says which.
    Schema(String),
    /// Anything else the driver reports.
    Database(String),
    /// Reading or writing a file failed (backup, keys).
    File(String),
}

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no such row"),
            Self::Duplicate(key) => write!(f, "duplicate key: {key}"),
            Self::Reference(key) => write!(f, "reference does not hold: {key}"),
            Self::Full => f.write_str("the disk is full"),
            Self::Unavailable(why) => write!(f, "the database is not available: {why}"),
            Self::Shape(what) => write!(f, "unexpected value: {what}"),
            Self::Schema(what) => f.write_str(what),
            Self::Database(what) => write!(f, "database error: {what}"),
            Self::File(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull => Self::Full,
            _ => Self::File(error.to_string()),
        }
    }
}

/// SQLite result codes that mean "nothing was stored because there is no room".
const SQLITE_FULL: &str = "13";

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;
        match &error {
            sqlx::Error::RowNotFound => Self::Missing,
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::Unavailable(error.to_string())
            }
            sqlx::Error::Database(db) => {
                let code = db.code().unwrap_or_default().into_owned();
                match db.kind() {
                    ErrorKind::UniqueViolation => {
                        Self::Duplicate(db.constraint().map_or_else(|| db.message().to_owned(), str::to_owned))
                    }
                    ErrorKind::ForeignKeyViolation => Self::Reference(db.message().to_owned()),
                    _ if code == SQLITE_FULL || code == "53100" => Self::Full,
                    // Class 57: the server is shutting down; 53: out of resources; 40: two
                    // transactions waited for each other, and this one was ended.
                    // 5 and 6: SQLite busy or locked beyond the busy timeout.
                    _ if code.starts_with("57")
                        || code.starts_with("53")
                        || code.starts_with("40")
                        || matches!(code.as_str(), "5" | "6" | "261" | "517") =>
                    {
                        Self::Unavailable(db.message().to_owned())
                    }
                    _ => Self::Database(format!("{} ({code})", db.message())),
                }
            }
            _ => Self::Database(error.to_string()),
        }
    }
}
