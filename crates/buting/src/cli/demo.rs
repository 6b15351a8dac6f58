use super::place::{MANY, Place, Settings};
use super::plain;
use super::serve::{Listening, migrate, serve};
use crate::actor::Role;
use crate::app::{App, Now, SetClock, SystemClock};
use crate::demo::{self, Plan};
use crate::organisation::signin;
use crate::time::Time;
use crate::zone::Zone;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::Db;

/// The account whose password stands for all.
const FIRST: &str = "leader";

/// Serves a demo zone. A data directory that exists is opened as it is;
/// otherwise the zone is made first.
#[derive(Args)]
pub struct Demo {
    #[command(flatten)]
    listening: Listening,
    /// The password of every account, when the zone is made.
    #[arg(long, value_name = "P", default_value = "three-quiet-words")]
    password: String,
}

impl Demo {
    pub async fn run(self, place: &Place) -> Result<()> {
        self.listening.log();
        // The demo never lives in what is installed on the machine.
        let mut settings = place.settings_beside(None)?;
        settings.config.demo = true;
        settings.config.keep_backups = 0;
        let listener = self.listening.bind(&settings).await?;
        self.clear_half_made(&settings)?;
        let db = settings.open_or_make(MANY).await?;
        let _lock = super::lock::shared(&settings)?;
        migrate(&settings, &db).await?;
        if Zone::first(&mut db.read().await?).await?.is_none() {
            self.make(&settings, &db).await?;
        }
        let app = App::new(db, settings.config.clone(), Arc::new(SystemClock));
        let address = listener.local_addr()?;
        let known = self.password_holds(&app).await?;
        let accounts = accounts(&app).await?;
        println!("{}", table(&format!("http://{address}"), &accounts, known.then_some(self.password.as_str())));
        serve(app, listener).await
    }

    /// Makes the zone. A mark stands while it is being made, so that a start
    /// that was cut short is not taken for a zone.
    async fn make(&self, settings: &Settings, db: &Db) -> Result<()> {
        let mark = mark(settings);
        std::fs::write(&mark, "The demo zone is being made.\n")
            .with_context(|| format!("cannot write {}", mark.display()))?;
        tracing::info!("making the demo zone: sixty days of a committee's work");
        let clock = Arc::new(SetClock::at(Time::default()));
        let app = App::new(db.clone(), settings.config.clone(), Arc::clone(&clock) as Arc<dyn Now>);
        let told = AtomicI64::new(0);
        let progress = |percent: i64| {
            if told.fetch_max(percent / 10, Ordering::Relaxed) < percent / 10 {
                tracing::info!("{percent} %");
            }
        };
        let plan = Plan { password: &self.password, now: SystemClock.now(), progress: &progress };
        demo::build(&app, &clock, &plan).await.map_err(plain).context("the demo zone cannot be made")?;
        std::fs::remove_file(&mark).with_context(|| format!("cannot remove {}", mark.display()))?;
        Ok(())
    }

    fn clear_half_made(&self, settings: &Settings) -> Result<()> {
        let mark = mark(settings);
        if !mark.exists() {
            return Ok(());
        }
        let Some(file) = settings.file() else {
            bail!("the demo zone in {} was not finished; empty that database first", settings.shown_url());
        };
        tracing::warn!("an earlier start did not finish the demo zone; it is made anew");
        // No program has the file open: the mark's maker is gone and the lock is free.
        let _lock = super::lock::exclusive(settings)?;
        for ending in ["", "-wal", "-shm"] {
            let path = format!("{}{ending}", file.display());
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {path}"));
                }
                _ => {}
            }
        }
        std::fs::remove_file(&mark).with_context(|| format!("cannot remove {}", mark.display()))
    }

    /// Whether the password is still the one that the accounts have.
    async fn password_holds(&self, app: &App) -> Result<bool> {
        let mut tx = app.read().await?;
        let hash = signin::find(&mut tx, FIRST).await?.and_then(|account| account.password_hash);
        let password = self.password.clone();
        Ok(tokio::task::spawn_blocking(move || hash.is_some_and(|hash| vault::password::verify(&password, &hash)))
            .await?)
    }
}

fn mark(settings: &Settings) -> PathBuf {
    settings.config.data_dir.join("demo-is-being-made")
}

/// User name, zone, person, role.
type Account = (String, String, String, Role);

/// The accounts that one can sign in with.
async fn accounts(app: &App) -> Result<Vec<Account>> {
    let mut accounts: Vec<Account> = app
        .read()
        .await?
        .list(
            "SELECT a.user_name, z.handle, p.name, r.role FROM account a
             JOIN zone z ON z.zone_id = a.zone_id
             JOIN person p ON p.zone_id = a.zone_id AND p.id = a.id
             JOIN account_role r ON r.zone_id = a.zone_id AND r.account_id = a.id
             WHERE a.password_hash IS NOT NULL AND a.disabled_at IS NULL
             ORDER BY z.created_at, a.user_name",
        )
        .await?;
    let first = accounts.first().map(|(_, zone, ..)| zone.clone());
    // By zone, then as the roles stand in the list of roles.
    accounts.sort_by_key(|(_, zone, _, role)| (Some(zone.clone()) != first, *role as u8));
    Ok(accounts)
}

/// What is printed at start. Without a password it says that the accounts keep
/// the one they were made with.
fn table(base: &str, accounts: &[Account], password: Option<&str>) -> String {
    let first = accounts.first().map(|(_, zone, ..)| zone.as_str());
    let mut out = format!("\n{base}\n\n");
    for (user, zone, person, role) in accounts {
        let user = if Some(zone.as_str()) == first { user.clone() } else { format!("{user}@{zone}") };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {user:<15} {:<11} {person}", role.word());
    }
    let _ = match password {
        Some(password) => writeln!(out, "\n密码 password: {password}"),
        None => writeln!(out, "\n密码 password: as chosen when this zone was made"),
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_account_and_the_password() {
        let account = |user: &str, zone: &str, role| (user.to_owned(), zone.to_owned(), "某".to_owned(), role);
        let accounts = [account("leader", "demo", Role::Leader), account("leader", "zone2", Role::Leader)];
        let text = table("http://127.0.0.1:8080", &accounts, Some("three-quiet-words"));
        for line in ["http://127.0.0.1:8080", "  leader          leader      某", "  leader@zone2    leader      某"]
        {
            assert!(text.lines().any(|own| own == line), "{line}: {text}");
        }
        assert!(text.contains("three-quiet-words"));
        assert!(!table("x", &accounts, None).contains("three-quiet-words"));
    }
}
