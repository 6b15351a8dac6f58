//! Handing a record in, and looking through it.

use super::{REVIEWERS, ReviewState, Step, may};
use crate::actor::Actor;
use crate::app::{App, Change, Subject};
use crate::error::{Check, Conflict, Error, Result};
use crate::search;
use crate::visit::desk::{RECORDERS, ask_for_receipt, note_words, seen};
use crate::visit::store::{self, Reviewed, Stored};
use ::store::Tx;
use serde_json::json;
use uuid::Uuid;

/// A note holds so many characters, with everything that was added.
const NOTE: usize = 10_000;

/// What somebody may do with a record as it stands.
pub async fn steps(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Vec<Step>> {
    let stored = seen(tx, who, id).await?;
    let made_it = made_it(tx, who, id, &stored).await?;
    let fits = |step: &Step| {
        stored.review_state.is_some_and(|state| state.after(*step).is_some()) && may(*step, who.is(REVIEWERS), made_it)
    };
    Ok(Step::ALL.iter().copied().filter(fits).collect())
}

async fn made_it(tx: &mut Tx, who: &Actor, id: Uuid, stored: &Stored) -> Result<bool> {
    let Some(person) = who.person_id else { return Ok(false) };
    let there = store::visitors(tx, who.zone_id, id).await?.iter().any(|one| one.person_id == person);
    Ok(there || stored.recorded_by == Some(person))
}

/// Takes a step. With `submit`, `note` is added to the note of the record; with `return`
/// it is what is to be mended, and needed.
pub async fn review(app: &App, who: &Actor, id: Uuid, step: Step, note: Option<&str>) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let mut work = app.work(who).await?;
    let stored = seen(&mut work, who, id).await?;
    who.saw(stored.version)?;
    let made_it = made_it(&mut work, who, id, &stored).await?;
    if !may(step, who.is(REVIEWERS), made_it) {
        return Err(Error::Forbidden);
    }
    let Some(next) = stored.review_state.and_then(|state| state.after(step)) else {
        return Err(Error::state("review_step"));
    };
    let mut check = Check::new();
    let said = check.opt_text("note", note, 2000);
    check.that(step != Step::Return || said.is_some(), "note", "required");
    let text = match (step, &said) {
        (Step::Submit, Some(said)) => {
            Some([stored.note.as_deref(), Some(said)].into_iter().flatten().collect::<Vec<_>>().join("\n"))
        }
        _ => None,
    };
    let fits = text.as_ref().is_none_or(|text| text.chars().count() <= NOTE);
    check.that(fits, "note", "note_full");
    check.done()?;
    let by_reviewer = step != Step::Submit;
    let reviewed =
        Reviewed { state: next, by_reviewer, note: said.as_deref().filter(|_| by_reviewer), text: text.as_deref() };
    if !store::review(&mut work, id, stored.version, &reviewed).await? {
        return Err(Error::Conflict(Conflict::Stale(stored.version)));
    }
    let about = Subject::about("visit", id, stored.subject_id);
    if let Some(text) = &text {
        let words = note_words(&stored, text)?;
        search::put(&mut work, "visit", id, Some(stored.subject_id), stored.created_at, &words).await?;
    }
    let change = Change::from_to(json!({"review": stored.review_state}), json!({"review": next}));
    work.log("visit.review", about, change.because(said.unwrap_or_default())).await?;
    if let Some(recorder) = stored.recorded_by.filter(|_| next == ReviewState::Returned) {
        let args = json!({"subject": stored.subject_name, "number": stored.number});
        work.notify(recorder, "visit.returned", about, args).await?;
    }
    if next == ReviewState::Reviewed {
        ask_for_receipt(&mut work, stored.subject_kind, stored.subject_id, id, &stored.number).await?;
    }
    work.commit(id).await
}
