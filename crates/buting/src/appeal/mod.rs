//! 诉求: needs and difficulties, work orders, clocks, confirmation.

use crate::http::routes::Routes;

/// Adds this job's routes.
pub fn routes(_routes: &mut Routes) {}
