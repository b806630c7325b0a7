//! Hides the ink of a curve that was found, with its edges and censor marks, from the search for others.

use crate::arms::TracedCurve;
use crate::coverage::Coverage;

/// A censor mark reaches at most this share of the plot's height out of its curve.
const TALLEST_MARK: f64 = 0.03;

/// Hides the ink of a traced curve. For a curve of another colour only those pixels are hidden that it explains
/// at least as well.
pub(crate) fn hide_curve(coverage: &mut Coverage, curve: &TracedCurve, same_color: bool) {
    // Half a width and the antialiased row beside it.
    let reach = (curve.line_width / 2.0 + 0.75).ceil() as usize;
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
pub(crate) fn hide_marks(coverage: &mut Coverage, curve: &TracedCurve) {
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
