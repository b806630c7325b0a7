//! The largest of several weighted log-rank tests.

use kmeta_trial_data::PatientRecord;
use nalgebra::DMatrix;

use crate::log_rank::covariance;
use crate::normal_rectangle::{LARGEST_DIMENSION, NormalRectangle};
use crate::patients::{check_patients, event_times};
use crate::weighted_log_rank::survival_before;
use crate::{FlemingHarrington, SurvivalError};

/// One weighted test of two arms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaxComboPart {
    /// The weight.
    pub weight: FlemingHarrington,
    /// Weighted observed − expected events of the treated arm: below 0 when it does better.
    pub score: f64,
    /// Its hypergeometric variance.
    pub variance: f64,
    /// score/√variance.
    pub z: f64,
}

/// Result of a MaxCombo test.
#[derive(Debug, Clone, PartialEq)]
pub struct MaxCombo {
    /// One entry per weight, in the order given.
    pub parts: Vec<MaxComboPart>,
    /// Correlation matrix of the z under equal hazards, row by row.
    pub correlation: Vec<Vec<f64>>,
    /// Largest |z|.
    pub largest: f64,
    /// Two-sided: P(max |Z| ≥ largest) for normal Z with the correlation.
    pub p_value: f64,
    /// One-sided, for a treated arm that does better: P(min Z ≤ smallest z).
    pub p_value_treated_better: f64,
}

/// Weights that are used for a treatment whose effect may come late or fade: G(0,0), G(0,1), G(1,1), G(1,0) (Lin et
/// al. 2020, cross-pharma working group).
pub const MAX_COMBO_WEIGHTS: [FlemingHarrington; 4] = [
    FlemingHarrington::LOG_RANK,
    FlemingHarrington::LATE,
    FlemingHarrington::MIDDLE,
    FlemingHarrington::PETO_PRENTICE,
];

/// The MaxCombo test of two arms (Lee 2007; Karrison 2016; Lin et al. 2020): the largest of several weighted log-rank
/// tests, judged by the joint normal distribution of all. The covariance of two tests with weights v and w is the
/// hypergeometric variance summed with the product v·w (Gill 1980). The probability is integrated numerically, with
/// an error below 1e-9; weights that depend on each other, as G(0,0) = G(1,0) + G(0,1), are allowed for.
///
/// # Errors
/// [`SurvivalError::WeightCount`] unless there are 1 to 4 weights; [`SurvivalError::NoPatients`],
/// [`SurvivalError::InvalidTime`]; [`SurvivalError::NothingToCompare`] when a test has no variance, for example
/// because no event happened while both arms were at risk.
pub fn max_combo(
    reference: &[PatientRecord],
    treated: &[PatientRecord],
    weights: &[FlemingHarrington],
) -> Result<MaxCombo, SurvivalError> {
    if weights.is_empty() || weights.len() > LARGEST_DIMENSION {
        return Err(SurvivalError::WeightCount { weights: weights.len(), largest: LARGEST_DIMENSION });
    }
    check_patients("reference arm", reference)?;
    check_patients("treated arm", treated)?;
    let times = event_times(&[reference, treated]);
    let survival = survival_before(&times);
    let at = |weight: usize, index: usize| weights[weight].at(survival[index]);
    let product =
        |one: usize, two: usize| covariance(&times, 2, |index| at(one, index) * at(two, index))[(1, 1)];
    let covariances = DMatrix::from_fn(weights.len(), weights.len(), product);
    let excess = |index: usize| {
        let (events, at_risk) = (&times[index].events, &times[index].at_risk);
        events[1] - (events[0] + events[1]) * at_risk[1] / (at_risk[0] + at_risk[1])
    };
    let part = |(one, &weight): (usize, &FlemingHarrington)| {
        let score: f64 = (0..times.len()).map(|index| at(one, index) * excess(index)).sum();
        let variance = covariances[(one, one)];
        let usable = variance > 0.0 && score.is_finite();
        usable.then(|| MaxComboPart { weight, score, variance, z: score / variance.sqrt() })
    };
    let parts: Option<Vec<MaxComboPart>> = weights.iter().enumerate().map(part).collect();
    let parts = parts.ok_or(SurvivalError::NothingToCompare)?;
    let correlation = DMatrix::from_fn(parts.len(), parts.len(), |row, column| {
        let both = (covariances[(row, row)] * covariances[(column, column)]).sqrt();
        if row == column { 1.0 } else { (covariances[(row, column)] / both).clamp(-1.0, 1.0) }
    });
    let largest = parts.iter().map(|part| part.z.abs()).fold(0.0, f64::max);
    let smallest = parts.iter().map(|part| part.z).fold(f64::INFINITY, f64::min);
    let normal = NormalRectangle::new(&correlation);
    Ok(MaxCombo {
        correlation: correlation.row_iter().map(|row| row.iter().copied().collect()).collect(),
        largest,
        p_value: normal.outside(-largest, largest),
        p_value_treated_better: normal.outside(smallest, f64::INFINITY),
        parts,
    })
}
