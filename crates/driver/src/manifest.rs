//! The content of `manifest.json`: what a run was made from, so that it can be made again.

use kmeta_ipd_reconstruct::ReconstructionOptions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::project::{Analysis, CheckLimits, Uncertainty};

/// What a run read, how it was set, and what it wrote. Without times of day, user names or folders, so that
/// the same input gives the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "kmeta manifest")]
pub struct Manifest {
    /// Always `kmeta`: marks a folder as an output folder of this program.
    pub program: String,
    /// Version of the program.
    pub version: String,
    /// The project file.
    pub study: FileHash,
    /// The figures, as the project file names them.
    pub inputs: Vec<FileHash>,
    /// How patients were reconstructed.
    pub reconstruction: ReconstructionOptions,
    /// How the uncertainty of reading figures was drawn, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<Uncertainty>,
    /// Limits of agreement with printed numbers.
    pub checks: CheckLimits,
    /// The analyses with all options, seeds included, as they were used.
    pub analyses: Vec<Analysis>,
    /// The files of the output folder, this one left out.
    pub outputs: Vec<FileHash>,
}

impl Manifest {
    /// Name of the file in an output folder.
    pub const FILE: &'static str = "manifest.json";
    /// What `program` says.
    pub const PROGRAM: &'static str = "kmeta";
}

/// A file and its content's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileHash {
    /// Path, relative to the project file or to the output folder.
    pub file: String,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
}
