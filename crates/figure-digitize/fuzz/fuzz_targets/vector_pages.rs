//! PDF and SVG files of any bytes through paths and glyphs to curves: it ends without a panic, and every curve is a
//! survival curve. Seeds: the uncompressed vector figures in `vector-figures`.

#![no_main]

use std::sync::LazyLock;

use kmeta_figure_digitize::digitize_vector;
use kmeta_figure_source::FigureDocument;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::FigureSource;
use libfuzzer_sys::fuzz_target;

static READER: LazyLock<LabelReader> = LazyLock::new(|| LabelReader::new().expect("the embedded model"));

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = FigureDocument::open(bytes.to_vec()) else { return };
    for index in 0..document.pages().min(2) {
        let Ok(Some(page)) = document.vector_page(index) else { continue };
        let source = FigureSource {
            file: "fuzz".into(),
            sha256: String::new(),
            format: page.format.clone(),
            page: page.page,
            width: page.width as u32,
            height: page.height as u32,
            pixels_per_inch: Some(page.pixels_per_inch),
            picture: None,
        };
        let Some(figure) = digitize_vector(&page, source, &READER).figure else { continue };
        for arm in figure.panels.iter().flat_map(|panel| &panel.arms) {
            assert!(arm.curve.survival().windows(2).all(|pair| pair[1] <= pair[0]));
            assert!(arm.curve.times().iter().all(|time| time.is_finite() && *time >= 0.0));
            assert!(arm.censor_times.iter().all(|time| time.is_finite()));
        }
    }
});
