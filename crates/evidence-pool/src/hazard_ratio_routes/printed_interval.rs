//! A hazard ratio and its interval as a paper prints them.

use kmeta_trial_data::Finding;

use crate::PoolError;
use crate::model::two_sided_normal;

use super::rounding::half_unit;

/// Log hazard ratio and its standard error, SE = (ln U − ln L)/(2z), from a printed hazard ratio with its
/// interval at any level (Parmar, Torri & Stewart 1998; Tierney et al. 2007). The log of the printed
/// hazard ratio is used as it is.
///
/// A Wald interval has the hazard ratio at its geometric centre √(L·U). The third value notes a hazard ratio
/// that is off-centre by more than rounding of the printed digits explains. The rule: with d the largest number
/// of decimals among the three numbers, each may be off by half a unit of the d-th decimal; the finding is made
/// when no hazard ratio within that distance is the centre of limits within that distance. 0.46 \[0.32, 0.69\] is
/// not noted: the centre of limits from 0.315 to 0.325 and 0.685 to 0.695 lies between 0.4645 and 0.4753, and
/// 0.465 prints as 0.46 or 0.47.
///
/// # Errors
/// [`PoolError::InvalidLevel`] unless 0 < level < 1; [`PoolError::InvalidHazardRatio`] unless
/// 0 < lower ≤ hazard ratio ≤ upper and lower < upper.
///
/// ```
/// use kmeta_evidence_pool::hazard_ratio_from_interval;
/// let (log_hazard_ratio, standard_error, findings) = hazard_ratio_from_interval(0.46, 0.32, 0.69, 0.95)?;
/// assert!((log_hazard_ratio - 0.46_f64.ln()).abs() < 1e-15);
/// assert!((standard_error - 0.196017).abs() < 1e-6);
/// assert!(findings.is_empty());
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn hazard_ratio_from_interval(
    hazard_ratio: f64,
    lower: f64,
    upper: f64,
    confidence_level: f64,
) -> Result<(f64, f64, Vec<Finding>), PoolError> {
    let z = two_sided_normal(confidence_level)?;
    let ordered = 0.0 < lower && lower <= hazard_ratio && hazard_ratio <= upper && lower < upper;
    if !ordered || !upper.is_finite() {
        return Err(PoolError::InvalidHazardRatio { hazard_ratio, lower, upper });
    }
    let standard_error = (upper.ln() - lower.ln()) / (2.0 * z);
    let findings = off_centre(hazard_ratio, lower, upper).into_iter().collect();
    Ok((hazard_ratio.ln(), standard_error, findings))
}

/// The finding for a hazard ratio off the centre of its interval.
pub(super) fn off_centre(hazard_ratio: f64, lower: f64, upper: f64) -> Option<Finding> {
    // The slack is for numbers that were computed rather than printed.
    let half_unit = half_unit(&[hazard_ratio, lower, upper], 0) + 1e-9 * upper;
    let centre = |shift: f64| ((lower + shift).max(0.0) * (upper + shift)).sqrt();
    let explained =
        centre(-half_unit) <= hazard_ratio + half_unit && hazard_ratio - half_unit <= centre(half_unit);
    (!explained).then(|| {
        Finding::warning(
            "hazard-ratio-off-centre",
            format!("hazard ratio {hazard_ratio} [{lower}, {upper}]"),
            format!(
                "the geometric centre of the interval is {:.4}, and rounding does not explain the difference: \
                 check the three numbers, the level of the interval, and whether it is a Wald interval",
                centre(0.0)
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_told_from_error() {
        let noted =
            |hr, lower, upper| !hazard_ratio_from_interval(hr, lower, upper, 0.95).unwrap().2.is_empty();
        assert!(!noted(0.46, 0.32, 0.66)); // ALTER1102: centre 0.4596
        assert!(!noted(0.46, 0.32, 0.69)); // Gao 2025: centre 0.4699, just within rounding
        assert!(noted(0.45, 0.32, 0.69));
        assert!(!noted(0.7, 0.5, 0.98));
        assert!(noted(0.8, 0.5, 0.98));
        let exact = 0.1_f64.exp();
        assert!(!noted(exact, (0.1_f64 - 0.3).exp(), (0.1_f64 + 0.3).exp()));
    }

    #[test]
    fn impossible_numbers_are_refused() {
        for (hr, lower, upper) in [
            (0.3, 0.32, 0.66),
            (0.46, 0.66, 0.32),
            (0.46, 0.0, 0.66),
            (f64::NAN, 0.3, 0.6),
            (0.5, 0.4, f64::INFINITY),
        ] {
            assert!(hazard_ratio_from_interval(hr, lower, upper, 0.95).is_err());
        }
        assert!(hazard_ratio_from_interval(0.46, 0.32, 0.66, 95.0).is_err());
    }

    #[test]
    fn ninety_percent_interval() {
        let (_, standard_error, _) = hazard_ratio_from_interval(1.0, 0.5, 2.0, 0.9).unwrap();
        assert!((standard_error - 2.0_f64.ln() / 1.6448536269514722).abs() < 1e-12);
    }
}
