//! 我的待办: what needs somebody now, from every job, most pressing first.

use super::desk;
use crate::actor::{Actor, OUTSIDE, Scope};
use crate::app::App;
use crate::assignment::{self, Answerable};
use crate::continuity::{self, Light};
use crate::error::Result;
use crate::subject::{self, Named, SubjectKind};
use crate::todo::{self, ToDo};

/// Everything that waits for a person.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    let mut items = assignment::desk::to_do(app, who).await?;
    items.extend(continuity::desk::to_do(app, who).await?);
    items.extend(desk::to_do(app, who).await?);
    todo::sort(&mut items);
    Ok(items)
}

/// The page of an enterprise or of a project's owner.
#[derive(Debug)]
pub struct Own {
    /// The enterprise or project.
    pub subject: Named,
    /// Who answers for it.
    pub answers: Answerable,
    /// How its lines stand.
    pub lights: Vec<Light>,
}

impl Own {
    /// Where it says how it stands.
    pub fn lights_href(&self) -> String {
        format!("{}/lights", self.subject.kind.href(self.subject.id))
    }
}

/// What an enterprise or a project's owner sees first; nothing for everybody else.
pub async fn own(app: &App, who: &Actor) -> Result<Option<Own>> {
    let (kind, id) = match &who.scope {
        Scope::Enterprise(id) if who.is(OUTSIDE) => (SubjectKind::Enterprise, *id),
        Scope::Project(id) if who.is(OUTSIDE) => (SubjectKind::Project, *id),
        _ => return Ok(None),
    };
    let mut tx = app.read().await?;
    let subject = subject::named(&mut tx, who.zone_id, kind, id).await?;
    let answers = assignment::desk::current(app, &mut tx, who.zone_id, kind, id).await?;
    let lights = continuity::desk::current(&mut tx, who.zone_id, &subject).await?;
    Ok(Some(Own { subject, answers, lights }))
}
