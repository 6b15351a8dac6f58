use super::signin::{self, Attempt};
use super::{Department, NewDepartment, NewPerson, Person, desk};
use crate::actor::{OFFICE, Role, Roles, SIGNED_IN};
use crate::error::{Error, Result};
use crate::http::api::{NoQuery, Page, Versioned, json, limit};
use crate::http::cx::Cx;
use crate::http::openapi::{Operation, schema};
use crate::http::routes::{Access, Routes};
use crate::http::session::{cookie, set_session_cookie};
use crate::time::Time;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;

const KEEPERS: Roles = OFFICE.and(Roles::of(&[Role::Sysadmin]));

pub fn routes(routes: &mut Routes) {
    let keepers = Access::only(KEEPERS);
    let session = Operation::new("/api/v1/session", Method::POST, Access::everybody()).body(schema::<SignIn>()).output::<Me>("200");
    routes
        .api_raw(Method::POST, "/api/v1/session", Access::everybody(), session, sign_in)
        .summary("Sign in: sets the session cookie");
    routes.api_get("/api/v1/session", Access::signed_in(), me).summary("Who is signed in");
    routes
        .api_post("/api/v1/tokens", Access::only(SIGNED_IN), StatusCode::CREATED, create_token)
        .summary("Make an API token for oneself");
    routes.api_get("/api/v1/departments", Access::signed_in(), departments).summary("Departments and partner agencies");
    routes
        .api_create("/api/v1/departments", Access::only(Roles::of(&[Role::Sysadmin, Role::Dispatcher])), add_department, show_department)
        .summary("Add a department or partner agency");
    routes.api_read("/api/v1/departments/{id}", Access::signed_in(), show_department).summary("A department");
    routes.api_get("/api/v1/people", keepers, people).summary("People of the office");
    routes.api_create("/api/v1/people", keepers, add_person, show_person).summary("Add a person");
    routes.api_read("/api/v1/people/{id}", keepers, show_person).summary("A person");
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
    /// What is still to do before anything else: `full`, `second_factor` or `change_password`.
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
        device: cookie(&headers, "device"),
    };
    let signed_in = signin::sign_in(&cx.app, &attempt).await?;
    let (token, stage) = match (signed_in.stage, &input.totp) {
        ("second_factor", Some(code)) => {
            let done = signin::second_factor(&cx.app, &signed_in.actor, &vault::token::digest(&signed_in.token), code).await?;
            (done.token, done.stage)
        }
        (stage, _) => (signed_in.token, stage),
    };
    let mut response = json(StatusCode::OK, &Me::of(&signed_in.actor, stage)?);
    let cookies = [
        set_session_cookie(&cx.app, &headers, &token),
        format!("device={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000", signed_in.device),
    ];
    for value in cookies {
        let value = HeaderValue::from_str(&value).map_err(|e| Error::Internal(e.to_string()))?;
        response.headers_mut().append(header::SET_COOKIE, value);
    }
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
    /// The token.
    token: String,
}

async fn create_token(cx: Cx, new: NewToken) -> Result<MadeToken> {
    let expires = new.expires_at.unwrap_or(cx.now().plus(90 * crate::time::DAY_MS));
    let token = desk::create_token(&cx.app, &cx.who, cx.who.person()?, &new.name, &new.scopes, Some(expires)).await?;
    Ok(MadeToken { token })
}

async fn departments(cx: Cx, _: NoQuery) -> Result<Page<Department>> {
    let mut tx = cx.read().await?;
    let all = desk::departments(&mut tx, cx.who.zone_id).await?;
    let n = all.len() as i64;
    Ok(Page::new(all, None, n))
}

async fn add_department(cx: Cx, new: NewDepartment) -> Result<Uuid> {
    desk::add_department(&cx.app, &cx.who, new).await
}

async fn show_department(cx: Cx, id: Uuid) -> Result<Department> {
    let mut tx = cx.read().await?;
    desk::department(&mut tx, cx.who.zone_id, id).await
}

/// What the list of people is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PeopleQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// A part of the name, or its pinyin.
    q: Option<String>,
}

async fn people(cx: Cx, query: PeopleQuery) -> Result<Page<Person>> {
    desk::staff(&cx.app, &cx.who, query.q.as_deref(), query.cursor.as_deref(), limit(query.limit)?).await
}

async fn add_person(cx: Cx, new: NewPerson) -> Result<Uuid> {
    desk::add_person(&cx.app, &cx.who, new).await
}

async fn show_person(cx: Cx, id: Uuid) -> Result<Person> {
    let mut tx = cx.read().await?;
    desk::person(&mut tx, cx.who.zone_id, id).await
}

impl Versioned for Department {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for Person {
    fn version(&self) -> i64 {
        self.version
    }
}
