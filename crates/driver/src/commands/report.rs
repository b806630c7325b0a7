//! `kmeta report`: the plots and the report again from an output folder.

use std::process::ExitCode;

use kmeta_trial_data::{DigitizedFigure, PatientRecord};
use serde_json::json;

use crate::command_line::ReportArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::manifest::Manifest;
use crate::output_folder::{read_output, read_output_json, write_file};
use crate::results::Results;
use crate::stages::figures::read_fonts;
use crate::stages::report::{ReportInput, plots_and_report};
use crate::tables::read_patients;

pub(crate) fn run(args: &ReportArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let results: Results = read_output_json(&args.folder.join("results.json"))?;
    let manifest: Manifest = read_output_json(&args.folder.join(Manifest::FILE))?;
    let mut figures: Vec<(DigitizedFigure, Vec<u8>)> = Vec::new();
    for figure in &results.figures {
        let sidecar = read_output_json(&args.folder.join(&figure.sidecar))?;
        figures.push((sidecar, read_output(&args.folder.join(&figure.overlay))?));
    }
    let mut patients: Vec<Vec<PatientRecord>> = Vec::new();
    for arm in &results.arms {
        let arms = read_patients(&args.folder.join(&arm.patients_file))?;
        patients.push(arms.into_iter().flat_map(|arm| arm.patients).collect());
    }
    // The output folder stands beside the project file, and so do its fonts.
    let fonts = read_fonts(&results.theme, args.folder.parent().unwrap_or(&args.folder))?;
    let input = ReportInput {
        results: &results,
        manifest: &manifest,
        figures: figures.iter().map(|(figure, overlay)| (figure, overlay.as_slice())).collect(),
        patients: patients.iter().map(Vec::as_slice).collect(),
        fonts: &fonts,
    };
    let mut names = Vec::new();
    for (name, content) in plots_and_report(&input)? {
        write_file(&args.folder.join(&name), content)?;
        names.push(name);
    }
    let report = args.folder.join("report.html");
    let text = format!("report: {}\n", report.display());
    console.result(&json!({ "report": report, "written": names }), &text)?;
    Ok(ExitCode::SUCCESS)
}
