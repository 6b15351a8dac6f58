use super::{Because, Proposed};
use crate::http::routes::Routes;
use crate::text::Lang;

pub fn routes(_routes: &mut Routes) {}

/// The reason of a proposal, in a sentence.
pub fn explain(lang: Lang, proposed: &Proposed) -> String {
    let key = match proposed.because {
        Because::Neighbours => "assignment-because-neighbours",
        Because::LeastLoaded => "assignment-because-least_loaded",
    };
    lang.with(key, &[("name", &proposed.unit), ("n", &proposed.neighbours), ("before", &proposed.load_before), ("after", &proposed.load_after)])
}
