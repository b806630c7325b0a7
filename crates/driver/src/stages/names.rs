//! Names to print.

use crate::project::Trial;
use crate::results::{AnalysisOutcome, Results};

/// Names of common endpoints.
const ENDPOINTS: [(&str, &str); 7] = [
    ("os", "Overall survival"),
    ("pfs", "Progression-free survival"),
    ("dfs", "Disease-free survival"),
    ("efs", "Event-free survival"),
    ("rfs", "Relapse-free survival"),
    ("mfs", "Metastasis-free survival"),
    ("ttp", "Time to progression"),
];

/// Name of an endpoint: the title of its survival analysis, else the common name, else its id in capitals.
pub(crate) fn endpoint(results: &Results, id: &str) -> String {
    let titled = results.analyses.iter().find_map(|analysis| match &analysis.outcome {
        AnalysisOutcome::Survival { endpoint, .. } if endpoint == id => Some(analysis.title.clone()),
        _ => None,
    });
    titled.unwrap_or_else(|| {
        let common = ENDPOINTS.iter().find(|(common, _)| *common == id.to_lowercase());
        common.map_or_else(|| id.to_uppercase(), |(_, name)| (*name).to_owned())
    })
}

/// Name of an arm of a trial; its id when the trial is not stated.
pub(crate) fn arm(trials: &[Trial], trial: &str, arm: &str) -> String {
    let found = trials.iter().find(|known| known.id == trial).and_then(|trial| trial.arm(arm));
    found.map_or(arm, |found| found.label).to_owned()
}
