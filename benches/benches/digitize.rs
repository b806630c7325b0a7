//! Reading one figure of the example, from the bytes of the file to curves and numbers at risk; and, where the
//! environment variable KMETA_FIGURES names a folder of figures, the median and the worst time over all of them.
//! `fixtures/generate/figures/make.py --size 1200x900` draws such a set.
#![allow(clippy::print_stdout, reason = "the times are the purpose of this program")]

use std::path::Path;
use std::time::{Duration, Instant};

use divan::{Bencher, black_box};
use kmeta_figure_digitize::{DigitizeOptions, digitize, digitize_vector, draw_overlay};
use kmeta_figure_source::{FigureDocument, read_figure};
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{FigureSource, sha256_hex};

/// Endings of the files of a folder that are taken as figures.
const ENDINGS: [&str; 7] = ["png", "jpg", "tif", "gif", "webp", "bmp", "pdf"];

fn main() {
    divan::main();
    if let Some(folder) = std::env::var_os("KMETA_FIGURES") {
        time_every_figure(Path::new(&folder));
    }
}

/// Times each figure of a folder once, on this one thread, and prints median and worst.
fn time_every_figure(folder: &Path) {
    let reader = LabelReader::new().expect("the embedded model");
    let mut times: Vec<(Duration, String)> = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder that KMETA_FIGURES names").flatten() {
        let path = entry.path();
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if !ENDINGS.contains(&ending.as_str()) {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a readable file");
        let name = entry.file_name().to_string_lossy().into_owned();
        let start = Instant::now();
        read_and_digitize(&bytes, &name, &reader);
        times.push((start.elapsed(), name));
    }
    times.sort();
    let Some((worst, slowest)) = times.last() else { return };
    let median = times[times.len() / 2].0;
    println!(
        "{} figures: median {:.2} s, worst {:.2} s ({slowest})",
        times.len(),
        median.as_secs_f64(),
        worst.as_secs_f64()
    );
}

fn read_and_digitize(bytes: &[u8], name: &str, reader: &LabelReader) {
    for page in read_figure(black_box(bytes)).expect("a figure file") {
        let source = FigureSource {
            file: name.to_owned(),
            sha256: sha256_hex(bytes),
            format: page.format.clone(),
            page: page.page,
            width: page.image.width(),
            height: page.image.height(),
            pixels_per_inch: page.pixels_per_inch,
            picture: None,
        };
        black_box(digitize(&page, source, reader, &DigitizeOptions::default()));
    }
}

const FIGURE: &[u8] = include_bytes!("../../fixtures/atc-tki/figures/tahara2017-os.png");

#[divan::bench(sample_count = 10)]
fn survminer_figure_with_band(bencher: Bencher<'_, '_>) {
    let reader = LabelReader::new().expect("the embedded model");
    bencher.bench(|| read_and_digitize(FIGURE, "tahara2017-os.png", &reader));
}

const PAGE: &[u8] = include_bytes!("../../fixtures/journal-page/journal-page.pdf");

/// Twenty pages of a paper, each opened, read as paths, digitized, drawn and overlaid: more figures than any paper has.
#[divan::bench(sample_count = 5)]
fn twenty_journal_pages(bencher: Bencher<'_, '_>) {
    let reader = LabelReader::new().expect("the embedded model");
    bencher.bench(|| {
        for _ in 0..20 {
            let document = FigureDocument::open(black_box(PAGE).to_vec()).expect("a PDF file");
            let page = document.vector_page(0).expect("a page").expect("paths");
            let source = FigureSource {
                file: "journal-page.pdf".to_owned(),
                sha256: sha256_hex(PAGE),
                format: page.format.clone(),
                page: page.page,
                width: page.width as u32,
                height: page.height as u32,
                pixels_per_inch: Some(page.pixels_per_inch),
                picture: None,
            };
            let figure = digitize_vector(&page, source, &reader).figure.expect("a figure");
            black_box(draw_overlay(&document.draw_page(0).expect("a drawing"), &figure));
        }
    });
}

#[divan::bench]
fn load_the_label_model() -> LabelReader {
    LabelReader::new().expect("the embedded model")
}
