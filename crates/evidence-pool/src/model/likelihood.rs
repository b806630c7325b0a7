//! The full and the restricted likelihood of τ², and its maximum.

use kmeta_numerics::search::{find_minimum, find_root};
use kmeta_trial_data::{FitStatistics, TauSquaredEstimator};

use super::sums::Group;
use super::tau_squared::{Strata, sampling_scale};
use crate::PoolError;

/// Scoring steps before the bracketing fallback takes over. Scoring usually needs fewer than fifty.
const MAX_SCORING_STEPS: u32 = 500;

/// Scoring ends when a step is this small relative to τ² plus the smallest sampling variance, so that the
/// estimate holds at least ten digits (R's own default of 1e-5 absolute shows in the fourth).
const STEP_TOLERANCE: f64 = 1e-13;

/// Points per search of the fallback: with 60 points over 12 decades no mode of real data is missed.
const FALLBACK_POINTS: u32 = 60;

/// A log likelihood higher by this much is another maximum rather than rounding.
const NOTABLE_GAIN: f64 = 1e-6;

/// ½ ln 2π.
const HALF_LOG_TWO_PI: f64 = 0.918_938_533_204_672_7;

/// Which likelihood is maximized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likelihood {
    Full,
    Restricted,
}

/// The log likelihood up to a constant, its derivative times two, and twice its expected information.
pub(crate) struct Profile {
    pub(crate) value: f64,
    score: f64,
    pub(crate) information: f64,
}

impl Likelihood {
    /// The likelihood that an estimator maximizes; `None` for the other estimators.
    pub(crate) fn of(estimator: TauSquaredEstimator) -> Option<Self> {
        match estimator {
            TauSquaredEstimator::RestrictedMaximumLikelihood => Some(Self::Restricted),
            TauSquaredEstimator::MaximumLikelihood => Some(Self::Full),
            _ => None,
        }
    }

    /// With the means of the strata at their best for this τ².
    pub(crate) fn at(self, strata: Strata<'_>, tau_squared: f64) -> Profile {
        let mut profile = Profile { value: 0.0, score: 0.0, information: 0.0 };
        for group in strata {
            let sums = group.sums(tau_squared);
            let penalty = match self {
                Self::Full => {
                    profile.score += sums.weighted_squares - sums.s1;
                    profile.information += sums.s2;
                    0.0
                }
                Self::Restricted => {
                    profile.score += sums.weighted_squares - sums.trace();
                    profile.information += sums.trace_of_square();
                    sums.s1.ln()
                }
            };
            profile.value += 0.5 * (group.log_weights(tau_squared) - penalty - sums.squares);
        }
        profile
    }

    /// Fisher scoring from the Hedges-Olkin estimate, with steps halved until the likelihood does not fall; a
    /// bracketing search where scoring does not settle. The likelihood at 0 has the last word, since scoring can
    /// end in a local maximum above 0. Start and last word are those of R metafor, so that the same of several
    /// maxima is found; [`higher_maximum`] tells when there is a better one.
    pub(crate) fn maximize(self, strata: Strata<'_>, start: f64, threshold: f64) -> Result<f64, PoolError> {
        let found = match self.score_steps(strata, start, threshold) {
            Some(found) => found,
            None => self.bracketed_maximum(strata)?,
        };
        let at_zero = self.at(strata, 0.0).value;
        Ok(if at_zero >= self.at(strata, found).value { 0.0 } else { found })
    }

    /// Fisher scoring, with secant steps where they are safe; `None` when it does not settle.
    fn score_steps(self, strata: Strata<'_>, start: f64, threshold: f64) -> Option<f64> {
        let variances = strata.iter().flat_map(|group| group.variances);
        let smallest = variances.copied().fold(f64::INFINITY, f64::min);
        let mut tau_squared = start;
        let mut here = self.at(strata, tau_squared);
        let mut before: Option<(f64, f64)> = None;
        for _ in 0..MAX_SCORING_STEPS {
            let scoring_step = here.score / here.information;
            // A threshold asks for the place where plain scoring ends.
            let step = match before.filter(|_| threshold == 0.0) {
                Some(before) => secant_step(before, (tau_squared, here.score), scoring_step),
                None => scoring_step,
            };
            before = Some((tau_squared, here.score));
            let mut next_tau_squared = (tau_squared + step).max(0.0);
            let mut next = self.at(strata, next_tau_squared);
            let slack = 1e-13 * here.value.abs().max(1.0);
            while next.value < here.value - slack {
                next_tau_squared = 0.5 * (tau_squared + next_tau_squared);
                next = self.at(strata, next_tau_squared);
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

    /// The highest of a logarithmic grid of points, sharpened by a root of the score between its neighbours or,
    /// where the score keeps its sign there, by a minimum search.
    fn bracketed_maximum(self, strata: Strata<'_>) -> Result<f64, PoolError> {
        let grid: Vec<f64> = grid(strata).collect();
        let value = |tau_squared: f64| self.at(strata, tau_squared).value;
        let heights: Vec<f64> = grid.iter().map(|&tau_squared| value(tau_squared)).collect();
        let best = (0..grid.len()).max_by(|&one, &two| heights[one].total_cmp(&heights[two])).unwrap_or(0);
        let lower = if best == 0 { 0.0 } else { grid[best - 1] };
        let upper = grid[(best + 1).min(grid.len() - 1)];
        let score = |tau_squared: f64| self.at(strata, tau_squared).score;
        match find_root(score, lower, upper, 0.0) {
            Ok(root) => Ok(root),
            Err(_) => Ok(find_minimum(|tau_squared| -value(tau_squared), lower, upper)?),
        }
    }

    /// Whether the grid shows one maximum only, next to `found`: the score, which takes no logarithms, then changes its
    /// sign once, or falls from 0 on.
    fn is_only_maximum(self, strata: Strata<'_>, found: f64) -> bool {
        let mut below = 0.0;
        let mut rises = true;
        let mut maxima = 0;
        let mut next_to_found = false;
        for tau_squared in grid(strata) {
            let score = self.score(strata, tau_squared);
            if rises && score <= 0.0 {
                maxima += 1;
                // One step to either side for a maximum that rounding puts across a point.
                next_to_found = (below / GRID_FACTOR..=tau_squared * GRID_FACTOR).contains(&found);
            }
            rises = score > 0.0;
            below = tau_squared;
        }
        maxima == 1 && !rises && next_to_found
    }

    /// The derivative of the log likelihood times two.
    fn score(self, strata: Strata<'_>, tau_squared: f64) -> f64 {
        let of = |group: &Group<'_>| {
            let sums = group.sums(tau_squared);
            sums.weighted_squares - if self == Self::Full { sums.s1 } else { sums.trace() }
        };
        strata.iter().map(of).sum()
    }

    /// Log likelihood with all its constants (R metafor `logLik`), AIC and BIC of a model with one mean.
    pub(crate) fn fit_statistics(self, group: Group<'_>, tau_squared: f64) -> FitStatistics {
        let k = group.len() as f64;
        let value = self.at(&[group], tau_squared).value;
        let (log_likelihood, observations) = match self {
            Self::Full => (value - k * HALF_LOG_TWO_PI, k),
            Self::Restricted => (value - (k - 1.0) * HALF_LOG_TWO_PI + 0.5 * k.ln(), k - 1.0),
        };
        let parameters = 2.0;
        FitStatistics {
            log_likelihood,
            aic: 2.0 * (parameters - log_likelihood),
            bic: parameters * observations.ln() - 2.0 * log_likelihood,
        }
    }
}

/// The step to where the line through the scores at two values of τ² falls to 0, which near the maximum gains digits
/// faster than scoring does. Scoring's own step where the two would not agree on the way: where the score does not fall,
/// or the line asks for a step that is not of the same direction and at most as long as the one before.
fn secant_step(before: (f64, f64), here: (f64, f64), scoring_step: f64) -> f64 {
    let ((old_tau_squared, old_score), (tau_squared, score)) = (before, here);
    let moved = tau_squared - old_tau_squared;
    let slope = (score - old_score) / moved;
    let step = -score / slope;
    let usable = slope < 0.0 && step.abs() <= moved.abs() && step * scoring_step > 0.0;
    if usable { step } else { scoring_step }
}

/// From one point of the grid to the next.
const GRID_FACTOR: f64 = 1.584_893_192_461_113_5;

/// Twelve decades up to the largest τ² that a maximum may have, five points in each.
fn grid(strata: Strata<'_>) -> impl Iterator<Item = f64> {
    let largest = largest_tau_squared(strata);
    (0..=FALLBACK_POINTS).map(move |point| largest * GRID_FACTOR.powi(point as i32 - FALLBACK_POINTS as i32))
}

/// Neither likelihood rises beyond the sum of squares about the means.
pub(crate) fn largest_tau_squared(strata: Strata<'_>) -> f64 {
    let spread: f64 = strata.iter().map(|group| group.unweighted().1).sum();
    spread.max(sampling_scale(strata))
}

/// The τ² of a maximum of the likelihood that is higher than `found`, if there is one. With few studies of very
/// unequal precision the likelihood can have several.
pub(crate) fn higher_maximum(group: Group<'_>, estimator: TauSquaredEstimator, found: f64) -> Option<f64> {
    let likelihood = Likelihood::of(estimator)?;
    let strata = [group];
    if likelihood.is_only_maximum(&strata, found) {
        return None;
    }
    let other = likelihood.bracketed_maximum(&strata).ok()?;
    let gain = likelihood.at(&strata, other).value - likelihood.at(&strata, found).value;
    (gain > NOTABLE_GAIN).then_some(other)
}

#[cfg(test)]
mod tests {
    use super::super::tau_squared::tests::bcg;
    use super::*;
    use crate::model::Effects;
    use crate::tau_squared::estimate_tau_squared;
    use approx::assert_relative_eq;

    #[test]
    fn bracketed_search_agrees_with_scoring() {
        let effects = bcg();
        for likelihood in [Likelihood::Full, Likelihood::Restricted] {
            let scoring = likelihood.score_steps(&[effects.group()], 0.3, 0.0).unwrap();
            let bracketed = likelihood.bracketed_maximum(&[effects.group()]).unwrap();
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
        let higher = higher_maximum(effects.group(), estimator, found).unwrap();
        assert!((5e-5..1e-4).contains(&higher), "{higher}");
        assert_eq!(higher_maximum(bcg().group(), estimator, 0.3132432581), None);
    }
}
