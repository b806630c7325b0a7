//! `repeat.R`: a script that repeats the analyses of an output folder in R, from the files of that folder, with the
//! packages that reviewers use (`survival`, `metafor`), and stops where a number differs.

mod effects;
mod survival;

use crate::manifest::Manifest;
use crate::project::Analysis;
use crate::results::{AnalysisOutcome, AnalysisResult, Results};

/// Name of the script in an output folder.
pub(crate) const FILE: &str = "repeat.R";

/// The script.
pub(crate) fn script(results: &Results, manifest: &Manifest) -> String {
    let mut script = Script::default();
    script.line(&format!("# {}", comment(&results.title)));
    script.line(&format!(
        "# Repeats the analyses in R; written by {}. Run it in the output folder:",
        results.generator
    ));
    script.line("#     Rscript repeat.R");
    script.line("# Every line that begins with `check` compares a number of kmeta with R's and stops where they differ.");
    script.text.push_str(include_str!("preamble.R"));
    survival::arms(&mut script, results);
    survival::comparisons(&mut script, results);
    for analysis in &results.analyses {
        let options = manifest.analyses.iter().find(|options| options.id() == analysis.id);
        repeat(&mut script, results, analysis, options);
    }
    script.line("");
    script.line("cat(sprintf(\"All %d numbers agree.\\n\", checked))");
    script.text
}

fn repeat(script: &mut Script, results: &Results, analysis: &AnalysisResult, options: Option<&Analysis>) {
    script.heading(&analysis.title);
    match &analysis.outcome {
        AnalysisOutcome::Failed { reason } => script.line(&format!("# No result: {}", comment(reason))),
        AnalysisOutcome::Survival { endpoint, result, .. } => {
            survival::pooled_curve(script, results, endpoint, &analysis.title, result);
        }
        AnalysisOutcome::LandmarkSurvival { result, .. } => {
            survival::landmarks(script, &analysis.title, result)
        }
        AnalysisOutcome::SurvivalTime { result, .. } => survival::times(script, &analysis.title, result),
        AnalysisOutcome::ParametricSurvival { .. } | AnalysisOutcome::FrailtySurvival { .. } => {
            script.line("# docs/agreement.md compares this model with R; no single call of R gives it.");
        }
        outcome => match outcome.effect() {
            Some(effect) => effects::pooled(script, &analysis.id, effect, options),
            None => script.line("# Only a one-stage model: docs/agreement.md compares it with R."),
        },
    }
}

/// Text of an R script.
#[derive(Debug, Default)]
struct Script {
    text: String,
}

impl Script {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn heading(&mut self, title: &str) {
        self.line("");
        self.line(&format!("# ---- {} ----", comment(title)));
    }

    /// A line that stops when R's number differs; nothing for a number that is not finite.
    fn check(&mut self, what: &str, found: &str, expected: f64) {
        self.check_within(what, found, expected, "");
    }

    /// The same with a tolerance of its own.
    fn check_within(&mut self, what: &str, found: &str, expected: f64, tolerance: &str) {
        if expected.is_finite() {
            let comma = if tolerance.is_empty() { "" } else { ", " };
            self.line(&format!("check({}, {found}, {expected}{comma}{tolerance})", quoted(what)));
        }
    }
}

/// A text as an R string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => quoted.push(' '),
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

/// A text as part of a comment: one line.
fn comment(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// Numbers as an R vector.
fn vector(numbers: impl Iterator<Item = f64>) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    format!("c({})", numbers.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_leave_their_quotes_or_comments() {
        assert_eq!(quoted("a \"b\" \\ \n c"), "\"a \\\"b\\\" \\\\   c\"");
        assert_eq!(comment("a\nstop()"), "a stop()");
    }

    #[test]
    fn numbers_that_are_not_finite_are_not_checked() {
        let mut script = Script::default();
        script.check("median", "m", f64::INFINITY);
        assert!(script.text.is_empty());
        script.check("median", "m", 0.1);
        assert_eq!(script.text, "check(\"median\", m, 0.1)\n");
    }
}
