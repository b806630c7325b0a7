//! Turns a traced path into plateaus and drops with sub-pixel positions.

use crate::coverage::{Coverage, TALLEST_STROKE, WIDEST_FRINGE};
use crate::median::median;
use crate::trace::Path;

/// A level stretch of a curve. Coordinates are continuous and relative to the coverage's area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plateau {
    /// Column of the drop that leads down to it (for the first one, where the curve starts).
    pub(crate) begins: f64,
    /// Standard error of that column, in pixels, without the snapping of the renderer.
    pub(crate) begins_error: f64,
    /// Column where it ends.
    pub(crate) ends: f64,
    /// Its level: the centre of the line.
    pub(crate) level: f64,
    /// Standard error of the level, in pixels, without the snapping of the renderer.
    pub(crate) level_error: f64,
    /// Number of columns that the level was measured on; 0 when the line is hidden all along.
    pub(crate) seen: usize,
}

/// Levels closer than this (in pixels) to the one before are the same plateau: below what antialiasing lets
/// one measure on a short stretch.
const SAME_LEVEL: f64 = 0.4;
/// Drops closer than this, in columns, are one stroke.
const SAME_COLUMN: f64 = 0.75;
/// Share of the line's thickness within which two rows are the same line's.
const IN_LINE: f64 = 0.75;
/// Pixels of fringe from which a line is taken for fringed.
const LEAST_FRINGE: f64 = 1.5;
/// Standard error in pixels of a level read from a line with fringes, beside the scatter over its columns: the shades of blocks
/// of 2 x 2 pixels shift all columns alike.
const FRINGE_ERROR: f64 = 0.3;
/// The same for a level read from the edges of a line.
const EDGE_ERROR: f64 = 0.4;

/// The plateaus of a path, levels never rising on the page (never decreasing in pixel rows).
pub(crate) fn plateaus(coverage: &Coverage, path: &Path, line_width: f64) -> Vec<Plateau> {
    let line = Line::along(coverage, path, line_width);
    let mut found: Vec<Plateau> = Vec::new();
    let mut from = 0;
    for index in 1..=path.rows.len() {
        if index < path.rows.len() && path.rows[index] == path.rows[from] {
            continue;
        }
        let row = path.rows[from];
        let columns = (path.start + from, path.start + index);
        let Level { level, level_error, seen } = measure_level(coverage, columns, row, line);
        let (begins, begins_error) = match from.checked_sub(1) {
            None => (columns.0 as f64, 0.5),
            Some(before) => drop_column(coverage, columns.0, path.rows[before], row, line.width),
        };
        if let Some(previous) = found.last_mut() {
            previous.ends = begins;
        }
        found.push(Plateau { begins, begins_error, ends: columns.1 as f64, level, level_error, seen });
        from = index;
    }
    merge_equal_levels(without_corners(found, line))
}

/// What a line looks like along its path.
#[derive(Debug, Clone, Copy)]
struct Line {
    width: f64,
    /// Whether fringes of other colours run along its edges.
    fringed: bool,
}

impl Line {
    fn along(coverage: &Coverage, path: &Path, line_width: f64) -> Self {
        let strokes: Vec<f64> = (path.start..)
            .zip(&path.rows)
            .filter_map(|(x, &row)| Some(coverage.fringed_stroke(x, row, TALLEST_STROKE)?.thickness))
            .collect();
        let is_common = 2 * strokes.len() > path.rows.len();
        let thickness = median(strokes.into_iter());
        let fringed = is_common && thickness > line_width + LEAST_FRINGE;
        Self { width: if fringed { thickness } else { line_width }, fringed }
    }

    /// The ink of the line at a pixel.
    fn ink(self, coverage: &Coverage, x: usize, y: usize) -> f32 {
        let own = coverage.own.get(x, y);
        if self.fringed { (own + coverage.other.get(x, y)).min(1.0) } else { own }
    }
}

/// Leaves out the plateaus that are only corners of a line: no column shows their level, and either both drops beside them
/// stand in the same column, or the path steps from the plateau before or to the one after within the line's own thickness,
/// where it may run anywhere.
fn without_corners(plateaus: Vec<Plateau>, line: Line) -> Vec<Plateau> {
    let mut kept: Vec<Plateau> = Vec::with_capacity(plateaus.len());
    let mut coming = plateaus.into_iter().peekable();
    while let Some(plateau) = coming.next() {
        let Some(before) = kept.last_mut().filter(|_| plateau.seen == 0) else {
            kept.push(plateau);
            continue;
        };
        let above = plateau.level - before.level;
        let next = coming.peek_mut();
        let below = next.as_ref().map_or(f64::INFINITY, |next| next.level - plateau.level);
        let is_one_stroke = next.as_ref().is_some_and(|next| next.begins - plateau.begins < SAME_COLUMN);
        let is_short = plateau.ends - plateau.begins < line.width / 2.0 + 1.0;
        let is_corner = is_one_stroke || (is_short && above.min(below) < IN_LINE * line.width);
        if !is_corner {
            kept.push(plateau);
            continue;
        }
        // The taller part of a stroke shows its column best.
        if let Some(next) = next.filter(|_| above > below) {
            (next.begins, next.begins_error) = (plateau.begins, plateau.begins_error);
            before.ends = next.begins;
        } else {
            before.ends = plateau.ends;
        }
    }
    kept
}

/// Pools neighbours whose levels are equal or in the wrong order, weighting by the columns seen.
fn merge_equal_levels(plateaus: Vec<Plateau>) -> Vec<Plateau> {
    let mut merged: Vec<Plateau> = Vec::with_capacity(plateaus.len());
    for plateau in plateaus {
        merged.push(plateau);
        while let [.., before, last] = merged.as_mut_slice() {
            let (long_before, long_last) = (before.seen.max(1) as f64, last.seen.max(1) as f64);
            if last.level - before.level >= SAME_LEVEL {
                break;
            }
            before.level = (before.level * long_before + last.level * long_last) / (long_before + long_last);
            before.level_error = (before.level_error * long_before).hypot(last.level_error * long_last)
                / (long_before + long_last);
            before.ends = last.ends;
            before.seen += last.seen;
            merged.pop();
        }
    }
    merged
}

/// A level with its standard error (pixels) and the number of columns that show it cleanly.
struct Level {
    level: f64,
    level_error: f64,
    seen: usize,
}

/// The centre of the line over the columns `from..to`.
fn measure_level(coverage: &Coverage, (from, to): (usize, usize), row: usize, line: Line) -> Level {
    let margin = ((line.width / 2.0).ceil() as usize + 1).min((to - from).saturating_sub(1) / 2);
    let middle = from + margin..to - margin;
    let mut centers: Vec<f64> =
        middle.clone().filter_map(|x| line_center(coverage, x, row, line.width)).collect();
    let mut least_error = 0.0;
    if centers.is_empty() && line.fringed {
        let tallest = line.width.ceil() as usize + WIDEST_FRINGE;
        centers = middle.filter_map(|x| Some(coverage.fringed_stroke(x, row, tallest)?.center)).collect();
        least_error = FRINGE_ERROR;
    }
    if centers.is_empty() {
        centers = centers_from_edges(coverage, (from, to), row, line);
        least_error = EDGE_ERROR;
    }
    if centers.is_empty() {
        // The path may run anywhere within the line.
        return Level { level: row as f64 + 0.5, level_error: 0.5 + line.width / 4.0, seen: 0 };
    }
    centers.sort_by(f64::total_cmp);
    let quarter = centers.len() / 4;
    let middle = &centers[quarter..centers.len() - quarter];
    let level = middle.iter().sum::<f64>() / middle.len() as f64;
    Level { level, level_error: standard_error(&centers).hypot(least_error), seen: centers.len() }
}

/// The centre of a line on a plateau so short that no column shows it without one of the drops beside it: the drop before
/// stands above the line and leaves its lower edge free, the drop after its upper edge.
fn centers_from_edges(coverage: &Coverage, (from, to): (usize, usize), row: usize, line: Line) -> Vec<f64> {
    let half = line.width / 2.0;
    let clear = half.ceil() as usize + 1;
    let reach = line.width.ceil() as usize;
    let upper = (from + clear..to).filter_map(|x| {
        let last = (row.saturating_sub(reach)..=row)
            .rev()
            .take_while(|&y| line.ink(coverage, x, y) >= 0.5)
            .last()?;
        let above = last.checked_sub(1).filter(|_| row - last < reach)?;
        Some(last as f64 - f64::from(line.ink(coverage, x, above)) + half)
    });
    let lower = (from..to.saturating_sub(clear)).filter_map(|x| {
        let end = (row + reach).min(coverage.height());
        let last = (row..end).take_while(|&y| line.ink(coverage, x, y) >= 0.5).last()?;
        let below = Some(last + 1).filter(|&below| below < end)?;
        Some(below as f64 + f64::from(line.ink(coverage, x, below)) - half)
    });
    upper.chain(lower).collect()
}

/// Standard error of the middle of sorted values by the distance of their quartiles; no better than a twentieth of
/// a pixel, below which the shades of antialiasing do not resolve.
fn standard_error(sorted: &[f64]) -> f64 {
    let quarter = sorted.len() / 4;
    let spread = (sorted[sorted.len() - 1 - quarter] - sorted[quarter]) / 1.349;
    // One or two values tell nothing of their spread.
    let spread = if sorted.len() < 3 { spread.max(0.25) } else { spread };
    (spread / (sorted.len() as f64).sqrt()).max(0.05)
}

/// The centre of the line's ink in one column; nothing where the ink is hidden or reaches farther than a line
/// does (at drops, censor marks and crossings).
fn line_center(coverage: &Coverage, x: usize, row: usize, line_width: f64) -> Option<f64> {
    let reach = (line_width / 2.0).ceil() as usize + 2;
    let rows = row.saturating_sub(reach)..(row + reach + 1).min(coverage.height());
    if rows.clone().any(|y| coverage.other.get(x, y) > 0.5) {
        return None;
    }
    let ends_clear = coverage.own.get(x, rows.start) < 0.25 && coverage.own.get(x, rows.end - 1) < 0.25;
    let (mut mass, mut moment) = (0.0, 0.0);
    for y in rows {
        let ink = f64::from(coverage.own.get(x, y));
        mass += ink;
        moment += ink * (y as f64 + 0.5);
    }
    (ends_clear && mass > 0.5 * line_width.min(1.5)).then(|| moment / mass)
}

/// The column of a drop from row `upper` to row `lower` that the path takes at column `x`, with its standard error.
fn drop_column(coverage: &Coverage, x: usize, upper: usize, lower: usize, line_width: f64) -> (f64, f64) {
    let half = (line_width / 2.0).ceil() as usize;
    let (from, to) = (upper + half + 1, lower.saturating_sub(half));
    let stroke = if from + 2 <= to { stroke_column(coverage, x, (from, to), line_width) } else { None };
    // Round joins and shades of antialiasing blur the ends of two edges; a hidden drop may lie anywhere in its line.
    stroke
        .or_else(|| edge_column(coverage, x, upper, lower, line_width).map(|column| (column, 0.35)))
        .unwrap_or((x as f64, 0.5 + line_width / 2.0))
}

/// Centre of the vertical stroke between two rows, with its standard error.
fn stroke_column(
    coverage: &Coverage,
    x: usize,
    (from, to): (usize, usize),
    line_width: f64,
) -> Option<(f64, f64)> {
    let reach = line_width.ceil() as usize + 2;
    let columns = x.saturating_sub(reach)..(x + reach + 1).min(coverage.width());
    let mut centers = Vec::new();
    for y in from..to {
        let (mut mass, mut moment) = (0.0, 0.0);
        for column in columns.clone() {
            let ink = f64::from(coverage.own.get(column, y));
            mass += ink;
            moment += ink * (column as f64 + 0.5);
        }
        if mass > 0.5 && mass < line_width + 1.5 {
            centers.push(moment / mass);
        }
    }
    if centers.is_empty() {
        return None;
    }
    centers.sort_by(f64::total_cmp);
    Some((centers[centers.len() / 2], standard_error(&centers)))
}

/// For a drop smaller than the line is wide: the upper plateau's upper edge ends half a width behind the drop
/// and the lower plateau's lower edge begins half a width before it, so the drop is in their middle.
fn edge_column(coverage: &Coverage, x: usize, upper: usize, lower: usize, line_width: f64) -> Option<f64> {
    let half = ((line_width - 1.0) / 2.0).round().max(0.0) as usize;
    let reach = line_width.ceil() as usize + 2;
    let columns = x.saturating_sub(reach)..(x + reach + 1).min(coverage.width());
    let upper_edge = upper.saturating_sub(half);
    let lower_edge = (lower + half).min(coverage.height() - 1);
    let trailing = columns.clone().rev().find(|&column| coverage.own.get(column, upper_edge) >= 0.5)?;
    let leading = columns.clone().find(|&column| coverage.own.get(column, lower_edge) >= 0.5)?;
    let bounded = trailing + 1 < columns.end && leading > columns.start;
    bounded.then(|| (trailing as f64 + 1.0 + leading as f64) / 2.0)
}

/// True when the line falls from row `one_row` to its first plateau: a vertical stroke stands at its start.
pub(crate) fn rises_to(coverage: &Coverage, path: &Path, line_width: f64, one_row: f64) -> bool {
    let Some(&first) = path.rows.first() else { return false };
    let reach = line_width.ceil() as usize + 1;
    let from = (one_row + line_width / 2.0).max(0.0) as usize;
    if from >= first {
        return false;
    }
    (path.start.saturating_sub(reach)..(path.start + reach + 1).min(coverage.width())).any(|x| {
        let inked = (from..first).filter(|&y| coverage.own.get(x, y) >= 0.3).count();
        inked * 10 >= (first - from) * 8
    })
}

/// How the curve ends: where a last vertical stroke leads down to, in rows, if there is one.
pub(crate) fn final_drop(coverage: &Coverage, path: &Path, line_width: f64) -> Option<(f64, f64)> {
    let last_row = *path.rows.last()?;
    let half = (line_width / 2.0).ceil() as usize;
    let last_column = path.end() - 1;
    let reach = half + 1;
    let columns = last_column.saturating_sub(reach)..(last_column + reach + 1).min(coverage.width());
    let ink = |x: usize, y: usize| coverage.own.get(x, y) >= 0.4;
    let down = |x: usize| (last_row + half + 1..coverage.height()).take_while(|&y| ink(x, y)).count();
    let up = |x: usize| (0..last_row.saturating_sub(half)).rev().take_while(|&y| ink(x, y)).count();
    let (column, depth) = columns.map(|x| (x, down(x))).max_by_key(|&(_, depth)| depth)?;
    // A censor mark reaches as far up as down.
    if (depth as f64) < line_width + 2.0 || depth <= up(column) + 3 {
        return None;
    }
    let bottom = (last_row + half + 1 + depth) as f64;
    let rows = (last_row + half + 2, (last_row + half + depth).max(last_row + half + 3));
    let center =
        stroke_column(coverage, column, rows, line_width).map_or(column as f64 + 0.5, |stroke| stroke.0);
    Some((center, bottom - line_width / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::{ColumnPlane, Rect};

    /// A line that runs along row 20 and, from column 30, along row 40, with its drop: `core` rows of its own colour and
    /// `fringe` rows of another one along each edge.
    fn staircase(core: usize, fringe: usize) -> Coverage {
        let area = Rect { left: 0, top: 0, right: 60, bottom: 60 };
        let own = ColumnPlane::filled(60, 60, 0.0);
        let mut coverage = Coverage { area, other: own.clone(), own };
        let reach = core / 2 + fringe;
        let mut draw = |x: usize, y: usize, is_core: bool| {
            let plane = if is_core { &mut coverage.own } else { &mut coverage.other };
            plane.set(x, y, 1.0);
        };
        for x in 0..60_usize {
            for y in 0..60_usize {
                let level = if x < 30 { 20_usize } else { 40 };
                let off = y.abs_diff(level).min(if (20..=40).contains(&y) { x.abs_diff(30) } else { 60 });
                if off <= reach {
                    draw(x, y, off <= core / 2);
                }
            }
        }
        coverage
    }

    fn path(corner: usize) -> Path {
        let row = |x: usize| {
            if x < 29 {
                20
            } else if x < 31 {
                corner
            } else {
                40
            }
        };
        Path { start: 0, rows: (0..60).map(row).collect(), score: 0.0, on_ink: 1.0, on_bare: 0.0 }
    }

    #[test]
    fn the_level_of_a_line_with_fringes_is_that_of_all_its_ink() {
        let found = plateaus(&staircase(3, 2), &path(20), 3.0);
        let levels: Vec<f64> = found.iter().map(|plateau| plateau.level).collect();
        assert_eq!(levels.len(), 2, "{found:?}");
        assert!((levels[0] - 20.5).abs() < 0.1 && (levels[1] - 40.5).abs() < 0.1, "{found:?}");
        assert!(found.iter().all(|plateau| plateau.seen > 0));
    }

    #[test]
    fn a_corner_within_a_thick_line_is_no_plateau() {
        for corner in [22, 38] {
            let found = plateaus(&staircase(7, 0), &path(corner), 7.0);
            assert_eq!(found.len(), 2, "{found:?}");
            assert!((found[1].begins - 30.5).abs() <= 2.0, "{found:?}");
        }
    }

    #[test]
    fn a_short_plateau_is_measured_by_its_free_edges() {
        // Line 5 px thick: the drop before covers columns 28 to 32, the one after columns 36 to 40.
        let mut coverage = staircase(5, 0);
        for x in 28..60_usize {
            for y in 0..60_usize {
                let on_step = x <= 40 && (28..=32).contains(&y) && x >= 28;
                let on_drop =
                    (x <= 32 && (18..=32).contains(&y)) || ((36..=40).contains(&x) && (28..=42).contains(&y));
                let on_last = x >= 36 && (38..=42).contains(&y);
                coverage.own.set(x, y, if on_step || on_drop || on_last { 1.0 } else { 0.0 });
            }
        }
        let rows = (0..60)
            .map(|x| {
                if x < 30 {
                    20
                } else if x < 38 {
                    31
                } else {
                    40
                }
            })
            .collect();
        let found = plateaus(&coverage, &Path { start: 0, rows, score: 0.0, on_ink: 1.0, on_bare: 0.0 }, 5.0);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!((found[1].level - 30.5).abs() < 0.3, "{found:?}");
    }
}
