//! Pictures to curves.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use kmeta_figure_digitize::{DigitizeOptions, digitize, draw_overlay};
use kmeta_figure_source::{FigurePage, read_figure};
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, FigureSource, sha256_hex};

/// One page of a figure file as it was read.
#[derive(Debug)]
pub(crate) struct DigitizedPage {
    /// What was read.
    pub(crate) figure: DigitizedFigure,
    /// The picture with the trace drawn over it, as PNG.
    pub(crate) overlay_png: Vec<u8>,
}

/// The pages of a figure file; only page `wanted`, counted from 1, where one is named.
///
/// # Errors
/// A sentence on why there is no such page.
pub(crate) fn pages(bytes: &[u8], wanted: Option<u32>) -> Result<Vec<FigurePage>, String> {
    let mut pages = read_figure(bytes).map_err(|error| error.to_string())?;
    let Some(wanted) = wanted else { return Ok(pages) };
    let index = usize::try_from(wanted).unwrap_or(usize::MAX).saturating_sub(1);
    if index >= pages.len() {
        return Err(format!("there is no page {wanted}: the file has {}", pages.len()));
    }
    Ok(vec![pages.swap_remove(index)])
}

/// Digitizes one page of the file `file`.
///
/// # Errors
/// A sentence, when the overlay cannot be encoded.
pub(crate) fn digitize_page(
    page: &FigurePage,
    file: &str,
    bytes: &[u8],
    reader: &LabelReader,
) -> Result<DigitizedPage, String> {
    let source = FigureSource {
        file: file.to_owned(),
        sha256: sha256_hex(bytes),
        format: page.format.clone(),
        page: page.page,
        width: page.image.width(),
        height: page.image.height(),
        pixels_per_inch: page.pixels_per_inch,
    };
    let figure = digitize(page, source, reader, &DigitizeOptions::default());
    let overlay_png = encode_png(&draw_overlay(page, &figure))?;
    Ok(DigitizedPage { figure, overlay_png })
}

fn encode_png(image: &RgbImage) -> Result<Vec<u8>, String> {
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).map_err(|error| format!("the overlay: {error}"))?;
    Ok(png.into_inner())
}
