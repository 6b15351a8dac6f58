//! Exports of what the list of enterprises shows: its filters, its order, its
//! columns, and every row.

use super::{COLUMNS, Enterprise, EnterpriseQuery, desk};
use crate::actor::Actor;
use crate::app::App;
use crate::assignment::{self, Answerable};
use crate::continuity::{self, Light};
use crate::error::Result;
use crate::http::cx::Cx;
use crate::http::form::Form;
use crate::http::page::Shell;
use crate::http::sheet::Format;
pub use crate::http::sheet::download;
use crate::list::Columns;
use crate::subject::SubjectKind;
use crate::text::Lang;
use crate::trace::{self, Kind, Trace};
use axum::response::Response;
use paper::Cell;
use std::net::IpAddr;
use uuid::Uuid;

/// Rows that are read at once.
pub const CHUNK: i64 = 1_000;

/// The name of the list, and of its sheet.
const NAME: &str = "企业名单";

/// What the import understands again: every column that holds facts of the register.
pub fn importable() -> Columns {
    let words: Vec<String> = COLUMNS.iter().take(14).map(|column| column.word.to_owned()).collect();
    Columns::read(COLUMNS, &words)
}

/// What the page shows, as a download in XLSX or CSV.
pub async fn enterprises(cx: &Cx, query: EnterpriseQuery) -> Result<Response> {
    let asked = Form::parse(cx.request.query.as_bytes());
    let (format, columns) = (Format::read(asked.value("format")), Columns::read(COLUMNS, asked.all("columns")));
    let bytes = enterprise_sheet(&cx.app, &cx.who, query, &columns, format, cx.request.address, CHUNK).await?;
    format.answer(NAME, bytes)
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
    let all = desk::every_enterprise(app, who, &query, chunk).await?;
    let mut rows = Vec::with_capacity(all.len());
    let mut tx = app.read().await?;
    for some in all.chunks(CHUNK as usize) {
        let ids: Vec<Uuid> = some.iter().map(|one| one.id).collect();
        let held = assignment::desk::current_of(app, &mut tx, who.zone_id, SubjectKind::Enterprise, &ids).await?;
        let lights = continuity::desk::standing(&mut tx, who, &ids).await?;
        for one in some {
            let lights = lights.get(&one.id).map_or(&[][..], Vec::as_slice);
            rows.push(columns.shown().map(|column| cell(column.word, one, held.get(&one.id), lights)).collect());
        }
    }
    drop(tx);
    let bytes = format.write(NAME, &columns.heads(), &rows)?;
    trace::note(app, who, address, Trace::many(Kind::Export, "enterprise", rows.len())).await?;
    Ok(bytes)
}

/// One cell by the word of its column ([`COLUMNS`]).
fn cell(column: &str, one: &Enterprise, held: Option<&Answerable>, lights: &[Light]) -> Cell {
    let word = |family: &str, word: &str| Lang::Zh.word(family, word).into_owned();
    let holder = |n: usize| held.and_then(|held| Some(held.needed().get(n)?.1.as_ref()?.name.clone()));
    match column {
        "name" => one.name.clone().into(),
        "short_name" => one.short_names.join("、").into(),
        "uscc" => one.uscc.clone().into(),
        "legacy_reg_no" => one.legacy_reg_no.clone().into(),
        "carrier" => one.carrier.clone().into(),
        "industry" => one.industry_code.clone().into(),
        "headcount" => one.headcount.into(),
        "key" => (if one.key { "是" } else { "否" }).into(),
        "status" => word("enterprise-status", one.status.word()).into(),
        "tags" => {
            let tags: Vec<String> = one.tags.iter().map(|tag| word("enterprise-tag", tag.word())).collect();
            tags.join("、").into()
        }
        "address" => one.address.clone().into(),
        "leader" => holder(0).into(),
        "department" => holder(1).into(),
        "officer" => holder(2).into(),
        "lights" => {
            let s = Shell::bare(Lang::Zh);
            let said =
                |light: &Light| format!("{}：{}", s.word("line", light.line), s.line_light(light.line, light.state));
            lights.iter().map(said).collect::<Vec<_>>().join("、").into()
        }
        "contact" => one.contacts.first().map(|contact| contact.name.clone()).into(),
        _ => Cell::Empty,
    }
}
