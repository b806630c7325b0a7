//! Survival of the typical and of the average study, by the observed information of baseline and ρ.

use kmeta_trial_data::Interval;

use super::baseline::{RiskSets, State};
use super::frailty::Frailty;
use super::result::{FrailtyCurve, FrailtySurvivalPoint};
use crate::PoolError;

/// Whose survival.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Estimand {
    /// Frailty 1.
    Typical,
    /// The mean over studies.
    Average,
}

/// A fitted model with what its intervals need.
pub(super) struct Fitted<'a> {
    pub(super) risk: &'a RiskSets,
    pub(super) frailty: Frailty<'a>,
    pub(super) state: &'a State,
    pub(super) parameter: f64,
    mixed: Vec<f64>,
    /// Information about ρ with the baseline estimated; absent where ρ = 0.
    parameter_information: Option<f64>,
    z: f64,
}

impl<'a> Fitted<'a> {
    pub(super) fn new(
        risk: &'a RiskSets,
        frailty: Frailty<'a>,
        state: &'a State,
        parameter: f64,
        z: f64,
    ) -> Result<Self, PoolError> {
        let mut mixed = vec![0.0; risk.times.len()];
        let mut parameter_information = None;
        if parameter > 0.0 {
            mixed = state.mixed_information(risk);
            let solved = state.solve(risk, &mixed).ok_or_else(no_information)?;
            let shared: f64 = solved.iter().zip(&mixed).map(|(one, two)| one * two).sum();
            let own: f64 = -state.terms.iter().map(|term| term.parameter_twice).sum::<f64>();
            parameter_information = Some(own - shared).filter(|value| *value > 0.0);
        }
        Ok(Self { risk, frailty, state, parameter, mixed, parameter_information, z })
    }

    /// Variance of ρ; absent where ρ is 0 or the likelihood is flat.
    pub(super) fn parameter_variance(&self) -> Option<f64> {
        self.parameter_information.map(f64::recip)
    }

    pub(super) fn curve(&self, times: &[f64], estimand: Estimand) -> Result<FrailtyCurve, PoolError> {
        let survival = times
            .iter()
            .map(|&time| {
                let reached = self.risk.times.partition_point(|&event_time| event_time <= time);
                self.point(time, reached, estimand)
            })
            .collect::<Result<_, PoolError>>()?;
        let first = |level: &dyn Fn(&FrailtySurvivalPoint) -> f64| self.first_at_half(estimand, level);
        Ok(FrailtyCurve {
            survival,
            median: first(&|point| point.survival)?,
            median_lower: first(&|point| point.interval.lower)?,
            median_upper: first(&|point| point.interval.upper)?,
        })
    }

    /// By bisection: the curve falls, and its limits do but for late times of few patients.
    fn first_at_half(
        &self,
        estimand: Estimand,
        level: &dyn Fn(&FrailtySurvivalPoint) -> f64,
    ) -> Result<Option<f64>, PoolError> {
        let (mut lower, mut upper) = (0, self.risk.times.len());
        while lower < upper {
            let middle = (lower + upper) / 2;
            let point = self.point(self.risk.times[middle], middle + 1, estimand)?;
            if level(&point) <= 0.5 { upper = middle } else { lower = middle + 1 }
        }
        Ok(self.risk.times.get(lower).copied())
    }

    /// Survival after the first `reached` event times.
    fn point(
        &self,
        time: f64,
        reached: usize,
        estimand: Estimand,
    ) -> Result<FrailtySurvivalPoint, PoolError> {
        let baseline_hazard: f64 = self.state.jumps[..reached].iter().sum();
        let [survival, in_hazard, in_parameter] = match estimand {
            Estimand::Typical => {
                let survival = (-baseline_hazard).exp();
                [survival, -survival, 0.0]
            }
            Estimand::Average => self.frailty.average_survival(baseline_hazard, self.parameter),
        };
        let standard_error = self.variance(reached, in_hazard, in_parameter)?.sqrt();
        let log_survival = survival.ln();
        let spread = standard_error / (survival * log_survival).abs();
        let limit = |sign: f64| {
            let moved = (log_survival * (sign * self.z * spread).exp()).exp();
            if spread.is_finite() { moved } else { survival }
        };
        Ok(FrailtySurvivalPoint {
            time,
            baseline_hazard,
            survival,
            standard_error,
            interval: Interval { lower: limit(1.0), upper: limit(-1.0) },
        })
    }

    /// Variance of a·H₀ + b·ρ by the partitioned inverse of the information.
    fn variance(&self, reached: usize, in_hazard: f64, in_parameter: f64) -> Result<f64, PoolError> {
        if reached == 0 {
            return Ok(0.0);
        }
        let mut gradient = vec![0.0; self.state.jumps.len()];
        for (value, jump) in gradient.iter_mut().zip(&self.state.jumps).take(reached) {
            *value = in_hazard * jump;
        }
        let solved = self.state.solve(self.risk, &gradient).ok_or_else(no_information)?;
        let dot = |other: &[f64]| solved.iter().zip(other).map(|(one, two)| one * two).sum::<f64>();
        let by_parameter = self
            .parameter_information
            .map_or(0.0, |information| (in_parameter - dot(&self.mixed)).powi(2) / information);
        Ok((dot(&gradient) + by_parameter).max(0.0))
    }
}

fn no_information() -> PoolError {
    PoolError::Computation { what: "the information of the frailty model".to_owned() }
}
