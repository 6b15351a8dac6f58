//! What each row says, and what becomes of it. Here everything is read and
//! nothing written, so that no writer waits while names are compared.

use super::matching::Register;
use super::{Candidate, Choice, Choices, Fault, Kind, cells, columns};
use crate::actor::Actor;
use crate::app::App;
use crate::assignment::desk as assignment;
use crate::assignment::{Bulk, Duty, Item, Step, reach};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::organisation::{
    DepartmentChange, DepartmentKind, NewDepartment, NewPerson, PersonChange, desk as organisation,
};
use crate::patch::Patch;
use crate::project::{Level, NewProject, ProjectPatch, Stage, desk as project};
use crate::registry::{
    CarrierKind, CarrierPatch, Contact, Enterprise, EnterprisePatch, NewCarrier, NewContact, NewEnterprise, Status,
    Tag, store as register,
};
use crate::subject::SubjectKind;
use crate::zone::Zone;
use ::store::Tx;
use hanzi::name_key;
use identifiers::Uscc;
use jiff::tz::TimeZone;
use paper::Record;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// What is to be written for a row.
pub enum Op {
    Enterprise(Box<Enterprise>, Option<NewContact>),
    ChangeEnterprise(Uuid, Box<EnterprisePatch>, Option<NewContact>),
    Carrier(NewCarrier),
    ChangeCarrier(Uuid, CarrierPatch),
    Contact(Uuid, NewContact),
    Department(NewDepartment),
    ChangeDepartment(Uuid, DepartmentChange),
    Person(NewPerson),
    ChangePerson(Uuid, PersonChange),
    Project(Box<NewProject>),
    ChangeProject(Uuid, Box<ProjectPatch>),
    Assign(Bulk),
}

/// What a row is to the records that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Create,
    Update,
    Same,
}

impl What {
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Same => "same",
        }
    }
}

/// What becomes of a row.
pub enum Verdict {
    /// It is taken; nothing is to be written when it says what is known.
    Take(What, Option<Box<Op>>),
    /// It comes back.
    Reject(Vec<Fault>),
    /// It comes back because it may be somebody known.
    Doubt(Candidate, Vec<Fault>),
    /// It is left out, as was chosen.
    Skip,
}

/// A row of the file.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// Its place among all rows of the file.
    pub n: i64,
    /// The place of its sheet.
    pub sheet: usize,
    pub record: &'a Record,
}

/// A row and what becomes of it.
pub struct Planned<'a> {
    pub line: Line<'a>,
    pub name: String,
    pub verdict: Verdict,
}

/// Something wrong with a cell.
fn fault(record: &Record, column: &str, error: FieldError) -> Fault {
    Fault {
        column: record.letter(column),
        code: error.code.to_owned(),
        args: error.args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

/// A refusal of a desk as faults of the row; what is no refusal goes on.
pub fn refused(kind: Kind, record: &Record, error: Error) -> Result<Vec<Fault>> {
    // A field within a part: contacts/0/phone, items/0/person_id.
    let column = |field: &str| {
        let last = field.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap_or_default();
        match (kind, last) {
            (Kind::Contacts, "name") | (_, "contact_name") => "contact",
            (Kind::Enterprises, "name") if field.starts_with("contacts") => "contact",
            (Kind::Assignments, "person_id") => "officer",
            (Kind::Assignments, "department_id") => "lead_dept",
            (Kind::Assignments, "subject_id") => "subject",
            (Kind::Staff, "department_id") => "department",
            (Kind::Departments, "parent_id") => "parent",
            (Kind::Projects, "enterprise_id") => "enterprise",
            _ => columns::key(kind, last).unwrap_or_default(),
        }
    };
    match error {
        Error::Invalid(errors) => Ok(errors
            .into_iter()
            .map(|error| {
                let key = column(&error.field);
                fault(record, key, error)
            })
            .collect()),
        Error::Conflict(Conflict::Taken(field)) => {
            Ok(vec![fault(record, column(field), FieldError::new(field, "taken"))])
        }
        Error::Conflict(Conflict::State(_) | Conflict::Stale(_)) => {
            Ok(vec![fault(record, "", FieldError::new("row", "import_state"))])
        }
        Error::NotFound => Ok(vec![fault(record, "", FieldError::new("row", "import_gone"))]),
        other => Err(other),
    }
}

/// An enterprise as its row tells it.
struct Told {
    new: NewEnterprise,
    /// Whether the row says if it is a key enterprise.
    key: Option<bool>,
    contact: Option<NewContact>,
    /// The enterprise that it changes.
    known: Option<Uuid>,
}

/// What of a row comes before the register is read for it.
enum First {
    Enterprise(Box<Told>),
    Contact(Uuid, NewContact),
    Other,
    Settled(Verdict),
}

/// One run over a file.
pub struct Run<'a> {
    app: &'a App,
    who: &'a Actor,
    pub kind: Kind,
    known: Register,
    choices: Choices,
    /// The sheet and row in which a code or name stood first in this file.
    seen: HashMap<String, (usize, usize)>,
    /// The names of the sheets.
    sheets: Vec<String>,
    file_name: String,
    zone: TimeZone,
}

impl<'a> Run<'a> {
    pub async fn new(
        app: &'a App,
        who: &'a Actor,
        kind: Kind,
        file_name: &str,
        sheets: Vec<String>,
        choices: Choices,
    ) -> Result<Self> {
        let known = Register::read(app, who.zone_id, kind).await?;
        let zone = Zone::get(&mut app.read().await?, who.zone_id).await?.time_zone();
        Ok(Self { app, who, kind, known, choices, seen: HashMap::new(), sheets, file_name: file_name.to_owned(), zone })
    }

    /// Looks at a row that was worked before, so that doubles of it are found.
    pub fn pass(&mut self, line: Line<'_>) {
        let _ = self.double(line);
    }

    /// What becomes of these rows.
    pub async fn plan<'l>(&mut self, lines: &[Line<'l>]) -> Result<Vec<Planned<'l>>> {
        let mut firsts = Vec::with_capacity(lines.len());
        for line in lines {
            firsts.push(self.first(*line));
        }
        let mut tx = self.app.read().await?;
        let current = Current::read(&mut tx, self.who, &firsts).await?;
        let mut planned = Vec::with_capacity(lines.len());
        for (line, first) in lines.iter().zip(firsts) {
            let record = line.record;
            let verdict = match first {
                First::Settled(verdict) => verdict,
                First::Enterprise(told) => self.enterprise(&current, record, *told),
                First::Contact(id, contact) => contact_of(&current, record, id, contact),
                First::Other => match self.other(&mut tx, record).await {
                    Ok(verdict) => verdict,
                    Err(error) => Verdict::Reject(refused(self.kind, record, error)?),
                },
            };
            planned.push(Planned { line: *line, name: self.name_of(record).to_owned(), verdict });
        }
        Ok(planned)
    }

    fn name_of<'r>(&self, record: &'r Record) -> &'r str {
        match self.kind {
            Kind::Contacts => record.get("contact"),
            Kind::Assignments => record.get("subject"),
            _ => record.get("name"),
        }
    }

    /// A row that says again what stood above in the same file.
    fn double(&mut self, line: Line<'_>) -> Option<Fault> {
        let record = line.record;
        let mut keys: Vec<(String, &str)> = Vec::new();
        match self.kind {
            Kind::Enterprises => {
                keys.extend(record.opt("uscc").map(|code| (format!("u{}", Uscc::normalise(code)), "uscc")));
                keys.extend(record.opt("name").map(|name| (format!("n{}", name_key(name)), "name")));
            }
            Kind::Carriers | Kind::Departments => {
                keys.extend(record.opt("name").map(|name| (format!("n{name}"), "name")));
            }
            Kind::Projects => {
                keys.extend(record.opt("code").map(|code| (format!("p{}", project::plain_code(code)), "code")));
                keys.extend(record.opt("name").map(|name| (format!("n{name}"), "name")));
            }
            Kind::Contacts => {
                keys.push((format!("c{} {}", record.get("enterprise"), record.get("contact")), "contact"));
            }
            Kind::Staff => keys.push((format!("s{} {}", record.get("department"), record.get("name")), "name")),
            Kind::Assignments => {
                keys.extend(record.opt("subject").map(|name| (format!("n{}", name_key(name)), "subject")));
            }
        }
        for (key, column) in &keys {
            if let Some((sheet, row)) = self.seen.get(key) {
                let code = if *sheet == line.sheet { "import_twice" } else { "import_twice_there" };
                let sheet = self.sheets.get(*sheet).map(String::as_str).unwrap_or_default();
                let error = FieldError::new(*column, code).with("row", row).with("sheet", sheet);
                return Some(fault(record, column, error));
            }
        }
        for (key, _) in keys {
            self.seen.insert(key, (line.sheet, record.row));
        }
        None
    }

    /// What the row says by itself, and whom it means.
    fn first(&mut self, line: Line<'_>) -> First {
        let record = line.record;
        if let Some(fault) = self.double(line) {
            return First::Settled(Verdict::Reject(vec![fault]));
        }
        match self.kind {
            Kind::Enterprises => self.told(line).unwrap_or_else(First::Settled),
            Kind::Contacts => self.contact(record).unwrap_or_else(|faults| First::Settled(Verdict::Reject(faults))),
            _ => First::Other,
        }
    }

    fn carrier(&self, record: &Record, faults: &mut Vec<Fault>) -> Option<Uuid> {
        let name = record.opt("carrier_id")?;
        let found = self.known.carriers.find(name);
        if found.is_none() {
            let error = self.known.carriers.unknown("carrier_id", name, "import_carrier_near", "import_carrier");
            faults.push(fault(record, "carrier_id", error));
        }
        found
    }

    // ---- enterprises ---------------------------------------------------------

    fn told(&mut self, line: Line<'_>) -> Result<First, Verdict> {
        let record = line.record;
        let mut faults = Vec::new();
        let carrier_id = self.carrier(record, &mut faults);
        let mut note = |column: &str, error: FieldError| faults.push(fault(record, column, error));
        let text = |key: &str| record.opt(key).map(str::to_owned);
        let headcount = record.opt("headcount").and_then(|text| {
            let n = cells::number(text);
            if n.is_none() {
                note("headcount", FieldError::new("headcount", "import_number").with("text", text));
            }
            n
        });
        let key = record.opt("key").and_then(|text| {
            let key = cells::truth(text);
            if key.is_none() {
                note("key", FieldError::new("key", "import_truth").with("text", text));
            }
            key
        });
        let status = record.opt("status").and_then(|text| {
            let status = cells::labelled(Status::ALL, "enterprise-status", Status::word, text);
            if status.is_none() {
                note("status", FieldError::new("status", "import_word").with("text", text));
            }
            status
        });
        let confirmed = record.opt("confirmed_at").and_then(|text| {
            let day = cells::day(text);
            if day.is_none() {
                note("confirmed_at", FieldError::new("confirmed_at", "import_day").with("text", text));
            }
            day
        });
        let mut tags = Vec::new();
        for text in record.opt("tags").into_iter().flat_map(cells::list_of) {
            match cells::labelled(Tag::ALL, "enterprise-tag", Tag::word, text) {
                Some(tag) => tags.push(tag),
                None => note("tags", FieldError::new("tags", "import_word").with("text", text)),
            }
        }
        let contact = record.opt("contact").or(record.opt("phone")).map(|_| NewContact {
            name: record.get("contact").to_owned(),
            title: text("title"),
            phone: text("phone"),
            ..NewContact::default()
        });
        if let Some(contact) = &contact {
            if contact.name.is_empty() {
                note("contact", FieldError::new("contact", "import_contact"));
            }
            // All that the register would refuse: it is asked when the row can no longer be given back.
            let (title, phone) = (contact.title.as_deref(), contact.phone.as_deref());
            for error in organisation::wrong_person(&contact.name, title, phone, None) {
                match error.field.as_ref() {
                    "name" if contact.name.is_empty() => {}
                    "name" => note("contact", error),
                    "title" => note("title", error),
                    _ => note("phone", error),
                }
            }
        }
        let new = NewEnterprise {
            name: record.get("name").to_owned(),
            short_names: record.opt("short_names").into_iter().flat_map(cells::list_of).map(str::to_owned).collect(),
            uscc: text("uscc"),
            uscc_note: text("uscc_note"),
            legacy_reg_no: text("legacy_reg_no"),
            carrier_id,
            industry_code: text("industry_code"),
            headcount,
            key: key.unwrap_or_default(),
            status,
            address: text("address"),
            tags,
            note: text("note"),
            source: Some(self.file_name.chars().take(60).collect()),
            confirmed_at: confirmed.map(|day| day.start(&self.zone)),
            ..NewEnterprise::default()
        };
        let new = match new.checked() {
            Ok(new) => new,
            Err(Error::Invalid(errors)) => {
                faults.extend(errors.into_iter().map(|error| {
                    let key = columns::key(self.kind, error.field.split('/').next().unwrap_or_default());
                    fault(record, key.unwrap_or_default(), error)
                }));
                return Err(Verdict::Reject(faults));
            }
            Err(_) => return Err(Verdict::Reject(faults)),
        };
        let known = match self.known.same(&new) {
            Ok(known) => known,
            Err((column, error)) => {
                faults.push(fault(record, column, error));
                None
            }
        };
        if !faults.is_empty() {
            return Err(Verdict::Reject(faults));
        }
        let known = match known {
            Some(known) => Some(known),
            None => self.decided(line, &new)?,
        };
        if known.is_none() {
            let id = Uuid::now_v7();
            let new = NewEnterprise { id: Some(id), ..new };
            self.known.made(id, &new, record.row);
            return Ok(First::Enterprise(Box::new(Told { new, key, contact, known: None })));
        }
        Ok(First::Enterprise(Box::new(Told { new, key, contact, known })))
    }

    /// For a name that is not known: whether it is like one that is, and what was
    /// chosen then. Answers the enterprise that the row is to change.
    fn decided(&self, line: Line<'_>, new: &NewEnterprise) -> Result<Option<Uuid>, Verdict> {
        let Some(candidate) = self.known.alike(new) else { return Ok(None) };
        match (self.choices.of(line.n), candidate.id) {
            (Some(Choice::New), _) => Ok(None),
            (Some(Choice::Update), Some(id)) => Ok(Some(id)),
            (Some(Choice::Skip), _) => Err(Verdict::Skip),
            (Some(Choice::Update), None) | (None, _) => {
                let code = if candidate.id.is_some() { "import_alike" } else { "import_alike_here" };
                let error = FieldError::new("name", code)
                    .with("name", &candidate.name)
                    .with("why", candidate.why(crate::text::Lang::Zh))
                    .with("row", candidate.row.unwrap_or_default())
                    .with("own", &new.name);
                let faults = vec![fault(line.record, "name", error)];
                Err(Verdict::Doubt(candidate, faults))
            }
        }
    }

    fn enterprise(&self, current: &Current, record: &Record, told: Told) -> Verdict {
        let Told { new, key, contact, known } = told;
        let Some(id) = known else {
            let mut one = new.record(new.id.unwrap_or_else(Uuid::now_v7), self.app.now());
            one.confirmed_at = one.confirmed_at.or(Some(self.app.now()));
            return Verdict::Take(What::Create, Some(Box::new(Op::Enterprise(Box::new(one), contact))));
        };
        let Some(old) = current.enterprises.get(&id) else {
            // Made by a row above, or gone since the run began.
            return Verdict::Reject(vec![fault(record, "", FieldError::new("row", "import_gone"))]);
        };
        let contact = match contact {
            Some(contact) => match current.contact(id, contact) {
                Ok(contact) => contact,
                Err(error) => return Verdict::Reject(vec![fault(record, "contact", error)]),
            },
            None => None,
        };
        let patch = patch_of(old, new, key);
        let after = match patch.clone().apply(old).checked() {
            Ok(after) => after.record(id, old.created_at),
            Err(Error::Invalid(errors)) => {
                return Verdict::Reject(errors.into_iter().map(|error| fault(record, "", error)).collect());
            }
            Err(_) => return Verdict::Reject(vec![fault(record, "", FieldError::new("row", "import_state"))]),
        };
        if after.facts() == old.facts() && contact.is_none() {
            return Verdict::Take(What::Same, None);
        }
        Verdict::Take(What::Update, Some(Box::new(Op::ChangeEnterprise(id, Box::new(patch), contact))))
    }

    // ---- contacts ------------------------------------------------------------

    fn named(&self, record: &Record, column: &'static str) -> Result<Uuid, Vec<Fault>> {
        let name = record.get(column);
        let found = self.known.enterprise(name, record.opt("uscc"));
        found.ok_or_else(|| vec![fault(record, column, self.known.unknown(column, name))])
    }

    fn contact(&self, record: &Record) -> Result<First, Vec<Fault>> {
        let enterprise = self.named(record, "enterprise")?;
        let text = |key: &str| record.opt(key).map(str::to_owned);
        let contact = NewContact {
            id: None,
            name: record.get("contact").to_owned(),
            title: text("title"),
            phone: text("phone"),
            email: text("email"),
            primary: cells::truth(record.get("primary")).unwrap_or_default(),
        };
        let wrong = organisation::wrong_person(
            &contact.name,
            contact.title.as_deref(),
            contact.phone.as_deref(),
            contact.email.as_deref(),
        );
        if !wrong.is_empty() {
            return refused(self.kind, record, Error::Invalid(wrong)).map_or_else(|_| Ok(First::Other), Err);
        }
        Ok(First::Contact(enterprise, contact))
    }

    // ---- the rest ------------------------------------------------------------

    async fn other(&mut self, tx: &mut Tx, record: &Record) -> Result<Verdict> {
        match self.kind {
            Kind::Carriers => self.carrier_row(tx, record).await,
            Kind::Departments => self.department_row(tx, record).await,
            Kind::Staff => self.staff_row(tx, record).await,
            Kind::Projects => self.project_row(tx, record).await,
            Kind::Assignments => self.assignment_row(record).await,
            Kind::Enterprises | Kind::Contacts => Err(Error::Internal("planned by its own function".into())),
        }
    }

    async fn carrier_row(&mut self, tx: &mut Tx, record: &Record) -> Result<Verdict> {
        let text = |key: &str| record.opt(key).map(str::to_owned);
        let Some(kind) = cells::labelled(CarrierKind::ALL, "carrier-kind", CarrierKind::word, record.get("kind"))
        else {
            let error = FieldError::new("kind", "import_word").with("text", record.get("kind"));
            return Ok(Verdict::Reject(vec![fault(record, "kind", error)]));
        };
        let zone = self.who.zone_id;
        let new = NewCarrier {
            id: Some(Uuid::now_v7()),
            name: record.get("name").to_owned(),
            short_name: text("short_name"),
            kind,
            address: text("address"),
            note: text("note"),
        }
        .checked()?;
        let Some(id) = register::carrier_named(tx, zone, &new.name, Uuid::nil()).await? else {
            return Ok(Verdict::Take(What::Create, Some(Box::new(Op::Carrier(new)))));
        };
        let old = register::carrier(tx, zone, id).await?.ok_or(Error::NotFound)?;
        let patch = CarrierPatch {
            short_name: new.short_name,
            kind: Some(kind),
            address: set(new.address),
            note: set(new.note),
            ..CarrierPatch::default()
        };
        let differs = patch.short_name.as_ref().is_some_and(|s| *s != old.short_name)
            || kind != old.kind
            || patch.address.clone().apply(old.address.clone()) != old.address
            || patch.note.clone().apply(old.note.clone()) != old.note;
        Ok(changed_if(differs, Op::ChangeCarrier(id, patch)))
    }

    async fn department_row(&mut self, tx: &mut Tx, record: &Record) -> Result<Verdict> {
        let text = |key: &str| record.opt(key).map(str::to_owned);
        let mut faults = Vec::new();
        let kind = record.opt("kind").and_then(|text| {
            let kind = cells::labelled(DepartmentKind::ALL, "department-kind", DepartmentKind::word, text);
            if kind.is_none() {
                faults.push(fault(record, "kind", FieldError::new("kind", "import_word").with("text", text)));
            }
            kind
        });
        let parent_id = record.opt("parent").and_then(|name| {
            let found = self.known.departments.find(name);
            if found.is_none() {
                let error =
                    self.known.departments.unknown("parent", name, "import_department_near", "import_department");
                faults.push(fault(record, "parent", error));
            }
            found
        });
        let name = record.get("name");
        faults.extend(
            organisation::wrong_department(name, record.opt("short_name"), record.opt("phone")).into_iter().map(
                |error| {
                    let key = columns::key(self.kind, &error.field).unwrap_or_default();
                    fault(record, key, error)
                },
            ),
        );
        if !faults.is_empty() {
            return Ok(Verdict::Reject(faults));
        }
        let known = self.known.offices.iter().find(|office| office.name == name.trim()).map(|office| office.id);
        let Some(id) = known else {
            let new = NewDepartment {
                id: Some(Uuid::now_v7()),
                name: name.to_owned(),
                short_name: text("short_name"),
                kind: kind.unwrap_or(DepartmentKind::Department),
                parent_id,
                position: None,
                phone: text("phone"),
                industries: None,
                valid_from: None,
            };
            return Ok(Verdict::Take(What::Create, Some(Box::new(Op::Department(new)))));
        };
        let old = organisation::department(tx, self.who.zone_id, id).await?;
        let change = DepartmentChange {
            name: None,
            short_name: text("short_name"),
            kind,
            parent_id: parent_id.map_or(Patch::Keep, Patch::Set),
            position: None,
            phone: set(text("phone")),
            industries: Patch::Keep,
        };
        let differs = change.short_name.as_ref().is_some_and(|s| *s != old.short_name)
            || kind.is_some_and(|kind| kind != old.kind)
            || change.parent_id.clone().apply(old.parent_id) != old.parent_id
            || change.phone.clone().apply(old.phone.clone()) != old.phone;
        Ok(changed_if(differs, Op::ChangeDepartment(id, change)))
    }

    async fn staff_row(&mut self, tx: &mut Tx, record: &Record) -> Result<Verdict> {
        let text = |key: &str| record.opt(key).map(str::to_owned);
        let mut faults = Vec::new();
        let named = record.get("department");
        let department = self.known.departments.find(named);
        if department.is_none() {
            let error =
                self.known.departments.unknown("department", named, "import_department_near", "import_department");
            faults.push(fault(record, "department", error));
        }
        let position = record.opt("position").and_then(|text| {
            let n = cells::number(text);
            if n.is_none() {
                faults.push(fault(record, "position", FieldError::new("position", "import_number").with("text", text)));
            }
            n
        });
        let name = record.get("name").trim();
        let (title, phone, email) = (record.opt("title"), record.opt("phone"), record.opt("email"));
        faults.extend(organisation::wrong_person(name, title, phone, email).into_iter().map(|error| {
            let key = columns::key(self.kind, &error.field).unwrap_or_default();
            fault(record, key, error)
        }));
        let Some(department) = department.filter(|_| faults.is_empty()) else { return Ok(Verdict::Reject(faults)) };
        let people = self.known.staff.get(name).map_or(&[][..], Vec::as_slice);
        let here: Vec<Uuid> = people.iter().filter(|(_, there)| *there == department).map(|(id, _)| *id).collect();
        match (here.as_slice(), people) {
            ([id], _) => {
                let old = organisation::person(tx, self.who.zone_id, *id).await?;
                let change = PersonChange {
                    title: set(text("title")),
                    phone: set(text("phone")),
                    email: set(text("email")),
                    position,
                    ..PersonChange::default()
                };
                let phone = phone.and_then(|text| identifiers::phone::parse(text).ok()).map(|phone| phone.to_string());
                let differs = title.is_some_and(|title| Some(title) != old.title.as_deref())
                    || (phone.is_some() && phone != old.phone)
                    || email.is_some_and(|email| Some(email) != old.email.as_deref())
                    || position.is_some_and(|position| position != old.position);
                Ok(changed_if(differs, Op::ChangePerson(*id, change)))
            }
            ([_, _, ..], _) => {
                Ok(Verdict::Reject(vec![fault(record, "name", FieldError::new("name", "import_two_people"))]))
            }
            // Whoever moves keeps his account, and what he answers for: that is no matter of a sheet.
            ([], [_, ..]) => Ok(Verdict::Reject(vec![fault(
                record,
                "department",
                FieldError::new("name", "import_person_elsewhere"),
            )])),
            ([], []) => {
                let new = NewPerson {
                    id: Some(Uuid::now_v7()),
                    name: name.to_owned(),
                    title: text("title"),
                    phone: text("phone"),
                    email: text("email"),
                    department_id: Some(department),
                    position,
                    ..NewPerson::default()
                };
                Ok(Verdict::Take(What::Create, Some(Box::new(Op::Person(new)))))
            }
        }
    }

    async fn project_row(&mut self, tx: &mut Tx, record: &Record) -> Result<Verdict> {
        let text = |key: &str| record.opt(key).map(str::to_owned);
        let mut faults = Vec::new();
        let carrier_id = self.carrier(record, &mut faults);
        let enterprise_id = record.opt("enterprise").and_then(|name| {
            let found = self.known.enterprise(name, None);
            if found.is_none() {
                faults.push(fault(record, "enterprise", self.known.unknown("enterprise", name)));
            }
            found
        });
        let level = record.opt("level").and_then(|text| {
            let level = cells::labelled(Level::ALL, "level", Level::word, text);
            if level.is_none() {
                faults.push(fault(record, "level", FieldError::new("level", "import_word").with("text", text)));
            }
            level
        });
        let stage = record.opt("stage").and_then(|text| {
            let stage = cells::labelled(Stage::ALL, "stage", Stage::word, text);
            if stage.is_none() {
                faults.push(fault(record, "stage", FieldError::new("stage", "import_word").with("text", text)));
            }
            stage
        });
        let known = self.known.projects.find(record.get("name"));
        if let Some(code) = record.opt("code")
            && project::has_code(tx, self.who.zone_id, code, known.unwrap_or_default()).await?
        {
            faults.push(fault(record, "code", FieldError::new("code", "taken")));
        }
        if known.is_none() {
            for (column, missing) in
                [("level", record.opt("level").is_none()), ("stage", record.opt("stage").is_none())]
            {
                if missing {
                    faults.push(fault(record, column, FieldError::new(column, "required")));
                }
            }
        }
        if !faults.is_empty() {
            return Ok(Verdict::Reject(faults));
        }
        if let (None, Some(level), Some(stage)) = (known, level, stage) {
            let new = NewProject {
                id: Some(Uuid::now_v7()),
                name: record.get("name").to_owned(),
                short_name: text("short_name"),
                code: text("code"),
                level,
                level_text: None,
                owner_name: text("owner_name"),
                contractor: text("contractor"),
                enterprise_id,
                carrier_id,
                site: text("site"),
                stage,
                works: text("works"),
            };
            project::checked_new(&new)?;
            return Ok(Verdict::Take(What::Create, Some(Box::new(Op::Project(Box::new(new))))));
        }
        let id = known.ok_or(Error::NotFound)?;
        let old = project::by_id(tx, self.who.zone_id, id).await?;
        let patch = ProjectPatch {
            name: None,
            short_name: text("short_name"),
            code: set(text("code")),
            level,
            level_text: Patch::Keep,
            owner_name: set(text("owner_name")),
            contractor: set(text("contractor")),
            enterprise_id: enterprise_id.map_or(Patch::Keep, Patch::Set),
            carrier_id: carrier_id.map_or(Patch::Keep, Patch::Set),
            site: set(text("site")),
            stage,
            works: set(text("works")),
            closed: None,
        };
        let differs = project::would_change(&old, patch.clone(), self.app.now())?;
        Ok(changed_if(differs, Op::ChangeProject(id, Box::new(patch))))
    }

    async fn assignment_row(&mut self, record: &Record) -> Result<Verdict> {
        let name = record.get("subject");
        let place = self
            .known
            .enterprise(name, record.opt("uscc"))
            .map(|id| (SubjectKind::Enterprise, id))
            .or_else(|| self.known.carriers.find(name).map(|id| (SubjectKind::Carrier, id)))
            .or_else(|| self.known.projects.find(name).map(|id| (SubjectKind::Project, id)));
        let Some((subject_kind, subject_id)) = place else {
            return Ok(Verdict::Reject(vec![fault(record, "subject", self.known.unknown("subject", name))]));
        };
        let (mut items, mut faults) = (Vec::new(), Vec::new());
        for (column, role) in
            [("lead_leader", Duty::LeadLeader), ("lead_dept", Duty::LeadDept), ("officer", Duty::Officer)]
        {
            let Some(name) = record.opt(column) else { continue };
            let mut item = Item { subject_kind, subject_id, role, department_id: None, person_id: None, seen: None };
            let found = if role == Duty::LeadDept {
                item.department_id = self.known.departments.find(name);
                item.department_id.map(drop).ok_or_else(|| {
                    self.known.departments.unknown(column, name, "import_department_near", "import_department")
                })
            } else {
                match self.known.staff.get(name).map_or(&[][..], Vec::as_slice) {
                    [(one, _)] => {
                        item.person_id = Some(*one);
                        Ok(())
                    }
                    [] => Err(FieldError::new(column, "import_person")),
                    _ => Err(FieldError::new(column, "import_two_people")),
                }
            };
            match found {
                Ok(()) => items.push(item),
                Err(error) => faults.push(fault(record, column, error)),
            }
        }
        if items.is_empty() && faults.is_empty() {
            faults.push(fault(record, "subject", FieldError::new("subject", "import_nobody")));
        }
        if !faults.is_empty() {
            return Ok(Verdict::Reject(faults));
        }
        let basis = record.opt("basis").map(str::to_owned);
        let bulk = Bulk { items, replace: true, basis, reason: Some(self.file_name.clone()) };
        let preview = assignment::preview(self.app, self.who, &bulk).await?;
        let what = match (preview.count(Step::Change), preview.count(Step::Open)) {
            (0, 0) => What::Same,
            (0, _) => What::Create,
            _ => What::Update,
        };
        Ok(Verdict::Take(what, (what != What::Same).then(|| Box::new(Op::Assign(bulk)))))
    }
}

fn set(value: Option<String>) -> Patch<String> {
    value.map_or(Patch::Keep, Patch::Set)
}

fn changed_if(differs: bool, op: Op) -> Verdict {
    if differs { Verdict::Take(What::Update, Some(Box::new(op))) } else { Verdict::Take(What::Same, None) }
}

/// What a row says otherwise than the register; empty cells change nothing.
fn patch_of(old: &Enterprise, new: NewEnterprise, key: Option<bool>) -> EnterprisePatch {
    let mut short_names = old.short_names.clone();
    short_names.extend(new.short_names.iter().filter(|name| !old.short_names.contains(name)).cloned());
    EnterprisePatch {
        // The name in the register is the registered one and stays.
        name: None,
        short_names: (short_names.len() > old.short_names.len()).then_some(short_names),
        uscc: set(new.uscc),
        uscc_note: set(new.uscc_note),
        legacy_reg_no: set(new.legacy_reg_no),
        carrier_id: new.carrier_id.map_or(Patch::Keep, Patch::Set),
        industry_code: set(new.industry_code),
        headcount: new.headcount.map_or(Patch::Keep, Patch::Set),
        key,
        status: new.status,
        address: set(new.address),
        tags: (!new.tags.is_empty()).then_some(new.tags),
        note: set(new.note),
        confirmed_at: new.confirmed_at.map_or(Patch::Keep, Patch::Set),
        ..EnterprisePatch::default()
    }
}

fn contact_of(current: &Current, record: &Record, enterprise: Uuid, contact: NewContact) -> Verdict {
    if !current.reached.contains(&enterprise) {
        return Verdict::Reject(vec![fault(record, "enterprise", FieldError::new("enterprise", "import_reach"))]);
    }
    let what = match current.named(enterprise, &contact.name) {
        None => What::Create,
        Some(known) if differs(known, &contact) => What::Update,
        Some(_) => return Verdict::Take(What::Same, None),
    };
    Verdict::Take(what, Some(Box::new(Op::Contact(enterprise, contact))))
}

/// Whether a row says of a contact what is not known yet.
pub fn differs(known: &Contact, contact: &NewContact) -> bool {
    let phone =
        contact.phone.as_deref().and_then(|phone| identifiers::phone::parse(phone).ok()).map(|phone| phone.to_string());
    let other = |new: &Option<String>, old: &Option<String>| new.is_some() && new != old;
    other(&phone, &known.phone)
        || other(&contact.title, &known.title)
        || other(&contact.email, &known.email)
        || (contact.primary && !known.primary)
}

/// What the register holds of the enterprises that a batch speaks of.
#[derive(Default)]
struct Current {
    enterprises: HashMap<Uuid, Enterprise>,
    contacts: HashMap<Uuid, Vec<Contact>>,
    /// Those whose contacts the actor may change.
    reached: BTreeSet<Uuid>,
}

impl Current {
    async fn read(tx: &mut Tx, who: &Actor, firsts: &[First]) -> Result<Self> {
        let (mut changed, mut spoken_of) = (Vec::new(), Vec::new());
        for first in firsts {
            match first {
                First::Enterprise(told) => {
                    changed.extend(told.known);
                    spoken_of.extend(told.known.filter(|_| told.contact.is_some()));
                }
                First::Contact(id, _) => spoken_of.push(*id),
                First::Other | First::Settled(_) => {}
            }
        }
        let zone = who.zone_id;
        let mut current = Self::default();
        if !changed.is_empty() {
            let found = register::enterprises_of(tx, zone, &changed).await?;
            current.enterprises = found.into_iter().map(|one| (one.id, one)).collect();
        }
        if spoken_of.is_empty() {
            return Ok(current);
        }
        for contact in register::contacts(tx, zone, &spoken_of).await? {
            current.contacts.entry(contact.enterprise_id).or_default().push(contact);
        }
        current.reached = match reach::subjects(who, "e.id").filter(|_| !who.is_rule()) {
            Some(condition) => super::store::within(tx, zone, &spoken_of, condition).await?,
            None => spoken_of.into_iter().collect(),
        };
        Ok(current)
    }

    fn named(&self, enterprise: Uuid, name: &str) -> Option<&Contact> {
        self.contacts.get(&enterprise)?.iter().find(|one| one.name == name.trim())
    }

    /// The contact of a row, when it says what is not known; an error when the
    /// actor may not change it.
    fn contact(&self, enterprise: Uuid, contact: NewContact) -> Result<Option<NewContact>, FieldError> {
        if self.named(enterprise, &contact.name).is_some_and(|known| !differs(known, &contact)) {
            return Ok(None);
        }
        if self.reached.contains(&enterprise) {
            Ok(Some(contact))
        } else {
            Err(FieldError::new("contact", "import_reach"))
        }
    }
}
