//! The patients of a study under each way of reconstructing them.

use std::path::Path;

use kmeta_evidence_pool::{Axis, AxisChoice};
use kmeta_ipd_reconstruct::ReconstructionMethod;
use kmeta_trial_data::{DigitizedFigure, Finding};
use rayon::prelude::*;
use serde::de::DeserializeOwned;

use crate::manifest::Manifest;
use crate::project::{Problem, Problems, Project, StudyFile};
use crate::results::{Comparison, FigureResult, Results};
use crate::stages::compare::compare_all;
use crate::stages::reconstruct::{ArmPatients, reconstruct_figure};
use crate::stages::write_tables::serde_name;
use crate::tables::read_patients;

/// Every method, in the order of the axis.
const METHODS: [ReconstructionMethod; 3] =
    [ReconstructionMethod::Constrained, ReconstructionMethod::Guyot, ReconstructionMethod::Ipdfromkm];

/// The axis of the reconstruction method.
const METHOD_AXIS: &str = "reconstruction";

/// The axis of the numbers at risk.
const AT_RISK_AXIS: &str = "numbers_at_risk";

/// What the last run of a study left behind.
#[derive(Debug)]
pub(crate) struct LastRun {
    /// Its results.
    pub(crate) results: Results,
    /// The figures as digitized, in the order of the project.
    pub(crate) sidecars: Vec<DigitizedFigure>,
    /// The patients.
    pub(crate) arms: Vec<ArmPatients>,
    /// That the study file changed since, if it did.
    pub(crate) findings: Vec<Finding>,
}

impl LastRun {
    /// Reads the output folder of a run.
    ///
    /// # Errors
    /// When there is none, or it is not what `kmeta run` writes.
    pub(crate) fn read(folder: &Path, study: &StudyFile) -> Result<Self, Problems> {
        if !folder.join(Manifest::FILE).is_file() {
            let message =
                "there is no output of `kmeta run` here, from which reconstructed patients are read";
            let help =
                format!("run `kmeta run {}` first, or name its folder with --run", study.path.display());
            return Err(Problem::in_file(folder.display().to_string(), message).with_help(help).into());
        }
        let manifest: Manifest = read_json(&folder.join(Manifest::FILE))?;
        let results: Results = read_json(&folder.join("results.json"))?;
        let mut sidecars = Vec::new();
        for figure in &study.project.figures {
            let own = |known: &&FigureResult| {
                (&known.file, &known.trial, &known.endpoint)
                    == (&figure.file, &figure.trial, &figure.endpoint)
            };
            let Some(known) = results.figures.iter().find(own) else {
                let message = format!("figure {} is not in this output of `kmeta run`", figure.file);
                let help = format!("run `kmeta run {}` again first", study.path.display());
                return Err(Problem::in_file(folder.display().to_string(), message).with_help(help).into());
            };
            sidecars.push(read_json(&folder.join(&known.sidecar))?);
        }
        let mut arms = Vec::new();
        for arm in &results.arms {
            let patients = read_patients(&folder.join(&arm.patients_file))?;
            arms.push(ArmPatients {
                result: arm.clone(),
                patients: patients.into_iter().flat_map(|arm| arm.patients).collect(),
            });
        }
        let changed = manifest.study.sha256 != study.sha256;
        let findings = changed
            .then(|| {
                let message = "the study file was changed since this output was written: patients are those of the \
                               output, everything else that of the file; run `kmeta run` again to be sure";
                Finding::warning("output-of-another-study-file", folder.display().to_string(), message)
            })
            .into_iter()
            .collect();
        Ok(Self { results, sidecars, arms, findings })
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Problems> {
    let name = path.display().to_string();
    let bytes =
        std::fs::read(path).map_err(|error| Problem::in_file(&name, format!("cannot be read: {error}")))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::in_file(&name, format!("is not what `kmeta run` writes: {error}")).into())
}

/// The patients under one way of reconstructing them.
#[derive(Debug)]
pub(crate) struct PatientVariant {
    /// Position of the choice on the axes of [`PatientVariants`].
    pub(crate) choices: Vec<Option<u16>>,
    /// The arms.
    pub(crate) arms: Vec<ArmPatients>,
    /// Two arms of a trial compared.
    pub(crate) comparisons: Vec<Comparison>,
}

/// All ways.
#[derive(Debug, Default)]
pub(crate) struct PatientVariants {
    /// What is chosen; empty when there is one way only.
    pub(crate) axes: Vec<Axis>,
    /// One for each combination.
    pub(crate) variants: Vec<PatientVariant>,
}

impl PatientVariants {
    /// The run's own patients, and the others reconstructed now from the figures as they were digitized.
    pub(crate) fn of(project: &Project, own_arms: &[ArmPatients], sidecars: &[DigitizedFigure]) -> Self {
        let options = &project.sensitivity;
        let own = project.reconstruction.method;
        let declared = options.reconstruction.is_some();
        let mut methods = options.reconstruction.clone().unwrap_or_else(|| METHODS.to_vec());
        if !methods.contains(&own) {
            methods.insert(0, own);
        }
        methods.dedup();
        let without = options.without_numbers_at_risk.unwrap_or(true);
        let at_risk: &[(&str, bool)] =
            &[("with", true), ("without", options.without_numbers_at_risk.is_some())];
        let at_risk = &at_risk[..if without { 2 } else { 1 }];
        let mut axes = Vec::new();
        let position = methods.iter().position(|method| *method == own).unwrap_or(0) as u16;
        let choices: Vec<AxisChoice> = methods
            .iter()
            .map(|method| AxisChoice::new(serde_name(method), declared || *method == own))
            .collect();
        axes.push(axis(METHOD_AXIS, choices, position));
        let choices = at_risk.iter().map(|(word, plausible)| AxisChoice::new(*word, *plausible)).collect();
        axes.push(axis(AT_RISK_AXIS, choices, 0));
        let combinations: Vec<(u16, u16)> = (0..methods.len() as u16)
            .flat_map(|method| (0..at_risk.len() as u16).map(move |at_risk| (method, at_risk)))
            .collect();
        let variants = combinations
            .into_par_iter()
            .map(|(method, without)| {
                let arms = if method == position && without == 0 {
                    own_arms.to_vec()
                } else {
                    reconstruct(project, sidecars, methods[usize::from(method)], without == 1)
                };
                let (comparisons, _) = compare_all(project, &arms);
                PatientVariant { choices: vec![Some(method), Some(without)], arms, comparisons }
            })
            .collect();
        Self { axes, variants }
    }
}

fn axis(name: &str, choices: Vec<AxisChoice>, protocol: u16) -> Axis {
    Axis { name: name.to_owned(), choices, protocol, applies: Vec::new() }
}

fn reconstruct(
    project: &Project,
    sidecars: &[DigitizedFigure],
    method: ReconstructionMethod,
    without_numbers_at_risk: bool,
) -> Vec<ArmPatients> {
    let mut project = project.clone();
    project.reconstruction.method = method;
    let mut sidecars = sidecars.to_vec();
    // Only the constrained method meets a hazard ratio of two arms.
    if method != ReconstructionMethod::Constrained {
        project.figures.iter_mut().for_each(|figure| figure.meet_hazard_ratio = false);
    }
    if without_numbers_at_risk {
        project.figures.iter_mut().for_each(|figure| figure.risk_table = None);
        let panels = sidecars.iter_mut().flat_map(|sidecar| &mut sidecar.panels);
        panels.for_each(|panel| panel.risk_table = None);
    }
    let figures = project.figures.iter().zip(&sidecars);
    figures.flat_map(|(figure, read)| reconstruct_figure(&project, figure, read).arms).collect()
}
