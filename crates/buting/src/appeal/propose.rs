//! What a text is about: the category that its words speak of. One list of words for all
//! who write appeals down, for marked lines of visits and for orders of outer platforms.

/// A category of the program (manual 3.2) with what people call it, and with the words
/// by which a text is known to be about it.
struct Known {
    key: &'static str,
    /// What it is called by itself.
    labels: &'static [&'static str],
    /// What is written of it.
    words: &'static [&'static str],
}

const fn known(key: &'static str, labels: &'static [&'static str], words: &'static [&'static str]) -> Known {
    Known { key, labels, words }
}

const KNOWN: &[Known] = &[
    known("labour", &["用工", "招工"], &["招聘", "缺工", "缺人", "操作工", "技工", "返岗", "工人", "员工不足", "劳务"]),
    known("finance", &["融资", "贷款"], &["续贷", "银行", "资金", "抵押", "担保", "授信", "利息", "周转"]),
    known("land", &["用地"], &["土地", "地块", "供地", "征地", "厂房", "出让", "不动产"]),
    known(
        "power_water_gas",
        &["水电气热", "用电", "供电", "用水", "用气"],
        &[
            "停电",
            "停水",
            "停气",
            "断电",
            "电压",
            "变压器",
            "增容",
            "供水",
            "天然气",
            "燃气",
            "蒸汽",
            "供热",
            "水压",
            "跳闸",
        ],
    ),
    known(
        "logistics",
        &["物流运输", "物流", "运输"],
        &["货车", "通行证", "限高", "卸货", "装货", "快递", "原料车", "配送", "货物", "仓储", "车辆进不"],
    ),
    known("supply_chain", &["供应链配套", "供应链"], &["原材料", "零部件", "配套企业", "供应商", "断供", "缺料"]),
    known("market", &["市场订单", "订单"], &["销路", "客户", "展会", "滞销", "销售"]),
    known("approval", &["审批服务", "审批"], &["许可证", "办证", "备案", "窗口", "施工许可", "环评", "验收", "手续"]),
    known("policy", &["政策兑现", "政策"], &["补贴", "奖补", "补助", "兑现", "申报", "奖励资金"]),
    known("tax_social", &["税费社保", "税费", "社保"], &["税务", "退税", "发票", "公积金", "医保", "工伤", "缓缴"]),
    known("tech_talent", &["科技人才", "人才"], &["研发", "专利", "高新技术", "职称", "科技", "博士", "工程师"]),
    known(
        "safety_env",
        &["安全环保", "安全", "环保"],
        &["消防", "隐患", "排污", "废水", "废气", "危废", "噪声", "异味"],
    ),
    known("legal", &["涉法涉诉"], &["诉讼", "仲裁", "法院", "合同纠纷", "判决", "执行款"]),
    known("payment", &["账款拖欠", "欠款"], &["拖欠", "工程款", "货款", "回款", "欠薪"]),
    known("traffic", &["道路交通", "交通"], &["公交", "红绿灯", "路灯", "堵车", "停车", "修路", "坑洼", "路口"]),
    known(
        "housing_school",
        &["生活配套", "住房", "入学"],
        &["宿舍", "公租房", "上学", "学位", "食堂", "幼儿园", "租房"],
    ),
    known("epidemic", &["防疫", "疫情", "核酸检测", "核酸"], &["隔离", "封控", "口罩", "消杀", "疫苗"]),
    known("project", &["项目建设", "项目"], &["开工", "施工", "工期", "基坑", "竣工", "工地"]),
    known("other", &["其他"], &[]),
];

/// The category that a label names: by the zone's own name before the usual ones.
/// `own` are keys with names.
pub fn by_label(label: &str, own: &[(String, String)]) -> Option<String> {
    let named = own.iter().find(|(_, name)| name == label).map(|(key, _)| key.as_str());
    let usual = || KNOWN.iter().find(|one| one.labels.contains(&label)).map(|one| one.key);
    named.or_else(usual).map(str::to_owned)
}

/// The category that a text is most likely about, among those that are `offered` (key and
/// name): the one with most characters of it in the text, so that what is said at length
/// counts more than a word in passing. None where nothing speaks for any.
pub fn of_text(text: &str, offered: &[(String, String)]) -> Option<String> {
    let weight = |words: &mut dyn Iterator<Item = &str>| -> usize {
        words.map(|word| text.matches(word).count() * word.chars().count()).sum()
    };
    let mut best: Option<(usize, &String)> = None;
    for (key, name) in offered.iter().filter(|(key, _)| key != "other") {
        let usual = KNOWN.iter().find(|one| one.key == key);
        let words = usual.map(|one| (one.labels, one.words)).unwrap_or_default();
        let mut all = words.0.iter().chain(words.1).copied().chain(usual.is_none().then_some(name.as_str()));
        let found = weight(&mut all);
        if found > best.map_or(0, |(most, _)| most) {
            best = Some((found, key));
        }
    }
    best.map(|(_, key)| key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appeal::policy::CATEGORIES;

    fn offered() -> Vec<(String, String)> {
        let mut all: Vec<_> = CATEGORIES.iter().map(|key| ((*key).to_owned(), (*key).to_owned())).collect();
        all.push(("drones".into(), "低空物流".into()));
        all
    }

    #[test]
    fn what_a_text_is_about() {
        for (text, key) in [
            ("货车进不了园区东门，限高杆改造后原料只能在门外倒短。", Some("logistics")),
            ("夜班缺六名操作工，请帮助对接。", Some("labour")),
            ("变压器跳闸，全厂停电两小时。", Some("power_water_gas")),
            ("流动资金贷款下月到期，银行不续贷。", Some("finance")),
            ("稳岗补贴申报后三个月未兑现", Some("policy")),
            ("客户拖欠货款，合同纠纷已诉讼到法院判决，执行款未到", Some("legal")),
            ("门口路灯不亮，路口常堵车", Some("traffic")),
            ("低空物流低空物流试点航线", Some("drones")),
            ("想见一见领导", None),
            ("", None),
        ] {
            assert_eq!(of_text(text, &offered()).as_deref(), key, "{text}");
        }
        let none: Vec<(String, String)> = vec![("other".into(), "其他".into())];
        assert_eq!(of_text("停电", &none), None, "what is not offered is not proposed");
    }

    #[test]
    fn every_category_is_called_something() {
        for key in CATEGORIES {
            let known = KNOWN.iter().find(|one| one.key == *key).expect("a category");
            assert!(!known.labels.is_empty(), "{key}");
            assert_eq!(by_label(known.labels[0], &[]).as_deref(), Some(*key));
        }
        let own = [("own".to_owned(), "物流".to_owned())];
        assert_eq!(by_label("物流", &own).as_deref(), Some("own"), "the zone's own name comes first");
        assert_eq!(by_label("市容", &own), None);
    }
}
