//! The summary survival curve with the uncertainty of reading figures.

use kmeta_trial_data::PatientRecord;
use nalgebra::{DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::input::{Arm, TrialCurve};
use super::{
    PooledCells, TrialCells, between_trial_matrix, check_options, computation, interpolated_median,
    normal_quantile, points, pool_cells, summary_draws, survival_of, truncate_negative_eigenvalues,
};
use crate::finite_answer::finite_answer;
use crate::reading::ReadingShare;
use crate::{PoolError, SurvivalOptions, TrialPatients};

/// One trial of a curve: what was reconstructed, and the imputed sets of its patients.
#[derive(Debug, Clone, PartialEq)]
pub struct ImputedCurve {
    /// The trial as it enters the curve without imputation.
    pub curve: TrialCurve,
    /// Name to print.
    pub label: String,
    /// The figure it was read from; empty for a printed table.
    pub figure: String,
    /// Imputed sets of its patients; none for a printed table.
    pub sets: Vec<Vec<PatientRecord>>,
}

/// Pooled survival at one time, or the pooled median, with and without the uncertainty of reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SurvivalReading {
    /// The time; absent for the median.
    pub time: Option<f64>,
    /// Survival, or the median, with it; absent for a median that is not reached.
    pub estimate: Option<f64>,
    /// Lower limit with it.
    pub lower: Option<f64>,
    /// Upper limit with it.
    pub upper: Option<f64>,
    /// The same of the same estimates with their variances within sets alone.
    pub estimate_without: Option<f64>,
    /// Lower limit of that.
    pub lower_without: Option<f64>,
    /// Upper limit of that.
    pub upper_without: Option<f64>,
    /// Share of the variance of log survival at the time that is due to reading; for the median, at the first asked
    /// time at which survival is one half or less (the last one where none is).
    pub reading_share: f64,
    /// The part of each trial.
    pub trials: Vec<ReadingShare>,
}

/// A trial's cells over its imputed sets, combined by Rubin's rules.
struct CombinedCells {
    /// Mean values with the variances within sets.
    within: TrialCells,
    /// The same with T = W + (1 + 1/M) B on the diagonal and (1 + 1/M) B beside it.
    total: TrialCells,
    /// (1 + 1/M) B.
    reading: DMatrix<f64>,
}

/// Pools summary survival curves with and without the uncertainty of reading: Rubin's rules for the vector of a trial's
/// conditional survivals on the arcsine scale, T = W + (1 + 1/M) B with matrices, then the model of
/// [`super::pool_survival`] with T as the covariance within the trial. A trial contributes to the intervals to which it
/// contributes without imputation. The result has one entry per time that a trial reaches, and last the median.
///
/// With β = Σ A y, A = C W, the reading makes Σ A (1 + 1/M)B Aᵀ of the covariance C of β; shares are those of the
/// variance of log S.
///
/// # Errors
/// Those of [`super::pool_survival_curves`].
pub fn pool_imputed_survival(
    trials: &[ImputedCurve],
    options: &SurvivalOptions,
) -> Result<Vec<SurvivalReading>, PoolError> {
    check_options(trials.iter().map(|trial| trial.curve.trial()), options)?;
    let combined =
        trials.iter().map(|trial| combined_cells(trial, options)).collect::<Result<Vec<_>, _>>()?;
    let reached = combined.iter().map(|cells| cells.total.values.len()).max().unwrap_or(0);
    if reached == 0 {
        return Err(PoolError::NoFollowUp { time: options.times[0] });
    }
    let total: Vec<TrialCells> = combined.iter().map(|cells| cells.total.clone()).collect();
    let within: Vec<TrialCells> = combined.iter().map(|cells| cells.within.clone()).collect();
    let (with, between) = pooled(&total, reached)?;
    let (without, _) = pooled(&within, reached)?;
    let times = &options.times[..reached];
    let parts = reading_parts(&combined, &with, &between)?;
    let shares_at = |index: usize| shares(trials, &combined, &parts, &with, index);
    let quantile = normal_quantile(0.5 + options.confidence_level / 2.0).map_err(|_| computation("z"))?;
    let shown = points(times, &total, &with, quantile, &mut Vec::new());
    let shown_without = points(times, &within, &without, quantile, &mut Vec::new());
    let mut readings: Vec<SurvivalReading> = shown
        .iter()
        .zip(&shown_without)
        .enumerate()
        .map(|(index, (point, alone))| {
            let trials = shares_at(index);
            SurvivalReading {
                time: Some(point.time),
                estimate: Some(point.survival),
                lower: Some(point.interval.lower),
                upper: Some(point.interval.upper),
                estimate_without: Some(alone.survival),
                lower_without: Some(alone.interval.lower),
                upper_without: Some(alone.interval.upper),
                reading_share: trials.iter().map(|trial| trial.of_pooled).sum(),
                trials,
            }
        })
        .collect();
    let half = shown.iter().position(|point| point.survival <= 0.5).unwrap_or(reached - 1);
    let (limits, limits_without) =
        (summary_draws(times, &with, options)?.median, summary_draws(times, &without, options)?.median);
    let trials = shares_at(half);
    readings.push(SurvivalReading {
        time: None,
        estimate: interpolated_median(times, &survival_of(&with.beta)),
        lower: limits.0,
        upper: limits.1,
        estimate_without: interpolated_median(times, &survival_of(&without.beta)),
        lower_without: limits_without.0,
        upper_without: limits_without.1,
        reading_share: trials.iter().map(|trial| trial.of_pooled).sum(),
        trials,
    });
    finite_answer("pooled survival with the uncertainty of reading", readings)
}

/// Pooled cells and the between-trial matrix.
fn pooled(cells: &[TrialCells], reached: usize) -> Result<(PooledCells, DMatrix<f64>), PoolError> {
    let between = truncate_negative_eigenvalues(between_trial_matrix(cells, reached));
    Ok((pool_cells(cells, reached, &between)?, between))
}

fn combined_cells(trial: &ImputedCurve, options: &SurvivalOptions) -> Result<CombinedCells, PoolError> {
    let alone = Arm::new(&trial.curve)?.cells(&options.times);
    let covered = &options.times[..alone.values.len()];
    let mut sets = Vec::with_capacity(trial.sets.len());
    for patients in &trial.sets {
        let imputed = TrialPatients {
            trial: trial.curve.trial().to_owned(),
            label: trial.label.clone(),
            patients: patients.clone(),
            provenance: kmeta_trial_data::Provenance::printed("imputed patients"),
        };
        // A draw that ends a little before an asked time still speaks of the interval.
        sets.push(Arm::patients(&imputed)?.cells_of_intervals(covered));
    }
    let size = sets.iter().map(|set| set.values.len()).min().unwrap_or(covered.len());
    if sets.is_empty() {
        let reading = DMatrix::zeros(size, size);
        return Ok(CombinedCells { within: alone.clone(), total: alone, reading });
    }
    let count = sets.len() as f64;
    let mean = |of: &dyn Fn(&TrialCells) -> &[f64]| -> Vec<f64> {
        (0..size).map(|j| sets.iter().map(|set| of(set)[j]).sum::<f64>() / count).collect()
    };
    let values = mean(&|set| &set.values);
    let within = TrialCells {
        variances: mean(&|set| &set.variances),
        number_at_risk: mean(&|set| &set.number_at_risk),
        values: values.clone(),
        covariance: None,
    };
    let mut reading = DMatrix::zeros(size, size);
    for set in &sets {
        let residual = DVector::from_iterator(size, (0..size).map(|j| set.values[j] - values[j]));
        reading += &residual * residual.transpose();
    }
    reading *= if count > 1.0 { (1.0 + count.recip()) / (count - 1.0) } else { 0.0 };
    let mut total = within.clone();
    for (j, variance) in total.variances.iter_mut().enumerate() {
        *variance += reading[(j, j)];
    }
    let mut beside = reading.clone();
    beside.fill_diagonal(0.0);
    total.covariance = Some(beside);
    Ok(CombinedCells { within, total, reading })
}

/// Each trial's part in the covariance of β, A (1 + 1/M)B Aᵀ.
fn reading_parts(
    combined: &[CombinedCells],
    with: &PooledCells,
    between: &DMatrix<f64>,
) -> Result<Vec<DMatrix<f64>>, PoolError> {
    let size = with.beta.len();
    combined
        .iter()
        .map(|cells| {
            let covered = cells.total.values.len();
            if covered == 0 {
                return Ok(DMatrix::zeros(size, size));
            }
            let weight = cells.total.weight(between)?;
            let influence = with.covariance.columns(0, covered) * weight;
            Ok(&influence * &cells.reading * influence.transpose())
        })
        .collect()
}

/// Shares of the variance of log S at the time with this index.
fn shares(
    trials: &[ImputedCurve],
    combined: &[CombinedCells],
    parts: &[DMatrix<f64>],
    with: &PooledCells,
    index: usize,
) -> Vec<ReadingShare> {
    let size = with.beta.len();
    let gradient = |l: usize| if l <= index { 2.0 / with.beta[l].tan() } else { 0.0 };
    let gradient = DVector::from_iterator(size, (0..size).map(gradient));
    let form = |matrix: &DMatrix<f64>| (gradient.transpose() * matrix * &gradient)[(0, 0)];
    let variance = form(&with.covariance);
    trials
        .iter()
        .zip(combined)
        .zip(parts)
        .map(|((trial, cells), part)| {
            let covered = cells.total.values.len().min(index + 1);
            // The trial's own log S is the sum of log sin² y over the intervals that it covers.
            let own = |l: usize| 2.0 / cells.total.values[l].tan();
            let (mut reading, mut total) = (0.0, 0.0);
            for l in 0..covered {
                for m in 0..covered {
                    reading += own(l) * own(m) * cells.reading[(l, m)];
                }
                total += own(l).powi(2) * cells.within.variances[l];
            }
            total += reading;
            ReadingShare {
                trial: trial.curve.trial().to_owned(),
                label: trial.label.clone(),
                figure: trial.figure.clone(),
                of_trial: if total > 0.0 { reading / total } else { 0.0 },
                of_pooled: if variance > 0.0 { form(part).max(0.0) / variance } else { 0.0 },
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::pool_survival_curves;
    use super::*;
    use kmeta_trial_data::Provenance;

    fn patients(scale: f64) -> Vec<PatientRecord> {
        (1..=30).map(|i| PatientRecord { time: scale * f64::from(i), event: i % 4 != 0 }).collect()
    }

    fn trial(name: &str, scale: f64, sets: &[f64]) -> ImputedCurve {
        ImputedCurve {
            curve: TrialCurve::Patients(TrialPatients {
                trial: name.to_owned(),
                label: name.to_owned(),
                patients: patients(scale),
                provenance: Provenance::printed("example"),
            }),
            label: name.to_owned(),
            figure: format!("{name}.png"),
            sets: sets.iter().map(|&scale| patients(scale)).collect(),
        }
    }

    fn options() -> SurvivalOptions {
        SurvivalOptions { times: vec![6.5, 12.5, 18.5, 24.5], ..SurvivalOptions::default() }
    }

    /// Sets that are all what was reconstructed add nothing.
    #[test]
    fn equal_sets_give_the_curve_itself() {
        let trials = [trial("a", 1.0, &[1.0; 5]), trial("b", 0.9, &[0.9; 5]), trial("c", 1.1, &[])];
        let curves: Vec<TrialCurve> = trials.iter().map(|trial| trial.curve.clone()).collect();
        let plain = pool_survival_curves(&curves, &options()).unwrap();
        let read = pool_imputed_survival(&trials, &options()).unwrap();
        assert_eq!(read.len(), 5);
        for (point, reading) in plain.random.iter().zip(&read) {
            assert!((reading.estimate.unwrap() - point.survival).abs() < 1e-9);
            assert!((reading.lower.unwrap() - point.interval.lower).abs() < 1e-9);
            assert!(reading.reading_share < 1e-12);
        }
        assert_eq!(read[4].time, None);
        assert!((read[4].estimate.unwrap() - plain.median.unwrap()).abs() < 1e-9);
    }

    #[test]
    fn sets_that_differ_widen_the_interval_and_name_their_figure() {
        let spread: Vec<f64> = (0..40).map(|index| 0.8 + 0.01 * f64::from(index)).collect();
        let slight: Vec<f64> = (0..40).map(|index| 1.0 + 0.0005 * f64::from(index)).collect();
        let trials = [trial("a", 1.0, &spread), trial("b", 1.0, &slight)];
        let read = pool_imputed_survival(&trials, &options()).unwrap();
        for reading in &read {
            let width = |lower: Option<f64>, upper: Option<f64>| upper.unwrap() - lower.unwrap();
            assert!(
                width(reading.lower, reading.upper) > width(reading.lower_without, reading.upper_without),
                "{reading:?}"
            );
            assert!(reading.reading_share > 0.0 && reading.reading_share < 1.0);
            assert!(reading.trials[0].of_pooled > reading.trials[1].of_pooled);
        }
    }
}
