#![doc = include_str!("../README.md")]

mod hidden;
mod read;
mod table;
mod write;

pub use read::{Limits, ReadError, Row, Sheet, read};
pub use table::{Column, Headings, Record, Skip, Table, column_letter, plain_heading, table};
pub use write::{Cell, SheetOut, csv, csv_of, workbook, xlsx};
