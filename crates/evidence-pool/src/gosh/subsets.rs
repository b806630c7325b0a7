//! Which studies a subset has.

use kmeta_numerics::streams::{random_stream, uniform};

use super::MAX_STUDIES_FOR_ALL_SUBSETS;

/// Studies per word of a subset.
const BITS: usize = u64::BITS as usize;

/// Subsets of at least two of some studies; a study is in a subset when its bit is set.
pub(super) struct Subsets {
    /// Whether these are all subsets.
    pub(super) exhaustive: bool,
    pub(super) studies: usize,
    words: usize,
    bits: Vec<u64>,
}

impl Subsets {
    /// All subsets of up to 20 studies; above that `draws` of them, with replacement, each equally likely.
    pub(super) fn of(studies: usize, draws: u32, seed: u64) -> Self {
        if studies <= MAX_STUDIES_FOR_ALL_SUBSETS {
            let bits = (3..1_u64 << studies).filter(|subset| subset.count_ones() > 1).collect();
            return Self { exhaustive: true, studies, words: 1, bits };
        }
        let words = studies.div_ceil(BITS);
        let mut bits: Vec<u64> = Vec::with_capacity(words * draws as usize);
        let mut stream = random_stream(seed, "subsets of studies");
        for _ in 0..draws {
            let start = bits.len();
            loop {
                bits.truncate(start);
                bits.resize(start + words, 0);
                for study in 0..studies {
                    if uniform(&mut stream) < 0.5 {
                        bits[start + study / BITS] |= 1 << (study % BITS);
                    }
                }
                if bits[start..].iter().map(|word| word.count_ones()).sum::<u32>() > 1 {
                    break;
                }
            }
        }
        Self { exhaustive: false, studies, words, bits }
    }

    pub(super) fn len(&self) -> usize {
        self.bits.len() / self.words
    }

    /// The studies of a subset, by position.
    pub(super) fn studies(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let words = &self.bits[index * self.words..(index + 1) * self.words];
        (0..self.studies).filter(move |&study| words[study / BITS] >> (study % BITS) & 1 == 1)
    }

    pub(super) fn has(&self, index: usize, study: usize) -> bool {
        self.bits[index * self.words + study / BITS] >> (study % BITS) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subset_of_two_or_more_occurs_once() {
        let subsets = Subsets::of(5, 0, 0);
        assert_eq!(subsets.len(), 32 - 1 - 5);
        let mut listed: Vec<Vec<usize>> =
            (0..subsets.len()).map(|index| subsets.studies(index).collect()).collect();
        listed.sort();
        listed.dedup();
        assert_eq!(listed.len(), 26);
        assert!(listed.iter().all(|studies| studies.len() >= 2));
    }

    #[test]
    fn a_sample_of_many_studies_is_seeded_and_takes_each_half_the_time() {
        let (one, other) = (Subsets::of(70, 4000, 7), Subsets::of(70, 4000, 7));
        assert_eq!(one.bits, other.bits);
        assert_ne!(one.bits, Subsets::of(70, 4000, 8).bits);
        for study in [0, 63, 64, 69] {
            let share = (0..4000).filter(|&index| one.has(index, study)).count() as f64 / 4000.0;
            assert!((share - 0.5).abs() < 0.04, "{study}: {share}");
        }
    }
}
