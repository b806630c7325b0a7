//! Fisher's F distribution.

use super::beta::{beta_quantile_logit, regularized};
use crate::NumericsError;
use crate::error::{positive, probability};

/// Upper tail P(X > x) = I_{d₂/(d₂+d₁x)}(d₂/2, d₁/2).
///
/// # Errors
/// [`NumericsError::Domain`] unless x > 0 and both degrees of freedom are above 0.
pub fn f_upper(x: f64, d1: f64, d2: f64) -> Result<f64, NumericsError> {
    positive("F upper tail", "x", x)?;
    positive("F upper tail", "numerator degrees of freedom", d1)?;
    positive("F upper tail", "denominator degrees of freedom", d2)?;
    Ok(regularized(d2 / (d2 + d1 * x), d2 / 2.0, d1 / 2.0))
}

/// Quantile: (d₂/d₁) · b/(1 − b) with b the p quantile of Beta(d₁/2, d₂/2).
///
/// # Errors
/// [`NumericsError::Domain`] unless 0 < p < 1 and both degrees of freedom are above 0.
pub fn f_quantile(p: f64, d1: f64, d2: f64) -> Result<f64, NumericsError> {
    probability("F quantile", p)?;
    positive("F quantile", "numerator degrees of freedom", d1)?;
    positive("F quantile", "denominator degrees of freedom", d2)?;
    Ok(d2 / d1 * beta_quantile_logit(p, d1 / 2.0, d2 / 2.0)?.exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distributions::student_t_quantile;
    use approx::assert_relative_eq;

    #[test]
    fn upper_tail_inverts_the_quantile() {
        for (d1, d2) in [(3.0, 20.0), (1.0, 5.0), (10.0, 4.0)] {
            let x = f_quantile(0.95, d1, d2).unwrap();
            assert_relative_eq!(f_upper(x, d1, d2).unwrap(), 0.05, max_relative = 1e-11);
        }
        // With d₁ = 2 the upper tail is (1 + 2x/d₂)^(−d₂/2).
        assert_relative_eq!(f_upper(10.0, 2.0, 8.0).unwrap(), 3.5_f64.powi(-4), max_relative = 1e-12);
        assert!(f_upper(-1.0, 2.0, 8.0).is_err());
    }

    #[test]
    fn one_numerator_degree_of_freedom_is_the_square_of_t() {
        let t = student_t_quantile(0.975, 5.0).unwrap();
        assert_relative_eq!(f_quantile(0.95, 1.0, 5.0).unwrap(), t * t, max_relative = 1e-12);
    }
}
