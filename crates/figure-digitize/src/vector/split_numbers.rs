//! Numbers that gaps split into several words: fonts known by their outlines alone do not say how much room a letter takes.

use super::text::{Letter, ONE_DOT, OVERLAP, SAME_LINE, TextRun};

/// Room of a digit, and the widest gap between the rooms of two digits of a number, as shares of the font's height.
const DIGIT_ROOM: f64 = 0.5;
const DIGIT_GAP: f64 = 0.12;
/// Room of a letter of a font whose letters all take the same, at most, and by how much the ink of two may stand off its
/// middle, as shares of the font's height.
const EQUAL_ROOM: f64 = 0.75;
const ALIKE_ROOM: f64 = 0.2;

/// Joins words that are parts of one number.
pub(crate) fn with_numbers_joined(words: &[Vec<Letter<'_>>], read: Vec<TextRun>) -> Vec<TextRun> {
    let mut runs: Vec<TextRun> = Vec::with_capacity(read.len());
    let mut index = 0;
    while index < read.len() {
        let (word, run) = (&words[index], &read[index]);
        let last = index.checked_sub(1).and_then(|before| words[before].last());
        match (runs.last_mut().zip(last), words.get(index + 1).zip(read.get(index + 1))) {
            (Some((before, last)), _) if continues_number(before, last, run, &word[0]) => before.append(run),
            (Some((before, last)), Some((fraction, next)))
                if is_point_between(before, last, word, next, &fraction[0]) =>
            {
                let is_high = word[0].bounds.bottom < last.bounds.bottom - ONE_DOT * last.size;
                let point = if is_high { "·" } else { "." };
                let sure = before.confidence;
                before.append(&TextRun { text: point.to_owned(), confidence: sure, ..run.clone() });
                before.append(next);
                index += 1;
            }
            (_, Some((fraction, next))) if leads_number(last, word, next, &fraction[0]) => {
                let (text, confidence, size) = (".".to_owned(), next.confidence, next.size);
                let mut number = TextRun { text, confidence, size, ..run.clone() };
                number.append(next);
                runs.push(number);
                index += 1;
            }
            _ => runs.push(run.clone()),
        }
        index += 1;
    }
    runs
}

/// Whether a dot that stands by itself begins a number, as in ".75": the next digit is as near as in such a font, and what
/// stands before, if anything, is farther away.
fn leads_number(before: Option<&Letter<'_>>, dot: &[Letter<'_>], next: &TextRun, first: &Letter<'_>) -> bool {
    let [dot] = dot else { return false };
    let on_line = |letter: &Letter<'_>| {
        letter.direction == first.direction
            && (letter.baseline - first.baseline).abs() <= SAME_LINE * first.size
    };
    let is_near = |one: &Letter<'_>, other: &Letter<'_>| {
        (0.0..=EQUAL_ROOM * first.size).contains(&(middle(other) - middle(one)))
    };
    let is_free = before.is_none_or(|last| !on_line(last) || !is_near(last, dot));
    dot.bare
        && first.bare
        && on_line(dot)
        && is_dot(dot, first.size)
        && next.text.starts_with(|c: char| c.is_ascii_digit())
        && is_near(dot, first)
        && is_free
}

/// The middle of a letter's ink along its line.
fn middle(letter: &Letter<'_>) -> f64 {
    (letter.along.0 + letter.along.1) / 2.0
}

/// Whether a letter of a line of the given size has the form of a decimal point.
fn is_dot(letter: &Letter<'_>, size: f64) -> bool {
    letter.bounds.width().max(letter.bounds.height()) <= ONE_DOT * size
        && matches!(letter.text, None | Some("." | "·" | ","))
}

/// Whether a dot that stands by itself is the decimal point of a number: in fonts whose letters all take the same room it is as
/// far from the digits on either side as those are from each other.
fn is_point_between(
    before: &TextRun,
    last: &Letter<'_>,
    dot: &[Letter<'_>],
    next: &TextRun,
    first: &Letter<'_>,
) -> bool {
    let [dot] = dot else { return false };
    let on_line = |letter: &Letter<'_>| {
        letter.bare
            && letter.direction == last.direction
            && (letter.baseline - last.baseline).abs() <= SAME_LINE * last.size
    };
    let (left, right) = (middle(dot) - middle(last), middle(first) - middle(dot));
    [last, dot, first].into_iter().all(on_line)
        && is_dot(dot, last.size)
        && before.text.ends_with(|c: char| c.is_ascii_digit())
        && next.text.starts_with(|c: char| c.is_ascii_digit())
        && (first.size - last.size).abs() <= 0.1 * last.size
        && left.max(right) <= EQUAL_ROOM * last.size
        && (left - right).abs() <= ALIKE_ROOM * last.size
}

/// Whether two words are parts of one number. Digits take the same room in most fonts, so that the ink of a narrow one
/// leaves gaps as wide as those between words.
fn continues_number(before: &TextRun, last: &Letter<'_>, next: &TextRun, first: &Letter<'_>) -> bool {
    let same_line = last.direction == first.direction
        && last.bare
        && first.bare
        && (last.baseline - first.baseline).abs() <= SAME_LINE * last.size.max(first.size)
        && (last.size - first.size).abs() <= 0.1 * last.size;
    let ends_in_digit = before.text.ends_with(|c: char| c.is_ascii_digit());
    let begins_with_digit = next.text.starts_with(|c: char| c.is_ascii_digit());
    let half_room =
        |letter: &Letter<'_>| (letter.along.1 - letter.along.0).max(DIGIT_ROOM * letter.size) / 2.0;
    let gap = middle(first) - middle(last) - half_room(last) - half_room(first);
    same_line
        && ends_in_digit
        && begins_with_digit
        && (-OVERLAP * last.size..=DIGIT_GAP * last.size).contains(&gap)
}

#[cfg(test)]
mod tests {
    use kmeta_figure_source::vector::Bounds;

    use super::super::text::TextDirection;
    use super::*;

    /// A letter whose ink is 10 high unless it is a dot, in the middle of a room of 9.
    fn letter(text: &str, room: usize) -> Letter<'_> {
        let (width, height) = if text == "." { (2.0, 2.0) } else { (6.0, 10.0) };
        let left = 9.0 * room as f64 + (9.0 - width) / 2.0;
        Letter {
            text: Some(text),
            outline: Vec::new(),
            along: (left, left + width),
            baseline: 0.0,
            size: height / 0.72,
            bounds: Bounds { left, top: -height, right: left + width, bottom: 0.0 },
            color: [0; 3],
            visible: true,
            direction: TextDirection::Right,
            bare: true,
        }
    }

    fn joined(rooms: &[&str]) -> Vec<String> {
        let words: Vec<Vec<Letter<'_>>> = rooms
            .iter()
            .enumerate()
            .filter(|(_, text)| **text != " ")
            .map(|(room, text)| vec![letter(text, room)])
            .collect();
        let read = words
            .iter()
            .map(|word| TextRun {
                text: word[0].text.unwrap_or("").to_owned(),
                bounds: word[0].bounds,
                direction: TextDirection::Right,
                along: word[0].along,
                baseline: 0.0,
                size: word[0].size,
                color: [0; 3],
                confidence: 1.0,
                visible: true,
                single: true,
            })
            .collect();
        with_numbers_joined(&words, read).into_iter().map(|run| run.text).collect()
    }

    #[test]
    fn decimal_points_of_fonts_of_one_width_join_their_digits() {
        assert_eq!(joined(&["0", ".", "8"]), ["0.8"]);
        assert_eq!(joined(&[".", "5"]), [".5"]);
        assert_eq!(joined(&["4", ".", " ", "5"]), ["4", ".", "5"], "the end of a sentence");
        assert_eq!(joined(&["a", ".", "5"]), ["a", ".", "5"], "part of another word");
    }
}
