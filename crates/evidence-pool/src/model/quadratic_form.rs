//! The exact distribution of a weighted sum of squares about its weighted mean.
//!
//! With weights a and normal effects of variance d = v + τ², Q = Σa(y − ȳ_a)² is a positive combination of
//! chi-squares whose coefficients are the eigenvalues of a k × k matrix (Biggerstaff & Jackson 2008; Jackson 2013).
//! The matrix is a diagonal one less one of rank one, so that its determinant, and with it the Laplace transform of
//! the distribution, has a closed form in k operations:
//!
//! E exp(−zQ) = [Π(1 + 2zad) · Σ(a/(1 + 2zad)) / Σa]^(−1/2).
//!
//! The transform is inverted along a hyperbola about the negative axis, where its singularities lie (Weideman &
//! Trefethen, Math Comp 2007;76:1341, section 4).

//!
//! The hyperbola crosses the real axis at the saddle point of the integrand, so that the terms do not cancel, and the
//! nodes lie as close as the width of the integrand there asks.

use nalgebra::Complex;

use super::tau_squared::Strata;

/// The angle of the hyperbola. A smaller one than the 1.17 that is best for a general transform keeps the arms away
/// from the many singularities of a large study number, at the price of a few more nodes.
const ANGLE: f64 = 0.5;

/// The widest spacing of nodes: the sum then errs by less than exp(−2π (π/2 − 0.5)/0.072), far below double precision.
const WIDEST_SPACING: f64 = 0.072;

/// Spacing of nodes in standard deviations of the integrand at the saddle point: the trapezoidal sum of a normal
/// density errs by exp(−2π²/0.5²).
const SPACING_IN_DEVIATIONS: f64 = 0.5;

/// A sum ends when a term has fallen to this share of the first; the terms fall faster than exponentially.
const NEGLIGIBLE: f64 = 1e-19;

/// No eigenvalue but 0 is below the smallest of a(v + τ²), so that Q is below so small a part of it with a probability of
/// less than its root.
const IMPOSSIBLY_SMALL: f64 = 1e-60;

/// No sum needs this many terms.
const MAX_NODES: u32 = 10_000;

/// The exponent c of the weights a = v^(−c).
pub(crate) fn weight(variance: f64, exponent: f64) -> f64 {
    variance.powf(-exponent)
}

/// Σa(y − ȳ_a)² over all strata, with a = v^(−exponent).
pub(crate) fn weighted_squares(strata: Strata<'_>, exponent: f64) -> f64 {
    strata
        .iter()
        .map(|group| {
            let pairs = || group.pairs().map(|(value, variance)| (value, weight(variance, exponent)));
            let total: f64 = pairs().map(|(_, weight)| weight).sum();
            let mean = pairs().map(|(value, weight)| weight * value).sum::<f64>() / total;
            pairs().map(|(value, weight)| weight * (value - mean).powi(2)).sum::<f64>()
        })
        .sum()
}

/// P(Q ≤ q) at this τ², to about 1e-12.
pub(crate) fn distribution(strata: Strata<'_>, exponent: f64, tau_squared: f64, q: f64) -> f64 {
    let variances = strata.iter().flat_map(|group| group.variances);
    let smallest = variances
        .map(|variance| weight(*variance, exponent) * (variance + tau_squared))
        .fold(f64::INFINITY, f64::min);
    if q <= IMPOSSIBLY_SMALL * smallest {
        return 0.0;
    }
    let saddle = saddle_point(strata, exponent, tau_squared, q);
    let scale = saddle / (1.0 - ANGLE.sin());
    let step = 1e-4 * saddle;
    let slope = |s: f64| exponent_slope(strata, exponent, tau_squared, q, s);
    let curvature = (slope(saddle + step) - slope(saddle - step)) / (2.0 * step);
    let deviation = (scale * ANGLE.cos() * curvature.max(0.0).sqrt()).recip();
    let spacing = WIDEST_SPACING.min(SPACING_IN_DEVIATIONS * deviation);
    let term = |node: u32| {
        // z(u) = scale (1 + sin(iu − angle)), and its derivative.
        let argument = Complex::new(-ANGLE, spacing * f64::from(node));
        let z = (argument.sin() + 1.0) * scale;
        let derivative = argument.cos() * Complex::i() * scale;
        let log_transform = log_laplace_transform(strata, exponent, tau_squared, z);
        (z * q + log_transform).exp() / z * derivative
    };
    let first = term(0);
    let mut sum = 0.5 * first.im;
    for node in 1..MAX_NODES {
        let next = term(node);
        sum += next.im;
        if next.norm() <= NEGLIGIBLE * first.norm() {
            break;
        }
    }
    (sum * spacing / std::f64::consts::PI).clamp(0.0, 1.0)
}

/// The s > 0 at which exp(sq) E exp(−sQ)/s is least, to a thousandth: any point near it serves.
fn saddle_point(strata: Strata<'_>, exponent: f64, tau_squared: f64, q: f64) -> f64 {
    let slope = |s: f64| exponent_slope(strata, exponent, tau_squared, q, s);
    // The slope is at most q − 1/s, and at least q less (k + 1)/s.
    let k: usize = strata.iter().map(|group| group.len()).sum();
    let (mut low, mut high) = ((1.0 / q).ln(), ((k as f64 + 1.0) / q).ln());
    while high - low > 1e-3 {
        let middle = 0.5 * (low + high);
        if slope(middle.exp()) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    (0.5 * (low + high)).exp()
}

/// d/ds of sq + ln E exp(−sQ) − ln s, which rises with s.
fn exponent_slope(strata: Strata<'_>, exponent: f64, tau_squared: f64, q: f64, s: f64) -> f64 {
    let mut slope = q - 1.0 / s;
    for group in strata {
        let (mut shrunk, mut shrunk_slope) = (0.0, 0.0);
        for variance in group.variances {
            let weight = weight(*variance, exponent);
            let rate = 2.0 * weight * (variance + tau_squared);
            let factor = 1.0 + s * rate;
            slope -= 0.5 * rate / factor;
            shrunk += weight / factor;
            shrunk_slope += weight * rate / (factor * factor);
        }
        slope += 0.5 * shrunk_slope / shrunk;
    }
    slope
}

fn log_laplace_transform(
    strata: Strata<'_>,
    exponent: f64,
    tau_squared: f64,
    z: Complex<f64>,
) -> Complex<f64> {
    let mut logarithm = Complex::new(0.0, 0.0);
    for group in strata {
        let mut total = 0.0;
        let mut shrunk = Complex::new(0.0, 0.0);
        for variance in group.variances {
            let weight = weight(*variance, exponent);
            let factor = z * (2.0 * weight * (variance + tau_squared)) + 1.0;
            logarithm -= factor.ln() * 0.5;
            total += weight;
            shrunk += Complex::new(weight, 0.0) / factor;
        }
        logarithm -= (shrunk / total).ln() * 0.5;
    }
    logarithm
}

#[cfg(test)]
mod tests {
    use super::super::sums::Group;
    use super::*;
    use approx::assert_abs_diff_eq;
    use kmeta_numerics::distributions::chi_squared_upper;

    /// With weights 1/v and τ² = 0, Q is chi-squared with k − 1 degrees of freedom.
    #[test]
    fn chi_squared_without_heterogeneity() {
        for k in [2_usize, 3, 4, 10, 65] {
            let variances: Vec<f64> = (0..k).map(|index| 0.01 * (1.0 + (index * 7 % 13) as f64)).collect();
            let values = vec![0.0; k];
            let strata = [Group { values: &values, variances: &variances }];
            let df = (k - 1) as f64;
            for q in [0.05 * df, 0.5 * df, df, 1.7 * df, 4.0 * df] {
                let expected = 1.0 - chi_squared_upper(q, df).unwrap();
                assert_abs_diff_eq!(distribution(&strata, 1.0, 0.0, q), expected, epsilon = 1e-11);
            }
        }
    }

    /// Many studies; R `pchisq(f * df, df)`.
    #[test]
    fn many_studies() {
        for (k, factor, expected) in [(400, 1.0, 0.509415195005809), (65, 0.5, 0.000276199799197408)] {
            let (values, variances) = (vec![0.0; k], vec![0.3; k]);
            let strata = [Group { values: &values, variances: &variances }];
            let ours = distribution(&strata, 1.0, 0.0, factor * (k - 1) as f64);
            assert_abs_diff_eq!(ours, expected, epsilon = 1e-12);
        }
    }

    /// Equal variances: Q/(1 + τ²/v) is chi-squared whatever the exponent.
    #[test]
    fn scaled_chi_squared_with_equal_variances() {
        let (values, variances) = ([0.0; 6], [0.04; 6]);
        let strata = [Group { values: &values, variances: &variances }];
        let (q, tau_squared) = (9.0, 0.06);
        let expected = 1.0 - chi_squared_upper(q / 2.5, 5.0).unwrap();
        assert_abs_diff_eq!(distribution(&strata, 1.0, tau_squared, q), expected, epsilon = 1e-11);
        let q_by_error = q * 0.2;
        assert_abs_diff_eq!(distribution(&strata, 0.5, tau_squared, q_by_error), expected, epsilon = 1e-11);
    }
}
