//! Binomial coefficients.

/// ln of the number of ways to choose `chosen` of `total`, 0 ≤ chosen ≤ total, both whole numbers given as
/// floating-point numbers: ln Γ(n + 1) − ln Γ(k + 1) − ln Γ(n − k + 1), by `libm`'s ln Γ. Good to about 1e-14 relative
/// to ln Γ(n + 1).
pub fn ln_binomial_coefficient(total: f64, chosen: f64) -> f64 {
    libm::lgamma(total + 1.0) - libm::lgamma(chosen + 1.0) - libm::lgamma(total - chosen + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn whole_numbers() {
        assert_eq!(ln_binomial_coefficient(5.0, 0.0), 0.0);
        assert_relative_eq!(ln_binomial_coefficient(5.0, 2.0), 10_f64.ln(), max_relative = 1e-14);
        assert_relative_eq!(ln_binomial_coefficient(42.0, 5.0), 850_668_f64.ln(), max_relative = 1e-13);
        // C(1000, 500) by whole-number arithmetic.
        assert_relative_eq!(
            ln_binomial_coefficient(1000.0, 500.0),
            689.467_261_567_851_2,
            max_relative = 1e-13
        );
    }
}
