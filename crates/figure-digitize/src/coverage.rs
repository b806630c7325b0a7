//! How much of each pixel of a plot area is covered by the ink of one line colour.

use crate::color::{Srgb, dot, length, subtract};
use crate::ink::InkPage;
use crate::palette::Palette;
use crate::plane::{Plane, Rect};

/// What a plot area looks like to one line colour. Coordinates are relative to `area`.
#[derive(Debug, Clone)]
pub(crate) struct Coverage {
    pub(crate) area: Rect,
    /// Share of the pixel covered by the colour, 0 to 1.
    pub(crate) own: Plane<f32>,
    /// Share of the pixel covered by anything else than ground: the colour may be hidden there.
    pub(crate) other: Plane<f32>,
}

/// Distance of a colour from the mixing line of ground and ink at which it no longer counts as a mixture.
const MIXTURE_TOLERANCE: f32 = 0.11;

/// Measures the coverage by `color`. A pixel is taken as a mixture of the colour and the ground that explain
/// it best; renderers mix in encoded sRGB, so the projection is done there.
pub(crate) fn coverage_of(page: &InkPage, area: Rect, palette: &Palette, color: Srgb) -> Coverage {
    let mut own = Plane::filled(area.width(), area.height(), 0.0);
    let mut other = Plane::filled(area.width(), area.height(), 0.0);
    for y in 0..area.height() {
        for x in 0..area.width() {
            let pixel = page.colors.get(area.left + x, area.top + y);
            let (share, foreign) = mixture(pixel, color, &palette.grounds);
            own.set(x, y, share);
            other.set(x, y, foreign);
        }
    }
    Coverage { area, own, other }
}

/// The share of `pixel` that is `color`, and the share that is something else again.
fn mixture(pixel: Srgb, color: Srgb, grounds: &[Srgb]) -> (f32, f32) {
    let mut best = (f32::INFINITY, 0.0_f32);
    let mut nearest_ground = f32::INFINITY;
    for &ground in grounds {
        let axis = subtract(color, ground);
        let offset = subtract(pixel, ground);
        nearest_ground = nearest_ground.min(length(offset));
        let reach = dot(axis, axis);
        if reach < 0.01 {
            continue;
        }
        // Beyond the pure colour lies darker ink of another line.
        let share = (dot(offset, axis) / reach).clamp(0.0, 1.0);
        let residual = length(subtract(offset, [axis[0] * share, axis[1] * share, axis[2] * share]));
        if residual < best.0 {
            best = (residual, share);
        }
    }
    let likeness = (-(best.0 / MIXTURE_TOLERANCE).powi(2)).exp();
    let own = best.1 * likeness;
    let foreign = ((nearest_ground / 0.35).min(1.0) - own).max(0.0);
    (own, foreign)
}

impl Coverage {
    pub(crate) fn width(&self) -> usize {
        self.own.width()
    }

    pub(crate) fn height(&self) -> usize {
        self.own.height()
    }

    /// Turns the ink at a pixel into something that hides the colour rather than being it.
    pub(crate) fn hide(&mut self, x: usize, y: usize) {
        let hidden = self.own.get(x, y).max(self.other.get(x, y));
        self.own.set(x, y, 0.0);
        self.other.set(x, y, hidden);
    }

    /// Typical width of the lines of this colour: the median length of vertical runs of ink on stretches where
    /// the line runs flat.
    pub(crate) fn line_width(&self) -> f64 {
        let mut lengths = Vec::new();
        for x in (2..self.width().saturating_sub(2)).step_by(2) {
            let mut y = 0;
            while y < self.height() {
                if self.own.get(x, y) < 0.3 {
                    y += 1;
                    continue;
                }
                let start = y;
                let mut mass = 0.0;
                while y < self.height() && self.own.get(x, y) >= 0.12 {
                    mass += self.own.get(x, y);
                    y += 1;
                }
                let middle = (start + y) / 2;
                let flat = self.own.get(x - 2, middle) > 0.3 && self.own.get(x + 2, middle) > 0.3;
                if flat && y - start <= 14 {
                    lengths.push(mass);
                }
            }
        }
        if lengths.is_empty() {
            return 2.0;
        }
        lengths.sort_by(f32::total_cmp);
        f64::from(lengths[lengths.len() / 2]).clamp(1.0, 12.0)
    }
}
