//! An output folder that appears whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use kmeta_trial_data::sha256_hex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::error::CommandError;
use crate::manifest::{FileHash, Manifest};
use crate::project::{Problem, Problems};

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
    /// What the names of unfinished files and folders begin with.
    pub(crate) const WORKSHOP_PREFIX: &'static str = ".unfinished-";

    /// Prepares to write `target`; until it is whole, its files lie in a folder of their own in `work`, which must be
    /// on the same file system.
    ///
    /// # Errors
    /// [`CommandError::Input`] when `target` exists and is not an output folder of kmeta;
    /// [`CommandError::Failed`] when nothing can be written in `work`.
    pub(crate) fn create(target: &Path, work: &Path) -> Result<Self, CommandError> {
        refuse_foreign_folder(target)?;
        let failed = |error: std::io::Error| CommandError::failed(work.display(), error);
        fs::create_dir_all(work).map_err(failed)?;
        let workshop =
            tempfile::Builder::new().prefix(Self::WORKSHOP_PREFIX).tempdir_in(work).map_err(failed)?;
        // A folder of its own inside, because the workshop itself is private to its owner.
        fs::create_dir(workshop.path().join("new")).map_err(failed)?;
        Ok(Self { target: target.to_owned(), workshop, files: Vec::new() })
    }

    /// Removes what runs that were killed left in `work`. Where such a run died between taking the old output away
    /// and putting the new one in its place, the old one is put back. Only for the holder of the lock on `work`.
    ///
    /// # Errors
    /// When an old output cannot be put back.
    pub(crate) fn clear_leftovers(target: &Path, work: &Path) -> Result<(), CommandError> {
        let entries = fs::read_dir(work).into_iter().flatten().flatten();
        for entry in
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(Self::WORKSHOP_PREFIX))
        {
            let (path, old) = (entry.path(), entry.path().join("old"));
            if old.is_dir() && !target.exists() {
                fs::rename(&old, target).map_err(|error| CommandError::failed(target.display(), error))?;
            }
            // What cannot be removed now is removed another time.
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
        Ok(())
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

    /// Puts the new folder in the place of the old one: in one step where the system can exchange two folders, so
    /// that there is a whole output at every moment, else in two.
    pub(crate) fn finish(self) -> Result<(), CommandError> {
        let failed = |error: std::io::Error| CommandError::failed(self.target.display(), error);
        let new = self.workshop.path().join("new");
        if !self.target.exists() {
            return fs::rename(&new, &self.target).map_err(failed);
        }
        if exchange(&new, &self.target).is_ok() {
            return Ok(());
        }
        let old = self.workshop.path().join("old");
        fs::rename(&self.target, &old).map_err(failed)?;
        if let Err(error) = fs::rename(&new, &self.target) {
            fs::rename(&old, &self.target).map_err(failed)?;
            return Err(failed(error));
        }
        Ok(())
    }
}

/// Exchanges two folders in one step.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn exchange(one: &Path, other: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

/// Exchanges two folders in one step, which this system cannot do.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn exchange(_one: &Path, _other: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
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

/// The bytes of a file of an output folder.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read_output(path: &Path) -> Result<Vec<u8>, Problems> {
    std::fs::read(path).map_err(|error| {
        Problem::in_file(path.display().to_string(), format!("cannot be read: {error}"))
            .with_help("give an output folder of `kmeta run`")
            .into()
    })
}

/// A JSON file of an output folder.
///
/// # Errors
/// When it cannot be read or is something else.
pub(crate) fn read_output_json<T: DeserializeOwned>(path: &Path) -> Result<T, Problems> {
    let wrong = |error: serde_json::Error| {
        Problem::in_file(path.display().to_string(), format!("is not what `kmeta run` writes: {error}"))
    };
    serde_json::from_slice(&read_output(path)?).map_err(|error| wrong(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work_of(target: &Path) -> PathBuf {
        target.with_extension("work")
    }

    fn write_once(target: &Path, content: &str) -> Result<(), CommandError> {
        let mut folder = OutputFolder::create(target, &work_of(target))?;
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
        assert_eq!(fs::read_dir(work_of(&target)).unwrap().count(), 0, "nothing unfinished is left");
    }

    #[test]
    fn an_unfinished_output_changes_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("out");
        write_once(&target, "first").unwrap();
        let mut folder = OutputFolder::create(&target, &work_of(&target)).unwrap();
        folder.write("a/b.txt", "half").unwrap();
        drop(folder);
        assert_eq!(fs::read_to_string(target.join("a/b.txt")).unwrap(), "first");
        assert_eq!(fs::read_dir(work_of(&target)).unwrap().count(), 0);
    }

    /// A run that is killed drops nothing.
    #[test]
    fn what_a_killed_run_left_is_cleared_and_its_old_output_put_back() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("out");
        write_once(&target, "first").unwrap();
        let work = work_of(&target);
        let mut folder = OutputFolder::create(&target, &work).unwrap();
        folder.write("a/b.txt", "half").unwrap();
        let workshop = folder.workshop.path().to_owned();
        std::mem::forget(folder);
        fs::rename(&target, workshop.join("old")).unwrap();
        OutputFolder::clear_leftovers(&target, &work).unwrap();
        assert_eq!(fs::read_to_string(target.join("a/b.txt")).unwrap(), "first");
        assert_eq!(fs::read_dir(&work).unwrap().count(), 0);
    }

    #[test]
    fn a_foreign_folder_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("thesis.docx"), "years of work").unwrap();
        assert!(matches!(
            OutputFolder::create(parent.path(), &parent.path().join("work")),
            Err(CommandError::Input(_))
        ));
    }
}
