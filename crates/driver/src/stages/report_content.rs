//! The content of the report, from the results.

use kmeta_evidence_pool::SurvivalTimeKind;
use kmeta_plot_svg::Figure;
use kmeta_report_html::{
    AdverseEventCount, AdverseEvents, CaptionedFigure, ComparisonSection, CurveReference, EffectSection,
    FailedAnalysis, FigureSection, FurtherSection, InputFile, ReconstructionSection, Report,
    ReportProvenance, SurvivalSection, TabulatedSection, TextTable, TrialCharacteristics,
};
use kmeta_trial_data::Interval;

use super::names;
use super::report::{AnalysisPlots, Plots, ReportInput};
use super::write_tables::{serde_name, trial_columns};
use crate::manifest::Manifest;
use crate::project::{Analysis, Trial};
use crate::result_table::{ResultTable, reading, views};
use crate::results::{AnalysisOutcome, AnalysisResult, ArmResult, FigureResult, Results};
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
        // Sections of other stages (sensitivity, uncertainty of reading, risk of bias) are put here.
        further: Vec::new(),
        failures: Vec::new(),
        adverse_events_title: results.adverse_events_title.clone().unwrap_or_default(),
        adverse_events: adverse_events(&results.trials),
        figures: figures(input),
        reconstructions: reconstructions(input, plots),
        findings: results.findings.clone(),
        provenance: provenance(input.manifest, results),
    };
    for (analysis, drawn) in results.analyses.iter().zip(&plots.analyses) {
        add_analysis(&mut report, results, analysis, drawn);
    }
    report.further.extend(reading_section(input.manifest, results));
    report.further.extend(sensitivity::sections(&results.sensitivity).into_iter().map(by_itself));
    report.further.extend(review_sections(plots));
    report
}

/// A set of tables as a section of its own.
fn by_itself(section: TabulatedSection) -> FurtherSection {
    let TabulatedSection { id, title, paragraphs, tables, notes, left_out: _ } = section;
    FurtherSection { id, title, notes, paragraphs, figures: Vec::new(), tables }
}

/// Figures with their descriptions as captions.
fn captioned(figures: &[(&'static str, Figure)]) -> Vec<CaptionedFigure> {
    let caption = |(_, figure): &(&'static str, Figure)| CaptionedFigure {
        figure: figure.clone(),
        caption: figure.alt_text.clone(),
        table: None,
    };
    figures.iter().map(caption).collect()
}

/// Study selection, risk of bias, pooled results by outcome, and checks of proportional hazards, where they are drawn.
fn review_sections(plots: &Plots) -> Vec<FurtherSection> {
    let of = |wanted: &dyn Fn(&str) -> bool| {
        captioned(&plots.review.iter().filter(|(name, _)| wanted(name)).cloned().collect::<Vec<_>>())
    };
    let is_flow = |name: &str| name == "prisma";
    let is_bias = |name: &str| name.starts_with("risk-of-bias");
    let sections = [
        ("prisma-flow", "Study selection", of(&is_flow)),
        ("risk-of-bias", "Risk of bias", of(&is_bias)),
        ("outcomes", "Pooled results by outcome", of(&|name| !is_flow(name) && !is_bias(name))),
        ("hazards", "Checks of proportional hazards", captioned(&plots.hazards.concat())),
    ];
    let filled = sections.into_iter().filter(|(_, _, figures)| !figures.is_empty());
    filled
        .map(|(id, title, figures)| FurtherSection {
            id: id.to_owned(),
            title: title.to_owned(),
            notes: Vec::new(),
            paragraphs: Vec::new(),
            figures,
            tables: Vec::new(),
        })
        .collect()
}

/// The uncertainty from reading figures, where it was asked for.
fn reading_section(manifest: &Manifest, results: &Results) -> Option<FurtherSection> {
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
    Some(FurtherSection {
        id: "reading-figures".to_owned(),
        title: "Uncertainty from reading the figures".to_owned(),
        paragraphs,
        tables: read
            .iter()
            .map(|analysis| reading::table(&analysis.title, &analysis.reading).to_report())
            .collect(),
        notes: results.figure_notice.iter().cloned().collect(),
        figures: Vec::new(),
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
                figures: captioned(&drawn.further),
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
                figures: captioned(&drawn.further),
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
            paragraphs: how_tabulated(&analysis.outcome),
            tables,
            notes,
            left_out,
        }),
    }
}

/// How an analysis whose result is a set of tables was made, in words.
fn how_tabulated(outcome: &AnalysisOutcome) -> Vec<String> {
    let text = match outcome {
        AnalysisOutcome::LandmarkSurvival { result, .. } => format!(
            "Kaplan-Meier survival at each time was pooled by itself with random effects on the {} scale; τ² by {}.",
            serde_name(&result.scale),
            result.model.tau_squared.abbreviation()
        ),
        AnalysisOutcome::SurvivalTime { result, .. } => {
            let what = match result.kind {
                SurvivalTimeKind::Median => "Logarithms of median survival times".to_owned(),
                SurvivalTimeKind::RestrictedMean { horizon } => {
                    format!("Restricted mean survival times to {horizon} {}", result.time_unit)
                }
            };
            format!(
                "{what} were pooled with random effects; τ² by {}.",
                result.model.tau_squared.abbreviation()
            )
        }
        AnalysisOutcome::ParametricSurvival { .. } => {
            "Parametric distributions with a random location per trial were fitted by maximum likelihood."
                .to_owned()
        }
        AnalysisOutcome::FrailtySurvival { .. } => {
            "A frailty shared by the patients of a trial over an unspecified baseline hazard was fitted."
                .to_owned()
        }
        _ => return Vec::new(),
    };
    vec![text]
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
        id: trial.id.clone(),
        printed: printed(trial),
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

/// What a paper prints of a trial, one sentence per arm and kind of number.
fn printed(trial: &Trial) -> Vec<String> {
    let mut sentences = Vec::new();
    for arm in trial.arm_views() {
        let facts = arm.facts;
        let mut parts: Vec<String> = facts.n.map(|n| format!("n = {n}")).into_iter().collect();
        parts.extend(
            facts
                .responses
                .iter()
                .map(|(name, counts)| format!("{name} {} of {}", counts.events, counts.total)),
        );
        parts.extend(facts.events.iter().map(|(endpoint, events)| format!("{events} events of {endpoint}")));
        parts.extend(facts.medians.iter().map(|(endpoint, median)| {
            let unit = median.unit.map_or(String::new(), |unit| format!(" {unit}"));
            format!("median {endpoint} {}{unit}", median.value)
        }));
        if !parts.is_empty() {
            let name = if arm.label.is_empty() { String::new() } else { format!("{}: ", arm.label) };
            sentences.push(format!("{name}{}", parts.join("; ")));
        }
    }
    for (endpoint, ratio) in &trial.hazard_ratios {
        let limits = ratio.lower.zip(ratio.upper);
        let limits = limits.map_or(String::new(), |(lower, upper)| format!(" [{lower}, {upper}]"));
        if let Some(value) = ratio.value {
            sentences.push(format!("hazard ratio of {endpoint} {value}{limits}"));
        }
    }
    sentences
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

fn reconstructions(input: &ReportInput<'_>, plots: &Plots) -> Vec<ReconstructionSection> {
    let results = input.results;
    let sections = results.arms.iter().zip(&plots.reconstructions);
    sections
        .map(|(arm, figure)| ReconstructionSection {
            trial: arm.trial.clone(),
            curve: traced_curve(input, arm),
            patients_file: arm.patients_file.clone(),
            label: arm.label.clone(),
            endpoint: names::endpoint(results, &arm.endpoint),
            fidelity: arm.fidelity.clone(),
            figure: figure.clone(),
        })
        .collect()
}

/// The traced curve that an arm was reconstructed from: in its figure and panel the one of its colour; of several with
/// that colour the one with as many corners.
fn traced_curve(input: &ReportInput<'_>, arm: &ArmResult) -> Option<CurveReference> {
    let is_source = |figure: &FigureResult| {
        figure.file == arm.figure && figure.trial == arm.trial && figure.endpoint == arm.endpoint
    };
    let figure = input.results.figures.iter().position(is_source)?;
    let panels = &input.figures.get(figure)?.0.panels;
    let panel = match arm.provenance.panel {
        Some(number) => panels.iter().position(|panel| panel.panel == number)?,
        None => 0,
    };
    let traced = &panels.get(panel)?.arms;
    let corners = arm.curve.times().len();
    let same_colour = || traced.iter().enumerate().filter(|(_, traced)| traced.color == arm.color);
    let (index, _) = same_colour().min_by_key(|(_, traced)| traced.curve.times().len().abs_diff(corners))?;
    Some(CurveReference { figure, panel, arm: index })
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
