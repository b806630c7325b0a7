//! The figures that the constrained reconstruction reaches on simulated arms, on fewer arms than
//! `--example reconstruction_accuracy` takes.

use kmeta_ipd_reconstruct::simulation::{Accuracy, FigureReading, Information, measure, simulated_pairs};
use kmeta_ipd_reconstruct::{ReconstructionOptions, reconstruct};

/// One arm of every size, degree of censoring and way of recording time.
const PAIRS: usize = 54;
const SEED: u64 = 20_260_101;
const PIXELS: FigureReading = FigureReading::Pixels { columns: 800, rows: 500 };

fn accuracy(reading: FigureReading, information: Information) -> Accuracy {
    let measured = measure(&simulated_pairs(PAIRS, SEED), reading, information, &|input| {
        reconstruct(input, &ReconstructionOptions::default()).ok().map(|arm| arm.patients)
    });
    assert_eq!(measured.arms as usize, 2 * PAIRS);
    measured
}

fn assert_complete(title: &str, measured: &Accuracy) {
    let row = format!("{}\n{}", Accuracy::markdown_head(), measured.markdown_row(title));
    assert_eq!(measured.failures, 0, "\n{row}");
    assert!(measured.scores.iter().all(|score| score.patients_error == 0), "\n{row}");
    assert!(measured.scores.iter().all(|score| score.number_at_risk_error == 0), "\n{row}");
}

const AT_RISK_AND_EVENTS: Information = Information { number_at_risk: true, events: true, marks: false };
const EVERYTHING: Information = Information { number_at_risk: true, events: true, marks: true };

#[test]
fn exact_drops_with_numbers_at_risk_and_events() {
    let measured = accuracy(FigureReading::Exact, AT_RISK_AND_EVENTS);
    assert_complete("exact, at risk, events", &measured);
    assert!(measured.scores.iter().all(|score| score.events_error == 0));
    assert!(measured.integrated_absolute_error_quantile(0.95) <= 0.002);
    assert!(measured.log_hazard_ratio_error_quantile(0.95) <= 0.03);
}

#[test]
fn exact_drops_with_marks_too_have_no_error() {
    let measured = accuracy(FigureReading::Exact, EVERYTHING);
    assert_complete("exact, everything", &measured);
    // Sums of floating point numbers differ in the last digits.
    assert!(measured.integrated_absolute_error_quantile(1.0) <= 1e-9);
    assert!(measured.scores.iter().all(|score| score.events_error == 0));
    assert!(measured.log_hazard_ratio_error_quantile(0.5) <= 1e-9);
}

#[test]
fn pixels_with_numbers_at_risk_events_and_marks() {
    let measured = accuracy(PIXELS, EVERYTHING);
    assert_complete("pixels, everything", &measured);
    assert!(measured.scores.iter().all(|score| score.events_error == 0));
    assert!(measured.integrated_absolute_error_quantile(0.5) <= 0.0008);
    assert!(measured.log_hazard_ratio_error_quantile(0.95) <= 0.05);
}

#[test]
fn pixels_with_totals_of_events_alone() {
    let measured = accuracy(PIXELS, Information { number_at_risk: false, ..AT_RISK_AND_EVENTS });
    assert_complete("pixels, events", &measured);
    assert!(measured.scores.iter().all(|score| score.events_error == 0));
}

#[test]
fn pixels_and_a_number_of_patients_alone() {
    let measured = accuracy(PIXELS, Information::default());
    assert_complete("pixels, n", &measured);
    // Half a pixel of 500, as a mean over the curve.
    assert!(measured.integrated_absolute_error_quantile(0.95) <= 0.001);
}
