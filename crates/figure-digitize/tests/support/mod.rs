//! Example pictures, read and painted over.

use std::path::Path;

use image::{Rgb, RgbImage};
use kmeta_figure_digitize::{DigitizeOptions, digitize};
use kmeta_figure_source::{FigurePage, read_figure};
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, FigureSource};

/// A picture of the fixtures.
pub(crate) fn picture(file: &str) -> FigurePage {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(file);
    read_figure(&std::fs::read(path).unwrap()).unwrap().remove(0)
}

/// What is read of a page without any statement of a person.
pub(crate) fn read(page: &FigurePage, reader: &LabelReader) -> DigitizedFigure {
    let source = FigureSource {
        file: "figure.png".to_owned(),
        sha256: String::new(),
        format: page.format.clone(),
        page: page.page,
        width: page.image.width(),
        height: page.image.height(),
        pixels_per_inch: page.pixels_per_inch,
        picture: None,
    };
    digitize(page, source, reader, &DigitizeOptions::default())
}

/// Fills a rectangle.
pub(crate) fn paint(
    image: &mut RgbImage,
    columns: std::ops::Range<u32>,
    rows: std::ops::Range<u32>,
    color: [u8; 3],
) {
    for y in rows {
        for x in columns.clone() {
            image.put_pixel(x, y, Rgb(color));
        }
    }
}
