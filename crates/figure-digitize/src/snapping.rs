//! Takes back what a program does that sets its strokes on whole pixels.
//!
//! Programs that draw with shades of grey and still want crisp axes move every stroke to the nearest edge of a pixel, and a
//! stroke that is an odd number of pixels wide by another half pixel to the right and down, so that it fills whole pixels
//! (matplotlib's Agg: `floor(x + 0.5)`, and 0.5 more where the rounded width is odd). Ticks and curves of an odd width stand
//! half a pixel off on average, those of an even width do not. The centres of strokes that were moved lie on edges or middles
//! of pixels, whichever their width calls for, although the width itself is no whole number of pixels; where a program
//! knows no shades, not even for print, widths are whole numbers, and pixels are set where the stroke covers their middle:
//! nothing is moved on average. Programs that move nothing draw strokes at any place.

use kmeta_trial_data::{AxisCalibration, Origin};

use crate::axis_lines::{AxisPair, InkLine};
use crate::ink::InkPage;
use crate::median::median;
use crate::plane::Rect;
use crate::plot_curves::PlotCurves;
use crate::steps::Plateau;
use crate::ticks::TickMark;

/// How far from the edge or the middle of a pixel a stroke that was set there is measured, in pixels.
const PLACE_TOLERANCE: f64 = 0.12;
/// Share of an axis' ticks, or of a curve's levels, that must lie there.
const LEAST_SHARE: f64 = 0.8;
/// Fewest ticks of an axis, and fewest in all, that show it.
const FEWEST_TICKS: usize = 3;
const FEWEST_IN_ALL: usize = 7;
/// By how much the width of a stroke with shades differs from a whole number of pixels.
const LEAST_SHADE: f64 = 0.04;
/// Widths this near to half-way between two numbers of pixels may be rounded either way.
const HALF_WAY: f64 = 0.08;
/// How far a stroke is moved at most, in pixels, and what the measurement may add to it.
const MOST_MOVED: f64 = 0.5;
const MEASUREMENT: [f64; 3] = [0.03, 0.1, 0.2];

/// Where the centres of strokes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Edges,
    Middles,
}

impl Place {
    /// The place of most positions.
    fn of(positions: &[f64]) -> Option<Self> {
        let at = |offset: f64| {
            let near = |position: &&f64| {
                let off = (**position + offset).rem_euclid(1.0);
                off.min(1.0 - off) <= PLACE_TOLERANCE
            };
            positions.iter().filter(near).count() as f64 >= LEAST_SHARE * positions.len() as f64
        };
        match (at(0.0), at(0.5)) {
            (true, _) => Some(Self::Edges),
            (_, true) => Some(Self::Middles),
            _ => None,
        }
    }

    /// How far strokes at this place were moved on average.
    fn shift(self) -> f64 {
        match self {
            Self::Edges => 0.0,
            Self::Middles => 0.5,
        }
    }

    /// Whether strokes of a width are set here: those of an odd number of pixels on middles.
    fn suits(self, width: f64) -> bool {
        let rounds_so =
            |width: f64| (width.round() as usize).max(1) % 2 == usize::from(self == Self::Middles);
        rounds_so(width - HALF_WAY) || rounds_so(width + HALF_WAY)
    }
}

/// The straight strokes of a panel: axis lines, and ticks and grid lines along each axis.
pub(crate) struct Strokes<'a> {
    pub(crate) page: &'a InkPage,
    pub(crate) lines: AxisPair,
    pub(crate) of_x: Vec<TickMark>,
    pub(crate) of_y: Vec<TickMark>,
    /// Where the labels of the axes are.
    pub(crate) print: [Rect; 2],
}

impl Strokes<'_> {
    /// Fits the axes to where their ticks would stand had the program not set them on whole pixels, when the axis lines show
    /// that it did; says whether they do.
    pub(crate) fn unsnap(&self, x: &mut AxisCalibration, y: &mut AxisCalibration) -> bool {
        self.axis_lines(Stroke::is_set_with_shades) && self.move_ticks_back(x, y)
    }

    /// The same where the axis lines fill whole pixels, which they do by chance or because the program rounds them to the nearest:
    /// it is the former when print has shades and the levels of curves lie on edges of pixels, where only strokes of an
    /// even width are moved to.
    pub(crate) fn unsnap_by_curves(
        &self,
        x: &mut AxisCalibration,
        y: &mut AxisCalibration,
        curves: &PlotCurves,
    ) -> bool {
        let of_grid = are_grid_lines(x, &self.of_x) && are_grid_lines(y, &self.of_y);
        if !(of_grid || self.axis_lines(Stroke::is_crisp)) || !has_shaded_print(self.page, self.print) {
            return false;
        }
        let places: Vec<Option<Place>> =
            curves.levels().iter().map(|levels| place_of_curve(levels)).collect();
        places.contains(&Some(Place::Edges))
            && !places.contains(&Some(Place::Middles))
            && self.move_ticks_back(x, y)
    }

    /// Moves the survival axis, when only labels show where its values are, so that the curves begin at S = 1: the middles of
    /// labels may all be off by as much. `reach` is the most that they can be, in pixels.
    pub(crate) fn place_by_curves(&self, y: &mut AxisCalibration, curves: &PlotCurves, reach: f64) {
        if y.origin != Origin::Automatic || !drawn_ticks(y, &self.of_y).is_empty() {
            return;
        }
        let one = y.pixel_at(1.0);
        let first =
            |levels: &Vec<Plateau>| levels.first().filter(|first| first.seen >= 3).map(|first| first.level);
        let highest = curves.levels().iter().filter_map(first).fold(f64::INFINITY, f64::min);
        let off = highest - one;
        if off.abs() <= reach {
            y.intercept -= y.slope * off;
            y.ticks.iter_mut().for_each(|tick| tick.pixel += off);
        }
    }

    /// Whether both axis lines are so.
    fn axis_lines(&self, is_so: impl Fn(&Stroke) -> bool) -> bool {
        [(&self.lines.horizontal, true), (&self.lines.vertical, false)].into_iter().all(
            |(line, is_horizontal)| stroke(self.page, line, is_horizontal).is_some_and(|line| is_so(&line)),
        )
    }

    /// Moves the ticks of both axes back, when there are enough and all of an axis lie alike.
    fn move_ticks_back(&self, x: &mut AxisCalibration, y: &mut AxisCalibration) -> bool {
        let (of_x, of_y) = (drawn_ticks(x, &self.of_x), drawn_ticks(y, &self.of_y));
        let place = |ticks: &[f64]| Place::of(ticks).filter(|_| ticks.len() >= FEWEST_TICKS);
        let (Some(at_x), Some(at_y)) = (place(&of_x), place(&of_y)) else { return false };
        if of_x.len() + of_y.len() < FEWEST_IN_ALL {
            return false;
        }
        move_back(x, &of_x, at_x.shift());
        move_back(y, &of_y, at_y.shift());
        true
    }
}

/// Whether grid lines stand for the tick marks of an axis.
fn are_grid_lines(axis: &AxisCalibration, strokes: &[TickMark]) -> bool {
    let across: Vec<TickMark> = strokes.iter().copied().filter(|stroke| stroke.length == 0).collect();
    drawn_ticks(axis, &across).len() >= FEWEST_TICKS
}

/// How far beside an axis line its shades are looked for, in pixels.
const BESIDE: usize = 2;

/// A straight stroke.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stroke {
    middle: f64,
    /// Its ink as a share of what its darkest row holds.
    width: f64,
    /// Its ink as a share of what a row of the page's darkest ink would hold: blur does not change it.
    mass: f64,
}

impl Stroke {
    /// Whether it was set on whole pixels by a program that draws shades: its place is that of its width, which is no whole
    /// number of pixels.
    fn is_set_with_shades(&self) -> bool {
        let is_shaded = |width: f64| (width - width.round()).abs() >= LEAST_SHADE;
        is_shaded(self.width)
            && is_shaded(self.mass)
            && Place::of(&[self.middle]).is_some_and(|place| place.suits(self.mass))
    }

    /// Whether it fills whole pixels and touches no others: neither a place between pixels nor blur leaves it so.
    fn is_crisp(&self) -> bool {
        (self.width - self.width.round()).abs() < LEAST_SHADE
            && Place::of(&[self.middle]).is_some_and(|place| place.suits(self.width))
    }
}

/// Contrasts between which a pixel of print is a shade, and the least share of shades in print that has them.
const SHADES: std::ops::RangeInclusive<f32> = 0.25..=0.75;
const SHADED_SHARE: f64 = 0.15;

/// Whether the letters in these areas are drawn with shades: then their program has shades for lines as well, and a line
/// without any was set on whole pixels.
fn has_shaded_print(page: &InkPage, print: [Rect; 2]) -> bool {
    let (mut shades, mut ink) = (0_usize, 0_usize);
    for area in print {
        for y in area.top..area.bottom.min(page.height()) {
            for x in area.left..area.right.min(page.width()) {
                let contrast = page.contrast.get(x, y);
                shades += usize::from(SHADES.contains(&contrast));
                ink += usize::from(contrast >= *SHADES.start());
            }
        }
    }
    shades as f64 >= SHADED_SHARE * ink as f64
}

/// An axis line, by the usual ink of its rows (or columns): ticks and curves that touch it do not count.
fn stroke(page: &InkPage, line: &InkLine, is_horizontal: bool) -> Option<Stroke> {
    let (size, length) =
        if is_horizontal { (page.height(), page.width()) } else { (page.width(), page.height()) };
    let across = line.first.saturating_sub(BESIDE)..(line.last + BESIDE).min(size);
    let usual = |place: usize| {
        median((line.from..line.to.min(length)).map(|along| {
            let (x, y) = if is_horizontal { (along, place) } else { (place, along) };
            f64::from(page.contrast.get(x, y))
        }))
    };
    let ink: Vec<(f64, f64)> = across.map(|place| (place as f64 + 0.5, usual(place))).collect();
    let ground = ink.iter().map(|row| row.1).fold(f64::INFINITY, f64::min);
    let darkest = ink.iter().map(|row| row.1).fold(0.0, f64::max) - ground;
    let mass: f64 = ink.iter().map(|row| row.1 - ground).sum();
    let moment: f64 = ink.iter().map(|row| row.0 * (row.1 - ground)).sum();
    let full = f64::from(page.darkest());
    (darkest > 0.0).then(|| Stroke { middle: moment / mass, width: mass / darkest, mass: mass / full })
}

/// The places of the strokes that an axis was fitted to.
fn drawn_ticks(axis: &AxisCalibration, strokes: &[TickMark]) -> Vec<f64> {
    let is_used = |place: &f64| axis.ticks.iter().any(|tick| tick.pixel == *place);
    let places = strokes.iter().map(|stroke| stroke.position);
    if axis.origin == Origin::Automatic { places.filter(is_used).collect() } else { Vec::new() }
}

/// Moves the ticks at `drawn` back by what they were moved on average, and fits the axis to them: any line within half a
/// pixel of every tick may be the true one, and the middle of all of these is taken. The least squares line stays where no
/// line is as near.
fn move_back(axis: &mut AxisCalibration, drawn: &[f64], shift: f64) {
    let mut points = Vec::new();
    for tick in axis.ticks.iter_mut().filter(|tick| drawn.contains(&tick.pixel)) {
        tick.pixel -= shift;
        points.push((tick.pixel, tick.value));
    }
    axis.intercept += axis.slope * shift;
    axis.covariance = moved_covariance(axis.covariance, shift);
    let middle = MEASUREMENT.iter().find_map(|measurement| middle_line(&points, MOST_MOVED + measurement));
    let Some(line) = middle else { return };
    axis.intercept = line.intercept;
    axis.slope = line.slope;
    axis.covariance = line.covariance;
    let squares: f64 = points.iter().map(|&(pixel, value)| (pixel - axis.pixel_at(value)).powi(2)).sum();
    axis.residual_px = (squares / points.len() as f64).sqrt();
}

/// Covariance of intercept and slope when all pixels are smaller by `shift`.
fn moved_covariance([[a, b], [_, c]]: [[f64; 2]; 2], shift: f64) -> [[f64; 2]; 2] {
    let across = b + shift * c;
    [[a + 2.0 * shift * b + shift * shift * c, across], [across, c]]
}

struct MiddleLine {
    intercept: f64,
    slope: f64,
    covariance: [[f64; 2]; 2],
}

/// The mean of the lines that are within `reach` of every point, a line being given by its pixels at the first and the last
/// value: the lines then are a polygon, cut out of a square by each point between, and all as likely.
fn middle_line(points: &[(f64, f64)], reach: f64) -> Option<MiddleLine> {
    let first = points.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let last = points.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let span = last.1 - first.1;
    let mut polygon: Vec<(f64, f64)> = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
        .map(|(across, up)| (first.0 + across * reach, last.0 + up * reach))
        .to_vec();
    for &(pixel, value) in points {
        let share = (value - first.1) / span;
        let at = move |corner: (f64, f64)| corner.0 * (1.0 - share) + corner.1 * share;
        polygon = cut(&polygon, |corner| at(corner) - (pixel - reach));
        polygon = cut(&polygon, |corner| pixel + reach - at(corner));
    }
    let Moments { mean: (low, high), variance: (of_low, of_high), covariance } = moments(&polygon)?;
    let slope = span / (high - low);
    let intercept = first.1 - slope * low;
    // How slope and intercept change with the two pixels.
    let per_pixel = slope / (high - low);
    let (slope_by, intercept_by) = ([per_pixel, -per_pixel], [-slope - low * per_pixel, low * per_pixel]);
    let between = |a: [f64; 2], b: [f64; 2]| {
        a[0] * b[0] * of_low + a[1] * b[1] * of_high + (a[0] * b[1] + a[1] * b[0]) * covariance
    };
    let across = between(intercept_by, slope_by);
    let finite = slope.is_finite() && intercept.is_finite();
    finite.then(|| MiddleLine {
        intercept,
        slope,
        covariance: [[between(intercept_by, intercept_by), across], [across, between(slope_by, slope_by)]],
    })
}

/// The part of a convex polygon where `inside` is not negative (Sutherland and Hodgman 1974).
fn cut(polygon: &[(f64, f64)], inside: impl Fn((f64, f64)) -> f64) -> Vec<(f64, f64)> {
    let mut kept = Vec::with_capacity(polygon.len() + 1);
    for (index, &corner) in polygon.iter().enumerate() {
        let next = polygon[(index + 1) % polygon.len()];
        let (here, there) = (inside(corner), inside(next));
        if here >= 0.0 {
            kept.push(corner);
        }
        if (here > 0.0 && there < 0.0) || (here < 0.0 && there > 0.0) {
            let share = here / (here - there);
            kept.push((corner.0 + share * (next.0 - corner.0), corner.1 + share * (next.1 - corner.1)));
        }
    }
    kept
}

struct Moments {
    mean: (f64, f64),
    variance: (f64, f64),
    covariance: f64,
}

/// Mean and covariance of a polygon's area, or nothing of one without area.
fn moments(polygon: &[(f64, f64)]) -> Option<Moments> {
    let &origin = polygon.first()?;
    let (mut area, mut sum, mut squares, mut product) = (0.0, (0.0, 0.0), (0.0, 0.0), 0.0);
    for pair in polygon.windows(2) {
        // A triangle from the first corner, which is the origin.
        let [a, b] = [pair[0], pair[1]].map(|corner| (corner.0 - origin.0, corner.1 - origin.1));
        let triangle = (a.0 * b.1 - b.0 * a.1) / 2.0;
        area += triangle;
        sum.0 += triangle * (a.0 + b.0) / 3.0;
        sum.1 += triangle * (a.1 + b.1) / 3.0;
        squares.0 += triangle * (a.0 * a.0 + a.0 * b.0 + b.0 * b.0) / 6.0;
        squares.1 += triangle * (a.1 * a.1 + a.1 * b.1 + b.1 * b.1) / 6.0;
        product += triangle * (2.0 * a.0 * a.1 + a.0 * b.1 + b.0 * a.1 + 2.0 * b.0 * b.1) / 12.0;
    }
    let (x, y) = (sum.0 / area, sum.1 / area);
    (area.abs() > 1e-9).then(|| Moments {
        mean: (x + origin.0, y + origin.1),
        variance: (squares.0 / area - x * x, squares.1 / area - y * y),
        covariance: product / area - x * y,
    })
}

/// Where the levels of a curve lie. Long curves are not set on whole pixels.
fn place_of_curve(plateaus: &[Plateau]) -> Option<Place> {
    let seen = |plateau: &&Plateau| plateau.seen >= 3;
    let levels: Vec<f64> = plateaus.iter().filter(seen).map(|plateau| plateau.level).collect();
    if levels.len() < FEWEST_TICKS { None } else { Place::of(&levels) }
}

/// How far a curve of a snapped figure was moved on average: half a pixel where its levels lie on the middles of pixels.
pub(crate) fn shift_of_curve(plateaus: &[Plateau]) -> f64 {
    place_of_curve(plateaus).map_or(0.0, Place::shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_line_is_within_half_a_pixel_of_every_tick_and_near_the_true_one() {
        let (mut squares, mut count) = (0.0, 0.0);
        for case in 0..50 {
            let (offset, step) = (100.0 + f64::from(case) * 0.317, 55.0 + f64::from(case) * 0.213);
            let values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
            let points: Vec<(f64, f64)> =
                values.iter().map(|&value| ((offset + step * value + 0.5).floor(), value)).collect();
            let line = middle_line(&points, 0.5).unwrap();
            for &(tick, value) in &points {
                let pixel = (value - line.intercept) / line.slope;
                assert!((pixel - tick).abs() <= 0.5 + 1e-9, "case {case}: {pixel} for {tick}");
                squares += (pixel - (offset + step * value)).powi(2);
                count += 1.0;
            }
            assert!(line.covariance[1][1] > 0.0 && line.covariance[0][0] > 0.0);
        }
        // A single tick is off by the standard deviation of a uniform error of one pixel, 0.29.
        let error = f64::sqrt(squares / count);
        assert!(error < 0.29, "{error}");
    }

    #[test]
    fn a_square_has_the_moments_of_a_uniform_distribution() {
        let square = [(1.0, 2.0), (2.0, 2.0), (2.0, 3.0), (1.0, 3.0)];
        let Moments { mean, variance, covariance } = moments(&square).unwrap();
        assert!((mean.0 - 1.5).abs() < 1e-12 && (mean.1 - 2.5).abs() < 1e-12);
        assert!((variance.0 - 1.0 / 12.0).abs() < 1e-12 && (variance.1 - 1.0 / 12.0).abs() < 1e-12);
        assert!(covariance.abs() < 1e-12);
    }

    #[test]
    fn places_of_strokes() {
        assert_eq!(Place::of(&[10.5, 60.45, 111.5, 161.52]), Some(Place::Middles));
        assert_eq!(Place::of(&[10.0, 60.05, 111.0, 160.95]), Some(Place::Edges));
        assert_eq!(Place::of(&[10.1, 60.3, 110.5, 160.7]), None);
        assert!(Place::Middles.suits(1.11) && !Place::Middles.suits(1.67));
        assert!(Place::Edges.suits(1.67) && Place::Edges.suits(2.5) && Place::Middles.suits(2.5));
    }
}
