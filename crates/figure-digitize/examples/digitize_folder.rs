//! Digitizes every figure of a folder and writes `NAME.kmfig.json` sidecars and `NAME.overlay.png` pictures, for
//! measuring the digitizer without building the program: `digitize_folder FOLDER OUT [NAME...]`.

use std::error::Error;
use std::path::{Path, PathBuf};

use kmeta_figure_digitize::{DigitizeOptions, digitize, draw_overlay};
use kmeta_figure_source::read_figure;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{FigureSource, sha256_hex};
use rayon::prelude::*;

const SUFFIXES: [&str; 10] = ["png", "jpg", "jpeg", "pdf", "svg", "tif", "tiff", "webp", "gif", "bmp"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, out, names @ ..] = arguments.as_slice() else {
        return Err("usage: digitize_folder FOLDER OUT [NAME...]".into());
    };
    std::fs::create_dir_all(out)?;
    let reader = LabelReader::new()?;
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| is_wanted(file, names));
    files.sort();
    let failures: Vec<String> = files
        .par_iter()
        .filter_map(|file| {
            digitize_file(file, Path::new(out), &reader)
                .err()
                .map(|error| format!("{}: {error}", file.display()))
        })
        .collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

fn is_wanted(file: &Path, names: &[String]) -> bool {
    let suffix = file.extension().and_then(|suffix| suffix.to_str()).unwrap_or("").to_lowercase();
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
    SUFFIXES.contains(&suffix.as_str()) && (names.is_empty() || names.iter().any(|name| name == stem))
}

fn digitize_file(file: &Path, out: &Path, reader: &LabelReader) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read(file)?;
    let page = read_figure(&bytes)?.into_iter().next().ok_or("no page")?;
    let source = FigureSource {
        file: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: sha256_hex(&bytes),
        format: page.format.clone(),
        page: page.page,
        width: page.image.width(),
        height: page.image.height(),
        pixels_per_inch: page.pixels_per_inch,
        picture: None,
    };
    let figure = digitize(&page, source, reader, &DigitizeOptions::default());
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    std::fs::write(out.join(format!("{stem}.kmfig.json")), serde_json::to_string_pretty(&figure)?)?;
    draw_overlay(&page, &figure).save(out.join(format!("{stem}.overlay.png")))?;
    Ok(())
}
