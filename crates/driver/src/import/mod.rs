//! Studies that stand in other files: spreadsheets, RevMan reviews, Cochrane data packages, reference lists. Each reader
//! gives an [`Import`], which becomes a project file that a person goes on with.

mod data_package;
pub(crate) mod grid;
pub(crate) mod names;
mod review;
mod revman;
mod ris;
mod spreadsheet;
mod write_study;

use std::path::Path;

use indexmap::IndexMap;
use kmeta_trial_data::{EffectMeasure, Finding};

use crate::project::{ArmFacts, Figure, Problem, Problems, Trial, TrialArm};

pub use write_study::{effect_csv, study_toml};

/// What was found in the files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Import {
    /// Title of the review, where a file states it.
    pub title: Option<String>,
    /// The trials.
    pub trials: Vec<Trial>,
    /// Survival figures that a spreadsheet names.
    pub figures: Vec<Figure>,
    /// What can be pooled.
    pub outcomes: Vec<Outcome>,
    /// Effects with standard errors, which a project file has no place for: tables for `kmeta pool effects`.
    pub effects: Vec<EffectTable>,
    /// What was left out or decided on the way.
    pub findings: Vec<Finding>,
}

/// Something that can be pooled.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Name of the outcome or endpoint among the trials' numbers; also the id of the analysis.
    pub name: String,
    /// Title to print.
    pub title: String,
    /// Whether trials are pooled by their groups too.
    pub subgroups: bool,
    /// What kind of numbers there are.
    pub kind: OutcomeKind,
}

/// What kind of numbers an outcome has.
#[derive(Debug, Clone, PartialEq)]
pub enum OutcomeKind {
    /// Counts of single arms.
    Proportion,
    /// Counts of two arms, with the settings of the review that they come from.
    TwoArmCounts(ReviewSettings),
    /// Printed hazard ratios.
    HazardRatio(ReviewSettings),
    /// Survival figures of single arms.
    Survival,
}

/// How a review pooled an outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ReviewSettings {
    /// The effect measure, where it is known.
    pub measure: Option<EffectMeasure>,
    /// `mantel-haenszel`, `inverse-variance` or `peto`.
    pub pooling: Option<&'static str>,
    /// The review pooled with DerSimonian and Laird's estimate, as RevMan 5 and RevMan Web did.
    pub dersimonian_laird: bool,
}

/// Effects of one outcome with their standard errors.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectTable {
    /// Names the file.
    pub name: String,
    /// What is measured.
    pub title: String,
    /// One row per study.
    pub rows: Vec<EffectRow>,
}

/// One study's effect.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectRow {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Subgroup; empty for none.
    pub subgroup: String,
    /// The effect.
    pub effect: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// Reads the files in order. Reference lists fill in the sources of the trials that the other files have.
///
/// # Errors
/// All files that cannot be read or hold nothing to import.
pub fn read_files(paths: &[impl AsRef<Path>]) -> Result<Import, Problems> {
    let mut import = Import::default();
    let (mut problems, mut references) = (Vec::new(), Vec::new());
    for path in paths {
        let path = path.as_ref();
        let read = read_file(path).and_then(|content| match content {
            Content::References(found) => {
                references.extend(found);
                Ok(())
            }
            Content::Studies(found) => import.add(*found, &path.display().to_string()),
        });
        if let Err(error) = read {
            problems.extend(error.0);
        }
    }
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    ris::cite(&mut import, references);
    Ok(import)
}

/// What one file holds.
enum Content {
    Studies(Box<Import>),
    References(Vec<ris::Reference>),
}

fn read_file(path: &Path) -> Result<Content, Problems> {
    let name = path.display().to_string();
    let bytes =
        std::fs::read(path).map_err(|error| Problem::in_file(&name, format!("cannot be read: {error}")))?;
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let studies = |import: Result<Import, Problems>| import.map(|import| Content::Studies(Box::new(import)));
    match extension.as_str() {
        "rm5" | "xml" => studies(revman::read(&name, &bytes)),
        "zip" => studies(data_package::read_zip(&name, &bytes)),
        "ris" => ris::read(&name, &bytes).map(Content::References),
        "xlsx" | "xlsm" | "xls" | "ods" => {
            studies(spreadsheet::read(&name, &grid::of_workbook(&name, &bytes)?))
        }
        "csv" | "tsv" | "txt" => {
            let text = grid::decode(&bytes);
            if ris::looks_like(&text) {
                return ris::read(&name, &bytes).map(Content::References);
            }
            let grid = grid::of_csv(&name, &text)?;
            if data_package::is_data_rows(&grid) {
                return studies(data_package::read_rows(&name, &grid));
            }
            studies(spreadsheet::read(&name, &grid))
        }
        _ => Err(Problem::in_file(name, format!("files of kind `.{extension}` are not imported"))
            .with_help("give .csv, .xlsx, .xls, .ods, .rm5, .zip (Cochrane data package) or .ris")
            .into()),
    }
}

impl Import {
    /// Adds what another file holds. Trials with the same id must not meet.
    fn add(&mut self, other: Self, file: &str) -> Result<(), Problems> {
        for trial in &other.trials {
            if self.trials.iter().any(|known| known.id == trial.id) {
                let message =
                    format!("the trial `{}` ({}) is in a file before as well", trial.id, trial.label);
                return Err(Problem::in_file(file, message)
                    .with_help("import each file by itself, or put the trials in one table")
                    .into());
            }
        }
        self.title = self.title.take().or(other.title);
        self.trials.extend(other.trials);
        self.figures.extend(other.figures);
        for outcome in other.outcomes {
            if !self.outcomes.iter().any(|known| known.name == outcome.name && known.kind == outcome.kind) {
                self.outcomes.push(outcome);
            }
        }
        self.effects.extend(other.effects);
        self.findings.extend(other.findings);
        Ok(())
    }

    /// Notes something that the person should know.
    fn note(&mut self, code: &str, place: &str, message: impl Into<String>) {
        self.findings.push(Finding::warning(code, place, message));
    }
}

/// A trial of which only the name is known.
fn new_trial(id: String, label: String) -> Trial {
    Trial {
        id,
        label,
        year: None,
        group: None,
        design: None,
        period: None,
        age: None,
        drug: None,
        dose: None,
        source: None,
        hazard_ratios: IndexMap::new(),
        moderators: IndexMap::new(),
        reference_arm: None,
        facts: ArmFacts::default(),
        arms: Vec::new(),
    }
}

/// An arm of which only the name is known.
fn new_arm(id: &str, label: &str) -> TrialArm {
    TrialArm { id: id.to_owned(), label: label.to_owned(), facts: ArmFacts::default() }
}
