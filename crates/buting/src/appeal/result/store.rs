use super::{CallState, CaseState, ExclusionState, Found, Ground, How, Tried, Verified, Why, joined, reasons};
use crate::appeal::{Status, Verdict};
use crate::http::api::Versioned;
use crate::list::{Key, Walk};
use crate::time::{Day, Time};
use ::store::{FromRow, Result, Sql, Tx, from_row, sql};
use schemars::JsonSchema;
use serde::Serialize;
use std::marker::PhantomData;
use uuid::Uuid;

/// An appeal as the lists of this room name it.
const APPEAL: &str = ", a.number, a.title, a.status, a.accused_department_id, a.lead_department_id,
    d.short_name AS department, coalesce(e.short_name, p.short_name) AS subject";
const APPEAL_FROM: &str = "
  JOIN appeal a ON a.zone_id = x.zone_id AND a.id = x.appeal_id
  LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
  LEFT JOIN project p ON p.zone_id = a.zone_id AND p.id = a.project_id
  LEFT JOIN department d ON d.zone_id = a.zone_id AND d.id = a.lead_department_id
  WHERE x.zone_id = ";

/// What a row of this room lets its list hide from the department complained about.
pub trait OfAppeal {
    /// The department that the appeal complains about, and whose appeal it is.
    fn accused_and_subject(&mut self) -> (Option<Uuid>, &mut Option<String>);
}

macro_rules! of_appeal {
    ($($row:ty)*) => {$(
        impl OfAppeal for $row {
            fn accused_and_subject(&mut self) -> (Option<Uuid>, &mut Option<String>) {
                (self.accused_department_id, &mut self.subject)
            }
        }

        impl Versioned for $row {
            fn version(&self) -> i64 {
                self.version
            }
        }
    )*};
}

of_appeal! { Call Case Exclusion }

/// Rows `x` about appeals `a`: how they are read, counted and listed.
pub struct Rows<T> {
    table: &'static str,
    columns: &'static str,
    from: &'static str,
    /// The order of those of one appeal.
    oldest: &'static str,
    row: PhantomData<fn() -> T>,
}

impl<T: FromRow + Send + 'static> Rows<T> {
    const fn of_table(table: &'static str, columns: &'static str, from: &'static str, oldest: &'static str) -> Self {
        Self { table, columns, from, oldest, row: PhantomData }
    }

    fn query(&self, zone: Uuid, condition: Sql, walk: Option<&Walk>) -> Sql {
        let mut query = Sql::from("SELECT ");
        query.push(self.columns).push(APPEAL);
        if let Some(walk) = walk {
            walk.column(&mut query);
        }
        query.push(" FROM ").push(self.table).push(" x").push(self.from).push(APPEAL_FROM).arg(zone).append(condition);
        query
    }

    /// A page of those under a condition (with its ` AND`) on `x` and `a`, and the cursor of the rest.
    pub async fn page(&self, tx: &mut Tx, zone: Uuid, condition: Sql, walk: &Walk) -> Result<(Vec<T>, Option<String>)> {
        walk.list(tx, self.query(zone, condition, Some(walk)), "x.id").await
    }

    /// How many there are under a condition, counted so far and no further.
    pub async fn count(&self, tx: &mut Tx, zone: Uuid, condition: Sql, most: i64) -> Result<i64> {
        let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one FROM ");
        query.push(self.table).push(" x JOIN appeal a ON a.zone_id = x.zone_id AND a.id = x.appeal_id");
        query.push(" WHERE x.zone_id = ").arg(zone).append(condition).push(" LIMIT ").arg(most).push(") AS found");
        tx.value(query).await
    }

    /// One of them.
    pub async fn one(&self, tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<T>> {
        let mut condition = Sql::from(" AND x.id = ");
        condition.arg(id);
        tx.opt(self.query(zone, condition, None)).await
    }

    /// Those of an appeal, oldest first.
    pub async fn of(&self, tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<Vec<T>> {
        let mut condition = Sql::from(" AND x.appeal_id = ");
        condition.arg(appeal).push(" ORDER BY ").push(self.oldest).push(", x.id LIMIT 50");
        tx.list(self.query(zone, condition, None)).await
    }
}

// ---- return calls ----

/// A return call.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Call {
    /// Key.
    pub id: Uuid,
    /// The appeal.
    pub appeal_id: Uuid,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// Whose it is; null when it is hidden from the reader.
    pub subject: Option<String>,
    /// The department that led.
    pub department: Option<String>,
    /// Why somebody is called; words of `call-why` with commas between.
    pub reasons: String,
    /// Where the call stands.
    pub state: CallState,
    /// Since when it is due.
    pub made_at: Time,
    /// The day on which to try next.
    pub call_on: Day,
    /// How often nobody answered.
    pub tries: i64,
    /// On how many days.
    pub days: i64,
    /// The last of them.
    pub tried_on: Option<Day>,
    /// What it found.
    pub verdict: Option<Verdict>,
    /// How satisfied, 1 to 5.
    pub level: Option<i64>,
    /// What was said.
    pub note: Option<String>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// Who called.
    pub caller: Option<String>,
    /// Counts the changes of the appeal, which a call that is written down changes.
    pub version: i64,
    #[serde(skip)]
    pub accused_department_id: Option<Uuid>,
}

from_row!(Call {
    id,
    appeal_id,
    number,
    title,
    status,
    subject,
    department,
    reasons,
    state,
    made_at,
    call_on,
    tries,
    days,
    tried_on,
    verdict,
    level,
    note,
    ended_at,
    caller,
    version,
    accused_department_id,
});

impl Call {
    /// Why somebody is called.
    pub fn why(&self) -> Vec<Why> {
        reasons(&self.reasons)
    }

    /// What was tried.
    pub fn tried(&self) -> Tried {
        Tried { tries: self.tries, days: self.days, on: self.tried_on }
    }
}

/// Return calls.
pub const CALLS: Rows<Call> = Rows::of_table(
    "return_call",
    "x.id, x.appeal_id, x.reasons, x.state, x.made_at, x.call_on, x.tries, x.days, x.tried_on,
    x.verdict, x.level, x.note, x.ended_at, c.name AS caller, a.version",
    " LEFT JOIN person c ON c.zone_id = x.zone_id AND c.id = x.ended_by",
    "x.made_at",
);

/// What a list of calls is sorted by.
pub const CALL_KEYS: &[Key] = &[Key::text("call", "x.call_on"), Key::number("made", "x.made_at")];

/// The call of an appeal that is still to be made.
pub async fn open_call(tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<Option<Call>> {
    let mut condition = Sql::from(" AND x.state = 'open' AND x.appeal_id = ");
    condition.arg(appeal).push(" ORDER BY x.made_at, x.id LIMIT 1");
    tx.opt(CALLS.query(zone, condition, None)).await
}

pub async fn insert_call(
    tx: &mut Tx,
    zone: Uuid,
    id: Uuid,
    appeal: Uuid,
    why: &[Why],
    on: Day,
    now: Time,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO return_call (zone_id, id, appeal_id, reasons, state, made_at, call_on, tries, days)
         VALUES ($1, $2, $3, $4, 'open', $5, $6, 0, 0)",
        zone,
        id,
        appeal,
        joined(why),
        now,
        on
    ))
    .await?;
    Ok(())
}

/// It is called for more reasons.
pub async fn set_reasons(tx: &mut Tx, zone: Uuid, id: Uuid, why: &[Why]) -> Result<()> {
    let why = joined(why);
    tx.run(sql!("UPDATE return_call SET reasons = $1 WHERE zone_id = $2 AND id = $3", why, zone, id)).await?;
    Ok(())
}

/// Nobody answered.
pub async fn tried(tx: &mut Tx, zone: Uuid, id: Uuid, tried: Tried, next: Day) -> Result<()> {
    tx.run(sql!(
        "UPDATE return_call SET tries = $1, days = $2, tried_on = $3, call_on = $4 WHERE zone_id = $5 AND id = $6",
        tried.tries,
        tried.days,
        tried.on,
        next,
        zone,
        id
    ))
    .await?;
    Ok(())
}

/// How a call ended.
pub struct Ended<'a> {
    pub state: CallState,
    pub verdict: Option<Verdict>,
    pub level: Option<i64>,
    pub note: Option<&'a str>,
    pub by: Option<Uuid>,
    pub at: Time,
}

pub async fn end_call(tx: &mut Tx, zone: Uuid, id: Uuid, end: &Ended<'_>) -> Result<()> {
    tx.run(sql!(
        "UPDATE return_call SET state = $1, verdict = $2, level = $3, note = $4, ended_by = $5, ended_at = $6
         WHERE zone_id = $7 AND id = $8 AND state = 'open'",
        end.state,
        end.verdict,
        end.level,
        end.note,
        end.by,
        end.at,
        zone,
        id
    ))
    .await?;
    Ok(())
}

/// What is worked on again is not called back about what it was.
pub async fn drop_calls(tx: &mut Tx, zone: Uuid, appeal: Uuid, now: Time) -> Result<()> {
    tx.run(sql!(
        "UPDATE return_call SET state = 'dropped', ended_at = $1 WHERE zone_id = $2 AND appeal_id = $3 AND state = 'open'",
        now,
        zone,
        appeal
    ))
    .await?;
    Ok(())
}

// ---- ratings ----

/// A rating, and what follows a bad one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Case {
    /// Key.
    pub id: Uuid,
    /// The appeal.
    pub appeal_id: Uuid,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// Whose it is; null when it is hidden from the reader.
    pub subject: Option<String>,
    /// The department that led.
    pub department: Option<String>,
    /// From 1, very dissatisfied, to 5, very satisfied.
    pub level: i64,
    /// In words.
    pub text: Option<String>,
    /// How it came.
    pub how: How,
    /// Who of the enterprise rated, where he came by a link and said so.
    pub by_name: Option<String>,
    /// When.
    pub at: Time,
    /// Where its matter stands; null where the rating is not bad.
    pub state: Option<CaseState>,
    /// Until when somebody is to call.
    pub contact_due_at: Option<Time>,
    /// When somebody did.
    pub contacted_at: Option<Time>,
    /// Who.
    pub contacted_by: Option<String>,
    /// What it was found to be.
    pub found: Option<Found>,
    /// Why.
    pub reason: Option<String>,
    /// What is done about it.
    pub rectification: Option<String>,
    /// By which day.
    pub fix_on: Option<Day>,
    /// The same to the minute.
    pub fix_due_at: Option<Time>,
    /// When it was put right.
    pub fixed_at: Option<Time>,
    /// Who said so.
    pub fixed_by: Option<String>,
    /// What was done.
    pub fixed_note: Option<String>,
    /// Counts the changes.
    pub version: i64,
    #[serde(skip)]
    pub accused_department_id: Option<Uuid>,
}

from_row!(Case {
    id,
    appeal_id,
    number,
    title,
    status,
    subject,
    department,
    level,
    text,
    how,
    by_name,
    at,
    state,
    contact_due_at,
    contacted_at,
    contacted_by,
    found,
    reason,
    rectification,
    fix_on,
    fix_due_at,
    fixed_at,
    fixed_by,
    fixed_note,
    version,
    accused_department_id,
});

impl Case {
    /// What is due now, if anything is.
    pub fn due_at(&self) -> Option<Time> {
        match self.state {
            Some(CaseState::Contact) if self.contacted_at.is_none() => self.contact_due_at,
            Some(CaseState::Fix) => self.fix_due_at,
            _ => None,
        }
    }
}

/// Ratings.
pub const CASES: Rows<Case> = Rows::of_table(
    "appeal_rating",
    "x.id, x.appeal_id, x.level, x.text, x.how, x.by_name, x.at, x.state, x.contact_due_at,
    x.contacted_at, c.name AS contacted_by, x.found, x.reason, x.rectification, x.fix_on, x.fix_due_at, x.fixed_at,
    f.name AS fixed_by, x.fixed_note, x.version",
    "
  LEFT JOIN person c ON c.zone_id = x.zone_id AND c.id = x.contacted_by
  LEFT JOIN person f ON f.zone_id = x.zone_id AND f.id = x.fixed_by",
    "x.at",
);

/// What a list of ratings is sorted by.
pub const CASE_KEYS: &[Key] = &[Key::number("at", "x.at")];

/// A rating as it is given.
pub struct Given<'a> {
    pub id: Uuid,
    pub appeal_id: Uuid,
    pub level: i64,
    pub text: Option<&'a str>,
    pub how: How,
    pub by_name: Option<&'a str>,
    pub by: Option<Uuid>,
    pub at: Time,
    /// Until when somebody is to call; none where it is not bad.
    pub contact_due_at: Option<Option<Time>>,
}

pub async fn insert_rating(tx: &mut Tx, zone: Uuid, given: &Given<'_>) -> Result<()> {
    let state = given.contact_due_at.map(|_| CaseState::Contact);
    tx.run(sql!(
        "INSERT INTO appeal_rating (zone_id, id, appeal_id, level, text, how, by_name, by_id, at, state, contact_due_at,
           version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)",
        zone,
        given.id,
        given.appeal_id,
        given.level,
        given.text,
        given.how,
        given.by_name,
        given.by,
        given.at,
        state,
        given.contact_due_at.flatten()
    ))
    .await?;
    Ok(())
}

/// What came of verifying a bad rating.
pub async fn verify(
    tx: &mut Tx,
    zone: Uuid,
    case: &Case,
    to: CaseState,
    said: &Verified,
    (by, at): (Option<Uuid>, Time),
    fix_due_at: Option<Time>,
) -> Result<bool> {
    let changed = tx
        .run(sql!(
            "UPDATE appeal_rating SET state = $1, found = $2, reason = $3, rectification = $4, fix_on = $5, fix_due_at = $6,
               contacted_at = coalesce(contacted_at, $7), contacted_by = coalesce(contacted_by, $8), version = version + 1
             WHERE zone_id = $9 AND id = $10 AND version = $11",
            to,
            said.found,
            said.reason.as_str(),
            said.rectification.as_deref(),
            said.fix_on,
            fix_due_at,
            at,
            by,
            zone,
            case.id,
            case.version
        ))
        .await?;
    Ok(changed == 1)
}

/// It was put right.
pub async fn fixed(tx: &mut Tx, zone: Uuid, case: &Case, note: &str, by: Option<Uuid>, at: Time) -> Result<bool> {
    let changed = tx
        .run(sql!(
            "UPDATE appeal_rating SET state = 'call', fixed_at = $1, fixed_by = $2, fixed_note = $3, version = version + 1
             WHERE zone_id = $4 AND id = $5 AND version = $6",
            at,
            by,
            note,
            zone,
            case.id,
            case.version
        ))
        .await?;
    Ok(changed == 1)
}

/// Somebody of the enterprise was reached by a return call: what only waited for that is
/// done, and what nobody had called about yet has been called about.
pub async fn cases_called(tx: &mut Tx, zone: Uuid, appeal: Uuid, by: Option<Uuid>, at: Time) -> Result<()> {
    tx.run(sql!(
        "UPDATE appeal_rating SET state = 'done', version = version + 1
         WHERE zone_id = $1 AND appeal_id = $2 AND state = 'call'",
        zone,
        appeal
    ))
    .await?;
    tx.run(sql!(
        "UPDATE appeal_rating SET contacted_at = $1, contacted_by = $2, version = version + 1
         WHERE zone_id = $3 AND appeal_id = $4 AND state = 'contact' AND contacted_at IS NULL",
        at,
        by,
        zone,
        appeal
    ))
    .await?;
    Ok(())
}

/// Takes over due times that the calendar moved.
pub async fn set_contact_due(tx: &mut Tx, zone: Uuid, appeal: Uuid, due_at: Option<Time>) -> Result<()> {
    tx.run(sql!(
        "UPDATE appeal_rating SET contact_due_at = $1
         WHERE zone_id = $2 AND appeal_id = $3 AND state = 'contact' AND contacted_at IS NULL",
        due_at,
        zone,
        appeal
    ))
    .await?;
    Ok(())
}

pub async fn set_fix_due(tx: &mut Tx, zone: Uuid, id: Uuid, due_at: Option<Time>) -> Result<()> {
    tx.run(sql!("UPDATE appeal_rating SET fix_due_at = $1 WHERE zone_id = $2 AND id = $3", due_at, zone, id)).await?;
    Ok(())
}

// ---- exclusions ----

/// A request to leave an appeal out of the rates.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Exclusion {
    /// Key.
    pub id: Uuid,
    /// The appeal.
    pub appeal_id: Uuid,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// Whose it is; null when it is hidden from the reader.
    pub subject: Option<String>,
    /// The department that led.
    pub department: Option<String>,
    /// Why.
    pub ground: Ground,
    /// What proves it.
    pub proof: String,
    /// Who asked.
    pub asked_by: Option<String>,
    /// His unit.
    pub asked_unit: Option<String>,
    /// When.
    pub asked_at: Time,
    /// Where the request stands.
    pub state: ExclusionState,
    /// Who decided.
    pub decided_by: Option<String>,
    /// His unit, another one.
    pub decided_unit: Option<String>,
    /// When.
    pub decided_at: Option<Time>,
    /// Why so.
    pub decision: Option<String>,
    /// Counts the changes.
    pub version: i64,
    #[serde(skip)]
    pub asker_id: Option<Uuid>,
    #[serde(skip)]
    pub asker_unit_id: Option<Uuid>,
    #[serde(skip)]
    pub lead_department_id: Option<Uuid>,
    #[serde(skip)]
    pub accused_department_id: Option<Uuid>,
}

from_row!(Exclusion {
    id,
    appeal_id,
    number,
    title,
    status,
    subject,
    department,
    ground,
    proof,
    asked_by,
    asked_unit,
    asked_at,
    state,
    decided_by,
    decided_unit,
    decided_at,
    decision,
    version,
    asker_id,
    asker_unit_id,
    lead_department_id,
    accused_department_id,
});

/// Requests for an exclusion.
pub const EXCLUSIONS: Rows<Exclusion> = Rows::of_table(
    "exclusion",
    "x.id, x.appeal_id, x.ground, x.proof, b.name AS asked_by, u.short_name AS asked_unit, x.asked_at,
    x.state, v.name AS decided_by, w.short_name AS decided_unit, x.decided_at, x.decision, x.version,
    x.asked_by AS asker_id, x.asked_unit AS asker_unit_id",
    "
  LEFT JOIN person b ON b.zone_id = x.zone_id AND b.id = x.asked_by
  LEFT JOIN department u ON u.zone_id = x.zone_id AND u.id = x.asked_unit
  LEFT JOIN person v ON v.zone_id = x.zone_id AND v.id = x.decided_by
  LEFT JOIN department w ON w.zone_id = x.zone_id AND w.id = x.decided_unit",
    "x.asked_at",
);

/// What a list of exclusions is sorted by.
pub const EXCLUSION_KEYS: &[Key] = &[Key::number("asked", "x.asked_at")];

/// A new request.
pub struct Asked<'a> {
    pub id: Uuid,
    pub appeal_id: Uuid,
    pub ground: Ground,
    pub proof: &'a str,
    pub by: Option<Uuid>,
    pub unit: Option<Uuid>,
    pub at: Time,
}

pub async fn ask_exclusion(tx: &mut Tx, zone: Uuid, asked: &Asked<'_>) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO exclusion (zone_id, id, appeal_id, ground, proof, asked_by, asked_unit, asked_at, state, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'asked', 1)",
        zone,
        asked.id,
        asked.appeal_id,
        asked.ground,
        asked.proof,
        asked.by,
        asked.unit,
        asked.at
    ))
    .await?;
    Ok(())
}

/// A decision.
pub struct Decided<'a> {
    pub state: ExclusionState,
    pub by: Option<Uuid>,
    pub unit: Option<Uuid>,
    pub at: Time,
    pub why: &'a str,
}

pub async fn decide_exclusion(tx: &mut Tx, zone: Uuid, one: &Exclusion, decided: &Decided<'_>) -> Result<bool> {
    let changed = tx
        .run(sql!(
            "UPDATE exclusion SET state = $1, decided_by = $2, decided_unit = $3, decided_at = $4, decision = $5,
               version = version + 1 WHERE zone_id = $6 AND id = $7 AND version = $8 AND state = 'asked'",
            decided.state,
            decided.by,
            decided.unit,
            decided.at,
            decided.why,
            zone,
            one.id,
            one.version
        ))
        .await?;
    Ok(changed == 1)
}

// ---- the link ----

/// Appeals of all zones with that number: zone, key, serial of the link.
pub async fn numbered(tx: &mut Tx, number: &str) -> Result<Vec<(Uuid, Uuid, i64)>> {
    tx.list(sql!(
        "SELECT a.zone_id, a.id, a.link_serial FROM zone z JOIN appeal a ON a.zone_id = z.zone_id AND a.number = $1
         ORDER BY a.zone_id LIMIT 1000",
        number
    ))
    .await
}

/// Makes links and codes worthless. The version stays: nobody's form is made stale by it.
pub async fn renew_link(tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<()> {
    tx.run(sql!("UPDATE appeal SET link_serial = link_serial + 1 WHERE zone_id = $1 AND id = $2", zone, appeal))
        .await?;
    Ok(())
}

// ---- rates ----

/// One part of a figure: of whom, how many, how many of these count, how many were left
/// out, and how many of these count.
pub type Counted<G> = (Option<G>, i64, i64, i64, i64);

/// Counts a figure apart. `group` is a column of the appeal, `hit` says what counts.
pub async fn counted<G: ::store::FromValue>(
    tx: &mut Tx,
    zone: Uuid,
    group: &'static str,
    condition: Sql,
    hit: Sql,
) -> Result<Vec<Counted<G>>> {
    let mut query = Sql::from(
        "SELECT t.g, count(*), CAST(sum(t.h) AS bigint), CAST(sum(t.x) AS bigint), CAST(sum(t.h * t.x) AS bigint) FROM (SELECT ",
    );
    query.push(group).push(" AS g, CASE WHEN ").append(hit).push(" THEN 1 ELSE 0 END AS h, CASE WHEN ");
    query.push(EXCLUDED).push(" THEN 1 ELSE 0 END AS x FROM appeal a WHERE a.zone_id = ").arg(zone);
    query.append(condition).push(") t GROUP BY t.g");
    tx.list(query).await
}

/// Whether another unit left the appeal `a` out of the rates.
pub const EXCLUDED: &str =
    "EXISTS (SELECT 1 FROM exclusion z WHERE z.zone_id = a.zone_id AND z.appeal_id = a.id AND z.state = 'granted')";

/// The short names of departments.
pub async fn department_names(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String)>> {
    tx.list(sql!("SELECT id, short_name FROM department WHERE zone_id = $1 ORDER BY position, id", zone)).await
}

/// How many appeals there are under a condition, counted out.
pub async fn count_appeals(tx: &mut Tx, zone: Uuid, condition: Sql) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM appeal a WHERE a.zone_id = ");
    query.arg(zone).append(condition);
    tx.value(query).await
}
