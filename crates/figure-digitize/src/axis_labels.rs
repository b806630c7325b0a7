//! Finds the words that label the ticks of an axis, reads them, and calibrates the axis.

use kmeta_label_reader::CharacterSet;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{AxisCalibration, AxisTick, ReadText, TextRole, TimeUnit};

use crate::axis_lines::{AxisPair, InkLine};
use crate::calibrate::{
    Direction, LabelledTick, TICK_TOLERANCE_PX, add_unlabelled_ticks, calibrate, label_tolerance, read_labels,
};
use crate::ink::InkPage;
use crate::number::parse_number;
use crate::plane::Rect;
use crate::reading::{read_upward, read_words};
use crate::slanted_labels::{are_turned, slanted_axis};
use crate::ticks::TickMark;
use crate::words::{Word, phrases};

/// A calibrated axis with the area that its tick labels occupy.
#[derive(Debug, Clone)]
pub(crate) struct LabelledAxis {
    pub(crate) calibration: AxisCalibration,
    pub(crate) labels: Rect,
    /// Whether most labels beside the axis agree on it.
    pub(crate) agreed: bool,
}

/// Both axes of a panel.
#[derive(Debug, Clone)]
pub(crate) struct CalibratedAxes {
    pub(crate) lines: AxisPair,
    pub(crate) x: LabelledAxis,
    pub(crate) y: LabelledAxis,
}

/// Calibrates the time axis from the row of numbers below it.
pub(crate) fn time_axis(
    page: &InkPage,
    reader: &LabelReader,
    axes: &AxisPair,
    ticks: &[TickMark],
    words: &[Word],
) -> Result<LabelledAxis, String> {
    let line = axes.horizontal;
    let depth = page.height() / 6;
    let below: Vec<&Word> = words
        .iter()
        .filter(|word| word.area.top >= line.last && word.area.top <= line.last + depth)
        .collect();
    let tolerance = 0.4 * spacing(ticks);
    let nearest = |tick: &TickMark| {
        below
            .iter()
            .filter(|word| {
                (word.area.center_x() - tick.position).abs() <= tolerance.max(word.area.width() as f64 * 0.6)
            })
            .min_by_key(|word| (word.area.top, (word.area.center_x() - tick.position).abs() as usize))
            .copied()
    };
    let pairs: Vec<(TickMark, &Word)> =
        ticks.iter().filter_map(|tick| nearest(tick).map(|word| (*tick, word))).collect();
    let row = common(pairs.iter().map(|(_, word)| word.area.center_y()).collect());
    let pairs: Vec<_> = pairs
        .into_iter()
        .filter(|(_, word)| (word.area.center_y() - row).abs() <= 0.6 * word.letter_height as f64)
        .collect();
    let lines = lines_with_and_without_ticks(&below, pairs, Along::Row);
    let room = 2 * line.length() / ticks.len().max(8);
    let region = Rect {
        left: line.from.saturating_sub(room),
        top: (line.last + ticks.iter().map(|tick| tick.length).max().unwrap_or(0)).min(page.height()),
        right: (line.to + room / 2).min(page.width()),
        bottom: (line.last + depth).min(page.height()),
    };
    let mut axis =
        plain_or_turned(page, reader, &lines, words, Direction::Increasing, line.middle(), (ticks, region))
            .map_err(|reason| format!("time axis: {reason}"))?;
    // The tick of time 0 may be hidden by the survival axis: its label counts all the same.
    let tickless: Vec<(f64, &Word)> = below
        .iter()
        .filter(|word| (word.area.center_y() - row).abs() <= 0.35 * word.letter_height as f64)
        .filter(|word| lines.iter().flatten().all(|(_, other)| other.area != word.area))
        .map(|word| (word.area.center_x(), *word))
        .collect();
    add_tickless_labels(page, reader, &mut axis, &tickless);
    Ok(axis)
}

/// Whether labels stand in a row or in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Along {
    Row,
    Column,
}

/// Two ticks may be curves that fall to the axis.
const FEWEST_TICKS: usize = 3;
/// Lines of words that are tried for the labels of an axis without tick marks: rows of numbers at risk may hold more words.
const MOST_LINES: usize = 6;

/// For an axis without tick marks: the rows below (or the columns beside) it with the most words, each label's middle standing
/// for its tick; of equally full ones the nearest to the axis first. The letters of a title that runs upwards make such a
/// column as well. What the ticks gave comes first where there are enough of them.
fn lines_with_and_without_ticks<'a>(
    words: &[&'a Word],
    found: Vec<(TickMark, &'a Word)>,
    along: Along,
) -> Vec<Vec<(TickMark, &'a Word)>> {
    let across = |word: &Word| match along {
        Along::Row => word.area.center_y(),
        Along::Column => word.area.right as f64,
    };
    let position = |word: &Word| match along {
        Along::Row => word.area.center_x(),
        Along::Column => word.area.center_y(),
    };
    let tolerance = |word: &Word| word.letter_height as f64 * if along == Along::Row { 0.4 } else { 1.2 };
    let mut free: Vec<&Word> = words.to_vec();
    let mut lines: Vec<Vec<(TickMark, &Word)>> = Vec::new();
    while lines.len() < MOST_LINES {
        let line_of = |anchor: &&Word| -> Vec<&'a Word> {
            let near = |word: &&Word| (across(word) - across(anchor)).abs() <= tolerance(anchor);
            free.iter().copied().filter(near).collect()
        };
        let mut best: Vec<&Word> = Vec::new();
        for line in free.iter().map(line_of) {
            if line.len() > best.len() {
                best = line;
            }
        }
        if best.len() < 3 || best.len() <= found.len() {
            break;
        }
        free.retain(|word| best.iter().all(|taken| taken.area != word.area));
        best.sort_by(|a, b| position(a).total_cmp(&position(b)));
        let label = |word: &'a Word| (TickMark { position: position(word), length: 0 }, word);
        lines.push(best.into_iter().map(label).collect());
    }
    lines.insert(if found.len() >= FEWEST_TICKS { 0 } else { lines.len() }, found);
    lines
}

/// Calibrates the survival axis from the column of numbers beside it.
pub(crate) fn survival_axis(
    page: &InkPage,
    reader: &LabelReader,
    axes: &AxisPair,
    ticks: &[TickMark],
    words: &[Word],
) -> Result<LabelledAxis, String> {
    let line = axes.vertical;
    let reach = page.width() / 5;
    let beside: Vec<&Word> = words
        .iter()
        .filter(|word| word.area.right <= line.first + 1 && word.area.right + reach >= line.first)
        .collect();
    let nearest = |tick: &TickMark| {
        beside
            .iter()
            .filter(|word| (word.area.center_y() - tick.position).abs() <= 0.5 * word.letter_height as f64)
            .max_by_key(|word| word.area.right)
            .copied()
    };
    let pairs: Vec<(TickMark, &Word)> =
        ticks.iter().filter_map(|tick| nearest(tick).map(|word| (*tick, word))).collect();
    let column = common(pairs.iter().map(|(_, word)| word.area.right as f64).collect());
    let pairs: Vec<_> = pairs
        .into_iter()
        .filter(|(_, word)| (word.area.right as f64 - column).abs() <= 3.0 * word.letter_height as f64)
        .collect();
    // Names of arms below the plot may end in the same column.
    let along: Vec<&Word> = beside.iter().copied().filter(|word| is_along(word, &line)).collect();
    let lines = lines_with_and_without_ticks(&along, pairs, Along::Column);
    let region = Rect {
        left: line.first.saturating_sub(reach),
        top: line.from.saturating_sub(reach / 4),
        right: line.first.saturating_sub(ticks.iter().map(|tick| tick.length).max().unwrap_or(0)),
        bottom: (line.to + reach / 4).min(page.height()),
    };
    plain_or_turned(page, reader, &lines, words, Direction::Decreasing, line.middle(), (ticks, region))
        .map_err(|reason| format!("survival axis: {reason}"))
}

/// Whether a word stands beside an upright line, or at most its own height beyond its ends.
fn is_along(word: &Word, line: &InkLine) -> bool {
    let (middle, reach) = (word.area.center_y(), word.letter_height as f64);
    middle >= line.from as f64 - reach && middle <= line.to as f64 + reach
}

/// Calibrates by labels that stand upright, along the first of several lines whose words mostly agree on a scale; where those
/// are parts of turned labels, or make no scale, by turned labels in the region.
fn plain_or_turned(
    page: &InkPage,
    reader: &LabelReader,
    lines: &[Vec<(TickMark, &Word)>],
    words: &[Word],
    direction: Direction,
    line_px: f64,
    (ticks, region): (&[TickMark], Rect),
) -> Result<LabelledAxis, String> {
    let marks: Vec<f64> = ticks.iter().map(|tick| tick.position).collect();
    let with_all_marks = |mut axis: LabelledAxis| {
        // Where labels stand for ticks, the marks are something else.
        if axis.calibration.ticks.iter().all(|tick| marks.contains(&tick.pixel)) {
            add_unlabelled_ticks(&mut axis.calibration, &marks);
        }
        axis
    };
    let mut plain = Err("no tick has a label beside it".to_owned());
    let mut agreeing = 0;
    for (index, pairs) in lines.iter().enumerate() {
        let axis = labelled_axis(page, reader, pairs, direction, line_px).map(with_all_marks);
        // Turned digits read upright are other digits: few of them agree on a scale.
        let agree = axis.as_ref().map_or(0, |axis| read_labels(&axis.calibration));
        let upright = !are_turned(&labels_of(pairs), words)
            || axis.as_ref().is_ok_and(|axis| reads_clearly(axis, pairs));
        // Of slanted labels some read like others, none clearly: what is read at their angle may agree better.
        let is_sure = axis.as_ref().is_ok_and(|axis| agree == pairs.len() || is_clear(&axis.calibration));
        if upright && axis.is_ok() && is_agreement(agree, pairs.len()) {
            if is_sure {
                return axis;
            }
            return Ok(match slanted_axis(page, reader, ticks, region, direction, line_px) {
                Some(slanted) if read_labels(&slanted.calibration) > agree => with_all_marks(slanted),
                _ => axis?,
            });
        }
        if index == 0 || agree > agreeing {
            (plain, agreeing) = (axis, agree);
        }
    }
    let turned = lines.iter().any(|pairs| are_turned(&labels_of(pairs), words));
    match slanted_axis(page, reader, ticks, region, direction, line_px) {
        Some(axis) if turned || read_labels(&axis.calibration) > agreeing => Ok(with_all_marks(axis)),
        _ if turned => Err("the tick labels are turned or touch other print and cannot be read".to_owned()),
        _ => plain,
    }
}

/// Whether enough of some labels agree on a scale: most, and three or all of them.
fn is_agreement(agreeing: usize, labels: usize) -> bool {
    agreeing * 5 >= labels * 3 && (agreeing >= 3 || agreeing == labels)
}

/// Confidence of a clear reading.
pub(crate) const CLEAR: f64 = 0.9;

/// Whether the labels of an axis were read clearly on average.
fn is_clear(axis: &AxisCalibration) -> bool {
    let read: Vec<f64> =
        axis.ticks.iter().filter(|tick| !tick.label.is_empty()).map(|tick| tick.confidence).collect();
    read.iter().sum::<f64>() >= CLEAR * read.len() as f64
}

/// Whether all labels of an axis, at least three, were read clearly and agree: then none is turned, whatever stands near them.
fn reads_clearly(axis: &LabelledAxis, pairs: &[(TickMark, &Word)]) -> bool {
    let clear = axis.calibration.ticks.iter().filter(|tick| tick.confidence >= CLEAR);
    let several_digits = axis.calibration.ticks.iter().any(|tick| tick.label.len() >= 2);
    pairs.len() >= 3 && clear.count() == pairs.len() && several_digits
}

fn labels_of<'a>(pairs: &[(TickMark, &'a Word)]) -> Vec<&'a Word> {
    pairs.iter().map(|(_, word)| *word).collect()
}

fn labelled_axis(
    page: &InkPage,
    reader: &LabelReader,
    pairs: &[(TickMark, &Word)],
    direction: Direction,
    line_px: f64,
) -> Result<LabelledAxis, String> {
    let areas: Vec<Rect> = pairs.iter().map(|(_, word)| word.area).collect();
    let labels = areas.iter().copied().reduce(|a, b| a.union(&b));
    let readings = read_words(page, reader, &areas, CharacterSet::Number);
    let labelled: Vec<LabelledTick> = pairs
        .iter()
        .zip(readings)
        .map(|((tick, _), reading)| LabelledTick {
            position: tick.position,
            text: reading.text,
            confidence: reading.confidence,
        })
        .collect();
    let from_labels = pairs.iter().any(|(tick, _)| tick.length == 0);
    let letter_height = pairs.iter().map(|(_, word)| word.letter_height).max().unwrap_or(0);
    let tolerance = if from_labels { label_tolerance(letter_height as f64) } else { TICK_TOLERANCE_PX };
    let calibration = calibrate(&labelled, direction, line_px, tolerance)?;
    let labels = labels.ok_or_else(|| "no tick has a label beside it".to_owned())?;
    let agreed = is_agreement(read_labels(&calibration), pairs.len());
    Ok(LabelledAxis { calibration, labels, agreed })
}

/// Adds labels without a tick mark that stand where the calibration puts their number. The fit stays as it is.
fn add_tickless_labels(
    page: &InkPage,
    reader: &LabelReader,
    axis: &mut LabelledAxis,
    labels: &[(f64, &Word)],
) {
    let areas: Vec<Rect> = labels.iter().map(|(_, word)| word.area).collect();
    for ((position, word), reading) in
        labels.iter().zip(read_words(page, reader, &areas, CharacterSet::Number))
    {
        let Some(value) = parse_number(&reading.text) else { continue };
        let calibration = &mut axis.calibration;
        let fits =
            (calibration.pixel_at(value) - position).abs() <= label_tolerance(word.letter_height as f64);
        if fits && calibration.ticks.iter().all(|tick| tick.value != value) {
            calibration.ticks.push(AxisTick {
                pixel: *position,
                value,
                label: reading.text,
                confidence: reading.confidence,
            });
            axis.labels = axis.labels.union(&word.area);
        }
    }
    axis.calibration.ticks.sort_by(|a, b| a.pixel.total_cmp(&b.pixel));
}

/// Median distance of neighbouring ticks.
pub(crate) fn spacing(ticks: &[TickMark]) -> f64 {
    let mut gaps: Vec<f64> = ticks.windows(2).map(|pair| pair[1].position - pair[0].position).collect();
    gaps.sort_by(f64::total_cmp);
    gaps.get(gaps.len() / 2).copied().unwrap_or(0.0)
}

fn common(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Reads the titles of both axes: the phrase centred below the time labels, and the upward text left of the
/// survival labels. Sets title and time unit.
pub(crate) fn read_titles(
    page: &InkPage,
    reader: &LabelReader,
    words: &[Word],
    x: &mut LabelledAxis,
    y: &mut LabelledAxis,
    inside: Rect,
) -> Vec<ReadText> {
    let mut texts = Vec::new();
    if let Some(area) = title_below(words, x.labels, inside) {
        for reading in read_words(page, reader, &[area], CharacterSet::Any) {
            x.calibration.unit = time_unit_in(&reading.text);
            x.calibration.title = reading.text.clone();
            texts.push(read_text(reading.text, reading.confidence, area, TextRole::AxisTitle));
        }
    }
    if let Some(area) = title_beside(page, y.labels, inside) {
        for reading in read_upward(page, reader, &[area]) {
            y.calibration.title = reading.text.clone();
            texts.push(read_text(reading.text, reading.confidence, area, TextRole::AxisTitle));
        }
    }
    texts
}

pub(crate) fn read_text(text: String, confidence: f64, area: Rect, role: TextRole) -> ReadText {
    ReadText { text, confidence, location: area.to_pixel_box(), role }
}

/// The first phrase below the tick labels whose middle is near the axis' middle.
fn title_below(words: &[Word], labels: Rect, inside: Rect) -> Option<Rect> {
    let near = |word: &&Word| {
        word.area.top >= labels.bottom.saturating_sub(1)
            && word.area.top < labels.bottom + 5 * labels.height()
    };
    let below: Vec<Word> = words.iter().filter(near).cloned().collect();
    phrases(&below)
        .into_iter()
        .filter(|phrase| (phrase.area.center_x() - inside.center_x()).abs() < 0.25 * inside.width() as f64)
        .filter(|phrase| phrase.area.width() > 2 * phrase.letter_height)
        .min_by_key(|phrase| phrase.area.top)
        .map(|phrase| phrase.area)
}

/// The ink between the left edge of the page and the survival labels, beside the plot.
fn title_beside(page: &InkPage, labels: Rect, inside: Rect) -> Option<Rect> {
    let reach = 6 * labels.height().min(page.width() / 30).max(10);
    let columns = labels.left.saturating_sub(reach)..labels.left.saturating_sub(2);
    let has_ink = |x: usize| (inside.top..inside.bottom).any(|y| page.is_ink(x, y));
    let right = columns.clone().rev().find(|&x| has_ink(x))? + 1;
    let mut left = right - 1;
    while left > columns.start && (has_ink(left - 1) || (left >= 2 && has_ink(left - 2))) {
        left -= 1;
    }
    let rows: Vec<usize> =
        (inside.top..inside.bottom).filter(|&y| (left..right).any(|x| page.is_ink(x, y))).collect();
    let area = Rect { left, top: *rows.first()?, right, bottom: *rows.last()? + 1 };
    (area.height() > 2 * area.width() && area.width() >= 5).then_some(area)
}

/// The time unit that a title names.
pub(crate) fn time_unit_in(title: &str) -> Option<TimeUnit> {
    let lower = title.to_lowercase();
    let has_word = |word: &str| lower.split(|c: char| !c.is_ascii_alphabetic()).any(|token| token == word);
    if lower.contains("month") || has_word("mo") || has_word("mos") {
        Some(TimeUnit::Months)
    } else if lower.contains("week") || has_word("wk") || has_word("wks") {
        Some(TimeUnit::Weeks)
    } else if lower.contains("year") || has_word("yr") || has_word("yrs") {
        Some(TimeUnit::Years)
    } else if lower.contains("day") {
        Some(TimeUnit::Days)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_found_in_titles() {
        assert_eq!(time_unit_in("Time (months)"), Some(TimeUnit::Months));
        assert_eq!(time_unit_in("Time, mo"), Some(TimeUnit::Months));
        assert_eq!(time_unit_in("Years since randomization"), Some(TimeUnit::Years));
        assert_eq!(time_unit_in("Time"), None);
    }
}
