//! Sizes beyond which a file is refused before memory is taken for it.

use crate::FigureSourceError;

/// Longest side of a raster picture in pixels.
pub(crate) const MAXIMUM_SIDE: u32 = 30_000;

/// Most pixels of a picture: a full page scanned at 600 pixels per inch has 35 million. Reading and digitizing take up
/// to 20 bytes a pixel, so that the largest picture stays below 1 GB.
pub(crate) const MAXIMUM_PIXELS: u64 = 50_000_000;

/// Most bytes that one decoder may take.
pub(crate) const MAXIMUM_DECODER_BYTES: u64 = 512 * 1024 * 1024;

/// Most pages of one file; all are held in memory at once.
pub(crate) const MAXIMUM_PAGES: usize = 20;

/// Most pixels of all pages of a PDF that are drawn at once: 20 pages of letter paper have 87 million.
pub(crate) const MAXIMUM_TOTAL_PIXELS: f64 = 120e6;

/// Resolution that a vector page is drawn at unless that makes it very small or very large: a 7 inch wide figure
/// becomes 1512 pixels wide, a line of one point three pixels.
const PIXELS_PER_INCH: f64 = 216.0;

/// A smaller vector page is drawn at a higher resolution until its longer side has this many pixels.
const SMALLEST_LONG_SIDE: f64 = 1200.0;

/// A larger vector page is drawn at a lower resolution.
const LARGEST_LONG_SIDE: f64 = 6000.0;

/// Refuses a raster picture that is too large.
pub(crate) fn check_size(format: &'static str, width: u32, height: u32) -> Result<(), FigureSourceError> {
    let pixels = u64::from(width) * u64::from(height);
    if width <= MAXIMUM_SIDE && height <= MAXIMUM_SIDE && pixels <= MAXIMUM_PIXELS {
        return Ok(());
    }
    Err(FigureSourceError::TooLarge {
        format,
        found: format!("{width} x {height} pixels"),
        limit: format!("{MAXIMUM_SIDE} pixels a side and {} million pixels", MAXIMUM_PIXELS / 1_000_000),
    })
}

/// Resolution for a vector page of the given size in inches; `None` when the size is not a positive finite number.
pub(crate) fn resolution(width: f64, height: f64) -> Option<f64> {
    let long_side = width.max(height);
    if !(width > 0.0 && height > 0.0 && long_side.is_finite()) {
        return None;
    }
    let larger = PIXELS_PER_INCH.max(SMALLEST_LONG_SIDE / long_side);
    Some(larger.min(LARGEST_LONG_SIDE / long_side))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vector_pages_get_a_useful_number_of_pixels() {
        assert_eq!(resolution(7.0, 5.6), Some(216.0));
        assert_eq!(resolution(2.0, 1.0), Some(600.0));
        assert_eq!(resolution(20.0, 50.0), Some(120.0));
        assert_eq!(resolution(0.0, 5.0), None);
        assert_eq!(resolution(f64::NAN, 5.0), None);
        assert_eq!(resolution(f64::INFINITY, 5.0), None);
    }

    #[test]
    fn raster_pictures_are_limited_by_side_and_by_area() {
        assert!(check_size("png", 30_000, 1_666).is_ok());
        assert!(check_size("png", 30_001, 1).is_err());
        assert!(check_size("png", 7_072, 7_072).is_err());
    }
}
