//! `kmeta reconstruct`: a curve, a sidecar or clicks to patients.

mod intervals;

use std::process::ExitCode;

use kmeta_ipd_reconstruct::{ReconstructionError, reconstruct, reconstruct_pair};
use kmeta_plot_svg::{ArmCurve, KaplanMeierOptions, reconstructed_over_digitized};
use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::{Finding, ReconstructedArm};
use serde_json::{Value, json};

use crate::command_line::ReconstructArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::output_folder::{to_json, write_file};
use crate::project::Problem;
use crate::stages::reconstruct_files::{ArmInput, read_inputs};
use crate::stages::report::PNG_SCALE;
use crate::stages::write_tables;
use intervals::{Imputed, impute_all};

pub(crate) fn run(args: &ReconstructArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let inputs = read_inputs(args)?;
    let control = control_of(args, &inputs)?;
    let imputed = impute_all(args, &inputs)?;
    let (found, of_pair) = reconstruct_all(args, &inputs, control);
    console.findings(&of_pair);
    let (mut arms, mut entries, mut failures, mut text) = (Vec::new(), Vec::new(), 0, String::new());
    for (index, (item, found)) in inputs.iter().zip(found).enumerate() {
        let mut findings = item.findings.clone();
        match found {
            Ok(arm) => {
                findings.extend(arm.findings.iter().cloned());
                text.push_str(&line(&arm));
                draw(args, index, item, &arm)?;
                entries.push(entry(
                    item,
                    &arm,
                    &findings,
                    imputed.as_ref().map(|imputed| &imputed.arms[index]),
                ));
                arms.push(arm);
            }
            Err(error) => {
                failures += 1;
                findings.push(Finding::error("not-reconstructed", item.input.arm.clone(), error.to_string()));
                entries.push(refusal(item, &findings));
            }
        }
        console.findings(&findings);
    }
    let rows = arms.iter().map(|arm| (arm.trial.as_str(), arm.arm.as_str(), arm.patients.as_slice()));
    let (ipd, fidelity) = (args.out.join("ipd.csv"), args.out.join("fidelity.json"));
    write_file(&ipd, write_tables::patients(rows)?)?;
    write_file(&fidelity, to_json(&entries)?)?;
    let mut result = json!({ "ipd": ipd, "fidelity": fidelity, "arms": entries });
    if let Some(imputed) = &imputed {
        let path = args.out.join("imputations.csv");
        write_file(&path, write_tables::imputations(&imputed.sets)?)?;
        text.push_str(&imputed.in_words(&inputs));
        result["imputations"] = json!(path);
        if let Some(control) = control {
            let hazard_ratio = imputed.hazard_ratio(control, args.level)?;
            text.push_str(&hazard_ratio.in_words());
            result["hazard_ratio"] = json!(hazard_ratio);
        }
    }
    text.push_str(&format!("patients in {}, fit in {}\n", ipd.display(), fidelity.display()));
    console.result(&result, &text)?;
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Position of the control arm, where one is named.
fn control_of(args: &ReconstructArgs, inputs: &[ArmInput]) -> Result<Option<usize>, CommandError> {
    let Some(wanted) = &args.control else { return Ok(None) };
    let names: Vec<&str> = inputs.iter().map(|item| item.input.arm.as_str()).collect();
    let place = args.curve.display().to_string();
    if inputs.len() != 2 {
        let message =
            format!("--control compares two arms, but there are {}: {}", names.len(), names.join(", "));
        return Err(Problem::in_file(place, message).into());
    }
    let found = inputs.iter().position(|item| item.input.arm == *wanted || item.label == *wanted);
    match found {
        Some(index) => Ok(Some(index)),
        None => {
            let message = format!("there is no arm `{wanted}`; the arms are: {}", names.join(", "));
            Err(Problem::in_file(place, message).into())
        }
    }
}

type Found = Result<ReconstructedArm, ReconstructionError>;

/// Each arm, in the order of the inputs; both together where a comparison is printed.
fn reconstruct_all(
    args: &ReconstructArgs,
    inputs: &[ArmInput],
    control: Option<usize>,
) -> (Vec<Found>, Vec<Finding>) {
    let options = args.options();
    let (Some(comparison), Some(control)) = (args.comparison(), control) else {
        return (inputs.iter().map(|item| reconstruct(&item.input, &options)).collect(), Vec::new());
    };
    let (reference, treated) = (&inputs[control].input, &inputs[1 - control].input);
    match reconstruct_pair(reference, treated, &comparison, &options) {
        Ok(pair) => {
            let mut found = vec![Ok(pair.reference), Ok(pair.treated)];
            if control == 1 {
                found.swap(0, 1);
            }
            (found, pair.findings)
        }
        Err(error) => (vec![Err(error.clone()), Err(error)], Vec::new()),
    }
}

fn line(arm: &ReconstructedArm) -> String {
    let fidelity = &arm.fidelity;
    let verdict = fidelity
        .assessment
        .as_ref()
        .map(|found| write_tables::serde_name(&found.verdict))
        .unwrap_or_default();
    format!(
        "{}: {} patients, {} events, mean error of the curve {:.4}, {verdict}\n",
        if arm.arm.is_empty() { &arm.trial } else { &arm.arm },
        fidelity.patients,
        fidelity.events,
        fidelity.curve_error_mean
    )
}

fn entry(item: &ArmInput, arm: &ReconstructedArm, findings: &[Finding], imputed: Option<&Imputed>) -> Value {
    let mut entry = json!({
        "trial": arm.trial, "arm": arm.arm, "panel": item.panel, "label": item.label, "color": item.color,
        "fidelity": arm.fidelity, "findings": findings, "provenance": arm.provenance,
    });
    if let Some(imputed) = imputed {
        entry["intervals"] = json!(imputed);
    }
    entry
}

fn refusal(item: &ArmInput, findings: &[Finding]) -> Value {
    let input = &item.input;
    json!({
        "trial": input.trial, "arm": input.arm, "panel": item.panel, "label": item.label, "color": item.color,
        "fidelity": null, "findings": findings, "provenance": input.provenance,
    })
}

/// The reconstructed over the digitized curve and their difference, as SVG and PNG.
fn draw(
    args: &ReconstructArgs,
    index: usize,
    item: &ArmInput,
    arm: &ReconstructedArm,
) -> Result<(), CommandError> {
    let Ok(fit) = KaplanMeier::fit(&arm.patients) else { return Ok(()) };
    let label = if arm.arm.is_empty() { arm.trial.clone() } else { arm.arm.clone() };
    let curve = ArmCurve { label: label.clone(), curve: fit.curve(), patients: arm.patients.clone() };
    let end = item.input.curve_end.unwrap_or_else(|| item.input.curve.last_time());
    let options = KaplanMeierOptions { title: label, ..Default::default() };
    let figure = reconstructed_over_digitized(&curve, &item.input.curve, end, &options);
    let path = |extension: &str| args.out.join(format!("fit-{}.{extension}", index + 1));
    let png = figure
        .to_png(PNG_SCALE)
        .map_err(|error| CommandError::failed(path("png").display().to_string(), error))?;
    write_file(&path("svg"), figure.svg)?;
    write_file(&path("png"), png)
}
