//! 企业库: enterprises, carriers, contacts, import.

use crate::http::routes::Routes;

/// Adds this job's routes.
pub fn routes(_routes: &mut Routes) {}
