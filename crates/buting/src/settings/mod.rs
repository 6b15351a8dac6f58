//! Categories, routing, limits, calendar, roles: policy as data.

use crate::http::routes::Routes;

/// Adds this job's routes.
pub fn routes(_routes: &mut Routes) {}
