//! `kmeta man`: manual pages, from the same text as `--help`.

use std::process::ExitCode;

use serde_json::json;

use crate::command_line::{ManArgs, clap_command};
use crate::console::Console;
use crate::error::CommandError;
use crate::output_folder::write_file;

pub(crate) fn run(args: &ManArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let mut command = clap_command();
    command.build();
    let Some(folder) = &args.out else {
        console.document(&page(command)?);
        return Ok(ExitCode::SUCCESS);
    };
    let mut written = Vec::new();
    let mut pages = vec![(String::from("kmeta"), command)];
    while let Some((name, command)) = pages.pop() {
        let below =
            command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set());
        pages.extend(below.map(|below| (format!("{name}-{}", below.get_name()), below.clone())));
        let file = format!("{name}.1");
        write_file(&folder.join(&file), page(command.display_name(name))?)?;
        written.push(file);
    }
    written.sort();
    let text = format!("{} pages in {}\n", written.len(), folder.display());
    console.result(&json!({ "out": folder, "written": written }), &text)?;
    Ok(ExitCode::SUCCESS)
}

fn page(command: clap::Command) -> Result<String, CommandError> {
    let failed = |error: &dyn std::fmt::Display| CommandError::failed("a manual page", error);
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(|error| failed(&error))?;
    String::from_utf8(page).map_err(|error| failed(&error))
}
