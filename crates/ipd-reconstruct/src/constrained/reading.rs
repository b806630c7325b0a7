//! What reading a figure leaves open, as draws of how it might have been read.

use kmeta_numerics::streams::{random_stream, standard_normal, uniform};
use rand_chacha::ChaCha8Rng;

use super::evidence::{Evidence, PrintedLevel};

/// The calibration of an axis: `value = intercept + slope · pixel`, with the covariance of `[intercept, slope]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AxisReading {
    /// Value at pixel 0.
    pub intercept: f64,
    /// Value per pixel.
    pub slope: f64,
    /// Covariance of both, from the fit to the tick marks.
    pub covariance: [[f64; 2]; 2],
}

impl AxisReading {
    /// An axis without error: that of a figure read from paths, or of typed coordinates.
    pub fn exact() -> Self {
        Self { intercept: 0.0, slope: 1.0, covariance: [[0.0; 2]; 2] }
    }

    /// The same axis with values multiplied by `factor`, for another unit.
    #[must_use]
    pub fn with_values_scaled(self, factor: f64) -> Self {
        let square = factor * factor;
        Self {
            intercept: factor * self.intercept,
            slope: factor * self.slope,
            covariance: self.covariance.map(|row| row.map(|value| square * value)),
        }
    }

    /// Standard deviation of the axis at a value.
    fn error_at(&self, value: f64) -> f64 {
        let pixel = (value - self.intercept) / self.slope;
        let [[of_intercept, both], [_, of_slope]] = self.covariance;
        let variance = of_intercept + 2.0 * pixel * both + pixel * pixel * of_slope;
        if variance.is_finite() { variance.max(0.0).sqrt() } else { 0.0 }
    }

    /// One draw of the error of intercept and slope, from their covariance by its Cholesky factor.
    fn draw(&self, stream: &mut ChaCha8Rng) -> AxisDraw {
        let (one, two) = (normal(stream), normal(stream));
        let [[of_intercept, both], [_, of_slope]] = self.covariance;
        let spread = of_intercept.max(0.0).sqrt();
        let common = if spread > 0.0 { both / spread } else { 0.0 };
        let own = (of_slope - common * common).max(0.0).sqrt();
        AxisDraw { axis: *self, intercept: spread * one, slope: common * one + own * two }
    }
}

/// The calibration of a figure's panel, which all of its curves share.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelReading {
    /// Name of the figure; its draws depend on it.
    pub figure: String,
    /// The time axis, in the unit of the reconstruction.
    pub time_axis: AxisReading,
    /// The survival axis, fractions.
    pub survival_axis: AxisReading,
}

impl PanelReading {
    /// Standard deviations of a level half-way up the survival axis and of a time half-way to `end`, of their own
    /// errors and those of the axes together.
    pub(super) fn errors(&self, arm: ArmReading, end: f64) -> (f64, f64) {
        (
            arm.survival.hypot(self.survival_axis.error_at(0.5)),
            arm.time.hypot(self.time_axis.error_at(0.5 * end)),
        )
    }

    /// The axes of draw `index`.
    pub(super) fn drawn(&self, seed: u64, index: u32) -> AxesDraw {
        let mut stream = random_stream(seed, &format!("calibration {index} of {}", self.figure));
        AxesDraw { time: self.time_axis.draw(&mut stream), survival: self.survival_axis.draw(&mut stream) }
    }
}

/// How precisely the points of one curve were read.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ArmReading {
    /// Standard deviation of a level, a fraction.
    pub survival: f64,
    /// Standard deviation of a drop's time, in the unit of the reconstruction.
    pub time: f64,
}

/// A drawn error of one axis.
#[derive(Debug, Clone, Copy)]
struct AxisDraw {
    axis: AxisReading,
    intercept: f64,
    slope: f64,
}

impl AxisDraw {
    /// What the axis would have said where it says `value`.
    fn moved(&self, value: f64) -> f64 {
        let pixel = (value - self.axis.intercept) / self.axis.slope;
        let moved = value + self.intercept + self.slope * pixel;
        if moved.is_finite() { moved } else { value }
    }
}

/// Drawn errors of both axes.
#[derive(Debug, Clone, Copy)]
pub(super) struct AxesDraw {
    time: AxisDraw,
    survival: AxisDraw,
}

impl AxesDraw {
    /// The time that the drawn axis says where the first reading said `time`.
    pub(super) fn time_at(&self, time: f64) -> f64 {
        self.time.moved(time)
    }
}

/// Two drops are told apart by at least this share of follow-up.
const TOLD_APART: f64 = 1e-9;

/// The evidence as read with other axes and other errors of its points. Levels still fall and times still increase; a
/// level of 0 is that of the axis itself, which every calibration knows.
pub(super) fn read_again(
    evidence: &Evidence,
    axes: &AxesDraw,
    arm: ArmReading,
    stream: &mut ChaCha8Rng,
) -> Evidence {
    let mut moved = evidence.clone();
    let (mut above, mut before) = (1.0_f64, 0.0_f64);
    for drop in &mut moved.drops {
        let (level, time) = (normal(stream), normal(stream));
        if drop.survival > 0.0 {
            let read = axes.survival.moved(drop.survival) + arm.survival * level;
            drop.survival = read.clamp(f64::MIN_POSITIVE, 1.0);
        }
        drop.survival = drop.survival.min(above);
        above = drop.survival;
        let read = axes.time.moved(drop.time) + arm.time * time;
        drop.time = read.max(before + TOLD_APART * evidence.end);
        before = drop.time;
    }
    let last_column = evidence.columns.last().map_or(0.0, |column| column.time);
    let end = axes.time.moved(evidence.end) + arm.time * normal(stream);
    moved.end = end.max(before).max(last_column);
    for mark in &mut moved.marks {
        *mark = (axes.time.moved(*mark) + arm.time * normal(stream)).max(0.0);
    }
    moved.marks.retain(|&mark| mark < moved.end);
    moved.marks.sort_by(f64::total_cmp);
    for printed in &mut moved.printed {
        let rounding = 2.0 * uniform(stream) - 1.0;
        match printed {
            PrintedLevel::Survival { survival, half_width, .. } => {
                *survival = (*survival + rounding * *half_width).clamp(0.0, 1.0);
            }
            PrintedLevel::Crossing { from, to: Some(to), .. } => {
                let shift = rounding * 0.5 * (*to - *from);
                *from += shift;
                *to += shift;
            }
            PrintedLevel::Crossing { to: None, .. } => {}
        }
    }
    moved
}

/// A standard normal draw. The uniform draw behind it is never 0 or 1, where the quantile does not exist.
fn normal(stream: &mut ChaCha8Rng) -> f64 {
    standard_normal(stream).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The covariance of many draws is that of the calibration.
    #[test]
    fn calibrations_are_drawn_with_their_covariance() {
        let covariance = [[4.0, -0.03], [-0.03, 0.0004]];
        let axis = AxisReading { intercept: 1.0, slope: 0.1, covariance };
        let mut stream = random_stream(1, "test");
        let draws: Vec<AxisDraw> = (0..20_000).map(|_| axis.draw(&mut stream)).collect();
        let mean = |of: &dyn Fn(&AxisDraw) -> f64| draws.iter().map(of).sum::<f64>() / draws.len() as f64;
        assert!((mean(&|draw| draw.intercept * draw.intercept) / covariance[0][0] - 1.0).abs() < 0.05);
        assert!((mean(&|draw| draw.slope * draw.slope) / covariance[1][1] - 1.0).abs() < 0.05);
        assert!((mean(&|draw| draw.intercept * draw.slope) / covariance[0][1] - 1.0).abs() < 0.05);
        // Values at pixels 0 and 10 are 1 and 2; the variance there follows from the covariance.
        let at_ten = mean(&|draw| (draw.moved(2.0) - 2.0).powi(2));
        let expected = 4.0 + 100.0 * 0.0004 + 20.0 * -0.03;
        assert!((at_ten / expected - 1.0).abs() < 0.05, "{at_ten} against {expected}");
    }

    #[test]
    fn axes_without_error_move_nothing() {
        let figure = PanelReading {
            figure: "figure".to_owned(),
            time_axis: AxisReading::exact(),
            survival_axis: AxisReading::exact(),
        };
        let axes = figure.drawn(1, 3);
        assert_eq!((axes.time.moved(3.5), axes.survival.moved(0.25)), (3.5, 0.25));
    }
}
