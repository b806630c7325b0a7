//! `kmeta digitize`: figures to sidecars and overlays.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kmeta_label_reader::LabelReader;
use kmeta_trial_data::DigitizedFigure;
use rayon::prelude::*;
use serde_json::json;

use crate::command_line::DigitizeArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::output_folder::{to_json, write_file};
use crate::project::{Problem, Problems};
use crate::stages::digitize::{DigitizedPage, FigureFile};
use crate::stages::overrides::{find_overrides, sidecar_name};

/// One page of a figure file after its sidecar and overlay were written.
struct Written {
    name: String,
    figure: DigitizedFigure,
    sidecar: PathBuf,
    overlay: PathBuf,
}

/// What became of a figure file.
enum Outcome {
    /// One or more figures.
    Written(Vec<Written>),
    /// A paper without a Kaplan-Meier figure, in words.
    NoFigure(String),
    Unreadable(Problem),
}

/// A file is read, digitized and written by one thread, so that only as many pictures are in memory as there are
/// threads. Files that cannot be read are named at the end, with the exit code for wrong input.
pub(crate) fn run(args: &DigitizeArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let (files, mut problems) = named_files(&args.figures);
    let reader = LabelReader::new().map_err(|error| CommandError::Failed(error.to_string()))?;
    let progress = console.progress(files.len(), "digitize");
    let outcomes: Vec<Result<Outcome, CommandError>> = files
        .par_iter()
        .map(|(stem, path)| {
            let outcome = digitize_file(stem, path, args, &reader);
            progress.inc(1);
            outcome
        })
        .collect();
    progress.finish_and_clear();
    let (mut written, mut without_figure) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome? {
            Outcome::Written(pages) => written.extend(pages),
            Outcome::NoFigure(message) => without_figure.push(message),
            Outcome::Unreadable(problem) => problems.push(problem),
        }
    }
    if written.is_empty() && without_figure.is_empty() && !problems.is_empty() {
        return Err(Problems(problems).into());
    }
    report(&written, &without_figure, problems, console)
}

/// The files by the name of their output; two files with one name are a problem of the second.
fn named_files(paths: &[PathBuf]) -> (Vec<(String, &Path)>, Vec<Problem>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    let mut names: HashMap<String, &Path> = HashMap::new();
    for path in paths {
        let stem = stem(path);
        if let Some(other) = names.insert(stem.clone(), path) {
            let other = other.display();
            let message = format!("would be written over the output of {other}: both are named {stem}");
            problems.push(Problem::in_file(path.display().to_string(), message));
        } else {
            files.push((stem, path.as_path()));
        }
    }
    (files, problems)
}

fn digitize_file(
    stem: &str,
    path: &Path,
    args: &DigitizeArgs,
    reader: &LabelReader,
) -> Result<Outcome, CommandError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let opened = std::fs::read(path)
        .map_err(|error| format!("cannot be read: {error}"))
        .and_then(|bytes| FigureFile::open(bytes, &name, args.page));
    let file = match opened {
        Ok(file) => file,
        Err(message) => {
            return Ok(Outcome::Unreadable(Problem::in_file(path.display().to_string(), message)));
        }
    };
    let beside = path.parent().unwrap_or(Path::new(""));
    let read: Result<Vec<Vec<NamedPage>>, Fault> = file
        .pages
        .par_iter()
        .map(|&page| {
            let name =
                if file.pages.len() > 1 { format!("{stem}-page{}", page + 1) } else { stem.to_owned() };
            let figures =
                file.digitize_page(page, reader).map_err(|error| CommandError::failed(&name, error))?;
            named(&name, figures)
                .map(|figure| with_overrides(figure, &file, page, (beside, &args.out), reader))
                .collect()
        })
        .collect();
    let read: Vec<NamedPage> = match read {
        Ok(pages) => pages.into_iter().flatten().collect(),
        Err(Fault::Failed(error)) => return Err(error),
        Err(Fault::Refused(message)) => {
            return Ok(Outcome::Unreadable(Problem::in_file(path.display().to_string(), message)));
        }
    };
    if read.is_empty() {
        let pages = file.pages.len();
        let plural = if pages == 1 { "" } else { "s" };
        return Ok(Outcome::NoFigure(format!("{name}: no Kaplan-Meier figure on {pages} page{plural}")));
    }
    let written: Result<Vec<Written>, CommandError> =
        read.into_iter().map(|figure| write_figure(figure, &args.out)).collect();
    written.map(Outcome::Written)
}

/// A figure with the name of its files.
struct NamedPage {
    name: String,
    read: DigitizedPage,
    /// Pictures beside the overlay, by the end of their names.
    comparisons: Vec<(String, Vec<u8>)>,
}

/// Why nothing is written for a file.
enum Fault {
    Failed(CommandError),
    /// What a person stated about it cannot be kept.
    Refused(String),
}

impl From<CommandError> for Fault {
    fn from(error: CommandError) -> Self {
        Self::Failed(error)
    }
}

/// Names the figures of one page. Where a page has several (one drawn with paths, others as pictures), the pictures are
/// numbered.
fn named(page: &str, figures: Vec<DigitizedPage>) -> impl Iterator<Item = NamedPage> {
    let several = figures.len() > 1;
    let mut pictures = 0;
    figures.into_iter().map(move |read| {
        let is_picture = read.figure.source.picture.is_some();
        pictures += usize::from(is_picture);
        let name = if several && is_picture { format!("{page}-picture{pictures}") } else { page.to_owned() };
        NamedPage { name, read, comparisons: Vec::new() }
    })
}

/// Reads a figure again where a person stated something about it, in the sidecar in one of two folders.
fn with_overrides(
    NamedPage { name, mut read, .. }: NamedPage,
    file: &FigureFile,
    page: usize,
    (beside, out): (&Path, &Path),
    reader: &LabelReader,
) -> Result<NamedPage, Fault> {
    let sidecar = sidecar_name(&name);
    let found =
        find_overrides(&beside.join(&sidecar), &out.join(&sidecar), file.sha256()).map_err(Fault::Refused)?;
    if let Some(stated) = &found.overrides {
        read =
            file.correct(page, read, stated, reader).map_err(|error| CommandError::failed(&name, error))?;
    }
    read.figure.findings.extend(found.findings);
    let comparisons = file.comparisons(page, &read).map_err(|error| CommandError::failed(&name, error))?;
    Ok(NamedPage { name, read, comparisons })
}

/// Writes the files of a figure. Doubtful places of an earlier reading are removed.
fn write_figure(figure: NamedPage, out: &Path) -> Result<Written, CommandError> {
    let NamedPage { name, read, comparisons } = figure;
    let DigitizedPage { figure, overlay_png, .. } = read;
    let sidecar = out.join(sidecar_name(&name));
    let overlay = out.join(format!("{name}.overlay.png"));
    write_file(&sidecar, to_json(&figure)?)?;
    write_file(&overlay, overlay_png)?;
    for number in 1.. {
        if std::fs::remove_file(out.join(format!("{name}.doubt-{number}.png"))).is_err() {
            break;
        }
    }
    for (ending, picture) in comparisons {
        write_file(&out.join(format!("{name}.{ending}")), picture)?;
    }
    Ok(Written { name, figure, sidecar, overlay })
}

/// Says what was written and what could not be read.
fn report(
    written: &[Written],
    without_figure: &[String],
    problems: Vec<Problem>,
    console: &mut Console,
) -> Result<ExitCode, CommandError> {
    let (mut listed, mut text) = (Vec::new(), String::new());
    if written.len() > 1 {
        text.push_str(&summary_table(written));
        text.push('\n');
    }
    for Written { name, figure, sidecar, overlay } in written {
        console.findings(&figure.findings);
        let curves: usize = figure.panels.iter().map(|panel| panel.arms.len()).sum();
        let verdict = crate::stages::write_tables::serde_name(&figure.verdict);
        let plural = if curves == 1 { "" } else { "s" };
        if written.len() == 1 {
            text.push_str(&format!("{name}: {verdict}, {curves} curve{plural}, see {}\n", overlay.display()));
        }
        listed.push(json!({
            "name": name, "verdict": figure.verdict, "curves": curves,
            "sidecar": sidecar, "overlay": overlay, "findings": figure.findings,
        }));
    }
    for message in without_figure {
        text.push_str(message);
        text.push('\n');
    }
    console.result(
        &json!({ "figures": listed, "without_figure": without_figure, "problems": problems }),
        &text,
    )?;
    if problems.is_empty() { Ok(ExitCode::SUCCESS) } else { Ok(console.problems(&Problems(problems))) }
}

/// One line per figure: its verdict, what was read, and why a person should look at it.
fn summary_table(written: &[Written]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::TableStyle::new());
    table.set_header(["figure", "verdict", "panels", "curves", "numbers at risk", "look at"]);
    for Written { name, figure, .. } in written {
        let cells = figure.panels.iter().filter_map(|panel| panel.risk_table.as_ref());
        let cells: usize =
            cells.flat_map(|table| &table.rows).map(|row| row.counts.iter().flatten().count()).sum();
        let curves: usize = figure.panels.iter().map(|panel| panel.arms.len()).sum();
        let mut reasons: Vec<&str> =
            figure.checks.iter().filter(|check| !check.passed).map(|check| check.name.as_str()).collect();
        if figure.panels.is_empty() {
            reasons.extend(figure.findings.first().map(|finding| finding.code.as_str()));
        }
        let mut told = std::collections::HashSet::new();
        reasons.retain(|reason| told.insert(*reason));
        table.add_row([
            name.clone(),
            crate::stages::write_tables::serde_name(&figure.verdict),
            figure.panels.len().to_string(),
            curves.to_string(),
            cells.to_string(),
            reasons.join(", "),
        ]);
    }
    let mut counts = [0; 3];
    for written in written {
        counts[written.figure.verdict as usize] += 1;
    }
    let [ok, review, refused] = counts;
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{}\n{ok} ok, {review} review, {refused} refused", lines.join("\n"))
}

/// The file's name without folder and extension.
fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
