//! The constrained reconstruction on any curve and any printed numbers: it ends, with all patients inside the follow-up,
//! or refuses with a typed error.

#![no_main]

use arbitrary::Arbitrary;
use kmeta_ipd_reconstruct::{
    NumberAtRiskConvention, PrintedSurvival, ReconstructionInput, ReconstructionOptions, reconstruct,
};
use kmeta_trial_data::{NumberAtRisk, Provenance, StepCurve};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    drops: Vec<(u8, u8)>,
    columns: Vec<(u16, u8)>,
    first: u8,
    patients: Option<u8>,
    events: Option<u8>,
    marks: Vec<u16>,
    median: Option<(u16, u16, Option<u16>)>,
    rates: Vec<(u16, u8)>,
    uncertainty: Option<u8>,
    end: Option<u16>,
    convention: u8,
}

fuzz_target!(|input: Input| {
    let (mut time, mut level) = (0.0, 1.0);
    let (mut times, mut levels) = (Vec::new(), Vec::new());
    for &(wait, fall) in input.drops.iter().take(60) {
        time += f64::from(wait) / 16.0;
        level *= 1.0 - f64::from(fall) / 255.0;
        times.push(time);
        levels.push(level);
    }
    let Ok(curve) = StepCurve::new(times, levels) else { return };
    let mut arm = ReconstructionInput::new("trial", "arm", curve, Provenance::printed("fuzz"));
    let (mut at, mut left) = (0.0, u32::from(input.first));
    let mut columns = (vec![0.0], vec![left]);
    for &(wait, fewer) in input.columns.iter().take(12) {
        at += f64::from(wait) / 1000.0;
        left = left.saturating_sub(u32::from(fewer));
        columns.0.push(at);
        columns.1.push(left);
    }
    arm.number_at_risk = NumberAtRisk::new(columns.0, columns.1).ok();
    arm.patients = input.patients.map(u32::from);
    arm.total_events = input.events.map(u32::from);
    arm.censor_times = input.marks.iter().take(40).map(|&mark| f64::from(mark) / 500.0).collect();
    arm.censor_times.sort_by(f64::total_cmp);
    arm.curve_end = input.end.map(|end| f64::from(end) / 100.0);
    if let Some((median, lower, upper)) = input.median {
        arm.median_printed = Some(f64::from(median) / 100.0);
        arm.median_interval_printed =
            Some((f64::from(lower) / 100.0, upper.map(|upper| f64::from(upper) / 100.0)));
    }
    arm.survival_printed = input
        .rates
        .iter()
        .take(4)
        .map(|&(time, survival)| PrintedSurvival {
            time: f64::from(time) / 100.0,
            survival: f64::from(survival) / 255.0,
            half_width: 0.005,
        })
        .collect();
    arm.survival_uncertainty = input.uncertainty.map(|size| f64::from(size) / 10_000.0);
    let conventions =
        [NumberAtRiskConvention::Before, NumberAtRiskConvention::At, NumberAtRiskConvention::After];
    let options = ReconstructionOptions {
        number_at_risk_convention: conventions[usize::from(input.convention) % conventions.len()],
        ..ReconstructionOptions::default()
    };
    let Ok(found) = reconstruct(&arm, &options) else { return };
    let patients = found.patients;
    let count = patients.len() as u32;
    let at_start = arm.number_at_risk.as_ref().map(NumberAtRisk::first_count);
    assert!([arm.patients, at_start].contains(&Some(count)), "{count} patients");
    if let (Some(stated), Some(at_start)) = (arm.patients, at_start) {
        assert!(stated == at_start || !found.findings.is_empty(), "{stated} patients, {at_start} at risk");
    }
    assert!(patients.windows(2).all(|pair| pair[0].time <= pair[1].time));
    assert!(patients.iter().all(|patient| patient.time.is_finite() && patient.time >= 0.0));
});
