//! Scales on which survival at one time is pooled.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Scale on which survival at one time is pooled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LandmarkScale {
    /// log(−log S), the log cumulative hazard; variance G/(log S)².
    #[default]
    ComplementaryLogLog,
    /// log S; variance G.
    Log,
    /// log(S/(1 − S)); variance G/(1 − S)².
    Logit,
    /// Logit in a logistic regression with a random intercept per trial: n S survivors of n = (1 − S)/(S G) patients,
    /// the number that would give the same variance without censoring. Needs no correction where S is 0 or 1.
    BinomialNormal,
}

impl LandmarkScale {
    /// Value and variance for 0 < S < 1 and G, Greenwood's variance of log S.
    pub(super) fn value(self, survival: f64, greenwood: f64) -> (f64, f64) {
        match self {
            Self::ComplementaryLogLog => ((-survival.ln()).ln(), greenwood / survival.ln().powi(2)),
            Self::Log => (survival.ln(), greenwood),
            Self::Logit | Self::BinomialNormal => {
                ((survival / (1.0 - survival)).ln(), greenwood / (1.0 - survival).powi(2))
            }
        }
    }

    /// Survival of a value; log S above 0 is cut at survival 1.
    pub fn survival(self, value: f64) -> f64 {
        match self {
            Self::ComplementaryLogLog => (-value.exp()).exp(),
            Self::Log => value.exp().min(1.0),
            Self::Logit | Self::BinomialNormal => 1.0 / (1.0 + (-value).exp()),
        }
    }

    /// Limits of survival from limits of the value; a large log hazard is a small survival.
    pub fn interval(self, lower: f64, upper: f64) -> kmeta_trial_data::Interval {
        let (one, other) = (self.survival(lower), self.survival(upper));
        kmeta_trial_data::Interval { lower: one.min(other), upper: one.max(other) }
    }

    /// Mean survival over studies with values N(mean, τ²), by the trapezoid rule over ten standard deviations to
    /// each side.
    pub(super) fn average(self, mean: f64, tau: f64) -> f64 {
        const POINTS: i32 = 400;
        const STEP: f64 = 0.025;
        (-POINTS..=POINTS)
            .map(|point| {
                let u = f64::from(point) * STEP;
                let density = (-0.5 * u * u).exp() / (2.0 * std::f64::consts::PI).sqrt();
                self.survival(mean + tau * u) * density * STEP
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const ALL: [LandmarkScale; 4] = [
        LandmarkScale::ComplementaryLogLog,
        LandmarkScale::Log,
        LandmarkScale::Logit,
        LandmarkScale::BinomialNormal,
    ];

    #[test]
    fn values_and_back() {
        for scale in ALL {
            let (value, _) = scale.value(0.3, 0.1);
            assert_relative_eq!(scale.survival(value), 0.3, max_relative = 1e-14);
            assert_relative_eq!(scale.average(value, 0.0), 0.3, max_relative = 1e-13);
        }
    }

    /// Delta method: the derivative of the scale times the standard error S√G.
    #[test]
    fn variances_are_those_of_the_delta_method() {
        let (survival, greenwood, step): (f64, f64, f64) = (0.3, 0.02, 1e-6);
        for scale in ALL {
            let slope = (scale.value(survival + step, greenwood).0
                - scale.value(survival - step, greenwood).0)
                / (2.0 * step);
            let expected = (slope * survival).powi(2) * greenwood;
            assert_relative_eq!(scale.value(survival, greenwood).1, expected, max_relative = 1e-8);
        }
    }

    /// E exp(N(m, τ²)) = exp(m + τ²/2) far below 1.
    #[test]
    fn average_of_a_log_normal() {
        let average = LandmarkScale::Log.average(-5.0, 0.3);
        assert_relative_eq!(average, (-5.0_f64 + 0.045).exp(), max_relative = 1e-10);
    }
}
