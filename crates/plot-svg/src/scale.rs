//! Axes: from values to pixels, and where the ticks go.

use kmeta_trial_data::TimeUnit;

/// Linear or logarithmic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleKind {
    /// Equal differences are equally long.
    Linear,
    /// Equal ratios are equally long; values must be positive.
    Log,
}

/// Maps values to pixels.
///
/// ```
/// use kmeta_plot_svg::{Scale, ScaleKind};
/// let axis = Scale::new(ScaleKind::Log, (0.1, 10.0), (0.0, 200.0));
/// assert!((axis.position(1.0) - 100.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    kind: ScaleKind,
    domain: (f64, f64),
    range: (f64, f64),
}

impl Scale {
    /// A scale that maps the ends of `domain` to the ends of `range`.
    pub fn new(kind: ScaleKind, domain: (f64, f64), range: (f64, f64)) -> Self {
        Self { kind, domain, range }
    }

    /// Pixel of a value. Values of a logarithmic scale that are not positive map to the lower end.
    pub fn position(&self, value: f64) -> f64 {
        let (lower, upper) = self.domain;
        let part = match self.kind {
            ScaleKind::Linear => (value - lower) / (upper - lower),
            ScaleKind::Log if value <= 0.0 => 0.0,
            ScaleKind::Log => (value / lower).ln() / (upper / lower).ln(),
        };
        self.range.0 + part * (self.range.1 - self.range.0)
    }

    /// Linear or logarithmic.
    pub fn kind(&self) -> ScaleKind {
        self.kind
    }

    /// The ends in values.
    pub fn domain(&self) -> (f64, f64) {
        self.domain
    }

    /// The ends in pixels.
    pub fn range(&self) -> (f64, f64) {
        self.range
    }

    /// Ticks inside the domain, about `count` of them.
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        match self.kind {
            ScaleKind::Linear => linear_ticks(self.domain.0, self.domain.1, count),
            ScaleKind::Log => log_ticks(self.domain.0, self.domain.1, count),
        }
    }
}

/// Multiples of 1, 2, 2.5 or 5 times a power of ten in `[lower, upper]`, at most about `count`.
pub fn linear_ticks(lower: f64, upper: f64, count: usize) -> Vec<f64> {
    multiples(lower, upper, nice_step(upper - lower, count))
}

/// The smallest step of the series 1, 2, 2.5, 5, 10 that divides `span` into at most `count` parts.
#[allow(clippy::cast_precision_loss, reason = "a handful of ticks")]
pub fn nice_step(span: f64, count: usize) -> f64 {
    let rough = (span / count.max(1) as f64).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|factor| factor * power >= rough * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

/// Multiples of `step` in `[lower, upper]`, with a slack for rounding.
pub(crate) fn multiples(lower: f64, upper: f64, step: f64) -> Vec<f64> {
    let valid = step > 0.0 && step.is_finite() && lower.is_finite() && upper.is_finite();
    if !valid || (upper - lower) / step > 1e4 {
        return Vec::new();
    }
    let first = (lower / step - 1e-9).ceil();
    let last = (upper / step + 1e-9).floor();
    let mut ticks = Vec::new();
    let mut index = first;
    while index <= last {
        ticks.push(index * step);
        index += 1.0;
    }
    ticks
}

/// Ticks of a logarithmic axis: 1, 2 and 5 times powers of ten, thinned to powers of ten when those are more
/// than `count`, and multiples of a linear step when the axis is so short that fewer than three fall on it.
pub fn log_ticks(lower: f64, upper: f64, count: usize) -> Vec<f64> {
    let fine = log_series(lower, upper, &[1.0, 2.0, 5.0], 1);
    if fine.len() < 3 {
        let mut ticks = linear_ticks(lower, upper, count.min(5));
        ticks.retain(|&tick| tick > 0.0);
        return ticks;
    }
    if fine.len() <= count {
        return fine;
    }
    (1..)
        .map(|stride| log_series(lower, upper, &[1.0], stride))
        .find(|ticks| ticks.len() <= count.max(2))
        .unwrap_or(fine)
}

/// `factors` times every `stride`-th power of ten in `[lower, upper]`.
fn log_series(lower: f64, upper: f64, factors: &[f64], stride: i32) -> Vec<f64> {
    #[allow(clippy::cast_possible_truncation, reason = "decimal exponents of f64 lie within ±324")]
    let (first, last) = (lower.log10().floor() as i32, upper.log10().ceil() as i32);
    let slack = 1.0 + 1e-9;
    (first..=last)
        .filter(|power| power.rem_euclid(stride) == 0)
        .flat_map(|power| factors.iter().map(move |factor| decimal(*factor, power)))
        .filter(|&tick| tick * slack >= lower && tick <= upper * slack)
        .collect()
}

/// `factor` · 10^`power` without the rounding of a negative power (0.2, not 0.2000…01).
fn decimal(factor: f64, power: i32) -> f64 {
    if power < 0 { factor / 10_f64.powi(-power) } else { factor * 10_f64.powi(power) }
}

/// A distance of time ticks that people expect of the unit (3, 6 or 12 months, whole years), giving at most
/// `count` intervals up to `end`.
pub fn time_step(end: f64, unit: Option<TimeUnit>, count: usize) -> f64 {
    let steps: &[f64] = match unit {
        Some(TimeUnit::Months) => &[1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 36.0, 60.0, 120.0],
        Some(TimeUnit::Years) => &[0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0],
        Some(TimeUnit::Weeks) => &[1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 52.0, 104.0, 260.0],
        Some(TimeUnit::Days) => &[1.0, 7.0, 14.0, 30.0, 60.0, 90.0, 180.0, 365.0, 730.0, 1825.0],
        None => &[],
    };
    #[allow(clippy::cast_precision_loss, reason = "a handful of ticks")]
    let enough = |step: &&f64| end / **step <= count as f64 + 1e-9;
    // Far shorter than the smallest of the list: decimal steps.
    match steps.iter().find(enough) {
        Some(&step) if end >= 3.0 * step => step,
        _ => nice_step(end, count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_those_a_person_would_draw() {
        assert_eq!(linear_ticks(0.0, 1.0, 5), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(log_ticks(0.1, 2.0, 8), [0.1, 0.2, 0.5, 1.0, 2.0]);
        assert_eq!(log_ticks(0.001, 1000.0, 8), [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(log_ticks(0.7, 1.3, 8), [0.8, 1.0, 1.2000000000000002]);
        assert_eq!(time_step(24.0, Some(TimeUnit::Months), 8), 3.0);
        assert_eq!(time_step(26.0, Some(TimeUnit::Months), 8), 6.0);
        assert_eq!(time_step(8.0, Some(TimeUnit::Years), 8), 1.0);
        assert_eq!(time_step(0.5, Some(TimeUnit::Months), 5), 0.1);
    }

    #[test]
    fn positions_map_ends_to_ends() {
        let linear = Scale::new(ScaleKind::Linear, (0.0, 1.0), (300.0, 100.0));
        assert_eq!((linear.position(0.0), linear.position(1.0)), (300.0, 100.0));
        let log = Scale::new(ScaleKind::Log, (0.1, 10.0), (0.0, 100.0));
        assert!((log.position(1.0) - 50.0).abs() < 1e-12);
        assert_eq!(log.position(0.0), 0.0);
    }
}
