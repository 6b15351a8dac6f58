//! Lists as files: XLSX or CSV, as a download.

use super::page::encode;
use crate::error::{Error, Result};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use paper::Cell;

/// Rows that a sheet of XLSX holds below its head (ECMA-376: 1,048,576 in all).
const SHEET: usize = 1_048_575;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A workbook of one sheet.
    Xlsx,
    /// UTF-8 with a mark, as spreadsheets open it.
    Csv,
}

impl Format {
    /// Reads `format` of a query; a workbook unless `csv` is asked for.
    pub fn read(text: &str) -> Self {
        if text == "csv" { Self::Csv } else { Self::Xlsx }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// The bytes of a file with that head and every row. More than a sheet holds is
    /// refused, never cut: CSV has no end.
    pub fn write(self, name: &str, head: &[&str], rows: &[Vec<Cell>]) -> Result<Vec<u8>> {
        match self {
            Self::Csv => Ok(paper::csv(head, rows)),
            Self::Xlsx if rows.len() > SHEET => Err(Error::state("sheet_full")),
            Self::Xlsx => paper::xlsx(name, head, rows)
                .map_err(|error| Error::Internal(format!("a workbook cannot be written: {error}"))),
        }
    }

    /// A file as a download; `name` is without its ending.
    pub fn answer(self, name: &str, bytes: Vec<u8>) -> Result<Response> {
        download(bytes, self.media_type(), &format!("{name}.{}", self.ending()))
    }
}

/// Bytes as a download under a name.
pub fn download(bytes: Vec<u8>, kind: &'static str, name: &str) -> Result<Response> {
    let disposition = format!("attachment; filename*=UTF-8''{}", encode(name));
    let disposition = HeaderValue::from_str(&disposition).map_err(|e| Error::Internal(e.to_string()))?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
