//! How much of each pixel of a plot area is covered by the ink of one line colour.

use crate::color::{Srgb, dot, length, subtract};
use crate::ink::InkPage;
use crate::plane::{ColumnPlane, Rect};

/// What a plot area looks like to one line colour. Coordinates are relative to `area`.
#[derive(Debug, Clone)]
pub(crate) struct Coverage {
    pub(crate) area: Rect,
    /// Share of the pixel covered by the colour, 0 to 1.
    pub(crate) own: ColumnPlane<f32>,
    /// Share of the pixel covered by anything else than ground: the colour may be hidden there.
    pub(crate) other: ColumnPlane<f32>,
}

/// Distance of a colour from the mixing line of ground and ink at which it no longer counts as a mixture.
const MIXTURE_TOLERANCE: f32 = 0.11;

/// How far beyond the typical colour of a line its ink may lie, as a share of its distance from the ground.
const OVERSHOOT: f32 = 0.3;
/// A pixel this close to a ground, or to the transition between two, is no ink.
const GROUND_NOISE: f32 = 0.035;

/// Distances from the ground up to which ink hides nothing, and from which it hides all.
const FAINT_INK: f32 = 0.2;
const OPAQUE_INK: f32 = 0.45;

/// Longer runs of ink are no line.
pub(crate) const TALLEST_STROKE: usize = 14;

/// Rows of fringe that compression adds to a line, both edges together: two of a block of 2 x 2 pixels that share their colour,
/// and as much of ringing.
pub(crate) const WIDEST_FRINGE: usize = 5;
/// Ink below this ends a fringe.
const FAINTEST_FRINGE: f32 = 0.25;
/// Pixels that the centre of a line's own colour may lie beside that of all its ink.
const MOST_LOPSIDED: f64 = 0.75;

/// Where no stretch of a line runs flat, longer runs of ink than this are marks.
const WIDEST_DOTS: f64 = 4.0;

/// A pixel of a plot area that is no ground.
#[derive(Debug, Clone, Copy)]
struct InkPixel {
    x: usize,
    y: usize,
    color: Srgb,
    /// How far it hides what lies below, 0 to 1: faint ink such as a grid lies below curves and hides none.
    opaque: f32,
    /// A person says that what is drawn here is to be ignored: any line may be hidden.
    masked: bool,
    /// It is part of a text, a legend or an inset.
    text: bool,
}

/// The pixels of a plot area that are no ground: found once, asked for every colour.
#[derive(Debug, Clone)]
pub(crate) struct PlotInk {
    area: Rect,
    pixels: Vec<InkPixel>,
    texts: Vec<Rect>,
}

/// A line in one column with its fringes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FringedStroke {
    pub(crate) center: f64,
    pub(crate) thickness: f64,
}

impl PlotInk {
    /// `texts` are boxes of words on the page.
    pub(crate) fn of(page: &InkPage, area: Rect, grounds: &[Srgb], texts: &[Rect]) -> Self {
        let texts: Vec<Rect> = texts.iter().copied().filter(|text| text.overlaps(&area)).collect();
        let mut pixels = Vec::new();
        for x in 0..area.width() {
            for y in 0..area.height() {
                let color = page.colors.get(area.left + x, area.top + y);
                if page.is_masked(area.left + x, area.top + y) {
                    pixels.push(InkPixel { x, y, color, opaque: 1.0, masked: true, text: false });
                    continue;
                }
                if is_ground(color, grounds) {
                    continue;
                }
                let nearest = grounds
                    .iter()
                    .map(|&ground| length(subtract(color, ground)))
                    .fold(f32::INFINITY, f32::min);
                let opaque = ((nearest - FAINT_INK) / (OPAQUE_INK - FAINT_INK)).clamp(0.0, 1.0);
                let (column, row) = ((area.left + x) as f64, (area.top + y) as f64);
                let text = texts.iter().any(|text| text.contains(column, row));
                pixels.push(InkPixel { x, y, color, opaque, masked: false, text });
            }
        }
        Self { area, pixels, texts }
    }

    /// All ink, whatever its colour: `own` where `is_wanted` says so (in coordinates of the area), `other` elsewhere.
    pub(crate) fn any_ink(&self, is_wanted: impl Fn(usize, usize) -> bool) -> Coverage {
        let mut own = ColumnPlane::filled(self.area.width(), self.area.height(), 0.0);
        let mut other = own.clone();
        for pixel in &self.pixels {
            let wanted = !pixel.masked && is_wanted(pixel.x, pixel.y);
            if wanted { &mut own } else { &mut other }.set(pixel.x, pixel.y, pixel.opaque);
        }
        Coverage { area: self.area, own, other }
    }

    /// Whether a pixel, in coordinates of the area, lies in a text, a legend or an inset.
    pub(crate) fn is_text(&self, x: usize, y: usize) -> bool {
        let (column, row) = ((self.area.left + x) as f64, (self.area.top + y) as f64);
        self.texts.iter().any(|text| text.contains(column, row))
    }

    /// Turns texts, legends and insets into ink that hides lines and is none.
    pub(crate) fn hide_texts(&self, coverage: &mut Coverage) {
        for pixel in self.pixels.iter().filter(|pixel| pixel.text) {
            coverage.own.set(pixel.x, pixel.y, 0.0);
            coverage.other.set(pixel.x, pixel.y, pixel.opaque);
        }
    }

    /// Measures the coverage by `color`. A pixel is taken as a mixture of the colour and the ground that explain
    /// it best; renderers mix in encoded sRGB, so the projection is done there.
    pub(crate) fn coverage_by(&self, color: Srgb, grounds: &[Srgb]) -> Coverage {
        let mut own = ColumnPlane::filled(self.area.width(), self.area.height(), 0.0);
        let mut other = own.clone();
        for pixel in &self.pixels {
            let share = if pixel.masked { 0.0 } else { share_of(pixel.color, color, grounds) };
            own.set(pixel.x, pixel.y, share);
            other.set(pixel.x, pixel.y, (pixel.opaque - share).max(0.0));
        }
        Coverage { area: self.area, own, other }
    }
}

/// The share of `pixel` that is `color`.
fn share_of(pixel: Srgb, color: Srgb, grounds: &[Srgb]) -> f32 {
    let mut best = (f32::INFINITY, 0.0_f32);
    for &ground in grounds {
        let axis = subtract(color, ground);
        let offset = subtract(pixel, ground);
        let reach = dot(axis, axis);
        if reach < 0.01 {
            continue;
        }
        // Somewhat beyond the typical colour lies the same line, drawn twice or sharpened; farther beyond it lies
        // darker ink of another line.
        let share = (dot(offset, axis) / reach).clamp(0.0, 1.0 + OVERSHOOT);
        let residual = length(subtract(offset, [axis[0] * share, axis[1] * share, axis[2] * share]));
        if residual < best.0 {
            best = (residual, share);
        }
    }
    let likeness = (-(best.0 / MIXTURE_TOLERANCE).powi(2)).exp();
    best.1.min(1.0) * likeness
}

/// True for a ground and for the transition between two grounds: the edge of a band.
fn is_ground(pixel: Srgb, grounds: &[Srgb]) -> bool {
    grounds.iter().enumerate().any(|(index, &from)| {
        length(subtract(pixel, from)) < GROUND_NOISE
            || grounds[index + 1..].iter().any(|&to| {
                let axis = subtract(to, from);
                let offset = subtract(pixel, from);
                let share = dot(offset, axis) / dot(axis, axis).max(1e-6);
                let foot = [axis[0] * share, axis[1] * share, axis[2] * share];
                (0.0..=1.0).contains(&share) && length(subtract(offset, foot)) < GROUND_NOISE
            })
    })
}

impl Coverage {
    pub(crate) fn width(&self) -> usize {
        self.own.width()
    }

    pub(crate) fn height(&self) -> usize {
        self.own.height()
    }

    /// Turns it upside down.
    pub(crate) fn mirror(&mut self) {
        for x in 0..self.width() {
            self.own.column_mut(x).reverse();
            self.other.column_mut(x).reverse();
        }
    }

    /// Adds ink of the colour wherever there is less than in `more`.
    pub(crate) fn add(&mut self, more: &ColumnPlane<f32>) {
        for x in 0..self.width() {
            let (own, other) = (self.own.column_mut(x), self.other.column_mut(x));
            for ((own, other), &more) in own.iter_mut().zip(other).zip(more.column(x)) {
                let gained = (more - *own).max(0.0);
                *own += gained;
                *other = (*other - gained).max(0.0);
            }
        }
    }

    /// Turns the ink at a pixel into something that hides the colour rather than being it.
    pub(crate) fn hide(&mut self, x: usize, y: usize) {
        let hidden = self.own.get(x, y).max(self.other.get(x, y));
        self.own.set(x, y, 0.0);
        self.other.set(x, y, hidden);
    }

    /// Turns the ink at all pixels that are inked in `others` into something that hides the colour.
    pub(crate) fn hide_inked(&mut self, others: &ColumnPlane<f32>) {
        for x in 0..self.width() {
            for y in 0..self.height() {
                if others.get(x, y) > 0.0 {
                    self.hide(x, y);
                }
            }
        }
    }

    /// Removes the ink at a pixel as if nothing had been drawn there.
    pub(crate) fn erase(&mut self, x: usize, y: usize) {
        self.own.set(x, y, 0.0);
        self.other.set(x, y, 0.0);
    }

    /// The ink that stands by itself around a pixel of a column, at most `tallest` rows of it, where most of it is of this
    /// colour and the rest lies along both its edges: compression leaves fringes of other colours around a line.
    pub(crate) fn fringed_stroke(&self, x: usize, row: usize, tallest: usize) -> Option<FringedStroke> {
        let ink = |y: usize| (self.own.get(x, y) + self.other.get(x, y)).min(1.0);
        let is_inked = |&y: &usize| ink(y) >= FAINTEST_FRINGE;
        let top = (row.saturating_sub(tallest)..=row).rev().take_while(is_inked).last()?;
        let bottom = (row..(row + tallest).min(self.height())).take_while(is_inked).last()?;
        if bottom + 1 - top > tallest {
            return None;
        }
        let (mut mass, mut moment, mut own_mass, mut own_moment) = (0.0, 0.0, 0.0, 0.0);
        for y in top..=bottom {
            let (own, middle) = (f64::from(self.own.get(x, y)), y as f64 + 0.5);
            own_mass += own;
            own_moment += own * middle;
            mass += f64::from(ink(y));
            moment += f64::from(ink(y)) * middle;
        }
        let center = moment / mass;
        let is_fringe = own_mass >= 0.5 * mass && (center - own_moment / own_mass).abs() <= MOST_LOPSIDED;
        is_fringe.then_some(FringedStroke { center, thickness: mass })
    }

    /// Typical width of the lines of this colour: the smallest frequent length of vertical runs of ink on stretches
    /// where the line runs flat, or of all runs where none does, as on a dotted line. Censor marks that touch each other
    /// make longer runs, frequent too.
    pub(crate) fn line_width(&self) -> f64 {
        let (mut flat, mut all) = (Vec::new(), Vec::new());
        for x in (2..self.width().saturating_sub(2)).step_by(2) {
            let mut y = 0;
            while y < self.height() {
                if self.own.get(x, y) < 0.3 {
                    y += 1;
                    continue;
                }
                let start = y;
                let (mut mass, mut peak) = (0.0, 0.0_f32);
                while y < self.height() && self.own.get(x, y) >= 0.12 {
                    mass += self.own.get(x, y);
                    peak = peak.max(self.own.get(x, y));
                    y += 1;
                }
                let middle = (start + y) / 2;
                if peak >= 0.6 && y - start <= TALLEST_STROKE {
                    all.push(mass);
                    if self.own.get(x - 2, middle) > 0.3 && self.own.get(x + 2, middle) > 0.3 {
                        flat.push(mass);
                    }
                }
            }
        }
        let thin = all.iter().filter(|&&length| f64::from(length) <= WIDEST_DOTS).count();
        let of_dots =
            || smallest_frequent(&all).filter(|&length| length <= WIDEST_DOTS && 2 * thin >= all.len());
        let of_line = smallest_frequent(&flat);
        // Dense marks run flat as well.
        let width = of_line.filter(|&length| length <= WIDEST_DOTS).or_else(of_dots).or(of_line);
        width.map_or(2.0, |length| length.clamp(1.0, 12.0))
    }
}

/// The mean of the smallest group of lengths that is at least a quarter as frequent as the most frequent group.
fn smallest_frequent(lengths: &[f32]) -> Option<f64> {
    let near = |center: f32| lengths.iter().copied().filter(move |length| (length - center).abs() <= 0.75);
    let centers = (2..=30).map(|step| step as f32 * 0.5);
    let most = centers.clone().map(|center| near(center).count()).max().filter(|&most| most > 0)?;
    // The first group may hold only the lower half of a peak: its neighbour is asked too.
    let first = centers.clone().find(|&center| near(center).count() * 4 >= most)?;
    let peak = centers
        .filter(|&center| center >= first && center <= first + 1.0)
        .max_by_key(|&center| (near(center).count(), std::cmp::Reverse((center * 2.0) as u32)))?;
    let count = near(peak).count() as f64;
    Some(near(peak).map(f64::from).sum::<f64>() / count)
}
