//! `kmeta completions`: a script that lets a shell complete commands and flags.

use std::process::ExitCode;

use crate::command_line::{CompletionsArgs, clap_command};
use crate::console::Console;
use crate::error::CommandError;

pub(crate) fn run(args: &CompletionsArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut clap_command(), "kmeta", &mut script);
    console.document(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
