//! `kmeta doctor`: everything that can be said of a project before it is run for good.

use std::process::ExitCode;

use kmeta_trial_data::Severity;
use serde_json::json;

use super::run::default_folder;
use crate::command_line::DoctorArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::project::{Project, StudyFile};
use crate::rerun::WorkFolder;
use crate::stages::examine;
use crate::stages::study_run::{digitize_all, evaluate, read_pages};

pub(crate) fn run(args: &DoctorArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let study = StudyFile::read(&args.study)?;
    let mut findings = examine::typed(&study.project);
    crate::consistency::add_new(&mut findings, crate::consistency::check_printed(&study.project));
    let mut results = None;
    if args.no_figures {
        findings.extend(examine::unread(&study.project));
    } else {
        let target = default_folder(&study);
        // Figures that are read here need not be read again by `run`.
        let work = WorkFolder::open(&target, false)?;
        let pages = read_pages(&study, &target)?;
        let project = Project { uncertainty: None, ..study.project.clone() };
        let progress = console.progress(pages.len(), "digitize");
        let figures = digitize_all(&project, &pages, &work, || progress.inc(1))?;
        progress.finish_and_clear();
        let run = evaluate(&project, &pages, figures, &work, &|| ())?;
        findings.extend(work.finish());
        crate::consistency::add_new(&mut findings, examine::read(&run.results));
        results = Some(run.results);
    }
    // The gravest first; a stable order within.
    findings.sort_by_key(|finding| std::cmp::Reverse(rank(finding.severity)));
    findings.dedup();
    let text = examine::report(&study.project, results.as_ref(), &findings);
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    console.result(&json!({ "study": args.study, "errors": errors, "findings": findings }), &text)?;
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Note => 0,
        Severity::Warning => 1,
        Severity::Error => 2,
    }
}
