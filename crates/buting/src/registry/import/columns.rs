//! Which headings mean what.

use super::Kind;
use crate::error::{Error, Result};
use paper::Column;

const fn column(key: &'static str, titles: &'static [&'static str]) -> Column {
    Column { key, titles, required: false }
}

const fn needed(key: &'static str, titles: &'static [&'static str]) -> Column {
    Column { key, titles, required: true }
}

const ENTERPRISES: &[Column] = &[
    needed("name", &["企业名称", "单位名称", "公司名称", "企业全称", "名称", "入驻企业", "企业", "name"]),
    column("short_names", &["简称", "企业简称", "short_names"]),
    column("uscc", &["统一社会信用代码", "社会信用代码", "信用代码", "统一信用代码", "uscc"]),
    column("uscc_note", &["代码说明", "信用代码说明", "uscc_note"]),
    column("legacy_reg_no", &["旧注册号", "注册号", "工商注册号", "营业执照注册号", "legacy_reg_no"]),
    column(
        "carrier_id",
        &["所在载体", "所属载体", "载体", "载体名称", "所在园区", "所属园区", "园区", "入驻载体", "carrier"],
    ),
    column("industry_code", &["行业代码", "国民经济行业代码", "行业", "industry_code"]),
    column("headcount", &["职工人数", "员工人数", "从业人数", "从业人员", "用工人数", "在职人数", "人数", "headcount"]),
    column("key", &["是否重点", "重点企业", "是否重点企业", "重点", "key"]),
    column("status", &["状态", "企业状态", "经营状态", "status"]),
    column("tags", &["标签", "企业标签", "tags"]),
    column("address", &["地址", "企业地址", "经营地址", "注册地址", "address"]),
    column("contact", &["联系人", "企业联系人", "联络员", "企业联络员", "contact"]),
    column("title", &["联系人职务", "职务", "title"]),
    column("phone", &["联系电话", "电话", "手机", "手机号", "手机号码", "联系方式", "联系人电话", "phone"]),
    column("note", &["备注", "说明", "note"]),
];

const CARRIERS: &[Column] = &[
    needed("name", &["载体名称", "园区名称", "名称", "载体", "name"]),
    column("short_name", &["简称", "载体简称", "short_name"]),
    needed("kind", &["类别", "载体类别", "类型", "载体类型", "kind"]),
    column("address", &["地址", "载体地址", "address"]),
    column("note", &["备注", "说明", "note"]),
];

const CONTACTS: &[Column] = &[
    needed("enterprise", &["企业名称", "单位名称", "公司名称", "企业", "enterprise"]),
    column("uscc", &["统一社会信用代码", "社会信用代码", "信用代码", "uscc"]),
    needed("contact", &["联系人", "姓名", "联系人姓名", "企业联系人", "联络员", "name"]),
    column("title", &["职务", "联系人职务", "title"]),
    column("phone", &["联系电话", "电话", "手机", "手机号", "手机号码", "联系方式", "phone"]),
    column("email", &["邮箱", "电子邮箱", "email"]),
    column("primary", &["首要联系人", "是否首要", "主要联系人", "primary"]),
];

const ASSIGNMENTS: &[Column] = &[
    needed("subject", &["企业名称", "单位名称", "企业", "单位", "载体名称", "subject"]),
    column("uscc", &["统一社会信用代码", "社会信用代码", "信用代码", "uscc"]),
    column("lead_leader", &["包联领导", "包挂领导", "责任领导", "联系领导", "挂包领导", "lead_leader"]),
    column("lead_dept", &["牵头部门", "责任部门", "责任单位", "牵头单位", "包联部门", "lead_dept"]),
    column("officer", &["经办人", "包联干部", "包联人员", "包联人", "服务专员", "联络员", "officer"]),
    column("basis", &["依据文件", "依据", "文件", "basis"]),
];

/// The columns of a kind of sheet.
pub fn of(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Enterprises => ENTERPRISES,
        Kind::Carriers => CARRIERS,
        Kind::Contacts => CONTACTS,
        Kind::Assignments => ASSIGNMENTS,
    }
}

/// The usual heading of a column.
pub fn heading(kind: Kind, key: &str) -> &'static str {
    of(kind).iter().find(|column| column.key == key).map_or("", |column| column.titles[0])
}

/// An empty sheet with the usual headings.
pub fn template(kind: Kind) -> Result<Vec<u8>> {
    let name = match kind {
        Kind::Enterprises => "企业名单",
        Kind::Carriers => "载体名单",
        Kind::Contacts => "联系人",
        Kind::Assignments => "包联分工",
    };
    let head: Vec<&str> = of(kind).iter().map(|column| column.titles[0]).collect();
    paper::xlsx(name, &head, &[]).map_err(|e| Error::Internal(format!("a workbook cannot be written: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_heading_means_one_thing() {
        for kind in Kind::ALL {
            let mut seen = BTreeSet::new();
            for column in of(*kind) {
                for title in column.titles {
                    assert!(seen.insert(*title), "{title} twice in {kind}");
                }
            }
        }
    }
}
