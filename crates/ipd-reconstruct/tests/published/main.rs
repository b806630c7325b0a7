//! The published algorithms, patient by patient, against other computations.

mod properties;
mod radiation;
mod second_computation;

use kmeta_ipd_reconstruct::clicks::Clicks;
use kmeta_ipd_reconstruct::published::PublishedInput;
use kmeta_trial_data::{NumberAtRisk, PatientRecord};
use serde_json::Value;

/// A column of numbers.
fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a column").iter().map(|number| number.as_f64().expect("a number")).collect()
}

fn counts(value: &Value) -> Vec<u32> {
    numbers(value).into_iter().map(|count| count as u32).collect()
}

fn input(clicks: Clicks, risk: Option<(Vec<f64>, Vec<u32>)>, events: Option<u32>) -> PublishedInput {
    let mut input = PublishedInput::new(clicks);
    input.number_at_risk =
        risk.map(|(times, counts)| NumberAtRisk::new(times, counts).expect("a risk table"));
    input.total_events = events;
    input
}

/// Patients whose time differs by more than 1e-12 or whose status differs, in the order given. A different
/// number of patients counts in full.
fn mismatches(ours: &[PatientRecord], times: &[f64], events: &[f64]) -> usize {
    if ours.len() != times.len() || times.len() != events.len() {
        return ours.len().max(times.len());
    }
    let expected = times.iter().zip(events);
    ours.iter()
        .zip(expected)
        .filter(|(patient, (time, event))| {
            (patient.time - **time).abs() > 1e-12 || patient.event != (**event == 1.0)
        })
        .count()
}
