//! The distributions of survival times and their parameters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generalized_gamma::GeneralizedGamma;
use super::standard::{Kernel, Standard};
use crate::PoolError;

/// A parametric distribution of survival times. The location, on which trials differ, is the logarithm of a time
/// (log rate for Gompertz); parameters carry the names of R `flexsurv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SurvivalDistribution {
    /// S = exp(−rate · t), a constant hazard. R: `survreg(dist = "exponential")`, whose intercept is −log rate.
    Exponential,
    /// S = exp(−(t/scale)^shape). R: `survreg(dist = "weibull")`: intercept log scale, log(scale) −log shape.
    Weibull,
    /// Hazard rate · exp(shape · t); with a negative shape part of the patients never have the event.
    Gompertz,
    /// log t is normal with mean `meanlog` and standard deviation `sdlog`. R: `survreg(dist = "lognormal")`.
    LogNormal,
    /// S = 1/(1 + (t/scale)^shape). R: `survreg(dist = "loglogistic")`.
    LogLogistic,
    /// log t = mu + sigma · w with w of shape Q (Prentice 1974): log-normal for Q = 0, Weibull for Q = 1, gamma for
    /// Q = sigma. R: `flexsurvreg(dist = "gengamma")`.
    GeneralizedGamma,
}

impl SurvivalDistribution {
    /// All of them, simplest first.
    pub const ALL: [Self; 6] = [
        Self::Exponential,
        Self::Weibull,
        Self::Gompertz,
        Self::LogNormal,
        Self::LogLogistic,
        Self::GeneralizedGamma,
    ];

    /// The name in words, `log-normal`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exponential => "exponential",
            Self::Weibull => "Weibull",
            Self::Gompertz => "Gompertz",
            Self::LogNormal => "log-normal",
            Self::LogLogistic => "log-logistic",
            Self::GeneralizedGamma => "generalized gamma",
        }
    }

    /// Number of parameters without the between-trial variance.
    pub fn parameters(self) -> usize {
        match self {
            Self::Exponential => 1,
            Self::Weibull | Self::Gompertz | Self::LogNormal | Self::LogLogistic => 2,
            Self::GeneralizedGamma => 3,
        }
    }

    /// Names of the parameters, and how an internal one is turned into the named one.
    pub(super) fn parameter_names(self) -> &'static [(&'static str, Shown)] {
        match self {
            Self::Exponential => &[("rate", Shown::InverseExponential)],
            Self::Weibull | Self::LogLogistic => {
                &[("scale", Shown::Exponential), ("shape", Shown::InverseExponential)]
            }
            Self::Gompertz => &[("rate", Shown::Exponential), ("shape", Shown::Identity)],
            Self::LogNormal => &[("meanlog", Shown::Identity), ("sdlog", Shown::Exponential)],
            Self::GeneralizedGamma => {
                &[("mu", Shown::Identity), ("sigma", Shown::Exponential), ("Q", Shown::Identity)]
            }
        }
    }
}

/// How a parameter is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// As it is.
    Identity,
    /// e^x.
    Exponential,
    /// e^(−x).
    InverseExponential,
}

/// Patients of one trial with the same follow-up time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observation {
    pub(super) time: f64,
    pub(super) log_time: f64,
    pub(super) events: f64,
    pub(super) censored: f64,
}

/// A function of the location and the two ancillary parameters with its derivatives.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Derivatives {
    pub(super) value: f64,
    pub(super) gradient: [f64; 3],
    pub(super) hessian: [[f64; 3]; 3],
}

impl Derivatives {
    fn add(&mut self, times: f64, other: &Self) {
        self.value += times * other.value;
        for row in 0..3 {
            self.gradient[row] += times * other.gradient[row];
            for column in 0..3 {
                self.hessian[row][column] += times * other.hessian[row][column];
            }
        }
    }
}

/// A distribution with its ancillary parameters (log scale and Q, or the Gompertz shape) set; the location is left
/// open.
#[derive(Debug, Clone)]
pub(super) enum Conditional {
    LogLocationScale { standard: Standard, log_scale: f64 },
    Gompertz { shape: f64 },
}

impl Conditional {
    /// `parameters`: location, then ancillary ones; the location is not used.
    pub(super) fn new(distribution: SurvivalDistribution, parameters: &[f64]) -> Result<Self, PoolError> {
        let at = |index: usize| parameters.get(index).copied().unwrap_or(0.0);
        let log_scale = at(1);
        let standard = match distribution {
            SurvivalDistribution::Exponential | SurvivalDistribution::Weibull => Standard::ExtremeValue,
            SurvivalDistribution::LogNormal => Standard::Normal,
            SurvivalDistribution::LogLogistic => Standard::Logistic,
            SurvivalDistribution::GeneralizedGamma => {
                Standard::GeneralizedGamma(GeneralizedGamma::new(at(2))?)
            }
            SurvivalDistribution::Gompertz => return Ok(Self::Gompertz { shape: at(1) }),
        };
        Ok(Self::LogLocationScale { standard, log_scale })
    }

    /// Log likelihood of observations at a location.
    pub(super) fn log_likelihood(&self, location: f64, observations: &[Observation]) -> Derivatives {
        let mut sum = Derivatives::default();
        for observation in observations {
            if observation.events > 0.0 {
                sum.add(observation.events, &self.log_density(location, observation));
            }
            if observation.censored > 0.0 {
                sum.add(observation.censored, &self.log_survival(location, observation.log_time));
            }
        }
        sum
    }

    /// log S(t) at a location.
    pub(super) fn log_survival(&self, location: f64, log_time: f64) -> Derivatives {
        match self {
            Self::LogLocationScale { standard, log_scale } => {
                let inverse_scale = (-log_scale).exp();
                let w = (log_time - location) * inverse_scale;
                chain(&standard.log_survival(w), w, inverse_scale)
            }
            Self::Gompertz { shape } => gompertz_log_survival(location, *shape, log_time.exp()),
        }
    }

    /// ∂ log S/∂ log t.
    pub(super) fn log_time_slope(&self, location: f64, log_time: f64) -> f64 {
        match self {
            Self::LogLocationScale { .. } => -self.log_survival(location, log_time).gradient[0],
            Self::Gompertz { shape } => -(location + shape * log_time.exp() + log_time).exp(),
        }
    }

    fn log_density(&self, location: f64, observation: &Observation) -> Derivatives {
        match self {
            Self::LogLocationScale { standard, log_scale } => {
                let inverse_scale = (-log_scale).exp();
                let w = (observation.log_time - location) * inverse_scale;
                let mut density = chain(&standard.log_density(w), w, inverse_scale);
                // From w to t: dw/dt = 1/(σ t).
                density.value -= log_scale + observation.log_time;
                density.gradient[1] -= 1.0;
                density
            }
            Self::Gompertz { shape } => {
                let mut density = gompertz_log_survival(location, *shape, observation.time);
                density.value += location + shape * observation.time;
                density.gradient[0] += 1.0;
                density.gradient[1] += observation.time;
                density
            }
        }
    }
}

/// From derivatives in (w, Q) to derivatives in (location, log scale, Q).
fn chain(kernel: &Kernel, w: f64, inverse_scale: f64) -> Derivatives {
    let mixed = (w * kernel.ww + kernel.w) * inverse_scale;
    let (location_q, scale_q) = (-kernel.wq * inverse_scale, -w * kernel.wq);
    Derivatives {
        value: kernel.value,
        gradient: [-kernel.w * inverse_scale, -w * kernel.w, kernel.q],
        hessian: [
            [kernel.ww * inverse_scale * inverse_scale, mixed, location_q],
            [mixed, w * (w * kernel.ww + kernel.w), scale_q],
            [location_q, scale_q, kernel.qq],
        ],
    }
}

/// −rate (e^(shape t) − 1)/shape with location = log rate.
fn gompertz_log_survival(location: f64, shape: f64, time: f64) -> Derivatives {
    let rate = location.exp();
    let [area, slope, curvature] = exponential_mean(shape * time);
    let hazard = rate * time * area;
    let first = rate * time * time * slope;
    let second = rate * time * time * time * curvature;
    Derivatives {
        value: -hazard,
        gradient: [-hazard, -first, 0.0],
        hessian: [[-hazard, -first, 0.0], [-first, -second, 0.0], [0.0; 3]],
    }
}

/// (eˣ − 1)/x and its first two derivatives.
fn exponential_mean(x: f64) -> [f64; 3] {
    if x.abs() >= 1.0 {
        let power = x.exp();
        return [
            x.exp_m1() / x,
            (power * (x - 1.0) + 1.0) / (x * x),
            (power * (x * x - 2.0 * x + 2.0) - 2.0) / (x * x * x),
        ];
    }
    let mut sums = [0.0; 3];
    let (mut coefficient, mut power, mut before, mut before_that) = (1.0, 1.0, 0.0, 0.0);
    for index in 0..20 {
        let n = f64::from(index);
        sums[0] += coefficient * power;
        sums[1] += coefficient * n * before;
        sums[2] += coefficient * n * (n - 1.0) * before_that;
        coefficient /= n + 2.0;
        (power, before, before_that) = (power * x, power, before);
    }
    sums
}
