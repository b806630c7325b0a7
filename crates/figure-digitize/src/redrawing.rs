//! Draws what was read again and compares it with the picture: ink that nothing explains, and curves that no ink carries.
//!
//! Ink inside a plot is explained by a traced curve or confidence limit with its censor marks, by a text, by grid and
//! reference lines, and by the frame with its ticks. What is left over wide parts of the plot is a curve that was missed. A
//! traced curve is carried by ink where it was seen; where it is not, it was led astray.

use std::collections::BTreeMap;

use kmeta_trial_data::{AxisCalibration, Check, DigitizedArm, LineStyle, Panel, PixelBox, TextRole};

use crate::arms::{TracedCurve, follows_drops_of, side_of};
use crate::coverage::{Coverage, PlotInk};
use crate::curve_shape::{bare_stretches, is_band_edge};
use crate::hiding::hide_curve;
use crate::ink::InkPage;
use crate::palette::find_palette;
use crate::plane::{Plane, Rect};
use crate::plot_curves::{PlotCurves, trace_start};
use crate::trace::{Path, TraceCosts, trace};
use crate::words::Word;

/// Reach of marks above and below a curve: in line widths, as a share of the plot's height, in pixels.
const MARK_REACH: (f64, f64, f64) = (6.0, 0.03, 8.0);
/// Rows (columns) of which ink covers this share are grid or reference lines; of dashed ones, which run from edge to edge, the
/// smaller share.
const FULL_LINE: f64 = 0.6;
const DASHED_FULL_LINE: f64 = 0.25;
/// How close to an edge a line must come to run to it, as a share of the plot.
const EDGE: f64 = 0.03;
/// Ink this close to the frame belongs to it and its ticks, as a share of the plot.
const FRAME: f64 = 0.015;
/// Gaps of a missed dashed line are closed up to this length, in pixels, and shorter pieces are specks or letters.
const CLOSED_GAP: usize = 16;
const SHORTEST_PIECE: usize = 10;
/// Falling paths through unexplained ink that are tried: confidence limits of several arms come among them.
const MOST_PATHS: usize = 8;
/// A curve falls by this share of the plot's height at least; a level line is a grid's or a frame's.
const LEAST_FALL: f64 = 0.03;
/// A missed curve may run on bare ground over this share of what ink it has.
const MOST_BARE: f64 = 0.5;
/// A path that has this share of its inked columns in one row is straight: the frame of a legend or an inset, or a reference
/// line with its foot. Each has one corner.
const STRAIGHT_SHARE: f64 = 0.9;
/// Weakest ink that carries a pale line.
const PALE_INK: f32 = 0.1;
/// Coverage from which ink counts as seen.
const SEEN: f32 = 0.4;

/// Share of the plot's width over which unexplained ink may run: an arrow, a bracket, a word that was not read.
const MOST_UNEXPLAINED: f64 = 0.12;
/// Share of an arm's columns that may have no ink.
const MOST_UNFOUNDED: f64 = 0.1;

/// What the comparison of a panel with its picture gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Redrawing {
    /// Share of the plot's width over which a falling path runs through unexplained ink, the longest of them, and where.
    pub(crate) unexplained: f64,
    pub(crate) unexplained_places: Vec<PixelBox>,
    /// For each arm, the share of its columns without ink, and where they are.
    pub(crate) unfounded: Vec<f64>,
    pub(crate) unfounded_places: Vec<(usize, PixelBox)>,
}

/// Compares a panel with the page. `curves` are all that was traced, limits too, in coordinates of the page.
pub(crate) fn compare(
    page: &InkPage,
    panel: &Panel,
    plot: &PlotCurves,
    curves: &[TracedCurve],
    words: &[Word],
) -> Redrawing {
    let explained = explained_pixels(page, panel, plot.area, curves, words);
    let missed = missed_curves(page, &panel.axes.x, plot, &explained);
    let unexplained = missed.iter().map(|missed| missed.share).fold(0.0, f64::max);
    let unexplained_places = missed.iter().map(|missed| missed.place).collect();
    let (mut unfounded, mut unfounded_places) = (Vec::new(), Vec::new());
    for (index, arm) in panel.arms.iter().enumerate() {
        let (columns, bare) = columns_without_ink(page, panel, arm);
        unfounded.push(bare.iter().map(|run| run.len()).sum::<usize>() as f64 / columns.max(1) as f64);
        let place = |run: &std::ops::Range<usize>| {
            let row = |column: usize| {
                panel.axes.y.pixel_at(arm.curve.survival_at(panel.axes.x.value_at(column as f64)))
            };
            let (one, other) = (row(run.start), row(run.end));
            PixelBox {
                left: run.start as f64,
                top: one.min(other) - arm.line_width_px,
                right: run.end as f64,
                bottom: one.max(other) + arm.line_width_px,
            }
        };
        unfounded_places.extend(bare.iter().map(|run| (index, place(run))));
    }
    Redrawing { unexplained, unexplained_places, unfounded, unfounded_places }
}

/// A path through unexplained ink that may be a missed curve.
struct Missed {
    share: f64,
    place: PixelBox,
}

/// Paths through unexplained ink that could be curves: they fall from the start of the others, keep to the ink, and are no
/// limits of a curve that was traced (they neither drop where it does nor come in pairs on both its sides).
fn missed_curves(
    page: &InkPage,
    x: &AxisCalibration,
    plot: &PlotCurves,
    explained: &Plane<bool>,
) -> Vec<Missed> {
    let area = plot.area;
    let palette = find_palette(page, area);
    let mut coverage = PlotInk::of(page, area, &palette.grounds, &[]).any_ink(|x, y| !explained.get(x, y));
    if plot.rising {
        coverage.mirror();
    }
    let line_width = coverage.line_width();
    let start = trace_start(area, x, &plot.survival_axis);
    let mut found: Vec<(TracedCurve, f64)> = Vec::new();
    for _ in 0..MOST_PATHS {
        let Some(path) = trace(&coverage, line_width, TraceCosts::DOTTED, start) else { break };
        let (inked, bare) = inked_columns(&coverage, &path, line_width);
        let share = inked as f64 / area.width().max(1) as f64;
        if inked < SHORTEST_PIECE {
            break;
        }
        let curve = TracedCurve {
            color: [0.0; 3],
            dashed: true,
            line_width,
            path,
            coverage: coverage.clone(),
            marks: None,
        };
        let is_limit = plot.curves.iter().any(|arm| follows_drops_of(&curve, arm))
            || (!plot.rising && is_band_edge(page, &curve));
        hide_curve(&mut coverage, &curve, true);
        // An inset or a frame hangs together with no curve.
        let leap = bare_stretches(&curve.coverage, &curve.path, line_width, 0).longest_bare_drop;
        let connected = bare as f64 <= MOST_BARE * inked as f64 && leap <= CLOSED_GAP;
        let (top, bottom) = rows_on_ink(&curve);
        let falls = (bottom - top) as f64 >= LEAST_FALL * area.height() as f64;
        if share > MOST_UNEXPLAINED && connected && falls && !is_limit && !is_straight(&curve) {
            found.push((curve, share));
        }
    }
    let side = |curve: &TracedCurve, arm: &TracedCurve| side_of(&curve.path, &arm.path);
    let has_partner = |curve: &TracedCurve| {
        plot.curves.iter().any(|arm| {
            side(curve, arm)
                .is_some_and(|above| found.iter().any(|(other, _)| side(other, arm) == Some(!above)))
        })
    };
    let missed = found.iter().filter(|(curve, _)| !has_partner(curve));
    missed.map(|(curve, share)| Missed { share: *share, place: place_of(curve, plot) }).collect()
}

/// Columns of a path that run on its ink, gaps of dashes closed, and those on bare ground.
fn inked_columns(coverage: &Coverage, path: &Path, line_width: f64) -> (usize, usize) {
    let half = (line_width / 2.0).ceil() as usize;
    let (mut inked, mut bare) = (0, 0);
    let (mut run, mut gap, mut bare_in_gap) = (0, 0, 0);
    for (index, &row) in path.rows.iter().enumerate() {
        let x = path.start + index;
        if coverage.own.strongest_near(x, row, half) >= SEEN {
            if gap > CLOSED_GAP {
                inked += if run >= SHORTEST_PIECE { run } else { 0 };
                bare += bare_in_gap;
                run = 0;
            } else {
                run += gap;
            }
            run += 1;
            (gap, bare_in_gap) = (0, 0);
        } else {
            gap += 1;
            bare_in_gap += usize::from(coverage.other.strongest_near(x, row, half) < SEEN);
        }
    }
    inked += if run >= SHORTEST_PIECE { run } else { 0 };
    (inked, bare + bare_in_gap)
}

/// The points (column, row) of a path that lie on its own ink, from left to right.
fn points_on_ink(curve: &TracedCurve) -> impl Iterator<Item = (usize, usize)> {
    let points = curve.path.rows.iter().enumerate().map(|(index, &row)| (curve.path.start + index, row));
    points.filter(|&(column, row)| curve.coverage.own.get(column, row) >= SEEN)
}

/// First and last row of a path's own ink.
fn rows_on_ink(curve: &TracedCurve) -> (usize, usize) {
    let rows = || points_on_ink(curve).map(|(_, row)| row);
    (rows().min().unwrap_or(0), rows().max().unwrap_or(0))
}

/// Whether nearly all of a path's own ink lies in one row, or in that and the rows beside it.
fn is_straight(curve: &TracedCurve) -> bool {
    let mut columns_of_row: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, row) in points_on_ink(curve) {
        *columns_of_row.entry(row).or_default() += 1;
    }
    let all: usize = columns_of_row.values().sum();
    let around =
        |row: usize| columns_of_row.range(row.saturating_sub(1)..=row + 1).map(|(_, count)| count).sum();
    let most: usize = columns_of_row.keys().map(|&row| around(row)).max().unwrap_or(0);
    most as f64 >= STRAIGHT_SHARE * all as f64
}

/// Where a path leaves what is explained, as a box on the page.
fn place_of(curve: &TracedCurve, plot: &PlotCurves) -> PixelBox {
    let points: Vec<(usize, usize)> = points_on_ink(curve).collect();
    let extent = |of: &dyn Fn(&(usize, usize)) -> usize| {
        (points.iter().map(of).min().unwrap_or(0), points.iter().map(of).max().unwrap_or(0) + 1)
    };
    let ((left, right), (top, bottom)) = (extent(&|point| point.0), extent(&|point| point.1));
    let area = plot.area;
    let (top, bottom) = if plot.rising {
        (area.height().saturating_sub(bottom), area.height().saturating_sub(top))
    } else {
        (top, bottom)
    };
    Rect { left: area.left + left, right: area.left + right, top: area.top + top, bottom: area.top + bottom }
        .to_pixel_box()
}

/// The checks that follow.
pub(crate) fn checks_of_redrawing(panel: &Panel, found: &Redrawing) -> Vec<Check> {
    let worst = found
        .unfounded
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .map_or((0.0, String::new()), |(index, share)| (*share, panel.arms[index].label.clone()));
    vec![
        Check {
            name: "ink-explained".to_owned(),
            passed: found.unexplained <= MOST_UNEXPLAINED,
            message: format!(
                "over {:.0} % of the plot's width a falling line runs that no curve, limit, mark, text or grid explains; at most {:.0} % are allowed: a curve may have been missed",
                100.0 * found.unexplained,
                100.0 * MOST_UNEXPLAINED
            ),
        },
        Check {
            name: "redrawing-matches".to_owned(),
            passed: worst.0 <= MOST_UNFOUNDED,
            message: format!(
                "drawn again, a curve (`{}`) has no ink below it on {:.0} % of its length; at most {:.0} % are allowed",
                worst.1,
                100.0 * worst.0,
                100.0 * MOST_UNFOUNDED
            ),
        },
    ]
}

/// Marks what is known to be drawn in the plot, in coordinates of `inside`.
pub(crate) fn explained_pixels(
    page: &InkPage,
    panel: &Panel,
    inside: Rect,
    curves: &[TracedCurve],
    words: &[Word],
) -> Plane<bool> {
    let mut explained = Plane::filled(inside.width(), inside.height(), false);
    for curve in curves {
        explain_curve(&mut explained, inside, curve);
    }
    for text in &panel.texts {
        // The sample of a legend entry stands left of its name.
        let height = text.location.bottom - text.location.top;
        let left = if text.role == TextRole::Legend { 9.0 * height } else { 0.0 };
        explain_box(&mut explained, inside, PixelBox { left: text.location.left - left, ..text.location }, 3);
    }
    let cells = panel.risk_table.iter().flat_map(|table| &table.rows).flat_map(|row| &row.cells);
    for location in cells.filter_map(|cell| cell.location) {
        explain_box(&mut explained, inside, location, 3);
    }
    for word in words.iter().filter(|word| is_print(word)) {
        explain_box(&mut explained, inside, word.area.to_pixel_box(), 2);
    }
    explain_lines(page, &mut explained, inside, panel);
    explained
}

/// Whether a word is letters and not a piece of a line.
fn is_print(word: &Word) -> bool {
    let (width, height) = (word.area.width(), word.area.height());
    word.letter_height >= 6 && width >= word.letter_height && height <= 2 * word.letter_height
}

/// A curve's strokes and the marks that stand on it.
fn explain_curve(explained: &mut Plane<bool>, inside: Rect, curve: &TracedCurve) {
    let area = curve.coverage.area;
    let (widths, share, pixels) = MARK_REACH;
    let reach = (widths * curve.line_width).max(share * inside.height() as f64).max(pixels).ceil() as usize;
    let beside = (curve.line_width / 2.0).ceil() as usize + 3;
    let mut before = curve.path.rows.first().copied().unwrap_or(0);
    let last = curve.path.rows.len().saturating_sub(1);
    for (index, &row) in curve.path.rows.iter().enumerate() {
        let (upper, lower) = (before.min(row), before.max(row));
        let x = area.left + curve.path.start + index;
        // Marks at the ends of a curve reach beyond it.
        let sides = if index == 0 || index == last { reach } else { beside };
        let rows = (area.top + upper).saturating_sub(reach)..area.top + lower + reach + 1;
        for column in
            x.saturating_sub(if row == before && sides == beside { 0 } else { sides })..x + sides + 1
        {
            for y in rows.clone() {
                set(explained, inside, column, y);
            }
        }
        before = row;
    }
}

fn explain_box(explained: &mut Plane<bool>, inside: Rect, area: PixelBox, margin: usize) {
    let area = Rect::of_pixel_box(area, inside.right, inside.bottom);
    for y in area.top.saturating_sub(margin)..area.bottom + margin {
        for x in area.left.saturating_sub(margin)..area.right + margin {
            set(explained, inside, x, y);
        }
    }
}

fn set(explained: &mut Plane<bool>, inside: Rect, x: usize, y: usize) {
    if x >= inside.left && x < inside.right && y >= inside.top && y < inside.bottom {
        explained.set(x - inside.left, y - inside.top, true);
    }
}

/// The frame with its ticks, full lines of a grid, and the reference lines of medians.
fn explain_lines(page: &InkPage, explained: &mut Plane<bool>, inside: Rect, panel: &Panel) {
    let (width, height) = (inside.width(), inside.height());
    let ink = |x: usize, y: usize| page.is_ink(inside.left + x, inside.top + y);
    let count = |range: usize, ink: &dyn Fn(usize) -> bool| (0..range).filter(|&at| ink(at)).count() as f64;
    let is_line = |size: usize, ink: &dyn Fn(usize) -> bool| {
        let share = count(size, ink) / size.max(1) as f64;
        let near = ((EDGE * size as f64) as usize).max(CLOSED_GAP);
        let first = (0..size).find(|&at| ink(at)).unwrap_or(size);
        let last = (0..size).rev().find(|&at| ink(at)).unwrap_or(0);
        share >= FULL_LINE || (share >= DASHED_FULL_LINE && first <= near && last + near >= size)
    };
    let mut rows: Vec<usize> = (0..height).filter(|&y| is_line(width, &|x| ink(x, y))).collect();
    let mut columns: Vec<usize> = (0..width).filter(|&x| is_line(height, &|y| ink(x, y))).collect();
    let near = |pixel: f64, first: usize, size: usize| {
        let middle = pixel - first as f64;
        (0..size).filter(move |&at| (at as f64 + 0.5 - middle).abs() <= 2.5)
    };
    rows.extend(near(panel.axes.y.pixel_at(0.5), inside.top, height));
    for median in panel.arms.iter().filter_map(|arm| arm.curve.median()) {
        columns.extend(near(panel.axes.x.pixel_at(median), inside.left, width));
    }
    let frame = |size: usize| ((FRAME * size as f64) as usize).max(5);
    rows.extend((0..frame(height).min(height)).chain(height.saturating_sub(frame(height))..height));
    columns.extend((0..frame(width).min(width)).chain(width.saturating_sub(frame(width))..width));
    for &y in &rows {
        (0..width).for_each(|x| explained.set(x, y, true));
    }
    for &x in &columns {
        (0..height).for_each(|y| explained.set(x, y, true));
    }
}

/// The number of an arm's columns, and the runs of them on which the picture has no ink where the arm is drawn again.
fn columns_without_ink(
    page: &InkPage,
    panel: &Panel,
    arm: &DigitizedArm,
) -> (usize, Vec<std::ops::Range<usize>>) {
    let (x, y) = (&panel.axes.x, &panel.axes.y);
    let (from, to) = (x.pixel_at(0.0).max(0.0), x.pixel_at(arm.curve_end).min(page.width() as f64));
    let columns = from.ceil() as usize..to.floor().max(0.0) as usize;
    let reach = arm.line_width_px / 2.0 + 1.5;
    let is_carried = |column: usize| {
        // Just beside a drop either level will do.
        let beside = [column as f64 - 1.0, column as f64 + 2.0].map(|at| x.value_at(at));
        let levels = beside.map(|time| y.pixel_at(arm.curve.survival_at(time)));
        let top = (levels[0].min(levels[1]) - reach).max(0.0) as usize;
        let bottom = ((levels[0].max(levels[1]) + reach).ceil().max(0.0) as usize).min(page.height());
        (top..bottom).any(|row| page.contrast.get(column, row) >= PALE_INK || page.is_masked(column, row))
    };
    let longest_gap = match arm.line_style {
        LineStyle::Dashed => (9.0 * arm.line_width_px).max(CLOSED_GAP as f64) as usize,
        LineStyle::Solid => 1,
    };
    let mut bare: Vec<std::ops::Range<usize>> = Vec::new();
    for column in columns.clone().filter(|&column| !is_carried(column)) {
        match bare.last_mut() {
            Some(run) if run.end == column => run.end += 1,
            _ => bare.push(column..column + 1),
        }
    }
    bare.retain(|run| run.len() > longest_gap);
    (columns.len(), bare)
}
