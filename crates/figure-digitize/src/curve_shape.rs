//! Tells curves from other ink that a monotone path can follow: texts, grids, edges of bands, rows of marks.

use crate::arms::TracedCurve;
use crate::color::{Srgb, contrast, oklab};
use crate::coverage::Coverage;
use crate::ink::InkPage;
use crate::palette::is_blend;
use crate::trace::Path;

/// Ink weaker than this is none.
const FAINT: f32 = 0.3;
/// Contrast up to which two neighbouring pixels are one ground.
const FLAT: f32 = 0.035;
/// Contrast from which two grounds differ.
const DIFFERENT_GROUND: f32 = 0.03;
/// A path with less of its own ink than this may be a row of marks.
const SPARSE_INK: f32 = 0.65;

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

/// True when most of a path separates two different grounds: it is the edge of a band. The grounds beside each
/// pixel of the path are taken where the picture is flat.
pub(crate) fn is_band_edge(page: &InkPage, curve: &TracedCurve) -> bool {
    let area = curve.coverage.area;
    let away = (curve.line_width / 2.0).ceil() as usize + 3;
    let color = |x: usize, y: usize| page.colors.get(area.left + x, area.top + y);
    let ground_at = |x: usize, near: usize, far: usize| {
        let (here, there) = (color(x, near), color(x, far));
        // Ink of the same colour is the curve's own: censor marks.
        (contrast(here, there) <= FLAT && curve.coverage.own.get(x, near) < FAINT).then_some(here)
    };
    let (mut known, mut lighter, mut darker) = (0, 0, 0);
    for (index, &row) in curve.path.rows.iter().enumerate() {
        let x = curve.path.start + index;
        if row < away + 2 || row + away + 2 >= area.height() {
            continue;
        }
        let above = ground_at(x, row - away, row - away - 2);
        let below = ground_at(x, row + away, row + away + 2);
        if let (Some(above), Some(below)) = (above, below) {
            known += 1;
            let step = contrast(above, page.background) - contrast(below, page.background);
            lighter += usize::from(step < -DIFFERENT_GROUND);
            darker += usize::from(step > DIFFERENT_GROUND);
        }
    }
    known * 10 >= curve.path.rows.len() * 3
        && (lighter.max(darker) * 10 >= known * 6 || (lighter + darker) * 10 >= known * 7)
}

/// True when most of a curve's visible ink lies beside curves found before: antialiasing, compression noise or
/// rows of marks. `related` says whether a curve's colour can turn into this one's; ink of an unrelated colour is
/// a remnant only when there is little of it.
pub(crate) fn is_remnant_of(
    curve: &TracedCurve,
    found: &[TracedCurve],
    related: impl Fn(&TracedCurve) -> bool,
) -> bool {
    let sparse = curve.path.on_ink < SPARSE_INK;
    let mixed = |other: &TracedCurve| found.iter().any(|third| is_mixture(curve, other, third));
    let sources: Vec<&TracedCurve> =
        found.iter().filter(|other| sparse || related(other) || mixed(other)).collect();
    let half = (curve.line_width / 2.0).ceil() as usize;
    let (mut inked, mut beside) = (0, 0);
    for (index, &row) in curve.path.rows.iter().enumerate() {
        let x = curve.path.start + index;
        let rows = row.saturating_sub(half)..(row + half + 1).min(curve.coverage.height());
        if !rows.into_iter().any(|y| curve.coverage.own.get(x, y) >= FAINT) {
            continue;
        }
        inked += 1;
        beside += usize::from(sources.iter().any(|other| is_beside(other, curve.line_width, x, row)));
    }
    // What antialiasing leaves of several curves can be joined by a path with gaps.
    let fainter = sources.iter().any(|other| related(other) && is_fainter(curve.color, other.color));
    let mixture = found.iter().any(mixed);
    let share = if curve.dashed && (fainter || mixture) { 35 } else { 60 };
    beside * 100 >= inked * share
}

/// True when a colour is clearly lighter than another.
fn is_fainter(color: Srgb, than: Srgb) -> bool {
    oklab(color)[0] > oklab(than)[0] + 0.15
}

/// True when a curve's colour is what two crossing or translucent lines mix to.
fn is_mixture(curve: &TracedCurve, one: &TracedCurve, other: &TracedCurve) -> bool {
    is_blend(curve.color, one.color, &[other.color])
}

/// True when a pixel touches the stroke of a curve, drops included.
fn is_beside(curve: &TracedCurve, line_width: f64, x: usize, row: usize) -> bool {
    let reach = ((curve.line_width + line_width) / 2.0).ceil() as usize + 2;
    let path = &curve.path;
    if x + reach < path.start || x >= path.end() + reach {
        return false;
    }
    let at = |column: usize| path.rows[column.clamp(path.start, path.end() - 1) - path.start];
    let (top, bottom) = (at(x.saturating_sub(reach)), at(x + reach));
    row + reach >= top && row <= bottom + reach
}
