//! The command line of `kmeta`: its commands, flags and exit codes.

mod files;
mod pool;
mod reconstruct;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::commands;
use crate::console::Console;
use clap::{Args, Parser, Subcommand};

pub(crate) use files::*;
pub(crate) use pool::*;
pub(crate) use reconstruct::ReconstructArgs;

const AFTER_HELP: &str = "\
Examples:
  kmeta init my-review                       a project to start from
  kmeta import extraction.xlsx               studies from a spreadsheet or a RevMan review
  kmeta doctor my-review/study.toml          what is missing
  kmeta run my-review/study.toml             figures in, pooled report out
  kmeta digitize figure.png --out read       one step alone
  kmeta help pool proportions                what a command can do

Exit codes:
  0  done
  1  failed; `run`: done, but with a finding of severity `error` (a figure that could not be used,
     a trial missing from an analysis): the output is written and says what
  2  bad input: a file is missing or wrong; nothing was written";

/// Kaplan-Meier figures in, pooled meta-analysis out.
#[derive(Debug, Parser)]
#[command(name = "kmeta", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = AFTER_HELP)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    console: ConsoleArgs,
}

#[derive(Debug, Args)]
struct ConsoleArgs {
    /// Print one JSON object on standard output, for machines.
    #[arg(long, global = true)]
    json: bool,
    /// Also say notes, and what each stage did, on standard error.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Say nothing but errors.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Number of threads; all cores when left out. It changes the time, never the result.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Do everything that a project file asks for: digitize, reconstruct, pool, report.
    Run(RunArgs),
    /// Repeat every analysis under other choices: which of them moves the result?
    Sensitivity(SensitivityArgs),
    /// Check whether the numbers of a study can all be true.
    Check(CheckArgs),
    /// Read the curves and the numbers at risk of figures.
    Digitize(DigitizeArgs),
    /// Reconstruct patients from a curve or from a sidecar file.
    Reconstruct(ReconstructArgs),
    /// Pool proportions, hazard ratios or survival from CSV tables.
    #[command(subcommand)]
    Pool(PoolCommand),
    /// Write the report again from an output folder's results.json.
    Report(ReportArgs),
    /// Say what differs between two outputs of `run`.
    Diff(DiffArgs),
    /// Write a project to start from.
    Init(InitArgs),
    /// Make a project file from spreadsheets, RevMan reviews, Cochrane data packages and references.
    Import(ImportArgs),
    /// Check a project file and its figures and say what is missing.
    Doctor(DoctorArgs),
    /// Print the JSON Schema of a file format, or a page that documents it.
    Schema(SchemaArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
    /// Print or write manual pages.
    Man(ManArgs),
}

/// `kmeta run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta run study.toml
  kmeta run study.toml --out results --threads 2
  kmeta run study.toml --fresh

A second run does again only what has changed: a figure's work is kept in STUDY.kmeta-cache beside the
output, under a hash of the figure, the settings and this program, from the moment it is done, so that
a run that was interrupted goes on where it was. The results are the same bytes with and without it;
the folder can be deleted at any time. Two runs into one output folder do not run at once: the second
is refused.

The output folder holds report.html, results.json, manifest.json, fidelity.csv and the folders
figures, ipd, tables and plots. It is written whole or not at all: an earlier output stays until
the new one is complete. A figure that cannot be used is left out, the report says so, and the exit
code is 1.

Exit codes: 0 done, 1 failed or done with an error finding, 2 bad input (nothing written).")]
pub(crate) struct RunArgs {
    /// The project file; `kmeta schema` documents it.
    #[arg(value_name = "STUDY.toml")]
    pub(crate) study: PathBuf,
    /// Output folder; STUDY.kmeta-out beside the project file when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Do all work anew, whatever earlier runs kept.
    #[arg(long)]
    pub(crate) fresh: bool,
}

/// `kmeta sensitivity`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta run study.toml && kmeta sensitivity study.toml
  kmeta sensitivity study.toml --out choices --threads 2

Every analysis is pooled again under all combinations of choices: measure, back-transform,
tau-squared, interval, correction, common or random effects, denominator, each trial left out,
each group alone, time grid, reconstruction with and without numbers at risk. `[sensitivity]` in
the project file says which; with more combinations than its `maximum` a seeded sample is taken.

Patients come from the last `kmeta run`. The folder holds, for each quantity, all specifications
(NAME.specifications.csv), how they are spread, which choice moves the result most and the shares
on each side of a decision line; sensitivity.json holds everything. docs/methods/sensitivity.md
says what is plausible and what is merely possible.

Exit codes: 0 done, 1 failed, 2 bad input (nothing written).")]
pub(crate) struct SensitivityArgs {
    /// The project file; `kmeta schema` documents it.
    #[arg(value_name = "STUDY.toml")]
    pub(crate) study: PathBuf,
    /// Output folder of `kmeta run`; STUDY.kmeta-out beside the project file when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) run: Option<PathBuf>,
    /// Folder to write to; STUDY.kmeta-sensitivity beside the project file when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// `kmeta check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta check study.toml
  kmeta check study.toml --json

Looks for percentages that no whole number of patients gives (GRIM), hazard ratios off the centre
of their interval, p values that disagree with it, medians and numbers at risk off the curve, totals
that do not add up, labels that cannot be, and the same trial twice. Each line names where, the
numbers and the rule. Curves and pooled results are those of the last `kmeta run`, if there is one.

Exit codes: 0 no contradiction, 1 contradictions found, 2 bad input.")]
pub(crate) struct CheckArgs {
    /// The project file; `kmeta schema` documents it.
    #[arg(value_name = "STUDY.toml")]
    pub(crate) study: PathBuf,
    /// Output folder of `kmeta run`; STUDY.kmeta-out beside the project file when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) run: Option<PathBuf>,
}

/// `kmeta digitize`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta digitize figure1.png figure2.pdf --out digitized
  kmeta digitize paper.pdf --page 5 --out digitized

Writes DIR/NAME.kmfig.json and DIR/NAME.overlay.png for each figure; NAME-page2 and so on for a PDF
of several pages. Look at the overlay before you use a figure. NAME.difference.png shows the picture
against what was read (red: ink that no arm explains, blue: a curve without ink), NAME.doubt-1.png and
so on the places to look at first, which findings in the sidecar name. Of several figures a table of
verdicts is printed.

What was misread is corrected in the block `overrides` of the sidecar (docs/methods/digitization.md,
`kmeta schema --of sidecar`): digitize the same file into the same folder again, and the overrides are
kept and applied. A sidecar with overrides beside the figure file is used as well. Nothing is written
when the overrides were stated for another version of the file.

Exit codes: 0 when every file could be read, whatever the verdicts (ok, review or refused: see the
sidecar), 1 failed, 2 when a file is missing or no figure (nothing is written).")]
pub(crate) struct DigitizeArgs {
    /// Figures: PNG, JPEG, TIFF, WebP, BMP, GIF, SVG or PDF.
    #[arg(required = true, value_name = "FIGURE")]
    pub(crate) figures: Vec<PathBuf>,
    /// Folder to write to.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Only this page of each PDF, counted from 1.
    #[arg(long, value_name = "PAGE", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page: Option<u32>,
}

/// `kmeta report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kmeta report study.kmeta-out

Draws the plots and writes report.html again from results.json and the figures folder, for example
after a word in results.json was corrected by hand.")]
pub(crate) struct ReportArgs {
    /// An output folder of `kmeta run`.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// `kmeta diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta diff march.kmeta-out study.kmeta-out
  kmeta diff march.kmeta-out study.kmeta-out --figure changes.svg
  kmeta diff march.kmeta-out study.kmeta-out --json

Says what changed in inputs, settings, trials, figures and every pooled number, and which findings
are new or gone. The figure shows old and new estimate of each pooled number side by side. Keep a
copy of an output folder to compare with: `kmeta run` replaces it.")]
pub(crate) struct DiffArgs {
    /// The older output folder of `kmeta run`.
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The newer one.
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
    /// Draw the estimates of both into this file, SVG or PNG.
    #[arg(long, value_name = "FILE")]
    pub(crate) figure: Option<PathBuf>,
}

/// The command line as clap sees it.
pub(crate) fn clap_command() -> clap::Command {
    <CommandLine as clap::CommandFactory>::command()
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let CommandLine { command, console } = CommandLine::parse();
    let mut out = Console::new(console.json, console.quiet, console.verbose);
    if let Some(threads) = console.threads
        && let Err(error) = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global()
    {
        return out.fail(&crate::error::CommandError::failed("threads", error));
    }
    let result = match &command {
        Command::Run(args) => commands::run::run(args, &mut out),
        Command::Sensitivity(args) => commands::sensitivity::run(args, &mut out),
        Command::Check(args) => commands::check::run(args, &mut out),
        Command::Digitize(args) => commands::digitize::run(args, &mut out),
        Command::Reconstruct(args) => commands::reconstruct::run(args, &mut out),
        Command::Pool(args) => commands::pool::run(args, &mut out),
        Command::Report(args) => commands::report::run(args, &mut out),
        Command::Diff(args) => commands::diff::run(args, &mut out),
        Command::Init(args) => commands::init::run(args, &mut out),
        Command::Import(args) => commands::import::run(args, &mut out),
        Command::Doctor(args) => commands::doctor::run(args, &mut out),
        Command::Schema(args) => commands::schema::run(args, &mut out),
        Command::Completions(args) => commands::completions::run(args, &mut out),
        Command::Man(args) => commands::man::run(args, &mut out),
    };
    result.unwrap_or_else(|error| out.fail(&error))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::clap_command().debug_assert();
    }
}
