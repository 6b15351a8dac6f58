//! The schema, step by step. Each job adds its own file; a released file is
//! never changed again.

use store::Migration;

macro_rules! steps {
    ($($version:literal $name:literal $path:literal;)*) => {
        &[$(Migration { version: $version, name: $name, text: include_str!($path) }),*]
    };
}

/// Every migration in order.
pub const MIGRATIONS: &[Migration] = steps! {
    1 "store" "../../store/migrations/0001_store.sql";
    2 "house" "../migrations/0002_house.sql";
    3 "organisation" "../migrations/0003_organisation.sql";
    4 "registry" "../migrations/0004_registry.sql";
    5 "assignment" "../migrations/0005_assignment.sql";
    6 "search" "../migrations/0006_search.sql";
    7 "clock" "../migrations/0007_clock.sql";
    8 "appeal" "../migrations/0008_appeal.sql";
    9 "visit" "../migrations/0009_visit.sql";
    10 "continuity" "../migrations/0010_continuity.sql";
    11 "project" "../migrations/0011_project.sql";
    12 "privacy" "../migrations/0012_privacy.sql";
    13 "oversight" "../migrations/0013_oversight.sql";
    14 "lookups" "../migrations/0014_lookups.sql";
    15 "records" "../migrations/0015_records.sql";
    16 "reset_consent" "../migrations/0016_reset_consent.sql";
    17 "saved_view" "../migrations/0017_saved_view.sql";
    18 "import" "../migrations/0018_import.sql";
    19 "reminders" "../migrations/0019_reminders.sql";
    20 "merge" "../migrations/0020_merge.sql";
    21 "duty" "../migrations/0021_duty.sql";
    22 "post" "../migrations/0022_post.sql";
    23 "fact" "../migrations/0023_fact.sql";
    25 "mends" "../migrations/0025_mends.sql";
    26 "words" "../migrations/0026_words.sql";
    27 "mine" "../migrations/0027_mine.sql";
    28 "counted" "../migrations/0028_counted.sql";
    29 "attachment" "../migrations/0029_attachment.sql";
    30 "visit_plan" "../migrations/0030_visit_plan.sql";
    31 "campaign" "../migrations/0031_campaign.sql";
    34 "cause" "../migrations/0034_cause.sql";
    35 "limits" "../migrations/0035_limits.sql";
    37 "delivery" "../migrations/0037_delivery.sql";
    39 "mends_of_visits" "../migrations/0039_mends_of_visits.sql";
    41 "visit_record" "../migrations/0041_visit_record.sql";
    43 "walks" "../migrations/0043_walks.sql";
    44 "outer_order" "../migrations/0044_outer_order.sql";
    45 "document" "../migrations/0045_document.sql";
    46 "result" "../migrations/0046_result.sql";
    47 "solution" "../migrations/0047_solution.sql";
    48 "task" "../migrations/0048_task.sql";
    49 "answers" "../migrations/0049_answers.sql";
    50 "screening" "../migrations/0050_screening.sql";
    51 "readiness" "../migrations/0051_readiness.sql";
    52 "approval" "../migrations/0052_approval.sql";
    53 "freeze" "../migrations/0053_freeze.sql";
};

/// Every column that the steps make: table, column, kind. Tests hold the lists of
/// places against it.
#[cfg(test)]
pub fn columns() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut found = Vec::new();
    for step in MIGRATIONS {
        let mut table = "";
        for line in step.text.lines() {
            let words: Vec<&str> = line.trim().trim_end_matches([';', ',']).split_whitespace().collect();
            match words[..] {
                ["CREATE", "TABLE", name, ..] => table = name.trim_end_matches('('),
                ["ALTER", "TABLE", altered, "ADD", "COLUMN", column, kind, ..] => found.push((altered, column, kind)),
                [column, kind, ..] if !table.is_empty() && line.starts_with("  ") => found.push((table, column, kind)),
                _ if line.starts_with(')') => table = "",
                _ => {}
            }
        }
    }
    found
}
