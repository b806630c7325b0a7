//! What to expect of a gap before its drops are fitted: how many patients are censored in it.
//!
//! Between two columns with R_s and R_e at risk and survival S_s and S_e, constant censoring gives
//! d = (R_s + R_e)(S_s − S_e)/(S_s + S_e) events and c = 2(R_s S_e − R_e S_s)/(S_s + S_e) censored patients
//! (Williamson et al. 2002, Stat Med 21:3337). After the last column a constant rate of censoring is assumed: the
//! one that leaves the printed total of events, else the one of the intervals before, else the one asked for.

use super::evidence::Evidence;
use super::milestones::{Milestone, Stage};

/// Share of the patients without a mark of their own who are expected where no mark is: their marks are hidden
/// by the curve or were overlooked.
const WITHOUT_MARK: f64 = 0.05;
/// Patients beyond the marks, per mark, where no number at risk tells.
const SHARED_MARKS: f64 = 0.05;
/// Least expectation of a gap, so that one patient more is unlikely but never impossible.
const LEAST: f64 = 1e-3;

/// The expected course of an arm, stage by stage.
#[derive(Debug, Clone)]
pub(crate) struct Expectation {
    /// Patients censored in the gap before each milestone beyond its marks.
    pub(crate) extra: Vec<f64>,
    /// Patients censored from after each milestone to the next column, marks included; infinite after the last.
    pub(crate) censored_ahead: Vec<f64>,
    /// Where the interval around each milestone ends.
    pub(crate) ahead: Vec<Ahead>,
    /// Events after the next column.
    pub(crate) events_later: Vec<f64>,
}

/// What the next fixed point is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ahead {
    /// A column, with the survival read there.
    Column {
        /// Its number at risk.
        at_risk: f64,
        /// Survival there.
        level: f64,
    },
    /// The end of follow-up: each patient at risk after the milestone has this many events to come.
    Open {
        /// Events per patient at risk.
        events_per_patient: f64,
    },
}

impl Expectation {
    /// Lays out what is expected; `assumed_rate` is the rate of censoring when nothing printed tells it.
    pub(crate) fn new(evidence: &Evidence, stages: &[Stage], assumed_rate: f64) -> Self {
        let intervals = intervals(stages);
        let closed = evidence.columns.len() - 1;
        let per_column: Vec<(f64, f64)> = (0..closed).map(|index| williamson(evidence, index)).collect();
        let mut expectation = Self {
            extra: vec![LEAST; stages.len()],
            censored_ahead: vec![f64::INFINITY; stages.len()],
            ahead: vec![Ahead::Open { events_per_patient: 0.0 }; stages.len()],
            events_later: vec![0.0; stages.len()],
        };
        let events_closed: f64 = per_column.iter().map(|interval| interval.0).sum();
        let rate = open_rate(evidence, &per_column, events_closed).unwrap_or(assumed_rate);
        let open_events = expectation.fill_open(evidence, stages, &intervals[closed], rate);
        let mut later = open_events;
        for index in (0..closed).rev() {
            let (events, censored) = per_column[index];
            expectation.fill_closed(evidence, stages, &intervals[index], index, censored, later);
            later += events;
        }
        expectation
    }

    /// An interval that ends with a column.
    fn fill_closed(
        &mut self,
        evidence: &Evidence,
        stages: &[Stage],
        interval: &std::ops::Range<usize>,
        index: usize,
        censored: f64,
        later: f64,
    ) {
        let column = evidence.columns[index + 1];
        let marked: f64 = stages[interval.clone()].iter().map(|stage| stage.marks.len() as f64).sum();
        let extra = (censored - marked).max(0.0);
        let length: f64 = stages[interval.clone()].iter().map(|stage| stage.time - stage.start).sum();
        let by_marks = if marked > 0.0 { 1.0 - WITHOUT_MARK } else { 0.0 };
        for at in interval.clone() {
            let stage = &stages[at];
            let by_time = if length > 0.0 { (stage.time - stage.start) / length } else { 0.0 };
            let by_mark = if marked > 0.0 { stage.marks.len() as f64 / marked } else { 0.0 };
            self.extra[at] = (extra * (by_marks * by_mark + (1.0 - by_marks) * by_time)).max(LEAST);
        }
        let mut ahead = 0.0;
        for at in interval.clone().rev() {
            self.censored_ahead[at] = ahead;
            self.events_later[at] = later;
            self.ahead[at] = Ahead::Column {
                at_risk: f64::from(column.at_risk),
                level: evidence.level_at_column(column.time),
            };
            ahead += self.extra[at] + stages[at].marks.len() as f64;
        }
        // The column itself looks ahead to the interval after it, which was filled before.
        if let Some(last) = interval.clone().next_back() {
            self.censored_ahead[last] = 0.0;
        }
    }

    /// The stretch after the last column; returns its expected events.
    fn fill_open(
        &mut self,
        evidence: &Evidence,
        stages: &[Stage],
        interval: &std::ops::Range<usize>,
        rate: f64,
    ) -> f64 {
        let column = evidence.columns[evidence.columns.len() - 1];
        let mut at_risk = f64::from(column.at_risk);
        let mut level = evidence.level_at_column(column.time);
        for at in interval.clone() {
            let stage = &stages[at];
            let leaving = at_risk * (1.0 - (-rate * (stage.time - stage.start)).exp());
            let marks = stage.marks.len() as f64;
            self.extra[at] =
                if evidence.marks.is_empty() { leaving } else { SHARED_MARKS * marks }.max(LEAST);
            at_risk -= leaving.max(marks).min(at_risk);
            if let Milestone::Drop { level: next, .. } = stage.milestone {
                at_risk *= if level > 0.0 { next / level } else { 0.0 };
                level = next;
            }
        }
        // Backwards: events to come per patient who is at risk after the milestone.
        let (mut per_patient, mut level_after) = (0.0, None::<f64>);
        for at in interval.clone().rev() {
            self.ahead[at] = Ahead::Open { events_per_patient: per_patient };
            let stage = &stages[at];
            if let Milestone::Drop { level, .. } = stage.milestone {
                let before = self.level_before(stages, interval, at, evidence);
                let hazard = if before > 0.0 { 1.0 - level / before } else { 0.0 };
                per_patient = hazard + (1.0 - hazard) * per_patient;
                level_after = Some(level);
            }
            per_patient *= (-rate * (stage.time - stage.start)).exp();
        }
        if level_after.is_some() { f64::from(column.at_risk) * per_patient } else { 0.0 }
    }

    fn level_before(
        &self,
        stages: &[Stage],
        interval: &std::ops::Range<usize>,
        at: usize,
        evidence: &Evidence,
    ) -> f64 {
        let previous = stages[interval.start..at].iter().rev().find_map(|stage| match stage.milestone {
            Milestone::Drop { level, .. } => Some(level),
            _ => None,
        });
        previous
            .unwrap_or_else(|| evidence.level_at_column(evidence.columns[evidence.columns.len() - 1].time))
    }
}

/// The stages of each interval: up to and with its column, the last up to the end.
fn intervals(stages: &[Stage]) -> Vec<std::ops::Range<usize>> {
    let mut intervals = Vec::new();
    let mut start = 0;
    for (at, stage) in stages.iter().enumerate() {
        if matches!(stage.milestone, Milestone::Column { binds: true, .. } | Milestone::End) {
            intervals.push(start..at + 1);
            start = at + 1;
        }
    }
    intervals
}

/// Expected events and censored patients between column `index` and the next.
fn williamson(evidence: &Evidence, index: usize) -> (f64, f64) {
    let (start, end) = (evidence.columns[index], evidence.columns[index + 1]);
    let first = if index == 0 { 1.0 } else { evidence.level_at_column(start.time) };
    let last = evidence.level_at_column(end.time);
    let (at_start, at_end) = (f64::from(start.at_risk), f64::from(end.at_risk));
    let sum = first + last;
    if sum <= 0.0 {
        return (0.0, at_start - at_end);
    }
    let events = (at_start + at_end) * (first - last) / sum;
    (events, (2.0 * (at_start * last - at_end * first) / sum).max(0.0))
}

/// The rate of censoring after the last column: from the total of events, else from the intervals before.
fn open_rate(evidence: &Evidence, per_column: &[(f64, f64)], events_closed: f64) -> Option<f64> {
    if let Some(total) = evidence.total_events {
        return Some(rate_of_events(evidence, f64::from(total) - events_closed));
    }
    let mut person_time = 0.0;
    for pair in evidence.columns.windows(2) {
        let at_risk = f64::from(pair[0].at_risk) + f64::from(pair[1].at_risk);
        person_time += 0.5 * at_risk * (pair[1].time - pair[0].time);
    }
    let censored: f64 = per_column.iter().map(|interval| interval.1).sum();
    (person_time > 0.0).then(|| censored / person_time)
}

/// The constant rate of censoring after the last column that leaves `events` events, by halving; 0 when even no
/// censoring leaves too few.
fn rate_of_events(evidence: &Evidence, events: f64) -> f64 {
    let column = evidence.columns[evidence.columns.len() - 1];
    let length = evidence.end - column.time;
    if length <= 0.0 {
        return 0.0;
    }
    let first = evidence.level_at_column(column.time);
    let expected = |rate: f64| {
        let (mut level, mut events) = (first, 0.0);
        for drop in evidence.drops.iter().filter(|drop| drop.survival < first) {
            // n(t) = n · S(t)/S(0) · exp(−rate t): what a drop takes is n · ΔS/S(0) · exp(−rate t).
            let share = if first > 0.0 { (level - drop.survival) / first } else { 0.0 };
            events += f64::from(column.at_risk) * share * (-rate * (drop.time - column.time)).exp();
            level = drop.survival;
        }
        events
    };
    // A rate of 50 over the stretch leaves nobody after its first tenth.
    let (mut low, mut high) = (0.0, 50.0 / length);
    if expected(low) <= events {
        return 0.0;
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if expected(middle) > events { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
