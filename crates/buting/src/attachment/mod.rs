//! 附件: the files of an appeal or a visit. What may be a file is [`media`], who
//! sees which is [`sees`], who may add one is [`takes`].

mod api;
pub mod desk;
pub mod media;
pub mod pages;
pub mod picture;
pub mod scan;
mod store;
pub mod strip;

use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::time::Time;
use crate::words;
use crate::worker;
use ::store::{Schedule, from_row};
use media::Media;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;
use uuid::Uuid;

words! {
    /// What a file belongs to.
    pub enum Owner {
        /// 诉求
        Appeal = "appeal",
        /// 走访
        Visit = "visit",
        /// 办件
        Application = "application",
        /// 防控方案、应急预案
        Plan = "readiness_plan",
    }
}

words! {
    /// What a file is for. Its name is `attachment-purpose-<word>`.
    pub enum Purpose {
        /// 情况反映
        Report = "report",
        /// 沟通材料
        Message = "message",
        /// 办理佐证
        Evidence = "evidence",
        /// 交办材料, given along with a work order
        Order = "order",
        /// 内部资料
        Note = "note",
    }
}

words! {
    /// Whether a file may be opened.
    pub enum State {
        /// 待查毒
        Waiting = "waiting",
        /// 可查看
        Clean = "clean",
        /// 已隔离
        Quarantined = "quarantined",
    }
}

/// How much is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub bytes: usize,
    /// Files of one record, and of one form.
    pub files: usize,
    /// Bytes that one person brings within a day.
    pub day: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 20 * 1024 * 1024, files: 20, day: 1024 * 1024 * 1024 }
    }
}

/// The most that a setting may allow for one file (MiB): a request holds it, and the
/// memory holds the request.
pub const MOST_MIB: usize = 50;

/// A file without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of the table, which the migration explains")]
pub struct Attachment {
    pub id: Uuid,
    /// `form` while a form keeps it: then none.
    pub owner: String,
    pub owner_id: Uuid,
    pub purpose: Purpose,
    pub message_id: Option<Uuid>,
    pub work_order_id: Option<Uuid>,
    pub own: bool,
    pub file_name: String,
    pub media: Media,
    pub size: i64,
    pub sha256: String,
    pub state: State,
    pub uploaded_by: Option<Uuid>,
    pub uploaded_at: Time,
    pub version: i64,
    pub has_thumbnail: bool,
    pub by_name: Option<String>,
}

from_row!(Attachment {
    id,
    owner,
    owner_id,
    purpose,
    message_id,
    work_order_id,
    own,
    file_name,
    media,
    size,
    sha256,
    state,
    uploaded_by,
    uploaded_at,
    version,
    has_thumbnail,
    by_name,
});

impl Attachment {
    /// Its size as people say it.
    pub fn size_text(&self) -> String {
        let size = self.size as f64;
        match self.size {
            ..1024 => format!("{} B", self.size),
            1024..1_048_576 => format!("{:.0} KB", size / 1024.0),
            _ => format!("{:.1} MB", size / 1_048_576.0),
        }
    }

    /// Whether it may be opened.
    pub fn is_clean(&self) -> bool {
        self.state == State::Clean
    }
}

/// A file as the API shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct View {
    /// Key.
    pub id: Uuid,
    /// What it belongs to.
    pub owner: Owner,
    /// The record.
    pub owner_id: Uuid,
    /// What it is for.
    pub purpose: Purpose,
    /// The work order that it is given with, or that it answers.
    pub work_order_id: Option<Uuid>,
    /// Its name.
    pub file_name: String,
    /// What it is, by its content.
    pub media: Media,
    /// Bytes.
    pub size: i64,
    /// SHA-256 of the content as it is kept, hexadecimal.
    pub sha256: String,
    /// Whether it may be opened.
    pub state: State,
    /// Whether there is a small picture.
    pub has_thumbnail: bool,
    /// Who brought it; null by a signed link, or where the name is hidden.
    pub by: Option<String>,
    /// When.
    pub at: Time,
    /// Counts the changes.
    pub version: i64,
}

impl View {
    /// A file of a record; none while it belongs to a form.
    pub fn of(file: Attachment) -> Option<Self> {
        Some(Self {
            id: file.id,
            owner: Owner::parse(&file.owner)?,
            owner_id: file.owner_id,
            purpose: file.purpose,
            work_order_id: file.work_order_id,
            file_name: file.file_name,
            media: file.media,
            size: file.size,
            sha256: file.sha256,
            state: file.state,
            has_thumbnail: file.has_thumbnail,
            by: file.by_name,
            at: file.uploaded_at,
            version: file.version,
        })
    }
}

impl Versioned for View {
    fn version(&self) -> i64 {
        self.version
    }
}

/// What somebody is towards the files of a record that he may see.
#[derive(Clone, Debug, Default)]
pub struct Eyes {
    /// Of the committee.
    pub office: bool,
    /// Whose record it is, or who wrote it down.
    pub owner: bool,
    /// Who looks after whose record it is.
    pub keeper: bool,
    /// Who handles it.
    pub lead: bool,
    /// The coordination office.
    pub desk: bool,
    /// Must not learn whose it is: the department complained about, a partner.
    pub masked: bool,
    /// Work orders of his own, and whether each still waits for him.
    pub orders: Vec<(Uuid, bool)>,
    /// Open work orders of the record.
    pub open_orders: BTreeSet<Uuid>,
    /// Whether the enterprise may read the answer: it was reviewed.
    pub answer_out: bool,
    /// Messages that stay in the office, answers that were never reviewed among them.
    pub inside: BTreeSet<Uuid>,
    /// Whether the record still takes files.
    pub open: bool,
    /// Whether an answer is being worked on.
    pub answering: bool,
    /// The person, or the work order of a signed link.
    pub me: Option<Uuid>,
}

impl Eyes {
    fn has_order(&self, order: Option<Uuid>) -> bool {
        order.is_some_and(|order| self.orders.iter().any(|(own, _)| *own == order))
    }

    /// Whether it was he who brought the file.
    pub fn brought(&self, file: &Attachment) -> bool {
        // By a link nobody is known; the work order is.
        let by = file.uploaded_by.or(file.work_order_id);
        by.is_some() && by == self.me
    }
}

/// Whether somebody may know of a file: see the table in the tests.
pub fn sees(eyes: &Eyes, file: &Attachment) -> bool {
    if file.state != State::Clean {
        return eyes.brought(file);
    }
    // Name, picture and who brought it give away whose it is.
    if eyes.masked && (file.own || file.purpose == Purpose::Report) {
        return false;
    }
    if eyes.office {
        return true;
    }
    let told = file.message_id.is_none_or(|message| !eyes.inside.contains(&message));
    let to_owner = match file.purpose {
        Purpose::Report | Purpose::Message => file.work_order_id.is_none() && told,
        Purpose::Evidence => file.work_order_id.is_none() && file.message_id.is_some() && eyes.answer_out && told,
        Purpose::Order | Purpose::Note => false,
    };
    let to_partner = matches!(file.purpose, Purpose::Evidence | Purpose::Order | Purpose::Message)
        && eyes.has_order(file.work_order_id);
    eyes.owner && to_owner || to_partner
}

/// Whether somebody may add a file for that purpose, to the record or to one of its
/// work orders.
pub fn takes(eyes: &Eyes, purpose: Purpose, order: Option<Uuid>) -> bool {
    let leads = eyes.lead || eyes.desk;
    match (purpose, order) {
        _ if !eyes.open => false,
        (Purpose::Report, None) => eyes.owner || eyes.office && (eyes.keeper || eyes.desk),
        (Purpose::Message, None) => eyes.owner || eyes.office && (eyes.keeper || leads),
        (Purpose::Evidence, None) => eyes.lead && eyes.answering,
        (Purpose::Evidence, Some(order)) => eyes.orders.iter().any(|(own, open)| *own == order && *open),
        (Purpose::Order, Some(order)) => leads && eyes.open_orders.contains(&order),
        (Purpose::Note, None) => eyes.office,
        _ => false,
    }
}

/// The jobs of this folder.
pub fn kinds() -> Vec<worker::Kind> {
    vec![
        worker::Kind {
            name: desk::SCAN,
            schedule: None,
            task: |app, zone, args| Box::pin(async move { desk::scan(&app, zone, &args).await }),
        },
        worker::Kind {
            name: desk::THUMBNAIL,
            schedule: None,
            task: |app, zone, args| Box::pin(async move { desk::make_thumbnail(&app, zone, &args).await }),
        },
        worker::Kind {
            name: "attachment.purge",
            schedule: Some(Schedule::EveryMinutes(60)),
            task: |app, zone, _| Box::pin(async move { desk::purge(&app, zone).await.map(drop) }),
        },
    ]
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lang;

    const ME: Uuid = Uuid::from_u128(1);
    const ANOTHER: Uuid = Uuid::from_u128(2);
    const ORDER: Uuid = Uuid::from_u128(3);
    const OTHER_ORDER: Uuid = Uuid::from_u128(4);
    const SAID: Uuid = Uuid::from_u128(5);
    const INSIDE: Uuid = Uuid::from_u128(6);

    fn file(purpose: Purpose, order: Option<Uuid>, message: Option<Uuid>, own: bool) -> Attachment {
        Attachment {
            id: Uuid::nil(),
            owner: "appeal".into(),
            owner_id: Uuid::nil(),
            purpose,
            message_id: message,
            work_order_id: order,
            own,
            file_name: "a.jpg".into(),
            media: Media::Jpeg,
            size: 1,
            sha256: String::new(),
            state: State::Clean,
            uploaded_by: Some(ANOTHER),
            uploaded_at: Time::from_ms(0),
            version: 1,
            has_thumbnail: false,
            by_name: None,
        }
    }

    /// office, the department complained about, enterprise before and after the
    /// review, partner of the order, partner of another order.
    fn readers() -> [(&'static str, Eyes); 6] {
        let base = Eyes { me: Some(ME), inside: [INSIDE].into(), open: true, ..Eyes::default() };
        let office = Eyes { office: true, ..base.clone() };
        [
            ("office", office.clone()),
            ("accused", Eyes { masked: true, ..office }),
            ("enterprise before", Eyes { owner: true, ..base.clone() }),
            ("enterprise after", Eyes { owner: true, answer_out: true, ..base.clone() }),
            ("partner", Eyes { orders: vec![(ORDER, true)], ..base.clone() }),
            ("other partner", Eyes { orders: vec![(OTHER_ORDER, true)], ..base }),
        ]
    }

    #[test]
    fn who_sees_which_file() {
        use Purpose::{Evidence, Message, Note, Order, Report};
        // o = office, a = accused, b/e = enterprise before/after the review, p = partner, x = another partner
        for (what, file, seen_by) in [
            ("the report", file(Report, None, None, true), "obe"),
            ("the report, written down by the office", file(Report, None, None, false), "obe"),
            ("with an answer of the enterprise", file(Message, None, Some(SAID), true), "obe"),
            ("with a word to the enterprise", file(Message, None, Some(SAID), false), "oabe"),
            ("with a message inside", file(Message, None, Some(INSIDE), false), "oa"),
            ("evidence of an answer that was reviewed", file(Evidence, None, Some(SAID), false), "oae"),
            ("evidence of an answer that was sent back", file(Evidence, None, Some(INSIDE), false), "oa"),
            ("evidence of no answer yet", file(Evidence, None, None, false), "oa"),
            ("evidence of a work order", file(Evidence, Some(ORDER), Some(INSIDE), false), "oap"),
            ("given with a work order", file(Order, Some(ORDER), Some(INSIDE), false), "oap"),
            ("a note", file(Note, None, Some(INSIDE), false), "oa"),
        ] {
            for ((name, eyes), letter) in readers().iter().zip("oabepx".chars()) {
                assert_eq!(sees(eyes, &file), seen_by.contains(letter), "{what}: {name}");
            }
            for state in [State::Waiting, State::Quarantined] {
                let waiting = Attachment { state, ..file.clone() };
                assert!(readers().iter().all(|(_, eyes)| !sees(eyes, &waiting)), "{what}: {state}");
                let mine = Attachment { uploaded_by: Some(ME), ..waiting };
                assert!(readers().iter().all(|(_, eyes)| sees(eyes, &mine)), "{what}: {state}, my own");
            }
        }
    }

    #[test]
    fn who_may_add_which_file() {
        use Purpose::{Evidence, Message, Note, Order, Report};
        let base = Eyes { open: true, answering: true, open_orders: [ORDER].into(), ..Eyes::default() };
        let office = Eyes { office: true, ..base.clone() };
        let who = [
            ("owner", Eyes { owner: true, ..base.clone() }),
            ("keeper", Eyes { keeper: true, ..office.clone() }),
            ("desk", Eyes { desk: true, ..office.clone() }),
            ("lead", Eyes { lead: true, ..office.clone() }),
            ("partner", Eyes { orders: vec![(ORDER, true)], ..base.clone() }),
            ("reader", office.clone()),
            ("lead, answered and reviewed", Eyes { lead: true, answering: false, ..office.clone() }),
            ("partner, answered", Eyes { orders: vec![(ORDER, false)], ..base.clone() }),
            ("owner, closed", Eyes { owner: true, open: false, ..base }),
            ("lead, closed", Eyes { lead: true, open: false, ..office }),
        ];
        for (purpose, order, may) in [
            (Report, None, "owner keeper desk"),
            (Message, None, "owner keeper desk lead lead,answered"),
            (Evidence, None, "lead"),
            (Evidence, Some(ORDER), "partner"),
            (Evidence, Some(OTHER_ORDER), ""),
            (Order, Some(ORDER), "desk lead lead,answered"),
            (Order, Some(OTHER_ORDER), ""),
            (Order, None, ""),
            (Note, None, "keeper desk lead reader lead,answered"),
            (Note, Some(ORDER), ""),
        ] {
            for (name, eyes) in &who {
                let short = if *name == "lead, answered and reviewed" { "lead,answered" } else { name };
                let expected = may.split(' ').any(|one| one == short);
                assert_eq!(takes(eyes, purpose, order), expected, "{purpose} {order:?}: {name}");
            }
        }
    }

    #[test]
    fn sizes_as_people_say_them() {
        for (size, text) in [(0, "0 B"), (1023, "1023 B"), (2048, "2 KB"), (3_355_443, "3.2 MB")] {
            let file = Attachment { size, ..file(Purpose::Report, None, None, false) };
            assert_eq!(file.size_text(), text);
        }
    }

    #[test]
    fn every_word_has_its_label() {
        for lang in [Lang::Zh, Lang::En] {
            assert!(Purpose::ALL.iter().all(|word| lang.has(&format!("attachment-purpose-{word}"))));
            assert!(State::ALL.iter().all(|word| lang.has(&format!("attachment-state-{word}"))));
        }
    }
}
