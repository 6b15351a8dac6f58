//! Traditional and simplified characters, their readings, and their bytes in GBK.

use pinyin::{ToPinyin, ToPinyinMulti};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// What a traditional character may stand for.
pub(super) struct Form {
    /// Simplified characters, the likeliest first; never empty.
    pub simple: Vec<char>,
    /// Whether simplified text has no use for the traditional one.
    pub sure: bool,
}

static FORMS: LazyLock<HashMap<char, Form>> = LazyLock::new(|| {
    let mut forms = HashMap::new();
    for line in include_str!("../../data/simplify.tsv").lines() {
        let mut cells = line.split('\t');
        if let (Some(from), Some(to), Some(how)) =
            (cells.next().and_then(|c| c.chars().next()), cells.next(), cells.next())
        {
            forms.insert(from, Form { simple: to.chars().collect(), sure: how == "c" });
        }
    }
    forms
});

/// Simplified characters that stand in no text of which the page made traditional ones.
static CHANGED: LazyLock<HashSet<char>> =
    LazyLock::new(|| FORMS.values().filter(|form| form.sure).map(|form| form.simple[0]).collect());

/// What is known of a traditional character; none of a simplified one.
pub(super) fn form(c: char) -> Option<&'static Form> {
    FORMS.get(&c)
}

/// Whether a character shows that a text is written in traditional ones.
pub(super) fn traditional(c: char) -> bool {
    form(c).is_some_and(|form| form.sure)
}

/// Whether a page may have put a reading behind a character: it is a traditional one, or 著.
pub(super) fn annotated(c: char) -> bool {
    c == '著' || form(c).is_some()
}

/// Whether a page of traditional characters would have changed this one.
pub(super) fn would_change(c: char) -> bool {
    c == '着' || CHANGED.contains(&c)
}

/// A character as it is looked up in the list of words.
pub(super) fn simple(c: char) -> char {
    form(c).map_or(c, |form| form.simple[0])
}

/// Whether a text is a reading of a character, with its tone.
pub(super) fn reads(c: char, reading: &str) -> bool {
    let same = |c: char| {
        c.to_pinyin_multi().is_some_and(|all| all.into_iter().any(|p| p.with_tone() == reading))
            || c.to_pinyin().is_some_and(|p| p.with_tone() == reading)
    };
    same(c) || form(c).is_some_and(|form| form.simple.iter().copied().any(same))
}

/// Whether a character can stand in a reading.
pub(super) fn syllable(c: char) -> bool {
    c.is_ascii_lowercase() || "āáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜńňǹḿ".contains(c)
}

/// The bytes of a character in GBK.
pub(super) fn bytes(c: char) -> Option<Vec<u8>> {
    let mut buffer = [0; 4];
    if c.is_ascii() {
        return Some(vec![c as u8]);
    }
    // GB 18030 has all that GBK has, and the private rows.
    let (found, _, lost) = encoding_rs::GB18030.encode(c.encode_utf8(&mut buffer));
    (!lost && found.len() == 2).then(|| found.into_owned())
}

/// Signs of GBK that were taken apart when all was made half-width (⑸ became (5), ⅱ became ii), and their bytes.
pub(super) fn taken_apart() -> &'static [(Vec<char>, [u8; 2])] {
    static APART: LazyLock<Vec<(Vec<char>, [u8; 2])>> = LazyLock::new(|| {
        let pairs = (0xa1..=0xa9_u8).flat_map(|lead| (0x40..=0xfe_u8).map(move |trail| [lead, trail]));
        let mut all: Vec<(Vec<char>, [u8; 2])> = pairs
            .filter_map(|pair| {
                let c = character(pair[0], pair[1])?;
                let apart: Vec<char> = c.nfkc().collect();
                (apart != [c]).then_some((apart, pair))
            })
            .collect();
        // What is pushed last is tried first: the longest.
        all.sort_by_key(|(apart, _)| apart.len());
        all
    });
    &APART
}

/// The character of two bytes, decoded strictly. None of a private one: it would not be text.
pub(super) fn character(lead: u8, trail: u8) -> Option<char> {
    if !(0x81..=0xfe).contains(&lead) || !matches!(trail, 0x40..=0x7e | 0x80..=0xfe) {
        return None;
    }
    let pair = [lead, trail];
    let found = encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(&pair)?;
    let mut chars = found.chars();
    let c = chars.next()?;
    (chars.next().is_none() && !('\u{e000}'..='\u{f8ff}').contains(&c)).then_some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_and_bytes() {
        assert!(
            reads('數', "shù")
                && reads('調', "diào")
                && reads('調', "tiáo")
                && !reads('數', "shu")
                && !reads('噸', "t")
        );
        assert_eq!(bytes('數'), Some(vec![0x94, 0xb5]));
        assert_eq!(character(0x94, 0xb5), Some('數'));
        assert_eq!(character(0xac, 0x46), Some('現'));
        assert!(
            taken_apart().contains(&(vec!['!'], [0xa3, 0xa1]))
                && taken_apart().contains(&(vec!['(', '5', ')'], [0xa2, 0xc9]))
        );
        assert!(traditional('學') && !traditional('龑') && !traditional('著') && !traditional('后'));
    }

    #[test]
    fn a_pair_of_the_private_rows_survives_both_ways() {
        let pair = [0xaa, 0xa1];
        let c = encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(&pair).expect("decoded");
        assert!(c.chars().all(|c| ('\u{e000}'..='\u{f8ff}').contains(&c)));
        assert_eq!(encoding_rs::GB18030.encode(&c).0.as_ref(), pair);
        assert_eq!(character(0xaa, 0xa1), None);
    }
}
