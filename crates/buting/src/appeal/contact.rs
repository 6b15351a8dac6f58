//! Whom of an enterprise an appeal is talked over with, and who is told of him.
//! His name and telephone go to a partner agency, and to whoever makes the
//! return call, by his consent alone (个人信息保护法 §23): asked at the moment of
//! use, so that a withdrawal holds at once.

use super::record::{Appeal, WorkOrder};
use crate::error::Result;
use crate::organisation::{self, Person};
use crate::privacy::ConsentKind;
use crate::privacy::desk::consented;
use crate::{project, registry};
use ::store::Tx;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// The person of the enterprise or project to talk to, and what he agreed to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Contact {
    /// The person.
    pub person_id: Uuid,
    /// Name.
    pub name: String,
    /// Whether partner agencies are told name and telephone.
    pub partner: bool,
    /// Whether he is called when the matter is done.
    pub return_call: bool,
    #[serde(skip)]
    phone: Option<String>,
}

impl Contact {
    /// Whether a text gives away who he is: his full name, or his number however
    /// it is spaced.
    pub fn is_named_in(&self, text: &str) -> bool {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let number = self.phone.as_deref().map(digits).filter(|number| number.len() >= 7);
        self.name.chars().count() > 1 && text.contains(&self.name)
            || number.is_some_and(|number| digits(text).contains(&number))
    }
}

/// Whom somebody calls back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callee {
    /// Name.
    pub name: String,
    /// Telephone, where he agreed to be called.
    pub phone: Option<String>,
}

/// Whom to call when the matter is done: his number only where he agreed to that.
pub async fn callee(tx: &mut Tx, a: &Appeal) -> Result<Option<Callee>> {
    let found = of(tx, a).await?;
    Ok(found.map(|contact| Callee { phone: contact.phone.filter(|_| contact.return_call), name: contact.name }))
}

/// Whom a partner agency may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Told {
    /// Name.
    pub name: String,
    /// Telephone.
    pub phone: Option<String>,
}

/// Whom to talk to about an appeal: who wrote it, where he is of the enterprise
/// or project; otherwise whom its register names first. None about a complaint,
/// whose author stays unknown.
pub async fn of(tx: &mut Tx, a: &Appeal) -> Result<Option<Contact>> {
    if a.accused_department_id.is_some() {
        return Ok(None);
    }
    let zone = a.zone_id;
    let theirs = |person: &Person| {
        let of = |own: Option<Uuid>, subject: Option<Uuid>| own.is_some() && own == subject;
        person.left_at.is_none() && (of(person.enterprise_id, a.enterprise_id) || of(person.project_id, a.project_id))
    };
    let mut found = None;
    if let Some(author) = a.created_by {
        found = Some(organisation::desk::person(tx, zone, author).await?).filter(theirs);
    }
    if found.is_none() {
        let first = match (a.enterprise_id, a.project_id) {
            (Some(enterprise), _) => registry::desk::first_contact(tx, zone, enterprise).await?,
            (None, Some(project)) => project::desk::first_contact(tx, zone, project).await?,
            (None, None) => None,
        };
        if let Some(first) = first {
            found = Some(organisation::desk::person(tx, zone, first).await?).filter(theirs);
        }
    }
    let Some(person) = found else { return Ok(None) };
    Ok(Some(Contact {
        person_id: person.id,
        partner: consented(tx, zone, person.id, ConsentKind::Partner).await?,
        return_call: consented(tx, zone, person.id, ConsentKind::ReturnCall).await?,
        name: person.name,
        phone: person.phone,
    }))
}

/// Whom the agency of a work order may call: who was told to it, as long as he
/// is there and agrees.
pub async fn told(tx: &mut Tx, zone: Uuid, order: &WorkOrder) -> Result<Option<Told>> {
    let Some(id) = order.contact_id else { return Ok(None) };
    let person = organisation::desk::person(tx, zone, id).await?;
    let agrees = person.left_at.is_none() && consented(tx, zone, id, ConsentKind::Partner).await?;
    Ok(agrees.then_some(Told { name: person.name, phone: person.phone }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_a_contact_away() {
        let contact = Contact {
            person_id: Uuid::nil(),
            name: "高厂长".into(),
            partner: false,
            return_call: false,
            phone: Some("13912345678".into()),
        };
        for (text, named) in [
            ("请联系高厂长", true),
            ("电话 139 1234 5678", true),
            ("电话139-1234-5678，下午", true),
            ("请厂长到场", false),
            ("限高 4.5 米，改 5 米", false),
            ("", false),
        ] {
            assert_eq!(contact.is_named_in(text), named, "{text}");
        }
    }
}
