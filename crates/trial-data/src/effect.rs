//! One study's effect.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{EffectMeasure, Provenance};

/// An effect with its variance on the scale of its measure. A printed hazard ratio and one from reconstructed
/// patients have the same shape and differ in [`Provenance`] only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EffectEstimate {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Subgroup, where the analysis has subgroups.
    pub subgroup: Option<String>,
    /// The scale of `value`.
    pub measure: EffectMeasure,
    /// The effect, for example a log hazard ratio.
    pub value: f64,
    /// Its sampling variance on the same scale.
    pub variance: f64,
    /// Where it came from.
    pub provenance: Provenance,
}
