//! Weighted sums over studies, in two passes and without memory of their own, so that a fit costs a number of
//! operations proportional to the number of studies.

/// Effects of studies that share a mean, with their sampling variances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group<'a> {
    pub(crate) values: &'a [f64],
    pub(crate) variances: &'a [f64],
}

/// What follows from weights w = 1/(v + τ²): S_j = Σw^j, the mean Σwy/Σw and sums about it.
///
/// Traces are differences that cancel once one study outweighs all others, and so do distances from a mean that all but
/// equals that study's effect. All sums are therefore taken relative to the most precise study m: with weights that differ
/// by a factor of 10^12 the textbook forms keep four digits, these keep all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sums {
    pub(crate) s1: f64,
    pub(crate) s2: f64,
    pub(crate) mean: f64,
    /// Σ w (y − mean)².
    pub(crate) squares: f64,
    /// Σ w² (y − mean)².
    pub(crate) weighted_squares: f64,
    /// S₃/S₁ − (S₂/S₁)², the variance of the weights under themselves.
    pub(crate) weight_variance: f64,
    trace: f64,
    trace_of_square: f64,
}

impl<'a> Group<'a> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Pairs of effect and sampling variance.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (f64, f64)> + use<'a> {
        self.values.iter().copied().zip(self.variances.iter().copied())
    }

    /// Position of the study with the smallest sampling variance.
    fn most_precise(&self) -> usize {
        let mut best = 0;
        for (index, variance) in self.variances.iter().enumerate() {
            if *variance < self.variances[best] {
                best = index;
            }
        }
        best
    }

    pub(crate) fn sums(&self, tau_squared: f64) -> Sums {
        let most_precise = self.most_precise();
        let (origin, largest) =
            (self.values[most_precise], (self.variances[most_precise] + tau_squared).recip());
        // Sums over the other studies; `less` is how much lighter a study is than the most precise one.
        let (mut r1, mut r2, mut r3, mut weighted, mut less, mut less_squared) =
            (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for (index, (value, variance)) in self.pairs().enumerate() {
            if index == most_precise {
                continue;
            }
            let weight = 1.0 / (variance + tau_squared);
            let square = weight * weight;
            r1 += weight;
            r2 += square;
            r3 += square * weight;
            weighted += weight * (value - origin);
            less += weight * (largest - weight);
            less_squared += weight * (largest - weight) * (largest - weight);
        }
        let s1 = largest + r1;
        let (shift, share) = (weighted / s1, largest / s1);
        let (mut squares, mut weighted_squares) = (0.0, 0.0);
        for (value, variance) in self.pairs() {
            let weight = 1.0 / (variance + tau_squared);
            let distance = value - origin - shift;
            let part = weight * distance * distance;
            squares += part;
            weighted_squares += weight * part;
        }
        Sums {
            s1,
            s2: largest * largest + r2,
            mean: origin + shift,
            squares,
            weighted_squares,
            weight_variance: less_squared / s1 - (less / s1) * (less / s1),
            trace: r1 * (1.0 + share) - r2 / s1,
            trace_of_square: r2 - 2.0 * r3 / s1
                + (share * r1).powi(2)
                + 2.0 * share * share * r2
                + (r2 / s1).powi(2),
        }
    }

    /// Σ ln w.
    pub(crate) fn log_weights(&self, tau_squared: f64) -> f64 {
        -self.variances.iter().map(|variance| (variance + tau_squared).ln()).sum::<f64>()
    }

    /// Mean of the effects without weights, and the sum of squares about it.
    pub(crate) fn unweighted(&self) -> (f64, f64) {
        let mean = self.values.iter().sum::<f64>() / self.len() as f64;
        (mean, self.values.iter().map(|value| (value - mean).powi(2)).sum())
    }
}

impl Sums {
    /// tr(P) with P = W − Ww'W/S₁, the matrix of the residuals about the weighted mean: S₁ − S₂/S₁.
    pub(crate) fn trace(&self) -> f64 {
        self.trace
    }

    /// tr(PP): S₂ − 2S₃/S₁ + (S₂/S₁)².
    pub(crate) fn trace_of_square(&self) -> f64 {
        self.trace_of_square
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// The textbook forms, where they do not cancel.
    #[test]
    fn sums_are_those_of_the_textbook() {
        let values = [0.3, -0.1, 0.7, 0.2, 1.1];
        let variances = [0.04, 0.01, 0.09, 0.02, 0.3];
        let sums = Group { values: &values, variances: &variances }.sums(0.05);
        let weights: Vec<f64> = variances.iter().map(|variance| 1.0 / (variance + 0.05)).collect();
        let power = |exponent: i32| weights.iter().map(|weight| weight.powi(exponent)).sum::<f64>();
        let (s1, s2, s3) = (power(1), power(2), power(3));
        let mean = weights.iter().zip(&values).map(|(weight, value)| weight * value).sum::<f64>() / s1;
        let squares: f64 =
            weights.iter().zip(&values).map(|(weight, value)| weight * (value - mean).powi(2)).sum();
        assert_relative_eq!(sums.s1, s1, max_relative = 1e-14);
        assert_relative_eq!(sums.s2, s2, max_relative = 1e-14);
        assert_relative_eq!(sums.mean, mean, max_relative = 1e-13);
        assert_relative_eq!(sums.squares, squares, max_relative = 1e-13);
        assert_relative_eq!(sums.trace(), s1 - s2 / s1, max_relative = 1e-13);
        assert_relative_eq!(
            sums.trace_of_square(),
            s2 - 2.0 * s3 / s1 + (s2 / s1).powi(2),
            max_relative = 1e-13
        );
        assert_relative_eq!(sums.weight_variance, s3 / s1 - (s2 / s1).powi(2), max_relative = 1e-12);
    }

    /// Two studies have closed forms: tr(P) = 1/(v₁ + v₂), Q = (y₁ − y₂)²/(v₁ + v₂).
    #[test]
    fn one_study_that_outweighs_another_by_forty_orders_of_magnitude() {
        let sums = Group { values: &[2.0, 5.0], variances: &[1e-20, 1e20] }.sums(0.0);
        assert_relative_eq!(sums.trace(), 1e-20, max_relative = 1e-14);
        assert_relative_eq!(sums.trace_of_square(), 1e-40, max_relative = 1e-14);
        assert_relative_eq!(sums.squares, 9e-20, max_relative = 1e-14);
        let equal = Group { values: &[0.1; 3], variances: &[1e-60, 0.3, 1e-40] }.sums(0.0);
        assert_eq!((equal.mean, equal.squares), (0.1, 0.0));
    }
}
