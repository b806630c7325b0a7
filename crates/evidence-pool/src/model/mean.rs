//! The pooled mean with its standard error, interval and test.

use kmeta_numerics::distributions::{normal_two_sided, student_t_two_sided};
use kmeta_trial_data::{IntervalMethod, TauSquaredEstimator};

use super::sums::{Group, Sums};
use super::tau_squared::estimate_in_strata;
use super::{ModelOptions, two_sided_normal, two_sided_student_t};
use crate::PoolError;

/// A mean with its standard error and limits on the analysis scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mean {
    pub(crate) value: f64,
    pub(crate) standard_error: f64,
    /// Of the t quantile behind the limits; `None` when the quantile is normal.
    pub(crate) degrees_of_freedom: Option<f64>,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

impl Mean {
    /// value ± quantile · standard error, with a normal quantile.
    pub(crate) fn new(value: f64, standard_error: f64, quantile: f64) -> Self {
        let width = quantile * standard_error;
        Self { value, standard_error, degrees_of_freedom: None, lower: value - width, upper: value + width }
    }

    /// value ± t · standard error.
    pub(crate) fn with_t(value: f64, standard_error: f64, df: f64, level: f64) -> Result<Self, PoolError> {
        let quantile = two_sided_student_t(level, df)?;
        Ok(Self { degrees_of_freedom: Some(df), ..Self::new(value, standard_error, quantile) })
    }

    /// value / standard error.
    pub(crate) fn statistic(&self) -> f64 {
        self.value / self.standard_error
    }

    /// Two-sided p value of a mean of 0.
    pub(crate) fn p_value(&self) -> Result<f64, PoolError> {
        Ok(match self.degrees_of_freedom {
            None => normal_two_sided(self.statistic()),
            Some(df) => student_t_two_sided(self.statistic(), df)?,
        })
    }
}

/// A standard error with the degrees of freedom that belong to it, `None` for the normal distribution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StandardError {
    pub(crate) value: f64,
    pub(crate) degrees_of_freedom: Option<f64>,
}

/// The random-effects mean by the chosen method, and whether Hartung-Knapp gave way to Wald because all effects are
/// equal. With one study the interval is normal.
pub(crate) fn random_mean(
    group: Group<'_>,
    mixed: &Sums,
    options: &ModelOptions,
) -> Result<(Mean, bool), PoolError> {
    let error = random_standard_error(group, mixed, options)?;
    let level = options.confidence_level;
    let mean = match error.degrees_of_freedom {
        Some(df) => Mean::with_t(mixed.mean, error.value, df, level)?,
        None => Mean::new(mixed.mean, error.value, two_sided_normal(level)?),
    };
    let degenerate = options.interval == IntervalMethod::HartungKnapp
        && group.len() > 1
        && is_zero(hartung_knapp_error(group, mixed), mixed.s1.sqrt().recip());
    Ok((mean, degenerate))
}

/// The standard error of the mean by the chosen interval method.
pub(crate) fn random_standard_error(
    group: Group<'_>,
    mixed: &Sums,
    options: &ModelOptions,
) -> Result<StandardError, PoolError> {
    let wald = StandardError { value: mixed.s1.sqrt().recip(), degrees_of_freedom: None };
    if group.len() < 2 || options.interval == IntervalMethod::Wald {
        return Ok(wald);
    }
    if options.interval == IntervalMethod::KenwardRoger {
        return kenward_roger(mixed);
    }
    let plain = hartung_knapp_error(group, mixed);
    if options.interval == IntervalMethod::HartungKnapp && is_zero(plain, wald.value) {
        return Ok(wald);
    }
    let df = (group.len() - 1) as f64;
    let with = |value: f64| StandardError { value, degrees_of_freedom: Some(df) };
    let wider_than = |wald_error: f64| {
        let (z, t) =
            (two_sided_normal(options.confidence_level)?, two_sided_student_t(options.confidence_level, df)?);
        Ok::<bool, PoolError>(z * wald_error > t * plain)
    };
    Ok(match options.interval {
        IntervalMethod::HartungKnappLargerError => with(plain.max(wald.value)),
        IntervalMethod::HartungKnappWiderInterval if wider_than(wald.value)? => wald,
        IntervalMethod::HartungKnappIqwig6 => {
            let strata = [group];
            let moment = estimate_in_strata(&strata, TauSquaredEstimator::DerSimonianLaird, 0.0)?;
            let narrow = wider_than(group.sums(moment).s1.sqrt().recip())?;
            with(if narrow { plain.max(wald.value) } else { plain })
        }
        _ => with(plain),
    })
}

/// √(q/S₁) with q = Σw(y − μ)²/(k − 1) (Hartung & Knapp 2001; Sidik & Jonkman 2002).
pub(crate) fn hartung_knapp_error(group: Group<'_>, mixed: &Sums) -> f64 {
    (mixed.squares / (group.len() - 1) as f64 / mixed.s1).sqrt()
}

/// Whether a Hartung-Knapp standard error is 0 but for rounding: all effects are equal.
pub(crate) fn is_zero(hartung_knapp: f64, wald: f64) -> bool {
    hartung_knapp <= 1e-12 * wald
}

/// Kenward & Roger 1997 for a single mean with REML and the expected information
/// I = S₂/2 − S₃/S₁ + ½(S₂/S₁)²: variance [1 + 2(S₃/S₁ − (S₂/S₁)²)/I]/S₁ and 2I/(variance · S₂)² degrees of freedom
/// (Partlett & Riley 2017).
pub(crate) fn kenward_roger(mixed: &Sums) -> Result<StandardError, PoolError> {
    let information = 0.5 * mixed.trace_of_square();
    let variance = (1.0 + 2.0 * mixed.weight_variance / information) / mixed.s1;
    let df = 2.0 * information / (variance * mixed.s2).powi(2);
    let usable = variance.is_finite() && variance > 0.0 && df.is_finite() && df > 0.0;
    if usable {
        Ok(StandardError { value: variance.sqrt(), degrees_of_freedom: Some(df) })
    } else {
        Err(PoolError::Computation { what: "the Kenward-Roger variance".to_owned() })
    }
}

/// Kenward-Roger rests on REML (its variance is derived from the restricted likelihood).
pub(crate) fn check_kenward_roger(asked: bool, estimator: TauSquaredEstimator) -> Result<(), PoolError> {
    if asked && estimator != TauSquaredEstimator::RestrictedMaximumLikelihood {
        return Err(PoolError::KenwardRogerNeedsReml { estimator });
    }
    Ok(())
}
