//! The algorithm of Guyot and colleagues (2012), interval by interval of the risk table.
//!
//! In each interval the number of censored patients is corrected until the patients left at its end are those
//! printed in the next column. Differences from the published algorithm, each because the published form
//! fails on real figures:
//!
//! - The number of corrections is bounded, and a number that was tried before ends the loop with a scan of the
//!   numbers between. The published loops can cycle or grow without end.
//! - The curve is used as a step function, so intervals without drops and columns between drops need no
//!   digitized point of their own.
//! - A column that the curve contradicts is reported, not silently replaced. When it can be met within
//!   [`ReconstructionOptions::curve_tolerance`] by rounding the events of the interval otherwise, it is met.
//! - A total of events changes censoring in the last interval, as published, but the drops of the last
//!   interval are never erased to meet it.
//! - Censor marks, where the figure shows them, say where patients are censored. Where the next column asks for
//!   more patients than there are marks, each further one is put where the curve then stays closest.

use kmeta_trial_data::{Finding, PatientRecord, ReconstructedArm, ReconstructionStatus};

use crate::correction::{Correction, correct};
use crate::interval::{Interval, Walk};
use crate::timeline::{Column, Drop, Timeline};
use crate::{ReconstructionError, ReconstructionInput, ReconstructionOptions, fidelity};

/// Shifts of the rounding of events, nearest to the published rule first: 0, −0.05, 0.05 … 0.5.
fn rounding_shifts() -> impl Iterator<Item = f64> {
    (0..=20).map(|step| {
        let size = f64::from((step + 1) / 2) * 0.05;
        if step % 2 == 1 { -size } else { size }
    })
}

pub(crate) fn reconstruct(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
) -> Result<ReconstructedArm, ReconstructionError> {
    if !(0.0..=1.0).contains(&options.curve_tolerance) {
        return Err(ReconstructionError::OptionInvalid {
            option: "curve_tolerance",
            value: options.curve_tolerance,
            expected: "a survival fraction from 0 to 1",
        });
    }
    let timeline = Timeline::new(input, options.number_at_risk_convention)?;
    let mut solver = Solver::new(input, options, &timeline);
    for index in 0..timeline.columns.len() {
        solver.solve_interval(index);
    }
    solver.check_all_drops_used();
    let status = solver.status();
    let Solver { mut patients, mut findings, at_risk, .. } = solver;
    patients.extend((0..at_risk).map(|_| PatientRecord { time: timeline.end, event: false }));
    patients.sort_by(|one, next| one.time.total_cmp(&next.time).then(next.event.cmp(&one.event)));
    let fidelity = fidelity::assess(input, options, &patients, status, timeline.end);
    findings.splice(0..0, timeline.findings);
    Ok(ReconstructedArm {
        trial: input.trial.clone(),
        arm: input.arm.clone(),
        patients,
        fidelity,
        findings,
        provenance: input.provenance.clone(),
    })
}

/// The state between intervals.
struct Solver<'a> {
    input: &'a ReconstructionInput,
    options: &'a ReconstructionOptions,
    timeline: &'a Timeline,
    marks: &'a [f64],
    patients: Vec<PatientRecord>,
    at_risk: u32,
    estimate: f64,
    events: u32,
    censored: u32,
    findings: Vec<Finding>,
    conflict: bool,
    stopped: bool,
}

impl<'a> Solver<'a> {
    fn new(
        input: &'a ReconstructionInput,
        options: &'a ReconstructionOptions,
        timeline: &'a Timeline,
    ) -> Self {
        Self {
            input,
            options,
            timeline,
            marks: if options.use_censor_marks { &timeline.marks } else { &[] },
            patients: Vec::with_capacity(timeline.patients() as usize),
            at_risk: timeline.patients(),
            estimate: 1.0,
            events: 0,
            censored: 0,
            findings: Vec::new(),
            conflict: timeline.conflict,
            stopped: false,
        }
    }

    fn status(&self) -> ReconstructionStatus {
        match (self.stopped, self.conflict) {
            (true, _) => ReconstructionStatus::Stopped,
            (false, true) => ReconstructionStatus::Compromise,
            (false, false) => ReconstructionStatus::Converged,
        }
    }

    /// Places the patients who leave in the interval from column `index` to the next column or the end.
    fn solve_interval(&mut self, index: usize) {
        let columns = &self.timeline.columns;
        let next = columns.get(index + 1).copied();
        let interval = self.interval(columns[index].time, next);
        let walk = match next {
            Some(column) => self.meet_column(&interval, column),
            None => self.finish(&interval),
        };
        self.record(&interval, walk);
    }

    fn interval(&self, start: f64, next: Option<Column>) -> Interval<'a> {
        let end = next.map_or(self.timeline.end, |column| column.time);
        let inside = |time: f64| time < end || next.is_none();
        let drops: &'a [Drop] = &self.timeline.drops;
        let first = drops.partition_point(|drop| drop.time < start);
        let drop_count = drops[first..].partition_point(|drop| inside(drop.time));
        let first_mark = self.marks.partition_point(|&mark| mark < start);
        let mark_count = self.marks[first_mark..].partition_point(|&mark| inside(mark));
        Interval {
            start,
            end,
            drops: &drops[first..first + drop_count],
            marks: &self.marks[first_mark..first_mark + mark_count],
            at_risk: self.at_risk,
            estimate: self.estimate,
        }
    }

    /// An interval whose end has a printed number at risk.
    fn meet_column(&mut self, interval: &Interval<'_>, column: Column) -> Walk {
        let target = column.at_risk;
        let meets = |walk: &Walk| walk.at_risk_end == target;
        let start = self.expected_censored(interval, target);
        let correction = correct(start, interval.at_risk, self.options.max_iterations, |count| {
            i64::from(walk_with(interval, count).at_risk_end) - i64::from(target)
        });
        let mut walk = walk_with(interval, correction.censored);
        settle_in_last_gap(interval, &mut walk, target);
        if !self.marks.is_empty() {
            let by_marks = [
                self.walk_with_marks(interval, meets),
                with_hidden_patients(interval, target, self.options.curve_tolerance),
            ];
            let best = by_marks
                .into_iter()
                .flatten()
                .min_by(|one, next| one.curve_error.total_cmp(&next.curve_error));
            if let Some(best) = best
                && (best.curve_error <= walk.curve_error || !meets(&walk))
            {
                return best;
            }
        }
        self.note_bound(&correction, interval);
        if !meets(&walk) {
            match self.walk_within_tolerance(interval, 0, meets) {
                Some(rounded) => walk = rounded,
                None => self.report_column(&walk, column),
            }
        }
        walk
    }

    /// Guyot 2012, step 1: round(n_i S(t_{i+1}) / S(t_i) − n_{i+1}), or the number of censor marks.
    fn expected_censored(&self, interval: &Interval<'_>, target: u32) -> u32 {
        if !interval.marks.is_empty() {
            return (interval.marks.len() as u32).min(interval.at_risk);
        }
        let after = interval.drops.last().map_or(self.estimate, |drop| drop.survival);
        let ratio = if self.estimate > 0.0 { after / self.estimate } else { 0.0 };
        let expected = (f64::from(interval.at_risk) * ratio - f64::from(target)).round_ties_even();
        expected.clamp(0.0, f64::from(interval.at_risk)) as u32
    }

    /// One patient per mark, if some rounding within the tolerance then satisfies `accept`.
    fn walk_with_marks(&self, interval: &Interval<'_>, accept: impl Fn(&Walk) -> bool) -> Option<Walk> {
        self.walk_within_tolerance(interval, interval.marks.len() as u32, accept)
    }

    /// `count` censored patients and the events rounded so that `accept` holds, if the curve allows it.
    fn walk_within_tolerance(
        &self,
        interval: &Interval<'_>,
        count: u32,
        accept: impl Fn(&Walk) -> bool,
    ) -> Option<Walk> {
        let published = walk_with(interval, count);
        if accept(&published) {
            return Some(published);
        }
        if self.options.curve_tolerance <= 0.0 {
            return None;
        }
        let allowed = self.options.curve_tolerance.max(published.curve_error);
        rounding_shifts().skip(1).find_map(|shift| {
            let walk = interval.walk(place(interval, count), shift);
            (accept(&walk) && walk.curve_error <= allowed).then_some(walk)
        })
    }

    /// The interval after the last column: censoring continues at its earlier rate (Guyot 2012, step 6) or on
    /// the marks; a total of events corrects it (step 8).
    fn finish(&mut self, interval: &Interval<'_>) -> Walk {
        let start = if self.marks.is_empty() {
            self.censored_at_earlier_rate(interval)
        } else {
            (interval.marks.len() as u32).min(interval.at_risk)
        };
        let Some(stated) = self.input.total_events else { return walk_with(interval, start) };
        let events_before = i64::from(self.events);
        let miss = |walk: &Walk| events_before + i64::from(walk.total_events()) - i64::from(stated);
        let meets = |walk: &Walk| miss(walk) == 0;
        if !self.marks.is_empty()
            && let Some(walk) = self.walk_with_marks(interval, meets)
        {
            return walk;
        }
        let mut walk = walk_with(interval, start);
        if events_before < i64::from(stated) {
            let correction = correct(start, interval.at_risk, self.options.max_iterations, |count| {
                miss(&walk_with(interval, count))
            });
            self.note_bound(&correction, interval);
            let best = correction.censored;
            walk = self
                .walk_within_tolerance(interval, best, meets)
                .unwrap_or_else(|| walk_with(interval, best));
        }
        self.report_events(events_before + i64::from(walk.total_events()), stated);
        walk
    }

    /// min(round(ΣC · length / length so far), n), and no censoring before the end without a risk table.
    fn censored_at_earlier_rate(&self, interval: &Interval<'_>) -> u32 {
        if interval.start <= 0.0 {
            return 0;
        }
        let share = (interval.end - interval.start) / interval.start;
        let expected = (f64::from(self.censored) * share).round_ties_even();
        expected.clamp(0.0, f64::from(interval.at_risk)) as u32
    }

    fn record(&mut self, interval: &Interval<'_>, walk: Walk) {
        for (drop, &events) in interval.drops.iter().zip(&walk.events) {
            self.patients.extend((0..events).map(|_| PatientRecord { time: drop.time, event: true }));
        }
        let censored = walk.censored.iter().flatten();
        self.patients.extend(censored.map(|&time| PatientRecord { time, event: false }));
        self.events += walk.total_events();
        self.censored += walk.total_censored();
        self.note_marks(interval, &walk);
        self.at_risk = walk.at_risk_end;
        self.estimate = walk.estimate_end;
    }

    fn note_marks(&mut self, interval: &Interval<'_>, walk: &Walk) {
        let marks = interval.marks.len() as u32;
        let censored = walk.total_censored();
        if !self.marks.is_empty() && censored != marks {
            self.findings.push(Finding::note(
                "censor-marks-differ",
                self.input.place(),
                format!(
                    "from time {} to {} there are {marks} censor marks and {censored} censored patients",
                    interval.start, interval.end
                ),
            ));
        }
    }

    fn note_bound(&mut self, correction: &Correction, interval: &Interval<'_>) {
        if correction.stopped {
            self.stopped = true;
            self.findings.push(Finding::warning(
                "iteration-bound",
                self.input.place(),
                format!(
                    "the number of censored patients from time {} to {} was corrected {} times without end; \
                     the best number met is used",
                    interval.start, interval.end, self.options.max_iterations
                ),
            ));
        }
    }

    fn report_column(&mut self, walk: &Walk, column: Column) {
        self.conflict = true;
        self.findings.push(Finding::warning(
            "number-at-risk-conflict",
            self.input.place(),
            format!(
                "{} at risk are printed at time {}, but the curve leaves {} even without censoring; the curve \
                 is followed. Check the cell and the curve before it",
                column.at_risk, column.time, walk.at_risk_end
            ),
        ));
    }

    fn report_events(&mut self, found: i64, stated: u32) {
        if found != i64::from(stated) {
            self.conflict = true;
            self.findings.push(Finding::warning(
                "total-events-missed",
                self.input.place(),
                format!(
                    "{stated} events are stated, the curve and the numbers at risk give {found} ({:+}); only \
                     censoring after the last number at risk could be changed",
                    found - i64::from(stated)
                ),
            ));
        }
    }

    /// Reports patients who ran out before the curve's last drop.
    fn check_all_drops_used(&mut self) {
        let last_level = self.timeline.drops.last().map_or(1.0, |drop| drop.survival);
        if self.at_risk == 0 && self.estimate <= 0.0 && last_level > self.options.curve_tolerance {
            self.conflict = true;
            self.findings.push(Finding::warning(
                "patients-run-out",
                self.input.place(),
                format!(
                    "no patient is left at the end, but the curve stays at {last_level:.3}; check the numbers \
                     at risk"
                ),
            ));
        }
    }
}

/// `count` censored patients on the marks of the interval, or evenly where it has none.
fn place(interval: &Interval<'_>, count: u32) -> Vec<Vec<f64>> {
    if interval.marks.is_empty() { interval.spread_evenly(count) } else { interval.place_on_marks(count) }
}

fn walk_with(interval: &Interval<'_>, count: u32) -> Walk {
    interval.walk(place(interval, count), 0.0)
}

/// One patient per mark, and more, one after the other where the curve stays closest, as long as the next
/// column asks for more or the curve is missed by more than `tolerance`: marks can stand for several patients,
/// and marks that touch or lie on a drop are not seen. `None` when the column cannot be met so.
fn with_hidden_patients(interval: &Interval<'_>, target: u32, tolerance: f64) -> Option<Walk> {
    const MOST_HIDDEN: u32 = 20;
    let mut placed = interval.place_on_marks(interval.marks.len() as u32);
    let mut counts: Vec<usize> = placed.iter().map(Vec::len).collect();
    let mut best: Option<Walk> = None;
    for _ in 0..=MOST_HIDDEN {
        let end = interval.end_with(&counts);
        if end.at_risk < target {
            break;
        }
        if end.at_risk == target {
            if best.as_ref().is_none_or(|walk| end.curve_error < walk.curve_error) {
                best = Some(interval.walk(placed.clone(), 0.0));
            }
            if end.curve_error <= tolerance {
                break;
            }
        }
        let gap = closest_gap_for_one_more(interval, &mut counts, target);
        let time = placed[gap].last().copied().unwrap_or_else(|| interval.middle_of_gap(gap));
        placed[gap].push(time);
        counts[gap] += 1;
    }
    best
}

/// The gap in which one more censored patient leaves the curve closest, the column still within reach.
fn closest_gap_for_one_more(interval: &Interval<'_>, counts: &mut [usize], target: u32) -> usize {
    let mut best = ((true, f64::INFINITY), 0);
    for gap in 0..counts.len() {
        counts[gap] += 1;
        let end = interval.end_with(counts);
        counts[gap] -= 1;
        let rank = (end.at_risk < target, end.curve_error);
        if rank < best.0 {
            best = (rank, gap);
        }
    }
    best.1
}

/// Meets the next column exactly by censoring after the last drop of the interval, where it changes no event.
fn settle_in_last_gap(interval: &Interval<'_>, walk: &mut Walk, target: u32) {
    let middle = interval.middle_of_gap(interval.drops.len());
    let Some(gap) = walk.censored.last_mut() else { return };
    while walk.at_risk_end > target {
        let time = gap.last().copied().unwrap_or(middle);
        gap.push(time);
        walk.at_risk_end -= 1;
    }
    while walk.at_risk_end < target && gap.pop().is_some() {
        walk.at_risk_end += 1;
    }
}
