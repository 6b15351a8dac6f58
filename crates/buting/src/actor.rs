//! Who acts: a person with roles, each with a scope, or a rule of the program.

use crate::error::{Error, Result};
use crate::words;
use uuid::Uuid;

words! {
    /// What somebody is to the zone (contract: `x-roles`).
    pub enum Role {
        /// 领导
        Leader = "leader",
        /// 调度员（总协调室）
        Dispatcher = "dispatcher",
        /// 承办人
        Officer = "officer",
        /// 服务专员
        Specialist = "specialist",
        /// 督查员
        Oversight = "oversight",
        /// 协同部门
        Agency = "agency",
        /// 企业
        Enterprise = "enterprise",
        /// 项目方
        Project = "project",
        /// 系统管理员
        Sysadmin = "sysadmin",
        /// 安全管理员
        Secadmin = "secadmin",
        /// 审计管理员
        Auditor = "auditor",
    }
}

words! {
    /// How far a role reaches.
    pub enum ScopeKind {
        /// Everything in the zone.
        All = "all",
        /// The listed departments.
        Departments = "departments",
        /// The departments of the person's posts.
        Department = "department",
        /// What is assigned to the person.
        Assignments = "assignments",
        /// The person's enterprise.
        Enterprise = "enterprise",
        /// The person's project.
        Project = "project",
        /// One work order, by signed link.
        WorkOrder = "work_order",
    }
}

words! {
    /// Through what a change came.
    pub enum Via {
        /// A page.
        Page = "page",
        /// The API.
        Api = "api",
        /// A signed link without account.
        Link = "link",
        /// An import.
        Import = "import",
        /// A rule or schedule of the program.
        Rule = "rule",
        /// A command on the server.
        Command = "command",
    }
}

/// A set of roles, as routes and rules write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles(u16);

impl Roles {
    /// Nobody.
    pub const NONE: Self = Self(0);

    /// These roles.
    pub const fn of(roles: &[Role]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < roles.len() {
            bits |= 1 << roles[i] as u16;
            i += 1;
        }
        Self(bits)
    }

    /// Both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the role is in the set.
    pub const fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u16) != 0
    }

    /// Whether the sets share a role.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The roles of the set.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |role| self.has(*role))
    }
}

/// Those of the committee who do the work.
pub const OFFICE: Roles =
    Roles::of(&[Role::Leader, Role::Dispatcher, Role::Officer, Role::Specialist, Role::Oversight]);
/// System, security and audit administrator: three people.
pub const ADMINS: Roles = Roles::of(&[Role::Sysadmin, Role::Secadmin, Role::Auditor]);
/// Enterprises and project owners.
pub const OUTSIDE: Roles = Roles::of(&[Role::Enterprise, Role::Project]);
/// Everybody with an account.
pub const SIGNED_IN: Roles = OFFICE.and(ADMINS).and(OUTSIDE).and(Roles::of(&[Role::Agency]));

/// How far somebody reaches: the widest of his roles' scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything in the zone.
    All,
    /// The listed departments, and what is assigned to the person.
    Departments(Vec<Uuid>),
    /// Only what is assigned to the person.
    Assignments,
    /// One enterprise.
    Enterprise(Uuid),
    /// One project.
    Project(Uuid),
    /// One work order.
    WorkOrder(Uuid),
    /// Nothing but oneself (administrators).
    Own,
}

/// Who acts.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The zone; every statement is keyed by it.
    pub zone_id: Uuid,
    /// The person; `None` for a rule of the program or a signed link.
    pub person_id: Option<Uuid>,
    /// Name for the top line.
    pub name: String,
    /// The department of the person's main post, if any.
    pub department_id: Option<Uuid>,
    /// The departments of all posts that the person holds today.
    pub posts: Vec<Uuid>,
    /// The person's enterprise, if any.
    pub enterprise_id: Option<Uuid>,
    /// The person's project, if any.
    pub project_id: Option<Uuid>,
    /// Roles.
    pub roles: Roles,
    /// How far they reach.
    pub scope: Scope,
    /// For whom, when somebody acts for another.
    pub behalf_of: Option<Uuid>,
    /// Through what.
    pub via: Via,
    /// The one-time key of this post, with a fingerprint of its content.
    pub once: Option<Once>,
    /// The version that the person saw (`If-Match`, or a form's hidden field).
    pub seen_version: Option<i64>,
}

/// A one-time key: the same key and content again is the same post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The key, chosen by the client.
    pub key: String,
    /// A digest of method, path and body.
    pub fingerprint: String,
}

impl Actor {
    /// The program itself, acting in a zone.
    pub fn rule(zone_id: Uuid) -> Self {
        Self {
            zone_id,
            person_id: None,
            name: String::new(),
            department_id: None,
            posts: Vec::new(),
            enterprise_id: None,
            project_id: None,
            roles: Roles::NONE,
            scope: Scope::All,
            behalf_of: None,
            via: Via::Rule,
            once: None,
            seen_version: None,
        }
    }

    /// Whether the program itself acts.
    pub fn is_rule(&self) -> bool {
        self.via == Via::Rule || self.via == Via::Command
    }

    /// Whether the person has one of these roles.
    pub fn is(&self, roles: Roles) -> bool {
        self.is_rule() || self.roles.meets(roles)
    }

    /// Whether the person has this role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.has(role)
    }

    /// Refuses everybody else.
    pub fn must(&self, roles: Roles) -> Result<()> {
        if self.is(roles) { Ok(()) } else { Err(Error::Forbidden) }
    }

    /// The departments that the person is of today: that of the main post first, then
    /// those of the posts beside it.
    pub fn departments(&self) -> Vec<Uuid> {
        let mut all: Vec<Uuid> = self.department_id.into_iter().collect();
        all.extend(self.posts.iter().filter(|id| Some(**id) != self.department_id));
        all
    }

    /// Whose one-time keys these are: the person's, or those of the work order, the
    /// enterprise or the project that a signed link opens.
    pub fn poster(&self) -> Option<Uuid> {
        match self.scope {
            Scope::WorkOrder(id) | Scope::Enterprise(id) | Scope::Project(id) if self.via == Via::Link => Some(id),
            _ => self.person_id,
        }
    }

    /// The person, where only a person can act.
    pub fn person(&self) -> Result<Uuid> {
        self.person_id.ok_or(Error::Forbidden)
    }

    /// Refuses a stale form: the version seen is not the version now.
    pub fn saw(&self, version: i64) -> Result<()> {
        match self.seen_version {
            Some(seen) if seen != version => Err(Error::Conflict(crate::error::Conflict::Stale(version))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_roles() {
        assert!(OFFICE.has(Role::Leader) && !OFFICE.has(Role::Enterprise));
        assert!(OFFICE.and(OUTSIDE).has(Role::Project));
        assert_eq!(ADMINS.iter().count(), 3);
        assert_eq!(SIGNED_IN.iter().count(), Role::ALL.len());
    }

    #[test]
    fn somebody_is_of_the_departments_of_all_posts() {
        let [a, b] = [1, 2].map(Uuid::from_u128);
        for (main, posts, all) in [
            (Some(a), vec![a, b], vec![a, b]),
            (Some(a), vec![b], vec![a, b]),
            // A partner's signed link acts in the name of one department.
            (Some(a), vec![], vec![a]),
            (None, vec![], vec![]),
        ] {
            let who = Actor { department_id: main, posts, ..Actor::rule(Uuid::nil()) };
            assert_eq!(who.departments(), all);
        }
    }
}
