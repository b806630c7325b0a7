//! `kmeta report`: the report again from an output folder.

use std::process::ExitCode;

use serde_json::json;

use crate::command_line::ReportArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::output_folder::write_file;
use crate::project::Problem;
use crate::results::Results;
use crate::stages::report::plots_and_report;

pub(crate) fn run(args: &ReportArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let path = args.folder.join("results.json");
    let wrong = |message: String| Problem::in_file(path.display().to_string(), message);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        wrong(format!("cannot be read: {error}")).with_help("give an output folder of `kmeta run`")
    })?;
    let results: Results = serde_json::from_str(&text)
        .map_err(|error| wrong(format!("is no results file of kmeta: {error}")))?;
    let overlays: Result<Vec<Vec<u8>>, Problem> = results
        .figures
        .iter()
        .map(|figure| {
            let overlay = args.folder.join(&figure.overlay);
            std::fs::read(&overlay).map_err(|error| {
                Problem::in_file(overlay.display().to_string(), format!("cannot be read: {error}"))
            })
        })
        .collect();
    let mut names = Vec::new();
    for (name, content) in plots_and_report(&results, overlays?)? {
        write_file(&args.folder.join(&name), content)?;
        names.push(name);
    }
    let report = args.folder.join("report.html");
    let text = format!("report: {}\n", report.display());
    console.result(&json!({ "report": report, "written": names }), &text)?;
    Ok(ExitCode::SUCCESS)
}
