use super::desk::{self, KEEPERS, OfficeChange, PROTECTORS, ProtectionChange, READERS};
use super::{Holder, Version, VisitBlock};
use crate::actor::Role;
use crate::actor::Roles;
use crate::appeal::policy::Category;
use crate::appeal::{self, limits, policy};
use crate::clock;
use crate::error::{Error, FieldError, Result};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::organisation::Department;
use crate::text::LABELS;
use crate::visit;
use crate::visit::contact::{self, ContactRule, Tier};
use crate::zone::Zone;
use almanac::DayKind;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (readers, keepers) = (Access::only(READERS), Access::only(KEEPERS));
    routes
        .get("/settings", readers, index)
        .post("/settings/office", keepers, office)
        .post("/settings/protection", Access::only(PROTECTORS), protection)
        .get("/settings/categories", readers, categories)
        .post("/settings/categories", keepers, category)
        .get("/settings/calendar", readers, calendar)
        .post("/settings/calendar/year", keepers, year)
        .post("/settings/calendar/hours", keepers, hours)
        .post("/settings/calendar/days", keepers, days)
        .get("/settings/visit-blocks", readers, blocks)
        .post("/settings/visit-blocks", keepers, block)
        .get("/settings/visits", readers, visit_rules)
        .post("/settings/visits", keepers, set_visit_rules)
        .post("/settings/visits/contact", keepers, set_contact_rule)
        .get("/settings/roles", readers, roles);
}

/// The pages of settings, as the line above each shows them.
pub(crate) const TABS: &[(&str, &str)] = &[
    ("/settings", "settings-office"),
    ("/settings/categories", "settings-categories"),
    ("/settings/limits", "settings-limits"),
    ("/settings/ladder", "settings-ladder"),
    ("/settings/checklists", "settings-checklists"),
    ("/phrases", "phrases"),
    ("/settings/calendar", "settings-calendar"),
    ("/settings/visit-blocks", "settings-blocks"),
    ("/settings/visits", "settings-visits"),
    ("/settings/results", "settings-results"),
    ("/settings/documents", "settings-documents"),
    ("/settings/roles", "settings-roles"),
];

/// Whether a page of settings says something to whoever only reads: some are forms alone.
pub(crate) fn says_something(roles: &Roles, href: &str) -> bool {
    let form = ["/phrases", "/settings/visits", "/settings/results", "/settings/documents"].contains(&href);
    roles.meets(KEEPERS) || !form
}

// The zone

#[derive(Template)]
#[template(path = "settings/index.html")]
struct IndexPage {
    s: Shell,
    tabs: &'static [(&'static str, &'static str)],
    form: Form,
    version: i64,
    labels: Vec<(String, String)>,
    profiles: Vec<(String, String)>,
    can_keep: bool,
    can_protect: bool,
    /// Whether this program can be told of a provider to sign in at.
    provider: bool,
}

pub(crate) fn profile_names(s: &Shell) -> Vec<(String, String)> {
    limits::SHIPPED.iter().map(|one| (one.key.clone(), s.word("profile", &one.key).into_owned())).collect()
}

async fn index_shown(cx: &Cx, form: Option<Form>, status: StatusCode) -> Result<Response> {
    let zone = Zone::get(&mut cx.read().await?, cx.who.zone_id).await?;
    let s = Shell::of(cx).await?;
    let (set, kept) = (&zone.settings, zone.retention());
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let form = form.unwrap_or_else(|| {
        Form::filled([
            ("label", zone.label().word().to_owned()),
            ("limit_profile", set["limit_profile"].as_str().unwrap_or(limits::SHANDONG_ENTERPRISE).to_owned()),
            ("contact_name", text(&set["privacy_contact"]["name"])),
            ("contact_phone", text(&set["privacy_contact"]["phone"])),
            ("contact_address", text(&set["privacy_contact"]["address"])),
            ("require_totp", set["require_totp"].as_bool().unwrap_or(false).to_string()),
            ("person_days", kept.person_days.to_string()),
            ("access_log_months", kept.log_months.to_string()),
        ])
    });
    let page = IndexPage {
        tabs: TABS,
        form,
        version: zone.version,
        labels: LABELS.iter().map(|label| ((*label).to_owned(), (*label).to_owned())).collect(),
        profiles: profile_names(&s),
        can_keep: cx.who.is(KEEPERS),
        can_protect: cx.who.has(Role::Secadmin),
        provider: cfg!(feature = "oidc"),
        s,
    };
    html_with(status, &page)
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, index_shown(&cx, None, StatusCode::OK)).await
}

/// Goes on after a change, or shows the form again with what is wrong.
macro_rules! kept {
    ($result:expr, $to:expr, $form:ident, $again:expr) => {
        match $result {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go($to, "flash-settings-kept")),
            Err(error) => {
                $form.refused(error)?;
                $again
            }
        }
    };
}

async fn office(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let change = OfficeChange {
            label: form.text("label"),
            limit_profile: form.text("limit_profile"),
            contact_name: form.text("contact_name"),
            contact_phone: form.text("contact_phone"),
            contact_address: form.text("contact_address"),
        };
        kept!(desk::set_office(&cx.app, &cx.who, change).await, "/settings", form, {
            index_shown(&cx, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await
        })
    })
    .await
}

async fn protection(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let (person_days, months) = (form.number("person_days"), form.number("access_log_months"));
        let change = ProtectionChange {
            require_totp: form.on("require_totp"),
            person_days: form.need("person_days", person_days),
            access_log_months: form.need("access_log_months", months),
        };
        if form.failed() {
            return index_shown(&cx, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        kept!(desk::set_protection(&cx.app, &cx.who, change).await, "/settings", form, {
            index_shown(&cx, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await
        })
    })
    .await
}

// Categories and where they go

#[derive(Template)]
#[template(path = "settings/categories.html")]
struct CategoriesPage {
    s: Shell,
    tabs: &'static [(&'static str, &'static str)],
    form: Form,
    all: Vec<Category>,
    departments: Vec<(Uuid, String)>,
    versions: Vec<Version>,
    can_keep: bool,
}

impl CategoriesPage {
    fn name(&self, category: &Category) -> String {
        match &category.name {
            Some(name) => name.clone(),
            None => self.s.word("category", &category.key).into_owned(),
        }
    }

    fn department(&self, id: &Uuid) -> String {
        self.departments.iter().find(|(known, _)| known == id).map(|(_, name)| name.clone()).unwrap_or_default()
    }

    fn assistants(&self, category: &Category) -> String {
        category.assist.iter().map(|id| self.department(id)).collect::<Vec<_>>().join(&self.s.t("comma"))
    }
}

async fn categories_shown(cx: &Cx, form: Option<Form>, status: StatusCode) -> Result<Response> {
    let query = Form::parse(cx.request.query.as_bytes());
    let mut tx = cx.read().await?;
    let stored: Vec<(String, Category)> = desk::all_current(&mut tx, cx.who.zone_id, "category")
        .await?
        .into_iter()
        .map(|(key, body)| Ok((key, serde_json::from_value(body).map_err(|e| Error::Internal(e.to_string()))?)))
        .collect::<Result<_>>()?;
    let all = policy::categories(stored);
    let departments: Vec<Department> = appeal::desk::departments(&mut tx, cx.who.zone_id).await?;
    let wanted = query.opt("key").and_then(|key| all.iter().find(|category| category.key == key));
    let versions = match wanted {
        Some(category) => desk::versions(&mut tx, cx.who.zone_id, "category", &category.key).await?,
        None => Vec::new(),
    };
    drop(tx);
    let form = form.unwrap_or_else(|| match wanted {
        None => Form::default(),
        Some(category) => {
            let mut values = vec![
                ("key", category.key.clone()),
                ("name", category.name.clone().unwrap_or_default()),
                ("lead_department_id", category.lead_department_id.map(|id| id.to_string()).unwrap_or_default()),
                ("retired", category.retired.to_string()),
            ];
            values.extend(category.assist.iter().map(|id| ("assist", id.to_string())));
            Form::filled(values)
        }
    });
    let page = CategoriesPage {
        s: Shell::of(cx).await?,
        tabs: TABS,
        form,
        all,
        departments: departments.into_iter().map(|d| (d.id, d.short_name)).collect(),
        versions,
        can_keep: cx.who.is(KEEPERS),
    };
    html_with(status, &page)
}

async fn categories(cx: Cx) -> PageResult {
    page::show(cx.lang, categories_shown(&cx, None, StatusCode::OK)).await
}

async fn category(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let key = form.text("key");
        let lead_department_id = form.id("lead_department_id");
        let mut assist = Vec::new();
        for text in form.all("assist").to_vec() {
            match Uuid::parse_str(&text) {
                Ok(id) => assist.push(id),
                Err(_) => form.add(FieldError::new("assist", "unreadable")),
            }
        }
        let category = Category {
            key: key.clone(),
            name: form.opt_text("name"),
            lead_department_id,
            assist,
            retired: form.on("retired"),
        };
        if form.failed() {
            return categories_shown(&cx, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        kept!(appeal::desk::set_category(&cx.app, &cx.who, &key, &category).await, "/settings/categories", form, {
            categories_shown(&cx, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await
        })
    })
    .await
}

// The calendar

/// A day that is not as the week has it.
struct Special {
    date: String,
    weekday: i8,
    works: bool,
    name: String,
}

#[derive(Template)]
#[template(path = "settings/calendar.html")]
struct CalendarPage {
    s: Shell,
    tabs: &'static [(&'static str, &'static str)],
    form: Form,
    years: Vec<(i64, bool)>,
    year: i64,
    working: usize,
    special: Vec<Special>,
    to_load: Option<i64>,
    can_keep: bool,
}

impl CalendarPage {
    fn shows(&self, year: &i64) -> bool {
        self.year == *year
    }
}

async fn calendar_shown(cx: &Cx, form: Option<Form>, status: StatusCode) -> Result<Response> {
    let query = Form::parse(cx.request.query.as_bytes());
    let mut tx = cx.read().await?;
    let calendar = clock::calendar(&mut tx, cx.who.zone_id).await?;
    let to_load = desk::year_to_load(&mut tx, cx.who.zone_id, cx.now()).await?;
    let hours = desk::current(&mut tx, cx.who.zone_id, "calendar", "hours").await?;
    let days = desk::current(&mut tx, cx.who.zone_id, "calendar", "days").await?;
    drop(tx);
    let today = calendar.local_day(cx.now().stamp());
    let year = query
        .opt("year")
        .and_then(|text| text.parse().ok())
        .filter(|year| (2004..=2100).contains(year))
        .unwrap_or(today.year());
    let (mut special, mut working) = (Vec::new(), 0);
    let first = jiff::civil::Date::new(year, 1, 1).map_err(|e| Error::Internal(e.to_string()))?;
    for date in first.series(jiff::Span::new().days(1)).take_while(|date| date.year() == year) {
        let day = calendar.day(date);
        working += usize::from(day.kind.is_working());
        if !matches!(day.kind, DayKind::Working | DayKind::Weekend) {
            special.push(Special {
                date: date.to_string(),
                weekday: date.weekday().to_monday_one_offset(),
                works: day.kind.is_working(),
                name: day.name.to_string(),
            });
        }
    }
    let mut form = form.unwrap_or_default();
    // The post of one form has nothing of the others: left empty, they would say that nothing is kept.
    for (name, kept) in [("hours", hours_text(hours.as_ref())), ("days", days_text(days.as_ref()))] {
        form.fill(name, kept);
    }
    let years =
        clock::years(&calendar, today).into_iter().map(|(year, official)| (i64::from(year), official)).collect();
    let page = CalendarPage {
        s: Shell::of(cx).await?,
        tabs: TABS,
        form,
        years,
        year: i64::from(year),
        working,
        special,
        to_load: to_load.map(i64::from),
        can_keep: cx.who.is(KEEPERS),
    };
    html_with(status, &page)
}

/// Hours as they are typed; the program's own when the zone set none.
fn hours_text(body: Option<&serde_json::Value>) -> String {
    let pairs = body.and_then(|body| body["hours"].as_array()).cloned().unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    pairs.iter().map(|pair| format!("{}-{}", text(&pair[0]), text(&pair[1]))).collect::<Vec<_>>().join(" ")
}

fn days_text(body: Option<&serde_json::Value>) -> String {
    let days = body.and_then(|body| body["days"].as_array()).cloned().unwrap_or_default();
    let line = |day: &serde_json::Value| {
        let kind = if day["works"] == true { "班" } else { "休" };
        format!("{} {kind} {}", day["date"].as_str().unwrap_or_default(), day["name"].as_str().unwrap_or_default())
    };
    days.iter().map(|day| line(day).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

async fn calendar(cx: Cx) -> PageResult {
    page::show(cx.lang, calendar_shown(&cx, None, StatusCode::OK)).await
}

/// Gives the form of the calendar page the fields that this post does not have.
async fn again(cx: &Cx, form: Form) -> Result<Response> {
    calendar_shown(cx, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await
}

async fn year(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let text = form.text("official");
        if text.is_empty() {
            form.add(FieldError::new("official", "required"));
            return again(&cx, form).await;
        }
        match appeal::desk::load_official_days(&cx.app, &cx.who, &text).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go("/settings/calendar", "flash-settings-kept")),
            Err(Error::Invalid(errors)) => {
                // The loader speaks of `days`; on this page the field is `official`.
                errors.into_iter().for_each(|error| form.add(FieldError { field: "official".into(), ..error }));
                again(&cx, form).await
            }
            Err(error) => Err(error),
        }
    })
    .await
}

async fn hours(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let text = form.text("hours");
        kept!(desk::set_hours(&cx.app, &cx.who, &text).await, "/settings/calendar", form, again(&cx, form).await)
    })
    .await
}

async fn days(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let text = form.text("days");
        kept!(desk::set_days(&cx.app, &cx.who, &text).await, "/settings/calendar", form, again(&cx, form).await)
    })
    .await
}

// The blocks of a visit

#[derive(Template)]
#[template(path = "settings/blocks.html")]
struct BlocksPage {
    s: Shell,
    tabs: &'static [(&'static str, &'static str)],
    form: Form,
    all: Vec<VisitBlock>,
    can_keep: bool,
}

impl BlocksPage {
    fn name(&self, block: &VisitBlock) -> String {
        match &block.name {
            Some(name) => name.clone(),
            None => self.s.word("visit-block", &block.key).into_owned(),
        }
    }
}

async fn blocks_shown(cx: &Cx, form: Option<Form>, status: StatusCode) -> Result<Response> {
    let query = Form::parse(cx.request.query.as_bytes());
    let all = desk::visit_blocks(&mut cx.read().await?, cx.who.zone_id, true).await?;
    let wanted = query.opt("key").and_then(|key| all.iter().find(|block| block.key == key));
    let form = form.unwrap_or_else(|| match wanted {
        None => Form::default(),
        Some(block) => Form::filled([
            ("key", block.key.clone()),
            ("name", block.name.clone().unwrap_or_default()),
            ("position", block.position.to_string()),
            ("retired", block.retired.to_string()),
        ]),
    });
    html_with(status, &BlocksPage { s: Shell::of(cx).await?, tabs: TABS, form, all, can_keep: cx.who.is(KEEPERS) })
}

async fn blocks(cx: Cx) -> PageResult {
    page::show(cx.lang, blocks_shown(&cx, None, StatusCode::OK)).await
}

async fn block(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let position = form.number("position");
        let block = VisitBlock {
            key: form.text("key"),
            name: form.opt_text("name"),
            position: position.unwrap_or(100),
            retired: form.on("retired"),
        };
        if form.failed() {
            return blocks_shown(&cx, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        kept!(desk::set_visit_block(&cx.app, &cx.who, &block).await, "/settings/visit-blocks", form, {
            blocks_shown(&cx, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await
        })
    })
    .await
}

// The rules of visits

#[derive(Template)]
#[template(path = "settings/visits.html")]
struct VisitRulesPage {
    s: Shell,
    tabs: &'static [(&'static str, &'static str)],
    form: Form,
    version: i64,
    can_keep: bool,
    /// The contact rule of each tier, and what `pre` its form has.
    contact: Vec<(Tier, String, Form)>,
    channels: Vec<(String, String)>,
}

/// The form of a tier's contact rule as it stands.
fn contact_form(tier: Tier, rule: &ContactRule) -> Form {
    let counts = rule.counts.iter().map(|channel| ("contact_counts".to_owned(), channel.to_string()));
    let known = [("tier".to_owned(), tier.to_string()), ("contact_days".to_owned(), rule.days.to_string())];
    Form::of_pairs(known.into_iter().chain(counts))
}

async fn visit_rules_shown(cx: &Cx, form: Option<Form>, status: StatusCode) -> Result<Response> {
    visit_settings(cx, form, None, status).await
}

/// `of_tier` is a contact rule that was refused.
async fn visit_settings(
    cx: &Cx,
    form: Option<Form>,
    of_tier: Option<(Tier, Form)>,
    status: StatusCode,
) -> Result<Response> {
    let mut tx = cx.read().await?;
    let zone = Zone::get(&mut tx, cx.who.zone_id).await?;
    let mut contact = Vec::new();
    for (tier, rule) in contact::desk::rules_of(&mut tx, cx.who.zone_id).await? {
        contact.push((tier, format!("-{tier}"), contact_form(tier, &rule)));
    }
    drop(tx);
    if let Some((tier, refused)) = of_tier
        && let Some(one) = contact.iter_mut().find(|(one, ..)| *one == tier)
    {
        one.2 = refused;
    }
    let rules = visit::Rules::of(&zone.settings);
    let form = form.unwrap_or_else(|| {
        Form::filled([
            ("cap", rules.cap.to_string()),
            ("cap_days", rules.cap_days.to_string()),
            ("answer_days", rules.answer_days.to_string()),
            ("many_departments", rules.many_departments.to_string()),
            ("item_days", rules.item_days.to_string()),
            ("review", rules.review.to_string()),
        ])
    });
    let (s, can_keep) = (Shell::of(cx).await?, cx.who.is(KEEPERS));
    let channel = |channel: &visit::Channel| (channel.to_string(), s.word("visit-channel", channel).into_owned());
    let channels = visit::Channel::ALL.iter().map(channel).collect();
    html_with(status, &VisitRulesPage { s, tabs: TABS, form, version: zone.version, can_keep, contact, channels })
}

async fn set_contact_rule(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let tier = form.word("tier", Tier::parse).ok_or(Error::NotFound)?;
        let days = form.number("contact_days");
        let days = form.need("contact_days", days);
        let counts = form.all("contact_counts").iter().filter_map(|word| visit::Channel::parse(word)).collect();
        if form.failed() {
            return visit_settings(&cx, None, Some((tier, form)), StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        let set = contact::desk::set_rule(&cx.app, &cx.who, tier, &ContactRule { days, counts }).await;
        kept!(set, "/settings/visits", form, {
            visit_settings(&cx, None, Some((tier, form)), StatusCode::UNPROCESSABLE_ENTITY).await
        })
    })
    .await
}

async fn visit_rules(cx: Cx) -> PageResult {
    page::show(cx.lang, visit_rules_shown(&cx, None, StatusCode::OK)).await
}

async fn set_visit_rules(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let names = ["cap", "cap_days", "answer_days", "many_departments", "item_days"];
        let [cap, cap_days, answer_days, many_departments, item_days] = names.map(|name| {
            let value = form.number(name);
            form.need(name, value)
        });
        let review = form.on("review");
        let rules = visit::Rules { cap, cap_days, answer_days, many_departments, item_days, review };
        if form.failed() {
            return visit_rules_shown(&cx, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        kept!(visit::rules::desk::set(&cx.app, &cx.who, &rules).await, "/settings/visits", form, {
            visit_rules_shown(&cx, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await
        })
    })
    .await
}

// Roles

#[derive(Template)]
#[template(path = "settings/roles.html")]
struct RolesPage {
    s: Shell,
    tabs: &'static [(&'static str, &'static str)],
    holders: Vec<Holder>,
}

impl RolesPage {
    fn of(&self, role: &Role) -> Vec<&Holder> {
        self.holders.iter().filter(|holder| holder.role == *role).collect()
    }
}

async fn roles(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let holders = desk::holders(&mut cx.read().await?, &cx.who).await?;
        html(&RolesPage { s: Shell::of(&cx).await?, tabs: TABS, holders })
    })
    .await
}
