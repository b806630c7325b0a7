//! What a project lacks: facts that are not stated, figures that were not read well, trials and analyses that lead to
//! nothing.

use kmeta_trial_data::{Finding, Severity, Verdict};

use crate::project::{Analysis, ArmView, Figure, Project, Trial};
use crate::results::{AnalysisOutcome, Results};

/// What can be said from the project file alone.
pub(crate) fn typed(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    if project.analyses.is_empty() {
        let message =
            "there is no [[analysis]]: nothing will be pooled. `kmeta init DIR --example` shows some";
        findings.push(Finding::warning("no-analysis", "study", message));
    }
    for trial in &project.trials {
        findings.extend(trial_lacks(project, trial));
    }
    for figure in &project.figures {
        findings.extend(figure_lacks(project, figure));
    }
    findings
}

fn trial_lacks(project: &Project, trial: &Trial) -> Vec<Finding> {
    let mut findings = Vec::new();
    if trial.source.is_none() {
        let message = "`source` (the publication) is not stated: it will be missing from the references";
        findings.push(Finding::note("no-source", &trial.id, message));
    }
    for arm in trial.arm_views() {
        if arm.facts.n.is_none() {
            let message = "`n`, the number of patients, is not stated: it checks the counts and the numbers at risk, and \
                           reconstruction needs it where a figure has none";
            findings.push(Finding::warning("no-number-of-patients", arm.key(), message));
        }
    }
    let used = project.analyses.iter().any(|analysis| may_use(analysis, trial, project));
    if !used && !project.analyses.is_empty() {
        let message = "states nothing that any [[analysis]] asks for: it will only be in Table 1";
        findings.push(Finding::warning("trial-not-used", &trial.id, message));
    }
    findings
}

/// Whether the trial states what the analysis pools.
fn may_use(analysis: &Analysis, trial: &Trial, project: &Project) -> bool {
    let listed = |key: &str| key == trial.id || key.split('/').next() == Some(trial.id.as_str());
    if analysis.trials().is_some_and(|trials| !trials.iter().any(|key| listed(key))) {
        return false;
    }
    let has = |fact: &dyn Fn(&ArmView<'_>) -> bool| trial.arm_views().iter().any(fact);
    let has_figure = |endpoint: &str| {
        project.figures.iter().any(|figure| figure.trial == trial.id && figure.endpoint == endpoint)
    };
    match analysis {
        Analysis::Proportion(analysis) => has(&|arm| arm.facts.counts(&analysis.outcome).is_some()),
        Analysis::TwoArmCounts(analysis) => has(&|arm| arm.facts.counts(&analysis.outcome).is_some()),
        Analysis::Survival(analysis) => {
            let endpoint = &analysis.endpoint;
            has_figure(endpoint)
                || has(&|arm| {
                    arm.facts.survival.contains_key(endpoint) || arm.facts.medians.contains_key(endpoint)
                })
        }
        Analysis::HazardRatio(analysis) => {
            trial.hazard_ratios.contains_key(&analysis.endpoint) || has_figure(&analysis.endpoint)
        }
        Analysis::TwoArmSurvival(analysis) => has_figure(&analysis.endpoint),
    }
}

fn figure_lacks(project: &Project, figure: &Figure) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(trial) = project.trial(&figure.trial) else { return findings };
    for (_, id) in figure.arm_assignments(trial) {
        let Some(arm) = trial.arm(id) else { continue };
        if !arm.facts.medians.contains_key(&figure.endpoint) {
            let message = format!(
                "the median of {} is not stated for {}: where the paper prints it, it checks the figure",
                figure.endpoint,
                arm.key()
            );
            findings.push(Finding::note("no-printed-median", &figure.file, message));
        }
        if !arm.facts.events.contains_key(&figure.endpoint) {
            let message = format!(
                "the total of {} events is not stated for {}: where the paper prints it, it sharpens the reconstruction",
                figure.endpoint,
                arm.key()
            );
            findings.push(Finding::note("no-printed-events", &figure.file, message));
        }
    }
    let endpoint = &figure.endpoint;
    let asked = project.analyses.iter().any(|analysis| match analysis {
        Analysis::Survival(analysis) => analysis.endpoint == *endpoint,
        Analysis::HazardRatio(analysis) => analysis.endpoint == *endpoint,
        Analysis::TwoArmSurvival(analysis) => analysis.endpoint == *endpoint,
        Analysis::Proportion(_) | Analysis::TwoArmCounts(_) => false,
    });
    if !asked {
        let message =
            format!("no [[analysis]] asks for `{endpoint}`: the figure will be read and not pooled");
        findings.push(Finding::warning("endpoint-not-pooled", &figure.file, message));
    }
    findings
}

/// That the figures were not looked at.
pub(crate) fn unread(project: &Project) -> Option<Finding> {
    let count = project.figures.len();
    let message = format!("{count} figures were not read (--no-figures)");
    (count > 0).then(|| Finding::note("figures-not-read", "study", message))
}

/// What reading the figures and pooling showed.
pub(crate) fn read(results: &Results) -> Vec<Finding> {
    let mut findings = results.findings.clone();
    for figure in &results.figures {
        let failed: Vec<&str> =
            figure.checks.iter().filter(|check| !check.passed).map(|check| check.message.as_str()).collect();
        let why = failed.join("; ");
        match figure.verdict {
            Verdict::Ok => {}
            Verdict::Review => findings.push(Finding::warning(
                "figure-to-review",
                &figure.file,
                format!("look at its overlay after `kmeta run`: {why}"),
            )),
            Verdict::Refused => findings.push(Finding::error(
                "figure-refused",
                &figure.file,
                format!(
                    "no curve is offered: {why}. A larger or cleaner picture, or clicked points, may help"
                ),
            )),
        }
    }
    for analysis in &results.analyses {
        for left_out in &analysis.left_out {
            let message = format!("not part of \"{}\": {}", analysis.title, left_out.reason);
            findings.push(Finding::warning("left-out", &left_out.trial, message));
        }
        match &analysis.outcome {
            AnalysisOutcome::Failed { reason } => {
                let message = format!("\"{}\" has no result: {reason}", analysis.title);
                findings.push(Finding::error("analysis-failed", &analysis.id, message));
            }
            outcome => findings.extend(one_trial(&analysis.id, outcome)),
        }
    }
    findings
}

/// One study is no pooling; what few studies mean, the pooling itself notes.
fn one_trial(id: &str, outcome: &AnalysisOutcome) -> Option<Finding> {
    let alone = outcome.effect().is_some_and(|effect| effect.studies.len() == 1);
    alone.then(|| Finding::warning("one-trial", id, "one trial only: there is nothing to pool"))
}

/// The findings for the terminal, with what is in order first.
pub(crate) fn report(project: &Project, results: Option<&Results>, findings: &[Finding]) -> String {
    let mut text = format!(
        "{}: {} trials, {} figures, {} analyses\n",
        project.title,
        project.trials.len(),
        project.figures.len(),
        project.analyses.len()
    );
    if let Some(results) = results {
        let ok = results.figures.iter().filter(|figure| figure.verdict == Verdict::Ok).count();
        text.push_str(&format!("figures that passed every check: {ok} of {}\n", results.figures.len()));
        for arm in &results.arms {
            let fidelity = &arm.fidelity;
            text.push_str(&format!(
                "  {}, {}: {} patients, {} events, mean curve error {:.4}\n",
                arm.label, arm.endpoint, fidelity.patients, fidelity.events, fidelity.curve_error_mean
            ));
        }
    }
    let groups = [
        (Severity::Error, "Keeps a result back"),
        (Severity::Warning, "To look at"),
        (Severity::Note, "Could be added, or good to know"),
    ];
    for (severity, title) in groups {
        let group: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == severity).collect();
        if group.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{title} ({}):\n", group.len()));
        for finding in group {
            text.push_str(&format!("  {}: {} [{}]\n", finding.place, finding.message, finding.code));
        }
    }
    if findings.is_empty() {
        text.push_str("\nNothing is missing.\n");
    }
    text
}
