//! What a stage noticed and a person should know.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a [`Finding`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing has to be done.
    Note,
    /// A value was repaired, guessed or left out: a person should look.
    Warning,
    /// The result that the finding speaks of must not be used as it is.
    Error,
}

/// One thing that a stage noticed. Findings are data: they travel with the result into the sidecar,
/// `results.json` and the report, and are never only printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// A stable name for the kind of finding, for example `risk-table-not-monotone`.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// Where it is: file, trial, arm, row, column or pixel, in words.
    pub place: String,
    /// What was found, what was expected and what to do, in a sentence.
    pub message: String,
}

impl Finding {
    /// A finding of severity [`Severity::Note`].
    pub fn note(code: &str, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, place, message)
    }

    /// A finding of severity [`Severity::Warning`].
    pub fn warning(code: &str, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, place, message)
    }

    /// A finding of severity [`Severity::Error`].
    pub fn error(code: &str, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, place, message)
    }

    fn new(severity: Severity, code: &str, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), severity, place: place.into(), message: message.into() }
    }
}
