//! What is asked.

use std::collections::BTreeMap;

use kmeta_evidence_pool::MissingModerator;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Further analyses of the studies of a pooled effect. None is made unless it is asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FurtherOptions {
    /// Moderators of a meta-regression: `year`, `group`, or names among the trials' `moderators`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moderators: Vec<String>,
    /// For a moderator with words for values, the word that the others are compared with, for example
    /// `reference_levels = { group = "Lenvatinib" }`; the first in alphabetical order when left out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reference_levels: BTreeMap<String, String>,
    /// What is done with a trial that lacks a moderator.
    pub missing_moderator: MissingModerator,
}

impl FurtherOptions {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Self { missing_moderator: self.missing_moderator, ..Self::default() }
    }
}
