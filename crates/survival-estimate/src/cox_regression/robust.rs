//! Sandwich variance of a Cox model.

use std::collections::BTreeMap;
use std::ops::Range;

use kmeta_numerics::distributions::normal_two_sided;
use nalgebra::{Cholesky, DMatrix, DVector};

use super::risk_sets::RiskSets;
use super::standardize::Standardized;
use super::{ChiSquaredTest, CoxCoefficient, CoxData, CoxRegression};
use crate::SurvivalError;
use crate::cox::Ties;

/// A Cox model with standard errors that do not rest on the model being true.
#[derive(Debug, Clone, PartialEq)]
pub struct RobustCox {
    /// The coefficients of the fit with robust standard errors.
    pub coefficients: Vec<CoxCoefficient>,
    /// Robust covariance matrix of the coefficients, row by row.
    pub covariance: Vec<Vec<f64>>,
    /// Clusters: patients, when none were given.
    pub clusters: u32,
    /// Wald test that all coefficients are 0.
    pub wald_test: ChiSquaredTest,
    /// Score test of the same, with the score's variance from its sum per cluster.
    pub score_test: ChiSquaredTest,
}

/// The robust covariance DᵀD (Lin & Wei 1989): D are the score residuals times the covariance of the model, summed
/// over the patients of a cluster. R: `coxph(…, robust = TRUE)`, `coxph(…, cluster =)`.
///
/// `clusters` holds the cluster of each patient; empty when patients are independent.
///
/// # Errors
/// [`SurvivalError::ExactTies`] after a fit with exact ties; [`SurvivalError::ValueCount`] when there is not one
/// cluster per patient; [`SurvivalError::InvalidCovariate`] when `data` is not of the fit;
/// [`SurvivalError::NothingToCompare`] with fewer clusters than coefficients.
pub fn robust_covariance(
    data: &CoxData,
    fit: &CoxRegression,
    clusters: &[u32],
) -> Result<RobustCox, SurvivalError> {
    if fit.ties == Ties::Exact {
        return Err(SurvivalError::ExactTies { quantity: "the robust variance".to_owned() });
    }
    let patients = data.patients.len();
    if !clusters.is_empty() && clusters.len() != patients {
        let what = "clusters".to_owned();
        return Err(SurvivalError::ValueCount { what, found: clusters.len(), patients });
    }
    let columns = Standardized::new(data)?;
    let beta = columns.coefficients(fit)?;
    let count = beta.len();
    let sets = RiskSets::new(data, &columns.values, count, fit.ties);
    let bread = DMatrix::from_fn(count, count, |row, column| {
        fit.covariance[row][column] * columns.scales[row] * columns.scales[column]
    });
    let residuals = clustered(&score_residuals(&sets, &beta, fit.ties), clusters, count);
    let influence = &residuals * &bread;
    let covariance = influence.transpose() * influence;
    let at_null = clustered(&score_residuals(&sets, &DVector::zeros(count), fit.ties), clusters, count);
    let wald = Cholesky::new(covariance.clone()).ok_or(SurvivalError::NothingToCompare)?;
    let meat = Cholesky::new(at_null.transpose() * &at_null).ok_or(SurvivalError::NothingToCompare)?;
    let score = at_null.row_sum().transpose();
    let unscaled = |row: usize, column: usize| {
        covariance[(row, column)] / (columns.scales[row] * columns.scales[column])
    };
    let coefficient = |(index, one): (usize, &CoxCoefficient)| {
        let standard_error = unscaled(index, index).sqrt();
        let z = one.value / standard_error;
        CoxCoefficient { standard_error, z, p_value: normal_two_sided(z), ..one.clone() }
    };
    Ok(RobustCox {
        coefficients: fit.coefficients.iter().enumerate().map(coefficient).collect(),
        covariance: (0..count).map(|row| (0..count).map(|column| unscaled(row, column)).collect()).collect(),
        clusters: residuals.nrows() as u32,
        wald_test: ChiSquaredTest::new(beta.dot(&wald.solve(&beta)), count as u32)?,
        score_test: ChiSquaredTest::new(score.dot(&meat.solve(&score)), count as u32)?,
    })
}

/// Clusters × columns: sums of the residuals of the patients of each cluster, in ascending order.
fn clustered(residuals: &DMatrix<f64>, clusters: &[u32], columns: usize) -> DMatrix<f64> {
    if clusters.is_empty() {
        return residuals.transpose();
    }
    let mut sums: BTreeMap<u32, DVector<f64>> = BTreeMap::new();
    for (cluster, residual) in clusters.iter().zip(residuals.column_iter()) {
        *sums.entry(*cluster).or_insert_with(|| DVector::zeros(columns)) += residual;
    }
    let sums: Vec<DVector<f64>> = sums.into_values().collect();
    DMatrix::from_fn(sums.len(), columns, |row, column| sums[row][column])
}

/// What a follow-up time adds to the residuals.
struct Increment {
    rows: Range<usize>,
    events: usize,
    last_of_stratum: bool,
    /// Hazard and hazard × mean covariates, for all at risk and for those with the event, who see less of it.
    all: (f64, DVector<f64>),
    with_event: (f64, DVector<f64>),
    /// Mean covariates, averaged over the tied events.
    mean: DVector<f64>,
    largest: f64,
}

/// Columns × patients: each patient's share of the score, U = Σ(x − x̄) − ∫(x − x̄) e^{xβ} dH (Therneau & Grambsch
/// 2000, section 4.6; with Efron's ties a patient with the event takes part in 1 − l/d of the l-th hazard).
fn score_residuals(sets: &RiskSets, beta: &DVector<f64>, ties: Ties) -> DMatrix<f64> {
    let count = beta.len();
    let mut increments: Vec<Increment> = Vec::new();
    sets.visit_sums(beta, |tied| {
        let zero = || (0.0, DVector::zeros(count));
        let (mut all, mut with_event, mut total_mean) = (zero(), zero(), DVector::zeros(count));
        for earlier in 0..tied.events {
            let removed = if tied.events > 1 { tied.removed(earlier, ties) } else { 0.0 };
            let weight = tied.at_risk.weight - removed * tied.with_event.weight;
            let mean = (&tied.at_risk.first - &tied.with_event.first * removed) / weight;
            all.0 += weight.recip();
            all.1.axpy(weight.recip(), &mean, 1.0);
            with_event.0 += (1.0 - removed) / weight;
            with_event.1.axpy((1.0 - removed) / weight, &mean, 1.0);
            total_mean += mean;
        }
        increments.push(Increment {
            rows: tied.rows.clone(),
            events: tied.events,
            last_of_stratum: tied.first_of_stratum,
            all,
            with_event,
            mean: total_mean / tied.events.max(1) as f64,
            largest: tied.largest,
        });
    });
    let mut residuals = DMatrix::zeros(count, sets.rows().len());
    let (mut hazard, mut moment) = (0.0, DVector::zeros(count));
    for one in increments.iter().rev() {
        let tied = (hazard + one.with_event.0, &moment + &one.with_event.1);
        hazard += one.all.0;
        moment += &one.all.1;
        for row in one.rows.clone() {
            let event = row < one.rows.start + one.events;
            let (hazard, moment) = if event { (tied.0, &tied.1) } else { (hazard, &moment) };
            let weight = (sets.linear(row, beta) - one.largest).exp();
            let mut residual = residuals.column_mut(sets.rows()[row].patient);
            for (column, value) in sets.values(row).iter().enumerate() {
                let observed = if event { value - one.mean[column] } else { 0.0 };
                residual[column] = observed - weight * (value * hazard - moment[column]);
            }
        }
        if one.last_of_stratum {
            hazard = 0.0;
            moment.fill(0.0);
        }
    }
    residuals
}
