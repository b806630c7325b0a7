//! A finished figure: SVG text, a text for those who cannot see it, and a PNG when asked.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia;
use resvg::usvg::{self, fontdb};
use serde::{Deserialize, Serialize};

use crate::text_metrics::{BOLD_FONT, FAMILY, REGULAR_FONT};

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
}

/// Largest picture that [`Figure::to_png`] draws, in pixels.
const MAX_PIXELS: f64 = 2.0e8;

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
}

impl Figure {
    /// The figure as PNG, `scale` picture pixels to a CSS pixel (1 gives 96 dpi, 3.125 gives 300 dpi). Text is
    /// drawn with the fonts of this crate only, so every machine gives the same bytes.
    ///
    /// # Errors
    /// [`PlotError`] when the scale is not positive, the picture too large, or the SVG not readable.
    pub fn to_png(&self, scale: f64) -> Result<Vec<u8>, PlotError> {
        if !(scale.is_finite() && scale > 0.0) {
            return Err(PlotError::Scale { scale });
        }
        let options = usvg::Options { font_family: FAMILY.to_owned(), fontdb: fonts(), ..Default::default() };
        let tree = usvg::Tree::from_str(&self.svg, &options)?;
        let (width, height) = ((self.width * scale).round().max(1.0), (self.height * scale).round().max(1.0));
        let too_large = PlotError::TooLarge { width, height };
        if width * height > MAX_PIXELS {
            return Err(too_large);
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rounded, positive and bounded by MAX_PIXELS above"
        )]
        let mut picture = tiny_skia::Pixmap::new(width as u32, height as u32).ok_or(too_large)?;
        #[allow(clippy::cast_possible_truncation, reason = "the rasterizer works in f32")]
        let transform = tiny_skia::Transform::from_scale(scale as f32, scale as f32);
        resvg::render(&tree, transform, &mut picture.as_mut());
        picture.encode_png().map_err(|error| PlotError::Png(error.to_string()))
    }
}

/// The font database: the two faces of this crate and nothing of the system's.
fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let make = || {
        let mut database = fontdb::Database::new();
        database.load_font_data(REGULAR_FONT.to_vec());
        database.load_font_data(BOLD_FONT.to_vec());
        database.set_sans_serif_family(FAMILY);
        Arc::new(database)
    };
    Arc::clone(FONTS.get_or_init(make))
}
