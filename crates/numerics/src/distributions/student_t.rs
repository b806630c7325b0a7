//! Student's t distribution.

use super::beta::{beta_quantile_logit, regularized};
use crate::NumericsError;
use crate::error::{positive, probability};

/// Two-sided p value P(|T| > |t|) = I_{ν/(ν+t²)}(ν/2, ½).
///
/// # Errors
/// [`NumericsError::Domain`] unless t is finite and df > 0.
pub fn student_t_two_sided(t: f64, df: f64) -> Result<f64, NumericsError> {
    positive("t distribution", "degrees of freedom", df)?;
    if !t.is_finite() {
        return Err(NumericsError::Domain {
            function: "t distribution",
            argument: "t",
            value: t,
            expected: "finite",
        });
    }
    Ok(regularized(df / (df + t * t), df / 2.0, 0.5))
}

/// Quantile: the t with P(T ≤ t) = p. It is ±√(ν (1 − x) / x) with x the 2·min(p, 1 − p) quantile of
/// Beta(ν/2, ½).
///
/// # Errors
/// [`NumericsError::Domain`] unless 0 < p < 1 and df > 0.
pub fn student_t_quantile(p: f64, df: f64) -> Result<f64, NumericsError> {
    probability("t quantile", p)?;
    positive("t quantile", "degrees of freedom", df)?;
    if p == 0.5 {
        return Ok(0.0);
    }
    let tail = 2.0 * p.min(1.0 - p);
    let size = (df * (-beta_quantile_logit(tail, df / 2.0, 0.5)?).exp()).sqrt();
    Ok(if p < 0.5 { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    // mpmath, 50 digits.
    #[test]
    fn two_sided() {
        let cases = [
            (2.3824144166025643, 35.0, 0.02276419970340669),
            (0.5, 1.0, 0.7048327646991335),
            (12.7, 1.0, 0.05002432768934416),
            (40.0, 5.0, 1.8411962171772954e-07),
            (-1.6762367964681943, 63.0, 0.09864807541129667),
        ];
        for (t, df, expected) in cases {
            assert_relative_eq!(
                student_t_two_sided(t, df).unwrap(),
                expected,
                max_relative = 1e-11,
                epsilon = 0.0
            );
        }
    }

    #[test]
    fn quantile() {
        let cases = [
            (0.975, 1.0, 12.706204736174692),
            (0.975, 4.0, 2.7764451051977934),
            (0.975, 5.0, 2.5705818356363146),
            (0.995, 12.0, 3.0545395893929017),
            (0.75, 2.5, 0.7850136829923011),
            (0.9999999, 3.0, 222.57159098625124),
        ];
        for (p, df, expected) in cases {
            // 1 − p itself has a rounding error of up to 1.1e-16 / (1 − p).
            let tolerance = 1e-13 + 2e-16 / (1.0 - p);
            assert_relative_eq!(student_t_quantile(p, df).unwrap(), expected, max_relative = tolerance);
            assert_eq!(student_t_quantile(p, df).unwrap(), -student_t_quantile(1.0 - p, df).unwrap());
        }
    }
}
