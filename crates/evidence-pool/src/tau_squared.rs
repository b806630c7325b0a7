//! Estimators of the between-study variance τ², each in a number of operations proportional to the number of
//! studies.
//!
//! Notation: w = 1/(v + τ²), μ = Σwy/Σw, S_j = Σw^j. All estimates are cut at 0. References: DerSimonian &
//! Laird 1986; Paule & Mandel 1982; Viechtbauer 2005 (ML and REML scoring); Veroniki et al. 2016.

use kmeta_numerics::search::{find_minimum, find_root};
use kmeta_trial_data::TauSquaredEstimator;

use crate::PoolError;
use crate::model::Effects;

/// Scoring steps before the bracketing fallback takes over. Scoring usually needs fewer than fifty.
const MAX_SCORING_STEPS: u32 = 500;

/// Scoring ends when a step is this small relative to τ² plus the smallest sampling variance, so that the
/// estimate holds at least ten digits (R's own default of 1e-5 absolute shows in the fourth).
const STEP_TOLERANCE: f64 = 1e-13;

/// Points per search of the fallback: with 60 points over 12 decades no mode of real data is missed.
const FALLBACK_POINTS: u32 = 60;

/// The estimate; needs at least two studies. Scoring ends at steps of `threshold`, or at machine precision when
/// that is coarser.
pub(crate) fn estimate_tau_squared(
    effects: &Effects,
    estimator: TauSquaredEstimator,
    threshold: f64,
) -> Result<f64, PoolError> {
    let estimate = match estimator {
        TauSquaredEstimator::DerSimonianLaird => der_simonian_laird(effects),
        TauSquaredEstimator::PauleMandel => generalized_q_root(effects, (effects.len() - 1) as f64)?,
        TauSquaredEstimator::RestrictedMaximumLikelihood => {
            maximize(effects, Likelihood::Restricted, threshold)?
        }
        TauSquaredEstimator::MaximumLikelihood => maximize(effects, Likelihood::Full, threshold)?,
    };
    if estimate.is_finite() {
        Ok(estimate)
    } else {
        Err(PoolError::Computation { what: "the between-study variance".to_owned() })
    }
}

/// (Q − (k − 1)) / (S₁ − S₂/S₁) at τ² = 0.
fn der_simonian_laird(effects: &Effects) -> f64 {
    let fixed = effects.weighted(0.0);
    let squared: f64 = fixed.weights.iter().map(|weight| weight * weight).sum();
    let df = (effects.len() - 1) as f64;
    ((fixed.squares - df) / (fixed.total - squared / fixed.total)).max(0.0)
}

/// The τ² at which the generalized Q(τ²) = Σ w (y − μ)² falls to `target`; 0 when it starts below. Q falls
/// strictly with τ², so that the root is unique. Paule-Mandel sets it to k − 1, Q-profile limits to chi-squared
/// quantiles.
pub(crate) fn generalized_q_root(effects: &Effects, target: f64) -> Result<f64, PoolError> {
    let excess = |tau_squared: f64| effects.weighted(tau_squared).squares - target;
    if excess(0.0) <= 0.0 {
        return Ok(0.0);
    }
    let mut upper = sampling_scale(effects);
    while excess(upper) > 0.0 {
        upper *= 4.0;
        if !upper.is_finite() {
            return Err(PoolError::Computation { what: "a root of the generalized Q".to_owned() });
        }
    }
    Ok(find_root(excess, 0.0, upper, 0.0)?)
}

/// The mean of the sampling variances: a scale to start from.
fn sampling_scale(effects: &Effects) -> f64 {
    effects.variances.iter().sum::<f64>() / effects.len() as f64
}

/// Variance of the effects without weights.
fn mean_square(effects: &Effects) -> f64 {
    let mean = effects.values.iter().sum::<f64>() / effects.len() as f64;
    effects.values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (effects.len() - 1) as f64
}

/// A log likelihood higher by this much is another maximum rather than rounding.
const NOTABLE_GAIN: f64 = 1e-6;

/// Which likelihood is maximized.
#[derive(Debug, Clone, Copy)]
enum Likelihood {
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
    fn at(self, effects: &Effects, tau_squared: f64) -> Profile {
        let fit = effects.weighted(tau_squared);
        let power = |exponent: i32| fit.weights.iter().map(|weight| weight.powi(exponent)).sum::<f64>();
        let (s1, s2) = (fit.total, power(2));
        let squared_residuals: f64 = fit
            .weights
            .iter()
            .zip(&effects.values)
            .map(|(weight, value)| (weight * (value - fit.mean)).powi(2))
            .sum();
        let log_weights: f64 = fit.weights.iter().map(|weight| weight.ln()).sum();
        match self {
            Self::Full => Profile {
                value: 0.5 * (log_weights - fit.squares),
                score: squared_residuals - s1,
                information: s2,
            },
            Self::Restricted => Profile {
                value: 0.5 * (log_weights - s1.ln() - fit.squares),
                score: squared_residuals - (s1 - s2 / s1),
                information: s2 - 2.0 * power(3) / s1 + (s2 / s1).powi(2),
            },
        }
    }
}

/// Fisher scoring from the Hedges-Olkin estimate var(y) − mean(v), with steps halved until the likelihood does
/// not fall; a bracketing search where scoring does not settle. The likelihood at 0 has the last word, since
/// scoring can end in a local maximum above 0. Start and last word are those of R metafor, so that the same of
/// several maxima is found; [`higher_maximum`] tells when there is a better one.
fn maximize(effects: &Effects, likelihood: Likelihood, threshold: f64) -> Result<f64, PoolError> {
    let found = match score_steps(effects, likelihood, threshold) {
        Some(found) => found,
        None => bracketed_maximum(effects, likelihood)?,
    };
    let at_zero = likelihood.at(effects, 0.0).value;
    Ok(if at_zero >= likelihood.at(effects, found).value { 0.0 } else { found })
}

/// The τ² of a maximum of the likelihood that is higher than `found`, if there is one. With few studies of very
/// unequal precision the likelihood can have several.
pub(crate) fn higher_maximum(effects: &Effects, estimator: TauSquaredEstimator, found: f64) -> Option<f64> {
    let likelihood = match estimator {
        TauSquaredEstimator::RestrictedMaximumLikelihood => Likelihood::Restricted,
        TauSquaredEstimator::MaximumLikelihood => Likelihood::Full,
        TauSquaredEstimator::DerSimonianLaird | TauSquaredEstimator::PauleMandel => return None,
    };
    let other = bracketed_maximum(effects, likelihood).ok()?;
    let gain = likelihood.at(effects, other).value - likelihood.at(effects, found).value;
    (gain > NOTABLE_GAIN).then_some(other)
}

/// Fisher scoring; `None` when it does not settle.
fn score_steps(effects: &Effects, likelihood: Likelihood, threshold: f64) -> Option<f64> {
    let smallest = effects.variances.iter().copied().fold(f64::INFINITY, f64::min);
    let mut tau_squared = (mean_square(effects) - sampling_scale(effects)).max(0.0);
    let mut here = likelihood.at(effects, tau_squared);
    for _ in 0..MAX_SCORING_STEPS {
        let mut next_tau_squared = (tau_squared + here.score / here.information).max(0.0);
        let mut next = likelihood.at(effects, next_tau_squared);
        let slack = 1e-13 * here.value.abs().max(1.0);
        while next.value < here.value - slack {
            next_tau_squared = 0.5 * (tau_squared + next_tau_squared);
            next = likelihood.at(effects, next_tau_squared);
            if (next_tau_squared - tau_squared).abs() <= f64::EPSILON * tau_squared {
                break;
            }
        }
        let step = (next_tau_squared - tau_squared).abs();
        (tau_squared, here) = (next_tau_squared, next);
        if !here.value.is_finite() {
            return None;
        }
        if step <= threshold.max(STEP_TOLERANCE * (tau_squared + smallest)) {
            return Some(tau_squared);
        }
    }
    None
}

/// The highest of a logarithmic grid of points, sharpened by a minimum search between its neighbours and, where
/// the score changes sign there, by a root of the score.
fn bracketed_maximum(effects: &Effects, likelihood: Likelihood) -> Result<f64, PoolError> {
    // Neither likelihood rises beyond the sum of squares about the mean.
    let spread = mean_square(effects) * (effects.len() - 1) as f64;
    let largest = spread.max(sampling_scale(effects));
    let grid: Vec<f64> = (0..=FALLBACK_POINTS)
        .map(|point| largest * 10_f64.powf(12.0 * (f64::from(point) / f64::from(FALLBACK_POINTS) - 1.0)))
        .collect();
    let value = |tau_squared: f64| likelihood.at(effects, tau_squared).value;
    let best =
        (0..grid.len()).max_by(|&one, &two| value(grid[one]).total_cmp(&value(grid[two]))).unwrap_or(0);
    let lower = if best == 0 { 0.0 } else { grid[best - 1] };
    let upper = grid[(best + 1).min(grid.len() - 1)];
    let score = |tau_squared: f64| likelihood.at(effects, tau_squared).score;
    match find_root(score, lower, upper, 0.0) {
        Ok(root) => Ok(root),
        Err(_) => Ok(find_minimum(|tau_squared| -value(tau_squared), lower, upper)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Log risk ratios of the BCG vaccine trials (Colditz et al. JAMA 1994;271:698), from the counts.
    fn bcg() -> Effects {
        let counts: [[f64; 4]; 13] = [
            [4., 119., 11., 128.],
            [6., 300., 29., 274.],
            [3., 228., 11., 209.],
            [62., 13536., 248., 12619.],
            [33., 5036., 47., 5761.],
            [180., 1361., 372., 1079.],
            [8., 2537., 10., 619.],
            [505., 87886., 499., 87892.],
            [29., 7470., 45., 7232.],
            [17., 1699., 65., 1600.],
            [186., 50448., 141., 27197.],
            [5., 2493., 3., 2338.],
            [27., 16886., 29., 17825.],
        ];
        let mut effects = Effects::default();
        for [a, b, c, d] in counts {
            effects.values.push((a / (a + b)).ln() - (c / (c + d)).ln());
            effects.variances.push(1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d));
        }
        effects
    }

    /// R metafor 3.8-1 `rma.uni` with its tolerances tightened.
    #[test]
    fn bcg_trials() {
        let cases = [
            (TauSquaredEstimator::DerSimonianLaird, 0.3087602629),
            (TauSquaredEstimator::PauleMandel, 0.3180684522),
            (TauSquaredEstimator::RestrictedMaximumLikelihood, 0.3132432581),
            (TauSquaredEstimator::MaximumLikelihood, 0.2800281373),
        ];
        for (estimator, expected) in cases {
            assert_relative_eq!(
                estimate_tau_squared(&bcg(), estimator, 0.0).unwrap(),
                expected,
                max_relative = 1e-9
            );
        }
    }

    #[test]
    fn bracketed_search_agrees_with_scoring() {
        for likelihood in [Likelihood::Full, Likelihood::Restricted] {
            let scoring = score_steps(&bcg(), likelihood, 0.0).unwrap();
            let bracketed = bracketed_maximum(&bcg(), likelihood).unwrap();
            assert_relative_eq!(scoring, bracketed, max_relative = 1e-9);
        }
    }

    /// Arcsine proportions of seven vaccinated BCG arms (Colditz 1994, random allocation): the restricted
    /// likelihood has a maximum near 0.00048, where R stops, and a higher one near 0.00007.
    #[test]
    fn a_higher_maximum_is_told() {
        let counts =
            [(4., 123.), (6., 306.), (3., 231.), (62., 13598.), (8., 2545.), (505., 88391.), (29., 7499.)];
        let effects = Effects {
            values: counts.iter().map(|(x, n): &(f64, f64)| (x / n).sqrt().asin()).collect(),
            variances: counts.iter().map(|(_, n)| 0.25 / n).collect(),
        };
        let estimator = TauSquaredEstimator::RestrictedMaximumLikelihood;
        let found = estimate_tau_squared(&effects, estimator, 0.0).unwrap();
        assert_relative_eq!(found, 0.000478386143772, max_relative = 1e-6);
        let higher = higher_maximum(&effects, estimator, found).unwrap();
        assert!((5e-5..1e-4).contains(&higher), "{higher}");
        assert_eq!(higher_maximum(&bcg(), estimator, 0.3132432581), None);
    }

    #[test]
    fn equal_effects_have_no_variance_between_them() {
        let effects = Effects { values: vec![0.4; 5], variances: vec![0.1, 0.2, 0.05, 0.4, 0.1] };
        for estimator in [
            TauSquaredEstimator::DerSimonianLaird,
            TauSquaredEstimator::PauleMandel,
            TauSquaredEstimator::RestrictedMaximumLikelihood,
            TauSquaredEstimator::MaximumLikelihood,
        ] {
            assert_eq!(estimate_tau_squared(&effects, estimator, 0.0).unwrap(), 0.0);
        }
    }
}
