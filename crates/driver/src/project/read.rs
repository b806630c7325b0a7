//! Reads and checks a project file.

use std::path::{Path, PathBuf};

use kmeta_trial_data::sha256_hex;

use super::document::Document;
use super::{Problem, Problems, Project, checks, shape};

/// A project file that was read and checked.
#[derive(Debug, Clone)]
pub struct StudyFile {
    /// Where it is, as the person named it.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// What it says.
    pub project: Project,
    /// Where each field stands.
    pub document: Document,
}

impl StudyFile {
    /// Reads a project file and checks all that can be known before anything runs, the figures' existence
    /// included.
    ///
    /// # Errors
    /// All mistakes found, each with file, line and field. Mistakes of shape (unknown keys, wrong kinds of
    /// values) are reported before those of content, for which the shape must be right.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Problem::in_file(&name, format!("cannot be read: {error}"))
                .with_help("`kmeta init DIR` writes a project to start from")
        })?;
        let (project, document) = Self::parse(&name, &text)?;
        let study = Self { path: path.to_owned(), sha256: sha256_hex(text.as_bytes()), project, document };
        let problems = checks::check(&study);
        if problems.is_empty() { Ok(study) } else { Err(Problems(problems)) }
    }

    /// The folder that the file's paths are relative to.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The file of a figure.
    pub fn figure_path(&self, file: &str) -> PathBuf {
        self.folder().join(file)
    }

    fn parse(name: &str, text: &str) -> Result<(Project, Document), Problems> {
        let document = Document::parse(name, text).map_err(Problems)?;
        let problems = shape::check(&document, schemars::schema_for!(Project).as_value());
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let unreadable = |error: toml::de::Error| Document::syntax_problem(name, text, &error);
        let mut table: toml::Table = toml::from_str(text).map_err(unreadable)?;
        give_analyses_the_time_unit(&mut table);
        give_analyses_what_all_have(&mut table);
        let project = table.try_into().map_err(unreadable)?;
        Ok((project, document))
    }
}

/// What `every_analysis` states goes to the analyses that do not state it themselves.
fn give_analyses_what_all_have(table: &mut toml::Table) {
    let Some(toml::Value::Table(all)) = table.get("every_analysis").cloned() else { return };
    let Some(toml::Value::Array(analyses)) = table.get_mut("analysis") else { return };
    for analysis in analyses.iter_mut().filter_map(toml::Value::as_table_mut) {
        for (key, value) in &all {
            analysis.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// The unit of a survival analysis is the study's where the file states none.
fn give_analyses_the_time_unit(table: &mut toml::Table) {
    let Some(unit) = table.get("time_unit").cloned() else { return };
    let Some(toml::Value::Array(analyses)) = table.get_mut("analysis") else { return };
    for analysis in analyses.iter_mut().filter_map(toml::Value::as_table_mut) {
        if analysis.get("kind").and_then(toml::Value::as_str) == Some("survival") {
            analysis.entry("time_unit").or_insert_with(|| unit.clone());
        }
    }
}
