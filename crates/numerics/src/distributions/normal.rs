//! The standard normal distribution.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::NumericsError;
use crate::error::probability;

/// Φ(x) = erfc(−x/√2)/2. The complementary error function is `libm`'s, because that of `statrs` 0.19.1 has ten
/// correct digits only.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Two-sided p value of a standard normal statistic, 2Φ(−|z|).
pub fn normal_two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// Φ⁻¹(p).
///
/// # Errors
/// [`NumericsError::Domain`] unless 0 < p < 1.
pub fn normal_quantile(p: f64) -> Result<f64, NumericsError> {
    probability("normal quantile", p)?;
    Ok(Normal::standard().inverse_cdf(p))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    // mpmath, 50 digits.
    #[test]
    fn distribution_function() {
        let cases = [
            (-38.0, 2.88542835e-316, 1e-6), // a subnormal number holds eight digits
            (-10.0, 7.619853024160525e-24, 1e-13),
            (-5.0, 2.866515718791939e-07, 1e-14),
            (-1.96, 0.024997895148220435, 1e-14),
            (0.0, 0.5, 1e-16),
            (1.0, 0.8413447460685429, 1e-15),
            (3.0, 0.9986501019683699, 1e-15),
        ];
        for (x, expected, tolerance) in cases {
            assert_relative_eq!(normal_cdf(x), expected, max_relative = tolerance, epsilon = 0.0);
        }
        assert_relative_eq!(normal_two_sided(-1.96), 2.0 * 0.024997895148220435, max_relative = 1e-14);
    }

    #[test]
    fn quantile() {
        let cases = [
            (1e-20, -9.262340089798407),
            (1e-10, -6.361340902404057),
            (0.025, -1.9599639845400543),
            (0.975, 1.9599639845400538),
            (0.999, 3.090232306167813),
        ];
        for (p, expected) in cases {
            assert_relative_eq!(normal_quantile(p).unwrap(), expected, max_relative = 1e-14);
        }
        assert_eq!(normal_quantile(0.5).unwrap(), 0.0);
        for p in [0.0, 1.0, f64::NAN, -0.1] {
            assert!(normal_quantile(p).is_err());
        }
    }
}
