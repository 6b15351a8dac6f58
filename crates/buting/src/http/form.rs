//! Posted forms: reading fields, keeping what was typed, saying what is wrong.

use super::api::{fingerprint, read_bytes};
use super::cx::Cx;
use super::problem::wrong_text;
use crate::actor::Once;
use crate::error::{Error, FieldError, Result};
use crate::text::Lang;
use crate::time::{Day, Time};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// The largest form without files (bytes).
const MAX_FORM: usize = 1024 * 1024;
/// The largest form with files (bytes).
pub const MAX_UPLOAD: usize = 64 * 1024 * 1024;
/// What browsers send a form without files as.
const FORM: &str = "application/x-www-form-urlencoded";
/// What browsers send a form with files as.
const WITH_FILES: &str = "multipart/form-data";

/// What somebody typed, and what is wrong with it. A page that is shown again
/// is given the same form, so that nothing typed is lost.
#[derive(Clone, Debug, Default)]
pub struct Form {
    values: BTreeMap<String, Vec<String>>,
    errors: Vec<FieldError>,
}

/// A posted form. The hidden fields `once` and `version` are moved into the
/// actor: the one-time key, and the version that the person saw.
pub struct Posted {
    /// The request with the keys of the form.
    pub cx: Cx,
    /// The fields.
    pub form: Form,
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let Some(mut cx) = request.extensions().get::<Cx>().cloned() else {
            return Err(axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let (lang, headers) = (cx.lang, request.headers().clone());
        let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.is_empty() && !kind.eq_ignore_ascii_case(FORM) {
            return Err(super::page::problem(&Error::MediaType(FORM), lang, &headers));
        }
        let bytes = match read_bytes(request, MAX_FORM).await {
            Ok(bytes) => bytes,
            Err(error) => return Err(super::page::problem(&error, lang, &headers)),
        };
        let form = Form::parse(&bytes);
        if let Some(key) = form.opt("once") {
            // A post that was refused did not use the key up, so the person may
            // correct and send again. What was carried out cannot become another
            // post by going back and writing something else: that would be lost.
            let fingerprint = fingerprint(&cx.app, &Method::POST, &cx.request.path, &bytes);
            cx.who.once = Some(Once { key: key.to_owned(), fingerprint });
        }
        cx.who.seen_version = form.opt("version").and_then(|v| v.parse().ok());
        // A request has one body, so nothing was noted before.
        let _ = cx.request.typed.set(form.prose());
        Ok(Self { cx, form })
    }
}

/// The answer of a page that reads files after it has looked who sends them.
pub type AfterResult = std::result::Result<super::page::PageResult, Response>;

/// A file of a posted form.
#[derive(Clone, Debug)]
pub struct Handed {
    /// The field.
    pub field: String,
    /// The name that the browser gives it.
    pub name: String,
    /// Its content; none where it is larger than a file may be.
    pub bytes: Option<Bytes>,
}

/// A posted form with files: what browsers send of `enctype="multipart/form-data"`,
/// and of a form without it too. A file that is too large is read over, so that what
/// was typed beside it is not lost.
pub struct PostedFiles {
    /// The request with the keys of the form.
    pub cx: Cx,
    /// The fields.
    pub form: Form,
    /// The files that were chosen.
    pub files: Vec<Handed>,
}

impl PostedFiles {
    /// The same, read only once `may` found that its sender may send it: nobody else
    /// makes the program take megabytes in.
    pub async fn after<F, R>(request: Request, may: F) -> std::result::Result<Self, Response>
    where
        F: FnOnce(Cx) -> R,
        R: Future<Output = Result<()>>,
    {
        let Some(cx) = request.extensions().get::<Cx>().cloned() else {
            return Err(axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let (lang, headers) = (cx.lang, request.headers().clone());
        match may(cx).await {
            Ok(()) => Self::from_request(request, &()).await,
            Err(error) => Err(super::page::problem(&error, lang, &headers)),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for PostedFiles {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(WITH_FILES) {
            let Posted { cx, form } = Posted::from_request(request, state).await?;
            return Ok(Self { cx, form, files: Vec::new() });
        }
        let Some(mut cx) = request.extensions().get::<Cx>().cloned() else {
            return Err(axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let headers = request.headers().clone();
        let read = read_multipart(request, cx.app.config.files.bytes, None).await;
        let (form, files) = read.map_err(|error| super::page::problem(&error, cx.lang, &headers))?;
        if let Some(key) = form.opt("once") {
            // The border between the parts is another one each time, so it does not count.
            let mut all = String::new();
            for (name, value) in form.pairs() {
                all.push_str(&format!("{name}={value}\n"));
            }
            for file in &files {
                let digest = vault::hash::sha256(file.bytes.as_deref().unwrap_or_default());
                all.push_str(&format!("{} {} {}\n", file.field, file.name, vault::hash::hex(&digest)));
            }
            let fingerprint = fingerprint(&cx.app, &Method::POST, &cx.request.path, all.as_bytes());
            cx.who.once = Some(Once { key: key.to_owned(), fingerprint });
        }
        cx.who.seen_version = form.opt("version").and_then(|v| v.parse().ok());
        let _ = cx.request.typed.set(form.prose());
        Ok(Self { cx, form, files })
    }
}

/// Bodies with files that are read at the same time; others wait. What is read lies in
/// memory until it is kept.
static READ_AT_ONCE: Semaphore = Semaphore::const_new(16);
/// Files of one body, at most: more than any form keeps.
const FILES: usize = 100;

/// What looks at the fields that stand before the first file, and lets it be read.
pub type May = Box<dyn FnOnce(Form) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send>;

/// The fields and the files of a multipart body; `most` are the bytes of one file.
pub async fn read_multipart(mut request: Request, most: usize, mut may: Option<May>) -> Result<(Form, Vec<Handed>)> {
    super::server::Patience::longer(&request);
    let _turn = READ_AT_ONCE.acquire().await.map_err(|e| Error::Internal(e.to_string()))?;
    DefaultBodyLimit::max(MAX_UPLOAD).apply(&mut request);
    let refused = |error: axum::extract::multipart::MultipartError| match error.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge(MAX_UPLOAD),
        _ => Error::Malformed { code: "multipart", detail: error.body_text(), pointer: None },
    };
    let parts = Multipart::from_request(request, &()).await;
    let mut parts = parts.map_err(|_| Error::MediaType(WITH_FILES))?;
    let (mut form, mut files, mut typed) = (Form::default(), Vec::new(), 0);
    while let Some(mut part) = parts.next_field().await.map_err(refused)? {
        let field = part.name().unwrap_or_default().to_owned();
        let name = part.file_name().map(str::to_owned);
        typed += field.len() + name.as_ref().map_or(0, String::len);
        if typed > MAX_FORM || files.len() >= FILES {
            return Err(Error::TooLarge(MAX_FORM));
        }
        if let Some(may) = may.take_if(|_| name.is_some()) {
            may(form.clone()).await?;
        }
        let most = if name.is_some() { most } else { MAX_FORM.saturating_sub(typed) };
        let mut bytes = Some(Vec::new());
        while let Some(piece) = part.chunk().await.map_err(refused)? {
            match &mut bytes {
                Some(held) if held.len() + piece.len() <= most => held.extend_from_slice(&piece),
                // Read over, and let go of what was held.
                _ => bytes = None,
            }
        }
        match name {
            // A chooser that nothing was chosen in sends an empty file without a name.
            Some(name) if name.is_empty() && bytes.as_ref().is_some_and(Vec::is_empty) => {}
            Some(name) => files.push(Handed { field, name, bytes: bytes.map(Bytes::from) }),
            None => {
                let bytes = bytes.ok_or(Error::TooLarge(MAX_FORM))?;
                typed += bytes.len();
                form.put(field, &bytes);
            }
        }
    }
    Ok((form, files))
}

impl Form {
    fn put(&mut self, name: String, bytes: &[u8]) {
        let mut text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        text.retain(|c| c != '\0');
        self.values.entry(name).or_default().push(text);
    }

    /// Reads `application/x-www-form-urlencoded`.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut form = Self::default();
        for pair in bytes.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |b| *b == b'=');
            let name = decode(halves.next().unwrap_or_default());
            let value = decode(halves.next().unwrap_or_default());
            form.values.entry(name).or_default().push(value);
        }
        form
    }

    /// A form filled in with what is known.
    pub fn filled<'a>(values: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in values {
            form.values.entry(name.to_owned()).or_default().push(value);
        }
        form
    }

    /// A form of fields that came by another way than a post, in their order.
    pub fn of_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut form = Self::default();
        for (name, mut value) in pairs {
            // As in a post: no text column holds NUL.
            value.retain(|c| c != '\0');
            form.values.entry(name).or_default().push(value);
        }
        form
    }

    /// Gives a field a value unless the form has it, be it empty.
    pub fn fill(&mut self, name: &str, value: String) {
        self.values.entry(name.to_owned()).or_insert_with(|| vec![value]);
    }

    /// Gives a field this value, whatever it had.
    pub fn set(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), vec![value]);
    }

    /// The value of a field, as typed; empty when it is absent.
    pub fn value(&self, name: &str) -> &str {
        self.values.get(name).and_then(|all| all.first()).map_or("", String::as_str)
    }

    /// The value of the n-th field of that name.
    pub fn nth(&self, name: &str, n: &usize) -> &str {
        self.values.get(name).and_then(|all| all.get(*n)).map_or("", String::as_str)
    }

    /// Every value of a field, as typed.
    pub fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// Every field with each of its values, by name.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().flat_map(|(name, all)| all.iter().map(move |value| (name.as_str(), value.as_str())))
    }

    /// What took somebody effort to write: texts of several words, in the order
    /// of the names of their fields. Secrets are none of them.
    fn prose(&self) -> Vec<String> {
        let secret = |name: &str| ["old", "new", "again"].contains(&name) || name.contains("password");
        let written = |text: &&String| text.chars().count() >= 4 && text.chars().any(|c| !c.is_ascii() || c == ' ');
        self.values.iter().filter(|(name, _)| !secret(name)).flat_map(|(_, all)| all).filter(written).cloned().collect()
    }

    /// Whether a field has this value (for options, checkboxes and radios).
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.all(name).iter().any(|v| v == value)
    }

    /// Like [`Form::is`], for anything that prints as the value.
    pub fn has(&self, name: &str, value: impl std::fmt::Display) -> bool {
        self.is(name, &value.to_string())
    }

    /// Whether a checkbox is ticked.
    pub fn on(&self, name: &str) -> bool {
        matches!(self.value(name), "on" | "true" | "1" | "yes")
    }

    /// The trimmed text of a field.
    pub fn text(&self, name: &str) -> String {
        self.value(name).trim().to_owned()
    }

    /// The trimmed value of a field that is not empty.
    pub fn opt(&self, name: &str) -> Option<&str> {
        Some(self.value(name).trim()).filter(|value| !value.is_empty())
    }

    /// An owned optional text.
    pub fn opt_text(&self, name: &str) -> Option<String> {
        self.opt(name).map(str::to_owned)
    }

    /// An id; notes an error when it is none.
    pub fn id(&mut self, name: &str) -> Option<Uuid> {
        self.read(name, |text| Uuid::parse_str(text).ok())
    }

    /// A whole number; notes an error when it is none.
    pub fn number(&mut self, name: &str) -> Option<i64> {
        self.read(name, |text| text.parse().ok())
    }

    /// Every key that was ticked or chosen under a name; notes an error, and answers none,
    /// when one of them is no key.
    pub fn ids(&mut self, name: &str) -> Vec<Uuid> {
        let chosen = self.all(name).iter().filter(|id| !id.is_empty());
        let read: std::result::Result<Vec<Uuid>, _> = chosen.map(|id| Uuid::parse_str(id)).collect();
        read.unwrap_or_else(|_| {
            self.add(FieldError::new(name, "unknown"));
            Vec::new()
        })
    }

    /// A day; notes an error when it is none.
    pub fn day(&mut self, name: &str) -> Option<Day> {
        self.read(name, Day::read)
    }

    /// A day and time in the zone's time; notes an error when it is none.
    pub fn time(&mut self, name: &str, zone: &TimeZone) -> Option<Time> {
        self.read(name, |text| Time::read(text, zone))
    }

    /// A word of the contract; notes an error when it is none.
    pub fn word<T>(&mut self, name: &str, parse: fn(&str) -> Option<T>) -> Option<T> {
        self.read(name, parse)
    }

    fn read<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.opt(name)?.to_owned();
        let value = parse(&text);
        if value.is_none() {
            self.add(FieldError::new(name, "unreadable"));
        }
        value
    }

    /// Notes what is wrong with a field.
    pub fn add(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    /// Notes a field that must be there and is not. Answers the value or its default.
    pub fn need<T: Default>(&mut self, name: &str, value: Option<T>) -> T {
        if value.is_none() && !self.has_error(name) {
            self.add(FieldError::new(name, "required"));
        }
        value.unwrap_or_default()
    }

    /// Takes up what a desk refused. What is not about fields comes back as the
    /// error it was.
    pub fn refused(&mut self, error: Error) -> Result<()> {
        match error {
            Error::Invalid(errors) => {
                self.errors.extend(errors);
                Ok(())
            }
            Error::Conflict(crate::error::Conflict::Taken(field)) => {
                self.add(FieldError::new(field, "taken"));
                Ok(())
            }
            other => Err(other),
        }
    }

    /// Whether anything is wrong.
    pub fn failed(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Takes out what is wrong, for answers that are no page.
    pub fn faults(&mut self) -> Vec<FieldError> {
        std::mem::take(&mut self.errors)
    }

    /// Whether this field is wrong.
    pub fn has_error(&self, name: &str) -> bool {
        self.errors.iter().any(|error| error.field == name)
    }

    /// Whether this is what is wrong with a field.
    pub fn has_code(&self, name: &str, code: &str) -> bool {
        self.errors.iter().any(|error| error.field == name && error.code == code)
    }

    /// What is wrong with a field, in a language.
    pub fn error(&self, name: &str, lang: &Lang) -> Option<String> {
        self.errors.iter().find(|error| error.field == name).map(|error| wrong_text(*lang, error))
    }

    /// Everything that is wrong: field and sentence, for the summary.
    pub fn summary(&self, lang: &Lang) -> Vec<(String, String)> {
        self.errors.iter().map(|error| (error.field.clone(), wrong_text(*lang, error))).collect()
    }
}

/// The id in a path; who made one up is told that there is nothing.
pub fn id_of(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| Error::NotFound)
}

/// What a desk answered: the record's id, be it new or made by the same post
/// before. What it refused stands on the form, and there is none.
pub fn made(result: Result<Uuid>, form: &mut Form) -> Result<Option<Uuid>> {
    match result {
        Ok(id) | Err(Error::Replayed(id)) => Ok(Some(id)),
        Err(error) => form.refused(error).map(|()| None),
    }
}

/// Percent-decoding of forms; broken escapes stay as they are, broken UTF-8 is
/// replaced, and NUL, which no text column holds, is dropped.
fn decode(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escaped = (bytes[i] == b'%').then(|| bytes.get(i + 1..i + 3)).flatten();
        let value = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (bytes[i], value) {
            (_, Some(byte)) => {
                out.push(byte);
                i += 3;
            }
            (b'+', _) => {
                out.push(b' ');
                i += 1;
            }
            (byte, _) => {
                out.push(byte);
                i += 1;
            }
        }
    }
    out.retain(|byte| *byte != 0);
    match String::from_utf8_lossy(&out) {
        // Browsers send CRLF for every line break in a text area.
        Cow::Borrowed(text) => text.replace("\r\n", "\n"),
        Cow::Owned(text) => text.replace("\r\n", "\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_what_was_typed() {
        let mut form = Form::parse("title=%E8%B4%A7%E8%BD%A6+A&tag=1&tag=2&n=x&empty=&bad=%zz%00".as_bytes());
        assert_eq!(form.value("title"), "货车 A");
        assert_eq!(form.all("tag"), ["1", "2"]);
        assert_eq!(form.opt("empty"), None);
        assert_eq!(form.value("bad"), "%zz");
        assert_eq!(form.number("n"), None);
        assert!(form.has_error("n") && !form.has_error("title"));
    }
}
