//! Common words, the commonest first: what a guess is judged by.

use crate::is_han;
use std::collections::HashMap;
use std::sync::LazyLock;

static WORDS: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("../data/words.txt")));

/// The longest word of the list, in characters.
const LONGEST: usize = 5;
/// What a character costs that no word of the list has: it is rare, or it is damage.
const STRANGER: f64 = -15.0;
/// What a sign costs, a letter or a digit.
const SIGN: f64 = -5.0;

pub(crate) struct Words {
    /// The logarithm of how often a word is met, taken from its rank (Zipf).
    words: HashMap<&'static str, f64>,
    /// The same of characters alone, from the words that have them.
    chars: HashMap<char, f64>,
}

/// The list, read on first use.
pub(crate) fn words() -> &'static Words {
    &WORDS
}

impl Words {
    fn read(list: &'static str) -> Self {
        let mut words = HashMap::new();
        let mut weights: HashMap<char, f64> = HashMap::new();
        for (rank, word) in list.lines().enumerate() {
            let weight = 1.0 / (rank as f64 + 20.0);
            words.insert(word, weight);
            for c in word.chars() {
                *weights.entry(c).or_default() += weight;
            }
        }
        let total: f64 = words.values().sum();
        let letters: f64 = weights.values().sum();
        // A character alone is rarer than in a word, hence the constant.
        Self {
            words: words.into_iter().map(|(word, weight)| (word, (weight / total).ln())).collect(),
            chars: weights.into_iter().map(|(c, weight)| (c, (weight / letters).ln() - 2.5)).collect(),
        }
    }

    /// Whether the list has a word.
    pub fn has(&self, word: &str) -> bool {
        self.words.contains_key(word)
    }

    /// How likely a stretch of text is: the logarithm of the probability of its best division
    /// into words. Nearer to 0 is likelier; about -4 a character is good text, -12 is damage.
    pub fn score(&self, text: &[char]) -> f64 {
        let mut best = vec![f64::NEG_INFINITY; text.len() + 1];
        best[0] = 0.0;
        let mut word = String::new();
        for start in 0..text.len() {
            let alone = match text[start] {
                c if is_han(c) => self.chars.get(&c).map_or(STRANGER, |weight| weight.max(STRANGER)),
                '，' | '。' | '、' | '“' | '”' | '！' | '？' | '：' | '；' | '（' | '）' => SIGN,
                c if c.is_ascii() => SIGN,
                _ => STRANGER,
            };
            best[start + 1] = best[start + 1].max(best[start] + alone);
            word.clear();
            for (length, c) in text[start..].iter().take(LONGEST).enumerate() {
                word.push(*c);
                if length > 0
                    && let Some(weight) = self.words.get(word.as_str())
                {
                    let end = start + length + 1;
                    best[end] = best[end].max(best[start] + weight);
                }
            }
        }
        best[text.len()]
    }

    /// Whether a word of the list covers a place of a text.
    pub fn covers(&self, text: &[char], at: usize) -> bool {
        let from = at.saturating_sub(LONGEST - 1);
        (from..=at).any(|start| {
            let mut word: String = text[start..=at].iter().collect();
            (start < at && self.has(&word))
                || text[at + 1..].iter().take(LONGEST - 1 - (at - start)).any(|c| {
                    word.push(*c);
                    self.has(&word)
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_text_scores_better_than_damage() {
        let score = |text: &str| words().score(&text.chars().collect::<Vec<_>>()) / text.chars().count() as f64;
        assert!(score("物流运输等方面的困难") > -7.0, "{}", score("物流运输等方面的困难"));
        assert!(score("确矫娴睦щy") < -9.0, "{}", score("确矫娴睦щy"));
        assert!(words().covers(&['一', '范', '围'], 1) && !words().covers(&['范', '一'], 0));
    }
}
