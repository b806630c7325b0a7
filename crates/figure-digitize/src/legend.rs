//! Finds the name of each arm: the phrase that stands right of a sample of its line.

use kmeta_label_reader::CharacterSet;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{ReadText, TextRole};

use crate::arms::TracedCurve;
use crate::axis_labels::read_text;
use crate::color::oklab_distance;
use crate::ink::InkPage;
use crate::plane::{Plane, Rect};
use crate::reading::read_words;
use crate::risk::ink_color;
use crate::words::{Word, connected_pieces, phrases};

/// Widest gap between a line sample and its text, in letter heights.
const SAMPLE_GAP: f64 = 3.0;
/// Length that a line sample has at least, in letter heights.
const SHORTEST_SAMPLE: f64 = 1.1;

/// The legend texts, and for each arm the index of its text.
pub(crate) struct Legend {
    pub(crate) texts: Vec<ReadText>,
    pub(crate) label_of_arm: Vec<Option<usize>>,
}

/// A piece of a legend that shows how a line is drawn.
#[derive(Debug, Clone, Copy)]
struct LineSample {
    area: Rect,
    arm: usize,
}

/// Reads the legend of `arms`. Words in `excluded` areas (tick labels, risk table) are no names.
pub(crate) fn read_legend(
    page: &InkPage,
    reader: &LabelReader,
    words: &[Word],
    arms: &[&TracedCurve],
    curves: &[TracedCurve],
    excluded: &[Rect],
) -> Legend {
    let curve_pixels = pixels_of_curves(page, curves);
    let samples = line_samples(page, arms, &curve_pixels);
    let texts: Vec<Word> = words
        .iter()
        .filter(|word| !excluded.iter().any(|area| area.contains(word.area.center_x(), word.area.center_y())))
        .filter(|word| !samples.iter().any(|sample| sample.area.overlaps(&word.area)))
        .filter(|word| !touches(&curve_pixels, &word.area))
        .cloned()
        .collect();
    let mut label_of_arm = vec![None; arms.len()];
    let mut areas = Vec::new();
    for phrase in phrases(&texts) {
        let Some(sample) = samples
            .iter()
            .filter(|sample| is_beside(&sample.area, &phrase))
            .max_by_key(|sample| sample.area.right)
        else {
            continue;
        };
        if label_of_arm[sample.arm].is_none() {
            label_of_arm[sample.arm] = Some(areas.len());
            areas.push(phrase.area);
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

fn touches(marked: &Plane<bool>, area: &Rect) -> bool {
    (area.top..area.bottom).any(|y| (area.left..area.right).any(|x| marked.get(x, y)))
}

/// A sample stands left of its text, on the same line, and is longer than a dash in a text.
fn is_beside(sample: &Rect, phrase: &Word) -> bool {
    let height = phrase.letter_height as f64;
    let gap = phrase.area.left as f64 - sample.right as f64;
    let same_line = (sample.center_y() - phrase.area.center_y()).abs() <= 0.6 * height;
    same_line && gap >= 0.0 && gap <= SAMPLE_GAP * height && sample.width() as f64 >= SHORTEST_SAMPLE * height
}

/// Straight horizontal pieces of ink in an arm's colour that are no part of a traced curve, with a dashed
/// sample's dashes joined.
fn line_samples(page: &InkPage, arms: &[&TracedCurve], curve_pixels: &Plane<bool>) -> Vec<LineSample> {
    let whole = Rect { left: 0, top: 0, right: page.width(), bottom: page.height() };
    let longest = page.width() / 6;
    let straight: Vec<Rect> = connected_pieces(page, whole)
        .into_iter()
        .map(|(area, _)| area)
        .filter(|area| area.width() >= 3 && area.width() <= longest && area.height() <= page.height() / 20)
        .filter(|area| is_straight(page, area))
        .filter(|area| !curve_pixels.get(area.center_x() as usize, area.center_y() as usize))
        .collect();
    let mut samples: Vec<LineSample> = Vec::new();
    for area in joined_dashes(straight) {
        if let Some(arm) = arm_of_sample(page, &area, arms) {
            samples.push(LineSample { area, arm });
        }
    }
    samples
}

/// A line through the whole width of a piece, thin against it.
fn is_straight(page: &InkPage, area: &Rect) -> bool {
    let full_rows = (area.top..area.bottom)
        .filter(|&y| {
            (area.left..area.right).filter(|&x| page.is_ink(x, y)).count() as f64
                >= 0.85 * area.width() as f64
        })
        .count();
    full_rows >= 1 && full_rows * 2 <= area.width()
}

/// Joins straight pieces that follow each other on one line at a distance of at most two of their lengths.
fn joined_dashes(mut pieces: Vec<Rect>) -> Vec<Rect> {
    pieces.sort_by_key(|area| (area.left, area.top));
    let mut joined: Vec<Rect> = Vec::new();
    for piece in pieces {
        let partner = joined.iter_mut().rev().find(|other| {
            let gap = piece.left as f64 - other.right as f64;
            (other.center_y() - piece.center_y()).abs() <= 1.5
                && gap >= 0.0
                && gap <= 2.0 * piece.width() as f64
                && piece.height() <= 12
        });
        match partner {
            Some(other) => *other = other.union(&piece),
            None => joined.push(piece),
        }
    }
    joined
}

/// The arm with the sample's colour and, among equals, its line style.
fn arm_of_sample(page: &InkPage, area: &Rect, arms: &[&TracedCurve]) -> Option<usize> {
    let color = ink_color(page, *area);
    let filled = (area.left..area.right)
        .filter(|&x| (area.top..area.bottom).any(|y| page.is_ink(x, y)))
        .count() as f64
        / area.width().max(1) as f64;
    let dashed = filled < 0.9;
    arms.iter()
        .enumerate()
        .map(|(index, arm)| (oklab_distance(arm.color, color), arm.dashed != dashed, index))
        .filter(|candidate| candidate.0 < 0.12)
        .min_by(|a, b| ((a.0 / 0.04) as u32, a.1, a.2).cmp(&((b.0 / 0.04) as u32, b.1, b.2)))
        .map(|candidate| candidate.2)
}

/// Marks the pixels near traced curves: they are no line samples.
fn pixels_of_curves(page: &InkPage, curves: &[TracedCurve]) -> Plane<bool> {
    let mut near = Plane::filled(page.width(), page.height(), false);
    for curve in curves {
        let area = curve.coverage.area;
        let reach = curve.line_width.ceil() as usize + 1;
        let mut before = curve.path.rows.first().copied().unwrap_or(0);
        for (index, &row) in curve.path.rows.iter().enumerate() {
            let x = area.left + curve.path.start + index;
            // The printed curve may fall or rise.
            let (first, last) = (area.top + before.min(row), area.top + before.max(row));
            for y in first.saturating_sub(reach)..(last + reach + 1).min(page.height()) {
                near.set(x.min(page.width() - 1), y, true);
            }
            before = row;
        }
    }
    near
}
