use super::desk::{self, CONTACT_KEEPERS, KEEPERS, READERS};
use super::{
    Carrier, CarrierPatch, CarrierQuery, Contact, ContactPatch, Enterprise, EnterprisePatch, EnterpriseQuery,
    NewCarrier, NewContact, NewEnterprise,
};
use crate::actor::OFFICE;
use crate::error::Result;
use crate::http::api::{Page, Versioned, id_of};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::trace;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::HashMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (readers, keepers) = (Access::only(READERS), Access::only(KEEPERS));
    let (office, contact_keepers) = (Access::only(OFFICE), Access::only(CONTACT_KEEPERS));
    routes.api_get("/api/v1/enterprises", readers, enterprises).summary("Enterprises").owner_scoped();
    routes
        .api_create("/api/v1/enterprises", keepers, create_enterprise, show_enterprise)
        .summary("Enter an enterprise with its contacts");
    routes.api_read("/api/v1/enterprises/{id}", readers, show_enterprise).summary("An enterprise").owner_scoped();
    routes
        .api_change("/api/v1/enterprises/{id}", keepers, change_enterprise, show_enterprise)
        .summary("Change facts of an enterprise")
        .owner_scoped();
    routes
        .api_under("/api/v1/enterprises/{id}/contacts", readers, contacts)
        .summary("Contacts; with show=true their numbers, which is logged")
        .owner_scoped();
    routes
        .api_act("/api/v1/enterprises/{id}/contacts", contact_keepers, add_contact, show_contact)
        .summary("Add a contact")
        .owner_scoped();
    routes.api_read("/api/v1/contacts/{id}", readers, show_contact).summary("A contact, masked").owner_scoped();
    routes
        .api_change("/api/v1/contacts/{id}", contact_keepers, change_contact, show_contact)
        .summary("Correct a contact; note that it was verified or has left")
        .owner_scoped();
    routes.api_get("/api/v1/carriers", office, carriers).summary("Carriers");
    routes.api_create("/api/v1/carriers", keepers, create_carrier, show_carrier).summary("Enter a carrier");
    routes.api_read("/api/v1/carriers/{id}", office, show_carrier).summary("A carrier");
    routes
        .api_change("/api/v1/carriers/{id}", keepers, change_carrier, show_carrier)
        .summary("Change a carrier, or close it");
}

async fn enterprises(cx: Cx, query: EnterpriseQuery) -> Result<Page<Enterprise>> {
    let page = desk::enterprises(&cx.app, &cx.who, &query).await?;
    if cx.who.is(OFFICE) {
        let contacts = page.items.iter().map(|one| one.contacts.len()).sum();
        let goes_on = query.cursor.is_some();
        trace::bulk(&cx.app, &cx.who, cx.request.address, "contact", contacts, goes_on).await?;
    }
    Ok(page)
}

async fn create_enterprise(cx: Cx, new: NewEnterprise) -> Result<Uuid> {
    desk::create_enterprise(&cx.app, &cx.who, new).await
}

async fn show_enterprise(cx: Cx, id: Uuid) -> Result<Enterprise> {
    desk::enterprise(&cx.app, &cx.who, id).await
}

async fn change_enterprise(cx: Cx, id: Uuid, patch: EnterprisePatch) -> Result<Uuid> {
    desk::change_enterprise(&cx.app, &cx.who, id, patch).await
}

/// What the contacts of an enterprise are asked with.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ContactsQuery {
    /// `true`: with their numbers. This is logged.
    #[serde(default)]
    show: bool,
}

async fn contacts(cx: Cx, path: HashMap<String, String>, query: ContactsQuery) -> Result<Page<Contact>> {
    let id = id_of(&path)?;
    let contacts = if query.show {
        desk::contacts_shown(&cx.app, &cx.who, id, cx.request.address).await?
    } else {
        let contacts = desk::enterprise(&cx.app, &cx.who, id).await?.contacts;
        if cx.who.is(OFFICE) {
            trace::bulk(&cx.app, &cx.who, cx.request.address, "contact", contacts.len(), false).await?;
        }
        contacts
    };
    let n = contacts.len() as i64;
    Ok(Page::new(contacts, None, n))
}

async fn add_contact(cx: Cx, enterprise: Uuid, new: NewContact) -> Result<Uuid> {
    desk::add_contact(&cx.app, &cx.who, enterprise, new).await
}

async fn show_contact(cx: Cx, id: Uuid) -> Result<Contact> {
    desk::contact(&cx.app, &cx.who, id).await
}

async fn change_contact(cx: Cx, id: Uuid, patch: ContactPatch) -> Result<Uuid> {
    desk::change_contact(&cx.app, &cx.who, id, patch).await
}

async fn carriers(cx: Cx, query: CarrierQuery) -> Result<Page<Carrier>> {
    desk::carriers(&cx.app, &cx.who, &query).await
}

async fn create_carrier(cx: Cx, new: NewCarrier) -> Result<Uuid> {
    desk::create_carrier(&cx.app, &cx.who, new).await
}

async fn show_carrier(cx: Cx, id: Uuid) -> Result<Carrier> {
    desk::carrier(&cx.app, &cx.who, id).await
}

async fn change_carrier(cx: Cx, id: Uuid, patch: CarrierPatch) -> Result<Uuid> {
    desk::change_carrier(&cx.app, &cx.who, id, patch).await
}

impl Versioned for Enterprise {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for Contact {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for Carrier {
    fn version(&self) -> i64 {
        self.version
    }
}
