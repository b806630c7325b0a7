//! Reconstructs individual patient data from a digitized Kaplan-Meier curve.
//!
//! A published curve shows where survival drops, and the table below it how many patients are still followed.
//! Together they pin down, up to rounding, how many patients had the event at each drop and how many were
//! censored in between. [`reconstruct`] finds whole numbers of both that fit the curve within its reading error and
//! meet everything that is printed, and says how well they do. [`impute`] draws several such sets, [`ArmImputer`] with
//! the errors of reading a figure, [`reconstruct_pair`]
//! meets a printed hazard ratio, [`published`] holds the algorithms in print[^guyot], [`clicks`] reads the files of
//! digitizing programs and [`prepare_curve`] makes a curve of what was clicked.
//!
//! ```
//! use kmeta_ipd_reconstruct::{ReconstructionInput, ReconstructionOptions, reconstruct};
//! use kmeta_trial_data::{NumberAtRisk, PatientRecord, Provenance, StepCurve};
//!
//! let curve = StepCurve::new(vec![1.0, 2.0, 4.0], vec![0.9, 0.8, 0.6])?;
//! let mut input = ReconstructionInput::new("trial", "all", curve, Provenance::printed("typed curve"));
//! input.number_at_risk = Some(NumberAtRisk::new(vec![0.0, 3.0], vec![10, 6])?);
//! input.curve_end = Some(6.0);
//!
//! let arm = reconstruct(&input, &ReconstructionOptions::default())?;
//! assert_eq!(arm.fidelity.patients, 10);
//! assert_eq!(arm.fidelity.number_at_risk_error_max, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is promised: the number of patients is conserved, every follow-up time lies within the follow-up of
//! the curve, the same input gives the same patients, and the work is bounded. Numbers at risk and totals of
//! events are met exactly where they can be; where they cannot, a finding names the smallest set of statements
//! that disagree and the one that was given up. What is not: a curve of pixels with a number of patients alone
//! tells little of the censoring, and then the number of events can be far off (state `total_events` where the
//! paper prints it). [`simulation`] measures all of this.
//!
//! [^guyot]: Guyot P, Ades AE, Ouwens MJNM, Welton NJ. Enhanced secondary analysis of survival data:
//!     reconstructing the data from published Kaplan-Meier survival curves. BMC Med Res Methodol 2012;12:9.

pub mod clicks;
mod constrained;
mod counted;
mod error;
mod exact_counts;
mod fidelity;
mod number_of_patients;
mod prepare;
pub mod published;
mod rubin;
pub mod simulation;
mod timeline;

use kmeta_trial_data::{NumberAtRisk, PatientRecord, Provenance, ReconstructedArm, StepCurve};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use constrained::{
    ArmImputer, ArmReading, AxisReading, ImputationOptions, PanelReading, PrintedComparison,
    ReconstructedPair,
};
pub use error::ReconstructionError;
pub use exact_counts::{ExactCurve, decode_counts};
pub use number_of_patients::{InferredPatients, infer_patients};
pub use prepare::{CurveReading, CurveScale, PointChange, PrepareError, PreparedCurve, prepare_curve};
pub use rubin::{
    PooledInterval, RubinError, pooled_log_hazard_ratio, pooled_median, pooled_restricted_mean,
    pooled_survival_at, rubin,
};

/// What is known of one arm: its curve, and what the paper prints about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReconstructionInput {
    /// Identifier of the trial.
    pub trial: String,
    /// Name of the arm.
    pub arm: String,
    /// The digitized curve: the time of each drop and the survival after it. Points on a plateau are ignored.
    pub curve: StepCurve,
    /// Where the line ends. `None` takes the latest of the last drop, the last censor mark and the last time
    /// with a patient at risk.
    pub curve_end: Option<f64>,
    /// Numbers at risk, patients with follow-up of at least the column's time.
    pub number_at_risk: Option<NumberAtRisk>,
    /// Number of patients; needed when no number at risk at time 0 is given.
    pub patients: Option<u32>,
    /// Total of events as printed.
    pub total_events: Option<u32>,
    /// Times of the censor marks, ascending; empty when the figure shows none. One mark may stand for several
    /// patients.
    pub censor_times: Vec<f64>,
    /// The median as printed.
    pub median_printed: Option<f64>,
    /// The interval of the median as printed; its upper limit is absent where it was not reached.
    pub median_interval_printed: Option<(f64, Option<f64>)>,
    /// Half a unit of the last digit that the median and its interval are printed with. `None` takes the digits
    /// of the numbers as they are given.
    pub median_half_width: Option<f64>,
    /// Survival rates as printed, for example at one and two years.
    pub survival_printed: Vec<PrintedSurvival>,
    /// Largest error of a survival level of the curve, a fraction: half a pixel for a curve snapped to pixels,
    /// next to nothing for typed or exact coordinates. `None` finds it out from the coordinates.
    pub survival_uncertainty: Option<f64>,
    /// Largest error of a time of the curve or of a mark. `None` goes with the survival levels.
    pub time_uncertainty: Option<f64>,
    /// Where the curve came from.
    pub provenance: Provenance,
}

impl ReconstructionInput {
    /// An input with the curve only; the other fields are public and start empty.
    pub fn new(
        trial: impl Into<String>,
        arm: impl Into<String>,
        curve: StepCurve,
        provenance: Provenance,
    ) -> Self {
        Self {
            trial: trial.into(),
            arm: arm.into(),
            curve,
            curve_end: None,
            number_at_risk: None,
            patients: None,
            total_events: None,
            censor_times: Vec::new(),
            median_printed: None,
            median_interval_printed: None,
            median_half_width: None,
            survival_printed: Vec::new(),
            survival_uncertainty: None,
            time_uncertainty: None,
            provenance,
        }
    }

    /// Trial and arm in words, for messages.
    pub(crate) fn place(&self) -> String {
        if self.arm.is_empty() { self.trial.clone() } else { format!("{}, arm {}", self.trial, self.arm) }
    }
}

/// Survival at one time as a paper prints it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PrintedSurvival {
    /// The time it is printed for.
    pub time: f64,
    /// Survival, a fraction.
    pub survival: f64,
    /// Half a unit of its last digit, a fraction: 0.005 for whole percentages.
    pub half_width: f64,
}

/// What the numbers of a risk table count. Papers rarely say; most software prints the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NumberAtRiskConvention {
    /// Patients with follow-up of at least t: just before what happens at t (R `survfit`).
    #[default]
    Before,
    /// Those, less the patients with the event at t.
    At,
    /// Patients with follow-up longer than t: after all that happens at t.
    After,
}

/// The algorithm that turns a curve into patients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReconstructionMethod {
    /// Whole numbers of events and censorings that fit the curve within its reading error and meet all that is
    /// printed, found as one optimisation.
    #[default]
    Constrained,
    /// Guyot 2012 as published ([`published::guyot`]), for comparison: it may fail, overwrite numbers at risk and miss
    /// the total of events, and knows no censor marks.
    Guyot,
    /// IPDfromKM 0.1.10 as published ([`published::ipdfromkm`]), for comparison.
    Ipdfromkm,
}

/// Choices of a reconstruction. The defaults use all that a figure shows and a paper prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "snake_case")]
pub struct ReconstructionOptions {
    /// The algorithm.
    pub method: ReconstructionMethod,
    /// What the numbers at risk count.
    pub number_at_risk_convention: NumberAtRiskConvention,
    /// Place censored patients on the censor marks of the figure, where it has any: constrained.
    pub use_censor_marks: bool,
    /// Bound on the corrections of the number of censored patients in one interval of the risk table: guyot,
    /// ipdfromkm, which have none of their own.
    pub max_iterations: u32,
}

impl Default for ReconstructionOptions {
    fn default() -> Self {
        Self {
            method: ReconstructionMethod::Constrained,
            number_at_risk_convention: NumberAtRiskConvention::Before,
            use_censor_marks: true,
            max_iterations: 1000,
        }
    }
}

/// Reconstructs the patients of one arm.
///
/// The result has exactly the arm's number of patients, sorted by time with events before censorings at equal
/// times. Statements that contradict each other are reported as findings with status `compromise`.
///
/// # Errors
/// [`ReconstructionError`] when the number of patients is unknown or zero, when a stated number contradicts
/// it, or when a time or an option is not usable.
pub fn reconstruct(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
) -> Result<ReconstructedArm, ReconstructionError> {
    match options.method {
        // Where the curve leaves no choice, nothing has to be searched for.
        ReconstructionMethod::Constrained => match counted::reconstruct(input, options) {
            Some(arm) => Ok(arm),
            None => constrained::reconstruct(input, options),
        },
        ReconstructionMethod::Guyot | ReconstructionMethod::Ipdfromkm => {
            published::reconstruct(input, options)
        }
    }
}

/// Draws several sets of patients of one arm that are equally consistent with the reading error of the curve and
/// with what is not printed: where, between what is known, patients were censored. They feed the pooled intervals
/// ([`pooled_median`] and its neighbours), which then hold the uncertainty of the reconstruction too.
///
/// # Errors
/// Those of [`reconstruct`].
pub fn impute(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
    imputation: &ImputationOptions,
) -> Result<Vec<Vec<PatientRecord>>, ReconstructionError> {
    constrained::impute(input, options, imputation)
}

/// Reconstructs two arms of one trial together, so that the comparison that the paper prints is met as closely as
/// curves, numbers at risk and totals allow: what is not printed of the censoring is chosen for it. Of an arm whose events
/// and censorings can be counted (levels and censor marks read from paths) nothing is chosen.
///
/// Uses [`ReconstructionMethod::Constrained`] whatever `options.method` says.
///
/// # Errors
/// Those of [`reconstruct`], of either arm.
pub fn reconstruct_pair(
    reference: &ReconstructionInput,
    treated: &ReconstructionInput,
    comparison: &PrintedComparison,
    options: &ReconstructionOptions,
) -> Result<ReconstructedPair, ReconstructionError> {
    constrained::reconstruct_pair(reference, treated, comparison, options)
}
