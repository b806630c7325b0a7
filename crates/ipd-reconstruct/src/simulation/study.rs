//! Runs a method over pairs of arms with known patients.

use std::time::Instant;

use kmeta_trial_data::PatientRecord;

use super::design::SimulatedPair;
use super::figure::{FigureReading, Information, figure_of};
use super::score::{Accuracy, log_hazard_ratio_error, score_arm};
use crate::ReconstructionInput;

/// A way to turn what a figure shows into patients; none when it fails.
pub type Method<'a> = &'a dyn Fn(&ReconstructionInput) -> Option<Vec<PatientRecord>>;

/// Reconstructs every arm of `pairs` and scores arms and hazard ratios. A pair counts for the hazard ratio when
/// both arms were reconstructed and the true hazard ratio exists.
pub fn measure(
    pairs: &[SimulatedPair],
    reading: FigureReading,
    information: Information,
    method: Method<'_>,
) -> Accuracy {
    let mut accuracy = Accuracy::default();
    for pair in pairs {
        let mut arm = |truth: &[PatientRecord]| {
            let input = figure_of(&pair.name, truth, reading, information)?;
            accuracy.arms += 1;
            let start = Instant::now();
            let patients = method(&input);
            accuracy.seconds.push(start.elapsed().as_secs_f64());
            let score = patients
                .as_ref()
                .and_then(|patients| score_arm(truth, patients, input.number_at_risk.as_ref()));
            match score {
                Some(score) => accuracy.scores.push(score),
                None => accuracy.failures += 1,
            }
            patients
        };
        let (reference, treated) = (arm(&pair.reference), arm(&pair.treated));
        if let (Some(reference), Some(treated)) = (reference, treated) {
            let error = log_hazard_ratio_error([&pair.reference, &pair.treated], [&reference, &treated]);
            accuracy.log_hazard_ratio_errors.extend(error);
        }
    }
    accuracy
}
