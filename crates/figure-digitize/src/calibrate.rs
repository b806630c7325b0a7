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
    let points: Vec<(usize, f64, f64)> = ticks
        .iter()
        .enumerate()
        .filter_map(|(index, tick)| parse_number(&tick.text).map(|value| (index, tick.position, value)))
        .collect();
    if points.len() < 2 {
        let read: Vec<&str> = ticks.iter().map(|tick| tick.text.as_str()).collect();
        return Err(format!(
            "{} ticks, of which {} have a readable number (read: {read:?}); at least two are needed",
            ticks.len(),
            points.len()
        ));
    }
    let inliers = largest_agreement(ticks, &points, direction, tolerance_px);
    if inliers.len() < 2 {
        return Err("no two tick labels agree on a scale".to_owned());
    }
    if inliers.len() == 2 && points.len() > 3 {
        return Err(format!("only 2 of {} tick labels agree on a scale", points.len()));
    }
    Ok(fit(ticks, &inliers, direction, line_px))
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
            if !slope.is_finite() || !right_way {
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

fn fit(
    ticks: &[LabelledTick],
    inliers: &[(usize, f64, f64)],
    direction: Direction,
    line_px: f64,
) -> AxisCalibration {
    let count = inliers.len() as f64;
    let mean_pixel = inliers.iter().map(|point| point.1).sum::<f64>() / count;
    let largest = inliers.iter().map(|point| point.2).fold(f64::MIN, f64::max);
    let scale = match direction {
        Direction::Increasing => AxisScale::Time,
        Direction::Decreasing if largest > 1.5 => AxisScale::Percent,
        Direction::Decreasing => AxisScale::Fraction,
    };
    let unit = if scale == AxisScale::Percent { 0.01 } else { 1.0 };
    let mean_value = inliers.iter().map(|point| point.2 * unit).sum::<f64>() / count;
    let spread: f64 = inliers.iter().map(|point| (point.1 - mean_pixel).powi(2)).sum();
    let slope =
        inliers.iter().map(|point| (point.1 - mean_pixel) * (point.2 * unit - mean_value)).sum::<f64>()
            / spread;
    let intercept = mean_value - slope * mean_pixel;
    let residual_squares: f64 =
        inliers.iter().map(|point| (point.1 - (point.2 * unit - intercept) / slope).powi(2)).sum();
    let residual_px = (residual_squares / count).sqrt();
    // Two ticks fit any line: a renderer's half-pixel snapping (uniform, SD 0.29) is the least uncertainty.
    let sigma_px = (residual_squares / (count - 2.0).max(1.0)).sqrt().max(0.29);
    let variance = (sigma_px * slope).powi(2);
    let slope_variance = variance / spread;
    AxisCalibration {
        title: String::new(),
        unit: None,
        scale,
        intercept,
        slope,
        covariance: [
            [variance / count + mean_pixel.powi(2) * slope_variance, -mean_pixel * slope_variance],
            [-mean_pixel * slope_variance, slope_variance],
        ],
        residual_px,
        line_px,
        ticks: inliers
            .iter()
            .map(|&(index, pixel, value)| AxisTick {
                pixel,
                value: value * unit,
                label: ticks[index].text.clone(),
                confidence: ticks[index].confidence,
            })
            .collect(),
        origin: Origin::Automatic,
    }
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
    fn percentages_become_fractions() {
        let ticks = [tick(10.0, "100"), tick(60.0, "50"), tick(110.0, "0")];
        let axis = calibrate(&ticks, Direction::Decreasing, 0.0, TICK_TOLERANCE_PX).unwrap();
        assert_eq!(axis.scale, AxisScale::Percent);
        assert!((axis.value_at(35.0) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn unreadable_labels_are_an_error() {
        assert!(
            calibrate(&[tick(1.0, "x"), tick(9.0, "y")], Direction::Increasing, 0.0, TICK_TOLERANCE_PX)
                .is_err()
        );
    }
}
