//! Repair of Chinese text that a re-publishing site damaged.
//!
//! Such sites make traditional characters of simplified ones, put readings in brackets behind them,
//! and cut text at sentence marks, all by searching GBK **bytes**. [`repair`] undoes it and says of
//! every place what was done: a repair is certain, or it has candidates to choose from. What cannot
//! be told is marked and left.

mod form;
mod shift;

use crate::is_han;
use crate::words::words;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// What was done to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Bytes that were read out of step were read anew.
    Shift,
    /// A character of which a byte is lost.
    Lost,
    /// A reading in brackets was put in by the page.
    Reading,
    /// A traditional character has its simplified form again.
    Simplified,
    /// A sign that had been made half-width is wide again.
    Sign,
    /// A stray space went.
    Space,
    /// Looks damaged and is left as it stands.
    Odd,
    /// A word of another region (資訊 for 信息): no character tells what stood there.
    Regional,
}

/// A place of a text that was changed or that a person must look at. Positions count characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: Kind,
    /// Where it stands in the text as it came.
    pub original: Range<usize>,
    /// Where it stands in the repaired text; empty where something was taken out.
    pub repaired: Range<usize>,
    /// What stood there.
    pub before: String,
    /// What stands there now. `□` where nothing can be said.
    pub after: String,
    /// Whether nothing else can have stood there.
    pub certain: bool,
    /// What may have stood there, the likeliest first; only where it is not certain.
    pub candidates: Vec<String>,
}

/// A repaired text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// The text, with `□` where a character is lost and none of the candidates stands out.
    pub text: String,
    /// Every change and every place to look at, in the order of the text.
    pub changes: Vec<Change>,
    /// The SHA-256 of the text as it came, as hexadecimal digits.
    pub sha256: String,
    /// Whether a page had put readings into the text.
    pub annotated: bool,
    /// Whether it was written in traditional characters.
    pub traditional: bool,
    /// For each character, where in the original it comes from.
    origins: Vec<Range<usize>>,
}

impl Repaired {
    /// Where a stretch of the repaired text comes from in the original.
    pub fn original(&self, repaired: Range<usize>) -> Range<usize> {
        let end = self.origins.last().map_or(0, |last| last.end);
        let start = self.origins.get(repaired.start).map_or(end, |first| first.start);
        let stop = match repaired.is_empty() {
            true => start,
            false => self.origins.get(repaired.end - 1).map_or(end, |last| last.end),
        };
        start..stop.max(start)
    }

    /// Where a stretch of the original stands in the repaired text.
    pub fn repaired(&self, original: Range<usize>) -> Range<usize> {
        let start = self.origins.partition_point(|origin| origin.end <= original.start);
        let end = self.origins.partition_point(|origin| origin.start < original.end);
        start..end.max(start)
    }

    /// Changes that a person must decide.
    pub fn uncertain(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| !change.certain)
    }
}

/// A character on its way, and where in the original it comes from.
#[derive(Clone, Copy, Debug)]
struct Glyph {
    c: char,
    from: usize,
    to: usize,
}

/// A change, before it is known where it will stand.
struct Draft {
    kind: Kind,
    from: usize,
    to: usize,
    certain: bool,
    candidates: Vec<String>,
}

fn chars_of(glyphs: &[Glyph]) -> Vec<char> {
    glyphs.iter().map(|glyph| glyph.c).collect()
}

/// So many different characters with a reading behind them show that a page put them in…
const ANNOTATED_KINDS: usize = 3;
/// …or so many in all.
const ANNOTATED: usize = 6;

/// Repairs a text. A text without damage comes back as it is, without a change.
pub fn repair(text: &str) -> Repaired {
    let mut glyphs: Vec<Glyph> = text.chars().enumerate().map(|(i, c)| Glyph { c, from: i, to: i + 1 }).collect();
    let original = chars_of(&glyphs);
    let annotated = annotated(&glyphs);
    let traditional = annotated || traditional(&original);
    let mut drafts = Vec::new();
    if traditional {
        let (mended, found) = shift::mend(&glyphs, &pairs(&glyphs));
        (glyphs, drafts) = (mended, found);
    }
    if annotated {
        glyphs = without_readings(glyphs, &mut drafts);
    }
    if traditional {
        simplify(&mut glyphs, &mut drafts, annotated, original.len());
    }
    if narrowed(&original, if traditional { 1 } else { 3 }) {
        glyphs = wide_signs(glyphs, &mut drafts);
    }
    flag(&glyphs, &mut drafts, traditional, original.len());
    finish(text, &original, &glyphs, drafts, annotated, traditional)
}

/// Whether a page put readings behind traditional characters.
fn annotated(glyphs: &[Glyph]) -> bool {
    let mut hits: Vec<char> = Vec::new();
    for (i, glyph) in glyphs.iter().enumerate() {
        if let Some((reading, _)) = shift::reading(glyphs, i + 1)
            && form::traditional(glyph.c)
            && form::reads(glyph.c, &reading)
        {
            hits.push(glyph.c);
        }
    }
    let all = hits.len();
    hits.sort_unstable();
    hits.dedup();
    hits.len() >= ANNOTATED_KINDS || all >= ANNOTATED
}

/// Whether a text is written in traditional characters: one in ten is one that simplified text
/// has no use for. A name or a quotation makes no text traditional.
fn traditional(text: &[char]) -> bool {
    let han = text.iter().filter(|c| is_han(**c)).count();
    let found = text.iter().filter(|c| form::traditional(**c)).count();
    found >= 5 && found * 10 >= han
}

/// How often two characters follow each other, as the text reads simplified.
fn pairs(glyphs: &[Glyph]) -> shift::Pairs {
    let mut text = Vec::with_capacity(glyphs.len());
    let mut at = 0;
    while let Some(glyph) = glyphs.get(at) {
        text.push(form::simple(glyph.c));
        at = shift::reading(glyphs, at + 1).map_or(at + 1, |(_, next)| next);
    }
    let mut pairs = shift::Pairs::new();
    for pair in text.windows(2).filter(|pair| pair.iter().all(|c| is_han(*c))) {
        *pairs.entry((pair[0], pair[1])).or_default() += 1;
    }
    pairs
}

/// Takes readings out, of traditional characters only, and each once.
fn without_readings(glyphs: Vec<Glyph>, drafts: &mut Vec<Draft>) -> Vec<Glyph> {
    let mut out: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    let mut at = 0;
    while let Some(glyph) = glyphs.get(at) {
        out.push(*glyph);
        at += 1;
        if let Some((reading, next)) = shift::reading(&glyphs, at)
            && ((form::annotated(glyph.c) && form::reads(glyph.c, &reading))
                || shift::across(out.len().checked_sub(2).map(|i: usize| out[i].c), glyph.c, &reading))
        {
            let (from, to) = (glyphs[at].from, glyphs[next - 1].to);
            drafts.push(Draft { kind: Kind::Reading, from, to, certain: true, candidates: Vec::new() });
            at = next;
        }
    }
    out
}

/// Words in which 著 is no 着.
const WRITES: &[&str] = &[
    "著名", "著作", "显著", "卓著", "名著", "论著", "编著", "专著", "原著", "著述", "著称", "土著", "巨著", "译著",
    "遗著", "昭著", "合著", "所著", "主著", "著者", "著书", "著于", "著有", "著录", "较著", "新著", "拙著", "大著",
    "著文", "著说",
];

/// Traditional characters that no simplified text has, though the simplified one is old too.
const NEVER_KEPT: &str = "後裡隻颱鬆鬍衹製覈註誌迴閤鼕餬糰佈";

/// Gives traditional characters their simplified form. Those that simplified text knows too (昇 in a
/// name, 乾) change only where a word says so, and where a page made the others of simplified ones
/// (`made`) not at all: it would have left those, so they stood in the text.
fn simplify(glyphs: &mut [Glyph], drafts: &mut Vec<Draft>, made: bool, length: usize) {
    let kept = chars_of(glyphs);
    let simple: Vec<char> = kept.iter().map(|c| form::simple(*c)).collect();
    let inside = Marked::of(drafts.iter().filter(|d| matches!(d.kind, Kind::Shift | Kind::Lost)), length);
    for (at, glyph) in glyphs.iter_mut().enumerate() {
        let (to, certain, candidates) = if glyph.c == '著' {
            let pair = |from: usize| simple.get(from..from + 2).map(|pair| pair.iter().collect::<String>());
            let writes = [at.checked_sub(1).and_then(pair), pair(at)].into_iter().flatten();
            if writes.into_iter().any(|word| WRITES.contains(&word.as_str())) {
                continue;
            }
            ('着', true, Vec::new())
        } else if let Some(form) = form::form(glyph.c) {
            let to = form.simple[0];
            let word = || words().covers(&simple, at);
            if !form.sure && !NEVER_KEPT.contains(glyph.c) {
                let (near, place) = with(&simple, at, glyph.c);
                if words().covers(&near, place) || !(made || word()) {
                    continue;
                }
                if made {
                    let candidates = vec![glyph.c.to_string(), to.to_string()];
                    drafts.push(Draft { kind: Kind::Odd, from: glyph.from, to: glyph.to, certain: false, candidates });
                    continue;
                }
            }
            let several = form.simple.len() > 1 && !word();
            let candidates = if several { form.simple.iter().map(char::to_string).collect() } else { Vec::new() };
            (to, !several, candidates)
        } else {
            continue;
        };
        glyph.c = to;
        if !inside.touches(glyph.from..glyph.to) {
            drafts.push(Draft { kind: Kind::Simplified, from: glyph.from, to: glyph.to, certain, candidates });
        }
    }
}

/// Where in a text a word with this character instead would stand, and the place within it.
fn with(text: &[char], at: usize, c: char) -> (Vec<char>, usize) {
    let start = at.saturating_sub(6);
    let mut near = text[start..(at + 7).min(text.len())].to_vec();
    near[at - start] = c;
    (near, at - start)
}

/// Characters of the original that changes touch.
struct Marked(Vec<bool>);

impl Marked {
    fn of<'a>(drafts: impl Iterator<Item = &'a Draft>, length: usize) -> Self {
        let mut marked = Self(vec![false; length]);
        drafts.for_each(|draft| marked.add(draft.from..draft.to));
        marked
    }

    fn add(&mut self, range: Range<usize>) {
        self.0[range].fill(true);
    }

    fn touches(&self, range: Range<usize>) -> bool {
        self.0[range].contains(&true)
    }
}

/// Whether all signs of a text were made half-width, of which there are at least so many.
fn narrowed(text: &[char], least: usize) -> bool {
    let beside = |c: &char| is_han(*c) || *c == ')';
    let narrow = text
        .windows(3)
        .filter(|w| matches!(w[1], ',' | ';' | ':' | '!') && (beside(&w[0]) || (least == 1 && is_han(w[2]))))
        .count();
    narrow >= least && !text.iter().any(|c| matches!(c, '，' | '；' | '：' | '！' | '？'))
}

/// Gives signs between Chinese characters their width again, and takes the spaces behind them out.
fn wide_signs(glyphs: Vec<Glyph>, drafts: &mut Vec<Draft>) -> Vec<Glyph> {
    let chinese = |c: char| is_han(c) || "“”‘’《》、。，！？：；（）【】□—…".contains(c);
    let mut out: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    let mut at = 0;
    while at < glyphs.len() {
        let mut glyph = glyphs[at];
        let wide = match glyph.c {
            ',' => Some('，'),
            ';' => Some('；'),
            ':' => Some('：'),
            '!' => Some('！'),
            '?' => Some('？'),
            _ => None,
        };
        let before = out.last().map_or('\n', |g| g.c);
        let after = glyphs[at + 1..].iter().map(|g| g.c).find(|c| *c != ' ').unwrap_or('\n');
        let numbers = before.is_ascii_digit() && after.is_ascii_digit();
        if let Some(wide) = wide.filter(|_| !numbers && (chinese(before) || (chinese(after) && before != ' '))) {
            let question = wide == '？' && is_han(after);
            glyph.c = wide;
            drafts.push(Draft {
                kind: Kind::Sign,
                from: glyph.from,
                to: glyph.to,
                certain: !question,
                // A mark of interrogation, or a byte that could not be read.
                candidates: if question { vec!["？".into(), "□".into()] } else { Vec::new() },
            });
            let spaces = glyphs[at + 1..].iter().take_while(|g| g.c == ' ').count();
            if spaces > 0 && chinese(after) {
                let (from, to) = (glyphs[at + 1].from, glyphs[at + spaces].to);
                drafts.push(Draft { kind: Kind::Space, from, to, certain: true, candidates: Vec::new() });
                at += spaces;
            }
        }
        out.push(glyph);
        at += 1;
    }
    out
}

/// Words of other regions, as they read in simplified characters, and what they are called here.
const REGIONAL: &[(&str, &str)] = &[
    ("资讯", "信息"),
    ("软体", "软件"),
    ("硬体", "硬件"),
    ("网路", "网络"),
    ("程式", "程序"),
    ("资料库", "数据库"),
    ("伺服器", "服务器"),
    ("专案", "项目"),
    ("计程车", "出租车"),
    ("行动电话", "移动电话"),
    ("半导体制程", "半导体工艺"),
];

/// Marks what still looks damaged.
fn flag(glyphs: &[Glyph], drafts: &mut Vec<Draft>, damaged: bool, length: usize) {
    let mut marked = Marked::of(drafts.iter().filter(|draft| !draft.certain), length);
    let mut odd = |range: Range<usize>, kind: Kind, candidates: Vec<String>| {
        // What is marked already keeps its mark; the rest of the stretch gets one.
        let Some(stretch) = glyphs.get(range) else { return };
        let free: Vec<bool> = stretch.iter().map(|glyph| !marked.touches(glyph.from..glyph.to)).collect();
        let mut at = 0;
        while at < stretch.len() {
            let length = free[at..].iter().take_while(|free| **free).count();
            if let Some([first, .., last] | [first @ last]) = stretch.get(at..at + length) {
                marked.add(first.from..last.to);
                let candidates = candidates.clone();
                drafts.push(Draft { kind, from: first.from, to: last.to, certain: false, candidates });
            }
            at += length.max(1);
        }
    };
    let text = chars_of(glyphs);
    let han = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|c| is_han(*c));
    for (at, c) in text.iter().enumerate() {
        let before = at.checked_sub(1);
        match c {
            '\u{e000}'..='\u{f8ff}' | '\u{fffd}' => odd(at..at + 1, Kind::Odd, Vec::new()),
            'а'..='я' | 'А'..='Я' | 'ё' | 'ㄅ'..='ㄩ' if damaged && (han(before) || han(Some(at + 1))) => {
                odd(at..at + 1, Kind::Odd, Vec::new());
            }
            // A reading that no character fits: what follows is out of step up to the next letter or digit.
            '?' | '？' if damaged && shift::swallowed(glyphs, at).is_some() => {
                let mut end = at;
                while end < text.len() && text[end] != '\n' && !text[end].is_ascii_alphanumeric() {
                    end = match text[end] {
                        '?' | '？' => shift::swallowed(glyphs, end).map_or(end + 1, |(_, next)| next),
                        '(' => shift::reading(glyphs, end).map_or(end + 1, |(_, next)| next),
                        _ => end + 1,
                    };
                }
                odd(at.saturating_sub(1)..end, Kind::Odd, Vec::new());
            }
            // A cut that could not be mended, before characters that make no text.
            '?' | '？' if damaged && text.get(at + 1).is_some_and(|c| "!！。?？".contains(*c)) => {
                let end = text[at..].iter().position(|c| *c == '\n').map_or(text.len(), |i| at + i);
                let next = at + 2..(at + 10).min(end);
                if next.into_iter().any(|i| is_han(text[i]) && !common(text[i]) && !words().covers(&text, i)) {
                    odd(at.saturating_sub(1)..end, Kind::Odd, Vec::new());
                }
            }
            '?' | '？' if damaged && han(before) && han(Some(at + 1)) => odd(at..at + 1, Kind::Odd, Vec::new()),
            c if damaged && c.is_ascii_alphabetic() => {
                let alone = !at.checked_sub(1).is_some_and(|i| text[i].is_ascii_graphic())
                    && !text.get(at + 1).is_some_and(char::is_ascii_graphic);
                if alone && (han(before) || han(Some(at + 1))) {
                    odd(at..at + 1, Kind::Odd, Vec::new());
                }
            }
            _ => {}
        }
    }
    if !damaged {
        return;
    }
    for (word, here) in REGIONAL {
        let word: Vec<char> = word.chars().collect();
        for (at, found) in text.windows(word.len()).enumerate() {
            if found == word {
                odd(at..at + word.len(), Kind::Regional, vec![(*here).to_owned()]);
            }
        }
    }
    // Three rare characters in a row that make no word are no text.
    let strange = |at: usize| is_han(text[at]) && !common(text[at]) && !words().covers(&text, at);
    let mut at = 0;
    while at < text.len() {
        let length = (at..text.len()).take_while(|i| strange(*i)).count();
        if length >= 2 {
            odd(at..at + length, Kind::Odd, Vec::new());
        }
        at += length.max(1);
    }
}

/// Whether a character is one of the first level of GB 2312.
fn common(c: char) -> bool {
    form::bytes(c).is_some_and(|b| matches!(b.as_slice(), [0xb0..=0xd7, 0xa1..=0xfe]))
}

/// Finds where each change stands, and joins neighbours of one kind.
fn finish(
    text: &str,
    original: &[char],
    glyphs: &[Glyph],
    mut drafts: Vec<Draft>,
    annotated: bool,
    traditional: bool,
) -> Repaired {
    drafts.sort_by_key(|draft| (draft.from, draft.to));
    let mut changes: Vec<Change> = Vec::new();
    for draft in drafts {
        // Stretches that were read anew share a character of the original: what begins before belongs to the one before.
        let start = glyphs.partition_point(|glyph| glyph.from < draft.from);
        let end = match draft.kind {
            Kind::Reading | Kind::Space => start,
            _ => glyphs.partition_point(|glyph| glyph.to <= draft.to).max(start),
        };
        let before = || original[draft.from..draft.to].iter().collect::<String>();
        let after = || glyphs[start..end].iter().map(|glyph| glyph.c).collect::<String>();
        if let Some(last) = changes.last_mut()
            && last.kind == Kind::Simplified
            && (draft.kind, draft.certain, last.certain) == (Kind::Simplified, true, true)
            && last.original.end == draft.from
            && last.repaired.end == start
        {
            last.before += &before();
            last.after += &after();
            last.original.end = draft.to;
            last.repaired.end = end;
            continue;
        }
        changes.push(Change {
            kind: draft.kind,
            original: draft.from..draft.to,
            repaired: start..end,
            before: before(),
            after: after(),
            certain: draft.certain,
            candidates: draft.candidates,
        });
    }
    Repaired {
        text: glyphs.iter().map(|glyph| glyph.c).collect(),
        changes,
        sha256: Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect(),
        annotated,
        traditional,
        origins: glyphs.iter().map(|glyph| glyph.from..glyph.to).collect(),
    }
}
