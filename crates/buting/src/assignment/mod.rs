//! 包联(包挂): leader, department and officer who answer for an enterprise, carrier or project; dated.

pub mod reach;

use crate::http::routes::Routes;

/// Adds this job's routes.
pub fn routes(_routes: &mut Routes) {}
