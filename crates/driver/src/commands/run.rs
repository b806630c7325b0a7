//! `kmeta run`: one project file in, one output folder out.

use std::path::PathBuf;
use std::process::ExitCode;

use kmeta_trial_data::Severity;
use serde_json::json;

use crate::command_line::RunArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::output_folder::OutputFolder;
use crate::project::StudyFile;
use crate::rerun::WorkFolder;
use crate::stages::figures::{missing_glyphs, read_fonts};
use crate::stages::study_run::{digitize_all, evaluate, read_pages};
use crate::stages::{summary, write_output};

pub(crate) fn run(args: &RunArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let study = StudyFile::read(&args.study)?;
    let fonts = read_fonts(&study.project.theme, study.folder())?;
    let target = args.out.clone().unwrap_or_else(|| default_folder(&study));
    let work = WorkFolder::open(&target, args.fresh)?;
    let pages = read_pages(&study, &target)?;
    let mut folder = OutputFolder::create(&target, work.path())?;

    let progress = console.progress(pages.len(), "digitize");
    let figures = digitize_all(&study.project, &pages, &work, || progress.inc(1))?;
    progress.finish_and_clear();
    let taken = work.taken();
    console.detail(&format!(
        "{} figures digitized, {taken} taken from earlier runs",
        figures.len() - taken.min(figures.len())
    ));
    let redrawn = if study.project.uncertainty.is_some() { pages.len() } else { 0 };
    let progress = console.progress(redrawn, "read again");
    let mut run = evaluate(&study.project, &pages, figures, &work, &|| progress.inc(1))?;
    progress.finish_and_clear();
    run.results.findings.extend(missing_glyphs(&run.results, &fonts));
    console.detail(&format!(
        "{} arms reconstructed, {} analyses",
        run.arms.len(),
        run.results.analyses.len()
    ));
    write_output::write(&mut folder, &study, &run, &fonts)?;
    folder.finish()?;

    console.findings(&work.finish());
    console.findings(&run.results.findings);
    let report = target.join("report.html");
    let errors = run.results.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let text =
        format!("{}\n\n{}", summary::table(&run.results), summary::where_to_look(&run.results, &target));
    let object = json!({
        "out": target,
        "report": report,
        "errors": errors,
        "analyses": run.results.analyses,
        "findings": run.results.findings,
    });
    console.result(&object, &text)?;
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `STUDY.kmeta-out` beside the project file.
pub(crate) fn default_folder(study: &StudyFile) -> PathBuf {
    let stem = study.path.file_stem().unwrap_or_default().to_string_lossy();
    study.folder().join(format!("{stem}.kmeta-out"))
}
