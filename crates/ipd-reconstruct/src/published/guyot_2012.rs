//! Guyot, Ades, Ouwens and Welton 2012, as published.

use kmeta_trial_data::{Finding, PatientRecord};

use crate::published::columns::{Block, blocks, columns};
use crate::published::recursion::{LifeTable, Limits, overwritten, stopped, total_events_missed};
use crate::published::rounding::EvenTimes;
use crate::published::{PublishedError, PublishedInput, PublishedReconstruction, PublishedStatus};

/// Reconstructs patients by the algorithm of Guyot and colleagues (2012), exactly as published.
///
/// The clicks must be sorted by time. The indices of the first and the last click of each interval of the risk
/// table, which the original leaves to its user, are found from the times. A point (0, 1) is put in front where
/// it is missing. A number at risk that is larger than the curve allows is overwritten, as published, and
/// reported as a finding. A total of events changes censoring in the last interval only.
///
/// Counting follows R: halves round to even, and the bins of censored patients are those of `hist`, closed on
/// the right, with its tolerance.
///
/// # Errors
/// [`PublishedError`] where the input is not what the algorithm takes, and where the original would stop:
/// a curve or a number at risk that reaches zero too early, rising survival, a risk table against the curve.
pub fn guyot(input: &PublishedInput) -> Result<PublishedReconstruction, PublishedError> {
    let columns = columns(input)?;
    let patients = columns[0].1;
    let mut findings = Vec::new();
    let (times, survival) = with_origin(input, &mut findings)?;
    let blocks = blocks(&times, &columns, &mut findings);
    let mut run = Run {
        at_risk: blocks.iter().map(|block| f64::from(block.at_risk)).collect(),
        table: LifeTable::new(times, survival, patients),
        censored: vec![0.0; blocks.len()],
        last: vec![0; blocks.len()],
        blocks,
        findings,
        max_iterations: input.max_iterations,
        status: PublishedStatus::Converged,
    };
    for index in 0..run.blocks.len() - 1 {
        run.meet_next_column(index)?;
    }
    run.extrapolate_censoring()?;
    if let Some(stated) = input.total_events {
        run.meet_total_events(stated)?;
    }
    run.finish(patients)
}

/// The clicks with (0, 1) in front.
fn with_origin(
    input: &PublishedInput,
    findings: &mut Vec<Finding>,
) -> Result<(Vec<f64>, Vec<f64>), PublishedError> {
    let (mut times, mut survival) = (input.clicks.times().to_vec(), input.clicks.survival().to_vec());
    let mut previous = 0.0;
    for (index, (time, value)) in input.clicks.points().enumerate() {
        // A little above 1 or below 0 is the slip of a hand, and the published steps take it.
        if time < 0.0 || !(-0.5..=1.5).contains(&value) {
            return Err(PublishedError::OutOfRange { click: index + 1, time, survival: value });
        }
        if time < previous {
            return Err(PublishedError::TimeDecreases { click: index + 1, time, previous });
        }
        previous = time;
    }
    if (times[0], survival[0]) != (0.0, 1.0) {
        times.insert(0, 0.0);
        survival.insert(0, 1.0);
        findings.push(Finding::note(
            "origin-added",
            "clicks",
            "the clicks do not begin with survival 1 at time 0; this point was put in front of them",
        ));
    }
    if times.len() < 2 {
        return Err(PublishedError::TooFewClicks { found: times.len(), needed: 2 });
    }
    Ok((times, survival))
}

/// The state between the intervals of the risk table.
struct Run {
    table: LifeTable,
    blocks: Vec<Block>,
    /// Numbers at risk, overwritten where the curve contradicts them.
    at_risk: Vec<f64>,
    /// Censored patients per interval.
    censored: Vec<f64>,
    /// The last click with events before each interval.
    last: Vec<usize>,
    findings: Vec<Finding>,
    max_iterations: u32,
    status: PublishedStatus,
}

impl Run {
    /// An interval whose end has a number at risk (steps 1 to 6 of the paper).
    fn meet_next_column(&mut self, index: usize) -> Result<(), PublishedError> {
        let (block, next) = (self.blocks[index], self.blocks[index + 1]);
        let (lower, end) = (block.lower, next.lower);
        let target = self.at_risk[index + 1];
        // From left to right, as printed: half a patient here is where rounding noise decides.
        let alive = self.at_risk[index] * self.table.survival[end] / self.table.survival[lower];
        let mut censored = (alive - target).round_ties_even();
        if !censored.is_finite() {
            return Err(self.table.undefined(lower, "the number of censored patients"));
        }
        let mut last = self.last[index];
        let mut iterations = 0;
        while self.table.at_risk[end] > target || (self.table.at_risk[end] < target && censored > 0.0) {
            if iterations == self.max_iterations {
                self.stop(&block);
                break;
            }
            iterations += 1;
            censored = censored.max(0.0);
            let times =
                EvenTimes { start: self.table.times[lower], end: self.table.times[end], count: censored };
            let bins = times.counts_to(&self.table.times[lower..=end]);
            self.table.censored[lower..=block.upper].copy_from_slice(&bins);
            self.table.at_risk[lower] = self.at_risk[index];
            last = self.table.follow(lower..=block.upper, self.last[index], Limits::None)?;
            censored += self.table.at_risk[end] - target;
        }
        if self.table.at_risk[end] < target {
            self.at_risk[index + 1] = self.table.at_risk[end];
            self.findings.push(overwritten(&next, self.table.at_risk[end]));
        }
        self.last[index + 1] = last;
        self.censored[index] = censored;
        Ok(())
    }

    /// The last interval: the censoring rate of all before it goes on (step 7). With one interval nobody is
    /// censored before the end.
    fn extrapolate_censoring(&mut self) -> Result<(), PublishedError> {
        let index = self.blocks.len() - 1;
        let block = self.blocks[index];
        if index > 0 {
            let times = &self.table.times;
            let length = times[block.upper] - times[block.lower];
            let before = times[self.blocks[index - 1].upper] - times[self.blocks[0].lower];
            let total: f64 = self.censored[..index].iter().sum();
            let censored = (total * length / before).round_ties_even();
            if censored.is_nan() {
                return Err(self.table.undefined(block.lower, "the number of censored patients at the end"));
            }
            self.censored[index] = censored.min(self.at_risk[index]);
        }
        self.follow_last_interval()
    }

    fn follow_last_interval(&mut self) -> Result<(), PublishedError> {
        let index = self.blocks.len() - 1;
        let Block { lower, upper, .. } = self.blocks[index];
        if self.censored[index] <= 0.0 {
            self.censored[index] = 0.0;
            self.table.censored[lower..upper].fill(0.0);
        } else {
            let times = &self.table.times;
            let even = EvenTimes { start: times[lower], end: times[upper], count: self.censored[index] };
            if lower == upper {
                return Err(PublishedError::LastIntervalSingleClick { time: even.start });
            }
            let bins = even.counts_to(&times[lower..=upper]);
            self.table.censored[lower..upper].copy_from_slice(&bins);
        }
        self.table.at_risk[lower] = self.at_risk[index];
        self.table.follow(lower..=upper, self.last[index], Limits::Clamp)?;
        Ok(())
    }

    /// Changes the censoring of the last interval until the events add up to `stated` (step 8).
    fn meet_total_events(&mut self, stated: u32) -> Result<(), PublishedError> {
        let index = self.blocks.len() - 1;
        let Block { lower, upper, .. } = self.blocks[index];
        let target = f64::from(stated);
        if index > 0 && self.table.total_events(0..lower) >= target {
            self.table.events[lower..=upper].fill(0.0);
            self.table.censored[lower..=upper].fill(0.0);
            self.table.at_risk[lower..=upper + 1].fill(self.at_risk[index]);
            let before = if lower == 0 { 1.0 } else { self.table.estimate[self.last[index]] };
            self.table.estimate[lower..=upper].fill(before);
        } else {
            let mut total = self.table.total_events(0..upper + 1);
            let mut iterations = 0;
            while total > target || (total < target && self.censored[index] > 0.0) {
                if iterations == self.max_iterations {
                    self.stop(&self.blocks[index].clone());
                    break;
                }
                iterations += 1;
                self.censored[index] += total - target;
                self.follow_last_interval()?;
                total = self.table.total_events(0..upper + 1);
            }
        }
        let reached = self.table.total_events(0..upper + 1);
        if reached != target {
            self.findings.push(total_events_missed(stated, reached));
        }
        Ok(())
    }

    fn stop(&mut self, block: &Block) {
        self.status = PublishedStatus::Stopped;
        self.findings.push(stopped(block, self.max_iterations));
    }

    fn finish(self, patients: u32) -> Result<PublishedReconstruction, PublishedError> {
        let table = &self.table;
        table.check(patients)?;
        let clicks = 0..table.times.len();
        let mut records: Vec<PatientRecord> = Vec::with_capacity(patients as usize);
        records.extend(clicks.clone().flat_map(|k| table.event_records(k)));
        records.extend(clicks.flat_map(|k| table.censored_records(k)));
        table.add_remaining(&mut records, patients);
        Ok(PublishedReconstruction {
            status: self.status,
            patients: records,
            clicks: table.rows(),
            intervals: table.interval_rows(&self.blocks, &self.at_risk),
            findings: self.findings,
        })
    }
}
