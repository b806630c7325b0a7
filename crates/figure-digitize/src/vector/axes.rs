//! Finds the axes of each panel: rows and columns of printed numbers with the tick marks beside them.

use std::collections::HashSet;

use kmeta_figure_source::vector::Bounds;
use kmeta_trial_data::{AxisCalibration, AxisScale};

use super::lines::Straight;
use super::text::{TextDirection, TextRun};
use crate::calibrate::{Direction, LabelledTick, calibrate};
use crate::number::parse_number;

/// Most numbers that stand in one column or row: more are a table or a hostile file, and no axis.
const MOST_ALIGNED: usize = 300;

/// Most lines that are tried for the tick marks of an axis.
const MOST_MARKS: usize = 5000;

/// Labels of one axis stand on a line, or end or begin on one, within this share of the font's height.
const ALIGNED: f64 = 0.25;
/// Middles of labels lie this near to a straight scale, as a share of the font's height.
const EVEN: f64 = 0.45;
/// A tick mark stands at most this far from the middle of its label, in heights of the font.
const TICK_REACH: f64 = 0.5;
/// Ticks lie this near to the scale, in pixels.
const TICK_TOLERANCE_PX: f64 = 0.75;
/// Standard deviation of a tick of a path, in pixels: files hold hundredths of a point.
const TICK_SIGMA_PX: f64 = 0.01;
/// The same where the middle of a label stands for a missing tick.
const LABEL_SIGMA_PX: f64 = 0.5;

/// One axis with the area that its labels take.
#[derive(Debug, Clone)]
pub(crate) struct FoundAxis {
    pub(crate) calibration: AxisCalibration,
    /// Around the labels.
    pub(crate) labels: Bounds,
    /// Height of the labels' font.
    pub(crate) size: f64,
    /// Whether tick marks or grid lines were found, rather than labels alone.
    pub(crate) has_marks: bool,
}

/// Both axes of a panel.
#[derive(Debug, Clone)]
pub(crate) struct FoundAxes {
    pub(crate) x: FoundAxis,
    pub(crate) y: FoundAxis,
    /// The plot: from axis line to the farthest tick or end of an axis line.
    pub(crate) area: Bounds,
    /// Plots within the plot, with their labels.
    pub(crate) insets: Vec<Bounds>,
}

/// A number as printed.
#[derive(Debug, Clone)]
struct PrintedNumber<'t> {
    run: &'t TextRun,
    value: f64,
}

/// Labels that make a scale.
struct Scale<'t> {
    numbers: Vec<PrintedNumber<'t>>,
}

impl Scale<'_> {
    fn bounds(&self) -> Bounds {
        self.numbers.iter().map(|number| number.run.bounds).reduce(|a, b| a.union(&b)).unwrap_or(Bounds {
            left: 0.0,
            top: 0.0,
            right: 0.0,
            bottom: 0.0,
        })
    }

    fn size(&self) -> f64 {
        self.numbers.iter().map(|number| number.run.size).fold(0.0, f64::max)
    }
}

/// All pairs of axes of the page whose upright axis can be one of survival.
pub(crate) fn find_axes(words: &[TextRun], level: &[Straight], upright: &[Straight]) -> Vec<FoundAxes> {
    let numbers: Vec<PrintedNumber<'_>> = words
        .iter()
        .filter(|run| run.visible)
        .filter_map(|run| parse_number(&run.text).map(|value| PrintedNumber { run, value }))
        .collect();
    let columns = survival_scales(&numbers);
    let rows = time_scales(&numbers);
    let (mut found, mut sharing): (Vec<FoundAxes>, Vec<FoundAxes>) = (Vec::new(), Vec::new());
    for column in &columns {
        let Some((y, row)) = [Side::Left, Side::Right].into_iter().find_map(|side| {
            let y = survival_axis(column, level, side)?;
            row_of(column, &y, &rows, side).map(|row| (y, row))
        }) else {
            continue;
        };
        let Some(own) = axes_of(row, y, level, upright) else { continue };
        sharing.extend(rows.iter().filter_map(|other| sharing_axes(&own, row, other, level, upright)));
        found.push(own);
    }
    // Two columns of numbers may flank one plot: the left one stays.
    let mut kept: Vec<FoundAxes> = Vec::new();
    found.sort_by(|a, b| a.y.labels.left.total_cmp(&b.y.labels.left));
    // A panel with labels of its own shares none.
    for axes in found.into_iter().chain(sharing) {
        match kept.iter_mut().find(|other| shared(&other.area, &axes.area) >= 0.5) {
            None => kept.push(axes),
            // A small plot within a plot shows part of it again.
            Some(other) if other.area.width() >= 1.5 * axes.area.width() => {
                other.insets.push(axes.area.union(&axes.x.labels).union(&axes.y.labels));
            }
            Some(_) => {}
        }
    }
    // Columns of a table may look like labels; beside axes with tick marks they are none.
    let has_marks = |axes: &FoundAxes| axes.x.has_marks || axes.y.has_marks;
    if kept.iter().any(has_marks) {
        kept.retain(has_marks);
    }
    // In reading order: rows of panels from the top, each from the left.
    let height = kept.iter().map(|axes| axes.area.height()).fold(1.0, f64::max);
    kept.sort_by(|a, b| {
        let row = |axes: &FoundAxes| (axes.area.top / (0.5 * height)).round();
        row(a).total_cmp(&row(b)).then(a.area.left.total_cmp(&b.area.left))
    });
    kept
}

/// Share of the smaller rectangle that both have in common.
fn shared(a: &Bounds, b: &Bounds) -> f64 {
    let common = a.intersection(b);
    let area = |bounds: &Bounds| bounds.width() * bounds.height();
    area(&common) / area(a).min(area(b)).max(1e-9)
}

/// Columns of numbers from 0 to 1 or 0 to 100 that fall downwards evenly.
fn survival_scales<'t>(numbers: &[PrintedNumber<'t>]) -> Vec<Scale<'t>> {
    let plausible: Vec<&PrintedNumber<'t>> =
        numbers.iter().filter(|number| (-1e-9..=100.0 + 1e-9).contains(&number.value)).collect();
    let mut scales: Vec<Scale<'t>> = Vec::new();
    // How many numbers has the scale that each is part of.
    let mut used: Vec<usize> = vec![0; plausible.len()];
    for (index, anchor) in plausible.iter().enumerate() {
        if used[index] > 0 {
            continue;
        }
        let edges: [fn(&TextRun) -> f64; 3] =
            [|run| run.bounds.right, |run| run.bounds.center_x(), |run| run.bounds.left];
        let best = edges
            .iter()
            .map(|edge| {
                let aligned: Vec<usize> = (0..plausible.len())
                    .filter(|&other| {
                        let run = plausible[other].run;
                        run.direction == anchor.run.direction
                            && (run.size - anchor.run.size).abs() <= 0.15 * anchor.run.size
                            && (edge(run) - edge(anchor.run)).abs() <= ALIGNED * anchor.run.size
                    })
                    .collect();
                if aligned.len() > MOST_ALIGNED { Vec::new() } else { even_runs(&plausible, aligned, index) }
            })
            .max_by_key(Vec::len)
            .unwrap_or_default();
        // A number of a table below may line up with one label of a longer column.
        let is_part_of_longer = best.iter().any(|&member| used[member] > best.len());
        if !is_part_of_longer
            && is_survival_scale(&best.iter().map(|&i| plausible[i].value).collect::<Vec<f64>>())
        {
            for &member in &best {
                used[member] = best.len();
            }
            scales.push(Scale { numbers: best.iter().map(|&i| plausible[i].clone()).collect() });
        }
    }
    scales
}

/// Values that a survival axis can have: fractions up to 1 or percentages up to 100, in even steps.
fn is_survival_scale(values: &[f64]) -> bool {
    if values.len() < 2 {
        return false;
    }
    let largest = values.iter().copied().fold(f64::MIN, f64::max);
    let smallest = values.iter().copied().fold(f64::MAX, f64::min);
    let fractions =
        (0.05..=1.0 + 1e-9).contains(&largest) && (values.len() >= 3 || largest - smallest >= 0.5);
    let percents = (5.0..=100.0).contains(&largest) && values.len() >= 3 && largest - smallest >= 4.0;
    fractions || percents
}

/// Of aligned numbers the largest set around `anchor` whose values fall evenly downwards.
fn even_runs(numbers: &[&PrintedNumber<'_>], aligned: Vec<usize>, anchor: usize) -> Vec<usize> {
    let first = numbers[anchor];
    let mut best: Vec<usize> = Vec::new();
    for &other in aligned.iter().filter(|&&other| other != anchor) {
        let second = numbers[other];
        let slope = (second.value - first.value) / (second.run.center_y() - first.run.center_y());
        if !slope.is_finite() || slope >= 0.0 {
            continue;
        }
        let fits: Vec<usize> = aligned
            .iter()
            .copied()
            .filter(|&index| {
                let expected = first.run.center_y() + (numbers[index].value - first.value) / slope;
                (numbers[index].run.center_y() - expected).abs() <= EVEN * first.run.size
            })
            .collect();
        if fits.len() > best.len() {
            best = fits;
        }
    }
    best.sort_by(|&a, &b| numbers[a].run.center_y().total_cmp(&numbers[b].run.center_y()));
    best.dedup_by(|a, b| {
        (numbers[*a].run.center_y() - numbers[*b].run.center_y()).abs() < 0.3 * first.run.size
    });
    best
}

/// The row of a text that labels of one axis have in common.
type RowOf = fn(&TextRun) -> f64;

/// Rows of numbers that grow evenly to the right: level ones on one base line, or ones that run up or down and end at, or
/// are centred on, one row.
fn time_scales<'t>(numbers: &[PrintedNumber<'t>]) -> Vec<Scale<'t>> {
    let lines: [(&[TextDirection], RowOf); 4] = [
        (&[TextDirection::Right], |run| run.baseline),
        (&[TextDirection::Up, TextDirection::Down], |run| run.bounds.top),
        (&[TextDirection::Up, TextDirection::Down], |run| run.bounds.center_y()),
        (&[TextDirection::Up, TextDirection::Down], |run| run.bounds.bottom),
    ];
    let mut scales = Vec::new();
    for (directions, row) in lines {
        let before = scales.len();
        let mut aligned: Vec<&PrintedNumber<'t>> = numbers
            .iter()
            .filter(|number| directions.contains(&number.run.direction) && number.value >= -1e-9)
            .collect();
        aligned.sort_by(|a, b| row(a.run).total_cmp(&row(b.run)));
        let mut line: Vec<&PrintedNumber<'t>> = Vec::new();
        for number in aligned {
            if line.last().is_some_and(|last| row(number.run) - row(last.run) > ALIGNED * last.run.size) {
                even_rows(std::mem::take(&mut line), &mut scales);
            }
            line.push(number);
        }
        even_rows(line, &mut scales);
        // The first way of alignment that gives scales is that of the page.
        if before < scales.len() && before > 0 {
            break;
        }
    }
    scales
}

/// Splits one line of numbers into the scales on it: side-by-side panels have theirs on one line.
fn even_rows<'t>(mut line: Vec<&PrintedNumber<'t>>, scales: &mut Vec<Scale<'t>>) {
    line.sort_by(|a, b| a.run.center_x().total_cmp(&b.run.center_x()));
    while (3..=MOST_ALIGNED).contains(&line.len()) {
        let mut best: Vec<usize> = Vec::new();
        for first in 0..line.len() {
            for second in first + 1..line.len().min(first + 4) {
                let (a, b) = (line[first], line[second]);
                let slope = (b.value - a.value) / (b.run.center_x() - a.run.center_x());
                if !(slope.is_finite() && slope > 0.0) {
                    continue;
                }
                let fits: Vec<usize> = (0..line.len())
                    .filter(|&index| {
                        let expected = a.run.center_x() + (line[index].value - a.value) / slope;
                        (line[index].run.center_x() - expected).abs() <= EVEN * a.run.size
                            && (line[index].run.size - a.run.size).abs() <= 0.15 * a.run.size
                    })
                    .collect();
                if fits.len() > best.len() {
                    best = fits;
                }
            }
        }
        if best.len() < 3 {
            return;
        }
        scales.push(Scale { numbers: best.iter().map(|&index| line[index].clone()).collect() });
        let mut index = 0;
        line.retain(|_| {
            index += 1;
            !best.contains(&(index - 1))
        });
    }
}

/// On which side of its plot a survival axis stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// The row of times that belongs to a survival axis: the nearest below its lowest label that reaches to the plot's side.
fn row_of<'s, 't>(
    column: &Scale<'t>,
    y: &FoundAxis,
    rows: &'s [Scale<'t>],
    side: Side,
) -> Option<&'s Scale<'t>> {
    let labels = column.bounds();
    let height = labels.height().max(4.0 * y.size);
    let lowest =
        y.calibration.pixel_at(y.calibration.ticks.iter().map(|tick| tick.value).fold(f64::MAX, f64::min));
    let below = |row: &&Scale<'_>| {
        let (bounds, size) = (row.bounds(), row.size());
        let is_below = bounds.top >= lowest - 0.5 * size && bounds.top <= lowest + 0.45 * height;
        // The label next to the survival axis stands near it; without a label at zero it is a step away.
        let step = bounds.width() / (row.numbers.len().max(2) - 1) as f64;
        let nearest = (0.5 * bounds.width()).max(1.3 * step);
        let beside = match side {
            Side::Left => {
                bounds.right > labels.right + 4.0 * size
                    && bounds.left >= labels.left - size
                    && bounds.left - labels.right <= nearest
            }
            Side::Right => {
                bounds.left < labels.left - 4.0 * size
                    && bounds.right <= labels.right + size
                    && labels.left - bounds.right <= nearest
            }
        };
        is_below && beside
    };
    rows.iter().filter(below).min_by(|a, b| a.bounds().top.total_cmp(&b.bounds().top))
}

/// Both axes of a plot, if it is wider and higher than a few letters.
fn axes_of(row: &Scale<'_>, y: FoundAxis, level: &[Straight], upright: &[Straight]) -> Option<FoundAxes> {
    let x = time_axis(row, upright, &y)?;
    let area = plot_area(&x, &y, level, upright);
    (area.width() >= 6.0 * x.size && area.height() >= 6.0 * y.size).then(|| finished(x, y, area))
}

/// The axes of a panel beside another whose survival axis it shares: its times stand on the same line, right of the other's,
/// and its tick marks where the other's do.
fn sharing_axes(
    own: &FoundAxes,
    row: &Scale<'_>,
    other: &Scale<'_>,
    level: &[Straight],
    upright: &[Straight],
) -> Option<FoundAxes> {
    let (bounds, theirs) = (row.bounds(), other.bounds());
    let on_line = (bounds.center_y() - theirs.center_y()).abs() <= ALIGNED * row.size();
    if !on_line || theirs.left <= bounds.right || (row.size() - other.size()).abs() > 0.15 * row.size() {
        return None;
    }
    let mut y = own.y.clone();
    // Its labels are far away: none stand between its edge and the other plot.
    y.labels.left = own.area.right + 0.5;
    y.labels.right = y.labels.left;
    let shared = axes_of(other, y, level, upright)?;
    let alike = shared.x.has_marks == own.x.has_marks
        && (shared.area.bottom - own.area.bottom).abs() <= 1.0
        && (shared.area.top - own.area.top).abs() <= 1.0;
    alike.then_some(shared)
}

fn survival_axis(column: &Scale<'_>, level: &[Straight], side: Side) -> Option<FoundAxis> {
    let labels = column.bounds();
    let positions: Vec<f64> = column.numbers.iter().map(|number| number.run.center_y()).collect();
    let size = column.size();
    let near = |line: &&Straight| match side {
        Side::Left => line.to >= labels.right - 0.2 * size && line.from <= labels.right + 4.0 * size,
        Side::Right => line.from <= labels.left + 0.2 * size && line.to >= labels.left - 4.0 * size,
    };
    let lines: Vec<Straight> = level.iter().filter(near).copied().collect();
    let marks = marks_at(&positions, &lines, column.size());
    axis_of(column, positions, marks, Direction::Decreasing, labels)
}

fn time_axis(row: &Scale<'_>, upright: &[Straight], y: &FoundAxis) -> Option<FoundAxis> {
    let labels = row.bounds();
    // A slanted label ends at its tick or is centred below it.
    let by_end: Vec<f64> = row.numbers.iter().map(|number| number.run.center_x()).collect();
    let by_middle: Vec<f64> = row.numbers.iter().map(|number| number.run.bounds.center_x()).collect();
    let lowest = y.calibration.ticks.iter().map(|tick| tick.pixel).fold(f64::MIN, f64::max);
    let reach = (labels.top - lowest).max(0.0) + 2.0 * row.size();
    let near = |line: &&Straight| line.to <= labels.top + 0.3 * row.size() && line.to >= labels.top - reach;
    let lines: Vec<Straight> = upright.iter().filter(near).copied().collect();
    let [ended, centred] = [&by_end, &by_middle].map(|places| marks_at(places, &lines, row.size()));
    if mean_distance(&by_middle, &centred) < mean_distance(&by_end, &ended) - 1e-6 {
        axis_of(row, by_middle, centred, Direction::Increasing, labels)
    } else {
        axis_of(row, by_end, ended, Direction::Increasing, labels)
    }
}

/// How far marks stand from their labels on average; infinite without marks.
fn mean_distance(positions: &[f64], marks: &Option<Vec<Option<Straight>>>) -> f64 {
    let Some(marks) = marks else { return f64::INFINITY };
    let distances: Vec<f64> = positions
        .iter()
        .zip(marks)
        .filter_map(|(position, mark)| mark.map(|mark| (mark.at - position).abs()))
        .collect();
    distances.iter().sum::<f64>() / distances.len().max(1) as f64
}

/// A tick mark of each label: of the lines near the labels, those with the same begin and end that stand at most of
/// them. Short ones are preferred: grid lines may be anywhere.
fn marks_at(positions: &[f64], lines: &[Straight], size: f64) -> Option<Vec<Option<Straight>>> {
    let reach = TICK_REACH * size;
    let near_some = |line: &&Straight| positions.iter().any(|position| (line.at - position).abs() <= reach);
    let candidates: Vec<Straight> = lines.iter().filter(near_some).copied().collect();
    let mut best: Option<(usize, f64, Vec<Option<Straight>>)> = None;
    // Marks of one axis have one begin and end: each pair is tried once.
    let mut tried = HashSet::new();
    for model in candidates.iter().take(MOST_MARKS) {
        if !tried.insert([model.from, model.to].map(|end| (end * 20.0).round() as i64)) {
            continue;
        }
        let like =
            |line: &&Straight| (line.from - model.from).abs() <= 0.3 && (line.to - model.to).abs() <= 0.3;
        let chosen: Vec<Option<Straight>> = positions
            .iter()
            .map(|position| {
                candidates
                    .iter()
                    .filter(like)
                    .filter(|line| (line.at - position).abs() <= reach)
                    .min_by(|a, b| (a.at - position).abs().total_cmp(&(b.at - position).abs()))
                    .copied()
            })
            .collect();
        let count = chosen.iter().flatten().count();
        let better = best.as_ref().is_none_or(|(most, length, _)| {
            count > *most || (count == *most && model.length() < *length - 1e-6)
        });
        if better {
            best = Some((count, model.length(), chosen));
        }
    }
    best.filter(|(count, _, _)| *count >= 2 && *count * 2 >= positions.len()).map(|(_, _, chosen)| chosen)
}

fn axis_of(
    scale: &Scale<'_>,
    positions: Vec<f64>,
    marks: Option<Vec<Option<Straight>>>,
    direction: Direction,
    labels: Bounds,
) -> Option<FoundAxis> {
    let has_marks = marks.is_some();
    let places: Vec<Option<f64>> = match &marks {
        Some(marks) => marks.iter().map(|mark| mark.map(|mark| mark.at)).collect(),
        None => positions.iter().copied().map(Some).collect(),
    };
    let ticks: Vec<LabelledTick> = scale
        .numbers
        .iter()
        .zip(&places)
        .filter_map(|(number, place)| {
            place.map(|position| LabelledTick {
                position,
                text: number.run.text.clone(),
                confidence: number.run.confidence,
            })
        })
        .collect();
    let tolerance = if has_marks { TICK_TOLERANCE_PX } else { 0.3 * scale.size() };
    let mut calibration = calibrate(&ticks, direction, 0.0, tolerance).ok()?;
    let sigma = if has_marks { TICK_SIGMA_PX } else { LABEL_SIGMA_PX };
    // `calibrate` allows for the snapping of pixels, which paths do not know.
    let exact = sigma.max(calibration.residual_px) / 0.29_f64.max(calibration.residual_px);
    for row in &mut calibration.covariance {
        for value in row {
            *value *= exact * exact;
        }
    }
    if calibration.scale == AxisScale::Fraction
        && calibration.ticks.iter().any(|tick| tick.value > 1.0 + 1e-9)
    {
        return None;
    }
    let line_px = marks.as_ref().and_then(|marks| marks.iter().flatten().next().copied());
    calibration.line_px =
        line_px.map_or(if direction == Direction::Increasing { labels.top } else { labels.right }, |mark| {
            if direction == Direction::Increasing { mark.from } else { mark.to }
        });
    Some(FoundAxis { calibration, labels, size: scale.size(), has_marks })
}

/// The plot: the ticks, extended to the ends of the axis lines that pass beside them.
fn plot_area(x: &FoundAxis, y: &FoundAxis, level: &[Straight], upright: &[Straight]) -> Bounds {
    let range = |axis: &FoundAxis| {
        let pixels = axis.calibration.ticks.iter().map(|tick| tick.pixel);
        (pixels.clone().fold(f64::MAX, f64::min), pixels.fold(f64::MIN, f64::max))
    };
    let ((left, right), (top, bottom)) = (range(x), range(y));
    let mut area = Bounds { left, top, right, bottom };
    let (width, height) = (area.width(), area.height());
    for line in level.iter().filter(|line| line.length() >= 0.8 * width && line.length() <= 1.6 * width) {
        let beside = line.at >= bottom - 0.05 * height && line.at <= x.labels.top;
        if beside && line.from <= left + 0.1 * width && line.to >= right - 0.1 * width {
            area.left = area.left.min(line.from);
            area.right = area.right.max(line.to);
            area.bottom = area.bottom.max(line.at);
        }
    }
    for line in upright.iter().filter(|line| line.length() >= 0.8 * height && line.length() <= 1.6 * height) {
        let beside = line.at <= left + 0.05 * width && (line.at >= y.labels.right || y.labels.left > right);
        if beside && line.from <= top + 0.1 * height && line.to >= bottom - 0.1 * height {
            area.top = area.top.min(line.from);
            area.bottom = area.bottom.max(line.to);
            area.left = area.left.min(line.at);
        }
    }
    area
}

/// Sets where the axis lines are.
fn finished(mut x: FoundAxis, mut y: FoundAxis, area: Bounds) -> FoundAxes {
    x.calibration.line_px = area.bottom;
    y.calibration.line_px = area.left;
    FoundAxes { x, y, area, insets: Vec::new() }
}
