//! Digitizes figure files and writes the sidecar and the overlay of each into a folder:
//! `cargo run --release --example digitize_file -- OUT FIGURE...`
use std::path::Path;

use kmeta_figure_digitize::{DigitizeOptions, digitize, draw_overlay};
use kmeta_figure_source::read_figure;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{FigureSource, sha256_hex};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("usage: digitize_file OUT FIGURE...")?;
    let reader = LabelReader::new()?;
    for file in arguments {
        let bytes = std::fs::read(&file)?;
        let name = Path::new(&file).file_name().and_then(|name| name.to_str()).unwrap_or("figure").to_owned();
        let Some(page) = read_figure(&bytes)?.into_iter().next() else { continue };
        let source = FigureSource {
            file: name.clone(),
            sha256: sha256_hex(&bytes),
            format: page.format.clone(),
            page: page.page,
            width: page.image.width(),
            height: page.image.height(),
            pixels_per_inch: page.pixels_per_inch,
        };
        let figure = digitize(&page, source, &reader, &DigitizeOptions::default());
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        std::fs::write(format!("{out}/{stem}.kmfig.json"), serde_json::to_string_pretty(&figure)?)?;
        draw_overlay(&page, &figure).save(format!("{out}/{stem}.overlay.png"))?;
    }
    Ok(())
}
