//! Cumulative incidence when events of several causes compete.

use std::collections::BTreeSet;

use kmeta_trial_data::PatientRecord;

use crate::kaplan_meier::level_quantile;
use crate::patients::check_patients;
use crate::{IntervalType, SurvivalError};

/// One patient whose follow-up ends with an event of some cause, or censored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CompetingRisksPatient {
    /// Follow-up time, not negative.
    pub time: f64,
    /// The cause of the event, any number; `None` for a censored patient.
    pub cause: Option<u32>,
}

/// Cumulative incidence of one cause, one entry per time.
#[derive(Debug, Clone, PartialEq)]
pub struct CauseIncidence {
    /// The cause.
    pub cause: u32,
    /// Events at each time.
    pub events: Vec<u32>,
    /// Probability of an event of the cause by each time.
    pub incidence: Vec<f64>,
    /// Its standard error.
    pub standard_error: Vec<f64>,
}

impl CauseIncidence {
    /// Limits `(lower, upper)` of the incidence at each time, on the scale of `interval`, in which the incidence
    /// takes the place of survival (R `survfit` of a multi-state model); `None` while it is 0.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`] unless 0 < level < 1.
    pub fn intervals(
        &self,
        level: f64,
        interval: IntervalType,
    ) -> Result<Vec<Option<(f64, f64)>>, SurvivalError> {
        let z = level_quantile(level)?;
        let limits = |(&incidence, &error): (&f64, &f64)| interval.limits(incidence, error / incidence, z);
        Ok(self.incidence.iter().zip(&self.standard_error).map(limits).collect())
    }
}

/// Cumulative incidences of all causes, with one entry per distinct follow-up time, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct CumulativeIncidence {
    times: Vec<f64>,
    number_at_risk: Vec<u32>,
    event_free: Vec<f64>,
    causes: Vec<CauseIncidence>,
}

/// Survival and one incidence with their covariance matrix, which each event time carries on.
#[derive(Clone)]
struct State {
    incidence: f64,
    variance: f64,
    covariance: f64,
}

impl CumulativeIncidence {
    /// The Aalen-Johansen estimate (Aalen & Johansen 1978): F_k(t) = Σ S(s−) d_k/n over event times s ≤ t, S being the
    /// Kaplan-Meier estimate of any event. The covariance of (S, F_k) is carried from event time to event time with
    /// multinomial increments (Andersen et al. 1993, eq. 4.4.20); without weights this is the infinitesimal jackknife
    /// that R has. R: `survfit(Surv(time, factor(cause)) ~ 1)`.
    ///
    /// # Errors
    /// [`SurvivalError::NoPatients`], [`SurvivalError::InvalidTime`].
    ///
    /// ```
    /// use kmeta_survival_estimate::{CompetingRisksPatient, CumulativeIncidence};
    /// let patients = [(1.0, Some(1)), (2.0, Some(2)), (3.0, None), (4.0, Some(1))]
    ///     .map(|(time, cause)| CompetingRisksPatient { time, cause });
    /// let fit = CumulativeIncidence::fit(&patients)?;
    /// assert_eq!(fit.cause(1)?.incidence, [0.25, 0.25, 0.25, 0.75]);
    /// assert_eq!(fit.cause(2)?.incidence, [0.0, 0.25, 0.25, 0.25]);
    /// # Ok::<(), kmeta_survival_estimate::SurvivalError>(())
    /// ```
    pub fn fit(patients: &[CompetingRisksPatient]) -> Result<Self, SurvivalError> {
        check_patients("patients", &any_event(patients))?;
        let numbers: Vec<u32> = patients
            .iter()
            .filter_map(|patient| patient.cause)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let mut sorted = patients.to_vec();
        sorted.sort_by(|one, two| one.time.total_cmp(&two.time));
        let empty = |&cause: &u32| CauseIncidence {
            cause,
            events: Vec::new(),
            incidence: Vec::new(),
            standard_error: Vec::new(),
        };
        let mut fit = Self {
            times: Vec::new(),
            number_at_risk: Vec::new(),
            event_free: Vec::new(),
            causes: numbers.iter().map(empty).collect(),
        };
        let mut states = vec![State { incidence: 0.0, variance: 0.0, covariance: 0.0 }; numbers.len()];
        let (mut at_risk, mut free, mut free_variance) = (sorted.len() as u32, 1.0, 0.0);
        for tied in sorted.chunk_by(|one, two| one.time == two.time) {
            let n = f64::from(at_risk);
            let total = tied.iter().filter(|patient| patient.cause.is_some()).count();
            let hazard = total as f64 / n;
            let left = f64::from(at_risk - total as u32) / n;
            for (cause, state) in fit.causes.iter_mut().zip(&mut states) {
                let events = tied.iter().filter(|patient| patient.cause == Some(cause.cause)).count() as u32;
                state.advance(f64::from(events) / n, left, n, (free, free_variance));
                cause.events.push(events);
                cause.incidence.push(state.incidence);
                cause.standard_error.push(state.variance.max(0.0).sqrt());
            }
            free_variance = left * left * free_variance + free * free * hazard * left / n;
            free *= left;
            fit.times.push(tied[0].time);
            fit.number_at_risk.push(at_risk);
            fit.event_free.push(free);
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

    /// Probability of no event of any cause by each time: Kaplan-Meier, and 1 − Σ of the incidences.
    pub fn event_free(&self) -> &[f64] {
        &self.event_free
    }

    /// All causes, ascending; none when all patients are censored.
    pub fn causes(&self) -> &[CauseIncidence] {
        &self.causes
    }

    /// One cause.
    ///
    /// # Errors
    /// [`SurvivalError::UnknownCause`].
    pub fn cause(&self, cause: u32) -> Result<&CauseIncidence, SurvivalError> {
        let found = || self.causes.iter().map(|one| one.cause.to_string()).collect::<Vec<_>>().join(", ");
        let known = self.causes.iter().find(|one| one.cause == cause);
        known.ok_or_else(|| SurvivalError::UnknownCause { cause, found: found() })
    }
}

impl State {
    /// Over an event time with hazard `hazard` of the cause among `n` at risk, of whom the share `left` has no event;
    /// `free` is survival before it, with variance.
    fn advance(&mut self, hazard: f64, left: f64, n: f64, (free, free_variance): (f64, f64)) {
        let square = free * free / n;
        self.variance += 2.0 * hazard * self.covariance
            + hazard * hazard * free_variance
            + square * hazard * (1.0 - hazard);
        self.covariance = left * (self.covariance + hazard * free_variance) - square * hazard * left;
        self.incidence += free * hazard;
    }
}

/// Patients with an event of any cause.
pub(crate) fn any_event(patients: &[CompetingRisksPatient]) -> Vec<PatientRecord> {
    let record = |one: &CompetingRisksPatient| PatientRecord { time: one.time, event: one.cause.is_some() };
    patients.iter().map(record).collect()
}
