//! Schoenfeld residuals and the test of proportional hazards by Grambsch & Therneau.

use nalgebra::{Cholesky, DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::risk_sets::RiskSets;
use super::standardize::Standardized;
use super::{ChiSquaredTest, CoxData, CoxRegression};
use crate::{KaplanMeier, SurvivalError};

/// The function g of time against which a hazard ratio may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimeTransform {
    /// One minus the Kaplan-Meier estimate of all patients just before t (R `cox.zph`'s default, `"km"`). Long
    /// follow-up of few patients has little leverage.
    #[default]
    KaplanMeier,
    /// The rank of the event time among the follow-up times of all patients, ties sharing their mean rank.
    Rank,
    /// Time itself.
    Identity,
    /// The natural logarithm of time; needs event times above 0.
    Log,
}

/// The test of one term.
#[derive(Debug, Clone, PartialEq)]
pub struct TermTest {
    /// Name of the term.
    pub name: String,
    /// The test.
    pub test: ChiSquaredTest,
}

/// Result of a test of proportional hazards.
#[derive(Debug, Clone, PartialEq)]
pub struct ProportionalHazardsTest {
    /// The function of time.
    pub transform: TimeTransform,
    /// Each term alone.
    pub terms: Vec<TermTest>,
    /// All terms together.
    pub global: ChiSquaredTest,
    /// For each column the first step towards the slope of its log hazard ratio on g(t): its sign says whether
    /// the hazard ratio rises (above 0) or falls with time.
    pub slopes: Vec<f64>,
    /// Standard errors of the slopes under proportional hazards.
    pub slope_standard_errors: Vec<f64>,
}

/// Schoenfeld residual of one event (Schoenfeld 1982).
#[derive(Debug, Clone, PartialEq)]
pub struct SchoenfeldResidual {
    /// Stratum of the patient.
    pub stratum: u32,
    /// Time of the event.
    pub time: f64,
    /// For each column, the patient's covariate less its mean over those at risk (tied events share the mean of
    /// their Efron risk sets).
    pub residual: Vec<f64>,
    /// Scaled by (number of events) × covariance and added to the coefficient: it scatters about β(t)
    /// (Grambsch & Therneau 1994, section 3; R `residuals(fit, "scaledsch")`, which includes the coefficient).
    pub scaled: Vec<f64>,
}

/// Tests whether log hazard ratios stay constant (Grambsch & Therneau 1994), as the score test of adding
/// g(t)·x to the model: with r the Schoenfeld residuals and V the variance of the covariates at each event,
/// u = Σ g r, χ² = uᵀ (Σg²V − ΣgV (ΣV)⁻¹ ΣgV)⁻¹ u. R: `cox.zph(fit, transform =)` of survival 3.0 and later.
///
/// # Errors
/// Those of [`cox_regression`](super::cox_regression); [`SurvivalError::TransformUndefined`] for the logarithm of
/// an event at time 0; [`SurvivalError::NothingToCompare`] when all events share one value of g(t), so that
/// nothing can change with time.
pub fn proportional_hazards_test(
    data: &CoxData,
    fit: &CoxRegression,
    transform: TimeTransform,
) -> Result<ProportionalHazardsTest, SurvivalError> {
    let columns = Standardized::new(data)?;
    let sets = RiskSets::new(data, &columns.values, columns.names.len(), fit.ties);
    let beta = columns.coefficients(fit)?;
    let count = columns.names.len();
    let transformed = TransformedTimes::new(data, transform)?;
    let mut score = DVector::zeros(count);
    let mut plain = DMatrix::zeros(count, count);
    let (mut crossed, mut squared) = (plain.clone(), plain.clone());
    sets.visit(&beta, |moment| {
        let g = transformed.at(moment.time);
        for (index, value) in moment.covariates.iter().enumerate() {
            score[index % count] += g * value;
        }
        score.axpy(-g, moment.expected, 1.0);
        crossed += moment.variance * g;
        squared += moment.variance * (g * g);
        plain += moment.variance;
    });
    let inverse = Cholesky::new(plain).ok_or(SurvivalError::NothingToCompare)?;
    let information = &squared - crossed.transpose() * inverse.solve(&crossed);
    let mut terms = Vec::new();
    let mut first = 0;
    for term in data.terms {
        let width = term.columns.len();
        let (test, ..) = score_test(&score, &information, &squared, first, width)?;
        terms.push(TermTest { name: term.name.clone(), test });
        first += width;
    }
    let (global, step, errors) = score_test(&score, &information, &squared, 0, count)?;
    let unscaled = |values: DVector<f64>| {
        values.iter().zip(&columns.scales).map(|(value, scale)| value / scale).collect()
    };
    Ok(ProportionalHazardsTest {
        transform,
        terms,
        global,
        slopes: unscaled(step),
        slope_standard_errors: unscaled(errors),
    })
}

/// χ² of the columns `first..first + width`, the step I⁻¹ u, and the roots of the diagonal of I⁻¹.
fn score_test(
    score: &DVector<f64>,
    information: &DMatrix<f64>,
    squared: &DMatrix<f64>,
    first: usize,
    width: usize,
) -> Result<(ChiSquaredTest, DVector<f64>, DVector<f64>), SurvivalError> {
    let score = score.rows(first, width).into_owned();
    let information = information.view((first, first), (width, width)).into_owned();
    // What is left after adjusting for the coefficients must not be rounding alone.
    let lost = (0..width).any(|row| {
        let whole = squared[(first + row, first + row)];
        information[(row, row)] <= 1e-11 * whole
    });
    let factors = Cholesky::new(information).filter(|_| !lost).ok_or(SurvivalError::NothingToCompare)?;
    let step = factors.solve(&score);
    let errors = factors.inverse().diagonal().map(f64::sqrt);
    Ok((ChiSquaredTest::new(score.dot(&step), width as u32)?, step, errors))
}

/// Schoenfeld residuals of every event, stratum by stratum in order of time.
///
/// # Errors
/// Those of [`cox_regression`](super::cox_regression).
pub fn schoenfeld_residuals(
    data: &CoxData,
    fit: &CoxRegression,
) -> Result<Vec<SchoenfeldResidual>, SurvivalError> {
    let columns = Standardized::new(data)?;
    let sets = RiskSets::new(data, &columns.values, columns.names.len(), fit.ties);
    let beta = columns.coefficients(fit)?;
    let events = f64::from(fit.events);
    let scaled = |residual: &[f64], row: usize| {
        let sum: f64 = fit.covariance[row].iter().zip(residual).map(|(one, two)| one * two).sum();
        fit.coefficients[row].value + events * sum
    };
    let mut residuals = Vec::new();
    sets.visit(&beta, |moment| {
        let tied = moment.covariates.chunks_exact(columns.names.len());
        let mean = moment.expected / tied.len() as f64;
        for covariates in tied {
            let residual: Vec<f64> = columns
                .scales
                .iter()
                .enumerate()
                .map(|(column, scale)| (covariates[column] - mean[column]) * scale)
                .collect();
            let scaled = (0..residual.len()).map(|row| scaled(&residual, row)).collect();
            residuals.push(SchoenfeldResidual {
                stratum: moment.stratum,
                time: moment.time,
                residual,
                scaled,
            });
        }
    });
    residuals.sort_by(|one, two| one.stratum.cmp(&two.stratum).then(one.time.total_cmp(&two.time)));
    Ok(residuals)
}

/// g at each event time, centred about its mean over events (which changes no test, but keeps digits).
struct TransformedTimes {
    times: Vec<f64>,
    values: Vec<f64>,
}

impl TransformedTimes {
    fn new(data: &CoxData, transform: TimeTransform) -> Result<Self, SurvivalError> {
        let curve = KaplanMeier::fit(data.patients)?;
        let (mut times, mut values, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        let (mut survival, mut before) = (1.0, 0.0);
        for (index, (&time, &events)) in curve.times().iter().zip(curve.events()).enumerate() {
            let tied = f64::from(events + curve.censored()[index]);
            let rank = before + (tied + 1.0) / 2.0;
            before += tied;
            if events == 0 {
                continue;
            }
            values.push(match transform {
                TimeTransform::KaplanMeier => 1.0 - survival,
                TimeTransform::Rank => rank,
                TimeTransform::Identity => time,
                TimeTransform::Log if time > 0.0 => time.ln(),
                TimeTransform::Log => return Err(SurvivalError::TransformUndefined { time }),
            });
            times.push(time);
            counts.push(f64::from(events));
            survival = curve.survival()[index];
        }
        let total: f64 = counts.iter().sum();
        let mean = values.iter().zip(&counts).map(|(value, count)| value * count).sum::<f64>() / total;
        values.iter_mut().for_each(|value| *value -= mean);
        Ok(Self { times, values })
    }

    fn at(&self, time: f64) -> f64 {
        // Every event time of the risk sets is among the times.
        self.values[self.times.partition_point(|&one| one < time).min(self.values.len() - 1)]
    }
}
