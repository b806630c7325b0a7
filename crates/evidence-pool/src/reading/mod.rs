//! Uncertainty of reading figures, carried into pooled results.
//!
//! A figure that is read again, with other errors of its axes and lines and another guess at who was censored when,
//! gives other patients and another estimate of the trial. [`ImputedEstimate`] adds the variance between such draws to
//! the trial's own by Rubin's rules (Rubin 1987), and [`pool_imputed_effects`] pools trials with these larger
//! variances. The order matters: pooling each draw and combining the pooled results would let τ² absorb what is
//! no difference between trials (Burgess, White, Resche-Rigon & Wood 2013, Stat Med 32:4499).

use kmeta_numerics::imputations::ImputedMoments;
use kmeta_trial_data::Interval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finite_answer::finite_answer;
use crate::{ModelOptions, PoolError, fit_random_effects};

/// A trial's estimate from several imputed sets of its patients, on the scale of the analysis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImputedEstimate {
    /// Mean over the sets.
    pub estimate: f64,
    /// W, the mean of the variances within a set: that of the sample of patients.
    pub within: f64,
    /// B, the variance between sets: that of reading and reconstructing.
    pub between: f64,
    /// M, the number of sets.
    pub imputations: u32,
}

impl ImputedEstimate {
    /// Combines the estimates and variances of several sets; `None` without a set, or with a number that is not finite.
    ///
    /// ```
    /// use kmeta_evidence_pool::ImputedEstimate;
    /// let combined = ImputedEstimate::combine(&[(1.0, 0.04), (1.2, 0.04), (1.1, 0.04)]).unwrap();
    /// assert!((combined.between - 0.01).abs() < 1e-12);
    /// // T = W + (1 + 1/M) B.
    /// assert!((combined.total_variance() - (0.04 + 4.0 / 3.0 * 0.01)).abs() < 1e-12);
    /// ```
    pub fn combine(sets: &[(f64, f64)]) -> Option<Self> {
        let ImputedMoments { mean: estimate, within, between } = ImputedMoments::of(sets);
        let is_finite = estimate.is_finite() && within.is_finite() && between.is_finite();
        is_finite.then_some(Self { estimate, within, between, imputations: sets.len() as u32 })
    }

    /// An estimate that no figure was read for: its variance is that of its sample.
    pub fn exact(estimate: f64, variance: f64) -> Self {
        Self { estimate, within: variance, between: 0.0, imputations: 1 }
    }

    /// (1 + 1/M) B.
    pub fn reading_variance(&self) -> f64 {
        (1.0 + f64::from(self.imputations).recip()) * self.between
    }

    /// T = W + (1 + 1/M) B.
    pub fn total_variance(&self) -> f64 {
        self.within + self.reading_variance()
    }
}

/// One trial to pool.
#[derive(Debug, Clone, PartialEq)]
pub struct ImputedTrial {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// The figure it was read from; empty for a printed number.
    pub figure: String,
    /// Its estimate.
    pub estimate: ImputedEstimate,
}

/// How much of a pooled variance a trial's reading makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReadingShare {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// The figure it was read from; empty for a printed number.
    pub figure: String,
    /// Share of the trial's own variance that is due to reading, (1 + 1/M) B/T: the fraction of missing information
    /// of many imputations.
    pub of_trial: f64,
    /// Share of the variance of the pooled estimate.
    pub of_pooled: f64,
}

/// A pooled estimate on the scale of the analysis with and without the uncertainty of reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledReading {
    /// Random-effects mean with it.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Its interval.
    pub interval: Interval,
    /// Between-trial variance with it.
    pub tau_squared: f64,
    /// Random-effects mean of the same estimates with their variances within sets alone.
    pub mean_without: f64,
    /// The interval of that.
    pub interval_without: Interval,
    /// Share of the variance of `mean` that is due to reading.
    pub reading_share: f64,
    /// The part of each trial.
    pub trials: Vec<ReadingShare>,
}

impl ReadingShare {
    /// A smaller share of a pooled variance than this is rounding.
    const NEGLIGIBLE: f64 = 1e-9;

    /// The one of these trials whose figure contributes most; `None` where no reading contributes.
    pub fn largest(trials: &[Self]) -> Option<&Self> {
        let most = |one: &&Self, other: &&Self| one.of_pooled.total_cmp(&other.of_pooled);
        trials.iter().filter(|trial| trial.of_pooled > Self::NEGLIGIBLE).max_by(most)
    }
}

impl PooledReading {
    /// The trial whose figure contributes most; `None` where no reading contributes.
    pub fn largest(&self) -> Option<&ReadingShare> {
        ReadingShare::largest(&self.trials)
    }
}

/// Pools trials with and without the uncertainty of reading.
///
/// The mean Σ a y with weights a ∝ 1/(T + τ²) has the variance Σ a² (T + τ²), of which Σ a² (1 + 1/M) B is due to
/// reading; this share, and each trial's part in it, is what is reported. It is not the change of the interval's
/// width, because τ² of the same trials may be smaller where their own variances are larger.
///
/// # Errors
/// Those of [`fit_random_effects`].
pub fn pool_imputed_effects(
    trials: &[ImputedTrial],
    options: &ModelOptions,
) -> Result<PooledReading, PoolError> {
    let values: Vec<f64> = trials.iter().map(|trial| trial.estimate.estimate).collect();
    let totals: Vec<f64> = trials.iter().map(|trial| trial.estimate.total_variance()).collect();
    let within: Vec<f64> = trials.iter().map(|trial| trial.estimate.within).collect();
    let with = fit_random_effects(&values, &totals, options)?;
    let without = fit_random_effects(&values, &within, options)?;
    let weights: Vec<f64> = totals.iter().map(|total| 1.0 / (total + with.tau_squared)).collect();
    let sum: f64 = weights.iter().sum();
    let trials: Vec<ReadingShare> = trials
        .iter()
        .zip(&weights)
        .map(|(trial, weight)| {
            let reading = trial.estimate.reading_variance();
            ReadingShare {
                trial: trial.trial.clone(),
                label: trial.label.clone(),
                figure: trial.figure.clone(),
                of_trial: reading / trial.estimate.total_variance(),
                // a² reading / (1/Σw) with a = w/Σw.
                of_pooled: weight * weight * reading / sum,
            }
        })
        .collect();
    finite_answer(
        "a pooled estimate with the uncertainty of reading",
        PooledReading {
            mean: with.mean,
            standard_error: with.standard_error,
            interval: with.interval(options.confidence_level)?,
            tau_squared: with.tau_squared,
            mean_without: without.mean,
            interval_without: without.interval(options.confidence_level)?,
            reading_share: trials.iter().map(|trial| trial.of_pooled).sum(),
            trials,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn trial(name: &str, estimate: f64, within: f64, between: f64) -> ImputedTrial {
        ImputedTrial {
            trial: name.to_owned(),
            label: name.to_owned(),
            figure: format!("{name}.png"),
            estimate: ImputedEstimate { estimate, within, between, imputations: 50 },
        }
    }

    /// By hand: equal trials share their weight, so that the share of the pooled variance is that of each trial.
    #[test]
    fn equal_trials_keep_their_share() {
        let trials = [trial("a", 0.5, 0.04, 0.01), trial("b", 0.5, 0.04, 0.01)];
        let pooled = pool_imputed_effects(&trials, &ModelOptions::default()).unwrap();
        let total: f64 = 0.04 + 1.02 * 0.01;
        assert_relative_eq!(pooled.standard_error, (total / 2.0).sqrt(), max_relative = 1e-12);
        assert_relative_eq!(pooled.reading_share, 1.02 * 0.01 / total, max_relative = 1e-12);
        let width = |limits: Interval| limits.upper - limits.lower;
        let ratio = width(pooled.interval_without) / width(pooled.interval);
        assert_relative_eq!(ratio, (0.04 / total).sqrt(), max_relative = 1e-12);
    }

    #[test]
    fn the_worst_read_figure_is_named() {
        let trials = [trial("a", 0.4, 0.04, 0.0), trial("b", 0.5, 0.04, 0.02), trial("c", 0.6, 0.04, 0.01)];
        let pooled = pool_imputed_effects(&trials, &ModelOptions::default()).unwrap();
        assert_eq!(pooled.largest().unwrap().figure, "b.png");
        let without = [0, 1, 2].map(|index| {
            let read = &trials[index].estimate;
            ImputedTrial {
                estimate: ImputedEstimate::exact(read.estimate, read.within),
                ..trials[index].clone()
            }
        });
        let exact = pool_imputed_effects(&without, &ModelOptions::default()).unwrap();
        assert_eq!(exact.reading_share, 0.0);
        assert_eq!(exact.largest(), None);
        assert_eq!(exact.interval, exact.interval_without);
        assert_eq!(exact.interval_without, pooled.interval_without);
    }

    #[test]
    fn nothing_combines_to_nothing() {
        assert_eq!(ImputedEstimate::combine(&[]), None);
        assert_eq!(ImputedEstimate::combine(&[(f64::NAN, 1.0)]), None);
        assert_eq!(ImputedEstimate::combine(&[(1.0, 2.0)]).unwrap().total_variance(), 2.0);
    }
}
