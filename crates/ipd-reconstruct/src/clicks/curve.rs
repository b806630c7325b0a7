//! Clicks along one curve.

use crate::clicks::ClicksError;

/// Clicks along one curve, in reading order: `times[i]` and `survival[i]` belong together.
///
/// Times are in the unit of their context, survival is a fraction. Both are finite numbers; nothing else is
/// asked of them, because clicks go astray: times may step back, survival may rise or lie a little outside 0 to
/// 1. What to do about that belongs to the method that turns clicks into patients.
#[derive(Debug, Clone, PartialEq)]
pub struct Clicks {
    times: Vec<f64>,
    survival: Vec<f64>,
}

impl Clicks {
    /// Clicks from times and survival fractions.
    ///
    /// ```
    /// use kmeta_ipd_reconstruct::clicks::Clicks;
    /// let clicks = Clicks::new(vec![0.0, 2.5], vec![1.0, 0.94])?;
    /// assert_eq!(clicks.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ClicksError`] when the columns differ in length, are empty or hold a value that is not finite.
    pub fn new(times: Vec<f64>, survival: Vec<f64>) -> Result<Self, ClicksError> {
        if times.len() != survival.len() || times.is_empty() {
            return Err(ClicksError::ColumnsDiffer { times: times.len(), survival: survival.len() });
        }
        for (index, (&time, &value)) in times.iter().zip(&survival).enumerate() {
            if !time.is_finite() || !value.is_finite() {
                return Err(ClicksError::NotFinite { click: index + 1, time, survival: value });
            }
        }
        Ok(Self { times, survival })
    }

    /// Clicks from times and survival in percent, each divided by 100.
    ///
    /// # Errors
    /// As [`Clicks::new`].
    pub fn from_percent(times: Vec<f64>, percent: Vec<f64>) -> Result<Self, ClicksError> {
        Self::new(times, percent.into_iter().map(|value| value / 100.0).collect())
    }

    /// Times in reading order.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// Survival fractions in reading order.
    pub fn survival(&self) -> &[f64] {
        &self.survival
    }

    /// The clicks as `(time, survival)`.
    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.times.iter().copied().zip(self.survival.iter().copied())
    }

    /// Number of clicks, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "clicks are never empty")]
    pub fn len(&self) -> usize {
        self.times.len()
    }
}
