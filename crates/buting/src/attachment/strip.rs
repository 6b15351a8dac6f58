//! What a picture tells of whoever took it is taken out before it is kept: where,
//! when, with which device (个人信息保护法 §6, only what the purpose needs). The picture
//! itself stays byte for byte. How it is turned is kept, by a note of 26 bytes that
//! says nothing else.

use super::media::{Media, Refused};
use std::collections::BTreeSet;

/// The file without what it tells beside its content; other kinds stay as they are.
pub fn stripped(bytes: Vec<u8>, media: Media) -> Result<Vec<u8>, Refused> {
    match media {
        Media::Jpeg => jpeg(&bytes),
        Media::Png => png(&bytes),
        Media::Webp => webp(&bytes),
        Media::Heic => heic(bytes),
        Media::Mp4 | Media::M4a => Ok(film(bytes)),
        _ => Ok(bytes),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize)
}

/// How a picture is turned (1 to 8), where its notes say so.
fn turned(tiff: &[u8]) -> Option<u8> {
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let two = |at: usize| {
        let two: [u8; 2] = tiff.get(at..at + 2)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    };
    let four: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let list = if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) } as usize;
    for n in 0..usize::from(two(list)?) {
        let entry = list.checked_add(2 + n * 12)?;
        if two(entry)? == 0x0112 {
            return u8::try_from(two(entry + 8)?).ok().filter(|turn| (2..=8).contains(turn));
        }
    }
    None
}

/// The only note that is kept: how the picture is turned.
fn note_of(turn: u8) -> Vec<u8> {
    let mut note = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    note.extend([turn, 0, 0, 0, 0, 0, 0]);
    note
}

fn jpeg(bytes: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut out = bytes.get(..2).ok_or(Refused::Damaged)?.to_vec();
    let (mut at, mut turn) = (2, None);
    let mut kept = Vec::new();
    loop {
        let marker = match bytes.get(at..at + 2) {
            Some([0xFF, 0xFF]) => {
                at += 1;
                continue;
            }
            Some([0xFF, marker]) => *marker,
            // What a telephone cut off is a picture all the same.
            None if !kept.is_empty() => break,
            _ => return Err(Refused::Damaged),
        };
        if marker == 0xD9 {
            // What follows the end is no part of the picture: films, other pictures, notes.
            kept.extend([0xFF, 0xD9]);
            break;
        }
        let length = u16_at(bytes, at + 2).filter(|length| *length >= 2).ok_or(Refused::Damaged)?;
        let segment = bytes.get(at..at + 2 + length).ok_or(Refused::Damaged)?;
        let body = &segment[4..];
        match marker {
            0xE1 => turn = turn.or(body.strip_prefix(b"Exif\0\0").and_then(turned)),
            0xE0 | 0xEE => kept.extend(segment),
            0xE2 if body.starts_with(b"ICC_PROFILE\0") => kept.extend(segment),
            0xE2..=0xEF | 0xFE => {}
            _ => kept.extend(segment),
        }
        at += segment.len();
        if marker == 0xDA {
            let scan = bytes.get(at..).unwrap_or_default();
            let end = scan.windows(2).position(|two| two[0] == 0xFF && !matches!(two[1], 0 | 0xD0..=0xD7 | 0xFF));
            let end = end.unwrap_or(scan.len());
            kept.extend(&scan[..end]);
            at += end;
        }
    }
    if let Some(turn) = turn {
        let note = [b"Exif\0\0", note_of(turn).as_slice()].concat();
        out.extend([0xFF, 0xE1]);
        out.extend(u16::try_from(note.len() + 2).unwrap_or_default().to_be_bytes());
        out.extend(note);
    }
    out.extend(kept);
    Ok(out)
}

fn png(bytes: &[u8]) -> Result<Vec<u8>, Refused> {
    // What shows the picture; everything else tells of it.
    const SHOWS: &[&[u8]] = &[
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs",
        b"cICP", b"acTL", b"fcTL", b"fdAT",
    ];
    let mut out = bytes.get(..8).ok_or(Refused::Damaged)?.to_vec();
    let mut at = 8;
    loop {
        let length = u32_at(bytes, at).ok_or(Refused::Damaged)?;
        let kind = bytes.get(at + 4..at + 8).ok_or(Refused::Damaged)?;
        let end = length.checked_add(at + 12).ok_or(Refused::Damaged)?;
        let chunk = bytes.get(at..end).ok_or(Refused::Damaged)?;
        if SHOWS.contains(&kind) {
            out.extend(chunk);
        }
        if kind == b"IEND" {
            return Ok(out);
        }
        at = end;
    }
}

fn webp(bytes: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut chunks: Vec<(&[u8], Vec<u8>)> = Vec::new();
    let (mut at, mut turn) = (12, None);
    while at + 8 <= bytes.len() {
        let kind = &bytes[at..at + 4];
        let length: [u8; 4] = bytes[at + 4..at + 8].try_into().map_err(|_| Refused::Damaged)?;
        let length = u32::from_le_bytes(length) as usize;
        let end = length.checked_add(at + 8).ok_or(Refused::Damaged)?;
        let body = bytes.get(at + 8..end).ok_or(Refused::Damaged)?;
        match kind {
            b"EXIF" => turn = turned(body.strip_prefix(b"Exif\0\0").unwrap_or(body)),
            b"VP8X" | b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ANMF" | b"ICCP" => chunks.push((kind, body.to_vec())),
            _ => {}
        }
        at = end + length % 2;
    }
    if chunks.is_empty() {
        return Err(Refused::Damaged);
    }
    const NOTES: u8 = 0b0000_1000;
    const XMP: u8 = 0b0000_0100;
    if let Some((_, head)) = chunks.iter_mut().find(|(kind, _)| *kind == b"VP8X")
        && let Some(flags) = head.first_mut()
    {
        *flags &= !(NOTES | XMP);
        if let Some(turn) = turn {
            *flags |= NOTES;
            chunks.push((b"EXIF", note_of(turn)));
        }
    }
    let mut body = b"WEBP".to_vec();
    for (kind, content) in chunks {
        body.extend(kind);
        body.extend(u32::try_from(content.len()).map_err(|_| Refused::Damaged)?.to_le_bytes());
        body.extend(&content);
        body.extend(std::iter::repeat_n(0, content.len() % 2));
    }
    let length = u32::try_from(body.len()).map_err(|_| Refused::Damaged)?.to_le_bytes();
    Ok([b"RIFF".as_slice(), &length, &body].concat())
}

/// A box of a film or of a HEIC picture: its kind, where its content begins and ends.
type Box4 = ([u8; 4], usize, usize);

/// The boxes that stand between two places, none where they do not add up.
fn boxes(bytes: &[u8], from: usize, to: usize) -> Option<Vec<Box4>> {
    let (mut all, mut at) = (Vec::new(), from);
    while at < to {
        let kind: [u8; 4] = bytes.get(at + 4..at + 8)?.try_into().ok()?;
        let (head, length) = match u32_at(bytes, at)? {
            0 => (8, to - at),
            1 => (16, (u32_at(bytes, at + 8)? << 32) | u32_at(bytes, at + 12)?),
            length => (8, length),
        };
        let end = at.checked_add(length).filter(|end| length >= head && *end <= to)?;
        all.push((kind, at + head, end));
        at = end;
    }
    Some(all)
}

/// A number of so many bytes.
fn number(bytes: &[u8], at: &mut usize, width: usize) -> Option<usize> {
    let part = bytes.get(*at..at.checked_add(width)?)?;
    *at += width;
    Some(part.iter().fold(0, |n, byte| (n << 8) | usize::from(*byte)))
}

/// Notes of one picture, and stretches that they lie in, at most. A telephone writes
/// one or two; a table of a few bytes can speak of billions.
const STRETCHES: usize = 1000;

/// Where the notes of a HEIC picture lie: stretches of the file.
fn heic_notes(bytes: &[u8]) -> Option<Vec<(usize, usize)>> {
    let find = |all: &[Box4], kind: &[u8; 4]| all.iter().find(|(found, ..)| found == kind).copied();
    let all = boxes(bytes, 0, bytes.len())?;
    let (_, from, to) = find(&all, b"meta")?;
    let inside = boxes(bytes, from + 4, to)?;
    let (_, from, to) = find(&inside, b"iinf")?;
    let wide = *bytes.get(from)? > 0;
    let entries = boxes(bytes, from + if wide { 8 } else { 6 }, to)?;
    let mut notes = BTreeSet::new();
    for (_, at, _) in entries {
        let version = *bytes.get(at)?;
        let width = if version >= 3 { 4 } else { 2 };
        let mut place = at + 4;
        let id = number(bytes, &mut place, width)?;
        let kind = bytes.get(place + 2..place + 6)?;
        if kind == b"Exif" || kind == b"mime" {
            notes.insert(id);
        }
    }
    if notes.len() > STRETCHES {
        return None;
    }
    let Some((_, from, _)) = find(&inside, b"iloc") else { return notes.is_empty().then(Vec::new) };
    let version = *bytes.get(from)?;
    let (sizes, more) = (*bytes.get(from + 4)?, *bytes.get(from + 5)?);
    if sizes & 15 == 0 {
        // Lengths that take no place: the table could speak of any number of stretches.
        return None;
    }
    let wide = if version < 2 { 2 } else { 4 };
    let mut at = from + 6;
    let mut stretches = Vec::new();
    for _ in 0..number(bytes, &mut at, wide)? {
        let id = number(bytes, &mut at, wide)?;
        // Where it lies: in the file, or within the table itself.
        let within = if version > 0 { number(bytes, &mut at, 2)? & 15 } else { 0 };
        number(bytes, &mut at, 2)?;
        let base = number(bytes, &mut at, usize::from(more >> 4))?;
        for _ in 0..number(bytes, &mut at, 2)? {
            if version > 0 {
                number(bytes, &mut at, usize::from(more & 15))?;
            }
            let offset = number(bytes, &mut at, usize::from(sizes >> 4))?;
            let length = number(bytes, &mut at, usize::from(sizes & 15))?;
            if notes.contains(&id) {
                let start = match within {
                    0 => base.checked_add(offset)?,
                    1 => find(&inside, b"idat")?.1.checked_add(base)?.checked_add(offset)?,
                    _ => return None,
                };
                let end = start.checked_add(length)?;
                bytes.get(start..end)?;
                stretches.push((start, end));
                if stretches.len() > STRETCHES {
                    return None;
                }
            }
        }
    }
    Some(stretches)
}

/// The notes become zeros where they lie, so that nothing else moves. How the picture
/// is turned stands elsewhere.
fn heic(mut bytes: Vec<u8>) -> Result<Vec<u8>, Refused> {
    for (start, end) in heic_notes(&bytes).ok_or(Refused::Damaged)? {
        bytes[start..end].fill(0);
    }
    Ok(bytes)
}

/// The notes of a film or a recording become free space where they lie.
fn film(mut bytes: Vec<u8>) -> Vec<u8> {
    // Of a film and its tracks; whoever nests deeper wants to fill the stack.
    const DEEP: u8 = 2;
    fn notes(bytes: &[u8], from: usize, to: usize, deep: u8, out: &mut Vec<(usize, usize)>) {
        for (kind, start, end) in boxes(bytes, from, to).unwrap_or_default() {
            match &kind {
                b"udta" | b"meta" | b"uuid" => out.push((start, end)),
                b"moov" | b"trak" if deep > 0 => notes(bytes, start, end, deep - 1, out),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    notes(&bytes, 0, bytes.len(), DEEP, &mut found);
    for (start, end) in found {
        // The kind stands right before the content, but for very long boxes.
        if let Some(kind) = start.checked_sub(4).and_then(|at| bytes.get_mut(at..start)) {
            kind.copy_from_slice(b"free");
        }
        bytes[start..end].fill(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Notes as a telephone writes them: turned by 90°, with a place and a serial number.
    fn notes() -> Vec<u8> {
        let mut notes = note_of(6);
        notes.extend(b"GPS 36.6512,117.1201 SERIAL-0042");
        notes
    }

    fn tells(bytes: &[u8]) -> bool {
        [b"GPS".as_slice(), b"SERIAL", b"xmpmeta"]
            .iter()
            .any(|word| bytes.windows(word.len()).any(|part| part == *word))
    }

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 2).expect("short").to_be_bytes();
        [&[0xFF, marker], length.as_slice(), body].concat()
    }

    #[test]
    fn a_photo_no_longer_tells_where_and_with_what() {
        let exif = [b"Exif\0\0", notes().as_slice()].concat();
        let photo = [
            b"\xFF\xD8".to_vec(),
            segment(0xE0, b"JFIF\0"),
            segment(0xE1, &exif),
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta GPS/>"),
            segment(0xE2, b"ICC_PROFILE\0\x01\x01"),
            segment(0xFE, b"SERIAL"),
            segment(0xDA, b"\x01"),
            b"\x12\xFF\0\x34\xFF\xD0\x56\xFF\xD9".to_vec(),
            b"GPS of a second picture".to_vec(),
        ]
        .concat();
        assert!(tells(&photo));
        let kept = stripped(photo, Media::Jpeg).expect("a picture");
        assert!(!tells(&kept));
        assert!(kept.ends_with(b"\x12\xFF\0\x34\xFF\xD0\x56\xFF\xD9"), "the picture is whole");
        let at = kept.windows(4).position(|part| part == b"MM\0*").expect("the note");
        assert_eq!(turned(&kept[at..]), Some(6), "it is still known how it is turned");
        assert!(kept.windows(11).any(|part| part == b"ICC_PROFILE"), "its colours stay");
        assert_eq!(stripped(kept.clone(), Media::Jpeg).expect("again"), kept, "nothing more to take");
    }

    #[test]
    fn other_pictures_neither() {
        let chunk = |kind: &[u8; 4], body: &[u8]| {
            let length = u32::try_from(body.len()).expect("short").to_be_bytes();
            [length.as_slice(), kind, body, b"CRC4"].concat()
        };
        let png = [
            b"\x89PNG\r\n\x1A\n".to_vec(),
            chunk(b"IHDR", b"0123456789abc"),
            chunk(b"eXIf", &notes()),
            chunk(b"tEXt", b"SERIAL"),
            chunk(b"IDAT", b"picture"),
            chunk(b"IEND", b""),
            b"GPS".to_vec(),
        ]
        .concat();
        let kept = stripped(png, Media::Png).expect("a picture");
        assert!(!tells(&kept) && kept.windows(7).any(|part| part == b"picture"));

        let part = |kind: &[u8; 4], body: &[u8]| {
            let mut part = [kind.as_slice(), &u32::try_from(body.len()).expect("short").to_le_bytes(), body].concat();
            part.extend(std::iter::repeat_n(0, body.len() % 2));
            part
        };
        let body = [
            b"WEBP".to_vec(),
            part(b"VP8X", &[0x0C, 0, 0, 0, 1, 0, 0, 1, 0, 0]),
            part(b"VP8 ", b"picture"),
            part(b"EXIF", &notes()),
            part(b"XMP ", b"<x:xmpmeta/>"),
        ]
        .concat();
        let length = u32::try_from(body.len()).expect("short").to_le_bytes();
        let kept = stripped([b"RIFF".as_slice(), &length, &body].concat(), Media::Webp).expect("a picture");
        assert!(!tells(&kept) && kept.windows(7).any(|part| part == b"picture"));
        assert_eq!(kept[20] & 0x0C, 0x08, "only the note of how it is turned");
    }

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 8).expect("short").to_be_bytes();
        [length.as_slice(), kind, body].concat()
    }

    #[test]
    fn a_picture_of_boxes_keeps_its_places() {
        let ftyp = boxed(b"ftyp", b"heic\0\0\0\0");
        let notes = notes();
        let entry =
            |id: u8, kind: &[u8; 4]| boxed(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], kind.as_slice(), b"\0"].concat());
        let iinf = boxed(b"iinf", &[&[0, 0, 0, 0, 0, 2], entry(1, b"hvc1").as_slice(), &entry(2, b"Exif")].concat());
        let places = |picture: u32, note: u32| {
            let one = |id: u8, at: u32, length: usize| {
                [
                    &[0, id, 0, 0, 0, 1],
                    at.to_be_bytes().as_slice(),
                    &u32::try_from(length).expect("short").to_be_bytes(),
                ]
                .concat()
            };
            boxed(
                b"iloc",
                &[&[0, 0, 0, 0, 0x44, 0, 0, 2], one(1, picture, 7).as_slice(), &one(2, note, notes.len())].concat(),
            )
        };
        let meta = |picture, note| boxed(b"meta", &[b"\0\0\0\0", iinf.as_slice(), &places(picture, note)].concat());
        let start = u32::try_from(ftyp.len() + meta(0, 0).len() + 8).expect("short");
        let file = [ftyp, meta(start, start + 7), boxed(b"mdat", &[b"picture", notes.as_slice()].concat())].concat();
        assert!(tells(&file));
        let kept = stripped(file.clone(), Media::Heic).expect("a picture");
        assert!(!tells(&kept) && kept.len() == file.len() && kept.windows(7).any(|part| part == b"picture"));
    }

    #[test]
    fn a_film_does_not_say_where_it_was_taken() {
        let moov =
            boxed(b"moov", &[boxed(b"mvhd", b"head"), boxed(b"udta", b"GPS"), boxed(b"meta", b"SERIAL")].concat());
        let film = [boxed(b"ftyp", b"isom\0\0\0\0"), moov, boxed(b"mdat", b"picture")].concat();
        let kept = stripped(film.clone(), Media::Mp4).expect("a film");
        assert!(!tells(&kept) && kept.len() == film.len());
    }

    #[test]
    fn what_breaks_off_is_refused_and_never_panics() {
        let whole = [b"\xFF\xD8".to_vec(), segment(0xE1, &notes()), segment(0xDB, &[0; 60])].concat();
        for media in [Media::Jpeg, Media::Png, Media::Webp, Media::Heic, Media::Mp4] {
            for end in 0..whole.len() {
                let _ = stripped(whole[..end].to_vec(), media);
            }
        }
        assert_eq!(stripped(b"\xFF\xD8\xFF\xE1\0".to_vec(), Media::Jpeg), Err(Refused::Damaged));
    }

    #[test]
    fn what_is_made_to_fill_stack_or_memory_does_not() {
        // A hundred thousand boxes within each other.
        let n = 100_000_u32;
        let nested: Vec<u8> = (0..n).flat_map(|i| [((n - i) * 8).to_be_bytes().as_slice(), b"moov"].concat()).collect();
        let film = [boxed(b"ftyp", b"isom\0\0\0\0"), nested].concat();
        assert_eq!(stripped(film.clone(), Media::Mp4).as_ref(), Ok(&film));

        // Items whose stretches take no place, 65,535 of them each.
        let infe = boxed(b"infe", b"\x02\0\0\0\0\x01\0\0Exif\0");
        let iinf = boxed(b"iinf", &[&[0, 0, 0, 0, 0, 1], infe.as_slice()].concat());
        let items = [0, 1, 0, 0, 0xFF, 0xFF].repeat(4000);
        let empty = boxed(b"iloc", &[&[0, 0, 0, 0, 0, 0, 0x0F, 0xA0], items.as_slice()].concat());
        // Stretches of one byte, more than any telephone writes.
        let short = [0, 1, 0, 0, 0x10, 0].iter().copied().chain(std::iter::repeat_n(0, 5000)).collect::<Vec<u8>>();
        let many = boxed(b"iloc", &[&[0, 0, 0, 0, 0x01, 0, 0, 1], short.as_slice()].concat());
        for iloc in [empty, many] {
            let meta = boxed(b"meta", &[b"\0\0\0\0", iinf.as_slice(), &iloc].concat());
            let file = [boxed(b"ftyp", b"heic\0\0\0\0"), meta].concat();
            assert_eq!(stripped(file, Media::Heic), Err(Refused::Damaged));
        }
    }
}
