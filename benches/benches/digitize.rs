//! Reading one figure of the example, from the bytes of the file to curves and numbers at risk.

use divan::{Bencher, black_box};
use kmeta_figure_digitize::{DigitizeOptions, digitize};
use kmeta_figure_source::read_figure;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{FigureSource, sha256_hex};

fn main() {
    divan::main();
}

const FIGURE: &[u8] = include_bytes!("../../fixtures/atc-tki/figures/tahara2017-os.png");

#[divan::bench(sample_count = 10)]
fn survminer_figure_with_band(bencher: Bencher<'_, '_>) {
    let reader = LabelReader::new().expect("the embedded model");
    bencher.bench(|| {
        let pages = read_figure(black_box(FIGURE)).expect("a PNG file");
        let page = &pages[0];
        let source = FigureSource {
            file: "tahara2017-os.png".to_owned(),
            sha256: sha256_hex(FIGURE),
            format: page.format.clone(),
            page: page.page,
            width: page.image.width(),
            height: page.image.height(),
            pixels_per_inch: page.pixels_per_inch,
        };
        digitize(page, source, &reader, &DigitizeOptions::default())
    });
}

#[divan::bench]
fn load_the_label_model() -> LabelReader {
    LabelReader::new().expect("the embedded model")
}
