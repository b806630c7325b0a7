//! Restricted mean survival time of two arms.

use crate::{KaplanMeier, RestrictedMean, SurvivalError};

/// Two restricted mean survival times to the same horizon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMeanComparison {
    /// The treated arm.
    pub treated: RestrictedMean,
    /// The reference arm.
    pub reference: RestrictedMean,
    /// Treated − reference, in the unit of time.
    pub difference: f64,
    /// Its standard error, √(SE₁² + SE₀²).
    pub difference_standard_error: f64,
    /// ln(treated/reference). Both means are above 0, since survival is 1 until the first event, unless that
    /// happened at time 0 to all patients.
    pub log_ratio: Option<f64>,
    /// Its standard error by the delta method, √(SE₁²/m₁² + SE₀²/m₀²).
    pub log_ratio_standard_error: Option<f64>,
}

/// Compares restricted mean survival times (Royston & Parmar 2013; Uno et al. 2014).
///
/// # Errors
/// Those of [`KaplanMeier::restricted_mean_survival_time`], of either arm.
///
/// ```
/// use kmeta_survival_estimate::{KaplanMeier, compare_restricted_means};
/// use kmeta_trial_data::PatientRecord;
/// let arm = |times: [f64; 2]| KaplanMeier::fit(&times.map(|time| PatientRecord { time, event: true }));
/// let compared = compare_restricted_means(&arm([2.0, 4.0])?, &arm([1.0, 3.0])?, 3.0)?;
/// assert_eq!(compared.difference, 0.5); // 2.5 − 2
/// # Ok::<(), kmeta_survival_estimate::SurvivalError>(())
/// ```
pub fn compare_restricted_means(
    treated: &KaplanMeier,
    reference: &KaplanMeier,
    horizon: f64,
) -> Result<RestrictedMeanComparison, SurvivalError> {
    let treated = treated.restricted_mean_survival_time(horizon)?;
    let reference = reference.restricted_mean_survival_time(horizon)?;
    let defined = treated.mean > 0.0 && reference.mean > 0.0;
    let relative = |arm: RestrictedMean| arm.standard_error / arm.mean;
    Ok(RestrictedMeanComparison {
        treated,
        reference,
        difference: treated.mean - reference.mean,
        difference_standard_error: treated.standard_error.hypot(reference.standard_error),
        log_ratio: defined.then(|| (treated.mean / reference.mean).ln()),
        log_ratio_standard_error: defined.then(|| relative(treated).hypot(relative(reference))),
    })
}
