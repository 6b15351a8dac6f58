#![doc = include_str!("../README.md")]

mod finding;
pub mod phone;
pub mod plate;
mod resident;
mod serial;
mod uscc;

pub use finding::{Finding, Language, Severity, half_width};
pub use phone::Phone;
pub use plate::Plate;
pub use resident::ResidentId;
pub use serial::{ParcelNumber, ProjectCode};
pub use uscc::Uscc;
