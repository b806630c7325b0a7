//! The distribution-free summary survival curve of Combescure, Foucher & Jackson 2014 (Stat Med 33:2521,
//! doi 10.1002/sim.6111).
//!
//! Survival at the asked times t₁ < … < t_P is a product of conditional survivals. Trial i gives for each
//! interval (t_{j−1}, t_j] that its follow-up covers the arcsine-transformed conditional survival y_ij with
//! variance v_ij = 1/(4(n_ij + ½)). The vectors y_i are pooled by the multivariate random-effects model of
//! Jackson, White & Riley 2013 with a DerSimonian-Laird between-trial matrix, and S(t_j) = ∏ sin² β_l.

use std::collections::BTreeSet;

use kmeta_numerics::distributions::normal_quantile;
use kmeta_numerics::linear::{cholesky_factor, inverse_positive_definite, truncate_negative_eigenvalues};
use kmeta_numerics::order_statistics::quantile_of_sorted;
use kmeta_numerics::streams::{random_stream, standard_normal};
use kmeta_trial_data::{
    Estimand, Finding, Interval, PooledRestrictedMean, PooledSurvival, SurvivalCurveMethod,
    SurvivalHeterogeneity, SurvivalPoint,
};
use nalgebra::{DMatrix, DVector};

use crate::finite_answer::finite_answer;
use crate::{PoolError, SurvivalOptions, TrialPatients};
use input::Arm;

mod input;
mod reading;
mod strata;

pub use input::{PublishedSurvival, TrialCurve};
pub use reading::{ImputedCurve, SurvivalReading, pool_imputed_survival};
pub use strata::{StrataTest, StratumCurve, StratumSurvival, SurvivalStrata, pool_survival_strata};

/// With more intervals than this, the correction of empty intervals pulls the curve down visibly.
const MANY_INTERVALS: usize = 20;

/// Variance of an interval that a trial does not cover.
const UNCOVERED_VARIANCE: f64 = 1e12;

/// One trial's conditional survivals, on the arcsine scale, for the first intervals that it covers.
#[derive(Debug, Clone, Default)]
struct TrialCells {
    /// y_ij = asin √((n q + ¼)/(n + ½)) with q the conditional survival of the interval.
    values: Vec<f64>,
    /// v_ij = 1/(4(n + ½)).
    variances: Vec<f64>,
    /// Patients at risk at the start of each interval.
    number_at_risk: Vec<f64>,
    /// Covariances of the values of two intervals, with zeros on the diagonal; `None` for none.
    covariance: Option<DMatrix<f64>>,
}

impl TrialCells {
    /// Adds the next interval: patients at risk at its start and the share of them that survives it.
    fn push(&mut self, number_at_risk: f64, conditional_survival: f64) {
        let corrected = number_at_risk + 0.5;
        self.values.push(((number_at_risk * conditional_survival + 0.25) / corrected).sqrt().asin());
        self.variances.push(0.25 / corrected);
        self.number_at_risk.push(number_at_risk);
    }

    /// The covariance of the values of two intervals.
    fn covariance(&self, j: usize, l: usize) -> f64 {
        let covered = self.values.len();
        self.covariance.as_ref().filter(|_| j < covered && l < covered).map_or(0.0, |matrix| matrix[(j, l)])
    }

    /// The inverse of the covariance of the values, their own and that between trials together.
    fn weight(&self, between: &DMatrix<f64>) -> Result<DMatrix<f64>, PoolError> {
        let covered = self.values.len();
        let mut variance: DMatrix<f64> = between.view((0, 0), (covered, covered)).into_owned();
        for (j, value) in self.variances.iter().enumerate() {
            variance[(j, j)] += value;
        }
        if let Some(covariance) = &self.covariance {
            variance += covariance;
        }
        inverse_positive_definite(&variance).map_err(|_| computation("a trial's weight matrix"))
    }
}

/// Pooled arcsine values β of the intervals with their covariance.
#[derive(Debug, Clone)]
struct PooledCells {
    beta: DVector<f64>,
    covariance: DMatrix<f64>,
}

/// Pools the survival of single arms at the asked times.
///
/// A trial contributes to the interval that ends at t when its longest follow-up reaches t and its curve had
/// not reached 0 before the interval. Times that no trial reaches are left out with a finding. The interval of
/// S(t) is symmetric for log S, by Greenwood's formula Var log S(t_j) = Σ g_l g_m C_lm with g = 2 cot β; a
/// limit above 1 is cut. The median is interpolated linearly between the asked times, starting from S(0) = 1;
/// its interval comes from Monte-Carlo draws of β, where a draw that never falls to ½ counts as infinitely
/// long. I² counts cells − trials degrees of freedom, as R `RISCA` and `metaSurvival` do.
///
/// The result depends on the asked times: each interval without an event is pulled below 1 by the correction
/// ¼ of ½, so ask for intervals in which events happen rather than for a fine grid.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault.
pub fn pool_survival(
    trials: &[TrialPatients],
    options: &SurvivalOptions,
) -> Result<PooledSurvival, PoolError> {
    check_options(trials.iter().map(|trial| trial.trial.as_str()), options)?;
    let arms = trials.iter().map(Arm::patients).collect::<Result<Vec<_>, _>>()?;
    pool_arms(&arms, options)
}

/// The same for trials of which some give their patients and others a printed table of survival and numbers at
/// risk. A table is brought to the asked times by constant hazards of event and of loss within each of its
/// intervals; where its times are the asked ones its numbers enter as they are.
///
/// ```
/// use kmeta_evidence_pool::{PublishedSurvival, SurvivalOptions, TrialCurve, pool_survival_curves};
/// use kmeta_trial_data::Provenance;
/// let table = |trial: &str, survival: [f64; 2]| TrialCurve::Published(PublishedSurvival {
///     trial: trial.to_owned(),
///     label: trial.to_owned(),
///     times: vec![6.0, 12.0],
///     number_at_risk: vec![40.0, 22.0],
///     survival: survival.to_vec(),
///     provenance: Provenance::printed("table 2"),
/// });
/// let options = SurvivalOptions { times: vec![6.0, 12.0], ..SurvivalOptions::default() };
/// let pooled = pool_survival_curves(&[table("a", [0.6, 0.3]), table("b", [0.5, 0.25])], &options)?;
/// assert!(pooled.random[1].survival > 0.25 && pooled.random[1].survival < 0.3);
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
///
/// # Errors
/// As [`pool_survival`], and [`PoolError::PublishedSurvival`] for an unusable row of a table.
pub fn pool_survival_curves(
    trials: &[TrialCurve],
    options: &SurvivalOptions,
) -> Result<PooledSurvival, PoolError> {
    check_options(trials.iter().map(TrialCurve::trial), options)?;
    let arms = trials.iter().map(Arm::new).collect::<Result<Vec<_>, _>>()?;
    pool_arms(&arms, options)
}

fn pool_arms(arms: &[Arm<'_>], options: &SurvivalOptions) -> Result<PooledSurvival, PoolError> {
    let cells: Vec<TrialCells> = arms.iter().map(|arm| arm.cells(&options.times)).collect();
    let reached = cells.iter().map(|cell| cell.values.len()).max().unwrap_or(0);
    if reached == 0 {
        return Err(PoolError::NoFollowUp { time: options.times[0] });
    }
    let mut findings = notes_on_times(options, reached, &cells);
    let between = truncate_negative_eigenvalues(between_trial_matrix(&cells, reached));
    let common = pool_cells(&cells, reached, &DMatrix::zeros(reached, reached))?;
    let random = pool_cells(&cells, reached, &between)?;
    let quantile = normal_quantile(0.5 + options.confidence_level / 2.0).map_err(|_| computation("z"))?;
    let times = &options.times[..reached];
    findings.extend(unused_events(arms, &cells, options));
    let random_points = points(times, &cells, &random, quantile, &mut findings);
    let common_points = points(times, &cells, &common, quantile, &mut Vec::new());
    if random_points[0].survival < 0.5 {
        findings.push(Finding::note(
            "median-before-first-time",
            place(options),
            format!(
                "pooled survival is below one half at the first time, {}: the median is drawn on the line from 1 at \
                 time 0; ask for an earlier time",
                times[0]
            ),
        ));
    }
    let survival: Vec<f64> = random_points.iter().map(|point| point.survival).collect();
    let draws = summary_draws(times, &random, options)?;
    let horizon = times[reached - 1];
    finite_answer(
        "pooled survival",
        PooledSurvival {
            id: options.id.clone(),
            title: options.title.clone(),
            time_unit: options.time_unit,
            confidence_level: options.confidence_level,
            median: interpolated_median(times, &survival),
            median_lower: draws.median.0,
            median_upper: draws.median.1,
            median_draws: options.median_draws,
            seed: options.seed,
            restricted_mean: Some(PooledRestrictedMean {
                horizon,
                mean: area_to_last_time(times, &survival),
                interval: draws.restricted_mean,
            }),
            method: SurvivalCurveMethod::SummaryCurve,
            estimand: Estimand::TypicalStudy,
            heterogeneity: heterogeneity(&cells, &common.beta),
            random: random_points,
            common: common_points,
            trials: arms.iter().map(Arm::shown).collect(),
            findings,
        },
    )
}

fn computation(what: &str) -> PoolError {
    PoolError::Computation { what: what.to_owned() }
}

pub(crate) fn check_trial_names<'a>(trials: impl Iterator<Item = &'a str>) -> Result<(), PoolError> {
    let mut seen = BTreeSet::new();
    for trial in trials {
        if !seen.insert(trial) {
            return Err(PoolError::DuplicateTrial { trial: trial.to_owned() });
        }
    }
    if seen.is_empty() { Err(PoolError::NoStudies) } else { Ok(()) }
}

fn check_options<'a>(
    trials: impl Iterator<Item = &'a str>,
    options: &SurvivalOptions,
) -> Result<(), PoolError> {
    check_trial_names(trials)?;
    if !(options.confidence_level > 0.0 && options.confidence_level < 1.0) {
        return Err(PoolError::InvalidLevel { level: options.confidence_level });
    }
    check_times(&options.times)
}

/// Times must be there, finite, above 0 and increase.
pub(crate) fn check_times(times: &[f64]) -> Result<(), PoolError> {
    if times.is_empty() {
        return Err(PoolError::NoTimes);
    }
    let mut previous = 0.0;
    for (index, &time) in times.iter().enumerate() {
        if !time.is_finite() || time <= previous {
            return Err(PoolError::InvalidTimes { index, time });
        }
        previous = time;
    }
    Ok(())
}

/// Longest follow-up of a patient.
fn follow_up_end(trial: &TrialPatients) -> f64 {
    trial.patients.iter().map(|patient| patient.time).fold(0.0, f64::max)
}

/// The DerSimonian-Laird between-trial matrix (Jackson, White & Riley 2013), element by element. An interval that
/// a trial does not cover enters with the mean of the others and a variance of 10¹², as in R `RISCA` and
/// `metaSurvival`: this moves the seventh digit only, but parity is worth it. Elements whose later interval fewer
/// than two trials cover are 0: their formula divides by nearly nothing, and what it gives is negative and
/// truncated to 0 anyway.
fn between_trial_matrix(cells: &[TrialCells], size: usize) -> DMatrix<f64> {
    let covering = |k: usize| cells.iter().filter(move |cell| cell.values.len() > k);
    let columns: Vec<Vec<(f64, f64)>> = (0..size)
        .map(|k| {
            let mean = covering(k).map(|cell| cell.values[k]).sum::<f64>() / covering(k).count() as f64;
            let cell = |cell: &TrialCells| match cell.values.get(k) {
                Some(&value) => (value, cell.variances[k]),
                None => (mean, UNCOVERED_VARIANCE),
            };
            cells.iter().map(cell).collect()
        })
        .collect();
    let mut matrix = DMatrix::zeros(size, size);
    for j in (0..size).filter(|&j| covering(j).count() >= 2) {
        for l in 0..=j {
            let within: Vec<f64> = cells.iter().map(|cell| cell.covariance(j, l)).collect();
            let diagonal = (j == l).then(|| covering(j).count());
            let value = between_trial_element(&columns[j], &columns[l], &within, diagonal);
            matrix[(j, l)] = value;
            matrix[(l, j)] = value;
        }
    }
    matrix
}

/// Σ w (y_j − ȳ_j)(y_l − ȳ_l) / (Σw − Σw²/Σw) with w = 1/√(v_j v_l) and means under the same weights. On the
/// diagonal its expectation under no heterogeneity, (number of trials that cover the interval) − Σ_obs w/Σw, is
/// first taken off; beside it Σ w (1 − w/Σw) c with the covariances c within trials, which are 0 unless figures were
/// read several times.
fn between_trial_element(
    one: &[(f64, f64)],
    other: &[(f64, f64)],
    within: &[f64],
    diagonal: Option<usize>,
) -> f64 {
    let pairs = || one.iter().zip(other).map(|(j, l)| (1.0 / (j.1 * l.1).sqrt(), j.0, l.0));
    let sum: f64 = pairs().map(|(weight, ..)| weight).sum();
    let squares: f64 = pairs().map(|(weight, ..)| weight * weight).sum();
    let mean_j = pairs().map(|(weight, j, _)| weight * j).sum::<f64>() / sum;
    let mean_l = pairs().map(|(weight, _, l)| weight * l).sum::<f64>() / sum;
    let product: f64 = pairs().map(|(weight, j, l)| weight * (j - mean_j) * (l - mean_l)).sum();
    let beside: f64 = pairs()
        .zip(within)
        .map(|((weight, ..), covariance)| weight * (1.0 - weight / sum) * covariance)
        .sum();
    let expected = diagonal.map_or(beside, |covering| {
        let observed =
            one.iter().filter(|cell| cell.1 < UNCOVERED_VARIANCE).map(|cell| 1.0 / cell.1).sum::<f64>();
        covering as f64 - observed / sum
    });
    (product - expected) / (sum - squares / sum)
}

/// β = (ΣWᵢ)⁻¹ ΣWᵢ yᵢ with Wᵢ the inverse of Vᵢ + Σ over the intervals that trial i covers, and its covariance
/// (ΣWᵢ)⁻¹.
fn pool_cells(cells: &[TrialCells], size: usize, between: &DMatrix<f64>) -> Result<PooledCells, PoolError> {
    let mut weights = DMatrix::zeros(size, size);
    let mut weighted = DVector::zeros(size);
    for cell in cells.iter().filter(|cell| !cell.values.is_empty()) {
        let covered = cell.values.len();
        let weight = cell.weight(between)?;
        let values = DVector::from_column_slice(&cell.values);
        let product = &weight * values;
        let mut block = weights.view_mut((0, 0), (covered, covered));
        block += &weight;
        let mut rows = weighted.rows_mut(0, covered);
        rows += &product;
    }
    let covariance =
        inverse_positive_definite(&weights).map_err(|_| computation("the covariance of pooled survival"))?;
    Ok(PooledCells { beta: &covariance * weighted, covariance })
}

/// S(t_j) = ∏ sin² β_l.
fn survival_of(beta: &DVector<f64>) -> Vec<f64> {
    let mut survival = 1.0;
    beta.iter()
        .map(|value| {
            survival *= value.sin().powi(2);
            survival
        })
        .collect()
}

fn points(
    times: &[f64],
    cells: &[TrialCells],
    pooled: &PooledCells,
    quantile: f64,
    findings: &mut Vec<Finding>,
) -> Vec<SurvivalPoint> {
    let gradient: Vec<f64> = pooled.beta.iter().map(|value| 2.0 / value.tan()).collect();
    let survival = survival_of(&pooled.beta);
    let mut points = Vec::with_capacity(times.len());
    for (j, &time) in times.iter().enumerate() {
        let mut variance = 0.0;
        for l in 0..=j {
            for m in 0..=j {
                variance += gradient[l] * gradient[m] * pooled.covariance[(l, m)];
            }
        }
        let reach = quantile * variance.max(0.0).sqrt();
        let upper = survival[j] * reach.exp();
        if upper > 1.0 {
            findings.push(Finding::note(
                "interval-above-one",
                format!("time {time}"),
                format!("the upper limit {upper:.4} of pooled survival is cut at 1"),
            ));
        }
        points.push(SurvivalPoint {
            time,
            survival: survival[j],
            interval: Interval { lower: survival[j] * (-reach).exp(), upper: upper.min(1.0) },
            number_at_risk: cells.iter().filter_map(|cell| cell.number_at_risk.get(j)).sum::<f64>().round()
                as u32,
            trials: cells.iter().filter(|cell| cell.values.len() > j).count() as u32,
            prediction: None,
            tau_squared: None,
        });
    }
    points
}

fn place(options: &SurvivalOptions) -> String {
    if options.id.is_empty() { "pooled survival".to_owned() } else { format!("analysis `{}`", options.id) }
}

/// Events after the last asked time that a trial reaches: they are in no interval, so that the pooled curve
/// does not know of them.
fn unused_events(arms: &[Arm<'_>], cells: &[TrialCells], options: &SurvivalOptions) -> Option<Finding> {
    let unused: Vec<String> = arms
        .iter()
        .zip(cells)
        .filter_map(|(arm, cell)| {
            let last = cell.values.len().checked_sub(1).map_or(0.0, |index| options.times[index]);
            let events = arm.events_after(last);
            (events > 0).then(|| format!("{} ({events} after {last})", arm.trial()))
        })
        .collect();
    (!unused.is_empty()).then(|| {
        Finding::note(
            "events-after-last-time",
            place(options),
            format!(
                "a trial contributes up to the last asked time within its follow-up; later events do not enter: {}",
                unused.join(", ")
            ),
        )
    })
}

fn notes_on_times(options: &SurvivalOptions, reached: usize, cells: &[TrialCells]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let place = place(options);
    if reached < options.times.len() {
        findings.push(Finding::warning(
            "times-beyond-follow-up",
            place.clone(),
            format!("no trial is followed up to {:?}: these times are left out", &options.times[reached..]),
        ));
    }
    let single: Vec<f64> = (0..reached)
        .filter(|&j| cells.iter().filter(|cell| cell.values.len() > j).count() == 1)
        .map(|j| options.times[j])
        .collect();
    if !single.is_empty() && cells.len() > 1 {
        findings.push(Finding::warning(
            "single-trial-times",
            place.clone(),
            format!(
                "only one trial is followed up to {single:?}: no between-trial variance can be added there"
            ),
        ));
    }
    if reached > MANY_INTERVALS {
        findings.push(Finding::warning(
            "many-intervals",
            place,
            format!(
                "{reached} intervals: each interval without an event pulls the curve down a little; ask for at \
                 most {MANY_INTERVALS} times"
            ),
        ));
    }
    findings
}

/// Where the curve through (0, 1) and the points falls to one half, by linear interpolation.
pub(crate) fn interpolated_median(times: &[f64], survival: &[f64]) -> Option<f64> {
    let (mut time, mut level) = (0.0, 1.0);
    for (&next_time, &next_level) in times.iter().zip(survival) {
        if next_level <= 0.5 {
            let share = if level > next_level { (level - 0.5) / (level - next_level) } else { 0.0 };
            return Some(time + share * (next_time - time));
        }
        (time, level) = (next_time, next_level);
    }
    None
}

/// Area under the straight lines from (0, 1) through the points.
fn area_to_last_time(times: &[f64], survival: &[f64]) -> f64 {
    let (mut time, mut level, mut area) = (0.0, 1.0, 0.0);
    for (&next_time, &next_level) in times.iter().zip(survival) {
        area += 0.5 * (level + next_level) * (next_time - time);
        (time, level) = (next_time, next_level);
    }
    area
}

/// Intervals that come from Monte-Carlo draws.
struct SummaryDraws {
    median: (Option<f64>, Option<f64>),
    restricted_mean: Option<Interval>,
}

/// Quantiles of median and restricted mean over draws of β. A limit of the median is absent when it falls among
/// draws that never reach ½.
fn summary_draws(
    times: &[f64],
    pooled: &PooledCells,
    options: &SurvivalOptions,
) -> Result<SummaryDraws, PoolError> {
    if options.median_draws == 0 {
        return Ok(SummaryDraws { median: (None, None), restricted_mean: None });
    }
    let factor =
        cholesky_factor(&pooled.covariance).map_err(|_| computation("the draws of pooled survival"))?;
    let mut stream = random_stream(options.seed, &format!("median of {}", options.id));
    let (mut medians, mut areas) = (Vec::new(), Vec::new());
    for _ in 0..options.median_draws {
        let mut noise = DVector::zeros(times.len());
        for value in noise.iter_mut() {
            *value = standard_normal(&mut stream).map_err(|_| computation("a normal draw"))?;
        }
        let survival = survival_of(&(&pooled.beta + &factor * noise));
        medians.push(interpolated_median(times, &survival).unwrap_or(f64::INFINITY));
        areas.push(area_to_last_time(times, &survival));
    }
    medians.sort_by(f64::total_cmp);
    areas.sort_by(f64::total_cmp);
    let tail = (1.0 - options.confidence_level) / 2.0;
    // Nothing where a limit is infinite.
    let limit = |sorted: &[f64], probability| {
        quantile_of_sorted(sorted, probability).filter(|value| value.is_finite())
    };
    let limits = |sorted: &[f64]| (limit(sorted, tail), limit(sorted, 1.0 - tail));
    let restricted_mean = match limits(&areas) {
        (Some(lower), Some(upper)) => Some(Interval { lower, upper }),
        _ => None,
    };
    Ok(SummaryDraws { median: limits(&medians), restricted_mean })
}

/// Q = Σ (y − β)²/v about the common-effect values; absent with one trial.
fn heterogeneity(cells: &[TrialCells], common: &DVector<f64>) -> Option<SurvivalHeterogeneity> {
    let trials = cells.iter().filter(|cell| !cell.values.is_empty()).count();
    let observed: usize = cells.iter().map(|cell| cell.values.len()).sum();
    if trials < 2 || observed <= trials {
        return None;
    }
    let q = cells
        .iter()
        .flat_map(|cell| cell.values.iter().zip(&cell.variances).zip(common.iter()))
        .map(|((value, variance), beta)| (value - beta).powi(2) / variance)
        .sum::<f64>();
    let degrees_of_freedom = (observed - trials) as u32;
    let h_squared = q / f64::from(degrees_of_freedom);
    let i_squared = if h_squared > 0.0 { (1.0 - 1.0 / h_squared).max(0.0) } else { 0.0 };
    Some(SurvivalHeterogeneity { q, degrees_of_freedom, h_squared, i_squared })
}

#[cfg(test)]
mod tests;
