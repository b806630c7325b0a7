//! Figures as pictures: PNG and TIFF.

use std::io::Cursor;

use resvg::tiny_skia::{Pixmap, Transform};
use tiff::encoder::{Compression, Predictor, Rational, TiffEncoder, colortype::RGB8};
use tiff::tags::ResolutionUnit;

use crate::figure::CSS_DPI;
use crate::{Figure, Fonts, PlotError};

/// Largest picture that is drawn, in pixels.
const MAX_PIXELS: f64 = 2.0e8;

/// The figure with `scale` picture pixels to a CSS pixel.
fn draw(figure: &Figure, scale: f64, fonts: &Fonts) -> Result<Pixmap, PlotError> {
    if !(scale.is_finite() && scale > 0.0) {
        return Err(PlotError::Scale { scale });
    }
    let tree = figure.tree(fonts)?;
    let (width, height) = ((figure.width * scale).round().max(1.0), (figure.height * scale).round().max(1.0));
    let too_large = PlotError::TooLarge { width, height };
    if width * height > MAX_PIXELS {
        return Err(too_large);
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded, positive and bounded by MAX_PIXELS above"
    )]
    let mut picture = Pixmap::new(width as u32, height as u32).ok_or(too_large)?;
    // From the size of the elements, which a theme may draw larger or smaller than the figure's.
    let (across, down) = (width / f64::from(tree.size().width()), height / f64::from(tree.size().height()));
    #[allow(clippy::cast_possible_truncation, reason = "the rasterizer works in f32")]
    let transform = Transform::from_scale(across as f32, down as f32);
    resvg::render(&tree, transform, &mut picture.as_mut());
    Ok(picture)
}

/// The figure as PNG that states its resolution.
pub(crate) fn png(figure: &Figure, scale: f64, fonts: &Fonts) -> Result<Vec<u8>, PlotError> {
    let picture = draw(figure, scale, fonts)?;
    let png = picture.encode_png().map_err(|error| PlotError::Png(error.to_string()))?;
    Ok(with_resolution(png, scale * CSS_DPI))
}

/// The figure as TIFF: RGB without transparency, LZW, with its resolution.
pub(crate) fn tiff(figure: &Figure, scale: f64, fonts: &Fonts) -> Result<Vec<u8>, PlotError> {
    let picture = draw(figure, scale, fonts)?;
    let pixels: Vec<u8> = picture.data().chunks_exact(4).flat_map(over_white).collect();
    let mut file = Cursor::new(Vec::new());
    encode_tiff(&mut file, &picture, &pixels, scale * CSS_DPI)
        .map_err(|error| PlotError::Tiff(error.to_string()))?;
    Ok(file.into_inner())
}

fn encode_tiff(
    file: &mut Cursor<Vec<u8>>,
    picture: &Pixmap,
    pixels: &[u8],
    dpi: f64,
) -> Result<(), tiff::TiffError> {
    let mut encoder =
        TiffEncoder::new(file)?.with_compression(Compression::Lzw).with_predictor(Predictor::Horizontal);
    let mut image = encoder.new_image::<RGB8>(picture.width(), picture.height())?;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a resolution of some hundred dots; hundredths keep 299.99 apart from 300"
    )]
    let hundredths = (dpi * 100.0).round() as u32;
    image.resolution(ResolutionUnit::Inch, Rational { n: hundredths, d: 100 });
    image.write_data(pixels)
}

/// A pixel with premultiplied transparency, on white.
fn over_white(pixel: &[u8]) -> [u8; 3] {
    let white = 255 - pixel[3];
    [pixel[0].saturating_add(white), pixel[1].saturating_add(white), pixel[2].saturating_add(white)]
}

/// Length of a PNG's signature and its first chunk, which states width and height.
const HEADER: usize = 8 + 25;

/// Writes the chunk `pHYs` (pixels per metre) behind the header of a PNG.
fn with_resolution(png: Vec<u8>, dpi: f64) -> Vec<u8> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, some thousands")]
    let per_metre = (dpi / 0.0254).round() as u32;
    let mut content = b"pHYs".to_vec();
    content.extend(per_metre.to_be_bytes());
    content.extend(per_metre.to_be_bytes());
    content.push(1);
    let mut file = Vec::with_capacity(png.len() + 21);
    file.extend_from_slice(&png[..HEADER.min(png.len())]);
    file.extend(9_u32.to_be_bytes());
    file.extend_from_slice(&content);
    file.extend(checksum(&content).to_be_bytes());
    file.extend_from_slice(&png[HEADER.min(png.len())..]);
    file
}

/// The CRC-32 of PNG (ISO 3309), bit by bit: it runs over 13 bytes.
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FigureFormat, Svg, TextStyle};

    fn figure() -> Figure {
        let mut svg = Svg::new();
        svg.text(5.0, 20.0, "Étude", &TextStyle::new(16.0));
        svg.finish(80.0, 30.0, "t", String::new())
    }

    #[test]
    fn checksum_is_that_of_the_standard() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn png_states_its_resolution_and_can_be_read() {
        let file = figure().to_file(FigureFormat::Png, 300.0, &Fonts::embedded()).unwrap();
        let place = file.windows(4).position(|window| window == b"pHYs").unwrap();
        assert_eq!(u32::from_be_bytes(file[place + 4..place + 8].try_into().unwrap()), 11811);
        let read = Pixmap::decode_png(&file).unwrap();
        assert_eq!((read.width(), read.height()), (250, 94));
    }

    #[test]
    fn tiff_states_its_resolution_and_holds_the_same_pixels_as_the_png() {
        let tiff = figure().to_file(FigureFormat::Tiff, 192.0, &Fonts::embedded()).unwrap();
        let mut decoder = tiff::decoder::Decoder::new(Cursor::new(tiff)).unwrap();
        assert_eq!(decoder.dimensions().unwrap(), (160, 60));
        let resolution = decoder.get_tag(tiff::tags::Tag::XResolution).unwrap();
        assert!(format!("{resolution:?}").contains("19200"), "{resolution:?}");
        let tiff::decoder::DecodingResult::U8(pixels) = decoder.read_image().unwrap() else {
            panic!("not bytes");
        };
        let png = Pixmap::decode_png(&figure().to_png(2.0).unwrap()).unwrap();
        let expected: Vec<u8> = png.data().chunks_exact(4).flat_map(over_white).collect();
        assert_eq!(pixels, expected);
    }

    #[test]
    fn sizes_that_cannot_be_drawn_are_refused() {
        for dpi in [0.0, -1.0, f64::NAN] {
            let error = figure().to_file(FigureFormat::Png, dpi, &Fonts::embedded());
            assert!(matches!(error, Err(PlotError::Scale { .. })));
        }
        let error = figure().to_file(FigureFormat::Tiff, 1e6, &Fonts::embedded());
        assert!(matches!(error, Err(PlotError::TooLarge { .. })));
    }

    #[test]
    fn characters_without_a_glyph_are_known() {
        let mut svg = Svg::new();
        svg.text(5.0, 20.0, "Étude 试验 τ² ≤ 1", &TextStyle::new(16.0));
        let figure = svg.finish(200.0, 30.0, "t", String::new());
        assert_eq!(figure.missing_glyphs(&Fonts::embedded()), ['试', '验']);
        assert!(matches!(Fonts::with_files([b"no font".to_vec()]), Err(PlotError::Font { number: 1 })));
    }
}
