//! Numbers at risk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Origin, PixelBox};

/// The table of numbers at risk below a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RiskTable {
    /// Times of the columns, in the unit of the time axis.
    pub times: Vec<f64>,
    /// One row per arm, as printed from top to bottom.
    pub rows: Vec<RiskRow>,
}

/// One row of a [`RiskTable`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RiskRow {
    /// The arm's name as printed; empty when there is none.
    pub label: String,
    /// Index of the arm among the panel's arms, where the row could be assigned.
    pub arm: Option<usize>,
    /// The numbers, one per column; null for a blank cell.
    pub counts: Vec<Option<u32>>,
    /// How each cell was read, in the order of the columns.
    pub cells: Vec<RiskCell>,
}

/// One cell of the table as it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RiskCell {
    /// The text in the cell.
    pub text: String,
    /// The reader's confidence in it, 0 to 1.
    pub confidence: f64,
    /// The second most likely reading, where there is one.
    pub alternative: Option<String>,
    /// Where it is; absent for a blank cell.
    pub location: Option<PixelBox>,
    /// Who read it.
    pub origin: Origin,
}

/// Why numbers at risk cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RiskTableError {
    /// The two columns differ in length or are empty.
    #[error("{times} times but {counts} numbers at risk: give one number per time, at least one")]
    LengthsDiffer {
        /// Number of times.
        times: usize,
        /// Number of counts.
        counts: usize,
    },
    /// Times are not increasing from 0 or later.
    #[error("time {time} at position {index}: times must be finite, not negative and increase")]
    TimesNotIncreasing {
        /// Position, from 0.
        index: usize,
        /// The time found.
        time: f64,
    },
    /// A number at risk is larger than the one before.
    #[error("the number at risk rises from {previous} to {count} at time {time}: check the two cells")]
    Rises {
        /// Time of the larger number.
        time: f64,
        /// The larger number.
        count: u32,
        /// The number before it.
        previous: u32,
    },
}

/// Numbers at risk of one arm: `counts[i]` patients are at risk just before `times[i]`. Times increase,
/// counts never rise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "NumberAtRiskColumns", into = "NumberAtRiskColumns")]
pub struct NumberAtRisk {
    times: Vec<f64>,
    counts: Vec<u32>,
}

/// Numbers at risk as two columns.
#[derive(Serialize, Deserialize, JsonSchema)]
struct NumberAtRiskColumns {
    times: Vec<f64>,
    counts: Vec<u32>,
}

impl TryFrom<NumberAtRiskColumns> for NumberAtRisk {
    type Error = RiskTableError;
    fn try_from(columns: NumberAtRiskColumns) -> Result<Self, RiskTableError> {
        Self::new(columns.times, columns.counts)
    }
}

impl From<NumberAtRisk> for NumberAtRiskColumns {
    fn from(risk: NumberAtRisk) -> Self {
        Self { times: risk.times, counts: risk.counts }
    }
}

impl NumberAtRisk {
    /// Makes numbers at risk from two columns.
    ///
    /// # Errors
    /// [`RiskTableError`] when the columns differ in length, are empty, or break an invariant.
    pub fn new(times: Vec<f64>, counts: Vec<u32>) -> Result<Self, RiskTableError> {
        if times.len() != counts.len() || times.is_empty() {
            return Err(RiskTableError::LengthsDiffer { times: times.len(), counts: counts.len() });
        }
        for (index, &time) in times.iter().enumerate() {
            let increases = index == 0 || time > times[index - 1];
            if !time.is_finite() || time < 0.0 || !increases {
                return Err(RiskTableError::TimesNotIncreasing { index, time });
            }
            if index > 0 && counts[index] > counts[index - 1] {
                return Err(RiskTableError::Rises {
                    time,
                    count: counts[index],
                    previous: counts[index - 1],
                });
            }
        }
        Ok(Self { times, counts })
    }

    /// Times of the columns.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// Patients at risk just before each time.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The first number: the patients at the first time.
    pub fn first_count(&self) -> u32 {
        self.counts[0]
    }
}

impl RiskTable {
    /// The numbers at risk of row `row`, blank cells left out.
    ///
    /// # Errors
    /// [`RiskTableError`] when the remaining cells are none or rise.
    pub fn number_at_risk(&self, row: usize) -> Result<NumberAtRisk, RiskTableError> {
        let counts = self.rows.get(row).map_or(&[] as &[Option<u32>], |row| &row.counts);
        let (times, counts) = self
            .times
            .iter()
            .zip(counts)
            .filter_map(|(&time, count)| count.map(|count| (time, count)))
            .unzip();
        NumberAtRisk::new(times, counts)
    }

    /// The row that belongs to arm `arm` of the panel.
    pub fn row_of_arm(&self, arm: usize) -> Option<usize> {
        self.rows.iter().position(|row| row.arm == Some(arm))
    }
}
