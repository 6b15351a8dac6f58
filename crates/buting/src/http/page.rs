//! Pages: the frame that each is set in, and the helpers that templates call.

use super::cx::Cx;
use super::form::Form;
use super::nav::{self, Item};
use super::problem::Problem;
use super::session;
use crate::actor::{OFFICE, Role, Roles};
use crate::clock;
use crate::error::{Error, Result};
use crate::text::{Arg, Lang};
use crate::time::Time;
use crate::zone::Zone;
use almanac::{Light, Status};
use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use std::borrow::Cow;
use std::fmt::Write as _;
use store::sql;
use uuid::Uuid;

/// What every template is given as `s`: the frame, the language, the person.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The language of the page.
    pub lang: Lang,
    /// Name of the zone; empty for visitors of an installation with several.
    pub zone_name: String,
    /// The zone's time zone.
    pub time_zone: jiff::tz::TimeZone,
    /// Name of the person; empty for visitors.
    pub person: String,
    /// The person's key, by which what a browser keeps is told apart.
    pub person_id: Option<Uuid>,
    /// The person's roles.
    pub roles: Roles,
    /// The rail.
    pub nav: Vec<Item>,
    /// The path of this page.
    pub path: String,
    /// The query of this page.
    pub query: String,
    /// `light`, `dark`, or empty for what the system says.
    pub theme: String,
    /// Whether the large text is on.
    pub large_text: bool,
    /// Notices not read yet.
    pub unread: i64,
    /// A one-time key for the forms of this page.
    pub once: Uuid,
    /// A message carried over from the page before.
    pub flash: Option<String>,
    /// Whether this is the demo.
    pub demo: bool,
    /// Now, for relative times.
    pub now: Time,
    /// Years to come whose official days are not in: due times there are provisional.
    pub no_notice: Vec<i64>,
}

impl Shell {
    /// The frame for a request.
    pub async fn of(cx: &Cx) -> Result<Self> {
        let mut tx = cx.read().await?;
        let zone =
            if cx.visitor() { Zone::only(&mut tx).await? } else { Some(Zone::get(&mut tx, cx.who.zone_id).await?) };
        let unread = match cx.who.person_id {
            Some(person) => {
                tx.value(sql!(
                    "SELECT count(*) FROM notice WHERE zone_id = $1 AND person_id = $2 AND read_at IS NULL",
                    cx.who.zone_id,
                    person
                ))
                .await?
            }
            None => 0,
        };
        let mut shell = Self::bare(cx.lang);
        if let Some(zone) = zone {
            let calendar = clock::calendar(&mut tx, zone.zone_id).await?;
            let year = calendar.local_day(cx.now().stamp()).year();
            let ahead = (year..=year + 2).filter(|year| calendar.year_status(*year) == Status::Provisional);
            shell.no_notice = ahead.map(i64::from).collect();
            shell.time_zone = zone.time_zone();
            shell.zone_name = zone.name;
        }
        shell.person = cx.who.name.clone();
        shell.person_id = cx.who.person_id;
        shell.roles = cx.who.roles;
        shell.nav = nav::items(cx.who.roles);
        shell.path = cx.request.path.clone();
        shell.query = cx.request.query.clone();
        shell.theme = cx.request.theme.clone().filter(|t| t == "light" || t == "dark").unwrap_or_default();
        shell.large_text = cx.request.large_text;
        shell.unread = unread;
        shell.flash = cx.request.flash.as_deref().filter(|key| cx.lang.has(key)).map(|key| cx.lang.t(key).into_owned());
        shell.demo = cx.config.demo;
        shell.now = cx.now();
        Ok(shell)
    }

    /// A frame without person or zone, for answers that come before them.
    pub fn bare(lang: Lang) -> Self {
        Self {
            lang,
            zone_name: String::new(),
            time_zone: crate::zone::default_time_zone(),
            person: String::new(),
            person_id: None,
            roles: Roles::NONE,
            nav: Vec::new(),
            path: String::new(),
            query: String::new(),
            theme: String::new(),
            large_text: false,
            unread: 0,
            once: Uuid::now_v7(),
            flash: None,
            demo: false,
            now: Time::default(),
            no_notice: Vec::new(),
        }
    }

    /// The text of a key.
    pub fn t(&self, key: &str) -> Cow<'static, str> {
        self.lang.t(key)
    }

    /// The text of a key with one value.
    pub fn with<A: Arg>(&self, key: &str, name: &str, value: A) -> String {
        self.lang.with(key, &[(name, &value)])
    }

    /// The text of a key with two values.
    pub fn with2<A: Arg, B: Arg>(&self, key: &str, a: &str, av: A, b: &str, bv: B) -> String {
        self.lang.with(key, &[(a, &av), (b, &bv)])
    }

    /// The label of a word of the contract.
    pub fn word(&self, family: &str, word: impl std::fmt::Display) -> Cow<'static, str> {
        self.lang.word(family, &word.to_string())
    }

    /// Whether the person has this role.
    pub fn is(&self, role: &str) -> bool {
        Role::parse(role).is_some_and(|role| self.roles.has(role))
    }

    /// Whether anybody is signed in.
    pub fn signed_in(&self) -> bool {
        !self.person.is_empty()
    }

    /// Whether a rail entry leads to this page.
    pub fn here(&self, href: &str) -> bool {
        if href == "/" { self.path == "/" } else { self.path == *href || self.path.starts_with(&format!("{href}/")) }
    }

    /// `2026-11-24`.
    pub fn date(&self, time: &Time) -> String {
        time.local(&self.time_zone).date().to_string()
    }

    /// `11-24 08:30`, with the year when it is another one.
    pub fn moment(&self, time: &Time) -> String {
        let at = time.local(&self.time_zone);
        let pattern =
            if at.year() == self.now.local(&self.time_zone).year() { "%m-%d %H:%M" } else { "%Y-%m-%d %H:%M" };
        at.strftime(pattern).to_string()
    }

    /// `2026-11-24 08:30`.
    pub fn datetime(&self, time: &Time) -> String {
        time.local(&self.time_zone).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// `2026-11-24T08:30`, as a form field takes it.
    pub fn field_time(&self, time: &Time) -> String {
        time.local(&self.time_zone).strftime("%Y-%m-%dT%H:%M").to_string()
    }

    /// The value of `datetime` attributes.
    pub fn iso(&self, time: &Time) -> String {
        time.to_string()
    }

    /// How long ago, in words: 刚刚, 5 分钟前, 3 小时前, 2 天前.
    pub fn ago(&self, time: &Time) -> String {
        let minutes = (self.now.ms() - time.ms()).max(0) / 60_000;
        let (key, n) = match minutes {
            0 => return self.t("ago-now").into_owned(),
            n @ 1..60 => ("ago-minutes", n),
            n @ 60..1440 => ("ago-hours", n / 60),
            n => ("ago-days", n / 1440),
        };
        self.with(key, "n", n)
    }

    /// How long ago in milliseconds, which the page counts on from.
    pub fn age(&self, time: &Time) -> i64 {
        (self.now.ms() - time.ms()).max(0)
    }

    /// This page with one parameter of the query changed; an empty value drops
    /// it. Changing anything but the cursor goes back to the first page.
    pub fn link(&self, name: &str, value: impl std::fmt::Display) -> String {
        let value = value.to_string();
        let mut out = String::new();
        let kept = self.query.split('&').filter(|pair| {
            let key = pair.split('=').next().unwrap_or_default();
            !key.is_empty() && key != name && key != "cursor"
        });
        let new = (!value.is_empty()).then(|| format!("{name}={}", encode(&value)));
        for pair in kept.map(str::to_owned).chain(new) {
            // Writing to a String cannot fail.
            let _ = write!(out, "{}{pair}", if out.is_empty() { "?" } else { "&" });
        }
        format!("{}{out}", self.path)
    }

    /// This page, as a form gives it back to be gone on to.
    pub fn here_path(&self) -> String {
        match (self.path.as_str(), self.query.as_str()) {
            ("", _) => "/".to_owned(),
            (path, "") => path.to_owned(),
            (path, query) => format!("{path}?{query}"),
        }
    }

    /// A parameter of the query of this page; empty when it is absent.
    pub fn param(&self, name: &str) -> String {
        Form::parse(self.query.as_bytes()).value(name).to_owned()
    }

    /// The parameters of this page that a form of its own leaves as they are: all
    /// but that one, and where one stood in the list.
    pub fn others(&self, without: &str) -> Vec<(String, String)> {
        let form = Form::parse(self.query.as_bytes());
        let kept = form.pairs().filter(|(name, value)| !value.is_empty() && *name != "cursor" && *name != without);
        kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// How the list runs and what it shows, which a new filter leaves as it is.
    pub fn arrangement(&self) -> Vec<(String, String)> {
        let all = self.others("");
        all.into_iter().filter(|(name, _)| name == "sort" || name == "columns").collect()
    }

    /// Whether the query asks for this value (an empty one: for none).
    pub fn asks(&self, name: &str, value: impl std::fmt::Display) -> bool {
        self.param(name) == value.to_string()
    }

    /// Whether the list is sorted by this key, greatest first.
    pub fn sorts_down(&self, key: &str) -> bool {
        self.param("sort").strip_prefix('-') == Some(key)
    }

    /// This list sorted by a key, or the other way round when it is already.
    pub fn sort_link(&self, key: &str) -> String {
        let down = self.param("sort") == key;
        self.link("sort", format!("{}{key}", if down { "-" } else { "" }))
    }

    /// The word of a deadline's light; names its text (`light-…`) and its style.
    pub fn light_word(&self, light: &Light) -> &'static str {
        match light {
            Light::Suspended => "suspended",
            Light::Normal => "normal",
            Light::Near => "near",
            Light::Behind => "behind",
            Light::Overdue => "overdue",
        }
    }

    /// What a state of production, works or transport is called: 停产, 停工, 停运.
    pub fn line_light(&self, line: impl std::fmt::Display, state: impl std::fmt::Display) -> String {
        let own = format!("light-{state}-{line}");
        let key = if self.lang.has(&own) { own } else { format!("light-{state}") };
        self.t(&key).into_owned()
    }

    /// Whether the person works in the office.
    pub fn in_office(&self) -> bool {
        self.roles.meets(OFFICE)
    }

    /// Whether the person writes down visits, which also goes without network.
    pub fn records_visits(&self) -> bool {
        self.roles.meets(crate::visit::desk::RECORDERS)
    }

    /// Whether the person reads the history of the records that he may open.
    pub fn reads_history(&self) -> bool {
        self.roles.meets(crate::oversight::desk::HISTORY_READERS)
    }

    /// Whether a time to come lies in a year whose official days are not in.
    pub fn is_provisional(&self, at: &Time) -> bool {
        !self.no_notice.is_empty()
            && *at > self.now
            && self.no_notice.contains(&i64::from(at.local(&self.time_zone).year()))
    }

    /// Whether the person loads official days.
    pub fn keeps_calendar(&self) -> bool {
        self.roles.meets(crate::settings::desk::KEEPERS)
    }

    /// The count on the bell; above 99 it would not fit.
    pub fn unread_shown(&self) -> String {
        if self.unread > 99 { "99+".to_owned() } else { self.unread.to_string() }
    }

    /// Everything wrong with a form, each with the label of its field where
    /// there is a key `field-<name>`: field and sentence.
    pub fn wrong(&self, form: &Form) -> Vec<(String, String)> {
        let labelled = |(field, text): (String, String)| {
            let text = labelled(self.lang, &field, text);
            (field, text)
        };
        form.summary(&self.lang).into_iter().map(labelled).collect()
    }

    /// What is wrong with a field of a form.
    pub fn error_of(&self, form: &Form, name: &str) -> Option<String> {
        form.error(name, &self.lang)
    }

    /// The URL of an asset, with its digest.
    pub fn asset(&self, name: &str) -> String {
        super::assets::url(name)
    }

    /// The tag of the other language, for the switch.
    pub fn other_lang(&self) -> &'static str {
        match self.lang {
            Lang::Zh => "en",
            Lang::En => "zh-CN",
        }
    }
}

/// What is wrong with a field, with its label before it where there is a key
/// `field-<name>`.
pub fn labelled(lang: Lang, field: &str, text: String) -> String {
    let key = format!("field-{}", field.rsplit('/').next().unwrap_or_default());
    if lang.has(&key) { format!("{}{}{text}", lang.t(&key), lang.t("colon")) } else { text }
}

/// Percent-encodes a value of a query.
pub fn encode(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Renders a template as a page.
pub fn html(template: &impl Template) -> Result<Response> {
    html_with(StatusCode::OK, template)
}

/// What marks a time in a year without official days. What people type is escaped
/// and cannot look like it.
const PROVISIONAL: &str = " data-provisional=\"\"";
/// How the banner of such a year is hidden on pages without such a time.
const YEAR_HIDDEN: &str = " data-year hidden>";

/// Renders a template with a status (422 for a form that is shown again).
pub fn html_with(status: StatusCode, template: &impl Template) -> Result<Response> {
    let mut page = template.render().map_err(|e| Error::Internal(format!("a template does not render: {e}")))?;
    if page.contains(PROVISIONAL) {
        // Which times a page shows is known when it is set; the head was set before.
        page = page.replacen(YEAR_HIDDEN, " data-year>", 1);
    }
    let mut response = (status, Html(page)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The message of the page before has been shown.
    headers.append(header::SET_COOKIE, HeaderValue::from_static("flash=; Path=/; Max-Age=0; SameSite=Lax"));
    Ok(response)
}

/// Goes on to another page after a post, with a message (locale key).
pub fn go(to: &str, flash: &'static str) -> Response {
    let mut response = Redirect::to(to).into_response();
    if !flash.is_empty()
        && let Ok(cookie) = HeaderValue::from_str(&format!("flash={flash}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"))
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A local path to go on to; anything else becomes the first page.
pub fn local_path(next: &str) -> &str {
    let harmless =
        next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !next.chars().any(char::is_control);
    if harmless { next } else { "/" }
}

/// The path and query of a URL of this site; empty when it has none to go on to.
pub fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    if local_path(path) == path { path } else { "" }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    s: Shell,
    problem: Problem,
    help: String,
    /// The record to go back to, when somebody else was quicker.
    back: String,
    /// What was typed and not kept: to copy.
    typed: Vec<String>,
}

/// An error as a page that says what happened and what to do next, in a bare
/// frame: for whoever has no other. The answer carries the problem along, so
/// that [`framed`] can set it in the reader's own frame.
pub fn problem(error: &Error, lang: Lang, headers: &HeaderMap) -> Response {
    problem_of(Problem::of(error, lang), lang, headers)
}

/// The same of a problem that is known already.
pub fn problem_of(problem: Problem, lang: Lang, headers: &HeaderMap) -> Response {
    let mut s = Shell::bare(lang);
    s.theme =
        session::cookie(headers, "theme").filter(|t| matches!(*t, "light" | "dark")).unwrap_or_default().to_owned();
    s.large_text = session::cookie(headers, "text") == Some("large");
    problem_page(s, problem, String::new(), Vec::new())
}

/// The same page with the rail and the name of the person, when it is one.
pub async fn framed(cx: &Cx, bare: Response) -> Response {
    let Some(problem) = bare.extensions().get::<Problem>().cloned() else { return bare };
    match Shell::of(cx).await {
        Ok(s) if matches!(problem.status, 409 | 412) || problem.code == "key_reused" => {
            let typed = cx.request.typed.get().cloned().unwrap_or_default();
            problem_page(s, problem, cx.request.from.clone(), typed)
        }
        Ok(s) => problem_page(s, problem, String::new(), Vec::new()),
        // Most likely the very thing that went wrong.
        Err(_) => bare,
    }
}

fn problem_page(s: Shell, problem: Problem, back: String, typed: Vec<String>) -> Response {
    let help = problem.help(s.lang);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let page = ProblemPage { s, problem, help, back, typed };
    let mut response = html_with(status, &page).unwrap_or_else(|_| status.into_response());
    if let Some(seconds) = page.problem.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response.extensions_mut().insert(page.problem);
    response
}

/// A page handler's answer: an error becomes its page.
pub struct PageError(pub Error, pub Lang);

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        problem(&self.0, self.1, &HeaderMap::new())
    }
}

/// The result of a page handler.
pub type PageResult = std::result::Result<Response, PageError>;

/// Runs a page: `page::show(cx.lang, async move { … Ok(html(&…)?) }).await`.
pub async fn show(lang: Lang, page: impl Future<Output = Result<Response>>) -> PageResult {
    page.await.map_err(|error| PageError(error, lang))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::SIGNED_IN;
    use crate::http::api::Page;

    /// Every part of `macros.html` on one page: askama only compiles what is used.
    #[derive(Template)]
    #[template(path = "specimen/parts.html")]
    struct Specimen {
        s: Shell,
        form: Form,
        at: Option<Time>,
        page: Page<()>,
        options: Vec<(String, String)>,
        roles: &'static [Role],
        lights: [Light; 5],
        states: [&'static str; 7],
    }

    fn specimen(lang: Lang) -> String {
        let mut s = Shell::bare(lang);
        s.person = "张三".into();
        s.roles = SIGNED_IN;
        s.nav = nav::items(SIGNED_IN);
        s.path = "/appeals".into();
        s.query = "sort=-due&cursor=x".into();
        let mut form = Form::filled([("user", "<b>\"x\"</b>".to_owned()), ("pick", "b".to_owned())]);
        form.add(crate::error::FieldError::new("user", "required"));
        let page = Specimen {
            s,
            form,
            at: Some(Time::from_ms(1_795_480_200_000)),
            page: Page::new(Vec::new(), Some("next".into()), 1500),
            options: vec![("a".into(), "甲".into()), ("b".into(), "乙".into())],
            roles: Role::ALL,
            lights: [Light::Normal, Light::Near, Light::Behind, Light::Overdue, Light::Suspended],
            states: ["running", "reduced", "at_risk", "stopped", "suspended_filed", "unknown", "not_applicable"],
        };
        page.render().expect("a page")
    }

    #[test]
    fn every_part_renders_and_escapes() {
        for lang in [Lang::Zh, Lang::En] {
            let html = specimen(lang);
            for part in [
                r#"aria-sort="descending""#,
                r#"<option value="b" selected>"#,
                r##"<a href="#f-user">"##,
                r#"aria-invalid="true" aria-describedby="e-user h-user""#,
                r#"class="light overdue""#,
                r#"name="version" value="3""#,
                r#"rel="next" href="/appeals?sort=-due&#38;cursor=next""#,
            ] {
                assert!(html.contains(part), "{part} is not in\n{html}");
            }
            assert!(!html.contains("<b>\"x"), "what was typed is escaped");
            assert!(!html.contains("style=") && !html.contains("onclick"), "the policy allows nothing inline");
        }
        if let Ok(folder) = std::env::var("BUTING_SPECIMEN") {
            std::fs::write(format!("{folder}/specimen.html"), specimen(Lang::Zh)).expect("a file");
        }
    }

    #[test]
    fn only_local_paths_are_gone_to() {
        for (next, to) in [
            ("/appeals?x=1", "/appeals?x=1"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("", "/"),
        ] {
            assert_eq!(local_path(next), to, "{next}");
        }
    }

    #[test]
    fn the_path_of_a_referer_stays_on_this_site() {
        assert_eq!(path_of("https://buting.example/appeals/1?tab=a"), "/appeals/1?tab=a");
        for none in ["", "about:blank", "https://buting.example", "https://x//evil.example", "/appeals"] {
            assert_eq!(path_of(none), "", "{none}");
        }
    }

    #[test]
    fn a_link_changes_one_parameter() {
        let mut shell = Shell::bare(Lang::Zh);
        shell.path = "/appeals".into();
        shell.query = "status=working&cursor=abc&q=%E8%B4%A7".into();
        assert_eq!(shell.link("status", "closed"), "/appeals?q=%E8%B4%A7&status=closed");
        assert_eq!(shell.link("status", ""), "/appeals?q=%E8%B4%A7");
        assert_eq!(shell.link("cursor", "x"), "/appeals?status=working&q=%E8%B4%A7&cursor=x");
        assert!(shell.asks("q", "货") && shell.asks("sort", ""));
    }

    #[test]
    fn a_head_sorts_up_then_down() {
        let mut shell = Shell::bare(Lang::Zh);
        shell.path = "/appeals".into();
        assert_eq!(shell.sort_link("due"), "/appeals?sort=due");
        shell.query = "sort=due".into();
        assert_eq!(shell.sort_link("due"), "/appeals?sort=-due");
        shell.query = "sort=-due".into();
        assert!(shell.sorts_down("due"));
        assert_eq!(shell.sort_link("due"), "/appeals?sort=due");
    }

    #[test]
    fn a_summary_names_the_field() {
        let mut form = Form::default();
        form.add(crate::error::FieldError::new("contacts/0/password", "required"));
        form.add(crate::error::FieldError::new("nameless", "required"));
        let wrong = Shell::bare(Lang::Zh).wrong(&form);
        assert_eq!(wrong[0], ("contacts/0/password".to_owned(), "密码：请填写".to_owned()));
        assert_eq!(wrong[1].1, "请填写");
    }
}
