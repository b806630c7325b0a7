//! Rounding and counting as R does them.

/// `round(value, 3)` of R 4: of the two neighbouring multiples of 0.001 the nearer one, at equal distance the
/// even one, where distances are those of the doubles themselves (help page of `round`, "Rounding to decimal
/// digits in binary arithmetic").
pub(crate) fn round_to_thousandths(value: f64) -> f64 {
    let below = (1000.0 * value).floor();
    let (low, high) = (below / 1000.0, (1000.0 * value).ceil() / 1000.0);
    let (from_low, to_high) = (value - low, high - value);
    if from_low < to_high || (from_low == to_high && below % 2.0 == 0.0) { low } else { high }
}

/// Times spread evenly over an interval: τ_j = start + j (end − start) / (count + 1), j = 1, 2 … ⌊count⌋.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EvenTimes {
    pub(crate) start: f64,
    pub(crate) end: f64,
    /// How many; a fraction counts in the spacing but gives no time, as `rep` and `:` of R truncate.
    pub(crate) count: f64,
}

impl EvenTimes {
    fn whole(self) -> u64 {
        // Saturates; negative counts give none.
        self.count.trunc() as u64
    }

    fn at(self, j: u64) -> f64 {
        self.start + j as f64 * (self.end - self.start) / (self.count + 1.0)
    }

    /// How many of the times satisfy `holds`, which must hold for the first ones and fail for the rest. The
    /// times never decrease with j, in floating point too, so a bisection is exact.
    fn count_while(self, holds: impl Fn(f64) -> bool) -> u64 {
        let (mut low, mut high) = (0, self.whole());
        while low < high {
            let middle = high - (high - low) / 2;
            if holds(self.at(middle)) { low = middle } else { high = middle - 1 }
        }
        low
    }

    /// Counts in the half-open bins [b₀, b₁), [b₁, b₂) … [b_last, ∞).
    pub(crate) fn counts_from(self, breaks: &[f64]) -> Vec<f64> {
        let below: Vec<u64> =
            breaks.iter().skip(1).map(|&limit| self.count_while(|time| time < limit)).collect();
        differences(below.into_iter().chain([self.whole()]))
    }

    /// Counts as `hist(times, breaks)$counts` of R gives them: bins closed on the right, the first one on both
    /// sides, and edges moved by R's tolerance so that a time that differs from an edge by rounding only counts
    /// as being on it.
    pub(crate) fn counts_to(self, breaks: &[f64]) -> Vec<f64> {
        let tolerance = 1e-7 * self.bin_size_for_tolerance(breaks);
        let within = breaks[1..].iter().map(|&limit| self.count_while(|time| time <= limit + tolerance));
        differences(within.collect::<Vec<_>>())
    }

    /// The length that R's tolerance is a ten-millionth of. The help page of `hist` only names the median bin
    /// size; what happens with up to five breaks was measured in R 4.2.2: the shortest bin that has a length
    /// with four or five breaks, the range of the times with fewer.
    fn bin_size_for_tolerance(self, breaks: &[f64]) -> f64 {
        let mut sizes: Vec<f64> = breaks.windows(2).map(|pair| pair[1] - pair[0]).collect();
        sizes.sort_by(f64::total_cmp);
        match breaks.len() {
            0..=3 => (self.at(self.whole()) - self.at(1.min(self.whole()))).max(0.0),
            4 | 5 => sizes.iter().copied().find(|&size| size > 0.0).unwrap_or(0.0),
            _ => {
                let middle = sizes.len() / 2;
                if sizes.len() % 2 == 1 { sizes[middle] } else { (sizes[middle - 1] + sizes[middle]) / 2.0 }
            }
        }
    }
}

fn differences(cumulative: impl IntoIterator<Item = u64>) -> Vec<f64> {
    let mut before = 0;
    cumulative
        .into_iter()
        .map(|count| {
            let inside = count.saturating_sub(before);
            before = before.max(count);
            inside as f64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousandths_are_those_of_r() {
        // R 4.2.2: round(c(0.0005, 0.0015, 0.0025, 0.0035, 0.0125, 0.1235, -0.0045, 2.0005), 3)
        let values = [0.0005, 0.0015, 0.0025, 0.0035, 0.0125, 0.1235, -0.0045, 2.0005];
        let expected = [0.0, 0.002, 0.002, 0.004, 0.013, 0.124, -0.004, 2.001];
        assert_eq!(values.map(round_to_thousandths), expected);
    }

    #[test]
    fn times_on_an_edge_count_to_the_left_in_spite_of_rounding() {
        // R 4.2.2: hist((1:8) * 0.9 / 9, breaks = c(0, 0.3, 0.5, 0.7, 0.9), plot = FALSE)$counts
        let times = EvenTimes { start: 0.0, end: 0.9, count: 8.0 };
        assert!(times.at(3) > 0.3);
        assert_eq!(times.counts_to(&[0.0, 0.3, 0.5, 0.7, 0.9]), [3.0, 2.0, 2.0, 1.0]);
        assert_eq!(times.counts_from(&[0.0, 0.5]), [4.0, 4.0]);
    }

    #[test]
    fn bins_of_no_length_stay_empty() {
        let times = EvenTimes { start: 0.0, end: 4.0, count: 3.0 };
        assert_eq!(times.counts_to(&[0.0, 1.0, 1.0, 4.0]), [1.0, 0.0, 2.0]);
        assert_eq!(times.counts_from(&[0.0, 1.0, 1.0, 4.0]), [0.0, 0.0, 3.0, 0.0]);
    }

    #[test]
    fn a_fraction_of_a_patient_changes_the_spacing_only() {
        let times = EvenTimes { start: 0.0, end: 10.0, count: 2.5 };
        assert_eq!((times.whole(), times.at(1)), (2, 10.0 / 3.5));
    }
}
