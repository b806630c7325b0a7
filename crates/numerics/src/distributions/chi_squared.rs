//! The chi-squared distribution.

use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur};

use super::solve_on_log_scale;
use crate::NumericsError;
use crate::error::{positive, probability};

/// Upper tail P(X > x) with `df` degrees of freedom: the p value of a chi-squared statistic.
///
/// # Errors
/// [`NumericsError::Domain`] unless x ≥ 0 and df > 0.
pub fn chi_squared_upper(x: f64, df: f64) -> Result<f64, NumericsError> {
    positive("chi-squared upper tail", "degrees of freedom", df)?;
    if x == 0.0 {
        return Ok(1.0);
    }
    positive("chi-squared upper tail", "x", x)?;
    Ok(upper(x, df))
}

/// Quantile: the x with P(X ≤ x) = p.
///
/// # Errors
/// [`NumericsError::Domain`] unless 0 < p < 1 and df > 0.
pub fn chi_squared_quantile(p: f64, df: f64) -> Result<f64, NumericsError> {
    probability("chi-squared quantile", p)?;
    positive("chi-squared quantile", "degrees of freedom", df)?;
    Ok(solve_on_log_scale(p, |z| lower(z.exp(), df), |z| upper(z.exp(), df))?.exp())
}

/// Regularized incomplete gamma functions. Both arguments are checked by the callers; where the library still
/// declines (an argument that under- or overflowed), the tail is at its limit.
fn lower(x: f64, df: f64) -> f64 {
    checked_gamma_lr(df / 2.0, x / 2.0).unwrap_or(if x < df { 0.0 } else { 1.0 })
}

fn upper(x: f64, df: f64) -> f64 {
    checked_gamma_ur(df / 2.0, x / 2.0).unwrap_or(if x < df { 1.0 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    // mpmath, 50 digits.
    #[test]
    fn upper_tail() {
        let cases = [
            (9.254046167754582, 5.0, 0.09935016396905184),
            (55.61, 5.0, 9.776910514006282e-11),
            (3.84, 1.0, 0.050043521248705106),
            (200.0, 10.0, 1.6139305336977305e-37),
            (1e-6, 2.0, 0.999999500000125),
            (123.67076866817223, 64.0, 1.1175275383310026e-05),
        ];
        for (x, df, expected) in cases {
            assert_relative_eq!(
                chi_squared_upper(x, df).unwrap(),
                expected,
                max_relative = 1e-12,
                epsilon = 0.0
            );
        }
        assert_eq!(chi_squared_upper(0.0, 3.0).unwrap(), 1.0);
        assert!(chi_squared_upper(-1.0, 3.0).is_err());
    }

    #[test]
    fn quantile() {
        let cases = [
            (0.025, 5.0, 0.8312116134866624),
            (0.975, 5.0, 12.832501994030025),
            (1e-10, 1.0, 1.5707963267948968e-20),
            (0.5, 3.0, 2.365973884375338),
            (0.025, 1.0, 0.000982069117175256),
            (0.975, 64.0, 88.00405100649752),
            (0.999999, 2.0, 27.631021115871036),
        ];
        for (p, df, expected) in cases {
            assert_relative_eq!(
                chi_squared_quantile(p, df).unwrap(),
                expected,
                max_relative = 2e-12,
                epsilon = 0.0
            );
        }
    }
}
