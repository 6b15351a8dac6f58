//! Reads that leave a trace: sign-ins, exports, bulk reads, views of masked
//! personal fields (网络安全法 §21). A trace says who did what to which record,
//! when and from where, and how much; never what was read.

use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;
use crate::time::Time;
use crate::words;
use ::store::{Tx, sql};
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

words! {
    /// What was done. Its text is `access-kind-<word>`.
    pub enum Kind {
        /// 登录
        SignIn = "sign_in",
        /// 登录失败
        SignInFailed = "sign_in_failed",
        /// 两步验证失败
        SecondFactorFailed = "second_factor_failed",
        /// 查看人员号码
        ShowNumbers = "show_numbers",
        /// 查看企业联系人号码
        ContactShow = "contact_show",
        /// 导出清单
        Export = "export",
        /// 下载本人信息
        OwnExport = "own_export",
        /// 下载申请人的信息
        RequestExport = "request_export",
        /// 查看台账中的个人信息
        LedgerOpen = "ledger_open",
        /// 打开附件
        FileOpen = "file_open",
        /// 通过接口批量读取
        BulkRead = "bulk_read",
    }
}

/// A list that is read through the API with personal fields of so many people,
/// or that goes on from an earlier page, is a bulk read.
pub const BULK: usize = 20;

/// A read that leaves a trace.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// What was done.
    pub kind: Kind,
    /// The table that was read.
    pub table: &'static str,
    /// The record, when it was one.
    pub id: Option<Uuid>,
    /// How many rows, people or values; none when that says nothing.
    pub count: Option<usize>,
}

impl Trace {
    /// Of one record.
    pub const fn of(kind: Kind, table: &'static str, id: Uuid) -> Self {
        Self { kind, table, id: Some(id), count: None }
    }

    /// Of many.
    pub const fn many(kind: Kind, table: &'static str, count: usize) -> Self {
        Self { kind, table, id: None, count: Some(count) }
    }
}

/// Leaves a trace within a transaction. `who` is none where nobody has proved
/// who he is; the nil zone stands for none.
pub async fn leave(tx: &mut Tx, zone: Uuid, who: Option<Uuid>, address: IpAddr, trace: Trace, at: Time) -> Result<()> {
    let detail = trace.count.map_or_else(|| json!({}), |count| json!({ "count": count }));
    tx.run(sql!(
        "INSERT INTO access_log (zone_id, id, at, actor_id, address, kind, subject, subject_id, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        zone,
        Uuid::now_v7(),
        at,
        who,
        address.to_string(),
        trace.kind,
        trace.table,
        trace.id,
        detail
    ))
    .await?;
    Ok(())
}

/// Leaves a trace of somebody's read.
pub async fn note(app: &App, who: &Actor, address: IpAddr, trace: Trace) -> Result<()> {
    let mut tx = app.db.write().await?;
    leave(&mut tx, who.zone_id, who.person_id, address, trace, app.now()).await?;
    Ok(tx.commit().await?)
}

/// Leaves a trace of a list with personal fields that was read through the API,
/// when it is a bulk read: one row, whatever its length.
pub async fn bulk(
    app: &App,
    who: &Actor,
    address: IpAddr,
    table: &'static str,
    people: usize,
    goes_on: bool,
) -> Result<()> {
    if is_bulk(people, goes_on) {
        note(app, who, address, Trace::many(Kind::BulkRead, table, people)).await?;
    }
    Ok(())
}

const fn is_bulk(people: usize, goes_on: bool) -> bool {
    people >= BULK || goes_on && people > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lang;

    #[test]
    fn what_is_a_bulk_read() {
        for (people, goes_on, bulk) in
            [(0, false, false), (19, false, false), (20, false, true), (0, true, false), (1, true, true)]
        {
            assert_eq!(is_bulk(people, goes_on), bulk, "{people} people, goes on: {goes_on}");
        }
    }

    #[test]
    fn every_kind_has_its_words() {
        for lang in [Lang::Zh, Lang::En] {
            assert!(Kind::ALL.iter().all(|kind| lang.has(&format!("access-kind-{kind}"))));
        }
    }
}
