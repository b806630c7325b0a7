//! The range of numbers that all models compute with.
//!
//! Sums over studies hold (y/v)² and v^(−3). Within these limits neither overflows nor vanishes in double precision;
//! they leave any unit that a quantity may be measured in.

/// Effects may be as far from 0 as this.
pub(crate) const LARGEST_EFFECT: f64 = 1e50;

/// Sampling variances may be as small as this.
pub(crate) const SMALLEST_VARIANCE: f64 = 1e-100;

/// Sampling variances may be as large as this.
pub(crate) const LARGEST_VARIANCE: f64 = 1e100;

/// In a regression variances may differ by this factor: leverages near 1 then keep four digits. Models of a mean need no
/// such limit.
pub(crate) const LARGEST_VARIANCE_RATIO: f64 = 1e12;

/// Whether models can compute with an effect.
pub(crate) fn usable_effect(value: f64) -> bool {
    value.abs() <= LARGEST_EFFECT
}

/// Whether models can compute with a sampling variance.
pub(crate) fn usable_variance(variance: f64) -> bool {
    (SMALLEST_VARIANCE..=LARGEST_VARIANCE).contains(&variance)
}
