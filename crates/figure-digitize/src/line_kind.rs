//! Tells staircases from sloping lines: a Kaplan-Meier curve is level between events, a concentration that decays is not.

use crate::arms::TracedCurve;

/// Shortest run of columns in one row whose slope is measured.
const SHORTEST_RUN: usize = 6;
/// A run whose line climbs or falls by this much over its length, in pixels, slopes: a sloping line crosses one row of
/// pixels per run, a level one stays.
const SLOPING: f64 = 0.45;

/// Share of a curve's level runs (by length) in which the line's centre slopes; nothing where no run is long enough to tell.
pub(crate) fn sloping_share(curve: &TracedCurve) -> Option<f64> {
    let reach = (curve.line_width / 2.0).ceil() as usize + 2;
    let coverage = &curve.coverage;
    let rows = &curve.path.rows;
    let (mut sloping, mut measured) = (0, 0);
    let mut from = 0;
    for index in 1..=rows.len() {
        if index < rows.len() && rows[index] == rows[from] {
            continue;
        }
        let run = from..index;
        from = index;
        if run.len() < SHORTEST_RUN {
            continue;
        }
        let row = rows[run.start];
        let centers: Vec<(f64, f64)> = run
            .clone()
            .filter_map(|at| {
                let x = curve.path.start + at;
                let near = row.saturating_sub(reach)..(row + reach + 1).min(coverage.height());
                let (mut mass, mut moment) = (0.0, 0.0);
                for y in near {
                    if coverage.other.get(x, y) > 0.5 {
                        return None;
                    }
                    let ink = f64::from(coverage.own.get(x, y));
                    mass += ink;
                    moment += ink * (y as f64 + 0.5);
                }
                (mass > 0.5).then(|| (at as f64, moment / mass))
            })
            .collect();
        // Drops blur the ends.
        let trimmed = centers.len() / 6;
        let middle = &centers[trimmed..centers.len() - trimmed];
        if middle.len() < SHORTEST_RUN - 2 {
            continue;
        }
        measured += run.len();
        if (slope(middle) * run.len() as f64).abs() >= SLOPING {
            sloping += run.len();
        }
    }
    (measured >= SHORTEST_RUN * 4).then(|| sloping as f64 / measured as f64)
}

/// Slope of the least squares line.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (mx, my) = (mean(&|point| point.0), mean(&|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - mx).powi(2)).sum();
    points.iter().map(|point| (point.0 - mx) * (point.1 - my)).sum::<f64>() / spread.max(1e-9)
}
