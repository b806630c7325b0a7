//! Which states can still be among the best of a milestone.

/// Classes of rank, and their width on the scale of −2 log likelihood: together they reach over any difference
/// between states that both have a future.
const CLASSES: usize = 512;
const CLASS_WIDTH: f64 = 0.125;

/// Counts states by classes of their rank. Once enough states are in the lower classes, one of a higher class will
/// not be kept, and need not be looked at further.
#[derive(Debug)]
pub(crate) struct Leaders {
    /// States that are kept.
    width: usize,
    /// Rank at which the first class starts.
    start: f64,
    counts: [u32; CLASSES],
    /// The last class that can still be among the best, and the states up to and in it.
    last: usize,
    up_to_last: usize,
    /// A state whose rank is so far above the best has no future.
    hopeless: f64,
    /// Where the last class ends, or where a state has no future beside the best.
    limit: f64,
}

impl Leaders {
    /// No states yet, of which `width` will be kept, and none whose rank is above the best by `hopeless`.
    pub(crate) fn new(width: usize, hopeless: f64) -> Self {
        Self {
            width,
            hopeless,
            start: 0.0,
            counts: [0; CLASSES],
            last: CLASSES - 1,
            up_to_last: 0,
            limit: f64::INFINITY,
        }
    }

    /// Forgets all states; those to come have a rank of at least `start`.
    pub(crate) fn clear(&mut self, start: f64) {
        self.start = start;
        self.counts = [0; CLASSES];
        self.last = CLASSES - 1;
        self.up_to_last = 0;
        self.limit = f64::INFINITY;
    }

    /// The rank from which on a state is not among the best.
    pub(crate) fn limit(&self) -> f64 {
        self.limit
    }

    /// Counts a state in.
    pub(crate) fn add(&mut self, rank: f64) {
        self.limit = self.limit.min(rank + self.hopeless);
        let class = self.class_of(rank);
        self.counts[class] += 1;
        if class > self.last {
            return;
        }
        self.up_to_last += 1;
        while self.last > 0 && self.up_to_last - self.counts[self.last] as usize >= self.width {
            self.up_to_last -= self.counts[self.last] as usize;
            self.last -= 1;
            self.limit = self.limit.min(self.start + (self.last + 1) as f64 * CLASS_WIDTH);
        }
    }

    /// Takes a state that was counted in out again.
    pub(crate) fn remove(&mut self, rank: f64) {
        let class = self.class_of(rank);
        self.counts[class] -= 1;
        if class <= self.last {
            self.up_to_last -= 1;
        }
    }

    fn class_of(&self, rank: f64) -> usize {
        // The conversion takes what lies before the first class to 0.
        (((rank - self.start) / CLASS_WIDTH) as usize).min(CLASSES - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_falls_to_the_class_of_the_last_one_kept() {
        let mut leaders = Leaders::new(3, f64::INFINITY);
        leaders.clear(10.0);
        for rank in [11.0, 15.0, 12.0] {
            assert_eq!(leaders.limit(), f64::INFINITY);
            leaders.add(rank);
        }
        assert!((leaders.limit() - 15.0 - CLASS_WIDTH).abs() < 1e-12);
        // A better one takes the third place; 15 is no longer among the best.
        leaders.add(13.0);
        assert!((leaders.limit() - 13.0 - CLASS_WIDTH).abs() < 1e-12);
        // A state of the first three finds a better way: the other two stay.
        leaders.remove(13.0);
        leaders.add(10.5);
        assert!((leaders.limit() - 12.0 - CLASS_WIDTH).abs() < 1e-12);
    }
}
