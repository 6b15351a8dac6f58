//! Buting 不停: the application. `ARCHITECTURE.md` is its map.

pub mod actor;
pub mod app;
pub mod appeal;
pub mod approval;
pub mod assignment;
pub mod attachment;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod continuity;
pub mod days;
pub mod delivery;
pub mod demo;
pub mod document;
pub mod error;
pub mod find;
pub mod handover;
pub mod http;
pub mod link;
pub mod list;
pub mod migrations;
pub mod organisation;
pub mod oversight;
pub mod patch;
pub mod privacy;
pub mod project;
pub mod readiness;
pub mod registry;
pub mod saved;
pub mod screening;
pub mod search;
pub mod settings;
pub mod subject;
pub mod task;
pub mod text;
pub mod time;
pub mod todo;
pub mod trace;
pub mod upkeep;
pub mod visit;
pub mod words;
pub mod worker;
pub mod zone;

use http::routes::Routes;
use std::sync::Arc;

/// Every route of every job.
pub fn routes(app: &Arc<app::App>) -> Routes {
    let mut routes = Routes::new(Arc::clone(app));
    organisation::routes(&mut routes);
    registry::routes(&mut routes);
    assignment::routes(&mut routes);
    visit::routes(&mut routes);
    appeal::routes(&mut routes);
    continuity::routes(&mut routes);
    project::routes(&mut routes);
    oversight::routes(&mut routes);
    privacy::routes(&mut routes);
    settings::routes(&mut routes);
    saved::routes(&mut routes);
    find::routes(&mut routes);
    attachment::routes(&mut routes);
    delivery::routes(&mut routes);
    task::routes(&mut routes);
    document::routes(&mut routes);
    screening::routes(&mut routes);
    approval::routes(&mut routes);
    readiness::routes(&mut routes);
    routes
}
