//! PDF files, drawn page by page.
//!
//! Fonts that a PDF names but does not hold (R's `pdf()` does so with Helvetica) are drawn with the substitutes for the
//! fourteen standard fonts that `hayro` carries, so the result does not depend on the machine.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::{LoadPdfError, Pdf, page::Page};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use image::RgbImage;

use crate::limits::{MAXIMUM_PAGES, resolution};
use crate::{FigurePage, FigureSourceError};

/// Length unit of PDF: 72 to the inch.
const POINTS_PER_INCH: f64 = 72.0;

/// Draws each page of a PDF on white.
///
/// The panic that `catch_unwind` turns into an error is a known one: `hayro` 0.9.0 adds glyph coordinates without a
/// check (glyph_cache.rs, line 76), which overflows where a damaged file puts text very far off the page. Nothing that
/// the closure touches outlives it.
pub(crate) fn read_pages(bytes: &[u8]) -> Result<Vec<FigurePage>, FigureSourceError> {
    std::panic::catch_unwind(|| draw_pages(bytes))
        .unwrap_or_else(|_| Err(damaged("the page description makes the PDF renderer fail")))
}

fn draw_pages(bytes: &[u8]) -> Result<Vec<FigurePage>, FigureSourceError> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(_) => FigureSourceError::PasswordProtected,
        LoadPdfError::Invalid => damaged("its structure is broken"),
    })?;
    let pages = pdf.pages();
    if pages.is_empty() {
        return Err(damaged("it has no pages"));
    }
    if pages.len() > MAXIMUM_PAGES {
        return Err(FigureSourceError::TooManyPages {
            format: "pdf",
            found: pages.len(),
            limit: MAXIMUM_PAGES,
        });
    }
    let cache = RenderCache::new();
    let settings = InterpreterSettings::default();
    (1..).zip(pages.iter()).map(|(number, page)| draw(page, number, &cache, &settings)).collect()
}

fn draw<'a>(
    page: &'a Page<'a>,
    number: u32,
    cache: &RenderCache<'a>,
    settings: &InterpreterSettings,
) -> Result<FigurePage, FigureSourceError> {
    let (width, height) = page.render_dimensions();
    let inches = |points: f32| f64::from(points) / POINTS_PER_INCH;
    let pixels_per_inch = resolution(inches(width), inches(height))
        .ok_or_else(|| damaged(&format!("page {number} is {width} x {height} points")))?;
    let scale = (pixels_per_inch / POINTS_PER_INCH) as f32;
    if width * scale < 1.0 || height * scale < 1.0 {
        return Err(damaged(&format!("page {number} is {width} x {height} points")));
    }
    let pixmap_settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let pixmap = render(page, cache, settings, &RenderSettings::default(), &pixmap_settings);
    let pixels = pixmap.data().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
    let image = RgbImage::from_raw(u32::from(pixmap.width()), u32::from(pixmap.height()), pixels)
        .ok_or_else(|| damaged(&format!("page {number} could not be drawn")))?;
    Ok(FigurePage { image, format: "pdf".into(), page: Some(number), pixels_per_inch: Some(pixels_per_inch) })
}

fn damaged(reason: &str) -> FigureSourceError {
    FigureSourceError::Damaged { format: "pdf", reason: reason.into() }
}
