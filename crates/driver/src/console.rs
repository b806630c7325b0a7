//! What the program says: results on standard output, everything else on standard error.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use kmeta_trial_data::{Finding, Severity};
use miette::{GraphicalReportHandler, GraphicalTheme};
use serde::Serialize;

use crate::error::CommandError;
use crate::project::Problems;

/// Exit code for wrong input.
const BAD_INPUT: u8 = 2;

/// The two streams and how much to say.
#[derive(Debug)]
pub(crate) struct Console {
    json: bool,
    quiet: bool,
    verbose: u8,
}

impl Console {
    /// A console; `json` for machines, `verbose` counts the `-v`.
    pub(crate) fn new(json: bool, quiet: bool, verbose: u8) -> Self {
        Self { json, quiet, verbose }
    }

    /// Prints the result: `value` as one JSON object with `--json`, else `text`.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub(crate) fn result(&mut self, value: &impl Serialize, text: &str) -> Result<(), CommandError> {
        if self.json {
            let line = serde_json::to_string(value)
                .map_err(|error| CommandError::failed("a result cannot be written as JSON", error))?;
            to_stdout(&format!("{line}\n"));
        } else if !self.quiet {
            to_stdout(text);
        }
        Ok(())
    }

    /// Whether a person may be asked: not with `--json` or `--quiet`.
    pub(crate) fn may_ask(&self) -> bool {
        !self.json && !self.quiet
    }

    /// Prints `text` whatever the flags, for commands whose output is the text itself.
    pub(crate) fn document(&mut self, text: &str) {
        to_stdout(text);
    }

    /// Says what happens, with `-v`.
    pub(crate) fn detail(&self, message: &str) {
        if self.verbose > 0 {
            to_stderr(&format!("{message}\n"));
        }
    }

    /// Says what was noticed: warnings and errors, notes with `-v`, only errors with `-q`.
    pub(crate) fn findings(&self, findings: &[Finding]) {
        let least = match (self.quiet, self.verbose) {
            (true, _) => Severity::Error,
            (false, 0) => Severity::Warning,
            (false, _) => Severity::Note,
        };
        for finding in findings.iter().filter(|finding| finding.severity >= least) {
            let Finding { severity, place, message, code } = finding;
            let word = match severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            to_stderr(&format!("{word}: {place}: {message} [{code}]\n"));
        }
    }

    /// A progress bar on a terminal, nothing in a pipe.
    pub(crate) fn progress(&self, steps: usize, what: &str) -> ProgressBar {
        if self.quiet || self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(steps as u64);
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:>12} [{bar:30}] {pos}/{len}, {eta} left {wide_msg}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// Says why the command did not do its work, and gives the exit code for it.
    pub(crate) fn fail(&mut self, error: &CommandError) -> ExitCode {
        if self.json {
            let (kind, problems) = match error {
                CommandError::Input(problems) => ("bad-input", problems.0.as_slice()),
                CommandError::Failed(_) => ("failed", &[][..]),
            };
            let object = serde_json::json!({
                "error": { "kind": kind, "message": error.to_string(), "problems": problems }
            });
            to_stdout(&format!("{object}\n"));
        }
        match error {
            CommandError::Input(problems) => self.problems(problems),
            CommandError::Failed(message) => {
                to_stderr(&format!("error: {message}\n"));
                ExitCode::FAILURE
            }
        }
    }

    /// Says what is wrong with the input, on standard error, and gives the exit code for it.
    pub(crate) fn problems(&self, problems: &Problems) -> ExitCode {
        let handler = report_handler();
        for problem in &problems.0 {
            let mut text = String::new();
            if handler.render_report(&mut text, problem).is_err() {
                text = problem.to_string();
            }
            to_stderr(&text);
        }
        let count = problems.0.len();
        to_stderr(&format!("{count} problem{} in the input\n", if count == 1 { "" } else { "s" }));
        ExitCode::from(BAD_INPUT)
    }
}

/// Colours on a terminal; in a pipe plain lines wide enough that no message is broken.
fn report_handler() -> GraphicalReportHandler {
    let terminal = std::io::stderr().is_terminal();
    let colour = terminal && std::env::var_os("NO_COLOR").is_none();
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false);
    if terminal { handler } else { handler.with_width(10_000) }
}

/// A reader that went away (`kmeta schema | head`) is no failure.
fn to_stdout(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

fn to_stderr(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
