//! Puts what is known of an arm on one time line: drops, columns of the risk table, censor marks, end.
//!
//! Here the input is checked and its harmless irregularities are smoothed: points on a plateau, several points
//! at one time, a risk table that goes on after the curve or ends in zeros. Whatever changes the meaning of a
//! stated number is reported as a finding.

use kmeta_trial_data::{Finding, StepCurve};

use crate::{NumberAtRiskConvention, ReconstructionError, ReconstructionInput};

/// A drop of the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Drop {
    pub(crate) time: f64,
    /// Survival from this time on.
    pub(crate) survival: f64,
}

/// A column of the risk table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Column {
    pub(crate) time: f64,
    pub(crate) at_risk: u32,
}

/// An arm on one time line.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// Drops with increasing times and decreasing survival, none after `end`.
    pub(crate) drops: Vec<Drop>,
    /// Columns with positive numbers, the first at time 0 with all patients, none after `end`.
    pub(crate) columns: Vec<Column>,
    /// Censor marks, ascending, without those at the end of the curve.
    pub(crate) marks: Vec<f64>,
    /// The longest follow-up.
    pub(crate) end: f64,
    /// What was noticed.
    pub(crate) findings: Vec<Finding>,
    /// Whether stated numbers contradict each other.
    pub(crate) conflict: bool,
}

/// Times closer than this share of follow-up are taken as read from the same place of a figure.
const SAME_PLACE: f64 = 0.005;

impl Timeline {
    /// Checks the input and lays it out.
    pub(crate) fn new(
        input: &ReconstructionInput,
        convention: NumberAtRiskConvention,
    ) -> Result<Self, ReconstructionError> {
        check_times(input)?;
        let drops = drops_of(&input.curve);
        let line_end = [
            input.curve_end.unwrap_or(0.0),
            drops.last().map_or(0.0, |drop| drop.time),
            input.censor_times.last().copied().unwrap_or(0.0),
            if input.curve_end.is_none() { input.curve.last_time() } else { 0.0 },
        ]
        .into_iter()
        .fold(0.0, f64::max);
        let mut timeline = Self {
            drops,
            columns: Vec::new(),
            marks: Vec::new(),
            end: line_end,
            findings: Vec::new(),
            conflict: false,
        };
        timeline.add_columns(input, convention)?;
        timeline.add_marks(input);
        Ok(timeline)
    }

    fn add_columns(
        &mut self,
        input: &ReconstructionInput,
        convention: NumberAtRiskConvention,
    ) -> Result<(), ReconstructionError> {
        let mut columns: Vec<Column> = input.number_at_risk.as_ref().map_or_else(Vec::new, |risk| {
            risk.times().iter().zip(risk.counts()).map(|(&time, &at_risk)| Column { time, at_risk }).collect()
        });
        self.anchor_at_zero(&mut columns, input)?;
        if let Some(total_events) = input.total_events
            && total_events > columns[0].at_risk
        {
            return Err(ReconstructionError::MoreEventsThanPatients {
                arm: input.place(),
                events: total_events,
                patients: columns[0].at_risk,
            });
        }
        let first_zero = columns.iter().position(|column| column.at_risk == 0);
        if let Some(first_zero) = first_zero {
            let time = columns[first_zero].time;
            columns.truncate(first_zero);
            // After the last patient's own time nobody is at risk, without contradiction.
            if convention == NumberAtRiskConvention::Before || time < self.end {
                self.end_before(time, input);
            }
        }
        self.extend_to(columns[columns.len() - 1], input);
        self.columns = columns;
        Ok(())
    }

    /// Makes the first column the number of patients at time 0.
    fn anchor_at_zero(
        &mut self,
        columns: &mut Vec<Column>,
        input: &ReconstructionInput,
    ) -> Result<(), ReconstructionError> {
        let arm = || input.place();
        match (columns.first_mut(), input.patients) {
            (Some(first), stated) if first.time <= SAME_PLACE * self.end => {
                first.time = 0.0;
                let at_risk = first.at_risk;
                if let Some(stated) = stated.filter(|&stated| stated != at_risk) {
                    self.conflict = true;
                    self.findings.push(Finding::warning(
                        "patients-differ-from-risk-table",
                        arm(),
                        format!(
                            "{stated} patients are stated, but {at_risk} are at risk at time 0; the number at \
                             risk is used, because the curve is made from it"
                        ),
                    ));
                }
            }
            (_, Some(patients)) => {
                if let Some(column) = columns.iter().find(|column| column.at_risk > patients) {
                    return Err(ReconstructionError::MoreAtRiskThanPatients {
                        arm: arm(),
                        time: column.time,
                        at_risk: column.at_risk,
                        patients,
                    });
                }
                columns.insert(0, Column { time: 0.0, at_risk: patients });
            }
            (_, None) => return Err(ReconstructionError::PatientsUnknown { arm: arm() }),
        }
        if columns[0].at_risk == 0 {
            return Err(ReconstructionError::NoPatients { arm: arm() });
        }
        Ok(())
    }

    /// Nobody is at risk at `time`: follow-up ends before it, unless the curve says otherwise.
    fn end_before(&mut self, time: f64, input: &ReconstructionInput) {
        if self.end < time {
            return;
        }
        let last_drop = self.drops.last().map_or(0.0, |drop| drop.time);
        if last_drop > time + SAME_PLACE * self.end {
            self.conflict = true;
            self.findings.push(Finding::warning(
                "risk-table-zero-before-curve-end",
                input.place(),
                format!(
                    "no patient is at risk at time {time}, but the curve drops at {last_drop}; the column is \
                     left out"
                ),
            ));
            return;
        }
        // A line read as ending at the column's own tick: the last patient left just before it.
        self.end = (time * (1.0 - 1e-3)).max(0.0);
        for drop in &mut self.drops {
            drop.time = drop.time.min(self.end);
        }
        merge_equal_times(&mut self.drops);
    }

    /// Patients at risk in the last column are followed at least until its time.
    fn extend_to(&mut self, last: Column, input: &ReconstructionInput) {
        if last.time <= self.end {
            return;
        }
        if input.curve_end.is_some() && last.time > self.end * (1.0 + SAME_PLACE) {
            self.findings.push(Finding::warning(
                "risk-table-beyond-curve",
                input.place(),
                format!(
                    "{} patients are at risk at time {}, but the line ends at {}; follow-up is extended to the \
                     column. Check the end of the line and the cell",
                    last.at_risk, last.time, self.end
                ),
            ));
        }
        self.end = last.time;
    }

    fn add_marks(&mut self, input: &ReconstructionInput) {
        // A mark at the end of the line belongs to the patients who are left there, and they are censored
        // at the end anyway.
        let last_inside = self.end * (1.0 - SAME_PLACE);
        self.marks = input.censor_times.iter().copied().filter(|&time| time < last_inside).collect();
        self.marks.sort_by(f64::total_cmp);
    }
}

fn check_times(input: &ReconstructionInput) -> Result<(), ReconstructionError> {
    let usable = |time: f64| time.is_finite() && time >= 0.0;
    let invalid =
        |what: &'static str, value: f64| ReconstructionError::TimeInvalid { arm: input.place(), what, value };
    if let Some(end) = input.curve_end.filter(|&end| !usable(end)) {
        return Err(invalid("the end of the curve", end));
    }
    match input.censor_times.iter().find(|&&time| !usable(time)) {
        Some(&time) => Err(invalid("a censoring time", time)),
        None => Ok(()),
    }
}

/// The drops of a curve: corners below all corners before them, one per time.
fn drops_of(curve: &StepCurve) -> Vec<Drop> {
    let mut drops: Vec<Drop> = Vec::new();
    let mut level = 1.0;
    for (time, survival) in curve.corners() {
        if survival < level {
            drops.push(Drop { time, survival });
            level = survival;
        }
    }
    merge_equal_times(&mut drops);
    drops
}

/// Several drops at one time are one drop to the lowest level.
fn merge_equal_times(drops: &mut Vec<Drop>) {
    drops.dedup_by(|later, earlier| {
        let same = later.time == earlier.time;
        if same {
            earlier.survival = later.survival;
        }
        same
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmeta_trial_data::{NumberAtRisk, Provenance};

    fn input(times: &[f64], survival: &[f64]) -> ReconstructionInput {
        let curve = StepCurve::new(times.to_vec(), survival.to_vec()).unwrap();
        ReconstructionInput::new("trial", "arm", curve, Provenance::printed("test"))
    }

    #[test]
    fn plateau_points_and_equal_times_become_single_drops() {
        let mut input = input(&[0.0, 1.0, 2.0, 2.0, 3.0], &[1.0, 1.0, 0.9, 0.8, 0.8]);
        input.patients = Some(10);
        let timeline = Timeline::new(&input, NumberAtRiskConvention::Before).unwrap();
        assert_eq!(timeline.drops, [Drop { time: 2.0, survival: 0.8 }]);
        assert_eq!(timeline.end, 3.0, "the last point of the curve is where the line ends");
    }

    #[test]
    fn zero_columns_end_follow_up_before_them() {
        let mut input = input(&[1.0, 6.0], &[0.5, 0.0]);
        input.number_at_risk = Some(NumberAtRisk::new(vec![0.0, 3.0, 6.0], vec![10, 5, 0]).unwrap());
        let timeline = Timeline::new(&input, NumberAtRiskConvention::Before).unwrap();
        assert_eq!(timeline.columns.len(), 2);
        assert!(timeline.end < 6.0);
        assert_eq!(timeline.drops[1].time, timeline.end);
        assert!(!timeline.conflict);
    }

    #[test]
    fn a_drop_long_after_a_zero_column_is_a_conflict() {
        let mut input = input(&[1.0, 9.0], &[0.5, 0.2]);
        input.number_at_risk = Some(NumberAtRisk::new(vec![0.0, 3.0, 6.0], vec![10, 5, 0]).unwrap());
        let timeline = Timeline::new(&input, NumberAtRiskConvention::Before).unwrap();
        assert!(timeline.conflict);
        assert_eq!(timeline.end, 9.0);
    }

    #[test]
    fn columns_after_the_line_extend_follow_up_and_are_reported() {
        let mut input = input(&[1.0], &[0.5]);
        input.curve_end = Some(4.0);
        input.number_at_risk = Some(NumberAtRisk::new(vec![0.0, 6.0], vec![10, 2]).unwrap());
        let timeline = Timeline::new(&input, NumberAtRiskConvention::Before).unwrap();
        assert_eq!(timeline.end, 6.0);
        assert_eq!(timeline.findings[0].code, "risk-table-beyond-curve");
    }
}
