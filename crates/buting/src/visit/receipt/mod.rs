//! 企业确认: the enterprise sees what it was told to do, what it was promised and how it
//! stands, and says that it has seen it: by its account, by a link without account, by
//! the code that stands on the sheet, or on paper or by telephone, which the office notes.

mod api;
pub mod desk;
mod pages;

use super::AckHow;
use crate::http::routes::Routes;

/// How the enterprise says that it has seen a record.
#[derive(Clone, Debug, Default)]
pub struct Receipt {
    /// For an officer: by signature or by telephone; for the enterprise nothing.
    pub how: Option<AckHow>,
    /// Who of the enterprise; needed by link.
    pub name: Option<String>,
    /// What it says.
    pub note: Option<String>,
}

/// Adds this job's routes.
pub(super) fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}
