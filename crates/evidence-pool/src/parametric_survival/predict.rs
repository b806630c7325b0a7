//! Survival, median and restricted mean of the typical and of the average study, with delta-method intervals.

use kmeta_numerics::quadrature::GaussLegendre;
use kmeta_numerics::search::find_root;
use kmeta_trial_data::Interval;
use nalgebra::DVector;

use super::distribution::{Conditional, SurvivalDistribution};
use super::fit::Maximum;
use super::result::{ModelCurve, ModelSurvival, ModelTime};
use crate::PoolError;

/// Depth of bisection of the area under a curve.
const MAX_HALVINGS: u32 = 12;

/// Relative precision of the area.
const AREA_TOLERANCE: f64 = 1e-12;

/// Below e^(−this) times the horizon the curve adds nothing to the area.
const LOG_TIME_RANGE: f64 = 36.0;

/// Medians are looked for within a factor e^(±this) of the location.
const MEDIAN_RANGE: f64 = 300.0;

/// The mean over studies is a trapezoidal sum over z from −8.5 to 8.5 in steps of 0.1. For analytic integrands its error
/// falls exponentially with 1/step; it is below 1e-9 while τ is at most five times the scale of log time.
const NORMAL_STEP: f64 = 0.1;

const NORMAL_RANGE: f64 = 8.5;

/// Whose survival.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Estimand {
    /// The study in the middle of the random effects.
    Typical,
    /// The mean over studies.
    Average,
}

/// Survival of a fitted model as a function of time.
pub(super) struct Curve<'a> {
    conditional: Conditional,
    fit: &'a Maximum,
    /// Parameters without τ.
    own: usize,
    /// Between-trial standard deviation, for the average study.
    average_tau: Option<f64>,
}

/// S(t) with its gradient in the parameters and its slope in log t.
struct Point {
    survival: f64,
    gradient: DVector<f64>,
    log_time_slope: f64,
}

impl<'a> Curve<'a> {
    pub(super) fn new(
        distribution: SurvivalDistribution,
        fit: &'a Maximum,
        estimand: Estimand,
    ) -> Result<Self, PoolError> {
        let own = distribution.parameters();
        let conditional = Conditional::new(distribution, &fit.parameters[..own])?;
        let tau = fit.parameters.get(own).copied();
        let average_tau = tau.filter(|_| estimand == Estimand::Average);
        Ok(Self { conditional, fit, own, average_tau })
    }

    /// All that is asked of the curve.
    pub(super) fn summarize(
        &self,
        times: &[f64],
        horizon: Option<f64>,
        area_rule: &GaussLegendre,
        z: f64,
    ) -> Result<ModelCurve, PoolError> {
        Ok(ModelCurve {
            survival: times.iter().map(|&time| self.survival(time, z)).collect(),
            median: self.median(z)?,
            restricted_mean: horizon.map(|horizon| self.restricted_mean(horizon, area_rule, z)),
        })
    }

    fn variance(&self, gradient: &DVector<f64>) -> f64 {
        (gradient.transpose() * &self.fit.covariance * gradient)[(0, 0)].max(0.0)
    }

    fn at(&self, log_time: f64) -> Point {
        let parameters = self.fit.parameters.len();
        let location = self.fit.parameters[0];
        let Some(tau) = self.average_tau else {
            return self.at_location(location, log_time, 0.0);
        };
        let mut mean = Point { survival: 0.0, gradient: DVector::zeros(parameters), log_time_slope: 0.0 };
        let steps = (NORMAL_RANGE / NORMAL_STEP).round() as i32;
        for index in -steps..=steps {
            let z = f64::from(index) * NORMAL_STEP;
            let point = self.at_location(location + tau * z, log_time, z);
            let share = NORMAL_STEP * (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
            mean.survival += share * point.survival;
            mean.gradient += point.gradient * share;
            mean.log_time_slope += share * point.log_time_slope;
        }
        mean
    }

    /// At one location; ∂/∂τ is z ∂/∂location.
    fn at_location(&self, location: f64, log_time: f64, z: f64) -> Point {
        let inner = self.conditional.log_survival(location, log_time);
        let survival = inner.value.exp();
        let own = self.own;
        let slope = self.conditional.log_time_slope(location, log_time);
        // Where survival underflows its derivatives do too; the logarithm's may be infinite there.
        let scaled = |derivative: f64| if survival > 0.0 { survival * derivative } else { 0.0 };
        let gradient = DVector::from_fn(self.fit.parameters.len(), |row, _| {
            if row < own { scaled(inner.gradient[row]) } else { z * scaled(inner.gradient[0]) }
        });
        Point { survival, gradient, log_time_slope: scaled(slope) }
    }

    /// S(t), its interval symmetric on the scale log(−log S).
    fn survival(&self, time: f64, z: f64) -> ModelSurvival {
        let point = self.at(time.ln());
        let variance = self.variance(&point.gradient);
        let standard_error = variance.sqrt();
        let log_survival = point.survival.ln();
        let spread = standard_error / (point.survival * log_survival).abs();
        let interval = if spread.is_finite() {
            let limit = |sign: f64| (log_survival * (sign * z * spread).exp()).exp();
            Interval { lower: limit(1.0), upper: limit(-1.0) }
        } else {
            Interval { lower: point.survival, upper: point.survival }
        };
        ModelSurvival { time, survival: point.survival, standard_error, interval }
    }

    /// The time at which S = ½, its interval symmetric on the log scale; nothing when S never falls so far.
    fn median(&self, z: f64) -> Result<Option<ModelTime>, PoolError> {
        let excess = |log_time: f64| self.at(log_time).survival - 0.5;
        let middle = self.log_time_scale();
        let mut reach = 1.0;
        let bracket = loop {
            if excess(middle - reach) >= 0.0 && excess(middle + reach) <= 0.0 {
                break (middle - reach, middle + reach);
            }
            reach *= 2.0;
            if reach > MEDIAN_RANGE {
                return Ok(None);
            }
        };
        let log_time = find_root(excess, bracket.0, bracket.1, 0.0)?;
        let point = self.at(log_time);
        if point.log_time_slope.is_nan() || point.log_time_slope >= 0.0 {
            return Ok(None);
        }
        let gradient = &point.gradient / point.log_time_slope;
        let log_error = self.variance(&gradient).sqrt();
        let time = log_time.exp();
        let interval = Interval { lower: time * (-z * log_error).exp(), upper: time * (z * log_error).exp() };
        Ok(Some(ModelTime { time, standard_error: time * log_error, interval }))
    }

    /// A log time of the order of the median.
    fn log_time_scale(&self) -> f64 {
        match self.conditional {
            Conditional::LogLocationScale { .. } => self.fit.parameters[0],
            Conditional::Gompertz { .. } => -self.fit.parameters[0],
        }
    }

    /// ∫₀^h S(t) dt = ∫ e^x S(e^x) dx up to log h; the interval is normal, cut at 0 and h.
    fn restricted_mean(&self, horizon: f64, rule: &GaussLegendre, z: f64) -> ModelTime {
        let log_horizon = horizon.ln();
        let (lower, upper) = (log_horizon - LOG_TIME_RANGE, log_horizon);
        let panel = |lower: f64, upper: f64| {
            let mut sum = DVector::zeros(self.fit.parameters.len() + 1);
            for (log_time, weight) in rule.on(lower, upper) {
                let point = self.at(log_time);
                let scaled = weight * log_time.exp();
                sum[0] += scaled * point.survival;
                for (index, value) in point.gradient.iter().enumerate() {
                    sum[index + 1] += scaled * value;
                }
            }
            sum
        };
        let whole = panel(lower, upper);
        let area = refine(&panel, (lower, upper), whole, AREA_TOLERANCE * horizon, MAX_HALVINGS);
        let gradient = area.rows(1, self.fit.parameters.len()).into_owned();
        let standard_error = self.variance(&gradient).sqrt();
        let time = area[0];
        let interval = Interval {
            lower: (time - z * standard_error).max(0.0),
            upper: (time + z * standard_error).min(horizon),
        };
        ModelTime { time, standard_error, interval }
    }
}

/// Halves a panel until halving changes nothing.
fn refine(
    panel: &impl Fn(f64, f64) -> DVector<f64>,
    (lower, upper): (f64, f64),
    whole: DVector<f64>,
    tolerance: f64,
    halvings: u32,
) -> DVector<f64> {
    let middle = 0.5 * (lower + upper);
    let (left, right) = (panel(lower, middle), panel(middle, upper));
    let both = &left + &right;
    if halvings == 0 || (&both - whole).amax() <= tolerance {
        return both;
    }
    refine(panel, (lower, middle), left, tolerance, halvings - 1)
        + refine(panel, (middle, upper), right, tolerance, halvings - 1)
}
