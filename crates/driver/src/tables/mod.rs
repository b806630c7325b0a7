//! CSV tables that people bring: curves, numbers at risk, censor marks, counts, effects, patients.
//!
//! Each reader checks every cell and reports all mistakes at once with file, row and column. Tables exported
//! with semicolons or tabs are understood; numbers need a decimal point.

mod csv_table;
mod curve_files;
mod hazard_ratio_files;
mod printed_survival_files;
mod study_files;
mod two_arm_patients;

pub use csv_table::CsvTable;
pub use curve_files::{ArmCurve, ArmMarks, ArmRisk, read_curves, read_marks, read_risk_tables};
pub use hazard_ratio_files::{HazardRatioReading, HazardRatioTable, read_hazard_ratios, read_two_arm_curves};
pub(crate) use printed_survival_files::{read_printed_medians, read_printed_survival};
pub use study_files::{
    Studies, TrialArmPatients, read_effects, read_patients, read_proportions, read_two_arm_counts,
};
pub use two_arm_patients::{TwoArmPatients, read_two_arm_patients};
