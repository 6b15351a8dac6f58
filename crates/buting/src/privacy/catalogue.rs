//! The catalogue of personal data: which columns hold it, why, on what basis of
//! law, for how long, who sees it. The notice, the export of one's own data,
//! erasure and retention are all made from it, and a test walks the schema: a
//! column that looks personal must stand here or in [`NOT_PERSONAL`].

use super::{NOTICE_DAYS, REQUEST_DAYS};
use crate::http::session::LIFE_MS;
use crate::registry::import::KEPT_MS;
use crate::text::Lang;
use crate::time::HOUR_MS;
use crate::words;
use crate::zone::Retention;

words! {
    /// 处理的合法性基础 (个人信息保护法 §13).
    pub enum Basis {
        /// 本人同意
        Consent = "consent",
        /// 订立、履行合同，人力资源管理
        ContractHr = "contract_hr",
        /// 履行法定职责
        StatutoryDuty = "statutory_duty",
        /// 应对突发公共卫生事件，紧急情况下保护生命健康
        Emergency = "emergency",
        /// 已合法公开
        Public = "public",
        /// 其他法律法规
        OtherLaw = "other_law",
    }
}

words! {
    /// How long data is kept. Its text is `keep-<word>` with the number of
    /// [`Keep::number`].
    pub enum Keep {
        /// While somebody is in post or a contact, and so many days after.
        Post = "post",
        /// While the account exists; sessions so many hours at most.
        Account = "account",
        /// So many months.
        Log = "log",
        /// So many days.
        Notice = "notice",
        /// As the file of the case is kept.
        Case = "case",
        /// So many days after the decision.
        Request = "request",
        /// Until the rows are in, or the night after so many hours.
        Import = "import",
        /// Until the disruption it was needed for is purged.
        Disruption = "disruption",
        /// As long as the ledger; unreadable once the person is erased.
        Ledger = "ledger",
    }
}

impl Keep {
    /// The number of days, months or hours, as the zone has set it or the program
    /// does; none where there is no number.
    pub fn number(self, kept: &Retention) -> Option<i64> {
        Some(match self {
            Self::Post => kept.person_days,
            Self::Account => LIFE_MS / HOUR_MS,
            Self::Log => kept.log_months,
            Self::Notice => NOTICE_DAYS,
            Self::Request => REQUEST_DAYS,
            Self::Import => KEPT_MS / HOUR_MS,
            Self::Case | Self::Ledger | Self::Disruption => return None,
        })
    }

    /// How long that is, in words.
    pub fn text(self, lang: &Lang, kept: &Retention) -> String {
        let number = self.number(kept).unwrap_or_default();
        lang.with(&format!("keep-{self}"), &[("n", &number)])
    }
}

/// What erasing a person does to a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erase {
    /// It becomes empty (NULL).
    Null,
    /// It becomes an empty text.
    Blank,
    /// It says 已删除, where lists need a name.
    Mark,
    /// It becomes a name that nobody has.
    Unique,
    /// The whole row goes.
    Row,
    /// It stays: the law demands it, or it belongs to a case.
    Stay,
}

/// A column that holds personal data.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The column that names the person; none where texts may speak of anybody.
    pub owner: Option<&'static str>,
    /// What erasure does.
    pub erase: Erase,
    /// Whether the person is given it with his data (digests and secrets are not).
    pub given: bool,
}

const fn of(table: &'static str, column: &'static str, owner: &'static str, erase: Erase) -> Field {
    Field { table, column, owner: Some(owner), erase, given: true }
}

const fn secret(table: &'static str, column: &'static str, owner: &'static str, erase: Erase) -> Field {
    Field { table, column, owner: Some(owner), erase, given: false }
}

const fn text(table: &'static str, column: &'static str) -> Field {
    Field { table, column, owner: None, erase: Erase::Stay, given: false }
}

/// One kind of personal data. Its texts are `personal-<key>` (what),
/// `personal-<key>-why` and `personal-<key>-seen`.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Names its texts.
    pub key: &'static str,
    /// The basis of law.
    pub basis: Basis,
    /// How long it is kept.
    pub keep: Keep,
    /// Where it stands.
    pub fields: &'static [Field],
}

/// Every kind of personal data.
pub const CATALOGUE: &[Kind] = &[
    Kind {
        key: "name",
        basis: Basis::StatutoryDuty,
        keep: Keep::Post,
        fields: &[
            of("person", "name", "id", Erase::Mark),
            secret("person", "spelling", "id", Erase::Blank),
            of("person", "title", "id", Erase::Null),
            of("post", "title", "person_id", Erase::Null),
        ],
    },
    Kind {
        key: "contact",
        basis: Basis::StatutoryDuty,
        keep: Keep::Post,
        fields: &[
            of("person", "phone", "id", Erase::Null),
            of("person", "email", "id", Erase::Null),
            of("contact_failure", "destination", "person_id", Erase::Row),
            of("contact_failure", "detail", "person_id", Erase::Row),
            of("delivery_contact", "destination", "person_id", Erase::Row),
            secret("delivery_contact", "digest", "person_id", Erase::Row),
        ],
    },
    Kind {
        key: "account",
        basis: Basis::StatutoryDuty,
        keep: Keep::Account,
        fields: &[
            of("account", "user_name", "id", Erase::Unique),
            secret("account", "password_hash", "id", Erase::Null),
            secret("account", "totp_secret", "id", Erase::Null),
            secret("recovery_code", "digest", "account_id", Erase::Row),
            of("session", "address", "account_id", Erase::Row),
            of("session", "agent", "account_id", Erase::Row),
            secret("api_token", "digest", "account_id", Erase::Row),
            secret("device", "digest", "account_id", Erase::Row),
            of("device", "agent", "account_id", Erase::Row),
            secret("totp_setup", "secret", "account_id", Erase::Row),
            secret("account_oidc", "subject", "account_id", Erase::Row),
            secret("invitation", "digest", "person_id", Erase::Row),
        ],
    },
    Kind {
        key: "log",
        basis: Basis::OtherLaw,
        keep: Keep::Log,
        fields: &[
            of("access_log", "address", "actor_id", Erase::Stay),
            secret("access_log", "detail", "actor_id", Erase::Stay),
        ],
    },
    Kind {
        key: "notice",
        basis: Basis::StatutoryDuty,
        keep: Keep::Notice,
        fields: &[
            secret("notice", "args", "person_id", Erase::Row),
            secret("delivery", "args", "person_id", Erase::Row),
            secret("delivery", "detail", "person_id", Erase::Row),
            of("delivery_preference", "wanted", "person_id", Erase::Row),
        ],
    },
    Kind {
        key: "case",
        basis: Basis::StatutoryDuty,
        keep: Keep::Case,
        fields: &[
            text("appeal", "title"),
            text("appeal", "body"),
            text("appeal", "answer"),
            text("appeal", "rating_text"),
            text("appeal_message", "author"),
            text("appeal_message", "text"),
            text("work_order", "answer"),
            text("visit", "hosts"),
            text("visit", "note"),
            text("visit", "ack_name"),
            text("visit_item", "text"),
            text("promise", "text"),
            text("continuity", "cause"),
            text("measure", "text"),
            text("correction", "reason"),
            text("correction", "answer"),
            text("attachment", "file_name"),
            text("outer_order", "caller"),
            text("outer_order", "caller_phone"),
            text("appeal_rating", "by_name"),
            text("appeal_rating", "text"),
            text("return_call", "note"),
            text("solution", "measures"),
            text("solution", "reason"),
            text("task", "title"),
            text("task", "body"),
            text("task", "outcome"),
            text("task_objective", "blocker"),
            text("document", "title"),
            text("document", "content"),
            text("document", "withdrawn_reason"),
            text("metric_freeze", "reason"),
            text("application", "answers"),
            text("application", "known"),
            text("application", "correction"),
            text("application", "decision"),
            text("application_event", "author"),
            text("application_event", "text"),
            text("application_touch", "note"),
            text("licence_delivery", "recipient"),
            text("licence_delivery", "phone"),
            text("licence_delivery", "address"),
            text("licence_delivery", "proof"),
        ],
    },
    Kind {
        key: "readiness",
        basis: Basis::StatutoryDuty,
        keep: Keep::Case,
        fields: &[
            text("readiness_item", "name"),
            text("readiness_item", "phone"),
            text("readiness_item", "text"),
            text("readiness_plan", "review_note"),
            text("readiness_drill", "outcome"),
            text("readiness_finding", "text"),
        ],
    },
    Kind {
        key: "roster",
        basis: Basis::Emergency,
        keep: Keep::Case,
        fields: &[
            text("loop_member", "name"),
            text("loop_member", "phone"),
            text("loop_member", "job"),
            text("loop_stay", "note"),
        ],
    },
    Kind {
        key: "request",
        basis: Basis::OtherLaw,
        keep: Keep::Request,
        fields: &[
            of("subject_request", "body", "person_id", Erase::Blank),
            of("subject_request", "answer", "person_id", Erase::Null),
            of("subject_request", "identity_check", "person_id", Erase::Null),
            text("disclosure", "occasion"),
        ],
    },
    Kind {
        key: "import",
        basis: Basis::StatutoryDuty,
        keep: Keep::Import,
        fields: &[
            text("import", "file"),
            text("import_row", "cells"),
            text("import_row", "faults"),
            text("import_row", "candidate"),
            text("import", "preview"),
            text("import", "columns"),
            text("import", "said"),
            text("import", "sheets"),
            text("import", "notices"),
            text("import", "kept"),
        ],
    },
    Kind {
        key: "screening",
        basis: Basis::Emergency,
        keep: Keep::Disruption,
        fields: &[
            text("screening_candidate", "name"),
            text("screening_candidate", "background"),
            text("screening_candidate", "background_note"),
            text("screening_person", "sealed_name"),
            text("screening_person", "sealed_reason"),
            text("screening_person", "name_digest"),
            text("screening_person", "no_digest"),
            text("screening_result", "sealed_result"),
            text("screening_tube", "sealed_result"),
        ],
    },
    Kind {
        key: "ledger",
        basis: Basis::OtherLaw,
        keep: Keep::Ledger,
        fields: &[text("ledger", "before"), text("ledger", "after"), text("ledger", "note")],
    },
];

/// Columns that look personal by their name and are not.
pub const NOT_PERSONAL: &[(&str, &str)] = &[
    ("zone", "name"),
    ("department", "name"),
    ("department", "short_name"),
    ("department", "phone"),
    ("department_past", "name"),
    ("department_past", "short_name"),
    ("campaign", "name"),
    ("carrier", "name"),
    ("carrier", "short_name"),
    ("carrier", "address"),
    ("carrier", "spelling"),
    ("enterprise", "name"),
    ("enterprise", "short_name"),
    ("enterprise", "name_key"),
    ("enterprise", "address"),
    ("enterprise", "spelling"),
    ("enterprise_short_name", "name"),
    ("import", "file_name"),
    ("job", "args"),
    ("project", "name"),
    ("project", "short_name"),
    ("project", "owner_name"),
    ("project", "spelling"),
    ("milestone", "name"),
    ("task_force", "name"),
    ("saved_view", "name"),
    ("account_right", "name"),
    ("disruption", "name"),
    ("series", "name"),
    ("api_token", "name"),
    ("ledger_head", "signature"),
    ("screening_point", "name"),
];

/// What a column that holds personal data is usually called.
pub const PERSONAL_WORDS: &[&str] = &[
    "name",
    "phone",
    "tel",
    "mail",
    "email",
    "address",
    "spelling",
    "birth",
    "gender",
    "sex",
    "health",
    "disease",
    "symptom",
    "medical",
    "nucleic",
    "temperature",
    "id_no",
    "id_number",
    "id_card",
    "identity",
    "passport",
    "photo",
    "face",
    "finger",
    "signature",
    "latitude",
    "longitude",
    "track",
    "plate",
    "driver",
    "bank",
    "salary",
    "author",
    "agent",
    "host",
    "password",
    "totp",
    "secret",
    "args",
    "lodging",
    "religion",
];

/// Whether a column's name looks as if it held personal data.
pub fn looks_personal(column: &str) -> bool {
    PERSONAL_WORDS.iter().any(|word| {
        column.split('_').any(|part| part == *word || part.strip_suffix('s') == Some(*word))
            || (word.contains('_') && column.contains(word))
    })
}

/// Every field with a person of its own.
pub fn owned() -> impl Iterator<Item = &'static Field> {
    CATALOGUE.iter().flat_map(|kind| kind.fields).filter(|field| field.owner.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations;
    use serde_json::json;
    use std::collections::BTreeMap;

    /// Every column of the schema that holds text: table and column.
    fn columns() -> Vec<(&'static str, &'static str)> {
        let all = migrations::columns().into_iter();
        all.filter(|(_, _, kind)| holds_text(kind)).map(|(table, column, _)| (table, column)).collect()
    }

    fn holds_text(kind: &str) -> bool {
        matches!(kind, "text" | "jsonb" | "bytea" | "TEXT")
    }

    #[test]
    fn every_column_that_looks_personal_is_accounted_for() {
        let columns = columns();
        assert!(columns.len() > 100, "the schema was read");
        let listed = |table: &str, column: &str| {
            CATALOGUE.iter().flat_map(|kind| kind.fields).any(|field| field.table == table && field.column == column)
                || NOT_PERSONAL.contains(&(table, column))
        };
        let open: Vec<String> = columns
            .iter()
            .filter(|(table, column)| looks_personal(column) && !listed(table, column))
            .map(|(table, column)| format!("{table}.{column}"))
            .collect();
        assert!(
            open.is_empty(),
            "say in privacy/catalogue.rs what these hold, or that they are not personal: {open:#?}"
        );
    }

    #[test]
    fn the_catalogue_names_columns_that_exist() {
        let columns = columns();
        let known = |table: &str, column: &str| columns.contains(&(table, column));
        for field in CATALOGUE.iter().flat_map(|kind| kind.fields) {
            assert!(known(field.table, field.column), "{}.{} does not exist", field.table, field.column);
        }
        for (table, column) in NOT_PERSONAL {
            assert!(known(table, column), "{table}.{column} does not exist");
        }
    }

    #[test]
    fn names_that_look_personal() {
        for column in ["phone", "user_name", "id_number", "password_hash", "agent", "hosts", "args", "id_card_copy"] {
            assert!(looks_personal(column), "{column}");
        }
        for column in ["state", "created_at", "hostile", "agency_id"] {
            assert!(!looks_personal(column), "{column}");
        }
    }

    #[test]
    fn every_kind_is_explained_in_both_languages() {
        for kind in CATALOGUE {
            for tail in ["", "-why", "-seen"] {
                let key = format!("personal-{}{tail}", kind.key);
                assert!(Lang::Zh.has(&key) && Lang::En.has(&key), "{key}");
            }
        }
        for lang in [Lang::Zh, Lang::En] {
            assert!(Basis::ALL.iter().all(|basis| lang.has(&format!("basis-{basis}"))));
            assert!(Keep::ALL.iter().all(|keep| lang.has(&format!("keep-{keep}"))));
        }
    }

    #[test]
    fn how_long_is_said_as_the_zone_has_set_it() {
        let set = Retention::of(&json!({"person_days": 90, "access_log_months": 24}));
        let none = Retention::of(&json!(null));
        for (keep, as_set, unset) in [
            (Keep::Post, Some(90), Some(730)),
            (Keep::Log, Some(24), Some(12)),
            (Keep::Account, Some(12), Some(12)),
            (Keep::Notice, Some(365), Some(365)),
            (Keep::Request, Some(1095), Some(1095)),
            (Keep::Import, Some(24), Some(24)),
            (Keep::Case, None, None),
            (Keep::Disruption, None, None),
            (Keep::Ledger, None, None),
        ] {
            assert_eq!((keep.number(&set), keep.number(&none)), (as_set, unset), "{keep}");
            for lang in [Lang::Zh, Lang::En] {
                let said = keep.text(&lang, &set);
                assert!(as_set.is_none_or(|n| said.contains(&n.to_string())), "{keep} in {lang:?}: {said}");
            }
        }
        let short = Retention::of(&json!({"access_log_months": 1}));
        assert_eq!(Keep::Log.number(&short), Some(6), "the law's six months hold");
        assert!(Keep::ALL.iter().all(|keep| CATALOGUE.iter().any(|kind| kind.keep == *keep)), "every one is used");
    }

    #[test]
    fn a_row_goes_as_a_whole_or_not_at_all() {
        let mut rules: BTreeMap<&str, Vec<Erase>> = BTreeMap::new();
        for field in owned() {
            rules.entry(field.table).or_default().push(field.erase);
        }
        for (table, rules) in rules {
            let rows = rules.iter().filter(|erase| **erase == Erase::Row).count();
            assert!(rows == 0 || rows == rules.len(), "{table}: {rules:?}");
        }
    }
}
