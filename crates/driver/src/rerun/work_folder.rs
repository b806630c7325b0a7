//! The folder beside an output folder in which a run works: the lock, the work kept from earlier runs, and the new
//! output until it is whole.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kmeta_trial_data::{Finding, sha256_hex};

use super::{Key, entry};
use crate::error::CommandError;
use crate::output_folder::OutputFolder;
use crate::project::Problem;

/// Marks the folder, for this program and for backup programs (bford.info/cachedir).
const TAG_FILE: &str = "CACHEDIR.TAG";
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # kmeta keeps work here that it can do again: the folder can be deleted whenever no run is going on.\n";
/// The file that a run holds locked. The system releases the lock when the run ends, however it ends.
const LOCK_FILE: &str = "lock";

/// The folder `NAME.kmeta-cache` beside the output folder, held by one run at a time.
#[derive(Debug)]
pub(crate) struct WorkFolder {
    folder: PathBuf,
    /// SHA-256 of the running program: another program may see other things in the same figure. Without it nothing is
    /// kept.
    program: Option<String>,
    /// Whether work of earlier runs is used.
    use_kept: bool,
    used: Mutex<HashSet<String>>,
    taken: AtomicUsize,
    findings: Mutex<Vec<Finding>>,
    // Locked until dropped.
    _lock: File,
}

impl WorkFolder {
    /// Opens the work folder of the output folder `target` for this run alone. `fresh` does all work anew.
    ///
    /// # Errors
    /// [`CommandError::Failed`] when another run holds it or it cannot be written; [`CommandError::Input`] when a
    /// folder of somebody else has its name.
    pub(crate) fn open(target: &Path, fresh: bool) -> Result<Self, CommandError> {
        let folder = folder_of(target);
        let failed = |error: std::io::Error| CommandError::failed(folder.display(), error);
        refuse_foreign(&folder)?;
        fs::create_dir_all(&folder).map_err(failed)?;
        fs::write(folder.join(TAG_FILE), TAG).map_err(failed)?;
        let mut findings = Vec::new();
        let lock = lock(&folder, target, &mut findings)?;
        OutputFolder::clear_leftovers(target, &folder)?;
        Ok(Self {
            folder,
            program: program_hash(),
            use_kept: !fresh,
            used: Mutex::default(),
            taken: AtomicUsize::new(0),
            findings: Mutex::new(findings),
            _lock: lock,
        })
    }

    /// Where the new output is made.
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// The key of a piece of work, for [`Self::kept`] and [`Self::keep`]; `None` where nothing can be kept.
    ///
    /// # Errors
    /// As [`Key::new`].
    pub(crate) fn key(
        &self,
        kind: &'static str,
        input: &impl serde::Serialize,
    ) -> Result<Option<Key>, CommandError> {
        self.program.as_deref().map(|program| Key::new(kind, program, input)).transpose()
    }

    /// What `read` makes of the parts that an earlier run kept under the key. A file that is damaged or not ours counts
    /// as missing, with a finding.
    pub(crate) fn kept<T>(
        &self,
        key: Option<&Key>,
        read: impl FnOnce(&[Vec<u8>]) -> Result<T, String>,
    ) -> Option<T> {
        let name = key.filter(|_| self.use_kept)?.file_name();
        let bytes = fs::read(self.folder.join(&name)).ok()?;
        match entry::from_bytes(&name, &bytes).and_then(|parts| read(&parts)) {
            Ok(work) => {
                self.taken.fetch_add(1, Ordering::Relaxed);
                add(&self.used, name);
                Some(work)
            }
            Err(reason) => {
                let message = format!("kept work cannot be used: {reason}. It is done anew");
                self.notice(Finding::warning("kept-work-unusable", name, message));
                None
            }
        }
    }

    /// Keeps the parts under the key. Failing to is no failure of the run, and a finding.
    pub(crate) fn keep(&self, key: Option<&Key>, parts: &[&[u8]]) {
        let Some(name) = key.map(Key::file_name) else { return };
        match write_whole(&self.folder, &name, &entry::to_bytes(&name, parts)) {
            Ok(()) => add(&self.used, name),
            Err(error) => {
                let message = format!("a result cannot be kept for the next run: {error}");
                self.notice(Finding::warning("work-not-kept", self.folder.display().to_string(), message));
            }
        }
    }

    /// How many pieces of work were taken from earlier runs.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Removes what this run did not use, for a run that came to its end. Returns what was noticed about kept work; it
    /// says nothing about the results, which are the same without it.
    pub(crate) fn finish(self) -> Vec<Finding> {
        let used = self.used.into_inner().unwrap_or_default();
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for file in entries.filter(|file| {
            let name = file.file_name();
            let name = name.to_string_lossy();
            name.ends_with(Key::EXTENSION) && !used.contains(&*name)
        }) {
            // What cannot be removed now is removed another time.
            let _ = fs::remove_file(file.path());
        }
        self.findings.into_inner().unwrap_or_default()
    }

    fn notice(&self, finding: Finding) {
        if let Ok(mut findings) = self.findings.lock() {
            findings.push(finding);
        }
    }
}

fn add(names: &Mutex<HashSet<String>>, name: String) {
    if let Ok(mut names) = names.lock() {
        names.insert(name);
    }
}

/// `NAME.kmeta-cache` for the output folder `NAME.kmeta-out` or `NAME`.
fn folder_of(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".kmeta-out").unwrap_or(&name);
    target.with_file_name(format!("{stem}.kmeta-cache"))
}

fn refuse_foreign(folder: &Path) -> Result<(), CommandError> {
    let is_empty = |entries: fs::ReadDir| entries.count() == 0;
    let is_free = !folder.exists() || fs::read_dir(folder).is_ok_and(is_empty);
    if is_free || folder.join(TAG_FILE).is_file() {
        return Ok(());
    }
    let message = "exists and was not made by kmeta, which keeps its work under this name";
    let help = "move it away, or give another output folder with --out";
    Err(Problem::in_file(folder.display().to_string(), message).with_help(help).into())
}

/// Takes the lock or says who has it.
fn lock(folder: &Path, target: &Path, findings: &mut Vec<Finding>) -> Result<File, CommandError> {
    let path = folder.join(LOCK_FILE);
    let failed = |error: std::io::Error| CommandError::failed(path.display(), error);
    let mut options = File::options();
    let mut file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0).map_err(failed)?;
            writeln!(file, "{}", std::process::id()).map_err(failed)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Who it is is a courtesy.
            let _ = file.read_to_string(&mut holder);
            let holder = holder.trim();
            let process = if holder.is_empty() { String::new() } else { format!(" (process {holder})") };
            Err(CommandError::Failed(format!(
                "another run{process} is writing {}: wait until it is done, or give another folder with --out",
                target.display()
            )))
        }
        Err(TryLockError::Error(error)) => {
            let message = format!(
                "the file system knows no locks ({error}): see to it that no other run writes {} meanwhile",
                target.display()
            );
            findings.push(Finding::warning("no-lock", path.display().to_string(), message));
            Ok(file)
        }
    }
}

/// SHA-256 of the running program.
fn program_hash() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    Some(sha256_hex(&fs::read(program).ok()?))
}

/// A file that is there whole or not at all.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(OutputFolder::WORKSHOP_PREFIX).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(folder.join(name)).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(parts: &[Vec<u8>]) -> Result<Vec<u8>, String> {
        Ok(parts[0].clone())
    }

    #[test]
    fn work_is_kept_until_a_run_does_without_it() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("study.kmeta-out");
        let work = WorkFolder::open(&target, false).unwrap();
        let (one, two) = (work.key("test", &1).unwrap(), work.key("test", &2).unwrap());
        work.keep(one.as_ref(), &[b"one"]);
        work.keep(two.as_ref(), &[b"two"]);
        assert!(work.finish().is_empty());

        let work = WorkFolder::open(&target, false).unwrap();
        assert_eq!(work.kept(one.as_ref(), first).unwrap(), b"one");
        assert_eq!(work.taken(), 1);
        work.finish();

        let work = WorkFolder::open(&target, false).unwrap();
        assert_eq!(work.kept(two.as_ref(), first), None, "it was not used in the run before");
        drop(work);
        let fresh = WorkFolder::open(&target, true).unwrap();
        assert_eq!(fresh.kept(one.as_ref(), first), None);
    }

    #[test]
    fn damaged_work_is_missing_with_a_finding() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("out");
        let work = WorkFolder::open(&target, false).unwrap();
        let key = work.key("test", &1).unwrap();
        work.keep(key.as_ref(), &[b"one"]);
        work.finish();
        let file = parent.path().join("out.kmeta-cache").join(key.as_ref().unwrap().file_name());
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file, bytes).unwrap();
        let work = WorkFolder::open(&target, false).unwrap();
        assert_eq!(work.kept(key.as_ref(), first), None);
        let findings = work.finish();
        assert_eq!(findings[0].code, "kept-work-unusable");
        assert!(!file.exists());
    }

    #[test]
    fn one_run_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("out");
        let first = WorkFolder::open(&target, false).unwrap();
        let refused = WorkFolder::open(&target, false).unwrap_err();
        assert!(refused.to_string().contains("another run"), "{refused}");
        drop(first);
        WorkFolder::open(&target, false).unwrap();
    }

    #[test]
    fn a_foreign_folder_is_not_used() {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir(parent.path().join("out.kmeta-cache")).unwrap();
        fs::write(parent.path().join("out.kmeta-cache/thesis.docx"), "years of work").unwrap();
        let refused = WorkFolder::open(&parent.path().join("out"), false);
        assert!(matches!(refused, Err(CommandError::Input(_))));
    }
}
