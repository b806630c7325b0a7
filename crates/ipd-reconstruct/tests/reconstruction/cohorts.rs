//! Reconstruction of the cohorts behind the example figures, from their exact curves and from disturbed ones.

use crate::common;
use std::collections::BTreeMap;
use std::path::Path;

use kmeta_ipd_reconstruct::{ReconstructionOptions, reconstruct};
use kmeta_trial_data::{PatientRecord, ReconstructedArm, ReconstructionStatus, StepCurve};

/// Study folder, file, and the distance of the risk table's columns in its figure.
const FIGURES: [(&str, &str, f64); 12] = [
    ("atc-tki", "bible2012-os", 3.0),
    ("atc-tki", "bible2012-pfs", 3.0),
    ("atc-tki", "savvides2013-os", 3.0),
    ("atc-tki", "savvides2013-pfs", 3.0),
    ("atc-tki", "tahara2017-os", 3.0),
    ("atc-tki", "tahara2017-pfs", 3.0),
    ("atc-tki", "wirth2021-os", 3.0),
    ("atc-tki", "wirth2021-pfs", 2.0),
    ("atc-tki", "higashiyama2022-os", 3.0),
    ("antiangiogenic-two-arm", "alter1102-pfs", 2.0),
    ("antiangiogenic-two-arm", "gao2025-os", 6.0),
    ("antiangiogenic-two-arm", "gao2025-pfs", 6.0),
];

struct Cohort {
    name: String,
    patients: Vec<PatientRecord>,
    by: f64,
}

fn cohorts() -> Vec<Cohort> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut cohorts = Vec::new();
    for (study, figure, by) in FIGURES {
        let path = fixtures.join(study).join("cohorts").join(format!("{figure}.csv"));
        let mut arms: BTreeMap<String, Vec<PatientRecord>> = BTreeMap::new();
        for row in csv::Reader::from_path(&path).expect("cohort file").deserialize() {
            let (arm, time, status): (String, f64, u8) = row.expect("arm,time,status");
            arms.entry(arm).or_default().push(PatientRecord { time, event: status == 1 });
        }
        for (arm, patients) in arms {
            let name = format!("{figure} {arm}");
            cohorts.push(Cohort { name, patients: common::sorted(patients), by });
        }
    }
    cohorts
}

fn events(patients: &[PatientRecord]) -> i64 {
    patients.iter().filter(|patient| patient.event).count() as i64
}

/// One line per arm; shown when an assertion fails or with `--nocapture`.
fn describe(cohort: &Cohort, arm: &ReconstructedArm, worst: f64) -> String {
    format!(
        "{:34} n {:3} events {:3} of {:3} grid error {:.4} curve rms {:.4} max {:.4} at risk error {} {:?}",
        cohort.name,
        cohort.patients.len(),
        arm.fidelity.events,
        events(&cohort.patients),
        worst,
        arm.fidelity.curve_error_rms,
        arm.fidelity.curve_error_max,
        arm.fidelity.number_at_risk_error_max,
        arm.fidelity.status,
    )
}

/// Largest |S₁ − S₂| at multiples of `by` up to `end`.
fn largest_difference(one: &StepCurve, two: &StepCurve, by: f64, end: f64) -> f64 {
    let steps = (end / by).floor() as usize;
    (1..=steps)
        .map(|step| step as f64 * by)
        .map(|time| (one.survival_at(time) - two.survival_at(time)).abs())
        .fold(0.0, f64::max)
}

fn grid_error(cohort: &Cohort, arm: &ReconstructedArm) -> f64 {
    let end = cohort.patients[cohort.patients.len() - 1].time;
    largest_difference(&common::curve(&arm.patients), &common::curve(&cohort.patients), 3.0, end)
}

#[test]
fn exact_curves_with_marks_give_the_patients_back() {
    let mut table = String::new();
    let mut failures = 0;
    for cohort in cohorts() {
        let input = common::figure(&cohort.name, &cohort.patients, cohort.by);
        let arm = reconstruct(&input, &ReconstructionOptions::default()).expect("a complete input");
        let worst = grid_error(&cohort, &arm);
        let events_error = (i64::from(arm.fidelity.events) - events(&cohort.patients)).abs();
        // Two pairs of patients of `alter1102-pfs` share a mark each: where the second patient of a mark is put
        // is a choice of the best curve, so survival is compared, not times.
        let good = worst <= 1e-9
            && events_error == 0
            && arm.fidelity.number_at_risk_error_max == 0
            && arm.fidelity.status == ReconstructionStatus::Converged
            && arm.patients.len() == cohort.patients.len();
        failures += i32::from(!good);
        table += &format!("{}{}\n", describe(&cohort, &arm, worst), if good { "" } else { "  <--" });
    }
    assert_eq!(failures, 0, "\n{table}");
}

/// Without marks censoring times are a guess, and in an arm of 17 one patient is worth 0.06:
/// half a patient of survival and two events are what it can promise.
#[test]
fn exact_curves_without_marks_stay_close() {
    let options = ReconstructionOptions { use_censor_marks: false, ..ReconstructionOptions::default() };
    let mut table = String::new();
    let mut failures = 0;
    for cohort in cohorts() {
        let input = common::figure(&cohort.name, &cohort.patients, cohort.by);
        let arm = reconstruct(&input, &options).expect("a complete input");
        let worst = grid_error(&cohort, &arm);
        let events_error = (i64::from(arm.fidelity.events) - events(&cohort.patients)).abs();
        let good = worst <= 0.5 / 17.0
            && events_error <= 2
            && arm.fidelity.number_at_risk_error_max == 0
            && arm.patients.len() == cohort.patients.len();
        failures += i32::from(!good);
        table += &format!("{}{}\n", describe(&cohort, &arm, worst), if good { "" } else { "  <--" });
    }
    assert_eq!(failures, 0, "\n{table}");
}

/// A reproducible value in −1..1 (a linear congruential step, enough to disturb coordinates).
fn jitter(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    ((*state >> 33) as f64 / f64::from(1u32 << 31)) * 2.0 - 1.0
}

/// A curve read with errors of up to `time_error` and `level_error`, as a digitizer may.
fn disturbed(curve: &StepCurve, time_error: f64, level_error: f64, state: &mut u64) -> StepCurve {
    let (mut times, mut levels) = (vec![0.0], vec![1.0]);
    let (mut last_time, mut last_level) = (0.0, 1.0);
    for (time, level) in curve.corners().skip(1) {
        last_time = (time + time_error * jitter(state)).max(last_time);
        // A curve that is seen to end on the axis is read as zero.
        let read = if level == 0.0 { 0.0 } else { level + level_error * jitter(state) };
        last_level = read.clamp(0.0, last_level);
        times.push(last_time);
        levels.push(last_level);
    }
    StepCurve::new(times, levels).expect("kept monotone")
}

#[test]
fn small_reading_errors_change_little() {
    let mut table = String::new();
    let mut failures = 0;
    let mut state = 1;
    for cohort in cohorts() {
        for _ in 0..10 {
            let mut input = common::figure(&cohort.name, &cohort.patients, cohort.by);
            input.curve = disturbed(&input.curve, 0.03, 0.003, &mut state);
            for time in &mut input.censor_times {
                *time = (*time + 0.03 * jitter(&mut state)).max(0.0);
            }
            input.censor_times.sort_by(f64::total_cmp);
            let arm = reconstruct(&input, &ReconstructionOptions::default()).expect("a complete input");
            let end = cohort.patients[cohort.patients.len() - 1].time;
            let truth = common::curve(&cohort.patients);
            let mean = common::curve(&arm.patients).mean_absolute_difference(&truth, end);
            let events_error = (i64::from(arm.fidelity.events) - events(&cohort.patients)).abs();
            // A drop read on the wrong side of a column moves its patients: `alter1102` has many near month 2.
            let good = mean <= 0.01 && events_error <= 2 && arm.fidelity.number_at_risk_error_max <= 2;
            failures += i32::from(!good);
            table += &format!("{}{}\n", describe(&cohort, &arm, mean), if good { "" } else { "  <--" });
        }
    }
    assert_eq!(failures, 0, "\n{table}");
}
