//! Forests of leave-one-out and cumulative results.

use kmeta_evidence_pool::{LeaveOneOut, PooledSummary};
use kmeta_plot_svg::format::percent;
use kmeta_plot_svg::{EstimateForest, EstimateMark, EstimateRow, Figure, estimate_forest, sentences};

use super::AnalysisFigures;

/// The forests that were asked for.
pub(super) fn further_forests(of: &AnalysisFigures<'_>) -> Vec<(&'static str, Figure)> {
    let Some(further) = of.further else { return Vec::new() };
    let mut figures = Vec::new();
    if let Some(LeaveOneOut { all, rows, .. }) = &further.leave_one_out {
        let mut drawn: Vec<EstimateRow> =
            rows.iter().map(|row| estimate(&row.label, row.pooled.as_ref(), row.reason.as_deref())).collect();
        drawn.push(EstimateRow { mark: EstimateMark::Diamond, ..estimate("All studies", Some(all), None) });
        let forest = forest(of, "leave-one-out", "Omitted study", drawn);
        figures.push(("leave-one-out", estimate_forest(&forest, &of.forest_options())));
    }
    if let Some(cumulative) = &further.cumulative {
        let rows = &cumulative.rows;
        let drawn = (rows.iter())
            .map(|row| estimate(&row.label, row.pooled.as_ref(), row.reason.as_deref()))
            .collect();
        let forest = forest(of, "cumulative", "Added study", drawn);
        figures.push(("cumulative", estimate_forest(&forest, &of.forest_options())));
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
