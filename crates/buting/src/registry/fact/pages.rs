use super::desk::{self, CONFIRMERS, PROPOSERS};
use super::{
    Change, Channel, Confirmation, Correction, CorrectionQuery, CorrectionState, Decision, Fact, Key, NewCorrection,
    NewFailure, Why,
};
use crate::actor::OFFICE;
use crate::error::{Conflict, Error, FieldError, Result};
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::registry::desk::{self as registry, KEEPERS, READERS};
use crate::registry::pages::{known_contact, whole};
use crate::registry::{Contact, Enterprise};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use serde_json::Value as Json;
use std::collections::HashMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (keepers, proposers, confirmers) = (Access::only(KEEPERS), Access::only(PROPOSERS), Access::only(CONFIRMERS));
    routes
        .get("/enterprises/{id}/facts", proposers, facts_page)
        .post("/enterprises/{id}/facts", proposers, correct)
        .post("/enterprises/{id}/facts/confirm", confirmers, confirm_all)
        .post("/enterprises/{id}/facts/{key}/confirm", confirmers, confirm)
        .get("/corrections", Access::only(OFFICE), corrections)
        .get("/corrections/{id}", Access::only(READERS), correction)
        .post("/corrections/{id}", keepers, decide)
        .post("/corrections/{id}/withdraw", proposers, withdraw)
        .post("/contacts/{id}/failed", keepers, not_reached);
}

/// A value of a fact as people read it; empty when there is none.
fn in_words(s: &Shell, carriers: &HashMap<Uuid, String>, value: &Json) -> String {
    match value {
        Json::Null => s.t("not-given").into_owned(),
        Json::Bool(yes) => s.t(if *yes { "yes" } else { "no" }).into_owned(),
        Json::String(text) => match Uuid::parse_str(text) {
            Ok(id) => carriers.get(&id).cloned().unwrap_or_else(|| s.t("unknown").into_owned()),
            Err(_) => text.clone(),
        },
        other => other.to_string(),
    }
}

// ---- an enterprise looks at its own facts ----------------------------------------

#[derive(Template)]
#[template(path = "registry/facts.html")]
struct FactsPage {
    s: Shell,
    one: Enterprise,
    form: Form,
    version: i64,
    carriers: Vec<(String, String)>,
    names: HashMap<Uuid, String>,
    waiting: Vec<Correction>,
    past: Vec<Correction>,
    back: String,
}

impl FactsPage {
    /// Every fact: what the register says of it, and how it stands.
    fn rows(&self) -> Vec<(Key, String, Option<&Fact>)> {
        let record = self.one.facts();
        let row = |key: Key| {
            let value = match (key, &self.one.carrier, self.one.contacts.first()) {
                (Key::Contacts, _, first) => first.map_or_else(String::new, said_of),
                (Key::Carrier, Some(carrier), _) => carrier.clone(),
                _ => in_words(&self.s, &self.names, &record[key.word()]),
            };
            (key, value, self.one.facts.as_ref().and_then(|all| all.iter().find(|fact| fact.key == key)))
        };
        Key::ALL.iter().copied().map(row).collect()
    }

    fn words(&self, value: &Json) -> String {
        in_words(&self.s, &self.names, value)
    }
}

/// A contact in one line: name and number.
fn said_of(contact: &Contact) -> String {
    [Some(contact.name.as_str()), contact.phone.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The form as the register has it, with what waits for an officer on top.
fn known(one: &Enterprise, waiting: Option<&Correction>) -> Form {
    let mut record = one.facts();
    for change in waiting.into_iter().flat_map(|one| &one.changes).filter(|change| change.official) {
        record[change.key.word()] = change.to.clone();
    }
    let text = |key: Key| match &record[key.word()] {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let fields = Key::of_record().map(|key| (key.word(), text(key)));
    let reason = waiting.and_then(|one| one.reason.clone()).unwrap_or_default();
    Form::filled(fields.chain([("reason", reason)]))
}

async fn shown(cx: &Cx, id: Uuid, form: Option<Form>) -> Result<FactsPage> {
    let one = registry::enterprise(&cx.app, &cx.who, id).await?;
    let all = desk::corrections_of(&cx.app, &cx.who, id, None, None, Some(10)).await?.items;
    let (waiting, past): (Vec<_>, Vec<_>) = all.into_iter().partition(Correction::waits);
    let mut tx = cx.read().await?;
    let mut carriers: Vec<(String, String)> = registry::carrier_names(&mut tx, cx.who.zone_id)
        .await?
        .into_iter()
        .map(|(id, name, _)| (id.to_string(), name))
        .collect();
    // A closed carrier in which the enterprise still sits stays choosable.
    if let Some((id, name)) = one.carrier_id.map(|id| id.to_string()).zip(one.carrier.clone())
        && !carriers.iter().any(|(other, _)| *other == id)
    {
        carriers.push((id, name));
    }
    let mut names = desk::carriers(&mut tx, cx.who.zone_id, &waiting).await?;
    names.extend(desk::carriers(&mut tx, cx.who.zone_id, &past).await?);
    drop(tx);
    let form = form.unwrap_or_else(|| known(&one, waiting.first()));
    let version = form.value("version").parse().unwrap_or(one.version);
    let back = format!("/enterprises/{id}");
    Ok(FactsPage { s: Shell::of(cx).await?, one, form, version, carriers, names, waiting, past, back })
}

async fn facts_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&shown(&cx, id_of(&id)?, None).await?) }).await
}

async fn correct(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let new = NewCorrection {
            id: None,
            name: Some(form.text("name")),
            uscc: whole(form.opt_text("uscc")),
            carrier_id: whole(form.id("carrier_id")),
            industry_code: whole(form.opt_text("industry_code")),
            key: Some(form.on("key")),
            headcount: whole(form.number("headcount")),
            address: whole(form.opt_text("address")),
            reason: form.opt_text("reason"),
        };
        if !form.failed() {
            match made(desk::propose(&cx.app, &cx.who, id, new).await, &mut form) {
                Ok(Some(made)) => {
                    let waits = desk::correction(&cx.app, &cx.who, made).await?.waits();
                    let flash = if waits { "flash-correction-proposed" } else { "flash-correction-applied" };
                    return Ok(go(&format!("/enterprises/{id}/facts"), flash));
                }
                Ok(None) => {}
                Err(Error::Conflict(Conflict::State("correction_nothing"))) => {
                    form.add(FieldError::new("name", "correction_nothing"));
                }
                Err(error) => return Err(error),
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, Some(form)).await?)
    })
    .await
}

async fn confirm_all(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    confirmed(cx, id, Confirmation::default()).await
}

async fn confirm(Path((id, key)): Path<(String, String)>, Posted { cx, .. }: Posted) -> PageResult {
    let facts = Key::parse(&key).into_iter().collect::<Vec<_>>();
    if facts.is_empty() {
        return page::show(cx.lang, async { Err(Error::NotFound) }).await;
    }
    confirmed(cx, id, Confirmation { facts, said_by: None }).await
}

async fn confirmed(cx: Cx, id: String, confirmation: Confirmation) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let back = if cx.who.is(OFFICE) { "" } else { "/facts" };
        match desk::confirm(&cx.app, &cx.who, id, confirmation).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go(&format!("/enterprises/{id}{back}"), "flash-facts-confirmed")),
            Err(error) => Err(error),
        }
    })
    .await
}

// ---- corrections -------------------------------------------------------------

#[derive(Template)]
#[template(path = "registry/corrections.html")]
struct Corrections {
    s: Shell,
    page: Page<Correction>,
    states: &'static [CorrectionState],
}

impl Corrections {
    fn facts(&self, one: &Correction) -> String {
        let labels: Vec<_> = one.changes.iter().map(|change| self.s.word("fact", change.key)).collect();
        labels.join(&self.s.t("comma"))
    }
}

async fn corrections(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut form = Form::parse(cx.request.query.as_bytes());
        let query = CorrectionQuery {
            limit: Some(50),
            cursor: form.opt_text("cursor"),
            sort: form.opt_text("sort"),
            q: form.opt_text("q"),
            state: form.word("state", CorrectionState::parse),
            enterprise_id: form.id("enterprise_id"),
        };
        let page = desk::corrections(&cx.app, &cx.who, &query).await?;
        html(&Corrections { page, states: CorrectionState::ALL, s: Shell::of(&cx).await? })
    })
    .await
}

#[derive(Template)]
#[template(path = "registry/correction.html")]
struct CorrectionPage {
    s: Shell,
    form: Form,
    one: Correction,
    names: HashMap<Uuid, String>,
    inside: bool,
    decides: bool,
}

impl CorrectionPage {
    fn words(&self, value: &Json) -> String {
        in_words(&self.s, &self.names, value)
    }

    /// What becomes of a fact besides its value.
    fn note(&self, change: &Change) -> &'static str {
        match (change.official, change.changed_since) {
            (false, _) => "correction-at-once",
            (true, true) => "correction-changed-since",
            (true, false) => "",
        }
    }

    fn enterprise_version(&self) -> i64 {
        self.one.enterprise_version.unwrap_or_default()
    }
}

async fn correction_page(cx: &Cx, id: Uuid, form: Form) -> Result<CorrectionPage> {
    let one = desk::correction(&cx.app, &cx.who, id).await?;
    let inside = cx.who.is(OFFICE);
    let decides = one.waits() && cx.who.is(KEEPERS) && registry::reaches(&cx.app, &cx.who, one.enterprise_id).await?;
    let names = desk::carriers(&mut cx.read().await?, cx.who.zone_id, std::slice::from_ref(&one)).await?;
    Ok(CorrectionPage { s: Shell::of(cx).await?, form, one, names, inside, decides })
}

async fn correction(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&correction_page(&cx, id_of(&id)?, Form::default()).await?) }).await
}

async fn decide(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let accept = match form.value("decision") {
            "accept" => Some(true),
            "refuse" => Some(false),
            _ => None,
        };
        if let Some(accept) = accept {
            let decision = Decision { accept, answer: form.opt_text("answer"), overwrite: form.number("overwrite") };
            match made(desk::decide(&cx.app, &cx.who, id, decision).await, &mut form) {
                Ok(Some(_)) => {
                    let flash = if accept { "flash-correction-accepted" } else { "flash-correction-refused" };
                    return Ok(go(&format!("/corrections/{id}"), flash));
                }
                Ok(None) => {}
                Err(Error::Conflict(Conflict::State("correction_overtaken"))) => {
                    form.add(FieldError::new("overwrite", "correction_overtaken"));
                }
                Err(error) => return Err(error),
            }
        } else {
            form.add(FieldError::new("decision", "required"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &correction_page(&cx, id, form).await?)
    })
    .await
}

async fn withdraw(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let one = desk::correction(&cx.app, &cx.who, id).await?;
        match desk::withdraw(&cx.app, &cx.who, id).await {
            Ok(_) | Err(Error::Replayed(_)) => {
                Ok(go(&format!("/enterprises/{}/facts", one.enterprise_id), "flash-correction-withdrawn"))
            }
            Err(error) => Err(error),
        }
    })
    .await
}

// ---- numbers that do not reach anybody -----------------------------------------

/// Names the fields of a refusal as the form names them.
fn as_in_form(error: Error) -> Error {
    let Error::Invalid(errors) = error else { return error };
    let rename = |error: FieldError| match error.field.as_str() {
        "channel" => FieldError { field: "reached_by".into(), ..error },
        _ => error,
    };
    Error::Invalid(errors.into_iter().map(rename).collect())
}

async fn not_reached(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let contact = registry::contact(&cx.app, &cx.who, id).await?;
        let (channel, why) = (form.word("reached_by", Channel::parse), form.word("why", Why::parse));
        for (field, given) in [("reached_by", channel.is_some()), ("why", why.is_some())] {
            form.need(field, given.then_some(()));
        }
        if let Some((channel, why)) = channel.zip(why) {
            let new = NewFailure { channel, why, detail: form.opt_text("detail") };
            let done = desk::not_reached(&cx.app, &cx.who, id, new).await.map_err(as_in_form);
            if made(done, &mut form)?.is_some() {
                return Ok(go(&format!("/enterprises/{}", contact.enterprise_id), "flash-contact-failed"));
            }
        }
        let page = known_contact(&cx, contact).await?;
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &page.failed(form))
    })
    .await
}
