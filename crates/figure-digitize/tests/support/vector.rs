//! Vector figures, read from the bytes of their file.

use kmeta_figure_digitize::digitize_vector;
use kmeta_figure_source::FigureDocument;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, FigureSource};

/// The figure on the first page of a file, if there is one.
pub(crate) fn read_vector(file: &str, bytes: Vec<u8>) -> Option<DigitizedFigure> {
    let document = FigureDocument::open(bytes).expect("a readable file");
    let page = document.vector_page(0).expect("a readable page").expect("a vector page");
    let source = FigureSource {
        file: file.to_owned(),
        sha256: String::new(),
        format: page.format.clone(),
        page: page.page,
        width: page.width.round() as u32,
        height: page.height.round() as u32,
        pixels_per_inch: Some(page.pixels_per_inch),
        picture: None,
    };
    digitize_vector(&page, source, &LabelReader::new().expect("the embedded model")).figure
}
