//! 包联(包挂): leader, department and officer who answer for an enterprise, a
//! carrier or a project; dated.
//!
//! The rules (anchors 5.2, manual 1.1):
//!
//! 1. A subject has at most one leader, one lead department and one officer at
//!    a time; any number of assisting departments; stand-ins beside the officer.
//! 2. Nothing is overwritten: a change closes the old row and opens the new one
//!    at the same instant, so who answered on any past day can be shown.
//! 3. A leader, officer or stand-in belongs to the committee and has not left. A
//!    lead department is the committee's own; a partner agency may only assist.
//! 4. The officer should be of the lead department; otherwise a warning, since
//!    real offices lend people to each other.
//! 5. An enterprise without its own inherits from the carrier that it sits in.
//! 6. A person who leaves closes nothing silently: his rows stand in the list of
//!    gaps until they are handed over.

mod api;
pub mod desk;
mod pages;
pub mod plan;
pub mod reach;
mod store;

use crate::http::routes::Routes;
use crate::organisation::DepartmentKind;
use crate::subject::SubjectKind;
use crate::time::Time;
use crate::words;
use ::store::from_row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
    plan::routes(routes);
}

words! {
    /// As what somebody answers for a subject.
    pub enum Duty {
        /// 包联领导
        LeadLeader = "lead_leader",
        /// 牵头部门（责任单位）
        LeadDept = "lead_dept",
        /// 经办人（包联人员）
        Officer = "officer",
        /// 协助部门
        AssistDept = "assist_dept",
        /// 代岗人员
        StandIn = "stand_in",
    }
}

impl Duty {
    /// The three that every subject should have.
    pub const NEEDED: [Self; 3] = [Self::LeadLeader, Self::LeadDept, Self::Officer];

    /// Whether a person holds it; the others are held by departments.
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::LeadLeader | Self::Officer | Self::StandIn)
    }

    /// Whether only one may hold it at a time.
    pub const fn is_single(self) -> bool {
        matches!(self, Self::LeadLeader | Self::LeadDept | Self::Officer)
    }
}

words! {
    /// Why an assignment ended.
    pub enum EndReason {
        /// 调整（换人、换部门）
        Changed = "changed",
        /// 调离岗位
        Moved = "moved",
        /// 离职
        Left = "left",
        /// 机构改革
        Reorganised = "reorganised",
        /// 到期
        Expired = "expired",
        /// 企业注销迁出、项目竣工
        Closed = "closed",
        /// 登记有误
        Mistake = "mistake",
    }
}

words! {
    /// What is missing from a subject's assignment.
    pub enum GapKind {
        /// No leader.
        NoLeader = "no_leader",
        /// No lead department.
        NoDepartment = "no_department",
        /// No officer.
        NoOfficer = "no_officer",
        /// The leader has left.
        LeaderLeft = "leader_left",
        /// The lead department is closed.
        DepartmentClosed = "department_closed",
        /// The officer has left.
        OfficerLeft = "officer_left",
        /// The order has run out.
        Expired = "expired",
    }
}

words! {
    /// What is doubtful about an assignment, but allowed.
    pub enum Warning {
        /// The officer is not of the lead department.
        OfficerOutsideLeadDept = "officer_outside_lead_dept",
        /// The holder has left.
        HolderLeft = "holder_left",
        /// The order has run out.
        Expired = "expired",
    }
}

/// One row: somebody answers for a subject from a day to a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Key.
    pub id: Uuid,
    /// What the subject is.
    pub subject_kind: SubjectKind,
    /// The enterprise, carrier or project.
    pub subject_id: Uuid,
    /// As what.
    pub role: Duty,
    /// Who: a department.
    pub department_id: Option<Uuid>,
    /// Who: a person.
    pub person_id: Option<Uuid>,
    /// Since when.
    pub valid_from: Time,
    /// Until when (exclusive); empty while it holds.
    pub valid_to: Option<Time>,
    /// To which instant the order runs.
    pub until: Option<Time>,
    /// The document that orders it.
    pub basis: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// More about the end.
    pub end_note: Option<String>,
    /// The row that followed it.
    pub successor_id: Option<Uuid>,
    /// The bulk assignment or handover that made it.
    pub batch_id: Option<Uuid>,
    /// When it was entered.
    pub created_at: Time,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Assignment {
    id,
    subject_kind,
    subject_id,
    role,
    department_id,
    person_id,
    valid_from,
    valid_to,
    until,
    basis,
    reason,
    end_reason,
    end_note,
    successor_id,
    batch_id,
    created_at,
    version,
});

impl Assignment {
    /// Whether it held at an instant.
    pub fn held_at(&self, at: Time) -> bool {
        self.valid_from <= at && self.valid_to.is_none_or(|to| to > at)
    }
}

/// A new assignment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// What the subject is.
    pub subject_kind: SubjectKind,
    /// The enterprise, carrier or project.
    pub subject_id: Uuid,
    /// As what.
    pub role: Duty,
    /// Who, for `lead_dept` and `assist_dept`.
    pub department_id: Option<Uuid>,
    /// Who, for `lead_leader`, `officer` and `stand_in`.
    pub person_id: Option<Uuid>,
    /// Since when; now when absent. Never later than now.
    pub valid_from: Option<Time>,
    /// To when the order runs.
    pub until: Option<Time>,
    /// The document that orders it.
    pub basis: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// The end of an assignment.
#[derive(Clone, Debug)]
pub struct NewEnd {
    /// Why.
    pub reason: EndReason,
    /// More about it.
    pub note: Option<String>,
    /// When; now when absent.
    pub at: Option<Time>,
}

/// Somebody else in the same place.
#[derive(Clone, Debug, Default)]
pub struct NewHolder {
    /// The new department.
    pub department_id: Option<Uuid>,
    /// The new person.
    pub person_id: Option<Uuid>,
    /// Since when; now when absent.
    pub valid_from: Option<Time>,
    /// To when the order runs.
    pub until: Option<Time>,
    /// The document that orders it.
    pub basis: Option<String>,
    /// Why; needed.
    pub reason: Option<String>,
}

/// An assignment as it is read: with names, and with what is doubtful.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Shown {
    /// Key.
    pub id: Uuid,
    /// What the subject is.
    pub subject_kind: SubjectKind,
    /// The enterprise, carrier or project.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject: String,
    /// As what.
    pub role: Duty,
    /// Who, for `lead_dept` and `assist_dept`.
    pub department_id: Option<Uuid>,
    /// Who, for `lead_leader`, `officer` and `stand_in`.
    pub person_id: Option<Uuid>,
    /// Name of the person.
    pub person: Option<String>,
    /// The person's title.
    pub title: Option<String>,
    /// Short name of the department, or of the person's department.
    pub department: Option<String>,
    /// The number to call.
    pub phone: Option<String>,
    /// Since when.
    pub valid_from: Time,
    /// Until when (exclusive); null while it holds.
    pub valid_to: Option<Time>,
    /// To when the order runs.
    pub until: Option<Time>,
    /// The document that orders it.
    pub basis: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// More about the end.
    pub end_note: Option<String>,
    /// The assignment that followed it.
    pub successor_id: Option<Uuid>,
    /// The bulk assignment or handover that made it.
    pub batch_id: Option<Uuid>,
    /// When it was entered.
    pub created_at: Time,
    /// What is doubtful about it.
    pub warnings: Vec<Warning>,
    /// Counts the changes.
    pub version: i64,
}

impl ::store::FromRow for Shown {
    fn from_row(row: &::store::Row) -> ::store::Result<Self> {
        let (role, person_id, valid_to): (Duty, Option<Uuid>, Option<Time>) =
            (row.get("role")?, row.get("person_id")?, row.get("valid_to")?);
        let lead: Option<Uuid> = row.get("lead_department")?;
        let home: Option<Uuid> = row.get("department_of")?;
        let gone: Option<Time> = row.get(if person_id.is_some() { "left_at" } else { "closed_at" })?;
        let mut warnings = Vec::new();
        if valid_to.is_none() {
            if role == Duty::Officer && lead.is_some() && lead != home {
                warnings.push(Warning::OfficerOutsideLeadDept);
            }
            if gone.is_some() {
                warnings.push(Warning::HolderLeft);
            }
        }
        Ok(Self {
            id: row.get("id")?,
            subject_kind: row.get("subject_kind")?,
            subject_id: row.get("subject_id")?,
            subject: row.get::<Option<String>>("subject")?.unwrap_or_default(),
            role,
            department_id: row.get("department_id")?,
            person_id,
            person: row.get("person")?,
            title: row.get("title")?,
            department: row.get("department")?,
            phone: row.get("phone")?,
            valid_from: row.get("valid_from")?,
            valid_to,
            until: row.get("until")?,
            basis: row.get("basis")?,
            reason: row.get("reason")?,
            end_reason: row.get("end_reason")?,
            end_note: row.get("end_note")?,
            successor_id: row.get("successor_id")?,
            batch_id: row.get("batch_id")?,
            created_at: row.get("created_at")?,
            warnings,
            version: row.get("version")?,
        })
    }
}

impl Shown {
    /// The name of who holds it.
    pub fn holder(&self) -> &str {
        self.person.as_deref().or(self.department.as_deref()).unwrap_or_default()
    }

    /// The last instant of the order, to be shown as its last day.
    pub fn last_day(&self) -> Option<Time> {
        self.until.map(|until| until.plus(-1))
    }

    /// The page of the subject.
    pub fn href(&self) -> String {
        self.subject_kind.href(self.subject_id)
    }

    /// Notes that the order has run out.
    pub fn judged_at(mut self, now: Time) -> Self {
        if self.valid_to.is_none() && self.until.is_some_and(|until| until <= now) {
            self.warnings.push(Warning::Expired);
        }
        self
    }
}

/// One place of a bulk assignment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What the subject is.
    pub subject_kind: SubjectKind,
    /// The enterprise, carrier or project.
    pub subject_id: Uuid,
    /// As what.
    pub role: Duty,
    /// Who, for departments' roles.
    pub department_id: Option<Uuid>,
    /// Who, for persons' roles.
    pub person_id: Option<Uuid>,
    /// What the preview or the proposal said of the place. When given and the
    /// place has changed since, nothing at all is done.
    pub seen: Option<String>,
}

/// Many assignments at once.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// The places, at most 2,000.
    pub items: Vec<Item>,
    /// Whether places that somebody holds are changed; otherwise they stay.
    #[serde(default)]
    pub replace: bool,
    /// The document that orders it.
    pub basis: Option<String>,
    /// Why; needed where somebody is replaced.
    pub reason: Option<String>,
}

words! {
    /// What a bulk assignment does at one place.
    pub enum Step {
        /// Nobody held it: opened.
        Open = "open",
        /// Somebody else held it: changed.
        Change = "change",
        /// The same holds it already.
        Same = "same",
        /// Somebody else holds it and stays.
        Stays = "stays",
    }
}

/// How a place stands, so that it can be seen whether it has changed.
pub fn standing(held: Option<(Uuid, i64)>) -> String {
    held.map_or_else(|| "free".to_owned(), |(id, version)| format!("{id}.{version}"))
}

/// What a bulk assignment does at a place that `held` holds.
pub fn step(held: Option<&Assignment>, item: &Item, replace: bool) -> Step {
    match held {
        None => Step::Open,
        Some(held) if held.person_id == item.person_id && held.department_id == item.department_id => Step::Same,
        Some(_) if item.role.is_single() && replace => Step::Change,
        Some(_) if item.role.is_single() => Step::Stays,
        Some(_) => Step::Open,
    }
}

/// What the rules need to know of the one who is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// A person: the kind of his department, if any, and whether he has left.
    Person {
        /// Kind of the department; none for people of enterprises and projects.
        department: Option<DepartmentKind>,
        /// Whether he has left.
        left: bool,
    },
    /// A department.
    Department {
        /// What kind of body it is.
        kind: DepartmentKind,
        /// Whether it is closed.
        closed: bool,
    },
}

/// Whether the candidate may hold the role: the field and code of what is wrong.
pub fn may_hold(role: Duty, candidate: Candidate) -> Result<(), (&'static str, &'static str)> {
    match (role.is_personal(), candidate) {
        (true, Candidate::Department { .. }) => Err(("person_id", "required")),
        (false, Candidate::Person { .. }) => Err(("department_id", "required")),
        (true, Candidate::Person { left: true, .. }) => Err(("person_id", "person_left")),
        (true, Candidate::Person { department, .. }) if !department.is_some_and(DepartmentKind::is_own) => {
            Err(("person_id", "person_outside"))
        }
        (false, Candidate::Department { closed: true, .. }) => Err(("department_id", "department_closed")),
        (false, Candidate::Department { kind, .. }) if role == Duty::LeadDept && !kind.is_own() => {
            Err(("department_id", "department_partner"))
        }
        _ => Ok(()),
    }
}

/// Whether a row may begin at `from`: not in the future, and, for a role that
/// one alone holds, not before an earlier holder's time was over.
pub fn may_begin(role: Duty, earlier: &[Assignment], from: Time, now: Time) -> Result<(), &'static str> {
    if from > now {
        return Err("future");
    }
    let overlaps = |row: &Assignment| row.valid_to.is_none_or(|to| to > from);
    if role.is_single() && earlier.iter().filter(|row| row.role == role).any(overlaps) {
        return Err("overlap");
    }
    Ok(())
}

/// Who answers, with what one needs to call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Holder {
    /// The assignment.
    pub assignment_id: Uuid,
    /// The person, for persons' roles.
    pub person_id: Option<Uuid>,
    /// The department: the one that holds the role, or the person's own.
    pub department_id: Option<Uuid>,
    /// Name of the person or department.
    pub name: String,
    /// The person's title.
    pub title: Option<String>,
    /// Short name of the department.
    pub department: Option<String>,
    /// The number to call: the person's, otherwise the department's.
    pub phone: Option<String>,
    /// Since when.
    pub since: Time,
    /// To when the order runs.
    pub until: Option<Time>,
    /// Whether it comes from the carrier that the enterprise sits in.
    pub inherited: bool,
    /// Short name of that carrier.
    pub inherited_from: Option<String>,
    /// Whether the person has left or the department is closed.
    pub gone: bool,
    /// Whether the order has run out.
    pub expired: bool,
    /// Version of the assignment.
    pub version: i64,
}

impl Holder {
    /// The last instant of the order, to be shown as its last day.
    pub fn last_day(&self) -> Option<Time> {
        self.until.map(|until| until.plus(-1))
    }
}

/// 谁负责: who answers for a subject at an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answerable {
    /// 包联领导
    pub leader: Option<Holder>,
    /// 牵头部门
    pub department: Option<Holder>,
    /// 经办人
    pub officer: Option<Holder>,
    /// 协助部门
    pub assistants: Vec<Holder>,
    /// Who stands in for the officer now.
    pub stand_in: Option<Holder>,
}

impl Answerable {
    /// Sorts holders into their places. What the subject holds itself goes before
    /// what it inherits, role by role. A stand-in whose time is over is left out;
    /// among several the latest counts.
    pub fn of(mut holders: Vec<(Duty, Holder)>) -> Self {
        holders.sort_by_key(|(_, holder)| (holder.inherited, std::cmp::Reverse(holder.since)));
        let mut answer = Self::default();
        for (role, holder) in holders {
            match role {
                Duty::LeadLeader => _ = answer.leader.get_or_insert(holder),
                Duty::LeadDept => _ = answer.department.get_or_insert(holder),
                Duty::Officer => _ = answer.officer.get_or_insert(holder),
                Duty::StandIn if holder.expired || holder.gone => {}
                Duty::StandIn => _ = answer.stand_in.get_or_insert(holder),
                Duty::AssistDept => {
                    let own = answer.assistants.iter().any(|first| !first.inherited);
                    if !(own && holder.inherited) {
                        answer.assistants.push(holder);
                    }
                }
            }
        }
        answer.assistants.reverse();
        answer
    }

    /// Who is called first: the stand-in, the officer, the department, the leader.
    pub fn first_to_call(&self) -> Option<&Holder> {
        let persons = self.stand_in.iter().chain(&self.officer).filter(|holder| !holder.gone);
        persons.chain(&self.department).chain(&self.leader).next()
    }

    /// The holder of one of the three roles that every subject should have.
    pub fn holder(&self, role: Duty) -> Option<&Holder> {
        match role {
            Duty::LeadLeader => self.leader.as_ref(),
            Duty::LeadDept => self.department.as_ref(),
            Duty::Officer => self.officer.as_ref(),
            Duty::StandIn => self.stand_in.as_ref(),
            Duty::AssistDept => None,
        }
    }

    /// The holders of the three roles, in order, each with the role.
    pub fn needed(&self) -> [(Duty, Option<&Holder>); 3] {
        Duty::NEEDED.map(|role| (role, self.holder(role)))
    }

    /// What is missing.
    pub fn gaps(&self) -> Vec<GapKind> {
        let mut gaps = Vec::new();
        for (role, none, gone) in [
            (Duty::LeadLeader, GapKind::NoLeader, GapKind::LeaderLeft),
            (Duty::LeadDept, GapKind::NoDepartment, GapKind::DepartmentClosed),
            (Duty::Officer, GapKind::NoOfficer, GapKind::OfficerLeft),
        ] {
            match self.holder(role) {
                None => gaps.push(none),
                Some(holder) if holder.gone => gaps.push(gone),
                Some(_) => {}
            }
        }
        if Duty::NEEDED.iter().filter_map(|role| self.holder(*role)).any(|holder| holder.expired && !holder.gone) {
            gaps.push(GapKind::Expired);
        }
        gaps
    }

    /// Whether the officer is of another department than the lead department.
    pub fn officer_is_lent(&self) -> bool {
        match (&self.officer, &self.department) {
            (Some(officer), Some(department)) => officer.department_id != department.department_id,
            _ => false,
        }
    }
}

/// How heavy a subject weighs in the load of who answers for it: 1, one more
/// when it is a key enterprise (重点企业), one more from 300 people on; a project
/// weighs 3, a carrier 2. The rule is meant to be read aloud in a meeting.
pub fn weight(kind: SubjectKind, key: bool, headcount: Option<i64>) -> i64 {
    match kind {
        SubjectKind::Enterprise => 1 + i64::from(key) + i64::from(headcount.is_some_and(|n| n >= 300)),
        SubjectKind::Carrier => 2,
        SubjectKind::Project => 3,
    }
}

/// A subject for which somebody is to be proposed.
#[derive(Clone, Debug)]
pub struct Open {
    /// What it is.
    pub kind: SubjectKind,
    /// Its key.
    pub id: Uuid,
    /// Its short name.
    pub name: String,
    /// The carrier it sits in.
    pub carrier_id: Option<Uuid>,
    /// Its weight.
    pub weight: i64,
    /// Roles that want somebody.
    pub wanted: Vec<Duty>,
    /// The lead department it has.
    pub department_id: Option<Uuid>,
}

/// Somebody who can take more.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Department or person.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// A person's department.
    pub department_id: Option<Uuid>,
    /// The weights of what it holds now, added up.
    pub load: i64,
}

words! {
    /// Why somebody is proposed.
    pub enum Because {
        /// It answers for most of the neighbours in the same carrier.
        Neighbours = "neighbours",
        /// It has the least to answer for.
        LeastLoaded = "least_loaded",
    }
}

/// A proposal for one place, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// What the subject is.
    pub kind: SubjectKind,
    /// The subject.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject: String,
    /// As what.
    pub role: Duty,
    /// Who.
    pub unit_id: Uuid,
    /// Name of who.
    pub unit: String,
    /// Why.
    pub because: Because,
    /// How many neighbours in the same carrier it answers for.
    pub neighbours: i64,
    /// Its load before.
    pub load_before: i64,
    /// Its load with this subject.
    pub load_after: i64,
}

/// Who is there to propose, and who answers where now.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// Leaders.
    pub leaders: Vec<Unit>,
    /// Own departments.
    pub departments: Vec<Unit>,
    /// Officers, with their departments.
    pub officers: Vec<Unit>,
    /// How many subjects of a carrier somebody answers for: (carrier, holder) → n.
    pub neighbours: BTreeMap<(Uuid, Uuid), i64>,
}

/// Proposes somebody for every wanted place.
///
/// The rule: heaviest subjects first (then by name). For each place take the
/// unit that answers for most neighbours in the same carrier, so that one park
/// has one face, unless its load would pass one and a half times the average;
/// otherwise the one with the least load. An officer is sought in the lead
/// department. Loads grow as places are proposed.
pub fn propose(mut open: Vec<Open>, mut field: Field) -> Vec<Proposed> {
    open.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.name.cmp(&b.name)).then_with(|| a.id.cmp(&b.id)));
    let coming: i64 = open.iter().map(|subject| subject.weight).sum();
    let mut proposed = Vec::new();
    for subject in open {
        let mut department = subject.department_id;
        for role in Duty::NEEDED.into_iter().filter(|role| subject.wanted.contains(role)) {
            let units = match role {
                Duty::LeadLeader => &mut field.leaders,
                Duty::LeadDept => &mut field.departments,
                _ => &mut field.officers,
            };
            let average = (units.iter().map(|unit| unit.load).sum::<i64>() + coming) / units.len().max(1) as i64;
            let near = |unit: &Unit| {
                subject.carrier_id.and_then(|carrier| field.neighbours.get(&(carrier, unit.id))).copied().unwrap_or(0)
            };
            let has_room = |unit: &Unit| 2 * (unit.load + subject.weight) <= 3 * average.max(subject.weight);
            let fits = |unit: &Unit| role != Duty::Officer || department.is_none() || unit.department_id == department;
            let best = units
                .iter()
                .enumerate()
                .filter(|(_, unit)| fits(unit))
                .min_by_key(|(_, unit)| {
                    let near = if has_room(unit) { near(unit) } else { 0 };
                    (std::cmp::Reverse(near), unit.load, unit.name.clone(), unit.id)
                })
                .map(|(i, _)| i);
            let Some(i) = best else { continue };
            let neighbours = near(&units[i]);
            let because =
                if neighbours > 0 && has_room(&units[i]) { Because::Neighbours } else { Because::LeastLoaded };
            let unit = &mut units[i];
            let load_before = unit.load;
            unit.load += subject.weight;
            if role == Duty::LeadDept {
                department = Some(unit.id);
            }
            proposed.push(Proposed {
                kind: subject.kind,
                subject_id: subject.id,
                subject: subject.name.clone(),
                role,
                unit_id: unit.id,
                unit: unit.name.clone(),
                because,
                neighbours,
                load_before,
                load_after: unit.load,
            });
            if let Some(carrier) = subject.carrier_id {
                *field.neighbours.entry((carrier, units[i].id)).or_default() += 1;
            }
        }
    }
    proposed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(n: i64) -> Time {
        Time::from_ms(n)
    }

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn row(role: Duty, from: i64, to: Option<i64>) -> Assignment {
        Assignment {
            id: id(1),
            subject_kind: SubjectKind::Enterprise,
            subject_id: id(2),
            role,
            department_id: None,
            person_id: Some(id(3)),
            valid_from: time(from),
            valid_to: to.map(time),
            until: None,
            basis: None,
            reason: None,
            end_reason: None,
            end_note: None,
            successor_id: None,
            batch_id: None,
            created_at: time(from),
            version: 1,
        }
    }

    #[test]
    fn who_may_hold_what() {
        let own = DepartmentKind::Department;
        let person = |department, left| Candidate::Person { department, left };
        let department = |kind, closed| Candidate::Department { kind, closed };
        for (role, candidate, expected) in [
            (Duty::LeadLeader, person(Some(DepartmentKind::Leadership), false), Ok(())),
            (Duty::Officer, person(Some(own), false), Ok(())),
            (Duty::Officer, person(Some(own), true), Err(("person_id", "person_left"))),
            (Duty::Officer, person(None, false), Err(("person_id", "person_outside"))),
            (Duty::StandIn, person(Some(DepartmentKind::Traffic), false), Err(("person_id", "person_outside"))),
            (Duty::Officer, department(own, false), Err(("person_id", "required"))),
            (Duty::LeadDept, department(own, false), Ok(())),
            (Duty::LeadDept, department(own, true), Err(("department_id", "department_closed"))),
            (Duty::LeadDept, department(DepartmentKind::Bank, false), Err(("department_id", "department_partner"))),
            (Duty::AssistDept, department(DepartmentKind::Bank, false), Ok(())),
            (Duty::LeadDept, person(Some(own), false), Err(("department_id", "required"))),
        ] {
            assert_eq!(may_hold(role, candidate), expected, "{role} {candidate:?}");
        }
    }

    #[test]
    fn one_holder_follows_another_without_overlap() {
        let now = time(100);
        let ended = row(Duty::Officer, 10, Some(50));
        let held = row(Duty::Officer, 50, None);
        for (what, role, earlier, from, expected) in [
            ("first holder", Duty::Officer, vec![], 100, Ok(())),
            ("back-dated to the end of the last", Duty::Officer, vec![ended.clone()], 50, Ok(())),
            ("back-dated into the last", Duty::Officer, vec![ended.clone()], 49, Err("overlap")),
            ("while somebody holds it", Duty::Officer, vec![ended.clone(), held.clone()], 100, Err("overlap")),
            ("another role is not in the way", Duty::LeadDept, vec![held], 100, Ok(())),
            ("many may assist", Duty::AssistDept, vec![row(Duty::AssistDept, 10, None)], 100, Ok(())),
            ("not in advance", Duty::Officer, vec![], 101, Err("future")),
        ] {
            assert_eq!(may_begin(role, &earlier, time(from), now), expected, "{what}");
        }
    }

    #[test]
    fn a_row_holds_from_its_first_instant_to_before_its_last() {
        let row = row(Duty::Officer, 10, Some(20));
        for (at, held) in [(9, false), (10, true), (19, true), (20, false)] {
            assert_eq!(row.held_at(time(at)), held, "{at}");
        }
    }

    fn holder(n: u128, inherited: bool) -> Holder {
        Holder {
            person_id: Some(id(n)),
            department_id: Some(id(90)),
            inherited,
            name: format!("{n}"),
            ..Holder::default()
        }
    }

    #[test]
    fn an_enterprise_inherits_what_it_has_not() {
        let answer = Answerable::of(vec![
            (Duty::LeadLeader, holder(1, true)),
            (Duty::LeadDept, holder(2, true)),
            (Duty::LeadDept, holder(3, false)),
            (Duty::AssistDept, holder(4, true)),
            (Duty::AssistDept, holder(5, false)),
        ]);
        assert_eq!(answer.leader, Some(holder(1, true)));
        assert_eq!(answer.department, Some(holder(3, false)));
        assert_eq!(answer.assistants, [holder(5, false)]);
        assert_eq!(answer.officer, None);
        assert_eq!(answer.gaps(), [GapKind::NoOfficer]);
    }

    #[test]
    fn gaps_are_named() {
        let gone = Holder { gone: true, ..holder(1, false) };
        let expired = Holder { expired: true, ..holder(1, false) };
        let full = || vec![(Duty::LeadLeader, holder(1, false)), (Duty::LeadDept, holder(2, false))];
        for (officer, gaps) in [
            (Some(holder(3, false)), vec![]),
            (None, vec![GapKind::NoOfficer]),
            (Some(gone), vec![GapKind::OfficerLeft]),
            (Some(expired), vec![GapKind::Expired]),
        ] {
            let mut holders = full();
            holders.extend(officer.clone().map(|officer| (Duty::Officer, officer)));
            assert_eq!(Answerable::of(holders).gaps(), gaps, "{officer:?}");
        }
        assert_eq!(Answerable::default().gaps(), [GapKind::NoLeader, GapKind::NoDepartment, GapKind::NoOfficer]);
    }

    #[test]
    fn the_stand_in_is_called_while_his_time_runs() {
        let with =
            |stand_in: Holder| Answerable::of(vec![(Duty::Officer, holder(1, false)), (Duty::StandIn, stand_in)]);
        assert_eq!(with(holder(2, false)).first_to_call().map(|h| h.name.as_str()), Some("2"));
        let over = Holder { expired: true, ..holder(2, false) };
        assert_eq!(with(over).first_to_call().map(|h| h.name.as_str()), Some("1"));
    }

    #[test]
    fn a_lent_officer_is_a_warning() {
        let mut officer = holder(1, false);
        let department = Holder { person_id: None, ..holder(2, false) };
        let of = |officer: &Holder| {
            Answerable::of(vec![(Duty::Officer, officer.clone()), (Duty::LeadDept, department.clone())])
                .officer_is_lent()
        };
        assert!(!of(&officer));
        officer.department_id = Some(id(91));
        assert!(of(&officer));
    }

    #[test]
    fn what_a_bulk_assignment_does_at_a_place() {
        let item = |role, person| Item {
            subject_kind: SubjectKind::Enterprise,
            subject_id: id(2),
            role,
            department_id: None,
            person_id: Some(id(person)),
            seen: None,
        };
        let held = row(Duty::Officer, 1, None);
        for (held, person, replace, expected) in [
            (None, 3, false, Step::Open),
            (Some(&held), 3, true, Step::Same),
            (Some(&held), 4, true, Step::Change),
            (Some(&held), 4, false, Step::Stays),
        ] {
            assert_eq!(step(held, &item(Duty::Officer, person), replace), expected, "{person} {replace}");
        }
        let stand_in = row(Duty::StandIn, 1, None);
        assert_eq!(step(Some(&stand_in), &item(Duty::StandIn, 4), true), Step::Open);
    }

    #[test]
    fn weights() {
        for (kind, key, headcount, expected) in [
            (SubjectKind::Enterprise, false, None, 1),
            (SubjectKind::Enterprise, true, Some(299), 2),
            (SubjectKind::Enterprise, true, Some(300), 3),
            (SubjectKind::Carrier, false, None, 2),
            (SubjectKind::Project, false, None, 3),
        ] {
            assert_eq!(weight(kind, key, headcount), expected, "{kind} {key} {headcount:?}");
        }
    }

    fn unit(n: u128, department: Option<u128>, load: i64) -> Unit {
        Unit { id: id(n), name: format!("单位{n}"), department_id: department.map(id), load }
    }

    fn open(n: u128, carrier: Option<u128>, weight: i64, wanted: &[Duty]) -> Open {
        Open {
            kind: SubjectKind::Enterprise,
            id: id(n),
            name: format!("企业{n}"),
            carrier_id: carrier.map(id),
            weight,
            wanted: wanted.to_vec(),
            department_id: None,
        }
    }

    #[test]
    fn a_proposal_evens_out_the_load_and_says_so() {
        let field = Field { departments: vec![unit(1, None, 5), unit(2, None, 0)], ..Field::default() };
        let proposed = propose((10..15).map(|n| open(n, None, 1, &[Duty::LeadDept])).collect(), field);
        assert!(proposed.iter().all(|p| p.unit_id == id(2) && p.because == Because::LeastLoaded));
        assert_eq!(proposed.last().map(|p| (p.load_before, p.load_after)), Some((4, 5)));
    }

    #[test]
    fn neighbours_have_one_face_until_it_is_overloaded() {
        let neighbours = BTreeMap::from([((id(50), id(1)), 3)]);
        let field = Field { departments: vec![unit(1, None, 3), unit(2, None, 0)], neighbours, ..Field::default() };
        let near = propose(
            vec![open(10, Some(50), 1, &[Duty::LeadDept])],
            Field { departments: vec![unit(1, None, 3), unit(2, None, 3)], ..field.clone() },
        );
        assert_eq!((near[0].unit_id, near[0].because, near[0].neighbours), (id(1), Because::Neighbours, 3));
        let full = Field { departments: vec![unit(1, None, 30), unit(2, None, 0)], ..field };
        let far = propose(vec![open(10, Some(50), 1, &[Duty::LeadDept])], full);
        assert_eq!((far[0].unit_id, far[0].because), (id(2), Because::LeastLoaded));
    }

    #[test]
    fn an_officer_comes_from_the_proposed_department() {
        let field = Field {
            departments: vec![unit(1, None, 0)],
            officers: vec![unit(7, Some(2), 0), unit(8, Some(1), 9)],
            ..Field::default()
        };
        let proposed = propose(vec![open(10, None, 1, &[Duty::Officer, Duty::LeadDept])], field);
        assert_eq!(proposed.iter().map(|p| p.unit_id).collect::<Vec<_>>(), [id(1), id(8)]);
    }

    #[test]
    fn nobody_is_proposed_where_nobody_can_be() {
        assert_eq!(propose(vec![open(10, None, 1, &[Duty::LeadLeader])], Field::default()), []);
    }
}
