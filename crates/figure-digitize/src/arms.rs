//! Finds the arms of a plot area: traces every curve, then tells arms from confidence limits.

use crate::color::{Srgb, chroma, oklab, oklab_distance};
use crate::coverage::{Coverage, coverage_of};
use crate::curve_shape::{has_gaps_of_a_line, is_band_edge, is_shadow_of};
use crate::ink::InkPage;
use crate::palette::{Palette, is_blend};
use crate::plane::Rect;
use crate::trace::{Path, TraceCosts, TraceStart, trace};

/// A curve that was traced.
#[derive(Debug, Clone)]
pub(crate) struct TracedCurve {
    pub(crate) color: Srgb,
    pub(crate) dashed: bool,
    pub(crate) line_width: f64,
    pub(crate) path: Path,
    /// Coverage by its colour, without the ink of curves traced before it.
    pub(crate) coverage: Coverage,
}

/// A path must gain at least this share of the plot's width.
const LEAST_GAIN: f32 = 0.05;
/// Most curves of a panel: four arms with two confidence limits each.
const MOST_CURVES: usize = 12;
/// Parts of the plot's width or height that a frame, grid or reference line must all cross.
const PARTS: usize = 12;
/// Share of each part that its ink must fill: less than the duty of a dashed line.
const LEAST_INK_OF_PART: f64 = 0.3;

/// The curves of a plot area, by descending gain within each colour.
pub(crate) fn trace_curves(
    page: &InkPage,
    area: Rect,
    palette: &Palette,
    start: TraceStart,
) -> Vec<TracedCurve> {
    let mut curves: Vec<TracedCurve> = Vec::new();
    for &color in &palette.lines {
        let mut coverage = coverage_of(page, area, palette, color);
        hide_full_lines(&mut coverage);
        for curve in &curves {
            let related =
                oklab_distance(curve.color, color) < 0.12 || is_blend(color, curve.color, &palette.grounds);
            hide_curve(&mut coverage, curve, related);
        }
        let line_width = coverage.line_width();
        for costs in [TraceCosts::SOLID, TraceCosts::DASHED] {
            while curves.len() < MOST_CURVES {
                let Some(path) = trace(&coverage, line_width, costs, start) else { break };
                let dashed = costs == TraceCosts::DASHED;
                if !is_curve(&path, dashed, area, line_width)
                    || !has_gaps_of_a_line(&coverage, &path, dashed, line_width)
                {
                    break;
                }
                let curve = TracedCurve { color, dashed, line_width, path, coverage: coverage.clone() };
                hide_curve(&mut coverage, &curve, true);
                curves.push(curve);
            }
        }
    }
    without_lookalikes(page, palette, curves)
}

/// Leaves out edges of bands, and paths along the ink of another curve.
fn without_lookalikes(page: &InkPage, palette: &Palette, curves: Vec<TracedCurve>) -> Vec<TracedCurve> {
    let real: Vec<bool> = (0..curves.len())
        .map(|index| {
            let curve = &curves[index];
            let shadow =
                || (0..curves.len()).any(|other| other != index && is_shadow_of(curve, &curves[other]));
            !is_band_edge(page, curve, &palette.grounds) && !shadow()
        })
        .collect();
    curves.into_iter().zip(real).filter(|(_, real)| *real).map(|(curve, _)| curve).collect()
}

/// Whether a path has the make of a curve: long enough, on its ink, with at least one drop.
fn is_curve(path: &Path, dashed: bool, area: Rect, line_width: f64) -> bool {
    let gain = path.score >= (LEAST_GAIN * area.width() as f32).max(15.0);
    let (least_ink, most_bare) = if dashed { (0.3, 0.65) } else { (0.35, 0.12) };
    let drops = path.rows.last().zip(path.rows.first()).map_or(0, |(last, first)| last - first);
    gain && path.on_ink >= least_ink && path.on_bare <= most_bare && drops as f64 >= line_width.max(2.0)
}

/// Hides frames, grid lines and reference lines, which cross the whole plot, solid or dashed. Curves may be
/// hidden below them.
fn hide_full_lines(coverage: &mut Coverage) {
    let (width, height) = (coverage.width(), coverage.height());
    let rows: Vec<usize> = (0..height)
        .filter(|&y| crosses_everything(width, |x| (coverage.own.get(x, y), coverage.other.get(x, y))))
        .collect();
    let columns: Vec<usize> = (0..width)
        .filter(|&x| crosses_everything(height, |y| (coverage.own.get(x, y), coverage.other.get(x, y))))
        .collect();
    for &y in &rows {
        (0..width).for_each(|x| coverage.hide(x, y));
    }
    for &x in &columns {
        (0..height).for_each(|y| coverage.hide(x, y));
    }
}

/// True when ink lies in every one of a dozen equal parts of a row or column, own or hiding it, and in a third
/// of all of it its own.
fn crosses_everything(length: usize, ink: impl Fn(usize) -> (f32, f32)) -> bool {
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

/// Hides the ink of a traced curve. For a curve of another colour only those pixels are hidden that it explains
/// at least as well.
pub(crate) fn hide_curve(coverage: &mut Coverage, curve: &TracedCurve, same_color: bool) {
    let reach = (curve.line_width / 2.0).ceil() as usize + 1;
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

/// Separates arms from confidence limits. Returns for each curve the index of the arm whose limit it is, or
/// nothing when it is an arm itself.
pub(crate) fn confidence_limits(curves: &[TracedCurve]) -> Vec<Option<usize>> {
    let mut limit_of = vec![None; curves.len()];
    for (index, curve) in curves.iter().enumerate() {
        limit_of[index] = (0..curves.len())
            .filter(|&arm| arm != index && limit_of[arm].is_none())
            .filter(|&arm| may_be_limit(curve, &curves[arm]))
            .find(|&arm| follows_drops_of(curve, &curves[arm]) || has_partner(index, arm, curves));
    }
    limit_of
}

/// A limit is drawn in the arm's hue and more weakly than it: dashed, thinner or lighter.
fn may_be_limit(limit: &TracedCurve, arm: &TracedCurve) -> bool {
    let weaker = (limit.dashed && !arm.dashed)
        || limit.line_width <= 0.75 * arm.line_width
        || oklab(limit.color)[0] > oklab(arm.color)[0] + 0.1;
    weaker && same_hue(limit.color, arm.color)
}

fn same_hue(a: Srgb, b: Srgb) -> bool {
    if chroma(a) < 0.04 && chroma(b) < 0.04 {
        return true;
    }
    let ([_, a1, b1], [_, a2, b2]) = (oklab(a), oklab(b));
    let cosine = (a1 * a2 + b1 * b2) / (chroma(a) * chroma(b)).max(1e-6);
    chroma(a) >= 0.03 && chroma(b) >= 0.03 && cosine > 0.9
}

/// Columns of the drops of at least two pixels.
fn drop_columns(path: &Path) -> Vec<usize> {
    (1..path.rows.len())
        .filter(|&index| path.rows[index] >= path.rows[index - 1] + 2)
        .map(|index| path.start + index)
        .collect()
}

/// Pointwise limits of a Kaplan-Meier curve step only where the curve does; another arm's drops fall
/// elsewhere. The share of shared drops must exceed what chance would give.
fn follows_drops_of(limit: &TracedCurve, arm: &TracedCurve) -> bool {
    let tolerance = (arm.line_width.ceil() as usize).max(2);
    let (own, theirs) = (drop_columns(&limit.path), drop_columns(&arm.path));
    if own.len() < 3 {
        return false;
    }
    let near = |column: usize| theirs.iter().any(|&other| other.abs_diff(column) <= tolerance);
    let shared = own.iter().filter(|&&column| near(column)).count() as f64 / own.len() as f64;
    let from = arm.path.start;
    let chance = (from..limit.path.end()).filter(|&column| near(column)).count() as f64
        / limit.path.rows.len().max(1) as f64;
    shared >= 0.7 && shared >= chance + 0.25
}

/// True when another weaker curve of the same look lies on the other side of the arm.
fn has_partner(index: usize, arm: usize, curves: &[TracedCurve]) -> bool {
    let Some(side) = side_of(&curves[index].path, &curves[arm].path) else { return false };
    (0..curves.len()).filter(|&other| other != index && other != arm).any(|other| {
        may_be_limit(&curves[other], &curves[arm])
            && curves[other].dashed == curves[index].dashed
            && oklab_distance(curves[other].color, curves[index].color) < 0.1
            && side_of(&curves[other].path, &curves[arm].path) == Some(!side)
    })
}

/// True when `path` lies above `reference` (on the page) in nearly all shared columns, false when below, none
/// when neither.
fn side_of(path: &Path, reference: &Path) -> Option<bool> {
    let (mut above, mut below, mut count) = (0, 0, 0);
    for x in path.start.max(reference.start)..path.end().min(reference.end()) {
        if let (Some(row), Some(other)) = (path.row_at(x), reference.row_at(x)) {
            count += 1;
            above += usize::from(row < other);
            below += usize::from(row > other);
        }
    }
    let most = count * 85 / 100;
    if count > 0 && above >= most && below * 20 <= count {
        Some(true)
    } else if count > 0 && below >= most && above * 20 <= count {
        Some(false)
    } else {
        None
    }
}
