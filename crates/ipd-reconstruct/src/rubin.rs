//! Intervals from several imputed sets of patients.
//!
//! The variance within a set is that of its own sample of patients; the variance between sets is what the
//! reconstruction leaves open. Rubin's rules (1987) add them: T = W + (1 + 1/m) B, with the t distribution of
//! (m − 1)(1 + W/((1 + 1/m) B))² degrees of freedom.

use kmeta_numerics::distributions::{normal_quantile, student_t_quantile};
use kmeta_numerics::imputations::ImputedMoments;
use kmeta_survival_estimate::{KaplanMeier, SurvivalError, Ties, cox_two_arms};
use kmeta_trial_data::PatientRecord;

/// Why imputed sets cannot be pooled.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RubinError {
    /// There is no set.
    #[error("no imputed sets of patients: draw at least two")]
    NoImputations,
    /// The two arms have different numbers of sets.
    #[error(
        "{reference} imputed sets of the reference arm, but {treated} of the treated: draw as many of both"
    )]
    NumbersDiffer {
        /// Sets of the reference arm.
        reference: usize,
        /// Sets of the treated arm.
        treated: usize,
    },
    /// The level is not a probability.
    #[error("confidence level {level}: expected a number between 0 and 1")]
    InvalidLevel {
        /// The level found.
        level: f64,
    },
    /// A set gives no estimate.
    #[error("a set of patients gives no estimate: {0}")]
    NoEstimate(#[from] SurvivalError),
}

/// An estimate pooled over imputed sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PooledInterval {
    /// The pooled estimate; absent for a median that is not reached.
    pub estimate: Option<f64>,
    /// Lower limit; absent where it is not defined.
    pub lower: Option<f64>,
    /// Upper limit; absent where it is not defined or not reached.
    pub upper: Option<f64>,
}

/// Pools estimates and their variances, on the scale they are given on, by Rubin's rules.
///
/// ```
/// use kmeta_ipd_reconstruct::rubin;
/// let pooled = rubin(&[(1.0, 0.04), (1.2, 0.04), (1.1, 0.04)], 0.95)?;
/// assert!((pooled.estimate.unwrap() - 1.1).abs() < 1e-12);
/// // T = 0.04 + 4/3 · 0.01, and 2 (1 + 3)² = 32 degrees of freedom.
/// assert!((pooled.upper.unwrap() - 1.1 - 2.036_933 * (0.04_f64 + 0.04 / 3.0).sqrt()).abs() < 1e-6);
/// # Ok::<(), kmeta_ipd_reconstruct::RubinError>(())
/// ```
///
/// # Errors
/// [`RubinError::NoImputations`], [`RubinError::InvalidLevel`].
pub fn rubin(estimates: &[(f64, f64)], level: f64) -> Result<PooledInterval, RubinError> {
    if estimates.is_empty() {
        return Err(RubinError::NoImputations);
    }
    if !(level > 0.0 && level < 1.0) {
        return Err(RubinError::InvalidLevel { level });
    }
    let count = estimates.len() as f64;
    let ImputedMoments { mean, within, between } = ImputedMoments::of(estimates);
    let between = (1.0 + count.recip()) * between;
    let tail = 0.5 + level / 2.0;
    let invalid = |_| RubinError::InvalidLevel { level };
    // Beyond a million degrees of freedom t and normal quantiles agree to all digits.
    let freedom =
        if between > 0.0 { (count - 1.0) * (1.0 + within / between).powi(2) } else { f64::INFINITY };
    let quantile = if freedom > 1e6 {
        normal_quantile(tail).map_err(invalid)?
    } else {
        student_t_quantile(tail, freedom).map_err(invalid)?
    };
    let width = quantile * (within + between).sqrt();
    Ok(PooledInterval { estimate: Some(mean), lower: Some(mean - width), upper: Some(mean + width) })
}

/// Survival at `time` with its interval, pooled on the scale log(−log S) with Greenwood's variance. Where a set
/// has no event before `time`, or nobody left, the scale is not defined: the estimate is the mean and limits are
/// absent.
///
/// # Errors
/// Those of [`rubin`]; [`RubinError::NoEstimate`].
pub fn pooled_survival_at(
    imputations: &[Vec<PatientRecord>],
    time: f64,
    level: f64,
) -> Result<PooledInterval, RubinError> {
    pool_survival(&fits(imputations)?, time, level)
}

/// Median survival time with the times at which the pooled limits of survival cross one half (Brookmeyer &
/// Crowley 1982, on the scale log(−log S)).
///
/// # Errors
/// Those of [`pooled_survival_at`].
pub fn pooled_median(imputations: &[Vec<PatientRecord>], level: f64) -> Result<PooledInterval, RubinError> {
    let fits = fits(imputations)?;
    let mut times: Vec<f64> = fits
        .iter()
        .flat_map(|fit| fit.times().iter().zip(fit.events()).filter(|at| *at.1 > 0).map(|at| *at.0))
        .collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let mut pooled = PooledInterval { estimate: None, lower: None, upper: None };
    for time in times {
        let survival = pool_survival(&fits, time, level)?;
        // Equal to one half counts as reached, with the slack of sums.
        let reached = |value: Option<f64>| value.is_some_and(|value| value <= 0.5 + 1.5e-8);
        let nobody_left = survival.estimate == Some(0.0);
        if pooled.lower.is_none() && (reached(survival.lower) || nobody_left) {
            pooled.lower = Some(time);
        }
        if pooled.estimate.is_none() && reached(survival.estimate) {
            pooled.estimate = Some(time);
        }
        if reached(survival.upper) {
            pooled.upper = Some(time);
            break;
        }
    }
    Ok(pooled)
}

/// Restricted mean survival time to `horizon` with its interval.
///
/// # Errors
/// Those of [`rubin`]; [`RubinError::NoEstimate`] when follow-up ends before the horizon.
pub fn pooled_restricted_mean(
    imputations: &[Vec<PatientRecord>],
    horizon: f64,
    level: f64,
) -> Result<PooledInterval, RubinError> {
    let estimates: Vec<(f64, f64)> = fits(imputations)?
        .iter()
        .map(|fit| {
            let mean = fit.restricted_mean_survival_time(horizon)?;
            Ok((mean.mean, mean.standard_error * mean.standard_error))
        })
        .collect::<Result<_, SurvivalError>>()?;
    rubin(&estimates, level)
}

/// Log hazard ratio, treated over reference (Cox, Efron ties), with its interval; the sets of the two arms are
/// taken in pairs.
///
/// # Errors
/// [`RubinError::NumbersDiffer`]; those of [`rubin`]; [`RubinError::NoEstimate`].
pub fn pooled_log_hazard_ratio(
    reference: &[Vec<PatientRecord>],
    treated: &[Vec<PatientRecord>],
    level: f64,
) -> Result<PooledInterval, RubinError> {
    if reference.len() != treated.len() {
        return Err(RubinError::NumbersDiffer { reference: reference.len(), treated: treated.len() });
    }
    let estimates: Vec<(f64, f64)> = reference
        .iter()
        .zip(treated)
        .map(|(reference, treated)| {
            let fit = cox_two_arms(reference, treated, Ties::Efron)?;
            Ok((fit.log_hazard_ratio, fit.standard_error * fit.standard_error))
        })
        .collect::<Result<_, SurvivalError>>()?;
    rubin(&estimates, level)
}

fn fits(imputations: &[Vec<PatientRecord>]) -> Result<Vec<KaplanMeier>, RubinError> {
    if imputations.is_empty() {
        return Err(RubinError::NoImputations);
    }
    Ok(imputations.iter().map(|patients| KaplanMeier::fit(patients)).collect::<Result<_, SurvivalError>>()?)
}

fn pool_survival(fits: &[KaplanMeier], time: f64, level: f64) -> Result<PooledInterval, RubinError> {
    let at = |fit: &KaplanMeier| {
        let after = fit.times().partition_point(|&corner| corner <= time);
        let last = after.checked_sub(1)?;
        Some((fit.survival()[last], fit.greenwood()[last]))
    };
    let mut transformed = Vec::with_capacity(fits.len());
    let mut sum = 0.0;
    for fit in fits {
        let (survival, greenwood) = at(fit).unwrap_or((1.0, 0.0));
        sum += survival;
        if survival > 0.0 && survival < 1.0 {
            let log = survival.ln();
            transformed.push(((-log).ln(), greenwood / (log * log)));
        }
    }
    if transformed.len() < fits.len() {
        return Ok(PooledInterval { estimate: Some(sum / fits.len() as f64), lower: None, upper: None });
    }
    let pooled = rubin(&transformed, level)?;
    let back = |value: Option<f64>| value.map(|value| (-value.exp()).exp());
    // log(−log S) falls with S: the limits change places.
    Ok(PooledInterval {
        estimate: back(pooled.estimate),
        lower: back(pooled.upper),
        upper: back(pooled.lower),
    })
}
