//! Weighted sums over studies, in two passes and without memory of their own, so that a fit costs a number of
//! operations proportional to the number of studies.

/// Effects of studies that share a mean, with their sampling variances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group<'a> {
    pub(crate) values: &'a [f64],
    pub(crate) variances: &'a [f64],
}

/// What follows from weights w = 1/(v + τ²): S_j = Σw^j, the mean Σwy/Σw and sums about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sums {
    pub(crate) s1: f64,
    pub(crate) s2: f64,
    pub(crate) s3: f64,
    pub(crate) mean: f64,
    /// Σ w (y − mean)².
    pub(crate) squares: f64,
    /// Σ w² (y − mean)².
    pub(crate) weighted_squares: f64,
}

impl<'a> Group<'a> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Pairs of effect and sampling variance.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (f64, f64)> + use<'a> {
        self.values.iter().copied().zip(self.variances.iter().copied())
    }

    pub(crate) fn sums(&self, tau_squared: f64) -> Sums {
        let (mut s1, mut s2, mut s3, mut weighted) = (0.0, 0.0, 0.0, 0.0);
        for (value, variance) in self.pairs() {
            let weight = 1.0 / (variance + tau_squared);
            let square = weight * weight;
            s1 += weight;
            s2 += square;
            s3 += square * weight;
            weighted += weight * value;
        }
        let mean = weighted / s1;
        let (mut squares, mut weighted_squares) = (0.0, 0.0);
        for (value, variance) in self.pairs() {
            let weight = 1.0 / (variance + tau_squared);
            let part = weight * (value - mean) * (value - mean);
            squares += part;
            weighted_squares += weight * part;
        }
        Sums { s1, s2, s3, mean, squares, weighted_squares }
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
        self.s1 - self.s2 / self.s1
    }

    /// tr(PP): S₂ − 2S₃/S₁ + (S₂/S₁)².
    pub(crate) fn trace_of_square(&self) -> f64 {
        let ratio = self.s2 / self.s1;
        self.s2 - 2.0 * self.s3 / self.s1 + ratio * ratio
    }
}
