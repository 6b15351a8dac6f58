//! Doing one thing to several records of a list: what is offered below the list, what
//! was chosen, what will happen to each, what happened. A job says what there is to do
//! and does it in its desk; the pages are the same for all.

use super::form::Form;
use super::page::{Shell, html, html_with};
use super::part::Html;
use crate::actor::{Actor, Once};
use crate::error::{Error, FieldError, Result};
use crate::words;
use askama::Template;
use askama::filters::HtmlSafeOutput;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// At most so many records at once.
pub const MOST: usize = 2_000;
/// Records that are changed in one transaction. More are done in parts.
pub const PART: usize = 200;
/// Rows of a preview or a report that are drawn; the rest is counted.
const DRAWN: usize = 200;

/// A record that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pick {
    /// The record.
    pub id: Uuid,
    /// The version that was seen; a record that has moved on is left out and named.
    pub version: Option<i64>,
}

words! {
    /// What becomes of a record.
    pub enum Step {
        /// It is changed.
        Change = "change",
        /// It is so already.
        Same = "same",
        /// Somebody changed it since it was looked at: left as it is.
        Stale = "stale",
        /// It cannot be done here, and why: left as it is.
        Refused = "refused",
    }
}

/// What becomes of one record, or became of it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Planned {
    /// The record.
    pub id: Uuid,
    /// What it is called; empty when there is none.
    pub name: String,
    /// Its version when it was looked at; none when there is none.
    pub version: Option<i64>,
    /// What becomes of it.
    pub step: Step,
    /// Why it is refused: stable code, `bulk-why-<code>` in words.
    pub why: Option<&'static str>,
    /// What changes, as it was.
    pub before: Json,
    /// What changes, as it will be.
    pub after: Json,
}

impl Planned {
    /// A record that nothing is done to.
    pub fn left(pick: Pick, name: impl Into<String>, step: Step, why: Option<&'static str>) -> Self {
        let (before, after) = (Json::Null, Json::Null);
        Self { id: pick.id, name: name.into(), version: pick.version, step, why, before, after }
    }

    /// A record that there is none of, or none that the reader may know of.
    pub fn unknown(pick: Pick) -> Self {
        Self::left(pick, "", Step::Refused, Some("unknown"))
    }
}

/// What a bulk action does, or did, record by record.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Report {
    /// Whether it was only looked at.
    pub dry_run: bool,
    /// Whether the same post was carried out before: nothing was done twice.
    pub repeated: bool,
    /// How many are changed.
    pub changed: usize,
    /// How many are so already.
    pub same: usize,
    /// How many are left as they are: moved on or refused.
    pub left: usize,
    /// Each record, in the order in which it was chosen.
    pub items: Vec<Planned>,
}

impl Report {
    /// A look ahead.
    pub fn preview(items: Vec<Planned>) -> Self {
        let mut report = Self { dry_run: true, ..Self::default() };
        report.add(items);
        report
    }

    /// Adds what became of a part.
    pub fn add(&mut self, items: Vec<Planned>) {
        for item in &items {
            match item.step {
                Step::Change => self.changed += 1,
                Step::Same => self.same += 1,
                Step::Stale | Step::Refused => self.left += 1,
            }
        }
        self.items.extend(items);
    }
}

/// Refuses none, too many, and one twice.
pub fn checked(picks: &[Pick]) -> Result<()> {
    if picks.is_empty() {
        return Err(Error::field("items", "required"));
    }
    if picks.len() > MOST {
        return Err(Error::Invalid(vec![FieldError::new("items", "too_many").with("max", MOST)]));
    }
    let mut seen = BTreeSet::new();
    match picks.iter().position(|pick| !seen.insert(pick.id)) {
        Some(n) => Err(Error::field(format!("items/{n}"), "twice")),
        None => Ok(()),
    }
}

/// The actor of the n-th part: its one-time key is one of its own.
pub fn part_of(who: &Actor, n: usize) -> Actor {
    let once = who.once.clone().map(|once| match n {
        0 => once,
        n => Once { key: format!("{}/{n}", once.key), ..once },
    });
    Actor { once, seen_version: None, ..who.clone() }
}

/// Takes up that a part was not done. What the same post did before is not done
/// again. A part that fails after others were done is named, and those stay; when the
/// first fails, nothing was done and the error says why.
pub fn part_failed(report: &mut Report, n: usize, part: &[Pick], error: Error) -> Result<()> {
    let left = |step, why| part.iter().map(|pick| Planned::left(*pick, "", step, why)).collect();
    match error {
        Error::Replayed(_) => {
            report.repeated = true;
            report.add(left(Step::Same, None));
            Ok(())
        }
        error if n == 0 => Err(error),
        error => {
            tracing::warn!(%error, part = n, "a part of a bulk change failed");
            report.add(left(Step::Refused, Some("failed")));
            Ok(())
        }
    }
}

/// What a form of a list chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// These.
    Some(Vec<Pick>),
    /// Everything that the list of this query holds.
    All(String),
}

fn picks_of(text: &str) -> impl Iterator<Item = Pick> {
    let pick = |text: &str| {
        let (id, version) = text.split_once('.').map_or((text, None), |(id, version)| (id, Some(version)));
        Some(Pick { id: Uuid::parse_str(id).ok()?, version: version.map(str::parse).transpose().ok()? })
    };
    text.split('_').filter_map(pick)
}

/// Reads what was chosen on a list or left ticked in a preview. What is no record is
/// not chosen. What a preview said would stay is looked at again with every preview,
/// since another answer may change it, and never done.
pub fn chosen(form: &Form) -> Chosen {
    if form.is("scope", "all") {
        return Chosen::All(form.text("query"));
    }
    let others = if form.is("step", "do") { "" } else { form.value("others") };
    let texts = form.all("item").iter().map(String::as_str).chain([form.value("rest"), others]);
    let mut seen = BTreeSet::new();
    Chosen::Some(texts.flat_map(picks_of).filter(|pick| seen.insert(pick.id)).collect())
}

/// What a list offers to do with several of its records; nothing to who may not.
pub struct Offer {
    /// Where it is posted to.
    pub href: &'static str,
    /// Value and text of each action.
    pub actions: Vec<(String, String)>,
    /// How many the list holds; none above the cap.
    pub total: Option<i64>,
}

impl Offer {
    /// Whether there is anything to do.
    pub fn is_there(&self) -> bool {
        !self.actions.is_empty()
    }
}

/// The choice below a list.
#[derive(Template)]
#[template(path = "bulk/_choose.html")]
pub struct Choose<'a> {
    s: &'a Shell,
    offer: &'a Offer,
}

/// What is to be done with what is ticked, or with everything that the list holds.
pub fn choose<'a>(s: &'a Shell, offer: &'a Offer) -> Html<Choose<'a>> {
    HtmlSafeOutput(Choose { s, offer })
}

/// Something that an action wants to know.
pub enum Ask {
    /// One of these.
    OneOf {
        /// Field, label key.
        field: (&'static str, &'static str),
        /// Value and text.
        options: Vec<(String, String)>,
        /// Whether it may be left empty.
        optional: bool,
    },
    /// A text.
    Text {
        /// Field, label key.
        field: (&'static str, &'static str),
    },
}

impl Ask {
    fn name(&self) -> &'static str {
        match self {
            Self::OneOf { field, .. } | Self::Text { field } => field.0,
        }
    }
}

/// The list and the action that pages of a bulk action are about.
pub struct About {
    /// Title of the list.
    pub list: String,
    /// Its page.
    pub list_href: &'static str,
    /// Where the action is posted to.
    pub href: &'static str,
    /// The word of the action.
    pub action: String,
    /// The action in words.
    pub title: String,
    /// What it wants to know.
    pub asks: Vec<Ask>,
}

impl About {
    /// What was answered, so that it is seen whether that is what was previewed.
    fn answers(&self, form: &Form) -> String {
        let answer = |ask: &Ask| format!("{}={}", ask.name(), form.text(ask.name()));
        self.asks.iter().map(answer).collect::<Vec<_>>().join("&")
    }

    /// Whether the form carries out what was previewed: a change of mind is previewed again.
    pub fn carries_out(&self, form: &Form) -> bool {
        form.is("step", "do") && form.value("previewed") == self.answers(form)
    }

    /// What a form is about: what was chosen, and with a change of mind what was to stay too.
    pub fn picks(&self, form: &Form, mut picks: Vec<Pick>) -> Vec<Pick> {
        if form.is("step", "do") && !self.carries_out(form) {
            picks.extend(picks_of(form.value("others")));
        }
        picks
    }

    /// Whether everything that must be answered is answered.
    pub fn is_answered(&self, form: &Form) -> bool {
        self.asks.iter().all(|ask| {
            matches!(ask, Ask::OneOf { optional: true, .. } | Ask::Text { .. }) || form.opt(ask.name()).is_some()
        })
    }

    fn back(&self, query: &str) -> String {
        if query.is_empty() { self.list_href.to_owned() } else { format!("{}?{query}", self.list_href) }
    }
}

/// One line of a preview or report.
struct Told {
    /// The record with the version that was seen, as the form sends it along.
    value: String,
    href: String,
    name: String,
    step: Step,
    why: String,
    before: String,
    after: String,
}

/// What a job says of a change: its fields in words.
pub type Say<'a> = &'a dyn Fn(&Json) -> String;

fn told(s: &Shell, about: &About, item: &Planned, say: Say<'_>) -> Told {
    let why = item.why.map(|why| s.t(&format!("bulk-why-{why}")).into_owned()).unwrap_or_default();
    Told {
        value: item.version.map_or_else(|| item.id.to_string(), |version| format!("{}.{version}", item.id)),
        href: format!("{}/{}", about.list_href, item.id),
        name: if item.name.is_empty() { item.id.to_string() } else { item.name.clone() },
        step: item.step,
        why,
        before: say(&item.before),
        after: say(&item.after),
    }
}

#[derive(Template)]
#[template(path = "bulk/preview.html")]
struct PreviewPage {
    s: Shell,
    about: About,
    form: Form,
    back: String,
    query: String,
    previewed: String,
    /// What was chosen, while nothing is previewed yet.
    carried: String,
    n: usize,
    report: Option<Report>,
    changes: Vec<Told>,
    /// Changes that are not drawn.
    rest: String,
    rest_n: usize,
    others: Vec<Told>,
    others_n: usize,
    /// All that stays, as the form sends it along.
    staying: String,
}

impl PreviewPage {
    /// What this is about, in one sentence.
    fn sentence(&self) -> String {
        match &self.report {
            None => self.s.with("bulk-chosen", "n", self.n),
            Some(report) => self.s.with2("bulk-sentence", "changed", report.changed, "left", report.same + report.left),
        }
    }
}

/// The page that says what will happen, or that asks what the action wants to know.
pub fn preview_page(
    s: Shell,
    about: About,
    form: Form,
    picks: &[Pick],
    report: Option<Report>,
    say: Say<'_>,
) -> Result<Response> {
    let items = report.as_ref().map_or(&[][..], |report| &report.items);
    let (changes, others): (Vec<&Planned>, Vec<&Planned>) = items.iter().partition(|item| item.step == Step::Change);
    let line = |item: &&Planned| told(&s, &about, item, say);
    let drawn: Vec<Told> = changes.iter().take(DRAWN).map(line).collect();
    let rest: Vec<String> = changes.iter().skip(DRAWN).map(line).map(|told| told.value).collect();
    let value = |pick: &Pick| pick.version.map_or_else(|| pick.id.to_string(), |v| format!("{}.{v}", pick.id));
    let carried = if report.is_some() { String::new() } else { picks.iter().map(value).collect::<Vec<_>>().join("_") };
    let status = if form.failed() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let query = form.text("query");
    let page = PreviewPage {
        back: about.back(&query),
        query,
        previewed: about.answers(&form),
        carried,
        n: picks.len(),
        rest_n: rest.len(),
        rest: rest.join("_"),
        staying: others.iter().map(line).map(|told| told.value).collect::<Vec<_>>().join("_"),
        changes: drawn,
        others: others.iter().take(DRAWN).map(line).collect(),
        others_n: others.len().saturating_sub(DRAWN),
        report,
        form,
        about,
        s,
    };
    html_with(status, &page)
}

#[derive(Template)]
#[template(path = "bulk/report.html")]
struct ReportPage {
    s: Shell,
    about: About,
    back: String,
    report: Report,
    others: Vec<Told>,
    others_n: usize,
}

/// The page that says what happened.
pub fn report_page(s: Shell, about: About, query: &str, report: Report, say: Say<'_>) -> Result<Response> {
    let others: Vec<&Planned> =
        report.items.iter().filter(|item| item.step != Step::Change && !report.repeated).collect();
    let page = ReportPage {
        back: about.back(query),
        others: others.iter().take(DRAWN).map(|item| told(&s, &about, item, say)).collect(),
        others_n: others.len().saturating_sub(DRAWN),
        report,
        about,
        s,
    };
    html(&page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn what_is_chosen_is_what_is_ticked_or_all_of_the_list() {
        let (a, b) = (id(1), id(2));
        let some = |picks: &[(Uuid, Option<i64>)]| {
            Chosen::Some(picks.iter().map(|(id, version)| Pick { id: *id, version: *version }).collect())
        };
        for (form, is) in [
            (String::new(), some(&[])),
            (format!("item={a}&item={b}.3"), some(&[(a, None), (b, Some(3))])),
            (format!("item={a}.1&rest={b}.2_{a}.1"), some(&[(a, Some(1)), (b, Some(2))])),
            (format!("item={a}.1&others={b}.2"), some(&[(a, Some(1)), (b, Some(2))])),
            (format!("step=do&item={a}.1&others={b}.2"), some(&[(a, Some(1))])),
            (format!("item=none&item={a}.x&item=%00&rest=__"), some(&[])),
            (format!("scope=ticked&item={a}"), some(&[(a, None)])),
            (format!("scope=all&query=key%3Dtrue&item={a}"), Chosen::All("key=true".into())),
        ] {
            assert_eq!(chosen(&Form::parse(form.as_bytes())), is, "{form}");
        }
    }

    #[test]
    fn none_too_many_and_one_twice_are_refused() {
        let pick = |n: usize| Pick { id: id(n as u128), version: None };
        let of = |n: usize| (0..n).map(pick).collect::<Vec<_>>();
        assert!(checked(&of(1)).is_ok() && checked(&of(MOST)).is_ok());
        assert!(checked(&of(0)).is_err() && checked(&of(MOST + 1)).is_err());
        assert!(checked(&[pick(1), pick(2), pick(1)]).is_err());
    }

    #[test]
    fn every_step_and_every_reason_has_its_words() {
        for lang in [crate::text::Lang::Zh, crate::text::Lang::En] {
            assert!(Step::ALL.iter().all(|step| lang.has(&format!("bulk-step-{step}"))));
            for why in
                ["unknown", "merged", "record_wrong", "appeal_status", "not_yours", "no_routing", "recusal", "failed"]
            {
                assert!(lang.has(&format!("bulk-why-{why}")), "{why}");
            }
        }
    }

    #[test]
    fn a_change_of_mind_is_previewed_again() {
        let about = About {
            list: String::new(),
            list_href: "/enterprises",
            href: "/enterprises/bulk",
            action: "set_carrier".into(),
            title: String::new(),
            asks: vec![Ask::OneOf { field: ("carrier_id", "field-carrier_id"), options: Vec::new(), optional: false }],
        };
        for (form, carries_out, answered) in [
            ("step=preview&carrier_id=a", false, true),
            ("step=do&carrier_id=a&previewed=carrier_id%3Da", true, true),
            ("step=do&carrier_id=b&previewed=carrier_id%3Da", false, true),
            ("step=do&carrier_id=", false, false),
        ] {
            let form = Form::parse(form.as_bytes());
            assert_eq!((about.carries_out(&form), about.is_answered(&form)), (carries_out, answered));
        }
        // What was to stay is looked at again then.
        for (previewed, n) in [("a", 0), ("b", 1)] {
            let form = format!("step=do&carrier_id=a&previewed=carrier_id%3D{previewed}&others={}.2", id(1));
            assert_eq!(about.picks(&Form::parse(form.as_bytes()), Vec::new()).len(), n);
        }
    }
}
