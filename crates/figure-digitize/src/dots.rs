//! Dots of dotted lines: pieces of ink hardly longer than a line is wide. Dashes, unbroken lines, letters and marks are longer,
//! so that a dotted line can be followed through them.

use crate::coverage::Coverage;
use crate::plane::ColumnPlane;

/// Coverage from which a pixel belongs to a piece of ink, and that a dot reaches somewhere.
const PIECE: f32 = 0.3;
const DOT: f32 = 0.4;

/// The longest side of a dot in pixels. The shortest dashes in use are nearly four times as long as the line is wide.
fn longest_dot(line_width: f64) -> usize {
    (2.0 * line_width + 1.5) as usize
}

/// What a coverage shows of dotted lines: all other ink of the colour hides them.
pub(crate) fn dots_of(coverage: &Coverage, line_width: f64) -> Coverage {
    let (width, height) = (coverage.width(), coverage.height());
    let longest = longest_dot(line_width);
    let mut dots = Coverage {
        area: coverage.area,
        own: ColumnPlane::filled(width, height, 0.0),
        other: coverage.other.clone(),
    };
    let mut seen = ColumnPlane::filled(width, height, false);
    for x in 0..width {
        for y in 0..height {
            let ink = coverage.own.get(x, y);
            if ink < PIECE {
                // The edge of a dot, or of something else.
                dots.own.set(x, y, ink);
            } else if !seen.get(x, y) {
                let piece = piece_at(coverage, &mut seen, (x, y));
                let extent = |of: &dyn Fn(&(usize, usize)) -> usize| {
                    let (least, most) = (piece.iter().map(of).min(), piece.iter().map(of).max());
                    most.zip(least).map_or(0, |(most, least)| most - least + 1)
                };
                let strongest = piece.iter().map(|&(x, y)| coverage.own.get(x, y)).fold(0.0, f32::max);
                let is_dot = strongest >= DOT
                    && extent(&|pixel| pixel.0) <= longest
                    && extent(&|pixel| pixel.1) <= longest;
                for (x, y) in piece {
                    let ink = coverage.own.get(x, y);
                    let plane = if is_dot { &mut dots.own } else { &mut dots.other };
                    plane.set(x, y, ink.max(plane.get(x, y)));
                }
            }
        }
    }
    dots
}

/// The pixels of the piece of ink around a pixel, corners touching.
fn piece_at(coverage: &Coverage, seen: &mut ColumnPlane<bool>, first: (usize, usize)) -> Vec<(usize, usize)> {
    let mut piece = vec![first];
    seen.set(first.0, first.1, true);
    let mut next = 0;
    while let Some(&(x, y)) = piece.get(next) {
        next += 1;
        for column in x.saturating_sub(1)..(x + 2).min(coverage.width()) {
            for row in y.saturating_sub(1)..(y + 2).min(coverage.height()) {
                if !seen.get(column, row) && coverage.own.get(column, row) >= PIECE {
                    seen.set(column, row, true);
                    piece.push((column, row));
                }
            }
        }
    }
    piece
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Rect;

    #[test]
    fn a_dash_is_no_dot() {
        let mut own = ColumnPlane::filled(40, 10, 0.0);
        for (from, to) in [(2, 4), (8, 10), (14, 24)] {
            for x in from..to {
                own.set(x, 5, 1.0);
                own.set(x, 6, 1.0);
            }
        }
        let area = Rect { left: 0, top: 0, right: 40, bottom: 10 };
        let coverage = Coverage { area, own, other: ColumnPlane::filled(40, 10, 0.0) };
        let dots = dots_of(&coverage, 2.0);
        assert_eq!([3, 9, 18].map(|x| dots.own.get(x, 5)), [1.0, 1.0, 0.0]);
        assert_eq!([3, 9, 18].map(|x| dots.other.get(x, 5)), [0.0, 0.0, 1.0]);
    }
}
