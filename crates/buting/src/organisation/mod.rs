//! 机构人员: departments, people, accounts, sign-in.

pub mod accounts;
mod api;
pub mod desk;
pub mod factor;
pub mod first_run;
pub mod invitations;
pub mod notices;
#[cfg(feature = "oidc")]
pub mod oidc;
mod pages;
pub mod post;
pub mod signin;
mod store;

use crate::actor::{Role, ScopeKind};
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::patch::Patch;
use crate::time::Time;
use crate::words;
use ::store::from_row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

words! {
    /// What kind of body a department is (manual 16, `org_kind`).
    pub enum DepartmentKind {
        /// 管委会部门
        Department = "department",
        /// 班子（领导班子）
        Leadership = "leadership",
        /// 局办
        Bureau = "bureau",
        /// 街道
        Street = "street",
        /// 街道卫生服务中心、卫生院
        HealthCentre = "health_centre",
        /// 交警、交通
        Traffic = "traffic",
        /// 水电气热企业
        Utility = "utility",
        /// 银行
        Bank = "bank",
        /// 法院
        Court = "court",
        /// 商会、协会
        Association = "association",
    }
}

impl DepartmentKind {
    /// Whether it is part of the committee, not a partner agency (协同部门).
    pub fn is_own(self) -> bool {
        matches!(self, Self::Department | Self::Leadership)
    }
}

/// A department of the committee, or a partner agency.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Department {
    /// Key.
    pub id: Uuid,
    /// Full name.
    pub name: String,
    /// Short name, as it stands in tables.
    pub short_name: String,
    /// What kind of body it is.
    pub kind: DepartmentKind,
    /// The department it belongs to.
    pub parent_id: Option<Uuid>,
    /// Place in lists.
    pub position: i64,
    /// Office telephone.
    pub phone: Option<String>,
    /// The divisions of industry that are its duty: two digits of GB/T 4754 each, such as `34 35`.
    pub industries: Option<String>,
    /// Since when.
    pub valid_from: Time,
    /// Until when; null while it exists.
    pub valid_to: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Department {
    id,
    name,
    short_name,
    kind,
    parent_id,
    position,
    phone,
    industries,
    valid_from,
    valid_to,
    version
});

/// What a department was before it changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DepartmentPast {
    /// Full name.
    pub name: String,
    /// Short name.
    pub short_name: String,
    /// What kind of body it was.
    pub kind: DepartmentKind,
    /// The department it belonged to.
    pub parent_id: Option<Uuid>,
    /// Short name of that department today.
    pub parent: Option<String>,
    /// Since when.
    pub valid_from: Time,
    /// Until when.
    pub valid_to: Time,
}

from_row!(DepartmentPast { name, short_name, kind, parent_id, parent, valid_from, valid_to });

/// Departments as a tree, each with its depth: what comes under a department follows
/// it, and the order is kept beside that. One whose parent is not among them stands
/// at the root.
pub fn tree(departments: Vec<Department>) -> Vec<(usize, Department)> {
    let there: Vec<Uuid> = departments.iter().map(|d| d.id).collect();
    let is_root = |d: &Department| d.parent_id.is_none_or(|parent| !there.contains(&parent));
    let (mut open, mut rest): (Vec<_>, Vec<_>) = departments.into_iter().partition(is_root);
    open.reverse();
    let mut open: Vec<(usize, Department)> = open.into_iter().map(|d| (0, d)).collect();
    let mut all = Vec::new();
    while let Some((depth, next)) = open.pop() {
        let (under, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|d| d.parent_id == Some(next.id));
        rest = others;
        open.extend(under.into_iter().rev().map(|d| (depth + 1, d)));
        all.push((depth, next));
    }
    // What only comes under itself cannot be, and is not hidden if it is.
    all.extend(rest.into_iter().map(|d| (0, d)));
    all
}

/// A person the office knows by name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Person {
    /// Key.
    pub id: Uuid,
    /// Name. For a partial one only what is known, such as 李女士.
    pub name: String,
    /// Whether only a part of the name is known.
    pub partial: bool,
    /// Title of the main post.
    pub title: Option<String>,
    /// Telephone; masked for those who need not call.
    pub phone: Option<String>,
    /// E-mail; masked likewise.
    pub email: Option<String>,
    /// Department of the main post, for staff and partners.
    pub department_id: Option<Uuid>,
    /// Enterprise, for its people.
    pub enterprise_id: Option<Uuid>,
    /// Project, for the owner's people.
    pub project_id: Option<Uuid>,
    /// Place in lists; leaders by rank.
    pub position: i64,
    /// When the person left.
    pub left_at: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Person {
    id,
    name,
    partial,
    title,
    phone,
    email,
    department_id,
    enterprise_id,
    project_id,
    position,
    left_at,
    version,
});

/// A new department.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDepartment {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Full name.
    pub name: String,
    /// Short name; the full name when absent.
    pub short_name: Option<String>,
    /// What kind of body it is.
    pub kind: DepartmentKind,
    /// The department it belongs to.
    pub parent_id: Option<Uuid>,
    /// Place in lists.
    pub position: Option<i64>,
    /// Office telephone.
    pub phone: Option<String>,
    /// The divisions of industry that are its duty: two digits of GB/T 4754 each.
    #[serde(default)]
    pub industries: Option<String>,
    /// Since when it is there; now when absent, never later than now.
    #[serde(default)]
    pub valid_from: Option<Time>,
}

/// A new person.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Name.
    pub name: String,
    /// Whether only a part of the name is known.
    #[serde(default)]
    pub partial: bool,
    /// Post or title.
    pub title: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Department, for staff and partners.
    pub department_id: Option<Uuid>,
    /// Enterprise, for its people.
    pub enterprise_id: Option<Uuid>,
    /// Project, for the owner's people.
    pub project_id: Option<Uuid>,
    /// Place in lists.
    pub position: Option<i64>,
}

/// A change of a department.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DepartmentChange {
    /// Full name.
    pub name: Option<String>,
    /// Short name.
    pub short_name: Option<String>,
    /// What kind of body it is.
    pub kind: Option<DepartmentKind>,
    /// The department it belongs to.
    pub parent_id: Patch<Uuid>,
    /// Place in lists.
    pub position: Option<i64>,
    /// Office telephone.
    pub phone: Patch<String>,
    /// The divisions of industry that are its duty.
    pub industries: Patch<String>,
}

/// The divisions of industry that a text names, in order and each once: `C34、35`,
/// `34 35`. `None` when it names something else.
pub fn divisions(text: &str) -> Option<Vec<u8>> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let one = |word: &str| {
        let half = identifiers::half_width(word);
        let digits = half.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let plain = half.len() <= 3 && digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten()
    };
    let mut all = words.map(one).collect::<Option<Vec<u8>>>()?;
    all.sort_unstable();
    all.dedup();
    Some(all)
}

/// A change of a person: what is absent stays, `Clear` empties.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PersonChange {
    /// Name.
    pub name: Option<String>,
    /// Whether only a part of the name is known.
    pub partial: Option<bool>,
    /// Post or title.
    pub title: Patch<String>,
    /// Telephone.
    pub phone: Patch<String>,
    /// E-mail.
    pub email: Patch<String>,
    /// Department, for staff and partners.
    pub department_id: Patch<Uuid>,
    /// Place in lists.
    pub position: Option<i64>,
}

/// A person as a list shows: with masked numbers and the account's state.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Listed {
    /// The person; telephone and e-mail are masked.
    #[serde(flatten)]
    pub person: Person,
    /// Short name of the department or the enterprise or project.
    pub place: Option<String>,
    /// State of the person's account; null without one.
    pub account: Option<AccountState>,
    /// The posts held beside the main one.
    pub beside: Vec<post::Beside>,
}

/// Telephone and e-mail of a person, shown on request. The view is logged.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Shown {
    /// Telephone.
    pub phone: Option<String>,
    /// E-mail.
    pub email: Option<String>,
}

/// `z***@example.com`: an e-mail for those who need not write.
pub fn mask_email(email: &str) -> String {
    match email.split_once('@') {
        Some((name, host)) => format!("{}***@{host}", name.chars().take(1).collect::<String>()),
        None => "***".to_owned(),
    }
}

impl Person {
    /// The person with telephone and e-mail masked.
    pub fn masked(mut self) -> Self {
        self.phone = self.phone.map(|phone| identifiers::phone::mask(&phone));
        self.email = self.email.map(|email| mask_email(&email));
        self
    }
}

words! {
    /// How an account stands.
    pub enum AccountState {
        /// 启用
        Active = "active",
        /// 已邀请，尚未启用
        Invited = "invited",
        /// 已停用
        Disabled = "disabled",
    }
}

words! {
    /// What a one-time link or code is for.
    pub enum Purpose {
        /// 启用账号
        Join = "join",
        /// 重设密码
        Reset = "reset",
    }
}

words! {
    /// A right inside one's own enterprise or project, apart from the role.
    pub enum Right {
        /// 管理本单位账号: invite colleagues, say who has left.
        Manage = "manage",
    }
}

words! {
    /// How an invitation stands.
    pub enum InvitationState {
        /// 待启用
        Open = "open",
        /// 已使用
        Used = "used",
        /// 已过期
        Expired = "expired",
        /// 已撤回
        Revoked = "revoked",
    }
}

/// An account, as administrators see it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Account {
    /// Key; the person's own.
    pub id: Uuid,
    /// The name to sign in with.
    pub user_name: String,
    /// Name of the person.
    pub name: String,
    /// Short name of the department, enterprise or project.
    pub place: Option<String>,
    /// Department, for staff and partners.
    pub department_id: Option<Uuid>,
    /// Enterprise, for its people.
    pub enterprise_id: Option<Uuid>,
    /// Project, for the owner's people.
    pub project_id: Option<Uuid>,
    /// Roles and how far they reach.
    pub grants: Vec<Grant>,
    /// Rights inside the own enterprise or project.
    pub rights: Vec<Right>,
    /// How it stands.
    pub state: AccountState,
    /// Whether a second factor is set up.
    pub second_factor: bool,
    /// Whether the password must be changed at the next sign-in.
    pub must_change: bool,
    /// When the security administrator allowed the next reset; only of
    /// administrators' accounts, and gone when it is used.
    pub reset_allowed_at: Option<Time>,
    /// The last sign-in.
    pub signed_in_at: Option<Time>,
    /// Since when.
    pub created_at: Time,
    /// Counts the changes.
    pub version: i64,
}

impl Account {
    /// Whether one of the three administrators signs in with it.
    pub fn is_administrators(&self) -> bool {
        self.grants.iter().any(|grant| crate::actor::ADMINS.has(grant.role))
    }
}

/// An invitation or a reset, without its secret.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Invitation {
    /// Key.
    pub id: Uuid,
    /// For whom.
    pub person_id: Uuid,
    /// Name of the person.
    pub name: String,
    /// Short name of the department, enterprise or project.
    pub place: Option<String>,
    /// To join, or to set a new password.
    pub purpose: Purpose,
    /// How it stands.
    pub state: InvitationState,
    /// Since when.
    pub created_at: Time,
    /// Until when it works.
    pub expires_at: Time,
    /// Who made it.
    pub made_by: Option<Uuid>,
    /// Counts the changes.
    pub version: i64,
}

/// A link and a code, shown this once.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Card {
    /// The invitation.
    pub id: Uuid,
    /// For whom.
    pub person_id: Uuid,
    /// Name of the person.
    pub name: String,
    /// Short name of the department, enterprise or project.
    pub place: Option<String>,
    /// The secret of the link: `/join?t=…`.
    pub token: String,
    /// The short code, for those who type it at `/join`.
    pub code: String,
    /// Until when both work, whichever is used first.
    pub expires_at: Time,
}

/// Whom to invite: everybody named or matched who has no account in use.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Invite {
    /// These people.
    pub people: Vec<Uuid>,
    /// Everybody of this department or partner agency.
    pub department_id: Option<Uuid>,
    /// Every contact of these enterprises.
    pub enterprise_ids: Vec<Uuid>,
    /// Every contact of the enterprises in this carrier.
    pub carrier_id: Option<Uuid>,
    /// Days that link and code work: 1 to 30, 7 unless told.
    pub days: Option<i64>,
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

impl Versioned for Account {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for Invitation {
    fn version(&self) -> i64 {
        self.version
    }
}

/// A role given to an account, and how far it reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// How far it reaches.
    pub scope: ScopeKind,
    /// The departments of scope `departments`.
    #[serde(default)]
    pub departments: Vec<Uuid>,
}

impl Grant {
    /// The grant that a role usually has.
    pub fn usual(role: Role) -> Self {
        let scope = match role {
            Role::Leader | Role::Dispatcher | Role::Oversight | Role::Auditor => ScopeKind::All,
            Role::Officer | Role::Agency => ScopeKind::Department,
            Role::Specialist => ScopeKind::Assignments,
            Role::Enterprise => ScopeKind::Enterprise,
            Role::Project => ScopeKind::Project,
            Role::Sysadmin | Role::Secadmin => ScopeKind::Assignments,
        };
        Self { role, scope, departments: Vec::new() }
    }

    /// The scopes that make sense for a role; the first is the usual one.
    pub fn scopes(role: Role) -> &'static [ScopeKind] {
        match role {
            Role::Leader | Role::Dispatcher | Role::Oversight => {
                &[ScopeKind::All, ScopeKind::Departments, ScopeKind::Department, ScopeKind::Assignments]
            }
            Role::Officer => &[ScopeKind::Department, ScopeKind::Departments, ScopeKind::Assignments, ScopeKind::All],
            Role::Specialist => {
                &[ScopeKind::Assignments, ScopeKind::Department, ScopeKind::Departments, ScopeKind::All]
            }
            Role::Agency => &[ScopeKind::Department],
            Role::Enterprise => &[ScopeKind::Enterprise],
            Role::Project => &[ScopeKind::Project],
            Role::Auditor => &[ScopeKind::All],
            Role::Sysadmin | Role::Secadmin => &[ScopeKind::Assignments],
        }
    }

    /// Whether the scope makes sense for the role, with departments exactly where
    /// the scope lists them.
    pub fn holds(&self) -> bool {
        Self::scopes(self.role).contains(&self.scope)
            && (self.scope == ScopeKind::Departments) != self.departments.is_empty()
    }

    fn departments_json(&self) -> Json {
        Json::from(self.departments.iter().map(Uuid::to_string).collect::<Vec<_>>())
    }
}

/// System, security and audit administrator must be three people (等保三员分立),
/// and none of them does the committee's work with the same account.
pub fn roles_fit_together(grants: &[Grant]) -> bool {
    let admin = |role| matches!(role, Role::Sysadmin | Role::Secadmin | Role::Auditor);
    let admins = grants.iter().filter(|grant| admin(grant.role)).count();
    admins == 0 || grants.len() == 1
}

/// Where somebody belongs, as far as it decides which roles fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A department of the committee, or none that is known.
    Office,
    /// A partner agency.
    Agency,
    /// An enterprise.
    Enterprise,
    /// A project.
    Project,
}

impl Place {
    /// Whether a role can be held there: nobody of an enterprise is an officer.
    pub fn allows(self, role: Role) -> bool {
        match self {
            Self::Office => !matches!(role, Role::Agency | Role::Enterprise | Role::Project),
            Self::Agency => role == Role::Agency,
            Self::Enterprise => role == Role::Enterprise,
            Self::Project => role == Role::Project,
        }
    }

    /// The grant that follows from the place alone. In the office it takes the
    /// security administrator to give one.
    pub fn grant(self) -> Option<Grant> {
        match self {
            Self::Office => None,
            Self::Agency => Some(Grant::usual(Role::Agency)),
            Self::Enterprise => Some(Grant::usual(Role::Enterprise)),
            Self::Project => Some(Grant::usual(Role::Project)),
        }
    }
}

/// Whether a zone that asks for the second factor asks it of these roles:
/// administrators and those who approve.
pub fn must_have_second_factor(roles: crate::actor::Roles) -> bool {
    roles.meets(crate::actor::ADMINS.and(crate::actor::Roles::of(&[Role::Leader, Role::Dispatcher])))
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
    post::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_department_s_industries() {
        for (text, expected) in [
            ("34", Some(vec![34])),
            ("C35、C34，34", Some(vec![34, 35])),
            ("３４ ０１", Some(vec![1, 34])),
            ("", Some(vec![])),
            ("3412", None),
            ("机械", None),
            ("C", None),
        ] {
            assert_eq!(divisions(text), expected, "{text}");
        }
    }

    #[test]
    fn departments_as_a_tree() {
        let id = |n: u8| Uuid::from_u128(n.into());
        let department = |n: u8, parent: u8| Department {
            id: id(n),
            name: String::new(),
            short_name: String::new(),
            kind: DepartmentKind::Department,
            parent_id: (parent > 0).then(|| id(parent)),
            position: 0,
            phone: None,
            industries: None,
            valid_from: Time::default(),
            valid_to: None,
            version: 1,
        };
        type Case = (&'static [(u8, u8)], &'static [(usize, u8)]);
        let cases: &[Case] = &[
            (&[(1, 0), (2, 0), (3, 0)], &[(0, 1), (0, 2), (0, 3)]),
            // What comes under the first follows it, before the second; the order is kept.
            (&[(1, 0), (2, 0), (3, 1), (4, 1), (5, 3)], &[(0, 1), (1, 3), (2, 5), (1, 4), (0, 2)]),
            // A child that is listed before its parent, and one whose parent is not listed.
            (&[(2, 1), (1, 0), (4, 9)], &[(0, 1), (1, 2), (0, 4)]),
            // Two that come under each other are not lost.
            (&[(1, 2), (2, 1)], &[(0, 1), (0, 2)]),
        ];
        for (all, expected) in cases {
            let found = tree(all.iter().map(|(n, parent)| department(*n, *parent)).collect());
            let expected: Vec<_> = expected.iter().map(|(depth, n)| (*depth, id(*n))).collect();
            assert_eq!(found.iter().map(|(depth, d)| (*depth, d.id)).collect::<Vec<_>>(), expected, "{all:?}");
        }
    }

    #[test]
    fn three_administrators_are_three_people() {
        let grant = Grant::usual;
        for (roles, fits) in [
            (vec![Role::Sysadmin], true),
            (vec![Role::Sysadmin, Role::Secadmin], false),
            (vec![Role::Auditor, Role::Leader], false),
            (vec![Role::Officer, Role::Specialist], true),
            (vec![], true),
        ] {
            let grants: Vec<_> = roles.iter().copied().map(grant).collect();
            assert_eq!(roles_fit_together(&grants), fits, "{roles:?}");
        }
    }

    #[test]
    fn the_usual_grant_of_every_role_holds_and_fits_one_kind_of_place() {
        for role in Role::ALL.iter().copied() {
            assert!(Grant::usual(role).holds(), "{role}");
            let places = [Place::Office, Place::Agency, Place::Enterprise, Place::Project];
            assert_eq!(places.iter().filter(|place| place.allows(role)).count(), 1, "{role}");
        }
    }

    #[test]
    fn a_scope_lists_departments_when_it_names_them_and_never_else() {
        let id = Uuid::from_u128(1);
        for (role, scope, departments, holds) in [
            (Role::Officer, ScopeKind::Departments, vec![id], true),
            (Role::Officer, ScopeKind::Departments, vec![], false),
            (Role::Officer, ScopeKind::Department, vec![id], false),
            (Role::Enterprise, ScopeKind::All, vec![], false),
            (Role::Agency, ScopeKind::All, vec![], false),
            (Role::Sysadmin, ScopeKind::All, vec![], false),
            (Role::Leader, ScopeKind::Assignments, vec![], true),
        ] {
            assert_eq!(Grant { role, scope, departments }.holds(), holds, "{role} {scope}");
        }
    }

    #[test]
    fn administrators_and_approvers_need_the_second_factor() {
        for role in Role::ALL.iter().copied() {
            let needs =
                matches!(role, Role::Sysadmin | Role::Secadmin | Role::Auditor | Role::Leader | Role::Dispatcher);
            assert_eq!(must_have_second_factor(crate::actor::Roles::of(&[role])), needs, "{role}");
        }
    }

    #[test]
    fn masks() {
        assert_eq!(mask_email("zhang.wei@example.com"), "z***@example.com");
        assert_eq!(mask_email("no address"), "***");
    }
}
