use super::desk::{self, ItemFilter};
use super::{Item, ItemKind, ItemState, Recheck};
use crate::actor::OFFICE;
use crate::continuity::desk::urgency;
use crate::error::{Error, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::table::{self, Cell, Piece, Table};
use crate::list::{Column, Order};
use crate::visit::desk::{READERS, RECORDERS};
use crate::visit::pages::{Typed, visit_page};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let recorders = Access::only(RECORDERS);
    routes
        .get("/visits/items", Access::only(READERS), items)
        .get("/visits/items/export", Access::only(OFFICE), export)
        .post("/visits/items/{id}/check", recorders, check)
        .post("/visits/items/{id}/withdraw", recorders, withdraw)
        .post("/visits/items/{id}/give", recorders, give);
}

#[derive(Template)]
#[template(path = "visit/items.html")]
struct ItemsPage {
    s: Shell,
    page: Page<Item>,
    table: Table,
}

/// The columns of the list.
const ITEMS: &[Column] = &[
    Column::new("text", "item-text", "事项"),
    Column::new("subject", "continuity-subject", "对象").plain(),
    Column::new("kind", "visit-kind", "类型").plain(),
    Column::new("due", "item-due", "整改期限").sorted().plain(),
    Column::new("owner", "item-owner", "跟进人"),
    Column::new("state", "continuity-state", "状态").plain(),
    Column::new("note", "item-note", "复查情况").class("wide"),
    Column::new("checked", "item-checked", "复查日期").hidden().class("nowrap"),
    Column::new("visit", "number", "走访编号").hidden().class("wide nowrap"),
];

impl table::Row for Item {
    const COLUMNS: &'static [Column] = ITEMS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.text
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "text" => Piece::Link(format!("/visits/{}#item-{}", self.visit_id, self.id), self.text.clone()).into(),
            "subject" => self.subject_name.clone().into(),
            "kind" => s.word("visit-item", self.kind).into(),
            "due" if self.is_open() => Piece::Due(self.due_at, urgency(self.due_at, s.now)).into(),
            "due" => self.due_at.into(),
            "owner" => self.owner_name.clone().into(),
            "state" => Piece::State(s.word("item-state", self.state()).into_owned(), false).into(),
            "note" => self.check_note.clone().into(),
            "checked" => self.checked_at.or(self.withdrawn_at).map(|at| s.date(&at)).into(),
            "visit" => self.visit_number.clone().into(),
            _ => Cell::default(),
        }
    }
}

/// What the query of the list asks.
fn asked(cx: &Cx) -> ItemFilter {
    let query = Form::parse(cx.request.query.as_bytes());
    let show = query.value("show");
    let state = match show {
        "overdue" => None,
        show => Some(ItemState::parse(show).unwrap_or(ItemState::Open)),
    };
    ItemFilter {
        kind: query.opt("kind").and_then(ItemKind::parse).filter(|kind| *kind != ItemKind::Answer),
        state,
        overdue_at: (show == "overdue").then(|| cx.now()),
        owner_id: cx.who.person_id.filter(|_| show == "mine"),
        q: query.opt_text("q"),
        order: Order::read(query.opt("sort"), "due").unwrap_or_default(),
        ..ItemFilter::default()
    }
}

async fn items(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let cursor = Form::parse(cx.request.query.as_bytes()).opt_text("cursor");
        let page = desk::items(&cx.app, &cx.who, &asked(&cx), cursor.as_deref(), 20).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "visit-items-list", &page.items);
        html(&ItemsPage { s, page, table })
    })
    .await
}

/// What the page shows as a file.
async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let filter = asked(&cx);
        let page = |cursor: Option<String>| {
            let (cx, filter) = (&cx, &filter);
            async move { desk::items(&cx.app, &cx.who, filter, cursor.as_deref(), MAX_LIMIT).await }
        };
        table::exported::<Item, _>(&cx, "要求隐患清单", "visit_item", page).await
    })
    .await
}

/// Back to the visit that the item is of, or, where something does not hold, its page
/// with what was typed.
async fn back(
    cx: &Cx,
    headers: &HeaderMap,
    id: Uuid,
    mut form: Form,
    done: Result<Uuid>,
    flash: &'static str,
) -> Result<Response> {
    if let Some(visit) = made(done, &mut form)? {
        return Ok(go(&format!("/visits/{visit}"), flash));
    }
    let visit = desk::visit_of(&mut cx.read().await?, &cx.who, id).await?;
    let typed = Typed { item: Some((id, form)), ..Typed::default() };
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &visit_page(cx, headers, visit, typed).await?)
}

async fn check(Path(id): Path<String>, headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let zone = Shell::of(&cx).await?.time_zone;
        let held = form.on("held");
        // What holds needs no new day, whatever the field says.
        let day = if held { None } else { form.day("due_at") };
        let found = Recheck { held, note: form.opt_text("note"), due_at: day.map(|day| day.last(&zone)) };
        let done = match form.faults() {
            faults if faults.is_empty() => desk::check(&cx.app, &cx.who, id, found).await,
            faults => Err(Error::Invalid(faults)),
        };
        back(&cx, &headers, id, form, done, "flash-item-checked").await
    })
    .await
}

async fn withdraw(Path(id): Path<String>, headers: HeaderMap, Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let done = desk::withdraw(&cx.app, &cx.who, id, &form.text("note")).await;
        back(&cx, &headers, id, form, done, "flash-item-withdrawn").await
    })
    .await
}

async fn give(Path(id): Path<String>, headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let owner = form.id("owner_id").ok_or_else(|| Error::field("owner_id", "required"));
        form.faults();
        let done = match owner {
            Ok(owner) => desk::give(&cx.app, &cx.who, id, owner).await,
            Err(error) => Err(error),
        };
        back(&cx, &headers, id, form, done, "flash-item-given").await
    })
    .await
}
