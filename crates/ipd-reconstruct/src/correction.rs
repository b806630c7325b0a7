//! The bounded search for a number of censored patients.

use std::collections::BTreeSet;

/// Where the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Correction {
    /// The number of censored patients with the smallest miss.
    pub(crate) censored: u32,
    /// Whether the bound was reached before the search came to rest.
    pub(crate) stopped: bool,
}

/// Corrects a number of censored patients by the number of patients too many, C ← C + miss(C), as Guyot 2012
/// does for numbers at risk (step 5) and for the total of events (step 8).
///
/// `miss` is positive when more censoring is needed. The search rests when the miss is zero, when C is 0 or
/// `most` and should go further, or when a number comes up again; then the numbers between the smallest and
/// the largest that were tried are tried too. In each case the number with the smallest miss is returned, the
/// smaller number among equals.
///
/// Takes at most `bound` corrections and as many trials in the scan.
pub(crate) fn correct(start: u32, most: u32, bound: u32, miss: impl Fn(u32) -> i64) -> Correction {
    let mut best = (u64::MAX, 0);
    let mut try_number = |censored: u32| {
        let missed = miss(censored);
        best = best.min((missed.unsigned_abs(), censored));
        missed
    };
    let mut censored = start.min(most);
    let mut tried = BTreeSet::new();
    let mut stopped = true;
    for _ in 0..bound {
        if !tried.insert(censored) {
            let (low, high) = (tried.first().copied().unwrap_or(0), tried.last().copied().unwrap_or(0));
            stopped = high - low > bound;
            for between in (low..=high).take(bound as usize) {
                try_number(between);
            }
            break;
        }
        let missed = try_number(censored);
        let next = (i64::from(censored) + missed).clamp(0, i64::from(most));
        if missed == 0 || next == i64::from(censored) {
            stopped = false;
            break;
        }
        // Between 0 and `most` after the clamp.
        censored = next as u32;
    }
    Correction { censored: if best.0 == u64::MAX { start.min(most) } else { best.1 }, stopped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_where_the_miss_is_zero() {
        assert_eq!(correct(0, 100, 50, |c| 17 - i64::from(c)), Correction { censored: 17, stopped: false });
    }

    #[test]
    fn rests_at_the_limits() {
        assert_eq!(correct(5, 100, 50, |_| -3), Correction { censored: 0, stopped: false });
        assert!(!correct(5, 10, 50, |_| 1).stopped);
    }

    #[test]
    fn a_cycle_is_scanned() {
        // Jumps between 10 and 20 for ever; 13 misses by one only.
        let miss = |c: u32| match c {
            10 => 10,
            20 => -10,
            13 => 1,
            _ => 5,
        };
        assert_eq!(correct(10, 100, 50, miss), Correction { censored: 13, stopped: false });
    }

    #[test]
    fn a_search_without_rest_is_stopped() {
        let correction = correct(0, u32::MAX, 20, |_| 1);
        assert!(correction.stopped);
    }
}
