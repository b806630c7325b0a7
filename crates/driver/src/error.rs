//! How a command ends badly.

use crate::project::{Problem, Problems};

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The input is wrong: exit code 2.
    #[error("{0}")]
    Input(Problems),
    /// Something went wrong on the way: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl From<Problems> for CommandError {
    fn from(problems: Problems) -> Self {
        Self::Input(problems)
    }
}

impl From<Problem> for CommandError {
    fn from(problem: Problem) -> Self {
        Self::Input(problem.into())
    }
}

impl CommandError {
    /// A failure with its cause.
    pub(crate) fn failed(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Self {
        Self::Failed(format!("{what}: {error}"))
    }
}
