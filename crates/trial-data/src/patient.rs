//! Individual patient data and how faithfully it was reconstructed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Finding, Provenance};

/// One patient: follow-up time and whether it ended with the event.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PatientRecord {
    /// Follow-up time, not negative, in the unit of its context.
    pub time: f64,
    /// True for an event, false for a censored patient.
    pub event: bool,
}

/// How a reconstruction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReconstructionStatus {
    /// Every stated number was met.
    Converged,
    /// The algorithm ended, but a stated number could not be met; the findings say which.
    Compromise,
    /// The bound on iterations was reached; the findings say where.
    Stopped,
}

/// A number at risk as printed and as the reconstructed patients give it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NumberAtRiskFit {
    /// Time of the column.
    pub time: f64,
    /// Patients at risk as printed.
    pub stated: u32,
    /// Reconstructed patients with follow-up of at least `time`.
    pub reconstructed: u32,
}

/// A survival rate as printed and as the reconstructed patients give it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SurvivalRateFit {
    /// The time it is printed for.
    pub time: f64,
    /// Survival as printed, a fraction.
    pub printed: f64,
    /// Kaplan-Meier estimate of the reconstructed patients at this time.
    pub reconstructed: f64,
}

/// Whether reconstructed patients can stand for the true ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FidelityVerdict {
    /// All that was read and printed is reproduced within the precision of a figure.
    Good,
    /// Within the limits that reviewers accept for a meta-analysis.
    Usable,
    /// Outside them.
    Poor,
}

/// A verdict with the rule that it follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FidelityAssessment {
    /// The verdict.
    pub verdict: FidelityVerdict,
    /// The limits of the verdict, and what failed those of the next better one, in words.
    pub rule: String,
}

/// How well reconstructed patients reproduce what the paper prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fidelity {
    /// How the algorithm ended.
    pub status: ReconstructionStatus,
    /// Patients.
    pub patients: u32,
    /// Patients with the event.
    pub events: u32,
    /// Total of events as printed, where stated.
    pub events_stated: Option<u32>,
    /// Root mean square difference between the reconstructed Kaplan-Meier curve and the digitized one, at the
    /// digitized corners.
    pub curve_error_rms: f64,
    /// Mean absolute difference of the two curves over follow-up.
    pub curve_error_mean: f64,
    /// Largest absolute difference of the two curves at the digitized corners.
    pub curve_error_max: f64,
    /// The risk table, column by column; empty when none was given.
    pub number_at_risk: Vec<NumberAtRiskFit>,
    /// Largest absolute difference of the risk table, in patients.
    pub number_at_risk_error_max: u32,
    /// Median of the digitized curve.
    pub median_digitized: Option<f64>,
    /// Median of the reconstructed patients.
    pub median_reconstructed: Option<f64>,
    /// Median as printed, where stated.
    pub median_printed: Option<f64>,
    /// Survival rates as printed and as reconstructed; empty when none was stated.
    #[serde(default)]
    pub survival_rates: Vec<SurvivalRateFit>,
    /// The verdict on all of this; absent in files of earlier versions.
    #[serde(default)]
    pub assessment: Option<FidelityAssessment>,
}

/// The patients of one arm of one trial for one endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReconstructedArm {
    /// Identifier of the trial.
    pub trial: String,
    /// Name of the arm.
    pub arm: String,
    /// The patients, by ascending time, events before censorings at equal times.
    pub patients: Vec<PatientRecord>,
    /// How well they fit.
    pub fidelity: Fidelity,
    /// What the algorithm noticed.
    pub findings: Vec<Finding>,
    /// Where the curve came from.
    pub provenance: Provenance,
}
