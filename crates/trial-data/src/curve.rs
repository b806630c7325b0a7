//! Survival step functions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why times and survival values do not make a survival step function.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CurveError {
    /// The two columns differ in length.
    #[error("{times} times but {survival} survival values: give one value per time")]
    LengthsDiffer {
        /// Number of times.
        times: usize,
        /// Number of survival values.
        survival: usize,
    },
    /// There is no point at all.
    #[error("the curve has no points")]
    Empty,
    /// A value is not a finite number.
    #[error("point {index}: time {time}, survival {survival}: not finite numbers")]
    NotFinite {
        /// Index of the point, from 0.
        index: usize,
        /// The time found.
        time: f64,
        /// The survival found.
        survival: f64,
    },
    /// A time is negative or smaller than the one before.
    #[error(
        "point {index}: time {time} comes after {previous}: times must not decrease and start at 0 or later"
    )]
    TimeDecreases {
        /// Index of the point, from 0.
        index: usize,
        /// The time found.
        time: f64,
        /// The time before it.
        previous: f64,
    },
    /// A survival value lies outside 0 to 1.
    #[error("point {index}: survival {survival} is not between 0 and 1 (percentages must be divided by 100)")]
    OutOfRange {
        /// Index of the point, from 0.
        index: usize,
        /// The survival found.
        survival: f64,
    },
    /// A survival value is larger than the one before.
    #[error("point {index}: survival rises from {previous} to {survival}: a survival curve never rises")]
    Rises {
        /// Index of the point, from 0.
        index: usize,
        /// The survival found.
        survival: f64,
        /// The survival before it.
        previous: f64,
    },
}

/// A survival curve as a right-continuous step function: `survival[i]` holds from `times[i]` until the next
/// time, and survival is 1 before the first time. Times are in the unit of their context and never decrease;
/// survival values are fractions and never rise. The invariants are checked on construction and on reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "StepCurveColumns", into = "StepCurveColumns")]
pub struct StepCurve {
    times: Vec<f64>,
    survival: Vec<f64>,
}

/// A survival curve as two columns of equal length.
#[derive(Serialize, Deserialize, JsonSchema)]
struct StepCurveColumns {
    times: Vec<f64>,
    survival: Vec<f64>,
}

impl TryFrom<StepCurveColumns> for StepCurve {
    type Error = CurveError;
    fn try_from(columns: StepCurveColumns) -> Result<Self, CurveError> {
        Self::new(columns.times, columns.survival)
    }
}

impl From<StepCurve> for StepCurveColumns {
    fn from(curve: StepCurve) -> Self {
        Self { times: curve.times, survival: curve.survival }
    }
}

impl StepCurve {
    /// Makes a curve from step corners.
    ///
    /// # Errors
    /// [`CurveError`] when the columns differ in length, are empty, or break an invariant.
    pub fn new(times: Vec<f64>, survival: Vec<f64>) -> Result<Self, CurveError> {
        if times.len() != survival.len() {
            return Err(CurveError::LengthsDiffer { times: times.len(), survival: survival.len() });
        }
        if times.is_empty() {
            return Err(CurveError::Empty);
        }
        let (mut previous_time, mut previous_survival) = (0.0, 1.0);
        for (index, (&time, &value)) in times.iter().zip(&survival).enumerate() {
            if !time.is_finite() || !value.is_finite() {
                return Err(CurveError::NotFinite { index, time, survival: value });
            }
            if time < previous_time {
                return Err(CurveError::TimeDecreases { index, time, previous: previous_time });
            }
            if !(0.0..=1.0).contains(&value) {
                return Err(CurveError::OutOfRange { index, survival: value });
            }
            if value > previous_survival {
                return Err(CurveError::Rises { index, survival: value, previous: previous_survival });
            }
            (previous_time, previous_survival) = (time, value);
        }
        Ok(Self { times, survival })
    }

    /// Times of the corners.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// Survival from each corner on.
    pub fn survival(&self) -> &[f64] {
        &self.survival
    }

    /// The corners as `(time, survival)`.
    pub fn corners(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.times.iter().copied().zip(self.survival.iter().copied())
    }

    /// Time of the last corner.
    pub fn last_time(&self) -> f64 {
        self.times[self.times.len() - 1]
    }

    /// S(t), right-continuous.
    pub fn survival_at(&self, time: f64) -> f64 {
        match self.times.partition_point(|&corner| corner <= time) {
            0 => 1.0,
            after => self.survival[after - 1],
        }
    }

    /// The first time at which survival is at or below one half, if the curve gets there.
    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// The first time at which survival is at or below `level` (with a slack of 1e-9 for rounding).
    pub fn quantile(&self, level: f64) -> Option<f64> {
        self.corners().find(|&(_, survival)| survival <= level + 1e-9).map(|(time, _)| time)
    }

    /// Mean of |S₁(t) − S₂(t)| over `[0, end]`, exact for step functions (the integrated absolute error
    /// divided by the length of the interval). Zero when `end` is not positive.
    pub fn mean_absolute_difference(&self, other: &Self, end: f64) -> f64 {
        if end <= 0.0 {
            return 0.0;
        }
        let mut grid: Vec<f64> =
            self.times.iter().chain(&other.times).copied().filter(|&time| time > 0.0 && time < end).collect();
        grid.extend([0.0, end]);
        grid.sort_by(f64::total_cmp);
        grid.dedup();
        let area: f64 = grid
            .windows(2)
            .map(|pair| (self.survival_at(pair[0]) - other.survival_at(pair[0])).abs() * (pair[1] - pair[0]))
            .sum();
        area / end
    }

    /// The same curve with every time multiplied by `factor` (a change of [`crate::TimeUnit`]).
    ///
    /// # Errors
    /// [`CurveError`] when `factor` is negative or not finite.
    pub fn with_times_scaled(&self, factor: f64) -> Result<Self, CurveError> {
        Self::new(self.times.iter().map(|time| time * factor).collect(), self.survival.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rising_and_malformed_columns_are_refused() {
        assert!(matches!(StepCurve::new(vec![], vec![]), Err(CurveError::Empty)));
        assert!(matches!(StepCurve::new(vec![0.0], vec![]), Err(CurveError::LengthsDiffer { .. })));
        assert!(matches!(
            StepCurve::new(vec![1.0, 0.5], vec![1.0, 0.9]),
            Err(CurveError::TimeDecreases { .. })
        ));
        assert!(matches!(StepCurve::new(vec![0.0, 1.0], vec![0.5, 0.9]), Err(CurveError::Rises { .. })));
        assert!(matches!(StepCurve::new(vec![0.0], vec![98.0]), Err(CurveError::OutOfRange { .. })));
        assert!(matches!(StepCurve::new(vec![f64::NAN], vec![1.0]), Err(CurveError::NotFinite { .. })));
    }

    #[test]
    fn reading_json_checks_the_invariants() {
        let rising = r#"{"times": [0, 1], "survival": [0.5, 0.9]}"#;
        assert!(serde_json::from_str::<StepCurve>(rising).is_err());
    }

    #[test]
    fn mean_absolute_difference_is_exact_for_steps() {
        let one = StepCurve::new(vec![1.0], vec![0.5]).unwrap();
        let two = StepCurve::new(vec![2.0], vec![0.5]).unwrap();
        assert!((one.mean_absolute_difference(&two, 4.0) - 0.125).abs() < 1e-15);
    }
}
