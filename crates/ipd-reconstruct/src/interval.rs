//! One interval of the risk table: how many events at each drop, how many censored in each gap.

use crate::timeline::Drop;

/// What is known of one interval before its censored patients are placed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interval<'a> {
    pub(crate) start: f64,
    pub(crate) end: f64,
    /// Drops from `start` (inclusive) to `end`.
    pub(crate) drops: &'a [Drop],
    /// Censor marks from `start` (inclusive) to `end`.
    pub(crate) marks: &'a [f64],
    /// Patients at risk at `start`.
    pub(crate) at_risk: u32,
    /// Kaplan-Meier estimate of the patients placed so far.
    pub(crate) estimate: f64,
}

/// Censoring times of an interval by gap: entry g holds those before drop g, the last entry those after the
/// last drop.
pub(crate) type CensoredByGap = Vec<Vec<f64>>;

/// The patients of one interval.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    /// Events at each drop.
    pub(crate) events: Vec<u32>,
    /// Censored patients of each gap that could be placed.
    pub(crate) censored: CensoredByGap,
    /// Patients still at risk at the end.
    pub(crate) at_risk_end: u32,
    /// Kaplan-Meier estimate at the end.
    pub(crate) estimate_end: f64,
    /// Largest absolute difference from the curve, at the drops.
    pub(crate) curve_error: f64,
}

impl Walk {
    pub(crate) fn total_events(&self) -> u32 {
        self.events.iter().sum()
    }

    pub(crate) fn total_censored(&self) -> u32 {
        self.censored.iter().map(|gap| gap.len() as u32).sum()
    }
}

impl Interval<'_> {
    /// Spreads `count` censored patients evenly over the interval and moves each to the middle of its gap
    /// (Guyot 2012: times T + j (T' − T)/(C + 1), counted in right-closed gaps, written at the midpoints).
    pub(crate) fn spread_evenly(&self, count: u32) -> CensoredByGap {
        let mut gaps = vec![Vec::new(); self.drops.len() + 1];
        for j in 1..=count {
            let time = self.start + f64::from(j) * (self.end - self.start) / f64::from(count + 1);
            let gap = self.drops.partition_point(|drop| drop.time < time);
            gaps[gap].push(self.middle_of_gap(gap));
        }
        gaps
    }

    /// Puts `count` censored patients on the censor marks. More patients than marks are shared out evenly
    /// over the marks, fewer take marks at even steps through the list. A mark on a drop comes after it.
    pub(crate) fn place_on_marks(&self, count: u32) -> CensoredByGap {
        let mut gaps = vec![Vec::new(); self.drops.len() + 1];
        let marks = self.marks.len();
        for j in 0..count as usize {
            let time = self.marks[(2 * j + 1) * marks / (2 * count as usize)];
            let gap = self.drops.partition_point(|drop| drop.time <= time);
            gaps[gap].push(time);
        }
        gaps
    }

    /// The middle of gap `gap`, between the drops around it or the limits of the interval.
    pub(crate) fn middle_of_gap(&self, gap: usize) -> f64 {
        let from = if gap == 0 { self.start } else { self.drops[gap - 1].time };
        let to = self.drops.get(gap).map_or(self.end, |drop| drop.time);
        from + (to - from) / 2.0
    }

    /// Goes through the interval: at drop k with n at risk there are round(n (1 − S/Ŝ)) events, where Ŝ is the
    /// estimate after the last drop with events (Guyot 2012, step 4). `shift` is added before rounding (half
    /// to even, as R does); 0 is the published rule, other values trade up to |shift| patients between drops.
    ///
    /// Numbers never fall below zero, and one patient stays at risk for each drop that is still to come.
    pub(crate) fn walk(&self, mut censored: CensoredByGap, shift: f64) -> Walk {
        let mut events = Vec::with_capacity(self.drops.len());
        let wanted: Vec<usize> = censored.iter().map(Vec::len).collect();
        let end = self.follow(&wanted, shift, |gap, placed, deaths| {
            censored[gap].truncate(placed);
            events.extend(deaths);
        });
        Walk {
            events,
            censored,
            at_risk_end: end.at_risk,
            estimate_end: end.estimate,
            curve_error: end.curve_error,
        }
    }

    /// Where an interval with `wanted` censored patients per gap ends, by the published rule.
    pub(crate) fn end_with(&self, wanted: &[usize]) -> IntervalEnd {
        self.follow(wanted, 0.0, |_, _, _| {})
    }

    /// The recursion of [`Self::walk`]. `record` gets, gap by gap, the censored patients who found place and
    /// the events of the drop after the gap.
    fn follow(
        &self,
        wanted: &[usize],
        shift: f64,
        mut record: impl FnMut(usize, usize, Option<u32>),
    ) -> IntervalEnd {
        let mut end = IntervalEnd { at_risk: self.at_risk, estimate: self.estimate, curve_error: 0.0 };
        for (gap, &wanted) in wanted.iter().enumerate() {
            let drop = self.drops.get(gap);
            let placed = wanted.min(end.at_risk.saturating_sub(u32::from(drop.is_some())) as usize);
            end.at_risk -= placed as u32;
            let deaths = drop.map(|drop| end.pass(drop, shift));
            record(gap, placed, deaths);
        }
        end
    }
}

/// The state after part of an interval.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IntervalEnd {
    pub(crate) at_risk: u32,
    pub(crate) estimate: f64,
    /// Largest absolute difference from the curve so far, at the drops.
    pub(crate) curve_error: f64,
}

impl IntervalEnd {
    /// Passes a drop and returns its events.
    fn pass(&mut self, drop: &Drop, shift: f64) -> u32 {
        let deaths = events_at(drop, self.at_risk, self.estimate, shift);
        if deaths > 0 {
            self.estimate *= 1.0 - f64::from(deaths) / f64::from(self.at_risk);
        }
        self.at_risk -= deaths;
        self.curve_error = self.curve_error.max((self.estimate - drop.survival).abs());
        deaths
    }
}

/// Events at a drop; everybody when the curve falls to zero.
fn events_at(drop: &Drop, at_risk: u32, estimate: f64, shift: f64) -> u32 {
    if at_risk == 0 || estimate <= 0.0 {
        return 0;
    }
    if drop.survival <= 0.0 {
        return at_risk;
    }
    let expected = f64::from(at_risk) * (1.0 - drop.survival / estimate);
    let rounded = (expected + shift).round_ties_even();
    // The value lies between 0 and `at_risk` after the clamp, so the conversion is exact.
    rounded.clamp(0.0, f64::from(at_risk)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const DROPS: [Drop; 2] = [Drop { time: 1.0, survival: 0.9 }, Drop { time: 3.0, survival: 0.7 }];

    fn interval<'a>(marks: &'a [f64]) -> Interval<'a> {
        Interval { start: 0.0, end: 4.0, drops: &DROPS, marks, at_risk: 10, estimate: 1.0 }
    }

    #[test]
    fn events_follow_the_drops_by_hand() {
        // 10 at risk, 0.9: one event; nine left, 0.7 / 0.9: two events; seven left.
        let walk = interval(&[]).walk(interval(&[]).spread_evenly(0), 0.0);
        assert_eq!(walk.events, [1, 2]);
        assert_eq!(walk.at_risk_end, 7);
        assert!((walk.estimate_end - 0.7).abs() < 1e-12);
    }

    #[test]
    fn even_censoring_goes_to_the_middle_of_right_closed_gaps() {
        // Three censored at 1, 2, 3: the first belongs to the gap before the drop at 1, as do ties in R's cut.
        let gaps = interval(&[]).spread_evenly(3);
        assert_eq!(gaps, [vec![0.5], vec![2.0, 2.0], vec![]]);
    }

    #[test]
    fn marks_take_several_patients_or_are_skipped() {
        let interval = interval(&[0.5, 1.0, 2.0]);
        assert_eq!(interval.place_on_marks(3), [vec![0.5], vec![1.0, 2.0], vec![]]);
        assert_eq!(interval.place_on_marks(6), [vec![0.5, 0.5], vec![1.0, 1.0, 2.0, 2.0], vec![]]);
        assert_eq!(interval.place_on_marks(1), [vec![], vec![1.0], vec![]]);
    }

    #[test]
    fn nobody_is_censored_before_a_drop_that_needs_a_patient() {
        let crowded = vec![vec![0.5; 20], vec![], vec![]];
        let walk = interval(&[]).walk(crowded, 0.0);
        assert_eq!(walk.censored[0].len(), 9);
        assert_eq!(walk.events.len(), 2);
    }

    #[test]
    fn a_curve_at_zero_takes_everybody() {
        let drops = [Drop { time: 1.0, survival: 0.0 }, Drop { time: 2.0, survival: 0.0 }];
        let interval =
            Interval { start: 0.0, end: 4.0, drops: &drops, marks: &[], at_risk: 3, estimate: 0.4 };
        let walk = interval.walk(interval.spread_evenly(0), 0.0);
        assert_eq!((walk.events.as_slice(), walk.at_risk_end), (&[3, 0][..], 0));
    }
}
