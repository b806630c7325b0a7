//! Reads figure files into pages of opaque RGB pixels.
//!
//! The format is told from the content, not from the file name. Raster files (`raster`) are decoded as they are:
//! transparency is flattened onto white and EXIF rotation applied, nothing is filtered or scaled. Vector files (`pdf`,
//! `svg`) are drawn on white at a resolution that gives thin lines several pixels; it is noted in
//! [`FigurePage::pixels_per_inch`]. Their paths, glyphs and embedded pictures can be had as well, by
//! [`FigureDocument`]: they are more exact than any drawing.
//!
//! Files come from strangers: sizes are limited before memory is taken, SVG files cannot name other files, and
//! damaged content gives an error that says what was found.

mod document;
mod error;
mod format;
mod limits;
mod pdf;
mod pdf_effort;
mod pdf_guard;
mod pdf_streams;
mod raster;
mod svg;
mod svg_effort;
mod tiff_pages;
pub mod vector;

pub use document::FigureDocument;
pub use error::FigureSourceError;
use format::Format;
use image::RgbImage;

/// One page of a figure file as opaque RGB pixels.
#[derive(Debug, Clone)]
pub struct FigurePage {
    /// The pixels, transparency flattened onto white, EXIF rotation applied.
    pub image: RgbImage,
    /// File format, for example `png` or `pdf`.
    pub format: String,
    /// Page, counted from 1, where pages exist.
    pub page: Option<u32>,
    /// For a vector file, the resolution it was drawn at, in pixels per inch.
    pub pixels_per_inch: Option<f64>,
}

/// Reads the pages of a figure file: PNG, JPEG, TIFF, GIF, WebP, BMP, PDF or SVG. Animations are
/// refused.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let svg = br#"<svg xmlns="http://www.w3.org/2000/svg" width="7in" height="5in"></svg>"#;
/// let pages = kmeta_figure_source::read_figure(svg)?;
/// assert_eq!(pages[0].format, "svg");
/// assert_eq!(pages[0].pixels_per_inch, Some(216.0));
/// assert_eq!(pages[0].image.dimensions(), (1512, 1080));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`FigureSourceError`] when the bytes are not a readable figure, are damaged, protected by a password, or too large.
pub fn read_figure(bytes: &[u8]) -> Result<Vec<FigurePage>, FigureSourceError> {
    match format::sniff(bytes)? {
        Format::Pdf => pdf::read_pages(bytes),
        Format::Svg => Ok(vec![svg::read_page(bytes)?]),
        Format::Raster(image::ImageFormat::Tiff) => tiff_pages::read_pages(bytes),
        Format::Raster(format) => Ok(vec![raster::read_page(bytes, format)?]),
    }
}
