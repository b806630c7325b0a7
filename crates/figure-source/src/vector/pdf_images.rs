//! Pictures embedded in a PDF, as their own samples.

use hayro::hayro_interpret::{Image, ImageData, LumaData, Paint};
use hayro::kurbo::{Affine, Rect};
use image::{Rgb, RgbImage};

use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::{Array, Dict, Stream};

use super::{Bounds, EmbeddedImage};
use crate::limits::MAXIMUM_PIXELS;

/// A picture narrower or lower on the page, in inches, holds no figure that could be read.
const SMALLEST_INCHES: (f64, f64) = (1.2, 0.8);
/// A picture of fewer samples across or down holds none either.
const FEWEST_SAMPLES: (u32, u32) = (160, 120);

/// The picture, when it may be a figure; nothing when it is too small. `taken` counts the samples of a page.
///
/// # Errors
/// A sentence when the picture is large enough but cannot be used.
pub(crate) fn embedded_image(
    image: &Image<'_, '_>,
    transform: Affine,
    clip: &Bounds,
    pixels_per_inch: f64,
    taken: &mut u64,
) -> Result<Option<EmbeddedImage>, String> {
    let (width, height) = (image.width(), image.height());
    let samples = picture_samples(image);
    // A picture's samples fill a rectangle of its own size; the first row is at the bottom of PDF's upward axis.
    let area = transform.transform_rect_bbox(Rect::new(0.0, 0.0, f64::from(width), f64::from(height)));
    let bounds = Bounds { left: area.x0, top: area.y0, right: area.x1, bottom: area.y1 };
    let is_finite =
        [bounds.left, bounds.top, bounds.right, bounds.bottom].iter().all(|edge| edge.is_finite());
    let seen = bounds.intersection(clip);
    if !is_finite
        || width < FEWEST_SAMPLES.0
        || height < FEWEST_SAMPLES.1
        || seen.width() < SMALLEST_INCHES.0 * pixels_per_inch
        || seen.height() < SMALLEST_INCHES.1 * pixels_per_inch
    {
        return Ok(None);
    }
    if taken.saturating_add(samples) > MAXIMUM_PIXELS {
        return Err(format!(
            "a picture of {width} x {height} samples is not read: the page holds more than can be kept"
        ));
    }
    *taken += samples;
    let decoded = match image {
        Image::Raster(raster) => {
            let mut decoded = None;
            raster.with_rgba(|data, alpha| decoded = over_white(&data, alpha.as_ref()), None);
            decoded
        }
        Image::Stencil(stencil) => {
            let mut decoded = None;
            stencil.with_stencil(|luma, paint| decoded = stencilled(&luma, paint), None);
            decoded
        }
    };
    let decoded = decoded
        .ok_or_else(|| format!("an embedded picture of {width} x {height} samples cannot be decoded"))?;
    Ok(turned(decoded, transform).map(|samples| EmbeddedImage { samples, bounds }))
}

/// Samples that are unpacked for a picture and its masks. A picture packed by JPEG 2000, JBIG2 or fax states its size a
/// second time in its own data, and is unpacked at that size, whatever the page says.
pub(crate) fn picture_samples(image: &Image<'_, '_>) -> u64 {
    let stream = match image {
        Image::Raster(raster) => raster.stream(),
        Image::Stencil(stencil) => stencil.stream(),
    };
    let masks =
        [b"SMask".as_slice(), b"Mask"].into_iter().filter_map(|key| stream.dict().get::<Stream<'_>>(key));
    masks.map(|mask| stream_samples(&mask)).fold(stream_samples(stream), u64::saturating_add)
}

fn stream_samples(stream: &Stream<'_>) -> u64 {
    let dictionary = stream.dict();
    let side = |long: &[u8], short: &[u8]| {
        u64::from(dictionary.get::<u32>(long).or_else(|| dictionary.get::<u32>(short)).unwrap_or(0))
    };
    let (width, height) = (side(b"Width", b"W"), side(b"Height", b"H"));
    let filters = stream.filters();
    let own = match filters.as_slice() {
        [Filter::JpxDecode] => jpeg_2000_size(&stream.raw_data()),
        [Filter::Jbig2Decode] => jbig2_size(&stream.raw_data()),
        [.., Filter::CcittFaxDecode] => Some((fax_columns(dictionary), height)),
        // What is packed twice is not unpacked to look at it.
        [.., Filter::JpxDecode | Filter::Jbig2Decode] => return u64::MAX,
        _ => None,
    };
    let area = |(width, height): (u64, u64)| width.saturating_mul(height);
    area((width, height)).max(own.map_or(0, area))
}

fn number(bytes: &[u8]) -> Option<u64> {
    Some(bytes.get(..4)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Size of the reference grid (ISO 15444-1, A.5.1): it follows the marker FF51, its length and capabilities.
fn jpeg_2000_size(data: &[u8]) -> Option<(u64, u64)> {
    let start = data.windows(2).position(|pair| pair == [0xff, 0x51])?;
    Some((number(data.get(start + 6..)?)?, number(data.get(start + 10..)?)?))
}

/// Size of the page (ISO 14492, 7.4.8): its segment has type 48 and comes first.
fn jbig2_size(data: &[u8]) -> Option<(u64, u64)> {
    let flags = *data.get(4)?;
    let page_bytes = if flags & 0x40 == 0 { 1 } else { 4 };
    // Segment number, flags, count of references (none), page, length.
    let content = data.get(4 + 1 + 1 + page_bytes + 4..)?;
    let (width, height) = (number(content)?, number(content.get(4..)?)?);
    // A height that is not known yet is found by reading the segments that are there.
    (flags & 0x3f == 48 && height != u64::from(u32::MAX)).then_some((width, height))
}

/// Columns of a fax picture; 1728 unless stated (ISO 32000-1, table 11).
fn fax_columns(dictionary: &Dict<'_>) -> u64 {
    let keys = [b"DecodeParms".as_slice(), b"DP"];
    let parameters = keys.iter().find_map(|key| {
        let several = || dictionary.get::<Array<'_>>(key).and_then(|array| array.iter::<Dict<'_>>().last());
        dictionary.get::<Dict<'_>>(key).or_else(several)
    });
    u64::from(parameters.and_then(|parameters| parameters.get::<u32>(b"Columns")).unwrap_or(1728))
}

fn over_white(data: &ImageData, alpha: Option<&LumaData>) -> Option<RgbImage> {
    let (width, height) = (data.width(), data.height());
    let mut samples = match data {
        ImageData::Rgb(rgb) => RgbImage::from_raw(width, height, rgb.data.clone())?,
        ImageData::Luma(luma) => {
            let rgb = luma.data.iter().flat_map(|&level| [level; 3]).collect();
            RgbImage::from_raw(width, height, rgb)?
        }
    };
    if let Some(alpha) = alpha.filter(|alpha| alpha.width == width && alpha.height == height) {
        for (pixel, &alpha) in samples.pixels_mut().zip(&alpha.data) {
            let alpha = u32::from(alpha);
            pixel.0 =
                pixel.0.map(|channel| ((u32::from(channel) * alpha + 255 * (255 - alpha) + 127) / 255) as u8);
        }
    }
    Some(samples)
}

/// A stencil lets its paint through; what it keeps off stays white.
fn stencilled(luma: &LumaData, paint: &Paint<'_>) -> Option<RgbImage> {
    let rgb = match paint {
        Paint::Color(color) => {
            let [red, green, blue, _] = color.to_rgba().to_rgba8();
            [red, green, blue]
        }
        Paint::Pattern(_) => [128; 3],
    };
    let mut samples = RgbImage::from_pixel(luma.width, luma.height, Rgb([255; 3]));
    for (pixel, &level) in samples.pixels_mut().zip(&luma.data) {
        let level = u32::from(level);
        pixel.0 = rgb.map(|channel| ((u32::from(channel) * level + 255 * (255 - level) + 127) / 255) as u8);
    }
    Some(samples)
}

/// The picture as it stands on the page: turned by quarters and mirrored as the page does. Nothing when the page
/// slants it: then no axis of the figure would be level.
fn turned(picture: RgbImage, transform: Affine) -> Option<RgbImage> {
    use image::imageops::{flip_horizontal, flip_vertical, rotate90};
    let [a, b, c, d, _, _] = transform.as_coeffs();
    let upright = (b.abs() + c.abs()) <= 0.02 * (a.abs() + d.abs());
    let sideways = (a.abs() + d.abs()) <= 0.02 * (b.abs() + c.abs());
    if !upright && !sideways {
        return None;
    }
    // Sideways: the samples' columns run along the page's rows. Turning by a quarter maps (x, y) to (-y, x).
    let (picture, right, down) = if upright { (picture, a, d) } else { (rotate90(&picture), -c, b) };
    let picture = if right < 0.0 { flip_horizontal(&picture) } else { picture };
    Some(if down < 0.0 { flip_vertical(&picture) } else { picture })
}
