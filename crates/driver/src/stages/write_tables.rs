//! Results as CSV tables, numbers in full precision.

use kmeta_trial_data::{Estimate, Heterogeneity, PatientRecord, PooledEffect, PooledSurvival, SurvivalPoint};

use crate::error::CommandError;
use crate::project::Trial;
use crate::results::{AnalysisResult, ArmResult, Results};

/// Rows of text as CSV.
fn csv_text(rows: impl IntoIterator<Item = Vec<String>>) -> Result<String, CommandError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: &dyn std::fmt::Display| CommandError::failed("a table cannot be written", error);
    for row in rows {
        writer.write_record(&row).map_err(|error| failed(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}

fn header(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|&column| column.to_owned()).collect()
}

fn optional<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Patients as `trial,arm,time,status`.
pub(crate) fn patients<'a>(
    arms: impl IntoIterator<Item = (&'a str, &'a str, &'a [PatientRecord])>,
) -> Result<String, CommandError> {
    let rows = arms.into_iter().flat_map(|(trial, arm, patients)| {
        patients.iter().map(move |patient| {
            vec![
                trial.to_owned(),
                arm.to_owned(),
                patient.time.to_string(),
                u8::from(patient.event).to_string(),
            ]
        })
    });
    csv_text(std::iter::once(header(&["trial", "arm", "time", "status"])).chain(rows))
}

/// Patients of all arms and endpoints in one table.
pub(crate) fn all_patients(arms: &[(&ArmResult, &[PatientRecord])]) -> Result<String, CommandError> {
    let rows = arms.iter().flat_map(|(arm, patients)| {
        patients.iter().map(move |patient| {
            vec![
                arm.endpoint.clone(),
                arm.trial.clone(),
                arm.arm.clone(),
                patient.time.to_string(),
                u8::from(patient.event).to_string(),
            ]
        })
    });
    csv_text(std::iter::once(header(&["endpoint", "trial", "arm", "time", "status"])).chain(rows))
}

/// Imputed sets of patients: one row per patient and set.
pub(crate) fn imputations(
    arms: &[(String, String, Vec<Vec<PatientRecord>>)],
) -> Result<String, CommandError> {
    let rows = arms.iter().flat_map(|(trial, arm, sets)| {
        sets.iter().enumerate().flat_map(move |(index, patients)| {
            patients.iter().map(move |patient| {
                vec![
                    (index + 1).to_string(),
                    trial.clone(),
                    arm.clone(),
                    patient.time.to_string(),
                    u8::from(patient.event).to_string(),
                ]
            })
        })
    });
    csv_text(std::iter::once(header(&["imputation", "trial", "arm", "time", "status"])).chain(rows))
}

/// One row per reconstructed arm: how well its patients reproduce what is printed.
pub(crate) fn fidelity(results: &Results) -> Result<String, CommandError> {
    let columns = [
        "trial",
        "arm",
        "endpoint",
        "figure",
        "verdict",
        "rule",
        "status",
        "patients",
        "events",
        "events_stated",
        "curve_error_mean",
        "curve_error_rms",
        "curve_error_max",
        "number_at_risk_error_max",
        "median_digitized",
        "median_reconstructed",
        "median_printed",
    ];
    let rows = results.arms.iter().map(|arm| {
        let fidelity = &arm.fidelity;
        vec![
            arm.trial.clone(),
            arm.arm.clone(),
            arm.endpoint.clone(),
            arm.figure.clone(),
            fidelity.assessment.as_ref().map(|found| serde_name(&found.verdict)).unwrap_or_default(),
            fidelity.assessment.as_ref().map(|found| found.rule.clone()).unwrap_or_default(),
            serde_name(&fidelity.status),
            fidelity.patients.to_string(),
            fidelity.events.to_string(),
            optional(fidelity.events_stated),
            fidelity.curve_error_mean.to_string(),
            fidelity.curve_error_rms.to_string(),
            fidelity.curve_error_max.to_string(),
            fidelity.number_at_risk_error_max.to_string(),
            optional(fidelity.median_digitized),
            optional(fidelity.median_reconstructed),
            optional(fidelity.median_printed),
        ]
    });
    csv_text(std::iter::once(header(&columns)).chain(rows))
}

/// The word that a choice has in files.
pub(crate) fn serde_name(choice: &impl serde::Serialize) -> String {
    match serde_json::to_value(choice) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// Columns of Table 1 with the trials' values, in the order to print.
pub(crate) fn trial_columns(trials: &[Trial]) -> Vec<(&'static str, Vec<String>)> {
    type Value = fn(&Trial) -> String;
    let columns: [(&str, Value); 9] = [
        ("Study", |trial| trial.label.clone()),
        ("Year", |trial| optional(trial.year)),
        ("Group", |trial| optional(trial.group.as_ref())),
        ("Design", |trial| optional(trial.design.as_ref())),
        ("Recruitment", |trial| optional(trial.period.as_ref())),
        ("Patients", |trial| optional(trial.patients())),
        ("Age", |trial| optional(trial.age.as_ref())),
        ("Drug", |trial| optional(trial.drug.as_ref())),
        ("Dose", |trial| optional(trial.dose.as_ref())),
    ];
    let columns =
        columns.into_iter().map(|(name, value)| (name, trials.iter().map(value).collect::<Vec<_>>()));
    // A column that no trial fills is left out.
    columns.filter(|(_, values)| values.iter().any(|value| !value.is_empty())).collect()
}

/// Table 1: the trials.
pub(crate) fn trials(results: &Results) -> Result<String, CommandError> {
    let columns = trial_columns(&results.trials);
    let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let rows =
        (0..results.trials.len()).map(|row| columns.iter().map(|(_, values)| values[row].clone()).collect());
    csv_text(std::iter::once(names).chain(rows))
}

/// Adverse events, one row per trial (and arm) and event.
pub(crate) fn adverse_events(results: &Results) -> Result<String, CommandError> {
    let mut rows = vec![header(&["trial", "arm", "label", "adverse_event", "events", "total"])];
    for arm in results.trials.iter().flat_map(Trial::arm_views) {
        for (event, counts) in &arm.facts.adverse_events {
            rows.push(vec![
                arm.trial.id.clone(),
                arm.id.to_owned(),
                arm.full_label(),
                event.clone(),
                counts.events.to_string(),
                counts.total.to_string(),
            ]);
        }
    }
    csv_text(rows)
}

/// The table of one analysis; none for an analysis that failed.
pub(crate) fn analysis(analysis: &AnalysisResult) -> Result<Option<String>, CommandError> {
    if let Some(effect) = analysis.outcome.effect() {
        return pooled_effect(effect).map(Some);
    }
    analysis.outcome.survival().map(pooled_survival).transpose()
}

/// A pooled effect: studies, subgroups, pooled means.
pub(crate) fn pooled_effect(effect: &PooledEffect) -> Result<String, CommandError> {
    let columns = [
        "row",
        "trial",
        "label",
        "subgroup",
        "events",
        "total",
        "estimate",
        "lower",
        "upper",
        "analysis_value",
        "analysis_standard_error",
        "weight_common",
        "weight_random",
        "q",
        "degrees_of_freedom",
        "p_value",
        "i_squared",
        "tau_squared",
    ];
    let mut rows = vec![header(&columns)];
    let of_two_arms = effect.studies.iter().any(|study| study.control_total.is_some());
    for study in &effect.studies {
        let mut row = vec!["study".to_owned(), study.trial.clone(), study.label.clone()];
        row.extend([optional(study.subgroup.as_ref()), optional(study.events), optional(study.total)]);
        row.extend(estimate(&study.estimate));
        row.extend([optional(study.weight_common), optional(study.weight_random)]);
        row.extend(heterogeneity(None));
        if of_two_arms {
            row.extend([optional(study.control_events), optional(study.control_total)]);
        }
        rows.push(row);
    }
    for group in &effect.subgroups {
        let counts = (group.events, group.total);
        rows.push(mean("subgroup common", &group.name, counts, &group.common, None));
        rows.push(mean("subgroup random", &group.name, counts, &group.random, Some(&group.heterogeneity)));
    }
    rows.push(mean("common", "", (None, None), &effect.common, None));
    rows.push(mean("random", "", (None, None), &effect.random, Some(&effect.heterogeneity)));
    if of_two_arms {
        rows[0].extend(header(&["control_events", "control_total"]));
        let width = rows[0].len();
        rows.iter_mut().for_each(|row| row.resize(width, String::new()));
    }
    csv_text(rows)
}

fn mean(
    row: &str,
    subgroup: &str,
    (events, total): (Option<u32>, Option<u32>),
    pooled: &Estimate,
    spread: Option<&Heterogeneity>,
) -> Vec<String> {
    let mut cells = vec![row.to_owned(), String::new(), String::new(), subgroup.to_owned()];
    cells.extend([optional(events), optional(total)]);
    cells.extend(estimate(pooled));
    cells.extend([String::new(), String::new()]);
    cells.extend(heterogeneity(spread));
    cells
}

fn estimate(estimate: &Estimate) -> [String; 5] {
    [
        estimate.shown,
        estimate.shown_interval.lower,
        estimate.shown_interval.upper,
        estimate.value,
        estimate.standard_error,
    ]
    .map(|number| number.to_string())
}

fn heterogeneity(spread: Option<&Heterogeneity>) -> [String; 5] {
    [
        optional(spread.map(|spread| spread.q)),
        optional(spread.map(|spread| spread.degrees_of_freedom)),
        optional(spread.and_then(|spread| spread.p_value)),
        optional(spread.and_then(|spread| spread.i_squared)),
        optional(spread.and_then(|spread| spread.tau_squared)),
    ]
}

/// A pooled survival curve, random and common effects.
pub(crate) fn pooled_survival(curve: &PooledSurvival) -> Result<String, CommandError> {
    let columns = ["model", "time", "survival", "lower", "upper", "number_at_risk", "trials"];
    let point = |model: &str, point: &SurvivalPoint| {
        let mut row = vec![model.to_owned()];
        row.extend(
            [point.time, point.survival, point.interval.lower, point.interval.upper]
                .map(|number| number.to_string()),
        );
        row.extend([point.number_at_risk, point.trials].map(|number| number.to_string()));
        row
    };
    let random = curve.random.iter().map(|row| point("random", row));
    let common = curve.common.iter().map(|row| point("common", row));
    csv_text(std::iter::once(header(&columns)).chain(random).chain(common))
}
