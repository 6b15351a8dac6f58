//! 文书: what the office issues on paper under its number: hand-over sheets, supervision
//! orders, records of visits, ledgers of appeals. A document is issued once and never
//! changes; what has changed since is issued again, under a number of its own that names
//! the earlier one. Who may issue what is [`Kind::issuers`], what numbers look like is
//! [`Numbering`].

mod api;
pub mod desk;
mod pages;
pub mod print;
mod sheet;
mod store;

use crate::actor::{OFFICE, Role, Roles};
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::readiness;
use crate::time::{Day, Time};
use crate::visit;
use crate::words;
use crate::zone::Zone;
use ::store::from_row;
use paper::document::Document;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

pub use pages::Links;

words! {
    /// What a document is. Its name is `document-kind-<word>`.
    pub enum Kind {
        /// 交办单
        HandOver = "hand_over",
        /// 督办单
        Supervision = "supervision",
        /// 走访记录
        VisitRecord = "visit_record",
        /// 诉求台账
        Ledger = "ledger",
        /// 防控方案
        ControlPlan = "control_plan",
        /// 应急预案
        EmergencyPlan = "emergency_plan",
    }
}

impl Kind {
    /// What stands above it. Documents are Chinese whoever asks for them.
    pub const fn title(self) -> &'static str {
        match self {
            Self::HandOver => "诉求交办单",
            Self::Supervision => "督办单",
            Self::VisitRecord => "企业走访记录",
            Self::Ledger => "诉求台账",
            Self::ControlPlan => "企业防控方案",
            Self::EmergencyPlan => "企业应急预案",
        }
    }

    /// The character that tells the series of one kind from that of another: 智谷管办督〔2026〕3号.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::HandOver => "交",
            Self::Supervision => "督",
            Self::VisitRecord => "访",
            Self::Ledger => "账",
            Self::ControlPlan => "防",
            Self::EmergencyPlan => "预",
        }
    }

    /// Who may issue it; what he may see decides besides.
    pub const fn issuers(self) -> Roles {
        match self {
            Self::HandOver | Self::Supervision => Roles::of(&[Role::Leader, Role::Dispatcher, Role::Oversight]),
            Self::VisitRecord => visit::desk::RECORDERS,
            Self::ControlPlan | Self::EmergencyPlan => readiness::plan::CHECKERS,
            Self::Ledger => OFFICE,
        }
    }

    /// Whether somebody with these roles may withdraw it; `own` when he issued it.
    pub const fn withdrawn_by(self, roles: Roles, own: bool) -> bool {
        match self {
            Self::HandOver | Self::Supervision => roles.meets(self.issuers()),
            Self::VisitRecord | Self::Ledger | Self::ControlPlan | Self::EmergencyPlan => {
                roles.meets(self.issuers()) && (own || roles.has(Role::Dispatcher))
            }
        }
    }
}

words! {
    /// As what a document is handed out.
    pub enum FileKind {
        /// PDF
        Pdf = "pdf",
        /// DOCX
        Docx = "docx",
    }
}

/// The setting of a zone.
pub const SETTING: &str = "document";
/// Rows of a ledger on paper, at most; more goes into a spreadsheet.
pub const MOST_ROWS: usize = 1_000;
/// Columns of a ledger that a sheet has room for.
pub const MOST_COLUMNS: usize = 12;

/// How the documents of a zone are headed and numbered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Numbering {
    /// The office that issues them (发文机关), in full; the zone's name when empty.
    pub office: String,
    /// The office in a number (机关代字); the zone's name when empty.
    pub code: String,
    /// The number with places for `{office}`, `{kind}`, `{year}` and `{n}`.
    pub format: String,
}

impl Default for Numbering {
    fn default() -> Self {
        Self { office: String::new(), code: String::new(), format: "{office}{kind}〔{year}〕{n}号".to_owned() }
    }
}

impl Numbering {
    /// What a zone has set, and what holds where it set nothing.
    pub fn of(zone: &Zone) -> Self {
        let mut set: Self = serde_json::from_value(zone.settings[SETTING].clone()).unwrap_or_default();
        for name in [&mut set.office, &mut set.code] {
            if name.is_empty() {
                name.clone_from(&zone.name);
            }
        }
        set
    }

    /// The number of the n-th document of a kind in a year.
    pub fn number(&self, kind: Kind, year: i64, n: i64) -> String {
        // The office's own name comes last, since it may hold anything.
        let number = self.format.replace("{kind}", kind.letter()).replace("{year}", &year.to_string());
        number.replace("{n}", &n.to_string()).replace("{office}", &self.code)
    }

    /// Whether a format gives every document a number of its own: kind, year and place in
    /// the series stand in it, and no other place.
    pub fn tells_apart(format: &str) -> bool {
        let mut rest = format.to_owned();
        let needed = ["{kind}", "{year}", "{n}"].iter().all(|place| format.matches(place).count() == 1);
        for place in ["{office}", "{kind}", "{year}", "{n}"] {
            rest = rest.replace(place, "");
        }
        needed && !rest.contains(['{', '}'])
    }
}

/// What somebody wants to have on paper.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Asked {
    /// 交办单 of an appeal that was handed over.
    HandOver {
        /// The appeal.
        appeal_id: Uuid,
    },
    /// 督办单 of an appeal that is late, or that a leader demands.
    Supervision {
        /// The appeal.
        appeal_id: Uuid,
        /// What is demanded.
        demand: String,
        /// The day by which the department must have replied.
        reply_on: Option<Day>,
        /// On whose demand, where the appeal is not late and no leader issues it himself.
        demanded_by: Option<String>,
    },
    /// 走访记录 of a visit.
    VisitRecord {
        /// The visit.
        visit_id: Uuid,
    },
    /// 诉求台账: the appeals that a list shows.
    Ledger {
        /// The filters of the list of appeals as its page has them in its address, such as
        /// `status=working&department_id=…`; empty for what is open.
        #[serde(default)]
        query: String,
    },
    /// 防控方案 that was approved.
    ControlPlan {
        /// The plan.
        plan_id: Uuid,
    },
    /// 应急预案 that was approved.
    EmergencyPlan {
        /// The plan.
        plan_id: Uuid,
    },
}

impl Asked {
    /// What kind of document it asks for.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::HandOver { .. } => Kind::HandOver,
            Self::Supervision { .. } => Kind::Supervision,
            Self::VisitRecord { .. } => Kind::VisitRecord,
            Self::Ledger { .. } => Kind::Ledger,
            Self::ControlPlan { .. } => Kind::ControlPlan,
            Self::EmergencyPlan { .. } => Kind::EmergencyPlan,
        }
    }
}

/// A document before it has a number.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it is.
    pub kind: Kind,
    /// What it is about, as the register names it.
    pub title: String,
    /// The appeal it is of.
    pub appeal_id: Option<Uuid>,
    /// The visit it is of.
    pub visit_id: Option<Uuid>,
    /// The control or emergency plan it is of.
    pub plan_id: Option<Uuid>,
    /// The enterprise or project on whose timeline it shows.
    pub about: Option<Uuid>,
    /// Whether it tells who complains about a department.
    pub secret: bool,
    /// The day by which a reply is due.
    pub reply_on: Option<Day>,
    /// What it says.
    pub document: Document,
}

impl Draft {
    /// A digest of what it says, whatever its number and day: the same again is not issued
    /// anew.
    pub fn basis(&self) -> String {
        let said = json!([self.document.office, self.document.title, self.document.wide, self.document.blocks]);
        vault::hash::hex(&vault::hash::sha256(said.to_string().as_bytes()))
    }
}

/// An issued document, without what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Issued {
    /// Key.
    pub id: Uuid,
    /// What it is.
    pub kind: Kind,
    /// The year of its series.
    pub year: i64,
    /// Its place in the series.
    pub n: i64,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// The appeal it is of.
    pub appeal_id: Option<Uuid>,
    /// The visit it is of.
    pub visit_id: Option<Uuid>,
    /// The control or emergency plan it is of.
    pub plan_id: Option<Uuid>,
    /// Digest of what it says (SHA-256, hexadecimal).
    pub sha256: String,
    /// The day by which a reply is due.
    pub reply_on: Option<Day>,
    /// The one that it comes after.
    pub earlier_id: Option<Uuid>,
    /// That one's number.
    pub earlier_number: Option<String>,
    /// The one that comes after it.
    pub later_id: Option<Uuid>,
    /// That one's number.
    pub later_number: Option<String>,
    /// Who issued it.
    pub issued_by: Option<Uuid>,
    /// By name.
    pub issued_by_name: Option<String>,
    /// When.
    pub issued_at: Time,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Time>,
    /// By whom, by name.
    pub withdrawn_by_name: Option<String>,
    /// Why.
    pub withdrawn_reason: Option<String>,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Issued {
    id,
    kind,
    year,
    n,
    number,
    title,
    appeal_id,
    visit_id,
    plan_id,
    sha256,
    reply_on,
    earlier_id,
    earlier_number,
    later_id,
    later_number,
    issued_by,
    issued_by_name,
    issued_at,
    withdrawn_at,
    withdrawn_by_name,
    withdrawn_reason,
    version,
});

impl Versioned for Issued {
    fn version(&self) -> i64 {
        self.version
    }
}

/// Letters of the digest that stand on the sheet and on the page that verifies it: as hard
/// to meet by chance as a key of 128 bits.
const CHECK: usize = 32;

/// The digest as people compare it.
pub fn check_of(sha256: &str) -> &str {
    sha256.get(..CHECK).unwrap_or(sha256)
}

/// The routes of this job.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lang;

    #[test]
    fn a_number_names_office_kind_year_and_place() {
        let usual = Numbering { code: "智谷管办".into(), ..Numbering::default() };
        let plain = Numbering { format: "{kind}字〔{year}〕第{n}号".into(), ..usual.clone() };
        for (numbering, kind, year, n, number) in [
            (&usual, Kind::HandOver, 2026, 12, "智谷管办交〔2026〕12号"),
            (&usual, Kind::Supervision, 2026, 1, "智谷管办督〔2026〕1号"),
            (&usual, Kind::VisitRecord, 2027, 100, "智谷管办访〔2027〕100号"),
            (&usual, Kind::Ledger, 2026, 3, "智谷管办账〔2026〕3号"),
            (&plain, Kind::Ledger, 2026, 3, "账字〔2026〕第3号"),
        ] {
            assert_eq!(numbering.number(kind, year, n), number);
        }
        let odd = Numbering { code: "{n}办".into(), ..Numbering::default() };
        assert_eq!(odd.number(Kind::HandOver, 2026, 1), "{n}办交〔2026〕1号", "a name is no format");
    }

    #[test]
    fn no_format_gives_two_documents_one_number() {
        for (format, holds) in [
            ("{office}{kind}〔{year}〕{n}号", true),
            ("{kind}-{year}-{n}", true),
            ("{office}〔{year}〕{n}号", false),
            ("{office}{kind}〔{year}〕号", false),
            ("{office}{kind}{n}号", false),
            ("{office}{kind}{kind}〔{year}〕{n}号", false),
            ("{office}{kind}〔{year}〕{n}号{x}", false),
            ("", false),
        ] {
            assert_eq!(Numbering::tells_apart(format), holds, "{format}");
        }
        assert!(Numbering::tells_apart(&Numbering::default().format));
        let letters: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.letter()).collect();
        assert_eq!(letters.len(), Kind::ALL.len());
    }

    #[test]
    fn who_issues_and_who_withdraws() {
        use Role::{Agency, Auditor, Dispatcher, Enterprise, Leader, Officer, Oversight, Specialist, Sysadmin};
        for (kind, may) in [
            (Kind::HandOver, &[Leader, Dispatcher, Oversight][..]),
            (Kind::Supervision, &[Leader, Dispatcher, Oversight]),
            (Kind::VisitRecord, &[Leader, Dispatcher, Officer, Specialist]),
            (Kind::Ledger, &[Leader, Dispatcher, Officer, Specialist, Oversight]),
            (Kind::ControlPlan, &[Leader, Dispatcher, Officer, Specialist]),
            (Kind::EmergencyPlan, &[Leader, Dispatcher, Officer, Specialist]),
        ] {
            for role in Role::ALL {
                let of = Roles::of(&[*role]);
                assert_eq!(kind.issuers().has(*role), may.contains(role), "{kind} {role}");
                let of_office = matches!(kind, Kind::HandOver | Kind::Supervision);
                let by_all = may.contains(role) && (of_office || *role == Dispatcher);
                assert_eq!(kind.withdrawn_by(of, false), by_all, "{kind} {role}, another's");
                assert_eq!(kind.withdrawn_by(of, true), may.contains(role), "{kind} {role}, his own");
            }
            for outside in [Agency, Enterprise, Sysadmin, Auditor] {
                assert!(!kind.issuers().has(outside), "{kind} {outside}");
            }
        }
    }

    #[test]
    fn every_kind_has_its_name() {
        for lang in [Lang::Zh, Lang::En] {
            assert!(Kind::ALL.iter().all(|kind| lang.has(&format!("document-kind-{kind}"))));
        }
    }
}
