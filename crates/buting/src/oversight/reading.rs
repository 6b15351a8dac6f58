//! A row of the ledger in words: who did what through what, and each changed
//! field before and after. Pure.

use super::Entry;
use crate::http::page::Shell;
use crate::subject::href_of;
use crate::text::Lang;
use crate::time::Time;
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// The names of records that ids in the ledger stand for.
pub type Names = HashMap<Uuid, String>;

/// A row in words.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Key of the row.
    pub id: Uuid,
    /// Its place in the tree.
    pub seq: Option<i64>,
    /// When.
    pub at: Time,
    /// Who, in words.
    pub who: String,
    /// What was done, in words.
    pub what: String,
    /// The action's word, for filters.
    pub action: String,
    /// Through what, in words.
    pub via: String,
    /// The enterprise, carrier or project: name, and its page for whoever may open it.
    pub about: Option<(String, Option<String>)>,
    /// What kind of record, in words.
    pub record: String,
    /// The page of the record.
    pub href: Option<String>,
    /// The changed fields.
    pub fields: Vec<Changed>,
    /// The reason that was given.
    pub note: Option<String>,
}

/// A changed field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What it is called.
    pub label: String,
    /// As it was; none when there was nothing.
    pub before: Option<String>,
    /// As it is now; none when there is nothing.
    pub after: Option<String>,
}

/// The text of an action: key `ledger-<action>`, otherwise the word itself.
pub fn action_text(lang: Lang, action: &str) -> String {
    let key = format!("ledger-{}", action.replace('.', "-"));
    if lang.has(&key) { lang.t(&key).into_owned() } else { action.to_owned() }
}

/// Every id that stands somewhere in a document.
pub fn ids_in(value: &Json, into: &mut BTreeSet<Uuid>) {
    match value {
        Json::String(text) if text.len() == 36 => {
            into.extend(Uuid::parse_str(text).ok());
        }
        Json::Array(items) => items.iter().for_each(|item| ids_in(item, into)),
        Json::Object(fields) => fields.values().for_each(|field| ids_in(field, into)),
        _ => {}
    }
}

/// Every personal value that stands sealed in a document.
pub fn sealed_in(value: &Json, into: &mut Vec<Json>) {
    match value {
        Json::Object(fields) if fields.contains_key("sealed") => into.push(value.clone()),
        Json::Object(fields) => fields.values().for_each(|field| sealed_in(field, into)),
        Json::Array(items) => items.iter().for_each(|item| sealed_in(item, into)),
        _ => {}
    }
}

/// The document with every sealed value as `open` has it.
pub fn opened(value: &Json, open: &impl Fn(&Json) -> Json) -> Json {
    match value {
        Json::Object(fields) if fields.contains_key("sealed") => open(value),
        Json::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), opened(field, open))).collect(),
        Json::Array(items) => items.iter().map(|item| opened(item, open)).collect(),
        other => other.clone(),
    }
}

/// Sets a row in words, in the language and time of a page.
pub fn shown(s: &Shell, entry: &Entry, names: &Names) -> Shown {
    let lang = s.lang;
    let actor = match (&entry.actor_name, entry.actor_id) {
        (Some(name), _) => name.clone(),
        (None, Some(_)) => lang.t("unknown").into_owned(),
        (None, None) => via_text(lang, &entry.via),
    };
    let who = match &entry.behalf_name {
        Some(behalf) => lang.with("log-on-behalf", &[("actor", &actor), ("behalf", behalf)]),
        None => actor,
    };
    let kind = entry.about_kind.as_deref().unwrap_or_default();
    let about = entry.about_id.zip(entry.about_name.clone());
    Shown {
        id: entry.id,
        seq: entry.seq,
        at: entry.at,
        who,
        what: action_text(lang, &entry.action),
        action: entry.action.clone(),
        via: via_text(lang, &entry.via),
        about: about.map(|(id, name)| (name, page_of(s, kind, id))),
        record: table_text(lang, &entry.subject),
        href: page_of(s, &entry.subject, entry.subject_id),
        fields: fields(s, entry, names),
        note: entry.note.clone(),
    }
}

/// The page of a record, for whoever may open pages of that kind.
fn page_of(s: &Shell, table: &str, id: Uuid) -> Option<String> {
    let open = match table {
        "subject_request" => s.roles.meets(crate::privacy::desk::READERS),
        _ => s.in_office(),
    };
    href_of(table, id).filter(|_| open)
}

fn via_text(lang: Lang, via: &str) -> String {
    let key = format!("via-{via}");
    if lang.has(&key) { lang.t(&key).into_owned() } else { via.to_owned() }
}

/// What a table is called: key `table-<name>`.
pub fn table_text(lang: Lang, table: &str) -> String {
    let key = format!("table-{table}");
    if lang.has(&key) { lang.t(&key).into_owned() } else { table.to_owned() }
}

fn fields(s: &Shell, entry: &Entry, names: &Names) -> Vec<Changed> {
    let of = |document: &Json| document.as_object().cloned().unwrap_or_default();
    let (before, after) = (of(&entry.before), of(&entry.after));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let say = |field: &str, value: Option<&Json>| {
        let value = value.filter(|value| !is_nothing(value))?;
        Some(value_text(s, names, &entry.subject, field, value))
    };
    keys.into_iter()
        .map(|key| Changed {
            label: label(s.lang, key),
            before: say(key, before.get(key)),
            after: say(key, after.get(key)),
        })
        .filter(|field| field.before != field.after)
        .collect()
}

fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn label(lang: Lang, field: &str) -> String {
    for key in [format!("log-field-{field}"), format!("field-{field}")] {
        if lang.has(&key) {
            return lang.t(&key).into_owned();
        }
    }
    field.to_owned()
}

fn value_text(s: &Shell, names: &Names, table: &str, field: &str, value: &Json) -> String {
    let lang = s.lang;
    let each = |value: &Json| value_text(s, names, table, field, value);
    match value {
        Json::Null => lang.t("dash").into_owned(),
        Json::Bool(true) => lang.t("yes").into_owned(),
        Json::Bool(false) => lang.t("no").into_owned(),
        // Instants of the database are milliseconds, which nobody reads.
        Json::Number(number) => match number.as_i64().filter(|ms| field.ends_with("_at") && *ms > 100_000_000_000) {
            Some(ms) => s.datetime(&Time::from_ms(ms)),
            None => number.to_string(),
        },
        Json::String(text) => string_text(s, names, table, field, text),
        Json::Array(items) => items.iter().map(each).collect::<Vec<_>>().join(&lang.t("comma")),
        Json::Object(fields) if fields.contains_key("sealed") => lang.t("log-sealed").into_owned(),
        Json::Object(fields) if fields.contains_key("erased") => lang.t("log-erased").into_owned(),
        Json::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !is_nothing(value))
            .map(|(name, value)| {
                format!("{}{}{}", label(lang, name), lang.t("colon"), value_text(s, names, table, name, value))
            })
            .collect::<Vec<_>>()
            .join(&lang.t("log-between")),
    }
}

fn string_text(s: &Shell, names: &Names, table: &str, field: &str, text: &str) -> String {
    if let Ok(id) = Uuid::parse_str(text) {
        return names.get(&id).cloned().unwrap_or_else(|| text[..8].to_owned());
    }
    if text.len() >= 20
        && let Ok(stamp) = text.parse::<jiff::Timestamp>()
    {
        return s.datetime(&Time::of(stamp));
    }
    word_of(s, table, field, text).unwrap_or_else(|| text.to_owned())
}

/// The label of a word of the contract: it stands under its field, or under
/// table and field. None when the text is no such word.
pub fn word_of(s: &Shell, table: &str, field: &str, text: &str) -> Option<String> {
    let is_word = !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let family = field.trim_end_matches('s');
    let named = match (table, field) {
        ("subject_request", "kind") => "request-kind",
        ("continuity", "state") => "light-state",
        ("continuity", "source") => "light-source",
        (_, "cause_kind") => "cause",
        (_, "clock_mode") => "clock-mode",
        (_, "production_continued") => "went-on",
        (_, "warning_colour") => "warning",
        ("assignment", "role") => "duty",
        ("enterprise", "tags") => "enterprise-tag",
        ("enterprise", "confirmed") => "fact",
        (_, "source") => "enterprise-source",
        ("appeal", "state") => "solution-state",
        ("appeal", "tick") => "tick",
        (_, "checked_action") => "appeal-action",
        ("phrase", "action") => "appeal-action",
        ("metric_freeze", "key") => "metric",
        ("task", "state") => "task-state",
        ("task", "kind") => "task-kind",
        ("screening_candidate", "state") => "candidate-state",
        ("screening_training", "state") => "training-state",
        ("screening_point", "state") => "point-state",
        ("screening_round", "state") if s.lang.has(&format!("tube-state-{text}")) => "tube-state",
        ("screening_round", "state") => "round-state",
        ("screening_round", "kind") => "round-kind",
        ("readiness_plan", "state") => "ready-state",
        (_, "reached_by") => "person-channel",
        ("visit", "key") => "visit-block",
        ("visit_plan", "kind") => "visit-kind",
        ("visit_plan", "channel") => "visit-channel",
        ("visit_plan", "state") => "plan-state",
        ("policy_data", "kind") => "policy-kind",
        ("policy_data", "key") if s.lang.has(&format!("profile-{text}")) => "profile",
        ("policy_data", "key") => "policy-key",
        _ => family,
    };
    let hyphened = named.replace('_', "-");
    let keys = [
        format!("{table}-{field}-{text}"),
        format!("{table}-{hyphened}-{text}"),
        format!("{named}-{text}"),
        format!("{hyphened}-{text}"),
        format!("{field}-{text}"),
    ];
    keys.iter().find(|key| is_word && s.lang.has(key)).map(|key| s.t(key).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(before: Json, after: Json) -> Entry {
        Entry {
            id: Uuid::from_u128(1),
            seq: Some(3),
            at: Time::from_ms(1_795_480_200_000),
            actor_id: Some(Uuid::from_u128(2)),
            actor_name: Some("张三".into()),
            behalf_of: None,
            behalf_name: None,
            via: "page".into(),
            action: "settings.set".into(),
            subject: "enterprise".into(),
            subject_id: Uuid::from_u128(4),
            about_id: Some(Uuid::from_u128(4)),
            about_name: Some("测试机电".into()),
            about_kind: Some("enterprise".into()),
            before,
            after,
            note: None,
        }
    }

    #[test]
    fn a_change_is_read_in_words() {
        let person = Uuid::from_u128(9);
        let names = Names::from([(person, "李四".to_owned())]);
        let before = json!({"role": "officer", "key": false, "phone": {"sealed": true}, "same": 1});
        let after = json!({
            "role": "leader", "key": true, "phone": {"erased": true}, "same": 1,
            "officer_id": person.to_string(), "valid_at": 1_795_480_200_000_i64, "none": null,
        });
        let mut s = Shell::bare(Lang::Zh);
        let closed = shown(&s, &entry(before.clone(), after.clone()), &names);
        assert_eq!(closed.about, Some(("测试机电".to_owned(), None)), "no link to what one may not open");
        s.roles = crate::actor::OFFICE;
        let shown = shown(&s, &entry(before, after), &names);
        let of = |label: &str| {
            let field = shown.fields.iter().find(|field| field.label == label);
            field.map(|field| (field.before.clone(), field.after.clone()))
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(of(&label(Lang::Zh, "role")), Some((text("承办人"), text("领导"))));
        assert_eq!(of(&label(Lang::Zh, "officer_id")), Some((None, text("李四"))));
        assert_eq!(of(&label(Lang::Zh, "valid_at")), Some((None, text("2026-11-24 08:30"))));
        assert_eq!(of(&label(Lang::Zh, "same")), None, "what did not change is not told");
        assert_eq!(of(&label(Lang::Zh, "none")), None);
        assert_eq!(shown.about, Some(("测试机电".to_owned(), Some(format!("/enterprises/{}", Uuid::from_u128(4))))));
        assert_eq!(shown.what, "修改设置");
        let phone = shown.fields.iter().find(|field| field.before == text("已加密")).expect("the telephone");
        assert_eq!(phone.after, text("已删除"));
    }

    #[test]
    fn sealed_values_are_found_wherever_they_stand() {
        let sealed = json!({"sealed": "00ff", "owner": Uuid::from_u128(1)});
        let document = json!({"name": sealed, "contacts": [{"phone": sealed}], "title": "厂长"});
        let mut found = Vec::new();
        sealed_in(&document, &mut found);
        assert_eq!(found.len(), 2);
        let open = opened(&document, &|_| json!("13800000000"));
        assert_eq!(open["contacts"][0]["phone"], "13800000000");
        assert_eq!(open["title"], "厂长");
    }

    #[test]
    fn an_action_without_a_text_shows_itself() {
        assert_eq!(action_text(Lang::En, "no.such_thing"), "no.such_thing");
    }
}
