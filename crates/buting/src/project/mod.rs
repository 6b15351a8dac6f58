//! 重点项目: key projects and their point-to-point pair.

use crate::http::routes::Routes;

/// Adds this job's routes.
pub fn routes(_routes: &mut Routes) {}
