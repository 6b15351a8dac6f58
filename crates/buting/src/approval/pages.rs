use super::courier::{Delivery, DeliveryState};
use super::desk::{self, Beginning, Filter, KEYS, PARTIES};
use super::matter::{Asks, Content, Need, Question};
use super::{Act, Application, Channel, Full, Known, Move, NewApplication, Procedure, State};
use crate::actor::OFFICE;
use crate::attachment::Owner;
use crate::attachment::pages::{Files, Uploads, may_bring, take};
use crate::clock::Explanation;
use crate::continuity::desk::urgency;
use crate::error::{Error, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{AfterResult, Form, PostedFiles, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::seek::{ENTERPRISES, Seek};
use crate::http::table::{self, Cell, Piece, Table};
use crate::list::{Column, Walk};
use crate::subject::SubjectKind;
use almanac::Light;
use askama::Template;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use std::collections::BTreeMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let parties = Access::only(PARTIES);
    routes
        .get("/applications", parties, index)
        .get("/applications/export", parties, export)
        .get("/applications/new", parties, new_page)
        .post("/applications/new", parties, new)
        .get("/applications/{id}", parties, show)
        .post("/applications/{id}", parties, act);
}

/// The columns of the list.
const COLUMNS: &[Column] = &[
    Column::new("matter", "matter", "事项"),
    Column::new("enterprise", "application-enterprise", "企业").plain(),
    Column::new("state", "field-status", "状态").plain(),
    Column::new("due", "field-due_on", "期限").sorted().plain(),
    Column::new("specialist", "matter-specialist", "专员"),
    Column::new("made", "application-made", "申请日期").sorted().class("nowrap"),
    Column::new("decided", "application-decided", "决定日期").sorted().hidden().class("nowrap"),
    Column::new("accepted", "application-accepted", "受理日期").hidden().class("nowrap"),
    Column::new("ended", "application-ended", "办结日期").hidden().class("nowrap"),
    Column::new("number", "field-number", "编号").hidden().class("wide nowrap"),
];

fn light_of(a: &Application, s: &Shell) -> Light {
    if a.open && a.due_at.is_none() && a.state != State::Draft { Light::Suspended } else { urgency(a.due_at, s.now) }
}

impl table::Row for Application {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.matter_title
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "matter" => {
                let green = self.green.then(|| Piece::State(s.t("matter-green").into_owned(), false));
                Cell::from(Piece::Link(format!("/applications/{}", self.id), self.matter_title.clone())).and(green)
            }
            "enterprise" => self.enterprise_name.clone().into(),
            "state" => {
                let owes =
                    (self.open && !self.debts().is_empty()).then(|| Piece::Quiet(s.t("application-owes").into_owned()));
                let state = s.word("application-state", self.state).into_owned();
                Cell::from(Piece::State(state, !self.open)).and(owes)
            }
            "due" if self.open && self.state != State::Draft => Piece::Due(self.due_at, light_of(self, s)).into(),
            "due" => Cell::default(),
            "specialist" => self.acting_name(&s.now).cloned().into(),
            "made" => s.date(&self.made_at).into(),
            "decided" => self.decided_at.map(|at| s.date(&at)).into(),
            "accepted" => self.accepted_at.map(|at| s.date(&at)).into(),
            "ended" => self.ended_at.map(|at| s.date(&at)).into(),
            "number" => Piece::Fixed(self.number.clone()).into(),
            _ => Cell::default(),
        }
    }
}

// ---- the list ------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "approval/applications.html")]
struct Index {
    s: Shell,
    page: Page<Application>,
    table: Table,
    office: bool,
}

/// What the query of the list asks.
fn asked(cx: &Cx) -> (Filter, Form) {
    let mut query = Form::parse(cx.request.query.as_bytes());
    let show = query.text("show");
    let filter = Filter {
        state: query.opt("state").and_then(State::parse).into_iter().collect(),
        open: match show.as_str() {
            "ended" => Some(false),
            "all" | "decided" => None,
            _ => Some(true),
        },
        overdue_at: (show == "overdue").then(|| cx.now()),
        person: cx.who.person_id.filter(|_| show == "mine"),
        matter_id: query.id("matter"),
        enterprise_id: None,
        decided: (show == "decided").then(|| (crate::time::Time::default(), cx.now().plus(1))),
        face: None,
        q: query.opt_text("q"),
        found: None,
    };
    (filter, query)
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let (filter, query) = asked(&cx);
        let walk = Walk::read(KEYS, "due", query.opt("sort"), query.opt("cursor"), 20)?;
        let page = desk::applications(&cx.app, &cx.who, &filter, &walk).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "applications", &page.items);
        html(&Index { office: cx.who.is(OFFICE), page, table, s })
    })
    .await
}

/// What the page shows, as a file.
async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let (filter, query) = asked(&cx);
        let sort = query.opt_text("sort");
        let page = |cursor: Option<String>| {
            let (cx, filter, sort) = (&cx, &filter, &sort);
            async move {
                let walk = Walk::read(KEYS, "due", sort.as_deref(), cursor.as_deref(), MAX_LIMIT)?;
                desk::applications(&cx.app, &cx.who, filter, &walk).await
            }
        };
        table::exported::<Application, _>(&cx, "办件清单", "application", page).await
    })
    .await
}

// ---- the form that a matter asks --------------------------------------------------------

/// The questions and materials of a matter in a form.
struct Asked<'a> {
    said: &'a Content,
    known: &'a [Known],
}

impl Asked<'_> {
    /// What is asked: what the register does not answer.
    fn questions(&self) -> Vec<&Question> {
        self.said.questions.iter().filter(|q| self.known.iter().all(|known| known.key != q.key)).collect()
    }

    /// The materials as choices: place, name with what is said of it.
    fn materials(&self, s: &Shell) -> Vec<(usize, String)> {
        let text = |(place, m): (usize, &super::matter::Material)| {
            let need = s.word("matter-need", m.need);
            let source = s.word("matter-source", m.source);
            (place, format!("{}（{need}{}{source}）", m.name, s.t("comma")))
        };
        self.said.materials.iter().enumerate().map(text).collect()
    }

    fn tolerates(&self) -> bool {
        self.said.materials.iter().any(|m| m.need == Need::Tolerable)
    }
}

/// How a question is asked in HTML.
fn input(asks: &Asks) -> &'static str {
    match asks {
        Asks::Number => "number",
        Asks::Day => "date",
        Asks::Text | Asks::Long | Asks::Choice => "text",
    }
}

/// The fields of a form with what was answered.
fn answers(form: &Form) -> BTreeMap<String, String> {
    let typed = form.pairs().filter_map(|(name, value)| Some((name.strip_prefix("answers/")?, value)));
    typed.filter(|(_, value)| !value.trim().is_empty()).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn papers(form: &Form) -> Vec<usize> {
    form.all("papers").iter().filter_map(|text| text.parse().ok()).collect()
}

// ---- a new one ---------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "approval/application_new.html")]
struct New {
    s: Shell,
    form: Form,
    b: Beginning,
    office: bool,
    seek: Option<Seek>,
    uploads: Uploads,
}

impl New {
    async fn of(cx: &Cx, mut form: Form) -> Result<Self> {
        let query = Form::parse(cx.request.query.as_bytes());
        let matter = Uuid::parse_str(form.value("matter_id")).or_else(|_| Uuid::parse_str(query.value("matter")));
        let matter = matter.map_err(|_| Error::NotFound)?;
        form.set("matter_id", matter.to_string());
        let office = cx.who.is(OFFICE);
        let seek = match office {
            true => Some(Seek::of(cx, &mut form, "enterprise", ENTERPRISES).await?),
            false => None,
        };
        let enterprise = seek.as_ref().and_then(Seek::key).map(|(_, id)| id);
        let b = desk::beginning(&cx.app, &cx.who, matter, enterprise).await?;
        Ok(Self { s: Shell::of(cx).await?, uploads: Uploads::of(cx, &cx.who, &form).await?, form, b, office, seek })
    }

    fn asked(&self) -> Asked<'_> {
        Asked { said: &self.b.said, known: &self.b.known }
    }

    fn known(&self) -> &[Known] {
        &self.b.known
    }

    fn channels(&self) -> Vec<(Channel, String)> {
        channels(&self.s)
    }

    fn input(&self, asks: &Asks) -> &'static str {
        input(asks)
    }
}

fn channels(s: &Shell) -> Vec<(Channel, String)> {
    Channel::ALL.iter().map(|word| (*word, s.word("touch-channel", word).into_owned())).collect()
}

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        if query.opt("matter").is_none() {
            return Ok(Redirect::to("/matters").into_response());
        }
        let mut form = Form::default();
        // Whom it is for was found before: what the register knows of it is shown then.
        for name in ["enterprise", "enterprise_text", "enterprise_for"] {
            if let Some(value) = query.opt(name) {
                form.set(name, value.to_owned());
            }
        }
        html(&New::of(&cx, form).await?)
    })
    .await
}

async fn new(PostedFiles { cx, mut form, files }: PostedFiles) -> PageResult {
    page::show(cx.lang, async {
        let files = take(&cx, &cx.who, &mut form, files).await?;
        let draft = form.is("as", "draft");
        let enterprise_id = match cx.who.is(OFFICE) {
            true => {
                let seek = Seek::of(&cx, &mut form, "enterprise", ENTERPRISES).await?;
                seek.need(&mut form).filter(|(kind, _)| *kind == SubjectKind::Enterprise).map(|(_, id)| id)
            }
            false => None,
        };
        let matter_id = form.id("matter_id");
        let new = NewApplication {
            id: None,
            matter_id: form.need("matter_id", matter_id),
            enterprise_id,
            channel: form.opt("channel").and_then(Channel::parse),
            answers: answers(&form),
            papers: papers(&form),
            promise: form.on("promise"),
            draft,
            files,
        };
        if !form.failed()
            && let Some(id) = made(desk::apply(&cx.app, &cx.who, new).await, &mut form)?
        {
            let flash = if draft { "flash-application-draft" } else { "flash-application-sent" };
            return Ok(go(&format!("/applications/{id}"), flash));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &New::of(&cx, form).await?)
    })
    .await
}

// ---- one of them --------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "approval/application.html")]
struct Show {
    s: Shell,
    a: Application,
    full: Full,
    light: Light,
    office: bool,
    known: Vec<Known>,
    dues: Vec<Explanation>,
    files: Files,
    /// What was typed, by action.
    forms: BTreeMap<String, Form>,
    empty: Form,
    fill: Form,
    uploads: Uploads,
    message: Uploads,
}

impl Show {
    fn can(&self, action: &str) -> bool {
        self.full.possible.iter().any(|does| does.word() == action)
    }

    fn fills(&self) -> bool {
        self.can(Move::Submit.word()) || self.can(Move::Resubmit.word())
    }

    /// The word of what sends the form.
    fn sends(&self) -> &'static str {
        if self.a.state == State::Draft { Move::Submit.word() } else { Move::Resubmit.word() }
    }

    fn form(&self, key: &str) -> &Form {
        self.forms.get(key).unwrap_or(&self.empty)
    }

    fn open(&self, key: &str) -> bool {
        self.forms.get(key).is_some_and(Form::failed)
    }

    fn asked(&self) -> Asked<'_> {
        Asked { said: &self.full.matter, known: &self.known }
    }

    fn known(&self) -> &[Known] {
        &self.known
    }

    fn input(&self, asks: &Asks) -> &'static str {
        input(asks)
    }

    fn channels(&self) -> Vec<(Channel, String)> {
        channels(&self.s)
    }

    /// The ways by which a licence is handed over; what goes by post has its own form.
    fn hand_over(&self) -> Vec<(Channel, String)> {
        channels(&self.s).into_iter().filter(|(channel, _)| *channel != Channel::Post).collect()
    }

    fn debts(&self) -> Vec<(String, String)> {
        self.a.debts().into_iter().map(|name| (name.clone(), name)).collect()
    }

    /// What was answered: the question, the answer.
    fn answered(&self) -> Vec<(String, String)> {
        let given = self.a.answers();
        let one = |q: &Question| Some((q.label.clone(), given.get(&q.key)?.clone()));
        self.full.matter.questions.iter().filter_map(one).collect()
    }

    /// The materials that are there, by name.
    fn papers(&self) -> Vec<String> {
        let there = self.a.papers();
        let all = self.full.matter.materials.iter().enumerate();
        all.filter(|(place, _)| there.contains(place)).map(|(_, m)| m.name.clone()).collect()
    }

    fn event_word(&self, kind: &str) -> String {
        self.s.word("application-event", kind).into_owned()
    }

    fn outcomes(&self) -> Vec<(DeliveryState, String)> {
        let all = [DeliveryState::Delivered, DeliveryState::Refused, DeliveryState::Returned, DeliveryState::Lost];
        all.map(|word| (word, self.s.word("courier-state", word).into_owned())).into()
    }

    fn dispatches(&self, one: &Delivery) -> bool {
        self.full.may_send && one.state == DeliveryState::ToPack
    }

    fn ends(&self, one: &Delivery) -> bool {
        self.full.may_send && one.state == DeliveryState::Dispatched
    }

    fn trips(&self) -> String {
        self.full.trips.to_string()
    }
}

/// The form as it was filled in so far.
fn filled(a: &Application) -> Form {
    let answers = a.answers().into_iter().map(|(key, value)| (format!("answers/{key}"), value));
    let papers = a.papers().into_iter().map(|place| ("papers".to_owned(), place.to_string()));
    Form::of_pairs(answers.chain(papers))
}

async fn shown(cx: &Cx, id: Uuid, failed: Option<(String, Form)>) -> Result<Show> {
    let full = desk::full(&cx.app, &cx.who, id).await?;
    let a = full.application.clone();
    let s = Shell::of(cx).await?;
    let known = desk::known_now(&cx.app, &cx.who, &full).await?;
    let (mut fill, mut uploads, mut message) = (filled(&a), Uploads::new(cx), Uploads::new(cx));
    let mut forms = BTreeMap::new();
    if let Some((action, form)) = failed {
        match Move::parse(&action) {
            Some(Move::Save | Move::Submit | Move::Resubmit) => {
                uploads = Uploads::of(cx, &cx.who, &form).await?;
                fill = form;
            }
            Some(Move::Message) => {
                message = Uploads::of(cx, &cx.who, &form).await?;
                forms.insert(action, form);
            }
            _ => drop(forms.insert(action, form)),
        }
    }
    Ok(Show {
        light: light_of(&a, &s),
        office: cx.who.is(OFFICE),
        dues: desk::explained(&cx.app, &cx.who, id).await?,
        files: Files::of(cx, Owner::Application, id).await?,
        known,
        forms,
        empty: Form::default(),
        fill,
        uploads,
        message,
        s,
        a,
        full,
    })
}

async fn show(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&shown(&cx, id_of(&id)?, None).await?) }).await
}

/// The page of a case with a form that was refused.
pub(super) async fn refused_page(cx: &Cx, id: Uuid, action: &str, form: Form) -> Result<Response> {
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(cx, id, Some((action.to_owned(), form))).await?)
}

/// What a form asks for.
fn read(cx: &Cx, s: &Shell, form: &mut Form) -> Result<Act> {
    let does = Move::parse(&form.text("action")).ok_or(Error::NotFound)?;
    let promise = form.on("promise");
    Ok(match does {
        Move::Save => Act::Save { answers: answers(form), papers: papers(form) },
        Move::Submit => Act::Submit { answers: answers(form), papers: papers(form), promise },
        Move::Resubmit => Act::Resubmit { answers: answers(form), papers: papers(form), promise },
        Move::AskCorrection => Act::AskCorrection { text: form.text("text") },
        Move::Accept => Act::Accept {},
        Move::NotAccept => Act::NotAccept { reason: form.text("reason"), right_channel: form.text("right_channel") },
        Move::Review => Act::Review {},
        Move::Special => {
            let procedure = form.word("procedure", Procedure::parse);
            if procedure.is_none() && !form.has_error("procedure") {
                form.add(crate::error::FieldError::new("procedure", "required"));
            }
            let days = form.number("expected_days");
            Act::Special { procedure: procedure.unwrap_or(Procedure::Hearing), expected_days: days.unwrap_or_default() }
        }
        Move::Resume => Act::Resume { result: form.text("result") },
        Move::Extend => {
            let days = form.number("days");
            Act::Extend { days: days.unwrap_or_default(), reason: form.text("reason") }
        }
        Move::Settle => Act::Settle { material: form.text("material") },
        Move::Grant => Act::Grant { conditions: form.opt_text("conditions") },
        Move::Refuse => Act::Refuse { reason: form.text("reason"), remedies: form.text("remedies") },
        Move::Deliver => Act::Deliver { channel: channel(form).unwrap_or(Channel::Web), proof: form.text("proof") },
        Move::Withdraw => Act::Withdraw { reason: form.text("reason") },
        Move::Message => Act::Message { text: form.text("text") },
        Move::Touch => {
            let channel = channel(form).unwrap_or(Channel::Web);
            let (met, minutes, note) = (form.on("met"), form.number("minutes"), form.opt_text("note"));
            // A moment ago, as a form says it, is not before what it is about.
            let at = form.time("at", &s.time_zone).map(|at| at.min(cx.now()));
            Act::Touch { channel, met, minutes, note, at }
        }
    })
}

fn channel(form: &mut Form) -> Option<Channel> {
    let channel = form.word("channel", Channel::parse);
    if channel.is_none() && !form.has_error("channel") {
        form.add(crate::error::FieldError::new("channel", "required"));
    }
    channel
}

async fn act(Path(id): Path<String>, request: Request) -> AfterResult {
    let posted = PostedFiles::after(request, may_bring(Owner::Application, id.clone())).await?;
    let PostedFiles { cx, mut form, files } = posted;
    Ok(page::show(cx.lang, async {
        let id = id_of(&id)?;
        let files = take(&cx, &cx.who, &mut form, files).await?;
        let s = Shell::of(&cx).await?;
        let act = read(&cx, &s, &mut form)?;
        if !form.failed() && made(desk::act(&cx.app, &cx.who, id, act, files).await, &mut form)?.is_some() {
            return Ok(go(&format!("/applications/{id}"), "flash-application-done"));
        }
        let action = form.text("action");
        refused_page(&cx, id, &action, form).await
    })
    .await)
}
