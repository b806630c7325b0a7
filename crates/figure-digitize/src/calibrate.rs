//! Fits the straight line between pixels and axis values to labelled ticks.

use kmeta_trial_data::{AxisCalibration, AxisScale, AxisTick, Origin};

use crate::number::parse_number;

/// A tick with the text that was read beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LabelledTick {
    pub(crate) position: f64,
    pub(crate) text: String,
    pub(crate) confidence: f64,
}

/// Which way values run along increasing pixel coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Times grow to the right.
    Increasing,
    /// Survival falls downwards.
    Decreasing,
}

/// A tick may lie this far from the line and still support it, in pixels. Half a pixel of snapping by the
/// renderer at either end, and a little blur.
pub(crate) const TICK_TOLERANCE_PX: f64 = 1.6;
/// The same where a label's middle stands for a missing tick: digits are not all equally wide.
const LABEL_TOLERANCE_PX: f64 = 3.0;

/// A tick that lies off the line of all others by less is no outlier: renderers snap ticks by half a pixel.
const LEAST_OUTLIER_PX: f64 = 0.9;
/// A tick mark without a label may lie this far from where the next label would be.
const UNLABELLED_TOLERANCE_PX: f64 = 1.2;
/// Labels stand farther apart than this; between closer marks one could not tell which is meant.
const LEAST_STEP_PX: f64 = 10.0;

/// How far a label's middle may lie from the line, in pixels, for letters of a height: the middle of "1" is off
/// that of its room by a fixed share of the letter.
pub(crate) fn label_tolerance(letter_height: f64) -> f64 {
    LABEL_TOLERANCE_PX.max(0.2 * letter_height)
}

/// The line that most labels agree on, or why there is none. Labels that disagree are left out of the fit:
/// neighbours in arithmetic progression are a stronger witness than one reading.
pub(crate) fn calibrate(
    ticks: &[LabelledTick],
    direction: Direction,
    line_px: f64,
    tolerance_px: f64,
) -> Result<AxisCalibration, String> {
    let lost = (direction == Direction::Decreasing).then(|| lost_decimals(ticks)).flatten();
    let value_of = |text: &str| match lost {
        Some(digits) if text.trim().len() == digits => decimal_without_point(text),
        _ => parse_number(text),
    };
    let points: Vec<(usize, f64, f64)> = ticks
        .iter()
        .enumerate()
        .filter_map(|(index, tick)| value_of(&tick.text).map(|value| (index, tick.position, value)))
        .collect();
    if points.len() < 2 {
        let read: Vec<&str> = ticks.iter().map(|tick| tick.text.as_str()).collect();
        return Err(format!(
            "{} ticks, of which {} have a readable number (read: {read:?}); at least two are needed",
            ticks.len(),
            points.len()
        ));
    }
    let lost_points = ticks.iter().enumerate().filter(|_| direction == Direction::Decreasing);
    let bare: Vec<(usize, f64, f64)> = lost_points
        .filter_map(|(index, tick)| bare_decimal(&tick.text).map(|value| (index, tick.position, value)))
        .collect();
    let inliers = largest_agreement(ticks, &[points.as_slice(), &bare].concat(), direction, tolerance_px);
    if inliers.len() < 2 {
        return Err("no two tick labels agree on a scale".to_owned());
    }
    if inliers.len() == 2 && points.len() > 3 {
        return Err(format!("only 2 of {} tick labels agree on a scale", points.len()));
    }
    Ok(fit(ticks, &without_outliers(inliers), direction, line_px))
}

/// The length of labels such as "08" and "06", where there are at least two: a zero begins a number only before a decimal point,
/// here one that was not seen.
fn lost_decimals(ticks: &[LabelledTick]) -> Option<usize> {
    let mut lengths = ticks
        .iter()
        .map(|tick| tick.text.trim())
        .filter(|text| text.len() >= 2 && text.starts_with('0') && decimal_without_point(text).is_some())
        .map(str::len);
    let first = lengths.next()?;
    lengths.any(|length| length == first).then_some(first)
}

/// The value of digits whose first stands before a decimal point that was not seen.
fn decimal_without_point(text: &str) -> Option<f64> {
    let digits = text.trim();
    let value: f64 =
        if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok()? } else { return None };
    Some(value / 10_f64.powi(digits.len() as i32 - 1))
}

/// The value of a label of a survival axis whose decimal point was not seen: ".8" reads as "8" in small print.
fn bare_decimal(text: &str) -> Option<f64> {
    let digits = text.trim();
    let is_short = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let value: f64 = if is_short { digits.parse().ok()? } else { return None };
    (value > 0.0).then(|| value / 10_f64.powi(digits.len() as i32))
}

/// Values of an axis whose label was read. Two pieces of print at one value are one label.
pub(crate) fn read_labels(axis: &AxisCalibration) -> usize {
    let mut values: Vec<f64> =
        axis.ticks.iter().filter(|tick| !tick.label.is_empty()).map(|tick| tick.value).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values.len()
}

/// Tenths of a percent axis' unit, and the fewest labels that show what is printed.
const TENTHS_OF_PERCENT: f64 = 10.0;
const FEWEST_TENTHS: usize = 3;

/// The survival axis whose labels "8", "6", "4" are ".8", ".6", ".4" without their points, which small or turned print loses;
/// nothing where they are not such. An axis of a few percent has the same labels.
pub(crate) fn with_lost_points(axis: &AxisCalibration) -> Option<AxisCalibration> {
    let mut labels = axis.ticks.iter().map(|tick| tick.label.trim()).filter(|label| !label.is_empty());
    let is_tenth =
        |label: &str| label == "10" || (label.len() == 1 && label.bytes().all(|b| b.is_ascii_digit()));
    let are_tenths = axis.scale == AxisScale::Percent
        && labels.clone().count() >= FEWEST_TENTHS
        && labels.all(is_tenth)
        && axis.ticks.iter().all(|tick| tick.value * TENTHS_OF_PERCENT <= 1.0 + 1e-9);
    are_tenths.then(|| {
        let mut tenths = axis.clone();
        tenths.scale = AxisScale::Fraction;
        tenths.intercept *= TENTHS_OF_PERCENT;
        tenths.slope *= TENTHS_OF_PERCENT;
        tenths.covariance.iter_mut().flatten().for_each(|entry| *entry *= TENTHS_OF_PERCENT.powi(2));
        tenths.ticks.iter_mut().for_each(|tick| tick.value *= TENTHS_OF_PERCENT);
        tenths
    })
}

/// Standard deviation of a point that a person clicks, in pixels.
const CLICK_ERROR_PX: f64 = 0.5;

/// The line through points that a person states, or why they make none. Values of a survival axis above 1.5 are taken for
/// percent.
pub(crate) fn calibrate_by_points(
    points: &[(f64, f64)],
    direction: Direction,
    line_px: f64,
) -> Result<AxisCalibration, String> {
    let (scale, unit) = scale_and_unit(points.iter().map(|point| point.1), direction);
    let line =
        Line::through_with_error(points.iter().map(|&(pixel, value)| (pixel, value * unit)), CLICK_ERROR_PX);
    let right_way = match direction {
        Direction::Increasing => line.slope > 0.0,
        Direction::Decreasing => line.slope < 0.0,
    };
    if !line.slope.is_finite() || !line.intercept.is_finite() || !right_way {
        return Err(match direction {
            Direction::Increasing => "the stated points of the time axis do not increase to the right",
            Direction::Decreasing => {
                "the stated points of the survival axis do not increase upwards (rows count downwards)"
            }
        }
        .to_owned());
    }
    let tick = |&(pixel, value): &(f64, f64)| AxisTick {
        pixel,
        value: value * unit,
        label: String::new(),
        confidence: 1.0,
    };
    Ok(line.calibration(scale, points.iter().map(tick).collect(), line_px, Origin::Human))
}

/// The largest set of points that lie on one line through two of them, by summed confidence.
fn largest_agreement(
    ticks: &[LabelledTick],
    points: &[(usize, f64, f64)],
    direction: Direction,
    tolerance_px: f64,
) -> Vec<(usize, f64, f64)> {
    let mut best: (f64, Vec<(usize, f64, f64)>) = (0.0, Vec::new());
    for (i, a) in points.iter().enumerate() {
        for b in &points[i + 1..] {
            let slope = (b.2 - a.2) / (b.1 - a.1);
            let right_way = match direction {
                Direction::Increasing => slope > 0.0,
                Direction::Decreasing => slope < 0.0,
            };
            // One text has one value.
            let same_text = ticks[a.0].text == ticks[b.0].text;
            if !slope.is_finite() || !right_way || same_text {
                continue;
            }
            let agreeing: Vec<_> = points
                .iter()
                .copied()
                .filter(|point| (point.1 - (a.1 + (point.2 - a.2) / slope)).abs() <= tolerance_px)
                .collect();
            let weight: f64 = agreeing.iter().map(|point| 0.5 + ticks[point.0].confidence).sum();
            if weight > best.0 + 1e-9 {
                best = (weight, agreeing);
            }
        }
    }
    best.1
}

/// Leaves out the ticks that lie off the line of the others by far more than those do among themselves: one merged with
/// a curve or the edge of a panel. At least three, and three of five, stay.
fn without_outliers(mut points: Vec<(usize, f64, f64)>) -> Vec<(usize, f64, f64)> {
    let fewest = 3.max(points.len() * 3 / 5);
    while points.len() > fewest && points.len() > 3 {
        let line = Line::through(points.iter().map(|point| (point.1, point.2)));
        let off: Vec<f64> = points.iter().map(|point| line.distance(point.1, point.2)).collect();
        let Some(worst) = (0..off.len()).max_by(|&a, &b| off[a].total_cmp(&off[b])) else { break };
        let rest = points.iter().enumerate().filter(|(index, _)| *index != worst);
        let others = Line::through(rest.clone().map(|(_, point)| (point.1, point.2)));
        let scatter = rest.map(|(_, point)| others.distance(point.1, point.2)).fold(0.0, f64::max);
        if others.distance(points[worst].1, points[worst].2) <= (3.0 * scatter).max(LEAST_OUTLIER_PX) {
            break;
        }
        points.remove(worst);
    }
    points
}

/// Least squares line of values over pixels.
struct Line {
    intercept: f64,
    slope: f64,
    covariance: [[f64; 2]; 2],
    residual_px: f64,
}

impl Line {
    /// The line through ticks. Two ticks fit any line: a renderer's half-pixel snapping (uniform, SD 0.29) is the least
    /// uncertainty.
    fn through(points: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        Self::through_with_error(points, 0.29)
    }

    /// The line through points whose pixels are known no better than `least_error`.
    fn through_with_error(points: impl Iterator<Item = (f64, f64)> + Clone, least_error: f64) -> Self {
        let count = points.clone().count() as f64;
        let mean_pixel = points.clone().map(|point| point.0).sum::<f64>() / count;
        let mean_value = points.clone().map(|point| point.1).sum::<f64>() / count;
        let spread: f64 = points.clone().map(|point| (point.0 - mean_pixel).powi(2)).sum();
        let slope =
            points.clone().map(|point| (point.0 - mean_pixel) * (point.1 - mean_value)).sum::<f64>() / spread;
        let intercept = mean_value - slope * mean_pixel;
        let residual_squares: f64 =
            points.map(|point| (point.0 - (point.1 - intercept) / slope).powi(2)).sum();
        let sigma_px = (residual_squares / (count - 2.0).max(1.0)).sqrt().max(least_error);
        let variance = (sigma_px * slope).powi(2);
        let slope_variance = variance / spread;
        Self {
            intercept,
            slope,
            covariance: [
                [variance / count + mean_pixel.powi(2) * slope_variance, -mean_pixel * slope_variance],
                [-mean_pixel * slope_variance, slope_variance],
            ],
            residual_px: (residual_squares / count).sqrt(),
        }
    }

    /// The axis that this line was fitted to.
    fn calibration(
        self,
        scale: AxisScale,
        ticks: Vec<AxisTick>,
        line_px: f64,
        origin: Origin,
    ) -> AxisCalibration {
        AxisCalibration {
            title: String::new(),
            unit: None,
            scale,
            intercept: self.intercept,
            slope: self.slope,
            covariance: self.covariance,
            residual_px: self.residual_px,
            line_px,
            ticks,
            origin,
        }
    }

    /// Distance in pixels of a tick from the line.
    fn distance(&self, pixel: f64, value: f64) -> f64 {
        (pixel - (value - self.intercept) / self.slope).abs()
    }
}

fn fit(
    ticks: &[LabelledTick],
    inliers: &[(usize, f64, f64)],
    direction: Direction,
    line_px: f64,
) -> AxisCalibration {
    let (scale, unit) = scale_and_unit(inliers.iter().map(|point| point.2), direction);
    let line = Line::through(inliers.iter().map(|point| (point.1, point.2 * unit)));
    let tick = |&(index, pixel, value): &(usize, f64, f64)| AxisTick {
        pixel,
        value: value * unit,
        label: ticks[index].text.clone(),
        confidence: ticks[index].confidence,
    };
    line.calibration(scale, inliers.iter().map(tick).collect(), line_px, Origin::Automatic)
}

/// Fits an axis to the strokes, given by tick and pixel, that lie on one line, when there are at least `fewest`, and moves
/// these ticks there. Gives the values that it is fitted to.
pub(crate) fn refit(axis: &mut AxisCalibration, strokes: &[(usize, f64)], fewest: usize) -> Option<Vec<f64>> {
    let points = strokes.iter().map(|&(index, pixel)| (index, pixel, axis.ticks[index].value)).collect();
    let points = without_outliers(points);
    let line = Line::through(points.iter().map(|point| (point.1, point.2)));
    let agrees = points.iter().all(|point| line.distance(point.1, point.2) <= TICK_TOLERANCE_PX);
    if points.len() < fewest.max(2) || !agrees || line.slope * axis.slope <= 0.0 {
        return None;
    }
    for &(index, pixel, _) in &points {
        axis.ticks[index].pixel = pixel;
    }
    (axis.intercept, axis.slope) = (line.intercept, line.slope);
    (axis.covariance, axis.residual_px) = (line.covariance, line.residual_px);
    Some(points.iter().map(|point| point.2).collect())
}

/// Gives the pixel of a value by the line through points of pixel and value.
pub(crate) fn line_through(points: &[(f64, f64)]) -> impl Fn(f64) -> f64 {
    let line = Line::through(points.iter().copied());
    move |value| (value - line.intercept) / line.slope
}

/// What the numbers of an axis mean, and the factor that makes them times or fractions: a survival axis that reaches
/// above 1.5 is in percent.
fn scale_and_unit(values: impl Iterator<Item = f64>, direction: Direction) -> (AxisScale, f64) {
    let largest = values.fold(f64::MIN, f64::max);
    match direction {
        Direction::Increasing => (AxisScale::Time, 1.0),
        Direction::Decreasing if largest > 1.5 => (AxisScale::Percent, 0.01),
        Direction::Decreasing => (AxisScale::Fraction, 1.0),
    }
}

/// Adds tick marks whose label was not read but that stand where the next label of the same step would be, the nearest
/// to the known ones first, and fits the line again: fewer values are extrapolated.
pub(crate) fn add_unlabelled_ticks(calibration: &mut AxisCalibration, marks: &[f64]) {
    let mut values: Vec<f64> = calibration.ticks.iter().map(|tick| tick.value).collect();
    values.sort_by(f64::total_cmp);
    let step = values.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    let step_px = (step / calibration.slope).abs();
    if calibration.ticks.len() < 3 || !step_px.is_finite() || step_px < LEAST_STEP_PX {
        return;
    }
    let first = values[0];
    let highest = if calibration.scale == AxisScale::Time { f64::INFINITY } else { 1.0 + 1e-9 };
    let mut free: Vec<f64> = marks.to_vec();
    loop {
        let known: Vec<f64> = calibration.ticks.iter().map(|tick| tick.pixel).collect();
        let nearest =
            |mark: f64| known.iter().map(|pixel| (pixel - mark).abs()).fold(f64::INFINITY, f64::min);
        let next = free
            .iter()
            .copied()
            .filter(|&mark| nearest(mark) >= 0.5 * step_px && nearest(mark) <= 2.5 * step_px)
            .filter_map(|mark| {
                let value = first + ((calibration.value_at(mark) - first) / step).round() * step;
                // Sums of steps must not leave traces such as 0.30000000000000004.
                let value = (value * 1e9).round() / 1e9;
                let fits = (calibration.pixel_at(value) - mark).abs() <= UNLABELLED_TOLERANCE_PX;
                (fits && value >= 0.0 && value <= highest).then_some((mark, value))
            })
            .min_by(|a, b| nearest(a.0).total_cmp(&nearest(b.0)).then(a.0.total_cmp(&b.0)));
        let Some((pixel, value)) = next else { break };
        free.retain(|&mark| mark != pixel);
        calibration.ticks.push(AxisTick { pixel, value, label: String::new(), confidence: 0.0 });
        let line = Line::through(calibration.ticks.iter().map(|tick| (tick.pixel, tick.value)));
        calibration.intercept = line.intercept;
        calibration.slope = line.slope;
        calibration.covariance = line.covariance;
        calibration.residual_px = line.residual_px;
    }
    calibration.ticks.sort_by(|a, b| a.pixel.total_cmp(&b.pixel));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(position: f64, text: &str) -> LabelledTick {
        LabelledTick { position, text: text.to_owned(), confidence: 0.9 }
    }

    #[test]
    fn a_misread_label_is_outvoted() {
        let ticks =
            [tick(10.0, "0"), tick(60.0, "6"), tick(110.0, "72"), tick(160.0, "18"), tick(210.0, "24")];
        let axis = calibrate(&ticks, Direction::Increasing, 0.0, TICK_TOLERANCE_PX).unwrap();
        assert_eq!(axis.ticks.len(), 4);
        assert!((axis.value_at(110.0) - 12.0).abs() < 1e-9);
    }

    #[test]
    fn a_tick_off_the_line_of_the_others_is_left_out() {
        let ticks =
            [tick(11.4, "0"), tick(60.0, "6"), tick(110.0, "12"), tick(160.0, "18"), tick(210.0, "24")];
        let axis = calibrate(&ticks, Direction::Increasing, 0.0, TICK_TOLERANCE_PX).unwrap();
        assert!((axis.pixel_at(0.0) - 10.0).abs() < 1e-6, "{}", axis.pixel_at(0.0));
    }

    #[test]
    fn marks_without_a_label_continue_the_scale() {
        let ticks = [tick(10.0, "0"), tick(60.2, "6"), tick(110.0, "12")];
        let mut axis = calibrate(&ticks, Direction::Increasing, 0.0, TICK_TOLERANCE_PX).unwrap();
        add_unlabelled_ticks(&mut axis, &[10.0, 35.0, 60.2, 110.0, 160.0, 209.9, 240.0]);
        let values: Vec<f64> = axis.ticks.iter().map(|tick| tick.value).collect();
        assert_eq!(values, [0.0, 6.0, 12.0, 18.0, 24.0]);
        assert_eq!(axis.ticks[4].label, "");
    }

    #[test]
    fn percentages_become_fractions() {
        let ticks = [tick(10.0, "100"), tick(60.0, "50"), tick(110.0, "0")];
        let axis = calibrate(&ticks, Direction::Decreasing, 0.0, TICK_TOLERANCE_PX).unwrap();
        assert_eq!(axis.scale, AxisScale::Percent);
        assert!((axis.value_at(35.0) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn a_label_that_lost_its_decimal_point_is_a_fraction() {
        let labels = ["1.0", "8", ".6", ".4", "2", "0"];
        let ticks: Vec<LabelledTick> =
            labels.iter().enumerate().map(|(index, text)| tick(10.0 + 50.0 * index as f64, text)).collect();
        let axis = calibrate(&ticks, Direction::Decreasing, 0.0, TICK_TOLERANCE_PX).unwrap();
        assert_eq!(axis.ticks.len(), 6);
        assert!((axis.value_at(60.0) - 0.8).abs() < 1e-9);
    }

    #[test]
    fn two_pieces_of_print_at_one_value_are_one_label() {
        let ticks = [tick(10.0, "0"), tick(110.0, "1"), tick(110.0, "1")];
        let axis = calibrate(&ticks, Direction::Increasing, 0.0, TICK_TOLERANCE_PX).unwrap();
        assert_eq!(read_labels(&axis), 2);
    }

    #[test]
    fn tenths_that_lost_their_points_are_no_percent() {
        let axis_of = |labels: [&str; 4]| {
            let at = |(index, text): (usize, &&str)| tick(10.0 + 50.0 * index as f64, text);
            let ticks: Vec<LabelledTick> = labels.iter().enumerate().map(at).collect();
            calibrate(&ticks, Direction::Decreasing, 0.0, TICK_TOLERANCE_PX).unwrap()
        };
        let tenths = with_lost_points(&axis_of(["8", "6", "4", "2"])).unwrap();
        assert!((tenths.value_at(60.0) - 0.6).abs() < 1e-9 && tenths.scale == AxisScale::Fraction);
        assert_eq!(with_lost_points(&axis_of(["40", "30", "20", "10"])), None);
        assert_eq!(with_lost_points(&axis_of(["8%", "6%", "4%", "2%"])), None);
    }

    #[test]
    fn labels_that_begin_with_zero_have_lost_their_decimal_point() {
        let labels = ["10", "08", "06", "04", "02", "00"];
        let ticks: Vec<LabelledTick> =
            labels.iter().enumerate().map(|(index, text)| tick(10.0 + 50.0 * index as f64, text)).collect();
        let axis = calibrate(&ticks, Direction::Decreasing, 0.0, TICK_TOLERANCE_PX).unwrap();
        assert_eq!((axis.ticks.len(), axis.scale), (6, AxisScale::Fraction));
        assert!((axis.value_at(60.0) - 0.8).abs() < 1e-9);
    }

    #[test]
    fn unreadable_labels_are_an_error() {
        assert!(
            calibrate(&[tick(1.0, "x"), tick(9.0, "y")], Direction::Increasing, 0.0, TICK_TOLERANCE_PX)
                .is_err()
        );
    }
}
