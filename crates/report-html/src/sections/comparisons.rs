//! Two arms of a trial compared, from reconstructed patients.

use kmeta_plot_svg::format::{fixed, interval, p_value};

use super::notes;
use crate::page::{Block, Section, Table, anchor};
use crate::report::{ComparisonSection, Report};

/// Decimals of a hazard ratio.
const DIGITS: usize = 3;

pub(crate) fn section(report: &Report) -> Section {
    let mut blocks = Vec::new();
    if !report.comparisons.is_empty() {
        blocks.push(Block::Table { table: table(&report.comparisons) });
    }
    for (index, comparison) in report.comparisons.iter().enumerate() {
        if comparison.figure.is_none() && comparison.notes.is_empty() {
            continue;
        }
        let title = format!("{}: {}", comparison.label, comparison.endpoint);
        blocks.push(Block::heading(anchor("comparison", &comparison.label, index), &title));
        blocks.extend(notes(&comparison.notes));
        if let Some(figure) = &comparison.figure {
            let caption = format!(
                "{title}, {} and {}: Kaplan-Meier curves of reconstructed patients.",
                comparison.treated, comparison.reference
            );
            blocks.push(Block::figure(figure, caption));
        }
    }
    Section::new("comparisons", "Arms compared", blocks)
}

fn table(comparisons: &[ComparisonSection]) -> Table {
    let headings = [
        "Trial",
        "Endpoint",
        "Comparison",
        "#Hazard ratio, reconstructed [95% CI]",
        "#Hazard ratio, printed [CI]",
        "#Wald p",
        "#Log-rank p",
    ];
    let mut table = Table::new("Cox models (Efron's ties) of reconstructed patients", &headings);
    for comparison in comparisons {
        let ratio = |value: f64, limits: kmeta_trial_data::Interval| {
            format!("{} {}", fixed(value, DIGITS), interval(limits.lower, limits.upper, DIGITS))
        };
        let p = |p: f64| p_value(p, 4).trim_start_matches("= ").to_owned();
        table.push(vec![
            comparison.label.clone(),
            comparison.endpoint.clone(),
            format!("{} vs {}", comparison.treated, comparison.reference),
            ratio(comparison.hazard_ratio, comparison.interval),
            comparison.printed.map_or(String::new(), |(value, limits)| ratio(value, limits)),
            p(comparison.p_value),
            p(comparison.log_rank_p_value),
        ]);
    }
    table
}
