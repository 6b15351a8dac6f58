//! A field for an enterprise or a project: typed by a part of its name, so that no page
//! carries the whole register. Without script a name that several go by is asked back,
//! to choose from; with it names are offered while one types (`web/src/seek.ts`).

use super::cx::Cx;
use super::form::Form;
use crate::error::{Error, FieldError, Result};
use crate::subject::{self, Named, SubjectKind};
use uuid::Uuid;

/// Enterprises and projects.
pub const VISITED: &[SubjectKind] = &[SubjectKind::Enterprise, SubjectKind::Project];
/// Enterprises alone.
pub const ENTERPRISES: &[SubjectKind] = &[SubjectKind::Enterprise];

/// What was typed, and whom it means.
pub struct Seek {
    /// The field; what is typed stands in `<name>_text`, for what it was chosen in `<name>_for`.
    pub(super) name: &'static str,
    pub(super) kinds: &'static [SubjectKind],
    pub(super) text: String,
    pub(super) chosen: Option<Named>,
    /// Those among whom one is to be chosen.
    pub(super) found: Vec<Named>,
}

/// `kind:id`, the value of the field.
pub(super) fn key_of(one: &Named) -> String {
    format!("{}:{}", one.kind, one.id)
}

fn read(text: &str, kinds: &[SubjectKind]) -> Option<(SubjectKind, Uuid)> {
    let (kind, id) = text.split_once(':')?;
    let kind = SubjectKind::parse(kind).filter(|kind| kinds.contains(kind))?;
    Some((kind, Uuid::parse_str(id).ok()?))
}

impl Seek {
    /// Reads the field of a form, and notes in the form what is wrong with it. A field
    /// that holds a key alone, as links give it, is taken by that key.
    pub async fn of(cx: &Cx, form: &mut Form, name: &'static str, kinds: &'static [SubjectKind]) -> Result<Self> {
        let (typed, chosen_for) = (format!("{name}_text"), format!("{name}_for"));
        let text = form.text(&typed);
        let mut seek = Self { name, kinds, text, chosen: None, found: Vec::new() };
        let zone = cx.who.zone_id;
        let mut tx = cx.read().await?;
        let by_link = form.all(&typed).is_empty();
        let key = read(form.value(name), kinds).filter(|_| by_link || seek.text == form.text(&chosen_for));
        if let Some((kind, id)) = key {
            seek.chosen = match subject::named(&mut tx, zone, kind, id).await {
                Err(Error::NotFound) => None,
                named => Some(named?),
            };
        } else if !seek.text.is_empty() {
            let mut found = subject::called(&mut tx, zone, kinds, &seek.text).await?;
            match found.len() {
                0 => form.add(FieldError::new(name, "seek_none").with("name", &seek.text)),
                1 => seek.chosen = found.pop(),
                _ => {
                    form.add(FieldError::new(name, "seek_many"));
                    seek.found = found;
                }
            }
        }
        if let Some(chosen) = &seek.chosen {
            seek.text.clone_from(&chosen.name);
        }
        Ok(seek)
    }

    /// Whom it means.
    pub fn key(&self) -> Option<(SubjectKind, Uuid)> {
        self.chosen.as_ref().map(|one| (one.kind, one.id))
    }

    /// Whom it means; notes that it must be somebody.
    pub fn need(&self, form: &mut Form) -> Option<(SubjectKind, Uuid)> {
        if self.chosen.is_none() && !form.has_error(self.name) {
            form.add(FieldError::new(self.name, "required"));
        }
        self.key()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_a_kind_that_the_field_takes() {
        let id = Uuid::now_v7();
        for (text, taken) in [
            (format!("enterprise:{id}"), true),
            (format!("project:{id}"), true),
            (format!("carrier:{id}"), false),
            ("enterprise:x".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(read(&text, VISITED).is_some(), taken, "{text}");
        }
        assert!(read(&format!("project:{id}"), ENTERPRISES).is_none());
    }
}
