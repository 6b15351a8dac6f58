//! The edge: layers, sign-in state, problem answers, the frame of a page.
//! Nothing here knows a job.

pub mod api;
pub mod assets;
pub mod bulk;
pub mod cx;
pub mod form;
pub mod nav;
pub mod openapi;
pub mod page;
pub mod part;
pub mod problem;
pub mod routes;
pub mod seek;
pub mod server;
pub mod session;
pub mod sheet;
pub mod table;
