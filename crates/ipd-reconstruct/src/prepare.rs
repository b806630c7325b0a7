//! Makes a survival step curve of read points, and says what was done to them.
//!
//! Real drops are kept: a tall drop is no outlier, whatever the other drops are like. A point is left out only
//! when the points around it, taken together, contradict it by more than the reading error; small rises within
//! the reading error are levelled by isotonic regression (pool adjacent violators, Ayer et al. 1955).

use kmeta_trial_data::{Finding, StepCurve};

/// What the vertical axis shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CurveScale {
    /// Survival, which falls.
    #[default]
    Survival,
    /// Cumulative incidence, 1 − S, which rises.
    Incidence,
}

/// How the points of a curve were read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurveReading {
    /// What the vertical axis shows.
    pub scale: CurveScale,
    /// Whether its numbers are percentages.
    pub percent: bool,
    /// Largest reading error of a level, as a fraction.
    pub survival_uncertainty: f64,
}

/// What was done to one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointChange {
    /// Position among the points given.
    pub index: usize,
    /// Its time.
    pub time: f64,
    /// Its survival as read, a fraction.
    pub read: f64,
    /// Its survival in the curve; absent when it was left out.
    pub used: Option<f64>,
}

/// A curve made of read points.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedCurve {
    /// The curve.
    pub curve: StepCurve,
    /// Every point that was moved or left out, in the order of the points given.
    pub changes: Vec<PointChange>,
    /// The same in words.
    pub findings: Vec<Finding>,
}

/// Why points do not make a curve.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// No point is usable.
    #[error("no usable point among {points}: give times of 0 or later and finite levels")]
    NoPoints {
        /// Points given.
        points: usize,
    },
    /// The uncertainty is not usable.
    #[error("survival uncertainty {value}: expected a fraction from 0 to 1")]
    InvalidUncertainty {
        /// The value found.
        value: f64,
    },
    /// A level is outside the scale by far more than a reading error.
    #[error(
        "point {index}: level {level} is outside 0 to {top}: percentages need `percent = true`, and fractions must \
         not have it"
    )]
    OffScale {
        /// Position of the point.
        index: usize,
        /// The level as given.
        level: f64,
        /// Top of the scale.
        top: f64,
    },
}

/// Two readings at the same place differ by at most twice the largest error of one.
const ERRORS_OF_TWO: f64 = 2.0;
/// A level may leave the scale by a twentieth of it (an axis that was calibrated badly) before it counts as read
/// on another scale.
const OFF_SCALE: f64 = 0.05;

#[derive(Debug, Clone, Copy)]
struct Point {
    index: usize,
    time: f64,
    read: f64,
}

/// Turns read points `(time, level)`, in any order, into a survival step curve.
///
/// # Errors
/// [`PrepareError`] when no point is usable, or levels are on another scale than `reading` says.
pub fn prepare_curve(points: &[(f64, f64)], reading: &CurveReading) -> Result<PreparedCurve, PrepareError> {
    if !(0.0..=1.0).contains(&reading.survival_uncertainty) {
        return Err(PrepareError::InvalidUncertainty { value: reading.survival_uncertainty });
    }
    let mut changes = Vec::new();
    let usable = usable_points(points, reading, &mut changes)?;
    let slack = ERRORS_OF_TWO * reading.survival_uncertainty;
    let kept = longest_falling(&usable, slack);
    for (position, point) in usable.iter().enumerate() {
        if kept.binary_search(&position).is_err() {
            changes.push(PointChange { index: point.index, time: point.time, read: point.read, used: None });
        }
    }
    let kept: Vec<Point> = kept.into_iter().map(|position| usable[position]).collect();
    let levels = antitonic(&kept);
    for (point, &level) in kept.iter().zip(&levels) {
        if (level - point.read).abs() > 1e-12 {
            let used = Some(level);
            changes.push(PointChange { index: point.index, time: point.time, read: point.read, used });
        }
    }
    changes.sort_by_key(|change| change.index);
    let times = kept.iter().map(|point| point.time).collect();
    let curve = StepCurve::new(times, levels).map_err(|_| PrepareError::NoPoints { points: points.len() })?;
    let findings = changes.iter().map(describe).collect();
    Ok(PreparedCurve { curve, changes, findings })
}

/// The finite points as survival, by time and, at one time, from the top of the drop to its foot.
fn usable_points(
    points: &[(f64, f64)],
    reading: &CurveReading,
    changes: &mut Vec<PointChange>,
) -> Result<Vec<Point>, PrepareError> {
    let top = if reading.percent { 100.0 } else { 1.0 };
    let mut usable = Vec::with_capacity(points.len());
    for (index, &(time, level)) in points.iter().enumerate() {
        let share = level / top;
        if !(time.is_finite() && time >= 0.0 && share.is_finite()) {
            // No number of the point that is not a number leaves this function.
            let finite = |value: f64| if value.is_finite() { value } else { 0.0 };
            changes.push(PointChange { index, time: finite(time), read: finite(share), used: None });
            continue;
        }
        if !(-OFF_SCALE..=1.0 + OFF_SCALE).contains(&share) {
            return Err(PrepareError::OffScale { index, level, top });
        }
        let read = match reading.scale {
            CurveScale::Survival => share,
            CurveScale::Incidence => 1.0 - share,
        };
        usable.push(Point { index, time, read });
    }
    if usable.is_empty() {
        return Err(PrepareError::NoPoints { points: points.len() });
    }
    usable.sort_by(|one, two| one.time.total_cmp(&two.time).then(two.read.total_cmp(&one.read)));
    Ok(usable)
}

/// Positions of the longest row of points in which no point lies above the one before by more than `slack`; of
/// several, the one that falls most smoothly (least sum of rises).
fn longest_falling(points: &[Point], slack: f64) -> Vec<usize> {
    // Most curves fall already: nothing to choose.
    if points.windows(2).all(|pair| pair[1].read <= pair[0].read + slack) {
        return (0..points.len()).collect();
    }
    // Length and sum of rises of the best row that ends at each point, and the point before it.
    let mut rows: Vec<(usize, f64, Option<usize>)> = Vec::with_capacity(points.len());
    for (at, point) in points.iter().enumerate() {
        // A row may start anywhere below 1, where every curve starts.
        let mut best = (1, (point.read - 1.0).max(0.0), None);
        for (before, earlier) in points[..at].iter().enumerate() {
            let rise = point.read - earlier.read;
            if rise <= slack {
                let row = (rows[before].0 + 1, rows[before].1 + rise.max(0.0), Some(before));
                if row.0 > best.0 || (row.0 == best.0 && row.1 < best.1) {
                    best = row;
                }
            }
        }
        rows.push(best);
    }
    let last = (0..rows.len())
        .min_by(|&one, &two| rows[two].0.cmp(&rows[one].0).then(rows[one].1.total_cmp(&rows[two].1)));
    let mut kept: Vec<usize> = std::iter::successors(last, |&at| rows[at].2).collect();
    kept.reverse();
    kept
}

/// Levels that never rise, closest to the read ones in squares, between 0 and 1.
fn antitonic(points: &[Point]) -> Vec<f64> {
    // Blocks of mean and size.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for point in points {
        blocks.push((point.read, 1));
        while blocks.len() > 1 && blocks[blocks.len() - 1].0 > blocks[blocks.len() - 2].0 {
            let (above, below) = (blocks.pop().unwrap_or((0.0, 0)), blocks.len() - 1);
            let (mean, size) = blocks[below];
            let total = size + above.1;
            blocks[below] = ((mean * size as f64 + above.0 * above.1 as f64) / total as f64, total);
        }
    }
    blocks.iter().flat_map(|&(mean, size)| std::iter::repeat_n(mean.clamp(0.0, 1.0), size)).collect()
}

fn describe(change: &PointChange) -> Finding {
    let place = format!("point {} at time {}", change.index + 1, change.time);
    match change.used {
        None => Finding::warning(
            "curve-point-left-out",
            place,
            format!(
                "survival {:.4} contradicts the points around it by more than the reading error; it is left out",
                change.read
            ),
        ),
        Some(used) => Finding::note(
            "curve-point-moved",
            place,
            format!(
                "survival read as {:.4} is levelled to {used:.4}, because a curve never rises",
                change.read
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(survival_uncertainty: f64) -> CurveReading {
        CurveReading { scale: CurveScale::Survival, percent: false, survival_uncertainty }
    }

    #[test]
    fn tall_drops_stay_and_strays_go() {
        let points = [(0.0, 1.0), (1.0, 0.98), (2.0, 0.4), (3.0, 0.9), (4.0, 0.38), (5.0, 0.36)];
        let prepared = prepare_curve(&points, &reading(0.002)).unwrap();
        assert_eq!(prepared.curve.times(), [0.0, 1.0, 2.0, 4.0, 5.0]);
        assert_eq!(prepared.changes.len(), 1);
        assert_eq!((prepared.changes[0].index, prepared.changes[0].used), (3, None));
    }

    #[test]
    fn small_rises_are_levelled_and_reported() {
        let points = [(0.0, 1.0), (1.0, 0.800), (2.0, 0.802), (3.0, 0.5)];
        let prepared = prepare_curve(&points, &reading(0.002)).unwrap();
        let levels = prepared.curve.survival();
        assert!((levels[1] - 0.801).abs() < 1e-12 && (levels[2] - 0.801).abs() < 1e-12);
        assert_eq!(prepared.findings.len(), 2);
    }

    #[test]
    fn incidence_in_percent_becomes_survival() {
        let reading =
            CurveReading { scale: CurveScale::Incidence, percent: true, survival_uncertainty: 0.001 };
        let prepared = prepare_curve(&[(2.0, 25.0), (1.0, 10.0)], &reading).unwrap();
        assert_eq!(prepared.curve.survival(), [0.9, 0.75]);
        assert!(prepared.changes.is_empty());
    }

    #[test]
    fn wrong_scales_and_empty_curves_are_refused() {
        assert!(matches!(
            prepare_curve(&[(1.0, 98.0)], &reading(0.001)),
            Err(PrepareError::OffScale { index: 0, .. })
        ));
        assert!(matches!(
            prepare_curve(&[(f64::NAN, 0.5)], &reading(0.001)),
            Err(PrepareError::NoPoints { points: 1 })
        ));
    }
}
