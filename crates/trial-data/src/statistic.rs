//! Statistics that are printed in a figure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::PixelBox;

/// What a printed statistic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StatisticKind {
    /// A hazard ratio of two arms.
    HazardRatio,
    /// A p value whose test is not named.
    PValue,
    /// The p value of a log-rank test.
    LogRankPValue,
    /// The median time of an arm, in the unit of the time axis.
    Median,
    /// The number of events of an arm.
    Events,
    /// The number of patients of an arm.
    Patients,
}

/// How the true statistic relates to the printed number.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// It is that number, to the digits printed.
    #[default]
    Equal,
    /// It is smaller ("P < 0.001").
    Below,
    /// It is larger ("P > 0.05").
    Above,
}

/// A statistic as printed in a figure: something to check a curve or a reconstruction against, never an input that
/// replaces what was traced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PrintedStatistic {
    /// What it is.
    pub kind: StatisticKind,
    /// The number; null for a median that was not reached.
    pub value: Option<f64>,
    /// How the true statistic relates to the number.
    #[serde(default)]
    pub relation: Relation,
    /// Lower limit of the printed confidence interval; null where there is none or it was not reached.
    pub lower: Option<f64>,
    /// Upper limit of the printed confidence interval; null where there is none or it was not reached.
    pub upper: Option<f64>,
    /// Index of the arm among the panel's arms that it belongs to; null for a comparison of arms, or when the arm
    /// could not be told.
    pub arm: Option<usize>,
    /// The line of text it was read from.
    pub quotation: String,
    /// Where that text stands.
    pub location: PixelBox,
    /// The reader's confidence in that text, 0 to 1.
    pub confidence: f64,
}
