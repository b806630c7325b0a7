//! The whole chain of a study: digitize, reconstruct, compare, pool.

use std::path::Path;

use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, Finding};
use rayon::prelude::*;

use super::compare;
use super::digitize::{DigitizedPage, FigureFile};
use super::overrides::{FoundOverrides, find_overrides, sidecar_name};
use super::pool::{Evidence, analyse};
use super::reconstruct::{ArmPatients, Reconstruction, reconstruct_all};
use crate::error::CommandError;
use crate::manifest::FileHash;
use crate::project::{FieldPath, Figure, Problems, Project, StudyFile, Trial};
use crate::results::{FigureResult, Results};

/// Name and version of the program, as files state it.
pub(crate) const GENERATOR: &str = concat!("kmeta ", env!("CARGO_PKG_VERSION"));

/// A figure's page, ready to be digitized.
#[derive(Debug)]
pub(crate) struct StudyPage {
    file: FigureFile,
    page: usize,
    /// What a person stated about it in a sidecar.
    stated: FoundOverrides,
}

/// All that a run produced.
#[derive(Debug)]
pub(crate) struct StudyRun {
    /// The numbers.
    pub(crate) results: Results,
    /// The sidecars, in the order of the project's figures.
    pub(crate) figures: Vec<DigitizedPage>,
    /// The patients.
    pub(crate) arms: Vec<ArmPatients>,
    /// The figure files with their hashes.
    pub(crate) inputs: Vec<FileHash>,
}

/// Reads the figures of a study, with what a person stated about them in sidecars: beside the figure file, or in the
/// earlier output `target`, which is replaced.
///
/// # Errors
/// All files that are no figures, or have several pages of which none is chosen, or whose overrides cannot be kept.
pub(crate) fn read_pages(study: &StudyFile, target: &Path) -> Result<Vec<StudyPage>, Problems> {
    let (mut read, mut problems) = (Vec::new(), Vec::new());
    for (index, figure) in study.project.figures.iter().enumerate() {
        match read_page(study, figure, target) {
            Ok(page) => read.push(page),
            Err((field, message)) => {
                let path = FieldPath::root().key("figure").index(index).key(field);
                problems.push(study.document.problem(&path, message));
            }
        }
    }
    if problems.is_empty() { Ok(read) } else { Err(Problems(problems)) }
}

fn read_page(study: &StudyFile, figure: &Figure, target: &Path) -> Result<StudyPage, (&'static str, String)> {
    let path = study.figure_path(&figure.file);
    let bytes =
        std::fs::read(&path).map_err(|error| ("file", format!("{} cannot be read: {error}", figure.file)))?;
    let field = if figure.page.is_some() { "page" } else { "file" };
    let name = figure.file.rsplit(['/', '\\']).next().unwrap_or(&figure.file);
    let file = FigureFile::open(bytes, name, figure.page).map_err(|message| (field, message))?;
    match file.pages.as_slice() {
        &[page] => {
            let sidecar = sidecar_name(&figure.name());
            let earlier = target.join("figures").join(&sidecar);
            let stated = find_overrides(&path.with_file_name(&sidecar), &earlier, file.sha256());
            let stated = stated.map_err(|message| ("file", message))?;
            Ok(StudyPage { file, page, stated })
        }
        pages => {
            Err(("file", format!("{} has {} pages: state `page`, counted from 1", figure.file, pages.len())))
        }
    }
}

/// Digitizes the figures of a study in parallel; `after_each` is called after each.
///
/// # Errors
/// When the label model is damaged or an overlay cannot be encoded.
pub(crate) fn digitize_all(
    project: &Project,
    pages: &[StudyPage],
    after_each: impl Fn() + Sync,
) -> Result<Vec<DigitizedPage>, CommandError> {
    if pages.is_empty() {
        return Ok(Vec::new());
    }
    let reader = LabelReader::new().map_err(|error| CommandError::Failed(error.to_string()))?;
    let read: Vec<Result<DigitizedPage, CommandError>> = project
        .figures
        .par_iter()
        .zip(pages)
        .map(|(figure, StudyPage { file, page, stated })| {
            let digitized = file
                .digitize_page(*page, &reader)
                .and_then(only_figure)
                .and_then(|read| match &stated.overrides {
                    Some(overrides) => file.correct(*page, read, overrides, &reader),
                    None => Ok(read),
                })
                .map(|mut read| {
                    read.figure.findings.extend(stated.findings.iter().cloned());
                    read
                })
                .map_err(|error| CommandError::failed(&figure.file, error));
            after_each();
            digitized
        })
        .collect();
    read.into_iter().collect()
}

/// The first figure of a page: the one drawn with paths, where there is one.
fn only_figure(figures: Vec<DigitizedPage>) -> Result<DigitizedPage, String> {
    figures.into_iter().next().ok_or_else(|| "there is no Kaplan-Meier figure on this page".to_owned())
}

/// Everything after digitizing.
pub(crate) fn evaluate(project: &Project, pages: &[StudyPage], figures: Vec<DigitizedPage>) -> StudyRun {
    let sidecars: Vec<DigitizedFigure> = figures.iter().map(|page| page.figure.clone()).collect();
    let Reconstruction { arms, findings: reconstruction_findings } = reconstruct_all(project, &sidecars);
    let (comparisons, comparison_findings) = compare::compare_all(project, &arms);
    let evidence = Evidence { project, arms: &arms, comparisons: &comparisons };
    let pooled: Vec<_> = project.analyses.par_iter().map(|analysis| analyse(evidence, analysis)).collect();
    let (analyses, pooling_findings): (Vec<_>, Vec<_>) = pooled.into_iter().unzip();
    let mut findings = trial_findings(project);
    findings.extend(reconstruction_findings);
    findings.extend(comparison_findings);
    findings.extend(pooling_findings.into_iter().flatten());
    let results = Results {
        format_version: 1,
        generator: GENERATOR.to_owned(),
        title: project.title.clone(),
        time_unit: project.time_unit,
        figure_notice: project.figure_notice.clone(),
        notes: project.notes.clone(),
        adverse_events_title: project.adverse_events_title.clone(),
        trials: project.trials.clone(),
        figures: project
            .figures
            .iter()
            .zip(&sidecars)
            .map(|(figure, read)| figure_result(figure, read))
            .collect(),
        arms: arms.iter().map(|arm| arm.result.clone()).collect(),
        comparisons,
        analyses,
        findings,
    };
    let inputs = project
        .figures
        .iter()
        .zip(pages)
        .map(|(figure, page)| FileHash { file: figure.file.clone(), sha256: page.file.sha256().to_owned() });
    StudyRun { results, figures, arms, inputs: inputs.collect() }
}

fn figure_result(figure: &Figure, read: &DigitizedFigure) -> FigureResult {
    let name = figure.name();
    FigureResult {
        file: figure.file.clone(),
        trial: figure.trial.clone(),
        endpoint: figure.endpoint.clone(),
        source: read.source.clone(),
        verdict: read.verdict,
        checks: read.checks.clone(),
        curves: read.panels.iter().map(|panel| panel.arms.len()).sum(),
        sidecar: format!("figures/{name}.kmfig.json"),
        overlay: format!("figures/{name}.overlay.png"),
        name,
    }
}

/// What the stated numbers of the trials give to think about without being wrong.
fn trial_findings(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for arm in project.trials.iter().flat_map(Trial::arm_views) {
        let Some(n) = arm.facts.n else { continue };
        let fewer: Vec<String> = arm
            .facts
            .responses
            .iter()
            .filter(|(_, counts)| counts.total < n)
            .map(|(outcome, counts)| format!("{outcome}: {}", counts.total))
            .collect();
        if !fewer.is_empty() {
            let message = format!("n = {n}, but fewer patients were assessed ({})", fewer.join(", "));
            findings.push(Finding::note("fewer-assessed", arm.key(), message));
        }
        let more =
            arm.facts.adverse_events.values().map(|counts| counts.total).filter(|&total| total > n).max();
        if let Some(more) = more {
            let message = format!("n = {n}, but adverse events were assessed in {more} patients");
            findings.push(Finding::note("more-assessed-for-safety", arm.key(), message));
        }
    }
    findings
}
