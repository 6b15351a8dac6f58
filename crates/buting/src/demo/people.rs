//! The office: departments, people, accounts; and the zone beside it.

use super::cases::acts;
use super::{Account, World, command, data};
use crate::actor::Role;
use crate::error::Result;
use crate::organisation::desk::{self, NewAccount};
use crate::organisation::post::{NewPost, desk as posts};
use crate::organisation::{DepartmentKind, Grant, NewDepartment, NewPerson};
use serde_json::json;
use uuid::Uuid;

impl World {
    /// Departments, partner agencies, and everybody in them.
    pub(super) async fn open_office(&mut self, password: &str) -> Result<()> {
        let who = self.command();
        for (position, row) in (1..).zip(data::departments()) {
            let new = NewDepartment {
                id: None,
                name: row.get("name").to_owned(),
                short_name: row.opt("short_name"),
                kind: DepartmentKind::parse(row.get("kind")).unwrap_or(DepartmentKind::Department),
                parent_id: None,
                position: Some(position),
                phone: row.opt("phone"),
                industries: row.opt("industries"),
                valid_from: None,
            };
            let id = desk::add_department(&self.app, &who, new).await?;
            self.departments.insert(row.get("key"), id);
        }
        for (n, row) in (1_i64..).zip(data::people()) {
            let new = NewPerson {
                name: row.get("name").to_owned(),
                title: row.opt("title"),
                phone: Some(format!("1380000{n:04}")),
                department_id: self.departments.get(row.get("department")).copied(),
                position: Some(n),
                ..NewPerson::default()
            };
            let id = desk::add_person(&self.app, &who, new).await?;
            if let Some(department_id) = self.departments.get(row.get("beside")).copied() {
                let (title, main, valid_from, basis) = (row.opt("title"), false, None, None);
                let new = NewPost { id: None, person_id: id, department_id, title, main, valid_from, basis };
                posts::take(&self.app, &who, new).await?;
            }
            self.people.insert(row.get("name").to_owned(), id);
            let Some(role) = Role::parse(row.get("role")) else { continue };
            if acts(role) {
                self.staff.entry(row.get("department")).or_default().push(id);
            }
            match row.opt("account") {
                Some(user) => self.add_account(&user, row.get("name"), id, role, Some(password)).await?,
                // Colleagues act in the sixty days, and are invited later.
                None => self.add_account(&format!("staff{n}"), row.get("name"), id, role, None).await?,
            }
        }
        Ok(())
    }

    /// An account for a person who is there; printed at the start when it has a password.
    pub(super) async fn add_account(
        &mut self,
        user_name: &str,
        person: &str,
        person_id: Uuid,
        role: Role,
        password: Option<&str>,
    ) -> Result<()> {
        let grants = [Grant::usual(role)];
        let new = NewAccount { person_id, user_name, password, must_change: false, grants: &grants };
        desk::add_account(&self.app, &self.command(), &new).await?;
        if password.is_some() {
            self.accounts.push(Account { user: user_name.to_owned(), person: person.to_owned(), role: role.word() });
        }
        Ok(())
    }

    /// A second zone, which must never see anything of the first.
    pub(super) async fn open_zone2(&mut self, password: &str) -> Result<()> {
        let zone = desk::create_zone(&self.app, "zone2", "临湖新区管委会", json!({})).await?;
        let who = command(zone);
        let department = NewDepartment {
            id: None,
            name: "企业服务局".into(),
            short_name: None,
            kind: DepartmentKind::Department,
            parent_id: None,
            position: Some(1),
            phone: None,
            industries: None,
            valid_from: None,
        };
        let department_id = Some(desk::add_department(&self.app, &who, department).await?);
        for (user_name, name, role) in [("leader", "陆云深", Role::Leader), ("officer", "沈知秋", Role::Officer)]
        {
            let new = NewPerson { name: name.into(), department_id, ..NewPerson::default() };
            let person_id = desk::add_person(&self.app, &who, new).await?;
            let grants = [Grant::usual(role)];
            let new =
                NewAccount { person_id, user_name, password: Some(password), must_change: false, grants: &grants };
            desk::add_account(&self.app, &who, &new).await?;
            self.accounts.push(Account { user: format!("{user_name}@zone2"), person: name.into(), role: role.word() });
        }
        Ok(())
    }
}
