//! The distribution-free summary survival curve of Combescure, Foucher & Jackson 2014 (Stat Med 33:2521,
//! doi 10.1002/sim.6111).
//!
//! Survival at the asked times t₁ < … < t_P is a product of conditional survivals. Trial i gives for each
//! interval (t_{j−1}, t_j] that its follow-up covers the arcsine-transformed conditional survival y_ij with
//! variance v_ij = 1/(4(n_ij + ½)). The vectors y_i are pooled by the multivariate random-effects model of
//! Jackson, White & Riley 2013 with a DerSimonian-Laird between-trial matrix, and S(t_j) = ∏ sin² β_l.

use kmeta_numerics::distributions::normal_quantile;
use kmeta_numerics::linear::{cholesky_factor, inverse_positive_definite, truncate_negative_eigenvalues};
use kmeta_numerics::streams::{random_stream, standard_normal};
use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::{
    Finding, Interval, PooledSurvival, SurvivalHeterogeneity, SurvivalPoint, TrialSurvival,
};
use nalgebra::{DMatrix, DVector};

use crate::{PoolError, SurvivalOptions, TrialPatients};

/// With more intervals than this, the correction of empty intervals pulls the curve down visibly.
const MANY_INTERVALS: usize = 20;

/// One trial's conditional survivals, on the arcsine scale, for the first intervals that it covers.
#[derive(Debug, Clone)]
struct TrialCells {
    /// y_ij = asin √((n q + ¼)/(n + ½)) with q the conditional survival of the interval.
    values: Vec<f64>,
    /// v_ij = 1/(4(n + ½)).
    variances: Vec<f64>,
    /// Patients at risk at the start of each interval.
    number_at_risk: Vec<u32>,
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
    check_options(trials, options)?;
    let fits = trials.iter().map(fit_trial).collect::<Result<Vec<_>, _>>()?;
    let cells: Vec<TrialCells> =
        trials.iter().zip(&fits).map(|(trial, fit)| trial_cells(trial, fit, &options.times)).collect();
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
    let random_points = points(times, &cells, &random, quantile, &mut findings);
    let common_points = points(times, &cells, &common, quantile, &mut Vec::new());
    let survival: Vec<f64> = random_points.iter().map(|point| point.survival).collect();
    let (median_lower, median_upper) = median_interval(times, &random, options)?;
    Ok(PooledSurvival {
        id: options.id.clone(),
        title: options.title.clone(),
        time_unit: options.time_unit,
        confidence_level: options.confidence_level,
        median: interpolated_median(times, &survival),
        median_lower,
        median_upper,
        median_draws: options.median_draws,
        seed: options.seed,
        heterogeneity: heterogeneity(&cells, &common.beta),
        random: random_points,
        common: common_points,
        trials: trials.iter().zip(&fits).map(|(trial, fit)| trial_survival(trial, fit)).collect(),
        findings,
    })
}

fn computation(what: &str) -> PoolError {
    PoolError::Computation { what: what.to_owned() }
}

fn check_options(trials: &[TrialPatients], options: &SurvivalOptions) -> Result<(), PoolError> {
    if trials.is_empty() {
        return Err(PoolError::NoStudies);
    }
    for (index, trial) in trials.iter().enumerate() {
        if trials[..index].iter().any(|other| other.trial == trial.trial) {
            return Err(PoolError::DuplicateTrial { trial: trial.trial.clone() });
        }
    }
    if !(options.confidence_level > 0.0 && options.confidence_level < 1.0) {
        return Err(PoolError::InvalidLevel { level: options.confidence_level });
    }
    if options.times.is_empty() {
        return Err(PoolError::NoTimes);
    }
    let mut previous = 0.0;
    for (index, &time) in options.times.iter().enumerate() {
        if !time.is_finite() || time <= previous {
            return Err(PoolError::InvalidTimes { index, time });
        }
        previous = time;
    }
    Ok(())
}

fn fit_trial(trial: &TrialPatients) -> Result<KaplanMeier, PoolError> {
    KaplanMeier::fit(&trial.patients)
        .map_err(|source| PoolError::Patients { trial: trial.trial.clone(), source })
}

/// Longest follow-up of a patient.
fn follow_up_end(trial: &TrialPatients) -> f64 {
    trial.patients.iter().map(|patient| patient.time).fold(0.0, f64::max)
}

fn trial_cells(trial: &TrialPatients, fit: &KaplanMeier, times: &[f64]) -> TrialCells {
    let end = follow_up_end(trial);
    let mut cells = TrialCells { values: Vec::new(), variances: Vec::new(), number_at_risk: Vec::new() };
    let (mut start, mut survival_at_start) = (0.0, 1.0);
    for (index, &time) in times.iter().enumerate() {
        // Patients whose follow-up ends at the start of the interval belong to the one before it.
        let at_risk = trial.patients.iter().filter(|patient| index == 0 || patient.time > start).count();
        if end < time || survival_at_start <= 0.0 || at_risk == 0 {
            break;
        }
        let survival = fit.survival_at(time);
        let conditional = (survival / survival_at_start).clamp(0.0, 1.0);
        let count = at_risk as f64;
        cells.values.push(((count * conditional + 0.25) / (count + 0.5)).sqrt().asin());
        cells.variances.push(0.25 / (count + 0.5));
        cells.number_at_risk.push(at_risk as u32);
        (start, survival_at_start) = (time, survival);
    }
    cells
}

/// The DerSimonian-Laird between-trial matrix (Jackson, White & Riley 2013), element by element from the
/// trials that cover both intervals. Elements that fewer than two trials cover are 0.
fn between_trial_matrix(cells: &[TrialCells], size: usize) -> DMatrix<f64> {
    let mut matrix = DMatrix::zeros(size, size);
    for j in 0..size {
        for l in 0..=j {
            let covering: Vec<&TrialCells> = cells.iter().filter(|cell| cell.values.len() > j).collect();
            if covering.len() < 2 {
                continue;
            }
            let weight = |cell: &TrialCells| 1.0 / (cell.variances[j] * cell.variances[l]).sqrt();
            let sum: f64 = covering.iter().map(|cell| weight(cell)).sum();
            let squares: f64 = covering.iter().map(|cell| weight(cell).powi(2)).sum();
            let mean =
                |k: usize| covering.iter().map(|cell| weight(cell) * cell.values[k]).sum::<f64>() / sum;
            let (mean_j, mean_l) = (mean(j), mean(l));
            let product: f64 = covering
                .iter()
                .map(|cell| weight(cell) * (cell.values[j] - mean_j) * (cell.values[l] - mean_l))
                .sum();
            let expected = if j == l { covering.len() as f64 - 1.0 } else { 0.0 };
            let value = (product - expected) / (sum - squares / sum);
            matrix[(j, l)] = value;
            matrix[(l, j)] = value;
        }
    }
    matrix
}

/// β = (ΣWᵢ)⁻¹ ΣWᵢ yᵢ with Wᵢ the inverse of Vᵢ + Σ over the intervals that trial i covers, and its covariance
/// (ΣWᵢ)⁻¹.
fn pool_cells(cells: &[TrialCells], size: usize, between: &DMatrix<f64>) -> Result<PooledCells, PoolError> {
    let mut weights = DMatrix::zeros(size, size);
    let mut weighted = DVector::zeros(size);
    for cell in cells.iter().filter(|cell| !cell.values.is_empty()) {
        let covered = cell.values.len();
        let mut variance: DMatrix<f64> = between.view((0, 0), (covered, covered)).into_owned();
        for (j, value) in cell.variances.iter().enumerate() {
            variance[(j, j)] += value;
        }
        let weight =
            inverse_positive_definite(&variance).map_err(|_| computation("a trial's weight matrix"))?;
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
            number_at_risk: cells.iter().filter_map(|cell| cell.number_at_risk.get(j)).sum(),
            trials: cells.iter().filter(|cell| cell.values.len() > j).count() as u32,
        });
    }
    points
}

fn notes_on_times(options: &SurvivalOptions, reached: usize, cells: &[TrialCells]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let place = format!("analysis `{}`", options.id);
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
fn interpolated_median(times: &[f64], survival: &[f64]) -> Option<f64> {
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

/// Quantiles of the median over draws of β. A limit is absent when it falls among draws that never reach ½.
fn median_interval(
    times: &[f64],
    pooled: &PooledCells,
    options: &SurvivalOptions,
) -> Result<(Option<f64>, Option<f64>), PoolError> {
    if options.median_draws == 0 {
        return Ok((None, None));
    }
    let factor =
        cholesky_factor(&pooled.covariance).map_err(|_| computation("the draws of pooled survival"))?;
    let mut stream = random_stream(options.seed, &format!("median of {}", options.id));
    let mut medians = Vec::with_capacity(options.median_draws as usize);
    for _ in 0..options.median_draws {
        let mut noise = DVector::zeros(times.len());
        for value in noise.iter_mut() {
            *value = standard_normal(&mut stream).map_err(|_| computation("a normal draw"))?;
        }
        let beta = &pooled.beta + &factor * noise;
        medians.push(interpolated_median(times, &survival_of(&beta)).unwrap_or(f64::INFINITY));
    }
    medians.sort_by(f64::total_cmp);
    let tail = (1.0 - options.confidence_level) / 2.0;
    Ok((quantile_of_sorted(&medians, tail), quantile_of_sorted(&medians, 1.0 - tail)))
}

/// R's default quantile (type 7; Hyndman & Fan 1996); nothing when it is infinite.
fn quantile_of_sorted(sorted: &[f64], probability: f64) -> Option<f64> {
    let position = probability * (sorted.len() - 1) as f64;
    let (below, share) = (position.floor() as usize, position.fract());
    let lower = *sorted.get(below)?;
    let upper = *sorted.get(below + 1).unwrap_or(&lower);
    let value = if share == 0.0 { lower } else { lower + share * (upper - lower) };
    value.is_finite().then_some(value)
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

fn trial_survival(trial: &TrialPatients, fit: &KaplanMeier) -> TrialSurvival {
    TrialSurvival {
        trial: trial.trial.clone(),
        label: trial.label.clone(),
        curve: fit.curve(),
        follow_up_end: follow_up_end(trial),
        patients: trial.patients.len() as u32,
        events: trial.patients.iter().filter(|patient| patient.event).count() as u32,
        median: fit.median(),
        provenance: trial.provenance.clone(),
    }
}
