//! The register: carriers, enterprises with their contacts, the project; and who
//! answers for each.

use super::{World, data};
use crate::actor::Role;
use crate::assignment::desk as assignment;
use crate::assignment::{Bulk, Duty, Item};
use crate::error::Result;
use crate::organisation::{NewPerson, desk as organisation};
use crate::patch::Patch;
use crate::project::desk as project;
use crate::project::{Level, NewPair, NewProject, Stage};
use crate::registry::fact::{Channel, Decision, NewCorrection, NewFailure, Why, desk as facts};
use crate::registry::{CarrierKind, NewCarrier, NewContact, NewEnterprise, Tag};
use crate::registry::{desk as registry, merge};
use crate::subject::{self, SubjectKind};
use crate::time::DAY_MS;
use std::collections::HashMap;
use uuid::Uuid;

/// The departments that look after enterprises, in turn.
const KEEPERS: [&str; 6] = ["enterprise", "economy", "construction", "safety", "finance", "talent"];
/// Enterprises that nobody answers for yet: the list of gaps is not empty.
const GAPS: usize = 4;
/// What the accounts `enterprise` and `enterprise2` belong to.
const WITH_ACCOUNT: [(&str, &str); 2] = [("enterprise", "云岭医药"), ("enterprise2", "恒岳电子")];

/// The project of the news item.
pub(super) const PROJECT: &str = "北航天汇项目";

/// An enterprise as the days know it.
pub struct Firm {
    /// Key.
    pub id: Uuid,
    /// Short name.
    pub short_name: &'static str,
    /// Who looks after it.
    pub officer: Option<Uuid>,
    /// The leader whose it is.
    pub leader: Option<Uuid>,
}

impl World {
    /// An enterprise by its short name.
    pub(super) fn enterprise(&self, short_name: &str) -> Option<Uuid> {
        self.enterprises.iter().find(|firm| firm.short_name == short_name).map(|firm| firm.id)
    }

    /// Another office enters two enterprises that are there already, as offices do:
    /// The officer who looks after an enterprise.
    pub(super) fn keeper_of(&self, enterprise: Uuid) -> Option<Uuid> {
        self.enterprises.iter().find(|firm| firm.id == enterprise)?.officer
    }

    /// with another legal form, and with the province before the name.
    pub(super) async fn enter_twice(&self) -> Result<()> {
        let who = self.command();
        for row in data::enterprises() {
            let name = row.get("name");
            let again = match row.get("short_name") {
                "云岭医药" => name.replace("有限公司", "股份有限公司"),
                "恒岳电子" => format!("山东{name}"),
                _ => continue,
            };
            let new = NewEnterprise {
                name: again,
                headcount: row.get("headcount").parse().ok().map(|n: i64| n + 4),
                source: Some("经济普查名录".into()),
                ..NewEnterprise::default()
            };
            registry::create_enterprise(&self.app, &who, new).await?;
        }
        merge::desk::look(&self.app, self.zone).await?;
        Ok(())
    }

    /// Two enterprises correct what the register says of them, and a number does not
    /// work any more.
    pub(super) async fn correct_facts(&self) -> Result<()> {
        let dispatcher = self.dispatcher().await?;
        for (place, (_, short_name)) in WITH_ACCOUNT.iter().enumerate() {
            let Some(id) = self.enterprise(short_name) else { continue };
            let mut tx = self.app.read().await?;
            let people = subject::accounts(&mut tx, self.zone, SubjectKind::Enterprise, id).await?;
            drop(tx);
            let Some(person) = people.first() else { continue };
            let new = NewCorrection {
                industry_code: Patch::Set(if place == 0 { "C2720" } else { "C3989" }.into()),
                address: Patch::Set(format!("平川大道 {} 号", 12 + place)),
                reason: Some("登记机关核定的小类如此".into()),
                ..NewCorrection::default()
            };
            let correction = facts::propose(&self.app, &self.actor(*person).await?, id, new).await?;
            if place == 0 {
                let decision = Decision { accept: true, answer: None, overwrite: None };
                facts::decide(&self.app, &dispatcher, correction, decision).await?;
            }
        }
        let firm = self.enterprises.iter().rev().find(|firm| firm.officer.is_some());
        let Some(firm) = firm.map(|firm| firm.id) else { return Ok(()) };
        let first = registry::first_contact(&mut self.app.read().await?, self.zone, firm).await?;
        if let Some(contact) = first {
            let new = NewFailure { channel: Channel::Phone, why: Why::NoAnswer, detail: None };
            facts::not_reached(&self.app, &dispatcher, contact, new).await?;
        }
        Ok(())
    }

    /// A project by name.
    pub(super) fn project(&self, name: &str) -> Option<Uuid> {
        self.projects.get(name).copied()
    }

    /// Carriers, enterprises and the project.
    pub(super) async fn open_register(&mut self, password: &str) -> Result<()> {
        let who = self.command();
        let mut carriers = HashMap::new();
        for row in data::carriers() {
            let new = NewCarrier {
                id: None,
                name: row.get("name").to_owned(),
                short_name: row.opt("short_name"),
                kind: CarrierKind::parse(row.get("kind")).unwrap_or(CarrierKind::Park),
                address: row.opt("address"),
                note: None,
            };
            carriers.insert(row.get("name"), registry::create_carrier(&self.app, &who, new).await?);
        }
        self.carriers = carriers.values().copied().collect();
        self.carriers.sort_unstable();
        for (n, row) in data::enterprises().iter().enumerate() {
            let invented = row.opt("headcount").is_some();
            let new = NewEnterprise {
                id: None,
                name: row.get("name").to_owned(),
                short_names: vec![row.get("short_name").to_owned()],
                uscc: if invented { made_up_code(n) } else { None },
                uscc_note: None,
                legacy_reg_no: None,
                carrier_id: carriers.get(row.get("carrier")).copied(),
                industry_code: row.opt("industry_code"),
                headcount: row.get("headcount").parse().ok(),
                key: row.get("key") == "是",
                status: None,
                address: None,
                tags: tags(row.get("tags")),
                note: None,
                source: Some(if invented { "企业登记表" } else { "公开报道" }.to_owned()),
                // What an office has at hand was asked at some time before.
                confirmed_at: Some(self.app.now().plus(-(n as i64 % 5) * 40 * DAY_MS)),
                said_by: None,
                contacts: if invented { vec![contact(n)] } else { Vec::new() },
            };
            let id = registry::create_enterprise(&self.app, &who, new).await?;
            self.enterprises.push(Firm { id, short_name: row.get("short_name"), officer: None, leader: None });
        }
        for (user, short_name) in WITH_ACCOUNT {
            let Some(enterprise_id) = self.enterprise(short_name) else { continue };
            let name = if user == "enterprise" { "白若水" } else { "秦朗月" };
            let new = NewPerson {
                name: name.into(),
                title: Some("综合部经理".into()),
                phone: Some("13900009999".into()),
                enterprise_id: Some(enterprise_id),
                ..NewPerson::default()
            };
            let person_id = organisation::add_person(&self.app, &who, new).await?;
            self.add_account(user, name, person_id, Role::Enterprise, Some(password)).await?;
        }
        self.open_project(password).await
    }

    /// The project of the news item, with what the item says of it.
    async fn open_project(&mut self, password: &str) -> Result<()> {
        let who = self.command();
        let new = NewProject {
            id: None,
            name: PROJECT.into(),
            short_name: Some("北航天汇".into()),
            code: None,
            level: Level::Province,
            level_text: Some("省市重点项目".into()),
            owner_name: None,
            contractor: None,
            enterprise_id: None,
            carrier_id: None,
            site: None,
            stage: Stage::Started,
            works: Some("土方外运施工".into()),
        };
        let id = project::create(&self.app, &who, new).await?;
        self.projects.insert(PROJECT.into(), id);
        // The item names nobody of the owner's side; the account needs somebody.
        let new = NewPerson { name: "项目方".into(), partial: true, project_id: Some(id), ..NewPerson::default() };
        let person_id = organisation::add_person(&self.app, &who, new).await?;
        self.add_account("project", "项目方", person_id, Role::Project, Some(password)).await
    }

    /// The point-to-point pair of the project: whom each side calls.
    async fn pair_project(&mut self) -> Result<()> {
        let staff = self.staff_of("construction");
        let (Some(id), Some(our_person_id)) = (self.project(PROJECT), staff.first().copied()) else { return Ok(()) };
        let who = self.dispatcher().await?;
        let theirs = project::people(&self.app, &who, id).await?;
        let new = NewPair {
            our_person_id,
            backup_person_id: staff.get(1).copied(),
            their_person_id: theirs.first().map(|side| side.person_id),
            their_name: None,
            their_title: None,
            their_phone: None,
            wechat: None,
            reason: None,
        };
        project::set_pair(&self.app, &who, id, new).await?;
        Ok(())
    }

    /// Every enterprise gets a leader, a department and an officer; carriers and
    /// the project too.
    pub(super) async fn assign_all(&mut self) -> Result<()> {
        let leaders: Vec<Uuid> = self.staff_of("leadership");
        let mut items = Vec::new();
        let skip = self.enterprises.len() - GAPS;
        for (n, firm) in self.enterprises.iter_mut().enumerate().take(skip) {
            let department = KEEPERS[n % KEEPERS.len()];
            let officers = self.staff.get(department).cloned().unwrap_or_default();
            firm.leader = leaders.get(n % leaders.len().max(1)).copied();
            firm.officer = officers.get((n / KEEPERS.len()) % officers.len().max(1)).copied();
            let places = [
                (Duty::LeadLeader, None, firm.leader),
                (Duty::LeadDept, self.departments.get(department).copied(), None),
                (Duty::Officer, None, firm.officer),
            ];
            for (role, department_id, person_id) in places {
                items.push(Item {
                    subject_kind: SubjectKind::Enterprise,
                    subject_id: firm.id,
                    role,
                    department_id,
                    person_id,
                    seen: None,
                });
            }
        }
        // Carriers and projects are looked after by one department each.
        let carriers = self.carriers.iter().map(|id| (SubjectKind::Carrier, *id, "enterprise"));
        let projects = self.projects.values().map(|id| (SubjectKind::Project, *id, "construction"));
        for (n, (subject_kind, subject_id, department)) in carriers.chain(projects).enumerate() {
            let officers = self.staff.get(department).cloned().unwrap_or_default();
            let places = [
                (Duty::LeadLeader, None, leaders.get(n % leaders.len().max(1)).copied()),
                (Duty::LeadDept, self.departments.get(department).copied(), None),
                (Duty::Officer, None, officers.get(n % officers.len().max(1)).copied()),
            ];
            for (role, department_id, person_id) in places {
                items.push(Item { subject_kind, subject_id, role, department_id, person_id, seen: None });
            }
        }
        let bulk = Bulk {
            items,
            replace: false,
            basis: Some("大管发〔2026〕3号".into()),
            reason: Some("年度包联分工".into()),
        };
        assignment::bulk(&self.app, &self.dispatcher().await?, bulk).await?;
        self.pair_project().await
    }
}

fn tags(cell: &str) -> Vec<Tag> {
    let known = [
        ("规上", Tag::AboveScale),
        ("高新技术企业", Tag::HighTech),
        ("专精特新", Tag::Specialised),
        ("保供", Tag::Supply),
    ];
    cell.split('、').filter_map(|word| known.iter().find(|(name, _)| *name == word).map(|(_, tag)| *tag)).collect()
}

/// A contact with an invented name and a number that nobody has.
fn contact(n: usize) -> NewContact {
    const NAMES: [&str; 12] = [
        "任经理",
        "方经理",
        "石主任",
        "姜女士",
        "范先生",
        "崔经理",
        "谭主任",
        "邹女士",
        "熊先生",
        "侯经理",
        "孟女士",
        "龚主任",
    ];
    NewContact {
        name: NAMES[n % NAMES.len()].into(),
        title: Some("综合部".into()),
        phone: Some(format!("1390000{n:04}")),
        primary: true,
        ..NewContact::default()
    }
}

/// A credit code that passes its checks, in a region that does not exist.
fn made_up_code(n: usize) -> Option<String> {
    let organisation = format!("MA{n:06}");
    let weights = [3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = organisation.chars().filter_map(|c| c.to_digit(36)).zip(weights).map(|(value, w)| value * w).sum();
    let check = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(digit, 10)?,
    };
    identifiers::Uscc::complete(&format!("91370199{organisation}{check}")).map(|code| code.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_codes_pass_their_checks_and_differ() {
        let codes: std::collections::BTreeSet<_> = (0..200).filter_map(made_up_code).collect();
        assert_eq!(codes.len(), 200);
        assert!(codes.iter().all(|code| identifiers::Uscc::findings(code).is_empty()));
    }
}
