//! PDF files, drawn page by page.
//!
//! Fonts that a PDF names but does not hold (R's `pdf()` does so with Helvetica) are drawn with the substitutes for the
//! fourteen standard fonts that `hayro` carries, so the result does not depend on the machine.

use hayro::hayro_interpret::{Context, InterpreterCache, InterpreterSettings, TransformExt, interpret_page};
use hayro::hayro_syntax::{LoadPdfError, Pdf, page::Page};
use hayro::kurbo::{Affine, Rect};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use image::RgbImage;

use crate::limits::{MAXIMUM_PAGES, MAXIMUM_TOTAL_PIXELS, resolution};
use crate::pdf_effort::Effort;
use crate::pdf_guard::{Ending, guarded, interpreted, stop};
use crate::pdf_streams::{check_before_opening, check_opened, check_operators};
use crate::vector::{VectorPage, collect_pdf_page};
use crate::{FigurePage, FigureSourceError};

/// Length unit of PDF: 72 to the inch.
const POINTS_PER_INCH: f64 = 72.0;

/// Draws each page of a PDF on white.
pub(crate) fn read_pages(bytes: &[u8]) -> Result<Vec<FigurePage>, FigureSourceError> {
    guarded(|| {
        let pdf = open_checked(bytes)?;
        let pages = pdf.pages();
        if pages.len() > MAXIMUM_PAGES {
            let found = pages.len();
            return Err(FigureSourceError::TooManyPages { format: "pdf", found, limit: MAXIMUM_PAGES });
        }
        check_total((1..).zip(pages.iter()))?;
        let (cache, settings) = (RenderCache::new(), InterpreterSettings::default());
        (1..).zip(pages.iter()).map(|(number, page)| draw(page, number, &cache, &settings)).collect()
    })
}

/// Number of pages.
pub(crate) fn page_count(bytes: &[u8]) -> Result<usize, FigureSourceError> {
    guarded(|| Ok(open_checked(bytes)?.pages().len()))
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
        check_operators(page)?;
        let number = number_of(index);
        let pixels_per_inch = resolution_of(page, number)?;
        let (cache, settings) = (InterpreterCache::new(), InterpreterSettings::default());
        Ok(collect_pdf_page(page, number, pixels_per_inch, &cache, &settings))
    })
}

/// Opens a file of which nothing is known yet.
fn open_checked(bytes: &[u8]) -> Result<Pdf, FigureSourceError> {
    check_before_opening(bytes)?;
    let pdf = open(bytes)?;
    check_opened(&pdf)?;
    Ok(pdf)
}

/// Refuses pages that are more than can be held in memory together.
fn check_total<'a>(pages: impl Iterator<Item = (u32, &'a Page<'a>)>) -> Result<(), FigureSourceError> {
    let mut pixels = 0.0;
    for (number, page) in pages {
        let scale = resolution_of(page, number)? / POINTS_PER_INCH;
        let (width, height) = page.render_dimensions();
        pixels += f64::from(width) * scale * f64::from(height) * scale;
        if pixels > MAXIMUM_TOTAL_PIXELS {
            return Err(FigureSourceError::TooLarge {
                format: "pdf",
                found: format!("pages of more than {} million pixels together", MAXIMUM_TOTAL_PIXELS / 1e6),
                limit: "20 pages of letter paper".into(),
            });
        }
    }
    Ok(())
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
    check_operators(page)?;
    check_effort(page, f64::from(scale), settings);
    let pixmap_settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let pixmap = render(page, cache, settings, &RenderSettings::default(), &pixmap_settings);
    let pixels = pixmap.data().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
    let image = RgbImage::from_raw(u32::from(pixmap.width()), u32::from(pixmap.height()), pixels)
        .ok_or_else(|| damaged(&format!("page {number} could not be drawn")))?;
    Ok(FigurePage { image, format: "pdf".into(), page: Some(number), pixels_per_inch: Some(pixels_per_inch) })
}

/// Stops where the page would take too long to draw. A fault of the interpreter is left to the drawing to find.
fn check_effort<'a>(page: &'a Page<'a>, scale: f64, settings: &InterpreterSettings) {
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width) * scale, f64::from(height) * scale);
    let transform = Affine::scale(scale) * page.initial_transform(true).to_kurbo();
    let mut effort = Effort::new(width, height);
    let cache = InterpreterCache::new();
    let ending = interpreted(|| {
        let area = Rect::new(0.0, 0.0, width, height);
        let mut context = Context::new(transform, area, &cache, page.xref(), settings.clone());
        interpret_page(page, &mut context, &mut effort);
    });
    if ending == Ending::TooMuch {
        stop();
    }
}

fn damaged(reason: &str) -> FigureSourceError {
    FigureSourceError::Damaged { format: "pdf", reason: reason.into() }
}
