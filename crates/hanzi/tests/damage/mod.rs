//! What a re-publishing page does to text, as far as it is known: in bytes of GBK, not in characters.
#![allow(clippy::unwrap_used)]

use pinyin::ToPinyin;
use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization;

/// Numbers that look random and are the same each time (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// Paragraphs of several texts in another order.
pub fn shuffled(texts: &[&str], seed: u64) -> String {
    let mut dice = Dice(seed);
    let mut lines: Vec<&str> = texts.iter().flat_map(|text| text.lines()).collect();
    for i in (1..lines.len()).rev() {
        lines.swap(i, dice.roll(i as u64 + 1) as usize);
    }
    lines.join("\n")
}

/// One page: which characters it changes, which it annotates, which marks it cuts at.
pub struct Page {
    full: BTreeMap<char, char>,
    annotated: Vec<char>,
    marks: Vec<&'static [u8]>,
    /// Whether it cuts bytes of a comma off the beginning of what follows one.
    trims: bool,
}

fn table() -> impl Iterator<Item = (char, char, bool)> {
    include_str!("../fixtures/traditional.tsv").lines().map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        (cells[0].chars().next().unwrap(), cells[1].chars().next().unwrap(), cells[2] == "a")
    })
}

fn gbk(c: char) -> Vec<u8> {
    encoding_rs::GBK.encode(c.encode_utf8(&mut [0; 4])).0.into_owned()
}

impl Page {
    /// The page of the source: it cuts at an exclamation mark only before a quotation mark, it annotates what is annotated there, and changes what is changed there.
    pub fn like_the_source(source: &str) -> Self {
        let chars: Vec<char> = source.chars().collect();
        let there: BTreeSet<char> = chars.iter().copied().collect();
        let mut full: BTreeMap<char, char> =
            table().filter(|(s, ..)| !there.contains(s)).map(|(s, t, _)| (s, t)).collect();
        full.extend([('着', '著'), ('为', '為'), ('确', '確')]);
        let mut annotated: Vec<char> =
            chars.windows(2).filter(|w| w[1] == '(' && !w[0].is_ascii()).map(|w| w[0]).collect();
        annotated.push('數');
        annotated.sort_unstable();
        annotated.dedup();
        Self {
            full,
            annotated,
            marks: vec![&[0xa1, 0xa3], &[0xa3, 0xa1, 0xa1, 0xb1], &[0xa3, 0xa1, 0xb1]],
            trims: false,
        }
    }

    /// Any page.
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let leaves = dice.roll(2) == 0;
        let mut full: BTreeMap<char, char> =
            table().filter(|(_, _, both)| !(leaves && *both)).map(|(s, t, _)| (s, t)).collect();
        full.insert('着', '著');
        let part = 1 + dice.roll(4);
        let all: BTreeSet<char> = full.values().copied().collect();
        let annotated = all.into_iter().filter(|_| dice.roll(4) < part).collect();
        let marks: [&[u8]; 3] = [&[0xa1, 0xa3], &[0xa3, 0xa1], &[0xa3, 0xbf]];
        let marks = marks[..1 + dice.roll(3) as usize].to_vec();
        Self { full, annotated, marks, trims: dice.roll(3) == 0 }
    }

    /// What becomes of a text.
    pub fn damage(&self, text: &str) -> String {
        text.split('\n').map(|line| self.line(line)).collect::<Vec<_>>().join("\n")
    }

    fn line(&self, line: &str) -> String {
        let mut bytes: Vec<u8> = line.chars().flat_map(|c| gbk(self.full.get(&c).copied().unwrap_or(c))).collect();
        let pairs: BTreeSet<[u8; 2]> = bytes.windows(2).map(|pair| [pair[0], pair[1]]).collect();
        for c in self.annotated.iter().filter(|c| gbk(**c).try_into().is_ok_and(|pair: [u8; 2]| pairs.contains(&pair)))
        {
            let Some(reading) = c.to_pinyin() else { continue };
            let from = gbk(*c);
            let mut to = from.clone();
            to.extend(format!("({})", reading.with_tone()).chars().flat_map(gbk));
            bytes = replace(&bytes, &from, &to);
        }
        if self.trims {
            bytes = replace(&bytes, &[0xa3, 0xac, 0xac], &[0xa3, 0xac]);
        }
        let (mut out, mut piece, mut at) = (String::new(), 0, 0);
        while at < bytes.len() {
            if self.marks.iter().any(|mark| bytes[at..].starts_with(mark)) {
                out += &decode(&bytes[piece..at]);
                out += &decode(&bytes[at..at + 2]);
                at += 2;
                piece = at;
            } else {
                at += 1;
            }
        }
        out += &decode(&bytes[piece..]);
        out.nfkc().collect()
    }
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(from) {
            out.extend_from_slice(to);
            at += from.len();
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

/// A lone first byte, and a pair that is none, becomes one question mark.
fn decode(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] < 0x80 {
            out.push(bytes[at] as char);
            at += 1;
            continue;
        }
        let pair = &bytes[at..(at + 2).min(bytes.len())];
        match encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(pair) {
            Some(found) if pair.len() == 2 && found.chars().count() == 1 => out += &found,
            _ => out.push('?'),
        }
        at += 2;
    }
    out
}
