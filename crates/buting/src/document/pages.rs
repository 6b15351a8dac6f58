use super::desk::{self, DocumentsQuery, READERS, Verified};
use super::{Asked, Draft, FileKind, Issued, Kind, Numbering, check_of};
use crate::actor::Actor;
use crate::appeal::{self, Hat};
use crate::error::{Error, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::part::Html;
use crate::http::routes::{Access, Routes};
use crate::http::session;
use crate::http::sheet::download;
use crate::http::table::{self, Cell, Piece, Row, Table};
use crate::list::Column;
use crate::readiness::plan::{ReadyKind, ReadyPlan, ReadyState};
use crate::settings;
use crate::time::Day;
use crate::visit::{self, Visit};
use askama::Template;
use askama::filters::HtmlSafeOutput;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use paper::document::{Block, Document};
use uuid::Uuid;

/// Rows of the register: a screen without scrolling.
const ROWS: i64 = 20;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let (settings, keepers) = (Access::only(settings::desk::READERS), Access::only(settings::desk::KEEPERS));
    routes
        .get("/documents", readers, index)
        .get("/documents/export", readers, export)
        .get("/documents/new/{kind}", readers, preview)
        .post("/documents/new/{kind}", readers, issue)
        .get("/documents/{id}", readers, show)
        .get("/documents/{id}/file", readers, file)
        .post("/documents/{id}/withdraw", readers, withdraw)
        .get("/settings/documents", settings, numbering)
        .post("/settings/documents", keepers, set_numbering)
        .get("/d/{token}", Access::everybody(), verify);
}

// ---- the sheet on a page ----

/// A document as a page shows it.
#[derive(Template)]
#[template(path = "document/_sheet.html")]
pub struct Sheet<'a> {
    s: &'a Shell,
    d: &'a Document,
}

impl Sheet<'_> {
    fn lines<'a>(&self, text: &'a str) -> Vec<&'a str> {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
    }
}

fn sheet<'a>(s: &'a Shell, d: &'a Document) -> Html<Sheet<'a>> {
    HtmlSafeOutput(Sheet { s, d })
}

// ---- the register ----

const COLUMNS: &[Column] = &[
    Column::new("number", "field-number", "文号").class("nowrap"),
    Column::new("kind", "document-kind", "文种").plain(),
    Column::new("title", "document-about", "事由"),
    Column::new("issued", "document-issued", "签发时间").sorted().class("nowrap"),
    Column::new("by", "document-issuer", "签发人"),
    Column::new("reply_on", "field-reply_on", "反馈期限").class("nowrap"),
    Column::new("state", "field-status", "状态").plain(),
    Column::new("reason", "document-withdrawn-why", "作废原因").hidden(),
];

impl Row for Issued {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.number
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "number" => Piece::Link(format!("/documents/{}", self.id), self.number.clone()).into(),
            "kind" => s.word("document-kind", self.kind).into(),
            "title" => self.title.clone().into(),
            "issued" => self.issued_at.into(),
            "by" => self.issued_by_name.clone().into(),
            "reply_on" => self.reply_on.map(|day| Piece::Fixed(day.to_string())).into(),
            "state" => Piece::State(s.t(state(self)).into_owned(), self.withdrawn_at.is_some()).into(),
            "reason" => self.withdrawn_reason.clone().into(),
            _ => Cell::default(),
        }
    }
}

fn state(issued: &Issued) -> &'static str {
    match (issued.withdrawn_at, issued.later_id) {
        (Some(_), _) => "document-withdrawn",
        (None, Some(_)) => "document-followed",
        (None, None) => "document-valid",
    }
}

#[derive(Template)]
#[template(path = "document/index.html")]
struct Index {
    s: Shell,
    page: Page<Issued>,
    table: Table,
    kinds: &'static [Kind],
    years: Vec<(i64, i64)>,
}

/// What the address of the register asks.
fn asked(cx: &Cx, limit: i64) -> DocumentsQuery {
    let query = Form::parse(cx.request.query.as_bytes());
    DocumentsQuery {
        limit: Some(limit),
        cursor: query.opt_text("cursor"),
        sort: query.opt_text("sort").filter(|sort| sort.ends_with("issued")),
        kind: Kind::parse(query.value("kind")),
        year: query.value("year").parse().ok(),
        ..DocumentsQuery::default()
    }
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let page = desk::list(&cx.app, &cx.who, &asked(&cx, ROWS)).await?;
        let years = desk::years(&cx.app, &cx.who).await?.into_iter().map(|year| (year, year)).collect();
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "documents", &page.items);
        html(&Index { s, page, table, kinds: Kind::ALL, years })
    })
    .await
}

async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let page = |cursor: Option<String>| {
            let (cx, query) = (&cx, DocumentsQuery { cursor, ..asked(&cx, MAX_LIMIT) });
            async move { desk::list(&cx.app, &cx.who, &query).await }
        };
        table::exported::<Issued, _>(&cx, "文书登记簿", "document", page).await
    })
    .await
}

// ---- issuing ----

#[derive(Template)]
#[template(path = "document/new.html")]
struct New {
    s: Shell,
    kind: Kind,
    form: Form,
    /// The page that it was asked for on: its address and its name.
    back: (String, String),
    draft: Option<Draft>,
}

impl New {
    fn sheet<'a>(&'a self, draft: &'a Draft) -> Html<Sheet<'a>> {
        sheet(&self.s, &draft.document)
    }

    fn asks(&self) -> bool {
        self.kind == Kind::Supervision
    }
}

/// What a page asks to have on paper, and whether its form is filled in.
fn asked_for(query: &str, kind: Kind, form: &mut Form) -> Result<Asked> {
    let of = |name: &str| {
        let query = Form::parse(query.as_bytes());
        Uuid::parse_str(query.value(name)).map_err(|_| Error::NotFound)
    };
    Ok(match kind {
        Kind::HandOver => Asked::HandOver { appeal_id: of("appeal")? },
        Kind::Supervision => Asked::Supervision {
            appeal_id: of("appeal")?,
            demand: form.text("demand"),
            reply_on: form.day("reply_on"),
            demanded_by: form.opt_text("demanded_by"),
        },
        Kind::VisitRecord => Asked::VisitRecord { visit_id: of("visit")? },
        Kind::Ledger => Asked::Ledger { query: query.to_owned() },
        Kind::ControlPlan => Asked::ControlPlan { plan_id: of("plan")? },
        Kind::EmergencyPlan => Asked::EmergencyPlan { plan_id: of("plan")? },
    })
}

fn back(s: &Shell, asked: &Asked) -> (String, String) {
    match asked {
        Asked::HandOver { appeal_id } | Asked::Supervision { appeal_id, .. } => {
            (format!("/appeals/{appeal_id}"), s.t("nav-appeals").into_owned())
        }
        Asked::VisitRecord { visit_id } => (format!("/visits/{visit_id}"), s.t("visit").into_owned()),
        Asked::Ledger { query } => (format!("/appeals?{query}"), s.t("appeal-list").into_owned()),
        Asked::ControlPlan { plan_id } | Asked::EmergencyPlan { plan_id } => {
            (format!("/plans/{plan_id}"), s.t("ready-plans").into_owned())
        }
    }
}

async fn preview(cx: Cx, Path(kind): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let kind = Kind::parse(&kind).ok_or(Error::NotFound)?;
        let mut form = Form::default();
        let asked = asked_for(&cx.request.query, kind, &mut form)?;
        let draft = match desk::draft(&cx.app, &cx.who, &asked).await {
            Ok(draft) => Some(draft),
            // Nothing is wrong yet with a form that nobody has filled in.
            Err(Error::Invalid(_)) if kind == Kind::Supervision => None,
            Err(error) => return Err(error),
        };
        let s = Shell::of(&cx).await?;
        html(&New { back: back(&s, &asked), s, kind, form, draft })
    })
    .await
}

async fn issue(Path(kind): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let kind = Kind::parse(&kind).ok_or(Error::NotFound)?;
        let asked = asked_for(&cx.request.query, kind, &mut form)?;
        let mut draft = None;
        if !form.failed() && form.is("go", "preview") {
            match desk::draft(&cx.app, &cx.who, &asked).await {
                Ok(found) => draft = Some(found),
                Err(error) => form.refused(error)?,
            }
        } else if !form.failed()
            && let Some(id) = made(desk::issue(&cx.app, &cx.who, &asked).await, &mut form)?
        {
            return Ok(go(&format!("/documents/{id}"), "flash-document-issued"));
        }
        let status = if draft.is_some() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let s = Shell::of(&cx).await?;
        html_with(status, &New { back: back(&s, &asked), s, kind, form, draft })
    })
    .await
}

// ---- one of them ----

#[derive(Template)]
#[template(path = "document/show.html")]
struct Show {
    s: Shell,
    x: Issued,
    d: Document,
    state: &'static str,
    /// The page of what it is about.
    about: Option<String>,
    verify: String,
    check: String,
    may_withdraw: bool,
    form: Form,
}

impl Show {
    fn sheet(&self) -> Html<Sheet<'_>> {
        sheet(&self.s, &self.d)
    }
}

async fn shown(cx: &Cx, id: Uuid, form: Form) -> Result<Show> {
    let (x, d) = desk::opened(&cx.app, &cx.who, id).await?;
    let about = match (x.appeal_id, x.visit_id, x.plan_id) {
        (Some(appeal), ..) => Some(format!("/appeals/{appeal}")),
        (None, Some(visit), _) => Some(format!("/visits/{visit}")),
        (None, None, Some(plan)) => Some(format!("/plans/{plan}")),
        (None, None, None) => None,
    };
    let own = x.issued_by.is_some() && x.issued_by == cx.who.person_id;
    Ok(Show {
        s: Shell::of(cx).await?,
        state: state(&x),
        about,
        verify: desk::verify_path(&cx.app, cx.who.zone_id, id),
        check: grouped(check_of(&x.sha256)),
        may_withdraw: x.withdrawn_at.is_none() && x.kind.withdrawn_by(cx.who.roles, own),
        x,
        d,
        form,
    })
}

/// A digest in groups of four, as it stands on the sheet.
fn grouped(check: &str) -> String {
    let letters: Vec<char> = check.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

async fn show(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&shown(&cx, id_of(&id)?, Form::default()).await?) }).await
}

async fn withdraw(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        if made(desk::withdraw(&cx.app, &cx.who, id, form.value("reason")).await, &mut form)?.is_some() {
            return Ok(go(&format!("/documents/{id}"), "flash-document-withdrawn"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, form).await?)
    })
    .await
}

/// The media type of a file.
const fn media(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Pdf => "application/pdf",
        FileKind::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }
}

/// A document as a download, in the `format` that is asked for; PDF unless one is.
pub(super) async fn file_answer(cx: &Cx, headers: &HeaderMap, id: Uuid, format: &str) -> Result<Response> {
    let kind = match format {
        "" => FileKind::Pdf,
        word => FileKind::parse(word).ok_or_else(|| Error::field("format", "unknown"))?,
    };
    let origin = session::origin(&cx.app, headers);
    let printed = desk::print(&cx.app, &cx.who, id, kind, &origin, cx.request.address).await?;
    download(printed.bytes, media(kind), &printed.name)
}

async fn file(cx: Cx, headers: HeaderMap, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let format = Form::parse(cx.request.query.as_bytes()).text("format");
        file_answer(&cx, &headers, id_of(&id)?, &format).await
    })
    .await
}

// ---- without account ----

#[derive(Template)]
#[template(path = "document/verify.html")]
struct Verify {
    s: Shell,
    v: Verified,
    check: String,
}

async fn verify(cx: Cx, Path(token): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let v = desk::verify(&cx.app, &token).await?;
        // A page for everybody, whoever happens to be signed in.
        let mut s = Shell::of(&Cx { who: Actor { person_id: None, ..cx.who.clone() }, ..cx.clone() }).await?;
        s.nav.clear();
        s.person.clear();
        s.roles = crate::actor::Roles::NONE;
        s.zone_name.clone_from(&v.zone.name);
        s.time_zone = v.zone.time_zone();
        html(&Verify { check: grouped(check_of(&v.issued.sha256)), s, v })
    })
    .await
}

// ---- the setting ----

#[derive(Template)]
#[template(path = "document/settings.html")]
struct Settings {
    s: Shell,
    tabs: &'static [(&'static str, &'static str)],
    form: Form,
    version: i64,
    example: String,
    can_keep: bool,
}

async fn settings_shown(cx: &Cx, form: Option<Form>) -> Result<Settings> {
    let mut tx = cx.read().await?;
    let (set, version) = desk::numbering(&mut tx, cx.who.zone_id).await?;
    let zone = crate::zone::Zone::get(&mut tx, cx.who.zone_id).await?;
    drop(tx);
    let year = i64::from(zone.day(cx.now()).0.year());
    Ok(Settings {
        example: Numbering::of(&zone).number(Kind::HandOver, year, 12),
        form: form.unwrap_or_else(|| {
            Form::filled([
                ("document_office", set.office),
                ("document_code", set.code),
                ("document_format", set.format),
            ])
        }),
        tabs: settings::pages::TABS,
        version,
        can_keep: cx.who.is(settings::desk::KEEPERS),
        s: Shell::of(cx).await?,
    })
}

async fn numbering(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&settings_shown(&cx, None).await?) }).await
}

async fn set_numbering(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let new = Numbering {
            office: form.text("document_office"),
            code: form.text("document_code"),
            format: form.text("document_format"),
        };
        if made(desk::set_numbering(&cx.app, &cx.who, &new).await, &mut form)?.is_some() {
            return Ok(go("/settings/documents", "flash-settings-kept"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &settings_shown(&cx, Some(form)).await?)
    })
    .await
}

// ---- on the pages of records ----

/// The documents of a record, and what may be issued of it, as its page shows them.
#[derive(Default)]
pub struct Links {
    issued: Vec<Issued>,
    offers: Vec<(Kind, String)>,
}

#[derive(Template)]
#[template(path = "document/_links.html")]
pub struct Shown<'a> {
    s: &'a Shell,
    links: &'a Links,
}

impl Links {
    /// Those of an appeal.
    pub async fn of_appeal(cx: &Cx, r: &appeal::desk::Record) -> Result<Self> {
        if !cx.who.is(READERS) {
            return Ok(Self::default());
        }
        let mut offers = Vec::new();
        let sends = r.hats.any(&[Hat::Desk, Hat::Overseer]);
        if sends && super::sheet::lead(r).is_some() {
            let open = r.appeal.open;
            for kind in [Some(Kind::HandOver), open.then_some(Kind::Supervision)].into_iter().flatten() {
                if cx.who.is(kind.issuers()) {
                    offers.push((kind, format!("/documents/new/{kind}?appeal={}", r.appeal.id)));
                }
            }
        }
        Self::with(cx, offers, DocumentsQuery { appeal_id: Some(r.appeal.id), ..DocumentsQuery::default() }).await
    }

    /// Those of a visit.
    pub async fn of_visit(cx: &Cx, v: &Visit) -> Result<Self> {
        if !cx.who.is(READERS) {
            return Ok(Self::default());
        }
        let pending = v.review.is_some_and(visit::ReviewState::is_pending);
        let mut offers = Vec::new();
        if cx.who.is(Kind::VisitRecord.issuers()) && !pending {
            offers.push((Kind::VisitRecord, format!("/documents/new/{}?visit={}", Kind::VisitRecord, v.id)));
        }
        Self::with(cx, offers, DocumentsQuery { visit_id: Some(v.id), ..DocumentsQuery::default() }).await
    }

    /// Those of a control or emergency plan.
    pub async fn of_plan(cx: &Cx, p: &ReadyPlan) -> Result<Self> {
        if !cx.who.is(READERS) {
            return Ok(Self::default());
        }
        let kind = match p.kind {
            ReadyKind::Control => Kind::ControlPlan,
            ReadyKind::Emergency => Kind::EmergencyPlan,
        };
        let issues = cx.who.is(kind.issuers()) && p.state == ReadyState::Approved;
        let offers = issues.then(|| (kind, format!("/documents/new/{kind}?plan={}", p.id))).into_iter().collect();
        Self::with(cx, offers, DocumentsQuery { plan_id: Some(p.id), ..DocumentsQuery::default() }).await
    }

    async fn with(cx: &Cx, offers: Vec<(Kind, String)>, query: DocumentsQuery) -> Result<Self> {
        let issued = desk::list(&cx.app, &cx.who, &DocumentsQuery { limit: Some(ROWS), ..query }).await?.items;
        Ok(Self { issued, offers })
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.issued.is_empty() && self.offers.is_empty()
    }

    /// The section of a page.
    pub fn show<'a>(&'a self, s: &'a Shell) -> Html<Shown<'a>> {
        HtmlSafeOutput(Shown { s, links: self })
    }
}

/// The state of one, for its line.
impl Shown<'_> {
    fn state(&self, issued: &Issued) -> &'static str {
        state(issued)
    }

    fn day(&self, day: &Day) -> String {
        day.to_string()
    }
}
