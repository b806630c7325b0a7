//! Raster files: decoded as they are, flattened onto white.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::error::LimitErrorKind;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use crate::limits::{MAXIMUM_DECODER_BYTES, MAXIMUM_PIXELS, MAXIMUM_SIDE, check_size};
use crate::{FigurePage, FigureSourceError, format};

/// Decodes one raster file. An animation is refused: which of its pictures is meant cannot be told.
pub(crate) fn read_page(bytes: &[u8], format: ImageFormat) -> Result<FigurePage, FigureSourceError> {
    let name = format::name(format);
    if format == ImageFormat::Jpeg {
        check_jpeg_end(bytes)?;
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(decoder_limits());
    let mut decoder = reader.into_decoder().map_err(|error| explain(name, &error))?;
    let (width, height) = decoder.dimensions();
    check_size(name, width, height)?;
    if is_animation(bytes, format) {
        let reason = "it is an animation, and which of its pictures is meant cannot be told".into();
        return Err(FigureSourceError::Unsupported { format: name, reason });
    }
    let orientation = decoder.orientation().map_err(|error| explain(name, &error))?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| explain(name, &error))?;
    picture.apply_orientation(orientation);
    Ok(FigurePage { image: flatten(picture), format: name.into(), page: None, pixels_per_inch: None })
}

fn decoder_limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAXIMUM_DECODER_BYTES);
    limits
}

/// Whether a file holds more than one picture in sequence. Damage is left to the decoder to report.
fn is_animation(bytes: &[u8], format: ImageFormat) -> bool {
    let content = Cursor::new(bytes);
    match format {
        ImageFormat::Gif => {
            let mut options = gif::DecodeOptions::new();
            options.skip_frame_decoding(true);
            let Ok(mut frames) = options.read_info(content) else { return false };
            (0..2).all(|_| matches!(frames.next_frame_info(), Ok(Some(_))))
        }
        ImageFormat::Png => PngDecoder::with_limits(content, decoder_limits())
            .and_then(|decoder| decoder.is_apng())
            .unwrap_or(false),
        ImageFormat::WebP => WebPDecoder::new(content).is_ok_and(|decoder| decoder.has_animation()),
        _ => false,
    }
}

/// The picture over white, 8 bits a channel.
fn flatten(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        let over_white = |channel: u8| {
            let alpha = u32::from(alpha);
            ((u32::from(channel) * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        };
        image::Rgb([red, green, blue].map(over_white))
    })
}

/// A JPEG that ends early decodes without an error, the rest of it grey: curves would end where the file does. The
/// last scan (marker FF DA) must be followed by the end-of-image marker (FF D9); neither occurs inside a scan.
fn check_jpeg_end(bytes: &[u8]) -> Result<(), FigureSourceError> {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    match (last(0xda), last(0xd9)) {
        (Some(scan), Some(end)) if end > scan => Ok(()),
        _ => Err(FigureSourceError::Damaged {
            format: "jpeg",
            reason: "the file ends before the picture does (no end-of-image marker)".into(),
        }),
    }
}

/// The decoder's error in terms of what to do about it.
fn explain(name: &'static str, error: &ImageError) -> FigureSourceError {
    match error {
        ImageError::Limits(limit) if !matches!(limit.kind(), LimitErrorKind::Unsupported { .. }) => {
            FigureSourceError::TooLarge {
                format: name,
                found: error.to_string(),
                limit: format!(
                    "{MAXIMUM_SIDE} pixels a side and {} million pixels",
                    MAXIMUM_PIXELS / 1_000_000
                ),
            }
        }
        ImageError::Unsupported(_) => {
            FigureSourceError::Unsupported { format: name, reason: error.to_string() }
        }
        _ => FigureSourceError::Damaged { format: name, reason: error.to_string() },
    }
}
