//! Checks on patients that every estimator makes.

use kmeta_trial_data::PatientRecord;

use crate::SurvivalError;

/// Refuses empty groups and impossible times.
pub(crate) fn check_patients(group: &str, patients: &[PatientRecord]) -> Result<(), SurvivalError> {
    if patients.is_empty() {
        return Err(SurvivalError::NoPatients { group: group.to_owned() });
    }
    match patients.iter().position(|patient| !patient.time.is_finite() || patient.time < 0.0) {
        Some(index) => {
            Err(SurvivalError::InvalidTime { group: group.to_owned(), index, time: patients[index].time })
        }
        None => Ok(()),
    }
}

/// One event time of a comparison: who is at risk and who has the event, group by group.
#[derive(Debug, Clone)]
pub(crate) struct EventTime {
    /// Patients of each group with follow-up of at least this time.
    pub(crate) at_risk: Vec<f64>,
    /// Events of each group at this time.
    pub(crate) events: Vec<f64>,
}

/// The distinct event times of all groups together, ascending.
pub(crate) fn event_times(groups: &[&[PatientRecord]]) -> Vec<EventTime> {
    let mut sorted: Vec<(f64, bool, usize)> = groups
        .iter()
        .enumerate()
        .flat_map(|(group, patients)| {
            patients.iter().map(move |patient| (patient.time, patient.event, group))
        })
        .collect();
    sorted.sort_by(|one, two| one.0.total_cmp(&two.0));
    let mut at_risk: Vec<f64> = groups.iter().map(|patients| patients.len() as f64).collect();
    let mut times = Vec::new();
    for tied in sorted.chunk_by(|one, two| one.0 == two.0) {
        let mut events = vec![0.0; groups.len()];
        for &(_, _, group) in tied.iter().filter(|(_, event, _)| *event) {
            events[group] += 1.0;
        }
        if events.iter().any(|&count| count > 0.0) {
            times.push(EventTime { at_risk: at_risk.clone(), events });
        }
        for &(_, _, group) in tied {
            at_risk[group] -= 1.0;
        }
    }
    times
}
