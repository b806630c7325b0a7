//! Finds censor marks: short strokes that stick out of a curve on both sides.

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
    let overhangs: Vec<Overhang> =
        (path.start..path.end() + 1).map(|x| overhang(coverage, path, x, line_width)).collect();
    let sticking: Vec<bool> = overhangs.iter().map(|overhang| is_mark_column(*overhang)).collect();
    let Some(typical) = typical_reach(&overhangs, &sticking) else { return Vec::new() };
    let mut marks = Vec::new();
    let mut index = 0;
    while index < sticking.len() {
        if !sticking[index] {
            index += 1;
            continue;
        }
        let first = index;
        while index < sticking.len() && sticking[index] {
            index += 1;
        }
        marks.extend(marks_of_run(
            coverage,
            path,
            path.start + first..path.start + index,
            typical,
            line_width,
        ));
    }
    marks
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
    let ink = |y: usize| coverage.own.get(column, y) >= 0.45;
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
        reach =
            reach.max((bottom..coverage.height()).take_while(|&y| coverage.own.get(x, y) >= 0.45).count());
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
