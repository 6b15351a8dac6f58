//! The lists of enterprises and carriers as files: their filters, their order, their
//! columns, and every row.

use super::rows::{Held, held};
use super::{COLUMNS, CarrierQuery, EnterpriseQuery, desk};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;
use crate::http::api::MAX_LIMIT;
use crate::http::cx::Cx;
use crate::http::page::Shell;
use crate::http::sheet::Format;
pub use crate::http::sheet::download;
use crate::http::table::{self, File};
use crate::list::Columns;
use crate::subject::SubjectKind;
use crate::text::Lang;
use crate::trace::{self, Kind, Trace};
use crate::zone::Zone;
use axum::response::Response;
use std::net::IpAddr;

/// Rows that are read at once.
pub const CHUNK: i64 = table::CHUNK as i64;

/// The name of the list, and of its sheet.
const NAME: &str = "企业名单";

/// What the import understands again: every column that holds facts of the register.
pub fn importable() -> Columns {
    let words: Vec<String> = COLUMNS.iter().take(14).map(|column| column.word.to_owned()).collect();
    Columns::read(COLUMNS, &words)
}

/// What the page of enterprises shows, as a download in XLSX or CSV.
pub async fn enterprises(cx: &Cx, query: EnterpriseQuery) -> Result<Response> {
    let file = File::of::<Held<super::Enterprise>>(Shell::of(cx).await?);
    enterprises_in(&cx.app, &cx.who, &query, CHUNK, file).await?.answer(cx, NAME, "enterprise").await
}

/// What the page of carriers shows, likewise.
pub async fn carriers(cx: &Cx, query: CarrierQuery) -> Result<Response> {
    let page = |cursor| {
        let query = CarrierQuery { limit: Some(MAX_LIMIT), cursor, ..query.clone() };
        async move { desk::carriers(&cx.app, &cx.who, &query).await }
    };
    let all = table::every(page).await?;
    let mut file = File::of::<Held<super::Carrier>>(Shell::of(cx).await?);
    for some in all.chunks(table::CHUNK) {
        file.add(&held(&cx.app, &cx.who, SubjectKind::Carrier, some, |one| one.id).await?);
    }
    file.answer(cx, "载体名单", "carrier").await
}

/// Everything that the filters find, as the bytes of a file; read by chunks of so
/// many rows. Logged with the address it goes to.
pub async fn enterprise_sheet(
    app: &App,
    who: &Actor,
    query: EnterpriseQuery,
    columns: &Columns,
    format: Format,
    address: IpAddr,
    chunk: i64,
) -> Result<Vec<u8>> {
    let mut s = Shell::bare(Lang::Zh);
    s.time_zone = Zone::get(&mut app.read().await?, who.zone_id).await?.time_zone();
    s.now = app.now();
    let file = enterprises_in(app, who, &query, chunk, File::with(s, columns.clone())).await?;
    let bytes = file.bytes(format, NAME)?;
    trace::note(app, who, address, Trace::many(Kind::Export, "enterprise", file.len())).await?;
    Ok(bytes)
}

async fn enterprises_in(app: &App, who: &Actor, query: &EnterpriseQuery, chunk: i64, mut file: File) -> Result<File> {
    let all = desk::every_enterprise(app, who, query, chunk).await?;
    for some in all.chunks(table::CHUNK) {
        file.add(&held(app, who, SubjectKind::Enterprise, some, |one| one.id).await?);
    }
    Ok(file)
}
