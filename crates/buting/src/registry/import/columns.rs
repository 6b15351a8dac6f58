//! Which headings mean what, and the sheets to download.

use super::Kind;
use crate::error::{Error, Result};
use crate::organisation::DepartmentKind;
use crate::project::{Level, Stage};
use crate::registry::{CarrierKind, Status, Tag};
use crate::text::Lang;
use paper::{Cell, Column, plain_heading};
use std::sync::LazyLock;

/// A column of a sheet, with what the template says of it.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in the program.
    pub key: &'static str,
    /// How offices head it, the usual one first.
    pub titles: &'static [&'static str],
    /// Whether a sheet cannot do without it.
    pub required: bool,
    /// What is to be filled in.
    hint: &'static str,
    /// The cell of the example.
    example: &'static str,
}

const fn field(key: &'static str, titles: &'static [&'static str], hint: &'static str, example: &'static str) -> Field {
    Field { key, titles, required: false, hint, example }
}

const fn needed(
    key: &'static str,
    titles: &'static [&'static str],
    hint: &'static str,
    example: &'static str,
) -> Field {
    Field { key, titles, required: true, hint, example }
}

const USCC: &[&str] = &["统一社会信用代码", "社会信用代码", "信用代码", "统一信用代码", "统一代码", "机构代码", "uscc"];
const PHONE: &[&str] =
    &["联系电话", "电话", "手机", "手机号", "手机号码", "联系方式", "联系人电话", "联系人手机", "电话号码", "phone"];

const EMAIL: &[&str] = &["邮箱", "电子邮箱", "电子邮件", "email"];
const NOTE: &[&str] = &["备注", "说明", "note"];
/// The carrier in which something is. What a carrier's own sheet calls its name or
/// address is told there: in other sheets the same words mean others.
const CARRIER: &[&str] = &[
    "所在载体",
    "所属载体",
    "载体",
    "载体名称",
    "所在园区",
    "所属园区",
    "园区",
    "园区名称",
    "入驻载体",
    "入驻园区",
    "carrier",
];

const ENTERPRISES: &[Field] = &[
    needed(
        "name",
        &[
            "企业名称",
            "单位名称",
            "公司名称",
            "企业全称",
            "单位全称",
            "名称",
            "入驻企业",
            "入驻企业名称",
            "企业",
            "公司",
            "name",
        ],
        "必填。营业执照上的全称",
        "示例机电设备有限公司",
    ),
    field("short_names", &["简称", "企业简称", "short_names"], "平时怎么叫；几个用顿号隔开", "示例机电"),
    field("uscc", USCC, "18 位，以文本格式填写", "91370199MA0000000X"),
    field("uscc_note", &["代码说明", "信用代码说明", "uscc_note"], "证照上的代码校验不过时，写明原因", ""),
    field(
        "legacy_reg_no",
        &["旧注册号", "注册号", "工商注册号", "营业执照注册号", "legacy_reg_no"],
        "2015 年以前的 15 位注册号",
        "",
    ),
    field("carrier_id", CARRIER, "已登记载体的全称或简称", ""),
    field("industry_code", &["行业代码", "国民经济行业代码", "行业", "industry_code"], "如 C34；见 GB/T 4754", "C34"),
    field(
        "headcount",
        &[
            "职工人数",
            "员工人数",
            "从业人数",
            "从业人员",
            "用工人数",
            "在职人数",
            "职工数",
            "员工数",
            "人数",
            "headcount",
        ],
        "整数",
        "120",
    ),
    field("key", &["是否重点", "重点企业", "是否重点企业", "是否重点监测", "重点", "key"], "是或否", "是"),
    field("status", &["状态", "企业状态", "经营状态", "status"], "", "在区"),
    field("tags", &["标签", "企业标签", "tags"], "", "规上、专精特新"),
    field(
        "address",
        &["地址", "企业地址", "经营地址", "注册地址", "详细地址", "生产经营地址", "address"],
        "门牌号",
        "西岭路 8 号",
    ),
    field(
        "contact",
        &["联系人", "企业联系人", "联络员", "企业联络员", "联系人姓名", "姓名", "contact"],
        "姓名；只知道“李女士”也可以",
        "李女士",
    ),
    field("title", &["联系人职务", "职务", "title"], "", "经理"),
    field("phone", PHONE, "手机或带区号的座机", "13900000000"),
    field(
        "confirmed_at",
        &["核实日期", "更新日期", "统计日期", "确认日期", "填报日期", "日期", "confirmed_at"],
        "这些内容哪天核实的，如 2026-11-03",
        "2026-11-03",
    ),
    field("note", NOTE, "只有管委会看得到", ""),
];

const CARRIERS: &[Field] = &[
    needed("name", &["载体名称", "园区名称", "名称", "载体", "园区", "name"], "必填。全称", "示例产业园"),
    field("short_name", &["简称", "载体简称", "short_name"], "平时怎么叫", "示例园"),
    needed("kind", &["类别", "载体类别", "类型", "载体类型", "kind"], "必填。", "园区"),
    field("address", &["地址", "载体地址", "详细地址", "address"], "", "西岭路 1 号"),
    field("note", NOTE, "", ""),
];

const CONTACTS: &[Field] = &[
    needed(
        "enterprise",
        &["企业名称", "单位名称", "公司名称", "企业", "单位", "enterprise"],
        "必填。已登记企业的全称或简称",
        "示例机电设备有限公司",
    ),
    field("uscc", USCC, "有代码时以代码为准", ""),
    needed(
        "contact",
        &["联系人", "姓名", "联系人姓名", "企业联系人", "联络员", "name"],
        "必填。只知道“李女士”也可以",
        "李女士",
    ),
    field("title", &["职务", "联系人职务", "title"], "", "经理"),
    field("phone", PHONE, "手机或带区号的座机", "13900000000"),
    field("email", EMAIL, "", ""),
    field("primary", &["首要联系人", "是否首要", "主要联系人", "primary"], "先打给谁：是或否", "是"),
];

const DEPARTMENTS: &[Field] = &[
    needed("name", &["部门名称", "单位名称", "名称", "部门", "单位", "name"], "必填。全称", "示例企业服务部"),
    field("short_name", &["简称", "部门简称", "short_name"], "平时怎么叫", "企服部"),
    field("kind", &["类别", "单位类别", "类型", "性质", "kind"], "不填为管委会部门。", "管委会部门"),
    field("parent", &["上级部门", "上级单位", "隶属", "parent"], "已登记部门的全称或简称", ""),
    field("phone", &["办公电话", "联系电话", "电话", "值班电话", "phone"], "", "0531-00000000"),
];

const STAFF: &[Field] = &[
    needed("name", &["姓名", "人员姓名", "人员", "name"], "必填", "示例某"),
    needed(
        "department",
        &["部门", "所在部门", "所属部门", "工作单位", "单位", "部门名称", "department"],
        "必填。已登记部门的全称或简称",
        "企业服务部",
    ),
    field("title", &["职务", "职务职级", "岗位", "title"], "", "科长"),
    field("phone", PHONE, "手机或带区号的座机", "13900000000"),
    field("email", EMAIL, "", ""),
    field("position", &["排序", "顺序", "排名", "position"], "在名单中的次序，整数", ""),
];

const PROJECTS: &[Field] = &[
    needed("name", &["项目名称", "重点项目", "名称", "项目", "name"], "必填。全称", "示例产业园二期项目"),
    field("short_name", &["简称", "项目简称", "short_name"], "平时怎么叫", "示例二期"),
    field("code", &["项目代码", "投资项目代码", "统一项目代码", "code"], "24 位投资项目代码", ""),
    field("level", &["项目级别", "级别", "重点级别", "level"], "新项目必填。", "市重点"),
    field("stage", &["项目阶段", "阶段", "进展阶段", "建设阶段", "stage"], "新项目必填。", "开工"),
    field("owner_name", &["建设单位", "项目方", "项目单位", "业主", "业主单位", "owner_name"], "", "示例置业有限公司"),
    field("contractor", &["施工单位", "总包单位", "施工总承包", "contractor"], "", ""),
    field("enterprise", &["所属企业", "企业名称", "企业", "enterprise"], "已登记企业的全称或简称", ""),
    field("carrier_id", CARRIER, "已登记载体的全称或简称", ""),
    field("site", &["建设地点", "地点", "项目地址", "地址", "site"], "", "西岭路以东"),
    field("works", &["在施内容", "当前施工内容", "施工内容", "works"], "", "土方外运"),
];

const ASSIGNMENTS: &[Field] = &[
    needed(
        "subject",
        &["企业名称", "单位名称", "企业", "单位", "载体名称", "项目名称", "包联对象", "subject"],
        "必填。已登记的企业、载体或项目",
        "示例机电设备有限公司",
    ),
    field("uscc", USCC, "有代码时以代码为准", ""),
    field(
        "lead_leader",
        &["包联领导", "包挂领导", "责任领导", "联系领导", "挂包领导", "包保领导", "lead_leader"],
        "已登记人员的姓名",
        "示例某",
    ),
    field(
        "lead_dept",
        &["牵头部门", "责任部门", "责任单位", "牵头单位", "包联部门", "包保部门", "lead_dept"],
        "已登记部门的全称或简称",
        "企业服务部",
    ),
    field(
        "officer",
        &["经办人", "包联干部", "包联人员", "包联人", "服务专员", "联络员", "包保干部", "officer"],
        "已登记人员的姓名",
        "",
    ),
    field("basis", &["依据文件", "依据", "文件", "basis"], "", "大管发〔2026〕3号"),
];

/// The columns of a kind of sheet, with what the template says of them.
pub fn fields(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::Enterprises => ENTERPRISES,
        Kind::Carriers => CARRIERS,
        Kind::Contacts => CONTACTS,
        Kind::Departments => DEPARTMENTS,
        Kind::Staff => STAFF,
        Kind::Projects => PROJECTS,
        Kind::Assignments => ASSIGNMENTS,
    }
}

/// The columns of a kind of sheet, as they are looked for.
pub fn of(kind: Kind) -> Vec<Column> {
    fields(kind).iter().map(|field| Column { key: field.key, titles: field.titles, required: field.required }).collect()
}

/// The usual heading of a column.
pub fn heading(kind: Kind, key: &str) -> &'static str {
    fields(kind).iter().find(|field| field.key == key).map_or("", |field| field.titles[0])
}

/// The column of that name.
pub fn key(kind: Kind, key: &str) -> Option<&'static str> {
    fields(kind).iter().map(|field| field.key).find(|one| *one == key)
}

/// What a heading usually means.
pub fn usual(kind: Kind, heading: &str) -> Option<&'static str> {
    let heading = plain_heading(heading);
    let means = |field: &&Field| field.titles.iter().any(|title| plain_heading(title) == heading);
    fields(kind).iter().find(means).map(|field| field.key)
}

/// What is to be filled in, with the words that are understood.
fn hint(kind: Kind, field: &Field) -> String {
    let labels = |family: &str, words: &[&str]| {
        words.iter().map(|word| Lang::Zh.word(family, word).into_owned()).collect::<Vec<_>>().join("、")
    };
    fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().copied().map(word).collect()
    }
    let words = match (kind, field.key) {
        (Kind::Enterprises, "status") => labels("enterprise-status", &words(Status::ALL, Status::word)),
        (Kind::Enterprises, "tags") => labels("enterprise-tag", &words(Tag::ALL, Tag::word)),
        (Kind::Carriers, "kind") => labels("carrier-kind", &words(CarrierKind::ALL, CarrierKind::word)),
        (Kind::Departments, "kind") => labels("department-kind", &words(DepartmentKind::ALL, DepartmentKind::word)),
        (Kind::Projects, "level") => labels("level", &words(Level::ALL, Level::word)),
        (Kind::Projects, "stage") => labels("stage", &words(Stage::ALL, Stage::word)),
        _ => String::new(),
    };
    format!("{}{words}", field.hint)
}

/// The name of the template's sheet.
pub fn sheet_name(kind: Kind) -> String {
    Lang::Zh.word("import-kind", kind.word()).into_owned()
}

/// A sheet with the usual headings, a row that says what to fill in, and an
/// example. The import passes over these two rows.
pub fn template(kind: Kind) -> Result<Vec<u8>> {
    let fields = fields(kind);
    let head: Vec<&str> = fields.iter().map(|field| field.titles[0]).collect();
    let rows: [Vec<Cell>; 2] = [
        fields.iter().map(|field| hint(kind, field).into()).collect(),
        fields.iter().map(|field| Cell::from(field.example)).collect(),
    ];
    paper::xlsx(&sheet_name(kind), &head, &rows)
        .map_err(|e| Error::Internal(format!("a workbook cannot be written: {e}")))
}

/// What marks the rows of the template that are no records: the cell of the
/// first column.
static MARKS: LazyLock<Vec<(Kind, String, &'static str)>> = LazyLock::new(|| {
    Kind::ALL.iter().map(|kind| (*kind, hint(*kind, &fields(*kind)[0]), fields(*kind)[0].example)).collect()
});

/// Whether a record is one of the two rows that the template came with.
pub fn of_template(kind: Kind, record: &paper::Record) -> bool {
    let first = record.get(fields(kind)[0].key);
    MARKS.iter().any(|(of, hint, example)| *of == kind && (first == hint || first == *example))
}

#[cfg(test)]
mod tests {
    use super::*;
    use paper::{Headings, Limits};
    use std::collections::BTreeSet;

    #[test]
    fn a_heading_means_one_thing() {
        for kind in Kind::ALL {
            let mut seen = BTreeSet::new();
            for field in fields(*kind) {
                for title in field.titles {
                    assert!(seen.insert(plain_heading(title)), "{title} twice in {kind}");
                }
            }
        }
    }

    #[test]
    fn a_template_comes_back_understood_and_empty() {
        for kind in Kind::ALL {
            let sheet = paper::read(&template(*kind).expect("written"), Limits::default()).expect("read").remove(0);
            let table = paper::table(sheet, &of(*kind), &Headings::new());
            assert_eq!(table.found.len(), fields(*kind).len(), "{kind}");
            assert_eq!(table.records.len(), 2, "{kind}");
            assert!(table.records.iter().all(|record| of_template(*kind, record)), "{kind}");
        }
    }

    #[test]
    fn what_headings_usually_mean() {
        assert_eq!(usual(Kind::Enterprises, "* 单位 名称（全称）"), Some("name"));
        assert_eq!(usual(Kind::Enterprises, "法定代表人"), None);
        assert_eq!(heading(Kind::Staff, "department"), "部门");
    }
}
