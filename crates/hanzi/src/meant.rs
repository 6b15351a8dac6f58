//! What somebody meant who mistyped a name.

use crate::bigram::{Run, runs};
use crate::pinyin::spellings;
use std::collections::BTreeSet;

/// At most so many Chinese characters of what was typed are looked at.
const MOST: usize = 20;
/// Shorter words of letters and digits have too many neighbours.
const LEAST: usize = 4;
/// Longer words are codes, of which no list of slips is made.
const LONGEST: usize = 24;

/// Words that begin a token of the index where the name was typed with a slip, and
/// pairs of characters of which the name may hold some.
///
/// Two slips are what people make: the right sound with the wrong character, since
/// names are typed by their sound (北晨 for 北辰), and one letter too many, too few,
/// wrong, or changed with its neighbour (F. J. Damerau, "A technique for computer
/// detection and correction of spelling errors", 1964).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meant {
    /// Beginnings of words in letters; any will do.
    pub words: Vec<String>,
    /// Pairs of Chinese characters; the more of them, the likelier.
    pub pairs: Vec<String>,
}

/// Reads what somebody typed. Nothing comes of signs alone or of a single character.
pub fn meant(text: &str) -> Meant {
    let (mut words, mut pairs) = (BTreeSet::new(), BTreeSet::new());
    for run in runs(text) {
        match run {
            Run::Han(mut han) if han.len() > 1 => {
                han.truncate(MOST);
                pairs.extend(han.windows(2).map(|pair| pair.iter().collect::<String>()));
                words.extend(spellings(&han.iter().collect::<String>()).into_iter().take(4));
            }
            Run::Word(word) if (LEAST..=LONGEST).contains(&word.chars().count()) => slips(&word, &mut words),
            _ => {}
        }
    }
    Meant { words: words.into_iter().collect(), pairs: pairs.into_iter().collect() }
}

/// Every word that is one slip away.
fn slips(word: &str, into: &mut BTreeSet<String>) {
    let letters: Vec<char> = word.chars().collect();
    let text = |parts: [&[char]; 3]| parts.concat().into_iter().collect::<String>();
    // For a digit another digit was meant, for a letter another letter; codes have both.
    let kinds =
        [('0'..='9', letters.iter().any(char::is_ascii_digit)), ('a'..='z', !letters.iter().all(char::is_ascii_digit))];
    let others: Vec<char> = kinds.into_iter().filter(|(_, there)| *there).flat_map(|(kind, _)| kind).collect();
    for at in 0..letters.len() {
        let (before, after) = letters.split_at(at);
        if letters.len() > LEAST {
            into.insert(text([before, &[], &after[1..]]));
        }
        if let [first, second, rest @ ..] = after {
            into.insert(text([before, &[*second, *first], rest]));
        }
        for c in &others {
            into.insert(text([before, &[*c], &after[1..]]));
            into.insert(text([before, &[*c], after]));
        }
    }
    into.remove(word);
}

impl Meant {
    /// Whether nothing can be looked for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.pairs.is_empty()
    }
}

/// A question for texts that have any of some beginnings of words and pairs of
/// characters. Tokens hold only letters, digits and Chinese characters, so the quotes
/// stay closed.
#[derive(Clone, Debug)]
pub struct Any {
    /// For `MATCH` of SQLite's FTS5.
    pub fts5: String,
    /// As a `tsquery` of PostgreSQL.
    pub tsquery: String,
}

/// Asks for any of these; `None` when there is none.
pub fn any(words: &[String], pairs: &[String]) -> Option<Any> {
    let joined = |or: &str, word: &dyn Fn(&String) -> String, pair: &dyn Fn(&String) -> String| {
        words.iter().map(word).chain(pairs.iter().map(pair)).collect::<Vec<_>>().join(or)
    };
    (!words.is_empty() || !pairs.is_empty()).then(|| Any {
        fts5: joined(" OR ", &|word| format!("\"{word}\"*"), &|pair| format!("\"{pair}\"")),
        tsquery: joined(" | ", &|word| format!("'{word}':*"), &|pair| format!("'{pair}'")),
    })
}

/// How much of what was typed stands in a name, in order: from 0 to 1, by characters
/// (longest common subsequence).
pub fn share(typed: &str, name: &str) -> f64 {
    let letters = |text: &str| text.chars().map(crate::fold).filter(|c| c.is_alphanumeric()).collect::<Vec<_>>();
    let (typed, name) = (letters(typed), letters(name));
    if typed.is_empty() {
        return 0.0;
    }
    let mut row = vec![0_usize; name.len() + 1];
    for c in &typed {
        let mut corner = 0;
        for (at, d) in name.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if c == d { corner + 1 } else { above.max(row[at]) };
            corner = above;
        }
    }
    row[name.len()] as f64 / typed.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wrong_character_of_the_right_sound() {
        let meant = meant("北晨机电");
        assert!(meant.words.contains(&"beichenjidian".to_owned()));
        assert_eq!(meant.pairs, ["北晨", "晨机", "机电"]);
    }

    #[test]
    fn one_slip_in_letters() {
        for typed in ["bcjf", "bjcd", "bxcjd", "bcjdd", "bcdj"] {
            assert!(meant(typed).words.iter().any(|word| "bcjd".starts_with(word.as_str())), "{typed}");
        }
        assert!(!meant("bcjd").words.contains(&"bcjd".to_owned()), "what was typed was looked for already");
        assert!(meant("bcj").is_empty() && meant("北").is_empty() && meant("，。").is_empty());
        assert!(meant("91370100MA3C1234X9").words.len() < 2_000);
    }

    #[test]
    fn the_share_of_what_was_typed() {
        for (typed, name, share_of) in [
            ("北辰机申", "北辰机电设备有限公司", 0.75),
            ("北辰机电", "北辰机电设备有限公司", 1.0),
            ("平安医院", "平安街道卫生院", 0.75),
            ("", "北辰", 0.0),
            ("北辰", "", 0.0),
        ] {
            assert!((share(typed, name) - share_of).abs() < 1e-9, "{typed} in {name}: {}", share(typed, name));
        }
    }

    proptest! {
        #[test]
        fn a_word_with_one_slip_leads_back(word in "[a-z]{5,12}", at in 0_usize..12, c in "[a-z]", kind in 0..4) {
            let letters: Vec<char> = word.chars().collect();
            let at = at % letters.len();
            let mut typed = letters.clone();
            match kind {
                0 => typed[at] = c.chars().next().unwrap_or('a'),
                1 => typed.insert(at, c.chars().next().unwrap_or('a')),
                2 => drop(typed.remove(at)),
                _ => typed.swap(at, (at + 1).min(letters.len() - 1)),
            }
            let typed: String = typed.into_iter().collect();
            // The beginning of a word finds it without a guess.
            prop_assert!(word.starts_with(&typed) || meant(&typed).words.contains(&word), "{} for {}", typed, word);
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,60}") {
            let meant = meant(&text);
            prop_assert!(meant.words.iter().chain(&meant.pairs).all(|word| word.chars().all(char::is_alphanumeric)));
            prop_assert!((0.0..=1.0).contains(&share(&text, "北辰机电设备有限公司")));
        }
    }
}
