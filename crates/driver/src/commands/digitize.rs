//! `kmeta digitize`: figures to sidecars and overlays.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;

use kmeta_label_reader::LabelReader;
use rayon::prelude::*;
use serde_json::json;

use crate::command_line::DigitizeArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::output_folder::{to_json, write_file};
use crate::project::{Problem, Problems};
use crate::stages::digitize::{DigitizedPage, FigureFile};

/// One page of a figure file, to be digitized.
struct Job<'f> {
    file: &'f NamedFile,
    page: usize,
}

/// A figure file with the name that its output gets.
struct NamedFile {
    stem: String,
    file: FigureFile,
}

pub(crate) fn run(args: &DigitizeArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let files = open_files(args)?;
    let jobs: Vec<Job<'_>> = files
        .iter()
        .flat_map(|file| file.file.pages.iter().map(move |&page| Job { file, page }))
        .collect();
    let reader = LabelReader::new().map_err(|error| CommandError::Failed(error.to_string()))?;
    let progress = console.progress(jobs.len(), "digitize");
    let done: Vec<Result<Vec<DigitizedPage>, String>> = jobs
        .par_iter()
        .map(|job| {
            let digitized = job.file.file.digitize_page(job.page, &reader);
            progress.inc(1);
            digitized
        })
        .collect();
    progress.finish_and_clear();
    let (mut listed, mut text) = (Vec::new(), String::new());
    for (job, digitized) in jobs.iter().zip(done) {
        let several = job.file.file.pages.len() > 1;
        let page = if several { format!("{}, page {}", job.file.stem, job.page + 1) } else { job.file.stem.clone() };
        let figures = digitized.map_err(|error| CommandError::failed(&page, error))?;
        for (index, DigitizedPage { figure, overlay_png }) in figures.iter().enumerate() {
            let name = name_of(job, &figures, index);
            let sidecar = args.out.join(format!("{name}.kmfig.json"));
            let overlay = args.out.join(format!("{name}.overlay.png"));
            write_file(&sidecar, to_json(figure)?)?;
            write_file(&overlay, overlay_png.clone())?;
            console.findings(&figure.findings);
            let curves: usize = figure.panels.iter().map(|panel| panel.arms.len()).sum();
            let verdict = crate::stages::write_tables::serde_name(&figure.verdict);
            text.push_str(&format!(
                "{name}: {verdict}, {curves} curve{}, see {}\n",
                if curves == 1 { "" } else { "s" },
                overlay.display()
            ));
            listed.push(json!({
                "name": name, "verdict": figure.verdict, "curves": curves,
                "sidecar": sidecar, "overlay": overlay, "findings": figure.findings,
            }));
        }
    }
    for file in files.iter().filter(|file| file.file.is_paper()) {
        let prefix = format!("{}-page", file.stem);
        if !listed.iter().any(|figure| figure["name"].as_str().is_some_and(|name| name.starts_with(&prefix) || name == file.stem)) {
            text.push_str(&format!("{}: no Kaplan-Meier figure on {} pages\n", file.stem, file.file.pages.len()));
        }
    }
    console.result(&json!({ "figures": listed }), &text)?;
    Ok(ExitCode::SUCCESS)
}

/// The name of a figure's files: that of its file; with the page where there are several, and with a number where a
/// page has several figures (one drawn with paths, others as pictures).
fn name_of(job: &Job<'_>, figures: &[DigitizedPage], index: usize) -> String {
    let mut name = job.file.stem.clone();
    if job.file.file.is_paper() || job.file.file.pages.len() > 1 {
        name.push_str(&format!("-page{}", job.page + 1));
    }
    if figures.len() > 1 && figures[index].figure.source.picture.is_some() {
        let number = figures[..=index].iter().filter(|figure| figure.figure.source.picture.is_some()).count();
        name.push_str(&format!("-picture{number}"));
    }
    name
}

/// Opens every file before anything is digitized.
fn open_files(args: &DigitizeArgs) -> Result<Vec<NamedFile>, CommandError> {
    let (mut files, mut problems, mut names) = (Vec::new(), Vec::new(), HashMap::new());
    for path in &args.figures {
        let shown = path.display().to_string();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let opened = std::fs::read(path)
            .map_err(|error| format!("cannot be read: {error}"))
            .and_then(|bytes| FigureFile::open(bytes, &name, args.page));
        let file = match opened {
            Ok(file) => file,
            Err(message) => {
                problems.push(Problem::in_file(shown, message));
                continue;
            }
        };
        let stem = stem(path);
        if let Some(other) = names.insert(stem.clone(), shown.clone()) {
            let message = format!("would be written over the output of {other}: both are named {stem}");
            problems.push(Problem::in_file(shown, message));
            continue;
        }
        files.push(NamedFile { stem, file });
    }
    if problems.is_empty() { Ok(files) } else { Err(Problems(problems).into()) }
}

/// The file's name without folder and extension.
fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
