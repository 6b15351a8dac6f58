//! A document as PDF, set by typst with the one template `sheet.typ`. What a document
//! says goes in as data; the typesetter sees no other file, no network and no clock.

use crate::document::{Block, Document, fact_rows, verify_lines};
use crate::fonts::{Fonts, LoadError, Loaded, NoFont};
use crate::square;
use serde_json::{Value as Json, json};
use std::sync::{Arc, LazyLock};
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, Timestamp};

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// There is no face with Chinese characters.
    #[error(transparent)]
    NoFont(#[from] NoFont),
    /// A fault of the template, of a font, or of the typesetter.
    #[error("{0}")]
    Failed(String),
}

impl From<LoadError> for PdfError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::None(none) => Self::NoFont(none),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// The document as PDF: A4, with text that can be copied, its title and its language. The
/// same document and the same fonts give the same bytes.
pub fn pdf(document: &Document, fonts: &Fonts) -> Result<Vec<u8>, PdfError> {
    let fonts = fonts.load()?;
    let desk = Desk::new(document, &fonts)?;
    let set = typst::compile::<PagedDocument>(&desk).output.map_err(|errors| failed(&errors))?;
    let options = PdfOptions {
        ident: Smart::Custom(format!("{} {}", document.name(), document.made_at)),
        creator: Smart::Custom(Some("Buting".to_owned())),
        timestamp: moment(document).map(Timestamp::new_utc),
        ..PdfOptions::default()
    };
    let bytes = typst_pdf::pdf(&set, &options).map_err(|errors| failed(&errors));
    // What was remembered for the document before the last is of no use.
    typst::comemo::evict(2);
    bytes
}

fn failed(errors: &[SourceDiagnostic]) -> PdfError {
    let all: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    PdfError::Failed(format!("a document could not be set: {}", all.join("; ")))
}

fn moment(document: &Document) -> Option<Datetime> {
    let at = jiff::tz::TimeZone::UTC.to_datetime(document.made_at);
    let small = |n: i8| u8::try_from(n).ok();
    Datetime::from_ymd_hms(
        i32::from(at.year()),
        small(at.month())?,
        small(at.day())?,
        small(at.hour())?,
        small(at.minute())?,
        small(at.second())?,
    )
}

static TEMPLATE: LazyLock<Option<Source>> =
    LazyLock::new(|| Some(Source::new(file("sheet.typ")?, include_str!("sheet.typ").to_owned())));

fn file(name: &str) -> Option<FileId> {
    Some(RootedPath::new(VirtualRoot::Project, VirtualPath::new(name).ok()?).intern())
}

/// All that the typesetter sees.
struct Desk {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    template: Source,
    files: Vec<(FileId, Bytes)>,
}

impl Desk {
    fn new(document: &Document, fonts: &Arc<Loaded>) -> Result<Self, PdfError> {
        let lost = || PdfError::Failed("the template has no name".to_owned());
        let square = document.verify.as_ref().and_then(|verify| square::picture(&verify.url));
        let data = data(document, fonts, square.is_some());
        let mut files = vec![(file("document.json").ok_or_else(lost)?, Bytes::from_string(data.to_string()))];
        if let Some(square) = square {
            files.push((file("square.png").ok_or_else(lost)?, Bytes::new(square)));
        }
        let fonts: Vec<Font> = fonts.all().into();
        Ok(Self {
            library: LazyHash::new(Library::default()),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            template: TEMPLATE.clone().ok_or_else(lost)?,
            files,
        })
    }
}

/// What the template reads.
fn data(document: &Document, fonts: &Loaded, square: bool) -> Json {
    let blocks: Vec<Json> = document
        .blocks
        .iter()
        .map(|block| {
            let mut data = json!(block);
            if let Block::Facts { facts } = block {
                data["rows"] = json!(fact_rows(facts));
            }
            data
        })
        .collect();
    json!({
        "name": document.name(),
        "office": document.office,
        "title": document.title,
        "number": document.number,
        "earlier": document.earlier_text(),
        "day": document.day_text(),
        "wide": document.wide,
        "mark": document.mark,
        "blocks": blocks,
        "square": square,
        "verify": document.verify.as_ref().map(|verify| {
            verify_lines(verify).into_iter().chain([verify.url.clone()]).collect::<Vec<_>>()
        }),
        "faces": {
            "body": fonts.body.info().family,
            "title": fonts.title.info().family,
            "head": fonts.head.info().family,
        },
    })
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() { Ok(self.template.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let known = self.files.iter().find(|(known, _)| *known == id);
        known.map(|(_, bytes)| bytes.clone()).ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
