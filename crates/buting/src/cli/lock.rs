//! Who uses a data directory: processes that serve share it, a restore has it
//! alone.

use super::place::Settings;
use anyhow::{Context, Result, bail};
use std::fs::{File, OpenOptions, TryLockError};

/// Held as long as the process serves; freed by the system however it ends.
pub struct Lock(#[expect(dead_code, reason = "holding the file is holding the lock")] File);

/// Says that this process serves from the data directory.
pub fn shared(settings: &Settings) -> Result<Lock> {
    let file = open(settings)?;
    match file.try_lock_shared() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => bail!("a restore is at work in {}", settings.config.data_dir.display()),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data directory"),
    }
}

/// Takes the data directory alone.
pub fn exclusive(settings: &Settings) -> Result<Lock> {
    let file = open(settings)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => {
            bail!("the service runs in {}; stop it first", settings.config.data_dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data directory"),
    }
}

fn open(settings: &Settings) -> Result<File> {
    let path = settings.config.data_dir.join("lock");
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))
}
