//! Exports of what a list shows, with the columns that offices use, which the
//! import understands again.

use super::desk;
use super::{Enterprise, EnterpriseQuery};
use crate::app::Subject;
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
use uuid::Uuid;

/// The most rows of one export.
const MOST: usize = 50_000;

const HEAD: [&str; 14] = [
    "企业名称", "简称", "统一社会信用代码", "旧注册号", "所在载体", "行业代码", "职工人数", "是否重点", "状态", "标签", "地址",
    "包联领导", "责任部门", "包联干部",
];

/// Everything that the filters find, as XLSX or CSV. Logged.
pub async fn enterprises(cx: &Cx, mut query: EnterpriseQuery) -> Result<Response> {
    let csv = Form::parse(cx.request.query.as_bytes()).value("format") == "csv";
    (query.limit, query.cursor) = (Some(MAX_LIMIT), None);
    let mut rows = Vec::new();
    loop {
        let page = desk::enterprises(&cx.app, &cx.who, &query).await?;
        let ids: Vec<Uuid> = page.items.iter().map(|one| one.id).collect();
        let mut tx = cx.read().await?;
        let held = assignment::desk::current_of(&cx.app, &mut tx, cx.who.zone_id, SubjectKind::Enterprise, &ids).await?;
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
    let mut tx = cx.db.write().await?;
    access(&mut tx, cx.who.zone_id, cx.who.person_id, cx.request.address, "enterprise.export", Subject::new("enterprise", Uuid::nil()), cx.now())
        .await?;
    tx.commit().await?;
    sheet("企业名单", &HEAD, &rows, csv)
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

/// A sheet as a download. `name` is Chinese, so it travels percent-encoded.
pub fn sheet(name: &str, head: &[&str], rows: &[Vec<Cell>], csv: bool) -> Result<Response> {
    let (bytes, kind, ending) = if csv {
        (paper::csv(head, rows), "text/csv; charset=utf-8", "csv")
    } else {
        let book = paper::xlsx(name, head, rows).map_err(|e| Error::Internal(format!("a workbook cannot be written: {e}")))?;
        (book, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")
    };
    download(bytes, kind, &format!("{name}.{ending}"))
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
