//! Plots and the report, from what the output folder holds.

use kmeta_plot_svg::{
    ArmCurve, Figure, ForestOptions, FunnelOptions, KaplanMeierOptions, SurvivalFigureOptions, forest_plot,
    funnel_plot, kaplan_meier_figure, reconstructed_over_digitized, survival_figure,
};
use kmeta_report_html::render;
use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::{DigitizedFigure, PatientRecord};
use rayon::prelude::*;

use super::{names, report_content};
use crate::error::CommandError;
use crate::manifest::Manifest;
use crate::results::{AnalysisResult, ArmResult, Comparison, Results};

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
}

/// The plots of one analysis.
#[derive(Debug, Default)]
pub(crate) struct AnalysisPlots {
    pub(crate) forest: Option<Figure>,
    pub(crate) funnel: Option<Figure>,
    pub(crate) survival: Option<Figure>,
}

/// Everything that is drawn.
#[derive(Debug)]
pub(crate) struct Plots {
    /// One entry per analysis.
    pub(crate) analyses: Vec<AnalysisPlots>,
    /// One entry per comparison.
    pub(crate) comparisons: Vec<Option<Figure>>,
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
        analyses: results.analyses.iter().map(draw_analysis).collect(),
        comparisons: results
            .comparisons
            .iter()
            .map(|comparison| draw_comparison(input, comparison))
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
    for (comparison, drawn) in results.comparisons.iter().zip(&plots.comparisons) {
        let name = format!("plots/{}-{}-kaplan-meier", comparison.trial, comparison.endpoint);
        named.extend(drawn.as_ref().map(|figure| (name, figure)));
    }
    let mut files = picture_files(&named)?;
    let report = report_content::compose(input, &plots);
    let html = render(&report).map_err(|error| CommandError::failed("the report", error))?;
    files.push(("report.html".to_owned(), html.into_bytes()));
    Ok(files)
}

/// The plots of one analysis as named files.
///
/// # Errors
/// When a plot cannot be made.
pub(crate) fn plot_files(analysis: &AnalysisResult) -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    let drawn = draw_analysis(analysis);
    let named: Vec<(String, &Figure)> = named_plots(&analysis.id, &drawn).collect();
    picture_files(&named)
}

fn named_plots<'a>(id: &'a str, drawn: &'a AnalysisPlots) -> impl Iterator<Item = (String, &'a Figure)> {
    let AnalysisPlots { forest, funnel, survival } = drawn;
    let all = [("forest", forest), ("funnel", funnel), ("survival", survival)];
    all.into_iter().filter_map(move |(kind, figure)| Some((format!("{id}-{kind}"), figure.as_ref()?)))
}

/// Each figure as SVG and PNG.
fn picture_files(named: &[(String, &Figure)]) -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    let pictures: Vec<Result<Vec<u8>, CommandError>> = named
        .par_iter()
        .map(|(name, figure)| figure.to_png(PNG_SCALE).map_err(|error| CommandError::failed(name, error)))
        .collect();
    let mut files = Vec::new();
    for ((name, figure), png) in named.iter().zip(pictures) {
        files.push((format!("{name}.svg"), figure.svg.clone().into_bytes()));
        files.push((format!("{name}.png"), png?));
    }
    Ok(files)
}

fn draw_analysis(analysis: &AnalysisResult) -> AnalysisPlots {
    let note = analysis.figure_notice.clone().unwrap_or_default();
    let mut plots = AnalysisPlots::default();
    if let Some(effect) = analysis.outcome.effect() {
        plots.forest = Some(forest_plot(effect, &ForestOptions { note: note.clone(), ..Default::default() }));
        // A funnel of one study has no shape.
        plots.funnel = (effect.studies.len() > 1)
            .then(|| funnel_plot(effect, &FunnelOptions { note, ..Default::default() }));
    } else if let Some(curve) = analysis.outcome.survival() {
        let options =
            SurvivalFigureOptions { survival_title: analysis.title.clone(), note, ..Default::default() };
        plots.survival = Some(survival_figure(curve, &options));
    }
    plots
}

/// The Kaplan-Meier curve of reconstructed patients.
fn arm_curve(label: String, patients: &[PatientRecord]) -> Option<ArmCurve> {
    let curve = KaplanMeier::fit(patients).ok()?.curve();
    Some(ArmCurve { label, curve, patients: patients.to_vec() })
}

fn draw_comparison(input: &ReportInput<'_>, comparison: &Comparison) -> Option<Figure> {
    let results = input.results;
    let mut arms = Vec::new();
    for id in [&comparison.treated, &comparison.reference] {
        let index = results.arms.iter().position(|arm| {
            arm.trial == comparison.trial && arm.endpoint == comparison.endpoint && arm.arm == *id
        })?;
        arms.push(arm_curve(names::arm(&results.trials, &comparison.trial, id), input.patients[index])?);
    }
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
        ..Default::default()
    };
    Some(kaplan_meier_figure(&arms, &options))
}

fn draw_reconstruction(results: &Results, arm: &ArmResult, patients: &[PatientRecord]) -> Option<Figure> {
    let reconstructed = arm_curve(arm.label.clone(), patients)?;
    let options = KaplanMeierOptions {
        title: arm.label.clone(),
        survival_title: names::endpoint(results, &arm.endpoint),
        time_title: time_title(results),
        note: results.figure_notice.clone().unwrap_or_default(),
        ..Default::default()
    };
    let end = arm.curve_end.unwrap_or_else(|| arm.curve.last_time());
    Some(reconstructed_over_digitized(&reconstructed, &arm.curve, end, &options))
}

fn time_title(results: &Results) -> String {
    format!("Time ({})", results.time_unit)
}
