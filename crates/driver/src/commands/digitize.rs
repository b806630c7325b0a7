//! `kmeta digitize`: figures to sidecars and overlays.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;

use kmeta_figure_source::FigurePage;
use kmeta_label_reader::LabelReader;
use rayon::prelude::*;
use serde_json::json;

use crate::command_line::DigitizeArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::output_folder::{to_json, write_file};
use crate::project::{Problem, Problems};
use crate::stages::digitize::{DigitizedPage, digitize_page, pages};

/// One page of a figure file, to be digitized.
struct Job {
    name: String,
    file: String,
    bytes: Vec<u8>,
    page: FigurePage,
}

pub(crate) fn run(args: &DigitizeArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let jobs = read_jobs(args)?;
    let reader = LabelReader::new().map_err(|error| CommandError::Failed(error.to_string()))?;
    let progress = console.progress(jobs.len(), "digitize");
    let done: Vec<Result<DigitizedPage, String>> = jobs
        .par_iter()
        .map(|job| {
            let digitized = digitize_page(&job.page, &job.file, &job.bytes, &reader);
            progress.inc(1);
            digitized
        })
        .collect();
    progress.finish_and_clear();
    let (mut listed, mut text) = (Vec::new(), String::new());
    for (job, digitized) in jobs.iter().zip(done) {
        let DigitizedPage { figure, overlay_png } =
            digitized.map_err(|error| CommandError::failed(&job.name, error))?;
        let sidecar = args.out.join(format!("{}.kmfig.json", job.name));
        let overlay = args.out.join(format!("{}.overlay.png", job.name));
        write_file(&sidecar, to_json(&figure)?)?;
        write_file(&overlay, overlay_png)?;
        console.findings(&figure.findings);
        let curves: usize = figure.panels.iter().map(|panel| panel.arms.len()).sum();
        let verdict = crate::stages::write_tables::serde_name(&figure.verdict);
        text.push_str(&format!(
            "{}: {verdict}, {curves} curve{}, see {}\n",
            job.name,
            if curves == 1 { "" } else { "s" },
            overlay.display()
        ));
        listed.push(json!({
            "name": job.name, "verdict": figure.verdict, "curves": curves,
            "sidecar": sidecar, "overlay": overlay, "findings": figure.findings,
        }));
    }
    console.result(&json!({ "figures": listed }), &text)?;
    Ok(ExitCode::SUCCESS)
}

/// Reads every file and finds its pages, before anything is digitized.
fn read_jobs(args: &DigitizeArgs) -> Result<Vec<Job>, CommandError> {
    let (mut jobs, mut problems, mut names) = (Vec::new(), Vec::new(), HashMap::new());
    for path in &args.figures {
        let file = path.display().to_string();
        let read = std::fs::read(path)
            .map_err(|error| format!("cannot be read: {error}"))
            .and_then(|bytes| Ok((pages(&bytes, args.page)?, bytes)));
        let (pages, bytes) = match read {
            Ok(read) => read,
            Err(message) => {
                problems.push(Problem::in_file(file, message));
                continue;
            }
        };
        let stem = stem(path);
        if let Some(other) = names.insert(stem.clone(), file.clone()) {
            let message = format!("would be written over the output of {other}: both are named {stem}");
            problems.push(Problem::in_file(file, message));
            continue;
        }
        let several = pages.len() > 1;
        for page in pages {
            let name = match page.page {
                Some(number) if several => format!("{stem}-page{number}"),
                _ => stem.clone(),
            };
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            jobs.push(Job { name, file, bytes: bytes.clone(), page });
        }
    }
    if problems.is_empty() { Ok(jobs) } else { Err(Problems(problems).into()) }
}

/// The file's name without folder and extension.
fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
