//! One row per trial or per patient.

use std::collections::BTreeMap;
use std::path::Path;

use kmeta_evidence_pool::{
    ModeratorValue, PoolError, ProportionCount, TwoArmCount, hazard_ratio_from_interval,
};
use kmeta_trial_data::{EffectEstimate, EffectMeasure, Origin, PatientRecord, Provenance, sha256_hex};

use super::CsvTable;
use crate::project::{Problem, Problems};

/// Patients of one arm in a CSV file.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialArmPatients {
    /// Identifier of the trial.
    pub trial: String,
    /// Name of the arm; empty when there is none.
    pub arm: String,
    /// Subgroup, where the file has the column.
    pub subgroup: Option<String>,
    /// The patients in the order of the file.
    pub patients: Vec<PatientRecord>,
    /// The file.
    pub provenance: Provenance,
}

/// One item per row, with the moderators of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Studies<T> {
    /// The studies in the order of the file.
    pub items: Vec<T>,
    /// The moderators of each that its row states.
    pub moderators: Vec<BTreeMap<String, ModeratorValue>>,
}

/// The moderators of a row: a cell that reads as a number is one, any other text is a level, an empty cell is
/// missing.
pub(super) fn moderators(table: &CsvTable, row: usize, names: &[String]) -> BTreeMap<String, ModeratorValue> {
    let value = |name: &String| {
        let text = table.text(row, &name.to_lowercase());
        let value = match text.parse::<f64>() {
            _ if text.is_empty() => return None,
            Ok(number) if number.is_finite() => ModeratorValue::Number(number),
            _ => ModeratorValue::Level(text.to_owned()),
        };
        Some((name.clone(), value))
    };
    names.iter().filter_map(value).collect()
}

/// The columns that a table must have, moderators included.
pub(super) fn with_moderators<'a>(required: &[&'a str], moderators: &'a [String]) -> Vec<&'a str> {
    required.iter().copied().chain(moderators.iter().map(String::as_str)).collect()
}

/// A value typed into the table `path`.
pub(super) fn provenance(path: &Path, method: &str) -> Result<Provenance, Problems> {
    let bytes = std::fs::read(path)
        .map_err(|error| Problem::in_file(path.display().to_string(), format!("cannot be read: {error}")))?;
    Ok(Provenance {
        origin: Origin::Printed,
        method: method.to_owned(),
        file: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        sha256: sha256_hex(&bytes),
        page: None,
        panel: None,
    })
}

/// Label of a row: its own column, or the trial's identifier.
pub(super) fn label(table: &CsvTable, row: usize, trial: &str) -> String {
    match table.text(row, "label") {
        "" => trial.to_owned(),
        label => label.to_owned(),
    }
}

/// Text of an optional cell.
pub(super) fn optional(table: &CsvTable, row: usize, column: &str) -> Option<String> {
    Some(table.text(row, column)).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Reads `trial,events,total[,label,subgroup]` and the columns of `names`, which are moderators.
///
/// # Errors
/// All bad cells, events above totals included.
pub fn read_proportions(path: &Path, names: &[String]) -> Result<Studies<ProportionCount>, Problems> {
    let required = with_moderators(&["trial", "events", "total"], names);
    let mut table = CsvTable::read(path, &required, &["label", "subgroup"])?;
    let provenance = provenance(path, "typed counts")?;
    let (mut counts, mut of_rows) = (Vec::new(), Vec::new());
    for row in 0..table.len() {
        let trial = table.name(row, "trial");
        let (events, total) = (table.count(row, "events"), table.count(row, "total"));
        if events > total {
            table.report(row, "events", format!("{events} patients with the event among {total}"));
        }
        let (label, subgroup) = (label(&table, row, &trial), optional(&table, row, "subgroup"));
        of_rows.push(moderators(&table, row, names));
        counts.push(ProportionCount {
            trial,
            label,
            subgroup,
            events,
            total,
            provenance: provenance.clone(),
        });
    }
    table.check()?;
    Ok(Studies { items: counts, moderators: of_rows })
}

/// Reads `trial,events,total,control_events,control_total[,label,subgroup]` and the columns of `names`, which are
/// moderators.
///
/// # Errors
/// All bad cells, events above totals included.
pub fn read_two_arm_counts(path: &Path, names: &[String]) -> Result<Studies<TwoArmCount>, Problems> {
    let required = ["trial", "events", "total", "control_events", "control_total"];
    let mut table = CsvTable::read(path, &with_moderators(&required, names), &["label", "subgroup"])?;
    let provenance = provenance(path, "typed counts")?;
    let mut studies = Studies { items: Vec::new(), moderators: Vec::new() };
    for row in 0..table.len() {
        let trial = table.name(row, "trial");
        let mut arm = |events: &str, total: &str| {
            let (found, all) = (table.count(row, events), table.count(row, total));
            if found > all {
                table.report(row, events, format!("{found} patients with the event among {all}"));
            }
            (found, all)
        };
        let (events, total) = arm("events", "total");
        let (control_events, control_total) = arm("control_events", "control_total");
        studies.moderators.push(moderators(&table, row, names));
        studies.items.push(TwoArmCount {
            label: label(&table, row, &trial),
            subgroup: optional(&table, row, "subgroup"),
            trial,
            events,
            total,
            control_events,
            control_total,
            provenance: provenance.clone(),
        });
    }
    table.check()?;
    Ok(studies)
}

/// Reads effects of any kind: `trial,effect,standard_error` or `trial,effect,lower,upper` (Wald intervals at `level`
/// on the scale of the effect), `[,label,subgroup]`, and the columns of `names`, which are moderators.
///
/// # Errors
/// All bad cells; a level that is not between 0 and 1.
pub fn read_effects(
    path: &Path,
    measure: EffectMeasure,
    level: f64,
    names: &[String],
) -> Result<Studies<EffectEstimate>, Problems> {
    let optional_columns = ["standard_error", "lower", "upper", "label", "subgroup"];
    let mut table = CsvTable::read(path, &with_moderators(&["trial", "effect"], names), &optional_columns)?;
    let by_interval = !table.has("standard_error");
    if by_interval && !(table.has("lower") && table.has("upper")) {
        let message = "needs the column standard_error or the columns lower, upper";
        return Err(Problem::in_file(path.display().to_string(), message).into());
    }
    let provenance = provenance(path, "typed effect")?;
    let mut studies = Studies { items: Vec::new(), moderators: Vec::new() };
    for row in 0..table.len() {
        let trial = table.name(row, "trial");
        let standard_error = if by_interval {
            let (lower, upper) = (table.number(row, "lower"), table.number(row, "upper"));
            standard_error_from_limits(lower, upper, level).unwrap_or_else(|error| {
                table.report(row, "lower", error.to_string());
                f64::NAN
            })
        } else {
            table.number(row, "standard_error")
        };
        if standard_error <= 0.0 {
            table.report(row, "standard_error", format!("{standard_error} must be above 0"));
        }
        let value = table.number(row, "effect");
        studies.moderators.push(moderators(&table, row, names));
        studies.items.push(EffectEstimate {
            label: label(&table, row, &trial),
            subgroup: optional(&table, row, "subgroup"),
            trial,
            measure,
            value,
            variance: standard_error * standard_error,
            provenance: provenance.clone(),
        });
    }
    table.check()?;
    Ok(studies)
}

/// (upper − lower)/(2z), by way of the hazard ratio whose logarithm has these limits.
fn standard_error_from_limits(lower: f64, upper: f64, level: f64) -> Result<f64, PoolError> {
    let half = 0.5 * (upper - lower);
    hazard_ratio_from_interval(1.0, (-half).exp(), half.exp(), level)
        .map(|(_, standard_error, _)| standard_error)
}

/// Reads patients: `time,status[,trial,arm,subgroup]`, status 1 for an event and 0 for a censored patient. Without a
/// column `trial` the trial is named after the file.
///
/// # Errors
/// All bad cells.
pub fn read_patients(path: &Path) -> Result<Vec<TrialArmPatients>, Problems> {
    let mut table = CsvTable::read(path, &["time", "status"], &["trial", "arm", "subgroup"])?;
    let provenance = provenance(path, "patients from a file")?;
    let file_trial = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut arms: Vec<TrialArmPatients> = Vec::new();
    for row in 0..table.len() {
        let time = table.number(row, "time");
        if time < 0.0 {
            table.report(row, "time", format!("time {time} is below 0"));
        }
        let status = table.text(row, "status").to_owned();
        if status != "0" && status != "1" {
            table.report(row, "status", format!("\"{status}\" is not 0 (censored) or 1 (event)"));
        }
        let trial = optional(&table, row, "trial").unwrap_or_else(|| file_trial.clone());
        let arm = table.text(row, "arm");
        let patient = PatientRecord { time, event: status == "1" };
        match arms.iter_mut().find(|known| known.trial == trial && known.arm == arm) {
            Some(known) => {
                if known.subgroup.as_deref().unwrap_or_default() != table.text(row, "subgroup") {
                    table.report(row, "subgroup", "another subgroup than in the rows of this arm before");
                }
                known.patients.push(patient);
            }
            None => arms.push(TrialArmPatients {
                trial,
                arm: arm.to_owned(),
                subgroup: optional(&table, row, "subgroup"),
                patients: vec![patient],
                provenance: provenance.clone(),
            }),
        }
    }
    table.check()?;
    Ok(arms)
}
