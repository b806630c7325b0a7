//! Trim and fill.

use kmeta_trial_data::{EffectMeasure, Estimate, Finding, TauSquaredEstimator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::adjusted::Pooling;
use super::input::{FunnelStudy, at_least, check_settings, check_studies, effects, reading_scale};
use super::line::{NoLine, additive};
use crate::PoolError;
use crate::finite_answer::finite_answer;
use crate::meta_regression::tau_squared::residual_tau_squared;
use crate::meta_regression::weighted::Regression;
use crate::meta_regression::{EffectsModel, RegressionInterval};
use crate::model::Effects;

/// Rounds of trimming; more mean that it runs in circles.
const MAX_ROUNDS: u32 = 100;

/// Estimator of the number of missing studies (Duval & Tweedie 2000a).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum MissingStudiesEstimator {
    /// L₀ = [4T − k(k + 1)]/(2k − 1), T the sum of the ranks on the side without missing studies.
    #[default]
    L0,
    /// R₀ = γ − 1, γ the length of the rightmost run of ranks.
    R0,
    /// Q₀ = k − ½ − √(2k² − 4T + ¼).
    Q0,
}

/// The side on which studies may be missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FunnelSide {
    /// By the slope of effects on standard errors in the model of trimming: large effects in small studies mean that small
    /// effects are missing (left), and the other way round.
    #[default]
    Auto,
    /// Small effects are missing.
    Left,
    /// Large effects are missing.
    Right,
}

/// How trim and fill is made. The defaults are those of R `metafor::trimfill(rma(yi, vi))`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrimAndFillOptions {
    /// Scale of the effects.
    pub measure: EffectMeasure,
    /// Estimator of the number of missing studies.
    pub estimator: MissingStudiesEstimator,
    /// Side of the missing studies.
    pub side: FunnelSide,
    /// The model whose mean is the centre while trimming: random as metafor's default, common as R meta's
    /// `ma.common = TRUE`.
    pub trim_with: EffectsModel,
    /// Estimator of the between-study variance, while trimming and of the filled studies.
    pub tau_squared: TauSquaredEstimator,
    /// REML and ML scoring ends once a step of tau-squared is this small; R uses 1e-5.
    pub scoring_threshold: f64,
    /// How the interval of the random-effects mean is made.
    pub interval: RegressionInterval,
    /// Level of intervals, strictly between 0 and 1.
    pub confidence_level: f64,
}

impl Default for TrimAndFillOptions {
    fn default() -> Self {
        Self {
            measure: EffectMeasure::Generic,
            estimator: MissingStudiesEstimator::L0,
            side: FunnelSide::Auto,
            trim_with: EffectsModel::Random,
            tau_squared: TauSquaredEstimator::RestrictedMaximumLikelihood,
            scoring_threshold: 0.0,
            interval: RegressionInterval::Wald,
            confidence_level: 0.95,
        }
    }
}

/// A study that was filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FilledStudy {
    /// The trial that it mirrors.
    pub mirrors: String,
    /// `Filled: ` and the trial's label.
    pub label: String,
    /// The mirrored effect, 2 × centre − effect.
    pub value: f64,
    /// The variance of the mirrored trial.
    pub variance: f64,
}

/// Both pooled effects of a set of studies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledPair {
    /// Studies pooled.
    pub studies: u32,
    /// Common-effect mean.
    pub common: Estimate,
    /// Random-effects mean.
    pub random: Estimate,
    /// Between-study variance.
    pub tau_squared: f64,
    /// Cochran's Q.
    pub q: f64,
}

/// Trim and fill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrimAndFill {
    /// Estimated number of missing studies, k₀; absent where the estimator has no value (Q₀ of a negative number).
    pub missing_studies: Option<u32>,
    /// Its standard error (Duval & Tweedie 2000a).
    pub standard_error: Option<f64>,
    /// p value of no missing study, 2^−(R₀ + 1); with R₀ only.
    pub p_value: Option<f64>,
    /// The side of the missing studies, left or right.
    pub side: FunnelSide,
    /// The centre about which studies are mirrored.
    pub centre: f64,
    /// The studies filled in.
    pub filled: Vec<FilledStudy>,
    /// The studies as observed.
    pub observed: PooledPair,
    /// Observed and filled studies together.
    pub adjusted: PooledPair,
    /// How it was made.
    pub options: TrimAndFillOptions,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}

/// Trim and fill (Duval & Tweedie 2000): trims the most extreme effects until the rest is symmetric about its mean, then
/// adds mirror images of what was trimmed and pools again, as R `metafor::trimfill` and `meta::trimfill` do.
///
/// A sensitivity analysis: it assumes that asymmetry comes from missing studies, and fills in studies that nobody has
/// seen. Formulas: `docs/methods/small-study-effects.md`.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: fewer than three studies, duplicate ids, effects or variances that are
/// not finite, equal standard errors where the side is to be found, Freeman-Tukey effects.
pub fn trim_and_fill(
    studies: &[FunnelStudy],
    options: &TrimAndFillOptions,
) -> Result<TrimAndFill, PoolError> {
    check_settings(options.confidence_level, options.scoring_threshold)?;
    check_studies(studies)?;
    at_least(studies, 3, "trim and fill")?;
    let pooling = Pooling {
        tau_squared: options.tau_squared,
        scoring_threshold: options.scoring_threshold,
        interval: options.interval,
        level: options.confidence_level,
        scale: reading_scale(options.measure)?,
    };
    let funnel = effects(studies);
    let side = side(&funnel, options)?;
    // Turned so that studies are missing on the left.
    let sign = if side == FunnelSide::Right { -1.0 } else { 1.0 };
    let mut order: Vec<usize> = (0..studies.len()).collect();
    order.sort_by(|&one, &two| (sign * funnel.values[one]).total_cmp(&(sign * funnel.values[two])));
    let sorted = Effects {
        values: order.iter().map(|&index| sign * funnel.values[index]).collect(),
        variances: order.iter().map(|&index| funnel.variances[index]).collect(),
    };
    let trimming = trim(&sorted, options)?;
    let count = trimming.missing.unwrap_or(0);
    let filled: Vec<FilledStudy> = (studies.len() - count..studies.len())
        .map(|rank| {
            let mirrored = &studies[order[rank]];
            FilledStudy {
                mirrors: mirrored.trial.clone(),
                label: format!("Filled: {}", mirrored.label),
                value: sign * (2.0 * trimming.centre - sorted.values[rank]),
                variance: mirrored.variance,
            }
        })
        .collect();
    let mut all = funnel.clone();
    all.values.extend(filled.iter().map(|study| study.value));
    all.variances.extend(filled.iter().map(|study| study.variance));
    finite_answer(
        "trim and fill",
        TrimAndFill {
            missing_studies: trimming.missing.map(|missing| missing as u32),
            standard_error: trimming.standard_error,
            p_value: match (options.estimator, trimming.missing) {
                (MissingStudiesEstimator::R0, Some(missing)) => Some(0.5_f64.powi(missing as i32 + 1)),
                _ => None,
            },
            side,
            centre: sign * trimming.centre,
            observed: pair(&funnel, &pooling)?,
            adjusted: pair(&all, &pooling)?,
            findings: findings(&filled, &trimming, options),
            filled,
            options: options.clone(),
        },
    )
}

fn side(funnel: &Effects, options: &TrimAndFillOptions) -> Result<FunnelSide, PoolError> {
    if options.side != FunnelSide::Auto {
        return Ok(options.side);
    }
    let errors: Vec<f64> = funnel.variances.iter().map(|variance| variance.sqrt()).collect();
    let (estimator, threshold) = (options.tau_squared, options.scoring_threshold);
    let line =
        additive(&funnel.values, &funnel.variances, &errors, options.trim_with, estimator, threshold, false)?;
    match line {
        Ok(line) if line.slope.value < 0.0 => Ok(FunnelSide::Right),
        Ok(_) => Ok(FunnelSide::Left),
        Err(NoLine::EqualPredictors | NoLine::PerfectFit) => Err(PoolError::EqualPrecision {
            what: "the side on which studies are missing".to_owned(),
            advice: "choose left or right".to_owned(),
        }),
    }
}

/// Where trimming ends.
struct Trimming {
    missing: Option<usize>,
    standard_error: Option<f64>,
    /// Mean of what is left.
    centre: f64,
    settled: bool,
}

/// Trims the largest effects until the number of missing studies stays the same.
fn trim(sorted: &Effects, options: &TrimAndFillOptions) -> Result<Trimming, PoolError> {
    let k = sorted.len();
    let mut trimmed = 0;
    let mut centre = mean(sorted, k, options)?;
    for _ in 0..MAX_ROUNDS {
        let Some(estimate) = missing_studies(&sorted.values, centre, options.estimator) else {
            return Ok(Trimming { missing: None, standard_error: None, centre, settled: true });
        };
        let missing = estimate.round_ties_even().max(0.0) as usize;
        if missing == trimmed {
            let standard_error = standard_error(k as f64, estimate, options.estimator);
            return Ok(Trimming { missing: Some(missing), standard_error, centre, settled: true });
        }
        // At least two studies are left to take the mean of.
        trimmed = missing.min(k - 2);
        centre = mean(sorted, k - trimmed, options)?;
        if trimmed < missing {
            break;
        }
    }
    let standard_error = standard_error(k as f64, trimmed as f64, options.estimator);
    Ok(Trimming { missing: Some(trimmed), standard_error, centre, settled: false })
}

/// Pooled mean of the smallest `count` effects.
fn mean(sorted: &Effects, count: usize, options: &TrimAndFillOptions) -> Result<f64, PoolError> {
    let kept =
        Effects { values: sorted.values[..count].to_vec(), variances: sorted.variances[..count].to_vec() };
    let tau_squared = match options.trim_with {
        EffectsModel::Common => 0.0,
        EffectsModel::Random => {
            let regression = Regression::mean(&kept.values, &kept.variances);
            residual_tau_squared(&regression, options.tau_squared, options.scoring_threshold)?
        }
    };
    Ok(kept.weighted(tau_squared).mean)
}

/// The estimate of k₀ from the ranks of distances to the centre, not yet rounded.
fn missing_studies(values: &[f64], centre: f64, estimator: MissingStudiesEstimator) -> Option<f64> {
    let k = values.len() as f64;
    // What rounding leaves of equal effects has no side.
    let rounding = 1e-14 * values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let on_a_side = |distance: f64| if distance.abs() <= rounding { 0.0 } else { distance };
    let mut distances: Vec<f64> = values.iter().map(|value| on_a_side(value - centre)).collect();
    if distances.iter().all(|distance| *distance == 0.0) {
        return Some(0.0);
    }
    // Ties keep the order of the effects.
    distances.sort_by(|one, two| one.abs().total_cmp(&two.abs()));
    let ranks = || distances.iter().enumerate().map(|(index, distance)| (index as f64 + 1.0, *distance));
    let right: f64 = ranks().filter(|(_, distance)| *distance > 0.0).map(|(rank, _)| rank).sum();
    let estimate = match estimator {
        MissingStudiesEstimator::L0 => (4.0 * right - k * (k + 1.0)) / (2.0 * k - 1.0),
        MissingStudiesEstimator::R0 => {
            let leftmost =
                ranks().filter(|(_, distance)| *distance < 0.0).map(|(rank, _)| rank).fold(0.0, f64::max);
            k - leftmost - 1.0
        }
        MissingStudiesEstimator::Q0 => k - 0.5 - (2.0 * k * k - 4.0 * right + 0.25).sqrt(),
    };
    Some(estimate).filter(|estimate| estimate.is_finite())
}

/// Standard error of the estimate m before rounding, by way of the variance of T (Duval & Tweedie 2000a). `None` where m is
/// so far below 0 that the approximate variance is as well.
fn standard_error(k: f64, m: f64, estimator: MissingStudiesEstimator) -> Option<f64> {
    let rank_variance = (k * (k + 1.0) * (2.0 * k + 1.0) + 10.0 * m.powi(3) + 27.0 * m * m + 17.0 * m
        - 18.0 * k * m * m
        - 18.0 * k * m
        + 6.0 * k * k * m)
        / 24.0;
    let error = match estimator {
        MissingStudiesEstimator::L0 => 4.0 * rank_variance.sqrt() / (2.0 * k - 1.0),
        MissingStudiesEstimator::R0 => (2.0 * m.max(0.0) + 2.0).sqrt(),
        MissingStudiesEstimator::Q0 => {
            2.0 * rank_variance.sqrt() / ((k - 0.5).powi(2) - m * (2.0 * k - m - 1.0)).sqrt()
        }
    };
    Some(error).filter(|error| error.is_finite())
}

fn pair(studies: &Effects, pooling: &Pooling) -> Result<PooledPair, PoolError> {
    let common = pooling.pool(&studies.values, &studies.variances, EffectsModel::Common)?;
    let random = pooling.pool(&studies.values, &studies.variances, EffectsModel::Random)?;
    Ok(PooledPair {
        studies: studies.len() as u32,
        common: pooling.mean(&common)?,
        random: pooling.mean(&random)?,
        tau_squared: random.heterogeneity.tau_squared,
        q: random.heterogeneity.q,
    })
}

fn findings(filled: &[FilledStudy], trimming: &Trimming, options: &TrimAndFillOptions) -> Vec<Finding> {
    let place = "trim and fill";
    let mut findings = Vec::new();
    if trimming.missing.is_none() {
        findings.push(Finding::warning(
            "trim-and-fill-undefined",
            place,
            "Q0 has no value for these ranks; nothing is filled in: use L0 or R0",
        ));
    }
    if !trimming.settled {
        findings.push(Finding::warning(
            "trim-and-fill-not-settled",
            place,
            "the number of missing studies does not settle, or leaves fewer than two; the last value is given",
        ));
    }
    if !filled.is_empty() {
        findings.push(Finding::note(
            "trim-and-fill-studies",
            place,
            format!(
                "{} studies were filled in by {:?}; nobody has seen them: a sensitivity analysis, which assumes that \
                 asymmetry means missing studies",
                filled.len(),
                options.estimator
            ),
        ));
    }
    findings
}
