//! 机构人员: departments, people, accounts, sign-in.

mod api;
pub mod desk;
mod pages;
pub mod signin;
mod store;

use crate::actor::{Role, ScopeKind};
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
    /// Since when.
    pub valid_from: Time,
    /// Until when; null while it exists.
    pub valid_to: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Department { id, name, short_name, kind, parent_id, position, phone, valid_from, valid_to, version });

/// A person the office knows by name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Person {
    /// Key.
    pub id: Uuid,
    /// Name. For a partial one only what is known, such as 李女士.
    pub name: String,
    /// Whether only a part of the name is known.
    pub partial: bool,
    /// Post or title.
    pub title: Option<String>,
    /// Telephone; masked for those who need not call.
    pub phone: Option<String>,
    /// E-mail; masked likewise.
    pub email: Option<String>,
    /// Department, for staff and partners.
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
    id, name, partial, title, phone, email, department_id, enterprise_id, project_id, position, left_at,
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

/// A change to a person: what is absent stays, `Clear` empties.
#[derive(Clone, Debug, Default)]
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

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
