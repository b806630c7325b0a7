//! Turns a traced path into plateaus and drops with sub-pixel positions.

use crate::coverage::Coverage;
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

/// The plateaus of a path, levels never rising on the page (never decreasing in pixel rows).
pub(crate) fn plateaus(coverage: &Coverage, path: &Path, line_width: f64) -> Vec<Plateau> {
    let mut found: Vec<Plateau> = Vec::new();
    let mut from = 0;
    for index in 1..=path.rows.len() {
        if index < path.rows.len() && path.rows[index] == path.rows[from] {
            continue;
        }
        let row = path.rows[from];
        let columns = (path.start + from, path.start + index);
        let Level { level, level_error, seen } = measure_level(coverage, columns, row, line_width);
        let (begins, begins_error) = match from.checked_sub(1) {
            None => (columns.0 as f64, 0.5),
            Some(before) => drop_column(coverage, columns.0, path.rows[before], row, line_width),
        };
        if let Some(previous) = found.last_mut() {
            previous.ends = begins;
        }
        found.push(Plateau { begins, begins_error, ends: columns.1 as f64, level, level_error, seen });
        from = index;
    }
    merge_equal_levels(found)
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
fn measure_level(coverage: &Coverage, (from, to): (usize, usize), row: usize, line_width: f64) -> Level {
    let margin = ((line_width / 2.0).ceil() as usize + 1).min((to - from).saturating_sub(1) / 2);
    let mut centers: Vec<f64> =
        (from + margin..to - margin).filter_map(|x| line_center(coverage, x, row, line_width)).collect();
    if centers.is_empty() {
        // The path may run anywhere within the line.
        return Level { level: row as f64 + 0.5, level_error: 0.5 + line_width / 4.0, seen: 0 };
    }
    centers.sort_by(f64::total_cmp);
    let quarter = centers.len() / 4;
    let middle = &centers[quarter..centers.len() - quarter];
    let level = middle.iter().sum::<f64>() / middle.len() as f64;
    Level { level, level_error: standard_error(&centers), seen: centers.len() }
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
