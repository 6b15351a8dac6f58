use super::bulk;
use super::desk::{self, CONTACT_KEEPERS, KEEPERS, READERS};
use super::export;
use super::fact::{self, Channel, Correction, CorrectionState, Fact, Key, Source, Why};
use super::merge;
use super::rows::held;
use super::timeline::{self, Timeline};
use super::{
    Carrier, CarrierKind, CarrierPatch, CarrierQuery, Contact, ContactPatch, Enterprise, EnterprisePatch,
    EnterpriseQuery, NewCarrier, NewContact, NewEnterprise, Status, Tag,
};
use crate::actor::{Actor, OFFICE};
use crate::appeal;
use crate::assignment::{self, Answerable};
use crate::continuity::{self, Light};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::http::api::Page;
use crate::http::bulk::Offer;
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::table::Table;
use crate::patch::Patch;
use crate::readiness;
use crate::saved::{self, List, Offered};
use crate::screening;
use crate::subject::{self, SubjectKind};
use crate::visit;
use almanac::Light as DueLight;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (readers, keepers) = (Access::only(READERS), Access::only(KEEPERS));
    let (office, contact_keepers) = (Access::only(OFFICE), Access::only(CONTACT_KEEPERS));
    routes
        .get("/enterprises", office, enterprises)
        .get("/enterprises/export", office, export_enterprises)
        .get("/enterprises/new", keepers, new_enterprise_page)
        .post("/enterprises/new", keepers, new_enterprise)
        .get("/enterprises/{id}", readers, enterprise)
        .get("/enterprises/{id}/edit", keepers, edit_enterprise_page)
        .post("/enterprises/{id}/edit", keepers, edit_enterprise)
        .get("/enterprises/{id}/contacts/new", contact_keepers, new_contact_page)
        .post("/enterprises/{id}/contacts/new", contact_keepers, new_contact)
        .get("/contacts/{id}/edit", contact_keepers, edit_contact_page)
        .post("/contacts/{id}/edit", contact_keepers, edit_contact)
        .post("/contacts/{id}/verified", contact_keepers, contact_verified)
        .post("/contacts/{id}/left", contact_keepers, contact_left)
        .get("/carriers", office, carriers)
        .get("/carriers/export", office, export_carriers)
        .get("/carriers/new", keepers, new_carrier_page)
        .post("/carriers/new", keepers, new_carrier)
        .get("/carriers/{id}", office, carrier)
        .get("/carriers/{id}/edit", keepers, edit_carrier_page)
        .post("/carriers/{id}/edit", keepers, edit_carrier);
}

fn keeps(who: &Actor) -> bool {
    who.roles.meets(KEEPERS)
}

// ---- lists -----------------------------------------------------------------

/// Reads the filters of the list from the query. What cannot be read is not asked.
pub(super) fn query_of(query: &str) -> EnterpriseQuery {
    let mut form = Form::parse(query.as_bytes());
    let yes = |form: &Form, name: &str| match form.value(name) {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    EnterpriseQuery {
        limit: None,
        cursor: form.opt_text("cursor"),
        sort: form.opt_text("sort"),
        q: form.opt_text("q"),
        carrier_id: form.id("carrier_id"),
        key: yes(&form, "key"),
        status: form.word("status", Status::parse),
        headcount_min: form.number("headcount_min"),
        headcount_max: form.number("headcount_max"),
        industry_code: form.opt_text("industry_code"),
        without_officer: yes(&form, "without_officer"),
        tag: form.word("tag", Tag::parse),
        department_id: form.id("department_id"),
        person_id: form.id("person_id"),
        mine: yes(&form, "mine"),
        stale: yes(&form, "stale"),
    }
}

#[derive(Template)]
#[template(path = "registry/enterprises.html")]
struct Enterprises {
    s: Shell,
    keeps: bool,
    page: Page<Enterprise>,
    table: Table,
    carriers: Vec<(String, String)>,
    statuses: &'static [Status],
    tags: &'static [Tag],
    bulk: Offer,
    offered: Offered,
}

impl Enterprises {
    /// The filters without a chip of their own: parameter, and what it asks for.
    fn asked(&self) -> Vec<(&'static str, String)> {
        let label = |name: &'static str| {
            let value = self.s.param(name);
            (!value.is_empty())
                .then(|| (name, format!("{}{}{value}", self.s.t(&format!("field-{name}")), self.s.t("colon"))))
        };
        ["headcount_min", "headcount_max", "industry_code"].into_iter().filter_map(label).collect()
    }
}

async fn carrier_options(cx: &Cx) -> Result<Vec<(String, String)>> {
    let mut tx = cx.read().await?;
    let carriers = desk::carrier_names(&mut tx, cx.who.zone_id).await?;
    Ok(carriers.into_iter().map(|(id, name, _)| (id.to_string(), name)).collect())
}

async fn enterprises(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut query = query_of(&cx.request.query);
        query.limit = Some(50);
        let page = desk::enterprises(&cx.app, &cx.who, &query).await?;
        let rows = held(&cx.app, &cx.who, SubjectKind::Enterprise, &page.items, |one| one.id).await?;
        let s = Shell::of(&cx).await?;
        let bulk = bulk::offer(&s, &cx.who, page.total);
        html(&Enterprises {
            keeps: keeps(&cx.who),
            table: Table::of(&s, "nav-enterprises", &rows).ticked(bulk.is_there()),
            bulk,
            page,
            carriers: carrier_options(&cx).await?,
            statuses: Status::ALL,
            tags: Tag::ALL,
            offered: saved::desk::offered(&cx.app, &cx.who, List::Enterprises).await?,
            s,
        })
    })
    .await
}

async fn export_enterprises(cx: Cx) -> PageResult {
    page::show(cx.lang, async { export::enterprises(&cx, query_of(&cx.request.query)).await }).await
}

#[derive(Template)]
#[template(path = "registry/carriers.html")]
struct Carriers {
    s: Shell,
    keeps: bool,
    page: Page<Carrier>,
    table: Table,
    kinds: &'static [CarrierKind],
    offered: Offered,
}

fn carriers_asked(cx: &Cx) -> CarrierQuery {
    let mut form = Form::parse(cx.request.query.as_bytes());
    CarrierQuery {
        limit: Some(50),
        cursor: form.opt_text("cursor"),
        sort: form.opt_text("sort"),
        q: form.opt_text("q"),
        kind: form.word("kind", CarrierKind::parse),
        closed: Some(form.on("closed")),
    }
}

async fn carriers(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let page = desk::carriers(&cx.app, &cx.who, &carriers_asked(&cx)).await?;
        let rows = held(&cx.app, &cx.who, SubjectKind::Carrier, &page.items, |one| one.id).await?;
        let s = Shell::of(&cx).await?;
        html(&Carriers {
            keeps: keeps(&cx.who),
            table: Table::of(&s, "nav-carriers", &rows),
            page,
            kinds: CarrierKind::ALL,
            offered: saved::desk::offered(&cx.app, &cx.who, List::Carriers).await?,
            s,
        })
    })
    .await
}

async fn export_carriers(cx: Cx) -> PageResult {
    page::show(cx.lang, async { export::carriers(&cx, carriers_asked(&cx)).await }).await
}

// ---- records ---------------------------------------------------------------

#[derive(Template)]
#[template(path = "registry/enterprise.html")]
struct EnterprisePage {
    s: Shell,
    one: Enterprise,
    inside: bool,
    keeps: bool,
    records: bool,
    reaches: bool,
    keeps_contacts: bool,
    shown: bool,
    answerable: Answerable,
    lights: Vec<Light>,
    appeals: Option<Vec<(appeal::record::Line, DueLight)>>,
    visits: Vec<visit::Row>,
    promises: Vec<visit::Promise>,
    merges: Vec<merge::Merge>,
    screening: screening::pages::Section,
    waiting: Vec<Correction>,
    timeline: Timeline,
    plans: Option<readiness::plan::pages::Section>,
    loops: Option<readiness::stay::pages::Section>,
}

impl EnterprisePage {
    /// How a fact stands; none when it is not given.
    fn said(&self, key: &str) -> Option<&Fact> {
        self.one.facts.as_ref()?.iter().find(|fact| fact.key.word() == key)
    }

    /// Whether the reader may say that a fact is unchanged: of its own facts an
    /// enterprise, of a contact who reaches it.
    fn confirms(&self, fact: &Fact) -> bool {
        match fact.key {
            Key::Contacts => self.keeps_contacts,
            _ => self.keeps || !self.inside && !fact.official,
        }
    }

    /// How many facts he may say that of at once.
    fn doubtful(&self) -> usize {
        let fails = self.one.contacts.iter().any(Contact::fails);
        let doubtful = |fact: &&Fact| fact.stale && self.confirms(fact) && !(fails && fact.key == Key::Contacts);
        self.one.facts.as_ref().map_or(0, |all| all.iter().filter(doubtful).count())
    }

    /// What it is, in one sentence.
    fn sentence(&self) -> String {
        let mut parts = vec![self.s.word("enterprise-status", self.one.status).into_owned()];
        parts.extend(self.one.key.then(|| self.s.t("enterprise-key").into_owned()));
        parts.extend(self.one.carrier.clone());
        parts.extend(self.one.headcount.map(|n| self.s.with("enterprise-people", "n", n)));
        parts.join(&self.s.t("comma"))
    }

    fn short_names(&self) -> String {
        let names = if self.one.short_names.is_empty() {
            vec![self.one.short_name.clone()]
        } else {
            self.one.short_names.clone()
        };
        names.join(&self.s.t("comma"))
    }

    fn carrier_id(&self) -> String {
        self.one.carrier_id.map(|id| id.to_string()).unwrap_or_default()
    }

    fn or_dash(&self, value: &Option<String>) -> String {
        value.clone().unwrap_or_else(|| self.s.t("not-given").into_owned())
    }
}

async fn enterprise(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let (who, zone) = (&cx.who, cx.who.zone_id);
        let mut one = desk::enterprise(&cx.app, who, id).await?;
        if let Some(into) = one.merged_into {
            return Ok(Redirect::temporary(&format!("/enterprises/{into}")).into_response());
        }
        let query = Form::parse(cx.request.query.as_bytes());
        let reaches = desk::reaches(&cx.app, who, id).await?;
        let inside = who.is(OFFICE);
        // An enterprise reads its own numbers as they are.
        let shown = reaches && (!inside || query.on("show"));
        if shown && inside {
            one.contacts = desk::contacts_shown(&cx.app, who, id, cx.request.address).await?;
        }
        let s = Shell::of(&cx).await?;
        let mut tx = cx.read().await?;
        let answerable = assignment::desk::current(&cx.app, &mut tx, zone, SubjectKind::Enterprise, id).await?;
        let (lights, appeals) = if reaches {
            let named = subject::named(&mut tx, zone, SubjectKind::Enterprise, id).await?;
            let lights = continuity::desk::current(&mut tx, zone, &named).await?;
            let calendar = crate::clock::calendar(&mut tx, zone).await?;
            let lines = appeal::desk::open_for(&mut tx, who, id).await?;
            let now = cx.now();
            (
                lights,
                Some(
                    lines
                        .into_iter()
                        .map(|line| {
                            let light = line.light(now, &calendar);
                            (line, light)
                        })
                        .collect(),
                ),
            )
        } else {
            (Vec::new(), None)
        };
        let visits = visit::desk::last_visits(&mut tx, who, id, 5).await?;
        let keeps = keeps(who);
        let merges = if keeps { merge::desk::into(&mut tx, zone, id).await? } else { Vec::new() };
        drop(tx);
        let waiting = CorrectionState::Waiting;
        let waiting = fact::desk::corrections_of(&cx.app, who, id, Some(waiting), None, Some(5)).await?.items;
        let open = visit::desk::PromiseFilter {
            subject_id: Some(id),
            state: Some(visit::PromiseState::Open),
            ..visit::desk::PromiseFilter::default()
        };
        let promises = visit::desk::promises(&cx.app, who, &open, None, 20).await?.items;
        let before = query.opt("before").and_then(|text| Uuid::parse_str(text).ok());
        let timeline = timeline::of(&cx.app, who, &s, id, before).await?;
        let screening = screening::pages::Section::of(&cx.app, who, id).await?;
        let plans = if reaches { readiness::plan::pages::Section::of(&cx, id).await? } else { None };
        let loops = match reaches {
            true => Some(readiness::stay::pages::Section::of(&cx, SubjectKind::Enterprise, id).await?),
            false => None,
        };
        html(&EnterprisePage {
            screening,
            plans,
            loops,
            s,
            one,
            inside,
            keeps,
            records: who.is(visit::desk::RECORDERS),
            reaches,
            keeps_contacts: reaches && who.is(CONTACT_KEEPERS),
            shown,
            answerable,
            lights,
            appeals,
            visits,
            promises,
            merges,
            waiting,
            timeline,
        })
    })
    .await
}

#[derive(Template)]
#[template(path = "registry/carrier.html")]
struct CarrierPage {
    s: Shell,
    one: Carrier,
    keeps: bool,
    answerable: Answerable,
    timeline: Timeline,
}

impl CarrierPage {
    fn sentence(&self) -> String {
        let state = match &self.one.closed_at {
            Some(at) => self.s.with("carrier-closed-on", "day", self.s.date(at)),
            None => self.s.with("carrier-holds", "n", self.one.enterprises),
        };
        [self.s.word("carrier-kind", self.one.kind).into_owned(), state].join(&self.s.t("comma"))
    }
}

async fn carrier(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let one = desk::carrier(&cx.app, &cx.who, id).await?;
        let s = Shell::of(&cx).await?;
        let mut tx = cx.read().await?;
        let answerable = assignment::desk::current(&cx.app, &mut tx, cx.who.zone_id, SubjectKind::Carrier, id).await?;
        drop(tx);
        let query = Form::parse(cx.request.query.as_bytes());
        let before = query.opt("before").and_then(|text| Uuid::parse_str(text).ok());
        let timeline = timeline::of(&cx.app, &cx.who, &s, id, before).await?;
        html(&CarrierPage { s, one, keeps: keeps(&cx.who), answerable, timeline })
    })
    .await
}

// ---- forms of an enterprise ------------------------------------------------

#[derive(Template)]
#[template(path = "registry/enterprise_form.html")]
struct EnterpriseForm {
    s: Shell,
    form: Form,
    title: &'static str,
    old: Option<(Uuid, String)>,
    version: i64,
    back: String,
    carriers: Vec<(String, String)>,
    tags: Vec<(String, String)>,
    statuses: &'static [Status],
    sources: &'static [Source],
}

async fn enterprise_form(cx: &Cx, form: Form, old: Option<&Enterprise>) -> Result<EnterpriseForm> {
    let mut carriers = carrier_options(cx).await?;
    // A closed carrier in which the enterprise still sits stays choosable.
    if let Some((id, name)) = old.and_then(|old| Some((old.carrier_id?.to_string(), old.carrier.clone()?)))
        && !carriers.iter().any(|(other, _)| *other == id)
    {
        carriers.push((id, name));
    }
    let s = Shell::of(cx).await?;
    Ok(EnterpriseForm {
        title: if old.is_some() { "enterprise-edit" } else { "enterprise-new" },
        back: old.map_or_else(|| "/enterprises".into(), |old| format!("/enterprises/{}", old.id)),
        version: form.value("version").parse().unwrap_or_else(|_| old.map_or(0, |old| old.version)),
        old: old.map(|old| (old.id, old.short_name.clone())),
        carriers,
        tags: Tag::ALL.iter().map(|tag| (tag.to_string(), s.word("enterprise-tag", tag).into_owned())).collect(),
        statuses: Status::ALL,
        sources: &Source::NAMED,
        form,
        s,
    })
}

/// Short names as people type them in one line: 北辰、北辰机电.
fn split_names(text: &str) -> Vec<String> {
    text.split(['、', '，', ',', '；', ';', '\n'])
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn tags_of(form: &Form) -> Vec<Tag> {
    form.all("tags").iter().filter_map(|word| Tag::parse(word)).collect()
}

/// Names the fields of a refusal as the form names them.
fn as_in_form(error: Error) -> Error {
    let Error::Invalid(errors) = error else { return error };
    let rename = |error: FieldError| {
        let field = match error.field.as_str() {
            "contacts/0/name" => "contact_name".to_owned(),
            "contacts/0/title" => "contact_title".to_owned(),
            "contacts/0/phone" => "contact_phone".to_owned(),
            field => field.split('/').next().unwrap_or_default().to_owned(),
        };
        FieldError { field, ..error }
    };
    Error::Invalid(errors.into_iter().map(rename).collect())
}

async fn new_enterprise_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&enterprise_form(&cx, Form::default(), None).await?) }).await
}

async fn new_enterprise(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let contact = form.opt_text("contact_name").or(form.opt_text("contact_phone")).map(|_| NewContact {
            name: form.text("contact_name"),
            title: form.opt_text("contact_title"),
            phone: form.opt_text("contact_phone"),
            ..NewContact::default()
        });
        let new = NewEnterprise {
            name: form.text("name"),
            short_names: split_names(form.value("short_names")),
            uscc: form.opt_text("uscc"),
            uscc_note: form.opt_text("uscc_note"),
            legacy_reg_no: form.opt_text("legacy_reg_no"),
            carrier_id: form.id("carrier_id"),
            industry_code: form.opt_text("industry_code"),
            headcount: form.number("headcount"),
            key: form.on("key"),
            address: form.opt_text("address"),
            tags: tags_of(&form),
            source: form.opt_text("source"),
            said_by: form.word("said_by", Source::parse),
            note: form.opt_text("note"),
            contacts: contact.into_iter().collect(),
            ..NewEnterprise::default()
        };
        if !form.failed() {
            match desk::create_enterprise(&cx.app, &cx.who, new).await {
                Ok(id) | Err(Error::Replayed(id)) => {
                    return Ok(go(&format!("/enterprises/{id}"), "flash-enterprise-created"));
                }
                Err(error) => form.refused(as_in_form(error))?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &enterprise_form(&cx, form, None).await?)
    })
    .await
}

async fn edit_enterprise_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let old = desk::enterprise(&cx.app, &cx.who, id_of(&id)?).await?;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let fields = [
            ("name", old.name.clone()),
            ("short_names", old.short_names.join("、")),
            ("uscc", text(&old.uscc)),
            ("uscc_note", text(&old.uscc_note)),
            ("legacy_reg_no", text(&old.legacy_reg_no)),
            ("carrier_id", old.carrier_id.map(|id| id.to_string()).unwrap_or_default()),
            ("industry_code", text(&old.industry_code)),
            ("headcount", old.headcount.map(|n| n.to_string()).unwrap_or_default()),
            ("key", old.key.to_string()),
            ("address", text(&old.address)),
            ("status", old.status.to_string()),
            ("source", text(&old.source)),
            ("note", text(&old.note)),
        ];
        let tags = old.tags.iter().map(|tag| ("tags", tag.to_string()));
        let form = Form::filled(fields.into_iter().chain(tags));
        html(&enterprise_form(&cx, form, Some(&old)).await?)
    })
    .await
}

/// A field of a form that shows what is known: empty means emptied.
pub(super) fn whole<T>(value: Option<T>) -> Patch<T> {
    value.map_or(Patch::Clear, Patch::Set)
}

async fn edit_enterprise(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let patch = EnterprisePatch {
            name: Some(form.text("name")),
            short_names: Some(split_names(form.value("short_names"))),
            uscc: whole(form.opt_text("uscc")),
            uscc_note: whole(form.opt_text("uscc_note")),
            legacy_reg_no: whole(form.opt_text("legacy_reg_no")),
            carrier_id: whole(form.id("carrier_id")),
            industry_code: whole(form.opt_text("industry_code")),
            headcount: whole(form.number("headcount")),
            key: Some(form.on("key")),
            status: form.word("status", Status::parse),
            address: whole(form.opt_text("address")),
            tags: Some(tags_of(&form)),
            note: whole(form.opt_text("note")),
            source: whole(form.opt_text("source")),
            // What was changed was said just now; the rest only when somebody says so.
            confirmed_at: if form.on("checked") { Patch::Set(cx.now()) } else { Patch::Keep },
            said_by: form.word("said_by", Source::parse),
            reason: form.opt_text("reason"),
        };
        if !form.failed() {
            match desk::change_enterprise(&cx.app, &cx.who, id, patch).await {
                Ok(id) | Err(Error::Replayed(id)) => return Ok(go(&format!("/enterprises/{id}"), "flash-saved")),
                Err(error) => form.refused(as_in_form(error))?,
            }
        }
        let old = desk::enterprise(&cx.app, &cx.who, id).await?;
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &enterprise_form(&cx, form, Some(&old)).await?)
    })
    .await
}

// ---- forms of a contact ----------------------------------------------------

#[derive(Template)]
#[template(path = "registry/contact_form.html")]
pub(super) struct ContactForm {
    s: Shell,
    form: Form,
    /// What is said of a call or message that did not reach the contact.
    failure: Form,
    /// Whether the reader says so.
    fails: bool,
    channels: &'static [Channel],
    whys: &'static [Why],
    title: &'static str,
    enterprise: Enterprise,
    contact: Option<Contact>,
    version: i64,
    back: String,
    phone_help: &'static str,
}

impl ContactForm {
    fn action(&self, verb: &str) -> String {
        format!("/contacts/{}/{verb}", self.contact.as_ref().map(|contact| contact.id).unwrap_or_default())
    }

    /// The same page with what was wrong in saying that the contact was not reached.
    pub(super) fn failed(self, failure: Form) -> Self {
        Self { failure, ..self }
    }
}

async fn contact_form(cx: &Cx, form: Form, enterprise: Uuid, contact: Option<Contact>) -> Result<ContactForm> {
    let enterprise = desk::enterprise(&cx.app, &cx.who, enterprise).await?;
    if !desk::reaches(&cx.app, &cx.who, enterprise.id).await? {
        return Err(Error::Forbidden);
    }
    Ok(ContactForm {
        title: if contact.is_some() { "contact-edit" } else { "contact-new" },
        version: form
            .value("version")
            .parse()
            .unwrap_or_else(|_| contact.as_ref().map_or(0, |contact| contact.version)),
        back: format!("/enterprises/{}", enterprise.id),
        failure: Form::default(),
        fails: contact.is_some() && keeps(&cx.who),
        channels: Channel::ALL,
        whys: Why::ALL,
        phone_help: if contact.is_some() && cx.who.is(OFFICE) { "help-contact-phone" } else { "help-phone" },
        s: Shell::of(cx).await?,
        enterprise,
        contact,
        form,
    })
}

async fn new_contact_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&contact_form(&cx, Form::default(), id_of(&id)?, None).await?) }).await
}

async fn new_contact(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let enterprise = id_of(&id)?;
        let new = NewContact {
            id: None,
            name: form.text("name"),
            title: form.opt_text("title"),
            phone: form.opt_text("phone"),
            email: form.opt_text("email"),
            primary: form.on("primary"),
        };
        match desk::add_contact(&cx.app, &cx.who, enterprise, new).await {
            Ok(_) | Err(Error::Replayed(_)) => {
                return Ok(go(&format!("/enterprises/{enterprise}"), "flash-contact-added"));
            }
            Err(error) => form.refused(error)?,
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &contact_form(&cx, form, enterprise, None).await?)
    })
    .await
}

async fn edit_contact_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let contact = desk::contact(&cx.app, &cx.who, id_of(&id)?).await?;
        html(&known_contact(&cx, contact).await?)
    })
    .await
}

/// The form of a contact, filled in with what is known.
pub(super) async fn known_contact(cx: &Cx, contact: Contact) -> Result<ContactForm> {
    // The office does not see the number here: an empty field keeps it.
    let own = !cx.who.is(OFFICE);
    let plain = |value: &Option<String>| value.clone().filter(|_| own).unwrap_or_default();
    let form = Form::filled([
        ("name", contact.name.clone()),
        ("title", contact.title.clone().unwrap_or_default()),
        ("phone", plain(&contact.phone)),
        ("email", plain(&contact.email)),
        ("primary", contact.primary.to_string()),
    ]);
    contact_form(cx, form, contact.enterprise_id, Some(contact)).await
}

async fn edit_contact(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let contact = desk::contact(&cx.app, &cx.who, id).await?;
        let own = !cx.who.is(OFFICE);
        let unseen = |value: Option<String>| match value {
            None if !own => Patch::Keep,
            value => whole(value),
        };
        let patch = ContactPatch {
            name: Some(form.text("name")),
            title: whole(form.opt_text("title")),
            phone: unseen(form.opt_text("phone")),
            email: unseen(form.opt_text("email")),
            primary: Some(form.on("primary")),
            ..ContactPatch::default()
        };
        match desk::change_contact(&cx.app, &cx.who, id, patch).await {
            Ok(_) | Err(Error::Replayed(_)) => {
                return Ok(go(&format!("/enterprises/{}", contact.enterprise_id), "flash-saved"));
            }
            Err(error) => form.refused(error)?,
        }
        let enterprise = contact.enterprise_id;
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &contact_form(&cx, form, enterprise, Some(contact)).await?)
    })
    .await
}

async fn contact_verified(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    contact_act(cx, id, ContactPatch { verified: Some(true), ..ContactPatch::default() }, "flash-contact-verified")
        .await
}

async fn contact_left(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    contact_act(cx, id, ContactPatch { left: Some(true), ..ContactPatch::default() }, "flash-contact-left").await
}

async fn contact_act(cx: Cx, id: String, patch: ContactPatch, flash: &'static str) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let enterprise = desk::contact(&cx.app, &cx.who, id).await?.enterprise_id;
        match desk::change_contact(&cx.app, &cx.who, id, patch).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go(&format!("/enterprises/{enterprise}"), flash)),
            Err(error) => Err(error),
        }
    })
    .await
}

// ---- forms of a carrier ----------------------------------------------------

#[derive(Template)]
#[template(path = "registry/carrier_form.html")]
struct CarrierForm {
    s: Shell,
    form: Form,
    title: &'static str,
    old: Option<(Uuid, String)>,
    version: i64,
    back: String,
    kinds: &'static [CarrierKind],
}

async fn carrier_form(cx: &Cx, form: Form, old: Option<&Carrier>) -> Result<CarrierForm> {
    Ok(CarrierForm {
        title: if old.is_some() { "carrier-edit" } else { "carrier-new" },
        back: old.map_or_else(|| "/carriers".into(), |old| format!("/carriers/{}", old.id)),
        version: form.value("version").parse().unwrap_or_else(|_| old.map_or(0, |old| old.version)),
        old: old.map(|old| (old.id, old.short_name.clone())),
        kinds: CarrierKind::ALL,
        s: Shell::of(cx).await?,
        form,
    })
}

async fn new_carrier_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&carrier_form(&cx, Form::default(), None).await?) }).await
}

async fn new_carrier(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let kind = form.word("kind", CarrierKind::parse);
        if kind.is_none() && !form.has_error("kind") {
            form.add(FieldError::new("kind", "required"));
        }
        if let Some(kind) = kind {
            let new = NewCarrier {
                id: None,
                name: form.text("name"),
                short_name: form.opt_text("short_name"),
                kind,
                address: form.opt_text("address"),
                note: form.opt_text("note"),
            };
            match desk::create_carrier(&cx.app, &cx.who, new).await {
                Ok(id) | Err(Error::Replayed(id)) => {
                    return Ok(go(&format!("/carriers/{id}"), "flash-carrier-created"));
                }
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &carrier_form(&cx, form, None).await?)
    })
    .await
}

async fn edit_carrier_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let old = desk::carrier(&cx.app, &cx.who, id_of(&id)?).await?;
        let form = Form::filled([
            ("name", old.name.clone()),
            ("short_name", old.short_name.clone()),
            ("kind", old.kind.to_string()),
            ("address", old.address.clone().unwrap_or_default()),
            ("note", old.note.clone().unwrap_or_default()),
            ("closed", old.closed_at.is_some().to_string()),
        ]);
        html(&carrier_form(&cx, form, Some(&old)).await?)
    })
    .await
}

async fn edit_carrier(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let patch = CarrierPatch {
            name: Some(form.text("name")),
            short_name: Some(form.text("short_name")),
            kind: form.word("kind", CarrierKind::parse),
            address: whole(form.opt_text("address")),
            note: whole(form.opt_text("note")),
            closed: Some(form.on("closed")),
            reason: form.opt_text("reason"),
        };
        if !form.failed() {
            match desk::change_carrier(&cx.app, &cx.who, id, patch).await {
                Ok(id) | Err(Error::Replayed(id)) => return Ok(go(&format!("/carriers/{id}"), "flash-saved")),
                Err(Error::Conflict(Conflict::State("carrier_in_use"))) => {
                    form.add(FieldError::new("closed", "carrier_in_use"))
                }
                Err(error) => form.refused(error)?,
            }
        }
        let old = desk::carrier(&cx.app, &cx.who, id).await?;
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &carrier_form(&cx, form, Some(&old)).await?)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_typed_with_chinese_commas() {
        assert_eq!(split_names("北辰、北辰机电，BC, ；\n济柴"), ["北辰", "北辰机电", "BC", "济柴"]);
        assert!(split_names(" 、").is_empty());
    }

    #[test]
    fn filters_that_cannot_be_read_are_not_asked() {
        let query = query_of("carrier_id=&key=&headcount_min=abc&status=gone&q=+&sort=");
        assert_eq!((query.carrier_id, query.key, query.headcount_min, query.status), (None, None, None, None));
        assert_eq!((query.q, query.sort), (None, None));
        assert_eq!(query_of("key=true&headcount_min=100").headcount_min, Some(100));
    }
}
