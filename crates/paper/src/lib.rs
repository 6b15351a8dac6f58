#![doc = include_str!("../README.md")]

pub mod document;
mod docx;
#[cfg(feature = "pdf")]
mod fonts;
mod hidden;
#[cfg(feature = "pdf")]
mod pdf;
mod read;
mod square;
mod table;
mod write;

pub use docx::{DocxError, docx};
#[cfg(feature = "pdf")]
pub use fonts::{Fonts, NoFont};
#[cfg(feature = "pdf")]
pub use pdf::{PdfError, pdf};
pub use read::{Limits, ReadError, Row, Sheet, read};
pub use table::{Column, Headings, Record, Skip, Table, column_letter, plain_heading, table};
pub use write::{Cell, SheetOut, csv, csv_of, workbook, xlsx};
