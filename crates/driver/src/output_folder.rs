//! An output folder that appears whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use kmeta_trial_data::sha256_hex;
use serde::Serialize;
use tempfile::TempDir;

use crate::error::CommandError;
use crate::manifest::{FileHash, Manifest};
use crate::project::Problem;

/// Writes files beside the wanted folder and swaps them in when all are written, so that a failure leaves an
/// existing folder as it was.
#[derive(Debug)]
pub(crate) struct OutputFolder {
    target: PathBuf,
    // Holds the new folder until it is swapped in; removed when dropped.
    workshop: TempDir,
    files: Vec<FileHash>,
}

impl OutputFolder {
    /// Prepares to write `target`.
    ///
    /// # Errors
    /// [`CommandError::Input`] when `target` exists and is not an output folder of kmeta;
    /// [`CommandError::Failed`] when nothing can be written beside it.
    pub(crate) fn create(target: &Path) -> Result<Self, CommandError> {
        refuse_foreign_folder(target)?;
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let failed = |error: std::io::Error| CommandError::failed(parent.display(), error);
        fs::create_dir_all(parent).map_err(failed)?;
        let workshop = tempfile::Builder::new().prefix(".kmeta-").tempdir_in(parent).map_err(failed)?;
        // A folder of its own inside, because the workshop itself is private to its owner.
        fs::create_dir(workshop.path().join("new")).map_err(failed)?;
        Ok(Self { target: target.to_owned(), workshop, files: Vec::new() })
    }

    /// Writes one file; `name` is a path inside the folder with `/` between its parts.
    pub(crate) fn write(&mut self, name: &str, content: impl AsRef<[u8]>) -> Result<(), CommandError> {
        let content = content.as_ref();
        let path = self.workshop.path().join("new").join(name);
        let written =
            path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, content));
        written.map_err(|error| CommandError::failed(format!("{name} cannot be written"), error))?;
        self.files.push(FileHash { file: name.to_owned(), sha256: sha256_hex(content) });
        Ok(())
    }

    /// Writes one JSON file.
    pub(crate) fn write_json(&mut self, name: &str, content: &impl Serialize) -> Result<(), CommandError> {
        self.write(name, to_json(content)?)
    }

    /// The files written so far, by name.
    pub(crate) fn files(&self) -> Vec<FileHash> {
        let mut files = self.files.clone();
        files.sort_by(|a, b| a.file.cmp(&b.file));
        files
    }

    /// Puts the new folder in the place of the old one.
    pub(crate) fn finish(self) -> Result<(), CommandError> {
        let failed = |error: std::io::Error| CommandError::failed(self.target.display(), error);
        let new = self.workshop.path().join("new");
        if self.target.exists() {
            let old = self.workshop.path().join("old");
            fs::rename(&self.target, &old).map_err(failed)?;
            if let Err(error) = fs::rename(&new, &self.target) {
                fs::rename(&old, &self.target).map_err(failed)?;
                return Err(failed(error));
            }
        } else {
            fs::rename(&new, &self.target).map_err(failed)?;
        }
        Ok(())
    }
}

/// Only a folder that this program wrote may be replaced.
fn refuse_foreign_folder(target: &Path) -> Result<(), CommandError> {
    if !target.exists() {
        return Ok(());
    }
    let name = target.display().to_string();
    if !target.is_dir() {
        return Err(Problem::in_file(name, "is a file: give a folder").into());
    }
    let empty = fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none());
    let manifest = fs::read_to_string(target.join(Manifest::FILE)).unwrap_or_default();
    let program = serde_json::from_str::<serde_json::Value>(&manifest)
        .ok()
        .and_then(|manifest| manifest.get("program")?.as_str().map(str::to_owned));
    if empty || program.as_deref() == Some(Manifest::PROGRAM) {
        return Ok(());
    }
    Err(Problem::in_file(name, "exists and was not written by kmeta: it will not be replaced")
        .with_help("give another folder with --out, or remove this one")
        .into())
}

/// Indented JSON with a newline at the end.
pub(crate) fn to_json(content: &impl Serialize) -> Result<String, CommandError> {
    serde_json::to_string_pretty(content)
        .map(|text| text + "\n")
        .map_err(|error| CommandError::failed("a result cannot be written as JSON", error))
}

/// Writes a file of a command that adds to a folder, and makes the folder.
pub(crate) fn write_file(path: &Path, content: impl AsRef<[u8]>) -> Result<(), CommandError> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, content));
    written.map_err(|error| CommandError::failed(path.display(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_once(target: &Path, content: &str) -> Result<(), CommandError> {
        let mut folder = OutputFolder::create(target)?;
        folder.write("a/b.txt", content)?;
        folder.write_json(Manifest::FILE, &serde_json::json!({"program": "kmeta"}))?;
        folder.finish()
    }

    #[test]
    fn an_earlier_output_is_replaced_whole() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("out");
        write_once(&target, "first").unwrap();
        fs::write(target.join("stale.txt"), "x").unwrap();
        write_once(&target, "second").unwrap();
        assert_eq!(fs::read_to_string(target.join("a/b.txt")).unwrap(), "second");
        assert!(!target.join("stale.txt").exists());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1, "nothing is left beside the folder");
    }

    #[test]
    fn an_unfinished_output_changes_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("out");
        write_once(&target, "first").unwrap();
        let mut folder = OutputFolder::create(&target).unwrap();
        folder.write("a/b.txt", "half").unwrap();
        drop(folder);
        assert_eq!(fs::read_to_string(target.join("a/b.txt")).unwrap(), "first");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_foreign_folder_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("thesis.docx"), "years of work").unwrap();
        assert!(matches!(OutputFolder::create(parent.path()), Err(CommandError::Input(_))));
    }
}
