//! One trial's log cumulative hazard as a path in time.

use kmeta_survival_estimate::KaplanMeier;

use crate::{PoolError, TrialPatients};

/// The cumulative hazard H = −log S of a trial's Kaplan-Meier curve, a step function from its first event on.
#[derive(Debug, Clone)]
pub(super) struct TrialPath {
    /// Event times at which S stays above 0.
    times: Vec<f64>,
    /// H from each time on.
    hazard: Vec<f64>,
    /// Greenwood's sum, the variance of H, from each time on.
    variance: Vec<f64>,
    /// Follow-up of every patient, ascending.
    follow_up: Vec<f64>,
    /// Last time at which the trial is observed.
    end: f64,
    /// S falls to 0 at the end, so that H is infinite there.
    reaches_zero: bool,
}

/// The path at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PathPoint {
    pub(super) hazard: f64,
    pub(super) variance: f64,
}

impl TrialPath {
    pub(super) fn new(trial: &TrialPatients) -> Result<(Self, KaplanMeier), PoolError> {
        let fit = KaplanMeier::fit(&trial.patients)
            .map_err(|source| PoolError::Patients { trial: trial.trial.clone(), source })?;
        let mut follow_up: Vec<f64> = trial.patients.iter().map(|patient| patient.time).collect();
        follow_up.sort_by(f64::total_cmp);
        let mut path = Self {
            times: Vec::new(),
            hazard: Vec::new(),
            variance: Vec::new(),
            follow_up,
            end: fit.follow_up_end(),
            reaches_zero: false,
        };
        for (index, &survival) in fit.survival().iter().enumerate() {
            if fit.events()[index] == 0 {
                continue;
            }
            if survival <= 0.0 {
                path.reaches_zero = true;
                break;
            }
            path.times.push(fit.times()[index]);
            path.hazard.push(-survival.ln());
            path.variance.push(fit.greenwood()[index]);
        }
        Ok((path, fit))
    }

    /// Times at which the path changes or ends.
    pub(super) fn change_times(&self) -> impl Iterator<Item = f64> + '_ {
        self.times.iter().copied().chain(std::iter::once(self.end))
    }

    pub(super) fn has_events(&self) -> bool {
        !self.times.is_empty()
    }

    pub(super) fn reaches_zero(&self) -> bool {
        self.reaches_zero
    }

    pub(super) fn end(&self) -> f64 {
        self.end
    }

    /// True while patients are observed and S is above 0.
    pub(super) fn is_observed(&self, time: f64) -> bool {
        if self.reaches_zero { time < self.end } else { time <= self.end }
    }

    /// The path at a time from the first event on, while the trial is observed.
    pub(super) fn at(&self, time: f64) -> Option<PathPoint> {
        if !self.is_observed(time) {
            return None;
        }
        let after = self.times.partition_point(|&event| event <= time);
        let index = after.checked_sub(1)?;
        Some(PathPoint { hazard: self.hazard[index], variance: self.variance[index] })
    }

    /// Patients with follow-up of at least `time`.
    pub(super) fn number_at_risk(&self, time: f64) -> usize {
        self.follow_up.len() - self.follow_up.partition_point(|&end| end < time)
    }
}
