//! The Kaplan-Meier estimator.

use kmeta_trial_data::{PatientRecord, StepCurve};

use crate::SurvivalError;

/// Scale on which a Kaplan-Meier interval is symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntervalType {
    /// Survival itself (R `conf.type = "plain"`).
    Plain,
    /// log S (R `survfit`'s default, `conf.type = "log"`).
    Log,
    /// log(−log S) (R `conf.type = "log-log"`).
    LogLog,
}

/// Survival with its interval at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalInterval {
    /// Survival, a fraction.
    pub survival: f64,
    /// Lower limit; absent where the scale does not define it (S = 0, or S = 1 on log-log).
    pub lower: Option<f64>,
    /// Upper limit, as above.
    pub upper: Option<f64>,
}

/// Restricted mean survival time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// The horizon tau.
    pub horizon: f64,
    /// Area under the curve up to the horizon.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// Kaplan-Meier estimate: one entry per distinct follow-up time, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct KaplanMeier {
    times: Vec<f64>,
    number_at_risk: Vec<u32>,
    events: Vec<u32>,
    censored: Vec<u32>,
    survival: Vec<f64>,
    greenwood: Vec<f64>,
}

impl KaplanMeier {
    /// Fits the curve.
    ///
    /// # Errors
    /// [`SurvivalError`] for no patients or an invalid time.
    pub fn fit(patients: &[PatientRecord]) -> Result<Self, SurvivalError> {
        unimplemented!("{}", patients.len())
    }

    /// Distinct follow-up times, ascending.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// Patients at risk just before each time.
    pub fn number_at_risk(&self) -> &[u32] {
        &self.number_at_risk
    }

    /// Events at each time.
    pub fn events(&self) -> &[u32] {
        &self.events
    }

    /// Censored patients at each time.
    pub fn censored(&self) -> &[u32] {
        &self.censored
    }

    /// Survival from each time on.
    pub fn survival(&self) -> &[f64] {
        &self.survival
    }

    /// Greenwood's sum at each time.
    pub fn greenwood(&self) -> &[f64] {
        &self.greenwood
    }

    /// The curve as a step function with corners at event times.
    pub fn curve(&self) -> StepCurve {
        unimplemented!()
    }

    /// S(t).
    pub fn survival_at(&self, time: f64) -> f64 {
        unimplemented!("{time}")
    }

    /// Patients with follow-up of at least `time`.
    pub fn number_at_risk_at(&self, time: f64) -> u32 {
        unimplemented!("{time}")
    }

    /// Longest follow-up.
    pub fn follow_up_end(&self) -> f64 {
        unimplemented!()
    }

    /// Patients.
    pub fn patients(&self) -> u32 {
        unimplemented!()
    }

    /// All events.
    pub fn total_events(&self) -> u32 {
        unimplemented!()
    }

    /// Median as R `survfit` prints it.
    pub fn median(&self) -> Option<f64> {
        unimplemented!()
    }

    /// Interval of the median.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`].
    pub fn median_interval(
        &self,
        level: f64,
        interval: IntervalType,
    ) -> Result<(Option<f64>, Option<f64>), SurvivalError> {
        unimplemented!("{level}{interval:?}")
    }

    /// Intervals at each time.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`].
    pub fn intervals(
        &self,
        level: f64,
        interval: IntervalType,
    ) -> Result<Vec<SurvivalInterval>, SurvivalError> {
        unimplemented!("{level}{interval:?}")
    }

    /// Restricted mean survival time.
    ///
    /// # Errors
    /// [`SurvivalError`] for a horizon that is invalid or beyond follow-up.
    pub fn restricted_mean_survival_time(&self, horizon: f64) -> Result<RestrictedMean, SurvivalError> {
        unimplemented!("{horizon}")
    }
}
