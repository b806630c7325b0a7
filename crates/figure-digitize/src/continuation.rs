//! Joins what belongs to one arm where other ink covers it: a piece that ends where an arm without a beginning goes on, and an
//! arm that shows its ink again beside the one that covers it.

use crate::arms::{TracedCurve, same_hue};
use crate::color::{chroma, oklab_distance};
use crate::curve_shape::FAINT;

/// A curve goes on behind another one's end when it is longer by this share of the plot's width.
const GOES_ON: f64 = 0.08;
/// Share of its columns before a piece's end in which an arm may show ink and still lack a beginning, and that the piece must
/// show.
const UNSEEN: f64 = 0.2;
const SEEN: f64 = 0.5;
/// Share of the columns behind its end in which an arm shows its ink beside another that covers it.
const SHOWN_AGAIN: f64 = 0.1;
/// Colours at least this far apart in Oklab are told from each other.
const OTHER_COLOR: f32 = 0.12;
/// How far the marks on a line reach that may cover another, as a share of the plot's height.
const MARK_REACH: f64 = 0.02;

/// Joins pieces and carries arms on below those that cover them.
pub(crate) fn join_pieces(curves: &mut Vec<TracedCurve>) {
    while let Some((piece, arm)) = beginning_of_another(curves) {
        let piece_curve = curves[piece].clone();
        begin_with(&mut curves[arm], &piece_curve);
        curves.remove(piece);
    }
    for index in 0..curves.len() {
        let covering = (0..curves.len())
            .filter(|&other| other != index && goes_on_behind(&curves[index], &curves[other]))
            .find(|&other| is_shown_again(&curves[index], &curves[other]));
        if let Some(other) = covering {
            let rows = rows_behind(&curves[index], &curves[other]);
            curves[index].path.rows.extend(rows);
        }
    }
}

/// A piece and the arm that it begins, if there are such.
fn beginning_of_another(curves: &[TracedCurve]) -> Option<(usize, usize)> {
    (0..curves.len()).find_map(|piece| {
        let arm = (0..curves.len()).filter(|&arm| arm != piece).find(|&arm| {
            let (one, other) = (&curves[piece], &curves[arm]);
            let end = one.path.end();
            one.dashed == other.dashed
                && may_be_one(one, other)
                && other.path.start < end + reach_of(one, other)
                && goes_on_behind(one, other)
                && seen_share(other, other.path.start..end) <= UNSEEN
                && seen_share(one, one.path.start..end) >= SEEN
        })?;
        Some((piece, arm))
    })
}

/// Columns that the end of one line and the begin of the next may lie apart: their strokes and the marks on them.
fn reach_of(one: &TracedCurve, other: &TracedCurve) -> usize {
    (one.line_width + other.line_width).ceil() as usize + 2
}

/// Compression changes a colour, but not from one hue to another.
fn may_be_one(one: &TracedCurve, other: &TracedCurve) -> bool {
    let is_grey = |curve: &TracedCurve| chroma(curve.color) < 0.04;
    is_grey(one) || is_grey(other) || same_hue(one.color, other.color)
}

/// True when a curve ends on another one's line or marks, and that line goes on.
fn goes_on_behind(one: &TracedCurve, other: &TracedCurve) -> bool {
    let Some(last) = one.path.end().checked_sub(1) else { return false };
    let beside = (one.line_width + other.line_width) / 2.0 + 1.0;
    let reach = beside.max(MARK_REACH * one.coverage.height() as f64).ceil() as usize;
    let (Some(here), Some(there)) = (one.path.row_at(last), other.path.row_at(last)) else { return false };
    let next = other.path.row_at(last + reach).unwrap_or(there);
    let longer = other.path.end().saturating_sub(last) as f64 >= GOES_ON * one.coverage.width() as f64;
    longer && here + reach >= there && here <= next + reach
}

/// Share of some columns in which a curve shows its own ink.
fn seen_share(curve: &TracedCurve, columns: std::ops::Range<usize>) -> f64 {
    let half = (curve.line_width / 2.0).ceil() as usize;
    let length = columns.len().max(1) as f64;
    let is_seen = |x: &usize| {
        curve.path.row_at(*x).is_some_and(|row| curve.coverage.own.strongest_near(*x, row, half) >= FAINT)
    };
    columns.filter(is_seen).count() as f64 / length
}

/// True when behind its end a curve's ink shows again beside another's line. Ink of one colour may be the other's own.
fn is_shown_again(one: &TracedCurve, other: &TracedCurve) -> bool {
    if oklab_distance(one.color, other.color) < OTHER_COLOR {
        return false;
    }
    let reach = (one.line_width + other.line_width).ceil() as usize + 2;
    let columns = one.path.end()..other.path.end();
    let length = columns.len() as f64;
    let is_shown = |x: &usize| {
        other.path.row_at(*x).is_some_and(|row| one.coverage.own.strongest_near(*x, row, reach) >= FAINT)
    };
    columns.filter(is_shown).count() as f64 >= SHOWN_AGAIN * length
}

/// The rows of a curve behind another one's end, never above that end.
fn rows_behind(one: &TracedCurve, other: &TracedCurve) -> Vec<usize> {
    let last = one.path.rows.last().copied().unwrap_or(0);
    (one.path.end()..other.path.end()).filter_map(|x| other.path.row_at(x)).map(|row| row.max(last)).collect()
}

/// Gives an arm the rows and the ink of a piece as its beginning.
fn begin_with(arm: &mut TracedCurve, piece: &TracedCurve) {
    let mut ink = piece.coverage.own.clone();
    for x in piece.path.end()..ink.width() {
        ink.column_mut(x).fill(0.0);
    }
    arm.coverage.add(&ink);
    let mut rows = piece.path.rows.clone();
    rows.extend(rows_behind(piece, arm));
    arm.path.start = piece.path.start;
    arm.path.rows = rows;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Coverage;
    use crate::plane::{ColumnPlane, Rect};
    use crate::trace::Path;

    const WIDTH: usize = 200;
    const HEIGHT: usize = 100;

    /// A curve along `rows`, seen in `columns`.
    fn curve(rows: Vec<usize>, columns: std::ops::Range<usize>) -> TracedCurve {
        let mut own = ColumnPlane::filled(WIDTH, HEIGHT, 0.0);
        for x in columns {
            if let Some(&row) = rows.get(x) {
                own.set(x, row, 1.0);
            }
        }
        let other = ColumnPlane::filled(WIDTH, HEIGHT, 0.0);
        let area = Rect { left: 0, top: 0, right: WIDTH, bottom: HEIGHT };
        TracedCurve {
            color: [0.1, 0.1, 0.8],
            dashed: false,
            line_width: 1.0,
            path: Path { start: 0, rows, score: 0.0, on_ink: 1.0, on_bare: 0.0 },
            coverage: Coverage { area, own, other },
            marks: None,
        }
    }

    fn falling(end: usize) -> Vec<usize> {
        (0..end).map(|x| 10 + x / 10).collect()
    }

    #[test]
    fn a_piece_is_the_beginning_of_the_arm_that_goes_on() {
        let hidden = (0..WIDTH).map(|x| if x < 48 { 2 } else { 10 + x / 10 }).collect();
        let mut curves = vec![curve(falling(50), 0..50), curve(hidden, 48..WIDTH)];
        join_pieces(&mut curves);
        assert_eq!(curves.len(), 1);
        assert_eq!(curves[0].path.rows, falling(WIDTH));
    }

    #[test]
    fn an_arm_that_ends_on_a_seen_one_is_an_arm() {
        let mut curves = vec![curve(falling(50), 0..50), curve(vec![14; WIDTH], 0..WIDTH)];
        join_pieces(&mut curves);
        assert_eq!((curves.len(), curves[0].path.end()), (2, 50));
    }

    #[test]
    fn an_arm_goes_on_below_the_one_beside_which_it_shows_again() {
        let mut short = curve(falling(50), 0..50);
        (100..130).for_each(|x| short.coverage.own.set(x, 17, 1.0));
        let covering = TracedCurve { color: [0.0; 3], ..curve(vec![14; WIDTH], 0..WIDTH) };
        let mut curves = vec![short, covering];
        join_pieces(&mut curves);
        assert_eq!((curves.len(), curves[0].path.end()), (2, WIDTH));
    }
}
