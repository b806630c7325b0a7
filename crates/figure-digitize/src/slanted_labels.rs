//! Tick labels that are turned: upright numbers beside a survival axis (the default of base R), upward or slanted
//! ones below a crowded time axis.

use image::{Rgb, RgbImage};
use kmeta_label_reader::{CharacterSet, LabelReader};
use kmeta_trial_data::{AxisCalibration, AxisScale, AxisTick};

use crate::axis_labels::{CLEAR, LabelledAxis, spacing};
use crate::calibrate::{Direction, LabelledTick, TICK_TOLERANCE_PX, calibrate, label_tolerance};
use crate::ink::InkPage;
use crate::number::parse_number;
use crate::plane::Rect;
use crate::reading::read_words;
use crate::skew::upright;
use crate::ticks::TickMark;
use crate::words::{Word, words_in};

/// Turns that software offers for labels, in degrees by which they run upwards.
pub(crate) const ANGLES: [f64; 5] = [90.0, 45.0, 60.0, 30.0, -45.0];
/// Letter heights within which a piece above or below a label belongs to it.
const CLOSE: f64 = 0.3;

/// Whether the words at most ticks are only parts of labels.
pub(crate) fn are_turned(labels: &[&Word], words: &[Word]) -> bool {
    labels.len() >= 3 && labels.iter().filter(|label| is_part(label, words)).count() * 2 >= labels.len()
}

/// Whether other letters follow a word closely above or below.
fn is_part(label: &Word, words: &[Word]) -> bool {
    let reach = CLOSE * label.letter_height as f64;
    words.iter().filter(|other| other.area != label.area).any(|other| {
        let alike =
            other.letter_height * 2 >= label.letter_height && label.letter_height * 2 >= other.letter_height;
        let (a, b) = (&label.area, &other.area);
        let across = a.left.max(b.left) as f64 - a.right.min(b.right) as f64;
        let down = a.top.max(b.top) as f64 - a.bottom.min(b.bottom) as f64;
        let beside = (a.center_y() - b.center_y()).abs() < CLOSE * label.letter_height as f64;
        // A tick mark is a stroke rather than a letter.
        let is_letter = b.width() <= 2 * label.letter_height && b.height() <= 4 * b.width();
        alike && !beside && across <= reach && down <= reach && is_letter
    })
}

/// Calibrates an axis from turned labels in `region`: at each angle the numbers are read, and each goes to the
/// tick nearest to it. The angle at which most labels agree wins.
pub(crate) fn slanted_axis(
    page: &InkPage,
    reader: &LabelReader,
    ticks: &[TickMark],
    region: Rect,
    direction: Direction,
    line_px: f64,
) -> Option<LabelledAxis> {
    let tolerance = 0.45 * spacing(ticks);
    let mut best: Option<(f64, LabelledAxis)> = None;
    for angle in ANGLES {
        let found = turned_numbers(page, reader, region, angle);
        for end in [false, true] {
            let mut labelled = Vec::new();
            let mut areas = Vec::new();
            for number in found.iter().filter(|number| !number.is_part) {
                let point = if end { number.end } else { number.center };
                let along = if direction == Direction::Increasing { point.0 } else { point.1 };
                let nearest = ticks
                    .iter()
                    .min_by(|a, b| (a.position - along).abs().total_cmp(&(b.position - along).abs()));
                if let Some(tick) = nearest.filter(|tick| (tick.position - along).abs() <= tolerance) {
                    labelled.push(LabelledTick {
                        position: tick.position,
                        text: number.text.clone(),
                        confidence: number.confidence,
                    });
                    areas.push((tick.position, parse_number(&number.text), number.area));
                }
            }
            let Ok(mut calibration) = calibrate(&labelled, direction, line_px, TICK_TOLERANCE_PX) else {
                continue;
            };
            add_labels_without_tick(&mut calibration, &found, end, direction);
            // The zero of the other axis may stand at the same corner.
            calibration.ticks.dedup_by(|next, kept| {
                let same = next.value == kept.value;
                if same && next.confidence > kept.confidence {
                    std::mem::swap(next, kept);
                }
                same
            });
            let strength: f64 = calibration.ticks.iter().map(|tick| 0.5 + tick.confidence).sum();
            let labels = areas
                .iter()
                .filter(|(position, value, _)| {
                    calibration.ticks.iter().any(|tick| {
                        tick.pixel == *position
                            && parse_number(&tick.label).is_some()
                            && *value == parse_number(&tick.label)
                    })
                })
                .map(|(_, _, area)| *area);
            let labels = nearest_to_axis(labels.collect(), direction);
            let enough = calibration.ticks.len() >= 3 && calibration.ticks.len() * 2 > ticks.len();
            // Two labels of one tick are two parts of one label.
            let parts = calibration.ticks.windows(2).any(|pair| pair[0].pixel == pair[1].pixel);
            if let Some(labels) = labels.filter(|_| enough && !parts)
                && best.as_ref().is_none_or(|(most, _)| strength > *most + 1e-9)
            {
                best = Some((strength, LabelledAxis { calibration, labels, agreed: true }));
            }
        }
    }
    best.map(|(_, axis)| axis)
}

/// Adds numbers that stand where the calibration puts them, though no tick mark was found there: those at the ends of an
/// axis are part of its frame. The fit stays as it is.
fn add_labels_without_tick(
    calibration: &mut AxisCalibration,
    found: &[TurnedNumber],
    end: bool,
    direction: Direction,
) {
    let along = |number: &TurnedNumber| {
        let point = if end { number.end } else { number.center };
        if direction == Direction::Increasing { point.0 } else { point.1 }
    };
    // Labels stand off their ticks alike.
    let mut offsets: Vec<f64> = calibration
        .ticks
        .iter()
        .filter_map(|tick| {
            let own = found.iter().filter(|number| !number.is_part && number.text == tick.label);
            own.map(|number| tick.pixel - along(number)).min_by(|a, b| a.abs().total_cmp(&b.abs()))
        })
        .collect();
    offsets.sort_by(f64::total_cmp);
    let Some(&offset) = offsets.get(offsets.len() / 2) else { return };
    for number in found.iter().filter(|number| !number.is_part && number.confidence >= CLEAR) {
        let Some(value) = parse_number(&number.text) else { continue };
        let value = if calibration.scale == AxisScale::Percent { value / 100.0 } else { value };
        let pixel = along(number) + offset;
        let fits = (calibration.pixel_at(value) - pixel).abs() <= label_tolerance(number.letter_height);
        if fits && calibration.ticks.iter().all(|tick| (tick.value - value).abs() > 1e-9) {
            calibration.ticks.push(AxisTick {
                pixel,
                value,
                label: number.text.clone(),
                confidence: number.confidence,
            });
        }
    }
    calibration.ticks.sort_by(|a, b| a.pixel.total_cmp(&b.pixel));
}

/// The union of those labels that stand as near to the axis as most do. Other print farther off may repeat a number.
fn nearest_to_axis(areas: Vec<Rect>, direction: Direction) -> Option<Rect> {
    let edge = |area: &Rect| if direction == Direction::Increasing { area.top } else { area.right };
    let mut edges: Vec<usize> = areas.iter().map(edge).collect();
    edges.sort_unstable();
    let middle = *edges.get(edges.len() / 2)?;
    let mut shorter: Vec<usize> = areas.iter().map(|area| area.width().min(area.height())).collect();
    shorter.sort_unstable();
    let reach = shorter[shorter.len() / 2] + 2;
    areas.into_iter().filter(|area| edge(area).abs_diff(middle) <= reach).reduce(|a, b| a.union(&b))
}

/// A number that was read on the turned region, in the coordinates of the page.
pub(crate) struct TurnedNumber {
    pub(crate) center: (f64, f64),
    /// Where its last digit ends.
    pub(crate) end: (f64, f64),
    pub(crate) area: Rect,
    pub(crate) letter_height: f64,
    /// At this angle it is only a part of a word.
    pub(crate) is_part: bool,
    pub(crate) text: String,
    pub(crate) confidence: f64,
}

/// The words of a region at an angle, read as numbers.
pub(crate) fn turned_numbers(
    page: &InkPage,
    reader: &LabelReader,
    region: Rect,
    angle: f64,
) -> Vec<TurnedNumber> {
    if region.width() < 4 || region.height() < 4 {
        return Vec::new();
    }
    let size = (region.width() as u32, region.height() as u32);
    let cut = RgbImage::from_fn(size.0, size.1, |x, y| {
        let color = page.colors.get(region.left + x as usize, region.top + y as usize);
        Rgb(color.map(|channel| (channel * 255.0).round() as u8))
    });
    let (turned, rotation) = upright(&cut, -angle);
    let turned = InkPage::with_background(&turned, page.background);
    let whole = Rect { left: 0, top: 0, right: turned.width(), bottom: turned.height() };
    let words = words_in(&turned, whole, (page.height() / 18).max(24));
    let areas: Vec<Rect> = words.iter().map(|word| word.area).collect();
    let to_page = |x: f64, y: f64| {
        let (x, y) = rotation.to_page(size, (x, y));
        (x + region.left as f64, y + region.top as f64)
    };
    words
        .iter()
        .zip(read_words(&turned, reader, &areas, CharacterSet::Number))
        .map(|(word, reading)| {
            let area = word.area;
            let corners = [
                to_page(area.left as f64, area.top as f64),
                to_page(area.right as f64, area.top as f64),
                to_page(area.left as f64, area.bottom as f64),
                to_page(area.right as f64, area.bottom as f64),
            ];
            TurnedNumber {
                center: to_page(area.center_x(), area.center_y()),
                end: to_page(area.right as f64, area.center_y()),
                area: bounds(&corners, page),
                letter_height: word.letter_height as f64,
                is_part: is_part(word, &words),
                text: reading.text,
                confidence: reading.confidence,
            }
        })
        .collect()
}

fn bounds(corners: &[(f64, f64)], page: &InkPage) -> Rect {
    let least = |of: fn(&(f64, f64)) -> f64| corners.iter().map(of).fold(f64::INFINITY, f64::min).max(0.0);
    let most = |of: fn(&(f64, f64)) -> f64| corners.iter().map(of).fold(0.0, f64::max);
    Rect {
        left: least(|corner| corner.0) as usize,
        top: least(|corner| corner.1) as usize,
        right: (most(|corner| corner.0).ceil() as usize).min(page.width()),
        bottom: (most(|corner| corner.1).ceil() as usize).min(page.height()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(left: usize, top: usize) -> Word {
        Word { area: Rect { left, top, right: left + 8, bottom: top + 12 }, letter_height: 12 }
    }

    #[test]
    fn stacked_digits_are_parts_of_turned_labels() {
        let upper: Vec<Word> = (0..4).map(|i| word(100 * i, 50)).collect();
        let labels: Vec<&Word> = upper.iter().collect();
        let mut words = upper.clone();
        assert!(!are_turned(&labels, &words));
        words.extend((0..4).map(|i| word(100 * i, 64)));
        assert!(are_turned(&labels, &words));
    }
}
