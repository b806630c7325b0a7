//! Everything that a run leaves behind, as files of the output folder.

use kmeta_plot_svg::Fonts;

use super::report::{ReportInput, plots_and_report};
use super::study_run::StudyRun;
use super::{repeat_in_r, table_files, write_tables};
use crate::error::CommandError;
use crate::manifest::{FileHash, Manifest};
use crate::output_folder::OutputFolder;
use crate::project::StudyFile;

/// Writes all files.
pub(crate) fn write(
    folder: &mut OutputFolder,
    study: &StudyFile,
    run: &StudyRun,
    fonts: &Fonts,
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
    write_csv_and_workbook(folder, run)?;
    folder.write_json("results.json", &run.results)?;
    let mut manifest = manifest(study, run);
    folder.write(repeat_in_r::FILE, repeat_in_r::script(&run.results, &manifest))?;
    let input = ReportInput {
        results: &run.results,
        manifest: &manifest,
        figures: run.figures.iter().map(|page| (&page.figure, page.overlay_png.as_slice())).collect(),
        patients: run.arms.iter().map(|arm| arm.patients.as_slice()).collect(),
        fonts,
    };
    for (name, content) in plots_and_report(&input)? {
        folder.write(&name, content)?;
    }
    manifest.outputs = folder.files();
    folder.write_json(Manifest::FILE, &manifest)
}

fn write_csv_and_workbook(folder: &mut OutputFolder, run: &StudyRun) -> Result<(), CommandError> {
    let patients: Vec<_> = run.arms.iter().map(|arm| (&arm.result, arm.patients.as_slice())).collect();
    let tables = table_files::all(&run.results, &patients)?;
    for table in &tables {
        folder.write(&format!("{}.csv", table.name), &table.csv)?;
    }
    folder.write(table_files::WORKBOOK, table_files::workbook(&run.results, &tables)?)
}

/// The manifest without the outputs, which are not written yet.
fn manifest(study: &StudyFile, run: &StudyRun) -> Manifest {
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
        uncertainty: project.uncertainty,
        checks: project.checks.clone(),
        analyses: project.analyses.clone(),
        outputs: Vec::new(),
    }
}
