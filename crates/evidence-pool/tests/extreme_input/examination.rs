//! What is wrong with the answers to many computations.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use kmeta_evidence_pool::*;

/// No computation on a handful of studies takes longer than this, a hundred times what one takes on an idle machine and far
/// less than work in proportion to billions of patients.
pub(crate) const LONGEST: Duration = Duration::from_secs(10);

/// Problems are listed up to this number.
pub(crate) const SHOWN: usize = 25;

/// Runs computations and keeps what is wrong with them.
#[derive(Default)]
pub(crate) struct Examination {
    runs: usize,
    answers: usize,
    problems: Vec<String>,
}

impl Examination {
    /// The answer must be finite, an error must not be one of a computation that "cannot fail".
    pub(crate) fn examine<T: Debug>(
        &mut self,
        what: impl Fn() -> String,
        compute: impl FnOnce() -> Result<T, PoolError>,
    ) {
        self.runs += 1;
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(compute));
        let problem = match outcome {
            Err(_) => Some("panic".to_owned()),
            Ok(_) if start.elapsed() > LONGEST => Some(format!("took {:?}", start.elapsed())),
            Ok(Ok(answer)) => {
                self.answers += 1;
                not_finite(&format!("{answer:?}"))
            }
            Ok(Err(error @ PoolError::Computation { .. })) => Some(error.to_string()),
            Ok(Err(error)) => {
                let text = error.to_string();
                text.contains("please report").then_some(text)
            }
        };
        if let Some(problem) = problem {
            self.problems.push(format!("{}: {problem}", what()));
        }
    }

    pub(crate) fn finish(self, name: &str, fewest_answers: usize) {
        println!("{name}: {} computations, {} answers", self.runs, self.answers);
        let shown: Vec<&String> = self.problems.iter().take(SHOWN).collect();
        assert!(shown.is_empty(), "{} problems of {}: {shown:#?}", self.problems.len(), self.runs);
        assert!(self.answers >= fewest_answers, "{} answers only", self.answers);
    }
}

/// What is not finite in a debug text, apart from texts within, which may quote the input.
pub(crate) fn not_finite(text: &str) -> Option<String> {
    let without_quotes = text.replace("\\\"", "'");
    let outside: String = without_quotes.split('"').step_by(2).collect();
    let mut words = outside.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.any(|word| word == "NaN" || word == "inf").then(|| format!("not finite: {outside}"))
}

#[test]
fn numbers_that_are_not_finite_are_seen() {
    assert!(not_finite(&format!("{:?}", (1.0, Some(f64::NEG_INFINITY)))).is_some());
    assert!(not_finite(&format!("{:?}", [f64::NAN])).is_some());
    assert!(not_finite(&format!("{:?}", (1.0, "a \"NaN\" and inf", None::<f64>))).is_none());
}

/// A sequence of numbers that is the same in every run (Knuth's constants).
pub(crate) struct Sequence(pub(crate) u64);

impl Sequence {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// From 0.5 to 1.5.
    pub(crate) fn factor(&mut self) -> f64 {
        0.5 + self.next() as f64 / (1_u64 << 31) as f64
    }
}
