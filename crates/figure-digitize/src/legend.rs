//! Finds the name of each arm: the phrase that stands right of a sample of its line.

use kmeta_label_reader::CharacterSet;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{ReadText, TextRole};

use crate::arms::TracedCurve;
use crate::axis_labels::read_text;
use crate::ink::InkPage;
use crate::plane::{Plane, Rect};
use crate::reading::read_words;
use crate::words::{Word, phrases};

/// How far left of a phrase its line sample may begin, in letter heights.
const SAMPLE_REACH: f64 = 7.0;
/// Length that a line sample has at least, in letter heights.
const SHORTEST_SAMPLE: f64 = 0.7;

/// The legend texts, and for each arm the index of its text.
pub(crate) struct Legend {
    pub(crate) texts: Vec<ReadText>,
    pub(crate) label_of_arm: Vec<Option<usize>>,
}

/// Reads the legend of `arms`. `origin` is the corner of the plot area, which curve coordinates are relative to.
pub(crate) fn read_legend(
    page: &InkPage,
    reader: &LabelReader,
    words: &[Word],
    arms: &[&TracedCurve],
    excluded: &[Rect],
) -> Legend {
    let curve_pixels = pixels_of_curves(page, arms);
    let texts: Vec<Word> = words
        .iter()
        .filter(|word| !excluded.iter().any(|area| area.contains(word.area.center_x(), word.area.center_y())))
        .filter(|word| !is_line_sample(page, word))
        .cloned()
        .collect();
    let mut claims: Vec<(usize, Rect, usize)> = Vec::new();
    for phrase in phrases(&texts) {
        let best = (0..arms.len())
            .map(|arm| (sample_length(page, arms[arm], &phrase, &curve_pixels), arm))
            .max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        if let Some((length, arm)) = best
            && length as f64 >= (SHORTEST_SAMPLE * phrase.letter_height as f64).max(6.0)
        {
            claims.push((arm, phrase.area, length));
        }
    }
    let mut label_of_arm = vec![None; arms.len()];
    let mut areas = Vec::new();
    for (arm, label) in label_of_arm.iter_mut().enumerate() {
        // The longest sample is the clearest one.
        if let Some(claim) = claims.iter().filter(|claim| claim.0 == arm).max_by_key(|claim| claim.2) {
            *label = Some(areas.len());
            areas.push(claim.1);
        }
    }
    let readings = read_words(page, reader, &areas, CharacterSet::Any);
    let texts = areas
        .into_iter()
        .zip(readings)
        .map(|(area, reading)| {
            read_text(reading.text.trim().to_owned(), reading.confidence, area, TextRole::Legend)
        })
        .collect();
    Legend { texts, label_of_arm }
}

/// Marks the pixels near traced curves: they are no line samples.
fn pixels_of_curves(page: &InkPage, arms: &[&TracedCurve]) -> Plane<bool> {
    let mut near = Plane::filled(page.width(), page.height(), false);
    for curve in arms {
        let area = curve.coverage.area;
        let reach = curve.line_width.ceil() as usize + 1;
        let mut before = curve.path.rows.first().copied().unwrap_or(0);
        for (index, &row) in curve.path.rows.iter().enumerate() {
            let x = area.left + curve.path.start + index;
            for y in
                (area.top + before).saturating_sub(reach)..(area.top + row + reach + 1).min(page.height())
            {
                near.set(x.min(page.width() - 1), y, true);
            }
            before = row;
        }
    }
    near
}

/// A piece of ink with a straight line through all of its width is the line sample itself (with or without a
/// censor mark on it), not a text.
fn is_line_sample(page: &InkPage, word: &Word) -> bool {
    let area = word.area;
    let longest = (area.top..area.bottom)
        .map(|y| (area.left..area.right).filter(|&x| page.is_ink(x, y)).count())
        .max()
        .unwrap_or(0);
    area.width() >= 12 && longest as f64 >= 0.9 * area.width() as f64
}

/// The longest stretch of the arm's colour left of a phrase, on the phrase's line. Short gaps (dashes) count
/// through.
fn sample_length(page: &InkPage, arm: &TracedCurve, phrase: &Word, curve_pixels: &Plane<bool>) -> usize {
    let height = phrase.letter_height as f64;
    let area = phrase.area;
    let from = (area.left as f64 - SAMPLE_REACH * height).max(0.0) as usize;
    let to = area.left.saturating_sub((0.15 * height) as usize);
    let (top, bottom) = (area.top.saturating_sub(1), (area.bottom + 1).min(page.height()));
    let matches = |x: usize, y: usize| {
        !curve_pixels.get(x, y) && crate::color::oklab_distance(page.colors.get(x, y), arm.color) < 0.1
    };
    (top..bottom)
        .map(|y| {
            let columns: Vec<usize> = (from..to).filter(|&x| matches(x, y)).collect();
            columns.len()
        })
        .max()
        .unwrap_or(0)
}
