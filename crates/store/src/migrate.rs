//! Ordered migrations, one text for both databases.
//!
//! A migration is written in a common dialect of DDL. The column types `uuid`,
//! `bytea`, `boolean`, `jsonb`, `bigint`, `double precision` and `text` are
//! PostgreSQL's own; for SQLite they are translated, and tables become STRICT.
//! Lines between `-- sqlite` or `-- postgres` and `-- both` are for one only.

use crate::{Db, Dialect, Error, Result, sql};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};

/// One step of the schema. Never change one that has been released.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its place in the order, from 1 without gaps.
    pub version: i64,
    /// A short name, for people.
    pub name: &'static str,
    /// The text in the common dialect.
    pub text: &'static str,
}

/// SHA-256 as hexadecimal text.
fn digest(text: &str) -> String {
    vault::hash::sha256(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

impl Migration {
    /// SHA-256 of its text: a migration is the same only when every letter is.
    pub fn digest(&self) -> String {
        vault::hash::hex(&vault::hash::sha256(self.text.as_bytes()))
    }

    /// The statements for one database.
    pub fn render(&self, dialect: Dialect) -> String {
        let mut only = None;
        let mut out = String::with_capacity(self.text.len());
        for line in self.text.lines() {
            match line.trim() {
                "-- sqlite" => only = Some(Dialect::Sqlite),
                "-- postgres" => only = Some(Dialect::Postgres),
                "-- both" => only = None,
                code if code.starts_with("--") => {}
                _ if only.is_some_and(|d| d != dialect) => {}
                _ => {
                    match dialect {
                        Dialect::Postgres => out.push_str(line),
                        Dialect::Sqlite if only.is_some() => out.push_str(line),
                        Dialect::Sqlite => out.push_str(&for_sqlite(line)),
                    }
                    out.push('\n');
                }
            }
        }
        out
    }
}

/// Translates the types of one line. A table ends with `);` at the margin.
fn for_sqlite(line: &str) -> String {
    if line == ");" {
        return ") STRICT;".to_owned();
    }
    let mut out = line.to_owned();
    for (postgres, sqlite) in [
        (" double precision", " REAL"),
        (" uuid", " BLOB"),
        (" bytea", " BLOB"),
        (" boolean", " INTEGER"),
        (" jsonb", " TEXT"),
        (" bigint", " INTEGER"),
    ] {
        out = out.replace(postgres, sqlite);
    }
    out
}

/// PostgreSQL's lock is two numbers: one of this program, one of the schema.
const TRY_LOCK: &str = "SELECT pg_try_advisory_xact_lock(1651864681, hashtext(current_schema()))";
const LOCK: &str = "SELECT pg_advisory_xact_lock(1651864681, hashtext(current_schema()))";

/// Held by the one process that migrates; dropping it lets the next one in.
enum Alone {
    /// A database that no other process can see.
    Memory,
    /// The lock of this file.
    File { _file: File },
    /// The lock of this transaction.
    Server { _tx: Box<crate::Tx> },
}

/// `version, name, digest, finished_at, schema_digest` of an applied migration.
type Applied = (i64, String, String, Option<String>, Option<String>);

impl Db {
    /// Brings the schema to the last of `migrations`, or explains why not.
    ///
    /// Refuses a schema that is newer than the program, one whose last step did
    /// not finish, one whose steps are not this program's, and one that was
    /// altered by hand. `before` runs once when there is something to do on a
    /// database that is not empty: make the backup there. One process migrates at
    /// a time; another waits, and then finds nothing left to do.
    pub async fn migrate<F>(&self, migrations: &[Migration], before: F) -> Result<usize>
    where
        F: AsyncFnOnce(i64) -> Result<()>,
    {
        // Held until this returns, whatever comes of it.
        let _alone = self.migrate_alone().await?;
        self.make_migration_table().await?;
        let applied = self.check_schema(migrations).await?;
        let last = applied.keys().last().copied().unwrap_or(0);
        let todo: Vec<_> = migrations.iter().filter(|m| m.version > last).collect();
        if todo.is_empty() {
            return Ok(0);
        }
        if last > 0 {
            before(last).await?;
        }
        for step in &todo {
            self.apply(step).await?;
        }
        Ok(todo.len())
    }

    /// Whether every migration is in and the schema is what they made.
    pub async fn is_migrated(&self, migrations: &[Migration]) -> Result<bool> {
        let mut tx = self.read().await?;
        let last: Option<i64> =
            tx.opt_value("SELECT max(version) FROM migration WHERE finished_at IS NOT NULL").await?;
        Ok(last == migrations.last().map(|m| m.version))
    }

    /// Waits until no other process migrates this database. SQLite's own lock ends
    /// with each step, so a file beside it stands for all of them; PostgreSQL has a
    /// lock for such things, which ends with its transaction.
    async fn migrate_alone(&self) -> Result<Alone> {
        match self.path() {
            Some(path) if path.as_os_str() == ":memory:" => Ok(Alone::Memory),
            Some(path) => {
                let mut name = path.as_os_str().to_owned();
                name.push("-migrating");
                let waiting = tokio::task::spawn_blocking(move || {
                    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&name)?;
                    if let Err(TryLockError::WouldBlock) = file.try_lock() {
                        tracing::info!("another process brings the schema up to date; waiting for it");
                    }
                    file.lock().map(|()| file)
                });
                let file = waiting.await.map_err(|error| Error::File(error.to_string()))??;
                Ok(Alone::File { _file: file })
            }
            None => {
                let mut tx = self.write().await?;
                if !tx.value::<bool>(TRY_LOCK).await? {
                    tracing::info!("another process brings the schema up to date; waiting for it");
                    tx.script(LOCK.to_owned()).await?;
                }
                Ok(Alone::Server { _tx: Box::new(tx) })
            }
        }
    }

    async fn make_migration_table(&self) -> Result<()> {
        let table = Migration {
            version: 0,
            name: "migration",
            text: "CREATE TABLE IF NOT EXISTS migration (\n\
                 version bigint PRIMARY KEY,\n\
                 name text NOT NULL,\n\
                 digest text NOT NULL,\n\
                 started_at text NOT NULL,\n\
                 finished_at text,\n\
                 schema_digest text\n\
                 );",
        };
        let mut tx = self.write().await?;
        tx.script(table.render(self.dialect())).await?;
        tx.commit().await
    }

    /// Applied versions, after all checks.
    async fn check_schema(&self, migrations: &[Migration]) -> Result<BTreeMap<i64, String>> {
        let mut tx = self.read().await?;
        let rows: Vec<Applied> =
            tx.list("SELECT version, name, digest, finished_at, schema_digest FROM migration ORDER BY version").await?;
        let newest = migrations.last().map_or(0, |m| m.version);
        for (version, name, applied, finished, _) in &rows {
            if finished.is_none() {
                return Err(Error::Schema(format!(
                    "Migration {version} ({name}) did not finish. Restore the backup that was made before it (`buting restore FILE --force`; it lies in the folder `backups` of the data directory and has `before-upgrade` in its name), then start again."
                )));
            }
            let Some(own) = migrations.iter().find(|m| m.version == *version) else {
                return Err(Error::Schema(format!(
                    "This database was made by a newer program (migration {version}, this program knows {newest}). Start the newer program, or restore a backup made before the upgrade."
                )));
            };
            if digest(own.text) != *applied {
                return Err(Error::Schema(format!(
                    "Migration {version} ({name}) in the database is not the one of this program. Use the program that made the database."
                )));
            }
        }
        if let Some((version, .., Some(then))) = rows.last() {
            let lines = schema_lines(&mut tx).await?;
            if digest_of(lines.clone()) != *then && digest(&lines.join("\n")) != *then {
                return Err(Error::Schema(format!(
                    "The tables were altered by hand since migration {version}. Undo the alteration or restore a backup; the program does not guess."
                )));
            }
        }
        Ok(rows.into_iter().map(|(version, name, ..)| (version, name)).collect())
    }

    async fn apply(&self, step: &Migration) -> Result<()> {
        let mut tx = self.write().await?;
        tx.run(sql!(
            "INSERT INTO migration (version, name, digest, started_at) VALUES ($1, $2, $3, CURRENT_TIMESTAMP)",
            step.version,
            step.name,
            digest(step.text)
        ))
        .await?;
        tx.commit().await?;
        let mut tx = self.write().await?;
        tx.script(step.render(self.dialect()))
            .await
            .map_err(|e| Error::Schema(format!("Migration {} ({}) failed: {e}", step.version, step.name)))?;
        let made = digest_of(schema_lines(&mut tx).await?);
        tx.run(sql!(
            "UPDATE migration SET finished_at = CURRENT_TIMESTAMP, schema_digest = $2 WHERE version = $1",
            step.version,
            made
        ))
        .await?;
        tx.commit().await
    }
}

/// What the tables and indexes look like now, line by line. The order is the
/// database's: of a server it depends on its locale.
async fn schema_lines(tx: &mut crate::Tx) -> Result<Vec<String>> {
    let statement = tx.dialect().pick(
        "SELECT coalesce(sql, name) FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name",
        "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)::text AS line
           FROM information_schema.columns WHERE table_schema = current_schema()
         UNION ALL
         SELECT indexdef::text FROM pg_indexes WHERE schemaname = current_schema()
         ORDER BY 1",
    );
    let lines: Vec<(String,)> = tx.list(statement).await?;
    Ok(lines.into_iter().map(|(line,)| line).collect())
}

/// The digest of a schema: of its lines by their bytes, so that every server
/// comes to the same, and a schema that moved to one of another locale is known
/// again. Databases that were made before this rule hold the digest of the lines
/// in their server's order, which the check takes as well.
fn digest_of(mut lines: Vec<String>) -> String {
    lines.sort_unstable();
    digest(&lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_translated_and_fragments_chosen() {
        let step = Migration {
            version: 1,
            name: "t",
            text: "CREATE TABLE t (\n  id uuid NOT NULL,\n  yes boolean\n);\n-- sqlite\nCREATE VIRTUAL TABLE f USING fts5(x);\n-- postgres\nCREATE INDEX i ON t USING gin (x);\n-- both\n",
        };
        assert_eq!(
            step.render(Dialect::Sqlite),
            "CREATE TABLE t (\n  id BLOB NOT NULL,\n  yes INTEGER\n) STRICT;\nCREATE VIRTUAL TABLE f USING fts5(x);\n"
        );
        assert_eq!(
            step.render(Dialect::Postgres),
            "CREATE TABLE t (\n  id uuid NOT NULL,\n  yes boolean\n);\nCREATE INDEX i ON t USING gin (x);\n"
        );
    }

    #[test]
    fn servers_of_all_locales_come_to_one_digest() {
        let lines = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        // C puts the underscore before small letters, de_DE passes over it.
        let c = lines(["account_role id", "account_role_by id", "accounts id"]);
        let german = lines(["account_role_by id", "accounts id", "account_role id"]);
        assert_eq!(digest_of(c), digest_of(german));
    }
}
