//! What a figure shows of known patients.

use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::{NumberAtRisk, PatientRecord, Provenance, StepCurve};

use crate::ReconstructionInput;

/// Columns of the simulated risk tables, equally spaced, the first at 0 and the last at the end of the curve.
pub const RISK_TABLE_COLUMNS: u32 = 7;

/// How the coordinates of a figure are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureReading {
    /// The drop coordinates themselves.
    Exact,
    /// Rounded to the nearest pixel; what falls on one pixel column becomes one drop or one mark.
    Pixels {
        /// Pixels from time 0 to the end of the curve.
        columns: u32,
        /// Pixels from survival 0 to survival 1.
        rows: u32,
    },
}

/// What is printed besides the curve and the number of patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Information {
    /// The risk table.
    pub number_at_risk: bool,
    /// The total of events.
    pub events: bool,
    /// Censor marks.
    pub marks: bool,
}

/// The input of a reconstruction that a figure of `patients` (sorted by time) gives, or none when there are no
/// patients or no follow-up.
pub fn figure_of(
    name: &str,
    patients: &[PatientRecord],
    reading: FigureReading,
    information: Information,
) -> Option<ReconstructionInput> {
    let fit = KaplanMeier::fit(patients).ok()?;
    let end = fit.follow_up_end();
    if end <= 0.0 {
        return None;
    }
    let curve = read_curve(&fit.curve(), end, reading);
    let mut input = ReconstructionInput::new(name, "", curve, Provenance::printed("simulated figure"));
    input.curve_end = Some(end);
    input.patients = Some(fit.patients());
    if information.number_at_risk {
        let intervals = RISK_TABLE_COLUMNS - 1;
        let times: Vec<f64> = (0..=intervals)
            .map(
                |column| {
                    if column == intervals { end } else { end * f64::from(column) / f64::from(intervals) }
                },
            )
            .collect();
        let counts = times.iter().map(|&time| fit.number_at_risk_at(time)).collect();
        input.number_at_risk = NumberAtRisk::new(times, counts).ok();
    }
    if information.events {
        input.total_events = Some(fit.total_events());
    }
    if information.marks {
        let marks = patients.iter().filter(|patient| !patient.event);
        input.censor_times = marks.map(|patient| read_time(patient.time, end, reading)).collect();
        input.censor_times.dedup();
    }
    Some(input)
}

fn read_time(time: f64, end: f64, reading: FigureReading) -> f64 {
    match reading {
        FigureReading::Exact => time,
        FigureReading::Pixels { columns, .. } => {
            let pixel = end / f64::from(columns);
            ((time / pixel).round() * pixel).min(end)
        }
    }
}

fn read_curve(curve: &StepCurve, end: f64, reading: FigureReading) -> StepCurve {
    let FigureReading::Pixels { rows, .. } = reading else { return curve.clone() };
    let rows = f64::from(rows);
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for (time, survival) in curve.corners() {
        let (time, survival) = (read_time(time, end, reading), (survival * rows).round() / rows);
        match corners.last_mut() {
            Some(last) if last.0 == time => last.1 = survival,
            Some(last) if last.1 == survival => {}
            _ => corners.push((time, survival)),
        }
    }
    let (times, levels): (Vec<f64>, Vec<f64>) = corners.into_iter().unzip();
    // Rounding keeps the order of times and of levels.
    StepCurve::new(times, levels).unwrap_or_else(|_| curve.clone())
}
