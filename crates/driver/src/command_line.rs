//! The command line of `kmeta`: its commands, flags and exit codes.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use kmeta_trial_data::{
    BackTransformSize, EffectMeasure, IntervalMethod, StudyIntervalMethod, TauSquaredEstimator, TimeUnit,
};

use crate::choices::choice;
use crate::commands;
use crate::console::Console;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed; `run`: done, but with a finding of severity `error` (a figure that could not be used,
     a trial missing from an analysis): the output is written and says what
  2  bad input: a file is missing or wrong; nothing was written";

/// Kaplan-Meier figures in, pooled meta-analysis out.
#[derive(Debug, Parser)]
#[command(name = "kmeta", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = EXIT_CODES)]
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
    /// Read the curves and the numbers at risk of figures.
    Digitize(DigitizeArgs),
    /// Reconstruct patients from a curve or from a sidecar file.
    Reconstruct(ReconstructArgs),
    /// Pool proportions, hazard ratios or survival from CSV tables.
    #[command(subcommand)]
    Pool(PoolCommand),
    /// Write the report again from an output folder's results.json.
    Report(ReportArgs),
    /// Write a commented project that runs, to start from.
    Init(InitArgs),
    /// Print the JSON Schema of a file format.
    Schema(SchemaArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
}

/// `kmeta run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta run study.toml
  kmeta run study.toml --out results --threads 2

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
}

/// `kmeta digitize`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta digitize figure1.png figure2.pdf --out digitized
  kmeta digitize paper.pdf --page 5 --out digitized

Writes DIR/NAME.kmfig.json and DIR/NAME.overlay.png for each figure; NAME-page2 and so on for a PDF
of several pages. Look at the overlay before you use a figure.

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

/// `kmeta reconstruct`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta reconstruct digitized/figure1.kmfig.json --out patients
  kmeta reconstruct curve.csv --risk-table risk.csv --n 34 --events 26 --out patients

Tables (a column `arm` may be added to each):
  CURVE.csv  time,survival         survival as a fraction from each time on
  RISK.csv   time,number_at_risk   patients with follow-up of at least the time
  MARKS.csv  time                  censor marks

Writes DIR/ipd.csv (trial,arm,time,status; status 1 is an event) and DIR/fidelity.json, a list with
one entry per arm.

Exit codes: 0 done, 1 an arm could not be reconstructed, 2 bad input.")]
pub(crate) struct ReconstructArgs {
    /// A curve as CSV, or a sidecar (NAME.kmfig.json) of `kmeta digitize`.
    #[arg(value_name = "CURVE.csv|SIDECAR")]
    pub(crate) curve: PathBuf,
    /// Numbers at risk; in place of those of the sidecar.
    #[arg(long, value_name = "RISK.csv")]
    pub(crate) risk_table: Option<PathBuf>,
    /// Censor marks; in place of those of the sidecar.
    #[arg(long, value_name = "MARKS.csv")]
    pub(crate) marks: Option<PathBuf>,
    /// Number of patients, for a single arm.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) n: Option<u32>,
    /// Total number of events, for a single arm.
    #[arg(long, value_name = "N")]
    pub(crate) events: Option<u32>,
    /// Only this panel of the sidecar, counted from 0.
    #[arg(long, value_name = "I")]
    pub(crate) panel: Option<usize>,
    /// Only this arm: its name, its colour (#rrggbb) or its position from 1; for a CSV its name.
    #[arg(long, value_name = "ARM")]
    pub(crate) arm: Option<String>,
    /// Name of the trial in ipd.csv; the file's name when left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) trial: Option<String>,
    /// Folder to write to.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// `kmeta pool`.
#[derive(Debug, Subcommand)]
pub(crate) enum PoolCommand {
    /// Pool proportions, for example response rates.
    Proportions(PoolProportionsArgs),
    /// Pool hazard ratios.
    HazardRatios(PoolHazardRatiosArgs),
    /// Pool survival curves of patients.
    Survival(PoolSurvivalArgs),
}

/// What the three ways of pooling share.
#[derive(Debug, Args)]
pub(crate) struct PoolArgs {
    /// Title to print.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Level of the intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95)]
    pub(crate) level: f64,
    /// REML and ML scoring ends at steps of tau-squared this small; R's default is 1e-5.
    #[arg(long, value_name = "STEP", default_value_t = 0.0)]
    pub(crate) scoring_threshold: f64,
    /// Folder to write the result (JSON and CSV) and its plots to; only printed when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// `kmeta pool proportions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kmeta pool proportions responses.csv --measure freeman-tukey --subgroups

responses.csv has the columns trial,events,total and, if wanted, label,subgroup.")]
pub(crate) struct PoolProportionsArgs {
    /// The counts.
    #[arg(value_name = "COUNTS.csv")]
    pub(crate) counts: PathBuf,
    /// Scale on which proportions are pooled.
    #[arg(long, default_value = "logit", value_parser = choice::<EffectMeasure>())]
    pub(crate) measure: EffectMeasure,
    /// Estimator of the between-study variance.
    #[arg(long, default_value = "REML", value_parser = choice::<TauSquaredEstimator>())]
    pub(crate) tau_squared: TauSquaredEstimator,
    /// How the interval of the random-effects mean is made.
    #[arg(long, default_value = "wald", value_parser = choice::<IntervalMethod>())]
    pub(crate) interval: IntervalMethod,
    /// How the interval of each study is made.
    #[arg(long, default_value = "clopper-pearson", value_parser = choice::<StudyIntervalMethod>())]
    pub(crate) study_interval: StudyIntervalMethod,
    /// Sample size at which a Freeman-Tukey mean is transformed back.
    #[arg(long, default_value = "harmonic-mean", value_parser = choice::<BackTransformSize>())]
    pub(crate) back_transform: BackTransformSize,
    /// Pool each subgroup as well.
    #[arg(long)]
    pub(crate) subgroups: bool,
    #[command(flatten)]
    pub(crate) common: PoolArgs,
}

/// `kmeta pool hazard-ratios`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kmeta pool hazard-ratios pfs.csv --tau-squared DL

pfs.csv has the columns trial,hazard_ratio,lower,upper (intervals at --level) or
trial,log_hazard_ratio,standard_error and, if wanted, label,subgroup.")]
pub(crate) struct PoolHazardRatiosArgs {
    /// The hazard ratios.
    #[arg(value_name = "EFFECTS.csv")]
    pub(crate) effects: PathBuf,
    /// Estimator of the between-study variance.
    #[arg(long, default_value = "REML", value_parser = choice::<TauSquaredEstimator>())]
    pub(crate) tau_squared: TauSquaredEstimator,
    /// How the interval of the random-effects mean is made.
    #[arg(long, default_value = "wald", value_parser = choice::<IntervalMethod>())]
    pub(crate) interval: IntervalMethod,
    /// Pool each subgroup as well.
    #[arg(long)]
    pub(crate) subgroups: bool,
    #[command(flatten)]
    pub(crate) common: PoolArgs,
}

/// `kmeta pool survival`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kmeta pool survival ipd/*.csv --times 3,6,9,12 --time-unit months --seed 1

Each table has the columns time,status (1 event, 0 censored) and, if wanted, trial,arm; such tables
are written by `kmeta reconstruct`. Each trial and arm is one curve.")]
pub(crate) struct PoolSurvivalArgs {
    /// Patients.
    #[arg(required = true, value_name = "IPD.csv")]
    pub(crate) patients: Vec<PathBuf>,
    /// Times at which survival is pooled, for example 3,6,9,12.
    #[arg(long, required = true, value_delimiter = ',', value_name = "TIMES")]
    pub(crate) times: Vec<f64>,
    /// Unit of all times.
    #[arg(long, default_value = "months", value_parser = choice::<TimeUnit>())]
    pub(crate) time_unit: TimeUnit,
    /// Number of Monte-Carlo draws behind the interval of the median.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) median_draws: u32,
    /// Seed of the draws.
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) common: PoolArgs,
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

/// `kmeta init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kmeta init my-review && kmeta run my-review/study.toml

Existing files are never overwritten.")]
pub(crate) struct InitArgs {
    /// Folder to write to; made when it does not exist.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// `kmeta schema`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta schema > study.schema.json
  kmeta schema --of sidecar")]
pub(crate) struct SchemaArgs {
    /// Which file.
    #[arg(long, value_enum, default_value_t = SchemaOf::Study)]
    pub(crate) of: SchemaOf,
}

/// The documented file formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SchemaOf {
    /// The project file, study.toml.
    Study,
    /// The sidecar of a figure, NAME.kmfig.json.
    Sidecar,
    /// results.json.
    Results,
    /// manifest.json.
    Manifest,
}

/// `kmeta completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kmeta completions bash > ~/.local/share/bash-completion/completions/kmeta")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
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
        Command::Digitize(args) => commands::digitize::run(args, &mut out),
        Command::Reconstruct(args) => commands::reconstruct::run(args, &mut out),
        Command::Pool(args) => commands::pool::run(args, &mut out),
        Command::Report(args) => commands::report::run(args, &mut out),
        Command::Init(args) => commands::init::run(args, &mut out),
        Command::Schema(args) => commands::schema::run(args, &mut out),
        Command::Completions(args) => commands::completions::run(args, &mut out),
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
