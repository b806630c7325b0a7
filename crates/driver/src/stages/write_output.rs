//! Everything that a run leaves behind, as files of the output folder.

use kmeta_plot_svg::Fonts;

use super::report::{ReportInput, plots_and_report};
use super::study_run::StudyRun;
use super::write_tables;
use crate::error::CommandError;
use crate::manifest::{FileHash, Manifest};
use crate::output_folder::OutputFolder;
use crate::project::StudyFile;
use crate::result_table;

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
    write_csv_tables(folder, run)?;
    folder.write_json("results.json", &run.results)?;
    let mut manifest = manifest(study, run);
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

fn write_csv_tables(folder: &mut OutputFolder, run: &StudyRun) -> Result<(), CommandError> {
    let results = &run.results;
    folder.write("tables/trials.csv", write_tables::trials(results)?)?;
    folder.write("tables/adverse-events.csv", write_tables::adverse_events(results)?)?;
    folder.write("fidelity.csv", write_tables::fidelity(results)?)?;
    for analysis in &results.analyses {
        if let Some(table) = write_tables::analysis(analysis)? {
            folder.write(&format!("tables/{}.csv", analysis.id), table)?;
        }
        if !analysis.reading.is_empty() {
            let table = result_table::reading::table(&analysis.title, &analysis.reading);
            folder.write(&format!("tables/{}-{}.csv", analysis.id, table.name), table.to_csv()?)?;
        }
        for table in result_table::views::tables(&analysis.views).into_iter().chain(analysis.outcome.tables())
        {
            folder.write(&format!("tables/{}-{}.csv", analysis.id, table.name), table.to_csv()?)?;
        }
    }
    Ok(())
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
