//! How IPDfromKM prepares clicks.

use kmeta_numerics::order_statistics::quantile_of_sorted;
use kmeta_trial_data::Finding;

use crate::clicks::Clicks;
use crate::published::PublishedError;

/// Rows that IPDfromKM asks for.
const ROWS_NEEDED: usize = 5;

/// The clicks as IPDfromKM uses them: sorted by time, points with unusual jumps deleted, survival never rising,
/// at each time its largest and smallest survival, inside the axes, (0, 1) in front.
pub(crate) fn prepare(
    clicks: &Clicks,
    findings: &mut Vec<Finding>,
) -> Result<(Vec<f64>, Vec<f64>), PublishedError> {
    if clicks.len() < ROWS_NEEDED {
        return Err(PublishedError::TooFewClicks { found: clicks.len(), needed: ROWS_NEEDED });
    }
    let mut points: Vec<(f64, f64)> = clicks.points().collect();
    points.sort_by(|one, next| one.0.total_cmp(&next.0));
    delete_jumps(&mut points, findings);
    lower_to_running_minimum(&mut points, findings);
    let mut points = largest_and_smallest_per_time(&points);
    let before = points.len();
    points.retain(|&(time, survival)| time >= 0.0 && (0.0..=1.0).contains(&survival));
    if points.len() < before {
        findings.push(Finding::note(
            "clicks-outside-axes",
            "clicks",
            format!("{} clicks outside the axes were left out", before - points.len()),
        ));
    }
    if points.is_empty() {
        return Err(PublishedError::TooFewClicks { found: 0, needed: 1 });
    }
    points.insert(0, (0.0, 1.0));
    Ok(points.into_iter().unzip())
}

/// The rule for outliers of Tukey on the jumps |S_k − S_{k−1}|, with half the interquartile range as its reach:
/// a click with an unusual jump is deleted when the one before it is usual and the one after it is not.
fn delete_jumps(points: &mut Vec<(f64, f64)>, findings: &mut Vec<Finding>) {
    let jumps: Vec<f64> = points.windows(2).map(|pair| (pair[1].1 - pair[0].1).abs()).collect();
    let mut sorted = jumps.clone();
    sorted.sort_by(f64::total_cmp);
    let quartile = |probability| quantile_of_sorted(&sorted, probability);
    let Some((first, third)) = quartile(0.25).zip(quartile(0.75)) else { return };
    let reach = 0.5 * (third - first);
    let unusual: Vec<bool> = std::iter::once(false)
        .chain(jumps.iter().map(|&jump| jump <= first - reach || jump >= third + reach))
        .collect();
    let deleted =
        |k: usize| k > 0 && unusual[k] && !unusual[k - 1] && unusual.get(k + 1).is_some_and(|&next| next);
    let mut kept = Vec::with_capacity(points.len());
    for (k, &(time, survival)) in points.iter().enumerate() {
        if deleted(k) {
            findings.push(Finding::warning(
                "click-deleted",
                format!("click at time {time}"),
                format!(
                    "survival {survival} was taken for an outlier and deleted, as the published rule does; look \
                     whether the curve really drops there"
                ),
            ));
        } else {
            kept.push((time, survival));
        }
    }
    *points = kept;
}

fn lower_to_running_minimum(points: &mut [(f64, f64)], findings: &mut Vec<Finding>) {
    let mut minimum = f64::INFINITY;
    let mut lowered = 0_usize;
    for point in points.iter_mut() {
        lowered += usize::from(point.1 > minimum);
        minimum = minimum.min(point.1);
        point.1 = minimum;
    }
    if lowered > 0 {
        findings.push(Finding::note(
            "clicks-lowered",
            "clicks",
            format!("{lowered} clicks above an earlier one were lowered to it, so that survival never rises"),
        ));
    }
}

/// At each time the largest and, where it differs, the smallest survival. Survival must not rise.
fn largest_and_smallest_per_time(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept = Vec::with_capacity(points.len());
    for tied in points.chunk_by(|one, next| one.0 == next.0) {
        let (largest, smallest) = (tied[0], tied[tied.len() - 1]);
        kept.push(largest);
        if smallest.1 != largest.1 {
            kept.push(smallest);
        }
    }
    kept
}

/// The risk table without repeated zeros at its end.
pub(crate) fn without_trailing_zeros(columns: &mut Vec<(f64, u32)>) {
    while let [.., (_, 0), (_, 0)] = columns.as_slice() {
        columns.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clicks_are_sorted_lowered_and_thinned_by_hand() {
        // In sixty-fourths, to be exact: jumps 2, 2, 2, 1, 2, so both quartiles are 2 and every jump is at a limit or
        // outside. Only the second click has a usual predecessor (the first, which has no jump), and its
        // successor is unusual: it is deleted.
        let survival = [58.0, 64.0, 62.0, 60.0, 59.0, 57.0].map(|value| value / 64.0).to_vec();
        let clicks = Clicks::new(vec![3.0, 1.0, 2.0, 2.0, 4.0, 5.0], survival).unwrap();
        let mut findings = Vec::new();
        let (times, survival) = prepare(&clicks, &mut findings).unwrap();
        assert_eq!(times, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(survival, [64.0, 64.0, 60.0, 58.0, 58.0, 57.0].map(|value| value / 64.0));
        let codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, ["click-deleted", "clicks-lowered"]);
    }

    #[test]
    fn repeated_zeros_at_the_end_of_the_risk_table_go() {
        let mut columns = vec![(0.0, 9), (1.0, 0), (2.0, 0), (3.0, 0)];
        without_trailing_zeros(&mut columns);
        assert_eq!(columns, [(0.0, 9), (1.0, 0)]);
    }
}
