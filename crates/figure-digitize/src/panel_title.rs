//! Finds a panel's letter and title in the room above its plot.

use kmeta_label_reader::{CharacterSet, LabelReader};

use crate::ink::InkPage;
use crate::plane::Rect;
use crate::reading::read_words;
use crate::words::{Word, phrases};

/// Share of the plot's height above it in which its title stands.
const ROOM_ABOVE: f64 = 0.5;
/// Share of the plot's height by which the letter may reach below the plot's top.
const OVERHANG: f64 = 0.03;
/// A title begins within this share of the plot's width of its left edge (or of the panel's letter), or its middle
/// is as near to the plot's.
const ALIGNMENT: f64 = 0.08;
/// A title's letters are at least this high, in heights of the tick labels: censor marks are smaller.
const LEAST_HEIGHT: f64 = 0.7;
/// Readings less certain than this are no title.
const LEAST_CONFIDENCE: f64 = 0.3;

/// What is printed above a panel; empty where there is nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PanelTitle {
    pub(crate) letter: String,
    pub(crate) title: String,
}

/// The plot that a title belongs to.
pub(crate) struct Plot {
    pub(crate) inside: Rect,
    /// Height of its tick labels.
    pub(crate) label_height: usize,
}

/// Reads the letter and the title of a panel. Lines with a text of the legend
/// (`legend`) hold no title.
pub(crate) fn read_panel_title(
    page: &InkPage,
    reader: &LabelReader,
    words: &[Word],
    territory: Rect,
    plot: &Plot,
    legend: &[Rect],
) -> PanelTitle {
    let inside = plot.inside;
    let (width, height) = (inside.width() as f64, inside.height() as f64);
    let left = inside.left as f64;
    let lowest = inside.top as f64 + OVERHANG * height;
    let above: Vec<Word> = words
        .iter()
        .filter(|word| territory.contains(word.area.center_x(), word.area.center_y()))
        .filter(|word| word.area.bottom as f64 <= lowest)
        .filter(|word| word.area.top as f64 >= inside.top as f64 - ROOM_ABOVE * height)
        .filter(|word| word.area.left < inside.right && word.area.left as f64 >= left - 0.25 * width)
        .filter(|word| word.letter_height as f64 >= LEAST_HEIGHT * plot.label_height as f64)
        .filter(|word| !legend.iter().any(|text| shares_line(text, &word.area)))
        .cloned()
        .collect();
    let lines = phrases(&above);
    let areas: Vec<Rect> = lines.iter().map(|line| line.area).collect();
    let mut found = PanelTitle::default();
    let mut title_height = 0;
    for (line, reading) in lines.iter().zip(read_words(page, reader, &areas, CharacterSet::Any)) {
        if reading.confidence < LEAST_CONFIDENCE {
            continue;
        }
        let (letter, rest) = split_letter(reading.text.trim());
        if let Some(letter) = letter
            && found.letter.is_empty()
            && line.area.left as f64 <= left + ALIGNMENT * width
        {
            found.letter = letter.to_string();
        }
        let begins_well = (line.area.left as f64 - left).abs() <= ALIGNMENT * width || letter.is_some();
        let centred = (line.area.center_x() - inside.center_x()).abs() <= ALIGNMENT * width;
        // Of several lines the one in the largest print is the title, of equals the first.
        if is_title(rest) && (begins_well || centred) && line.letter_height > title_height {
            title_height = line.letter_height;
            found.title = rest.to_owned();
        }
    }
    found
}

fn shares_line(a: &Rect, b: &Rect) -> bool {
    a.top.max(b.top) < a.bottom.min(b.bottom)
}

/// A title is made of words, not of numbers.
pub(crate) fn is_title(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 2 && letters * 2 > text.chars().count()
}

/// A panel letter in front of a title ("A", "(b)", "C."), and the rest.
pub(crate) fn split_letter(text: &str) -> (Option<char>, &str) {
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let bare = first.trim_start_matches('(').trim_end_matches([')', '.', ':']);
    let mut characters = bare.chars();
    match (characters.next(), characters.next()) {
        (Some(letter @ ('A'..='H' | 'a'..='h')), None) => (Some(letter.to_ascii_uppercase()), rest.trim()),
        _ => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stand_in_front_of_titles() {
        assert_eq!(split_letter("A"), (Some('A'), ""));
        assert_eq!(split_letter("(b) Overall survival"), (Some('B'), "Overall survival"));
        assert_eq!(split_letter("C. PFS"), (Some('C'), "PFS"));
        assert_eq!(split_letter("Overall survival"), (None, "Overall survival"));
        assert!(!is_title("100 80"));
    }
}
