//! How likely a number of censored patients is in one gap.

use super::milestones::Stage;

/// Censoring is clumped (cut-off dates, visits), so that counts vary more than Poisson counts do; half the
/// log-likelihood stands for twice the variance.
const OVERDISPERSION: f64 = 2.0;
/// Cost of each patient by which the marks near the ends of a gap are shared out otherwise than they were read:
/// odds of one to two.
const MOVED_MARK: f64 = 1.386;
/// Gaps up to this many patients have their costs in a table.
const TABLE: usize = 24;

/// The cost of censoring c patients in a gap: −2 log of its probability, up to a constant.
#[derive(Debug, Clone)]
pub(crate) struct Gap {
    /// Fewest patients: each certain mark stands for at least one.
    pub(crate) least: u32,
    /// Most patients; 0 for a gap without length.
    pub(crate) most: u32,
    /// Most patients that are tried when the curve does not ask for a particular number.
    pub(crate) plausible: u32,
    marked: u32,
    reachable: u32,
    mean: f64,
    log_mean: f64,
    table: [f64; TABLE],
}

impl Gap {
    /// The gap of `stage` with `mean` patients expected beyond its marks. Marks can be left unused when the
    /// statement that each mark is a patient has been given up.
    pub(crate) fn new(stage: &Stage, mean: f64, marks_bind: bool) -> Self {
        if !stage.is_open() {
            let none = Self {
                least: 0,
                most: 0,
                plausible: 0,
                marked: 0,
                reachable: 0,
                mean,
                log_mean: 0.0,
                table: [0.0; TABLE],
            };
            return none;
        }
        let marked = stage.marks.len() as u32;
        let reachable = stage.certain + stage.flexible;
        // Three standard deviations of a count with twice the variance of Poisson, and two for small means.
        let spread = (mean + 3.0 * (OVERDISPERSION * mean).sqrt() + 2.0).ceil() as u32;
        let mut gap = Self {
            least: if marks_bind { stage.certain } else { 0 },
            most: u32::MAX,
            plausible: reachable.max(marked) + spread,
            marked,
            reachable: reachable.max(marked),
            mean,
            log_mean: mean.ln(),
            table: [0.0; TABLE],
        };
        for censored in 0..TABLE {
            gap.table[censored] = gap.compute(censored as u32);
        }
        gap
    }

    /// Cost of `censored` patients.
    pub(crate) fn cost(&self, censored: u32) -> f64 {
        match self.table.get(censored as usize) {
            Some(&cost) => cost,
            None => self.compute(censored),
        }
    }

    fn compute(&self, censored: u32) -> f64 {
        let moved = censored.min(self.reachable).abs_diff(self.marked);
        // Marks within reach explain patients before chance does.
        let extra = f64::from(censored.saturating_sub(self.reachable.max(self.marked)));
        let poisson = 2.0 * (self.mean + log_factorial(extra) - extra * self.log_mean);
        MOVED_MARK * f64::from(moved) + poisson / OVERDISPERSION
    }

    /// The most likely number of patients, at least `least` and at most `limit`.
    pub(crate) fn expected(&self, limit: u32) -> u32 {
        let likely = f64::from(self.marked.max(self.least)) + self.mean;
        (likely.round() as u32).min(limit).min(self.most)
    }
}

/// ln x! by Stirling's series, exact to 1e-3 from 0 on.
fn log_factorial(x: f64) -> f64 {
    if x < 1.5 {
        return 0.0;
    }
    (x + 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + 1.0 / (12.0 * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorials() {
        for (x, factorial) in [(0.0, 1.0_f64), (1.0, 1.0), (2.0, 2.0), (5.0, 120.0), (10.0, 3_628_800.0)] {
            assert!((log_factorial(x) - factorial.ln()).abs() < 1e-3);
        }
    }
}
