//! Tells which lines of a plot are arms, and which are confidence limits, axes, grid or reference lines.

use kmeta_figure_source::vector::Bounds;
use kmeta_trial_data::Axes;

use super::chains::{Chain, Course};
use super::lines::{LEVEL_PX, LineLook, is_hued, same_color};

/// An arm begins within this share of the plot's width of time 0.
const LATEST_START: f64 = 0.12;
/// An arm begins at most this far below S = 1, where its first drop is at time 0.
const START_BELOW: f64 = 0.12;
/// And at most this far above, which rounding of coordinates explains.
const START_ABOVE: f64 = 0.004;
/// An arm covers at least this share of the plot's width.
const SHORTEST: f64 = 0.04;
/// Steps of a limit and of its arm stand this near, in pixels.
const SAME_STEP_PX: f64 = 0.12;
/// Share of a limit's steps that stand where the arm's do.
const SHARED_STEPS: f64 = 0.85;
/// The same, both ways, of a limit that has nothing but its dashes to tell it: where many patients are seen on the same
/// days, two arms share nearly as many.
const ALL_STEPS: f64 = 0.97;
/// A line may run beyond another by this much, in pixels, and still lie on one side of it: matplotlib leaves out corners
/// that move its lines by less than a ninth of a point.
const SIMPLIFIED_PX: f64 = 0.35;

/// What the lines of a plot are.
#[derive(Debug, Clone, Default)]
pub(crate) struct FoundArms {
    /// The arms, by falling mean level.
    pub(crate) arms: Vec<Chain>,
    /// Confidence limits.
    pub(crate) limits: Vec<Chain>,
}

/// Finds the arms among the chains of a plot. `course` is the way of survival on the page: upwards where incidence is
/// printed and `axes` have been turned to survival. `level_error` is how far all levels may be off, where labels stand for
/// missing tick marks; `named` are the looks that a legend names.
pub(crate) fn find_arms(
    chains: &[Chain],
    axes: &Axes,
    plot: &Bounds,
    course: Course,
    level_error: f64,
    named: &[LineLook],
) -> FoundArms {
    let candidates: Vec<&Chain> =
        chains.iter().filter(|chain| may_be_curve(chain, axes, plot, level_error)).collect();
    let mut is_limit: Vec<bool> =
        (0..candidates.len()).map(|index| limit_of(index, &candidates, course, named).is_some()).collect();
    // A limit that leaves the plot at its first step has no other by which it could be told.
    for index in 0..candidates.len() {
        let looks_like_one =
            |other: usize| is_limit[other] && looks_alike(candidates[index], candidates[other]);
        if leaves_plot(candidates[index], plot) && (0..candidates.len()).any(looks_like_one) {
            is_limit[index] = true;
        }
    }
    let mut found = FoundArms::default();
    for (chain, is_limit) in candidates.iter().zip(is_limit) {
        if is_limit {
            found.limits.push((*chain).clone());
        } else if chain.course() == course {
            found.arms.push((*chain).clone());
        }
    }
    let level = |chain: &Chain| axes.y.value_at(mean_row(chain));
    found.arms.sort_by(|a, b| level(b).total_cmp(&level(a)));
    found
}

/// Whether a chain can be a survival curve or one of its limits: it begins near time 0 and S = 1 and falls somewhere
/// between the axes.
fn may_be_curve(chain: &Chain, axes: &Axes, plot: &Bounds, level_error: f64) -> bool {
    let (start, end) = (chain.start(), chain.end());
    let zero = axes.x.pixel_at(0.0);
    let level = axes.y.value_at(start[1]);
    let begins_well = start[0] <= zero.max(plot.left) + LATEST_START * plot.width()
        && start[0] >= plot.left - 2.0 - 0.02 * plot.width()
        && (1.0 - START_BELOW..=1.0 + START_ABOVE.max(level_error)).contains(&level);
    let is_long = end[0] - start[0] >= SHORTEST * plot.width();
    begins_well && is_long && !is_frame(chain, axes, plot) && falls_within(chain, plot)
}

/// At least one step between the ends: a grid line and the top of a frame have none.
fn falls_within(chain: &Chain, plot: &Bounds) -> bool {
    // A single slanted stroke is part of a mark.
    if !chain.stepped && chain.points.len() < 4 {
        return false;
    }
    let inside = |column: &f64| *column > plot.left + 0.5 && *column < plot.right - 0.5;
    let steps = chain.step_columns();
    steps.iter().any(inside) || (!chain.stepped && chain.points.len() >= 8)
}

/// Axis lines and frames run along the edges of the plot.
fn is_frame(chain: &Chain, axes: &Axes, plot: &Bounds) -> bool {
    let steps = chain.step_columns();
    let [column] = steps.as_slice() else { return false };
    let at_edge = (column - plot.left).abs() <= 1.0
        || (column - plot.right).abs() <= 1.0
        || (column - axes.x.pixel_at(0.0)).abs() <= 1.0;
    // From S = 1 to S = 0, or to the edge of the plot.
    let (first, last) = (chain.start()[1], chain.end()[1]);
    at_edge
        && (last - first).abs()
            >= 0.9 * (axes.y.pixel_at(0.0) - axes.y.pixel_at(1.0)).abs().min(plot.height())
}

/// Whether a chain has one step, by which it leaves the plot.
fn leaves_plot(chain: &Chain, plot: &Bounds) -> bool {
    let row = chain.end()[1];
    chain.step_columns().len() == 1 && (row >= plot.bottom - 1.0 || row <= plot.top + 1.0)
}

/// The candidate that `index` is a confidence limit of.
///
/// Pointwise limits step only where their curve does. Where times are whole months, arms share steps as well, so that
/// a limit must also look like its arm but weaker, or have a partner on the arm's other side. A legend names no limit.
fn limit_of(index: usize, candidates: &[&Chain], course: Course, named: &[LineLook]) -> Option<usize> {
    let limit = candidates[index];
    let is_named = named.iter().any(|look| look.is_like(&limit.look));
    (0..candidates.len()).filter(|&arm| arm != index).find(|&arm| {
        let curve = candidates[arm];
        if curve.course() != course || !follows(limit, curve) {
            return false;
        }
        let Some(side) = side_of(limit, curve) else { return false };
        let weaker = is_weaker(limit, curve);
        let related = same_hue(limit, curve);
        let partner = (0..candidates.len()).any(|other| {
            other != index
                && other != arm
                && looks_alike(candidates[other], limit)
                && follows(candidates[other], curve)
                && side_of(candidates[other], curve) == Some(!side)
        });
        // A solid line may be thinner than dashes and still be what they are limits of.
        let is_solid_in_dashed = is_dashed(curve) && !is_dashed(limit);
        let of_its_color = weaker && !is_solid_in_dashed && same_color(limit.look.color, curve.look.color);
        let alone_of_its_color =
            of_its_color && !is_named && (is_fainter(limit, curve) || steps_with(limit, curve));
        let one_of_three = partner && looks_alike(limit, curve);
        // R gives the limits of several curves the colours of other curves.
        let between_dashes =
            !is_named && keeps_steps(limit, curve) && partners_in_dashes(index, arm, candidates, side);
        // A single step in common says little about lines of two colours.
        let has_steps = limit.step_columns().len() > 1 || of_its_color;
        (related && has_steps && ((weaker && partner) || alone_of_its_color || one_of_three))
            || between_dashes
    })
}

/// Whether a dashed line has a partner of the same dashes and width on the other side of a solid curve, that steps where
/// the curve does as well.
fn partners_in_dashes(index: usize, arm: usize, candidates: &[&Chain], side: bool) -> bool {
    let (limit, curve) = (candidates[index], candidates[arm]);
    is_dashed(limit)
        && !is_dashed(curve)
        && limit.step_columns().len() > 2
        && (0..candidates.len()).filter(|&other| other != index && other != arm).any(|other| {
            let partner = candidates[other];
            partner.look.same_dashes(&limit.look)
                && partner.look.is_as_wide_as(&limit.look)
                && keeps_steps(partner, curve)
                && side_of(partner, curve) == Some(!side)
        })
}

/// Whether the steps of `limit` stand where `curve` steps.
fn follows(limit: &Chain, curve: &Chain) -> bool {
    share_of_steps(limit, curve).is_some_and(|share| share >= SHARED_STEPS)
}

/// Whether both step at the same places, all along.
fn steps_with(limit: &Chain, curve: &Chain) -> bool {
    keeps_steps(limit, curve) && keeps_steps(curve, limit)
}

/// Whether `limit` steps nowhere but where `curve` does.
fn keeps_steps(limit: &Chain, curve: &Chain) -> bool {
    share_of_steps(limit, curve).is_some_and(|share| share >= ALL_STEPS)
}

fn share_of_steps(limit: &Chain, curve: &Chain) -> Option<f64> {
    let (own, theirs) = (limit.step_columns(), curve.step_columns());
    if own.is_empty() || theirs.is_empty() {
        return None;
    }
    let near = |column: f64| {
        let from = theirs.partition_point(|&other| other < column - SAME_STEP_PX);
        theirs.get(from).is_some_and(|&other| other <= column + SAME_STEP_PX)
    };
    Some(own.iter().filter(|&&column| near(column)).count() as f64 / own.len() as f64)
}

/// True when `limit` lies above `curve` wherever they are apart, false when below, nothing when neither.
fn side_of(limit: &Chain, curve: &Chain) -> Option<bool> {
    let from = limit.start()[0].max(curve.start()[0]);
    let to = limit.end()[0].min(curve.end()[0]);
    let (mut above, mut below) = (0, 0);
    let (mut clearly_above, mut clearly_below) = (0, 0);
    for sample in 0..200 {
        let column = from + (to - from) * (f64::from(sample) + 0.5) / 200.0;
        if let (Some(own), Some(theirs)) = (limit.rows_at(column, 0.0), curve.rows_at(column, 0.0)) {
            above += usize::from(own.1 < theirs.0 - LEVEL_PX);
            below += usize::from(own.0 > theirs.1 + LEVEL_PX);
            clearly_above += usize::from(own.1 < theirs.0 - SIMPLIFIED_PX);
            clearly_below += usize::from(own.0 > theirs.1 + SIMPLIFIED_PX);
        }
    }
    let apart = above + below;
    if apart < 40 {
        None
    } else if clearly_below * 50 <= apart && above > below {
        Some(true)
    } else if clearly_above * 50 <= apart && below > above {
        Some(false)
    } else {
        None
    }
}

fn is_dashed(chain: &Chain) -> bool {
    chain.look.is_dashed() || chain.from_dashes
}

/// Dashed, thinner or lighter than the curve.
fn is_weaker(limit: &Chain, curve: &Chain) -> bool {
    (is_dashed(limit) && !is_dashed(curve)) || is_fainter(limit, curve)
}

/// Thinner or lighter than the curve.
fn is_fainter(limit: &Chain, curve: &Chain) -> bool {
    let lightness = |color: [u8; 3]| color.iter().map(|&channel| u32::from(channel)).sum::<u32>();
    limit.look.width <= 0.8 * curve.look.width
        || lightness(limit.look.color) > lightness(curve.look.color) + 60
}

fn looks_alike(one: &Chain, other: &Chain) -> bool {
    one.look.is_like(&other.look) && one.from_dashes == other.from_dashes
}

/// Equal colours, or the same colour paler.
fn same_hue(limit: &Chain, curve: &Chain) -> bool {
    let (a, b) = (limit.look.color, curve.look.color);
    if same_color(a, b) || (!is_hued(a) && !is_hued(b)) {
        return true;
    }
    let deviation = |color: [u8; 3]| {
        let mean = color.iter().map(|&channel| f64::from(channel)).sum::<f64>() / 3.0;
        color.map(|channel| f64::from(channel) - mean)
    };
    let (da, db) = (deviation(a), deviation(b));
    let dot: f64 = da.iter().zip(&db).map(|(x, y)| x * y).sum();
    let norm = |values: [f64; 3]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
    dot > 0.95 * norm(da) * norm(db) && norm(da) > 1.0 && norm(db) > 1.0
}

fn mean_row(chain: &Chain) -> f64 {
    let (mut area, mut width) = (0.0, 0.0);
    for pair in chain.points.windows(2) {
        let step = pair[1][0] - pair[0][0];
        area += step * (pair[0][1] + pair[1][1]) / 2.0;
        width += step;
    }
    if width > 0.0 { area / width } else { chain.start()[1] }
}
