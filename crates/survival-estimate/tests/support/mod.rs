//! Comparisons with R's answers.

use serde_json::Value;

/// Relative difference allowed for what has a closed form.
pub(crate) const CLOSED_FORM: f64 = 1e-8;
/// The same for what is found by iteration.
pub(crate) const ITERATIVE: f64 = 1e-6;

/// Counts comparisons and keeps the differences that are too large.
#[derive(Default)]
pub(crate) struct Comparison {
    numbers: usize,
    worst: f64,
    failures: Vec<String>,
}

impl Comparison {
    /// Relative difference, on the scale of 0.001 for smaller numbers.
    pub(crate) fn close(&mut self, ours: f64, theirs: &Value, tolerance: f64, place: &str) {
        let theirs = theirs.as_f64().unwrap_or_else(|| panic!("{place}: R gives {theirs}"));
        let difference = (ours - theirs).abs() / theirs.abs().max(1e-3);
        self.numbers += 1;
        self.worst = self.worst.max(difference);
        if difference.is_nan() || difference > tolerance {
            self.failures.push(format!("{place}: {ours} instead of {theirs} ({difference:.1e})"));
        }
    }

    /// Fails where a number differs, and where fewer or more were compared than expected.
    pub(crate) fn finish(self, numbers: usize) {
        let text = self.failures.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
        assert!(self.failures.is_empty(), "{} of {} differ:\n{text}", self.failures.len(), self.numbers);
        assert_eq!(self.numbers, numbers, "numbers compared; worst difference {:.1e}", self.worst);
    }
}
