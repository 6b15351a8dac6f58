use crate::{fold, is_han};

/// A stretch of text of one kind.
pub(crate) enum Run {
    Han(Vec<char>),
    Word(String),
}

pub(crate) fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open = false;
    for c in text.chars().map(fold) {
        let joined = open.then(|| runs.last_mut()).flatten();
        match (c, joined) {
            (c, Some(Run::Han(han))) if is_han(c) => han.push(c),
            (c, _) if is_han(c) => runs.push(Run::Han(vec![c])),
            (c, Some(Run::Word(word))) if c.is_alphanumeric() => word.push(c),
            (c, _) if c.is_alphanumeric() => runs.push(Run::Word(c.to_string())),
            _ => {
                open = false;
                continue;
            }
        }
        open = true;
    }
    runs
}

/// The tokens of a text for the full-text index, separated by spaces: every pair
/// of neighbouring Chinese characters and the last one alone, and whole words of
/// letters and digits.
pub fn bigrams(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut push = |token: &str| {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(token);
    };
    for run in runs(text) {
        match run {
            Run::Word(word) => push(&word),
            Run::Han(han) => {
                for pair in han.windows(2) {
                    push(&pair.iter().collect::<String>());
                }
                if let Some(last) = han.last() {
                    push(&last.to_string());
                }
            }
        }
    }
    out
}

/// The text as [`Query::needles`] are looked for in it: each run of Chinese
/// characters and each word, folded, with a space in front.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for run in runs(text) {
        out.push(' ');
        match run {
            Run::Word(word) => out.push_str(&word),
            Run::Han(han) => out.extend(han),
        }
    }
    out
}

/// What somebody looks for: phrases of tokens, all of which must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    phrases: Vec<Phrase>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Phrase {
    tokens: Vec<String>,
    /// Whether the last token is only a beginning: a single character, which
    /// begins every pair that it stands in, or a word not typed to its end.
    open: bool,
}

/// Reads what somebody typed.
pub fn query(text: &str) -> Query {
    let phrases = runs(text)
        .into_iter()
        .map(|run| match run {
            Run::Word(word) => Phrase { tokens: vec![word], open: true },
            Run::Han(han) if han.len() == 1 => Phrase { tokens: vec![han[0].to_string()], open: true },
            Run::Han(han) => Phrase { tokens: han.windows(2).map(|pair| pair.iter().collect()).collect(), open: false },
        })
        .collect();
    Query { phrases }
}

impl Query {
    /// Whether nothing can be looked for.
    pub fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// For `MATCH` of SQLite's FTS5. Tokens hold only letters, digits and
    /// Chinese characters, and stand in quotes, so no operator can come in.
    pub fn fts5(&self) -> Option<String> {
        self.joined(" AND ", |phrase| {
            let star = if phrase.open { "*" } else { "" };
            format!("\"{}\"{star}", phrase.tokens.join(" "))
        })
    }

    /// For `to_tsquery('simple', …)` of PostgreSQL.
    pub fn tsquery(&self) -> Option<String> {
        self.joined(" & ", |phrase| {
            let star = if phrase.open { ":*" } else { "" };
            let quoted: Vec<String> = phrase.tokens.iter().map(|token| format!("'{token}'")).collect();
            format!("({}{star})", quoted.join(" <-> "))
        })
    }

    /// Texts that must all stand in [`plain`]: the same question without index.
    pub fn needles(&self) -> Vec<String> {
        self.phrases
            .iter()
            .map(|phrase| match phrase.tokens.as_slice() {
                // The first character of each pair, and the last pair whole.
                [pairs @ .., last] if last.starts_with(is_han) => {
                    pairs.iter().filter_map(|pair| pair.chars().next()).chain(last.chars()).collect()
                }
                words => format!(" {}", words.concat()),
            })
            .collect()
    }

    fn joined(&self, and: &str, one: impl Fn(&Phrase) -> String) -> Option<String> {
        (!self.phrases.is_empty()).then(|| self.phrases.iter().map(one).collect::<Vec<_>>().join(and))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens() {
        for (text, tokens) in [
            ("货车无法", "货车 车无 无法 法"),
            ("EMS邮寄，3天", "ems 邮寄 寄 3 天"),
            ("ＡＢＣ", "abc"),
            ("核酸 检测", "核酸 酸 检测 测"),
            ("", ""),
            ("，。！", ""),
        ] {
            assert_eq!(bigrams(text), tokens, "{text}");
        }
    }

    #[test]
    fn queries_hold_no_operator() {
        for (text, fts5, tsquery) in [
            ("核酸检测", "\"核酸 酸检 检测\"", "('核酸' <-> '酸检' <-> '检测')"),
            ("货", "\"货\"*", "('货':*)"),
            ("SQ-2026 货车", "\"sq\"* AND \"2026\"* AND \"货车\"", "('sq':*) & ('2026':*) & ('货车')"),
            ("\"a\" OR b*", "\"a\"* AND \"or\"* AND \"b\"*", "('a':*) & ('or':*) & ('b':*)"),
            ("NEAR(a, ')", "\"near\"* AND \"a\"*", "('near':*) & ('a':*)"),
        ] {
            let query = query(text);
            assert_eq!(query.fts5().as_deref(), Some(fts5), "{text}");
            assert_eq!(query.tsquery().as_deref(), Some(tsquery), "{text}");
        }
        assert!(query("，。").is_empty() && query("").fts5().is_none());
    }

    /// What both engines do: each phrase's tokens in a row, the last perhaps a beginning.
    fn matches(document: &str, looked_for: &Query) -> bool {
        let tokens = bigrams(document);
        let tokens: Vec<&str> = tokens.split(' ').collect();
        looked_for.phrases.iter().all(|phrase| {
            tokens.windows(phrase.tokens.len()).any(|window| {
                let last = phrase.tokens.len() - 1;
                window.iter().zip(&phrase.tokens).enumerate().all(|(i, (token, wanted))| {
                    if i == last && phrase.open { token.starts_with(wanted) } else { token == wanted }
                })
            })
        })
    }

    proptest! {
        #[test]
        fn a_text_is_found_by_any_part_of_it(text in "[货车进不去核酸检测物流园区]{1,30}", from in 0_usize..30, length in 1_usize..10) {
            let chars: Vec<char> = text.chars().collect();
            let from = from % chars.len();
            let part: String = chars[from..(from + length).min(chars.len())].iter().collect();
            prop_assert!(matches(&text, &query(&part)), "{} in {}", part, text);
        }

        #[test]
        fn needles_ask_what_the_index_asks(text in "[货车进ab1， ]{0,12}", part in "[货车进ab1， ]{1,4}") {
            let looked_for = query(&part);
            let plain = plain(&text);
            let all = looked_for.needles().iter().all(|needle| plain.contains(needle));
            prop_assert_eq!(all, matches(&text, &looked_for), "{} in {}", part, text);
        }

        #[test]
        fn nothing_panics_and_quotes_stay_closed(text in "\\PC{0,40}") {
            let _ = bigrams(&text);
            if let Some(fts5) = query(&text).fts5() {
                prop_assert_eq!(fts5.matches('"').count() % 2, 0);
            }
        }
    }
}
