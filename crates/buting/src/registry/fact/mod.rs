//! 资料的来源与核实: who said each fact of an enterprise, when it was last found
//! right, and how an enterprise corrects what the register says of it.
//!
//! The rules:
//!
//! 1. A fact has one home, the record. Beside it stand its source, the day on which
//!    it was last confirmed, and by whom. A fact that nobody has touched since stands
//!    as the record was made.
//! 2. Each kind of fact stays fresh for a time of its own. Who needs it asks again
//!    only when that is over (一次采集).
//! 3. Some facts are official: the register of the State or the committee decides
//!    them (name, credit code, carrier, industry, whether it is a key enterprise).
//!    The others the enterprise knows best.
//! 4. What an enterprise says of its own facts holds at once. Of official facts it
//!    proposes a correction with a reason, several in one; an officer who answers for
//!    it accepts or refuses it as a whole, and says why when he refuses.
//! 5. A proposal takes the place of the one that waits. What was changed since it was
//!    made is shown beside it, and overwritten only by who has seen that.
//! 6. Where a message does not reach a contact, his number is marked with date and
//!    cause, and he is asked for again until it is confirmed or another is given.

mod api;
pub mod desk;
mod pages;
mod store;

use super::{Contact, Enterprise, EnterprisePatch};
use crate::error::{Check, Result};
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::patch::Patch;
use crate::time::{DAY_MS, Time};
use crate::words;
use ::store::{FromRow, Row, from_row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Adds the routes of facts, corrections and failed deliveries.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

words! {
    /// A fact whose source and date are kept. The word is its field in the record;
    /// its text is `fact-<word>`.
    pub enum Key {
        /// 名称
        Name = "name",
        /// 统一社会信用代码
        Uscc = "uscc",
        /// 所在载体
        Carrier = "carrier_id",
        /// 行业代码
        Industry = "industry_code",
        /// 重点企业
        KeyEnterprise = "key",
        /// 职工人数
        Headcount = "headcount",
        /// 地址
        Address = "address",
        /// 联系人: the one to call first
        Contacts = "contacts",
    }
}

/// Who decides a fact, and for how long it stays fresh.
struct Rule {
    /// Whether the register decides it, not the enterprise.
    official: bool,
    /// For so many days it need not be asked again.
    fresh_days: i64,
}

impl Key {
    const fn rule(self) -> Rule {
        let (official, fresh_days) = match self {
            // A credit code is for life; the licence is looked at now and then.
            Self::Uscc => (true, 1095),
            Self::Name | Self::Industry => (true, 730),
            Self::Carrier | Self::KeyEnterprise => (true, 365),
            Self::Address => (false, 365),
            Self::Headcount | Self::Contacts => (false, 180),
        };
        Rule { official, fresh_days }
    }

    /// Whether the register decides it, so that a correction waits for an officer.
    pub const fn is_official(self) -> bool {
        self.rule().official
    }

    /// How long it stays fresh, in milliseconds.
    pub const fn fresh_ms(self) -> i64 {
        self.rule().fresh_days * DAY_MS
    }

    /// The facts that stand in the record itself; a contact keeps his own date.
    pub fn of_record() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|key| *key != Self::Contacts)
    }

    /// Whether the record says anything of it. That it is no key enterprise is not
    /// worth asking again.
    pub fn is_given(self, facts: &Json) -> bool {
        !matches!(&facts[self.word()], Json::Null | Json::Bool(false))
    }
}

words! {
    /// Who said a fact. Its text is `enterprise-source-<word>`.
    pub enum Source {
        /// 管委会登记
        Officer = "officer",
        /// 企业填报
        Enterprise = "enterprise",
        /// 表格导入
        Import = "import",
        /// 走访了解
        Visit = "visit",
        /// 国家登记信息
        Register = "register",
    }
}

impl Source {
    /// What an officer who writes a fact down may name; a sheet speaks for itself.
    pub const NAMED: [Self; 4] = [Self::Officer, Self::Enterprise, Self::Visit, Self::Register];
}

/// How a fact stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Who said it.
    pub source: Source,
    /// When it was last found right.
    pub confirmed_at: Time,
    /// By whom; none for the program itself.
    pub confirmed_by: Option<Uuid>,
}

/// How facts stand, by key.
pub type Standings = BTreeMap<Key, Standing>;

/// A standing with the name of the person.
#[derive(Clone, Debug)]
struct Stood {
    source: Source,
    confirmed_at: Time,
    confirmed_by: Option<Uuid>,
    name: Option<String>,
}

from_row!(Stood { source, confirmed_at, confirmed_by, name });

impl Stood {
    fn standing(&self) -> Standing {
        Standing { source: self.source, confirmed_at: self.confirmed_at, confirmed_by: self.confirmed_by }
    }
}

/// Where a new standing of facts comes from.
pub enum Said {
    /// Somebody says so now.
    Now(Source),
    /// As they stand in another record.
    As(Standings),
    /// Former values come back, and with them how they stood: `stood` before the
    /// change that is taken back, `stands` after it.
    Back {
        /// By key; a fact that is missing stood as the record was made.
        stood: Json,
        /// By key, likewise.
        stands: Json,
    },
}

/// A fact of an enterprise with its source and date.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Fact {
    /// Which.
    pub key: Key,
    /// Whether the register decides it: a correction waits for an officer.
    pub official: bool,
    /// Who said it.
    pub source: Source,
    /// When it was last found right; null when that never was.
    pub confirmed_at: Option<Time>,
    /// The person who found it right, by name.
    pub confirmed_by: Option<String>,
    /// Until when it need not be asked again.
    pub fresh_until: Option<Time>,
    /// Whether it should be asked again.
    pub stale: bool,
}

impl Fact {
    fn new(key: Key, source: Source, at: Option<Time>, by: Option<String>, now: Time) -> Self {
        // A date that lies ahead confirms nothing beyond today.
        let at = at.map(|at| at.min(now));
        let fresh_until = at.map(|at| at.plus(key.fresh_ms()));
        Self {
            key,
            official: key.is_official(),
            source,
            confirmed_at: at,
            confirmed_by: by,
            fresh_until,
            stale: fresh_until.is_none_or(|until| until < now),
        }
    }
}

/// The facts that a record gives, with how each stands. `made` is how those stand
/// that have no standing of their own.
fn facts(one: &Enterprise, stood: &BTreeMap<Key, Stood>, made: &Stood, now: Time) -> Vec<Fact> {
    let record = one.facts();
    let of_record = Key::of_record().filter(|key| key.is_given(&record)).map(|key| {
        let stood = stood.get(&key).unwrap_or(made);
        Fact::new(key, stood.source, Some(stood.confirmed_at), stood.name.clone(), now)
    });
    // Who was never entered as a contact is no fact of the register.
    let fails = one.contacts.iter().any(Contact::fails);
    let contacts = one.contacts.first().filter(|first| first.primary || fails).map(|first| {
        let source = first.source.unwrap_or(made.source);
        let fact = Fact::new(Key::Contacts, source, first.verified_at, first.verified_by.clone(), now);
        Fact { stale: fact.stale || fails, ..fact }
    });
    of_record.chain(contacts).collect()
}

// ---- corrections -------------------------------------------------------------

words! {
    /// How a correction stands.
    pub enum CorrectionState {
        /// 待核实
        Waiting = "waiting",
        /// 已更正
        Accepted = "accepted",
        /// 未采纳
        Refused = "refused",
        /// 企业已撤回
        Withdrawn = "withdrawn",
        /// 已由新的更正代替
        Replaced = "replaced",
        /// 已直接生效: nothing official was in it
        Applied = "applied",
    }
}

/// A changed fact as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    key: Key,
    was: Json,
    to: Json,
}

/// The facts in which two records differ.
fn told(was: &Json, to: &Json) -> Vec<Told> {
    let differing = Key::of_record().filter(|key| was[key.word()] != to[key.word()]);
    differing.map(|key| Told { key, was: was[key.word()].clone(), to: to[key.word()].clone() }).collect()
}

/// The change of the record that some of them make.
fn patch<'a>(told: impl Iterator<Item = &'a Told>) -> Map<String, Json> {
    told.map(|one| (one.key.word().to_owned(), one.to.clone())).collect()
}

/// The official facts of a correction that are neither as the enterprise saw them
/// nor as it says they are: somebody else changed them since.
fn changed_since(told: &[Told], now: &Json) -> Vec<Key> {
    let meanwhile = |one: &&Told| now[one.key.word()] != one.was && now[one.key.word()] != one.to;
    told.iter().filter(|one| one.key.is_official()).filter(meanwhile).map(|one| one.key).collect()
}

/// A fact of a correction.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Change {
    /// Which.
    pub key: Key,
    /// Whether it waits (or waited) for an officer; the others took effect at once.
    pub official: bool,
    /// As it was when the enterprise said so.
    pub was: Json,
    /// As the enterprise says it is.
    pub to: Json,
    /// As the register has it now; null once decided.
    pub now: Json,
    /// Whether it was changed otherwise since, while the correction waits.
    pub changed_since: bool,
}

/// What an enterprise said of its own facts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Correction {
    /// Key.
    pub id: Uuid,
    /// The enterprise.
    pub enterprise_id: Uuid,
    /// Its short name.
    pub enterprise: String,
    /// How it stands.
    pub state: CorrectionState,
    /// The facts.
    pub changes: Vec<Change>,
    /// Why, in the enterprise's words.
    pub reason: Option<String>,
    /// Who said so.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: Time,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Time>,
    /// What was answered.
    pub answer: Option<String>,
    /// The version of the enterprise of which `now` tells; null once decided.
    pub enterprise_version: Option<i64>,
    /// Counts the changes.
    pub version: i64,
}

impl Correction {
    /// Whether an officer has still to decide.
    pub fn waits(&self) -> bool {
        self.state == CorrectionState::Waiting
    }

    /// Whether something was changed otherwise since.
    pub fn is_overtaken(&self) -> bool {
        self.changes.iter().any(|change| change.changed_since)
    }
}

impl Versioned for Correction {
    fn version(&self) -> i64 {
        self.version
    }
}

/// Correct facts of one's own enterprise: what is absent stays, null empties.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewCorrection {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Full name, as registered.
    pub name: Option<String>,
    /// Unified social credit code.
    pub uscc: Patch<String>,
    /// The carrier that it sits in.
    pub carrier_id: Patch<Uuid>,
    /// GB/T 4754.
    pub industry_code: Patch<String>,
    /// Whether it is a key enterprise.
    pub key: Option<bool>,
    /// People employed; takes effect at once.
    pub headcount: Patch<i64>,
    /// Where it is; takes effect at once.
    pub address: Patch<String>,
    /// Why; needed when an officer has to decide.
    pub reason: Option<String>,
}

impl NewCorrection {
    /// The record as it would be.
    fn patch(self) -> EnterprisePatch {
        EnterprisePatch {
            name: self.name,
            uscc: self.uscc,
            carrier_id: self.carrier_id,
            industry_code: self.industry_code,
            key: self.key,
            headcount: self.headcount,
            address: self.address,
            ..EnterprisePatch::default()
        }
    }
}

/// What is decided about a correction.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Whether it is accepted.
    pub accept: bool,
    /// What the enterprise is told; needed on a refusal.
    pub answer: Option<String>,
    /// Where facts were changed since: the version of the enterprise whose values
    /// are overwritten knowingly.
    pub overwrite: Option<i64>,
}

/// Which facts are found unchanged.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Confirmation {
    /// Those; when empty all that are stale.
    pub facts: Vec<Key>,
    /// Who said so; the office when absent.
    pub said_by: Option<Source>,
}

/// What a list of corrections is asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorrectionQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// `-proposed` (newest first) or `proposed`.
    pub sort: Option<String>,
    /// Words of the enterprise: name, pinyin, initials, credit code.
    pub q: Option<String>,
    /// How they stand.
    pub state: Option<CorrectionState>,
    /// Those of this enterprise.
    pub enterprise_id: Option<Uuid>,
}

// ---- numbers that do not reach anybody -----------------------------------------

words! {
    /// What a contact is reached by. Its text is `person-channel-<word>`.
    pub enum Channel {
        /// 电话、短信
        Phone = "phone",
        /// 邮箱
        Email = "email",
    }
}

words! {
    /// Why it did not reach him. Its text is `person-why-<word>`.
    pub enum Why {
        /// 空号、停机、号码不对
        WrongNumber = "wrong_number",
        /// 多次无人接听
        NoAnswer = "no_answer",
        /// 退信、短信未送达
        Bounced = "bounced",
        /// 接听的人说打错了
        SomebodyElse = "somebody_else",
    }
}

/// A number at which somebody was not reached.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Failure {
    /// By what.
    pub channel: Channel,
    /// Why.
    pub why: Why,
    /// More, such as the gateway's answer; only for those who see the number.
    pub detail: Option<String>,
    /// When.
    pub at: Time,
}

impl Failure {
    /// The failures of a contact's present numbers, from the columns of his row.
    pub(super) fn of(row: &Row) -> ::store::Result<Vec<Self>> {
        let mut all = Vec::new();
        for (channel, why, detail, at) in [
            (Channel::Phone, "phone_why", "phone_detail", "phone_failed_at"),
            (Channel::Email, "email_why", "email_detail", "email_failed_at"),
        ] {
            let (why, at): (Option<Why>, Option<Time>) = (row.get(why)?, row.get(at)?);
            if let Some((why, at)) = why.zip(at) {
                all.push(Self { channel, why, detail: row.get(detail)?, at });
            }
        }
        Ok(all)
    }
}

/// That a contact was not reached.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFailure {
    /// By what.
    pub channel: Channel,
    /// Why.
    pub why: Why,
    /// More, such as the answer of a gateway for mail or messages.
    pub detail: Option<String>,
}

impl NewFailure {
    fn checked(self) -> Result<Self> {
        let mut check = Check::new();
        let detail = check.opt_text("detail", self.detail.as_deref(), 200);
        check.done()?;
        Ok(Self { detail, ..self })
    }
}

/// The number or address of a contact on a channel.
fn destination(contact: &Contact, channel: Channel) -> Option<&str> {
    match channel {
        Channel::Phone => contact.phone.as_deref(),
        Channel::Email => contact.email.as_deref(),
    }
}

/// A contact whose number did not work, with his enterprise.
struct Failing {
    person_id: Uuid,
    person: String,
    enterprise: String,
}

from_row!(Failing { person_id, person, enterprise });

/// A correction as it is kept.
struct Kept {
    id: Uuid,
    enterprise_id: Uuid,
    enterprise: String,
    state: CorrectionState,
    told: Vec<Told>,
    reason: Option<String>,
    proposed_by: Option<String>,
    proposed_at: Time,
    decided_by: Option<String>,
    decided_at: Option<Time>,
    answer: Option<String>,
    version: i64,
}

impl FromRow for Kept {
    fn from_row(row: &Row) -> ::store::Result<Self> {
        let changes: Json = row.get("changes")?;
        Ok(Self {
            id: row.get("id")?,
            enterprise_id: row.get("enterprise_id")?,
            enterprise: row.get("enterprise")?,
            state: row.get("state")?,
            told: serde_json::from_value(changes).map_err(|e| ::store::Error::Shape(format!("changes: {e}")))?,
            reason: row.get("reason")?,
            proposed_by: row.get("proposed_by")?,
            proposed_at: row.get("proposed_at")?,
            decided_by: row.get("decided_by")?,
            decided_at: row.get("decided_at")?,
            answer: row.get("answer")?,
            version: row.get("version")?,
        })
    }
}

impl Kept {
    /// For readers; `now` is the record of the enterprise.
    fn shown(self, now: Option<&Enterprise>) -> Correction {
        let record = now.filter(|_| self.state == CorrectionState::Waiting);
        let facts = record.map(Enterprise::facts).unwrap_or_default();
        let since = if record.is_some() { changed_since(&self.told, &facts) } else { Vec::new() };
        let change = |one: Told| Change {
            key: one.key,
            official: one.key.is_official(),
            now: facts[one.key.word()].clone(),
            changed_since: since.contains(&one.key),
            was: one.was,
            to: one.to,
        };
        Correction {
            id: self.id,
            enterprise_id: self.enterprise_id,
            enterprise: self.enterprise,
            state: self.state,
            changes: self.told.into_iter().map(change).collect(),
            reason: self.reason,
            proposed_by: self.proposed_by,
            proposed_at: self.proposed_at,
            decided_by: self.decided_by,
            decided_at: self.decided_at,
            answer: self.answer,
            enterprise_version: record.map(|one| one.version),
            version: self.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::NewEnterprise;
    use super::*;
    use crate::text::Lang;
    use serde_json::json;

    const NOW: Time = Time::from_ms(1_795_485_600_000);

    fn ago(days: i64) -> Time {
        NOW.plus(-days * DAY_MS)
    }

    fn firm() -> Enterprise {
        let new = NewEnterprise {
            name: "北辰机电设备有限公司".into(),
            headcount: Some(120),
            address: Some("西岭路 1 号".into()),
            ..NewEnterprise::default()
        };
        new.record(Uuid::nil(), ago(200))
    }

    fn stood(source: Source, days: i64) -> Stood {
        Stood { source, confirmed_at: ago(days), confirmed_by: None, name: Some("周正".into()) }
    }

    /// Who decides a fact, and after how many days it is asked again.
    #[test]
    fn whose_a_fact_is_and_for_how_long_it_is_fresh() {
        for (key, official, fresh, stale) in [
            (Key::Name, true, 730, 731),
            (Key::Uscc, true, 1095, 1096),
            (Key::Carrier, true, 365, 366),
            (Key::Industry, true, 730, 731),
            (Key::KeyEnterprise, true, 365, 366),
            (Key::Headcount, false, 180, 181),
            (Key::Address, false, 365, 366),
            (Key::Contacts, false, 180, 181),
        ] {
            assert_eq!(key.is_official(), official, "{key}");
            let at = |days| Fact::new(key, Source::Officer, Some(ago(days)), None, NOW);
            assert!(!at(fresh).stale && at(stale).stale, "{key}");
            assert_eq!(at(0).fresh_until, Some(NOW.plus(fresh * DAY_MS)), "{key}");
        }
        assert!(Fact::new(Key::Contacts, Source::Officer, None, None, NOW).stale, "what was never confirmed");
        let ahead = Fact::new(Key::Headcount, Source::Import, Some(NOW.plus(DAY_MS)), None, NOW);
        assert_eq!(ahead.confirmed_at, Some(NOW), "a date that lies ahead counts as today");
    }

    #[test]
    fn a_fact_stands_as_the_record_was_made_until_somebody_touches_it() {
        let made = stood(Source::Import, 200);
        let later = BTreeMap::from([(Key::Headcount, stood(Source::Enterprise, 3))]);
        let found = facts(&firm(), &later, &made, NOW);
        let said: Vec<(Key, Source, bool)> = found.iter().map(|fact| (fact.key, fact.source, fact.stale)).collect();
        assert_eq!(
            said,
            [
                (Key::Name, Source::Import, false),
                (Key::Headcount, Source::Enterprise, false),
                (Key::Address, Source::Import, false),
            ],
            "what the record does not give has no source"
        );
        let found = facts(&firm(), &BTreeMap::new(), &made, NOW);
        let stale: Vec<Key> = found.iter().filter(|fact| fact.stale).map(|fact| fact.key).collect();
        assert_eq!(stale, [Key::Headcount], "200 days are long for a headcount, not for a name");
    }

    #[test]
    fn a_correction_holds_what_differs() {
        let was = json!({"name": "甲", "key": false, "headcount": 5, "address": null, "note": "内部"});
        let to = json!({"name": "甲", "key": true, "headcount": 8, "address": null, "note": "别的"});
        let found = told(&was, &to);
        let keys: Vec<Key> = found.iter().map(|one| one.key).collect();
        assert_eq!(keys, [Key::KeyEnterprise, Key::Headcount]);
        let own = patch(found.iter().filter(|one| !one.key.is_official()));
        assert_eq!(Json::Object(own), json!({"headcount": 8}));
    }

    /// An officer is told what was changed since the enterprise looked.
    #[test]
    fn what_was_changed_since_is_told() {
        let told = [
            Told { key: Key::Name, was: json!("甲"), to: json!("乙") },
            Told { key: Key::Headcount, was: json!(5), to: json!(8) },
        ];
        for (now, since) in [
            (json!({"name": "甲", "headcount": 5}), vec![]),
            (json!({"name": "丙", "headcount": 5}), vec![Key::Name]),
            // Somebody made the same change; and an own fact has taken effect long ago.
            (json!({"name": "乙", "headcount": 9}), vec![]),
        ] {
            assert_eq!(changed_since(&told, &now), since, "{now}");
        }
    }

    #[test]
    fn every_word_has_its_text() {
        for lang in [Lang::Zh, Lang::En] {
            let mut keys: Vec<String> = Key::ALL.iter().map(|key| format!("fact-{key}")).collect();
            keys.extend(Source::ALL.iter().map(|word| format!("enterprise-source-{word}")));
            keys.extend(CorrectionState::ALL.iter().map(|word| format!("correction-state-{word}")));
            keys.extend(Channel::ALL.iter().map(|word| format!("person-channel-{word}")));
            keys.extend(Why::ALL.iter().map(|word| format!("person-why-{word}")));
            let missing: Vec<&String> = keys.iter().filter(|key| !lang.has(key)).collect();
            assert!(missing.is_empty(), "{missing:?}");
        }
    }
}
