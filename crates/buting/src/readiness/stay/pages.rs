use super::desk::{self, Asked, Taken};
use super::{
    ClosedLoop, Count, LoopAct, LoopGroup, LoopMove, LoopState, NewLoop, NewMember, READERS, Roster, Stay, Supplies,
    WRITERS, cells_of,
};
use crate::actor::{OFFICE, OUTSIDE};
use crate::continuity;
use crate::error::{Error, FieldError, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{AfterResult, Form, Posted, PostedFiles, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::part::Html;
use crate::http::routes::{Access, Routes};
use crate::http::table::{self, Cell, Piece, Table};
use crate::list::Column;
use crate::subject::SubjectKind;
use crate::time::Time;
use askama::Template;
use askama::filters::HtmlSafeOutput;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use paper::Limits;
use std::collections::BTreeMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (readers, writers) = (Access::only(READERS), Access::only(WRITERS));
    routes
        .get("/closed-loops", readers, index)
        .get("/closed-loops/export", Access::only(OFFICE), export)
        .get("/closed-loops/new", writers, new_page)
        .post("/closed-loops/new", writers, new)
        .get("/closed-loops/{id}", readers, show)
        .post("/closed-loops/{id}", writers, act)
        .post("/closed-loops/{id}/rows", writers, rows);
}

/// The columns of the list.
const COLUMNS: &[Column] = &[
    Column::new("name", "continuity-subject", "对象").sorted(),
    Column::new("state", "field-status", "状态").plain(),
    Column::new("inside", "loop-inside", "在厂人数").number(),
    Column::new("enlisted", "loop-enlisted", "名册人数").number(),
    Column::new("beds", "loop-beds", "床位").number(),
    Column::new("began", "loop-began", "筹备").sorted().class("nowrap"),
    Column::new("closed", "loop-closed", "启动").class("nowrap"),
    Column::new("ended", "loop-ended", "解除").hidden().class("nowrap"),
    Column::new("disruption", "loop-disruption", "事件"),
    Column::new("reason", "loop-reason", "原因").hidden().class("wide"),
];

impl table::Row for ClosedLoop {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.subject_name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "name" => Piece::Link(format!("/closed-loops/{}", self.id), self.subject_name.clone()).into(),
            "state" => {
                Piece::State(s.word("loop-state", self.state).into_owned(), self.state == LoopState::Ended).into()
            }
            "inside" => self.inside.into(),
            "enlisted" => self.enlisted.into(),
            "beds" => self.beds.into(),
            "began" => s.date(&self.began_at).into(),
            "closed" => self.closed_at.map(|at| s.date(&at)).into(),
            "ended" => self.ended_at.map(|at| s.date(&at)).into(),
            "disruption" => self.disruption.clone().into(),
            "reason" => self.reason.clone().into(),
            _ => Cell::default(),
        }
    }
}

// ---- the list ------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "readiness/loops.html")]
struct Index {
    s: Shell,
    page: Page<ClosedLoop>,
    table: Table,
    own: bool,
}

fn asked(cx: &Cx) -> Asked {
    let query = Form::parse(cx.request.query.as_bytes());
    let show = query.value("show");
    Asked {
        state: LoopState::parse(show),
        open: show.is_empty().then_some(true).filter(|_| !cx.who.is(OUTSIDE)),
        mine: query.on("mine"),
        subject_id: None,
        disruption_id: None,
        q: query.opt_text("q"),
        sort: query.opt_text("sort"),
        cursor: query.opt_text("cursor"),
    }
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let page = desk::list(&cx.app, &cx.who, &asked(&cx), 20).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "loops", &page.items);
        html(&Index { s, page, table, own: cx.who.is(OUTSIDE) })
    })
    .await
}

async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let page = |cursor: Option<String>| {
            let (cx, asked) = (&cx, Asked { cursor, ..asked(&cx) });
            async move { desk::list(&cx.app, &cx.who, &asked, MAX_LIMIT).await }
        };
        table::exported::<ClosedLoop, _>(&cx, "闭环管理台账", desk::TABLE, page).await
    })
    .await
}

// ---- on the page of an enterprise -------------------------------------------------------------------

/// The closed loops of a subject, as its page sets them.
pub struct Section {
    loops: Vec<ClosedLoop>,
    /// Where one is begun.
    new: Option<String>,
}

impl Section {
    /// For who reaches the subject.
    pub async fn of(cx: &Cx, kind: SubjectKind, id: Uuid) -> Result<Self> {
        let loops = desk::of_subject(&cx.app, &cx.who, id).await?;
        let open = loops.iter().any(|one| one.state != LoopState::Ended);
        let new = (!open && cx.who.is(WRITERS)).then(|| format!("/closed-loops/new?{kind}={id}"));
        Ok(Self { loops, new })
    }

    /// The section.
    pub fn draw<'a>(&'a self, s: &'a Shell) -> Html<Drawn<'a>> {
        HtmlSafeOutput(Drawn { s, section: self })
    }
}

/// The section, drawn.
#[derive(Template)]
#[template(path = "readiness/loop_section.html")]
pub struct Drawn<'a> {
    s: &'a Shell,
    section: &'a Section,
}

// ---- a new one -------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "readiness/loop_new.html")]
struct New {
    s: Shell,
    form: Form,
    /// Field, key and name of whose it is; one's own when there is none.
    of: Option<(&'static str, Uuid, String)>,
    disruptions: Vec<(Uuid, String)>,
}

async fn new_shown(cx: &Cx, form: Form) -> Result<New> {
    let query = Form::parse(cx.request.query.as_bytes());
    let mut tx = cx.read().await?;
    let mut of = None;
    for (kind, field) in [(SubjectKind::Enterprise, "enterprise_id"), (SubjectKind::Project, "project_id")] {
        let key = Uuid::parse_str(form.value(field)).or_else(|_| Uuid::parse_str(query.value(kind.word())));
        if let Some(id) = key.ok().filter(|_| of.is_none()) {
            let named = continuity::desk::reached(&mut tx, &cx.who, kind, id).await?;
            of = Some((field, id, named.short_name));
        }
    }
    let disruptions = continuity::desk::open_disruptions(&mut tx, cx.who.zone_id).await?;
    drop(tx);
    let disruptions = disruptions.into_iter().map(|one| (one.id, one.name)).collect();
    Ok(New { s: Shell::of(cx).await?, form, of, disruptions })
}

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&new_shown(&cx, Form::default()).await?) }).await
}

fn supplies(form: &mut Form) -> Supplies {
    Supplies {
        areas: form.opt_text("areas"),
        beds: form.number("beds"),
        meals: form.number("meals"),
        medicine_days: form.number("medicine_days"),
        party: form.number("party"),
    }
}

async fn new(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let new = NewLoop {
            id: None,
            enterprise_id: form.id("enterprise_id"),
            project_id: form.id("project_id"),
            disruption_id: form.id("disruption_id"),
            reason: form.text("reason"),
            supplies: supplies(&mut form),
        };
        if !form.failed()
            && let Some(id) = made(desk::begin(&cx.app, &cx.who, new).await, &mut form)?
        {
            return Ok(go(&format!("/closed-loops/{id}"), "flash-loop-begun"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &new_shown(&cx, form).await?)
    })
    .await
}

// ---- one of them -------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "readiness/loop.html")]
struct Show {
    s: Shell,
    r: Roster,
    forms: BTreeMap<String, Form>,
    empty: Form,
    taken: Option<Taken>,
}

impl Show {
    fn can(&self, word: &str) -> bool {
        self.r.possible.iter().any(|does| does.word() == word)
    }

    fn form(&self, key: &str) -> &Form {
        self.forms.get(key).unwrap_or(&self.empty)
    }

    fn open(&self, key: &str) -> bool {
        self.forms.get(key).is_some_and(Form::failed)
    }

    /// How a member is called: by name, or by what he is and how many.
    fn called(&self, id: &Uuid) -> String {
        let Some(member) = self.r.members.iter().find(|member| member.id == *id) else {
            return String::new();
        };
        match &member.name {
            Some(name) => format!("{name} {}", member.job),
            None => self.s.with2("loop-unnamed", "job", member.job.as_str(), "n", member.number),
        }
    }

    fn choices(&self) -> Vec<(Uuid, String)> {
        self.r.members.iter().map(|member| (member.id, self.called(&member.id))).collect()
    }

    fn areas(&self) -> Vec<(String, String)> {
        self.r.closed.areas().into_iter().map(|area| (area.clone(), area)).collect()
    }

    fn groups(&self, count: &Count) -> Vec<(&'static str, i64)> {
        vec![("management", count.management), ("technician", count.technician), ("worker", count.worker)]
    }

    fn never_inside(&self, member: &Uuid) -> bool {
        !self.r.stays.iter().any(|stay| stay.member_id == *member)
    }

    /// What tells the form of one interval from those of the others.
    fn key(&self, stay: &Stay) -> String {
        format!("correct-{}", stay.id.simple())
    }

    fn pre(&self, stay: &Stay) -> String {
        format!("-{}", self.key(stay))
    }

    /// The form of an interval: what was typed, or what is known.
    fn stay_form(&self, stay: &Stay) -> Form {
        self.forms.get(&self.key(stay)).cloned().unwrap_or_else(|| {
            Form::filled([
                ("in_at", self.s.field_time(&stay.in_at)),
                ("out_at", stay.out_at.map(|at| self.s.field_time(&at)).unwrap_or_default()),
            ])
        })
    }

    /// Share of those who lead among those inside, in per cent; a dash when nobody is.
    fn share(&self) -> String {
        let count = &self.r.now_inside;
        match count.total {
            0 => self.s.t("dash").into_owned(),
            total => format!("{}%", count.responsible * 100 / total),
        }
    }

    fn column(&self, word: &str) -> String {
        self.s.word("roster", word).into_owned()
    }
}

async fn shown(cx: &Cx, id: Uuid, failed: Option<(String, Form)>, taken: Option<Taken>) -> Result<Show> {
    let s = Shell::of(cx).await?;
    let asked = Form::parse(cx.request.query.as_bytes());
    let at = asked.opt("at").and_then(|text| Time::read(text, &s.time_zone));
    let r = desk::roster(&cx.app, &cx.who, id, at).await?;
    let known = &r.closed;
    let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    let mut forms = BTreeMap::from([(
        "change".to_owned(),
        Form::filled([
            ("areas", known.areas.clone().unwrap_or_default()),
            ("beds", number(known.beds)),
            ("meals", number(known.meals)),
            ("medicine_days", number(known.medicine_days)),
            ("party", number(known.party)),
        ]),
    )]);
    forms.extend(failed);
    Ok(Show { s, r, forms, empty: Form::default(), taken })
}

async fn show(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&shown(&cx, id_of(&id)?, None, None).await?) }).await
}

/// What a form asks for; none where something that it needs is missing.
fn read(form: &mut Form, zone: &jiff::tz::TimeZone) -> Result<Option<LoopAct>> {
    let does = LoopMove::parse(&form.text("action")).ok_or(Error::NotFound)?;
    Ok(Some(match does {
        LoopMove::Change => LoopAct::Change { supplies: supplies(form) },
        LoopMove::Close => LoopAct::Close,
        LoopMove::End => LoopAct::End { reason: form.text("reason") },
        LoopMove::Enlist => LoopAct::Enlist {
            members: vec![NewMember {
                name: form.opt_text("name"),
                phone: form.opt_text("phone"),
                job: form.text("job"),
                crew: form.word("crew", LoopGroup::parse),
                number: form.number("number"),
                responsible: form.on("responsible"),
                planned_on: form.day("planned_on"),
            }],
        },
        LoopMove::Strike => {
            let member = form.id("member_id");
            LoopAct::Strike { member_id: form.need("member_id", member) }
        }
        LoopMove::Enter => LoopAct::Enter {
            member_ids: form.ids("member_ids"),
            area: form.opt_text("area"),
            at: form.time("at", zone),
        },
        LoopMove::Leave => LoopAct::Leave {
            member_ids: form.ids("member_ids"),
            at: form.time("at", zone),
            reason: form.opt_text("reason"),
        },
        LoopMove::Correct => {
            let (stay, from) = (form.id("stay_id"), form.time("in_at", zone));
            LoopAct::Correct {
                stay_id: form.need("stay_id", stay),
                in_at: form.need("in_at", from),
                out_at: form.time("out_at", zone),
                reason: form.text("reason"),
            }
        }
        LoopMove::Shift => {
            let (from, to) = (form.time("starts_at", zone), form.time("ends_at", zone));
            let least = form.number("least");
            LoopAct::Shift {
                label: form.text("label"),
                starts_at: form.need("starts_at", from),
                ends_at: form.need("ends_at", to),
                least: form.need("least", least),
                member_ids: form.ids("member_ids"),
            }
        }
        LoopMove::Unshift => {
            let shift = form.id("shift_id");
            LoopAct::Unshift { shift_id: form.need("shift_id", shift) }
        }
    }))
}

async fn act(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let zone = Shell::of(&cx).await?.time_zone;
        let act = read(&mut form, &zone)?;
        if let (false, Some(act)) = (form.failed(), act)
            && made(desk::act(&cx.app, &cx.who, id, act).await, &mut form)?.is_some()
        {
            return Ok(go(&format!("/closed-loops/{id}"), "flash-loop-done"));
        }
        let key = match Uuid::parse_str(form.value("stay_id")) {
            Ok(stay) => format!("correct-{}", stay.simple()),
            // Going in and out are two buttons of one form.
            Err(_) if form.is("action", "leave") => "enter".to_owned(),
            Err(_) => form.text("action"),
        };
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, Some((key, form)), None).await?)
    })
    .await
}

/// Rows that were pasted, or those of the first sheet of a file.
fn rows_of(form: &mut Form, file: Option<&[u8]>) -> Vec<(usize, Vec<String>)> {
    let Some(bytes) = file else { return cells_of(form.value("rows")) };
    match paper::read(bytes, Limits::default()) {
        Ok(sheets) => {
            let first = sheets.into_iter().find(|sheet| sheet.visible && !sheet.rows.is_empty());
            let rows = first.map(|sheet| sheet.rows).unwrap_or_default();
            rows.into_iter().filter(|row| !row.across).map(|row| (row.number, row.cells)).collect()
        }
        Err(_) => {
            form.add(FieldError::new("rows", "loop_sheet"));
            Vec::new()
        }
    }
}

async fn rows(Path(id): Path<String>, request: Request) -> AfterResult {
    let asked = id.clone();
    let may = move |cx: Cx| async move { desk::roster(&cx.app, &cx.who, id_of(&asked)?, None).await.map(drop) };
    let PostedFiles { cx, mut form, files } = PostedFiles::after(request, may).await?;
    Ok(page::show(cx.lang, async {
        let id = id_of(&id)?;
        let file = files.iter().find(|file| file.field == "file");
        if file.is_some_and(|file| file.bytes.is_none()) {
            form.add(FieldError::new("rows", "loop_sheet"));
        }
        let rows = rows_of(&mut form, file.and_then(|file| file.bytes.as_deref()));
        if !form.failed() {
            match desk::take(&cx.app, &cx.who, id, &rows).await {
                Ok(taken) if taken.faults.is_empty() => {
                    return Ok(go(&format!("/closed-loops/{id}"), "flash-loop-done"));
                }
                // Good rows are in; the others are told, and stay to be mended.
                Ok(taken) => return html(&shown(&cx, id, Some(("rows".to_owned(), form)), Some(taken)).await?),
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, Some(("rows".to_owned(), form)), None).await?)
    })
    .await)
}
