//! Checks of the input that all models of patients make.

use kmeta_numerics::quadrature::MAX_HERMITE_NODES;
use kmeta_survival_estimate::SurvivalError;
use kmeta_trial_data::PatientRecord;

use super::distribution::Observation;
use crate::{PoolError, TrialPatients};

/// Refuses what no survival model can use: no trials, equal ids, trials without patients, impossible times.
pub(crate) fn check_trials(trials: &[TrialPatients]) -> Result<(), PoolError> {
    if trials.is_empty() {
        return Err(PoolError::NoStudies);
    }
    let mut seen = std::collections::BTreeSet::new();
    for trial in trials {
        if !seen.insert(trial.trial.as_str()) {
            return Err(PoolError::DuplicateTrial { trial: trial.trial.clone() });
        }
        let refuse = |source: SurvivalError| PoolError::Patients { trial: trial.trial.clone(), source };
        if trial.patients.is_empty() {
            return Err(refuse(SurvivalError::NoPatients { group: "patients".to_owned() }));
        }
        let impossible = |patient: &PatientRecord| !patient.time.is_finite() || patient.time < 0.0;
        if let Some(index) = trial.patients.iter().position(impossible) {
            let time = trial.patients[index].time;
            return Err(refuse(SurvivalError::InvalidTime { group: "patients".to_owned(), index, time }));
        }
    }
    if trials.iter().flat_map(|trial| &trial.patients).any(|patient| patient.event) {
        Ok(())
    } else {
        Err(PoolError::NoEvents)
    }
}

/// Refuses times that are not finite, above 0 and increasing, and a horizon that is not finite and above 0.
pub(crate) fn check_times(times: &[f64], horizon: Option<f64>) -> Result<(), PoolError> {
    let mut before = 0.0;
    for (index, &time) in times.iter().enumerate() {
        if !(time.is_finite() && time > before) {
            return Err(PoolError::InvalidTimes { index, time });
        }
        before = time;
    }
    match horizon {
        Some(horizon) if !(horizon.is_finite() && horizon > 0.0) => {
            Err(PoolError::InvalidRestrictedMeanHorizon { horizon })
        }
        _ => Ok(()),
    }
}

/// Refuses numbers of Gauss-Hermite nodes without a rule.
pub(crate) fn check_nodes(nodes: u32) -> Result<(), PoolError> {
    if (1..=MAX_HERMITE_NODES).contains(&(nodes as usize)) {
        Ok(())
    } else {
        Err(PoolError::InvalidQuadratureNodes { nodes, most: MAX_HERMITE_NODES })
    }
}

/// The patients of each trial by ascending time, those with equal times together. Patients censored at time 0 say
/// nothing and are left out.
pub(super) fn observations(trials: &[TrialPatients]) -> Result<Vec<Vec<Observation>>, PoolError> {
    trials.iter().map(trial_observations).collect()
}

fn trial_observations(trial: &TrialPatients) -> Result<Vec<Observation>, PoolError> {
    let mut sorted = trial.patients.clone();
    sorted.sort_by(|one, two| one.time.total_cmp(&two.time));
    let mut observations = Vec::new();
    for tied in sorted.chunk_by(|one, two| one.time == two.time) {
        let time = tied[0].time;
        let events = tied.iter().filter(|patient| patient.event).count();
        if time > 0.0 {
            observations.push(Observation {
                time,
                log_time: time.ln(),
                events: events as f64,
                censored: (tied.len() - events) as f64,
            });
        } else if events > 0 {
            return Err(PoolError::EventAtTimeZero { trial: trial.trial.clone() });
        }
    }
    Ok(observations)
}
