//! Spellings of names, for people who type letters.

use crate::{fold, is_han};
use ::pinyin::{ToPinyin, ToPinyinMulti};

/// At most so many spellings of one name.
const MOST: usize = 16;

/// Joins one of each character's readings, in every combination up to [`MOST`].
fn combine(text: &str, take: impl Fn(&str) -> String) -> Vec<String> {
    let mut spellings = vec![String::new()];
    for c in text.chars().map(fold) {
        let mut readings: Vec<String> = if is_han(c) {
            c.to_pinyin_multi().map_or_else(Vec::new, |all| all.into_iter().map(|p| take(p.plain())).collect())
        } else if c.is_alphanumeric() {
            vec![c.to_string()]
        } else {
            continue;
        };
        // The commonest reading first: the cap must not lose it.
        if let Some(first) = c.to_pinyin().map(|p| take(p.plain())) {
            readings.insert(0, first);
        }
        let mut seen = std::collections::HashSet::new();
        readings.retain(|reading| seen.insert(reading.clone()));
        if readings.is_empty() {
            continue;
        }
        let joined: Vec<String> =
            readings.iter().flat_map(|reading| spellings.iter().map(move |s| format!("{s}{reading}"))).collect();
        spellings = joined.into_iter().take(MOST).collect();
    }
    spellings.retain(|spelling| !spelling.is_empty());
    spellings
}

/// Full spellings without tones: 北辰 → beichen.
pub fn spellings(text: &str) -> Vec<String> {
    combine(text, str::to_owned)
}

/// Initials: 北辰机电 → bcjd; 重庆 → zq, cq and more.
pub fn initials(text: &str) -> Vec<String> {
    combine(text, |reading| reading.chars().take(1).collect())
}

/// Initials and full spelling in one text for an index column.
pub fn spelling_keys(text: &str) -> String {
    let mut keys = initials(text);
    keys.extend(spellings(text).into_iter().take(4));
    keys.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(initials("北辰机电").contains(&"bcjd".to_owned()));
        assert!(initials("重庆").contains(&"cq".to_owned()) && initials("重庆").contains(&"zq".to_owned()));
        assert_eq!(spellings("北辰")[0], "beichen");
        assert_eq!(initials("A1（集团）")[0], "a1jt");
        assert!(initials("行".repeat(30).as_str()).len() <= MOST);
        assert_eq!(spelling_keys(""), "");
    }
}
