//! 结果: what came of an appeal in the enterprise's own words. It confirms and rates,
//! by account, by a link without account or by telephone; somebody of another unit calls
//! back (回访), chosen by rule or by a sample that nobody picks; a bad rating is looked
//! into (差评); what is left out of the rates (剔除) is decided by another unit; and the
//! rates of all that, with and without what was left out (manual 3.3–3.6).

mod api;
pub mod desk;
mod exclusion;
pub(super) mod pages;
mod rates;
mod sight;
mod store;

pub use rates::{Group, Measure, Part, Rate, Split, percent};
pub use store::{Call, Case, Exclusion};

use super::{Channel, Kind, Urgency};
use crate::http::routes::Routes;
use crate::time::Day;
use crate::words;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

words! {
    /// Why somebody is called back.
    pub enum Why {
        /// 评价不满意
        BadRating = "bad_rating",
        /// 投诉、举报
        Complaint = "complaint",
        /// 重办两次以上
        Redone = "redone",
        /// 紧急、特急
        Urgent = "urgent",
        /// 重启过
        Reopened = "reopened",
        /// 12345 工单，件件回访
        Hotline = "hotline",
        /// 抽样
        Sample = "sample",
    }
}

words! {
    /// Where a return call stands.
    pub enum CallState {
        /// 待回访
        Open = "open",
        /// 已回访
        Reached = "reached",
        /// 三次未接通
        Unreached = "unreached",
        /// 企业不愿答复
        Refused = "refused",
        /// 已重新办理，不再回访
        Dropped = "dropped",
    }
}

words! {
    /// How a rating came.
    pub enum How {
        /// 账号
        Account = "account",
        /// 链接
        Link = "link",
        /// 电话代记
        Phone = "phone",
    }
}

words! {
    /// Where the matter of a bad rating stands.
    pub enum CaseState {
        /// 待联系核实
        Contact = "contact",
        /// 待整改
        Fix = "fix",
        /// 待回访
        Call = "call",
        /// 已办结
        Done = "done",
    }
}

words! {
    /// What a bad rating was found to be.
    pub enum Found {
        /// 属实
        Valid = "valid",
        /// 误评
        Mistaken = "mistaken",
        /// 恶意
        Malicious = "malicious",
    }
}

words! {
    /// Why an appeal is left out of the rates (manual 3.5).
    pub enum Ground {
        /// 超出法律政策
        BeyondLaw = "beyond_law",
        /// 重复无新情况
        NoNewFacts = "no_new_facts",
        /// 不实
        False = "false",
        /// 恶意
        Malicious = "malicious",
        /// 职责外
        NotOurs = "not_ours",
        /// 民事纠纷
        PrivateDispute = "private_dispute",
        /// 已入法定途径
        LegalChannel = "legal_channel",
        /// 不可抗力
        ForceMajeure = "force_majeure",
    }
}

words! {
    /// Where a request to leave something out stands.
    pub enum ExclusionState {
        /// 待审核
        Asked = "asked",
        /// 同意剔除
        Granted = "granted",
        /// 不同意
        Refused = "refused",
    }
}

/// A bad rating (差评) is at most so much.
pub const BAD: i64 = 2;
/// Working days within which a bad rating is put right (manual 3.6).
pub const FIX_DAYS: i64 = 15;
/// Tries without an answer before a call is given up, on as many days (manual 3.5).
pub const TRIES: i64 = 3;
/// Days on which it was tried before a call is given up.
pub const TRY_DAYS: i64 = 2;
/// Working days for which the link to confirm works.
pub const LINK_DAYS: u32 = 15;

/// Whom the committee calls back, and which level is satisfied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Of a hundred answers that no rule chooses, how many are called back: 0 to 100.
    pub percent: i64,
    /// The lowest level that counts as satisfied: 3 (基本满意) or 4 (满意).
    pub satisfied_from: i64,
    /// What the sample is drawn with. Chosen by the program once, so that nobody draws until it suits him.
    pub seed: Option<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { percent: 20, satisfied_from: 3, seed: None }
    }
}

/// The key of [`Policy`] among the settings of a zone.
pub const SETTING: &str = "return_call";

impl Policy {
    /// What the settings of a zone say.
    pub fn of(settings: &Json) -> Self {
        serde_json::from_value(settings[SETTING].clone()).unwrap_or_default()
    }
}

/// What it is chosen by whether somebody is called back.
#[derive(Clone, Copy, Debug)]
pub struct Accepted {
    /// The appeal.
    pub id: Uuid,
    /// The zone: the seed until the committee sets a percentage of its own.
    pub zone: Uuid,
    /// How it was rated; none by silence.
    pub rating: Option<i64>,
    /// What kind of matter it is.
    pub kind: Kind,
    /// The way it came.
    pub channel: Channel,
    /// How urgent it was.
    pub urgency: Urgency,
    /// How often the answer was sent back.
    pub sent_back: i64,
    /// How often it was opened again.
    pub reopened: i64,
}

/// Why an appeal is called back; for nothing it is not. The sample is asked only where no rule chooses.
pub fn chosen(one: &Accepted, policy: &Policy) -> Vec<Why> {
    let rules = [
        (Why::BadRating, one.rating.is_some_and(|rating| rating <= BAD)),
        (Why::Complaint, matches!(one.kind, Kind::Complaint | Kind::Report)),
        (Why::Redone, one.sent_back >= 2),
        (Why::Urgent, one.urgency != Urgency::Normal),
        (Why::Reopened, one.reopened > 0),
        (Why::Hotline, one.channel == Channel::Hotline12345),
    ];
    let by_rule: Vec<Why> = rules.into_iter().filter(|(_, holds)| *holds).map(|(why, _)| why).collect();
    if !by_rule.is_empty() {
        return by_rule;
    }
    let seed = policy.seed.clone().unwrap_or_else(|| one.zone.to_string());
    if in_sample(&seed, one.id, policy.percent) { vec![Why::Sample] } else { Vec::new() }
}

/// Whether an appeal is in the sample: the digest of seed and key says so, so that
/// anybody who has both comes to the same, and nobody chooses.
pub fn in_sample(seed: &str, id: Uuid, percent: i64) -> bool {
    let digest = vault::hash::sha256(format!("{seed}:{id}").as_bytes());
    let first = digest[..8].iter().fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
    i64::try_from(first % 10_000).is_ok_and(|n| n < percent * 100)
}

/// The reasons of a call as they are stored.
pub fn joined(reasons: &[Why]) -> String {
    reasons.iter().map(|why| why.word()).collect::<Vec<_>>().join(",")
}

/// The reasons that are stored.
pub fn reasons(stored: &str) -> Vec<Why> {
    stored.split(',').filter_map(Why::parse).collect()
}

/// What was tried without reaching anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// How often.
    pub tries: i64,
    /// On how many days.
    pub days: i64,
    /// The last day.
    pub on: Option<Day>,
}

impl Tried {
    /// One try more, on that day.
    pub fn again(self, today: Day) -> Self {
        let another = self.on != Some(today);
        Self { tries: self.tries + 1, days: self.days + i64::from(another), on: Some(today) }
    }

    /// Whether it was tried often enough to be given up.
    pub fn is_over(self) -> bool {
        self.tries >= TRIES && self.days >= TRY_DAYS
    }

    /// When it is tried next: today, unless only a try on another day still counts.
    pub fn next(self, today: Day, tomorrow: Day) -> Day {
        if self.tries >= TRIES - 1 && self.days < TRY_DAYS { tomorrow } else { today }
    }
}

/// What somebody who was called said, or that nobody answered.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logged {
    /// What the call found.
    pub verdict: super::Verdict,
    /// How satisfied, 1 to 5, where somebody was reached.
    pub rating: Option<i64>,
    /// What was said.
    pub note: Option<String>,
}

/// What came of verifying a bad rating.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// What it was.
    pub found: Found,
    /// Why.
    pub reason: String,
    /// What will be done, where it is valid.
    pub rectification: Option<String>,
    /// By which day, where it is valid: within fifteen working days.
    #[schemars(with = "Option<String>")]
    pub fix_on: Option<Day>,
}

/// Adds this job's routes.
pub(super) fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// rating, kind, channel, urgency, sent back, reopened: and why it is called back.
    const RULES: &str = "
        5 help      web          normal 0 0 ->
        - help      web          normal 0 0 ->
        2 help      web          normal 0 0 -> bad_rating
        1 complaint web          normal 0 0 -> bad_rating,complaint
        4 report    phone        normal 0 0 -> complaint
        4 help      web          normal 1 0 ->
        4 help      web          normal 2 0 -> redone
        5 consult   wechat       urgent 0 0 -> urgent
        5 help      web        critical 0 1 -> urgent,reopened
        5 help      hotline12345 normal 0 0 -> hotline
        - praise    upper        normal 0 0 ->
    ";

    #[test]
    fn who_is_called_back_by_rule() {
        let none = Policy { percent: 0, ..Policy::default() };
        for line in RULES.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (left, why) = line.split_once("->").expect("an arrow");
            let words: Vec<&str> = left.split_whitespace().collect();
            let [rating, kind, channel, urgency, sent_back, reopened] = words[..] else { panic!("{line}") };
            let one = Accepted {
                id: Uuid::from_u128(7),
                zone: Uuid::from_u128(1),
                rating: rating.parse().ok(),
                kind: Kind::parse(kind).expect("a kind"),
                channel: Channel::parse(channel).expect("a channel"),
                urgency: Urgency::parse(urgency).expect("an urgency"),
                sent_back: sent_back.parse().expect("a number"),
                reopened: reopened.parse().expect("a number"),
            };
            assert_eq!(joined(&chosen(&one, &none)), why.trim(), "{line}");
        }
    }

    #[test]
    fn the_sample_is_drawn_by_nobody_and_by_everybody_alike() {
        let ids: Vec<Uuid> = (0..2000).map(Uuid::from_u128).collect();
        let drawn = |seed: &str, percent| ids.iter().filter(|id| in_sample(seed, **id, percent)).count();
        assert_eq!(drawn("a", 0), 0);
        assert_eq!(drawn("a", 100), ids.len());
        let some = drawn("a", 20);
        assert!((320..480).contains(&some), "about a fifth: {some}");
        assert_eq!(some, drawn("a", 20), "the same again");
        let both = ids.iter().filter(|id| in_sample("a", **id, 20) && in_sample("b", **id, 20)).count();
        assert!(both < some, "another seed draws others");
        // A larger sample holds the smaller one.
        assert!(ids.iter().all(|id| !in_sample("a", *id, 10) || in_sample("a", *id, 30)));
    }

    #[test]
    fn a_call_is_given_up_after_three_tries_on_two_days() {
        let day = |n: i8| Day(jiff::civil::date(2026, 11, n));
        // The days of the tries, whether it is over then, and when to try next (24, or 25 for tomorrow).
        for (tries, over, next) in [
            (vec![24], false, 24),
            (vec![24, 24], false, 25),
            (vec![24, 24, 24], false, 25),
            (vec![23, 24], false, 24),
            (vec![23, 23, 24], true, 24),
            (vec![20, 23, 24], true, 24),
        ] {
            let tried = tries.iter().fold(Tried::default(), |tried, n| tried.again(day(*n)));
            assert_eq!(tried.is_over(), over, "{tries:?}");
            assert_eq!(tried.next(day(24), day(25)), day(next), "{tries:?}");
        }
    }

    #[test]
    fn what_settings_say() {
        let said = serde_json::json!({"return_call": {"percent": 35, "seed": "x"}});
        assert_eq!(Policy::of(&said), Policy { percent: 35, satisfied_from: 3, seed: Some("x".into()) });
        assert_eq!(Policy::of(&Json::Null), Policy::default());
    }

    #[test]
    fn every_word_has_its_label() {
        use crate::text::Lang;
        fn all<T: std::fmt::Display>(family: &str, words: &[T]) {
            for word in words {
                let key = format!("{family}-{word}");
                assert!(Lang::Zh.has(&key) && Lang::En.has(&key), "{key}");
            }
        }
        all("call-why", Why::ALL);
        all("call-state", CallState::ALL);
        all("rating-how", How::ALL);
        all("case-state", CaseState::ALL);
        all("found", Found::ALL);
        all("exclusion-ground", Ground::ALL);
        all("exclusion-state", ExclusionState::ALL);
        all("measure", Measure::ALL);
    }
}
