//! Databases for tests: each test gets one of each kind for itself, empty or as a
//! copy of one that was filled once.

use crate::{Db, Migration, Options, Result};
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::pin::Pin;
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

/// A filled database that tests begin with.
///
/// `make test` names a directory in `BUTING_TEST_TEMPLATES`, which is gone when it
/// ends. There the first test that asks fills a database of each kind, and every
/// later one copies it: a tenth of the time. Without that directory each is filled
/// anew.
pub struct Template {
    /// Its name, one word.
    pub name: &'static str,
    /// The schema.
    pub migrations: &'static [Migration],
    /// What is put into the database.
    pub fill: fn(Db) -> Pin<Box<dyn Future<Output = ()>>>,
}

impl Template {
    /// A database of each kind, like [`both`].
    pub async fn both(&self) -> Result<Vec<Scratch>> {
        let mut all = vec![self.sqlite().await?];
        if let Ok(server) = std::env::var("BUTING_TEST_POSTGRES") {
            all.push(self.postgres(&server).await?);
        }
        Ok(all)
    }

    /// A SQLite database.
    pub async fn sqlite(&self) -> Result<Scratch> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("buting.db");
        let url = format!("sqlite:{}", file.display());
        let Some(shelf) = Shelf::open(self.name)? else { return self.filled(url, Some(dir), keys()).await };
        let template = shelf.dir.join(format!("{}.db", self.name));
        {
            let _alone = shelf.alone("sqlite")?;
            if !template.exists() {
                let new = template.with_extension("new");
                // Left by a test that was killed.
                let _ = std::fs::remove_file(&new);
                self.filled(format!("sqlite:{}", new.display()), None, shelf.keys()?).await?.db.close().await;
                std::fs::rename(new, &template)?;
            }
        }
        std::fs::copy(template, file)?;
        reopen(url, Some(dir), shelf.keys()?).await
    }

    async fn postgres(&self, server: &str) -> Result<Scratch> {
        let base = server.rsplit_once('/').map_or(server, |(base, _)| base);
        let template = format!("template_{}", self.name);
        let name = format!("t_{}", Uuid::now_v7().simple());
        let mut admin = PgConnection::connect(server).await?;
        let create = |name: &str, from: &str| sqlx::AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {from}"));
        let url = format!("{base}/{name}");
        let Some(shelf) = Shelf::open(self.name)? else {
            admin.execute(create(&name, "template1")).await?;
            return self.filled(url, None, keys()).await;
        };
        {
            let _alone = shelf.alone("postgres")?;
            let made = shelf.dir.join("postgres.made");
            if !made.exists() {
                admin.execute(sqlx::AssertSqlSafe(format!("DROP DATABASE IF EXISTS {template}"))).await?;
                admin.execute(create(&template, "template1")).await?;
                self.filled(format!("{base}/{template}"), None, shelf.keys()?).await?.db.close().await;
                File::create(made)?;
            }
            // A template is copied only while nobody is connected to it.
            admin.execute(create(&name, &template)).await?;
        }
        admin.close().await?;
        reopen(url, None, shelf.keys()?).await
    }

    async fn filled(&self, url: String, dir: Option<tempfile::TempDir>, keyring: Arc<Keyring>) -> Result<Scratch> {
        let scratch = reopen(url, dir, keyring).await?;
        scratch.db.migrate(self.migrations, async |_| Ok(())).await?;
        (self.fill)(scratch.db.clone()).await;
        Ok(scratch)
    }
}

/// Where the filled databases of a template stand, with the keys that they were
/// filled with.
struct Shelf {
    dir: PathBuf,
}

impl Shelf {
    fn open(name: &str) -> Result<Option<Self>> {
        let Ok(root) = std::env::var("BUTING_TEST_TEMPLATES") else { return Ok(None) };
        let dir = Path::new(&root).join(name);
        std::fs::create_dir_all(&dir)?;
        Ok(Some(Self { dir }))
    }

    /// Held by the one test that fills or copies this kind; let go with the file.
    fn alone(&self, kind: &str) -> Result<File> {
        let file = File::create(self.dir.join(format!("{kind}.lock")))?;
        file.lock()?;
        Ok(file)
    }

    fn keys(&self) -> Result<Arc<Keyring>> {
        let _alone = self.alone("keys")?;
        Ok(Arc::new(Keyring::open_or_create(&self.dir.join("keys")).map_err(std::io::Error::other)?))
    }
}

fn keys() -> Arc<Keyring> {
    Arc::new(Keyring::ephemeral())
}

async fn open(url: String, migrations: &[Migration], dir: Option<tempfile::TempDir>) -> Result<Scratch> {
    let scratch = reopen(url, dir, keys()).await?;
    scratch.db.migrate(migrations, async |_| Ok(())).await?;
    Ok(scratch)
}

async fn reopen(url: String, dir: Option<tempfile::TempDir>, keyring: Arc<Keyring>) -> Result<Scratch> {
    let db = Db::open(&Options { url: url.clone(), connections: 4 }, keyring).await?;
    Ok(Scratch { db, url, _dir: dir })
}
