//! What a person was told, newest first. The text is made at reading, in the
//! reader's language.

use super::store::accounts as rows;
use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::api::Page;
use crate::text::{Arg, Lang};
use crate::time::Time;
use serde_json::Value as Json;
use uuid::Uuid;

/// One thing that somebody was told.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Key.
    pub id: Uuid,
    /// The sentence.
    pub text: String,
    /// The page of the record that it is about.
    pub href: Option<String>,
    /// When.
    pub at: Time,
    /// Whether it was read.
    pub read: bool,
}

/// One's own notices; only those not read yet when `unread` says so.
pub async fn list(
    app: &App,
    who: &Actor,
    lang: Lang,
    unread: bool,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Notice>> {
    let before = match cursor.filter(|c| !c.is_empty()) {
        Some(cursor) => Some(Uuid::parse_str(cursor).map_err(|_| Error::field("cursor", "unreadable"))?),
        None => None,
    };
    let mut tx = app.read().await?;
    let mut notices = rows::notices(&mut tx, who.zone_id, who.person()?, unread, before, limit + 1).await?;
    let more = notices.len() as i64 > limit;
    notices.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = notices.last().filter(|_| more).map(|last| last.id.to_string());
    let items = notices
        .into_iter()
        .map(|row| Notice {
            id: row.id,
            text: sentence(lang, &row.kind, &row.args),
            href: href_of(&row.subject, row.subject_id),
            at: row.created_at,
            read: row.read_at.is_some(),
        })
        .collect::<Vec<_>>();
    let n = items.len() as i64;
    Ok(Page::new(items, next, n))
}

/// The page of what a notice is about.
pub fn href_of(table: &str, id: Uuid) -> Option<String> {
    match table {
        "person" => Some(format!("/people/{id}")),
        "account" => Some(format!("/admin/accounts/{id}")),
        table => crate::subject::href_of(table, id),
    }
}

/// The sentence of a notice: key `notice-<kind>` with its values.
pub fn sentence(lang: Lang, kind: &str, args: &Json) -> String {
    let values: Vec<(&str, Box<dyn Arg + '_>)> = args
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| -> (&str, Box<dyn Arg + '_>) {
            match value {
                Json::Number(n) => (name.as_str(), Box::new(n.as_i64().unwrap_or_default())),
                Json::String(text) => (name.as_str(), Box::new(text.as_str())),
                other => (name.as_str(), Box::new(other.to_string())),
            }
        })
        .collect();
    let args: Vec<(&str, &dyn Arg)> = values.iter().map(|(name, value)| (*name, value.as_ref())).collect();
    lang.with(&format!("notice-{}", kind.replace('.', "-")), &args)
}

/// The page of what a notice is about; the notice counts as read from then on.
pub async fn open(app: &App, who: &Actor, id: Uuid) -> Result<Option<String>> {
    let mut tx = app.db.write().await?;
    let notice = rows::notice(&mut tx, who.zone_id, who.person()?, id).await?.ok_or(Error::NotFound)?;
    rows::read_notices(&mut tx, who.zone_id, who.person()?, Some(id), app.now()).await?;
    tx.commit().await?;
    Ok(href_of(&notice.subject, notice.subject_id))
}

/// Notes one notice, or all of one's own, as read.
pub async fn read(app: &App, who: &Actor, one: Option<Uuid>) -> Result<u64> {
    let mut tx = app.db.write().await?;
    let n = rows::read_notices(&mut tx, who.zone_id, who.person()?, one, app.now()).await?;
    tx.commit().await?;
    Ok(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_notice_is_a_sentence_in_both_languages() {
        let args = json!({"name": "王工"});
        for lang in [Lang::Zh, Lang::En] {
            let text = sentence(lang, "invitation.accepted", &args);
            assert!(text.contains("王工") && !text.contains("notice-"), "{text}");
        }
    }
}
