//! The content of the report, from the results.

use kmeta_report_html::{
    AdverseEventCount, AdverseEvents, ComparisonSection, EffectSection, FailedAnalysis, FigureSection,
    InputFile, ReconstructionSection, Report, ReportProvenance, SurvivalSection, TabulatedSection, TextTable,
    TrialCharacteristics,
};
use kmeta_trial_data::Interval;

use super::names;
use super::report::{AnalysisPlots, Plots, ReportInput};
use super::write_tables::{serde_name, trial_columns};
use crate::manifest::Manifest;
use crate::project::{Analysis, Trial};
use crate::result_table::{ResultTable, reading, views};
use crate::results::{AnalysisOutcome, AnalysisResult, Results};
use crate::sensitivity;

/// Everything that the report shows.
pub(crate) fn compose(input: &ReportInput<'_>, plots: &Plots) -> Report {
    let results = input.results;
    let mut report = Report {
        title: results.title.clone(),
        subtitle: String::new(),
        notices: results.figure_notice.iter().cloned().collect(),
        time_unit: results.time_unit,
        methods: results.notes.clone(),
        trials: trial_rows(&results.trials),
        responses: Vec::new(),
        survival: Vec::new(),
        hazard_ratios: Vec::new(),
        effects: Vec::new(),
        tabulated: Vec::new(),
        comparisons: comparisons(results, plots),
        failures: Vec::new(),
        adverse_events_title: results.adverse_events_title.clone().unwrap_or_default(),
        adverse_events: adverse_events(&results.trials),
        figures: figures(input),
        reconstructions: reconstructions(results, plots),
        findings: results.findings.clone(),
        provenance: provenance(input.manifest, results),
    };
    for (analysis, drawn) in results.analyses.iter().zip(&plots.analyses) {
        add_analysis(&mut report, results, analysis, drawn);
    }
    report.tabulated.extend(reading_section(input.manifest, results));
    report.tabulated.extend(sensitivity::sections(&results.sensitivity));
    report
}

/// The uncertainty from reading figures, where it was asked for.
fn reading_section(manifest: &Manifest, results: &Results) -> Option<TabulatedSection> {
    let uncertainty = manifest.uncertainty?;
    let read: Vec<&AnalysisResult> =
        results.analyses.iter().filter(|analysis| !analysis.reading.is_empty()).collect();
    let mut paragraphs = vec![format!(
        "Each figure was read {} times at random (seed {}): its axes moved together within the error of their \
         calibration, each level and each time of its curves within the error of the trace, printed numbers within \
         their rounding, and the censoring that is not printed drawn anew. Each reading was reconstructed and analysed; \
         the readings of a trial were combined by Rubin's rules, T = W + (1 + 1/M) B, and the trials then pooled with \
         T in place of the variance W of their samples.",
        uncertainty.imputations, uncertainty.seed
    )];
    let all: Vec<_> = read.iter().flat_map(|analysis| analysis.reading.clone()).collect();
    paragraphs.extend(reading::in_words(&all));
    Some(TabulatedSection {
        id: "reading-figures".to_owned(),
        title: "Uncertainty from reading the figures".to_owned(),
        paragraphs,
        tables: read
            .iter()
            .map(|analysis| reading::table(&analysis.title, &analysis.reading).to_report())
            .collect(),
        notes: results.figure_notice.iter().cloned().collect(),
        left_out: Vec::new(),
    })
    .filter(|section| !section.tables.is_empty())
}

fn add_analysis(report: &mut Report, results: &Results, analysis: &AnalysisResult, drawn: &AnalysisPlots) {
    let notes: Vec<String> = analysis.figure_notice.iter().cloned().collect();
    let left_out: Vec<(String, String)> = analysis
        .left_out
        .iter()
        .map(|left_out| (trial_label(&results.trials, &left_out.trial), left_out.reason.clone()))
        .collect();
    let tables: Vec<TextTable> = analysis
        .outcome
        .tables()
        .iter()
        .chain(&views::short_tables(&analysis.views))
        .map(ResultTable::to_report)
        .collect();
    let effect = analysis.outcome.effect().zip(drawn.forest.as_ref());
    match (&analysis.outcome, effect, &drawn.survival) {
        (AnalysisOutcome::Survival { endpoint, result, .. }, _, Some(figure)) => {
            report.survival.push(SurvivalSection {
                result: (**result).clone(),
                endpoint: names::endpoint(results, endpoint),
                figure: figure.clone(),
                further: tables,
                notes,
                left_out,
            });
        }
        (outcome, Some((result, forest)), _) => {
            let section = EffectSection {
                result: result.clone(),
                forest: forest.clone(),
                funnel: drawn.funnel.clone(),
                further: tables,
                notes,
                left_out,
            };
            match outcome {
                AnalysisOutcome::Proportion { .. } => report.responses.push(section),
                AnalysisOutcome::HazardRatio { .. } => report.hazard_ratios.push(section),
                _ => report.effects.push(section),
            }
        }
        (AnalysisOutcome::Failed { reason }, _, _) => {
            let reason = reason.clone();
            report.failures.push(FailedAnalysis { title: analysis.title.clone(), reason, left_out });
        }
        _ => report.tabulated.push(TabulatedSection {
            id: analysis.id.clone(),
            title: analysis.title.clone(),
            paragraphs: Vec::new(),
            tables,
            notes,
            left_out,
        }),
    }
}

/// Name to print of `trial` or `trial/arm`.
fn trial_label(trials: &[Trial], key: &str) -> String {
    let arms = trials.iter().flat_map(Trial::arm_views);
    let whole = trials.iter().find(|trial| trial.id == key).map(|trial| trial.label.clone());
    whole
        .or_else(|| arms.into_iter().find(|arm| arm.key() == key).map(|arm| arm.full_label()))
        .unwrap_or_else(|| key.to_owned())
}

fn trial_rows(trials: &[Trial]) -> Vec<TrialCharacteristics> {
    let columns = trial_columns(trials);
    let row = |(index, trial): (usize, &Trial)| TrialCharacteristics {
        label: trial.label.clone(),
        columns: columns
            .iter()
            .filter(|(heading, values)| *heading != "Study" && !values[index].is_empty())
            .map(|(heading, values)| ((*heading).to_owned(), values[index].clone()))
            .collect(),
        source: trial.source.clone().unwrap_or_default(),
    };
    trials.iter().enumerate().map(row).collect()
}

fn adverse_events(trials: &[Trial]) -> Vec<AdverseEvents> {
    let arms = trials.iter().flat_map(Trial::arm_views);
    arms.filter(|arm| !arm.facts.adverse_events.is_empty())
        .map(|arm| AdverseEvents {
            label: arm.full_label(),
            treatment: arm.trial.drug.clone().filter(|_| arm.label.is_empty()).unwrap_or_default(),
            events: arm
                .facts
                .adverse_events
                .iter()
                .map(|(name, counts)| AdverseEventCount {
                    name: name.clone(),
                    events: counts.events,
                    total: counts.total,
                })
                .collect(),
        })
        .collect()
}

fn comparisons(results: &Results, plots: &Plots) -> Vec<ComparisonSection> {
    let section = |(index, comparison): (usize, &crate::results::Comparison)| ComparisonSection {
        label: comparison.label.clone(),
        endpoint: names::endpoint(results, &comparison.endpoint),
        treated: names::arm(&results.trials, &comparison.trial, &comparison.treated),
        reference: names::arm(&results.trials, &comparison.trial, &comparison.reference),
        hazard_ratio: comparison.hazard_ratio,
        interval: comparison.interval,
        p_value: comparison.p_value,
        log_rank_p_value: comparison.log_rank_p_value,
        printed: comparison
            .printed
            .as_ref()
            .and_then(|printed| Some((printed.value?, printed.lower?, printed.upper?)))
            .map(|(value, lower, upper)| (value, Interval { lower, upper })),
        figure: plots.comparisons[index].clone(),
        notes: results.figure_notice.iter().cloned().collect(),
    };
    results.comparisons.iter().enumerate().map(section).collect()
}

fn figures(input: &ReportInput<'_>) -> Vec<FigureSection> {
    let results = input.results;
    let sections = results.figures.iter().zip(&input.figures);
    sections
        .map(|(figure, (sidecar, overlay))| FigureSection {
            title: format!(
                "{}, {}",
                trial_label(&results.trials, &figure.trial),
                names::endpoint(results, &figure.endpoint).to_lowercase()
            ),
            notes: results.figure_notice.iter().cloned().collect(),
            source: figure.source.clone(),
            verdict: figure.verdict,
            checks: figure.checks.clone(),
            panels: FigureSection::panels_of(sidecar),
            curves: figure.curves,
            overlay_png: overlay.to_vec(),
        })
        .collect()
}

fn reconstructions(results: &Results, plots: &Plots) -> Vec<ReconstructionSection> {
    let sections = results.arms.iter().zip(&plots.reconstructions);
    sections
        .map(|(arm, figure)| ReconstructionSection {
            label: arm.label.clone(),
            endpoint: names::endpoint(results, &arm.endpoint),
            fidelity: arm.fidelity.clone(),
            figure: figure.clone(),
        })
        .collect()
}

fn provenance(manifest: &Manifest, results: &Results) -> ReportProvenance {
    let mut inputs = vec![InputFile {
        role: "project file".to_owned(),
        file: manifest.study.file.clone(),
        sha256: manifest.study.sha256.clone(),
    }];
    inputs.extend(manifest.inputs.iter().map(|input| InputFile {
        role: "figure".to_owned(),
        file: input.file.clone(),
        sha256: input.sha256.clone(),
    }));
    let seeds: Vec<u64> = manifest
        .analyses
        .iter()
        .filter_map(|analysis| match analysis {
            Analysis::Survival(analysis) => Some(analysis.options.seed),
            _ => None,
        })
        .collect();
    ReportProvenance {
        generator: results.generator.clone(),
        command: format!("kmeta run {}", manifest.study.file),
        inputs,
        seed: seeds.first().copied().filter(|first| seeds.iter().all(|seed| seed == first)),
        settings: settings(manifest, &seeds),
        date: String::new(),
    }
}

fn settings(manifest: &Manifest, seeds: &[u64]) -> Vec<(String, String)> {
    let reconstruction = &manifest.reconstruction;
    let mut settings = vec![
        ("reconstruction method", serde_name(&reconstruction.method)),
        ("censor marks used", if reconstruction.use_censor_marks { "yes" } else { "no" }.to_owned()),
        ("reconstruction", serde_name(&reconstruction.method)),
        ("limit for medians, relative", manifest.checks.median_relative.to_string()),
        ("limit for log hazard ratios", manifest.checks.log_hazard_ratio.to_string()),
    ];
    if seeds.windows(2).any(|pair| pair[0] != pair[1]) {
        let listed: Vec<String> = seeds.iter().map(u64::to_string).collect();
        settings.push(("seeds of the survival analyses", listed.join(", ")));
    }
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
