//! `kmeta import`: a project file from the files that reviewers have.

use std::process::ExitCode;

use serde_json::json;

use crate::command_line::ImportArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::import::{effect_csv, read_files, study_toml};
use crate::output_folder::write_file;
use crate::project::{Problem, Problems};

pub(crate) fn run(args: &ImportArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let import = read_files(&args.files)?;
    let folder = args.out.parent().unwrap_or(std::path::Path::new(""));
    let tables: Vec<_> = import
        .effects
        .iter()
        .map(|table| (folder.join(format!("{}.csv", table.name)), effect_csv(table)))
        .collect();
    let existing: Vec<Problem> = std::iter::once(&args.out)
        .chain(tables.iter().map(|(path, _)| path))
        .filter(|path| path.exists())
        .map(|path| {
            Problem::in_file(path.display().to_string(), "exists: it will not be overwritten")
                .with_help("name another file with --out")
        })
        .collect();
    if !existing.is_empty() {
        return Err(Problems(existing).into());
    }
    let title =
        args.title.clone().or_else(|| import.title.clone()).unwrap_or_else(|| "Untitled review".to_owned());
    let sources: Vec<String> = args
        .files
        .iter()
        .map(|file| file.file_name().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    let text = study_toml(&import, &title, args.time_unit, &sources)
        .map_err(|error| CommandError::failed("the project file cannot be written", error))?;
    write_file(&args.out, text)?;
    for (path, content) in &tables {
        write_file(path, content)?;
    }
    console.findings(&import.findings);
    let out = args.out.display();
    let mut said = format!(
        "{out}: {} trials, {} figures, {} analyses\n",
        import.trials.len(),
        import.figures.len(),
        import.outcomes.len()
    );
    for (path, _) in &tables {
        said.push_str(&format!("{}: for kmeta pool effects\n", path.display()));
    }
    said.push_str(&format!("next: kmeta doctor {out}\n"));
    let object = json!({
        "study": args.out,
        "trials": import.trials.len(),
        "figures": import.figures.len(),
        "analyses": import.outcomes.len(),
        "tables": tables.iter().map(|(path, _)| path).collect::<Vec<_>>(),
        "findings": import.findings,
    });
    console.result(&object, &said)?;
    Ok(ExitCode::SUCCESS)
}
