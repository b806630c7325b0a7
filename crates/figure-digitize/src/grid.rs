//! Finds grid lines, which stand for tick marks where an axis has none.

/// Contrast beyond which a pixel counts no more: curves that cross the grid must not outweigh it.
pub(crate) const MOST_CONTRAST: f32 = 0.15;
/// Mean contrast by which a grid line stands out from its surroundings.
const LEAST_EXCESS: f64 = 0.01;

/// A straight line across the plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StraightLine {
    pub(crate) middle: f64,
    /// Mean contrast by which it stands out, at most `MOST_CONTRAST`.
    pub(crate) excess: f64,
    /// Its ink as a share of what its darkest row holds, in pixels.
    pub(crate) width: f64,
}

/// The line within `reach` of a position, if there is one: darker than the ground, or white on a coloured
/// one. `contrast` is asked by the position along the axis (below `length`) and across it (within `across`).
pub(crate) fn line_near(
    near: f64,
    reach: f64,
    across: (usize, usize),
    length: usize,
    contrast: impl Fn(usize, usize) -> f32,
) -> Option<StraightLine> {
    let margin = reach.ceil() as usize + 3;
    let from = (near.max(0.0) as usize).saturating_sub(margin);
    let to = (near.max(0.0) as usize + margin + 1).min(length);
    if from + 5 > to || across.0 >= across.1 {
        return None;
    }
    let profile: Vec<f64> =
        (from..to).map(|along| usual_contrast(across, |at| contrast(along, at))).collect();
    let lighter: Vec<f64> = profile.iter().map(|value| -value).collect();
    let middle = |profile: &[f64]| middle_of_peak(profile, near - from as f64, reach);
    let line = middle(&profile).or_else(|| middle(&lighter))?;
    Some(StraightLine { middle: line.middle + from as f64, ..line })
}

/// Parts of a line of which the usual one counts: a level piece of a curve is not drawn across most of the plot.
const PARTS: usize = 9;

/// The median over the parts of a line of their mean contrast.
fn usual_contrast((from, to): (usize, usize), contrast: impl Fn(usize) -> f32) -> f64 {
    let end = |part: usize| from + (to - from) * part / PARTS;
    let mean = |part: usize| {
        let places = end(part)..end(part + 1);
        let count = places.len().max(1) as f64;
        places.map(|at| f64::from(contrast(at).min(MOST_CONTRAST))).sum::<f64>() / count
    };
    let mut means: Vec<f64> = (0..PARTS).map(mean).collect();
    means.sort_by(f64::total_cmp);
    means[PARTS / 2]
}

/// The middle of the highest peak of a profile, within `reach` of a position.
fn middle_of_peak(profile: &[f64], near: f64, reach: f64) -> Option<StraightLine> {
    let mut sorted = profile.to_vec();
    sorted.sort_by(f64::total_cmp);
    let ground = sorted[sorted.len() / 3];
    let peak = (0..profile.len()).max_by(|&a, &b| profile[a].total_cmp(&profile[b]))?;
    if profile[peak] - ground < LEAST_EXCESS {
        return None;
    }
    let threshold = ground + 0.25 * (profile[peak] - ground);
    let first = (0..=peak).rev().take_while(|&i| profile[i] > threshold).last()?;
    let last = (peak..profile.len()).take_while(|&i| profile[i] > threshold).last()?;
    let (mut mass, mut moment) = (0.0, 0.0);
    for (index, value) in profile.iter().enumerate().take(last + 1).skip(first) {
        mass += value - ground;
        moment += (value - ground) * (index as f64 + 0.5);
    }
    let middle = moment / mass;
    let excess = profile[peak] - ground;
    let line = StraightLine { middle, excess, width: mass / excess };
    (last - first < 12 && (middle - near).abs() <= reach).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pale_line_is_found_below_a_dark_curve() {
        let contrast = |x: usize, y: usize| match (x, y) {
            (20, _) => 0.08,
            (21, _) => 0.04,
            (_, 30) => 1.0,
            _ => 0.0,
        };
        let middle = line_near(22.0, 5.0, (0, 100), 60, contrast).unwrap().middle;
        assert!((middle - (20.5 * 2.0 + 21.5) / 3.0).abs() < 0.02, "{middle}");
        assert_eq!(line_near(45.0, 5.0, (0, 100), 60, contrast), None);
    }

    #[test]
    fn a_level_piece_of_a_curve_is_no_grid_line() {
        let contrast = |along: usize, across: usize| if along == 20 && across < 40 { 1.0 } else { 0.0 };
        assert_eq!(line_near(22.0, 5.0, (0, 100), 60, contrast), None);
    }

    #[test]
    fn a_white_line_on_a_coloured_ground_is_found() {
        let contrast = |x: usize, _: usize| if x == 20 { 0.0 } else { 0.08 };
        let middle = line_near(22.0, 5.0, (0, 100), 60, contrast).unwrap().middle;
        assert!((middle - 20.5).abs() < 0.02, "{middle}");
    }
}
