//! Where a number came from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Who or what stated a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// kmeta computed or read it.
    Automatic,
    /// A person entered it as an override of an automatic value.
    Human,
    /// It is typed from the printed text of a paper.
    Printed,
}

/// The way back from a value to its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Who stated the value.
    pub origin: Origin,
    /// The method that produced it, for example `guyot-2012` or `printed hazard ratio`.
    pub method: String,
    /// The file it came from, as named in the project file; empty when there is none.
    pub file: String,
    /// SHA-256 of that file as lower-case hexadecimal; empty when there is none.
    pub sha256: String,
    /// Page of the file, counted from 1, where pages exist.
    pub page: Option<u32>,
    /// Panel of the figure, counted from 0, where the value came from a figure.
    pub panel: Option<usize>,
}

impl Provenance {
    /// A value typed from a paper into the project file.
    pub fn printed(method: &str) -> Self {
        Self {
            origin: Origin::Printed,
            method: method.to_owned(),
            file: String::new(),
            sha256: String::new(),
            page: None,
            panel: None,
        }
    }
}

/// SHA-256 of `bytes` as lower-case hexadecimal.
///
/// ```
/// assert!(kmeta_trial_data::sha256_hex(b"").starts_with("e3b0c44298fc1c14"));
/// ```
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
