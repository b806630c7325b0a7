//! Cox regression with covariates and strata.

mod baseline;
mod exact_ties;
mod proportional_hazards;
mod risk_sets;
mod robust;
mod standardize;

use kmeta_numerics::distributions::{chi_squared_upper, normal_two_sided};
use kmeta_trial_data::PatientRecord;
use nalgebra::{Cholesky, DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cox::Ties;
use crate::{SurvivalError, kaplan_meier::level_quantile};

pub use baseline::{CoxSurvival, predicted_survival};
pub use proportional_hazards::{
    ProportionalHazardsTest, SchoenfeldResidual, TermTest, TimeTransform, proportional_hazards_test,
    schoenfeld_residuals,
};
use risk_sets::{Derivatives, RiskSets};
pub use robust::{RobustCox, robust_covariance};
use standardize::Standardized;

/// Newton steps. Five to ten are usual; a likelihood without a maximum uses all of them.
const MAX_ITERATIONS: u32 = 60;

/// Convergence: when the Newton decrement √(scoreᵀ I⁻¹ score), in standard errors, is this small, the step that
/// is then made leaves an error of about its square.
const DECREMENT_TOLERANCE: f64 = 1e-9;

/// A coefficient per standard deviation of its covariate above this (a hazard ratio of 3 million) that still
/// grows runs to infinity.
const RUNAWAY_COEFFICIENT: f64 = 15.0;

/// A coefficient per standard deviation that may be on its way to infinity: a hazard ratio of 50.
const SUSPECT_COEFFICIENT: f64 = 4.0;

/// A standard error per standard deviation that no maximum has: columns that nearly follow from others are refused
/// before theirs reaches 3e5.
const FLAT_STANDARD_ERROR: f64 = 1e6;

/// A term of a model: one column for a number, several for a factor (one per level but the first).
#[derive(Debug, Clone, PartialEq)]
pub struct CoxTerm {
    /// Name of the term, `age`.
    pub name: String,
    /// Name of each column and its value for each patient.
    pub columns: Vec<(String, Vec<f64>)>,
}

impl CoxTerm {
    /// A term of one column.
    pub fn number(name: &str, values: Vec<f64>) -> Self {
        Self { name: name.to_owned(), columns: vec![(name.to_owned(), values)] }
    }
}

/// What a Cox model is fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct CoxData<'a> {
    /// The patients.
    pub patients: &'a [PatientRecord],
    /// The covariates, each with one value per patient.
    pub terms: &'a [CoxTerm],
    /// The stratum of each patient; empty for a model without strata. Each stratum has a baseline hazard of its
    /// own (Kalbfleisch & Prentice 2002, 4.4).
    pub strata: &'a [u32],
}

/// One coefficient.
#[derive(Debug, Clone, PartialEq)]
pub struct CoxCoefficient {
    /// Name of the column.
    pub name: String,
    /// Log of the hazard ratio per unit of the covariate.
    pub value: f64,
    /// Its standard error, from the observed information.
    pub standard_error: f64,
    /// Wald's z.
    pub z: f64,
    /// Two-sided p value of z.
    pub p_value: f64,
}

/// A chi-squared test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChiSquaredTest {
    /// The statistic.
    pub chi_squared: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: u32,
    /// Upper tail probability.
    pub p_value: f64,
}

impl ChiSquaredTest {
    /// The test of a statistic; one that rounding made negative counts as 0.
    ///
    /// # Errors
    /// [`SurvivalError::NothingToCompare`] with 0 degrees of freedom or a statistic that is not a number.
    pub fn new(chi_squared: f64, degrees_of_freedom: u32) -> Result<Self, SurvivalError> {
        if chi_squared.is_nan() {
            return Err(SurvivalError::NothingToCompare);
        }
        let statistic = chi_squared.max(0.0);
        let p_value = chi_squared_upper(statistic, f64::from(degrees_of_freedom))
            .map_err(|_| SurvivalError::NothingToCompare)?;
        Ok(Self { chi_squared: statistic, degrees_of_freedom, p_value })
    }
}

/// A fitted Cox model.
#[derive(Debug, Clone, PartialEq)]
pub struct CoxRegression {
    /// One per column, in the order of the terms.
    pub coefficients: Vec<CoxCoefficient>,
    /// Covariance matrix of the coefficients, row by row.
    pub covariance: Vec<Vec<f64>>,
    /// How ties were handled.
    pub ties: Ties,
    /// Log partial likelihood with all coefficients 0.
    pub log_likelihood_null: f64,
    /// Log partial likelihood at the estimate.
    pub log_likelihood: f64,
    /// Test that all coefficients are 0, from the rise of the likelihood.
    pub likelihood_ratio_test: ChiSquaredTest,
    /// The same by Wald.
    pub wald_test: ChiSquaredTest,
    /// The same by the score at 0: the log-rank test, up to ties.
    pub score_test: ChiSquaredTest,
    /// Patients.
    pub patients: u32,
    /// Events.
    pub events: u32,
    /// Newton iterations.
    pub iterations: u32,
}

impl CoxRegression {
    /// Wald interval of the hazard ratio of the coefficient at `index`, `(lower, upper)`; `None` when there is no
    /// such coefficient.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`] unless 0 < level < 1.
    pub fn hazard_ratio_interval(
        &self,
        index: usize,
        level: f64,
    ) -> Result<Option<(f64, f64)>, SurvivalError> {
        let z = level_quantile(level)?;
        Ok(self.coefficients.get(index).map(|one| {
            let width = z * one.standard_error;
            ((one.value - width).exp(), (one.value + width).exp())
        }))
    }

    /// The linear predictor Σ βx of each patient of `data`: large for those who die soon.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidCovariate`] when the columns are not those of the fit.
    pub fn linear_predictors(&self, data: &CoxData) -> Result<Vec<f64>, SurvivalError> {
        let columns = Standardized::new(data)?;
        let beta = columns.coefficients(self)?;
        let linear = |values: &[f64]| -> f64 {
            values.iter().zip(beta.iter()).map(|(value, beta)| value * beta).sum()
        };
        let centre: f64 =
            self.coefficients.iter().zip(&columns.means).map(|(one, mean)| one.value * mean).sum();
        Ok(columns.values.chunks_exact(beta.len()).map(|row| centre + linear(row)).collect())
    }
}

/// Fits a Cox model (Cox 1972) by maximum partial likelihood: Newton steps on centred and scaled covariates,
/// halved until the likelihood rises. R: `coxph(Surv(time, event) ~ terms + strata(stratum), ties =)`.
///
/// One sort, then a number of operations proportional to patients × columns².
///
/// # Errors
/// [`SurvivalError::NoPatients`], [`SurvivalError::InvalidTime`]; [`SurvivalError::InvalidCovariate`] for a
/// column with a value missing or not finite; [`SurvivalError::NoCovariates`];
/// [`SurvivalError::CollinearCovariate`] for a column that does not vary while patients are at risk or follows
/// from the columns before it; [`SurvivalError::InfiniteCoefficient`] when the likelihood has no maximum;
/// [`SurvivalError::NothingToCompare`] without an event.
///
/// ```
/// use kmeta_survival_estimate::{CoxData, CoxTerm, Ties, cox_regression};
/// use kmeta_trial_data::PatientRecord;
/// let patients = [(1.0, true), (2.0, true), (3.0, false), (4.0, true)]
///     .map(|(time, event)| PatientRecord { time, event });
/// let terms = [CoxTerm::number("treated", vec![0.0, 1.0, 1.0, 0.0])];
/// let data = CoxData { patients: &patients, terms: &terms, strata: &[] };
/// let fit = cox_regression(&data, Ties::Efron)?;
/// assert!((fit.coefficients[0].value - -0.34657359027997264).abs() < 1e-12); // −ln √2
/// # Ok::<(), kmeta_survival_estimate::SurvivalError>(())
/// ```
pub fn cox_regression(data: &CoxData, ties: Ties) -> Result<CoxRegression, SurvivalError> {
    let columns = Standardized::new(data)?;
    let count = columns.names.len();
    let sets = RiskSets::new(data, &columns.values, count, ties);
    if sets.events() == 0 {
        return Err(SurvivalError::NothingToCompare);
    }
    let null = sets.derivatives(&DVector::zeros(count));
    let (beta, here, iterations) = maximize(&sets, &columns, &null)?;
    let factors = factors(&here, &columns)?;
    let covariance = factors.inverse();
    let score_step = self::factors(&null, &columns)?.solve(&null.score);
    let test = |statistic| ChiSquaredTest::new(statistic, count as u32);
    let coefficients = columns
        .names
        .iter()
        .zip(&columns.scales)
        .enumerate()
        .map(|(index, (name, scale))| {
            let standard_error = covariance[(index, index)].sqrt() / scale;
            let value = beta[index] / scale;
            let z = value / standard_error;
            CoxCoefficient { name: name.clone(), value, standard_error, z, p_value: normal_two_sided(z) }
        })
        .collect();
    let unscaled = |row: usize, column: usize| {
        covariance[(row, column)] / (columns.scales[row] * columns.scales[column])
    };
    Ok(CoxRegression {
        coefficients,
        covariance: (0..count).map(|row| (0..count).map(|column| unscaled(row, column)).collect()).collect(),
        ties,
        log_likelihood_null: null.value,
        log_likelihood: here.value,
        likelihood_ratio_test: test(2.0 * (here.value - null.value))?,
        wald_test: test(beta.dot(&(&here.information * &beta)))?,
        score_test: test(null.score.dot(&score_step))?,
        patients: data.patients.len() as u32,
        events: sets.events(),
        iterations,
    })
}

/// Newton's method from 0: the estimate, the derivatives there and the iterations.
fn maximize(
    sets: &RiskSets,
    columns: &Standardized,
    null: &Derivatives,
) -> Result<(DVector<f64>, Derivatives, u32), SurvivalError> {
    let mut beta = DVector::zeros(columns.names.len());
    let mut here = null.clone();
    for iterations in 1..=MAX_ITERATIONS {
        let mut step = match factors(&here, columns) {
            Ok(factors) => factors.solve(&here.score),
            Err(error) => return Err(runaway(&beta, columns).unwrap_or(error)),
        };
        let decrement = here.score.dot(&step).max(0.0).sqrt();
        let mut next = sets.derivatives(&(&beta + &step));
        let slack = 1e-12 * here.value.abs().max(1.0);
        while (next.value.is_nan() || next.value < here.value - slack) && step.amax() > f64::EPSILON {
            step *= 0.5;
            next = sets.derivatives(&(&beta + &step));
        }
        beta += step;
        here = next;
        if decrement <= DECREMENT_TOLERANCE {
            return match runaway(&beta, columns).or_else(|| flat(&beta, &here, columns)) {
                Some(error) => Err(error),
                None => Ok((beta, here, iterations)),
            };
        }
    }
    let score = here.score.amax();
    Err(runaway(&beta, columns).unwrap_or(SurvivalError::NotConverged { iterations: MAX_ITERATIONS, score }))
}

/// The largest coefficient, when it is one that runs to infinity.
fn runaway(beta: &DVector<f64>, columns: &Standardized) -> Option<SurvivalError> {
    let index = beta.iamax();
    (beta[index].abs() > RUNAWAY_COEFFICIENT).then(|| infinite(beta, index, columns))
}

/// A large coefficient along which the likelihood no longer bends: its score fell below the tolerance on the way to
/// infinity, not at a maximum.
fn flat(beta: &DVector<f64>, here: &Derivatives, columns: &Standardized) -> Option<SurvivalError> {
    let covariance = Cholesky::new(here.information.clone()).map(|factors| factors.inverse());
    let error = |index: usize| covariance.as_ref().map_or(f64::INFINITY, |all| all[(index, index)].sqrt());
    let index = (0..beta.len())
        .find(|&index| beta[index].abs() > SUSPECT_COEFFICIENT && error(index) > FLAT_STANDARD_ERROR)?;
    Some(infinite(beta, index, columns))
}

fn infinite(beta: &DVector<f64>, index: usize, columns: &Standardized) -> SurvivalError {
    SurvivalError::InfiniteCoefficient {
        name: columns.names[index].clone(),
        limit: if beta[index] > 0.0 { "infinity" } else { "0" }.to_owned(),
    }
}

/// Cholesky factors of the information. A pivot that is lost in rounding names the column at fault.
fn factors(
    here: &Derivatives,
    columns: &Standardized,
) -> Result<Cholesky<f64, nalgebra::Dyn>, SurvivalError> {
    let information: &DMatrix<f64> = &here.information;
    for order in 1..=information.nrows() {
        let column = order - 1;
        let leading = information.view((0, 0), (order, order)).into_owned();
        let pivot = Cholesky::new(leading).map_or(0.0, |factors| factors.l()[(column, column)].powi(2));
        // Columns have unit variance, so that the information of one grows with the events.
        if pivot <= 1e-11 * information[(column, column)] {
            return Err(SurvivalError::CollinearCovariate { name: columns.names[column].clone() });
        }
    }
    Cholesky::new(information.clone())
        .ok_or_else(|| SurvivalError::CollinearCovariate { name: columns.names.join(", ") })
}
