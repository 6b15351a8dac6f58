//! How a message leaves: SMTP, webhooks, robots, a gateway for messages to telephones.
//! Nothing here knows the database. What went wrong is said without addresses of
//! receivers, keys and tokens.

use super::address::{Networks, resolve};
use super::message::Message;
use super::{Kind, Security, Setup, Why, sign};
use crate::error::whole;
use crate::time::Time;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message as Mail};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use reqwest::{StatusCode, Url};
use serde_json::{Value as Json, json};
use std::time::Duration;
use uuid::Uuid;

/// How long one message may take in all.
const TIME: Duration = Duration::from_secs(40);
/// No answer is read further (bytes).
const ANSWER: usize = 16 * 1024;
/// Of what the other side said, no more is kept (characters).
const SAID: usize = 200;

/// Why a message did not go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind of failure.
    pub why: Why,
    /// What the other side or the network said.
    pub detail: String,
    /// Whether another try would end the same way.
    pub is_final: bool,
}

impl Fault {
    /// A failure of a kind.
    pub fn of(why: Why, detail: impl std::fmt::Display) -> Self {
        Self { why, detail: detail.to_string(), is_final: why.is_final() }
    }

    /// Takes what must not be written down out of what was said, and shortens it.
    fn without(mut self, secrets: &[&str]) -> Self {
        for secret in secrets.iter().filter(|secret| secret.len() > 3) {
            // Servers give addresses back in letters of their own size.
            let mut at = 0;
            while let Some(found) = self.detail[at..].to_ascii_lowercase().find(&secret.to_ascii_lowercase()) {
                self.detail.replace_range(at + found..at + found + secret.len(), "…");
                at += found + "…".len();
            }
        }
        self.detail = self.detail.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SAID).collect();
        self
    }
}

/// The secrets of a channel, opened.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The whole address, which of robots holds a token.
    pub url: Option<String>,
    /// Password or key.
    pub secret: Option<String>,
    /// The key before the present one, while both are signed with.
    pub former: Option<String>,
}

/// Sends a message to a group, or to the destination of a person.
pub async fn send(
    kind: Kind,
    setup: &Setup,
    secrets: &Secrets,
    to: Option<&str>,
    message: &Message,
    now: Time,
    allowed: &Networks,
) -> Result<(), Fault> {
    let to = to.unwrap_or_default();
    let sent = async {
        match kind {
            Kind::Email => mail(setup, secrets, to, message, allowed).await,
            Kind::Sms => gateway(setup, secrets, allowed)?.text(to, &message.short(), message.id).await,
            Kind::Webhook => webhook(secrets, message, now, allowed).await,
            Kind::Wecom | Kind::Dingtalk | Kind::Feishu => robot(kind, secrets, message, now, allowed).await,
        }
    };
    let done = tokio::time::timeout(TIME, sent).await;
    let done = done.unwrap_or_else(|_| Err(Fault::of(Why::Timeout, "")));
    done.map_err(|fault| {
        let opened = [secrets.url.as_deref(), secrets.secret.as_deref(), secrets.former.as_deref(), Some(to)];
        // The keys of robots stand in the query of their address.
        let query = secrets.url.as_deref().and_then(|url| Url::parse(url).ok());
        let keys: Vec<String> =
            query.iter().flat_map(|url| url.query_pairs().map(|(_, key)| key.into_owned())).collect();
        // What the other side gives back of the message stands in no list either.
        let told = message.lines.iter().map(|line| line.text.as_str());
        fault.without(
            &opened.into_iter().flatten().chain(keys.iter().map(String::as_str)).chain(told).collect::<Vec<_>>(),
        )
    })
}

// Mail

async fn mail(setup: &Setup, secrets: &Secrets, to: &str, message: &Message, allowed: &Networks) -> Result<(), Fault> {
    let unset = |error: &dyn std::fmt::Display| Fault::of(Why::Setup, error);
    let sender: Mailbox = setup.sender.parse().map_err(|error| unset(&error))?;
    let receiver: Mailbox = to.parse().map_err(|error| Fault::of(Why::Recipient, error))?;
    let domain = sender.email.domain().to_owned();
    let mail = Mail::builder()
        .from(sender)
        .to(receiver)
        .subject(message.subject())
        .message_id(Some(format!("<{}@{domain}>", message.id)))
        .header(ContentType::TEXT_PLAIN)
        .body(message.mail())
        .map_err(|error| unset(&error))?;
    let mut last = Fault::of(Why::Unreachable, "");
    for address in resolve(&setup.host, setup.port, allowed).await? {
        // The address that was looked at is connected to; the certificate is that of the name.
        let tls = || TlsParameters::new(setup.host.clone()).map_err(|error| unset(&error));
        let tls = match setup.security.unwrap_or(Security::Tls) {
            Security::Tls => Tls::Wrapper(tls()?),
            Security::Starttls => Tls::Required(tls()?),
            Security::Plain => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
            .port(address.port())
            .hello_name(ClientId::Domain(domain.clone()))
            .timeout(Some(Duration::from_secs(15)))
            .tls(tls);
        if let (Some(login), Some(password)) = (&setup.login, &secrets.secret) {
            builder = builder.credentials(Credentials::new(login.clone(), password.clone()));
        }
        match builder.build().send(mail.clone()).await {
            Ok(_) => return Ok(()),
            Err(error) => last = mail_fault(&error),
        }
        // Another address of the same host is worth a try only when this one was not there.
        if last.why != Why::Unreachable {
            break;
        }
    }
    Err(last)
}

/// What an answer of a mail server means (RFC 5321, RFC 3463).
fn mail_fault(error: &lettre::transport::smtp::Error) -> Fault {
    // What lies behind it is in its own text already.
    let said = error.to_string();
    let Some(code) = error.status().map(u16::from) else {
        return Fault::of(if error.is_timeout() { Why::Timeout } else { Why::Unreachable }, said);
    };
    Fault::of(mail_why(code, &said), said)
}

/// Only what the server says of the address itself speaks against the address.
fn mail_why(code: u16, said: &str) -> Why {
    let of_address = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"].iter().any(|known| said.contains(known));
    match code {
        530 | 534 | 535 | 538 => Why::Login,
        550..=553 if of_address => Why::Recipient,
        550 | 551 | 553 if names_mailbox(said) => Why::Recipient,
        _ => Why::Refused,
    }
}

/// Whether a server without enhanced codes says that nobody is there: it speaks of the
/// mailbox, and neither of who sends nor of how often.
fn names_mailbox(said: &str) -> bool {
    let said = said.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| said.contains(word));
    speaks_of(&["user", "mailbox", "recipient", "account", "用户", "收件人"])
        && !speaks_of(&["from", "sender", "auth", "frequency", "relay", "spam", "5.7.", "发件人"])
}

// Over HTTP

/// An address that messages can be posted to.
pub fn post_address(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.host_str().is_some();
    (plain && matches!(url.scheme(), "https" | "http")).then_some(url)
}

/// What came back.
struct Reply {
    status: StatusCode,
    body: String,
}

impl Reply {
    /// 2xx, or why not: 410 says that nothing is wanted any more.
    fn done(self) -> Result<Self, Fault> {
        if self.status.is_success() {
            return Ok(self);
        }
        let why = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Why::Login,
            _ => Why::Refused,
        };
        let is_final = self.status == StatusCode::GONE;
        Err(Fault { is_final, ..Fault::of(why, format!("HTTP {} {}", self.status.as_u16(), self.body)) })
    }
}

async fn post(url: Url, headers: &[(&str, &str)], body: String, allowed: &Networks) -> Result<Reply, Fault> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let found = resolve(&host, port, allowed).await?;
    // Plain http only within the networks that the settings name.
    if url.scheme() == "http" && found.iter().any(|address| !super::address::is_internal(address.ip())) {
        return Err(Fault::of(Why::Setup, "https"));
    }
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .resolve_to_addrs(&host, &found)
        .timeout(Duration::from_secs(20))
        .build()
        .map_err(|error| Fault::of(Why::Setup, error))?;
    let mut request = client.post(url).header("content-type", "application/json").body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let failed = |error: reqwest::Error| {
        let why = if error.is_timeout() {
            Why::Timeout
        } else if error.is_builder() {
            Why::Setup
        } else {
            Why::Unreachable
        };
        Fault::of(why, whole(&error.without_url()))
    };
    let mut answer = request.send().await.map_err(failed)?;
    let status = answer.status();
    let mut body = Vec::new();
    // What cannot be read of the answer does not undo what was taken.
    while let Ok(Some(piece)) = answer.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() >= ANSWER {
            break;
        }
    }
    Ok(Reply { status, body: String::from_utf8_lossy(&body).into_owned() })
}

fn address_of(secrets: &Secrets) -> Result<Url, Fault> {
    secrets.url.as_deref().and_then(post_address).ok_or_else(|| Fault::of(Why::Setup, ""))
}

/// <https://www.standardwebhooks.com>: the id stays the same when it is sent again, the
/// time is that of the try.
async fn webhook(secrets: &Secrets, message: &Message, now: Time, allowed: &Networks) -> Result<(), Fault> {
    let body = message.event().to_string();
    let (id, seconds) = (message.id.to_string(), now.ms() / 1000);
    let keys: Vec<&str> = [secrets.secret.as_deref(), secrets.former.as_deref()].into_iter().flatten().collect();
    let signature =
        sign::webhook(&keys, &id, seconds, body.as_bytes()).ok_or_else(|| Fault::of(Why::Setup, "no key"))?;
    let seconds = seconds.to_string();
    let headers = [("webhook-id", &*id), ("webhook-timestamp", &*seconds), ("webhook-signature", &*signature)];
    post(address_of(secrets)?, &headers, body, allowed).await?.done().map(drop)
}

/// What a robot is posted, and where to.
fn robot_call(kind: Kind, mut url: Url, key: Option<&str>, text: &str, now: Time) -> Option<(Url, Json)> {
    let body = match (kind, key) {
        (Kind::Dingtalk, key) => {
            if let Some(key) = key {
                let (ms, sign) = (now.ms().to_string(), sign::dingtalk(key, now.ms())?);
                url.query_pairs_mut().append_pair("timestamp", &ms).append_pair("sign", &sign);
            }
            json!({"msgtype": "text", "text": {"content": text}})
        }
        (Kind::Feishu, Some(key)) => {
            let seconds = now.ms() / 1000;
            let sign = sign::feishu(key, seconds)?;
            json!({"timestamp": seconds.to_string(), "sign": sign, "msg_type": "text", "content": {"text": text}})
        }
        (Kind::Feishu, None) => json!({"msg_type": "text", "content": {"text": text}}),
        _ => json!({"msgtype": "text", "text": {"content": text}}),
    };
    Some((url, body))
}

async fn robot(kind: Kind, secrets: &Secrets, message: &Message, now: Time, allowed: &Networks) -> Result<(), Fault> {
    let call = robot_call(kind, address_of(secrets)?, secrets.secret.as_deref(), message.text().trim_end(), now);
    let (url, body) = call.ok_or_else(|| Fault::of(Why::Setup, "no key"))?;
    let reply = post(url, &[], body.to_string(), allowed).await?.done()?;
    robot_said(kind, &reply.body)
}

/// Robots answer 200 whatever they did; a number says it.
fn robot_said(kind: Kind, body: &str) -> Result<(), Fault> {
    let answer: Json = serde_json::from_str(body).unwrap_or_default();
    let names: [&str; 2] = if kind == Kind::Feishu { ["code", "StatusCode"] } else { ["errcode", "errcode"] };
    let code = names.iter().find_map(|name| answer[*name].as_i64());
    let said = ["errmsg", "msg", "StatusMessage"].iter().find_map(|name| answer[*name].as_str()).unwrap_or(body);
    match code {
        Some(0) => Ok(()),
        // 93000 and 300001: no such robot or token; 310000, 19021, 19022, 19024: signature, address, word.
        Some(code @ (93_000 | 300_001 | 310_000 | 19_021 | 19_022 | 19_024)) => {
            Err(Fault::of(Why::Login, format!("{code} {said}")))
        }
        Some(code) => Err(Fault::of(Why::Refused, format!("{code} {said}"))),
        None => Err(Fault::of(Why::Refused, said)),
    }
}

// Messages to telephones

/// A supplier of messages to telephones. There is one adapter, which posts JSON as the
/// administrator has written it; a supplier that asks for more gets one of its own.
pub trait Sms {
    /// Hands a text over for a number. `id` stays the same when it is tried again.
    fn text(&self, to: &str, text: &str, id: Uuid) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// A gateway that takes JSON over HTTP, as the administrator has written it.
struct HttpGateway<'a> {
    url: Url,
    /// The header that carries the secret.
    header: Option<(&'a str, &'a str)>,
    body: Json,
    /// Where in the answer it stands that the message was taken, and what.
    accepted: Option<(&'a str, &'a str)>,
    allowed: &'a Networks,
}

fn gateway<'a>(setup: &'a Setup, secrets: &'a Secrets, allowed: &'a Networks) -> Result<HttpGateway<'a>, Fault> {
    Ok(HttpGateway {
        url: address_of(secrets)?,
        header: setup.header.as_deref().zip(secrets.secret.as_deref()),
        body: serde_json::from_str(&setup.body).map_err(|error| Fault::of(Why::Setup, error))?,
        accepted: setup.accepted.as_deref().and_then(|rule| rule.split_once('=')),
        allowed,
    })
}

/// Puts values in the place of `{name}` in every text of a piece of JSON. What stands in
/// a value is never read as JSON or as a place.
pub fn filled(body: &Json, values: &[(&str, &str)]) -> Json {
    match body {
        Json::String(text) => Json::String(fill(text, values)),
        Json::Array(all) => all.iter().map(|one| filled(one, values)).collect(),
        Json::Object(all) => all.iter().map(|(name, one)| (name.clone(), filled(one, values))).collect(),
        other => other.clone(),
    }
}

fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let place = rest.find('}').and_then(|end| {
            let (_, value) = values.iter().find(|(name, _)| *name == &rest[1..end])?;
            Some((end, *value))
        });
        let (taken, value) = place.map_or((1, "{"), |(end, value)| (end + 1, value));
        out.push_str(value);
        rest = &rest[taken..];
    }
    out.push_str(rest);
    out
}

impl Sms for HttpGateway<'_> {
    async fn text(&self, to: &str, text: &str, id: Uuid) -> Result<(), Fault> {
        let id = id.to_string();
        let body = filled(&self.body, &[("phone", to), ("text", text), ("id", &id)]);
        let headers: Vec<(&str, &str)> = self.header.into_iter().collect();
        let reply = post(self.url.clone(), &headers, body.to_string(), self.allowed).await?.done()?;
        let Some((pointer, wanted)) = self.accepted else { return Ok(()) };
        let answer: Json = serde_json::from_str(&reply.body).unwrap_or_default();
        let said = match answer.pointer(pointer.trim()) {
            Some(Json::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        if said == wanted.trim() { Ok(()) } else { Err(Fault::of(Why::Refused, reply.body)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mail_servers_say() {
        for (code, said, why) in [
            (550, "550 5.1.1 no such user", Why::Recipient),
            (550, "550 no such user", Why::Recipient),
            (550, "550 no such user, mx 115.2.3.4", Why::Recipient),
            (553, "553 Mail from must equal authorized user", Why::Refused),
            (550, "550 Ip frequency limited", Why::Refused),
            (550, "550 5.7.1 relaying denied", Why::Refused),
            (553, "553 5.1.3 bad address", Why::Recipient),
            (554, "554 5.7.1 spam", Why::Refused),
            (535, "535 5.7.8 wrong password", Why::Login),
            (421, "421 4.7.0 try again later", Why::Refused),
            (452, "452 4.2.2 mailbox full", Why::Refused),
        ] {
            assert_eq!(mail_why(code, said), why, "{said}");
        }
    }

    #[test]
    fn what_robots_say() {
        for (kind, body, why) in [
            (Kind::Wecom, r#"{"errcode":0,"errmsg":"ok"}"#, None),
            (Kind::Wecom, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, Some(Why::Login)),
            (Kind::Wecom, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, Some(Why::Refused)),
            (Kind::Dingtalk, r#"{"errcode":310000,"errmsg":"sign not match"}"#, Some(Why::Login)),
            (Kind::Feishu, r#"{"code":0,"msg":"success"}"#, None),
            (Kind::Feishu, r#"{"StatusCode":0,"StatusMessage":"success"}"#, None),
            (Kind::Feishu, r#"{"code":19021,"msg":"sign match fail"}"#, Some(Why::Login)),
            (Kind::Feishu, "<html>", Some(Why::Refused)),
        ] {
            assert_eq!(robot_said(kind, body).err().map(|fault| fault.why), why, "{body}");
        }
    }

    #[test]
    fn robots_are_called_as_their_makers_say() {
        let url = |text: &str| Url::parse(text).expect("an address");
        let now = Time::from_ms(1_795_485_600_000);
        let (ding, body) =
            robot_call(Kind::Dingtalk, url("https://d.example/robot/send?access_token=t"), Some("SEC"), "超期", now)
                .expect("a call");
        let pairs: Vec<(String, String)> = ding.query_pairs().into_owned().collect();
        assert_eq!(pairs[1], ("timestamp".into(), "1795485600000".into()));
        assert_eq!(pairs[2], ("sign".into(), sign::dingtalk("SEC", now.ms()).expect("a signature")));
        assert_eq!(body, json!({"msgtype": "text", "text": {"content": "超期"}}));
        let (_, body) =
            robot_call(Kind::Feishu, url("https://f.example/hook/t"), Some("k"), "超期", now).expect("a call");
        assert_eq!((&body["timestamp"], &body["content"]["text"]), (&json!("1795485600"), &json!("超期")));
        let (wecom, body) =
            robot_call(Kind::Wecom, url("https://w.example/send?key=t"), None, "超期", now).expect("a call");
        assert_eq!((wecom.query(), body["text"]["content"].as_str()), (Some("key=t"), Some("超期")));
    }

    #[test]
    fn a_gateway_is_sent_what_the_administrator_wrote() {
        let body = json!({"to": ["{phone}"], "params": {"content": "【管委会】{text}", "n": 1}, "{text}": "{other} {", "ref": "{id}"});
        let made = filled(&body, &[("phone", "13800000000"), ("text", "a\"},{phone}"), ("id", "7")]);
        assert_eq!(
            made,
            json!({"to": ["13800000000"], "params": {"content": "【管委会】a\"},{phone}", "n": 1}, "{text}": "{other} {", "ref": "7"})
        );
    }

    #[test]
    fn what_went_wrong_is_told_without_secrets() {
        let fault = Fault::of(Why::Refused, "550 <wang@example.com>  key=abcdef\r\nno").without(&[
            "abcdef",
            "wang@example.com",
            "",
            "no",
        ]);
        assert_eq!(fault.detail, "550 <…> key=… no");
        assert_eq!(Fault::of(Why::Refused, "长".repeat(500)).without(&[]).detail.chars().count(), SAID);
    }

    #[test]
    fn what_can_be_posted_to() {
        for (text, may) in [
            ("https://qyapi.example.com/cgi-bin/webhook/send?key=1", true),
            ("http://10.0.0.1:8080/x", true),
            ("ftp://example.com", false),
            ("https://user:password@example.com/", false),
            ("file:///etc/passwd", false),
            ("example.com", false),
        ] {
            assert_eq!(post_address(text).is_some(), may, "{text}");
        }
    }
}
