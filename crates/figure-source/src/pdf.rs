//! PDF files, drawn page by page.
//!
//! Fonts that a PDF names but does not hold (R's `pdf()` does so with Helvetica) are drawn with the substitutes for the
//! fourteen standard fonts that `hayro` carries, so the result does not depend on the machine.

use hayro::hayro_interpret::{InterpreterCache, InterpreterSettings};
use hayro::hayro_syntax::{LoadPdfError, Pdf, page::Page};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use image::RgbImage;

use crate::limits::{MAXIMUM_PAGES, resolution};
use crate::vector::{VectorPage, collect_pdf_page};
use crate::{FigurePage, FigureSourceError};

/// Length unit of PDF: 72 to the inch.
const POINTS_PER_INCH: f64 = 72.0;

/// Draws each page of a PDF on white.
pub(crate) fn read_pages(bytes: &[u8]) -> Result<Vec<FigurePage>, FigureSourceError> {
    let count = page_count(bytes)?;
    if count > MAXIMUM_PAGES {
        return Err(FigureSourceError::TooManyPages { format: "pdf", found: count, limit: MAXIMUM_PAGES });
    }
    guarded(|| {
        let pdf = open(bytes)?;
        let (cache, settings) = (RenderCache::new(), InterpreterSettings::default());
        (1..).zip(pdf.pages().iter()).map(|(number, page)| draw(page, number, &cache, &settings)).collect()
    })
}

/// Number of pages.
pub(crate) fn page_count(bytes: &[u8]) -> Result<usize, FigureSourceError> {
    guarded(|| Ok(open(bytes)?.pages().len()))
}

/// Draws page `index`, from 0, on white.
pub(crate) fn draw_page(bytes: &[u8], index: usize) -> Result<FigurePage, FigureSourceError> {
    guarded(|| {
        let pdf = open(bytes)?;
        let page = pdf.pages().get(index).ok_or_else(|| no_page(index))?;
        draw(page, number_of(index), &RenderCache::new(), &InterpreterSettings::default())
    })
}

/// Paths, glyphs and pictures of page `index`, from 0.
pub(crate) fn vector_page(bytes: &[u8], index: usize) -> Result<VectorPage, FigureSourceError> {
    guarded(|| {
        let pdf = open(bytes)?;
        let page = pdf.pages().get(index).ok_or_else(|| no_page(index))?;
        let number = number_of(index);
        let pixels_per_inch = resolution_of(page, number)?;
        let (cache, settings) = (InterpreterCache::new(), InterpreterSettings::default());
        Ok(collect_pdf_page(page, number, pixels_per_inch, &cache, &settings))
    })
}

/// Turns a panic into an error. A known one: `hayro` 0.9.0 adds glyph coordinates without a check (glyph_cache.rs,
/// line 76), which overflows where a damaged file puts text very far off the page. Nothing that the closure touches
/// outlives it.
fn guarded<T>(
    read: impl FnOnce() -> Result<T, FigureSourceError> + std::panic::UnwindSafe,
) -> Result<T, FigureSourceError> {
    std::panic::catch_unwind(read)
        .unwrap_or_else(|_| Err(damaged("the page description makes the PDF renderer fail")))
}

fn open(bytes: &[u8]) -> Result<Pdf, FigureSourceError> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(_) => FigureSourceError::PasswordProtected,
        LoadPdfError::Invalid => damaged("its structure is broken"),
    })?;
    if pdf.pages().is_empty() {
        return Err(damaged("it has no pages"));
    }
    Ok(pdf)
}

fn no_page(index: usize) -> FigureSourceError {
    damaged(&format!("it has no page {}", index + 1))
}

fn number_of(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

fn resolution_of(page: &Page<'_>, number: u32) -> Result<f64, FigureSourceError> {
    let (width, height) = page.render_dimensions();
    let inches = |points: f32| f64::from(points) / POINTS_PER_INCH;
    let pixels_per_inch = resolution(inches(width), inches(height))
        .ok_or_else(|| damaged(&format!("page {number} is {width} x {height} points")))?;
    let scale = (pixels_per_inch / POINTS_PER_INCH) as f32;
    if width * scale < 1.0 || height * scale < 1.0 {
        return Err(damaged(&format!("page {number} is {width} x {height} points")));
    }
    Ok(pixels_per_inch)
}

fn draw<'a>(
    page: &'a Page<'a>,
    number: u32,
    cache: &RenderCache<'a>,
    settings: &InterpreterSettings,
) -> Result<FigurePage, FigureSourceError> {
    let pixels_per_inch = resolution_of(page, number)?;
    let scale = (pixels_per_inch / POINTS_PER_INCH) as f32;
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
