//! Quantities of two-arm counts that tests of funnel asymmetry use in place of the effect's own standard error.

use super::input::{FunnelStudy, StudySize};

/// Added to the cells of a study with an empty one before the Mantel-Haenszel odds ratio is formed.
const CONTINUITY_CORRECTION: f64 = 0.5;

/// The counts of two arms with names of their margins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Table {
    pub(crate) treated_events: f64,
    pub(crate) treated: f64,
    pub(crate) controls: f64,
    pub(crate) events: f64,
    pub(crate) others: f64,
    pub(crate) patients: f64,
}

impl Table {
    pub(crate) fn of(study: &FunnelStudy) -> Option<Self> {
        let StudySize::TwoArms { events, total, control_events, control_total } = study.size else {
            return None;
        };
        let [a, n1, c, n2] = [events, total, control_events, control_total].map(f64::from);
        Some(Self {
            treated_events: a,
            treated: n1,
            controls: n2,
            events: a + c,
            others: n1 + n2 - a - c,
            patients: n1 + n2,
        })
    }

    /// The four cells a, b, c, d.
    fn cells(&self) -> [f64; 4] {
        let a = self.treated_events;
        let c = self.events - a;
        [a, self.treated - a, c, self.controls - c]
    }

    /// Both arms without events, or without others, say nothing about a ratio.
    pub(crate) fn is_informative(&self) -> bool {
        self.events > 0.0 && self.others > 0.0
    }

    /// Efficient score Z and Fisher information V of the log odds ratio at 0, both arms' totals held
    /// (Harbord, Egger & Sterne 2006): Z = a − n₁m/N, V = n₁n₂m(N − m)/[N²(N − 1)].
    pub(crate) fn score_of_log_odds_ratio(&self) -> (f64, f64) {
        let n = self.patients;
        let z = self.treated_events - self.treated * self.events / n;
        (z, self.treated * self.controls * self.events * self.others / (n * n * (n - 1.0)))
    }

    /// Score Z = (aN − n₁m)/(N − m) of the log risk ratio at 0 (Harbord, Harris & Sterne 2009), with the information of
    /// R meta, V = Nm/[4(N − m)], which is n₁n₂m/[N(N − m)] for arms of equal size.
    pub(crate) fn score_of_log_risk_ratio(&self) -> (f64, f64) {
        let z = (self.treated_events * self.patients - self.treated * self.events) / self.others;
        (z, self.patients * self.events / (4.0 * self.others))
    }

    /// 4 n₁ n₂ / N (Deeks, Macaskill & Irwig 2005).
    pub(crate) fn effective_sample_size(&self) -> f64 {
        4.0 * self.treated * self.controls / self.patients
    }

    /// Mean and variance of the number of events in the treatment arm, all margins held, when the odds ratio is
    /// `odds_ratio` (non-central hypergeometric distribution).
    fn moments(&self, odds_ratio: f64) -> (f64, f64) {
        let (n1, n2, m) = (self.treated, self.controls, self.events);
        let (lowest, highest) = ((m - n2).max(0.0), n1.min(m));
        // P(x + 1)/P(x).
        let ratio = |x: f64| (n1 - x) * (m - x) * odds_ratio / ((x + 1.0) * (n2 - m + x + 1.0));
        // The probabilities are summed outwards from near the mode until they no longer count.
        let start = self.most_likely(odds_ratio).clamp(lowest, highest);
        let (mut total, mut first, mut second) = (1.0, 0.0, 0.0);
        for direction in [1.0, -1.0] {
            let (mut x, mut weight) = (start, 1.0);
            while if direction > 0.0 { x < highest } else { x > lowest } {
                weight *= if direction > 0.0 { ratio(x) } else { 1.0 / ratio(x - 1.0) };
                x += direction;
                total += weight;
                first += weight * (x - start);
                second += weight * (x - start).powi(2);
                if weight < 1e-22 * total {
                    break;
                }
            }
        }
        let shift = first / total;
        (start + shift, second / total - shift * shift)
    }

    /// A whole number near the mode: the root of x (n₂ − m + x) = ψ (n₁ − x)(m − x).
    fn most_likely(&self, odds_ratio: f64) -> f64 {
        let a = 1.0 - odds_ratio;
        let b = self.controls - self.events + odds_ratio * (self.treated + self.events);
        let c = -odds_ratio * self.treated * self.events;
        // The root that stays finite as the odds ratio nears 1.
        (-2.0 * c / (b + (b * b - 4.0 * a * c).max(0.0).sqrt())).floor()
    }
}

/// Mantel-Haenszel odds ratio; studies with an empty cell get ½ in all cells. `None` when it is 0 or infinite.
fn mantel_haenszel_odds_ratio(tables: &[Table]) -> Option<f64> {
    let (mut above, mut below) = (0.0, 0.0);
    for table in tables {
        let cells = table.cells();
        let add = if cells.contains(&0.0) { CONTINUITY_CORRECTION } else { 0.0 };
        let [a, b, c, d] = cells.map(|cell| cell + add);
        above += a * d / (a + b + c + d);
        below += b * c / (a + b + c + d);
    }
    let ratio = above / below;
    (ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

/// (a − E)/√V and V of each table under the Mantel-Haenszel odds ratio (Schwarzer, Antes & Schumacher 2007).
pub(crate) fn standardized_counts(tables: &[Table]) -> Option<(Vec<f64>, Vec<f64>)> {
    let odds_ratio = mantel_haenszel_odds_ratio(tables)?;
    Some(
        tables
            .iter()
            .map(|table| {
                let (mean, variance) = table.moments(odds_ratio);
                ((table.treated_events - mean) / variance.sqrt(), variance)
            })
            .unzip(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn table(a: f64, n1: f64, c: f64, n2: f64) -> Table {
        Table {
            treated_events: a,
            treated: n1,
            controls: n2,
            events: a + c,
            others: n1 + n2 - a - c,
            patients: n1 + n2,
        }
    }

    /// With an odds ratio of 1 the distribution is hypergeometric: mean n₁m/N, variance n₁n₂m(N − m)/[N²(N − 1)].
    #[test]
    fn moments_without_effect() {
        for table in [
            table(3.0, 20.0, 6.0, 30.0),
            table(0.0, 116.0, 3.0, 117.0),
            table(505.0, 88391.0, 499.0, 88391.0),
        ] {
            let (mean, variance) = table.moments(1.0);
            assert_relative_eq!(mean, table.treated * table.events / table.patients, max_relative = 1e-12);
            assert_relative_eq!(variance, table.score_of_log_odds_ratio().1, max_relative = 1e-10);
        }
    }

    /// Two patients in each arm and two events: P ∝ 1, 4ψ, ψ².
    #[test]
    fn moments_by_hand() {
        let (mean, variance) = table(1.0, 2.0, 1.0, 2.0).moments(3.0);
        let total = 1.0 + 12.0 + 9.0;
        let by_hand = (12.0 + 18.0) / total;
        assert_relative_eq!(mean, by_hand, max_relative = 1e-14);
        assert_relative_eq!(variance, (12.0 + 36.0) / total - by_hand * by_hand, max_relative = 1e-13);
    }
}
