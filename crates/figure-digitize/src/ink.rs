//! What on a page is ink: its background, and how far each pixel stands out from it.

use std::collections::BTreeMap;

use image::RgbImage;

use crate::color::{Srgb, contrast, from_pixel};
use crate::plane::{Plane, Rect};

/// Contrast (largest channel difference to the background, 0 to 1) from which a pixel counts as ink of text
/// and axes. Grid lines of the common themes (`#ebebeb`) lie below, light grey text above.
pub(crate) const INK_CONTRAST: f32 = 0.25;

/// A page as colours, with its background and the contrast of each pixel to it.
#[derive(Debug, Clone)]
pub(crate) struct InkPage {
    pub(crate) colors: Plane<Srgb>,
    pub(crate) contrast: Plane<f32>,
    pub(crate) background: Srgb,
    /// Where ink is to be ignored: nothing is seen there, and a curve may run on below.
    pub(crate) masks: Vec<Rect>,
}

impl InkPage {
    pub(crate) fn new(image: &RgbImage) -> Self {
        let colors = colors_of(image);
        let background = most_frequent_color(&colors);
        Self::of_colors(colors, background)
    }

    /// A part of a page, whose own colours may not show what the background is.
    pub(crate) fn with_background(image: &RgbImage, background: Srgb) -> Self {
        Self::of_colors(colors_of(image), background)
    }

    fn of_colors(colors: Plane<Srgb>, background: Srgb) -> Self {
        let contrast =
            Plane::from_fn(colors.width(), colors.height(), |x, y| contrast(colors.get(x, y), background));
        Self { colors, contrast, background, masks: Vec::new() }
    }

    /// Empties everything outside `area`.
    pub(crate) fn crop(&mut self, area: Rect) {
        for y in 0..self.height() {
            for x in 0..self.width() {
                if !area.contains(x as f64, y as f64) {
                    self.empty(x, y);
                }
            }
        }
    }

    /// Empties an area, in which a curve may be hidden.
    pub(crate) fn mask(&mut self, area: Rect) {
        let (right, bottom) = (area.right.min(self.width()), area.bottom.min(self.height()));
        for y in area.top..bottom {
            for x in area.left..right {
                self.empty(x, y);
            }
        }
        self.masks.push(area);
    }

    pub(crate) fn empty(&mut self, x: usize, y: usize) {
        self.colors.set(x, y, self.background);
        self.contrast.set(x, y, 0.0);
    }

    /// Whether ink at a pixel is to be ignored.
    pub(crate) fn is_masked(&self, x: usize, y: usize) -> bool {
        self.masks.iter().any(|area| area.contains(x as f64, y as f64))
    }

    /// The greatest contrast of the page.
    pub(crate) fn darkest(&self) -> f32 {
        let rows = (0..self.height()).flat_map(|y| (0..self.width()).map(move |x| (x, y)));
        rows.map(|(x, y)| self.contrast.get(x, y)).fold(0.0, f32::max)
    }

    /// A part of the page.
    pub(crate) fn part(&self, area: Rect) -> Self {
        let colors =
            Plane::from_fn(area.width(), area.height(), |x, y| self.colors.get(area.left + x, area.top + y));
        Self::of_colors(colors, self.background)
    }

    pub(crate) fn width(&self) -> usize {
        self.colors.width()
    }

    pub(crate) fn height(&self) -> usize {
        self.colors.height()
    }

    pub(crate) fn is_ink(&self, x: usize, y: usize) -> bool {
        self.contrast.get(x, y) >= INK_CONTRAST
    }
}

fn colors_of(image: &RgbImage) -> Plane<Srgb> {
    Plane::from_fn(image.width() as usize, image.height() as usize, |x, y| {
        from_pixel(*image.get_pixel(x as u32, y as u32))
    })
}

/// The mean colour of the fullest bin of a histogram with 16 steps per channel. Bins keep a sum so that a
/// background between two steps is still found exactly.
fn most_frequent_color(colors: &Plane<Srgb>) -> Srgb {
    let mut bins: BTreeMap<[u8; 3], (u64, [f64; 3])> = BTreeMap::new();
    for y in 0..colors.height() {
        for x in 0..colors.width() {
            let color = colors.get(x, y);
            let bin = bins.entry(color.map(|channel| (channel * 15.99) as u8)).or_default();
            bin.0 += 1;
            for (sum, channel) in bin.1.iter_mut().zip(color) {
                *sum += f64::from(channel);
            }
        }
    }
    let fullest = bins.values().max_by_key(|(count, _)| *count);
    fullest.map_or([1.0; 3], |(count, sum)| sum.map(|channel| (channel / *count as f64) as f32))
}
