//! What the text of a paper says beside its figure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::PrintedStatistic;

/// Text of the page around a figure, offered for checks and for a person to choose from: nothing of it replaces what was
/// read in the figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PaperText {
    /// Page that the text stands on, counted from 1, where pages exist.
    pub page: Option<u32>,
    /// The caption of the figure; empty when none was found.
    pub caption: String,
    /// Numbers that the text states, in reading order.
    pub statements: Vec<PaperStatement>,
}

/// A number that the text states, with the sentence that it was read from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PaperStatement {
    /// Where it stands.
    pub place: StatementPlace,
    /// The number; its quotation is the sentence.
    pub statistic: PrintedStatistic,
}

/// Which text of a page a statement stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StatementPlace {
    /// The caption of the figure.
    Caption,
    /// Other text of the page.
    Text,
}
