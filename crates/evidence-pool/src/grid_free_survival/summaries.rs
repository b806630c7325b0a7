//! The pooled curve as a monotone step function, its median and its restricted mean.

use super::mean_path::MeanPath;

/// What the mean path says at each of its times, made monotone.
#[derive(Debug, Clone)]
pub(super) struct MonotoneCurve {
    pub(super) times: Vec<f64>,
    /// log cumulative hazard.
    pub(super) value: Vec<f64>,
    pub(super) lower: Vec<f64>,
    pub(super) upper: Vec<f64>,
    /// Limits of the prediction band; absent with fewer than three trials.
    pub(super) prediction: Option<(Vec<f64>, Vec<f64>)>,
}

/// S from a log cumulative hazard.
pub(super) fn survival(log_hazard: f64) -> f64 {
    (-log_hazard.exp()).exp()
}

impl MonotoneCurve {
    /// Limits are value ± quantile · SE with the Hartung-Knapp factor, those of the prediction band
    /// value ± quantile · √(SE² + τ²).
    pub(super) fn new(mean: &MeanPath, quantile: f64, predict: bool) -> Self {
        let times: Vec<f64> = mean.points.iter().map(|point| point.time).collect();
        let lengths = step_lengths(&times);
        let value: Vec<f64> = mean.points.iter().map(|point| point.value).collect();
        let variance: Vec<f64> =
            (0..times.len()).map(|index| mean.points[index].factor * mean.variance(index)).collect();
        let shifted = |sign: f64, spread: &dyn Fn(usize) -> f64| {
            let limit: Vec<f64> =
                (0..times.len()).map(|index| value[index] + sign * quantile * spread(index).sqrt()).collect();
            isotonic(&limit, &lengths)
        };
        let confidence = |index: usize| variance[index];
        let prediction = |index: usize| variance[index] + mean.points[index].tau_squared;
        Self {
            lower: shifted(-1.0, &confidence),
            upper: shifted(1.0, &confidence),
            prediction: predict.then(|| (shifted(-1.0, &prediction), shifted(1.0, &prediction))),
            value: isotonic(&value, &lengths),
            times,
        }
    }

    /// The first time at which the curve of these log hazards is at one half or below.
    pub(super) fn crossing(&self, log_hazards: &[f64]) -> Option<f64> {
        log_hazards.iter().position(|&value| survival(value) <= 0.5).map(|index| self.times[index])
    }

    /// Area under the curve from 0 to the horizon, and for the variance the length of each step within it.
    pub(super) fn restricted_mean(&self, mean: &MeanPath, horizon: f64) -> (f64, f64) {
        let mut area = self.times.first().map_or(horizon, |first| first.min(horizon));
        let mut coefficients = Vec::new();
        for (index, &time) in self.times.iter().enumerate().filter(|(_, time)| **time < horizon) {
            let next = self.times.get(index + 1).copied().unwrap_or(horizon).min(horizon);
            let level = survival(self.value[index]);
            area += level * (next - time);
            // dS/dβ = −S H.
            let slope = -level * self.value[index].exp() * (next - time);
            coefficients.push((index, slope * mean.points[index].factor.sqrt()));
        }
        (area, mean.variance_of_sum(&coefficients))
    }
}

/// How long each value holds. The last holds for no time; it counts as much as the shortest step.
fn step_lengths(times: &[f64]) -> Vec<f64> {
    let mut lengths: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    lengths.push(lengths.iter().copied().fold(1.0, f64::min));
    lengths
}

/// The non-decreasing step function nearest to the values in the mean over time (pool adjacent violators; Ayer et
/// al. 1955, Robertson, Wright & Dykstra 1988).
fn isotonic(values: &[f64], lengths: &[f64]) -> Vec<f64> {
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (&value, &length) in values.iter().zip(lengths) {
        let mut block = (value, length, 1);
        while let Some(&(before, weight, count)) = blocks.last() {
            if before <= block.0 {
                break;
            }
            let total = weight + block.1;
            block = ((before * weight + block.0 * block.1) / total, total, count + block.2);
            blocks.pop();
        }
        blocks.push(block);
    }
    blocks.into_iter().flat_map(|(value, _, count)| std::iter::repeat_n(value, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violators_are_pooled() {
        assert_eq!(isotonic(&[1.0, 3.0, 2.0, 4.0], &[1.0; 4]), [1.0, 2.5, 2.5, 4.0]);
        assert_eq!(isotonic(&[3.0, 2.0, 1.0], &[1.0, 1.0, 2.0]), [1.75; 3]);
        assert_eq!(isotonic(&[], &[]), [0.0; 0]);
    }
}
