//! The whole chain of a study: digitize, reconstruct, compare, pool.

use std::path::Path;

use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, sha256_hex};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::compare;
use super::digitize::{DigitizedPage, FigureFile};
use super::draws::{DrawnArm, draw_figure};
use super::figures;
use super::overrides::{FoundOverrides, find_overrides, sidecar_name};
use super::pool::{Evidence, analyse};
use super::reconstruct::{ArmPatients, Reconstruction, reconstruct_figure};
use crate::consistency;
use crate::error::CommandError;
use crate::manifest::FileHash;
use crate::project::{FieldPath, Figure, Problems, Project, StudyFile, Uncertainty};
use crate::rerun::{Key, WorkFolder};
use crate::results::{FigureResult, Results};
use crate::sensitivity::{PatientVariants, all_subsets, analyse_all, thinned};

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

/// Digitizes the figures of a study in parallel, except those whose work an earlier run kept; `after_each` is called
/// after each.
///
/// # Errors
/// When the label model is damaged or an overlay cannot be encoded.
pub(crate) fn digitize_all(
    project: &Project,
    pages: &[StudyPage],
    work: &WorkFolder,
    after_each: impl Fn() + Sync,
) -> Result<Vec<DigitizedPage>, CommandError> {
    let figures: Vec<(&Figure, &StudyPage)> = project.figures.iter().zip(pages).collect();
    let known: Vec<Result<Known, CommandError>> = figures
        .par_iter()
        .map(|(_, page)| {
            let known = Known::of(page, work)?;
            if known.kept.is_some() {
                after_each();
            }
            Ok(known)
        })
        .collect();
    let known: Vec<Known> = known.into_iter().collect::<Result<_, _>>()?;
    if known.iter().all(|known| known.kept.is_some()) {
        return Ok(known.into_iter().filter_map(|known| known.kept).collect());
    }
    let reader = LabelReader::new().map_err(|error| CommandError::Failed(error.to_string()))?;
    let read: Vec<Result<DigitizedPage, CommandError>> = figures
        .par_iter()
        .zip(known)
        .map(|((figure, page), Known { key, kept })| {
            if let Some(kept) = kept {
                return Ok(kept);
            }
            let digitized = page
                .file
                .digitize_page(page.page, &reader)
                .and_then(only_figure)
                .and_then(|read| match &page.stated.overrides {
                    Some(overrides) => page.file.correct(page.page, read, overrides, &reader),
                    None => Ok(read),
                })
                .map(|mut read| {
                    read.figure.findings.extend(page.stated.findings.iter().cloned());
                    read
                })
                .map_err(|error| CommandError::failed(&figure.file, error))?;
            let read = (digitized.figure.clone(), digitized.made_of);
            keep_whole(work, key.as_ref(), &read, &digitized.overlay_png)?;
            after_each();
            Ok(digitized)
        })
        .collect();
    read.into_iter().collect()
}

/// What earlier runs know of a figure.
struct Known {
    key: Option<Key>,
    kept: Option<DigitizedPage>,
}

impl Known {
    fn of(StudyPage { file, page, stated }: &StudyPage, work: &WorkFolder) -> Result<Self, CommandError> {
        // The name of the file and what a person states are part of the sidecar.
        let input = (file.sha256(), file.name(), page, &stated.overrides, &stated.findings);
        let key = work.key("figure", &input)?;
        let kept = work.kept(key.as_ref(), page_of_parts);
        Ok(Self { key, kept })
    }
}

/// A kept figure: its sidecar and its overlay.
fn page_of_parts(parts: &[Vec<u8>]) -> Result<DigitizedPage, String> {
    let [sidecar, overlay] = parts else { return Err("it does not have two parts".to_owned()) };
    let (figure, made_of) = serde_json::from_slice(sidecar).map_err(|error| error.to_string())?;
    Ok(DigitizedPage { figure, overlay_png: overlay.clone(), made_of })
}

/// Keeps `content` and some bytes, if `content` comes back from JSON as it is: then later runs with and without it
/// write the same.
fn keep_whole<T: Serialize + DeserializeOwned + PartialEq>(
    work: &WorkFolder,
    key: Option<&Key>,
    content: &T,
    bytes: &[u8],
) -> Result<(), CommandError> {
    let json = serde_json::to_vec(content)
        .map_err(|error| CommandError::failed("a result cannot be written as JSON", error))?;
    if serde_json::from_slice::<T>(&json).is_ok_and(|again| again == *content) {
        work.keep(key, &[&json, bytes]);
    }
    Ok(())
}

/// The first figure of a page: the one drawn with paths, where there is one.
fn only_figure(figures: Vec<DigitizedPage>) -> Result<DigitizedPage, String> {
    figures.into_iter().next().ok_or_else(|| "there is no Kaplan-Meier figure on this page".to_owned())
}

/// The patients of all figures, in their order.
fn reconstruct_all(
    project: &Project,
    sidecars: &[DigitizedFigure],
    work: &WorkFolder,
) -> Result<Reconstruction, CommandError> {
    let of_figures: Vec<Result<Reconstruction, CommandError>> = project
        .figures
        .par_iter()
        .zip(sidecars)
        .map(|(figure, read)| kept_or_reconstructed(project, figure, read, work))
        .collect();
    let mut all = Reconstruction::default();
    for of_figure in of_figures {
        let Reconstruction { arms, findings } = of_figure?;
        all.arms.extend(arms);
        all.findings.extend(findings);
    }
    Ok(all)
}

fn kept_or_reconstructed(
    project: &Project,
    figure: &Figure,
    read: &DigitizedFigure,
    work: &WorkFolder,
) -> Result<Reconstruction, CommandError> {
    let key = work.key("patients", &reconstruction_input(project, figure, read)?)?;
    if let Some(kept) = work.kept(key.as_ref(), from_first_part) {
        return Ok(kept);
    }
    let reconstruction = reconstruct_figure(project, figure, read);
    keep_whole(work, key.as_ref(), &reconstruction, &[])?;
    Ok(reconstruction)
}

/// Draws the arms of all figures, except those whose work an earlier run kept; `after_each` is called after each.
fn draw_all(
    project: &Project,
    sidecars: &[DigitizedFigure],
    uncertainty: &Uncertainty,
    work: &WorkFolder,
    after_each: &(dyn Fn() + Sync),
) -> Result<Vec<DrawnArm>, CommandError> {
    let of_figures: Vec<Result<Vec<DrawnArm>, CommandError>> = project
        .figures
        .par_iter()
        .zip(sidecars)
        .map(|(figure, read)| {
            let key = work.key("draws", &(reconstruction_input(project, figure, read)?, uncertainty))?;
            let drawn = match work.kept(key.as_ref(), from_first_part) {
                Some(kept) => kept,
                None => {
                    let drawn = draw_figure(project, figure, read, uncertainty);
                    keep_whole(work, key.as_ref(), &drawn, &[])?;
                    drawn
                }
            };
            after_each();
            Ok(drawn)
        })
        .collect();
    let mut all = Vec::new();
    for of_figure in of_figures {
        all.extend(of_figure?);
    }
    Ok(all)
}

/// Kept work that is JSON alone.
fn from_first_part<T: DeserializeOwned>(parts: &[Vec<u8>]) -> Result<T, String> {
    let json = parts.first().ok_or("it has no part")?;
    serde_json::from_slice(json).map_err(|error| error.to_string())
}

/// All that the patients of a figure depend on.
fn reconstruction_input(
    project: &Project,
    figure: &Figure,
    read: &DigitizedFigure,
) -> Result<impl Serialize, CommandError> {
    let sidecar = serde_json::to_vec(read)
        .map_err(|error| CommandError::failed("a sidecar cannot be written as JSON", error))?;
    Ok((
        sha256_hex(&sidecar),
        figure.clone(),
        project.trial(&figure.trial).cloned(),
        project.time_unit,
        project.reconstruction.clone(),
        project.checks.clone(),
    ))
}

/// Everything after digitizing; `after_each_draw` is called after each figure that was read again at random.
///
/// # Errors
/// When something that is to be kept cannot be written as JSON.
pub(crate) fn evaluate(
    project: &Project,
    pages: &[StudyPage],
    figures: Vec<DigitizedPage>,
    work: &WorkFolder,
    after_each_draw: &(dyn Fn() + Sync),
) -> Result<StudyRun, CommandError> {
    let sidecars: Vec<DigitizedFigure> = figures.iter().map(|page| page.figure.clone()).collect();
    let Reconstruction { arms, findings: reconstruction_findings } =
        reconstruct_all(project, &sidecars, work)?;
    let (comparisons, comparison_findings) = compare::compare_all(project, &arms);
    let draws = match &project.uncertainty {
        Some(uncertainty) => Some(draw_all(project, &sidecars, uncertainty, work, after_each_draw)?),
        None => None,
    };
    let evidence = Evidence { project, arms: &arms, comparisons: &comparisons, draws: draws.as_deref() };
    let pooled: Vec<_> = project.analyses.par_iter().map(|analysis| analyse(evidence, analysis)).collect();
    let (analyses, pooling_findings): (Vec<_>, Vec<_>) = pooled.into_iter().unzip();
    let mut findings = consistency::check_printed(project);
    findings.extend(figures::prisma_findings(project.prisma.as_ref()));
    findings.extend(reconstruction_findings);
    findings.extend(comparison_findings);
    consistency::add_new(&mut findings, pooling_findings.into_iter().flatten().collect());
    let arm_results: Vec<_> = arms.iter().map(|arm| arm.result.clone()).collect();
    findings.extend(consistency::check_curves(project, &arm_results));
    findings.extend(consistency::check_pooled(project, &analyses));
    let sensitivity = if project.sensitivity.in_report {
        let patients = PatientVariants::of(project, &arms, &sidecars);
        let mut repeated = analyse_all(project, &patients);
        all_subsets(project, &patients, &mut repeated);
        thinned(repeated)
    } else {
        Vec::new()
    };
    let results = Results {
        format_version: 1,
        generator: GENERATOR.to_owned(),
        title: project.title.clone(),
        time_unit: project.time_unit,
        figure_notice: project.figure_notice.clone(),
        notes: project.notes.clone(),
        adverse_events_title: project.adverse_events_title.clone(),
        theme: project.theme.clone(),
        prisma: project.prisma.clone(),
        risk_of_bias: project.risk_of_bias.clone(),
        trials: project.trials.clone(),
        figures: project
            .figures
            .iter()
            .zip(&sidecars)
            .map(|(figure, read)| figure_result(figure, read))
            .collect(),
        arms: arm_results,
        comparisons,
        analyses,
        sensitivity,
        findings,
    };
    let inputs = project
        .figures
        .iter()
        .zip(pages)
        .map(|(figure, page)| FileHash { file: figure.file.clone(), sha256: page.file.sha256().to_owned() });
    Ok(StudyRun { results, figures, arms, inputs: inputs.collect() })
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
