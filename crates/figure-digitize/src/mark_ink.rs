//! Censor marks in a colour of their own, most often black on coloured lines. Where they are dense they hide the line,
//! which then runs through their middle.

use crate::color::{Srgb, chroma, oklab};
use crate::coverage::Coverage;
use crate::plane::ColumnPlane;
use crate::trace::Path;

/// Coverage from which ink belongs to a mark.
const MARK_INK: f32 = 0.45;
/// Lightness (Oklab) up to which a grey is the black of marks.
const DARKEST: f32 = 0.55;
/// A mark reaches at most this share of the plot's height from end to end.
const TALLEST_MARK: f64 = 0.06;
/// Coverage from which ink is a line of the colour rather than a blend of two others.
const LINE_INK: f32 = 0.7;
/// Largest share of a path that may be a line without a mark near it.
const MOST_LINE: f64 = 0.12;
/// Least share of a path that must lie on marks.
const LEAST_MARKS: f64 = 0.02;
/// What the middle of a mark counts as ink of the line below: less than the line itself.
const CENTER_INK: f32 = 0.6;

/// True for a colour that is no grey.
pub(crate) fn is_hue(color: Srgb) -> bool {
    chroma(color) >= 0.07
}

/// True for black and dark greys.
pub(crate) fn is_dark_grey(color: Srgb) -> bool {
    oklab(color)[0] < DARKEST && chroma(color) < 0.04
}

/// The ink of several colours as one; nothing of none.
pub(crate) fn union_of(coverages: &[&Coverage]) -> Option<Coverage> {
    let (first, rest) = coverages.split_first()?;
    let mut union = (*first).clone();
    for coverage in rest {
        union.add(&coverage.own);
    }
    Some(union)
}

/// The run of ink in a column through one of the rows, if there is one, as first row and one past the last.
fn run_through(coverage: &Coverage, x: usize, rows: std::ops::Range<usize>) -> Option<(usize, usize)> {
    let column = coverage.own.column(x);
    let inked = |y: &usize| column[*y] >= MARK_INK;
    let seed = rows.into_iter().find(inked)?;
    let first = (0..seed).rev().take_while(inked).last().unwrap_or(seed);
    let last = (seed..column.len()).take_while(inked).last().unwrap_or(seed);
    Some((first, last + 1))
}

fn heights_of_marks(coverage: &Coverage, line_width: f64) -> std::ops::RangeInclusive<usize> {
    let least = (2.0 * line_width + 2.0).max(5.0) as usize;
    least..=(8.0 * line_width).max(TALLEST_MARK * coverage.height() as f64) as usize
}

/// True when a path runs on marks and hardly anywhere on a line of their colour.
pub(crate) fn runs_on_marks(coverage: &Coverage, path: &Path, line_width: f64) -> bool {
    let heights = heights_of_marks(coverage, line_width);
    let half = (line_width / 2.0).ceil() as usize;
    let lengths: Vec<usize> = path
        .rows
        .iter()
        .enumerate()
        .map(|(index, &row)| {
            let rows = row.saturating_sub(half)..(row + half + 1).min(coverage.height());
            run_through(coverage, path.start + index, rows).map_or(0, |(first, last)| last - first)
        })
        .collect();
    let drops = |index: usize| {
        let before = path.rows[index.saturating_sub(2)];
        let after = path.rows[(index + 2).min(path.rows.len() - 1)];
        after > before + 1
    };
    let marks: Vec<usize> =
        (0..lengths.len()).filter(|&index| heights.contains(&lengths[index]) && !drops(index)).collect();
    let mut sizes: Vec<usize> = marks.iter().map(|&index| lengths[index]).collect();
    sizes.sort_unstable();
    let Some(&size) = sizes.get(sizes.len() / 2) else { return false };
    // The horizontal stroke of a plus reaches as far as its vertical one.
    let reach = size / 2 + 3;
    let near = |index: usize| {
        let at = marks.partition_point(|&mark| mark + reach < index);
        marks.get(at).is_some_and(|&mark| mark <= index + reach)
    };
    let is_line = |index: usize| {
        let row = path.rows[index];
        let mut rows = row.saturating_sub(half)..(row + half + 1).min(coverage.height());
        rows.any(|y| coverage.own.get(path.start + index, y) >= LINE_INK)
    };
    let lines = (0..lengths.len()).filter(|&index| !near(index) && is_line(index)).count();
    let count = path.rows.len() as f64;
    marks.len() as f64 >= LEAST_MARKS * count && lines as f64 <= MOST_LINE * count
}

/// Hides a line and the marks that stand on it.
pub(crate) fn hide_line_with_marks(coverage: &mut Coverage, path: &Path, line_width: f64) {
    let tallest = *heights_of_marks(coverage, line_width).end();
    let half = (line_width / 2.0).ceil() as usize + 1;
    let mut before = path.rows.first().copied().unwrap_or(0);
    for (index, &row) in path.rows.iter().enumerate() {
        let x = path.start + index;
        let (top, bottom) = (before.saturating_sub(half), (row + half + 1).min(coverage.height()));
        let inked = |y: &usize| coverage.own.get(x, *y) >= MARK_INK;
        let above = (0..top).rev().take_while(inked).take(tallest).count();
        let below = (bottom..coverage.height()).take_while(inked).take(tallest).count();
        (top - above..bottom + below).for_each(|y| coverage.hide(x, y));
        // The stroke of a drop is as wide as the line.
        let beside = if row > before + 1 { half } else { 0 };
        for column in x.saturating_sub(beside)..(x + beside + 1).min(coverage.width()) {
            (top..bottom).for_each(|y| coverage.hide(column, y));
        }
        before = row;
    }
}

/// Ink through the middle of each mark, a line wide.
pub(crate) fn centers_of_marks(coverage: &Coverage, line_width: f64) -> ColumnPlane<f32> {
    let heights = heights_of_marks(coverage, line_width);
    let (width, height) = (coverage.width(), coverage.height());
    let mut centers = ColumnPlane::filled(width, height, 0.0);
    let half = line_width / 2.0;
    for x in 0..width {
        let mut y = 0;
        while y < height {
            let Some((first, last)) = run_through(coverage, x, y..height) else { break };
            if heights.contains(&(last - first)) {
                let middle = (first + last) as f64 / 2.0;
                let from = (middle - half).round().max(0.0) as usize;
                let to = ((middle + half).round() as usize).max(from + 1).min(height);
                centers.column_mut(x)[from..to].fill(CENTER_INK);
                // The horizontal stroke of a plus.
                let stroke = |column: &usize| coverage.own.get(*column, middle as usize) >= MARK_INK;
                let reach = (last - first) / 2 + 1;
                let left = (x.saturating_sub(reach)..x).rev().take_while(stroke);
                let right = (x + 1..(x + reach + 1).min(width)).take_while(stroke);
                for column in left.chain(right) {
                    centers.column_mut(column)[from..to].fill(CENTER_INK);
                }
            }
            y = last + 1;
        }
    }
    centers
}
