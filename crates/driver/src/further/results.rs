//! What came out.

use kmeta_evidence_pool::MetaRegression;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The further analyses that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FurtherResults {
    /// Effects explained by moderators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_regression: Option<MetaRegression>,
    /// What was asked for and could not be answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<Unanswered>,
}

impl FurtherResults {
    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A further analysis without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unanswered {
    /// What was asked for.
    pub analysis: String,
    /// Why there is no answer.
    pub reason: String,
}
