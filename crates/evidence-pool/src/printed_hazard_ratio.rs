//! A hazard ratio and its interval as a paper prints them.

use kmeta_trial_data::Finding;

use crate::PoolError;

/// Log hazard ratio and its standard error from a printed interval.
///
/// # Errors
/// [`PoolError::InvalidHazardRatio`] or [`PoolError::InvalidLevel`].
pub fn hazard_ratio_from_interval(
    hazard_ratio: f64,
    lower: f64,
    upper: f64,
    confidence_level: f64,
) -> Result<(f64, f64, Vec<Finding>), PoolError> {
    unimplemented!("{hazard_ratio}{lower}{upper}{confidence_level}")
}
