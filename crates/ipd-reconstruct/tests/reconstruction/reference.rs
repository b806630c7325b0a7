//! Agreement with other implementations of the algorithm on the same clicks of a published trial.
//!
//! The clicks belong to a GPL package and are not part of this repository; without the folder beside it the
//! test says so and ends.

use crate::common;
use std::path::Path;

use kmeta_ipd_reconstruct::{ReconstructionInput, ReconstructionMethod, ReconstructionOptions, reconstruct};
use kmeta_trial_data::{NumberAtRisk, PatientRecord, Provenance, StepCurve};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a column").iter().map(|number| number.as_f64().expect("a number")).collect()
}

fn patients(times: &Value, events: &Value) -> Vec<PatientRecord> {
    let pairs = numbers(times).into_iter().zip(numbers(events));
    common::sorted(pairs.map(|(time, event)| PatientRecord { time, event: event == 1.0 }).collect())
}

/// The arm as published: without marks, and the curve never adjusted.
fn strict_guyot(case: &Value) -> Vec<PatientRecord> {
    let points = &case["preprocess"]["points"];
    let curve = StepCurve::new(numbers(&points["time"]), numbers(&points["surv"])).expect("cleaned clicks");
    let table = &case["preprocess"]["intervalIndex"];
    let counts = numbers(&table["n.risk"]).into_iter().map(|count| count as u32).collect();
    let mut input = ReconstructionInput::new("radiation", "", curve, Provenance::printed("clicks"));
    input.number_at_risk = Some(NumberAtRisk::new(numbers(&table["t.risk"]), counts).expect("a risk table"));
    let options = ReconstructionOptions {
        method: ReconstructionMethod::Guyot,
        use_censor_marks: false,
        curve_tolerance: 0.0,
        ..ReconstructionOptions::default()
    };
    reconstruct(&input, &options).expect("a complete input").patients
}

#[test]
fn agrees_with_other_implementations_on_a_published_trial() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/f_ipdfromkm.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        // The test harness shows this with --nocapture; a library would not print.
        #[allow(clippy::print_stderr, reason = "a skipped comparison must say that it was skipped")]
        {
            eprintln!("skipped: no reference file at {}", path.display());
        }
        return;
    };
    let reference: Value = serde_json::from_str(&text).expect("JSON");
    let cases = reference["cases"].as_array().expect("cases");
    let mut table = String::new();
    let mut failures = 0;
    for case in cases.iter().filter(|case| case["scenario"] == "nrisk") {
        let arm = case["arm"].as_str().expect("an arm");
        let ours = strict_guyot(case);
        let same_clicks = &reference["other_software_same_input"][arm];
        // Ports of the same algorithm differ in where a click stands for a column; IPDfromKM is a modified one.
        let others = [
            (1, 0.006, "IPDfromKM", &case["getIPD"]["IPD"]["time"], &case["getIPD"]["IPD"]["status"]),
            (
                0,
                0.0015,
                "survHE",
                &same_clicks["survHE_digitise"]["time"],
                &same_clicks["survHE_digitise"]["event"],
            ),
            (
                0,
                0.0015,
                "reconstructKM",
                &same_clicks["reconstructKM"]["IPD_time"],
                &same_clicks["reconstructKM"]["IPD_event"],
            ),
        ];
        for (events_off, curve_off, name, times, events) in others {
            let theirs = patients(times, events);
            let end = theirs[theirs.len() - 1].time;
            let difference = common::curve(&ours).mean_absolute_difference(&common::curve(&theirs), end);
            let count = |arm: &[PatientRecord]| arm.iter().filter(|patient| patient.event).count();
            let good = ours.len() == theirs.len()
                && count(&ours).abs_diff(count(&theirs)) <= events_off
                && difference <= curve_off;
            failures += i32::from(!good);
            table += &format!(
                "{arm} {name}: events {} and {}, mean curve difference {difference:.5}\n",
                count(&ours),
                count(&theirs)
            );
        }
    }
    assert_eq!(failures, 0, "\n{table}");
    assert_eq!(table.lines().count(), 6, "two arms and three programs:\n{table}");
}
