//! What an earlier meta-analysis prints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One pooled result as a paper prints it. The same trials pooled here must give it, and it must be called by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedResult {
    /// Id of the analysis here that pools the same trials in the same way.
    pub analysis: String,
    /// What the paper calls the result, for example "OR".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// The pooled value as printed, proportions as fractions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Lower limit of its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper limit of its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// Total of patients as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patients: Option<u32>,
    /// Where it is printed, for example "Figure 2".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}
