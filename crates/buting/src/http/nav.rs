//! The rail of jobs: who sees which.

use crate::actor::{ADMINS, OFFICE, OUTSIDE, Role, Roles};

/// One entry of the rail.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// Locale key of the label, and name of the icon.
    pub key: &'static str,
    /// Where it leads.
    pub href: &'static str,
    roles: Roles,
    /// Whether it is among the five of a phone's bottom bar.
    pub main: bool,
}

const fn item(key: &'static str, href: &'static str, roles: Roles, main: bool) -> Item {
    Item { key, href, roles, main }
}

const OUTSIDE_AND_AGENCY: Roles = Roles::of(&[Role::Enterprise, Role::Project, Role::Agency]);
const LEADERS: Roles = Roles::of(&[Role::Leader, Role::Oversight, Role::Dispatcher]);

const ITEMS: &[Item] = &[
    item("nav-home", "/", OFFICE.and(ADMINS).and(OUTSIDE_AND_AGENCY), true),
    item("nav-board", "/board", OFFICE, true),
    item("nav-appeals", "/appeals", OFFICE.and(OUTSIDE_AND_AGENCY), true),
    item("nav-visits", "/visits", OFFICE, true),
    item("nav-enterprises", "/enterprises", OFFICE, true),
    item("nav-carriers", "/carriers", OFFICE, false),
    item("nav-projects", "/projects", OFFICE, false),
    item("nav-assignments", "/assignments", OFFICE, false),
    item("nav-tasks", "/tasks", OFFICE, false),
    item("nav-disruptions", "/disruptions", OFFICE, false),
    item("nav-screening", "/screening/rounds", OFFICE.and(OUTSIDE), false),
    item("screening-trainings", "/screening/trainings", Roles::of(&[Role::Agency]), false),
    item("nav-plans", "/plans", OFFICE.and(OUTSIDE), false),
    item("nav-loops", "/closed-loops", OFFICE.and(OUTSIDE), false),
    item("nav-documents", "/documents", OFFICE, false),
    item("nav-applications", "/applications", OFFICE, false),
    item("nav-applications", "/applications", Roles::of(&[Role::Enterprise]), true),
    item("nav-matters", "/matters", OFFICE.and(OUTSIDE_AND_AGENCY), false),
    item("nav-courier", "/deliveries", OFFICE, false),
    item("nav-overview", "/overview", LEADERS, false),
    item("nav-figures", "/figures", LEADERS, false),
    item("nav-people", "/people", OFFICE.and(ADMINS), false),
    item("nav-colleagues", "/colleagues", OUTSIDE, false),
    item("nav-invitations", "/invitations", OFFICE.and(Roles::of(&[Role::Sysadmin, Role::Auditor])), false),
    item("nav-settings", "/settings", crate::settings::desk::READERS, false),
    item("nav-accounts", "/admin/accounts", ADMINS, false),
    item("nav-jobs", "/admin/jobs", Roles::of(&[Role::Sysadmin]), false),
    item("nav-deliveries", "/admin/deliveries", Roles::of(&[Role::Sysadmin]), false),
    item("nav-privacy", "/admin/privacy", Roles::of(&[Role::Secadmin, Role::Auditor]), false),
    item("nav-access", "/admin/access", Roles::of(&[Role::Secadmin, Role::Auditor]), false),
    item("nav-ledger", "/ledger", Roles::of(&[Role::Auditor, Role::Oversight]), false),
];

/// The entries that somebody with these roles sees.
pub fn items(roles: Roles) -> Vec<Item> {
    ITEMS.iter().copied().filter(|item| item.roles.meets(roles)).collect()
}
