//! The jobs as their users meet them: through desks and over HTTP, on both
//! databases. One binary, so that it is linked once.

#![allow(clippy::unwrap_used, dead_code, reason = "a test that fails says where; the house serves every job")]

mod appeal;
mod approval;
mod assignment;
mod attachment;
mod backup;
mod booking;
mod bulk;
mod campaign;
mod cases;
mod cause;
mod continuity;
mod delivery;
mod document;
mod fact;
mod figures;
mod house;
mod limits;
mod lists;
mod matrix;
mod merge;
mod offline;
#[cfg(feature = "oidc")]
mod oidc;
mod organisation;
mod outer;
mod oversight;
mod plan;
mod posts;
mod privacy;
mod project;
mod readiness;
mod record;
mod registry;
mod result;
mod roster;
mod screening;
mod settings;
mod sheets;
mod simulation;
mod smoke;
mod solution;
mod task;
mod upkeep;
mod visit;
