//! Events and censorings behind a curve as whole numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Events and censorings behind a curve, decoded from levels that are exact to the digits of a file: at each drop the
/// Kaplan-Meier estimate falls by the factor 1 − d/n for d events among n patients at risk (Kaplan and Meier 1958).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CurveCounts {
    /// Patients at time 0: printed, or inferred from the sizes of the drops. Where the figure shows no marks and prints no
    /// number, those at risk in the first drop.
    pub patients: u32,
    /// The drops in order of time.
    pub drops: Vec<DropCount>,
    /// The censor marks in order of time; empty when the figure shows none, and then nothing is said of when patients
    /// left.
    pub censorings: Vec<CensoringCount>,
    /// Patients still at risk after the last drop and mark: followed to the end of the line or beyond the axis.
    pub remaining: u32,
    /// Whether the printed numbers at risk were used and are met by these counts.
    pub risk_table_met: bool,
    /// Root mean square difference between the levels that the counts give and those that were read, a fraction.
    pub level_error: f64,
}

/// What happened at one drop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DropCount {
    /// Time of the drop.
    pub time: f64,
    /// Patients at risk just before it.
    pub at_risk: u32,
    /// Events.
    pub events: u32,
    /// Whether no other number of events explains the curve nearly as well.
    pub certain: bool,
}

/// What one censor mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CensoringCount {
    /// Time of the mark.
    pub time: f64,
    /// Patients who left.
    pub censored: u32,
    /// Whether no other number explains the curve nearly as well.
    pub certain: bool,
}

impl CurveCounts {
    /// Events of all drops.
    ///
    /// ```
    /// use kmeta_trial_data::{CurveCounts, DropCount};
    /// let drop = |time, at_risk| DropCount { time, at_risk, events: 1, certain: true };
    /// let counts = CurveCounts {
    ///     patients: 3,
    ///     drops: vec![drop(1.0, 3), drop(2.0, 2)],
    ///     censorings: Vec::new(),
    ///     remaining: 1,
    ///     risk_table_met: false,
    ///     level_error: 0.0,
    /// };
    /// assert_eq!(counts.events(), 2);
    /// ```
    pub fn events(&self) -> u32 {
        self.drops.iter().map(|drop| drop.events).sum()
    }

    /// Whether every number is certain.
    pub fn is_certain(&self) -> bool {
        self.drops.iter().all(|drop| drop.certain) && self.censorings.iter().all(|mark| mark.certain)
    }
}
