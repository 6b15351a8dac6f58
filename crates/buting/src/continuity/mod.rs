//! 三不停: disruptions, the three lights, measures.

use crate::http::routes::Routes;

/// Adds this job's routes.
pub fn routes(_routes: &mut Routes) {}
