//! What the tests share: true patients, their exact Kaplan-Meier curve, and what a figure would show of them.

use kmeta_ipd_reconstruct::ReconstructionInput;
use kmeta_trial_data::{NumberAtRisk, PatientRecord, Provenance, StepCurve};

/// Patients sorted by time, events before censorings at equal times.
pub(crate) fn sorted(mut patients: Vec<PatientRecord>) -> Vec<PatientRecord> {
    patients.sort_by(|one, next| one.time.total_cmp(&next.time).then(next.event.cmp(&one.event)));
    patients
}

/// Drop coordinates of the Kaplan-Meier curve of sorted patients.
pub(crate) fn drops(patients: &[PatientRecord]) -> (Vec<f64>, Vec<f64>) {
    let (mut times, mut levels) = (vec![0.0], vec![1.0]);
    let (mut at_risk, mut level) = (patients.len() as f64, 1.0);
    for same in patients.chunk_by(|one, next| one.time == next.time) {
        let events = same.iter().filter(|patient| patient.event).count() as f64;
        if events > 0.0 {
            level *= 1.0 - events / at_risk;
            times.push(same[0].time);
            levels.push(level);
        }
        at_risk -= same.len() as f64;
    }
    (times, levels)
}

/// The Kaplan-Meier curve of sorted patients.
pub(crate) fn curve(patients: &[PatientRecord]) -> StepCurve {
    let (times, levels) = drops(patients);
    StepCurve::new(times, levels).expect("a Kaplan-Meier curve is a step curve")
}

/// What a figure of these patients shows: curve, its end, numbers at risk every `by` up to the end of the
/// axis, and censor marks (one per distinct time).
pub(crate) fn figure(name: &str, patients: &[PatientRecord], by: f64) -> ReconstructionInput {
    let end = patients.last().expect("an arm has patients").time;
    let columns = (end / by).ceil() as usize;
    let times: Vec<f64> = (0..=columns).map(|column| column as f64 * by).collect();
    let counts = times
        .iter()
        .map(|&time| patients.iter().filter(|patient| patient.time >= time).count() as u32)
        .collect();
    let mut marks: Vec<f64> =
        patients.iter().filter(|patient| !patient.event).map(|patient| patient.time).collect();
    marks.dedup();
    let mut input = ReconstructionInput::new(name, "all", curve(patients), Provenance::printed("test"));
    input.curve_end = Some(end);
    input.number_at_risk = Some(NumberAtRisk::new(times, counts).expect("columns of true patients"));
    input.censor_times = marks;
    input
}
