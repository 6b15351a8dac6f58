use crate::{fold, is_han};

/// Endings and words that most names share and that tell none apart.
const COMMON: &[&str] = &["股份有限公司", "有限责任公司", "有限公司", "分公司", "集团", "公司"];

/// A name as it is compared: without legal form, brackets, spaces and signs.
pub fn name_key(name: &str) -> String {
    let mut key: String = name.chars().map(fold).filter(|c| is_han(*c) || c.is_alphanumeric()).collect();
    for common in COMMON {
        if key.contains(common) {
            key = key.replace(common, "");
        }
    }
    key
}

/// How alike two names are, from 0 to 1: the share of character pairs that their
/// keys have in common (Dice). Short keys are compared by characters.
pub fn similarity(a: &str, b: &str) -> f64 {
    Shape::of(a).similarity(&Shape::of(b))
}

/// How well a short name fits a full one, from 0 to 1: its characters must stand
/// in the full name in order; gaps cost. `None` when they do not.
pub fn short_name_match(short: &str, full: &str) -> Option<f64> {
    Shape::of(short).fits(&Shape::of(full))
}

/// A name taken apart once, to be compared with many.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Its characters, folded.
    chars: Box<[char]>,
    /// Its key's pairs of characters, sorted, each as often as it stands there; of
    /// a key of one or two characters, each beside a blank.
    grams: Box<[[char; 2]]>,
}

impl Shape {
    /// Takes a name, or a short text, apart.
    pub fn of(name: &str) -> Self {
        Self::with_key(name, &name_key(name).chars().collect::<Vec<_>>())
    }

    /// The same, of a name whose key is known.
    pub(crate) fn with_key(name: &str, key: &[char]) -> Self {
        let mut grams: Vec<[char; 2]> = match key {
            short @ ([] | [_] | [_, _]) => short.iter().map(|c| [*c, ' ']).collect(),
            key => pairs(key).collect(),
        };
        grams.sort_unstable();
        Self { chars: name.chars().map(fold).collect(), grams: grams.into() }
    }

    /// See [`similarity`].
    pub fn similarity(&self, other: &Self) -> f64 {
        let (mut i, mut j, mut common) = (0, 0, 0);
        while let (Some(a), Some(b)) = (self.grams.get(i), other.grams.get(j)) {
            let order = a.cmp(b);
            i += usize::from(order.is_le());
            j += usize::from(order.is_ge());
            common += usize::from(order.is_eq());
        }
        let total = self.grams.len() + other.grams.len();
        if total == 0 { 0.0 } else { 2.0 * common as f64 / total as f64 }
    }

    /// See [`short_name_match`]; this is the short one.
    pub fn fits(&self, full: &Self) -> Option<f64> {
        let signs = |c: &&char| is_han(**c) || c.is_alphanumeric();
        let (first, rest) = {
            let mut short = self.chars.iter().filter(signs);
            (*short.next()?, short)
        };
        let length = 1 + rest.clone().count();
        if length < 2 {
            return None;
        }
        // The tightest fit: try each place where the first character stands.
        let starts = full.chars.iter().enumerate().filter(|(_, c)| **c == first);
        starts
            .filter_map(|(start, _)| {
                let mut at = start;
                let mut gaps = 0;
                for c in rest.clone() {
                    let next = full.chars[at + 1..].iter().position(|f| f == c)?;
                    gaps += usize::from(next > 0);
                    at += next + 1;
                }
                Some(1.0 - gaps as f64 / length as f64 * 0.6)
            })
            .max_by(f64::total_cmp)
    }
}

/// The pairs of neighbouring characters of a key, in their order.
pub(crate) fn pairs(key: &[char]) -> impl Iterator<Item = [char; 2]> {
    key.windows(2).map(|pair| [pair[0], pair[1]])
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
