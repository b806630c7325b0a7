//! A percentage as a paper prints it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::half_of_last_digit;

/// A percentage as printed: a number, or a text that keeps a last 0 (`"47.0"`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PrintedPercentage {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl PrintedPercentage {
    /// As printed.
    pub fn text(&self) -> String {
        match self {
            Self::Number(value) => value.to_string(),
            Self::Text(text) => text.trim().trim_end_matches('%').trim().to_owned(),
        }
    }

    /// Its value, from 0 to 100; `None` for anything else.
    pub fn value(&self) -> Option<f64> {
        self.text().parse().ok().filter(|value| (0.0..=100.0).contains(value))
    }

    /// Half a unit of its last digit, in percentage points.
    pub fn half_unit(&self) -> f64 {
        half_of_last_digit(&self.text())
    }
}
