//! Finds every curve of a plot area, the best drawn first.
//!
//! Each line colour of the palette has its own coverage. Again and again the path with the highest gain of all
//! colours is taken, so that a line belongs to the colour that explains it best, and its ink, edges and censor
//! marks are hidden from all others. What a path then finds is either another curve or a remnant of those
//! already found, which is left out.

use std::sync::Arc;

use crate::arms::TracedCurve;
use crate::color::{Srgb, contrast, oklab_distance};
use crate::continuation::join_pieces;
use crate::coverage::{Coverage, PlotInk};
use crate::curve_shape::{
    FAINT, has_gaps_of_a_line, has_regular_gaps, is_band_edge, is_hidden_remnant, is_remnant_of,
};
use crate::hiding::{hide_curve, hide_marks};
use crate::ink::InkPage;
use crate::mark_ink::{
    centers_of_marks, hide_line_with_marks, is_dark_grey, is_hue, runs_on_marks, union_of,
};
use crate::palette::{Palette, is_blend};
use crate::plane::Rect;
use crate::reference_lines::{grid_row_along, hide_full_lines, hide_median_line, hide_row};
use crate::selection::explained_by_others;
use crate::trace::{Path, TraceCosts, TraceStart, most_gain, trace};

/// A path must gain at least this share of the plot's width.
const LEAST_GAIN: f32 = 0.05;
/// Most curves of a panel: four arms with two confidence limits each.
const MOST_CURVES: usize = 12;
/// Paths of one colour and line style that may turn out to be remnants before the colour is given up.
const MOST_REMNANTS: usize = 4;
/// A curve drops by at most this share of the plot's height in its first columns; more is the axis line.
const LARGEST_FIRST_DROP: f64 = 0.35;

/// What a path must look like to be a curve of a line style.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LineStyle {
    pub(crate) costs: TraceCosts,
    pub(crate) dashed: bool,
    /// Least share of its columns on its own ink, of those where no other ink may hide it.
    least_ink: f32,
    /// Largest share of its columns on bare ground.
    most_bare: f32,
    /// Largest share of the rows of its drops without ink.
    bare_drops: f64,
    /// Its gaps must be as regular as a pen's.
    regular: bool,
}

/// The styles in the order in which they are looked for. Dots cover as little as a fifth of a line.
pub(crate) const LINE_STYLES: [LineStyle; 3] = [
    LineStyle {
        costs: TraceCosts::SOLID,
        dashed: false,
        least_ink: 0.5,
        most_bare: 0.12,
        bare_drops: 0.35,
        regular: false,
    },
    LineStyle {
        costs: TraceCosts::DASHED,
        dashed: true,
        least_ink: 0.36,
        most_bare: 0.65,
        bare_drops: 0.65,
        regular: false,
    },
    LineStyle {
        costs: TraceCosts::DOTTED,
        dashed: true,
        least_ink: 0.17,
        most_bare: 0.83,
        bare_drops: 0.85,
        regular: true,
    },
];

const DASHED_STYLE: LineStyle = LINE_STYLES[1];
const DOTTED_STYLE: LineStyle = LINE_STYLES[2];

/// One line colour with what is left of its ink.
pub(crate) struct Ink {
    pub(crate) color: Srgb,
    pub(crate) line_width: f64,
    pub(crate) coverage: Coverage,
    /// Contrast of the colour to the page.
    strength: f32,
    /// The best path through the coverage, unless it was hidden in since.
    path: Option<Path>,
    /// No path through the coverage gains more.
    most_gain: f32,
    remnants: usize,
    exhausted: bool,
}

/// The curves of a plot area, by descending gain within each line style.
pub(crate) fn trace_curves(
    page: &InkPage,
    area: Rect,
    palette: &Palette,
    start: TraceStart,
    texts: &[Rect],
) -> Vec<TracedCurve> {
    let plot = PlotInk::of(page, area, &palette.grounds, texts);
    let mut palette = palette.clone();
    let mut curves = search(page, &plot, area, &palette, start);
    // What other curves explain took ink from them: without its colour they are sought anew.
    while let Some(surplus) = explained_by_others(page, &curves, &palette.grounds) {
        let color = curves.remove(surplus).color;
        if curves.iter().all(|curve| curve.color != color) {
            palette.lines.retain(|&line| line != color);
            curves = search(page, &plot, area, &palette, start);
        }
    }
    join_pieces(&mut curves);
    curves
}

/// The curves that the colours of a palette give, each held against those found before it.
fn search(
    page: &InkPage,
    plot: &PlotInk,
    area: Rect,
    palette: &Palette,
    start: TraceStart,
) -> Vec<TracedCurve> {
    let mut inks: Vec<Ink> =
        palette.lines.iter().map(|&color| Ink::new(plot, palette, color, start, is_hue(color))).collect();
    let marks = take_mark_ink(&mut inks, start);
    let mut curves: Vec<TracedCurve> = Vec::new();
    for style in LINE_STYLES {
        let costs = style.costs;
        for ink in &mut inks {
            ink.begin_style();
        }
        while curves.len() < MOST_CURVES {
            let Some(best) = best_ink(&mut inks, costs, start) else { break };
            let ink = &mut inks[best];
            let Some(path) = ink.path.take() else { break };
            let Some((path, dashed)) = accepted(ink, path, style, area, start) else {
                ink.exhausted = true;
                continue;
            };
            if !is_hue(ink.color)
                && let Some(row) = grid_row_along(&ink.coverage, &path, |x, y| plot.is_text(x, y))
            {
                hide_row(&mut ink.coverage, row);
                ink.remnants += 1;
                ink.exhausted = ink.remnants >= MOST_REMNANTS;
                continue;
            }
            let coverage = ink.coverage.clone();
            let (color, line_width, marks) = (ink.color, ink.line_width, marks.clone());
            let curve = TracedCurve { color, dashed, line_width, path, coverage, marks };
            let related = |other: &TracedCurve| are_related(curve.color, other.color, palette);
            if is_band_edge(page, &curve)
                || is_hidden_remnant(page, &curve)
                || is_remnant_of(&curve, &curves, page.background, related)
            {
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

pub(crate) fn least_gain(area: Rect) -> f32 {
    (LEAST_GAIN * area.width() as f32).max(15.0)
}

/// The colour whose best path has most ink. A colour is traced only when it may be that one: what the others can gain at most
/// is known from their ink and from their last path, since hiding ink adds no gain.
fn best_ink(inks: &mut [Ink], costs: TraceCosts, start: TraceStart) -> Option<usize> {
    loop {
        let mut best: Option<usize> = None;
        for (index, ink) in inks.iter().enumerate().filter(|(_, ink)| !ink.exhausted) {
            let is_better = best.is_none_or(|best: usize| {
                let (most, other) = (ink.most_along_path(), inks[best].most_along_path());
                // Of equal ones the untraced is traced first, and then the first taken.
                most > other || (most == other && ink.path.is_none() && inks[best].path.is_some())
            });
            if is_better {
                best = Some(index);
            }
        }
        let ink = &mut inks[best?];
        if ink.path.is_some() {
            return best;
        }
        ink.path = trace(&ink.coverage, ink.line_width, costs, start);
        ink.most_gain = ink.path.as_ref().map_or(f32::NEG_INFINITY, |path| path.score);
        ink.exhausted = ink.most_gain < least_gain(ink.coverage.area);
    }
}

/// Takes out the colours that only censor marks have, and lets the lines of all others run through the middle of the
/// marks, which hide them where they are dense. Returns the marks' ink. Where an arm has the colour of the marks, its line
/// and the marks on it are none of the others'.
fn take_mark_ink(inks: &mut Vec<Ink>, start: TraceStart) -> Option<Arc<Coverage>> {
    let dark = |ink: &Ink| is_dark_grey(ink.color);
    if !inks.iter().any(|ink| is_hue(ink.color)) {
        return None;
    }
    // Blends with other inks are thinner than lines.
    let lines = inks.iter().filter(|ink| is_hue(ink.color) && ink.line_width > 1.0);
    let mut widths: Vec<f64> = lines.map(|ink| ink.line_width).collect();
    widths.sort_by(f64::total_cmp);
    let line_width = widths.get(widths.len() / 2).copied().unwrap_or(1.0);
    let own: Vec<&Coverage> = inks.iter().filter(|ink| dark(ink)).map(|ink| &ink.coverage).collect();
    let mut marks = union_of(&own)?;
    let path = trace(&marks, line_width, TraceCosts::SOLID, start)?;
    let no_line = runs_on_marks(&marks, &path, line_width);
    if no_line {
        inks.retain(|ink| !dark(ink));
    } else {
        hide_line_with_marks(&mut marks, &path, line_width);
        let path = trace(&marks, line_width, TraceCosts::SOLID, start)?;
        if path.score < least_gain(marks.area) || !runs_on_marks(&marks, &path, line_width) {
            return None;
        }
    }
    let centers = centers_of_marks(&marks, line_width);
    for ink in inks {
        if no_line || is_hue(ink.color) {
            ink.coverage.add(&centers);
        } else {
            // Greys are what antialiasing makes of the marks.
            ink.coverage.hide_inked(&marks.own);
        }
    }
    Some(Arc::new(marks))
}

impl Ink {
    pub(crate) fn new(
        plot: &PlotInk,
        palette: &Palette,
        color: Srgb,
        start: TraceStart,
        may_stay_at_one: bool,
    ) -> Self {
        let mut coverage = plot.coverage_by(color, &palette.grounds);
        let level_at_one = may_stay_at_one.then_some(start.one_row);
        hide_full_lines(&mut coverage, level_at_one, |x, y| plot.is_text(x, y));
        hide_median_line(&mut coverage, start.median_row);
        // The samples of a legend show how wide a line is.
        let line_width = coverage.line_width();
        plot.hide_texts(&mut coverage);
        Self {
            color,
            line_width,
            coverage,
            strength: palette.grounds.first().map_or(1.0, |&page| contrast(color, page)),
            path: None,
            most_gain: f32::INFINITY,
            remnants: 0,
            exhausted: false,
        }
    }

    fn begin_style(&mut self) {
        self.path = None;
        self.most_gain = most_gain(&self.coverage);
        self.remnants = 0;
        self.exhausted = self.most_gain < least_gain(self.coverage.area);
    }

    /// The most ink that may lie along a path: of a thick line, any thinner line could be traced, and beside an arm its band,
    /// which is paler. Half the logarithm of the contrast counts, or grey arms would come after what black marks look like.
    fn most_along_path(&self) -> f64 {
        f64::from(self.most_gain * self.strength.sqrt()) * self.line_width
    }

    /// Hides a curve that was accepted, its edges and its censor marks.
    pub(crate) fn hide(&mut self, curve: &TracedCurve, palette: &Palette) {
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

/// Least share of the plot's width of an arm without events.
const SHORTEST_LEVEL: f64 = 0.5;
/// Share of its columns in which a line must show its own ink where other curves hide the rest.
const LEAST_SEEN: f32 = 0.2;
/// Share of what is seen of it that an unbroken line must cover then.
const LEAST_LINE: f32 = 0.8;

/// Whether a path has the make of a curve: long enough, on its ink, with at least one drop or in a hue, and not down the
/// survival axis. Frames and grids are grey: a hue that stays at S = 1 is an arm without events.
fn is_curve(ink: &Ink, path: &Path, style: LineStyle, area: Rect, start: TraceStart) -> bool {
    let line_width = ink.line_width;
    let stays_at_one = is_hue(ink.color) && !style.dashed && runs_at_one(path, line_width, area, start);
    let gain = path.score >= least_gain(area);
    // Ink in one row is a line of a frame or a table, whatever hidden drops lead to it.
    let falls_at_all = seen_fall(ink, path) as f64 >= line_width.max(2.0) || stays_at_one;
    let early = path.rows.get(line_width.ceil() as usize + 2).copied().unwrap_or(0);
    let falls = early.saturating_sub(start.rows.1) as f64 > LARGEST_FIRST_DROP * area.height() as f64;
    // Another curve may hide it: what can be seen must be a line, and enough of it.
    let seen = path.on_ink / (path.on_ink + path.on_bare).max(f32::EPSILON);
    let is_line = if style.dashed {
        path.on_bare >= 0.2 * path.on_ink && seen >= style.least_ink
    } else {
        seen >= LEAST_LINE
    };
    let hidden_line = path.on_ink >= LEAST_SEEN && is_line;
    gain && (path.on_ink >= style.least_ink || hidden_line)
        && path.on_bare <= style.most_bare
        && falls_at_all
        && !falls
}

/// Whether a path runs along S = 1 over at least half of the plot.
pub(crate) fn runs_at_one(path: &Path, line_width: f64, area: Rect, start: TraceStart) -> bool {
    let reach = line_width / 2.0 + 1.0;
    path.rows.len() as f64 >= SHORTEST_LEVEL * area.width() as f64
        && path.rows.iter().all(|&row| (row as f64 + 0.5 - start.one_row).abs() <= reach)
}

/// Rows between the first and the last column in which a path shows its ink.
pub(crate) fn seen_fall(ink: &Ink, path: &Path) -> usize {
    let half = (ink.line_width / 2.0).ceil() as usize;
    let is_seen = |&(index, &row): &(usize, &usize)| {
        ink.coverage.own.strongest_near(path.start + index, row, half) >= FAINT
    };
    let mut rows = path.rows.iter().enumerate().filter(is_seen).map(|(_, &row)| row);
    let first = rows.next().unwrap_or(0);
    rows.next_back().unwrap_or(first) - first
}

/// Share of the columns in which two traces of one line must agree.
const SAME_LINE: f64 = 0.9;

/// The path if it is a curve of the style, and whether it is broken. A line that is too sparse for a dashed one may be dotted.
fn accepted(ink: &Ink, path: Path, style: LineStyle, area: Rect, start: TraceStart) -> Option<(Path, bool)> {
    if !is_curve(ink, &path, style, area, start) {
        return None;
    }
    let has_gaps = has_gaps(ink, &path, style);
    let goes_on = |longer: &Path| longer.end() > path.end() + path.rows.len() / 20;
    if style == DASHED_STYLE {
        let dotted = broken_along(ink, &path, DOTTED_STYLE, area, start);
        // Up to a long drop, where it shows little ink, a dotted line may pass for a dashed one.
        return if has_gaps {
            Some((dotted.filter(goes_on).unwrap_or(path), true))
        } else {
            dotted.map(|path| (path, true))
        };
    }
    if style.dashed || !has_gaps {
        return has_gaps.then_some((path, style.dashed));
    }
    // Where a dashed line falls steeply and bears marks its gaps are few: as far as that it passes for an unbroken one.
    let is_cut = is_hue(ink.color) && path.on_bare > 0.0 && path.end() < ink.coverage.width();
    let longer = is_cut.then(|| broken_along(ink, &path, DASHED_STYLE, area, start)).flatten();
    Some(longer.filter(goes_on).map_or((path, false), |longer| (longer, true)))
}

/// The broken line that runs where a path does, if there is one.
fn broken_along(ink: &Ink, path: &Path, style: LineStyle, area: Rect, start: TraceStart) -> Option<Path> {
    let broken = trace(&ink.coverage, ink.line_width, style.costs, start)?;
    let alike = (path.start..path.end())
        .filter(|&x| broken.row_at(x).zip(path.row_at(x)).is_some_and(|(a, b)| a.abs_diff(b) <= 2))
        .count();
    let is_broken = alike as f64 >= SAME_LINE * path.rows.len() as f64
        && is_curve(ink, &broken, style, area, start)
        && has_gaps(ink, &broken, style);
    is_broken.then_some(broken)
}

/// Whether a path's gaps are those of a line of the style.
pub(crate) fn has_gaps(ink: &Ink, path: &Path, style: LineStyle) -> bool {
    has_gaps_of_a_line(&ink.coverage, path, style.dashed, ink.line_width, style.bare_drops)
        && (!style.regular || has_regular_gaps(&ink.coverage, path, ink.line_width))
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
        trace_curves(&page, area, &find_palette(&page, area), start, &[])
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
    fn an_arm_where_two_bands_meet_is_no_edge() {
        let mut image = blank();
        let levels = [20_u32, 60, 110, 150, 190];
        for (index, &row) in levels.iter().enumerate() {
            let columns = index as u32 * 80..(index as u32 + 1) * 80;
            fill(&mut image, columns.clone(), row.saturating_sub(30)..row + 1, [215, 215, 250]);
            fill(&mut image, columns, row + 1..row + 32, [250, 200, 200]);
        }
        staircase(&mut image, &levels, BLUE);
        let curves = curves_of(&image);
        assert_eq!(curves.len(), 1, "{:?}", curves.iter().map(|curve| curve.color).collect::<Vec<_>>());
    }

    #[test]
    fn black_marks_that_hide_a_line_are_part_of_its_arm() {
        let mut image = blank();
        staircase(&mut image, &[20, 60, 110, 150, 190], RED);
        // Behind column 250 nothing of the line is seen.
        for x in 250..400 {
            let row = if x < 320 { 150 } else { 190 };
            if x % 3 < 2 {
                fill(&mut image, x..x + 2, row - 5..row + 8, BLACK);
            }
        }
        let curves = curves_of(&image);
        assert_eq!(curves.len(), 1, "{:?}", curves.iter().map(|curve| curve.color).collect::<Vec<_>>());
        assert!(
            curves[0].path.end() > 380
                && curves[0].path.rows.last().is_some_and(|row| row.abs_diff(191) <= 2)
        );
    }

    #[test]
    fn a_dotted_line_is_a_curve() {
        let mut image = blank();
        let mut dotted = blank();
        staircase(&mut dotted, &[20, 60, 80, 120, 140], BLACK);
        for (x, y, pixel) in dotted.enumerate_pixels() {
            if (x + y) % 8 < 3 {
                image.put_pixel(x, y, *pixel);
            }
        }
        let curves = curves_of(&image);
        assert_eq!(curves.len(), 1);
        assert!(curves[0].dashed && curves[0].path.rows.last().is_some_and(|row| row.abs_diff(141) <= 2));
    }

    #[test]
    fn a_dashed_line_whose_beginning_has_few_gaps_is_followed_to_its_end() {
        let mut image = blank();
        let levels: Vec<u32> = (0..20).map(|step| 20 + 9 * step).collect();
        staircase(&mut image, &levels, RED);
        for x in (0..400).filter(|x| (*x < 220 && x % 40 >= 37) || (*x >= 220 && x % 11 >= 6)) {
            fill(&mut image, x..x + 1, 0..300, [255; 3]);
        }
        let curves = curves_of(&image);
        assert_eq!(curves.len(), 1);
        assert!(curves[0].dashed && curves[0].path.end() > 380, "{}", curves[0].path.end());
    }

    #[test]
    fn a_line_that_others_hide_for_the_most_part_is_found() {
        let mut image = blank();
        staircase(&mut image, &[20, 60, 110, 170, 200], RED);
        staircase(&mut image, &[20, 60, 110, 150, 170], BLUE);
        let curves = curves_of(&image);
        assert_eq!(curves.len(), 2, "{:?}", curves.iter().map(|curve| curve.color).collect::<Vec<_>>());
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
