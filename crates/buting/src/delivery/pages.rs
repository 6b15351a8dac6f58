use super::desk::{self, Asked, ChannelChange, KEEPERS, Own};
use super::group::{self, About, Pasted};
use super::send::Fault;
use super::{Channel, Delivery, Family, HeldFor, Kind, Preference, Quiet, Rhythm, Security, Setup, State};
use crate::actor::{OFFICE, SIGNED_IN};
use crate::error::{Error, FieldError, Result};
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::session::origin;
use crate::zone::Zone;
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use uuid::Uuid;

/// Rows of a list.
const ROWS: i64 = 50;

pub fn routes(routes: &mut Routes) {
    let keepers = Access::only(KEEPERS);
    let own = Access::only(SIGNED_IN);
    routes
        .get("/admin/channels", keepers, channels)
        .post("/admin/channels/site", keepers, site)
        .get("/admin/channels/new", keepers, new_page)
        .post("/admin/channels/new", keepers, new)
        .get("/admin/channels/{id}", keepers, channel)
        .post("/admin/channels/{id}", keepers, change)
        .post("/admin/channels/{id}/test", keepers, test)
        .post("/admin/channels/{id}/key", keepers, key)
        .post("/admin/channels/{id}/rotate", keepers, rotate)
        .get("/admin/deliveries", keepers, deliveries)
        .post("/admin/deliveries/{id}/resend", keepers, resend)
        .get("/account/notices", own, own_page)
        .post("/account/notices", own, prefer)
        .post("/account/notices/code", own, code)
        .post("/account/notices/confirm", own, confirm)
        .post("/account/notices/stop", own, stop)
        .get("/group-text", Access::only(OFFICE), group_text);
}

// Channels

#[derive(Template)]
#[template(path = "delivery/channels.html")]
struct ChannelsPage {
    s: Shell,
    form: Form,
    version: i64,
    channels: Vec<Channel>,
    kinds: &'static [Kind],
}

async fn channels_shown(cx: &Cx, headers: &HeaderMap, form: Option<Form>, status: StatusCode) -> Result<Response> {
    let channels = desk::channels(&cx.app, &cx.who).await?;
    let zone = Zone::get(&mut cx.read().await?, cx.who.zone_id).await?;
    let form = form.unwrap_or_else(|| {
        let site = zone.settings["site"].as_str().map_or_else(|| origin(&cx.app, headers), str::to_owned);
        Form::filled([("site", site)])
    });
    let page = ChannelsPage { s: Shell::of(cx).await?, form, version: zone.version, channels, kinds: Kind::ALL };
    html_with(status, &page)
}

async fn channels(headers: HeaderMap, cx: Cx) -> PageResult {
    page::show(cx.lang, channels_shown(&cx, &headers, None, StatusCode::OK)).await
}

async fn site(headers: HeaderMap, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match made(desk::set_site(&cx.app, &cx.who, form.value("site")).await, &mut form)? {
            Some(_) => Ok(go("/admin/channels", "flash-saved")),
            None => channels_shown(&cx, &headers, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await,
        }
    })
    .await
}

#[derive(Template)]
#[template(path = "delivery/channel.html")]
struct ChannelPage {
    s: Shell,
    form: Form,
    kind: Kind,
    channel: Option<Channel>,
    families: Vec<(Family, String)>,
    securities: Vec<(Security, String)>,
    counts: Vec<(State, i64)>,
    /// What a trial came to.
    tried: Option<std::result::Result<(), Fault>>,
    /// The key of a webhook, shown on request.
    key: Option<String>,
}

impl ChannelPage {
    fn is(&self, kind: &str) -> bool {
        self.kind.word() == kind
    }

    fn version(&self) -> i64 {
        self.channel.as_ref().map_or(0, |channel| channel.version)
    }

    fn action(&self) -> String {
        self.channel.as_ref().map_or_else(|| "/admin/channels/new".into(), |one| format!("/admin/channels/{}", one.id))
    }

    fn title(&self) -> String {
        match &self.channel {
            Some(channel) => channel.title.clone(),
            None => self.s.with("delivery-channel-new", "kind", self.s.word("delivery-kind", self.kind)),
        }
    }

    fn is_new(&self) -> bool {
        self.channel.is_none()
    }

    fn url_help(&self) -> &'static str {
        if self.is_new() { "help-url" } else { "help-url-kept" }
    }

    /// What is said below the secret: an empty field leaves one as it is.
    fn secret_help(&self) -> &'static str {
        let kept = self.channel.as_ref().is_some_and(|channel| channel.sealed.contains_key("secret"));
        match self.kind {
            _ if kept => "help-channel_password-kept",
            Kind::Dingtalk | Kind::Feishu => "help-channel_password-robot",
            _ => "help-channel_password",
        }
    }
}

/// Families as choices; for groups only those that they may be told.
fn families(s: &Shell, groups: bool) -> Vec<(Family, String)> {
    let fits = |family: &&Family| !groups || family.for_groups();
    Family::ALL.iter().filter(fits).map(|one| (*one, s.word("delivery-family", one).into_owned())).collect()
}

/// `21:00`, as a field of a form takes it.
fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60 % 24, minute % 60)
}

/// A minute of the day; notes an error when it is none.
fn minute(form: &mut Form, name: &'static str) -> Option<i64> {
    form.word(name, |text| {
        let time: jiff::civil::Time = text.parse().ok()?;
        Some(i64::from(time.hour()) * 60 + i64::from(time.minute()))
    })
}

fn rhythm(form: &mut Form) -> Rhythm {
    let (from, to) = (minute(form, "quiet_from"), minute(form, "quiet_to"));
    if from.is_some() != to.is_some() && !form.has_error("quiet_from") && !form.has_error("quiet_to") {
        form.add(FieldError::new("quiet_from", "quiet"));
    }
    Rhythm { digest_at: minute(form, "digest_at"), quiet: from.zip(to).map(|(from, to)| Quiet { from, to }) }
}

fn rhythm_fields(rhythm: &Rhythm) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    fields.extend(rhythm.digest_at.map(|minute| ("digest_at", clock(minute))));
    fields.extend(rhythm.quiet.into_iter().flat_map(|q| [("quiet_from", clock(q.from)), ("quiet_to", clock(q.to))]));
    fields
}

/// A form filled with how a channel is set up; secrets are not told.
fn filled(title: &str, is_on: bool, setup: &Setup) -> Form {
    let mut fields = vec![
        ("channel_title", title.to_owned()),
        ("host", setup.host.clone()),
        ("port", setup.port.to_string()),
        ("security", setup.security.map(|one| one.word().to_owned()).unwrap_or_default()),
        ("login", setup.login.clone().unwrap_or_default()),
        ("sender", setup.sender.clone()),
        ("header", setup.header.clone().unwrap_or_default()),
        ("gateway_body", setup.body.clone()),
        ("accepted", setup.accepted.clone().unwrap_or_default()),
    ];
    fields.extend(setup.families.iter().map(|family| ("families", family.word().to_owned())));
    fields.extend(is_on.then(|| ("is_on", "on".to_owned())));
    fields.extend(setup.urgent_only.then(|| ("urgent_only", "on".to_owned())));
    fields.extend(rhythm_fields(&setup.rhythm));
    Form::filled(fields)
}

fn read_channel(form: &mut Form) -> ChannelChange {
    let port = form.number("port").and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
    ChannelChange {
        title: form.text("channel_title"),
        is_on: form.on("is_on"),
        url: form.text("url"),
        secret: form.text("channel_password"),
        setup: Setup {
            host: form.text("host"),
            port,
            security: form.word("security", Security::parse),
            login: form.opt_text("login"),
            sender: form.text("sender"),
            header: form.opt_text("header"),
            body: form.text("gateway_body"),
            accepted: form.opt_text("accepted"),
            families: form.all("families").iter().filter_map(|word| Family::parse(word)).collect(),
            urgent_only: form.on("urgent_only"),
            rhythm: rhythm(form),
            both_until: None,
        },
    }
}

/// What the page of a channel shows beside the channel.
#[derive(Default)]
struct Beside {
    form: Option<Form>,
    tried: Option<std::result::Result<(), Fault>>,
    key: Option<String>,
}

async fn channel_shown(cx: &Cx, kind: Kind, id: Option<Uuid>, beside: Beside, status: StatusCode) -> Result<Response> {
    let channel = match id {
        Some(id) => Some(desk::channel(&cx.app, &cx.who, id).await?),
        None => None,
    };
    let kind = channel.as_ref().map_or(kind, |channel| channel.kind);
    let counts = match id {
        Some(id) => desk::counts(&cx.app, &cx.who, Some(id)).await?.into_iter().collect(),
        None => Vec::new(),
    };
    let s = Shell::of(cx).await?;
    let form = beside.form.unwrap_or_else(|| match &channel {
        Some(channel) => filled(&channel.title, channel.is_on, &channel.setup),
        None => filled(&s.word("delivery-kind", kind), true, &desk::usual(kind)),
    });
    let securities = Security::ALL.iter().map(|one| (*one, s.word("delivery-security", one).into_owned())).collect();
    let families = families(&s, true);
    let (tried, key) = (beside.tried, beside.key);
    html_with(status, &ChannelPage { s, form, kind, channel, families, securities, counts, tried, key })
}

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let kind = Kind::parse(query.value("kind")).ok_or(Error::NotFound)?;
        channel_shown(&cx, kind, None, Beside::default(), StatusCode::OK).await
    })
    .await
}

async fn put(cx: Cx, mut form: Form, kind: Kind, id: Option<Uuid>) -> Result<Response> {
    let new = read_channel(&mut form);
    if !form.failed()
        && let Some(id) = made(desk::put_channel(&cx.app, &cx.who, id, kind, new).await, &mut form)?
    {
        return Ok(go(&format!("/admin/channels/{id}"), "flash-saved"));
    }
    let beside = Beside { form: Some(form), ..Beside::default() };
    channel_shown(&cx, kind, id, beside, StatusCode::UNPROCESSABLE_ENTITY).await
}

async fn new(Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let kind = Kind::parse(form.value("kind")).ok_or(Error::NotFound)?;
        put(cx.clone(), form, kind, None).await
    })
    .await
}

async fn channel(Path(id): Path<String>, cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        channel_shown(&cx, Kind::Email, Some(id_of(&id)?), Beside::default(), StatusCode::OK).await
    })
    .await
}

async fn change(Path(id): Path<String>, Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async { put(cx.clone(), form, Kind::Email, Some(id_of(&id)?)).await }).await
}

async fn test(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let tried = match desk::try_out(&cx.app, &cx.who, cx.lang, id).await {
            Ok(tried) => Some(tried),
            Err(Error::Replayed(_)) => None,
            Err(error) => return Err(error),
        };
        channel_shown(&cx, Kind::Email, Some(id), Beside { tried, ..Beside::default() }, StatusCode::OK).await
    })
    .await
}

async fn key(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let key = desk::key(&cx.app, &cx.who, id).await?;
        channel_shown(&cx, Kind::Email, Some(id), Beside { key, ..Beside::default() }, StatusCode::OK).await
    })
    .await
}

async fn rotate(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        match desk::rotate(&cx.app, &cx.who, id).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go(&format!("/admin/channels/{id}"), "flash-channel-rotated")),
            Err(error) => Err(error),
        }
    })
    .await
}

// Deliveries

#[derive(Template)]
#[template(path = "delivery/deliveries.html")]
struct DeliveriesPage {
    s: Shell,
    page: Page<Delivery>,
    counts: Vec<(State, i64)>,
    channels: Vec<(Uuid, String)>,
}

impl DeliveriesPage {
    fn text(&self, one: &Delivery) -> String {
        one.about(self.s.lang)
    }

    /// When it goes out, and what it waits for; when it went.
    fn about(&self, one: &Delivery) -> String {
        match (one.state, one.held_for, &one.sent_at) {
            (State::Sent, _, Some(at)) => self.s.with("delivery-sent-at", "at", self.s.moment(at)),
            (State::Held, Some(HeldFor::Digest), _) => {
                self.s.with("delivery-digest-at", "at", self.s.moment(&one.due_at))
            }
            (State::Held, ..) => self.s.with("delivery-quiet-until", "at", self.s.moment(&one.due_at)),
            (State::Failed, ..) => self.s.with("delivery-again-at", "at", self.s.moment(&one.due_at)),
            _ => String::new(),
        }
    }

    fn why(&self, one: &Delivery) -> String {
        one.fault.map(|why| self.s.word("delivery-why", why).into_owned()).unwrap_or_default()
    }

    fn resend(&self, one: &Delivery) -> String {
        self.s.t(if one.state == State::Sent { "delivery-resend-copy" } else { "delivery-resend" }).into_owned()
    }
}

async fn deliveries(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut query = Form::parse(cx.request.query.as_bytes());
        let channel_id = query.id("channel_id");
        let asked = Asked {
            state: query.opt("state").and_then(State::parse),
            channel_id,
            sort: query.opt_text("sort"),
            cursor: query.opt_text("cursor"),
            limit: ROWS,
        };
        let page = desk::deliveries(&cx.app, &cx.who, &asked).await?;
        let known = desk::counts(&cx.app, &cx.who, channel_id).await?;
        let counts = State::ALL.iter().map(|state| (*state, known.get(state).copied().unwrap_or_default())).collect();
        let channels = desk::channels(&cx.app, &cx.who).await?.into_iter().map(|one| (one.id, one.title)).collect();
        html(&DeliveriesPage { s: Shell::of(&cx).await?, page, counts, channels })
    })
    .await
}

async fn resend(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match desk::resend(&cx.app, &cx.who, id_of(&id)?).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go("/admin/deliveries", "flash-delivery-resent")),
            Err(error) => Err(error),
        }
    })
    .await
}

// One's own

#[derive(Template)]
#[template(path = "delivery/own.html")]
struct OwnPage {
    s: Shell,
    form: Form,
    code: Form,
    blank: Form,
    version: i64,
    own: Vec<Own>,
    families: Vec<(Family, String)>,
    /// Why a code did not go out.
    failed: Option<Fault>,
}

impl OwnPage {
    /// The code that was typed for an address, with what is wrong with it.
    fn code_of(&self, one: &Own) -> &Form {
        if self.code.has("kind", one.kind) { &self.code } else { &self.blank }
    }
}

fn own_form(preference: &Preference) -> Form {
    let mut fields = Vec::new();
    fields.extend(preference.email.iter().map(|family| ("email", family.word().to_owned())));
    fields.extend(preference.sms.iter().map(|family| ("sms", family.word().to_owned())));
    fields.extend(rhythm_fields(&preference.rhythm));
    Form::filled(fields)
}

async fn own_shown(
    cx: &Cx,
    form: Option<Form>,
    code: Form,
    failed: Option<Fault>,
    status: StatusCode,
) -> Result<Response> {
    let preference = desk::preference(&cx.app, &cx.who).await?;
    let own = desk::own(&cx.app, &cx.who).await?;
    let s = Shell::of(cx).await?;
    let form = form.unwrap_or_else(|| own_form(&preference));
    let families = families(&s, false);
    let blank = Form::default();
    html_with(status, &OwnPage { s, form, code, blank, version: preference.version, own, families, failed })
}

async fn own_page(cx: Cx) -> PageResult {
    page::show(cx.lang, own_shown(&cx, None, Form::default(), None, StatusCode::OK)).await
}

async fn prefer(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let chosen = |name: &str| form.all(name).iter().filter_map(|word| Family::parse(word)).collect();
        let (email, sms) = (chosen("email"), chosen("sms"));
        let new = Preference { email, sms, rhythm: rhythm(&mut form), version: 0 };
        if !form.failed() && made(desk::prefer(&cx.app, &cx.who, new).await, &mut form)?.is_some() {
            return Ok(go("/account/notices", "flash-saved"));
        }
        own_shown(&cx, Some(form), Form::default(), None, StatusCode::UNPROCESSABLE_ENTITY).await
    })
    .await
}

/// The kind of address that a form is about.
fn kind_of(form: &Form) -> Result<Kind> {
    Kind::parse(form.value("kind")).filter(|kind| kind.is_personal()).ok_or(Error::NotFound)
}

async fn code(Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match desk::ask_code(&cx.app, &cx.who, cx.lang, kind_of(&form)?).await {
            Ok(Ok(_)) | Err(Error::Replayed(_)) => Ok(go("/account/notices", "flash-code-sent")),
            Ok(Err(fault)) => own_shown(&cx, None, Form::default(), Some(fault), StatusCode::BAD_GATEWAY).await,
            Err(error) => Err(error),
        }
    })
    .await
}

async fn confirm(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let kind = kind_of(&form)?;
        let code = form.text("code");
        match made(desk::confirm(&cx.app, &cx.who, kind, &code).await, &mut form)? {
            Some(_) => Ok(go("/account/notices", "flash-address-confirmed")),
            None => own_shown(&cx, None, form, None, StatusCode::UNPROCESSABLE_ENTITY).await,
        }
    })
    .await
}

async fn stop(Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        match desk::stop(&cx.app, &cx.who, kind_of(&form)?).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go("/account/notices", "flash-address-stopped")),
            Err(error) => Err(error),
        }
    })
    .await
}

// For groups

#[derive(Template)]
#[template(path = "delivery/group.html")]
struct GroupPage {
    s: Shell,
    about: &'static [About],
    pasted: Pasted,
    one: bool,
    rows: usize,
}

async fn group_text(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut query = Form::parse(cx.request.query.as_bytes());
        let one = query.id("appeal");
        let pasted = match one {
            Some(id) => group::of_one(&cx.app, &cx.who, cx.lang, id).await?,
            None => {
                let about = query.word("about", About::parse).unwrap_or(About::Overdue);
                group::text(&cx.app, &cx.who, cx.lang, about).await?
            }
        };
        let rows = pasted.text.lines().count().clamp(4, 24) + 2;
        html(&GroupPage { s: Shell::of(&cx).await?, about: About::ALL, pasted, one: one.is_some(), rows })
    })
    .await
}
