//! Estimates of several imputed sets of data.

/// What Rubin's rules (Rubin 1987) are made of: T = W + (1 + 1/M) B.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImputedMoments {
    /// Mean of the estimates.
    pub mean: f64,
    /// W, the mean of the variances within a set.
    pub within: f64,
    /// B, the variance of the estimates between sets; 0 with one set.
    pub between: f64,
}

impl ImputedMoments {
    /// The moments of M sets, each with its estimate and variance. NaN without a set.
    ///
    /// ```
    /// use kmeta_numerics::imputations::ImputedMoments;
    /// let moments = ImputedMoments::of(&[(1.0, 0.04), (1.2, 0.04), (1.1, 0.04)]);
    /// assert!((moments.mean - 1.1).abs() < 1e-12 && (moments.between - 0.01).abs() < 1e-12);
    /// ```
    pub fn of(sets: &[(f64, f64)]) -> Self {
        let count = sets.len() as f64;
        let mean = sets.iter().map(|set| set.0).sum::<f64>() / count;
        let within = sets.iter().map(|set| set.1).sum::<f64>() / count;
        let squares: f64 = sets.iter().map(|set| (set.0 - mean).powi(2)).sum();
        let between = if sets.len() > 1 { squares / (count - 1.0) } else { 0.0 };
        Self { mean, within, between }
    }
}
