//! Exports of what a list shows, with the columns that offices use, which the
//! import understands again.

use super::desk;
use super::{Enterprise, EnterpriseQuery};
use crate::actor::Actor;
use crate::app::{App, Subject};
use crate::assignment;
use crate::error::{Error, Result};
use crate::http::api::MAX_LIMIT;
use crate::http::cx::Cx;
use crate::http::form::Form;
use crate::organisation::signin::access;
use crate::subject::SubjectKind;
use crate::text::Lang;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use paper::Cell;
use std::net::IpAddr;
use uuid::Uuid;

/// The most rows of one export.
const MOST: usize = 50_000;

/// The name of the list, and of its sheet.
const NAME: &str = "企业名单";

const HEAD: [&str; 14] = [
    "企业名称",
    "简称",
    "统一社会信用代码",
    "旧注册号",
    "所在载体",
    "行业代码",
    "职工人数",
    "是否重点",
    "状态",
    "标签",
    "地址",
    "包联领导",
    "责任部门",
    "包联干部",
];

/// Everything that the filters find, as a download in XLSX or CSV.
pub async fn enterprises(cx: &Cx, query: EnterpriseQuery) -> Result<Response> {
    let csv = Form::parse(cx.request.query.as_bytes()).value("format") == "csv";
    let bytes = enterprise_sheet(&cx.app, &cx.who, query, csv, cx.request.address).await?;
    let (kind, ending) = kind_of(csv);
    download(bytes, kind, &format!("{NAME}.{ending}"))
}

/// Everything that the filters find, as the bytes of an XLSX or CSV file.
/// Logged with the address it goes to.
pub async fn enterprise_sheet(
    app: &App,
    who: &Actor,
    mut query: EnterpriseQuery,
    csv: bool,
    address: IpAddr,
) -> Result<Vec<u8>> {
    (query.limit, query.cursor) = (Some(MAX_LIMIT), None);
    let mut rows = Vec::new();
    loop {
        let page = desk::enterprises(app, who, &query).await?;
        let ids: Vec<Uuid> = page.items.iter().map(|one| one.id).collect();
        let mut tx = app.read().await?;
        let held = assignment::desk::current_of(app, &mut tx, who.zone_id, SubjectKind::Enterprise, &ids).await?;
        for one in &page.items {
            let names: Vec<Option<String>> = match held.get(&one.id) {
                Some(held) => held.needed().into_iter().map(|(_, holder)| holder.map(|h| h.name.clone())).collect(),
                None => vec![None; 3],
            };
            rows.push(cells(one, names));
        }
        query.cursor = page.next_cursor;
        if query.cursor.is_none() || rows.len() >= MOST {
            break;
        }
    }
    let mut tx = app.db.write().await?;
    let subject = Subject::new("enterprise", Uuid::nil());
    access(&mut tx, who.zone_id, who.person_id, address, "enterprise.export", subject, app.now()).await?;
    tx.commit().await?;
    if csv {
        return Ok(paper::csv(&HEAD, &rows));
    }
    paper::xlsx(NAME, &HEAD, &rows).map_err(|e| Error::Internal(format!("a workbook cannot be written: {e}")))
}

/// Media type and ending of the two formats.
pub fn kind_of(csv: bool) -> (&'static str, &'static str) {
    if csv {
        ("text/csv; charset=utf-8", "csv")
    } else {
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")
    }
}

fn cells(one: &Enterprise, names: Vec<Option<String>>) -> Vec<Cell> {
    let word = |family: &str, word: &str| Lang::Zh.word(family, word).into_owned();
    let tags: Vec<String> = one.tags.iter().map(|tag| word("enterprise-tag", tag.word())).collect();
    let mut cells = vec![
        one.name.clone().into(),
        one.short_names.join("、").into(),
        one.uscc.clone().into(),
        one.legacy_reg_no.clone().into(),
        one.carrier.clone().into(),
        one.industry_code.clone().into(),
        one.headcount.into(),
        (if one.key { "是" } else { "否" }).into(),
        word("enterprise-status", one.status.word()).into(),
        tags.join("、").into(),
        one.address.clone().into(),
    ];
    cells.extend(names.into_iter().map(Cell::from));
    cells
}

/// Bytes as a download under a name.
pub fn download(bytes: Vec<u8>, kind: &'static str, name: &str) -> Result<Response> {
    let disposition = format!("attachment; filename*=UTF-8''{}", crate::http::page::encode(name));
    let disposition = HeaderValue::from_str(&disposition).map_err(|e| Error::Internal(e.to_string()))?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
