//! 企业库: enterprises, the carriers they sit in, their contacts.
//!
//! The rules (manual 1.1, 8.1, 8.6, 16):
//!
//! 1. A credit code is optional, unique in the zone, and checked. One that does
//!    not check may be kept with a reason: real papers hold misprints. The old
//!    registration number of 15 digits has a field of its own.
//! 2. An enterprise sits in no or one carrier. It is called by its full name and
//!    by short names, the most used first.
//! 3. Nothing is deleted: an enterprise moves away, closes, cannot be reached;
//!    who leaves the register as such says why.
//! 4. Contacts grow stale, so each has the day on which it was last verified.
//!    Numbers are masked; showing them leaves a trace.
//! 5. Facts of the register are open to the whole office. An enterprise sees
//!    itself, and keeps its own contacts.
//! 6. Every fact has its source and date ([`fact`]).

mod api;
pub mod bulk;
pub mod desk;
pub mod export;
pub mod fact;
pub mod import;
pub mod merge;
mod pages;
pub mod rows;
mod store;
pub mod timeline;

use crate::error::{Check, FieldError, Result};
use crate::http::routes::Routes;
use crate::list::Column;
use crate::patch::Patch;
use crate::time::Time;
use crate::words;
use ::store::{FromRow, Row, from_row};
use identifiers::Uscc;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
    import::pages::routes(routes);
    merge::routes(routes);
    bulk::routes(routes);
    fact::routes(routes);
}

/// The jobs of the queue that belong to the register.
pub fn kinds() -> Vec<crate::worker::Kind> {
    let mut kinds = import::kinds();
    kinds.extend(merge::kinds());
    kinds
}

/// The most people an enterprise can have.
const MOST_PEOPLE: i64 = 2_000_000;
/// The most short names of one enterprise.
const MOST_NAMES: usize = 10;
/// Characters of a short name.
const LONGEST_SHORT_NAME: usize = 20;
/// The most contacts given with a new enterprise.
const MOST_CONTACTS: usize = 20;
words! {
    /// How an enterprise stands with the zone.
    pub enum Status {
        /// 在区
        Active = "active",
        /// 已迁出
        Moved = "moved",
        /// 已注销
        Closed = "closed",
        /// 失联
        ContactLost = "contact_lost",
        /// 僵尸企业
        Zombie = "zombie",
        /// 已并入另一条记录
        Merged = "merged",
    }
}

words! {
    /// What a carrier is (manual 16, `park_kind`).
    pub enum CarrierKind {
        /// 园区
        Park = "park",
        /// 孵化器
        Incubator = "incubator",
        /// 加速器
        Accelerator = "accelerator",
        /// 众创空间
        MakerSpace = "maker_space",
        /// 楼宇
        Building = "building",
        /// 标准厂房
        Workshop = "workshop",
    }
}

words! {
    /// What an enterprise is known as (manual 16, `enterprise_tag`).
    pub enum Tag {
        /// 规上
        AboveScale = "above_scale",
        /// 四上
        FourAbove = "four_above",
        /// 高新技术企业
        HighTech = "high_tech",
        /// 专精特新
        Specialised = "specialised",
        /// 小巨人
        LittleGiant = "little_giant",
        /// 瞪羚
        Gazelle = "gazelle",
        /// 独角兽
        Unicorn = "unicorn",
        /// 上市（后备）
        Listed = "listed",
        /// 外资
        Foreign = "foreign",
        /// 保供（白名单）
        Supply = "supply",
        /// 危化
        Hazardous = "hazardous",
        /// 建筑施工
        Construction = "construction",
        /// 龙头
        Leading = "leading",
        /// 链主
        ChainLeader = "chain_leader",
    }
}

/// An enterprise.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Enterprise {
    /// Key.
    pub id: Uuid,
    /// Full name, as registered.
    pub name: String,
    /// What tables call it: the first short name.
    pub short_name: String,
    /// What it is called besides, most used first.
    pub short_names: Vec<String>,
    /// Unified social credit code.
    pub uscc: Option<String>,
    /// Why a code is kept that does not check.
    pub uscc_note: Option<String>,
    /// Registration number of before 2015 (15 digits).
    pub legacy_reg_no: Option<String>,
    /// The carrier that it sits in.
    pub carrier_id: Option<Uuid>,
    /// Short name of the carrier.
    pub carrier: Option<String>,
    /// GB/T 4754, such as `C34`.
    pub industry_code: Option<String>,
    /// People employed.
    pub headcount: Option<i64>,
    /// Whether it is a key enterprise (重点企业).
    pub key: bool,
    /// How it stands with the zone.
    pub status: Status,
    /// Where it is.
    pub address: Option<String>,
    /// What it is known as.
    pub tags: Vec<Tag>,
    /// A note of the office; null for the enterprise itself.
    pub note: Option<String>,
    /// Where the record comes from, in words.
    pub source: Option<String>,
    /// When the record as a whole was last confirmed.
    pub confirmed_at: Option<Time>,
    /// Its facts with source and date; lists leave them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Vec<fact::Fact>>,
    /// Its people to talk to.
    pub contacts: Vec<Contact>,
    /// The record that this one turned out to be, and was merged into.
    pub merged_into: Option<Uuid>,
    /// When it was entered.
    pub created_at: Time,
    /// When it was last changed.
    pub changed_at: Time,
    /// Counts the changes.
    pub version: i64,
}

impl FromRow for Enterprise {
    fn from_row(row: &Row) -> ::store::Result<Self> {
        let tags: Json = row.get("tags")?;
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            short_name: row.get("short_name")?,
            short_names: Vec::new(),
            uscc: row.get("uscc")?,
            uscc_note: row.get("uscc_note")?,
            legacy_reg_no: row.get("legacy_reg_no")?,
            carrier_id: row.get("carrier_id")?,
            carrier: row.get("carrier")?,
            industry_code: row.get("industry_code")?,
            headcount: row.get("headcount")?,
            key: row.get("key")?,
            status: row.get("status")?,
            address: row.get("address")?,
            tags: tags.as_array().into_iter().flatten().filter_map(|tag| Tag::parse(tag.as_str()?)).collect(),
            note: row.get("note")?,
            source: row.get("source")?,
            confirmed_at: row.get("confirmed_at")?,
            facts: None,
            contacts: Vec::new(),
            merged_into: row.get("merged_into")?,
            created_at: row.get("created_at")?,
            changed_at: row.get("changed_at")?,
            version: row.get("version")?,
        })
    }
}

impl Enterprise {
    /// The facts that the ledger keeps of a change.
    fn facts(&self) -> Json {
        json!({
            "name": self.name, "short_names": self.short_names, "uscc": self.uscc, "uscc_note": self.uscc_note,
            "legacy_reg_no": self.legacy_reg_no, "carrier_id": self.carrier_id, "industry_code": self.industry_code,
            "headcount": self.headcount, "key": self.key, "status": self.status, "address": self.address,
            "tags": self.tags, "note": self.note, "source": self.source, "confirmed_at": self.confirmed_at,
        })
    }

    /// What the search box finds it by: names, their pinyin, codes, address.
    fn search_text(&self) -> String {
        let names = std::iter::once(&self.name).chain(&self.short_names);
        let spelt = names.clone().map(|name| hanzi::spelling_keys(name));
        let codes = [&self.uscc, &self.legacy_reg_no, &self.address].into_iter().flatten().cloned();
        names.cloned().chain(spelt).chain(codes).collect::<Vec<_>>().join("\n")
    }
}

/// Somebody to talk to at an enterprise.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Contact {
    /// Key of the person.
    pub id: Uuid,
    /// The enterprise.
    pub enterprise_id: Uuid,
    /// Name.
    pub name: String,
    /// Whether only a part of the name is known.
    pub partial: bool,
    /// Post.
    pub title: Option<String>,
    /// Telephone; masked unless it was asked for.
    pub phone: Option<String>,
    /// E-mail; masked likewise.
    pub email: Option<String>,
    /// Whether this is the one to call first.
    pub primary: bool,
    /// When the number was last known to be right.
    pub verified_at: Option<Time>,
    /// The person who knew, by name.
    pub verified_by: Option<String>,
    /// Who gave it.
    pub source: Option<fact::Source>,
    /// Numbers of these at which the person was not reached.
    pub failures: Vec<fact::Failure>,
    /// When the person left the enterprise.
    pub left_at: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

impl FromRow for Contact {
    fn from_row(row: &Row) -> ::store::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            enterprise_id: row.get("enterprise_id")?,
            name: row.get("name")?,
            partial: row.get("partial")?,
            title: row.get("title")?,
            phone: row.get("phone")?,
            email: row.get("email")?,
            primary: row.get("primary")?,
            verified_at: row.get("verified_at")?,
            verified_by: row.get("verified_by")?,
            source: row.get("source")?,
            failures: fact::Failure::of(row)?,
            left_at: row.get("left_at")?,
            version: row.get("version")?,
        })
    }
}

impl Contact {
    /// The contact with what one needs only to call hidden.
    fn masked(mut self) -> Self {
        self.phone = self.phone.as_deref().map(identifiers::phone::mask);
        self.email = self.email.as_deref().map(|email| match email.split_once('@') {
            Some((name, host)) => format!("{}***@{host}", name.chars().next().unwrap_or('*')),
            None => "***".to_owned(),
        });
        for failure in &mut self.failures {
            // What a gateway answers may repeat the number.
            failure.detail = None;
        }
        self
    }

    /// Whether the number should be asked again.
    pub fn is_stale(&self, now: &Time) -> bool {
        self.verified_at.is_none_or(|at| now.ms() - at.ms() > fact::Key::Contacts.fresh_ms())
    }

    /// Whether a number that he still has did not reach him.
    pub fn fails(&self) -> bool {
        !self.failures.is_empty()
    }
}

/// A carrier (载体).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Carrier {
    /// Key.
    pub id: Uuid,
    /// Full name.
    pub name: String,
    /// Short name, as it stands in tables.
    pub short_name: String,
    /// What it is.
    pub kind: CarrierKind,
    /// Where it is.
    pub address: Option<String>,
    /// A note of the office.
    pub note: Option<String>,
    /// When it was closed; null while it exists.
    pub closed_at: Option<Time>,
    /// Enterprises that sit in it now.
    pub enterprises: i64,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Carrier { id, name, short_name, kind, address, note, closed_at, enterprises, version });

impl Carrier {
    fn facts(&self) -> Json {
        json!({
            "name": self.name, "short_name": self.short_name, "kind": self.kind, "address": self.address,
            "note": self.note, "closed": self.closed_at.is_some(),
        })
    }

    fn search_text(&self) -> String {
        let mut parts = vec![self.name.clone(), self.short_name.clone()];
        parts.extend([hanzi::spelling_keys(&self.name), hanzi::spelling_keys(&self.short_name)]);
        parts.extend(self.address.clone());
        parts.join("\n")
    }
}

/// A new enterprise.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEnterprise {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Full name, as registered.
    pub name: String,
    /// What it is called besides, most used first.
    #[serde(default)]
    pub short_names: Vec<String>,
    /// Unified social credit code.
    pub uscc: Option<String>,
    /// Why a code is kept that does not check.
    pub uscc_note: Option<String>,
    /// Registration number of before 2015 (15 digits).
    pub legacy_reg_no: Option<String>,
    /// The carrier that it sits in.
    pub carrier_id: Option<Uuid>,
    /// GB/T 4754, such as `C34`.
    pub industry_code: Option<String>,
    /// People employed.
    pub headcount: Option<i64>,
    /// Whether it is a key enterprise.
    #[serde(default)]
    pub key: bool,
    /// How it stands with the zone; `active` when absent.
    pub status: Option<Status>,
    /// Where it is.
    pub address: Option<String>,
    /// What it is known as.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// A note of the office.
    pub note: Option<String>,
    /// Where the record comes from, in words.
    pub source: Option<String>,
    /// When its facts were last confirmed; now when absent.
    pub confirmed_at: Option<Time>,
    /// Who said them; the office when absent.
    pub said_by: Option<fact::Source>,
    /// Its people to talk to; the first is called first unless another is marked.
    #[serde(default)]
    pub contacts: Vec<NewContact>,
}

/// A change to an enterprise: what is absent stays, null empties.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnterprisePatch {
    /// Full name, as registered.
    pub name: Option<String>,
    /// All short names, most used first.
    pub short_names: Option<Vec<String>>,
    /// Unified social credit code.
    pub uscc: Patch<String>,
    /// Why a code is kept that does not check.
    pub uscc_note: Patch<String>,
    /// Registration number of before 2015.
    pub legacy_reg_no: Patch<String>,
    /// The carrier that it sits in.
    pub carrier_id: Patch<Uuid>,
    /// GB/T 4754.
    pub industry_code: Patch<String>,
    /// People employed.
    pub headcount: Patch<i64>,
    /// Whether it is a key enterprise.
    pub key: Option<bool>,
    /// How it stands with the zone.
    pub status: Option<Status>,
    /// Where it is.
    pub address: Patch<String>,
    /// What it is known as.
    pub tags: Option<Vec<Tag>>,
    /// A note of the office.
    pub note: Patch<String>,
    /// Where the record comes from, in words.
    pub source: Patch<String>,
    /// When the facts that are named here, be they another or the same, were
    /// confirmed; what is another was said now when absent.
    pub confirmed_at: Patch<Time>,
    /// Who said the facts that are named here; the office when absent.
    pub said_by: Option<fact::Source>,
    /// Why; needed when the enterprise is no longer active.
    pub reason: Option<String>,
}

impl EnterprisePatch {
    /// The facts that it names.
    fn mentioned(&self) -> Vec<fact::Key> {
        use fact::Key;
        let named = [
            (Key::Name, self.name.is_some()),
            (Key::Uscc, self.uscc.is_set()),
            (Key::Carrier, self.carrier_id.is_set()),
            (Key::Industry, self.industry_code.is_set()),
            (Key::KeyEnterprise, self.key.is_some()),
            (Key::Headcount, self.headcount.is_set()),
            (Key::Address, self.address.is_set()),
        ];
        named.into_iter().filter(|(_, named)| *named).map(|(key, _)| key).collect()
    }

    /// The enterprise as it would be after the change.
    fn apply(self, old: &Enterprise) -> NewEnterprise {
        let old = old.clone();
        NewEnterprise {
            id: Some(old.id),
            name: self.name.unwrap_or(old.name),
            short_names: self.short_names.unwrap_or(old.short_names),
            uscc: self.uscc.apply(old.uscc),
            uscc_note: self.uscc_note.apply(old.uscc_note),
            legacy_reg_no: self.legacy_reg_no.apply(old.legacy_reg_no),
            carrier_id: self.carrier_id.apply(old.carrier_id),
            industry_code: self.industry_code.apply(old.industry_code),
            headcount: self.headcount.apply(old.headcount),
            key: self.key.unwrap_or(old.key),
            status: Some(self.status.unwrap_or(old.status)),
            address: self.address.apply(old.address),
            tags: self.tags.unwrap_or(old.tags),
            note: self.note.apply(old.note),
            source: self.source.apply(old.source),
            confirmed_at: self.confirmed_at.apply(old.confirmed_at),
            said_by: self.said_by,
            contacts: Vec::new(),
        }
    }
}

impl NewEnterprise {
    /// The enterprise with its fields trimmed, folded and checked; everything
    /// that is wrong at once.
    fn checked(self) -> Result<Self> {
        let mut check = Check::new();
        let name = check.text("name", &self.name, 100);
        let short_names = short_names(&mut check, self.short_names);
        let uscc_note = check.opt_text("uscc_note", self.uscc_note.as_deref(), 200);
        let uscc = self.uscc.map(|code| Uscc::normalise(&code)).filter(|code| !code.is_empty());
        if let Some(error) = uscc.as_deref().and_then(|code| uscc_error(code, uscc_note.is_some())) {
            check.add(error);
        }
        // The reason goes with the code that needed it.
        let uscc_note = uscc_note.filter(|_| uscc.as_deref().is_some_and(|code| !Uscc::findings(code).is_empty()));
        let legacy_reg_no = self.legacy_reg_no.map(|no| identifiers::half_width(&no)).filter(|no| !no.is_empty());
        let plausible = |no: &String| (13..=15).contains(&no.len()) && no.bytes().all(|b| b.is_ascii_alphanumeric());
        check.that(legacy_reg_no.as_ref().is_none_or(plausible), "legacy_reg_no", "legacy_reg_no");
        let industry_code = self
            .industry_code
            .map(|code| identifiers::half_width(&code).to_uppercase())
            .filter(|code| !code.is_empty());
        check.that(industry_code.as_deref().is_none_or(is_industry), "industry_code", "industry_code");
        if self.headcount.is_some_and(|n| !(0..=MOST_PEOPLE).contains(&n)) {
            check.add(FieldError::new("headcount", "range").with("min", 0).with("max", MOST_PEOPLE));
        }
        let address = check.opt_text("address", self.address.as_deref(), 200);
        let note = check.opt_text("note", self.note.as_deref(), 2000);
        let source = check.opt_text("source", self.source.as_deref(), 60);
        if self.contacts.len() > MOST_CONTACTS {
            check.add(FieldError::new("contacts", "too_many").with("max", MOST_CONTACTS));
        }
        check.that(self.said_by.is_none_or(|source| fact::Source::NAMED.contains(&source)), "said_by", "unknown");
        // That is done by merging, never by a word.
        check.that(self.status != Some(Status::Merged), "status", "unknown");
        let tags: Vec<Tag> = self.tags.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        check.done()?;
        Ok(Self {
            name,
            short_names,
            uscc,
            uscc_note,
            legacy_reg_no,
            industry_code,
            address,
            note,
            source,
            tags,
            ..self
        })
    }

    /// As a record of the register; contacts and carrier's name come later.
    fn record(&self, id: Uuid, at: Time) -> Enterprise {
        Enterprise {
            id,
            name: self.name.clone(),
            short_name: self.short_names.first().cloned().unwrap_or_else(|| short_of(&self.name)),
            short_names: self.short_names.clone(),
            uscc: self.uscc.clone(),
            uscc_note: self.uscc_note.clone(),
            legacy_reg_no: self.legacy_reg_no.clone(),
            carrier_id: self.carrier_id,
            carrier: None,
            industry_code: self.industry_code.clone(),
            headcount: self.headcount,
            key: self.key,
            status: self.status.unwrap_or(Status::Active),
            address: self.address.clone(),
            tags: self.tags.clone(),
            note: self.note.clone(),
            source: self.source.clone(),
            confirmed_at: self.confirmed_at,
            facts: None,
            contacts: Vec::new(),
            merged_into: None,
            created_at: at,
            changed_at: at,
            version: 1,
        }
    }
}

fn short_names(check: &mut Check, names: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let names: Vec<String> = names
        .iter()
        .enumerate()
        .filter_map(|(i, name)| check.opt_text(&format!("short_names/{i}"), Some(name), LONGEST_SHORT_NAME))
        .filter(|name| seen.insert(name.clone()))
        .collect();
    if names.len() > MOST_NAMES {
        check.add(FieldError::new("short_names", "too_many").with("max", MOST_NAMES));
    }
    names
}

/// What is wrong with a credit code. With a reason a code that does not check is
/// kept, but never one that is something else altogether.
fn uscc_error(code: &str, has_reason: bool) -> Option<FieldError> {
    let finding = Uscc::findings(code).into_iter().next()?;
    let error = match finding.code {
        "uscc.length" if code.len() == 15 && code.bytes().all(|b| b.is_ascii_digit()) => {
            return Some(FieldError::new("uscc", "uscc_legacy"));
        }
        "uscc.length" => FieldError::new("uscc", "uscc_length").with("n", code.chars().count()),
        "uscc.check_digit" => FieldError::new("uscc", "uscc_check_digit"),
        _ if finding.expected.is_some() => FieldError::new("uscc", "uscc_look_alike"),
        _ => FieldError::new("uscc", "uscc_character"),
    };
    let short_enough = code.chars().count() <= 30 && code.chars().all(char::is_alphanumeric);
    let error = error.with("position", finding.position.unwrap_or_default());
    (!has_reason || !short_enough).then(|| error.with("expected", finding.expected.unwrap_or_default()))
}

/// Letter of the section, then two to four digits; either may stand alone.
fn is_industry(code: &str) -> bool {
    let digits = code.strip_prefix(|c: char| ('A'..='T').contains(&c));
    match (digits, code) {
        (Some(digits), _) => {
            digits.is_empty() || ((2..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
        }
        (None, digits) => (2..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()),
    }
}

/// A short name for tables when none was given: the name without its legal form.
fn short_of(name: &str) -> String {
    let mut short = name.trim();
    for form in ["股份有限公司", "有限责任公司", "有限公司", "公司", "（集团）", "(集团)", "集团"]
    {
        short = short.strip_suffix(form).unwrap_or(short);
    }
    let short: String = short.chars().take(14).collect();
    if short.chars().count() < 2 { name.chars().take(14).collect() } else { short }
}

/// A new contact.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContact {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Name. A partial one such as 李女士 is kept as it is.
    pub name: String,
    /// Post.
    pub title: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Whether this is the one to call first.
    #[serde(default)]
    pub primary: bool,
}

impl NewContact {
    /// Whether only a part of the name is known: 李女士, 王经理, 张总.
    fn is_partial(&self) -> bool {
        ["女士", "先生", "经理", "主任", "总", "某", "师傅", "老师", "厂长", "会计"]
            .iter()
            .any(|end| self.name.trim().strip_suffix(end).is_some_and(|rest| (1..=2).contains(&rest.chars().count())))
    }
}

/// A change to a contact.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactPatch {
    /// Name.
    pub name: Option<String>,
    /// Post.
    pub title: Patch<String>,
    /// Telephone.
    pub phone: Patch<String>,
    /// E-mail.
    pub email: Patch<String>,
    /// `true`: the one to call first.
    pub primary: Option<bool>,
    /// `true`: the number was found to be right just now.
    pub verified: Option<bool>,
    /// `true`: the person has left the enterprise.
    pub left: Option<bool>,
}

/// A new carrier.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCarrier {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Full name.
    pub name: String,
    /// Short name; the full name when absent.
    pub short_name: Option<String>,
    /// What it is.
    pub kind: CarrierKind,
    /// Where it is.
    pub address: Option<String>,
    /// A note of the office.
    pub note: Option<String>,
}

/// A change to a carrier.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CarrierPatch {
    /// Full name.
    pub name: Option<String>,
    /// Short name.
    pub short_name: Option<String>,
    /// What it is.
    pub kind: Option<CarrierKind>,
    /// Where it is.
    pub address: Patch<String>,
    /// A note of the office.
    pub note: Patch<String>,
    /// Whether it is closed.
    pub closed: Option<bool>,
    /// Why.
    pub reason: Option<String>,
}

impl NewCarrier {
    fn checked(self) -> Result<Self> {
        let mut check = Check::new();
        let name = check.text("name", &self.name, 100);
        let short_name = check.opt_text("short_name", self.short_name.as_deref(), 20);
        let address = check.opt_text("address", self.address.as_deref(), 200);
        let note = check.opt_text("note", self.note.as_deref(), 2000);
        check.done()?;
        Ok(Self { name, short_name, address, note, ..self })
    }
}

/// The fields that differ, as they were and as they are; `None` when none does.
fn difference(before: &Json, after: &Json) -> Option<(Json, Json)> {
    let (mut was, mut is) = (serde_json::Map::new(), serde_json::Map::new());
    for (field, old) in before.as_object()? {
        let new = &after[field];
        if old != new {
            was.insert(field.clone(), old.clone());
            is.insert(field.clone(), new.clone());
        }
    }
    (!was.is_empty()).then_some((Json::Object(was), Json::Object(is)))
}

/// What a list of enterprises is asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnterpriseQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// `name` (by pinyin), `carrier`, `industry`, `headcount`, `status`, `changed`; with `-` the greatest first.
    pub sort: Option<String>,
    /// Words of the name, pinyin, initials, credit code, address.
    pub q: Option<String>,
    /// Those that sit in this carrier.
    pub carrier_id: Option<Uuid>,
    /// Key enterprises, or the others.
    pub key: Option<bool>,
    /// How they stand with the zone.
    pub status: Option<Status>,
    /// Those with so many people or more.
    pub headcount_min: Option<i64>,
    /// Those with so many people or fewer.
    pub headcount_max: Option<i64>,
    /// Those whose industry code begins so (GB/T 4754): `C`, `C34`, `3411`.
    pub industry_code: Option<String>,
    /// `true`: those without an officer, be it of their own or of their carrier.
    pub without_officer: Option<bool>,
    /// Those with this tag.
    pub tag: Option<Tag>,
    /// Those that this department answers for.
    pub department_id: Option<Uuid>,
    /// Those that this person answers for.
    pub person_id: Option<Uuid>,
    /// `true`: those within one's own reach.
    pub mine: Option<bool>,
    /// `true`: those in the zone that give a fact which should be asked again.
    pub stale: Option<bool>,
}

/// The columns of the list of enterprises. What stands before 三不停 is what the
/// import understands again.
pub const COLUMNS: &[Column] = &[
    Column::new("name", "field-name", "企业名称").sorted(),
    Column::new("short_name", "field-short_names", "简称").hidden(),
    Column::new("uscc", "field-uscc", "统一社会信用代码").hidden().class("nowrap"),
    Column::new("legacy_reg_no", "field-legacy_reg_no", "旧注册号").hidden().class("wide nowrap"),
    Column::new("carrier", "field-carrier_id", "所在载体").sorted(),
    Column::new("industry", "field-industry_code", "行业代码").hidden().sorted(),
    Column::new("headcount", "field-headcount", "职工人数").sorted().number(),
    Column::new("key", "enterprise-key", "是否重点").hidden(),
    Column::new("status", "field-status", "状态").sorted().plain(),
    Column::new("tags", "field-tags", "标签").class("wide"),
    Column::new("address", "field-address", "地址").hidden().class("wide"),
    Column::new("leader", "duty-lead_leader", "包联领导"),
    Column::new("department", "duty-lead_dept", "责任部门"),
    Column::new("officer", "duty-officer", "包联干部"),
    Column::new("lights", "continuity", "三不停"),
    Column::new("contact", "field-contact", "联系人").class("wide"),
    Column::new("confirmed", "field-confirmed_at", "核实日期").hidden().class("nowrap"),
    Column::new("source", "field-source", "信息来源").hidden().class("wide"),
];

/// The columns of the list of carriers.
pub const CARRIER_COLUMNS: &[Column] = &[
    Column::new("name", "field-name", "载体名称").sorted(),
    Column::new("short_name", "field-short_name", "简称").hidden(),
    Column::new("kind", "field-carrier_kind", "类别").sorted().plain(),
    Column::new("enterprises", "carrier-enterprises", "在驻企业数").sorted().number(),
    Column::new("leader", "duty-lead_leader", "包联领导"),
    Column::new("department", "duty-lead_dept", "责任部门"),
    Column::new("officer", "duty-officer", "包联干部"),
    Column::new("address", "field-address", "地址").class("wide"),
    Column::new("closed", "field-closed_on", "停用日期").hidden().class("nowrap"),
    Column::new("note", "field-note", "备注").hidden().class("wide"),
];

/// What a list of carriers is asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CarrierQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// `name` (by pinyin), `kind`, `enterprises`; with `-` the greatest first.
    pub sort: Option<String>,
    /// Words of the name, pinyin, initials, address.
    pub q: Option<String>,
    /// What they are.
    pub kind: Option<CarrierKind>,
    /// `true`: those that were closed; those that exist when absent.
    pub closed: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn wrong(new: NewEnterprise) -> Vec<(String, &'static str)> {
        match new.checked() {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|error| (error.field, error.code)).collect(),
            _ => Vec::new(),
        }
    }

    fn named(name: &str) -> NewEnterprise {
        NewEnterprise { name: name.into(), ..NewEnterprise::default() }
    }

    #[test]
    fn a_code_is_checked_and_may_be_kept_with_a_reason() {
        let with = |uscc: &str, note: Option<&str>| NewEnterprise {
            uscc: Some(uscc.into()),
            uscc_note: note.map(str::to_owned),
            ..named("北辰机电设备有限公司")
        };
        for (uscc, note, errors) in [
            ("91370000588768482Y", None, vec![]),
            (" ９１３７００００５８８７６８４８２ｙ ", None, vec![]),
            ("", None, vec![]),
            ("91370000588768482X", None, vec![("uscc".into(), "uscc_check_digit")]),
            ("91370000588768482X", Some("营业执照原件如此"), vec![]),
            ("9137O000588768482Y", None, vec![("uscc".into(), "uscc_look_alike")]),
            ("9137#000588768482Y", None, vec![("uscc".into(), "uscc_character")]),
            ("370100200012345", None, vec![("uscc".into(), "uscc_legacy")]),
            ("370100200012345", Some("旧照"), vec![("uscc".into(), "uscc_legacy")]),
            ("913700", None, vec![("uscc".into(), "uscc_length")]),
            ("<script>", Some("原件如此"), vec![("uscc".into(), "uscc_length")]),
        ] {
            assert_eq!(wrong(with(uscc, note)), errors, "{uscc}");
        }
        let good = with("91370000588768482Y", Some("不需要的理由")).checked().expect("holds");
        assert_eq!(good.uscc_note, None);
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let new = NewEnterprise {
            short_names: vec!["长".repeat(21)],
            headcount: Some(-1),
            industry_code: Some("机械".into()),
            legacy_reg_no: Some("12".into()),
            address: Some("甲\u{7}".into()),
            ..named("  ")
        };
        let fields: Vec<String> = wrong(new).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["name", "short_names/0", "legacy_reg_no", "industry_code", "headcount", "address"]);
    }

    #[test]
    fn industry_codes() {
        for (code, holds) in
            [("C34", true), ("C", true), ("3412", true), ("A0111", true), ("Z12", false), ("C3", false), ("34a", false)]
        {
            assert_eq!(is_industry(code), holds, "{code}");
        }
    }

    #[test]
    fn tables_need_short_names() {
        for (name, short) in [
            ("北辰机电设备有限公司", "北辰机电设备"),
            ("济南佳禾（集团）股份有限公司", "济南佳禾"),
            ("济柴", "济柴"),
            ("公司", "公司"),
        ] {
            assert_eq!(short_of(name), short);
        }
    }

    #[test]
    fn a_name_known_in_part_is_never_completed() {
        for (name, partial) in
            [("李女士", true), ("王总", true), ("欧阳先生", true), ("李女", false), ("王建国", false), ("女士", false)]
        {
            assert_eq!(NewContact { name: name.into(), ..NewContact::default() }.is_partial(), partial, "{name}");
        }
    }

    #[test]
    fn a_change_names_only_what_differs() {
        let at = Time::default();
        let old = named("甲").checked().expect("holds").record(Uuid::nil(), at);
        let patch =
            EnterprisePatch { headcount: Patch::Set(5), name: Some("甲".into()), ..EnterprisePatch::default() };
        let new = patch.apply(&old).record(Uuid::nil(), at);
        let (was, is) = difference(&old.facts(), &new.facts()).expect("a change");
        assert_eq!((was, is), (json!({"headcount": null}), json!({"headcount": 5})));
        assert_eq!(difference(&old.facts(), &old.facts()), None);
    }

    #[test]
    fn an_enterprise_is_found_by_what_people_type() {
        let new = NewEnterprise { short_names: vec!["北辰".into()], ..named("北辰机电设备有限公司") };
        let text = hanzi::plain(&new.record(Uuid::nil(), Time::default()).search_text());
        for q in ["北辰", "机电设备", "bcjd", "BC", "beichenjidian"] {
            assert!(hanzi::query(q).needles().iter().all(|needle| text.contains(needle)), "{q}");
        }
    }
}
