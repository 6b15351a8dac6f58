use super::{Candidate, Known, Merge, Pair, Reason};
use crate::time::Time;
use ::store::{Result, Row, Sql, Tx, from_row, sql};
use serde_json::Value as Json;
use std::collections::HashMap;
use uuid::Uuid;

/// Rows in one statement.
const BATCH: usize = 200;

/// A table whose rows belong to an enterprise, and how they change hands.
pub struct Place {
    /// The table.
    pub table: &'static str,
    count: &'static str,
    note: &'static str,
    take: &'static str,
    give_back: &'static str,
}

macro_rules! place {
    ($table:literal, $column:literal, $key:literal) => {
        Place {
            table: $table,
            count: concat!("SELECT count(*) FROM ", $table, " WHERE zone_id = $1 AND ", $column, " = $2"),
            note: concat!(
                "INSERT INTO enterprise_merge_part (zone_id, merge_id, place, record_id) SELECT zone_id, $1, '",
                $table,
                "', ",
                $key,
                " FROM ",
                $table,
                " WHERE zone_id = $2 AND ",
                $column,
                " = $3"
            ),
            take: concat!("UPDATE ", $table, " SET ", $column, " = $1 WHERE zone_id = $2 AND ", $column, " = $3"),
            give_back: concat!(
                "UPDATE ",
                $table,
                " SET ",
                $column,
                " = $1 WHERE zone_id = $2 AND ",
                $column,
                " = $3 AND ",
                $key,
                " IN (SELECT record_id FROM enterprise_merge_part WHERE zone_id = $2 AND merge_id = $4 AND place = '",
                $table,
                "')"
            ),
        }
    };
}

/// Everything that belongs to an enterprise, but who answers for it: that is told by
/// day, and so ends at the one and begins at the other (see the desk of assignments).
/// A test reads the schema and finds what is missing here.
pub const PLACES: &[Place] = &[
    place!("appeal", "enterprise_id", "id"),
    place!("correction", "enterprise_id", "id"),
    place!("visit", "subject_id", "id"),
    place!("visit_item", "subject_id", "id"),
    place!("visit_plan", "subject_id", "id"),
    place!("promise", "subject_id", "id"),
    place!("continuity", "subject_id", "id"),
    place!("measure", "subject_id", "id"),
    place!("project", "enterprise_id", "id"),
    place!("person", "enterprise_id", "id"),
    place!("contact", "enterprise_id", "person_id"),
    place!("search_text", "about_id", "id"),
    place!("campaign_target", "enterprise_id", "id"),
    place!("task", "subject_id", "id"),
    place!("screening_candidate", "subject_id", "id"),
    place!("screening_point", "subject_id", "id"),
    place!("screening_person", "subject_id", "id"),
    place!("application", "enterprise_id", "id"),
    place!("readiness_plan", "subject_id", "id"),
    place!("closed_loop", "subject_id", "id"),
];

/// What there is once for an enterprise: rows that give way to another, and come
/// back when the merge is undone and nothing has taken their place.
struct Once {
    note: &'static str,
    give_way: &'static str,
    come_back: &'static str,
}

/// `$1` of a note is the merge, `$2` the zone, `$3` the record that goes, `$4` the
/// one that stays; `$1` of the others is the zone, `$2` the merge.
const ONCE: &[Once] = &[
    // The newer light counts, whichever record it was said of.
    Once {
        note: "INSERT INTO enterprise_merge_part (zone_id, merge_id, place, record_id)
           SELECT c.zone_id, $1, 'continuity.current', c.id FROM continuity c
           JOIN continuity o ON o.zone_id = c.zone_id AND o.line = c.line AND o.current AND o.id <> c.id
             AND o.subject_id IN ($3, $4)
           WHERE c.zone_id = $2 AND c.current AND c.subject_id IN ($3, $4) AND (c.at, c.id) < (o.at, o.id)",
        give_way: "UPDATE continuity SET current = FALSE WHERE zone_id = $1 AND id IN (SELECT record_id
           FROM enterprise_merge_part WHERE zone_id = $1 AND merge_id = $2 AND place = 'continuity.current')",
        // Not only what gave way: a newer word for the one that stayed has put out the
        // light that came from the other. The last word on each line is the current one.
        come_back: "UPDATE continuity SET current = TRUE WHERE zone_id = $1
           AND subject_id IN (SELECT from_id FROM enterprise_merge WHERE zone_id = $1 AND id = $2
             UNION SELECT into_id FROM enterprise_merge WHERE zone_id = $1 AND id = $2)
           AND NOT EXISTS (SELECT 1 FROM continuity o WHERE o.zone_id = continuity.zone_id
             AND o.subject_id = continuity.subject_id AND o.line = continuity.line
             AND (o.current OR (o.at, o.id) > (continuity.at, continuity.id)))",
    },
    Once {
        note:
            "INSERT INTO enterprise_merge_part (zone_id, merge_id, place, record_id)
           SELECT c.zone_id, $1, 'contact.is_primary', c.person_id FROM contact c
           WHERE c.zone_id = $2 AND c.enterprise_id = $3 AND c.is_primary
             AND EXISTS (SELECT 1 FROM contact o WHERE o.zone_id = c.zone_id AND o.enterprise_id = $4 AND o.is_primary)",
        give_way: "UPDATE contact SET is_primary = FALSE WHERE zone_id = $1 AND person_id IN (SELECT record_id
           FROM enterprise_merge_part WHERE zone_id = $1 AND merge_id = $2 AND place = 'contact.is_primary')",
        come_back: "UPDATE contact SET is_primary = TRUE WHERE zone_id = $1 AND person_id IN (SELECT record_id
           FROM enterprise_merge_part WHERE zone_id = $1 AND merge_id = $2 AND place = 'contact.is_primary')
           AND NOT EXISTS (SELECT 1 FROM contact o WHERE o.zone_id = contact.zone_id
             AND o.enterprise_id = contact.enterprise_id AND o.is_primary)",
    },
];

/// The place of assignments that a merge ended.
const ENDED: &str = "assignment.valid_to";

/// What there is of an enterprise, by table; tables without any are left out.
pub async fn counts(tx: &mut Tx, zone: Uuid, enterprise: Uuid) -> Result<Vec<(&'static str, i64)>> {
    let mut all = Vec::new();
    for place in PLACES.iter().filter(|place| place.table != "search_text") {
        let n: i64 = tx.value(sql!(place.count, zone, enterprise)).await?;
        if n > 0 {
            all.push((place.table, n));
        }
    }
    let holding = sql!(
        "SELECT count(*) FROM assignment WHERE zone_id = $1 AND subject_id = $2 AND valid_to IS NULL",
        zone,
        enterprise
    );
    let n: i64 = tx.value(holding).await?;
    if n > 0 {
        all.push(("assignment", n));
    }
    Ok(all)
}

/// Everything of the one belongs to the other from now on; what there is once and
/// both have gives way. `ended` are the assignments that ended with it.
pub async fn take(tx: &mut Tx, zone: Uuid, merge: Uuid, from: Uuid, into: Uuid, ended: &[Uuid]) -> Result<()> {
    for once in ONCE {
        tx.run(sql!(once.note, merge, zone, from, into)).await?;
        tx.run(sql!(once.give_way, zone, merge)).await?;
    }
    for place in PLACES {
        tx.run(sql!(place.note, merge, zone, from)).await?;
        tx.run(sql!(place.take, into, zone, from)).await?;
    }
    for id in ended {
        tx.run(sql!(
            "INSERT INTO enterprise_merge_part (zone_id, merge_id, place, record_id) VALUES ($1, $2, $3, $4)",
            zone,
            merge,
            ENDED,
            id
        ))
        .await?;
    }
    Ok(())
}

/// What moved goes back, and what gave way comes back where nothing took its place.
/// Answers the assignments that the merge ended.
pub async fn give_back(tx: &mut Tx, zone: Uuid, merge: Uuid, from: Uuid, into: Uuid) -> Result<Vec<Uuid>> {
    for place in PLACES {
        tx.run(sql!(place.give_back, from, zone, into, merge)).await?;
    }
    for once in ONCE {
        tx.run(sql!(once.come_back, zone, merge)).await?;
    }
    let ended = sql!(
        "SELECT record_id FROM enterprise_merge_part WHERE zone_id = $1 AND merge_id = $2 AND place = $3
         ORDER BY record_id",
        zone,
        merge,
        ENDED
    );
    let ended: Vec<(Uuid,)> = tx.list(ended).await?;
    tx.run(sql!("DELETE FROM enterprise_merge_part WHERE zone_id = $1 AND merge_id = $2", zone, merge)).await?;
    Ok(ended.into_iter().map(|(id,)| id).collect())
}

/// The record leads to another from now on; its credit code is free for that one.
pub async fn leave(tx: &mut Tx, zone: Uuid, from: Uuid, into: Uuid, now: Time) -> Result<()> {
    tx.run(sql!(
        "UPDATE enterprise SET status = 'merged', merged_into = $1, uscc = NULL, changed_at = $2, version = version + 1
         WHERE zone_id = $3 AND id = $4",
        into,
        now,
        zone,
        from
    ))
    .await?;
    // Whoever was merged into it follows.
    tx.run(sql!("UPDATE enterprise SET merged_into = $1 WHERE zone_id = $2 AND merged_into = $3", into, zone, from))
        .await?;
    Ok(())
}

/// The record stands on its own again.
pub async fn come_back(tx: &mut Tx, zone: Uuid, from: Uuid, had: &Json, now: Time) -> Result<()> {
    tx.run(sql!(
        "UPDATE enterprise SET status = $1, merged_into = NULL, uscc = $2, changed_at = $3, version = version + 1
         WHERE zone_id = $4 AND id = $5",
        had["status"].as_str().unwrap_or("active"),
        had["uscc"].as_str(),
        now,
        zone,
        from
    ))
    .await?;
    // Whoever was merged into it comes back with it.
    tx.run(sql!(
        "UPDATE enterprise SET merged_into = $1 WHERE zone_id = $2 AND id IN (SELECT m.from_id FROM enterprise_merge m
           WHERE m.zone_id = $2 AND m.into_id = $1 AND m.undone_at IS NULL)",
        from,
        zone
    ))
    .await?;
    Ok(())
}

const MERGE: &str = "SELECT m.id, m.from_id, f.name AS from_name, m.into_id, i.name AS into_name, m.reason, m.at,
   p.name AS made_by, m.undone_at, m.version
 FROM enterprise_merge m
 JOIN enterprise f ON f.zone_id = m.zone_id AND f.id = m.from_id
 JOIN enterprise i ON i.zone_id = m.zone_id AND i.id = m.into_id
 LEFT JOIN person p ON p.zone_id = m.zone_id AND p.id = m.made_by";

from_row!(Merge { id, from_id, from_name, into_id, into_name, reason, at, made_by, undone_at, version });

pub async fn merge(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Merge>> {
    let mut query = Sql::from(MERGE);
    query.push(" WHERE m.zone_id = ").arg(zone).push(" AND m.id = ").arg(id);
    tx.opt(query).await
}

/// What was merged into an enterprise, the newest first, undone or not.
pub async fn merges_into(tx: &mut Tx, zone: Uuid, into: Uuid) -> Result<Vec<Merge>> {
    let mut query = Sql::from(MERGE);
    query.push(" WHERE m.zone_id = ").arg(zone).push(" AND m.into_id = ").arg(into);
    query.push(" ORDER BY m.at DESC, m.id DESC LIMIT 50");
    tx.list(query).await
}

/// Whether the record still leads where this merge sent it: `into` may have been
/// merged away itself.
pub async fn holds(tx: &mut Tx, zone: Uuid, merge: &Merge) -> Result<bool> {
    let held: i64 = tx
        .value(sql!(
            "SELECT count(*) FROM enterprise WHERE zone_id = $1 AND id = $2 AND merged_into = $3",
            zone,
            merge.from_id,
            merge.into_id
        ))
        .await?;
    Ok(held == 1)
}

/// What the merged record had, and what the one that stayed was given.
pub async fn facts(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<(Json, Json)> {
    let facts: Option<(Json, Json)> =
        tx.opt(sql!("SELECT had, gave FROM enterprise_merge WHERE zone_id = $1 AND id = $2", zone, id)).await?;
    Ok(facts.unwrap_or_default())
}

/// A merge to be written down.
pub struct New<'a> {
    pub id: Uuid,
    pub from: Uuid,
    pub into: Uuid,
    pub reason: &'a str,
    pub had: Json,
    pub gave: Json,
    pub made_by: Option<Uuid>,
}

pub async fn insert(tx: &mut Tx, zone: Uuid, new: New<'_>, now: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO enterprise_merge (zone_id, id, from_id, into_id, reason, had, gave, at, made_by, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
        zone,
        new.id,
        new.from,
        new.into,
        new.reason,
        new.had,
        new.gave,
        now,
        new.made_by
    ))
    .await?;
    tx.run(sql!(
        "DELETE FROM enterprise_pair WHERE zone_id = $1 AND verdict IS NULL AND (a_id = $2 OR b_id = $2)",
        zone,
        new.from
    ))
    .await?;
    Ok(())
}

/// Notes that it was undone; false when somebody was quicker.
pub async fn undone(tx: &mut Tx, zone: Uuid, id: Uuid, by: Option<Uuid>, now: Time, version: i64) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE enterprise_merge SET undone_at = $1, undone_by = $2, version = version + 1
             WHERE zone_id = $3 AND id = $4 AND undone_at IS NULL AND version = $5",
            now,
            by,
            zone,
            id,
            version
        ))
        .await?;
    Ok(n == 1)
}

/// What is compared of every record that stands on its own.
pub async fn known(tx: &mut Tx, zone: Uuid) -> Result<Vec<Known>> {
    let rows = tx
        .all(sql!(
            "SELECT id, name, name_key, uscc, legacy_reg_no, address FROM enterprise
             WHERE zone_id = $1 AND merged_into IS NULL ORDER BY id",
            zone
        ))
        .await?;
    let read = |row: &Row| -> Result<Known> {
        Ok(Known {
            id: row.get("id")?,
            name: row.get("name")?,
            name_key: row.get("name_key")?,
            uscc: row.get("uscc")?,
            legacy_reg_no: row.get("legacy_reg_no")?,
            address: row.get("address")?,
            ..Known::default()
        })
    };
    let mut all: Vec<Known> = rows.iter().map(read).collect::<Result<_>>()?;
    let place: HashMap<Uuid, usize> = all.iter().enumerate().map(|(i, one)| (one.id, i)).collect();
    let names = sql!("SELECT enterprise_id, name FROM enterprise_short_name WHERE zone_id = $1", zone);
    for (id, name) in tx.list::<(Uuid, String)>(names).await? {
        if let Some(i) = place.get(&id) {
            all[*i].short_names.push(name);
        }
    }
    let phones = sql!(
        "SELECT enterprise_id, phone FROM person
         WHERE zone_id = $1 AND enterprise_id IS NOT NULL AND phone IS NOT NULL AND left_at IS NULL",
        zone
    );
    for (id, phone) in tx.list::<(Uuid, String)>(phones).await? {
        if let Some(i) = place.get(&id) {
            all[*i].phones.push(phone);
        }
    }
    Ok(all)
}

/// Puts what was found in the place of what was found before. What somebody
/// decided stays.
pub async fn replace_pairs(tx: &mut Tx, zone: Uuid, pairs: &[Pair], now: Time) -> Result<()> {
    tx.run(sql!("DELETE FROM enterprise_pair WHERE zone_id = $1 AND verdict IS NULL", zone)).await?;
    for some in pairs.chunks(BATCH) {
        let mut insert =
            Sql::from("INSERT INTO enterprise_pair (zone_id, a_id, b_id, reasons, score, found_at) VALUES ");
        for (i, pair) in some.iter().enumerate() {
            insert.push(if i == 0 { "(" } else { ", (" }).arg(zone).push(", ").arg(pair.a).push(", ").arg(pair.b);
            insert.push(", ").arg(serde_json::json!(pair.reasons)).push(", ").arg(pair.score);
            insert.push(", ").arg(now).push(")");
        }
        insert.push(" ON CONFLICT (zone_id, a_id, b_id) DO NOTHING");
        tx.run(insert).await?;
    }
    Ok(())
}

fn candidate(row: &Row) -> Result<Candidate> {
    let reasons: Json = row.get("reasons")?;
    Ok(Candidate {
        a_id: row.get("a_id")?,
        a_name: row.get("a_name")?,
        b_id: row.get("b_id")?,
        b_name: row.get("b_name")?,
        reasons: reasons.as_array().into_iter().flatten().filter_map(|word| Reason::parse(word.as_str()?)).collect(),
        score: row.get("score")?,
        reachable: false,
    })
}

/// Pairs that nobody decided on, the likeliest first.
pub async fn pairs(tx: &mut Tx, zone: Uuid, after: Option<(i64, Uuid, Uuid)>, limit: i64) -> Result<Vec<Candidate>> {
    let mut query = Sql::from(
        "SELECT x.a_id, a.name AS a_name, x.b_id, b.name AS b_name, x.reasons, x.score FROM enterprise_pair x
         JOIN enterprise a ON a.zone_id = x.zone_id AND a.id = x.a_id AND a.merged_into IS NULL
         JOIN enterprise b ON b.zone_id = x.zone_id AND b.id = x.b_id AND b.merged_into IS NULL
         WHERE x.verdict IS NULL AND x.zone_id = ",
    );
    query.arg(zone);
    if let Some((score, a, b)) = after {
        query.push(" AND (-x.score, x.a_id, x.b_id) > (").arg(-score).push(", ").arg(a).push(", ").arg(b).push(")");
    }
    query.push(" ORDER BY -x.score, x.a_id, x.b_id LIMIT ").arg(limit);
    tx.all(query).await?.iter().map(candidate).collect()
}

/// How many pairs nobody decided on.
pub async fn pair_count(tx: &mut Tx, zone: Uuid) -> Result<i64> {
    tx.value(sql!(
        "SELECT count(*) FROM enterprise_pair x
         JOIN enterprise a ON a.zone_id = x.zone_id AND a.id = x.a_id AND a.merged_into IS NULL
         JOIN enterprise b ON b.zone_id = x.zone_id AND b.id = x.b_id AND b.merged_into IS NULL
         WHERE x.zone_id = $1 AND x.verdict IS NULL",
        zone
    ))
    .await
}

/// Notes that two records are two; false when no such pair waits.
pub async fn distinct(
    tx: &mut Tx,
    zone: Uuid,
    (a, b): (Uuid, Uuid),
    note: Option<&str>,
    by: Option<Uuid>,
    now: Time,
) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE enterprise_pair SET verdict = 'distinct', note = $1, decided_by = $2, decided_at = $3
             WHERE zone_id = $4 AND a_id = $5 AND b_id = $6 AND verdict IS NULL",
            note,
            by,
            now,
            zone,
            a,
            b
        ))
        .await?;
    Ok(n == 1)
}

/// An enterprise and all that was merged into it: whose history its timeline tells.
pub async fn with_merged(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> =
        tx.list(sql!("SELECT id FROM enterprise WHERE zone_id = $1 AND merged_into = $2", zone, id)).await?;
    Ok(std::iter::once(id).chain(rows.into_iter().map(|(id,)| id)).collect())
}

#[cfg(test)]
mod tests {
    use super::PLACES;
    use crate::migrations::columns;
    use std::collections::BTreeSet;

    /// History stands where it was written, notices and traces are of their day,
    /// names, codes and how facts stand are of the record itself, pairs and merges speak of both,
    /// an import remembers which record it made; who answers is told by day, and has a
    /// function of its own.
    const STAY: &[&str] = &[
        "ledger",
        "notice",
        "delivery",
        "access_log",
        "enterprise_short_name",
        "subject_fact",
        "enterprise_merge",
        "subject_request",
        "once",
        "import_change",
        "assignment",
    ];

    #[test]
    fn no_table_that_belongs_to_an_enterprise_is_forgotten() {
        let names = ["enterprise_id", "subject_id", "about_id"];
        let found: BTreeSet<&str> =
            columns().into_iter().filter(|(_, column, _)| names.contains(column)).map(|(table, ..)| table).collect();
        assert!(found.len() > 10, "the schema was read: {found:?}");
        for table in found.into_iter().filter(|table| !STAY.contains(table)) {
            assert!(PLACES.iter().any(|place| place.table == table), "{table} holds what belongs to an enterprise");
        }
    }
}
