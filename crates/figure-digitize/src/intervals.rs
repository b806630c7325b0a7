//! Intervals of survival along a curve, from what is known of the reading error of each plateau and drop.
//!
//! The level of a plateau is uncertain by the scatter of the line's centre over its columns, by half a pixel of snapping when
//! the figure was drawn (uniform, SD 0.29 px), and by the calibration of the axis, whose covariance comes from the regression
//! on the ticks. A drop's time is uncertain in the same three ways. The survival at a time near a drop is that of either side
//! of it: the interval spans all plateaus that the drop's time error can bring there. A plateau whose line is hidden all along
//! lies between its seen neighbours, because survival never rises.

use kmeta_trial_data::AxisCalibration;

/// Standard deviation of the half-pixel snapping of renderers, in pixels: 1 / sqrt(12).
pub(crate) const SNAPPING_PX: f64 = 0.29;
/// Half width of a 95 % interval of a level in standard errors. Errors of reading have longer tails than the normal
/// distribution (1.96): lines that touch, compression. Measured on figures with known truth, see docs/accuracy.md.
const LEVEL_ERRORS: f64 = 3.4;
/// The same for times.
const TIME_ERRORS: f64 = 1.5;

/// A corner of a curve as it was measured: the drop at `column` down to `row`. Coordinates of the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Corner {
    pub(crate) time: f64,
    pub(crate) survival: f64,
    pub(crate) column: f64,
    /// Standard error of the column, without snapping and calibration.
    pub(crate) column_error: f64,
    pub(crate) row: f64,
    /// Standard error of the row, without snapping and calibration.
    pub(crate) row_error: f64,
    /// Whether any column shows the line at this level.
    pub(crate) seen: bool,
}

/// The intervals of a curve, one entry per corner.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Intervals {
    pub(crate) lower: Vec<f64>,
    pub(crate) upper: Vec<f64>,
    /// Standard errors of the times.
    pub(crate) time_errors: Vec<f64>,
}

/// The 95 % interval of the survival at each corner. `rounding_px` is the standard deviation of coordinates beside the errors of
/// each corner: [`SNAPPING_PX`] for pixels, that of the digits of a file for paths.
pub(crate) fn intervals(
    corners: &[Corner],
    x: &AxisCalibration,
    y: &AxisCalibration,
    rounding_px: f64,
) -> Intervals {
    let time_errors: Vec<f64> = corners
        .iter()
        .map(|corner| {
            (x.slope * rounding_px.hypot(corner.column_error)).hypot(x.standard_error_at(corner.column))
        })
        .collect();
    let levels = level_intervals(corners, y, rounding_px);
    let (mut lower, mut upper) = (Vec::new(), Vec::new());
    for (index, corner) in corners.iter().enumerate() {
        let reach = |other: usize| TIME_ERRORS * time_errors[index].max(time_errors[other]);
        // Plateaus that may already have begun, and those that may not have ended yet.
        let begun =
            (index + 1..corners.len()).take_while(|&other| corners[other].time <= corner.time + reach(other));
        let lasting = (0..index).rev().take_while(|&other| {
            other + 1 == index || corners[other + 1].time >= corner.time - reach(other + 1)
        });
        lower.push(begun.map(|other| levels[other].0).fold(levels[index].0, f64::min));
        // Time 0 is known: nothing lies before it.
        let before = lasting.map(|other| levels[other].1).fold(levels[index].1, f64::max);
        upper.push(if corner.time <= 0.0 { levels[index].1.max(corner.survival) } else { before });
    }
    Intervals { lower, upper, time_errors }
}

/// The interval of each plateau's own level.
fn level_intervals(corners: &[Corner], y: &AxisCalibration, rounding_px: f64) -> Vec<(f64, f64)> {
    let half = |corner: &Corner| {
        LEVEL_ERRORS * (y.slope * rounding_px.hypot(corner.row_error)).hypot(y.standard_error_at(corner.row))
    };
    let own: Vec<(f64, f64)> = corners
        .iter()
        .map(|corner| ((corner.survival - half(corner)).max(0.0), (corner.survival + half(corner)).min(1.0)))
        .collect();
    (0..corners.len())
        .map(|index| {
            if corners[index].seen {
                return own[index];
            }
            let above = (0..index).rev().find(|&other| corners[other].seen).map_or(1.0, |other| own[other].1);
            let below = (index + 1..corners.len())
                .find(|&other| corners[other].seen)
                .map_or(own[index].0, |other| own[other].0);
            (own[index].0.min(below), own[index].1.max(above))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use kmeta_trial_data::{AxisScale, Origin};

    use super::*;

    /// An axis of `slope` per pixel without any calibration error.
    fn axis(intercept: f64, slope: f64, variance: f64) -> AxisCalibration {
        AxisCalibration {
            title: String::new(),
            unit: None,
            scale: AxisScale::Fraction,
            intercept,
            slope,
            covariance: [[variance, 0.0], [0.0, 0.0]],
            residual_px: 0.0,
            line_px: 0.0,
            ticks: Vec::new(),
            origin: Origin::Automatic,
        }
    }

    fn corner(time: f64, survival: f64, seen: bool) -> Corner {
        Corner {
            time,
            survival,
            column: time * 10.0,
            column_error: 0.1,
            row: (1.0 - survival) * 100.0,
            row_error: 0.1,
            seen,
        }
    }

    #[test]
    fn an_interval_at_a_drop_spans_both_sides() {
        let corners = [corner(0.0, 1.0, true), corner(5.0, 0.8, true), corner(9.0, 0.5, true)];
        let found = intervals(&corners, &axis(0.0, 0.1, 0.0), &axis(1.0, -0.01, 0.0), SNAPPING_PX);
        // A pixel is 0.01 of survival here; a level that is well seen is known within a pixel and a half.
        assert!(found.upper[1] >= 1.0 && found.lower[1] < 0.8 && found.lower[1] > 0.785);
        assert!(found.upper[2] > 0.8 && found.upper[2] < 0.815);
        assert_eq!(found.upper[0], 1.0);
    }

    #[test]
    fn drops_close_together_share_their_interval() {
        let corners = [corner(0.0, 1.0, true), corner(5.0, 0.8, true), corner(5.02, 0.5, true)];
        let found = intervals(&corners, &axis(0.0, 0.1, 0.0), &axis(1.0, -0.01, 0.0), SNAPPING_PX);
        assert!(found.lower[1] < 0.5, "{found:?}");
        assert!(found.upper[2] >= 1.0, "{found:?}");
    }

    #[test]
    fn a_hidden_level_lies_between_its_neighbours() {
        let corners =
            [corner(0.0, 1.0, true), corner(3.0, 0.9, true), corner(5.0, 0.8, false), corner(9.0, 0.5, true)];
        let found = intervals(&corners, &axis(0.0, 0.1, 0.0), &axis(1.0, -0.01, 0.0), SNAPPING_PX);
        assert!(found.lower[2] <= 0.5 && found.upper[2] >= 0.9);
    }

    #[test]
    fn calibration_error_widens_every_interval() {
        let corners = [corner(0.0, 1.0, true), corner(5.0, 0.5, true)];
        let width = |variance: f64| {
            let found = intervals(&corners, &axis(0.0, 0.1, 0.0), &axis(1.0, -0.01, variance), SNAPPING_PX);
            0.5 - found.lower[1]
        };
        assert!(width(1e-4) > 2.0 * width(0.0));
    }
}
