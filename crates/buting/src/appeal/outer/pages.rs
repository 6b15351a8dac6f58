use super::super::rows::category_name;
use super::super::{Channel, Urgency, desk as appeals};
use super::desk::{self, KEEPERS, OrdersQuery, Outcome, Proposal};
use super::store::Answer;
use super::{CHANNELS, MOST, Order, Unread, read};
use crate::error::{Error, FieldError, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, PostedFiles};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::problem::wrong_text;
use crate::http::routes::{Access, Routes};
use crate::http::sheet::Format;
use crate::http::table;
use crate::time::{Day, Time};
use crate::trace::{self, Trace};
use askama::Template;
use axum::http::StatusCode;
use paper::Cell;
use uuid::Uuid;

/// Rows of a list: a screen without scrolling.
const ROWS: i64 = 20;

pub fn routes(routes: &mut Routes) {
    let keepers = Access::only(KEEPERS);
    routes
        .get("/appeals/outer", keepers, index)
        .get("/appeals/outer/export", keepers, export)
        .post("/appeals/outer/reported", keepers, report)
        .post("/appeals/outer/read", keepers, read_page)
        .post("/appeals/outer/take", keepers, take);
}

// ---- what is here -----------------------------------------------------------------

#[derive(Template)]
#[template(path = "appeal/outer.html")]
struct Index {
    s: Shell,
    form: Form,
    channels: &'static [Channel],
    stage: String,
    page: Page<Answer>,
}

impl Index {
    async fn of(cx: &Cx, form: Form) -> Result<Self> {
        let query = Form::parse(cx.request.query.as_bytes());
        let stage = stage_of(&query);
        let mut asked = OrdersQuery {
            limit: Some(ROWS),
            cursor: query.opt_text("cursor"),
            sort: query.opt_text("sort"),
            stage: Some(stage.clone()),
        };
        let page = match desk::orders(&cx.app, &cx.who, &asked).await {
            // A cursor or an order of another time, kept in a bookmark: begin anew.
            Err(Error::Invalid(_)) => {
                (asked.cursor, asked.sort) = (None, None);
                desk::orders(&cx.app, &cx.who, &asked).await?
            }
            other => other?,
        };
        Ok(Self { s: Shell::of(cx).await?, form, channels: CHANNELS, stage, page })
    }
}

/// The stage that the page shows: what waits to be answered back, unless asked.
fn stage_of(query: &Form) -> String {
    match query.value("stage") {
        stage @ ("working" | "reported") => stage.to_owned(),
        _ => "ready".to_owned(),
    }
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let form = Form::filled([("channel", Channel::Hotline12345.word().to_owned())]);
        html(&Index::of(&cx, form).await?)
    })
    .await
}

/// The head of the sheet that goes back to the platform.
const HEAD: &[&str] = &[
    "工单编号",
    "承办单位",
    "企业名称",
    "诉求标题",
    "办理状态",
    "办理结果",
    "答复内容",
    "答复时间",
    "平台时限",
    "内部编号",
];

/// What the page shows, as the sheet that platforms take.
async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let (sort, stage) = (query.opt_text("sort"), stage_of(&query));
        let format = Format::read(query.value("format"));
        let asking = &cx;
        let page = |cursor| {
            let asked = OrdersQuery { limit: Some(MAX_LIMIT), cursor, sort: sort.clone(), stage: Some(stage.clone()) };
            async move { desk::orders(&asking.app, &asking.who, &asked).await }
        };
        let all = table::every(page).await?;
        let s = Shell::of(&cx).await?;
        let rows: Vec<Vec<Cell>> = all.iter().map(|one| cells(&s, one)).collect();
        let trace = Trace::many(trace::Kind::Export, "outer_order", rows.len());
        trace::note(&cx.app, &cx.who, cx.request.address, trace).await?;
        let bytes = format.write("工单答复", HEAD, &rows)?;
        format.answer("工单答复", bytes)
    })
    .await
}

fn cells(s: &Shell, one: &Answer) -> Vec<Cell> {
    let text = |text: Option<&str>| Cell::Text(text.unwrap_or_default().to_owned());
    vec![
        text(Some(&one.outer_number)),
        text(one.department.as_deref()),
        text(one.subject.as_deref()),
        text(Some(&one.title)),
        Cell::Text(s.word("appeal-status", one.status).into_owned()),
        Cell::Text(one.result.map(|result| s.word("result", result).into_owned()).unwrap_or_default()),
        text(one.answer.as_deref()),
        Cell::Text(one.ready_at.map(|at| s.datetime(&at)).unwrap_or_default()),
        Cell::Text(one.due_on.map(|day| day.to_string()).unwrap_or_default()),
        text(Some(&one.number)),
    ]
}

async fn report(Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let ids: Vec<Uuid> = form.all("appeals").iter().filter_map(|id| Uuid::parse_str(id).ok()).collect();
        if ids.is_empty() {
            return Ok(go("/appeals/outer", "flash-outer-none"));
        }
        let seen = form.value("seen").parse().ok().map(Time::from_ms);
        desk::report(&cx.app, &cx.who, &ids, seen).await?;
        Ok(go("/appeals/outer", "flash-outer-reported"))
    })
    .await
}

// ---- what comes in ----------------------------------------------------------------

/// An order on the form: what is proposed for it, and what was wrong with it.
struct Row {
    proposal: Proposal,
    /// Whether it is to be taken in.
    wanted: bool,
    errors: Vec<String>,
}

#[derive(Template)]
#[template(path = "appeal/outer_take.html")]
struct Take {
    s: Shell,
    channel: Channel,
    rows: Vec<Row>,
    categories: Vec<(String, String)>,
    urgencies: &'static [Urgency],
    /// How many of the same post are appeals now.
    taken: usize,
}

impl Take {
    async fn of(cx: &Cx, channel: Channel, rows: Vec<Row>, taken: usize) -> Result<Self> {
        let categories = appeals::categories(&mut cx.read().await?, cx.who.zone_id).await?;
        let named = categories.iter().map(|c| (c.key.clone(), category_name(cx.lang, &categories, &c.key))).collect();
        Ok(Self { s: Shell::of(cx).await?, channel, rows, categories: named, urgencies: Urgency::ALL, taken })
    }

    /// How many can be taken in.
    fn to_take(&self) -> usize {
        self.rows.iter().filter(|row| row.proposal.known.is_none()).count()
    }

    fn urgent(&self, row: &Row, urgency: &Urgency) -> bool {
        row.proposal.order.urgency.unwrap_or(Urgency::Normal) == *urgency
    }

    fn of_category(&self, row: &Row, key: &str) -> bool {
        row.proposal.order.category.as_deref().unwrap_or("other") == key
    }
}

/// Reads a sheet or a pasted text and shows what it holds; nothing is kept yet.
async fn read_page(PostedFiles { cx, mut form, files }: PostedFiles) -> PageResult {
    page::show(cx.lang, async {
        let channel = channel_of(&mut form);
        let file = files.into_iter().find(|file| file.field == "file");
        let field = if file.is_some() { "file" } else { "pasted" };
        let bytes = match file {
            Some(file) => file.bytes.map(|bytes| bytes.to_vec()),
            None => Some(form.value("pasted").as_bytes().to_vec()),
        };
        let orders = match bytes {
            // Reading a workbook keeps a core busy for a while.
            Some(bytes) => tokio::task::spawn_blocking(move || read(&bytes))
                .await
                .map_err(|error| Error::Internal(format!("reading orders ended: {error}")))?
                .map_err(|why| unread(field, &why)),
            None => Err(FieldError::new(field, "outer_file")),
        };
        match orders {
            Ok(orders) => {
                let proposals = desk::propose(&cx.app, &cx.who, channel, orders).await?;
                let rows =
                    proposals.into_iter().map(|proposal| Row { proposal, wanted: true, errors: Vec::new() }).collect();
                html(&Take::of(&cx, channel, rows, 0).await?)
            }
            Err(error) => {
                form.add(error);
                html_with(StatusCode::UNPROCESSABLE_ENTITY, &Index::of(&cx, form).await?)
            }
        }
    })
    .await
}

/// The platform that a form names; the hotline when it names none.
fn channel_of(form: &mut Form) -> Channel {
    let named = form.word("channel", Channel::parse).filter(|channel| CHANNELS.contains(channel));
    named.unwrap_or(Channel::Hotline12345)
}

fn unread(field: &str, why: &Unread) -> FieldError {
    match why {
        Unread::TooMany(n) => FieldError::new(field, "outer_too_many").with("n", n).with("max", MOST),
        Unread::NoOrders => FieldError::new(field, "outer_no_orders"),
        Unread::File(paper::ReadError::Empty) => FieldError::new(field, "required"),
        Unread::File(_) => FieldError::new(field, "outer_file"),
    }
}

/// Takes in what was ticked. What is refused comes back as it was typed, with why.
async fn take(PostedFiles { cx, mut form, .. }: PostedFiles) -> PageResult {
    page::show(cx.lang, async {
        let channel = channel_of(&mut form);
        let (mut left, mut wrong, mut taken, mut refused) = (Vec::new(), Vec::new(), 0, false);
        let again = form.is("as", "check");
        for n in (0..form.all("outer_number").len()).take(MOST) {
            let order = order_of(&form, n);
            let wanted = form.has("take", n);
            if again || !wanted {
                left.push(order);
                wrong.push((wanted, Vec::new()));
                continue;
            }
            match desk::take(&cx.app, &cx.who, channel, &order).await {
                Ok(Outcome::Taken(_) | Outcome::Known(_)) => taken += 1,
                Err(Error::Invalid(errors)) => {
                    refused = true;
                    left.push(order);
                    let said = |error: &FieldError| page::labelled(cx.lang, &error.field, wrong_text(cx.lang, error));
                    wrong.push((true, errors.iter().map(said).collect()));
                }
                Err(other) => return Err(other),
            }
        }
        if !refused && !again {
            let flash = if taken > 0 { "flash-outer-taken" } else { "flash-outer-none" };
            return Ok(go(if taken > 0 { "/appeals?view=queue" } else { "/appeals/outer" }, flash));
        }
        let proposals = desk::propose(&cx.app, &cx.who, channel, left).await?;
        let row = |(proposal, (wanted, errors))| Row { proposal, wanted, errors };
        let rows = proposals.into_iter().zip(wrong).map(row).collect();
        let status = if again { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        html_with(status, &Take::of(&cx, channel, rows, taken).await?)
    })
    .await
}

fn order_of(form: &Form, n: usize) -> Order {
    let opt = |name: &str| Some(form.nth(name, &n).trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    Order {
        outer_number: form.nth("outer_number", &n).to_owned(),
        title: opt("title"),
        body: form.nth("body", &n).to_owned(),
        subject: form.nth("subject", &n).to_owned(),
        category: opt("category"),
        urgency: Urgency::parse(form.nth("urgency", &n)),
        caller: opt("caller"),
        caller_phone: opt("caller_phone"),
        due_on: Day::read(form.nth("due_on", &n)),
    }
}
