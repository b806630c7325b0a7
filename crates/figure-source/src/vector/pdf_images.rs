//! Pictures embedded in a PDF, as their own samples.

use hayro::hayro_interpret::{Image, ImageData, LumaData, Paint};
use hayro::kurbo::{Affine, Rect};
use image::{Rgb, RgbImage};

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
    let samples = u64::from(width) * u64::from(height);
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
    if *taken + samples > MAXIMUM_PIXELS {
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
