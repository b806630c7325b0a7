//! Reads figure files into pages of pixels.

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

/// Why a file gives no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureSourceError {
    /// The file is not a figure that kmeta reads.
    #[error("not a readable figure: {0}")]
    Unreadable(String),
}

/// Reads the pages of a figure file.
///
/// # Errors
/// [`FigureSourceError`] when the bytes are not a readable figure.
pub fn read_figure(bytes: &[u8]) -> Result<Vec<FigurePage>, FigureSourceError> {
    let image = image::load_from_memory(bytes).map_err(|e| FigureSourceError::Unreadable(e.to_string()))?;
    Ok(vec![FigurePage { image: image.to_rgb8(), format: "png".into(), page: None, pixels_per_inch: None }])
}
