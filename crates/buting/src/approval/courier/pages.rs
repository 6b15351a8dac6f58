use super::desk::{self, Filter};
use super::{Delivery, DeliveryAct, DeliveryState, NewDelivery};
use crate::actor::OFFICE;
use crate::approval::desk::PARTIES;
use crate::approval::pages::refused_page;
use crate::error::{Error, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html};
use crate::http::routes::{Access, Routes};
use crate::http::table::{self, Cell, Piece, Table};
use crate::list::{Column, Order};
use crate::trace::{self, Kind, Trace};
use askama::Template;
use axum::extract::Path;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let parties = Access::only(PARTIES);
    routes
        .get("/deliveries", Access::only(OFFICE), index)
        .get("/deliveries/export", Access::only(OFFICE), export)
        .get("/deliveries/sheet", Access::only(OFFICE), sheet)
        .post("/applications/{id}/address", parties, address)
        .post("/deliveries/{id}", parties, act);
}

const COLUMNS: &[Column] = &[
    Column::new("application", "courier-case", "办件"),
    Column::new("enterprise", "application-enterprise", "企业").plain(),
    Column::new("state", "field-status", "状态").plain(),
    Column::new("parcel", "courier-parcel", "运单号").class("nowrap"),
    Column::new("decided", "application-decided", "决定日期").class("nowrap"),
    Column::new("dispatched", "courier-dispatched", "交寄时间").class("nowrap"),
    Column::new("ended", "courier-ended", "签收时间").class("nowrap"),
    Column::new("days", "courier-days", "决定到送达（天）").number(),
    Column::new("licences", "courier-licences", "证照").hidden().class("wide"),
    Column::new("carrier", "courier-carrier", "承运").hidden(),
    Column::new("proof", "courier-proof", "凭证").hidden().class("wide"),
    Column::new("number", "field-number", "编号").hidden().class("wide nowrap"),
];

impl table::Row for Delivery {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.matter_title
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "application" => {
                Piece::Link(format!("/applications/{}", self.application_id), self.matter_title.clone()).into()
            }
            "enterprise" => self.enterprise_name.clone().into(),
            "state" => {
                let waits = (self.state == DeliveryState::ToPack && !self.ready)
                    .then(|| Piece::Quiet(s.t("courier-not-decided").into_owned()));
                let state = s.word("courier-state", self.state).into_owned();
                Cell::from(Piece::State(state, !self.state.is_open())).and(waits)
            }
            "parcel" => self.parcel_no.clone().map(Piece::Fixed).map(Cell::from).unwrap_or_default(),
            "decided" => self.decided_at.map(|at| s.date(&at)).into(),
            "dispatched" => self.dispatched_at.map(|at| s.date(&at)).into(),
            "ended" => self.ended_at.map(|at| s.date(&at)).into(),
            "days" => self.days().into(),
            "licences" => self.licences.clone().into(),
            "carrier" => self.carrier.clone().into(),
            "proof" => self.proof.clone().into(),
            "number" => Piece::Fixed(self.number.clone()).into(),
            _ => Cell::default(),
        }
    }
}

#[derive(Template)]
#[template(path = "approval/deliveries.html")]
struct Index {
    s: Shell,
    page: Page<Delivery>,
    table: Table,
}

fn asked(cx: &Cx) -> Filter {
    let query = Form::parse(cx.request.query.as_bytes());
    let show = query.value("show");
    Filter {
        state: DeliveryState::parse(show),
        ready: show.is_empty(),
        q: query.opt_text("q"),
        found: None,
        order: Order::read(query.opt("sort"), "-made").unwrap_or_default(),
    }
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let cursor = Form::parse(cx.request.query.as_bytes()).opt_text("cursor");
        let page = desk::deliveries(&cx.app, &cx.who, &asked(&cx), cursor.as_deref(), 20).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "deliveries", &page.items);
        html(&Index { s, page, table })
    })
    .await
}

async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let filter = asked(&cx);
        let page = |cursor: Option<String>| {
            let (cx, filter) = (&cx, &filter);
            async move { desk::deliveries(&cx.app, &cx.who, filter, cursor.as_deref(), MAX_LIMIT).await }
        };
        table::exported::<Delivery, _>(&cx, "证照送达清单", "licence_delivery", page).await
    })
    .await
}

// ---- the list that goes with the courier -------------------------------------------------

#[derive(Template)]
#[template(path = "approval/delivery_sheet.html")]
struct Sheet {
    s: Shell,
    all: Vec<Delivery>,
    today: String,
}

/// What waits for the courier, to be printed and signed.
async fn sheet(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let filter = Filter { ready: true, order: Order::Reversed, ..Filter::default() };
        let page = |cursor: Option<String>| {
            let (cx, filter) = (&cx, &filter);
            async move { desk::deliveries(&cx.app, &cx.who, filter, cursor.as_deref(), MAX_LIMIT).await }
        };
        let mut all = table::every(page).await?;
        // Where it goes is for those who send it; what others send is not on their list.
        all.retain(|one| !one.address.is_empty());
        let traced = Trace::many(Kind::Export, "licence_delivery", all.len());
        trace::note(&cx.app, &cx.who, cx.request.address, traced).await?;
        let s = Shell::of(&cx).await?;
        html(&Sheet { today: s.date(&s.now), all, s })
    })
    .await
}

// ---- on the page of a case ----------------------------------------------------------------

async fn address(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let new = NewDelivery {
            id: None,
            application_id: id,
            recipient: form.text("recipient"),
            phone: form.text("phone"),
            address: form.text("address"),
            consent: form.on("consent"),
        };
        if made(desk::address(&cx.app, &cx.who, new).await, &mut form)?.is_some() {
            return Ok(go(&format!("/applications/{id}"), "flash-application-done"));
        }
        refused_page(&cx, id, "address", form).await
    })
    .await
}

fn read(form: &Form) -> Result<DeliveryAct> {
    let proof = form.text("proof");
    Ok(match form.value("action") {
        "change_address" => DeliveryAct::Address {
            recipient: form.text("recipient"),
            phone: form.text("phone"),
            address: form.text("address"),
        },
        "dispatch" => DeliveryAct::Dispatch {
            carrier: form.text("carrier"),
            parcel_no: form.text("parcel_no"),
            licences: form.text("licences"),
        },
        "courier_end" => match DeliveryState::parse(form.value("outcome")) {
            Some(DeliveryState::Delivered) => DeliveryAct::Arrive { proof },
            Some(DeliveryState::Refused) => DeliveryAct::Refused { proof },
            Some(DeliveryState::Returned) => DeliveryAct::Returned { proof },
            Some(DeliveryState::Lost) => DeliveryAct::Lost { proof },
            _ => return Err(Error::field("outcome", "required")),
        },
        _ => return Err(Error::NotFound),
    })
}

async fn act(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let of = desk::delivery(&cx.app, &cx.who, id).await?.application_id;
        let action = form.text("action");
        let done = match read(&form) {
            Ok(act) => desk::act(&cx.app, &cx.who, id, act).await,
            Err(error) => Err(error),
        };
        if made(done, &mut form)?.is_some() {
            return Ok(go(&format!("/applications/{of}"), "flash-application-done"));
        }
        refused_page(&cx, of, &action, form).await
    })
    .await
}
