//! Letters of a page whose text was turned into plain filled shapes, as drawing programs do on request.

use kmeta_figure_source::vector::{Bounds, VectorPath};

use super::text::{CAPITAL, Letter, TextDirection};

/// Rectangles are strokes of letters (a full stop, an l, an I) where a letter stands this near, in its heights.
const BESIDE: f64 = 0.45;
/// They are at most this wide, and at most this high.
const WIDEST_STROKE: f64 = 0.3;
const HIGHEST_STROKE: f64 = 1.55;
/// Hyphens and middle dots between two letters are at most this wide and high, and their middle is within these shares of
/// a letter's height.
const WIDEST_SIGN: f64 = 0.8;
const HIGHEST_SIGN: f64 = 0.3;
const MID_HEIGHT: (f64, f64) = (0.2, 0.8);
/// Feet of letters on one base line differ by less: round ones reach a little below it.
const SAME_FOOT: f64 = 0.08;
/// Tails of g, p and y reach this far below the base line, as a share of the letter's height.
const TAIL: (f64, f64) = (0.1, 0.4);
/// Most shapes that are compared with each other.
const MOST_SHAPES: usize = 5000;

/// The letters among the filled shapes of a page; `tallest` is the height of the largest letter in pixels.
pub(crate) fn letters_of_shapes(paths: &[VectorPath], tallest: f64) -> Vec<Letter<'_>> {
    let mut letters: Vec<Letter<'_>> =
        paths.iter().filter(|path| !is_rectangle(path)).filter_map(|path| letter_of(path, tallest)).collect();
    if letters.len() > MOST_SHAPES {
        return letters;
    }
    let mut strokes: Vec<Letter<'_>> =
        paths.iter().filter(|path| is_rectangle(path)).filter_map(|path| letter_of(path, tallest)).collect();
    strokes.truncate(MOST_SHAPES);
    // Twice: the second l of a word stands beside the first.
    for _ in 0..2 {
        let (found, rest): (Vec<_>, Vec<_>) = strokes.into_iter().partition(|stroke| {
            letters.iter().any(|letter| is_beside(stroke, letter))
                || is_between_letters(&stroke.bounds, letters.iter().map(|letter| &letter.bounds))
        });
        letters.extend(found);
        strokes = rest;
    }
    set_on_base_line(&mut letters);
    letters
}

fn letter_of(path: &VectorPath, tallest: f64) -> Option<Letter<'_>> {
    let fill = path.fill.filter(|fill| fill.alpha > 0.5)?;
    let bounds = Bounds::around(path.subpaths.iter().flat_map(|subpath| &subpath.points))?;
    let fits = bounds.height() <= tallest
        && bounds.width() <= 12.0 * tallest
        && bounds.width().max(bounds.height()) >= 2.0;
    fits.then(|| Letter {
        text: None,
        outline: path.subpaths.iter().collect(),
        along: (bounds.left, bounds.right),
        baseline: bounds.bottom,
        size: bounds.height() / CAPITAL,
        bounds,
        color: fill.on_white(),
        visible: true,
        direction: TextDirection::Right,
        bare: true,
    })
}

/// No letter but a stroke of one, a tick mark, a key or a band.
fn is_rectangle(path: &VectorPath) -> bool {
    path.subpaths.iter().all(|subpath| !subpath.curved && subpath.points.len() <= 5)
}

/// Whether a rectangle stands on the base line of a letter beside it, as wide and as high as a stroke of it.
fn is_beside(stroke: &Letter<'_>, letter: &Letter<'_>) -> bool {
    let height = letter.bounds.height();
    (stroke.bounds.bottom - letter.bounds.bottom).abs() <= SAME_FOOT * height
        && stroke.bounds.width() <= WIDEST_STROKE * height
        && stroke.bounds.height() <= HIGHEST_STROKE * height
        && is_near(&stroke.bounds, &letter.bounds)
}

fn is_near(shape: &Bounds, letter: &Bounds) -> bool {
    let gap = (letter.left - shape.right).max(shape.left - letter.right);
    (0.0..=BESIDE * letter.height()).contains(&gap)
}

/// Whether a shape is a hyphen or a middle dot: small, at half height, with a letter close on either side.
fn is_between_letters<'b>(shape: &Bounds, letters: impl Iterator<Item = &'b Bounds>) -> bool {
    let (mut left, mut right) = (false, false);
    for letter in letters.filter(|letter| is_sign_of_line(shape, letter)) {
        left |= (0.0..=BESIDE * letter.height()).contains(&(shape.left - letter.right));
        right |= (0.0..=BESIDE * letter.height()).contains(&(letter.left - shape.right));
    }
    left && right
}

/// Whether a shape is as small as a hyphen or a dot of a letter's font and stands at half the letter's height.
fn is_sign_of_line(shape: &Bounds, letter: &Bounds) -> bool {
    let height = letter.height();
    let place = (letter.bottom - shape.center_y()) / height.max(1e-9);
    shape.width() <= WIDEST_SIGN * height
        && shape.height() <= HIGHEST_SIGN * height
        && (MID_HEIGHT.0..=MID_HEIGHT.1).contains(&place)
}

/// Letters with tails stand on the base line of the letter next to them.
fn set_on_base_line(letters: &mut [Letter<'_>]) {
    let places: Vec<Bounds> = letters.iter().map(|letter| letter.bounds).collect();
    for (index, letter) in letters.iter_mut().enumerate() {
        let own = places[index];
        if let Some(beside) = places.iter().find(|other| is_sign_of_line(&own, other) && is_near(&own, other))
            && is_between_letters(&own, places.iter())
        {
            letter.baseline = beside.bottom;
            letter.size = beside.height() / CAPITAL;
            continue;
        }
        let gap = |other: &Bounds| (other.left - own.right).max(own.left - other.right);
        let on_line = |other: &&Bounds| {
            let shared = own.bottom.min(other.bottom) - own.top.max(other.top);
            shared >= 0.5 * own.height().min(other.height())
        };
        let neighbour = places
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .map(|(_, other)| other)
            .filter(on_line)
            .filter(|other| gap(other) <= BESIDE * own.height() && gap(other) > -0.2 * own.width())
            .min_by(|a, b| a.bottom.total_cmp(&b.bottom));
        if let Some(neighbour) = neighbour
            && (TAIL.0 * own.height()..=TAIL.1 * own.height()).contains(&(own.bottom - neighbour.bottom))
            && neighbour.height() > 0.5 * own.height()
        {
            letter.baseline = neighbour.bottom;
        }
    }
}

#[cfg(test)]
mod tests {
    use kmeta_figure_source::vector::{PaintColor, Subpath};

    use super::*;

    fn shape(left: f64, top: f64, right: f64, bottom: f64, corners: usize) -> VectorPath {
        let mut points = vec![[left, top], [right, top], [right, bottom], [left, bottom]];
        while points.len() < corners {
            points.push([left, (top + bottom) / 2.0]);
        }
        VectorPath {
            subpaths: vec![Subpath { points, closed: true, curved: false }],
            fill: Some(PaintColor { rgb: [0; 3], alpha: 1.0 }),
            stroke: None,
            clip: Bounds { left: 0.0, top: 0.0, right: 1000.0, bottom: 1000.0 },
        }
    }

    #[test]
    fn a_full_stop_is_a_letter_and_a_tick_mark_is_none() {
        let zero = shape(0.0, 0.0, 13.0, 21.0, 9);
        let stop = shape(16.0, 18.0, 19.0, 21.0, 4);
        let eight = shape(22.0, 0.0, 35.0, 21.0, 9);
        let tick = shape(42.0, 9.0, 52.0, 11.0, 4);
        let paths = [zero, stop, eight, tick];
        assert_eq!(letters_of_shapes(&paths, 70.0).len(), 3);
    }

    #[test]
    fn a_dot_at_half_height_between_digits_is_a_letter() {
        let zero = shape(0.0, 0.0, 13.0, 21.0, 9);
        let dot = shape(16.0, 9.0, 19.0, 12.0, 4);
        let eight = shape(22.0, 0.0, 35.0, 21.0, 9);
        let tick = shape(38.0, 9.0, 48.0, 11.0, 4);
        let paths = [zero, dot, eight, tick];
        let letters = letters_of_shapes(&paths, 70.0);
        assert_eq!(letters.len(), 3);
        assert!(letters.iter().all(|letter| letter.baseline == 21.0));
    }

    #[test]
    fn tails_hang_below_the_base_line() {
        let paths = [shape(0.0, 6.0, 12.0, 26.0, 9), shape(14.0, 0.0, 26.0, 20.0, 9)];
        let letters = letters_of_shapes(&paths, 70.0);
        assert_eq!(letters[0].baseline, 20.0);
        assert_eq!(letters[1].baseline, 20.0);
    }
}
