use crate::app::{App, Config, SystemClock};
use crate::http::server;
use crate::migrations::MIGRATIONS;
use crate::worker;
use anyhow::{Context, Result};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use store::{Db, Options};
use tokio::net::TcpListener;
use tokio::sync::watch;
use vault::keyring::Keyring;

/// Serves until SIGTERM or Ctrl-C.
#[derive(Args)]
pub struct Serve {
    /// Address and port to listen on.
    #[arg(long, env = "BUTING_LISTEN", default_value = "127.0.0.1:8080")]
    listen: String,
    /// `sqlite:PATH` or `postgres://…`; without it, `buting.db` in the data directory.
    #[arg(long, env = "BUTING_DATABASE_URL")]
    database: Option<String>,
    /// Where keys, backups and files live.
    #[arg(long, env = "BUTING_DATA_DIR", default_value = "data")]
    data: PathBuf,
}

impl Serve {
    pub fn run(self) -> Result<()> {
        tracing_subscriber::fmt().init();
        tokio::runtime::Runtime::new()?.block_on(self.serve())
    }

    async fn serve(self) -> Result<()> {
        std::fs::create_dir_all(&self.data).with_context(|| format!("cannot make {}", self.data.display()))?;
        let keyring = Arc::new(Keyring::open_or_create(&self.data.join("keys"))?);
        let url = self.database.clone().unwrap_or_else(|| format!("sqlite:{}", self.data.join("buting.db").display()));
        let db = Db::open(&Options { url, connections: 8 }, keyring).await?;
        db.migrate(MIGRATIONS, async |_| Ok(())).await?;
        let app = App::new(db, Config { data_dir: self.data.clone(), ..Config::default() }, Arc::new(SystemClock));
        let (stop_worker, stopped) = watch::channel(false);
        let beside = tokio::spawn(worker::run(Arc::clone(&app), stopped));
        let router = server::router(&app, crate::routes(&app), None);
        let listener = TcpListener::bind(&self.listen).await.with_context(|| format!("cannot listen on {}", self.listen))?;
        tracing::info!("listening on http://{}", listener.local_addr()?);
        server::serve(listener, router, async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await;
        stop_worker.send(true)?;
        beside.await?;
        app.db.close().await;
        Ok(())
    }
}
