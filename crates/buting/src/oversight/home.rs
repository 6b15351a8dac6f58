//! 我的待办: what needs somebody now, from every job, most pressing first.

use super::{desk, view};
use crate::actor::{Actor, OUTSIDE, Scope};
use crate::app::App;
use crate::appeal::{self, desk::Mine};
use crate::approval;
use crate::assignment::{self, Answerable};
use crate::continuity::{self, Light};
use crate::delivery;
use crate::error::Result;
use crate::privacy::{self, Standing};
use crate::project;
use crate::readiness;
use crate::registry;
use crate::screening;
use crate::settings;
use crate::subject::{self, Named, SubjectKind};
use crate::task;
use crate::time::Time;
use crate::todo::{self, ToDo};
use crate::visit;

/// Everything that waits for a person.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    let mut items = appeal::desk::to_do(app, who).await?;
    items.extend(assignment::desk::to_do(app, who).await?);
    items.extend(visit::desk::to_do(app, who).await?);
    items.extend(visit::plan::desk::to_do(app, who).await?);
    items.extend(project::desk::to_do(app, who).await?);
    items.extend(task::desk::to_do(app, who).await?);
    items.extend(screening::desk::to_do(app, who).await?);
    items.extend(approval::desk::to_do(app, who).await?);
    items.extend(readiness::plan::desk::to_do(app, who).await?);
    items.extend(readiness::stay::desk::to_do(app, who).await?);
    items.extend(registry::desk::to_do(app, who).await?);
    items.extend(continuity::desk::to_do(app, who).await?);
    items.extend(privacy::desk::to_do(app, who).await?);
    items.extend(settings::desk::to_do(app, who).await?);
    items.extend(delivery::desk::to_do(app, who).await?);
    items.extend(desk::to_do(app, who).await?);
    todo::sort(&mut items);
    Ok(items)
}

/// What waits besides, not to the day: one quiet line each.
pub async fn lines(app: &App, who: &Actor) -> Result<Vec<todo::Line>> {
    let mut lines = appeal::result::desk::lines(app, who).await?;
    lines.extend(visit::contact::desk::lines(app, who).await?);
    lines.extend(readiness::plan::desk::lines(app, who).await?);
    lines.extend(readiness::stay::desk::lines(app, who).await?);
    if who.is(view::READERS) {
        let overdue = view::overdue(app, who).await?;
        let gaps = assignment::desk::gap_count(app, who).await?;
        let whole = [
            todo::Line { text: "home-overdue", n: overdue, href: "/appeals?view=overdue" },
            todo::Line { text: "home-gaps", n: gaps, href: "/assignments" },
        ];
        // Who fills the gaps has them among what waits for him.
        let own = |line: &todo::Line| line.text == "home-gaps" && who.is(assignment::desk::DECIDERS);
        lines.extend(whole.into_iter().filter(|line| line.n > 0 && !own(line)));
    }
    Ok(lines)
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
    /// Its open matters with who answers for each, soonest due first.
    pub open: Vec<Mine>,
    /// What it was promised: what is open, and what ended lately.
    pub promises: Vec<visit::Promise>,
    /// What it was asked to do and a hazard to remove, as long as nobody has found it done.
    pub items: Vec<visit::Item>,
    /// Its sampling points, and the rounds that name its people.
    pub screening: screening::pages::Section,
    /// Uses of his data that the person has yet to decide about; empty when all is decided.
    pub consents: Vec<Standing>,
}

impl Own {
    /// Where it says how it stands.
    pub fn lights_href(&self) -> String {
        format!("{}/lights", self.subject.kind.href(self.subject.id))
    }

    /// Whether anything was said of its lines yet, so that it can still be so.
    pub fn has_said(&self) -> bool {
        self.lights.iter().any(|light| light.id.is_some())
    }

    /// Whether it is an enterprise, which keeps facts of its own in the register.
    pub fn is_enterprise(&self) -> bool {
        self.subject.kind == SubjectKind::Enterprise
    }

    /// How something open stands that is due then.
    pub fn light(&self, due_at: &Time, now: &Time) -> almanac::Light {
        continuity::desk::urgency(Some(*due_at), *now)
    }

    /// Where it sees and corrects what the register says of it.
    pub fn facts_href(&self) -> String {
        format!("{}/facts", self.subject.kind.href(self.subject.id))
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
    let open = appeal::desk::mine(&mut tx, who, id, app.now()).await?;
    let promises = visit::desk::promises_to(app, &mut tx, who, id).await?;
    let items = visit::item::desk::open_for(&mut tx, who, id).await?;
    let mut consents = privacy::desk::consents(&mut tx, who.zone_id, who.person()?).await?;
    if !consents.iter().any(Standing::unasked) {
        consents.clear();
    }
    drop(tx);
    let screening = screening::pages::Section::of(app, who, id).await?;
    Ok(Some(Own { subject, answers, lights, open, promises, items, screening, consents }))
}
