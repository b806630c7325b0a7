//! Everything that a run leaves behind, as files of the output folder.

use super::study_run::StudyRun;
use super::{report, write_tables};
use crate::error::CommandError;
use crate::manifest::{FileHash, Manifest};
use crate::output_folder::OutputFolder;
use crate::project::StudyFile;

/// Writes all files.
pub(crate) fn write(
    folder: &mut OutputFolder,
    study: &StudyFile,
    run: &StudyRun,
) -> Result<(), CommandError> {
    for (summary, page) in run.results.figures.iter().zip(&run.figures) {
        folder.write_json(&summary.sidecar, &page.figure)?;
        folder.write(&summary.overlay, &page.overlay_png)?;
    }
    for arm in &run.arms {
        let rows =
            std::iter::once((arm.result.trial.as_str(), arm.result.arm.as_str(), arm.patients.as_slice()));
        folder.write(&arm.result.patients_file, write_tables::patients(rows)?)?;
    }
    write_csv_tables(folder, run)?;
    let overlays = run.figures.iter().map(|page| page.overlay_png.clone()).collect();
    for (name, content) in report::plots_and_report(&run.results, overlays)? {
        folder.write(&name, content)?;
    }
    folder.write_json("results.json", &run.results)?;
    let manifest = manifest(folder, study, run);
    folder.write_json(Manifest::FILE, &manifest)
}

fn write_csv_tables(folder: &mut OutputFolder, run: &StudyRun) -> Result<(), CommandError> {
    let results = &run.results;
    folder.write("tables/trials.csv", write_tables::trials(results)?)?;
    folder.write("tables/adverse-events.csv", write_tables::adverse_events(results)?)?;
    folder.write("fidelity.csv", write_tables::fidelity(results)?)?;
    for analysis in &results.analyses {
        if let Some(table) = write_tables::analysis(analysis)? {
            folder.write(&format!("tables/{}.csv", analysis.id), table)?;
        }
    }
    Ok(())
}

fn manifest(folder: &OutputFolder, study: &StudyFile, run: &StudyRun) -> Manifest {
    let project = &study.project;
    Manifest {
        program: Manifest::PROGRAM.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        study: FileHash {
            file: study.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            sha256: study.sha256.clone(),
        },
        inputs: run.inputs.clone(),
        reconstruction: project.reconstruction.clone(),
        checks: project.checks.clone(),
        analyses: project.analyses.clone(),
        outputs: folder.files(),
    }
}
