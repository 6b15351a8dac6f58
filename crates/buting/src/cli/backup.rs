use super::lock;
use super::place::{FEW, Place, Settings};
use crate::app::{App, SystemClock};
use crate::backup::{self, KeyBackup};
use crate::migrations::MIGRATIONS;
use crate::upkeep;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use store::dump::{Counts, tables};
use vault::keyring::Keyring;

#[derive(Args)]
pub struct Backup {
    /// The file to make; it must not be there yet.
    file: PathBuf,
}

impl Backup {
    pub async fn run(self, place: &Place) -> Result<()> {
        // With other keys the backup could neither be verified nor its heads be proved.
        let app = place.settings()?.writing_app().await?;
        let counts = backup::make(&app.db, MIGRATIONS, &self.file).await?;
        println!("{}: {} rows. The keys are not in it: see `buting backup-keys`.", self.file.display(), rows(&counts));
        Ok(())
    }
}

fn rows(counts: &Counts) -> u64 {
    counts.values().sum()
}

#[derive(Args)]
pub struct BackupKeys {
    /// The file to make; it must not be there yet.
    file: PathBuf,
}

impl BackupKeys {
    pub async fn run(self, place: &Place) -> Result<()> {
        let settings = place.settings()?;
        let app = settings.writing_app().await?;
        let keys = KeyBackup::collect(&app.db, &settings.keys_dir()).await?;
        keys.write(&self.file)?;
        let (files, fields) = keys.size();
        println!(
            "{}: {files} key files and {fields} field keys. With this file and a backup everything can be read: keep it apart, and destroy older ones after an erasure.",
            self.file.display()
        );
        Ok(())
    }
}

#[derive(Args)]
pub struct Restore {
    /// The backup.
    file: PathBuf,
    /// The key backup; without it sealed personal fields stay closed and second
    /// factors must be set up anew.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Replace what the target holds; it is backed up first.
    #[arg(long)]
    force: bool,
}

impl Restore {
    pub async fn run(self, place: &Place) -> Result<()> {
        let settings = place.settings()?;
        // Both files are read whole before anything is touched.
        let opened = backup::Backup::open(&self.file).await?;
        let keys = self.keys.as_deref().map(KeyBackup::read).transpose()?;
        settings.make_data_dir()?;
        let _alone = lock::exclusive(&settings)?;
        let old = self.make_room(&settings).await?;
        let replaced = keys.as_ref().map_or(opened.head.keys(), KeyBackup::files);
        if let Some(old) = old.filter(|old| old.size().1 > 0 || old.is_touched_by(replaced)) {
            let dir = settings.config.data_dir.join(format!("keys-before-restore-{}", backup::moment()));
            let file = dir.join("buting.keys");
            old.write(&file).context("the keys that are there could not be kept, so nothing is replaced")?;
            println!(
                "The keys that were there are kept in {}: `--keys` brings them back. Destroy that folder when it is not wanted any more.",
                file.display()
            );
        }
        self.empty(&settings).await?;
        match &keys {
            Some(keys) => keys.restore_files(&settings.keys_dir())?,
            None => opened.restore_keys(&settings.keys_dir())?,
        }
        let db = settings.open_or_make(FEW).await?;
        let counts = opened.fill(&db).await?;
        if let Some(keys) = &keys {
            keys.restore_field_keys(&db).await?;
        }
        let app = App::new(db, settings.config.clone(), Arc::new(SystemClock));
        upkeep::index_again(&app).await.map_err(super::plain)?;
        let report = app.db.verify(&[]).await?;
        app.db.close().await;
        println!("Restored {} rows.", rows(&counts));
        super::verify::tell(&report)
    }

    /// Backs up what the target holds, or refuses to replace it. Answers the keys
    /// that are there: the backup has none of them.
    async fn make_room(&self, settings: &Settings) -> Result<Option<KeyBackup>> {
        let keys_dir = settings.keys_dir();
        let files = keys_dir.is_dir().then(|| KeyBackup::of_files(&keys_dir)).transpose()?;
        let db = settings.open_with(Arc::new(Keyring::ephemeral()), FEW).await?;
        let version = db.schema_version().await?;
        if version == 0 {
            db.close().await;
            return Ok(files);
        }
        let known: Vec<_> = MIGRATIONS.iter().filter(|step| step.version <= version).copied().collect();
        if known.last().is_none_or(|step| step.version < version) {
            bail!("{} was made by a newer program; name an empty database instead", settings.shown_url());
        }
        if !db.is_blank(&tables(&known)?).await? {
            if !self.force {
                bail!("{} holds data already; with --force it is replaced", settings.shown_url());
            }
            let kept = settings.backups_dir().join(backup::file_name("before-restore"));
            let with_keys = settings.open(FEW).await?;
            let made = backup::make(&with_keys, &known, &kept).await;
            made.context("what is there could not be backed up, so it is not replaced")?;
            println!("What was there is kept in {}.", kept.display());
            let keys = KeyBackup::collect(&with_keys, &keys_dir).await?;
            with_keys.close().await;
            db.close().await;
            return Ok(Some(keys));
        }
        db.close().await;
        Ok(files)
    }

    /// Removes what the target holds, after it has been kept.
    async fn empty(&self, settings: &Settings) -> Result<()> {
        let db = settings.open_with(Arc::new(Keyring::ephemeral()), FEW).await?;
        if db.is_begun().await? {
            db.wipe(MIGRATIONS).await?;
        }
        db.close().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::serve;
    use crate::organisation::desk::create_zone;
    use clap::Parser;
    use serde_json::{Value as Json, json};
    use std::path::Path;
    use store::{Db, sql};
    use uuid::Uuid;

    const ZONE: Uuid = Uuid::from_u128(7);

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        place: Place,
    }

    fn place(data: &Path, database: Option<&str>) -> Place {
        let mut words = vec!["buting".to_owned(), "--data".to_owned(), data.display().to_string()];
        words.extend(database.map(|url| format!("--database={url}")));
        Line::parse_from(words).place
    }

    /// A database as an upgrade leaves it that was cut off in its last step: the
    /// step begun, and rolled back by the database.
    async fn interrupted(settings: &Settings, kept: &Path) -> (Db, Json) {
        let (last, before) = MIGRATIONS.split_last().expect("there are steps");
        let db = settings.open_or_make(FEW).await.expect("opens");
        db.migrate(before, async |_| Ok(())).await.expect("the steps before");
        let mut tx = db.write().await.expect("a transaction");
        tx.run(sql!(
            "INSERT INTO zone (zone_id, handle, name, time_zone, settings, created_at, version)
             VALUES ($1, 'zone', '测试区', 'Asia/Shanghai', $2, 1, 1)",
            ZONE,
            json!({})
        ))
        .await
        .expect("a zone");
        let sealed = tx.seal(ZONE, ZONE, 1, "李女士").await.expect("sealed");
        tx.commit().await.expect("durable");
        backup::make(&db, before, kept).await.expect("the backup before the upgrade");
        let mut tx = db.write().await.expect("a transaction");
        tx.run(sql!(
            "INSERT INTO migration (version, name, digest, started_at) VALUES ($1, $2, $3, CURRENT_TIMESTAMP)",
            last.version,
            last.name,
            last.digest()
        ))
        .await
        .expect("begun");
        tx.commit().await.expect("durable");
        (db, sealed)
    }

    #[tokio::test]
    async fn a_restore_leads_out_of_an_upgrade_that_was_cut_off() {
        let server = store::testing::postgres(&[]).await.expect("a schema");
        let mut databases = vec![None];
        databases.extend(server.as_ref().map(|scratch| Some(scratch.url())));
        for database in databases {
            let dir = tempfile::tempdir().expect("a directory");
            let place = place(&dir.path().join("data"), database);
            let settings = place.settings_beside(None).expect("settings");
            let file = dir.path().join("before-upgrade.backup");
            let (db, sealed) = interrupted(&settings, &file).await;
            let refused = serve::migrate(&settings, &db).await.expect_err("half a step is not gone on with");
            assert!(refused.to_string().contains("restore FILE --force"), "{refused:#}");
            db.close().await;
            let restore = |force, keys| Restore { file: file.clone(), keys, force };
            let refused = restore(false, None).run(&place).await.expect_err("it holds data");
            assert!(refused.to_string().contains("--force"), "{refused:#}");
            restore(true, None).run(&place).await.expect("restored");
            let db = settings.open(FEW).await.expect("opens");
            assert!(db.is_migrated(MIGRATIONS).await.expect("asked"));
            let zones: i64 = db.read().await.expect("reads").value("SELECT count(*) FROM zone").await.expect("counted");
            assert_eq!(zones, 1);
            assert_eq!(serve::migrate(&settings, &db).await.expect("goes on"), 0);
            db.close().await;
            let made = std::fs::read_dir(settings.backups_dir()).expect("backups").count();
            assert_eq!(made, 1, "what was there was kept first");
            // Its keys too; they bring the sealed fields back.
            let folder = std::fs::read_dir(&settings.config.data_dir).expect("a directory").flatten();
            let folder =
                folder.map(|entry| entry.path()).find(|path| path.display().to_string().contains("keys-before-"));
            let keys = folder.expect("the keys were kept").join("buting.keys");
            restore(true, Some(keys)).run(&place).await.expect("restored with its keys");
            let db = settings.open(FEW).await.expect("opens");
            let read = db.read().await.expect("reads").open(ZONE, &sealed).await.expect("asked");
            assert_eq!(read.as_deref(), Some("李女士"));
            db.close().await;
        }
    }

    #[tokio::test]
    async fn with_other_keys_nothing_is_backed_up() {
        let dir = tempfile::tempdir().expect("a directory");
        let data = dir.path().join("data");
        let place = place(&data, None);
        let settings = place.settings_beside(None).expect("settings");
        let db = settings.open_or_make(FEW).await.expect("opens");
        serve::migrate(&settings, &db).await.expect("migrated");
        let app = App::new(db, settings.config.clone(), Arc::new(SystemClock));
        create_zone(&app, "zone", "测试区", json!({})).await.expect("a zone");
        app.db.close().await;
        let (whole, keys) = (dir.path().join("a.backup"), dir.path().join("a.keys"));
        Backup { file: whole.clone() }.run(&place).await.expect("backed up");
        BackupKeys { file: keys.clone() }.run(&place).await.expect("backed up");
        for file in [&whole, &keys] {
            std::fs::remove_file(file).expect("it was there");
        }
        std::fs::rename(data.join("keys"), dir.path().join("own")).expect("put away");
        std::fs::create_dir(data.join("keys")).expect("a directory");
        for refused in [
            Backup { file: whole.clone() }.run(&place).await,
            BackupKeys { file: keys.clone() }.run(&place).await,
            crate::cli::keys::Keys::RotateField.run(&place).await,
        ] {
            let error = refused.expect_err("the keys are others").to_string();
            assert!(error.contains("are not those of the database"), "{error}");
        }
        assert!(!whole.exists() && !keys.exists());
    }
}
