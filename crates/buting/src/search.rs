//! Words in texts: full-text search that works for Chinese on both databases.
//!
//! A text is indexed as pairs of characters ([`hanzi::bigrams`]), in FTS5 on SQLite
//! and in a stored `tsvector` under GIN on PostgreSQL.
//!
//! A list asks [`matching`] for a condition on its id column. A rare word is
//! looked up in the text index and gives a few ids. For a common one the list
//! walks its own order and asks row by row whether the word is there, so that it
//! ends after a page; a short look at the index decides which of the two.
//!
//! On SQLite each kind of text of each zone has a *room*, a range of row numbers
//! in the index. FTS5 keeps its lists in order of row number, so a range is
//! entered directly, whatever else is indexed.
//!
//! Twenty of 100,000 texts by time, measured on two cores in a debug build: a
//! word that 40,000 texts hold 0.8 ms on both, one of eleven 0.9 ms, none 0.3 ms
//! (`search_at_a_hundred_thousand`).

use crate::app::Work;
use crate::error::Result;
use crate::time::Time;
use hanzi::Query;
use std::fmt::Write as _;
use store::{Dialect, Sql, Tx, sql};
use uuid::Uuid;

/// Characters of a text that are indexed.
const MOST: usize = 20_000;
/// Texts in one statement.
pub const BATCH: usize = 200;
/// Rows of a room in SQLite's index.
const ROOM: i64 = 1 << 40;
/// Counts go no further.
pub const COUNT_CAP: i64 = crate::http::api::TOTAL_CAP + 1;

/// A text to be found again.
#[derive(Clone, Debug)]
pub struct Text {
    /// The record that holds it.
    pub id: Uuid,
    /// The enterprise, carrier or project that it is about.
    pub about: Option<Uuid>,
    /// When it was written.
    pub at: Time,
    /// The text itself; several are joined by line breaks.
    pub text: String,
}

/// Puts the text of a record into the index, in place of what was there.
pub async fn put(
    work: &mut Work,
    kind: &'static str,
    id: Uuid,
    about: Option<Uuid>,
    at: Time,
    text: &str,
) -> Result<()> {
    put_all(work, kind, &[Text { id, about, at, text: text.to_owned() }]).await
}

/// Puts many texts of one kind into the index; ids must differ.
pub async fn put_all(work: &mut Work, kind: &'static str, texts: &[Text]) -> Result<()> {
    let zone = work.zone();
    for some in texts.chunks(BATCH) {
        match work.dialect() {
            Dialect::Sqlite => put_sqlite(work, zone, kind, some).await?,
            Dialect::Postgres => put_postgres(work, zone, kind, some).await?,
        }
    }
    Ok(())
}

/// The part of a text that is indexed.
fn start(text: &str) -> &str {
    let end = text.char_indices().nth(MOST).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

async fn put_sqlite(tx: &mut Tx, zone: Uuid, kind: &'static str, texts: &[Text]) -> Result<()> {
    forget_sqlite(tx, zone, kind, texts.iter().map(|text| text.id)).await?;
    let n = texts.len() as i64;
    let (room, last): (i64, i64) = tx
        .one(sql!(
            "INSERT INTO search_room (zone_id, kind, room, last)
             SELECT $1, $2, coalesce(max(room), 0) + 1, $3 FROM search_room WHERE TRUE
             ON CONFLICT (zone_id, kind) DO UPDATE SET last = last + $3 RETURNING room, last",
            zone,
            kind,
            n
        ))
        .await?;
    let first = room * ROOM + last - n;
    let mut rows = Sql::from("INSERT INTO search_text (zone_id, kind, id, about_id, at, n, plain) VALUES ");
    let mut index = Sql::from("INSERT INTO search_index (rowid, tokens) VALUES ");
    for (number, text) in (first..).zip(texts) {
        let comma = if number == first { "(" } else { ", (" };
        rows.push(comma).arg(zone).push(", ").arg(kind).push(", ").arg(text.id).push(", ").arg(text.about);
        let start = start(&text.text);
        rows.push(", ").arg(text.at).push(", ").arg(number).push(", ").arg(hanzi::plain(start)).push(")");
        index.push(comma).arg(number).push(", ").arg(hanzi::bigrams(start)).push(")");
    }
    tx.run(rows).await?;
    tx.run(index).await?;
    Ok(())
}

async fn forget_sqlite(tx: &mut Tx, zone: Uuid, kind: &'static str, ids: impl Iterator<Item = Uuid>) -> Result<()> {
    let mut gone = sql!("DELETE FROM search_text WHERE zone_id = $1 AND kind = $2 AND id IN ", zone, kind);
    gone.list(ids).push(" RETURNING n");
    let gone: Vec<(i64,)> = tx.list(gone).await?;
    if !gone.is_empty() {
        let mut index = Sql::from("DELETE FROM search_index WHERE rowid IN ");
        index.list(gone.into_iter().map(|(n,)| n));
        tx.run(index).await?;
    }
    Ok(())
}

async fn put_postgres(tx: &mut Tx, zone: Uuid, kind: &'static str, texts: &[Text]) -> Result<()> {
    let mut rows = Sql::from("INSERT INTO search_text (zone_id, kind, id, about_id, at, tokens) VALUES ");
    for (i, text) in texts.iter().enumerate() {
        rows.push(if i == 0 { "(" } else { ", (" }).arg(zone).push(", ").arg(kind).push(", ").arg(text.id);
        rows.push(", ").arg(text.about).push(", ").arg(text.at).push(", ");
        rows.arg(vector(&hanzi::bigrams(start(&text.text)))).push("::text::tsvector)");
    }
    rows.push(
        " ON CONFLICT (zone_id, kind, id) DO UPDATE
           SET about_id = excluded.about_id, at = excluded.at, tokens = excluded.tokens",
    );
    tx.run(rows).await?;
    Ok(())
}

/// Tokens with their places as a `tsvector` literal. Written by ourselves, the
/// index does not depend on PostgreSQL's parser, which the locale sways. Tokens
/// hold only letters, digits and Chinese characters, so the quotes stay closed.
fn vector(tokens: &str) -> String {
    let mut literal = String::with_capacity(tokens.len() * 2);
    // Places end at 16,383; beyond it a phrase is found by its words alone.
    for (place, token) in tokens.split_whitespace().enumerate() {
        let _ = write!(literal, "'{token}':{} ", (place + 1).min(16_383));
    }
    literal
}

/// Takes the text of a record out of the index.
pub async fn remove(work: &mut Work, kind: &'static str, id: Uuid) -> Result<()> {
    let zone = work.zone();
    match work.dialect() {
        Dialect::Sqlite => forget_sqlite(work, zone, kind, [id].into_iter()).await,
        Dialect::Postgres => {
            work.run(sql!("DELETE FROM search_text WHERE zone_id = $1 AND kind = $2 AND id = $3", zone, kind, id))
                .await?;
            Ok(())
        }
    }
}

/// How a list looks for words.
pub struct Matching {
    /// Holds for the records whose text has the words. It may be used several
    /// times (list and count).
    pub condition: Sql,
    /// Whether few texts have them: the list then sorts what was found rather than
    /// walk its own order.
    pub rare: bool,
    /// At least so many texts have them, whoever may read them.
    pub at_least: i64,
}

/// How to look for words among the records of a kind; `None` when `q` holds no
/// word. `id_column` is text of the source, such as `"a.id"`.
pub async fn look(
    tx: &mut Tx,
    zone: Uuid,
    kind: &'static str,
    id_column: &'static str,
    q: &str,
) -> Result<Option<Matching>> {
    let query = hanzi::query(q);
    if query.is_empty() {
        return Ok(None);
    }
    Ok(Some(match Look::at(tx, zone, kind, &query).await? {
        None => Matching { condition: Sql::from("FALSE"), rare: true, at_least: 0 },
        Some(look) => Matching { condition: look.condition(id_column), rare: !look.common, at_least: look.at_least },
    }))
}

/// The condition of [`look`] alone.
pub async fn matching(
    tx: &mut Tx,
    zone: Uuid,
    kind: &'static str,
    id_column: &'static str,
    q: &str,
) -> Result<Option<Sql>> {
    Ok(look(tx, zone, kind, id_column, q).await?.map(|found| found.condition))
}

/// How many texts of a kind have the words, counted up to [`COUNT_CAP`].
pub async fn count(tx: &mut Tx, zone: Uuid, kind: &'static str, q: &str) -> Result<i64> {
    let query = hanzi::query(q);
    let Some(look) = Look::at(tx, zone, kind, &query).await? else { return Ok(0) };
    let mut count = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    count.append(look.rows()).push(" LIMIT ").arg(COUNT_CAP).push(") AS found");
    Ok(tx.value(count).await?)
}

/// Pairs of characters that more names hold than this tell none apart.
const TELLING: i64 = 2_000;

/// Records of a kind whose name is nearly what was typed ([`hanzi::meant`]), the
/// likelier first, for a question that [`look`] finds nothing for. What they
/// are called is for the caller to compare ([`hanzi::share`]): the index knows words
/// alone.
pub async fn near(tx: &mut Tx, zone: Uuid, kind: &'static str, q: &str, limit: i64) -> Result<Vec<Uuid>> {
    let hanzi::Meant { words, pairs } = hanzi::meant(q);
    let mut telling = Vec::new();
    for pair in pairs {
        let Some(query) = hanzi::any(&[], std::slice::from_ref(&pair)) else { continue };
        let mut held = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
        let Some(rows) = with_any(tx, zone, kind, &query).await? else { return Ok(Vec::new()) };
        held.append(rows).push(" LIMIT ").arg(TELLING).push(") AS held");
        let held: i64 = tx.value(held).await?;
        if (1..TELLING).contains(&held) {
            telling.push(pair);
        }
    }
    let Some(query) = hanzi::any(&words, &telling) else { return Ok(Vec::new()) };
    let Some(rows) = with_any(tx, zone, kind, &query).await? else { return Ok(Vec::new()) };
    let mut find = Sql::from("SELECT t.id");
    find.append(rows);
    match tx.dialect() {
        Dialect::Sqlite => find.push(" ORDER BY f.rank, f.rowid DESC"),
        Dialect::Postgres => {
            find.push(" ORDER BY ts_rank(t.tokens, ").arg(&query.tsquery).push("::text::tsquery) DESC, t.at DESC")
        }
    };
    find.push(" LIMIT ").arg(limit);
    let found: Vec<(Uuid,)> = tx.list(find).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// `FROM … WHERE …` over the texts that have any of the words; `None` when nothing
/// of the kind was ever indexed.
async fn with_any(tx: &mut Tx, zone: Uuid, kind: &'static str, query: &hanzi::Any) -> Result<Option<Sql>> {
    Ok(match tx.dialect() {
        Dialect::Sqlite => room(tx, zone, kind).await?.map(|(from, to)| in_room(&query.fts5, from, to)),
        Dialect::Postgres => Some(sql!(
            " FROM search_text t WHERE t.zone_id = $1 AND t.kind = $2 AND t.tokens @@ $3::text::tsquery",
            zone,
            kind,
            &query.tsquery
        )),
    })
}

/// The row numbers of SQLite's index that a kind of text has.
async fn room(tx: &mut Tx, zone: Uuid, kind: &'static str) -> Result<Option<(i64, i64)>> {
    let room: Option<(i64, i64)> =
        tx.opt(sql!("SELECT room, last FROM search_room WHERE zone_id = $1 AND kind = $2", zone, kind)).await?;
    Ok(room.map(|(room, last)| (room * ROOM, room * ROOM + last)))
}

/// `FROM … WHERE …` over the texts of a room of SQLite's index. CROSS JOIN keeps
/// SQLite to this order.
fn in_room(words: &str, from: i64, to: i64) -> Sql {
    sql!(
        " FROM search_index f CROSS JOIN search_text t ON t.n = f.rowid
         WHERE f.search_index MATCH $1 AND f.rowid BETWEEN $2 AND $3",
        words,
        from,
        to
    )
}

/// A query with what a short look at the index has told.
struct Look {
    zone: Uuid,
    kind: &'static str,
    words: String,
    needles: Vec<String>,
    common: bool,
    at_least: i64,
    engine: Engine,
}

enum Engine {
    /// The range of row numbers in the index.
    Sqlite {
        from: i64,
        to: i64,
    },
    Postgres,
}

impl Look {
    async fn at(tx: &mut Tx, zone: Uuid, kind: &'static str, query: &Query) -> Result<Option<Self>> {
        match tx.dialect() {
            Dialect::Sqlite => Self::at_sqlite(tx, zone, kind, query).await,
            Dialect::Postgres => Self::at_postgres(tx, zone, kind, query).await,
        }
    }

    async fn at_sqlite(tx: &mut Tx, zone: Uuid, kind: &'static str, query: &Query) -> Result<Option<Self>> {
        let Some(words) = query.fts5() else { return Ok(None) };
        let Some((from, to)) = room(tx, zone, kind).await? else { return Ok(None) };
        // Looking up n ids costs about n steps, walking to the 20th hit about
        // 20·all/n: they cost alike where n² = 20·all.
        // And as far as a total is counted out, with room for some that are hidden.
        let enough = (20 * (to - from)).isqrt().max(COUNT_CAP + 200);
        let hits: i64 = tx
            .value(sql!(
                "SELECT count(*) FROM (SELECT 1 FROM search_index WHERE search_index MATCH $1 AND rowid BETWEEN $2 AND $3
                 LIMIT $4)",
                words,
                from,
                to,
                enough
            ))
            .await?;
        let common = hits == enough;
        let needles = query.needles();
        let engine = Engine::Sqlite { from, to };
        Ok((hits > 0).then_some(Self { zone, kind, words, needles, common, at_least: hits, engine }))
    }

    async fn at_postgres(tx: &mut Tx, zone: Uuid, kind: &'static str, query: &Query) -> Result<Option<Self>> {
        let Some(words) = query.tsquery() else { return Ok(None) };
        // A sample of the newest: GIN cannot stop early, so asking it would cost
        // as much as the search. One in fifty is common.
        let hits: i64 = tx
            .value(sql!(
                "SELECT count(*) FROM (SELECT tokens FROM search_text WHERE zone_id = $1 AND kind = $2
                   ORDER BY at DESC LIMIT 400) AS sample WHERE (tokens @@ $3::text::tsquery) IS TRUE",
                zone,
                kind,
                words
            ))
            .await?;
        Ok(Some(Self {
            zone,
            kind,
            words,
            needles: Vec::new(),
            common: hits >= 8,
            at_least: hits,
            engine: Engine::Postgres,
        }))
    }

    /// `FROM … WHERE …` over the texts that have the words; `t` is the text.
    fn rows(&self) -> Sql {
        match self.engine {
            Engine::Sqlite { from, to } => in_room(&self.words, from, to),
            Engine::Postgres => {
                let mut rows =
                    sql!(" FROM search_text t WHERE t.zone_id = $1 AND t.kind = $2 AND ", self.zone, self.kind);
                self.has_words(&mut rows);
                rows
            }
        }
    }

    /// `IS TRUE` keeps PostgreSQL from the text index, which has to read every
    /// hit of a common word before it gives the first.
    fn has_words(&self, condition: &mut Sql) {
        condition.push("(t.tokens @@ ").arg(&self.words).push("::text::tsquery)");
        if self.common {
            condition.push(" IS TRUE");
        }
    }

    fn condition(&self, id_column: &'static str) -> Sql {
        let mut condition = Sql::from(if self.common { "EXISTS (SELECT 1" } else { id_column });
        if !self.common {
            // As an array PostgreSQL fetches the ids first and once, whatever it
            // believes about the word.
            let (open, close) = match self.engine {
                Engine::Sqlite { .. } => (" IN (SELECT t.id", ")"),
                Engine::Postgres => (" = ANY (ARRAY(SELECT t.id", "))"),
            };
            condition.push(open).append(self.rows()).push(close);
            return condition;
        }
        match self.engine {
            Engine::Sqlite { .. } => {
                // Row by row the text itself is quicker than the index: each
                // question to FTS5 opens its lists anew.
                condition.push(" FROM search_text t WHERE t.zone_id = ").arg(self.zone);
                condition.push(" AND t.kind = ").arg(self.kind).push(" AND t.id = ").push(id_column);
                for needle in &self.needles {
                    condition.push(" AND instr(t.plain, ").arg(needle).push(") > 0");
                }
                condition.push(")");
            }
            Engine::Postgres => {
                condition.append(self.rows()).push(" AND t.id = ").push(id_column);
                // OFFSET keeps the question a question: asked for each row of the
                // walk, not turned into a join that reads all.
                condition.push(" OFFSET 0)");
            }
        }
        condition
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Actor;
    use crate::app::{App, Config, SystemClock};
    use crate::migrations::MIGRATIONS;
    use std::sync::Arc;

    async fn apps() -> Vec<(Arc<App>, store::testing::Scratch)> {
        let scratches = store::testing::both(MIGRATIONS).await.expect("databases");
        scratches.into_iter().map(|s| (App::new(s.db.clone(), Config::default(), Arc::new(SystemClock)), s)).collect()
    }

    async fn found(app: &App, zone: Uuid, kind: &'static str, q: &str) -> Vec<Uuid> {
        let mut tx = app.read().await.expect("reads");
        let mut find = sql!("SELECT s.id FROM search_text s WHERE s.zone_id = $1 AND s.kind = $2", zone, kind);
        if let Some(condition) = matching(&mut tx, zone, kind, "s.id", q).await.expect("looks") {
            find.push(" AND ").append(condition);
        }
        find.push(" ORDER BY s.at");
        let ids: Vec<(Uuid,)> = tx.list(find).await.expect("finds");
        let ids: Vec<Uuid> = ids.into_iter().map(|(id,)| id).collect();
        let counted = count(&mut tx, zone, kind, q).await.expect("counts");
        if !hanzi::query(q).is_empty() {
            assert_eq!(counted, (ids.len() as i64).min(COUNT_CAP), "{q}");
        }
        ids
    }

    #[tokio::test]
    async fn texts_are_found_changed_and_forgotten() {
        for (app, _scratch) in apps().await {
            let (zone, other) = (Uuid::now_v7(), Uuid::now_v7());
            let (a, b, c) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
            let mut work = app.work(&Actor::rule(zone)).await.expect("works");
            let at = Time::from_ms;
            put(&mut work, "appeal", a, None, at(1), "货车无法进入园区，EMS邮寄延误").await.expect("puts");
            put(&mut work, "appeal", b, None, at(2), "核酸检测不便；需要上门").await.expect("puts");
            put(&mut work, "visit", c, None, at(3), "走访：货车问题已经解决").await.expect("puts");
            work.commit(a).await.expect("commits");
            let mut work = app.work(&Actor::rule(other)).await.expect("works");
            put(&mut work, "appeal", a, None, at(1), "另一区的货车").await.expect("puts");
            work.commit(a).await.expect("commits");

            for (kind, q, ids) in [
                ("appeal", "货车", vec![a]),
                ("appeal", "货", vec![a]),
                ("appeal", "核酸检测", vec![b]),
                ("appeal", "核酸 上门", vec![b]),
                ("appeal", "酸核", vec![]),
                ("appeal", "ｅｍｓ", vec![a]),
                ("appeal", "em", vec![a]),
                ("appeal", "延误货车", vec![]),
                ("appeal", "\" OR 货车 *", vec![]),
                ("appeal", "'); DROP TABLE x", vec![]),
                ("appeal", "，。", vec![a, b]),
                ("visit", "货车", vec![c]),
                ("project", "货车", vec![]),
            ] {
                assert_eq!(found(&app, zone, kind, q).await, ids, "{q} on {:?}", app.db.dialect());
            }

            let mut work = app.work(&Actor::rule(zone)).await.expect("works");
            put(&mut work, "appeal", a, None, at(4), "电力不足").await.expect("puts");
            remove(&mut work, "appeal", b).await.expect("removes");
            work.commit(a).await.expect("commits");
            assert_eq!(found(&app, zone, "appeal", "货车").await, Vec::<Uuid>::new());
            assert_eq!(found(&app, zone, "appeal", "电力").await, [a]);
            assert_eq!(found(&app, zone, "appeal", "核酸").await, Vec::<Uuid>::new());
            assert_eq!(found(&app, other, "appeal", "货车").await, [a]);
        }
    }

    /// Common words take the other way through the database and must find the
    /// same; a thousand is the last exact count.
    #[tokio::test]
    async fn common_and_rare_words_are_found_alike() {
        for (app, _scratch) in apps().await {
            let zone = Uuid::now_v7();
            let mut work = app.work(&Actor::rule(zone)).await.expect("works");
            let texts: Vec<Text> = (0..1200_i64)
                .map(|n| Text {
                    id: Uuid::now_v7(),
                    about: None,
                    at: Time::from_ms(n),
                    text: format!("第{n}号：货车进不去{}", if n % 400 == 7 { "，急需氧气" } else { "" }),
                })
                .collect();
            put_all(&mut work, "appeal", &texts).await.expect("puts");
            work.commit(zone).await.expect("commits");
            assert_eq!(found(&app, zone, "appeal", "货车").await.len(), 1200);
            assert_eq!(found(&app, zone, "appeal", "氧气").await, [texts[7].id, texts[407].id, texts[807].id]);
            let mut tx = app.read().await.expect("reads");
            assert_eq!(count(&mut tx, zone, "appeal", "货车").await.expect("counts"), COUNT_CAP);
        }
    }

    #[tokio::test]
    async fn names_are_found_in_spite_of_a_slip() {
        for (app, _scratch) in apps().await {
            let zone = Uuid::now_v7();
            let mut work = app.work(&Actor::rule(zone)).await.expect("works");
            let names = ["北辰机电设备有限公司", "北区机械有限公司", "佳禾食品有限公司", "平川智造园"];
            let texts: Vec<Text> = names
                .iter()
                .map(|name| Text {
                    id: Uuid::now_v7(),
                    about: None,
                    at: Time::from_ms(1),
                    text: format!("{name}\n{}", hanzi::spelling_keys(name)),
                })
                .collect();
            put_all(&mut work, "enterprise", &texts).await.expect("puts");
            work.commit(zone).await.expect("commits");
            let mut tx = app.read().await.expect("reads");
            for (typed, meant) in [
                ("北晨机电", "北辰机电设备有限公司"),
                ("北晨", "北辰机电设备有限公司"),
                ("北辰机申", "北辰机电设备有限公司"),
                ("佳合食品", "佳禾食品有限公司"),
                ("bcjf", "北辰机电设备有限公司"),
                ("beichne", "北辰机电设备有限公司"),
                ("pignchuan", "平川智造园"),
            ] {
                assert!(count(&mut tx, zone, "enterprise", typed).await.expect("counts") == 0, "{typed}");
                let found = near(&mut tx, zone, "enterprise", typed, 10).await.expect("finds");
                let first = found.first().and_then(|id| texts.iter().position(|text| text.id == *id));
                assert_eq!(first.map(|at| names[at]), Some(meant), "{typed} on {:?}", app.db.dialect());
            }
            for typed in ["火星基地", "，。", "xyzw", ""] {
                let found = near(&mut tx, zone, "enterprise", typed, 10).await.expect("finds");
                assert!(found.is_empty(), "{typed} on {:?}", app.db.dialect());
            }
            assert!(near(&mut tx, Uuid::now_v7(), "enterprise", "北晨", 10).await.expect("finds").is_empty());
        }
    }

    /// Prints times for the module's claims: `cargo nextest run --release -p buting --run-ignored all search_at`.
    #[tokio::test]
    #[ignore = "a measurement"]
    async fn search_at_a_hundred_thousand() {
        for (app, _scratch) in apps().await {
            let zone = Uuid::now_v7();
            let begun = std::time::Instant::now();
            for batch in 0..50_i64 {
                let mut work = app.work(&Actor::rule(zone)).await.expect("works");
                let texts: Vec<Text> = (0..2000_i64)
                    .map(|i| batch * 2000 + i)
                    .map(|n| Text {
                        id: Uuid::now_v7(),
                        about: None,
                        at: Time::from_ms(n),
                        text: format!(
                            "第{n}号诉求：我公司{}进入园区受阻，原材料供应不足，请协调{}，联系人{}女士，影响{}人上班",
                            if n % 5 < 2 { "货车" } else { "职工" },
                            if n % 9973 == 5 { "核酸检测" } else { "有关部门" },
                            char::from_u32(0x4e00 + u32::try_from(n % 3000).unwrap_or_default()).unwrap_or('王'),
                            n % 77
                        ),
                    })
                    .collect();
                put_all(&mut work, "appeal", &texts).await.expect("puts");
                work.commit(zone).await.expect("commits");
            }
            println!("{:?}: 100,000 texts in {:?}", app.db.dialect(), begun.elapsed());
            let mut tx = app.db.write().await.expect("writes");
            tx.run("ANALYZE").await.expect("analyses");
            tx.commit().await.expect("commits");
            let mut tx = app.read().await.expect("reads");
            for q in ["货车", "园区", "核酸检测", "原材料供应不足", "77号诉求", "无此"] {
                let (mut best, mut best_count) = (f64::MAX, f64::MAX);
                let mut n = 0;
                for _ in 0..12 {
                    let begun = std::time::Instant::now();
                    let condition = matching(&mut tx, zone, "appeal", "s.id", q).await.expect("looks").expect("words");
                    let mut find = sql!(
                        "SELECT s.id FROM search_text s WHERE s.zone_id = $1 AND s.kind = $2 AND ",
                        zone,
                        "appeal"
                    );
                    find.append(condition).push(" ORDER BY s.at DESC LIMIT 20");
                    n = tx.all(find).await.expect("finds").len();
                    best = best.min(begun.elapsed().as_secs_f64() * 1000.0);
                    let begun = std::time::Instant::now();
                    count(&mut tx, zone, "appeal", q).await.expect("counts");
                    best_count = best_count.min(begun.elapsed().as_secs_f64() * 1000.0);
                }
                println!("  {q}: {n} rows in {best:.2} ms, total in {best_count:.2} ms");
            }
        }
    }
}
