//! Letters that are drawn with the same outline are the same letter: what the reader makes of each word is a vote for
//! each of its outlines, and the votes of all words decide.

use kmeta_figure_source::vector::Point;

use super::text::Letter;

/// Outlines are the same within this share of their longer side.
const SAME_OUTLINE: f64 = 0.02;
/// The letter of an outline has at least this share of its votes.
const CLEAR: f64 = 0.6;
/// Most letters that are compared with each other.
const MOST_LETTERS: usize = 20_000;

/// An outline and the letters that were read for it, with the sum of their confidences.
struct Outline {
    points: Vec<Point>,
    size: f64,
    votes: Vec<(char, f64)>,
}

impl Outline {
    fn vote(&mut self, letter: char, weight: f64) {
        match self.votes.iter_mut().find(|vote| vote.0 == letter) {
            Some(vote) => vote.1 += weight,
            None => self.votes.push((letter, weight)),
        }
    }

    /// The letter with most votes, and its share of them.
    fn letter(&self) -> Option<(char, f64)> {
        let total: f64 = self.votes.iter().map(|vote| vote.1).sum();
        let (letter, weight) = self.votes.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        (total > 0.0 && *weight >= CLEAR * total).then(|| (*letter, weight / total))
    }
}

/// Text and confidence of each word by the letters of its outlines; that of the reader where some outline has none.
pub(crate) fn by_most_votes(words: &[&[Letter<'_>]], readings: Vec<(String, f64)>) -> Vec<(String, f64)> {
    if words.iter().map(|word| word.len()).sum::<usize>() > MOST_LETTERS {
        return readings;
    }
    let mut outlines: Vec<Outline> = Vec::new();
    let spelled: Vec<Vec<usize>> = words
        .iter()
        .map(|word| word.iter().map(|letter| place_of(letter, &mut outlines)).collect())
        .collect();
    for (places, (text, confidence)) in spelled.iter().zip(&readings) {
        if text.chars().count() == places.len() {
            for (place, letter) in places.iter().zip(text.chars()) {
                outlines[*place].vote(letter, confidence * confidence);
            }
        }
    }
    spelled
        .iter()
        .zip(readings)
        .map(|(places, reading)| {
            let letters: Option<Vec<(char, f64)>> =
                places.iter().map(|place| outlines[*place].letter()).collect();
            match letters {
                Some(letters) if letters.iter().map(|letter| letter.0).ne(reading.0.chars()) => (
                    letters.iter().map(|letter| letter.0).collect(),
                    letters.iter().map(|letter| letter.1).fold(1.0, f64::min),
                ),
                _ => reading,
            }
        })
        .collect()
}

/// The place of a letter's outline among those met before; a new one is added.
fn place_of(letter: &Letter<'_>, outlines: &mut Vec<Outline>) -> usize {
    let points: Vec<Point> = letter
        .outline
        .iter()
        .flat_map(|piece| &piece.points)
        .map(|point| [point[0] - letter.bounds.left, point[1] - letter.bounds.top])
        .collect();
    let size = letter.bounds.width().max(letter.bounds.height());
    let same = |other: &Outline| {
        let within = SAME_OUTLINE * size.max(other.size);
        other.points.len() == points.len()
            && other
                .points
                .iter()
                .zip(&points)
                .all(|(a, b)| (a[0] - b[0]).abs() <= within && (a[1] - b[1]).abs() <= within)
    };
    outlines.iter().position(same).unwrap_or_else(|| {
        outlines.push(Outline { points, size, votes: Vec::new() });
        outlines.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use kmeta_figure_source::vector::{Bounds, Subpath};

    use super::*;
    use crate::vector::text::TextDirection;

    /// A letter at a column whose outline is a square with a notch of its own depth.
    fn letter(outline: &Subpath) -> Letter<'_> {
        let bounds = Bounds::around(&outline.points).unwrap();
        Letter {
            text: None,
            outline: vec![outline],
            along: (bounds.left, bounds.right),
            baseline: bounds.bottom,
            size: 14.0,
            bounds,
            color: [0; 3],
            visible: true,
            direction: TextDirection::Right,
            bare: true,
        }
    }

    fn shape(column: f64, depth: f64) -> Subpath {
        let points = [[0.0, 0.0], [8.0, 0.0], [8.0, 10.0], [4.0, depth], [0.0, 10.0]];
        Subpath { points: points.map(|[x, y]| [x + column, y]).to_vec(), closed: true, curved: false }
    }

    #[test]
    fn equal_outlines_are_the_letter_that_most_words_read() {
        let (one, two) = ([shape(0.0, 1.0), shape(10.0, 5.0)], [shape(50.0, 5.0), shape(60.3, 5.0)]);
        let third = [shape(90.0, 1.0), shape(100.0, 1.0)];
        let words: Vec<Vec<Letter<'_>>> =
            [&one, &two, &third].iter().map(|word| word.iter().map(letter).collect()).collect();
        let words: Vec<&[Letter<'_>]> = words.iter().map(Vec::as_slice).collect();
        let read = |texts: [(&str, f64); 3]| {
            let readings = texts.map(|(text, confidence)| (text.to_owned(), confidence)).to_vec();
            by_most_votes(&words, readings).into_iter().map(|word| word.0).collect::<Vec<_>>()
        };
        assert_eq!(read([("17", 1.0), ("77", 1.0), ("l1", 0.5)]), ["17", "77", "11"]);
        // A reading of another length says nothing about single letters.
        assert_eq!(read([("17", 1.0), ("7", 0.9), ("1", 0.9)]), ["17", "77", "11"]);
        assert_eq!(read([("", 0.1), ("", 0.1), ("l1x", 0.5)]), ["", "", "l1x"]);
    }
}
