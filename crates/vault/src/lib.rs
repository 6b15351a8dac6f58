#![doc = include_str!("../README.md")]

pub mod canonical;
pub mod field;
pub mod hash;
pub mod head;
pub mod keyring;
pub mod mac;
pub mod merkle;
pub mod password;
pub mod token;
pub mod totp;

use std::fmt;

/// What can go wrong here.
#[derive(Debug)]
pub enum Error {
    /// The system gave no randomness.
    Random,
    /// A key file cannot be read or written.
    File(std::io::Error),
    /// A key file does not hold what it should; names the file.
    KeyFile(String),
    /// A sealed value does not open: wrong key, wrong place, or altered.
    Sealed,
    /// A password hash or a secret does not have the right form.
    Form(String),
    /// A node of the tree that a proof needs is missing.
    Node,
}

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("the system gave no randomness"),
            Self::File(error) => write!(f, "key file: {error}"),
            Self::KeyFile(name) => write!(f, "the key file {name} is damaged"),
            Self::Sealed => f.write_str("a sealed value does not open"),
            Self::Form(what) => f.write_str(what),
            Self::Node => f.write_str("a node of the tree is missing"),
        }
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

/// Fills an array with randomness of the system.
///
/// # Panics
/// When the operating system has none: no key may be made then.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without randomness nothing here may go on")]
    getrandom::fill(&mut bytes).expect("the system gives randomness");
    bytes
}
