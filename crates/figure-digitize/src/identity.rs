//! Whether arms kept their identity where they met: between two meetings an unbroken line has no gaps and a dashed one has.

use crate::arms::TracedCurve;
use crate::color::oklab_distance;

/// Arms of colours as near as this in Oklab are told apart by their dashes.
pub(crate) const SAME_COLOR: f32 = 0.12;
/// Coverage from which ink counts as seen.
const SEEN: f32 = 0.4;
/// An unbroken line shows its ink on at least this share of a stretch, a dashed one on at most that.
const UNBROKEN: f64 = 0.85;
const BROKEN: f64 = 0.97;
/// Shortest stretch that is judged, as a share of the plot's width and in pixels.
const SHORTEST: (f64, usize) = (0.06, 40);

/// Number of stretches, between meetings of two arms that only their dashes tell apart, in which an arm is not drawn as it is
/// elsewhere.
pub(crate) fn exchanged_stretches(arms: &[&TracedCurve]) -> usize {
    let mut doubtful = 0;
    for (index, one) in arms.iter().enumerate() {
        for other in &arms[index + 1..] {
            if one.dashed != other.dashed && oklab_distance(one.color, other.color) < SAME_COLOR {
                let apart = stretches_apart(one, other);
                // Arms that never meet cannot be exchanged.
                if apart.len() >= 2 {
                    let unlike =
                        |curve: &TracedCurve| apart.iter().filter(|run| is_unlike(curve, run)).count();
                    doubtful += unlike(one) + unlike(other);
                }
            }
        }
    }
    doubtful
}

/// An arm that ends on another one's line, which goes on over at least this share of the plot, may go on below it.
const GOES_ON: f64 = 0.08;
/// Share of the plot's height within which it ends on that line: dashes leave the last stretch before a meeting open.
const MEETS: f64 = 0.012;

/// Number of arms that end where they meet another arm: they may go on, hidden or taken for that one.
pub(crate) fn ends_on_another(arms: &[&TracedCurve]) -> usize {
    let ends_on = |one: &TracedCurve, other: &TracedCurve| {
        let Some(last) = one.path.end().checked_sub(1) else { return false };
        let goes_on = other.path.end().saturating_sub(last) as f64;
        let reach = ((one.line_width + other.line_width) / 2.0).ceil() as usize + 1;
        let (Some(here), Some(there)) = (one.path.row_at(last), other.path.row_at(last)) else {
            return false;
        };
        let next = other.path.row_at(last + reach).unwrap_or(there);
        let (upper, lower) = (there.min(next), there.max(next));
        let near = reach.max((MEETS * one.coverage.height() as f64) as usize);
        oklab_distance(one.color, other.color) < SAME_COLOR
            && goes_on >= GOES_ON * one.coverage.width() as f64
            && here + near >= upper
            && here <= lower + near
    };
    arms.iter()
        .filter(|one| arms.iter().any(|other| !std::ptr::eq(**one, *other) && ends_on(one, other)))
        .count()
}

/// Columns over which two curves are apart, run by run.
fn stretches_apart(one: &TracedCurve, other: &TracedCurve) -> Vec<std::ops::Range<usize>> {
    let reach = ((one.line_width + other.line_width) / 2.0).ceil() as usize + 2;
    let shortest = ((SHORTEST.0 * one.coverage.width() as f64) as usize).max(SHORTEST.1);
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    let (from, to) = (one.path.start.max(other.path.start), one.path.end().min(other.path.end()));
    for x in from..=to {
        let apart = x < to
            && matches!((one.path.row_at(x), other.path.row_at(x)), (Some(a), Some(b)) if a.abs_diff(b) > reach);
        match (apart, open) {
            (true, None) => open = Some(x),
            (false, Some(begun)) => {
                runs.push(begun..x);
                open = None;
            }
            _ => {}
        }
    }
    runs.retain(|run| run.len() >= shortest);
    runs
}

/// Whether a curve shows gaps where it should have none, or none where it should.
fn is_unlike(curve: &TracedCurve, columns: &std::ops::Range<usize>) -> bool {
    let half = (curve.line_width / 2.0).floor() as usize;
    let (mut on, mut known) = (0_u32, 0_u32);
    for x in columns.clone() {
        let Some(row) = curve.path.row_at(x) else { continue };
        let rows = row.saturating_sub(half)..(row + half + 1).min(curve.coverage.height());
        let strongest = |ink: &[f32]| ink[rows.clone()].iter().copied().fold(0.0, f32::max);
        let own = strongest(curve.coverage.own.column(x)) >= SEEN;
        if own || strongest(curve.coverage.other.column(x)) < SEEN {
            known += 1;
            on += u32::from(own);
        }
    }
    let share = f64::from(on) / f64::from(known.max(1_u32));
    known >= 20 && if curve.dashed { share > BROKEN } else { share < UNBROKEN }
}
