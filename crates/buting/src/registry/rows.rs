//! Rows of the lists of enterprises and carriers, as their pages and files show them.

use super::{CARRIER_COLUMNS, COLUMNS, Carrier, Enterprise, Status};
use crate::actor::Actor;
use crate::app::App;
use crate::assignment::{self, Answerable};
use crate::continuity::{self, Light};
use crate::error::Result;
use crate::http::page::Shell;
use crate::http::table::{Cell, Piece, Row};
use crate::list::Column;
use crate::subject::SubjectKind;
use uuid::Uuid;

/// A record with those who answer for it.
pub struct Held<T> {
    /// The record.
    pub one: T,
    /// Who answers.
    pub held: Answerable,
    /// What was last said on its lines.
    pub lights: Vec<Light>,
}

/// Records with those who answer for them.
pub async fn held<T: Clone>(
    app: &App,
    who: &Actor,
    kind: SubjectKind,
    items: &[T],
    id: impl Fn(&T) -> Uuid,
) -> Result<Vec<Held<T>>> {
    let mut tx = app.read().await?;
    let ids: Vec<Uuid> = items.iter().map(&id).collect();
    let mut held = assignment::desk::current_of(app, &mut tx, who.zone_id, kind, &ids).await?;
    let mut lights = continuity::desk::standing(&mut tx, who, &ids).await?;
    let row = |one: &T| Held {
        one: one.clone(),
        held: held.remove(&id(one)).unwrap_or_default(),
        lights: lights.remove(&id(one)).unwrap_or_default(),
    };
    Ok(items.iter().map(row).collect())
}

/// The holder of one of the three roles: leader, department, officer.
pub fn holder(held: &Answerable, n: usize) -> Cell {
    match held.needed().get(n).and_then(|(_, holder)| *holder) {
        Some(holder) => holder.name.clone().into(),
        None => Piece::Nothing.into(),
    }
}

impl Row for Held<Enterprise> {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn id(&self) -> Uuid {
        self.one.id
    }

    fn name(&self) -> &str {
        &self.one.name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        let one = &self.one;
        match column {
            "name" => {
                let key = one.key.then(|| Piece::State(s.t("enterprise-key").into_owned(), false));
                Cell::from(Piece::Link(format!("/enterprises/{}", one.id), one.name.clone())).beside(key)
            }
            "short_name" => one.short_names.join("、").into(),
            "uscc" => one.uscc.clone().into(),
            "legacy_reg_no" => one.legacy_reg_no.clone().into(),
            "carrier" => one.carrier.clone().into(),
            "industry" => one.industry_code.clone().into(),
            "headcount" => one.headcount.into(),
            "key" => s.t(if one.key { "yes" } else { "no" }).into(),
            "status" => {
                let word = s.word("enterprise-status", one.status).into_owned();
                Piece::State(word, one.status != Status::Active).into()
            }
            "tags" => {
                Piece::Words(one.tags.iter().map(|tag| s.word("enterprise-tag", tag).into_owned()).collect()).into()
            }
            "address" => one.address.clone().into(),
            "leader" => holder(&self.held, 0),
            "department" => holder(&self.held, 1),
            "officer" => holder(&self.held, 2),
            "lights" if self.lights.is_empty() => Piece::Nothing.into(),
            "lights" => {
                let shape = |light: &Light| {
                    let said = s.line_light(light.line, light.state);
                    (light.state.to_string(), format!("{}{}{said}", s.word("line", light.line), s.t("colon")))
                };
                let lights = self.lights.iter().map(shape).collect();
                Piece::Shapes(format!("/enterprises/{}/lights", one.id), lights).into()
            }
            "contact" => {
                let contact = one.contacts.first();
                let doubt = contact.and_then(|contact| match contact {
                    one if one.fails() => Some("contact-fails"),
                    one if one.is_stale(&s.now) => Some("contact-stale"),
                    _ => None,
                });
                Cell::from(contact.map(|contact| contact.name.clone()))
                    .beside(doubt.map(|key| Piece::Quiet(s.t(key).into_owned())))
            }
            "confirmed" => one.confirmed_at.map(|at| s.date(&at)).into(),
            "source" => one.source.clone().into(),
            _ => Cell::default(),
        }
    }
}

impl Row for Held<Carrier> {
    const COLUMNS: &'static [Column] = CARRIER_COLUMNS;

    fn id(&self) -> Uuid {
        self.one.id
    }

    fn name(&self) -> &str {
        &self.one.name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        let one = &self.one;
        match column {
            "name" => Piece::Link(format!("/carriers/{}", one.id), one.name.clone()).into(),
            "short_name" => one.short_name.clone().into(),
            "kind" => s.word("carrier-kind", one.kind).into(),
            "enterprises" => Piece::Count(format!("/enterprises?carrier_id={}", one.id), one.enterprises).into(),
            "leader" => holder(&self.held, 0),
            "department" => holder(&self.held, 1),
            "officer" => holder(&self.held, 2),
            "address" => one.address.clone().into(),
            "closed" => one.closed_at.map(|at| s.date(&at)).into(),
            "note" => one.note.clone().into(),
            _ => Cell::default(),
        }
    }
}
