//! Funnels with contours and Egger's line, and with the studies that trim and fill adds.

use kmeta_plot_svg::{Figure, FunnelOptions, TrimmedFunnel, funnel_plot, trim_and_fill_funnel};

use super::AnalysisFigures;

/// The funnels that were asked for: with contours beside tests of small-study effects, and trim and fill.
pub(super) fn further_funnels(of: &AnalysisFigures<'_>) -> Vec<(&'static str, Figure)> {
    let Some(further) = of.further else { return Vec::new() };
    let mut figures = Vec::new();
    if further.small_study_tests.is_some() {
        let options = FunnelOptions { contours: true, egger_line: true, ..of.funnel_options() };
        figures.push(("funnel-contours", funnel_plot(of.result, &options)));
    }
    if let Some(filled) = &further.trim_and_fill {
        let trimmed = TrimmedFunnel {
            filled: filled.filled.iter().map(|study| (study.value, study.variance.sqrt())).collect(),
            adjusted: filled.adjusted.random.value,
            adjusted_shown: filled.adjusted.random.shown,
        };
        let options = FunnelOptions { center_random: true, ..of.funnel_options() };
        figures.push(("trim-and-fill", trim_and_fill_funnel(of.result, &trimmed, &options)));
    }
    figures
}
