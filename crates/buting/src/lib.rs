//! Buting 不停: the application. `ARCHITECTURE.md` is its map.

pub mod actor;
pub mod app;
pub mod cli;
pub mod error;
pub mod http;
pub mod migrations;
pub mod organisation;
pub mod patch;
pub mod text;
pub mod time;
pub mod words;
pub mod worker;
pub mod zone;

use http::routes::Routes;
use std::sync::Arc;

/// Every route of every job.
pub fn routes(app: &Arc<app::App>) -> Routes {
    let mut routes = Routes::new(Arc::clone(app));
    organisation::routes(&mut routes);
    routes
}
