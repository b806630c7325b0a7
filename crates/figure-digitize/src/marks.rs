//! Finds censor marks: short strokes that stick out of a curve on both sides.

use std::ops::Range;

use crate::coverage::Coverage;
use crate::trace::Path;

/// A censor mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CensorMark {
    /// Its column, continuous, relative to the coverage's area.
    pub(crate) column: f64,
    /// How far it sticks out below the line's edge, in pixels.
    pub(crate) reach: f64,
}

/// The least that a mark sticks out of the line, in pixels.
const SHORTEST_REACH: usize = 2;
/// Marks differ from their median reach by no more than this factor.
const REACH_SPREAD: f64 = 1.8;

/// Coverage from which ink belongs to a line or a mark.
const MARK_INK: f32 = 0.45;
/// The width by which a line was traced is that of the thinnest ink of its colour: it is wrong when the line is thicker than this
/// many times it and a pixel.
const TOO_THIN: f64 = 1.5;
/// Columns on either side over which a path must stay on its row for its line to be level, and fewest of them that tell how
/// thick the line is.
const LEVEL_REACH: usize = 4;
const FEWEST_LEVELS: usize = 12;

/// Ink above and below a path at one column.
#[derive(Debug, Clone, Copy)]
struct Overhang {
    up: usize,
    down: usize,
    /// The path drops within a line width of this column.
    at_drop: bool,
}

/// The censor marks of a path, from left to right. `coverage` is of the marks' ink with other curves hidden.
pub(crate) fn find_marks(coverage: &Coverage, path: &Path, line_width: f64) -> Vec<CensorMark> {
    let thickness = thickness(coverage, path);
    let line_width = if thickness > TOO_THIN * line_width + 1.0 { thickness } else { line_width };
    let overhangs: Vec<Overhang> =
        (path.start..path.end() + 1).map(|x| overhang(coverage, path, x, line_width)).collect();
    let sticking: Vec<bool> = overhangs.iter().map(|overhang| is_mark_column(*overhang)).collect();
    let Some(typical) = typical_reach(&overhangs, &sticking) else { return Vec::new() };
    let runs = runs_of(&sticking);
    let mut marks = Vec::new();
    let mut index = 0;
    while let Some(run) = runs.get(index) {
        let columns = |run: &Range<usize>| path.start + run.start..path.start + run.end;
        match runs.get(index + 1).filter(|next| is_cross(&overhangs, run, next, line_width)) {
            Some(next) => {
                let (from, to) = (columns(run).start, columns(next).end);
                marks.push(CensorMark { column: (from + to) as f64 / 2.0, reach: typical });
                index += 2;
            }
            None => {
                marks.extend(marks_of_run(coverage, path, columns(run), typical, line_width));
                index += 1;
            }
        }
    }
    marks
}

/// How thick the line is along its path, in pixels: the lower decile of its levels' height in that eighth of the path where
/// marks are fewest.
fn thickness(coverage: &Coverage, path: &Path) -> f64 {
    let height = |index: usize| {
        let (x, row) = (path.start + index, path.rows[index]);
        let ink = |y: &usize| coverage.own.get(x, *y) >= MARK_INK;
        let up = (0..row).rev().take_while(ink).count();
        up + (row..coverage.height()).take_while(ink).count()
    };
    let last = path.rows.len().saturating_sub(1);
    let is_level = |index: &usize| {
        let (before, after) = (index.saturating_sub(LEVEL_REACH), (index + LEVEL_REACH).min(last));
        path.rows[before] == path.rows[after]
    };
    let part = path.rows.len().div_ceil(8).max(1);
    let deciles = (0..path.rows.len()).step_by(part).filter_map(|from| {
        let to = (from + part).min(path.rows.len());
        let mut heights: Vec<usize> =
            (from..to).filter(is_level).map(height).filter(|&rows| rows > 0).collect();
        heights.sort_unstable();
        heights.get(heights.len() / 10).copied().filter(|_| heights.len() >= FEWEST_LEVELS)
    });
    deciles.min().unwrap_or(0) as f64
}

/// The runs of columns that stick out.
fn runs_of(sticking: &[bool]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for index in (0..sticking.len()).filter(|&index| sticking[index]) {
        match runs.last_mut() {
            Some(run) if run.end == index => run.end += 1,
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

/// True for the two halves of a cross (x): side by side, each the taller the farther it is from the other. Two strokes are as
/// tall on either side.
fn is_cross(overhangs: &[Overhang], left: &Range<usize>, right: &Range<usize>, line_width: f64) -> bool {
    let gap = right.start - left.end;
    let alike = left.len().abs_diff(right.len()) <= 2 && left.len() >= 2 && right.len() >= 2;
    let height = |index: usize| (overhangs[index].up + overhangs[index].down) as f64;
    let leans = |outer: usize, inner: usize| height(outer) >= height(inner) + 2.0;
    let tallest = |run: &Range<usize>, inner: usize| {
        run.clone().max_by_key(|&index| (height(index) as usize, index.abs_diff(inner))).unwrap_or(inner)
    };
    let clear = [left, right].iter().all(|run| (*run).clone().all(|index| !overhangs[index].at_drop));
    gap as f64 <= line_width + 3.0
        && alike
        && clear
        && leans(tallest(left, left.end - 1), left.end - 1)
        && leans(tallest(right, right.start), right.start)
}

fn is_mark_column(overhang: Overhang) -> bool {
    overhang.down >= SHORTEST_REACH && (overhang.up >= SHORTEST_REACH || overhang.at_drop)
}

/// Median reach of the columns that stick out on both sides away from drops; where there are none, of all.
fn typical_reach(overhangs: &[Overhang], sticking: &[bool]) -> Option<f64> {
    let reach_of = |overhang: &Overhang| overhang.down.min(overhang.up.max(SHORTEST_REACH));
    let mut clear: Vec<usize> = overhangs
        .iter()
        .filter(|overhang| is_mark_column(**overhang) && !overhang.at_drop)
        .map(reach_of)
        .collect();
    if clear.is_empty() && sticking.iter().any(|&sticks| sticks) {
        return None;
    }
    clear.sort_unstable();
    // The tallest columns of a mark are its stroke, the others its flanks.
    clear.get(clear.len() * 3 / 4).map(|&reach| reach as f64)
}

/// How far the ink sticks out of the curve at a column. Around drops the curve spans all rows that the path
/// takes within half a line width.
fn overhang(coverage: &Coverage, path: &Path, x: usize, line_width: f64) -> Overhang {
    let half = (line_width / 2.0).ceil() as usize;
    let near = |column: usize| path.row_at(column.clamp(path.start, path.end() - 1)).unwrap_or(0);
    let (top, bottom) = (near(x.saturating_sub(half + 1)), near(x + half + 1));
    let column = x.min(coverage.width() - 1);
    let ink = |y: usize| coverage.own.get(column, y) >= MARK_INK;
    let below = bottom + half + 1;
    let above = top.saturating_sub(half);
    // The first row outside the line may be its antialiased edge: it counts only when more ink follows.
    let down = (below..coverage.height()).take_while(|&y| ink(y)).count();
    let up = (0..above).rev().take_while(|&y| ink(y)).count();
    Overhang { up, down, at_drop: bottom > top + 1 }
}

/// One or more marks in a run of neighbouring columns that stick out.
fn marks_of_run(
    coverage: &Coverage,
    path: &Path,
    run: std::ops::Range<usize>,
    typical: f64,
    line_width: f64,
) -> Vec<CensorMark> {
    let half = (line_width / 2.0).ceil() as usize;
    let (mut mass, mut moment, mut reach) = (0.0, 0.0, 0_usize);
    for x in run.start.saturating_sub(1)..(run.end + 1).min(coverage.width()) {
        let clamped = x.clamp(path.start, path.end() - 1);
        let bottom = path.row_at((clamped + half + 1).min(path.end() - 1)).unwrap_or(0) + half + 1;
        let last = (bottom + typical.round() as usize).min(coverage.height());
        let ink: f64 = (bottom..last).map(|y| f64::from(coverage.own.get(x, y))).sum();
        reach = reach
            .max((bottom..coverage.height()).take_while(|&y| coverage.own.get(x, y) >= MARK_INK).count());
        mass += ink;
        moment += ink * (x as f64 + 0.5);
    }
    let fits = reach as f64 >= typical / REACH_SPREAD && reach as f64 <= typical * REACH_SPREAD + 1.0;
    if mass <= 0.0 || !fits {
        return Vec::new();
    }
    let center = moment / mass;
    // A stroke of a mark is at most as wide as the line: a wider run holds several marks side by side.
    let stroke = mass / typical.max(1.0);
    let width = run.len() as f64;
    let count =
        if width > 2.2 * line_width + 2.0 { (stroke / (line_width * 0.7)).round().max(1.0) } else { 1.0 };
    let spacing = if count > 1.0 { (width - line_width).max(0.0) / (count - 1.0) } else { 0.0 };
    (0..count as usize)
        .map(|index| CensorMark {
            column: center + (index as f64 - (count - 1.0) / 2.0) * spacing,
            reach: reach as f64,
        })
        .collect()
}
