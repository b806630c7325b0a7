//! Tells curves from other ink that a monotone path can follow: texts, grids, edges of bands, rows of marks.

use crate::arms::TracedCurve;
use crate::color::{Srgb, contrast};
use crate::coverage::Coverage;
use crate::ink::InkPage;
use crate::trace::Path;

/// Ink weaker than this is none.
const FAINT: f32 = 0.3;

/// The stretches of a path that run on bare ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BareStretches {
    /// Longest run of columns without any ink.
    pub(crate) longest_run: usize,
    /// Rows of all drops together.
    pub(crate) drop_rows: usize,
    /// Those of them without any ink.
    pub(crate) bare_drop_rows: usize,
    /// Longest run of them.
    pub(crate) longest_bare_drop: usize,
}

/// Measures where a path leaves all ink.
pub(crate) fn bare_stretches(coverage: &Coverage, path: &Path, line_width: f64) -> BareStretches {
    let half = (line_width / 2.0).ceil() as usize;
    let any_ink = |x: usize, y: usize| coverage.own.get(x, y).max(coverage.other.get(x, y)) >= FAINT;
    let mut found = BareStretches { longest_run: 0, drop_rows: 0, bare_drop_rows: 0, longest_bare_drop: 0 };
    let mut run = 0;
    for (index, &row) in path.rows.iter().enumerate() {
        let x = path.start + index;
        let rows = row.saturating_sub(half)..(row + half + 1).min(coverage.height());
        run = if rows.into_iter().any(|y| any_ink(x, y)) { 0 } else { run + 1 };
        found.longest_run = found.longest_run.max(run);
        let before = index.checked_sub(1).map_or(row, |previous| path.rows[previous]);
        let columns = x.saturating_sub(1)..(x + 2).min(coverage.width());
        let mut bare_drop = 0;
        for y in before..row {
            found.drop_rows += 1;
            if columns.clone().any(|column| any_ink(column, y)) {
                bare_drop = 0;
            } else {
                bare_drop += 1;
                found.bare_drop_rows += 1;
            }
            found.longest_bare_drop = found.longest_bare_drop.max(bare_drop);
        }
    }
    found
}

/// True when a path's gaps are those of a drawn line: short against its width, and few where it drops.
pub(crate) fn has_gaps_of_a_line(coverage: &Coverage, path: &Path, dashed: bool, line_width: f64) -> bool {
    let bare = bare_stretches(coverage, path, line_width);
    let longest = if dashed { (9.0 * line_width).max(16.0) } else { (4.0 * line_width).max(8.0) };
    let share = if dashed { 0.65 } else { 0.35 };
    bare.longest_run as f64 <= longest
        && bare.longest_bare_drop as f64 <= longest.max(12.0)
        && bare.bare_drop_rows as f64 <= share * bare.drop_rows as f64 + 4.0
}

/// True when most of a path separates two different grounds: it is the edge of a band.
pub(crate) fn is_band_edge(page: &InkPage, curve: &TracedCurve, grounds: &[Srgb]) -> bool {
    let area = curve.coverage.area;
    let away = (curve.line_width / 2.0).ceil() as usize + 3;
    let ground_at = |x: usize, y: usize| {
        let color = page.colors.get(area.left + x, area.top + y);
        (0..grounds.len())
            .map(|ground| (contrast(color, grounds[ground]), ground))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(distance, _)| *distance < 0.04)
            .map(|(_, ground)| ground)
    };
    let (mut known, mut different) = (0, 0);
    for (index, &row) in curve.path.rows.iter().enumerate() {
        let x = curve.path.start + index;
        if row < away || row + away >= area.height() {
            continue;
        }
        if let (Some(above), Some(below)) = (ground_at(x, row - away), ground_at(x, row + away)) {
            known += 1;
            different += usize::from(above != below);
        }
    }
    known * 4 >= curve.path.rows.len() && different * 10 >= known * 6
}

/// True when most of a curve's ink lies on another, better drawn curve: a row of marks in another colour, or a
/// blend of the same line.
pub(crate) fn is_shadow_of(curve: &TracedCurve, other: &TracedCurve) -> bool {
    let weaker = curve.path.on_ink < other.path.on_ink || (curve.dashed && !other.dashed);
    if !weaker {
        return false;
    }
    let reach = ((curve.line_width + other.line_width) / 2.0).ceil() as usize + 1;
    let half = (curve.line_width / 2.0).ceil() as usize;
    let (mut inked, mut shared) = (0, 0);
    for (index, &row) in curve.path.rows.iter().enumerate() {
        let x = curve.path.start + index;
        let rows = row.saturating_sub(half)..(row + half + 1).min(curve.coverage.height());
        if !rows.into_iter().any(|y| curve.coverage.own.get(x, y) >= FAINT) {
            continue;
        }
        inked += 1;
        shared += usize::from(other.path.row_at(x).is_some_and(|theirs| theirs.abs_diff(row) <= reach));
    }
    shared * 10 >= inked * 7
}
