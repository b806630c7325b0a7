//! One file per section of the report.

pub(crate) mod adverse_events;
pub(crate) mod comparisons;
pub(crate) mod digitized;
pub(crate) mod effects;
pub(crate) mod fidelity;
pub(crate) mod further;
pub(crate) mod methods;
pub(crate) mod prisma;
pub(crate) mod provenance;
pub(crate) mod references;
pub(crate) mod sources;
pub(crate) mod summary;
pub(crate) mod survival;
pub(crate) mod tabulated;
pub(crate) mod trials;
pub(crate) mod warnings;

use kmeta_plot_svg::format::{fixed, interval};
use kmeta_trial_data::{Interval, TimeUnit};

use crate::page::{Block, Table};
use crate::report::{CaptionedFigure, Report};

/// Decimals of effects in tables, as R meta prints them.
pub(crate) const DIGITS: usize = 4;

/// "0.0873 [0.0248, 0.1739]".
pub(crate) fn with_interval(value: f64, limits: Interval) -> String {
    format!("{} {}", fixed(value, DIGITS), interval(limits.lower, limits.upper, DIGITS))
}

/// "6 trials", "1 trial".
pub(crate) fn count(number: usize, singular: &str) -> String {
    if number == 1 { format!("1 {singular}") } else { format!("{number} {singular}s") }
}

/// "4.50 months [2.74, not reached]"; "not reached" without a median.
pub(crate) fn median_with_limits(median: Option<f64>, limits: [Option<f64>; 2], unit: TimeUnit) -> String {
    let number = |value: Option<f64>| value.map_or("not reached".to_owned(), |value| fixed(value, 2));
    match (median, limits) {
        (None, _) => "not reached".to_owned(),
        (Some(median), [None, None]) => format!("{} {unit}", fixed(median, 2)),
        (Some(median), [lower, upper]) => {
            format!("{} {unit} [{}, {}]", fixed(median, 2), number(lower), number(upper))
        }
    }
}

/// The notes of a result.
pub(crate) fn notes(notes: &[String]) -> Vec<Block> {
    notes.iter().map(|note| Block::Notice { text: note.clone() }).collect()
}

/// The trials that a result leaves out, with the reasons.
pub(crate) fn left_out(left_out: &[(String, String)]) -> Vec<Block> {
    if left_out.is_empty() {
        return Vec::new();
    }
    let items = left_out.iter().map(|(trial, reason)| format!("{trial}: {reason}")).collect();
    vec![Block::paragraph("Not part of this analysis:"), Block::List { items }]
}

/// Anchor of a trial's sources, from its identifier or `trial/arm`; empty when the report has no such trial.
pub(crate) fn trial_anchor(report: &Report, key: &str) -> String {
    let id = key.split('/').next().unwrap_or(key);
    let known = !id.is_empty() && report.trials.iter().any(|trial| trial.id == id);
    if known { format!("trial-{id}") } else { String::new() }
}

/// Figures with the tables behind them.
pub(crate) fn figures(figures: &[CaptionedFigure]) -> Vec<Block> {
    let blocks = figures.iter().flat_map(|captioned| {
        let behind = captioned.table.as_ref().map(|table| Block::behind_figure(Table::of_texts(table)));
        std::iter::once(Block::figure(&captioned.figure, captioned.caption.clone())).chain(behind)
    });
    blocks.collect()
}
