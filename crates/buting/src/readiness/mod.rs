//! 两案、驻厂: how ready an enterprise is before something happens (防控方案, 应急预案) and
//! while it lasts (闭环管理, 驻厂名册, 班次).

pub mod plan;
pub mod stay;

use crate::http::routes::Routes;
use crate::worker;

/// What happens here by itself.
pub fn kinds() -> Vec<worker::Kind> {
    let mut kinds = plan::kinds();
    kinds.extend(stay::kinds());
    kinds
}

/// Adds the routes of this job.
pub fn routes(routes: &mut Routes) {
    plan::routes(routes);
    stay::routes(routes);
}
