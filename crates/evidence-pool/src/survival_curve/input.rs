//! What a trial gives to a pooled curve: its patients, or what its paper prints.

use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::{Provenance, StepCurve, TrialSurvival};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{TrialCells, follow_up_end};
use crate::{PoolError, TrialPatients};

/// Survival of one single-arm trial as its paper prints it: a table by time.
///
/// Row j speaks of the interval from the time before (0 for the first row) to `times[j]`. The number at risk is
/// that at the **start** of the interval: the printed number at risk at time 0 belongs to the first row, the one
/// at `times[0]` to the second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedSurvival {
    /// Identifier of the trial; unique within the analysis.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Ends of the intervals, increasing, above 0, in the unit of the analysis.
    pub times: Vec<f64>,
    /// Patients at risk at the start of each interval, above 0; fractions are allowed (Parmar, Torri & Stewart 1998
    /// adjust them for censoring within the interval).
    pub number_at_risk: Vec<f64>,
    /// Survival at each time, a fraction, not increasing.
    pub survival: Vec<f64>,
    /// Where the table came from.
    pub provenance: Provenance,
}

/// One trial of a pooled curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrialCurve {
    /// Patients, reconstructed or original.
    Patients(TrialPatients),
    /// A printed table.
    Published(PublishedSurvival),
}

impl TrialCurve {
    /// Identifier of the trial.
    pub fn trial(&self) -> &str {
        match self {
            Self::Patients(trial) => &trial.trial,
            Self::Published(table) => &table.trial,
        }
    }
}

/// A checked trial that can be asked for the cells of any grid.
pub(super) enum Arm<'a> {
    Patients(&'a TrialPatients, KaplanMeier),
    Published(&'a PublishedSurvival),
}

impl<'a> Arm<'a> {
    pub(super) fn patients(trial: &'a TrialPatients) -> Result<Self, PoolError> {
        let fit = KaplanMeier::fit(&trial.patients)
            .map_err(|source| PoolError::Patients { trial: trial.trial.clone(), source })?;
        Ok(Self::Patients(trial, fit))
    }

    pub(super) fn new(trial: &'a TrialCurve) -> Result<Self, PoolError> {
        match trial {
            TrialCurve::Patients(trial) => Self::patients(trial),
            TrialCurve::Published(table) => {
                check_table(table)?;
                Ok(Self::Published(table))
            }
        }
    }

    pub(super) fn trial(&self) -> &str {
        match self {
            Self::Patients(trial, _) => &trial.trial,
            Self::Published(table) => &table.trial,
        }
    }

    /// Longest follow-up, or the last printed time.
    pub(super) fn end(&self) -> f64 {
        match self {
            Self::Patients(trial, _) => follow_up_end(trial),
            Self::Published(table) => table.times.last().copied().unwrap_or(0.0),
        }
    }

    fn survival_at(&self, time: f64) -> f64 {
        match self {
            Self::Patients(_, fit) => fit.survival_at(time),
            Self::Published(table) => table.survival_at(time),
        }
    }

    /// Patients who enter the interval that starts at `start`. Patients whose follow-up ends at its start belong
    /// to the interval before it; at 0 everyone enters.
    fn entering(&self, start: f64) -> f64 {
        match self {
            Self::Patients(trial, _) => {
                trial.patients.iter().filter(|patient| start == 0.0 || patient.time > start).count() as f64
            }
            Self::Published(table) => table.number_at_risk_at(start),
        }
    }

    /// The cells of the intervals that the trial covers.
    pub(super) fn cells(&self, times: &[f64]) -> TrialCells {
        let end = self.end();
        self.cells_of_intervals(&times[..times.partition_point(|&time| time <= end)])
    }

    /// The cells of these intervals, whether or not follow-up reaches the ends of the last ones, while anybody is left.
    pub(super) fn cells_of_intervals(&self, times: &[f64]) -> TrialCells {
        let mut cells = TrialCells::default();
        let (mut start, mut survival_at_start) = (0.0, 1.0);
        for &time in times {
            let at_risk = self.entering(start);
            if survival_at_start <= 0.0 || at_risk <= 0.0 {
                break;
            }
            let survival = self.survival_at(time);
            cells.push(at_risk, (survival / survival_at_start).clamp(0.0, 1.0));
            (start, survival_at_start) = (time, survival);
        }
        cells
    }

    /// Events after `time`, where patients are known.
    pub(super) fn events_after(&self, time: f64) -> usize {
        match self {
            Self::Patients(trial, _) => {
                trial.patients.iter().filter(|patient| patient.event && patient.time > time).count()
            }
            Self::Published(_) => 0,
        }
    }

    pub(super) fn shown(&self) -> TrialSurvival {
        match self {
            Self::Patients(trial, fit) => TrialSurvival {
                trial: trial.trial.clone(),
                label: trial.label.clone(),
                curve: fit.curve(),
                follow_up_end: follow_up_end(trial),
                patients: trial.patients.len() as u32,
                events: trial.patients.iter().filter(|patient| patient.event).count() as u32,
                median: fit.median(),
                provenance: trial.provenance.clone(),
            },
            Self::Published(table) => table.shown(self.end()),
        }
    }
}

impl PublishedSurvival {
    /// Which row's interval holds `time`, and the share of the interval that has passed.
    fn position(&self, time: f64) -> (usize, f64) {
        let row = self.times.partition_point(|&end| end < time).min(self.times.len() - 1);
        let start = if row == 0 { 0.0 } else { self.times[row - 1] };
        (row, ((time - start) / (self.times[row] - start)).clamp(0.0, 1.0))
    }

    fn survival_before(&self, row: usize) -> f64 {
        if row == 0 { 1.0 } else { self.survival[row - 1] }
    }

    /// Survival at a time between the printed ones by a constant hazard; along a line where it falls to 0, which
    /// no constant hazard reaches.
    fn survival_at(&self, time: f64) -> f64 {
        let (row, share) = self.position(time);
        between(self.survival_before(row), self.survival[row], share)
    }

    /// Patients at risk after a time: between the starts of two intervals by constant hazards of event and loss;
    /// in the last interval they fall with survival, since its losses are not printed.
    fn number_at_risk_at(&self, time: f64) -> f64 {
        let (mut row, mut share) = self.position(time);
        if share == 1.0 && row + 1 < self.times.len() {
            (row, share) = (row + 1, 0.0);
        }
        let start = self.number_at_risk[row];
        let end = match self.number_at_risk.get(row + 1) {
            Some(&next) => next,
            None => start * self.survival[row] / self.survival_before(row),
        };
        between(start, end, share)
    }

    /// As a trial of the result. Events are n(1 − q) of each interval, rounded in all.
    fn shown(&self, end: f64) -> TrialSurvival {
        let mut times = vec![0.0];
        times.extend(&self.times);
        let mut survival = vec![1.0];
        survival.extend(&self.survival);
        let median = self.times.iter().zip(&self.survival).find(|(_, level)| **level <= 0.5).map(|at| *at.0);
        let events: f64 = (0..self.times.len())
            .map(|row| (self.survival_before(row), row))
            .filter(|(before, _)| *before > 0.0)
            .map(|(before, row)| self.number_at_risk[row] * (1.0 - self.survival[row] / before))
            .sum();
        TrialSurvival {
            trial: self.trial.clone(),
            label: self.label.clone(),
            curve: StepCurve::new(times, survival)
                .unwrap_or_else(|_| unreachable!("a checked table is a step function")),
            follow_up_end: end,
            patients: self.number_at_risk[0].round() as u32,
            events: events.round() as u32,
            median,
            provenance: self.provenance.clone(),
        }
    }
}

/// `from`^(1−share) · `to`^share; a line when one of them is 0.
fn between(from: f64, to: f64, share: f64) -> f64 {
    if share == 0.0 {
        from
    } else if share == 1.0 {
        to
    } else if from > 0.0 && to > 0.0 {
        from * (to / from).powf(share)
    } else {
        from + share * (to - from)
    }
}

fn check_table(table: &PublishedSurvival) -> Result<(), PoolError> {
    let fault = |row: usize, reason: String| {
        Err(PoolError::PublishedSurvival { trial: table.trial.clone(), row: row + 1, reason })
    };
    let rows = table.times.len();
    if rows == 0 {
        return fault(0, "the table has no rows; give at least one time".to_owned());
    }
    if table.number_at_risk.len() != rows || table.survival.len() != rows {
        return fault(
            rows.min(table.survival.len()).min(table.number_at_risk.len()),
            format!(
                "{rows} times, {} numbers at risk and {} survivals; give one of each per row",
                table.number_at_risk.len(),
                table.survival.len()
            ),
        );
    }
    let (mut time, mut survival) = (0.0, 1.0);
    for row in 0..rows {
        if !(table.times[row].is_finite() && table.times[row] > time) {
            return fault(row, format!("time {} must be finite and above {time}", table.times[row]));
        }
        if !(table.survival[row] >= 0.0 && table.survival[row] <= survival) {
            return fault(
                row,
                format!(
                    "survival {} must lie between 0 and {survival}, the survival before it; give fractions",
                    table.survival[row]
                ),
            );
        }
        if survival > 0.0 && !(table.number_at_risk[row].is_finite() && table.number_at_risk[row] > 0.0) {
            return fault(
                row,
                format!(
                    "number at risk {} at the start of the interval must be above 0 while survival is; leave \
                     later rows out",
                    table.number_at_risk[row]
                ),
            );
        }
        (time, survival) = (table.times[row], table.survival[row]);
    }
    Ok(())
}
