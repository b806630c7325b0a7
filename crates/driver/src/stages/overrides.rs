//! What a person stated about a figure in its sidecar: found again before the sidecar is written anew.

use std::path::{Path, PathBuf};

use kmeta_trial_data::{FigureOverrides, Finding};
use serde::Deserialize;

/// Overrides as they stand in a sidecar.
#[derive(Debug, Clone, PartialEq)]
struct Stated {
    overrides: FigureOverrides,
    /// The file, and the hash of the figure that they were stated for, where the sidecar names it.
    path: PathBuf,
    sha256: Option<String>,
}

/// The parts of a sidecar that a rerun needs. A person may write a sidecar of nothing but overrides.
#[derive(Debug, Deserialize)]
struct SidecarPart {
    #[serde(default)]
    overrides: Option<FigureOverrides>,
    #[serde(default)]
    source: Option<SourcePart>,
}

#[derive(Debug, Deserialize)]
struct SourcePart {
    sha256: String,
}

/// The overrides that hold for a figure, with what is to be said about them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FoundOverrides {
    pub(crate) overrides: Option<FigureOverrides>,
    pub(crate) findings: Vec<Finding>,
}

/// Name of the sidecar of a figure.
pub(crate) fn sidecar_name(figure: &str) -> String {
    format!("{figure}.kmfig.json")
}

/// Looks for overrides of a figure with content `sha256`: in the sidecar `beside` the figure file first, then in the one
/// that an earlier run wrote.
///
/// # Errors
/// A sentence, when a sidecar holds overrides that cannot be read, or overrides for another version of the figure file: a
/// person's work is never dropped in silence.
pub(crate) fn find_overrides(beside: &Path, earlier: &Path, sha256: &str) -> Result<FoundOverrides, String> {
    let by_person = read(beside)?;
    let kept = if same_file(beside, earlier) { None } else { read(earlier)? };
    let mut findings = Vec::new();
    if let (Some(one), Some(other)) = (&by_person, &kept)
        && one.overrides != other.overrides
    {
        findings.push(Finding::warning(
            "overrides-differ",
            one.path.display().to_string(),
            format!(
                "its overrides are used; those in {} differ and are replaced by them",
                other.path.display()
            ),
        ));
    }
    let Some(stated) = by_person.or(kept) else { return Ok(FoundOverrides { overrides: None, findings }) };
    if let Some(other) = stated.sha256.as_deref().filter(|other| !other.is_empty() && *other != sha256) {
        return Err(format!(
            "{} holds overrides by a person for another version of this file (SHA-256 {} there, {} now): nothing was written. If they still hold, set source.sha256 in it to {sha256}; if not, move it away",
            stated.path.display(),
            short(other),
            short(sha256),
        ));
    }
    let mistakes = stated.overrides.mistakes();
    if !mistakes.is_empty() {
        return Err(format!("{}: {}", stated.path.display(), mistakes.join("; ")));
    }
    Ok(FoundOverrides { overrides: Some(stated.overrides), findings })
}

fn short(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}

fn same_file(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn read(path: &Path) -> Result<Option<Stated>, String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
    };
    if !text.contains("\"overrides\"") {
        return Ok(None);
    }
    let part: SidecarPart = serde_json::from_str(&text).map_err(|error| {
        format!(
            "{} holds overrides that cannot be read: {error}. Mend it (`kmeta schema --of sidecar` documents the block), or move it away",
            path.display()
        )
    })?;
    let sha256 = part.source.map(|source| source.sha256);
    let stated = part.overrides.filter(|overrides| *overrides != FigureOverrides::default());
    Ok(stated.map(|overrides| Stated { overrides, path: path.to_owned(), sha256 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    const TWO_ARMS: &str =
        r#"{"overrides": {"panels": [{"number_of_arms": 2}]}, "source": {"sha256": "aa"}}"#;

    #[test]
    fn overrides_beside_the_figure_win_and_a_difference_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let beside = written(folder.path(), "a.json", TWO_ARMS);
        let earlier = written(folder.path(), "b.json", &TWO_ARMS.replace("_arms\": 2", "_arms\": 3"));
        let found = find_overrides(&beside, &earlier, "aa").unwrap();
        assert_eq!(found.overrides.unwrap().panels[0].number_of_arms, Some(2));
        assert_eq!(found.findings[0].code, "overrides-differ");
        let kept = find_overrides(&folder.path().join("none.json"), &earlier, "aa").unwrap();
        assert_eq!(kept.overrides.unwrap().panels[0].number_of_arms, Some(3));
    }

    #[test]
    fn another_file_or_a_mistake_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let none = folder.path().join("none.json");
        let beside = written(folder.path(), "a.json", TWO_ARMS);
        assert!(find_overrides(&beside, &none, "bb").unwrap_err().contains("another version"));
        let misspelt = written(folder.path(), "c.json", &TWO_ARMS.replace("number_of_arms", "arms_number"));
        assert!(find_overrides(&misspelt, &none, "aa").unwrap_err().contains("arms_number"));
        let empty = written(folder.path(), "d.json", &TWO_ARMS.replace("_arms\": 2", "_arms\": 0"));
        assert!(find_overrides(&empty, &none, "aa").unwrap_err().contains("number_of_arms is 0"));
    }

    #[test]
    fn a_damaged_sidecar_without_overrides_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let damaged = written(folder.path(), "a.json", "{\"source\": ");
        assert_eq!(find_overrides(&damaged, &damaged, "aa").unwrap(), FoundOverrides::default());
    }
}
