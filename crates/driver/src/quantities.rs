//! The pooled numbers of an analysis by name, whatever its kind: what a comparison of two runs and the views of single
//! trials speak of.

use kmeta_evidence_pool::{FrailtySurvival, LandmarkResult, ParametricSurvival, SurvivalTimeKind};
use kmeta_trial_data::{Estimate, Interval, PooledEffect, PooledSurvival, TimeUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::results::AnalysisOutcome;

/// A pooled number with its interval, as it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quantity {
    /// What it is, for example `median` or `survival at 6 months`.
    pub name: String,
    /// The number; absent for a median that is not reached.
    pub value: Option<f64>,
    /// Lower limit; absent where there is none or it is not reached.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
}

impl Quantity {
    fn new(name: impl Into<String>, value: Option<f64>, limits: Option<Interval>) -> Self {
        let (lower, upper) = limits.map(|limits| (limits.lower, limits.upper)).unzip();
        Self { name: name.into(), value, lower, upper }
    }

    fn estimate(name: impl Into<String>, estimate: &Estimate) -> Self {
        Self::new(name, Some(estimate.shown), Some(estimate.shown_interval))
    }

    fn number(name: impl Into<String>, value: Option<f64>) -> Self {
        Self::new(name, value, None)
    }

    /// A median, of which each limit may be absent by itself.
    fn median(value: Option<f64>, lower: Option<f64>, upper: Option<f64>) -> Self {
        Self { name: "median".to_owned(), value, lower, upper }
    }

    fn survival_at(time: f64, unit: TimeUnit, survival: f64, limits: Interval) -> Self {
        Self::new(format!("survival at {time} {unit}"), Some(survival), Some(limits))
    }
}

/// The pooled numbers of an outcome; the first is the one that the analysis was made for.
pub(crate) fn quantities(outcome: &AnalysisOutcome) -> Vec<Quantity> {
    match outcome {
        AnalysisOutcome::Survival { result, .. } => survival(result),
        AnalysisOutcome::LandmarkSurvival { result, .. } => landmark(result),
        AnalysisOutcome::SurvivalTime { result, .. } => {
            let name = match result.kind {
                SurvivalTimeKind::Median => "median".to_owned(),
                SurvivalTimeKind::RestrictedMean { horizon } => {
                    format!("restricted mean to {horizon} {}", result.time_unit)
                }
            };
            vec![
                Quantity::new(name, Some(result.time), Some(result.interval)),
                Quantity::number("tau²", Some(result.tau_squared)),
                Quantity::number("I²", result.i_squared),
            ]
        }
        AnalysisOutcome::ParametricSurvival { result, .. } => parametric(result),
        AnalysisOutcome::FrailtySurvival { result, .. } => frailty(result),
        AnalysisOutcome::TwoArmSurvival { result, .. } => {
            let one_stage = result
                .one_stage
                .iter()
                .map(|pooled| Quantity::estimate("hazard ratio, one stage", &pooled.hazard_ratio));
            result.two_stage.iter().flat_map(effect).chain(one_stage).collect()
        }
        AnalysisOutcome::Proportion { result, .. }
        | AnalysisOutcome::HazardRatio { result, .. }
        | AnalysisOutcome::TwoArmCounts { result, .. }
        | AnalysisOutcome::Effect { result, .. } => effect(result),
        AnalysisOutcome::Failed { .. } => Vec::new(),
    }
}

fn effect(pooled: &PooledEffect) -> Vec<Quantity> {
    let mut all = vec![
        Quantity::estimate("random effects", &pooled.random),
        Quantity::estimate("common effect", &pooled.common),
        Quantity::number("tau²", pooled.heterogeneity.tau_squared),
        Quantity::number("I²", pooled.heterogeneity.i_squared),
    ];
    all.extend(pooled.prediction.map(|limits| Quantity::new("prediction interval", None, Some(limits))));
    let subgroups = pooled.subgroups.iter();
    all.extend(subgroups.map(|group| Quantity::estimate(format!("subgroup {}", group.name), &group.random)));
    all
}

fn survival(pooled: &PooledSurvival) -> Vec<Quantity> {
    let unit = pooled.time_unit;
    let median = Quantity::median(pooled.median, pooled.median_lower, pooled.median_upper);
    let points = pooled
        .random
        .iter()
        .map(|point| Quantity::survival_at(point.time, unit, point.survival, point.interval));
    let mut all: Vec<Quantity> = std::iter::once(median).chain(points).collect();
    all.extend(pooled.restricted_mean.map(|mean| {
        let name = format!("restricted mean to {} {}", mean.horizon, pooled.time_unit);
        Quantity::new(name, Some(mean.mean), mean.interval)
    }));
    all.extend(pooled.heterogeneity.as_ref().map(|spread| Quantity::number("I²", Some(spread.i_squared))));
    all
}

fn landmark(pooled: &LandmarkResult) -> Vec<Quantity> {
    let at = |time: f64| format!("at {time} {}", pooled.time_unit);
    pooled
        .times
        .iter()
        .flat_map(|point| {
            [
                Quantity::survival_at(point.time, pooled.time_unit, point.survival, point.interval),
                Quantity::number(format!("tau² {}", at(point.time)), Some(point.tau_squared)),
            ]
        })
        .collect()
}

fn parametric(pooled: &ParametricSurvival) -> Vec<Quantity> {
    let Some(fit) = pooled.best_fit() else { return Vec::new() };
    let unit = pooled.options.time_unit;
    let curve = &fit.model().curve;
    let median = curve.median.map(|time| Quantity::new("median", Some(time.time), Some(time.interval)));
    let points = curve
        .survival
        .iter()
        .map(|point| Quantity::survival_at(point.time, unit, point.survival, point.interval));
    let tau_squared = fit.random.as_ref().map(|random| Quantity::number("tau²", Some(random.tau_squared)));
    median.into_iter().chain(points).chain(tau_squared).collect()
}

fn frailty(pooled: &FrailtySurvival) -> Vec<Quantity> {
    let (curve, unit) = (&pooled.typical, pooled.options.time_unit);
    let median = Quantity::median(curve.median, curve.median_lower, curve.median_upper);
    let points = curve
        .survival
        .iter()
        .map(|point| Quantity::survival_at(point.time, unit, point.survival, point.interval));
    let theta = Quantity::number("theta", Some(pooled.theta));
    std::iter::once(median).chain(points).chain([theta]).collect()
}
