use super::{done, key, reset_page};
use crate::actor::{ADMINS, Role, Roles, ScopeKind};
use crate::error::{FieldError, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::problem::held_text;
use crate::http::routes::{Access, Routes};
use crate::organisation::accounts::{self, AccountsQuery, NewAccount};
use crate::organisation::{Account, AccountState, Grant, Person, desk};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use uuid::Uuid;

const SYSADMIN: Roles = Roles::of(&[Role::Sysadmin]);
const SECADMIN: Roles = Roles::of(&[Role::Secadmin]);
/// Rows of a list.
const ROWS: i64 = 50;

pub fn routes(routes: &mut Routes) {
    let admins = Access::only(ADMINS);
    let sysadmin = Access::only(SYSADMIN);
    routes
        .get("/admin/accounts", admins, index)
        .get("/admin/accounts/new", sysadmin, new_page)
        .post("/admin/accounts/new", sysadmin, new)
        .get("/admin/accounts/{id}", admins, show)
        .post("/admin/accounts/{id}/disable", sysadmin, disable)
        .post("/admin/accounts/{id}/enable", sysadmin, enable)
        .post("/admin/accounts/{id}/rename", sysadmin, rename)
        .post("/admin/accounts/{id}/reset", sysadmin, reset)
        .post("/admin/accounts/{id}/second-factor", sysadmin, second_factor)
        .post("/admin/accounts/{id}/sessions", sysadmin, sessions)
        .post("/admin/accounts/{id}/allow-reset", Access::only(SECADMIN), allow_reset)
        .post("/admin/accounts/{id}/roles", Access::only(SECADMIN), roles);
}

#[derive(Template)]
#[template(path = "organisation/accounts.html")]
struct Index {
    s: Shell,
    page: Page<Account>,
    states: &'static [AccountState],
    roles: &'static [Role],
    waiting: Vec<Account>,
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut query = Form::parse(cx.request.query.as_bytes());
        let asked = AccountsQuery {
            limit: Some(ROWS),
            q: query.opt_text("q"),
            state: query.word("state", AccountState::parse),
            role: query.word("role", Role::parse),
            without_role: query.is("role", "none"),
            sort: query.opt_text("sort"),
            cursor: query.opt_text("cursor"),
        };
        let page = accounts::list(&cx.app, &cx.who, &asked).await?;
        let waiting = if cx.who.has(Role::Secadmin) {
            let mut tx = cx.read().await?;
            accounts::without_role(&mut tx, &cx.who).await?
        } else {
            Vec::new()
        };
        html(&Index { s: Shell::of(&cx).await?, page, states: AccountState::ALL, roles: Role::ALL, waiting })
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/account_new.html")]
struct NewPage {
    s: Shell,
    form: Form,
    people: Vec<(String, String)>,
}

async fn new_form(cx: &Cx, status: StatusCode, form: Form) -> Result<axum::response::Response> {
    let mut people = Vec::new();
    let mut cursor = None;
    loop {
        let query = desk::PeopleQuery { limit: Some(MAX_LIMIT), cursor, ..desk::PeopleQuery::default() };
        let page = desk::people(&cx.app, &cx.who, &query).await?;
        let without = page.items.into_iter().filter(|listed| listed.account.is_none());
        people.extend(without.map(|listed| {
            let place = listed.place.map(|place| format!(" · {place}")).unwrap_or_default();
            (listed.person.id.to_string(), format!("{}{place}", listed.person.name))
        }));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    html_with(status, &NewPage { s: Shell::of(cx).await?, form, people })
}

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let form = Form::parse(cx.request.query.as_bytes());
        new_form(&cx, StatusCode::OK, form).await
    })
    .await
}

async fn new(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let person = form.id("person_id");
        let person_id = form.need("person_id", person);
        if !form.failed() {
            let user_name = form.text("user_name");
            let new = NewAccount { person_id, user_name: &user_name, password: None, must_change: false, grants: &[] };
            match done(accounts::add_account(&cx.app, &cx.who, &new).await) {
                Ok(id) => return Ok(go(&format!("/admin/accounts/{id}"), "flash-account-opened")),
                Err(error) => form.refused(error)?,
            }
        }
        new_form(&cx, StatusCode::UNPROCESSABLE_ENTITY, form).await
    })
    .await
}

#[derive(Template)]
#[template(path = "organisation/account.html")]
struct AccountPage {
    s: Shell,
    account: Account,
    person: Person,
    form: Form,
    /// The roles that fit the person, each with its scopes and those shown.
    roles: Vec<(Role, &'static [ScopeKind])>,
    departments: Vec<(String, String)>,
    own: bool,
    /// Whether the account may be reset now: administrators' need a consent.
    resettable: bool,
    /// What the person still holds, by kind, for who disables accounts; empty for nothing.
    held_text: String,
}

impl AccountPage {
    fn scope_field(&self, role: &Role) -> String {
        format!("scope-{role}")
    }

    fn lists_departments(&self) -> bool {
        self.roles.iter().any(|(_, scopes)| scopes.contains(&ScopeKind::Departments))
    }
}

async fn account_page(cx: &Cx, status: StatusCode, id: Uuid, form: Option<Form>) -> Result<axum::response::Response> {
    let mut tx = cx.read().await?;
    let account = accounts::account(&mut tx, &cx.who, id).await?;
    let person = desk::person(&mut tx, cx.who.zone_id, id).await?.masked();
    let roles = accounts::roles_for(&mut tx, cx.who.zone_id, &person).await?;
    let all = desk::departments(&mut tx, cx.who.zone_id).await?;
    let held = match cx.who.has(Role::Sysadmin) {
        true => desk::held_by_person(&mut tx, &cx.who, id).await?,
        false => Vec::new(),
    };
    drop(tx);
    let held_text = held_text(cx.lang, &held);
    let departments = all.into_iter().filter(|d| d.kind.is_own()).map(|d| (d.id.to_string(), d.name)).collect();
    let form = form.unwrap_or_else(|| {
        let mut values: Vec<(String, String)> = vec![("user_name".into(), account.user_name.clone())];
        for grant in &account.grants {
            values.push(("role".into(), grant.role.to_string()));
            values.push((format!("scope-{}", grant.role), grant.scope.to_string()));
            values.extend(grant.departments.iter().map(|id| ("departments".into(), id.to_string())));
        }
        Form::filled(values.iter().map(|(name, value)| (name.as_str(), value.clone())))
    });
    let own = cx.who.person_id == Some(id);
    let resettable = !account.is_administrators() || accounts::is_allowed(&account, cx.now());
    html_with(
        status,
        &AccountPage { s: Shell::of(cx).await?, account, person, form, roles, departments, own, resettable, held_text },
    )
}

async fn show(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { account_page(&cx, StatusCode::OK, key(&id)?, None).await }).await
}

async fn roles(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = key(&id)?;
        let departments: Vec<Uuid> = form.all("departments").iter().filter_map(|id| Uuid::parse_str(id).ok()).collect();
        let mut grants = Vec::new();
        for word in form.all("role").to_vec() {
            let Some(role) = Role::parse(&word) else {
                form.add(FieldError::new("role", "unknown"));
                continue;
            };
            let scope = form.word(&format!("scope-{role}"), ScopeKind::parse).unwrap_or(Grant::usual(role).scope);
            let listed = if scope == ScopeKind::Departments { departments.clone() } else { Vec::new() };
            grants.push(Grant { role, scope, departments: listed });
        }
        if !form.failed() {
            match done(accounts::set_roles(&cx.app, &cx.who, id, &grants).await) {
                Ok(id) => return Ok(go(&format!("/admin/accounts/{id}"), "flash-roles-set")),
                Err(error) => form.refused(error)?,
            }
        }
        account_page(&cx, StatusCode::UNPROCESSABLE_ENTITY, id, Some(form)).await
    })
    .await
}

async fn disable(Path(id): Path<String>, Posted { cx, form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = done(accounts::disable(&cx.app, &cx.who, key(&id)?, form.value("reason")).await)?;
        Ok(go(&format!("/admin/accounts/{id}"), "flash-account-disabled"))
    })
    .await
}

async fn enable(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = done(accounts::enable(&cx.app, &cx.who, key(&id)?).await)?;
        Ok(go(&format!("/admin/accounts/{id}"), "flash-account-enabled"))
    })
    .await
}

async fn rename(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = key(&id)?;
        match done(accounts::rename(&cx.app, &cx.who, id, form.value("user_name")).await) {
            Ok(id) => Ok(go(&format!("/admin/accounts/{id}"), "flash-own-saved")),
            Err(error) => {
                form.refused(error)?;
                account_page(&cx, StatusCode::UNPROCESSABLE_ENTITY, id, Some(form)).await
            }
        }
    })
    .await
}

async fn reset(headers: HeaderMap, Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = key(&id)?;
        reset_page(&cx, &headers, id, format!("/admin/accounts/{id}")).await
    })
    .await
}

async fn allow_reset(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = done(accounts::allow_reset(&cx.app, &cx.who, key(&id)?).await)?;
        Ok(go(&format!("/admin/accounts/{id}"), "flash-reset-allowed"))
    })
    .await
}

async fn second_factor(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = done(accounts::reset_second_factor(&cx.app, &cx.who, key(&id)?).await)?;
        Ok(go(&format!("/admin/accounts/{id}"), "flash-second-factor-reset"))
    })
    .await
}

async fn sessions(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = done(accounts::end_sessions(&cx.app, &cx.who, key(&id)?).await)?;
        Ok(go(&format!("/admin/accounts/{id}"), "flash-sessions-ended"))
    })
    .await
}
