//! Reads short printed labels (numbers and words) with an embedded recognition model.
//!
//! The caller finds where text is and hands over upright single-line crops; this crate says what is written in them.
//! It does not look for text: ticks and table columns say where the labels of a figure must be, and a detector would
//! miss isolated single digits.
//!
//! - `prepare`: a crop becomes the network's input (ink found, polarity, size 48 px).
//! - `network`: the embedded network (PP-OCRv6 small recognizer, pruned and stored as 8-bit weights; see
//!   `model/NOTICE.md`) turns it into probabilities of characters along the line.
//! - `decode`: the probabilities become the two most likely texts (connectionist temporal classification: Graves,
//!   Fernandez, Gomez and Schmidhuber 2006, ICML, prefix search of section 3.2).
//!
//! Readings are deterministic: one thread per call, fixed order of sums, confidences rounded to four decimals.

mod decode;
mod network;
mod prepare;

use decode::Alphabet;
use image::GrayImage;
use network::Network;
use serde::{Deserialize, Serialize};

/// What was read in one crop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadLabel {
    /// The most likely text; empty when nothing was seen.
    pub text: String,
    /// Probability that the whole text is right as the network sees it, 0 to 1.
    pub confidence: f64,
    /// The next most likely reading with its probability.
    pub alternative: Option<(String, f64)>,
}

/// Which characters a reading may consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CharacterSet {
    /// Every character that the model knows: printable ASCII and a few signs.
    #[default]
    Any,
    /// Numbers as printed on axes and in tables: digits and `. , - % · < ( )`, without blanks. Dashes and the minus
    /// sign read as `-`.
    Number,
}

/// Why the reader cannot be made or fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabelReaderError {
    /// The embedded model could not be loaded or run.
    #[error("the embedded label model: {0}")]
    Model(String),
}

/// Recognizes text in tight, upright, single-line crops.
///
/// ```
/// use image::{GrayImage, Luma};
/// use kmeta_label_reader::LabelReader;
///
/// # fn main() -> Result<(), kmeta_label_reader::LabelReaderError> {
/// let reader = LabelReader::new()?;
/// let blank = GrayImage::from_pixel(20, 10, Luma([255]));
/// assert_eq!(reader.read(&[blank])?[0].text, "");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LabelReader {
    network: Network,
    any: Alphabet,
    number: Alphabet,
}

impl LabelReader {
    /// Loads the embedded model.
    ///
    /// # Errors
    /// [`LabelReaderError::Model`] when the embedded model is damaged.
    pub fn new() -> Result<Self, LabelReaderError> {
        let characters = network::characters();
        Ok(Self {
            network: Network::load(characters.len())?,
            any: Alphabet::any(&characters),
            number: Alphabet::number(&characters),
        })
    }

    /// Reads each crop as free text; results are in the order of the crops.
    ///
    /// A crop is one upright line of text with little around it, at the resolution of the figure: it is brought to the
    /// network's size here. Light text on a dark ground is inverted. A crop without ink gives an empty text.
    /// Blanks between words of small print may be missing: compare without them.
    ///
    /// # Errors
    /// [`LabelReaderError::Model`] when the model fails to run.
    pub fn read(&self, crops: &[GrayImage]) -> Result<Vec<ReadLabel>, LabelReaderError> {
        self.read_as(crops, CharacterSet::Any)
    }

    /// Reads each crop as a number ([`CharacterSet::Number`]); results are in the order of the crops.
    ///
    /// Characters that cannot stand in a number keep their probability, so a word read as a number has a low
    /// confidence rather than a wrong one.
    ///
    /// # Errors
    /// [`LabelReaderError::Model`] when the model fails to run.
    pub fn read_numeric(&self, crops: &[GrayImage]) -> Result<Vec<ReadLabel>, LabelReaderError> {
        self.read_as(crops, CharacterSet::Number)
    }

    /// Reads each crop with the characters of `set`; results are in the order of the crops.
    ///
    /// # Errors
    /// [`LabelReaderError::Model`] when the model fails to run.
    pub fn read_as(
        &self,
        crops: &[GrayImage],
        set: CharacterSet,
    ) -> Result<Vec<ReadLabel>, LabelReaderError> {
        let alphabet = match set {
            CharacterSet::Any => &self.any,
            CharacterSet::Number => &self.number,
        };
        let lines: Vec<_> = crops.iter().map(prepare::prepare_crop).collect();
        let probabilities = self.network.run(&lines)?;
        Ok(probabilities
            .iter()
            .map(|steps| match steps {
                Some(steps) => decode::decode(steps, alphabet),
                None => ReadLabel { text: String::new(), confidence: 1.0, alternative: None },
            })
            .collect())
    }
}
