//! The algorithm of the R package IPDfromKM 0.1.10.

use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::{Finding, PatientRecord};

use crate::published::columns::{Block, blocks, columns};
use crate::published::preprocess::{prepare, without_trailing_zeros};
use crate::published::recursion::{LifeTable, Limits, overwritten, stopped, total_events_missed};
use crate::published::rounding::{EvenTimes, round_to_thousandths};
use crate::published::{ClickRow, PublishedError, PublishedInput, PublishedReconstruction, PublishedStatus};

/// What IPDfromKM gives for one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct IpdFromKm {
    /// Label of the arm, the column `treat` of the original; it changes nothing.
    pub arm_id: u32,
    /// Patients and tables.
    pub reconstruction: PublishedReconstruction,
    /// Reconstructed minus clicked survival at each click, rounded to three decimals.
    pub differences: Vec<f64>,
    /// Summary of the differences.
    pub precision: Precision,
}

/// The summary that IPDfromKM calls precision. It compares with the clicks that went in, so it says how well
/// the algorithm follows itself, not how well it meets the printed curve. All values are rounded to three
/// decimals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    /// √(Σ difference² / (clicks − 1)).
    pub rmse: f64,
    /// Mean of the absolute differences.
    pub mean_absolute_error: f64,
    /// The largest difference *with its sign*: differences below zero, however large, do not show in it.
    pub max_error_signed: f64,
}

/// Reconstructs patients by the algorithm of IPDfromKM 0.1.10, exactly.
///
/// The clicks are prepared as the package does: sorted, outliers by the rule of Tukey deleted, made to never
/// rise, (0, 1) put in front. For percentages (`maxy = 100` there) make the clicks with
/// [`crate::clicks::Clicks::from_percent`]. Differences from Guyot 2012: a further bound on the censored
/// patients of an interval; they are spread from its first to its last click in bins closed on the left; each
/// number at risk is replaced by its estimate; a total of events only limits the censored patients of the last
/// interval, or sets them when there is no risk table. `arm_id` labels the arm and changes nothing.
///
/// # Errors
/// [`PublishedError`] with fewer than five clicks, without patients, and where a count is undefined.
pub fn ipdfromkm(input: &PublishedInput, arm_id: u32) -> Result<IpdFromKm, PublishedError> {
    let mut columns = columns(input)?;
    let patients = columns[0].1;
    without_trailing_zeros(&mut columns);
    let mut findings = Vec::new();
    let (times, survival) = prepare(&input.clicks, &mut findings)?;
    let blocks = blocks(&times, &columns, &mut findings);
    // `endpts` of the original: patients who stay at risk when the clicks end before the risk table does.
    let (last_column, smallest) = (columns[columns.len() - 1].0, columns[columns.len() - 1].1);
    let kept_at_end = if times[times.len() - 1] < last_column { smallest } else { 0 };
    let mut run = Run {
        at_risk: blocks.iter().map(|block| f64::from(block.at_risk)).collect(),
        table: LifeTable::new(times, survival, patients),
        censored: Vec::with_capacity(blocks.len()),
        blocks,
        last: 0,
        findings,
        max_iterations: input.max_iterations,
        status: PublishedStatus::Converged,
    };
    for index in 0..run.blocks.len() - 1 {
        run.meet_next_column(index)?;
    }
    run.last_interval(input.total_events, kept_at_end)?;
    run.finish(patients, arm_id)
}

/// The state between the intervals of the risk table.
struct Run {
    table: LifeTable,
    blocks: Vec<Block>,
    at_risk: Vec<f64>,
    /// Censored patients of the intervals so far.
    censored: Vec<f64>,
    /// The last click with events so far.
    last: usize,
    findings: Vec<Finding>,
    max_iterations: u32,
    status: PublishedStatus,
}

impl Run {
    /// An interval whose end has a number at risk.
    fn meet_next_column(&mut self, index: usize) -> Result<(), PublishedError> {
        let (block, next) = (self.blocks[index], self.blocks[index + 1]);
        let end = next.lower;
        let target = self.at_risk[index + 1];
        let most = self.at_risk[index] - target + 1.0;
        // From left to right, as printed: half a patient here is where rounding noise decides.
        let alive = self.at_risk[index] * self.table.survival[end] / self.table.survival[block.lower];
        let mut censored = (alive - target).round_ties_even();
        if !censored.is_finite() {
            return Err(self.table.undefined(block.lower, "the number of censored patients"));
        }
        let start = self.last;
        let mut iterations = 0;
        let open = |at_risk: f64, censored: f64| {
            (at_risk > target || (at_risk < target && censored > 0.0)) && censored < most
        };
        while open(self.table.at_risk[end], censored) {
            if iterations == self.max_iterations {
                self.status = PublishedStatus::Stopped;
                self.findings.push(stopped(&block, self.max_iterations));
                break;
            }
            iterations += 1;
            censored = censored.max(0.0);
            self.place(&block, censored);
            self.table.at_risk[block.lower] = self.at_risk[index];
            self.last = self.table.follow(block.lower..=block.upper, start, Limits::ClampAndEnd)?;
            censored += self.table.at_risk[end] - target;
        }
        if self.table.at_risk[end] != target {
            self.findings.push(overwritten(&next, self.table.at_risk[end]));
        }
        self.at_risk[index + 1] = self.table.at_risk[end];
        self.censored.push(censored);
        Ok(())
    }

    /// Spreads censored patients from the first to the last click of an interval.
    fn place(&mut self, block: &Block, censored: f64) {
        let Block { lower, upper, .. } = *block;
        let times = &self.table.times;
        let even = EvenTimes { start: times[lower], end: times[upper], count: censored };
        let bins = even.counts_from(&times[lower..=upper]);
        self.table.censored[lower..=upper].copy_from_slice(&bins);
    }

    /// The interval without a number at risk at its end. The number of censored patients is not rounded; only
    /// its whole part is placed.
    fn last_interval(&mut self, total_events: Option<u32>, kept_at_end: u32) -> Result<(), PublishedError> {
        let index = self.blocks.len() - 1;
        let block = self.blocks[index];
        let at_risk = self.at_risk[index];
        let events_before = self.table.total_events(0..block.lower);
        let censored = if index == 0 {
            total_events.map_or(0.0, |total| at_risk - f64::from(total))
        } else {
            let mean = self.censored.iter().sum::<f64>() / index as f64;
            let end = self.table.times[self.table.times.len() - 1];
            let rate = mean * (end - block.time) / (block.time - self.blocks[index - 1].time);
            let events_left = total_events.map_or(0.0, |total| (f64::from(total) - events_before).max(0.0));
            rate.min(at_risk - f64::from(kept_at_end) - events_left)
        };
        self.place(&block, censored.max(0.0));
        self.table.at_risk[block.lower] = at_risk;
        self.table.follow(block.lower..=block.upper, self.last, Limits::ClampAndEnd)?;
        if let Some(stated) = total_events {
            let reached = self.table.total_events(0..block.upper + 1);
            if reached != f64::from(stated) {
                self.findings.push(total_events_missed(stated, reached));
            }
        }
        Ok(())
    }

    fn finish(self, patients: u32, arm_id: u32) -> Result<IpdFromKm, PublishedError> {
        let table = &self.table;
        table.check(patients)?;
        let mut records: Vec<PatientRecord> = Vec::with_capacity(patients as usize);
        for k in 0..table.times.len() {
            records.extend(table.event_records(k));
            records.extend(table.censored_records(k));
        }
        table.add_remaining(&mut records, patients);
        let mut clicks = table.rows();
        let differences = compare_with_clicks(&records, &mut clicks);
        Ok(IpdFromKm {
            arm_id,
            precision: precision(&differences),
            differences,
            reconstruction: PublishedReconstruction {
                status: self.status,
                patients: records,
                clicks,
                intervals: table.interval_rows(&self.blocks, &self.at_risk),
                findings: self.findings,
            },
        })
    }
}

/// Writes the Kaplan-Meier estimate of the finished patients into the rows, and returns its differences from
/// the clicks.
fn compare_with_clicks(records: &[PatientRecord], clicks: &mut [ClickRow]) -> Vec<f64> {
    // The records have finite times from 0 on, so a fit exists.
    let fit = KaplanMeier::fit(records).ok();
    clicks
        .iter_mut()
        .map(|row| {
            let estimate = fit.as_ref().map_or(1.0, |fit| fit.survival_at(row.time));
            row.estimate = round_to_thousandths(estimate);
            round_to_thousandths(estimate - row.survival)
        })
        .collect()
}

fn precision(differences: &[f64]) -> Precision {
    let clicks = differences.len() as f64;
    let squares = quotient_of_sum(differences.iter().map(|difference| difference * difference), clicks - 1.0);
    let absolute = quotient_of_sum(differences.iter().map(|difference| difference.abs()), clicks);
    Precision {
        rmse: round_to_thousandths(squares.sqrt()),
        mean_absolute_error: round_to_thousandths(absolute),
        max_error_signed: differences.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    }
}

/// A sum divided by a number, rounded once: R adds in extended precision, and the third decimal of a mean of
/// thousandths hangs on the last bit.
fn quotient_of_sum(values: impl Iterator<Item = f64>, divisor: f64) -> f64 {
    let (mut sum, mut rest) = (0.0_f64, 0.0);
    for value in values {
        // The summands are not negative, so the error of an addition is exact in this form (Neumaier 1974).
        let next = sum + value;
        rest += if sum >= value { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    let quotient = sum / divisor;
    quotient + ((-quotient).mul_add(divisor, sum) + rest) / divisor
}
