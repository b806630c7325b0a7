//! Forests of leave-one-out and cumulative results.

use kmeta_evidence_pool::{LeaveOneOut, PooledSummary};
use kmeta_plot_svg::format::percent;
use kmeta_plot_svg::{
    EstimateForest, EstimateMark, EstimateRow, Figure, ForestOptions, Theme, estimate_forest, sentences,
};
use kmeta_trial_data::{EffectMeasure, PooledEffect};

use super::AnalysisFigures;
use crate::results::{AnalysisResult, Results};

/// The forests that were asked for.
pub(super) fn further_forests(of: &AnalysisFigures<'_>) -> Vec<(&'static str, Figure)> {
    let Some(further) = of.further else { return Vec::new() };
    let mut figures = Vec::new();
    if let Some(LeaveOneOut { all, rows, .. }) = &further.leave_one_out {
        let mut drawn: Vec<EstimateRow> =
            rows.iter().map(|row| estimate(&row.label, row.pooled.as_ref(), row.reason.as_deref())).collect();
        drawn.push(EstimateRow { mark: EstimateMark::Diamond, ..estimate("All studies", Some(all), None) });
        let forest = forest(of, "leave-one-out", "Omitted study", drawn);
        figures.push(("leave-one-out", estimate_forest(&forest, &of.further_forest_options())));
    }
    if let Some(cumulative) = &further.cumulative {
        let rows = &cumulative.rows;
        let drawn = (rows.iter())
            .map(|row| estimate(&row.label, row.pooled.as_ref(), row.reason.as_deref()))
            .collect();
        let forest = forest(of, "cumulative", "Added study", drawn);
        figures.push(("cumulative", estimate_forest(&forest, &of.further_forest_options())));
    }
    figures
}

fn forest(of: &AnalysisFigures<'_>, kind: &str, heading: &str, rows: Vec<EstimateRow>) -> EstimateForest {
    let result = of.result;
    EstimateForest {
        title: format!("{}: {kind}", result.title),
        measure: result.measure,
        confidence_level: result.confidence_level,
        label_heading: heading.to_owned(),
        columns: vec!["Studies".to_owned(), "I²".to_owned()],
        rows,
        center: Some(result.random.shown),
        footer: vec![
            "Random-effects means; dashed: that of all studies.".to_owned(),
            sentences::method_line(result),
        ],
    }
}

fn estimate(label: &str, pooled: Option<&PooledSummary>, reason: Option<&str>) -> EstimateRow {
    let Some(pooled) = pooled else {
        // Why there is no result stands in the tables; the figure has room for a dash.
        let cells = vec!["–".to_owned(), if reason.is_some() { "–".to_owned() } else { String::new() }];
        return EstimateRow { label: label.to_owned(), cells, ..EstimateRow::default() };
    };
    let i_squared = pooled.heterogeneity.i_squared.map_or(String::new(), |share| percent(share, 0));
    EstimateRow {
        label: label.to_owned(),
        estimate: Some(pooled.random.shown),
        interval: Some(pooled.random.shown_interval),
        cells: vec![pooled.studies.to_string(), i_squared],
        mark: EstimateMark::Square,
    }
}

/// The pooled effects of several analyses below each other: ratios on one figure, proportions on another, each where there
/// are at least two.
pub(crate) fn outcome_forests(results: &Results) -> Vec<(&'static str, Figure)> {
    let pooled = |belongs: fn(EffectMeasure) -> bool| -> Vec<(&AnalysisResult, &PooledEffect)> {
        let effects =
            (results.analyses.iter()).filter_map(|analysis| Some((analysis, analysis.outcome.effect()?)));
        effects.filter(|(_, effect)| belongs(effect.measure)).collect()
    };
    [
        ("outcomes-ratios", pooled(EffectMeasure::is_log_ratio)),
        ("outcomes-proportions", pooled(EffectMeasure::is_proportion)),
    ]
    .into_iter()
    .filter(|(_, effects)| effects.len() > 1)
    .map(|(name, effects)| (name, outcomes(&effects, &results.theme)))
    .collect()
}

fn outcomes(effects: &[(&AnalysisResult, &PooledEffect)], theme: &Theme) -> Figure {
    let row = |(analysis, effect): &(&AnalysisResult, &PooledEffect)| EstimateRow {
        label: analysis.title.clone(),
        estimate: Some(effect.random.shown),
        interval: Some(effect.random.shown_interval),
        cells: vec![
            effect.studies.len().to_string(),
            effect.heterogeneity.i_squared.map_or(String::new(), |share| percent(share, 0)),
        ],
        mark: EstimateMark::Square,
    };
    let first = effects[0].1;
    let same = effects.iter().all(|(_, effect)| effect.measure == first.measure);
    let is_ratio = first.measure.is_log_ratio();
    let effect_heading = if is_ratio && !same { "Ratio".to_owned() } else { String::new() };
    // What must be said of one analysis must be said of the figure that shows it.
    let mut notes: Vec<&str> =
        effects.iter().filter_map(|(analysis, _)| analysis.figure_notice.as_deref()).collect();
    notes.dedup();
    let forest = EstimateForest {
        title: "Pooled results by outcome".to_owned(),
        measure: first.measure,
        confidence_level: first.confidence_level,
        label_heading: "Outcome".to_owned(),
        columns: vec!["Studies".to_owned(), "I²".to_owned()],
        rows: effects.iter().map(row).collect(),
        center: None,
        footer: vec![
            "Random-effects means with their intervals; the plot of each analysis says how it was pooled."
                .to_owned(),
        ],
    };
    let options = ForestOptions {
        layout: theme.layout,
        width: theme.layout_width(),
        effect_heading,
        note: notes.join(" "),
        ..ForestOptions::default()
    };
    theme.apply(estimate_forest(&forest, &options))
}
