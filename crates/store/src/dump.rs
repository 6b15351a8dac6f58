//! Everything in a database as lines of text that either database can read
//! back, so that a backup of the embedded one moves to a server and the reverse.
//!
//! What tables and columns there are is read from the migrations themselves.
//! Tables that differ between the dialects (search indexes) are not data: they
//! are made again after loading.

use crate::{Db, Dialect, Error, FromValue, Kind, Migration, Result, Sql, Tx, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tokio::sync::mpsc;
use uuid::Uuid;
use vault::hash::{hex, unhex};

/// Rows read at a time, at most.
const PAGE: i64 = 1_000;
/// About so much is in the memory at a time (characters of lines).
const HELD: usize = 16 * 1024 * 1024;
/// Arguments of one INSERT; both databases take more.
const ARGUMENTS: usize = 8_000;

/// A table as the migrations make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns in order, with what they hold.
    pub columns: Vec<(String, Kind)>,
    /// The columns of its primary key.
    pub key: Vec<String>,
}

/// Rows per table.
pub type Counts = BTreeMap<String, u64>;

/// The tables that the migrations make, in the order in which they are made:
/// a table comes after those that it refers to.
pub fn tables(migrations: &[Migration]) -> Result<Vec<Table>> {
    let mut tables: Vec<Table> = Vec::new();
    for step in migrations {
        read_step(step, &mut tables)?;
    }
    match tables.iter().find(|table| table.key.is_empty()) {
        Some(table) => Err(Error::Schema(format!("The table {} has no primary key.", table.name))),
        None => Ok(tables),
    }
}

fn read_step(step: &Migration, tables: &mut Vec<Table>) -> Result<()> {
    let mut one_dialect = false;
    let mut open: Option<Table> = None;
    let mut differs = false;
    for line in step.text.lines().map(str::trim) {
        match line {
            "-- sqlite" | "-- postgres" => {
                one_dialect = true;
                differs |= open.is_some();
            }
            "-- both" => one_dialect = false,
            _ if one_dialect || line.is_empty() || line.starts_with("--") => {}
            ");" => {
                let made = open.take().filter(|_| !differs);
                tables.extend(made);
                differs = false;
            }
            _ => {
                if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
                    let name = rest.trim_start_matches("IF NOT EXISTS ").trim_end_matches('(').trim().to_owned();
                    open = Some(Table { name, columns: Vec::new(), key: Vec::new() });
                } else if let Some(rest) = line.strip_prefix("DROP TABLE ") {
                    let name = rest.trim_start_matches("IF EXISTS ").trim_end_matches(';').trim();
                    tables.retain(|table| table.name != name);
                } else if let Some(rest) = line.strip_prefix("ALTER TABLE ") {
                    alter(rest, tables).ok_or_else(|| unreadable(step, line))?;
                } else if let Some(table) = &mut open {
                    column(line, table).ok_or_else(|| unreadable(step, line))?;
                }
            }
        }
    }
    Ok(())
}

fn unreadable(step: &Migration, line: &str) -> Error {
    Error::Schema(format!("Migration {} ({}): a backup cannot read “{line}”.", step.version, step.name))
}

fn alter(rest: &str, tables: &mut [Table]) -> Option<()> {
    let (name, change) = rest.split_once(' ')?;
    let table = tables.iter_mut().find(|table| table.name == name)?;
    match change.strip_prefix("ADD COLUMN ") {
        Some(definition) => column(definition, table),
        None => {
            let dropped = change.strip_prefix("DROP COLUMN ")?.trim_end_matches(';').trim();
            table.columns.retain(|(column, _)| column != dropped);
            Some(())
        }
    }
}

/// One line between the parentheses of a table.
fn column(line: &str, table: &mut Table) -> Option<()> {
    if let Some(rest) = line.strip_prefix("PRIMARY KEY (") {
        table.key = rest.split(')').next()?.split(',').map(|name| name.trim().to_owned()).collect();
        return Some(());
    }
    if ["UNIQUE ", "CHECK ", "FOREIGN ", "CONSTRAINT "].iter().any(|word| line.starts_with(word)) {
        return Some(());
    }
    let (name, definition) = line.split_once(' ')?;
    let kinds = [
        ("uuid", Kind::Uuid),
        ("text", Kind::Text),
        ("bigint", Kind::Int),
        ("boolean", Kind::Bool),
        ("jsonb", Kind::Json),
        ("bytea", Kind::Blob),
        ("double precision", Kind::Real),
    ];
    let definition = definition.trim().trim_end_matches([',', ';']);
    let (_, kind) = kinds
        .iter()
        .find(|(word, _)| definition.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))?;
    if definition.contains(" GENERATED ") {
        return Some(());
    }
    if definition.contains("PRIMARY KEY") {
        table.key = vec![name.to_owned()];
    }
    table.columns.push((name.to_owned(), *kind));
    Some(())
}

impl Table {
    fn column_list(&self) -> String {
        self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    }

    /// About how many characters of a line a row becomes; none where no column can be large.
    fn sizes(&self, dialect: Dialect) -> Option<String> {
        let size = |(name, kind): &(String, Kind)| match (kind, dialect) {
            // Bytes travel as two digits each.
            (Kind::Blob, Dialect::Sqlite) => Some(format!("coalesce(length(\"{name}\"), 0) * 2")),
            (Kind::Blob, Dialect::Postgres) => Some(format!("coalesce(octet_length(\"{name}\"), 0) * 2")),
            (Kind::Text | Kind::Json, Dialect::Sqlite) => {
                Some(format!("coalesce(length(CAST(\"{name}\" AS BLOB)), 0)"))
            }
            (Kind::Text, Dialect::Postgres) => Some(format!("coalesce(octet_length(\"{name}\"), 0)")),
            (Kind::Json, Dialect::Postgres) => Some(format!("coalesce(octet_length(\"{name}\"::text), 0)")),
            _ => None,
        };
        let sizes: Vec<String> = self.columns.iter().filter_map(size).collect();
        (!sizes.is_empty()).then(|| format!("CAST({} AS bigint) AS held", sizes.join(" + ")))
    }

    fn key_list(&self) -> String {
        self.key.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    }

    /// The places of the key's columns.
    fn key_places(&self) -> Result<Vec<usize>> {
        self.key
            .iter()
            .map(|key| self.columns.iter().position(|(name, _)| name == key))
            .collect::<Option<_>>()
            .ok_or_else(|| Error::Schema(format!("The primary key of {} is not among its columns.", self.name)))
    }
}

impl Db {
    /// The last migration that the database has; 0 when it has none. One that was
    /// interrupted does not count: what it did was rolled back, and the tables are
    /// those of the one before.
    pub async fn schema_version(&self) -> Result<i64> {
        let mut tx = self.read().await?;
        if !has_migrations(&mut tx).await? {
            return Ok(0);
        }
        tx.value("SELECT coalesce(max(version), 0) FROM migration WHERE finished_at IS NOT NULL").await
    }

    /// Whether a migration was ever begun here, be it finished or not.
    pub async fn is_begun(&self) -> Result<bool> {
        has_migrations(&mut self.read().await?).await
    }

    /// Whether none of the tables holds a row.
    pub async fn is_blank(&self, tables: &[Table]) -> Result<bool> {
        let mut tx = self.snapshot().await?;
        for table in tables {
            let text = format!("SELECT count(*) FROM (SELECT 1 FROM \"{}\" LIMIT 1) AS first", table.name);
            if tx.value::<i64>(Sql::owned(text, Vec::new())).await? > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What SQLite itself finds wrong with its file; nothing on a server, which
    /// looks after its own.
    pub async fn integrity(&self) -> Result<Vec<String>> {
        if self.dialect() == Dialect::Postgres {
            return Ok(Vec::new());
        }
        let mut tx = self.read().await?;
        let rows: Vec<(String,)> = tx.list("PRAGMA quick_check(5)").await?;
        let mut faults: Vec<String> = rows.into_iter().map(|(line,)| line).filter(|line| line != "ok").collect();
        for row in tx.all("PRAGMA foreign_key_check").await? {
            faults.push(format!("a row of {} refers to nothing", row.at::<String>(0)?));
        }
        Ok(faults)
    }

    /// Removes every table that the migrations make. There is no way back.
    pub async fn wipe(&self, migrations: &[Migration]) -> Result<()> {
        let dialect = self.dialect();
        let mut names = vec!["migration".to_owned()];
        for step in migrations {
            for line in step.render(dialect).lines() {
                let line = line.trim();
                let made = line.strip_prefix("CREATE TABLE ").or_else(|| line.strip_prefix("CREATE VIRTUAL TABLE "));
                let name = made.and_then(|rest| rest.trim_start_matches("IF NOT EXISTS ").split([' ', '(']).next());
                names.extend(name.map(str::to_owned));
            }
        }
        let cascade = dialect.pick("", " CASCADE");
        let mut script = String::new();
        for name in names.iter().rev() {
            // Writing to a String cannot fail.
            let _ = writeln!(script, "DROP TABLE IF EXISTS \"{name}\"{cascade};");
        }
        let mut tx = self.write().await?;
        tx.script(script).await?;
        tx.commit().await
    }

    /// Sends every row of the tables, as they stood at one moment, to `out`:
    /// pieces of text made of whole lines. Writers are not held up.
    pub async fn dump(&self, tables: &[Table], out: mpsc::Sender<String>) -> Result<Counts> {
        let mut tx = self.snapshot().await?;
        let mut counts = Counts::new();
        for table in tables {
            let columns: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
            send(&out, format!("{}\n", json!({"table": table.name, "columns": columns}))).await?;
            let rows = dump_table(&mut tx, table, &out).await?;
            counts.insert(table.name.clone(), rows);
        }
        tx.commit().await?;
        send(&out, format!("{}\n", json!({ "end": counts }))).await?;
        Ok(counts)
    }

    /// Puts the lines of [`Db::dump`] into the tables, which must be empty, in
    /// one transaction: all of them, or none.
    pub async fn load(&self, tables: &[Table], mut lines: mpsc::Receiver<Result<String>>) -> Result<Counts> {
        let mut tx = self.write().await?;
        let mut load = Loading { tables, table: None, batch: Vec::new(), held: 0, counts: Counts::new() };
        let mut ended = false;
        while let Some(line) = lines.recv().await {
            let line: Json = serde_json::from_str(&line?).map_err(|e| damaged(&e.to_string()))?;
            match line {
                Json::Array(row) => load.row(&mut tx, row).await?,
                Json::Object(mut head) => {
                    load.flush(&mut tx).await?;
                    if let Some(end) = head.remove("end") {
                        let told: Counts = serde_json::from_value(end).map_err(|e| damaged(&e.to_string()))?;
                        if told != load.counts {
                            return Err(damaged("it holds another number of rows than it says"));
                        }
                        ended = true;
                    } else {
                        load.begin(&head)?;
                    }
                }
                _ => return Err(damaged("a line is neither a table nor a row")),
            }
        }
        if !ended {
            return Err(damaged("its end is missing"));
        }
        tx.commit().await?;
        Ok(load.counts)
    }
}

async fn has_migrations(tx: &mut Tx) -> Result<bool> {
    let statement = tx.dialect().pick(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'migration'",
        "SELECT count(*) FROM information_schema.tables
         WHERE table_schema = current_schema() AND table_name = 'migration'",
    );
    Ok(tx.value::<i64>(statement).await? > 0)
}

fn damaged(what: &str) -> Error {
    Error::File(format!("The backup is damaged: {what}."))
}

async fn send(out: &mpsc::Sender<String>, text: String) -> Result<()> {
    out.send(text).await.map_err(|_| Error::File("the dump could not be written".into()))
}

/// How many of rows of these sizes are held at a time: as many as fit, and one at least.
fn fitting(sizes: &[(i64,)]) -> i64 {
    let mut held = 0;
    let fit = sizes.iter().take_while(|(size,)| {
        held += size;
        held <= HELD as i64
    });
    i64::try_from(fit.count()).unwrap_or(PAGE).max(1)
}

async fn dump_table(tx: &mut Tx, table: &Table, out: &mpsc::Sender<String>) -> Result<u64> {
    let places = table.key_places()?;
    let (columns, key) = (table.column_list(), table.key_list());
    let marks = (1..=places.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
    let sizes = table.sizes(tx.dialect());
    let mut after: Option<Vec<Value>> = None;
    let mut count = 0;
    loop {
        let further = if after.is_some() { format!(" WHERE ({key}) > ({marks})") } else { String::new() };
        let from = |what: &str, page: i64| {
            format!("SELECT {what} FROM \"{}\"{further} ORDER BY {key} LIMIT {page}", table.name)
        };
        let args = after.take().unwrap_or_default();
        let page = match &sizes {
            Some(sizes) => fitting(&tx.list(Sql::owned(from(sizes, PAGE), args.clone())).await?),
            None => PAGE,
        };
        let rows = tx.all(Sql::owned(from(&columns, page), args)).await?;
        let mut lines = String::new();
        let mut last = Vec::new();
        for row in &rows {
            let mut values = Vec::with_capacity(table.columns.len());
            for (place, (_, kind)) in table.columns.iter().enumerate() {
                values.push(encode(row.at(place)?, *kind)?);
            }
            let _ = writeln!(lines, "{}", Json::Array(values));
            last = places
                .iter()
                .map(|place| decode(encode(row.at(*place)?, table.columns[*place].1)?, table.columns[*place].1))
                .collect::<Result<_>>()?;
        }
        count += rows.len() as u64;
        if !lines.is_empty() {
            send(out, lines).await?;
        }
        if (rows.len() as i64) < page {
            return Ok(count);
        }
        after = Some(last);
    }
}

struct Loading<'a> {
    tables: &'a [Table],
    table: Option<(&'a Table, Vec<Kind>)>,
    batch: Vec<Value>,
    /// Bytes of the batch.
    held: usize,
    counts: Counts,
}

impl Loading<'_> {
    /// A table begins: its columns must be the ones that are here.
    fn begin(&mut self, head: &serde_json::Map<String, Json>) -> Result<()> {
        let name = head.get("table").and_then(Json::as_str).unwrap_or_default();
        let table = self
            .tables
            .iter()
            .find(|table| table.name == name)
            .ok_or_else(|| damaged(&format!("the table “{name}” is not one of this schema")))?;
        let own: Vec<Json> = table.columns.iter().map(|(column, _)| Json::from(column.as_str())).collect();
        if head.get("columns") != Some(&Json::Array(own)) {
            return Err(damaged(&format!("the columns of “{name}” are not those of this schema")));
        }
        self.counts.insert(name.to_owned(), 0);
        self.table = Some((table, table.columns.iter().map(|(_, kind)| *kind).collect()));
        Ok(())
    }

    async fn row(&mut self, tx: &mut Tx, row: Vec<Json>) -> Result<()> {
        let Some((table, kinds)) = &self.table else { return Err(damaged("a row stands before its table")) };
        if row.len() != kinds.len() {
            return Err(damaged(&format!("a row of “{}” has another width", table.name)));
        }
        for (value, kind) in row.into_iter().zip(kinds) {
            self.held += value.as_str().map_or(8, str::len);
            self.batch.push(decode(value, *kind)?);
        }
        *self.counts.entry(table.name.clone()).or_default() += 1;
        if self.batch.len() + kinds.len() > ARGUMENTS || self.held > HELD {
            self.flush(tx).await?;
        }
        Ok(())
    }

    async fn flush(&mut self, tx: &mut Tx) -> Result<()> {
        let Some((table, kinds)) = &self.table else { return Ok(()) };
        if self.batch.is_empty() {
            return Ok(());
        }
        let mut text = format!("INSERT INTO \"{}\" ({}) VALUES ", table.name, table.column_list());
        for n in 0..self.batch.len() {
            let first = n % kinds.len() == 0;
            let last = n % kinds.len() == kinds.len() - 1;
            let before = if !first {
                ", "
            } else if n == 0 {
                "("
            } else {
                ", ("
            };
            let _ = write!(text, "{before}${}{}", n + 1, if last { ")" } else { "" });
        }
        tx.run(Sql::owned(text, std::mem::take(&mut self.batch))).await?;
        self.held = 0;
        Ok(())
    }
}

/// A value as JSON. Numbers with a fraction and documents travel as text, so
/// that they come back exactly.
fn encode(value: Value, kind: Kind) -> Result<Json> {
    Ok(match (kind, value) {
        (_, Value::Null(_)) => Json::Null,
        (Kind::Int, value) => Json::from(i64::from_value(value)?),
        (Kind::Real, Value::Int(n)) => Json::from(format!("{:?}", n as f64)),
        (Kind::Real, value) => Json::from(format!("{:?}", f64::from_value(value)?)),
        (Kind::Text, value) => Json::from(String::from_value(value)?),
        (Kind::Uuid, value) => Json::from(Uuid::from_value(value)?.to_string()),
        (Kind::Bool, value) => Json::from(bool::from_value(value)?),
        (Kind::Json, Value::Text(text)) => Json::from(text),
        (Kind::Json, value) => Json::from(Json::from_value(value)?.to_string()),
        (Kind::Blob, value) => Json::from(hex(&Vec::<u8>::from_value(value)?)),
    })
}

fn decode(value: Json, kind: Kind) -> Result<Value> {
    let wrong = || damaged("a value is not of its column's kind");
    Ok(match (kind, value) {
        (_, Json::Null) => Value::Null(kind),
        (Kind::Int, Json::Number(n)) => Value::Int(n.as_i64().ok_or_else(wrong)?),
        (Kind::Real, Json::String(text)) => Value::Real(text.parse().map_err(|_| wrong())?),
        (Kind::Text, Json::String(text)) => Value::Text(text),
        (Kind::Uuid, Json::String(text)) => Value::Uuid(Uuid::parse_str(&text).map_err(|_| wrong())?),
        (Kind::Bool, Json::Bool(yes)) => Value::Bool(yes),
        (Kind::Json, Json::String(text)) => Value::Json(serde_json::from_str(&text).map_err(|_| wrong())?),
        (Kind::Blob, Json::String(text)) => Value::Blob(unhex(&text).ok_or_else(wrong)?),
        _ => return Err(wrong()),
    })
}

/// The columns that a table really has, for the test that the migrations were
/// read right.
#[cfg(feature = "testing")]
pub async fn columns_of(tx: &mut Tx, table: &str) -> Result<Vec<String>> {
    let text = tx.dialect().pick(
        "SELECT name FROM pragma_table_info($1) ORDER BY cid",
        "SELECT column_name::text FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
    );
    let rows: Vec<(String,)> = tx.list(crate::sql!(text, table)).await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(text: &'static str) -> Migration {
        Migration { version: 1, name: "t", text }
    }

    #[test]
    fn migrations_are_read_as_tables() {
        let text = "-- note\nCREATE TABLE a (\n  id uuid NOT NULL PRIMARY KEY,\n  n bigint\n);\n\
                    CREATE TABLE b (\n  zone_id uuid NOT NULL REFERENCES a (id),\n  rate double precision NOT NULL,\n  -- why\n  body jsonb NOT NULL,\n  UNIQUE (zone_id, rate),\n  PRIMARY KEY (zone_id, rate)\n);\n\
                    -- sqlite\nCREATE VIRTUAL TABLE f USING fts5(x);\n-- both\nALTER TABLE a ADD COLUMN yes boolean NOT NULL DEFAULT FALSE;\n\
                    CREATE TABLE words (\n  id uuid NOT NULL,\n-- sqlite\n  n INTEGER PRIMARY KEY\n-- postgres\n  n tsvector\n-- both\n);\n";
        let tables = tables(&[step(text)]).expect("reads");
        assert_eq!(tables.len(), 2);
        assert_eq!(tables[0].key, ["id"]);
        let own = |name: &str, kind| (name.to_owned(), kind);
        assert_eq!(tables[0].columns, [own("id", Kind::Uuid), own("n", Kind::Int), own("yes", Kind::Bool)]);
        assert_eq!(tables[1].key, ["zone_id", "rate"]);
        assert_eq!(tables[1].columns, [own("zone_id", Kind::Uuid), own("rate", Kind::Real), own("body", Kind::Json)]);
    }

    #[tokio::test]
    async fn a_dump_holds_no_more_than_its_bound_whatever_comes_first() {
        let text =
            "CREATE TABLE a (\n  id uuid NOT NULL PRIMARY KEY,\n  n bigint NOT NULL,\n  bytes bytea NOT NULL\n);\n";
        let steps: &'static [Migration] = Box::leak(Box::new([step(text)]));
        let tables = tables(steps).expect("reads");
        for scratch in crate::testing::both(steps).await.expect("databases") {
            let mut tx = scratch.db.write().await.expect("a transaction");
            // Small rows first tell nothing of those that follow.
            for n in 0..60_i64 {
                let bytes = vec![7_u8; if n < 30 { 1 } else { 1024 * 1024 }];
                let id = Uuid::from_u128(n as u128 + 1);
                tx.run(crate::sql!("INSERT INTO a (id, n, bytes) VALUES ($1, $2, $3)", id, n, bytes))
                    .await
                    .expect("a row");
            }
            tx.commit().await.expect("kept");
            let (send, mut pieces) = mpsc::channel(1);
            let (db, all) = (scratch.db.clone(), tables.clone());
            let dump = tokio::spawn(async move { db.dump(&all, send).await });
            let (mut largest, mut lines) = (0, 0);
            while let Some(piece) = pieces.recv().await {
                largest = largest.max(piece.len());
                lines += piece.lines().filter(|line| line.starts_with('[')).count();
            }
            assert_eq!(dump.await.expect("no panic").expect("a dump")["a"], 60);
            assert_eq!(lines, 60);
            assert!(largest <= HELD + 64 * 1024, "{largest}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert!(tables(&[step("CREATE TABLE a (\n  id serial PRIMARY KEY\n);")]).is_err());
        assert!(tables(&[step("CREATE TABLE a (\n  id uuid NOT NULL\n);")]).is_err());
    }

    #[test]
    fn values_come_back_exactly() {
        for (value, kind) in [
            (Value::Int(i64::MIN), Kind::Int),
            (Value::Real(0.1 + 0.2), Kind::Real),
            (Value::Text("第一行\n“二”\u{1F9EA}".into()), Kind::Text),
            (Value::Blob(vec![0, 255, 7]), Kind::Blob),
            (Value::Uuid(Uuid::now_v7()), Kind::Uuid),
            (Value::Bool(true), Kind::Bool),
            (Value::Json(Json::Null), Kind::Json),
            (Value::Json(json!({"a": [1, "二"]})), Kind::Json),
            (Value::Null(Kind::Uuid), Kind::Uuid),
        ] {
            let there = encode(value.clone(), kind).expect("encodes");
            assert_eq!(decode(there, kind).expect("decodes"), value);
        }
        // SQLite gives back truth as a number, keys as bytes, documents as text.
        let id = Uuid::now_v7();
        assert_eq!(encode(Value::Int(1), Kind::Bool).expect("encodes"), json!(true));
        assert_eq!(encode(Value::Blob(id.as_bytes().to_vec()), Kind::Uuid).expect("encodes"), json!(id.to_string()));
        assert!(decode(json!("x"), Kind::Int).is_err());
        assert!(decode(json!("0"), Kind::Blob).is_err());
    }
}
