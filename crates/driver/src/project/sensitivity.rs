//! What `kmeta sensitivity` goes through.

use indexmap::IndexMap;
use kmeta_evidence_pool::MultiverseAxes;
use kmeta_ipd_reconstruct::ReconstructionMethod;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The choices under which analyses are repeated. Everything can be left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct SensitivityOptions {
    /// Whether `kmeta run` repeats the analyses too and shows the result in its report. A few seconds for each analysis of
    /// survival.
    pub in_report: bool,
    /// Ids of the analyses to repeat; all that can be when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analyses: Option<Vec<String>>,
    /// Most specifications of an analysis. With more combinations than this a seeded sample is computed.
    #[schemars(range(min = 1))]
    pub maximum: u32,
    /// Seed of the sample.
    pub seed: u64,
    /// A line to compare results with, by id of the analysis, for example `{ orr = 0.10 }`: a proportion, a hazard ratio,
    /// a median or a survival rate.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, f64>")]
    pub decision_lines: IndexMap<String, f64>,
    /// Times at which pooled survival is asked beside the median, among the `times` of the analysis; 12 (or the middle
    /// one of the times) when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landmarks: Option<Vec<f64>>,
    /// How patients are reconstructed; all methods when left out, of which only the study's own is plausible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconstruction: Option<Vec<ReconstructionMethod>>,
    /// Whether patients are also reconstructed without the numbers at risk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_numbers_at_risk: Option<bool>,
    /// The choices of pooling.
    #[serde(flatten)]
    pub axes: MultiverseAxes,
}

impl Default for SensitivityOptions {
    fn default() -> Self {
        Self {
            in_report: false,
            analyses: None,
            maximum: 10_000,
            seed: 1,
            decision_lines: IndexMap::new(),
            landmarks: None,
            reconstruction: None,
            without_numbers_at_risk: None,
            axes: MultiverseAxes::default(),
        }
    }
}
