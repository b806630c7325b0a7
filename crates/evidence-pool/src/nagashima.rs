//! Prediction interval from the confidence distribution of τ² (Nagashima, Noma & Furukawa 2019).

use std::collections::HashSet;

use kmeta_numerics::piecewise::Piecewise;
use kmeta_numerics::search::find_root;
use kmeta_numerics::streams::{random_stream, standard_normal, uniform};
use kmeta_trial_data::{EffectEstimate, EffectMeasure, Finding, Interval, TauSquaredEstimator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::PoolError;
use crate::finite_answer::finite_answer;
use crate::measure::Scale;
use crate::model::quadratic_form::{distribution, weighted_squares};
use crate::model::sums::Group;
use crate::model::{Effects, ModelOptions, two_sided_normal};
use crate::pool::check_effect;
use crate::tau_squared::estimate_tau_squared;

/// Fewer studies leave no prediction interval.
const MIN_STUDIES: usize = 3;

/// Fewer draws cannot place a limit.
const MIN_DRAWS: u32 = 100;

/// The distribution function of Q is followed down to exp(−38), below the smallest uniform draw.
const DEPTH: f64 = 38.0;

/// Largest error of its interpolated logarithm.
const TOLERANCE: f64 = 1e-9;

/// How the interval is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NagashimaOptions {
    /// Identifier of the analysis.
    pub id: String,
    /// Level of both intervals, strictly between 0 and 1.
    pub confidence_level: f64,
    /// Number of bootstrap draws, at least 100.
    pub draws: u32,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for NagashimaOptions {
    fn default() -> Self {
        Self { id: String::new(), confidence_level: 0.95, draws: 25_000, seed: 0 }
    }
}

/// A bootstrap interval on both scales, with the Monte-Carlo error of its limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BootstrapInterval {
    /// On the analysis scale.
    pub interval: Interval,
    /// On the reading scale.
    pub shown_interval: Interval,
    /// Monte-Carlo standard errors of the lower and the upper limit, on the analysis scale.
    pub monte_carlo_errors: [f64; 2],
}

/// Prediction and confidence interval of Nagashima, Noma & Furukawa 2019.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NagashimaPrediction {
    /// Identifier of the analysis.
    pub id: String,
    /// Analysis scale.
    pub measure: EffectMeasure,
    /// Number of studies.
    pub studies: u32,
    /// Level of both intervals.
    pub confidence_level: f64,
    /// The random-effects mean with the DerSimonian-Laird τ².
    pub mean: f64,
    /// The same on the reading scale.
    pub shown_mean: f64,
    /// The DerSimonian-Laird estimate.
    pub tau_squared: f64,
    /// Cochran's Q.
    pub q: f64,
    /// The confidence distribution's probability of τ² = 0, which is the p value of Q.
    pub probability_of_zero: f64,
    /// Interval of a new study's effect; absent where all effects are equal.
    pub prediction: Option<BootstrapInterval>,
    /// Interval of the mean from the same draws; absent where all effects are equal.
    pub confidence: Option<BootstrapInterval>,
    /// Number of draws.
    pub draws: u32,
    /// Seed of the draws.
    pub seed: u64,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}

/// The bootstrap prediction interval of Nagashima K, Noma H, Furukawa TA (Stat Methods Med Res 2019;28:1689,
/// algorithm 1; R `pimeta::pima(method = "boot")`), whose coverage holds with few studies.
///
/// Each draw takes τ² from its confidence distribution H(τ²) = P(Q > q; τ²), with Q's exact distribution, then
/// θ = μ̄ + z τ − t √(Σw(y − μ̄)² / ((k − 1) Σw)) with w = 1/(v + τ²), z normal and t Student with k − 1 degrees of
/// freedom. The limits are quantiles of θ; without z τ they are those of the mean.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: fewer than three studies, duplicate ids, effects or
/// variances that are not finite, a variance of 0 or below, mixed measures, Freeman-Tukey values, an impossible
/// level, fewer than 100 draws.
pub fn nagashima_prediction(
    effects: &[EffectEstimate],
    options: &NagashimaOptions,
) -> Result<NagashimaPrediction, PoolError> {
    let measure = check(effects, options)?;
    let studies = Effects {
        values: effects.iter().map(|effect| effect.value).collect(),
        variances: effects.iter().map(|effect| effect.variance).collect(),
    };
    let scale = Scale { measure, size: 1.0 };
    let tau_squared = estimate_tau_squared(&studies, TauSquaredEstimator::DerSimonianLaird, 0.0)?;
    let (mean, _) = mean_and_error(studies.group(), tau_squared);
    let distribution = ConfidenceDistribution::new(studies.group())?;
    let mut findings = Vec::new();
    let settings =
        Draws { count: options.draws, seed: options.seed, confidence_level: options.confidence_level };
    let intervals = match distribution.q > 0.0 {
        true => Some(draw(studies.group(), &distribution, settings)?),
        false => {
            let place = if options.id.is_empty() {
                "analysis".to_owned()
            } else {
                format!("analysis `{}`", options.id)
            };
            findings.push(Finding::warning(
                "prediction-degenerate",
                place,
                "all effects are equal, so that the bootstrap interval would have no width: use another method",
            ));
            None
        }
    };
    if !(mean.is_finite() && distribution.q.is_finite()) {
        return Err(PoolError::Computation { what: "a pooled mean (effects are too extreme)".to_owned() });
    }
    finite_answer(
        "a prediction interval",
        NagashimaPrediction {
            id: options.id.clone(),
            measure,
            studies: effects.len() as u32,
            confidence_level: options.confidence_level,
            mean,
            shown_mean: scale.shown(mean),
            tau_squared,
            q: distribution.q,
            probability_of_zero: 1.0 - distribution.lower_at_zero,
            prediction: intervals.map(|(prediction, _)| prediction.shown(scale)),
            confidence: intervals.map(|(_, confidence)| confidence.shown(scale)),
            draws: options.draws,
            seed: options.seed,
            findings,
        },
    )
}

fn check(effects: &[EffectEstimate], options: &NagashimaOptions) -> Result<EffectMeasure, PoolError> {
    two_sided_normal(options.confidence_level)?;
    check_draws(options.draws)?;
    let measure = effects.first().ok_or(PoolError::NoStudies)?.measure;
    let mut seen = HashSet::new();
    for effect in effects {
        check_effect(effect, measure)?;
        if !seen.insert(effect.trial.as_str()) {
            return Err(PoolError::DuplicateTrial { trial: effect.trial.clone() });
        }
    }
    if effects.len() < MIN_STUDIES {
        let what = "a prediction interval".to_owned();
        return Err(PoolError::TooFewStudies { found: effects.len(), needed: MIN_STUDIES, what });
    }
    Ok(measure)
}

/// How many draws, from which seed, for which level.
#[derive(Debug, Clone, Copy)]
struct Draws {
    count: u32,
    seed: u64,
    confidence_level: f64,
}

/// Central quantiles of draws, on the analysis scale.
#[derive(Debug, Clone, Copy)]
struct Quantiles {
    interval: Interval,
    monte_carlo_errors: [f64; 2],
}

impl Quantiles {
    fn shown(self, scale: Scale) -> BootstrapInterval {
        let Interval { lower, upper } = self.interval;
        BootstrapInterval {
            interval: self.interval,
            shown_interval: Interval { lower: scale.shown(lower), upper: scale.shown(upper) },
            monte_carlo_errors: self.monte_carlo_errors,
        }
    }
}

/// Refuses a number of draws that cannot place a limit.
///
/// # Errors
/// [`PoolError::TooFewDraws`].
pub(crate) fn check_draws(draws: u32) -> Result<(), PoolError> {
    if draws < MIN_DRAWS { Err(PoolError::TooFewDraws { draws, needed: MIN_DRAWS }) } else { Ok(()) }
}

/// The prediction interval by the draws of the options; absent where all effects are equal.
pub(crate) fn bootstrap_prediction(
    studies: Group<'_>,
    options: &ModelOptions,
) -> Result<Option<Interval>, PoolError> {
    let distribution = ConfidenceDistribution::new(studies)?;
    if distribution.q <= 0.0 {
        return Ok(None);
    }
    let draws = Draws {
        count: options.prediction_draws,
        seed: options.prediction_seed,
        confidence_level: options.confidence_level,
    };
    Ok(Some(draw(studies, &distribution, draws)?.0.interval))
}

/// Σwy/Σw and √(Σw(y − μ̄)² / ((k − 1) Σw)) with w = 1/(v + τ²).
fn mean_and_error(studies: Group<'_>, tau_squared: f64) -> (f64, f64) {
    let (mut total, mut sum) = (0.0, 0.0);
    for (value, variance) in studies.values.iter().zip(studies.variances) {
        let weight = 1.0 / (variance + tau_squared);
        total += weight;
        sum += weight * value;
    }
    let mean = sum / total;
    let squares: f64 = studies
        .values
        .iter()
        .zip(studies.variances)
        .map(|(value, variance)| (value - mean).powi(2) / (variance + tau_squared))
        .sum();
    (mean, (squares / (total * (studies.values.len() - 1) as f64)).sqrt())
}

/// Draws new effects and means, and takes the quantiles of both.
fn draw(
    studies: Group<'_>,
    distribution: &ConfidenceDistribution,
    draws: Draws,
) -> Result<(Quantiles, Quantiles), PoolError> {
    let mut stream = random_stream(draws.seed, "nagashima-prediction");
    let df = (studies.values.len() - 1) as f64;
    let mut new_effects = Vec::with_capacity(draws.count as usize);
    let mut means = Vec::with_capacity(draws.count as usize);
    for _ in 0..draws.count {
        let tau_squared = distribution.quantile(uniform(&mut stream))?;
        let z = standard_normal(&mut stream)?;
        // Bailey RW, Math Comp 1994;62:779, equation 5: an exact t draw from two uniform ones.
        let (one, two) = (uniform(&mut stream), uniform(&mut stream));
        let t = (df * (one.powf(-2.0 / df) - 1.0)).sqrt() * (std::f64::consts::TAU * two).cos();
        let (mean, error) = mean_and_error(studies, tau_squared);
        means.push(mean - t * error);
        new_effects.push(mean - t * error + z * tau_squared.sqrt());
    }
    let level = draws.confidence_level;
    Ok((quantiles(new_effects, level)?, quantiles(means, level)?))
}

/// The central interval of draws. Quantiles interpolate as R's default (type 7) does; their standard error is
/// half the distance between the draws one binomial standard deviation to either side.
fn quantiles(mut draws: Vec<f64>, confidence_level: f64) -> Result<Quantiles, PoolError> {
    draws.sort_by(f64::total_cmp);
    let last = draws.len() - 1;
    let at = |place: f64| {
        let place = place.clamp(0.0, last as f64);
        let below = place.floor() as usize;
        draws[below] + (place - below as f64) * (draws[(below + 1).min(last)] - draws[below])
    };
    let limit = |probability: f64| {
        let place = probability * last as f64;
        let spread = (draws.len() as f64 * probability * (1.0 - probability)).sqrt();
        (at(place), 0.5 * (at(place + spread) - at(place - spread)))
    };
    let (lower, lower_error) = limit(0.5 - confidence_level / 2.0);
    let (upper, upper_error) = limit(0.5 + confidence_level / 2.0);
    if [lower, upper, lower_error, upper_error].iter().all(|value| value.is_finite()) {
        Ok(Quantiles { interval: Interval { lower, upper }, monte_carlo_errors: [lower_error, upper_error] })
    } else {
        Err(PoolError::Computation { what: "a prediction interval (effects are too extreme)".to_owned() })
    }
}

/// H(τ²) = P(Q > q; τ²), with ln P(Q ≤ q; τ²) interpolated in u, τ² = s sinh u.
struct ConfidenceDistribution {
    q: f64,
    /// P(Q ≤ q) at τ² = 0.
    lower_at_zero: f64,
    scale: f64,
    end: f64,
    /// Absent where Q is 0: H is then 1 everywhere.
    logarithm: Option<Piecewise<1>>,
}

impl ConfidenceDistribution {
    fn new(studies: Group<'_>) -> Result<Self, PoolError> {
        let strata = [studies];
        let scale = studies.variances.iter().sum::<f64>() / studies.variances.len() as f64;
        let q = weighted_squares(&strata, 1.0);
        let lower = |tau_squared: f64| distribution(&strata, 1.0, tau_squared, q);
        let lower_at_zero = if q > 0.0 { lower(0.0) } else { 0.0 };
        // Rounding leaves a tiny Q where all effects are equal.
        if lower_at_zero <= (-DEPTH).exp() {
            return Ok(Self { q: 0.0, lower_at_zero: 0.0, scale, end: 0.0, logarithm: None });
        }
        let at = |u: f64| lower(scale * u.sinh()).ln();
        let mut end = 1.0;
        while at(end) > -DEPTH {
            end *= 1.25;
        }
        let logarithm = match at(end).is_nan() {
            true => None,
            false => Piecewise::new(&[0.0, 0.5 * end, end], TOLERANCE, |u| ([at(u)], ())).ok(),
        };
        let Some(logarithm) = logarithm.filter(|_| lower_at_zero.is_finite() && scale.is_finite()) else {
            return Err(PoolError::Computation {
                what: "the confidence distribution of tau-squared (effects or variances are too extreme)"
                    .to_owned(),
            });
        };
        Ok(Self { q, lower_at_zero, scale, end, logarithm: Some(logarithm) })
    }

    /// The τ² with H(τ²) = probability; 0 where H(0) is already larger.
    fn quantile(&self, probability: f64) -> Result<f64, PoolError> {
        let below = 1.0 - probability;
        let Some(logarithm) = self.logarithm.as_ref().filter(|_| below < self.lower_at_zero) else {
            return Ok(0.0);
        };
        let target = below.ln();
        let distance = |u: f64| logarithm.value(u)[0] - target;
        if distance(0.0) <= 0.0 {
            return Ok(0.0);
        }
        Ok(self.scale * find_root(distance, 0.0, self.end, 1e-13)?.sinh())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use kmeta_numerics::quadratic_form::chi_squared_combination;
    use nalgebra::{DMatrix, SymmetricEigen};

    fn example() -> Effects {
        Effects {
            values: vec![0.1, 0.5, 0.9, -0.3, 0.2, 0.7],
            variances: vec![0.001, 0.3, 0.02, 4.0, 0.05, 0.05],
        }
    }

    /// The eigenvalues of S^(1/2) A S^(1/2), with A = W − ww'/Σw and S the variances of the effects.
    fn eigenvalues(studies: &Effects, tau_squared: f64) -> Vec<f64> {
        let k = studies.values.len();
        let weights: Vec<f64> = studies.variances.iter().map(|variance| 1.0 / variance).collect();
        let total: f64 = weights.iter().sum();
        let root = |index: usize| (studies.variances[index] + tau_squared).sqrt();
        let matrix = DMatrix::from_fn(k, k, |row, column| {
            let diagonal = if row == column { weights[row] } else { 0.0 };
            root(row) * (diagonal - weights[row] * weights[column] / total) * root(column)
        });
        let mut values: Vec<f64> = SymmetricEigen::new(matrix).eigenvalues.iter().copied().collect();
        values.sort_by(f64::total_cmp);
        values.split_off(1)
    }

    /// Two inversions that share nothing: eigenvalues of a matrix and a parabola here, a determinant and a
    /// hyperbola there.
    #[test]
    fn distribution_of_q_equals_that_of_its_eigenvalues() {
        let studies = example();
        for tau_squared in [0.0, 0.001, 0.1, 1.0, 50.0] {
            let values = eigenvalues(&studies, tau_squared);
            for q in [0.1, 2.0, 5.0, 20.0, 300.0, 5e4] {
                let found = distribution(&[studies.group()], 1.0, tau_squared, q);
                let expected = chi_squared_combination(q, &values, &[1.0; 5]).unwrap().lower;
                assert_relative_eq!(found, expected, max_relative = 1e-9, epsilon = 0.0);
            }
        }
    }

    /// With equal variances Q/(1 + τ²/v) is chi-squared, so that quantiles of τ² have a closed form.
    #[test]
    fn equal_variances_in_closed_form() {
        let studies = Effects { values: vec![0.0, 1.0, 2.0, 3.5, -1.0], variances: vec![0.25; 5] };
        let distribution = ConfidenceDistribution::new(studies.group()).unwrap();
        for probability in [1e-6, 0.01, 0.3, 0.5, 0.9, 0.999, 1.0 - 1e-9] {
            let found = distribution.quantile(probability).unwrap();
            let quantile =
                kmeta_numerics::distributions::chi_squared_quantile(1.0 - probability, 4.0).unwrap();
            let expected = (0.25 * (distribution.q / quantile - 1.0)).max(0.0);
            assert_relative_eq!(found, expected, max_relative = 1e-7, epsilon = 1e-9);
        }
    }
}
