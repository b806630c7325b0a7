//! Kendall's rank correlation.

/// S = concordant − discordant pairs, with its variance when the ranks are independent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RankCorrelation {
    pub(crate) s: f64,
    /// Variance of S with the correction for ties (Kendall 1970, chapter 4).
    pub(crate) variance: f64,
    /// τ_b = S / √((n₀ − n₁)(n₀ − n₂)), n₀ pairs, n₁ and n₂ of them tied.
    pub(crate) tau: f64,
    /// Any equal values.
    pub(crate) tied: bool,
}

/// Kendall's S in n log n steps (Knight 1966). `None` when one of the variables does not vary.
pub(crate) fn kendall(one: &[f64], other: &[f64]) -> Option<RankCorrelation> {
    let n = one.len();
    let mut pairs: Vec<(f64, f64)> =
        one.iter().zip(other).map(|(one, other)| (one + 0.0, other + 0.0)).collect(); // −0 becomes 0
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let tied_one = runs(pairs.iter().map(|pair| pair.0));
    let tied_both = runs(pairs.iter().copied());
    let mut second: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    let swaps = sort_counting_swaps(&mut second);
    let tied_other = runs(second.iter().copied());
    let tied_pairs = |sizes: &[f64]| sizes.iter().map(|size| size * (size - 1.0) / 2.0).sum::<f64>();
    let all = n as f64 * (n as f64 - 1.0) / 2.0;
    let (n1, n2, n3) = (tied_pairs(&tied_one), tied_pairs(&tied_other), tied_pairs(&tied_both));
    let s = all - n1 - n2 + n3 - 2.0 * swaps as f64;
    let tau = s / ((all - n1) * (all - n2)).sqrt();
    tau.is_finite().then(|| RankCorrelation {
        s,
        variance: variance(n as f64, &tied_one, &tied_other),
        tau,
        tied: n1 > 0.0 || n2 > 0.0,
    })
}

/// Sizes of runs of equal neighbours.
fn runs<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<f64> {
    let mut sizes = Vec::new();
    let mut last = None;
    for value in values {
        match sizes.last_mut() {
            Some(size) if last.as_ref() == Some(&value) => *size += 1.0,
            _ => sizes.push(1.0),
        }
        last = Some(value);
    }
    sizes
}

fn variance(n: f64, tied_one: &[f64], tied_other: &[f64]) -> f64 {
    let sum = |sizes: &[f64], term: fn(f64) -> f64| sizes.iter().map(|&size| term(size)).sum::<f64>();
    let both = |term: fn(f64) -> f64| sum(tied_one, term) * sum(tied_other, term);
    let full = |size: f64| size * (size - 1.0) * (2.0 * size + 5.0);
    let mut variance = (full(n) - sum(tied_one, full) - sum(tied_other, full)) / 18.0
        + both(|size| size * (size - 1.0)) / (2.0 * n * (n - 1.0));
    if n > 2.0 {
        let triples = both(|size| size * (size - 1.0) * (size - 2.0));
        variance += triples / (9.0 * n * (n - 1.0) * (n - 2.0));
    }
    variance
}

/// Merge sort; returns how many pairs of neighbours had to be swapped.
fn sort_counting_swaps(values: &mut Vec<f64>) -> u64 {
    let n = values.len();
    let mut swaps = 0;
    let mut merged = Vec::with_capacity(n);
    let mut width = 1;
    while width < n {
        merged.clear();
        for start in (0..n).step_by(2 * width) {
            let (middle, end) = ((start + width).min(n), (start + 2 * width).min(n));
            let (mut left, mut right) = (start, middle);
            while left < middle || right < end {
                if right >= end || (left < middle && values[left] <= values[right]) {
                    merged.push(values[left]);
                    left += 1;
                } else {
                    merged.push(values[right]);
                    right += 1;
                    swaps += (middle - left) as u64;
                }
            }
        }
        std::mem::swap(values, &mut merged);
        width *= 2;
    }
    swaps
}

/// Exact two-sided p value of S without ties: twice the smaller tail of the number of concordant pairs over all n!
/// orders (R `cor.test(exact = TRUE)`).
pub(crate) fn exact_p_value(n: usize, s: f64) -> f64 {
    // Share of orders of 1..n with each number of inversions, by adding one number at a time.
    let mut shares = vec![1.0_f64];
    for size in 2..=n {
        let mut next = vec![0.0; shares.len() + size - 1];
        for (inversions, share) in shares.iter().enumerate() {
            for added in 0..size {
                next[inversions + added] += share / size as f64;
            }
        }
        shares = next;
    }
    let pairs = (n * (n - 1) / 2) as f64;
    let concordant = ((s + pairs) / 2.0).round() as usize;
    let lower: f64 = shares.iter().take(concordant + 1).sum();
    let upper: f64 = shares.iter().skip(concordant).sum();
    (2.0 * lower.min(upper)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn knight_counts_what_all_pairs_count(pairs in prop::collection::vec((0_i32..6, 0_i32..6), 2..40)) {
            let one: Vec<f64> = pairs.iter().map(|pair| f64::from(pair.0)).collect();
            let other: Vec<f64> = pairs.iter().map(|pair| f64::from(pair.1)).collect();
            let mut s = 0.0;
            for i in 0..pairs.len() {
                for j in 0..i {
                    let product = (pairs[i].0 - pairs[j].0).signum() * (pairs[i].1 - pairs[j].1).signum();
                    s += f64::from(product);
                }
            }
            if let Some(found) = kendall(&one, &other) {
                prop_assert_eq!(found.s, s);
            }
        }
    }

    /// Three numbers have 6 orders with 0, 1, 1, 2, 2, 3 inversions.
    #[test]
    fn exact_tails_of_three() {
        assert_relative_eq!(exact_p_value(3, 3.0), 2.0 / 6.0, max_relative = 1e-15);
        assert_relative_eq!(exact_p_value(3, 1.0), 1.0, max_relative = 1e-15);
        assert_relative_eq!(exact_p_value(3, -3.0), 2.0 / 6.0, max_relative = 1e-15);
    }
}
