//! The two languages of the product. Texts live in `locales/<lang>/<job>.ftl`.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use rust_embed::RustEmbed;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/locales"]
struct Files;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// Simplified Chinese, the first language.
    #[default]
    Zh,
    /// English.
    En,
}

/// What Chinese texts call the tie of leader, department and officer to an enterprise,
/// by the setting of the zone. The locale files say the first.
pub const LABELS: [&str; 4] = ["包联", "包挂", "挂包", "联系"];

/// The texts of a language. Those that take no value, as most do, are made once.
struct Texts {
    bundle: FluentBundle<FluentResource>,
    fixed: HashMap<String, String>,
}

static ZH: [LazyLock<Texts>; LABELS.len()] = [
    LazyLock::new(|| Texts::of(Lang::Zh, LABELS[0])),
    LazyLock::new(|| Texts::of(Lang::Zh, LABELS[1])),
    LazyLock::new(|| Texts::of(Lang::Zh, LABELS[2])),
    LazyLock::new(|| Texts::of(Lang::Zh, LABELS[3])),
];
static EN: LazyLock<Texts> = LazyLock::new(|| Texts::of(Lang::En, LABELS[0]));

tokio::task_local! {
    static LABEL: Label;
}

/// One of [`LABELS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Label(usize);

impl Label {
    /// The label of a zone's settings.
    pub fn of(settings: &serde_json::Value) -> Self {
        let word = settings["assignment_label"].as_str();
        Self(LABELS.iter().position(|label| Some(*label) == word).unwrap_or_default())
    }

    /// The label that texts have here.
    fn here() -> Self {
        LABEL.try_with(|label| *label).unwrap_or_default()
    }

    /// The word.
    pub fn word(self) -> &'static str {
        LABELS[self.0]
    }

    /// Carries out work in which all texts say this word.
    pub fn within<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        LABEL.scope(self, work)
    }
}

/// A fixed Chinese text that is in no locale file, such as the heading of a column of
/// the officers' sheets, with the label that texts have here.
pub fn labelled(text: &'static str) -> Cow<'static, str> {
    match Label::here() {
        Label(0) => Cow::Borrowed(text),
        label => Cow::Owned(text.replace(LABELS[0], label.word())),
    }
}

impl Texts {
    fn of(lang: Lang, label: &str) -> Self {
        let id = lang.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        bundle.set_use_isolating(false);
        let mut keys = Vec::new();
        for name in Files::iter().filter(|name| name.starts_with(lang.tag())) {
            let Some(file) = Files::get(&name) else { continue };
            let text = String::from_utf8_lossy(&file.data).replace(LABELS[0], label);
            // A line that begins with a name begins a message.
            let begins = |line: &str| Some(line.split_once(" =")?.0.to_owned()).filter(|key| !key.contains([' ', '#']));
            keys.extend(text.lines().filter_map(begins));
            let resource = FluentResource::try_new(text).unwrap_or_else(|(resource, errors)| {
                tracing::error!(file = %name, ?errors, "a locale file does not parse");
                resource
            });
            if let Err(errors) = bundle.add_resource(resource) {
                tracing::error!(file = %name, ?errors, "a locale key is defined twice");
            }
        }
        let mut fixed = HashMap::new();
        for key in keys {
            let Some(pattern) = bundle.get_message(&key).and_then(|message| message.value()) else { continue };
            let mut lacks = Vec::new();
            let text = bundle.format_pattern(pattern, None, &mut lacks).into_owned();
            if lacks.is_empty() {
                fixed.insert(key, text);
            }
        }
        Self { bundle, fixed }
    }
}

impl Lang {
    /// The tag of the language, as in `<html lang>`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// The language of a tag such as `en-GB`.
    pub fn of_tag(tag: &str) -> Option<Self> {
        match tag.trim().to_ascii_lowercase().split(['-', '_']).next()? {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The first language of an `Accept-Language` header that there is.
    pub fn accepted(header: &str) -> Option<Self> {
        header.split(',').find_map(|part| Self::of_tag(part.split(';').next()?))
    }

    /// The text of a key. A missing key shows itself, and a test forbids it.
    pub fn t(self, key: &str) -> Cow<'static, str> {
        match self.texts().fixed.get(key) {
            Some(text) => Cow::Borrowed(text),
            None => self.format(key, None),
        }
    }

    /// The text of a key with values.
    pub fn with(self, key: &str, args: &[(&str, &dyn Arg)]) -> String {
        let mut values = FluentArgs::new();
        for (name, value) in args {
            values.set(*name, value.value());
        }
        self.format(key, Some(&values)).into_owned()
    }

    /// The label of a word of the contract: key `<family>-<word>`.
    pub fn word(self, family: &str, word: &str) -> Cow<'static, str> {
        self.t(&format!("{family}-{word}"))
    }

    /// Whether there is such a key in this language.
    pub fn has(self, key: &str) -> bool {
        self.texts().bundle.has_message(key)
    }

    fn texts(self) -> &'static Texts {
        match self {
            Self::Zh => &ZH[Label::here().0],
            Self::En => &EN,
        }
    }

    fn format(self, key: &str, args: Option<&FluentArgs<'_>>) -> Cow<'static, str> {
        let bundle = &self.texts().bundle;
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::warn!(key, lang = self.tag(), "a text is missing");
            return Cow::Owned(key.to_owned());
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, args, &mut errors);
        if !errors.is_empty() {
            tracing::warn!(key, ?errors, "a text lacks a value");
        }
        Cow::Owned(text.into_owned())
    }
}

/// A value in a text: a number (with plurals) or a word.
pub trait Arg {
    /// The value as Fluent takes it.
    fn value(&self) -> FluentValue<'_>;
}

impl Arg for i64 {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl Arg for usize {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl Arg for str {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(self)
    }
}

impl<A: Arg + ?Sized> Arg for &A {
    fn value(&self) -> FluentValue<'_> {
        (**self).value()
    }
}

impl Arg for String {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(self.as_str())
    }
}

impl Arg for Cow<'_, str> {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(self.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::{Path, PathBuf};

    /// Every message of a language: key → (file, variables).
    fn messages(lang: Lang) -> BTreeMap<String, (String, BTreeSet<String>)> {
        let mut twice = Vec::new();
        let mut all: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
        for name in Files::iter().filter(|name| name.starts_with(lang.tag())) {
            let text = String::from_utf8(Files::get(&name).expect("a file").data.into_owned()).expect("UTF-8");
            let file = name.rsplit('/').next().unwrap_or_default().to_owned();
            if let Err((_, errors)) = FluentResource::try_new(text.clone()) {
                panic!("{name} does not parse: {errors:?}");
            }
            let mut key = String::new();
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                if let Some((new, _)) = line.split_once(" =").filter(|_| !line.starts_with([' ', '}'])) {
                    key = new.to_owned();
                    if let Some((other, _)) = all.insert(key.clone(), (file.clone(), BTreeSet::new())) {
                        twice.push(format!("{key} is in {file} and in {other}"));
                    }
                }
                let variables = line.split('$').skip(1).map(|rest| {
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect::<String>()
                });
                if let Some((_, known)) = all.get_mut(&key) {
                    known.extend(variables);
                }
            }
        }
        assert!(twice.is_empty(), "{}", twice.join("\n"));
        all
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let (zh, en) = (messages(Lang::Zh), messages(Lang::En));
        let mut wrong = Vec::new();
        for (key, message) in &zh {
            match en.get(key) {
                None => wrong.push(format!("{key} ({}) is missing in English", message.0)),
                Some(other) if other != message => {
                    wrong.push(format!("{key}: {message:?} in Chinese, {other:?} in English"));
                }
                Some(_) => {}
            }
        }
        wrong.extend(
            en.iter()
                .filter(|(key, _)| !zh.contains_key(*key))
                .map(|(key, m)| format!("{key} ({}) is missing in Chinese", m.0)),
        );
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn files(folder: &Path, ending: &str, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                files(&path, ending, into);
            } else if path.extension().is_some_and(|e| e == ending) {
                into.push(path);
            }
        }
    }

    /// The arguments of every call that begins with `head`, as written.
    fn calls<'a>(source: &'a str, head: &str) -> Vec<Vec<&'a str>> {
        source.match_indices(head).map(|(at, _)| arguments(&source[at + head.len()..])).collect()
    }

    /// Splits at the commas of the first level, up to the closing bracket.
    fn arguments(text: &str) -> Vec<&str> {
        let (mut out, mut depth, mut from, mut quoted, mut escaped) = (Vec::new(), 0, 0, false, false);
        for (at, c) in text.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' if !text[..at].ends_with('\'') => quoted = !quoted,
                _ if quoted => {}
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth > 0 => depth -= 1,
                ')' | ']' | '}' => {
                    out.push(text[from..at].trim());
                    return out;
                }
                ',' if depth == 0 => {
                    out.push(text[from..at].trim());
                    from = at + 1;
                }
                _ => {}
            }
        }
        out
    }

    /// The text of an argument that is one plain string literal.
    fn literal(argument: Option<&&str>) -> Option<String> {
        let text = argument?.strip_prefix('"')?.strip_suffix('"')?;
        (!text.contains('"')).then(|| text.to_owned())
    }

    /// Calls of which the n-th argument, a literal, names a text (with a prefix).
    const NAMING: &[(&str, usize, &str)] = &[
        (".t(", 0, ""),
        ("s.with(", 0, ""),
        ("s.with2(", 0, ""),
        ("lang.with(", 0, ""),
        ("FieldError::new(", 1, "invalid-"),
        ("Error::field(", 1, "invalid-"),
        (".that(", 2, "invalid-"),
        ("Error::state(", 0, "conflict-"),
        ("Conflict::State(", 0, "conflict-"),
        ("Unauthenticated(", 0, "problem-"),
        ("page::go(", 1, ""),
        (" go(", 1, ""),
        ("(go(", 1, ""),
        ("work.log(", 0, "ledger-"),
        ("work.notify(", 1, "notice-"),
        ("m::field(", 3, ""),
        ("m::area(", 3, ""),
        ("m::select(", 3, ""),
        ("m::words(", 3, ""),
        ("m::radios(", 3, ""),
        ("m::checks(", 3, ""),
        ("m::check(", 3, ""),
        ("m::submit(", 1, ""),
        ("m::find(", 1, ""),
        ("m::pick(", 2, ""),
        ("m::pick_words(", 2, ""),
        ("m::sort(", 2, ""),
    ];

    /// Every key that a source or template names by a literal.
    fn named(source: &str) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for (head, n, prefix) in NAMING {
            for arguments in calls(source, head) {
                let Some(word) = literal(arguments.get(*n)).filter(|word| !word.is_empty()) else { continue };
                keys.insert(format!("{prefix}{}", if prefix.is_empty() { word } else { word.replace('.', "-") }));
            }
        }
        for head in ["action: \"todo-", "help=\""] {
            for (at, _) in source.match_indices(head) {
                let text = &source[at + head.find('"').unwrap_or_default() + 1..];
                keys.insert(text.split('"').next().unwrap_or_default().to_owned());
            }
        }
        keys.remove("");
        keys
    }

    #[test]
    fn a_missing_text_would_be_found() {
        let source = r#"
            s.t("a-b"); s.with("c", "n", f(x, "no")); check.that(x.f(1, "y"), "field", "code");
            work.log("appeal.sign", Subject::new("appeal", id), x); go("/x", "flash-y");
            ToDo { action: "todo-z" } {{ m::field(s, form, "n", "label", help="why") }}"#;
        let found: Vec<String> = named(source).into_iter().collect();
        let all = ["a-b", "c", "flash-y", "invalid-code", "label", "ledger-appeal-sign", "todo-z", "why"];
        assert_eq!(found, all);
    }

    #[test]
    fn every_text_that_is_named_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        files(&root.join("src"), "rs", &mut paths);
        files(&root.join("templates"), "html", &mut paths);
        let mut missing = Vec::new();
        for path in paths.iter().filter(|path| !path.ends_with("macros.html")) {
            let text = std::fs::read_to_string(path).expect("a text");
            let source = text.split("#[cfg(test)]").next().unwrap_or_default();
            for key in named(source).into_iter().filter(|key| !Lang::Zh.has(key)) {
                missing.push(format!("{key}  ({})", path.strip_prefix(root).unwrap_or(path).display()));
            }
        }
        assert!(missing.is_empty(), "texts that are missing:\n{}", missing.join("\n"));
    }
}
