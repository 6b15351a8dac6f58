#![doc = include_str!("../README.md")]

mod bigram;
mod index;
mod meant;
mod name;
pub mod pinyin;
#[cfg(feature = "model")]
pub mod reading;
pub mod repair;
#[cfg(feature = "model")]
pub mod tagger;
mod words;

pub use bigram::{Query, bigrams, plain, query};
pub use index::{NameIndex, Near};
pub use meant::{Any, Meant, any, meant, share};
pub use name::{Shape, name_key, short_name_match, similarity};
pub use pinyin::spelling_keys;
pub use repair::{Change, Repaired, repair};

/// Whether a character is a Chinese one.
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' | '〇')
}

/// Full-width letters and digits as half-width, lower-case.
pub(crate) fn fold(c: char) -> char {
    if is_han(c) {
        return c;
    }
    let c = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    c.to_lowercase().next().unwrap_or(c)
}
