//! `kmeta init`: a project to start from. The worked example, or a skeleton of one's own trials from flags, from answers
//! on a terminal, or from the pictures that are in the folder.

mod answers;
mod skeleton;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use crate::command_line::InitArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::output_folder::write_file;
use crate::project::{Problem, Problems};
use skeleton::Skeleton;

/// The files of the worked example. The figures are stand-ins, as the project file says.
const EXAMPLE: [(&str, &[u8]); 3] = [
    ("study.toml", include_bytes!("../../template/study.toml")),
    ("figures/tahara2017-os.png", include_bytes!("../../../../fixtures/atc-tki/figures/tahara2017-os.png")),
    ("figures/wirth2021-os.png", include_bytes!("../../../../fixtures/atc-tki/figures/wirth2021-os.png")),
];

pub(crate) fn run(args: &InitArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let files = match own_project(args, console)? {
        Some(skeleton) => vec![("study.toml", skeleton.to_toml().into_bytes())],
        None => EXAMPLE.iter().map(|&(name, content)| (name, content.to_vec())).collect(),
    };
    let existing: Vec<Problem> = files
        .iter()
        .map(|(name, _)| args.folder.join(name))
        .filter(|path| path.exists())
        .map(|path| Problem::in_file(path.display().to_string(), "exists: it will not be overwritten"))
        .collect();
    if !existing.is_empty() {
        return Err(Problems(existing).into());
    }
    let is_example = files.len() > 1;
    for (name, content) in &files {
        write_file(&args.folder.join(name), content)?;
    }
    let study = args.folder.join("study.toml");
    let next = if is_example { "run" } else { "doctor" };
    let text = format!("{0}\nnext: kmeta {next} {0}\n", study.display());
    console.result(&json!({ "study": study }), &text)?;
    Ok(ExitCode::SUCCESS)
}

/// The person's own project, `None` for the worked example.
fn own_project(args: &InitArgs, console: &Console) -> Result<Option<Skeleton>, CommandError> {
    if args.example {
        return Ok(None);
    }
    let named = args.title.is_some()
        || args.two_arms
        || [&args.trials, &args.outcomes, &args.endpoints].iter().any(|names| !names.is_empty());
    let mut skeleton = Skeleton {
        title: args.title.clone().unwrap_or_default(),
        time_unit: args.time_unit,
        trials: args.trials.clone(),
        outcomes: args.outcomes.clone(),
        endpoints: args.endpoints.clone(),
        two_arms: args.two_arms,
        pictures: pictures(&args.folder),
    };
    if named || !skeleton.pictures.is_empty() {
        return Ok(Some(skeleton));
    }
    if console.may_ask() && std::io::stdin().is_terminal() {
        answers::ask(&mut skeleton)
            .map_err(|error| CommandError::failed("the answers cannot be read", error))?;
        return Ok(Some(skeleton).filter(|skeleton| !skeleton.trials.is_empty()));
    }
    Ok(None)
}

/// The pictures of a folder and of `figures` in it, as paths relative to the folder, by name.
fn pictures(folder: &Path) -> Vec<String> {
    const KINDS: [&str; 10] = ["png", "jpg", "jpeg", "tif", "tiff", "webp", "bmp", "gif", "svg", "pdf"];
    let is_picture = |path: &PathBuf| {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        path.is_file() && KINDS.contains(&extension.as_str())
    };
    let mut found = Vec::new();
    for (below, prefix) in [(folder.to_owned(), ""), (folder.join("figures"), "figures/")] {
        let entries = std::fs::read_dir(below).into_iter().flatten().flatten().map(|entry| entry.path());
        let names =
            entries.filter(is_picture).filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
        found.extend(names.map(|name| format!("{prefix}{name}")));
    }
    found.sort();
    found
}
