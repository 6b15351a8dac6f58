//! 督办、简报: what a leader reads; the ledger; what needs me now.

use crate::http::routes::Routes;

/// Adds this job's routes.
pub fn routes(_routes: &mut Routes) {}
