//! `kmeta init`: a commented project that runs.

use std::process::ExitCode;

use serde_json::json;

use crate::command_line::InitArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::output_folder::write_file;
use crate::project::{Problem, Problems};

/// The files of the starting project. The figures are stand-ins, as the project file says.
const FILES: [(&str, &[u8]); 3] = [
    ("study.toml", include_bytes!("../../template/study.toml")),
    ("figures/tahara2017-os.png", include_bytes!("../../../../fixtures/atc-tki/figures/tahara2017-os.png")),
    ("figures/wirth2021-os.png", include_bytes!("../../../../fixtures/atc-tki/figures/wirth2021-os.png")),
];

pub(crate) fn run(args: &InitArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let existing: Vec<Problem> = FILES
        .iter()
        .map(|(name, _)| args.folder.join(name))
        .filter(|path| path.exists())
        .map(|path| Problem::in_file(path.display().to_string(), "exists: it will not be overwritten"))
        .collect();
    if !existing.is_empty() {
        return Err(Problems(existing).into());
    }
    for (name, content) in FILES {
        write_file(&args.folder.join(name), content)?;
    }
    let study = args.folder.join("study.toml");
    let text = format!("{0}\nnext: kmeta run {0}\n", study.display());
    console.result(&json!({ "study": study }), &text)?;
    Ok(ExitCode::SUCCESS)
}
