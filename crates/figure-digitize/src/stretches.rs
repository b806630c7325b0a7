//! What is known of each stretch of a traced curve: seen, covered by other ink, missing, or perhaps another arm's.

use kmeta_trial_data::{AxisCalibration, CurveStretch, StretchFlag};

use crate::arms::TracedCurve;
use crate::color::oklab_distance;
use crate::coverage::Coverage;
use crate::trace::Path;

/// Coverage from which ink counts as seen.
const SEEN_INK: f32 = 0.4;
/// Colours at least this far apart in Oklab are told from each other with certainty.
const CERTAIN_DISTANCE: f32 = 0.12;

/// How a stretch of a curve was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Its own ink was seen.
    Seen,
    /// Other ink lies on it.
    Occluded,
    /// There is no ink: a gap of the line, or a dash's.
    Gap,
}

/// Consecutive columns of a curve that were read alike. Columns are relative to the coverage's area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) from: usize,
    /// One past the last column.
    pub(crate) to: usize,
    pub(crate) sight: Sight,
    /// How surely the ink is this arm's and not that of another one at the same place: 1 where no other arm
    /// runs, 0 where another arm of exactly the same look does.
    pub(crate) identity: f32,
}

impl Stretch {
    pub(crate) fn length(&self) -> usize {
        self.to - self.from
    }
}

/// The stretches of a curve from left to right. `arms` are all arms of the plot, itself among them.
pub(crate) fn stretches_of(curve: &TracedCurve, arms: &[&TracedCurve]) -> Vec<Stretch> {
    let half = (curve.line_width / 2.0).floor() as usize;
    let mut found: Vec<Stretch> = Vec::new();
    for (index, &row) in curve.path.rows.iter().enumerate() {
        let x = curve.path.start + index;
        let sight = sight_at(&curve.coverage, x, row, half);
        let identity = identity_at(curve, arms, x, row);
        match found.last_mut() {
            Some(last) if last.sight == sight && last.identity == identity => last.to = x + 1,
            _ => found.push(Stretch { from: x, to: x + 1, sight, identity }),
        }
    }
    found
}

fn sight_at(coverage: &Coverage, x: usize, row: usize, half: usize) -> Sight {
    if coverage.own.strongest_near(x, row, half) >= SEEN_INK {
        Sight::Seen
    } else if coverage.other.strongest_near(x, row, half) >= SEEN_INK {
        Sight::Occluded
    } else {
        Sight::Gap
    }
}

/// The least certainty with which the curve is told from the arms whose lines touch its own at a column.
fn identity_at(curve: &TracedCurve, arms: &[&TracedCurve], x: usize, row: usize) -> f32 {
    arms.iter()
        .filter(|arm| !std::ptr::eq(**arm, curve))
        .filter(|arm| touches(&arm.path, x, row, (arm.line_width + curve.line_width) / 2.0))
        .map(|arm| certainty(curve, arm))
        .fold(1.0, f32::min)
}

/// True when a path passes within `reach` rows of a pixel.
fn touches(path: &Path, x: usize, row: usize, reach: f64) -> bool {
    let Some(here) = path.row_at(x) else { return false };
    let before = x.checked_sub(1).and_then(|before| path.row_at(before)).unwrap_or(here);
    let reach = reach.ceil() as usize;
    row + reach >= before.min(here) && row <= before.max(here) + reach
}

/// How surely two arms are told apart where they meet, by colour and line style.
fn certainty(one: &TracedCurve, other: &TracedCurve) -> f32 {
    let by_color = (oklab_distance(one.color, other.color) / CERTAIN_DISTANCE).min(1.0);
    let by_style: f32 = if one.dashed == other.dashed { 0.0 } else { 0.7 };
    1.0 - (1.0 - by_color) * (1.0 - by_style)
}

/// Below this certainty a stretch may as well be another arm's.
const AMBIGUOUS: f32 = 0.5;

/// The stretches of a curve as the sidecar states them. Gaps of a dashed line's pattern are none, and what is shorter than
/// the line is wide (a drop, a crossing) belongs to the stretch before it. `left` is the column of the coverage's left edge.
pub(crate) fn flagged_stretches(
    curve: &TracedCurve,
    stretches: &[Stretch],
    x: &AxisCalibration,
    left: f64,
) -> Vec<CurveStretch> {
    let shortest = curve.line_width.ceil() as usize + 1;
    let longest_dash_gap = if curve.dashed { (9.0 * curve.line_width).max(16.0) as usize } else { 0 };
    let flag_of = |stretch: &Stretch| match stretch.sight {
        Sight::Gap if stretch.length() > longest_dash_gap => StretchFlag::Gap,
        Sight::Occluded => StretchFlag::Occluded,
        Sight::Seen | Sight::Gap if stretch.identity < AMBIGUOUS => StretchFlag::Ambiguous,
        Sight::Seen | Sight::Gap => StretchFlag::Seen,
    };
    // First equal flags side by side, then the short ones into their neighbours.
    let runs = joined(
        stretches.iter().map(|stretch| (stretch.from, stretch.to, flag_of(stretch), stretch.identity)),
    );
    let mut long: Vec<Run> = Vec::new();
    for run in runs {
        match long.last_mut() {
            Some(last) if run.1 - run.0 < shortest => last.1 = run.1,
            _ => long.push(run),
        }
    }
    let time_at = |column: usize| x.value_at(left + column as f64).max(0.0);
    joined(long.into_iter())
        .into_iter()
        .map(|(from, to, flag, identity)| CurveStretch {
            from: time_at(from),
            to: time_at(to),
            flag,
            identity: f64::from(identity),
        })
        .collect()
}

/// Columns from and to, flag, least identity.
type Run = (usize, usize, StretchFlag, f32);

fn joined(runs: impl Iterator<Item = Run>) -> Vec<Run> {
    let mut found: Vec<Run> = Vec::new();
    for run in runs {
        match found.last_mut() {
            Some(last) if last.2 == run.2 => {
                last.1 = run.1;
                last.3 = last.3.min(run.3);
            }
            _ => found.push(run),
        }
    }
    found
}
