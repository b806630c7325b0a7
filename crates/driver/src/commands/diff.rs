//! `kmeta diff`: what differs between two runs.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use crate::command_line::DiffArgs;
use crate::console::Console;
use crate::difference::{Run, difference, figure, in_words};
use crate::error::CommandError;
use crate::manifest::Manifest;
use crate::output_folder::{read_output_json, write_file};
use crate::project::Problem;
use crate::stages::report::PNG_SCALE;

pub(crate) fn run(args: &DiffArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let (old, new) = (read_run(&args.old)?, read_run(&args.new)?);
    let found = difference(&old, &new)
        .map_err(|error| CommandError::failed("a result cannot be written as JSON", error))?;
    let mut text = in_words(&found);
    if let Some(path) = &args.figure {
        let name = |folder: &Path| folder.display().to_string();
        let note = new.results.figure_notice.clone().unwrap_or_default();
        let drawn = figure(&found, &name(&args.old), &name(&args.new), &note);
        let content = match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => drawn.svg.into_bytes(),
            Some("png") => {
                drawn.to_png(PNG_SCALE).map_err(|error| CommandError::failed(path.display(), error))?
            }
            _ => {
                let problem = Problem::in_file(path.display().to_string(), "is neither .svg nor .png");
                return Err(problem.with_help("give a name that ends in .svg or .png").into());
            }
        };
        write_file(path, content)?;
        text.push_str(&format!("figure: {}\n", path.display()));
    }
    console.result(&json!({ "old": args.old, "new": args.new, "difference": found }), &text)?;
    Ok(ExitCode::SUCCESS)
}

fn read_run(folder: &Path) -> Result<Run, CommandError> {
    Ok(Run {
        manifest: read_output_json(&folder.join(Manifest::FILE))?,
        results: read_output_json(&folder.join("results.json"))?,
    })
}
