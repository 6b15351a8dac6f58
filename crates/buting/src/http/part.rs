//! The pieces of a page that are written once and set often: fields, choices,
//! buttons, times, the frame.
//!
//! `macros.html` is how templates call them. A macro is expanded wherever it is
//! called, and a form of thirty fields became a function that took the compiler
//! ten seconds; a piece here is compiled once.
//!
//! Templates hand over references, hence `&bool` and `&i32` below.

use super::form::Form;
use super::page::Shell;
use super::seek::{Seek, key_of};
use crate::list::Columns;
use crate::time::Time;
use almanac::Light;
use askama::Template;
use askama::filters::HtmlSafeOutput;
use std::fmt::Display;

/// A piece that was escaped when it was made.
pub type Html<T> = HtmlSafeOutput<T>;

/// One of the things that may be chosen.
pub struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

fn choices<V: Display, T: Display>(options: &[(V, T)], chosen: impl Fn(&str) -> bool) -> Vec<Choice> {
    let choice = |(value, text): &(V, T)| {
        let value = value.to_string();
        Choice { chosen: chosen(&value), value, text: text.to_string() }
    };
    options.iter().map(choice).collect()
}

fn words_of<W: Display>(s: &Shell, family: &str, all: &[W]) -> Vec<(String, String)> {
    all.iter().map(|word| (word.to_string(), s.word(family, word).into_owned())).collect()
}

/// An `<input>` with its label, error and help.
#[derive(Template)]
#[template(path = "parts/field.html")]
pub struct Field<'a> {
    s: &'a Shell,
    form: &'a Form,
    /// What tells the field from others of the form; what is wrong is said of it.
    at: String,
    name: &'a str,
    value: &'a str,
    label: &'a str,
    kind: &'a str,
    help: &'a str,
    required: bool,
    optional: bool,
    auto: &'a str,
    max: i32,
    class: &'a str,
    list: &'a str,
    pre: &'a str,
}

impl Field<'_> {
    fn is_text(&self) -> bool {
        matches!(self.kind, "text" | "tel" | "password" | "search" | "email")
    }

    fn is_number(&self) -> bool {
        self.kind == "number"
    }
}

/// A field of one line.
#[expect(clippy::too_many_arguments, reason = "one for each option of the macro")]
pub fn field<'a>(
    s: &'a Shell,
    form: &'a Form,
    name: &'a str,
    label: &'a str,
    kind: &'a str,
    help: &'a str,
    required: &bool,
    auto: &'a str,
    max: &i32,
    class: &'a str,
    pre: &'a str,
) -> Html<Field<'a>> {
    HtmlSafeOutput(Field {
        s,
        form,
        at: name.to_owned(),
        name,
        value: form.value(name),
        label,
        kind,
        help,
        required: *required,
        optional: !*required,
        auto,
        max: *max,
        class,
        list: "",
        pre,
    })
}

/// The n-th of several fields of one name.
#[expect(clippy::too_many_arguments, reason = "one for each option of the macro")]
pub fn nth_field<'a>(
    s: &'a Shell,
    form: &'a Form,
    name: &'a str,
    n: &usize,
    label: &'a str,
    kind: &'a str,
    max: &i32,
    list: &'a str,
) -> Html<Field<'a>> {
    HtmlSafeOutput(Field {
        s,
        form,
        at: format!("{name}-{n}"),
        name,
        value: form.nth(name, n),
        label,
        kind,
        help: "",
        required: false,
        optional: false,
        auto: "off",
        max: *max,
        class: "",
        list,
        pre: "",
    })
}

/// A `<textarea>` with its label, error and help.
#[derive(Template)]
#[template(path = "parts/area.html")]
pub struct Area<'a> {
    s: &'a Shell,
    form: &'a Form,
    name: &'a str,
    label: &'a str,
    help: &'a str,
    required: bool,
    optional: bool,
    max: i32,
    rows: i32,
    pre: &'a str,
}

/// A field of several lines.
#[expect(clippy::too_many_arguments, reason = "one for each option of the macro")]
pub fn area<'a>(
    s: &'a Shell,
    form: &'a Form,
    name: &'a str,
    label: &'a str,
    help: &'a str,
    required: &bool,
    max: &i32,
    rows: &i32,
    pre: &'a str,
) -> Html<Area<'a>> {
    let (required, optional) = (*required, !*required);
    HtmlSafeOutput(Area { s, form, name, label, help, required, optional, max: *max, rows: *rows, pre })
}

/// A field for an enterprise or a project: see [`super::seek`].
#[derive(Template)]
#[template(path = "parts/seek.html")]
pub struct SeekField<'a> {
    s: &'a Shell,
    form: &'a Form,
    at: String,
    text: &'a str,
    chosen: Option<String>,
    found: Vec<(String, &'a str)>,
    kinds: String,
    label: &'a str,
    help: &'a str,
    required: bool,
    optional: bool,
    pre: &'a str,
}

/// A field that finds an enterprise or a project by its name.
pub fn seek<'a>(
    s: &'a Shell,
    form: &'a Form,
    seek: &'a Seek,
    label: &'a str,
    help: &'a str,
    required: &bool,
    pre: &'a str,
) -> Html<SeekField<'a>> {
    HtmlSafeOutput(SeekField {
        s,
        form,
        at: seek.name.to_owned(),
        text: &seek.text,
        chosen: seek.chosen.as_ref().map(key_of),
        found: seek.found.iter().map(|one| (key_of(one), one.name.as_str())).collect(),
        kinds: seek.kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(" "),
        label,
        help,
        required: *required,
        optional: !*required,
        pre,
    })
}

/// A `<select>` with its label, error and help.
#[derive(Template)]
#[template(path = "parts/select.html")]
pub struct Select<'a> {
    s: &'a Shell,
    form: &'a Form,
    at: String,
    name: &'a str,
    label: &'a str,
    options: Vec<Choice>,
    help: &'a str,
    required: bool,
    optional: bool,
    pre: &'a str,
}

/// A choice of one among pairs of value and text.
#[expect(clippy::too_many_arguments, reason = "one for each option of the macro")]
pub fn select<'a, V: Display, T: Display>(
    s: &'a Shell,
    form: &'a Form,
    name: &'a str,
    label: &'a str,
    options: &[(V, T)],
    help: &'a str,
    required: &bool,
    pre: &'a str,
) -> Html<Select<'a>> {
    let options = choices(options, |value| form.is(name, value));
    let (required, optional) = (*required, !*required);
    HtmlSafeOutput(Select { s, form, at: name.to_owned(), name, label, options, help, required, optional, pre })
}

/// A choice of one among the words of a family.
#[expect(clippy::too_many_arguments, reason = "one for each option of the macro")]
pub fn words<'a, W: Display>(
    s: &'a Shell,
    form: &'a Form,
    name: &'a str,
    label: &'a str,
    family: &str,
    all: &[W],
    help: &'a str,
    required: &bool,
    pre: &'a str,
) -> Html<Select<'a>> {
    select(s, form, name, label, &words_of(s, family, all), help, required, pre)
}

/// The n-th of several choices of one name.
pub fn nth_select<'a, V: Display, T: Display>(
    s: &'a Shell,
    form: &'a Form,
    name: &'a str,
    n: &usize,
    label: &'a str,
    options: &[(V, T)],
) -> Html<Select<'a>> {
    let options = choices(options, |value| form.nth(name, n) == value);
    HtmlSafeOutput(Select {
        s,
        form,
        at: format!("{name}-{n}"),
        name,
        label,
        options,
        help: "",
        required: false,
        optional: false,
        pre: "",
    })
}

/// Radio buttons or checkboxes under one legend.
#[derive(Template)]
#[template(path = "parts/choices.html")]
pub struct Choices<'a> {
    s: &'a Shell,
    form: &'a Form,
    name: &'a str,
    label: &'a str,
    options: Vec<Choice>,
    help: &'a str,
    pre: &'a str,
    several: bool,
}

/// One (radio buttons) or several (checkboxes) of pairs of value and text.
#[expect(clippy::too_many_arguments, reason = "one for each option of the macro")]
pub fn boxes<'a, V: Display, T: Display>(
    s: &'a Shell,
    form: &'a Form,
    name: &'a str,
    label: &'a str,
    options: &[(V, T)],
    help: &'a str,
    pre: &'a str,
    several: bool,
) -> Html<Choices<'a>> {
    let options = choices(options, |value| form.is(name, value));
    HtmlSafeOutput(Choices { s, form, name, label, options, help, pre, several })
}

/// One checkbox.
#[derive(Template)]
#[template(path = "parts/check.html")]
pub struct Check<'a> {
    s: &'a Shell,
    form: &'a Form,
    name: &'a str,
    label: &'a str,
    help: &'a str,
    pre: &'a str,
}

/// A yes that may be ticked.
pub fn check<'a>(
    s: &'a Shell,
    form: &'a Form,
    name: &'a str,
    label: &'a str,
    help: &'a str,
    pre: &'a str,
) -> Html<Check<'a>> {
    HtmlSafeOutput(Check { s, form, name, label, help, pre })
}

/// Everything wrong with a form, above it.
#[derive(Template)]
#[template(path = "parts/errors.html")]
pub struct Errors<'a> {
    s: &'a Shell,
    form: &'a Form,
    pre: &'a str,
}

/// The summary of what is wrong; empty when nothing is.
pub fn errors<'a>(s: &'a Shell, form: &'a Form, pre: &'a str) -> Html<Errors<'a>> {
    HtmlSafeOutput(Errors { s, form, pre })
}

/// The foot of a form.
#[derive(Template)]
#[template(path = "parts/submit.html")]
pub struct Submit<'a> {
    s: &'a Shell,
    label: &'a str,
    cancel: &'a str,
}

/// The button that sends a form, and the way out of it.
pub fn submit<'a>(s: &'a Shell, label: &'a str, cancel: &'a str) -> Html<Submit<'a>> {
    HtmlSafeOutput(Submit { s, label, cancel })
}

/// A form of one button.
#[derive(Template)]
#[template(path = "parts/act.html")]
pub struct Act<'a> {
    s: &'a Shell,
    action: &'a str,
    text: &'a str,
    version: i64,
    kind: &'a str,
    confirm: &'a str,
}

/// A button that does something to a record of that version.
pub fn act<'a>(
    s: &'a Shell,
    action: &'a str,
    text: &'a str,
    version: &i64,
    kind: &'a str,
    confirm: &'a str,
) -> Html<Act<'a>> {
    HtmlSafeOutput(Act { s, action, text, version: *version, kind, confirm })
}

/// A filter of a list.
#[derive(Template)]
#[template(path = "parts/pick.html")]
pub struct Pick<'a> {
    s: &'a Shell,
    name: &'a str,
    label: &'a str,
    options: Vec<Choice>,
}

/// A filter by pairs of value and text.
pub fn pick<'a, V: Display, T: Display>(
    s: &'a Shell,
    name: &'a str,
    label: &'a str,
    options: &[(V, T)],
) -> Html<Pick<'a>> {
    let asked = s.param(name);
    HtmlSafeOutput(Pick { s, name, label, options: choices(options, |value| value == asked) })
}

/// A filter by the words of a family.
pub fn pick_words<'a, W: Display>(
    s: &'a Shell,
    name: &'a str,
    label: &'a str,
    family: &str,
    all: &[W],
) -> Html<Pick<'a>> {
    pick(s, name, label, &words_of(s, family, all))
}

/// A view of a list.
#[derive(Template)]
#[template(path = "parts/chip.html")]
pub struct Chip<'a> {
    s: &'a Shell,
    name: &'a str,
    value: String,
    text: &'a str,
}

/// One of the views of a list; the one that is shown leads back to all.
pub fn chip<'a>(s: &'a Shell, name: &'a str, value: impl Display, text: &'a str) -> Html<Chip<'a>> {
    HtmlSafeOutput(Chip { s, name, value: value.to_string(), text })
}

/// The head of a column.
#[derive(Template)]
#[template(path = "parts/sort.html")]
pub struct Sort<'a> {
    s: &'a Shell,
    key: &'a str,
    label: &'a str,
    class: &'a str,
}

/// The head of a column that the list can be sorted by.
pub fn sort<'a>(s: &'a Shell, key: &'a str, label: &'a str, class: &'a str) -> Html<Sort<'a>> {
    HtmlSafeOutput(Sort { s, key, label, class })
}

/// The choice of columns.
#[derive(Template)]
#[template(path = "parts/columns.html")]
pub struct Chooser<'a> {
    s: &'a Shell,
    columns: &'a Columns,
}

/// The columns of a list, to be chosen.
pub fn columns<'a>(s: &'a Shell, columns: &'a Columns) -> Html<Chooser<'a>> {
    HtmlSafeOutput(Chooser { s, columns })
}

/// How many there are, and the way on.
#[derive(Template)]
#[template(path = "parts/pager.html")]
pub struct Pager<'a> {
    s: &'a Shell,
    total: Option<i64>,
    next: Option<&'a str>,
}

/// The foot of a list.
pub fn pager<'a>(s: &'a Shell, total: &Option<i64>, next: &'a Option<String>) -> Html<Pager<'a>> {
    HtmlSafeOutput(Pager { s, total: *total, next: next.as_deref() })
}

/// A time.
#[derive(Template)]
#[template(path = "parts/when.html")]
pub struct When<'a> {
    s: &'a Shell,
    at: &'a Time,
}

/// A time as a clock shows it.
pub fn when<'a>(s: &'a Shell, at: &'a Time) -> Html<When<'a>> {
    HtmlSafeOutput(When { s, at })
}

/// A time.
#[derive(Template)]
#[template(path = "parts/ago.html")]
pub struct Ago<'a> {
    s: &'a Shell,
    at: &'a Time,
}

/// How long ago that was.
pub fn ago<'a>(s: &'a Shell, at: &'a Time) -> Html<Ago<'a>> {
    HtmlSafeOutput(Ago { s, at })
}

/// The light of a deadline.
#[derive(Template)]
#[template(path = "parts/light.html")]
pub struct LightOf<'a> {
    s: &'a Shell,
    light: &'a Light,
}

/// The light of a deadline, in words.
pub fn light<'a>(s: &'a Shell, light: &'a Light) -> Html<LightOf<'a>> {
    HtmlSafeOutput(LightOf { s, light })
}

/// A due time with its light.
#[derive(Template)]
#[template(path = "parts/due.html")]
pub struct Due<'a> {
    s: &'a Shell,
    at: Option<&'a Time>,
    light: &'a Light,
}

/// The light of a deadline, and when it falls due.
pub fn due<'a>(s: &'a Shell, at: &'a Option<Time>, light: &'a Light) -> Html<Due<'a>> {
    HtmlSafeOutput(Due { s, at: at.as_ref(), light })
}

/// The page up to its title.
#[derive(Template)]
#[template(path = "parts/top.html")]
pub struct Top<'a> {
    s: &'a Shell,
}

/// The page up to its title.
pub fn top(s: &Shell) -> Html<Top<'_>> {
    HtmlSafeOutput(Top { s })
}

/// The page from its title to what it is about.
#[derive(Template)]
#[template(path = "parts/frame.html")]
pub struct Frame<'a> {
    s: &'a Shell,
}

/// The page from its title to what it is about: head, banner, rail.
pub fn frame(s: &Shell) -> Html<Frame<'_>> {
    HtmlSafeOutput(Frame { s })
}

/// The page after what it is about.
#[derive(Template)]
#[template(path = "parts/foot.html")]
pub struct Foot<'a> {
    s: &'a Shell,
}

/// The page after what it is about.
pub fn foot(s: &Shell) -> Html<Foot<'_>> {
    HtmlSafeOutput(Foot { s })
}
