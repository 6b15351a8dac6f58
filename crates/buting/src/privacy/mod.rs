//! 个人信息: catalogue, notice, consent, requests, retention.

use crate::http::routes::Routes;

/// Adds this job's routes.
pub fn routes(_routes: &mut Routes) {}
