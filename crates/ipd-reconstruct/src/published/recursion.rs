//! The recursion that both published algorithms share: deaths and patients at risk from click to click.

use std::ops::RangeInclusive;

use kmeta_trial_data::{Finding, PatientRecord};

use crate::published::columns::Block;
use crate::published::{ClickRow, IntervalRow, PublishedError};

/// How the recursion treats what the drops do not determine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limits {
    /// As Guyot 2012 before the last interval: numbers may fall below zero.
    None,
    /// As Guyot 2012 in the last interval: where the number at risk would fall below zero, fewer are censored.
    Clamp,
    /// As IPDfromKM: clamped, and no more events once the estimate is zero.
    ClampAndEnd,
}

/// The life table under construction. Numbers are floating-point as in R, so that what is undefined there
/// (0/0) is undefined here too and can be reported.
#[derive(Debug, Clone)]
pub(crate) struct LifeTable {
    pub(crate) times: Vec<f64>,
    pub(crate) survival: Vec<f64>,
    /// Patients at risk at each click, and after the last one.
    pub(crate) at_risk: Vec<f64>,
    pub(crate) events: Vec<f64>,
    pub(crate) censored: Vec<f64>,
    pub(crate) estimate: Vec<f64>,
}

impl LifeTable {
    /// The table before the first step: one patient more than there are, so that every loop is entered.
    pub(crate) fn new(times: Vec<f64>, survival: Vec<f64>, patients: u32) -> Self {
        let clicks = times.len();
        Self {
            times,
            survival,
            at_risk: vec![f64::from(patients) + 1.0; clicks + 1],
            events: vec![0.0; clicks],
            censored: vec![0.0; clicks],
            estimate: vec![1.0; clicks],
        }
    }

    /// Deaths and patients at risk from click `clicks.start()` to `clicks.end()` (Guyot 2012, steps 3 to 5):
    /// d_k = round(n_k (1 − S_k / Ŝ_last)), Ŝ_k = Ŝ_last (1 − d_k / n_k), n_{k+1} = n_k − d_k − c_k, with `last`
    /// the last click with events. Returns the new `last`.
    pub(crate) fn follow(
        &mut self,
        clicks: RangeInclusive<usize>,
        mut last: usize,
        limits: Limits,
    ) -> Result<usize, PublishedError> {
        for k in clicks {
            if k == 0 {
                (self.events[0], self.estimate[0]) = (0.0, 1.0);
            } else {
                self.events[k] = if limits == Limits::ClampAndEnd && self.estimate[last] <= 0.0 {
                    0.0
                } else {
                    (self.at_risk[k] * (1.0 - self.survival[k] / self.estimate[last])).round_ties_even()
                };
                if !self.events[k].is_finite() {
                    return Err(self.undefined(k, "the number of events"));
                }
                // With nobody at risk the ratio is 0/0 in R too; no later step reads it, as `last` stays.
                let died = if self.at_risk[k] == 0.0 { 0.0 } else { self.events[k] / self.at_risk[k] };
                self.estimate[k] = self.estimate[last] * (1.0 - died);
            }
            self.at_risk[k + 1] = self.at_risk[k] - self.events[k] - self.censored[k];
            if limits != Limits::None && self.at_risk[k + 1] < 0.0 {
                self.at_risk[k + 1] = 0.0;
                self.censored[k] = self.at_risk[k] - self.events[k];
            }
            if self.events[k] != 0.0 {
                last = k;
            }
        }
        Ok(last)
    }

    pub(crate) fn undefined(&self, click: usize, step: &'static str) -> PublishedError {
        PublishedError::NotANumber { click: click + 1, time: self.times[click], step }
    }

    pub(crate) fn total_events(&self, clicks: std::ops::Range<usize>) -> f64 {
        self.events[clicks].iter().sum()
    }

    /// The midpoint between click `k` and the next, where its censored patients are written.
    fn censoring_time(&self, k: usize) -> f64 {
        self.times.get(k + 1).map_or(self.times[k], |next| (self.times[k] + next) / 2.0)
    }

    /// Checks that the table holds patients: no negative count, and not more than `patients` in all.
    pub(crate) fn check(&self, patients: u32) -> Result<(), PublishedError> {
        for k in 0..self.times.len() {
            for (what, count) in [("events", self.events[k]), ("censored patients", self.censored[k])] {
                if count.is_nan() {
                    return Err(self.undefined(k, what));
                }
                if count < 0.0 {
                    let time = self.times[k];
                    return Err(PublishedError::NegativeCount { click: k + 1, time, what, count });
                }
            }
        }
        let placed = self.events.iter().chain(&self.censored).sum::<f64>();
        if placed > f64::from(patients) {
            return Err(PublishedError::TooManyPatients { placed, patients });
        }
        Ok(())
    }

    pub(crate) fn event_records(&self, k: usize) -> impl Iterator<Item = PatientRecord> {
        std::iter::repeat_n(PatientRecord { time: self.times[k], event: true }, self.events[k] as usize)
    }

    pub(crate) fn censored_records(&self, k: usize) -> impl Iterator<Item = PatientRecord> {
        std::iter::repeat_n(
            PatientRecord { time: self.censoring_time(k), event: false },
            self.censored[k] as usize,
        )
    }

    /// Fills up to the number of patients with those still at risk at the last click. Call after
    /// [`Self::check`].
    pub(crate) fn add_remaining(&self, records: &mut Vec<PatientRecord>, patients: u32) {
        let end = self.times[self.times.len() - 1];
        records.resize(patients as usize, PatientRecord { time: end, event: false });
    }

    /// The rows of the finished table. Call after [`Self::check`], so that the conversions are exact.
    pub(crate) fn rows(&self) -> Vec<ClickRow> {
        (0..self.times.len())
            .map(|k| ClickRow {
                time: self.times[k],
                survival: self.survival[k],
                at_risk: self.at_risk[k].max(0.0) as u32,
                events: self.events[k] as u32,
                censored: self.censored[k] as u32,
                estimate: self.estimate[k],
            })
            .collect()
    }

    pub(crate) fn interval_rows(&self, blocks: &[Block], at_risk: &[f64]) -> Vec<IntervalRow> {
        let sum =
            |counts: &[f64], block: &Block| counts[block.lower..=block.upper].iter().sum::<f64>() as u32;
        blocks
            .iter()
            .zip(at_risk)
            .map(|(block, &estimated)| IntervalRow {
                time: block.time,
                lower: block.lower + 1,
                upper: block.upper + 1,
                number_at_risk: block.at_risk,
                number_at_risk_estimated: estimated.max(0.0) as u32,
                events: sum(&self.events, block),
                censored: sum(&self.censored, block),
            })
            .collect()
    }
}

/// The finding of a number at risk that the algorithm replaced by its own.
pub(crate) fn overwritten(block: &Block, estimated: f64) -> Finding {
    Finding::warning(
        "risk-table-overwritten",
        format!("risk table, time {}", block.time),
        format!(
            "{} patients at risk are printed, but the curve leaves {estimated}; the published algorithm goes on \
             with {estimated}",
            block.at_risk
        ),
    )
}

/// The finding of a loop that was ended by its bound.
pub(crate) fn stopped(block: &Block, iterations: u32) -> Finding {
    Finding::warning(
        "iterations-stopped",
        format!("risk table, time {}", block.time),
        format!(
            "the number of censored patients did not settle in {iterations} corrections; the published loop has \
             no bound and may never end"
        ),
    )
}

/// The finding of a total of events that was not met.
pub(crate) fn total_events_missed(stated: u32, reached: f64) -> Finding {
    Finding::warning(
        "total-events-missed",
        "total of events",
        format!(
            "{stated} events are printed, {reached} were reconstructed: the published algorithm changes censoring \
             in the last interval only"
        ),
    )
}
