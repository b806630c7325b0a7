//! How many patients stand behind a traced curve where neither the figure nor the person says it.

use kmeta_ipd_reconstruct::{InferredPatients, ReconstructionInput, infer_patients};
use kmeta_trial_data::Finding;

/// Infers the number of patients from the sizes of the drops where nothing else tells it, and says so: `None` where it
/// is known, or cannot be inferred. `level_error` is the standard deviation of a level as read.
pub(crate) fn infer_missing_patients(input: &mut ReconstructionInput, level_error: f64) -> Option<Finding> {
    let at_start = input.number_at_risk.as_ref().is_some_and(|risk| risk.times()[0] == 0.0);
    if input.patients.is_some() || at_start {
        return None;
    }
    let InferredPatients { patients, lower, upper, drops } =
        infer_patients(&input.curve, &input.censor_times, level_error)?;
    if let Some(risk) = &input.number_at_risk
        && risk.first_count() > patients
    {
        return None;
    }
    input.patients = Some(patients);
    let range =
        if lower == upper { String::new() } else { format!(" ({lower} to {upper} fit nearly as well)") };
    Some(Finding::warning(
        "patients-inferred",
        format!("{}, arm {}", input.trial, input.arm),
        format!(
            "no number of patients is printed with the curve: {patients} was inferred from the size of its {drops} \
             drops{range}; state it where the paper prints it"
        ),
    ))
}
