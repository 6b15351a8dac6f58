//! A document as DOCX (ISO/IEC 29500, transitional): a handful of small parts, written
//! as they are, so that a word processor of the office opens and edits them.

use crate::document::{Block, Column, Document, Fact, Verify, fact_rows, verify_lines};
use crate::square;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The sheet in twentieths of a point (A4), and its margins: left and right are those of
/// GB/T 9704, top and bottom a little less, since forms are fuller than letters.
const SHORT_SIDE: u32 = 11_906;
const LONG_SIDE: u32 = 16_838;
const UPRIGHT: Margins = Margins { top: 1701, right: 1474, bottom: 1588, left: 1588 };
const LYING: Margins = Margins { top: 1134, right: 1134, bottom: 1134, left: 1134 };

struct Margins {
    top: u32,
    right: u32,
    bottom: u32,
    left: u32,
}

/// A DOCX that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("a DOCX could not be written: {0}")]
pub struct DocxError(#[from] zip::result::ZipError);

impl From<std::io::Error> for DocxError {
    fn from(error: std::io::Error) -> Self {
        Self(error.into())
    }
}

/// The document as DOCX. The same document gives the same bytes.
pub fn docx(document: &Document) -> Result<Vec<u8>, DocxError> {
    let picture = document.verify.as_ref().and_then(|verify| square::picture(&verify.url));
    let mut file = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    let mut part = |name: &str, bytes: &[u8]| -> Result<(), DocxError> {
        file.start_file(name, options)?;
        Ok(file.write_all(bytes)?)
    };
    part("[Content_Types].xml", CONTENT_TYPES.as_bytes())?;
    part("_rels/.rels", RELATIONS.as_bytes())?;
    part("docProps/core.xml", core(document).as_bytes())?;
    part("word/_rels/document.xml.rels", relations(picture.is_some()).as_bytes())?;
    part("word/styles.xml", STYLES.as_bytes())?;
    part("word/footer1.xml", FOOTER.as_bytes())?;
    if let Some(picture) = &picture {
        part("word/media/image1.png", picture)?;
    }
    part("word/document.xml", body(document, picture.is_some()).as_bytes())?;
    Ok(file.finish()?.into_inner())
}

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
const W: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";

const CONTENT_TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/><Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>"#;

const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>"#;

/// The faces that offices have; a word processor takes the nearest where one is missing.
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman" w:eastAsia="仿宋"/><w:sz w:val="28"/><w:szCs w:val="28"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:line="440" w:lineRule="atLeast"/></w:pPr></w:pPrDefault></w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style><w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:before="240" w:after="200"/><w:jc w:val="center"/></w:pPr><w:rPr><w:rFonts w:eastAsia="方正小标宋简体"/><w:sz w:val="44"/><w:szCs w:val="44"/></w:rPr></w:style><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/><w:pPr><w:keepNext/><w:spacing w:before="160" w:after="60"/><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:rFonts w:eastAsia="黑体"/></w:rPr></w:style></w:styles>"#;

const FOOTER: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:ftr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:p><w:pPr><w:jc w:val="center"/></w:pPr><w:r><w:rPr><w:sz w:val="21"/></w:rPr><w:t xml:space="preserve">第 </w:t></w:r><w:r><w:rPr><w:sz w:val="21"/></w:rPr><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:rPr><w:sz w:val="21"/></w:rPr><w:instrText>PAGE</w:instrText></w:r><w:r><w:rPr><w:sz w:val="21"/></w:rPr><w:fldChar w:fldCharType="end"/></w:r><w:r><w:rPr><w:sz w:val="21"/></w:rPr><w:t xml:space="preserve"> 页　共 </w:t></w:r><w:r><w:rPr><w:sz w:val="21"/></w:rPr><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:rPr><w:sz w:val="21"/></w:rPr><w:instrText>NUMPAGES</w:instrText></w:r><w:r><w:rPr><w:sz w:val="21"/></w:rPr><w:fldChar w:fldCharType="end"/></w:r><w:r><w:rPr><w:sz w:val="21"/></w:rPr><w:t xml:space="preserve"> 页</w:t></w:r></w:p></w:ftr>"#;

fn relations(picture: bool) -> String {
    const KIND: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut text = format!(
        r#"{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{KIND}/styles" Target="styles.xml"/><Relationship Id="rId2" Type="{KIND}/footer" Target="footer1.xml"/>"#
    );
    if picture {
        put(&mut text, format_args!(r#"<Relationship Id="rId3" Type="{KIND}/image" Target="media/image1.png"/>"#));
    }
    text.push_str("</Relationships>");
    text
}

fn core(document: &Document) -> String {
    let at = document.made_at.strftime("%Y-%m-%dT%H:%M:%SZ");
    format!(
        r#"{HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>{}</dc:title><dc:creator>{}</dc:creator><dc:language>zh-CN</dc:language><dcterms:created xsi:type="dcterms:W3CDTF">{at}</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">{at}</dcterms:modified></cp:coreProperties>"#,
        plain(&document.name()),
        plain(&document.office),
    )
}

/// Text as XML holds it: marks escaped, and what XML cannot hold left out.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// Writing to a String cannot fail.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// How a run of text is set.
#[derive(Clone, Copy, Default)]
struct Run {
    /// Half points; that of the style when 0.
    size: u32,
    /// The Chinese face; that of the style when empty.
    face: &'static str,
    red: bool,
}

fn run(out: &mut String, text: &str, how: Run) {
    out.push_str("<w:r><w:rPr>");
    if !how.face.is_empty() {
        put(out, format_args!(r#"<w:rFonts w:eastAsia="{}"/>"#, how.face));
    }
    if how.red {
        out.push_str(r#"<w:color w:val="C00000"/>"#);
    }
    if how.size > 0 {
        put(out, format_args!(r#"<w:sz w:val="{0}"/><w:szCs w:val="{0}"/>"#, how.size));
    }
    put(out, format_args!(r#"</w:rPr><w:t xml:space="preserve">{}</w:t></w:r>"#, plain(text)));
}

/// A paragraph; `about` are its properties, in the order that the format asks for.
fn paragraph(out: &mut String, about: &str, text: &str, how: Run) {
    put(out, format_args!("<w:p><w:pPr>{about}</w:pPr>"));
    run(out, text, how);
    out.push_str("</w:p>");
}

const CENTRED: &str = r#"<w:jc w:val="center"/>"#;
const TWO_IN: &str = r#"<w:ind w:firstLineChars="200" w:firstLine="560"/>"#;

fn body(document: &Document, picture: bool) -> String {
    let (margins, width, height) =
        if document.wide { (LYING, LONG_SIDE, SHORT_SIDE) } else { (UPRIGHT, SHORT_SIDE, LONG_SIDE) };
    let room = width - margins.left - margins.right;
    let mut out = format!(
        r#"{HEAD}<w:document xmlns:w="{W}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><w:body>"#
    );
    if let Some(mark) = &document.mark {
        paragraph(&mut out, CENTRED, &format!("【{mark}】"), Run { size: 36, face: "黑体", red: true });
    }
    paragraph(&mut out, CENTRED, &document.office, Run { size: 52, face: "方正小标宋简体", red: true });
    let number = document.number.as_deref().unwrap_or("（未编号）");
    let ruled = r#"<w:pBdr><w:bottom w:val="single" w:sz="12" w:space="6" w:color="C00000"/></w:pBdr><w:spacing w:before="120" w:after="120"/><w:jc w:val="center"/>"#;
    paragraph(&mut out, ruled, number, Run::default());
    paragraph(&mut out, r#"<w:pStyle w:val="Title"/>"#, &document.title, Run::default());
    if let Some(text) = document.earlier_text() {
        paragraph(&mut out, CENTRED, &text, Run { size: 24, face: "楷体", ..Run::default() });
    }
    for block in &document.blocks {
        self::block(&mut out, document, block, room);
    }
    if let Some(verify) = &document.verify {
        verification(&mut out, verify, picture);
    }
    let lying = if document.wide { r#" w:orient="landscape""# } else { "" };
    put(
        &mut out,
        format_args!(
            r#"<w:sectPr><w:footerReference w:type="default" r:id="rId2"/><w:pgSz w:w="{width}" w:h="{height}"{lying}/><w:pgMar w:top="{}" w:right="{}" w:bottom="{}" w:left="{}" w:header="851" w:footer="851" w:gutter="0"/></w:sectPr></w:body></w:document>"#,
            margins.top, margins.right, margins.bottom, margins.left
        ),
    );
    out
}

fn block(out: &mut String, document: &Document, block: &Block, room: u32) {
    match block {
        Block::To { names } => paragraph(out, "", &format!("{}：", names.join("、")), Run::default()),
        Block::Heading { text } => paragraph(out, r#"<w:pStyle w:val="Heading1"/>"#, text, Run::default()),
        Block::Text { text } => {
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                paragraph(out, TWO_IN, line.trim(), Run::default());
            }
        }
        Block::Note { text } => {
            paragraph(out, r#"<w:spacing w:before="120"/>"#, text, Run { size: 21, face: "楷体", ..Run::default() });
        }
        Block::Facts { facts } => facts_table(out, facts, room),
        Block::Table { columns, rows, .. } => table(out, columns, rows, room),
        Block::Sign { labels } => {
            for label in labels {
                let line = format!("{label}：________________　　日期：______年____月____日");
                paragraph(out, r#"<w:keepLines/><w:spacing w:before="200"/>"#, &line, Run::default());
            }
        }
        Block::Seal => {
            let right = r#"<w:keepNext/><w:spacing w:before="480"/><w:ind w:right="840"/><w:jc w:val="right"/>"#;
            paragraph(out, right, &document.office, Run::default());
            let right = r#"<w:ind w:right="840"/><w:jc w:val="right"/>"#;
            paragraph(out, right, &document.day_text(), Run::default());
        }
    }
}

const RULES: &str = r#"<w:tblBorders><w:top w:val="single" w:sz="6" w:space="0" w:color="000000"/><w:left w:val="single" w:sz="6" w:space="0" w:color="000000"/><w:bottom w:val="single" w:sz="6" w:space="0" w:color="000000"/><w:right w:val="single" w:sz="6" w:space="0" w:color="000000"/><w:insideH w:val="single" w:sz="4" w:space="0" w:color="000000"/><w:insideV w:val="single" w:sz="4" w:space="0" w:color="000000"/></w:tblBorders>"#;

fn begin_table(out: &mut String, widths: &[u32]) {
    let all: u32 = widths.iter().sum();
    put(
        out,
        format_args!(
            r#"<w:tbl><w:tblPr><w:tblW w:w="{all}" w:type="dxa"/>{RULES}<w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>"#
        ),
    );
    for width in widths {
        put(out, format_args!(r#"<w:gridCol w:w="{width}"/>"#));
    }
    out.push_str("</w:tblGrid>");
}

/// A cell over so many columns; every line of its text is a paragraph.
fn cell(out: &mut String, width: u32, span: u32, text: &str, about: &str, how: Run) {
    put(out, format_args!(r#"<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>"#));
    if span > 1 {
        put(out, format_args!(r#"<w:gridSpan w:val="{span}"/>"#));
    }
    out.push_str(r#"<w:vAlign w:val="center"/></w:tcPr>"#);
    let lines: Vec<&str> = if text.is_empty() { vec![""] } else { text.lines().collect() };
    for line in lines {
        paragraph(out, &format!(r#"<w:spacing w:line="320" w:lineRule="atLeast"/>{about}"#), line, how);
    }
    out.push_str("</w:tc>");
}

fn facts_table(out: &mut String, facts: &[Fact], room: u32) {
    let label = 1560;
    let value = room / 2 - label;
    begin_table(out, &[label, value, label, room - 2 * label - value]);
    let small = Run { size: 24, ..Run::default() };
    let head = Run { face: "黑体", ..small };
    for (one, two) in fact_rows(facts) {
        let lines = u32::from(one.room.max(two.map_or(1, |two| two.room)));
        put(
            out,
            format_args!(r#"<w:tr><w:trPr><w:trHeight w:val="{}" w:hRule="atLeast"/></w:trPr>"#, 180 + lines * 340),
        );
        cell(out, label, 1, &one.label, CENTRED, head);
        match two {
            Some(two) => {
                cell(out, value, 1, &one.text, "", small);
                cell(out, label, 1, &two.label, CENTRED, head);
                cell(out, room - 2 * label - value, 1, &two.text, "", small);
            }
            None => cell(out, room - label, 3, &one.text, "", small),
        }
        out.push_str("</w:tr>");
    }
    out.push_str("</w:tbl>");
    // A word processor joins tables that stand side by side.
    out.push_str(r#"<w:p><w:pPr><w:spacing w:line="120" w:lineRule="exact"/></w:pPr></w:p>"#);
}

fn table(out: &mut String, columns: &[Column], rows: &[Vec<String>], room: u32) {
    let shares: u32 = columns.iter().map(|column| u32::from(column.share)).sum();
    let widths: Vec<u32> = columns.iter().map(|column| room * u32::from(column.share) / shares.max(1)).collect();
    begin_table(out, &widths);
    let small = Run { size: 21, ..Run::default() };
    out.push_str("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>");
    for (column, width) in columns.iter().zip(&widths) {
        cell(out, *width, 1, &column.head, CENTRED, Run { face: "黑体", ..small });
    }
    out.push_str("</w:tr>");
    for row in rows {
        out.push_str("<w:tr><w:trPr><w:cantSplit/></w:trPr>");
        for (n, width) in widths.iter().enumerate() {
            cell(out, *width, 1, row.get(n).map_or("", String::as_str), "", small);
        }
        out.push_str("</w:tr>");
    }
    out.push_str("</w:tbl>");
    out.push_str(r#"<w:p><w:pPr><w:spacing w:line="120" w:lineRule="exact"/></w:pPr></w:p>"#);
}

/// The square code, 22 mm a side, with the words to it.
fn verification(out: &mut String, verify: &Verify, picture: bool) {
    const SIDE: u32 = 22 * 36_000;
    out.push_str(r#"<w:p><w:pPr><w:keepNext/><w:spacing w:before="360"/></w:pPr>"#);
    if picture {
        put(
            out,
            format_args!(
                r#"<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{SIDE}" cy="{SIDE}"/><wp:docPr id="1" name="QR" descr="核验二维码"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="1" name="QR"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="rId3"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{SIDE}" cy="{SIDE}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"#
            ),
        );
    }
    out.push_str("</w:p>");
    let small = Run { size: 18, ..Run::default() };
    for line in verify_lines(verify).iter().chain([&verify.url]) {
        paragraph(out, r#"<w:spacing w:line="240" w:lineRule="atLeast"/>"#, line, small);
    }
}
