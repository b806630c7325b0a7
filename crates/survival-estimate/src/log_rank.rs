//! The log-rank test.

use kmeta_trial_data::PatientRecord;

use crate::SurvivalError;

/// One group's line of a log-rank test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRankGroup {
    /// Patients.
    pub patients: u32,
    /// Observed events.
    pub observed: f64,
    /// Expected events under equal hazards.
    pub expected: f64,
}

/// Result of a log-rank test.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRank {
    /// One entry per group, in the order given.
    pub groups: Vec<LogRankGroup>,
    /// Covariance matrix of observed − expected, row by row.
    pub covariance: Vec<Vec<f64>>,
    /// Chi-squared statistic.
    pub chi_squared: f64,
    /// Degrees of freedom, number of groups − 1.
    pub degrees_of_freedom: u32,
    /// p value.
    pub p_value: f64,
}

/// Compares survival of two or more groups (Mantel 1966).
///
/// # Errors
/// [`SurvivalError`] for invalid patients, fewer than two groups, or nothing to compare.
pub fn log_rank(groups: &[&[PatientRecord]]) -> Result<LogRank, SurvivalError> {
    unimplemented!("{}", groups.len())
}
