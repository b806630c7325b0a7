//! From a crop to the network's input: ink found, dark on light, 48 px high.

use image::imageops::{FilterType, resize};
use image::{GrayImage, Luma, imageops};

/// Height of the network's input.
pub(crate) const LINE_HEIGHT: u32 = 48;

/// Widest input; a longer line is squeezed rather than letting one crop take all memory.
const MAXIMUM_WIDTH: u32 = 2400;

/// Below this range of grey values there is nothing to read.
const MINIMUM_CONTRAST: u8 = 16;

/// Ink differs from the ground by more than this share of the largest difference; less is blur or JPEG noise.
const INK_SHARE: f64 = 0.35;

/// Ground left around the ink, as a share of its height. Chosen by measurement on rendered numbers.
const MARGIN: f64 = 0.1;

/// A line of text ready for the network.
#[derive(Debug)]
pub(crate) struct Line {
    /// Dark ink on light ground, [`LINE_HEIGHT`] high.
    pub(crate) image: GrayImage,
}

/// Finds the ink of a crop, trims and pads it evenly and scales it; `None` when there is no ink.
pub(crate) fn prepare_crop(crop: &GrayImage) -> Option<Line> {
    let ground = border_median(crop)?;
    let largest = crop.pixels().map(|p| p.0[0].abs_diff(ground)).max()?;
    if largest < MINIMUM_CONTRAST {
        return None;
    }
    let (left, top, right, bottom) = ink_box(crop, ground, f64::from(largest) * INK_SHARE)?;
    // One pixel more on each side keeps the soft edge of the ink; where the crop ends at the ink it becomes ground.
    let mut ink = GrayImage::from_pixel(right - left + 3, bottom - top + 3, Luma([ground]));
    imageops::replace(&mut ink, crop, 1 - i64::from(left), 1 - i64::from(top));
    let mut ground = ground;
    if ground < 128 {
        imageops::invert(&mut ink);
        ground = 255 - ground;
    }
    let margin = (f64::from(ink.height()) * MARGIN).round() as u32;
    let mut framed =
        GrayImage::from_pixel(ink.width() + 2 * margin, ink.height() + 2 * margin, Luma([ground]));
    imageops::replace(&mut framed, &ink, i64::from(margin), i64::from(margin));
    let width = f64::from(framed.width()) * f64::from(LINE_HEIGHT) / f64::from(framed.height());
    let width = (width.round() as u32).clamp(1, MAXIMUM_WIDTH);
    Some(Line { image: resize(&framed, width, LINE_HEIGHT, FilterType::CatmullRom) })
}

/// Median grey value along the border: the ground that the text stands on.
fn border_median(crop: &GrayImage) -> Option<u8> {
    let (width, height) = crop.dimensions();
    if width == 0 || height == 0 {
        return None;
    }
    let rows = (0..width).flat_map(|x| [(x, 0), (x, height - 1)]);
    let columns = (0..height).flat_map(|y| [(0, y), (width - 1, y)]);
    let mut border: Vec<u8> = rows.chain(columns).map(|(x, y)| crop.get_pixel(x, y).0[0]).collect();
    border.sort_unstable();
    border.get(border.len() / 2).copied()
}

/// Left, top, right and bottom (inclusive) of the pixels that differ from the ground by more than `threshold`.
fn ink_box(crop: &GrayImage, ground: u8, threshold: f64) -> Option<(u32, u32, u32, u32)> {
    crop.enumerate_pixels()
        .filter(|(_, _, p)| f64::from(p.0[0].abs_diff(ground)) > threshold)
        .map(|(x, y, _)| (x, y, x, y))
        .reduce(|a, b| (a.0.min(b.0), a.1.min(b.1), a.2.max(b.2), a.3.max(b.3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(width: u32, height: u32, ground: u8, ink: u8) -> GrayImage {
        let mut crop = GrayImage::from_pixel(width, height, Luma([ground]));
        for y in 4..height - 4 {
            crop.put_pixel(width / 2, y, Luma([ink]));
        }
        crop
    }

    #[test]
    fn a_crop_without_ink_gives_no_line() {
        assert!(prepare_crop(&GrayImage::new(0, 0)).is_none());
        assert!(prepare_crop(&GrayImage::new(5, 0)).is_none());
        assert!(prepare_crop(&GrayImage::from_pixel(9, 9, Luma([200]))).is_none());
    }

    #[test]
    fn light_text_on_dark_ground_becomes_the_same_line_as_dark_on_light() {
        let dark = prepare_crop(&bar(20, 24, 255, 0)).map(|l| l.image);
        let light = prepare_crop(&bar(20, 24, 0, 255)).map(|l| l.image);
        assert!(dark.is_some());
        assert_eq!(dark, light);
    }

    #[test]
    fn ground_around_the_ink_does_not_matter() {
        let tight = prepare_crop(&bar(20, 24, 255, 0)).map(|l| l.image);
        let mut wide = GrayImage::from_pixel(50, 60, Luma([255]));
        imageops::replace(&mut wide, &bar(20, 24, 255, 0), 17, 21);
        assert_eq!(tight, prepare_crop(&wide).map(|l| l.image));
    }

    #[test]
    fn a_very_long_line_stays_within_the_widest_input() {
        let mut crop = GrayImage::from_pixel(9000, 12, Luma([255]));
        for x in 10..8990 {
            crop.put_pixel(x, 6, Luma([0]));
        }
        assert_eq!(prepare_crop(&crop).map(|l| l.image.width()), Some(MAXIMUM_WIDTH));
    }
}
