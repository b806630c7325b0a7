//! Straight lines that are no curves: frames, grids and reference lines. They are hidden before curves are traced.

use crate::coverage::Coverage;
use crate::curve_shape::FAINT;
use crate::trace::Path;

/// Parts of the plot's width or height that a frame, grid or reference line must all cross.
const PARTS: usize = 12;
/// Share of each part that its ink must fill: less than the duty of a dashed line.
const LEAST_INK_OF_PART: f64 = 0.3;
/// Share of the plot's width or height at whose ends a full line must show ink.
const END_SHARE: f64 = 0.025;
/// A path this many rows away from a line does not run along it.
const FAR_ROWS: usize = 3;
/// How far the dashes of a reference line lie apart at most, in pixels.
const LONGEST_GAP: usize = 24;
/// Half the width of a thick line, in pixels.
const WIDEST_ARM: f64 = 3.0;
/// Share of the plot's width that a line at the median must cover from the survival axis on.
const SHORTEST_MEDIAN_LINE: f64 = 0.04;
/// Share of a line at the median, from the axis on, by which its rows are found.
const MEDIAN_BEGIN: f64 = 0.25;

/// Hides frames, grid lines and reference lines, which cross the whole plot, solid or dashed. Curves may be
/// hidden below them. An arm without events may cross the plot at row `arm`; a text or an inset (`covers`) may lie on a line.
pub(crate) fn hide_full_lines(
    coverage: &mut Coverage,
    arm: Option<f64>,
    covers: impl Fn(usize, usize) -> bool,
) {
    let (width, height) = (coverage.width(), coverage.height());
    let ink = |x: usize, y: usize| {
        let other = if covers(x, y) { 1.0 } else { coverage.other.get(x, y) };
        (coverage.own.get(x, y), other)
    };
    let is_arm = |y: usize| arm.is_some_and(|arm| (y as f64 + 0.5 - arm).abs() <= WIDEST_ARM);
    let rows: Vec<usize> =
        (0..height).filter(|&y| !is_arm(y)).filter(|&y| crosses_everything(width, |x| ink(x, y))).collect();
    let columns: Vec<usize> = (0..width).filter(|&x| crosses_everything(height, |y| ink(x, y))).collect();
    for &y in &rows {
        (0..width).for_each(|x| coverage.hide(x, y));
    }
    for &x in &columns {
        // No curve runs along a vertical line.
        (0..height).for_each(|y| coverage.erase(x, y));
    }
}

/// True when ink lies at both ends and in every one of a dozen equal parts of a row or column, own or hiding it, and in a third
/// of all of it its own.
fn crosses_everything(length: usize, ink: impl Fn(usize) -> (f32, f32)) -> bool {
    let end = (END_SHARE * length as f64).ceil() as usize;
    let reaches = |mut part: std::ops::Range<usize>| part.any(|i| ink(i).0.max(ink(i).1) >= 0.25);
    if !reaches(0..end.min(length)) || !reaches(length.saturating_sub(end)..length) {
        return false;
    }
    let mut own_total = 0;
    for part in 0..PARTS {
        let (from, to) = (part * length / PARTS, (part + 1) * length / PARTS);
        let own = (from..to).filter(|&i| ink(i).0 >= 0.25).count();
        let any = (from..to).filter(|&i| ink(i).0.max(ink(i).1) >= 0.25).count();
        own_total += own;
        if (any as f64) < LEAST_INK_OF_PART * (to - from) as f64 {
            return false;
        }
    }
    own_total as f64 >= 0.33 * length as f64
}

/// Share of a path that may run along a grid line, and share of the columns beside that stretch in which the grid line goes on.
const LONG_LEVEL: f64 = 0.3;
const GOES_ON: f64 = 0.3;
/// Fewest such columns.
const FEWEST_COLUMNS: usize = 20;

/// The row of a grid line along which much of a path runs: ink of its colour lies in the row before the path comes there or after
/// it ends as well, where a curve's own level shows none. A text, a legend or an inset (`covers`) may interrupt a grid line.
pub(crate) fn grid_row_along(
    coverage: &Coverage,
    path: &Path,
    covers: impl Fn(usize, usize) -> bool,
) -> Option<usize> {
    let levels = path.rows.chunk_by(|one, next| one.abs_diff(*next) <= 1);
    let mut from = path.start;
    let mut longest = (0, 0, 0);
    for level in levels {
        if level.len() > longest.1 {
            longest = (from, level.len(), level[level.len() / 2]);
        }
        from += level.len();
    }
    let (from, length, row) = longest;
    if (length as f64) < LONG_LEVEL * path.rows.len() as f64 {
        return None;
    }
    let far = |x: &usize| path.row_at(*x).is_none_or(|other| other.abs_diff(row) > FAR_ROWS);
    let own = |x: usize| coverage.own.strongest_near(x, row, 1) >= FAINT;
    // A legend or an inset may hide it.
    let is_open =
        |x: &usize| own(*x) || (coverage.other.strongest_near(*x, row, 1) < FAINT && !covers(*x, row));
    let beside = (0..from).chain(from + length..coverage.width());
    let outside: Vec<usize> = beside.filter(far).filter(is_open).collect();
    let inked = outside.iter().filter(|&&x| own(x)).count();
    (inked >= FEWEST_COLUMNS && inked as f64 >= GOES_ON * outside.len() as f64).then_some(row)
}

/// Hides a row of grid, with the shades above and below it.
pub(crate) fn hide_row(coverage: &mut Coverage, row: usize) {
    let rows = row.saturating_sub(1)..(row + 2).min(coverage.height());
    for x in 0..coverage.width() {
        rows.clone().for_each(|y| coverage.hide(x, y));
    }
}

/// Hides the horizontal line at S = 0.5 that leads from the survival axis to a curve. `row` is the row of S = 0.5.
///
/// Only ink on that row that continues to the axis is hidden: a curve is there only when half of its patients
/// died at once.
pub(crate) fn hide_median_line(coverage: &mut Coverage, row: f64) {
    let width = coverage.width();
    let rows = (row - 3.0).max(0.0) as usize..((row + 4.0).max(0.0) as usize).min(coverage.height());
    let ink = |x: usize| {
        rows.clone().any(|y| coverage.own.get(x, y).max(coverage.other.get(x, y)) >= 0.2)
            && !tall_ink(coverage, x, rows.start)
    };
    let (mut end, mut gap) = (0, 0);
    for x in 0..width {
        if ink(x) {
            (end, gap) = (x + 1, 0);
        } else {
            gap += 1;
            if gap > LONGEST_GAP {
                break;
            }
        }
    }
    if (end as f64) < SHORTEST_MEDIAN_LINE * width as f64 {
        return;
    }
    // A curve may run in the next row from where the line has led for a while: the line's own rows show ink from the axis on.
    let begin = ((MEDIAN_BEGIN * end as f64) as usize).max(LONGEST_GAP).min(end);
    let inked = |y: &usize| {
        (0..begin).filter(|&x| coverage.own.get(x, *y).max(coverage.other.get(x, *y)) >= 0.2).count()
    };
    let most = rows.clone().map(|y| inked(&y)).max().unwrap_or(0);
    let rows: Vec<usize> = rows.filter(|y| inked(y) * 4 >= most).collect();
    for y in rows {
        (0..end).for_each(|x| coverage.hide(x, y));
    }
}

/// Ink that comes from above: a curve's drop through the row rather than a line along it.
fn tall_ink(coverage: &Coverage, x: usize, top: usize) -> bool {
    (top.saturating_sub(3)..top).all(|y| coverage.own.get(x, y) >= 0.2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::{ColumnPlane, Rect};

    /// Ink along `path` and in the given columns of row 40.
    fn row_of(path: &Path, columns: std::ops::Range<usize>) -> Option<usize> {
        let mut own = ColumnPlane::filled(200, 100, 0.0);
        for (x, &row) in path.rows.iter().enumerate() {
            own.set(x, row, 1.0);
        }
        columns.for_each(|x| own.set(x, 40, 1.0));
        let other = ColumnPlane::filled(200, 100, 0.0);
        grid_row_along(
            &Coverage { area: Rect { left: 0, top: 0, right: 200, bottom: 100 }, own, other },
            path,
            |_, _| false,
        )
    }

    #[test]
    fn a_level_that_goes_on_beyond_a_path_is_a_grid_line() {
        let rows = (0..150).map(|x| if x < 50 { 10 + x / 2 } else { 40 }).collect();
        let path = Path { start: 0, rows, score: 100.0, on_ink: 1.0, on_bare: 0.0 };
        assert_eq!(row_of(&path, 0..0), None);
        assert_eq!(row_of(&path, 0..40), Some(40));
        assert_eq!(row_of(&path, 160..200), Some(40));
    }
}
