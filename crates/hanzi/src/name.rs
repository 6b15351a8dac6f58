use crate::{fold, is_han};
use std::collections::BTreeMap;

/// Endings and words that most names share and that tell none apart.
const COMMON: &[&str] = &["股份有限公司", "有限责任公司", "有限公司", "分公司", "集团", "公司"];

/// A name as it is compared: without legal form, brackets, spaces and signs.
pub fn name_key(name: &str) -> String {
    let mut key: String = name.chars().map(fold).filter(|c| c.is_alphanumeric()).collect();
    for common in COMMON {
        key = key.replace(common, "");
    }
    key
}

/// How alike two names are, from 0 to 1: the share of character pairs that their
/// keys have in common (Dice). Short keys are compared by characters.
pub fn similarity(a: &str, b: &str) -> f64 {
    let (a, b) = (name_key(a), name_key(b));
    if a == b {
        return if a.is_empty() { 0.0 } else { 1.0 };
    }
    let grams = |key: &str| {
        let chars: Vec<char> = key.chars().collect();
        let n = if chars.len() < 3 { 1 } else { 2 };
        let mut counts: BTreeMap<Vec<char>, usize> = BTreeMap::new();
        for gram in chars.windows(n) {
            *counts.entry(gram.to_vec()).or_default() += 1;
        }
        counts
    };
    let (a, b) = (grams(&a), grams(&b));
    let total = a.values().sum::<usize>() + b.values().sum::<usize>();
    let common: usize = a.iter().map(|(gram, n)| n.min(b.get(gram).unwrap_or(&0))).sum();
    if total == 0 { 0.0 } else { 2.0 * common as f64 / total as f64 }
}

/// How well a short name fits a full one, from 0 to 1: its characters must stand
/// in the full name in order; gaps cost. `None` when they do not.
pub fn short_name_match(short: &str, full: &str) -> Option<f64> {
    let short: Vec<char> = short.chars().map(fold).filter(|c| is_han(*c) || c.is_alphanumeric()).collect();
    let full: Vec<char> = full.chars().map(fold).collect();
    if short.len() < 2 {
        return None;
    }
    // The tightest fit: try each place where the first character stands.
    (0..full.len())
        .filter(|i| full[*i] == short[0])
        .filter_map(|start| {
            let mut at = start;
            let mut gaps = 0;
            for c in &short[1..] {
                let next = full[at + 1..].iter().position(|f| f == c)?;
                gaps += usize::from(next > 0);
                at += next + 1;
            }
            Some(1.0 - gaps as f64 / short.len() as f64 * 0.6)
        })
        .max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_their_legal_form() {
        assert_eq!(name_key("济南佳禾（集团）股份有限公司"), "济南佳禾");
        assert!(similarity("北辰机电设备有限公司", "山东北辰机电设备股份有限公司") > 0.7);
        assert!(similarity("济南佳禾食品有限公司", "济南佳合食品有限公司") > 0.5);
        assert!(similarity("北辰机电设备有限公司", "平安街道卫生院") < 0.1);
        assert_eq!(similarity("有限公司", "集团"), 0.0);
    }

    #[test]
    fn short_names_of_the_source() {
        for (short, full) in [
            ("济柴", "中国石油集团济柴动力有限公司"),
            ("重汽橡塑件", "中国重汽集团济南橡塑件有限公司"),
            ("山水重工", "山东山水重工有限公司"),
            ("北辰", "北辰机电设备有限公司"),
        ] {
            assert!(short_name_match(short, full).is_some_and(|score| score > 0.5), "{short}");
        }
        assert_eq!(short_name_match("艺高", "济南佳宝乳业有限公司"), None);
    }
}
