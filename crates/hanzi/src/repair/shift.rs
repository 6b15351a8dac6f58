//! Bytes that went astray: pairs that were read one byte too late, and what sets them right again.
//!
//! A page cut its text at sentence marks, and put readings into it, by searching bytes, not
//! characters. Where a mark or a character was found across two others, all that follows is read
//! one byte out of step, until a byte that stands alone brings both back together. So what was
//! read is made bytes again and read anew from the place of the cut.

use super::form::{self, bytes, character};
use super::{Draft, Glyph, Kind, chars_of};
use crate::is_han;
use crate::words::words;
use std::collections::HashMap;

/// At most so many characters out of step; longer stretches are left and flagged.
const FAR: usize = 60;
/// At most so many readings of one stretch are compared.
const WAYS: usize = 32;
/// How much better by the character a repaired stretch must be than what stands there.
const GAIN: f64 = 1.0;
/// How much better by the character the best reading must be than the next, or it is not certain.
const CLEAR: f64 = 0.5;
/// At most so many candidates are offered.
const OFFERED: usize = 8;

/// How often two characters follow each other in the document, as it reads simplified.
pub(super) type Pairs = HashMap<(char, char), u32>;

/// A character of which a byte is lost.
#[derive(Clone)]
struct Guess {
    /// Where it stands in what was read anew.
    at: usize,
    among: Vec<char>,
}

/// One way to read a stretch anew.
#[derive(Clone)]
struct Way {
    out: Vec<Glyph>,
    guesses: Vec<Guess>,
    /// The first character that is in step again.
    end: usize,
    /// How many signs must have been lost for it to be so.
    lost: usize,
    /// Whether no other way comes near.
    clear: bool,
}

/// A reading after a `?` that swallowed its bracket: `?shù)`. Answers it and what follows.
pub(super) fn swallowed(text: &[Glyph], question: usize) -> Option<(String, usize)> {
    let letters: String = text.get(question + 1..)?.iter().map(|g| g.c).take_while(|c| form::syllable(*c)).collect();
    let length = letters.chars().count();
    let close = question + 1 + length;
    ((1..=6).contains(&length) && text.get(close).is_some_and(|g| g.c == ')')).then_some((letters, close + 1))
}

/// A reading in brackets: `(shù)`. Answers it and what follows.
pub(super) fn reading(text: &[Glyph], bracket: usize) -> Option<(String, usize)> {
    (text.get(bracket)?.c == '(').then(|| swallowed(text, bracket))?
}

/// The character before a place; a reading of its own between them does not count.
fn owner(text: &[Glyph], at: usize) -> Option<char> {
    let last = text.get(at.checked_sub(1)?)?.c;
    if last != ')' {
        return Some(last);
    }
    let open = (at.saturating_sub(9)..at).rev().find(|i| text[*i].c == '(')?;
    let owner = text.get(open.checked_sub(1)?)?.c;
    let (found, next) = reading(text, open)?;
    (next == at && form::annotated(owner) && form::reads(owner, &found)).then_some(owner)
}

/// The second byte of a character that has two, or of a sign that had before it was made half-width.
pub(super) fn trail(c: char) -> Option<u8> {
    if c.is_ascii_punctuation() {
        return Some(c as u8 + 0x80);
    }
    bytes(c).filter(|b| b.len() == 2).map(|b| b[1])
}

/// Whether a reading belongs to a character that was found across a character and a letter behind it.
pub(super) fn across(before: Option<char>, letter: char, found: &str) -> bool {
    letter.is_ascii_graphic()
        && before
            .and_then(trail)
            .and_then(|lead| character(lead, letter as u8))
            .is_some_and(|c| form::annotated(c) && form::reads(c, found))
}

/// Reads anew from `at`, where one byte is left over.
fn follow(text: &[Glyph], at: usize, pending: u8, from: usize) -> Vec<Way> {
    struct State {
        at: usize,
        pending: u8,
        from: usize,
        way: Way,
    }
    let start = Way { out: Vec::new(), guesses: Vec::new(), end: at, lost: 0, clear: true };
    let mut open = vec![State { at, pending, from, way: start }];
    let mut done: Vec<Way> = Vec::new();
    while let Some(State { at: here, pending, from, way }) = open.pop() {
        if done.len() >= WAYS || here > at + FAR {
            continue;
        }
        let Some(glyph) = text.get(here) else { continue };
        let push = |c: char, to: usize| {
            let mut way = way.clone();
            way.out.push(Glyph { c, from, to });
            way
        };
        let guess = |among: Vec<char>, end: usize, lost: usize| {
            let mut way = push('□', glyph.to);
            way.guesses.push(Guess { at: way.out.len() - 1, among });
            way.end = end;
            way.lost += lost;
            way
        };
        let trails = || (0x40..=0xfe_u8).filter_map(|trail| character(pending, trail)).filter(|c| is_han(*c));
        if glyph.c == '?' {
            if let Some((reading, next)) = swallowed(text, here) {
                let found: Vec<char> = trails().filter(|c| form::annotated(*c) && form::reads(*c, &reading)).collect();
                match found.as_slice() {
                    [] => {}
                    [one] => {
                        let mut way = push(*one, text[next - 1].to);
                        way.end = next;
                        done.push(way);
                        continue;
                    }
                    _ => {
                        done.push(guess(found, next, 0));
                        continue;
                    }
                }
            }
            let all: Vec<char> = trails().collect();
            // A mark that was found at its own place cuts the pair in two.
            let cut = text.get(here + 1).is_none_or(|next| matches!(next.c, '!' | '。' | '?' | '！' | '？' | '\n'));
            if !all.is_empty() {
                done.push(guess(all, here + 1, usize::from(!cut)));
            }
            // A byte that begins no pair took the next one with it.
            if let Some(c) = character(pending, 0x80)
                && let Some(next) = text.get(here + 1)
                && let Some(&[first, second]) = bytes(next.c).as_deref()
            {
                let mut way = push(c, glyph.to);
                let among = (0x81..=0xfe).filter_map(|lead| character(lead, first)).filter(|c| is_han(*c)).collect();
                way.out.push(Glyph { c: '□', from: glyph.from, to: next.to });
                way.guesses.push(Guess { at: way.out.len() - 1, among });
                open.push(State { at: here + 2, pending: second, from: next.from, way });
            }
            if let Some(c) = character(pending, 0xa3) {
                open.push(State { at: here + 1, pending: 0xbf, from: glyph.from, way: push(c, glyph.to) });
            }
            continue;
        }
        if glyph.c == '\n' {
            continue;
        }
        if glyph.c.is_ascii()
            && let Some(c) = character(pending, glyph.c as u8)
        {
            let mut way = push(c, glyph.to);
            way.end = here + 1;
            done.push(way);
        }
        for (apart, [first, second]) in form::taken_apart() {
            let length = apart.len();
            if text.get(here..here + length).is_some_and(|found| found.iter().map(|g| g.c).eq(apart.iter().copied()))
                && let Some(c) = character(pending, *first)
            {
                let way = push(c, text[here + length - 1].to);
                open.push(State { at: here + length, pending: *second, from: glyph.from, way });
            }
        }
        let Some(&[first, second]) = bytes(glyph.c).as_deref() else { continue };
        if let Some(c) = character(pending, first) {
            // A reading that was put behind two halves is no part of the text.
            let next = match reading(text, here + 1) {
                Some((reading, next)) if form::annotated(glyph.c) && form::reads(glyph.c, &reading) => next,
                _ => here + 1,
            };
            open.push(State { at: next, pending: second, from: glyph.from, way: push(c, glyph.to) });
        }
    }
    done
}

/// What a stretch is worth by the character, as it reads simplified between what stands around it.
fn worth(before: &[Glyph], middle: &[Glyph], after: &[Glyph]) -> f64 {
    let score = |parts: &[&[Glyph]]| {
        let text: Vec<char> = parts.iter().copied().flatten().map(|g| wide(form::simple(g.c))).collect();
        words().score(&text)
    };
    (score(&[before, middle, after]) - score(&[before]) - score(&[after])) / middle.len().max(1) as f64
}

/// Signs as they were before they were made half-width.
fn wide(c: char) -> char {
    match c {
        ',' => '，',
        '!' => '！',
        ':' => '：',
        ';' => '；',
        c => c,
    }
}

/// Sets right what can be, before anything else is changed.
pub(super) fn mend(text: &[Glyph], pairs: &Pairs) -> (Vec<Glyph>, Vec<Draft>) {
    let mut out: Vec<Glyph> = Vec::with_capacity(text.len());
    let mut drafts = Vec::new();
    let mut at = 0;
    // A document that is nothing but question marks must not hold the machine up.
    let mut tries = 200 + text.len() / 60;
    while at < text.len() {
        if let Some((way, end)) = trimmed(text, at).or_else(|| found(text, at, &out, &mut tries)) {
            place(text, at, way, end, &mut out, &mut drafts, pairs);
            at = end;
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    (out, drafts)
}

/// `，F(xiàn)`: the second byte of a comma was cut off as if it were one, and with it the
/// first of what follows.
fn trimmed(text: &[Glyph], at: usize) -> Option<(Way, usize)> {
    let after_comma = at > 0 && matches!(text[at - 1].c, ',' | '，');
    let letter = text[at].c;
    if !after_comma || !letter.is_ascii() || letter.is_ascii_digit() {
        return None;
    }
    let c = character(0xac, letter as u8)?;
    let (reading, _) = reading(text, at + 1)?;
    (form::annotated(c) && form::reads(c, &reading)).then(|| {
        let glyph = Glyph { c, from: text[at].from, to: text[at].to };
        (Way { out: vec![glyph], guesses: Vec::new(), end: at + 1, lost: 0, clear: true }, at + 1)
    })
}

/// The best way to read anew what begins at a place, where there is one that is clearly better.
fn found(text: &[Glyph], at: usize, before: &[Glyph], tries: &mut usize) -> Option<(Way, usize)> {
    if *tries == 0 {
        return None;
    }
    let here = text[at];
    let next = text.get(at + 1).map(|g| g.c);
    let mut ways: Vec<Way> = Vec::new();
    let mut gain = GAIN;
    if here.c == '?'
        && let Some((reading, after)) = swallowed(text, at)
        && let Some(lead) = owner(text, at).and_then(trail)
    {
        // That it is the reading of just such a character says most.
        gain = 0.0;
        // (A) A reading in the middle of two: it tells the second half of the character it was found as.
        for trail in 0x40..=0xfe {
            if character(lead, trail).is_some_and(|c| form::annotated(c) && form::reads(c, &reading)) {
                ways.extend(follow(text, after, trail, here.from));
            }
        }
    } else if here.c == '?' && matches!(next, Some('!' | '！' | '。' | '?' | '？')) {
        // (B) A cut in the middle of two: the first byte of the first is lost.
        let mark = text[at + 1];
        let [first, second] = mark_bytes(mark.c);
        let among: Vec<char> = (0x81..=0xfe)
            .filter_map(|lead| character(lead, first))
            .filter(|c| is_han(*c) || "”》）".contains(*c))
            .collect();
        for mut way in follow(text, at + 2, second, mark.from) {
            way.out.insert(0, Glyph { c: '□', from: here.from, to: mark.to });
            way.guesses.iter_mut().for_each(|guess| guess.at += 1);
            way.guesses.insert(0, Guess { at: 0, among: among.clone() });
            ways.push(way);
        }
    } else if at > 0
        && matches!(text[at - 1].c, ',' | '，')
        && is_han(here.c)
        && form::form(here.c).is_none()
        && !words().covers(&text[at..].iter().take(5).map(|g| form::simple(g.c)).collect::<Vec<_>>(), 0)
    {
        // (C) The first byte after a comma was taken for a part of it.
        gain = 2.0 * GAIN;
        ways = follow(text, at, 0xac, here.from);
    }
    *tries -= usize::from(!ways.is_empty());
    // Where not all were tried, none is certain.
    let all = ways.len() < WAYS;
    let left = &before[before.len().saturating_sub(4)..];
    let mut best: Option<(f64, Way)> = None;
    let mut second = f64::NEG_INFINITY;
    for way in ways {
        let right = &text[way.end.min(text.len())..(way.end + 4).min(text.len())];
        // A character that is still to be guessed speaks for nothing.
        let known: Vec<Glyph> = way.out.iter().filter(|g| g.c != '□').copied().collect();
        let value = worth(left, &known, right) - way.lost as f64;
        let stands = without_letters(&text[at..way.end]);
        if value > worth(left, &stands, right) + gain {
            match &mut best {
                Some((most, _)) if value <= *most => second = second.max(value),
                Some((most, _)) => {
                    second = second.max(*most);
                    best = Some((value, way));
                }
                None => best = Some((value, way)),
            }
        }
    }
    best.map(|(value, mut way)| {
        way.clear = all && value - second > CLEAR;
        let end = way.end;
        (way, end)
    })
}

/// A stretch as it stands, without readings, and with letters, digits and brackets told as odd: they would speak for it.
fn without_letters(text: &[Glyph]) -> Vec<Glyph> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(glyph) = text.get(at) {
        let skip = match glyph.c {
            '?' => swallowed(text, at),
            _ => reading(text, at),
        };
        match skip {
            Some((_, next)) => {
                if glyph.c == '?' {
                    out.push(Glyph { c: '□', ..*glyph });
                }
                at = next;
            }
            None => {
                let odd = glyph.c.is_ascii_graphic() && glyph.c != ',';
                out.push(if odd { Glyph { c: '□', ..*glyph } } else { *glyph });
                at += 1;
            }
        }
    }
    out
}

/// The bytes of a sentence mark.
fn mark_bytes(mark: char) -> [u8; 2] {
    match mark {
        '。' => [0xa1, 0xa3],
        '?' | '？' => [0xa3, 0xbf],
        _ => [0xa3, 0xa1],
    }
}

/// Puts a stretch read anew in its place, with what is known and what is guessed told apart.
fn place(
    text: &[Glyph],
    at: usize,
    mut way: Way,
    end: usize,
    out: &mut Vec<Glyph>,
    drafts: &mut Vec<Draft>,
    pairs: &Pairs,
) {
    for guess in &way.guesses {
        let left: Vec<char> = out.iter().chain(&way.out[..guess.at]).rev().take(4).map(|g| form::simple(g.c)).collect();
        let mut context: Vec<char> = left.into_iter().rev().collect();
        let middle = context.len();
        context.push('□');
        context.extend(way.out[guess.at + 1..].iter().chain(&text[end..]).take(4).map(|g| wide(form::simple(g.c))));
        let ranked = rank(&guess.among, &mut context, middle, pairs);
        let glyph = &mut way.out[guess.at];
        let clear = match ranked.as_slice() {
            [] => false,
            [_] => true,
            [first, second, ..] => first.score - second.score > 6.0 || (first.seen && first.score - second.score > 2.5),
        };
        if clear && let Some(first) = ranked.first() {
            glyph.c = first.c;
        }
        drafts.push(Draft {
            kind: Kind::Lost,
            from: glyph.from,
            to: glyph.to,
            certain: false,
            candidates: ranked.into_iter().map(|found| found.c.to_string()).take(OFFERED).collect(),
        });
    }
    // What is guessed has a mark of its own; the rest has one for each stretch between.
    let guessed: Vec<usize> = way.guesses.iter().map(|guess| guess.at).collect();
    let mut start = 0;
    for stop in guessed.into_iter().chain([way.out.len()]) {
        if let Some([first, .., last] | [first @ last]) = way.out.get(start..stop) {
            let certain = way.clear;
            drafts.push(Draft { kind: Kind::Shift, from: first.from, to: last.to, certain, candidates: Vec::new() });
        }
        start = stop + 1;
    }
    debug_assert!(!chars_of(&text[at..end]).is_empty());
    out.append(&mut way.out);
}

struct Ranked {
    c: char,
    score: f64,
    /// Whether the document has the character elsewhere beside the same neighbour.
    seen: bool,
}

/// What a lost character may have been, the likeliest first: by the words it makes and by its
/// neighbours elsewhere in the document.
fn rank(among: &[char], context: &mut [char], middle: usize, pairs: &Pairs) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = Vec::new();
    for c in among {
        if form::would_change(*c) {
            continue;
        }
        let c = form::simple(*c);
        context[middle] = c;
        let count = |a: Option<&char>, b: Option<&char>| match (a, b) {
            (Some(a), Some(b)) => pairs.get(&(*a, *b)).copied().unwrap_or(0),
            _ => 0,
        };
        let seen = count(middle.checked_sub(1).and_then(|i| context.get(i)), Some(&c))
            + count(Some(&c), context.get(middle + 1));
        let score = words().score(context) + 2.0 * f64::from(1 + seen).ln();
        if ranked.iter().all(|other| other.c != c) {
            ranked.push(Ranked { c, score, seen: seen > 0 });
        }
    }
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    ranked
}
