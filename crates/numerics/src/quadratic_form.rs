//! Distribution functions of positive quadratic forms in normal variables.
//!
//! Such a form is a sum Σ λ_r χ²(ν_r) with λ_r > 0. Imhof 1961 inverts its characteristic function along the
//! imaginary axis, where the integrand oscillates and falls slowly when there are few terms. Here the same
//! inversion integral is taken along a parabola through the saddle point that opens around the branch points,
//! all of which lie on the negative real axis: the integrand then falls like a normal density and the
//! trapezoidal rule converges geometrically. Both tails keep their relative accuracy.
//!
//! References: Imhof JP. Biometrika 1961;48:419; Rice SO. SIAM J Sci Stat Comput 1980;1:438; Helstrom CW. IEEE
//! Trans Aerosp Electron Syst 1983;19:428; Weideman JAC, Trefethen LN. Math Comp 2007;76:1341 (the parabola).

use nalgebra::Complex;

use crate::NumericsError;
use crate::error::positive;
use crate::search::find_root;

/// P(X ≤ x) and P(X > x), each with its own relative accuracy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    /// P(X ≤ x).
    pub lower: f64,
    /// P(X > x).
    pub upper: f64,
}

impl Tails {
    fn from_lower(lower: f64) -> Self {
        let lower = lower.clamp(0.0, 1.0);
        Self { lower, upper: 1.0 - lower }
    }

    fn from_upper(upper: f64) -> Self {
        let upper = upper.clamp(0.0, 1.0);
        Self { lower: 1.0 - upper, upper }
    }
}

/// Tails at x of Σ coefficient_r χ²(degrees_of_freedom_r), independent and with positive coefficients.
///
/// # Errors
/// [`NumericsError::Domain`] unless x ≥ 0 is finite, there is a coefficient, the lists have equal lengths, and
/// all entries are positive and finite.
///
/// ```
/// use kmeta_numerics::quadratic_form::chi_squared_combination;
/// // Imhof 1961, table 1: P(0.6 χ²(1) + 0.3 χ²(1) + 0.1 χ²(1) > 0.7).
/// let tails = chi_squared_combination(0.7, &[0.6, 0.3, 0.1], &[1.0, 1.0, 1.0])?;
/// assert_eq!(format!("{:.4}", tails.upper), "0.5064");
/// # Ok::<(), kmeta_numerics::NumericsError>(())
/// ```
pub fn chi_squared_combination(
    x: f64,
    coefficients: &[f64],
    degrees_of_freedom: &[f64],
) -> Result<Tails, NumericsError> {
    let name = "combination of chi-squares";
    if coefficients.is_empty() || coefficients.len() != degrees_of_freedom.len() {
        return Err(NumericsError::Domain {
            function: name,
            argument: "number of coefficients",
            value: coefficients.len() as f64,
            expected: "at least one, and one degrees of freedom each",
        });
    }
    let (mut mean, mut largest): (f64, f64) = (0.0, 0.0);
    for (&coefficient, &df) in coefficients.iter().zip(degrees_of_freedom) {
        positive(name, "coefficient", coefficient)?;
        positive(name, "degrees of freedom", df)?;
        mean += coefficient * df;
        largest = largest.max(coefficient);
    }
    let log_transform = |p: Complex<f64>| {
        let sum: Complex<f64> = coefficients
            .iter()
            .zip(degrees_of_freedom)
            .map(|(&coefficient, &df)| (p * (2.0 * coefficient) + 1.0).ln() * df)
            .sum();
        sum * -0.5
    };
    quadratic_form_tails(x, mean, largest, log_transform)
}

/// Tails at x of a positive quadratic form given by log E exp(−pX), its mean and its largest coefficient λ.
///
/// `log_transform` must be analytic away from the real axis left of −1/(2λ) and is called with a positive (at
/// least tiny) imaginary part. This serves forms whose coefficients are known only through a determinant.
///
/// # Errors
/// [`NumericsError::Domain`] unless x ≥ 0 and mean and λ are positive and finite.
pub fn quadratic_form_tails(
    x: f64,
    mean: f64,
    largest_coefficient: f64,
    log_transform: impl Fn(Complex<f64>) -> Complex<f64>,
) -> Result<Tails, NumericsError> {
    let name = "quadratic form";
    positive(name, "mean", mean)?;
    positive(name, "largest coefficient", largest_coefficient)?;
    if x == 0.0 {
        return Ok(Tails { lower: 0.0, upper: 1.0 });
    }
    positive(name, "x", x)?;
    // In units of the mean nothing over- or underflows.
    let (x, largest) = (x / mean, largest_coefficient / mean);
    let transform = |p: Complex<f64>| log_transform(p / mean);
    let contour = Contour { x, transform: &transform };
    if x < 1.0 {
        let Some(saddle) = contour.saddle_right()? else { return Ok(Tails::from_lower(0.0)) };
        Ok(Tails::from_lower(contour.integral(0.0, saddle)))
    } else {
        let branch_point = -0.5 / largest;
        let Some(saddle) = contour.saddle_left(branch_point)? else { return Ok(Tails::from_upper(0.0)) };
        Ok(Tails::from_upper(-contour.integral(branch_point, saddle)))
    }
}

/// Imaginary part at which derivatives along the real axis are read off, free of cancellation (Squire & Trapp,
/// SIAM Review 1998;40:110), and that tells the side of a branch cut.
const TINY: f64 = 1e-60;

/// Largest step along the parabola: singularities and growth leave an error below exp(−2π/step).
const LARGEST_STEP: f64 = 1.0 / 12.0;

/// Standard deviations of the peak that fit on the parabola before it bends.
const PEAK_WITHIN: f64 = 6.0;

/// Terms smaller than this relative to the first no longer count.
const NEGLIGIBLE: f64 = 1e-18;

/// Bounds the sum, which ends after some hundred terms.
const MAX_TERMS: u32 = 20_000;

/// The inversion integral (1/2πi) ∫ exp(px) E exp(−pX) dp/p.
struct Contour<'a, F> {
    x: f64,
    transform: &'a F,
}

impl<F: Fn(Complex<f64>) -> Complex<f64>> Contour<'_, F> {
    /// Derivative of px + log E exp(−pX) − log |p| on the real axis.
    fn slope(&self, p: f64) -> f64 {
        self.x + (self.transform)(Complex::new(p, TINY)).im / TINY - 1.0 / p
    }

    /// The saddle point right of the pole at 0: the slope is negative at 1/x. `None` where it lies too far out
    /// for the tail to be above 0.
    fn saddle_right(&self) -> Result<Option<f64>, NumericsError> {
        let lower = 1.0 / self.x;
        let mut upper = 2.0 * lower;
        while self.slope(upper) < 0.0 {
            upper *= 2.0;
            if upper > 1e200 {
                return Ok(None);
            }
        }
        find_root(|p| self.slope(p), lower, upper, 1e-3 * lower).map(Some)
    }

    /// The saddle point between the branch point and the pole at 0.
    fn saddle_left(&self, branch_point: f64) -> Result<Option<f64>, NumericsError> {
        let slope = |share: f64| self.slope(branch_point * share);
        let (near_pole, near_branch) = (1e-12, 1.0 - 1e-9);
        if slope(near_branch) > 0.0 {
            return Ok(None);
        }
        let share = find_root(slope, near_pole, near_branch, 1e-10)?;
        Ok(Some(branch_point * share))
    }

    /// The integral along p = saddle + reach ((1 + iy)² − 1), by the trapezoidal rule; `singularity` is the
    /// nearest one left of the saddle point. The parabola is wide enough that the peak at the saddle point,
    /// about normal, ends before the bend, and the step resolves the peak and keeps the error that the
    /// singularities on either side cause, exp(−2π distance/step), near the rounding error.
    fn integral(&self, singularity: f64, saddle: f64) -> f64 {
        let nudge = 1e-5 * (saddle - singularity).min(saddle.abs());
        let curvature = (self.slope(saddle + nudge) - self.slope(saddle - nudge)) / (2.0 * nudge);
        let deviation = curvature.max(f64::MIN_POSITIVE).sqrt().recip();
        let reach = (saddle - singularity).max(PEAK_WITHIN * deviation);
        let to_left = 1.0 - (1.0 - (saddle - singularity) / reach).sqrt();
        // A saddle point left of the pole at 0 has that pole on its other side.
        let to_right = if saddle < 0.0 { (1.0 - saddle / reach).sqrt() - 1.0 } else { 1.0 };
        let width = 0.5 * deviation / reach;
        let step = LARGEST_STEP.min(0.5 * width).min(to_left.min(to_right) / 6.0);
        let term = |y: f64| {
            let along = Complex::new(1.0, y);
            let p = (along * along - 1.0) * reach + saddle;
            let p = Complex::new(p.re, p.im.max(TINY));
            ((p * self.x + (self.transform)(p)).exp() / p * along).re
        };
        let first = term(0.0);
        let mut sum = 0.5 * first;
        let mut small = 0;
        for index in 1..MAX_TERMS {
            let value = term(f64::from(index) * step);
            sum += value;
            // Three in a row, since a single term can be small by its phase.
            small = if value.abs() <= NEGLIGIBLE * first.abs() { small + 1 } else { 0 };
            if small == 3 {
                break;
            }
        }
        sum * step * reach * 2.0 / std::f64::consts::PI
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distributions::chi_squared_upper;
    use approx::assert_relative_eq;

    #[test]
    fn chi_squared_is_a_special_case() {
        for df in [1.0, 2.0, 3.0, 10.0, 100.0, 5000.0] {
            for ratio in [0.01, 0.3, 0.9, 0.999, 1.0, 1.001, 1.2, 3.0, 20.0] {
                let x = df * ratio;
                let expected = chi_squared_upper(x, df).unwrap();
                let tails = chi_squared_combination(2.5 * x, &[2.5], &[df]).unwrap();
                let accuracy = if df > 1000.0 { 1e-9 } else { 1e-11 };
                if expected > 1e-290 {
                    assert_relative_eq!(tails.upper, expected, max_relative = accuracy, epsilon = 1e-15);
                }
            }
        }
        // The lower tail keeps its relative accuracy: for 2 degrees of freedom it is 1 − exp(−x/2).
        let tails = chi_squared_combination(1e-9, &[1.0], &[2.0]).unwrap();
        assert_relative_eq!(tails.lower, 5e-10, max_relative = 1e-8, epsilon = 0.0);
    }

    /// The central forms of Imhof 1961, table 1. The four digits printed there agree; these eight are Imhof's
    /// integral by R 4.2.2 `integrate(rel.tol = 1e-10)`, itself good to about 1e-7.
    #[test]
    fn imhofs_table() {
        let weights = [0.6, 0.3, 0.1];
        let table = [
            ([1.0, 1.0, 1.0], [(0.1, 0.94578615), (0.7, 0.50643823), (2.0, 0.12395907)]),
            ([2.0, 2.0, 2.0], [(0.2, 0.99354712), (2.0, 0.399795), (6.0, 0.016102973)]),
            ([6.0, 4.0, 2.0], [(1.0, 0.99731927), (5.0, 0.43525063), (12.0, 0.0087690053)]),
            ([2.0, 4.0, 6.0], [(1.0, 0.96664038), (3.0, 0.41955462), (8.0, 0.0087153638)]),
        ];
        for (df, cases) in table {
            for (x, expected) in cases {
                let tails = chi_squared_combination(x, &weights, &df).unwrap();
                assert_relative_eq!(tails.upper, expected, epsilon = 3e-7);
            }
        }
        for (x, expected) in [(2.0, 0.90343403), (10.0, 0.038883983), (20.0, 0.00011637878)] {
            let tails = chi_squared_combination(x, &[0.7, 0.3], &[6.0, 2.0]).unwrap();
            assert_relative_eq!(tails.upper, expected, epsilon = 1e-8);
        }
    }

    /// With two coefficients of two degrees of freedom each the upper tail is
    /// (a exp(−x/2a) − b exp(−x/2b)) / (a − b), whatever their ratio.
    #[test]
    fn unequal_coefficients_in_closed_form() {
        for b in [0.9, 0.1, 1e-3, 1e-6] {
            for x in [1e-3, 0.1, 1.0, 2.0, 2.5, 10.0, 100.0] {
                let tails = chi_squared_combination(x, &[1.0, b], &[2.0, 2.0]).unwrap();
                let expected = ((-x / 2.0_f64).exp() - b * (-x / (2.0 * b)).exp()) / (1.0 - b);
                assert_relative_eq!(tails.upper, expected, max_relative = 1e-12, epsilon = 1e-14);
            }
        }
    }

    #[test]
    fn unusable_input_is_refused() {
        assert!(chi_squared_combination(-1.0, &[1.0], &[1.0]).is_err());
        assert!(chi_squared_combination(f64::NAN, &[1.0], &[1.0]).is_err());
        assert!(chi_squared_combination(1.0, &[], &[]).is_err());
        assert!(chi_squared_combination(1.0, &[0.0], &[1.0]).is_err());
        assert_eq!(chi_squared_combination(0.0, &[1.0], &[1.0]).unwrap().upper, 1.0);
        assert_eq!(chi_squared_combination(1e5, &[1.0], &[1.0]).unwrap().upper, 0.0);
        assert_eq!(chi_squared_combination(1e-300, &[1.0], &[400.0]).unwrap().lower, 0.0);
    }
}
