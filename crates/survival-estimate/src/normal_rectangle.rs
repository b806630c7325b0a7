//! Probabilities that correlated normal variables stay between limits.

use kmeta_numerics::distributions::normal_cdf;
use kmeta_numerics::quadrature::{GaussLegendre, gauss_legendre};
use nalgebra::DMatrix;

/// The most variables: each beyond the second multiplies the work by a hundred.
pub(crate) const LARGEST_DIMENSION: usize = 4;

/// Nodes of a panel. The integrand is smooth but for kinks where another limit becomes the closest.
const NODES: usize = 12;

/// Panels are halved until no more than this part of the probability changes; what is left is far smaller.
const TOLERANCE: f64 = 1e-9;

/// Halvings of a range at most. A kink in the last panel then costs 2⁻²⁴ of the range squared.
const MAX_HALVINGS: u32 = 12;

/// The standard normal probability beyond is 3e-7; panels that end here need no more than a few halvings.
const STEEP: f64 = 5.0;

/// Panels on either side of the middle of a range, each half as wide as the one before, at most.
const MAX_GRADES: i32 = 12;

/// The normal density beyond holds less than 1e-33.
const FAR: f64 = 12.0;

/// Variance that is left once others are known; less than this is rounding.
const DEPENDENT: f64 = 1e-10;

/// Normal variables of mean 0 and variance 1, written as combinations of independent ones (Cholesky's factors with
/// pivoting, so that a variable may be a combination of others).
pub(crate) struct NormalRectangle {
    /// For each independent variable, the combinations that end with it: coefficients of it and those before.
    ending: Vec<Vec<Vec<f64>>>,
    /// Panels on either side of the middle of a range.
    grades: i32,
    rule: GaussLegendre,
}

impl NormalRectangle {
    pub(crate) fn new(correlation: &DMatrix<f64>) -> Self {
        let count = correlation.nrows();
        let mut factors: Vec<Vec<f64>> = vec![Vec::new(); count];
        let mut left: Vec<f64> = (0..count).map(|index| correlation[(index, index)]).collect();
        let mut pivots: Vec<usize> = Vec::new();
        while let Some(pivot) = (0..count)
            .filter(|index| !pivots.contains(index) && left[*index] > DEPENDENT)
            .max_by(|&one, &two| left[one].total_cmp(&left[two]).then(two.cmp(&one)))
        {
            let root = left[pivot].sqrt();
            let row = factors[pivot].clone();
            for index in 0..count {
                let known: f64 = factors[index].iter().zip(&row).map(|(one, two)| one * two).sum();
                let value = match index {
                    _ if index == pivot => root,
                    _ if pivots.contains(&index) => 0.0,
                    _ => (correlation[(index, pivot)] - known) / root,
                };
                factors[index].push(value);
                left[index] -= value * value;
            }
            pivots.push(pivot);
        }
        let mut ending = vec![Vec::new(); pivots.len()];
        for mut row in factors {
            // What rounding leaves behind the last real coefficient.
            while row.last().is_some_and(|last| last.abs() <= DEPENDENT.sqrt()) {
                row.pop();
            }
            let last = row.len() - 1;
            ending[last].push(row);
        }
        let rule = gauss_legendre(NODES).unwrap_or_else(|_| unreachable!("12 nodes are allowed"));
        let least = ending.iter().flatten().map(|row| row[row.len() - 1].abs()).fold(1.0, f64::min);
        let grades = (1 - least.log2().floor() as i32).clamp(1, MAX_GRADES);
        Self { ending, grades, rule }
    }

    /// P(some variable lies outside `lower` to `upper`), summed from positive terms so that a small one keeps its
    /// digits.
    pub(crate) fn outside(&self, lower: f64, upper: f64) -> f64 {
        let least = normal_cdf(lower) + normal_cdf(-upper);
        let fixed = [0.0; LARGEST_DIMENSION];
        self.outside_given(0, fixed, (lower, upper), TOLERANCE * least).min(1.0)
    }

    /// The same, given the first `known` independent variables.
    fn outside_given(
        &self,
        known: usize,
        fixed: [f64; LARGEST_DIMENSION],
        limits: (f64, f64),
        tolerance: f64,
    ) -> f64 {
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        for row in &self.ending[known] {
            let sum: f64 = row[..known].iter().zip(&fixed).map(|(one, two)| one * two).sum();
            let ends = ((limits.0 - sum) / row[known], (limits.1 - sum) / row[known]);
            low = low.max(ends.0.min(ends.1));
            high = high.min(ends.0.max(ends.1));
        }
        if low >= high {
            return 1.0;
        }
        let here = normal_cdf(low) + normal_cdf(-high);
        if known + 1 == self.ending.len() {
            return here;
        }
        let density = |y: f64| (-0.5 * y * y).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let integrand = |y: f64| {
            let mut fixed = fixed;
            fixed[known] = y;
            density(y) * self.outside_given(known + 1, fixed, limits, tolerance)
        };
        let (low, high) = (low.clamp(-FAR, FAR), high.clamp(-FAR, FAR));
        let (low, high) = (low.clamp(-FAR, FAR), high.clamp(-FAR, FAR));
        let ends = if known + 2 == self.ending.len() {
            self.corners(known, &fixed, limits, (low, high))
        } else {
            self.graded(low, high)
        };
        let part = tolerance / ends.len() as f64;
        let panels = ends.windows(2).map(|ends| (ends[0], ends[1]));
        here + panels.map(|panel| self.integral(&integrand, panel, None, part, MAX_HALVINGS)).sum::<f64>()
    }

    /// Ends of panels that shrink towards both ends of a range: a variable that all but follows from those before
    /// changes the integrand there.
    fn graded(&self, low: f64, high: f64) -> Vec<f64> {
        let distances = (2..=self.grades).map(|grade| (high - low) * 0.5_f64.powi(grade));
        let left = distances.clone().rev().map(|distance| low + distance);
        let right = distances.map(|distance| high - distance);
        let middle = low + 0.5 * (high - low);
        [low].into_iter().chain(left).chain([middle]).chain(right).chain([high]).collect()
    }

    /// Ends of panels on which the probability of the last variable is smooth: its limits are the closest of several
    /// lines, which cross, and where a line is steep its probability changes within a few standard deviations.
    fn corners(
        &self,
        known: usize,
        fixed: &[f64; LARGEST_DIMENSION],
        limits: (f64, f64),
        (low, high): (f64, f64),
    ) -> Vec<f64> {
        let mut lines: Vec<(f64, f64)> = Vec::new();
        for row in &self.ending[known + 1] {
            let sum: f64 = row[..known].iter().zip(fixed).map(|(one, two)| one * two).sum();
            let finite = [limits.0, limits.1].into_iter().filter(|limit| limit.is_finite());
            lines.extend(finite.map(|limit| ((limit - sum) / row[known + 1], -row[known] / row[known + 1])));
        }
        let mut ends = vec![low, high];
        for (index, one) in lines.iter().enumerate() {
            if one.1.abs() > 1.0 {
                ends.extend([-STEEP, STEEP].map(|value| (value - one.0) / one.1));
            }
            ends.extend(lines[index + 1..].iter().map(|two| (one.0 - two.0) / (two.1 - one.1)));
        }
        ends.retain(|end| end.is_finite() && (low..=high).contains(end));
        ends.sort_by(f64::total_cmp);
        ends.dedup_by(|one, two| (*one - *two).abs() < 1e-12);
        ends
    }

    /// ∫ by halving until both halves agree with the whole.
    fn integral(
        &self,
        function: &dyn Fn(f64) -> f64,
        (low, high): (f64, f64),
        whole: Option<f64>,
        tolerance: f64,
        halvings: u32,
    ) -> f64 {
        let panel = |low: f64, high: f64| -> f64 {
            self.rule.on(low, high).map(|(node, weight)| weight * function(node)).sum()
        };
        let whole = whole.unwrap_or_else(|| panel(low, high));
        let middle = 0.5 * (low + high);
        let (left, right) = (panel(low, middle), panel(middle, high));
        // Relative rounding of a large panel cannot be undercut.
        if (left + right - whole).abs() <= tolerance.max(1e-14 * whole) || halvings == 0 {
            return left + right;
        }
        self.integral(function, (low, middle), Some(left), 0.5 * tolerance, halvings - 1)
            + self.integral(function, (middle, high), Some(right), 0.5 * tolerance, halvings - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(correlation: &[f64], lower: f64, upper: f64) -> f64 {
        let order = correlation.len().isqrt();
        NormalRectangle::new(&DMatrix::from_row_slice(order, order, correlation)).outside(lower, upper)
    }

    /// P(X, Y > 0) = 1/4 + asin(ρ)/2π; for three variables 1/8 + Σ asin/4π (Sheppard 1899; David 1953).
    #[test]
    fn orthants() {
        let pi = std::f64::consts::PI;
        for rho in [-0.999, -0.4, 0.0, 0.3, 0.9, 0.999_999] {
            let inside = 0.25 + f64::asin(rho) / (2.0 * pi);
            let found = outside(&[1.0, rho, rho, 1.0], 0.0, f64::INFINITY);
            assert!((found - (1.0 - inside)).abs() < 1e-9, "{rho}: {found}");
        }
        let (a, b, c) = (0.8, 0.3, 0.6_f64);
        let inside = 0.125 + (f64::asin(a) + f64::asin(b) + c.asin()) / (4.0 * pi);
        let found = outside(&[1.0, a, b, a, 1.0, c, b, c, 1.0], 0.0, f64::INFINITY);
        assert!((found - (1.0 - inside)).abs() < 1e-9, "{found}");
    }

    /// Independent variables, and one variable four times.
    #[test]
    fn limits_of_correlation() {
        let one = 2.0 * normal_cdf(-2.5);
        let identity: Vec<f64> = (0..16).map(|i| f64::from(u8::from(i % 5 == 0))).collect();
        assert!((outside(&identity, -2.5, 2.5) - (1.0 - (1.0 - one).powi(4))).abs() < 1e-10);
        assert!((outside(&[1.0; 16], -2.5, 2.5) - one).abs() < 1e-15);
        // A tail of 1e-15 keeps its digits.
        let tail = 2.0 * normal_cdf(-8.0);
        assert!((outside(&[1.0, 0.0, 0.0, 1.0], -8.0, 8.0) / (2.0 * tail) - 1.0).abs() < 1e-9);
    }
}
