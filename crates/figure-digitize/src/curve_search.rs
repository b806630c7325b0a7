//! Finds every curve of a plot area, the best drawn first.
//!
//! Each line colour of the palette has its own coverage. Again and again the path with the highest gain of all
//! colours is taken, so that a line belongs to the colour that explains it best, and its ink, edges and censor
//! marks are hidden from all others. What a path then finds is either another curve or a remnant of those
//! already found, which is left out.

use crate::arms::TracedCurve;
use crate::color::{Srgb, oklab_distance};
use crate::coverage::{Coverage, PlotInk};
use crate::curve_shape::{has_gaps_of_a_line, is_band_edge, is_remnant_of};
use crate::ink::InkPage;
use crate::palette::{Palette, is_blend};
use crate::plane::Rect;
use crate::reference_lines::{hide_full_lines, hide_median_line};
use crate::trace::{Path, TraceCosts, TraceStart, trace};

/// A path must gain at least this share of the plot's width.
const LEAST_GAIN: f32 = 0.05;
/// Most curves of a panel: four arms with two confidence limits each.
const MOST_CURVES: usize = 12;
/// Paths of one colour and line style that may turn out to be remnants before the colour is given up.
const MOST_REMNANTS: usize = 4;
/// A censor mark reaches at most this share of the plot's height out of its curve.
const TALLEST_MARK: f64 = 0.03;
/// A curve drops by at most this share of the plot's height in its first columns; more is the axis line.
const LARGEST_FIRST_DROP: f64 = 0.35;

/// One line colour with what is left of its ink.
struct Ink {
    color: Srgb,
    line_width: f64,
    coverage: Coverage,
    /// The best path through the coverage, unless it was hidden in since.
    path: Option<Path>,
    remnants: usize,
    exhausted: bool,
}

/// The curves of a plot area, by descending gain within each line style.
pub(crate) fn trace_curves(
    page: &InkPage,
    area: Rect,
    palette: &Palette,
    start: TraceStart,
) -> Vec<TracedCurve> {
    let plot = PlotInk::of(page, area, &palette.grounds);
    let mut inks: Vec<Ink> =
        palette.lines.iter().map(|&color| Ink::new(&plot, palette, color, start)).collect();
    let mut curves: Vec<TracedCurve> = Vec::new();
    for costs in [TraceCosts::SOLID, TraceCosts::DASHED, TraceCosts::DOTTED] {
        let dashed = costs != TraceCosts::SOLID;
        for ink in &mut inks {
            ink.begin_style();
        }
        while curves.len() < MOST_CURVES {
            let Some(best) = best_ink(&mut inks, costs, start) else { break };
            let ink = &mut inks[best];
            let Some(path) = ink.path.take() else { break };
            if !is_curve(&path, dashed, area, start, ink.line_width)
                || !has_gaps_of_a_line(&ink.coverage, &path, dashed, ink.line_width)
            {
                ink.exhausted = true;
                continue;
            }
            let coverage = ink.coverage.clone();
            let curve = TracedCurve { color: ink.color, dashed, line_width: ink.line_width, path, coverage };
            let related = |other: &TracedCurve| are_related(curve.color, other.color, palette);
            if is_band_edge(page, &curve) || is_remnant_of(&curve, &curves, related) {
                ink.remnants += 1;
                ink.exhausted = ink.remnants >= MOST_REMNANTS;
                hide_curve(&mut ink.coverage, &curve, true);
                continue;
            }
            for ink in &mut inks {
                ink.hide(&curve, palette);
            }
            curves.push(curve);
        }
    }
    curves
}

fn least_gain(area: Rect) -> f32 {
    (LEAST_GAIN * area.width() as f32).max(15.0)
}

/// The colour whose best path gains most.
fn best_ink(inks: &mut [Ink], costs: TraceCosts, start: TraceStart) -> Option<usize> {
    for ink in inks.iter_mut().filter(|ink| !ink.exhausted && ink.path.is_none()) {
        ink.path = trace(&ink.coverage, ink.line_width, costs, start);
        ink.exhausted = ink.path.as_ref().is_none_or(|path| path.score < least_gain(ink.coverage.area));
    }
    // The ink along a path: of a thick line, any thinner line could be traced.
    let score = |ink: &Ink| {
        ink.path.as_ref().map_or(f64::NEG_INFINITY, |path| f64::from(path.score) * ink.line_width)
    };
    let mut best: Option<usize> = None;
    for (index, ink) in inks.iter().enumerate().filter(|(_, ink)| !ink.exhausted) {
        if best.is_none_or(|best| score(ink) > score(&inks[best])) {
            best = Some(index);
        }
    }
    best
}

impl Ink {
    fn new(plot: &PlotInk, palette: &Palette, color: Srgb, start: TraceStart) -> Self {
        let mut coverage = plot.coverage_by(color, &palette.grounds);
        hide_full_lines(&mut coverage);
        hide_median_line(&mut coverage, start.median_row);
        let line_width = coverage.line_width();
        Self { color, line_width, coverage, path: None, remnants: 0, exhausted: false }
    }

    fn begin_style(&mut self) {
        self.path = None;
        self.remnants = 0;
        self.exhausted = false;
    }

    /// Hides a curve that was accepted, its edges and its censor marks.
    fn hide(&mut self, curve: &TracedCurve, palette: &Palette) {
        let related = are_related(self.color, curve.color, palette);
        let before = self.path.as_ref().map(|path| self.ink_along(path));
        hide_curve(&mut self.coverage, curve, related);
        hide_marks(&mut self.coverage, curve);
        // Hiding never adds gain: a path that lost nothing is still the best.
        if before != self.path.as_ref().map(|path| self.ink_along(path)) {
            self.path = None;
        }
    }

    /// All ink along a path, drops included.
    fn ink_along(&self, path: &Path) -> f32 {
        let half = self.line_width.ceil() as usize;
        let mut total = 0.0;
        let mut before = path.rows.first().copied().unwrap_or(0);
        for (index, &row) in path.rows.iter().enumerate() {
            for y in before.saturating_sub(half)..(row + half + 1).min(self.coverage.height()) {
                total += self.coverage.own.get(path.start + index, y);
            }
            before = row;
        }
        total
    }
}

/// Two colours of which one may be what antialiasing or compression makes of the other.
fn are_related(a: Srgb, b: Srgb, palette: &Palette) -> bool {
    oklab_distance(a, b) < 0.12 || is_blend(a, b, &palette.grounds) || is_blend(b, a, &palette.grounds)
}

/// Whether a path has the make of a curve: long enough, on its ink, with at least one drop, and not down the
/// survival axis.
fn is_curve(path: &Path, dashed: bool, area: Rect, start: TraceStart, line_width: f64) -> bool {
    let gain = path.score >= least_gain(area);
    let (least_ink, most_bare) = if dashed { (0.36, 0.65) } else { (0.5, 0.12) };
    let drops = path.rows.last().zip(path.rows.first()).map_or(0, |(last, first)| last - first);
    let early = path.rows.get(line_width.ceil() as usize + 2).copied().unwrap_or(0);
    let falls = early.saturating_sub(start.rows.1) as f64 > LARGEST_FIRST_DROP * area.height() as f64;
    gain && path.on_ink >= least_ink
        && path.on_bare <= most_bare
        && drops as f64 >= line_width.max(2.0)
        && !falls
}

/// Hides the ink of a traced curve. For a curve of another colour only those pixels are hidden that it explains
/// at least as well.
pub(crate) fn hide_curve(coverage: &mut Coverage, curve: &TracedCurve, same_color: bool) {
    let reach = (curve.line_width / 2.0).ceil() as usize + 1;
    let path = &curve.path;
    let (width, height) = (coverage.width(), coverage.height());
    for (index, &row) in path.rows.iter().enumerate() {
        let x = path.start + index;
        let next = path.rows.get(index + 1).copied().unwrap_or(row);
        let before = index.checked_sub(1).map_or(row, |previous| path.rows[previous]);
        for y in row.saturating_sub(reach)..(row + reach + 1).min(height) {
            hide_explained(coverage, curve, x, y, same_color);
        }
        // The vertical stroke of a drop is a line width wide.
        if before != row || next != row {
            for column in x.saturating_sub(reach)..(x + reach + 1).min(width) {
                for y in before.saturating_sub(reach)..(next + reach + 1).min(height) {
                    hide_explained(coverage, curve, column, y, same_color);
                }
            }
        }
    }
}

fn hide_explained(coverage: &mut Coverage, curve: &TracedCurve, x: usize, y: usize, same_color: bool) {
    if same_color || curve.coverage.own.get(x, y) + 0.05 >= coverage.own.get(x, y) {
        coverage.hide(x, y);
    }
}

/// Hides ink that sticks out of a curve vertically, of whatever colour the coverage is: censor marks. Ink as
/// thin as a line is left: another curve may run there.
fn hide_marks(coverage: &mut Coverage, curve: &TracedCurve) {
    let half = (curve.line_width / 2.0).ceil() as usize + 1;
    let longest = (6.0 * curve.line_width).max(TALLEST_MARK * coverage.height() as f64) as usize;
    let line = curve.line_width.ceil() as usize + 2;
    for (index, &row) in curve.path.rows.iter().enumerate() {
        let x = curve.path.start + index;
        let up: Vec<usize> = (0..row.saturating_sub(half)).rev().collect();
        let down: Vec<usize> = (row + half + 1..coverage.height()).collect();
        let sides = [up, down].map(|side| mark_rows(coverage, x, side));
        // Of a mark that another arm's marks cover in part, only one side may be seen.
        if sides.iter().map(Vec::len).sum::<usize>() > 2 * longest {
            continue;
        }
        for side in sides {
            let lone = side.first().is_some_and(|&y| horizontal_run(coverage, x, y) <= 2 * line);
            if side.len() > line || lone {
                side.iter().for_each(|&y| coverage.hide(x, y));
            }
        }
    }
}

/// The first rows of `side` that are inked. Between a line and a mark of another colour lie up to two mixed pixels.
fn mark_rows(coverage: &Coverage, x: usize, side: Vec<usize>) -> Vec<usize> {
    let ink = |y: usize| coverage.own.get(x, y) >= 0.3;
    let mixed = side.iter().take(2).take_while(|&&y| !ink(y)).count();
    side.into_iter().skip(mixed).take_while(|&y| ink(y)).collect()
}

/// Length of the run of ink through a pixel along its row.
fn horizontal_run(coverage: &Coverage, x: usize, y: usize) -> usize {
    let left = (0..x).rev().take_while(|&column| coverage.own.get(column, y) >= 0.3).count();
    let right = (x..coverage.width()).take_while(|&column| coverage.own.get(column, y) >= 0.3).count();
    left + right
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::palette::find_palette;

    const RED: [u8; 3] = [200, 30, 30];
    const BLUE: [u8; 3] = [30, 60, 190];
    const BLACK: [u8; 3] = [0, 0, 0];

    fn fill(image: &mut RgbImage, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>, color: [u8; 3]) {
        for y in rows {
            for x in columns.clone() {
                image.put_pixel(x, y, Rgb(color));
            }
        }
    }

    /// A staircase of three-pixel lines: `levels` are the rows of steps of equal length.
    fn staircase(image: &mut RgbImage, levels: &[u32], color: [u8; 3]) {
        let step = 400 / levels.len() as u32;
        for (index, &row) in levels.iter().enumerate() {
            let from = index as u32 * step;
            fill(image, from..from + step, row..row + 3, color);
            if let Some(&next) = levels.get(index + 1) {
                fill(image, from + step - 1..from + step + 2, row..next + 3, color);
            }
        }
    }

    fn curves_of(image: &RgbImage) -> Vec<TracedCurve> {
        let page = InkPage::new(image);
        let area = Rect { left: 0, top: 0, right: 420, bottom: 300 };
        let start =
            TraceStart { column: 0, latest_column: 40, rows: (15, 26), one_row: 21.5, median_row: 160.0 };
        trace_curves(&page, area, &find_palette(&page, area), start)
    }

    fn blank() -> RgbImage {
        RgbImage::from_pixel(420, 300, Rgb([255; 3]))
    }

    #[test]
    fn arms_of_two_colours_that_cross() {
        let mut image = blank();
        staircase(&mut image, &[20, 40, 120, 130, 200], RED);
        staircase(&mut image, &[20, 70, 90, 180, 190], BLUE);
        let curves = curves_of(&image);
        assert_eq!(curves.len(), 2, "{:?}", curves.iter().map(|curve| curve.color).collect::<Vec<_>>());
        for curve in &curves {
            let last = if curve.color[0] > curve.color[2] { 201 } else { 191 };
            assert!(curve.path.rows.last().is_some_and(|row| row.abs_diff(last) <= 1));
        }
    }

    #[test]
    fn censor_marks_that_touch_are_no_second_arm() {
        let mut image = blank();
        staircase(&mut image, &[20, 60, 110, 150, 190], RED);
        for mark in 0..30 {
            let (x, row) = (165 + mark * 2, 110 + 1);
            fill(&mut image, x..x + 2, row - 6..row + 7, if mark % 2 == 0 { RED } else { BLACK });
        }
        assert_eq!(curves_of(&image).len(), 1);
    }

    #[test]
    fn edges_of_a_band_are_no_arms() {
        let mut image = blank();
        let levels = [20_u32, 60, 110, 150, 190];
        for (index, &row) in levels.iter().enumerate() {
            let from = index as u32 * 80;
            let half = 10 + 5 * index as u32;
            fill(&mut image, from..from + 80, row + 1 - half..row + 2 + half, [245, 200, 200]);
        }
        staircase(&mut image, &levels, RED);
        assert_eq!(curves_of(&image).len(), 1);
    }

    #[test]
    fn lines_across_the_plot_are_no_arms() {
        let mut image = blank();
        staircase(&mut image, &[20, 60, 110, 150, 190], BLACK);
        for x in (0..420).step_by(8) {
            fill(&mut image, x..(x + 5).min(420), 160..161, BLACK);
        }
        fill(&mut image, 200..201, 0..300, [120; 3]);
        assert_eq!(curves_of(&image).len(), 1);
    }
}
