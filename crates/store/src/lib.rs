#![doc = include_str!("../README.md")]

mod db;
mod dialect;
pub mod dump;
mod error;
mod job;
mod ledger;
mod migrate;
mod row;
mod sql;
#[cfg(feature = "testing")]
pub mod testing;
mod value;

pub use db::{Db, Doing, Options, Tx};
pub use dialect::Dialect;
pub use error::{Error, Result};
pub use job::{Claimed, JobRow, Kinds, MAX_ATTEMPTS, Queue, Schedule};
pub use ledger::{Entry, Fault, LedgerRow, Proof, Seal, Sealed, VerifyReport};
pub use migrate::Migration;

/// The first migration: what every job stands on.
pub const FOUNDATION: Migration =
    Migration { version: 1, name: "store", text: include_str!("../migrations/0001_store.sql") };

pub use row::{FromRow, Row};
pub use sql::Sql;
pub use value::{FromValue, Kind, ToValue, Value};
pub use vault;
