//! How precisely the coordinates of a curve are known.

use super::evidence::Evidence;

/// Largest errors of the curve's coordinates, and how strictly they bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Resolution {
    /// Half-width of the error of a survival level.
    pub(crate) survival: f64,
    /// Half-width of the error of a time.
    pub(crate) time: f64,
    /// Reconstructed levels may miss the read ones by this many half-widths.
    pub(crate) reach: f64,
    /// Whether the error is one of rounding, uniform within the half-width; else it is taken as normal with the
    /// half-width as its standard deviation.
    pub(crate) rounded: bool,
}

/// A half-width of five decimals is finer than the pixels of any figure: coordinates so precise were not read.
pub(crate) const FINER_THAN_PIXELS: f64 = 1e-5;
/// Coordinates that are no round numbers carry the rounding of the computation that made them.
pub(crate) const COMPUTED: f64 = 1e-9;
/// A rounded number is off by half a step and no more. Half as much again is let through at a cost, because a
/// path that keeps within the bounds everywhere may not survive the search.
const ROUNDED_REACH: f64 = 1.5;
/// The density of a rounding error is flat inside; a slight slope keeps paths off the edges, where the next drop
/// may leave them no whole number.
const ROUNDED_INSIDE: f64 = 0.5;
/// Beyond the half-width a rounding error is impossible: at the reach the cost is that of one in fifty.
const ROUNDED_BEYOND: f64 = 16.0;
/// Where the half-width is itself an estimate, an error of twice the size is still believed.
const ESTIMATED_REACH: f64 = 2.0;
/// Of a thousand normal errors one is larger than 3.3 standard deviations, of a hundred thousand one than 4.4.
const LARGEST_DEVIATION: f64 = 4.5;
/// Within three standard deviations lie 997 of a thousand normal errors.
const ALMOST_ALL: f64 = 3.0;
/// A level read to a pixel of an axis of 500, the size of a figure in a journal.
const ASSUMED_SURVIVAL: f64 = 0.001;
/// The same for a time axis of 800 pixels, as a share of follow-up.
const ASSUMED_TIME: f64 = 0.000_625;
/// An axis of a figure has at least this many pixels; a coarser grid is chance.
const PIXELS_OF_AN_AXIS: f64 = 100.0;
/// No axis of a figure has more.
const PIXELS_AT_MOST: f64 = 10_000.0;
/// Levels on a common grid are no coincidence once there are this many.
const LEVELS_FOR_A_GRID: usize = 5;

impl Resolution {
    /// −2 log density, up to a constant, of a level that misses the read one by `off` half-widths.
    pub(crate) fn cost_of_misfit(&self, off: f64) -> f64 {
        let beyond = (off - 1.0).max(0.0);
        if self.rounded { ROUNDED_INSIDE * off * off + ROUNDED_BEYOND * beyond * beyond } else { off * off }
    }

    /// What the caller stated, or none when the coordinates themselves must tell.
    pub(crate) fn stated(survival: Option<f64>, time: Option<f64>, end: f64) -> Option<Self> {
        let survival = survival?;
        Some(Self {
            survival: survival.max(COMPUTED),
            time: time.unwrap_or(if survival < FINER_THAN_PIXELS { 0.0 } else { ASSUMED_TIME * end }),
            reach: ESTIMATED_REACH,
            rounded: false,
        })
    }

    /// Coordinates as they were typed or computed: right to half of their last decimal.
    pub(crate) fn as_written(evidence: &Evidence) -> Self {
        let levels = evidence.drops.iter().map(|drop| drop.survival);
        let survival = (2..=7)
            .find(|&decimals| levels.clone().all(|level| is_multiple(level, 0.1_f64.powi(decimals))))
            .map_or(COMPUTED, |decimals| 0.5 * 0.1_f64.powi(decimals));
        let time = if survival < FINER_THAN_PIXELS { 0.0 } else { time_of_grid(evidence) };
        Self { survival, time, reach: ROUNDED_REACH, rounded: true }
    }

    /// Coordinates snapped to a grid of pixels, when the levels show one.
    pub(crate) fn of_grid(evidence: &Evidence) -> Option<Self> {
        let survival = grid_step(evidence.drops.iter().map(|drop| 1.0 - drop.survival))
            .filter(|step| step * PIXELS_OF_AN_AXIS <= 1.0)?;
        Some(Self {
            survival: 0.5 * survival,
            time: time_of_grid(evidence),
            reach: ROUNDED_REACH,
            rounded: true,
        })
    }

    /// When nothing is known: the reading error of an ordinary figure.
    pub(crate) fn assumed(evidence: &Evidence) -> Self {
        Self {
            survival: ASSUMED_SURVIVAL,
            time: ASSUMED_TIME * evidence.end,
            reach: ESTIMATED_REACH,
            rounded: false,
        }
    }

    /// The same for coordinates that have further normal errors with these standard deviations: none of a figure's
    /// levels may be out of reach.
    pub(crate) fn with_error(self, survival: f64, time: f64) -> Self {
        let half_width = self.survival.max(survival);
        Self {
            survival: half_width,
            time: self.time + ALMOST_ALL * time,
            reach: (self.reach * self.survival + LARGEST_DEVIATION * survival) / half_width,
            ..self
        }
    }

    /// This reading error, and ones of twice, four and eight times its size: a few levels are often read less well
    /// than the others.
    pub(crate) fn and_coarser(self) -> [Self; 4] {
        [1.0, 2.0, 4.0, 8.0].map(|factor| Self {
            survival: factor * self.survival,
            time: factor * self.time,
            ..self
        })
    }
}

/// Half the grid of the times, or of an ordinary figure when they show none.
fn time_of_grid(evidence: &Evidence) -> f64 {
    let times = evidence.drops.iter().map(|drop| drop.time).chain(evidence.marks.iter().copied());
    grid_step(times)
        .filter(|step| step * PIXELS_OF_AN_AXIS <= evidence.end)
        .map_or(ASSUMED_TIME * evidence.end, |step| 0.5 * step)
}

fn is_multiple(value: f64, step: f64) -> bool {
    let ratio = value / step;
    (ratio - ratio.round()).abs() < 1e-9 * (1.0 + ratio.abs())
}

/// The largest step of which all values are multiples, by Euclid's algorithm; none when it is finer than any
/// figure.
fn grid_step(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup_by(|later, earlier| *later - *earlier < COMPUTED);
    let largest = *sorted.last()?;
    let finest = largest / PIXELS_AT_MOST;
    if sorted.len() < LEVELS_FOR_A_GRID {
        return None;
    }
    let mut step = 0.0;
    for &value in &sorted {
        step = common_step(step, value, 1e-3 * finest);
        if value > 0.0 && step < finest {
            return None;
        }
    }
    Some(step)
}

/// The largest common step of two values, where remainders below `slack` are rounding.
fn common_step(one: f64, two: f64, slack: f64) -> f64 {
    let (mut larger, mut smaller) = (one.max(two), one.min(two));
    while smaller > slack {
        let remainder = larger % smaller;
        let remainder = if smaller - remainder < slack { 0.0 } else { remainder };
        (larger, smaller) = (smaller, remainder);
    }
    larger
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_of_pixels_is_found() {
        let rows = 437.0;
        let levels = [1.0, 4.0, 9.0, 11.0, 20.0, 33.0, 50.0, 51.0, 77.0].map(|row| row / rows);
        let step = grid_step(levels.into_iter()).unwrap();
        assert!((step - 1.0 / rows).abs() < 1e-9);
        let read = (1..=9).map(|index| f64::from(index).sqrt() / 7.0);
        assert_eq!(grid_step(read), None);
    }
}
