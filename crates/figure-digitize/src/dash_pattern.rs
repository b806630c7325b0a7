//! Measures the pattern of a dashed line: how far it repeats itself, and its dashes and gaps.

use kmeta_trial_data::DashPattern;

use crate::arms::TracedCurve;

/// Coverage from which the line is on.
const ON: f32 = 0.4;
/// Shortest and longest repetition in pixels.
const SHORTEST_PERIOD: usize = 3;
const LONGEST_PERIOD: usize = 200;
/// A pattern is there when shifting the line by one period agrees with itself this well (correlation).
const LEAST_AGREEMENT: f64 = 0.4;
/// The first maximum that is nearly as high as the highest is the period, not a multiple of it.
const NEARLY: f64 = 0.85;

/// The pattern of a dashed curve; nothing for an unbroken one and where no pattern repeats itself.
pub(crate) fn dash_pattern(curve: &TracedCurve) -> Option<DashPattern> {
    if !curve.dashed {
        return None;
    }
    let signal = along_line(curve);
    let period = period_of(&signal)?;
    let lengths = runs_of_period(&signal, period)?;
    Some(DashPattern { period_px: period as f64, lengths_px: lengths })
}

/// Whether the line is on, pixel by pixel along it, drops included; nothing where other ink hides it.
fn along_line(curve: &TracedCurve) -> Vec<Option<bool>> {
    let coverage = &curve.coverage;
    let half = (curve.line_width / 2.0).floor() as usize;
    let mut signal = Vec::new();
    let mut look = |columns: std::ops::Range<usize>, rows: std::ops::Range<usize>| {
        let (mut own, mut other) = (0.0_f32, 0.0_f32);
        for x in columns.start..columns.end.min(coverage.width()) {
            for y in rows.start..rows.end.min(coverage.height()) {
                own = own.max(coverage.own.get(x, y));
                other = other.max(coverage.other.get(x, y));
            }
        }
        signal.push(if own >= ON { Some(true) } else { (other < ON).then_some(false) });
    };
    let mut before = curve.path.rows.first().copied().unwrap_or(0);
    for (index, &row) in curve.path.rows.iter().enumerate() {
        let x = curve.path.start + index;
        for y in before + 1..row {
            look(x.saturating_sub(half)..x + half + 1, y..y + 1);
        }
        look(x..x + 1, row.saturating_sub(half)..row + half + 1);
        before = row;
    }
    signal
}

/// The shift after which the line agrees with itself.
fn period_of(signal: &[Option<bool>]) -> Option<usize> {
    let known: Vec<f64> = signal.iter().flatten().map(|&on| f64::from(u8::from(on))).collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    let variance = mean * (1.0 - mean);
    if variance < 0.02 {
        return None;
    }
    let agreement = |shift: usize| {
        let (mut sum, mut count) = (0.0, 0.0);
        for (one, other) in signal.iter().zip(&signal[shift..]) {
            if let (Some(one), Some(other)) = (one, other) {
                sum += (f64::from(u8::from(*one)) - mean) * (f64::from(u8::from(*other)) - mean);
                count += 1.0;
            }
        }
        if count < 2.0 * shift as f64 { f64::NEG_INFINITY } else { sum / count / variance }
    };
    let last = LONGEST_PERIOD.min(signal.len() / 3);
    let values: Vec<f64> = (0..=last + 1)
        .map(|shift| if shift < signal.len() { agreement(shift) } else { f64::NEG_INFINITY })
        .collect();
    let is_peak = |shift: usize| values[shift] >= values[shift - 1] && values[shift] >= values[shift + 1];
    let peaks: Vec<usize> = (SHORTEST_PERIOD..=last).filter(|&shift| is_peak(shift)).collect();
    let highest = peaks.iter().map(|&shift| values[shift]).fold(f64::NEG_INFINITY, f64::max);
    (highest >= LEAST_AGREEMENT)
        .then(|| peaks.into_iter().find(|&shift| values[shift] >= NEARLY * highest))
        .flatten()
}

/// Lengths of the dashes and gaps of one period, a dash first: the medians over all periods that are seen whole.
fn runs_of_period(signal: &[Option<bool>], period: usize) -> Option<Vec<f64>> {
    let mut runs: Vec<(bool, usize, bool)> = Vec::new();
    for pixel in signal {
        match (pixel, runs.last_mut()) {
            (Some(on), Some(run)) if run.0 == *on && run.2 => run.1 += 1,
            (Some(on), last) => {
                let whole = last.is_some_and(|run| run.2);
                runs.push((*on, 1, true));
                if !whole && let Some(run) = runs.last_mut() {
                    // What comes before is hidden.
                    run.2 = true;
                }
            }
            (None, Some(run)) => run.2 = false,
            (None, None) => {}
        }
    }
    // Sequences of whole runs that make one period within a pixel or two.
    let mut patterns: Vec<Vec<usize>> = Vec::new();
    for first in 1..runs.len().saturating_sub(1) {
        if !runs[first].0 {
            continue;
        }
        let mut lengths = Vec::new();
        for run in &runs[first..runs.len() - 1] {
            if !run.2 {
                break;
            }
            lengths.push(run.1);
            let total: usize = lengths.iter().sum();
            if lengths.len() % 2 == 0 && total.abs_diff(period) <= 1 + period / 10 {
                patterns.push(lengths);
                break;
            }
            if total > period + 2 {
                break;
            }
        }
    }
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for pattern in &patterns {
        match counts.iter_mut().find(|(runs, _)| *runs == pattern.len()) {
            Some((_, count)) => *count += 1,
            None => counts.push((pattern.len(), 1)),
        }
    }
    let (length, _) = counts.into_iter().max_by_key(|&(runs, count)| (count, std::cmp::Reverse(runs)))?;
    let alike: Vec<&Vec<usize>> = patterns.iter().filter(|pattern| pattern.len() == length).collect();
    // A pattern of several dashes can be entered at each of them: the longest first dash is its beginning.
    let longest = alike.iter().map(|pattern| pattern[0]).max()?;
    let begun: Vec<&&Vec<usize>> =
        alike.iter().filter(|pattern| pattern[0] + 1 >= longest || length == 2).collect();
    let median = |position: usize| {
        let mut values: Vec<usize> = begun.iter().map(|pattern| pattern[position]).collect();
        values.sort_unstable();
        values[values.len() / 2] as f64
    };
    Some((0..length).map(median).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(pattern: &[usize], pixels: usize) -> Vec<Option<bool>> {
        let mut signal = Vec::new();
        while signal.len() < pixels {
            for (index, &length) in pattern.iter().enumerate() {
                signal.extend(std::iter::repeat_n(Some(index % 2 == 0), length));
            }
        }
        signal.truncate(pixels);
        signal
    }

    #[test]
    fn dashes_of_one_length() {
        let mut signal = drawn(&[8, 4], 300);
        signal[100..140].fill(None);
        assert_eq!(period_of(&signal), Some(12));
        assert_eq!(runs_of_period(&signal, 12), Some(vec![8.0, 4.0]));
    }

    #[test]
    fn dash_and_dot() {
        let signal = drawn(&[9, 3, 2, 3], 340);
        assert_eq!(period_of(&signal), Some(17));
        assert_eq!(runs_of_period(&signal, 17), Some(vec![9.0, 3.0, 2.0, 3.0]));
    }

    #[test]
    fn an_unbroken_line_has_none() {
        assert_eq!(period_of(&vec![Some(true); 300]), None);
    }
}
