//! What each kind of document says, from the records that it is made of. Pure. Documents
//! are Chinese, whoever asks for them: `s` speaks Chinese and knows the zone's time.

use super::{Kind, MOST_COLUMNS};
use crate::appeal::desk::Record;
use crate::appeal::record::WorkOrder;
use crate::appeal::rows::Listed;
use crate::appeal::{OrderKind, OrderStatus};
use crate::clock::{ClockKind, Explanation, limit_words};
use crate::http::page::Shell;
use crate::readiness::plan::{ReadyItem, ReadyItemKind, ReadyRecord};
use crate::settings::VisitBlock;
use crate::time::{Day, Time};
use crate::visit::{Item, Visit};
use paper::document::{Block, Column, Document, Fact};

/// Who issues, and when.
pub struct Desk {
    /// The office in full.
    pub office: String,
    /// The day.
    pub day: Day,
    /// The instant.
    pub at: Time,
    /// Who issues it, by name.
    pub person: String,
    /// That person's department's telephone.
    pub phone: Option<String>,
}

/// What a supervision order adds to the record.
pub struct Demand {
    /// Why there is one.
    pub why: String,
    /// What is demanded.
    pub text: String,
    /// The day of the reply.
    pub reply_on: Day,
}

fn document(desk: &Desk, kind: Kind, blocks: Vec<Block>) -> Document {
    Document {
        office: desk.office.clone(),
        title: kind.title().to_owned(),
        number: None,
        earlier: None,
        day: desk.day.0,
        made_at: desk.at.stamp(),
        wide: kind == Kind::Ledger,
        blocks,
        mark: None,
        verify: None,
    }
}

fn table(name: &str, columns: &[(&str, u8)], rows: Vec<Vec<String>>) -> Block {
    let columns = columns.iter().map(|(head, share)| Column { head: (*head).to_owned(), share: *share }).collect();
    Block::Table { name: name.to_owned(), columns, rows }
}

fn heading(text: &str) -> Block {
    Block::Heading { text: text.to_owned() }
}

fn when(s: &Shell, at: Option<Time>) -> String {
    at.map(|at| s.datetime(&at)).unwrap_or_default()
}

/// The orders that stand, the lead's first.
fn standing(r: &Record) -> Vec<&WorkOrder> {
    let mut orders: Vec<&WorkOrder> = r.orders.iter().filter(|w| w.status != OrderStatus::Cancelled).collect();
    orders.sort_by_key(|w| w.kind != OrderKind::Lead);
    orders
}

/// The order to the department that leads.
pub fn lead(r: &Record) -> Option<&WorkOrder> {
    r.orders.iter().rfind(|w| w.kind == OrderKind::Lead && w.status != OrderStatus::Cancelled)
}

fn subject(s: &Shell, r: &Record) -> String {
    r.line.subject_name().map_or_else(|| s.t("appeal-hidden").into_owned(), str::to_owned)
}

/// Why something is due when it is due, in a line: how much time there is, and the days
/// that do not count, each with the reason.
fn why(s: &Shell, due: &Explanation) -> String {
    let mut parts = vec![limit_words(s.lang, &due.clock.limit())];
    let lines = due.lines(s).into_iter().filter(|line| !line.counted);
    parts.extend(lines.map(|line| format!("{} {}", line.days, line.why)));
    parts.extend(due.extensions(s));
    parts.extend(due.clock.provisional.then(|| s.t("due-provisional").into_owned()));
    parts.join("；")
}

fn from(desk: &Desk) -> [Fact; 2] {
    [Fact::new("签发人", desk.person.as_str()), Fact::new("联系电话", desk.phone.clone().unwrap_or_default())]
}

/// What is filled in by who got it.
fn reply(evidence: bool) -> Block {
    let mut facts = vec![Fact::room("办理情况及结果", 6)];
    if evidence {
        facts.push(Fact::room("佐证材料", 2));
    }
    facts.extend([Fact::new("负责人签字", ""), Fact::new("反馈日期", "")]);
    Block::Facts { facts }
}

/// 交办单: to the department that leads and those that assist.
pub fn hand_over(s: &Shell, desk: &Desk, r: &Record, category: &str) -> Document {
    let orders = standing(r);
    let (to, copies): (Vec<_>, Vec<_>) = orders.iter().partition(|w| w.kind == OrderKind::Lead);
    let names = |of: &[&&WorkOrder]| of.iter().map(|w| w.department_name.clone()).collect::<Vec<_>>();
    let lead = lead(r);
    let mut facts = vec![
        Fact::new("诉求编号", r.appeal.number.as_str()),
        Fact::new("工单编号", lead.map_or("", |w| w.number.as_str())),
        Fact::new("主送单位", names(&to.iter().collect::<Vec<_>>()).join("、")),
        Fact::new("抄送单位", names(&copies.iter().collect::<Vec<_>>()).join("、")),
        Fact::wide("事项名称", r.appeal.title.as_str()),
        Fact::new("诉求主体", subject(s, r)),
        Fact::new("问题类别", category),
        Fact::new("诉求来源", s.word("channel", r.appeal.channel)),
        Fact::new("紧急程度", s.word("urgency", r.appeal.urgency)),
        Fact::new("交办时间", when(s, lead.map(|w| w.sent_at))),
        Fact::new(
            "办理时限",
            r.appeal.due_at.map_or_else(|| s.t("due-standing-still").into_owned(), |at| s.datetime(&at)),
        ),
        Fact::wide("诉求内容", r.appeal.body.as_str()),
        Fact::wide("办理要求", demand_of(lead)),
    ];
    facts.extend(from(desk));
    let mut blocks = vec![Block::Facts { facts }];
    let mut dues: Vec<&Explanation> = r.dues.iter().collect();
    dues.sort_by_key(|due| due.clock.due_at);
    let dues: Vec<Vec<String>> = dues
        .iter()
        .filter(|due| {
            matches!(due.clock.kind, ClockKind::Sign | ClockKind::Answer | ClockKind::Finish | ClockKind::Assist)
        })
        .map(|due| {
            let order = orders.iter().find(|w| w.id == due.clock.owner_id);
            let whose =
                order.map_or_else(|| names(&to.iter().collect::<Vec<_>>()).join("、"), |w| w.department_name.clone());
            vec![s.word("clock", due.clock.kind).into_owned(), whose, when(s, due.clock.due_at), why(s, due)]
        })
        .collect();
    if !dues.is_empty() {
        blocks.push(heading("一、时限及计算"));
        blocks.push(table("时限及计算", &[("时限", 3), ("单位", 3), ("到期时间", 4), ("计算说明", 8)], dues));
    }
    if !copies.is_empty() {
        let rows = copies
            .iter()
            .map(|w| {
                vec![
                    w.department_name.clone(),
                    s.word("order-kind", w.kind).into_owned(),
                    w.instruction.clone(),
                    when(s, w.due_at),
                ]
            })
            .collect();
        blocks.push(heading("二、配合单位分工"));
        blocks.push(table("配合单位分工", &[("单位", 3), ("职责", 2), ("要求", 8), ("办理时限", 4)], rows));
    }
    blocks.push(Block::Seal);
    blocks.push(heading("办理反馈（由主送单位填写）"));
    blocks.push(reply(true));
    blocks.push(Block::Sign { labels: vec!["签收人".to_owned()] });
    document(desk, Kind::HandOver, blocks)
}

/// What the lead is told to do, and what every department is.
fn demand_of(lead: Option<&WorkOrder>) -> String {
    const ALWAYS: &str = "请在时限内签收、核实、办理，并向企业和总协调室反馈。";
    match lead.map(|w| w.instruction.trim()).filter(|text| !text.is_empty()) {
        Some(text) => format!("{text}\n{ALWAYS}"),
        None => ALWAYS.to_owned(),
    }
}

/// 督办单: what was asked, by when, who has it, and what is demanded now.
pub fn supervision(s: &Shell, desk: &Desk, r: &Record, demand: &Demand) -> Document {
    let lead = lead(r);
    let to = lead.map_or_else(String::new, |w| w.department_name.clone());
    let handler = r.line.handler_name.clone().unwrap_or_default();
    let mut facts = vec![
        Fact::new("诉求编号", r.appeal.number.as_str()),
        Fact::new("工单编号", lead.map_or("", |w| w.number.as_str())),
        Fact::wide("事项名称", r.appeal.title.as_str()),
        Fact::new("诉求主体", subject(s, r)),
        Fact::new("责任单位", to.as_str()),
        Fact::new("承办人", handler),
        Fact::new("办理状态", s.word("appeal-status", r.appeal.status)),
        Fact::new("交办时间", when(s, lead.map(|w| w.sent_at))),
        Fact::new(
            "办理时限",
            r.appeal.due_at.map_or_else(|| s.t("due-standing-still").into_owned(), |at| s.datetime(&at)),
        ),
        Fact::wide("诉求内容", r.appeal.body.as_str()),
        Fact::wide("原交办要求", demand_of(lead)),
        Fact::wide("督办事由", demand.why.as_str()),
        Fact::wide("督办要求", demand.text.as_str()),
        Fact::wide("反馈期限", format!("{}前书面反馈", chinese(demand.reply_on))),
    ];
    facts.extend(from(desk));
    let text = format!("{}（{}）现予督办，请按下列要求办理并按期反馈。", r.appeal.title, r.appeal.number);
    document(
        desk,
        Kind::Supervision,
        vec![
            Block::To { names: vec![to] },
            Block::Text { text },
            Block::Facts { facts },
            Block::Seal,
            heading("督办反馈（由责任单位填写）"),
            reply(false),
        ],
    )
}

/// A day as documents say it.
fn chinese(day: Day) -> String {
    format!("{}年{}月{}日", day.0.year(), day.0.month(), day.0.day())
}

/// 走访记录: one visit with all that came of it, to be signed by both sides. Notes and
/// ratings are the office's own and do not stand on it.
pub fn visit_record(s: &Shell, desk: &Desk, v: &Visit, blocks: &[VisitBlock]) -> Document {
    let joined = |all: Vec<String>| all.join("、");
    let visitors = v.visitors.iter().map(|one| match &one.department_name {
        Some(department) => format!("{}（{department}）", one.name),
        None => one.name.clone(),
    });
    let hosts = v.hosts.iter().map(|one| match &one.title {
        Some(title) => format!("{}（{title}）", one.name),
        None => one.name.clone(),
    });
    let mut out = vec![Block::Facts {
        facts: vec![
            Fact::new("走访编号", v.number.as_str()),
            Fact::new("走访对象", v.subject_name.as_str()),
            Fact::new("走访时间", s.datetime(&v.happened_at)),
            Fact::new("走访方式", s.word("visit-channel", v.channel)),
            Fact::new("走访类型", s.word("visit-kind", v.kind)),
            Fact::new("走访结果", s.word("visit-outcome", v.outcome)),
            Fact::wide("走访人员", joined(visitors.collect())),
            Fact::wide("对方参加人员", joined(hosts.collect())),
        ],
    }];
    let mut sections = 0;
    let mut section = |out: &mut Vec<Block>, name: &str, columns: &[(&str, u8)], rows: Vec<Vec<String>>| {
        if rows.is_empty() {
            return;
        }
        const ORDER: [&str; 9] = ["一", "二", "三", "四", "五", "六", "七", "八", "九"];
        out.push(heading(&format!("{}、{name}", ORDER[sections.min(ORDER.len() - 1)])));
        out.push(table(name, columns, rows));
        sections += 1;
    };
    let found = blocks.iter().filter_map(|block| {
        let answer = v.block(&block.key)?;
        let name = block.name.clone().unwrap_or_else(|| s.word("visit-block", &block.key).into_owned());
        let said: Vec<&str> = [answer.finding.as_deref(), answer.text.as_deref()].into_iter().flatten().collect();
        (!said.is_empty()).then(|| vec![name, said.join("\n")])
    });
    section(&mut out, "走访情况", &[("内容", 2), ("情况", 8)], found.collect());
    let lights = v.continuity.iter().map(|light| {
        let reduced = light.reduced_to.map(|percent| format!("（{percent}%）")).unwrap_or_default();
        let state = format!("{}{reduced}", s.line_light(light.line, light.state));
        vec![s.word("line", light.line).into_owned(), state, light.cause.clone().unwrap_or_default()]
    });
    section(&mut out, "“三不停”情况", &[("事项", 2), ("状态", 2), ("说明", 6)], lights.collect());
    let appeals = v.appeals.iter().map(|one| vec![one.number.clone(), one.title.clone()]);
    section(&mut out, "提出的诉求", &[("编号", 3), ("事项", 7)], appeals.collect());
    let promises = v
        .promises
        .iter()
        .map(|one| vec![one.text.clone(), one.owner_name.clone().unwrap_or_default(), s.date(&one.due_at)]);
    section(&mut out, "作出的承诺", &[("事项", 6), ("责任人", 2), ("期限", 2)], promises.collect());
    let items = |all: &[Item]| -> Vec<Vec<String>> {
        let row = |one: &Item| {
            vec![
                one.text.clone(),
                one.owner_name.clone().unwrap_or_default(),
                one.due_at.map(|at| s.date(&at)).unwrap_or_default(),
            ]
        };
        all.iter().map(row).collect()
    };
    section(&mut out, "提出的要求", &[("要求", 6), ("跟进人", 2), ("期限", 2)], items(&v.requirements));
    section(&mut out, "发现的隐患", &[("隐患", 6), ("跟进人", 2), ("期限", 2)], items(&v.hazards));
    let answers = v.answers.iter().map(|one| vec![one.text.clone(), one.answer.clone().unwrap_or_default()]);
    section(&mut out, "现场答复", &[("问题", 5), ("答复", 5)], answers.collect());
    if let (Some(at), Some(how)) = (v.ack_at, v.ack_how) {
        let by = v.ack_name.clone().unwrap_or_default();
        let note = v.ack_note.as_ref().map(|note| format!("，意见：{note}")).unwrap_or_default();
        out.push(Block::Text {
            text: format!("企业已确认：{} {}{by}{note}", s.datetime(&at), s.word("ack-how", how))
        });
    }
    out.push(Block::Sign { labels: vec!["走访人员".to_owned(), "对方代表".to_owned()] });
    out.push(Block::Seal);
    document(desk, Kind::VisitRecord, out)
}

/// 防控方案, 应急预案: what was approved, item by item, under the kinds of its items.
pub fn plan(s: &Shell, desk: &Desk, kind: Kind, r: &ReadyRecord, name: &str) -> Document {
    let p = &r.plan;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let day = |day: Option<Day>| day.map(chinese).unwrap_or_default();
    let review = p.review_mode.map(|mode| s.word("review-mode", mode).into_owned()).unwrap_or_default();
    let mut facts = vec![
        Fact::wide("单位名称", name),
        Fact::new("核查方式", review),
        Fact::new("核查时间", when(s, p.reviewed_at)),
        Fact::new("通过时间", when(s, p.approved_at)),
        Fact::new("有效期至", day(p.valid_until)),
    ];
    if p.filed_on.is_some() {
        facts.extend([Fact::new("备案编号", text(&p.filing_no)), Fact::new("备案日期", day(p.filed_on))]);
    }
    let mut out = vec![Block::Facts { facts }];
    const ORDER: [&str; 6] = ["一", "二", "三", "四", "五", "六"];
    let mut sections = 0;
    let mut section = |out: &mut Vec<Block>, name: &str, columns: &[(&str, u8)], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            out.push(heading(&format!("{}、{name}", ORDER[sections.min(ORDER.len() - 1)])));
            out.push(table(name, columns, rows));
            sections += 1;
        }
    };
    let of = |wanted: &[ReadyItemKind], row: &dyn Fn(&ReadyItem) -> Vec<String>| -> Vec<Vec<String>> {
        r.items.iter().filter(|item| wanted.contains(&item.kind)).map(row).collect()
    };
    let said = |item: &ReadyItem| vec![item.title.clone(), text(&item.text)];
    let people = of(&[ReadyItemKind::Person], &|item| vec![item.title.clone(), text(&item.name), text(&item.phone)]);
    section(&mut out, "责任人", &[("职责", 5), ("姓名", 2), ("电话", 3)], people);
    section(&mut out, "场所", &[("事项", 3), ("安排", 7)], of(&[ReadyItemKind::Place], &said));
    section(&mut out, "人员名单", &[("名单", 3), ("人员", 7)], of(&[ReadyItemKind::Roster], &said));
    let stock = of(&[ReadyItemKind::Stock], &|item| {
        vec![item.title.clone(), item.quantity.map(|n| n.to_string()).unwrap_or_default(), text(&item.unit)]
    });
    section(&mut out, "物资", &[("物资", 6), ("数量", 2), ("单位", 2)], stock);
    section(&mut out, "措施", &[("事项", 3), ("内容", 7)], of(&[ReadyItemKind::Text], &said));
    let files = of(&[ReadyItemKind::File], &|item| vec![item.title.clone(), text(&item.file_name)]);
    section(
        &mut out,
        "附件",
        &[("材料", 4), ("文件", 6)],
        files.into_iter().filter(|row| !row[1].is_empty()).collect(),
    );
    out.push(Block::Sign { labels: vec!["编制单位负责人".to_owned(), "审查人".to_owned()] });
    out.push(Block::Seal);
    document(desk, kind, out)
}

/// 诉求台账: the list as its reader sees it. None when a sheet has no room for its columns.
pub fn ledger(desk: &Desk, listed: &Listed) -> Option<Document> {
    if listed.heads.len() > MOST_COLUMNS {
        return None;
    }
    let share = |word: &str| match word {
        "title" | "body" | "answer" => 6,
        "number" | "due" | "created" | "handler" | "uscc" => 4,
        _ => 3,
    };
    let columns: Vec<(&str, u8)> =
        std::iter::once(("序号", 2)).chain(listed.heads.iter().map(|(word, head)| (*head, share(word)))).collect();
    let rows = (1..)
        .zip(&listed.rows)
        .map(|(n, row)| std::iter::once(n.to_string()).chain(row.iter().cloned()).collect::<Vec<String>>());
    let rows = rows.collect();
    Some(document(
        desk,
        Kind::Ledger,
        vec![
            Block::Text { text: format!("截至{}，共{}件。", chinese(desk.day), listed.rows.len()) },
            table("诉求台账", &columns, rows),
            Block::Seal,
        ],
    ))
}
