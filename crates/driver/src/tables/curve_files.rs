//! Curves, numbers at risk and censor marks typed or digitized elsewhere.

use std::path::Path;

use kmeta_trial_data::{Finding, NumberAtRisk, StepCurve};

use super::CsvTable;
use crate::project::Problems;

/// A rise between two points up to this size is taken for digitizing noise and levelled.
const NOISE: f64 = 0.02;

/// The curve of one arm in a CSV file.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmCurve {
    /// Name in the column `arm`; empty when there is none.
    pub arm: String,
    /// The curve.
    pub curve: StepCurve,
    /// What was repaired.
    pub findings: Vec<Finding>,
}

/// The numbers at risk of one arm in a CSV file.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmRisk {
    /// Name in the column `arm`; empty when there is none.
    pub arm: String,
    /// The numbers at risk.
    pub number_at_risk: NumberAtRisk,
}

/// The censor marks of one arm in a CSV file.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmMarks {
    /// Name in the column `arm`; empty when there is none.
    pub arm: String,
    /// Times of the marks, ascending.
    pub times: Vec<f64>,
}

/// Reads `time,survival[,arm]`: survival as a fraction at and after each time. Rises of up to 0.02 and values
/// of up to 1.02, as clicking on a picture gives them, are levelled and reported as a finding.
///
/// # Errors
/// All bad cells: no numbers, times that decrease, survival outside 0 to 1 (percent included), larger rises.
pub fn read_curves(path: &Path) -> Result<Vec<ArmCurve>, Problems> {
    let mut table = CsvTable::read(path, &["time", "survival"], &["arm"])?;
    let groups = table.rows_by("arm");
    let arms: Vec<_> = groups.into_iter().map(|(arm, rows)| read_curve(&mut table, arm, &rows)).collect();
    table.check()?;
    let file = path.display().to_string();
    arms.into_iter()
        .map(|(arm, times, survival, findings)| match StepCurve::new(times, survival) {
            Ok(curve) => Ok(ArmCurve { arm, curve, findings }),
            Err(error) => Err(crate::project::Problem::in_file(&file, error.to_string()).into()),
        })
        .collect()
}

fn read_curve(
    table: &mut CsvTable,
    arm: String,
    rows: &[usize],
) -> (String, Vec<f64>, Vec<f64>, Vec<Finding>) {
    let (mut times, mut survival) = (Vec::new(), Vec::new());
    let (mut previous_time, mut level, mut repairs, mut largest) = (0.0_f64, 1.0_f64, 0_usize, 0.0_f64);
    for &row in rows {
        let time = table.number(row, "time");
        let value = table.number(row, "survival");
        if time < previous_time {
            let message =
                format!("time {time} comes after {previous_time}: times start at 0 and must not decrease");
            table.report(row, "time", message);
        }
        if value > 1.0 + NOISE {
            let message = format!(
                "survival {value} is above 1: give fractions; percentages must be divided by 100 (or read with --scale percent)"
            );
            table.report(row, "survival", message);
        } else if value < 0.0 {
            table.report(row, "survival", format!("survival {value} is below 0"));
        } else if value > level + NOISE {
            let message = format!("survival rises from {level} to {value}: a survival curve never rises");
            table.report(row, "survival", message);
        } else if value > level {
            repairs += 1;
            largest = largest.max(value - level);
        }
        level = if value.is_nan() { level } else { level.min(value.max(0.0)) };
        previous_time = if time.is_nan() { previous_time } else { previous_time.max(time) };
        times.push(previous_time);
        survival.push(level);
    }
    let mut findings = Vec::new();
    if repairs > 0 {
        let place = if arm.is_empty() { "curve".to_owned() } else { format!("curve of arm {arm}") };
        let message = format!("{repairs} points lay above the one before, by at most {largest:.4}: levelled");
        findings.push(Finding::warning("curve-levelled", place, message));
    }
    (arm, times, survival, findings)
}

/// Reads `time,number_at_risk[,arm]`.
///
/// # Errors
/// All bad cells: no numbers, times that do not increase, numbers that rise.
pub fn read_risk_tables(path: &Path) -> Result<Vec<ArmRisk>, Problems> {
    let mut table = CsvTable::read(path, &["time", "number_at_risk"], &["arm"])?;
    let mut arms = Vec::new();
    for (arm, rows) in table.rows_by("arm") {
        let times: Vec<f64> = rows.iter().map(|&row| table.number(row, "time")).collect();
        let counts: Vec<u32> = rows.iter().map(|&row| table.count(row, "number_at_risk")).collect();
        for (index, &row) in rows.iter().enumerate().skip(1) {
            if times[index] <= times[index - 1] {
                let message =
                    format!("time {} comes after {}: times must increase", times[index], times[index - 1]);
                table.report(row, "time", message);
            }
            if counts[index] > counts[index - 1] {
                let message = format!("the number rises from {} to {}", counts[index - 1], counts[index]);
                table.report(row, "number_at_risk", message);
            }
        }
        if times[0] < 0.0 {
            table.report(rows[0], "time", "times start at 0 or later");
        }
        arms.push((arm, times, counts));
    }
    table.check()?;
    let file = path.display().to_string();
    arms.into_iter()
        .map(|(arm, times, counts)| match NumberAtRisk::new(times, counts) {
            Ok(number_at_risk) => Ok(ArmRisk { arm, number_at_risk }),
            Err(error) => Err(crate::project::Problem::in_file(&file, error.to_string()).into()),
        })
        .collect()
}

/// Reads `time[,arm]`, the times of censor marks in any order.
///
/// # Errors
/// All cells that are not times.
pub fn read_marks(path: &Path) -> Result<Vec<ArmMarks>, Problems> {
    let mut table = CsvTable::read(path, &["time"], &["arm"])?;
    let mut arms = Vec::new();
    for (arm, rows) in table.rows_by("arm") {
        let mut times = Vec::new();
        for row in rows {
            let time = table.number(row, "time");
            if time < 0.0 {
                table.report(row, "time", format!("time {time} is below 0"));
            }
            times.push(time);
        }
        times.sort_by(f64::total_cmp);
        arms.push(ArmMarks { arm, times });
    }
    table.check()?;
    Ok(arms)
}
