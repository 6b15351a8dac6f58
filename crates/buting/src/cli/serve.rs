use super::logging;
use super::place::{FEW, MANY, Place, Settings};
use crate::app::{App, SystemClock};
use crate::backup;
use crate::http::server;
use crate::migrations::MIGRATIONS;
use crate::organisation::first_run;
use crate::worker;
use anyhow::{Context, Result, anyhow};
use clap::Args;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::future::Future;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use store::Db;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Where the process listens when nobody says.
const LISTEN: &str = "127.0.0.1:8080";
/// How long the job at hand is waited for when the process ends.
const JOB_TIME: Duration = Duration::from_secs(1);
/// How long the database may take to close. Cut short it loses nothing: what was
/// acknowledged is on the disk.
const CLOSE_TIME: Duration = Duration::from_millis(1500);
/// How often counters that are read, not counted, are refreshed.
const UPKEEP: Duration = Duration::from_secs(5);
/// Upper bounds of the buckets of request times, in seconds.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Serves until SIGTERM or Ctrl-C.
#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    listening: Listening,
}

/// How a process that serves listens and logs.
#[derive(Args)]
pub struct Listening {
    /// Address and port to listen on [default: 127.0.0.1:8080].
    #[arg(long, env = "BUTING_LISTEN", value_name = "ADDR")]
    listen: Option<String>,
    /// How the log is written, on standard error.
    #[arg(long, env = "BUTING_LOG_FORMAT", value_enum, default_value_t)]
    log_format: logging::Format,
}

impl Listening {
    /// Begins the log.
    pub fn log(&self) {
        logging::begin(self.log_format);
    }

    /// Takes the port, before anything else is begun.
    pub async fn bind(&self, settings: &Settings) -> Result<TcpListener> {
        let address = self.listen.as_deref().or(settings.listen.as_deref()).unwrap_or(LISTEN);
        TcpListener::bind(address).await.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => {
                anyhow!("cannot listen on {address}: another program has this port; choose another with --listen")
            }
            ErrorKind::PermissionDenied => {
                anyhow!("cannot listen on {address}: ports below 1024 need a privilege; choose another with --listen")
            }
            ErrorKind::InvalidInput => {
                super::usage(format!("{address} is no address to listen on; write HOST:PORT, such as 127.0.0.1:8080"))
            }
            _ => anyhow!("cannot listen on {address}: {error}"),
        })
    }
}

impl Serve {
    pub async fn run(self, place: &Place) -> Result<()> {
        self.listening.log();
        let settings = place.settings()?;
        let listener = self.listening.bind(&settings).await?;
        let db = settings.open_or_make(MANY).await?;
        let _lock = super::lock::shared(&settings)?;
        migrate(&settings, &db).await?;
        let app = App::new(db, settings.config.clone(), Arc::new(SystemClock));
        serve(app, listener).await
    }
}

/// Only brings the schema up to date.
pub async fn migrate_only(place: &Place) -> Result<()> {
    let settings = place.settings()?;
    let db = settings.open_or_make(FEW).await?;
    match migrate(&settings, &db).await? {
        0 => println!("The schema is up to date; nothing was to be done."),
        n => println!("The schema is up to date: {n} steps were carried out."),
    }
    db.close().await;
    Ok(())
}

/// Brings the schema up to date; a database with data is backed up before.
pub async fn migrate(settings: &Settings, db: &Db) -> Result<usize> {
    let before = async |version: i64| {
        let file = settings.backups_dir().join(backup::file_name(&format!("before-upgrade-from-{version}")));
        let known: Vec<_> = MIGRATIONS.iter().filter(|step| step.version <= version).copied().collect();
        backup::make(db, &known, &file).await.map_err(|error| {
            store::Error::File(format!("the schema is not touched, because the backup before it failed: {error:#}"))
        })?;
        tracing::info!("backed up to {} before the upgrade of the schema", file.display());
        Ok(())
    };
    // Before anything is changed or backed up: a backup carries the ledger's key. A
    // schema that is not this program's is explained by the migration itself.
    let own = MIGRATIONS.last().map_or(0, |step| step.version);
    if (1..=own).contains(&db.schema_version().await?) {
        settings.check_keys(db).await?;
    }
    let steps = db.migrate(MIGRATIONS, before).await?;
    if steps > 0 {
        tracing::info!(steps, "the schema is up to date");
    }
    db.optimize().await?;
    Ok(steps)
}

/// Serves the application until it is told to stop; then answers what is at
/// work, lets the job at hand end, seals the ledger and closes the database.
pub async fn serve(app: Arc<App>, listener: TcpListener) -> Result<()> {
    let metrics = recorder()?;
    let stop = stop_signal()?;
    let (stop_beside, stopped) = watch::channel(false);
    let mut worker = tokio::spawn(worker::run(Arc::clone(&app), stopped.clone()));
    let upkeep = tokio::spawn(upkeep(app.db.clone(), metrics.clone(), stopped));
    let router = server::router(&app, crate::routes(&app), Some(metrics));
    if let Some(code) = first_run::code(&app).await.map_err(super::plain)? {
        tracing::warn!(
            "there is no zone yet: open http://{}/first-run with the set-up code {code}",
            listener.local_addr()?
        );
    }
    tracing::info!("listening on http://{}", listener.local_addr()?);
    server::serve(listener, router, stop).await;
    tracing::info!("stopping");
    stop_beside.send_replace(true);
    if tokio::time::timeout(JOB_TIME, &mut worker).await.is_err() {
        // Its lease ends and the job comes back.
        tracing::warn!("a job was still at work; it will be done again");
        worker.abort();
    }
    upkeep.abort();
    if tokio::time::timeout(CLOSE_TIME, app.db.close()).await.is_err() {
        tracing::warn!("the database was still closing; its next start tidies up");
    }
    Ok(())
}

fn recorder() -> Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets(BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .context("the counters cannot be set up")
}

/// Resolves on SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

async fn upkeep(db: Db, metrics: PrometheusHandle, mut stopped: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.changed() => return,
        }
        let (commits, acknowledged) = db.commits();
        metrics::counter!("database_commits_total").absolute(commits);
        metrics::counter!("database_acknowledged_writes_total").absolute(acknowledged);
        if let Some(bytes) = resident_bytes() {
            metrics::gauge!("process_resident_memory_bytes").set(bytes);
        }
        metrics.run_upkeep();
    }
}

/// Memory of this process that is in RAM, as Linux counts it.
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0)
}
