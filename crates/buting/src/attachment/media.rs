//! What a file is, by what stands in it. Neither its name nor what a browser says
//! of it is believed.

use crate::words;
use std::io::Cursor;
use zip::ZipArchive;

words! {
    /// Kinds of files that are taken. Their names are `media-<word>`.
    pub enum Media {
        /// JPEG 照片
        Jpeg = "jpeg",
        /// PNG 图片
        Png = "png",
        /// WebP 图片
        Webp = "webp",
        /// HEIC 照片
        Heic = "heic",
        /// PDF
        Pdf = "pdf",
        /// Word 文档
        Docx = "docx",
        /// Excel 表格
        Xlsx = "xlsx",
        /// PowerPoint 演示文稿
        Pptx = "pptx",
        /// 旧版 Word 文档
        Doc = "doc",
        /// 旧版 Excel 表格
        Xls = "xls",
        /// 文本
        Txt = "txt",
        /// CSV
        Csv = "csv",
        /// MP3 录音
        Mp3 = "mp3",
        /// M4A 录音
        M4a = "m4a",
        /// AMR 录音
        Amr = "amr",
        /// MP4 视频
        Mp4 = "mp4",
    }
}

/// What the file chooser of a page offers. Phones offer the camera for `image/*`.
pub const ACCEPT: &str = "image/*,.pdf,.docx,.xlsx,.pptx,.doc,.xls,.txt,.csv,.mp3,.m4a,.amr,.mp4";

impl Media {
    /// The media type that it is served as.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            Self::Doc => "application/msword",
            Self::Xls => "application/vnd.ms-excel",
            Self::Txt => "text/plain",
            Self::Csv => "text/csv",
            Self::Mp3 => "audio/mpeg",
            Self::M4a => "audio/mp4",
            Self::Amr => "audio/amr",
            Self::Mp4 => "video/mp4",
        }
    }

    /// The ending of its name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            other => other.word(),
        }
    }

    /// Whether a browser shows it by itself; everything else is saved.
    pub const fn is_shown(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp | Self::Pdf)
    }

    /// Whether a small picture can be made of it.
    pub const fn has_thumbnail(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }
}

/// Why a file is not taken: codes of `invalid-<code>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Of a kind that is not taken.
    Kind,
    /// An office file with macros.
    Macros,
    /// An office file that asks for a password, or one that carries an archive.
    Closed,
    /// It breaks off, or what stands in it cannot be read.
    Damaged,
    /// Nothing stands in it.
    Empty,
    /// A picture of more points than can be opened safely.
    Huge,
}

impl Refused {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Kind => "file_kind",
            Self::Macros => "file_macros",
            Self::Closed => "file_closed",
            Self::Damaged => "file_damaged",
            Self::Empty => "file_empty",
            Self::Huge => "file_huge",
        }
    }
}

/// What a file is. The name only tells a table from a text, which look alike.
pub fn media_of(bytes: &[u8], name: &str) -> Result<Media, Refused> {
    let at = |n: usize, mark: &[u8]| bytes.get(n..n + mark.len()) == Some(mark);
    let found = match () {
        _ if bytes.is_empty() => return Err(Refused::Empty),
        _ if at(0, b"\xFF\xD8\xFF") => Media::Jpeg,
        _ if at(0, b"\x89PNG\r\n\x1A\n") => Media::Png,
        _ if at(0, b"RIFF") && at(8, b"WEBP") => Media::Webp,
        _ if at(0, b"%PDF-") => Media::Pdf,
        _ if at(0, b"PK\x03\x04") => return in_zip(bytes),
        _ if at(0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") => return in_compound(bytes),
        _ if at(4, b"ftyp") => return in_boxes(bytes),
        _ if at(0, b"#!AMR\n") || at(0, b"#!AMR-WB\n") => Media::Amr,
        _ if at(0, b"ID3") => Media::Mp3,
        _ if bytes[0] == 0xFF && bytes.get(1).is_some_and(|b| matches!(b, 0xFA | 0xFB | 0xF2 | 0xF3)) => Media::Mp3,
        _ => return text(bytes, name),
    };
    Ok(found)
}

/// An office file is an archive with certain parts. Only its table of contents is
/// read: nothing is unpacked.
fn in_zip(bytes: &[u8]) -> Result<Media, Refused> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Refused::Damaged)?;
    let names = archive.file_names().map(|name| name.map(|name| name.to_ascii_lowercase()));
    let names: Vec<String> = names.collect::<Result<_, _>>().map_err(|_| Refused::Damaged)?;
    let has = |name: &str| names.iter().any(|known| known == name);
    let found = if !has("[content_types].xml") {
        return Err(Refused::Kind);
    } else if has("word/document.xml") {
        Media::Docx
    } else if has("xl/workbook.xml") {
        Media::Xlsx
    } else if has("ppt/presentation.xml") {
        Media::Pptx
    } else {
        return Err(Refused::Kind);
    };
    let ends = |endings: &[&str]| names.iter().any(|name| endings.iter().any(|end| name.ends_with(end)));
    // Macros of every kind: VBA, the macro sheets of old Excel, controls.
    if ends(&["vbaproject.bin", "vbadata.xml"]) || names.iter().any(|name| name.contains("macrosheets/")) {
        return Err(Refused::Macros);
    }
    if ends(&[".zip", ".rar", ".7z", ".gz", ".exe", ".dll", ".js", ".vbs", ".bat", ".scr", ".docm", ".xlsm", ".pptm"]) {
        return Err(Refused::Closed);
    }
    for n in 0..archive.len() {
        if archive.by_index_raw(n).map_err(|_| Refused::Damaged)?.encrypted() {
            return Err(Refused::Closed);
        }
    }
    Ok(found)
}

/// The older office files hold streams, whose names stand in UTF-16.
fn in_compound(bytes: &[u8]) -> Result<Media, Refused> {
    let has = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        // A directory entry begins on a multiple of its length, 128 bytes.
        bytes
            .chunks(128)
            .any(|entry| entry.starts_with(&wide) && entry.get(wide.len()..wide.len() + 2) == Some(&[0, 0]))
    };
    if has("EncryptedPackage") {
        return Err(Refused::Closed);
    }
    if has("Macros") || has("_VBA_PROJECT_CUR") || has("VBA") || has("_VBA_PROJECT") {
        return Err(Refused::Macros);
    }
    match () {
        _ if has("WordDocument") => Ok(Media::Doc),
        _ if has("Workbook") || has("Book") => Ok(Media::Xls),
        _ => Err(Refused::Kind),
    }
}

/// Files made of boxes tell by their first brand what they are.
fn in_boxes(bytes: &[u8]) -> Result<Media, Refused> {
    let length = bytes.get(..4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes);
    let head = bytes.get(8..(length as usize).min(256)).ok_or(Refused::Damaged)?;
    let (brands, _) = head.as_chunks::<4>();
    let mut brands = brands.iter().enumerate().filter(|(place, _)| *place != 1).map(|(_, brand)| brand);
    brands
        .find_map(|brand| match brand {
            b"heic" | b"heix" | b"heim" | b"heis" | b"mif1" => Some(Media::Heic),
            b"M4A " | b"M4B " => Some(Media::M4a),
            b"isom" | b"iso2" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1" | b"MSNV" => Some(Media::Mp4),
            _ => None,
        })
        .ok_or(Refused::Kind)
}

/// A text has no control characters, and is neither page, picture nor program.
fn text(bytes: &[u8], name: &str) -> Result<Media, Refused> {
    let ending = ending_of(name).to_ascii_lowercase();
    let media = match ending.as_str() {
        "csv" => Media::Csv,
        "txt" => Media::Txt,
        _ => return Err(Refused::Kind),
    };
    if bytes.iter().any(|b| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0C)) {
        return Err(Refused::Kind);
    }
    let body = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let head = body.get(..body.len().min(4096)).unwrap_or_default().to_ascii_lowercase();
    let holds = |mark: &str| head.windows(mark.len()).any(|part| part == mark.as_bytes());
    let program = body.starts_with(b"#!") || body.starts_with(b"<");
    if program || ["<html", "<script", "<svg", "<!doctype", "<?php"].iter().any(|mark| holds(mark)) {
        return Err(Refused::Kind);
    }
    Ok(media)
}

fn ending_of(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// A name that is safe to show and to save under: without folders and control
/// characters, at most 120 characters, with the ending of what the file is.
pub fn clean_name(name: &str, media: Media) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    // Marks that turn the direction of writing make `gpj.exe` look like `exe.jpg`.
    let turned =
        |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}');
    let bad = |c: char| c.is_control() || turned(c) || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*');
    let kept: String = last.chars().filter(|c| !bad(*c)).collect();
    let kept = kept.trim().trim_matches('.').trim();
    let (stem, ending) = kept.rsplit_once('.').unwrap_or((kept, ""));
    let same =
        ending.eq_ignore_ascii_case(media.ending()) || media == Media::Jpeg && ending.eq_ignore_ascii_case("jpeg");
    let stem = if same || ending.is_empty() { stem.to_owned() } else { kept.replace('.', "_") };
    let stem: String = stem.trim().chars().take(120).collect();
    let stem = if stem.is_empty() { "file".to_owned() } else { stem };
    format!("{stem}.{}", media.ending())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lang;
    use std::io::Write as _;

    fn zipped(parts: &[&str]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for part in parts {
            archive.start_file(*part, zip::write::SimpleFileOptions::default()).expect("a part");
            archive.write_all(b"<x/>").expect("writes");
        }
        archive.finish().expect("an archive").into_inner()
    }

    fn compound(streams: &[&str]) -> Vec<u8> {
        let mut bytes = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
        bytes.resize(512, 0);
        for stream in streams {
            let mut entry: Vec<u8> = stream.encode_utf16().flat_map(u16::to_le_bytes).collect();
            entry.resize(128, 0);
            bytes.extend(entry);
        }
        bytes
    }

    fn boxes(brand: &[u8; 4]) -> Vec<u8> {
        [b"\0\0\0\x18ftyp", &brand[..], b"\0\0\0\0", &brand[..], &brand[..]].concat()
    }

    #[test]
    fn what_is_taken_by_what_stands_in_it() {
        const XML: &str = "[Content_Types].xml";
        let office = |part: &str| zipped(&[XML, part]);
        for (name, bytes, expected) in [
            ("照片.jpg", b"\xFF\xD8\xFF\xE0".to_vec(), Ok(Media::Jpeg)),
            // The name does not count.
            ("照片.exe", b"\xFF\xD8\xFF\xE0".to_vec(), Ok(Media::Jpeg)),
            ("a.png", b"\x89PNG\r\n\x1A\n....".to_vec(), Ok(Media::Png)),
            ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ".to_vec(), Ok(Media::Webp)),
            ("a.heic", boxes(b"heic"), Ok(Media::Heic)),
            ("回函.pdf", b"%PDF-1.7\n".to_vec(), Ok(Media::Pdf)),
            ("a.docx", office("word/document.xml"), Ok(Media::Docx)),
            ("a.xlsx", office("xl/workbook.xml"), Ok(Media::Xlsx)),
            ("a.pptx", office("ppt/presentation.xml"), Ok(Media::Pptx)),
            ("a.doc", compound(&["Root Entry", "WordDocument"]), Ok(Media::Doc)),
            ("a.xls", compound(&["Root Entry", "Workbook"]), Ok(Media::Xls)),
            ("a.txt", "货车进不了园区".as_bytes().to_vec(), Ok(Media::Txt)),
            ("a.csv", b"\xB3\xB5\xC5\xC6,1\n".to_vec(), Ok(Media::Csv)),
            ("语音.mp3", b"ID3\x03".to_vec(), Ok(Media::Mp3)),
            ("语音.m4a", boxes(b"M4A "), Ok(Media::M4a)),
            ("语音.amr", b"#!AMR\n\x3C".to_vec(), Ok(Media::Amr)),
            ("a.mp4", boxes(b"isom"), Ok(Media::Mp4)),
            ("a.jpg", b"MZ\x90\0\x03".to_vec(), Err(Refused::Kind)),
            ("a.txt", b"MZ\x90\0\x03".to_vec(), Err(Refused::Kind)),
            ("a.pdf", b"\x7FELF".to_vec(), Err(Refused::Kind)),
            ("a.txt", b"<!DOCTYPE html><script>1</script>".to_vec(), Err(Refused::Kind)),
            ("a.csv", b"a,b\n<SCRIPT>1</SCRIPT>".to_vec(), Err(Refused::Kind)),
            ("a.svg", b"<svg xmlns='x'/>".to_vec(), Err(Refused::Kind)),
            ("a.txt", b"#!/bin/sh\nls\n".to_vec(), Err(Refused::Kind)),
            ("a.js", b"alert(1)".to_vec(), Err(Refused::Kind)),
            ("a.bat", b"echo 1".to_vec(), Err(Refused::Kind)),
            ("a.docx", zipped(&["a.txt"]), Err(Refused::Kind)),
            ("a.jar", zipped(&["META-INF/MANIFEST.MF"]), Err(Refused::Kind)),
            ("a.docx", zipped(&[XML, "word/document.xml", "word/vbaProject.bin"]), Err(Refused::Macros)),
            ("a.xlsx", zipped(&[XML, "xl/workbook.xml", "xl/macrosheets/sheet1.xml"]), Err(Refused::Macros)),
            ("a.docx", zipped(&[XML, "word/document.xml", "word/embeddings/a.zip"]), Err(Refused::Closed)),
            ("a.xlsx", compound(&["Root Entry", "EncryptedPackage"]), Err(Refused::Closed)),
            ("a.doc", compound(&["Root Entry", "WordDocument", "Macros"]), Err(Refused::Macros)),
            ("a.msi", compound(&["Root Entry"]), Err(Refused::Kind)),
            ("a.docx", b"PK\x03\x04 and nothing".to_vec(), Err(Refused::Damaged)),
            ("a.mov", boxes(b"qt  "), Err(Refused::Kind)),
            ("a.rar", b"Rar!\x1A\x07\0".to_vec(), Err(Refused::Kind)),
            ("a.txt", Vec::new(), Err(Refused::Empty)),
        ] {
            assert_eq!(media_of(&bytes, name), expected, "{name}");
        }
    }

    #[test]
    fn names_are_safe_to_show_and_to_save() {
        for (name, media, clean) in [
            ("东门 限高杆.JPG", Media::Jpeg, "东门 限高杆.jpg"),
            ("photo.jpeg", Media::Jpeg, "photo.jpg"),
            ("C:\\Users\\某\\a.pdf", Media::Pdf, "a.pdf"),
            ("../../etc/passwd", Media::Txt, "passwd.txt"),
            ("invoice.exe", Media::Pdf, "invoice_exe.pdf"),
            ("a\u{202E}gpj.exe", Media::Jpeg, "agpj_exe.jpg"),
            ("a\r\nSet-Cookie.txt", Media::Txt, "aSet-Cookie.txt"),
            ("", Media::Png, "file.png"),
            ("...", Media::Png, "file.png"),
        ] {
            assert_eq!(clean_name(name, media), clean, "{name:?}");
        }
        assert!(clean_name(&"长".repeat(500), Media::Pdf).chars().count() <= 124);
    }

    #[test]
    fn every_kind_and_refusal_has_its_words() {
        for lang in [Lang::Zh, Lang::En] {
            assert!(Media::ALL.iter().all(|media| lang.has(&format!("media-{media}"))));
            use Refused::*;
            for refused in [Kind, Macros, Closed, Damaged, Empty, Huge] {
                assert!(lang.has(&format!("invalid-{}", refused.code())), "{refused:?}");
            }
        }
    }
}
