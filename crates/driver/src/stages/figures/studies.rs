//! Figures of what single studies do: influence, Baujat, radial, drapery, L'Abbé.

use kmeta_plot_svg::{
    BaujatStudy, Figure, InfluenceStudy, baujat_plot, drapery_plot, influence_plot, labbe_plot, radial_plot,
};

use super::AnalysisFigures;
use crate::further::FurtherResults;

/// The figures that were asked for: those of influence, those beside tests of small-study effects, and L'Abbé's where the
/// counts of two arms are known.
pub(super) fn figures_of_studies(of: &AnalysisFigures<'_>) -> Vec<(&'static str, Figure)> {
    let mut figures = Vec::new();
    figures.extend(labbe_plot(of.result, &of.chart_options()).map(|figure| ("labbe", figure)));
    let Some(further) = of.further else { return figures };
    if further.influence.is_some() {
        figures.push(("influence", influence(of, further)));
        figures.push(("drapery", drapery_plot(of.result, &of.chart_options())));
    }
    if !further.baujat.is_empty() {
        figures.push(("baujat", baujat(of, further)));
    }
    if further.small_study_tests.is_some() || further.influence.is_some() {
        figures.push(("radial", radial_plot(of.result, &of.chart_options())));
    }
    figures
}

/// Name to print of the study at a position of the further analyses.
fn label(of: &AnalysisFigures<'_>, further: &FurtherResults, study: usize) -> String {
    let trial = further.trials.get(study);
    let row = of.result.studies.iter().find(|row| Some(&row.trial) == trial);
    row.map_or_else(|| trial.cloned().unwrap_or_default(), |row| row.label.clone())
}

fn influence(of: &AnalysisFigures<'_>, further: &FurtherResults) -> Figure {
    let rows = further.influence.iter().flat_map(|diagnostics| &diagnostics.rows);
    let studies: Vec<InfluenceStudy> = rows
        .map(|row| InfluenceStudy {
            label: label(of, further, row.study),
            studentized_residual: row.studentized_residual,
            dffits: row.dffits,
            cooks_distance: row.cooks_distance,
            covariance_ratio: row.covariance_ratio,
            tau_squared_deleted: row.tau_squared_deleted,
            q_deleted: row.q_deleted,
            weight: row.weight,
            influential: row.influential,
        })
        .collect();
    let title = format!("{}: influence of each study", of.result.title);
    influence_plot(&title, &studies, &of.chart_options())
}

fn baujat(of: &AnalysisFigures<'_>, further: &FurtherResults) -> Figure {
    let studies: Vec<BaujatStudy> = further
        .baujat
        .iter()
        .map(|point| BaujatStudy {
            label: label(of, further, point.study),
            heterogeneity: point.heterogeneity,
            influence: point.influence,
        })
        .collect();
    baujat_plot(of.result, &studies, &of.chart_options())
}
