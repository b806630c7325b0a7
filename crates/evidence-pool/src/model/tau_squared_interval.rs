//! Confidence intervals of τ².

use kmeta_numerics::distributions::chi_squared_quantile;
use kmeta_numerics::search::find_root;
use kmeta_trial_data::{Interval, TauSquaredEstimator, TauSquaredIntervalMethod};

use super::likelihood::Likelihood;
use super::quadratic_form::{distribution, weighted_squares};
use super::tau_squared::{
    Fixed, Strata, degrees_of_freedom, estimate_in_strata, q_root_in_strata, sampling_scale,
};
use super::{ModelOptions, two_sided_normal};
use crate::PoolError;

/// The interval by the chosen method; `None` for the empty set, when the studies are more alike than chance makes
/// plausible whatever τ². Needs at least one more study than strata.
pub(crate) fn tau_squared_interval(
    strata: Strata<'_>,
    options: &ModelOptions,
) -> Result<Option<Interval>, PoolError> {
    let level = options.confidence_level;
    two_sided_normal(level)?;
    match options.tau_squared_interval {
        TauSquaredIntervalMethod::QProfile => q_profile(strata, level),
        TauSquaredIntervalMethod::Jackson => exact(strata, 0.5, level),
        TauSquaredIntervalMethod::BiggerstaffJackson => exact(strata, 1.0, level),
        TauSquaredIntervalMethod::ProfileLikelihood => profile_likelihood(strata, options).map(Some),
    }
}

/// A likelihood is needed to profile it.
pub(crate) fn check_profile_likelihood(
    method: TauSquaredIntervalMethod,
    estimator: TauSquaredEstimator,
) -> Result<(), PoolError> {
    if method == TauSquaredIntervalMethod::ProfileLikelihood && Likelihood::of(estimator).is_none() {
        return Err(PoolError::ProfileLikelihoodNeedsLikelihood { estimator });
    }
    Ok(())
}

/// Viechtbauer 2007: the values at which the generalized Q meets the chi-squared quantiles.
fn q_profile(strata: Strata<'_>, level: f64) -> Result<Option<Interval>, PoolError> {
    let df = degrees_of_freedom(strata);
    let low_quantile = chi_squared_quantile(0.5 - level / 2.0, df)?;
    if Fixed::of(strata).q < low_quantile {
        return Ok(None);
    }
    let high_quantile = chi_squared_quantile(0.5 + level / 2.0, df)?;
    Ok(Some(Interval {
        lower: q_root_in_strata(strata, high_quantile)?,
        upper: q_root_in_strata(strata, low_quantile)?,
    }))
}

/// Jackson 2013, section 3: the values at which the observed Σa(y − ȳ_a)², a = v^(−exponent), lies at the quantiles
/// of its exact distribution, which rises with τ².
fn exact(strata: Strata<'_>, exponent: f64, level: f64) -> Result<Option<Interval>, PoolError> {
    let q = weighted_squares(strata, exponent);
    let below = |tau_squared: f64| distribution(strata, exponent, tau_squared, q);
    if q == 0.0 || below(0.0) < 0.5 - level / 2.0 {
        return Ok(None);
    }
    let limit = |probability: f64| {
        if below(0.0) <= probability {
            return Ok(0.0);
        }
        let mut upper = sampling_scale(strata);
        while below(upper) > probability {
            upper *= 4.0;
            if !upper.is_finite() {
                return Err(PoolError::Computation { what: "the exact interval of tau-squared".to_owned() });
            }
        }
        Ok(find_root(|tau_squared| below(tau_squared) - probability, 0.0, upper, 0.0)?)
    };
    Ok(Some(Interval { lower: limit(0.5 + level / 2.0)?, upper: limit(0.5 - level / 2.0)? }))
}

/// Hardy & Thompson 1996: the values about the maximum at which twice the log likelihood lies less than the
/// chi-squared quantile below it, with the mean at its best for each τ².
fn profile_likelihood(strata: Strata<'_>, options: &ModelOptions) -> Result<Interval, PoolError> {
    let estimator = options.tau_squared;
    let likelihood =
        Likelihood::of(estimator).ok_or(PoolError::ProfileLikelihoodNeedsLikelihood { estimator })?;
    let best = estimate_in_strata(strata, estimator, 0.0)?;
    let lowest =
        likelihood.at(strata, best).value - 0.5 * chi_squared_quantile(options.confidence_level, 1.0)?;
    let excess = |tau_squared: f64| likelihood.at(strata, tau_squared).value - lowest;
    let lower = if excess(0.0) >= 0.0 { 0.0 } else { find_root(excess, 0.0, best, 0.0)? };
    let mut upper = 2.0 * best.max(sampling_scale(strata));
    while excess(upper) > 0.0 {
        upper *= 4.0;
        if !upper.is_finite() {
            return Err(PoolError::Computation { what: "the likelihood interval of tau-squared".to_owned() });
        }
    }
    Ok(Interval { lower, upper: find_root(excess, best, upper, 0.0)? })
}
