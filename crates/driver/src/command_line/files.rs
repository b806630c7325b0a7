//! The flags of the commands that make, check and describe files: `init`, `import`, `doctor`, `schema`, `man`,
//! `completions`.

use std::path::PathBuf;

use clap::Args;
use kmeta_trial_data::TimeUnit;

use crate::choices::choice;

/// `kmeta init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta init my-review                       asks on a terminal; elsewhere writes the worked example
  kmeta init my-review --example             the worked example, which runs as it is
  kmeta init my-review --trial \"Wirth 2021\" --trial \"Tahara 2017\" --outcome orr --endpoint os
  kmeta init my-review                       in a folder of pictures named wirth2021-os.png: one trial each

Pictures in DIR or DIR/figures become [[figure]] entries: TRIAL-ENDPOINT.png is read as trial and
endpoint. Existing files are never overwritten.")]
pub(crate) struct InitArgs {
    /// Folder to write to; made when it does not exist.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Write the worked example, whatever is in the folder; ask nothing.
    #[arg(long, conflicts_with_all = ["title", "trials", "outcomes", "endpoints", "two_arms"])]
    pub(crate) example: bool,
    /// Title of the review.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Unit of every time.
    #[arg(long, default_value = "months", value_parser = choice::<TimeUnit>())]
    pub(crate) time_unit: TimeUnit,
    /// A trial, for example "Wirth 2021"; may be given several times.
    #[arg(long = "trial", value_name = "NAME")]
    pub(crate) trials: Vec<String>,
    /// An outcome that is counted, for example orr; may be given several times.
    #[arg(long = "outcome", value_name = "NAME")]
    pub(crate) outcomes: Vec<String>,
    /// An endpoint with survival figures, for example os; may be given several times.
    #[arg(long = "endpoint", value_name = "NAME")]
    pub(crate) endpoints: Vec<String>,
    /// The trials compare two arms.
    #[arg(long)]
    pub(crate) two_arms: bool,
}

/// `kmeta import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta import extraction.xlsx --out study.toml
  kmeta import extraction.csv references.ris --out study.toml
  kmeta import review.rm5 --out study.toml
  kmeta import CD001234-data-package.zip --out study.toml

A sheet has one row per trial (or per arm, with a column `arm`). It needs a column `trial` or
`study`. Also known: id, year, group, design, period, n, age, drug, dose, source; events and total;
X_events and X_total, or cells like 1/34 in a column X, for an outcome X; control_events and
control_total for a second arm; X_median, X_hr, X_lower, X_upper, X_p for an endpoint X, X_events for
its events, X_figure for its picture. The names of metafor (ai, n1i, ci, n2i) and meta (event.e, n.e)
are understood. Any other column becomes a moderator.

Reviews keep their effect measure and pooling. Numbers that a project file has no place for (mean
differences) are written as CSV tables beside it, for `kmeta pool effects`.

Exit codes: 0 done, 1 failed, 2 bad input or an existing file (nothing written).")]
pub(crate) struct ImportArgs {
    /// Files: .csv, .xlsx (.xls, .ods), .rm5 (RevMan 5), .zip (Cochrane data package), .ris (references).
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Project file to write.
    #[arg(long, value_name = "STUDY.toml", default_value = "study.toml")]
    pub(crate) out: PathBuf,
    /// Title of the review; that of the file when left out.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Unit of every time.
    #[arg(long, default_value = "months", value_parser = choice::<TimeUnit>())]
    pub(crate) time_unit: TimeUnit,
}

/// `kmeta doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta doctor study.toml
  kmeta doctor study.toml --no-figures       only what is typed, without reading the pictures

Checks what is typed, reads the figures and pools, and lists what is wrong, what is missing and what
to do about it, the gravest first. It writes no results; figures that it read are kept for `run`.

Exit codes: 0 nothing that keeps a result back, 1 an error among the findings, 2 bad input.")]
pub(crate) struct DoctorArgs {
    /// The project file.
    #[arg(value_name = "STUDY.toml")]
    pub(crate) study: PathBuf,
    /// Leave the figures unread.
    #[arg(long)]
    pub(crate) no_figures: bool,
}

/// `kmeta schema`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta schema > study.schema.json
  kmeta schema --of sidecar
  kmeta schema --markdown > study-reference.md")]
pub(crate) struct SchemaArgs {
    /// Which file.
    #[arg(long, value_enum, default_value_t = SchemaOf::Study)]
    pub(crate) of: SchemaOf,
    /// As a page to read instead of JSON Schema.
    #[arg(long)]
    pub(crate) markdown: bool,
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

/// `kmeta man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta man | man -l -                       the page of kmeta itself
  kmeta man --out ~/.local/share/man/man1    one page per command: man kmeta-run")]
pub(crate) struct ManArgs {
    /// Folder to write one page per command to; the page of kmeta itself is printed when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
