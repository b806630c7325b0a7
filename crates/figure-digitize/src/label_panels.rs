//! Finds panels by their tick labels, for figures without axis lines: a row of numbers that rise evenly to the
//! right below a column of numbers that fall evenly downwards.

use kmeta_label_reader::{CharacterSet, LabelReader};
use kmeta_trial_data::{AxisCalibration, AxisScale};

use crate::axis_labels::{CalibratedAxes, LabelledAxis};
use crate::axis_lines::{AxisPair, InkLine};
use crate::axis_strokes::nearest;
use crate::calibrate::{Direction, LabelledTick, TICK_TOLERANCE_PX, calibrate, label_tolerance, read_labels};
use crate::grid::line_near;
use crate::ink::InkPage;
use crate::number::parse_number;
use crate::plane::Rect;
use crate::reading::read_words;
use crate::slanted_labels::{ANGLES, TurnedNumber, are_turned, turned_numbers};
use crate::ticks::{TICK_CONTRAST, TickMark, survival_ticks, time_ticks};
use crate::words::Word;

/// A tick label has this much room on both sides, in letter heights: words of a running text have less.
const ROOM: f64 = 0.5;
/// More words with room than this are no figure.
const MOST_WORDS: usize = 400;
/// Fewest labels of an axis that is known by its labels alone.
const FEWEST_LABELS: usize = 3;

/// Highest label of a survival axis whose uppermost labels were not read.
const NEARLY_ONE: f64 = 0.8;
/// How far turned labels reach from the row or column that they stand beside, in letter heights.
const TURNED_DEPTH: f64 = 8.0;

/// A word that reads as a number.
#[derive(Debug, Clone)]
struct NumberWord {
    area: Rect,
    letter_height: f64,
    text: String,
    confidence: f64,
}

/// A row or a column of labels that agree on a scale, in the order of their positions.
#[derive(Debug, Clone)]
struct Scale {
    labels: Vec<NumberWord>,
    calibration: AxisCalibration,
}

impl Scale {
    fn area(&self) -> Rect {
        let first = self.labels[0].area;
        self.labels.iter().fold(first, |area, label| area.union(&label.area))
    }

    /// Whether it has the label 1 or 100 %, as most survival axes do and few columns of numbers at risk, or many labels up to
    /// nearly there.
    fn is_survival_axis(&self) -> bool {
        let highest = self.calibration.ticks.iter().map(|tick| tick.value).fold(0.0, f64::max);
        highest >= 1.0 - 1e-9 || (highest >= NEARLY_ONE && self.labels.len() > FEWEST_LABELS)
    }

    fn letter_height(&self) -> f64 {
        self.labels.iter().map(|label| label.letter_height).fold(0.0, f64::max)
    }

    /// Largest distance of neighbouring labels, in pixels.
    fn widest_gap(&self, position: impl Fn(&Rect) -> f64) -> f64 {
        let positions: Vec<f64> = self.labels.iter().map(|label| position(&label.area)).collect();
        positions.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max)
    }
}

/// What the tick labels of a page show.
pub(crate) struct LabelPanels {
    /// The panels, in reading order.
    pub(crate) panels: Vec<CalibratedAxes>,
    /// Labels of survival axes that no row of times was found for.
    pub(crate) unpaired: Vec<Rect>,
}

/// The panels of a page that its tick labels show.
///
/// `lines` are pairs of axis lines whose labels made no scale in the usual way; a panel that fits one takes it.
pub(crate) fn find_label_panels(
    page: &InkPage,
    reader: &LabelReader,
    words: &[Word],
    lines: &[AxisPair],
) -> LabelPanels {
    let numbers = number_words(page, reader, words);
    let whole = |scale: &Scale| {
        let part_of = |word: &&Word| scale.labels.iter().any(|label| label.area == word.area);
        !are_turned(&words.iter().filter(part_of).collect::<Vec<_>>(), words)
    };
    let mut rows = scales(&numbers, Direction::Increasing);
    rows.retain(whole);
    let mut columns = scales(&numbers, Direction::Decreasing);
    columns.retain(whole);
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (r, row) in rows.iter().enumerate() {
        for (c, column) in columns.iter().enumerate() {
            if let Some(distance) = corner_distance(row, column) {
                pairs.push((distance, r, c));
            }
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut used_rows, mut used_columns): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut panels = Vec::new();
    for (_, r, c) in pairs {
        if !used_rows.contains(&r) && !used_columns.contains(&c) {
            used_rows.push(r);
            used_columns.push(c);
            panels.push(panel_of(page, (&rows[r], &columns[c]), lines, &columns));
        }
    }
    let mut unpaired = Vec::new();
    for c in (0..columns.len()).filter(|c| !used_columns.contains(c)) {
        let turned = turned_rows(page, reader, &columns[c]);
        let found = turned.iter().filter(|row| corner_distance(row, &columns[c]).is_some());
        match best_of(page, found.map(|row| (row, &columns[c])), lines, &columns) {
            Some(panel) => panels.push(panel),
            None if columns[c].is_survival_axis() => unpaired.push(columns[c].area()),
            None => {}
        }
    }
    for r in (0..rows.len()).filter(|r| !used_rows.contains(r)) {
        let turned = turned_columns(page, reader, &rows[r]);
        let found = turned.iter().filter(|column| corner_distance(&rows[r], column).is_some());
        panels.extend(best_of(page, found.map(|column| (&rows[r], column)), lines, &columns));
    }
    // An inset lies within its panel.
    panels.sort_by_key(|panel| {
        let outline = panel.lines.outline();
        std::cmp::Reverse(outline.width() * outline.height())
    });
    let mut kept: Vec<CalibratedAxes> = Vec::new();
    for panel in panels {
        if kept.iter().all(|other| !other.lines.outline().overlaps(&panel.lines.outline())) {
            kept.push(panel);
        }
    }
    kept.sort_by_key(|panel| (panel.lines.vertical.from / 50, panel.lines.vertical.first));
    LabelPanels { panels: kept, unpaired }
}

/// Scales of turned labels below the end of a column of upright ones, one for each angle and end of the labels that may
/// stand at the tick.
fn turned_rows(page: &InkPage, reader: &LabelReader, column: &Scale) -> Vec<Scale> {
    let (levels, height) = (column.area(), column.letter_height());
    let top = column.labels.last().map_or(levels.bottom, |lowest| lowest.area.top);
    // The lowest label may touch the first of the row, and not be read.
    let depth = column.widest_gap(Rect::center_y) + TURNED_DEPTH * height;
    let region = Rect {
        left: levels.left.min(page.width()),
        top: top.min(page.height()),
        right: page.width(),
        bottom: (top + depth as usize).min(page.height()),
    };
    let mut found = Vec::new();
    for angle in ANGLES {
        let numbers = turned_numbers(page, reader, region, angle);
        for at_end in [true, false] {
            let words: Vec<NumberWord> = numbers
                .iter()
                .filter(|number| !number.is_part)
                .map(|number| {
                    let x = if at_end { number.end.0 } else { number.center.0 };
                    let half = number.letter_height / 2.0;
                    let top = number.area.top;
                    let area = Rect {
                        left: (x - half).max(0.0).round() as usize,
                        top,
                        right: (x + half).max(1.0).round() as usize,
                        bottom: top + number.letter_height as usize,
                    };
                    number_word(number, area)
                })
                .collect();
            found.extend(scales(&words, Direction::Increasing));
        }
    }
    found
}

/// Scales of labels that run upwards left of the begin of a row of upright ones.
fn turned_columns(page: &InkPage, reader: &LabelReader, row: &Scale) -> Vec<Scale> {
    let (times, height) = (row.area(), row.letter_height());
    let right = (row.labels[0].area.right as f64 + 0.5 * height) as usize;
    let reach = row.widest_gap(Rect::center_x) + TURNED_DEPTH * height;
    let region = Rect {
        left: (right as f64 - reach).max(0.0) as usize,
        top: 0,
        right: right.min(page.width()),
        bottom: times.top.min(page.height()),
    };
    let words: Vec<NumberWord> = turned_numbers(page, reader, region, ANGLES[0])
        .iter()
        .filter(|number| !number.is_part)
        .map(|number| {
            let half = number.letter_height / 2.0;
            let right = number.area.right;
            let area = Rect {
                left: right.saturating_sub(number.letter_height as usize),
                top: (number.center.1 - half).max(0.0).round() as usize,
                right,
                bottom: (number.center.1 + half).max(1.0).round() as usize,
            };
            number_word(number, area)
        })
        .collect();
    scales(&words, Direction::Decreasing)
}

/// A turned number, in a box around the place that it labels.
fn number_word(number: &TurnedNumber, area: Rect) -> NumberWord {
    NumberWord {
        area,
        letter_height: number.letter_height,
        text: number.text.clone(),
        confidence: number.confidence,
    }
}

/// Of several readings of the same labels the panel whose labels stand at tick marks or grid lines, and of those the one
/// with the most labels.
fn best_of<'a>(
    page: &InkPage,
    found: impl Iterator<Item = (&'a Scale, &'a Scale)>,
    lines: &[AxisPair],
    columns: &[Scale],
) -> Option<CalibratedAxes> {
    found
        .map(|(row, column)| {
            let panel = panel_of(page, (row, column), lines, columns);
            let centers: Vec<f64> = row.labels.iter().map(|label| label.area.center_x()).collect();
            let at_strokes = panel.x.calibration.ticks.iter().any(|tick| !centers.contains(&tick.pixel));
            (at_strokes, strength(row) + strength(column), panel)
        })
        .max_by(|a, b| (a.0).cmp(&b.0).then(a.1.total_cmp(&b.1)))
        .map(|(_, _, panel)| panel)
}

/// Words with room beside them, read as numbers.
fn number_words(page: &InkPage, reader: &LabelReader, words: &[Word]) -> Vec<NumberWord> {
    let has_room = |word: &Word| {
        let room = ROOM * word.letter_height as f64;
        // A tick mark beside the label is smaller than its letters.
        let others = words.iter().filter(|other| 2 * other.letter_height > word.letter_height);
        others.filter(|other| other.area != word.area).all(|other| {
            let apart = other.area.bottom <= word.area.top || other.area.top >= word.area.bottom;
            let gap = if other.area.left >= word.area.right {
                other.area.left - word.area.right
            } else {
                word.area.left.saturating_sub(other.area.right)
            };
            apart || gap as f64 >= room
        })
    };
    let alone: Vec<&Word> = words
        .iter()
        .filter(|word| word.area.width() <= 6 * word.letter_height && has_room(word))
        .take(MOST_WORDS)
        .collect();
    let areas: Vec<Rect> = alone.iter().map(|word| word.area).collect();
    alone
        .iter()
        .zip(read_words(page, reader, &areas, CharacterSet::Number))
        .filter(|(_, reading)| parse_number(&reading.text).is_some_and(|value| value >= 0.0))
        .filter(|(word, reading)| !is_turned_digit(word.area, &reading.text))
        .map(|(word, reading)| NumberWord {
            area: word.area,
            letter_height: word.letter_height as f64,
            text: reading.text,
            confidence: reading.confidence,
        })
        .collect()
}

/// True for one digit that is wider than tall: part of a label that runs upwards. A 0 or 8 reads the same when turned.
fn is_turned_digit(area: Rect, text: &str) -> bool {
    text.trim().chars().count() == 1 && area.width() > area.height()
}

/// All rows (or columns) of numbers that agree on a scale. Two panels side by side have their labels on one
/// line: what the first scale leaves over is searched again.
fn scales(numbers: &[NumberWord], direction: Direction) -> Vec<Scale> {
    let mut free: Vec<NumberWord> = numbers.to_vec();
    let mut found: Vec<Scale> = Vec::new();
    loop {
        let best = free
            .iter()
            .flat_map(|anchor| lines_through(anchor, &free, direction))
            .filter_map(|line| scale_of(line, direction))
            .max_by(|a, b| strength(a).total_cmp(&strength(b)));
        let Some(scale) = best else { break };
        free.retain(|word| scale.labels.iter().all(|label| label.area != word.area));
        found.push(scale);
    }
    found
}

/// More labels make a stronger scale; the reader's confidence decides between equals.
fn strength(scale: &Scale) -> f64 {
    scale.labels.iter().map(|label| 0.5 + label.confidence).sum()
}

/// The numbers on a line with the anchor: of a row by their middle, of a column by right edge or by middle.
fn lines_through(anchor: &NumberWord, numbers: &[NumberWord], direction: Direction) -> Vec<Vec<NumberWord>> {
    let near = |position: &dyn Fn(&Rect) -> f64, tolerance: f64| -> Vec<NumberWord> {
        numbers
            .iter()
            .filter(|word| {
                (position(&word.area) - position(&anchor.area)).abs() <= tolerance * anchor.letter_height
            })
            .cloned()
            .collect()
    };
    match direction {
        Direction::Increasing => vec![near(&Rect::center_y, 0.35)],
        Direction::Decreasing => {
            vec![near(&|area| area.right as f64, 0.4), near(&Rect::center_x, 0.4)]
        }
    }
}

/// The numbers of a line that agree on a scale that an axis can have.
fn scale_of(line: Vec<NumberWord>, direction: Direction) -> Option<Scale> {
    let position = |area: &Rect| match direction {
        Direction::Increasing => area.center_x(),
        Direction::Decreasing => area.center_y(),
    };
    let letter_height = line.iter().map(|label| label.letter_height).fold(0.0, f64::max);
    let ticks: Vec<LabelledTick> = line.iter().map(|label| labelled(label, position(&label.area))).collect();
    let tolerance = label_tolerance(letter_height);
    let calibration = calibrate(&ticks, direction, 0.0, tolerance).ok()?;
    let mut labels: Vec<NumberWord> = line
        .into_iter()
        .filter(|label| {
            let place = position(&label.area);
            // One that lies a pixel off the line of the others is left out of the fit and labels the axis all the same.
            let fits = |value: f64| (calibration.pixel_at(value) - place).abs() <= tolerance;
            calibration.ticks.iter().any(|tick| tick.pixel == place)
                || value_of(label, &calibration).is_some_and(fits)
        })
        .collect();
    labels.sort_by(|a, b| position(&a.area).total_cmp(&position(&b.area)));
    let in_range = direction == Direction::Increasing
        || calibration.ticks.iter().all(|tick| tick.value <= 1.0 && tick.value >= 0.0);
    let scale = Scale { labels, calibration };
    let apart = scale.widest_gap(position) >= 1.5 * letter_height;
    (read_labels(&scale.calibration) >= FEWEST_LABELS && in_range && apart).then_some(scale)
}

/// What a label says on an axis.
fn value_of(label: &NumberWord, axis: &AxisCalibration) -> Option<f64> {
    let unit = if axis.scale == AxisScale::Percent { 0.01 } else { 1.0 };
    parse_number(&label.text).map(|value| value * unit)
}

fn labelled(label: &NumberWord, position: f64) -> LabelledTick {
    LabelledTick { position, text: label.text.clone(), confidence: label.confidence }
}

/// How far the ends of a row and a column are from meeting in the lower left corner of a panel, or nothing when
/// they cannot belong together.
fn corner_distance(row: &Scale, column: &Scale) -> Option<f64> {
    let (times, levels) = (row.area(), column.area());
    let height = row.letter_height().max(column.letter_height());
    let first = row.labels.first()?.area;
    let lowest = column.labels.last()?.area;
    let across = first.center_x() - levels.right as f64;
    let down = times.center_y() - lowest.center_y();
    let widest_across = row.widest_gap(Rect::center_x).mul_add(1.1, 4.0 * height);
    let widest_down = column.widest_gap(Rect::center_y).mul_add(1.1, 4.0 * height);
    let fits = across >= -0.5 * height
        && across <= widest_across
        && down >= -0.5 * height
        && down <= widest_down
        && levels.top < times.top;
    fits.then_some(across.max(0.0) + down.max(0.0))
}

/// The panel of a row and a column of labels; it ends before the next of all `columns` beside it.
fn panel_of(
    page: &InkPage,
    (row, column): (&Scale, &Scale),
    lines: &[AxisPair],
    columns: &[Scale],
) -> CalibratedAxes {
    let drawn = lines.iter().find(|lines| lies_beside(lines, row, column)).copied();
    let last = row.labels.last().map_or(0.0, |label| label.area.center_x());
    let (top, bottom) = (column.area().top, column.area().bottom);
    let next = columns
        .iter()
        .map(Scale::area)
        .filter(|area| area.left as f64 > last && area.top < bottom && top < area.bottom)
        .map(|area| area.left)
        .min();
    let axes = drawn.unwrap_or_else(|| axis_pair(page, row, column, next.unwrap_or(page.width())));
    let (across, down) = (&axes.horizontal, &axes.vertical);
    let inside = axes.inside();
    let x_grid = |near: f64, reach: f64| {
        line_near(near, reach, (inside.top, inside.bottom), page.width(), |x, y| page.contrast.get(x, y))
            .map(|line| line.middle)
    };
    let y_grid = |near: f64, reach: f64| {
        line_near(near, reach, (inside.left, inside.right.min(page.width())), page.height(), |y, x| {
            page.contrast.get(x, y)
        })
        .map(|line| line.middle)
    };
    let x =
        calibrated_at_strokes(row, &time_ticks(page, &axes), x_grid, Direction::Increasing, across.middle());
    let y = calibrated_at_strokes(
        column,
        &survival_ticks(page, &axes),
        y_grid,
        Direction::Decreasing,
        down.middle(),
    );
    CalibratedAxes { lines: axes, x, y }
}

/// Whether axis lines run between the labels and the plot.
fn lies_beside(lines: &AxisPair, row: &Scale, column: &Scale) -> bool {
    let (times, levels) = (row.area(), column.area());
    let height = row.letter_height().max(column.letter_height());
    let zero = row.labels[0].area.center_x();
    let lowest = column.labels[column.labels.len() - 1].area.center_y();
    lines.vertical.first + 1 >= levels.right
        && lines.vertical.last as f64 <= zero + height
        && lines.horizontal.last <= times.top + 1
        && lines.horizontal.first as f64 >= lowest - height
}

/// Moves each label's position to the tick mark or grid line beside it. The labels' middles are kept when too
/// few have one, or when those contradict each other.
fn calibrated_at_strokes(
    scale: &Scale,
    ticks: &[TickMark],
    grid_near: impl Fn(f64, f64) -> Option<f64>,
    direction: Direction,
    line_px: f64,
) -> LabelledAxis {
    let position = |area: &Rect| match direction {
        Direction::Increasing => area.center_x(),
        Direction::Decreasing => area.center_y(),
    };
    let reach = 0.5 * scale.letter_height() + 2.0;
    let marks: Vec<f64> = ticks.iter().map(|tick| tick.position).collect();
    let tick_near = |near: f64| nearest(&marks, near, reach);
    let at = |stroke: &dyn Fn(f64) -> Option<f64>| -> Option<AxisCalibration> {
        let moved: Vec<LabelledTick> = scale
            .labels
            .iter()
            .filter_map(|label| stroke(position(&label.area)).map(|place| labelled(label, place)))
            .collect();
        let fitted = calibrate(&moved, direction, line_px, TICK_TOLERANCE_PX).ok()?;
        let enough = FEWEST_LABELS.max(scale.labels.len() * 3 / 5);
        (fitted.ticks.len() >= enough).then_some(fitted)
    };
    let calibration = at(&tick_near).or_else(|| at(&|near| grid_near(near, reach))).unwrap_or_else(|| {
        let mut labels_only = scale.calibration.clone();
        labels_only.line_px = line_px;
        labels_only
    });
    LabelledAxis { calibration, labels: scale.area(), agreed: true }
}

/// Stands for the axis lines that are not drawn: where the tick marks end, or else just beside the labels. The plot ends before
/// the pixel column `wall`.
fn axis_pair(page: &InkPage, row: &Scale, column: &Scale, wall: usize) -> AxisPair {
    let (times, levels) = (row.area(), column.area());
    let centers: Vec<f64> = row.labels.iter().map(|label| label.area.center_x()).collect();
    let tick_end = inner_end_of_ticks(&centers, page.height() / 25 + 3, row.letter_height(), |x, depth| {
        let y = times.top.checked_sub(1 + depth)?;
        (x < page.width()).then(|| page.contrast.get(x, y))
    });
    let bottom = times.top.saturating_sub(tick_end.unwrap_or(2));
    let centers: Vec<f64> = column.labels.iter().map(|label| label.area.center_y()).collect();
    let tick_end = inner_end_of_ticks(&centers, page.width() / 25 + 3, column.letter_height(), |y, depth| {
        let x = levels.right + depth;
        (x < page.width() && y < page.height()).then(|| page.contrast.get(x, y))
    });
    let left = (levels.right + tick_end.unwrap_or(2)).min(page.width() - 1);
    let one = column.calibration.pixel_at(1.0).max(0.0) as usize;
    let top = levels.top.min(one.saturating_sub(column.letter_height() as usize / 2));
    let right = right_end(page, row, (top, bottom)).min(wall).max(left + 1);
    AxisPair {
        horizontal: InkLine { from: left, to: right, first: bottom, last: bottom },
        vertical: InkLine { from: top, to: bottom, first: left, last: left },
    }
}

/// Where the plot ends: at the first gutter without ink after the last label, at most one label distance on.
fn right_end(page: &InkPage, row: &Scale, (top, bottom): (usize, usize)) -> usize {
    let last = row.labels.last().map_or(0.0, |label| label.area.center_x());
    let gutter = (page.width() / 50).max(4);
    let limit = ((last + row.widest_gap(Rect::center_x)) as usize).min(page.width());
    let first = last as usize + 3;
    let mut end = first;
    for x in first..limit {
        let ink = (top..bottom).any(|y| page.is_ink(x, y));
        if ink {
            end = x + 1;
        } else if x >= end + gutter {
            break;
        }
    }
    end.min(page.width())
}

/// How far from the labels the tick marks beside them reach, when most labels have one. `contrast` is asked by
/// the position along the axis and the depth from the labels towards the plot.
fn inner_end_of_ticks(
    centers: &[f64],
    longest: usize,
    letter_height: f64,
    contrast: impl Fn(usize, usize) -> Option<f32>,
) -> Option<usize> {
    let ink = |along: usize, depth: usize| contrast(along, depth).is_some_and(|c| c >= TICK_CONTRAST);
    let farthest = (1.5 * letter_height) as usize + 6;
    let reach = (0.35 * letter_height) as usize + 2;
    let mut ends: Vec<usize> = centers
        .iter()
        .filter_map(|&center| {
            let middle = center as usize;
            (middle.saturating_sub(reach)..=middle + reach)
                .filter_map(|along| {
                    let start = (0..farthest).find(|&depth| ink(along, depth))?;
                    let length = (start..).take_while(|&depth| ink(along, depth)).take(longest + 1).count();
                    (length >= 2 && length <= longest).then_some(start + length)
                })
                .max()
        })
        .collect();
    ends.sort_unstable();
    let middle = *ends.get(ends.len() / 2)?;
    let agreeing = ends.iter().filter(|end| end.abs_diff(middle) <= 1).count();
    (agreeing >= 2 && agreeing * 2 > centers.len()).then_some(middle)
}
