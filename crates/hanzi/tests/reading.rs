//! How much of the source text is read: F1 of each kind against the annotation, and the traps.
#![cfg(feature = "model")]

use hanzi::reading::{Bound, Category, Known, Reading, Register, What, read};
use serde_json::Value;
use std::ops::Range;

const CLEAN: &str = include_str!("fixtures/source-clean.txt");
const GOLD: &str = include_str!("fixtures/source-gold.json");
const NEWS: &str = include_str!("fixtures/news.txt");

fn gold() -> Value {
    serde_json::from_str(GOLD).expect("JSON")
}

/// The register of the zone: the candidates of the annotation, and others that must not be meant.
fn register() -> Register {
    let known = |name: &str| Known { id: name.into(), name: name.into(), short_names: Vec::new() };
    let gold = gold();
    let mut enterprises: Vec<Known> = list(&gold["enterprises"])
        .flat_map(|e| e["registry_candidates"].as_array().into_iter().flatten())
        .filter_map(|name| name.as_str().map(known))
        .collect();
    enterprises.extend(
        ["济南远舟物流有限公司", "瀚海精工股份有限公司", "山东天穹动力有限公司", "宏图新材料有限公司"].map(known),
    );
    let category = |key: &str, words: &[&str]| Category {
        key: key.into(),
        words: words.iter().map(|word| ((*word).to_owned(), word.chars().count() as f64)).collect(),
    };
    Register {
        enterprises,
        categories: vec![
            category("TESTING", &["核酸检测", "采样"]),
            category("LOGISTICS", &["物流", "运输", "车辆", "进出", "货车"]),
            category("MATERIALS", &["原材料", "原料"]),
            category("APPROVAL", &["审批", "手续"]),
            category("LABOR", &["招工", "缺口", "用工", "生活保障"]),
            category("POWER", &["变压器", "送电", "电"]),
        ],
        ..Register::default()
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn span(value: &Value) -> Range<usize> {
    value[0].as_u64().expect("start") as usize..value[1].as_u64().expect("end") as usize
}

fn spans(value: &Value) -> Vec<Range<usize>> {
    list(&value["spans"]).map(span).chain(value.get("span").map(span)).collect()
}

fn of(reading: &Reading, kind: fn(&What) -> bool) -> Vec<Range<usize>> {
    reading.drafts.iter().filter(|draft| kind(&draft.what)).map(|draft| draft.span.clone()).collect()
}

/// Precision, recall and F1. A mention counts when it is the same; a clause when half of the shorter one is shared.
fn score(gold: &[Range<usize>], got: &[Range<usize>], exact: bool) -> (f64, f64, f64) {
    let same = |a: &Range<usize>, b: &Range<usize>| {
        let shared = a.end.min(b.end).saturating_sub(a.start.max(b.start));
        if exact { a == b } else { 2 * shared >= a.len().min(b.len()).max(1) }
    };
    let hit = |these: &[Range<usize>], those: &[Range<usize>]| {
        these.iter().filter(|a| those.iter().any(|b| same(a, b))).count() as f64 / these.len().max(1) as f64
    };
    let (precision, recall) = (hit(got, gold), hit(gold, got));
    (precision, recall, if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 })
}

#[test]
fn the_source_is_read() {
    let reading = read(CLEAN, &register());
    let gold = gold();
    let all = |key: &str, keep: fn(&Value) -> bool| -> Vec<Range<usize>> {
        list(&gold[key]).filter(|value| keep(value)).flat_map(spans).collect()
    };
    // Bodies without a name are in the annotation, and no draft is made of them. The short form 管委会 is named there as an alias.
    let named = |value: &Value| !value["role"].as_str().is_some_and(|role| role.contains("not given"));
    let mut agencies = all("agencies", named);
    agencies.push(858..861);
    let stated = |value: &Value| value["optional"] != true;
    type Kind = (&'static str, Vec<Range<usize>>, fn(&What) -> bool, bool, f64);
    let kinds: [Kind; 10] = [
        ("people", all("people", |_| true), |w| matches!(w, What::Person { .. }), true, 0.95),
        ("enterprises", all("enterprises", |_| true), |w| *w == What::Enterprise, true, 0.95),
        ("projects", all("projects", |_| true), |w| *w == What::Project, true, 0.95),
        ("agencies", agencies, |w| *w == What::Agency, true, 0.95),
        (
            "difficulties",
            all("difficulties", |d| d["implied"] != true),
            |w| matches!(w, What::Difficulty { .. }),
            false,
            0.8,
        ),
        ("measures", all("measures", |_| true), |w| *w == What::Measure, false, 0.8),
        ("quantities", all("kpis", stated), |w| matches!(w, What::Quantity { .. }), false, 0.9),
        ("dates", all("dates", |_| true), |w| matches!(w, What::Date { .. }), true, 0.9),
        ("orders", all("orders", |_| true), |w| *w == What::Order, true, 0.95),
        ("boilerplate", vec![span(&gold["boilerplate"]["span"])], |_| false, true, 0.0),
    ];
    let mut low = Vec::new();
    for (name, gold, kind, exact, floor) in kinds {
        let mut got = if name == "boilerplate" { reading.boilerplate.clone() } else { of(&reading, kind) };
        if name == "quantities" {
            // Neither asked for nor wrong.
            got.retain(|range| {
                score(&all("kpis", |k| k["optional"] == true), std::slice::from_ref(range), false).0 == 0.0
                    || score(&gold, std::slice::from_ref(range), false).0 > 0.0
            });
        }
        let (precision, recall, f1) = score(&gold, &got, exact);
        println!("{name:14} precision {precision:.2}  recall {recall:.2}  F1 {f1:.2}");
        let text = |spans: &[Range<usize>]| {
            let chars: Vec<char> = CLEAN.chars().collect();
            spans.iter().map(|s| chars[s.clone()].iter().collect::<String>()).collect::<Vec<_>>().join(" | ")
        };
        if f1 < 1.0 {
            let missed: Vec<_> = gold.iter().filter(|g| score(&[(*g).clone()], &got, exact).1 < 1.0).cloned().collect();
            let extra: Vec<_> = got.iter().filter(|g| score(&gold, &[(*g).clone()], exact).0 < 1.0).cloned().collect();
            println!("    missed: {}\n    extra: {}", text(&missed), text(&extra));
        }
        if f1 < floor {
            low.push(format!("{name} {f1:.2} < {floor}"));
        }
    }
    assert!(low.is_empty(), "{low:?}");
}

fn mentions(reading: &Reading, kind: fn(&What) -> bool) -> Vec<&str> {
    reading.drafts.iter().filter(|draft| kind(&draft.what)).map(|draft| draft.mention.as_str()).collect()
}

#[test]
fn recent_is_no_date_and_asks_for_one() {
    let reading = read("近日，管委会走访企业。", &Register::default());
    assert!(reading.asks_for_date);
    assert!(
        reading
            .drafts
            .iter()
            .any(|d| d.mention == "近日" && d.what == What::Date { year: None, month: None, day: None })
    );
    assert!(read("3月18日，管委会走访企业。", &Register::default()).asks_for_date, "a day without a year");
    assert!(!read("2026年3月18日，管委会走访企业。", &Register::default()).asks_for_date);
}

#[test]
fn somebody_known_by_surname_stays_so() {
    let reading = read(CLEAN, &register());
    let draft = reading.drafts.iter().find(|d| d.mention == "李女士").expect("read");
    let What::Person { name, partial, organisation, .. } = &draft.what else { panic!("no person") };
    assert_eq!((name.as_str(), *partial, organisation.as_deref()), ("李女士", true, Some("北辰机电设备有限公司")));
}

#[test]
fn customers_are_no_enterprises_of_the_zone() {
    let reading = read(CLEAN, &register());
    assert!(mentions(&reading, |w| *w == What::Enterprise).iter().all(|name| !name.contains("水泥")));
    let number = reading.drafts.iter().find(|d| d.mention == "近20家").expect("read");
    assert_eq!(
        number.what,
        What::Quantity { value: 20.0, unit: "家".into(), bound: Bound::AtMost, meaning: "水泥生产企业".into() }
    );
}

#[test]
fn slogans_and_nameless_bodies_are_no_organisations() {
    let reading = read(CLEAN, &register());
    let bodies = mentions(&reading, |w| matches!(w, What::Agency | What::Enterprise | What::Project));
    for no in ["暖心人", "三不停", "云现场", "大学城·简至成", "相关部门", "相关部室", "责任部门"]
    {
        assert!(bodies.iter().all(|name| !name.contains(no)), "{no} in {bodies:?}");
    }
}

#[test]
fn short_names_come_from_the_register_alone() {
    let without = read(CLEAN, &Register::default());
    assert!(!mentions(&without, |w| *w == What::Enterprise).contains(&"济柴"));
    let with = read(CLEAN, &register());
    let draft = with.drafts.iter().find(|d| d.mention == "济柴").expect("read");
    assert_eq!(draft.candidates[0].name, "中国石油集团济柴动力有限公司");
    let unknown = with.drafts.iter().find(|d| d.mention == "艺高").expect("one of the list");
    assert!(unknown.candidates.is_empty());
}

#[test]
fn roles_are_said_of_all_in_a_list() {
    let reading = read(CLEAN, &register());
    for draft in &reading.drafts {
        if let What::Person { name, role, partial: false, .. } = &draft.what {
            assert!(role.is_some(), "{name}");
        }
    }
    let news = read(NEWS, &register());
    let role = |who: &str| {
        news.drafts.iter().find_map(|d| match &d.what {
            What::Person { name, role, organisation, .. } if name == who => Some((role.clone(), organisation.clone())),
            _ => None,
        })
    };
    assert_eq!(role("周砚秋"), Some((Some("主任".into()), Some("青禾开发区管委会".into()))));
    assert_eq!(role("许望舒"), Some((Some("总经理".into()), Some("瀚海精工股份有限公司".into()))));
}

#[test]
fn nothing_is_read_from_boilerplate() {
    let text = "免责声明：本网转载自其它媒体的文章，不代表北辰机电设备有限公司观点，困难请联系周砚秋。";
    let reading = read(text, &register());
    assert_eq!(reading.drafts, []);
    assert_eq!(reading.boilerplate.first(), Some(&(0..text.chars().count())));
}

#[test]
fn promises_and_numbers_of_news() {
    let news = read(NEWS, &register());
    let promises = mentions(&news, |w| *w == What::Promise);
    assert!(promises.iter().any(|p| p.contains("5个工作日内完成现场勘查")), "{promises:?}");
    let quantity = |mention: &str| news.drafts.iter().find(|d| d.mention == mention).map(|d| d.what.clone());
    assert_eq!(
        quantity("27家"),
        Some(What::Quantity {
            value: 27.0,
            unit: "家".into(),
            bound: Bound::Exact,
            meaning: "累计新增规模以上工业企业".into()
        }),
    );
    assert!(matches!(quantity("90.7%"), Some(What::Quantity { meaning, .. }) if meaning.contains("开工率")));
    assert!(matches!(quantity("20余家"), Some(What::Quantity { bound: Bound::AtLeast, .. })));
}

#[test]
fn nothing_panics() {
    for text in [
        "",
        "、",
        "、、等企业",
        "“",
        "”“",
        "项目",
        "专班",
        "的、订单",
        "成立专班",
        "等",
        "\n\n",
        "一二三十百万亿亿亿元",
        "李",
        "90%%",
        "2026年13月40日",
    ] {
        let _ = read(text, &register());
    }
    let prefixes: Vec<char> = CLEAN.chars().take(400).collect();
    for end in (0..400).step_by(7) {
        let _ = read(&prefixes[..end].iter().collect::<String>(), &register());
    }
}

/// Ten thousand characters in under a second on one core is what is asked of a release build on an idle machine;
/// a loaded one, and one that checks arithmetic, gets longer. `cargo test -p hanzi --test reading speed -- --nocapture` prints what it took.
#[test]
fn speed() {
    let text: String = NEWS.chars().cycle().take(10_000).collect();
    let register = register();
    read("热身。", &register);
    let start = std::time::Instant::now();
    read(&text, &register);
    let took = start.elapsed();
    println!("10,000 characters: {took:?}");
    assert!(took.as_secs() < 10, "{took:?}");
}
