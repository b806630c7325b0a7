//! Plots and the report, from what the output folder holds.

use kmeta_plot_svg::{
    ArmCurve, Figure, Fonts, ForestOptions, KaplanMeierOptions, SurvivalFigureOptions, Theme, forest_plot,
    funnel_plot, kaplan_meier_figure, reconstructed_over_digitized, sentences, survival_figure,
};
use kmeta_report_html::{render, render_tables};
use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::{DigitizedFigure, PatientRecord};
use rayon::prelude::*;

use super::figures::{AnalysisFigures, checks_of_hazards, outcome_forests, review_figures};
use super::{names, report_content};
use crate::error::CommandError;
use crate::manifest::Manifest;
use crate::project::{Analysis, Trial};
use crate::results::{AnalysisResult, ArmResult, Comparison, Results};
use crate::sensitivity;

/// Pixels of a PNG per pixel of its SVG: about 200 dots per inch.
pub(crate) const PNG_SCALE: f64 = 2.0;

/// All that the report shows.
#[derive(Debug)]
pub(crate) struct ReportInput<'a> {
    /// The numbers.
    pub(crate) results: &'a Results,
    /// What the run was made from.
    pub(crate) manifest: &'a Manifest,
    /// The sidecar and the overlay (PNG) of each figure, in the order of the results.
    pub(crate) figures: Vec<(&'a DigitizedFigure, &'a [u8])>,
    /// The patients of each arm, in the order of the results.
    pub(crate) patients: Vec<&'a [PatientRecord]>,
    /// The fonts of pictures and PDF files.
    pub(crate) fonts: &'a Fonts,
}

/// The plots of one analysis.
#[derive(Debug, Default)]
pub(crate) struct AnalysisPlots {
    pub(crate) forest: Option<Figure>,
    pub(crate) funnel: Option<Figure>,
    pub(crate) survival: Option<Figure>,
    /// What the options of the analysis call for, under the kind that file names end with.
    pub(crate) further: Vec<(&'static str, Figure)>,
}

/// Everything that is drawn.
#[derive(Debug)]
pub(crate) struct Plots {
    /// One entry per analysis.
    pub(crate) analyses: Vec<AnalysisPlots>,
    /// One entry per comparison.
    pub(crate) comparisons: Vec<Option<Figure>>,
    /// Checks of proportional hazards, one entry per comparison.
    pub(crate) hazards: Vec<Vec<(&'static str, Figure)>>,
    /// Figures of the review itself.
    pub(crate) review: Vec<(&'static str, Figure)>,
    /// One entry per arm.
    pub(crate) reconstructions: Vec<Option<Figure>>,
}

/// The plots (SVG and PNG) and the report as named files.
///
/// # Errors
/// When a plot or the report cannot be made.
pub(crate) fn plots_and_report(input: &ReportInput<'_>) -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    let results = input.results;
    let plots = Plots {
        analyses: (results.analyses.iter())
            .map(|analysis| {
                let asked = input.manifest.analyses.iter().find(|asked| asked.id() == analysis.id);
                let forest = asked.and_then(Analysis::forest);
                draw_analysis(analysis, &results.theme, &results.trials, forest)
            })
            .collect(),
        comparisons: results
            .comparisons
            .iter()
            .map(|comparison| draw_comparison(input, comparison))
            .collect(),
        hazards: (results.comparisons.iter())
            .map(|comparison| draw_hazards(input, comparison).unwrap_or_default())
            .collect(),
        review: (review_figures(&results.theme, results.prisma.as_ref(), results.risk_of_bias.as_ref()))
            .into_iter()
            .chain(outcome_forests(results))
            .collect(),
        reconstructions: results
            .arms
            .iter()
            .zip(&input.patients)
            .map(|(arm, patients)| draw_reconstruction(results, arm, patients))
            .collect(),
    };
    let mut named: Vec<(String, &Figure)> = Vec::new();
    for (analysis, drawn) in results.analyses.iter().zip(&plots.analyses) {
        named
            .extend(named_plots(&analysis.id, drawn).map(|(name, figure)| (format!("plots/{name}"), figure)));
    }
    for ((comparison, drawn), hazards) in
        results.comparisons.iter().zip(&plots.comparisons).zip(&plots.hazards)
    {
        let name = |kind: &str| format!("plots/{}-{}-{kind}", comparison.trial, comparison.endpoint);
        named.extend(drawn.as_ref().map(|figure| (name("kaplan-meier"), figure)));
        named.extend(hazards.iter().map(|(kind, figure)| (name(kind), figure)));
    }
    let other_choices = sensitivity::figures(&results.sensitivity);
    named.extend(other_choices.iter().map(|(name, figure)| (format!("plots/{name}"), figure)));
    named.extend(plots.review.iter().map(|(name, figure)| (format!("plots/{name}"), figure)));
    let mut files = picture_files(&named, &results.theme, input.fonts)?;
    files.push(("plots/captions.txt".to_owned(), captions(results, &named).into_bytes()));
    let report = report_content::compose(input, &plots);
    let html = render(&report).map_err(|error| CommandError::failed("the report", error))?;
    files.push(("report.html".to_owned(), html.into_bytes()));
    let tables = render_tables(&report).map_err(|error| CommandError::failed("the tables", error))?;
    files.push(("tables/tables.html".to_owned(), tables.into_bytes()));
    Ok(files)
}

/// The plots of one analysis as named files.
///
/// # Errors
/// When a plot cannot be made.
pub(crate) fn plot_files(analysis: &AnalysisResult) -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    let theme = Theme::default();
    let drawn = draw_analysis(analysis, &theme, &[], None);
    let named: Vec<(String, &Figure)> = named_plots(&analysis.id, &drawn).collect();
    picture_files(&named, &theme, &Fonts::embedded())
}

fn named_plots<'a>(id: &'a str, drawn: &'a AnalysisPlots) -> impl Iterator<Item = (String, &'a Figure)> {
    let AnalysisPlots { forest, funnel, survival, further } = drawn;
    let main = [("forest", forest), ("funnel", funnel), ("survival", survival)];
    let main = main.into_iter().filter_map(|(kind, figure)| Some((kind, figure.as_ref()?)));
    let all = main.chain(further.iter().map(|(kind, figure)| (*kind, figure)));
    all.map(move |(kind, figure)| (format!("{id}-{kind}"), figure))
}

/// Each figure in the formats of the theme.
fn picture_files(
    named: &[(String, &Figure)],
    theme: &Theme,
    fonts: &Fonts,
) -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    named
        .par_iter()
        .flat_map(|named| theme.formats.par_iter().map(move |format| (named, *format)))
        .map(|((name, figure), format)| {
            let name = format!("{name}.{}", format.extension());
            let file = figure.to_file(format, theme.dpi, fonts);
            file.map_err(|error| CommandError::failed(&name, error)).map(|file| (name, file))
        })
        .collect()
}

/// A caption for each figure, ready to paste: what it shows, how it was computed, and with which program.
fn captions(results: &Results, named: &[(String, &Figure)]) -> String {
    let mut text = String::new();
    for (name, figure) in named {
        let name = name.trim_start_matches("plots/");
        let method = results.analyses.iter().find_map(|analysis| {
            let of_analysis = name.strip_prefix(analysis.id.as_str())?.starts_with('-');
            let effect = analysis.outcome.effect().filter(|_| of_analysis)?;
            Some(format!(" {}", sentences::method_line(effect)))
        });
        let method = method.unwrap_or_default();
        text.push_str(&format!("{name}\n{}{method} Made with {}.\n\n", figure.alt_text, results.generator));
    }
    text
}

fn draw_analysis(
    analysis: &AnalysisResult,
    theme: &Theme,
    trials: &[Trial],
    forest: Option<&ForestOptions>,
) -> AnalysisPlots {
    let note = analysis.figure_notice.clone().unwrap_or_default();
    let mut plots = AnalysisPlots::default();
    if let Some(result) = analysis.outcome.effect() {
        let of = AnalysisFigures { theme, trials, result, further: analysis.outcome.further(), forest, note };
        plots.forest = Some(theme.apply(forest_plot(result, &of.forest_options())));
        // A funnel of one study has no shape.
        plots.funnel =
            (result.studies.len() > 1).then(|| theme.apply(funnel_plot(result, &of.funnel_options())));
        plots.further = of.all().into_iter().map(|(kind, figure)| (kind, theme.apply(figure))).collect();
    } else if let Some(curve) = analysis.outcome.survival() {
        let usual = SurvivalFigureOptions::default();
        let options = SurvivalFigureOptions {
            survival_title: analysis.title.clone(),
            note,
            width: theme.layout_width().unwrap_or(usual.width),
            ..usual
        };
        plots.survival = Some(theme.apply(survival_figure(curve, &options)));
    }
    plots
}

/// The Kaplan-Meier curve of reconstructed patients.
fn arm_curve(label: String, patients: &[PatientRecord]) -> Option<ArmCurve> {
    let curve = KaplanMeier::fit(patients).ok()?.curve();
    Some(ArmCurve { label, curve, patients: patients.to_vec() })
}

/// Both arms of a comparison, the treated one first.
fn compared_arms(input: &ReportInput<'_>, comparison: &Comparison) -> Option<Vec<ArmCurve>> {
    let results = input.results;
    let mut arms = Vec::new();
    for id in [&comparison.treated, &comparison.reference] {
        let index = results.arms.iter().position(|arm| {
            arm.trial == comparison.trial && arm.endpoint == comparison.endpoint && arm.arm == *id
        })?;
        arms.push(arm_curve(names::arm(&results.trials, &comparison.trial, id), input.patients[index])?);
    }
    Some(arms)
}

/// Checks of proportional hazards of a comparison.
fn draw_hazards(input: &ReportInput<'_>, comparison: &Comparison) -> Option<Vec<(&'static str, Figure)>> {
    let results = input.results;
    let arms = compared_arms(input, comparison)?;
    let endpoint = names::endpoint(results, &comparison.endpoint).to_lowercase();
    let title = format!("{}, {endpoint}", comparison.label);
    let note = results.figure_notice.clone().unwrap_or_default();
    let figures = checks_of_hazards(&results.theme, &title, &time_title(results), &arms, &note);
    Some(figures.into_iter().map(|(kind, figure)| (kind, results.theme.apply(figure))).collect())
}

fn draw_comparison(input: &ReportInput<'_>, comparison: &Comparison) -> Option<Figure> {
    let results = input.results;
    let arms = compared_arms(input, comparison)?;
    let endpoint = names::endpoint(results, &comparison.endpoint);
    let options = KaplanMeierOptions {
        title: comparison.label.clone(),
        survival_title: endpoint,
        time_title: time_title(results),
        statistics: vec![
            format!(
                "HR {:.2} [{:.2}, {:.2}]",
                comparison.hazard_ratio, comparison.interval.lower, comparison.interval.upper
            ),
            format!("log-rank p {}", kmeta_plot_svg::format::p_value(comparison.log_rank_p_value, 4)),
        ],
        note: results.figure_notice.clone().unwrap_or_default(),
        ..kaplan_meier_options(&results.theme)
    };
    Some(results.theme.apply(kaplan_meier_figure(&arms, &options)))
}

fn draw_reconstruction(results: &Results, arm: &ArmResult, patients: &[PatientRecord]) -> Option<Figure> {
    let reconstructed = arm_curve(arm.label.clone(), patients)?;
    let options = KaplanMeierOptions {
        title: arm.label.clone(),
        survival_title: names::endpoint(results, &arm.endpoint),
        time_title: time_title(results),
        note: results.figure_notice.clone().unwrap_or_default(),
        ..kaplan_meier_options(&results.theme)
    };
    let end = arm.curve_end.unwrap_or_else(|| arm.curve.last_time());
    Some(results.theme.apply(reconstructed_over_digitized(&reconstructed, &arm.curve, end, &options)))
}

fn kaplan_meier_options(theme: &Theme) -> KaplanMeierOptions {
    let usual = KaplanMeierOptions::default();
    KaplanMeierOptions { width: theme.layout_width().unwrap_or(usual.width), ..usual }
}

fn time_title(results: &Results) -> String {
    format!("Time ({})", results.time_unit)
}
