//! What is printed, and what happens when it disagrees.

use crate::common;
use kmeta_ipd_reconstruct::simulation::{FigureReading, Information, figure_of, simulated_pairs};
use kmeta_ipd_reconstruct::{
    NumberAtRiskConvention, PrintedSurvival, ReconstructionInput, ReconstructionOptions, reconstruct,
};
use kmeta_trial_data::{
    FidelityVerdict, NumberAtRisk, PatientRecord, Provenance, ReconstructedArm, ReconstructionStatus,
    StepCurve,
};

const PIXELS: FigureReading = FigureReading::Pixels { columns: 800, rows: 500 };
const EVERYTHING: Information = Information { number_at_risk: true, events: true, marks: true };

fn default(input: &ReconstructionInput) -> ReconstructedArm {
    reconstruct(input, &ReconstructionOptions::default()).expect("a usable input")
}

/// Arms of 50 to 200 patients.
fn arms() -> Vec<Vec<PatientRecord>> {
    let pairs = simulated_pairs(18, 2);
    pairs.into_iter().map(|pair| pair.reference).filter(|arm| (50..=200).contains(&arm.len())).collect()
}

/// The printed table with one number changed by `change`, where the table stays one.
fn misprinted(input: &ReconstructionInput, column: usize, change: i64) -> Option<ReconstructionInput> {
    let risk = input.number_at_risk.as_ref()?;
    let mut counts = risk.counts().to_vec();
    counts[column] = u32::try_from(i64::from(counts[column]) + change).ok()?;
    let mut wrong = input.clone();
    wrong.number_at_risk = Some(NumberAtRisk::new(risk.times().to_vec(), counts).ok()?);
    Some(wrong)
}

#[test]
fn a_misprinted_number_at_risk_is_found_and_named() {
    let (mut planted, mut named) = (0, 0);
    for arm in arms() {
        let input = figure_of("misprint", &arm, FigureReading::Exact, EVERYTHING).expect("patients");
        let Some(wrong) = misprinted(&input, 2, 4) else { continue };
        let found = default(&wrong);
        planted += 1;
        let time = wrong.number_at_risk.as_ref().expect("printed").times()[2];
        let place = format!("at risk at time {time}");
        assert_eq!(found.fidelity.status, ReconstructionStatus::Compromise);
        assert!(!found.findings.is_empty());
        named +=
            u32::from(found.findings.iter().any(|finding| {
                finding.code == "number-at-risk-conflict" && finding.message.contains(&place)
            }));
    }
    assert!(planted >= 5, "{planted}");
    assert_eq!(named, planted, "the cell is among the statements that disagree");
}

#[test]
fn a_wrong_total_of_events_is_found_and_the_rest_is_kept() {
    for arm in arms() {
        let mut input = figure_of("misprint", &arm, FigureReading::Exact, EVERYTHING).expect("patients");
        let events = arm.iter().filter(|patient| patient.event).count() as u32;
        input.total_events = Some(events + 7);
        let found = default(&input);
        assert_eq!(found.findings.len(), 1, "{:?}", found.findings);
        assert_eq!(found.findings[0].code, "total-events-missed");
        assert_eq!(found.fidelity.events, events);
        assert_eq!(found.fidelity.number_at_risk_error_max, 0);
    }
}

#[test]
fn numbers_above_the_number_of_patients_are_conflicts() {
    let curve = StepCurve::new(vec![1.0, 2.0, 3.0], vec![0.75, 0.5, 0.25]).expect("valid");
    let mut input = ReconstructionInput::new("trial", "arm", curve, Provenance::printed("test"));
    input.patients = Some(4);
    input.total_events = Some(9);
    input.number_at_risk = Some(NumberAtRisk::new(vec![1.5, 2.5], vec![5, 2]).expect("valid"));
    let found = default(&input);
    assert_eq!(found.patients.len(), 4);
    assert_eq!(found.findings.len(), 2);
    assert_eq!(found.fidelity.events_stated, Some(9));
    assert_ne!(found.fidelity.assessment.expect("judged").verdict, FidelityVerdict::Good);
}

#[test]
fn the_three_conventions_of_the_risk_table() {
    let record = |(time, event): (f64, bool)| PatientRecord { time, event };
    let truth = [
        (1.0, true),
        (2.0, true),
        (2.0, false),
        (3.0, true),
        (4.0, true),
        (4.0, false),
        (5.0, true),
        (6.0, false),
    ]
    .map(record);
    for (convention, counts) in [
        (NumberAtRiskConvention::Before, [8, 7, 4]),
        (NumberAtRiskConvention::At, [8, 6, 3]),
        (NumberAtRiskConvention::After, [8, 5, 2]),
    ] {
        let (times, levels) = common::drops(&truth);
        let curve = StepCurve::new(times, levels).expect("a curve");
        let mut input = ReconstructionInput::new("trial", "arm", curve, Provenance::printed("test"));
        input.curve_end = Some(6.0);
        input.number_at_risk = Some(NumberAtRisk::new(vec![0.0, 2.0, 4.0], counts.to_vec()).expect("valid"));
        input.censor_times = vec![2.0, 4.0];
        let options = ReconstructionOptions {
            number_at_risk_convention: convention,
            ..ReconstructionOptions::default()
        };
        let found = reconstruct(&input, &options).expect("usable");
        assert_eq!(found.patients, truth, "{convention:?}: {:?}", found.findings);
        assert_eq!(found.fidelity.number_at_risk_error_max, 0);
    }
}

#[test]
fn printed_rates_and_medians_are_met() {
    for arm in arms() {
        let mut input = figure_of("printed", &arm, PIXELS, Information::default()).expect("patients");
        // The curve alone, read badly; the rate and the median are printed precisely.
        input.survival_uncertainty = Some(0.004);
        let truth = common::curve(&arm);
        let time = 0.5 * input.curve_end.expect("known");
        let survival = (truth.survival_at(time) * 1000.0).round() / 1000.0;
        input.survival_printed = vec![PrintedSurvival { time, survival, half_width: 0.0005 }];
        input.median_printed = truth.median();
        let found = default(&input);
        let rate = found.fidelity.survival_rates[0];
        let one_patient = 1.0 / arm.len() as f64;
        assert!((rate.reconstructed - survival).abs() <= 0.004_f64.min(one_patient), "{rate:?}");
    }
}

#[test]
fn an_axis_that_starts_late_loses_nobody() {
    let arm = &arms()[0];
    let mut input = figure_of("late", arm, FigureReading::Exact, EVERYTHING).expect("patients");
    let start = input.number_at_risk.as_ref().expect("printed").times()[1];
    let visible: Vec<(f64, f64)> = std::iter::once((start, input.curve.survival_at(start)))
        .chain(input.curve.corners().filter(|corner| corner.0 > start))
        .collect();
    let (times, levels) = visible.into_iter().unzip();
    input.curve = StepCurve::new(times, levels).expect("a curve");
    input.censor_times.retain(|&time| time >= start);
    let risk = input.number_at_risk.take().expect("printed");
    // The table starts with the axis; the number of patients is stated in the text.
    input.number_at_risk =
        Some(NumberAtRisk::new(risk.times()[2..].to_vec(), risk.counts()[2..].to_vec()).expect("valid"));
    let found = default(&input);
    assert_eq!(found.patients.len(), arm.len());
    assert_eq!(found.fidelity.number_at_risk_error_max, 0, "{:?}", found.findings);
    assert_eq!(Some(found.fidelity.events), input.total_events);
}

#[test]
fn drops_lower_than_one_event_are_no_events() {
    // Of 20 patients 5 die; the path halts at a corner of the thick line before each drop is complete.
    let (mut times, mut survival) = (vec![0.0], vec![1.0]);
    for event in 1..=5 {
        let (time, level) = (f64::from(event), 1.0 - 0.05 * f64::from(event));
        times.extend([time, time + 0.02]);
        survival.extend([level + 0.0125, level]);
    }
    let curve = StepCurve::new(times, survival).expect("a falling curve");
    let mut input = ReconstructionInput::new("corners", "all", curve, Provenance::printed("test"));
    input.curve_end = Some(8.0);
    input.number_at_risk = Some(NumberAtRisk::new(vec![0.0, 4.5], vec![20, 16]).expect("a table"));
    let found = default(&input);
    assert_eq!(found.fidelity.events, 5, "{:?}", found.findings);
    assert!(found.fidelity.curve_error_mean < 0.005, "{}", found.fidelity.curve_error_mean);
}
