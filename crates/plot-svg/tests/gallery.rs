//! Every figure of the gallery: no text lies on another or leaves its figure, every character can be drawn, every file
//! format can be made, and no figure changes unseen.

#[path = "../examples/gallery/figures.rs"]
mod figures;
#[path = "../examples/gallery/made_up.rs"]
mod made_up;

use std::fmt::Write as _;

use kmeta_plot_svg::{Figure, FigureFormat, Fonts};
use sha2::{Digest, Sha256};

/// The digests that `just gallery` wrote.
const KNOWN: &str = include_str!("gallery.sha256");

fn overlaps(figure: &Figure) -> Vec<String> {
    let mut found = Vec::new();
    for (index, text) in figure.texts.iter().enumerate() {
        let inside = text.left >= 0.0
            && text.top >= 0.0
            && text.right <= figure.width + 0.01
            && text.bottom <= figure.height + 0.01;
        if !inside {
            found.push(format!("`{}` leaves the figure", text.text));
        }
        let others = figure.texts[..index].iter().filter(|other| text.overlaps(other));
        found.extend(others.map(|other| format!("`{}` lies on `{}`", text.text, other.text)));
    }
    found
}

#[test]
fn no_text_lies_on_another_or_leaves_its_figure() {
    let mut report = String::new();
    for (name, figure) in figures::figures() {
        assert!(!figure.texts.is_empty() && !figure.alt_text.is_empty(), "{name}");
        for fault in overlaps(&figure) {
            writeln!(report, "{name}: {fault}").unwrap();
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn the_carried_fonts_have_every_character_but_chinese_ones() {
    for (name, figure) in figures::figures() {
        let missing = figure.missing_glyphs(&Fonts::embedded());
        if name == "forest-chinese-names" {
            assert!(missing.contains(&'王') && missing.contains(&'（'), "{missing:?}");
        } else {
            assert!(missing.is_empty(), "{name}: {missing:?}");
        }
    }
}

#[test]
fn every_figure_becomes_every_format() {
    let fonts = Fonts::embedded();
    for (name, figure) in figures::figures().into_iter().filter(|(_, figure)| figure.height < 1500.0) {
        for format in [FigureFormat::Svg, FigureFormat::Png, FigureFormat::Pdf, FigureFormat::Tiff] {
            let file = figure.to_file(format, 48.0, &fonts).unwrap();
            assert!(file.len() > 500, "{name}.{}", format.extension());
        }
    }
}

#[test]
fn no_figure_changes_unseen() {
    let known: Vec<(&str, &str)> = KNOWN.lines().filter_map(|line| line.split_once("  ")).collect();
    let mut changed = Vec::new();
    let figures = figures::figures();
    for (name, figure) in &figures {
        let digest = Sha256::digest(figure.svg.as_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        if !known.contains(&(digest.as_str(), *name)) {
            changed.push(*name);
        }
    }
    assert!(
        changed.is_empty() && known.len() == figures.len(),
        "changed or new: {changed:?} ({} known, {} drawn). Look at them (`just gallery`), then commit what it wrote.",
        known.len(),
        figures.len()
    );
}
