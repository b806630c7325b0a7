//! The columns of the risk table and the clicks that lie between them.

use kmeta_trial_data::Finding;

use crate::published::{PublishedError, PublishedInput};

/// An interval of the risk table with at least one click.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Block {
    /// Time of the column.
    pub(crate) time: f64,
    /// The number at risk in it.
    pub(crate) at_risk: u32,
    /// Index of the first click.
    pub(crate) lower: usize,
    /// Index of the last click.
    pub(crate) upper: usize,
}

/// The columns of the risk table as `(time, number)`, or one column with the number of patients.
pub(crate) fn columns(input: &PublishedInput) -> Result<Vec<(f64, u32)>, PublishedError> {
    let columns: Vec<(f64, u32)> = match (&input.number_at_risk, input.patients) {
        (Some(table), _) => table.times().iter().copied().zip(table.counts().iter().copied()).collect(),
        (None, Some(patients)) => vec![(0.0, patients)],
        (None, None) => return Err(PublishedError::PatientsUnknown),
    };
    match columns[0] {
        (time, _) if time > 0.0 => Err(PublishedError::RiskTableStartsLate { time }),
        (_, 0) => Err(PublishedError::NoPatients),
        _ => Ok(columns),
    }
}

/// The columns with at least one click from their time to the next column; the others are left out, as both
/// R implementations do, and reported.
///
/// `times` ascend and begin with 0, so the first column always has a click.
pub(crate) fn blocks(times: &[f64], columns: &[(f64, u32)], findings: &mut Vec<Finding>) -> Vec<Block> {
    let first_click = |time: f64| times.partition_point(|&click| click < time);
    let mut blocks = Vec::with_capacity(columns.len());
    for (index, &(time, at_risk)) in columns.iter().enumerate() {
        let lower = first_click(time);
        let end = columns.get(index + 1).map_or(times.len(), |&(next, _)| first_click(next));
        if lower < end {
            blocks.push(Block { time, at_risk, lower, upper: end - 1 });
        } else {
            findings.push(Finding::warning(
                "risk-column-left-out",
                format!("risk table, time {time}"),
                format!(
                    "no click lies between this column and the next, so its {at_risk} patients at risk were not \
                     used; click a point on the curve there"
                ),
            ));
        }
    }
    blocks
}
