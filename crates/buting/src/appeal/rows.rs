//! Rows of the list of appeals, as its page and its files show them.

use super::desk::Filter;
use super::policy::Category;
use super::record::Line;
use super::store::Extra;
use super::{Urgency, desk};
use crate::actor::Actor;
use crate::app::App;
use crate::clock;
use crate::error::Result;
use crate::http::api::MAX_LIMIT;
use crate::http::page::Shell;
use crate::http::table::{self, CHUNK, Cell, Piece, Row};
use crate::list::{Column, Columns};
use crate::text::Lang;
use almanac::Light;
use uuid::Uuid;

/// The columns of the list.
const COLUMNS: &[Column] = &[
    Column::new("title", "field-title", "问题描述"),
    Column::new("number", "field-number", "编号").class("wide nowrap"),
    Column::new("subject", "appeal-subject", "企业名称").plain(),
    Column::new("uscc", "field-uscc", "统一社会信用代码").hidden().class("nowrap"),
    Column::new("channel", "field-channel", "来源").hidden(),
    Column::new("kind", "field-kind", "诉求类型").hidden(),
    Column::new("category", "field-category", "问题类别").class("wide"),
    Column::new("urgency", "field-urgency", "紧急程度").hidden(),
    Column::new("body", "field-body", "企业期望").hidden().class("wide"),
    Column::new("leader", "duty-lead_leader", "包联领导").hidden(),
    Column::new("lead", "field-lead", "牵头单位").hidden(),
    Column::new("assist", "field-assist", "配合单位").hidden(),
    Column::new("handler", "appeal-column-handler", "责任人及电话").hidden(),
    Column::new("answer", "appeal-column-answer", "解决措施").hidden().class("wide"),
    Column::new("dispatched", "appeal-column-dispatched", "交办日期").hidden().class("nowrap"),
    Column::new("status", "field-status", "状态").plain(),
    Column::new("due", "appeal-due", "办理时限").sorted().plain(),
    Column::new("light", "appeal-column-light", "亮灯").hidden(),
    Column::new("extended", "appeal-column-extended", "是否延期").hidden(),
    Column::new("holder", "appeal-held-by", "当前进展"),
    Column::new("registered", "appeal-column-registered", "提出日期").hidden().class("nowrap"),
    Column::new("created", "field-created", "提出时间").sorted().class("wide nowrap"),
    Column::new("answered", "appeal-column-answered", "办结日期").hidden().class("nowrap"),
    Column::new("result", "field-result", "办理结果").hidden(),
    Column::new("went_on", "appeal-went-on", "期间生产经营").hidden(),
    Column::new("stopped", "field-stopped_hours", "停产停工停运（小时）").hidden().number(),
    Column::new("solution", "solution-chosen", "选定方案").hidden().class("wide"),
    Column::new("rating", "field-rating", "企业评价").hidden(),
    Column::new("visited", "appeal-column-visited", "回访日期").hidden().class("nowrap"),
    Column::new("closed", "appeal-column-closed", "销号日期").hidden().class("nowrap"),
];

/// What those outside are shown: their own, without what is the office's.
const OUTSIDE: &[&str] = &["title", "number", "category", "status", "due", "holder", "created"];

/// Columns that ask for more than a line.
const EXTRAS: &[&str] = &[
    "uscc",
    "body",
    "leader",
    "assist",
    "handler",
    "answer",
    "dispatched",
    "extended",
    "visited",
    "went_on",
    "stopped",
    "solution",
];

/// The columns of the problem ledger (问题台账), as offices file it: heading, and the
/// column of the list that holds it. The first counts the rows, the last is for notes by hand.
pub const LEDGER: &[(&str, &str)] = &[
    ("序号", ""),
    ("编号", "number"),
    ("提出日期", "registered"),
    ("企业名称", "subject"),
    ("统一社会信用代码", "uscc"),
    ("来源", "channel"),
    ("问题类别", "category"),
    ("问题描述", "title"),
    ("企业期望", "body"),
    ("包联领导", "leader"),
    ("牵头单位", "lead"),
    ("配合单位", "assist"),
    ("责任人及电话", "handler"),
    ("解决措施", "answer"),
    ("交办日期", "dispatched"),
    ("办理时限", "due_on"),
    ("当前进展", "holder"),
    ("状态", "status"),
    ("亮灯", "light"),
    ("是否延期", "extended"),
    ("办结日期", "answered"),
    ("办理结果", "result"),
    ("企业评价", "rating"),
    ("回访日期", "visited"),
    ("销号日期", "closed"),
    ("备注", ""),
];

/// The name of a category in a language.
pub fn category_name(lang: Lang, categories: &[Category], key: &str) -> String {
    let own = categories.iter().find(|c| c.key == key).and_then(|c| c.name.clone());
    own.unwrap_or_else(|| lang.word("category", key).into_owned())
}

/// A line with what the list says about it.
pub struct Shown {
    /// The line.
    pub line: Line,
    light: Light,
    /// The zone's own name of its category.
    category: Option<String>,
    extra: Option<Extra>,
}

/// The columns for a reader outside the office.
pub fn outside() -> Columns {
    let words: Vec<String> = OUTSIDE.iter().map(|word| (*word).to_owned()).collect();
    Columns::read(COLUMNS, &words)
}

/// Whether one of these columns asks for more than a line.
pub fn wants_extras(columns: &Columns) -> bool {
    EXTRAS.iter().any(|word| columns.has(word))
}

/// Lines as rows; with what the ledger holds beyond a line, for the office.
pub async fn shown(app: &App, who: &Actor, lines: Vec<Line>, extras: bool) -> Result<Vec<Shown>> {
    let mut rows = Vec::with_capacity(lines.len());
    let (calendar, categories) = {
        let mut tx = app.read().await?;
        (clock::calendar(&mut tx, who.zone_id).await?, desk::categories(&mut tx, who.zone_id).await?)
    };
    let now = app.now();
    let mut lines = lines.into_iter().peekable();
    while lines.peek().is_some() {
        let some: Vec<Line> = lines.by_ref().take(CHUNK).collect();
        let ids: Vec<Uuid> = some.iter().map(|line| line.id).collect();
        let mut more = if extras { desk::extras(app, who, &ids).await? } else { Default::default() };
        rows.extend(some.into_iter().map(|line| Shown {
            light: line.light(now, &calendar),
            category: categories.iter().find(|c| c.key == line.category).and_then(|c| c.name.clone()),
            extra: more.remove(&line.id),
            line,
        }));
    }
    Ok(rows)
}

impl Row for Shown {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn id(&self) -> Uuid {
        self.line.id
    }

    fn name(&self) -> &str {
        &self.line.title
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        let (line, extra) = (&self.line, self.extra.as_ref());
        let open = line.status.is_open();
        // Whose it is stays hidden: so does what would tell.
        let named = extra.filter(|_| line.subject_name().is_some());
        let day = |at: Option<crate::time::Time>| at.map(|at| s.date(&at));
        match column {
            "title" => {
                let pressing = (line.urgency != Urgency::Normal)
                    .then(|| Piece::Urgency(line.urgency.to_string(), s.word("urgency", line.urgency).into_owned()));
                Cell::from(Piece::Link(format!("/appeals/{}", line.id), line.title.clone())).beside(pressing)
            }
            "number" => line.number.clone().into(),
            "subject" => match line.subject_name() {
                Some(name) => name.into(),
                None => Piece::Quiet(s.t("appeal-hidden").into_owned()).into(),
            },
            "uscc" => named.and_then(|extra| extra.uscc.clone()).into(),
            "channel" => s.word("channel", line.channel).into(),
            "kind" => s.word("appeal-kind", line.kind).into(),
            "category" => match &self.category {
                Some(name) => name.clone().into(),
                None => s.word("category", &line.category).into(),
            },
            "urgency" => s.word("urgency", line.urgency).into(),
            "body" => extra.map(|extra| extra.body.clone()).into(),
            "leader" => named.and_then(|extra| extra.leader.clone()).into(),
            "lead" => line.lead_department_name.clone().into(),
            "assist" => extra.and_then(|extra| extra.assist.clone()).into(),
            "handler" => Cell::from(line.handler_name.clone())
                .and(extra.and_then(|extra| extra.handler_phone.clone()).map(Piece::Phone)),
            "answer" => extra.and_then(|extra| extra.answer.clone()).into(),
            "dispatched" => day(extra.and_then(|extra| extra.dispatched_at)).into(),
            "status" => Piece::State(s.word("appeal-status", line.status).into_owned(), !open).into(),
            "due" => Piece::Due(line.due_at, self.light).into(),
            "due_on" => day(line.due_at).into(),
            "light" => Piece::light(s, &self.light).into(),
            "extended" => s.t(if extra.is_some_and(|extra| extra.extended_days > 0) { "yes" } else { "no" }).into(),
            "holder" if open => {
                let holder = line.holder_name.clone();
                let holder = holder.unwrap_or_else(|| s.word("holder", line.holder.word()).into_owned());
                Cell::from(holder).and(line.handler_name.clone().map(Piece::Quiet))
            }
            "registered" => day(line.registered_at).into(),
            "created" => line.created_at.into(),
            "answered" => day(line.answered_at).into(),
            "result" => line.result.map(|result| s.word("result", result)).into(),
            "went_on" => extra.and_then(|extra| extra.production_continued).map(|went| s.word("went-on", went)).into(),
            "stopped" => extra.and_then(|extra| extra.stopped_hours).into(),
            "solution" => extra.and_then(|extra| extra.solution.clone()).into(),
            "rating" => line.rating.map(|n| s.word("rating", n)).into(),
            "visited" => day(extra.and_then(|extra| extra.visited_at)).into(),
            "closed" => day(line.closed_at).into(),
            _ => Cell::default(),
        }
    }
}

/// A list as words alone, to be set on paper.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its columns: word, and head.
    pub heads: Vec<(&'static str, &'static str)>,
    /// What stands in them.
    pub rows: Vec<Vec<String>>,
    /// Whether it tells who complains about a department.
    pub secret: bool,
}

/// The list that the filters and columns of `s` ask for, as its reader sees it; none when
/// it has more rows than `most`.
pub async fn listed(app: &App, who: &Actor, s: &Shell, most: usize) -> Result<Option<Listed>> {
    let filter = Filter { limit: MAX_LIMIT, cursor: None, ..super::pages::filter_of(who, &s.query) };
    let (mut lines, mut cursor) = (Vec::new(), None);
    loop {
        let page = desk::list(app, who, &Filter { cursor, ..filter.clone() }).await?;
        lines.extend(page.items);
        cursor = page.next_cursor;
        if lines.len() > most {
            return Ok(None);
        }
        if cursor.is_none() {
            break;
        }
    }
    let secret = lines.iter().any(|line| line.accused_department_id.is_some() && line.subject_name().is_some());
    let columns = table::columns::<Shown>(s);
    let rows = shown(app, who, lines, wants_extras(&columns)).await?;
    let said = |cell: Cell| match cell.of_file(s) {
        paper::Cell::Text(text) => text,
        paper::Cell::Number(n) => n.to_string(),
        paper::Cell::Empty => String::new(),
    };
    Ok(Some(Listed {
        heads: columns.shown().map(|column| (column.word, column.head)).collect(),
        rows: rows.iter().map(|row| columns.shown().map(|c| said(row.cell(c.word, s))).collect()).collect(),
        secret,
    }))
}
