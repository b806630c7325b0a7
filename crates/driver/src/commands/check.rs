//! `kmeta check`: whether the numbers of a study can all be true.

use std::process::ExitCode;

use kmeta_trial_data::{Finding, Severity};
use serde_json::json;

use super::run::default_folder;
use crate::command_line::CheckArgs;
use crate::consistency;
use crate::console::Console;
use crate::error::CommandError;
use crate::manifest::Manifest;
use crate::project::StudyFile;
use crate::sensitivity::LastRun;

pub(crate) fn run(args: &CheckArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let study = StudyFile::read(&args.study)?;
    let folder = args.run.clone().unwrap_or_else(|| default_folder(&study));
    let mut findings = consistency::check_printed(&study.project);
    let has_run = args.run.is_some() || folder.join(Manifest::FILE).is_file();
    if has_run {
        let run = LastRun::read(&folder, &study)?;
        consistency::add_new(&mut findings, run.findings);
        let of_stages =
            run.results.findings.iter().filter(|found| consistency::is_contradiction_of_stage(found));
        consistency::add_new(&mut findings, of_stages.cloned().collect());
        consistency::add_new(&mut findings, consistency::check_curves(&study.project, &run.results.arms));
        consistency::add_new(&mut findings, consistency::check_pooled(&study.project, &run.results.analyses));
    }
    let contradictions = findings.iter().filter(|finding| finding.severity > Severity::Note).count();
    let text = text(&findings, contradictions, has_run);
    let object = json!({ "contradictions": contradictions, "curves_checked": has_run, "findings": findings });
    console.result(&object, &text)?;
    Ok(if contradictions == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(findings: &[Finding], contradictions: usize, has_run: bool) -> String {
    let mut text = String::new();
    for Finding { severity, place, message, code } in findings {
        let word = match severity {
            Severity::Note => "note",
            Severity::Warning => "contradiction",
            Severity::Error => "error",
        };
        text.push_str(&format!("{word}: {place}: {message} [{code}]\n"));
    }
    let notes = findings.len() - contradictions;
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    text.push_str(&format!(
        "{contradictions} contradiction{}, {notes} note{}\n",
        plural(contradictions),
        plural(notes)
    ));
    if !has_run {
        text.push_str("there is no output of `kmeta run` yet: figures and pooled results were not checked\n");
    }
    text
}
