//! Handing sheets in, by page and by API.

use super::{
    Choice, Choices, IMPORTERS, Kind, Report, Sheet, State, Undoing, accept, columns, recent, rejects, report,
    set_columns, submit, template, undo, undoing,
};
use crate::actor::Once;
use crate::error::{Error, FieldError, Result};
use crate::http::api::{Accepted, Nothing, Versioned, json};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of};
use crate::http::openapi::Operation;
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::server::Patience;
use crate::http::sheet::Format;
use askama::Template;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Path, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// The largest sheet (bytes).
const MAX_FILE: usize = 20 * 1024 * 1024;

pub fn routes(routes: &mut Routes) {
    let importers = Access::only(IMPORTERS);
    for (path, kind) in [
        ("/api/v1/enterprises/import", Kind::Enterprises),
        ("/api/v1/carriers/import", Kind::Carriers),
        ("/api/v1/contacts/import", Kind::Contacts),
        ("/api/v1/departments/import", Kind::Departments),
        ("/api/v1/people/import", Kind::Staff),
        ("/api/v1/projects/import", Kind::Projects),
        ("/api/v1/assignments/import", Kind::Assignments),
    ] {
        let access = Access::only(kind.importers());
        let about = Operation::new(path, Method::POST, access).upload(beside).output::<Accepted>("202");
        routes
            .api_raw(Method::POST, path, access, about, move |cx, _, request| api_import(cx, kind, request))
            .summary("Hand in a sheet (CSV or XLSX) in field `file`; `dry_run` writes nothing; `similar` (update, new, skip) is for rows that may be an enterprise that is known, which come back without it");
    }
    routes.api_read("/api/v1/imports/{id}", importers, show).summary("How an import has gone").owner_scoped();
    routes
        .api_act("/api/v1/imports/{id}/columns", importers, api_columns, show)
        .summary("Set right how the headings of a preview are understood; it is remembered, and previewed again")
        .owner_scoped();
    routes
        .api_act("/api/v1/imports/{id}/accept", importers, api_accept, show)
        .summary("Take a previewed sheet in; answers the import that writes it")
        .owner_scoped();
    routes
        .api_read("/api/v1/imports/{id}/undo", importers, api_undoing)
        .summary("What taking an import back would do, and what stands against it")
        .owner_scoped();
    routes
        .api_act("/api/v1/imports/{id}/undo", importers, api_undo, show)
        .summary("Take an import back as a whole")
        .owner_scoped();
    routes
        .get("/imports", importers, imports)
        .post("/imports", importers, hand_in)
        .get("/imports/template/{kind}", importers, get_template)
        .get("/imports/{id}", importers, import)
        .get("/imports/{id}/rejects", importers, get_rejects)
        .post("/imports/{id}/columns", importers, say_columns)
        .post("/imports/{id}/accept", importers, take_in)
        .get("/imports/{id}/undo", importers, ask_undo)
        .post("/imports/{id}/undo", importers, take_back);
}

/// What an upload may say beside its file.
fn beside() -> serde_json::Value {
    serde_json::json!({"dry_run": {"type": "boolean"}, "similar": {"type": "string", "enum": ["update", "new", "skip"]}})
}

impl Versioned for Undoing {
    fn version(&self) -> i64 {
        0
    }
}

/// What the headings of a sheet mean.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Columns {
    /// By heading: the field, or null for a column that is not read.
    columns: BTreeMap<String, Option<String>>,
}

async fn api_columns(cx: Cx, id: Uuid, body: Columns) -> Result<Uuid> {
    set_columns(&cx.app, &cx.who, id, body.columns).await
}

async fn api_accept(cx: Cx, id: Uuid, choices: Choices) -> Result<Uuid> {
    accept(&cx.app, &cx.who, id, choices).await
}

async fn api_undoing(cx: Cx, id: Uuid) -> Result<Undoing> {
    undoing(&cx.app, &cx.who, id, cx.lang).await
}

async fn api_undo(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    undo(&cx.app, &cx.who, id).await
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
    Patience::longer(&request);
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
            ("dry_run" | "kind" | "once" | "similar", None) => {
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
    let dry_run = upload.field("dry_run");
    format!("import {kind} {dry_run} {}", vault::hash::hex(&vault::hash::sha256(&upload.file)))
}

impl Upload {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    fn sheet(&self, kind: Kind, dry_run: bool, others: Option<Choice>) -> Sheet<'_> {
        let choices = Choices { others, ..Choices::default() };
        Sheet { kind, bytes: self.file.clone(), file_name: &self.name, dry_run, choices }
    }
}

async fn api_import(mut cx: Cx, kind: Kind, request: Request) -> Result<Response> {
    let upload = upload(request).await?;
    let dry_run = match upload.field("dry_run") {
        "true" | "1" | "on" => true,
        "false" | "0" | "" => false,
        _ => return Err(Error::field("dry_run", "unreadable")),
    };
    let others = match upload.field("similar") {
        "" => None,
        word => Some(Choice::parse(word).ok_or_else(|| Error::field("similar", "unreadable"))?),
    };
    if let Some(once) = &mut cx.who.once {
        once.fingerprint = fingerprint(kind, &upload);
    }
    let id = match submit(&cx.app, &cx.who, upload.sheet(kind, dry_run, others)).await {
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
        let field = |name: &str| upload.field(name).to_owned();
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
            match submit(&cx.app, &cx.who, upload.sheet(kind, true, None)).await {
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
    form: Form,
}

impl ImportPage {
    /// How far it has come, in a sentence.
    fn sentence(&self) -> String {
        let state = self.s.word("import-state", self.report.state);
        match self.report.state {
            State::Queued | State::Running => {
                self.s.with2("import-progress", "state", state, "percent", self.report.percent().to_string())
            }
            _ => state.into_owned(),
        }
    }

    /// What a column can be read as: word and label.
    fn fields(&self) -> Vec<(&'static str, &'static str)> {
        columns::fields(self.report.kind).iter().map(|field| (field.key, field.titles[0])).collect()
    }

    fn heading(&self, key: &str) -> &'static str {
        columns::heading(self.report.kind, key)
    }

    /// What a failure left: rows that were written stay.
    fn failure_next(&self) -> &'static str {
        if self.report.position > 0 && !self.report.dry_run { "import-failure-kept" } else { "import-failure-next" }
    }

    /// What the list under an undo is: what was left alone, or what stood in the way.
    fn kept_title(&self) -> &'static str {
        if self.report.state == State::Undone { "import-kept" } else { "import-stands" }
    }

    /// Doubtful rows beyond those that are listed.
    fn unlisted(&self) -> i64 {
        self.report.doubtful - self.report.doubts.len() as i64
    }

    fn reads(&self, at: &usize, key: &str) -> bool {
        match self.form.failed() {
            true => self.form.nth("field", at) == key,
            false => self.report.columns.get(*at).is_some_and(|column| column.field.as_deref() == Some(key)),
        }
    }

    /// Whether anything could be taken in: rows that hold, or doubtful ones.
    fn takes_any(&self) -> bool {
        self.report.state == State::Done && self.report.created + self.report.updated + self.report.doubtful > 0
    }
}

async fn import_page(cx: &Cx, id: Uuid, form: Form) -> Result<ImportPage> {
    let report = report(&cx.app, &cx.who, id, cx.lang).await?;
    Ok(ImportPage { s: Shell::of(cx).await?, report, form })
}

async fn import(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let page = import_page(&cx, id_of(&id)?, Form::default()).await?;
        let mut response = html(&page)?;
        if page.report.runs() {
            // The page shows the progress without a script.
            response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("2"));
        }
        Ok(response)
    })
    .await
}

async fn say_columns(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let (headings, fields) = (form.all("heading").to_vec(), form.all("field").to_vec());
        let said =
            headings.into_iter().zip(fields).map(|(heading, field)| (heading, Some(field).filter(|f| !f.is_empty())));
        match set_columns(&cx.app, &cx.who, id, said.collect()).await {
            Ok(id) | Err(Error::Replayed(id)) => return Ok(go(&format!("/imports/{id}"), "flash-import-columns")),
            Err(error) => form.refused(error)?,
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &import_page(&cx, id, form).await?)
    })
    .await
}

async fn take_in(Path(id): Path<String>, Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        // Each row that was shown has its own answer, be it to come back.
        let rows = form.all("row").iter().zip(form.all("choice"));
        let rows = rows.filter_map(|(n, choice)| Some((n.parse().ok()?, Choice::parse(choice)?)));
        let choices = Choices { rows: rows.collect(), others: form.opt("others").and_then(Choice::parse) };
        match accept(&cx.app, &cx.who, id, choices).await {
            Ok(id) | Err(Error::Replayed(id)) => Ok(go(&format!("/imports/{id}"), "")),
            Err(error) => Err(error),
        }
    })
    .await
}

async fn get_template(cx: Cx, Path(kind): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let kind = Kind::parse(&kind).ok_or(Error::NotFound)?;
        Format::Xlsx.answer(&cx.lang.word("import-kind", kind.word()), template(kind)?)
    })
    .await
}

async fn get_rejects(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let format = Format::read(Form::parse(cx.request.query.as_bytes()).value("format"));
        let bytes = rejects(&cx.app, &cx.who, id_of(&id)?, format == Format::Csv).await?;
        format.answer(&cx.lang.t("import-rejects-file"), bytes)
    })
    .await
}

#[derive(Template)]
#[template(path = "registry/import_undo.html")]
struct UndoPage {
    s: Shell,
    report: Report,
    found: Undoing,
}

impl UndoPage {
    fn sentence(&self) -> String {
        let (removes, restores) = (self.found.removes, self.found.restores);
        self.s.with2("import-undo-sentence", "removes", removes, "restores", restores)
    }
}

async fn ask_undo(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let found = undoing(&cx.app, &cx.who, id, cx.lang).await?;
        let report = report(&cx.app, &cx.who, id, cx.lang).await?;
        html(&UndoPage { s: Shell::of(&cx).await?, report, found })
    })
    .await
}

async fn take_back(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        match undo(&cx.app, &cx.who, id).await {
            Ok(id) | Err(Error::Replayed(id)) => Ok(go(&format!("/imports/{id}"), "")),
            Err(error) => Err(error),
        }
    })
    .await
}
