//! The log-rank test.

use kmeta_numerics::distributions::chi_squared_upper;
use kmeta_trial_data::PatientRecord;
use nalgebra::{DMatrix, DVector};

use crate::SurvivalError;
use crate::cox_regression::ChiSquaredTest;
use crate::patients::{EventTime, check_patients, event_times};

/// One group's line of a log-rank test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRankGroup {
    /// Patients.
    pub patients: u32,
    /// Observed events.
    pub observed: f64,
    /// Events expected under equal hazards.
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

/// Compares survival of two or more groups (Mantel 1966; R `survdiff`): at each event time the expected events
/// of a group are d·n_g/n, their covariance is hypergeometric.
///
/// # Errors
/// [`SurvivalError::TooFewGroups`], [`SurvivalError::NoPatients`], [`SurvivalError::InvalidTime`],
/// [`SurvivalError::NothingToCompare`] when some group was never at risk together with others at an event.
pub fn log_rank(groups: &[&[PatientRecord]]) -> Result<LogRank, SurvivalError> {
    if groups.len() < 2 {
        return Err(SurvivalError::TooFewGroups { groups: groups.len() });
    }
    for (index, patients) in groups.iter().enumerate() {
        check_patients(&format!("group {} of {}", index + 1, groups.len()), patients)?;
    }
    let times = event_times(groups);
    let lines = group_lines(groups, &times, |_| 1.0);
    let covariance = covariance(&times, groups.len(), |_| 1.0);
    let chi_squared = quadratic_form(&lines, &covariance).ok_or(SurvivalError::NothingToCompare)?;
    let degrees_of_freedom = groups.len() as u32 - 1;
    let p_value = chi_squared_upper(chi_squared, f64::from(degrees_of_freedom))
        .map_err(|_| SurvivalError::NothingToCompare)?;
    let covariance = covariance.row_iter().map(|row| row.iter().copied().collect()).collect();
    Ok(LogRank { groups: lines, covariance, chi_squared, degrees_of_freedom, p_value })
}

/// Result of a stratified log-rank test.
#[derive(Debug, Clone, PartialEq)]
pub struct StratifiedLogRank {
    /// For each stratum one entry per group, in the order given.
    pub strata: Vec<Vec<LogRankGroup>>,
    /// Sums over strata, one entry per group.
    pub groups: Vec<LogRankGroup>,
    /// Covariance matrix of the summed observed − expected, row by row.
    pub covariance: Vec<Vec<f64>>,
    /// Test of equal hazards within strata.
    pub test: ChiSquaredTest,
}

/// Compares two or more groups within strata and adds up observed, expected and covariance (R
/// `survdiff(Surv(time, event) ~ group + strata(stratum))`). `strata[s][g]` holds the patients of group g in
/// stratum s; a group may be empty in some strata, but not in all.
///
/// # Errors
/// [`SurvivalError::TooFewGroups`], [`SurvivalError::DifferingGroups`], [`SurvivalError::NoPatients`],
/// [`SurvivalError::InvalidTime`], [`SurvivalError::NothingToCompare`].
pub fn log_rank_stratified(strata: &[Vec<&[PatientRecord]>]) -> Result<StratifiedLogRank, SurvivalError> {
    let groups = strata.first().map_or(0, Vec::len);
    if groups < 2 {
        return Err(SurvivalError::TooFewGroups { groups });
    }
    let mut sum = DMatrix::zeros(groups, groups);
    let mut lines: Vec<Vec<LogRankGroup>> = Vec::with_capacity(strata.len());
    for (index, stratum) in strata.iter().enumerate() {
        if stratum.len() != groups {
            let found = stratum.len();
            return Err(SurvivalError::DifferingGroups { stratum: index, groups: found, expected: groups });
        }
        for (group, patients) in stratum.iter().enumerate().filter(|(_, patients)| !patients.is_empty()) {
            check_patients(&format!("stratum {}, group {}", index + 1, group + 1), patients)?;
        }
        let times = event_times(stratum);
        sum += covariance(&times, groups, |_| 1.0);
        lines.push(group_lines(stratum, &times, |_| 1.0));
    }
    let total = |group: usize| {
        lines.iter().fold(LogRankGroup { patients: 0, observed: 0.0, expected: 0.0 }, |sum, stratum| {
            LogRankGroup {
                patients: sum.patients + stratum[group].patients,
                observed: sum.observed + stratum[group].observed,
                expected: sum.expected + stratum[group].expected,
            }
        })
    };
    let totals: Vec<LogRankGroup> = (0..groups).map(total).collect();
    if let Some(empty) = totals.iter().position(|group| group.patients == 0) {
        return Err(SurvivalError::NoPatients { group: format!("group {} of {groups}", empty + 1) });
    }
    let statistic = quadratic_form(&totals, &sum).ok_or(SurvivalError::NothingToCompare)?;
    Ok(StratifiedLogRank {
        strata: lines,
        groups: totals,
        covariance: sum.row_iter().map(|row| row.iter().copied().collect()).collect(),
        test: ChiSquaredTest::new(statistic, groups as u32 - 1)?,
    })
}

/// Observed and expected events of each group; `weight` is that of the event time at an index.
pub(crate) fn group_lines(
    groups: &[&[PatientRecord]],
    times: &[EventTime],
    weight: impl Fn(usize) -> f64,
) -> Vec<LogRankGroup> {
    let sum = |of: &dyn Fn(&EventTime) -> f64| {
        times.iter().enumerate().map(|(index, time)| weight(index) * of(time)).sum()
    };
    groups
        .iter()
        .enumerate()
        .map(|(group, patients)| LogRankGroup {
            patients: patients.len() as u32,
            observed: sum(&|time| time.events[group]),
            expected: sum(&|time| expected(time, group)),
        })
        .collect()
}

fn expected(time: &EventTime, group: usize) -> f64 {
    let (d, n): (f64, f64) = (time.events.iter().sum(), time.at_risk.iter().sum());
    d * time.at_risk[group] / n
}

/// Sum over event times of d (n − d)/(n − 1) · (δ_gh n_g/n − n_g n_h/n²), times `factor` of the index.
pub(crate) fn covariance(times: &[EventTime], groups: usize, factor: impl Fn(usize) -> f64) -> DMatrix<f64> {
    let mut sum = DMatrix::zeros(groups, groups);
    for (index, time) in times.iter().enumerate() {
        let (d, n): (f64, f64) = (time.events.iter().sum(), time.at_risk.iter().sum());
        if n <= 1.0 {
            continue;
        }
        let spread = factor(index) * d * (n - d) / (n - 1.0);
        for g in 0..groups {
            for h in 0..groups {
                let same = if g == h { time.at_risk[g] / n } else { 0.0 };
                sum[(g, h)] += spread * (same - time.at_risk[g] * time.at_risk[h] / (n * n));
            }
        }
    }
    sum
}

/// (O − E)ᵀ V⁻¹ (O − E) without the last group, whose difference is fixed by the others.
pub(crate) fn quadratic_form(lines: &[LogRankGroup], covariance: &DMatrix<f64>) -> Option<f64> {
    let free = lines.len() - 1;
    let difference =
        DVector::from_iterator(free, lines.iter().take(free).map(|line| line.observed - line.expected));
    let factors = covariance.view((0, 0), (free, free)).into_owned().cholesky()?;
    let statistic = difference.dot(&factors.solve(&difference));
    statistic.is_finite().then_some(statistic.max(0.0))
}
