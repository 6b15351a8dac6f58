//! 外发通知: what leaves the house, by which channel, and when.
//!
//! The rules:
//!
//! 1. A delivery is made in the transaction of its notice; the queue sends it. What a
//!    receiver has acknowledged is not sent again, unless an administrator asks for it.
//! 2. Outside goes a title and a link, never the text of an appeal and no personal field.
//!    Of a complaint about a department not even the title.
//! 3. Mail and messages reach a person at an address that he has confirmed; robots and
//!    webhooks reach a group, once for each department that is told.
//! 4. What is not urgent waits for the digest and for the end of the quiet hours; what is
//!    urgent, or has a limit by law, waits for nothing and goes by every confirmed address.
//! 5. A failure is tried again after a growing pause, and given up in the end; an address
//!    that does not exist is marked and asked for again.

pub mod address;
mod api;
pub mod desk;
pub mod group;
pub mod message;
mod pages;
pub mod send;
pub mod sign;
mod store;

use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::text::Lang;
use crate::time::Time;
use crate::words;
use crate::worker;
use ::store::{Schedule, from_row};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use uuid::Uuid;

words! {
    /// What kind of channel it is. Its text is `delivery-kind-<word>`.
    pub enum Kind {
        /// 邮件
        Email = "email",
        /// 短信
        Sms = "sms",
        /// 企业微信群机器人
        Wecom = "wecom",
        /// 钉钉群机器人
        Dingtalk = "dingtalk",
        /// 飞书群机器人
        Feishu = "feishu",
        /// 网络回调 (Standard Webhooks)
        Webhook = "webhook",
    }
}

impl Kind {
    /// Whether it reaches one person, not a group.
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Email | Self::Sms)
    }
}

words! {
    /// How a delivery stands. Its text is `delivery-state-<word>`.
    pub enum State {
        /// 待发
        Waiting = "waiting",
        /// 暂存: for the digest or the end of the quiet hours
        Held = "held",
        /// 已送出
        Sent = "sent",
        /// 未成，将重试
        Failed = "failed",
        /// 已放弃
        GivenUp = "given_up",
    }
}

impl State {
    /// Whether it is still to be sent.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Held | Self::Failed)
    }
}

words! {
    /// What a delivery waits for.
    pub enum HeldFor {
        /// 每日汇总
        Digest = "digest",
        /// 免打扰时段
        Quiet = "quiet",
    }
}

words! {
    /// Why a delivery did not go out. Its text is `delivery-why-<word>`.
    pub enum Why {
        /// 地址在内部网络，未获准
        Internal = "internal",
        /// 连不上
        Unreachable = "unreachable",
        /// 超时
        Timeout = "timeout",
        /// 对方拒收
        Refused = "refused",
        /// 对方不认账号或密钥
        Login = "login",
        /// 收件地址不存在
        Recipient = "recipient",
        /// 渠道没有配全
        Setup = "setup",
        /// 渠道已停用
        Off = "off",
        /// 收件地址未验证
        Unconfirmed = "unconfirmed",
        /// 发送时程序多次中断
        Broken = "broken",
    }
}

impl Why {
    /// Whether another try would end the same way.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Internal | Self::Recipient | Self::Setup | Self::Off | Self::Unconfirmed)
    }
}

words! {
    /// A family of notices, as preferences name it. Its text is `delivery-family-<word>`.
    pub enum Family {
        /// 诉求
        Appeal = "appeal",
        /// 走访和承诺
        Visit = "visit",
        /// 三不停
        Continuity = "continuity",
        /// 重点项目
        Project = "project",
        /// 包联和交接
        Assignment = "assignment",
        /// 企业资料
        Registry = "registry",
        /// 账号和安全
        Account = "account",
        /// 个人信息
        Privacy = "privacy",
    }
}

impl Family {
    /// The family of a kind of notice.
    pub fn of(kind: &str) -> Self {
        match kind.split('.').next().unwrap_or_default() {
            "appeal" | "cause" => Self::Appeal,
            "visit" | "promise" => Self::Visit,
            "continuity" | "measure" => Self::Continuity,
            "project" | "task_force" => Self::Project,
            "assignment" | "handover" => Self::Assignment,
            "privacy" => Self::Privacy,
            "correction" | "contact" => Self::Registry,
            _ => Self::Account,
        }
    }

    /// Whether a group may be told: what concerns one person alone is for him.
    pub fn for_groups(self) -> bool {
        !matches!(self, Self::Account | Self::Privacy)
    }
}

/// Notices that wait for nothing: limits by law or of the same day, what stands still,
/// and the safety of accounts.
const URGENT: &[&str] = &[
    "appeal.objected",
    "appeal.urge",
    "appeal.supervise",
    "appeal.supervised",
    "appeal.bad_rating",
    "continuity.worse",
    "privacy.asked",
    "attachment.found",
    "account.second_factor_reset",
];

/// Whether a notice breaks digest and quiet hours.
pub fn is_urgent(kind: &str, args: &Json) -> bool {
    URGENT.contains(&kind) || args["urgency"] == "critical"
}

/// Values of notices that may leave the house: numbers, titles, names of enterprises and
/// projects, words of the contract.
const MAY_LEAVE: &[&str] =
    &["number", "title", "n", "role", "line", "state", "was", "clock", "subject", "enterprise", "project", "document"];
/// Values that only say how to treat the others.
const ABOUT_IT: &[&str] = &["urgency", "hidden"];

/// The values of a notice as they leave the house. A sentence that needs others is not
/// said: `plain` then stands for one that only names what it is about.
pub fn outgoing(args: &Json) -> Json {
    let none = Map::new();
    let all = args.as_object().unwrap_or(&none);
    let hidden = args["hidden"] == true;
    let fits = |name: &String| MAY_LEAVE.contains(&name.as_str()) || ABOUT_IT.contains(&name.as_str());
    if hidden || !all.keys().all(fits) {
        return match args["number"].as_str() {
            Some(number) => json!({"plain": true, "number": number}),
            None => json!({"plain": true}),
        };
    }
    Json::Object(
        all.iter()
            .filter(|(name, _)| MAY_LEAVE.contains(&name.as_str()))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect(),
    )
}

/// The sentence of a delivery, as it leaves the house.
pub fn sentence(lang: Lang, kind: &str, args: &Json) -> String {
    if args["plain"] != true {
        return crate::organisation::notices::sentence(lang, kind, args);
    }
    let family = lang.word("delivery-family", Family::of(kind).word());
    match args["number"].as_str() {
        Some(number) => lang.with("delivery-plain-number", &[("family", &family), ("number", &number)]),
        None => lang.with("delivery-plain", &[("family", &family)]),
    }
}

/// Minutes of the day between which nothing that can wait goes out; over midnight when
/// the first is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quiet {
    /// From this minute of the day on.
    pub from: i64,
    /// Up to this one.
    pub to: i64,
}

impl Quiet {
    fn holds(self, minute: i64) -> bool {
        if self.from <= self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// When what is not urgent goes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Rhythm {
    /// Once a day, at this minute of the day; at once when there is none.
    pub digest_at: Option<i64>,
    /// Not in these hours.
    pub quiet: Option<Quiet>,
}

/// The quiet hours of who has said nothing: 21:00 to 07:00.
pub const USUAL_QUIET: Quiet = Quiet { from: 21 * 60, to: 7 * 60 };

/// When a notice goes out, and what it waits for.
pub fn when(rhythm: &Rhythm, urgent: bool, now: Time, zone: &TimeZone) -> (Time, Option<HeldFor>) {
    if urgent {
        return (now, None);
    }
    let (at, held) = match rhythm.digest_at {
        Some(minute) => (next(minute, now, zone), Some(HeldFor::Digest)),
        None => (now, None),
    };
    let local = at.local(zone);
    let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
    match rhythm.quiet.filter(|quiet| quiet.holds(minute)) {
        Some(quiet) => (next(quiet.to, at, zone), held.or(Some(HeldFor::Quiet))),
        None => (at, held),
    }
}

/// The next instant after that one at which clocks show this minute of the day.
fn next(minute: i64, after: Time, zone: &TimeZone) -> Time {
    let day = after.local(zone).date();
    let at = |date: jiff::civil::Date| {
        let (hour, minute) = (i8::try_from(minute / 60 % 24).unwrap_or(0), i8::try_from(minute % 60).unwrap_or(0));
        zone.to_timestamp(date.at(hour, minute, 0, 0)).map(Time::of).ok()
    };
    let later = [Some(day), day.tomorrow().ok()].into_iter().flatten().filter_map(at).find(|at| *at > after);
    later.unwrap_or(after)
}

/// What somebody wants by which way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preference {
    /// Families of notices by mail.
    pub email: Vec<Family>,
    /// Families of notices by message.
    pub sms: Vec<Family>,
    /// When.
    pub rhythm: Rhythm,
    /// Counts the changes; 0 while nothing was said.
    #[serde(default)]
    pub version: i64,
}

impl Default for Preference {
    /// Everything by mail at once outside the night; by message only what is urgent.
    fn default() -> Self {
        let rhythm = Rhythm { digest_at: None, quiet: Some(USUAL_QUIET) };
        Self { email: Family::ALL.to_vec(), sms: Vec::new(), rhythm, version: 0 }
    }
}

impl Preference {
    /// Whether a notice goes by that kind of channel. What is urgent goes by every one.
    pub fn wants(&self, kind: Kind, family: Family, urgent: bool) -> bool {
        match kind {
            Kind::Email => urgent || self.email.contains(&family),
            Kind::Sms => urgent || self.sms.contains(&family),
            _ => false,
        }
    }
}

impl Versioned for Preference {
    fn version(&self) -> i64 {
        self.version
    }
}

words! {
    /// How a connection to a mail server is protected.
    pub enum Security {
        /// TLS from the first byte (port 465)
        Tls = "tls",
        /// STARTTLS, and nothing without it (port 587)
        Starttls = "starttls",
        /// None: within the house only (port 25)
        Plain = "plain",
    }
}

/// How a channel is set up, without its secrets. Each kind uses what concerns it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Setup {
    /// The host: of the mail server, or that of the address, to tell channels apart.
    pub host: String,
    /// Port of the mail server.
    pub port: u16,
    /// How the connection to the mail server is protected.
    pub security: Option<Security>,
    /// Name of the account at the mail server; none for a server that asks for none.
    pub login: Option<String>,
    /// `名称 <address>` that mails come from.
    pub sender: String,
    /// The header of a gateway for messages that carries the secret.
    pub header: Option<String>,
    /// The JSON that a gateway for messages is sent, with `{phone}`, `{text}`, `{id}`.
    pub body: String,
    /// `/pointer=value` of the answer by which a gateway says yes; any 2xx when empty.
    pub accepted: Option<String>,
    /// Families of notices that a group is told.
    pub families: Vec<Family>,
    /// Whether a group is told of urgent ones only.
    pub urgent_only: bool,
    /// When a group is told.
    pub rhythm: Rhythm,
    /// Until when signatures are made with the former key too.
    pub both_until: Option<Time>,
}

/// A channel.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of the table, which the migration explains")]
pub struct Channel {
    pub id: Uuid,
    pub kind: Kind,
    pub title: String,
    pub is_on: bool,
    pub setup: Setup,
    pub sealed: BTreeMap<String, Json>,
    pub tested_at: Option<Time>,
    pub fault: Option<Why>,
    pub detail: Option<String>,
    pub version: i64,
}

impl ::store::FromRow for Channel {
    fn from_row(row: &::store::Row) -> ::store::Result<Self> {
        let shape = |e: serde_json::Error| ::store::Error::Shape(e.to_string());
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            title: row.get("title")?,
            is_on: row.get("is_on")?,
            setup: serde_json::from_value(row.get("settings")?).map_err(shape)?,
            sealed: serde_json::from_value(row.get("sealed")?).map_err(shape)?,
            tested_at: row.get("tested_at")?,
            fault: row.get("fault")?,
            detail: row.get("detail")?,
            version: row.get("version")?,
        })
    }
}

/// A delivery as the administrator sees it: no address, no text of its own.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Delivery {
    /// Key; receivers of webhooks see it as `webhook-id`.
    pub id: Uuid,
    /// The channel.
    pub channel_id: Uuid,
    /// Its title.
    pub channel: String,
    /// Its kind.
    pub channel_kind: Kind,
    /// Name of the person; null for a group.
    pub person: Option<String>,
    /// The department that a group is told for.
    pub unit: Option<String>,
    /// The kind of notice.
    pub kind: String,
    /// The number of the record, where it has one. What else its sentence says is for the
    /// receiver, not for those who look after deliveries.
    #[serde(rename = "number", serialize_with = "number_alone")]
    #[schemars(with = "Option<String>")]
    pub args: Json,
    /// Whether it breaks digest and quiet hours.
    pub urgent: bool,
    /// How it stands.
    pub state: State,
    /// What it waits for.
    pub held_for: Option<HeldFor>,
    /// When it goes out, or is tried again.
    pub due_at: Time,
    /// How often it was tried.
    pub attempts: i64,
    /// Why it did not go out.
    pub fault: Option<Why>,
    /// What the receiver said, without addresses and secrets.
    pub detail: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it was acknowledged.
    pub sent_at: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

fn number_alone<S: serde::Serializer>(args: &Json, serializer: S) -> Result<S::Ok, S::Error> {
    args["number"].as_str().serialize(serializer)
}

impl Delivery {
    /// What it is about, as those read it who look after deliveries.
    pub fn about(&self, lang: Lang) -> String {
        sentence(lang, &self.kind, &json!({"plain": true, "number": self.args["number"]}))
    }
}

from_row!(Delivery {
    id,
    channel_id,
    channel,
    channel_kind,
    person,
    unit,
    kind,
    args,
    urgent,
    state,
    held_for,
    due_at,
    attempts,
    fault,
    detail,
    created_at,
    sent_at,
    version,
});

impl Versioned for Delivery {
    fn version(&self) -> i64 {
        self.version
    }
}

/// Adds the routes.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
}

/// The jobs: one for each delivery, and one that finds those whose job was lost.
pub fn kinds() -> Vec<worker::Kind> {
    vec![
        worker::Kind {
            name: desk::JOB,
            schedule: None,
            task: |app, zone, args| Box::pin(async move { desk::run(&app, zone, &args).await }),
        },
        worker::Kind {
            name: "delivery.sweep",
            schedule: Some(Schedule::EveryMinutes(10)),
            task: |app, zone, _| Box::pin(async move { desk::sweep(&app, zone).await.map(drop) }),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::read(text, &shanghai()).expect("a time")
    }

    fn shanghai() -> TimeZone {
        crate::zone::default_time_zone()
    }

    #[test]
    fn when_a_notice_goes_out() {
        let night = Some(USUAL_QUIET);
        let noon = Some(Quiet { from: 12 * 60, to: 14 * 60 });
        for (digest_at, quiet, urgent, now, goes, held) in [
            // At once, by day.
            (None, night, false, "2026-11-24T10:00", "2026-11-24T10:00", None),
            // In the night it waits for the morning, before and after midnight.
            (None, night, false, "2026-11-24T21:00", "2026-11-25T07:00", Some(HeldFor::Quiet)),
            (None, night, false, "2026-11-25T06:59", "2026-11-25T07:00", Some(HeldFor::Quiet)),
            (None, night, false, "2026-11-25T07:00", "2026-11-25T07:00", None),
            (None, noon, false, "2026-11-24T13:00", "2026-11-24T14:00", Some(HeldFor::Quiet)),
            // Nobody wants quiet.
            (None, None, false, "2026-11-25T03:00", "2026-11-25T03:00", None),
            // Once a day: today while it is to come, else tomorrow.
            (Some(17 * 60), night, false, "2026-11-24T10:00", "2026-11-24T17:00", Some(HeldFor::Digest)),
            (Some(17 * 60), night, false, "2026-11-24T17:00", "2026-11-25T17:00", Some(HeldFor::Digest)),
            // A digest in the quiet hours waits for their end.
            (Some(6 * 60), night, false, "2026-11-24T10:00", "2026-11-25T07:00", Some(HeldFor::Digest)),
            // What is urgent breaks both.
            (Some(17 * 60), night, true, "2026-11-24T23:00", "2026-11-24T23:00", None),
        ] {
            let rhythm = Rhythm { digest_at, quiet };
            let (time, held_for) = when(&rhythm, urgent, at(now), &shanghai());
            assert_eq!((time, held_for), (at(goes), held), "{now}, {rhythm:?}, urgent: {urgent}");
        }
    }

    #[test]
    fn what_leaves_the_house() {
        for (kind, args, text) in [
            (
                "appeal.dispatched",
                json!({"number": "SQ-1", "title": "货车进不来"}),
                "交办给您部门，请签收：SQ-1 货车进不来",
            ),
            // A complaint about a department: not even the title.
            (
                "appeal.dispatched",
                json!({"number": "SQ-1", "title": "某人态度差", "hidden": true}),
                "诉求有新通知：SQ-1，请登录查看",
            ),
            // Names, numbers and texts of people stay in the house.
            (
                "project.pair_ours",
                json!({"project": "产业园", "name": "王工", "phone": "13800000000"}),
                "重点项目有新通知，请登录查看",
            ),
            ("promise.given", json!({"subject": "测试机电", "text": "三日内修好"}), "走访、承诺有新通知，请登录查看"),
            ("correction.refused", json!({"answer": "与登记不符"}), "企业资料有新通知，请登录查看"),
        ] {
            assert_eq!(sentence(Lang::Zh, kind, &outgoing(&args)), text);
        }
        assert_eq!(
            outgoing(&json!({"number": "SQ-1", "title": "急", "urgency": "critical"})),
            json!({"number": "SQ-1", "title": "急"})
        );
    }

    #[test]
    fn what_breaks_the_quiet() {
        for (kind, args, urgent) in [
            ("appeal.registered", json!({}), false),
            ("appeal.registered", json!({"urgency": "urgent"}), false),
            ("appeal.registered", json!({"urgency": "critical"}), true),
            ("appeal.remind", json!({}), false),
            ("appeal.supervise", json!({}), true),
            ("continuity.worse", json!({}), true),
            ("privacy.asked", json!({}), true),
        ] {
            assert_eq!(is_urgent(kind, &args), urgent, "{kind} {args}");
        }
    }

    #[test]
    fn who_says_nothing_gets_mail_and_only_urgent_messages() {
        let usual = Preference::default();
        for (kind, urgent, wanted) in
            [(Kind::Email, false, true), (Kind::Sms, false, false), (Kind::Sms, true, true), (Kind::Wecom, true, false)]
        {
            assert_eq!(usual.wants(kind, Family::Appeal, urgent), wanted, "{kind}, urgent: {urgent}");
        }
        let none = Preference { email: Vec::new(), ..usual };
        assert!(!none.wants(Kind::Email, Family::Visit, false) && none.wants(Kind::Email, Family::Visit, true));
    }

    #[test]
    fn every_notice_has_a_family() {
        for (kind, family) in [
            ("appeal.urge", Family::Appeal),
            ("cause.opened", Family::Appeal),
            ("visit.planned", Family::Visit),
            ("promise.given", Family::Visit),
            ("measure.given", Family::Continuity),
            ("task_force.joined", Family::Project),
            ("handover.taken", Family::Assignment),
            ("contact.failed", Family::Registry),
            ("attachment.found", Family::Account),
            ("person.last_contact", Family::Account),
            ("privacy.decided", Family::Privacy),
        ] {
            assert_eq!(Family::of(kind), family, "{kind}");
        }
    }
}
