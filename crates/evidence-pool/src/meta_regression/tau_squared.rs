//! Estimators of the residual between-study variance in a meta-regression.
//!
//! With P = W − WX(XᵀWX)⁻¹XᵀW the estimators of Viechtbauer 2005 and Raudenbush 2009 keep their form: k − 1 becomes
//! k − p, S₁ − S₂/S₁ becomes tr P, and so on. All are cut at 0.

use kmeta_numerics::distributions::chi_squared_quantile;
use kmeta_numerics::search::{find_minimum, find_root};
use kmeta_trial_data::TauSquaredEstimator;

use super::weighted::{Regression, WeightedFit};
use crate::PoolError;

/// Scoring steps before the bracketing fallback takes over.
const MAX_SCORING_STEPS: u32 = 500;

/// Scoring ends when a step is this small relative to τ² plus the smallest sampling variance.
const STEP_TOLERANCE: f64 = 1e-13;

/// Points per search of the fallback: with 60 points over 12 decades no mode of real data is missed.
const FALLBACK_POINTS: u32 = 60;

/// The estimate; needs more studies than coefficients. Scoring ends at steps of `threshold`, or at machine precision
/// when that is coarser.
pub(crate) fn residual_tau_squared(
    regression: &Regression,
    estimator: TauSquaredEstimator,
    threshold: f64,
) -> Result<f64, PoolError> {
    let df = regression.residual_df();
    let estimate = match estimator {
        TauSquaredEstimator::DerSimonianLaird => {
            let fixed = regression.at(0.0)?;
            (fixed.squares - df) / fixed.trace_p
        }
        TauSquaredEstimator::Hedges => hedges(regression)?,
        TauSquaredEstimator::HunterSchmidt | TauSquaredEstimator::HunterSchmidtCorrected => {
            let fixed = regression.at(0.0)?;
            let k = regression.studies() as f64;
            let corrected = estimator == TauSquaredEstimator::HunterSchmidtCorrected;
            let squares = if corrected { fixed.squares * k / df } else { fixed.squares };
            (squares - k) / fixed.weights.iter().sum::<f64>()
        }
        TauSquaredEstimator::SidikJonkman => sidik_jonkman(regression)?,
        TauSquaredEstimator::PauleMandel | TauSquaredEstimator::EmpiricalBayes => {
            residual_q_root(regression, df)?
        }
        TauSquaredEstimator::MedianUnbiasedPauleMandel => {
            residual_q_root(regression, chi_squared_quantile(0.5, df)?)?
        }
        TauSquaredEstimator::RestrictedMaximumLikelihood => {
            maximize(regression, Likelihood::Restricted, threshold)?
        }
        TauSquaredEstimator::MaximumLikelihood => maximize(regression, Likelihood::Full, threshold)?,
    };
    if estimate.is_finite() {
        Ok(estimate.max(0.0))
    } else {
        Err(PoolError::Computation { what: "the residual between-study variance".to_owned() })
    }
}

/// Variance of the residuals of unweighted least squares less the sampling variances,
/// [Σ r² − Σ v (1 − h)] / (k − p) (Hedges & Olkin 1985).
fn hedges(regression: &Regression) -> Result<f64, PoolError> {
    let plain = regression.weighted(vec![1.0; regression.studies()])?;
    let sampling: f64 = regression
        .variances
        .iter()
        .zip(&plain.leverages)
        .map(|(variance, leverage)| variance * (1.0 - leverage))
        .sum();
    Ok((plain.squares - sampling) / regression.residual_df())
}

/// τ₀² Σ w₀ r²/(k − p) with w₀ = 1/(v + τ₀²) and the crude τ₀² = Σ(y − ȳ)²/k, which moderators do not enter (Sidik &
/// Jonkman 2005, as metafor takes it).
fn sidik_jonkman(regression: &Regression) -> Result<f64, PoolError> {
    let crude = crude_tau_squared(regression);
    if crude == 0.0 {
        return Ok(0.0);
    }
    Ok(crude * regression.at(crude)?.squares / regression.residual_df())
}

/// Σ(y − ȳ)²/k.
fn crude_tau_squared(regression: &Regression) -> f64 {
    let k = regression.studies() as f64;
    let mean = regression.values.iter().sum::<f64>() / k;
    regression.values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / k
}

/// The τ² at which Q_E(τ²) = Σ w (y − Xβ)² falls to `target`; 0 when it starts below. Q_E falls strictly with τ².
pub(crate) fn residual_q_root(regression: &Regression, target: f64) -> Result<f64, PoolError> {
    let excess = |tau_squared: f64| regression.at(tau_squared).map_or(f64::NAN, |fit| fit.squares - target);
    if excess(0.0) <= 0.0 {
        return Ok(0.0);
    }
    let mut upper = sampling_scale(regression);
    while excess(upper) > 0.0 {
        upper *= 4.0;
        if !upper.is_finite() {
            return Err(PoolError::Computation { what: "a root of the residual Q".to_owned() });
        }
    }
    Ok(find_root(excess, 0.0, upper, 0.0)?)
}

/// The mean of the sampling variances.
fn sampling_scale(regression: &Regression) -> f64 {
    regression.variances.iter().sum::<f64>() / regression.studies() as f64
}

/// Which likelihood is maximized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likelihood {
    Full,
    Restricted,
}

/// The log likelihood up to a constant, its derivative times two, and twice its expected information.
struct Profile {
    value: f64,
    score: f64,
    information: f64,
}

impl Likelihood {
    fn at(self, regression: &Regression, tau_squared: f64) -> Result<Profile, PoolError> {
        let fit = regression.at(tau_squared)?;
        let squared_scores: f64 = fit
            .weights
            .iter()
            .zip(&fit.residuals)
            .map(|(weight, residual)| (weight * residual).powi(2))
            .sum();
        Ok(match self {
            Self::Full => Profile {
                value: self.kernel(&fit),
                score: squared_scores - fit.weights.iter().sum::<f64>(),
                information: fit.weights.iter().map(|weight| weight * weight).sum(),
            },
            Self::Restricted => Profile {
                value: self.kernel(&fit),
                score: squared_scores - fit.trace_p,
                information: fit.trace_pp,
            },
        })
    }

    /// ½ [Σ log w − Q_E], less ½ log |XᵀWX| for the restricted likelihood.
    fn kernel(self, fit: &WeightedFit) -> f64 {
        let log_weights: f64 = fit.weights.iter().map(|weight| weight.ln()).sum();
        let penalty = if self == Self::Restricted { fit.log_determinant } else { 0.0 };
        0.5 * (log_weights - penalty - fit.squares)
    }

    /// The log likelihood with its constants: −½ k log 2π, or −½ (k − p) log 2π + ½ log |XᵀX| (Harville 1974).
    pub(crate) fn value(self, regression: &Regression, fit: &WeightedFit) -> Result<f64, PoolError> {
        let log_two_pi = (2.0 * std::f64::consts::PI).ln();
        Ok(match self {
            Self::Full => self.kernel(fit) - 0.5 * regression.studies() as f64 * log_two_pi,
            Self::Restricted => {
                let plain = regression.weighted(vec![1.0; regression.studies()])?;
                self.kernel(fit) - 0.5 * regression.residual_df() * log_two_pi + 0.5 * plain.log_determinant
            }
        })
    }
}

/// Fisher scoring from the Hedges-Olkin estimate with halved steps, a bracketing search where it does not settle, and
/// the likelihood at 0 as the last word: start and end are those of R metafor.
fn maximize(regression: &Regression, likelihood: Likelihood, threshold: f64) -> Result<f64, PoolError> {
    let found = match score_steps(regression, likelihood, threshold)? {
        Some(found) => found,
        None => bracketed_maximum(regression, likelihood)?,
    };
    let at_zero = likelihood.at(regression, 0.0)?.value;
    let zero_is_higher = at_zero >= likelihood.at(regression, found)?.value;
    // Scoring that was asked to end early ends just above 0 where the maximum is 0; R leaves it there.
    let early_end_at_zero = threshold > 0.0 && found <= threshold;
    Ok(if zero_is_higher && !early_end_at_zero { 0.0 } else { found })
}

/// Fisher scoring; `None` when it does not settle.
fn score_steps(
    regression: &Regression,
    likelihood: Likelihood,
    threshold: f64,
) -> Result<Option<f64>, PoolError> {
    let smallest = regression.variances.iter().copied().fold(f64::INFINITY, f64::min);
    let mut tau_squared = hedges(regression)?.max(0.0);
    let mut here = likelihood.at(regression, tau_squared)?;
    for _ in 0..MAX_SCORING_STEPS {
        let mut next_tau_squared = step_within_range(tau_squared, here.score / here.information, threshold);
        let mut next = likelihood.at(regression, next_tau_squared)?;
        let slack = 1e-13 * here.value.abs().max(1.0);
        while next.value < here.value - slack {
            next_tau_squared = 0.5 * (tau_squared + next_tau_squared);
            next = likelihood.at(regression, next_tau_squared)?;
            if (next_tau_squared - tau_squared).abs() <= f64::EPSILON * tau_squared {
                break;
            }
        }
        let step = (next_tau_squared - tau_squared).abs();
        (tau_squared, here) = (next_tau_squared, next);
        if !here.value.is_finite() {
            return Ok(None);
        }
        if step <= threshold.max(STEP_TOLERANCE * (tau_squared + smallest)) {
            return Ok(Some(tau_squared));
        }
    }
    Ok(None)
}

/// τ² after a scoring step. A step beyond 0 ends there, or, when scoring is to end early as in R metafor, is halved until it
/// stays in range, so that the same value just above 0 is found.
fn step_within_range(tau_squared: f64, mut step: f64, threshold: f64) -> f64 {
    if threshold == 0.0 {
        return (tau_squared + step).max(0.0);
    }
    while tau_squared + step < 0.0 {
        step *= 0.5;
    }
    tau_squared + step
}

/// The τ² of a higher maximum of the likelihood than `found`, if there is one.
pub(crate) fn higher_maximum(
    regression: &Regression,
    estimator: TauSquaredEstimator,
    found: f64,
) -> Result<Option<f64>, PoolError> {
    const NOTABLE_GAIN: f64 = 1e-6;
    let likelihood = match estimator {
        TauSquaredEstimator::RestrictedMaximumLikelihood => Likelihood::Restricted,
        TauSquaredEstimator::MaximumLikelihood => Likelihood::Full,
        _ => return Ok(None),
    };
    let other = bracketed_maximum(regression, likelihood)?;
    let gain = likelihood.at(regression, other)?.value - likelihood.at(regression, found)?.value;
    Ok((gain > NOTABLE_GAIN).then_some(other))
}

/// The highest of a logarithmic grid of points, sharpened between its neighbours.
fn bracketed_maximum(regression: &Regression, likelihood: Likelihood) -> Result<f64, PoolError> {
    // Neither likelihood rises beyond the sum of squares about the unweighted line.
    let spread = regression.weighted(vec![1.0; regression.studies()])?.squares;
    let largest = spread.max(sampling_scale(regression));
    let grid: Vec<f64> = (0..=FALLBACK_POINTS)
        .map(|point| largest * 10_f64.powf(12.0 * (f64::from(point) / f64::from(FALLBACK_POINTS) - 1.0)))
        .collect();
    let value =
        |tau_squared: f64| likelihood.at(regression, tau_squared).map_or(f64::NAN, |profile| profile.value);
    let heights: Vec<f64> = grid.iter().map(|&tau_squared| value(tau_squared)).collect();
    let best = (0..grid.len()).max_by(|&one, &two| heights[one].total_cmp(&heights[two])).unwrap_or(0);
    let lower = if best == 0 { 0.0 } else { grid[best - 1] };
    let upper = grid[(best + 1).min(grid.len() - 1)];
    let score =
        |tau_squared: f64| likelihood.at(regression, tau_squared).map_or(f64::NAN, |profile| profile.score);
    match find_root(score, lower, upper, 0.0) {
        Ok(root) => Ok(root),
        Err(_) => Ok(find_minimum(|tau_squared| -value(tau_squared), lower, upper)?),
    }
}

/// Standard error of the estimate: from the expected information of the likelihood (ML, REML), from the variance of the
/// quadratic form behind the moment estimators and SJ, or √(2/(k − p)) k/Σw (PM, which is empirical Bayes; Morris 1983).
pub(crate) fn tau_squared_error(
    regression: &Regression,
    estimator: TauSquaredEstimator,
    fit: &WeightedFit,
    tau_squared: f64,
) -> Result<Option<f64>, PoolError> {
    Ok(match estimator {
        TauSquaredEstimator::RestrictedMaximumLikelihood => Some((2.0 / fit.trace_pp).sqrt()),
        TauSquaredEstimator::MaximumLikelihood => {
            Some((2.0 / fit.weights.iter().map(|weight| weight * weight).sum::<f64>()).sqrt())
        }
        TauSquaredEstimator::DerSimonianLaird => {
            let fixed = regression.at(0.0)?;
            let variance = 2.0 * regression.residual_df()
                + 4.0 * tau_squared * fixed.trace_p
                + 2.0 * tau_squared * tau_squared * fixed.trace_pp;
            Some(variance.sqrt() / fixed.trace_p)
        }
        TauSquaredEstimator::HunterSchmidt | TauSquaredEstimator::HunterSchmidtCorrected => {
            let fixed = regression.at(0.0)?;
            let (k, df) = (regression.studies() as f64, regression.residual_df());
            let variance =
                2.0 * df + 4.0 * tau_squared * fixed.trace_p + 2.0 * tau_squared.powi(2) * fixed.trace_pp;
            let corrected = estimator == TauSquaredEstimator::HunterSchmidtCorrected;
            let scale = if corrected { k / df } else { 1.0 };
            Some(scale * variance.sqrt() / fixed.weights.iter().sum::<f64>())
        }
        TauSquaredEstimator::Hedges => {
            let plain = regression.weighted(vec![1.0; regression.studies()])?;
            Some(quadratic_form_error(regression, &plain, tau_squared) / regression.residual_df())
        }
        TauSquaredEstimator::SidikJonkman => {
            let crude = crude_tau_squared(regression);
            let error = quadratic_form_error(regression, &regression.at(crude)?, tau_squared);
            Some(crude * error / regression.residual_df())
        }
        TauSquaredEstimator::PauleMandel
        | TauSquaredEstimator::EmpiricalBayes
        | TauSquaredEstimator::MedianUnbiasedPauleMandel => {
            let k = regression.studies() as f64;
            Some(k * (2.0 / regression.residual_df()).sqrt() / fit.weights.iter().sum::<f64>())
        }
    })
}

/// Standard deviation of yᵀPy, √(2 tr PΣPΣ) with Σ = diag(v + τ²): with d = w(v + τ²) and C = (XᵀWX)⁻¹ the trace is
/// Σ d²(1 − 2h) + tr (C XᵀW diag(d) X)².
fn quadratic_form_error(regression: &Regression, fit: &WeightedFit, tau_squared: f64) -> f64 {
    let spreads: Vec<f64> = fit
        .weights
        .iter()
        .zip(&regression.variances)
        .map(|(weight, variance)| weight * (variance + tau_squared))
        .collect();
    let own: f64 = spreads
        .iter()
        .zip(&fit.leverages)
        .map(|(spread, leverage)| spread * spread * (1.0 - 2.0 * leverage))
        .sum();
    let mut scaled = regression.design.clone();
    for (row, (weight, spread)) in fit.weights.iter().zip(&spreads).enumerate() {
        scaled.row_mut(row).scale_mut(weight * spread);
    }
    let inner = &fit.inverse_information * regression.design.tr_mul(&scaled);
    (2.0 * (own + (&inner * &inner).trace())).sqrt()
}
