//! Names of pieces of work.

use kmeta_trial_data::sha256_hex;
use serde::Serialize;

use crate::error::CommandError;

/// The name of a piece of work: what kind it is, and a hash of all that it depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    kind: &'static str,
    sha256: String,
}

impl Key {
    /// The key of a `kind` of work by the program with hash `program` on `input`, which must hold everything that the
    /// result depends on.
    ///
    /// # Errors
    /// When the input cannot be written as JSON.
    pub(crate) fn new(
        kind: &'static str,
        program: &str,
        input: &impl Serialize,
    ) -> Result<Self, CommandError> {
        let text = serde_json::to_string(&(kind, program, input))
            .map_err(|error| CommandError::failed(format!("the key of {kind}"), error))?;
        Ok(Self { kind, sha256: sha256_hex(text.as_bytes()) })
    }

    /// Name of the file that keeps the work.
    pub(crate) fn file_name(&self) -> String {
        format!("{}-{}{}", self.kind, self.sha256, Self::EXTENSION)
    }

    /// What every such file ends with.
    pub(crate) const EXTENSION: &'static str = ".kept";
}
