//! Damaged files give an error or a picture, never a panic; files cut short give an error.

use std::io::Cursor;
use std::path::Path;
use std::sync::LazyLock;

use image::{ImageFormat, Rgb, RgbImage};
use kmeta_figure_source::{FigureSourceError, read_figure};
use proptest::prelude::*;

const SVG: &[u8] = br##"<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40" viewBox="0 0 60 40">
<defs><clipPath id="c"><rect x="1" y="1" width="50" height="30"/></clipPath></defs>
<g clip-path="url(#c)"><polyline points="2,2 10,2 10,8 20,8" fill="none" stroke="#0072b2" stroke-width="0.5"/></g>
<path d="M 3 3 L 3 30 L 50 30" stroke="black" fill="none"/><text x="5" y="20" font-size="4">0.5</text>
</svg>"##;

/// Small intact files, one for each format.
static SEEDS: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let picture = RgbImage::from_fn(40, 30, |x, y| Rgb([(x * 6) as u8, (y * 8) as u8, ((x ^ y) * 5) as u8]));
    let encode = |format| {
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), format).expect("encodes");
        bytes
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read(root.join(path)).expect("fixture");
    vec![
        ("png", encode(ImageFormat::Png)),
        ("jpeg", encode(ImageFormat::Jpeg)),
        ("cmyk jpeg", read("tests/files/cyan-white-cmyk.jpg")),
        ("tiff", read("tests/files/two-pages-and-preview.tif")),
        ("gif", encode(ImageFormat::Gif)),
        ("webp", encode(ImageFormat::WebP)),
        ("bmp", encode(ImageFormat::Bmp)),
        ("pdf", read("../../fixtures/atc-tki/figures/higashiyama2022-os.pdf")),
        ("svg", SVG.to_vec()),
    ]
});

/// A seed file with some bytes replaced, then cut.
fn damaged_file() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    (0..SEEDS.len(), changes, 0.0..2.0_f64).prop_map(|(seed, changes, keep)| {
        let mut bytes = SEEDS[seed].1.clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        // Half of the files keep their full length.
        bytes.truncate((bytes.len() as f64 * keep) as usize);
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn damage_never_panics_and_errors_say_something(bytes in damaged_file()) {
        match read_figure(&bytes) {
            Ok(pages) => prop_assert!(pages.iter().all(|page| page.image.width() > 0 && page.image.height() > 0)),
            Err(error) => prop_assert!(error.to_string().len() > 10),
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), seed in 0..9_usize) {
        let mut with_header = SEEDS[seed].1[..SEEDS[seed].1.len().min(24)].to_vec();
        with_header.extend(&bytes);
        // Only the absence of a panic matters.
        let _ = read_figure(&with_header);
        let _ = read_figure(&bytes);
    }
}

#[test]
fn intact_seeds_are_read() {
    for (name, bytes) in SEEDS.iter() {
        assert!(read_figure(bytes).is_ok(), "{name}");
    }
}

#[test]
fn a_raster_or_svg_file_cut_in_the_middle_is_an_error() {
    for (name, bytes) in SEEDS.iter().filter(|(name, _)| *name != "pdf") {
        let error = read_figure(&bytes[..bytes.len() * 6 / 10]).expect_err(name);
        assert!(matches!(error, FigureSourceError::Damaged { .. }), "{name}: {error}");
    }
}

#[test]
fn a_password_protected_pdf_is_named_as_such() {
    let pdf = include_bytes!("files/password.pdf");
    assert_eq!(read_figure(pdf).map(|pages| pages.len()), Err(FigureSourceError::PasswordProtected));
}
