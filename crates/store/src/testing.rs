//! Databases for tests: each test gets an empty one of each kind.

use crate::{Db, Migration, Options, Result};
use std::sync::Arc;
use uuid::Uuid;
use vault::keyring::Keyring;

/// A database that is gone when the test is over.
pub struct Scratch {
    /// The database, migrated.
    pub db: Db,
    url: String,
    _dir: Option<tempfile::TempDir>,
}

impl Scratch {
    /// Its address, for what opens databases by themselves.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same database, opened with other keys.
    pub async fn with_keyring(&self, keyring: Arc<Keyring>) -> Result<Db> {
        Db::open(&Options { url: self.url.clone(), connections: 4 }, keyring).await
    }
}

/// An empty SQLite database, and an empty schema on the PostgreSQL server that
/// `BUTING_TEST_POSTGRES` names, when it does (`make test` always does).
pub async fn both(migrations: &[Migration]) -> Result<Vec<Scratch>> {
    let mut all = vec![sqlite(migrations).await?];
    if let Some(scratch) = postgres(migrations).await? {
        all.push(scratch);
    }
    Ok(all)
}

/// An empty SQLite database.
pub async fn sqlite(migrations: &[Migration]) -> Result<Scratch> {
    let dir = tempfile::tempdir()?;
    let url = format!("sqlite:{}", dir.path().join("buting.db").display());
    open(url, migrations, Some(dir)).await
}

/// An empty schema on the test server, when there is one.
pub async fn postgres(migrations: &[Migration]) -> Result<Option<Scratch>> {
    let Ok(server) = std::env::var("BUTING_TEST_POSTGRES") else { return Ok(None) };
    let schema = format!("t_{}", Uuid::now_v7().simple());
    let admin = Db::open(&Options { url: server.clone(), connections: 2 }, Arc::new(Keyring::ephemeral())).await?;
    let mut tx = admin.write().await?;
    tx.script(format!("CREATE SCHEMA {schema}")).await?;
    tx.commit().await?;
    admin.close().await;
    let url = format!("{server}?options=-csearch_path%3D{schema}");
    open(url, migrations, None).await.map(Some)
}

async fn open(url: String, migrations: &[Migration], dir: Option<tempfile::TempDir>) -> Result<Scratch> {
    let db = Db::open(&Options { url: url.clone(), connections: 4 }, Arc::new(Keyring::ephemeral())).await?;
    db.migrate(migrations, async |_| Ok(())).await?;
    Ok(Scratch { db, url, _dir: dir })
}
