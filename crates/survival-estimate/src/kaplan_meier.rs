//! The Kaplan-Meier estimator, its intervals and summaries.

use kmeta_numerics::distributions::normal_quantile;
use kmeta_trial_data::{PatientRecord, StepCurve};

use crate::patients::check_patients;
use crate::{IntervalType, SurvivalError};

/// Slack below which two survival values count as equal, as in R `survfit` (its quantiles use the square root
/// of the machine precision): 0.7 · 5/7 must meet one half.
const EQUAL_SURVIVAL: f64 = 1.5e-8;

/// Survival with its interval at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalInterval {
    /// Survival, a fraction.
    pub survival: f64,
    /// Lower limit, cut at 0; absent where the scale does not define it (S = 0).
    pub lower: Option<f64>,
    /// Upper limit, cut at 1; absent as above.
    pub upper: Option<f64>,
}

/// Restricted mean survival time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// The horizon τ.
    pub horizon: f64,
    /// Area under the Kaplan-Meier curve from 0 to the horizon.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// The Kaplan-Meier estimate S(t) = ∏ (1 − dᵢ/nᵢ) over times up to t (Kaplan & Meier 1958), with one entry
/// per distinct follow-up time, ascending. nᵢ are the patients with follow-up of at least the time, so that
/// patients censored at an event time are still at risk there.
///
/// ```
/// use kmeta_survival_estimate::KaplanMeier;
/// use kmeta_trial_data::PatientRecord;
/// let patients = [(1.0, true), (2.0, false), (3.0, true)].map(|(time, event)| PatientRecord { time, event });
/// let fit = KaplanMeier::fit(&patients)?;
/// assert_eq!(fit.number_at_risk(), [3, 2, 1]);
/// assert_eq!(fit.survival_at(2.5), 2.0 / 3.0);
/// assert_eq!(fit.median(), Some(3.0));
/// # Ok::<(), kmeta_survival_estimate::SurvivalError>(())
/// ```
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
    /// [`SurvivalError::NoPatients`], [`SurvivalError::InvalidTime`].
    pub fn fit(patients: &[PatientRecord]) -> Result<Self, SurvivalError> {
        check_patients("patients", patients)?;
        let mut sorted = patients.to_vec();
        sorted.sort_by(|one, two| one.time.total_cmp(&two.time));
        let mut fit = Self {
            times: Vec::new(),
            number_at_risk: Vec::new(),
            events: Vec::new(),
            censored: Vec::new(),
            survival: Vec::new(),
            greenwood: Vec::new(),
        };
        let (mut at_risk, mut survival, mut greenwood) = (sorted.len() as u32, 1.0, 0.0);
        for tied in sorted.chunk_by(|one, two| one.time == two.time) {
            let events = tied.iter().filter(|patient| patient.event).count() as u32;
            let (n, d) = (f64::from(at_risk), f64::from(events));
            survival *= (n - d) / n;
            if events > 0 {
                greenwood += d / (n * (n - d));
            }
            fit.times.push(tied[0].time);
            fit.number_at_risk.push(at_risk);
            fit.events.push(events);
            fit.censored.push(tied.len() as u32 - events);
            fit.survival.push(survival);
            fit.greenwood.push(greenwood);
            at_risk -= tied.len() as u32;
        }
        Ok(fit)
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

    /// Patients censored at each time.
    pub fn censored(&self) -> &[u32] {
        &self.censored
    }

    /// Survival from each time on.
    pub fn survival(&self) -> &[f64] {
        &self.survival
    }

    /// Greenwood's sum Σ dᵢ / (nᵢ (nᵢ − dᵢ)) at each time: the variance of log S (Greenwood 1926). Infinite
    /// once survival is 0.
    pub fn greenwood(&self) -> &[f64] {
        &self.greenwood
    }

    /// The curve as a step function with a corner at 0, at each event time and at the end of follow-up.
    pub fn curve(&self) -> StepCurve {
        let last = self.times.len() - 1;
        let mut corners = vec![(0.0, 1.0)];
        for (index, (&time, &survival)) in self.times.iter().zip(&self.survival).enumerate() {
            if self.events[index] > 0 || index == last {
                corners.push((time, survival));
            }
        }
        let (times, survival) = corners.into_iter().unzip();
        // Times ascend from 0 and survival falls from 1 by construction.
        StepCurve::new(times, survival).unwrap_or_else(|_| unreachable!("a fitted curve is a step function"))
    }

    /// S(t), right-continuous; 1 before the first time and the last value after the end of follow-up.
    pub fn survival_at(&self, time: f64) -> f64 {
        match self.times.partition_point(|&corner| corner <= time) {
            0 => 1.0,
            after => self.survival[after - 1],
        }
    }

    /// Patients with follow-up of at least `time`.
    pub fn number_at_risk_at(&self, time: f64) -> u32 {
        self.times.iter().position(|&corner| corner >= time).map_or(0, |index| self.number_at_risk[index])
    }

    /// Longest follow-up.
    pub fn follow_up_end(&self) -> f64 {
        self.times[self.times.len() - 1]
    }

    /// Patients.
    pub fn patients(&self) -> u32 {
        self.number_at_risk[0]
    }

    /// Events, all times together.
    pub fn total_events(&self) -> u32 {
        self.events.iter().sum()
    }

    /// Median survival time, absent when survival stays above one half. As R `survfit` prints it: the first
    /// time with S below one half; where S equals one half over an interval, its middle.
    pub fn median(&self) -> Option<f64> {
        first_at_or_below(&self.times, self.survival.iter().map(|&survival| Some(survival)), 0.5)
    }

    /// Interval of the median (Brookmeyer & Crowley 1982): the times at which the limits of S cross one half.
    /// A limit that is never crossed is absent.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`].
    pub fn median_interval(
        &self,
        level: f64,
        interval: IntervalType,
    ) -> Result<(Option<f64>, Option<f64>), SurvivalError> {
        self.quantile_interval(0.5, level, interval)
    }

    /// The time by which a fraction `probability` of patients has had the event: the first with S below
    /// 1 − probability, or the middle of the interval over which S equals it (R `quantile(survfit, probability)`).
    /// Absent when the curve does not fall so far.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidProbability`] unless 0 < probability < 1.
    pub fn quantile(&self, probability: f64) -> Result<Option<f64>, SurvivalError> {
        let level = survival_level(probability)?;
        Ok(first_at_or_below(&self.times, self.survival.iter().map(|&survival| Some(survival)), level))
    }

    /// Interval of a quantile (Brookmeyer & Crowley 1982): the times at which the limits of S cross
    /// 1 − probability. A limit that is never crossed is absent.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`], [`SurvivalError::InvalidProbability`] unless 0 < probability < 1.
    pub fn quantile_interval(
        &self,
        probability: f64,
        level: f64,
        interval: IntervalType,
    ) -> Result<(Option<f64>, Option<f64>), SurvivalError> {
        let survival = survival_level(probability)?;
        let limits = self.intervals(level, interval)?;
        let crossing = |side: fn(&SurvivalInterval) -> Option<f64>| {
            first_at_or_below(&self.times, limits.iter().map(side), survival)
        };
        Ok((crossing(|one| one.lower), crossing(|one| one.upper)))
    }

    /// S with its interval at each time. σ is the square root of Greenwood's sum. Where S is 1 both limits
    /// are 1, as in R.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`] unless 0 < level < 1.
    pub fn intervals(
        &self,
        level: f64,
        interval: IntervalType,
    ) -> Result<Vec<SurvivalInterval>, SurvivalError> {
        let z = level_quantile(level)?;
        let limits = |(&survival, &greenwood): (&f64, &f64)| {
            let (lower, upper) = interval.limits(survival, greenwood.sqrt(), z).unzip();
            SurvivalInterval { survival, lower, upper }
        };
        Ok(self.survival.iter().zip(&self.greenwood).map(limits).collect())
    }

    /// Restricted mean survival time: the area under the curve up to `horizon`, with variance
    /// Σ Aᵢ² dᵢ / (nᵢ (nᵢ − dᵢ)), Aᵢ being the area after the event time (Klein & Moeschberger 2003, 4.5;
    /// R `print(survfit, rmean = τ)`).
    ///
    /// # Errors
    /// [`SurvivalError::InvalidHorizon`]; [`SurvivalError::HorizonBeyondFollowUp`] when the curve ends above 0
    /// before the horizon, because nothing is known of the area beyond.
    pub fn restricted_mean_survival_time(&self, horizon: f64) -> Result<RestrictedMean, SurvivalError> {
        if !(horizon > 0.0 && horizon.is_finite()) {
            return Err(SurvivalError::InvalidHorizon { horizon });
        }
        let (last, survival) = (self.follow_up_end(), self.survival[self.times.len() - 1]);
        if horizon > last && survival > 0.0 {
            return Err(SurvivalError::HorizonBeyondFollowUp { horizon, last, survival });
        }
        let (mut area_after, mut variance, mut right) = (0.0, 0.0, horizon);
        for index in (0..self.times.len()).rev().filter(|&index| self.times[index] < horizon) {
            area_after += self.survival[index] * (right - self.times[index]);
            right = self.times[index];
            let (n, d) = (f64::from(self.number_at_risk[index]), f64::from(self.events[index]));
            if n > d {
                variance += area_after * area_after * d / (n * (n - d));
            }
        }
        Ok(RestrictedMean { horizon, mean: area_after + right, standard_error: variance.sqrt() })
    }
}

/// The normal quantile of a two-sided level.
pub(crate) fn level_quantile(level: f64) -> Result<f64, SurvivalError> {
    if !(level > 0.0 && level < 1.0) {
        return Err(SurvivalError::InvalidLevel { level });
    }
    normal_quantile(0.5 + level / 2.0).map_err(|_| SurvivalError::InvalidLevel { level })
}

/// Survival at the quantile of `probability`.
fn survival_level(probability: f64) -> Result<f64, SurvivalError> {
    let valid = probability > 0.0 && probability < 1.0;
    if valid { Ok(1.0 - probability) } else { Err(SurvivalError::InvalidProbability { probability }) }
}

/// The first time at which `curve` is below `level`; the middle of the interval over which it equals the level,
/// where it does. Undefined values are passed over.
fn first_at_or_below(
    times: &[f64],
    curve: impl Iterator<Item = Option<f64>> + Clone,
    level: f64,
) -> Option<f64> {
    let below = |slack: f64| {
        let mut points = times.iter().zip(curve.clone());
        points.find(|(_, value)| value.is_some_and(|value| value < level + slack)).map(|at| *at.0)
    };
    let reached = below(EQUAL_SURVIVAL)?;
    Some(below(-EQUAL_SURVIVAL).map_or(reached, |after| 0.5 * (reached + after)))
}
