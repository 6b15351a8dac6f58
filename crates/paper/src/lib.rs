#![doc = include_str!("../README.md")]

mod read;
mod table;
mod write;

pub use read::{Limits, ReadError, Row, Sheet, read};
pub use table::{Column, Record, Table, column_letter, table};
pub use write::{Cell, SheetOut, csv, workbook, xlsx};
