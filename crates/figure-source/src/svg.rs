//! SVG files, drawn on white.
//!
//! Text is drawn with one embedded font (Liberation Sans, whose widths equal Arial's and Helvetica's), whatever the
//! file names, so the result does not depend on the machine. Pictures inside the file must be embedded in it: a path
//! or an address is not followed.

use std::io::Cursor;
use std::sync::Arc;

use image::{ImageFormat, ImageReader, RgbImage};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{ImageHrefResolver, Options, Tree, fontdb};

use crate::limits::{check_size, resolution};
use crate::svg_effort::check_effort;
use crate::vector::{VectorPage, collect_svg_page, with_glyph_names};
use crate::{FigurePage, FigureSourceError};

static FONT: &[u8] = include_bytes!("../fonts/LiberationSans-Regular.ttf");
const FONT_FAMILY: &str = "Liberation Sans";

/// CSS pixels per inch, the unit of SVG lengths.
const UNITS_PER_INCH: f64 = 96.0;

/// Paths, glyphs and pictures of an SVG.
pub(crate) fn vector_page(bytes: &[u8]) -> Result<VectorPage, FigureSourceError> {
    let text = std::str::from_utf8(bytes).map_err(|error| damaged(&error.to_string()))?;
    let tree =
        Tree::from_str(&with_glyph_names(text), &options()).map_err(|error| damaged(&error.to_string()))?;
    let pixels_per_inch = resolution_of(&tree)?;
    Ok(collect_svg_page(&tree, pixels_per_inch, pixels_per_inch / UNITS_PER_INCH, FONT))
}

fn resolution_of(tree: &Tree) -> Result<f64, FigureSourceError> {
    let (width, height) = (f64::from(tree.size().width()), f64::from(tree.size().height()));
    resolution(width / UNITS_PER_INCH, height / UNITS_PER_INCH)
        .ok_or_else(|| damaged(&format!("its size is {width} x {height}")))
}

/// Draws an SVG on white.
pub(crate) fn read_page(bytes: &[u8]) -> Result<FigurePage, FigureSourceError> {
    let tree = Tree::from_data(bytes, &options()).map_err(|error| damaged(&error.to_string()))?;
    let pixels_per_inch = resolution_of(&tree)?;
    let (width, height) = (f64::from(tree.size().width()), f64::from(tree.size().height()));
    let scale = pixels_per_inch / UNITS_PER_INCH;
    check_effort(&tree, scale)?;
    let pixels = |units: f64| (units * scale).round().max(1.0) as u32;
    let mut pixmap = Pixmap::new(pixels(width), pixels(height))
        .ok_or_else(|| damaged(&format!("its size is {width} x {height}")))?;
    pixmap.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut pixmap.as_mut());
    let image = RgbImage::from_fn(pixmap.width(), pixmap.height(), |x, y| {
        // White below everything leaves no pixel transparent.
        let pixel = pixmap.pixel(x, y).map_or([255; 3], |p| [p.red(), p.green(), p.blue()]);
        image::Rgb(pixel)
    });
    Ok(FigurePage { image, format: "svg".into(), page: None, pixels_per_inch: Some(pixels_per_inch) })
}

fn options() -> Options<'static> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_serif_family(FONT_FAMILY);
    fonts.set_sans_serif_family(FONT_FAMILY);
    fonts.set_monospace_family(FONT_FAMILY);
    fonts.set_cursive_family(FONT_FAMILY);
    fonts.set_fantasy_family(FONT_FAMILY);
    let embedded = ImageHrefResolver::default_data_resolver();
    Options {
        font_family: FONT_FAMILY.into(),
        fontdb: Arc::new(fonts),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(
                move |mime, data, options| {
                    if is_acceptable(&data) { embedded(mime, data, options) } else { None }
                },
            ),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    }
}

/// Whether an embedded picture is a raster of tolerable size; an SVG inside an SVG is not drawn.
fn is_acceptable(data: &[u8]) -> bool {
    let known = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP];
    ImageReader::new(Cursor::new(data))
        .with_guessed_format()
        .ok()
        .filter(|reader| reader.format().is_some_and(|format| known.contains(&format)))
        .and_then(|reader| reader.into_dimensions().ok())
        .is_some_and(|(width, height)| check_size("svg", width, height).is_ok())
}

fn damaged(reason: &str) -> FigureSourceError {
    FigureSourceError::Damaged { format: "svg", reason: reason.into() }
}
