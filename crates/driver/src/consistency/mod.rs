//! Whether the numbers of a study can all be true: what papers print against itself, against the figures, and against
//! the other trials.
//!
//! | part | asks |
//! |---|---|
//! | [`percentages`] | can this percentage of this many patients be? |
//! | [`totals`] | do numbers of patients add up? |
//! | [`hazard_ratios`] | do a hazard ratio, its interval and its p value agree? |
//! | [`curves`] | do medians and numbers at risk agree with the curve? |
//! | [`same_trial`] | is this the same trial twice? |
//! | [`published`] | does an earlier meta-analysis say what its own numbers give? |
//!
//! Every finding names where the numbers stand, the numbers, and the rule. Nothing is ever corrected here.

mod curves;
mod hazard_ratios;
mod percentages;
mod published;
mod same_trial;
mod totals;

use kmeta_trial_data::Finding;

use crate::project::Project;
use crate::results::{AnalysisResult, ArmResult};

/// Findings of other stages that are contradictions too.
const CONTRADICTIONS_OF_STAGES: [&str; 5] = [
    "patients-differ",
    "median-disagrees",
    "hazard-ratio-disagrees",
    "hazard-ratio-routes-disagree",
    "risk-table-unusable",
];

/// What the typed numbers of a study give to think about.
pub(crate) fn check_printed(project: &Project) -> Vec<Finding> {
    let mut findings = percentages::check(project);
    findings.extend(totals::check(project));
    findings.extend(hazard_ratios::check(project));
    findings.extend(same_trial::check(project));
    findings.extend(published::check_labels(project));
    findings
}

/// What the curves of a run say about the typed numbers.
pub(crate) fn check_curves(project: &Project, arms: &[ArmResult]) -> Vec<Finding> {
    let mut findings = curves::check(project, arms);
    findings.extend(same_trial::check_curves(arms));
    findings
}

/// What the pooled results of a run say about those of an earlier meta-analysis.
pub(crate) fn check_pooled(project: &Project, analyses: &[AnalysisResult]) -> Vec<Finding> {
    published::check_results(project, analyses)
}

/// Whether a finding of a run speaks of numbers that contradict each other.
pub(crate) fn is_contradiction_of_stage(finding: &Finding) -> bool {
    CONTRADICTIONS_OF_STAGES.contains(&finding.code.as_str())
}

/// Adds what is not there yet: a stage may have found the same.
pub(crate) fn add_new(findings: &mut Vec<Finding>, more: Vec<Finding>) {
    for finding in more {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
}

#[cfg(test)]
pub(super) fn project(text: &str) -> Project {
    let text = format!("title = \"Test\"\ntime_unit = \"months\"\n{text}");
    toml::from_str(&text).unwrap()
}
