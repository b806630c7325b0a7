//! The beta distribution.

use statrs::function::beta::checked_beta_reg;

use super::solve_on_log_scale;
use crate::NumericsError;
use crate::error::{positive, probability};

/// I_x(a, b), the regularized incomplete beta function.
///
/// # Errors
/// [`NumericsError::Domain`] unless 0 ≤ x ≤ 1, a > 0 and b > 0.
pub fn beta_cdf(x: f64, a: f64, b: f64) -> Result<f64, NumericsError> {
    positive("beta distribution", "a", a)?;
    positive("beta distribution", "b", b)?;
    if !(0.0..=1.0).contains(&x) {
        return Err(NumericsError::Domain {
            function: "beta distribution",
            argument: "x",
            value: x,
            expected: "from 0 to 1",
        });
    }
    Ok(regularized(x, a, b))
}

/// Quantile: the x with I_x(a, b) = p.
///
/// # Errors
/// [`NumericsError::Domain`] unless 0 < p < 1, a > 0 and b > 0.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> Result<f64, NumericsError> {
    Ok(share(beta_quantile_logit(p, a, b)?))
}

/// log(x / (1 − x)) of the quantile x, which keeps its accuracy where x is near 1.
pub(super) fn beta_quantile_logit(p: f64, a: f64, b: f64) -> Result<f64, NumericsError> {
    probability("beta quantile", p)?;
    positive("beta quantile", "a", a)?;
    positive("beta quantile", "b", b)?;
    solve_on_log_scale(p, |z| regularized(share(z), a, b), |z| regularized(share(-z), b, a))
}

/// 1 / (1 + exp(−z)) without loss for large negative z.
fn share(z: f64) -> f64 {
    if z < 0.0 { z.exp() / (1.0 + z.exp()) } else { 1.0 / (1.0 + (-z).exp()) }
}

/// The callers check the arguments; the library then has no reason to decline.
pub(super) fn regularized(x: f64, a: f64, b: f64) -> f64 {
    checked_beta_reg(a, b, x).unwrap_or(if x <= 0.0 { 0.0 } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// For whole a and b, I_x(a, b) is a binomial tail; summed in 40-digit decimals.
    #[test]
    fn binomial_tails() {
        for (x, a, b, expected) in
            [(0.1, 2.0, 7.0, 0.18689527), (0.7, 31.0, 4.0, 0.003191038656731163), (0.5, 17.0, 17.0, 0.5)]
        {
            assert_relative_eq!(beta_cdf(x, a, b).unwrap(), expected, max_relative = 1e-11);
        }
        for (p, a, b, expected) in [
            (0.025, 2.0, 7.0, 0.031854026249944226),
            (0.975, 3.0, 6.0, 0.6508557944128243),
            (0.025, 1.0, 34.0, 0.0007443642346902602),
            (1e-10, 5.0, 3.0, 0.005449375865824922),
            (0.975, 17.0, 18.0, 0.648707162948588),
            (0.975, 2.0, 33.0, 0.1532676695603177),
        ] {
            assert_relative_eq!(beta_quantile(p, a, b).unwrap(), expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn quantile_inverts_the_distribution_function() {
        for (a, b) in [(0.5, 0.5), (1.0, 15.0), (3.0, 6.0), (0.1, 30.0), (30.0, 0.1), (200.0, 4.0)] {
            for p in [1e-8, 0.025, 0.5, 0.975, 0.9999] {
                let x = beta_quantile(p, a, b).unwrap();
                if x < 1.0 - 1e-9 {
                    assert_relative_eq!(beta_cdf(x, a, b).unwrap(), p, max_relative = 1e-7);
                }
            }
        }
    }

    /// With a = 1 the quantile is 1 − (1 − p)^(1/b), with b = 1 it is p^(1/a).
    #[test]
    fn closed_forms() {
        assert_relative_eq!(
            beta_quantile(0.975, 1.0, 15.0).unwrap(),
            1.0 - 0.025_f64.powf(1.0 / 15.0),
            max_relative = 1e-13
        );
        assert_relative_eq!(
            beta_quantile(0.025, 0.1, 1.0).unwrap(),
            0.025_f64.powi(10),
            max_relative = 1e-12,
            epsilon = 0.0
        );
    }
}
