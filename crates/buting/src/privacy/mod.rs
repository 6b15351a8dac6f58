//! 个人信息: what is held about persons and why, their consent, what they ask
//! about their own data, and the end of what need not be kept (个人信息保护法).

pub mod catalogue;
pub mod desk;
mod pages;
mod store;

use crate::http::routes::Routes;
use crate::time::Time;
use crate::words;
use crate::worker::Kind;
use ::store::{Schedule, from_row};
use uuid::Uuid;

pub use crate::zone::PERSON_DAYS;
pub use catalogue::{Basis, Keep};

words! {
    /// A use of personal data that needs the person's consent. None of them is
    /// needed for the committee's duty: saying no closes no door.
    pub enum ConsentKind {
        /// 将我的姓名、电话告知协办单位，便于其直接联系
        Partner = "partner",
        /// 办结后电话回访
        ReturnCall = "return_call",
    }
}

/// The version of the texts `consent-<kind>-text`. A new text needs a new
/// version: those who agreed to the old one are asked again.
pub const CONSENT_TEXT: &str = "2026-11";

words! {
    /// What a person may ask about his own data (§44–47).
    pub enum RequestKind {
        /// 查阅、复制
        See = "see",
        /// 更正、补充
        Correct = "correct",
        /// 删除
        Erase = "erase",
        /// 要求解释处理规则
        Explain = "explain",
    }
}

words! {
    /// How a request stands.
    pub enum RequestState {
        /// 已受理
        Received = "received",
        /// 已办
        Done = "done",
        /// 不予办理，已说明理由
        Refused = "refused",
    }
}

words! {
    /// Why a request is refused; the answer says it in words (§50: refusal needs a reason).
    pub enum Ground {
        /// 法律、行政法规规定的保存期限未届满
        RetentionByLaw = "retention_by_law",
        /// 履行法定职责所必需
        DutyInProgress = "duty_in_progress",
        /// 无法核实申请人身份
        IdentityUnproven = "identity_unproven",
        /// 不是申请人本人的信息
        NotTheirs = "not_theirs",
        /// 信息无误，不需要更正
        CorrectAlready = "correct_already",
    }
}

/// Working days in which a request is answered.
pub const ANSWER_DAYS: u32 = 15;
/// Days for which notices are kept.
pub const NOTICE_DAYS: i64 = 365;
/// Days for which the words of a decided request are kept.
pub const REQUEST_DAYS: i64 = 3 * 365;

/// A person's decision about one use.
#[derive(Clone, Debug)]
pub struct Consent {
    /// The use.
    pub kind: ConsentKind,
    /// The text that was shown.
    pub text_version: String,
    /// Yes or no.
    pub given: bool,
    /// When.
    pub at: Time,
}

from_row!(Consent { kind, text_version, given, at });

/// How a person stands to one use.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The use.
    pub kind: ConsentKind,
    /// The last decision, if there was one.
    pub last: Option<Consent>,
}

impl Standing {
    /// Whether the person agrees now: to the text as it reads now.
    pub fn holds(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.given && last.text_version == CONSENT_TEXT)
    }

    /// Whether the person has not yet been asked about the text as it reads now.
    /// Who said no to an older text is not asked again.
    pub fn unasked(&self) -> bool {
        self.last.as_ref().is_none_or(|last| last.given && last.text_version != CONSENT_TEXT)
    }
}

/// What a person asks about his own data.
#[derive(Clone, Debug)]
pub struct Request {
    /// Key.
    pub id: Uuid,
    /// Number of the receipt.
    pub number: String,
    /// Whose data.
    pub person_id: Uuid,
    /// Name of that person.
    pub person: Option<String>,
    /// What is asked.
    pub kind: RequestKind,
    /// In the person's words.
    pub body: String,
    /// How it stands.
    pub state: RequestState,
    /// When it came in.
    pub received_at: Time,
    /// When the answer is due.
    pub due_at: Time,
    /// Who took it down.
    pub received_by: Option<Uuid>,
    /// His name, where it was not the person himself.
    pub taken_by: Option<String>,
    /// How he made sure who asks.
    pub identity_check: Option<String>,
    /// The answer.
    pub answer: Option<String>,
    /// Why it was refused.
    pub ground: Option<Ground>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Request {
    id,
    number,
    person_id,
    person,
    kind,
    body,
    state,
    received_at,
    due_at,
    received_by,
    taken_by,
    identity_check,
    answer,
    ground,
    decided_by,
    decided_at,
    version,
});

/// Personal data that was given to another body.
#[derive(Clone, Debug)]
pub struct Disclosure {
    /// When.
    pub at: Time,
    /// Whose data.
    pub person: Option<String>,
    /// To whom.
    pub to_org: String,
    /// On what basis.
    pub basis: Basis,
    /// Which fields.
    pub fields: String,
    /// On what occasion.
    pub occasion: String,
    /// Who gave it.
    pub made_by: Option<String>,
}

from_row!(Disclosure { at, person, to_org, basis, fields, occasion, made_by });

/// The nightly end of what need not be kept.
pub fn kinds() -> Vec<Kind> {
    vec![Kind {
        name: "privacy.retention",
        schedule: Some(Schedule::DailyAt(3 * 60 + 40)),
        task: |app, zone, _| Box::pin(async move { desk::retain(&app, zone).await.map(drop) }),
    }]
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_asked_once_per_text_and_a_no_is_final() {
        let said = |given, version: &str| Standing {
            kind: ConsentKind::Partner,
            last: Some(Consent {
                kind: ConsentKind::Partner,
                text_version: version.into(),
                given,
                at: Time::from_ms(0),
            }),
        };
        let never = Standing { kind: ConsentKind::Partner, last: None };
        for (standing, holds, unasked) in [
            (never, false, true),
            (said(true, CONSENT_TEXT), true, false),
            (said(false, CONSENT_TEXT), false, false),
            (said(true, "2020-01"), false, true),
            (said(false, "2020-01"), false, false),
        ] {
            assert_eq!((standing.holds(), standing.unasked()), (holds, unasked), "{standing:?}");
        }
    }
}
