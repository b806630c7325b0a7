//! `kmeta reconstruct`: a curve or a sidecar to patients.

use std::process::ExitCode;

use kmeta_ipd_reconstruct::{ReconstructionOptions, reconstruct};
use kmeta_trial_data::Finding;
use serde_json::json;

use crate::command_line::ReconstructArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::output_folder::{to_json, write_file};
use crate::stages::reconstruct_files::{ArmInput, read_inputs};
use crate::stages::write_tables;

pub(crate) fn run(args: &ReconstructArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let inputs = read_inputs(args)?;
    let (mut arms, mut entries, mut failures, mut text) = (Vec::new(), Vec::new(), 0, String::new());
    for ArmInput { panel, label, color, input, mut findings } in inputs {
        match reconstruct(&input, &ReconstructionOptions::default()) {
            Ok(arm) => {
                findings.extend(arm.findings.iter().cloned());
                text.push_str(&format!(
                    "{}: {} patients, {} events, mean error of the curve {:.4}\n",
                    if arm.arm.is_empty() { &arm.trial } else { &arm.arm },
                    arm.fidelity.patients,
                    arm.fidelity.events,
                    arm.fidelity.curve_error_mean
                ));
                entries.push(json!({
                    "trial": arm.trial, "arm": arm.arm, "panel": panel, "label": label, "color": color,
                    "fidelity": arm.fidelity, "findings": findings, "provenance": arm.provenance,
                }));
                arms.push(arm);
            }
            Err(error) => {
                failures += 1;
                findings.push(Finding::error("not-reconstructed", input.arm.clone(), error.to_string()));
                entries.push(json!({
                    "trial": input.trial, "arm": input.arm, "panel": panel, "label": label, "color": color,
                    "fidelity": null, "findings": findings, "provenance": input.provenance,
                }));
            }
        }
        console.findings(&findings);
    }
    let rows = arms.iter().map(|arm| (arm.trial.as_str(), arm.arm.as_str(), arm.patients.as_slice()));
    let (ipd, fidelity) = (args.out.join("ipd.csv"), args.out.join("fidelity.json"));
    write_file(&ipd, write_tables::patients(rows)?)?;
    write_file(&fidelity, to_json(&entries)?)?;
    text.push_str(&format!("patients in {}, fit in {}\n", ipd.display(), fidelity.display()));
    console.result(&json!({ "ipd": ipd, "fidelity": fidelity, "arms": entries }), &text)?;
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
