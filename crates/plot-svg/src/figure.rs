//! A finished figure: SVG text, a text for those who cannot see it, and files of other formats when asked.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::fonts::Fonts;
use crate::{TextBox, pdf, raster};
use resvg::usvg;

/// Why a figure could not be turned into a picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The scale is not a positive number.
    #[error("scale {scale}: give a positive number, for example 2 for twice the size of the SVG")]
    Scale {
        /// The scale found.
        scale: f64,
    },
    /// The picture would be larger than can be drawn.
    #[error("a picture of {width} x {height} pixels is too large: use a smaller scale")]
    TooLarge {
        /// Width in pixels.
        width: f64,
        /// Height in pixels.
        height: f64,
    },
    /// The SVG text cannot be read, for example because it was changed by hand.
    #[error("the SVG cannot be drawn: {0}")]
    Svg(#[from] usvg::Error),
    /// The PNG could not be encoded.
    #[error("the PNG cannot be encoded: {0}")]
    Png(String),
    /// The TIFF could not be encoded.
    #[error("the TIFF cannot be encoded: {0}")]
    Tiff(String),
    /// A font could not be put into the PDF.
    #[error("the font {font} cannot be put into the PDF: {reason}")]
    PdfFont {
        /// Its PostScript name.
        font: String,
        /// What the font lacks.
        reason: String,
    },
    /// A file given as a font is none.
    #[error("font {number} of those given holds no font that can be read: give TrueType or OpenType files")]
    Font {
        /// Its position among the fonts given, from 1.
        number: usize,
    },
}

/// Dots per inch of a CSS pixel.
pub(crate) const CSS_DPI: f64 = 96.0;

/// A figure as SVG. Sizes are in CSS pixels (96 per inch).
///
/// The SVG names the fonts "Liberation Sans, Arial, Helvetica, sans-serif" and embeds none: the first three
/// have equal widths, so nothing moves from one viewer to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The SVG document.
    pub svg: String,
    /// What the figure shows, in words, for screen readers.
    pub alt_text: String,
    /// Width in CSS pixels.
    pub width: f64,
    /// Height in CSS pixels.
    pub height: f64,
    /// Where every text stands; empty for a figure read from a file.
    #[serde(skip)]
    pub texts: Vec<TextBox>,
}

/// A format of figure files.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum FigureFormat {
    /// Scalable Vector Graphics.
    Svg,
    /// Portable Network Graphics, with its resolution.
    Png,
    /// Portable Document Format with embedded fonts.
    Pdf,
    /// Tagged Image File Format, LZW compressed, with its resolution.
    Tiff,
}

impl FigureFormat {
    /// The ending of file names, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Pdf => "pdf",
            Self::Tiff => "tiff",
        }
    }
}

impl Figure {
    /// The figure as PNG, `scale` picture pixels to a CSS pixel (1 gives 96 dpi, 3.125 gives 300 dpi). Text is
    /// drawn with the fonts of this crate only, so every machine gives the same bytes.
    ///
    /// # Errors
    /// [`PlotError`] when the scale is not positive, the picture too large, or the SVG not readable.
    pub fn to_png(&self, scale: f64) -> Result<Vec<u8>, PlotError> {
        raster::png(self, scale, &Fonts::embedded())
    }

    /// The figure as a file of `format`; pictures have `dpi` dots per inch, at the size that the SVG states.
    ///
    /// # Errors
    /// [`PlotError`] when `dpi` is not positive, the picture too large, or the SVG not readable.
    pub fn to_file(&self, format: FigureFormat, dpi: f64, fonts: &Fonts) -> Result<Vec<u8>, PlotError> {
        match format {
            FigureFormat::Svg => Ok(self.svg.clone().into_bytes()),
            FigureFormat::Png => raster::png(self, dpi / CSS_DPI, fonts),
            FigureFormat::Tiff => raster::tiff(self, dpi / CSS_DPI, fonts),
            FigureFormat::Pdf => pdf::write(self, fonts),
        }
    }

    /// The characters of the figure that `fonts` lack: pictures and PDF show an empty box in their place.
    pub fn missing_glyphs(&self, fonts: &Fonts) -> Vec<char> {
        let characters: BTreeSet<char> = self.texts.iter().flat_map(|place| place.text.chars()).collect();
        characters
            .into_iter()
            .filter(|character| !character.is_control() && !character.is_whitespace())
            .filter(|&character| !fonts.have(character))
            .collect()
    }

    /// The SVG as its elements, with the texts shaped.
    pub(crate) fn tree(&self, fonts: &Fonts) -> Result<usvg::Tree, PlotError> {
        let options = usvg::Options {
            font_family: crate::text_metrics::FAMILY.to_owned(),
            fontdb: fonts.database(),
            ..Default::default()
        };
        Ok(usvg::Tree::from_str(&self.svg, &options)?)
    }
}
