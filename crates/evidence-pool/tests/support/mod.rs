//! Comparison with R's answers: counts every number, keeps the worst, and prints a row of the agreement table.
//!
//! `cargo test --release -p kmeta-evidence-pool r_ -- --nocapture --test-threads=1 | grep '^|'` gives the table
//! of `docs/agreement.md` (`just agreement`).

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// Closed forms agree to this relative difference.
pub const CLOSED_FORM: f64 = 1e-8;

/// Iterative results agree to this relative difference.
pub const ITERATIVE: f64 = 1e-6;

/// Numbers smaller than this are compared on its scale: a tau-squared of 1e-16 is 0, and the difference of two
/// numbers near 1 has lost its last digits.
const SMALLEST_SCALE: f64 = 1e-3;

/// What was compared under one name.
#[derive(Default, Clone)]
struct Tally {
    numbers: usize,
    tolerance: f64,
    worst: f64,
    worst_place: String,
}

/// Collects comparisons of one family of results.
pub struct Agreement {
    family: &'static str,
    cases: usize,
    tallies: BTreeMap<&'static str, Tally>,
    failures: Vec<(f64, String)>,
}

impl Agreement {
    /// Nothing compared yet.
    pub fn new(family: &'static str) -> Self {
        Self { family, cases: 0, tallies: BTreeMap::new(), failures: Vec::new() }
    }

    /// Counts a case of the reference file.
    pub fn case(&mut self) {
        self.cases += 1;
    }

    /// Compares one number of the given quantity ("tau-squared, REML"); infinities must be equal.
    pub fn close(&mut self, quantity: &'static str, ours: f64, theirs: f64, tolerance: f64, place: &str) {
        let difference =
            if ours == theirs { 0.0 } else { (ours - theirs).abs() / theirs.abs().max(SMALLEST_SCALE) };
        let tally = self.tallies.entry(quantity).or_default();
        tally.numbers += 1;
        tally.tolerance = tally.tolerance.max(tolerance);
        if difference.is_nan() || difference > tally.worst {
            (tally.worst, tally.worst_place) = (difference, place.to_owned());
        }
        if difference.is_nan() || difference > tolerance {
            self.failures.push((difference, format!("{quantity}, {place}: {ours} instead of {theirs}")));
        }
    }

    /// The same where R's answer is a JSON number, or "Inf" and "-Inf".
    pub fn close_to(
        &mut self,
        quantity: &'static str,
        ours: f64,
        theirs: &Value,
        tolerance: f64,
        place: &str,
    ) {
        let theirs = number(theirs).unwrap_or_else(|| panic!("{quantity}, {place}: R gives {theirs}"));
        self.close(quantity, ours, theirs, tolerance, place);
    }

    /// An absent answer must be absent in R too (null), a present one equal.
    pub fn optional(
        &mut self,
        quantity: &'static str,
        ours: Option<f64>,
        theirs: &Value,
        tolerance: f64,
        place: &str,
    ) {
        match (ours, number(theirs)) {
            (Some(ours), Some(theirs)) => self.close(quantity, ours, theirs, tolerance, place),
            (None, None) => {}
            (ours, theirs) => {
                self.failures
                    .push((f64::INFINITY, format!("{quantity}, {place}: {ours:?} instead of {theirs:?}")));
            }
        }
    }

    /// Prints the rows of the agreement table and fails with the worst differences, if there are any, or when
    /// not exactly the expected number of cases and numbers were compared.
    #[allow(clippy::print_stdout, reason = "the rows are the table of docs/agreement.md")]
    pub fn finish(mut self, cases: usize, numbers: usize) {
        let compared: usize = self.tallies.values().map(|tally| tally.numbers).sum();
        for (quantity, tally) in &self.tallies {
            println!(
                "| {} | {quantity} | {} | {:.0e} | {:.1e} | {} |",
                self.family, tally.numbers, tally.tolerance, tally.worst, tally.worst_place
            );
        }
        println!("| {} | **all, {} cases** | {compared} | | | |", self.family, self.cases);
        self.failures.sort_by(|one, two| two.0.total_cmp(&one.0));
        let worst: Vec<&str> = self.failures.iter().take(20).map(|(_, place)| place.as_str()).collect();
        assert!(
            self.failures.is_empty(),
            "{}: {} of {compared} differ:\n{}",
            self.family,
            self.failures.len(),
            worst.join("\n")
        );
        assert_eq!((self.cases, compared), (cases, numbers), "{}: cases and numbers compared", self.family);
    }
}

/// A number of R's answers.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) if text == "Inf" => Some(f64::INFINITY),
        Value::String(text) if text == "-Inf" => Some(f64::NEG_INFINITY),
        other => other.as_f64(),
    }
}

/// A file of `fixtures/reference`.
pub fn reference(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/reference").join(file);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
