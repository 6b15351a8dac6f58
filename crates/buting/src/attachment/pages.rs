//! Files on pages: the chooser of a form, the list of a record, the download.

use super::desk::{self, Incoming, PARTIES, Removal};
use super::media::{ACCEPT, Media};
use super::{Attachment, Owner};
use crate::actor::Actor;
use crate::error::{Error, FieldError, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Handed, Posted, id_of};
use crate::http::page::{self, PageResult, Shell, encode, go, html_with};
use crate::http::part::Html;
use crate::http::routes::{Access, Routes};
use askama::Template;
use askama::filters::HtmlSafeOutput;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use std::future::Future;
use std::pin::Pin;
use uuid::Uuid;

/// Nothing in a file may run, load or send anything, whatever a browser takes it for.
const SANDBOX: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; \
                       frame-ancestors 'none'";
/// A PDF is shown by a program of the browser itself, which Safari stops where no
/// script may run. What runs is of no origin: it reaches nothing of this site.
const PDF_SANDBOX: &str = "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; \
                           frame-ancestors 'none'";

pub fn routes(routes: &mut Routes) {
    let parties = Access::only(PARTIES);
    routes.get("/attachments/{id}", parties, open).get("/attachments/{id}/thumbnail", parties, small).post(
        "/attachments/{id}/remove",
        parties,
        remove,
    );
}

/// A file as an answer: shown by the browser only where that is safe.
pub fn file_answer(file: &Attachment, bytes: Vec<u8>) -> Result<Response> {
    let how = if file.media.is_shown() { "inline" } else { "attachment" };
    // RFC 8187: the name in UTF-8, and one for programs that know only ASCII.
    let plain = format!("file.{}", file.media.ending());
    let name = format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{}", encode(&file.file_name));
    let kind = match file.media {
        Media::Txt | Media::Csv if std::str::from_utf8(&bytes).is_ok() => {
            format!("{}; charset=utf-8", file.media.content_type())
        }
        Media::Txt | Media::Csv => format!("{}; charset=gb18030", file.media.content_type()),
        media => media.content_type().to_owned(),
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind.as_str()),
        (header::CONTENT_DISPOSITION, name.as_str()),
        (header::CONTENT_SECURITY_POLICY, if file.media == Media::Pdf { PDF_SANDBOX } else { SANDBOX }),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_str(value).map_err(|e| Error::Internal(e.to_string()))?);
    }
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", file.sha256)) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// A small picture as an answer: asked for again each time, since who may see it can
/// change, and sent only where the browser has another.
pub fn picture_answer(asked: &HeaderMap, (digest, bytes): (String, Vec<u8>)) -> Response {
    let tag = format!("\"{digest}-small\"");
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|value| value.split(',')).any(|one| one.trim().trim_start_matches("W/") == tag);
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { bytes.into_response() };
    let headers = response.headers_mut();
    if !known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

async fn open(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let (file, bytes) = desk::content(&cx.app, &cx.who, id_of(&id)?, cx.request.address).await?;
        file_answer(&file, bytes)
    })
    .await
}

async fn small(cx: Cx, headers: HeaderMap, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let picture = desk::thumbnail(&cx.app, &cx.who, id_of(&id)?).await?;
        Ok(picture_answer(&headers, picture))
    })
    .await
}

#[derive(Template)]
#[template(path = "attachment/remove.html")]
struct RemovePage {
    s: Shell,
    form: Form,
    file: super::View,
    back: String,
}

async fn remove(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let file = desk::view(&cx.app, &cx.who, id).await?;
        let back = match file.owner {
            Owner::Appeal => format!("/appeals/{}", file.owner_id),
            Owner::Visit => format!("/visits/{}", file.owner_id),
            Owner::Application => format!("/applications/{}", file.owner_id),
            Owner::Plan => format!("/plans/{}", file.owner_id),
        };
        match desk::remove(&cx.app, &cx.who, id, form.opt("reason")).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go(&back, "flash-attachment-removed")),
            Err(error) => {
                form.refused(error)?;
                let s = Shell::of(&cx).await?;
                html_with(StatusCode::UNPROCESSABLE_ENTITY, &RemovePage { s, form, file, back })
            }
        }
    })
    .await
}

// ---- the chooser of a form ----

/// What a form keeps while it is filled in: its key, and the files that were good.
#[derive(Clone, Debug)]
pub struct Uploads {
    key: Uuid,
    kept: Vec<Attachment>,
    limits: super::Limits,
}

impl Uploads {
    /// Of a form that nobody has sent yet.
    pub fn new(cx: &Cx) -> Self {
        Self { key: Uuid::now_v7(), kept: Vec::new(), limits: cx.app.config.files }
    }

    /// Of a form that is shown again, with what it keeps for its sender.
    pub async fn of(cx: &Cx, who: &Actor, form: &Form) -> Result<Self> {
        let mut uploads = Self::new(cx);
        if let Some(key) = key_of(form) {
            uploads.kept = desk::kept(&cx.app, who, key).await?;
            uploads.key = key;
        }
        Ok(uploads)
    }

    /// The chooser. `pre` tells the fields of several forms of a page apart.
    pub fn chooser<'a>(&'a self, s: &'a Shell, form: &'a Form, pre: &'a str) -> Html<Chooser<'a>> {
        HtmlSafeOutput(Chooser { s, form, uploads: self, pre, mib: self.limits.bytes / (1024 * 1024), accept: ACCEPT })
    }
}

/// Where files are chosen.
#[derive(Template)]
#[template(path = "attachment/chooser.html")]
pub struct Chooser<'a> {
    s: &'a Shell,
    form: &'a Form,
    uploads: &'a Uploads,
    pre: &'a str,
    mib: usize,
    accept: &'static str,
}

fn key_of(form: &Form) -> Option<Uuid> {
    Uuid::parse_str(form.value("uploads")).ok()
}

/// Keeps the files of a posted form, and lets go of those that were taken off it. What
/// is wrong with one is noted at the field `files`; the good ones are kept, whatever
/// becomes of the rest. Answers the key under which the form's desk hands them in.
pub async fn take(cx: &Cx, who: &Actor, form: &mut Form, files: Vec<Handed>) -> Result<Option<Uuid>> {
    let Some(key) = key_of(form) else { return Ok(None) };
    let off: Vec<Uuid> = form.all("take_off").iter().filter_map(|id| Uuid::parse_str(id).ok()).collect();
    desk::let_go(&cx.app, who, key, &off).await?;
    for file in files.into_iter().filter(|file| file.field == "files") {
        let kept = match file.bytes {
            Some(bytes) => desk::keep(&cx.app, who, key, Incoming { name: file.name, bytes }).await.map(drop),
            None => {
                let most = cx.app.config.files.bytes / (1024 * 1024);
                let name: String = file.name.chars().take(60).collect();
                Err(Error::Invalid(vec![FieldError::new("files", "file_large").with("name", name).with("max", most)]))
            }
        };
        if let Err(error) = kept {
            form.refused(error)?;
        }
    }
    Ok(Some(key))
}

/// What is asked before the files of a form for that record are read: whether its
/// sender may know of it.
pub fn may_bring(owner: Owner, id: String) -> impl FnOnce(Cx) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> {
    move |cx| Box::pin(async move { desk::may_bring(&cx.app, &cx.who, owner, id_of(&id)?).await })
}

// ---- the list of a record ----

/// A file of a list.
pub struct Line {
    file: Attachment,
    removal: Removal,
}

/// The files of a record on its page.
pub struct Files {
    lines: Vec<Line>,
    /// Where a file is opened: before its key.
    base: String,
    signed_in: bool,
}

impl Files {
    /// Those that the reader may know of.
    pub async fn of(cx: &Cx, owner: Owner, id: Uuid) -> Result<Self> {
        let shown = desk::shown(&cx.app, &cx.who, owner, id).await?;
        let lines = shown.into_iter().map(|(file, removal)| Line { file, removal }).collect();
        Ok(Self { lines, base: "/attachments".into(), signed_in: true })
    }

    /// Those of a work order for who comes by its link; `base` is the link.
    pub async fn by_link(cx: &Cx, who: &Actor, id: Uuid, base: &str) -> Result<Self> {
        let shown = desk::shown(&cx.app, who, Owner::Appeal, id).await?;
        let lines = shown.into_iter().map(|(file, _)| Line { file, removal: Removal::No }).collect();
        Ok(Self { lines, base: format!("{base}/attachments"), signed_in: false })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The list.
    pub fn list<'a>(&'a self, s: &'a Shell) -> Html<FileList<'a>> {
        HtmlSafeOutput(FileList { s, files: self })
    }
}

/// The files with name, size, who and when.
#[derive(Template)]
#[template(path = "attachment/list.html")]
pub struct FileList<'a> {
    s: &'a Shell,
    files: &'a Files,
}
