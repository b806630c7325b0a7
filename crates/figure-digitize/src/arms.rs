//! Tells the arms among traced curves from their confidence limits.

use std::sync::Arc;

use crate::color::{Srgb, chroma, oklab, oklab_distance};
use crate::coverage::Coverage;
use crate::trace::Path;

/// A curve that was traced.
#[derive(Debug, Clone)]
pub(crate) struct TracedCurve {
    pub(crate) color: Srgb,
    pub(crate) dashed: bool,
    pub(crate) line_width: f64,
    pub(crate) path: Path,
    /// Coverage by its colour, without the ink of curves traced before it.
    pub(crate) coverage: Coverage,
    /// Ink of censor marks in a colour that no line has.
    pub(crate) marks: Option<Arc<Coverage>>,
}

/// Separates arms from confidence limits. Returns for each curve the index of the arm whose limit it is, or
/// nothing when it is an arm itself.
pub(crate) fn confidence_limits(curves: &[TracedCurve]) -> Vec<Option<usize>> {
    let mut limit_of: Vec<Option<usize>> = vec![None; curves.len()];
    let coded_by_color = is_coded_by_color(curves);
    for (index, limit) in limit_of.iter_mut().enumerate() {
        *limit = bracketed_arm(index, curves);
    }
    for (index, curve) in curves.iter().enumerate() {
        if limit_of[index].is_some() {
            continue;
        }
        limit_of[index] = (0..curves.len())
            .filter(|&arm| arm != index && limit_of[arm].is_none())
            .filter(|&arm| may_be_limit(curve, &curves[arm]))
            .find(|&arm| {
                // A line that is only lighter may as well be another arm.
                let follows = follows_drops_of(curve, &curves[arm]);
                let partner = has_partner(index, arm, curves);
                let same_color = coded_by_color && is_dashed_copy(curve, &curves[arm]);
                let weaker = is_drawn_weaker(curve, &curves[arm]);
                same_color || (weaker && (follows || partner)) || (follows && partner)
            });
    }
    limit_of
}

/// The arm of its hue that a curve and one drawn like it keep on either side of, dropping where it does: limits may be drawn
/// in the same way as the arm.
fn bracketed_arm(index: usize, curves: &[TracedCurve]) -> Option<usize> {
    let curve = &curves[index];
    (0..curves.len()).filter(|&arm| arm != index && same_hue(curve.color, curves[arm].color)).find(|&arm| {
        let Some(side) = side_of(&curve.path, &curves[arm].path) else { return false };
        let is_partner = |other: usize| {
            other != index
                && other != arm
                && curves[other].dashed == curve.dashed
                && oklab_distance(curves[other].color, curve.color) < 0.05
                && side_of(&curves[other].path, &curves[arm].path) == Some(!side)
                && follows_drops_of(&curves[other], &curves[arm])
        };
        follows_drops_of(curve, &curves[arm]) && (0..curves.len()).any(is_partner)
    })
}

/// A limit is drawn in the arm's hue and more weakly than it: dashed, thinner or lighter.
fn may_be_limit(limit: &TracedCurve, arm: &TracedCurve) -> bool {
    let lighter = oklab(limit.color)[0] - oklab(arm.color)[0];
    // The colour of a thin line is measured too pale.
    let darkest = if limit.dashed && !arm.dashed { -0.3 } else { -0.1 };
    (is_drawn_weaker(limit, arm) || lighter > 0.1) && lighter > darkest && same_hue(limit.color, arm.color)
}

/// True when unbroken curves have different colours: then arms are told apart by colour.
fn is_coded_by_color(curves: &[TracedCurve]) -> bool {
    let solid: Vec<&TracedCurve> = curves.iter().filter(|curve| !curve.dashed).collect();
    solid.iter().any(|one| solid.iter().any(|other| oklab_distance(one.color, other.color) >= 0.15))
}

/// True when a dashed line in the colour of an unbroken one keeps to one side of it: where arms have their own
/// colours, it belongs to that arm.
fn is_dashed_copy(limit: &TracedCurve, arm: &TracedCurve) -> bool {
    limit.dashed
        && !arm.dashed
        && oklab_distance(limit.color, arm.color) < 0.05
        && side_of(&limit.path, &arm.path).is_some()
}

/// Dashed or thinner than the arm.
fn is_drawn_weaker(limit: &TracedCurve, arm: &TracedCurve) -> bool {
    let thinner = limit.line_width <= 0.75 * arm.line_width && limit.line_width + 0.8 <= arm.line_width;
    (limit.dashed && !arm.dashed) || thinner
}

/// Colours paler than this have no hue. Compression takes most of the chroma of a thin line.
const LEAST_CHROMA: f32 = 0.015;

/// True when two colours are of one hue, or both are greys.
pub(crate) fn same_hue(a: Srgb, b: Srgb) -> bool {
    if chroma(a) < 0.04 && chroma(b) < 0.04 {
        return true;
    }
    let ([_, a1, b1], [_, a2, b2]) = (oklab(a), oklab(b));
    let cosine = (a1 * a2 + b1 * b2) / (chroma(a) * chroma(b)).max(1e-6);
    chroma(a) >= LEAST_CHROMA && chroma(b) >= LEAST_CHROMA && cosine > 0.9
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
pub(crate) fn follows_drops_of(limit: &TracedCurve, arm: &TracedCurve) -> bool {
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
pub(crate) fn has_partner(index: usize, arm: usize, curves: &[TracedCurve]) -> bool {
    let Some(side) = side_of(&curves[index].path, &curves[arm].path) else { return false };
    (0..curves.len()).filter(|&other| other != index && other != arm).any(|other| {
        may_be_limit(&curves[other], &curves[arm])
            && curves[other].dashed == curves[index].dashed
            && are_equally_wide(&curves[other], &curves[index])
            && oklab_distance(curves[other].color, curves[index].color) < 0.1
            && side_of(&curves[other].path, &curves[arm].path) == Some(!side)
    })
}

/// Widths that differ by more, as a share and in pixels, are not those of one kind of line.
const SAME_WIDTH: (f64, f64) = (0.8, 0.5);

/// Whether two lines are about equally wide, as both limits of an arm are.
fn are_equally_wide(one: &TracedCurve, other: &TracedCurve) -> bool {
    let (narrow, wide) = (one.line_width.min(other.line_width), one.line_width.max(other.line_width));
    narrow >= SAME_WIDTH.0 * wide || wide - narrow <= SAME_WIDTH.1
}

/// True when `path` lies above `reference` (on the page) wherever they are apart, false when below, none when
/// neither. Curves and their limits run together until the first event.
pub(crate) fn side_of(path: &Path, reference: &Path) -> Option<bool> {
    let (mut above, mut below, mut shared) = (0, 0, 0);
    for x in path.start.max(reference.start)..path.end().min(reference.end()) {
        if let (Some(row), Some(other)) = (path.row_at(x), reference.row_at(x)) {
            shared += 1;
            above += usize::from(row + 1 < other);
            below += usize::from(row > other + 1);
        }
    }
    let apart = above + below;
    if apart * 4 < shared {
        None
    } else if above * 20 >= apart * 19 {
        Some(true)
    } else if below * 20 >= apart * 19 {
        Some(false)
    } else {
        None
    }
}
