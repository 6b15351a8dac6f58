//! Sessions, tokens, departments, people, accounts and invitations in JSON.

use super::accounts::{self, AccountsQuery};
use super::desk::{self, DepartmentsQuery, PeopleQuery};
use super::invitations::{self, Acceptance, INVITERS, InvitationsQuery, Key};
use super::signin::{self, Attempt};
use super::store::accounts::TokenRow;
use super::{
    Account, Card, Department, DepartmentChange, DepartmentPast, Grant, Invitation, Invite, Listed, NewDepartment,
    NewPerson, Person, PersonChange, Shown,
};
use crate::actor::{ADMINS, OFFICE, OUTSIDE, Role, Roles, SIGNED_IN};
use crate::error::{Error, Result};
use crate::handover::Held;
use crate::http::api::{NoQuery, Nothing, Page, Versioned, json};
use crate::http::cx::Cx;
use crate::http::openapi::{Operation, schema};
use crate::http::routes::{Access, Routes};
use crate::http::session::{device_cookie, session_digest, set_device_cookie, set_session_cookie};
use crate::time::Time;
use crate::trace;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;

const KEEPERS: Roles = Roles::of(&[Role::Sysadmin, Role::Dispatcher]);
const SYSADMIN: Roles = Roles::of(&[Role::Sysadmin]);
/// Those who know people by name.
const READERS: Roles = OFFICE.and(ADMINS);
/// Those who may keep somebody: staff, a partner, a contact, a colleague.
const PERSON_KEEPERS: Roles = OFFICE.and(OUTSIDE).and(SYSADMIN);

pub fn routes(routes: &mut Routes) {
    session_routes(routes);
    let readers = Access::only(READERS);
    let keepers = Access::only(KEEPERS);
    routes.api_get("/api/v1/departments", Access::signed_in(), departments).summary("Departments and partner agencies");
    routes
        .api_create("/api/v1/departments", keepers, add_department, show_department)
        .summary("Add a department or partner agency");
    routes.api_read("/api/v1/departments/{id}", Access::signed_in(), show_department).summary("A department");
    routes
        .api_change("/api/v1/departments/{id}", keepers, change_department, show_department)
        .summary("Change a department");
    routes
        .api_act("/api/v1/departments/{id}/close", keepers, close_department, show_department)
        .summary("Close a department that holds nothing any more; the refusal lists what it holds");
    routes
        .api_under("/api/v1/departments/{id}/past", Access::signed_in(), past_of_department)
        .summary("What a department was called, what it was and under whom it came, before");
    routes.api_under("/api/v1/departments/{id}/held", keepers, held_by_department).summary(
        "What a department still holds: people, departments under it, assignments, open cases, planned visits",
    );

    routes
        .api_get("/api/v1/people", readers, people)
        .summary("People of the office and of partner agencies, or of one enterprise or project");
    routes
        .api_create("/api/v1/people", Access::only(OFFICE.and(SYSADMIN)), add_person, show_person)
        .summary("Add a person");
    routes
        .api_read("/api/v1/people/{id}", Access::only(READERS.and(OUTSIDE)), show_person)
        .summary("A person, numbers masked")
        .owner_scoped();
    routes
        .api_change("/api/v1/people/{id}", Access::only(PERSON_KEEPERS), change_person, show_person)
        .summary("Change a person")
        .owner_scoped();
    routes
        .api_act("/api/v1/people/{id}/leave", Access::only(PERSON_KEEPERS), leave, show_person)
        .summary("Note that a person has left: account, posts, sessions and tokens end; the refusal lists what is to be handed over")
        .owner_scoped();
    routes
        .api_under("/api/v1/people/{id}/held", Access::only(PERSON_KEEPERS), held_by_person)
        .summary("What a person still answers for or has in hand")
        .owner_scoped();
    let numbers = Operation::new("/api/v1/people/{id}/numbers", Method::POST, Access::only(PERSON_KEEPERS))
        .output::<Shown>("200");
    routes
        .api_raw(Method::POST, "/api/v1/people/{id}/numbers", Access::only(PERSON_KEEPERS), numbers, numbers_of)
        .summary("Telephone and e-mail in full; the view is logged")
        .owner_scoped();

    let admins = Access::only(ADMINS);
    let sysadmin = Access::only(SYSADMIN);
    routes.api_get("/api/v1/accounts", admins, list_accounts).summary("Accounts");
    routes
        .api_create("/api/v1/accounts", sysadmin, add_account, show_account)
        .summary("Open an account without password or role");
    routes.api_read("/api/v1/accounts/{id}", admins, show_account).summary("An account");
    routes
        .api_act("/api/v1/accounts/{id}/disable", sysadmin, disable, show_account)
        .summary("Disable an account at once");
    routes.api_act("/api/v1/accounts/{id}/enable", sysadmin, enable, show_account).summary("Enable an account again");
    routes
        .api_act("/api/v1/accounts/{id}/roles", Access::only(Roles::of(&[Role::Secadmin])), set_roles, show_account)
        .summary("Say what an account may do");
    routes
        .api_act(
            "/api/v1/accounts/{id}/allow-reset",
            Access::only(Roles::of(&[Role::Secadmin])),
            allow_reset,
            show_account,
        )
        .summary("Allow the next reset of an administrator's account");
    let reset =
        Operation::new("/api/v1/accounts/{id}/reset", Method::POST, Access::only(INVITERS)).output::<Card>("200");
    routes
        .api_raw(Method::POST, "/api/v1/accounts/{id}/reset", Access::only(INVITERS), reset, reset_of)
        .summary("A one-time link and code to set a new password")
        .owner_scoped();

    let inviters = Access::only(INVITERS);
    routes
        .api_get("/api/v1/invitations", Access::only(INVITERS.and(Roles::of(&[Role::Auditor]))), list_invitations)
        .summary("Invitations and resets, without their secrets");
    routes
        .api_post("/api/v1/invitations", inviters, StatusCode::CREATED, invite)
        .summary("Invite one or many; links and codes are shown this once")
        .owner_scoped();
    routes
        .api_read("/api/v1/invitations/{id}", Access::only(INVITERS.and(Roles::of(&[Role::Auditor]))), show_invitation)
        .summary("An invitation")
        .owner_scoped();
    routes
        .api_act("/api/v1/invitations/{id}/revoke", inviters, revoke, show_invitation)
        .summary("Take an invitation back")
        .owner_scoped();
    let accept = Operation::new("/api/v1/invitations/accept", Method::POST, Access::everybody())
        .body(schema::<Accept>)
        .output::<Accepted>("200");
    routes
        .api_raw(Method::POST, "/api/v1/invitations/accept", Access::everybody(), accept, accept_invitation)
        .summary("Use a link or code: set user name and password");
}

fn session_routes(routes: &mut Routes) {
    let session =
        Operation::new("/api/v1/session", Method::POST, Access::everybody()).body(schema::<SignIn>).output::<Me>("200");
    routes
        .api_raw(Method::POST, "/api/v1/session", Access::everybody(), session, sign_in)
        .summary("Sign in: sets the session cookie");
    routes.api_get("/api/v1/session", Access::signed_in(), me).summary("Who is signed in");
    let end = Operation::new("/api/v1/session", Method::DELETE, Access::signed_in()).output::<()>("204");
    routes.api_raw(Method::DELETE, "/api/v1/session", Access::signed_in(), end, sign_out).summary("Sign out");
    routes.api_get("/api/v1/tokens", Access::signed_in(), list_tokens).summary("One's own API tokens");
    routes
        .api_post("/api/v1/tokens", Access::only(SIGNED_IN), StatusCode::CREATED, create_token)
        .summary("Make an API token for oneself");
    routes.api_read("/api/v1/tokens/{id}", Access::signed_in(), show_token).summary("One of one's own tokens");
    routes
        .api_act("/api/v1/tokens/{id}/revoke", Access::signed_in(), revoke_token, show_token)
        .summary("Revoke one of one's own tokens");
}

/// Credentials.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// `name` or `name@zone`.
    user: String,
    /// The password.
    password: String,
    /// The six digits of the second factor, where one is set up.
    totp: Option<String>,
}

/// The person signed in.
#[derive(Serialize, JsonSchema)]
struct Me {
    /// Key of the person.
    person_id: Uuid,
    /// Name.
    name: String,
    /// Roles.
    roles: Vec<Role>,
    /// Department.
    department_id: Option<Uuid>,
    /// Enterprise.
    enterprise_id: Option<Uuid>,
    /// What is still to do before anything else: `full` for nothing, `second_factor`, `change_password` or
    /// `set_up_second_factor`.
    stage: String,
}

impl Me {
    fn of(who: &crate::actor::Actor, stage: &str) -> Result<Self> {
        Ok(Self {
            person_id: who.person()?,
            name: who.name.clone(),
            roles: who.roles.iter().collect(),
            department_id: who.department_id,
            enterprise_id: who.enterprise_id,
            stage: stage.to_owned(),
        })
    }
}

async fn sign_in(cx: Cx, _: HashMap<String, String>, request: Request) -> Result<Response> {
    let headers = request.headers().clone();
    let bytes = crate::http::api::read_bytes(request, 16 * 1024).await?;
    let input: SignIn = crate::http::api::parse(&bytes)?;
    let attempt = Attempt {
        user: &input.user,
        password: &input.password,
        address: cx.request.address,
        agent: &cx.request.agent,
        device: device_cookie(&headers),
        session: session_digest(&headers),
    };
    let signed_in = signin::sign_in(&cx.app, &attempt).await?;
    let (token, stage) = match (signed_in.stage, &input.totp) {
        ("second_factor", Some(code)) => {
            let digest = vault::token::digest(&signed_in.token);
            let done = signin::second_factor(&cx.app, &signed_in.actor, &digest, code, cx.request.address).await?;
            (done.token, done.stage)
        }
        (stage, _) => (signed_in.token, stage),
    };
    let mut response = json(StatusCode::OK, &Me::of(&signed_in.actor, stage)?);
    for value in
        [set_session_cookie(&cx.app, &headers, &token), set_device_cookie(&cx.app, &headers, &signed_in.device)]
    {
        let value = HeaderValue::from_str(&value).map_err(|e| Error::Internal(e.to_string()))?;
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

async fn sign_out(cx: Cx, _: HashMap<String, String>, request: Request) -> Result<Response> {
    if let Some(session) = cx.request.session {
        signin::sign_out(&cx.app, cx.who.zone_id, &session).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let ended = set_session_cookie(&cx.app, request.headers(), "");
    let value = HeaderValue::from_str(&ended).map_err(|e| Error::Internal(e.to_string()))?;
    response.headers_mut().append(header::SET_COOKIE, value);
    Ok(response)
}

async fn me(cx: Cx, _: NoQuery) -> Result<Me> {
    Me::of(&cx.who, "full")
}

/// A token to make.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What it is for.
    name: String,
    /// `*`, `read`, or `collection:read|write`, separated by spaces.
    scopes: String,
    /// When it ends; without it, in 90 days.
    expires_at: Option<Time>,
}

/// A token that was made. It is shown this once.
#[derive(Serialize, JsonSchema)]
struct MadeToken {
    /// Its key.
    id: Uuid,
    /// The token.
    token: String,
}

async fn create_token(cx: Cx, new: NewToken) -> Result<MadeToken> {
    let expires = new.expires_at.unwrap_or(cx.now().plus(90 * crate::time::DAY_MS));
    let me = cx.who.person()?;
    let (id, token) = accounts::make_token(&cx.app, &cx.who, me, &new.name, &new.scopes, Some(expires)).await?;
    Ok(MadeToken { id, token })
}

/// A token, without its secret.
#[derive(Serialize, JsonSchema)]
struct TokenOut {
    /// Key.
    id: Uuid,
    /// What it is for.
    name: String,
    /// What it may do.
    scopes: String,
    /// Since when.
    created_at: Time,
    /// When it ends; null when it does not end by itself.
    expires_at: Option<Time>,
    /// When it was last used, to the hour.
    seen_at: Option<Time>,
    /// When it was revoked.
    revoked_at: Option<Time>,
}

impl From<TokenRow> for TokenOut {
    fn from(row: TokenRow) -> Self {
        let TokenRow { id, name, scopes, created_at, expires_at, seen_at, revoked_at, .. } = row;
        Self { id, name, scopes, created_at, expires_at, seen_at, revoked_at }
    }
}

impl Versioned for TokenOut {
    fn version(&self) -> i64 {
        if self.revoked_at.is_some() { 2 } else { 1 }
    }
}

/// A reason.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Reason {
    /// Why.
    reason: Option<String>,
}

async fn list_tokens(cx: Cx, _: NoQuery) -> Result<Page<TokenOut>> {
    let mut tx = cx.read().await?;
    Ok(page_of(accounts::tokens(&mut tx, &cx.who).await?.into_iter().map(TokenOut::from).collect()))
}

async fn show_token(cx: Cx, id: Uuid) -> Result<TokenOut> {
    let mut tx = cx.read().await?;
    Ok(accounts::token(&mut tx, &cx.who, id).await?.into())
}

async fn revoke_token(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    accounts::revoke_token(&cx.app, &cx.who, id).await
}

async fn departments(cx: Cx, query: DepartmentsQuery) -> Result<Page<Department>> {
    desk::departments_by(&cx.app, &cx.who, &query).await
}

async fn add_department(cx: Cx, new: NewDepartment) -> Result<Uuid> {
    desk::add_department(&cx.app, &cx.who, new).await
}

async fn show_department(cx: Cx, id: Uuid) -> Result<Department> {
    let mut tx = cx.read().await?;
    desk::department(&mut tx, cx.who.zone_id, id).await
}

async fn change_department(cx: Cx, id: Uuid, change: DepartmentChange) -> Result<Uuid> {
    desk::change_department(&cx.app, &cx.who, id, change).await
}

async fn close_department(cx: Cx, id: Uuid, input: Reason) -> Result<Uuid> {
    desk::close_department(&cx.app, &cx.who, id, input.reason.as_deref().unwrap_or_default()).await
}

fn page_of<T>(all: Vec<T>) -> Page<T> {
    let n = all.len() as i64;
    Page::new(all, None, n)
}

async fn past_of_department(cx: Cx, path: HashMap<String, String>, _: NoQuery) -> Result<Page<DepartmentPast>> {
    let id = crate::http::api::id_of(&path)?;
    Ok(page_of(desk::department_past(&mut cx.read().await?, cx.who.zone_id, id).await?))
}

async fn held_by_department(cx: Cx, path: HashMap<String, String>, _: NoQuery) -> Result<Page<Held>> {
    let id = crate::http::api::id_of(&path)?;
    Ok(page_of(desk::held_by_department(&mut cx.read().await?, &cx.who, id).await?))
}

async fn held_by_person(cx: Cx, path: HashMap<String, String>, _: NoQuery) -> Result<Page<Held>> {
    let id = crate::http::api::id_of(&path)?;
    Ok(page_of(desk::held_by_person(&mut cx.read().await?, &cx.who, id).await?))
}

async fn people(cx: Cx, query: PeopleQuery) -> Result<Page<Listed>> {
    let page = desk::people(&cx.app, &cx.who, &query).await?;
    let goes_on = query.cursor.is_some();
    trace::bulk(&cx.app, &cx.who, cx.request.address, "person", page.items.len(), goes_on).await?;
    Ok(page)
}

async fn add_person(cx: Cx, new: NewPerson) -> Result<Uuid> {
    desk::add_person(&cx.app, &cx.who, new).await
}

async fn show_person(cx: Cx, id: Uuid) -> Result<Person> {
    let mut tx = cx.read().await?;
    Ok(desk::person_for(&mut tx, &cx.who, id).await?.0)
}

async fn change_person(cx: Cx, id: Uuid, change: PersonChange) -> Result<Uuid> {
    desk::change_person(&cx.app, &cx.who, id, change).await
}

async fn leave(cx: Cx, id: Uuid, leaving: desk::Leaving) -> Result<Uuid> {
    desk::leave(&cx.app, &cx.who, id, leaving).await
}

async fn numbers_of(cx: Cx, path: HashMap<String, String>, _: Request) -> Result<Response> {
    let id = crate::http::api::id_of(&path)?;
    Ok(json(StatusCode::OK, &desk::show_numbers(&cx.app, &cx.who, id, cx.request.address).await?))
}

async fn list_accounts(cx: Cx, query: AccountsQuery) -> Result<Page<Account>> {
    let page = accounts::list(&cx.app, &cx.who, &query).await?;
    let goes_on = query.cursor.is_some();
    trace::bulk(&cx.app, &cx.who, cx.request.address, "account", page.items.len(), goes_on).await?;
    Ok(page)
}

/// An account to open.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OpenAccount {
    /// For whom.
    person_id: Uuid,
    /// The name to sign in with.
    user_name: String,
}

async fn add_account(cx: Cx, input: OpenAccount) -> Result<Uuid> {
    let new = accounts::NewAccount {
        person_id: input.person_id,
        user_name: &input.user_name,
        password: None,
        must_change: false,
        grants: &[],
    };
    accounts::add_account(&cx.app, &cx.who, &new).await
}

async fn show_account(cx: Cx, id: Uuid) -> Result<Account> {
    let mut tx = cx.read().await?;
    accounts::account(&mut tx, &cx.who, id).await
}

async fn disable(cx: Cx, id: Uuid, input: Reason) -> Result<Uuid> {
    accounts::disable(&cx.app, &cx.who, id, input.reason.as_deref().unwrap_or_default()).await
}

async fn allow_reset(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    accounts::allow_reset(&cx.app, &cx.who, id).await
}

async fn enable(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    accounts::enable(&cx.app, &cx.who, id).await
}

/// What an account may do.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetRoles {
    /// Every role, with its scope. What is not named is taken away.
    grants: Vec<Grant>,
}

async fn set_roles(cx: Cx, id: Uuid, input: SetRoles) -> Result<Uuid> {
    accounts::set_roles(&cx.app, &cx.who, id, &input.grants).await
}

async fn reset_of(cx: Cx, path: HashMap<String, String>, _: Request) -> Result<Response> {
    let id = crate::http::api::id_of(&path)?;
    Ok(json(StatusCode::OK, &invitations::reset(&cx.app, &cx.who, id).await?))
}

async fn list_invitations(cx: Cx, query: InvitationsQuery) -> Result<Page<Invitation>> {
    let page = invitations::list(&cx.app, &cx.who, &query).await?;
    let goes_on = query.cursor.is_some();
    trace::bulk(&cx.app, &cx.who, cx.request.address, "invitation", page.items.len(), goes_on).await?;
    Ok(page)
}

/// Links and codes, shown this once.
#[derive(Serialize, JsonSchema)]
struct Cards {
    /// One for everybody who was invited.
    items: Vec<Card>,
}

async fn invite(cx: Cx, input: Invite) -> Result<Cards> {
    Ok(Cards { items: invitations::invite(&cx.app, &cx.who, &input).await? })
}

async fn show_invitation(cx: Cx, id: Uuid) -> Result<Invitation> {
    let mut tx = cx.read().await?;
    invitations::get(&mut tx, &cx.who, id, cx.now()).await
}

async fn revoke(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    invitations::revoke(&cx.app, &cx.who, id).await
}

/// A link or a code, used.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Accept {
    /// The secret of a link.
    token: Option<String>,
    /// A short code.
    code: Option<String>,
    /// The name to sign in with; only when joining.
    user_name: Option<String>,
    /// The password.
    password: String,
}

/// What an accepted invitation opened.
#[derive(Serialize, JsonSchema)]
struct Accepted {
    /// The person.
    person_id: Uuid,
    /// `join` or `reset`.
    purpose: super::Purpose,
}

async fn accept_invitation(cx: Cx, _: HashMap<String, String>, request: Request) -> Result<Response> {
    let headers = request.headers().clone();
    let bytes = crate::http::api::read_bytes(request, 16 * 1024).await?;
    let input: Accept = crate::http::api::parse(&bytes)?;
    let key = match (&input.token, &input.code) {
        (Some(token), None) => Key::Link(token),
        (None, Some(code)) => Key::Code(code),
        _ => return Err(Error::field("token", "required")),
    };
    let acceptance = Acceptance {
        key,
        user_name: input.user_name.as_deref(),
        password: &input.password,
        address: cx.request.address,
        agent: &cx.request.agent,
    };
    let (offer, signed_in) = invitations::accept(&cx.app, &acceptance).await?;
    let mut response = json(StatusCode::OK, &Accepted { person_id: offer.person_id, purpose: offer.purpose });
    if let Some(signed_in) = signed_in {
        for value in [
            set_session_cookie(&cx.app, &headers, &signed_in.token),
            set_device_cookie(&cx.app, &headers, &signed_in.device),
        ] {
            let value = HeaderValue::from_str(&value).map_err(|e| Error::Internal(e.to_string()))?;
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    Ok(response)
}
