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
/// nothing when it is an arm itself. `background` is what they are drawn on.
pub(crate) fn confidence_limits(curves: &[TracedCurve], background: Srgb) -> Vec<Option<usize>> {
    let mut limit_of: Vec<Option<usize>> = vec![None; curves.len()];
    let coded_by_color = is_coded_by_color(curves);
    for (index, limit) in limit_of.iter_mut().enumerate() {
        *limit = bracketed_arm(index, curves, background);
    }
    for (index, curve) in curves.iter().enumerate() {
        if limit_of[index].is_some() {
            continue;
        }
        limit_of[index] =
            (0..curves.len()).filter(|&arm| arm != index && limit_of[arm].is_none()).find(|&arm| {
                // A line that is only lighter may as well be another arm.
                let follows = follows_drops_of(curve, &curves[arm]);
                if !may_be_limit(curve, &curves[arm], background) {
                    return follows && is_faded(curve, &curves[arm], background);
                }
                let partner = has_partner(index, arm, curves, background);
                let same_color = coded_by_color && is_dashed_copy(curve, &curves[arm]);
                let weaker = is_drawn_weaker(curve, &curves[arm]);
                same_color || (weaker && (follows || partner)) || (follows && partner)
            });
    }
    limit_of
}

/// The arm of its hue that a curve and one drawn like it keep on either side of, dropping where it does: limits may be drawn
/// in the same way as the arm.
fn bracketed_arm(index: usize, curves: &[TracedCurve], background: Srgb) -> Option<usize> {
    let curve = &curves[index];
    let of_hue = |&arm: &usize| arm != index && same_hue_on(background, curve.color, curves[arm].color);
    (0..curves.len()).filter(of_hue).find(|&arm| {
        let is_partner = |other: usize| {
            other != index
                && other != arm
                && curves[other].dashed == curve.dashed
                && oklab_distance(curves[other].color, curve.color) < 0.05
                && are_on_both_sides(&curve.path, &curves[other].path, &curves[arm].path)
                && follows_drops_of(&curves[other], &curves[arm])
        };
        follows_drops_of(curve, &curves[arm]) && (0..curves.len()).any(is_partner)
    })
}

/// A limit is drawn in the arm's hue and more weakly than it: dashed, thinner or lighter.
fn may_be_limit(limit: &TracedCurve, arm: &TracedCurve, background: Srgb) -> bool {
    let lighter = oklab(limit.color)[0] - oklab(arm.color)[0];
    // The colour of a thin line is measured too pale.
    let darkest = if limit.dashed && !arm.dashed { -0.3 } else { -0.1 };
    (is_drawn_weaker(limit, arm) || lighter > 0.1)
        && lighter > darkest
        && same_hue_on(background, limit.color, arm.color)
}

/// Whether a thin dashed line beside an unbroken one has lost the hue that it may have had: compression leaves no chroma to
/// fine dashes.
fn is_faded(limit: &TracedCurve, arm: &TracedCurve, background: Srgb) -> bool {
    let thinner = limit.line_width <= THINNER * arm.line_width;
    limit.dashed && !arm.dashed && thinner && chroma(on_white(limit.color, background)) < LEAST_CHROMA
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

/// Width of a thinner line, as a share of that of its arm.
const THINNER: f64 = 0.75;

/// Dashed or thinner than the arm.
fn is_drawn_weaker(limit: &TracedCurve, arm: &TracedCurve) -> bool {
    let thinner = limit.line_width <= THINNER * arm.line_width && limit.line_width + 0.8 <= arm.line_width;
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

/// True when two colours are of one hue, or would be if both were drawn on white: a tinted page tints what is pale.
fn same_hue_on(background: Srgb, a: Srgb, b: Srgb) -> bool {
    same_hue(a, b) || same_hue(on_white(a, background), on_white(b, background))
}

/// A colour on a page as it would be on a white one.
fn on_white(color: Srgb, background: Srgb) -> Srgb {
    std::array::from_fn(|channel| color[channel] + 1.0 - background[channel])
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
pub(crate) fn has_partner(index: usize, arm: usize, curves: &[TracedCurve], background: Srgb) -> bool {
    (0..curves.len()).filter(|&other| other != index && other != arm).any(|other| {
        may_be_limit(&curves[other], &curves[arm], background)
            && curves[other].dashed == curves[index].dashed
            && are_equally_wide(&curves[other], &curves[index])
            && oklab_distance(curves[other].color, curves[index].color) < 0.1
            && are_on_both_sides(&curves[index].path, &curves[other].path, &curves[arm].path)
    })
}

/// Widths that differ by more, as a share and in pixels, are not those of one kind of line.
const SAME_WIDTH: (f64, f64) = (0.8, 0.5);

/// Whether two lines are about equally wide, as both limits of an arm are.
fn are_equally_wide(one: &TracedCurve, other: &TracedCurve) -> bool {
    let (narrow, wide) = (one.line_width.min(other.line_width), one.line_width.max(other.line_width));
    narrow >= SAME_WIDTH.0 * wide || wide - narrow <= SAME_WIDTH.1
}

/// Of this many columns that paths share they must be apart in one at least, or nothing tells on which sides they run.
const APART_SHARE: usize = 4;
/// Least share of the columns in which both limits are apart from their arm that have it between them.
const BETWEEN: f64 = 0.95;

/// Whether a path runs between two others wherever these are apart from it. Where both drop far at once, the upper one may
/// have been traced on as the lower one.
fn are_on_both_sides(one: &Path, other: &Path, middle: &Path) -> bool {
    let (mut between, mut apart, mut shared) = (0_usize, 0_usize, 0_usize);
    let from = middle.start.max(one.start).max(other.start);
    for x in from..middle.end().min(one.end()).min(other.end()) {
        let (Some(a), Some(b), Some(row)) = (one.row_at(x), other.row_at(x), middle.row_at(x)) else {
            continue;
        };
        shared += 1;
        if a.abs_diff(row) > 1 && b.abs_diff(row) > 1 {
            apart += 1;
            between += usize::from((a < row) != (b < row));
        }
    }
    apart > 0 && apart * APART_SHARE >= shared && between as f64 >= BETWEEN * apart as f64
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
    if apart * APART_SHARE < shared {
        None
    } else if above * 20 >= apart * 19 {
        Some(true)
    } else if below * 20 >= apart * 19 {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::{ColumnPlane, Rect};

    const WHITE: Srgb = [1.0; 3];
    const GREEN: Srgb = [0.43, 0.73, 0.66];

    /// A curve along rows that drops by 10 every 40 columns, and by 150 at column 200.
    fn curve(color: Srgb, dashed: bool, top: impl Fn(usize) -> usize) -> TracedCurve {
        let fall = |x: usize| 10 * (x / 40) + if x >= 200 { 150 } else { 0 };
        let plane = || ColumnPlane::filled(400, 400, 0.0);
        let area = Rect { left: 0, top: 0, right: 400, bottom: 400 };
        TracedCurve {
            color,
            dashed,
            line_width: if dashed { 1.0 } else { 2.0 },
            path: Path {
                start: 0,
                rows: (0..400).map(|x| top(x) + fall(x)).collect(),
                score: 300.0,
                on_ink: 0.6,
                on_bare: 0.3,
            },
            coverage: Coverage { area, own: plane(), other: plane() },
            marks: None,
        }
    }

    #[test]
    fn limits_that_exchange_at_a_large_drop_stay_limits() {
        // Before the drop one lies above the arm, behind it the other.
        let arm = curve(GREEN, false, |_| 50);
        let one = curve(GREEN, true, |x| if x < 200 { 35 } else { 65 });
        let other = curve(GREEN, true, |x| if x < 200 { 65 } else { 35 });
        assert!(side_of(&one.path, &arm.path).is_none());
        let curves = [arm, one, other];
        assert_eq!(confidence_limits(&curves, WHITE), [None, Some(0), Some(0)]);
    }

    #[test]
    fn a_tinted_page_and_compression_leave_a_limit_its_arm() {
        let page = [0.8357, 0.8939, 0.9213];
        let faded = [0.658, 0.745, 0.760];
        assert!(!same_hue(faded, GREEN));
        let curves = [curve(GREEN, false, |_| 50), curve(faded, true, |_| 35)];
        assert_eq!(confidence_limits(&curves, page), [None, Some(0)]);
    }

    #[test]
    fn a_curve_between_two_others_may_touch_them() {
        let path = |rows: Vec<usize>| Path { start: 0, rows, score: 0.0, on_ink: 1.0, on_bare: 0.0 };
        let middle = path(vec![50; 100]);
        let [above, below] = [path(vec![40; 100]), path(vec![60; 100])];
        assert!(are_on_both_sides(&above, &below, &middle));
        assert!(!are_on_both_sides(&above, &above, &middle));
        assert!(!are_on_both_sides(&middle, &below, &middle));
    }
}
