//! Draws one figure of each kind: `cargo run -p kmeta-plot-svg --example gallery -- FOLDER` writes SVG, PNG and PDF of each;
//! with `--contact-sheet FILE.png` also all of them on one picture, and with `--digests FILE` the SHA-256 of each SVG, by
//! which a test sees that a figure has changed.

mod figures;
mod made_up;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use kmeta_plot_svg::{Figure, FigureFormat, Fonts, Svg, TextStyle};
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (mut folder, mut sheet, mut digests) = (None, None, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--contact-sheet" => sheet = arguments.next().map(PathBuf::from),
            "--digests" => digests = arguments.next().map(PathBuf::from),
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let figures = figures::figures();
    if let Some(folder) = folder {
        std::fs::create_dir_all(&folder)?;
        figures.iter().try_for_each(|(name, figure)| write(&folder, name, figure))?;
    }
    if let Some(file) = sheet {
        std::fs::write(file, contact_sheet(&figures).to_png(1.0)?)?;
    }
    if let Some(file) = digests {
        let mut text = String::new();
        for (name, figure) in &figures {
            let digest = Sha256::digest(figure.svg.as_bytes());
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(text, "{digest}  {name}")?;
        }
        std::fs::write(file, text)?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, figure: &Figure) -> Result<(), Box<dyn Error>> {
    let fonts = Fonts::embedded();
    for format in [FigureFormat::Svg, FigureFormat::Png, FigureFormat::Pdf] {
        let file = folder.join(format!("{name}.{}", format.extension()));
        std::fs::write(file, figure.to_file(format, 192.0, &fonts)?)?;
    }
    Ok(())
}

/// Columns of the contact sheet.
const COLUMNS: usize = 5;
/// Width and height of a picture on it.
const CELL: (f64, f64) = (330.0, 250.0);
/// Room around pictures.
const GAP: f64 = 16.0;

/// All figures, small, with their names; the forest of 120 studies is too long for it.
fn contact_sheet(figures: &[(&str, Figure)]) -> Figure {
    let shown: Vec<&(&str, Figure)> =
        figures.iter().filter(|(_, figure)| figure.height < 3.0 * figure.width).collect();
    let mut svg = Svg::new();
    let style = TextStyle::new(13.0).bold();
    let mut pictures = String::new();
    for (index, (name, figure)) in shown.iter().enumerate() {
        let x = GAP + (index % COLUMNS) as f64 * (CELL.0 + GAP);
        let y = GAP + (index / COLUMNS) as f64 * (CELL.1 + 34.0);
        svg.text(x, y + 12.0, name, &style);
        let scale = (CELL.0 / figure.width).min(CELL.1 / figure.height);
        let (width, height) = (figure.width * scale, figure.height * scale);
        let size = format!(r#"width="{}" height="{}" viewBox"#, figure.width, figure.height);
        let place = format!(r#"x="{x}" y="{}" width="{width:.2}" height="{height:.2}" viewBox"#, y + 20.0);
        pictures.push_str(&figure.svg.replacen(&size, &place, 1));
    }
    let rows = shown.len().div_ceil(COLUMNS) as f64;
    let (width, height) = (GAP + COLUMNS as f64 * (CELL.0 + GAP), GAP + rows * (CELL.1 + 34.0));
    let mut sheet =
        svg.finish(width, height, "Every figure of kmeta", "Contact sheet of all figures".to_owned());
    sheet.svg = sheet.svg.replace("</svg>\n", &format!("{pictures}</svg>\n"));
    sheet
}
