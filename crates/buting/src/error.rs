//! What a desk answers when it cannot do what was asked. The edge turns it into
//! a page or into problem+json, in the reader's language.

use crate::handover::InTheWay;
use store::Error as StoreError;
use uuid::Uuid;

/// The result of a desk.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done.
#[derive(Debug)]
pub enum Error {
    /// The input does not hold; every field that is wrong is named.
    Invalid(Vec<FieldError>),
    /// The request cannot be read at all (broken JSON, unknown field). The code
    /// is stable; the detail is for programmers, in English.
    Malformed {
        /// Stable code.
        code: &'static str,
        /// What could not be read.
        detail: String,
        /// JSON pointer to the place, if known.
        pointer: Option<String>,
    },
    /// No such record, or none that this person may know of.
    NotFound,
    /// Signed in, but this is for others.
    Forbidden,
    /// Not signed in, or the credentials do not hold.
    Unauthenticated(&'static str),
    /// The record has moved on: stale version, or a state that does not allow it.
    Conflict(Conflict),
    /// The same post was carried out before; this is the record it made.
    Replayed(Uuid),
    /// Too many attempts; come back after so many seconds.
    TooMany(i64),
    /// The body or the file is larger than allowed (bytes).
    TooLarge(usize),
    /// The body is of another kind than this one, which is read here.
    MediaType(&'static str),
    /// The store refused.
    Store(StoreError),
    /// A fault of the program. Logged, never shown.
    Internal(String),
}

/// Why a change met a record in another state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Somebody saved in between; the version now.
    Stale(i64),
    /// The record's state does not allow this. `code` is stable and also the
    /// key of the explanation in the locale files (`conflict-<code>`).
    State(&'static str),
    /// Something is still held that must be handed over before.
    Held(InTheWay),
    /// A unique value is taken; names the field.
    Taken(&'static str),
    /// The one-time key was used for another request.
    KeyReused,
}

/// An error with all that lies behind it.
pub fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Name of the field as in the contract; nested as `contacts/0/phone`.
    pub field: String,
    /// Stable code and locale key (`invalid-<code>`).
    pub code: &'static str,
    /// Values for the message.
    pub args: Vec<(&'static str, String)>,
}

impl FieldError {
    /// A field that is wrong in the way that `code` says.
    pub fn new(field: impl Into<String>, code: &'static str) -> Self {
        Self { field: field.into(), code, args: Vec::new() }
    }

    /// Adds a value for the message.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }
}

impl Error {
    /// One wrong field.
    pub fn field(field: impl Into<String>, code: &'static str) -> Self {
        Self::Invalid(vec![FieldError::new(field, code)])
    }

    /// The state does not allow it.
    pub fn state(code: &'static str) -> Self {
        Self::Conflict(Conflict::State(code))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing => Self::NotFound,
            other => Self::Store(other),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Store(error) => write!(f, "{error}"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl std::error::Error for Error {}

/// Collects what is wrong with an input, so that everything is told at once.
#[derive(Debug, Default)]
pub struct Check(Vec<FieldError>);

impl Check {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a wrong field.
    pub fn add(&mut self, error: FieldError) -> &mut Self {
        self.0.push(error);
        self
    }

    /// Notes the field when the condition does not hold.
    pub fn that(&mut self, holds: bool, field: &str, code: &'static str) -> &mut Self {
        if !holds {
            self.0.push(FieldError::new(field, code));
        }
        self
    }

    /// A text of 1 to `max` characters, trimmed, without control characters
    /// other than line breaks and tabs.
    pub fn text(&mut self, field: &str, value: &str, max: usize) -> String {
        let text = self.opt_text(field, Some(value), max).unwrap_or_default();
        if text.is_empty() && !self.has(field) {
            self.0.push(FieldError::new(field, "required"));
        }
        text
    }

    /// Like [`Check::text`], but may be absent or empty.
    pub fn opt_text(&mut self, field: &str, value: Option<&str>, max: usize) -> Option<String> {
        let text = value?.trim();
        if text.chars().count() > max {
            self.0.push(FieldError::new(field, "too_long").with("max", max));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.0.push(FieldError::new(field, "control_character"));
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Whether this field was noted already.
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|error| error.field == field)
    }

    /// The end: an error when anything was noted.
    pub fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}
