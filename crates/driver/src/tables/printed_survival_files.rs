//! Survival of single arms as papers print it: at chosen times with numbers at risk, or its median.

use std::path::Path;

use kmeta_evidence_pool::{MedianSource, TrialMedian};

use super::CsvTable;
use super::study_files::{label, optional, provenance};
use crate::project::{PrintedSurvival, Problems};
use crate::single_arm_survival::{SurvivalArm, SurvivalEvidence};

/// Reads `trial,time,survival,number_at_risk[,label,subgroup]`, the rows of a trial in order of time. Numbers at risk are
/// those at the time of the row, and the row of time 0 gives the patients; the last one may be empty.
///
/// # Errors
/// All bad cells; a trial without its number at risk at the start of an interval.
pub(crate) fn read_printed_survival(path: &Path) -> Result<Vec<SurvivalArm>, Problems> {
    let required = ["trial", "time", "survival", "number_at_risk"];
    let mut table = CsvTable::read(path, &required, &["label", "subgroup"])?;
    let provenance = provenance(path, "typed survival")?;
    let mut arms = Vec::new();
    for (trial, rows) in table.rows_by("trial") {
        let first = rows[0];
        table.name(first, "trial");
        let printed: Vec<PrintedSurvival> = rows
            .iter()
            .map(|&row| PrintedSurvival {
                time: table.number(row, "time"),
                survival: table.number(row, "survival"),
                number_at_risk: table.optional_number(row, "number_at_risk"),
            })
            .collect();
        let names = (trial.clone(), label(&table, first, &trial));
        match PrintedSurvival::table(&printed, None, 1.0, names, provenance.clone()) {
            Ok(survival) => arms.push(arm(&table, first, SurvivalEvidence::Table(survival))),
            Err(missing) => table.report(first, "number_at_risk", format!("`{trial}`: {missing}")),
        }
    }
    table.check()?;
    Ok(arms)
}

/// Reads `trial,median,lower,upper[,label,subgroup,confidence_level]`; an empty cell is not reached or not printed.
///
/// # Errors
/// All bad cells.
pub(crate) fn read_printed_medians(path: &Path, level: f64) -> Result<Vec<SurvivalArm>, Problems> {
    let required = ["trial", "median", "lower", "upper"];
    let mut table = CsvTable::read(path, &required, &["label", "subgroup", "confidence_level"])?;
    let provenance = provenance(path, "typed median")?;
    let mut arms = Vec::new();
    for row in 0..table.len() {
        let trial = table.name(row, "trial");
        let median = TrialMedian {
            label: label(&table, row, &trial),
            trial,
            source: MedianSource::Printed {
                median: table.optional_number(row, "median"),
                lower: table.optional_number(row, "lower"),
                upper: table.optional_number(row, "upper"),
                confidence_level: table.optional_number(row, "confidence_level").unwrap_or(level),
            },
            provenance: provenance.clone(),
        };
        arms.push(arm(&table, row, SurvivalEvidence::Median(median)));
    }
    table.check()?;
    Ok(arms)
}

fn arm(table: &CsvTable, row: usize, evidence: SurvivalEvidence) -> SurvivalArm {
    SurvivalArm { subgroup: optional(table, row, "subgroup"), evidence }
}
