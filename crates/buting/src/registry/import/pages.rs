//! Handing sheets in, by page and by API.

use super::{IMPORTERS, Kind, Report, accept, recent, rejects, report, submit, template};
use crate::actor::Once;
use crate::error::{Error, FieldError, Result};
use crate::http::api::{Accepted, Versioned, json};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of};
use crate::http::openapi::Operation;
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::registry::export::download;
use askama::Template;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Path, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use std::collections::HashMap;
use uuid::Uuid;

/// The largest sheet (bytes).
const MAX_FILE: usize = 20 * 1024 * 1024;
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub fn routes(routes: &mut Routes) {
    let importers = Access::only(IMPORTERS);
    for (path, kind) in [
        ("/api/v1/enterprises/import", Kind::Enterprises),
        ("/api/v1/carriers/import", Kind::Carriers),
        ("/api/v1/contacts/import", Kind::Contacts),
        ("/api/v1/assignments/import", Kind::Assignments),
    ] {
        let access = Access::only(kind.importers());
        let about = Operation::new(path, Method::POST, access).upload().output::<Accepted>("202");
        routes
            .api_raw(Method::POST, path, access, about, move |cx, _, request| api_import(cx, kind, request))
            .summary("Hand in a sheet (CSV or XLSX) in field `file`; `dry_run` writes nothing");
    }
    routes.api_read("/api/v1/imports/{id}", importers, show).summary("How an import has gone").owner_scoped();
    routes
        .get("/imports", importers, imports)
        .post("/imports", importers, hand_in)
        .get("/imports/template/{kind}", importers, get_template)
        .get("/imports/{id}", importers, import)
        .get("/imports/{id}/rejects", importers, get_rejects)
        .post("/imports/{id}/accept", importers, take_in);
}

impl Versioned for Report {
    fn version(&self) -> i64 {
        self.version
    }
}

async fn show(cx: Cx, id: Uuid) -> Result<Report> {
    report(&cx.app, &cx.who, id, cx.lang).await
}

/// An upload: the file with its name, and the other fields.
struct Upload {
    file: Vec<u8>,
    name: String,
    fields: HashMap<String, String>,
}

async fn upload(mut request: Request) -> Result<Upload> {
    DefaultBodyLimit::max(MAX_FILE).apply(&mut request);
    let refused = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge(MAX_FILE),
        _ => Error::Malformed { code: "multipart", detail: error.body_text(), pointer: None },
    };
    let parts = Multipart::from_request(request, &()).await;
    let mut parts = parts.map_err(|_| Error::MediaType("multipart/form-data"))?;
    let mut upload = Upload { file: Vec::new(), name: String::new(), fields: HashMap::new() };
    while let Some(part) = parts.next_field().await.map_err(refused)? {
        let name = part.name().unwrap_or_default().to_owned();
        match (name.as_str(), part.file_name().map(str::to_owned)) {
            ("file", Some(file_name)) => {
                upload.name = file_name;
                upload.file = part.bytes().await.map_err(refused)?.to_vec();
            }
            ("dry_run" | "kind" | "once", None) => {
                let text = part.text().await.map_err(refused)?;
                upload.fields.insert(name, text.trim().to_owned());
            }
            _ => {
                let pointer = Some(format!("/{name}"));
                return Err(Error::Malformed { code: "multipart", detail: format!("unknown field `{name}`"), pointer });
            }
        }
    }
    Ok(upload)
}

fn fingerprint(kind: Kind, upload: &Upload) -> String {
    let dry_run = upload.fields.get("dry_run").map_or("", String::as_str);
    format!("import {kind} {dry_run} {}", vault::hash::hex(&vault::hash::sha256(&upload.file)))
}

async fn api_import(mut cx: Cx, kind: Kind, request: Request) -> Result<Response> {
    let upload = upload(request).await?;
    let dry_run = match upload.fields.get("dry_run").map_or("", String::as_str) {
        "true" | "1" | "on" => true,
        "false" | "0" | "" => false,
        _ => return Err(Error::field("dry_run", "unreadable")),
    };
    if let Some(once) = &mut cx.who.once {
        once.fingerprint = fingerprint(kind, &upload);
    }
    let id = match submit(&cx.app, &cx.who, kind, upload.file, &upload.name, dry_run).await {
        Ok(id) | Err(Error::Replayed(id)) => id,
        Err(error) => return Err(error),
    };
    Ok(json(StatusCode::ACCEPTED, &Accepted { id }))
}

#[derive(Template)]
#[template(path = "registry/imports.html")]
struct ImportsPage {
    s: Shell,
    form: Form,
    kinds: Vec<(String, String)>,
    recent: Vec<Report>,
}

async fn imports_page(cx: &Cx, form: Form) -> Result<ImportsPage> {
    let s = Shell::of(cx).await?;
    let may = |kind: &&Kind| cx.who.is(kind.importers());
    Ok(ImportsPage {
        kinds: Kind::ALL
            .iter()
            .filter(may)
            .map(|kind| (kind.to_string(), s.word("import-kind", kind).into_owned()))
            .collect(),
        recent: recent(&cx.app, &cx.who, cx.lang).await?,
        form,
        s,
    })
}

async fn imports(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&imports_page(&cx, Form::default()).await?) }).await
}

async fn hand_in(mut cx: Cx, request: Request) -> PageResult {
    page::show(cx.lang, async {
        let upload = upload(request).await?;
        let field = |name: &str| upload.fields.get(name).cloned().unwrap_or_default();
        let mut form = Form::filled([("kind", field("kind")), ("dry_run", field("dry_run"))]);
        let kind = Kind::parse(&field("kind"));
        if kind.is_none() {
            form.add(FieldError::new("kind", "required"));
        }
        if upload.file.is_empty() {
            form.add(FieldError::new("file", "required"));
        }
        if let Some(kind) = kind.filter(|_| !form.failed()) {
            let once = field("once");
            cx.who.once = (!once.is_empty()).then(|| Once { key: once, fingerprint: fingerprint(kind, &upload) });
            match submit(&cx.app, &cx.who, kind, upload.file, &upload.name, true).await {
                Ok(id) | Err(Error::Replayed(id)) => return Ok(go(&format!("/imports/{id}"), "")),
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &imports_page(&cx, form).await?)
    })
    .await
}

#[derive(Template)]
#[template(path = "registry/import.html")]
struct ImportPage {
    s: Shell,
    report: Report,
}

impl ImportPage {
    /// How far it has come, in a sentence.
    fn sentence(&self) -> String {
        let state = self.s.word("import-state", self.report.state);
        if self.report.runs() {
            self.s.with2("import-progress", "state", state, "percent", self.report.percent().to_string())
        } else {
            state.into_owned()
        }
    }

    fn heading(&self, key: &str) -> &'static str {
        super::columns::heading(self.report.kind, key)
    }

    fn takes_any(&self) -> bool {
        self.report.created + self.report.updated > 0
    }
}

async fn import(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let report = report(&cx.app, &cx.who, id, cx.lang).await?;
        let runs = report.runs();
        let mut response = html(&ImportPage { s: Shell::of(&cx).await?, report })?;
        if runs {
            // The page shows the progress without a script.
            response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("2"));
        }
        Ok(response)
    })
    .await
}

async fn take_in(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        match accept(&cx.app, &cx.who, id).await {
            Ok(id) | Err(Error::Replayed(id)) => Ok(go(&format!("/imports/{id}"), "")),
            Err(error) => Err(error),
        }
    })
    .await
}

async fn get_template(cx: Cx, Path(kind): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let kind = Kind::parse(&kind).ok_or(Error::NotFound)?;
        let name = format!("{}.xlsx", cx.lang.word("import-kind", kind.word()));
        download(template(kind)?, XLSX, &name)
    })
    .await
}

async fn get_rejects(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let name = format!("{}.xlsx", cx.lang.t("import-rejects-file"));
        download(rejects(&cx.app, &cx.who, id).await?, XLSX, &name)
    })
    .await
}
