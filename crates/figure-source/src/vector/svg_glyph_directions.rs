//! Which way the letters run that an SVG draws as outlines by reference.
//!
//! Matplotlib turns the reference. Cairo turns the outlines themselves, as a font of their own (`glyph1-3`), and only
//! places them: there the steps from letter to letter say which way they run.

use super::Point;

/// A letter drawn as an outline.
#[derive(Debug, Clone)]
pub(crate) struct PlacedOutline {
    /// Its place among the glyphs of the page.
    pub(crate) glyph: usize,
    /// Number of its font.
    pub(crate) font: usize,
    /// Where it was set.
    pub(crate) origin: Point,
    /// The longer side of its ink.
    pub(crate) height: f64,
    /// Where the reference turns the outline's level direction to, of any length.
    pub(crate) turn: Point,
}

/// Letters that follow each other are at most this many heights apart.
const NEXT: f64 = 1.6;
/// Steps in one direction differ by less than this: its sine.
const SAME_DIRECTION: f64 = 0.05;
/// Most steps of a font are compared.
const MOST_STEPS: usize = 400;

/// The direction of each letter, of length 1.
pub(crate) fn directions_of_fonts(letters: &[PlacedOutline]) -> Vec<Point> {
    let fonts = letters.iter().map(|letter| letter.font + 1).max().unwrap_or(0);
    let mut steps: Vec<Vec<Point>> = vec![Vec::new(); fonts];
    for pair in letters.windows(2).filter(|pair| pair[0].font == pair[1].font) {
        let step = [pair[1].origin[0] - pair[0].origin[0], pair[1].origin[1] - pair[0].origin[1]];
        let length = step[0].hypot(step[1]);
        if length > 0.0 && length <= NEXT * pair[0].height.max(pair[1].height) && !is_turned(&pair[0]) {
            steps[pair[0].font].push([step[0] / length, step[1] / length]);
        }
    }
    let of_fonts: Vec<Option<Point>> = steps.iter().map(|steps| direction_of_most(steps)).collect();
    letters
        .iter()
        .map(|letter| {
            let [x, y] = letter.turn;
            let length = x.hypot(y);
            match of_fonts[letter.font] {
                _ if is_turned(letter) => [x / length, y / length],
                Some(direction) => direction,
                None => [1.0, 0.0],
            }
        })
        .collect()
}

/// Whether the reference turns the outline.
fn is_turned(letter: &PlacedOutline) -> bool {
    let [x, y] = letter.turn;
    y.abs() > 1e-6 * x.hypot(y) || x < 0.0
}

/// The direction of more than half of the steps.
fn direction_of_most(steps: &[Point]) -> Option<Point> {
    let steps = &steps[..steps.len().min(MOST_STEPS)];
    let alike = |step: &Point| {
        let same = |other: &&Point| {
            (step[0] * other[1] - step[1] * other[0]).abs() < SAME_DIRECTION
                && step[0] * other[0] + step[1] * other[1] > 0.0
        };
        steps.iter().filter(same).count()
    };
    let (count, most) = steps.iter().map(|step| (alike(step), step)).max_by(|a, b| a.0.cmp(&b.0))?;
    (2 * count > steps.len()).then_some(*most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(font: usize, x: f64, y: f64) -> PlacedOutline {
        PlacedOutline { glyph: 0, font, origin: [x, y], height: 10.0, turn: [1.0, 0.0] }
    }

    #[test]
    fn steps_of_a_font_say_its_direction() {
        let upwards =
            [letter(1, 50.0, 90.0), letter(1, 50.0, 83.0), letter(1, 80.0, 90.0), letter(1, 80.0, 83.0)];
        let level = [letter(0, 0.0, 0.0), letter(0, 7.0, 0.0)];
        let all: Vec<PlacedOutline> = level.into_iter().chain(upwards).collect();
        let directions = directions_of_fonts(&all);
        assert_eq!(directions[0], [1.0, 0.0]);
        assert!(directions[2..].iter().all(|direction| *direction == [0.0, -1.0]));
    }

    #[test]
    fn a_turned_reference_says_it_itself() {
        let turned = PlacedOutline { turn: [0.0, -2.0], ..letter(0, 0.0, 0.0) };
        assert_eq!(directions_of_fonts(&[turned, letter(0, 30.0, 30.0)]), [[0.0, -1.0], [1.0, 0.0]]);
    }
}
