//! `kmeta sensitivity`: every analysis of a study under other choices.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kmeta_trial_data::Finding;
use serde_json::json;

use super::run::default_folder;
use crate::command_line::SensitivityArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::output_folder::{to_json, write_file};
use crate::project::{Analysis, StudyFile};
use crate::sensitivity::{
    AnalysisSensitivity, LastRun, PatientVariants, all_subsets, analyse_all, figures, file_stem, gosh_table,
    how_many, specifications_csv, tables,
};

/// Pixels of a PNG per pixel of its SVG.
const PNG_SCALE: f64 = 2.0;

pub(crate) fn run(args: &SensitivityArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let study = StudyFile::read(&args.study)?;
    let folder = args.run.clone().unwrap_or_else(|| default_folder(&study));
    let mut findings = Vec::new();
    let needs_patients = study.project.analyses.iter().any(Analysis::uses_figures);
    let run = if needs_patients { Some(LastRun::read(&folder, &study)?) } else { None };
    let patients = match &run {
        Some(run) => {
            findings.extend(run.findings.iter().cloned());
            PatientVariants::of(&study.project, &run.arms, &run.sidecars)
        }
        None => PatientVariants::default(),
    };
    console.detail(&format!("{} ways to reconstruct patients", patients.variants.len()));
    let mut analyses = analyse_all(&study.project, &patients);
    all_subsets(&study.project, &patients, &mut analyses);
    let target = args.out.clone().unwrap_or_else(|| sensitivity_folder(&study));
    let written = write(&target, &analyses)?;
    findings.extend(analyses.iter().flat_map(findings_of));
    console.findings(&findings);
    let text = text(&analyses, &target);
    let short: Vec<_> = analyses.iter().map(without_specifications).collect();
    console.result(
        &json!({ "out": target, "written": written, "analyses": short, "findings": findings }),
        &text,
    )?;
    Ok(ExitCode::SUCCESS)
}

/// `STUDY.kmeta-sensitivity` beside the project file.
fn sensitivity_folder(study: &StudyFile) -> PathBuf {
    let stem = study.path.file_stem().unwrap_or_default().to_string_lossy();
    study.folder().join(format!("{stem}.kmeta-sensitivity"))
}

/// Writes every specification as CSV, everything as JSON, the tables in short, and the figures.
fn write(folder: &Path, analyses: &[AnalysisSensitivity]) -> Result<Vec<String>, CommandError> {
    let mut written = Vec::new();
    let mut add = |name: String, content: String| -> Result<(), CommandError> {
        write_file(&folder.join(&name), content)?;
        written.push(name);
        Ok(())
    };
    for analysis in analyses {
        for multiverse in &analysis.multiverses {
            let stem = file_stem(multiverse);
            add(format!("{stem}.specifications.csv"), specifications_csv(multiverse)?)?;
            for table in tables(multiverse) {
                add(format!("{stem}.{}.csv", table.name), table.to_csv()?)?;
            }
        }
        if let Some(gosh) = &analysis.all_subsets {
            add(format!("{}.all-subsets.csv", analysis.id), gosh_table(gosh).to_csv()?)?;
        }
    }
    add("sensitivity.json".to_owned(), to_json(&analyses)?)?;
    for (name, figure) in figures(analyses) {
        let png = figure.to_png(PNG_SCALE).map_err(|error| CommandError::failed(&name, error))?;
        write_file(&folder.join(format!("{name}.svg")), &figure.svg)?;
        write_file(&folder.join(format!("{name}.png")), png)?;
        written.extend([format!("{name}.svg"), format!("{name}.png")]);
    }
    Ok(written)
}

fn findings_of(analysis: &AnalysisSensitivity) -> Vec<Finding> {
    let place = |quantity: &str| format!("{}, {quantity}", analysis.id);
    let own = analysis.multiverses.iter().flat_map(|multiverse| {
        let place = place(&multiverse.quantity);
        multiverse.findings.iter().map(move |finding| Finding { place: place.clone(), ..finding.clone() })
    });
    let without = analysis.left_out.iter().map(|reason| {
        Finding::warning("not-repeated", analysis.id.clone(), format!("{}: {reason}", analysis.title))
    });
    own.chain(without).collect()
}

/// What `--json` prints: the specifications themselves are in the files.
fn without_specifications(analysis: &AnalysisSensitivity) -> serde_json::Value {
    let multiverses: Vec<_> = analysis
        .multiverses
        .iter()
        .map(|found| {
            json!({
                "quantity": found.quantity,
                "specifications": found.specifications.len(),
                "possible": found.possible,
                "protocol": found.protocol().and_then(|own| own.result),
                "all": found.all,
                "plausible": found.plausible,
                "influence": found.influence,
            })
        })
        .collect();
    json!({ "id": analysis.id, "title": analysis.title, "multiverses": multiverses, "left_out": analysis.left_out })
}

fn text(analyses: &[AnalysisSensitivity], folder: &Path) -> String {
    let mut text = String::new();
    for analysis in analyses {
        text.push_str(&format!("{}\n", analysis.title));
        for multiverse in &analysis.multiverses {
            text.push_str(&format!("{}\n", how_many(multiverse)));
            for table in tables(multiverse) {
                text.push_str(&format!("\n{}\n", table.to_plain()));
            }
            text.push('\n');
        }
        if let Some(gosh) = &analysis.all_subsets {
            text.push_str(&format!("{}\n\n", gosh_table(gosh).to_plain()));
        }
        text.extend(analysis.left_out.iter().map(|reason| format!("not repeated: {reason}\n\n")));
        text.extend(analysis.figure_notice.iter().map(|notice| format!("{notice}\n\n")));
    }
    text.push_str(&format!("every specification: {}\n", folder.display()));
    text
}
