//! The templates of the two plans: which items a plan must have. A zone may set its own
//! (policy data, kind [`POLICY`]); until it does, the shipped ones hold as version 0. A
//! plan keeps the items that it began with.

use super::{ReadyItemKind, ReadyKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of policy data that holds the templates.
pub const POLICY: &str = "readiness_template";
/// Items of a template, at most.
pub const MOST: usize = 40;
/// Longest title.
pub const LONG: usize = 60;

/// An item that a template asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReadyAsks")]
#[serde(deny_unknown_fields)]
pub struct Asks {
    /// What tells it from the others.
    pub key: String,
    /// What it asks.
    pub title: String,
    /// What it asks for.
    pub kind: ReadyItemKind,
    /// Whether a plan must have it.
    pub required: bool,
    /// At least so many, of stock and rosters.
    pub least: Option<i64>,
    /// The unit of stock.
    pub unit: Option<String>,
}

type Shipped = (&'static str, ReadyItemKind, &'static str, bool, Option<i64>, Option<&'static str>);

/// What guides for work under an epidemic ask for (manual 7.1).
const CONTROL: &[Shipped] = {
    use ReadyItemKind::{File, Person, Place, Roster, Stock, Text};
    &[
        ("responsible", Person, "第一责任人（法定代表人或主要负责人）", true, None, None),
        ("lead_team", Person, "防控和生产专班负责人", true, None, None),
        ("reporter", Person, "信息报告人", true, None, None),
        ("zones", Place, "生产区、生活区、门岗的划分和隔离", true, None, None),
        ("isolation", Place, "临时隔离场所", true, None, None),
        ("lodging", Place, "驻厂人员住宿场所", true, None, None),
        ("roster", Roster, "值班人员名单（一行一人）", true, Some(2), None),
        ("checks", Text, "人员排查和健康监测", true, None, None),
        ("shifts", Text, "错峰上下班和就餐安排", true, None, None),
        ("goods", Text, "物流物资接收路线、交接点和消毒", true, None, None),
        ("masks", Stock, "口罩（不少于14天用量）", true, Some(14), Some("只")),
        ("disinfectant", Stock, "消毒用品", true, Some(1), Some("升")),
        ("response", Text, "信息报告和应急处置流程", true, None, None),
        ("original", File, "方案原件", false, None, None),
    ]
};

/// What the rules for emergency plans ask for (manual 7.5).
const EMERGENCY: &[Shipped] = {
    use ReadyItemKind::{File, Person, Place, Roster, Stock, Text};
    &[
        ("commander", Person, "应急总指挥", true, None, None),
        ("deputy", Person, "副总指挥（总指挥不在时代理）", true, None, None),
        ("rescue", Person, "应急队伍负责人", true, None, None),
        ("risks", Text, "事故风险分析", true, None, None),
        ("duties", Text, "组织机构及职责", true, None, None),
        ("procedure", Text, "处置程序和措施", true, None, None),
        ("reporting", Text, "通信与信息报送", true, None, None),
        ("assembly", Place, "紧急集合点", true, None, None),
        ("exits", Place, "疏散路线和出口", true, None, None),
        ("team", Roster, "应急队员名单（一行一人）", true, Some(3), None),
        ("extinguishers", Stock, "灭火器", true, Some(1), Some("具")),
        ("first_aid", Stock, "急救箱", true, Some(1), Some("个")),
        ("drills", Text, "演练计划", true, None, None),
        ("aftermath", Text, "善后处置", false, None, None),
        ("opinion", File, "评审意见", false, None, None),
        ("survey", File, "风险评估结果和应急资源调查清单", false, None, None),
    ]
};

/// The shipped template.
pub fn shipped(kind: ReadyKind) -> Vec<Asks> {
    let all = match kind {
        ReadyKind::Control => CONTROL,
        ReadyKind::Emergency => EMERGENCY,
    };
    let asks = |(key, kind, title, required, least, unit): &Shipped| Asks {
        key: (*key).to_owned(),
        title: (*title).to_owned(),
        kind: *kind,
        required: *required,
        least: *least,
        unit: unit.map(str::to_owned),
    };
    all.iter().map(asks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn items_are_told_apart() {
        for kind in ReadyKind::ALL {
            let all = shipped(*kind);
            let keys: BTreeSet<&str> = all.iter().map(|asks| asks.key.as_str()).collect();
            assert_eq!(keys.len(), all.len(), "{kind}");
            assert!(all.len() <= MOST && all.iter().all(|asks| asks.title.chars().count() <= LONG));
            assert!(all.iter().any(|asks| asks.kind == ReadyItemKind::Person && asks.required), "somebody answers");
        }
    }
}
