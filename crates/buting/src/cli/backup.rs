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
        let app = place.settings()?.app().await?;
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
        let app = settings.app().await?;
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
        if db.schema_version().await? > 0 {
            db.wipe(MIGRATIONS).await?;
        }
        db.close().await;
        Ok(())
    }
}
